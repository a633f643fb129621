"""Brings an exchange's databases to this program's version, and the route to its settings."""

import psycopg

from openoutcry.adapters.postgres.migrations import (
    IDENTITY,
    JOURNAL,
    QUERY,
    SchemaError,
    check,
    migrate,
)
from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.app.scaled.control import first_routes
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.ports.journal import JournalError


def prepare(settings: ScaledSettings) -> None:
    """Make the tables that are missing, and say where entities live at first.

    What is there is looked at and left alone: any process of an exchange may do this at its start.
    Raises SchemaError for tables of a newer program, and JournalError.
    """
    journal, query, _ = settings.with_query_dsns()
    try:
        for dsn, schema in ((journal, JOURNAL), (query, QUERY), (journal, IDENTITY)):
            try:
                check(dsn, schema)
            except SchemaError:
                migrate(dsn, schema)
    except psycopg.Error as error:
        raise JournalError(f"the database cannot be used: {str(error).strip()}") from error
    ownership = Ownership(journal, "outcry-prepare")
    try:
        ownership.place(first_routes(settings))
        ownership.declare({plan.number: plan.preferred for plan in settings.partitions})
    finally:
        ownership.close()
