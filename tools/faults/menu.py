"""The faults. Each is done at once to a running exchange; it returns when it is done and healed.

A fault says by `strike` when it begins to hurt: recovery is measured from there.
"""

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.faults.exchange import FaultyExchange, children_of, is_alive, send

LEASE_SECONDS = 3.0
ZOMBIE_SECONDS_MAX = 3.0


@dataclass
class Scene:
    """What a fault works with."""

    exchange: FaultyExchange
    random: random.Random
    on_strike: Callable[[float], None]
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


def kill_engine(scene: Scene) -> None:
    """An engine is killed: its standbys take over (O01)."""
    _kill(scene, scene.exchange.engines)


def kill_gateway(scene: Scene) -> None:
    """A gateway is killed: clients come to another one and send again (O03)."""
    _kill(scene, scene.exchange.gateways)


def kill_projector(scene: Scene) -> None:
    """The projector is killed: the history goes on where it was (O04)."""
    _kill(scene, ["projector-1"])


def stop_engine(scene: Scene) -> None:
    """An engine stands still beyond its lease, then goes on as a zombie (O16, X7)."""
    exchange = scene.exchange
    name = scene.random.choice(exchange.engines)
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
    if owned:
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
    )
}
