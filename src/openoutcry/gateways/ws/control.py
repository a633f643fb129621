"""The session of a stream connection: its URL, its control messages, its subscriptions."""

import asyncio
import logging
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast
from urllib.parse import unquote

import msgspec

from openoutcry.gateways.edge.market_shapes import MICROSECONDS, MILLISECONDS
from openoutcry.gateways.edge.service import ApiError
from openoutcry.gateways.ws import user_events
from openoutcry.gateways.ws.connection import Connection
from openoutcry.gateways.ws.ids import RequestId, is_request_id
from openoutcry.gateways.ws.names import StreamName, Topic, parse_stream
from openoutcry.gateways.ws.streams import StreamHub
from openoutcry.gateways.ws.user_data import UserDataHub
from openoutcry.ports.users import ApiKeys, ListenKeys, ListenKeysAwayError

logger = logging.getLogger("openoutcry.websocket")

STREAMS_MAX = 1024
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
COMBINED = "combined"

_UNKNOWN_PROPERTY = 0
_INVALID_VALUE = 1
_INVALID_REQUEST = 2
_INVALID_JSON = 3
_MISSING = object()
_SHUTDOWN_STREAM = "!serverShutdown"
NO_ACCOUNTS: Mapping[str, int] = MappingProxyType({})
_byte_position = re.compile(r"byte ([0-9]+)").search
_looks_like_listen_key = re.compile(r"[0-9A-Za-z]{40,128}").fullmatch


class ControlError(Exception):
    """A control message that is not obeyed: `{"error":{"code":..,"msg":..},"id":..}`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unit_of(query: str) -> int:
    """Return the unit of time that a connection's URL asks for; -1194 for an unknown one."""
    for name, value in _pairs(query):
        if name == "timeUnit":
            unit = value.upper()
            if unit not in {"MICROSECOND", "MILLISECOND"}:
                raise ApiError(
                    400,
                    -1194,
                    "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
                )
            return MICROSECONDS if unit == "MICROSECOND" else MILLISECONDS
    return MILLISECONDS


def _pairs(query: str) -> list[tuple[str, str]]:
    """Decode a query; a plus stays a plus, for stream names hold some."""
    parts = [part.partition("=") for part in query.split("&")]
    return [(unquote(name), unquote(value)) for name, _, value in parts]


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """What the URL of a stream connection says."""

    combined: bool
    unit_us: int
    names: tuple[str, ...]


def parse_address(path: str, query: str) -> StreamAddress | None:
    """Return what `/ws[/..]` or `/stream?streams=..` asks for; None for another path."""
    names: list[str] = []
    if path == "/ws" or path.startswith("/ws/"):
        names = unquote(path[4:]).split("/")
    elif path in {"/stream", "/stream/"}:
        for name, value in _pairs(query):
            if name == "streams":
                names = value.split("/")
    else:
        return None
    combined = path.startswith("/stream")
    return StreamAddress(combined, unit_of(query), tuple(name for name in names if name))


class ListenKeySink:
    """The user events of one listen key on one connection."""

    __slots__ = ("_prefix", "_session", "account_id", "api_keys", "listen_key")

    def __init__(
        self, session: "StreamSession", listen_key: str, account_id: int, api_keys: frozenset[str]
    ) -> None:
        """`api_keys`: those of the account, each of which may have got the listen key."""
        self._session = session
        self.listen_key = listen_key
        self.account_id = account_id
        self.api_keys = api_keys
        self._prefix = b'{"stream":' + msgspec.json.encode(listen_key) + b',"data":'

    @property
    def unit_us(self) -> int:
        """Microseconds in the unit of the connection's times."""
        return self._session.shape[1]

    def user_event(self, event: str) -> None:
        """Send one event, in the wrapper when the connection is combined."""
        payload = event.encode()
        if self._session.shape[0]:
            payload = self._prefix + payload + b"}"
        self._session.connection.send(payload)

    def events_lost(self) -> None:
        """End the stream: its user asks for the state and listens anew."""
        self._session.end_listen_key(self)


@dataclass(slots=True)
class StreamServices:
    """What stream sessions share."""

    hub: StreamHub
    user_data: UserDataHub
    listen_keys: ListenKeys
    keys: ApiKeys
    clock: Callable[[], int]
    with_listen_keys: dict["StreamSession", None] = field(default_factory=dict)
    """Sessions that listen with a key, which may expire."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """Listen keys that are being looked up."""

    def begin(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Keep a task until it is done."""
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def accounts_of(self, names: Collection[str]) -> Mapping[str, int]:
        """Return the accounts of living listen keys; raises ListenKeysAwayError."""
        return await self.listen_keys.accounts_of(names, self.clock())

    def living_keys(self, account_id: int) -> frozenset[str]:
        """Return the names of an account's API keys that may be used now."""
        now_us = self.clock()
        return frozenset(
            key.api_key
            for key in self.keys.of_account(account_id)
            if not key.has_expired(now_us) and self.keys.find(key.api_key) is not None
        )

    def may_listen(self, sink: "ListenKeySink") -> bool:
        """Whether nobody may have its listen key whose API key was taken away since it opened.

        A key that another gateway has made may be known here a moment later than its stream.
        """
        living = self.living_keys(sink.account_id)
        if not sink.api_keys:
            sink.api_keys = living
        return bool(living) and sink.api_keys <= living


