"""Commands to the partition that owns an entity, and reads of its state."""

from collections.abc import Callable, Sequence
from typing import Protocol

from openoutcry.codec.records import decode_events
from openoutcry.core.records import (
    AccountRow,
    AssetRow,
    BalanceRow,
    Event,
    MarketRow,
    MetaRow,
    OrderRow,
)


class CallError(Exception):
    """A command has no reply; the subclass says what is known of its outcome."""


class NotAcceptedError(CallError):
    """The partition did not take the command: it is stopping or overloaded. Nothing happened."""


class StorageFullError(NotAcceptedError):
    """New orders are refused until the journal has room; cancels still pass. Nothing happened."""


class OverloadedError(NotAcceptedError):
    """Too much is under way; new orders are refused before cancels. Nothing happened."""


class UnreachedError(NotAcceptedError):
    """No owner was found that would take it. Nothing happened, and it may be tried again."""


class NotConnectedError(UnreachedError):
    """The owner is not reached, or nobody is known to own the partition. Nothing was sent."""


class NotOwnerError(UnreachedError):
    """The process that was asked does not own the partition, or not any more. Nothing happened."""


class NotHostedError(UnreachedError):
    """The partition does not host the entity: the route has changed. Nothing happened."""


class OutcomeUnknownError(CallError):
    """The command may or may not have been committed; a resend of the same digest tells."""


class Reply:
    """All events of one committed command, in order; they may speak of other accounts too."""

    __slots__ = ("_events", "records", "seq", "time_us")

    def __init__(self, seq: int, time_us: int, records: bytes) -> None:
        self.seq = seq
        self.time_us = time_us
        self.records = records
        """The events as bytes."""
        self._events: Sequence[Event] | None = None

    @property
    def events(self) -> Sequence[Event]:
        """The events, decoded for who asks first."""
        if self._events is None:
            self._events = decode_events(self.records)
        return self._events


Taker = Callable[[Reply | CallError], None]
"""Takes what came of a command, in the event loop; must not raise."""


class Calls(Protocol):
    """The owner of the accounts and markets, wherever it runs.

    Replies and reads are released only when the batch that they saw is committed. Each
    method may raise CallError, and awaits plain futures only: a caller without a task may drive it.
    """

    async def submit(self, command: bytes) -> Reply:
        """Journal and apply one packed command; the owner stamps its time. Raises CallError."""
        ...

    def send(self, command: bytes, taker: Taker) -> None:
        """Do as `submit` without waiting: the taker is called later, with the reply or the error.

        What is known at once is raised at once, and the taker not called.
        """
        ...

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        """Return an open order of this account, or None."""
        ...

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        """Return the open order with this client order id, or None."""
        ...

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account by order id; market 0 means all markets."""
        ...

    async def balances(self, account_id: int) -> list[BalanceRow]:
        """Return the balances of an account by asset; assets never held are absent."""
        ...

    async def account(self, account_id: int) -> AccountRow | None:
        """Return an account's flags, trade group and fee schedule, or None."""
        ...

    async def market(self, market: int) -> MarketRow | None:
        """Return a market's specification and counters, or None."""
        ...

    async def average_price_ticks(self, market: int) -> int:
        """Return the price, in ticks, that the percent and notional filters use now; 0: none."""
        ...

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return (maker, taker) in units of 1e-8 that an order accepted now would be given."""
        ...

    async def catalog(self) -> Sequence[AssetRow | MarketRow | MetaRow]:
        """Return all assets, markets and the bounds over all markets (in MetaRow)."""
        ...

    async def committed_seq(self, account_id: int) -> int:
        """Return the last committed batch of whoever owns the account: its watermark for reads."""
        ...
