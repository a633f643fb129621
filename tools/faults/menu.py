"""The faults. Each is done at once to a running exchange; it returns when it is done and healed.

A fault says by `strike` when it begins to hurt: recovery is measured from there.
"""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.exchange_process import outcry_command
from tools.faults.client import BrokenPromiseError
from tools.faults.cut_proxy import Direction
from tools.faults.exchange import FaultyExchange, children_of, connections_of, is_alive, send
from tools.faults.proxied import ProxiedEngine

from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.ownership import Ownership

CUTS = 3

LEASE_SECONDS = 3.0
ZOMBIE_SECONDS_MAX = 10.0


@dataclass
class Scene:
    """What a fault works with."""

    exchange: FaultyExchange
    random: random.Random
    on_strike: Callable[[float], None]
    settle: Callable[[], None]
    """Waits until everybody is served, for what had to be prepared."""
    notes: list[str]

    def strike(self) -> None:
        """Say that the fault begins now."""
        self.on_strike(time.monotonic())

    def note(self, text: str) -> None:
        """Say what was done, for the report."""
        self.notes.append(text)


Fault = Callable[[Scene], None]


def _kill(scene: Scene, names: list[str]) -> None:
    name = scene.random.choice(names)
    pid = scene.exchange.pid_of(name)
    scene.note(f"SIGKILL of {name}")
    scene.strike()
    send(pid, signal.SIGKILL)
    scene.exchange.wait_for(lambda: not is_alive(pid), 5, f"{name} is dead")


def _owners(scene: Scene) -> list[str]:
    """Return the engines that own something."""
    owners = {owner for owner, _ in scene.exchange.owners().values()}
    return sorted(owners & set(scene.exchange.engines))


def kill_engine(scene: Scene) -> None:
    """An engine is killed: its standbys take over (O01)."""
    _kill(scene, _owners(scene))


def kill_gateway(scene: Scene) -> None:
    """A gateway is killed: clients come to another one and send again (O03)."""
    _kill(scene, scene.exchange.gateways)


def kill_projector(scene: Scene) -> None:
    """The projector is killed: the history goes on where it was (O04)."""
    _kill(scene, ["projector-1"])


def stop_engine(scene: Scene) -> None:
    """An engine stands still beyond its lease, then goes on as a zombie (O16, X7)."""
    exchange = scene.exchange
    name = scene.random.choice(_owners(scene))
    pid = exchange.pid_of(name)
    before = exchange.owners()
    owned = [number for number, (owner, _) in before.items() if owner == name]
    scene.note(f"SIGSTOP of {name}, which owns {sorted(owned)}")
    scene.strike()
    send(pid, signal.SIGSTOP)
    try:
        exchange.wait_for(
            lambda: all(exchange.owners()[number][0] != name for number in owned),
            LEASE_SECONDS + 12,
            f"others own what {name} had",
        )
        time.sleep(scene.random.uniform(0, 1))
    finally:
        send(pid, signal.SIGCONT)
    seconds = exchange.wait_for(
        lambda: not is_alive(pid), ZOMBIE_SECONDS_MAX, f"the zombie {name} exits (X7)"
    )
    scene.note(f"the zombie exits {seconds:.2f} s after SIGCONT")


def kill_valkey(scene: Scene) -> None:
    """A Valkey primary is killed while its replica is behind (O17)."""
    exchange = scene.exchange
    with_replicas = [(primary, replicas) for primary, replicas in exchange.primaries() if replicas]
    primary, replicas = scene.random.choice(with_replicas or exchange.primaries())
    for replica in replicas:
        send(replica.pid, signal.SIGSTOP)
    try:
        time.sleep(scene.random.uniform(0.2, 0.6))
        scene.note(f"SIGKILL of the Valkey primary at {primary.port}, its replica behind")
        scene.strike()
        send(primary.pid, signal.SIGKILL)
    finally:
        for replica in replicas:
            send(replica.pid, signal.SIGCONT)


