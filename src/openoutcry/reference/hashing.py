"""The rolling hash over event bytes and the canonical one over state rows: four 64-bit lanes."""

import struct

Lanes = tuple[int, int, int, int]

LANES_START: Lanes = (
    0x9E3779B97F4A7C15,
    0xBF58476D1CE4E5B9,
    0x94D049BB133111EB,
    0xD6E8FEB86659FD93,
)
MULTIPLIER = 0x9FB21C651E98DF25
MASK = (1 << 64) - 1
_FOUR_WORDS = struct.Struct("<4Q")
_TWO_WORDS = struct.Struct("<2Q")


def absorb(lanes: Lanes, data: bytes, seq: int) -> Lanes:
    """Take in the bytes, zero-padded to whole rounds, and then one round of (length, seq, 0, 0)."""
    a, b, c, d = lanes
    tail = _FOUR_WORDS.pack(len(data), seq, 0, 0)
    padded = b"".join((data, bytes(-len(data) % 32), tail))
    # Rotation left by 27, then a product of which the low 64 bits are kept; what the shift pushes
    # above bit 63 cannot reach those.
    for w, x, y, z in _FOUR_WORDS.iter_unpack(padded):
        a ^= w
        a = (a << 27 | a >> 37) * MULTIPLIER & MASK
        b ^= x
        b = (b << 27 | b >> 37) * MULTIPLIER & MASK
        c ^= y
        c = (c << 27 | c >> 37) * MULTIPLIER & MASK
        d ^= z
        d = (d << 27 | d >> 37) * MULTIPLIER & MASK
    return a, b, c, d


def digest(lanes: Lanes) -> bytes:
    """Return the 16 bytes that stand for the lanes."""
    a, b, c, d = lanes
    low = _mix(a + _rotated(b, 1) + _rotated(c, 7) + _rotated(d, 12) & MASK)
    high = _mix(a ^ _rotated(b, 23) ^ _rotated(c, 41) ^ (_rotated(d, 57) + low & MASK))
    return _TWO_WORDS.pack(low, high)


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & MASK


def _mix(word: int) -> int:
    word ^= word >> 33
    word = word * 0xFF51AFD7ED558CCD & MASK
    word ^= word >> 33
    word = word * 0xC4CEB9FE1A85EC53 & MASK
    return word ^ word >> 33
