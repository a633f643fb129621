"""Tickets that open a socket in the name of a session, without its secret leaving the cookie."""

from typing import Protocol

from openoutcry.ports.people import SessionView

TICKET_LIFE_US = 30_000_000
"""A ticket that nobody has used by then is worth nothing."""


class StreamTickets(Protocol):
    """Gives tickets out and takes each back once."""

    async def issue(self, session: SessionView, now_us: int) -> str:
        """Return a new ticket of a session."""
        ...

    async def redeem(self, ticket: str, now_us: int) -> str | None:
        """Use a ticket up: returns its session's id, or None when it is used, late or made up.

        Any text may be sent. Whether the session still stands is for `Sessions` to say.
        """
        ...
