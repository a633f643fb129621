"""What a machine hosts and its books, for those who publish or mend views of them."""

from dataclasses import dataclass

from openoutcry.core.enums import RowKind
from openoutcry.core.records import ROWS, MarketRow, MetaRow, ShardRow
from openoutcry.partition.machine import StateMachine
from openoutcry.ports.market_data import WholeBook

_ALL_LEVELS = 1 << 30
_KIND_OFFSET = 2


@dataclass(frozen=True, slots=True)
class Hosted:
    """The entities of a partition, and how far each that is not a market has come."""

    entity_seq: int
    """The partition's own."""
    markets: list[int]
    shards: list[tuple[int, int]]
    """(shard, entity_seq)"""


def hosted(machine: StateMachine) -> Hosted:
    """Return what a machine holds."""
    found = Hosted(MetaRow.unpack(data := machine.snapshot()).entity_seq, [], [])
    offset = 0
    while offset < len(data) and (kind := data[offset + _KIND_OFFSET]) <= RowKind.SHARD:
        if kind == RowKind.MARKET:
            found.markets.append(MarketRow.unpack(data, offset).market)
        elif kind == RowKind.SHARD:
            row = ShardRow.unpack(data, offset)
            found.shards.append((row.shard, row.entity_seq))
        offset += ROWS[kind].SIZE
    return found


def whole_book(
    machine: StateMachine, market: int, *, partition: int, epoch: int
) -> WholeBook | None:
    """Return a market's book and where it stands; None for a market that is not known.

    To be read by `Partition.inspect`, which waits until what it saw is committed.
    """
    data = machine.market(market)
    if data is None:
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
