"""The short way of plain orders: read and answered by something faster than the general code."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

PlainOrder: TypeAlias = tuple[
    str, int, int, int, str | None, str, bytes | None, str | None, int, int, bytes, str
]
"""symbol, side, order type, time in force, price, quantity, client order id, response type,
timestamp, receive window (-1: not sent), what is signed, signature; None for what was not sent."""
Named: TypeAlias = tuple[str, int]
"""An asset's name and scale."""


class PlainWriter(Protocol):
    """Writes the answers to the plain orders of one market."""

    def placed(self, events: bytes, account_id: int, response: str, /) -> bytes | None:
        """Return the answer from the events of the order's command; None when it is not plain."""
        ...


@dataclass(frozen=True, slots=True)
class PlainOrders:
    """Both ends of the short way. What they do not know they leave to the general code."""

    read: Callable[[bytes], PlainOrder | None]
    """Read the form of a signed order; None for all that is not plain, right or wrong."""
    writer: Callable[[str, Named, Named, int, int, list[list[str]]], PlainWriter]
    """Make a writer from symbol, base, quote, atoms of a tick and of a lot, and the words for
    statuses, times in force, order types, sides and modes of self-trade prevention by number."""
