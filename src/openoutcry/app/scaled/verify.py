"""`outcry verify` for an exchange of the scaled size: the journal of each partition, run again.

The journals are in PostgreSQL, so its server has to run: beside `outcry up`.
"""

import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import psycopg

from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.migrations import JOURNAL, SchemaError, check
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.app.settings import SettingsError
from openoutcry.app.verify import EXIT_CLEAN, EXIT_USAGE, check_partition, judged

SETTINGS_NAME = "control.toml"


def verify(directory: Path) -> int:
    """Check every partition and say what was found; returns the worst exit code."""
    try:
        settings = ScaledSettings.load(directory / SETTINGS_NAME, {})
        check(settings.journal_dsn, JOURNAL)
    except (SettingsError, SchemaError) as error:
        return _unusable(str(error))
    except psycopg.Error as error:
        return _unusable(f"the database does not run: start `outcry up` first ({error})")
    worst = EXIT_CLEAN
    for plan in settings.partitions:
        sys.stdout.write(f"partition {plan.number} ({plan.role.lower()}): ")
        sys.stdout.flush()
        worst = max(worst, judged(partial(_check, settings.journal_dsn, plan.number)))
    return worst


def _check(dsn: str, number: int) -> None:
    with closing(PostgresJournal(dsn, number, read_only=True)) as journal:
        check_partition(journal, PostgresSnapshots(dsn, number), number)


def _unusable(text: str) -> int:
    sys.stderr.write(f"outcry: {text}\n")
    return EXIT_USAGE
