"""Tails the journal through its own state machine: compares, projects, takes snapshots.

It is told each commit with the leader's rolling hash of events, and must come to the same one.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from openoutcry.codec.records import decode_events
from openoutcry.codec.snapshots import Snapshot
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import (
    Recovered,
    checked_commands,
    quarantined_by,
    recover,
    with_next,
)
from openoutcry.ports.feeds import Committed
from openoutcry.ports.journal import Journal, Snapshots

log = logging.getLogger(__name__)


class DivergedError(Exception):
    """Leader and follower came to different events, or the money does not add up."""


class AheadError(Exception):
    """A projection has seen rows that the journal no longer has."""


class Projection(Protocol):
    """What turns committed events into rows that people query."""

    def cursor(self) -> int:
        """Return the last applied sequence."""
        ...

    def apply(self, committed: Committed) -> None:
        """Take in one batch."""
        ...

    def commit(self) -> None:
        """Make what was taken in visible, with the cursor."""
        ...


class NullProjection:
    """Keeps nothing but its place."""

    def __init__(self, cursor: int = 0) -> None:
        self._seq = cursor

    def cursor(self) -> int:
        """Return the last applied sequence."""
        return self._seq

    def apply(self, committed: Committed) -> None:
        """Take note of the place."""
        self._seq = committed.seq

    def commit(self) -> None:
        """Nothing to make visible."""


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """How far apart snapshots may be, and how many are kept."""

    seconds: float = 60.0
    commands: int = 1_000_000
    keep: int = 3


class Follower:
    """One partition's follower; all calls block."""

    def __init__(
        self,
        machines: Machines,
        journal: Journal,
        snapshots: Snapshots,
        projection: Projection,
        *,
        partition: int = 0,
        policy: SnapshotPolicy | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        state: Recovered | None = None,
    ) -> None:
        """Begin at the projection's cursor; with a `state`, which it stands at, from there."""
        self._machines = machines
        self._journal = journal
        self._snapshots = snapshots
        self._projection = projection
        self._partition = partition
        self._policy = policy if policy is not None else SnapshotPolicy()
        self._monotonic = monotonic
        self._announced: dict[int, bytes] = {}
        self._announced_seq = 0
        self._unseen = False
        cursor = projection.cursor()
        head = journal.head().seq
        if cursor > head:
            raise AheadError(
                f"the journal ends at row {head}, but the history has seen row {cursor}: "
                "acknowledged rows are missing"
            )
        self._state: Recovered = self._start(cursor) if state is None else state
        kept = snapshots.seqs()
        self._snapshot_commands = self._state.commands if kept else 0
        self._snapshot_at = monotonic() if kept else monotonic() - self._policy.seconds

    def _start(self, cursor: int) -> Recovered:
        """Return the state that the projection stands at, or one that it can begin with."""
        machines, journal, snapshots = self._machines, self._journal, self._snapshots
        first = journal.first_seq()
        if cursor == 0 and first > 1:
            for seq in reversed(snapshots.seqs()):
                if seq + 1 >= first:
                    log.warning("the history begins after row %d: older rows were pruned", seq)
                    return recover(machines, journal, snapshots, up_to=seq, snapshot_max=seq)
        return recover(machines, journal, snapshots, up_to=cursor, snapshot_max=cursor)

    @property
    def seq(self) -> int:
        """The last applied batch."""
        return self._state.head.seq

    def announce(self, seq: int, events_hash: bytes = b"") -> None:
        """Hear of a commit, and, unless it is empty, of the leader's hash after it."""
        if events_hash and seq > self.seq:
            self._announced[seq] = events_hash
        self._announced_seq = max(self._announced_seq, seq)

    @property
    def state(self) -> Recovered:
        """Where it stands; whoever takes it must let the follower rest from then on."""
        return self._state

    @property
    def is_behind(self) -> bool:
        """Whether commits are known that are not applied yet."""
        return self.seq < self._announced_seq

    @property
    def has_uncommitted(self) -> bool:
        """Whether batches were projected that readers do not see yet."""
        return self._unseen

    def advance(self, rows_max: int = 256) -> int:
        """Apply announced rows, at most so many; returns how many."""
        count = 0
        limit = min(rows_max, self._announced_seq - self.seq)
        if limit <= 0:
            return 0
        for row, following in with_next(self._journal.read(self.seq + 1, limit + 1)):
            if count == limit:
                break
            commands = checked_commands(row, self._state.head)
            skip = quarantined_by(following, row.seq)
            try:
                data = self._state.machine.apply(commands, row.seq, skip)
            except self._machines.fault as fault:
                if following is not None:
                    raise DivergedError(
                        f"row {row.seq} faults here and did not at the leader: {fault}"
                    ) from fault
                # the leader has not journaled its quarantine yet: stand before this row again
                self._state = recover(
                    self._machines, self._journal, self._snapshots, up_to=row.seq - 1
                )
                break
            self._state.head = row.head
            self._state.commands += row.n_commands
            self._compare(row.seq)
            self._projection.apply(
                Committed(row.seq, self._state.machine.time_us(), decode_events(data))
            )
            self._unseen = True
            count += 1
        return count

    def _compare(self, seq: int) -> None:
        expected = self._announced.pop(seq, None)
        if expected is not None and expected != self._state.machine.events_hash():
            raise DivergedError(f"leader and follower differ in the events of batch {seq}")

    def compare_state(self, state_hash: bytes) -> None:
        """Hold the whole state against the leader's at the same batch."""
        if state_hash != self._state.machine.state_hash():
            raise DivergedError(f"leader and follower have different states after batch {self.seq}")

    def commit(self) -> int:
        """Let readers see what was projected; returns the sequence they see."""
        if self._unseen:
            self._projection.commit()
            self._unseen = False
        return self.seq

    def snapshot_due(self) -> bool:
        """Whether it is time for the next snapshot."""
        commands = self._state.commands - self._snapshot_commands
        if commands == 0:
            return False
        return (
            commands >= self._policy.commands
            or self._monotonic() - self._snapshot_at >= self._policy.seconds
        )

    @property
    def commands_since_snapshot(self) -> int:
        """Commands that a recovery would replay now."""
        return self._state.commands - self._snapshot_commands

    def take_snapshot(self) -> int:
        """Recount the money and keep the state; returns the oldest sequence that is still kept."""
        self.commit()
        machine = self._state.machine
        wrong = machine.recount()
        if wrong:
            raise DivergedError(f"the money does not add up after batch {self.seq}: {wrong}")
        self._snapshots.save(
            Snapshot(
                partition=self._partition,
                seq=self.seq,
                commands=self._state.commands,
                time_us=machine.time_us(),
                journal_hash=self._state.head.hash,
                state_hash=machine.state_hash(),
                events_hash=machine.events_hash(),
                rows=machine.snapshot(),
            )
        )
        self._snapshot_commands = self._state.commands
        self._snapshot_at = self._monotonic()
        return min(self._snapshots.prune(self._policy.keep))
