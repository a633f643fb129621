"""The history in PostgreSQL: reads, in the event loop, of what the projectors committed.

Reads of an account go where the projectors write and wait for the partition that hosts the account.
Reports of a market may come from a replica and lag; nothing about money is read there.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from openoutcry.adapters.postgres.candle_reader import read_candles
from openoutcry.adapters.postgres.connections import completed
from openoutcry.adapters.postgres.rows import (
    AGGREGATE_COLUMNS,
    NUMBER_MAX,
    aggregate_of,
    client_id,
    order_of,
)
from openoutcry.adapters.postgres.waiting import (
    WAIT_SECONDS,
    Pool,
    ProjectionCursors,
    connected,
)
from openoutcry.core.records import OrderRequestedEvent, PreventedEvent, TradeEvent
from openoutcry.ports.history import AggregateTrade, Candle, HistoryAwayError, OrderState

CONNECTIONS_MAX = 8
RECONNECT_SECONDS = 2.0
"""The pool doubles its pauses up to this: so long after the server it is back at the latest."""
ATTEMPTS = CONNECTIONS_MAX + 1
"""A connection that has died in the pool is found out by using it; all of them may have."""

_T = TypeVar("_T")
_Read = Callable[[psycopg.AsyncConnection], Awaitable[_T]]


class PostgresHistory:
    """`ports.history.History` over the query tables. `open` it in the loop that reads.

    `partition_of` says which partition hosts an account. Reads raise HistoryAwayError.
    """

    def __init__(
        self,
        query_dsn: str,
        partition_of: Callable[[int], int],
        *,
        report_dsn: str | None = None,
        connections_max: int = CONNECTIONS_MAX,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._partition_of = partition_of
        self._wait_seconds = wait_seconds
        # a standby among the servers named may lack what its primary has just told
        primary = completed(query_dsn, target_session_attrs="read-write")
        self._pool = _pool(primary, "outcry-history", connections_max, wait_seconds)
        self._reports = self._pool
        if report_dsn is not None:
            self._reports = _pool(report_dsn, "outcry-reports", connections_max, wait_seconds)
        self._cursors: ProjectionCursors | None = None

    async def open(self) -> None:
        """Make the first connections; a database that is away is found later."""
        self._cursors = ProjectionCursors(self._pool, self._wait_seconds)
        await self._pool.open()
        if self._reports is not self._pool:
            await self._reports.open()

    async def close(self) -> None:
        """Close all connections."""
        if self._cursors is not None:
            await self._cursors.close()
        await self._pool.close()
        await self._reports.close()

    async def wait_projected(self, partition: int, seq: int) -> None:
        """Return when readers see a batch."""
        assert self._cursors is not None, "it was opened"
        await self._cursors.wait(partition, seq)

    # -- of an account ----------------------------------------------------------------------------

    async def order(self, seq: int, account_id: int, order_id: int) -> OrderState | None:
        """Return the last state of an order, open or ended."""
        rows = await self._account_rows(
            seq,
            account_id,
            "SELECT event FROM query.orders WHERE order_id = %s AND account_id = %s",
            (_bounded(order_id), account_id),
        )
        return order_of(rows[0][0]) if rows else None

    async def order_by_client_id(
        self, seq: int, account_id: int, market: int, client_order_id: bytes
    ) -> OrderState | None:
        """Return the newest order with this client order id."""
        rows = await self._account_rows(
            seq,
            account_id,
            "SELECT event FROM query.orders WHERE account_id = %s AND client_id = %s"
            " AND market = %s ORDER BY order_id DESC LIMIT 1",
            (account_id, client_id(client_order_id), market),
        )
        return order_of(rows[0][0]) if rows else None

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
        conditions = _Conditions("account_id = %s", account_id)
        conditions.add("market = %s", market)
        conditions.add("order_id >= %s", from_order_id)
        conditions.add("created_us >= %s", start_us)
        conditions.add("created_us <= %s", end_us)
        oldest_first = from_order_id is not None or start_us is not None
        rows = await self._account_rows(
            seq,
            account_id,
            f"SELECT event FROM query.orders WHERE {conditions.text}"  # noqa: S608 - see _Conditions
            f" ORDER BY order_id {_direction(oldest_first)} LIMIT %s",
            (*conditions.values, limit),
        )
        found = [order_of(blob) for (blob,) in rows]
        return found if oldest_first else found[::-1]

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

        async def read(connection: psycopg.AsyncConnection) -> list[OrderState]:
            conditions = _Conditions("account_id = %s", account_id)
            conditions.add("market = %s", market)
            conditions.add("order_id = %s", order_id)
            conditions.add("trade_id >= %s", from_trade_id)
            if start_us is not None:
                first = await _first_trade_id(connection, market, start_us)
                conditions.add("trade_id >= %s", first)
            if end_us is not None:
                past = await _first_trade_id(connection, market, end_us + 1)
                conditions.add("trade_id < %s", past)
            direction = _direction(oldest_first)
            rows = await connection.execute(
                f"SELECT event FROM query.fills WHERE {conditions.text}"  # noqa: S608
                f" ORDER BY trade_id {direction}, entity_seq {direction} LIMIT %s",
                (*conditions.values, limit),
                binary=True,
            )
            found = [order_of(blob) for (blob,) in await rows.fetchall()]
            return found if oldest_first else found[::-1]

        return await self._read_account(seq, account_id, read)

    async def amendments(
        self, seq: int, account_id: int, order_id: int, from_execution_id: int, limit: int
    ) -> Sequence[tuple[int, OrderRequestedEvent, int]]:
        """Return (execution id, REPLACED event, quantity before in lots), ascending."""
        rows = await self._account_rows(
            seq,
            account_id,
            "SELECT execution_id, event, lots_before FROM query.amendments WHERE order_id = %s"
            " AND execution_id >= %s AND account_id = %s ORDER BY execution_id LIMIT %s",
            (_bounded(order_id), _bounded(from_execution_id), account_id, limit),
        )
        return [
            (execution_id, OrderRequestedEvent.unpack(blob), lots_before)
            for execution_id, blob, lots_before in rows
        ]

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
        conditions = _Conditions("account_id = %s", account_id)
        conditions.add("market = %s", market)
        conditions.add("prevented_id = %s", prevented_id)
        conditions.add("prevented_id >= %s", from_prevented_id)
        conditions.add("%s IN (taker_order_id, maker_order_id)", order_id)
        rows = await self._account_rows(
            seq,
            account_id,
            f"SELECT event FROM query.prevented WHERE {conditions.text}"  # noqa: S608
            " ORDER BY prevented_id LIMIT %s",
            (*conditions.values, limit),
        )
        return [PreventedEvent.unpack(blob) for (blob,) in rows]

    # -- of a market ------------------------------------------------------------------------------

    async def trades(
        self, market: int, *, from_trade_id: int | None = None, limit: int = 500
    ) -> Sequence[TradeEvent]:
        """Return public trades ascending by id: from an id, or the newest."""
        conditions = _Conditions("market = %s", market)
        conditions.add("trade_id >= %s", from_trade_id)
        oldest_first = from_trade_id is not None

        async def read(connection: psycopg.AsyncConnection) -> list[TradeEvent]:
            rows = await connection.execute(
                f"SELECT event FROM query.trades WHERE {conditions.text}"  # noqa: S608
                f" ORDER BY trade_id {_direction(oldest_first)} LIMIT %s",
                (*conditions.values, limit),
                binary=True,
            )
            found = [TradeEvent.unpack(blob) for (blob,) in await rows.fetchall()]
            return found if oldest_first else found[::-1]

        return await self._read(self._reports, read)

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
        oldest_first = from_aggregate_id is not None or start_us is not None
        conditions = _Conditions("market = %s", market)
        conditions.add("aggregate_id >= %s", from_aggregate_id)
        conditions.add("time_us >= %s", start_us)
        conditions.add("time_us <= %s", end_us)
        by_time = start_us is not None or end_us is not None
        # ids and times ascend together: by time is by id, and either index serves
        order = "time_us {0}, aggregate_id {0}" if by_time else "aggregate_id {0}"

        async def read(connection: psycopg.AsyncConnection) -> list[AggregateTrade]:
            rows = await connection.execute(
                f"SELECT {AGGREGATE_COLUMNS} FROM query.aggregates"  # noqa: S608
                f" WHERE {conditions.text}"
                f" ORDER BY {order.format(_direction(oldest_first))} LIMIT %s",
                (*conditions.values, limit),
            )
            found = [aggregate_of(row) for row in await rows.fetchall()]
            return found if oldest_first else found[::-1]

        return await self._read(self._reports, read)

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

        async def read(connection: psycopg.AsyncConnection) -> list[Candle]:
            return await read_candles(
                connection,
                market,
                interval,
                start_us=start_us,
                end_us=now_us if end_us is None else min(end_us, now_us),
                offset_minutes=offset_minutes,
                limit=limit,
            )

        return await self._read(self._reports, read)

    # -- how --------------------------------------------------------------------------------------

    async def _account_rows(
        self, seq: int, account_id: int, query: LiteralString, values: tuple[Any, ...]
    ) -> list[tuple[Any, ...]]:
        async def read(connection: psycopg.AsyncConnection) -> list[tuple[Any, ...]]:
            rows = await connection.execute(query, values, binary=True)
            return await rows.fetchall()

        return await self._read_account(seq, account_id, read)

    async def _read_account(self, seq: int, account_id: int, read: _Read[_T]) -> _T:
        if seq:
            await self.wait_projected(self._partition_of(account_id), seq)
        return await self._read(self._pool, read)

    async def _read(self, pool: Pool, read: _Read[_T]) -> _T:
        """Read over a connection of a pool; again when it turns out to be dead."""
        end = time.monotonic() + self._wait_seconds
        failure: psycopg.OperationalError | None = None
        for _ in range(ATTEMPTS):
            try:
                async with connected(pool, end) as connection:
                    return await read(connection)
            except PoolTimeout as error:
                raise HistoryAwayError(f"no connection to the history: {error}") from error
            except psycopg.OperationalError as error:
                if self._cursors is not None:
                    self._cursors.forget()  # what comes back may be another server
                failure = error
        raise HistoryAwayError(f"the history does not answer: {failure}") from failure


class _Conditions:
    """A WHERE of fixed texts and bound values; what is None asks for nothing."""

    def __init__(self, text: LiteralString, value: int) -> None:
        self.text: LiteralString = text
        self.values: list[int] = [value]

    def add(self, text: LiteralString, value: int | None) -> None:
        """Ask for one thing more."""
        if value is not None:
            self.text += f" AND {text}"
            self.values.append(_bounded(value))


def _bounded(value: int) -> int:
    return min(value, NUMBER_MAX)


def _direction(oldest_first: bool) -> LiteralString:  # noqa: FBT001 - one question, one answer
    return "ASC" if oldest_first else "DESC"


async def _first_trade_id(connection: psycopg.AsyncConnection, market: int, time_us: int) -> int:
    """Return the first id of a market's trades that is not before a time, or one past the last."""
    rows = await connection.execute(
        "SELECT trade_id FROM query.trades WHERE market = %s AND time_us >= %s"
        " ORDER BY time_us, trade_id LIMIT 1",
        (market, _bounded(time_us)),
    )
    row = await rows.fetchone()
    return NUMBER_MAX if row is None else int(row[0])


def _pool(dsn: str, name: str, connections_max: int, seconds: float) -> Pool:
    return AsyncConnectionPool(
        completed(dsn, application_name=name),
        kwargs={"autocommit": True, "prepare_threshold": 3},
        min_size=1,
        max_size=connections_max,
        timeout=seconds,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
        name=name,
    )
