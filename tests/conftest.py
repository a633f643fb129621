"""Fixtures of servers, for every test that asks for one."""

from tests.support.postgres import (
    database,
    empty_database,
    module_database,
    postgres_server,
    postgres_template,
    server_folder,
)
from tests.support.valkey import own_valkey, shared_valkey, valkey

__all__ = [
    "database",
    "empty_database",
    "module_database",
    "own_valkey",
    "postgres_server",
    "postgres_template",
    "server_folder",
    "shared_valkey",
    "valkey",
]
