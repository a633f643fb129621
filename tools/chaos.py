"""Load from outside on a server that is killed, and an outside log of what it acknowledged.

Two accounts fill each other over signed HTTP. The server is killed at a random moment and started
again; then every acknowledged order, fill and cancel must be there once, requests whose outcome
was unknown are sent again as they were and must not happen twice, and the money must add up.
"""

import asyncio
import hashlib
import hmac
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tools.exchange_process import DemoKey, ExchangeFailedError, ExchangeProcess

SYMBOL = "BTCUSD"
MID = 50_000
PAGE = 1000
TRADERS = 6
"""Connections that trade at the same time, half for each account."""
RECV_WINDOW_MS = 60_000
FLAGS = ("--no-bots", "--no-limits")
_NOT_ACCEPTED = 503


class BrokenPromiseError(AssertionError):
    """An acknowledgement was lost, something happened twice, or money is missing."""


@dataclass
class Sent:
    """One order request and what is known of it."""

    account: int
    client_order_id: str
    target: str
    """The signed request line, as it was sent."""
    reply: dict[str, Any] | None = None
    refused: bool = False
    cancelled: bool = False
    """A cancel of it was acknowledged."""


@dataclass
class Log:
    """What was seen from outside."""

    sent: dict[str, Sent] = field(default_factory=dict)
    kills: int = 0
    kills_at_start: int = 0
    follower_kills: int = 0
    acknowledged: int = 0
    fills: int = 0
    unknown: int = 0
    resent_found: int = 0
    resent_new: int = 0
    restart_seconds: list[float] = field(default_factory=list)
    next_order_id: list[int] = field(default_factory=lambda: [0, 0])
    seen: Counter[str] = field(default_factory=Counter)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)


