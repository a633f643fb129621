"""Calls over TCP and TLS when things go wrong. Covers J03, J05, K02, O03, O26, O31, O37."""

import asyncio
import socket
import ssl
import stat
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.calls_scene import (
    ALICE,
    QUICK,
    GatedJournal,
    Proxy,
    Wire,
    cancel,
    eventually,
    open_partition,
    order,
)

from openoutcry.adapters.memory.routes import MemoryOwners, MemoryRoute
from openoutcry.adapters.tcp import authority, frames
from openoutcry.adapters.tcp.authority import ensure_certificates
from openoutcry.adapters.tcp.client import ClientLimits, EngineConnection
from openoutcry.adapters.tcp.frames import FrameReader, Kind, ProcessRole
from openoutcry.adapters.tcp.remote import RemoteCalls, RemoteLinks, RemoteRepair
from openoutcry.adapters.tcp.server import CallsServer, Hosted, ServerLimits
from openoutcry.adapters.tcp.tls import client_context, server_context
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import (
    BalanceEvent,
    DuplicateEvent,
    Epoch,
    Event,
    OrderEvent,
    SettleLink,
    Tick,
)
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    NotConnectedError,
    NotHostedError,
    NotOwnerError,
    OutcomeUnknownError,
    OverloadedError,
)
from openoutcry.ports.links import LinkPosition
from openoutcry.ports.market_data import WholeBook
from openoutcry.ports.routes import Owner


