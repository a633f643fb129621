"""HTTP/1.1 on an asyncio transport: requests in, answers out in order, bounds on everything.

llhttp (by httptools) does the parsing and refuses what is ambiguous. A connection holds one request
at a time in its application; pipelined ones wait in line. No task and no timer is made for a
request: the server sweeps its connections once a second for those that are late.

Clients send the same header again and again, so a header that was parsed once and found good is
remembered by its very bytes: the next request that begins with them is not parsed again.
"""

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast

import httptools

from openoutcry.gateways.edge.proxies import TrustedProxies
from openoutcry.gateways.edge.service import Answer, Request, Response

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


logger = logging.getLogger("openoutcry.http")

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {phrase}\r\n".encode() for status, phrase in _PHRASES.items()
}
_WITHOUT_BODY = frozenset((204, 304))
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JSON = "application/json;charset=UTF-8"
_OK_JSON = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
    b"X-Content-Type-Options: nosniff\r\n%bContent-Length: %d\r\n\r\n%b"
)
_NAMES: dict[bytes, str] = {}
"""Header names as sent, in lower case; the first thousand spellings that anybody used."""
_NAMES_MAX = 1000
ABORT_S = 1.0
"""How long a transport that was aborted may take to close."""
_HEAD_END = b"\r\n\r\n"
_HEADS_MAX = 1024
"""Headers that the server remembers; when there are more, it begins again."""
_HEAD_BYTES_MAX = 1024
"""Longer headers are not remembered."""
_NOT_REMEMBERED = frozenset(("expect", "transfer-encoding", "upgrade"))
"""A header with one of these is parsed each time."""
_host = re.compile(r"[A-Za-z0-9.\-_]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?").fullmatch
_is_path = re.compile(rb"/[\x21-\xff]*").fullmatch


def _name_of(name: bytes) -> str:
    """Return a header name in lower case, and remember the spelling."""
    text = name.lower().decode("latin-1")
    if len(_NAMES) < _NAMES_MAX:
        _NAMES[name] = text
    return text


@lru_cache(maxsize=1000)
def _is_host(text: str) -> bool:
    return _host(text) is not None


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """The bounds of a connection and of the server. Sizes in bytes, times in seconds."""

    header_bytes_max: int = 16 * 1024
    url_bytes_max: int = 8 * 1024
    body_bytes_max: int = 1024 * 1024
    headers_max: int = 100
    pipelined_max: int = 32
    connections_max: int = 20_000
    """With those that were upgraded, which are others' by then."""
    header_timeout_s: float = 10.0
    body_timeout_s: float = 20.0
    idle_timeout_s: float = 75.0
    crowded_timeout_s: float = 5.0
    """How long a header or another request is waited for when three of four places are taken."""
    write_timeout_s: float = 30.0
    processing_timeout_s: float = 10.0
    linger_timeout_s: float = 2.0


class Application(Protocol):
    """What answers requests."""

    def serve(self, request: Request, answer: Answer) -> None:
        """Answer a request now or later; must not raise."""
        ...

    def refuse(self, status: int, text: str) -> Response:
        """Return the response to a request that was no proper HTTP, or that cannot be taken."""
        ...

    def late(self) -> Response:
        """Return the response to a request that took too long; its outcome is unknown."""
        ...


Upgrade = Callable[[Request, asyncio.Transport, bytes], asyncio.Protocol]
"""Takes over a connection after an upgrade request; gets what the client has sent beyond it.

It answers the request itself, and its protocol gets the transport's callbacks from then on
(`connection_made` is not called: the transport is in the arguments).
"""


@dataclass(frozen=True, slots=True)
class _Head:
    """What the parser has made of a header, to be made of the same bytes again."""

    method: str
    path: str
    headers: Mapping[str, str]
    body_bytes: int
    keep_alive: bool


class _Phase(Enum):
    IDLE = "between requests"
    HEADER = "reading a header"
    BODY = "reading a body"
    BUSY = "waiting for the application"
    CLOSING = "closing"


