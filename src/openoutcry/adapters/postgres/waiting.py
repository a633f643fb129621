"""How far the projections are, and waiting until they have reached what a reader has seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from openoutcry.ports.history import HistoryAwayError

POLL_SECONDS = 0.01
WAIT_SECONDS = 10.0

ASK_SECONDS = 0.25
"""A pool that has given up connecting tries again only when it is asked anew."""

Pool = AsyncConnectionPool[psycopg.AsyncConnection]


@asynccontextmanager
async def connected(pool: Pool, end: float) -> AsyncIterator[psycopg.AsyncConnection]:
    """Take a connection of a pool, asking again until a monotonic time; raises PoolTimeout."""
    connection: psycopg.AsyncConnection | None = None
    while connection is None:
        try:
            connection = await pool.getconn(ASK_SECONDS)
        except PoolTimeout:
            if time.monotonic() > end:
                raise
    try:
        async with connection:
            yield connection
    finally:
        await pool.putconn(connection)


class ProjectionCursors:
    """The cursor of each partition as last read. It is read only while somebody waits."""

    def __init__(self, pool: Pool, wait_seconds: float = WAIT_SECONDS) -> None:
        self._pool = pool
        self._wait_seconds = wait_seconds
        self._seqs: dict[int, int] = {}
        self._waiting = 0
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None

    async def wait(self, partition: int, seq: int) -> None:
        """Return when readers see a partition's batch; raises HistoryAwayError."""
        if self._seqs.get(partition, 0) >= seq:
            return
        self._waiting += 1
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(self._wait_seconds), self._news:
                await self._news.wait_for(self._has_reached(partition, seq))
        except TimeoutError:
            raise HistoryAwayError(
                f"batch {seq} of partition {partition} is not in the history; its last is"
                f" {self._seqs.get(partition, 0)}"
            ) from None
        finally:
            self._waiting -= 1

    def _has_reached(self, partition: int, seq: int) -> Callable[[], bool]:
        return lambda: self._seqs.get(partition, 0) >= seq

    def forget(self) -> None:
        """Look again: a history that was emptied is behind what was read of it."""
        self._seqs.clear()

    async def close(self) -> None:
        """End the reading."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        while self._waiting:
            try:
                async with connected(self._pool, time.monotonic()) as connection:
                    cursor = await connection.execute("SELECT partition, seq FROM query.cursor")
                    self._seqs = dict(await cursor.fetchall())
            except (psycopg.OperationalError, PoolTimeout):
                pass  # whoever waits gives up in time
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(POLL_SECONDS)
