"""What runs of notifications, and where a fault of it ends: here, and not at the exchange.

A fault of ours (an error that nobody thought of, as in a text's facts) ends every part at once.
Nothing is told half: places in the sources move only together with what is recorded, so the next
start goes on where this one ended, and tells what happened meanwhile from the journal and the logs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping

log = logging.getLogger(__name__)

FAULT_CHARACTERS_MAX = 300

Part = Callable[[], Coroutine[object, object, None]]


class PartEndedError(Exception):
    """A part has ended that runs as long as the exchange."""


class Tier:
    """Runs the parts together until it is stopped, or until one of them has a fault."""

    def __init__(self) -> None:
        self.fault = ""
        """Which part ended and why; empty while there was no fault."""
        self._running: asyncio.Task[None] | None = None

    def start(self, parts: Mapping[str, Part]) -> None:
        """Begin; must be called with the event loop running."""
        assert self._running is None, "a tier is started once"
        self._running = asyncio.create_task(self._run(parts), name="notifications")
        self._running.add_done_callback(self._look)

    async def stop(self) -> None:
        """End all parts, if they still run."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def last(self, work: Awaitable[None]) -> None:
        """Do something at an orderly end, unless there was a fault; one here ends nothing else."""
        task = asyncio.ensure_future(work)
        if self.fault:
            task.cancel()
        await asyncio.wait([task])
        self._look(task)

    async def _run(self, parts: Mapping[str, Part]) -> None:
        async with asyncio.TaskGroup() as group:
            for name, part in parts.items():
                group.create_task(_whole(name, part), name=name)

    def _look(self, task: asyncio.Future[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.fault = self.fault or _words(error)
        log.critical(
            "notifications have stopped, and the exchange goes on without them: nobody is told"
            " anything until it is started again, and then of everything (%s)",
            self.fault,
            exc_info=error,
        )


async def _whole(name: str, part: Part) -> None:
    await part()
    raise PartEndedError(f"the {name} ended by itself")


def _words(error: BaseException) -> str:
    """Return the first fault of those that came together."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return repr(error)[:FAULT_CHARACTERS_MAX]
