"""A real cluster for tests: one for all tests of a process, or one of its own to be broken."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.redis.client import RedisSettings

PASSWORD = "open-sesame"


def settings_of(cluster: ValkeyCluster, **fields: object) -> RedisSettings:
    return RedisSettings(cluster.addresses, password=cluster.password, **fields)


def wipe(cluster: ValkeyCluster) -> None:
    """Forget every key, wherever it is."""
    for node in cluster.nodes:
        if node.is_running() and node.info("replication")["role"] == "master":
            node.call("FLUSHALL")


async def until(
    condition: Callable[[], bool | Awaitable[bool]], seconds_max: float = 30.0, what: str = ""
) -> float:
    """Wait for a condition; returns how many seconds it took."""
    began = time.monotonic()
    while True:
        met = condition()
        if isinstance(met, Awaitable):
            met = await met
        if met:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds_max, f"not in time: {what or condition}"
        await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    with ValkeyCluster(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as cluster:
        yield cluster


@pytest.fixture
def valkey(shared_valkey: ValkeyCluster) -> ValkeyCluster:
    """A cluster of three primaries with a replica each, empty. Not to be broken."""
    wipe(shared_valkey)
    return shared_valkey


@pytest.fixture
def own_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    """A cluster for one test, which may kill its nodes."""
    with ValkeyCluster(tmp_path_factory.mktemp("valkey"), password=PASSWORD) as cluster:
        yield cluster
