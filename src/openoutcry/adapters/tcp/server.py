"""The engine's side of calls: serves the partitions that this process owns to whoever may ask.

Requests of a connection are under way together, and each is answered when its own `Calls` releases
it. What is written in one round of the event loop goes out in one piece.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.frames import (
    Code,
    Frame,
    FrameReader,
    Kind,
    ProcessRole,
    ProtocolError,
    Query,
)
from openoutcry.adapters.tcp.reads import ask
from openoutcry.adapters.tcp.tls import has_role
from openoutcry.codec.records import COMMAND_KIND_OFFSET
from openoutcry.core.enums import CommandKind
from openoutcry.ports.calls import (
    CallError,
    Calls,
    NotAcceptedError,
    NotHostedError,
    NotOwnerError,
    OutcomeUnknownError,
    OverloadedError,
    Reply,
    StorageFullError,
)
from openoutcry.ports.links import LinkPosition, LinkReceiver
from openoutcry.ports.repair import Repair

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


log = logging.getLogger(__name__)

_T = TypeVar("_T")
_CODES: dict[type[CallError], Code] = {
    NotAcceptedError: Code.NOT_ACCEPTED,
    StorageFullError: Code.STORAGE_FULL,
    OverloadedError: Code.OVERLOADED,
    NotOwnerError: Code.NOT_OWNER,
    NotHostedError: Code.NOT_HOSTED,
    OutcomeUnknownError: Code.OUTCOME_UNKNOWN,
}
_OF_USERS = frozenset(
    {
        *(CommandKind.NEW_ORDER, CommandKind.CANCEL_ORDER, CommandKind.CANCEL_ALL),
        *(CommandKind.CANCEL_REPLACE, CommandKind.AMEND_ORDER, CommandKind.CREATE_ASSET),
        *(CommandKind.CREATE_MARKET, CommandKind.UPDATE_MARKET, CommandKind.SET_MARKET_STATUS),
        *(CommandKind.CREATE_ACCOUNT, CommandKind.UPDATE_ACCOUNT, CommandKind.SET_FEES),
        *(CommandKind.SET_LIMITS, CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.ADJUST),
    }
)
_OF_ENGINES = frozenset({CommandKind.MOVE_IN})
"""What the owner of an entity that moves sends to where it goes."""
_OF_THE_OWNER = frozenset(
    {
        *(CommandKind.TICK, CommandKind.QUARANTINE, CommandKind.EPOCH),
        *(CommandKind.LINK_ACK, CommandKind.DELIVER, CommandKind.SET_ROLE),
    }
)
"""Commands that only the owner's runtime makes."""


HANG_UP_SECONDS = 0.5
"""How long callers have to take the last answers of a server that closes."""


@dataclass(slots=True)
class Hosted:
    """One partition that this process owns, and what can be asked of it."""

    calls: Calls
    epoch: int
    links: LinkReceiver | None = None
    repair: Repair | None = None
    is_held: Callable[[], bool] = lambda: True
    """Whether nobody else can own it: only then reads are answered."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How much a server bears from each connection."""

    credits: int = 2048
    """Requests under way."""
    connections_max: int = 1024
    request_bytes_max: int = frames.REQUEST_BYTES_MAX
    answer_bytes_max: int = frames.ANSWER_BYTES_MAX
    hello_seconds_max: float = 5.0
    silence_seconds_max: float = 15.0
    """A caller that is there pings more often than this."""
    write_seconds_max: float = 10.0
    """How long a caller may leave its answers unread."""
    sweep_seconds: float = 0.5


