"""Fixtures of servers, for every test that asks for one."""

from tests.support.postgres import (
    database,
    empty_database,
    module_database,
    postgres_server,
    postgres_template,
    server_folder,
)

__all__ = [
    "database",
    "empty_database",
    "module_database",
    "postgres_server",
    "postgres_template",
    "server_folder",
]
