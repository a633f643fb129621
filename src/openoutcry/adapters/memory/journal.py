"""A journal and snapshots that live and die with the process."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from openoutcry.codec.journal import Head, JournalRow
from openoutcry.codec.snapshots import Snapshot, decode_snapshot, encode_snapshot
from openoutcry.ports.journal import FencedError, JournalError
from openoutcry.ports.ownership import Route


@dataclass
class MemoryStore:
    """What several owners of one partition would share if they were processes."""

    rows: list[JournalRow] = field(default_factory=list)
    epoch: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class MemoryJournal:
    """The journal port over a list. Pass one store to several to play rival owners."""

    def __init__(self, partition: int = 0, store: MemoryStore | None = None) -> None:
        self.partition = partition
        self.store = store if store is not None else MemoryStore()

    def acquire(self) -> int:
        """Raise the epoch and return it."""
        with self.store.lock:
            self.store.epoch += 1
            return self.store.epoch

    def append(self, rows: Sequence[JournalRow], *, routes: Sequence[Route] = ()) -> None:
        """Append rows after the head, all or none; routes are kept by whoever wires partitions."""
        del routes
        with self.store.lock:
            kept = self.store.rows
            for row in rows:
                if row.partition != self.partition:
                    raise JournalError(f"row {row.seq} belongs to partition {row.partition}")
                if row.epoch != self.store.epoch:
                    raise FencedError(f"epoch {row.epoch} is over; {self.store.epoch} owns")
            fresh = [row for row in rows if not self._has(row)]
            head = self._head()
            for row in fresh:
                if row.seq != head.seq + 1 or row.prev_hash != head.hash:
                    raise JournalError(f"row {row.seq} does not follow row {head.seq}")
                head = row.head
            kept.extend(fresh)

    def _has(self, row: JournalRow) -> bool:
        """Whether this very row is kept already; another one in its place fences."""
        kept = self.row(row.seq)
        if kept is None:
            return False
        if kept.hash != row.hash:
            raise FencedError(f"row {row.seq} was written by another owner")
        return True

    def _head(self) -> Head:
        return self.store.rows[-1].head if self.store.rows else Head()

    def head(self) -> Head:
        """Return the last row's sequence and hash."""
        return self._head()

    def first_seq(self) -> int:
        """Return the oldest row's sequence, or 0."""
        return self.store.rows[0].seq if self.store.rows else 0

    def row(self, seq: int) -> JournalRow | None:
        """Return one row, or None."""
        index = seq - self.first_seq()
        if self.store.rows and 0 <= index < len(self.store.rows):
            return self.store.rows[index]
        return None

    def read(self, from_seq: int, limit: int | None = None) -> Iterator[JournalRow]:
        """Yield rows from `from_seq` on, in order."""
        start = max(from_seq - self.first_seq(), 0)
        stop = None if limit is None else start + limit
        yield from list(self.store.rows[start:stop])

    def prune(self, below_seq: int) -> int:
        """Delete rows older than `below_seq`, never the last."""
        with self.store.lock:
            count = min(max(below_seq - self.first_seq(), 0), max(len(self.store.rows) - 1, 0))
            del self.store.rows[:count]
            return count

    def close(self) -> None:
        """Nothing to let go of."""


class MemorySnapshots:
    """The snapshots port over a dictionary of encoded files."""

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}

    def save(self, snapshot: Snapshot) -> None:
        """Keep a state."""
        header, digest = encode_snapshot(snapshot)
        self.files[snapshot.seq] = header + snapshot.rows + digest

    def seqs(self) -> list[int]:
        """Return the sequences of the kept states, newest first."""
        return sorted(self.files, reverse=True)

    def load(self, seq: int) -> Snapshot:
        """Return a kept state."""
        return decode_snapshot(self.files[seq])

    def prune(self, keep: int) -> list[int]:
        """Keep the newest `keep` states."""
        for seq in self.seqs()[keep:]:
            del self.files[seq]
        return self.seqs()
