"""The file of people, opened for the tables of identity: one thread writes, the loop reads.

The log in front of the file lets readers see the last commit while the next is on its way, so a
read never waits for a disk. The loop reads what an index finds; what looks through a whole table
has a thread and a connection of its own.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.ports.people_store import PeopleStoreError

FORMAT_VERSION = 1
_BUSY_SECONDS = 10.0
_READ_BUSY_SECONDS = 1.0
"""The loop reads: it is not to stand still for longer, should others recover the log."""
_TABLES = (
    "CREATE TABLE people_format (version INTEGER NOT NULL) STRICT",
    """
    CREATE TABLE person (
      person_id INTEGER PRIMARY KEY,
      email TEXT NOT NULL,
      email_key TEXT NOT NULL UNIQUE,
      password_hash TEXT NOT NULL,
      status TEXT NOT NULL,
      roles TEXT NOT NULL,
      must_change_password INTEGER NOT NULL,
      account_opened INTEGER NOT NULL,
      created_us INTEGER NOT NULL,
      signed_in_us INTEGER NOT NULL,
      security_changed_us INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE person_mail_token (
      token_hash BLOB PRIMARY KEY,
      purpose TEXT NOT NULL,
      email TEXT NOT NULL,
      email_key TEXT NOT NULL,
      person_id INTEGER NOT NULL,
      password_hash TEXT NOT NULL,
      expires_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX person_mail_token_email ON person_mail_token (email_key)",
    """
    CREATE TABLE person_pending (
      token_hash BLOB PRIMARY KEY,
      kind TEXT NOT NULL,
      person_id INTEGER NOT NULL,
      session_id TEXT NOT NULL,
      factors TEXT NOT NULL,
      expires_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE person_session (
      session_id TEXT PRIMARY KEY,
      token_hash BLOB NOT NULL UNIQUE,
      person_id INTEGER NOT NULL REFERENCES person,
      factors TEXT NOT NULL,
      started_us INTEGER NOT NULL,
      seen_us INTEGER NOT NULL,
      stepped_up_until_us INTEGER NOT NULL,
      ends_us INTEGER NOT NULL,
      ip TEXT NOT NULL,
      user_agent TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX person_session_person ON person_session (person_id)",
    """
    CREATE TABLE person_totp (
      person_id INTEGER PRIMARY KEY REFERENCES person,
      secret_sealed BLOB NOT NULL,
      confirmed INTEGER NOT NULL,
      last_step INTEGER NOT NULL,
      created_us INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE person_recovery_code (
      person_id INTEGER NOT NULL REFERENCES person,
      code_hash BLOB NOT NULL,
      PRIMARY KEY (person_id, code_hash)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE person_passkey (
      passkey_id INTEGER PRIMARY KEY AUTOINCREMENT,
      person_id INTEGER NOT NULL REFERENCES person,
      credential_id BLOB NOT NULL UNIQUE,
      public_key BLOB NOT NULL,
      sign_count INTEGER NOT NULL,
      name TEXT NOT NULL,
      transports TEXT NOT NULL,
      backed_up INTEGER NOT NULL,
      created_us INTEGER NOT NULL,
      used_us INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX person_passkey_person ON person_passkey (person_id)",
    "CREATE TABLE person_attempt (key TEXT NOT NULL, at_us INTEGER NOT NULL) STRICT",
    "CREATE INDEX person_attempt_key ON person_attempt (key, at_us)",
    "CREATE INDEX person_attempt_time ON person_attempt (at_us)",
)

Row = tuple[Any, ...]
T = TypeVar("T")


class PeopleDatabase:
    """The file of people, which its owner alone may read. Raises PeopleStoreError, as all its
    methods do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = self._writer = self._searcher = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="people")
        self._search_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="people-search")
        try:
            make_own_file(path)
            self._writer = self._connect(_BUSY_SECONDS)
            self._make_tables(self._writer)
            self._reader = self._connect(_READ_BUSY_SECONDS)
            self._searcher = self._connect(_READ_BUSY_SECONDS)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise PeopleStoreError(f"{path}: {error}") from error
        except PeopleStoreError:
            self.close()
            raise

    def close(self) -> None:
        """End what is being written, give up what is being searched, and close the file."""
        if self._searcher is not None:
            self._searcher.interrupt()
        self._search_thread.shutdown(cancel_futures=True)
        self._thread.shutdown()
        for connection in (self._reader, self._writer, self._searcher):
            if connection is not None:
                connection.close()

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Read what is committed, at once: an index has to find it."""
        return self._read(self._reader, statement, values)

    def row(self, statement: str, values: Sequence[object] = ()) -> Row | None:
        """Read one row of what is committed."""
        return next(iter(self.rows(statement, values)), None)

    async def search(self, statement: str, values: Sequence[object] = ()) -> list[Row]:
        """Read what is committed, however long it takes, while others go on."""
        return await asyncio.get_running_loop().run_in_executor(
            self._search_thread, self._read, self._searcher, statement, values
        )

    def _read(
        self, connection: sqlite3.Connection | None, statement: str, values: Sequence[object]
    ) -> list[Row]:
        assert connection is not None, "an open file has readers"
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise PeopleStoreError(f"{self._path}: {error}") from error

    async def change(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run one statement durably; returns how many rows it changed."""
        return await self.transact(lambda database: database.execute(statement, values).rowcount)

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something as one durable transaction; an error of `work` takes it back."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        assert self._writer is not None, "an open file has a writer"
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                result = work(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise PeopleStoreError(f"{self._path}: {error}") from error
        return result

    def _connect(self, busy_seconds: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, timeout=busy_seconds
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def _make_tables(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        known = database.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'people_format'"
        ).fetchone()
        if not known:
            for statement in _TABLES:
                database.execute(statement)
            database.execute("INSERT INTO people_format VALUES (?)", (FORMAT_VERSION,))
        (version,) = database.execute("SELECT max(version) FROM people_format").fetchone()
        database.execute("COMMIT")
        if version != FORMAT_VERSION:
            raise PeopleStoreError(
                f"{self._path}: people of format {version}, and this release reads {FORMAT_VERSION}"
            )
