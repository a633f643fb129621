"""Who has what: the partition of an entity, and the owner of a partition.

Both are copies of tables that change seldom. Asking a wrong partition or a former owner is safe, it
is refused, so a copy may be old; `refresh` is called when one has shown that it is.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Route(Protocol):
    """The partition of each account shard and market; entities are those of `core.ids`."""

    @property
    def version(self) -> int:
        """The version of the copy; it never falls."""
        ...

    def partition_of(self, entity: int) -> int | None:
        """Return the partition that hosts an entity, or None when no row names it."""
        ...

    def partitions(self) -> Sequence[int]:
        """Return all partitions, in ascending order."""
        ...

    async def refresh(self) -> None:
        """Read the table again. Raises nothing when it cannot be read: the copy stays."""
        ...


class Owner(NamedTuple):
    """Who owns a partition, as of the ownership table."""

    address: str
    """`host:port` of the process's calls."""
    epoch: int


class Owners(Protocol):
    """The owner of each partition."""

    def owner_of(self, partition: int) -> Owner | None:
        """Return the owner, or None when nobody holds the partition."""
        ...

    async def refresh(self) -> None:
        """Read the table again. Raises nothing when it cannot be read: the copy stays."""
        ...
