"""The leader's side of the follower: starts it, tells it commits, hears what the history shows."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from openoutcry.app.follower import EXIT_DIVERGED, EXIT_UNUSABLE
from openoutcry.app.follower_wire import NO_HASH, FrameReader, Word, encode
from openoutcry.app.settings import ServeSettings
from openoutcry.partition.runtime import Partition

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


log = logging.getLogger(__name__)

RESTART_SECONDS = 0.5
ROOM_CHECK_SECONDS = 0.5
GATHER_SECONDS = 0.02
"""How long commits are gathered for the follower while nobody asks what it shows."""


class FollowerError(Exception):
    """The follower says that the exchange must stop."""


class FollowerLink(asyncio.Protocol):
    """One follower at a time; one that dies for an outside reason is started again."""

    def __init__(
        self,
        settings: ServeSettings,
        *,
        on_failure: Callable[[FollowerError], None],
    ) -> None:
        self._settings = settings
        self._on_failure = on_failure
        self._partition: Partition | None = None
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._frames = FrameReader()
        self._committed: tuple[int, bytes] | None = None
        self._unsent: list[bytes] = []
        self._projected_seq = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._stopping = False
        self._room_was_short = False
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._up: asyncio.Future[None] = self._loop.create_future()

    @property
    def projected_seq(self) -> int:
        """The last batch that readers of the history see."""
        return self._projected_seq

    @property
    def pid(self) -> int:
        """The process id of the follower that runs now, or 0."""
        return 0 if self._process is None else self._process.pid

    async def start(self) -> None:
        """Start the process; it opens the journal, which must be there."""
        here, there = socket.socketpair()
        here.setblocking(False)
        with there:
            self._process = subprocess.Popen(  # noqa: S603, ASYNC220 - our own module, started once
                [
                    sys.executable,
                    "-m",
                    "openoutcry.app.follower",
                    str(there.fileno()),
                    str(os.getpid()),
                    self._settings.to_json(),
                ],
                pass_fds=(there.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        await self._loop.create_connection(lambda: self, sock=here)

    def attach(self, partition: Partition) -> None:
        """Pass the partition's commits on."""
        self._partition = partition
        partition.watch_commits(self.committed)
        self._watch_room()

    def committed(self, seq: int, events_hash: bytes) -> None:
        """Tell of a commit."""
        self._committed = (seq, events_hash)
        if self._transport is not None:
            self._unsent.append(encode(Word.COMMITTED, seq, events_hash))
            if len(self._unsent) == 1:
                self._loop.call_later(GATHER_SECONDS, self._send)

    def _send(self, *more: bytes) -> None:
        """Send the commits that were gathered, and what comes after them."""
        words, self._unsent = [*self._unsent, *more], []
        if self._transport is not None and words:
            self._transport.write(b"".join(words))

    async def wait_up(self) -> None:
        """Return when the follower has found what is kept to be in order, or say that it is not."""
        await asyncio.shield(self._up)

    async def wait_projected(self, seq: int) -> None:
        """Return when readers of the history see this sequence."""
        if seq <= self._projected_seq:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((seq, waiter))
        self._send(encode(Word.WANTED, seq))
        await waiter

    async def stop(self, seconds: float) -> None:
        """Have it finish and keep a snapshot; end it when that takes too long."""
        self._stopping = True
        process = self._process
        if process is None:
            return
        if self._transport is not None:
            self._send(encode(Word.STOP, *await self._final()))
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.shield(self._gone)
        if self._transport is not None:
            self._transport.close()
        try:
            await self._loop.run_in_executor(None, lambda: process.wait(1.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode == EXIT_DIVERGED:
            self._on_failure(FollowerError("the follower came to another state; see above"))

    async def _final(self) -> tuple[int, bytes]:
        """Return where a partition that takes nothing more stands, and the hash of its state."""
        partition = self._partition
        if partition is None or not partition.is_settled:
            return 0, NO_HASH
        return await partition.inspect(lambda machine: (machine.seq(), machine.state_hash()))

    def _watch_room(self) -> None:
        partition = self._partition
        if partition is None or self._stopping:
            return
        if partition.is_full != self._room_was_short:
            self._room_was_short = partition.is_full
            self._tell_room()
        self._loop.call_later(ROOM_CHECK_SECONDS, self._watch_room)

    def _tell_room(self) -> None:
        word = Word.ROOM_IS_SHORT if self._room_was_short else Word.ROOM_AGAIN
        if self._transport is not None:
            self._transport.write(encode(word))

    # -- asyncio.Protocol ---------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Tell a new follower where the leader is."""
        link = self._transport = cast("asyncio.Transport", transport)
        self._frames = FrameReader()
        self._unsent = []
        self._projected_seq = 0  # another follower may have to build the history again
        if self._committed is not None:
            link.write(encode(Word.COMMITTED, *self._committed))
        for seq, _ in self._waiting:
            link.write(encode(Word.WANTED, seq))
        if self._room_was_short:
            self._tell_room()

    @override
    def data_received(self, data: bytes) -> None:
        """Hear what is projected, and what may be pruned."""
        for word, seq, _ in self._frames.feed(data):
            if word is Word.PROJECTED:
                self._projected_seq = max(self._projected_seq, seq)
                if not self._up.done():
                    self._up.set_result(None)
                self._wake()
            elif word is Word.PRUNE and self._partition is not None:
                self._partition.prune_journal(seq)

    def _wake(self) -> None:
        if not self._waiting:
            return
        still = []
        for seq, waiter in self._waiting:
            if seq > self._projected_seq:
                still.append((seq, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        self._waiting = still

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """See why it went."""
        del exc
        self._transport = None
        if self._stopping:
            if not self._gone.done():
                self._gone.set_result(None)
            return
        task = self._loop.create_task(self._after_loss())
        self._gone.add_done_callback(lambda _: task.cancel())

    async def _after_loss(self) -> None:
        process = self._process
        if process is None:
            return
        code = await self._loop.run_in_executor(None, process.wait)
        if self._stopping:
            return
        if code in {EXIT_DIVERGED, EXIT_UNUSABLE}:
            error = FollowerError("the follower refuses to go on; see its message above")
            for waiter in (self._up, *(waiter for _, waiter in self._waiting)):
                if not waiter.done():
                    waiter.set_exception(error)
                    waiter.exception()  # whoever still waits is told; nobody has to
            self._on_failure(error)
            return
        log.warning("the follower ended with %s; starting it again", code)
        await asyncio.sleep(RESTART_SECONDS)
        if not self._stopping:
            await self.start()
