"""What the runtime asks of a kernel, so that the reference and tests can stand in for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from openoutcry.codec.records import Places, sort_events, stamp


class StateMachine(Protocol):
    """One instance of the exchange's state; see `openoutcry.kernel.Kernel`."""

    def apply(self, batch: bytes, seq: int, skip: tuple[int, ...] = ()) -> bytes:
        """Apply a batch; `skip` holds the indexes of quarantined commands."""
        ...

    def seq(self) -> int:
        """Return the last batch's sequence."""
        ...

    def time_us(self) -> int:
        """Return the last command's time."""
        ...

    def pending(self) -> bool:
        """Whether continuations wait for a tick."""
        ...

    def events_hash(self) -> bytes:
        """Return the rolling hash of all event bytes."""
        ...

    def state_hash(self) -> bytes:
        """Return the canonical hash of the state rows."""
        ...

    def recount(self) -> str:
        """Return what is wrong with the money, or nothing."""
        ...

    def snapshot(self) -> bytes:
        """Return the state rows."""
        ...

    def order(self, account_id: int, order_id: int, /) -> bytes | None:
        """Return an open order's row."""
        ...

    def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes, /
    ) -> bytes | None:
        """Return the row of the open order with this client order id."""
        ...

    def open_orders(self, account_id: int, market: int = 0) -> bytes:
        """Return rows of open orders."""
        ...

    def balances(self, account_id: int, /) -> bytes:
        """Return balance rows."""
        ...

    def account(self, account_id: int, /) -> bytes | None:
        """Return an account's row."""
        ...

    def market(self, market: int, /) -> bytes | None:
        """Return a market's row."""
        ...

    def markets(self) -> bytes:
        """Return all market rows by id."""
        ...

    def assets(self) -> bytes:
        """Return all asset rows by id."""
        ...

    def meta(self) -> bytes:
        """Return the partition's own row."""
        ...

    def shards(self) -> bytes:
        """Return the rows of all account shards that are known here, by number."""
        ...

    def depth(
        self, market: int, limit: int, /
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (bids, asks) as (price in ticks, lots), best first."""
        ...

    def average_price_ticks(self, market: int, /) -> int:
        """Return the average price of the filters."""
        ...

    # -- between partitions

    def role(self) -> int:
        """Return which sides live here; see `core.enums.Role`."""
        ...

    def outbox(self, source: int = 0) -> bytes:
        """Return link records not acknowledged yet."""
        ...

    def link_positions(self) -> list[tuple[int, int, int]]:
        """Return (source, destination, last message taken in) of the links to what is here."""
        ...

    def last_in(self, source: int, destination: int, /) -> int:
        """Return the number of the last message taken in of one link."""
        ...

    def departures(self) -> list[tuple[int, int, int, int]]:
        """Return (entity, partition, version, bytes of its rows kept) of all that has left."""
        ...

    def export(self, entity: int, /) -> bytes:
        """Return the rows of an entity that has left and is not known to have arrived."""
        ...

    def hosts(self, entity: int, /) -> bool:
        """Whether an entity lives here; everything does where both sides live."""
        ...

    def hosted(self) -> list[tuple[int, int]]:
        """Return (entity, version of its route) of all that is hosted here."""
        ...

    def fee_rates(self, account_id: int, market: int, /) -> tuple[int, int]:
        """Return maker and taker rates."""
        ...


@dataclass(frozen=True, slots=True)
class Machines:
    """How to make a state machine, and how one says that it has failed."""

    fresh: Callable[[], StateMachine]
    restore: Callable[[bytes], StateMachine]
    fault: type[Exception]
    """Carries the index of the command as `index`; the instance that raised it is dead."""
    stamp: Callable[[list[bytes], int], bytes] = stamp
    sort_events: Callable[[bytes, int], Places] = sort_events
    """These two as the codec makes them, or faster."""
