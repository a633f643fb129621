"""The seeded stream of batches; the same seed and the same events give the same commands."""

import random
import struct
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from openoutcry.core.enums import Reason
from openoutcry.core.limits import DEADLINE_AHEAD_US_MAX
from openoutcry.core.records import Command
from openoutcry.simulation.commands.aims import AimMaker
from openoutcry.simulation.commands.coverage import Coverage
from openoutcry.simulation.commands.extremes import ExtremeMaker
from openoutcry.simulation.commands.malformed import malform
from openoutcry.simulation.commands.model import Model
from openoutcry.simulation.commands.orders import OrderMaker
from openoutcry.simulation.commands.requests import RequestMaker
from openoutcry.simulation.commands.world import Profile, opening, people

START_US = 1_700_000_000_000_000
MINUTE_US = 60_000_000
_DIGEST_AT, _DEADLINE_AT, _TIME_AT = 16, 32, 40
_HEADER_REST = struct.Struct("<QQqq")
_TIME = struct.Struct("<q")
_RECENT_MAX = 64
_COSTLY = frozenset({Reason.MARKET_BUSY, Reason.EXCHANGE_CANCELED})


class Batch(NamedTuple):
    """What `apply` takes, but for the sequence number."""

    data: bytes
    skip: tuple[int, ...]


