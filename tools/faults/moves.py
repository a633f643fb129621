"""Moves of a running exchange, done like faults: under load, and accounted for afterwards."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import psycopg
from bench.differential import records
from tools.faults.client import BrokenPromiseError
from tools.faults.exchange import FaultyExchange, is_alive, send
from tools.faults.menu import Fault, Scene

from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.app.admin import AdminError, Answer
from openoutcry.app.control import ask
from openoutcry.codec.journal import JournalRow
from openoutcry.codec.records import COMMAND_KIND_OFFSET
from openoutcry.core.enums import CommandKind
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.partition.recovery import checked_commands
from openoutcry.simulation import demo

SYMBOL, MARKET = "BTCUSD", entity_of_market(demo.BTCUSD)
FINISHED_SECONDS_MAX = 45.0
SHARDS = 48
"""How many account shards move at once, those who trade among them."""


def home_of(exchange: FaultyExchange, entity: int) -> int:
    """Return the partition that an entity lives in."""
    statement = f"SELECT partition FROM journal.route WHERE entity = {entity}"  # noqa: S608
    return int(exchange.query(statement)[0][0])


def hosts(exchange: FaultyExchange, role: str) -> list[int]:
    """Return the partitions of a role."""
    return [it["number"] for it in exchange.settings()["partitions"] if it["role"] == role]


def alone(exchange: FaultyExchange) -> int:
    """Return the partition that the market was planned for, where it is alone."""
    plans = exchange.settings()["partitions"]
    return next(int(it["number"]) for it in plans if demo.BTCUSD in it.get("markets", ()))


def move(exchange: FaultyExchange, what: str, to: object) -> Answer:
    """Have something moved; returns when it is there."""
    return ask(exchange.data, {"do": "move", "what": what, "to": str(to)})


def other_partition(scene: Scene) -> int:
    """Return a partition that the market may move to."""
    home = home_of(scene.exchange, MARKET)
    own = alone(scene.exchange)
    others = [number for number in hosts(scene.exchange, "MARKETS") if number != home]
    return scene.random.choice(others) if home == own else own


def other_engine(scene: Scene, number: int) -> str:
    """Return an engine that does not own a partition."""
    owner, _ = scene.exchange.owners()[number]
    return scene.random.choice([name for name in scene.exchange.engines if name != owner])


def move_market(scene: Scene) -> None:
    """The market goes to another partition, and back."""
    for _ in range(2):
        target = other_partition(scene)
        scene.strike()
        scene.note(f"to {target}: {move(scene.exchange, SYMBOL, target)}")
        if home_of(scene.exchange, MARKET) != target:
            raise BrokenPromiseError(f"{SYMBOL} is not at {target}")


def hand_over_market(scene: Scene) -> None:
    """The market's partition goes to another engine, and back."""
    exchange, number = scene.exchange, alone(scene.exchange)
    if home_of(exchange, MARKET) != number:  # what shares its partition is not handed over
        move(exchange, SYMBOL, number)
    first, _ = exchange.owners()[number]
    for engine in (other_engine(scene, number), first):
        scene.strike()
        scene.note(f"to {engine}: {move(exchange, SYMBOL, engine)}")
        if exchange.owners()[number][0] != engine:
            raise BrokenPromiseError(f"partition {number} is not at {engine}")


def move_shards(scene: Scene) -> None:
    """Account shards go to another partition; those who trade are among them."""
    exchange = scene.exchange
    target = scene.random.choice(hosts(exchange, "ACCOUNTS"))
    first = min(shard_of_account(it.account_id) for it in demo.PARTICIPANTS)
    scene.strike()
    moved = move(exchange, f"{first}-{first + SHARDS - 1}", target)
    scene.note(f"{SHARDS} shards from {first} on to {target}: {moved}")
    last = first + SHARDS - 1
    found = exchange.query(
        "SELECT partition FROM journal.route WHERE entity BETWEEN"  # noqa: S608 - numbers
        f" {entity_of_shard(first)} AND {entity_of_shard(last)}"
    )
    if set(found) != {(target,)}:
        raise BrokenPromiseError(f"shards are at {set(found)}, not at {target} alone")


def split_partition(scene: Scene) -> None:
    """Every other shard of a partition goes to another one."""
    numbers = hosts(scene.exchange, "ACCOUNTS")
    source, target = scene.random.sample(numbers, 2)
    scene.strike()
    answer = ask(scene.exchange.data, {"do": "split", "partition": source, "to": target})
    scene.note(f"{source} to {target}: {answer}")


