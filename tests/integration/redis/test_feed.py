"""From a kernel over a real cluster to a gateway: nothing missing, twice, or foreign."""

import asyncio
import random
from dataclasses import replace

import pytest
from tests.support.redis_scene import Gateway, RedisScene
from tests.support.valkey import settings_of, until

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.redis import feed as feed_module
from openoutcry.adapters.redis.books import book_keys
from openoutcry.adapters.redis.client import Redis
from openoutcry.adapters.redis.messages import unpack
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_shard
from openoutcry.core.records import BalanceEvent


async def test_books_trades_and_reports_arrive_whole(valkey: ValkeyCluster) -> None:
    """V01, V02, V03: the gateway shows the kernel's books; each account's events are in order."""
    async with RedisScene(valkey, 21) as scene:
        await scene.healed("at the start")
        await scene.follow_all()
        await scene.run(400)
        await scene.healed("after 400 batches")
        assert sum(len(trades) for trades in scene.owner.trades.values()) > 10
        assert sum(map(len, scene.gateway.user_events.values())) > 100
        assert scene.gateway.feed.gaps == 0


async def test_old_doubled_and_shuffled_messages_change_nothing(valkey: ValkeyCluster) -> None:
    """K09: whatever comes again, late, or from an epoch that is over."""
    async with RedisScene(valkey, 22) as scene:
        feed = scene.gateway.feed
        messages: list[bytes] = []
        feed.on_message, heard = (
            lambda channel, message: (messages.append(message), heard(channel, message)),
            feed.on_message,
        )
        spy = await Redis.connect(
            settings_of(valkey), on_message=lambda _channel, message: messages.append(message)
        )
        await spy.listen([book_keys(symbol)[3] for symbol in scene.owner.symbols.values()])
        await scene.follow_all()
        await spy.listen([f"user:{{s{shard}}}" for shard in scene.followed])
        await scene.run(200, pause=0.002)
        await scene.healed("before")
        assert len(messages) > 50
        delivered = len(scene.gateway.batches)
        again = messages * 2
        random.Random(22).shuffle(again)
        for message in again:
            heard(b"", message)
            header, events = unpack(message)
            future = replace(
                header,
                epoch=header.epoch - 1,
                first_entity_seq=header.last_entity_seq + 1,
                last_entity_seq=header.last_entity_seq + 5,
            )
            heard(b"", future.pack(events))
        heard(b"", b"not a message")
        assert len(scene.gateway.batches) == delivered
        await scene.healed("after")
        await spy.close()


async def test_old_calls_change_no_book(valkey: ValkeyCluster) -> None:
    """K09: a publisher whose epoch is over says nothing that anybody hears."""
    async with RedisScene(valkey, 23) as scene:
        await scene.run(50)
        await scene.healed("before")
        old = scene.owner.publisher
        scene.owner.epoch = 2
        await scene.publish()
        await scene.run(1)
        await scene.healed("a new epoch")
        assert old is not None
        batch = scene.owner.step()
        await scene.healed("a batch of the new epoch")
        old.take(batch)
        await until(lambda: old.superseded)
        await scene.healed("and the old owner's word")
        await old.stop()


async def test_private_events_stay_on_their_own_channels(valkey: ValkeyCluster) -> None:
    """V05: a gateway hears of the shards that it follows, and of no other."""
    async with RedisScene(valkey, 24) as scene:
        shards = scene.owner.shards()
        assert len(shards) > 1
        followed = shards[0][0]
        await scene.gateway.feed.follow(followed)
        await scene.run(150)
        await scene.healed("followed one")
        entities = {event.entity for batch in scene.gateway.batches for event in batch.events}
        heard = {entity & 0xFFFFFF for entity in entities if entity >> 24 == EntityKind.SHARD}
        assert heard == {followed}


