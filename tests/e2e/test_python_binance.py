"""python-binance, unmodified: the synchronous client."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from binance.client import Client
from binance.exceptions import BinanceAPIException
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess

PRICE = 50_000


@pytest.fixture(autouse=True)
def closed_behind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This client has no way to close: sockets and the loop of its WebSocket API are left open."""
    made: list[Client] = []
    create = clients.python_binance

    def recorded(exchange: ExchangeProcess, key: DemoKey | None = None) -> Client:
        made.append(create(exchange, key))
        return made[-1]

    monkeypatch.setattr(clients, "python_binance", recorded)
    yield
    for client in made:
        client.session.close()
        client.loop.run_until_complete(clients.close_websocket_api(client))
    for loop in {id(client.loop): client.loop for client in made}.values():
        loop.close()
    asyncio.set_event_loop(None)


def test_general_and_market_data(exchange: ExchangeProcess) -> None:
    client = clients.python_binance(exchange)  # its constructor pings
    assert abs(client.get_server_time()["serverTime"] - time.time() * 1000) < 5_000
    info = client.get_exchange_info()
    assert {it["symbol"] for it in info["symbols"]} == {"BTCUSD", "ETHUSD", "ETHBTC"}
    symbol = client.get_symbol_info("BTCUSD")
    assert symbol is not None
    assert symbol["filters"][0]["filterType"] == "PRICE_FILTER"
    book = client.get_order_book(symbol="BTCUSD", limit=5)
    assert len(book["bids"]) == len(book["asks"]) == 5
    assert client.get_recent_trades(symbol="BTCUSD", limit=1)[0]["qty"]
    assert client.get_historical_trades(symbol="BTCUSD", limit=1, fromId=1)[0]["id"] == 1
    assert client.get_aggregate_trades(symbol="BTCUSD", limit=1)[0]["p"]
    assert len(client.get_klines(symbol="BTCUSD", interval="1m", limit=1)[0]) == 12
    assert len(client.get_ui_klines(symbol="BTCUSD", interval="1m", limit=1)[0]) == 12
    assert float(client.get_avg_price(symbol="BTCUSD")["price"]) > 0
    assert client.get_ticker(symbol="BTCUSD")["symbol"] == "BTCUSD"
    assert {it["symbol"] for it in client.get_all_tickers()} == {"BTCUSD", "ETHUSD", "ETHBTC"}
    assert client.get_orderbook_ticker(symbol="ETHBTC")["bidPrice"]
    assert client.get_symbol_ticker(symbol="ETHUSD")["price"]
    walked = list(client.aggregate_trade_iter(symbol="BTCUSD", last_id=0))[:3]
    assert [it["a"] for it in walked] == sorted(it["a"] for it in walked)


