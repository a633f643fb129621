"""Route and owners as plain tables of this process, for one machine's tests and tools."""

from collections.abc import Mapping, Sequence

from openoutcry.ports.routes import Owner


class MemoryRoute:
    """Implements `ports.routes.Route`; `set` is what a move does."""

    def __init__(self, table: Mapping[int, int]) -> None:
        self._table = dict(table)
        self._version = 1
        self.refreshed = 0
        """How often it was read again."""

    @property
    def version(self) -> int:
        """The version of the table."""
        return self._version

    def partition_of(self, entity: int) -> int | None:
        """Return the partition that hosts an entity, or None."""
        return self._table.get(entity)

    def partitions(self) -> Sequence[int]:
        """Return all partitions that host something."""
        return sorted(set(self._table.values()))

    def set(self, entity: int, partition: int) -> None:
        """Say where an entity is from now on."""
        self._table[entity] = partition
        self._version += 1

    async def refresh(self) -> None:
        """Nothing is older than the table itself."""
        self.refreshed += 1


class MemoryOwners:
    """Implements `ports.routes.Owners`; `set` is what a take-over does."""

    def __init__(self, table: Mapping[int, Owner]) -> None:
        self._table = dict(table)
        self.refreshed = 0

    def owner_of(self, partition: int) -> Owner | None:
        """Return the owner, or None."""
        return self._table.get(partition)

    def set(self, partition: int, owner: Owner | None) -> None:
        """Say who owns a partition from now on, or that nobody does."""
        if owner is None:
            self._table.pop(partition, None)
        else:
            self._table[partition] = owner

    async def refresh(self) -> None:
        """Nothing is older than the table itself."""
        self.refreshed += 1
