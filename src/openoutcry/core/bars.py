"""A bar: what the trades of a stretch of time add up to, in integers of any size."""

from collections.abc import Iterable

from openoutcry.core.enums import Side
from openoutcry.core.intervals import bar_open_us, next_open_us
from openoutcry.core.records import TradeEvent

_BUY = int(Side.BUY)

NO_TRADE_ID = -1
"""The first and last trade id of a bar without trades."""

AggregateKey = tuple[int, int, int, int]


class Bar:
    """One bar, open to more trades; prices in ticks, base in lots, quote in atoms."""

    __slots__ = (
        "close_ticks",
        "first_trade_id",
        "high_ticks",
        "last_trade_id",
        "lots",
        "low_ticks",
        "open_ticks",
        "open_us",
        "quote_atoms",
        "taker_buy_lots",
        "taker_buy_quote_atoms",
        "trades",
    )

    def __init__(self, open_us: int, price_ticks: int) -> None:
        self.open_us = open_us
        self.open_ticks = price_ticks
        self.high_ticks = price_ticks
        self.low_ticks = price_ticks
        self.close_ticks = price_ticks
        self.lots = 0
        self.quote_atoms = 0
        self.trades = 0
        self.taker_buy_lots = 0
        self.taker_buy_quote_atoms = 0
        self.first_trade_id = NO_TRADE_ID
        self.last_trade_id = NO_TRADE_ID

    @classmethod
    def of(cls, open_us: int, figures: Iterable[int]) -> "Bar":
        """Make a bar from `figures()`."""
        bar = cls(open_us, 0)
        (
            bar.open_ticks,
            bar.high_ticks,
            bar.low_ticks,
            bar.close_ticks,
            bar.lots,
            bar.quote_atoms,
            bar.trades,
            bar.taker_buy_lots,
            bar.taker_buy_quote_atoms,
            bar.first_trade_id,
            bar.last_trade_id,
        ) = figures
        return bar

    def figures(self) -> tuple[int, int, int, int, int, int, int, int, int, int, int]:
        """Return all but the time: o h l c, volumes, count, taker buys, first and last id."""
        return (
            self.open_ticks,
            self.high_ticks,
            self.low_ticks,
            self.close_ticks,
            self.lots,
            self.quote_atoms,
            self.trades,
            self.taker_buy_lots,
            self.taker_buy_quote_atoms,
            self.first_trade_id,
            self.last_trade_id,
        )

    def add(self, trade: TradeEvent) -> None:
        """Take in the next trade."""
        price_ticks = trade.price_ticks
        if self.trades == 0:
            self.open_ticks = self.high_ticks = self.low_ticks = price_ticks
            self.first_trade_id = trade.trade_id
        elif price_ticks > self.high_ticks:
            self.high_ticks = price_ticks
        elif price_ticks < self.low_ticks:
            self.low_ticks = price_ticks
        self.close_ticks = price_ticks
        self.lots += trade.lots
        self.quote_atoms += trade.quote_atoms
        self.trades += 1
        if trade.taker_side == _BUY:
            self.taker_buy_lots += trade.lots
            self.taker_buy_quote_atoms += trade.quote_atoms
        self.last_trade_id = trade.trade_id

    def merge(self, later: "Bar") -> None:
        """Take in a bar whose trades all come after those of this one."""
        if later.trades == 0:
            return
        if self.trades == 0:
            self.open_ticks = later.open_ticks
            self.high_ticks = later.high_ticks
            self.low_ticks = later.low_ticks
            self.first_trade_id = later.first_trade_id
        else:
            self.high_ticks = max(self.high_ticks, later.high_ticks)
            self.low_ticks = min(self.low_ticks, later.low_ticks)
        self.close_ticks = later.close_ticks
        self.lots += later.lots
        self.quote_atoms += later.quote_atoms
        self.trades += later.trades
        self.taker_buy_lots += later.taker_buy_lots
        self.taker_buy_quote_atoms += later.taker_buy_quote_atoms
        self.last_trade_id = later.last_trade_id


def merge_bars(open_us: int, bars: Iterable[Bar]) -> Bar | None:
    """Return one bar of ascending bars, or None when there are none."""
    merged: Bar | None = None
    for bar in bars:
        if merged is None:
            merged = Bar(open_us, bar.open_ticks)
        merged.merge(bar)
    return merged


def regroup(bars: Iterable[Bar], interval: str, offset_minutes: int) -> list[Bar]:
    """Return wider bars of ascending bars; each narrow bar must lie inside one wide bar."""
    wide: list[Bar] = []
    end_us = 0
    for bar in bars:
        if not wide or bar.open_us >= end_us:
            open_us = bar_open_us(interval, bar.open_us, offset_minutes)
            end_us = next_open_us(interval, open_us, offset_minutes)
            wide.append(Bar(open_us, bar.open_ticks))
        wide[-1].merge(bar)
    return wide


def fill_flat(
    bars: Iterable[Bar],
    interval: str,
    offset_minutes: int,
    *,
    first_open_us: int,
    end_us: int,
    close_before_ticks: int,
) -> list[Bar]:
    """Return ascending bars and flat ones where nothing traded, from `first_open_us` to `end_us`.

    `close_before_ticks` is the last price before the first bar; while it is 0 (the market has not
    traded yet) no flat bar is made.
    """
    filled: list[Bar] = []
    at_us = first_open_us
    close_ticks = close_before_ticks
    for bar in bars:
        while at_us < bar.open_us:
            if close_ticks:
                filled.append(Bar(at_us, close_ticks))
                at_us = next_open_us(interval, at_us, offset_minutes)
            else:
                at_us = bar.open_us
        filled.append(bar)
        close_ticks = bar.close_ticks
        at_us = next_open_us(interval, bar.open_us, offset_minutes)
    while close_ticks and at_us < end_us:
        filled.append(Bar(at_us, close_ticks))
        at_us = next_open_us(interval, at_us, offset_minutes)
    return filled


def aggregate_key(trade: TradeEvent) -> AggregateKey:
    """Return what neighbouring trades of one aggregate share: command, taker order and price."""
    taker = trade.buy_order_id if trade.taker_side == _BUY else trade.sell_order_id
    return (trade.seq, trade.command, taker, trade.price_ticks)
