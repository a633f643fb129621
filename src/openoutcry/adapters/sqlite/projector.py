"""The writer of the query store: committed events in, rows out, one transaction a group.

The store can always be built again from the journal: a commit waits for no sync, and a file that
is damaged or of another format is thrown away.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from openoutcry.adapters.sqlite.history_schema import (
    APPLICATION_ID,
    CANDLE_COLUMNS,
    FORMAT,
    INTERVAL_NUMBERS,
    SCHEMA,
    bar_of_row,
    candle_row,
    client_hash,
    market_key,
    stored,
)
from openoutcry.adapters.sqlite.ledger_rows import (
    PUT_ENTRY,
    EntryRow,
    balance_row,
    order_row,
)
from openoutcry.core.bars import Bar, aggregate_key
from openoutcry.core.enums import EventKind, Execution, Side
from openoutcry.core.open_bars import OpenBars
from openoutcry.core.records import (
    EVENTS,
    BalanceEvent,
    OrderEvent,
    OrderRequestedEvent,
    PreventedEvent,
    TradeEvent,
)
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import OrderState

PENDING_EVENTS_MAX = 20_000
"""Past this, rows are handed to SQLite before the group's commit."""

_ORDERS = frozenset((int(EventKind.ORDER), int(EventKind.ORDER_REQUESTED)))
_TRADE = int(EventKind.TRADE)
_PREVENTED = int(EventKind.PREVENTED)
_BALANCE = int(EventKind.BALANCE)
_EXECUTED = int(Execution.TRADE)
_REPLACED = int(Execution.REPLACED)
_SELL = int(Side.SELL)

_PUT_ORDER = (
    "INSERT INTO orders VALUES(?, ?, ?, ?, ?, ?)"
    " ON CONFLICT(order_id) DO UPDATE SET event = excluded.event"
)
_PUT_RENAMED_ORDER = _PUT_ORDER + ", client_hash = excluded.client_hash"
_PUT_CANDLE = f"INSERT OR REPLACE INTO candles VALUES({', '.join('?' * 14)})"


class HistoryDamagedError(sqlite3.DatabaseError):
    """The store cannot be read any more; it was removed and must be built again."""


