"""A thousand WebSocket subscribers in one process: told what to do like the load generator.

Frames are counted on every connection; on each twentieth the event time is read too, and what has
passed since is the lag. Connections are plain sockets in one epoll loop.
"""

import base64
import json
import os
import re
import select
import socket
import sys
import time
from array import array
from typing import Any

import numpy as np
from bench.load import order_requests, reply_length

SAMPLED_EVERY = 20
IN_FLIGHT_MAX = 16
"""Orders of the trader that may wait for a reply, sent one after the other on one connection."""
EVENT_TIME = re.compile(rb'"E":(\d+)')


class Subscriber:
    """One WebSocket connection."""

    __slots__ = ("buffer", "bytes", "closed", "lags_us", "messages", "socket", "trades")

    def __init__(self, port: int, path: str, *, sampled: bool) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(4096)
        if not head.startswith(b"HTTP/1.1 101"):
            raise RuntimeError(f"not upgraded: {head[:200]!r}")
        self.buffer = head.partition(b"\r\n\r\n")[2]
        self.socket.setblocking(False)
        self.messages = 0
        self.trades = 0
        self.bytes = 0
        self.lags_us: array[int] | None = array("q") if sampled else None
        self.closed = False

    def read(self) -> None:
        """Take in what has arrived and count the frames."""
        try:
            arrived = self.socket.recv(262_144)
        except BlockingIOError:
            return
        if not arrived:
            self.closed = True
            return
        self.bytes += len(arrived)
        buffer = self.buffer + arrived
        at, end = 0, len(buffer)
        while end - at >= 2:
            length, start = buffer[at + 1], at + 2
            if length >= 126:
                start = at + (4 if length == 126 else 10)
                length = int.from_bytes(buffer[at + 2 : start], "big")
            if end < start + length:
                break
            if buffer[at] == 0x81:
                self.messages += 1
                self._look(buffer[start : start + length])
            elif buffer[at] == 0x89:
                self.socket.send(b"\x8a\x80" + os.urandom(4))
            at = start + length
        self.buffer = buffer[at:]

    def _look(self, message: bytes) -> None:
        trade = b"@trade" in message[:40]
        self.trades += trade
        if self.lags_us is not None and trade:
            found = EVENT_TIME.search(message)
            if found:
                self.lags_us.append(time.time_ns() // 1000 - int(found[1]))


class Trader:
    """Sends signed orders at a steady pace on its own connection."""

    def __init__(self, port: int, keys: list[dict[str, str]], run: str, orders: int) -> None:
        self.requests = order_requests(f"127.0.0.1:{port}", 0, orders, keys, run)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer = b""
        self.sent = 0
        self.replies = 0
        self.fills = 0

    def read(self) -> None:
        """Count replies."""
        try:
            self.buffer += self.socket.recv(262_144)
        except BlockingIOError:
            return
        while (length := reply_length(self.buffer)) and len(self.buffer) >= length:
            self.replies += 1
            self.fills += b'"tradeId"' in self.buffer[:length]
            self.buffer = self.buffer[length:]

    def send_next(self) -> None:
        """Send the next order, unless too many wait for their replies."""
        if self.sent - self.replies < IN_FLIGHT_MAX and self.sent < len(self.requests):
            self.socket.send(self.requests[self.sent])
            self.sent += 1


class Crowd:
    """The subscribers and the trader that gives them something to see."""

    def __init__(self) -> None:
        self.subscribers: dict[int, Subscriber] = {}
        self.poller = select.epoll()

    def connect(self, port: int, path: str, count: int) -> dict[str, Any]:
        """Open connections; return how long it took."""
        begun = time.perf_counter()
        for index in range(count):
            one = Subscriber(port, path, sampled=index % SAMPLED_EVERY == 0)
            self.subscribers[one.socket.fileno()] = one
            self.poller.register(one.socket, select.EPOLLIN)
        return {"connected": len(self.subscribers), "seconds": time.perf_counter() - begun}

    def watch(
        self,
        port: int,
        seconds: float,
        orders_per_second: float,
        keys: list[dict[str, str]],
        run: str,
    ) -> dict[str, Any]:
        """Trade at a pace for a while; return what was heard."""
        for one in self.subscribers.values():
            one.messages = one.trades = one.bytes = 0
            if one.lags_us is not None:
                one.lags_us = array("q")
        trader = Trader(port, keys, run, int(orders_per_second * seconds) + 1)
        self.poller.register(trader.socket, select.EPOLLIN)
        begun = time.perf_counter()
        pace = 1 / orders_per_second
        next_order = begun
        # A second more than the trading, for what is still under way.
        while (now := time.perf_counter()) < begun + seconds + 1.0:
            while now >= next_order and next_order < begun + seconds:
                trader.send_next()
                next_order += pace
            for descriptor, _ in self.poller.poll(min(0.05, max(0.0, next_order - now))):
                if descriptor == trader.socket.fileno():
                    trader.read()
                    continue
                one = self.subscribers[descriptor]
                one.read()
                if one.closed:
                    self.poller.unregister(descriptor)
        self.poller.unregister(trader.socket)
        trader.socket.close()
        return self._heard(trader, seconds)

    def _heard(self, trader: Trader, seconds: float) -> dict[str, Any]:
        everyone = self.subscribers.values()
        lags = np.array(
            [lag for one in everyone if one.lags_us is not None for lag in one.lags_us] or [0]
        )
        p50, p99, worst = np.percentile(lags, [50, 99, 100]) / 1000
        return {
            "orders": trader.sent,
            "trades": trader.fills,
            "messages": sum(one.messages for one in everyone),
            "trade_messages": sum(one.trades for one in everyone),
            "trade_messages_expected": trader.fills * len(self.subscribers),
            "messages_per_second": sum(one.messages for one in everyone) / seconds,
            "megabytes_per_second": sum(one.bytes for one in everyone) / seconds / 1e6,
            "lag_p50_ms": round(float(p50), 2),
            "lag_p99_ms": round(float(p99), 2),
            "lag_worst_ms": round(float(worst), 2),
            "lag_samples": len(lags),
            "closed": sum(one.closed for one in everyone),
        }


def main() -> None:
    """Obey commands until stdin ends."""
    crowd = Crowd()
    for line in sys.stdin:
        command = json.loads(line)
        connecting = command.pop("do") == "connect"
        answer = crowd.connect(**command) if connecting else crowd.watch(**command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
