"""What happens to Redis, and that every view is the truth again within three seconds (printed).

The limits of the waits are generous, for machines that do much else; the figures are for reading.
"""

import asyncio
import signal
import time
from pathlib import Path

import pytest
from tests.support.redis_scene import RedisScene, report
from tests.support.valkey import PASSWORD, until, wipe

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster, ValkeyNode


async def running(scene: RedisScene, batches: int = 150) -> None:
    await scene.healed("at the start")
    await scene.follow_all()
    await scene.run(batches)
    await scene.healed("before the fault")


@pytest.mark.parametrize("busy", [True, False], ids=["busy", "idle"])
async def test_a_wiped_cluster_is_filled_again(valkey: ValkeyCluster, *, busy: bool) -> None:
    """K08, O19: FLUSHALL loses no order, trade or balance; an idle market is found by its head."""
    async with RedisScene(valkey, 31) as scene:
        await running(scene)
        wipe(valkey)
        if busy:
            await scene.run(100)
        await scene.healed(f"FLUSHALL, {'busy' if busy else 'idle'}")
        await scene.run(50)
        await scene.healed("and after")


async def test_wrong_data_is_found_and_replaced(valkey: ValkeyCluster) -> None:
    """O19: levels that somebody deleted, and a head from the future, do not stay."""
    async with RedisScene(valkey, 32) as scene:
        await running(scene)
        market, symbol = next(
            (market, symbol)
            for market, symbol in scene.owner.symbols.items()
            if scene.owner.kernel.depth(market, 1)[0]
        )
        redis = scene.redis
        assert redis is not None
        await redis._client.delete([f"book:{{{symbol}}}:bids"])
        await redis._client.hset(
            f"book:{{{symbol}}}:head", {"seq": str(scene.owner.seq + 1_000_000)}
        )

        async def is_wrong() -> bool:
            return bool(await scene.view_differences())

        assert await is_wrong()
        await scene.healed("wrong data")
        assert market in scene.owner.symbols


def _paused_replication(primary: ValkeyNode, replicas: list[ValkeyNode]) -> None:
    """Have the replicas miss what comes now, as a lagging one does."""
    for replica in replicas:
        replica.process.send_signal(signal.SIGSTOP)
    assert primary.is_running()


async def test_a_lost_primary_with_a_replica_behind(own_valkey: ValkeyCluster) -> None:
    """O17, K08: the tail that the new primary lacks is found and mended."""
    async with RedisScene(own_valkey, 33) as scene:
        await running(scene)
        for number in range(3):
            _paused_replication(own_valkey.primaries[number], own_valkey.replicas_of(number))
        await scene.run(100)
        await scene.healed("replicas behind by 100 batches")
        own_valkey.primaries[1].kill()
        for number in range(3):
            for replica in own_valkey.replicas_of(number):
                replica.process.send_signal(signal.SIGCONT)
        killed = time.monotonic()
        while time.monotonic() - killed < 1.0:
            await scene.run(1, pause=0.01)
        new_primary = own_valkey.replicas_of(1)[0]
        await until(lambda: new_primary.info("replication")["role"] == "master")
        elected = time.monotonic() - killed
        await scene.healed(f"primary killed, replica behind (elected after {elected:.2f} s)")
        report(f"from the kill: {time.monotonic() - killed:.2f} s")

        async def is_prompt() -> bool:
            await scene.run(50)
            return await scene.healed("and after") < 0.3

        await until(is_prompt)
        report(f"subscriptions are back {time.monotonic() - killed:.2f} s after the kill")


async def test_an_old_primary_that_comes_back(own_valkey: ValkeyCluster) -> None:
    """O18, K09: a primary that was cut off while another took over changes nothing later."""
    async with RedisScene(own_valkey, 34) as scene:
        await running(scene)
        old, (new,) = own_valkey.primaries[2], own_valkey.replicas_of(2)
        old.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()

        async def taken_over() -> bool:
            await scene.run(1)
            return new.info("replication")["role"] == "master"

        await until(taken_over)
        old.process.send_signal(signal.SIGCONT)
        await scene.run(50)
        await scene.healed("an old primary woken")
        report(f"from the stop: {time.monotonic() - began:.2f} s")
        await until(lambda: old.info("replication")["role"] == "slave")
        await scene.run(50)
        await scene.healed("and after")


