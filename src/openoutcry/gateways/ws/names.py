"""What a stream's name says: which market, what of it, how often.

`<symbol>@<what>[@<how>]` speaks of one market, `!<what>[@arr]` of all. A symbol is in lower case.
A name of a known form is good also when no such market is open (yet): nothing comes then.
"""

import re
from dataclasses import dataclass
from enum import Enum

from openoutcry.core.intervals import INTERVALS


class Topic(Enum):
    """What a stream carries."""

    TRADE = "trade"
    AGGREGATE_TRADE = "aggTrade"
    BLOCK_TRADE = "blockTrade"
    BOOK_TICKER = "bookTicker"
    DIFF_DEPTH = "depth"
    PARTIAL_DEPTH = "depth of"
    KLINE = "kline"
    MINI_TICKER = "miniTicker"
    TICKER = "ticker"
    WINDOW_TICKER = "ticker of"
    AVERAGE_PRICE = "avgPrice"
    REFERENCE_PRICE = "referencePrice"
    SHUTDOWN = "serverShutdown"


WINDOW_MINUTES = {"1h": 60, "4h": 240, "1d": 1440}
FAST_MS = 100
SLOW_MS = 1000
KLINE_MS = 2000
PERIOD_MS_MAX = 60_000

_DEPTH = re.compile(r"depth(5|10|20)?(?:@(100|1000)ms)?")
_KLINE = re.compile(r"kline_([0-9]{1,2}[smhdwM])(?:@(\+08:00))?")
_WINDOW = re.compile(r"ticker_(1h|4h|1d)")
_SYMBOL = re.compile(r"[a-z0-9\u0080-\U0010ffff]{1,40}")
_ALL = re.compile(
    r"!(?:(miniTicker|ticker|ticker_(?:1h|4h|1d))@arr(?:@([0-9]{1,5})ms)?|(bookTicker|serverShutdown))"
)
_PLAIN = {
    "trade": (Topic.TRADE, 0),
    "aggTrade": (Topic.AGGREGATE_TRADE, 0),
    "blockTrade": (Topic.BLOCK_TRADE, 0),
    "bookTicker": (Topic.BOOK_TICKER, 0),
    "miniTicker": (Topic.MINI_TICKER, SLOW_MS),
    "ticker": (Topic.TICKER, SLOW_MS),
    "avgPrice": (Topic.AVERAGE_PRICE, SLOW_MS),
    "referencePrice": (Topic.REFERENCE_PRICE, SLOW_MS),
}
_UTC8_MINUTES = 8 * 60


@dataclass(frozen=True, slots=True)
class StreamName:
    """A parsed name. `period_ms` 0 means as it happens; an empty symbol means all markets."""

    text: str
    topic: Topic
    symbol: str = ""
    period_ms: int = 0
    levels: int = 0
    interval: str = ""
    offset_minutes: int = 0


def parse_stream(text: str) -> StreamName | None:
    """Return what a name says, or None when it is no name of a market stream."""
    if text.startswith("!"):
        return _parse_all(text)
    symbol, _, what = text.partition("@")
    if not what or _SYMBOL.fullmatch(symbol) is None:
        return None
    symbol = symbol.upper()
    plain = _PLAIN.get(what)
    if plain is not None:
        return StreamName(text, plain[0], symbol, plain[1])
    found = _DEPTH.fullmatch(what)
    if found is not None:
        levels = int(found[1] or 0)
        topic = Topic.PARTIAL_DEPTH if levels else Topic.DIFF_DEPTH
        return StreamName(text, topic, symbol, int(found[2] or SLOW_MS), levels)
    found = _KLINE.fullmatch(what)
    if found is not None and found[1] in INTERVALS:
        period_ms = SLOW_MS if found[1] == "1s" else KLINE_MS
        offset = _UTC8_MINUTES if found[2] else 0
        return StreamName(
            text, Topic.KLINE, symbol, period_ms, interval=found[1], offset_minutes=offset
        )
    found = _WINDOW.fullmatch(what)
    if found is not None:
        return StreamName(text, Topic.WINDOW_TICKER, symbol, SLOW_MS, interval=found[1])
    return None


def _parse_all(text: str) -> StreamName | None:
    found = _ALL.fullmatch(text)
    if found is None:
        return None
    if found[3] is not None:
        topic = Topic.BOOK_TICKER if found[3] == "bookTicker" else Topic.SHUTDOWN
        return StreamName(text, topic)
    period_ms = SLOW_MS if found[2] is None else _period_ms(int(found[2]))
    if found[1] == "miniTicker":
        return StreamName(text, Topic.MINI_TICKER, period_ms=period_ms)
    if found[1] == "ticker":
        return StreamName(text, Topic.TICKER, period_ms=period_ms)
    window = found[1].removeprefix("ticker_")
    return StreamName(text, Topic.WINDOW_TICKER, period_ms=period_ms, interval=window)


def _period_ms(asked_ms: int) -> int:
    """Return the nearest period that the hub's clock can keep."""
    steps = max(1, round(asked_ms / FAST_MS))
    return min(steps * FAST_MS, PERIOD_MS_MAX)
