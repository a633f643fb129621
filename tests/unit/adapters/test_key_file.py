"""The file of one secret: made once, whole, for its owner alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from openoutcry.adapters.local.key_file import read_or_make


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "secrets.key"
    assert read_or_make(path, lambda: "first") == "first"
    assert read_or_make(path, lambda: "second") == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.key"
    path.write_text("kept\n")
    path.chmod(0o644)
    assert read_or_make(path, lambda: "new") == "kept"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_that_come_at_once_read_the_same(tmp_path: Path) -> None:
    numbers = count()
    with ThreadPoolExecutor(8) as pool:
        read = pool.map(
            lambda _: read_or_make(tmp_path / "secrets.key", lambda: str(next(numbers))), range(40)
        )
        assert len(set(read)) == 1
