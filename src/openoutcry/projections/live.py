"""The live view of all markets: takes in each committed batch and answers at once."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from openoutcry.codec.records import Picked
from openoutcry.core.enums import Side
from openoutcry.core.records import LevelEvent, TradeEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import (
    AveragePrice,
    BestQuotes,
    ChangeListener,
    Depth,
    Level,
    MarketChange,
    SavedMarket,
    SavedMarketData,
    WindowStatistics,
)
from openoutcry.projections.aggregates import aggregate_trades
from openoutcry.projections.book import BookMirror
from openoutcry.projections.candles import RecentBars
from openoutcry.projections.tickers import average_price, day_statistics, rolling_statistics

TRADES_KEPT = 1_000
_T = TypeVar("_T")
_BUY = int(Side.BUY)
_LEVEL = Picked(LevelEvent, "market", "side", "price_ticks", "lots", "update_id")


class _Market:
    """What is kept of one market."""

    __slots__ = ("aggregates", "bars", "best", "book", "next_aggregate_id", "trades")

    def __init__(self) -> None:
        self.book = BookMirror()
        self.best = self.book.best()
        self.bars = RecentBars()
        self.trades: deque[TradeEvent] = deque(maxlen=TRADES_KEPT)
        self.aggregates: deque[AggregateTrade] = deque(maxlen=TRADES_KEPT)
        self.next_aggregate_id = 1

    def restore(self, saved: SavedMarket) -> None:
        self.trades.extend(saved.trades)
        self.aggregates.extend(saved.aggregates)
        if self.aggregates:
            self.next_aggregate_id = self.aggregates[-1].aggregate_id + 1
        self.bars.restore(saved.seconds, saved.minutes, saved.hours)

    def last_trade(self) -> TradeEvent | None:
        return self.trades[-1] if self.trades else None

    def take_trades(self, trades: Sequence[TradeEvent]) -> list[AggregateTrade]:
        self.trades.extend(trades)
        self.bars.add_all(trades)
        aggregates = aggregate_trades(self.next_aggregate_id, trades)
        self.next_aggregate_id += len(aggregates)
        self.aggregates.extend(aggregates)
        return aggregates


_NO_MARKET = _Market()
"""Answers for a market of which nothing was heard yet; nothing ever changes it."""


class LiveMarketData:
    """The embedded `ports.market_data.MarketData`."""

    def __init__(self, saved: SavedMarketData | None = None) -> None:
        self._markets: dict[int, _Market] = {}
        self._listeners: list[ChangeListener] = []
        self._seq = 0
        if saved is not None:
            self._seq = saved.seq
            for market, state in saved.markets.items():
                self._market(market).restore(state)

    def replace_book(
        self, market: int, update_id: int, bids: Iterable[Level], asks: Iterable[Level]
    ) -> None:
        """Set a book as a whole: the kernel's after recovery, as of `seq()`."""
        state = self._market(market)
        state.book.replace(update_id, bids, asks)
        state.best = state.book.best()

    def take(self, committed: Committed) -> None:
        """Take in the next batch and tell the listeners; batches up to `seq()` are passed over."""
        if committed.seq <= self._seq:
            return
        assert self._seq == 0 or committed.seq == self._seq + 1, "a batch is missing"
        self._seq = committed.seq
        changes: dict[int, MarketChange] = {}
        for market, side, price_ticks, lots, update_id in committed.pick(_LEVEL):
            change = changes.get(market) or self._change(market, committed, changes)
            if change.first_update_id == 0:
                change.first_update_id = update_id
            change.last_update_id = update_id
            levels = change.bids if side == _BUY else change.asks
            levels[price_ticks] = lots
        for trade in committed.of_type(TradeEvent):
            change = changes.get(trade.market) or self._change(trade.market, committed, changes)
            change.trades.append(trade)
        if changes:
            self._finish([changes[market] for market in sorted(changes)])

    def _change(
        self, market: int, committed: Committed, changes: dict[int, MarketChange]
    ) -> MarketChange:
        if market not in changes:
            self._market(market)
            changes[market] = MarketChange(market, committed.seq, committed.time_us)
        return changes[market]

    def _finish(self, changes: list[MarketChange]) -> None:
        for change in changes:
            state = self._markets[change.market]
            if change.trades:
                change.aggregates = state.take_trades(change.trades)
            if change.last_update_id:
                state.book.change(change.last_update_id, change.bids, change.asks)
                before, state.best = state.best, state.book.best()
                change.best_changed = _quotes(before) != _quotes(state.best)
        for listener in tuple(self._listeners):
            listener(changes)

    def _market(self, market: int) -> _Market:
        if market not in self._markets:
            self._markets[market] = _Market()
        return self._markets[market]

    def _seen(self, market: int) -> _Market:
        return self._markets.get(market, _NO_MARKET)

    def seq(self) -> int:
        """Return the sequence of the last batch that was taken in."""
        return self._seq

    def depth(self, market: int, limit: int) -> Depth:
        """Return up to `limit` levels a side, best first."""
        return self._seen(market).book.depth(limit)

    def best(self, market: int) -> BestQuotes:
        """Return the best bid and offer with their quantities."""
        return self._seen(market).best

    def last_price_ticks(self, market: int) -> int:
        """Return the price of the last trade, 0 when there was none."""
        return self._seen(market).bars.last_close_ticks()

    def trades(self, market: int, limit: int) -> Sequence[TradeEvent]:
        """Return the newest trades, at most 1,000, ascending."""
        return _newest(self._seen(market).trades, limit)

    def aggregate_trades(self, market: int, limit: int) -> Sequence[AggregateTrade]:
        """Return the newest aggregate trades, at most 1,000, ascending."""
        return _newest(self._seen(market).aggregates, limit)

    def candle(
        self, market: int, interval: str, at_us: int, offset_minutes: int = 0
    ) -> Candle | None:
        """Return the bar that holds `at_us`, flat when nothing traded in it."""
        return self._seen(market).bars.candle(interval, at_us, offset_minutes)

    def rolling(self, market: int, minutes: int, now_us: int) -> WindowStatistics:
        """Return the statistics of the last minutes (1 to 10,080)."""
        state = self._seen(market)
        return rolling_statistics(state.bars, state.last_trade(), minutes, now_us)

    def trading_day(self, market: int, now_us: int, offset_minutes: int = 0) -> WindowStatistics:
        """Return the statistics of the calendar day so far."""
        state = self._seen(market)
        return day_statistics(state.bars, state.last_trade(), now_us, offset_minutes)

    def average_price(self, market: int, minutes: int, now_us: int) -> AveragePrice:
        """Return what the last minutes traded."""
        state = self._seen(market)
        return average_price(state.bars, state.last_trade(), minutes, now_us)

    def listen(self, listener: ChangeListener) -> Callable[[], None]:
        """Call the listener after each batch that changed a market; returns how to stop."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop


def _newest(kept: deque[_T], limit: int) -> list[_T]:
    return list(islice(kept, max(0, len(kept) - limit), None))


def _quotes(best: BestQuotes) -> tuple[int, int, int, int]:
    return (best.bid_ticks, best.bid_lots, best.ask_ticks, best.ask_lots)
