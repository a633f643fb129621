"""Statistics of a window of time, exact, from bars of whole minutes."""

from openoutcry.core.bars import Bar
from openoutcry.core.intervals import MINUTE_US, bar_open_us, next_open_us
from openoutcry.core.records import TradeEvent
from openoutcry.ports.market_data import AveragePrice, WindowStatistics
from openoutcry.projections.candles import RecentBars


def rolling_statistics(
    bars: RecentBars, last_trade: TradeEvent | None, minutes: int, now_us: int
) -> WindowStatistics:
    """Return the statistics of the last minutes: from a minute's start to now."""
    open_us = now_us - now_us % MINUTE_US - minutes * MINUTE_US
    return _statistics(bars, last_trade, open_us, now_us)


def day_statistics(
    bars: RecentBars, last_trade: TradeEvent | None, now_us: int, offset_minutes: int
) -> WindowStatistics:
    """Return the statistics of the calendar day that holds now."""
    open_us = bar_open_us("1d", now_us, offset_minutes)
    return _statistics(bars, last_trade, open_us, next_open_us("1d", open_us) - 1)


def average_price(
    bars: RecentBars, last_trade: TradeEvent | None, minutes: int, now_us: int
) -> AveragePrice:
    """Return the sums over the last minutes, the one that runs included."""
    end_us = now_us - now_us % MINUTE_US + MINUTE_US
    bar = bars.span(end_us - minutes * MINUTE_US, end_us)
    return AveragePrice(
        lots=bar.lots if bar else 0,
        quote_atoms=bar.quote_atoms if bar else 0,
        last_ticks=last_trade.price_ticks if last_trade else 0,
        last_trade_us=last_trade.time_us if last_trade else 0,
    )


def _statistics(
    bars: RecentBars, last_trade: TradeEvent | None, open_us: int, close_us: int
) -> WindowStatistics:
    end_us = close_us - close_us % MINUTE_US + MINUTE_US
    bar = bars.span(open_us, end_us)
    before_ticks = bars.close_before(open_us)
    if bar is None:
        bar = Bar(open_us, before_ticks)
    return WindowStatistics(
        open_us=open_us,
        close_us=close_us,
        open_ticks=bar.open_ticks,
        high_ticks=bar.high_ticks,
        low_ticks=bar.low_ticks,
        last_ticks=bar.close_ticks,
        last_lots=last_trade.lots if last_trade else 0,
        previous_close_ticks=before_ticks or bar.open_ticks,
        lots=bar.lots,
        quote_atoms=bar.quote_atoms,
        trades=bar.trades,
        first_trade_id=bar.first_trade_id,
        last_trade_id=bar.last_trade_id,
    )
