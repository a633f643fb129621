"""The follower process: started by the exchange beside itself, and gone when that is gone.

`python -m openoutcry.app.follower FD SETTINGS`: a socket to the leader, and its settings as JSON.
"""

import logging
import os
import select
import signal
import socket
import sqlite3
import sys
import time

from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.sqlite.history import HistoryDamagedError, Projector
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.app.children import die_with_parent
from openoutcry.app.engine import (
    HISTORY_NAME,
    JOURNAL_NAME,
    PARTITION,
    SNAPSHOTS_NAME,
    kernel_machines,
)
from openoutcry.app.follower_wire import NO_HASH, FrameReader, Word, encode
from openoutcry.app.settings import ServeSettings
from openoutcry.partition.follower import AheadError, DivergedError, Follower, SnapshotPolicy
from openoutcry.partition.recovery import RecoveryError
from openoutcry.ports.journal import JournalDamagedError, JournalError

EXIT_DIVERGED = 5
"""Leader and follower disagree: the leader must stop."""
EXIT_UNUSABLE = 6
"""What is kept does not lead to a state: the leader must stop."""
EXIT_TRY_AGAIN = 75
"""Something outside failed, such as a full disk: the leader starts another follower."""
LINGER_SECONDS = 0.25
"""How long projected batches may wait to become visible when nobody asks for them."""
NICENESS = 10
"""Orders come first, but a tenth of a busy processor is the follower's: with less, snapshots would
fall behind their promised distance for as long as the exchange is saturated."""
_READ_BYTES = 1 << 16

log = logging.getLogger("openoutcry.follower")


class FollowerProcess:
    """Joins a follower to its socket: hears commits, says what is projected."""

    def __init__(self, leader: socket.socket, follower: Follower, *, prune: bool) -> None:
        self._leader = leader
        self._follower = follower
        self._prune = prune
        self._frames = FrameReader()
        self._wanted = 0
        self._visible_seq = follower.seq
        self._paused = False
        self._stopping = False
        self._final_hash = NO_HASH
        self._committed_at = time.monotonic()

    def run(self) -> None:
        """Follow until told to stop, or until the leader is gone."""
        follower = self._follower
        self._say(Word.PROJECTED, follower.seq)
        catching_up = True
        while True:
            if catching_up and follower.seq and not follower.is_behind:
                catching_up = False
                os.nice(NICENESS)
            if not self._hear(0.0 if self._busy() else self._patience()):
                return
            if self._paused and not self._stopping:
                continue
            follower.advance()
            if follower.has_uncommitted and self._commit_due():
                self._commit()
            if follower.snapshot_due():
                self._take_snapshot()
            if self._stopping and not follower.is_behind:
                self._commit()
                if self._final_hash != NO_HASH:
                    follower.compare_state(self._final_hash)
                if follower.commands_since_snapshot:
                    self._take_snapshot()
                return

    def _busy(self) -> bool:
        return self._follower.is_behind and not self._paused

    def _patience(self) -> float:
        return LINGER_SECONDS if self._follower.has_uncommitted and not self._paused else 1.0

    def _commit_due(self) -> bool:
        if self._visible_seq < self._wanted <= self._follower.seq:
            return True
        return time.monotonic() - self._committed_at >= LINGER_SECONDS

    def _commit(self) -> None:
        self._visible_seq = self._follower.commit()
        self._committed_at = time.monotonic()
        self._say(Word.PROJECTED, self._visible_seq)

    def _take_snapshot(self) -> None:
        self._commit()
        oldest = self._follower.take_snapshot()
        if self._prune:
            self._say(Word.PRUNE, oldest)

    def _hear(self, seconds: float) -> bool:
        """Take in what the leader says; False when it is gone."""
        ready, _, _ = select.select([self._leader], [], [], seconds)
        if not ready:
            return True
        data = self._leader.recv(_READ_BYTES)
        if not data:
            return False
        for word, seq, events_hash in self._frames.feed(data):
            match word:
                case Word.COMMITTED:
                    self._follower.announce(seq, events_hash)
                case Word.WANTED:
                    self._wanted = max(self._wanted, seq)
                case Word.ROOM_IS_SHORT:
                    self._paused = True
                case Word.ROOM_AGAIN:
                    self._paused = False
                case Word.STOP:
                    self._stopping = True
                    self._final_hash = events_hash
        return True

    def _say(self, word: Word, seq: int) -> None:
        self._leader.sendall(encode(word, seq))


def follow(leader: socket.socket, settings: ServeSettings) -> None:
    """Open what is to be followed, and follow."""
    follower = Follower(
        kernel_machines(settings.poison_client_order_id.encode()),
        SqliteJournal(settings.data / JOURNAL_NAME, PARTITION, read_only=True),
        FileSnapshots(settings.data / SNAPSHOTS_NAME, PARTITION),
        Projector(settings.data / HISTORY_NAME),
        partition=PARTITION,
        policy=SnapshotPolicy(
            seconds=settings.snapshot_seconds,
            commands=settings.snapshot_commands,
            keep=settings.snapshots_kept,
        ),
    )
    FollowerProcess(leader, follower, prune=settings.journal_kept == "snapshot").run()


def main(arguments: list[str]) -> int:
    """Follow the exchange that started this process; returns the exit code."""
    descriptor, parent, text = arguments
    die_with_parent(int(parent))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the leader says
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    with socket.socket(fileno=int(descriptor)) as leader:
        try:
            follow(leader, ServeSettings.from_json(text))
        except DivergedError as error:
            log.critical("%s", error)
            return EXIT_DIVERGED
        except (AheadError, RecoveryError, JournalDamagedError) as error:
            log.critical("%s", error)
            return EXIT_UNUSABLE
        except (ConnectionError, BrokenPipeError):
            return 0
        except (OSError, sqlite3.Error, JournalError, HistoryDamagedError) as error:
            log.error("the follower stops and is started again: %s", error)  # noqa: TRY400
            return EXIT_TRY_AGAIN
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
