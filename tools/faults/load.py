"""Accounts that fill each other all the time, and an outside log of what was acknowledged.

Each pair of account and market has a thread of its own, so that a part of the exchange that stands
still holds up nobody else, and it is seen when each pair is served again.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tools.exchange_process import DemoKey
from tools.faults.client import BrokenPromiseError, Client, UnansweredError, signed

MARKETS = {
    "BTCUSD": (50_000, "1", "0.00{}"),
    "ETHUSD": (2_500, "0.1", "0.0{}"),
    "ETHBTC": (0.05, "0.00001", "0.0{}"),
}
"""The middle, the distance of prices and the quantities of each market's orders."""
REFUSALS = frozenset({-2010, -1013})
UNKNOWN_ORDER, NO_SUCH_ORDER, LATE = -2011, -2013, -1021
GIVE_UP_SECONDS = 55.0
"""A request whose outcome stays unknown for so long is left to the accounting."""
RESTING_MAX = 6
Pair = tuple[int, str]


@dataclass
class Sent:
    """One order request and what is known of it."""

    account: int
    symbol: str
    name: str
    target: str
    """The signed request line, as it was sent."""
    order_id: int | None = None
    executed: str = "0"
    refused: bool = False
    unknown: int = 0
    """How many attempts had no known outcome."""
    cancelled: bool = False
    """A cancel of it was acknowledged."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt to place an order came to."""

    symbol: str
    asked_at: float
    """When the order's first attempt began: a client waits from there."""
    at: float
    status: int
    """0 when there was none."""
    code: int


@dataclass
class Log:
    """What was seen from outside. Threads add to it under the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sent: dict[str, Sent] = field(default_factory=dict)
    round: list[Sent] = field(default_factory=list)
    """What was sent since the last accounting."""
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    back: dict[Pair, float] = field(default_factory=dict)
    """When each pair was first served of what was sent after the fault."""
    fault_at: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    """Every answer to an order, when `keeps_answers`."""
    keeps_answers: bool = False

    def answered(self, answer: Answer) -> None:
        """Note an answer to an order, or that none came."""
        if self.keeps_answers:
            self.answers.append(answer)

    def mark(self, at: float) -> None:
        """Begin to note who is served again after a fault at this time."""
        with self.lock:
            self.back = {}
            self.fault_at = at

    def served(self, pair: Pair, sent_at: float) -> None:
        """Note an answer to what was sent at a time."""
        with self.lock:
            if sent_at >= self.fault_at and pair not in self.back:
                self.back[pair] = time.monotonic()


class Load:
    """All threads, started and stopped together."""

    def __init__(self, port: int, keys: list[DemoKey], seed: int) -> None:
        self.port = port
        self.keys = keys
        self.log = Log()
        self.pairs = [(account, symbol) for account in range(len(keys)) for symbol in MARKETS]
        self._seed = seed
        self._round = 0
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._traders = {pair: Trader(self, pair) for pair in self.pairs}

    def start(self) -> None:
        """Let everybody trade."""
        self._round += 1
        self._stopping.clear()
        self.log.round = []
        self.log.mark(time.monotonic())
        for number, pair in enumerate(self.pairs):
            rng = random.Random(f"{self._seed}-{self._round}-{number}")  # noqa: S311 - seeded
            trader = self._traders[pair]
            thread = threading.Thread(target=trader.run, args=(rng,), name=f"trader {pair}")
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Wait until everybody knows what came of the last request."""
        self._stopping.set()
        threads, self._threads = self._threads, []
        for thread in threads:
            thread.join(GIVE_UP_SECONDS + 20)
            if thread.is_alive():
                raise BrokenPromiseError(f"{thread.name} does not come to an end")
        if self.log.broken:
            raise BrokenPromiseError("; ".join(self.log.broken[:5]))

    @property
    def is_stopping(self) -> bool:
        """Whether no further request is to begin."""
        return self._stopping.is_set()

    def wait_served(self, seconds_max: float) -> float:
        """Wait until every pair was served of what was sent after the fault; returns when."""
        end = time.monotonic() + seconds_max
        while time.monotonic() < end and not self.log.broken:
            with self.log.lock:
                if len(self.log.back) == len(self.pairs):
                    return max(self.log.back.values())
            time.sleep(0.01)
        missing = [pair for pair in self.pairs if pair not in self.log.back]
        raise BrokenPromiseError(
            f"not served within {seconds_max} s: {missing}; {self.log.broken[:3]}"
        )


