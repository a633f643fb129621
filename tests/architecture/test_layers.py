"""The rooms import one another only as the contracts in pyproject.toml allow."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / "src"))

    exit_code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert exit_code == 0, capsys.readouterr().out


def test_every_room_says_what_it_is_for() -> None:
    """A room's docstring says in three lines what it is for and what it must not know."""
    rooms = sorted((ROOT / "src" / "openoutcry").glob("*/__init__.py"))

    silent = [
        str(room.relative_to(ROOT))
        for room in rooms
        if not room.read_text().startswith('"""') or room.read_text().count("\n") < 3
    ]

    assert silent == []
