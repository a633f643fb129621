"""The owner of one partition: drain, batch, append, apply, release.

One batch is in flight at a time; what arrives meanwhile becomes the next. A batch is handed to the
append thread first and applied while it is on its way to the disk; nothing of it leaves before it
is durable. Everything here runs in the event loop's thread.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from openoutcry.codec.journal import JournalRow
from openoutcry.codec.records import (
    COMMAND_ALIGNMENT,
    COMMAND_BYTES_MIN,
    COMMAND_KIND_OFFSET,
    NO_EVENTS,
    BatchEvents,
    decode_balances,
    decode_orders,
)
from openoutcry.core.enums import CommandKind
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AccountRow,
    AssetRow,
    BalanceRow,
    Epoch,
    Event,
    LinkEvent,
    MarketRow,
    MetaRow,
    MovedInEvent,
    MovedOutEvent,
    OrderRow,
    PendingEvent,
    QuarantinedEvent,
    Tick,
)
from openoutcry.partition.appender import Appender, exit_at_once
from openoutcry.partition.links import (
    AckDesk,
    LinkDesk,
    Position,
    RequestDesk,
    deliver,
    head_of,
    messages_of,
)
from openoutcry.partition.machine import Machines, StateMachine
from openoutcry.partition.recovery import Recovered, RecoveryError, recover
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    NotHostedError,
    OutcomeUnknownError,
    OverloadedError,
    Reply,
    StorageFullError,
    Taker,
)
from openoutcry.ports.feeds import Committed, Listener
from openoutcry.ports.journal import Journal, JournalError, Room, Snapshots
from openoutcry.ports.ownership import Route

log = logging.getLogger(__name__)

_T = TypeVar("_T")
_TICK = Tick().pack()
_QUARANTINE = int(CommandKind.QUARANTINE)
_PASS_WHEN_FULL = frozenset(
    {
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.SET_MARKET_STATUS,
        CommandKind.TICK,
        CommandKind.QUARANTINE,
        CommandKind.EPOCH,
        CommandKind.DELIVER,
        CommandKind.LINK_ACK,
    }
)
_ACK_SECONDS = 0.02
"""How long an acknowledgement waits for other commands to be journaled with."""
_OF_LINKS: tuple[type[Event], ...] = (LinkEvent, PendingEvent, MovedInEvent, MovedOutEvent)
LinkWatcher = Callable[[list[bytes], list[Position]], None]
"""Called after a commit with the messages it sends, and how far it has come with links."""
CommitWatcher = Callable[[int, bytes], None]
"""Called with the sequence of each committed batch and the rolling hash of events after it."""


@dataclass(frozen=True, slots=True)
class PartitionLimits:
    """How much a partition takes on at once."""

    batch_commands_max: int = 1024
    queue_commands_max: int = 65_536
    room_check_seconds: float = 0.5
    gather_seconds: float = 0.001
    """A batch waits no longer than this, about as long as a slow sync, for what still arrives."""


@dataclass(slots=True)
class _Flight:
    """A batch between its drain and its release."""

    seq: int
    commands: bytes
    takers: list[Taker | None]
    applied: bool = False
    durable: bool = False
    fault: Exception | None = None
    time_us: int = 0
    events: BatchEvents = NO_EVENTS
    passed_over: dict[int, bytes] = field(default_factory=dict)
    """What the callers of quarantined commands are told instead."""
    events_hash: bytes = b""
    readers: list[asyncio.Future[None]] = field(default_factory=list)
    delivered: dict[int, bytes] = field(default_factory=dict)
    """Messages by the index of the command that brings them."""

    def replies(self, begin: int) -> Iterator[tuple[Taker | None, bytes]]:
        """Yield who waits and the events of their command, from an index on."""
        records = self.events.records_by_command()
        return islice(zip(self.takers, records, strict=True), begin, None)


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
        self._queue: list[bytes] = []
        self._takers: list[Taker | None] = []
        self._flight: _Flight | None = None
        self._faulted: _Flight | None = None
        self._drain_scheduled = False
        self._gathered = 0
        self._gather_until_s = 0.0
        self._running = False
        self._full = False
        self._blocked = False
        self._is_settled = False
        self._time_us = recovered.machine.time_us()
        self._seq = recovered.head.seq
        self._committed_seq = recovered.head.seq
        self._listeners: list[Listener] = []
        self._watchers: list[CommitWatcher] = []
        self._link_watchers: list[LinkWatcher] = []
        self._desk: LinkDesk | None = None
        self._delivers = False
        self._acks = AckDesk()
        self._acks_due = False
        self._requests = RequestDesk()
        self._idle: list[asyncio.Future[None]] = []
        self._mended = asyncio.Event()
        self._mended.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.epoch = 0

    # -- life ---------------------------------------------------------------------------------

    async def start(self, epoch: int | None = None) -> None:
        """Take ownership: raise the epoch, journal what recovery asks for, and the epoch record.

        An `epoch` that was acquired before the recovery is taken as it is.
        """
        self._loop = asyncio.get_running_loop()
        self.epoch = self._journal.acquire() if epoch is None else epoch
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
            quarantine = self._fly_alone(self._recovered.quarantine)
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
        for taker in self._requests.give_up():
            self._loop.call_soon(taker, OutcomeUnknownError("stopped before a market answered"))
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
        future: asyncio.Future[Reply] = self._loop.create_future()

        def take(outcome: Reply | CallError) -> None:
            if future.done():
                return
            if isinstance(outcome, CallError):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.send(command, take)
        return await future

    def send(self, command: bytes, taker: Taker) -> None:
        """Do as `submit`; the taker is called with what comes of it."""
        size = len(command)
        if (
            size < COMMAND_BYTES_MIN
            or size % COMMAND_ALIGNMENT
            or command[0] | command[1] << 8 != size
        ):
            raise ValueError("not one command record")
        if command[COMMAND_KIND_OFFSET] == _QUARANTINE:
            raise ValueError("only the runtime itself quarantines")  # replay acts on its place
        if not self._running:
            raise NotAcceptedError("the exchange is stopping")
        if self._blocked:
            raise StorageFullError("the disk is full")
        if self._full and command[COMMAND_KIND_OFFSET] not in _PASS_WHEN_FULL:
            raise StorageFullError("the disk is nearly full: only cancels are taken")
        queue = self._queue
        if len(queue) >= self._limits.queue_commands_max:
            raise OverloadedError("too many commands are waiting")
        queue.append(command)
        self._takers.append(taker)
        if self._flight is None and not self._drain_scheduled:
            self._drain_soon()

    def _drain_soon(self) -> None:
        """Have what is waiting put in flight after what has arrived on the network is read."""
        self._drain_scheduled = True
        self._gathered = 0
        self._gather_until_s = time.monotonic() + self._limits.gather_seconds
        self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Put what is waiting in flight and have it applied in the loop's next round.

        As long as each round of the loop brings more, it is worth waiting for: a batch costs as
        much as some orders, and the loop is not idle meanwhile.
        """
        waiting = len(self._queue)
        if self._gathered < waiting < self._limits.batch_commands_max:
            self._gathered = waiting
            if time.monotonic() < self._gather_until_s:
                self._loop.call_soon(self._drain)
                return
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
            return self._fly_alone([_TICK])
        if self._queue or self._acks_due:
            acks, self._acks_due = self._acks.take(), False
            count = self._limits.batch_commands_max
            batch, self._queue = self._queue[:count], self._queue[count:]
            takers, self._takers = self._takers[:count], self._takers[count:]
            return self._fly([*acks, *batch], [*([None] * len(acks)), *takers])
        for waiter in self._idle:
            if not waiter.done():
                waiter.set_result(None)
        self._idle.clear()
        return None

    def _fly_alone(self, commands: Sequence[bytes]) -> _Flight:
        """Fly commands that nobody waits for."""
        return self._fly(list(commands), [None] * len(commands))

    def _fly(self, commands: list[bytes], takers: list[Taker | None]) -> _Flight:
        """Stamp a batch and hand it to the append thread."""
        self._time_us = max(self._clock(), self._time_us)
        data = self._machines.stamp(commands, self._time_us)
        self._seq += 1
        flight = _Flight(self._seq, data, takers)
        if self._delivers:
            flight.delivered = {
                index: command[COMMAND_BYTES_MIN:]
                for index, command in enumerate(commands)
                if command[COMMAND_KIND_OFFSET] == CommandKind.DELIVER
            }
        self._flight = flight
        self._appender.append(data, len(commands), self._routes_of(flight, commands))
        return flight

    def _routes_of(self, flight: _Flight, commands: list[bytes]) -> Sequence[Route]:
        """Return the routes that change with a batch: those of entities that have arrived.

        Only the machine knows whether one has, so such a batch is applied before it is appended.
        """
        if not any(command[COMMAND_KIND_OFFSET] == CommandKind.MOVE_IN for command in commands):
            return ()
        self._apply(flight)
        if flight.fault is not None:
            return ()
        return [
            Route(event.moved_entity, self._partition, event.route_version)
            for event in flight.events.of_type(MovedInEvent)
            if isinstance(event, MovedInEvent) and event.last
        ]

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
        flight.events = BatchEvents(data, self._machines.sort_events(data, len(flight.takers)))

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
            self._drain_soon()

    def _release(self, flight: _Flight) -> None:
        """Let a durable batch out: followers, listeners, replies, reads, in this order."""
        self._committed_seq = flight.seq
        for watch in self._watchers:
            watch(flight.seq, flight.events_hash)
        committed = Committed(flight.seq, flight.time_us, flight.events, self._partition)
        for listener in self._listeners:
            # each on its own: one that fails must not keep the batch from the others
            self._loop.call_soon(listener, committed)
        if flight.delivered or flight.events.has_any(_OF_LINKS):
            self._release_links(flight)
        if any(flight.takers):
            self._loop.call_soon(self._answer, flight, 0)
        for reader in flight.readers:
            if not reader.done():
                reader.set_result(None)

    def _answer(self, flight: _Flight, begin: int) -> None:
        """Reply to a batch's callers from one of them on."""
        seq, time_us, passed_over = flight.seq, flight.time_us, flight.passed_over
        at = begin
        try:
            for at, (taker, records) in enumerate(flight.replies(begin), begin):
                if taker is not None:
                    taker(Reply(seq, time_us, records or passed_over.get(at, b"")))
        except BaseException:
            # the loop reports it; the others are answered all the same
            self._loop.call_soon(self._answer, flight, at + 1)
            raise

    def _release_links(self, flight: _Flight) -> None:
        """Let out what a batch sends, and tell those whose requests it begins or answers."""
        events, machine = flight.events, self._machine
        if events.has_any((MovedInEvent, MovedOutEvent)):
            self._desk = None  # links have come or gone: begin with what the machine says
        begun: dict[int, list[PendingEvent]] = {}
        for event in events.of_type(PendingEvent):
            assert isinstance(event, PendingEvent)
            if (event.origin_partition, event.origin_seq) == (self._partition, flight.seq):
                begun.setdefault(event.origin_command, []).append(event)
        by_command = events.records_by_command()
        for index in sorted({*begun, *flight.delivered}):
            records, taker = by_command[index], flight.takers[index]
            if index in flight.delivered:
                answered = self._requests.hear(flight.delivered[index], records)
                if answered is not None:
                    reply = Reply(flight.seq, flight.time_us, answered[1])
                    self._loop.call_soon(answered[0], reply)
            elif taker is not None:
                flight.takers[index] = None
                self._requests.begin(begun[index], records, taker)
        for left in events.of_type(MovedOutEvent):
            assert isinstance(left, MovedOutEvent)
            for taker in self._requests.left(left.moved_entity):
                self._loop.call_soon(taker, OutcomeUnknownError("moved before a market answered"))
        wires = dict.fromkeys(head_of(message).wire for message in flight.delivered.values())
        last_in = machine.last_in if machine is not None else lambda *_: 0
        positions = [Position(*wire, last_in(*wire)) for wire in wires]
        messages = messages_of(events)
        for watcher in self._link_watchers:
            self._loop.call_soon(watcher, messages, positions)

    async def _mend(self, flight: _Flight, row: JournalRow) -> None:
        """Replace a faulted machine and quarantine what it faulted on, as the next row."""
        log.error("batch %d faulted, restoring: %s", flight.seq, flight.fault)
        try:
            mended = await self._loop.run_in_executor(
                None, lambda: recover(self._machines, self._journal, self._snapshots, up_to=row.seq)
            )
        except (JournalError, RecoveryError) as error:
            self._fatal(error)  # whoever takes over reads from the journal what can be read
            return
        if not mended.quarantine or self._faulted is not None:
            self._fatal(RuntimeError(f"batch {flight.seq} cannot be mended"))
            return
        self._machine, self._desk = mended.machine, None
        self._take_events(flight, mended.machine, mended.events)
        self._faulted = flight
        self._mended.set()
        quarantine = self._fly_alone(mended.quarantine)
        self._apply(quarantine)
        flight.passed_over = {
            event.quarantined_index: event.pack()
            for event in quarantine.events.events()
            if isinstance(event, QuarantinedEvent) and event.quarantined_seq == flight.seq
        }

    def _fail_all(self, error: CallError) -> None:
        takers, self._takers, self._queue = self._takers, [], []
        if self._flight is not None:
            takers += self._flight.takers
            for reader in self._flight.readers:
                if not reader.done():
                    reader.set_exception(error)
        for taker in takers:
            if taker is not None:
                self._loop.call_soon(taker, error)

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
    def waiting(self) -> int:
        """How many commands have come that are in no batch yet."""
        return len(self._queue)

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

    # -- links --------------------------------------------------------------------------------

    def watch_links(self, watcher: LinkWatcher) -> None:
        """Call the watcher for each batch that sends or takes in messages, once it is durable."""
        self._link_watchers.append(watcher)

    def deliver(self, messages: Iterable[bytes]) -> list[Position]:
        """Take in messages for what is hosted here; return what is missing, and after which.

        What cannot be taken now is missing too: its source sends it again when it is asked to.
        """
        if not self._running or self._blocked or self._machine is None:
            return []
        self._delivers = True
        if self._desk is None:
            positions = self._machine.link_positions()
            self._desk = LinkDesk(Position(*position) for position in positions)
        if len(self._queue) >= self._limits.queue_commands_max:
            return self._desk.gaps()
        hosts = self._machine.hosts
        here = (message for message in messages if hosts(head_of(message).destination))
        for message in self._desk.take(here):  # what has moved away finds its way by itself
            self._queue.append(deliver(message))
            self._takers.append(None)
        if self._flight is None and not self._drain_scheduled and self._queue:
            self._drain_soon()
        return self._desk.gaps()

    def acknowledge(self, positions: Iterable[Position]) -> None:
        """Hear how far destinations have come; journaled once a link and batch."""
        if self._running and not self._acks:
            self._loop.call_later(_ACK_SECONDS, self._journal_acks)
        self._acks.note(positions)

    def _journal_acks(self) -> None:
        if not self._acks or not self._running or self._blocked:
            return
        self._acks_due = True
        if self._flight is None and not self._drain_scheduled:
            self._drain_soon()

    async def outbox(self, source: int = 0) -> bytes:
        """Return the messages that no destination has acknowledged: one source's or (0) all."""
        return await self._read(lambda machine: machine.outbox(source))

    async def link_positions(self) -> list[Position]:
        """Return how far this partition has come with the links to what it hosts."""
        found = await self._read(lambda machine: machine.link_positions())
        return [Position(*position) for position in found]

    async def hosted(self) -> list[tuple[int, int]]:
        """Return (entity, version of its route) of all that is hosted here."""
        return await self._read(lambda machine: machine.hosted())

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

    async def _read_of(self, entity: int, view: Callable[[StateMachine], _T]) -> _T:
        """Return what the machine shows of an entity that lives here; raises NotHostedError."""

        def shown(machine: StateMachine) -> _T:
            self._require(machine, entity)
            return view(machine)

        return await self._read(shown)

    def _require(self, machine: StateMachine, entity: int) -> None:
        if not machine.hosts(entity):
            raise NotHostedError(f"entity {entity:#x} does not live in {self._partition}")

    async def _read_account(self, account_id: int, view: Callable[[StateMachine], _T]) -> _T:
        return await self._read_of(_shard(account_id), view)

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        """Return an open order of this account, or None."""
        row = await self._read_account(
            account_id, lambda machine: machine.order(account_id, order_id)
        )
        return None if row is None else OrderRow.unpack(row)

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        """Return the open order with this client order id, or None."""
        row = await self._read_account(
            account_id,
            lambda machine: machine.order_by_client_id(account_id, market, client_order_id),
        )
        return None if row is None else OrderRow.unpack(row)

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account by order id; market 0 means all markets."""
        return decode_orders(
            await self._read_account(
                account_id, lambda machine: machine.open_orders(account_id, market)
            )
        )

    async def balances(self, account_id: int) -> list[BalanceRow]:
        """Return the balances of an account by asset."""
        return decode_balances(
            await self._read_account(account_id, lambda machine: machine.balances(account_id))
        )

    async def account(self, account_id: int) -> AccountRow | None:
        """Return an account's flags, trade group and fee schedule, or None."""
        row = await self._read_account(account_id, lambda machine: machine.account(account_id))
        return None if row is None else AccountRow.unpack(row)

    async def market(self, market: int) -> MarketRow | None:
        """Return a market's specification and counters, or a copy of them; None if not known."""
        row = await self._read(lambda machine: machine.market(market))
        return None if row is None else MarketRow.unpack(row)

    async def average_price_ticks(self, market: int) -> int:
        """Return the price that the filters use now, in ticks."""
        return await self._read_of(
            entity_of_market(market), lambda machine: machine.average_price_ticks(market)
        )

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return (maker, taker) that an order accepted now would be given."""
        return await self._read_account(
            account_id, lambda machine: machine.fee_rates(account_id, market)
        )

    async def catalog(self) -> list[AssetRow | MarketRow | MetaRow]:
        """Return all assets, markets and the bounds over all markets."""

        def view(machine: StateMachine) -> list[AssetRow | MarketRow | MetaRow]:
            assets, markets = machine.assets(), machine.markets()
            return [
                *(AssetRow.unpack(assets, at) for at in range(0, len(assets), AssetRow.SIZE)),
                *(MarketRow.unpack(markets, at) for at in range(0, len(markets), MarketRow.SIZE)),
                MetaRow.unpack(machine.meta()),
            ]

        return await self._read(view)

    async def committed_seq(self, account_id: int = 0) -> int:
        """Return the sequence of the last committed batch."""
        machine = self._machine
        if account_id and machine is not None:
            self._require(machine, _shard(account_id))
        return self._committed_seq

    async def inspect(self, view: Callable[[StateMachine], _T]) -> _T:
        """Return any other view of the machine, released as every read is."""
        return await self._read(view)


def _shard(account_id: int) -> int:
    return entity_of_shard(shard_of_account(account_id))
