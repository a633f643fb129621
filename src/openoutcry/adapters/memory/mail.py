"""Mails that nobody delivers: the demo's mailbox, and what tests look into.

They are kept in memory only. A mail holds links that are secret, and no secret of that kind is
written to a disk in the clear.
"""

from collections import deque
from collections.abc import Callable

from openoutcry.ports.mail import KeptMail, Mail

MAILS_MAX = 500


class MemoryMailbox:
    """`Mailer` and `Mailbox`: keeps the newest mails."""

    def __init__(self, clock: Callable[[], int], mails_max: int = MAILS_MAX) -> None:
        self._clock = clock
        self._mails: deque[KeptMail] = deque(maxlen=mails_max)
        self._sent = 0

    async def send(self, mail: Mail) -> None:
        """Keep a mail."""
        self._sent += 1
        self._mails.appendleft(
            KeptMail(self._sent, self._clock(), mail.to, mail.subject, mail.text)
        )

    async def newest(self, limit: int, to: str | None = None) -> list[KeptMail]:
        """Return the newest mails, or the newest to one address."""
        wanted = None if to is None else to.lower()
        found = [mail for mail in self._mails if wanted is None or mail.to.lower() == wanted]
        return found[:limit]
