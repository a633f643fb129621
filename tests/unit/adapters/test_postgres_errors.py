"""What the driver's errors mean to a journal."""

import psycopg
import pytest

from openoutcry.adapters.postgres.connections import is_away, journal_error, may_be_tried_again
from openoutcry.ports.journal import (
    JournalDamagedError,
    JournalError,
    JournalFormatError,
    JournalFullError,
    JournalUnknownError,
)


class Open:
    """A connection as far as it is looked at."""

    closed = False


def error(state: str) -> psycopg.Error:
    return psycopg.errors.lookup(state)("what the server said")


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", JournalFullError),
        ("58030", JournalUnknownError),
        ("XX001", JournalDamagedError),
        ("42P01", JournalFormatError),
        ("42501", JournalError),
    ],
)
def test_each_state_is_an_error_of_ours(state: str, kind: type[JournalError]) -> None:
    ours = journal_error(error(state))
    assert type(ours) is kind
    assert state in str(ours)
    assert not is_away(error(state), Open())
    assert not may_be_tried_again(error(state))


@pytest.mark.parametrize("state", ["08006", "57P01", "57P02", "57P03", "25006", "53300"])
def test_a_server_that_went_leaves_the_outcome_open(state: str) -> None:
    assert is_away(error(state), Open())


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03", "57014"])
def test_what_was_rolled_back_for_a_passing_reason_is_tried_again(state: str) -> None:
    assert may_be_tried_again(error(state))
    assert not is_away(error(state), Open())


def test_without_a_connection_nothing_is_known() -> None:
    assert is_away(psycopg.OperationalError("cannot connect"), None)
