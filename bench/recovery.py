"""Recovery: how fast a snapshot loads and a journal replays, and what a snapshot costs the market.

    python -m bench.recovery [--commands 1000000] [--orders 1000000] [--seconds 10]

Replay reads the SQLite journal, checks the hash chain and applies, as a start does. The market is a
partition with a durable journal and its follower process, 100,000 orders resting, several callers.
Disk use is that of the demo and its bots, per day.
"""

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from bench import conditions, memory, report
from tools.exchange_process import ExchangeProcess

from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.app.engine import kernel_machines, open_folder, recover_partition
from openoutcry.app.follower_link import FollowerLink
from openoutcry.app.serve import SWITCH_SECONDS
from openoutcry.app.settings import ServeSettings
from openoutcry.codec.journal import Head, open_row, seal
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.records import CancelOrder, NewOrder
from openoutcry.kernel import Kernel
from openoutcry.partition.recovery import recover, restore_checked
from openoutcry.partition.runtime import Partition
from openoutcry.simulation import workload

BATCH_COMMANDS = 256
SEED = 1
CALLERS = 16
RESTING_WHILE_SNAPSHOT = 100_000
SNAPSHOT_EVERY_SECONDS = 1.0
NEVER_SECONDS = 86_400.0
DAY_SECONDS = 86_400