async def test_an_isolated_primary_that_clients_still_reach(tmp_path: Path) -> None:
    """O18, K09: it takes writes for a while that nobody else ever sees; they are made again."""
    settings = ["enable-debug-command local"]
    with ValkeyCluster(tmp_path, password=PASSWORD, settings=settings) as cluster:
        async with RedisScene(cluster, 38) as scene:
            await running(scene)
            old, (new,) = cluster.primaries[0], cluster.replicas_of(0)
            began = time.monotonic()
            old.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-2")
            old.call("CLIENT", "KILL", "TYPE", "REPLICA")

            async def taken_over() -> bool:
                await scene.run(1)
                return new.info("replication")["role"] == "master"

            await until(taken_over)
            report(f"another took over {time.monotonic() - began:.2f} s after the isolation")
            await scene.run(20)
            await scene.healed("an isolated primary, not yet back")
            report(f"from the isolation: {time.monotonic() - began:.2f} s")
            old.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-1")
            await until(lambda: old.info("replication")["role"] == "slave")
            await scene.run(20)
            await scene.healed("and after it came back")


async def test_slots_move_under_load(own_valkey: ValkeyCluster) -> None:
    """O21: MOVED and ASK are followed, subscriptions too."""
    async with RedisScene(own_valkey, 35) as scene:
        await running(scene)
        source, target = own_valkey.primaries[0], own_valkey.primaries[1]
        ids = [node.call("CLUSTER", "MYID").decode() for node in own_valkey.primaries]
        running_load = asyncio.create_task(scene.run(400, pause=0.005))
        for slot in range(0, 5461, 1):
            keys = source.call("CLUSTER", "COUNTKEYSINSLOT", slot)
            if not keys:
                continue
            target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
            source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
            names = source.call("CLUSTER", "GETKEYSINSLOT", slot, 1000)
            for name in names:
                source.call(
                    "MIGRATE",
                    "127.0.0.1",
                    target.port,
                    name.decode(),
                    0,
                    1000,
                    "AUTH",
                    own_valkey.password,
                )
                await asyncio.sleep(0)
            for node, _ in zip((target, source, own_valkey.primaries[2]), range(3), strict=True):
                node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
        began = time.monotonic()
        await running_load
        await scene.healed("slots moved")
        report(f"from the last move: {time.monotonic() - began:.2f} s")


async def test_slow_redis_never_slows_the_owner(own_valkey: ValkeyCluster) -> None:
    """O20, O31, V06: what gathers is bounded, batches go on, and the views catch up."""
    async with RedisScene(own_valkey, 36) as scene:
        await running(scene)
        publisher = scene.owner.publisher
        assert publisher is not None
        for node in own_valkey.nodes:
            node.process.send_signal(signal.SIGSTOP)
        spent = 0.0
        began = time.monotonic()
        while time.monotonic() - began < 2.0:
            scene.owner.publisher = None
            batch = scene.owner.step()
            scene.owner.publisher = publisher
            before = time.perf_counter()
            publisher.take(batch)
            spent = max(spent, time.perf_counter() - before)
            await asyncio.sleep(0.002)
        for node in own_valkey.nodes:
            node.process.send_signal(signal.SIGCONT)
        report(f"the longest that a batch was held up: {spent * 1000:.2f} ms")
        await scene.healed("all nodes stopped for two seconds")


async def test_a_whole_cluster_that_restarts(own_valkey: ValkeyCluster) -> None:
    """K08, O31: everything is lost, functions too; clients come back to the same addresses."""
    async with RedisScene(own_valkey, 37) as scene:
        await running(scene)
        for node in own_valkey.nodes:
            node.kill()
        await scene.run(100, pause=0.005)
        for node in own_valkey.nodes:
            own_valkey.restart(node)
        await until(lambda: all(_serves(node) for node in own_valkey.nodes))
        await scene.healed("all nodes killed and restarted")
        await scene.run(50)
        await scene.healed("and after")


def _serves(node: ValkeyNode) -> bool:
    state = node.call("CLUSTER", "INFO")
    assert isinstance(state, bytes)
    return b"cluster_state:ok" in state
