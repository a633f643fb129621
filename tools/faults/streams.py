"""Streams that stay connected while an exchange is broken or moved, and what they must say."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tools.exchange_process import DemoKey
from tools.faults.client import BrokenPromiseError, Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

SETTLED_SECONDS_MAX = 45.0
Book = tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]


class Stream:
    """One connection, read by a thread of its own until it is closed from here."""

    def __init__(self, url: str) -> None:
        self.broken: list[str] = []
        self.messages = 0
        self._closing = False
        self._connection: ClientConnection = connect(url, max_queue=None, ping_interval=None)
        self._thread = threading.Thread(target=self._read, name=url, daemon=True)
        self._thread.start()

    def take(self, message: dict[str, Any]) -> None:
        """Take a message in."""
        raise NotImplementedError

    def _read(self) -> None:
        try:
            for text in self._connection:
                self.messages += 1
                self.take(json.loads(text))
        except ConnectionClosed as error:
            if not self._closing:
                self.broken.append(f"the stream was closed: {error}")

    def close(self) -> None:
        """Hang up."""
        self._closing = True
        self._connection.close()
        self._thread.join(5.0)

    def wait_until(self, done: Callable[[], str]) -> None:
        """Wait until nothing is wrong any more; raises BrokenPromiseError with what is."""
        end = time.monotonic() + SETTLED_SECONDS_MAX
        while (wrong := done()) or self.broken:
            if self.broken:
                raise BrokenPromiseError(self.broken[0])
            if time.monotonic() > end:
                raise BrokenPromiseError(wrong)
            time.sleep(0.05)


class MarketStream(Stream):
    """Depth and trades of one market: a book of its own, and trade ids without a hole."""

    def __init__(self, port: int, symbol: str) -> None:
        self.symbol = symbol
        self.book: Book = ({}, {})
        self.update_id = 0
        self.trade_id = 0
        self._early: list[dict[str, Any]] | None = []
        self._lock = threading.Lock()
        name = symbol.lower()
        super().__init__(f"ws://127.0.0.1:{port}/stream?streams={name}@depth@100ms/{name}@trade")
        self._begin(port)

    def _begin(self, port: int) -> None:
        """Begin with a whole book, as the interface's documents tell clients to."""
        client = Client(port)
        try:
            status, body = client.request("GET", f"/api/v3/depth?symbol={self.symbol}&limit=5000")
        finally:
            client.close()
        if status != 200:
            raise BrokenPromiseError(f"no book to begin with: {status} {body}")
        with self._lock:
            for side, name in zip(self.book, ("bids", "asks"), strict=True):
                side.update({Decimal(price): Decimal(lots) for price, lots in body[name]})
            self.update_id = body["lastUpdateId"]
            early, self._early = self._early or [], None
            for event in early:
                self._change(event)

    def take(self, message: dict[str, Any]) -> None:
        """Take a message in."""
        event = message["data"]
        if event["e"] == "trade":
            if self.trade_id and event["t"] != self.trade_id + 1:
                self.broken.append(f"trade {event['t']} after {self.trade_id} (K10)")
            self.trade_id = event["t"]
            return
        with self._lock:
            if self._early is not None:
                self._early.append(event)
            else:
                self._change(event)

    def _change(self, event: dict[str, Any]) -> None:
        if event["u"] <= self.update_id:
            return
        if event["U"] > self.update_id + 1:
            self.broken.append(f"depth {event['U']} after {self.update_id} (V02)")
        for side, name in zip(self.book, ("b", "a"), strict=True):
            for price, lots in event[name]:
                if Decimal(lots):
                    side[Decimal(price)] = Decimal(lots)
                else:
                    side.pop(Decimal(price), None)
        self.update_id = event["u"]

    def check(self, wanted: Book) -> None:
        """Wait until the book is this one; raises BrokenPromiseError."""
        self.wait_until(lambda: "" if self.book == wanted else f"{self.symbol}: another book (V02)")


class UserStream(Stream):
    """What one account is told of its orders."""

    def __init__(self, port: int, key: DemoKey) -> None:
        self.reports: Counter[tuple[str, int, str, int]] = Counter()
        """How often each (symbol, order id, execution, trade id) was told."""
        client = Client(port)
        try:
            status, body = client.request("POST", "/api/v3/userDataStream", key.api_key)
        finally:
            client.close()
        if status != 200:
            raise BrokenPromiseError(f"no listen key: {status} {body}")
        super().__init__(f"ws://127.0.0.1:{port}/ws/{body['listenKey']}")

    def take(self, message: dict[str, Any]) -> None:
        """Take a message in."""
        if message["e"] == "executionReport":
            self.reports[message["s"], message["i"], message["x"], message["t"]] += 1

    def fills(self) -> Counter[tuple[str, int]]:
        """Return how often each (symbol, trade id) was told as a fill."""
        found: Counter[tuple[str, int]] = Counter()
        for (symbol, _, execution, trade_id), count in self.reports.items():
            if execution == "TRADE":
                found[symbol, trade_id] += count
        return found

    def check(self, trades: Counter[tuple[str, int]], orders: set[tuple[str, int]]) -> None:
        """Wait until each fill and each new order was told, once; raises BrokenPromiseError."""

        def wrong() -> str:
            told = Counter(
                {
                    (s, i): n
                    for (s, i, execution, _), n in self.reports.items()
                    if execution == "NEW"
                }
            )
            if (fills := self.fills()) != trades:
                return f"fills told and in the history differ: {_apart(fills, trades)} (K10)"
            if told != Counter(orders):
                return (
                    f"orders told and in the history differ: {_apart(told, Counter(orders))} (K10)"
                )
            return ""

        self.wait_until(wrong)


def _apart(told: Counter[Any], kept: Counter[Any]) -> str:
    missing, extra = sorted((kept - told).items())[:4], sorted((told - kept).items())[:4]
    return f"not told {missing}, only told {extra}"
