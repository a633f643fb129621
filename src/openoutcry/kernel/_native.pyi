"""The native kernel's contract. Rows and events are the packed records of `core.records`."""

from collections.abc import Iterable
from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

class Kernel:
    """One partition's state; `apply` is the only method that changes it."""

    def __init__(self, partition: int = 0, *, poison_client_order_id: bytes = b"") -> None: ...
    def apply(self, batch: Buffer, seq: int, skip: Iterable[int] = ()) -> bytes:
        """Apply concatenated commands and return all event records.

        `seq` must be the last one + 1 and the framing sound, else ValueError and nothing happened.
        Commands at the indexes in `skip` are passed over. Raises KernelFault on a failed invariant.
        """

    def seq(self) -> int: ...
    def time_us(self) -> int: ...
    def partition(self) -> int: ...
    def pending(self) -> bool:
        """Whether continuations wait: apply a batch of one Tick before other commands."""

    def events_hash(self) -> bytes:
        """Sixteen bytes rolling over all event bytes so far."""

    def state_hash(self) -> bytes:
        """Sixteen bytes over the canonical state rows."""

    def recount(self) -> str:
        """Return what does not add up (L01 to L05) by full recount; empty when all does."""

    def snapshot(self) -> bytes:
        """Return all state rows in canonical order."""

    @staticmethod
    def restore(
        data: Buffer, *, poison_client_order_id: bytes = b"", checked: bool = False
    ) -> Kernel:
        """Build a kernel from state rows; ValueError when they are damaged.

        Conservation is always recounted. Unless the caller has `checked` their checksum, the rows
        must also come back byte for byte.
        """

    def order(self, account_id: int, order_id: int, /) -> bytes | None: ...
    def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes, /
    ) -> bytes | None: ...
    def open_orders(self, account_id: int, market: int = 0) -> bytes: ...
    def balances(self, account_id: int, /) -> bytes: ...
    def account(self, account_id: int, /) -> bytes | None: ...
    def market(self, market: int, /) -> bytes | None: ...
    def markets(self) -> bytes: ...
    def assets(self) -> bytes: ...
    def meta(self) -> bytes:
        """Return the first row of a snapshot: the partition's own."""

    def shards(self) -> bytes:
        """Return the rows of all account shards that are known here, by number."""

    def accounts_count(self) -> int: ...
    def orders_count(self) -> int: ...
    def depth(
        self, market: int, limit: int, /
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (bids, asks) as (price_ticks, visible lots), best first."""

    def average_price_ticks(self, market: int, /) -> int: ...
    def fee_rates(self, account_id: int, market: int, /) -> tuple[int, int]:
        """Return (maker, taker) in units of 1e-8."""

    def role(self) -> int:
        """Which sides live here; see `core.enums.Role`."""

    def hosts(self, entity: int, /) -> bool:
        """Whether an entity lives here; everything does where both sides live."""

    def hosted(self) -> list[tuple[int, int]]:
        """Return (entity, version of its route) of all that is hosted here, by entity."""

    def departures(self) -> list[tuple[int, int, int, int]]:
        """Return (entity, partition, version, bytes of its rows kept) of all that has left."""

    def arrivals(self) -> list[tuple[int, int, int]]:
        """Return (entity, version, next part) of all that is on its way in."""

    def export(self, entity: int, /) -> bytes:
        """Return the rows of an entity that has left and is not known to have arrived."""

    def outbox(self, source: int = 0) -> bytes:
        """Return the messages not acknowledged, by link and number: one entity's or (0) all."""

    def last_in(self, source: int, destination: int, /) -> int:
        """Return the number of the last message taken in of one link to what is here."""

    def link_positions(self) -> list[tuple[int, int, int]]:
        """Return (source, destination, last message taken in) of the links to what is here."""

    def memory(self) -> dict[str, int]: ...

PlainOrder: TypeAlias = tuple[
    str, int, int, int, str | None, str, bytes | None, str | None, int, int, bytes, str
]
"""What `read_order` reads, see there."""

def read_order(body: bytes) -> PlainOrder | None:
    """Read the form body of a plain order: known names, each once, plain values, signature last.

    Returns symbol, side, type, time in force (numbers of the kernel's enums), price, quantity,
    client order id, response type (None where not sent), timestamp, receive window (-1: not sent),
    the bytes that are signed, and the signature. None for all else, right or wrong.
    """

def stamp(commands: list[bytes], time_us: int) -> bytes:
    """Return a batch of commands, all of one time."""

def sort_events(events: bytes, commands: int) -> tuple[list[int], dict[int, list[int]]]:
    """Return where each command's events begin (and the last one's end), and each kind's places."""

class OrderWriter:
    """Writes the answers to plain orders of one market."""

    def __init__(
        self,
        symbol: str,
        base: tuple[str, int],
        quote: tuple[str, int],
        tick_atoms: int,
        lot_atoms: int,
        words: list[list[str]],
    ) -> None:
        """Take names and scales; `words`: statuses, times in force, types, sides, STP modes."""

    def placed(self, events: bytes, account_id: int, response: str) -> bytes | None:
        """Return the answer of a new order from its command's events; None if it is not plain.

        Times are in milliseconds.
        """
