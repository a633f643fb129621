"""What an engine's links do about a market that has moved. Covers K05, K10."""

import asyncio
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from openoutcry.app.scaled import link_hub
from openoutcry.app.scaled.directory import Directory
from openoutcry.app.scaled.link_hub import LinkHub, Receiver
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import CancelLink
from openoutcry.partition.links import Position, head_of, split_messages
from openoutcry.partition.runtime import Partition
from openoutcry.ports.links import LinkPosition

SHARD, MARKET = entity_of_shard(1), entity_of_market(1)
HERE, BEFORE, NOW = 1, 101, 102
SOON = 0.08
"""Less than the hub waits between two looks."""
MESSAGE = CancelLink(source=SHARD, destination=MARKET, link_seq=5, order_id=7 << 10 | 1).pack()


class Tables:
    """A directory whose copy is old until it is read again."""

    def __init__(self) -> None:
        self.home = BEFORE
        self.truth = BEFORE
        self.listeners: list[Callable[[], None]] = []

    def partitions(self) -> Sequence[int]:
        return (HERE, BEFORE, NOW)

    def partition_of(self, entity: int) -> int:
        return self.home if entity == MARKET else HERE

    def when_changed(self, listener: Callable[[], None]) -> None:
        self.listeners.append(listener)

    async def refresh(self) -> None:
        if self.home != self.truth:
            self.home = self.truth
            for listener in self.listeners:
                listener()


class Remote:
    """Partitions elsewhere: only where the market is does a message come to something."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.taken: list[int] = []

    async def send(self, partition: int, messages: bytes) -> Sequence[LinkPosition]:
        heads = [head_of(message) for message in split_messages(messages)]
        if partition != self.tables.truth:
            return [LinkPosition(*head.wire, 0) for head in heads]
        self.taken += [head.link_seq for head in heads]
        return [LinkPosition(*head.wire, head.link_seq) for head in heads]

    async def positions(self, partition: int, sources: Sequence[int]) -> Sequence[LinkPosition]:
        if partition != self.tables.truth:
            return []
        return [LinkPosition(source, MARKET, 4) for source in sources]


class Source:
    """A partition with one message in its outbox until it is acknowledged."""

    def __init__(self) -> None:
        self.left = MESSAGE
        self.watchers: list[Any] = []
        self.acknowledged = asyncio.Event()

    def watch_links(self, watcher: Any) -> None:
        self.watchers.append(watcher)

    async def outbox(self) -> bytes:
        return self.left

    def acknowledge(self, positions: Any) -> None:
        if any(position.link_seq == 5 for position in positions):
            self.left = b""
            self.acknowledged.set()


async def hub_of(tables: Tables) -> tuple[LinkHub, Source, Remote]:
    remote, source = Remote(tables), Source()
    hub = LinkHub(cast("Directory", tables), remote)
    hub.add(HERE, cast("Partition", source))
    return hub, source, remote


async def test_a_message_that_comes_to_nothing_follows_its_market_at_once() -> None:
    tables = Tables()
    hub, source, remote = await hub_of(tables)
    tables.truth = NOW
    began = time.monotonic()
    source.watchers[0]([MESSAGE], [])
    await asyncio.wait_for(source.acknowledged.wait(), 5)

    assert time.monotonic() - began < SOON
    assert remote.taken == [5]
    await hub.stop()


async def test_what_waited_for_where_it_was_is_sent_when_the_route_changes() -> None:
    tables = Tables()
    hub, source, remote = await hub_of(tables)
    tables.truth = NOW
    await asyncio.wait_for(tables.refresh(), 1)  # nobody sends: the message is in the outbox only
    await asyncio.wait_for(source.acknowledged.wait(), 5)

    assert remote.taken == [5]
    await hub.stop()


async def test_nobody_waits_for_what_does_not_live_here() -> None:
    machine = SimpleNamespace(hosts=lambda entity: False, last_in=lambda *wire: 0)

    async def inspect(view: Callable[[Any], Any]) -> Any:
        return view(machine)

    def deliver(messages: list[bytes]) -> list[Position]:
        assert messages == [MESSAGE]
        return []

    partition = cast("Partition", SimpleNamespace(inspect=inspect, deliver=deliver))
    positions = await asyncio.wait_for(Receiver(partition).receive(MESSAGE), 1)

    assert list(positions) == [LinkPosition(SHARD, MARKET, 0)]


class Silent(Source):
    """A partition here that never says where its links stand."""

    def __init__(self) -> None:
        super().__init__()
        self.left = b""
        self.asked = asyncio.Event()

    async def link_positions(self) -> Sequence[Position]:
        self.asked.set()
        await asyncio.Event().wait()
        return []


async def test_links_do_not_wait_for_a_partition_that_has_left_this_engine() -> None:
    tables = Tables()
    hub, source, remote = await hub_of(tables)
    silent = Silent()
    hub.add(BEFORE, cast("Partition", silent))
    await asyncio.wait_for(silent.asked.wait(), 5)
    hub.remove(BEFORE)
    await asyncio.wait_for(source.acknowledged.wait(), 2)

    assert remote.taken == [5]
    await hub.stop()


async def test_a_question_that_stays_open_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_hub, "CATCH_UP_SECONDS", 0.05)
    tables = Tables()
    hub, source, remote = await hub_of(tables)
    answer = remote.positions
    asked: list[int] = []

    async def positions(partition: int, sources: Sequence[int]) -> Sequence[LinkPosition]:
        asked.append(partition)
        if len(asked) == 1:
            await asyncio.Event().wait()
        return await answer(partition, sources)

    monkeypatch.setattr(remote, "positions", positions)
    await asyncio.wait_for(source.acknowledged.wait(), 5)

    assert remote.taken == [5]
    await hub.stop()
