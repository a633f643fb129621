"""What a connection may do to us: garbage, floods, silence, not reading (W04 to W09, V06)."""

import asyncio
import base64
import json
import os
import random
import struct
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from tests.support.small_exchange import SmallExchange
from tests.support.ws_server import PATIENCE_S, ask, receive, receive_until, served, until
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from openoutcry.core.enums import Side
from openoutcry.gateways.ws.connection import ConnectionLimits

PRICE = 7_800_000


class RawSocket:
    """A client that says what no client library would."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(
        cls, port: int, path: str = "/ws", rest: bytes = b"", more: str = ""
    ) -> "RawSocket":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n".encode()
            + rest
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        assert b"permessage-deflate" not in head
        return cls(reader, writer)

    async def close_code(self) -> int:
        """Read frames up to the close frame; returns its code."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                first, second = await self.reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                payload = await self.reader.readexactly(size)
                if first & 0x0F == 8:
                    return struct.unpack("!H", payload[:2])[0]


def frame(opcode: int, payload: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    """Build a client's frame."""
    head = bytes([opcode | (0x80 if final else 0)])
    size, mask_bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head += bytes([size | mask_bit])
    else:
        head += bytes([126 | mask_bit]) + struct.pack("!H", size)
    return head + (bytes(4) if masked else b"") + payload


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xde\xad\xbe\xef" * 50, 1002),
        (frame(1, b"{}", masked=False), 1002),
        (b"\xc1\x80\x00\x00\x00\x00", 1002),
        (frame(3, b""), 1002),
        (frame(0, b"x"), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(1, b"a", final=False) + frame(1, b"b"), 1002),
        (frame(1, b"\xff\xfe{}"), 1007),
        (frame(2, bytes(range(64)) + b"\xff"), 1007),
        (frame(1, b'{"\xc3', final=False) + frame(0, b"("), 1007),
        (b"\x81\xff" + struct.pack("!Q", 1 << 30) + bytes(4), 1009),
        (b"\x81\xff" + struct.pack("!Q", 1 << 62) + bytes(4), 1009),
        (frame(1, b"x", final=False) + frame(0, b"", final=False) * 70, 1009),
        ((frame(1, b"x" * 60_000, final=False) + frame(0, b"x" * 60_000, final=False) * 2), 1009),
    ],
    ids=lambda it: str(it)[:40],
)
async def test_garbage_is_closed_with_its_code(data: bytes, code: int) -> None:
    """W04, W05"""
    async with served() as on:
        for path in ("/ws/btcusd@trade", "/ws-api/v3"):
            socket = await RawSocket.open(on.port, path)
            socket.writer.write(data)
            assert await socket.close_code() == code
            socket.writer.close()