class CallsServer:
    """Listens, and serves what is hosted; partitions come and go while it runs."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, limits: ServerLimits | None = None
    ) -> None:
        self.limits = limits or ServerLimits()
        self.hosted: dict[int, Hosted] = {}
        self.credits = self.limits.credits
        self.is_draining = False
        self.loop = asyncio.get_running_loop()
        self._tls = tls
        self._peers: set[_Peer] = set()
        self._listener: asyncio.Server | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._empty = asyncio.Event()

    async def start(self, host: str, port: int) -> int:
        """Listen on an address; returns the port. Raises OSError when it is taken."""
        self._listener = await self.loop.create_server(
            lambda: _Peer(self), host, port, ssl=self._tls, backlog=512
        )
        self._sweep()
        return int(self._listener.sockets[0].getsockname()[1])

    def host(self, partition: int, hosted: Hosted) -> None:
        """Serve a partition from now on, and say so to everybody."""
        self.hosted[partition] = hosted
        self._tell()

    def drop(self, partition: int) -> None:
        """Serve a partition no more; what is under way is still answered."""
        if self.hosted.pop(partition, None) is not None:
            self._tell()

    def set_credits(self, number: int) -> None:
        """Have every connection keep at most so many requests under way."""
        self.credits = min(number, self.limits.credits)
        for peer in self._peers:
            peer.send_own(frames.credit(self.credits))

    def hello(self, version: int) -> bytes:
        """Return the greeting: the version agreed on, the credits, what is hosted."""
        owned = tuple(
            frames.Owned(partition, self.hosted[partition].epoch)
            for partition in sorted(self.hosted)
        )
        return frames.hello(
            frames.Hello(
                version, frames.PROTOCOL_VERSION_MIN, ProcessRole.ENGINE, self.credits, owned
            )
        )

    def _tell(self) -> None:
        for peer in self._peers:
            if peer.version:
                peer.send_own(self.hello(peer.version))

    def opened(self, peer: "_Peer") -> bool:
        """Take a connection in, unless there are too many."""
        if self.is_draining or len(self._peers) >= self.limits.connections_max:
            return False
        self._peers.add(peer)
        return True

    def closed(self, peer: "_Peer") -> None:
        """Forget a connection."""
        self._peers.discard(peer)
        self.went_idle()
        if self.is_draining and not self._peers:
            self._empty.set()

    def went_idle(self) -> None:
        """See whether anything is under way still."""
        if self.is_draining and not any(peer.under_way for peer in self._peers):
            self._idle.set()

    def connections(self) -> int:
        """Return how many connections are open."""
        return len(self._peers)

    def _sweep(self) -> None:
        now = self.loop.time()
        for peer in list(self._peers):
            peer.sweep(now)
        self._sweeper = self.loop.call_later(self.limits.sweep_seconds, self._sweep)

    async def close(self, grace_seconds: float = 5.0) -> None:
        """Take nothing more, let what is under way be answered, hang up."""
        self.is_draining = True
        if self._listener is not None:
            self._listener.close()
        self.hosted.clear()
        self._tell()
        self.went_idle()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._idle.wait()
        for peer in list(self._peers):
            peer.hang_up()
        await self._wait_empty()
        for peer in list(self._peers):
            peer.abort()
        await self._wait_empty()
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._listener is not None:
            await self._listener.wait_closed()

    async def _wait_empty(self) -> None:
        """Wait a moment for connections that end to be gone."""
        if self._peers:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HANG_UP_SECONDS):
                    await self._empty.wait()


class _Peer(asyncio.Protocol):
    """One connection from a gateway or another engine."""

    def __init__(self, server: CallsServer) -> None:
        self._server = server
        self._loop = server.loop
        self._reader = FrameReader(server.limits.request_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._role = ProcessRole.GATEWAY
        self._last_channel = 0
        self._heard = self._loop.time()
        self._paused_since = 0.0
        self.version = 0
        self.under_way = 0

    # -- asyncio.Protocol

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or not."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._server.opened(self):
            self._transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """What is under way goes on; nobody hears of it."""
        del exc
        self._transport = None
        self._out.clear()
        self._server.closed(self)

    @override
    def data_received(self, data: bytes) -> None:
        """Take what came; a caller that speaks something else is told so and cut."""
        if self._transport is None or self._transport.is_closing():
            return
        self._heard = self._loop.time()
        try:
            for received in self._reader.feed(data):
                self._take(received)
        except frames.VersionError as error:
            self._refuse(Code.VERSION, str(error))
        except ProtocolError as error:
            self._refuse(Code.PROTOCOL, str(error))

    @override
    def pause_writing(self) -> None:
        """The caller reads too slowly: hear nothing more from it."""
        self._paused_since = self._loop.time()
        if self._transport is not None:
            self._transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused_since = 0.0
        self._heard = self._loop.time()
        if self._transport is not None:
            self._transport.resume_reading()

    def sweep(self, now: float) -> None:
        """Cut a connection that has been silent, or has not read, for too long."""
        limits, transport = self._server.limits, self._transport
        if transport is None:
            return
        if self._paused_since:
            if now - self._paused_since > limits.write_seconds_max:
                log.warning("a caller did not read for %s s: cut", limits.write_seconds_max)
                transport.abort()
        elif now - self._heard > (
            limits.silence_seconds_max if self.version else limits.hello_seconds_max
        ):
            transport.abort()

    def hang_up(self) -> None:
        """Send what is to be sent, and close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, code: Code, text: str) -> None:
        log.warning("a caller is cut: %s", text)
        self._out.append(frames.error(0, code, text))
        self.hang_up()

    # -- frames out

    def send_own(self, data: bytes) -> None:
        """Send a frame of the connection's own, once it has been greeted."""
        if self.version:
            self._send(data)

    def _send(self, data: bytes) -> None:
        out = self._out
        if not out:
            self._loop.call_soon(self._flush)
        out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and out:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def finish(self, channel: int, answer: bytes) -> None:
        """Send the answer of a request."""
        self.under_way -= 1
        if len(answer) - frames.HEADER.size > self._server.limits.answer_bytes_max:
            answer = frames.error(channel, Code.OUTCOME_UNKNOWN, "the answer is too large")
        if self._transport is not None:
            self._send(answer)
        if self._server.is_draining:
            self._server.went_idle()

    # -- frames in

    def _take(self, received: Frame) -> None:
        kind, channel, body = received
        if not self.version:
            self._greet(kind, body)
        elif kind == Kind.PING:
            if frames.is_asking(body):
                self._send(frames.PONG)
        elif channel <= self._last_channel:
            raise ProtocolError(f"kind {kind} on channel {channel} after {self._last_channel}")
        else:
            self._last_channel = channel
            if self.under_way >= self._server.limits.credits:
                self._send(frames.error(channel, Code.OVERLOADED, "no credit"))
            elif kind == Kind.SUBMIT:
                self._submit(channel, body)
            elif kind == Kind.READ:
                self._read(channel, body)
            else:
                self._ask_links(kind, channel, body)

    def _greet(self, kind: int, body: bytes) -> None:
        if kind != Kind.HELLO:
            raise ProtocolError("a connection begins with a greeting")
        theirs = frames.read_hello(body)
        version = frames.agree(theirs)
        if theirs.role not in tuple(ProcessRole):
            raise ProtocolError(f"there is no role {theirs.role}")
        role = ProcessRole(theirs.role)
        assert self._transport is not None
        certificate = self._transport.get_extra_info("peercert")
        if certificate is not None and not has_role(certificate, role):
            self._refuse(Code.FORBIDDEN, f"the certificate is not of a {role.name.lower()}")
            return
        self._role = role
        self.version = version
        self._send(self._server.hello(version))

    def _submit(self, channel: int, body: bytes) -> None:
        partition, command = frames.read_submit(body)
        hosted = self._hosted(channel, partition)
        if hosted is None:
            return
        kind = command[COMMAND_KIND_OFFSET]
        if self._may_send(kind):
            epoch = hosted.epoch
            self._begin(
                channel,
                hosted.calls.submit(command),
                lambda found: _reply(channel, epoch, found),
            )
        else:
            text = f"a {self._role.name.lower()} may not send commands of kind {kind}"
            self._send(frames.error(channel, Code.FORBIDDEN, text))

    def _may_send(self, kind: int) -> bool:
        if kind in _OF_USERS:
            return True
        if self._role is ProcessRole.ENGINE:
            return kind in _OF_ENGINES
        return self._role is ProcessRole.CONTROL and kind not in _OF_THE_OWNER

    def _read(self, channel: int, body: bytes) -> None:
        read = frames.read_read(body)
        hosted = self._hosted(channel, read.partition)
        if hosted is None:
            return
        epoch = hosted.epoch
        if read.query != Query.BOOK:
            work, answer = ask(hosted.calls, read, channel, epoch)
            self._begin(channel, work, _while_held(hosted, channel, answer))
        elif hosted.repair is None:
            self._send(frames.book(channel, epoch, None))
        else:
            self._begin(
                channel,
                hosted.repair.book(read.market),
                _while_held(hosted, channel, lambda it: frames.book(channel, epoch, it)),
            )

    def _ask_links(self, kind: int, channel: int, body: bytes) -> None:
        """Take link records, a question for positions, or one for recent events."""
        if kind in {Kind.LINKS, Kind.POSITIONS}:
            self._take_links(kind, channel, body)
            return
        if kind != Kind.EVENTS_AFTER:
            raise ProtocolError(f"kind {kind} is no question")
        partition, entity, entity_seq = frames.read_events_after(body)
        hosted = self._hosted(channel, partition)
        if hosted is None:
            return
        epoch = hosted.epoch
        if hosted.repair is None:
            self._send(frames.events(channel, epoch, None))
            return
        self._begin(
            channel,
            hosted.repair.events_after(entity, entity_seq),
            lambda found: frames.events(channel, epoch, None if found is None else _packed(found)),
        )

    def _take_links(self, kind: int, channel: int, body: bytes) -> None:
        sources: tuple[int, ...] = ()
        messages = b""
        if kind == Kind.LINKS:
            partition, messages = frames.read_links(body)
        else:
            partition, sources = frames.read_sources(body)
        hosted = self._hosted(channel, partition)
        if hosted is None:
            return
        links = hosted.links
        if self._role is not ProcessRole.ENGINE or links is None:
            text = "links are for engines, into a partition that takes part in them"
            self._send(frames.error(channel, Code.FORBIDDEN, text))
            return
        epoch = hosted.epoch

        def answer(found: object) -> bytes:
            return frames.positions(channel, epoch, tuple(cast("list[LinkPosition]", found)))

        work = links.receive(messages) if kind == Kind.LINKS else links.positions(sources)
        self._begin(channel, work, answer)

    def _hosted(self, channel: int, partition: int) -> Hosted | None:
        hosted = self._server.hosted.get(partition)
        if hosted is None:
            text = f"partition {partition} is not here"
            self._send(frames.error(channel, Code.NOT_OWNER, text))
        return hosted

    def _begin(self, channel: int, work: Awaitable[_T], answer: Callable[[_T], bytes]) -> None:
        self.under_way += 1
        _Request(self, channel, work, answer).step()


