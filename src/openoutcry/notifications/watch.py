"""The ear at the partition: takes a digest of each committed batch, and never waits.

Digests wait here until the outbox takes them. Should too many wait, they are dropped, and the gap
is read from the journal again.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection

from openoutcry.core.limits import MARKETS_MAX
from openoutcry.notifications.digests import Digest, digest_of
from openoutcry.ports.feeds import Committed

WAITING_MAX = 20_000
EVERY_MARKET = range(MARKETS_MAX + 1)


class Watch:
    """Digests of the batches after `began_seq`, in order, or where they are missing."""

    def __init__(self, began_seq: int, *, waiting_max: int = WAITING_MAX) -> None:
        self.position = began_seq
        """The last batch that was heard."""
        self.watched: Callable[[], Collection[int]] = lambda: EVERY_MARKET
        """The markets of which prices are wanted: all, until the alerts are known."""
        self._waiting_max = waiting_max
        self._waiting: deque[Digest] = deque()
        self._gap_end = began_seq
        self._overflows = False
        self._lost_from = began_seq
        self._heard = asyncio.Event()

    def take(self, committed: Committed) -> None:
        """Take in a committed batch (a feed listener)."""
        if committed.seq <= self.position:
            return
        self.position = committed.seq
        if self._overflows:
            return
        digest: Digest | None = None
        try:
            digest = digest_of(committed, self.watched())
        finally:
            if digest is None:  # a fault of ours, which reading the journal meets where it is told
                self._lose()
        if not digest:
            return
        if len(self._waiting) >= self._waiting_max:
            self._lose()
        else:
            self._waiting.append(digest)
            self._heard.set()

    def _lose(self) -> None:
        """Drop what waits: from the first of it on the journal must be read."""
        self._lost_from = self._waiting[0].seq - 1 if self._waiting else self.position - 1
        self._waiting.clear()
        self._overflows = True
        self._heard.set()

    @property
    def gap_end(self) -> int:
        """The last batch whose digest is not here: up to it the journal must be read."""
        return self.position if self._overflows else self._gap_end

    def close_gap(self) -> int:
        """Return where the gap ends for good: digests of all later batches wait from now on."""
        self._gap_end = self.gap_end
        self._overflows = False
        return self._gap_end

    def drain(self, most: int) -> list[Digest]:
        """Return the digests that wait, oldest first, at most so many."""
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    @property
    def waiting(self) -> int:
        """How many batches are still to be told of: those that wait here, or the whole gap."""
        return self.position - self._lost_from if self._overflows else len(self._waiting)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    async def wait(self, seconds: float) -> None:
        """Return when a digest waits, or after so many seconds."""
        if self._waiting or self._overflows:
            return
        self._heard.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            return
