"""What history says of moved markets, through each gateway: trades, aggregates and candles."""

from collections import Counter
from decimal import Decimal
from typing import Any

from tools.faults.client import BrokenPromiseError, Client
from tools.faults.exchange import FaultyExchange
from tools.faults.load import MARKETS, Load

PAGE = 1000


def check_markets(exchange: FaultyExchange, load: Load, trades: dict[str, set[int]]) -> int:
    """Hold public history against the trades that the accounts have read; returns how many.

    Every gateway says the same, trade ids have no hole, and aggregates and candles add up to the
    trades: also where a market has gone from one partition to another in between (V07, K10).
    """
    pids = exchange.processes()
    clients = [Client(exchange.port) for _ in exchange.gateways]
    count = 0
    try:
        for client, name in zip(clients, exchange.gateways, strict=True):
            client.come_to(pids[name])
        for symbol in MARKETS:
            said = [_history(client, load, symbol) for client in clients]
            if any(other != said[0] for other in said):
                raise BrokenPromiseError(f"gateways disagree on the history of {symbol} (V04)")
            _add_up(symbol, said[0], trades[symbol])
            count += len(said[0]["trades"])
    finally:
        for client in clients:
            client.close()
    return count


def _history(client: Client, load: Load, symbol: str) -> dict[str, list[Any]]:
    def pages(path: str, number: str) -> list[Any]:
        found: list[Any] = []
        first = 0
        while True:
            target = f"/api/v3/{path}?symbol={symbol}&fromId={first}&limit={PAGE}"
            status, page = client.request("GET", target, load.keys[0].api_key)
            if status != 200:
                raise BrokenPromiseError(f"{target}: {status} {page}")
            found += page
            if len(page) < PAGE:
                return found
            first = page[-1][number] + 1

    status, candles = client.request(
        "GET", f"/api/v3/klines?symbol={symbol}&interval=1m&limit={PAGE}"
    )
    if status != 200:
        raise BrokenPromiseError(f"klines of {symbol}: {status} {candles}")
    return {
        "trades": pages("historicalTrades", "id"),
        "aggregates": pages("aggTrades", "a"),
        "candles": candles,
    }


def _add_up(symbol: str, said: dict[str, list[Any]], known: set[int]) -> None:
    trades, candles = said["trades"], said["candles"]
    ids = [trade["id"] for trade in trades]
    if ids != sorted(known):
        apart = sorted(set(ids) ^ known)[:5]
        raise BrokenPromiseError(f"{symbol}: trades are public or the accounts' alone: {apart}")
    if ids and ids != list(range(ids[0], ids[-1] + 1)):
        raise BrokenPromiseError(f"{symbol}: trade ids have a hole (K10)")
    covered = Counter(number for it in said["aggregates"] for number in range(it["f"], it["l"] + 1))
    if covered != Counter(ids):
        raise BrokenPromiseError(f"{symbol}: aggregates do not cover the trades (V07)")
    lots = sum((Decimal(trade["qty"]) for trade in trades), Decimal(0))
    if sum(candle[8] for candle in candles) != len(ids) or lots != sum(
        (Decimal(candle[5]) for candle in candles), Decimal(0)
    ):
        raise BrokenPromiseError(f"{symbol}: candles do not add up to the trades (V07)")