async def test_a_gap_that_the_owner_forgot_ends_the_stream(valkey: ValkeyCluster) -> None:
    """V02: those who listen are told, and what comes after is delivered again."""
    async with RedisScene(valkey, 25) as scene:
        await scene.follow_all()
        await scene.run(50)
        await scene.healed("before")
        scene.owner.remembers = False
        publisher = scene.owner.publisher
        assert publisher is not None
        for _ in range(50):
            scene.owner.step()
        for outlet in publisher._outlets.values():
            outlet.drop()
        await scene.run(100)
        await until(lambda: bool(scene.gateway.lost_shards))
        assert set(scene.gateway.lost_shards) <= set(scene.followed)
        before = sum(map(len, scene.gateway.user_events.values()))
        await scene.run(50)
        await until(lambda: sum(map(len, scene.gateway.user_events.values())) > before)
        scene.followed.clear()
        await scene.healed("markets after what was dropped")
        assert publisher.dropped_events() > 0


async def test_a_gateway_that_starts_late_shows_the_same(valkey: ValkeyCluster) -> None:
    """V02: the view and what comes after it are the book; earlier trades are the history's."""
    async with RedisScene(valkey, 26) as scene:
        await scene.run(200)
        late = Gateway(scene.owner)
        starting = asyncio.ensure_future(late.start(valkey, dict(scene.owner.symbols)))
        await scene.run(100)
        await starting
        first, scene.gateway = scene.gateway, late
        await scene.healed("a late gateway")
        await late.stop()
        scene.gateway = first


async def test_a_gap_in_the_catalog_is_reported(valkey: ValkeyCluster) -> None:
    """V02: assets and limits are small; a gateway that missed some loads them anew."""
    async with RedisScene(valkey, 28) as scene:
        await until(lambda: bool(scene.gateway.feed._catalogs))
        publisher = scene.owner.publisher
        assert publisher is not None
        reached = scene.owner.events[0][-1].entity_seq
        while scene.owner.events[0][-1].entity_seq == reached:
            scene.owner.step()
        publisher._catalog.drop()
        await until(lambda: scene.gateway.catalog_losses > 0)


async def test_shards_nobody_listens_to_are_let_go(
    valkey: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V06: what is not listened to costs nothing, after a while for those who come back."""
    monkeypatch.setattr(feed_module, "KEEP_SECONDS", 0.1)
    async with RedisScene(valkey, 29) as scene:
        await scene.follow_all()
        await scene.run(20)
        await scene.healed("followed")
        for shard in scene.followed:
            scene.gateway.feed.unfollow(shard)
        entities = scene.gateway.feed._entities
        await until(lambda: all(entity >> 24 == EntityKind.MARKET for entity in entities))
        scene.followed.clear()
        heard = sum(map(len, scene.gateway.user_events.values()))
        await scene.run(50)
        await scene.healed("let go of")
        assert sum(map(len, scene.gateway.user_events.values())) == heard


async def test_a_shard_without_listeners_is_only_beaten_for(valkey: ValkeyCluster) -> None:
    """V05, V06: nobody is sent what nobody asked for, and whoever begins to listen hears all."""
    async with RedisScene(valkey, 30) as scene:
        publisher = scene.owner.publisher
        assert publisher is not None
        await scene.run(100)
        outlets = [publisher._outlets[entity_of_shard(s)] for s, _ in scene.owner.shards()]
        assert not any(outlet.is_heard or outlet.waiting for outlet in outlets)
        await scene.follow_all()
        assert all(outlet.is_heard for outlet in outlets)
        await scene.run(100)
        await scene.healed("followed late")
        assert scene.gateway.feed.gaps == 0


async def test_an_event_that_cannot_be_sent_stops_nothing_else(valkey: ValkeyCluster) -> None:
    """V06: what fails is dropped like what is too much, and mended like that."""
    async with RedisScene(valkey, 40) as scene:
        await scene.follow_all()
        await scene.run(20)
        await scene.healed("before")
        publisher = scene.owner.publisher
        assert publisher is not None
        for shard in scene.followed:
            outlet = publisher._outlets[entity_of_shard(shard)]
            outlet.waiting.append(BalanceEvent(entity=outlet.entity, amount_atoms=1 << 70))
            publisher._say(outlet)
        await scene.run(50, pause=0.002)
        assert publisher.dropped_events() > 0
        await scene.healed("after events that are none")
