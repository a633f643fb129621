"""What an owner tells whoever has a gap in a feed: events that were missed, a book as it is."""

from collections.abc import Sequence
from typing import Protocol

from openoutcry.core.records import Event
from openoutcry.ports.market_data import WholeBook


class Repair(Protocol):
    """The newest of what an owner has committed; each method may raise CallError."""

    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Return the committed events of an entity after this one; None when some are gone."""
        ...

    async def book(self, market: int) -> WholeBook | None:
        """Return a market's whole book, or None where there is no such market."""
        ...
