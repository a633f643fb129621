"""Moves of a running exchange, done like faults: under load, and accounted for afterwards."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tools.faults.client import BrokenPromiseError
from tools.faults.exchange import FaultyExchange, is_alive, send
from tools.faults.menu import Fault, Scene

from openoutcry.app.admin import AdminError, Answer
from openoutcry.app.control import ask
from openoutcry.core.enums import EntityKind
from openoutcry.core.ids import entity_of_market, shard_of_account
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
    statement = f"SELECT partition FROM journal.route WHERE entity >> 24 = {EntityKind.SHARD} AND"
    found = exchange.query(f"{statement} (entity & 65535) BETWEEN {first} AND {first + SHARDS - 1}")
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


def _crash(scene: Scene, which: Callable[[int, int], int]) -> None:
    """SIGKILL an engine at a random moment of a move; whoever comes next finishes it."""
    exchange = scene.exchange
    source, target = home_of(exchange, MARKET), other_partition(scene)
    victim, _ = exchange.owners()[which(source, target)]
    pid = exchange.pid_of(victim)
    moment = scene.random.uniform(0.0, 0.16)
    with _asked(exchange, SYMBOL, target):
        exchange.wait_for(
            lambda: bool(exchange.query("SELECT 1 FROM journal.move")), 5, "the move is noted"
        )
        threading.Event().wait(moment)
        scene.strike()
        send(pid, signal.SIGKILL)
        step = _step_of(exchange)
        exchange.wait_for(lambda: not is_alive(pid), 5, f"{victim} is dead")
        seconds = exchange.wait_for(
            lambda: not exchange.query("SELECT 1 FROM journal.move"),
            FINISHED_SECONDS_MAX,
            "the move is finished",
        )
    scene.note(
        f"SIGKILL of {victim} {moment * 1e3:.0f} ms into {SYMBOL} from {source} to {target}"
        f" ({step}); finished after {seconds:.1f} s"
    )
    if home_of(exchange, MARKET) != target:
        raise BrokenPromiseError(f"{SYMBOL} is not at {target}")


def _step_of(exchange: FaultyExchange) -> str:
    """Return how far the move had come when its engine was killed, for the report."""
    rows = exchange.query(
        "SELECT r.version >= m.version FROM journal.move m JOIN journal.route r USING (entity)"
    )
    if not rows:
        return "done"
    return "has arrived" if rows[0][0] else "under way"


def crash_source(scene: Scene) -> None:
    """The engine that owns the source of a move is killed."""
    _crash(scene, lambda source, target: source)


def crash_target(scene: Scene) -> None:
    """The engine that owns the target of a move is killed."""
    _crash(scene, lambda source, target: target)


MOVES: Mapping[str, Fault] = {
    done.__name__: done
    for done in (
        move_market, hand_over_market, move_shards, split_partition, crash_source, crash_target,
    )
}  # fmt: skip
"""All that moves."""
