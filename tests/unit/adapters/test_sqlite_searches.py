"""What looks through a whole table of SQLite holds nobody else up.

A function of SQL that such a statement calls waits here until the rest of the world has gone on; if
the world had to wait for the statement, it would never.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.adapters.sqlite.people import SqlitePeopleFile
from openoutcry.identity.audit import AuditLog
from openoutcry.ports.audit import AuditError, AuditFilter
from openoutcry.ports.people_store import NewPerson, PeopleStoreError

PATIENCE_SECONDS = 20.0


@dataclass
class Brake:
    """Holds statements that call a function of SQL until it is let go."""

    began: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    gave_up: bool = False

    def hold(self, *_values: object) -> int:
        self.began.set()
        self.gave_up = not self.let_go.wait(PATIENCE_SECONDS)
        return 1

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.began.wait, PATIENCE_SECONDS)


@pytest.fixture
def brake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Brake]:
    """Every connection that is opened has `instr` and `substr` that are held."""
    held = Brake()
    plain = sqlite3.connect

    def connect(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = plain(*arguments, **named)
        connection.create_function("instr", 2, held.hold)
        connection.create_function("substr", 3, held.hold)
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    yield held
    held.let_go.set()


async def test_people_sign_in_while_an_operator_searches(tmp_path: Path, brake: Brake) -> None:
    file = SqlitePeopleFile(tmp_path / "people.db")
    people = file.stores.people
    ann = await people.add_person(NewPerson("ann", "ann", "hash", 1))
    search = asyncio.create_task(people.people(0, 10, "nn"))
    await brake.reached()
    assert await people.person_by_email("ann") == ann
    await people.signed_in(ann.person_id, 5)
    assert not search.done()
    brake.let_go.set()
    [found] = await search
    assert found.person_id == ann.person_id
    assert not brake.gave_up, "the world waited for the search"
    file.close()


async def test_acts_are_recorded_while_an_auditor_looks(tmp_path: Path, brake: Brake) -> None:
    store = SqliteAudit(tmp_path / "people.db")
    log = AuditLog(store, lambda: 1)
    first = await log.record("system", "market.halt", "market:X")
    look = asyncio.create_task(log.newest(10, wanted=AuditFilter(action="person")))
    await brake.reached()
    second = await log.record("system", "market.open", "market:X")
    assert await store.records(first.number, 10) == [second]
    assert not look.done()
    brake.let_go.set()
    await look
    assert not brake.gave_up, "the world waited for the look"
    store.close()


ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT max(i) FROM n WHERE instr('', i)"
)


async def test_closing_gives_up_a_search(tmp_path: Path, brake: Brake) -> None:
    brake.let_go.set()
    file = SqlitePeopleFile(tmp_path / "people.db")
    search = asyncio.create_task(file._database.search(ENDLESS))
    await brake.reached()
    await asyncio.to_thread(file.close)
    with pytest.raises(PeopleStoreError, match="interrupted"):
        await search


async def test_closing_gives_up_a_look(tmp_path: Path, brake: Brake) -> None:
    brake.let_go.set()
    store = SqliteAudit(tmp_path / "people.db")
    looker = asyncio.get_running_loop().run_in_executor
    look = looker(store._looking, store._look, ENDLESS, ())
    await brake.reached()
    await asyncio.to_thread(store.close)
    with pytest.raises(AuditError, match="interrupted"):
        await look
