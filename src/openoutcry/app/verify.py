"""`outcry verify`: a journal run again through the kernel and the reference, side by side.

Read-only, and as happy beside a running server as without one.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from openoutcry.adapters.local.folder import FolderLock, FolderLockedError
from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.adapters.sqlite.wal import check_log
from openoutcry.app.engine import JOURNAL_NAME, PARTITION, SNAPSHOTS_NAME
from openoutcry.codec.journal import Head, JournalRow, RowDamagedError, open_row
from openoutcry.codec.snapshots import Snapshot, SnapshotDamagedError, SnapshotVersionError
from openoutcry.kernel import Kernel, KernelFault
from openoutcry.partition.recovery import quarantined_by, with_next
from openoutcry.ports.journal import Journal, JournalError, Snapshots
from openoutcry.reference import Reference

EXIT_CLEAN = 0
EXIT_DIVERGED = 1
EXIT_CORRUPT = 2
EXIT_USAGE = 3
COMMANDS_PER_STATE_CHECK = 1_000
_PROGRESS_SECONDS = 2.0


class DivergedError(Exception):
    """The two implementations, or an implementation and a snapshot, disagree."""


class CorruptError(Exception):
    """What is kept is not what was written."""


@dataclass(slots=True)
class _Pair:
    """Both implementations at the same batch."""

    kernel: Kernel
    reference: Reference
    head: Head
    commands: int = 0
    checked_commands: int = 0

    def compare_states(self) -> None:
        seq = self.head.seq
        if self.kernel.state_hash() != self.reference.state_hash():
            raise DivergedError(f"kernel and reference have different states after batch {seq}")
        for name, wrong in (
            ("kernel", self.kernel.recount()),
            ("reference", self.reference.recount()),
        ):
            if wrong:
                raise DivergedError(f"{name}: money is not conserved after batch {seq}: {wrong}")
        self.checked_commands = self.commands


def verify(directory: Path) -> int:
    """Check a data directory and say what was found; returns the exit code, or raises OSError."""
    try:
        (directory / JOURNAL_NAME).open("rb").close()
    except FileNotFoundError:
        _say(f"outcry: {directory} holds no exchange", error=True)
        return EXIT_USAGE
    kept = directory / SNAPSHOTS_NAME

    def check() -> None:
        _check_log_if_nobody_runs(directory)
        with closing(SqliteJournal(directory / JOURNAL_NAME, PARTITION, read_only=True)) as journal:
            snapshots = FileSnapshots(kept, PARTITION) if kept.is_dir() else None
            check_partition(journal, snapshots, PARTITION)

    return judged(check)


def judged(check: Callable[[], None]) -> int:
    """Run a check and say what is wrong, if anything; returns the exit code."""
    try:
        check()
    except (CorruptError, JournalError) as error:
        _say(f"corrupt: {error}")
        return EXIT_CORRUPT
    except DivergedError as error:
        _say(f"diverged: {error}")
        return EXIT_DIVERGED
    return EXIT_CLEAN


def _check_log_if_nobody_runs(directory: Path) -> None:
    try:
        lock = FolderLock(directory)
    except FolderLockedError:
        return  # a running server has checked its log when it opened it
    try:
        check_log(directory / JOURNAL_NAME)
    finally:
        lock.release()


def check_partition(journal: Journal, kept: Snapshots | None, partition: int) -> None:
    """Run a journal again and say what it has; raises CorruptError and DivergedError."""
    began = time.monotonic()
    head = journal.head()  # what a running server appends from now on is left for another time
    snapshots = {} if kept is None else dict(_load_snapshots(kept, head))
    pair = _start(journal, snapshots, partition)
    start_seq = pair.head.seq
    said_at = began
    for row, following in with_next(journal.read(start_seq + 1)):
        if row.seq > head.seq:
            break
        _apply(pair, row, following)
        snapshot = snapshots.get(row.seq)
        if snapshot is not None:
            _compare_snapshot(pair, snapshot)
        if pair.commands - pair.checked_commands >= COMMANDS_PER_STATE_CHECK:
            pair.compare_states()
        if time.monotonic() - said_at > _PROGRESS_SECONDS:
            said_at = time.monotonic()
            _say(f"batch {row.seq:,} of {head.seq:,}", error=True)
    if pair.head.seq != head.seq:
        raise CorruptError(f"rows after {pair.head.seq} are missing; the head is {head.seq}")
    pair.compare_states()
    since = "genesis" if start_seq == 0 else f"the snapshot after batch {start_seq:,}"
    _say(
        f"clean: {pair.head.seq - start_seq:,} batches, {pair.commands:,} commands since {since}, "
        f"{len(snapshots)} snapshots, {time.monotonic() - began:.1f} s, "
        f"state {pair.kernel.state_hash().hex()}"
    )


def _load_snapshots(kept: Snapshots, head: Head) -> Iterator[tuple[int, Snapshot]]:
    for seq in kept.seqs():
        if seq > head.seq:
            continue
        try:
            yield seq, kept.load(seq)
        except KeyError:
            continue  # a running server has just pruned it
        except (SnapshotDamagedError, SnapshotVersionError) as error:
            raise CorruptError(f"the snapshot after batch {seq}: {error}") from error


def _start(journal: Journal, snapshots: dict[int, Snapshot], partition: int) -> _Pair:
    """Begin at genesis, or at the oldest snapshot that the remaining rows follow."""
    first = journal.first_seq()
    if first <= 1:
        return _Pair(Kernel(partition), Reference(partition), Head())
    for seq in sorted(snapshots):
        if seq + 1 >= first:
            snapshot = snapshots[seq]
            try:
                return _Pair(
                    Kernel.restore(snapshot.rows),
                    Reference.restore(snapshot.rows),
                    Head(seq, snapshot.journal_hash),
                )
            except ValueError as error:
                raise CorruptError(f"the snapshot after batch {seq}: {error}") from error
    raise CorruptError(f"the journal starts at row {first} and no snapshot reaches it")


def _apply(pair: _Pair, row: JournalRow, following: JournalRow | None) -> None:
    try:
        commands = open_row(row, pair.head)
    except RowDamagedError as error:
        raise CorruptError(str(error)) from error
    skip = quarantined_by(following, row.seq)
    try:
        events = pair.kernel.apply(commands, row.seq, skip)
    except KernelFault as error:
        raise DivergedError(f"batch {row.seq} faults in the kernel: {error}") from error
    if events != pair.reference.apply(commands, row.seq, skip):
        raise DivergedError(f"kernel and reference differ in the events of batch {row.seq}")
    pair.head = row.head
    pair.commands += row.n_commands


def _compare_snapshot(pair: _Pair, snapshot: Snapshot) -> None:
    """Hold a kept state against the replayed one (J01, J02)."""
    if snapshot.journal_hash != pair.head.hash:
        raise CorruptError(f"the snapshot after batch {snapshot.seq} is of another journal")
    if snapshot.state_hash != pair.kernel.state_hash():
        raise DivergedError(f"the snapshot after batch {snapshot.seq} holds another state")
    if snapshot.events_hash != pair.kernel.events_hash():
        raise DivergedError(f"the snapshot after batch {snapshot.seq} came from other events")
    if snapshot.rows != pair.reference.snapshot():
        raise DivergedError(f"the rows of the snapshot after batch {snapshot.seq} differ")


def _say(text: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(f"{text}\n")
    stream.flush()
