"""One partition at one engine: followed while another engine owns it, owned when its turn comes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from openoutcry.adapters.postgres.hashes import PostgresEventHashes
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.app.engine import kernel_machines
from openoutcry.app.scaled.settings import PartitionSettings, ScaledSettings
from openoutcry.partition.appender import exit_at_once
from openoutcry.partition.follower import Follower, NullProjection
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import Recovered, recover
from openoutcry.partition.runtime import Partition
from openoutcry.ports.journal import JournalError

log = logging.getLogger(__name__)

FOLLOW_SECONDS = 0.05
HASH_SECONDS = 1.0
STOP_SECONDS = 4.0
ROWS_A_ROUND = 256


class Standby:
    """A state that follows a journal written elsewhere, so that taking over needs no cold start."""

    def __init__(self, settings: ScaledSettings, number: int, machines: Machines) -> None:
        self._settings = settings
        self._number = number
        self._machines = machines
        self._stopping = asyncio.Event()
        self._follower: Follower | None = None
        self._hashes_at = 0.0
        self._task = asyncio.create_task(self._run(), name=f"standby {number}")
        self.behind = 0
        """Rows that are committed and not yet applied here."""
        self.seq = 0
        """The last row that is applied here."""

    @property
    def is_warm(self) -> bool:
        """Whether it stands, or nearly stands, where the journal ends."""
        return self._follower is not None and self.behind < ROWS_A_ROUND

    async def _run(self) -> None:
        dsn = self._settings.journal_dsn
        while not self._stopping.is_set():
            try:
                await self._follow(dsn)
            except JournalError as error:
                log.warning("standby of partition %d waits: %s", self._number, error)
                self._follower = None
                await self._pause(1.0)

    async def _follow(self, dsn: str) -> None:
        journal = await asyncio.to_thread(PostgresJournal, dsn, self._number, read_only=True)
        hashes = await asyncio.to_thread(PostgresEventHashes, dsn, self._number)
        try:
            snapshots = PostgresSnapshots(dsn, self._number)
            start = await asyncio.to_thread(journal.head)
            follower = await asyncio.to_thread(
                Follower,
                self._machines,
                journal,
                snapshots,
                NullProjection(start.seq),
                partition=self._number,
            )
            self._follower = follower
            compared = follower.seq
            while not self._stopping.is_set():
                compared = await asyncio.to_thread(
                    self._advance, journal, follower, hashes, compared
                )
                if self.behind == 0:
                    await self._pause(FOLLOW_SECONDS)
        finally:
            await asyncio.to_thread(journal.close)
            await asyncio.to_thread(hashes.close)

    def _advance(
        self,
        journal: PostgresJournal,
        follower: Follower,
        hashes: PostgresEventHashes,
        compared: int,
    ) -> int:
        """Apply some rows; returns up to where the owner's hashes were heard of."""
        if time.monotonic() - self._hashes_at > HASH_SECONDS:  # they are not recorded more often
            self._hashes_at = time.monotonic()
            for seq, events_hash in hashes.after(compared):
                follower.announce(seq, events_hash)
                compared = seq
        head = journal.head().seq
        follower.announce(head)
        follower.advance(ROWS_A_ROUND)
        self.behind, self.seq = head - follower.seq, follower.seq
        return compared

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def stop(self) -> Recovered | None:
        """End, and hand over the state that it stood at, if it had one."""
        self._stopping.set()
        await asyncio.wait({self._task})
        follower, self._follower = self._follower, None
        if self._task.cancelled() or self._task.exception() is not None:
            log.error("standby of partition %d failed: %r", self._number, self._task.exception())
            return None
        return None if follower is None else follower.state


@dataclass(slots=True)
class Owned:
    """A partition that is owned here."""

    partition: Partition
    journal: PostgresJournal
    snapshots: PostgresSnapshots
    epoch: int


