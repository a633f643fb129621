"""Candles out of the query tables, in any time zone and without holes."""

import psycopg

from openoutcry.adapters.postgres.rows import CANDLE_COLUMNS, bar_of
from openoutcry.core.bars import fill_flat, regroup
from openoutcry.core.candle_window import (
    first_open_us,
    past_open_us,
    source_end_us,
    source_interval,
)
from openoutcry.core.intervals import bar_open_us, next_open_us
from openoutcry.ports.history import Candle


async def read_candles(
    connection: psycopg.AsyncConnection,
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
    source = source_interval(interval, offset_minutes)
    first_us = first_open_us(
        interval, offset_minutes, start_us=start_us, end_us=end_us, limit=limit
    )
    before_ticks = await _close_before(connection, market, source, first_us)
    if before_ticks == 0:
        # nothing is before the first trade
        opened_us = await _first_open(connection, market, source, first_us)
        if opened_us is None:
            return []
        first_us = bar_open_us(interval, opened_us, offset_minutes)
    past_us = past_open_us(interval, offset_minutes, first_us, end_us=end_us, limit=limit)
    rows = await connection.execute(
        f"SELECT {CANDLE_COLUMNS} FROM query.candles"  # noqa: S608 - constants
        ' WHERE market = %s AND "interval" = %s AND open_us >= %s AND open_us < %s'
        " ORDER BY open_us",
        (market, source, first_us, source_end_us(interval, offset_minutes, past_us)),
    )
    bars = [bar_of(row) for row in await rows.fetchall()]
    if source != interval:
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


async def _close_before(
    connection: psycopg.AsyncConnection, market: int, source: str, at_us: int
) -> int:
    rows = await connection.execute(
        'SELECT close_ticks FROM query.candles WHERE market = %s AND "interval" = %s'
        " AND open_us < %s ORDER BY open_us DESC LIMIT 1",
        (market, source, at_us),
    )
    row = await rows.fetchone()
    return int(row[0]) if row else 0


async def _first_open(
    connection: psycopg.AsyncConnection, market: int, source: str, at_us: int
) -> int | None:
    rows = await connection.execute(
        'SELECT open_us FROM query.candles WHERE market = %s AND "interval" = %s'
        " AND open_us >= %s ORDER BY open_us LIMIT 1",
        (market, source, at_us),
    )
    row = await rows.fetchone()
    return int(row[0]) if row else None