class Trader:
    """One account in one market."""

    def __init__(self, load: Load, pair: Pair) -> None:
        self._load = load
        self._log = load.log
        self._pair = pair
        self._key = load.keys[pair[0]]
        self._resting: list[str] = []
        self._number = 0
        self._client = Client(load.port)
        self._other = Client(load.port)

    def run(self, rng: random.Random) -> None:
        """Quote, take what others quote, and cancel, until the load stops."""
        try:
            while not self._load.is_stopping:
                crowded = len(self._resting) > RESTING_MAX
                if self._resting and (crowded or rng.random() < 0.25):
                    self._cancel(self._resting.pop(0))
                else:
                    self._order(rng)
                time.sleep(rng.uniform(0, 0.03))
        except BrokenPromiseError as error:
            with self._log.lock:
                self._log.broken.append(str(error))
        finally:
            self._client.close()
            self._other.close()

    def _order(self, rng: random.Random) -> None:
        account, symbol = self._pair
        middle, step, quantity = MARKETS[symbol]
        side = rng.choice(("BUY", "SELL"))
        away = rng.randint(1, 20) * float(step)
        crosses = rng.random() < 0.5
        price = middle + away if (side == "BUY") == crosses else middle - away
        self._number += 1
        name = f"f-{account}-{symbol}-{self._number}"
        target = signed(
            "/api/v3/order",
            self._key,
            symbol=symbol,
            side=side,
            type="LIMIT",
            timeInForce="GTC",
            price=f"{price:.5f}",
            quantity=quantity.format(rng.randint(1, 9)),
            newClientOrderId=name,
            newOrderRespType="FULL",
        )
        sent = Sent(account, symbol, name, target)
        with self._log.lock:
            self._log.sent[name] = sent
            self._log.round.append(sent)
        self._settle(sent, rng)
        if sent.order_id is not None and rng.random() < 0.05:
            self._look_elsewhere(sent)

    def _settle(self, sent: Sent, rng: random.Random) -> None:
        """Send until the outcome is known: always the same bytes, or a look by the order's name."""
        asked_at = time.monotonic()
        end = asked_at + GIVE_UP_SECONDS
        pause = 0.02
        while time.monotonic() < end:
            if sent.unknown and rng.random() < 0.3 and self._find(sent):
                return
            began = time.monotonic()
            try:
                status, body = self._client.request("POST", sent.target, self._key.api_key)
            except UnansweredError:
                status, body = 0, {}
            code = 0 if status == 200 else int(body.get("code", 0))
            self._log.answered(Answer(sent.symbol, asked_at, time.monotonic(), status, code))
            if status == 200:
                self._accepted(sent, body, began)
                return
            if 400 <= status < 500:
                self._refused(sent, status, body)
                return
            sent.unknown += 1
            self._count("unanswered" if status == 0 else f"answer {status}")
            time.sleep(pause)
            pause = min(pause * 2, 0.3)
        self._count("never known")

    def _accepted(self, sent: Sent, body: dict[str, Any], began: float) -> None:
        sent.order_id, sent.executed = body["orderId"], body["executedQty"]
        if body["status"] in {"NEW", "PARTIALLY_FILLED"}:
            self._resting.append(sent.name)
        with self._log.lock:
            self._log.counts["acknowledged"] += 1
            self._log.counts["fills in replies"] += len(body["fills"])
            self._log.counts["acknowledged when resent"] += sent.unknown > 0
        self._log.served(self._pair, began)

    def _refused(self, sent: Sent, status: int, body: dict[str, Any]) -> None:
        if body["code"] == LATE and sent.unknown:
            self._count("never known")
        elif body["code"] in REFUSALS:
            sent.refused = True
            self._count("refused")
        else:
            raise BrokenPromiseError(f"{sent.target}: {status} {body}")

    def _find(self, sent: Sent) -> bool:
        """Look an order up by its name; False when it is not there, or nobody answers."""
        try:
            status, body = self._other.get(
                self._key, "/api/v3/order", symbol=sent.symbol, origClientOrderId=sent.name
            )
        except UnansweredError:
            return False
        if status != 200:
            return False
        sent.order_id, sent.executed = body["orderId"], body["executedQty"]
        self._count("found by name")
        return True

    def _look_elsewhere(self, sent: Sent) -> None:
        """What one gateway has acknowledged is found through whichever one comes (V04)."""
        self._other.close()
        try:
            status, body = self._other.get(
                self._key, "/api/v3/order", symbol=sent.symbol, orderId=sent.order_id
            )
        except UnansweredError:
            return
        if status < 500 and (status != 200 or body["clientOrderId"] != sent.name):
            raise BrokenPromiseError(f"{sent.name} was acknowledged, and then: {status} {body}")

    def _cancel(self, name: str) -> None:
        sent = self._log.sent[name]
        target = signed("/api/v3/order", self._key, symbol=sent.symbol, origClientOrderId=sent.name)
        end = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                status, body = self._client.request("DELETE", target, self._key.api_key)
            except UnansweredError:
                status, body = 0, None
            if status == 200:
                sent.cancelled = True
                self._count("cancelled")
                self._log.served(self._pair, began)
                return
            if 400 <= status < 500:
                if body["code"] not in {UNKNOWN_ORDER, LATE}:
                    raise BrokenPromiseError(f"cancel of {name}: {status} {body}")
                return
            self._count("unanswered" if status == 0 else f"answer {status}")
            time.sleep(0.05)

    def _count(self, what: str) -> None:
        with self._log.lock:
            self._log.counts[what] += 1
