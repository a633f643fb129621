"""From what is kept to a running state: newest good snapshot, then the journal through `apply`.

Start-up, the cure of a fault, the follower and verification all walk this road.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from openoutcry.codec.journal import FRAME, Head, JournalRow, RowDamagedError, open_row
from openoutcry.codec.records import (
    COMMAND_KIND_OFFSET,
    COMMAND_MARKET_OFFSET,
    split_commands,
)
from openoutcry.codec.snapshots import Snapshot, SnapshotDamagedError, SnapshotVersionError
from openoutcry.core.enums import CommandKind
from openoutcry.core.records import Quarantine
from openoutcry.partition.machine import Machines, StateMachine
from openoutcry.ports.journal import Journal, JournalDamagedError, Snapshots

log = logging.getLogger(__name__)

_MARKET_COMMANDS = frozenset(
    {
        CommandKind.NEW_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.CANCEL_REPLACE,
        CommandKind.AMEND_ORDER,
    }
)


class RecoveryError(Exception):
    """What is kept does not lead to a state; the message says why and where."""


@dataclass(slots=True)
class Recovered:
    """A state machine that has applied every row up to `head`."""

    machine: StateMachine
    head: Head
    commands: int
    """Commands in all rows up to the head."""
    snapshot_seq: int
    """Where the replay started; 0 is genesis."""
    quarantine: tuple[bytes, ...] = ()
    """Commands that the owner must journal as the next row, before anything else."""
    events: bytes = b""
    """Events of the last row when `quarantine` is not empty."""


def with_next(rows: Iterable[JournalRow]) -> Iterator[tuple[JournalRow, JournalRow | None]]:
    """Yield each row with the one after it."""
    previous: JournalRow | None = None
    for row in rows:
        if previous is not None:
            yield previous, row
        previous = row
    if previous is not None:
        yield previous, None


def quarantined_by(following: JournalRow | None, seq: int) -> tuple[int, ...]:
    """Return the indexes in batch `seq` that the row after it says are passed over."""
    if following is None or len(following.payload) <= FRAME.size + COMMAND_KIND_OFFSET:
        return ()
    if following.payload[FRAME.size + COMMAND_KIND_OFFSET] != CommandKind.QUARANTINE:
        return ()
    indexes = []
    for command in split_commands(following.payload[FRAME.size :]):
        if (
            command[COMMAND_KIND_OFFSET] != CommandKind.QUARANTINE
            or len(command) != Quarantine.SIZE
        ):
            break
        record = Quarantine.unpack(command)
        if record.seq == seq:
            indexes.append(record.index)
    return tuple(indexes)


def quarantine_command(seq: int, index: int, command: bytes) -> bytes:
    """Return the command that passes over another; its market counts the fault."""
    market = 0
    if command[COMMAND_KIND_OFFSET] in _MARKET_COMMANDS:
        market = int.from_bytes(
            command[COMMAND_MARKET_OFFSET : COMMAND_MARKET_OFFSET + 2], "little"
        )
    return Quarantine(seq=seq, index=index, market=market).pack()


def checked_commands(row: JournalRow, previous: Head | None) -> bytes:
    """Return a row's commands; raises JournalDamagedError when it is not what was written."""
    try:
        return open_row(row, previous)
    except RowDamagedError as error:
        raise JournalDamagedError(f"the journal is damaged: {error}") from error


def recover(
    machines: Machines,
    journal: Journal,
    snapshots: Snapshots | None,
    *,
    up_to: int | None = None,
    snapshot_max: int | None = None,
) -> Recovered:
    """Return the state after row `up_to` (None: the head), from a snapshot up to `snapshot_max`."""
    last = journal.head().seq if up_to is None else up_to
    kept_max = last if snapshot_max is None else min(last, snapshot_max)
    start = _load_newest(machines, journal, snapshots, kept_max)
    if start is None:
        first = journal.first_seq()
        if first > 1:
            raise RecoveryError(
                f"the journal starts at row {first} and no snapshot reaches it: "
                "an empty state must not be continued with it"
            )
        start = Recovered(machines.fresh(), Head(), 0, 0)
    _replay(machines, journal, snapshots, start, last)
    if start.head.seq != last:
        raise RecoveryError(f"the journal ends at row {start.head.seq}, not at row {last}")
    return start


