"""What every feed promises, run against each adapter: a real partition, heard near and far."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from tests.support.valkey import settings_of, until

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.memory.journal import MemoryJournal
from openoutcry.adapters.redis.client import Redis
from openoutcry.adapters.redis.feed import RedisFeed
from openoutcry.adapters.redis.publisher import RedisPublisher
from openoutcry.app.engine import kernel_machines
from openoutcry.core.enums import Execution, OrderType, Side, TimeInForce
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import (
    AssetEvent,
    BalanceEvent,
    Event,
    LevelEvent,
    MarketEvent,
    NewOrder,
    OrderEvent,
    TradeEvent,
)
from openoutcry.partition.books import hosted, whole_book
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition
from openoutcry.ports.feeds import AccountFeed, Committed, EveryAccount, Feed
from openoutcry.ports.market_data import WholeBook
from openoutcry.projections.live import LiveMarketData
from openoutcry.simulation import demo

ALICE, BOB, CAROL = (user.account_id for user in (*demo.USERS[:2], demo.PARTICIPANTS[-1]))
PRICE = 7_800_000
CARRIED = (OrderEvent, BalanceEvent, TradeEvent, LevelEvent, AssetEvent, MarketEvent)


@dataclass
class Heard:
    """A feed, and the partition whose events it carries."""

    partition: Partition
    feed: Feed
    accounts: AccountFeed
    live: LiveMarketData
    said: list[Event]
    lag: Callable[[], Awaitable[None]]

    async def order(
        self, account_id: int, side: Side, price_ticks: int, lots: int, market: int = demo.BTCUSD
    ) -> None:
        command = NewOrder(
            account_id=account_id,
            market=market,
            market_version=1,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=price_ticks,
            qty_lots=lots,
            client_order_id=b"order-%d" % len(self.said),
        )
        self.said += (await self.partition.submit(command.pack())).events

    async def follow(self, account_id: int) -> None:
        following = self.accounts.follow(account_id)
        if following is not None:
            await following


async def opened() -> tuple[Partition, list[Event]]:
    machines, journal = kernel_machines(), MemoryJournal()
    partition = Partition(recover(machines, journal, None), machines, journal)
    await partition.start()
    commands = [*demo.create_assets(), *demo.set_fees(), *demo.create_markets()]
    for participant in demo.PARTICIPANTS:
        commands += [
            demo.create_account(participant),
            *demo.deposits(participant).values(),
        ]
    said: list[Event] = []
    for command in commands:
        said += (await partition.submit(command.pack())).events
    return partition, said


@asynccontextmanager
async def in_process(_cluster: Callable[[], ValkeyCluster]) -> AsyncIterator[Heard]:
    partition, said = await opened()
    live = LiveMarketData()
    partition.subscribe(live.take)

    async def no_lag() -> None:
        await asyncio.sleep(0)

    yield Heard(partition, partition, EveryAccount(), live, said, no_lag)
    await partition.stop()


@asynccontextmanager
async def over_redis(cluster: Callable[[], ValkeyCluster]) -> AsyncIterator[Heard]:
    partition, said = await opened()
    settings = settings_of(cluster())

    async def read_book(market: int) -> WholeBook | None:
        return await partition.inspect(
            lambda machine: whole_book(machine, market, partition=0, epoch=partition.epoch)
        )

    async def no_trades(_market: int, _first: int) -> Sequence[TradeEvent]:
        return []

    async def events_after(entity: int, entity_seq: int) -> Sequence[Event] | None:
        return [e for e in said if e.entity == entity and e.entity_seq > entity_seq]

    publisher = RedisPublisher(
        partition=0,
        epoch=partition.epoch,
        seq=await partition.committed_seq(),
        read_book=read_book,
    )
    partition.subscribe(publisher.take)
    sender = await Redis.connect(settings, on_message=publisher.on_message)
    held = await partition.inspect(hosted)
    await publisher.start(sender, held.markets, held.shards, held.entity_seq)
    live = LiveMarketData()
    feed = RedisFeed(
        trades_from=no_trades,
        events_after=events_after,
        resync=live.resync,
        catalog_lost=lambda: None,
    )
    feed.subscribe(live.take)
    receiver = await Redis.connect(settings, on_message=feed.on_message)
    await feed.start(receiver)
    await feed.load_books({demo.BTCUSD: "BTCUSD"})

    async def lag() -> None:
        row = await partition.market(demo.BTCUSD)
        assert row is not None
        await until(lambda: live.best(demo.BTCUSD).update_id == row.update_id)

    yield Heard(partition, feed, feed, live, said, lag)
    await feed.stop()
    await publisher.stop()
    await receiver.close()
    await sender.close()
    await partition.stop()


@pytest.fixture(params=["in_process", "over_redis"])
async def heard(request: pytest.FixtureRequest) -> AsyncIterator[Heard]:
    make = {"in_process": in_process, "over_redis": over_redis}[request.param]
    async with make(lambda: request.getfixturevalue("valkey")) as made:
        yield made


async def test_each_entity_is_heard_once_in_order_without_gaps(heard: Heard) -> None:
    """V01, V02: what the replies said is what the feed says, by entity."""
    await heard.follow(ALICE)
    await heard.follow(BOB)
    before = len(heard.said)
    batches: list[Committed] = []
    heard.feed.subscribe(batches.append)
    for number in range(20):
        await heard.order(ALICE, Side.SELL, PRICE + number, 100)
        await heard.order(BOB, Side.BUY, PRICE + number - number % 3, 150)
    await heard.lag()

    def by_entity(events: Sequence[Event]) -> dict[int, list[Event]]:
        found: defaultdict[int, list[Event]] = defaultdict(list)
        for event in events:
            if isinstance(event, CARRIED):
                found[event.entity].append(event)
        return found

    truth = by_entity(heard.said[before:])
    assert len(truth) == 3
    await until(lambda: by_entity([e for batch in batches for e in batch.events]) == truth)
    assert all(event.seq == batch.seq for batch in batches for event in batch.events)
    bids, asks = await heard.partition.inspect(lambda machine: machine.depth(demo.BTCUSD, 1000))
    depth = heard.live.depth(demo.BTCUSD, 1000)
    assert (list(depth.bids), list(depth.asks)) == (list(bids), list(asks))


async def test_an_order_is_heard_of_before_its_fill(heard: Heard) -> None:
    """V03: an account's own acknowledgement comes before its first fill."""
    await heard.follow(BOB)
    events: list[OrderEvent] = []
    heard.feed.subscribe(
        lambda batch: events.extend(e for e in batch.of_type(OrderEvent) if e.account_id == BOB)
    )
    await heard.order(ALICE, Side.SELL, PRICE, 100)
    await heard.order(BOB, Side.BUY, PRICE, 100)
    await until(lambda: len(events) == 2)
    assert [event.execution for event in events] == [Execution.NEW, Execution.TRADE]


