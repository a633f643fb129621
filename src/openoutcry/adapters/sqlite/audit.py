"""The audit log as tables of the file of people; triggers keep others from touching a record."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.ports.audit import (
    EVERY_RECORD,
    GENESIS,
    AuditError,
    AuditFilter,
    AuditHead,
    AuditRecord,
)

FORMAT_VERSION = 1
_BUSY_SECONDS = 10.0
_TABLES = (
    "CREATE TABLE audit_format (version INTEGER NOT NULL) STRICT",
    f"INSERT INTO audit_format VALUES ({FORMAT_VERSION})",  # noqa: S608 - a constant
    """
    CREATE TABLE audit_record (
      number INTEGER PRIMARY KEY,
      time_us INTEGER NOT NULL,
      actor TEXT NOT NULL,
      action TEXT NOT NULL,
      target TEXT NOT NULL,
      details TEXT NOT NULL,
      request_id TEXT NOT NULL,
      previous BLOB NOT NULL,
      digest BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX audit_record_actor ON audit_record (actor, number)",
    "CREATE INDEX audit_record_target ON audit_record (target, number)",
    """
    CREATE TABLE audit_head (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      number INTEGER NOT NULL,
      digest BLOB NOT NULL
    ) STRICT
    """,
    f"INSERT INTO audit_head VALUES (1, 0, x'{GENESIS.hex()}')",  # noqa: S608 - a constant
    """
    CREATE TRIGGER audit_record_stays BEFORE DELETE ON audit_record
    BEGIN SELECT RAISE(ABORT, 'records of the audit log are not deleted'); END
    """,
    """
    CREATE TRIGGER audit_record_is_final BEFORE UPDATE ON audit_record
    BEGIN SELECT RAISE(ABORT, 'records of the audit log are not changed'); END
    """,
)
_COLUMNS = "number, time_us, actor, action, target, details, request_id, previous, digest"
_SELECT = f"SELECT {_COLUMNS} FROM audit_record WHERE"  # noqa: S608 - a constant
_Row = tuple[int, int, str, str, str, str, str, bytes, bytes]
_T = TypeVar("_T")


class SqliteAudit:
    """`AuditStore` in a file that its owner alone may read; threads write and read.

    Looking for some records may mean going through all of them, so it has a connection and a thread
    of its own: nobody's act waits until an auditor has found something.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the log, made if missing; raises AuditError. A reader may look while another writes.

        A reader makes nothing: a file without a log is an error to it.
        """
        self._path = path
        self._one_at_a_time = threading.Lock()
        self._looking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-look")
        if not read_only:
            make_own_file(path)
        try:
            self._database = self._connect("ro" if read_only else "rw")
        except sqlite3.Error as error:
            raise AuditError(f"{path}: {error}") from error
        try:
            self._open(read_only=read_only)
            self._looker = self._connect("ro")
        except (sqlite3.Error, AuditError) as error:
            self._database.close()
            raise AuditError(f"{path}: {error}") from error

    def close(self) -> None:
        """Give up what is being looked for, and close the file; nobody may use it afterwards."""
        self._looker.interrupt()
        self._looking.shutdown(cancel_futures=True)
        self._looker.close()
        with self._one_at_a_time:
            self._database.close()

    async def append(self, make: Callable[[AuditHead], AuditRecord]) -> AuditRecord:
        """Store the next record and move the head, in one transaction."""
        return await asyncio.to_thread(self._guarded, lambda: self._append(make))

    async def head(self) -> AuditHead:
        """Return the head as it is kept."""
        return await asyncio.to_thread(self._guarded, self._head)

    async def records(self, after: int | None, limit: int) -> list[AuditRecord]:
        """Return records numbered above `after`, or from the first on, the oldest first."""
        condition, values = ("1", (limit,)) if after is None else ("number > ?", (after, limit))
        statement = f"{_SELECT} {condition} ORDER BY number LIMIT ?"
        rows: list[_Row] = await asyncio.to_thread(
            self._guarded, lambda: self._database.execute(statement, values).fetchall()
        )
        return [_record(row) for row in rows]

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        conditions: list[str] = ["1"]
        values: list[object] = []
        for column, value in (("actor", wanted.actor), ("target", wanted.target)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)
        if wanted.action is not None:
            conditions.append("(action = ? OR substr(action, 1, ?) = ?)")
            noun = f"{wanted.action}."
            values += [wanted.action, len(noun), noun]
        if before is not None:
            conditions.append("number < ?")
            values.append(before)
        statement = f"{_SELECT} {' AND '.join(conditions)} ORDER BY number DESC LIMIT ?"
        rows = await asyncio.get_running_loop().run_in_executor(
            self._looking, self._look, statement, (*values, limit)
        )
        return [_record(row) for row in rows]

    def _connect(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_SECONDS,
        )

    def _open(self, *, read_only: bool) -> None:
        if not read_only:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("BEGIN IMMEDIATE")
        has_log = self._database.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit_format'"
        ).fetchone()
        if not has_log:
            if read_only:
                raise AuditError("there is no audit log in it")
            for statement in _TABLES:
                self._database.execute(statement)
        version = self._database.execute("SELECT max(version) FROM audit_format").fetchone()[0]
        if not read_only:
            self._database.execute("COMMIT")
        if version != FORMAT_VERSION:
            raise AuditError(
                f"audit log of format {version}, and this release reads {FORMAT_VERSION}"
            )

    def _append(self, make: Callable[[AuditHead], AuditRecord]) -> AuditRecord:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            record = make(self._head())
            details = json.dumps(dict(record.details), sort_keys=True, ensure_ascii=False)
            self._database.execute(
                f"INSERT INTO audit_record ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                (
                    record.number,
                    record.time_us,
                    record.actor,
                    record.action,
                    record.target,
                    details,
                    record.request_id,
                    record.previous,
                    record.digest,
                ),
            )
            self._database.execute(
                "UPDATE audit_head SET number = ?, digest = ?", (record.number, record.digest)
            )
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise
        return record

    def _head(self) -> AuditHead:
        row = self._database.execute("SELECT number, digest FROM audit_head").fetchone()
        return AuditHead() if row is None else AuditHead(*row)

    def _look(self, statement: str, values: tuple[object, ...]) -> list[_Row]:
        try:
            return self._looker.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise AuditError(f"{self._path}: {error}") from error

    def _guarded(self, work: Callable[[], _T]) -> _T:
        """Do something with the file, one at a time, in the terms of the port."""
        with self._one_at_a_time:
            try:
                return work()
            except sqlite3.Error as error:
                raise AuditError(f"{self._path}: {error}") from error


def _record(row: _Row) -> AuditRecord:
    number, time_us, actor, action, target, details, request_id, previous, digest = row
    return AuditRecord(
        number, time_us, actor, action, target, _details(details), request_id, previous, digest
    )


def _details(text: str) -> dict[str, str]:
    """Return stored details; what somebody has made of them must be readable, though not right."""
    try:
        value = json.loads(text)
    except ValueError:
        return {"": text}
    return value if isinstance(value, dict) else {"": text}
