"""The kernel alone, one thread: the workloads beside the textbook book, per call, per command.

    python -m bench.kernel [--rounds 5] [--only w1k:1000 w1m:1000000 ...] [--instructions]

The kernel does everything: accounts, holds, settlement, fees, deduplication of requests and client
ids, filters, events, conservation after each batch. The textbook only matches. Both are given the
same operations, and trades, quantity, notional and makers must come out the same.
"""

import argparse
import gc
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import conditions, report, workloads
from bench.workloads import Workload

from openoutcry.core.enums import EventKind, Side
from openoutcry.core.records import EVENTS, TradeEvent
from openoutcry.kernel import Kernel

ROUNDS = 5
CASES = ("w1k:1000", "w1k:1000000", "w1m:1000", "w1m:1000000", "real:16")
SINGLE_COMMANDS = 400_000
COUNTED_COMMANDS = 20_000
_MASK = (1 << 64) - 1
NOTES = [
    (
        "Time stamps 100 us apart; every request with a digest and a deadline 5 s ahead, client "
        "order ids of 20 characters; maker and taker fees of 0.1 %; self-trade prevention NONE, as "
        "the textbook has none."
    ),
    (
        "Batches of 1,000 commands. Making the commands, setting the accounts up and the orders "
        "that rest before are not timed; events are encoded and handed over, and are."
    ),
    "Rounds of textbook and kernel alternate; the figures are medians.",
    "Single commands by the thread's own processor time, so that other processes do not count.",
]


class Runner:
    """One kernel with the workload's accounts and resting orders in place."""

    def __init__(self, work: Workload, kernel_type: Any = Kernel) -> None:
        self.kernel = kernel_type()
        self._seq = 0
        for batch in (*work.setup, *work.resting):
            self.apply(batch)

    def apply(self, batch: bytes) -> bytes:
        """Apply a batch."""
        self._seq += 1
        events: bytes = self.kernel.apply(batch, self._seq)
        return events

    def timed(self, batches: list[bytes]) -> int:
        """Apply batches; return the nanoseconds that it took."""
        apply, seq = self.kernel.apply, self._seq
        gc.disable()
        begun = time.perf_counter_ns()
        for batch in batches:
            seq += 1
            apply(batch, seq)
        taken = time.perf_counter_ns() - begun
        gc.enable()
        self._seq = seq
        return taken

    def each(self, batches: list[bytes]) -> list[int]:
        """Apply batches; return the nanoseconds of processor time of each."""
        apply, clock, taken = self.kernel.apply, time.thread_time_ns, []
        gc.disable()
        for batch in batches:
            self._seq += 1
            begun = clock()
            apply(batch, self._seq)
            taken.append(clock() - begun)
        gc.enable()
        return taken


# ---- equal work


def checked(work: Workload) -> dict[str, int]:
    """Count trades, lots, notional and makers from the kernel's events, untimed."""
    runner = Runner(work)
    found = {"trades": 0, "lots": 0, "notional": 0, "makers": 0, "refused": 0, "events": 0}
    for batch in work.batches:
        events = runner.apply(batch)
        offset = 0
        while offset < len(events):
            size, kind = int.from_bytes(events[offset : offset + 2], "little"), events[offset + 2]
            found["events"] += 1
            if kind == EventKind.TRADE:
                _count_trade(found, TradeEvent.unpack(events, offset), work.numbers)
            elif kind == EventKind.REFUSED:
                found["refused"] += 1
            offset += size
    assert runner.kernel.recount() == "", "money is conserved"
    return found


def _count_trade(found: dict[str, int], e: TradeEvent, numbers: dict[int, int]) -> None:
    maker = e.sell_order_id if e.taker_side == Side.BUY else e.buy_order_id
    found["trades"] += 1
    found["lots"] += e.lots
    found["notional"] += e.lots * e.price_ticks
    found["makers"] = (found["makers"] + found["trades"] * numbers[maker]) & _MASK


# ---- measuring


def compared(work: Workload, rounds: int) -> dict[str, Any]:
    """Run textbook and kernel in turns over one workload."""
    textbook, kernel = [], []
    first: dict[str, Any] = {}
    for _ in range(rounds):
        first = workloads.run_textbook(work.path, work.before)
        textbook.append(first["nanoseconds"] / first["operations"])
        runner = Runner(work)
        kernel.append(runner.timed(work.batches) / work.commands)
        assert runner.kernel.recount() == "", "money is conserved"
        del runner
    ours = checked(work)
    for name in ("trades", "lots", "notional", "makers"):
        assert ours[name] == first[name], f"{work.name}: {name} differ: the work was not equal"
    base, own = statistics.median(textbook), statistics.median(kernel)
    return {
        "workload": work.name,
        "accounts": work.accounts,
        "operations": work.commands,
        "trades": ours["trades"],
        "events": ours["events"],
        "textbook ns/op": round(base, 1),
        "kernel ns/op": round(own, 1),
        "kernel / textbook": round(own / base, 2),
        "kernel min": round(min(kernel), 1),
        "kernel max": round(max(kernel), 1),
        "million op/s": round(1_000 / own, 2),
    }