class Http:
    """One keep-alive connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def request(self, method: str, target: str, api_key: str) -> tuple[int, Any]:
        """Send a request; raises OSError or EOFError when the server goes away."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._reader is not None
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: {api_key}\r\n\r\n"
        self._writer.write(head.encode())
        text = await self._reader.readuntil(b"\r\n\r\n")
        status = int(text[9:12])
        length = int(text.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return status, json.loads(await self._reader.readexactly(length))

    async def close(self) -> None:
        """Hang up."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def signed(path: str, key: DemoKey, **parameters: object) -> str:
    """Return the request target of a signed call."""
    query = urlencode(
        {**parameters, "recvWindow": RECV_WINDOW_MS, "timestamp": time.time_ns() // 1_000_000}
    )
    signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return f"{path}?{query}&signature={signature}"


class Chaos:
    """A server on a folder, its load, its deaths."""

    def __init__(self, data: Path, seed: int, *, flags: Iterable[str] = FLAGS) -> None:
        self.random = random.Random(seed)  # noqa: S311 - seeded, so that a run can be had again
        self.server = ExchangeProcess(data, *flags)
        self.log = Log()
        self.keys: list[DemoKey] = []
        self._number = 0
        self._stopping = False

    def start(self) -> None:
        """Start the server and note how long that took."""
        begun = time.monotonic()
        self.server.start()
        self.log.restart_seconds.append(time.monotonic() - begun)
        if not self.keys:
            self.keys = self.server.keys_of("HMAC")[:2]

    def cycle(self, seconds_max: float = 0.6) -> None:
        """Trade, be killed at a random moment, come back, and account for everything."""
        asyncio.run(self._trade_until_killed(self.random.uniform(0.02, seconds_max)))
        while self.random.random() < 0.15:
            self._kill_while_starting()
        self.start()
        asyncio.run(self._account())

    def _kill_while_starting(self) -> None:
        process = ExchangeProcess(self.server.data, *self.server.flags, port=self.server.port)
        pause = self.random.uniform(0.1, 1.2)
        with suppress(ExchangeFailedError):
            process.start(ready_seconds_max=pause)
            process.kill()
        self.log.kills_at_start += 1

    # -- load -----------------------------------------------------------------------------------

    async def _trade_until_killed(self, seconds: float) -> None:
        self._stopping = False
        traders = [asyncio.create_task(self._trader(number % 2)) for number in range(TRADERS)]
        if self.random.random() < 0.2:
            await asyncio.sleep(seconds / 2)
            self._kill_follower()
        await asyncio.sleep(seconds)
        self.server.kill()
        self.log.kills += 1
        self._stopping = True
        await asyncio.gather(*traders)

    def _kill_follower(self) -> None:
        for child in children(self.server.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                self.log.follower_kills += 1

    async def _trader(self, account: int) -> None:
        """Quote, take what the other account quotes, and cancel, until the server goes away."""
        http = Http(self.server.port)
        resting: list[str] = []
        try:
            while not self._stopping:
                if resting and self.random.random() < 0.25:
                    await self._cancel(http, account, resting.pop(0))
                else:
                    await self._order(http, account, resting)
        except (OSError, EOFError):
            pass
        finally:
            await http.close()

    async def _order(self, http: Http, account: int, resting: list[str]) -> None:
        self._number += 1
        name = f"chaos-{self._number}"
        side = self.random.choice(("BUY", "SELL"))
        crosses = self.random.random() < 0.5
        away = self.random.randint(1, 20)
        price = MID + away if (side == "BUY") == crosses else MID - away
        sent = Sent(
            account,
            name,
            signed(
                "/api/v3/order",
                self.keys[account],
                symbol=SYMBOL,
                side=side,
                type="LIMIT",
                timeInForce="GTC",
                price=price,
                quantity=f"0.00{self.random.randint(1, 9)}",
                newClientOrderId=name,
                newOrderRespType="FULL",
            ),
        )
        self.log.sent[name] = sent
        await self._send(http, sent)
        if sent.reply is not None and sent.reply["status"] in {"NEW", "PARTIALLY_FILLED"}:
            resting.append(name)

    async def _send(self, http: Http, sent: Sent) -> None:
        key = self.keys[sent.account]
        status, body = await http.request("POST", sent.target, key.api_key)
        if status == 200:
            sent.reply = body
            self.log.acknowledged += 1
            self.log.fills += len(body["fills"])
        elif status == _NOT_ACCEPTED or status >= 500:
            raise EOFError(f"{status} {body}")
        else:
            sent.refused = True
            if body["code"] not in {-2010, -1013}:
                raise BrokenPromiseError(f"{sent.target}: {status} {body}")

    async def _cancel(self, http: Http, account: int, name: str) -> None:
        key = self.keys[account]
        target = signed("/api/v3/order", key, symbol=SYMBOL, origClientOrderId=name)
        status, body = await http.request("DELETE", target, key.api_key)
        if status == 200:
            self.log.sent[name].cancelled = True
        elif status >= 500:
            raise EOFError(f"{status} {body}")
        elif body["code"] != -2011:
            raise BrokenPromiseError(f"cancel of {name}: {status} {body}")

    # -- accounting -----------------------------------------------------------------------------

    async def _account(self) -> None:
        """Hold the log against what is there."""
        http = Http(self.server.port)
        before = set(self.log.seen)
        try:
            await self._hold_against(http, before)
        finally:
            await http.close()

    async def _hold_against(self, http: Http, before: set[str]) -> None:
        unknown = [
            sent for sent in self.log.sent.values() if sent.reply is None and not sent.refused
        ]
        for account in (0, 1):
            await self._fetch_orders(http, account)
        for sent in unknown:
            await self._send_again(http, sent)
        for account in (0, 1):
            await self._fetch_orders(http, account)
        self._check_orders(before)
        await self._check_money(http)

    async def _send_again(self, http: Http, sent: Sent) -> None:
        """Resend the very request: it gives the first answer, or happens now, never twice."""
        self.log.unknown += 1
        was_there = sent.client_order_id in self.log.seen
        await self._send(http, sent)
        if was_there:
            self.log.resent_found += 1
        else:
            self.log.resent_new += 1
        if was_there and sent.reply is None:
            raise BrokenPromiseError(f"{sent.client_order_id} is there and was refused when resent")

    async def _get(self, http: Http, account: int, path: str, **parameters: object) -> Any:
        key = self.keys[account]
        status, body = await http.request("GET", signed(path, key, **parameters), key.api_key)
        if status != 200:
            raise BrokenPromiseError(f"{path}: {status} {body}")
        return body

    async def _fetch_orders(self, http: Http, account: int) -> None:
        """Read the orders that are new since the last time."""
        while True:
            page = await self._get(
                http,
                account,
                "/api/v3/allOrders",
                symbol=SYMBOL,
                orderId=self.log.next_order_id[account],
                limit=PAGE,
            )
            for order in page:
                self.log.seen[order["clientOrderId"]] += 1
                self.log.orders[order["clientOrderId"]] = order
                self.log.next_order_id[account] = order["orderId"] + 1
            if len(page) < PAGE:
                return

    def _check_orders(self, before: set[str]) -> None:
        log = self.log
        for name, count in log.seen.items():
            if count != 1:
                raise BrokenPromiseError(f"{name} is there {count} times")
            if name not in log.sent:
                raise BrokenPromiseError(f"{name} was never sent")
        for name, sent in log.sent.items():
            if name in before:
                continue
            if sent.refused and name in log.seen:
                raise BrokenPromiseError(f"{name} was refused and is there")
            if sent.reply is None:
                continue
            order = log.orders.get(name)
            if order is None:
                raise BrokenPromiseError(f"{name} was acknowledged and is missing")
            if order["orderId"] != sent.reply["orderId"]:
                raise BrokenPromiseError(f"{name} has another order id than was acknowledged")
            if Decimal(order["executedQty"]) < Decimal(sent.reply["executedQty"]):
                raise BrokenPromiseError(f"{name} has lost fills")
            if sent.cancelled and order["status"] != "CANCELED":
                raise BrokenPromiseError(f"{name} was cancelled and is {order['status']}")

    async def _check_money(self, http: Http) -> None:
        """Balances and fees of both accounts add up to what they were given."""
        totals: Counter[str] = Counter()
        for account in (0, 1):
            reply = await self._get(http, account, "/api/v3/account")
            for balance in reply["balances"]:
                amount = Decimal(balance["free"]) + Decimal(balance["locked"])
                totals[balance["asset"]] += amount  # type: ignore[assignment]
            totals.update(await self._fees(http, account))  # type: ignore[arg-type]
        for asset in ("USD", "BTC", "ETH"):
            given = sum(Decimal(key.balances[asset]) for key in self.keys)
            if totals[asset] != given:
                raise BrokenPromiseError(f"{asset}: {totals[asset]} is there, {given} was given")

    async def _fees(self, http: Http, account: int) -> dict[str, Decimal]:
        """Add up every fee, reading on from the last trade; each trade id comes once an account."""
        fees: dict[str, Decimal] = {}
        trade_id = 0
        trades: set[int] = set()
        while True:
            page = await self._get(
                http, account, "/api/v3/myTrades", symbol=SYMBOL, fromId=trade_id, limit=PAGE
            )
            for trade in page:
                sided = trade["id"] * 2 + trade["isBuyer"]
                if sided in trades:
                    raise BrokenPromiseError(f"trade {trade['id']} is there twice")
                trades.add(sided)
                asset = trade["commissionAsset"]
                fees[asset] = fees.get(asset, Decimal(0)) + Decimal(trade["commission"])
                trade_id = trade["id"] + 1
            if len(page) < PAGE:
                return fees

    def summary(self) -> dict[str, Any]:
        """Return the counts."""
        log = self.log
        seconds = sorted(log.restart_seconds[1:]) or [0.0]
        return {
            "kills": log.kills,
            "kills_while_starting": log.kills_at_start,
            "follower_kills": log.follower_kills,
            "sent": len(log.sent),
            "acknowledged": log.acknowledged,
            "fills_in_replies": log.fills,
            "unknown_outcomes_resent": log.unknown,
            "of_these_already_there": log.resent_found,
            "restart_seconds_median": round(seconds[len(seconds) // 2], 2),
            "restart_seconds_worst": round(seconds[-1], 2),
        }


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    with suppress(FileNotFoundError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(number) for number in text.split()]
    return []
