"""A market's book out of a machine's state, for those who publish or mend views of it."""

from openoutcry.core.records import MarketRow
from openoutcry.partition.machine import StateMachine
from openoutcry.ports.market_data import WholeBook

_ALL_LEVELS = 1 << 30


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
