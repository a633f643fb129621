"""Whose events go where: from committed batches to the sinks of each account.

An account without a sink costs nothing. Events of one account leave in the order in which the
kernel made them, so an order's own acknowledgement comes before its first fill; after the last
event of each command comes one account position with the balances that the command changed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Protocol

from openoutcry.core.enums import Execution
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import (
    BalanceEvent,
    Event,
    OrderEvent,
    OrderRequestedEvent,
    PreventedEvent,
)
from openoutcry.gateways.edge.catalog import Catalog, Market
from openoutcry.gateways.edge.market_shapes import MICROSECONDS
from openoutcry.gateways.edge.reports import execution_report
from openoutcry.gateways.ws import user_events
from openoutcry.ports.feeds import AccountFeed, Committed, EveryAccount
from openoutcry.ports.history import OrderState

_AT_ONCE = frozenset((Execution.TRADE, Execution.TRADE_PREVENTION, Execution.EXPIRED))


class UserSink(Protocol):
    """One subscription to the events of an account."""

    @property
    def unit_us(self) -> int:
        """Microseconds in the unit of its times."""
        ...

    def user_event(self, event: str) -> None:
        """Take one event's JSON."""
        ...

    def events_lost(self) -> None:
        """Hear that events are missing for ever: the stream has to end."""
        ...


class _Changed:
    """What one command made of an account's balances: (free, held) by asset."""

    __slots__ = ("balances", "time_us")

    def __init__(self) -> None:
        self.balances: dict[int, tuple[int, int]] = {}
        self.time_us = 0


class UserDataHub:
    """The sinks of every account that has any; only these accounts are followed."""

    def __init__(
        self, catalog: Catalog, clock: Callable[[], int], accounts: AccountFeed | None = None
    ) -> None:
        self._accounts = EveryAccount() if accounts is None else accounts
        self._accounts.when_lost(self._shard_lost)
        self._catalog = catalog
        self._clock = clock
        self._sinks: dict[int, dict[UserSink, None]] = {}
        self._changed: dict[int, _Changed] = {}

    def subscribe(self, account_id: int, sink: UserSink) -> Awaitable[None] | None:
        """Let a sink have the account's events from the next batch on.

        Where they come from elsewhere: from when what is returned is done.
        """
        self._sinks.setdefault(account_id, {})[sink] = None
        return self._accounts.follow(account_id)

    @asynccontextmanager
    async def followed(self, account_ids: Collection[int]) -> AsyncIterator[None]:
        """Let whoever subscribes within the block miss nothing from then on."""
        followed: list[int] = []
        try:
            for account_id in account_ids:
                following = self._accounts.follow(account_id)
                followed.append(account_id)
                if following is not None:
                    await following
            yield
        finally:
            for account_id in followed:
                self._accounts.unfollow(account_id)

    def unsubscribe(self, account_id: int, sink: UserSink) -> None:
        """Let a sink have no more of them."""
        sinks = self._sinks.get(account_id)
        if sinks is not None and sink in sinks:
            del sinks[sink]
            if not sinks:
                del self._sinks[account_id]
            self._accounts.unfollow(account_id)

    def _shard_lost(self, shard: int) -> None:
        """Tell the sinks of a shard's accounts that some of their events never come."""
        lost = [found for found in self._sinks.items() if shard_of_account(found[0]) == shard]
        for _, sinks in lost:
            for sink in tuple(sinks):
                sink.events_lost()

    def sink_count(self) -> int:
        """Return how many sinks there are."""
        return sum(len(sinks) for sinks in self._sinks.values())

    def on_committed(self, batch: Committed) -> None:
        """Deliver what a batch says of accounts with sinks (a feed listener)."""
        if not self._sinks:
            return
        now_us = self._clock()
        prevented: PreventedEvent | None = None
        command = -1
        placing = 0
        for event in batch.events:
            placing = _placing(event, placing)
            if event.command != command:
                if not placing or _is_new(event):
                    self._send_positions(now_us)
                command = event.command
                prevented = None
            if isinstance(event, OrderEvent | OrderRequestedEvent):
                if event.account_id in self._sinks:
                    self._order_event(event, prevented)
            elif isinstance(event, PreventedEvent):
                prevented = event
            elif isinstance(event, BalanceEvent) and event.account_id in self._sinks:
                self._balance_event(event, now_us)
        self._send_positions(now_us)

    def _order_event(self, event: OrderState, prevented: PreventedEvent | None) -> None:
        market = self._catalog.market_by_id(event.market)
        self._deliver(event.account_id, partial(_report, market, event, prevented))
        if event.held_atoms or event.released_atoms or event.paid_atoms or event.received_atoms:
            changed = self._changed.setdefault(event.account_id, _Changed())
            changed.time_us = event.time_us
            changed.balances[market.base.id] = (event.base_free_atoms, event.base_held_atoms)
            changed.balances[market.quote.id] = (event.quote_free_atoms, event.quote_held_atoms)

    def _balance_event(self, event: BalanceEvent, now_us: int) -> None:
        asset = self._catalog.asset(event.asset)
        self._deliver(event.account_id, partial(user_events.balance_update, asset, event, now_us))
        changed = self._changed.setdefault(event.account_id, _Changed())
        changed.time_us = event.time_us
        changed.balances[asset.id] = (event.free_atoms, event.held_atoms)

    def _send_positions(self, now_us: int) -> None:
        if not self._changed:
            return
        changed, self._changed = self._changed, {}
        for account_id, entry in changed.items():
            items = [
                (self._catalog.asset(asset_id), free, held)
                for asset_id, (free, held) in entry.balances.items()
            ]
            self._deliver(
                account_id, partial(user_events.account_position, items, entry.time_us, now_us)
            )

    def _deliver(self, account_id: int, body: Callable[[int], str]) -> None:
        """Hand an event to each sink; its JSON is made once a unit of time."""
        texts: dict[int, str] = {}
        for sink in tuple(self._sinks.get(account_id, ())):
            text = texts.get(sink.unit_us)
            if text is None:
                text = texts[sink.unit_us] = body(sink.unit_us)
            sink.user_event(text)


def _is_new(event: Event) -> bool:
    return isinstance(event, OrderEvent) and event.execution == Execution.NEW


def _placing(event: Event, order_id: int) -> int:
    """Return the order of which this is the first event, or more of what it did at once, or 0.

    A market elsewhere tells of that step by step, each a command of its own.
    """
    if not isinstance(event, OrderEvent):
        return 0
    goes_on = event.order_id == order_id and event.execution in _AT_ONCE
    return event.order_id if goes_on or _is_new(event) else 0


def _report(
    market: Market, event: OrderState, prevented: PreventedEvent | None, unit_us: int
) -> str:
    return execution_report(
        market, event, microseconds=unit_us == MICROSECONDS, prevented=prevented
    )
