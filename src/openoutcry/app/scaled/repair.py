"""What the owner of a partition answers to gateways whose view of it has a gap."""

from collections.abc import Sequence

from openoutcry.core.records import Event
from openoutcry.partition.books import whole_book
from openoutcry.partition.owners_events import OwnersEvents
from openoutcry.partition.runtime import Partition
from openoutcry.ports.market_data import WholeBook


class OwnersRepair:
    """Implements `ports.repair.Repair` for a partition that is owned here."""

    def __init__(self, partition: Partition, number: int, epoch: int, events: OwnersEvents) -> None:
        self._partition = partition
        self._number = number
        self._epoch = epoch
        self._events = events

    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Return the committed events of an entity after this one; None when some are gone."""
        return await self._events.events_after(entity, entity_seq)

    async def book(self, market: int) -> WholeBook | None:
        """Return a market's whole book, or None where it does not live here."""
        number, epoch = self._number, self._epoch
        return await self._partition.inspect(
            lambda machine: whole_book(machine, market, partition=number, epoch=epoch)
        )
