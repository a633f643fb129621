"""ccxt.pro, unmodified: market streams, user data and orders over WebSocket."""

import asyncio
from typing import Any

import ccxt
import pytest
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess

PRICE = 50_000
PATIENCE = 60


async def test_order_book_is_kept(exchange: ExchangeProcess) -> None:
    async with clients.ccxt_pro(exchange) as client:
        nonces = []
        for _ in range(5):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), PATIENCE)
            assert book["bids"][0][0] < book["asks"][0][0]
            nonces.append(book["nonce"])
        assert nonces == sorted(nonces)
        assert nonces[-1] > nonces[0]


async def test_trades_tickers_and_candles(exchange: ExchangeProcess) -> None:
    async with clients.ccxt_pro(exchange, options=None) as client:
        trades, ticker, candles = await asyncio.wait_for(
            asyncio.gather(
                client.watch_trades("BTC/USD"),
                client.watch_ticker("BTC/USD"),
                client.watch_ohlcv("BTC/USD", "1m"),
            ),
            PATIENCE,
        )
        assert trades[0]["price"] > 0
        assert ticker["last"] > 0
        assert candles[-1][4] > 0


async def test_several_markets_on_one_socket(exchange: ExchangeProcess) -> None:
    symbols = ["BTC/USD", "ETH/USD", "ETH/BTC"]
    async with clients.ccxt_pro(exchange) as client:
        seen: set[str] = set()

        async def look() -> None:
            while seen != set(symbols):
                trades = await client.watch_trades_for_symbols(symbols)
                seen.update(trade["symbol"] for trade in trades)

        await asyncio.wait_for(look(), PATIENCE)
        tickers = await asyncio.wait_for(client.watch_bids_asks(symbols), PATIENCE)
        assert set(tickers) <= set(symbols)


async def _subscribed(client: Any) -> None:
    await client.load_markets()
    await client.authenticate({"type": "spot"})


async def _waiting(client: Any, *watched: str) -> None:
    """Wait until these watches are in place: what comes before is not theirs."""

    def in_place() -> bool:
        futures = {name for socket in client.clients.values() for name in socket.futures}
        return all(any(name.startswith(kind) for name in futures) for kind in watched)

    await clients.until(in_place)


async def _balances(client: Any) -> dict[str, dict[str, str]]:
    """Balances over WebSocket: this release of ccxt parses those of futures only."""
    answer = await client.fetch_balance_ws()
    return {balance["asset"]: balance for balance in answer["info"]["balances"]}


async def test_own_orders_trades_and_balance(
    quiet: ExchangeProcess, alice: DemoKey, bob: DemoKey
) -> None:
    seller = clients.ccxt_sync(quiet, bob)
    seller.create_limit_sell_order("BTC/USD", 0.002, PRICE)
    async with clients.ccxt_pro(quiet, alice) as client:
        await _subscribed(client)
        watching = asyncio.gather(
            client.watch_orders("BTC/USD"),
            client.watch_my_trades("BTC/USD"),
            client.watch_balance(),
        )
        await _waiting(client, "orders", "myTrades", "spot:balance")
        order = await client.create_order("BTC/USD", "limit", "buy", 0.003, PRICE)
        orders, trades, balance = await asyncio.wait_for(watching, PATIENCE)
        assert orders[-1]["id"] == order["id"]
        assert trades[-1]["order"] == order["id"]
        assert (trades[-1]["price"], trades[-1]["amount"]) == (PRICE, 0.002)
        assert balance["USD"]["used"] >= 50
        cancelling = asyncio.create_task(client.watch_orders("BTC/USD"))
        await _waiting(client, "orders")
        await client.cancel_order(order["id"], "BTC/USD")
        while True:
            last = (await asyncio.wait_for(cancelling, PATIENCE))[-1]
            if last["status"] == "canceled":
                break
            cancelling = asyncio.create_task(client.watch_orders("BTC/USD"))
        assert (last["id"], last["filled"], last["remaining"]) == (order["id"], 0.002, 0.001)


async def test_orders_over_websocket(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with clients.ccxt_pro(quiet, alice) as client:
        order = await client.create_order_ws("BTC/USD", "limit", "buy", 0.001, PRICE - 1000)
        assert order["status"] == "open"
        seen = await client.fetch_order_ws(order["id"], "BTC/USD")
        assert seen["price"] == PRICE - 1000
        assert [it["id"] for it in await client.fetch_open_orders_ws("BTC/USD")] == [order["id"]]
        edited = await client.edit_order_ws(
            order["id"], "BTC/USD", "limit", "buy", 0.002, PRICE - 900
        )
        gone = await client.cancel_order_ws(edited["id"], "BTC/USD")
        assert gone["status"] == "canceled"
        assert float((await _balances(client))["USD"]["free"]) > 0
        assert await client.fetch_my_trades_ws("BTC/USD") is not None


async def test_errors_over_websocket(quiet: ExchangeProcess, alice: DemoKey) -> None:
    async with clients.ccxt_pro(quiet, alice) as client:
        with pytest.raises(ccxt.InsufficientFunds, match="insufficient balance"):
            await client.create_order_ws("BTC/USD", "limit", "buy", 100, PRICE)
        with pytest.raises(ccxt.OrderNotFound, match=r"Unknown order sent\."):
            await client.cancel_order_ws("999999999999", "BTC/USD")


@pytest.mark.parametrize("key_type", ["RSA", "ED25519"])
async def test_user_data_by_other_keys(quiet: ExchangeProcess, key_type: str) -> None:
    (key, *_) = quiet.keys_of(key_type)
    async with clients.ccxt_pro(quiet, key) as client:
        await asyncio.wait_for(_subscribed(client), PATIENCE)
        held = await _balances(client)
        for asset, amount in key.balances.items():
            assert held[asset]["free"] == amount
