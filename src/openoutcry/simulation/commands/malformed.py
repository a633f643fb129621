"""Records that are not what they should be, though their framing is right."""

import random

from openoutcry.core.records import COMMANDS, NewOrder
from openoutcry.simulation.commands.layout import places

EXTREMES = (
    *(0, 1, -1, 2**31, 2**36 - 1, 2**36),
    *(2**53 - 1, 2**53, 2**62 - 1, 2**62, 2**63 - 1, -(2**63)),
)
HEADER_BYTES = 48
"""Nothing before this is garbled but kind, version and account: time has its own rules."""


def extreme(record: bytes, rng: random.Random) -> bytes:
    """Put extreme values into one to three number fields of the body."""
    made = bytearray(record)
    numbers = [
        place
        for place in places(COMMANDS[record[2]])
        if place.at >= HEADER_BYTES and place.code in "iu"
    ]
    for _, _, at, width in rng.sample(numbers, min(len(numbers), rng.randint(1, 3))):
        value = rng.choice(EXTREMES) & ((1 << 8 * width) - 1)
        made[at : at + width] = value.to_bytes(width, "little")
    return bytes(made)


def padded_wrongly(record: bytes, rng: random.Random) -> bytes:
    """Put a byte after the first zero of a text field."""
    made = bytearray(record)
    texts = [place for place in places(COMMANDS[record[2]]) if place.code == "S"]
    if not texts:
        return record
    _, _, at, width = rng.choice(texts)
    text = bytearray(width)
    length = rng.randint(0, 3)
    text[:length] = b"abc"[:length]
    text[rng.randint(4, width - 1)] = rng.randint(1, 255)
    made[at : at + width] = text
    return bytes(made)


def padding_used(record: bytes, rng: random.Random) -> bytes:
    """Fill the padding with garbage, which changes nothing."""
    made = bytearray(record)
    for name, _, at, width in places(COMMANDS[record[2]]):
        if name.startswith("_pad"):
            made[at : at + width] = rng.randbytes(width)
    return bytes(made)


def wrong_kind(record: bytes, rng: random.Random) -> bytes:
    """Give a record another kind, known or not."""
    made = bytearray(record)
    made[2] = rng.choice((0, 6, 9, 22, 29, 32, 33, 200, 255, rng.randint(0, 255)))
    return bytes(made)


def wrong_version(record: bytes, rng: random.Random) -> bytes:
    """Give a record a version that does not exist."""
    made = bytearray(record)
    made[3] = rng.choice((0, 2, 255))
    return bytes(made)


def wrong_size(record: bytes, rng: random.Random) -> bytes:
    """Shorten or lengthen a record by words; its framing stays right."""
    words = rng.randint(1, 8)
    if len(record) - 8 * words >= HEADER_BYTES and rng.random() < 0.5:
        made = bytearray(record[: len(record) - 8 * words])
    else:
        made = bytearray(record + rng.randbytes(8 * words))
    made[0:2] = len(made).to_bytes(2, "little")
    return bytes(made)


def wrong_account(record: bytes, rng: random.Random) -> bytes:
    """Send it in the name of nobody."""
    made = bytearray(record)
    made[8:16] = rng.choice((0, 2**53, 2**64 - 1, 2**63, 77 << 10 | 1023)).to_bytes(8, "little")
    return bytes(made)


def entity_used(record: bytes, rng: random.Random) -> bytes:
    """Fill the entity of the header, which the kernel does not read."""
    made = bytearray(record)
    made[4:8] = rng.randbytes(4)
    return bytes(made)


def wild(record: bytes, rng: random.Random) -> bytes:
    """Keep the header; the body is noise."""
    noise = rng.randbytes(len(record) - HEADER_BYTES)
    made = bytearray(record[:HEADER_BYTES] + noise)
    if record[2] == NewOrder.KIND and rng.random() < 0.7:
        made[HEADER_BYTES : HEADER_BYTES + 2] = rng.randint(1, 3).to_bytes(2, "little")
    return bytes(made)


WAYS = (
    extreme,
    extreme,
    extreme,
    padded_wrongly,
    padding_used,
    wrong_kind,
    wrong_version,
    wrong_size,
    wrong_account,
    entity_used,
    wild,
)


def malform(record: bytes, rng: random.Random) -> bytes:
    """Spoil a good record in one of the ways; the result may still be acceptable."""
    return rng.choice(WAYS)(record, rng)
