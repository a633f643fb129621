"""A WebSocket gateway on loopback, behind the exchange's own HTTP server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.small_exchange import SmallExchange
from websockets.asyncio.client import ClientConnection, connect

from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.service import Endpoint, Request, Response
from openoutcry.gateways.rest.http import Answer, HttpServer
from openoutcry.gateways.ws import WebSocketGateway
from openoutcry.gateways.ws.connection import ConnectionLimits

PATIENCE_S = 60.0
"""For what must come: long, so that a slow machine fails nothing."""


class NoApplication:
    """Answers every plain request with 404."""

    def serve(self, request: Request, answer: Answer) -> None:
        answer.respond(Response(404, b"{}"))

    def refuse(self, status: int, text: str) -> Response:
        return Response(status, json.dumps({"code": -1000, "msg": text}).encode())

    def late(self) -> Response:
        return Response(504, b"{}")


@dataclass
class Served:
    """A running gateway and its exchange."""

    small: SmallExchange
    gateway: WebSocketGateway
    port: int

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    def connect(self, path: str, **options: Any) -> connect:
        options.setdefault("ping_interval", None)
        options.setdefault("compression", None)
        return connect(self.url(path), **options)


@asynccontextmanager
async def served(
    small: SmallExchange | None = None,
    endpoints: Iterable[Endpoint] = (),
    *,
    stream_limits: ConnectionLimits | None = None,
    api_limits: ConnectionLimits | None = None,
    people: PageSessions | None = None,
) -> AsyncIterator[Served]:
    """Serve until the block ends."""
    small = small or SmallExchange()
    options: dict[str, Any] = {"people": people}
    if stream_limits is not None:
        options["stream_limits"] = stream_limits
    if api_limits is not None:
        options["api_limits"] = api_limits
    gateway = WebSocketGateway(small.exchange, endpoints, **options)
    gateway.start()
    server = HttpServer(NoApplication(), upgrades=lambda _path: gateway.upgrade)
    port = await server.start("127.0.0.1", 0)
    try:
        yield Served(small, gateway, port)
    finally:
        await gateway.stop()
        await server.close(0.1)


async def receive(socket: ClientConnection, timeout_s: float = PATIENCE_S) -> Any:
    """Return the next message as JSON."""
    return json.loads(await asyncio.wait_for(socket.recv(), timeout_s))


async def receive_until(
    socket: ClientConnection, wanted: Any, timeout_s: float = PATIENCE_S
) -> Any:
    """Return the first message of which `wanted(message)` is true."""
    async with asyncio.timeout(timeout_s):
        while True:
            message = json.loads(await socket.recv())
            if wanted(message):
                return message


async def ask(socket: ClientConnection, **request: Any) -> Any:
    """Send a request and return the reply with its id, passing over events."""
    await socket.send(json.dumps(request))
    return await receive_until(socket, lambda message: "id" in message)


async def until(look: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Poll until `look` is true."""
    async with asyncio.timeout(timeout_s):
        while not look():
            await asyncio.sleep(0.01)


async def silent(socket: ClientConnection, for_s: float = 0.3) -> bool:
    """Whether nothing arrives for a while."""
    try:
        await asyncio.wait_for(socket.recv(), for_s)
    except TimeoutError:
        return True
    return False
