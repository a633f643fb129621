"""A partition with the demo's markets, its calls server, and a proxy that harms what passes."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from openoutcry.adapters.memory.journal import MemoryJournal, MemoryStore
from openoutcry.adapters.tcp.authority import ensure_certificates
from openoutcry.adapters.tcp.client import ClientLimits, Connections
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.server import CallsServer, Hosted, ServerLimits
from openoutcry.adapters.tcp.tls import client_context, server_context
from openoutcry.app.engine import kernel_machines
from openoutcry.codec.journal import JournalRow
from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.records import CancelOrder, NewOrder
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition
from openoutcry.simulation import demo

ALICE, BOB = (user.account_id for user in demo.USERS[:2])
QUICK = ClientLimits(
    connect_seconds_max=2.0,
    back_off_seconds_min=0.01,
    back_off_seconds_max=0.05,
    ping_seconds=0.1,
    silence_seconds_max=2.0,
)


class GatedJournal(MemoryJournal):
    """Appends wait for `gate`."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        super().__init__(0, store)
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()

    def append(self, rows: Sequence[JournalRow]) -> None:
        self.started.set()
        assert self.gate.wait(20)
        super().append(rows)


async def open_partition(journal: MemoryJournal, **options: object) -> Partition:
    """Start a partition on a journal; an empty one is given markets, people and money."""
    machines = kernel_machines()
    partition = Partition(recover(machines, journal, None), machines, journal, **options)
    is_new = journal.head().seq == 0
    await partition.start()
    if is_new:
        for commands in (
            [*demo.create_assets(), *demo.set_fees()],
            demo.create_markets(),
            [demo.create_account(user) for user in demo.USERS],
            [money for user in demo.USERS for money in demo.deposits(user).values()],
        ):
            await asyncio.gather(*(partition.submit(command.pack()) for command in commands))
    return partition


def order(name: str, account_id: int = ALICE, *, digest: int = 0, side: Side = Side.BUY) -> bytes:
    """Return a BTCUSD limit order far from any other side."""
    now_us = time.time_ns() // 1000
    return NewOrder(
        account_id=account_id,
        digest_lo=digest,
        digest_hi=digest,
        deadline_us=now_us + 5_000_000 if digest else 0,
        market=demo.BTCUSD,
        market_version=1,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price_ticks=demo.BTCUSD_ANCHOR_TICKS - (100_000 if side == Side.BUY else -100_000),
        qty_lots=100,
        client_order_id=name.encode(),
    ).pack()


def cancel(order_id: int, account_id: int = ALICE) -> bytes:
    """Return a cancel of a BTCUSD order."""
    return CancelOrder(
        account_id=account_id, market=demo.BTCUSD, order_id=order_id, client_order_id=b"c"
    ).pack()


async def eventually(look: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is true."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not look():
        assert loop.time() < until, "not in time"
        await asyncio.sleep(0.005)


class Wire:
    """A calls server and the connections to it, with TLS unless there are no certificates."""

    def __init__(self, certificates: Path | None = None) -> None:
        files = None if certificates is None else ensure_certificates(certificates)
        self.server_tls = None if files is None else server_context(files[ProcessRole.ENGINE])
        self.tls = {
            role: None if files is None else client_context(files[role]) for role in ProcessRole
        }
        self._closers: list[Callable[[], object]] = []

    async def serve(
        self, limits: ServerLimits | None = None, **hosted: Hosted
    ) -> tuple[CallsServer, str]:
        """Start a server that hosts `p0=..., p1=...`; returns it and its address."""
        server = CallsServer(tls=self.server_tls, limits=limits)
        for name, what in hosted.items():
            server.host(int(name[1:]), what)
        port = await server.start("127.0.0.1", 0)
        self._closers.append(lambda: server.close(0.2))
        return server, f"127.0.0.1:{port}"

    def connections(
        self, role: ProcessRole = ProcessRole.GATEWAY, limits: ClientLimits = QUICK
    ) -> Connections:
        """Return connections of a process of this role."""
        connections = Connections(role, tls=self.tls[role], limits=limits)
        self._closers.append(connections.close)
        return connections

    async def close(self) -> None:
        for close in reversed(self._closers):
            await close()


class Proxy:
    """Passes bytes between callers and a server, and harms them as it is told."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._target = (host, int(port))
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay_seconds = 0.0
        self.holds_answers = False
        self.repeats_requests = False
        self.repeats_answers = False
        self.refuses = False
        self.cut_after_requests: int | None = None
        """Cut once so many more bytes of requests have passed."""
        self.connections = 0

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Break every connection now."""
        for writer in self._writers:
            writer.transport.abort()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.refuses:
                return
            self.connections += 1
            with suppress(OSError, asyncio.CancelledError):
                there = await asyncio.open_connection(*self._target)
                self._writers.add(there[1])
                await asyncio.gather(
                    self._pass(reader, there[1], is_request=True),
                    self._pass(there[0], writer, is_request=False),
                )
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_request: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                while self.holds_answers and not is_request:
                    await asyncio.sleep(0.005)
                if is_request and self.cut_after_requests is not None:
                    self.cut_after_requests -= len(data)
                    if self.cut_after_requests <= 0:
                        self.cut_after_requests = None
                        self.cut()
                        break
                repeats = self.repeats_requests if is_request else self.repeats_answers
                writer.write(data * 2 if repeats else data)
                await writer.drain()
        writer.transport.abort()
