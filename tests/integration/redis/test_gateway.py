"""A WebSocket gateway that knows its exchange over Redis only: what clients are sent."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from tests.integration.ws.test_user_streams import events_of, subscribe
from tests.support.small_exchange import SmallExchange
from tests.support.valkey import settings_of, until, wipe
from tests.support.ws_server import Served, receive, served

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.redis.client import Redis
from openoutcry.adapters.redis.feed import RedisFeed
from openoutcry.adapters.redis.publisher import RedisPublisher
from openoutcry.core.enums import Side, StpMode
from openoutcry.core.records import Event, TradeEvent
from openoutcry.partition.books import hosted, whole_book
from openoutcry.partition.recent import RecentEvents
from openoutcry.ports.market_data import WholeBook
from openoutcry.projections.live import LiveMarketData
from openoutcry.simulation import demo

PRICE = 7_800_000
SYMBOL = "BTCUSD"


@asynccontextmanager
async def gateway_over(cluster: ValkeyCluster) -> AsyncIterator[Served]:
    """Serve an exchange whose streams come by Redis; commands go straight to its kernel."""
    small, recent, live = SmallExchange(), RecentEvents(), LiveMarketData()
    trades: list[TradeEvent] = []
    small.feed.subscribe(recent.take)
    small.feed.subscribe(lambda batch: trades.extend(batch.of_type(TradeEvent)))

    async def read_book(market: int) -> WholeBook | None:
        return whole_book(small.calls.kernel, market, partition=0, epoch=1)

    async def trades_from(market: int, trade_id: int) -> Sequence[TradeEvent]:
        return [t for t in trades if t.market == market and t.trade_id >= trade_id]

    async def events_after(entity: int, entity_seq: int) -> Sequence[Event] | None:
        return recent.after(entity, entity_seq)

    kernel = small.calls.kernel
    publisher = RedisPublisher(partition=0, epoch=1, seq=kernel.seq(), read_book=read_book)
    small.feed.subscribe(publisher.take)
    sender = await Redis.connect(settings_of(cluster), on_message=publisher.on_message)
    held = hosted(kernel)
    await publisher.start(sender, held.markets, held.shards, held.entity_seq)
    feed = RedisFeed(
        trades_from=trades_from,
        events_after=events_after,
        resync=live.resync,
        catalog_lost=lambda: None,
    )
    feed.subscribe(live.take)
    receiver = await Redis.connect(settings_of(cluster), on_message=feed.on_message)
    await feed.start(receiver)
    await feed.load_books({market.id: market.symbol for market in small.catalog.markets()})
    small.exchange = replace(small.exchange, feed=feed, accounts=feed, market_data=live)
    async with served(small) as on:
        yield on
    await feed.stop()
    await publisher.stop()
    await receiver.close()
    await sender.close()


async def test_reports_and_positions_are_those_of_one_process(valkey: ValkeyCluster) -> None:
    """V03: acknowledged, filled, and one position after each command, through a wiped Redis."""
    async with gateway_over(valkey) as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        small.limit(small.alice, Side.SELL, PRICE, 100)
        small.limit(small.bob, Side.BUY, PRICE, 300, "mine")
        events = await events_of(ws, 3)
        assert [e.get("x", e["e"]) for e in events] == ["NEW", "TRADE", "outboundAccountPosition"]
        assert (events[0]["c"], events[1]["l"]) == ("mine", "0.00100000")
        wipe(valkey)
        small.limit(small.alice, Side.SELL, PRICE, 50)
        events = await events_of(ws, 2)
        assert [e.get("x", e["e"]) for e in events] == ["TRADE", "outboundAccountPosition"]


async def test_a_prevented_trade_is_reported_with_its_cause(valkey: ValkeyCluster) -> None:
    """The prevention is the market's event, and the account's report needs it."""
    async with gateway_over(valkey) as on, on.connect("/ws-api/v3") as ws:
        small = on.small
        await subscribe(ws, small.add_key(small.bob))
        small.limit(small.bob, Side.SELL, PRICE, 100)
        small.limit(small.bob, Side.BUY, PRICE, 100, stp_mode=StpMode.EXPIRE_TAKER)
        reports = [e for e in await events_of(ws, 5) if e["e"] == "executionReport"]
        assert [e["x"] for e in reports] == ["NEW", "NEW", "TRADE_PREVENTION"]
        assert reports[-1]["A"] == "0.00100000"


async def test_depth_updates_join_on_through_a_wiped_redis(valkey: ValkeyCluster) -> None:
    """V02, K08: a client's update ids have no gap, and its book is the exchange's."""
    async with gateway_over(valkey) as on, on.connect("/ws/btcusd@depth@100ms") as ws:
        small = on.small
        book: dict[str, dict[str, str]] = {"b": {}, "a": {}}
        last = 0

        async def follow_until(update_id: int) -> None:
            nonlocal last
            while last < update_id:
                update = await receive(ws)
                assert last in {0, update["U"] - 1}
                last = update["u"]
                for side in ("b", "a"):
                    book[side].update(dict(update[side]))

        for number in range(20):
            small.limit(small.alice, Side.SELL, PRICE + number % 7, 100)
            small.limit(small.bob, Side.BUY, PRICE - 10 - number % 5, 100)
            if number == 10:
                await follow_until(5)
                wipe(valkey)
        row = await small.calls.market(demo.BTCUSD)
        assert row is not None
        await follow_until(row.update_id)
        depth = small.exchange.market_data.depth(demo.BTCUSD, 100)
        await until(lambda: depth.last_update_id == row.update_id)
        market = small.catalog.market(SYMBOL)
        for side, levels in (("b", depth.bids), ("a", depth.asks)):
            truth = {market.price_text(price): market.qty_text(lots) for price, lots in levels}
            assert {p: q for p, q in book[side].items() if float(q)} == truth
