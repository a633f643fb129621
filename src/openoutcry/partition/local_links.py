"""Partitions of one process that talk to each other: messages go from hand to hand.

What carries them between processes does the same with frames: after each commit the messages go to
the partition that the route names and positions go back; on connecting, and where one is missing,
the source sends its outbox again.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial

from openoutcry.partition.links import Position, by_destination, head_of, to_resend
from openoutcry.partition.runtime import Partition

log = logging.getLogger(__name__)

Route = Callable[[int], Partition | None]
"""The partition that hosts an entity now; None while nobody does."""


class LocalLinks:
    """Joins started partitions; `connect` again whoever has been started anew."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._partitions: list[Partition] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def connect(self, partition: Partition) -> None:
        """Join a partition, and send again what it, or what others have for it, has missed."""
        partition.watch_links(partial(self._carry, partition))
        self._partitions.append(partition)
        for other in self._partitions:
            await self._catch_up(other, partition)
            if other is not partition:
                await self._catch_up(partition, other)

    def disconnect(self, partition: Partition) -> None:
        """Send a partition nothing more."""
        self._partitions = [known for known in self._partitions if known is not partition]

    async def idle(self) -> None:
        """Wait until no partition has anything to do, nor any message is under way."""
        quiet = False
        while not quiet:
            before = [await partition.idle() for partition in self._partitions]
            for partition in self._partitions:
                await asyncio.gather(*self._tasks)
                await partition.idle()
            await asyncio.sleep(0)
            quiet = before == [await partition.idle() for partition in self._partitions]

    def _carry(self, source: Partition, messages: list[bytes], positions: list[Position]) -> None:
        """Hand over what a committed batch sends, and tell sources how far it has come."""
        if source not in self._partitions:
            return
        for destination, group in by_destination(messages).items():
            self._deliver(self._home(destination), group)
        for position in positions:
            home = self._home(position.source)
            if home is not None:
                home.acknowledge([position])

    def _home(self, entity: int) -> Partition | None:
        found = self._route(entity)
        return found if found in self._partitions else None

    def _deliver(self, home: Partition | None, messages: Iterable[bytes]) -> None:
        if home is None:
            return
        for gap in home.deliver(messages):
            source = self._home(gap.source)
            if source is not None:
                task = asyncio.get_running_loop().create_task(self._resend(source, home, gap))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def refresh(self) -> None:
        """Let all catch up with each other; now and then, in case a message is lost."""
        for home in self._partitions:
            for source in self._partitions:
                await self._catch_up(source, home)

    async def _resend(self, source: Partition, home: Partition, after: Position) -> None:
        outbox = await source.outbox(after.source)
        found = to_resend(outbox, [after])
        home.deliver(m for m in found if head_of(m).destination == after.destination)

    async def _catch_up(self, source: Partition, home: Partition) -> None:
        """Send a partition what it has not taken in of another's outbox; tell how far it is."""
        positions = await home.link_positions()
        found = to_resend(await source.outbox(), positions)
        self._deliver(home, [m for m in found if self._home(head_of(m).destination) is home])
        source.acknowledge(p for p in positions if self._home(p.source) is source)
