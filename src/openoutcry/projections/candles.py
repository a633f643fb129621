"""Recent bars of one market in memory: trades go into narrow bars, wide ones are their sums."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from openoutcry.core.bars import Bar, merge_bars
from openoutcry.core.intervals import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    SECOND_US,
    bar_open_us,
    next_open_us,
)
from openoutcry.core.records import TradeEvent
from openoutcry.ports.history import Candle

SECONDS_KEPT_US = 20 * MINUTE_US
MINUTES_KEPT_US = 7 * DAY_US + HOUR_US
HOURS_KEPT_US = 64 * DAY_US
_SPANS_CACHED_MAX = 1_000
FIRST_TRADE_ID = 1


def candle_of(bar: Bar, close_us: int) -> Candle:
    """Return a bar as what people query; `close_us` is its last instant."""
    return Candle(bar.open_us, close_us, *bar.figures())


def bar_of(candle: Candle) -> Bar:
    """Return a queried bar as one that takes more trades."""
    return Bar.of(
        candle.open_us,
        (
            candle.open_ticks,
            candle.high_ticks,
            candle.low_ticks,
            candle.close_ticks,
            candle.lots,
            candle.quote_atoms,
            candle.trades,
            candle.taker_buy_lots,
            candle.taker_buy_quote_atoms,
            candle.first_trade_id,
            candle.last_trade_id,
        ),
    )


class BarSeries:
    """Bars of one width, ascending, only those with trades; old ones are dropped."""

    __slots__ = ("_kept_us", "_width_us", "bars", "dropped_close_ticks", "opens")

    def __init__(self, width_us: int, kept_us: int) -> None:
        self._width_us = width_us
        self._kept_us = kept_us
        self.opens: list[int] = []
        self.bars: list[Bar] = []
        self.dropped_close_ticks = 0

    def append(self, bar: Bar) -> None:
        """Add the next bar."""
        assert not self.opens or self.opens[-1] < bar.open_us
        self.opens.append(bar.open_us)
        self.bars.append(bar)
        oldest_us = bar.open_us - self._kept_us
        # drop in runs: taking from the front of a list moves all of it
        if self.opens[0] < oldest_us - self._kept_us // 8:
            count = bisect_left(self.opens, oldest_us)
            self.dropped_close_ticks = self.bars[count - 1].close_ticks
            del self.opens[:count]
            del self.bars[:count]

    def add(self, run: Bar) -> bool:
        """Put trades of one instant into their bar; True when that opened a new one."""
        time_us = run.open_us
        if self.opens and time_us < self.opens[-1] + self._width_us:
            self.bars[-1].merge(run)
            return False
        bar = Bar(time_us - time_us % self._width_us, run.open_ticks)
        bar.merge(run)
        self.append(bar)
        return True

    def between(self, from_us: int, to_us: int) -> list[Bar]:
        """Return the bars that open in `from_us <= open < to_us`."""
        opens = self.opens
        return self.bars[bisect_left(opens, from_us) : bisect_left(opens, to_us)]

    def close_before(self, at_us: int) -> int:
        """Return the last price before a time on a bound of this width; 0 when not known."""
        count = bisect_left(self.opens, at_us)
        return self.bars[count - 1].close_ticks if count else self.dropped_close_ticks

    def covers(self, from_us: int) -> bool:
        """Return whether every bar from this time on is still here."""
        return self.dropped_close_ticks == 0 or (bool(self.opens) and from_us >= self.opens[0])


class RecentBars:
    """Seconds, minutes, hours of one market, and any stretch of minutes summed from them."""

    __slots__ = ("_spans", "hours", "minutes", "seconds")

    def __init__(self) -> None:
        self.seconds = BarSeries(SECOND_US, SECONDS_KEPT_US)
        self.minutes = BarSeries(MINUTE_US, MINUTES_KEPT_US)
        self.hours = BarSeries(HOUR_US, HOURS_KEPT_US)
        self._spans: dict[tuple[int, int], Bar | None] = {}

    def restore(
        self, seconds: Iterable[Candle], minutes: Iterable[Candle], hours: Iterable[Candle]
    ) -> None:
        """Begin again from saved bars."""
        saved = ((self.seconds, seconds), (self.minutes, minutes), (self.hours, hours))
        for series, candles in saved:
            for candle in candles:
                series.append(bar_of(candle))
        for series, _ in saved:
            if series.bars and series.bars[0].first_trade_id > FIRST_TRADE_ID:
                first_us = series.opens[0]
                earlier_ticks = self.hours.close_before(first_us - first_us % HOUR_US)
                series.dropped_close_ticks = earlier_ticks or series.bars[0].open_ticks
        self._spans.clear()

    def add_all(self, trades: Sequence[TradeEvent]) -> None:
        """Take in the next trades; those of one instant are summed once for all widths."""
        first = trades[0]
        if first.time_us == trades[-1].time_us:
            run = Bar(first.time_us, first.price_ticks)
            for trade in trades:
                run.add(trade)
            self._add_run(run)
            return
        for _, run_trades in groupby(trades, key=attrgetter("time_us")):
            self.add_all(list(run_trades))

    def _add_run(self, run: Bar) -> None:
        self.seconds.add(run)
        self.hours.add(run)
        if self.minutes.add(run):
            self._spans.clear()

    def last_close_ticks(self) -> int:
        """Return the price of the last trade, 0 when there was none."""
        return self.minutes.bars[-1].close_ticks if self.minutes.bars else 0

    def close_before(self, at_us: int) -> int:
        """Return the last price before a minute's start, 0 when there is none that is known."""
        if self.minutes.covers(at_us) or at_us % HOUR_US:
            return self.minutes.close_before(at_us)
        return self.hours.close_before(at_us)

    def span(self, from_us: int, to_us: int) -> Bar | None:
        """Return the sum over `from_us <= time < to_us`, whole minutes; None without trades."""
        assert from_us % MINUTE_US == 0
        assert to_us % MINUTE_US == 0
        if not self.minutes.opens or to_us <= from_us:
            return None
        open_minute_us = self.minutes.opens[-1]
        closed = self._closed_span(from_us, min(to_us, open_minute_us))
        if not from_us <= open_minute_us < to_us:
            return closed
        return merge_bars(from_us, (bar for bar in (closed, self.minutes.bars[-1]) if bar))

    def _closed_span(self, from_us: int, to_us: int) -> Bar | None:
        """Return the sum over minutes that are over; remembered until the next minute opens."""
        key = (from_us, to_us)
        if key not in self._spans:
            if len(self._spans) >= _SPANS_CACHED_MAX:
                self._spans.clear()
            self._spans[key] = merge_bars(from_us, self._parts(from_us, to_us))
        return self._spans[key]

    def _parts(self, from_us: int, to_us: int) -> Iterable[Bar]:
        """Return bars that cover the stretch: whole hours in its middle, minutes at its ends."""
        first_hour_us = from_us + -from_us % HOUR_US
        end_hour_us = to_us - to_us % HOUR_US
        if first_hour_us >= end_hour_us:
            return self.minutes.between(from_us, to_us)
        return [
            *self.minutes.between(from_us, first_hour_us),
            *self.hours.between(first_hour_us, end_hour_us),
            *self.minutes.between(end_hour_us, to_us),
        ]

    def candle(self, interval: str, at_us: int, offset_minutes: int) -> Candle | None:
        """Return the bar that holds a time; None when it is no longer, or not yet, known."""
        open_us = bar_open_us(interval, at_us, offset_minutes)
        end_us = next_open_us(interval, open_us, offset_minutes)
        if interval == "1s":
            return self._second(open_us)
        known = self.hours if open_us % HOUR_US == 0 else self.minutes
        if not known.covers(open_us):
            return None
        if end_us - open_us < HOUR_US and not self.minutes.covers(open_us):
            return None
        bar = self.span(open_us, end_us)
        if bar is None:
            close_ticks = self.close_before(open_us)
            if close_ticks == 0:
                return None
            bar = Bar(open_us, close_ticks)
        return candle_of(bar, end_us - 1)

    def _second(self, open_us: int) -> Candle | None:
        if not self.seconds.covers(open_us):
            return None
        found = self.seconds.between(open_us, open_us + SECOND_US)
        if found:
            return candle_of(found[0], open_us + SECOND_US - 1)
        close_ticks = self.seconds.close_before(open_us)
        return (
            candle_of(Bar(open_us, close_ticks), open_us + SECOND_US - 1) if close_ticks else None
        )