class Scene:
    """A partition served over a wire that tests may harm."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.journal = GatedJournal()
        self.partition: Partition
        self.hosted: Hosted
        self.server: CallsServer
        self.address = ""
        self.proxies: list[Proxy] = []

    async def serve(self, limits: ServerLimits | None = None) -> None:
        self.partition = await open_partition(self.journal)
        self.hosted = Hosted(self.partition, self.partition.epoch)
        self.server, self.address = await self.wire.serve(limits, p0=self.hosted)

    async def proxy(self) -> tuple[Proxy, str]:
        proxy = Proxy(self.address)
        self.proxies.append(proxy)
        return proxy, await proxy.start()

    async def connect(
        self, address: str = "", limits: ClientLimits = QUICK
    ) -> tuple[EngineConnection, RemoteCalls]:
        connection = self.wire.connections(limits=limits).to(address or self.address)
        await connection.wait_connected()
        return connection, RemoteCalls(connection, 0)

    async def close(self) -> None:
        self.journal.gate.set()
        for proxy in self.proxies:
            proxy.holds_answers = False
        await self.wire.close()
        for proxy in self.proxies:
            await proxy.close()
        await self.partition.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls") / "certificates"


@pytest.fixture
async def scene(certificates: Path) -> AsyncIterator[Scene]:
    scene = Scene(Wire(certificates))
    await scene.serve()
    yield scene
    await scene.close()


@pytest.fixture
async def plain() -> AsyncIterator[Scene]:
    """Without TLS, so that a test may speak for itself."""
    scene = Scene(Wire())
    await scene.serve()
    yield scene
    await scene.close()


# -- broken connections


async def test_a_broken_connection_leaves_the_outcome_unknown_and_a_resend_tells_o26(
    scene: Scene,
) -> None:
    proxy, address = await scene.proxy()
    connection, calls = await scene.connect(address)
    command = order("once", digest=5)
    proxy.holds_answers = True
    asked = [asyncio.ensure_future(calls.submit(command))]
    asked.append(asyncio.ensure_future(calls.balances(ALICE)))
    await asyncio.sleep(0)
    while not await scene.partition.open_orders(ALICE):
        await asyncio.sleep(0.005)
    proxy.cut()
    for error in await asyncio.gather(*asked, return_exceptions=True):
        assert type(error) is OutcomeUnknownError
    proxy.holds_answers = False
    await eventually(lambda: connection.is_connected)
    [first] = await scene.partition.open_orders(ALICE)
    [again] = (await calls.submit(command)).events
    assert isinstance(again, DuplicateEvent)
    assert again.order_id == first.order_id


@pytest.mark.parametrize("size", [1, 40, 700, 1500])
async def test_a_cut_in_the_middle_of_requests_loses_none_that_was_done_j05(
    scene: Scene, size: int
) -> None:
    proxy, address = await scene.proxy()
    connection, calls = await scene.connect(address)
    commands = [order(f"o{n}", digest=n + 1) for n in range(20)]
    proxy.cut_after_requests = size
    results = await asyncio.gather(*map(calls.submit, commands), return_exceptions=True)
    assert all(isinstance(result, OutcomeUnknownError) for result in results)
    await eventually(lambda: connection.is_connected)
    for command in commands:
        await calls.submit(command)
    assert len(await calls.open_orders(ALICE)) == 20, "each is done, and once"


async def test_without_a_connection_nothing_is_sent_o31(scene: Scene) -> None:
    proxy, address = await scene.proxy()
    connection, calls = await scene.connect(address)
    proxy.refuses = True
    proxy.cut()
    await eventually(lambda: not connection.is_connected)
    with pytest.raises(NotConnectedError):
        await calls.submit(order("mine"))
    with pytest.raises(NotConnectedError):
        await calls.open_orders(ALICE)
    proxy.refuses = False
    await eventually(lambda: connection.is_connected)
    assert (await calls.submit(order("mine"))).events


async def test_a_slow_way_changes_nothing_but_the_time(scene: Scene) -> None:
    proxy, address = await scene.proxy()
    _, calls = await scene.connect(address)
    proxy.delay_seconds = 0.02
    replies = await asyncio.gather(*(calls.submit(order(f"o{n}")) for n in range(50)))
    names = [reply.events[0].client_order_id.rstrip(b"\0") for reply in replies]
    assert names == [f"o{n}".encode() for n in range(50)]


async def test_an_engine_that_went_silent_is_taken_for_gone_o31(scene: Scene) -> None:
    proxy, address = await scene.proxy()
    limits = ClientLimits(ping_seconds=0.02, silence_seconds_max=0.2, back_off_seconds_min=0.01)
    connection, calls = await scene.connect(address, limits)
    proxy.holds_answers = True
    with pytest.raises(OutcomeUnknownError):
        await calls.balances(ALICE)
    assert not connection.is_connected
    proxy.holds_answers = False
    await eventually(lambda: connection.is_connected)


async def test_a_request_without_an_answer_ends(scene: Scene) -> None:
    limits = ClientLimits(ping_seconds=0.02, answer_seconds_max=0.1)
    _, calls = await scene.connect(limits=limits)
    scene.journal.gate.clear()
    with pytest.raises(OutcomeUnknownError):
        await calls.submit(order("mine"))
    scene.journal.gate.set()
    await scene.partition.idle()
    assert len(await calls.open_orders(ALICE)) == 1, "the connection is still good"


async def test_bytes_that_come_twice_under_tls_end_the_connection(scene: Scene) -> None:
    proxy, address = await scene.proxy()
    connection, calls = await scene.connect(address)
    proxy.repeats_requests = True
    with pytest.raises(OutcomeUnknownError):
        await calls.submit(order("mine", digest=9))
    proxy.repeats_requests = False
    await eventually(lambda: connection.is_connected)
    await calls.submit(order("mine", digest=9))
    assert len(await calls.open_orders(ALICE)) == 1


async def test_a_request_that_comes_twice_is_done_once(plain: Scene) -> None:
    proxy, address = await plain.proxy()
    connection, calls = await plain.connect(address)
    proxy.repeats_requests = True
    asked = [calls.submit(order(f"o{number}", digest=number)) for number in (1, 2)]
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert any(isinstance(result, OutcomeUnknownError) for result in results)
    proxy.repeats_requests = False
    await eventually(lambda: connection.is_connected)
    await plain.partition.idle()
    assert len(await plain.partition.open_orders(ALICE)) == 2, "each was done once"


async def test_an_answer_that_comes_twice_ends_the_connection(plain: Scene) -> None:
    proxy, address = await plain.proxy()
    connection, calls = await plain.connect(address)
    proxy.repeats_answers = True
    before = proxy.connections
    assert (await calls.submit(order("mine"))).events
    await eventually(lambda: proxy.connections > before)
    proxy.repeats_answers = False
    await eventually(lambda: connection.is_connected)
    assert len(await calls.open_orders(ALICE)) == 1


# -- credits and slowness


async def test_without_credit_orders_are_refused_and_cancels_pass_o37(certificates: Path) -> None:
    scene = Scene(Wire(certificates))
    await scene.serve(ServerLimits(credits=8))
    _, calls = await scene.connect()
    first = (await calls.submit(order("first"))).events[0]
    assert isinstance(first, OrderEvent)
    scene.journal.gate.clear()
    asked = [asyncio.ensure_future(calls.submit(order(f"o{n}"))) for n in range(7)]
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await calls.submit(order("one too many"))
    asked.append(asyncio.ensure_future(calls.submit(cancel(first.order_id))))
    await asyncio.sleep(0)
    with pytest.raises(OverloadedError):
        await calls.submit(cancel(first.order_id))
    scene.journal.gate.set()
    assert all(reply.events for reply in await asyncio.gather(*asked))
    assert (await calls.submit(order("again"))).events
    await scene.close()


async def test_the_server_may_take_credit_back_and_give_it(scene: Scene) -> None:
    _, calls = await scene.connect()
    scene.server.set_credits(0)

    async def is_refused() -> bool:
        try:
            await calls.committed_seq(ALICE)
        except OverloadedError:
            return True
        return False

    while not await is_refused():
        await asyncio.sleep(0.005)
    scene.server.set_credits(100)
    while await is_refused():
        await asyncio.sleep(0.005)


async def test_who_asks_beyond_its_credit_is_refused_by_the_server(plain: Scene) -> None:
    plain.server.limits = ServerLimits(credits=2)
    plain.journal.gate.clear()
    peer = await Raw.connect(plain.address)
    await peer.greet()
    for channel in (1, 2, 3):
        peer.ask(Kind.SUBMIT, channel, frames.TARGET.pack(0, 0) + order(f"o{channel}"))
    kind, channel, body = await peer.next()
    assert (kind, channel) == (Kind.ERROR, 3)
    assert frames.read_error(body)[0] == frames.Code.OVERLOADED
    plain.journal.gate.set()
    assert {(await peer.next())[:2], (await peer.next())[:2]} == {(Kind.REPLY, 1), (Kind.REPLY, 2)}
    peer.close()


async def test_a_caller_that_does_not_read_is_cut_and_nobody_else_is_harmed() -> None:
    scene = Scene(Wire())
    await scene.serve(ServerLimits(write_seconds_max=0.2, sweep_seconds=0.02))
    for number in range(150):
        await scene.partition.submit(order(f"o{number}"))
    _, calls = await scene.connect()
    peer = await Raw.connect(scene.address, receive_bytes=4096)
    await peer.greet()
    peer.writer.transport.pause_reading()
    assert scene.server.connections() == 2
    read = frames.read_body(frames.Read(0, frames.Query.OPEN_ORDERS, 0, ALICE, 0, b""))
    for channel in range(1, 1000):
        peer.ask(Kind.READ, channel, read)
    await eventually(lambda: scene.server.connections() == 1)
    assert len(await calls.open_orders(ALICE)) == 150
    peer.close()
    await scene.close()


# -- who speaks, and what


class Raw:
    """A caller that says what a test makes it say."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._frames = FrameReader(1 << 24)
        self._got: list[frames.Frame] = []

    @classmethod
    async def connect(cls, address: str, receive_bytes: int = 0) -> "Raw":
        host, _, port = address.rpartition(":")
        connection = socket.create_connection((host, int(port)))
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        return cls(*await asyncio.open_connection(sock=connection))

    async def greet(
        self, version: int = 1, version_min: int = 1, role: int = ProcessRole.GATEWAY
    ) -> frames.Frame:
        self.writer.write(frames.hello(frames.Hello(version, version_min, role, 0, ())))
        return await self.next()

    def ask(self, kind: int, channel: int, body: bytes) -> None:
        self.writer.write(frames.frame(kind, channel, body))

    async def next(self) -> frames.Frame:
        while not self._got:
            data = await asyncio.wait_for(self.reader.read(1 << 16), 5)
            if not data:
                raise ConnectionResetError
            self._got += self._frames.feed(data)
        return self._got.pop(0)

    async def ends(self) -> bool:
        """Whether the server hangs up."""
        try:
            while True:
                await self.next()
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.writer.transport.abort()


