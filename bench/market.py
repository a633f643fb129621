"""A market that changes at a steady pace: two accounts of the demo place, cancel and take orders.

One account offers a ladder of prices on both sides, of which each change places or cancels an
order, near the best price more often than far from it; each tenth change is a market order of the
other account, so that the tape and the candles move too. Four threads, each with a connection and
with levels of its own; a thread that falls behind does not catch up in a burst.
"""

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from types import TracebackType
from typing import Any, Self

from tools.exchange_process import DemoKey, ExchangeProcess

SYMBOL = "BTCUSD"
MID = 50_000
LEVELS = 80
"""Prices of each side, a dollar apart."""
WORKERS = 4
TRADE_EVERY = 10
BEHIND_SECONDS_MAX = 0.5


class Connection:
    """Sends signed requests, one after the other."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, method: str, key: DemoKey, **fields: object) -> int:
        """Send one order or its end; return the HTTP status."""
        given = {
            "symbol": SYMBOL,
            **fields,
            "recvWindow": 60_000,
            "timestamp": time.time_ns() // 10**6,
        }
        query = "&".join(f"{name}={value}" for name, value in given.items())
        signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        path = f"/api/v3/order?{query}&signature={signature}"
        self._http.request(method, path, headers={"X-MBX-APIKEY": key.api_key})
        response = self._http.getresponse()
        body = response.read()
        if response.status != 200 and json.loads(body)["code"] not in REFUSALS_EXPECTED:
            raise RuntimeError(f"{method} {query}: {response.status} {body!r}")
        return response.status

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


REFUSALS_EXPECTED = (-2011,)
"""A cancel of what a market order has taken meanwhile."""


class ChangingMarket:
    """The market: made deep when it is entered, changing while its pace is not zero."""

    def __init__(self, exchange: ExchangeProcess) -> None:
        self._exchange = exchange
        self._maker, self._taker = exchange.keys_of("HMAC")[:2]
        self._pace = 0.0
        self._stopping = threading.Event()
        self._made = [0] * WORKERS
        self._failure: Exception | None = None
        self._threads = [
            threading.Thread(target=self._work, args=(number,), daemon=True)
            for number in range(WORKERS)
        ]
        self._deep = threading.Barrier(WORKERS + 1)

    @property
    def made(self) -> int:
        """How many orders were placed, cancelled or taken, and acknowledged."""
        if self._failure is not None:
            raise RuntimeError("the market stands still") from self._failure
        return sum(self._made)

    def change(self, per_second: float) -> None:
        """Change the book so many times a second from now on."""
        self._pace = per_second

    def __enter__(self) -> Self:
        """Make the book deep."""
        for thread in self._threads:
            thread.start()
        self._deep.wait(60)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop changing it."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    def _work(self, number: int) -> None:
        connection = Connection(self._exchange.port)
        try:
            levels = _Levels(number, connection, self._maker)
            levels.fill()
            self._deep.wait(60)
            self._change(number, levels, connection)
        except (OSError, http.client.HTTPException, RuntimeError) as failure:
            self._failure = failure
            self._deep.abort()
        finally:
            connection.close()

    def _change(self, number: int, levels: "_Levels", connection: Connection) -> None:
        due = time.monotonic()
        turn = number
        while not self._stopping.is_set():
            if self._pace == 0:
                self._stopping.wait(0.05)
                due = time.monotonic()
                continue
            due = max(due + WORKERS / self._pace, time.monotonic() - BEHIND_SECONDS_MAX)
            self._stopping.wait(max(0.0, due - time.monotonic()))
            turn += 1
            if turn % TRADE_EVERY == 0:
                side = "BUY" if turn // TRADE_EVERY % 2 else "SELL"
                took = {"side": side, "type": "MARKET", "quantity": "0.001"}
                status = connection.send("POST", self._taker, **took)
            else:
                status = levels.change()
            self._made[number] += status == 200


class _Levels:
    """The prices that one thread places and cancels orders at."""

    def __init__(self, number: int, connection: Connection, maker: DemoKey) -> None:
        self._number = number
        self._connection = connection
        self._maker = maker
        self._dice = random.Random(number)
        self._standing: dict[tuple[str, int], str] = {}
        self._placed = 0

    def fill(self) -> None:
        """Place an order at each price."""
        for distance in range(self._number + 1, LEVELS + 1, WORKERS):
            for side in ("BUY", "SELL"):
                self._place(side, distance)

    def change(self) -> int:
        """Cancel the order at a price, or place one where none is; returns the HTTP status."""
        steps = LEVELS // WORKERS
        distance = self._number + 1 + WORKERS * int(steps * self._dice.random() ** 2)
        side = self._dice.choice(("BUY", "SELL"))
        standing = self._standing.pop((side, distance), None)
        if standing is None:
            return self._place(side, distance)
        return self._connection.send("DELETE", self._maker, origClientOrderId=standing)

    def _place(self, side: str, distance: int) -> int:
        self._placed += 1
        client_order_id = f"level-{self._number}-{self._placed}"
        order: dict[str, Any] = {
            "side": side,
            "type": "LIMIT",
            "timeInForce": "GTC",
            "price": MID - distance if side == "BUY" else MID + distance,
            "quantity": f"0.{self._dice.randint(20, 200):04}",
            "newClientOrderId": client_order_id,
            "newOrderRespType": "ACK",
        }
        status = self._connection.send("POST", self._maker, **order)
        self._standing[side, distance] = client_order_id
        return status
