"""The caller's side of calls: one connection from this process to each engine, kept open.

A request takes a channel and a credit, and its future is resolved by the answer. When a connection
breaks, what was under way has an unknown outcome; while there is none, nothing is sent.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.frames import (
    Code,
    Frame,
    FrameReader,
    Kind,
    ProcessRole,
    ProtocolError,
)
from openoutcry.adapters.tcp.tls import name_of
from openoutcry.ports.calls import (
    NotAcceptedError,
    NotConnectedError,
    NotHostedError,
    NotOwnerError,
    OutcomeUnknownError,
    OverloadedError,
    StorageFullError,
)

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


log = logging.getLogger(__name__)

_ERRORS: dict[int, type[Exception]] = {
    Code.NOT_ACCEPTED: NotAcceptedError,
    Code.STORAGE_FULL: StorageFullError,
    Code.OVERLOADED: OverloadedError,
    Code.NOT_OWNER: NotOwnerError,
    Code.NOT_HOSTED: NotHostedError,
    Code.OUTCOME_UNKNOWN: OutcomeUnknownError,
    Code.MALFORMED: ValueError,
    Code.FORBIDDEN: ValueError,
}
CUT_SECONDS_MAX = 1.0
"""How long a transport that was aborted may take to close."""
_RESERVED_PARTS = 8
"""One of so many credits is kept for cancels and links."""
_jitter = random.SystemRandom()
Decoder = Callable[[bytes], tuple[int, Any]]
"""Takes the body of an answer apart: the epoch, and what the caller is given."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """How a connection is kept up, and how much is asked of it at once."""

    under_way_max: int = 2048
    """Requests under way, if the server grants as many."""
    answer_bytes_max: int = frames.ANSWER_BYTES_MAX
    connect_seconds_max: float = 3.0
    back_off_seconds_min: float = 0.05
    back_off_seconds_max: float = 0.5
    ping_seconds: float = 1.0
    silence_seconds_max: float = 3.0
    """An engine that is there answers pings; one silent for so long is taken for gone."""
    answer_seconds_max: float = 30.0
    """A request without an answer for so long has an unknown outcome."""


class Epochs:
    """The highest epoch of each partition that this process has seen, wherever it came from."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def is_current(self, partition: int, epoch: int) -> bool:
        """Note an epoch; False when a later one has been seen."""
        seen = self._seen.get(partition, 0)
        if epoch > seen:
            self._seen[partition] = epoch
        return epoch >= seen


