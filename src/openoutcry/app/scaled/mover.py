"""Moves entities between partitions while they trade: the owner of the source does all of it.

A move is asked for by a row in the database. Each step may be repeated, so whoever owns the source
after a crash goes on from wherever its journal, and the target's, say that it has come:

1. MOVE_OUT at the source: from here on it takes nothing for the entity, and keeps the export.
2. MOVE_IN at the target, in parts; the row of the last one changes the route with it.
3. MOVE_DONE at the source, and the row is gone.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.tcp.spreading import refusal
from openoutcry.core.enums import Reason
from openoutcry.core.records import MoveDone, MoveOut
from openoutcry.partition.links import move_parts
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import CallError, Calls, Reply
from openoutcry.ports.journal import JournalError
from openoutcry.ports.ownership import Move

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
RETRY_SECONDS = 0.2
RETRIES_MAX = 10
"""Pauses for what failed, at most so many together."""
BEHIND_SECONDS = 0.002
TOGETHER = 16
"""How many entities move at once: so many stand still, each for as long as one alone."""


class MoveError(Exception):
    """A step was refused for a reason that trying again does not change."""


class Mover:
    """Looks for moves out of the partitions that are owned here, and does them one by one."""

    def __init__(
        self,
        ownership: Ownership,
        owned: Callable[[], Mapping[int, Partition]],
        calls_of: Callable[[int], Calls],
    ) -> None:
        self._ownership = ownership
        self._owned = owned
        self._calls_of = calls_of
        self._task = asyncio.create_task(self._run(), name="mover")

    async def stop(self) -> None:
        """Begin no further step."""
        self._task.cancel()
        await asyncio.wait({self._task})
        await asyncio.to_thread(self._ownership.close)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                moves = await asyncio.to_thread(self._ownership.moves)
                await self._move_all(moves)
            except JournalError as error:
                log.warning("moves go on soon: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _move_all(self, moves: list[Move]) -> None:
        """Do what is to leave from here, some at a time: they share batches."""
        owned = self._owned()
        waiting = [(move, owned[move.source]) for move in moves if move.source in owned]
        failed = 0
        for at in range(0, len(waiting), TOGETHER):
            results = await asyncio.gather(
                *(self._try(*each) for each in waiting[at : at + TOGETHER])
            )
            failed += results.count(False)
        if failed:
            await asyncio.sleep(min(failed, RETRIES_MAX) * RETRY_SECONDS)

    async def _try(self, move: Move, source: Partition) -> bool:
        """Do a move; False when it has to be tried again."""
        try:
            await self._move(move, source)
        except (CallError, JournalError) as error:
            log.warning("a move goes on soon: %s", error)
            return False
        except MoveError:
            log.exception("a move cannot go on")
            return False
        return True

    async def _move(self, move: Move, source: Partition) -> None:
        began = time.monotonic()
        hosted = dict(await source.inspect(lambda machine: machine.hosted()))
        if hosted.get(move.entity, move.version) < move.version:
            command = MoveOut(entity=move.entity, target=move.target, route_version=move.version)
            _require(await source.submit(command.pack()), "MOVE_OUT")
        export = await source.inspect(lambda machine: machine.export(move.entity))
        if export:  # else it was done, and only the row was left
            target = self._calls_of(move.target)
            for part in move_parts(move.entity, move.version, export):
                await _bring_in(target, part)
            done = MoveDone(entity=move.entity, route_version=move.version)
            _require(await source.submit(done.pack()), "MOVE_DONE")
        await asyncio.to_thread(self._ownership.finish_move, move)
        log.warning(
            "entity %#x has moved from partition %d to %d: %d bytes, %.3f s",
            *(move.entity, move.source, move.target, len(export), time.monotonic() - began),
        )


async def _bring_in(target: Calls, part: bytes) -> None:
    """Have a part taken in; the last one waits until the target's time has come to its own."""
    while True:
        reply = await target.submit(part)
        if refusal(reply) is not Reason.TIME_WENT_BACK:
            _require(reply, "MOVE_IN")
            return
        await asyncio.sleep(BEHIND_SECONDS)


def _require(reply: Reply, step: str) -> None:
    """Raise MoveError unless a step was done, now or before."""
    reason = refusal(reply)
    if reason not in {Reason.NONE, Reason.ALREADY_EXISTS}:
        raise MoveError(f"{step} was refused: {reason.name}")
