"""Chains of journal rows, and polling."""

import time
from collections.abc import Callable

from openoutcry.codec.journal import Head, JournalRow, open_row, seal
from openoutcry.ports.journal import Journal


def next_row(head: Head, epoch: int, commands: bytes = b"", partition: int = 0) -> JournalRow:
    """Return the row after a head."""
    return seal(head, partition, epoch, commands, 1)


def checked_chain(journal: Journal) -> list[JournalRow]:
    """Return all rows; fails unless they are a whole chain from the first on (J06)."""
    rows = list(journal.read(1))
    head = Head()
    for row in rows:
        open_row(row, head)
        head = row.head
    return rows


def wait_until(done: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll for a condition."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.005)
