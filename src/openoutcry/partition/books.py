"""What a machine hosts and its books, for those who publish or mend views of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from openoutcry.core.ids import entity_of_market
from openoutcry.core.records import MarketRow, MetaRow, ShardRow
from openoutcry.partition.machine import StateMachine
from openoutcry.ports.market_data import WholeBook

_ALL_LEVELS = 1 << 30


@dataclass(frozen=True, slots=True)
class Hosted:
    """The entities that live in a partition, and how far each that is not a market has come."""

    entity_seq: int
    """The partition's own."""
    markets: list[int]
    shards: list[tuple[int, int]]
    """(shard, entity_seq)"""


def hosted(machine: StateMachine) -> Hosted:
    """Return what lives in a machine: copies of markets that live elsewhere are left out."""
    shards, markets = machine.shards(), machine.markets()
    rows = [ShardRow.unpack(shards, at) for at in range(0, len(shards), ShardRow.SIZE)]
    return Hosted(
        MetaRow.unpack(machine.meta()).entity_seq,
        [row.market for row in _markets(markets) if machine.hosts(entity_of_market(row.market))],
        [(row.shard, row.entity_seq) for row in rows if machine.hosts(row.entity)],
    )


def _markets(data: bytes) -> Iterator[MarketRow]:
    return (MarketRow.unpack(data, at) for at in range(0, len(data), MarketRow.SIZE))


def whole_book(
    machine: StateMachine, market: int, *, partition: int, epoch: int
) -> WholeBook | None:
    """Return a market's book and where it stands; None for a market that does not live here.

    To be read by `Partition.inspect`, which waits until what it saw is committed.
    """
    data = machine.market(market)
    if data is None or not machine.hosts(entity_of_market(market)):
        return None
    row = MarketRow.unpack(data)
    bids, asks = machine.depth(market, _ALL_LEVELS)
    return WholeBook(
        market=market,
        symbol=row.symbol.rstrip(b"\0").decode("ascii"),
        partition=partition,
        epoch=epoch,
        seq=machine.seq(),
        entity_seq=row.entity_seq,
        update_id=row.update_id,
        trade_id=row.trade_id,
        time_us=machine.time_us(),
        bids=bids,
        asks=asks,
    )
