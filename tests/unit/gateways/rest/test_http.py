"""The HTTP server on a real socket: what is no proper request never reaches the application."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from openoutcry.gateways.edge.service import Request, Response
from openoutcry.gateways.rest.http import Answer, HttpConnection, HttpLimits, HttpServer


@dataclass
class Echo:
    """Answers with what it was asked; `/later` is answered when the test says so."""

    seen: list[Request] = field(default_factory=list)
    waiting: list[Answer] = field(default_factory=list)

    def serve(self, request: Request, answer: Answer) -> None:
        self.seen.append(request)
        if request.path == "/later":
            self.waiting.append(answer)
        else:
            text = f"{request.method} {request.path}?{request.query} {request.body.decode()}"
            answer.respond(Response(200, text.encode()))

    def refuse(self, status: int, text: str) -> Response:
        return Response(status, text.encode())

    def late(self) -> Response:
        return Response(504, b"late")


PATIENCE_S = 60.0


class Client:
    """A raw connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def response(self, *, is_head: bool = False) -> tuple[int, dict[str, str], bytes]:
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        status, *lines = head.decode().rstrip("\r\n").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = 0 if is_head else int(headers.get("content-length", "0"))
        return int(status.split()[1]), headers, await self.reader.readexactly(length)

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), PATIENCE_S) == b""


