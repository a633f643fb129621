"""What was acknowledged is there after a restart, be it asked to stop or killed."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e import clients
from tests.e2e.trading import everything, trade_a_little
from tools.exchange_process import ExchangeProcess


@pytest.fixture
def own(tmp_path: Path) -> Iterator[ExchangeProcess]:
    """An exchange that this test may kill."""
    with ExchangeProcess(tmp_path / "own", "--no-bots", "--no-limits") as process:
        yield process


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_restart_keepseverything(own: ExchangeProcess, end: str) -> None:
    keys = own.demo_keys()
    alice, bob = own.keys_of("HMAC")[:2]
    trade_a_little(own, alice, bob)
    before = everything(own, [alice, bob])
    assert len(before[f"{alice.name} openOrders"]) == 3
    getattr(own, end)()
    own.start()
    assert own.demo_keys() == keys, "a restart keeps the keys"
    assert everything(own, [alice, bob]) == before
    trade_a_little(own, alice, bob)
    assert len(everything(own, [alice])[f"{alice.name} myTrades"]) > len(
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