async def test_another_protocol_version_is_told_so(plain: Scene) -> None:
    peer = await Raw.connect(plain.address)
    kind, channel, body = await peer.greet(version=9, version_min=8)
    assert (kind, channel) == (Kind.ERROR, 0)
    assert frames.read_error(body)[0] == frames.Code.VERSION
    assert await peer.ends()
    peer.close()


async def test_the_release_before_and_after_is_understood(plain: Scene) -> None:
    peer = await Raw.connect(plain.address)
    kind, _, body = await peer.greet(version=2, version_min=1)
    assert kind == Kind.HELLO
    greeting = frames.read_hello(body)
    assert greeting.version == 1
    assert greeting.owned == (frames.Owned(0, plain.partition.epoch),)
    peer.close()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        b"\xff" * 64,
        frames.frame(Kind.SUBMIT, 1, bytes(64)),
        frames.frame(Kind.HELLO, 0, bytes(20)),
        frames.hello(frames.Hello(1, 1, 77, 0, ())),
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + b"\xff" * 64,
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + frames.frame(Kind.REPLY, 1, b""),
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + frames.frame(Kind.READ, 1, b"short"),
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + frames.frame(Kind.READ, 1, bytes(36)),
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + frames.frame(Kind.SUBMIT, 0, bytes(56)),
        frames.hello(frames.Hello(1, 1, 1, 0, ())) + frames.frame(Kind.PING, 0, b"??"),
    ],
)
async def test_who_speaks_something_else_is_cut(plain: Scene, garbage: bytes) -> None:
    _, calls = await plain.connect()
    peer = await Raw.connect(plain.address)
    peer.writer.write(garbage)
    assert await peer.ends()
    peer.close()
    assert await calls.committed_seq(ALICE)