async def test_a_market_that_is_new_is_heard_of(heard: Heard) -> None:
    """V01: nobody knows its channel before it comes with the catalog."""
    events: list[Event] = []
    heard.feed.subscribe(lambda batch: events.extend(batch.events))
    fresh = demo.create_markets()[0]._replace(market=99, symbol=b"FRESHUSD")
    (reply,) = [(await heard.partition.submit(fresh.pack())).events]
    await until(lambda: reply[0] in events)
    await heard.order(ALICE, Side.SELL, PRICE, 100, market=99)
    await until(lambda: heard.live.best(99).ask_ticks == PRICE)
    await heard.order(ALICE, Side.SELL, PRICE - 100, 100, market=99)
    await until(lambda: heard.live.best(99).ask_ticks == PRICE - 100)


async def test_who_stops_hears_no_more(heard: Heard) -> None:
    batches: list[Committed] = []
    stop = heard.feed.subscribe(batches.append)
    await heard.order(ALICE, Side.SELL, PRICE, 100)
    await heard.lag()
    await until(lambda: bool(batches))
    stop()
    stop()
    count = len(batches)
    await heard.order(ALICE, Side.SELL, PRICE + 1, 100)
    await heard.lag()
    assert len(batches) == count


async def test_following_is_counted(heard: Heard) -> None:
    for _ in range(2):
        await heard.follow(ALICE)
    heard.accounts.unfollow(ALICE)
    events: list[OrderEvent] = []
    heard.feed.subscribe(lambda batch: events.extend(batch.of_type(OrderEvent)))
    await heard.order(ALICE, Side.SELL, PRICE, 100)
    await until(lambda: bool(events))
    heard.accounts.unfollow(ALICE)
    assert shard_of_account(ALICE) == events[0].entity & 0xFFFFFF
