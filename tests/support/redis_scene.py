"""An owner with a real kernel, its publisher, and a gateway behind Redis: who shows what, and when.

The owner applies random batches and keeps everything that it said; the gateway has nothing but what
comes over Redis, and asks the owner for what the ports let it ask.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from tests.support.kernel_batches import random_batches
from tests.support.valkey import settings_of, until

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.redis.books import read_book
from openoutcry.adapters.redis.client import Redis, RedisError
from openoutcry.adapters.redis.feed import RedisFeed
from openoutcry.adapters.redis.publisher import RedisPublisher
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import (
    AccountEvent,
    BalanceEvent,
    Event,
    MarketRow,
    OrderEvent,
    OrderRequestedEvent,
    TradeEvent,
)
from openoutcry.kernel import Kernel
from openoutcry.ports.feeds import Committed
from openoutcry.ports.market_data import MarketChange, WholeBook
from openoutcry.projections.live import LiveMarketData

ALL = 1_000_000
USER_EVENTS = (OrderEvent, OrderRequestedEvent, BalanceEvent, AccountEvent)


def report(text: str) -> None:
    """Print a figure for whoever runs with -s."""
    sys.stdout.write(f"{text}\n")


class Owner:
    """A partition without a journal: batches are committed as soon as they are applied."""

    def __init__(self, seed: int, batches: int = 100_000) -> None:
        self._batches = random_batches(seed, batches)
        self.kernel = Kernel()
        self.seq = 0
        self.epoch = 1
        self.symbols: dict[int, str] = {}
        self.trades: dict[int, list[TradeEvent]] = defaultdict(list)
        self.events: dict[int, list[Event]] = defaultdict(list)
        self.remembers = True
        self.publisher: RedisPublisher | None = None

    def step(self) -> Committed:
        self.kernel, batch = next(self._batches)
        self.seq = batch.seq
        for event in batch.events:
            self.events[event.entity].append(event)
            if isinstance(event, TradeEvent):
                self.trades[event.market].append(event)
            if event.entity >> 24 == EntityKind.MARKET:
                market = event.entity & 0xFFFFFF
                if market not in self.symbols:
                    self.symbols[market] = self.row(market).symbol.rstrip(b"\0").decode()
        if self.publisher is not None:
            self.publisher.take(batch)
        return batch

    def row(self, market: int) -> MarketRow:
        row = self.kernel.market(market)
        assert row is not None
        return MarketRow.unpack(row)

    async def read_book(self, market: int) -> WholeBook | None:
        if self.kernel.market(market) is None:
            return None
        row = self.row(market)
        return WholeBook(
            market=market,
            symbol=row.symbol.rstrip(b"\0").decode(),
            partition=0,
            epoch=self.epoch,
            seq=self.seq,
            entity_seq=row.entity_seq,
            update_id=row.update_id,
            trade_id=row.trade_id,
            time_us=self.kernel.time_us(),
            bids=self.kernel.depth(market, ALL)[0],
            asks=self.kernel.depth(market, ALL)[1],
        )

    async def trades_from(self, market: int, trade_id: int) -> Sequence[TradeEvent]:
        return [trade for trade in self.trades[market] if trade.trade_id >= trade_id][:500]

    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        if not self.remembers:
            return None
        return [event for event in self.events[entity] if event.entity_seq > entity_seq]

    def shards(self) -> list[tuple[int, int]]:
        return [
            (entity & 0xFFFFFF, events[-1].entity_seq)
            for entity, events in self.events.items()
            if entity >> 24 == EntityKind.SHARD
        ]


class Gateway:
    """The feed, the live view on it, and what accounts' streams would have been told."""

    def __init__(self, owner: Owner) -> None:
        self.live = LiveMarketData()
        self.user_events: dict[int, list[Event]] = defaultdict(list)
        self.lost_shards: list[int] = []
        self.catalog_losses = 0
        self.batches: list[Committed] = []
        self.books: dict[int, tuple[dict[int, int], dict[int, int]]] = defaultdict(lambda: ({}, {}))
        self.update_ids: dict[int, int] = defaultdict(int)
        self.trades: dict[int, list[TradeEvent]] = defaultdict(list)
        self.feed = RedisFeed(
            trades_from=owner.trades_from,
            events_after=owner.events_after,
            resync=self.live.resync,
            catalog_lost=self._catalog_lost,
        )
        self.feed.subscribe(self.live.take)
        self.feed.subscribe(self._take)
        self.feed.when_lost(self.lost_shards.append)
        self.live.listen(self._changes)
        self.redis: Redis | None = None

    async def start(self, cluster: ValkeyCluster, markets: dict[int, str]) -> None:
        self.redis = await Redis.connect(settings_of(cluster), on_message=self.feed.on_message)
        await self.feed.start(self.redis)
        await self.feed.load_books(markets)

    async def stop(self) -> None:
        await self.feed.stop()
        assert self.redis is not None
        await self.redis.close()

    def _catalog_lost(self) -> None:
        self.catalog_losses += 1

    def _take(self, batch: Committed) -> None:
        self.batches.append(batch)
        for event in batch.events:
            if isinstance(event, USER_EVENTS):
                self.user_events[event.entity].append(event)

    def _changes(self, changes: Sequence[MarketChange]) -> None:
        """Follow the depth stream as a client does: V02, its update ids never have a gap."""
        for change in changes:
            self.trades[change.market] += change.trades
            if change.last_update_id:
                assert change.first_update_id == self.update_ids[change.market] + 1
                self.update_ids[change.market] = change.last_update_id
            for side, levels in zip(
                self.books[change.market], (change.bids, change.asks), strict=True
            ):
                side.update(levels)
                for price_ticks in [price for price, lots in side.items() if lots == 0]:
                    del side[price_ticks]


