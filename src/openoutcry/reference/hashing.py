"""The rolling hash of event bytes and the canonical one of state rows: four lanes of 128 bits."""

import struct

Lanes = int
"""All four as one number of 512 bits, the first lane lowest."""

WORDS_START = (
    0x9E3779B97F4A7C15,
    0xBF58476D1CE4E5B9,
    0x94D049BB133111EB,
    0xD6E8FEB86659FD93,
    0xA0761D6478BD642F,
    0xE7037ED1A0B428DB,
    0x8EBC6AF09C88C6E3,
    0x589965CC75374CC3,
)
MULTIPLIER = 0x9E3779B1
ROUND_BYTES = 64
MASK = (1 << 64) - 1
_TWO_WORDS = struct.Struct("<2Q")
_EIGHT_WORDS = struct.Struct("<8Q")
_LANES = sum(1 << 128 * lane for lane in range(4))
_UPPER = _LANES * ((1 << 128) - (1 << 40))
_LOWER = _LANES * ((1 << 40) - 1)
_EVEN = sum(0xFFFFFFFF << 64 * word for word in range(8))


def lanes_of(words: tuple[int, ...]) -> Lanes:
    """Return the lanes whose 64-bit words these eight are."""
    return int.from_bytes(_EIGHT_WORDS.pack(*words), "little")


def words_of(lanes: Lanes) -> tuple[int, ...]:
    """Return the eight 64-bit words of the lanes."""
    return _EIGHT_WORDS.unpack(lanes.to_bytes(ROUND_BYTES, "little"))


LANES_START: Lanes = lanes_of(WORDS_START)


def absorb(lanes: Lanes, data: bytes, seq: int) -> Lanes:
    """Take in the bytes, zero-padded to whole rounds, then one round of (length, seq, 0 ...)."""
    tail = _EIGHT_WORDS.pack(len(data), seq, 0, 0, 0, 0, 0, 0)
    padded = b"".join((data, bytes(-len(data) % ROUND_BYTES), tail))
    for at in range(0, len(padded), ROUND_BYTES):
        x = lanes ^ int.from_bytes(padded[at : at + ROUND_BYTES], "little")
        # Each lane to the left by 40 bits. What comes in from a neighbour is masked away.
        x = (x << 40 & _UPPER) | (x >> 88 & _LOWER)
        # Each 32-bit word times the multiplier, every other one at a time, so products fit.
        even, odd = x & _EVEN, x >> 32 & _EVEN
        lanes = (even * MULTIPLIER & _EVEN) | ((odd * MULTIPLIER & _EVEN) << 32)
    return lanes


def digest(lanes: Lanes) -> bytes:
    """Return the 16 bytes that stand for the lanes."""
    words = words_of(lanes)
    low, high = 0, 0
    for word, by_sum in zip(words, (0, 1, 7, 12, 18, 29, 37, 46), strict=True):
        low += _rotated(word, by_sum)
    low = _mix(low & MASK)
    for word, by_xor in zip(words[:7], (0, 23, 41, 57, 9, 31, 50), strict=True):
        high ^= _rotated(word, by_xor)
    high = _mix(high ^ (_rotated(words[7], 5) + low & MASK))
    return _TWO_WORDS.pack(low, high)


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & MASK


def _mix(word: int) -> int:
    word ^= word >> 33
    word = word * 0xFF51AFD7ED558CCD & MASK
    word ^= word >> 33
    word = word * 0xC4CEB9FE1A85EC53 & MASK
    return word ^ word >> 33
