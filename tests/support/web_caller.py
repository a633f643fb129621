"""Calls routes of `/x/v1` as a page would, without a network: for tests of any module's routes."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Request, Response
from openoutcry.gateways.web.api import Route
from openoutcry.gateways.web.server import Pages, WebApplication
from openoutcry.ports.people import Factor, OperatorRole, SecondFactor, SessionView

NOW_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000
HOST = "localhost:8080"
PAGE_HEADERS = {
    "host": HOST,
    "origin": f"http://{HOST}",
    "sec-fetch-site": "same-origin",
    "x-outcry-csrf": "1",
    "content-type": "application/json",
}


def session_view(
    person_id: int = 1_000_000,
    *,
    roles: Iterable[OperatorRole] = (),
    stepped_up: bool = False,
    session_id: str = "",
    second_factor: SecondFactor | None = None,
) -> SessionView:
    """Return a session of somebody who has just signed in; an operator's by a second factor."""
    held = frozenset(roles)
    if second_factor is None:
        second_factor = SecondFactor.PROVED if held else SecondFactor.NOT_NEEDED
    return SessionView(
        session_id=session_id or f"session-{person_id}",
        person_id=person_id,
        account_id=person_id,
        email=f"person-{person_id}@example.com",
        roles=held,
        stepped_up_until_us=NOW_US + 300_000_000 if stepped_up else 0,
        started_us=NOW_US,
        seen_us=NOW_US,
        idle_ends_us=NOW_US + HOUR_US,
        ends_us=NOW_US + 12 * HOUR_US,
        factors=frozenset({Factor.PASSWORD}),
        second_factor=second_factor,
    )


class ToySessions:
    """Sessions that a test starts and ends by hand."""

    def __init__(self, sessions: Mapping[str, SessionView] | None = None) -> None:
        self.by_token: dict[str, SessionView] = dict(sessions or {})
        self._listeners: list[Callable[[str], None]] = []

    async def find(self, token: str, now_us: int) -> SessionView | None:
        return self.by_token.get(token)

    async def seen(self, session_id: str, now_us: int) -> SessionView | None:
        living = [view for view in self.by_token.values() if view.session_id == session_id]
        return living[0] if living else None

    def on_ended(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)

    def end(self, token: str) -> None:
        view = self.by_token.pop(token)
        for listener in self._listeners:
            listener(view.session_id)


@dataclass
class Called:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes
    media: str

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.media == "application/problem+json", self.content
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass
class _Answered:
    done: asyncio.Future[Response] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def respond(self, response: Response) -> None:
        self.done.set_result(response)


class WebCaller:
    """An application of some routes, and a page that calls it."""

    def __init__(
        self,
        routes: Iterable[Route],
        sessions: ToySessions | None = None,
        *,
        origins: Origins | None = None,
        pages: Pages | None = None,
        limiter: MemoryRateLimiter | None = None,
        handler_seconds_max: float = 8.0,
    ) -> None:
        self.now_us = NOW_US
        self.sessions = sessions or ToySessions()
        self.application = WebApplication(
            routes,
            sessions=self.sessions,
            limiter=limiter or MemoryRateLimiter(),
            clock=lambda: self.now_us,
            origins=origins or Origins(),
            pages=pages,
            handler_seconds_max=handler_seconds_max,
        )

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        headers: Mapping[str, str | None] | None = None,
        content: bytes | None = None,
        peer_ip: str = "127.0.0.1",
    ) -> Called:
        """Call a path below `/x/v1` as the page does; a header that is None is not sent."""
        sent: dict[str, str | None] = dict(PAGE_HEADERS)
        if token:
            sent["cookie"] = f"__Host-s={token}"
        sent.update(headers or {})
        if content is None:
            content = b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        return await self.serve(
            Request(
                method,
                f"/x/v1{path}",
                query,
                content,
                {name: value for name, value in sent.items() if value is not None},
                peer_ip,
            )
        )

    async def serve(self, request: Request) -> Called:
        answered = _Answered()
        assert self.application.serve(request, answered), f"{request.path} is nobody's"
        async with asyncio.timeout(20):
            response = await answered.done
        headers = {name.lower(): value for name, value in response.headers}
        assert len(headers) == len(response.headers), "a header is there twice"
        return Called(response.status, headers, response.body, response.content_type)