async def test_who_says_nothing_is_cut() -> None:
    scene = Scene(Wire())
    await scene.serve(ServerLimits(hello_seconds_max=0.1, sweep_seconds=0.02))
    peer = await Raw.connect(scene.address)
    assert await peer.ends()
    peer.close()
    await scene.close()


async def test_an_engine_that_answers_garbage_is_left(plain: Scene) -> None:
    greeting = frames.hello(frames.Hello(1, 1, ProcessRole.ENGINE, 10, (frames.Owned(0, 1),)))

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(greeting)
        await reader.read(1000)
        writer.write(frames.frame(Kind.REPLY, 1, bytes(24) + b"\xff" * 40))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    limits = ClientLimits(ping_seconds=60, back_off_seconds_min=60)
    connection, calls = await plain.connect(address, limits)
    with pytest.raises(OutcomeUnknownError):
        await calls.submit(order("mine"))
    await eventually(lambda: not connection.is_connected)
    server.close()
    await server.wait_closed()


async def test_certificates_of_another_authority_are_refused(scene: Scene, tmp_path: Path) -> None:
    others = ensure_certificates(tmp_path)
    limits = ClientLimits(back_off_seconds_min=0.01, back_off_seconds_max=0.02)
    stranger = EngineConnection(
        scene.address,
        role=ProcessRole.GATEWAY,
        epochs=scene.wire.connections().epochs,
        tls=client_context(others[ProcessRole.GATEWAY]),
        limits=limits,
    )
    await eventually(lambda: stranger.failure)
    assert not stranger.is_connected
    await stranger.close()
    # it believes our engine, but has no certificate that our engine believes
    mixed = client_context(others[ProcessRole.GATEWAY])
    ours = scene.wire.tls[ProcessRole.GATEWAY]
    assert ours is not None
    mixed.load_verify_locations(cadata="".join(map(_pem, ours.get_ca_certs(binary_form=True))))
    stranger = EngineConnection(
        scene.address,
        role=ProcessRole.GATEWAY,
        epochs=scene.wire.connections().epochs,
        tls=mixed,
        limits=limits,
    )
    await eventually(lambda: stranger.failure)
    assert not stranger.is_connected
    assert scene.server.connections() == 0
    await stranger.close()


