"""The owner of one partition: drain, batch, append, apply, release.

One batch is in flight at a time; what arrives meanwhile becomes the next. A batch is handed to the
append thread first and applied while it is on its way to the disk; nothing of it leaves before it
is durable. Everything here runs in the event loop's thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import TypeVar

from openoutcry.codec.journal import JournalRow
from openoutcry.codec.records import (
    COMMAND_ALIGNMENT,
    COMMAND_BYTES_MIN,
    COMMAND_KIND_OFFSET,
    COMMAND_TIME_OFFSET,
    BatchEvents,
    decode_balances,
    decode_batch,
    decode_orders,
)
from openoutcry.core.enums import CommandKind
from openoutcry.core.records import (
    AccountRow,
    BalanceRow,
    Epoch,
    Event,
    MarketRow,
    OrderRow,
    QuarantinedEvent,
    Tick,
)
from openoutcry.partition.appender import Appender, exit_at_once
from openoutcry.partition.machine import Machines, StateMachine
from openoutcry.partition.recovery import Recovered, recover
from openoutcry.ports.calls import NotAcceptedError, OutcomeUnknownError, Reply, StorageFullError
from openoutcry.ports.feeds import Committed, Listener
from openoutcry.ports.journal import Journal, Room, Snapshots

log = logging.getLogger(__name__)

_TIME = Struct("<q")
_T = TypeVar("_T")
_TICK = Tick().pack()
_PASS_WHEN_FULL = frozenset(
    {
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.SET_MARKET_STATUS,
        CommandKind.TICK,
        CommandKind.QUARANTINE,
        CommandKind.EPOCH,
    }
)
CommitWatcher = Callable[[int, bytes], None]
"""Called with the sequence of each committed batch and the rolling hash of events after it."""


@dataclass(frozen=True, slots=True)
class PartitionLimits:
    """How much a partition takes on at once."""

    batch_commands_max: int = 1024
    queue_commands_max: int = 65_536
    room_check_seconds: float = 0.5


_NO_EVENTS = BatchEvents((), (), {})


@dataclass(slots=True)
class _Flight:
    """A batch between its drain and its release."""

    seq: int
    commands: bytes
    futures: list[asyncio.Future[Reply] | None]
    applied: bool = False
    durable: bool = False
    fault: Exception | None = None
    time_us: int = 0
    events: BatchEvents = _NO_EVENTS
    groups: Sequence[Sequence[Event]] = ()
    events_hash: bytes = b""
    readers: list[asyncio.Future[None]] = field(default_factory=list)


def now_us() -> int:
    """Return the wall clock in microseconds."""
    return time.time_ns() // 1000


class Partition:
    """Implements `ports.calls.Calls` and `ports.feeds.Feed` in process."""

    def __init__(
        self,
        recovered: Recovered,
        machines: Machines,
        journal: Journal,
        snapshots: Snapshots | None = None,
        *,
        partition: int = 0,
        clock: Callable[[], int] = now_us,
        room: Room | None = None,
        limits: PartitionLimits | None = None,
        fatal: Callable[[BaseException], None] = exit_at_once,
    ) -> None:
        if recovered.machine.seq() != recovered.head.seq or recovered.head != journal.head():
            raise ValueError(
                f"a state at batch {recovered.machine.seq()} cannot own "
                f"a journal at row {journal.head().seq}"
            )
        self._machine: StateMachine | None = recovered.machine
        self._recovered = recovered
        self._machines = machines
        self._journal = journal
        self._snapshots = snapshots
        self._partition = partition
        self._clock = clock
        self._room = room
        self._limits = limits if limits is not None else PartitionLimits()
        self._fatal = fatal
        self._queue: list[tuple[bytes, asyncio.Future[Reply] | None]] = []
        self._flight: _Flight | None = None
        self._faulted: _Flight | None = None
        self._drain_scheduled = False
        self._running = False
        self._full = False
        self._blocked = False
        self._is_settled = False
        self._time_us = recovered.machine.time_us()
        self._seq = recovered.head.seq
        self._committed_seq = recovered.head.seq
        self._listeners: list[Listener] = []
        self._watchers: list[CommitWatcher] = []
        self._idle: list[asyncio.Future[None]] = []
        self._mended = asyncio.Event()
        self._mended.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.epoch = 0

    # -- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take ownership: raise the epoch, journal what recovery asks for, and the epoch record."""
        self._loop = asyncio.get_running_loop()
        self.epoch = self._journal.acquire()
        self._appender = Appender(
            self._journal,
            self._recovered.head,
            partition=self._partition,
            epoch=self.epoch,
            room=self._room,
            on_durable=self._on_durable,
            on_full=self._on_full,
            fatal=self._fatal,
        )
        self._running = True
        if self._recovered.quarantine:
            quarantine = self._fly([(command, None) for command in self._recovered.quarantine])
            self._loop.call_soon(self._apply, quarantine)
            await self._until_idle()
        if self._room is not None:
            self._room.set_aside()
            self._check_room()
        await self.submit(Epoch(epoch=self.epoch).pack())

    async def stop(self) -> None:
        """Take nothing more, release what is under way, and end the append thread."""
        if not self._running:
            return
        self._running = False
        if self._blocked:
            self._fail_all(OutcomeUnknownError("stopped while the disk is full"))
        else:
            await self._until_idle()
            self._is_settled = True
        await self._appender.stop()

    async def _until_idle(self) -> None:
        machine = self._machine
        if self._flight is not None or self._queue or machine is None or machine.pending():
            waiter = self._loop.create_future()
            self._idle.append(waiter)
            await waiter

    async def idle(self) -> int:
        """Wait until nothing is under way, not even continuations; returns the committed seq."""
        await self._until_idle()
        return self._committed_seq

    # -- commands -----------------------------------------------------------------------------

    async def submit(self, command: bytes) -> Reply:
        """Journal and apply one packed command; its time is stamped here."""
        size = len(command)
        if (
            size < COMMAND_BYTES_MIN
            or size % COMMAND_ALIGNMENT
            or command[0] | command[1] << 8 != size
        ):
            raise ValueError("not one command record")
        if command[COMMAND_KIND_OFFSET] == CommandKind.QUARANTINE:
            raise ValueError("only the runtime itself quarantines")  # replay acts on its place
        if not self._running:
            raise NotAcceptedError("the exchange is stopping")
        if self._blocked:
            raise StorageFullError("the disk is full")
        if self._full and command[COMMAND_KIND_OFFSET] not in _PASS_WHEN_FULL:
            raise StorageFullError("the disk is nearly full: only cancels are taken")
        queue = self._queue
        if len(queue) >= self._limits.queue_commands_max:
            raise NotAcceptedError("too many commands are waiting")
        future: asyncio.Future[Reply] = self._loop.create_future()
        queue.append((command, future))
        if self._flight is None and not self._drain_scheduled:
            self._drain_scheduled = True
            self._loop.call_soon(self._drain)
        return await future

    def _drain(self) -> None:
        """Put what is waiting in flight and have it applied in the loop's next round."""
        self._drain_scheduled = False
        launched = self._launch()
        if launched is not None:
            self._loop.call_soon(self._apply, launched)

    def _launch(self) -> _Flight | None:
        """Hand the next batch to the append thread: a tick of continuations before anything."""
        machine = self._machine
        if self._flight is not None or machine is None:
            return None
        if machine.pending():
            return self._fly([(_TICK, None)])
        if self._queue:
            count = self._limits.batch_commands_max
            batch, self._queue = self._queue[:count], self._queue[count:]
            return self._fly(batch)
        for waiter in self._idle:
            if not waiter.done():
                waiter.set_result(None)
        self._idle.clear()
        return None

    def _fly(self, batch: Sequence[tuple[bytes, asyncio.Future[Reply] | None]]) -> _Flight:
        """Stamp a batch and hand it to the append thread."""
        self._time_us = time_us = max(self._clock(), self._time_us)
        stamp = _TIME.pack(time_us)
        end = COMMAND_TIME_OFFSET + _TIME.size
        data = b"".join(
            [part for c, _ in batch for part in (c[:COMMAND_TIME_OFFSET], stamp, c[end:])]
        )
        self._seq += 1
        flight = _Flight(self._seq, data, [future for _, future in batch])
        self._flight = flight
        self._appender.append(data, len(batch))
        return flight

    def _apply(self, flight: _Flight) -> None:
        """Apply and decode a batch while its append is under way."""
        machine = self._machine
        if flight.applied or machine is None:
            return
        flight.applied = True
        try:
            data = machine.apply(flight.commands, flight.seq)
        except self._machines.fault as fault:
            flight.fault = fault
            self._machine = None
            self._mended.clear()
        else:
            self._take_events(flight, machine, data)

    def _take_events(self, flight: _Flight, machine: StateMachine, data: bytes) -> None:
        flight.events_hash = machine.events_hash()
        flight.time_us = machine.time_us()
        flight.events = decode_batch(data, len(flight.futures))
        flight.groups = flight.events.by_command

    # -- after the commit ---------------------------------------------------------------------

    def _on_durable(self, row: JournalRow) -> None:
        flight = self._flight
        if flight is None or flight.seq != row.seq:
            self._fatal(RuntimeError(f"row {row.seq} is durable, but was not in flight"))
            return
        self._apply(flight)
        flight.durable = True
        self._blocked = False
        if flight.fault is not None:
            task = self._loop.create_task(self._mend(flight, row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        faulted, self._faulted = self._faulted, None
        self._flight = None
        if faulted is not None:
            self._release(faulted)
        self._release(flight)
        if not self._drain_scheduled:
            self._drain_scheduled = True
            self._loop.call_soon(self._drain)  # after what has arrived on the network is read

    def _release(self, flight: _Flight) -> None:
        """Let a durable batch out: followers, listeners, replies, reads, in this order."""
        self._committed_seq = flight.seq
        for watch in self._watchers:
            watch(flight.seq, flight.events_hash)
        events = flight.events
        committed = Committed(
            flight.seq, flight.time_us, events.events, events.by_type, self._partition
        )
        for listener in self._listeners:
            # each on its own: one that fails must not keep the batch from the others
            self._loop.call_soon(listener, committed)
        seq, time_us = flight.seq, flight.time_us
        for future, group in zip(flight.futures, flight.groups, strict=True):
            if future is not None and not future.done():
                future.set_result(Reply(seq, time_us, tuple(group)))
        for reader in flight.readers:
            if not reader.done():
                reader.set_result(None)

    async def _mend(self, flight: _Flight, row: JournalRow) -> None:
        """Replace a faulted machine and quarantine what it faulted on, as the next row."""
        log.error("batch %d faulted, restoring: %s", flight.seq, flight.fault)
        mended = await self._loop.run_in_executor(
            None, lambda: recover(self._machines, self._journal, self._snapshots, up_to=row.seq)
        )
        if not mended.quarantine or self._faulted is not None:
            self._fatal(RuntimeError(f"batch {flight.seq} cannot be mended"))
            return
        self._machine = mended.machine
        self._take_events(flight, mended.machine, mended.events)
        self._faulted = flight
        self._mended.set()
        quarantine = self._fly([(command, None) for command in mended.quarantine])
        self._apply(quarantine)
        flight.groups = [
            group or _quarantined(quarantine.events.events, flight.seq, index)
            for index, group in enumerate(flight.groups)
        ]

    def _fail_all(self, error: Exception) -> None:
        futures = [future for _, future in self._queue]
        if self._flight is not None:
            futures += self._flight.futures
            for reader in self._flight.readers:
                if not reader.done():
                    reader.set_exception(error)
        self._queue = []
        for future in futures:
            if future is not None and not future.done():
                future.set_exception(error)

    # -- room ---------------------------------------------------------------------------------

    def _on_full(self, reserve_spent: bool) -> None:  # noqa: FBT001 - a callback's one fact
        """Hear from the append thread that there is no room."""
        if not self._full:
            log.error("no room for the journal: new orders are refused, cancels pass")
        self._full = True
        self._blocked = reserve_spent

    def _check_room(self) -> None:
        """Watch the free space; runs every so often while the partition does."""
        room = self._room
        if room is None or not self._running:
            return
        if self._full:
            if not self._blocked and not room.is_short() and room.set_aside():
                log.warning("there is room again: new orders are taken")
                self._full = False
        elif room.is_short():
            self._on_full(reserve_spent=False)
            room.release()
        self._loop.call_later(self._limits.room_check_seconds, self._check_room)

    @property
    def is_full(self) -> bool:
        """Whether new orders are refused for want of room."""
        return self._full

    @property
    def is_settled(self) -> bool:
        """Whether it has stopped with everything durable that the machine has seen."""
        return self._is_settled

    def prune_journal(self, below_seq: int) -> None:
        """Have rows older than this deleted, a few at a time between appends."""
        self._appender.prune(below_seq)

    # -- listeners ----------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each committed batch from the next one on."""
        self._listeners = [*self._listeners, listener]

        def stop() -> None:
            self._listeners = [other for other in self._listeners if other is not listener]

        return stop

    def watch_commits(self, watcher: CommitWatcher) -> None:
        """Call the watcher at once with each commit's sequence and events hash."""
        self._watchers.append(watcher)

    # -- reads --------------------------------------------------------------------------------

    async def _read(self, view: Callable[[StateMachine], _T]) -> _T:
        """Return what the machine shows now, once the batch that it saw is durable."""
        while (machine := self._machine) is None:
            await self._mended.wait()
        value = view(machine)
        flight = self._flight
        if flight is not None and flight.applied:
            reader: asyncio.Future[None] = self._loop.create_future()
            flight.readers.append(reader)
            await reader
        return value

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        """Return an open order of this account, or None."""
        row = await self._read(lambda machine: machine.order(account_id, order_id))
        return None if row is None else OrderRow.unpack(row)

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        """Return the open order with this client order id, or None."""
        row = await self._read(
            lambda machine: machine.order_by_client_id(account_id, market, client_order_id)
        )
        return None if row is None else OrderRow.unpack(row)

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account by order id; market 0 means all markets."""
        return decode_orders(
            await self._read(lambda machine: machine.open_orders(account_id, market))
        )

    async def balances(self, account_id: int) -> list[BalanceRow]:
        """Return the balances of an account by asset."""
        return decode_balances(await self._read(lambda machine: machine.balances(account_id)))

    async def account(self, account_id: int) -> AccountRow | None:
        """Return an account's flags, trade group and fee schedule, or None."""
        row = await self._read(lambda machine: machine.account(account_id))
        return None if row is None else AccountRow.unpack(row)

    async def market(self, market: int) -> MarketRow | None:
        """Return a market's specification and counters, or None."""
        row = await self._read(lambda machine: machine.market(market))
        return None if row is None else MarketRow.unpack(row)

    async def average_price_ticks(self, market: int) -> int:
        """Return the price that the filters use now, in ticks."""
        return await self._read(lambda machine: machine.average_price_ticks(market))

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return (maker, taker) that an order accepted now would be given."""
        return await self._read(lambda machine: machine.fee_rates(account_id, market))

    async def committed_seq(self) -> int:
        """Return the sequence of the last committed batch."""
        return self._committed_seq

    async def inspect(self, view: Callable[[StateMachine], _T]) -> _T:
        """Return any other view of the machine, released as every read is."""
        return await self._read(view)


def _quarantined(events: Sequence[Event], seq: int, index: int) -> Sequence[Event]:
    """Return the event that tells a caller that its command was passed over."""
    return [
        event
        for event in events
        if isinstance(event, QuarantinedEvent)
        and (event.quarantined_seq, event.quarantined_index) == (seq, index)
    ]
