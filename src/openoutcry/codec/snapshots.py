"""The snapshot file: a header, the kernel's state rows, and a digest over both."""

import hashlib
import struct
from dataclasses import dataclass

HEADER = struct.Struct("<8sHHIQQq32s16s16sQ")
"""magic, version, 0, partition, seq, commands, time_us; journal, state, events hash; length."""
MAGIC = b"OUTCRYSN"
VERSION = 2
DIGEST_BYTES = 32


class SnapshotDamagedError(ValueError):
    """A snapshot does not hold what was written."""


class SnapshotVersionError(ValueError):
    """A snapshot was written by another version of the format."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state after batch `seq`, and the journal row that it belongs to."""

    partition: int
    seq: int
    commands: int
    """Commands applied since genesis, for the distance between snapshots."""
    time_us: int
    journal_hash: bytes
    state_hash: bytes
    events_hash: bytes
    rows: bytes


def encode_snapshot(snapshot: Snapshot) -> tuple[bytes, bytes]:
    """Return what goes before and after the rows in the file."""
    header = HEADER.pack(
        MAGIC,
        VERSION,
        0,
        snapshot.partition,
        snapshot.seq,
        snapshot.commands,
        snapshot.time_us,
        snapshot.journal_hash,
        snapshot.state_hash,
        snapshot.events_hash,
        len(snapshot.rows),
    )
    digest = hashlib.blake2b(header, digest_size=DIGEST_BYTES)
    digest.update(snapshot.rows)
    return header, digest.digest()


def decode_snapshot(data: bytes) -> Snapshot:
    """Read a snapshot file; raises SnapshotDamagedError when any byte of it is not as written."""
    if len(data) < HEADER.size + DIGEST_BYTES:
        raise SnapshotDamagedError("the file is cut short")
    fields = HEADER.unpack_from(data)
    if fields[0] != MAGIC:
        raise SnapshotDamagedError("the file is no snapshot")
    digest = hashlib.blake2b(memoryview(data)[:-DIGEST_BYTES], digest_size=DIGEST_BYTES).digest()
    if digest != data[-DIGEST_BYTES:]:
        raise SnapshotDamagedError("the digest does not match")
    if fields[1] != VERSION:
        raise SnapshotVersionError(
            f"snapshot format {fields[1]} cannot be read; this program reads format {VERSION}"
        )
    if len(data) != HEADER.size + fields[10] + DIGEST_BYTES:
        raise SnapshotDamagedError("the length does not match")
    return Snapshot(
        partition=fields[3],
        seq=fields[4],
        commands=fields[5],
        time_us=fields[6],
        journal_hash=fields[7],
        state_hash=fields[8],
        events_hash=fields[9],
        rows=data[HEADER.size : -DIGEST_BYTES],
    )
