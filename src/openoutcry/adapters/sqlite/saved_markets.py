"""What the live market data goes on from after a restart, read from the query store."""

import contextlib
import sqlite3
from pathlib import Path

from openoutcry.adapters.sqlite.history_schema import (
    CANDLE_COLUMNS,
    INTERVAL_NUMBERS,
    bar_of_row,
    market_key,
    number_of_key,
    open_for_reading,
)
from openoutcry.core.intervals import DAY_US, INTERVALS, MINUTE_US
from openoutcry.core.records import TradeEvent
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import SavedMarket, SavedMarketData

TRADES_MAX = 1_000
SECONDS_BACK_US = 20 * MINUTE_US
MINUTES_BACK_US = 7 * DAY_US + 60 * MINUTE_US
HOURS_BACK_US = 64 * DAY_US


def load_market_data(path: Path) -> SavedMarketData:
    """Return the markets as of the store's cursor; nothing at sequence 0 when there is no store."""
    database = open_for_reading(path)
    if database is None:
        return SavedMarketData(0, {})
    with contextlib.closing(database):
        database.execute("BEGIN")
        (seq,) = database.execute("SELECT seq FROM cursor").fetchone()
        markets = database.execute("SELECT market FROM markets ORDER BY market").fetchall()
        return SavedMarketData(seq, {market: _saved(database, market) for (market,) in markets})


def _saved(database: sqlite3.Connection, market: int) -> SavedMarket:
    trades = _trades(database, market)
    last_us = trades[-1].time_us if trades else 0
    return SavedMarket(
        trades=trades,
        aggregates=_aggregates(database, market),
        seconds=_bars(database, market, "1s", last_us - SECONDS_BACK_US),
        minutes=_bars(database, market, "1m", last_us - MINUTES_BACK_US),
        hours=_bars(database, market, "1h", last_us - HOURS_BACK_US),
    )


def _trades(database: sqlite3.Connection, market: int) -> list[TradeEvent]:
    rows = database.execute(
        "SELECT event FROM trades WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?",
        (market_key(market, 0), market_key(market + 1, 0), TRADES_MAX),
    ).fetchall()
    return [TradeEvent.unpack(blob) for (blob,) in reversed(rows)]


def _aggregates(database: sqlite3.Connection, market: int) -> list[AggregateTrade]:
    rows = database.execute(
        "SELECT key, price_ticks, lots, first_trade_id, last_trade_id, time_us, buyer_is_maker"
        " FROM aggregates WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?",
        (market_key(market, 0), market_key(market + 1, 0), TRADES_MAX),
    ).fetchall()
    return [
        AggregateTrade(number_of_key(key), price, int(lots), first, last, time_us, bool(maker))
        for key, price, lots, first, last, time_us, maker in reversed(rows)
    ]


def _bars(database: sqlite3.Connection, market: int, interval: str, from_us: int) -> list[Candle]:
    rows = database.execute(
        f"SELECT {CANDLE_COLUMNS} FROM candles"  # noqa: S608 - constants
        " WHERE market = ? AND interval = ? AND open_us >= ? ORDER BY open_us",
        (market, INTERVAL_NUMBERS[interval], from_us),
    )
    bars = (bar_of_row(row) for row in rows)
    return [
        Candle(bar.open_us, bar.open_us + INTERVALS[interval] - 1, *bar.figures()) for bar in bars
    ]
