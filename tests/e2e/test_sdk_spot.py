"""binance-sdk-spot, unmodified; its response models are held strictly against our bodies.

The SDK itself forgives a body that does not fit its model (it relaxes the model, with a warning),
so `strict` forbids that: every answer must fit the model as published.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import binance_common.utils
import pytest
from binance_common.errors import BadRequestError, UnauthorizedError
from binance_sdk_spot.rest_api.models import (
    KlinesIntervalEnum,
    NewOrderSideEnum,
    NewOrderTimeInForceEnum,
    NewOrderTypeEnum,
)
from binance_sdk_spot.spot import Spot
from binance_sdk_spot.websocket_api.models import (
    OrderPlaceSideEnum,
    OrderPlaceTimeInForceEnum,
    OrderPlaceTypeEnum,
)
from pydantic import BaseModel
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess

PATIENCE = 60


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    misfits: list[str] = []

    def refuse(model: type[BaseModel], *_: Any, **__: Any) -> None:
        misfits.append(model.__name__)

    monkeypatch.setattr(binance_common.utils, "relax_model_strictness", refuse)
    yield
    assert not misfits, f"bodies do not fit the published models {misfits}"


def _answer(response: Any) -> Any:
    body = response.data()
    assert not isinstance(body, dict), f"no model fits {body}"
    return body


def test_general_and_market_data(exchange: ExchangeProcess) -> None:
    rest = clients.sdk(exchange).rest_api
    assert rest.ping().status == 200
    assert _answer(rest.time()).server_time > 0
    info = _answer(rest.exchange_info())
    assert {it.symbol for it in info.symbols} == {"BTCUSD", "ETHUSD", "ETHBTC"}
    assert _answer(rest.exchange_info(symbol="BTCUSD")).symbols[0].base_asset == "BTC"
    book = _answer(rest.depth("BTCUSD", limit=5))
    assert len(book.bids) == 5
    assert rest.get_trades("BTCUSD").data()
    assert rest.historical_trades("BTCUSD", from_id=1).data()
    assert rest.agg_trades("BTCUSD").data()
    assert len(rest.klines("BTCUSD", KlinesIntervalEnum("1m")).data()[0]) == 12
    assert float(_answer(rest.avg_price("BTCUSD")).price) > 0
    assert rest.ticker24hr("BTCUSD").data()
    assert rest.ticker("BTCUSD").data()
    assert rest.ticker_trading_day("BTCUSD").data()
    assert rest.ticker_price().data()
    assert rest.ticker_book_ticker("BTCUSD").data()
    assert _answer(rest.execution_rules(symbol="BTCUSD")) is not None


def _buy(rest: Any, quantity: float, price: float) -> Any:
    return _answer(
        rest.new_order(
            symbol="BTCUSD",
            side=NewOrderSideEnum.BUY,
            type=NewOrderTypeEnum.LIMIT,
            time_in_force=NewOrderTimeInForceEnum.GTC,
            quantity=quantity,
            price=price,
        )
    )


def test_orders_fills_and_account(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    rest, other = clients.sdk(quiet, alice).rest_api, clients.sdk(quiet, bob).rest_api
    placed = _buy(rest, 0.002, 50_000)
    assert placed.status == "NEW"
    sold = _answer(
        other.new_order(
            symbol="BTCUSD",
            side=NewOrderSideEnum.SELL,
            type=NewOrderTypeEnum.MARKET,
            quantity=0.001,
        )
    )
    assert [(it.price, it.qty) for it in sold.fills] == [("50000.00000000", "0.00100000")]
    seen = _answer(rest.get_order("BTCUSD", order_id=placed.order_id))
    assert seen.status == "PARTIALLY_FILLED"
    amended = _answer(
        rest.order_amend_keep_priority("BTCUSD", new_qty=0.0015, order_id=placed.order_id)
    )
    assert amended.amended_order.qty == "0.00150000"
    assert rest.order_amendments("BTCUSD", placed.order_id).data()
    assert rest.get_open_orders("BTCUSD").data()
    cancelled = _answer(rest.delete_order("BTCUSD", order_id=placed.order_id))
    assert cancelled.status == "CANCELED"
    assert rest.my_trades("BTCUSD", order_id=placed.order_id).data()
    assert rest.all_orders("BTCUSD").data()
    account = _answer(rest.get_account())
    assert account.can_trade
    assert _answer(rest.account_commission("BTCUSD")).symbol == "BTCUSD"
    assert rest.rate_limit_order().data()
    assert _answer(rest.my_filters("BTCUSD")).symbol_filters is not None
    assert rest.my_prevented_matches("BTCUSD", order_id=placed.order_id).data() == []
    _buy(rest, 0.001, 49_000)
    assert len(rest.delete_open_orders("BTCUSD").data()) == 1


def test_error_texts(quiet: ExchangeProcess, alice: DemoKey) -> None:
    rest = clients.sdk(quiet, alice).rest_api
    with pytest.raises(BadRequestError, match="Account has insufficient balance") as caught:
        _buy(rest, 100, 50_000)
    assert caught.value.status_code == -2010
    with pytest.raises(BadRequestError, match=r"Unknown order sent\."):
        rest.delete_order("BTCUSD", order_id=999_999_999_999)
    nobody = DemoKey("nobody", "x" * 64, alice.secret, "HMAC", {})
    with pytest.raises((BadRequestError, UnauthorizedError), match="Invalid API-key, IP"):
        clients.sdk(quiet, nobody).rest_api.get_account()


@pytest.mark.parametrize("key_type", ["HMAC", "RSA", "ED25519"])
def test_keys_of_every_type(quiet: ExchangeProcess, key_type: str) -> None:
    (key, *_) = quiet.keys_of(key_type)
    account = _answer(clients.sdk(quiet, key).rest_api.get_account())
    assert account.account_type == "SPOT"


@asynccontextmanager
async def _streams(spot: Spot) -> AsyncIterator[Any]:
    connection = await spot.websocket_streams.create_connection()
    try:
        yield connection
    finally:
        await connection.close_connection(close_session=True)


async def test_streams_fit_their_models(exchange: ExchangeProcess) -> None:
    async with _streams(clients.sdk(exchange)) as connection:
        heard: dict[str, Any] = {}
        wrong: list[Any] = []
        connection.on_connection("error", wrong.append)
        streams = {
            "trade": await connection.trade("btcusd"),
            "agg": await connection.agg_trade("btcusd"),
            "book": await connection.book_ticker("btcusd"),
            "kline": await connection.kline("btcusd", "1m"),
            "mini": await connection.mini_ticker("btcusd"),
            "ticker": await connection.ticker("btcusd"),
            "window": await connection.rolling_window_ticker("btcusd", "1h"),
            "average": await connection.avg_price("btcusd"),
            "diff": await connection.diff_book_depth("btcusd", update_speed="100ms"),
            "partial": await connection.partial_book_depth("btcusd", 5),
        }
        for name, stream in streams.items():
            stream.on("message", lambda data, name=name: heard.setdefault(name, data))
        await clients.until(lambda: wrong != [] or heard.keys() == streams.keys(), PATIENCE)
        assert wrong == []
        assert heard["trade"].s == "BTCUSD"
        assert len(heard["partial"].bids) == 5
        listed = await connection.list_subscribe()
        assert "btcusd@trade" in str(listed)
        await streams["trade"].unsubscribe()


@asynccontextmanager
async def _ws_api(spot: Spot) -> AsyncIterator[Any]:
    connection = await spot.websocket_api.create_connection()
    try:
        yield connection
    finally:
        await connection.close_connection(close_session=True)


async def _place(api: Any, quantity: float, price: float, side: str = "BUY") -> Any:
    return await api.order_place(
        symbol="BTCUSD",
        side=OrderPlaceSideEnum(side),
        type=OrderPlaceTypeEnum.LIMIT,
        time_in_force=OrderPlaceTimeInForceEnum.GTC,
        quantity=quantity,
        price=price,
    )


async def test_websocket_api(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with _ws_api(clients.sdk(quiet, alice)) as api:
        assert (await api.ping()).data() is not None
        assert _answer(await api.time()).result.server_time > 0
        placed = _answer(await _place(api, 0.001, 49_000)).result
        assert placed.status == "NEW"
        seen = _answer(await api.order_status("BTCUSD", order_id=placed.order_id)).result
        assert seen.orig_qty == "0.00100000"
        gone = _answer(await api.order_cancel("BTCUSD", order_id=placed.order_id)).result
        assert gone.status == "CANCELED"
        refused = (await _place(api, 100, 50_000)).data()
        assert refused["error"]["code"] == -2010
        assert refused["error"]["msg"] == "Account has insufficient balance for requested action."


async def test_user_data(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    seller = clients.ccxt_sync(quiet, bob)
    seller.create_limit_sell_order("BTC/USD", 0.001, 50_000)
    async with _ws_api(clients.sdk(quiet, alice)) as api:
        heard: list[Any] = []
        subscribed = await api.user_data_stream_subscribe_signature()
        subscribed.stream.on("message", heard.append)
        placed = _answer(await _place(api, 0.002, 50_000)).result
        assert [it.qty for it in placed.fills] == ["0.00100000"]

        def kinds() -> list[str]:
            return [type(getattr(it, "actual_instance", it)).__name__ for it in heard]

        await clients.until(lambda: len(kinds()) == 3, PATIENCE)
        assert kinds() == ["ExecutionReport", "ExecutionReport", "OutboundAccountPosition"]
        assert [getattr(it, "actual_instance", it).x for it in heard[:2]] == ["NEW", "TRADE"]
        await api.user_data_stream_unsubscribe(
            subscription_id=_answer(subscribed.response).result.subscription_id
        )


async def test_session_logon_by_ed25519(quiet: ExchangeProcess) -> None:
    (key, *_) = quiet.keys_of("ED25519")
    async with _ws_api(clients.sdk(quiet, key)) as api:
        logged_on = await api.session_logon()
        answer = logged_on[0].data() if isinstance(logged_on, list) else logged_on.data()
        assert answer.result.api_key == key.api_key
        assert _answer(await api.session_status()).result.api_key == key.api_key
        await asyncio.sleep(0)
