"""python-binance, unmodified: AsyncClient, its sockets, depth cache and user socket."""

import asyncio
import json
from typing import Any

import pytest
import websockets
from binance.exceptions import BinanceAPIException
from binance.ws.depthcache import DepthCacheManager
from binance.ws.streams import BinanceSocketManager
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess

PATIENCE = 60


async def _first(socket: Any) -> Any:
    async with socket as stream:
        return await asyncio.wait_for(stream.recv(), PATIENCE)


async def test_single_sockets(exchange: ExchangeProcess) -> None:
    async with clients.python_binance_async(exchange) as client:
        manager = BinanceSocketManager(client)
        trade, agg, kline, mini, ticker, book, partial, diff = await asyncio.gather(
            _first(manager.trade_socket("BTCUSD")),
            _first(manager.aggtrade_socket("BTCUSD")),
            _first(manager.kline_socket("BTCUSD", "1m")),
            _first(manager.symbol_miniticker_socket("BTCUSD")),
            _first(manager.symbol_ticker_socket("BTCUSD")),
            _first(manager.symbol_book_ticker_socket("BTCUSD")),
            _first(manager.depth_socket("BTCUSD", depth="5")),
            _first(manager.depth_socket("BTCUSD", interval=100)),
        )
        assert (trade["e"], trade["s"]) == ("trade", "BTCUSD")
        assert (agg["e"], agg["f"] <= agg["l"]) == ("aggTrade", True)
        assert (kline["e"], kline["k"]["i"]) == ("kline", "1m")
        assert mini["e"] == "24hrMiniTicker"
        assert ticker["e"] == "24hrTicker"
        assert float(book["b"]) < float(book["a"])
        assert len(partial["bids"]) == len(partial["asks"]) == 5
        assert (diff["e"], diff["U"] <= diff["u"]) == ("depthUpdate", True)


async def test_sockets_of_all_markets(exchange: ExchangeProcess) -> None:
    async with clients.python_binance_async(exchange) as client:
        manager = BinanceSocketManager(client)
        minis, tickers = await asyncio.gather(
            _first(manager.miniticker_socket()), _first(manager.ticker_socket())
        )
        assert {it["e"] for it in minis} == {"24hrMiniTicker"}
        assert {it["e"] for it in tickers} == {"24hrTicker"}


async def test_multiplex_socket(exchange: ExchangeProcess) -> None:
    async with clients.python_binance_async(exchange) as client:
        streams = ["btcusd@trade", "ethusd@kline_1m", "ethbtc@bookTicker"]
        manager = BinanceSocketManager(client)
        seen: set[str] = set()
        async with manager.multiplex_socket(streams) as stream:
            while seen != set(streams):
                message = await asyncio.wait_for(stream.recv(), PATIENCE)
                seen.add(message["stream"])
                assert message["data"]


async def test_depth_cache_follows_the_book(exchange: ExchangeProcess) -> None:
    async with (
        clients.python_binance_async(exchange) as client,
        DepthCacheManager(client, "BTCUSD", ws_interval=100) as cache,
    ):
        for _ in range(4):
            book = await asyncio.wait_for(cache.recv(), PATIENCE)
            assert book.get_bids()[0][0] < book.get_asks()[0][0]


async def test_diff_depth_rebuilds_the_book_exactly(quiet: ExchangeProcess, alice: DemoKey) -> None:
    """The documented way: buffer, snapshot, drop what is older, then every U is the last u + 1."""
    async with (
        clients.python_binance_async(quiet, alice) as client,
        websockets.connect(f"{quiet.ws}/ws/btcusd@depth@100ms") as stream,
    ):
        snapshot = await client.get_order_book(symbol="BTCUSD", limit=5000)
        last = snapshot["lastUpdateId"]
        is_first = True
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        for step in range(20):
            await client.order_limit_buy(
                symbol="BTCUSD", quantity="0.001", price=str(45_000 + step)
            )
            if step % 3 == 0:
                orders = await client.get_open_orders(symbol="BTCUSD")
                await client.cancel_order(symbol="BTCUSD", orderId=orders[0]["orderId"])
        target = (await client.get_order_book(symbol="BTCUSD"))["lastUpdateId"]
        while last < target:
            diff = json.loads(await asyncio.wait_for(stream.recv(), PATIENCE))
            if diff["u"] <= last:
                continue
            assert diff["U"] == last + 1 or (is_first and diff["U"] <= last)
            last, is_first = diff["u"], False
            for side, name in (("bids", "b"), ("asks", "a")):
                for price, quantity in diff[name]:
                    book[side][price] = quantity
                    if float(quantity) == 0:
                        del book[side][price]
        now = await client.get_order_book(symbol="BTCUSD", limit=5000)
        assert now["lastUpdateId"] == last
        assert {side: dict(now[side]) for side in ("bids", "asks")} == book


