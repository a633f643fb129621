"""Carries link messages from the partitions that this engine owns to wherever the route says.

A message is sent once when its batch is committed. Whether it arrived is known by the position that
comes back; where none comes, or one that is short of what was sent, the outbox in the kernel's
state is asked what to send again. So nothing here has to be kept, and anything may be lost.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from openoutcry.app.scaled.directory import Directory
from openoutcry.partition.appender import exit_at_once
from openoutcry.partition.links import (
    Head,
    Position,
    Wire,
    head_of,
    split_messages,
    to_resend,
)
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import CallError, NotAcceptedError
from openoutcry.ports.links import LinkPosition, LinkReceiver, LinkSender

log = logging.getLogger(__name__)

MEND_SECONDS = 0.1
HURRY_SECONDS_MIN = 0.004
"""How soon what did not arrive is sent again: it may have moved. Twice as long each time."""
HURRY_SECONDS_MAX = 0.05
CATCH_UP_SECONDS = 8.0
LOOK_SECONDS = 1.0
"""An outbox that has not moved for so long is sent again, whatever was heard."""
COMMIT_SECONDS_MAX = 5.0
CHUNK_BYTES = 256 << 10


class Receiver:
    """Implements `ports.links.LinkReceiver` for a partition that is owned here."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._waiting: dict[Wire, list[tuple[int, asyncio.Future[None]]]] = {}

    async def receive(self, messages: bytes) -> Sequence[LinkPosition]:
        """Journal the records that are new; returns, after the commit, where their links stand."""
        heads: dict[Wire, int] = {}
        found = list(split_messages(messages))
        for message in found:
            head = head_of(message)
            heads[head.wire] = max(head.link_seq, heads.get(head.wire, 0))
        gaps = {gap[:2]: gap.link_seq for gap in self._partition.deliver(found)}
        waiting = [
            self._committed(wire, min(link_seq, gaps.get(wire, link_seq)))
            for wire, link_seq in heads.items()
        ]
        if not await self._are_in(heads):
            done, late = await asyncio.wait(waiting, timeout=COMMIT_SECONDS_MAX)
            del done
            for future in late:
                future.cancel()
        return await self._positions(list(heads))

    def _committed(self, wire: Wire, link_seq: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(wire, []).append((link_seq, future))
        return future

    async def _are_in(self, heads: dict[Wire, int]) -> bool:
        """Whether all is in already; nobody waits for what does not live here any more."""
        gone = await self._partition.inspect(
            lambda machine: {wire for wire in heads if not machine.hosts(wire[1])}
        )
        positions = await self._positions(list(heads))
        for position in positions:
            if position.link_seq or position[:2] in gone:
                self.committed(Position(*position))
        return all(position.link_seq >= heads[position[:2]] for position in positions)

    def committed(self, position: Position) -> None:
        """Hear that a link has come so far, durably."""
        wire = (position.source, position.destination)
        waiting = self._waiting.pop(wire, None)
        if waiting is None:
            return
        still = []
        for link_seq, future in waiting:
            if future.done():
                continue
            if link_seq <= position.link_seq or not position.link_seq:  # none: it has moved away
                future.set_result(None)
            else:
                still.append((link_seq, future))
        if still:
            self._waiting[wire] = still

    async def _positions(self, wires: list[Wire]) -> list[LinkPosition]:
        return await self._partition.inspect(
            lambda machine: [LinkPosition(*wire, machine.last_in(*wire)) for wire in wires]
        )

    async def positions(self, sources: Sequence[int]) -> Sequence[LinkPosition]:
        """Return where the links from these source entities stand, as far as committed."""
        wanted = frozenset(sources)
        return [
            LinkPosition(*position)
            for position in await self._partition.link_positions()
            if position.source in wanted
        ]


class LinkHub:
    """All links out of, and into, the partitions of one engine."""

    def __init__(
        self,
        directory: Directory,
        remote: LinkSender,
        fatal: Callable[[BaseException], None] = exit_at_once,
    ) -> None:
        self._fatal = fatal
        self._directory = directory
        self._remote = remote
        self._partitions: dict[int, Partition] = {}
        self._receivers: dict[int, Receiver] = {}
        self._dirty: dict[tuple[int, int], None] = {}
        self._stuck: dict[int, bytes] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._catching_up: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._hurry = asyncio.Event()
        directory.when_changed(self.resend_all)
        self._mender = asyncio.create_task(self._mend(), name="links")
        self._mender.add_done_callback(self._ended)

    def add(self, number: int, partition: Partition) -> LinkReceiver:
        """Carry a partition's messages from now on, and what is in its outbox already."""
        self._partitions[number] = partition
        receiver = self._receivers[number] = Receiver(partition)
        partition.watch_links(partial(self._carry, number, partition))
        for destination in self._directory.partitions():
            self._dirty[number, destination] = None
        return receiver

    def remove(self, number: int) -> None:
        """Carry nothing of a partition any more."""
        self._partitions.pop(number, None)
        self._receivers.pop(number, None)
        self._dirty = {pair: None for pair in self._dirty if pair[0] != number}
        for pair, task in self._catching_up.items():
            if pair[1] == number:  # it may wait for what answers no more
                task.cancel()
                self._dirty[pair] = None
                self._hurry.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Links that nobody mends stand still for ever: their engine is of no use."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        if not isinstance(error, NotAcceptedError):
            self._fatal(error)

    def resend_all(self) -> None:
        """Look after every outbox here at once: something has moved, and its messages with it."""
        for number in self._partitions:
            for destination in self._directory.partitions():
                self._dirty[number, destination] = None
        self._hurry.set()

    async def stop(self) -> None:
        """Carry nothing any more."""
        tasks = [self._mender, *self._tasks, *self._catching_up.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _carry(
        self, number: int, partition: Partition, messages: list[bytes], positions: list[Position]
    ) -> None:
        """Send what a committed batch says (a link watcher)."""
        receiver = self._receivers.get(number)
        if receiver is None or self._partitions.get(number) is not partition:
            return
        for position in positions:
            receiver.committed(position)
        for destination, group in self._by_partition(messages).items():
            task = asyncio.create_task(self._send(number, destination, group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _by_partition(self, messages: Iterable[bytes]) -> dict[int, list[bytes]]:
        found: dict[int, list[bytes]] = {}
        for message in messages:
            partition = self._directory.partition_of(head_of(message).destination)
            if partition is not None:
                found.setdefault(partition, []).append(message)
        return found

    async def _send(self, number: int, destination: int, messages: list[bytes]) -> None:
        """Send messages, and note whether all of them have arrived."""
        source = self._partitions.get(number)
        if source is None:
            return
        try:
            positions = await self._hand_over(destination, b"".join(messages))
        except CallError as error:
            log.debug("messages to partition %d wait: %s", destination, error)
            self._dirty[number, destination] = None
            self._hurry.set()
            return
        source.acknowledge(Position(*position) for position in positions)
        reached = {position[:2]: position.link_seq for position in positions}
        heads = (head_of(message) for message in messages)
        if any(reached.get(head.wire, 0) < head.link_seq for head in heads):
            self._dirty[number, destination] = None
            self._hurry.set()

    async def _hand_over(self, destination: int, messages: bytes) -> Sequence[LinkPosition]:
        here = self._receivers.get(destination)
        if here is not None:
            return await here.receive(messages)
        return await self._remote.send(destination, messages)

    async def _ask_positions(
        self, destination: int, sources: Sequence[int]
    ) -> Sequence[LinkPosition]:
        here = self._receivers.get(destination)
        if here is not None:
            return await here.positions(sources)
        return await self._remote.positions(destination, sources)

    async def _mend(self) -> None:
        """Send again what may not have arrived, until it has."""
        loop = asyncio.get_running_loop()
        looked_at = loop.time()
        pause = HURRY_SECONDS_MIN
        while True:
            if await self._is_hurried():
                await asyncio.sleep(pause)
                pause = min(pause * 2, HURRY_SECONDS_MAX)
                self._hurry.clear()
                await self._directory.refresh()  # what is short may have moved
            else:
                pause = HURRY_SECONDS_MIN
            if loop.time() - looked_at > LOOK_SECONDS:
                looked_at = loop.time()
                await self._look_for_stuck()
            dirty, self._dirty = self._dirty, {}
            for pair in dirty:
                self._begin(pair)

    def _begin(self, pair: tuple[int, int]) -> None:
        """Catch up with one destination, beside the others: one may take its time."""
        if pair in self._catching_up:
            self._dirty[pair] = None  # once more, when it has ended
            return
        task = asyncio.create_task(self._catch_up_in_time(*pair), name=f"links {pair}")
        self._catching_up[pair] = task
        task.add_done_callback(partial(self._caught_up, pair))

    def _caught_up(self, pair: tuple[int, int], task: asyncio.Task[None]) -> None:
        del self._catching_up[pair]
        self._ended(task)

    async def _is_hurried(self) -> bool:
        """Wait until it is time to look; whether something has not arrived just now."""
        try:
            async with asyncio.timeout(MEND_SECONDS):  # wait_for may swallow a cancel, 3.11
                await self._hurry.wait()
        except TimeoutError:
            return False
        return True

    async def _look_for_stuck(self) -> None:
        """Find outboxes whose first message is the same as a while ago."""
        for number, partition in list(self._partitions.items()):
            outbox = await partition.outbox()
            first = outbox[: Head._make(head_of(outbox)).size] if outbox else b""
            if first and self._stuck.get(number) == first:
                for destination in self._by_partition(split_messages(outbox)):
                    self._dirty[number, destination] = None
            self._stuck[number] = first

    async def _catch_up_in_time(self, number: int, destination: int) -> None:
        """Catch up, or begin again: an owner that ends on the way may leave a question open."""
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await self._catch_up(number, destination)
        except TimeoutError:
            log.warning("the links from %d to %d are slow: once more", number, destination)
            self._dirty[number, destination] = None
            self._hurry.set()

    async def _catch_up(self, number: int, destination: int) -> None:
        source = self._partitions.get(number)
        if source is None:
            return
        messages = self._by_partition(split_messages(await source.outbox())).get(destination)
        if not messages:
            return
        sources = sorted({head_of(message).source for message in messages})
        try:
            positions = [
                Position(*position) for position in await self._ask_positions(destination, sources)
            ]
        except CallError as error:
            log.debug("partition %d does not say where it stands: %s", destination, error)
            self._dirty[number, destination] = None
            self._hurry.set()
            return
        source.acknowledge(positions)
        for chunk in _chunks(to_resend(b"".join(messages), positions)):
            await self._send(number, destination, chunk)


def _chunks(messages: Iterable[bytes]) -> list[list[bytes]]:
    """Return messages in order, in parts that a frame can hold."""
    found: list[list[bytes]] = []
    size = CHUNK_BYTES
    for message in messages:
        if size + len(message) > CHUNK_BYTES:
            found.append([])
            size = 0
        found[-1].append(message)
        size += len(message)
    return found