def singles(accounts: int) -> list[dict[str, Any]]:
    """Commands one at a time: what a call costs, and how long the slowest commands take."""
    work = workloads.workload("w1k", accounts, batch_commands=1)
    some = work.batches[:SINGLE_COMMANDS]
    joined = [b"".join(some[at : at + 1_000]) for at in range(0, len(some), 1_000)]
    batched = min(Runner(work).timed(joined) for _ in range(3)) / len(some)
    alone = min(Runner(work).timed(some) for _ in range(3)) / len(some)
    return [
        {"what": "a command in a batch of 1,000, ns", "value": round(batched, 1)},
        {"what": "a command in a batch of its own, ns", "value": round(alone, 1)},
        {"what": "so a call costs, ns", "value": round(alone - batched, 1)},
        *_latencies(work, some),
    ]


def _latencies(work: Workload, some: list[bytes]) -> list[dict[str, Any]]:
    runner = Runner(work)
    empty = runner.each([b""] * 20_000)
    taken = sorted(runner.each(some))
    base = statistics.median(empty)
    found = [{"what": "an empty call as timed, ns (taken off below)", "value": base}]
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)):
        value = max(0, taken[int(len(taken) * share)] - base)
        found.append({"what": f"single command, {name}, ns", "value": round(value)})
    found.append({"what": "single command, slowest, ns", "value": round(taken[-1] - base)})
    return found


def memory(work: Workload) -> list[dict[str, Any]]:
    """What the kernel counts for each order, account and balance when the orders rest."""
    counted = Runner(work).kernel.memory()
    orders = counted["orders"]
    return [
        {
            "workload": f"{work.name}, {work.accounts:,} accounts",
            "bytes an order": round(counted["order_bytes"] / orders, 1),
            "with its level": round((counted["order_bytes"] + counted["level_bytes"]) / orders, 1),
            "bytes an account": round(counted["account_bytes"] / counted["accounts"], 1),
            "bytes a balance": round(counted["balance_bytes"] / counted["balances"], 1),
        }
    ]


# ---- instructions

_CHILD = """
import sys
from openoutcry.kernel import Kernel
kernel, seq = Kernel(), 0
for name in sys.argv[1:]:
    data, at = open(name, "rb").read(), 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        seq += 1
        kernel.apply(data[at + 4:at + 4 + size], seq)
        at += 4 + size
"""


def instructions() -> list[dict[str, Any]]:
    """Instructions for each operation of w1k, counted by cachegrind; none where it is absent."""
    if shutil.which("valgrind") is None:
        return []
    work = workloads.workload("w1k", 1_000, operations=COUNTED_COMMANDS * 2)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        half = len(work.batches) // 2
        parts = ([*work.setup, *work.resting], work.batches[:half], work.batches[half:])
        for number, part in enumerate(parts):
            path = Path(folder) / f"part-{number}"
            path.write_bytes(b"".join(len(b).to_bytes(4, "little") + b for b in part))
            files.append(str(path))
        warm = _counted([sys.executable, "-c", _CHILD, *files[:2]])
        whole = _counted([sys.executable, "-c", _CHILD, *files])
    count = work.commands - half * 1_000
    program = [str(workloads.textbook()), "run", str(work.path)]
    loaded = _counted([*program, str(work.before + work.commands)])
    return [
        {"what": "kernel, instructions an operation", "value": round((whole - warm) / count)},
        {"what": "textbook, with its resting orders and file", "value": round(loaded / count / 2)},
    ]


def _counted(words: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
        tool.append(f"--cachegrind-out-file={folder}/out")
        done = subprocess.run([*tool, *words], check=True, capture_output=True, text=True)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert found, "cachegrind tells how many instructions it saw"
    return int(found[1].replace(",", ""))


# ---- the whole


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Run the cases; return rows and tables."""
    rows, sizes = [], []
    for case in args.only:
        name, accounts = case.split(":")
        if name == "real" and not workloads.CAPTURE.is_dir():
            print(f"  {case}: the capture is not there, left out", flush=True)
            continue
        work = workloads.workload(name, int(accounts))
        rows.append(compared(work, args.rounds))
        ratio = rows[-1]["kernel / textbook"]
        print(
            f"  {case}: kernel {rows[-1]['kernel ns/op']} ns/op, {ratio} of the textbook",
            flush=True,
        )
        if name == "w1m":
            sizes += memory(work)
        del work
    assert EVENTS[EventKind.TRADE] is TradeEvent
    tables = [{"title": "The workloads", "rows": rows}] if rows else []
    if not args.no_singles:
        tables.append({"title": "w1k, 1,000 accounts, commands one by one", "rows": singles(1_000)})
    if sizes:
        tables.append({"title": "Memory, as the kernel counts it", "rows": sizes})
    if args.instructions:
        tables.append({"title": "Instructions (cachegrind)", "rows": instructions()})
    return {"tables": tables, "notes": NOTES, "rounds": args.rounds}


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernel", description="The kernel alone.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="+", default=list(CASES), metavar="WORKLOAD:ACCOUNTS")
    parser.add_argument("--instructions", action="store_true", help="count them with cachegrind")
    parser.add_argument("--no-singles", action="store_true", help="leave out commands one by one")
    found = conditions.conditions()
    report.print_conditions(found)
    result = run(parser.parse_args())
    for table in result["tables"]:
        if table["rows"]:
            print("\n" + report.table(table["title"], table["rows"]))
    print()
    for note in NOTES:
        print(f"  {note}")
    print(f"\n  {report.publish('kernel', found, result)}")


if __name__ == "__main__":
    main()
