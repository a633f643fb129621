"""People's side of an exchange, joined: who signs in, what `/x/v1` serves, and the page."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from openoutcry.adapters.memory.stream_tickets import MemoryStreamTickets
from openoutcry.app.settings import ServeSettings
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.web import description, tickets
from openoutcry.gateways.web.page import Page, PageConfig
from openoutcry.gateways.web.server import WebApplication
from openoutcry.ports.people import SessionView


class NobodySignedIn:
    """Sessions of an exchange that nobody can sign in to."""

    async def find(self, _token: str, _now_us: int) -> SessionView | None:
        """Return None: no token was ever given out."""
        return None

    async def seen(self, _session_id: str, _now_us: int) -> SessionView | None:
        """Return None."""
        return None

    def on_ended(self, _listener: Callable[[str], None]) -> None:
        """No session ends."""


class People:
    """What people are served with, once it is open."""

    def __init__(self, exchange: Exchange, settings: ServeSettings) -> None:
        origins = Origins(settings.public_origin)
        self.page = Page(
            Path(settings.page) if settings.page else Path(str(files("openoutcry") / "page")),
            PageConfig(demo=settings.demo),
            origins=origins,
            limiter=exchange.limiter,
            clock=exchange.clock,
        )
        sessions = NobodySignedIn()
        self.sockets = PageSessions(sessions, MemoryStreamTickets(), origins)
        self.web = WebApplication(
            description.routes(tickets.routes(self.sockets.tickets), version("openoutcry")),
            sessions=sessions,
            limiter=exchange.limiter,
            clock=exchange.clock,
            origins=origins,
            pages=self.page,
        )


async def open_people(stack: AsyncExitStack, exchange: Exchange, settings: ServeSettings) -> People:
    """Open what people are served with, until the stack is left."""
    people = People(exchange, settings)
    await people.page.load()
    stack.push_async_callback(people.web.close)
    return people


def where_to_look(settings: ServeSettings, port: int) -> str:
    """Return the address that somebody opens in a browser."""
    if settings.public_origin:
        return settings.public_origin
    if settings.host in {"127.0.0.1", "::1", "0.0.0.0", "::", "localhost"}:  # noqa: S104 - compared
        return f"http://localhost:{port}"
    return f"http://{bracketed(settings.host)}:{port}"


def bracketed(host: str) -> str:
    """Return a host as it stands in an address."""
    return f"[{host}]" if ":" in host else host