def possible_listen_keys(names: Iterable[str]) -> list[str]:
    """Return which names are of no market's stream and may be listen keys."""
    return [name for name in names if _looks_like_listen_key(name) and parse_stream(name) is None]


class StreamSession:
    """One connection to `/ws` or `/stream`."""

    def __init__(
        self,
        connection: Connection,
        services: StreamServices,
        address: StreamAddress,
        accounts: Mapping[str, int] = NO_ACCOUNTS,
    ) -> None:
        """`accounts`: of the listen keys in the address."""
        self.connection = connection
        self.shape = (address.combined, address.unit_us)
        self._services = services
        self._streams: dict[str, StreamName | ListenKeySink] = {}
        self._accounts = accounts
        self._looking: asyncio.Task[None] | None = None
        self._later: deque[bytes] = deque()
        """Messages that wait for a listen key to be looked up: they are obeyed in order."""
        for text in address.names[:STREAMS_MAX]:
            found = self._find(text)
            if found is not None:
                self._subscribe(text, found)
        self._accounts = NO_ACCOUNTS

    # -- messages

    def received(self, message: bytes) -> None:
        """Obey one control message, or say why not; in order, also when one has to wait."""
        if self._looking is not None:
            self._later.append(message)
            return
        names = [name for name in _possible_listen_keys(message) if name not in self._streams]
        if not names:
            self._answer(message)
            return
        self.connection.hold_reading(hold=True)
        loop = asyncio.get_running_loop()
        self._looking = self._services.begin(loop.create_task(self._look_up(names, message)))

    async def _look_up(self, names: list[str], message: bytes) -> None:
        """Find the accounts of listen keys, and answer when their events cannot be missed."""
        services = self._services
        try:
            accounts = await services.accounts_of(names)
            async with services.user_data.followed(accounts.values()):
                self._accounts = accounts
                self._answer(message)
        except ListenKeysAwayError as error:
            logger.warning("%s", error)
            self._answer(message)
        self._accounts, self._looking = NO_ACCOUNTS, None
        while self._later and self._looking is None:
            self.received(self._later.popleft())
        if self._looking is None:
            self.connection.hold_reading(hold=False)

    def _answer(self, message: bytes) -> None:
        request_id: RequestId = None
        try:
            request = _decode(message)
            request_id = _request_id(request)
            result = self._obey(request, message)
        except ControlError as error:
            reply: object = {
                "error": {"code": error.code, "msg": error.message},
                "id": request_id,
            }
        else:
            reply = {"result": result, "id": request_id}
        self.connection.send(msgspec.json.encode(reply))

    def _obey(self, request: dict[str, object], message: bytes) -> object:
        method = request.get("method")
        if method is None:
            raise _invalid(f"missing field `method` at line 1 column {len(message)}")
        if method not in METHODS:
            raise _unknown_method(method, message)
        params = request.get("params")
        if method == "SUBSCRIBE":
            self.subscribe(_names(params))
            return None
        if method == "UNSUBSCRIBE":
            for name in _names(params):
                self._unsubscribe(name)
            return None
        if method == "LIST_SUBSCRIPTIONS":
            if params:
                raise _invalid("too many parameters")
            return list(self._streams)
        return self._property(str(method), params)

    def _property(self, method: str, params: object) -> object:
        values = params if isinstance(params, list) else []
        expected = 2 if method == "SET_PROPERTY" else 1
        if not values or not isinstance(values[0], str):
            raise _invalid("property name must be a string")
        if values[0] != COMBINED:
            raise ControlError(_UNKNOWN_PROPERTY, "Unknown property")
        if len(values) > expected:
            raise _invalid("too many parameters")
        if method == "GET_PROPERTY":
            return self.shape[0]
        if len(values) < expected or not isinstance(values[1], bool):
            raise ControlError(_INVALID_VALUE, "Invalid value type: expected Boolean")
        self._set_combined(combined=values[1])
        return None

    def _set_combined(self, *, combined: bool) -> None:
        before = self.shape
        self.shape = (combined, before[1])
        if before == self.shape:
            return
        for text, found in self._streams.items():
            if isinstance(found, StreamName):
                self._services.hub.unsubscribe(text, self, before)
                self._services.hub.subscribe(found, self)

    # -- subscriptions

    def subscribe(self, names: list[str]) -> None:
        """Listen to all of these streams, or to none when one of them cannot be."""
        fresh: dict[str, StreamName | ListenKeySink] = {}
        for text in names:
            if text in self._streams or text in fresh:
                continue
            if len(self._streams) + len(fresh) >= STREAMS_MAX:
                raise _invalid(f"too many streams; a connection can listen to {STREAMS_MAX}")
            found = self._find(text)
            if found is None:
                if _looks_like_listen_key(text) is not None:
                    logger.warning("no such listen key, asked for by %s", self.connection.peer_ip)
                raise _invalid("invalid stream")
            fresh[text] = found
        for text, found in fresh.items():
            self._subscribe(text, found)

    def _find(self, text: str) -> StreamName | ListenKeySink | None:
        found = parse_stream(text)
        if found is not None:
            return found
        account_id = self._accounts.get(text)
        if account_id is None:
            return None
        return ListenKeySink(self, text, account_id, self._services.living_keys(account_id))

    def _subscribe(self, text: str, found: StreamName | ListenKeySink) -> None:
        if text in self._streams:
            return
        self._streams[text] = found
        if isinstance(found, ListenKeySink):
            self._services.user_data.subscribe(found.account_id, found)
            self._services.with_listen_keys[self] = None
        elif found.topic is not Topic.SHUTDOWN:
            self._services.hub.subscribe(found, self)

    def _unsubscribe(self, text: str) -> None:
        found = self._streams.pop(text, None)
        if isinstance(found, ListenKeySink):
            self._services.user_data.unsubscribe(found.account_id, found)
        elif found is not None:
            self._services.hub.unsubscribe(text, self, self.shape)

    def listen_keys(self) -> list[ListenKeySink]:
        """Return what listens here with a key."""
        return [found for found in self._streams.values() if isinstance(found, ListenKeySink)]

    def end_listen_key(self, sink: ListenKeySink) -> None:
        """Tell a listen key's user that the stream is over, and deliver no more."""
        sink.user_event(
            user_events.notice(
                "listenKeyExpired",
                self._services.clock(),
                self.shape[1],
                listenKey=sink.listen_key,
            )
        )
        self._unsubscribe(sink.listen_key)

    # -- the end

    def ended(self) -> None:
        """Let go of everything."""
        if self._looking is not None:
            self._looking.cancel()
        for text in list(self._streams):
            self._unsubscribe(text)
        self._services.with_listen_keys.pop(self, None)

    def farewell(self) -> bytes | None:
        """Return the event that tells of a shutdown."""
        event = user_events.notice("serverShutdown", self._services.clock(), self.shape[1])
        if self.shape[0]:
            return f'{{"stream":"{_SHUTDOWN_STREAM}","data":{event}}}'.encode()
        return event.encode()


