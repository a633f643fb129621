"""Migrations: from nothing, on filled tables, by several at once, and never backwards."""

import threading

import psycopg
import pytest
from psycopg import sql

from openoutcry.adapters.postgres.migrations import (
    SCHEMAS,
    Migration,
    SchemaError,
    check,
    migrate,
    migrations,
)

MADE_UP = {
    "smallint": "{}",
    "integer": "{}",
    "bigint": "{}",
    "numeric": "{}",
    "boolean": "true",
    "bytea": "'\\x01'",
    "text": "'x'",
    "timestamp with time zone": "now()",
    "ARRAY": "'{{}}'",
}


def tables(connection: psycopg.Connection, schema: str) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        " AND table_type = 'BASE TABLE' AND table_name <> 'migration' ORDER BY table_name",
        (schema,),
    )
    return [name for (name,) in rows]


def fill(connection: psycopg.Connection, schema: str) -> None:
    """Put a row into every table: each number is its column's place, and no trigger looks."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in tables(connection, schema):
            columns = connection.execute(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                (schema, table),
            ).fetchall()
            connection.execute(
                sql.SQL("INSERT INTO {}({}) VALUES({}) ON CONFLICT DO NOTHING").format(
                    sql.Identifier(schema, table),
                    sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
                    sql.SQL(", ").join(
                        sql.SQL(MADE_UP[kind].format(place))
                        for place, (_, kind) in enumerate(columns, 1)
                    ),
                )
            )


def counts(connection: psycopg.Connection, schema: str) -> dict[str, int]:
    found = {}
    for table in tables(connection, schema):
        row = connection.execute(
            sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
        ).fetchone()
        assert row is not None
        found[table] = row[0]
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_migration_keeps_what_is_in_the_tables(empty_database: str, schema: str) -> None:
    known = migrations(schema)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        before: dict[str, int] = {}
        for version in range(1, len(known) + 1):
            assert migrate(empty_database, schema, known[:version]) == version
            after = counts(connection, schema)
            assert {table: after[table] for table in before} == before
            fill(connection, schema)
            before = counts(connection, schema)
        assert before
        assert min(before.values()) >= 1
    check(empty_database, schema)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_made_anew_and_made_step_by_step_are_the_same(
    database: str, empty_database: str, schema: str
) -> None:
    known = migrations(schema)
    for version in range(1, len(known) + 1):
        migrate(empty_database, schema, known[:version])
    described = []
    for dsn in (database, empty_database):
        with psycopg.connect(dsn) as connection:
            described.append(
                connection.execute(
                    "SELECT table_name, column_name, data_type, is_nullable"
                    " FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2",
                    (schema,),
                ).fetchall()
            )
    assert described[0] == described[1]


def test_several_at_once_apply_each_once(empty_database: str) -> None:
    threads = [
        threading.Thread(target=migrate, args=(empty_database, schema))
        for schema in SCHEMAS
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for schema in SCHEMAS:
        check(empty_database, schema)


def test_what_a_newer_program_made_is_refused_by_name(database: str) -> None:
    known = migrations("journal")
    newer = [*known, Migration(len(known) + 1, "0099_tomorrow", "SELECT 1")]
    migrate(database, "journal", newer)
    for refuse in (migrate, check):
        with pytest.raises(SchemaError, match="0099_tomorrow, made by a newer program"):
            refuse(database, "journal")
    other = [Migration(1, "0001_something_else", "SELECT 1"), *newer[1:]]
    with pytest.raises(SchemaError, match="0001_something_else"):
        migrate(database, "journal", other)


def test_a_migration_that_fails_leaves_nothing(database: str) -> None:
    known = migrations("journal")
    broken = Migration(len(known) + 1, "0099_broken", "CREATE TABLE journal.x(); SELECT 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database, "journal", [*known, broken])
    check(database, "journal")
    with psycopg.connect(database) as connection:
        assert "x" not in tables(connection, "journal")


def test_tables_that_are_missing_are_named(empty_database: str) -> None:
    with pytest.raises(SchemaError, match="at nothing"):
        check(empty_database, "journal")
    migrate(empty_database, "journal", migrations("journal")[:1])
    with pytest.raises(SchemaError, match="at 0001_journal"):
        check(empty_database, "journal")
