"""The feed of a gateway: messages of markets, account shards and the catalog, without gaps.

Each entity is followed by its own sequence. What comes twice, late or from an owner that is over
changes nothing; what is missing is fetched before anything later is delivered: a market's book from
its view and its trades from the history, a shard's events from its owner. An entity that has been
silent for longer than its owner would be is looked at by itself.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from openoutcry.adapters.redis.books import read_book
from openoutcry.adapters.redis.client import Redis, RedisError
from openoutcry.adapters.redis.messages import (
    CATALOG_CHANNEL,
    ENTITY,
    FOLLOW_CHANNEL,
    MARKET_CHANNEL,
    SHARD_CHANNEL,
    Header,
    MessageError,
    unpack,
)
from openoutcry.codec.records import decode_events
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import Event, MarketEvent, TradeEvent
from openoutcry.ports.calls import CallError
from openoutcry.ports.feeds import Committed, Listener
from openoutcry.ports.market_data import WholeBook

log = logging.getLogger(__name__)

SILENT_SECONDS = 1.3
"""An owner speaks once a second: an entity that is silent for longer is looked at."""
LOOK_SECONDS = 0.1
RENEW_SECONDS = 1.0
"""Between two attempts to make subscriptions anew."""
KEEP_SECONDS = 30.0
"""A shard is followed on for so long after the last who listened: clients come back."""
HISTORY_SECONDS_MAX = 5.0
BACKLOG_MAX = 2_000
"""Messages of one entity that wait for a repair; with more, the repair begins anew."""
_RETRY_SECONDS = 0.1
_REPAIRS_MAX = 32
_FOLLOW_SECONDS_MAX = 2.0
_UNKNOWN = -1
_MARKET = int(EntityKind.MARKET)

TradesFrom = Callable[[int, int], Awaitable[Sequence[TradeEvent]]]
"""Public trades of a market from a trade id on, ascending, as far as the history has them."""
EventsAfter = Callable[[int, int], Awaitable[Sequence[Event] | None]]
"""An entity's events after an entity_seq, from its owner; None when it has them no more."""
OwnersBook = Callable[[int], Awaitable[WholeBook | None]]
"""A market's book from its owner, for when Redis is away."""
Resync = Callable[[WholeBook, Sequence[TradeEvent]], None]
"""Takes a book that replaces what there was, with the trades since; called before what follows."""


class _Entity:
    """How far one entity, or one partition's catalog, has been delivered."""

    __slots__ = (
        "backlog",
        "channel",
        "entity",
        "entity_seq",
        "epoch",
        "followers",
        "heard_at",
        "idle_at",
        "partition",
        "ready",
        "repair",
        "seq",
        "symbol",
        "trade_id",
    )

    def __init__(self, entity: int, channel: str, now: float) -> None:
        self.entity = entity
        self.channel = channel
        self.entity_seq = _UNKNOWN
        self.partition = 0
        self.epoch = 0
        self.seq = 0
        self.heard_at = now
        self.repair: asyncio.Task[None] | None = None
        self.backlog: list[tuple[Header, bytes]] = []
        # of a market
        self.symbol = ""
        self.trade_id = 0
        # of a shard
        self.followers = 0
        self.idle_at = now
        self.ready: asyncio.Future[None] | None = None

    def is_repaired(self) -> bool:
        """Whether what is missing is being fetched."""
        return self.repair is not None

    def reached(self, header: Header) -> None:
        self.entity_seq = header.last_entity_seq
        self.trade_id = max(self.trade_id, header.last_trade_id)
        self.partition, self.epoch = header.partition, header.epoch
        self.seq = header.seq


