"""`outcry projector`: follows the journal of every partition; writes projections and snapshots.

A projector decides nothing and may be killed at any moment: it goes on from the cursor that stands
beside its rows. Two of them may run; the cursor lets only one write a batch.
"""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable

import psycopg

from openoutcry.adapters.postgres.hashes import PostgresEventHashes
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.projector import PostgresProjector, ProjectionError
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.app.engine import kernel_machines
from openoutcry.app.garbage import spare_collections
from openoutcry.app.scaled.database import prepare
from openoutcry.app.scaled.opening import say
from openoutcry.app.scaled.process import run
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.partition.follower import AheadError, DivergedError, Follower, SnapshotPolicy
from openoutcry.partition.recovery import RecoveryError
from openoutcry.ports.journal import JournalDamagedError, JournalError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.01
IDLE_SECONDS_MAX = 0.1
"""Between looks at a journal to which nothing was added for a while."""
RETRY_SECONDS = 0.5
ROWS_A_ROUND = 256
_FATAL = (DivergedError, AheadError, RecoveryError, JournalDamagedError)


class _PartitionFollower:
    """The projections of one partition, in a thread of its own."""

    def __init__(
        self, settings: ScaledSettings, number: int, fatal: Callable[[Exception], None]
    ) -> None:
        self._settings = settings
        self._number = number
        self._fatal = fatal
        self._stopping = threading.Event()
        self._projector: PostgresProjector | None = None
        self._thread = threading.Thread(target=self._run, name=f"projector {number}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the group that is under way."""
        self._stopping.set()
        projector = self._projector
        self._thread.join(3.0)
        if projector is not None:
            projector.give_up()
        self._thread.join(2.0)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except _FATAL as error:
                self._fatal(error)
                return
            except (JournalError, ProjectionError, psycopg.Error) as error:
                log.warning("partition %d is projected again soon: %s", self._number, error)
                self._stopping.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        settings, number = self._settings, self._number
        journal_dsn, query_dsn, _ = settings.with_query_dsns()
        projector = self._projector = PostgresProjector(query_dsn, number)
        journal = PostgresJournal(journal_dsn, number, read_only=True)
        hashes = PostgresEventHashes(journal_dsn, number)
        try:
            follower = Follower(
                kernel_machines(partition=number),
                journal,
                PostgresSnapshots(journal_dsn, number),
                projector,
                partition=number,
                policy=SnapshotPolicy(
                    seconds=settings.snapshot_seconds,
                    commands=settings.snapshot_commands,
                    keep=settings.snapshots_kept,
                ),
            )
            self._advance(follower, journal, hashes)
        finally:
            self._projector = None
            projector.close()
            journal.close()
            hashes.close()

    def _advance(
        self, follower: Follower, journal: PostgresJournal, hashes: PostgresEventHashes
    ) -> None:
        compared = follower.seq
        pause = POLL_SECONDS
        hashes_at = 0.0
        while not self._stopping.is_set():
            if time.monotonic() - hashes_at > 1.0:
                hashes_at = time.monotonic()
                for seq, events_hash in hashes.after(compared):
                    follower.announce(seq, events_hash)
                    compared = seq
            follower.announce(journal.head().seq)
            follower.advance(ROWS_A_ROUND)
            if follower.has_uncommitted:
                follower.commit()
                pause = POLL_SECONDS
            if follower.snapshot_due():
                follower.take_snapshot()
            if not follower.is_behind:
                self._stopping.wait(pause)
                pause = min(pause * 1.2, IDLE_SECONDS_MAX)


class ProjectorProcess:
    """All partitions' projections in one process."""

    def __init__(self, settings: ScaledSettings) -> None:
        settings.require("journal_dsn", "partitions")
        self._settings = settings
        self._stop = asyncio.Event()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Run until SIGTERM; raises what makes going on wrong."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

        def fatal(error: Exception) -> None:
            log.critical("%s", error)
            self._failure = error
            loop.call_soon_threadsafe(self._stop.set)

        followers = [
            _PartitionFollower(self._settings, plan.number, fatal)
            for plan in self._settings.partitions
        ]
        spare_collections()
        say(f"projector {self._settings.name} follows {len(followers)} partitions")
        await self._stop.wait()
        await asyncio.gather(*(asyncio.to_thread(follower.stop) for follower in followers))
        if self._failure is not None:
            raise self._failure


def projector(settings: ScaledSettings) -> int:
    """Run one projector; returns the exit code."""
    return run(_run(settings))


async def _run(settings: ScaledSettings) -> None:
    process = ProjectorProcess(settings)
    await asyncio.to_thread(prepare, settings)
    await process.run()
