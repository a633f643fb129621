"""The journal in PostgreSQL: one statement a batch, fenced by its key and the owner's epoch.

A commit whose outcome is unknown (the connection was cut, the server crashed, a wait for a standby
was cancelled) is resolved on a fresh connection to the primary, for as long as it takes: the row is
inserted again, and where it is there already it is read back. Until then nothing is acknowledged.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.errors import Diagnostic, UniqueViolation

from openoutcry.adapters.postgres.connections import (
    completed,
    connect_primary,
    is_away,
    journal_error,
    may_be_tried_again,
)
from openoutcry.codec.journal import Head, JournalRow
from openoutcry.ports.journal import (
    FencedError,
    JournalBehindError,
    JournalError,
    JournalUnknownError,
)
from openoutcry.ports.ownership import Route

log = logging.getLogger(__name__)

LEASE_SECONDS = 3.0
RETRY_SECONDS = 0.05
READ_PATIENCE_SECONDS = 15.0
READ_ROWS = 64
PRUNE_ROWS = 512

_COLUMNS: LiteralString = "partition, seq, epoch, prev_hash, hash, n_commands, payload"
_INSERT: LiteralString = (
    f"INSERT INTO journal.row({_COLUMNS})"  # noqa: S608 - constants
    " SELECT o.partition, %b, o.epoch, %b, %b, %b, %b"
    " FROM journal.owner o WHERE o.partition = %b AND o.epoch = %b FOR SHARE OF o"
)
_INSERT_MANY: LiteralString = (
    f"INSERT INTO journal.row({_COLUMNS})"  # noqa: S608 - constants
    " SELECT o.partition, r.seq, o.epoch, r.prev_hash, r.hash, r.n_commands, r.payload"
    " FROM unnest(%b::bigint[], %b::bytea[], %b::bytea[], %b::integer[], %b::bytea[])"
    " AS r(seq, prev_hash, hash, n_commands, payload), journal.owner o"
    " WHERE o.partition = %b AND o.epoch = %b FOR SHARE OF o"
)
_CONFIRM: LiteralString = (
    "UPDATE journal.owner SET epoch = epoch WHERE partition = %b AND epoch = %b"
)
"""Changes nothing; its commit waits for what any commit waits for: all before it is durable."""
_ACQUIRE: LiteralString = """
INSERT INTO journal.owner AS o (partition, epoch, owner, address, lease_until)
VALUES (%(partition)s, 1, %(owner)s, %(address)s, clock_timestamp() + %(lease)s * interval '1 s')
ON CONFLICT (partition) DO UPDATE SET epoch = o.epoch + 1, owner = excluded.owner,
  address = excluded.address, lease_until = excluded.lease_until
