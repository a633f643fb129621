"""The public doors of a process that serves clients: HTTP and WebSockets on one port."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.proxies import TrustedProxies, networks_in
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.rest import market_data as market_data_routes
from openoutcry.gateways.rest import routes
from openoutcry.gateways.rest.http import HttpServer, Upgrade
from openoutcry.gateways.rest.server import Elsewhere, RestApplication
from openoutcry.gateways.ws.gateway import WebSocketGateway
from openoutcry.kernel import OrderWriter, read_order
from openoutcry.ports.plain_orders import PlainOrders

PLAIN_ORDERS = PlainOrders(read_order, OrderWriter)
HTTP_GRACE_SECONDS = 2.0
WEBSOCKET_PATHS = ("/ws", "/stream", "/ws-api")


class PortInUseError(Exception):
    """Nobody can listen where the settings say."""


async def open_doors(
    stack: AsyncExitStack,
    exchange: Exchange,
    host: str,
    port: int,
    *,
    shared: bool = False,
    proxies: str = "",
    elsewhere: Elsewhere | None = None,
    people: PageSessions | None = None,
    counts: dict[str, Callable[[], int]] | None = None,
) -> int:
    """Serve clients until the stack is left; returns the port. Raises PortInUseError.

    `proxies` are the networks of our own; `elsewhere` answers what is no endpoint of the trading
    API; `people` may trade by tickets; `counts` learns how many connections there are.
    """
    endpoints = (*routes.ENDPOINTS, *market_data_routes.ENDPOINTS)
    websockets = WebSocketGateway(exchange, endpoints, people=people)
    websockets.start()
    http = HttpServer(
        RestApplication(exchange, endpoints, elsewhere, plain_orders=PLAIN_ORDERS),
        upgrades=_upgrades(websockets.upgrade),
        proxies=TrustedProxies(networks_in(proxies)) if proxies else None,
    )
    if counts is not None:
        counts["connections_http"] = http.connections
        counts["connections_websocket"] = lambda: websockets.connection_count
    try:
        found = await http.start(host, port, shared=shared)
    except OSError as error:
        await websockets.stop()
        raise PortInUseError(f"cannot listen on {host}:{port}: {error.strerror}") from error

    async def close_doors() -> None:
        await asyncio.gather(http.close(HTTP_GRACE_SECONDS), websockets.stop())

    stack.push_async_callback(close_doors)
    return found


def _upgrades(upgrade: Upgrade) -> Callable[[str], Upgrade | None]:
    """Return which paths are WebSocket's."""

    def of_path(path: str) -> Upgrade | None:
        return upgrade if path.startswith(WEBSOCKET_PATHS) else None

    return of_path
