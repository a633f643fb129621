"""From committed batches to Redis: books, the feeds of markets and account shards, the catalog.

The listener only sorts events to their outlets; a few lanes, one for each part of the slots, send
what has gathered. A node that is slow or gone holds up its own lanes and nobody else: what gathers
for it is bounded, and markets that lost something are published as a whole. Once a second each
entity says where it stands, so that whatever was lost in Redis is found and mended. Of shards that
nobody listens to this is all that is said.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from openoutcry.adapters.redis.client import Redis, RedisError, Reply
from openoutcry.adapters.redis.messages import ENTITY, FOLLOW_CHANNEL
from openoutcry.adapters.redis.outlets import (
    MarketOutlet,
    Outlet,
    Place,
    catalog_outlet,
    shard_outlet,
)
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AccountEvent,
    AssetEvent,
    BalanceEvent,
    Event,
    FeesEvent,
    LevelEvent,
    LimitsEvent,
    MarketEvent,
    OrderEvent,
    OrderRequestedEvent,
    PreventedEvent,
    TradeEvent,
)
from openoutcry.ports.feeds import Committed
from openoutcry.ports.market_data import WholeBook

log = logging.getLogger(__name__)

LANES = 6
PAUSE_SECONDS = 0.001
"""Between two sends of a lane: what gathers meanwhile goes as one."""
BEAT_SECONDS = 1.0
UNHEARD_SECONDS = 5.0
"""Gateways that lost their subscription are back by then."""
_LOOK_SECONDS = 0.1
_RETRY_SECONDS = 0.1
_CALLS_MAX = 128
_SHARD, _MARKET = int(EntityKind.SHARD), int(EntityKind.MARKET)
_PUBLISHED: dict[int, frozenset[int]] = {
    entity_kind: frozenset(event.KIND for event in events)
    for entity_kind, events in {
        int(EntityKind.PARTITION): (AssetEvent, LimitsEvent, FeesEvent),
        _MARKET: (TradeEvent, LevelEvent, PreventedEvent, MarketEvent),
        _SHARD: (OrderEvent, OrderRequestedEvent, BalanceEvent, AccountEvent, PreventedEvent),
    }.items()
}
"""The kinds of events that are published, by the kind of their entity."""

ReadBook = Callable[[int], Awaitable[WholeBook | None]]
"""Returns the owner's book of a market that it hosts, committed; None for a market it does not."""


class _Lane:
    """The outlets of one part of the slots that have something to say."""

    def __init__(self) -> None:
        self.due: dict[Outlet, None] = {}
        self.wake = asyncio.Event()

    def add(self, outlet: Outlet) -> None:
        self.due[outlet] = None
        self.wake.set()

    def take(self) -> list[Outlet]:
        outlets = list(self.due)[:_CALLS_MAX]
        for outlet in outlets:
            del self.due[outlet]
        return outlets