def flush_valkey(scene: Scene) -> None:
    """Everything in Redis is deleted (O19, K08)."""
    scene.note("FLUSHALL on every primary")
    scene.strike()
    for primary, _ in scene.exchange.primaries():
        primary.server.call("FLUSHALL")


def restart_postgres(scene: Scene) -> None:
    """PostgreSQL is restarted in order, waiting for no client (O22)."""
    pid = scene.exchange.postmaster()
    scene.note("fast shutdown of PostgreSQL")
    scene.strike()
    send(pid, signal.SIGINT)
    scene.exchange.wait_for(lambda: not is_alive(pid), 20, "PostgreSQL has stopped")


def crash_postgres(scene: Scene) -> None:
    """The postmaster and all its children are killed (O22)."""
    pid = scene.exchange.postmaster()
    family = [pid, *children_of(pid)]
    scene.note(f"SIGKILL of the postmaster and {len(family) - 1} children")
    scene.strike()
    for member in family:
        send(member, signal.SIGKILL)
    scene.exchange.wait_for(lambda: not any(map(is_alive, family)), 10, "PostgreSQL is dead")


def _proxied(scene: Scene) -> ProxiedEngine:
    """Return the engine behind proxies, started anew where it has ended since."""
    exchange = scene.exchange
    known = exchange.proxied
    if known is not None and known.is_running:
        owned = [number for number, (owner, _) in exchange.owners().items() if owner == known.name]
        if owned:
            return known
    if known is not None:
        known.close()
    name = scene.random.choice(_owners(scene))
    made = exchange.proxied = ProxiedEngine(exchange, name)
    made.start()
    scene.settle()
    return made


def cut_commit(scene: Scene) -> None:
    """The connection to the database is cut inside commits (O26, J10)."""
    engine = _proxied(scene)
    scene.note(f"connections of {engine.name} to the database are cut inside commits")
    scene.strike()
    for _ in range(CUTS):
        direction: Direction = scene.random.choice(("up", "down"))
        after = scene.random.randint(0, 1500 if direction == "up" else 150)
        cuts = engine.database.cuts
        engine.database.arm(direction, after)
        scene.exchange.wait_for(lambda: engine.database.cuts > cuts, 5, "a cut")  # noqa: B023
        scene.note(f"cut {direction} after {after} bytes")
        time.sleep(scene.random.uniform(0, 0.2))


def cut_engine(scene: Scene) -> None:
    """Gateways and other engines do not reach an engine, which keeps its lease (O31, O32)."""
    engine = _proxied(scene)
    seconds = scene.random.uniform(0.5, 2.5)
    scene.note(f"{engine.name} is not reached for {seconds:.1f} s")
    scene.strike()
    engine.calls.refuse()
    time.sleep(seconds)
    engine.calls.refuses = False


def cut_database(scene: Scene) -> None:
    """An engine is cut off from the database alone, beyond its lease (O30).

    Gateways reach it all the time; when it hears of the database again it must exit.
    """
    engine, exchange = _proxied(scene), scene.exchange
    owned = [number for number, (owner, _) in exchange.owners().items() if owner == engine.name]
    scene.note(f"{engine.name}, which owns {sorted(owned)}, does not reach the database")
    scene.strike()
    engine.database.refuse()
    try:
        exchange.wait_for(
            lambda: all(exchange.owners()[number][0] != engine.name for number in owned),
            LEASE_SECONDS + 12,
            f"others own what {engine.name} had",
        )
        time.sleep(scene.random.uniform(0, 1))
    finally:
        engine.database.refuses = False
    seconds = exchange.wait_for(
        lambda: not engine.is_running, ZOMBIE_SECONDS_MAX, f"{engine.name} exits (O30)"
    )
    scene.note(f"it exits {seconds:.2f} s after it reaches the database again")


