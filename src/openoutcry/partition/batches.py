"""Committed batches once more, from the journal: for who was away when they were committed."""

from collections.abc import Iterator

from openoutcry.codec.records import decode_events
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import (
    RecoveryError,
    checked_commands,
    quarantined_by,
    recover,
    with_next,
)
from openoutcry.ports.feeds import Committed, MissingBatchesError
from openoutcry.ports.journal import Journal, JournalError, Snapshots


class JournalBatches:
    """`CommittedLog` of a partition: a state machine of its own walks the journal again.

    The machine is made when it is needed and goes with the walk; all calls block.
    """

    def __init__(
        self, machines: Machines, journal: Journal, snapshots: Snapshots, partition: int = 0
    ) -> None:
        self._machines = machines
        self._journal = journal
        self._snapshots = snapshots
        self._partition = partition

    def after(self, seq: int, up_to: int) -> Iterator[Committed]:
        """Yield the batches after `seq`, the last one `up_to`; raises MissingBatchesError."""
        if up_to <= seq:
            return
        try:
            yield from self._walk(seq, up_to)
        except (RecoveryError, JournalError) as error:
            raise MissingBatchesError(f"batches after {seq} cannot be read: {error}") from error

    def _walk(self, seq: int, up_to: int) -> Iterator[Committed]:
        state = recover(self._machines, self._journal, self._snapshots, up_to=seq, snapshot_max=seq)
        for row, following in with_next(self._journal.read(seq + 1)):
            if row.seq > up_to:
                return
            commands = checked_commands(row, state.head)
            try:
                events = state.machine.apply(commands, row.seq, quarantined_by(following, row.seq))
            except self._machines.fault as fault:
                raise RecoveryError(f"row {row.seq} faults: {fault}") from fault
            state.head = row.head
            yield Committed(
                row.seq, state.machine.time_us(), decode_events(events), self._partition
            )
        if state.head.seq < up_to:
            raise RecoveryError(f"the journal ends at row {state.head.seq}, not at row {up_to}")
