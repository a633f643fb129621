"""An entity's events after any place, from its owner: remembered, or made again from the journal.

What is forgotten, or was committed by an earlier owner, comes back from the journal: the newest
snapshot is restored and the rows since are applied once more, in a thread of their own.
"""

import asyncio
from collections.abc import Sequence
from itertools import dropwhile

from openoutcry.codec.records import decode_events
from openoutcry.core.records import Event
from openoutcry.partition.machine import Machines
from openoutcry.partition.recent import RecentEvents
from openoutcry.partition.recovery import RecoveryError, checked_commands, quarantined_by, recover
from openoutcry.partition.recovery import with_next as rows_with_next
from openoutcry.ports.feeds import Committed
from openoutcry.ports.journal import Journal, JournalError, Snapshots


class OwnersEvents:
    """Implements the first half of `ports.repair.Repair`; `take` is a feed listener."""

    def __init__(self, machines: Machines, journal: Journal, snapshots: Snapshots) -> None:
        self._machines = machines
        self._journal = journal
        self._snapshots = snapshots
        self._recent = RecentEvents()
        self._seq = 0
        self._replaying = asyncio.Lock()

    def take(self, batch: Committed) -> None:
        """Remember a batch's events."""
        self._recent.take(batch)
        self._seq = batch.seq

    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Return the committed events of an entity after this one; None when some are gone."""
        found = self._recent.after(entity, entity_seq)
        if found is not None:
            return found
        async with self._replaying:
            return await asyncio.to_thread(self._replay, entity, entity_seq, self._seq)

    def _replay(self, entity: int, entity_seq: int, last: int) -> Sequence[Event] | None:
        try:
            kept = self._snapshots.seqs()
            state = recover(
                self._machines, self._journal, self._snapshots, up_to=kept[0] if kept else 0
            )
            events: list[Event] = []
            for row, after in rows_with_next(self._journal.read(state.head.seq + 1)):
                if last and row.seq > last:
                    break
                commands = checked_commands(row, state.head)
                data = state.machine.apply(commands, row.seq, quarantined_by(after, row.seq))
                state.head = row.head
                events += [event for event in decode_events(data) if event.entity == entity]
        except (JournalError, RecoveryError, self._machines.fault):
            return None
        return following(events, entity_seq)


def following(events: Sequence[Event], entity_seq: int) -> Sequence[Event] | None:
    """Return what comes after a place in an entity's events; None when they do not join on."""
    found = list(dropwhile(lambda event: event.entity_seq <= entity_seq, events))
    if found and found[0].entity_seq == entity_seq + 1:
        return found
    if not found and events and events[-1].entity_seq == entity_seq:
        return ()
    return None
