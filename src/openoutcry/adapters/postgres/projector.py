"""The writer of the query tables: committed events in, rows out, one transaction a group.

The cursor moves in the same transaction, from where this projector left it: a commit whose outcome
is unknown is looked up there, and a second projector of the partition is noticed. Commits are
durable: readers keep in mind how far the cursor was, and must not be taken back by a crash.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import LiteralString, TypeVar

import psycopg

from openoutcry.adapters.postgres.connections import (
    connect_primary,
    is_away,
    may_be_tried_again,
)
from openoutcry.adapters.postgres.rows import (
    AGGREGATES,
    CANDLE_COLUMNS,
    FILLS,
    LEDGER,
    ORDERS,
    TRADES,
    Table,
    Values,
    aggregate_rows,
    bar_of,
    candle_row,
    fill_row,
    ledger_row,
    order_of,
    order_row,
    postings_of,
    prevented_rows,
    trade_row,
)
from openoutcry.core.bars import Bar
from openoutcry.core.enums import Execution
from openoutcry.core.open_bars import OpenBars
from openoutcry.core.records import (
    BalanceEvent,
    MarketEvent,
    MovedInEvent,
    MovedOutEvent,
    OrderEvent,
    OrderRequestedEvent,
    PreventedEvent,
    TradeEvent,
)
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import OrderState

log = logging.getLogger(__name__)

PENDING_EVENTS_MAX = 20_000
"""Past this, a group is committed without being asked for."""
RETRY_SECONDS = 0.1
ASSETS_SECONDS = 30.0
"""How long a market that only another partition's projector knows is waited for."""

_EXECUTED = int(Execution.TRADE)
_REPLACED = int(Execution.REPLACED)
_STAGE: LiteralString = "CREATE TEMP TABLE staged_orders (LIKE query.orders) ON COMMIT DELETE ROWS"
_PUT_ORDERS: LiteralString = (
    "INSERT INTO query.orders AS o SELECT * FROM staged_orders ON CONFLICT (order_id) DO UPDATE"
    " SET event = excluded.event, entity_seq = excluded.entity_seq, client_id = excluded.client_id"
    " WHERE o.entity_seq <= excluded.entity_seq"
)
_PUT_CANDLE: LiteralString = (
    f'INSERT INTO query.candles(market, "interval", {CANDLE_COLUMNS})'
    " VALUES(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    ' ON CONFLICT (market, "interval", open_us) DO UPDATE SET'
    " (high_ticks, low_ticks, close_ticks, lots, quote_atoms, trades, taker_buy_lots,"
    " taker_buy_quote_atoms, last_trade_id) = (excluded.high_ticks, excluded.low_ticks,"
    " excluded.close_ticks, excluded.lots, excluded.quote_atoms, excluded.trades,"
    " excluded.taker_buy_lots, excluded.taker_buy_quote_atoms, excluded.last_trade_id)"
)
_PUT_AMENDMENT: LiteralString = "INSERT INTO query.amendments VALUES(%b, %b, %b, %b, %b)"
_PUT_PREVENTED: LiteralString = (
    "INSERT INTO query.prevented VALUES(%b, %b, %b, %b, %b, %b) ON CONFLICT DO NOTHING"
)
_PUT_MARKET: LiteralString = (
    "INSERT INTO query.markets(market, base_asset, quote_asset) VALUES(%s, %s, %s) ON CONFLICT"
    " (market) DO UPDATE SET base_asset = excluded.base_asset, quote_asset = excluded.quote_asset"
)
_PUT_AGGREGATE_ID: LiteralString = (
    "INSERT INTO query.markets(market, base_asset, quote_asset, last_aggregate_id)"
    " VALUES(%s, 0, 0, %s) ON CONFLICT (market) DO UPDATE"
    " SET last_aggregate_id = excluded.last_aggregate_id"
)
_PUT_MOVED: LiteralString = "INSERT INTO query.moved VALUES(%b, %b) ON CONFLICT DO NOTHING"
_REBUILT = (
    "orders, fills, amendments, prevented, markets, trades, aggregates, candles, cursor, moved"
)

_T = TypeVar("_T")


