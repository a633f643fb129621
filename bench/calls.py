"""Commands to a partition through TCP and TLS, beside the same partition in process.

Workers each place an order and cancel it again, one command under way each (a closed loop), over
one connection; a latency is from before `submit` to after its reply. The journal is in memory, so
that what is measured is the way there and back; the engine has one core, the caller the other.

    python -m bench.calls [--rounds 3] [--commands 40000] [--workers 64]
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import uvloop
from bench import conditions, report
from bench.http import cores_apart
from bench.load import percentiles

from openoutcry.adapters.memory.journal import MemoryJournal
from openoutcry.adapters.memory.routes import MemoryOwners, MemoryRoute
from openoutcry.adapters.tcp.authority import ensure_certificates
from openoutcry.adapters.tcp.client import Connections
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.remote import RemoteCalls
from openoutcry.adapters.tcp.routed import RoutedCalls
from openoutcry.adapters.tcp.server import CallsServer, Hosted
from openoutcry.adapters.tcp.tls import client_context, server_context
from openoutcry.app.engine import kernel_machines
from openoutcry.app.serve import SWITCH_SECONDS
from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.core.records import CancelOrder, NewOrder, RefusedEvent
from openoutcry.partition.recovery import recover
from openoutcry.partition.runtime import Partition, now_us
from openoutcry.ports.calls import Calls
from openoutcry.ports.routes import Owner
from openoutcry.simulation import demo

WAYS = {"in process": None, "TCP": False, "TCP and TLS": True}
ACCOUNTS = [user.account_id for user in demo.USERS]


async def open_partition() -> Partition:
    """Start an empty demo exchange in memory."""
    machines, journal = kernel_machines(), MemoryJournal()
    partition = Partition(recover(machines, journal, None), machines, journal)
    await partition.start()
    for command in (*demo.create_assets(), *demo.set_fees(), *demo.create_markets()):
        await partition.submit(command.pack())
    for user in demo.USERS:
        await partition.submit(demo.create_account(user).pack())
        for money in demo.deposits(user).values():
            await partition.submit(money.pack())
    return partition


# ---- the engine's process


async def engine(folder: Path, *, tls: bool) -> None:
    """Serve a partition until standard input ends; says the port on standard output."""
    partition = await open_partition()
    files = ensure_certificates(folder)[ProcessRole.ENGINE]
    server = CallsServer(tls=server_context(files) if tls else None)
    server.host(0, Hosted(partition, partition.epoch))
    print(await server.start("127.0.0.1", 0), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.close(0.1)
    await partition.stop()


@contextmanager
def engine_process(folder: Path, *, tls: bool) -> Iterator[tuple[psutil.Process, int]]:
    """Run the engine on its own core; yields its process and port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.calls", "--engine", str(folder), *["--tls"][: int(tls)]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    os.sched_setaffinity(process.pid, cores_apart()[0])
    try:
        yield psutil.Process(process.pid), int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


# ---- the caller