class World:
    """A server and its clients."""

    def __init__(self, echo: Echo, server: HttpServer, port: int) -> None:
        self.echo, self.server, self.port = echo, server, port
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def connections(self, count: int) -> list[HttpConnection]:
        """Return the server's ends once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while self.server.connections() != count:
                await asyncio.sleep(0.01)
        return list(self.server._connections)

    async def ask(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        client = await self.connect()
        client.send(raw)
        return await client.response()


LIMITS = HttpLimits(connections_max=40)
HASTY_LIMITS = HttpLimits(
    header_timeout_s=0.2,
    body_timeout_s=0.2,
    idle_timeout_s=0.4,
    processing_timeout_s=0.4,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving(LIMITS) as world:
        yield world


@pytest.fixture
async def hasty() -> AsyncIterator[World]:
    """A server whose patience ends within the test."""
    async with serving(HASTY_LIMITS) as world:
        yield world


@asynccontextmanager
async def serving(
    limits: HttpLimits, upgraded: Callable[[], int] = lambda: 0
) -> AsyncIterator[World]:
    echo = Echo()
    server = HttpServer(echo, limits=limits, upgraded=upgraded, sweep_s=0.05)
    world = World(echo, server, await server.start("127.0.0.1", 0))
    yield world
    for client in world.clients:
        client.writer.close()
    await server.close(0.2)


GET = b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_keep_alive(world: World) -> None:
    client = await world.connect()
    for _ in range(3):
        client.send(GET)
        status, headers, body = await client.response()
        assert (status, body) == (200, b"GET /a?b=1 ")
        assert headers["content-type"] == "application/json;charset=UTF-8"
        assert "connection" not in headers


async def test_one_byte_at_a_time(world: World) -> None:
    client = await world.connect()
    raw = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    for byte in raw:
        client.send(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert (await client.response())[2] == b"POST /a? abc"


async def test_pipelined_requests_are_answered_in_order(world: World) -> None:
    client = await world.connect()
    count = 100
    client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(count)))
    for number in range(count):
        assert (await client.response())[2] == f"GET /{number}? ".encode()


async def test_a_remembered_header_is_taken_as_the_parser_takes_it(world: World) -> None:
    client = await world.connect()
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: k\r\nContent-Length: 3\r\n\r\n"
    for body in (b"abc", b"def", b"\r\n\r"):
        client.send(head + body)
        assert (await client.response())[2] == b"POST /a? " + body
    assert list(world.server.heads) == [head]
    first, second, _ = world.echo.seen
    assert (first.method, first.path, first.headers) == (second.method, second.path, second.headers)
    # in pieces, with more behind it, and while another is under way: the parser's work again
    client.send(head + b"g")
    await asyncio.sleep(0.02)
    client.send(b"hi" + head + b"jkl" + head)
    await asyncio.sleep(0.02)
    client.send(b"mno")
    for body in (b"ghi", b"jkl", b"mno"):
        assert (await client.response())[2] == b"POST /a? " + body
    client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.02)
    client.send(head + b"pqr")
    while not world.echo.waiting:
        await asyncio.sleep(0.01)
    world.echo.waiting[0].respond(Response(200, b"late"))
    assert (await client.response())[2] == b"late"
    assert (await client.response())[2] == b"POST /a? pqr"


async def test_a_remembered_header_may_ask_to_close(world: World) -> None:
    raw = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\n"
    for body in (b"a", b"b"):
        client = await world.connect()
        client.send(raw + body)
        assert (await client.response())[2] == b"POST /a? " + body
        assert await client.is_closed()
    assert len(world.server.heads) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: x\r\nX: %b\r\nContent-Length: 1\r\n\r\na" % (b"x" * 1024),
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET",
    ],
)
async def test_what_is_not_remembered(world: World, raw: bytes) -> None:
    await world.ask(raw)
    assert not world.server.heads


async def test_remembered_headers_have_a_bound(world: World) -> None:
    client = await world.connect()
    for number in range(1100):
        client.send(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number)
        assert (await client.response())[0] == 200
    assert 0 < len(world.server.heads) <= 1024


async def test_a_slow_answer_holds_back_those_behind_it(world: World) -> None:
    client = await world.connect()
    client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n" + GET + b"GARBAGE\r\n\r\n")
    while not world.echo.waiting:
        await asyncio.sleep(0.01)
    assert len(world.echo.seen) == 1
    world.echo.waiting[0].respond(Response(200, b"first"))
    assert (await client.response())[2] == b"first"
    assert (await client.response())[2] == b"GET /a?b=1 "
    assert (await client.response())[0] == 400
    assert await client.is_closed()


async def test_connection_close_and_http_1_0(world: World) -> None:
    client = await world.connect()
    client.send(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status, headers, _ = await client.response()
    assert (status, headers["connection"]) == (200, "close")
    assert await client.is_closed()
    old = await world.connect()
    old.send(b"GET /a HTTP/1.0\r\n\r\n")
    assert (await old.response())[0] == 200
    assert await old.is_closed()


async def test_head_has_no_body(world: World) -> None:
    client = await world.connect()
    client.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    status, headers, _ = await client.response(is_head=True)
    assert (status, headers["content-length"]) == (200, "9")
    assert (await client.response())[2] == b"GET /a?b=1 "


async def test_chunked_bodies(world: World) -> None:
    raw = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw += b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert (await world.ask(raw))[2] == b"POST /a? abcde"


async def test_r32_what_comes_behind_a_body_is_no_header(world: World) -> None:
    """A proxy writes headers, and may hand on trailers as a client has sent them."""
    raw = b"POST /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\n"
    raw += b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    raw += b"X-Forwarded-For: 6.6.6.6\r\nCookie: __Host-s=stolen\r\nHost: y\r\n\r\n"
    client = await world.connect()
    client.send(raw + GET)
    assert (await client.response())[2] == b"POST /a? abc"
    assert (await client.response())[2] == b"GET /a?b=1 "
    headers = world.echo.seen[0].headers
    assert (headers["x-forwarded-for"], headers["host"]) == ("203.0.113.7", "x")
    assert "cookie" not in headers
    endless = b"".join(b"A%d: b\r\n" % number for number in range(5_000))
    assert (await world.ask(raw[: raw.rindex(b"Host: y")] + endless + b"\r\n"))[0] == 431


async def test_r08_a_body_in_a_million_pieces_costs_no_more_than_its_size(world: World) -> None:
    client, pieces = await world.connect(), 1_000_000
    client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send(b"1\r\na\r\n" * pieces + b"0\r\n\r\n")
    begun = time.process_time()
    status, _, body = await client.response()
    assert (status, body.count(b"a")) == (200, 1 + pieces)
    assert time.process_time() - begun < 3.0


async def test_r08_bodies_that_wait_their_turn_are_held_to_the_size_of_one(world: World) -> None:
    client, size, count = await world.connect(), 900_000, 8
    head = b"POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    client.send((head + b"a" * size) * count)
    (connection,) = await world.connections(1)
    transport = connection._transport
    assert transport is not None
    while transport.is_reading():
        await asyncio.sleep(0.01)
    for number in range(count):
        while len(world.echo.waiting) <= number:
            await asyncio.sleep(0.01)
        assert sum(len(request.body) for request, _ in connection._waiting) < 3_000_000
        world.echo.waiting[number].respond(Response(200, b"%d" % number))
        assert (await client.response())[2] == b"%d" % number


async def test_expect_continue(world: World) -> None:
    client = await world.connect()
    client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"ab")
    assert (await client.response())[2] == b"POST /a? ab"


HUGE = b"x" * 100_000
BAD_REQUESTS = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
    "no version": (b"GET /a\r\n\r\n", 400),
    "http/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "both lengths": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0",
        400,
    ),
    "both lengths, other order": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0",
        400,
    ),
    "length twice": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        400,
    ),
    "negative length": (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", 400),
    "length with a plus": (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
    "endless length": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        400,
    ),
    "folded header": (b"GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
    "bare line feeds": (b"GET /a HTTP/1.1\nHost: x\n\n", 400),
    "space before colon": (b"GET /a HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    "null in a header": (b"GET /a HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
    "bare carriage return": (b"GET /a HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
    "no host": (b"GET /a HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "bad host": (b"GET /a HTTP/1.1\r\nHost: x/../@evil\r\n\r\n", 400),
    "absolute target": (b"GET http://evil/a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "authority target": (b"CONNECT evil:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "asterisk target": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "relative target": (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    "key twice": (b"GET /a HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: a\r\nX-MBX-APIKEY: b\r\n\r\n", 400),
    "huge header": (b"GET /a HTTP/1.1\r\nHost: x\r\nA: " + HUGE + b"\r\n\r\n", 431),
    "many headers": (
        b"GET /a HTTP/1.1\r\nHost: x\r\n"
        + b"".join(b"A%d: b\r\n" % n for n in range(200))
        + b"\r\n",
        431,
    ),
    "huge url": (b"GET /" + HUGE[:9000] + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    "huge body": (b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n", 413),
    "gzip": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        415,
    ),
    "odd transfer encoding": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    "bad chunk": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        400,
    ),
    "odd expectation": (
        b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 3\r\n\r\nabc",
        417,
    ),
}


@pytest.mark.parametrize("name", sorted(BAD_REQUESTS))
async def test_bad_requests_are_refused_and_the_connection_closed(world: World, name: str) -> None:
    """R12, R39"""
    raw, expected = BAD_REQUESTS[name]
    client = await world.connect()
    client.send(raw)
    status, headers, _ = await client.response()
    assert status == expected
    assert headers["connection"] == "close"
    assert await client.is_closed()
    assert world.echo.seen == []


async def test_a_header_that_never_ends(world: World) -> None:
    client = await world.connect()
    client.send(b"GET /a HTTP/1.1\r\nHost: x\r\nA: ")
    for _ in range(20):
        client.send(b"x" * 1000)
        await asyncio.sleep(0)
    assert (await client.response())[0] == 431


async def test_a_chunked_body_that_never_ends(world: World) -> None:
    client = await world.connect()
    client.send(b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(12):
        client.send(b"20000\r\n" + b"x" * 0x20000 + b"\r\n")
    assert (await client.response())[0] == 413


async def test_a_slow_header_times_out_and_others_do_not_notice(hasty: World) -> None:
    """R38"""
    slow, slow_body = await hasty.connect(), await hasty.connect()
    slow.send(b"GET /a HTTP/1.1\r\nHost: x\r\n")
    slow_body.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na")
    assert (await hasty.ask(GET))[0] == 200
    assert (await slow.response())[0] == 408
    assert (await slow_body.response())[0] == 408
    assert await slow.is_closed()


async def test_an_idle_connection_is_closed(hasty: World) -> None:
    """R38"""
    silent, used = await hasty.connect(), await hasty.connect()
    used.send(GET)
    await used.response()
    assert await silent.is_closed()
    assert await used.is_closed()


async def test_a_request_that_takes_too_long(hasty: World) -> None:
    client = await hasty.connect()
    client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    status, _, body = await client.response()
    assert (status, body) == (504, b"late")
    hasty.echo.waiting[0].respond(Response(200, b"too late"))
    assert await client.is_closed()


async def test_too_many_connections(world: World) -> None:
    clients = [await world.connect() for _ in range(LIMITS.connections_max)]
    clients[0].send(GET)
    assert (await clients[0].response())[0] == 200
    one_too_many = await world.connect()
    one_too_many.send(GET)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await one_too_many.response()


async def test_r38_who_says_nothing_makes_room_for_others() -> None:
    """Slow headers and idle connections may be many, and shut nobody out for long."""
    limits = HttpLimits(connections_max=20, crowded_timeout_s=0.1, linger_timeout_s=0.5)
    async with serving(limits) as world:
        idle = [await world.connect() for _ in range(10)]
        slow = [await world.connect() for _ in range(10)]
        for client in slow:
            client.send(b"GET /a HTTP/1.1\r\n")
        assert await (await world.connect()).is_closed()
        for client in idle:
            assert await client.is_closed()
        assert (await world.ask(GET))[0] == 200
        for client in slow:
            assert (await client.response())[0] == 408
        await world.connections(1)
        kept = [await world.connect() for _ in range(5)]
        await asyncio.sleep(0.3)
        for client in kept:  # there is room: they may wait
            client.send(GET)
            assert (await client.response())[0] == 200


async def test_r38_upgraded_connections_count() -> None:
    elsewhere = 0
    async with serving(HttpLimits(connections_max=3), lambda: elsewhere) as world:
        elsewhere = 2
        assert (await world.ask(GET))[0] == 200
        assert await (await world.connect()).is_closed()


async def test_a_client_that_leaves_is_forgotten(hasty: World) -> None:
    client = await hasty.connect()
    client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    while not hasty.echo.waiting:
        await asyncio.sleep(0.01)
    client.writer.transport.abort()
    while hasty.server.connections():
        await asyncio.sleep(0.01)
    hasty.echo.waiting[0].respond(Response(200, b"nobody hears"))


async def test_half_close_still_gets_its_answer(world: World) -> None:
    client = await world.connect()
    client.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    client.writer.write_eof()
    while not world.echo.waiting:
        await asyncio.sleep(0.01)
    world.echo.waiting[0].respond(Response(200, b"still"))
    assert (await client.response())[2] == b"still"
    assert await client.is_closed()


async def test_closing_lets_requests_under_way_end(world: World) -> None:
    busy, idle = await world.connect(), await world.connect()
    busy.send(b"GET /later HTTP/1.1\r\nHost: x\r\n\r\n")
    while not world.echo.waiting:
        await asyncio.sleep(0.01)
    closing = asyncio.ensure_future(world.server.close(2))
    assert await idle.is_closed()
    world.echo.waiting[0].respond(Response(200, b"done"))
    assert (await busy.response())[2] == b"done"
    assert await busy.is_closed()
    await closing
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", world.port)


UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Taker(asyncio.Protocol):
    """A protocol that took a connection over and repeats what it gets."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"got " + data)


