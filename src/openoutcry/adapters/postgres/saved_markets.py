"""What the live market data goes on from after a restart, read from the query tables."""

from collections.abc import Collection

import psycopg

from openoutcry.adapters.postgres.connections import completed
from openoutcry.adapters.postgres.rows import (
    AGGREGATE_COLUMNS,
    CANDLE_COLUMNS,
    aggregate_of,
    bar_of,
)
from openoutcry.core.intervals import DAY_US, INTERVALS, MINUTE_US
from openoutcry.core.records import TradeEvent
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import SavedMarket, SavedMarketData

TRADES_MAX = 1_000
SECONDS_BACK_US = 20 * MINUTE_US
MINUTES_BACK_US = 7 * DAY_US + 60 * MINUTE_US
HOURS_BACK_US = 64 * DAY_US


def load_market_data(
    dsn: str, partition: int = 0, markets: Collection[int] | None = None
) -> SavedMarketData:
    """Return markets as of a partition's cursor: those that it hosts, or all that are known."""
    with (
        psycopg.connect(completed(dsn, application_name="outcry-markets")) as database,
        database.transaction(),
    ):
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = database.execute(
            "SELECT seq FROM query.cursor WHERE partition = %s", (partition,)
        ).fetchone()
        known = database.execute("SELECT market FROM query.markets ORDER BY market").fetchall()
        found = {
            market: _saved(database, market)
            for (market,) in known
            if markets is None or market in markets
        }
        return SavedMarketData(row[0] if row else 0, found)


def _saved(database: psycopg.Connection, market: int) -> SavedMarket:
    trades = _trades(database, market)
    last_us = trades[-1].time_us if trades else 0
    return SavedMarket(
        trades=trades,
        aggregates=_aggregates(database, market),
        seconds=_bars(database, market, "1s", last_us - SECONDS_BACK_US),
        minutes=_bars(database, market, "1m", last_us - MINUTES_BACK_US),
        hours=_bars(database, market, "1h", last_us - HOURS_BACK_US),
    )


def _trades(database: psycopg.Connection, market: int) -> list[TradeEvent]:
    rows = database.execute(
        "SELECT event FROM query.trades WHERE market = %s ORDER BY trade_id DESC LIMIT %s",
        (market, TRADES_MAX),
        binary=True,
    ).fetchall()
    return [TradeEvent.unpack(blob) for (blob,) in reversed(rows)]


def _aggregates(database: psycopg.Connection, market: int) -> list[AggregateTrade]:
    rows = database.execute(
        f"SELECT {AGGREGATE_COLUMNS} FROM query.aggregates"  # noqa: S608 - constants
        " WHERE market = %s ORDER BY aggregate_id DESC LIMIT %s",
        (market, TRADES_MAX),
    ).fetchall()
    return [aggregate_of(row) for row in reversed(rows)]


def _bars(database: psycopg.Connection, market: int, interval: str, from_us: int) -> list[Candle]:
    rows = database.execute(
        f"SELECT {CANDLE_COLUMNS} FROM query.candles"  # noqa: S608 - constants
        ' WHERE market = %s AND "interval" = %s AND open_us >= %s ORDER BY open_us',
        (market, interval, from_us),
    )
    bars = (bar_of(row) for row in rows)
    return [
        Candle(bar.open_us, bar.open_us + INTERVALS[interval] - 1, *bar.figures()) for bar in bars
    ]
