"""Live market data: books, last trades, open bars, tickers; in memory, as new as the feed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from openoutcry.core.records import TradeEvent
from openoutcry.ports.history import AggregateTrade, Candle

Level = tuple[int, int]
"""(price in ticks, lots); zero lots mean that the level is gone."""


@dataclass(frozen=True, slots=True)
class Depth:
    """A book's levels, best first, as of an update id."""

    last_update_id: int
    bids: Sequence[Level]
    asks: Sequence[Level]


@dataclass(frozen=True, slots=True)
class WholeBook:
    """A market's book as its owner, or a view of it, has it, and where that stands."""

    market: int
    symbol: str
    partition: int
    epoch: int
    seq: int
    entity_seq: int
    update_id: int
    trade_id: int
    time_us: int
    bids: Sequence[Level]
    asks: Sequence[Level]


@dataclass(frozen=True, slots=True)
class BestQuotes:
    """The best bid and offer; a side without orders is (0, 0)."""

    update_id: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int


@dataclass(frozen=True, slots=True)
class WindowStatistics:
    """The trades of a window of time. Without any trade, prices are flat at the last one before it.

    A market that never traded has zero prices. Trade ids are -1 when the window holds no trade.
    `last_lots` is the quantity of the last trade of all, `previous_close_ticks` the last price
    before the window (or the window's first when there is none).
    """

    open_us: int
    close_us: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    last_ticks: int
    last_lots: int
    previous_close_ticks: int
    lots: int
    quote_atoms: int
    trades: int
    first_trade_id: int
    last_trade_id: int


@dataclass(frozen=True, slots=True)
class AveragePrice:
    """What the last minutes traded; all zero when nothing ever did.

    With no trade in those minutes, `lots` is zero and `last_ticks` stands for the average.
    """

    lots: int
    quote_atoms: int
    last_ticks: int
    last_trade_us: int


@dataclass(slots=True)
class MarketChange:
    """What one committed batch changed in one market.

    `bids` and `asks` hold the levels that changed with what is there now (0: gone), by price. The
    update ids run without gaps: `first_update_id` follows the last id of the change before. Both
    are 0 when the batch did not touch the book.
    """

    market: int
    seq: int
    time_us: int
    first_update_id: int = 0
    last_update_id: int = 0
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)
    trades: list[TradeEvent] = field(default_factory=list)
    aggregates: list[AggregateTrade] = field(default_factory=list)
    best_changed: bool = False


ChangeListener = Callable[[Sequence[MarketChange]], None]


class MarketData(Protocol):
    """Reads are synchronous and cheap; they show every batch delivered so far and nothing else.

    A market without trades or orders answers with empty or zero values. Intervals are the names of
    `core.intervals`; `offset_minutes` moves the bounds of bars and days to another time zone.
    """

    def seq(self) -> int:
        """Return the sequence of the last batch that was taken in."""
        ...

    def depth(self, market: int, limit: int) -> Depth:
        """Return up to `limit` levels a side, best first."""
        ...

    def best(self, market: int) -> BestQuotes:
        """Return the best bid and offer with their quantities."""
        ...

    def last_price_ticks(self, market: int) -> int:
        """Return the price of the last trade, 0 when there was none."""
        ...

    def trades(self, market: int, limit: int) -> Sequence[TradeEvent]:
        """Return the newest trades, at most 1,000, ascending."""
        ...

    def aggregate_trades(self, market: int, limit: int) -> Sequence[AggregateTrade]:
        """Return the newest aggregate trades, at most 1,000, ascending."""
        ...

    def candle(
        self, market: int, interval: str, at_us: int, offset_minutes: int = 0
    ) -> Candle | None:
        """Return the bar that holds `at_us`, flat when nothing traded in it.

        None before the first trade of the market, and for bars older than are kept: 20 minutes of
        1s bars, 7 days of bars below an hour, 40 days of the rest; the current and the previous
        bar are always there.
        """
        ...

    def rolling(self, market: int, minutes: int, now_us: int) -> WindowStatistics:
        """Return the statistics of the last minutes (1 to 10,080).

        The window starts on a minute, so it is wider than asked by less than one.
        """
        ...

    def trading_day(self, market: int, now_us: int, offset_minutes: int = 0) -> WindowStatistics:
        """Return the statistics of the calendar day so far; `close_us` is its last instant."""
        ...

    def average_price(self, market: int, minutes: int, now_us: int) -> AveragePrice:
        """Return what the last minutes (1 to 60) traded."""
        ...

    def listen(self, listener: ChangeListener) -> Callable[[], None]:
        """Call the listener after each batch that changed a market; returns how to stop.

        One call per batch with one change per market, in order of market. Listeners run in the
        event loop, must not block and must not raise, and must not alter what they are given.
        """
        ...


@dataclass(frozen=True, slots=True)
class SavedMarket:
    """What the query store remembers of a market for the live view to go on from.

    Bars hold only those in which something traded, ascending.
    """

    trades: Sequence[TradeEvent]
    aggregates: Sequence[AggregateTrade]
    seconds: Sequence[Candle]
    minutes: Sequence[Candle]
    hours: Sequence[Candle]


@dataclass(frozen=True, slots=True)
class SavedMarketData:
    """The markets as of a sequence; books are not among it, the kernel has them."""

    seq: int
    markets: Mapping[int, SavedMarket]
