"""The kernel held against the reference: the same random commands, the same bytes out.

`python -m bench.differential` runs ten million; `run_seed` is what the tests call.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from openoutcry.core.records import COMMANDS, EVENTS, ROWS, OrderRow
from openoutcry.kernel import Kernel
from openoutcry.reference import Reference
from openoutcry.simulation.commands import Batch, CommandStream, Coverage

STATE_HASH_COMMANDS = 1_000
RECOUNT_BATCHES = 1_000
RESTORE_COMMANDS = 7_000
SLICE_COMMANDS = 25_000
"""Commands of one seed; a longer run has more seeds, for the seeds differ in what they play."""


class Machine(Protocol):
    """What the kernel and the reference have in common."""

    def apply(self, batch: bytes, seq: int, skip: Sequence[int] = ()) -> bytes: ...
    def events_hash(self) -> bytes: ...
    def state_hash(self) -> bytes: ...
    def recount(self) -> str: ...
    def snapshot(self) -> bytes: ...
    def pending(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sides:
    """The two implementations under comparison, by the means to make and restore each."""

    make_left: Callable[[], Any] = Kernel
    make_right: Callable[[], Any] = Reference
    restore_left: Callable[[bytes], Any] = Kernel.restore
    restore_right: Callable[[bytes], Any] = Reference.restore


class DifferenceError(AssertionError):
    """The two did not agree; the text says where and how, `commands` after how many."""

    def __init__(self, text: str, commands: int = 0) -> None:
        super().__init__(text)
        self.commands = commands


# ---- records as text


def records(data: bytes) -> Iterator[bytes]:
    """Cut concatenated records apart."""
    offset = 0
    while offset < len(data):
        size = int.from_bytes(data[offset : offset + 2], "little")
        yield data[offset : offset + size]
        offset += size


def _fields(record: bytes, kinds: dict[int, Any]) -> dict[str, object]:
    known = kinds.get(record[2])
    if known is None or len(record) != known.SIZE:
        return {"bytes": record.hex()}
    values = known.unpack(record)._asdict()
    return {
        name: value.rstrip(b"\0") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def describe(record: bytes, kinds: dict[int, Any]) -> str:
    """A record as one line, zero fields left out."""
    known = kinds.get(record[2])
    name = known.__name__ if known is not None else f"kind {record[2]}"
    fields = _fields(record, kinds)
    return f"{name} " + " ".join(f"{k}={v!r}" for k, v in fields.items() if v)


def describe_side_by_side(left: bytes, right: bytes, kinds: dict[int, Any]) -> str:
    """Two streams of records: common ones short, the first two that differ field by field."""
    ours, theirs = list(records(left)), list(records(right))
    lines = []
    for index in range(max(len(ours), len(theirs))):
        a = ours[index] if index < len(ours) else b""
        b = theirs[index] if index < len(theirs) else b""
        if a == b:
            lines.append(f"  = {index}: {describe(a, kinds)}")
            continue
        lines.append(f"  < {index}: {describe(a, kinds) if a else 'nothing'}")
        lines.append(f"  > {index}: {describe(b, kinds) if b else 'nothing'}")
        if a and b and a[2] == b[2]:
            of_a, of_b = _fields(a, kinds), _fields(b, kinds)
            names = [name for name in of_a if of_a.get(name) != of_b.get(name)]
            lines.append("    differs in: " + ", ".join(names or ["padding"]))
        if index + 2 < max(len(ours), len(theirs)):
            lines.append(f"  ... {len(ours)} against {len(theirs)} records")
        break
    return "\n".join(lines[-6:])


# ---- one pair


class Pair:
    """The two machines side by side; `apply` raises at the first disagreement."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self.left = sides.make_left()
        self.right = sides.make_right()
        self.seq = 0

    def apply(self, batch: Batch) -> bytes:
        """Give both the batch; return the events when they are the same bytes."""
        self.seq += 1
        left, right = self._run(self.left, batch), self._run(self.right, batch)
        if isinstance(left, str) or isinstance(right, str):
            if left == right:
                raise DifferenceError(f"both failed: {left}")
            raise DifferenceError(f"left: {_short(left)}\nright: {_short(right)}")
        if left != right:
            raise DifferenceError(describe_side_by_side(left, right, EVENTS))
        if self.left.events_hash() != self.right.events_hash():
            raise DifferenceError("the rolling hashes of the events differ")
        return left

    def _run(self, machine: Any, batch: Batch) -> bytes | str:
        try:
            return bytes(machine.apply(batch.data, self.seq, batch.skip))
        except (
            ArithmeticError,
            AssertionError,
            LookupError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as e:
            return f"{type(e).__name__}: {e}"

    def compare_states(self) -> None:
        """Hold the state hashes, and on a difference the rows, against each other."""
        if self.left.state_hash() != self.right.state_hash():
            left, right = self.left.snapshot(), self.right.snapshot()
            raise DifferenceError("state\n" + describe_side_by_side(left, right, ROWS))
        if self.left.pending() != self.right.pending():
            raise DifferenceError("one has continuations waiting, the other has none")

    def compare_views(self, accounts: Sequence[int]) -> None:
        """Hold what can be asked of the two against each other, for these accounts."""
        asked: list[tuple[Any, ...]] = [("markets",), ("assets",), ("accounts_count",)]
        asked += [("time_us",), ("seq",), ("meta",), ("shards",), ("role",), ("hosts", 1)]
        for market in (0, 1, 2, 3, 4, 77):
            asked += [("market", market), ("average_price_ticks", market)]
            asked += [("depth", market, limit) for limit in (0, 1, 5, 10_000)]
        for account in (*accounts, 0, 1023):
            asked += [("account", account), ("balances", account)]
            for market in (0, 1, 2, 77):
                asked += [("fee_rates", account, market), ("open_orders", account, market)]
            for row in list(records(self.left.open_orders(account)))[:3]:
                order = OrderRow.unpack(row)
                asked += [("order", who, order.order_id) for who in (account, 1)]
                name = order.client_order_id.rstrip(b"\0")
                asked += [
                    ("order_by_client_id", account, order.market, given)
                    for given in (name, name.ljust(36, b"\0"), b"")
                ]
        for name, *words in asked:
            left, right = getattr(self.left, name)(*words), getattr(self.right, name)(*words)
            if left != right:
                raise DifferenceError(f"{name}{tuple(words)}: {left!r} against {right!r}")

    def recount(self) -> None:
        """Add all money and books up again on both sides."""
        for name, machine in (("left", self.left), ("right", self.right)):
            found = machine.recount()
            if found:
                raise DifferenceError(f"{name} recount: {found}")

    def restore(self) -> None:
        """Compare snapshots and go on from them, each side from the other's."""
        left, right = self.left.snapshot(), self.right.snapshot()
        if left != right:
            raise DifferenceError("snapshot\n" + describe_side_by_side(left, right, ROWS))
        self.left = self._sides.restore_left(right)
        self.right = self._sides.restore_right(left)
        self.compare_states()
        if self.left.snapshot() != left:
            raise DifferenceError("a restored kernel gives another snapshot")


def _short(result: bytes | str) -> str:
    return result if isinstance(result, str) else f"{len(list(records(result)))} events"


# ---- a run


def run_seed(
    seed: int,
    commands: int,
    sides: Sides | None = None,
    *,
    minimise_s: float = 0,
    restore: bool = True,
) -> Coverage:
    """Run one seed's stream through both; return what it covered, or raise DifferenceError."""
    pair, stream = Pair(sides or Sides()), CommandStream(seed)
    history: list[Batch] = []
    done_states = done_restores = 0
    ending = False
    while not ending:
        ending = stream.coverage.commands >= commands
        batch = stream.last_act() if ending else stream.batch()
        history.append(batch)
        try:
            stream.observe(pair.apply(batch))
            count = stream.coverage.commands
            if ending or count // STATE_HASH_COMMANDS > done_states:
                done_states = count // STATE_HASH_COMMANDS
                pair.compare_states()
                pair.compare_views(stream.account_ids)
            if ending or pair.seq % RECOUNT_BATCHES == 0:
                pair.recount()
            if restore and (ending or count // RESTORE_COMMANDS > done_restores):
                done_restores = count // RESTORE_COMMANDS
                pair.restore()
        except DifferenceError as error:
            text = _report(seed, history, str(error))
            if minimise_s:
                text += minimised(history, sides or Sides(), minimise_s)
            raise DifferenceError(text, stream.coverage.commands) from error
    return stream.coverage


def _report(seed: int, history: list[Batch], found: str) -> str:
    batch = history[-1]
    commands = [
        f"  {index}: {describe(record, COMMANDS)}" + (" (skipped)" if index in batch.skip else "")
        for index, record in enumerate(records(batch.data))
    ]
    head = f"seed {seed}, batch {len(history)} of {len(commands)} commands:"
    return "\n".join([head, *commands, found])


def differs(commands: Sequence[bytes], sides: Sides) -> bool:
    """Whether the two disagree about these commands, a batch each."""
    pair = Pair(sides)
    try:
        for command in commands:
            pair.apply(Batch(command, ()))
        pair.compare_states()
        pair.recount()
    except DifferenceError:
        return True
    return False


def minimised(history: Sequence[Batch], sides: Sides, seconds: float) -> str:
    """Drop commands while the difference stays and time is left; return the rest as text."""
    end = time.monotonic() + seconds
    commands = [
        record
        for batch in history
        for index, record in enumerate(records(batch.data))
        if index not in batch.skip
    ]
    if not differs(commands, sides):
        return "\n(the difference needs the batches as they were)"
    size = len(commands) // 2
    while size and time.monotonic() < end:
        at = 0
        while at < len(commands) and time.monotonic() < end:
            fewer = commands[:at] + commands[at + size :]
            if differs(fewer, sides):
                commands = fewer
            else:
                at += size
        size //= 2
    lines = [f"  {describe(command, COMMANDS)}" for command in commands[-40:]]
    pair, found = Pair(sides), ""
    try:
        for command in commands:
            pair.apply(Batch(command, ()))
        pair.compare_states()
    except DifferenceError as error:
        found = str(error)
    return "\n".join([f"\nminimised to {len(commands)} commands, the last of them:", *lines, found])


# ---- the command


def _slice(job: tuple[int, int, float]) -> tuple[int, Coverage | str]:
    seed, commands, minimise_s = job
    try:
        return seed, run_seed(seed, commands, minimise_s=minimise_s)
    except DifferenceError as error:
        return seed, str(error)


def slices(commands: int, seed: int) -> list[tuple[int, int]]:
    """Cut a run into (seed, commands) of at most SLICE_COMMANDS each."""
    count = -(-commands // SLICE_COMMANDS)
    return [(seed + index, min(SLICE_COMMANDS, commands)) for index in range(count)]


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the differential; return its figures."""
    started = time.monotonic()
    total, failures = Coverage(), []
    jobs = [(seed, commands, 60.0) for seed, commands in slices(args.commands, args.seed)]
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        results: Iterable[tuple[int, Coverage | str]] = pool.imap_unordered(_slice, jobs)
        for done, (seed, result) in enumerate(results, start=1):
            if isinstance(result, str):
                failures.append(seed)
                print(result, flush=True)
                if len(failures) >= args.failures:
                    pool.terminate()
                    break
            else:
                total.add(result)
            seconds = time.monotonic() - started
            print(
                f"\r{total.commands:,} commands, {done}/{len(jobs)} seeds, {len(failures)} differ, "
                f"{total.commands / seconds:,.0f}/s",
                end="",
                file=sys.stderr,
                flush=True,
            )
    print(file=sys.stderr)
    return {
        "commands": total.commands,
        "batches": total.batches,
        "seeds": len(jobs),
        "seconds": round(time.monotonic() - started, 1),
        "differences": len(failures),
        "failed_seeds": failures,
        "coverage": total.groups(),
        "below_100": total.below(100),
        "table": total.table(),
    }


def main() -> int:
    """Parse the arguments, run, and print the table of what was covered."""
    parser = argparse.ArgumentParser(prog="python -m bench.differential", description=__doc__)
    parser.add_argument("--commands", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--failures", type=int, default=1, help="differences to stop after")
    found = run(parser.parse_args())
    print(found["table"])
    if found["below_100"]:
        print("met less than 100 times:", found["below_100"])
    print(
        f"{found['commands']:,} commands of {found['seeds']} seeds in {found['seconds']} s: "
        f"{found['differences']} differences"
    )
    return 1 if found["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