class Projector:
    """The one writer of a store. `apply` in order, `commit` when readers are to see it."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._seq = 0
        self._begun = False
        self._aggregate_ids: dict[int, int] = {}
        self._database = self._open()
        self._orders: dict[int, OrderState] = {}
        self._renamed: dict[int, None] = {}
        self._fills: list[OrderState] = []
        self._trades: dict[int, list[TradeEvent]] = {}
        self._entries: list[EntryRow] = []
        self._pending = 0
        self._open_bars = OpenBars(self._load_bar)

    def cursor(self) -> int:
        """Return the sequence of the last applied batch; 0 for an empty store."""
        return self._seq

    def apply(self, committed: Committed) -> None:
        """Take in the next batch; one that was taken in already is passed over.

        Raises HistoryDamagedError when the file turns out to be damaged, as `commit` does.
        """
        if committed.seq <= self._seq:
            return
        if self._seq and committed.seq != self._seq + 1:
            raise ValueError(f"batch {committed.seq} does not follow {self._seq}")
        with self._gives_up_a_damaged_file():
            if self._seq == 0 and committed.seq > 1:
                self._begin()
                self._database.execute("UPDATE cursor SET begins_after = ?", (committed.seq - 1,))
            self._take(committed)
            self._seq = committed.seq
            self._pending += len(committed.events)
            if self._pending > PENDING_EVENTS_MAX:
                self._flush()

    def _take(self, committed: Committed) -> None:
        orders = self._orders
        for event in committed.events:
            kind = event.kind
            if kind in _ORDERS:
                assert isinstance(event, (OrderEvent, OrderRequestedEvent))
                if event.execution == _EXECUTED:
                    self._fills.append(event)
                elif event.execution == _REPLACED:
                    self._amend(event)
                if event.paid_atoms or event.received_atoms:
                    self._entries.append(order_row(event))
                orders[event.order_id] = event
            elif kind == _TRADE:
                assert isinstance(event, TradeEvent)
                self._trades.setdefault(event.market, []).append(event)
            elif kind == _PREVENTED:
                assert isinstance(event, PreventedEvent)
                self._prevent(event)
            elif kind == _BALANCE:
                assert isinstance(event, BalanceEvent)
                self._entries.append(balance_row(event))

    def commit(self) -> None:
        """Make everything that was applied visible to readers, with the cursor, at once."""
        with self._gives_up_a_damaged_file():
            self._flush()
            self._database.execute("UPDATE cursor SET seq = ?", (self._seq,))
            self._database.execute("COMMIT")
            self._begun = False

    @contextlib.contextmanager
    def _gives_up_a_damaged_file(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise
            self.close()
            _remove(self._path)
            raise HistoryDamagedError(
                f"{self._path} was damaged and is gone; the next start builds it again"
            ) from error

    def clear(self) -> None:
        """Empty the store, so that it can be built again from the first batch on."""
        self.close()
        _remove(self._path)
        self._database = self._open()
        self._orders.clear()
        self._renamed.clear()
        self._fills.clear()
        self._trades.clear()
        self._entries.clear()
        self._open_bars.clear()
        self._pending = 0

    def close(self) -> None:
        """Close the file; what was not committed is dropped."""
        self._database.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._opened()
        except sqlite3.OperationalError as error:
            # a lock, a full disk or missing rights are not cured by starting over
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_ERROR:
                raise
        except (sqlite3.DatabaseError, _OtherFormatError):
            pass
        _remove(self._path)
        return self._opened()

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._path, isolation_level=None, timeout=5.0, check_same_thread=False
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")  # a power cut loses rows, not the file
            database.execute("PRAGMA wal_autocheckpoint = 4000")
            database.execute("PRAGMA cache_size = -65536")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                database.executescript(
                    f"BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
                    f" PRAGMA user_version = {FORMAT}; COMMIT;"
                )
            elif version != FORMAT:
                raise _OtherFormatError  # noqa: TRY301 - the file must be closed
            self._load_position(database)
        except BaseException:
            database.close()
            raise
        return database

    def _load_position(self, database: sqlite3.Connection) -> None:
        (self._seq,) = database.execute("SELECT seq FROM cursor").fetchone()
        self._aggregate_ids = dict(
            database.execute("SELECT market, last_aggregate_id FROM markets")
        )
        self._begun = False

    def _begin(self) -> None:
        if not self._begun:
            self._database.execute("BEGIN IMMEDIATE")
            self._begun = True

    def _amend(self, event: OrderState) -> None:
        """Record an amendment with the quantity before it."""
        before = self._orders.get(event.order_id) or self._stored_order(event.order_id)
        lots_before = before.qty_lots if before else event.qty_lots
        self._begin()
        self._database.execute(
            "INSERT INTO amendments VALUES(?, ?, ?, ?, ?)",
            (event.order_id, event.entity_seq, event.account_id, lots_before, event.pack()),
        )
        self._renamed[event.order_id] = None

    def _stored_order(self, order_id: int) -> OrderState | None:
        row = self._database.execute(
            "SELECT event FROM orders WHERE order_id = ?", (order_id,)
        ).fetchone()
        return order_of(row[0]) if row else None

    def _prevent(self, event: PreventedEvent) -> None:
        self._begin()
        accounts = dict.fromkeys((event.taker_account_id, event.maker_account_id))
        self._database.executemany(
            "INSERT INTO prevented VALUES(?, ?, ?, ?, ?, ?)",
            [
                (
                    account,
                    event.market,
                    event.prevented_id,
                    event.taker_order_id,
                    event.maker_order_id,
                    event.pack(),
                )
                for account in accounts
            ],
        )

    def _flush(self) -> None:
        self._begin()
        self._write_orders()
        for market, trades in self._trades.items():
            self._write_trades(market, trades)
        self._trades.clear()
        self._database.executemany(PUT_ENTRY, self._entries)
        self._entries.clear()
        self._pending = 0

    def _write_orders(self) -> None:
        renamed = self._renamed
        if renamed:
            self._database.executemany(
                _PUT_RENAMED_ORDER, _order_rows(self._orders.pop(key) for key in renamed)
            )
            renamed.clear()
        self._database.executemany(_PUT_ORDER, _order_rows(self._orders.values()))
        self._orders.clear()
        self._database.executemany(
            "INSERT INTO fills VALUES(?, ?, ?, ?, ?)",
            [
                (fill.account_id, fill.market, fill.match_id, fill.order_id, fill.pack())
                for fill in self._fills
            ],
        )
        self._fills.clear()

    def _write_trades(self, market: int, trades: list[TradeEvent]) -> None:
        self._database.executemany(
            "INSERT INTO trades VALUES(?, ?, ?)",
            [(market_key(market, trade.trade_id), trade.time_us, trade.pack()) for trade in trades],
        )
        rows = []
        number = self._aggregate_ids.get(market, 0)
        for _, group in groupby(trades, key=aggregate_key):
            number += 1
            rows.append(_aggregate_row(market, number, list(group)))
        self._aggregate_ids[market] = number
        self._database.executemany("INSERT INTO aggregates VALUES(?, ?, ?, ?, ?, ?, ?)", rows)
        self._database.execute("INSERT OR REPLACE INTO markets VALUES(?, ?)", (market, number))
        self._database.executemany(
            _PUT_CANDLE,
            [
                candle_row(market, INTERVAL_NUMBERS[interval], bar)
                for interval, bar in self._open_bars.add(market, trades)
            ],
        )

    def _load_bar(self, market: int, interval: str) -> Bar | None:
        row = self._database.execute(
            f"SELECT {CANDLE_COLUMNS} FROM candles"  # noqa: S608 - constants
            " WHERE market = ? AND interval = ? ORDER BY open_us DESC LIMIT 1",
            (market, INTERVAL_NUMBERS[interval]),
        ).fetchone()
        return bar_of_row(row) if row else None


class _OtherFormatError(Exception):
    """The file is of another release."""


def rebuild(path: Path, batches: Iterable[Committed]) -> int:
    """Build a store anew from all batches; returns the last sequence."""
    projector = Projector(path)
    with contextlib.closing(projector):
        projector.clear()
        for committed in batches:
            projector.apply(committed)
        projector.commit()
        return projector.cursor()


def order_of(blob: bytes) -> OrderState:
    """Return the order event that a row holds."""
    event = EVENTS[blob[2]].unpack(blob)
    assert isinstance(event, (OrderEvent, OrderRequestedEvent))
    return event


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _order_rows(
    events: Iterable[OrderState],
) -> list[tuple[int, int, int, int, int, bytes]]:
    return [
        (
            event.order_id,
            event.account_id,
            event.market,
            event.created_us,
            client_hash(event.client_order_id),
            event.pack(),
        )
        for event in events
    ]


def _aggregate_row(market: int, number: int, trades: list[TradeEvent]) -> tuple[int | str, ...]:
    first = trades[0]
    return (
        market_key(market, number),
        first.time_us,
        first.price_ticks,
        stored(sum(trade.lots for trade in trades)),
        first.trade_id,
        trades[-1].trade_id,
        int(first.taker_side == _SELL),
    )
