"""The query store in SQLite: reads, in threads of their own, of what the projector committed."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from openoutcry.adapters.sqlite.candle_reader import read_candles
from openoutcry.adapters.sqlite.history_schema import (
    TIME_US_MAX,
    client_hash,
    market_key,
    number_of_key,
    open_for_reading,
)
from openoutcry.adapters.sqlite.projector import (
    HistoryDamagedError,
    Projector,
    order_of,
    rebuild,
)
from openoutcry.adapters.sqlite.saved_markets import load_market_data
from openoutcry.core.records import OrderRequestedEvent, PreventedEvent, TradeEvent
from openoutcry.ports.history import AggregateTrade, Candle, OrderState

__all__ = [
    "HistoryDamagedError",
    "Projector",
    "SqliteHistory",
    "load_market_data",
    "rebuild",
]

READERS = 2
"""Threads that read, each with its connection."""

_T = TypeVar("_T")
_Read = Callable[[sqlite3.Connection], _T]


class SqliteHistory:
    """`ports.history.History` over the projector's file; without a file yet, everything is empty.

    `wait_projected` returns when the projector has committed a sequence.
    """

    def __init__(self, path: Path, wait_projected: Callable[[int], Awaitable[None]]) -> None:
        self._path = Path(path)
        self._wait_projected = wait_projected
        self._pool = ThreadPoolExecutor(READERS, thread_name_prefix="history")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []

    def close(self) -> None:
        """Wait for the reads that run and close."""
        self._pool.shutdown(wait=True)
        for connection in self._connections:
            connection.close()

    async def order(self, seq: int, account_id: int, order_id: int) -> OrderState | None:
        """Return the last state of an order, open or ended."""

        def read(database: sqlite3.Connection) -> OrderState | None:
            row = database.execute(
                "SELECT event FROM orders WHERE order_id = ? AND account_id = ?",
                (order_id, account_id),
            ).fetchone()
            return order_of(row[0]) if row else None

        return await self.read(read, None, seq)

    async def order_by_client_id(
        self, seq: int, account_id: int, market: int, client_order_id: bytes
    ) -> OrderState | None:
        """Return the newest order with this client order id."""
        wanted = client_order_id.rstrip(b"\0")

        def read(database: sqlite3.Connection) -> OrderState | None:
            rows = database.execute(
                "SELECT event FROM orders WHERE account_id = ? AND client_hash = ?"
                " AND market = ? ORDER BY order_id DESC",
                (account_id, client_hash(wanted), market),
            )
            for (blob,) in rows:
                event = order_of(blob)
                if event.client_order_id.rstrip(b"\0") == wanted:
                    return event
            return None

        return await self.read(read, None, seq)

    async def orders(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        from_order_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[OrderState]:
        """Return orders ascending by id: from an id, or within creation times, or the newest."""
        conditions = _Conditions("account_id = ?", account_id)
        conditions.add("market = ?", market)
        conditions.add("order_id >= ?", from_order_id)
        conditions.add("created_us >= ?", start_us)
        conditions.add("created_us <= ?", end_us)
        oldest_first = from_order_id is not None or start_us is not None

        def read(database: sqlite3.Connection) -> list[OrderState]:
            # the inner query stays inside the index; only the rows that are wanted are fetched
            rows = database.execute(
                "SELECT event FROM orders WHERE order_id IN (SELECT order_id FROM orders"  # noqa: S608
                f" INDEXED BY orders_of_account WHERE {conditions.text}"
                f" ORDER BY order_id {_direction(oldest_first)} LIMIT ?) ORDER BY order_id",
                (*conditions.values, limit),
            )
            return [order_of(blob) for (blob,) in rows]

        return await self.read(read, [], seq)

    async def fills(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        order_id: int | None = None,
        from_trade_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[OrderState]:
        """Return the TRADE events of an account's orders ascending by trade id."""
        oldest_first = from_trade_id is not None or start_us is not None

        def read(database: sqlite3.Connection) -> list[OrderState]:
            conditions = _Conditions("account_id = ?", account_id)
            conditions.add("market = ?", market)
            conditions.add("order_id = ?", order_id)
            conditions.add("trade_id >= ?", from_trade_id)
            if start_us is not None:
                first = _first_number(database, "trades", market, start_us)
                conditions.add("trade_id >= ?", first)
            if end_us is not None:
                past = _first_number(database, "trades", market, end_us + 1)
                conditions.add("trade_id < ?", past)
            index = "fills_of_order" if order_id is not None else "fills_of_account"
            direction = _direction(oldest_first)
            rows = database.execute(
                f"SELECT event FROM fills INDEXED BY {index} WHERE {conditions.text}"  # noqa: S608
                f" ORDER BY trade_id {direction}, rowid {direction} LIMIT ?",
                (*conditions.values, limit),
            ).fetchall()
            found = [order_of(blob) for (blob,) in rows]
            return found if oldest_first else found[::-1]

        return await self.read(read, [], seq)

    async def amendments(
        self, seq: int, account_id: int, order_id: int, from_execution_id: int, limit: int
    ) -> Sequence[tuple[int, OrderRequestedEvent, int]]:
        """Return (execution id, REPLACED event, quantity before in lots), ascending."""

        def read(database: sqlite3.Connection) -> list[tuple[int, OrderRequestedEvent, int]]:
            rows = database.execute(
                "SELECT execution_id, event, lots_before FROM amendments WHERE order_id = ?"
                " AND execution_id >= ? AND account_id = ? ORDER BY execution_id LIMIT ?",
                (order_id, from_execution_id, account_id, limit),
            )
            return [
                (execution_id, OrderRequestedEvent.unpack(blob), lots_before)
                for execution_id, blob, lots_before in rows
            ]

        return await self.read(read, [], seq)

    async def prevented_matches(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        prevented_id: int | None = None,
        order_id: int | None = None,
        from_prevented_id: int | None = None,
        limit: int = 500,
    ) -> Sequence[PreventedEvent]:
        """Return self-trade preventions that concern an account, ascending by id."""
        conditions = _Conditions("account_id = ?", account_id)
        conditions.add("market = ?", market)
        conditions.add("prevented_id = ?", prevented_id)
        conditions.add("prevented_id >= ?", from_prevented_id)
        if order_id is not None:
            conditions.add("(taker_order_id = ?", order_id)
            conditions.text += " OR maker_order_id = ?)"
            conditions.values.append(order_id)

        def read(database: sqlite3.Connection) -> list[PreventedEvent]:
            rows = database.execute(
                f"SELECT event FROM prevented WHERE {conditions.text}"  # noqa: S608 - see _Conditions
                " ORDER BY prevented_id LIMIT ?",
                (*conditions.values, limit),
            )
            return [PreventedEvent.unpack(blob) for (blob,) in rows]

        return await self.read(read, [], seq)

    async def trades(
        self, market: int, *, from_trade_id: int | None = None, limit: int = 500
    ) -> Sequence[TradeEvent]:
        """Return public trades ascending by id: from an id, or the newest."""

        def read(database: sqlite3.Connection) -> list[TradeEvent]:
            rows = _market_rows(
                database, "event", "trades", market, from_trade_id, None, limit=limit
            )
            return [TradeEvent.unpack(blob) for (blob,) in rows]

        return await self.read(read, [])

    async def aggregate_trades(
        self,
        market: int,
        *,
        from_aggregate_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[AggregateTrade]:
        """Return aggregate trades ascending by id."""

        def read(database: sqlite3.Connection) -> list[AggregateTrade]:
            first = from_aggregate_id
            past: int | None = None
            if start_us is not None:
                first = max(first or 0, _first_number(database, "aggregates", market, start_us))
            if end_us is not None:
                past = _first_number(database, "aggregates", market, end_us + 1)
            columns = (
                "key, price_ticks, lots, first_trade_id, last_trade_id, time_us, buyer_is_maker"
            )
            rows = _market_rows(database, columns, "aggregates", market, first, past, limit=limit)
            return [
                AggregateTrade(
                    number_of_key(key), price, int(lots), first_id, last_id, time_us, bool(maker)
                )
                for key, price, lots, first_id, last_id, time_us, maker in rows
            ]

        return await self.read(read, [])

    async def candles(
        self,
        market: int,
        interval: str,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        offset_minutes: int = 0,
        limit: int = 500,
        now_us: int,
    ) -> Sequence[Candle]:
        """Return candles ascending, bars without trades filled in flat."""

        def read(database: sqlite3.Connection) -> list[Candle]:
            return read_candles(
                database,
                market,
                interval,
                start_us=start_us,
                end_us=now_us if end_us is None else min(end_us, now_us),
                offset_minutes=offset_minutes,
                limit=limit,
            )

        return await self.read(read, [])

    async def read(self, read: _Read[_T], empty: _T, seq: int = 0) -> _T:
        """Run a read in a thread once the projection is there; `empty` while there is no store."""
        if seq:
            await self._wait_projected(seq)

        def work() -> _T:
            connection = self._connection()
            return empty if connection is None else read(connection)

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _connection(self) -> sqlite3.Connection | None:
        """Return this thread's connection; a store that was built anew is another file."""
        local = self._local
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        identity = (status.st_dev, status.st_ino)
        if getattr(local, "identity", None) != identity:
            connection = open_for_reading(self._path)
            if connection is None:
                return None
            if hasattr(local, "connection"):
                self._connections.remove(local.connection)
                local.connection.close()
            self._connections.append(connection)
            local.connection, local.identity = connection, identity
        found: sqlite3.Connection = local.connection
        return found


class _Conditions:
    """A WHERE of fixed texts and bound values; what is None asks for nothing."""

    def __init__(self, text: str, value: int) -> None:
        self.text = text
        self.values: list[int] = [value]

    def add(self, text: str, value: int | None) -> None:
        """Ask for one thing more."""
        if value is not None:
            self.text += f" AND {text}"
            self.values.append(min(value, TIME_US_MAX))


def _direction(oldest_first: bool) -> str:  # noqa: FBT001 - one question, one answer
    return "ASC" if oldest_first else "DESC"


def _market_rows(
    database: sqlite3.Connection,
    columns: str,
    table: str,
    market: int,
    first: int | None,
    past: int | None,
    *,
    limit: int,
) -> list[Any]:
    """Return rows of a market's trades or aggregates: from an id on, or else the newest."""
    low = market_key(market, first or 0)
    high = market_key(market + 1, 0) if past is None else market_key(market, past)
    direction = _direction(first is not None)
    rows = database.execute(
        f"SELECT {columns} FROM {table} WHERE key >= ? AND key < ?"  # noqa: S608 - constants
        f" ORDER BY key {direction} LIMIT ?",
        (low, high, limit),
    ).fetchall()
    return rows if first is not None else rows[::-1]


def _first_number(database: sqlite3.Connection, table: str, market: int, time_us: int) -> int:
    """Return the first id of a market that is not before a time: both ascend, so by bisection."""
    key_range = (market_key(market, 0), market_key(market + 1, 0))
    (last,) = database.execute(
        f"SELECT max(key) FROM {table} WHERE key >= ? AND key < ?",  # noqa: S608 - constants
        key_range,
    ).fetchone()
    if last is None:
        return 0
    low, high = key_range[0], last + 1
    while low < high:
        middle = (low + high) // 2
        key, found_us = database.execute(
            f"SELECT key, time_us FROM {table} WHERE key >= ? LIMIT 1",  # noqa: S608 - constants
            (middle,),
        ).fetchone()
        if found_us >= time_us:
            high = middle
        else:
            low = key + 1
    return number_of_key(low)
