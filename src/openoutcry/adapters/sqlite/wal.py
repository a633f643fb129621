"""A look into SQLite's write-ahead log before it is used, and room made in it.

SQLite drops everything after the first frame that fails its checksum. That is right for a torn last
write, which was never acknowledged, and wrong for a damaged middle, which was: so look for
transactions behind the point where SQLite stops, and refuse when there are any.
The file format is SQLite's, described in its page "WAL-mode File Format".
"""

import os
import sqlite3
import struct
from pathlib import Path

from openoutcry.ports.journal import JournalDamagedError

_HEADER = struct.Struct(">8I")
"""magic, version, page size, checkpoint, two salts, two checksums; always big-endian."""
_FRAME = struct.Struct(">4I")
"""page, pages after commit (0: no commit), salt 1, salt 2; two checksums follow."""
_FRAME_BYTES = 24
_MAGIC = 0x377F0682
_INDEX_FRAMES = struct.Struct("=I")
_INDEX_FRAMES_OFFSET = 16
_WORD = 0xFFFFFFFF
_PIECE_BYTES = 1 << 20
COMMITS_TORN_MAX = 1
"""Each transaction is synced before the next is written: only the last can be torn."""


def check_log(database: Path) -> None:
    """Refuse a log whose middle is damaged; a torn tail passes. Nobody else may have it open."""
    log = database.with_name(database.name + "-wal")
    if not database.exists() or not log.exists() or log.stat().st_size < _HEADER.size:
        return
    with log.open("rb") as file:
        fields = _HEADER.unpack(file.read(_HEADER.size))
        page_bytes, salts = fields[2], fields[4:6]
        behind = log.stat().st_size > _HEADER.size + _FRAME_BYTES
        if not any(fields) and _is_blank(log):
            return
        if not _header_holds(fields):
            if behind:
                raise JournalDamagedError(f"{log}: the header of the log is damaged")
            return
        good = _good_frames(database)
        stride = _FRAME_BYTES + page_bytes
        commits = 0
        offset = _HEADER.size + good * stride
        while True:
            file.seek(offset)
            head = file.read(_FRAME.size)
            if len(head) < _FRAME.size:
                break
            _, pages, *frame_salts = _FRAME.unpack(head)
            if tuple(frame_salts) == salts and pages != 0:
                commits += 1
            offset += stride
    if commits > COMMITS_TORN_MAX:
        raise JournalDamagedError(
            f"{log}: frame {good + 1} is damaged and {commits} transactions follow it; "
            "restore a backup, or start from a copy on another disk"
        )


def make_room(database: Path, room_bytes: int) -> None:
    """Fill the empty log of an open database with zeros, so that appends need not make it grow.

    A sync that has no new blocks and no new length to record takes half the time. SQLite begins at
    the front and looks at nothing that it has not written. On a full disk no room is made.
    """
    descriptor = os.open(
        database.with_name(database.name + "-wal"), os.O_WRONLY | os.O_CREAT, 0o600
    )
    try:
        if os.fstat(descriptor).st_size:
            return
        piece = bytes(_PIECE_BYTES)
        try:
            for offset in range(0, room_bytes, _PIECE_BYTES):
                os.pwrite(descriptor, piece, offset)
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _is_blank(log: Path) -> bool:
    """Whether a log holds zeros only: room that was made, and nothing written yet."""
    with log.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            if piece.count(0) != len(piece):
                return False
    return True


def _good_frames(database: Path) -> int:
    """Return how many frames SQLite itself takes, without changing any file's content."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        index = database.with_name(database.name + "-shm").read_bytes()
        return int(_INDEX_FRAMES.unpack_from(index, _INDEX_FRAMES_OFFSET)[0])
    finally:
        connection.close()


def _header_holds(fields: tuple[int, ...]) -> bool:
    """Whether magic and checksum of a log's header are as SQLite writes them."""
    if fields[0] & ~1 != _MAGIC:
        return False
    words = fields[:6]
    if fields[0] & 1 == 0:  # checksums over little-endian words
        words = tuple(int.from_bytes(word.to_bytes(4, "big"), "little") for word in words)
    first = second = 0
    for i in range(0, len(words), 2):
        first = (first + words[i] + second) & _WORD
        second = (second + words[i + 1] + first) & _WORD
    return (first, second) == fields[6:8]
