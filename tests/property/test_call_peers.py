"""Both ends of a calls connection against frames of any order and content. Covers J03's wire."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.calls_scene import ALICE, order

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.client import ClientLimits, EngineConnection, Epochs, _Session
from openoutcry.adapters.tcp.frames import FrameReader, Kind, ProcessRole, Query
from openoutcry.adapters.tcp.server import CallsServer, Hosted, ServerLimits, _Peer
from openoutcry.core.records import OrderEvent
from openoutcry.kernel import Kernel
from openoutcry.ports.calls import CallError, Reply

GREETING = frames.hello(frames.Hello(1, 1, ProcessRole.ENGINE, 0, ()))
OWNS = frames.hello(frames.Hello(1, 1, ProcessRole.ENGINE, 100, (frames.Owned(0, 3),)))
REQUESTS = st.one_of(
    st.builds(
        frames.frame,
        st.sampled_from([*map(int, Kind)]),
        st.integers(0, 30),
        st.one_of(
            st.binary(max_size=80),
            st.just(frames.TARGET.pack(0, 0) + order("o")),
            st.builds(
                lambda *values: frames.read_body(frames.Read(*values)),
                st.integers(0, 1),
                st.sampled_from([*map(int, Query), 77]),
                st.integers(0, 70_000),
                st.sampled_from([0, ALICE, 2**64 - 1]),
                st.integers(-(2**63), 2**63 - 1),
                st.binary(max_size=40),
            ),
        ),
    ),
    st.binary(max_size=40),
)
ANSWERS = st.one_of(
    st.builds(
        frames.frame,
        st.sampled_from([*map(int, Kind)]),
        st.integers(0, 4),
        st.one_of(
            st.binary(max_size=80),
            st.just(b"\3" + bytes(23) + OrderEvent().pack()),
            st.just(b"\2" + bytes(23)),
        ),
    ),
    st.just(OWNS),
)


class Wire(asyncio.Transport):
    """Remembers what is written; a closed one hears nothing more."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class StraightCalls:
    """The kernel's own reads, as the runtime makes them, and a submit that answers at once."""

    def __init__(self) -> None:
        self.kernel = Kernel()

    async def submit(self, command: bytes) -> Reply:
        await asyncio.sleep(0)
        return Reply(1, 2, OrderEvent().pack())

    def __getattr__(self, name: str) -> Any:
        async def read(*values: Any) -> Any:
            found = getattr(self.kernel, name)(*values)
            return [] if found == b"" else found

        return read

    async def committed_seq(self, account_id: int) -> int:
        return self.kernel.seq()

    async def catalog(self) -> list[Any]:
        return []


def in_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run, and fail on whatever reached the loop's handler."""
    told: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        await work

    asyncio.run(watched())
    assert told == []


@settings(max_examples=200, deadline=None)
@given(is_greeted=st.booleans(), pieces=st.lists(REQUESTS, max_size=12))
def test_a_server_answers_or_cuts_whatever_it_is_sent(
    *, is_greeted: bool, pieces: list[bytes]
) -> None:
    async def work() -> None:
        server = CallsServer(limits=ServerLimits(credits=8))
        server.host(0, Hosted(StraightCalls(), 3))
        peer, wire = _Peer(server), Wire()
        peer.connection_made(wire)
        if is_greeted:
            peer.data_received(GREETING)
        for piece in pieces:
            if not wire.closed:
                peer.data_received(piece)
        for _ in range(5):
            await asyncio.sleep(0)
        answers = FrameReader(1 << 20).feed(wire.sent)
        texts = [frames.read_error(body)[1] for kind, _, body in answers if kind == Kind.ERROR]
        assert "the owner failed at this request" not in texts, "every read fits the kernel's door"
        assert peer.under_way == 0
        channels = [channel for _, channel, _ in answers if channel]
        assert len(channels) == len(set(channels)), "a request has one answer"

    in_loop(work())


@settings(max_examples=200, deadline=None)
@given(
    is_greeted=st.booleans(),
    pieces=st.lists(st.one_of(ANSWERS, st.binary(max_size=40)), max_size=12),
)
def test_a_caller_resolves_every_request_whatever_it_is_told(
    *, is_greeted: bool, pieces: list[bytes]
) -> None:
    async def work() -> None:
        limits = ClientLimits(connect_seconds_max=0.01)
        connection = EngineConnection(
            "127.0.0.1:1", role=ProcessRole.GATEWAY, epochs=Epochs(), limits=limits
        )
        session, wire = _Session(connection), Wire()
        session.connection_made(wire)
        asked = []
        if is_greeted:
            session.data_received(OWNS)
            asked = [
                session.ask(
                    Kind.SUBMIT, 0, frames.TARGET.pack(0, 0), order("o"), decode, first=True
                )
                for _ in range(3)
            ]
        for piece in pieces:
            if not wire.closed:
                session.data_received(piece)
        session.connection_lost(None)
        for outcome in await _outcomes(asked):
            assert isinstance(outcome, frames.Answer | CallError | ValueError)
        await connection.close()

    in_loop(work())


async def _outcomes(asked: list[asyncio.Future[Any]]) -> list[Any]:
    """Return what each came to; none may wait still."""
    assert all(future.done() for future in asked)
    return await asyncio.gather(*asked, return_exceptions=True)


def decode(body: bytes) -> tuple[int, Any]:
    answer = frames.read_reply(body)
    return answer.epoch, answer


@pytest.mark.parametrize("query", sorted(set(Query) - {Query.BOOK}))
def test_every_read_reaches_the_kernels_door(query: Query) -> None:
    async def work() -> None:
        server = CallsServer()
        server.host(0, Hosted(StraightCalls(), 3))
        peer, wire = _Peer(server), Wire()
        peer.connection_made(wire)
        read = frames.Read(0, query, 65_535, 2**64 - 1, -(2**63), bytes(36))
        peer.data_received(GREETING + frames.frame(Kind.READ, 1, frames.read_body(read)))
        for _ in range(3):
            await asyncio.sleep(0)
        (_, (kind, channel, _)) = FrameReader(1 << 20).feed(wire.sent)
        assert (kind, channel) == (Kind.ROWS, 1)

    in_loop(work())
