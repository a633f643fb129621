"""The rooms import one another only as the contracts in pyproject.toml allow."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_contract_is_kept() -> None:
    """In a process of its own: the checker silences every logger that is there."""
    lint = "import importlinter.cli as it; raise SystemExit(it.lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", lint],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_says_what_it_is_for() -> None:
    """A room's docstring says in three lines what it is for and what it must not know."""
    rooms = sorted((ROOT / "src" / "openoutcry").glob("*/__init__.py"))

    silent = [
        str(room.relative_to(ROOT))
        for room in rooms
        if not room.read_text().startswith('"""') or room.read_text().count("\n") < 3
    ]

    assert silent == []
