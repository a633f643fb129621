"""Aggregate trades: the fills of one taker order at one price, as one."""

from collections.abc import Sequence

from openoutcry.core.bars import aggregate_key
from openoutcry.core.enums import Side
from openoutcry.core.records import TradeEvent
from openoutcry.ports.history import AggregateTrade

_SELL = int(Side.SELL)


def aggregate_of(aggregate_id: int, trades: Sequence[TradeEvent]) -> AggregateTrade:
    """Return the aggregate of trades that belong together."""
    first = trades[0]
    return AggregateTrade(
        aggregate_id=aggregate_id,
        price_ticks=first.price_ticks,
        lots=first.lots if len(trades) == 1 else sum(trade.lots for trade in trades),
        first_trade_id=first.trade_id,
        last_trade_id=trades[-1].trade_id,
        time_us=first.time_us,
        buyer_is_maker=first.taker_side == _SELL,
    )


def aggregate_trades(first_id: int, trades: Sequence[TradeEvent]) -> list[AggregateTrade]:
    """Return the aggregates of the trades of one market and batch, with ids from `first_id`."""
    aggregates: list[AggregateTrade] = []
    begun = 0
    last = trades[0]
    for at, trade in enumerate(trades):
        # most trades of a batch are of different commands, which is soon seen
        if trade.command != last.command or aggregate_key(trade) != aggregate_key(last):
            aggregates.append(aggregate_of(first_id + len(aggregates), trades[begun:at]))
            begun = at
        last = trade
    aggregates.append(aggregate_of(first_id + len(aggregates), trades[begun:]))
    return aggregates
