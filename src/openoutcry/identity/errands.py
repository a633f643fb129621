"""What is done after an answer has gone out, so that its time says nothing: letters above all."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from openoutcry.ports.audit import AuditError
from openoutcry.ports.mail import Mail, Mailer, MailError
from openoutcry.ports.people_store import PeopleStoreError

ERRANDS_MAX = 1_000
ATTEMPTS_MAX = 4
_PAUSE_SECONDS = 2.0
_PAUSE_GROWTH = 4

log = logging.getLogger("openoutcry.identity")


class Errands:
    """Runs errands beside the requests. One that fails is logged; whoever waits for it asks again.

    When there are too many, new ones are dropped.
    """

    def __init__(self, mailer: Mailer, *, pause_seconds: float = _PAUSE_SECONDS) -> None:
        self._mailer = mailer
        self._pause_seconds = pause_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Do something soon."""
        if len(self._tasks) >= ERRANDS_MAX:
            errand.close()
            log.warning("an errand is dropped: %d are under way", len(self._tasks))
            return
        task = asyncio.get_running_loop().create_task(self._guarded(errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def post(self, mail: Mail) -> None:
        """Hand a letter over, trying again while that can help."""
        pause_seconds = self._pause_seconds
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                await self._mailer.send(mail)
            except MailError as error:
                log.warning(
                    "letter %r was not taken (attempt %d): %s", mail.subject, attempt, error
                )
                if not error.again or attempt == ATTEMPTS_MAX:
                    return
            else:
                return
            await asyncio.sleep(pause_seconds)
            pause_seconds *= _PAUSE_GROWTH

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self, grace_seconds: float) -> None:
        """Give what is under way a moment, then end it."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=grace_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @staticmethod
    async def _guarded(errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except (PeopleStoreError, AuditError) as error:
            log.error("an errand failed: %s", error)  # noqa: TRY400 - the trace says nothing more
