"""The audit log that several processes share."""

import asyncio

import psycopg
import pytest

from openoutcry.adapters.postgres.audit import PostgresAudit
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.audit import AuditError


async def test_records_of_many_processes_form_one_chain(database: str) -> None:
    stores = [PostgresAudit(database) for _ in range(4)]
    logs = [AuditLog(store, lambda: 5) for store in stores]
    await asyncio.gather(
        *(logs[number % 4].record("console", "asset.create", str(number)) for number in range(40))
    )
    report = await logs[0].verify()
    assert report.is_whole
    assert report.records == 40
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE identity.audit_record SET actor = 'somebody'",
        "DELETE FROM identity.audit_record",
        "TRUNCATE identity.audit_record",
    ],
)
async def test_records_are_not_changed_by_mistake(database: str, statement: str) -> None:
    store = PostgresAudit(database)
    log = AuditLog(store, lambda: 5)
    await log.record("console", "operator.add", "person:1")
    with psycopg.connect(database) as operator, pytest.raises(psycopg.Error, match="audit log"):
        operator.execute(statement.encode())
    assert (await log.verify()).is_whole
    store.close()


async def test_who_writes_into_the_table_is_found(database: str) -> None:
    store = PostgresAudit(database)
    log = AuditLog(store, lambda: 5)
    for number in range(4):
        await log.record("console", "asset.create", str(number))
    with psycopg.connect(database) as operator:
        operator.execute("ALTER TABLE identity.audit_record DISABLE TRIGGER audit_record_stays")
        operator.execute("DELETE FROM identity.audit_record WHERE number > 2")
    report = await log.verify()
    assert [found.number for found in report.findings] == [3]
    store.close()


async def test_a_lost_connection_is_said_and_made_again(database: str) -> None:
    store = PostgresAudit(database)
    log = AuditLog(store, lambda: 5)
    await log.record("console", "operator.add", "person:1")
    with psycopg.connect(database, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'outcry-audit' AND datname = current_database()"
        )
    with pytest.raises(AuditError):
        await log.record("console", "operator.add", "person:2")
    assert (await log.record("console", "operator.add", "person:3")).number == 2
    store.close()


async def test_a_database_without_the_tables_is_said(empty_database: str) -> None:
    store = PostgresAudit(empty_database)
    with pytest.raises(AuditError, match="audit"):
        await AuditLog(store, lambda: 5).record("console", "operator.add", "person:1")
    store.close()
