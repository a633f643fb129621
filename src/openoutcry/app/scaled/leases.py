"""Keeps the leases of what this process owns, from a thread that a busy event loop does not delay.

It goes on only as long as the event loop shows signs of life: an engine that hangs loses what it
owns to one that does not.
"""

import asyncio
import threading
import time
from collections.abc import Callable

from openoutcry.adapters.postgres.ownership import DatabaseAwayError, Ownership
from openoutcry.ports.journal import FencedError, JournalError

BEAT_SECONDS = 0.2
SILENCE_SECONDS_MAX = 10.0
"""An event loop that did not come round for so long is taken for hung."""


class LeaseKeeper:
    """Renews leases a few times in each; a lease that is over ends the process."""

    def __init__(
        self, dsn: str, lease_seconds: float, fatal: Callable[[BaseException], None]
    ) -> None:
        self._ownership = Ownership(dsn, "outcry-leases")
        self._lease_seconds = lease_seconds
        self._fatal = fatal
        self._owned: dict[int, int] = {}
        self._held_until: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._alive_at = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._beat()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def keep(self, partition: int, epoch: int, since: float) -> None:
        """Renew a partition's lease from now on; it was asked for at a monotonic time."""
        with self._lock:
            self._owned[partition] = epoch
        self._held_until[partition] = since + self._lease_seconds

    def is_held(self, partition: int) -> bool:
        """Whether nobody can have taken over for want of a renewal: what is here is the latest.

        Whoever takes over has seen the lease for as long as it is, later than it was asked for.
        """
        return time.monotonic() < self._held_until.get(partition, 0.0)

    def drop(self, partition: int) -> None:
        """Renew it no more."""
        with self._lock:
            self._owned.pop(partition, None)

    async def release(self, partition: int, epoch: int) -> None:
        """Give a partition back, so that another engine may take it at once."""
        self.drop(partition)
        await asyncio.to_thread(self._ownership.release, partition, epoch)

    async def stop(self) -> None:
        """Renew nothing any more."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)
        self._ownership.close()

    def _beat(self) -> None:
        self._alive_at = time.monotonic()
        if not self._stopping.is_set():
            self._loop.call_later(BEAT_SECONDS, self._beat)

    def _run(self) -> None:
        while not self._stopping.wait(self._lease_seconds / 4):
            if time.monotonic() - self._alive_at > SILENCE_SECONDS_MAX:
                continue
            with self._lock:
                owned = list(self._owned.items())
            for partition, epoch in owned:
                began = time.monotonic()
                try:
                    self._ownership.renew(partition, epoch, self._lease_seconds)
                    self._held_until[partition] = began + self._lease_seconds
                except DatabaseAwayError:
                    break  # nobody's lease runs out meanwhile
                except FencedError as error:
                    with self._lock:
                        still = self._owned.get(partition) == epoch
                    if still:
                        self._fatal(error)
                        return
                except JournalError as error:
                    self._fatal(error)
                    return
