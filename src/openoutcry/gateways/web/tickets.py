"""Tickets for sockets: the page asks here, with its cookie, and shows the ticket on the socket."""

from openoutcry.gateways.web.api import Access, Output, Route, WebCall
from openoutcry.ports.stream_tickets import TICKET_LIFE_US, StreamTickets


class Ticket(Output, frozen=True):
    """What opens one socket, once."""

    ticket: str
    expires_us: int


def routes(tickets: StreamTickets) -> tuple[Route, ...]:
    """Return the routes of tickets."""

    async def issue(call: WebCall) -> Ticket:
        ticket = await tickets.issue(call.person, call.now_us)
        return Ticket(ticket=ticket, expires_us=call.now_us + TICKET_LIFE_US)

    return (
        Route(
            method="POST",
            path="/stream-tickets",
            handler=issue,
            access=Access.SESSION,
            summary="Get a ticket for a socket",
            description=(
                "It is good for one `session.ticket` request on /ws-api/v3, within 30 seconds; "
                "the socket then acts for the session, and is closed when the session ends."
            ),
            tags=("streams",),
            answer=Ticket,
        ),
    )