async def test_user_socket_reports_own_orders(
    quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey
) -> None:
    async with (
        clients.python_binance_async(quiet, alice) as mine,
        clients.python_binance_async(quiet, bob) as theirs,
    ):
        manager = BinanceSocketManager(mine)
        async with manager.user_socket() as stream:
            placed = await mine.order_limit_sell(symbol="BTCUSD", quantity="0.003", price="50000")
            bought = await theirs.order_market_buy(symbol="BTCUSD", quantity="0.001")
            gone = await mine.cancel_order(symbol="BTCUSD", orderId=placed["orderId"])
            reports: list[dict[str, Any]] = []
            positions: list[dict[str, Any]] = []
            while len(reports) < 3 or len(positions) < 3:
                event = await asyncio.wait_for(stream.recv(), PATIENCE)
                (reports if event["e"] == "executionReport" else positions).append(event)
        new, traded, cancelled = reports
        assert {it["i"] for it in reports} == {placed["orderId"]}
        assert [(it["x"], it["X"]) for it in reports] == [
            ("NEW", "NEW"),
            ("TRADE", "PARTIALLY_FILLED"),
            ("CANCELED", "CANCELED"),
        ]
        assert (new["c"], new["C"]) == (placed["clientOrderId"], "")
        assert (traded["l"], traded["L"], traded["m"]) == ("0.00100000", "50000.00000000", True)
        assert traded["t"] == bought["fills"][0]["tradeId"]
        assert (cancelled["c"], cancelled["C"]) == (gone["clientOrderId"], placed["clientOrderId"])
        assert {it["e"] for it in positions} == {"outboundAccountPosition"}
        account = await mine.get_account()
        free = {it["asset"]: it["free"] for it in account["balances"]}
        last = {it["a"]: it["f"] for it in positions[-1]["B"]}
        assert last["BTC"] == free["BTC"]


async def test_listen_key_socket(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with clients.python_binance_async(quiet, alice) as client:
        key = await client.stream_get_listen_key()
        async with (
            websockets.connect(f"{quiet.ws}/ws/{key}") as plain,
            websockets.connect(f"{quiet.ws}/stream?streams={key}") as combined,
        ):
            placed = await client.order_limit_buy(symbol="BTCUSD", quantity="0.001", price="49000")
            event = json.loads(await asyncio.wait_for(plain.recv(), PATIENCE))
            assert (event["e"], event["i"]) == ("executionReport", placed["orderId"])
            wrapped = json.loads(await asyncio.wait_for(combined.recv(), PATIENCE))
            assert wrapped["stream"] == key
            assert wrapped["data"]["i"] == placed["orderId"]


async def test_orders_and_errors_over_websocket(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with clients.python_binance_async(quiet, alice) as client:
        placed = await client.ws_order_limit_buy(symbol="BTCUSD", quantity="0.001", price="49000")
        (seen,) = await client.ws_get_open_orders(symbol="BTCUSD")
        assert seen["orderId"] == placed["orderId"]
        await client.ws_cancel_order(symbol="BTCUSD", orderId=placed["orderId"])
        await asyncio.sleep(0.01)  # the same request of the same millisecond is a resend
        with pytest.raises(BinanceAPIException) as caught:
            await client.ws_cancel_order(symbol="BTCUSD", orderId=placed["orderId"])
        assert (caught.value.code, caught.value.message) == (-2011, "Unknown order sent.")


async def test_error_text(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with clients.python_binance_async(quiet, alice) as client:
        with pytest.raises(BinanceAPIException) as caught:
            await client.order_limit_buy(symbol="BTCUSD", quantity="100", price="50000")
        assert caught.value.code == -2010
        assert caught.value.message == "Account has insufficient balance for requested action."
