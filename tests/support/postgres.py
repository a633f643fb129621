"""A real PostgreSQL for tests: one server a process, a database of its own for each test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.postgres.migrations import SCHEMAS, migrate

TEMPLATE = "outcry_template"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder that the servers' user may enter; pytest's own are for their owner alone."""
    folder = Path(tempfile.mkdtemp(prefix="outcry-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[PostgresServer]:
    """A running server that syncs nothing: for what does not measure durability."""
    with PostgresServer(server_folder / "shared", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """A database with all tables, which new ones are copied from."""
    _run(postgres_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    for schema in SCHEMAS:
        migrate(postgres_server.dsn(TEMPLATE), schema)
    return TEMPLATE


@pytest.fixture
def empty_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database without any table."""
    yield from _database(postgres_server, "template1")


@pytest.fixture
def database(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """The address of a database with all tables, and nothing in them."""
    yield from _database(postgres_server, postgres_template)


@pytest.fixture(scope="module")
def module_database(postgres_server: PostgresServer, postgres_template: str) -> Iterator[str]:
    """As `database`, for all tests of a module."""
    yield from _database(postgres_server, postgres_template)


def _database(server: PostgresServer, template: str) -> Iterator[str]:
    name = f"outcry_test_{next(_numbers)}"
    _run(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
    )
    yield server.dsn(name)
    _run(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(server: PostgresServer, statement: sql.Composed) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(statement)
