"""The tables of the query store, and how keys and large integers lie in them."""

import sqlite3
from pathlib import Path
from zlib import crc32

from openoutcry.core.bars import Bar
from openoutcry.core.intervals import INTERVALS

APPLICATION_ID = 0x4F4A4853
FORMAT = 2
"""The store's format (SQLite's `user_version`); another one is thrown away and built again."""

SCHEMA = """
CREATE TABLE cursor(
  only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL,
  begins_after INTEGER NOT NULL) STRICT;
INSERT INTO cursor VALUES(1, 0, 0);
CREATE TABLE orders(
  order_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, market INTEGER NOT NULL,
  created_us INTEGER NOT NULL, client_hash INTEGER NOT NULL, event BLOB NOT NULL) STRICT;
CREATE INDEX orders_of_account ON orders(account_id, market, order_id, created_us);
CREATE INDEX orders_of_client_id ON orders(account_id, client_hash, order_id);
CREATE TABLE fills(
  account_id INTEGER NOT NULL, market INTEGER NOT NULL, trade_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL, event BLOB NOT NULL) STRICT;
CREATE INDEX fills_of_account ON fills(account_id, market, trade_id);
CREATE INDEX fills_of_order ON fills(order_id, trade_id);
CREATE TABLE amendments(
  order_id INTEGER NOT NULL, execution_id INTEGER NOT NULL, account_id INTEGER NOT NULL,
  lots_before INTEGER NOT NULL, event BLOB NOT NULL,
  PRIMARY KEY(order_id, execution_id)) STRICT;
CREATE TABLE prevented(
  account_id INTEGER NOT NULL, market INTEGER NOT NULL, prevented_id INTEGER NOT NULL,
  taker_order_id INTEGER NOT NULL, maker_order_id INTEGER NOT NULL, event BLOB NOT NULL,
  PRIMARY KEY(account_id, market, prevented_id)) STRICT;
CREATE TABLE markets(
  market INTEGER PRIMARY KEY, last_aggregate_id INTEGER NOT NULL) STRICT;
CREATE TABLE trades(key INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, event BLOB NOT NULL) STRICT;
CREATE TABLE aggregates(
  key INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, price_ticks INTEGER NOT NULL,
  lots ANY NOT NULL, first_trade_id INTEGER NOT NULL, last_trade_id INTEGER NOT NULL,
  buyer_is_maker INTEGER NOT NULL) STRICT;
CREATE TABLE candles(
  market INTEGER NOT NULL, interval INTEGER NOT NULL, open_us INTEGER NOT NULL,
  open_ticks INTEGER NOT NULL, high_ticks INTEGER NOT NULL, low_ticks INTEGER NOT NULL,
  close_ticks INTEGER NOT NULL, lots ANY NOT NULL, quote_atoms ANY NOT NULL,
  trades INTEGER NOT NULL, taker_buy_lots ANY NOT NULL, taker_buy_quote_atoms ANY NOT NULL,
  first_trade_id INTEGER NOT NULL, last_trade_id INTEGER NOT NULL,
  PRIMARY KEY(market, interval, open_us)) STRICT, WITHOUT ROWID;
CREATE TABLE ledger(
  account_id INTEGER NOT NULL, time_us INTEGER NOT NULL, seq INTEGER NOT NULL,
  number INTEGER NOT NULL, cause INTEGER NOT NULL, asset INTEGER NOT NULL,
  market INTEGER NOT NULL, side INTEGER NOT NULL, order_id INTEGER NOT NULL,
  trade_id INTEGER NOT NULL, reference INTEGER NOT NULL, paid_atoms INTEGER NOT NULL,
  received_atoms INTEGER NOT NULL, fee_atoms INTEGER NOT NULL,
  PRIMARY KEY(account_id, time_us, seq, number)) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_references ON ledger(account_id, reference) WHERE reference <> 0;
"""

INTERVAL_NUMBERS = {name: number for number, name in enumerate(INTERVALS)}
"""How an interval is written in a row; the order of `INTERVALS` is part of the format."""

_MARKET_SHIFT = 48
NUMBER_MAX = (1 << _MARKET_SHIFT) - 1
TIME_US_MAX = 1 << 62
"""A time that is asked for beyond this means the same as this."""
_INTEGER_END = 1 << 63

CandleRow = tuple[int | str, ...]


def market_key(market: int, number: int) -> int:
    """Return the row key of a market's trade or aggregate: rows of a market lie together, by id."""
    return market << _MARKET_SHIFT | min(number, NUMBER_MAX)


def number_of_key(key: int) -> int:
    """Return the id within the market."""
    return key & NUMBER_MAX


def client_hash(client_order_id: bytes) -> int:
    """Return what client order ids are looked up by; equal hashes are told apart by the event."""
    return crc32(client_order_id.rstrip(b"\0"))


def stored(value: int) -> int | str:
    """Return an integer as SQLite keeps it exactly: beyond 64 bits, as text."""
    return value if value < _INTEGER_END else str(value)


def candle_row(market: int, interval: int, bar: Bar) -> CandleRow:
    """Return a bar as a row of `candles`."""
    return (
        market,
        interval,
        bar.open_us,
        bar.open_ticks,
        bar.high_ticks,
        bar.low_ticks,
        bar.close_ticks,
        stored(bar.lots),
        stored(bar.quote_atoms),
        bar.trades,
        stored(bar.taker_buy_lots),
        stored(bar.taker_buy_quote_atoms),
        bar.first_trade_id,
        bar.last_trade_id,
    )


def bar_of_row(row: CandleRow) -> Bar:
    """Return the bar of a row of `candles`, as selected by `CANDLE_COLUMNS`."""
    open_us, *figures = (int(value) for value in row)
    return Bar.of(open_us, figures)


CANDLE_COLUMNS = (
    "open_us, open_ticks, high_ticks, low_ticks, close_ticks, lots, quote_atoms, trades,"
    " taker_buy_lots, taker_buy_quote_atoms, first_trade_id, last_trade_id"
)


def open_for_reading(path: Path) -> sqlite3.Connection | None:
    """Open an existing store of this format; None while there is none."""
    if not path.exists():
        return None
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=5.0,
        check_same_thread=False,  # made by the thread that reads, closed by the one that owns it
    )
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        connection.close()
        return None
    if version != FORMAT:
        connection.close()
        return None
    return connection