class HttpConnection(asyncio.Protocol):
    """One connection of a client."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_chunk",
        "_close_after",
        "_failure",
        "_field_bytes",
        "_header_bytes",
        "_headers",
        "_in_header",
        "_is_deaf",
        "_keep_alive",
        "_parser",
        "_peer_ip",
        "_phase",
        "_proxies",
        "_refusal",
        "_server",
        "_since_s",
        "_transport",
        "_turn",
        "_upgrading",
        "_url",
        "_waiting",
        "_write_paused",
    )

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._parser: Any = httptools.HttpRequestParser(self)
        self._chunk = b""
        self._peer_ip = ""
        self._proxies: TrustedProxies | None = None
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._phase = _Phase.IDLE
        self._since_s = server.now_s
        self._turn: _Turn | None = None
        self._close_after = False
        self._write_paused = False
        self._refusal: tuple[int, str] | None = None
        self._failure: tuple[int, str] | None = None
        self._is_deaf = False
        self._upgrading: Request | None = None
        self._keep_alive = True
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: bytes | bytearray = b""
        self._body_bytes = 0
        self._in_header = True
        self._header_bytes = 0
        self._field_bytes = 0

    # transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._peer_ip = peer[0] if isinstance(peer, tuple) else "127.0.0.1"
        proxies = self._server.proxies
        if proxies is not None and proxies.trusts(self._peer_ip):
            self._proxies = proxies
        self._server.opened(self)

    @override
    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """The client is gone; what it still waits for goes nowhere."""
        self._transport = None
        self._turn = None
        self._parser = None
        self._waiting.clear()
        self._phase = _Phase.CLOSING
        self._server.closed(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Bytes came: let the parser call back with what they mean."""
        if self._phase is _Phase.IDLE:
            if self._take_remembered(data):
                return
            self._enter(_Phase.HEADER)
            self._chunk = data
        elif self._phase is _Phase.CLOSING or self._is_deaf:
            return
        else:
            self._chunk = b""
        if self._in_header:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except (httptools.HttpParserError, _RefusedError):
            self._fail(*(self._refusal or (400, "Malformed HTTP request.")))
            return
        if self._in_header and self._header_bytes > self._server.limits.header_bytes_max:
            self._fail(431, "Request header is too large.")

    def _take_remembered(self, data: bytes) -> bool:
        """Take a whole request whose header is remembered; False leaves it to the parser."""
        end = data.find(_HEAD_END) + len(_HEAD_END)
        head = self._server.heads.get(data[:end])
        if head is None or len(data) - end != head.body_bytes or self._write_paused:
            return False
        peer_ip = self._peer_ip if self._proxies is None else self._caller(head.headers)
        request = Request(head.method, head.path, "", data[end:], head.headers, peer_ip)
        self._start(request, keep_alive=head.keep_alive)
        return True

    def _caller(self, headers: Mapping[str, str]) -> str:
        """Return who called, as our proxy at the other end says."""
        assert self._proxies is not None, "the peer is a proxy of ours"
        return self._proxies.caller(self._peer_ip, headers.get("x-forwarded-for", ""))

    def _remember(self, request: Request, *, keep_alive: bool) -> None:
        """Remember the header of a request that came whole, alone, and without a query."""
        chunk, self._chunk = self._chunk, b""
        end = chunk.find(_HEAD_END) + len(_HEAD_END)
        if (
            end <= _HEAD_BYTES_MAX
            and len(chunk) == end + len(request.body)
            and b"?" not in self._url
            and b"#" not in self._url
            and _NOT_REMEMBERED.isdisjoint(request.headers)
        ):
            heads = self._server.heads
            if len(heads) >= _HEADS_MAX:
                heads.clear()
            heads[chunk[:end]] = _Head(
                request.method, request.path, request.headers, len(request.body), keep_alive
            )

    @override
    def eof_received(self) -> bool:
        """The client sends no more; what it has asked is still answered."""
        self._close_after = True
        return self._turn is not None

    @override
    def pause_writing(self) -> None:
        """The client reads too slowly: take nothing more from it."""
        self._write_paused = True
        self._set_reading()

    @override
    def resume_writing(self) -> None:
        """The client has caught up."""
        self._write_paused = False
        self._since_s = self._server.now_s
        self._set_reading()
        self._next()

    def _set_reading(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._write_paused or self._is_line_full():
            transport.pause_reading()
        else:
            transport.resume_reading()

    def _is_line_full(self) -> bool:
        """Whether as much waits as may: so many requests, or bodies as large as the largest."""
        limits = self._server.limits
        if len(self._waiting) >= limits.pipelined_max:
            return True
        return sum(len(request.body) for request, _ in self._waiting) >= limits.body_bytes_max

    def _enter(self, phase: _Phase) -> None:
        self._phase = phase
        self._since_s = self._server.now_s

    # parser

    def on_url(self, url: bytes) -> None:
        """A piece of the request target came."""
        self._url = self._url + url if self._url else url
        if len(self._url) > self._server.limits.url_bytes_max:
            raise self._refused(414, "Request URL is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field came."""
        self._field_bytes += len(name) + len(value) + 4
        if self._field_bytes > self._server.limits.header_bytes_max:
            raise self._refused(431, "Request header is too large.")
        if not self._in_header:
            return  # behind a body: no proxy has looked at it, and nobody here needs it
        key = _NAMES.get(name) or _name_of(name)
        text = value.decode("latin-1")
        headers = self._headers
        if key in headers:
            if key in {"host", "content-length", "transfer-encoding", "x-mbx-apikey"}:
                raise self._refused(400, f"Header '{key}' was sent twice.")
            text = f"{headers[key]},{text}"
        headers[key] = text
        if len(headers) > self._server.limits.headers_max:
            raise self._refused(431, "Too many header fields.")

    def on_headers_complete(self) -> None:
        """The header is read: refuse what will not do before its body comes."""
        headers, limits = self._headers, self._server.limits
        self._in_header = False
        if "host" not in headers:
            if self._parser.get_http_version() != "1.0":
                raise self._refused(400, "Header 'host' is missing.")
        elif not _is_host(headers["host"]):
            raise self._refused(400, "Header 'host' is malformed.")
        if _is_path(self._url) is None:
            raise self._refused(400, "Request target is malformed.")
        length = headers.get("content-length")
        if length is not None and int(length) > limits.body_bytes_max:
            raise self._refused(413, "Request body is too large.")
        if "transfer-encoding" in headers:
            if length is not None:
                raise self._refused(400, "Both length and transfer encoding were sent.")
            if headers["transfer-encoding"].lower() != "chunked":
                raise self._refused(501, "Transfer encoding is not supported.")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise self._refused(415, "Content encoding is not supported.")
        if "expect" in headers:
            self._expect(headers["expect"])
        if self._phase is _Phase.HEADER:
            self._enter(_Phase.BODY)

    def _expect(self, value: str) -> None:
        if value.lower() != "100-continue":
            raise self._refused(417, "Expectation is not supported.")
        if self._transport is not None and self._turn is None:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """A piece of the body came."""
        self._body_bytes += len(body)
        if self._body_bytes > self._server.limits.body_bytes_max:
            raise self._refused(413, "Request body is too large.")
        if not self._body:
            self._body = body
            return
        if isinstance(self._body, bytes):
            self._body = bytearray(self._body)
        self._body += body  # in place: a body may come in a million pieces

    def on_message_complete(self) -> None:
        """A request is whole."""
        url = self._url
        at = url.find(b"?")
        try:
            path, query = (url, "") if at < 0 else (url[:at], url[at + 1 :].decode("utf-8"))
            text = path.decode("ascii")
        except UnicodeDecodeError:
            raise self._refused(400, "Request target is malformed.") from None
        if "#" in query:
            query = query.partition("#")[0]
        parser = self._parser
        request = Request(
            parser.get_method().decode("ascii"),
            text,
            query,
            bytes(self._body),
            self._headers,
            self._peer_ip if self._proxies is None else self._caller(self._headers),
        )
        if parser.should_upgrade():
            self._upgrading = request
            return
        keep_alive = parser.should_keep_alive()
        if self._chunk:
            self._remember(request, keep_alive=keep_alive)
        self._begin()
        if self._turn is None and not self._waiting and not self._write_paused:
            self._start(request, keep_alive=keep_alive)
        else:
            self._waiting.append((request, keep_alive))
            if self._is_line_full():
                self._set_reading()

    def _refused(self, status: int, text: str) -> "_RefusedError":
        self._refusal = (status, text)
        return _RefusedError()

    # requests and responses

    def _start(self, request: Request, *, keep_alive: bool) -> None:
        turn = self._turn = _Turn(self, request.method == "HEAD")
        self._keep_alive = keep_alive
        self._phase = _Phase.BUSY
        self._since_s = self._server.now_s
        self._server.application.serve(request, turn)

    def answered(self, turn: "_Turn", response: Response) -> None:
        """Write the response of the request whose turn it is."""
        if turn is not self._turn:
            return
        self._turn = None
        transport = self._transport
        if transport is None:
            return
        is_last = (
            (not self._keep_alive or self._close_after or self._server.draining)
            and not self._waiting
            and self._failure is None
        )
        if not self._keep_alive:
            self._waiting.clear()
            is_last = True
        if response.status == 200 and not is_last and not turn.is_head and not response.headers:
            body = response.body
            transport.write(_OK_JSON % (response.head, len(body), body))
        else:
            transport.write(render(response, is_head=turn.is_head, is_last=is_last))
        if is_last:
            self._enter(_Phase.CLOSING)
            transport.close()
            return
        self._since_s = self._server.now_s
        if not self._in_header:
            self._phase = _Phase.BODY
        else:
            self._phase = _Phase.HEADER if self._header_bytes or self._url else _Phase.IDLE
        if self._waiting:
            self._server.loop.call_soon(self._next)
        elif self._failure is not None:
            self._fail(*self._failure)

    def _next(self) -> None:
        if self._turn is None and self._waiting and not self._write_paused:
            was_full = self._is_line_full()
            request, keep_alive = self._waiting.popleft()
            if was_full:
                self._set_reading()
            self._start(request, keep_alive=keep_alive)

    def _fail(self, status: int, text: str) -> None:
        """Answer what was no request, after what came before it, and hang up.

        Nothing that a client sends after it can be trusted to be what it seems.
        """
        transport = self._transport
        self._is_deaf = True
        if transport is None:
            return
        if self._turn is not None or self._waiting:
            self._failure = (status, text)
            return
        response = self._server.application.refuse(status, text)
        transport.write(render(response, is_head=False, is_last=True))
        self._enter(_Phase.CLOSING)
        # Closing with unread bytes would reset the connection and lose the answer: end our half,
        # listen to nothing more, and let the client, or the sweep, close.
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    def _upgrade(self, rest: bytes) -> None:
        request, self._upgrading = self._upgrading, None
        transport = self._transport
        if request is None or transport is None or self._turn is not None or self._waiting:
            self._fail(400, "Malformed HTTP request.")
            return
        hook = None
        self._is_deaf = True
        if request.headers.get("upgrade", "").lower() == "websocket" and request.method == "GET":
            hook = self._server.upgrade_for(request.path)
        if hook is None:
            self._start(request, keep_alive=False)
            return
        self._server.closed(self)
        self._phase = _Phase.CLOSING
        self._transport = None
        transport.set_protocol(hook(request, transport, rest))

    # the server's sweep

    def sweep(self, now_s: float) -> None:
        """Hang up when this connection has been in its phase for too long."""
        limits, transport = self._server.limits, self._transport
        if transport is None:
            return
        for_s = now_s - self._since_s
        patience_s = limits.crowded_timeout_s if self._server.is_crowded else limits.idle_timeout_s
        if self._write_paused:
            if for_s > limits.write_timeout_s:
                transport.abort()
        elif self._phase is _Phase.IDLE:
            if for_s > min(patience_s, limits.idle_timeout_s):
                self._hang_up()
        elif self._phase is _Phase.HEADER:
            if for_s > min(patience_s, limits.header_timeout_s):
                self._fail(408, "Request timed out.")
        elif self._phase is _Phase.BODY:
            if for_s > limits.body_timeout_s:
                self._fail(408, "Request timed out.")
        elif self._phase is _Phase.BUSY:
            if for_s > limits.processing_timeout_s and self._turn is not None:
                self._keep_alive = False
                self.answered(self._turn, self._server.application.late())
        elif for_s > limits.linger_timeout_s:
            transport.abort()

    def _hang_up(self) -> None:
        self._enter(_Phase.CLOSING)
        if self._transport is not None:
            self._transport.close()

    def drain(self) -> None:
        """Hang up as soon as nothing is under way."""
        if self._turn is None and not self._waiting:
            self._hang_up()

    def abort(self) -> None:
        """Hang up now."""
        if self._transport is not None:
            self._transport.abort()


class _RefusedError(Exception):
    """Raised inside the parser's callbacks; the refusal itself is on the connection."""


class _Turn:
    """One request's right to answer, once."""

    __slots__ = ("_connection", "is_head")

    def __init__(self, connection: HttpConnection, is_head: bool) -> None:  # noqa: FBT001
        self._connection = connection
        self.is_head = is_head

    def respond(self, response: Response) -> None:
        """Send the response."""
        self._connection.answered(self, response)


def render(response: Response, *, is_head: bool, is_last: bool) -> bytes:
    """Return a response as bytes."""
    status = response.status
    has_body = status not in _WITHOUT_BODY
    lines = [_STATUS_LINES.get(status) or f"HTTP/1.1 {status} Unknown\r\n".encode()]
    if has_body:
        lines.append(f"Content-Type: {response.content_type}\r\n".encode())
    lines += [b"X-Content-Type-Options: nosniff\r\n", response.head]
    lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in response.headers]
    if is_last:
        lines.append(b"Connection: close\r\n")
    if not has_body:
        assert not response.body, status
        lines.append(b"\r\n")
        return b"".join(lines)
    lines.append(b"Content-Length: %d\r\n\r\n" % len(response.body))
    if not is_head:
        lines.append(response.body)
    return b"".join(lines)


class HttpServer:
    """Listens, keeps track of connections, and closes them in order."""

    def __init__(
        self,
        application: Application,
        *,
        upgrades: Callable[[str], Upgrade | None] = lambda _path: None,
        limits: HttpLimits | None = None,
        proxies: TrustedProxies | None = None,
        upgraded: Callable[[], int] = lambda: 0,
        sweep_s: float = 1.0,
    ) -> None:
        """`proxies` are ours: what they say about whom they speak for is believed.

        `upgraded` says how many connections were taken over and are still open.
        """
        self.application = application
        self.limits = limits or HttpLimits()
        self.proxies = proxies
        self.upgrade_for = upgrades
        self.draining = False
        self.is_crowded = False
        """As of the last sweep: who says nothing has to make room."""
        self.heads: dict[bytes, _Head] = {}
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        self.now_s = self.loop.time()
        """The loop's time as of the last sweep."""
        self._connections: set[HttpConnection] = set()
        self._upgraded = upgraded
        self._empty = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._sweep_s = sweep_s

    async def start(self, host: str, port: int, *, shared: bool = False) -> int:
        """Listen on an address; returns the port. Raises OSError when it is taken.

        A `shared` port may be listened on by other processes that share it too.
        """
        self._listener = await self.loop.create_server(
            lambda: HttpConnection(self), host, port, backlog=1024, reuse_port=shared or None
        )
        self._sweep()
        return int(self._listener.sockets[0].getsockname()[1])

    def opened(self, connection: HttpConnection) -> None:
        """Take in a connection; one too many is hung up on."""
        if self._all_connections() >= self.limits.connections_max:
            connection.abort()
            return
        self._connections.add(connection)
        self._empty.clear()

    def closed(self, connection: HttpConnection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._connections)

    def _all_connections(self) -> int:
        return len(self._connections) + self._upgraded()

    def _sweep(self) -> None:
        now_s = self.now_s = self.loop.time()
        self.is_crowded = self._all_connections() * 4 > self.limits.connections_max * 3
        for connection in list(self._connections):
            connection.sweep(now_s)
        self._sweeper = self.loop.call_later(self._sweep_s, self._sweep)

    async def _wait_empty(self, seconds: float) -> None:
        """Wait for connections that end to be gone."""
        if self._connections:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()

    async def close(self, grace_s: float = 5.0) -> None:
        """Stop listening, let requests under way end, then hang up on what is left."""
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        for connection in list(self._connections):
            connection.drain()
        await self._wait_empty(grace_s)
        for connection in list(self._connections):
            connection.abort()
        await self._wait_empty(ABORT_S)
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._listener is not None:
            await self._listener.wait_closed()
