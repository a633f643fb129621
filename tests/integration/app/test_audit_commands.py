"""`outcry admin audit`, on an exchange at rest and on one that runs."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import AdminError, Administration
from openoutcry.app.control import ControlServer
from openoutcry.app.engine import PEOPLE_NAME, open_engine
from openoutcry.app.offline import administer
from openoutcry.app.settings import ServeSettings
from openoutcry.cli import main
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.identity.audit import AuditLog
from openoutcry.partition.runtime import now_us

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an exchange at rest in which an operator has done something."""
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "0")

    async def make() -> None:
        settings = ServeSettings(data=tmp_path, reserve_bytes=0, journal_synchronous="OFF")
        async with open_engine(settings):
            pass

    asyncio.run(make())
    administer(tmp_path, {"do": "create-asset", "name": "EUR", "scale": 2})
    administer(tmp_path, {"do": "create-account"})
    with pytest.raises(AdminError):
        administer(tmp_path, {"do": "create-asset", "name": "EUR"})
    administer(tmp_path, {"do": "list"})
    return tmp_path


def audit(directory: Path, *arguments: str, as_json: bool = False) -> int:
    words = ["admin", "--data", str(directory), *(["--json"] if as_json else [])]
    return main([*words, "audit", *arguments])


def test_acts_at_rest_are_recorded_and_listed(directory: Path, capsys: Captured) -> None:
    assert audit(directory, "list", as_json=True) == 0
    records = json.loads(capsys.readouterr().out)
    assert [(record["n"], record["action"], record["object"]) for record in records] == [
        (6, "asset.create.refused", "asset:EUR"),
        (5, "asset.create", "asset:EUR"),
        (4, "account.create.done", "account:new"),
        (3, "account.create", "account:new"),
        (2, "asset.create.done", "asset:EUR"),
        (1, "asset.create", "asset:EUR"),
    ]
    assert {record["actor"] for record in records} == {"console"}
    assert audit(directory, "list", "--action", "account", "--before", "4") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("3  ")
    assert "console  account.create  account:new" in line


def test_a_whole_log_is_whole_and_says_its_head(directory: Path, capsys: Captured) -> None:
    assert audit(directory, "verify") == 0
    words, head = capsys.readouterr().out.splitlines()
    assert words == "6 records, whole"
    known = head.removeprefix("head ")
    administer(directory, {"do": "create-asset", "name": "BTC"})
    assert audit(directory, "verify", "--head", known) == 0
    other = known[:-1] + ("0" if known[-1] != "0" else "1")
    assert audit(directory, "verify", "--head", other) == 1
    assert "record 6" in capsys.readouterr().out


def test_who_was_in_the_file_is_found(directory: Path, capsys: Captured) -> None:
    database = sqlite3.connect(directory / PEOPLE_NAME)
    database.execute("DROP TRIGGER audit_record_stays")
    database.execute("DELETE FROM audit_record WHERE number > 4")
    database.commit()
    database.close()
    assert audit(directory, "verify", as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["records"] == 4
    assert [found["record"] for found in report["findings"]] == [5]


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--head", "5"),
        ("verify", "--head", "x:00"),
        ("verify", "--head=-1:" + "00" * 32),
        ("list", "--limit", "0"),
    ],
)
def test_wrong_words_are_code_2(directory: Path, capsys: Captured, arguments: tuple[str]) -> None:
    assert audit(directory, *arguments) == 2
    assert capsys.readouterr().err.startswith("outcry: ")


def test_no_log_is_code_2(tmp_path: Path, capsys: Captured) -> None:
    assert audit(tmp_path, "verify") == 2
    (tmp_path / PEOPLE_NAME).write_bytes(b"something else" * 1_000)
    assert audit(tmp_path, "verify") == 2
    assert list(tmp_path.iterdir()) == [tmp_path / PEOPLE_NAME]


def test_a_line_of_the_list_stays_a_line(directory: Path, capsys: Captured) -> None:
    async def write() -> None:
        store = SqliteAudit(directory / PEOPLE_NAME)
        log = AuditLog(store, now_us)
        await log.record("person:7\n8  forged", "x.y", "\x1b[2J", {"a\nb": "c\nd", "e": "\x9b"})
        store.close()

    asyncio.run(write())
    assert audit(directory, "list", "--limit", "1") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isprintable()


async def test_a_running_exchange_is_looked_at_beside_it(directory: Path, capsys: Captured) -> None:
    settings = ServeSettings(data=directory, reserve_bytes=0, journal_synchronous="OFF")
    async with open_engine(settings) as partition:
        store = SqliteAudit(directory / PEOPLE_NAME)
        administration = Administration(partition, MemoryApiKeys(), Catalog(), now_us)
        recorded = RecordedAdministration(administration, AuditLog(store, now_us))
        control = ControlServer(recorded, directory)
        await control.start()
        await asyncio.to_thread(administer, directory, {"do": "create-account"})
        assert await asyncio.to_thread(audit, directory, "verify") == 0
        assert capsys.readouterr().out.startswith("8 records, whole")
        await control.close()
        store.close()