class RedisScene:
    """Owner, publisher and gateway on one cluster."""

    def __init__(self, cluster: ValkeyCluster, seed: int) -> None:
        self.cluster = cluster
        self.owner = Owner(seed)
        self.gateway = Gateway(self.owner)
        self.redis: Redis | None = None
        self.clients: list[Redis] = []
        self.followed: dict[int, int] = {}

    async def __aenter__(self) -> Self:
        while len(self.owner.symbols) < 3:
            self.owner.step()
        await self.publish()
        await self.gateway.start(self.cluster, dict(self.owner.symbols))
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.gateway.stop()
        assert self.owner.publisher is not None
        await self.owner.publisher.stop()
        for client in self.clients:
            await client.close()

    async def publish(self) -> None:
        """Put a publisher behind the owner, as it is now."""
        owner = self.owner
        owner.publisher = RedisPublisher(
            partition=0, epoch=owner.epoch, seq=owner.seq, read_book=owner.read_book
        )
        self.redis = await Redis.connect(
            settings_of(self.cluster), on_message=owner.publisher.on_message
        )
        self.clients.append(self.redis)
        reached = owner.events[0][-1].entity_seq if owner.events[0] else 0
        await owner.publisher.start(self.redis, list(owner.symbols), owner.shards(), reached)

    async def follow_all(self) -> None:
        """Follow every shard that has had an event, and note from where."""
        for shard, reached in self.owner.shards():
            following = self.gateway.feed.follow(shard)
            if following is not None:
                await following
            self.followed[shard] = reached

    async def run(self, batches: int, pause: float = 0.0) -> None:
        for _ in range(batches):
            self.owner.step()
            await asyncio.sleep(pause)

    def differences(self) -> list[str]:
        """Say what the gateway does not show as it is."""
        found = []
        for market, symbol in self.owner.symbols.items():
            live = self.gateway.live
            bids, asks = self.owner.kernel.depth(market, ALL)
            depth = live.depth(market, ALL)
            if (list(depth.bids), list(depth.asks)) != (bids, asks):
                found.append(f"{symbol}: live book")
            if self.gateway.books[market] != (dict(bids), dict(asks)):
                found.append(f"{symbol}: book of the stream")
            if depth.last_update_id != self.owner.row(market).update_id:
                found.append(f"{symbol}: update id")
            if self.gateway.trades[market] != self.owner.trades[market]:
                found.append(f"{symbol}: trades")
        for shard, reached in self.followed.items():
            entity = entity_of_shard(shard)
            told = self.gateway.user_events[entity]
            truth = [
                event
                for event in self.owner.events[entity]
                if event.entity_seq > reached and isinstance(event, USER_EVENTS)
            ]
            if told != truth:
                found.append(f"shard {shard}: {len(told)} of {len(truth)} events")
        return found

    async def view_differences(self) -> list[str]:
        """Say which books in Redis are not the kernel's."""
        assert self.redis is not None
        found = []
        for market, symbol in self.owner.symbols.items():
            try:
                book = await read_book(self.redis, market, symbol)
            except RedisError as error:
                found.append(f"{symbol}: {error}")
                continue
            truth = await self.owner.read_book(market)
            assert truth is not None
            if book is None or (
                (book.entity_seq, book.update_id, book.trade_id, book.bids, book.asks)
                != (truth.entity_seq, truth.update_id, truth.trade_id, truth.bids, truth.asks)
            ):
                found.append(f"{symbol}: view")
        return found

    async def healed(self, what: str, seconds_max: float = 60.0) -> float:
        """Wait until views and gateway show the truth; prints and returns how long it took."""
        began = time.monotonic()

        async def equal() -> bool:
            return not self.differences() and not await self.view_differences()

        try:
            await until(equal, seconds_max)
        except AssertionError:
            raise AssertionError(
                f"{what}: {self.differences()} {await self.view_differences()}"
            ) from None
        seconds = time.monotonic() - began
        report(f"{what}: views equal the truth after {seconds:.2f} s")
        return seconds


__all__ = ["ALL", "Gateway", "Owner", "RedisScene", "entity_of_market"]