class RedisFeed:
    """Implements `ports.feeds.Feed` and `AccountFeed`.

    Give `on_message` to the client that is then given to `start`.
    """

    def __init__(
        self,
        *,
        trades_from: TradesFrom,
        events_after: EventsAfter,
        resync: Resync,
        catalog_lost: Callable[[], None],
        owners_book: OwnersBook | None = None,
    ) -> None:
        self._trades_from = trades_from
        self._events_after = events_after
        self._resync = resync
        self._catalog_lost = catalog_lost
        self._owners_book = owners_book
        self._entities: dict[int, _Entity] = {}
        self._catalogs: dict[int, _Entity] = {}
        self._listeners: list[Listener] = []
        self._lost_listeners: list[Callable[[int], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._repairs = asyncio.Semaphore(_REPAIRS_MAX)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._redis: Redis | None = None
        self._silent: set[int] = set()
        self._is_renewing = False
        self.gaps = 0
        """How often something was missing."""
        self.renewals = 0
        """How often all subscriptions were made anew."""

    # -- life

    async def start(self, redis: Redis) -> None:
        """Begin to listen, to the catalog first."""
        self._redis = redis
        await redis.listen([CATALOG_CHANNEL])
        self._look()

    async def stop(self) -> None:
        """Deliver no more."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def load_books(
        self, markets: Mapping[int, str], last_trade_ids: Mapping[int, int] | None = None
    ) -> None:
        """Follow markets by their symbols, and return when the book of each has been given.

        `last_trade_ids` are the last trades that the live view has already; what came since is
        fetched. A market that nobody has published yet is waited for.
        """
        known = last_trade_ids or {}
        for market, symbol in markets.items():
            self._follow_market(market, symbol, known.get(market, 0))
        await self._listen([MARKET_CHANNEL % symbol for symbol in markets.values()])
        repairs = [
            entity.repair
            for entity in (self._entities[entity_of_market(market)] for market in markets)
            if entity.repair is not None
        ]
        if repairs:
            await asyncio.wait(repairs)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener with what is delivered from now on; returns how to stop."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _listen(self, channels: Sequence[str]) -> None:
        assert self._redis is not None, "not started"
        try:
            await self._redis.listen(channels)
        except RedisError as error:
            log.warning("subscribing waits for Redis: %s", error)  # the client goes on trying

    # -- accounts

    def follow(self, account_id: int) -> Awaitable[None] | None:
        """Listen to an account's shard; done when nothing that happens from then on is missed."""
        entity_id = entity_of_shard(shard_of_account(account_id))
        entity = self._entities.get(entity_id)
        if entity is None:
            shard = shard_of_account(account_id)
            entity = _Entity(entity_id, SHARD_CHANNEL % shard, self._loop.time())
            self._entities[entity_id] = entity
            entity.ready = self._loop.create_future()
            self._spawn(self._open_shard(entity, shard))
        entity.followers += 1
        return None if entity.ready is None else asyncio.shield(entity.ready)

    def unfollow(self, account_id: int) -> None:
        """Take back one `follow`; the shard is let go of a while after the last."""
        entity = self._entities[entity_of_shard(shard_of_account(account_id))]
        assert entity.followers > 0
        entity.followers -= 1
        entity.idle_at = self._loop.time()

    def when_lost(self, listener: Callable[[int], None]) -> None:
        """Call the listener with a shard whose events have a gap that cannot be mended."""
        self._lost_listeners.append(listener)

    async def _open_shard(self, entity: _Entity, shard: int) -> None:
        assert self._redis is not None, "not started"
        ready = entity.ready
        assert ready is not None
        try:
            async with asyncio.timeout(_FOLLOW_SECONDS_MAX):
                await self._redis.listen([entity.channel])
                # its owner answers with where it stands; a beat does as well, a little later
                await self._redis.send(FOLLOW_CHANNEL, ENTITY.pack(entity.entity))
                await asyncio.shield(ready)
        except (RedisError, TimeoutError) as error:
            log.warning("shard %d is followed, but not heard of yet: %s", shard, error)
        self._opened(entity)

    @staticmethod
    def _opened(entity: _Entity) -> None:
        """Let those go on who wait for the shard."""
        ready, entity.ready = entity.ready, None
        if ready is not None and not ready.done():
            ready.set_result(None)

    def _let_go(self, now: float) -> None:
        """Forget the shards that nobody has listened to for a while."""
        idle = [
            entity
            for entity in self._entities.values()
            if entity.entity >> 24 != _MARKET
            and entity.followers == 0
            and entity.ready is None
            and now - entity.idle_at > KEEP_SECONDS
        ]
        for entity in idle:
            del self._entities[entity.entity]
            if entity.repair is not None:
                entity.repair.cancel()
        if idle:
            self._spawn(self._ignore([entity.channel for entity in idle]))

    async def _ignore(self, channels: Sequence[str]) -> None:
        assert self._redis is not None, "not started"
        try:
            await self._redis.ignore(channels)
        except RedisError as error:
            log.warning("unsubscribing failed: %s", error)

    # -- messages

    def on_message(self, _channel: bytes, message: bytes) -> None:
        """Take in a message of any channel."""
        try:
            header, events = unpack(message)
        except MessageError as error:
            log.warning("a message is passed over: %s", error)
            return
        if header.entity == 0:
            self._take_catalog(header, events)
            return
        entity = self._entities.get(header.entity)
        if entity is None:
            return
        if entity.partition == header.partition and header.epoch < entity.epoch:
            return
        entity.heard_at = self._loop.time()
        self._silent.discard(entity.entity)
        if entity.ready is not None:
            self._opened(entity)
        if not entity.is_repaired():
            self._take(entity, header, events)
        elif len(entity.backlog) < BACKLOG_MAX:
            entity.backlog.append((header, events))
        else:
            entity.backlog.clear()  # what is missing then starts the next repair

    def _take(self, entity: _Entity, header: Header, events: bytes) -> None:
        if entity.entity_seq == _UNKNOWN:
            entity.entity_seq = header.first_entity_seq - 1
        if header.last_entity_seq <= entity.entity_seq:
            if header.last_entity_seq == entity.entity_seq:
                entity.reached(header)
            return
        if header.first_entity_seq > entity.entity_seq + 1:
            self.gaps += 1
            entity.backlog.append((header, events))
            self._repair(entity)
            return
        before = entity.entity_seq
        entity.reached(header)
        self._deliver(header.partition, decode_events(events), entity.entity, before)

    def _deliver(
        self, partition: int, events: Iterable[Event], entity: int, after_entity_seq: int
    ) -> None:
        """Give the listeners what an entity has not said before, each batch's events together."""
        fresh = [e for e in events if e.entity != entity or e.entity_seq > after_entity_seq]
        for seq, group in groupby(fresh, key=attrgetter("seq")):
            batch = list(group)
            committed = Committed(seq, batch[-1].time_us, batch, partition=partition)
            for listener in tuple(self._listeners):
                listener(committed)

    def _take_catalog(self, header: Header, events: bytes) -> None:
        """Deliver assets, limits and fees, and markets that nobody here knew."""
        catalog = self._catalogs.get(header.partition)
        if catalog is None:
            catalog = _Entity(0, CATALOG_CHANNEL, self._loop.time())
            catalog.entity_seq = header.first_entity_seq - 1
            self._catalogs[header.partition] = catalog
        if header.epoch < catalog.epoch:
            return
        catalog.heard_at = self._loop.time()
        before = catalog.entity_seq
        if header.first_entity_seq > before + 1:
            self.gaps += 1
            self._catalog_lost()
        if header.last_entity_seq >= before:
            catalog.reached(header)
        fresh = [
            event
            for event in decode_events(events)
            if (event.entity == 0 and event.entity_seq > before)
            or (isinstance(event, MarketEvent) and self._meet_market(event))
        ]
        self._deliver(header.partition, fresh, 0, before)

    def _meet_market(self, event: MarketEvent) -> bool:
        """Follow a market that was not known; whether that is so."""
        if entity_of_market(event.market) in self._entities:
            return False
        symbol = event.symbol.rstrip(b"\0").decode("ascii")
        self._follow_market(event.market, symbol, 0)
        self._spawn(self._listen([MARKET_CHANNEL % symbol]))
        return True

    def _follow_market(self, market: int, symbol: str, trade_id: int) -> None:
        entity_id = entity_of_market(market)
        if entity_id not in self._entities:
            entity = _Entity(entity_id, MARKET_CHANNEL % symbol, self._loop.time())
            entity.symbol, entity.trade_id = symbol, trade_id
            self._entities[entity_id] = entity
            self._repair(entity)

    # -- repairs

    def _look(self) -> None:
        """Look after whoever has been silent for too long."""
        now = self._loop.time()
        for entity in self._entities.values():
            if now - entity.heard_at > SILENT_SECONDS and entity.repair is None:
                entity.heard_at = now
                self._silent.add(entity.entity)
                self._repair(entity)
        self._let_go(now)
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def _repair(self, entity: _Entity) -> None:
        """Fetch what is missing, then go on with what came since."""
        assert entity.repair is None
        entity.repair = self._spawn(self._run_repair(entity))

    async def _run_repair(self, entity: _Entity) -> None:
        is_market = entity.entity >> 24 == _MARKET
        try:
            await (self._repair_market(entity) if is_market else self._repair_shard(entity))
        except Exception:  # an adapter's retry: the next message or look begins again
            log.exception("entity %d cannot be repaired now", entity.entity)
            await asyncio.sleep(_RETRY_SECONDS)
        finally:
            entity.repair = None
        backlog, entity.backlog = entity.backlog, []
        for at, (header, events) in enumerate(backlog):
            self._take(entity, header, events)
            if entity.is_repaired():  # another gap: the rest waits behind it
                entity.backlog += backlog[at + 1 :]
                return

    async def _repair_market(self, entity: _Entity) -> None:
        """Give the listeners the whole book and the trades since, when they lack something."""
        market = entity.entity & 0xFFFFFF
        wanted = max((header.first_entity_seq - 1 for header, _ in entity.backlog), default=0)
        while (book := await self._book(market, entity)) is None or (
            book.entity_seq < max(wanted, entity.entity_seq)
        ):
            if book is not None and wanted <= entity.entity_seq:
                return  # we have more than the view: its owner will mend it
            await asyncio.sleep(_RETRY_SECONDS)
        if (book.entity_seq, book.seq) != (entity.entity_seq, entity.seq):
            self._missed(entity)
        if book.entity_seq == entity.entity_seq:
            return
        was_known = entity.entity_seq != _UNKNOWN
        trades = await self._missing_trades(market, entity.trade_id + 1, book.trade_id)
        entity.entity_seq, entity.trade_id = book.entity_seq, book.trade_id
        entity.partition, entity.epoch, entity.seq = book.partition, book.epoch, book.seq
        self._resync(book, trades)
        if was_known:
            self._catalog_lost()  # a change of the market itself may have been among it

    def _missed(self, entity: _Entity) -> None:
        """Something was said of an entity that was silent here: its subscription may be dead."""
        if entity.entity in self._silent and not self._is_renewing:
            self._is_renewing = True
            self._spawn(self._renew())

    async def _renew(self) -> None:
        assert self._redis is not None, "not started"
        log.warning("subscriptions seem to be lost: they are made anew")
        try:
            await self._redis.renew()
            self.renewals += 1
        except RedisError as error:
            log.warning("they cannot be: %s", error)
        await asyncio.sleep(RENEW_SECONDS)
        self._silent.clear()
        self._is_renewing = False

    async def _book(self, market: int, entity: _Entity) -> WholeBook | None:
        assert self._redis is not None, "not started"
        try:
            async with self._repairs:
                return await read_book(self._redis, market, entity.symbol, entity.entity_seq)
        except RedisError as error:
            log.debug("the book of %s cannot be read: %s", entity.symbol, error)
        if self._owners_book is None:
            return None
        try:
            return await self._owners_book(market)
        except CallError as error:
            log.debug("the owner of %s does not answer: %s", entity.symbol, error)
            return None

    async def _missing_trades(self, market: int, first: int, last: int) -> list[TradeEvent]:
        """Return trades from the history, which may have to catch up first."""
        trades: list[TradeEvent] = []
        deadline = self._loop.time() + HISTORY_SECONDS_MAX
        while first <= last:
            async with self._repairs:
                found = await self._trades_from(market, first)
            more = [trade for trade in found if trade.trade_id <= last]
            if more:
                trades += more
                first = more[-1].trade_id + 1
            elif self._loop.time() > deadline:
                log.error("market %d: trades %d to %d are missing", market, first, last)
                break
            else:
                await asyncio.sleep(_RETRY_SECONDS)
        return trades

    async def _repair_shard(self, entity: _Entity) -> None:
        """Ask the owner for what is missing; tell those who listen when it is gone for ever."""
        if entity.entity_seq == _UNKNOWN:
            return
        try:
            async with self._repairs:
                events = await self._events_after(entity.entity, entity.entity_seq)
        except CallError as error:
            log.debug("the owner of entity %d does not answer: %s", entity.entity, error)
            events = []
        if events is None:
            entity.entity_seq = _UNKNOWN
            for listener in tuple(self._lost_listeners):
                listener(entity.entity & 0xFFFFFF)
        elif events:
            self._missed(entity)
            before, last = entity.entity_seq, events[-1]
            entity.entity_seq = last.entity_seq
            self._deliver(last.partition, events, entity.entity, before)
        elif entity.backlog:
            await asyncio.sleep(_RETRY_SECONDS)
