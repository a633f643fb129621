"""The journal row: a framed batch of commands, chained to the row before it by a hash.

The frame repeats partition, sequence, epoch and count, so that the hash covers them too.
"""

import hashlib
import struct
from dataclasses import dataclass

FRAME = struct.Struct("<4sHHIIQQ")
"""magic, version, reserved, partition, commands, seq, epoch."""
FRAME_MAGIC = b"OJRN"
FRAME_VERSION = 1
HASH_BYTES = 32
GENESIS_HASH = bytes(HASH_BYTES)
"""What the first row is chained to."""


class RowDamagedError(ValueError):
    """A journal row does not hold what was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a journal; sequence 0 with the genesis hash when there is none."""

    seq: int = 0
    hash: bytes = GENESIS_HASH


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One committed batch as it is kept."""

    partition: int
    seq: int
    epoch: int
    prev_hash: bytes
    hash: bytes
    n_commands: int
    payload: bytes

    @property
    def head(self) -> Head:
        """This row as the last one of its journal."""
        return Head(self.seq, self.hash)


def chain_hash(prev_hash: bytes, payload: bytes) -> bytes:
    """Return the hash of a row from the one before it and its payload."""
    return hashlib.blake2b(prev_hash + payload, digest_size=HASH_BYTES).digest()


def seal(previous: Head, partition: int, epoch: int, commands: bytes, count: int) -> JournalRow:
    """Frame a batch of commands as the row after `previous`."""
    seq = previous.seq + 1
    frame = FRAME.pack(FRAME_MAGIC, FRAME_VERSION, 0, partition, count, seq, epoch)
    payload = frame + commands
    return JournalRow(
        partition=partition,
        seq=seq,
        epoch=epoch,
        prev_hash=previous.hash,
        hash=chain_hash(previous.hash, payload),
        n_commands=count,
        payload=payload,
    )


def _has_its_hash(row: JournalRow) -> bool:
    try:
        return chain_hash(row.prev_hash, row.payload) == row.hash
    except TypeError:
        return False  # a database keeps whatever type was put into it


def open_row(row: JournalRow, previous: Head | None = None) -> bytes:
    """Check a row, and its place after `previous` when that is known; return its commands."""
    if previous is not None and (row.seq != previous.seq + 1 or row.prev_hash != previous.hash):
        raise RowDamagedError(
            f"row {row.seq} of partition {row.partition} does not follow row {previous.seq}"
        )
    if not _has_its_hash(row):
        raise RowDamagedError(f"row {row.seq} of partition {row.partition} fails its hash")
    if len(row.payload) < FRAME.size:
        raise RowDamagedError(f"row {row.seq} of partition {row.partition} is cut short")
    magic, version, _, partition, count, seq, epoch = FRAME.unpack_from(row.payload)
    if magic != FRAME_MAGIC:
        raise RowDamagedError(f"row {row.seq} of partition {row.partition} is no journal row")
    if version != FRAME_VERSION:
        raise RowDamagedError(
            f"row {row.seq} has journal frame version {version}; this program reads {FRAME_VERSION}"
        )
    if (partition, count, seq, epoch) != (row.partition, row.n_commands, row.seq, row.epoch):
        raise RowDamagedError(f"row {row.seq} of partition {row.partition} contradicts its frame")
    return row.payload[FRAME.size :]
