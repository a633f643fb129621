"""The journal in SQLite: write-ahead log, full sync, one row and one sync a batch."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from openoutcry.adapters.sqlite.wal import check_log, make_room
from openoutcry.codec.journal import GENESIS_HASH, Head, JournalRow
from openoutcry.ports.journal import (
    FencedError,
    JournalDamagedError,
    JournalError,
    JournalFormatError,
    JournalFullError,
    JournalUnknownError,
)
from openoutcry.ports.ownership import Route

APPLICATION_ID = 0x4F4A524E
FORMAT = 1
"""The data format that this program writes (SQLite's `user_version`)."""
MIGRATIONS: MappingProxyType[int, Callable[[sqlite3.Connection], None]] = MappingProxyType({})
"""From an older format to the next one; a format that is missing here is refused by name."""
BUSY_MS = 5_000
READ_ROWS = 64
PRUNE_ROWS = 512
CHECKPOINT_BYTES = 6 << 20
"""Written ahead this much, the log is copied into the table by another thread."""
LOG_BYTES = 8 << 20
"""Room that is made in the log beforehand: it begins again from its front before this is full."""

_SCHEMA = """
CREATE TABLE journal(
  partition INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL,
  prev_hash BLOB NOT NULL, hash BLOB NOT NULL, n_commands INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY(partition, seq)) WITHOUT ROWID;
CREATE TABLE owner(partition INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);
"""
_COLUMNS = "partition, seq, epoch, prev_hash, hash, n_commands, payload"
_INSERT = (
    f"INSERT INTO journal({_COLUMNS}) SELECT ?, ?, ?, ?, ?, ?, ? "  # noqa: S608 - constants
    "WHERE (SELECT epoch FROM owner WHERE partition = ?) = ?"
)
_ERRORS = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: JournalFullError,
        sqlite3.SQLITE_IOERR: JournalUnknownError,
        sqlite3.SQLITE_CORRUPT: JournalDamagedError,
        sqlite3.SQLITE_NOTADB: JournalDamagedError,
    }
)


