"""Who owns a partition, and which partition hosts an entity."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a partition as the ownership table has it."""

    partition: int
    epoch: int
    owner: str
    """The name of the process; empty when the partition never had one."""
    address: str
    """Where it takes calls."""
    lease_until_us: int | None
    """By the database's clock; None: given back, and free to be taken."""
    preferred: str = ""
    """Who should own it when it can."""


@dataclass(frozen=True, slots=True)
class Move:
    """A move that was asked for and is not finished; `version` is the route's after it."""

    entity: int
    source: int
    target: int
    version: int


@dataclass(frozen=True, slots=True)
class Route:
    """Which partition hosts an entity; each move raises the version."""

    entity: int
    partition: int
    version: int