class RedisPublisher:
    """Publishes what one partition commits. `take` is a feed listener and never waits.

    Subscribe `take` before `start`, so that no batch falls between the books and the feed, and
    give `on_message` to the client that is then given to `start`.
    """

    def __init__(self, *, partition: int, epoch: int, seq: int, read_book: ReadBook) -> None:
        self._redis: Redis | None = None
        self._read_book = read_book
        self._place = Place(partition, epoch)
        self._place.seq = seq
        self._lanes = [_Lane() for _ in range(LANES)]
        self._catalog = catalog_outlet(partition)
        self._outlets: dict[int, Outlet] = {0: self._catalog}
        self._foreign: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._beats: asyncio.TimerHandle | None = None
        self._is_open = True
        self.superseded = False
        """Whether another owner's epoch was seen in Redis: this one is over."""

    # -- life

    async def start(
        self,
        redis: Redis,
        markets: Iterable[int],
        shards: Iterable[tuple[int, int]],
        entity_seq: int = 0,
    ) -> None:
        """Publish what is hosted: markets, and shards with how far they have come (entity_seq).

        `entity_seq` is the partition's own. Returns when every book is on its way.
        """
        self._redis = redis
        try:
            await redis.listen([FOLLOW_CHANNEL])
        except RedisError as error:
            log.warning("subscribing waits for Redis: %s", error)  # the client goes on trying
        for market in markets:
            self.adopt_market(market)
        for shard, reached in shards:
            self.adopt_shard(shard, reached)
        self._catalog.last_entity_seq = max(self._catalog.last_entity_seq, entity_seq)
        opening = set(self._tasks)
        for lane in self._lanes:
            self._spawn(self._run_lane(lane))
        if opening:
            await asyncio.wait(opening)
        self._look()

    async def stop(self) -> None:
        """Publish no more; what waits is lost."""
        self._is_open = False
        if self._beats is not None:
            self._beats.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def adopt_market(self, market: int) -> None:
        """Publish a market from now on, once its book is read."""
        entity = entity_of_market(market)
        if entity not in self._outlets:
            outlet = self._outlets[entity] = MarketOutlet(market)
            self._spawn(self._open_market(outlet))

    def adopt_shard(self, shard: int, entity_seq: int) -> None:
        """Publish an account shard from now on."""
        entity = entity_of_shard(shard)
        if entity not in self._outlets:
            outlet = self._outlets[entity] = shard_outlet(entity)
            outlet.last_entity_seq = entity_seq
            outlet.first_entity_seq = entity_seq + 1 if entity_seq else 0

    def arrive(self, entity: int) -> None:
        """Publish an entity that has moved here, from what it says next; somebody may listen."""
        self._foreign.discard(entity)
        if entity >> 24 == _MARKET:
            self.adopt_market(entity & 0xFFFFFF)
        elif entity not in self._outlets:
            outlet = self._outlets[entity] = shard_outlet(entity)
            outlet.is_heard = True
            outlet.heard_at = self._loop.time()

    def reached(self, shard: int, entity_seq: int) -> None:
        """Say where a shard that has moved here stands, unless it has said more since."""
        outlet = self._outlets.get(entity_of_shard(shard))
        if outlet is not None and outlet.last_entity_seq < entity_seq:
            outlet.last_entity_seq = entity_seq
            outlet.first_entity_seq = entity_seq + 1
            self._say(outlet)

    def release(self, entity: int) -> None:
        """Publish an entity no more: it has moved away. What it said before that still goes out."""
        outlet = self._outlets.pop(entity, None)
        if outlet is not None and not (outlet.is_open and outlet.has_more()):
            outlet.is_open = False
            for lane in self._lanes:
                lane.due.pop(outlet, None)

    def dropped_events(self) -> int:
        """Return how many events were not published because they were too many."""
        return sum(outlet.dropped for outlet in self._outlets.values())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_market(self, outlet: MarketOutlet) -> None:
        dropped = -1
        book: WholeBook | None = None
        while dropped != outlet.dropped:  # what was dropped while reading may be missing in it
            dropped = outlet.dropped
            try:
                book = await self._read_book(outlet.market)
            except Exception:  # an adapter's retry
                log.exception("the book of market %d cannot be read now", outlet.market)
                dropped = -1
                await asyncio.sleep(_RETRY_SECONDS)
        if book is None:
            del self._outlets[outlet.entity]
            self._foreign.add(outlet.entity)
            return
        outlet.open(book)
        self._say(outlet)

    # -- from the partition

    def take(self, batch: Committed) -> None:
        """Sort a batch's events to their outlets (a feed listener)."""
        self._place.seq, self._place.time_us = batch.seq, batch.time_us
        outlets = self._outlets
        touched: dict[Outlet, None] = {}
        for place, kind, entity, entity_seq in batch.heads():
            outlet = outlets.get(entity)
            if outlet is None:
                outlet = self._meet(entity)
                if outlet is None:
                    continue
            if entity_seq <= outlet.last_entity_seq:
                continue  # what was read at the start has it already
            if not outlet.is_heard:
                outlet.skip(entity_seq)
                continue
            outlet.reached(entity_seq)
            touched[outlet] = None
            if kind in _PUBLISHED[entity >> 24]:
                event = batch.event(place)
                outlet.add(event)
                if kind == MarketEvent.KIND:
                    self._catalog.add(event)  # for those who do not know the market yet
                    touched[self._catalog] = None
                elif kind == PreventedEvent.KIND and entity >> 24 == _MARKET:
                    self._add_prevented(cast("PreventedEvent", event))
        for outlet in touched:
            self._say(outlet)

    def _meet(self, entity: int) -> Outlet | None:
        """Return the outlet of an entity that was not there before; None when it is not ours."""
        if entity in self._foreign:
            return None
        if entity >> 24 == _MARKET:
            self.adopt_market(entity & 0xFFFFFF)
        else:
            self.adopt_shard(entity & 0xFFFFFF, 0)
        return self._outlets[entity]

    def _add_prevented(self, event: PreventedEvent) -> None:
        """Let the accounts' reports, which come next, know of the prevention, if they are here."""
        shards = {
            entity_of_shard(shard_of_account(account_id)): None
            for account_id in (event.taker_account_id, event.maker_account_id)
        }
        for entity in shards:
            outlet = self._outlets.get(entity)
            if outlet is not None and outlet.is_heard:
                outlet.add(cast("Event", event))

    def on_message(self, _channel: bytes, message: bytes) -> None:
        """Hear that a gateway has begun to follow a shard: tell it where the shard stands."""
        if len(message) == ENTITY.size:
            outlet = self._outlets.get(*ENTITY.unpack(message))
            if outlet is not None and outlet.entity >> 24 == _SHARD:
                outlet.is_heard = True
                outlet.heard_at = self._loop.time()
                self._say(outlet)

    def _say(self, outlet: Outlet) -> None:
        if outlet.is_open:
            self._lanes[outlet.slot(LANES)].add(outlet)

    # -- to Redis

    async def _run_lane(self, lane: _Lane) -> None:
        while self._is_open:
            await lane.wake.wait()
            lane.wake.clear()
            while lane.due:
                outlets = lane.take()
                try:
                    healthy = await self._publish(outlets)
                except Exception:  # an adapter's retry: without what it failed on
                    log.exception("events of %d entities are dropped", len(outlets))
                    healthy = False
                    for outlet in outlets:
                        outlet.again()
                        outlet.drop()
                await asyncio.sleep(PAUSE_SECONDS if healthy else _RETRY_SECONDS)

    async def _publish(self, outlets: list[Outlet]) -> bool:
        """Send what the outlets have; False when some of it has to wait for better times."""
        assert self._redis is not None, "not started"
        calls = [outlet.call(self._place) for outlet in outlets]
        replies: list[Reply | RedisError]
        try:
            replies = await self._redis.call_all(calls)
        except RedisError as error:
            replies = [error] * len(calls)
        healthy = True
        for outlet, reply in zip(outlets, replies, strict=True):
            if isinstance(reply, RedisError):
                healthy = False
                outlet.again()
                self._say(outlet)
            else:
                self._answered(outlet, cast("list[bytes | int]", reply))
        return healthy

    def _answered(self, outlet: Outlet, reply: list[bytes | int]) -> None:
        if reply[0] == b"NEED_BOOK":
            outlet.again()
        elif reply[0] == b"OLD" and self._is_ours_to_mend(reply):
            outlet.again()
            outlet.is_forced = True
        else:
            now = self._loop.time()
            outlet.done(now)
            if reply[0] == b"OK" and outlet.entity >> 24 == _SHARD:
                self._count_listeners(outlet, int(reply[1]), now)
        if outlet.has_more():
            self._say(outlet)

    @staticmethod
    def _count_listeners(outlet: Outlet, listeners: int, now: float) -> None:
        """Fall silent about a shard that nobody has listened to for a while, or begin to speak."""
        if listeners:
            outlet.is_heard = True
            outlet.heard_at = now
        elif now - outlet.heard_at > UNHEARD_SECONDS:
            outlet.is_heard = False

    def _is_ours_to_mend(self, reply: list[bytes | int]) -> bool:
        """Whether what stands in Redis, newer than what we said, cannot be true."""
        partition, epoch, seq = map(int, reply[1:])
        place = self._place
        if partition != place.partition:
            return False  # the entity has moved
        if epoch > place.epoch:
            if not self.superseded:
                log.warning("partition %d: epoch %d is over", place.partition, place.epoch)
            self.superseded = True
            return False
        return seq > place.seq

    def _look(self) -> None:
        """Have every entity that was silent for a second say where it stands."""
        now = self._loop.time()
        for outlet in self._outlets.values():
            if now - outlet.said_at >= BEAT_SECONDS:
                self._say(outlet)
        self._beats = self._loop.call_later(_LOOK_SECONDS, self._look)