def _pem(certificate: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(certificate)


async def test_a_gateways_certificate_makes_no_engine(scene: Scene, certificates: Path) -> None:
    files = ensure_certificates(certificates)
    # to a caller
    server = CallsServer(tls=server_context(files[ProcessRole.GATEWAY]))
    port = await server.start("127.0.0.1", 0)
    connection = scene.wire.connections().to(f"127.0.0.1:{port}")
    await eventually(lambda: connection.failure)
    assert not connection.is_connected
    await server.close(0)
    # to an engine
    pretender = EngineConnection(
        scene.address,
        role=ProcessRole.ENGINE,
        epochs=scene.wire.connections().epochs,
        tls=client_context(files[ProcessRole.GATEWAY]),
        limits=QUICK,
    )
    await eventually(lambda: "certificate" in pretender.failure)
    assert not pretender.is_connected
    await pretender.close()


async def test_without_tls_a_server_with_tls_is_not_reached(scene: Scene) -> None:
    peer = await Raw.connect(scene.address)
    peer.writer.write(frames.hello(frames.Hello(1, 1, 1, 0, ())))
    with pytest.raises((ConnectionResetError, frames.ProtocolError)):
        await peer.next()
    peer.close()


@pytest.mark.parametrize("command", [Epoch(epoch=9).pack(), Tick().pack()])
async def test_only_the_owner_itself_raises_epochs(scene: Scene, command: bytes) -> None:
    _, calls = await scene.connect()
    with pytest.raises(ValueError):
        await calls.submit(command)
    control = scene.wire.connections(ProcessRole.CONTROL).to(scene.address)
    await control.wait_connected()
    with pytest.raises(ValueError):
        await RemoteCalls(control, 0).submit(command)


# -- owners


async def test_a_former_owner_is_not_believed(scene: Scene) -> None:
    connection, calls = await scene.connect()
    assert (await calls.submit(order("mine"))).events
    connection.epochs.is_current(0, scene.hosted.epoch + 1)  # as told by the next owner
    with pytest.raises(OutcomeUnknownError):
        await calls.open_orders(ALICE)
    await eventually(lambda: connection.is_connected and not connection.owns(0))
    with pytest.raises(NotOwnerError):
        await calls.submit(order("late"))
    scene.hosted.epoch += 2
    scene.server.host(0, scene.hosted)
    await eventually(lambda: connection.owns(0))
    assert len(await calls.open_orders(ALICE)) == 1


async def test_who_may_have_been_deposed_answers_no_reads_v04(scene: Scene) -> None:
    """Its state may be an old one; a command would be fenced, a read would not."""
    held = True
    scene.server.host(8, Hosted(scene.partition, 3, is_held=lambda: held))
    connection, _ = await scene.connect()
    await eventually(lambda: connection.owns(8))
    calls = RemoteCalls(connection, 8)
    assert await calls.balances(ALICE)
    held = False
    with pytest.raises(NotOwnerError):
        await calls.balances(ALICE)


async def test_partitions_come_and_go_under_a_connection(scene: Scene) -> None:
    connection, calls = await scene.connect()
    other = RemoteCalls(connection, 7)
    with pytest.raises(NotOwnerError):
        await other.committed_seq(ALICE)
    scene.server.host(7, Hosted(scene.partition, 3))
    await eventually(lambda: connection.owns(7))
    assert await other.committed_seq(ALICE) == await calls.committed_seq(ALICE)
    scene.journal.gate.clear()
    scene.journal.started.clear()
    asked = asyncio.ensure_future(other.submit(order("mine")))
    await asyncio.to_thread(scene.journal.started.wait, 10)
    scene.server.drop(7)
    await eventually(lambda: not connection.owns(7))
    scene.journal.gate.set()
    assert (await asked).events, "what was under way is answered"
    assert await calls.committed_seq(ALICE)


async def test_a_server_that_closes_answers_what_is_under_way(scene: Scene) -> None:
    connection, calls = await scene.connect()
    scene.journal.gate.clear()
    scene.journal.started.clear()
    asked = asyncio.ensure_future(calls.submit(order("mine")))
    await asyncio.to_thread(scene.journal.started.wait, 10)
    closing = asyncio.ensure_future(scene.server.close(10))
    await eventually(lambda: not connection.owns(0))
    with pytest.raises(NotAcceptedError):
        await calls.submit(order("late"))
    scene.journal.gate.set()
    assert (await asked).events
    await closing
    await eventually(lambda: not connection.is_connected)


class Broken:
    """Calls with a bug, and a partition without an entity."""

    async def submit(self, command: bytes) -> Any:
        raise LookupError("a bug")

    async def balances(self, account_id: int) -> Any:
        raise NotHostedError("moved")


async def test_a_bug_of_the_owner_leaves_nobody_waiting(scene: Scene) -> None:
    scene.server.host(1, Hosted(Broken(), 1))
    connection, _ = await scene.connect()
    await eventually(lambda: connection.owns(1))
    calls = RemoteCalls(connection, 1)
    with pytest.raises(OutcomeUnknownError):
        await calls.submit(order("mine"))
    assert connection.is_connected, "nobody else is harmed"
    with pytest.raises(NotHostedError):
        await calls.balances(ALICE)


# -- links, and what mends a feed


class FakeReceiver:
    """Takes what it is given and says where the link stands."""

    def __init__(self) -> None:
        self.got: list[SettleLink] = []
        self.asked: list[tuple[int, ...]] = []

    async def receive(self, messages: bytes) -> Sequence[LinkPosition]:
        records = [
            SettleLink.unpack(messages, at) for at in range(0, len(messages), SettleLink.SIZE)
        ]
        self.got += records
        last = records[-1]
        return [LinkPosition(last.source, last.destination, last.link_seq)]

    async def positions(self, sources: Sequence[int]) -> Sequence[LinkPosition]:
        self.asked.append(tuple(sources))
        return [LinkPosition(source, 9, 41) for source in sources]


async def test_link_messages_reach_the_owner_and_positions_come_back(scene: Scene) -> None:
    receiver = FakeReceiver()
    scene.server.host(4, Hosted(scene.partition, 6, links=receiver))
    connections = scene.wire.connections(ProcessRole.ENGINE)
    owners = MemoryOwners({4: Owner(scene.address, 6), 0: Owner(scene.address, 1)})
    links = RemoteLinks(connections, owners)
    await connections.to(scene.address).wait_connected()
    messages = [SettleLink(source=1, destination=2, link_seq=n, trade_id=n) for n in range(1, 4)]
    sent = b"".join(message.pack() for message in messages)
    assert await links.send(4, sent) == [LinkPosition(1, 2, 3)]
    assert receiver.got == messages
    assert await links.positions(4, (1, 5)) == [LinkPosition(1, 9, 41), LinkPosition(5, 9, 41)]
    assert await links.positions(4, ()) == []
    with pytest.raises(NotConnectedError):
        await links.send(8, sent)
    with pytest.raises(ValueError):
        await links.send(0, sent)  # it takes no part in links


async def test_a_gateway_sends_no_link_messages(scene: Scene) -> None:
    receiver = FakeReceiver()
    scene.server.host(4, Hosted(scene.partition, 6, links=receiver))
    connections = scene.wire.connections(ProcessRole.GATEWAY)
    links = RemoteLinks(connections, MemoryOwners({4: Owner(scene.address, 6)}))
    await connections.to(scene.address).wait_connected()
    with pytest.raises(ValueError):
        await links.send(4, SettleLink(source=1, destination=2, link_seq=1).pack())
    assert receiver.got == []


async def test_a_sender_knows_the_epoch_of_the_ownership_table(scene: Scene) -> None:
    scene.server.host(4, Hosted(scene.partition, 6, links=FakeReceiver()))
    connections = scene.wire.connections(ProcessRole.ENGINE)
    links = RemoteLinks(connections, MemoryOwners({4: Owner(scene.address, 7)}))
    await connections.to(scene.address).wait_connected()
    with pytest.raises(CallError):
        await links.positions(4, (1,))


BOOK = WholeBook(3, "ETHBTC", 4, 6, 10, 11, 12, 13, 14, [(5, 6), (4, 1)], [(7, 8)])


class FakeRepair:
    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        if entity != entity_of_shard(5) or entity_seq < 2:
            return None
        return [BalanceEvent(entity=entity, entity_seq=entity_seq + 1)]

    async def book(self, market: int) -> WholeBook | None:
        return BOOK if market == BOOK.market else None


async def test_an_owner_mends_a_feed_or_says_what_is_gone(scene: Scene) -> None:
    shards, markets = entity_of_shard(5), entity_of_market(3)
    other = entity_of_market(4)
    scene.server.host(4, Hosted(scene.partition, 6, repair=FakeRepair()))
    connections = scene.wire.connections()
    owners = MemoryOwners({4: Owner(scene.address, 6), 0: Owner(scene.address, 1)})
    repair = RemoteRepair(connections, MemoryRoute({shards: 4, markets: 4, other: 0}), owners)
    await connections.to(scene.address).wait_connected()
    [event] = await repair.events_after(shards, 5) or []
    assert event == BalanceEvent(entity=shards, entity_seq=6)
    assert await repair.events_after(shards, 1) is None
    assert await repair.events_after(other, 5) is None, "its owner keeps none"
    assert await repair.book(3) == BOOK
    assert await repair.book(4) is None
    with pytest.raises(NotHostedError):
        await repair.book(9)


# -- certificates


def test_keys_are_their_owners_alone_and_what_is_good_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    made = ensure_certificates(folder)
    for files in made.values():
        assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "authority.key").stat().st_mode) == 0o600
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert ensure_certificates(folder) == made
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_a_lost_authority_makes_every_certificate_new(tmp_path: Path) -> None:
    made = ensure_certificates(tmp_path)
    before = {role: files.certificate.read_bytes() for role, files in made.items()}
    (tmp_path / "authority.key").unlink()
    ensure_certificates(tmp_path)
    assert all(files.certificate.read_bytes() != before[role] for role, files in made.items())


def test_a_certificate_near_its_end_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "CERTIFICATE_DAYS", authority.RENEW_DAYS - 1)
    files = ensure_certificates(tmp_path, [ProcessRole.ENGINE])[ProcessRole.ENGINE]
    before = files.certificate.read_bytes()
    monkeypatch.undo()
    ensure_certificates(tmp_path, [ProcessRole.ENGINE])
    assert files.certificate.read_bytes() != before
