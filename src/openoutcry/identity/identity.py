"""Identity as one thing: its services, and what it does by itself while time passes."""

import asyncio
import logging
from collections.abc import Callable

from openoutcry.identity.desk import Desk, Outside
from openoutcry.identity.directory import Directory
from openoutcry.identity.own_account import OwnAccountService
from openoutcry.identity.settings import MINUTE_US, IdentitySettings
from openoutcry.identity.signing_in import SigningInService
from openoutcry.ports.identity import OwnAccount, SigningIn
from openoutcry.ports.people import PeopleDirectory, Sessions
from openoutcry.ports.people_store import PeopleStoreError

ROUND_SECONDS = 1.0
"""How often sessions that have run out are looked for."""
CLEAN_US = 10 * MINUTE_US
CLOSE_SECONDS = 5.0

log = logging.getLogger("openoutcry.identity")


class Identity:
    """The services of one exchange. `start` and `close` belong to its process."""

    def __init__(
        self, outside: Outside, settings: IdentitySettings, clock: Callable[[], int]
    ) -> None:
        self._desk = Desk(outside, settings)
        self._clock = clock
        self._cleaned_us = 0
        self._rounds: asyncio.Task[None] | None = None
        self.sessions: Sessions = self._desk.sessions
        self.signing_in: SigningIn = SigningInService(self._desk)
        self.own_account: OwnAccount = OwnAccountService(self._desk)
        self.directory: PeopleDirectory = Directory(self._desk)

    def start(self) -> None:
        """Begin to end sessions that run out."""
        assert self._rounds is None, "it is started once"
        self._rounds = asyncio.get_running_loop().create_task(self._go_round())
        self._rounds.add_done_callback(_report)

    async def settle(self) -> None:
        """Wait until all letters that were promised are on their way."""
        await self._desk.errands.settle()

    async def close(self) -> None:
        """Hand over the letters that are under way, and rest. The stores stay open."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
        await self._desk.errands.close(CLOSE_SECONDS)

    async def look_round(self) -> None:
        """End what has run out; at times drop what is good no more."""
        now_us = self._clock()
        await self._desk.sessions.end_run_out(now_us)
        if now_us - self._cleaned_us >= CLEAN_US:
            self._cleaned_us = now_us
            await self._desk.stores.tokens.forget_expired(now_us)
            await self._desk.limits.forget_old(now_us)

    async def _go_round(self) -> None:
        while True:
            try:
                await self.look_round()
            except PeopleStoreError as error:
                log.warning("sessions are not looked at: %s", error)
            await asyncio.sleep(ROUND_SECONDS)


def _report(rounds: asyncio.Task[None]) -> None:
    """Say that sessions end no more by themselves: somebody who listens has failed."""
    if not rounds.cancelled() and (error := rounds.exception()) is not None:
        log.critical("sessions that run out are not looked for any more", exc_info=error)
