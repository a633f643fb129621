"""Orders under way while their engine is cut off and another takes over. Covers J05, K02, O03."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.calls_scene import (
    ALICE,
    GatedJournal,
    Proxy,
    Wire,
    eventually,
    open_partition,
    order,
)

from openoutcry.adapters.memory.journal import MemoryStore
from openoutcry.adapters.memory.routes import MemoryOwners, MemoryRoute
from openoutcry.adapters.tcp.remote import calls_over
from openoutcry.adapters.tcp.routed import RoutedCalls
from openoutcry.adapters.tcp.server import Hosted
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import DuplicateEvent, OrderEvent
from openoutcry.partition.runtime import Partition, now_us
from openoutcry.ports.journal import FencedError
from openoutcry.ports.routes import Owner
from openoutcry.simulation import demo

ORDERS = 180
WORKERS = 30


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    wire = Wire(tmp_path / "tls")
    yield wire
    await wire.close()


class Engine:
    """One of two engines that own the partition one after the other."""

    def __init__(self, store: MemoryStore) -> None:
        self.journal = GatedJournal(store)
        self.deaths: list[BaseException] = []
        self.partition: Partition

    async def start(self, wire: Wire) -> Owner:
        self.partition = await open_partition(self.journal, fatal=self.deaths.append)
        epoch = self.partition.epoch
        _, address = await wire.serve(p0=Hosted(self.partition, epoch))
        return Owner(address, epoch)


async def test_each_order_is_done_once_through_a_take_over(wire: Wire) -> None:
    store = MemoryStore()
    old, new = Engine(store), Engine(store)
    owner = await old.start(wire)
    proxy = Proxy(owner.address)
    owners = MemoryOwners({0: owner._replace(address=await proxy.start())})
    route = MemoryRoute(
        {entity_of_shard(shard_of_account(ALICE)): 0, entity_of_market(demo.BTCUSD): 0}
    )
    calls = RoutedCalls(route, owners, calls_over(wire.connections()), now_us)
    told: dict[str, int] = {}

    async def worker(number: int) -> None:
        for index in range(number, ORDERS, WORKERS):
            name = f"o{index}"
            [event, *_] = (await calls.submit(order(name, digest=index + 1))).events
            assert isinstance(event, OrderEvent | DuplicateEvent)
            told[name] = event.order_id
            if len(told) == ORDERS // 4:
                proxy.holds_answers = True  # what is committed from here on is not heard of

    working = asyncio.gather(*map(worker, range(WORKERS)))
    await eventually(lambda: proxy.holds_answers)
    await old.partition.idle()
    old.journal.gate.clear()  # and what comes later is not committed either
    proxy.refuses = True
    proxy.cut()
    owners.set(0, None)
    assert not working.done()
    taken = await new.start(wire)
    assert taken.epoch > owner.epoch
    owners.set(0, taken)
    await asyncio.wait_for(working, 20)

    rows = await new.partition.open_orders(ALICE)
    assert {row.client_order_id.rstrip(b"\0").decode(): row.order_id for row in rows} == told
    assert len(rows) == len(told) == ORDERS
    await calls.submit(order("one-more"))
    old.journal.gate.set()
    late = asyncio.ensure_future(old.partition.submit(order("too-late")))
    await eventually(lambda: old.deaths)
    assert isinstance(old.deaths[0], FencedError)
    late.cancel()
    assert len(await new.partition.open_orders(ALICE)) == ORDERS + 1
    proxy.holds_answers = False
    await proxy.close()
    await new.partition.stop()