async def test_an_upgrade_hands_the_connection_over(world: World) -> None:
    taken: list[tuple[Request, bytes]] = []

    def take(request: Request, transport: asyncio.Transport, rest: bytes) -> asyncio.Protocol:
        taken.append((request, rest))
        transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        return Taker(transport)

    world.server.upgrade_for = lambda path: take if path == "/ws" else None
    client = await world.connect()
    client.send(UPGRADE + b"early")
    assert (await client.response())[0] == 101
    request, rest = taken[0]
    assert (request.path, rest) == ("/ws", b"early")
    assert request.headers["sec-websocket-key"] == "k"
    client.send(b"hello")
    assert await client.reader.readexactly(9) == b"got hello"
    assert world.server.connections() == 0


async def test_an_upgrade_nobody_takes_is_an_ordinary_request(world: World) -> None:
    client = await world.connect()
    client.send(UPGRADE.replace(b"websocket", b"h2c") + b"junk")
    status, headers, body = await client.response()
    assert (status, headers["connection"], body) == (200, "close", b"GET /ws? ")


async def test_random_bytes_never_break_the_server(world: World) -> None:
    chance = random.Random(7)
    pieces = [
        b"GET ",
        b"POST ",
        b"/a",
        b" HTTP/1.1",
        b"\r\n",
        b"\n",
        b"\r",
        b"Host: x",
        b": ",
        b"0",
    ]
    pieces += [b"Content-Length: 3", b"Transfer-Encoding: chunked", b"\0", b"\xff", b"abc", b" "]
    for _ in range(150):
        client = await world.connect()
        client.send(b"".join(chance.choices(pieces, k=chance.randint(1, 30))))
        client.writer.write_eof()
        await asyncio.wait_for(client.reader.read(), PATIENCE_S)
        client.writer.close()
    assert (await world.ask(GET))[0] == 200
