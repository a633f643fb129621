"""`outcry engine`: owns partitions, stands by for others, and serves calls over TCP.

Three things say who owns what: the row of the partition in the database, the epoch in it, and the
journal's key. This process acts on the row, and is held to it by the other two.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from functools import partial

from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.adapters.postgres.ownership import DatabaseAwayError, Ownership, Watcher
from openoutcry.adapters.redis.client import Redis, RedisError
from openoutcry.adapters.redis.publisher import RedisPublisher
from openoutcry.adapters.redis.rate_limits import RedisRateLimiter
from openoutcry.adapters.tcp.client import Connections
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.remote import RemoteCalls, RemoteLinks, owner_connection
from openoutcry.adapters.tcp.server import CallsServer, Hosted, ServerLimits
from openoutcry.app.garbage import spare_collections
from openoutcry.app.scaled.control import FIRST_VERSION, hosting
from openoutcry.app.scaled.database import prepare
from openoutcry.app.scaled.directory import Directory
from openoutcry.app.scaled.leases import LeaseKeeper
from openoutcry.app.scaled.link_hub import LinkHub
from openoutcry.app.scaled.mover import Mover
from openoutcry.app.scaled.opening import client_tls, opened_redis, say, server_tls
from openoutcry.app.scaled.process import run
from openoutcry.app.scaled.repair import OwnersRepair
from openoutcry.app.scaled.seat import Seat
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.core.enums import EntityKind, Role
from openoutcry.core.ids import entity_of_shard
from openoutcry.core.records import Event, MovedInEvent, MovedOutEvent, OrderEvent, SetRole
from openoutcry.gateways.edge.fills import FillCounter
from openoutcry.partition.appender import exit_at_once
from openoutcry.partition.books import hosted, whole_book
from openoutcry.partition.owners_events import OwnersEvents
from openoutcry.partition.recovery import RecoveryError
from openoutcry.partition.runtime import Partition
from openoutcry.ports.calls import Calls
from openoutcry.ports.feeds import Committed
from openoutcry.ports.journal import FencedError, JournalError
from openoutcry.ports.ownership import Owner

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
HAND_OVER_SECONDS = 0.01
"""Between two looks while a partition goes from one engine to another."""
PATIENCE_SECONDS = 1.0
"""A partition that was given back waits so long for who is preferred, then the standby takes it."""
LAST_RESORT_SECONDS = 4.0
"""After so long any engine takes it."""
RETURN_SECONDS = 10.0
"""One that was taken over goes back to who is preferred when that one is warm for so long."""
REFUSED_SECONDS = 2.0
"""A partition that could not be opened is not tried again before."""
FOLLOWED_SECONDS = 0.5
WARM_SECONDS = 2.0
REDIS_SECONDS = 0.5
CREDIT_SECONDS = 0.25
_ORDERS: frozenset[type[Event]] = frozenset({OrderEvent})
_ARRIVALS: frozenset[type[Event]] = frozenset({MovedInEvent})


class EngineProcess:
    """One engine."""

    def __init__(
        self, settings: ScaledSettings, fatal: Callable[[BaseException], None] = exit_at_once
    ) -> None:
        settings.require("name", "journal_dsn", "redis_nodes", "partitions")
        self._settings = settings
        self._fatal = fatal
        self._stop = asyncio.Event()
        self._seats = {plan.number: Seat(settings, plan) for plan in settings.partitions}
        self._publishers: dict[int, RedisPublisher] = {}
        self._gone_since: dict[int, float] = {}
        self._taken_as: dict[int, str] = {}
        self._warm_since: dict[int, float] = {}
        self._changing: dict[int, asyncio.Task[None]] = {}
        """Partitions that are being taken or given back just now."""
        self._refused: dict[int, float] = {}
        """When a partition that could not be recovered may be tried again."""
        self._telling: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None
        self._address = ""
        self._redis: Redis | None = None
        self._limiter: RedisRateLimiter | None = None
        self._fills: FillCounter | None = None

    async def run(self) -> None:
        """Run until SIGTERM; then give everything back."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        settings = self._settings
        async with AsyncExitStack() as stack:
            self._ownership = Ownership(settings.journal_dsn, f"outcry-{settings.name}")
            stack.callback(self._ownership.close)
            self._watcher = Watcher(
                Ownership(settings.journal_dsn, f"outcry-watch-{settings.name}"),
                settings.lease_seconds,
            )
            connecting = asyncio.create_task(self._connect_redis(), name="redis")
            stack.push_async_callback(self._disconnect_redis, connecting)
            self._leases = LeaseKeeper(settings.journal_dsn, settings.lease_seconds, self._fatal)
            stack.push_async_callback(self._leases.stop)
            self._server = CallsServer(
                tls=server_tls(settings), limits=ServerLimits(credits=settings.credits)
            )
            host = settings.calls_listen.host
            port = await self._server.start(host, settings.calls_listen.port)
            stack.push_async_callback(self._server.close, 2.0)
            self._address = settings.calls_address or f"{host}:{port}"
            await self._join_links(stack)
            stack.push_async_callback(self._give_everything_back)
            spare_collections()
            say(f"engine {settings.name} takes calls at {self._address}")
            await self._watch()

    async def _join_links(self, stack: AsyncExitStack) -> None:
        """Make ready to carry messages between partitions, here and at other engines."""
        numbers = [plan.number for plan in self._settings.partitions]
        ownership = Ownership(self._settings.journal_dsn, f"outcry-directory-{self._settings.name}")
        self._directory = Directory(ownership, numbers)
        await self._directory.start()
        stack.push_async_callback(self._directory.stop)
        connections = Connections(ProcessRole.ENGINE, tls=client_tls(self._settings))
        stack.push_async_callback(connections.close)
        self._directory.when_changed(
            lambda: connections.retain(
                owner.address
                for owner in map(self._directory.owner_of, self._directory.partitions())
                if owner is not None
            )
        )
        self._links = LinkHub(
            self._directory, RemoteLinks(connections, self._directory), self._fatal
        )
        stack.push_async_callback(self._links.stop)

        def calls_of(number: int) -> Calls:
            owned = self._seats[number].owned
            if owned is not None:
                return owned.partition
            return RemoteCalls(owner_connection(connections, self._directory, number), number)

        mover = Mover(
            Ownership(self._settings.journal_dsn, f"outcry-moves-{self._settings.name}"),
            self._owned,
            calls_of,
        )
        stack.push_async_callback(mover.stop)

    def _owned(self) -> dict[int, Partition]:
        return {
            number: seat.owned.partition
            for number, seat in self._seats.items()
            if seat.owned is not None
        }

    # -- what can be lost

    async def _connect_redis(self) -> None:
        """Connect whenever the cluster is there: orders do not wait for it."""
        while self._redis is None:
            try:
                self._redis = await opened_redis(self._settings, self._hear)
            except RedisError as error:
                log.warning("nothing is published yet: %s", error)
                await asyncio.sleep(REDIS_SECONDS)
        limiter = RedisRateLimiter(MemoryRateLimiter(), self._redis, gateways=1)
        await limiter.start()
        self._limiter, self._fills = limiter, FillCounter(limiter)
        for seat in self._seats.values():
            if seat.owned is not None:
                await self._publish(seat)

    def _count_fills(self, batch: Committed) -> None:
        """Give accounts room for their fills (a feed listener).

        Later than any gateway counts the order: counts do not go below zero.
        """
        fills = self._fills
        if fills is not None and batch.has_any(_ORDERS):
            asyncio.get_running_loop().call_later(CREDIT_SECONDS, fills.on_committed, batch)

    def _hear(self, channel: bytes, message: bytes) -> None:
        """Tell every publisher what a gateway follows."""
        for publisher in self._publishers.values():
            publisher.on_message(channel, message)

    async def _disconnect_redis(self, connecting: asyncio.Task[None]) -> None:
        connecting.cancel()
        await asyncio.wait({connecting})
        if self._limiter is not None:
            await self._limiter.stop()
        if self._redis is not None:
            await self._redis.close()

    async def _publish(self, seat: Seat) -> None:
        """Publish what a partition commits from now on, and its books as they are."""
        owned, redis = seat.owned, self._redis
        if owned is None or redis is None or seat.number in self._publishers:
            return
        partition, number, epoch = owned.partition, seat.number, owned.epoch
        publisher = self._publishers[number] = RedisPublisher(
            partition=number,
            epoch=epoch,
            seq=await partition.committed_seq(),
            read_book=lambda market: partition.inspect(
                lambda machine: whole_book(machine, market, partition=number, epoch=epoch)
            ),
        )
        partition.subscribe(lambda batch: self._take_in(partition, publisher, batch))
        partition.subscribe(publisher.take)
        partition.subscribe(lambda batch: _let_go(publisher, batch))
        here = await partition.inspect(hosted)
        await publisher.start(redis, here.markets, here.shards, here.entity_seq)

    def _take_in(self, partition: Partition, publisher: RedisPublisher, batch: Committed) -> None:
        """Publish what has moved here, and send on what it brought (a feed listener)."""
        arrived = [it.moved_entity for it in batch.of_type(MovedInEvent) if it.last]
        if not arrived:
            return
        for entity in arrived:
            publisher.arrive(entity)
        task = asyncio.create_task(_tell_reached(partition, publisher, arrived))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    # -- who owns what

    def _backup_of(self, preferred: str) -> str:
        """Return the engine that stands by for what another one prefers."""
        engines = sorted({plan.preferred for plan in self._settings.partitions if plan.preferred})
        if preferred not in engines:
            return engines[0] if engines else ""
        return engines[(engines.index(preferred) + 1) % len(engines)]

    def _change(self, number: int, work: Coroutine[None, None, None]) -> None:
        """Take or give back a partition while the others are looked after."""
        task = self._changing[number] = asyncio.create_task(work, name=f"partition {number}")
        task.add_done_callback(partial(self._changed, number))

    def _changed(self, number: int, task: asyncio.Task[None]) -> None:
        del self._changing[number]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = error
            self._stop.set()

    async def _watch(self) -> None:
        followed_at, pause = 0.0, LOOK_SECONDS
        while not self._stop.is_set():
            try:
                gone = await asyncio.to_thread(self._watcher.look)
                owners = await asyncio.to_thread(self._ownership.owners)
                warm = await asyncio.to_thread(self._ownership.warm, WARM_SECONDS)
                pause = HAND_OVER_SECONDS if self._is_handed_over(owners) else LOOK_SECONDS
                since = time.monotonic() - followed_at
                if since > FOLLOWED_SECONDS or (pause < LOOK_SECONDS and since > LOOK_SECONDS):
                    followed_at = time.monotonic()
                    await self._say_what_is_followed()
                await self._settle(owners, warm)
                self._take_what_is_free(gone)
            except DatabaseAwayError as error:
                log.debug("the database is away: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop.wait()
        while self._changing:
            await asyncio.wait(self._changing.values())
        if self._failure is not None:
            raise self._failure

    def _is_handed_over(self, owners: dict[int, Owner]) -> bool:
        """Whether a partition is about to come here, or to go, because somebody asked for that."""
        name = self._settings.name
        for number, row in owners.items():
            seat = self._seats.get(number)
            if seat is None or row.preferred == "":
                continue
            if seat.owned is None and row.preferred == name:
                return True
            if seat.owned is not None and row.preferred not in {name, self._taken_as.get(number)}:
                return True
        return False

    async def _say_what_is_followed(self) -> None:
        followed = {
            number: (seat.standby.seq, seat.standby.is_warm)
            for number, seat in self._seats.items()
            if seat.standby is not None
        }
        if followed:
            await asyncio.to_thread(self._ownership.follow, self._settings.name, followed)

    async def _settle(self, owners: dict[int, Owner], warm: set[tuple[int, str]]) -> None:
        """Stand by where that is ours to do, and give back what another engine should have."""
        name = self._settings.name
        for number, seat in self._seats.items():
            if number in self._changing:
                continue
            row = owners.get(number)
            preferred = row.preferred if row is not None else seat.plan.preferred
            if seat.owned is None:
                if name in {preferred, self._backup_of(preferred)}:
                    seat.stand_by()
                else:
                    await seat.rest()
            elif preferred not in {"", name}:
                self._maybe_give_back(number, preferred, warm)

    def _maybe_give_back(self, number: int, preferred: str, warm: set[tuple[int, str]]) -> None:
        if (number, preferred) not in warm:
            self._warm_since.pop(number, None)
            return
        since = self._warm_since.setdefault(number, time.monotonic())
        was_told = self._taken_as.get(number) != preferred  # preferred has changed since we took it
        if was_told or time.monotonic() - since > RETURN_SECONDS:
            log.warning("partition %d goes to %s", number, preferred)
            self._warm_since.pop(number, None)
            self._change(number, self._give_back(number))

    def _take_what_is_free(self, gone: list[Owner]) -> None:
        now = time.monotonic()
        free = {owner.partition for owner in gone}
        for number in list(self._gone_since):
            if number not in free:
                del self._gone_since[number]
        for owner in gone:
            seat = self._seats.get(owner.partition)
            if seat is None or seat.owned is not None or seat.number in self._changing:
                continue
            since = self._gone_since.setdefault(owner.partition, now)
            if now - since >= self._patience(owner) and now >= self._refused.get(seat.number, 0):
                self._change(seat.number, self._take(seat, owner))

    def _patience(self, owner: Owner) -> float:
        name = self._settings.name
        preferred = owner.preferred or self._seats[owner.partition].plan.preferred
        if preferred in {"", name}:
            return 0.0
        if self._backup_of(preferred) != name:
            return LAST_RESORT_SECONDS
        if owner.epoch and not owner.owner:  # somebody saw its process end
            return 0.0
        was_lost = owner.lease_until_us is not None
        return 0.0 if was_lost and owner.owner == preferred else PATIENCE_SECONDS

    async def _take(self, seat: Seat, owner: Owner) -> None:
        number = seat.number
        try:
            await seat.take(
                owner.epoch, self._address, self._fatal, partial(self._leases.keep, number)
            )
        except FencedError as error:
            self._leases.drop(number)
            log.warning("partition %d was taken by another engine: %s", number, error)
            return
        except (JournalError, RecoveryError) as error:
            # What is wrong with one journal is no reason to let go of what else is owned here.
            self._leases.drop(number)
            self._refused[number] = time.monotonic() + REFUSED_SECONDS
            log.critical("partition %d cannot be owned now: %s", number, error)
            return
        await self._begin(seat)
        self._taken_as[seat.number] = owner.preferred or seat.plan.preferred
        await self._open(seat)

    async def _begin(self, seat: Seat) -> None:
        """Give a new partition its role, and the shards that begin to live in it."""
        owned, role = seat.owned, Role[seat.plan.role]
        assert owned is not None
        if role is Role.JOINED:
            return
        partition = owned.partition
        if await partition.inspect(lambda machine: machine.role()) == Role.JOINED:
            await partition.submit(SetRole(role=role).pack())
        if role is Role.MARKETS:
            return
        known = dict(await partition.hosted())
        routes = await asyncio.to_thread(self._ownership.routes)
        lacking = [
            route.entity
            for route in routes.values()
            if (route.partition, route.version) == (seat.number, FIRST_VERSION)
            and route.entity not in known
            and route.entity >> 24 == EntityKind.SHARD
        ]
        await asyncio.gather(*(partition.submit(hosting(entity)) for entity in sorted(lacking)))

    async def _open(self, seat: Seat) -> None:
        """Let a partition that is owned now be called, and publish what it commits."""
        owned = seat.owned
        assert owned is not None
        partition = owned.partition
        recent = OwnersEvents(seat.machines, owned.journal, owned.snapshots)
        partition.subscribe(recent.take)
        if Role[seat.plan.role] is not Role.MARKETS:
            partition.subscribe(self._count_fills)
        links = self._links.add(seat.number, partition)
        partition.subscribe(self._send_on)
        self._server.host(
            seat.number,
            Hosted(
                calls=partition,
                epoch=owned.epoch,
                links=links,
                repair=OwnersRepair(partition, seat.number, owned.epoch, recent),
                is_held=partial(self._leases.is_held, seat.number),
            ),
        )
        await self._publish(seat)

    def _send_on(self, batch: Committed) -> None:
        """Send what has moved here brought in its outbox (a feed listener)."""
        if batch.has_any(_ARRIVALS) and any(it.last for it in batch.of_type(MovedInEvent)):
            self._links.resend_all()

    async def _give_back(self, number: int) -> None:
        """Stop a partition in order, and let another engine have it."""
        seat = self._seats[number]
        owned = seat.owned
        if owned is None:
            return
        self._server.drop(number)
        await seat.give_back(partial(self._release, number))
        self._links.remove(number)
        publisher = self._publishers.pop(number, None)
        if publisher is not None:
            await publisher.stop()

    async def _release(self, number: int, epoch: int) -> None:
        try:
            await self._leases.release(number, epoch)
        except DatabaseAwayError as error:
            log.warning("the lease of partition %d ends by itself: %s", number, error)

    async def _give_everything_back(self) -> None:
        await asyncio.gather(*(seat.rest() for seat in self._seats.values()))
        await asyncio.gather(*(self._give_back(number) for number in self._seats))


def _let_go(publisher: RedisPublisher, batch: Committed) -> None:
    """Publish nothing any more of what has moved away (a feed listener)."""
    for event in batch.of_type(MovedOutEvent):
        publisher.release(event.moved_entity)


async def _tell_reached(
    partition: Partition, publisher: RedisPublisher, arrived: list[int]
) -> None:
    """Have shards that have moved here say how far they have come."""
    here = await partition.inspect(hosted)
    for shard, entity_seq in here.shards:
        if entity_of_shard(shard) in arrived:
            publisher.reached(shard, entity_seq)


def engine(settings: ScaledSettings) -> int:
    """Run one engine; returns the exit code."""
    return run(_run(settings))


async def _run(settings: ScaledSettings) -> None:
    process = EngineProcess(settings)
    await asyncio.to_thread(prepare, settings)
    await process.run()