class Seat:
    """What this engine does about one partition. It has a standby, or owns it, or neither."""

    def __init__(self, settings: ScaledSettings, partition: PartitionSettings) -> None:
        self.settings = settings
        self.plan = partition
        self.number = partition.number
        self.machines = kernel_machines(partition=partition.number)
        self.standby: Standby | None = None
        self.owned: Owned | None = None
        self._hashes: HashRecorder | None = None

    def stand_by(self) -> None:
        """Begin to follow the journal, unless it is followed or owned already."""
        if self.standby is None and self.owned is None:
            self.standby = Standby(self.settings, self.number, self.machines)

    async def rest(self) -> None:
        """Follow the journal no more."""
        standby, self.standby = self.standby, None
        if standby is not None:
            await standby.stop()

    async def take(
        self,
        expected_epoch: int,
        address: str,
        fatal: Callable[[BaseException], None] | None,
        acquired: Callable[[int, float], None],
    ) -> Owned:
        """Own the partition: fence, replay to the head. Raises JournalError, RecoveryError.

        `acquired` is told the epoch, and since when its lease runs, before the replay, which may
        take longer than a lease.
        """
        began = time.monotonic()
        settings = self.settings
        warm, journal = await asyncio.gather(
            self._stopped_standby(),
            asyncio.to_thread(
                PostgresJournal,
                settings.journal_dsn,
                self.number,
                owner=settings.name,
                address=address,
                lease_seconds=settings.lease_seconds,
            ),
        )
        try:
            since = time.monotonic()
            epoch = await asyncio.to_thread(journal.acquire, expected_epoch)
            acquired(epoch, since)
            snapshots = PostgresSnapshots(settings.journal_dsn, self.number)
            state = await asyncio.to_thread(self._at_head, journal, snapshots, warm)
            partition = Partition(
                state,
                self.machines,
                journal,
                snapshots,
                partition=self.number,
                fatal=fatal or exit_at_once,
            )
            self._hashes = HashRecorder(settings.journal_dsn, self.number)
            partition.watch_commits(self._hashes.committed)
            await partition.start(epoch)
        except BaseException:
            await asyncio.to_thread(journal.close)
            raise
        self.owned = Owned(partition, journal, snapshots, epoch)
        log.warning(
            "partition %d is owned from epoch %d, row %d, after %.2f s",
            *(self.number, epoch, state.head.seq, time.monotonic() - began),
        )
        return self.owned

    def _at_head(
        self, journal: PostgresJournal, snapshots: PostgresSnapshots, warm: Recovered | None
    ) -> Recovered:
        head = journal.head()
        if warm is not None and warm.head.seq <= head.seq:
            row = journal.row(warm.head.seq) if warm.head.seq else None
            if row is None or row.hash == warm.head.hash:
                follower = Follower(
                    self.machines,
                    journal,
                    snapshots,
                    NullProjection(warm.head.seq),
                    partition=self.number,
                    state=warm,
                )
                follower.announce(head.seq)
                while follower.is_behind and follower.advance() > 0:
                    pass
                if follower.state.head == head:
                    return follower.state
        return recover(self.machines, journal, snapshots)

    async def _stopped_standby(self) -> Recovered | None:
        standby, self.standby = self.standby, None
        return None if standby is None else await standby.stop()

    async def give_back(self, release: Callable[[int], Awaitable[None]]) -> None:
        """Take nothing more, finish what is under way, and let go of journal and lease.

        `release` is given the epoch as soon as another engine may own the partition.
        """
        owned, self.owned = self.owned, None
        if owned is None:
            return
        await owned.partition.stop()
        await release(owned.epoch)
        if self._hashes is not None:
            await self._hashes.stop()
        await asyncio.to_thread(owned.journal.close)


class HashRecorder:
    """Keeps the owner's rolling hash of events now and then, for followers to compare."""

    def __init__(self, dsn: str, number: int) -> None:
        self._dsn = dsn
        self._number = number
        self._latest: tuple[int, bytes] | None = None
        self._task = asyncio.create_task(self._run(), name=f"hashes {number}")

    def committed(self, seq: int, events_hash: bytes) -> None:
        """Note a commit (a commit watcher)."""
        self._latest = (seq, events_hash)

    async def _run(self) -> None:
        hashes: PostgresEventHashes | None = None
        try:
            while True:
                await asyncio.sleep(HASH_SECONDS)
                latest, self._latest = self._latest, None
                if latest is None:
                    continue
                try:
                    if hashes is None:
                        hashes = await asyncio.to_thread(
                            PostgresEventHashes, self._dsn, self._number
                        )
                    await asyncio.to_thread(hashes.record, [latest])
                except JournalError as error:
                    log.debug("hashes of partition %d wait: %s", self._number, error)
                    hashes = None
        finally:
            if hashes is not None:
                hashes.close()

    async def stop(self) -> None:
        """Record no more."""
        self._task.cancel()
        await asyncio.wait({self._task})
