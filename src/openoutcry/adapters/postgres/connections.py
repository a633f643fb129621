"""Connections to the primary, and what the driver's errors mean to a journal."""

from types import MappingProxyType

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from openoutcry.ports.journal import (
    JournalDamagedError,
    JournalError,
    JournalFormatError,
    JournalFullError,
    JournalUnknownError,
)

CONNECT_SECONDS = 3
_PATIENCE: MappingProxyType[str, str | int] = MappingProxyType(
    {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
)
"""A peer that is gone without a word is noticed in about ten seconds."""
_SESSION = (
    b"SET default_transaction_isolation = 'read committed'; SET synchronous_commit = 'on';"
    b" SET statement_timeout = 0; SET lock_timeout = 0;"
    b" SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = '3s'"
)
"""What the journal's promises rest on, whatever the server's defaults are.

A process that stands still in the middle of a transaction keeps its locks, the one on the row of
its own lease among them: nobody could take over. So the server ends such a transaction.
"""

_BY_STATE: MappingProxyType[str, type[JournalError]] = MappingProxyType(
    {
        "53100": JournalFullError,
        "58030": JournalUnknownError,
        "XX001": JournalDamagedError,
        "XX002": JournalDamagedError,
        "3F000": JournalFormatError,
        "42P01": JournalFormatError,
        "42703": JournalFormatError,
    }
)
_AWAY_STATES = frozenset({"25006", "25P03", "53300", "57P01", "57P02", "57P03", "57P04", "57P05"})
"""Not a primary any more, stood still in a transaction, no connection left, stopping, crashed,
starting, dropped, idle."""
_AGAIN_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
"""Serialization, deadlock, a lock, a cancelled statement: rolled back, and may be tried again."""


def completed(dsn: str, **options: str | int) -> str:
    """Return a conninfo with our patience wherever it says nothing of its own."""
    given = conninfo_to_dict(dsn)
    return make_conninfo(dsn, **{k: v for k, v in _PATIENCE.items() if k not in given}, **options)


def connect_primary(dsn: str, name: str) -> psycopg.Connection:
    """Connect to the server that takes writes, of those that the address names."""
    connection = psycopg.connect(
        completed(dsn, target_session_attrs="read-write", application_name=name),
        autocommit=True,
        prepare_threshold=0,
    )
    try:
        connection.execute(_SESSION, prepare=False)
    except psycopg.Error:
        connection.close()
        raise
    return connection


def journal_error(error: psycopg.Error) -> JournalError:
    """Translate a driver's error by the table above."""
    return _BY_STATE.get(error.sqlstate or "", JournalError)(
        f"{error.sqlstate or type(error).__name__}: {str(error).strip()}"
    )


def is_away(error: psycopg.Error, connection: psycopg.Connection | None) -> bool:
    """Whether the connection or the server went: what was under way may have happened."""
    if connection is None or connection.closed:
        return True
    state = error.sqlstate or ""
    return state in _AWAY_STATES or state.startswith("08")


def may_be_tried_again(error: psycopg.Error) -> bool:
    """Whether a statement was rolled back for a reason that passes."""
    return (error.sqlstate or "") in _AGAIN_STATES
