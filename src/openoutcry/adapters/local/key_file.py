"""A file that holds one secret text, made once and readable by its owner alone."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

_MODE = 0o600


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """Return the text of a file; the first time it is made, whole and on the disk, or not at all.

    Raises OSError. Of several processes that come at once, one makes the file and all read it.
    """
    if not path.exists():
        _make(path, make())
    path.chmod(_MODE)
    return path.read_text(encoding="ascii").strip()


def _make(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)  # never over one that is there: what it has sealed would be lost
        except FileExistsError:
            return
    finally:
        Path(name).unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
