"""The thread that appends: the event loop hands it rows and hears when they are durable."""

import asyncio
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openoutcry.codec.journal import Head, JournalRow, seal
from openoutcry.ports.journal import Journal, JournalFullError, Room
from openoutcry.ports.ownership import Route

EXIT_JOURNAL = 4
RETRY_SECONDS = 0.2


def exit_at_once(error: BaseException) -> None:
    """End the process without running anything more of it: nothing may be acknowledged now."""
    text = f"outcry: the journal failed, stopping at once without acknowledging: {error}\n"
    os.write(sys.stderr.fileno(), text.encode())
    os._exit(EXIT_JOURNAL)


@dataclass(frozen=True, slots=True)
class _Append:
    row: JournalRow
    routes: Sequence[Route]


@dataclass(frozen=True, slots=True)
class _Prune:
    below_seq: int


class Appender:
    """Seals batches into rows and appends them, one at a time, in order."""

    def __init__(
        self,
        journal: Journal,
        head: Head,
        *,
        partition: int,
        epoch: int,
        room: Room | None,
        on_durable: Callable[[JournalRow], None],
        on_full: Callable[[bool], None],
        fatal: Callable[[BaseException], None] = exit_at_once,
    ) -> None:
        """`on_durable` and `on_full` (True: even the reserve is spent) run in the event loop."""
        self._last = head
        self._journal = journal
        self._partition = partition
        self._epoch = epoch
        self._room = room
        self._on_durable = on_durable
        self._on_full = on_full
        self._fatal = fatal
        self._loop = asyncio.get_running_loop()
        self._items: deque[_Append | _Prune | None] = deque()
        self._ear, self._bell = os.pipe()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-append", daemon=True)
        self._thread.start()

    def append(self, commands: bytes, count: int, routes: Sequence[Route] = ()) -> None:
        """Have a batch appended after the one before it, and with it routes changed."""
        row = seal(self._last, self._partition, self._epoch, commands, count)
        self._last = row.head
        self._hand_over(_Append(row, routes))

    def prune(self, below_seq: int) -> None:
        """Have older rows deleted, a few at a time between appends."""
        if not self._stopping.is_set():
            self._hand_over(_Prune(below_seq))

    async def stop(self) -> None:
        """Finish what was handed over and end the thread."""
        self._stopping.set()
        self._hand_over(None)
        await self._loop.run_in_executor(None, self._thread.join)
        os.close(self._bell)
        os.close(self._ear)

    def _hand_over(self, item: _Append | _Prune | None) -> None:
        """Wake the thread by a pipe: the write lets go of the interpreter for it to begin at once.

        Woken by a lock, it would wait for the interpreter, and for the processor once more.
        """
        self._items.append(item)
        os.write(self._bell, b"!")

    def _run(self) -> None:
        while True:
            os.read(self._ear, 1)
            item = self._items.popleft()
            if item is None:
                return
            try:
                if isinstance(item, _Prune):
                    self._prune(item)
                    continue
                if not self._append(item):
                    return
            except Exception as error:  # noqa: BLE001 - the root of the thread: nobody else would hear
                self._fatal(error)
                return
            self._loop.call_soon_threadsafe(self._on_durable, item.row)

    def _append(self, item: _Append) -> bool:
        """Append; when the disk is full use the reserve, then wait for room. False: stopped."""
        try:
            self._write(item)
            return True
        except JournalFullError:
            if self._room is not None:
                self._room.release()
            self._loop.call_soon_threadsafe(self._on_full, False)
        while True:
            try:
                self._write(item)
                return True
            except JournalFullError:
                self._loop.call_soon_threadsafe(self._on_full, True)
                if self._stopping.wait(RETRY_SECONDS):
                    return False

    def _write(self, item: _Append) -> None:
        if item.routes:
            self._journal.append([item.row], routes=item.routes)
        else:
            self._journal.append([item.row])

    def _prune(self, item: _Prune) -> None:
        try:
            more = self._journal.prune(item.below_seq) > 0
        except JournalFullError:
            return
        if more and not self._stopping.is_set():
            self._hand_over(item)
