"""Where the audit log of an exchange is, of either size, for whoever only looks at it."""

from pathlib import Path

from openoutcry.adapters.postgres.audit import PostgresAudit
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.app.engine import PARTITIONS_NAME, PEOPLE_NAME
from openoutcry.app.scaled.layout import CONTROL_SETTINGS_NAME
from openoutcry.app.scaled.settings import ScaledSettings


class NoAuditError(Exception):
    """There is no exchange where one was looked for."""


def open_audit_store(directory: Path, settings: Path | None) -> SqliteAudit | PostgresAudit:
    """Open the log of a settings file, or else of a data folder, also while it is written.

    Raises NoAuditError, SettingsError, AuditError.
    """
    if settings is None and (directory / PARTITIONS_NAME).exists():
        settings = directory / CONTROL_SETTINGS_NAME
    if settings is not None:
        scaled = ScaledSettings.load(settings)
        scaled.require("journal_dsn")
        return PostgresAudit(scaled.journal_dsn)
    if not (directory / PEOPLE_NAME).exists():
        raise NoAuditError(f"{directory} holds no audit log")
    return SqliteAudit(directory / PEOPLE_NAME, read_only=True)
