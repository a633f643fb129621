"""The dispatcher of `/x/v1`: finds the route, lets the caller in, runs the handler, answers.

`WebApplication.serve` is asked only when no endpoint of the trading API has the path.
`_Work.run` is the supervisor of its boundary: whatever a handler raises ends there, as a problem
and never as a stack trace.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.cookies import SESSION_COOKIE, session_token
from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Answer, Request, Response
from openoutcry.gateways.web import reading
from openoutcry.gateways.web.api import (
    PREFIX,
    Access,
    Document,
    Input,
    Level,
    Problem,
    ProblemType,
    Route,
    WebCall,
)
from openoutcry.gateways.web.same_origin import check_host, check_same_origin
from openoutcry.ports.audit import AuditError
from openoutcry.ports.people import SecondFactor, Sessions, SessionView
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.rate_limits import Limited, RateLimiter

logger = logging.getLogger("openoutcry.web")

NOT_FOUND = ProblemType("NOT_FOUND", 404, "There is no such thing")
METHOD_NOT_ALLOWED = ProblemType("METHOD_NOT_ALLOWED", 405, "Not by this method")
SIGN_IN_FIRST = ProblemType("SIGN_IN_FIRST", 401, "Sign in first")
STEP_UP_FIRST = ProblemType("STEP_UP_FIRST", 403, "Confirm once more who you are")
NOT_ALLOWED = ProblemType("NOT_ALLOWED", 403, "This is not for you to do")
SECOND_FACTOR_NEEDED = ProblemType("SECOND_FACTOR_NEEDED", 403, "Operators need a second factor")
TOO_MANY_REQUESTS = ProblemType("TOO_MANY_REQUESTS", 429, "Too many requests")
TAKES_TOO_LONG = ProblemType(
    "TAKES_TOO_LONG", 503, "It takes too long; it may be done all the same"
)
AWAY = ProblemType("AWAY", 503, "A part of the exchange does not answer")
BROKEN = ProblemType("BROKEN", 500, "Something is wrong with the exchange")

UNANSWERED = (*errors.UNANSWERED, AuditError, PeopleStoreError)
HANDLER_SECONDS_MAX = 8.0
"""Less than what the HTTP server waits for an application, so that the answer is ours."""
PROBLEM_MEDIA = "application/problem+json"
JSON_MEDIA = "application/json"
_SEGMENT = r"((?:[A-Za-z0-9_.~:@-]|%3[Aa]|%40){1,128})"
"""A name in a path. Many clients escape the two marks, which mean the same either way."""

Headers = list[tuple[str, str]]


class Pages(Protocol):
    """Answers what is neither the trading API nor `/x/v1`: the page and its files."""

    def serve(self, request: Request, answer: Answer) -> bool:
        """Answer a request; False when no page has that path."""
        ...


@dataclass(slots=True)
class _Templates:
    """Paths with names in them, each a pattern, in the order in which they were declared."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    methods: dict[str, Route]


class WebApplication:
    """Serves routes of `/x/v1`, and behind them the page."""

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        sessions: Sessions,
        limiter: RateLimiter,
        clock: Callable[[], int],
        origins: Origins,
        pages: Pages | None = None,
        handler_seconds_max: float = HANDLER_SECONDS_MAX,
    ) -> None:
        self._sessions = sessions
        self._limiter = limiter
        self._clock = clock
        self._origins = origins
        self._pages = pages
        self._seconds_max = handler_seconds_max
        self._tasks: set[asyncio.Task[None]] = set()
        self._plain: dict[str, dict[str, Route]] = {}
        self._templates: dict[str, _Templates] = {}
        for route in routes:
            self._add(route)
        self._common = common_headers(over_tls=origins.over_tls)

    def _add(self, route: Route) -> None:
        methods = self._plain.setdefault(route.path, {})
        if "{" in route.path:
            del self._plain[route.path]
            names = tuple(re.findall(r"\{([a-z_]+)\}", route.path))
            parts = re.split(r"\{[a-z_]+\}", route.path)
            pattern = re.compile(_SEGMENT.join(re.escape(part) for part in parts))
            found = self._templates.setdefault(route.path, _Templates(pattern, names, {}))
            methods = found.methods
        assert route.method not in methods, f"{route.method} {route.path} is routed twice"
        methods[route.method] = route
        if route.method == "GET":
            methods["HEAD"] = route

    def serve(self, request: Request, answer: Answer) -> bool:
        """Answer a request now or later; False when the path is nobody's."""
        if not (request.path == PREFIX or request.path.startswith(f"{PREFIX}/")):
            return self._pages is not None and self._pages.serve(request, answer)
        work = _Work(request, answer, secrets.token_hex(16), self._clock())
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def close(self) -> None:
        """End what is under way: each is answered, as taking too long."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, work: "_Work") -> None:
        """Answer one request, whatever comes of it."""
        request = work.request
        headers: Headers = [*self._common, ("X-Request-Id", work.request_id)]
        try:
            try:
                async with asyncio.timeout(self._seconds_max):
                    response = await self._response(work, headers)
            except TimeoutError:
                raise TAKES_TOO_LONG.problem() from None
            except UNANSWERED as error:
                logger.warning("%s %s: %s", request.method, work.name, error)
                raise AWAY.problem("Look before you repeat it.") from None
        except Problem as problem:
            response = _problem_response(problem, headers)
        except asyncio.CancelledError:
            work.answer.respond(_problem_response(TAKES_TOO_LONG.problem(), headers))
            raise
        except Exception:  # the supervisor of the request boundary
            logger.exception("request %s failed: %s %s", work.request_id, request.method, work.name)
            response = _problem_response(BROKEN.problem(), headers)
        work.answer.respond(response)

    async def _response(self, work: "_Work", headers: Headers) -> Response:
        request = work.request
        methods, path = self._find(request.path)
        weight = _weight(methods, request.method)
        limited = self._limiter.admit(request.peer_ip, weight, work.now_us)
        if limited is not None:
            raise _too_many(limited)
        check_host(self._origins, request.headers.get("host", ""))
        if methods is None:
            raise NOT_FOUND.problem("No such path.")
        route = methods.get(request.method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise METHOD_NOT_ALLOWED.problem(f"By {allowed}.", headers=(("Allow", allowed),))
        work.name = route.path
        check_same_origin(self._origins, request.method, request.headers)
        token, session = await self._session(request, work.now_us)
        check_access(route.access, session, work.now_us)
        call = WebCall(
            now_us=work.now_us,
            request_id=work.request_id,
            peer_ip=request.peer_ip,
            user_agent=_printable(request.headers.get("user-agent", "")),
            origin=self._origins.of_request(request.headers.get("host", "localhost")),
            path=path,
            session=session,
            session_token=token if session is not None else "",
        )
        call.query = reading.query(route.query, request.query)
        media = request.headers.get("content-type")
        if route.body is not None:
            call.body = reading.body(route.body, request.body, media)
        elif request.body and request.method in {"GET", "HEAD"}:
            raise reading.BAD_JSON.problem("Nobody reads a body here.")
        elif request.body:
            reading.body(Input, request.body, media)
        try:
            result = await route.handler(call)
        except Problem as problem:
            problem.headers += _cookie_headers(call)
            raise
        headers.extend(_cookie_headers(call))
        return _success(route, result, headers)

    def _find(self, path: str) -> tuple[dict[str, Route] | None, dict[str, str]]:
        below = path[len(PREFIX) :]
        methods = self._plain.get(below)
        if methods is not None:
            return methods, {}
        for template in self._templates.values():
            found = template.pattern.fullmatch(below)
            if found is not None:
                values = (unquote(value) for value in found.groups())
                return template.methods, dict(zip(template.names, values, strict=True))
        return None, {}

    async def _session(self, request: Request, now_us: int) -> tuple[str, SessionView | None]:
        token = session_token(request.headers.get("cookie"))
        if not token:
            return "", None
        return token, await self._sessions.find(token, now_us)


@dataclass(slots=True)
class _Work:
    """A request on its way to its answer."""

    request: Request
    answer: Answer
    request_id: str
    now_us: int
    name: str = ""
    """The route's path, for the log: what a path holds may be secret."""


