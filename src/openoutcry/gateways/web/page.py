"""The page: its files under a strict policy, what it has to know at run time, and where it moved.

The page is the same build wherever it lies; what differs is in `/config.json`. A path of its own
router is answered with `index.html`, and any other name that a browser asks for as well, with 404.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote, urlsplit

import msgspec

from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.service import Answer, Request, Response
from openoutcry.gateways.web.page_files import (
    INDEX,
    PageError,
    PageFile,
    build_stamp,
    made_file,
    read_files,
)
from openoutcry.gateways.web.server import HSTS
from openoutcry.ports.rate_limits import RateLimiter

logger = logging.getLogger("openoutcry.page")

CONFIG = "/config.json"
MAILBOX = "mailbox"
CLIENT_ROUTES = frozenset(
    ("trade", "sign-in", "sign-up", "confirm", "reset", "account", "operator", MAILBOX)
)
"""First parts of the paths that the page's own router knows; the mailbox is the demo's alone."""
ELSEWHERE = ("/api/", "/sapi/", "/x/", "/ws", "/stream")
"""Paths that are never the page's, whatever a browser asks for."""
NOT_BUILT = """\
The page is not built.

  make setup      builds it, where Node.js 20.19 or newer is installed

The exchange runs without it: the trading API is under /api/v3, people's under /x/v1.
"""
TEXT = "text/plain; charset=utf-8"
_ALWAYS = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"


class PageConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the page has to know when it runs, as `/config.json` says it."""

    api_base: str = ""
    """Where the API is; empty for where the page comes from."""
    ws_base: str = ""
    demo: bool = False
    mailbox: bool = False
    """Sent mails are kept here for anyone to read: `GET /x/v1/mailbox`."""


class Page:
    """Serves the built page of a folder."""

    def __init__(
        self,
        folder: Path,
        config: PageConfig,
        *,
        origins: Origins,
        limiter: RateLimiter,
        clock: Callable[[], int],
    ) -> None:
        self._folder = folder
        self._origins = origins
        self._limiter = limiter
        self._clock = clock
        self._stamp = 0
        self._files: dict[str, PageFile] = {}
        self._config = made_file(CONFIG, msgspec.json.encode(config))
        self._routes = CLIENT_ROUTES if config.mailbox else CLIENT_ROUTES - {MAILBOX}
        self._bases = " ".join(base for base in (config.api_base, config.ws_base) if base)
        self._reading: asyncio.Task[None] | None = None

    async def load(self) -> bool:
        """Read the files, unless they were read and nothing has changed; False without a page."""
        if build_stamp(self._folder) != self._stamp:
            await self._read()
        return bool(self._files)

    async def _read(self) -> None:
        stamp = build_stamp(self._folder)
        try:
            files = await asyncio.to_thread(read_files, self._folder) if stamp else {}
        except PageError as error:
            logger.warning("the page is not served: %s", error)
            files = {}
        self._files, self._stamp = files, stamp

    def serve(self, request: Request, answer: Answer) -> bool:
        """Answer a request of the page, now or when its files are read; False for other paths."""
        path = request.path
        if path.startswith(ELSEWHERE):
            return False
        known = path in self._files or path == CONFIG or self._is_client_route(path)
        if not known and not _wants_html(request):
            return False
        refusal = self._refusal(request)
        if refusal is not None:
            answer.respond(refusal)
        elif path in self._files and path != INDEX:
            answer.respond(self._file(request, self._files[path]))
        elif path == CONFIG:
            answer.respond(self._file(request, self._config))
        elif build_stamp(self._folder) == self._stamp:
            answer.respond(self._index(request, is_known=known))
        else:
            self._answer_when_read(request, answer, is_known=known)
        return True

    def _is_client_route(self, path: str) -> bool:
        """Whether the page's own router knows a path."""
        return path in {"/", INDEX} or path[1:].partition("/")[0] in self._routes

    def _answer_when_read(self, request: Request, answer: Answer, *, is_known: bool) -> None:
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read())
            self._reading.add_done_callback(self._was_read)
        self._reading.add_done_callback(
            lambda _task: answer.respond(self._index(request, is_known=is_known))
        )

    def _was_read(self, task: asyncio.Task[None]) -> None:
        self._reading = None
        if not task.cancelled() and task.exception() is not None:
            logger.error("the page could not be read", exc_info=task.exception())

    def _refusal(self, request: Request) -> Response | None:
        """Return why nothing is served, or where the browser should rather look."""
        limited = self._limiter.admit(request.peer_ip, 0, self._clock())
        if limited is not None:
            retry = ("Retry-After", str(limited.retry_after_s))
            return self._text(request, 429, "Too many requests.\n", retry)
        host = request.headers.get("host", "")
        if not self._origins.is_own_host(host):
            words = (
                "This exchange does not go by that name.\n"
                "Its operator can name its address: OUTCRY_PUBLIC_ORIGIN.\n"
            )
            return self._text(request, 421, words)
        if request.method not in {"GET", "HEAD"}:
            return self._text(request, 405, "Only GET and HEAD.\n", ("Allow", "GET, HEAD"))
        if self._is_client_route(request.path) and _is_bare_loopback(host):
            # Passkeys and the session's cookie are bound to a name, which an address is not.
            port = urlsplit(f"//{host}").port
            place = f"http://localhost{'' if port is None else f':{port}'}"
            query = f"?{quote(request.query, safe=_QUERY)}" if request.query else ""
            there = ("Location", f"{place}{request.path}{query}")
            return self._text(request, 307, "The page is at localhost.\n", there)
        return None

    def _index(self, request: Request, *, is_known: bool) -> Response:
        index = self._files.get(INDEX)
        if index is None:
            return self._text(request, 404, NOT_BUILT)
        response = self._file(request, index)
        if not is_known and response.status == 200:
            response.status = 404
        return response

    def _file(self, request: Request, file: PageFile) -> Response:
        headers = request.headers
        encoding, content = file.best(headers.get("accept-encoding", ""))
        tag = f'"{file.tag}-{encoding}"' if encoding else f'"{file.tag}"'
        sent = [
            *self._policy(request),
            ("Cache-Control", _FOR_EVER if file.is_immutable else _ALWAYS),
            ("ETag", tag),
            ("Vary", "Accept-Encoding"),
        ]
        if _is_fresh(headers.get("if-none-match", ""), file.tag):
            return Response(304, b"", sent)
        if encoding:
            sent.append(("Content-Encoding", encoding))
        return Response(200, content, sent, file.media)

    def _text(self, request: Request, status: int, words: str, *more: tuple[str, str]) -> Response:
        headers = [*self._policy(request), ("Cache-Control", "no-store"), *more]
        return Response(status, words.encode(), headers, TEXT)

    def _policy(self, request: Request) -> tuple[tuple[str, str], ...]:
        host = request.headers.get("host", "")
        sockets = f"ws://{host} wss://{host}" if self._origins.is_own_host(host) else ""
        return policy(f"'self' {sockets} {self._bases}".strip(), self._origins.over_tls)


_QUERY = "!$&'()*+,-./:;=?@_~%"


@lru_cache(maxsize=64)
def policy(connect: str, over_tls: bool) -> tuple[tuple[str, str], ...]:  # noqa: FBT001 - cached
    """Return the headers that tell a browser what the page may do: scripts of its own, no more."""
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        f"connect-src {connect}",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    headers = (
        ("Content-Security-Policy", "; ".join(rules)),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", _PERMISSIONS),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    )
    return (*headers, HSTS) if over_tls else headers


_PERMISSIONS = ", ".join(
    (
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer",
                "camera",
                "display-capture",
                "geolocation",
                "gyroscope",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "usb",
            )
        ),
        "clipboard-write=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    )
)


def _wants_html(request: Request) -> bool:
    return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")


def _is_bare_loopback(host: str) -> bool:
    try:
        return ip_address(urlsplit(f"//{host}").hostname or "").is_loopback
    except ValueError:
        return False


def _is_fresh(wanted: str, tag: str) -> bool:
    """Whether a browser has this content already, in whatever encoding."""
    if wanted.strip() == "*":
        return True
    for part in wanted.split(","):
        name = part.strip().removeprefix("W/").strip('"')
        if name == tag or name.startswith(f"{tag}-"):
            return True
    return False
