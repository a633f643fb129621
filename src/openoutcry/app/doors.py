"""The public doors of a process that serves clients: HTTP and WebSockets on one port."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.proxies import TrustedProxies, networks_in
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.rest import market_data as market_data_routes
from openoutcry.gateways.rest import routes
from openoutcry.gateways.rest.http import HttpLimits, HttpServer, Upgrade
from openoutcry.gateways.rest.server import Elsewhere, RestApplication
from openoutcry.gateways.ws.gateway import WebSocketGateway
from openoutcry.kernel import OrderWriter, read_order
from openoutcry.ports.plain_orders import PlainOrders

PLAIN_ORDERS = PlainOrders(read_order, OrderWriter)
HTTP_GRACE_SECONDS = 2.0
DESCRIPTORS_KEPT = 256
"""Of those that the process may open: for its files, its children and what it calls itself."""
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
        limits=HttpLimits(connections_max=connections_max()),
        upgraded=lambda: websockets.connection_count,
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


def connections_max() -> int:
    """Return how many connections there is room for: clients never take the last descriptors.

    What the system gives a process at first is often little, so all is asked for that it may have.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems say that there is no limit, and have one
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    wanted = HttpLimits().connections_max
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(soft - DESCRIPTORS_KEPT, soft // 2))


def _upgrades(upgrade: Upgrade) -> Callable[[str], Upgrade | None]:
    """Return which paths are WebSocket's."""

    def of_path(path: str) -> Upgrade | None:
        return upgrade if path.startswith(WEBSOCKET_PATHS) else None

    return of_path
