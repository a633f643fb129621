"""The wallets' own life: takes payments in, and takes whatever is unfinished one step on.

Recovery is its first round. What fails is told once a round and tried again in the next one, and
stands in nobody else's way; so does an error that nobody thought of, of which the log cries once.
"""

import asyncio
import logging
from collections.abc import Awaitable

from openoutcry.ports.calls import CallError
from openoutcry.ports.custodian import CustodianAwayError, SendKeyReusedError
from openoutcry.ports.history import HistoryAwayError
from openoutcry.ports.wallets import WalletStoreError
from openoutcry.wallets.desk import Desk
from openoutcry.wallets.movements import LedgerContradictsError, MovementUnsettledError
from openoutcry.wallets.withdrawals import PaidOutError, StaleError

ROUND_SECONDS = 1.0
"""How often the custodian is asked."""

AWAY = (
    CallError,
    CustodianAwayError,
    HistoryAwayError,
    MovementUnsettledError,
    StaleError,
    WalletStoreError,
)
"""What passes by itself."""
NEEDS_A_PERSON = (LedgerContradictsError, PaidOutError, SendKeyReusedError)

log = logging.getLogger(__name__)


class WalletWorker:
    """Runs rounds until it is stopped."""

    def __init__(self, desk: Desk, *, round_seconds: float = ROUND_SECONDS) -> None:
        self._desk = desk
        self._round_seconds = round_seconds
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._broken: set[str] = set()
        """What has met an error that nobody thought of."""
        desk.woken = self._wake.set

    def start(self) -> None:
        """Begin; must be called with the event loop running."""
        assert self._task is None, "a worker is started once"
        self._task = asyncio.create_task(self._run(), name="wallets")

    async def stop(self) -> None:
        """Stop; what is unfinished goes on at the next start."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])

    async def round(self) -> int:
        """Take everything as far as it gets now; return how many things could not be looked at."""
        desk = self._desk
        failures = await self._try("payments", desk.deposits_flow.take_in())
        failures += await self._try("gifts", desk.faucet_flow.finish())
        numbers, names = [], []
        try:
            for payment, owner in await desk.unclaimed_flow.claimable():
                work = desk.unclaimed_flow.adopt(payment, owner)
                failures += await self._try(f"unclaimed payment {payment.number}", work)
            await desk.unclaimed_flow.count()
            numbers = await desk.deposits_flow.unfinished()
            names = await desk.withdrawals_flow.unfinished()
        except WalletStoreError as error:
            log.warning("the store of the wallets is away: %s", error)
            return failures + 1
        for number in numbers:
            failures += await self._try(f"deposit {number}", desk.deposits_flow.advance(number))
        for name in names:
            failures += await self._try(f"withdrawal {name}", desk.withdrawals_flow.advance(name))
        return failures

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            await self._try("a round", self.round())
            try:
                async with asyncio.timeout(self._round_seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _try(self, what: str, work: Awaitable[object]) -> int:
        try:
            await work
        except AWAY as error:
            log.warning("%s: %s; it is tried again", what, error)
            return 1
        except NEEDS_A_PERSON:
            log.exception("%s needs somebody to look", what)
            return 1
        except Exception:  # a fault of ours in one thing must not hold up all the others
            if what not in self._broken:
                log.critical("%s has met a fault; it is tried again", what, exc_info=True)
            self._broken.add(what)
            return 1
        self._broken.discard(what)
        return 0
