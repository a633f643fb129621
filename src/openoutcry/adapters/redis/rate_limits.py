"""Rate limits that all gateways share: decided at once from a copy, settled in the background.

The functions in Redis count by Redis' own clock and know the rules of windows and bans; the copy
is the limiter in memory, set to their answers. Between two settlements each gateway is blind for
what the others let in, so over all of them a window may exceed its limit by what the others let in
during one settlement (`SETTLE_SECONDS` and a round trip), and no more.

Without Redis a gateway goes on alone: what it counts stands for its share of all of them, so that
it lets in `limit / gateways * 1.5` of a window, and of a window that had begun the same part of
what was left. Requests that weigh nothing, cancels among them, are then stopped by bans only.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from openoutcry.adapters.redis.client import FunctionCall, Redis, RedisError, Reply
from openoutcry.ports.rate_limits import AddressCounts, CopiedLimiter, Limited, network_of

log = logging.getLogger(__name__)

SETTLE_SECONDS = 0.05
ASK_SECONDS_MAX = 1.0
WAITING_MAX = 100_000
"""More addresses or accounts than this are not remembered for Redis while it is away."""
SAME_CLOCK_US = 20_000
"""A clock so close to Redis' is taken as the same."""
_CALLS_MAX = 500
_MINUTE_US = 60_000_000
_SLOT_US = 10_000_000
_ORDERS_WORTH_ASKING = 50
"""An account with so many orders has its count refreshed: fills elsewhere may have made room."""
TAKER_FILL = 1
MAKER_FILL = 5


@dataclass(slots=True)
class _AddressDelta:
    """What this gateway has counted for an address since the last settlement."""

    minute: int
    weight: int = 0
    raw_requests: int = 0
    refusals: int = 0
    connections: int = 0


@dataclass(slots=True)
class _AccountDelta:
    slot: int
    orders: int = 0
    credit: int = 0


def wall_us() -> int:
    """Return the wall clock in microseconds."""
    return time.time_ns() // 1000