def _while_held(
    hosted: Hosted, channel: int, answer: Callable[[_T], bytes]
) -> Callable[[_T], bytes]:
    """Have an owner that may have been deposed say so instead: its state may be an old one."""

    def made(found: _T) -> bytes:
        if hosted.is_held():
            return answer(found)
        return frames.error(channel, Code.NOT_OWNER, "the lease was not renewed in time")

    return made


class _Request:
    """One request under way, driven from future to future without a task."""

    __slots__ = ("_answer", "_channel", "_peer", "_work")

    def __init__(
        self,
        peer: _Peer,
        channel: int,
        work: Awaitable[_T],
        answer: Callable[[_T], bytes],
    ) -> None:
        self._peer = peer
        self._channel = channel
        self._work = cast("Any", work.__await__())  # a coroutine's has `send`, a future's too
        self._answer = answer

    def step(self, _done: object = None) -> None:
        """Go on up to the next future, or to the answer."""
        channel = self._channel
        try:
            awaited = self._work.send(None)
        except StopIteration as stop:
            self._peer.finish(channel, self._answer(stop.value))
        except CallError as error:
            self._peer.finish(channel, frames.error(channel, _code(error), str(error)))
        except ValueError as error:
            self._peer.finish(channel, frames.error(channel, Code.MALFORMED, str(error)))
        except Exception:  # the supervisor of the request boundary, as at a gateway's
            log.exception("a request failed")
            text = "the owner failed at this request"
            self._peer.finish(channel, frames.error(channel, Code.OUTCOME_UNKNOWN, text))
        else:
            if awaited is None:
                asyncio.get_running_loop().call_soon(self.step)
            else:
                awaited._asyncio_future_blocking = False  # noqa: SLF001 - as a task does
                awaited.add_done_callback(self.step)


def _code(error: CallError) -> Code:
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return Code.OUTCOME_UNKNOWN


def _packed(events: Any) -> bytes:
    return b"".join([event.pack() for event in events])


def _reply(channel: int, epoch: int, found: Reply) -> bytes:
    return frames.reply(channel, (epoch, found.seq, found.time_us), found.records)
