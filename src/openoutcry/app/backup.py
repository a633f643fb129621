"""`outcry backup` and `outcry restore`: an exchange in one file, taken beside a running server.

The file is a tar of the journal, the newest snapshot, the query store, people and keys, with a
manifest of digests and of the state that the journal leads to. Both directions recover that state.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from openoutcry.adapters.local.folder import LOCK_NAME
from openoutcry.adapters.local.snapshots import FileSnapshots, sync_folder
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.app.demo import KEYS_FILE
from openoutcry.app.engine import (
    CUSTODIAN_NAME,
    HISTORY_NAME,
    JOURNAL_NAME,
    KEYS_NAME,
    PARTITION,
    PARTITIONS_NAME,
    PEOPLE_NAME,
    SNAPSHOTS_NAME,
    kernel_machines,
)
from openoutcry.app.master_key import SECRETS_KEY_NAME
from openoutcry.codec.snapshots import SnapshotDamagedError, SnapshotVersionError
from openoutcry.partition.recovery import RecoveryError, check_behind, recover
from openoutcry.ports.journal import JournalError

FORMAT = 1
MANIFEST_NAME = "manifest.json"
_MODE = 0o600
_DATABASES = (KEYS_NAME, PEOPLE_NAME, CUSTODIAN_NAME, HISTORY_NAME, JOURNAL_NAME)
"""In this order: what follows the journal must not be ahead of its copy."""
_DIGEST_BYTES = 32


class BackupError(Exception):
    """The backup cannot be made or used; the message says why."""


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds."""

    seq: int
    commands: int
    state_hash: str


def backup(directory: Path, file: Path) -> BackupSummary:
    """Copy an exchange into one file, also while it runs; raises BackupError."""
    if (directory / PARTITIONS_NAME).exists():
        raise BackupError(
            f"{directory} holds an exchange of the scaled size, whose journal is in PostgreSQL: "
            "back that up with its own tools (pg_basebackup, pg_dump), and copy the folder"
        )
    if not (directory / JOURNAL_NAME).exists():
        raise BackupError(f"{directory} holds no exchange")
    if file.exists():
        raise BackupError(f"{file} is there already")
    try:
        with _beside(file) as copy:
            _copy(directory, copy)
            summary = _summarize(copy)
            _write_tar(copy, file, summary)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        raise BackupError(f"{directory} cannot be backed up: {error}") from error
    return summary


def restore(file: Path, directory: Path) -> BackupSummary:
    """Make a data directory from a backup; raises BackupError."""
    if directory.exists() and any(directory.iterdir()):
        raise BackupError(f"{directory} is there already and not empty")
    try:
        with _beside(directory) as copy:
            manifest = _read_tar(file, copy)
            summary = _summarize(copy)
            if summary.state_hash != manifest["state_hash"] or summary.seq != manifest["seq"]:
                raise BackupError(f"{file} leads to another state than it was taken from")
            if directory.exists():
                directory.rmdir()
            copy.rename(directory)
        sync_folder(directory.parent)
    except (OSError, sqlite3.Error, tarfile.TarError, ValueError, KeyError) as error:
        raise BackupError(f"{file} cannot be restored: {error}") from error
    return summary


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give an empty folder on the same disk; it goes unless it was renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent.absolute()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(directory: Path, copy: Path) -> None:
    """Copy what makes an exchange; the journal last."""
    for name in (KEYS_FILE, SECRETS_KEY_NAME):
        if (directory / name).exists():
            _copy_private(directory / name, copy / name)
    snapshots = FileSnapshots(copy / SNAPSHOTS_NAME, PARTITION)
    if (directory / SNAPSHOTS_NAME).is_dir():
        _copy_newest_snapshot(FileSnapshots(directory / SNAPSHOTS_NAME, PARTITION), snapshots)
    for name in _DATABASES:
        if (directory / name).exists():
            _copy_database(directory / name, copy / name)


def _copy_newest_snapshot(source: FileSnapshots, target: FileSnapshots) -> None:
    for seq in source.seqs():
        try:
            target.save(source.load(seq))
        except (SnapshotDamagedError, SnapshotVersionError, KeyError):
            continue
        return


def _copy_private(source: Path, target: Path) -> None:
    target.touch(mode=_MODE)
    target.write_bytes(source.read_bytes())


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database as of one moment; in WAL mode nobody waits for it."""
    target.touch(mode=_MODE)
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as reader, closing(sqlite3.connect(target)) as out:
        reader.backup(out)
        out.execute("PRAGMA journal_mode = DELETE")


def _summarize(folder: Path) -> BackupSummary:
    """Recover the state that a copy leads to."""
    try:
        with closing(SqliteJournal(folder / JOURNAL_NAME, PARTITION, read_only=True)) as journal:
            snapshots = FileSnapshots(folder / SNAPSHOTS_NAME, PARTITION)
            recovered = recover(kernel_machines(), journal, snapshots)
            check_behind(journal, recovered.snapshot_seq)
    except (JournalError, RecoveryError) as error:
        raise BackupError(str(error)) from error
    return BackupSummary(
        seq=recovered.head.seq,
        commands=recovered.commands,
        state_hash=recovered.machine.state_hash().hex(),
    )


def _members(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {MANIFEST_NAME, LOCK_NAME}
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES)
        ).hexdigest()


def _write_tar(folder: Path, file: Path, summary: BackupSummary) -> None:
    names = {str(path.relative_to(folder)): _digest(path) for path in _members(folder)}
    manifest = {
        "format": FORMAT,
        "seq": summary.seq,
        "commands": summary.commands,
        "state_hash": summary.state_hash,
        "files": names,
    }
    aside = file.with_name(f".{file.name}.tmp")
    descriptor = os.open(aside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _MODE)
    try:
        with os.fdopen(descriptor, "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                text = json.dumps(manifest, indent=2).encode()
                entry = tarfile.TarInfo(MANIFEST_NAME)
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text))
                for name in names:
                    tar.add(folder / name, name, recursive=False)
            out.flush()
            os.fsync(out.fileno())
        aside.rename(file)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(file.parent.absolute())


def _read_tar(file: Path, folder: Path) -> dict[str, object]:
    """Unpack what the manifest names and nothing else, and check every digest."""
    with tarfile.open(file, "r:") as tar:
        entry = tar.extractfile(MANIFEST_NAME)
        if entry is None:
            raise BackupError(f"{file} is no backup")
        manifest: dict[str, object] = json.loads(entry.read())
        if manifest.get("format") != FORMAT:
            raise BackupError(
                f"{file} has backup format {manifest.get('format')}; this program reads {FORMAT}"
            )
        files = manifest["files"]
        if not isinstance(files, dict):
            raise BackupError(f"{file} is no backup")
        for name, digest in files.items():
            target = (folder / name).resolve()
            if folder.resolve() not in target.parents:
                raise BackupError(f"{file} names {name!r}, which lies outside")
            target.parent.mkdir(parents=True, exist_ok=True)
            member = tar.extractfile(name)
            if member is None:
                raise BackupError(f"{file} lacks {name}")
            target.touch(mode=_MODE)
            with target.open("wb") as out:
                shutil.copyfileobj(member, out)
                out.flush()
                os.fsync(out.fileno())
            if _digest(target) != digest:
                raise BackupError(f"{file} is damaged: {name} fails its digest")
    return manifest
