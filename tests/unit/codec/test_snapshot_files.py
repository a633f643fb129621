"""The snapshot file. Covers J12: any damaged byte is seen."""

import hashlib

import pytest

from openoutcry.codec import snapshots
from openoutcry.codec.snapshots import (
    DIGEST_BYTES,
    HEADER,
    MAGIC,
    Snapshot,
    SnapshotDamagedError,
    SnapshotVersionError,
    decode_snapshot,
    encode_snapshot,
)

SNAPSHOT = Snapshot(1, 2, 3, 4, b"j" * 32, b"s" * 16, b"e" * 16, b"rows of the kernel")


def encoded(snapshot: Snapshot = SNAPSHOT) -> bytes:
    header, digest = encode_snapshot(snapshot)
    return header + snapshot.rows + digest


def signed(header: bytes, *pieces: bytes) -> bytes:
    """A file whose digest is that of its header and of the digests of its pieces."""
    leaves = [hashlib.blake2b(piece, digest_size=DIGEST_BYTES).digest() for piece in pieces]
    whole = hashlib.blake2b(b"".join((header, *leaves)), digest_size=DIGEST_BYTES)
    return b"".join((header, *pieces, whole.digest()))


def test_pieces_are_hashed_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "PIECE_BYTES", 5)
    rows = SNAPSHOT.rows
    pieces = [rows[at : at + 5] for at in range(0, len(rows), 5)]
    assert len(pieces) > 1
    data = encoded()
    assert data == signed(data[: HEADER.size], *pieces)
    assert decode_snapshot(data) == SNAPSHOT
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        with pytest.raises(SnapshotDamagedError):
            decode_snapshot(bytes(damaged))


def test_the_first_format_is_refused_by_name_though_its_digest_was_another() -> None:
    fields = list(HEADER.unpack(encoded()[: HEADER.size]))
    fields[1] = 1
    body = HEADER.pack(*fields) + SNAPSHOT.rows
    with pytest.raises(SnapshotVersionError, match="snapshot format 1 cannot be read"):
        decode_snapshot(body + hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest())


def test_it_comes_back() -> None:
    assert decode_snapshot(encoded()) == SNAPSHOT


def test_every_damaged_byte_is_seen_j12() -> None:
    data = encoded()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        with pytest.raises(SnapshotDamagedError):
            decode_snapshot(bytes(damaged))


def test_every_cut_is_seen_j12() -> None:
    data = encoded()
    for length in range(len(data)):
        with pytest.raises(SnapshotDamagedError):
            decode_snapshot(data[:length])


def test_a_length_that_lies_is_seen() -> None:
    header = bytearray(encoded()[: HEADER.size])
    header[-8] += 1
    with pytest.raises(SnapshotDamagedError, match="length"):
        decode_snapshot(signed(bytes(header), SNAPSHOT.rows))


def test_another_version_is_refused_by_name() -> None:
    fields = list(HEADER.unpack(encoded()[: HEADER.size]))
    assert fields[0] == MAGIC
    fields[1] = 9
    with pytest.raises(SnapshotVersionError, match="snapshot format 9 cannot be read"):
        decode_snapshot(signed(HEADER.pack(*fields), SNAPSHOT.rows))
