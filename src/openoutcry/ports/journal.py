"""Where commands are kept before anything leaves, and where states are kept to start from.

A journal is a gap-free chain of rows per partition. `append` returns when the rows are durable.
The primary key (partition, seq) and the owner's epoch fence: a stale owner's append fails.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from openoutcry.codec.journal import Head, JournalRow
from openoutcry.codec.snapshots import Snapshot
from openoutcry.ports.ownership import Route


class JournalError(Exception):
    """The journal cannot do what was asked; the subclass says what is known of the rows."""


class FencedError(JournalError):
    """Another owner has taken the partition. Nothing was appended: stop without emitting."""


class JournalFullError(JournalError):
    """There is no room. Nothing was appended, and it may be tried again."""


class JournalUnknownError(JournalError):
    """A write or a sync failed: the rows may or may not be durable. Stop at once."""


class JournalBehindError(JournalError):
    """The journal ends before a row that was acknowledged. Stop at once, and call somebody."""


class JournalDamagedError(JournalError):
    """What is kept is not what was written."""


class JournalFormatError(JournalError):
    """The data was written in a format that this program neither reads nor migrates."""


class Journal(Protocol):
    """The rows of one partition. All calls block; one thread at a time writes."""

    def acquire(self) -> int:
        """Become the owner: raise the epoch, durably, and return it. Earlier owners are fenced."""
        ...

    def append(self, rows: Sequence[JournalRow], *, routes: Sequence[Route] = ()) -> None:
        """Append rows after the head in one durable step, all or none; raises JournalError.

        `routes` change in the same step: the commit point of a move. Journals of an exchange with
        one partition have no routes, and are given none.
        """
        ...

    def head(self) -> Head:
        """Return the last row's sequence and hash."""
        ...

    def first_seq(self) -> int:
        """Return the oldest row's sequence, or 0 when there is none."""
        ...

    def row(self, seq: int) -> JournalRow | None:
        """Return one row as it is kept, unchecked."""
        ...

    def read(self, from_seq: int, limit: int | None = None) -> Iterator[JournalRow]:
        """Yield rows from `from_seq` on as they are kept, unchecked, in order."""
        ...

    def prune(self, below_seq: int) -> int:
        """Delete rows older than `below_seq`; returns how many. Never the last row."""
        ...

    def close(self) -> None:
        """Let go of files and threads."""
        ...


class Snapshots(Protocol):
    """The kept states of one partition. All calls block."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep a state durably; after a crash there is either all of it or nothing."""
        ...

    def seqs(self) -> list[int]:
        """Return the sequences of the kept states, newest first."""
        ...

    def load(self, seq: int) -> Snapshot:
        """Return a kept state; raises SnapshotDamagedError, SnapshotVersionError or KeyError."""
        ...

    def prune(self, keep: int) -> list[int]:
        """Keep the newest `keep` states; returns the sequences still kept, newest first."""
        ...


class Room(Protocol):
    """Space for the journal, and a reserve that lets cancels pass when there is none."""

    def is_short(self) -> bool:
        """Whether so little is free that the reserve cannot be set aside."""
        ...

    def release(self) -> None:
        """Give the reserve's space to the journal."""
        ...

    def set_aside(self) -> bool:
        """Take the reserve back; False when there is no room for it."""
        ...
