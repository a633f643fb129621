"""Who owns which partition: leases by the database's clock, and who may take over when.

A lease says nothing by itself: a database that was away renewed nobody's, and expires nobody. Only
who has seen it answer, and the lease not renewed, for a whole lease may take over. Should that be
wrong all the same, the epoch fences.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString, TypeVar

import psycopg

from openoutcry.adapters.postgres.connections import connect_primary, is_away, journal_error
from openoutcry.ports.journal import FencedError, JournalError
from openoutcry.ports.ownership import Move, Owner, Route

log = logging.getLogger(__name__)

_OWNERS: LiteralString = (
    "SELECT partition, epoch, owner, address,"
    " (extract(epoch FROM lease_until) * 1000000)::bigint, preferred FROM journal.owner"
)


_T = TypeVar("_T")


class DatabaseAwayError(JournalError):
    """The database does not answer now. Whoever owned what before still does."""


class Ownership:
    """The table of owners and the table of routes, at the primary. All calls block."""

    def __init__(self, dsn: str, name: str = "outcry-ownership") -> None:
        self._dsn = dsn
        self._name = name
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def owners(self) -> dict[int, Owner]:
        """Return the owner of each partition that ever had one."""
        return self.look()[1]

    def look(self) -> tuple[int, dict[int, Owner]]:
        """Return the database's time in microseconds, and the owners as of now."""

        def read(connection: psycopg.Connection) -> tuple[int, dict[int, Owner]]:
            # the time also when there is no owner
            rows = connection.execute(
                "SELECT o.*, (extract(epoch FROM clock_timestamp()) * 1e6)::bigint"  # noqa: S608
                f" FROM (SELECT 1) AS always LEFT JOIN ({_OWNERS}) AS o ON true"
            ).fetchall()
            owners = {row[0]: Owner(*row[:6]) for row in rows if row[0] is not None}
            return rows[0][6], owners

        return self._at_primary(read)

    def renew(self, partition: int, epoch: int, lease_seconds: float) -> None:
        """Say that the owner of this epoch still is there; raises FencedError when it is over.

        The commit waits for no disk: a renewal that a crash takes back was none.
        """

        def write(connection: psycopg.Connection) -> int:
            with connection.transaction():
                connection.execute("SET LOCAL synchronous_commit = off")
                return connection.execute(
                    "UPDATE journal.owner SET lease_until = clock_timestamp()"
                    " + %s * interval '1 s' WHERE partition = %s AND epoch = %s"
                    " AND lease_until IS NOT NULL",
                    (lease_seconds, partition, epoch),
                ).rowcount

        if self._at_primary(write) != 1:
            raise FencedError(f"epoch {epoch} of partition {partition} is over")

    def release(self, partition: int, epoch: int) -> bool:
        """Give a partition back, so that anyone may take it at once; False when it was taken."""
        return self._at_primary(
            lambda connection: (
                connection.execute(
                    "UPDATE journal.owner SET lease_until = NULL"
                    " WHERE partition = %s AND epoch = %s",
                    (partition, epoch),
                ).rowcount
                == 1
            )
        )

    def disown(self, owner: str) -> None:
        """Say that an owner's process has ended: its leases are over, and nobody need wait.

        For who has seen it end. Should it live all the same, it exits at its next renewal.
        """
        self._at_primary(
            lambda connection: connection.execute(
                "UPDATE journal.owner SET lease_until = NULL, owner = '' WHERE owner = %s",
                (owner,),
            )
        )

    def prefer(self, partition: int, owner: str) -> None:
        """Say who should own a partition; its owner gives it back when it sees that."""
        self._at_primary(
            lambda connection: connection.execute(
                "INSERT INTO journal.owner(partition, epoch, preferred) VALUES(%s, 0, %s)"
                " ON CONFLICT (partition) DO UPDATE SET preferred = excluded.preferred",
                (partition, owner),
            )
        )

    def declare(self, preferred: dict[int, str]) -> None:
        """Let partitions be owned, with who should own each; what is known stays as it is."""

        def write(connection: psycopg.Connection) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO journal.owner(partition, epoch, preferred) VALUES(%s, 0, %s)"
                    " ON CONFLICT (partition) DO NOTHING",
                    sorted(preferred.items()),
                )

        self._at_primary(write)

    def follow(self, engine: str, followed: dict[int, tuple[int, bool]]) -> None:
        """Say how far an engine has followed partitions: (sequence, whether it is warm) of each."""

        def write(connection: psycopg.Connection) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
                cursor.executemany(
                    "INSERT INTO journal.standby(partition, engine, seq, is_warm)"
                    " VALUES(%s, %s, %s, %s) ON CONFLICT (partition, engine) DO UPDATE SET"
                    " seq = excluded.seq, is_warm = excluded.is_warm, seen_at = clock_timestamp()",
                    [(number, engine, *state) for number, state in followed.items()],
                )

        self._at_primary(write)

    def warm(self, seconds: float) -> set[tuple[int, str]]:
        """Return (partition, engine) of whoever said within so many seconds that it is warm."""
        rows = self._at_primary(
            lambda connection: connection.execute(
                "SELECT partition, engine FROM journal.standby WHERE is_warm"
                " AND seen_at > clock_timestamp() - %s * interval '1 s'",
                (seconds,),
            ).fetchall()
        )
        return {(partition, engine) for partition, engine in rows}

    def routes(self) -> dict[int, Route]:
        """Return where each entity lives."""
        rows = self._at_primary(
            lambda connection: connection.execute(
                "SELECT entity, partition, version FROM journal.route"
            ).fetchall()
        )
        return {entity: Route(entity, partition, version) for entity, partition, version in rows}

    def routes_mark(self) -> tuple[int, int]:
        """Return what is another one after each change of a route: versions only rise."""
        row = self._at_primary(
            lambda connection: connection.execute(
                "SELECT count(*), coalesce(sum(version), 0)::bigint FROM journal.route"
            ).fetchone()
        )
        assert row is not None, "an aggregate without groups is one row"
        return row[0], row[1]

    def ask_move(self, entity: int, target: int) -> Move | None:
        """Note that an entity is to move; None when it lives there, or nowhere.

        One that is moving already goes on to where it was to go: the answer is that move.
        """

        def write(connection: psycopg.Connection) -> Move | None:
            with connection.transaction():
                connection.execute(
                    "INSERT INTO journal.move(entity, source, target, version)"
                    " SELECT entity, partition, %s, version + 1 FROM journal.route"
                    " WHERE entity = %s AND partition <> %s FOR UPDATE"
                    " ON CONFLICT (entity) DO NOTHING",
                    (target, entity, target),
                )
                row = connection.execute(
                    "SELECT entity, source, target, version FROM journal.move WHERE entity = %s",
                    (entity,),
                ).fetchone()
            return None if row is None else Move(*row)

        return self._at_primary(write)

    def moves(self) -> list[Move]:
        """Return the moves that are not finished, oldest first."""
        rows = self._at_primary(
            lambda connection: connection.execute(
                "SELECT entity, source, target, version FROM journal.move ORDER BY asked_at"
            ).fetchall()
        )
        return [Move(*row) for row in rows]

    def finish_move(self, move: Move) -> None:
        """Forget a move that is done."""
        self._at_primary(
            lambda connection: connection.execute(
                "DELETE FROM journal.move WHERE entity = %s AND version = %s",
                (move.entity, move.version),
            )
        )

    def place(self, routes: list[Route]) -> None:
        """Say where entities live, where nothing newer is said; moves do it with their rows."""

        def write(connection: psycopg.Connection) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO journal.route AS r (entity, partition, version)"
                    " VALUES(%s, %s, %s) ON CONFLICT (entity) DO UPDATE SET"
                    " partition = excluded.partition, version = excluded.version"
                    " WHERE r.version < excluded.version",
                    [(route.entity, route.partition, route.version) for route in routes],
                )

        self._at_primary(write)

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._drop()

    def _at_primary(self, work: Callable[[psycopg.Connection], _T]) -> _T:
        """Do something once; raises DatabaseAwayError where nothing is known of it."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connect_primary(self._dsn, self._name)
                return work(self._connection)
            except psycopg.Error as error:
                if is_away(error, self._connection):
                    self._drop()
                    raise DatabaseAwayError(f"the database is away: {error}") from error
                raise journal_error(error) from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Sight:
    """A lease as it was first seen."""

    epoch: int
    lease_until_us: int
    at_us: int
    """By the database's clock."""
    at_seconds: float
    """By our own."""


