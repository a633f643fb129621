"""A little trading, and everything that a client can see of it."""

from typing import Any

from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess


def everything(exchange: ExchangeProcess, keys: list[DemoKey]) -> dict[str, Any]:
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
    candles = exchange.get("/api/v3/klines?symbol=BTCUSD&interval=1m")
    seen["candles"] = [bar for bar in candles if bar[8]]  # time alone adds flat ones
    seen["aggregates"] = exchange.get("/api/v3/aggTrades?symbol=BTCUSD")
    seen["last"] = exchange.get("/api/v3/ticker/price?symbol=BTCUSD")
    return seen


def trade_a_little(exchange: ExchangeProcess, alice: DemoKey, bob: DemoKey) -> None:
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