def journal_error(error: sqlite3.Error) -> JournalError:
    """Translate a driver's error by the table above."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    return _ERRORS.get(code, JournalError)(f"{name}: {error}")


class SqliteJournal:
    """The journal port over one SQLite file."""

    def __init__(
        self,
        path: Path,
        partition: int = 0,
        *,
        read_only: bool = False,
        synchronous: str = "FULL",
        checkpoint_bytes: int = CHECKPOINT_BYTES,
        log_bytes: int = 0,
    ) -> None:
        """`log_bytes`: room to make in the log, for whoever appends for long."""
        if synchronous not in {"FULL", "OFF"}:
            raise ValueError(f"synchronous is FULL, or OFF in tests, not {synchronous!r}")
        self.path = path
        self.partition = partition
        self._read_only = read_only
        self._synchronous = synchronous
        self._checkpoint_bytes = checkpoint_bytes
        self._log_bytes = log_bytes
        self._written_bytes = 0
        self._reading = threading.Lock()
        self._checkpoint_wanted = threading.Event()
        self._checkpoint_done = threading.Event()
        self._checkpoint_error: JournalError | None = None
        self._closed = False
        self._checkpointer: threading.Thread | None = None
        try:
            self._open()
        except sqlite3.Error as error:
            raise journal_error(error) from error

    def _open(self) -> None:
        if self._read_only:
            self._reader = _connect(self.path, read_only=True)
            self._check_format(self._reader)
            return
        check_log(self.path)
        self._writer = _connect(self.path)
        self._writer.execute("PRAGMA journal_mode = WAL")
        self._writer.execute(f"PRAGMA synchronous = {self._synchronous}")
        self._writer.execute("PRAGMA wal_autocheckpoint = 0")
        self._writer.execute("PRAGMA secure_delete = OFF")
        self._check_format(self._writer)
        # Frames of a torn last transaction must not be mistaken later for what followed it.
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if self._log_bytes:
            make_room(self.path, self._log_bytes)
        self._reader = _connect(self.path, read_only=True)
        self._head = self._read_head()
        self._checkpointer = threading.Thread(
            target=self._run_checkpoints, name="journal-checkpoint", daemon=True
        )
        self._checkpointer.start()

    def _check_format(self, connection: sqlite3.Connection) -> None:
        """Create the tables in an empty file; migrate or refuse an older one by name."""
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application == 0 and tables == 0 and not self._read_only:
            connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {FORMAT}; COMMIT;"
            )
            return
        if application != APPLICATION_ID:
            raise JournalFormatError(f"{self.path} is not a journal of this program")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise JournalFormatError(
                f"{self.path} has journal format {version}, written by a newer program; "
                f"this one reads format {FORMAT}"
            )
        while version < FORMAT:
            migrate = MIGRATIONS.get(version)
            if migrate is None or self._read_only:
                raise JournalFormatError(
                    f"{self.path} has journal format {version}, which this program "
                    f"cannot migrate; it reads format {FORMAT}"
                )
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                migrate(connection)
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")

    def acquire(self) -> int:
        """Raise the epoch, durably, and return it."""
        try:
            epoch: int = self._writer.execute(
                "INSERT INTO owner(partition, epoch) VALUES (?, 1) "
                "ON CONFLICT(partition) DO UPDATE SET epoch = epoch + 1 RETURNING epoch",
                (self.partition,),
            ).fetchall()[0][0]
        except sqlite3.Error as error:
            raise journal_error(error) from error
        self._head = self._read_head()
        return epoch

    def append(self, rows: Sequence[JournalRow], *, routes: Sequence[Route] = ()) -> None:
        """Insert rows where the epoch still is theirs; returns after the sync."""
        if routes:
            raise JournalError("an embedded exchange has one partition, and no routes")
        if self._checkpoint_error is not None:
            raise self._checkpoint_error
        head = self._head
        for row in rows:
            if row.partition != self.partition:
                raise JournalError(f"row {row.seq} belongs to partition {row.partition}")
            if row.seq > head.seq:
                if row.seq != head.seq + 1 or row.prev_hash != head.hash:
                    raise JournalError(f"row {row.seq} does not follow row {head.seq}")
                head = row.head
        try:
            if len(rows) == 1:
                self._insert(rows[0])
            else:
                self._insert_many(rows)
        except sqlite3.Error as error:
            failure = journal_error(error)
            if isinstance(failure, JournalFullError):
                self._checkpoint(self._writer)  # what is copied from the log is room in the log
            raise failure from error
        self._head = head
        self._after_append(rows)

    def _insert(self, row: JournalRow) -> None:
        values = (row.partition, row.seq, row.epoch, row.prev_hash, row.hash, row.n_commands)
        try:
            cursor = self._writer.execute(_INSERT, (*values, row.payload, row.partition, row.epoch))
        except sqlite3.IntegrityError:
            kept = self.row(row.seq)
            if kept is not None and kept.hash == row.hash:
                return  # our own retry
            raise FencedError(f"row {row.seq} was written by another owner") from None
        if cursor.rowcount != 1:
            raise FencedError(f"epoch {row.epoch} of partition {row.partition} is over")

    def _insert_many(self, rows: Sequence[JournalRow]) -> None:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for row in rows:
                self._insert(row)
            self._writer.execute("COMMIT")
        finally:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _after_append(self, rows: Sequence[JournalRow]) -> None:
        """Have the log copied by the other thread; then finish here, where nobody writes beside."""
        self._written_bytes += sum(len(row.payload) for row in rows) + 8192
        if self._checkpoint_done.is_set():
            self._checkpoint_done.clear()
            self._written_bytes = 0
            self._checkpoint(self._writer)
        elif self._written_bytes > self._checkpoint_bytes:
            self._checkpoint_wanted.set()

    def _run_checkpoints(self) -> None:
        connection = _connect(self.path)
        connection.execute("PRAGMA synchronous = FULL")
        while True:
            self._checkpoint_wanted.wait()
            self._checkpoint_wanted.clear()  # before the work: a wish during it is not lost
            if self._closed:
                break
            self._checkpoint(connection)
            self._checkpoint_done.set()
        connection.close()

    def _checkpoint(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            failure = journal_error(error)
            if isinstance(failure, JournalUnknownError | JournalDamagedError):
                self._checkpoint_error = failure

    def head(self) -> Head:
        """Return the last row's sequence and hash."""
        return self._read_head() if self._read_only else self._head

    def _read_head(self) -> Head:
        rows = self._select(
            "SELECT seq, hash FROM journal WHERE partition = ? ORDER BY seq DESC LIMIT 1",
            (self.partition,),
        )
        return Head(rows[0][0], rows[0][1]) if rows else Head(0, GENESIS_HASH)

    def first_seq(self) -> int:
        """Return the oldest row's sequence, or 0."""
        rows = self._select(
            "SELECT seq FROM journal WHERE partition = ? ORDER BY seq LIMIT 1", (self.partition,)
        )
        return int(rows[0][0]) if rows else 0

    def row(self, seq: int) -> JournalRow | None:
        """Return one row, or None."""
        rows = self._select(
            f"SELECT {_COLUMNS} FROM journal WHERE partition = ? AND seq = ?",  # noqa: S608
            (self.partition, seq),
        )
        return JournalRow(*rows[0]) if rows else None

    def read(self, from_seq: int, limit: int | None = None) -> Iterator[JournalRow]:
        """Yield rows from `from_seq` on, a few at a time so that no read transaction stays open."""
        left = limit
        while left is None or left > 0:
            count = READ_ROWS if left is None else min(left, READ_ROWS)
            rows = self._select(
                f"SELECT {_COLUMNS} FROM journal "  # noqa: S608 - constants
                "WHERE partition = ? AND seq >= ? ORDER BY seq LIMIT ?",
                (self.partition, from_seq, count),
            )
            for values in rows:
                yield JournalRow(*values)
            if len(rows) < count:
                return
            from_seq = rows[-1][1] + 1
            left = None if left is None else left - len(rows)

    def _select(self, sql: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        try:
            with self._reading:
                return self._reader.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise journal_error(error) from error

    def prune(self, below_seq: int) -> int:
        """Delete some rows older than `below_seq`, never the last; call again for more."""
        first = self.first_seq()
        below = min(below_seq, self._head.seq, first + PRUNE_ROWS)
        if first == 0 or below <= first:
            return 0
        try:
            return self._writer.execute(
                "DELETE FROM journal WHERE partition = ? AND seq < ?", (self.partition, below)
            ).rowcount
        except sqlite3.Error as error:
            raise journal_error(error) from error

    def close(self) -> None:
        """Stop the other thread and close the file; the last to close copies the log."""
        if self._closed:
            return
        self._closed = True
        if self._checkpointer is not None:
            self._checkpoint_wanted.set()
            self._checkpointer.join()
        with self._reading:
            self._reader.close()
        if not self._read_only:
            self._writer.close()


def _connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=32,
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection
