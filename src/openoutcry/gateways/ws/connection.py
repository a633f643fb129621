"""One WebSocket connection on an asyncio transport: frames in, frames out, bounds on both.

Incoming bytes go through the sans-I/O `websockets` protocol, which knows the handshake, masks,
fragments and close codes. Outgoing events are broadcast: a server's frames are not masked, so a
frame is built once (`text_frame`) and the same bytes are written to every subscriber. Three bounds
hold for each connection: what it may send us in a second, what may wait for it to be read, and how
long it may live.
"""

import asyncio
import logging
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as Handshake
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from openoutcry.gateways.edge.service import Request

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


logger = logging.getLogger("openoutcry.websocket")
_PROTOCOL_LOGGER = logging.getLogger("openoutcry.websocket.protocol")
_PROTOCOL_LOGGER.setLevel(logging.WARNING)

TOO_MANY_REQUESTS = "Too many requests"
SLOW_CONSUMER = "Slow consumer"
PONG_TIMEOUT = "Pong timeout"
LIFE_OVER = "Disconnected after 24 hours"

_HANDSHAKE_HEADERS = (
    "host",
    "connection",
    "upgrade",
    "origin",
    "sec-websocket-key",
    "sec-websocket-version",
)
_FRAGMENTS_MAX = 64
_SHORT_PAYLOAD = struct.Struct("!BBH")
_LONG_PAYLOAD = struct.Struct("!BBQ")
_TEXT_FINAL = 0x81


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """The bounds of one connection. Times in seconds, sizes in bytes."""

    message_bytes_max: int = 128 * 1024
    write_buffer_bytes_max: int = 1024 * 1024
    write_buffer_bytes_high: int = 256 * 1024
    messages_per_second: float = 0.0
    """Text messages; 0 means that the session counts for itself."""
    messages_burst: float = 15.0
    control_frames_per_second: float = 5.0
    control_frames_burst: float = 60.0
    ping_interval_s: float = 20.0
    pong_timeout_s: float = 60.0
    life_s: float = 24 * 60 * 60.0
    close_timeout_s: float = 5.0


class Bucket:
    """A token bucket: so many a second, and a burst."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token; False when there is none."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


def text_frame(payload: bytes) -> bytes:
    """Return the one server frame that carries this text."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT_FINAL, size)) + payload
    if size < 1 << 16:
        return _SHORT_PAYLOAD.pack(_TEXT_FINAL, 126, size) + payload
    return _LONG_PAYLOAD.pack(_TEXT_FINAL, 127, size) + payload


class Session(Protocol):
    """What a connection is for: it takes messages and is told of the end."""

    def received(self, message: bytes) -> None:
        """Take one message, valid UTF-8."""
        ...

    def ended(self) -> None:
        """The connection is gone; nothing written to it arrives any more."""
        ...

    def farewell(self) -> bytes | None:
        """Return the message that tells of a shutdown, or None."""
        ...


SessionFactory = Callable[["Connection"], Session]
ConnectionListener = Callable[["Connection"], None]