def check_access(access: Access, session: SessionView | None, now_us: int) -> None:
    """Refuse a caller who may not do this; raises Problem."""
    if access.level is Level.PUBLIC:
        return
    if session is None:
        raise SIGN_IN_FIRST.problem()
    if access.roles:
        _check_operator(access, session)
    if access.level is Level.STEPPED_UP and not session.is_stepped_up(now_us):
        raise STEP_UP_FIRST.problem()


def _check_operator(access: Access, session: SessionView) -> None:
    """Refuse who has none of the roles, or has not proved who they are by a second factor."""
    if not session.may(*access.roles):
        raise NOT_ALLOWED.problem()
    if session.second_factor is SecondFactor.UNPROVED:
        raise STEP_UP_FIRST.problem("By a second factor: a password alone lets no operator in.")
    if session.second_factor is not SecondFactor.PROVED:
        raise SECOND_FACTOR_NEEDED.problem(
            "Set up codes by time or a passkey, under Account, Security; then come back."
        )


def _weight(methods: dict[str, Route] | None, method: str) -> int:
    route = None if methods is None else methods.get(method)
    return 1 if route is None else route.weight


def _too_many(limited: Limited) -> Problem:
    words = f"The limit is {limited.text}." if limited.text else "The address is shut out."
    return TOO_MANY_REQUESTS.problem(words, headers=(("Retry-After", str(limited.retry_after_s)),))


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:256] if letter.isprintable())


def common_headers(*, over_tls: bool) -> Headers:
    """Return what goes with every answer of `/x/v1`: it is private, and no page to be shown."""
    headers = [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
    ]
    if over_tls:
        headers.append(HSTS)
    return headers


HSTS = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


def _cookie_headers(call: WebCall) -> tuple[tuple[str, str], ...]:
    if call.cookie is None:
        return ()
    token, seconds = call.cookie
    rules = "Path=/; Secure; HttpOnly; SameSite=Strict"
    cookie = ("Set-Cookie", f"{SESSION_COOKIE}={token}; {rules}; Max-Age={seconds}")
    if token:
        return (cookie,)
    return (cookie, ("Clear-Site-Data", '"cookies", "storage"'))


def _problem_response(problem: Problem, headers: Sequence[tuple[str, str]]) -> Response:
    body = msgspec.json.encode(problem.body())
    return Response(problem.status, body, [*headers, *problem.headers], PROBLEM_MEDIA)


def _success(route: Route, result: Any, headers: Headers) -> Response:
    if result is None:
        assert route.answer is None, f"{route.path} has nothing to answer"
        return Response(204, b"", headers)
    if isinstance(result, Document):
        assert result.media in route.media, f"{route.path} does not declare {result.media}"
        if result.file_name:
            headers.append(("Content-Disposition", f'attachment; filename="{result.file_name}"'))
        return Response(route.status, result.body, headers, result.media)
    return Response(route.status, msgspec.json.encode(result), headers, JSON_MEDIA)
