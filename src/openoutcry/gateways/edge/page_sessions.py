"""What a protocol needs to serve people who have signed in on the page."""

from dataclasses import dataclass

from openoutcry.gateways.edge.cookies import session_token
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Request
from openoutcry.ports.notifications import LiveInbox
from openoutcry.ports.people import Sessions, SessionView
from openoutcry.ports.stream_tickets import StreamTickets


@dataclass(frozen=True, slots=True)
class Caller:
    """What the request that opened a socket says about who sent it."""

    is_own_page: bool
    """A page of the exchange itself has opened it."""
    token: str
    """The secret in its session cookie, or empty."""


@dataclass(frozen=True, slots=True)
class PageSessions:
    """Sessions of people, their tickets, and which pages are ours."""

    sessions: Sessions
    tickets: StreamTickets
    origins: Origins
    inbox: LiveInbox | None = None
    """What tells open pages of a person's notifications."""

    def caller(self, request: Request) -> Caller:
        """Return who opens a socket."""
        headers = request.headers
        origin, host = headers.get("origin", ""), headers.get("host", "")
        return Caller(
            is_own_page=self.origins.is_own_origin(origin, host),
            token=session_token(headers.get("cookie")),
        )

    async def redeem(self, ticket: str, caller: Caller, now_us: int) -> SessionView | None:
        """Use a ticket up; returns its session, or None when it opens nothing here.

        A browser that shows a cookie has to show the cookie of that very session.
        """
        session_id = await self.tickets.redeem(ticket, now_us)
        if session_id is None or not caller.is_own_page:
            return None
        if caller.token:
            session = await self.sessions.find(caller.token, now_us)
            return session if session is not None and session.session_id == session_id else None
        return await self.sessions.seen(session_id, now_us)
