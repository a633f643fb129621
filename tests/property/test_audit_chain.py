"""The audit log shows every edit, deletion, insertion, reordering and truncation."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from openoutcry.adapters.memory.audit import MemoryAudit
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.identity.audit import AuditLog, digest_of, follow
from openoutcry.ports.audit import AuditHead, AuditRecord, AuditReport

TEXTS = st.text(max_size=20)
ACTS = st.lists(
    st.tuples(
        st.text(min_size=1, max_size=20),
        st.text(min_size=1, max_size=20),
        TEXTS,
        st.dictionaries(TEXTS, TEXTS, max_size=4),
        TEXTS,
    ),
    min_size=1,
    max_size=8,
)
OTHER_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-(1 << 63), (1 << 63) - 1),
    "time_us": st.integers(-(1 << 63), (1 << 63) - 1),
    "actor": TEXTS,
    "action": TEXTS,
    "target": TEXTS,
    "details": st.dictionaries(TEXTS, TEXTS, max_size=4),
    "request_id": TEXTS,
    "previous": st.binary(max_size=40),
    "digest": st.binary(max_size=40),
}


async def written(acts: list[tuple[str, str, str, dict[str, str], str]]) -> MemoryAudit:
    store = MemoryAudit()
    log = AuditLog(store, lambda: 1_700_000_000_000_000)
    for actor, action, target, details, request_id in acts:
        await log.record(actor, action, target, details, request_id)
    assert (await log.verify()).is_whole
    return store


def look(store: MemoryAudit, known: AuditHead | None = None) -> AuditReport:
    store._records.sort(key=lambda record: record.number)  # as any store reads them
    return asyncio.run(AuditLog(store, lambda: 0).verify(known))


def test_every_field_of_a_record_is_mutated_here() -> None:
    assert set(OTHER_VALUES) == {field.name for field in fields(AuditRecord)}


@given(acts=ACTS, data=st.data())
@pytest.mark.parametrize("field", sorted(OTHER_VALUES))
def test_a_mutated_field_is_found(field: str, acts: Any, data: st.DataObject) -> None:
    """Audit chain: edit"""
    store = asyncio.run(written(acts))
    place = data.draw(st.integers(0, len(store._records) - 1))
    value = data.draw(OTHER_VALUES[field])
    assume(getattr(store._records[place], field) != value)
    store._records[place] = replace(store._records[place], **{field: value})
    assert not look(store).is_whole


@given(acts=ACTS, data=st.data())
def test_a_record_rewritten_with_its_digest_is_found(acts: Any, data: st.DataObject) -> None:
    store = asyncio.run(written(acts))
    place = data.draw(st.integers(0, len(store._records) - 1))
    actor = data.draw(TEXTS)
    assume(store._records[place].actor != actor)
    forged = replace(store._records[place], actor=actor)
    store._records[place] = replace(forged, digest=digest_of(forged))
    assert not look(store).is_whole


@given(acts=ACTS, data=st.data())
def test_a_deleted_record_is_found(acts: Any, data: st.DataObject) -> None:
    """Audit chain: delete"""
    store = asyncio.run(written(acts))
    del store._records[data.draw(st.integers(0, len(store._records) - 1))]
    assert not look(store).is_whole


@given(acts=ACTS, data=st.data())
def test_a_truncated_log_is_found(acts: Any, data: st.DataObject) -> None:
    """Audit chain: truncate"""
    store = asyncio.run(written(acts))
    kept = data.draw(st.integers(0, len(store._records) - 1))
    del store._records[kept:]
    report = look(store)
    assert not report.is_whole
    assert report.records == kept


@given(acts=ACTS, data=st.data())
def test_reordered_records_are_found(acts: Any, data: st.DataObject) -> None:
    """Audit chain: reorder"""
    assume(len(acts) > 1)
    store = asyncio.run(written(acts))
    records = store._records
    first = data.draw(st.integers(0, len(records) - 2))
    second = data.draw(st.integers(first + 1, len(records) - 1))
    one, other = records[first], records[second]
    records[first] = replace(other, number=one.number)
    records[second] = replace(one, number=other.number)
    assert not look(store).is_whole


@given(acts=ACTS, number=st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_record_put_in_is_found(acts: Any, number: int) -> None:
    store = asyncio.run(written(acts))
    assume(all(record.number != number for record in store._records))
    extra = replace(store._records[-1], number=number)
    store._records.append(replace(extra, digest=digest_of(extra)))
    assert not look(store).is_whole


@given(acts=ACTS)
def test_a_record_appended_behind_the_head_is_found(acts: Any) -> None:
    store = asyncio.run(written(acts))
    last = store._records[-1]
    store._records.append(follow(AuditHead(last.number, last.digest), last))
    assert not look(store).is_whole


@given(acts=ACTS, data=st.data())
def test_a_log_rewritten_with_its_head_is_found_by_a_head_kept_elsewhere(
    acts: Any, data: st.DataObject
) -> None:
    """Audit chain: fork"""
    honest = asyncio.run(written(acts))
    kept = asyncio.run(honest.head())
    shorter = acts[: data.draw(st.integers(0, len(acts) - 1))]
    forged = asyncio.run(written(shorter)) if shorter else MemoryAudit()
    assert look(forged).is_whole, "nothing inside the file shows it"
    assert not look(forged, kept).is_whole
    changed = [(actor + "x", *rest) for actor, *rest in acts]
    assert not look(asyncio.run(written(changed)), kept).is_whole
    assert look(honest, kept).is_whole


TAMPER: dict[str, Callable[[sqlite3.Connection], object]] = {
    "edit": lambda db: db.execute("UPDATE audit_record SET target = 'x' WHERE number = 2"),
    "delete": lambda db: db.execute("DELETE FROM audit_record WHERE number = 2"),
    "truncate": lambda db: db.execute("DELETE FROM audit_record WHERE number > 2"),
    "forget": lambda db: db.execute("DELETE FROM audit_record"),
    "forget the head": lambda db: db.execute("DELETE FROM audit_head"),
    "move the head": lambda db: db.execute("UPDATE audit_head SET number = 2"),
    "no JSON": lambda db: db.execute("UPDATE audit_record SET details = '{' WHERE number = 2"),
    "other JSON": lambda db: db.execute("UPDATE audit_record SET details = '[1]' WHERE number = 2"),
    "reorder": lambda db: db.executescript(
        "UPDATE audit_record SET number = 9 WHERE number = 2;"
        "UPDATE audit_record SET number = 2 WHERE number = 3;"
        "UPDATE audit_record SET number = 3 WHERE number = 9;"
    ),
}


@pytest.mark.parametrize("how", TAMPER)
async def test_who_writes_into_the_file_is_found(how: str, tmp_path: Path) -> None:
    store = SqliteAudit(tmp_path / "people.db")
    log = AuditLog(store, lambda: 5)
    for number in range(4):
        await log.record("console", "asset.create", f"asset:{number}", {"scale": "8"})
    assert (await log.verify()).is_whole
    database = sqlite3.connect(tmp_path / "people.db")
    database.execute("DROP TRIGGER audit_record_stays")
    database.execute("DROP TRIGGER audit_record_is_final")
    TAMPER[how](database)
    database.commit()
    database.close()
    assert not (await log.verify()).is_whole
    store.close()