# -- with a crash in the middle


@contextmanager
def _asked(exchange: FaultyExchange, what: str, target: int) -> Iterator[None]:
    """Have a move asked for in the background; whoever asked may be told nothing."""

    def asking() -> None:
        try:
            move(exchange, what, target)
        except AdminError:
            return

    thread = threading.Thread(target=asking, name="move")
    thread.start()
    try:
        yield
    finally:
        thread.join(60)


def _crash(scene: Scene, end: Literal["source", "target"]) -> None:
    """SIGKILL an engine in the middle of a move; whoever comes next finishes it."""
    exchange = scene.exchange
    source, target = home_of(exchange, MARKET), other_partition(scene)
    owners = exchange.owners()
    ends = {"source": owners[source][0], "target": owners[target][0]}
    pids = {name: exchange.pid_of(name) for name in ends.values()}
    victim = ends[end]
    stages = list(STAGES) if ends["source"] != ends["target"] else [_somewhere]
    stage = scene.random.choice(stages)
    with _asked(exchange, SYMBOL, target), stage(scene, source, pids[ends["target"]]):
        scene.strike()
        send(pids[victim], signal.SIGKILL)
        exchange.wait_for(lambda: not is_alive(pids[victim]), 5, f"{victim} is dead")
    seconds = exchange.wait_for(
        lambda: home_of(exchange, MARKET) == target and not _is_moving(exchange),
        FINISHED_SECONDS_MAX,
        f"{SYMBOL} has moved from {source} to {target}",
    )
    scene.note(
        f"SIGKILL of {victim}, the {end}, {stage.__name__.strip('_')}: {SYMBOL} from {source} to"
        f" {target}, finished after {seconds:.1f} s"
    )


def _is_moving(exchange: FaultyExchange) -> bool:
    return bool(exchange.query("SELECT 1 FROM journal.move"))


@contextmanager
def _somewhere(scene: Scene, source: int, target_pid: int) -> Iterator[None]:
    """At a random moment, before the move or after it too."""
    del source, target_pid
    time.sleep(scene.random.uniform(0.0, 0.25))
    yield


@contextmanager
def _after_move_out(scene: Scene, source: int, target_pid: int) -> Iterator[None]:
    """While the target stands still, so that what has left does not arrive."""
    send(target_pid, signal.SIGSTOP)
    try:
        _await_left(scene.exchange, source)
        yield
    finally:
        send(target_pid, signal.SIGCONT)


@contextmanager
def _after_move_in(scene: Scene, source: int, target_pid: int) -> Iterator[None]:
    """When it has arrived, and the source's journal is held up before MOVE_DONE."""
    exchange = scene.exchange
    with psycopg.connect(exchange.dsn()) as connection:
        with _after_move_out(scene, source, target_pid):
            connection.execute(
                "SELECT 1 FROM journal.owner WHERE partition = %s FOR UPDATE", (source,)
            )
        exchange.wait_for(lambda: home_of(exchange, MARKET) != source, 5, "it has arrived")
        yield
        connection.rollback()


def _await_left(exchange: FaultyExchange, source: int) -> None:
    """Wait until the source has journaled MOVE_OUT, or, where that was too quick, all of it."""
    journal = PostgresJournal(exchange.dsn(), source, read_only=True)
    seen = journal.head().seq
    try:
        exchange.wait_for(
            lambda: (
                any(_has_move_out(row) for row in journal.read(seen + 1))
                or home_of(exchange, MARKET) != source
            ),
            15,
            "MOVE_OUT is journaled",
        )
    finally:
        journal.close()


def _has_move_out(row: JournalRow) -> bool:
    commands = records(checked_commands(row, None))
    return any(command[COMMAND_KIND_OFFSET] == CommandKind.MOVE_OUT for command in commands)


STAGES = (_somewhere, _after_move_out, _after_move_in)


def crash_source(scene: Scene) -> None:
    """The engine that owns the source of a move is killed."""
    _crash(scene, "source")


def crash_target(scene: Scene) -> None:
    """The engine that owns the target of a move is killed."""
    _crash(scene, "target")


MOVES: Mapping[str, Fault] = {
    done.__name__: done
    for done in (
        move_market, hand_over_market, move_shards, split_partition, crash_source, crash_target,
    )
}  # fmt: skip
"""All that moves."""
