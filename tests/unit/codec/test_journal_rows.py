"""The journal's row: framed, hashed, chained. Covers J06, J08."""

from dataclasses import replace

import pytest

from openoutcry.codec.journal import (
    FRAME,
    FRAME_MAGIC,
    Head,
    JournalRow,
    RowDamagedError,
    chain_hash,
    open_row,
    seal,
)

COMMANDS = bytes(range(48))


def a_row() -> JournalRow:
    return seal(Head(7, b"\7" * 32), 3, 2, COMMANDS, 1)


def reframed(row: JournalRow, **changes: object) -> JournalRow:
    """Return a row whose frame is other, with a hash that fits."""
    values = {
        "magic": FRAME_MAGIC,
        "version": 1,
        "zero": 0,
        "partition": row.partition,
        "count": row.n_commands,
        "seq": row.seq,
        "epoch": row.epoch,
    } | changes
    payload = FRAME.pack(*values.values()) + COMMANDS
    return replace(row, payload=payload, hash=chain_hash(row.prev_hash, payload))


def test_a_sealed_row_opens_in_its_place() -> None:
    row = a_row()
    assert open_row(row) == COMMANDS
    assert open_row(row, Head(7, b"\7" * 32)) == COMMANDS
    assert row.head == Head(8, row.hash)


@pytest.mark.parametrize("previous", [Head(6, b"\7" * 32), Head(7, bytes(32))])
def test_a_row_in_another_place_is_refused_j06(previous: Head) -> None:
    with pytest.raises(RowDamagedError, match="does not follow row"):
        open_row(a_row(), previous)


def test_every_flipped_bit_of_the_payload_is_seen_j08() -> None:
    row = a_row()
    for at in range(len(row.payload)):
        damaged = bytearray(row.payload)
        damaged[at] ^= 1 << at % 8
        with pytest.raises(RowDamagedError, match="fails its hash"):
            open_row(replace(row, payload=bytes(damaged)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"magic": b"????"}, "no journal row"),
        ({"version": 9}, "journal frame version 9; this program reads 1"),
        ({"partition": 4}, "contradicts its frame"),
        ({"seq": 9}, "contradicts its frame"),
        ({"epoch": 1}, "contradicts its frame"),
        ({"count": 2}, "contradicts its frame"),
    ],
)
def test_a_frame_that_says_otherwise_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(RowDamagedError, match=message):
        open_row(reframed(a_row(), **changes))


def test_a_payload_without_a_frame_is_refused() -> None:
    row = a_row()
    with pytest.raises(RowDamagedError, match="cut short"):
        open_row(replace(row, payload=b"x", hash=chain_hash(row.prev_hash, b"x")))