def check_behind(journal: Journal, last: int, count: int | None = None) -> None:
    """Hold the rows up to `last` against their hashes, the newest `count` of them (None: all).

    Recovery does not read what a snapshot stands in for, and what is damaged there would be copied
    and kept unnoticed (J08).
    """
    first = journal.first_seq()
    if count is not None:
        first = max(first, last - count + 1)
    previous = Head() if first == 1 else None
    for row in journal.read(first, limit=max(last - first + 1, 0)):
        checked_commands(row, previous)
        previous = row.head


def _load_newest(
    machines: Machines, journal: Journal, snapshots: Snapshots | None, last: int
) -> Recovered | None:
    if snapshots is None:
        return None
    seqs = snapshots.seqs()
    head = journal.head()
    if seqs and seqs[0] > head.seq:
        raise RecoveryError(
            f"the journal ends at row {head.seq}, but a snapshot was taken after row {seqs[0]}: "
            "acknowledged rows are missing"
        )
    for seq in seqs:
        if seq > last:
            continue
        try:
            snapshot = snapshots.load(seq)
            machine = restore_checked(machines, snapshot)
        except (SnapshotDamagedError, SnapshotVersionError, KeyError) as error:
            log.warning("snapshot %d is passed over: %s", seq, error)
            continue
        row = journal.row(seq)
        if row is None and journal.first_seq() > seq + 1:
            continue
        if row is not None and row.hash != snapshot.journal_hash:
            raise RecoveryError(f"snapshot {seq} belongs to another journal than the one beside it")
        return Recovered(machine, Head(seq, snapshot.journal_hash), snapshot.commands, seq)
    return None


def restore_checked(machines: Machines, snapshot: Snapshot) -> StateMachine:
    """Restore a state and compare its hashes with the file's; raises SnapshotDamagedError."""
    try:
        machine = machines.restore(snapshot.rows)
    except ValueError as error:
        raise SnapshotDamagedError(f"the rows do not restore: {error}") from error
    if machine.seq() != snapshot.seq or machine.state_hash() != snapshot.state_hash:
        raise SnapshotDamagedError("the restored state has another hash")
    return machine


def _replay(
    machines: Machines, journal: Journal, snapshots: Snapshots | None, state: Recovered, last: int
) -> None:
    """Apply the rows after `state.head` up to `last`; one more row is read for its quarantine."""
    rows = journal.read(state.head.seq + 1)
    for row, following in with_next(rows):
        if row.seq > last:
            break
        commands = checked_commands(row, state.head)
        skip = quarantined_by(following, row.seq)
        try:
            state.machine.apply(commands, row.seq, skip)
        except machines.fault as fault:
            if following is not None:
                raise RecoveryError(
                    f"row {row.seq} faults and row {row.seq + 1} does not quarantine it: {fault}"
                ) from fault
            _pass_over(machines, journal, snapshots, state, row, commands, fault)
        state.head = row.head
        state.commands += row.n_commands


def _pass_over(
    machines: Machines,
    journal: Journal,
    snapshots: Snapshots | None,
    state: Recovered,
    row: JournalRow,
    commands: bytes,
    fault: Exception,
) -> None:
    """Find which commands of the last row fault, from fresh states, and leave them out."""
    skip: list[int] = []
    parts = split_commands(commands)
    while True:
        index: int = fault.index  # type: ignore[attr-defined]
        log.error("command %d of batch %d is quarantined: %s", index, row.seq, fault)
        if index in skip or not 0 <= index < len(parts):
            raise RecoveryError(f"row {row.seq} faults whatever is left out: {fault}") from fault
        skip.append(index)
        machine = recover(machines, journal, snapshots, up_to=row.seq - 1).machine
        try:
            events = machine.apply(commands, row.seq, tuple(skip))
        except machines.fault as again:
            fault = again
            continue
        state.machine = machine
        state.events = events
        state.quarantine = tuple(
            quarantine_command(row.seq, index, parts[index]) for index in sorted(skip)
        )
        return
