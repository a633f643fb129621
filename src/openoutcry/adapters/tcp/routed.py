"""A gateway's calls: finds who owns an account or a market, and asks again where that is safe.

It is safe while nothing has happened, and, for a command with a digest, when nobody knows whether
it has: the same bytes then get the first answer. Knows the route and the owners only as copies.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct
from typing import Any, TypeVar

from openoutcry.adapters.tcp.remote import CANCELS, take_outcome
from openoutcry.adapters.tcp.spreading import Spreading, refusal
from openoutcry.codec.records import (
    COMMAND_BYTES_MIN,
    COMMAND_KIND_OFFSET,
    COMMAND_MARKET_OFFSET,
    is_command,
)
from openoutcry.core.enums import CommandKind, Reason
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import AccountRow, AssetRow, BalanceRow, MarketRow, MetaRow, OrderRow
from openoutcry.ports.calls import (
    CallError,
    Calls,
    NotConnectedError,
    NotHostedError,
    OutcomeUnknownError,
    OverloadedError,
    Reply,
    StorageFullError,
    Taker,
    UnreachedError,
)
from openoutcry.ports.routes import Owner, Owners, Route

CallsAt = Callable[[int, Owner], Calls]
"""Makes the calls of a partition at its owner."""

_T = TypeVar("_T")
_ACCOUNT_OFFSET = 8
_ACCOUNT = Struct("<Q")
_DIGEST = slice(16, 32)
_NO_DIGEST = bytes(16)
_PARTITION_MAX = (1 << 24) - 1
_DEADLINE = Struct("<q")
_DEADLINE_OFFSET = 32
_MARKET = Struct("<H")
_OF_ACCOUNTS = frozenset(
    {
        *(CommandKind.NEW_ORDER, CommandKind.CANCEL_ORDER, CommandKind.CANCEL_ALL),
        *(CommandKind.CANCEL_REPLACE, CommandKind.AMEND_ORDER, CommandKind.CREATE_ACCOUNT),
        *(CommandKind.UPDATE_ACCOUNT, CommandKind.DEPOSIT, CommandKind.WITHDRAW),
        CommandKind.ADJUST,
    }
)
_EVERYWHERE = frozenset(
    {
        *(CommandKind.CREATE_ASSET, CommandKind.CREATE_MARKET, CommandKind.UPDATE_MARKET),
        *(CommandKind.SET_FEES, CommandKind.SET_LIMITS),
    }
)
_OF_MARKETS = frozenset(  # only the host has a status that decides, so nobody else is told
    {CommandKind.CREATE_MARKET, CommandKind.UPDATE_MARKET, CommandKind.SET_MARKET_STATUS}
)
_ASK_AGAIN = frozenset({Reason.NOT_HOSTED, Reason.REQUEST_PENDING})
_FINAL = (OverloadedError, StorageFullError)
_jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class RoutedLimits:
    """How much a gateway has under way, and for how long it asks again."""

    commands_max: int = 4096
    """Commands under way, of all kinds."""
    orders_max: int = 3584
    """Commands under way when only cancels are taken still."""
    wait_seconds_max: float = 8.0
    """How long a command is asked again for, within its deadline."""
    read_seconds_max: float = 2.0
    spread_seconds_max: float = 30.0
    """How long an administrator's command is repeated until every partition has it."""
    refresh_seconds_min: float = 0.02
    """How long route and owners are believed at least."""
    refresh_seconds_max: float = 1.0
    pause_seconds_min: float = 0.005
    pause_seconds_max: float = 0.2


