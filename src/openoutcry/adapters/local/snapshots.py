"""Snapshots as files, one for each, named by partition and sequence."""

import os
from pathlib import Path

from openoutcry.codec.snapshots import (
    Snapshot,
    SnapshotDamagedError,
    encode_snapshot,
    read_snapshot,
)

SUFFIX = ".snapshot"


class FileSnapshots:
    """The snapshots port over a folder."""

    def __init__(self, folder: Path, partition: int = 0) -> None:
        self.folder = folder
        self.partition = partition
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, seq: int) -> Path:
        """Return the file of the state after batch `seq`."""
        return self.folder / f"{self.partition:05d}-{seq:020d}{SUFFIX}"

    def save(self, snapshot: Snapshot) -> None:
        """Write aside, sync, rename, sync the folder."""
        path = self.path(snapshot.seq)
        aside = path.with_suffix(".tmp")
        header, digest = encode_snapshot(snapshot)
        try:
            with aside.open("wb") as file:
                file.write(header)
                file.write(snapshot.rows)
                file.write(digest)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        aside.rename(path)
        sync_folder(self.folder)

    def seqs(self) -> list[int]:
        """Return the sequences of the files, newest first."""
        names = (path.stem for path in self.folder.glob(f"{self.partition:05d}-*{SUFFIX}"))
        return sorted((int(name.split("-")[1]) for name in names), reverse=True)

    def load(self, seq: int) -> Snapshot:
        """Read a file and check every byte of it."""
        try:
            with self.path(seq).open("rb") as file:
                snapshot = read_snapshot(file, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            raise KeyError(seq) from None
        except OSError as error:
            raise SnapshotDamagedError(f"{self.path(seq).name}: {error}") from error
        if snapshot.seq != seq or snapshot.partition != self.partition:
            raise SnapshotDamagedError(f"{self.path(seq).name} holds another state than it says")
        return snapshot

    def prune(self, keep: int) -> list[int]:
        """Delete all but the newest `keep` files, and what a crash left half written."""
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)
        for seq in self.seqs()[keep:]:
            self.path(seq).unlink(missing_ok=True)
        return self.seqs()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
