"""Which side lives in a partition, which entities it hosts, and which have left it."""

from dataclasses import dataclass, field

from openoutcry.core.enums import EntityKind, Role
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.limits import ACCOUNT_SHARDS, MARKETS_MAX


@dataclass(slots=True)
class Departure:
    """An entity that has left: where to, and its rows until the move is done."""

    target: int
    route_version: int
    rows: bytes


@dataclass(slots=True)
class Arrival:
    """An entity on its way in: the rows that have come so far."""

    route_version: int
    position: int = 0
    """The next chunk that is waited for."""
    rows: bytearray = field(default_factory=bytearray)


class Hosting:
    """What is asked of every command and message: whether its entity is here."""

    def __init__(self) -> None:
        self.role = Role.JOINED
        self.hosted: dict[int, int] = {}
        """Entity to the version of its route."""
        self.departures: dict[int, Departure] = {}
        self.arrivals: dict[int, Arrival] = {}

    def hosts(self, entity: int) -> bool:
        """Whether an entity lives here; in a joined partition all do."""
        return self.role == Role.JOINED or entity in self.hosted

    def hosts_account(self, account_id: int) -> bool:
        """Whether an account's shard lives here."""
        return self.hosts(entity_of_shard(shard_of_account(account_id)))

    def hosts_market(self, market: int) -> bool:
        """Whether a market lives here, not only a copy of its specification."""
        return self.hosts(entity_of_market(market))

    def may_host(self, entity: int) -> bool:
        """Whether an entity is of a kind that lives in this role."""
        kind, number = entity >> 24, entity & (1 << 24) - 1
        if self.role == Role.ACCOUNTS:
            return kind == EntityKind.SHARD and number < ACCOUNT_SHARDS
        if self.role == Role.MARKETS:
            return kind == EntityKind.MARKET and 1 <= number <= MARKETS_MAX
        return False