class ProjectionError(Exception):
    """The projection cannot go on; the message says why. It is begun again from its cursor."""


class _Group:
    """Rows of the batches since the last commit."""

    def __init__(self) -> None:
        self.orders: dict[int, OrderState] = {}
        self.fills: list[OrderState] = []
        self.amendments: list[Values] = []
        self.prevented: list[Values] = []
        self.trades: dict[int, list[TradeEvent]] = {}
        self.ledger: list[Values] = []
        self.markets: dict[int, tuple[int, int]] = {}
        self.aggregates: list[Values] = []
        self.aggregate_ids: dict[int, int] = {}
        self.candles: list[Values] = []
        self.moved: list[Values] = []
        self.events = 0


class PostgresProjector:
    """The one writer of a partition's projections. `apply` in order, `commit` for readers to see.

    All calls block, also while the database is away, until `give_up`.
    """

    def __init__(self, dsn: str, partition: int = 0) -> None:
        """Go on from the cursor; raises ProjectionError, psycopg.Error when nobody answers."""
        self.partition = partition
        self._dsn = dsn
        self._closing = threading.Event()
        self._connection: psycopg.Connection | None = self._connect()
        self._aggregate_ids: dict[int, int] = {}
        self._assets: dict[int, tuple[int, int]] = {}
        self._open_bars = OpenBars(self._load_bar)
        self._group = _Group()
        self._seq = self._committed_seq = self._start()
        self._ledger_seq = self._last_ledger_seq()

    def cursor(self) -> int:
        """Return the sequence of the last applied batch; 0 for an empty store."""
        return self._seq

    def learn_markets(self, markets: Iterable[tuple[int, int, int]]) -> None:
        """Take (market, base asset, quote asset) from a state, where its events are not at hand."""
        for market, base, quote in markets:
            self._assets[market] = self._group.markets[market] = (base, quote)

    def apply(self, committed: Committed) -> None:
        """Take in the next batch; one that was taken in already is passed over."""
        if committed.seq <= self._seq:
            return
        if self._seq and committed.seq != self._seq + 1:
            raise ValueError(f"batch {committed.seq} does not follow {self._seq}")
        for event in committed.of_type(MovedInEvent):
            if event.last:
                self._await_left(event)
        self._take(committed)
        self._seq = committed.seq
        self._group.events += len(committed.events)
        if self._group.events > PENDING_EVENTS_MAX:
            self.commit()

    def commit(self) -> None:
        """Make everything that was applied visible to readers, with the cursor, at once."""
        if self._seq == self._committed_seq:
            return
        group = self._group
        self._derive(group)
        self._at_database(lambda connection: self._write(connection, group))
        self._committed_seq = self._seq
        self._group = _Group()

    def give_up(self) -> None:
        """Have a call that waits for the database end with ProjectionError; from any thread."""
        self._closing.set()

    def close(self) -> None:
        """Let go of the connection; what was not committed is dropped."""
        self.give_up()
        self._drop()

    # -- from events to rows ----------------------------------------------------------------------

    def _take(self, committed: Committed) -> None:
        group = self._group
        posts = committed.seq > self._ledger_seq
        entries = 0
        for event in committed.events:
            if isinstance(event, (OrderEvent, OrderRequestedEvent)):
                if event.execution == _EXECUTED:
                    group.fills.append(event)
                elif event.execution == _REPLACED:
                    self._amend(event)
                group.orders[event.order_id] = event
                if posts:
                    entries = self._post(event, self._assets_of(event.market), entries)
            elif isinstance(event, TradeEvent):
                group.trades.setdefault(event.market, []).append(event)
            elif isinstance(event, BalanceEvent):
                if posts:
                    entries = self._post(event, (0, 0), entries)
            elif isinstance(event, PreventedEvent):
                group.prevented += prevented_rows(event)
            elif isinstance(event, MovedOutEvent):
                group.moved.append((event.moved_entity, event.route_version))
            elif isinstance(event, MarketEvent):
                assets = (event.base_asset, event.quote_asset)
                self._assets[event.market] = group.markets[event.market] = assets

    def _post(self, event: OrderState | BalanceEvent, assets: tuple[int, int], number: int) -> int:
        """Write the entries behind an event; returns the number after the last."""
        for posting in postings_of(event, assets):
            self._group.ledger.append(ledger_row(self.partition, number, event, posting))
            number += 1
        return number

    def _amend(self, event: OrderState) -> None:
        """Record an amendment with the quantity before it."""
        before = self._group.orders.get(event.order_id) or self._stored_order(event.order_id)
        lots_before = before.qty_lots if before else event.qty_lots
        self._group.amendments.append(
            (event.order_id, event.entity_seq, event.account_id, lots_before, event.pack())
        )

    def _await_left(self, event: MovedInEvent) -> None:
        """Wait until where an entity came from is projected up to there, and go on from its rows.

        Nothing of this partition waits for that one, so the two cannot wait for each other.
        """
        self.commit()
        while not self._number(
            "SELECT count(*) FROM query.moved WHERE entity = %s AND version = %s",
            (event.moved_entity, event.route_version),
        ):
            if self._closing.wait(RETRY_SECONDS):
                raise ProjectionError(f"entity {event.moved_entity} is still to be projected")
        self._open_bars.clear()
        self._aggregate_ids.clear()

    def _derive(self, group: _Group) -> None:
        """Make aggregates and candles of the group's trades, once: they go on from those before."""
        for market, trades in group.trades.items():
            if market not in self._aggregate_ids:
                self._aggregate_ids[market] = self._last_aggregate_id(market)
            rows = aggregate_rows(market, self._aggregate_ids[market], trades)
            group.aggregates += rows
            self._aggregate_ids[market] += len(rows)
            group.aggregate_ids[market] = self._aggregate_ids[market]
            group.candles += [
                candle_row(market, interval, bar)
                for interval, bar in self._open_bars.add(market, trades)
            ]

    # -- at the database --------------------------------------------------------------------------

    def _write(self, connection: psycopg.Connection, group: _Group) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            moved = cursor.execute(
                "UPDATE query.cursor SET seq = %s WHERE partition = %s AND seq = %s",
                (self._seq, self.partition, self._committed_seq),
            ).rowcount
            if moved == 0:
                found = self._read_cursor(connection)
                if found == self._seq:
                    return  # committed already, by an attempt whose outcome we did not learn
                lost = found < self._committed_seq
                raise ProjectionError(
                    f"the cursor of partition {self.partition} was left at {self._committed_seq} "
                    f"and is at {found}: {'rows were lost' if lost else 'another projector runs'}"
                )
            _copy(cursor, ORDERS, map(order_row, group.orders.values()))
            if group.orders:
                cursor.execute(_PUT_ORDERS)
            _copy(cursor, FILLS, map(fill_row, group.fills))
            for trades in group.trades.values():
                _copy(cursor, TRADES, map(trade_row, trades))
            _copy(cursor, AGGREGATES, group.aggregates)
            _copy(cursor, LEDGER, group.ledger)
            for statement, rows in (
                (_PUT_AMENDMENT, group.amendments),
                (_PUT_PREVENTED, group.prevented),
                (_PUT_MARKET, [(market, *both) for market, both in group.markets.items()]),
                (_PUT_AGGREGATE_ID, list(group.aggregate_ids.items())),
                (_PUT_CANDLE, group.candles),
                (_PUT_MOVED, group.moved),
            ):
                if rows:
                    cursor.executemany(statement, rows)

    def _start(self) -> int:
        def start(connection: psycopg.Connection) -> int:
            connection.execute(
                "INSERT INTO query.cursor(partition, seq) VALUES(%s, 0) ON CONFLICT DO NOTHING",
                (self.partition,),
            )
            for market, base, quote in connection.execute(
                "SELECT market, base_asset, quote_asset FROM query.markets WHERE base_asset > 0"
            ):
                self._assets[market] = (base, quote)
            return self._read_cursor(connection)

        return self._at_database(start)

    def _last_ledger_seq(self) -> int:
        """Return the last batch whose entries are there: building again adds none to it."""
        return self._number(
            "SELECT max(seq) FROM query.ledger WHERE partition = %s", (self.partition,)
        )

    def _last_aggregate_id(self, market: int) -> int:
        return self._number(
            "SELECT last_aggregate_id FROM query.markets WHERE market = %s", (market,)
        )

    def _number(self, query: LiteralString, values: tuple[int, ...]) -> int:
        row = self._at_database(lambda connection: connection.execute(query, values).fetchone())
        return int(row[0]) if row and row[0] is not None else 0

    def _assets_of(self, market: int) -> tuple[int, int]:
        """Return base and quote of a market; another partition may have to write them first."""
        known = self._assets.get(market)
        if known is not None:
            return known
        end = time.monotonic() + ASSETS_SECONDS
        while True:
            row = self._at_database(
                lambda connection: connection.execute(
                    "SELECT base_asset, quote_asset FROM query.markets"
                    " WHERE market = %s AND base_asset > 0",
                    (market,),
                ).fetchone()
            )
            if row is not None:
                self._assets[market] = (row[0], row[1])
                return row[0], row[1]
            if time.monotonic() > end or self._closing.wait(RETRY_SECONDS):
                raise ProjectionError(f"no projector has written the assets of market {market}")

    def _stored_order(self, order_id: int) -> OrderState | None:
        row = self._at_database(
            lambda connection: connection.execute(
                "SELECT event FROM query.orders WHERE order_id = %s", (order_id,), binary=True
            ).fetchone()
        )
        return order_of(row[0]) if row else None

    def _load_bar(self, market: int, interval: str) -> Bar | None:
        row = self._at_database(
            lambda connection: connection.execute(
                f"SELECT {CANDLE_COLUMNS} FROM query.candles"  # noqa: S608 - constants
                ' WHERE market = %s AND "interval" = %s ORDER BY open_us DESC LIMIT 1',
                (market, interval),
            ).fetchone()
        )
        return bar_of(row) if row else None

    def _read_cursor(self, connection: psycopg.Connection) -> int:
        row = connection.execute(
            "SELECT seq FROM query.cursor WHERE partition = %s", (self.partition,)
        ).fetchone()
        return int(row[0]) if row else 0

    def _at_database(self, work: Callable[[psycopg.Connection], _T]) -> _T:
        """Do something that may be done again, for as long as the database is away."""
        while True:
            try:
                if self._connection is None:
                    self._connection = self._connect()
                return work(self._connection)
            except psycopg.Error as error:
                if is_away(error, self._connection):
                    level = logging.WARNING if self._connection is not None else logging.DEBUG
                    log.log(level, "projection of partition %d waits: %s", self.partition, error)
                    self._drop()
                elif not may_be_tried_again(error):
                    raise ProjectionError(f"partition {self.partition}: {error}") from error
            if self._closing.wait(RETRY_SECONDS):
                raise ProjectionError("given up while the database was away")

    def _connect(self) -> psycopg.Connection:
        connection = connect_primary(self._dsn, f"outcry-projector-{self.partition}")
        try:
            connection.execute(_STAGE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def clear_history(dsn: str) -> None:
    """Empty all tables but the ledger, so that every partition is projected again from its start.

    No projector may run.
    """
    with connect_primary(dsn, "outcry-clear-history") as connection:
        tables: LiteralString = ", ".join(f"query.{name}" for name in _REBUILT.split(", "))
        connection.execute(f"TRUNCATE {tables}".encode())


def rebuild(dsn: str, batches: Iterable[Committed], partition: int = 0) -> int:
    """Build the history of the only partition anew from all batches; returns the last sequence."""
    clear_history(dsn)
    projector = PostgresProjector(dsn, partition)
    try:
        for committed in batches:
            projector.apply(committed)
        projector.commit()
        return projector.cursor()
    finally:
        projector.close()


def _copy(cursor: psycopg.Cursor, table: Table, rows: Iterable[Values] | Sequence[Values]) -> None:
    """Append rows to a table; nothing is said to the server when there are none."""
    source = iter(rows)
    first = next(source, None)
    if first is None:
        return
    statement: LiteralString = f"COPY {table.name}({table.columns}) FROM STDIN (FORMAT binary)"
    with cursor.copy(statement) as copy:
        copy.set_types(table.types)
        copy.write_row(first)
        for row in source:
            copy.write_row(row)
