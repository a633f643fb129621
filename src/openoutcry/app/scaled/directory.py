"""This process's copies of who owns which partition, and which partition hosts an entity."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.ports.journal import JournalError
from openoutcry.ports.ownership import Owner as OwnerRow
from openoutcry.ports.routes import Owner

log = logging.getLogger(__name__)

REFRESH_SECONDS = 0.25


class Directory:
    """Implements `ports.routes.Route` and `Owners`; reads the tables a few times a second.

    `joined` is the partition of every entity where one partition hosts everything.
    """

    def __init__(
        self, ownership: Ownership, partitions: Sequence[int], *, joined: int | None = None
    ) -> None:
        self._ownership = ownership
        self._partitions = tuple(sorted(partitions))
        self._joined = joined
        self._owners: dict[int, OwnerRow] = {}
        self._routes: dict[int, int] = {}
        self._mark: tuple[int, int] | None = None
        """Of the table of routes as it was read last."""
        self._version = 0
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Read the tables, and go on reading them; raises JournalError when they cannot be."""
        await self._read()
        self._task = asyncio.create_task(self._follow(), name="directory")

    async def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await asyncio.to_thread(self._ownership.close)

    def when_changed(self, listener: Callable[[], None]) -> None:
        """Call the listener after each reading that found another owner or route."""
        self._listeners.append(listener)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self.refresh()

    async def refresh(self) -> None:
        """Read the tables again; the copies stay when they cannot be read."""
        try:
            await self._read()
        except JournalError as error:
            log.debug("owners and routes stay as they are: %s", error)

    async def _read(self) -> None:
        # One after the other: of two that overlap, the one that ends last may know less.
        async with self._reading:
            owners, mark, routes = await asyncio.to_thread(self._look)
            changed = _addresses(owners) != _addresses(self._owners) or routes != self._routes
            self._owners, self._mark, self._routes = owners, mark, routes
        if changed:
            self._version += 1
            for listener in self._listeners:
                listener()

    def _look(self) -> tuple[dict[int, OwnerRow], tuple[int, int], dict[int, int]]:
        owners = self._ownership.owners()
        mark = self._ownership.routes_mark()
        if mark == self._mark:  # a thousand rows that hardly ever change
            return owners, mark, self._routes
        routes = self._ownership.routes()  # of this mark, or of a later one that is read next time
        return owners, mark, {entity: route.partition for entity, route in routes.items()}

    # -- ports.routes

    @property
    def version(self) -> int:
        """How often the copies have changed."""
        return self._version

    def partition_of(self, entity: int) -> int | None:
        """Return the partition that hosts an entity, or None."""
        return self._routes.get(entity, self._joined)

    def routes(self) -> list[tuple[int, int]]:
        """Return (entity, partition) of every route, by entity."""
        return sorted(self._routes.items())

    def partitions(self) -> Sequence[int]:
        """Return all partitions, in ascending order."""
        return self._partitions

    def owner_of(self, partition: int) -> Owner | None:
        """Return the owner, or None when nobody holds the partition."""
        row = self._owners.get(partition)
        if row is None or row.lease_until_us is None or not row.address:
            return None
        return Owner(row.address, row.epoch)

    def row_of(self, partition: int) -> OwnerRow | None:
        """Return the whole row of a partition's owner."""
        return self._owners.get(partition)


def _addresses(owners: dict[int, OwnerRow]) -> dict[int, tuple[int, str, bool, str]]:
    """What of the owners makes a difference to callers: not when leases end."""
    return {
        number: (row.epoch, row.address, row.lease_until_us is None, row.preferred)
        for number, row in owners.items()
    }
