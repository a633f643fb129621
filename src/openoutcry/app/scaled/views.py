"""What an owner's state says to those who publish it: books, and how far each entity has come."""

from collections.abc import Sequence
from dataclasses import replace

from openoutcry.core.enums import Role
from openoutcry.core.ids import entity_of_market
from openoutcry.core.records import Event
from openoutcry.partition.books import Hosted, hosted, whole_book
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.owners_events import OwnersEvents
from openoutcry.partition.runtime import Partition
from openoutcry.ports.market_data import WholeBook


def reached_of(machine: StateMachine) -> Hosted:
    """Return what a partition publishes: of markets, those that live here and not their copies."""
    found = hosted(machine)
    if machine.role() == Role.JOINED:
        return found
    entities = {entity for entity, _ in machine.hosted()}
    here = [market for market in found.markets if entity_of_market(market) in entities]
    return replace(found, markets=here)


async def read_book(partition: Partition, number: int, epoch: int, market: int) -> WholeBook | None:
    """Return a market's committed book as its owner has it; None when it is not there."""
    return await partition.inspect(
        lambda machine: whole_book(machine, market, partition=number, epoch=epoch)
    )


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
        """Return a market's whole book, or None where there is no such market."""
        return await read_book(self._partition, self._number, self._epoch, market)