class EngineConnection:
    """A connection to one engine that is made again whenever it breaks, until it is closed."""

    def __init__(
        self,
        address: str,
        *,
        role: ProcessRole,
        epochs: Epochs,
        tls: ssl.SSLContext | None = None,
        limits: ClientLimits | None = None,
    ) -> None:
        self.address = address
        self.role = role
        self.epochs = epochs
        self.limits = limits or ClientLimits()
        self.failure = ""
        """Why the last attempt failed; empty while connected."""
        self._tls = tls
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._loop = asyncio.get_running_loop()
        self._session: _Session | None = None
        self._is_up = asyncio.Event()
        self._task = self._loop.create_task(self._keep(), name=f"calls to {address}")

    @property
    def is_connected(self) -> bool:
        """Whether the engine has greeted and is there."""
        return self._session is not None

    async def wait_connected(self) -> None:
        """Return when the engine has greeted."""
        await self._is_up.wait()

    def owns(self, partition: int) -> bool:
        """Whether the engine says that it owns a partition."""
        return self._session is not None and partition in self._session.owned

    def ask(
        self, kind: Kind, partition: int, head: bytes, rest: bytes, decode: Decoder, *, first: bool
    ) -> asyncio.Future[Any]:
        """Send a request to a partition; `first` takes of the last credits too.

        Returns the future of what `decode` makes of the answer. Raises NotAcceptedError when
        nothing was sent.
        """
        session = self._session
        if session is None:
            raise NotConnectedError(f"not connected to {self.address}: {self.failure}")
        return session.ask(kind, partition, head, rest, decode, first=first)

    async def close(self) -> None:
        """Hang up; what is under way has an unknown outcome."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        session, self._session = self._session, None
        if session is not None:
            session.cut("closed")
            with suppress(TimeoutError):
                async with asyncio.timeout(CUT_SECONDS_MAX):
                    await session.gone.wait()

    async def _keep(self) -> None:
        delay = self.limits.back_off_seconds_min
        while True:
            session: _Session | None = None
            try:
                session = await self._connect()
            except (OSError, TimeoutError, ProtocolError) as error:
                reason = str(error) or type(error).__name__
                if reason != self.failure:
                    log.warning("calls to %s: %s", self.address, reason)
                self.failure = reason
            if session is not None:
                delay = self.limits.back_off_seconds_min
                self.failure = ""
                self._session = session
                self._is_up.set()
                self.failure = await session.lost
                self._session = None
                self._is_up.clear()
                log.warning("calls to %s: %s", self.address, self.failure)
            await asyncio.sleep(delay * (0.5 + _jitter.random()))
            delay = min(delay * 2, self.limits.back_off_seconds_max)

    async def _connect(self) -> "_Session":
        seconds = self.limits.connect_seconds_max
        making = self._loop.create_connection(
            lambda: _Session(self),
            self._host.strip("[]"),
            self._port,
            ssl=self._tls,
            server_hostname=None if self._tls is None else name_of(ProcessRole.ENGINE),
        )
        async with asyncio.timeout(seconds):  # wait_for may swallow a cancel, 3.11
            _, session = await making
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(session.greeted)
        except BaseException:
            session.cut("not greeted")
            raise
        return session


@dataclass(slots=True)
class _Asked:
    """A request under way."""

    partition: int
    future: asyncio.Future[Any]
    decode: Decoder
    at: float
    kind: int


class _Session(asyncio.Protocol):
    """One connection, from its greeting to its end."""

    def __init__(self, connection: EngineConnection) -> None:
        self._connection = connection
        self._limits = connection.limits
        self._epochs = connection.epochs
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader(self._limits.answer_bytes_max)
        self._out: list[bytes] = []
        self._asked: dict[int, _Asked] = {}
        self._channel = 0
        self._credits = 0
        self._reserved = 0
        self._is_paused = False
        self._heard = self._loop.time()
        self._pinger: asyncio.TimerHandle | None = None
        self._reason = "the engine hung up"
        self.owned: frozenset[int] = frozenset()
        self.greeted: asyncio.Future[None] = self._loop.create_future()
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self.gone = asyncio.Event()
        """The transport is closed."""

    # -- requests

    def ask(
        self, kind: Kind, partition: int, head: bytes, rest: bytes, decode: Decoder, *, first: bool
    ) -> asyncio.Future[Any]:
        """Send a request, or raise NotAcceptedError with nothing sent."""
        size = len(head) + len(rest)
        if size > frames.REQUEST_BYTES_MAX:
            raise ValueError(f"a request of {size} bytes is too large")
        if partition not in self.owned:
            raise NotOwnerError(f"{self._connection.address} does not own partition {partition}")
        free = self._credits - len(self._asked)
        if self._is_paused or free <= (0 if first else self._reserved):
            raise OverloadedError(f"no credit left with {self._connection.address}")
        self._channel = channel = self._channel + 1
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked[channel] = _Asked(partition, future, decode, self._loop.time(), kind)
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        out += (frames.HEADER.pack(size, kind, channel), head, rest)
        return future

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and out:
            self._transport.write(b"".join(out))

    def _send(self, data: bytes) -> None:
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    # -- asyncio.Protocol

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport = cast("asyncio.Transport", transport)
        version = frames.PROTOCOL_VERSION
        greeting = frames.Hello(
            version, frames.PROTOCOL_VERSION_MIN, self._connection.role, 0, owned=()
        )
        self._transport.write(frames.hello(greeting))
        self._ping()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody knows what came of what was under way."""
        self._transport = None
        self.gone.set()
        if self._pinger is not None:
            self._pinger.cancel()
        reason = self._reason if exc is None else str(exc) or type(exc).__name__
        if not self.greeted.done():
            self.greeted.set_exception(ConnectionResetError(reason))
            self.greeted.exception()  # whoever waits is told; nobody has to
        if not self.lost.done():
            self.lost.set_result(reason)
        asked, self._asked = self._asked, {}
        for one in asked.values():
            _fail(one.future, OutcomeUnknownError(f"the connection broke: {reason}"))

    @override
    def data_received(self, data: bytes) -> None:
        """Take answers, and what else the engine says."""
        self._heard = self._loop.time()
        try:
            for received in self._reader.feed(data):
                if self._transport is None or self._transport.is_closing():
                    return
                self._take(received)
        except ProtocolError as error:
            if not self.greeted.done():
                self.greeted.set_exception(error)
                self.greeted.exception()
            self.cut(str(error))

    @override
    def pause_writing(self) -> None:
        """The engine does not keep up: ask nothing more."""
        self._is_paused = True

    @override
    def resume_writing(self) -> None:
        """It does again."""
        self._is_paused = False

    def cut(self, reason: str) -> None:
        """Hang up at once."""
        self._reason = reason
        if self._transport is not None:
            self._transport.abort()
        elif not self.lost.done():
            self.lost.set_result(reason)

    def _ping(self) -> None:
        """Ask for a sign of life, and give up on what has waited for too long."""
        now = self._loop.time()
        if now - self._heard > self._limits.silence_seconds_max:
            self.cut("the engine is silent")
            return
        if self.greeted.done():
            self._send(frames.PING)
        oldest = now - self._limits.answer_seconds_max
        for one in self._asked.values():
            if one.at > oldest:
                break
            _fail(one.future, OutcomeUnknownError("no answer in time"))
        self._pinger = self._loop.call_later(self._limits.ping_seconds, self._ping)

    # -- frames in

    def _take(self, received: Frame) -> None:
        kind, channel, body = received
        if channel:
            self._answer(kind, channel, body)
        elif kind == Kind.HELLO:
            self._greet(body)
        elif kind == Kind.PING:
            if frames.is_asking(body):
                self._send(frames.PONG)
        elif kind == Kind.CREDIT:
            self._grant(frames.read_credit(body))
        elif kind == Kind.ERROR:
            code, text = frames.read_error(body)
            raise frames.VersionError(text) if code == Code.VERSION else ProtocolError(text)
        else:
            raise ProtocolError(f"kind {kind} on channel 0")

    def _greet(self, body: bytes) -> None:
        theirs = frames.read_hello(body)
        frames.agree(theirs)
        owned = []
        for partition, epoch in theirs.owned:
            if self._epochs.is_current(partition, epoch):
                owned.append(partition)
        self.owned = frozenset(owned)
        self._grant(theirs.credits)
        if not self.greeted.done():
            self.greeted.set_result(None)

    def _grant(self, number: int) -> None:
        self._credits = min(number, self._limits.under_way_max)
        self._reserved = self._credits // _RESERVED_PARTS

    def _answer(self, kind: int, channel: int, body: bytes) -> None:
        asked = self._asked.pop(channel, None)
        if asked is None:
            raise ProtocolError(f"an answer on channel {channel}, where nothing was asked")
        try:
            value = self._value(asked, kind, body)
        except ProtocolError as error:
            _fail(asked.future, OutcomeUnknownError(str(error)))
            raise
        if not isinstance(value, Exception):
            if not asked.future.done():
                asked.future.set_result(value)
        else:
            _fail(asked.future, value)

    def _value(self, asked: _Asked, kind: int, body: bytes) -> Any:
        """Return what an answer says, or the error that it is."""
        if kind == Kind.ERROR:
            code, text = frames.read_error(body)
            return _ERRORS.get(code, OutcomeUnknownError)(text)
        if kind != _ANSWERS[asked.kind]:
            raise ProtocolError(f"an answer of kind {kind} to kind {asked.kind}")
        epoch, value = asked.decode(body)
        if not self._epochs.is_current(asked.partition, epoch):
            raise ProtocolError(f"a former owner of partition {asked.partition} answered")
        return value