class Connection(asyncio.Protocol):
    """The protocol that an upgraded transport is given.

    `open` does the handshake. `write` takes whole frames and drops a consumer that does not read;
    `tick` is called about once a second for pings, time-outs and the end of life.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        peer_ip: str,
        limits: ConnectionLimits,
        on_closed: ConnectionListener,
    ) -> None:
        self.peer_ip = peer_ip
        self.limits = limits
        self._transport = transport
        self._on_closed = on_closed
        self._loop = asyncio.get_running_loop()
        self.opened_at = self._loop.time()
        self._protocol = ServerProtocol(max_size=limits.message_bytes_max, logger=_PROTOCOL_LOGGER)
        self._session: Session | None = None
        self._closing = False
        self._closed = False
        self._abort_timer: asyncio.TimerHandle | None = None
        self._fragments: list[bytes] = []
        self._in_message = False
        self._messages = Bucket(limits.messages_per_second, limits.messages_burst, self.opened_at)
        self._controls = Bucket(
            limits.control_frames_per_second, limits.control_frames_burst, self.opened_at
        )
        self._next_ping_at = self.opened_at + limits.ping_interval_s
        self._pings: deque[tuple[bytes, float]] = deque()
        self._writing_paused = False
        self._held = False
        self._reading_paused = False

    # -- opening

    def open(self, request: Request, session: SessionFactory, leftover: bytes) -> bool:
        """Answer the handshake and start the session; False when the handshake was refused."""
        self._transport.set_protocol(self)
        self._transport.set_write_buffer_limits(high=self.limits.write_buffer_bytes_high)
        head = [f"{request.method} / HTTP/1.1"]
        for name in _HANDSHAKE_HEADERS:
            value = request.headers.get(name)
            if value is not None:
                head.append(f"{name}: {value}")
        self._protocol.receive_data(("\r\n".join(head) + "\r\n\r\n").encode("latin-1", "replace"))
        for event in self._protocol.events_received():
            if isinstance(event, Handshake):
                self._protocol.send_response(self._protocol.accept(event))
        self._flush()
        if self._protocol.state is not OPEN:
            self._end_soon()
            return False
        self._session = session(self)
        if leftover:
            self.data_received(leftover)
        return True

    # -- outgoing

    @property
    def is_open(self) -> bool:
        """True while frames may be written."""
        return not self._closing

    def write(self, frame: bytes) -> None:
        """Write one or more whole frames; a consumer too far behind is closed instead."""
        if self._closing:
            return
        waiting = self._transport.get_write_buffer_size()
        if waiting > self.limits.write_buffer_bytes_max:
            logger.warning("slow consumer %s dropped, %d bytes waiting", self.peer_ip, waiting)
            self.close(CloseCode.POLICY_VIOLATION, SLOW_CONSUMER)
            return
        self._transport.write(frame)

    def send(self, payload: bytes) -> None:
        """Write one text message."""
        self.write(text_frame(payload))

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Start the closing handshake; the transport is cut when the peer does not finish it."""
        if self._closing:
            return
        self._closing = True
        if self._protocol.state is OPEN:
            self._protocol.send_close(code, reason)
        self._flush()
        self._end_soon()

    def shut_down(self) -> None:
        """Tell the peer that the server is stopping, and close."""
        if self._session is not None and not self._closing:
            farewell = self._session.farewell()
            if farewell is not None:
                self.send(farewell)
        self.close(CloseCode.GOING_AWAY, "Server shutdown")

    def abort(self) -> None:
        """Cut the transport at once."""
        self._closing = True
        self._transport.abort()

    def _fail(self, code: int, reason: str) -> None:
        """End the connection for what the peer sent; nothing more is read."""
        if self._protocol.state is OPEN:
            self._protocol.fail(code, reason)
        self._closing = True
        self._flush()
        self._end_soon()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    def _end_soon(self) -> None:
        self._closing = True
        self._pace_reading()
        if self._abort_timer is None and not self._closed:
            self._abort_timer = self._loop.call_later(
                self.limits.close_timeout_s, self._transport.abort
            )

    # -- time

    def tick(self, now: float) -> None:
        """Send a ping when it is due; end a connection that is silent or too old."""
        if self._closing:
            return
        if now - self.opened_at >= self.limits.life_s:
            self.close(CloseCode.GOING_AWAY, LIFE_OVER)
        elif self._pings and now - self._pings[0][1] >= self.limits.pong_timeout_s:
            self.close(CloseCode.POLICY_VIOLATION, PONG_TIMEOUT)
        elif now >= self._next_ping_at:
            self._next_ping_at = now + self.limits.ping_interval_s
            payload = str(int(now * 1000)).encode()
            self._pings.append((payload, now))
            self._protocol.send_ping(payload)
            self._flush()

    def _pong(self, payload: bytes) -> None:
        """A pong answers the ping it copies and all before; any other says nothing."""
        if any(sent == payload for sent, _ in self._pings):
            while self._pings.popleft()[0] != payload:
                pass

    # -- incoming

    @override
    def data_received(self, data: bytes) -> None:
        """Take bytes from the transport."""
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if self._closing:
                break
            assert isinstance(event, Frame)
            self._frame_received(event)
        if self._protocol.state is not OPEN:
            self._end_soon()

    def _frame_received(self, frame: Frame) -> None:
        opcode = frame.opcode
        now = self._loop.time()
        if opcode in {Opcode.TEXT, Opcode.BINARY}:
            if not self._admit_message(now):
                return
            if frame.fin:
                self._message_received(bytes(frame.data))
            else:
                self._fragments = [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            self._fragments.append(bytes(frame.data))
            if len(self._fragments) > _FRAGMENTS_MAX:
                self._fragments = []
                self._fail(CloseCode.MESSAGE_TOO_BIG, "Too many fragments")
            elif frame.fin:
                message, self._fragments = b"".join(self._fragments), []
                self._message_received(message)
        elif opcode in {Opcode.PING, Opcode.PONG}:
            if not self._controls.take(now):
                self.close(CloseCode.POLICY_VIOLATION, TOO_MANY_REQUESTS)
            elif opcode is Opcode.PONG:
                self._pong(bytes(frame.data))

    def _admit_message(self, now: float) -> bool:
        if self.limits.messages_per_second == 0.0 or self._messages.take(now):
            return True
        self.close(CloseCode.POLICY_VIOLATION, TOO_MANY_REQUESTS)
        return False

    def _message_received(self, message: bytes) -> None:
        try:
            message.decode()
        except UnicodeDecodeError as error:
            self._fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            return
        if self._session is not None:
            self._session.received(message)

    # -- the transport's word

    def hold_reading(self, *, hold: bool) -> None:
        """Take no more from the peer until what it asked for is done."""
        self._held = hold
        self._pace_reading()

    def _pace_reading(self) -> None:
        pause = (self._held or self._writing_paused) and not self._closing
        if pause != self._reading_paused and not self._transport.is_closing():
            self._reading_paused = pause
            if pause:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    @override
    def pause_writing(self) -> None:
        """The peer reads too slowly: take no more from it, so that it cannot ask for more."""
        self._writing_paused = True
        self._pace_reading()

    @override
    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._writing_paused = False
        self._pace_reading()

    @override
    def eof_received(self) -> bool | None:
        """The peer has stopped sending: the transport closes itself."""
        self._protocol.receive_eof()
        self._closing = True
        self._flush()
        return None

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """The transport is gone."""
        del exc
        self._closing = True
        self._closed = True
        if self._abort_timer is not None:
            self._abort_timer.cancel()
            self._abort_timer = None
        session, self._session = self._session, None
        if session is not None:
            session.ended()
        self._on_closed(self)