class RedisRateLimiter:
    """Implements `ports.rate_limits.RateLimiter`. Engines use it too, to give credit for fills."""

    def __init__(
        self,
        copy: CopiedLimiter,
        redis: Redis,
        *,
        gateways: int,
        clock: Callable[[], int] = wall_us,
    ) -> None:
        assert gateways >= 1
        self._copy = copy
        self._redis = redis
        self._share = max(2 * gateways, 3)
        """What is counted alone counts for this third of itself: gateways / 1.5, at least 1."""
        self._clock = clock
        self._addresses: dict[str, _AddressDelta] = {}
        self._accounts: dict[int, _AccountDelta] = {}
        self._askers: list[asyncio.Future[None]] = []
        self._bans: dict[str, int] = {}
        self._offset_us = 0
        self._task: asyncio.Task[None] | None = None
        self.is_alone = False
        """Whether Redis is away, or some of it."""

    async def start(self) -> None:
        """Begin to settle."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Settle no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _scaled(self, count: int) -> int:
        """Return what a count stands for: itself, or that of all gateways when alone."""
        return -(-count * self._share // 3) if self.is_alone else count

    # -- addresses

    def _delta(self, ip: str, now_us: int) -> _AddressDelta:
        delta = self._addresses.get(ip)
        minute = now_us // _MINUTE_US
        if delta is None or delta.minute < minute:
            if len(self._addresses) >= WAITING_MAX:
                self._addresses.clear()
            kept = delta if delta is not None and delta.minute // 5 == minute // 5 else None
            delta = self._addresses[ip] = _AddressDelta(minute)
            if kept is not None:  # weight is of its minute; raw requests count for five
                delta.raw_requests, delta.connections = kept.raw_requests, kept.connections
        return delta

    def admit(self, ip: str, weight: int, now_us: int) -> Limited | None:
        """Count one request of this weight from an address, or say why it is not let in."""
        now_us += self._offset_us
        if self.is_alone:
            return self._shown(self._admit_alone(ip, weight, now_us))
        refused = self._copy.admit(ip, weight, now_us)
        if refused is not None and refused.banned and not self._is_new_ban(ip, refused):
            return self._shown(refused)
        delta = self._delta(ip, now_us)
        delta.weight += weight
        delta.raw_requests += 1
        if refused is not None:
            delta.refusals += 1
        return self._shown(refused)

    def _admit_alone(self, ip: str, weight: int, now_us: int) -> Limited | None:
        delta = self._delta(ip, now_us)
        if weight == 0:
            banned = self._copy.banned(ip, now_us)
            if banned is None:
                delta.raw_requests += 1
            return banned
        refused = self._copy.admit(ip, self._scaled(weight), now_us)
        if refused is None or not refused.banned:
            self._copy.add(ip, now_us, raw_requests=self._scaled(1) - 1)
            delta.weight += weight
            delta.raw_requests += 1
            delta.refusals += refused is not None
        return refused

    def _is_new_ban(self, ip: str, refused: Limited) -> bool:
        """Whether this refusal made the ban: the others have to hear of it."""
        if self._bans.get(ip) == refused.until_us:
            return False
        if len(self._bans) >= WAITING_MAX:
            self._bans.clear()
        self._bans[ip] = refused.until_us
        return True

    def _shown(self, refused: Limited | None) -> Limited | None:
        """Return a refusal with its time by this gateway's clock."""
        if refused is None or self._offset_us == 0:
            return refused
        return replace(refused, until_us=refused.until_us - self._offset_us)

    def charge(self, ip: str, weight: int, now_us: int) -> None:
        """Add weight to a request that has been let in already."""
        now_us += self._offset_us
        self._copy.charge(ip, self._scaled(weight), now_us)
        self._delta(ip, now_us).weight += weight

    def used_weight(self, ip: str, now_us: int) -> int:
        """Return the weight that an address has used in this minute, at all gateways."""
        return self._copy.used_weight(ip, now_us + self._offset_us)

    def admit_connection(self, ip: str, now_us: int) -> Limited | None:
        """Count one WebSocket connection attempt, or say why it is refused."""
        now_us += self._offset_us
        refused = self._copy.admit_connection(ip, now_us)
        if refused is None or not refused.banned:
            self._copy.add(ip, now_us, connections=self._scaled(1) - 1)
            self._delta(ip, now_us).connections += 1
        return self._shown(refused)

    def limits_enforced(self) -> bool:
        """False when the limits are lifted and only counted."""
        return self._copy.limits_enforced()

    # -- accounts

    def _account(self, account_id: int, now_us: int) -> _AccountDelta:
        delta = self._accounts.get(account_id)
        slot = now_us // _SLOT_US
        if delta is None:
            if len(self._accounts) >= WAITING_MAX:
                self._accounts.clear()
            delta = self._accounts[account_id] = _AccountDelta(slot)
        elif delta.slot < slot:
            # orders of an older slot still count for the day: with those of this one, and too high
            delta.slot = slot
        return delta

    def admit_orders(self, account_id: int, orders: int, now_us: int) -> Limited | None:
        """Say whether an account may send this many orders more; counts nothing."""
        now_us += self._offset_us
        refused = self._copy.admit_orders(account_id, self._scaled(orders), now_us)
        if refused is not None:
            self._account(account_id, now_us)  # so that it is asked how things stand
        return self._shown(refused)

    def count_orders(self, account_id: int, orders: int, now_us: int) -> tuple[int, int]:
        """Count accepted orders of an account; return its counts."""
        now_us += self._offset_us
        self._account(account_id, now_us).orders += orders
        return self._copy.count_orders(account_id, self._scaled(orders), now_us)

    def order_filled(self, account_id: int, now_us: int, *, maker: bool) -> None:
        """Give an account room again: an order of it has had its first fill."""
        now_us += self._offset_us
        self._copy.order_filled(account_id, now_us, maker=maker)
        self._account(account_id, now_us).credit += MAKER_FILL if maker else TAKER_FILL

    def order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return the unfilled orders of an account in this 10 seconds and this day."""
        now_us += self._offset_us
        counts = self._copy.order_counts(account_id, now_us)
        if counts[0] >= _ORDERS_WORTH_ASKING:
            self._account(account_id, now_us)
        return counts

    async def all_order_counts(self, account_id: int, now_us: int) -> tuple[int, int]:
        """Return `order_counts` after the next settlement, or as they are when it does not come."""
        self._account(account_id, now_us + self._offset_us)
        if self._task is not None:
            settled = asyncio.get_running_loop().create_future()
            self._askers.append(settled)
            await asyncio.wait({settled}, timeout=ASK_SECONDS_MAX)
        return self._copy.order_counts(account_id, now_us + self._offset_us)

    # -- settlement

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            try:
                await self.settle()
            except Exception:  # an adapter's retry: some counts are lost
                log.exception("limits cannot be settled")

    async def settle(self) -> None:
        """Tell Redis what was counted since the last time, and take over what all have counted."""
        addresses, self._addresses = self._addresses, {}
        accounts, self._accounts = self._accounts, {}
        askers, self._askers = self._askers, []
        failed = False
        work = [*self._address_calls(addresses), *self._account_calls(accounts)]
        for at in range(0, len(work), _CALLS_MAX):
            part = work[at : at + _CALLS_MAX]
            began_us = self._clock()
            replies: list[Reply | RedisError]
            try:
                replies = await self._redis.call_all([call for call, _, _ in part])
            except RedisError as error:
                replies = [error] * len(part)
            middle_us = (began_us + self._clock()) // 2
            for (_, key, delta), reply in zip(part, replies, strict=True):
                if isinstance(reply, RedisError):
                    failed = True
                    self._keep(key, delta)
                else:
                    self._take_over(key, delta, list(map(int, cast("list[bytes]", reply))))
                    self._set_clock(int(cast("list[bytes]", reply)[0]) - middle_us)
        if not work and self.is_alone:
            failed = not await self._is_back()
        if failed != self.is_alone:
            log.warning("rate limits are %s", "counted alone" if failed else "shared again")
            self.is_alone = failed
        for asker in askers:
            asker.set_result(None)

    async def _is_back(self) -> bool:
        call = FunctionCall("limit_account", ["limit:{a:0}"], ["0", "0", "0"])
        try:
            (reply,) = await self._redis.call_all([call])
        except RedisError:
            return False
        return not isinstance(reply, RedisError)

    def _set_clock(self, offset_us: int) -> None:
        self._offset_us = offset_us if abs(offset_us) > SAME_CLOCK_US else 0

    @staticmethod
    def _address_calls(
        deltas: dict[str, _AddressDelta],
    ) -> list[tuple[FunctionCall, str | int, _AddressDelta | _AccountDelta]]:
        return [
            (
                FunctionCall(
                    "limit_address",
                    [f"limit:{{ip:{network_of(ip)}}}"],
                    [
                        str(delta.minute),
                        str(delta.weight),
                        str(delta.raw_requests),
                        str(delta.refusals),
                        str(delta.connections),
                    ],
                ),
                ip,
                delta,
            )
            for ip, delta in deltas.items()
        ]

    @staticmethod
    def _account_calls(
        deltas: dict[int, _AccountDelta],
    ) -> list[tuple[FunctionCall, str | int, _AddressDelta | _AccountDelta]]:
        return [
            (
                FunctionCall(
                    "limit_account",
                    [f"limit:{{a:{account_id}}}"],
                    [str(delta.slot), str(delta.orders), str(delta.credit)],
                ),
                account_id,
                delta,
            )
            for account_id, delta in deltas.items()
        ]

    def _keep(self, key: str | int, delta: _AddressDelta | _AccountDelta) -> None:
        """Count what could not be settled with what came since."""
        if isinstance(delta, _AddressDelta):
            ip = str(key)
            since = self._addresses.setdefault(ip, delta)
            if since is not delta:
                if since.minute == delta.minute:
                    since.weight += delta.weight
                    since.refusals += delta.refusals
                if since.minute // 5 == delta.minute // 5:
                    since.raw_requests += delta.raw_requests
                    since.connections += delta.connections
        else:
            account = self._accounts.setdefault(int(key), delta)
            if account is not delta:
                account.orders += delta.orders
                account.credit += delta.credit

    def _take_over(
        self, key: str | int, delta: _AddressDelta | _AccountDelta, reply: list[int]
    ) -> None:
        """Set the copy to what all have counted, and what this gateway has counted since."""
        if isinstance(delta, _AddressDelta):
            _, minute, weight, raw_requests, refusals, connections, banned_until_us, ban_us = reply
            if abs(minute - delta.minute) > 1:
                return  # a clock so far off has nothing to say about this one's windows
            since = self._addresses.get(str(key)) or _AddressDelta(minute)
            self._copy.set_address(
                network_of(str(key)),
                AddressCounts(
                    minute=minute,
                    weight=weight + since.weight,
                    raw_requests=raw_requests + since.raw_requests,
                    refusals=refusals + since.refusals,
                    connections=connections + since.connections,
                    banned_until_us=banned_until_us,
                    ban_us=ban_us,
                ),
            )
            if banned_until_us:
                self._bans[str(key)] = banned_until_us
            return
        _, slot, slot_count, day_count = reply
        if abs(slot - delta.slot) > 1:
            return
        more = self._accounts.get(int(key)) or _AccountDelta(slot)
        net = more.orders - more.credit
        self._copy.set_account(int(key), slot, max(0, slot_count + net), max(0, day_count + net))