_ANSWERS: dict[int, int] = {
    Kind.SUBMIT: Kind.REPLY,
    Kind.READ: Kind.ROWS,
    Kind.LINKS: Kind.POSITIONS,
    Kind.POSITIONS: Kind.POSITIONS,
    Kind.EVENTS_AFTER: Kind.EVENTS,
}


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class Connections:
    """The connections of this process: one for each engine, made when it is first asked."""

    def __init__(
        self,
        role: ProcessRole,
        *,
        tls: ssl.SSLContext | None = None,
        limits: ClientLimits | None = None,
    ) -> None:
        self.epochs = Epochs()
        self._role = role
        self._tls = tls
        self._limits = limits
        self._open: dict[str, EngineConnection] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def to(self, address: str) -> EngineConnection:
        """Return the connection to an engine's address."""
        connection = self._open.get(address)
        if connection is None:
            connection = self._open[address] = EngineConnection(
                address, role=self._role, epochs=self.epochs, tls=self._tls, limits=self._limits
            )
        return connection

    def retain(self, addresses: Iterable[str]) -> None:
        """Close the connections to every other address."""
        kept = set(addresses)
        for address in [address for address in self._open if address not in kept]:
            task = asyncio.ensure_future(self._open.pop(address).close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all of them."""
        self.retain(())
        await asyncio.gather(*self._closing)
