"""The audit log in PostgreSQL; any number of processes may append, one after the other."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, LiteralString, TypeVar

import psycopg

from openoutcry.adapters.postgres.connections import connect_primary, is_away
from openoutcry.ports.audit import (
    EVERY_RECORD,
    AuditError,
    AuditFilter,
    AuditHead,
    AuditRecord,
)

_COLUMNS: LiteralString = (
    "number, time_us, actor, action, target, details, request_id, previous, digest"
)
_INSERT: LiteralString = (
    f"INSERT INTO identity.audit_record({_COLUMNS}) VALUES(%b, %b, %b, %b, %b, %b, %b, %b, %b)"
)
_FORWARD: LiteralString = (
    f"SELECT {_COLUMNS} FROM identity.audit_record"  # noqa: S608 - a constant
    " WHERE %(after)s::bigint IS NULL OR number > %(after)s ORDER BY number LIMIT %(limit)s"
)
_BACKWARD: LiteralString = (
    f"SELECT {_COLUMNS} FROM identity.audit_record"  # noqa: S608 - a constant
    " WHERE (%(before)s::bigint IS NULL OR number < %(before)s)"
    " AND (%(actor)s::text IS NULL OR actor = %(actor)s)"
    " AND (%(target)s::text IS NULL OR target = %(target)s)"
    " AND (%(action)s::text IS NULL OR action = %(action)s"
    " OR starts_with(action, %(action)s || '.'))"
    " ORDER BY number DESC LIMIT %(limit)s"
)
_T = TypeVar("_T")


class PostgresAudit:
    """`AuditStore` over `identity.audit_record`; it connects when it is first asked."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._one_at_a_time = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def close(self) -> None:
        """Let go of the connection; the next question makes another one."""
        with self._one_at_a_time:
            self._drop()

    async def append(self, make: Callable[[AuditHead], AuditRecord]) -> AuditRecord:
        """Store the next record and move the head, in one transaction."""

        def work(connection: psycopg.Connection) -> AuditRecord:
            with connection.transaction():
                record = make(_head(connection, "FOR UPDATE"))
                details = json.dumps(dict(record.details), sort_keys=True, ensure_ascii=False)
                connection.execute(
                    _INSERT,
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
                connection.execute(
                    "UPDATE identity.audit_head SET number = %b, digest = %b",
                    (record.number, record.digest),
                )
            return record

        return await self._ask(work)

    async def head(self) -> AuditHead:
        """Return the head as it is kept."""
        return await self._ask(_head)

    async def records(self, after: int | None, limit: int) -> list[AuditRecord]:
        """Return records numbered above `after`, or from the first on, the oldest first."""
        return await self._select(_FORWARD, {"after": after, "limit": limit})

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        values = {
            "before": before,
            "limit": limit,
            "actor": wanted.actor,
            "action": wanted.action,
            "target": wanted.target,
        }
        return await self._select(_BACKWARD, values)

    async def _select(self, statement: LiteralString, values: dict[str, Any]) -> list[AuditRecord]:
        rows = await self._ask(lambda connection: connection.execute(statement, values).fetchall())
        return [_record(row) for row in rows]

    async def _ask(self, work: Callable[[psycopg.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._guarded, work)

    def _guarded(self, work: Callable[[psycopg.Connection], _T]) -> _T:
        """Do something over the one connection, in the terms of the port."""
        with self._one_at_a_time:
            try:
                if self._connection is None:
                    self._connection = connect_primary(self._dsn, "outcry-audit")
                return work(self._connection)
            except psycopg.Error as error:
                if is_away(error, self._connection):
                    self._drop()
                raise AuditError(f"the audit log: {str(error).strip()}") from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _head(connection: psycopg.Connection, locking: LiteralString = "") -> AuditHead:
    row = connection.execute(
        f"SELECT number, digest FROM identity.audit_head {locking}"  # noqa: S608 - constants
    ).fetchone()
    return AuditHead() if row is None else AuditHead(*row)


def _record(row: tuple[Any, ...]) -> AuditRecord:
    number, time_us, actor, action, target, details, request_id, previous, digest = row
    try:
        told = json.loads(details)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        told = {"": details}  # somebody has been here: it must be readable, though not right
    return AuditRecord(number, time_us, actor, action, target, told, request_id, previous, digest)
