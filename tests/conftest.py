"""What all tests share: fixtures of servers, and how hypothesis treats a machine that stalls."""

from hypothesis import HealthCheck, settings
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

# A stall of the machine is no finding: examples have no deadline, and may take long to draw.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
