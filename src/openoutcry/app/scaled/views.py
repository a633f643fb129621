"""What an owner's state says to those who publish it: books, and how far each entity has come."""

from collections.abc import Sequence
from typing import NamedTuple

from openoutcry.core.enums import Role, RowKind
from openoutcry.core.ids import entity_of_market
from openoutcry.core.records import Event, MarketRow, MetaRow, ShardRow
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.owners_events import OwnersEvents
from openoutcry.partition.runtime import Partition
from openoutcry.ports.market_data import WholeBook

_ALL_LEVELS = 1 << 30
_KIND_OFFSET = 2


class Reached(NamedTuple):
    """What a partition hosts, and how far its entities have come."""

    markets: list[int]
    shards: list[tuple[int, int]]
    """(shard, entity_seq)"""
    partition_entity_seq: int


def reached_of(machine: StateMachine) -> Reached:
    """Read it from the state rows; those after the shards, which are many, are not looked at."""
    markets: list[int] = []
    shards: list[tuple[int, int]] = []
    entity_seq = 0
    data = machine.snapshot()
    at = 0
    while at < len(data) and data[at + _KIND_OFFSET] < RowKind.HOUSE:
        kind = data[at + _KIND_OFFSET]
        if kind == RowKind.META:
            entity_seq = MetaRow.unpack(data, at).entity_seq
        elif kind == RowKind.MARKET:
            markets.append(MarketRow.unpack(data, at).market)
        elif kind == RowKind.SHARD:
            row = ShardRow.unpack(data, at)
            shards.append((row.shard, row.entity_seq))
        at += int.from_bytes(data[at : at + 2], "little")
    if machine.role() == Role.MARKETS:  # what is only known here is published by its host
        hosted = {entity for entity, _ in machine.hosted()}
        markets = [market for market in markets if entity_of_market(market) in hosted]
    elif machine.role() == Role.ACCOUNTS:
        markets = []
    return Reached(markets, shards, entity_seq)


async def read_book(partition: Partition, number: int, epoch: int, market: int) -> WholeBook | None:
    """Return a market's committed book as its owner has it; None when it is not there."""

    def view(machine: StateMachine) -> WholeBook | None:
        packed = machine.market(market)
        if packed is None:
            return None
        row = MarketRow.unpack(packed)
        bids, asks = machine.depth(market, _ALL_LEVELS)
        return WholeBook(
            market=market,
            symbol=row.symbol.rstrip(b"\0").decode("ascii"),
            partition=number,
            epoch=epoch,
            seq=machine.seq(),
            entity_seq=row.entity_seq,
            update_id=row.update_id,
            trade_id=row.trade_id,
            time_us=machine.time_us(),
            bids=bids,
            asks=asks,
        )

    return await partition.inspect(view)


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