WHERE %(expected)s::bigint IS NULL OR o.epoch = %(expected)s
RETURNING epoch
"""
_ROUTE: LiteralString = (
    "INSERT INTO journal.route AS r (entity, partition, version) VALUES (%b, %b, %b)"
    " ON CONFLICT (entity) DO UPDATE SET partition = excluded.partition, version = excluded.version"
    " WHERE r.version < excluded.version"
    " OR (r.version, r.partition) = (excluded.version, excluded.partition)"
)


class RouteTakenError(JournalError):
    """The entity was moved elsewhere meanwhile. Nothing was appended."""


_T = TypeVar("_T")


class PostgresJournal:
    """The journal port over `journal.row`. `owner` names this process, and no other."""

    def __init__(
        self,
        dsn: str,
        partition: int = 0,
        *,
        owner: str = "",
        address: str = "",
        lease_seconds: float = LEASE_SECONDS,
        read_only: bool = False,
        read_patience_seconds: float = READ_PATIENCE_SECONDS,
    ) -> None:
        """Connect; raises JournalError. `read_only`: for followers, from any server named."""
        self.partition = partition
        self.owner = owner
        self.address = address
        self.lease_seconds = lease_seconds
        self._dsn = dsn
        self._read_only = read_only
        self._read_patience_seconds = read_patience_seconds
        self._name = f"outcry-journal-{partition}"
        self._closing = threading.Event()
        self._reading = threading.Lock()
        self._reader: psycopg.Connection | None = None
        self._writer: psycopg.Connection | None = None
        self._warnings: list[str] = []
        self._head = Head()
        try:
            if not read_only:
                self._writer = self._connect_writer()
            self._reader = self._connect_reader()
            self._head = self._read_head(self._reader)
        except psycopg.Error as error:
            self.close()
            raise journal_error(error) from error

    # -- the owner's side -------------------------------------------------------------------------

    def acquire(self, expected_epoch: int | None = None) -> int:
        """Raise the epoch, durably, and return it; with an expectation only from that epoch on.

        Raises FencedError when somebody else was faster than expected.
        """
        values = {
            "partition": self.partition,
            "owner": self.owner,
            "address": self.address,
            "lease": self.lease_seconds,
            "expected": expected_epoch,
        }

        def work(connection: psycopg.Connection) -> tuple[int, Head]:
            row = connection.execute(_ACQUIRE, values).fetchone()
            if row is None:  # perhaps our own, whose outcome we did not learn
                row = connection.execute(
                    "SELECT epoch FROM journal.owner WHERE partition = %s AND epoch = %s + 1"
                    " AND owner = %s AND owner <> '' AND address = %s",
                    (self.partition, expected_epoch, self.owner, self.address),
                ).fetchone()
            if row is None:
                raise FencedError(f"partition {self.partition} has left epoch {expected_epoch}")
            self._check_nothing_is_lost(connection)
            return row[0], self._read_head(connection)

        epoch, self._head = self._durably(work)
        return epoch

    def append(self, rows: Sequence[JournalRow], *, routes: Sequence[Route] = ()) -> None:
        """Insert rows where the epoch still is theirs; returns when they are durable.

        `routes` change in the same transaction: the commit point of a move. Raises RouteTakenError
        when an entity has been moved elsewhere since.
        """
        if not rows:
            return
        head = self._head
        for row in rows:
            if row.partition != self.partition or row.epoch != rows[0].epoch:
                raise JournalError(
                    f"row {row.seq} belongs to partition {row.partition}, epoch {row.epoch}"
                )
            if row.seq > head.seq:
                if row.seq != head.seq + 1 or row.prev_hash != head.hash:
                    raise JournalError(f"row {row.seq} does not follow row {head.seq}")
                head = row.head
        self._durably(lambda connection: self._write(connection, rows, routes))
        self._head = head

    def prune(self, below_seq: int) -> int:
        """Delete some rows older than `below_seq`, never the last; call again for more."""
        first = self.first_seq()
        below = min(below_seq, self._head.seq, first + PRUNE_ROWS)
        if first == 0 or below <= first or self._writer is None:
            return 0
        try:
            return self._writer.execute(
                "DELETE FROM journal.row WHERE partition = %s AND seq < %s", (self.partition, below)
            ).rowcount
        except psycopg.Error as error:
            if is_away(error, self._writer):
                self._drop_writer()  # the next append connects again; the wish is repeated
                return 0
            raise journal_error(error) from error

    def _durably(self, work: Callable[[psycopg.Connection], _T]) -> _T:
        """Run something that may be run again until its outcome is known."""
        while True:
            try:
                connection = self._writer or self._reconnect()
                self._warnings.clear()
                result = work(connection)
                if not self._warnings:
                    return result
                log.warning("partition %d: unconfirmed: %s", self.partition, self._warnings)
                self._drop_writer()
            except psycopg.Error as error:
                if is_away(error, self._writer):
                    level = logging.WARNING if self._writer is not None else logging.DEBUG
                    log.log(level, "partition %d: nothing is known: %s", self.partition, error)
                    self._drop_writer()
                elif not may_be_tried_again(error):
                    raise journal_error(error) from error
            if self._closing.wait(RETRY_SECONDS):
                raise JournalUnknownError("given up while the outcome was unknown")

    def _write(
        self, connection: psycopg.Connection, rows: Sequence[JournalRow], routes: Sequence[Route]
    ) -> None:
        """Insert rows; those that are there already are our own, or fence."""
        try:
            self._insert(connection, rows, routes)
        except UniqueViolation:
            missing = self._not_kept(connection, rows)
            if len(missing) == len(rows):
                raise
            if missing:
                self._insert(connection, missing, routes)
                return
            confirmed = connection.execute(_CONFIRM, (self.partition, rows[0].epoch))
            self._require(confirmed.rowcount == 1, rows[0].epoch)

    def _insert(
        self, connection: psycopg.Connection, rows: Sequence[JournalRow], routes: Sequence[Route]
    ) -> None:
        if routes:
            with connection.transaction():
                self._insert(connection, rows, ())
                for route in routes:
                    where = (route.entity, route.partition, route.version)
                    if connection.execute(_ROUTE, where).rowcount != 1:
                        raise RouteTakenError(f"entity {route.entity} was moved elsewhere")
            return
        if len(rows) == 1:
            (row,) = rows
            values = (row.seq, row.prev_hash, row.hash, row.n_commands, row.payload)
            done = connection.execute(_INSERT, (*values, self.partition, row.epoch))
        else:
            columns = (
                [row.seq for row in rows],
                [row.prev_hash for row in rows],
                [row.hash for row in rows],
                [row.n_commands for row in rows],
                [row.payload for row in rows],
            )
            done = connection.execute(_INSERT_MANY, (*columns, self.partition, rows[0].epoch))
        self._require(done.rowcount == len(rows), rows[0].epoch)

    def _require(self, owned: bool, epoch: int) -> None:  # noqa: FBT001 - what a statement found
        if not owned:
            raise FencedError(f"epoch {epoch} of partition {self.partition} is over")

    def _not_kept(
        self, connection: psycopg.Connection, rows: Sequence[JournalRow]
    ) -> list[JournalRow]:
        """Return the rows that are not there; another one in the place of ours fences."""
        found: dict[int, bytes] = dict(
            connection.execute(
                "SELECT seq, hash FROM journal.row WHERE partition = %s AND seq = ANY(%s)",
                (self.partition, [row.seq for row in rows]),
                binary=True,
            ).fetchall()
        )
        for row in rows:
            if found.get(row.seq, row.hash) != row.hash:
                raise FencedError(f"row {row.seq} was written by another owner")
        return [row for row in rows if row.seq not in found]

    def _check_nothing_is_lost(self, connection: psycopg.Connection) -> None:
        """Hold what was acknowledged against a server that we have not seen before."""
        if self._head.seq == 0:
            return
        head = self._read_head(connection)
        row = connection.execute(
            "SELECT hash FROM journal.row WHERE partition = %s AND seq = %s",
            (self.partition, self._head.seq),
            binary=True,
        ).fetchone()
        if head.seq < self._head.seq or (row is not None and row[0] != self._head.hash):
            raise JournalBehindError(
                f"the journal of partition {self.partition} ends at row {head.seq}, and row "
                f"{self._head.seq} was acknowledged: the database has lost rows"
            )
        if row is None:
            raise FencedError(f"another owner has pruned row {self._head.seq}")

    # -- everybody's side -------------------------------------------------------------------------

    def head(self) -> Head:
        """Return the last row's sequence and hash."""
        if self._read_only:
            return self._reads(self._read_head)
        return self._head

    def first_seq(self) -> int:
        """Return the oldest row's sequence, or 0."""
        rows = self._select(
            "SELECT seq FROM journal.row WHERE partition = %s ORDER BY seq LIMIT 1",
            (self.partition,),
        )
        return int(rows[0][0]) if rows else 0

    def row(self, seq: int) -> JournalRow | None:
        """Return one row, or None."""
        rows = self._select(
            f"SELECT {_COLUMNS} FROM journal.row"  # noqa: S608 - constants
            " WHERE partition = %s AND seq = %s",
            (self.partition, seq),
        )
        return JournalRow(*rows[0]) if rows else None

    def read(self, from_seq: int, limit: int | None = None) -> Iterator[JournalRow]:
        """Yield rows from `from_seq` on, a few at a time so that no read transaction stays open."""
        left = limit
        while left is None or left > 0:
            count = READ_ROWS if left is None else min(left, READ_ROWS)
            rows = self._select(
                f"SELECT {_COLUMNS} FROM journal.row"  # noqa: S608 - constants
                " WHERE partition = %s AND seq >= %s ORDER BY seq LIMIT %s",
                (self.partition, from_seq, count),
            )
            for values in rows:
                yield JournalRow(*values)
            if len(rows) < count:
                return
            from_seq = rows[-1][1] + 1
            left = None if left is None else left - len(rows)

    def give_up(self) -> None:
        """Have a call that waits for the database end with JournalUnknownError; from any thread."""
        self._closing.set()

    def close(self) -> None:
        """Let go of the connections; nobody may be inside a call."""
        self.give_up()
        self._drop_writer()
        with self._reading:
            self._drop_reader()

    def _select(self, query: LiteralString, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        return self._reads(lambda reader: reader.execute(query, values, binary=True).fetchall())

    def _reads(self, read: Callable[[psycopg.Connection], _T]) -> _T:
        """Read, for a while also from a server that comes back."""
        end = time.monotonic() + self._read_patience_seconds
        with self._reading:
            while True:
                try:
                    if self._reader is None:
                        self._reader = self._connect_reader()
                    return read(self._reader)
                except psycopg.Error as error:
                    if not is_away(error, self._reader) or time.monotonic() > end:
                        raise journal_error(error) from error
                    self._drop_reader()
                if self._closing.wait(RETRY_SECONDS):
                    raise JournalError("the journal was closed")

    def _read_head(self, connection: psycopg.Connection) -> Head:
        row = connection.execute(
            "SELECT seq, hash FROM journal.row WHERE partition = %s ORDER BY seq DESC LIMIT 1",
            (self.partition,),
            binary=True,
        ).fetchone()
        return Head(*row) if row else Head()

    # -- connections ------------------------------------------------------------------------------

    def _connect_writer(self) -> psycopg.Connection:
        connection = connect_primary(self._dsn, self._name)
        connection.add_notice_handler(self._hear)
        return connection

    def _connect_reader(self) -> psycopg.Connection:
        if not self._read_only:
            return connect_primary(self._dsn, self._name)
        return psycopg.connect(
            completed(self._dsn, application_name=self._name), autocommit=True, prepare_threshold=0
        )

    def _hear(self, notice: Diagnostic) -> None:
        """Take note of a warning: at a commit it says that a standby was not waited for."""
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "")

    def _reconnect(self) -> psycopg.Connection:
        if self._read_only:
            raise JournalError("this journal was opened for reading")
        connection = self._connect_writer()
        try:
            self._check_nothing_is_lost(connection)
        except BaseException:
            connection.close()
            raise
        self._writer = connection
        return connection

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _drop_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
