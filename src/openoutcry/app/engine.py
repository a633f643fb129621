"""The engine of an embedded exchange: its data folder, recovered and owned by this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from openoutcry.adapters.local.folder import FolderLock, FolderRoom
from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.sqlite.journal import LOG_BYTES, SqliteJournal
from openoutcry.app.settings import ServeSettings
from openoutcry.kernel import Kernel, KernelFault, sort_events, stamp
from openoutcry.partition.appender import exit_at_once
from openoutcry.partition.machine import Machines
from openoutcry.partition.recovery import check_behind, recover
from openoutcry.partition.runtime import Partition, now_us

PARTITION = 0
"""The embedded exchange has one partition, which hosts everything."""
JOURNAL_NAME = "journal.db"
SNAPSHOTS_NAME = "snapshots"
HISTORY_NAME = "history.db"
KEYS_NAME = "keys.db"
PEOPLE_NAME = "people.db"
CUSTODIAN_NAME = "custodian.db"
"""People and what belongs to them, the audit log among it."""
PARTITIONS_NAME = "partitions.json"
"""Is there when an exchange of the scaled size lives in the folder."""
CHECKED_ROWS = 100_000
"""So many journal rows behind the snapshot are checked at each start: a few tenths of a second."""


class EngineError(Exception):
    """The data folder cannot be used; the message is for the operator."""


def kernel_machines(poison_client_order_id: bytes = b"", *, partition: int = PARTITION) -> Machines:
    """Return how to make native kernels; the poison is for tests of what a fault does."""
    poison = poison_client_order_id
    return Machines(
        fresh=lambda: Kernel(partition, poison_client_order_id=poison),
        # The file's checksum and the state's hash are compared by whoever loads it.
        restore=lambda data: Kernel.restore(data, poison_client_order_id=poison, checked=True),
        fault=KernelFault,
        stamp=stamp,
        sort_events=sort_events,
    )


@dataclass(slots=True)
class DataFolder:
    """Who holds a data folder open."""

    path: Path
    lock: FolderLock
    journal: SqliteJournal
    snapshots: FileSnapshots
    room: FolderRoom

    def close(self) -> None:
        """Let go of everything, the lock last."""
        self.journal.close()
        self.lock.release()


def open_folder(settings: ServeSettings) -> DataFolder:
    """Lock and open a data folder, made if missing; raises EngineError, JournalError, OSError."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise EngineError(f"{settings.data} is not a directory") from error
    except OSError as error:
        raise EngineError(f"{settings.data} cannot be made: {error.strerror}") from error
    if (settings.data / PARTITIONS_NAME).exists():
        raise EngineError(
            f"{settings.data} holds an exchange of the scaled size: `outcry up` runs it"
        )
    lock = FolderLock(settings.data)
    try:
        room = FolderRoom(settings.data, settings.reserve_bytes)
        if room.is_short():
            room.release()  # opening needs a little room too
        journal = SqliteJournal(
            settings.data / JOURNAL_NAME,
            PARTITION,
            synchronous=settings.journal_synchronous,
            log_bytes=LOG_BYTES,
        )
    except BaseException:
        lock.release()
        raise
    snapshots = FileSnapshots(settings.data / SNAPSHOTS_NAME, PARTITION)
    return DataFolder(settings.data, lock, journal, snapshots, room)


def recover_partition(
    folder: DataFolder,
    settings: ServeSettings,
    fatal: Callable[[BaseException], None] = exit_at_once,
    clock: Callable[[], int] = now_us,
) -> Partition:
    """Bring a partition to where its journal ends; it does not own it yet."""
    machines = kernel_machines(settings.poison_client_order_id.encode())
    recovered = recover(machines, folder.journal, folder.snapshots)
    check_behind(folder.journal, recovered.snapshot_seq, CHECKED_ROWS)
    return Partition(
        recovered,
        machines,
        folder.journal,
        folder.snapshots,
        partition=PARTITION,
        clock=clock,
        room=folder.room,
        fatal=fatal,
    )


@asynccontextmanager
async def open_engine(settings: ServeSettings) -> AsyncIterator[Partition]:
    """Own a data folder for a moment, without serving it to anyone."""
    folder = open_folder(settings)
    try:
        partition = recover_partition(folder, settings)
        await partition.start()
        try:
            yield partition
        finally:
            await partition.stop()
    finally:
        folder.close()
