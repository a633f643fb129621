"""The load generator: a process of its own, on a core of its own, that is told what to send.

It reads one JSON object a line from stdin and answers each with one line. Connections are plain
sockets in one epoll loop, each with one request under way (a closed loop); requests are built and
signed before the clock starts. A latency is from before `send` to after the `recv` that completes
the reply.
"""

import hashlib
import hmac
import json
import random
import select
import socket
import sys
import time
from array import array
from collections import Counter
from typing import Any

import numpy as np

PRICES = {"BTCUSD": 50_000, "ETHUSD": 2_500}
QUANTITIES = {"BTCUSD": "0.001", "ETHUSD": "0.02"}
SPREAD = 20
"""Makers quote up to this many dollars from the mid; takers go through all of it."""


def order_requests(
    host: str, connection: int, count: int, keys: list[dict[str, str]], run: str
) -> list[bytes]:
    """Build a connection's signed orders: a maker's LIMIT, then another account's taker.

    Even connections trade BTCUSD with accounts of even places making and the next one taking; odd
    ones ETHUSD the other way round, so that no account meets itself. Each taker ends exactly one
    maker's order.
    """
    symbol = "BTCUSD" if connection % 2 == 0 else "ETHUSD"
    maker, taker = keys[connection % len(keys)], keys[(connection + 1) % len(keys)]
    quantity, mid = QUANTITIES[symbol], PRICES[symbol]
    dice = random.Random(f"{run}/{connection}")
    timestamp = time.time_ns() // 1_000_000
    built = []
    for index in range(count):
        takes = index % 2 == 1
        side = "BUY" if (index // 2 + takes) % 2 == 0 else "SELL"
        distance = SPREAD if takes else dice.randint(1, SPREAD)
        below = (side == "BUY") != takes
        kind = "type=LIMIT&timeInForce=GTC&price=" + str(
            mid - distance if below else mid + distance
        )
        if takes and index % 8 == 1:
            kind = "type=MARKET"
        body = (
            f"symbol={symbol}&side={side}&{kind}&quantity={quantity}"
            f"&newClientOrderId={run}-{connection}-{index}&newOrderRespType=FULL"
            f"&recvWindow=60000&timestamp={timestamp}"
        )
        key = taker if takes else maker
        secret = key["secret"].encode()
        signature = hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
        built.append(_post(host, "/api/v3/order", key["api_key"], f"{body}&signature={signature}"))
    return built


def _post(host: str, path: str, api_key: str, body: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-MBX-APIKEY: {api_key}\r\n"
        f"User-Agent: bench\r\nAccept: */*\r\nConnection: keep-alive\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        f"{body}"
    ).encode()


class Connection:
    """A keep-alive connection and what it has still to send."""

    __slots__ = ("at", "buffer", "requests", "sent_ns", "socket")

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.requests = requests
        self.at = 0
        self.sent_ns = 0
        self.buffer = b""


def reply_length(buffer: bytes) -> int:
    """Return how long the first reply in `buffer` is, or 0 while its head is incomplete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    at = buffer.find(b"ength: ", 0, end)
    if at < 0:
        raise ValueError(f"a reply without a length: {buffer[:200]!r}")
    return end + 4 + int(buffer[at + 7 : buffer.find(b"\r", at)])


def drive(port: int, scripts: list[list[bytes]], seconds_max: float) -> dict[str, Any]:
    """Send every script on its connection; return rate, latencies and what came back."""
    connections = {}
    poller = select.epoll()
    for script in scripts:
        connection = Connection(port, script)
        connections[connection.socket.fileno()] = connection
        poller.register(connection.socket, select.EPOLLIN)
    latencies = array("q")
    statuses: Counter[bytes] = Counter()
    outcomes: Counter[bytes] = Counter()
    refusals: Counter[bytes] = Counter()
    clock = time.perf_counter_ns
    open_count = len(connections)
    begun = clock()
    deadline = begun + int(seconds_max * 1e9)
    for connection in connections.values():
        connection.sent_ns = clock()
        connection.socket.send(connection.requests[0])
    reply_bytes = 0
    while open_count and clock() < deadline:
        for descriptor, _ in poller.poll(1.0):
            connection = connections[descriptor]
            buffer = connection.buffer + connection.socket.recv(65536)
            length = reply_length(buffer)
            if not length or len(buffer) < length:
                connection.buffer = buffer
                continue
            assert len(buffer) == length, "more than one reply to one request"
            connection.buffer = b""
            now = clock()
            latencies.append(now - connection.sent_ns)
            reply_bytes = length
            status = buffer[9:12]
            statuses[status] += 1
            if status == b"200":
                at = buffer.find(b'"status":"')
                outcomes[buffer[at + 10 : buffer.find(b'"', at + 10)] if at > 0 else b""] += 1
            else:
                refusals[buffer[buffer.find(b"\r\n\r\n") + 4 :]] += 1
            connection.at += 1
            if connection.at == len(connection.requests):
                open_count -= 1
                continue
            connection.sent_ns = clock()
            connection.socket.send(connection.requests[connection.at])
    seconds = (clock() - begun) / 1e9
    for connection in connections.values():
        connection.socket.close()
    return {
        "requests": len(latencies),
        "seconds": seconds,
        "per_second": len(latencies) / seconds,
        "latencies_us": [value // 1000 for value in latencies],
        "statuses": {key.decode(): value for key, value in statuses.items()},
        "outcomes": {key.decode(): value for key, value in outcomes.items()},
        "refusals": {key.decode(errors="replace"): value for key, value in refusals.most_common(5)},
        "reply_bytes": reply_bytes,
        "unfinished": open_count,
    }


def percentiles(latencies_us: list[int]) -> dict[str, float]:
    """Return the percentiles that tables show, in milliseconds."""
    values = np.percentile(np.array(latencies_us), [50, 99, 99.9]) / 1000
    return {
        name: round(float(value), 3)
        for name, value in zip(("p50_ms", "p99_ms", "p99.9_ms"), values, strict=True)
    }


def scripts_of(command: dict[str, Any]) -> list[list[bytes]]:
    """Build what a command asks for, one script a connection."""
    host = f"127.0.0.1:{command['port']}"
    connections = command["connections"]
    count = command["requests"] // connections // 2 * 2  # pairs of maker and taker
    if command["kind"] == "orders":
        keys, run = command["keys"], command["run"]
        return [order_requests(host, at, count, keys, run) for at in range(connections)]
    if command["kind"] == "constant":
        # The very bytes of an order, to a server that looks at none of them.
        nobody = [{"api_key": "k" * 64, "secret": "s" * 64}] * 2
        return [order_requests(host, at, count, nobody, "constant") for at in range(connections)]
    assert command["kind"] == "ping"
    request = (
        f"GET /api/v3/ping HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n"
        f"Accept: */*\r\nConnection: keep-alive\r\n\r\n"
    ).encode()
    return [[request] * count for _ in range(connections)]


def main() -> None:
    """Obey commands until stdin ends."""
    for line in sys.stdin:
        command = json.loads(line)
        result = drive(command["port"], scripts_of(command), command["seconds_max"])
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
