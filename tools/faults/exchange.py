"""A running `outcry up` seen by who breaks it: its processes, its database, its Valkey nodes."""

import os
import signal
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo
from tools.exchange_process import ScaledProcess
from tools.faults.client import BrokenPromiseError, Client, UnansweredError

from openoutcry.adapters.local.valkey_cluster import ValkeyError, ValkeyNode

if TYPE_CHECKING:
    from tools.faults.proxied import ProxiedEngine

FLAGS = ("--no-bots", "--no-limits")
_OWNERS = (
    "SELECT partition, epoch, owner, preferred, (lease_until - clock_timestamp())::text"
    " FROM journal.owner ORDER BY partition"
)
_CONNECTED = (
    "SELECT application_name, pid, client_port, state, (clock_timestamp() - backend_start)::text,"
    " (clock_timestamp() - state_change)::text, wait_event, pg_blocking_pids(pid), left(query, 60)"
    " FROM pg_stat_activity WHERE client_port IS NOT NULL ORDER BY application_name, pid"
)
_NO_PROCESS: Any = None
"""The servers are somebody else's children: they are only asked here."""


@dataclass(frozen=True, slots=True)
class Node:
    """One Valkey server."""

    port: int
    pid: int
    server: ValkeyNode = field(compare=False)


class FaultyExchange(ScaledProcess):
    """Started once; its parts are broken and come back while it runs."""

    def __init__(self, data: Path, *flags: str, engines: int = 3, gateways: int = 2) -> None:
        super().__init__(data, *(flags or FLAGS), engines=engines, gateways=gateways)
        self.proxied: ProxiedEngine | None = None
        """The engine behind proxies, once a fault has asked for one."""
        self.engines = [f"engine-{number + 1}" for number in range(engines)]
        self.gateways = [f"gateway-{number + 1}" for number in range(gateways)]

    # -- processes

    def processes(self) -> dict[str, int]:
        """Return the process ids of engines, gateways and projectors by name."""
        found = {}
        for pid in children_of(self.pid):
            words = command_of(pid)
            if "--name" in words:
                found[words[words.index("--name") + 1]] = pid
        return found

    def pid_of(self, name: str) -> int:
        """Return the process id of a child that runs; raises BrokenPromiseError."""
        pid = self.processes().get(name)
        if pid is None:
            raise BrokenPromiseError(f"{name} does not run")
        return pid

    def postmaster(self) -> int:
        """Return the process id of PostgreSQL, or 0."""
        for pid in children_of(self.pid):
            words = command_of(pid)
            if words and words[0].endswith("/postgres"):
                return pid
        return 0

    def nodes(self) -> list[Node]:
        """Return the Valkey nodes that run."""
        found = []
        password = str(self.settings()["redis_password"])
        for pid in children_of(self.pid):
            words = " ".join(command_of(pid))
            if "valkey-server" in words and "[cluster]" in words:
                port = words.split("[cluster]")[0].rpartition(":")[2]
                server = ValkeyNode(int(port), 0, self.data, _NO_PROCESS, password)
                found.append(Node(int(port), pid, server))
        return found

    def wait_for(self, done: Callable[[], bool], seconds_max: float, what: str) -> float:
        """Poll for a condition; returns how long it took, raises BrokenPromiseError."""
        began = time.monotonic()
        while not done():
            if time.monotonic() - began > seconds_max:
                raise BrokenPromiseError(
                    f"not within {seconds_max:g} s: {what}\n{self.how_it_stands()}"
                )
            time.sleep(0.02)
        return time.monotonic() - began

    def how_it_stands(self) -> str:
        """Say who runs, who owns what and who is connected, for the report of a broken promise."""
        said = [f"processes: {self.processes()}, PostgreSQL: {self.postmaster()}"]
        try:
            said += map(str, self.query(_OWNERS))
            said += map(str, self.query(_CONNECTED))
        except psycopg.Error as error:
            said.append(f"the database does not answer: {error}")
        return "\n".join(said)

    def wait_all_run(self, seconds_max: float = 40.0) -> None:
        """Wait until each child runs and each gateway answers."""
        wanted = {*self.engines, *self.gateways, "projector-1"}
        self.wait_for(
            lambda: wanted <= self.processes().keys() and self.postmaster() != 0,
            seconds_max,
            "all processes run again",
        )
        self.wait_for(self._all_gateways_answer, seconds_max, "both gateways answer")

    def _all_gateways_answer(self) -> bool:
        pids = self.processes()
        client = Client(self.port, 2.0)
        try:
            for name in self.gateways:
                client.come_to(pids[name])
                if client.request("GET", "/api/v3/ping") != (200, {}):
                    return False
        except (KeyError, UnansweredError):
            return False
        finally:
            client.close()
        return True

    # -- stores

    def settings(self, role: str = "engine") -> dict[str, Any]:
        """Return the settings that `outcry up` has written for a role."""
        return tomllib.loads((self.data / f"{role}.toml").read_text())

    def dsn(self) -> str:
        """Return how to come to the database."""
        return make_conninfo(str(self.settings()["journal_dsn"]), target_session_attrs="read-write")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Read from the database, on a connection of its own."""
        with psycopg.connect(self.dsn(), autocommit=True, connect_timeout=3) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[call-overload]

    def owners(self) -> dict[int, tuple[str, int]]:
        """Return the owner and the epoch of each partition."""
        rows = self.query("SELECT partition, owner, epoch FROM journal.owner")
        return {partition: (owner, epoch) for partition, owner, epoch in rows}

    def primaries(self) -> list[tuple[Node, list[Node]]]:
        """Return the primaries with their replicas."""
        nodes = self.nodes()
        found: list[tuple[Node, list[Node]]] = []
        said = {node: node.server.info("replication") for node in nodes}
        for node in nodes:
            if said[node]["role"] == "master":
                replicas = [
                    other
                    for other in nodes
                    if said[other]["role"] == "slave"
                    and said[other]["master_port"] == str(node.port)
                ]
                found.append((node, replicas))
        return found

    def book(self, symbol: str) -> tuple[dict[int, int], dict[int, int]] | None:
        """Return a market's book as it stands in Redis: ticks to lots, bids and asks."""
        for node in self.nodes():
            sides = []
            for side in ("bids", "asks"):
                try:
                    reply = node.server.call("HGETALL", f"book:{{{symbol}}}:{side}")
                except ValkeyError:
                    break  # another node has the slot, or this one is away
                assert isinstance(reply, list)
                numbers = [int(value) for value in reply if isinstance(value, bytes)]
                sides.append(dict(zip(numbers[::2], numbers[1::2], strict=True)))
            else:
                return sides[0], sides[1]
        return None


# -- processes of this machine


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process, whichever of its threads has started them."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def command_of(pid: int) -> list[str]:
    """Return the command line of a process; empty when it is gone."""
    with suppress(OSError):
        return [word for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0") if word]
    return []


def connections_of(pid: int, server_port: int) -> list[str]:
    """Return the near ends of a process's connections to a loopback port."""
    return [f"127.0.0.1:{near}" for near, far, _ in _sockets_of(pid) if far == server_port]


def ports_of(pid: int) -> set[int]:
    """Return the ports at which a process listens."""
    return {near for near, _, state in _sockets_of(pid) if state == _LISTEN}


_LISTEN = "0A"


def _sockets_of(pid: int) -> Iterator[tuple[int, int, str]]:
    """Yield near port, far port and state of each TCP socket of a process."""
    inodes = set()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                inodes.add(str(entry.readlink()))
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if f"socket:[{fields[9]}]" in inodes:
            near, far = (int(end.rpartition(":")[2], 16) for end in fields[1:3])
            yield near, far, fields[3]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return text.rpartition(")")[2].split()[0] not in "ZX"
    return False


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process of the exchange that was found above."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
