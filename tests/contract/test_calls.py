"""One suite for every way to call a partition. Covers J03, J05, K02, K03, O37."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.calls_scene import (
    ALICE,
    BOB,
    GatedJournal,
    Wire,
    cancel,
    eventually,
    open_partition,
    order,
)

from openoutcry.adapters.memory.routes import MemoryOwners, MemoryRoute
from openoutcry.adapters.tcp.remote import RemoteCalls
from openoutcry.adapters.tcp.routed import RoutedCalls, RoutedLimits
from openoutcry.adapters.tcp.server import Hosted
from openoutcry.core.enums import Execution, Reason, Side
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.core.records import (
    DuplicateEvent,
    Epoch,
    NewOrder,
    OrderEvent,
    OrderRequestedEvent,
    Quarantine,
    RefusedEvent,
)
from openoutcry.partition.runtime import Partition, PartitionLimits, now_us
from openoutcry.ports.calls import Calls, NotAcceptedError, OverloadedError, StorageFullError
from openoutcry.ports.routes import Owner
from openoutcry.simulation import demo

SHORT = RoutedLimits(wait_seconds_max=0.05, read_seconds_max=0.05)


@dataclass
class Scene:
    calls: Calls
    partition: Partition
    journal: GatedJournal


class FakeRoom:
    def __init__(self) -> None:
        self.short = False

    def is_short(self) -> bool:
        return self.short

    def release(self) -> None: ...

    def set_aside(self) -> bool:
        return True


def routed(calls: Calls) -> RoutedCalls:
    """Route everything to one partition."""
    entities = [*map(entity_of_shard, range(ACCOUNT_SHARDS)), *map(entity_of_market, range(9))]
    route = MemoryRoute(dict.fromkeys(entities, 0))
    owners = MemoryOwners({0: Owner("here:1", 1)})
    return RoutedCalls(route, owners, lambda _partition, _owner: calls, now_us, SHORT)


Opener = Callable[..., Coroutine[Any, Any, Scene]]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls") / "certificates"


@pytest.fixture(params=["partition", "remote", "routed", "routed remote"])
async def opener(request: pytest.FixtureRequest, certificates: Path) -> AsyncIterator[Opener]:
    wire = Wire(certificates)
    opened: list[tuple[Partition, GatedJournal]] = []

    async def open_scene(**options: object) -> Scene:
        journal = GatedJournal()
        partition = await open_partition(journal, **options)
        opened.append((partition, journal))
        calls: Calls = partition
        if "remote" in request.param:
            _, address = await wire.serve(p0=Hosted(partition, partition.epoch))
            connection = wire.connections().to(address)
            await connection.wait_connected()
            calls = RemoteCalls(connection, 0)
        if "routed" in request.param:
            calls = routed(calls)
        return Scene(calls, partition, journal)

    yield open_scene
    for _, journal in opened:
        journal.gate.set()
    await wire.close()
    for partition, _ in opened:
        await partition.stop()


@pytest.fixture
async def scene(opener: Opener) -> Scene:
    return await opener()


def placed(events: tuple[object, ...]) -> OrderEvent:
    return next(event for event in events if isinstance(event, OrderEvent))


async def test_a_reply_has_the_commands_own_events_in_order(scene: Scene) -> None:
    committed = []
    scene.partition.subscribe(committed.append)
    replies = await asyncio.gather(*(scene.calls.submit(order(f"o{n}")) for n in range(20)))
    await eventually(lambda: committed and committed[-1].seq == replies[-1].seq)
    told = [event for reply in replies for event in reply.events]
    assert told == [event for batch in committed for event in batch.events]
    names = [placed(reply.events).client_order_id.rstrip(b"\0") for reply in replies]
    assert names == [f"o{n}".encode() for n in range(20)]
    assert all(reply.time_us == reply.events[0].time_us for reply in replies)


async def test_a_refusal_is_a_value(scene: Scene) -> None:
    reply = await scene.calls.submit(cancel(4096))
    assert [type(event) for event in reply.events] == [RefusedEvent]
    assert reply.events[0].reason == Reason.UNKNOWN_ORDER


@pytest.mark.parametrize(
    "command", [b"", b"x", bytes(48), bytes(49), Epoch().pack()[:-8], order("o") + bytes(8)]
)
async def test_what_is_no_command_is_refused_before_anything(scene: Scene, command: bytes) -> None:
    with pytest.raises(ValueError):
        await scene.calls.submit(command)
    assert (await scene.calls.submit(order("still"))).events


async def test_nobody_but_the_owner_quarantines(scene: Scene) -> None:
    with pytest.raises(ValueError):
        await scene.calls.submit(Quarantine(seq=1).pack())


async def test_orders_are_read_as_they_stand(scene: Scene) -> None:
    calls = scene.calls
    first = placed((await calls.submit(order("mine"))).events)
    second = placed((await calls.submit(order("other"))).events)
    row = await calls.order(ALICE, first.order_id)
    assert row is not None
    assert row == await scene.partition.order(ALICE, first.order_id)
    assert row.client_order_id.rstrip(b"\0") == b"mine"
    assert await calls.order(BOB, first.order_id) is None
    assert await calls.order_by_client_id(ALICE, demo.BTCUSD, b"mine") == row
    assert await calls.order_by_client_id(ALICE, demo.ETHUSD, b"mine") is None
    assert await calls.order_by_client_id(ALICE, demo.BTCUSD, b"none") is None
    rows = await calls.open_orders(ALICE)
    assert [found.order_id for found in rows] == [first.order_id, second.order_id]
    assert await calls.open_orders(ALICE, demo.BTCUSD) == rows
    assert await calls.open_orders(ALICE, demo.ETHUSD) == []
    assert await calls.open_orders(BOB) == []


async def test_accounts_markets_and_rates_are_read_as_they_stand(scene: Scene) -> None:
    calls, partition = scene.calls, scene.partition
    await calls.submit(order("mine"))
    balances = await calls.balances(ALICE)
    assert balances == await partition.balances(ALICE)
    assert {row.asset: row.held_atoms > 0 for row in balances}[demo.USD]
    assert await calls.balances(99 << 10) == []
    assert await calls.account(ALICE) == await partition.account(ALICE)
    assert await calls.account(99 << 10) is None
    assert await calls.market(demo.BTCUSD) == await partition.market(demo.BTCUSD)
    assert await calls.market(8) is None
    assert await calls.fee_rates(ALICE, demo.BTCUSD) == (demo.USER_RATE, demo.USER_RATE)


async def test_the_average_price_follows_trades(scene: Scene) -> None:
    calls = scene.calls
    assert await calls.average_price_ticks(demo.BTCUSD) == 0
    maker = placed((await calls.submit(order("maker", side=Side.SELL))).events)
    taker = NewOrder.unpack(order("taker", BOB))._replace(price_ticks=maker.price_ticks)
    await calls.submit(taker.pack())
    assert await calls.average_price_ticks(demo.BTCUSD) == maker.price_ticks


async def test_the_watermark_is_at_or_after_each_reply(scene: Scene) -> None:
    reply = await scene.calls.submit(order("mine"))
    assert await scene.calls.committed_seq(ALICE) >= reply.seq


async def test_nothing_leaves_before_the_append_is_durable_j03(scene: Scene) -> None:
    calls, journal = scene.calls, scene.journal
    before = await calls.committed_seq(ALICE)
    journal.gate.clear()
    journal.started.clear()
    reply = asyncio.ensure_future(calls.submit(order("mine")))
    await asyncio.to_thread(journal.started.wait, 10)
    reads = [
        asyncio.ensure_future(read)
        for read in (calls.open_orders(ALICE), calls.balances(ALICE), calls.account(ALICE))
    ]
    assert await calls.committed_seq(ALICE) == before
    done, _ = await asyncio.wait([reply, *reads], timeout=0.05)
    assert not done
    journal.gate.set()
    assert (await reply).seq == before + 1
    assert len(await reads[0]) == 1


async def test_the_same_request_again_gets_the_first_answer_k02(scene: Scene) -> None:
    command = order("once", digest=7)
    first = placed((await scene.calls.submit(command)).events)
    again = await scene.calls.submit(command)
    assert [type(event) for event in again.events] == [DuplicateEvent]
    assert again.events[0].order_id == first.order_id
    assert len(await scene.calls.open_orders(ALICE)) == 1


async def test_a_digest_belongs_to_its_account_k03(scene: Scene) -> None:
    await scene.calls.submit(order("once", digest=7))
    other = await scene.calls.submit(order("once", BOB, digest=7))
    assert placed(other.events).account_id == BOB


async def test_a_stopped_partition_takes_nothing(scene: Scene) -> None:
    first = asyncio.ensure_future(scene.calls.submit(order("first")))
    assert placed((await first).events)
    await scene.partition.stop()
    with pytest.raises(NotAcceptedError):
        await scene.calls.submit(order("late"))
    assert len(await scene.calls.open_orders(ALICE)) == 1


async def test_too_much_at_once_is_refused_and_the_rest_done_o37(opener: Opener) -> None:
    scene = await opener(limits=PartitionLimits(queue_commands_max=16))
    scene.journal.gate.clear()
    scene.journal.started.clear()
    under_way = [asyncio.ensure_future(scene.calls.submit(order("o0")))]
    await asyncio.to_thread(scene.journal.started.wait, 10)
    under_way += [asyncio.ensure_future(scene.calls.submit(order(f"o{n}"))) for n in range(1, 20)]
    await eventually(lambda: sum(future.done() for future in under_way) == 3)
    scene.journal.gate.set()
    results = await asyncio.gather(*under_way, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Exception)]
    assert [type(error) for error in refused] == [OverloadedError] * 3
    assert len(await scene.calls.open_orders(ALICE)) == 17, "a refused one has not happened"


async def test_without_room_only_cancels_pass(opener: Opener) -> None:
    room = FakeRoom()
    scene = await opener(room=room, limits=PartitionLimits(room_check_seconds=0.01))
    first = placed((await scene.calls.submit(order("first"))).events)
    room.short = True
    await eventually(lambda: scene.partition.is_full)
    with pytest.raises(StorageFullError):
        await scene.calls.submit(order("second"))
    canceled = (await scene.calls.submit(cancel(first.order_id))).events
    assert any(
        isinstance(event, OrderRequestedEvent) and event.execution == Execution.CANCELED
        for event in canceled
    )


class ByHand:
    """Drives a coroutine from future to future, as the HTTP server does, without a task."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._work = work
        asyncio.get_running_loop().call_soon(self._step)

    def _step(self, _done: object = None) -> None:
        try:
            awaited = self._work.send(None)
        except StopIteration as stop:
            self.done.set_result(stop.value)
        else:
            awaited._asyncio_future_blocking = False
            awaited.add_done_callback(self._step)


async def test_a_caller_needs_no_task(scene: Scene) -> None:
    reply = await ByHand(scene.calls.submit(order("mine"))).done
    assert placed(reply.events)
    assert len(await ByHand(scene.calls.open_orders(ALICE)).done) == 1