def _invalid(message: str) -> ControlError:
    return ControlError(_INVALID_REQUEST, f"Invalid request: {message}")


def _unknown_method(method: object, message: bytes) -> ControlError:
    if not isinstance(method, str):
        return _invalid("method must be a string")
    column = message.find(msgspec.json.encode(method)) + len(msgspec.json.encode(method))
    expected = ", ".join(f"`{name}`" for name in METHODS)
    return _invalid(
        f"unknown variant `{method}`, expected one of {expected} at line 1 column {column}"
    )


def _decode(message: bytes) -> dict[str, object]:
    try:
        request = msgspec.json.decode(message)
    except msgspec.DecodeError as error:
        found = _byte_position(str(error))
        column = int(found[1]) + 1 if found else len(message)
        raise ControlError(
            _INVALID_JSON, f"Invalid JSON: expected value at line 1 column {column}"
        ) from None
    except RecursionError:
        raise ControlError(_INVALID_JSON, "Invalid JSON: recursion limit exceeded") from None
    if not isinstance(request, dict):
        raise _invalid("expected an object")
    return request


def _possible_listen_keys(message: bytes) -> list[str]:
    """Return the names in a message that may be listen keys to subscribe to."""
    if b"SUBSCRIBE" not in message:
        return []
    try:
        request = _decode(message)
        _request_id(request)
        if request.get("method") != "SUBSCRIBE":
            return []
        return possible_listen_keys(_names(request.get("params")))
    except ControlError:
        return []  # whoever answers it says why


def _request_id(request: dict[str, object]) -> RequestId:
    """Return the id of a request, which must have one."""
    request_id = request.get("id", _MISSING)
    if not is_request_id(request_id):
        raise _invalid("request ID must be an unsigned integer")
    return cast("RequestId", request_id)


def _names(params: object) -> list[str]:
    if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
        raise _invalid("params must be an array of stream names")
    return params