async def test_w06_nothing_is_inflated() -> None:
    """Whoever offers compression is not taken up on it, and a compressed frame is none."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packed.compress(bytes(30_000_000)) + packed.flush(zlib.Z_SYNC_FLUSH)
    async with served() as on:
        socket = await RawSocket.open(
            on.port, "/ws-api/v3", more="Sec-WebSocket-Extensions: permessage-deflate\r\n"
        )
        socket.writer.write(frame(0x41, bomb[:60_000]))
        assert await socket.close_code() == 1002
        socket.writer.close()


async def test_frames_that_come_with_the_handshake_are_read() -> None:
    async with served() as on:
        socket = await RawSocket.open(
            on.port, rest=frame(1, b'{"method":"LIST_SUBSCRIPTIONS","id":7}')
        )
        assert b'"id":7' in await asyncio.wait_for(socket.reader.readuntil(b"}"), PATIENCE_S)
        socket.writer.close()


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", b" 400 "),
        ("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", b" 400 "),
        ("Sec-WebSocket-Version: 13\r\n", b" 400 "),
    ],
)
async def test_bad_handshakes_get_an_http_error(header: str, status: bytes) -> None:
    async with served() as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.port)
        writer.write(
            b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + header.encode()
            + b"\r\n"
        )
        assert status in await asyncio.wait_for(reader.read(), PATIENCE_S)
        writer.close()


async def test_too_many_control_messages_end_the_connection() -> None:
    """W07: five a second, and a burst."""
    async with served(SmallExchange(enforce_limits=True)) as on, on.connect("/ws") as ws:

        async def flood() -> None:
            for number in range(10_000):
                await ws.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
                await asyncio.sleep(0)

        with pytest.raises(ConnectionClosed):
            await flood()
        await ws.wait_closed()
        assert (ws.close_code, ws.close_reason) == (1008, "Too many requests")


async def test_lifted_limits_let_messages_through() -> None:
    async with served(SmallExchange()) as on, on.connect("/ws") as ws:
        for number in range(100):
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=number)


async def test_a_flood_of_pings_ends_the_connection() -> None:
    """W09"""
    async with served() as on:
        socket = await RawSocket.open(on.port)
        socket.writer.write(frame(9, b"") * 5_000)
        assert await socket.close_code() == 1008
        socket.writer.close()


async def test_pings_are_answered_and_unasked_pongs_are_fine() -> None:
    async with served() as on, on.connect("/ws") as ws:
        await asyncio.wait_for(await ws.ping(), PATIENCE_S)
        await ws.pong(b"unasked")
        await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)


async def test_silence_after_a_ping_ends_the_connection() -> None:
    """W09: no pong; an unasked pong does not count."""
    limits = ConnectionLimits(ping_interval_s=0.1, pong_timeout_s=2.0)
    async with served(stream_limits=limits) as on:
        socket = await RawSocket.open(on.port)
        socket.writer.write(frame(10, b"not yours"))
        assert await socket.close_code() == 1008
        socket.writer.close()
        async with on.connect("/ws") as alive:
            await asyncio.sleep(3.0)
            await ask(alive, method="LIST_SUBSCRIPTIONS", id=1)


async def test_a_connection_has_an_end_of_life() -> None:
    limits = ConnectionLimits(life_s=0.5)
    async with served(stream_limits=limits) as on, on.connect("/ws") as ws:
        await asyncio.wait_for(ws.wait_closed(), PATIENCE_S)
        assert ws.close_code == 1001


async def test_a_slow_consumer_is_dropped_and_nobody_else_feels_it() -> None:
    """W08, V06: memory stays bounded, others get everything, the slow one a code."""
    bound = 64 * 1024
    limits = ConnectionLimits(write_buffer_bytes_max=bound, close_timeout_s=1.0)
    async with served(stream_limits=limits) as on:
        small = on.small
        slow = await RawSocket.open(
            on.port, "/ws/btcusd@trade/btcusd@bookTicker/btcusd@depth20@100ms"
        )
        async with on.connect("/ws/btcusd@trade") as quick:
            held_max, trades = 0, 0
            slow_one = next(iter(on.gateway._connections))
            slow_one._transport.get_extra_info("socket").setsockopt(1, 7, 4096)  # SO_SNDBUF
            seen = 0
            for _ in range(400):
                small.limit(small.alice, Side.SELL, PRICE, 500)
                for _ in range(50):
                    small.limit(small.bob, Side.BUY, PRICE, 10)
                    trades += 1
                await asyncio.sleep(0)
                held_max = max(held_max, slow_one._transport.get_write_buffer_size())
                while seen < trades:
                    await asyncio.wait_for(quick.recv(), PATIENCE_S)
                    seen += 1
                if not slow_one.is_open:
                    break
            assert not slow_one.is_open, "the slow one is still being served"
            assert seen == trades
            assert held_max < bound * 2
            small.limit(small.alice, Side.SELL, PRICE, 15)
            small.limit(small.bob, Side.BUY, PRICE, 15)
            assert (await receive(quick))["q"] == "0.00015000"
        await until(lambda: on.gateway.connection_count == 0)  # the slow one is cut
        slow.writer.close()


async def test_a_slow_consumer_that_reads_again_is_told_why() -> None:
    limits = ConnectionLimits(write_buffer_bytes_max=8_192)
    async with served(stream_limits=limits) as on:
        socket = await RawSocket.open(on.port, "/ws/btcusd@trade")
        one = next(iter(on.gateway._connections))
        one._transport.get_extra_info("socket").setsockopt(1, 7, 4096)  # SO_SNDBUF
        on.small.limit(on.small.alice, Side.SELL, PRICE, 1_000_000)
        while one.is_open:
            for _ in range(20):
                on.small.limit(on.small.bob, Side.BUY, PRICE, 10)
            await asyncio.sleep(0.001)
        assert await socket.close_code() == 1008
        socket.writer.close()


async def test_the_number_of_connection_attempts_is_limited() -> None:
    """W14: 300 in five minutes from one address."""
    async with served(SmallExchange(enforce_limits=True)) as on:

        async def come_and_go() -> None:
            for _ in range(305):
                async with on.connect("/ws"):
                    pass

        with pytest.raises(InvalidStatus) as refused:
            await come_and_go()
        assert refused.value.response.status_code in {418, 429}
        assert b'"code":-1003' in refused.value.response.body


async def test_closing_is_answered_with_the_same_code() -> None:
    async with served() as on:
        ws = await on.connect("/ws/btcusd@trade")
        await ws.close(1000, "bye")
        assert ws.close_code == 1000
        await until(lambda: on.gateway.connection_count == 0)


async def test_one_message_in_many_fragments() -> None:
    async with served() as on:
        socket = await RawSocket.open(on.port)
        text = b'{"method":"LIST_SUBSCRIPTIONS","id":3}'
        parts = [text[i : i + 4] for i in range(0, len(text), 4)]
        data = frame(1, parts[0], final=False)
        data += frame(9, b"between") + b"".join(frame(0, part, final=False) for part in parts[1:])
        socket.writer.write(data + frame(0, b""))
        received = await asyncio.wait_for(socket.reader.readuntil(b'"id":3}'), PATIENCE_S)
        assert b"between" in received
        socket.writer.close()


async def test_a_thousand_subscribers_of_one_market_all_hear_it() -> None:
    async with served() as on:
        small, path = on.small, "/stream?streams=btcusd@trade/btcusd@depth@100ms"
        sockets = []
        for _ in range(20):
            sockets += await asyncio.gather(*[on.connect(path) for _ in range(50)])
        try:
            assert on.gateway.connection_count == 1_000
            small.limit(small.alice, Side.SELL, PRICE, 100)
            for _ in range(10):
                small.limit(small.bob, Side.BUY, PRICE, 10)
                await asyncio.sleep(0.01)

            async def last_trade(ws: ClientConnection) -> Any:
                return await receive_until(ws, lambda m: m["data"].get("t") == 10)

            messages = await asyncio.gather(*[last_trade(ws) for ws in sockets])
            assert {m["data"]["e"] for m in messages} == {"trade"}
        finally:
            await asyncio.gather(*[ws.close() for ws in sockets])
        assert on.gateway._streams.hub.channel_count() == 0


@pytest.mark.parametrize(
    "scenario",
    [
        test_a_slow_consumer_is_dropped_and_nobody_else_feels_it,
        test_a_slow_consumer_that_reads_again_is_told_why,
        test_closing_is_answered_with_the_same_code,
    ],
)
def test_on_the_event_loop_of_the_server(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """The server runs on uvloop, whose transports count their buffers in another way."""
    uvloop.run(scenario())


async def test_noise_of_every_kind_never_hurts_the_server() -> None:
    rng = random.Random(11)
    async with served() as on:
        for number in range(80):
            path = rng.choice(("/ws", "/stream", "/ws/btcusd@trade", "/ws-api/v3"))
            socket = await RawSocket.open(on.port, path)
            good = frame(1, b'{"id":1,"method":"ping"}')
            noise = bytearray(good * rng.randrange(1, 4) + rng.randbytes(rng.randrange(40)))
            for _ in range(rng.randrange(6)):
                noise[rng.randrange(len(noise))] = rng.randrange(256)
            socket.writer.write(bytes(noise))
            if number % 3 == 0:
                socket.writer.transport.abort()
            else:
                socket.writer.write_eof()
                await asyncio.wait_for(socket.reader.read(), PATIENCE_S)
                socket.writer.close()
        async with on.connect("/ws") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
        await until(lambda: on.gateway.connection_count == 0)