class RoutedCalls:
    """Implements `ports.calls.Calls` over all partitions."""

    def __init__(
        self,
        route: Route,
        owners: Owners,
        calls_at: CallsAt,
        clock: Callable[[], int],
        limits: RoutedLimits | None = None,
    ) -> None:
        self._route = route
        self._owners = owners
        self._calls_at = calls_at
        self._clock = clock
        self._limits = limits or RoutedLimits()
        self._known: dict[int, tuple[Owner, Calls]] = {}
        self._under_way = 0
        self._refreshing: asyncio.Future[None] | None = None
        self._refreshed_at = -math.inf
        self._spreading = Spreading(self.of_partition, self._limits.spread_seconds_max)

    # -- where things are

    def of_partition(self, partition: int) -> Calls:
        """Return the calls of a partition at its owner; raises NotConnectedError."""
        owner = self._owners.owner_of(partition)
        if owner is None:
            raise NotConnectedError(f"nobody owns partition {partition}")
        known = self._known.get(partition)
        if known is None or known[0] != owner:
            known = self._known[partition] = owner, self._calls_at(partition, owner)
        return known[1]

    def _of_entity(self, entity: int) -> Calls:
        return self.of_partition(self._partition_of(entity))

    def _partition_of(self, entity: int) -> int:
        if entity <= _PARTITION_MAX:
            return entity
        partition = self._route.partition_of(entity)
        if partition is None:
            raise NotHostedError(f"no partition hosts entity {entity:#x}")
        return partition

    async def _refreshed(self) -> None:
        """Read route and owners again; those who ask meanwhile share one reading."""
        refreshing = self._refreshing
        if refreshing is None or refreshing.done():
            refreshing = self._refreshing = asyncio.ensure_future(self._refresh())
        await asyncio.shield(refreshing)

    async def _refresh(self) -> None:
        """Read them, not too often and not for too long: the tables may be away."""
        limits = self._limits
        since = asyncio.get_running_loop().time() - self._refreshed_at
        if since < limits.refresh_seconds_min:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.refresh_seconds_max):
                await asyncio.gather(self._route.refresh(), self._owners.refresh())
        self._refreshed_at = asyncio.get_running_loop().time()

    # -- commands

    async def submit(self, command: bytes) -> Reply:
        """Have a command done by whoever owns its account or market, or by all partitions."""
        kind, entity = self._admitted(command)
        self._under_way += 1
        try:
            if kind in _EVERYWHERE:
                return await self._spread(command, entity)
            return await self._submit(command, entity)
        finally:
            self._under_way -= 1

    def send(self, command: bytes, taker: Taker) -> None:
        """Do as `submit`; the taker is called with what comes of it.

        Without a task, unless it has to be asked again.
        """
        kind, entity = self._admitted(command)
        if kind in _EVERYWHERE:
            take_outcome(self.submit(command), taker)
            return
        self._under_way += 1

        def take(outcome: Reply | CallError) -> None:
            error = outcome if isinstance(outcome, CallError) else _unfinished(outcome)
            if error is None:
                self._under_way -= 1
                taker(outcome)
            else:
                take_outcome(self._ended(self._submit_again(command, entity, error)), taker)

        try:
            self._of_entity(entity).send(command, take)
        except CallError as error:
            take(error)

    async def _ended(self, work: Coroutine[Any, Any, Reply]) -> Reply:
        try:
            return await work
        finally:
            self._under_way -= 1

    def _admitted(self, command: bytes) -> tuple[int, int]:
        """Return the kind of a command and whose it is, unless too much is under way."""
        if not is_command(command):
            raise ValueError("not one command record")
        kind = command[COMMAND_KIND_OFFSET]
        limits = self._limits
        if self._under_way >= (limits.commands_max if kind in CANCELS else limits.orders_max):
            raise OverloadedError("too many commands are under way")
        return kind, self._entity_of(command, kind)

    def _entity_of(self, command: bytes, kind: int) -> int:
        """Return whose command it is; raises ValueError when it is not a gateway's."""
        if kind in _OF_ACCOUNTS:
            return _shard(_ACCOUNT.unpack_from(command, _ACCOUNT_OFFSET)[0])
        if kind in _OF_MARKETS and len(command) > COMMAND_BYTES_MIN:
            return entity_of_market(_MARKET.unpack_from(command, COMMAND_MARKET_OFFSET)[0])
        if kind in _EVERYWHERE:
            return min(self._route.partitions(), default=0)  # a partition is an entity too
        raise ValueError(f"commands of kind {kind} are not a gateway's")

    async def _submit(self, command: bytes, entity: int) -> Reply:
        try:
            reply = await self._of_entity(entity).submit(command)
        except CallError as error:
            return await self._submit_again(command, entity, error)
        unfinished = _unfinished(reply)
        if unfinished is not None:
            return await self._submit_again(command, entity, unfinished)
        return reply

    async def _submit_again(self, command: bytes, entity: int, error: CallError) -> Reply:
        """Send the same bytes until there is an outcome, or no more time for one."""
        has_digest = command[_DIGEST] != _NO_DIGEST
        is_unknown = isinstance(error, OutcomeUnknownError)
        until_us = self._clock() + int(self._limits.wait_seconds_max * 1e6)
        deadline_us = _DEADLINE.unpack_from(command, _DEADLINE_OFFSET)[0]
        if deadline_us:
            until_us = min(until_us, deadline_us)
        pause = self._limits.pause_seconds_min
        while True:
            if (is_unknown and not has_digest) or (not is_unknown and isinstance(error, _FINAL)):
                raise error
            await self._pause(pause)
            pause = min(pause * 2, self._limits.pause_seconds_max)
            if self._clock() >= until_us:
                if is_unknown:
                    raise OutcomeUnknownError(f"not known by the deadline: {error}")
                raise error
            try:
                reply = await self._of_entity(entity).submit(command)
            except CallError as failure:
                error = failure
                is_unknown = is_unknown or isinstance(failure, OutcomeUnknownError)
                continue
            reason = refusal(reply)
            if reason in _ASK_AGAIN:
                error = _not_done(reason)
                is_unknown = is_unknown or isinstance(error, OutcomeUnknownError)
            elif reason is Reason.DEADLINE_PASSED and is_unknown:
                # what is refused is this copy; an earlier one may have been done in time
                raise OutcomeUnknownError("the deadline passed before the outcome was known")
            else:
                return reply

    async def _pause(self, seconds: float) -> None:
        await self._refreshed()
        await asyncio.sleep(seconds * (0.5 + _jitter.random()))

    async def _spread(self, command: bytes, entity: int) -> Reply:
        """Have the host do a command first, then everybody else who keeps a copy."""
        return await self._spreading.submit(
            command,
            lambda: self._submit(command, entity),
            self._route.partitions,
            lambda: self._partition_of(entity),
        )

    # -- reads

    async def _read(self, entity: int, read: Callable[[Calls], Awaitable[_T]]) -> _T:
        """Ask for something that can be asked any number of times."""
        try:
            return await read(self._of_entity(entity))
        except _FINAL:
            raise
        except CallError as error:
            return await self._read_again(entity, read, error)

    async def _read_again(
        self, entity: int, read: Callable[[Calls], Awaitable[_T]], error: CallError
    ) -> _T:
        until_us = self._clock() + int(self._limits.read_seconds_max * 1e6)
        pause = self._limits.pause_seconds_min
        while self._clock() < until_us:
            await self._pause(pause)
            pause = min(pause * 2, self._limits.pause_seconds_max)
            try:
                return await read(self._of_entity(entity))
            except _FINAL:
                raise
            except CallError as failure:
                error = failure
        raise UnreachedError(f"nobody answers: {error}") from error

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        """Return an open order of this account, or None."""
        return await self._read(_shard(account_id), lambda calls: calls.order(account_id, order_id))

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        """Return the open order with this client order id, or None."""
        return await self._read(
            _shard(account_id),
            lambda calls: calls.order_by_client_id(account_id, market, client_order_id),
        )

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account by order id; market 0 means all markets."""
        return await self._read(
            _shard(account_id), lambda calls: calls.open_orders(account_id, market)
        )

    async def balances(self, account_id: int) -> list[BalanceRow]:
        """Return the balances of an account by asset."""
        return await self._read(_shard(account_id), lambda calls: calls.balances(account_id))

    async def account(self, account_id: int) -> AccountRow | None:
        """Return an account's flags, trade group and fee schedule, or None."""
        return await self._read(_shard(account_id), lambda calls: calls.account(account_id))

    async def market(self, market: int) -> MarketRow | None:
        """Return a market's specification and counters from its host, or None."""
        entity = entity_of_market(market)
        if self._route.partition_of(entity) is None:
            return None
        return await self._read(entity, lambda calls: calls.market(market))

    async def average_price_ticks(self, market: int) -> int:
        """Return the price that the filters use now, in ticks."""
        return await self._read(
            entity_of_market(market), lambda calls: calls.average_price_ticks(market)
        )

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return (maker, taker) that an order accepted now would be given."""
        return await self._read(
            _shard(account_id), lambda calls: calls.fee_rates(account_id, market)
        )

    async def catalog(self) -> Sequence[AssetRow | MarketRow | MetaRow]:
        """Return all assets and bounds, and each market as its host has it."""
        anyone = min(self._route.partitions(), default=0)
        found: list[AssetRow | MarketRow | MetaRow] = []
        for row in await self._read(anyone, lambda calls: calls.catalog()):
            if isinstance(row, MarketRow):
                hosts = await self.market(row.market)
                if hosts is not None:
                    found.append(hosts)
            else:
                found.append(row)
        return found

    async def committed_seq(self, account_id: int) -> int:
        """Return the last committed batch of the owner of the account."""
        return await self._read(_shard(account_id), lambda calls: calls.committed_seq(account_id))


def _shard(account_id: int) -> int:
    return entity_of_shard(shard_of_account(account_id))


def _unfinished(reply: Reply) -> CallError | None:
    """Return why a command is to be asked again, or None: this is its outcome."""
    reason = refusal(reply)
    return _not_done(reason) if reason in _ASK_AGAIN else None


def _not_done(reason: Reason) -> CallError:
    """Return what a refusal that is none for the client says of the outcome."""
    if reason is Reason.REQUEST_PENDING:
        return OutcomeUnknownError("the first answer is not there yet")
    return NotHostedError("the entity has moved")
