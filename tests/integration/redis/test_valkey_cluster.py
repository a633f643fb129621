"""The cluster that `outcry up` starts: takes writes, keeps strangers out, dies with its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support.valkey import settings_of

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster, ValkeyError
from openoutcry.adapters.redis.client import Redis, RedisAwayError, RedisSettings

STARTER = """
import sys, time
from pathlib import Path
from openoutcry.adapters.local.valkey_cluster import ValkeyCluster

cluster = ValkeyCluster(Path(sys.argv[1]), primaries=1, replicas=1)
cluster.start()
print(*[node.process.pid for node in cluster.nodes], flush=True)
time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_every_primary_has_its_slots_and_a_replica(valkey: ValkeyCluster) -> None:
    for node in valkey.primaries:
        info = node.info("replication")
        assert (info["role"], info["connected_slaves"]) == ("master", "1")
    state = valkey.nodes[0].call("CLUSTER", "INFO")
    assert isinstance(state, bytes)
    assert b"cluster_slots_ok:16384" in state


def test_a_refused_command_is_an_error(valkey: ValkeyCluster) -> None:
    with pytest.raises(ValkeyError, match="ERR"):
        valkey.nodes[0].call("NO-SUCH-COMMAND")


async def test_a_wrong_password_does_not_get_in(valkey: ValkeyCluster) -> None:
    with pytest.raises(RedisAwayError):
        await Redis.connect(RedisSettings(valkey.addresses, password="wrong"))


async def test_functions_come_back_after_they_were_flushed(valkey: ValkeyCluster) -> None:
    redis = await Redis.connect(settings_of(valkey))
    keys = ["book:{X}:bids", "book:{X}:asks", "book:{X}:head", "feed:{X}"]
    assert await redis.call("book_read", keys) == []
    for node in valkey.primaries:
        node.call("FUNCTION", "FLUSH")
    assert await redis.call("book_read", keys) == []
    await redis.close()


def test_the_servers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(text) for text in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert all(map(_alive, pids))
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(map(_alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
