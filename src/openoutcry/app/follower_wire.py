"""What leader and follower tell each other over their socket: one small frame for each fact."""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct

FRAME = Struct("<BQ16s")
NO_HASH = bytes(16)


class Word(IntEnum):
    """The first byte of a frame."""

    COMMITTED = 1
    """Leader: this sequence is durable, and the rolling hash of events after it."""
    WANTED = 2
    """Leader: somebody waits for this sequence in the history."""
    ROOM_IS_SHORT = 3
    """Leader: write nothing until there is room."""
    ROOM_AGAIN = 4
    """Leader: go on."""
    STOP = 5
    """Leader: finish at this sequence, compare the hash of the whole state, and leave."""
    PROJECTED = 6
    """Follower: readers of the history see this sequence."""
    PRUNE = 7
    """Follower: rows older than this are in every kept snapshot."""


def encode(word: Word, seq: int = 0, events_hash: bytes = NO_HASH) -> bytes:
    """Return a frame."""
    return FRAME.pack(word, seq, events_hash)


class FrameReader:
    """Takes bytes as they come and gives whole frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[Word, int, bytes]]:
        """Yield the frames that are complete now."""
        data = self._rest + data
        end = len(data) // FRAME.size * FRAME.size
        self._rest = data[end:]
        for offset in range(0, end, FRAME.size):
            word, seq, events_hash = FRAME.unpack_from(data, offset)
            yield Word(word), seq, events_hash
