"""One suite for every store of the audit log."""

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.postgres.audit import PostgresAudit
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.identity.audit import AuditLog, digest_of
from openoutcry.ports.audit import (
    DETAILS_MAX,
    GENESIS,
    TEXT_CHARACTERS_MAX,
    AuditError,
    AuditFilter,
    AuditHead,
    AuditRecord,
    AuditStore,
)

NOW_US = 1_700_000_000_000_000


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AuditStore]:
    if request.param == "memory":
        yield MemoryAudit()
        return
    kept: SqliteAudit | PostgresAudit
    if request.param == "postgres":
        kept = PostgresAudit(request.getfixturevalue("database"))
    else:
        kept = SqliteAudit(tmp_path / "people.db")
    yield kept
    kept.close()


def log_of(store: AuditStore) -> AuditLog:
    return AuditLog(store, lambda: NOW_US)


async def test_an_empty_log_ends_where_it_begins(store: AuditStore) -> None:
    assert await store.head() == AuditHead(0, GENESIS)
    assert await store.records(None, 10) == []
    assert await store.newest(10) == []
    assert (await log_of(store).verify()).is_whole


async def test_a_record_is_kept_as_it_was_given(store: AuditStore) -> None:
    details = {"reason": "too “quiet” — ünd so", "since": "09:00"}
    record = await log_of(store).record("person:7", "market.halt", "market:BTCUSD", details, "r-1")
    assert await store.records(None, 10) == [record]
    assert record == AuditRecord(
        1, NOW_US, "person:7", "market.halt", "market:BTCUSD", details, "r-1", GENESIS,
        digest_of(record),
    )  # fmt: skip
    assert await store.head() == AuditHead(1, record.digest)


async def test_each_record_follows_the_one_before(store: AuditStore) -> None:
    log = log_of(store)
    made = [await log.record("console", "asset.create", f"asset:{name}") for name in "ABC"]
    assert [record.number for record in made] == [1, 2, 3]
    assert [record.previous for record in made] == [GENESIS, made[0].digest, made[1].digest]
    assert (await log.verify()).head == AuditHead(3, made[2].digest)


async def test_records_that_meet_form_one_chain(store: AuditStore) -> None:
    log = log_of(store)
    await asyncio.gather(*(log.record("system", "key.expire", f"key:{i}") for i in range(25)))
    report = await log.verify()
    assert report.is_whole
    assert report.records == 25


async def test_pages_go_forward_and_back(store: AuditStore) -> None:
    log = log_of(store)
    for number in range(5):
        await log.record("console", "asset.create", f"asset:{number}")
    assert [record.number for record in await store.records(None, 2)] == [1, 2]
    assert [record.number for record in await store.records(2, 2)] == [3, 4]
    assert [record.number for record in await store.records(5, 2)] == []
    assert [record.number for record in await store.newest(2)] == [5, 4]
    assert [record.number for record in await store.newest(9, before=4)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (AuditFilter(), [4, 3, 2, 1]),
        (AuditFilter(actor="person:7"), [3, 1]),
        (AuditFilter(action="market"), [2, 1]),
        (AuditFilter(action="market.halt"), [1]),
        (AuditFilter(action="mark"), []),
        (AuditFilter(target="market:BTCUSD"), [2, 1]),
        (AuditFilter(actor="person:7", target="market:BTCUSD"), [1]),
        (AuditFilter(actor="' OR 1 --"), []),
    ],
)
async def test_records_are_found_by_what_is_in_them(
    store: AuditStore, wanted: AuditFilter, numbers: list[int]
) -> None:
    log = log_of(store)
    await log.record("person:7", "market.halt", "market:BTCUSD")
    await log.record("person:8", "market.open", "market:BTCUSD")
    await log.record("person:7", "marketing.mail", "person:9")
    await log.record("person:8", "person.lock", "person:9")
    assert [record.number for record in await store.newest(10, wanted=wanted)] == numbers


async def test_no_text_is_too_strange_to_be_recorded(store: AuditStore) -> None:
    log = log_of(store)
    strange = {"browser": "a\0b\ud800c", "long": "x" * 5_000, "": "\u202egpj.exe"}
    record = await log.record("person:7", "session.start", "person:7", strange)
    assert await store.records(None, 1) == [record]
    assert len(record.details["long"]) == TEXT_CHARACTERS_MAX
    assert (await log.verify()).is_whole


async def test_what_is_no_record_leaves_nothing(store: AuditStore) -> None:
    log = log_of(store)
    with pytest.raises(AuditError):
        await log.record("", "market.halt", "market:BTCUSD")
    with pytest.raises(AuditError):
        await log.record("console", "", "market:BTCUSD")
    with pytest.raises(AuditError):
        await log.record("console", "x.y", "", {str(i): "" for i in range(DETAILS_MAX + 1)})
    assert await store.head() == AuditHead()


async def test_the_log_outlives_its_process(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    first = SqliteAudit(path)
    record = await log_of(first).record("console", "operator.add", "person:1")
    first.close()
    second = SqliteAudit(path)
    assert await second.records(None, 10) == [record]
    assert (await log_of(second).record("console", "operator.add", "person:2")).number == 2
    second.close()
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


async def test_a_reader_looks_while_another_writes(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    writer = SqliteAudit(path)
    await log_of(writer).record("console", "operator.add", "person:1")
    reader = SqliteAudit(path, read_only=True)
    assert (await reader.head()).number == 1
    await log_of(writer).record("console", "operator.add", "person:2")
    assert (await log_of(reader).verify()).records == 2
    with pytest.raises(AuditError):
        await log_of(reader).record("console", "operator.add", "person:3")
    reader.close()
    writer.close()


@pytest.mark.parametrize(
    "statement", ["DELETE FROM audit_record", "UPDATE audit_record SET actor = 'somebody'"]
)
async def test_records_are_not_changed_by_mistake(tmp_path: Path, statement: str) -> None:
    store = SqliteAudit(tmp_path / "people.db")
    await log_of(store).record("console", "operator.add", "person:1")
    database = sqlite3.connect(tmp_path / "people.db")
    with pytest.raises(sqlite3.DatabaseError, match="audit log"):
        database.execute(statement)
    database.close()
    store.close()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    with pytest.raises(AuditError, match=r"people\.db"):
        SqliteAudit(path, read_only=True)
    sqlite3.connect(path).close()
    with pytest.raises(AuditError, match="no audit log"):
        SqliteAudit(path, read_only=True)
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(AuditError, match=r"people\.db"):
        SqliteAudit(path)


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    SqliteAudit(path).close()
    database = sqlite3.connect(path)
    database.execute("INSERT INTO audit_format VALUES (9)")
    database.commit()
    database.close()
    with pytest.raises(AuditError, match="format 9"):
        SqliteAudit(path)