def pause_engine(scene: Scene) -> None:
    """An engine stands still for less than its lease: nobody takes over (O16)."""
    exchange = scene.exchange
    name = scene.random.choice(_owners(scene))
    pid = exchange.pid_of(name)
    seconds = scene.random.uniform(0.3, 1.5)
    scene.note(f"SIGSTOP of {name} for {seconds:.1f} s")
    scene.strike()
    send(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        send(pid, signal.SIGCONT)


def cut_gateway_from_redis(scene: Scene) -> None:
    """Each connection of a gateway to Redis is cut as soon as it is there (O31)."""
    exchange = scene.exchange
    name = scene.random.choice(exchange.gateways)
    pid = exchange.pid_of(name)
    nodes = exchange.nodes()
    seconds = scene.random.uniform(1.0, 3.0)
    cuts = 0
    scene.note(f"{name} has no connection to Redis for {seconds:.1f} s")
    scene.strike()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for node in nodes:
            for address in connections_of(pid, node.port):
                cuts += node.server.call("CLIENT", "KILL", "ADDR", address) is not None
        time.sleep(0.01)
    scene.note(f"{cuts} connections were cut")


def stop_valkey(scene: Scene) -> None:
    """All of Redis stands still: nobody reaches it (O20, O31)."""
    nodes = scene.exchange.nodes()
    seconds = scene.random.uniform(0.5, 3.0)
    scene.note(f"SIGSTOP of all Valkey nodes for {seconds:.1f} s")
    scene.strike()
    for node in nodes:
        send(node.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        for node in nodes:
            send(node.pid, signal.SIGCONT)


def two_owners(scene: Scene) -> None:
    """Somebody acquires a partition by force: its owner exits, and nothing of it leaves (O29)."""
    exchange = scene.exchange
    number = scene.random.choice(sorted(exchange.owners()))
    owner, epoch = exchange.owners()[number]
    pid = exchange.pid_of(owner)
    journal = PostgresJournal(
        exchange.dsn(), number, owner="intruder", address="127.0.0.1:1", lease_seconds=LEASE_SECONDS
    )
    ownership = Ownership(exchange.dsn(), "faults")
    released = scene.random.random() < 0.5
    try:
        scene.note(f"partition {number} of {owner} is acquired by force, released: {released}")
        scene.strike()
        taken = journal.acquire()
        seconds = exchange.wait_for(
            lambda: not is_alive(pid), ZOMBIE_SECONDS_MAX, f"{owner} exits when fenced (O29)"
        )
        scene.note(f"{owner} exits {seconds:.2f} s later")
        if released:
            ownership.release(number, taken)
    finally:
        journal.close()
        ownership.close()
    if taken <= epoch:
        raise BrokenPromiseError(f"epoch {taken} after epoch {epoch} (J07)")


def same_name(scene: Scene) -> None:
    """A second engine of the same name runs while the first one is killed (O29)."""
    exchange = scene.exchange
    name = scene.random.choice(exchange.engines)
    log = exchange.data / "logs" / f"second-{name}.log"
    settings = exchange.data / "engine.toml"
    with log.open("wb") as out:
        second = subprocess.Popen(
            [*outcry_command(), "engine", "--settings", settings, "--name", name],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        exchange.wait_for(
            lambda: "takes calls" in log.read_text(errors="replace"), 90, f"a second {name}"
        )
        pid = exchange.pid_of(name)
        scene.note(f"a second {name} runs, and the first is killed")
        scene.strike()
        send(pid, signal.SIGKILL)
        time.sleep(LEASE_SECONDS + scene.random.uniform(0.5, 2))
    finally:
        second.kill()
        second.wait()
    scene.note("the second is killed too")
    scene.strike()


MENU: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        kill_engine,
        kill_gateway,
        kill_projector,
        stop_engine,
        kill_valkey,
        flush_valkey,
        restart_postgres,
        crash_postgres,
        cut_commit,
        cut_engine,
        cut_database,
        cut_gateway_from_redis,
        two_owners,
    )
}
"""What `make test` and `make bench-faults` do to a running `outcry up`."""
MORE: dict[str, Fault] = {fault.__name__: fault for fault in (pause_engine, stop_valkey, same_name)}
"""What `make bench-faults` does besides."""
