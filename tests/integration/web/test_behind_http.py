"""`/x/v1` and the page behind the HTTP server and beside the trading API, on a real socket."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_exchange import SmallExchange
from tests.support.web_caller import ToySessions, session_view

from openoutcry.gateways.edge.origins import Origins
from openoutcry.gateways.edge.proxies import TrustedProxies
from openoutcry.gateways.edge.service import Answer, Request
from openoutcry.gateways.rest.http import HttpServer
from openoutcry.gateways.rest.routes import ENDPOINTS
from openoutcry.gateways.rest.server import RestApplication
from openoutcry.gateways.web.absent import NoPeople
from openoutcry.gateways.web.api import Access, Input, Route, WebCall
from openoutcry.gateways.web.page import Page, PageConfig
from openoutcry.gateways.web.server import WebApplication


class Note(Input):
    text: str


async def echo(call: WebCall) -> Any:
    return {"text": call.read(Note).text, "peer": call.peer_ip}


async def nothing(_call: WebCall) -> None:
    return None


def route(method: str, path: str, handler: Any, access: Access, **more: Any) -> Route:
    return Route(
        method=method,
        path=path,
        handler=handler,
        access=access,
        summary="A route",
        tags=("test",),
        **more,
    )


ROUTES = (
    route("POST", "/notes", echo, Access.SESSION, body=Note, answer=dict[str, Any]),
    route("GET", "/nothing", nothing, Access.PUBLIC),
)


class Counting(WebApplication):
    """Counts what it is asked."""

    asked = 0

    def serve(self, request: Request, answer: Answer) -> bool:
        self.asked += 1
        return super().serve(request, answer)


class Wire:
    """One connection of a client that writes bytes."""

    def __init__(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.port = port
        self._reader, self._writer = reader, writer

    async def send(
        self, line: str, *headers: str, body: bytes = b"", plain: bool = False
    ) -> tuple[int, dict[str, str], bytes]:
        host = f"localhost:{self.port}"
        sent = [f"{line} HTTP/1.1", *headers]
        if not plain:
            sent += [f"Host: {host}", f"Origin: http://{host}", "X-Outcry-CSRF: 1"]
            sent += ["Cookie: __Host-s=alice", f"Content-Length: {len(body)}"]
        self._writer.write("\r\n".join(sent).encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(30):
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode().rstrip("\r\n").split("\r\n")
            found = {name.lower(): text for name, text in (each.split(": ", 1) for each in lines)}
            length = 0 if line.startswith("HEAD") else int(found.get("content-length", "0"))
            return int(status.split()[1]), found, await self._reader.readexactly(length)

    async def is_closed(self) -> bool:
        async with asyncio.timeout(30):
            return await self._reader.read() == b""


@asynccontextmanager
async def wire(
    folder: Path, proxies: TrustedProxies | None = None
) -> AsyncIterator[tuple[Wire, Counting]]:
    exchange = SmallExchange().exchange
    common: Any = {
        "origins": Origins(),
        "limiter": exchange.limiter,
        "clock": exchange.clock,
    }
    page = Page(folder, PageConfig(), **common)
    await page.load()
    sessions = ToySessions({"alice": session_view()})
    web = Counting(ROUTES, sessions=sessions, pages=page, **common)
    server = HttpServer(RestApplication(exchange, ENDPOINTS, web), proxies=proxies)
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(port, reader, writer), web
    finally:
        writer.close()
        await server.close(0.1)
        await web.close()


JSON = "Content-Type: application/json"


async def test_the_trading_api_never_asks_elsewhere(tmp_path: Path) -> None:
    async with wire(tmp_path) as (on, web):
        for line in ("GET /api/v3/ping", "GET /api/v3/account", "POST /api/v3/order"):
            await on.send(line)
        assert web.asked == 0
        status, _, body = await on.send("GET /api/v3/nothing")
        assert (status, b"-5000" in body) == (404, True)


async def test_one_connection_serves_all(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    async with wire(tmp_path) as (on, _):
        for _ in range(3):
            status, headers, _ = await on.send("GET /api/v3/ping")
            assert (status, "x-mbx-used-weight" in headers) == (200, True)
            status, headers, body = await on.send("POST /x/v1/notes", JSON, body=b'{"text":"a"}')
            assert (status, body) == (200, b'{"text":"a","peer":"127.0.0.1"}')
            assert headers["content-type"] == "application/json"
            status, headers, body = await on.send("GET /trade/BTCUSD")
            assert (status, body) == (200, b"<!doctype html>")
            assert headers["content-type"] == "text/html; charset=utf-8"
            status, headers, _ = await on.send("GET /x/v1/nothing")
            assert (status, "content-length" in headers) == (204, False)
            status, headers, _ = await on.send("HEAD /")
            assert (status, headers["content-length"]) == (200, "15")
            status, headers, _ = await on.send("GET /", f"If-None-Match: {headers['etag']}")
            assert (status, "content-type" in headers) == (304, False)


async def test_r08_a_body_of_ten_megabytes_is_refused_unread(tmp_path: Path) -> None:
    async with wire(tmp_path) as (on, web):
        headers = ("Host: localhost", "Content-Length: 10485760")
        status, _, _ = await on.send("POST /x/v1/notes", *headers, plain=True)
        assert (status, web.asked) == (413, 0)
        assert await on.is_closed()


async def test_r09_a_compressed_body_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"[" * 1_000_000)
    async with wire(tmp_path) as (on, web):
        status, _, _ = await on.send("POST /x/v1/notes", JSON, "Content-Encoding: gzip", body=bomb)
        assert (status, web.asked) == (415, 0)


@pytest.mark.parametrize(
    "headers",
    [
        ["Host: localhost", "Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Host: localhost", "X-Folded: a", " b"],
        ["Host: localhost", "Host: evil.example"],
        ["Host: localhost", "Content-Length: 1", "Content-Length: 2"],
        ["Host: local host"],
        ["Host: localhost", "X-Long: " + "a" * 100_000],
        [],
    ],
)
async def test_r12_what_is_ambiguous_is_refused_and_hung_up_on(
    tmp_path: Path, headers: list[str]
) -> None:
    """ASVS 4.2.1-4"""
    async with wire(tmp_path) as (on, web):
        status, _, _ = await on.send("POST /x/v1/notes", *headers, plain=True)
        assert status in {400, 431}
        assert web.asked == 0
        assert await on.is_closed()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//x/v1/notes", 404),
        ("/x//v1/notes", 404),
        ("/x/v1//notes", 404),
        ("/x/%76%31/notes", 404),
        ("/x/v1/notes%00", 404),
        ("/x/v1/%2e%2e/notes", 404),
        ("/x/v1/../v1/notes", 404),
        ("/x/v1/notes.", 404),
        ("/x/v1/notes/", 404),
        ("/X/V1/notes", 404),
        ("/x\u2044v1/notes", 400),
    ],
)
async def test_r13_no_other_spelling_reaches_a_route(
    tmp_path: Path, path: str, status: int
) -> None:
    async with wire(tmp_path) as (on, _):
        assert (await on.send(f"POST {path}", JSON, body=b'{"text":"a"}'))[0] == status


async def test_r32_only_our_own_proxy_is_believed(tmp_path: Path) -> None:
    said = "X-Forwarded-For: 6.6.6.6, 203.0.113.7"
    for proxies, peer in (
        (None, "127.0.0.1"),
        (TrustedProxies(["10.0.0.0/8"]), "127.0.0.1"),
        (TrustedProxies(["127.0.0.1"]), "203.0.113.7"),
    ):
        async with wire(tmp_path, proxies) as (on, _):
            for _ in range(3):  # from the second on the header is remembered
                _, _, body = await on.send("POST /x/v1/notes", JSON, said, body=b'{"text":"a"}')
                assert json.loads(body)["peer"] == peer


async def test_r33_an_absolute_target_is_refused(tmp_path: Path) -> None:
    async with wire(tmp_path) as (on, web):
        status, _, _ = await on.send("GET http://evil.example/x/v1/nothing")
        assert (status, web.asked) == (400, 0)


async def test_r33_the_host_has_to_be_ours(tmp_path: Path) -> None:
    async with wire(tmp_path) as (on, _):
        sent = ("GET /x/v1/nothing", "Host: evil.example")
        status, _, body = await on.send(*sent, plain=True)
        assert (status, b"MISDIRECTED" in body) == (421, True)
        sent = ("GET /api/v3/ping", "Host: evil.example")
        assert (await on.send(*sent, plain=True))[0] == 200, "programs may call it what they like"


async def test_where_there_are_no_people_x_v1_says_so() -> None:
    server = HttpServer(RestApplication(SmallExchange().exchange, ENDPOINTS, NoPeople()))
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    on = Wire(port, reader, writer)
    try:
        for line in ("GET /x/v1/openapi.json", "POST /x/v1/auth/sign-in", "GET /x/v1"):
            status, headers, body = await on.send(line)
            assert (status, headers["content-type"]) == (501, "application/problem+json")
            assert b'"code":"NOT_HERE"' in body
        assert (await on.send("GET /x/v12"))[0] == 404
        assert (await on.send("GET /"))[0] == 404
        assert (await on.send("GET /api/v3/ping"))[0] == 200
    finally:
        writer.close()
        await server.close(0.1)