def scripts(workers: int, commands: int, run: str) -> list[list[bytes]]:
    """Return each worker's commands: an order that rests, then its cancel, and so on."""
    made = []
    deadline_us = now_us() + 60_000_000
    for worker in range(workers):
        account_id = ACCOUNTS[worker % len(ACCOUNTS)]
        script = []
        for index in range(commands // workers // 2):
            name = f"{run}-{worker}-{index}".encode()
            common = {
                "account_id": account_id,
                "market": demo.BTCUSD,
                "deadline_us": deadline_us,
                "digest_hi": hash(name) & (1 << 63) - 1,
                "client_order_id": name,
            }
            order = NewOrder(
                **common,
                digest_lo=1,
                market_version=1,
                side=Side.BUY,
                order_type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                price_ticks=demo.BTCUSD_ANCHOR_TICKS - 1000 - index % 500,
                qty_lots=100,
            )
            cancel = CancelOrder(**common, digest_lo=2)._replace(
                original_client_order_id=name, client_order_id=b"c" + name
            )
            script += [order.pack(), cancel.pack()]
        made.append(script)
    return made


async def drive(calls: Calls, work: list[list[bytes]]) -> tuple[float, list[int]]:
    """Send every script; returns the seconds and each latency in microseconds."""
    latencies = array("q")
    clock = time.perf_counter_ns

    async def worker(script: list[bytes]) -> None:
        for command in script:
            begun = clock()
            reply = await calls.submit(command)
            latencies.append((clock() - begun) // 1000)
            assert not isinstance(reply.events[0], RefusedEvent), reply.events[0]

    begun = time.perf_counter()
    await asyncio.gather(*map(worker, work))
    return time.perf_counter() - begun, list(latencies)


def routed(calls: Calls) -> RoutedCalls:
    """Put a gateway's routing in front: everything is at partition 0."""
    entities = [*map(entity_of_shard, range(ACCOUNT_SHARDS)), *map(entity_of_market, range(9))]
    return RoutedCalls(
        MemoryRoute(dict.fromkeys(entities, 0)),
        MemoryOwners({0: Owner("here:1", 1)}),
        lambda _partition, _owner: calls,
        now_us,
    )


@asynccontextmanager
async def opened(way: bool | None, folder: Path) -> AsyncIterator[tuple[Calls, Any]]:  # noqa: FBT001
    """Yield the calls of a way to a partition, and the process at its other end."""
    if way is None:
        partition = await open_partition()
        yield partition, None
        await partition.stop()
        return
    files = ensure_certificates(folder)[ProcessRole.GATEWAY]
    with engine_process(folder, tls=way) as (process, port):
        context = client_context(files) if way else None
        connections = Connections(ProcessRole.GATEWAY, tls=context)
        connection = connections.to(f"127.0.0.1:{port}")
        async with asyncio.timeout(10):
            await connection.wait_connected()
        yield routed(RemoteCalls(connection, 0)), process
        await connections.close()


async def one_round(
    calls: Calls, process: psutil.Process | None, options: argparse.Namespace, run: str
) -> dict[str, Any]:
    """Drive one round with many under way and one with one; the figures."""
    work = scripts(options.workers, options.commands, run)
    times = process.cpu_times() if process else None
    own = time.process_time()
    seconds, latencies = await drive(calls, work)
    own = time.process_time() - own
    theirs = 0.0
    if process is not None and times is not None:
        now = process.cpu_times()
        theirs = now.user + now.system - times.user - times.system
    _, alone = await drive(calls, scripts(1, 2_000, f"{run}-alone"))
    count = len(latencies)
    return {
        "per second": count / seconds,
        "caller us": own / count * 1e6,
        "engine us": theirs / count * 1e6 if process is not None else None,
        "latencies": latencies,
        "alone": alone,
    }


async def measure(options: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Interleave rounds over all ways."""
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in WAYS}
    async with AsyncExitStack() as stack:
        ways = {
            name: await stack.enter_async_context(opened(way, folder / "tls"))
            for name, way in WAYS.items()
        }
        for number in range(-1, options.rounds):  # the first warms up and is dropped
            for name, (calls, process) in ways.items():
                found = await one_round(calls, process, options, f"r{number}")
                if number >= 0:
                    rounds[name].append(found)
                    print(f"  round {number + 1} {name}: {found['per second']:,.0f}/s")
    return rounds


def summary(rounds: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the table: medians over rounds, percentiles over all commands."""
    rows = []
    for name, found in rounds.items():
        alone = percentiles([value for it in found for value in it["alone"]])
        rows.append(
            {
                "way": name,
                "per second": round(statistics.median(it["per second"] for it in found)),
                **percentiles([value for it in found for value in it["latencies"]]),
                "alone p50_ms": alone["p50_ms"],
                "alone p99_ms": alone["p99_ms"],
                "caller CPU us": statistics.median(it["caller us"] for it in found),
                "engine CPU us": _median([it["engine us"] for it in found]),
            }
        )
    return rows


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory() as folder:
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        os.sched_setaffinity(0, cores_apart()[1])
        rounds = await measure(options, Path(folder))
    rows = summary(rounds)
    print()
    table = {"title": f"{options.workers} commands under way, one connection", "rows": rows}
    print(report.table(table["title"], rows))
    result = {"workers": options.workers, "commands": options.commands, "tables": [table]}
    print(f"\n  kept in {report.publish('calls', found, result)}")
    return result


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.calls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--commands", type=int, default=40_000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--tls", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_SECONDS)
    if options.engine is not None:
        uvloop.run(engine(options.engine, tls=options.tls))
    else:
        uvloop.run(run(options))


if __name__ == "__main__":
    main()
