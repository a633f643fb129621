"""`outcry admin operator`, on an exchange at rest; and what the parts tell operators of one."""

import asyncio
import json
from pathlib import Path

import pytest

from openoutcry.app.admin import AdminError
from openoutcry.app.engine import open_engine
from openoutcry.app.offline import administer
from openoutcry.app.settings import ServeSettings
from openoutcry.cli import main

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an exchange at rest."""
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "0")

    async def make() -> None:
        settings = ServeSettings(data=tmp_path, reserve_bytes=0, journal_synchronous="OFF")
        async with open_engine(settings):
            pass

    asyncio.run(make())
    return tmp_path


def outcry(directory: Path, *words: str) -> int:
    try:
        return main(["admin", "--data", str(directory), "--json", *words])
    except SystemExit as ended:
        return int(ended.code or 0)


def test_an_operator_is_made_listed_and_removed(directory: Path, capsys: Captured) -> None:
    words = ("operator", "add", "kim@example.com", "--role", "markets", "--role", "SUPPORT")
    assert outcry(directory, *words) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["email"], made["roles"]) == ("kim@example.com", ["MARKETS", "SUPPORT"])
    assert len(made["one_time_password"]) >= 20
    assert outcry(directory, "operator", "list") == 0
    shown = capsys.readouterr().out
    assert made["one_time_password"] not in shown
    assert json.loads(shown)["operators"] == [
        {
            "person": made["person"],
            "email": "kim@example.com",
            "roles": ["MARKETS", "SUPPORT"],
            "status": "ACTIVE",
        }
    ]
    assert outcry(directory, "operator", "remove", "kim@example.com") == 0
    capsys.readouterr()
    outcry(directory, "operator", "list")
    assert json.loads(capsys.readouterr().out)["operators"] == []


def test_somebody_who_is_there_gets_the_roles_and_keeps_their_password(
    directory: Path, capsys: Captured
) -> None:
    outcry(directory, "operator", "add", "kim@example.com", "--role", "auditor")
    capsys.readouterr()
    assert outcry(directory, "operator", "add", "Kim@example.com", "--role", "treasury") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["roles"] == ["TREASURY"]
    assert "one_time_password" not in again


def test_who_makes_operators_is_in_the_audit_log(directory: Path, capsys: Captured) -> None:
    outcry(directory, "operator", "add", "kim@example.com", "--role", "admin")
    password = json.loads(capsys.readouterr().out)["one_time_password"]
    outcry(directory, "operator", "remove", "kim@example.com")
    capsys.readouterr()
    assert outcry(directory, "audit", "list", "--action", "operator") == 0
    shown = capsys.readouterr().out
    records = json.loads(shown)
    assert [(record["action"], record["object"]) for record in reversed(records)] == [
        ("operator.add", "person:kim@example.com"),
        ("operator.add.done", "person:kim@example.com"),
        ("operator.remove", "person:kim@example.com"),
        ("operator.remove.done", "person:kim@example.com"),
    ]
    assert records[-1]["details"]["roles"] == "ADMIN"
    assert password not in shown
    assert outcry(directory, "audit", "verify") == 0


@pytest.mark.parametrize(
    ("request_values", "words"),
    [
        ({"do": "add-operator", "email": "no address", "roles": ["ADMIN"]}, "no address"),
        ({"do": "add-operator", "email": "a@example.com", "roles": []}, "roles are missing"),
        ({"do": "add-operator", "email": "a@example.com", "roles": ["GOD"]}, "roles are some of"),
        ({"do": "add-operator", "roles": ["ADMIN"]}, "email is missing"),
        ({"do": "remove-operator", "email": "b@example.com"}, "nobody has the address"),
    ],
)
def test_what_makes_no_operator_is_said(
    directory: Path, request_values: dict[str, object], words: str
) -> None:
    with pytest.raises(AdminError, match=words):
        administer(directory, request_values)
    assert administer(directory, {"do": "list-operators"}) == {"operators": []}


def test_a_role_that_there_is_not_is_wrong_usage(directory: Path, capsys: Captured) -> None:
    assert outcry(directory, "operator", "add", "a@example.com", "--role", "god") == 2
    assert outcry(directory, "operator", "add", "a@example.com") == 2
    capsys.readouterr()
