"""The snapshot file: a header, the kernel's state rows, and a digest over both."""

import hashlib
import os
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

HEADER = struct.Struct("<8sHHIQQq32s16s16sQ")
"""magic, version, 0, partition, seq, commands, time_us; journal, state, events hash; length."""
MAGIC = b"OUTCRYSN"
VERSION = 2
_OLD_VERSIONS = frozenset({1})
"""Their digests were made another way."""
DIGEST_BYTES = 32
PIECE_BYTES = 8 << 20
"""Rows are hashed in pieces, so that several can be hashed at once."""


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
    return header, _digest(header, snapshot.rows)


def _digest(header: bytes, rows: bytes) -> bytes:
    """Return the digest of the header and of the digests of the rows' pieces."""
    view = memoryview(rows)
    pieces = [view[at : at + PIECE_BYTES] for at in range(0, len(rows), PIECE_BYTES)]
    whole = hashlib.blake2b(header, digest_size=DIGEST_BYTES)
    if len(pieces) > 1:
        # Hashing lets go of the interpreter lock.
        with ThreadPoolExecutor(min(len(pieces), os.cpu_count() or 1)) as pool:
            for leaf in pool.map(_piece_digest, pieces):
                whole.update(leaf)
    else:
        for piece in pieces:
            whole.update(_piece_digest(piece))
    return whole.digest()


def _piece_digest(piece: memoryview) -> bytes:
    return hashlib.blake2b(piece, digest_size=DIGEST_BYTES).digest()


def read_snapshot(file: BinaryIO, size: int) -> Snapshot:
    """Read a file of `size` bytes; raises SnapshotDamagedError when any byte is not as written."""
    if size < HEADER.size + DIGEST_BYTES:
        raise SnapshotDamagedError("the file is cut short")
    header = file.read(HEADER.size)
    rows = file.read(size - HEADER.size - DIGEST_BYTES)
    digest = file.read()
    fields = HEADER.unpack(header)
    if fields[0] != MAGIC:
        raise SnapshotDamagedError("the file is no snapshot")
    if fields[1] not in _OLD_VERSIONS and digest != _digest(header, rows):
        raise SnapshotDamagedError("the digest does not match")
    if fields[1] != VERSION:
        raise SnapshotVersionError(
            f"snapshot format {fields[1]} cannot be read; this program reads format {VERSION}"
        )
    if len(rows) != fields[10]:
        raise SnapshotDamagedError("the length does not match")
    return Snapshot(
        partition=fields[3],
        seq=fields[4],
        commands=fields[5],
        time_us=fields[6],
        journal_hash=fields[7],
        state_hash=fields[8],
        events_hash=fields[9],
        rows=rows,
    )


def decode_snapshot(data: bytes) -> Snapshot:
    """Read the bytes of a file, as `read_snapshot` does."""
    return read_snapshot(BytesIO(data), len(data))