class CommandStream:
    """Draws batches; feed each batch's events back with `observe`."""

    def __init__(self, seed: int, profile: Profile | None = None) -> None:
        self._rng = random.Random(seed)
        self.profile = profile or Profile.draw(self._rng)
        self.coverage = Coverage()
        self._model = Model()
        self._accounts = people(self.profile)
        self._orders = OrderMaker(self._rng, self.profile, self._model, self._accounts)
        self._requests = RequestMaker(self._orders)
        self._aims = AimMaker(self._requests)
        self._extremes = ExtremeMaker(self._requests)
        self._time_us = START_US
        self._script: deque[Command] = deque(opening(self.profile, self._rng, self._accounts))
        self._opened = False
        self._recent: list[bytes] = []
        self._actions = list(self.profile.actions)
        self._weights = list(self.profile.actions.values())
        requests = self._requests
        self._makers: dict[str, Callable[[], Command]] = {
            "new": requests.new,
            "cancel": requests.cancel,
            "cancel_all": requests.cancel_all,
            "replace": requests.replace,
            "amend": requests.amend,
            "money": requests.money,
            "status": requests.status,
            "update_market": requests.update_market,
            "fees": requests.fees,
            "limits": requests.limits,
            "account": requests.account,
            "tick": requests.tick,
            "quarantine": requests.quarantine,
            "epoch": requests.epoch,
        }

    @property
    def account_ids(self) -> list[int]:
        """The accounts of this run."""
        return [account.account_id for account in self._accounts]

    def batch(self) -> Batch:
        """Draw the next batch."""
        rng = self._rng
        if not self._opened:
            self._opened = True
            records = [self._record(self._script.popleft()) for _ in range(len(self._script))]
            return self._made(records, ())
        most = self.profile.batch_commands_max
        count = 1 + int(rng.random() * rng.random() * most)
        records = [self._next() for _ in range(count)]
        skip = (rng.randrange(count),) if rng.random() < 0.005 else ()
        return self._made(records, skip)

    def last_act(self) -> Batch:
        """Draw a batch that ends the run: time at its very end, where sums of times overflow."""
        self._time_us = 2**63 - 1 - DEADLINE_AHEAD_US_MAX // 2
        records = []
        for step in (0, DEADLINE_AHEAD_US_MAX // 4, DEADLINE_AHEAD_US_MAX, 0):
            self._time_us = min(self._time_us + step, 2**63 - 1)
            records += [self._record(self._requests.new()) for _ in range(5)]
        return self._made(records, ())

    def observe(self, events: bytes) -> None:
        """Learn from the events of the last batch."""
        self._model.observe(events)
        self.coverage.observe(events)

    def _made(self, records: Iterable[bytes], skip: tuple[int, ...]) -> Batch:
        chosen = list(records)
        for record in chosen:
            self.coverage.command(record[2])
        return Batch(b"".join(chosen), skip)

    # ---- one command

    def _next(self) -> bytes:
        rng = self._rng
        if self._script and rng.random() < 0.85:
            return self._record(self._script.popleft())
        for number in (1, 2, 3, 4):
            view = self._model.markets[number]
            if not view.trading and not self._script and rng.random() < 0.15:
                return self._record(self._requests.reopen(view))
            if not self._script and rng.random() < 0.02 and view.strayed:
                return self._record(self._requests.go_home(view))
        action = rng.choices(self._actions, self._weights)[0]
        maker = self._makers.get(action)
        if maker is not None:
            return self._record(maker())
        if action == "resend":
            return self._resend()
        if action == "malformed":
            return malform(self._any(), rng)
        if action == "sweep":
            self._script.extend(self._aims.long_sweep())
        elif action == "cascade":
            self._script.extend(self._aims.cascade())
        elif action == "extreme":
            self._script.extend(self._extremes.script())
        elif not self._script:
            self._script.extend(self._aim())
        if self._script:
            return self._record(self._script.popleft())
        return self._record(self._requests.new())

    def _any(self) -> bytes:
        """Draw a good record of any kind, rare kinds as often as common ones."""
        rng = self._rng
        if rng.random() < 0.15:
            first = next(iter(opening(self.profile, rng, self._accounts)))
            chosen = rng.choice((first, *self._aims.aims[Reason.ALREADY_EXISTS]()))
            return self._record(chosen)
        return self._record(self._makers[rng.choice(list(self._makers))]())

    def _aim(self) -> list[Command]:
        """Aim at the reason that was met least among a few."""
        aims = self._aims.aims
        drawn = self._rng.sample(list(aims), 6)
        return aims[min(drawn, key=self._met)]()

    def _met(self, reason: Reason) -> int:
        """How often a reason was met; those that take a thousand trades count as met more often."""
        return self.coverage.reason(reason) * (2 if reason in _COSTLY else 1)

    def _resend(self) -> bytes:
        """Send an earlier request again; sometimes its digest with another request."""
        rng = self._rng
        if not self._recent:
            return self._record(self._requests.new())
        again = bytearray(rng.choice(self._recent[-8:] if rng.random() < 0.6 else self._recent))
        self._advance()
        if rng.random() < 0.2:
            other = bytearray(self._record(self._requests.new()))
            other[8:16] = again[8:16]
            other[_DIGEST_AT:_TIME_AT] = again[_DIGEST_AT:_TIME_AT]
            again = other
        _TIME.pack_into(again, _TIME_AT, self._time_us)
        return bytes(again)

    def _advance(self) -> None:
        rng = self._rng
        r = rng.random()
        if r < 0.3:
            return
        if r < 0.985 or self.profile.slow_time:
            self._time_us += int(rng.random() * 20_000)
        elif r < 0.997:
            self._time_us += int(rng.random() * 3 * MINUTE_US)
        else:
            self._time_us += int(rng.random() * 200 * MINUTE_US)
        if r > 0.9995:
            self._time_us += 60 * MINUTE_US

    def _record(self, command: Command) -> bytes:
        """Stamp a command with time, and often with a digest and a deadline."""
        rng = self._rng
        self._advance()
        record = bytearray(command.pack())
        deadline = command.deadline_us
        digest_lo = digest_hi = 0
        if rng.random() < self.profile.digest_chance:
            digest_lo = rng.getrandbits(64)
            digest_hi = rng.getrandbits(64) if rng.random() < 0.9 else 0
            if not deadline and rng.random() < 0.95:
                ahead = 5_000_000 if rng.random() < 0.8 else DEADLINE_AHEAD_US_MAX
                deadline = self._time_us + int(ahead * rng.random())
        elif not deadline and rng.random() < 0.1:
            deadline = self._time_us + rng.choice((0, 1, DEADLINE_AHEAD_US_MAX))
        time_us = command.time_us or min(self._time_us, 2**63 - 1)
        deadline = min(deadline, 2**63 - 1)
        _HEADER_REST.pack_into(record, _DIGEST_AT, digest_lo, digest_hi, deadline, time_us)
        made = bytes(record)
        if digest_lo:
            self._recent.append(made)
            if len(self._recent) > _RECENT_MAX:
                del self._recent[: _RECENT_MAX // 2]
        return made
