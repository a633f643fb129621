"""Link messages between partitions, whatever carries them.

A message is a link record of `core/schema.py`; its place is (source, destination, link_seq). What
carries them may lose, repeat or reorder whole calls: the kernel's `last_in` makes it right.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class LinkPosition(NamedTuple):
    """The last message of a link that its destination has committed."""

    source: int
    destination: int
    link_seq: int


class LinkReceiver(Protocol):
    """The destination's side of all links into one partition."""

    async def receive(self, messages: bytes) -> Sequence[LinkPosition]:
        """Journal the records that are new; returns, after the commit, where their links stand.

        Raises CallError when nothing was taken or nobody knows: the source sends again.
        """
        ...

    async def positions(self, sources: Sequence[int]) -> Sequence[LinkPosition]:
        """Return where the links from these source entities stand, as far as committed."""
        ...


class LinkSender(Protocol):
    """The way from this process to the owners of other partitions."""

    async def send(self, partition: int, messages: bytes) -> Sequence[LinkPosition]:
        """Hand whole link records to a partition's receiver; returns what that returns.

        Calls to one partition arrive in the order in which they are made while the connection
        holds. Raises CallError.
        """
        ...

    async def positions(self, partition: int, sources: Sequence[int]) -> Sequence[LinkPosition]:
        """Ask a partition's receiver for positions. Raises CallError."""
        ...
