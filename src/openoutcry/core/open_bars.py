"""The bars of each market that trades still go into, at every interval."""

from collections.abc import Callable, Sequence
from typing import Final

from openoutcry.core.bars import Bar
from openoutcry.core.intervals import INTERVALS, MINUTE_US, SECOND_US, bar_open_us
from openoutcry.core.records import TradeEvent

SECOND: Final = "1s"
_FROM_MINUTES: Final = tuple(name for name in INTERVALS if name != SECOND)


def bars_of_trades(trades: Sequence[TradeEvent], width_us: int) -> list[Bar]:
    """Return the bars of one width that ascending trades fill."""
    bars: list[Bar] = []
    end_us = 0
    for trade in trades:
        if not bars or trade.time_us >= end_us:
            open_us = trade.time_us - trade.time_us % width_us
            end_us = open_us + width_us
            bars.append(Bar(open_us, trade.price_ticks))
        bars[-1].add(trade)
    return bars


class OpenBars:
    """The newest bar of each market and interval; `load` finds it when it is first asked for."""

    def __init__(self, load: Callable[[int, str], Bar | None]) -> None:
        self._load = load
        self._bars: dict[tuple[int, str], Bar | None] = {}

    def add(self, market: int, trades: Sequence[TradeEvent]) -> list[tuple[str, Bar]]:
        """Take in a market's next trades; returns every bar that they changed, as a whole."""
        changed: dict[tuple[str, int], Bar] = {}
        for bar in bars_of_trades(trades, SECOND_US):
            self._merge(market, SECOND, bar.open_us, bar, changed)
        for bar in bars_of_trades(trades, MINUTE_US):
            for interval in _FROM_MINUTES:
                self._merge(market, interval, bar_open_us(interval, bar.open_us), bar, changed)
        return [(interval, bar) for (interval, _), bar in changed.items()]

    def clear(self) -> None:
        """Forget all bars, so that they are loaded again."""
        self._bars.clear()

    def _merge(
        self,
        market: int,
        interval: str,
        open_us: int,
        bar: Bar,
        changed: dict[tuple[str, int], Bar],
    ) -> None:
        """Add a narrow bar to the open bar of an interval, or open the next one with it."""
        key = (market, interval)
        if key not in self._bars:
            self._bars[key] = self._load(market, interval)
        wide = self._bars[key]
        if wide is None or wide.open_us != open_us:
            wide = Bar(open_us, bar.open_ticks)
            self._bars[key] = wide
        wide.merge(bar)
        changed[interval, open_us] = wide
