"""What the parts of an embedded exchange say of themselves, for its operators."""

import asyncio
from collections.abc import Callable
from importlib.metadata import version

from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.app.conservation import conservation_of
from openoutcry.app.engine import PARTITION, DataFolder
from openoutcry.app.follower_link import FollowerLink
from openoutcry.app.operating import Views
from openoutcry.codec.snapshots import Snapshot, SnapshotDamagedError, SnapshotVersionError
from openoutcry.notifications.watch import WAITING_MAX, Watch
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.runtime import Partition
from openoutcry.ports.operations import Conservation, Gauge

COMMANDS_WAITING_ALARM = 4_096
BATCHES_BEHIND_ALARM = 10_000
STATE_BYTES_SMALL = 4 << 20
"""A state like that is copied within a millisecond or two, between two batches."""

Counts = dict[str, Callable[[], int]]
"""How many connections parts have that are opened later, by name."""
Gauges = list[Callable[[], Gauge]]
"""Figures of parts that are opened later."""


class EmbeddedViews:
    """Looks at the partition, its follower and its folder."""

    def __init__(
        self,
        partition: Partition,
        link: FollowerLink,
        folder: DataFolder,
        counts: Counts,
        watch: Watch,
        gauges: Gauges,
    ) -> None:
        """`counts`: connections, as whoever opens the doors has them; `gauges`: more figures."""
        self._partition = partition
        self._link = link
        self._folder = folder
        self._counts = counts
        self._watch = watch
        self._more = gauges
        self._added: Conservation | None = None
        self._adding = asyncio.Lock()

    def views(self, started_us: int) -> Views:
        """Return what operators see."""
        return Views(
            version=version("openoutcry"),
            started_us=started_us,
            is_open=lambda: not self._partition.is_full,
            gauges=self.gauges,
            conservation=self.conservation,
        )

    async def gauges(self) -> list[Gauge]:
        """Return the figures of now."""
        partition, link = self._partition, self._link
        seq = await partition.committed_seq()
        behind = max(0, seq - link.projected_seq)
        is_short = await asyncio.to_thread(self._folder.room.is_short)
        return [
            Gauge("journal_batches", seq, "batches that are durable"),
            Gauge(
                "commands_waiting",
                partition.waiting,
                "commands that have come and are in no batch yet",
                is_alarming=partition.waiting > COMMANDS_WAITING_ALARM,
            ),
            Gauge(
                "history_batches_behind",
                behind,
                "durable batches that the history does not show yet",
                is_alarming=behind > BATCHES_BEHIND_ALARM,
            ),
            Gauge(
                "follower_process",
                link.pid,
                "process id of the follower, which takes snapshots and writes the history",
                is_alarming=link.pid == 0,
            ),
            Gauge(
                "disk_is_short",
                int(is_short),
                "1 when less room is left than is kept for cancels",
                is_alarming=is_short or partition.is_full,
            ),
            Gauge(
                "notifications_waiting",
                self._watch.waiting,
                "batches that people are still to be told of",
                is_alarming=self._watch.waiting > WAITING_MAX // 2,
            ),
            *(gauge() for gauge in self._more),
            *(Gauge(name, count(), "open now") for name, count in sorted(self._counts.items())),
        ]

    async def conservation(self) -> Conservation:
        """Add up the state itself while it is small, and else the newest snapshot.

        A snapshot is some minutes old at most, and adding it up takes nothing from trading.
        """
        async with self._adding:
            found = await asyncio.to_thread(_newest, self._folder.snapshots, self._added)
            if found is None:
                found = await self._partition.inspect(_state)
            if isinstance(found, Conservation):
                return found
            added = await asyncio.to_thread(conservation_of, found)
            self._added = added if len(found.rows) > STATE_BYTES_SMALL else None
            return added


def _newest(snapshots: FileSnapshots, known: Conservation | None) -> Snapshot | Conservation | None:
    """Return the newest snapshot, or what it is known to add up to; None when it is small."""
    for seq in snapshots.seqs():
        if known is not None and known.seq == seq:
            return known
        try:
            found = snapshots.load(seq)
        except (KeyError, SnapshotDamagedError, SnapshotVersionError):
            continue  # pruned just now, or for `outcry verify` to tell of
        return found if len(found.rows) > STATE_BYTES_SMALL else None
    return None


def _state(machine: StateMachine) -> Snapshot:
    return Snapshot(
        PARTITION, machine.seq(), 0, machine.time_us(), b"", b"", b"", machine.snapshot()
    )