def batches(commands: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield commands in batches."""
    stream = iter(commands)
    while batch := list(islice(stream, BATCH_COMMANDS)):
        yield batch


def measure_replay(folder: Path, commands: int) -> dict[str, Any]:
    """Journal a seeded stream, then recover from it."""
    journal = SqliteJournal(folder / "replay.db", synchronous="OFF")  # only writing is unsynced
    epoch = journal.acquire()
    head = Head()
    stream = [*workload.set_up(), *islice(workload.orders(SEED), commands)]
    rows = []
    for batch in batches(stream):
        row = seal(head, 0, epoch, b"".join(batch), len(batch))
        head = row.head
        rows.append(row)
    for start in range(0, len(rows), 64):
        journal.append(rows[start : start + 64])
    journal.close()
    kernel = Kernel()
    begun = time.perf_counter()
    for row in rows:
        kernel.apply(open_row(row), row.seq)
    alone = time.perf_counter() - begun
    journal = SqliteJournal(folder / "replay.db", read_only=True)
    begun = time.perf_counter()
    recovered = recover(kernel_machines(), journal, None)
    seconds = time.perf_counter() - begun
    journal.close()
    assert recovered.machine.state_hash() == kernel.state_hash(), "replay leads to the same state"
    return {
        "what": "journal replay",
        "count": recovered.commands,
        "megabytes": round((folder / "replay.db").stat().st_size / 1e6, 1),
        "seconds": round(seconds, 2),
        "a second": round(recovered.commands / seconds),
        "kernel alone": round(recovered.commands / alone),
    }


def filled(orders: int, accounts: int) -> Kernel:
    """Return a kernel with resting orders."""
    filling = memory.Filling()
    filling.apply(memory.market())
    filling.apply(memory.accounts(accounts))
    filling.apply(memory.balances(accounts, 1))
    filling.apply(memory.balances(accounts, 2))
    filling.apply(memory.orders(orders, accounts))
    return filling.kernel


def measure_snapshot(folder: Path, orders: int) -> dict[str, Any]:
    """Write and load a snapshot as the follower and a start do."""
    kernel = filled(orders, orders)
    files = FileSnapshots(folder / f"snapshots-{orders}")
    begun = time.perf_counter()
    rows = kernel.snapshot()
    copied = time.perf_counter() - begun
    snapshot = Snapshot(
        0, kernel.seq(), 0, 0, bytes(32), kernel.state_hash(), kernel.events_hash(), rows
    )
    begun = time.perf_counter()
    files.save(snapshot)
    saved = time.perf_counter() - begun
    begun = time.perf_counter()
    restored = restore_checked(kernel_machines(), files.load(kernel.seq()))
    loaded = time.perf_counter() - begun
    assert restored.state_hash() == kernel.state_hash(), "the same state comes back"
    return {
        "orders": orders,
        "accounts": orders,
        "megabytes": round(len(rows) / 1e6, 1),
        "copy s": round(copied, 3),
        "save s": round(saved, 3),
        "load and check s": round(loaded, 3),
    }


def quotes(seed: int) -> Iterator[bytes]:
    """Yield orders around the mid of the filled book, each cancelled soon after."""
    dice = random.Random(seed)
    number = 0
    while True:
        number += 1
        name = b"q%d-%d" % (seed, number)
        account_id = memory.account_id_of(1 + dice.randrange(1000))
        side = memory.Side.BUY if dice.random() < 0.5 else memory.Side.SELL
        away = dice.randint(-3, 40)
        yield NewOrder(
            account_id=account_id,
            market=1,
            side=side,
            order_type=memory.OrderType.LIMIT,
            time_in_force=memory.TimeInForce.GTC,
            price_ticks=memory.PRICE_TICKS + (-away if side is memory.Side.BUY else away),
            qty_lots=dice.randint(1, 100),
            client_order_id=name,
        ).pack()
        yield CancelOrder(account_id=account_id, market=1, original_client_order_id=name).pack()


async def trade(partition: Partition, seconds: float) -> list[float]:
    """Have several callers trade; return their sorted latencies."""
    taken: list[float] = []
    until = time.perf_counter() + seconds

    async def caller(seed: int) -> None:
        for command in quotes(seed):
            begun = time.perf_counter()
            if begun > until:
                return
            await partition.submit(command)
            taken.append(time.perf_counter() - begun)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return sorted(taken)


async def market_run(folder: Path, snapshot_seconds: float, seconds: float) -> dict[str, Any]:
    """Trade on a filled book, with or without snapshots being taken beside it."""
    settings = ServeSettings(
        data=folder / f"market-{time.monotonic_ns()}", snapshot_seconds=snapshot_seconds
    )
    opened = open_folder(settings)
    link = FollowerLink(settings, on_failure=print)
    await link.start()
    partition = recover_partition(opened, settings)
    link.attach(partition)
    await partition.start()
    fill = (
        *memory.market(),
        *memory.accounts(1000),
        *memory.balances(1000, 1),
        *memory.balances(1000, 2),
        *memory.orders(RESTING_WHILE_SNAPSHOT, 1000),
    )
    for batch in batches(fill):
        await asyncio.gather(*(partition.submit(command) for command in batch))
    await link.wait_projected(await partition.committed_seq())
    snapshots = FileSnapshots(settings.data / "snapshots")
    before = snapshots.seqs()
    taken = await trade(partition, seconds)
    count = 0 if snapshot_seconds == NEVER_SECONDS else int(seconds / snapshot_seconds)
    assert count == 0 or snapshots.seqs() != before, "snapshots were taken meanwhile"
    await partition.stop()
    await link.stop(5)
    opened.close()
    return {
        "snapshots": f"every {snapshot_seconds:.0f} s" if count else "none",
        "commands": len(taken),
        "p50 ms": at(taken, 0.5),
        "p99 ms": at(taken, 0.99),
        "p99.9 ms": at(taken, 0.999),
        "worst ms": at(taken, 1.0),
    }


def at(taken: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return round(taken[min(int(len(taken) * share), len(taken) - 1)] * 1000, 2)


def measure_disk(folder: Path, seconds: float) -> list[dict[str, Any]]:
    """Run the demo with its bots; return what its files grow by."""
    server = ExchangeProcess(folder / "demo")
    sizes = []
    for pause in (2.0, seconds):
        server.start()
        time.sleep(pause)
        server.stop()
        sizes.append(
            {name: (server.data / name).stat().st_size for name in ("journal.db", "history.db")}
        )
    return [
        {
            "file": name,
            "bytes a second": round((sizes[1][name] - sizes[0][name]) / seconds),
            "megabytes a day": round(
                (sizes[1][name] - sizes[0][name]) / seconds * DAY_SECONDS / 1e6
            ),
        }
        for name in ("journal.db", "history.db")
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Snapshot load, journal replay, snapshot cost.")
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    os.environ.setdefault("OUTCRY_RESERVE_BYTES", "1000000")
    import sys

    sys.setswitchinterval(SWITCH_SECONDS)
    found = conditions.conditions()
    report.print_conditions(found)
    tables = []
    with tempfile.TemporaryDirectory(prefix="outcry-recovery-") as name:
        folder = Path(name)
        tables.append(
            {
                "title": "Replay of a journal, commands a second",
                "rows": [measure_replay(folder, options.commands)],
            }
        )
        print(report.table(**tables[-1]), flush=True)
        tables.append(
            {
                "title": "Snapshots",
                "rows": [
                    measure_snapshot(folder, orders)
                    for orders in (RESTING_WHILE_SNAPSHOT, options.orders)
                ],
            }
        )
        print(report.table(**tables[-1]), flush=True)
        tables.append(
            {
                "title": f"{CALLERS} callers, {RESTING_WHILE_SNAPSHOT:,} resting orders",
                "rows": [
                    uvloop.run(market_run(folder, every, options.seconds))
                    for every in (NEVER_SECONDS, SNAPSHOT_EVERY_SECONDS) * 2
                ],
            }
        )
        print(report.table(**tables[-1]), flush=True)
        tables.append(
            {
                "title": "Disk use of the demo and its bots",
                "rows": measure_disk(folder, 3 * options.seconds),
            }
        )
        print(report.table(**tables[-1]), flush=True)
    print(f"\n  {report.publish('recovery', found, {'tables': tables, 'notes': []})}")


if __name__ == "__main__":
    main()
