"""Brings the tables of a schema to this program's version: numbered files, one transaction each.

Several processes may start at once: an advisory lock lets one of them at it, and the others
find it done.
A migration that was released is never changed; the next one mends it.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import sql

from openoutcry.adapters.postgres.connections import connect_primary

log = logging.getLogger(__name__)

JOURNAL = "journal"
QUERY = "query"
IDENTITY = "identity"
SCHEMAS = (JOURNAL, QUERY, IDENTITY)

_PACKAGE = "openoutcry.adapters.postgres"
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK = 0x4F4A_4D49
"""With the schema's place in `SCHEMAS`, the key of the advisory lock."""


class SchemaError(Exception):
    """The tables are not those that this program works with; the message names both versions."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    version: int
    name: str
    text: str


def migrations(schema: str) -> list[Migration]:
    """Return the migrations of a schema that this program knows, in order."""
    if schema not in SCHEMAS:
        raise ValueError(f"there is no schema {schema!r}")
    found = []
    for file in resources.files(_PACKAGE).joinpath("migrations", schema).iterdir():
        match = _NAME.fullmatch(file.name)
        if match:
            name = file.name.removesuffix(".sql")
            found.append(Migration(int(match[1]), name, file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    assert [each.version for each in found] == list(range(1, len(found) + 1)), "no gap, none twice"
    return found


def migrate(dsn: str, schema: str, known: Sequence[Migration] | None = None) -> int:
    """Apply what is missing; returns the version. Refuses, by name, what a newer program made."""
    known = migrations(schema) if known is None else known
    with connect_primary(dsn, "outcry-migrate") as connection:
        lock = (_LOCK, SCHEMAS.index(schema))
        connection.execute("SELECT pg_advisory_lock(%s, %s)", lock)
        _make_version_table(connection, schema)
        applied = _applied(connection, schema)
        _refuse_others(schema, applied, known)
        for migration in known[len(applied) :]:
            log.info("schema %s: applying %s", schema, migration.name)
            with connection.transaction():
                connection.execute(migration.text.encode(), prepare=False)
                connection.execute(
                    sql.SQL("INSERT INTO {}(version, name) VALUES(%s, %s)").format(_table(schema)),
                    (migration.version, migration.name),
                )
    return len(known)


def check(dsn: str, schema: str) -> None:
    """Raise SchemaError unless the tables are exactly of this program's version."""
    known = migrations(schema)
    with connect_primary(dsn, "outcry-check") as connection:
        try:
            applied = _applied(connection, schema)
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            applied = []
    _refuse_others(schema, applied, known)
    if len(applied) < len(known):
        raise SchemaError(
            f"the tables of schema {schema} are at {applied[-1][1] if applied else 'nothing'}; "
            f"this program works with {known[-1].name}: migrate them first"
        )


def _refuse_others(
    schema: str, applied: Sequence[tuple[int, str]], known: Sequence[Migration]
) -> None:
    if len(applied) > len(known):
        raise SchemaError(
            f"the tables of schema {schema} are at {applied[-1][1]}, made by a newer program; "
            f"this one works with {known[-1].name}"
        )
    for (version, name), migration in zip(applied, known, strict=False):
        if (version, name) != (migration.version, migration.name):
            raise SchemaError(
                f"schema {schema} had {name} applied where this program has {migration.name}"
            )


def _table(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, "migration")


def _make_version_table(connection: psycopg.Connection, schema: str) -> None:
    found = connection.execute("SELECT to_regclass(%s)", (f"{schema}.migration",)).fetchone()
    if found is not None and found[0] is not None:
        return
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
    connection.execute(
        sql.SQL(
            "CREATE TABLE {}(version integer PRIMARY KEY, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        ).format(_table(schema))
    )


def _applied(connection: psycopg.Connection, schema: str) -> list[tuple[int, str]]:
    return connection.execute(
        sql.SQL("SELECT version, name FROM {} ORDER BY version").format(_table(schema))
    ).fetchall()
