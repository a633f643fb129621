"""The snapshot file. Covers J12: any damaged byte is seen."""

import hashlib

import pytest

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


def signed(body: bytes) -> bytes:
    return body + hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()


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
        decode_snapshot(signed(bytes(header) + SNAPSHOT.rows))


def test_another_version_is_refused_by_name() -> None:
    fields = list(HEADER.unpack(encoded()[: HEADER.size]))
    assert fields[0] == MAGIC
    fields[1] = 9
    with pytest.raises(SnapshotVersionError, match="snapshot format 9 cannot be read"):
        decode_snapshot(signed(HEADER.pack(*fields) + SNAPSHOT.rows))