def test_order_place_see_cancel(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.python_binance(quiet, alice)
    placed = client.order_limit_buy(symbol="BTCUSD", quantity="0.002", price="49000")
    assert (placed["status"], placed["fills"]) == ("NEW", [])
    seen = client.get_order(symbol="BTCUSD", orderId=placed["orderId"])
    assert seen["clientOrderId"] == placed["clientOrderId"]
    assert client.get_open_orders(symbol="BTCUSD") == [seen]
    by_client_id = client.get_order(symbol="BTCUSD", origClientOrderId=placed["clientOrderId"])
    assert by_client_id == seen
    gone = client.cancel_order(symbol="BTCUSD", orderId=placed["orderId"])
    assert (gone["status"], gone["origClientOrderId"]) == ("CANCELED", placed["clientOrderId"])
    assert client.get_open_orders(symbol="BTCUSD") == []
    everything = client.get_all_orders(symbol="BTCUSD", limit=1000)
    assert everything[-1]["orderId"] == placed["orderId"]


def test_fills_and_trades(quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    seller, buyer = clients.python_binance(quiet, alice), clients.python_binance(quiet, bob)
    resting = seller.order_limit_sell(symbol="BTCUSD", quantity="0.002", price="50000")
    bought = buyer.order_market_buy(symbol="BTCUSD", quantity="0.002")
    (fill,) = bought["fills"]
    assert (float(fill["price"]), float(fill["qty"])) == (PRICE, 0.002)
    assert fill["commissionAsset"] == "BTC"
    (trade,) = buyer.get_my_trades(symbol="BTCUSD", orderId=bought["orderId"])
    assert (trade["id"], trade["isMaker"], trade["isBuyer"]) == (fill["tradeId"], False, True)
    assert trade["commission"] == fill["commission"]
    done = seller.get_order(symbol="BTCUSD", orderId=resting["orderId"])
    assert (done["status"], float(done["cummulativeQuoteQty"])) == ("FILLED", 100)
    public = client_trade = buyer.get_recent_trades(symbol="BTCUSD", limit=1)[0]
    assert public["id"] == client_trade["id"] == trade["id"]
    commission = buyer.get_account()["commissionRates"]
    assert float(fill["commission"]) == pytest.approx(0.002 * float(commission["taker"]))


def test_cancel_replace_and_test_order(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.python_binance(quiet, alice)
    order = {"symbol": "BTCUSD", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    assert client.create_test_order(**order, quantity="0.001", price="49000") == {}
    placed = client.create_order(**order, quantity="0.001", price="49000")
    replaced = client.cancel_replace_order(
        **order,
        quantity="0.002",
        price="48500",
        cancelReplaceMode="STOP_ON_FAILURE",
        cancelOrderId=placed["orderId"],
    )
    assert replaced["cancelResult"] == replaced["newOrderResult"] == "SUCCESS"
    assert replaced["cancelResponse"]["orderId"] == placed["orderId"]
    (still,) = client.get_open_orders(symbol="BTCUSD")
    assert still["orderId"] == replaced["newOrderResponse"]["orderId"]
    with pytest.raises(BinanceAPIException) as caught:
        client.cancel_replace_order(
            **order,
            quantity="0.002",
            price="48500",
            cancelReplaceMode="STOP_ON_FAILURE",
            cancelOrderId=placed["orderId"],
        )
    assert (caught.value.code, caught.value.status_code) == (-2022, 400)
    assert caught.value.message == "Order cancel-replace failed."


def test_account_and_wallet_paths(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.python_binance(quiet, alice)
    account = client.get_account()
    assert account["canTrade"]
    balance = client.get_asset_balance(asset="USD")
    assert balance is not None
    assert float(balance["free"]) > 0
    assert client.get_system_status()["status"] == 0
    fees = client.get_trade_fee(symbol="BTCUSD")
    assert fees[0]["symbol"] == "BTCUSD"
    coins = {it["coin"] for it in client.get_all_coins_info()}
    assert {"USD", "BTC", "ETH"} <= coins
    assert client.get_account_status()["data"] == "Normal"
    assert client.get_current_order_count()[0]["rateLimitType"] == "ORDERS"
    assert client.get_prevented_matches(symbol="BTCUSD", orderId=1) == []


def test_used_weight_is_reported(exchange: ExchangeProcess) -> None:
    client = clients.python_binance(exchange)
    client.get_exchange_info()
    first = int(client.response.headers["x-mbx-used-weight-1m"])
    client.get_exchange_info()
    second = int(client.response.headers["X-MBX-USED-WEIGHT-1M"])
    assert second == first + 20 or second == 20  # or a new minute has begun


@pytest.mark.parametrize("key_type", ["RSA", "ED25519"])
def test_keys_of_every_type(quiet: ExchangeProcess, key_type: str) -> None:
    (key, *_) = quiet.keys_of(key_type)
    client = clients.python_binance(quiet, key)
    held = {it["asset"]: float(it["free"]) for it in client.get_account()["balances"]}
    for asset, amount in key.balances.items():
        assert held[asset] == float(amount)


@pytest.mark.parametrize(
    ("params", "code", "text"),
    [
        ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
        ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
        ({"quantity": "0.000000015"}, -1111, None),
        ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
        ({"quantity": "0.00001", "price": "40000"}, -1013, "Filter failure: NOTIONAL"),
        ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
        ({"side": "UP"}, -1117, "Invalid side."),
        ({"type": "WISH"}, -1116, "Invalid orderType."),
        ({"timeInForce": "NOW"}, -1115, "Invalid timeInForce."),
        ({"price": "abc"}, -1100, None),
        ({"price": None}, -1102, None),
    ],
)
def test_error_codes_and_texts(
    quiet: ExchangeProcess, alice: DemoKey, params: dict, code: int, text: str | None
) -> None:
    client = clients.python_binance(quiet, alice)
    order = {
        "symbol": "BTCUSD",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.001",
        "price": "49000",
    }
    wanted = {name: value for name, value in (order | params).items() if value is not None}
    with pytest.raises(BinanceAPIException) as caught:
        client.create_order(**wanted)
    assert caught.value.code == code
    assert caught.value.status_code == 400
    if text is not None:
        assert caught.value.message == text
    else:
        assert caught.value.message


def test_listen_key_calls(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.python_binance(quiet, alice)
    key = client.stream_get_listen_key()
    assert key == client.stream_get_listen_key()  # one at a time; asking again prolongs it
    assert client.stream_keepalive(key) == {}
    assert client.stream_close(key) == {}
    with pytest.raises(BinanceAPIException) as caught:
        client.stream_keepalive(key)
    assert caught.value.code == -1125


def test_orders_over_websocket(quiet: ExchangeProcess, alice: DemoKey) -> None:
    client = clients.python_binance(quiet, alice)
    placed = client.ws_order_limit_buy(symbol="BTCUSD", quantity="0.001", price="49000")
    assert placed["status"] == "NEW"
    seen = client.ws_get_order(symbol="BTCUSD", orderId=placed["orderId"])
    assert seen["origQty"] == placed["origQty"]
    gone = client.ws_cancel_order(symbol="BTCUSD", orderId=placed["orderId"])
    assert gone["status"] == "CANCELED"
