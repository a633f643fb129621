"""The one entry of the WebSocket room: upgraded connections in, sessions out."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.auth import Authenticator
from openoutcry.gateways.edge.page_sessions import PageSessions
from openoutcry.gateways.edge.service import ApiError, Endpoint, Exchange, Request
from openoutcry.gateways.ws.api import ApiServices, ApiSession
from openoutcry.gateways.ws.connection import Connection, ConnectionLimits, SessionFactory
from openoutcry.gateways.ws.control import (
    NO_ACCOUNTS,
    STREAMS_MAX,
    StreamAddress,
    StreamServices,
    StreamSession,
    parse_address,
    possible_listen_keys,
    unit_of,
)
from openoutcry.gateways.ws.requests import ENDPOINTS
from openoutcry.gateways.ws.streams import StreamHub
from openoutcry.gateways.ws.user_data import UserDataHub
from openoutcry.ports.feeds import EveryAccount
from openoutcry.ports.users import ListenKeysAwayError

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


API_PATH = "/ws-api/v3"
HOUSEKEEPING_S = 0.5
"""How often keys are looked up again: one that is revoked has no session a second later."""
STOP_S = 3.0
ABORT_S = 1.0
"""How long a transport that was aborted may take to close."""
CONNECTIONS_MAX = 20_000
WAITING_BYTES_MAX = 64 * 1024
STREAM_LIMITS = ConnectionLimits(messages_per_second=5.0)
API_LIMITS = ConnectionLimits(write_buffer_bytes_max=8 * 1024 * 1024, control_frames_per_second=5.0)


class WebSocketGateway:
    """Market streams, user data streams and the WebSocket API.

    `start` needs a running event loop; `upgrade` is the HTTP server's hook for `/ws`, `/ws/..`,
    `/stream` and `/ws-api/v3`; `endpoints` are the REST endpoints that the API's methods stand for;
    `people` makes tickets of the page good for log-ons.
    """

    def __init__(
        self,
        exchange: Exchange,
        endpoints: Iterable[Endpoint],
        *,
        people: PageSessions | None = None,
        stream_limits: ConnectionLimits = STREAM_LIMITS,
        api_limits: ConnectionLimits = API_LIMITS,
    ) -> None:
        self._exchange = exchange
        self._people = people
        by_path = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}
        self._endpoints = {
            name: by_path[place] for name, place in ENDPOINTS.items() if place in by_path
        }
        self._stream_limits = stream_limits
        self._api_limits = api_limits
        self._connections: dict[Connection, None] = {}
        self._unsubscribers: list[Callable[[], None]] = []
        self._stopping = False
        self._all_closed: asyncio.Event | None = None
        self._housekeeping: asyncio.TimerHandle | None = None
        self._checking: asyncio.Task[None] | None = None
        self._opening = 0
        self._streams: StreamServices | None = None
        self._api: ApiServices | None = None

    # -- life

    def start(self) -> None:
        """Begin to listen to the feed and the market data."""
        exchange = self._exchange
        hub = StreamHub(exchange.market_data, exchange.catalog, exchange.clock)
        user_data = UserDataHub(exchange.catalog, exchange.clock, exchange.accounts)
        self._streams = StreamServices(
            hub, user_data, exchange.listen_keys, exchange.keys, exchange.clock
        )
        authenticator, people = Authenticator(exchange.keys), self._people
        self._api = ApiServices(exchange, self._endpoints, authenticator, user_data, people)
        if people is not None:
            people.sessions.on_ended(self._session_ended)
        if isinstance(exchange.accounts, EveryAccount):
            # only whole batches tell how far time has come for every market
            self._unsubscribers.append(exchange.feed.subscribe(hub.on_committed))
        self._unsubscribers += [
            exchange.market_data.listen(hub.on_changes),
            exchange.feed.subscribe(user_data.on_committed),
        ]
        self._keep_house()

    async def stop(self) -> None:
        """Tell every connection, close it, and wait a little for the last frames and replies."""
        self._stopping = True
        for unsubscribe in self._unsubscribers:
            unsubscribe()
        self._unsubscribers = []
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            self._housekeeping = None
        if self._api is not None and self._api.tasks:
            await asyncio.wait(self._api.tasks, timeout=STOP_S)
        if self._streams is not None:
            tasks = list(self._streams.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._connections):
            connection.shut_down()
        await self._wait_all_closed(STOP_S)
        for connection in list(self._connections):
            connection.abort()
        await self._wait_all_closed(ABORT_S)
        if self._streams is not None:
            self._streams.hub.close()

    async def _wait_all_closed(self, seconds: float) -> None:
        """Wait for connections that end to be gone."""
        if self._connections:
            self._all_closed = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._all_closed.wait()

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def _keep_house(self) -> None:
        """Ping, time out, and end what stands on keys that are gone."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            connection.tick(now)
        if self._api is not None:
            now_us = self._exchange.clock()
            for session in list(self._api.sessions):
                session.check_keys(now_us)
                session.check_late(now_us)
                session.check_page_session(now_us)
        streams = self._streams
        if streams is not None and streams.with_listen_keys and self._checking is None:
            self._checking = streams.begin(loop.create_task(self._check_listen_keys(streams)))
        self._housekeeping = loop.call_later(HOUSEKEEPING_S, self._keep_house)

    def _session_ended(self, session_id: str) -> None:
        """Close the sockets that a person's session has opened."""
        if self._api is not None:
            for session in list(self._api.sessions):
                session.page_session_ended(session_id)

    async def _check_listen_keys(self, streams: StreamServices) -> None:
        """End what listens with a key that has expired, or that a lost API key may have got.

        A listen key is the account's, whichever API key asked for it: when one of them is revoked
        or expires, the listen key goes too, and who may still ask gets another one.
        """
        sinks = [
            (session, sink)
            for session in streams.with_listen_keys
            for sink in session.listen_keys()
        ]
        try:
            living = await streams.accounts_of({sink.listen_key for _, sink in sinks})
        except ListenKeysAwayError:  # nobody closes one meanwhile
            living = {sink.listen_key: sink.account_id for _, sink in sinks}
        finally:
            self._checking = None
        lost: dict[str, int] = {}
        for session, sink in sinks:
            if sink.listen_key in living:
                if streams.may_listen(sink):
                    continue
                if sink.api_keys:
                    lost[sink.listen_key] = sink.account_id
            if sink in session.listen_keys():
                session.end_listen_key(sink)
        with contextlib.suppress(ListenKeysAwayError):  # it runs out by itself, or is closed later
            for listen_key, account_id in lost.items():
                await streams.listen_keys.close(listen_key, account_id, streams.clock())

    # -- connections

    def upgrade(
        self, request: Request, transport: asyncio.Transport, leftover: bytes
    ) -> asyncio.Protocol:
        """Take over a connection that asks for an upgrade; bad ones get an HTTP error and end."""
        try:
            found = self._session_of(request)
        except ApiError as error:
            return _Refusal(transport, error)
        if not isinstance(found, StreamAddress):
            return self._open(request, transport, leftover, found, self._api_limits)
        names = possible_listen_keys(found.names[:STREAMS_MAX])
        if not names:
            return self._open_streams(request, transport, leftover, found, NO_ACCOUNTS)
        waiting = _Waiting(transport, leftover)
        work = self._open_when_heard(request, waiting, found, names)
        waiting.task = self._stream_services.begin(asyncio.get_running_loop().create_task(work))
        return waiting

    @property
    def _stream_services(self) -> StreamServices:
        assert self._streams is not None, "it was started"
        return self._streams

    async def _open_when_heard(
        self, request: Request, waiting: "_Waiting", address: StreamAddress, names: list[str]
    ) -> None:
        """Open streams with listen keys when nothing of their accounts can be missed any more."""
        streams, transport = self._stream_services, waiting.transport
        self._opening += 1
        try:
            accounts = await streams.accounts_of(names)
            async with streams.user_data.followed(accounts.values()):
                data = bytes(waiting.data)
                self._open_streams(request, transport, data, address, accounts)
        except ListenKeysAwayError:
            _Refusal(transport, errors.disconnected())
        except asyncio.CancelledError:
            transport.abort()
            raise
        finally:
            self._opening -= 1

    def _open_streams(
        self,
        request: Request,
        transport: asyncio.Transport,
        leftover: bytes,
        address: StreamAddress,
        accounts: Mapping[str, int],
    ) -> Connection:
        streams = self._stream_services

        def session(connection: Connection) -> StreamSession:
            return StreamSession(connection, streams, address, accounts)

        return self._open(request, transport, leftover, session, self._stream_limits)

    def _open(
        self,
        request: Request,
        transport: asyncio.Transport,
        leftover: bytes,
        session: SessionFactory,
        limits: ConnectionLimits,
    ) -> Connection:
        if not self._exchange.limiter.limits_enforced():
            limits = replace(limits, messages_per_second=0.0)
        connection = Connection(transport, request.peer_ip, limits, self._forget)
        self._connections[connection] = None
        connection.open(request, session, leftover)
        return connection

    def _session_of(self, request: Request) -> SessionFactory | StreamAddress:
        """Return what the path asks for; raises ApiError when it cannot be had."""
        streams, api = self._streams, self._api
        if streams is None or api is None or self._stopping:
            raise errors.shutting_down()
        if len(self._connections) + self._opening >= CONNECTIONS_MAX:
            raise ApiError(503, -1034, "Too many concurrent connections.")
        now_us = self._exchange.clock()
        limited = self._exchange.limiter.admit_connection(request.peer_ip, now_us)
        if limited is not None:
            raise errors.too_many_requests(limited)
        if request.path in {API_PATH, f"{API_PATH}/"}:
            query = parse_qs(request.query)
            if query.get("responseFormat", ["json"])[0].lower() == "sbe":
                raise ApiError(400, -1155, "SBE is not enabled.")
            shows_limits = query.get("returnRateLimits", ["true"])[0].lower() != "false"
            unit_us = unit_of(request.query)
            caller = None if self._people is None else self._people.caller(request)
            if caller is not None and caller.token and not caller.is_own_page:
                raise ApiError(403, -1000, "A page of another origin has sent this.")
            return lambda connection: ApiSession(
                connection, api, unit_us, return_rate_limits=shows_limits, caller=caller
            )
        address = parse_address(request.path, request.query)
        if address is None:
            raise ApiError(404, -1000, "No such WebSocket path.")
        return address

    def _forget(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if self._all_closed is not None and not self._connections:
            self._all_closed.set()


class _Waiting(asyncio.Protocol):
    """The protocol of a connection whose listen key is being looked up."""

    def __init__(self, transport: asyncio.Transport, leftover: bytes) -> None:
        self.transport = transport
        self.data = bytearray(leftover)
        self.task: asyncio.Task[None] | None = None

    @override
    def data_received(self, data: bytes) -> None:
        """Keep what the peer sends before it was let in; nobody sends much."""
        self.data += data
        if len(self.data) > WAITING_BYTES_MAX:
            self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The peer went away."""
        del exc
        if self.task is not None:
            self.task.cancel()


class _Refusal(asyncio.Protocol):
    """The protocol of a connection that was not let in: an HTTP error, and the end."""

    def __init__(self, transport: asyncio.Transport, error: ApiError) -> None:
        body = msgspec.json.encode({"code": error.code, "msg": error.message})
        head = [
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
            "Content-Type: application/json;charset=UTF-8",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in error.headers.items()),
        ]
        transport.set_protocol(self)
        transport.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        transport.close()
