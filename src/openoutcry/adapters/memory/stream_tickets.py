"""Stream tickets in this process: they live for seconds, and a restart ends their sockets too."""

import hashlib
import secrets

from openoutcry.ports.people import SessionView
from openoutcry.ports.stream_tickets import TICKET_LIFE_US

TICKETS_OF_SESSION_MAX = 32
"""A session that asks for more loses its oldest unused ones."""


class MemoryStreamTickets:
    """Tickets by their hash, oldest first, so that the late ones are at the front."""

    def __init__(self) -> None:
        self._tickets: dict[bytes, tuple[str, int]] = {}

    async def issue(self, session: SessionView, now_us: int) -> str:
        """Return a new ticket of a session."""
        self._forget_late(now_us)
        own = [key for key, (owner, _) in self._tickets.items() if owner == session.session_id]
        for key in own[: max(0, len(own) - TICKETS_OF_SESSION_MAX + 1)]:
            del self._tickets[key]
        ticket = secrets.token_urlsafe(32)
        self._tickets[_key(ticket)] = (session.session_id, now_us + TICKET_LIFE_US)
        return ticket

    async def redeem(self, ticket: str, now_us: int) -> str | None:
        """Use a ticket up: returns its session's id, or None."""
        session_id, until_us = self._tickets.pop(_key(ticket), ("", 0))
        return session_id if now_us < until_us else None

    def count(self) -> int:
        """Return how many tickets are out."""
        return len(self._tickets)

    def _forget_late(self, now_us: int) -> None:
        late = []
        for key, (_, until_us) in self._tickets.items():
            if now_us < until_us:
                break
            late.append(key)
        for key in late:
            del self._tickets[key]


def _key(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).digest()
