"""What was acknowledged is there after a restart, be it asked to stop or killed."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ExchangeProcess]:
    """An exchange that this test may kill."""
    with ExchangeProcess(tmp_path / "own", "--no-bots", "--no-limits") as process:
        yield process


def _everything(exchange: ExchangeProcess, keys: list[DemoKey]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key in keys:
        status, account = clients.signed(exchange, key, "GET", "/api/v3/account")
        assert status == 200
        seen[f"{key.name} balances"] = account["balances"]
        for path in ("openOrders", "allOrders", "myTrades"):
            status, rows = clients.signed(exchange, key, "GET", f"/api/v3/{path}", symbol="BTCUSD")
            assert status == 200
            seen[f"{key.name} {path}"] = rows
    seen["book"] = exchange.get("/api/v3/depth?symbol=BTCUSD&limit=1000")
    seen["trades"] = exchange.get("/api/v3/trades?symbol=BTCUSD")
    seen["candles"] = exchange.get("/api/v3/klines?symbol=BTCUSD&interval=1m")
    seen["aggregates"] = exchange.get("/api/v3/aggTrades?symbol=BTCUSD")
    seen["last"] = exchange.get("/api/v3/ticker/price?symbol=BTCUSD")
    return seen


def _trade_a_little(exchange: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
    order = {"symbol": "BTCUSD", "type": "LIMIT", "timeInForce": "GTC"}
    for step in range(5):
        status, _ = clients.signed(
            exchange, alice, "POST", "/api/v3/order",
            **order, side="SELL", quantity="0.002", price=str(50_000 + step),
        )  # fmt: skip
        assert status == 200
    status, bought = clients.signed(
        exchange, bob, "POST", "/api/v3/order", **order, side="BUY", quantity="0.005", price="50001"
    )
    assert (status, len(bought["fills"])) == (200, 2)
    clients.signed(
        exchange, bob, "POST", "/api/v3/order",
        symbol="BTCUSD", side="SELL", type="STOP_LOSS", quantity="0.001", stopPrice="45000",
    )  # fmt: skip
    clients.signed(
        exchange, bob, "DELETE", "/api/v3/order", symbol="BTCUSD", orderId=bought["orderId"]
    )


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restart_keeps_everything(own: ExchangeProcess, end: str) -> None:
    keys = own.demo_keys()
    alice, bob = own.keys_of("HMAC")[:2]
    _trade_a_little(own, alice, bob)
    before = _everything(own, [alice, bob])
    assert len(before[f"{alice.name} openOrders"]) == 3
    getattr(own, end)()
    own.start()
    assert own.demo_keys() == keys, "a restart keeps the keys"
    assert _everything(own, [alice, bob]) == before
    _trade_a_little(own, alice, bob)
    assert len(_everything(own, [alice])[f"{alice.name} myTrades"]) > len(
        before[f"{alice.name} myTrades"]
    )


def test_order_ids_go_on_after_a_kill(own: ExchangeProcess) -> None:
    alice = own.keys_of("HMAC")[0]
    ids = []
    for _ in range(3):
        status, placed = clients.signed(
            own, alice, "POST", "/api/v3/order",
            symbol="BTCUSD", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.001",
            price="49000",
        )  # fmt: skip
        assert status == 200
        ids.append(placed["orderId"])
        own.kill()
        own.start()
    assert ids == sorted(set(ids))
    status, still = clients.signed(own, alice, "GET", "/api/v3/openOrders", symbol="BTCUSD")
    assert [it["orderId"] for it in still] == ids


def test_demo_keys_are_private_and_credited_once(own: ExchangeProcess) -> None:
    assert (own.data / "demo-keys.json").stat().st_mode & 0o777 == 0o600
    types = [key.key_type for key in own.demo_keys()]
    assert types.count("HMAC") >= 2
    assert {"ED25519", "RSA"} <= set(types)
    for key in own.keys_of("HMAC"):
        assert float(key.balances["USD"]) >= 50_000
        assert float(key.balances["BTC"]) >= 1
        assert float(key.balances["ETH"]) >= 10
        _, account = clients.signed(own, key, "GET", "/api/v3/account", omitZeroBalances="true")
        assert {it["asset"]: float(it["free"]) for it in account["balances"]} == {
            asset: float(amount) for asset, amount in key.balances.items()
        }


def test_stops_within_ten_seconds_under_subscriptions(own: ExchangeProcess) -> None:
    """A stream that nobody reads does not hold the server up."""
    with socket.create_connection(("127.0.0.1", own.port)) as idle:
        idle.sendall(
            b"GET /ws/btcusd@depth@100ms HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert idle.recv(12) == b"HTTP/1.1 101"
        assert own.stop() < 10
    own.start()


def test_demo_is_lively_within_three_seconds(tmp_path: Path) -> None:
    with ExchangeProcess(tmp_path / "lively") as process:
        ready = time.monotonic()
        waiting = {"BTCUSD", "ETHUSD", "ETHBTC"}
        while waiting:
            assert time.monotonic() - ready < 3, f"still quiet: {waiting}"
            for symbol in sorted(waiting):
                book = process.get(f"/api/v3/depth?symbol={symbol}")
                trades = process.get(f"/api/v3/trades?symbol={symbol}")
                candles = process.get(f"/api/v3/klines?symbol={symbol}&interval=1m")
                if book["bids"] and book["asks"] and trades and candles:
                    waiting.discard(symbol)
            time.sleep(0.05)
        book = process.get("/api/v3/depth?symbol=BTCUSD")
        assert sum(float(quantity) for _, quantity in book["asks"]) >= 0.01
        assert sum(float(quantity) for _, quantity in book["bids"]) >= 0.01