class Watcher:
    """Says whose partitions may be taken over. `look` is called a few times in each lease."""

    def __init__(
        self,
        ownership: Ownership,
        lease_seconds: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ownership = ownership
        self._lease_seconds = lease_seconds
        self._gap_seconds = lease_seconds / 2
        self._monotonic = monotonic
        self._seen: dict[int, _Sight] = {}
        self._looked_at: float | None = None

    def look(self) -> list[Owner]:
        """Return the owners that are gone now: what to take with `acquire(owner.epoch)`.

        A partition that was given back is among them at once. Raises DatabaseAwayError, after which
        everybody is watched for a whole lease anew.
        """
        began = self._monotonic()
        try:
            now_us, owners = self._ownership.look()
        except JournalError:
            self._forget()
            raise
        at = self._monotonic()
        if self._looked_at is None or at - self._looked_at > self._gap_seconds:
            self._seen.clear()  # who was away, the database or we ourselves, cannot be told
        self._looked_at = at
        gone = [owner for owner in owners.values() if self._is_gone(owner, now_us, began, at)]
        self._seen = {number: self._seen[number] for number in owners if number in self._seen}
        return gone

    def _is_gone(self, owner: Owner, now_us: int, began: float, at: float) -> bool:
        if owner.lease_until_us is None:
            return True
        sight = self._seen.get(owner.partition)
        if sight is None or (sight.epoch, sight.lease_until_us) != (
            owner.epoch,
            owner.lease_until_us,
        ):
            self._seen[owner.partition] = _Sight(owner.epoch, owner.lease_until_us, now_us, at)
            return False
        return (
            now_us > owner.lease_until_us
            and now_us - sight.at_us >= self._lease_seconds * 1_000_000
            and began - sight.at_seconds >= self._lease_seconds
        )

    def _forget(self) -> None:
        self._seen.clear()
        self._looked_at = None
