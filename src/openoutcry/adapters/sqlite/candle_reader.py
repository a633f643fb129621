"""Candles out of the query store, in any time zone and without holes."""

import sqlite3

from openoutcry.adapters.sqlite.history_schema import (
    CANDLE_COLUMNS,
    INTERVAL_NUMBERS,
    bar_of_row,
)
from openoutcry.core.bars import fill_flat, regroup
from openoutcry.core.candle_window import (
    first_open_us,
    past_open_us,
    source_end_us,
    source_interval,
)
from openoutcry.core.intervals import bar_open_us, next_open_us
from openoutcry.ports.history import Candle


def read_candles(
    database: sqlite3.Connection,
    market: int,
    interval: str,
    *,
    start_us: int | None,
    end_us: int,
    offset_minutes: int,
    limit: int,
) -> list[Candle]:
    """Return bars that open from `start_us` to `end_us`: the oldest; without a start the newest."""
    if start_us is not None and start_us > end_us:
        return []
    source_name = source_interval(interval, offset_minutes)
    source = INTERVAL_NUMBERS[source_name]
    first_us = first_open_us(
        interval, offset_minutes, start_us=start_us, end_us=end_us, limit=limit
    )
    before_ticks = _close_before(database, market, source, first_us)
    if before_ticks == 0:
        # nothing is before the first trade
        opened_us = _first_open(database, market, source, first_us)
        if opened_us is None:
            return []
        first_us = bar_open_us(interval, opened_us, offset_minutes)
    past_us = past_open_us(interval, offset_minutes, first_us, end_us=end_us, limit=limit)
    rows = database.execute(
        f"SELECT {CANDLE_COLUMNS} FROM candles"  # noqa: S608 - constants
        " WHERE market = ? AND interval = ? AND open_us >= ? AND open_us < ? ORDER BY open_us",
        (market, source, first_us, source_end_us(interval, offset_minutes, past_us)),
    )
    bars = [bar_of_row(row) for row in rows]
    if source_name != interval:
        bars = regroup(bars, interval, offset_minutes)
    filled = fill_flat(
        bars,
        interval,
        offset_minutes,
        first_open_us=first_us,
        end_us=past_us,
        close_before_ticks=before_ticks,
    )
    return [
        Candle(bar.open_us, next_open_us(interval, bar.open_us, offset_minutes) - 1, *bar.figures())
        for bar in filled
    ]


def _close_before(database: sqlite3.Connection, market: int, source: int, at_us: int) -> int:
    row = database.execute(
        "SELECT close_ticks FROM candles WHERE market = ? AND interval = ? AND open_us < ?"
        " ORDER BY open_us DESC LIMIT 1",
        (market, source, at_us),
    ).fetchone()
    return int(row[0]) if row else 0


def _first_open(database: sqlite3.Connection, market: int, source: int, at_us: int) -> int | None:
    row = database.execute(
        "SELECT open_us FROM candles WHERE market = ? AND interval = ? AND open_us >= ?"
        " ORDER BY open_us LIMIT 1",
        (market, source, at_us),
    ).fetchone()
    return int(row[0]) if row else None
