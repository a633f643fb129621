# ruff: noqa: A005 - nobody imports it as `http`: it is bench.http
"""Order entry over HTTP: signed, durable orders, beside the constant reply of uvicorn.

The server has one core, the load generator the other; the follower, at low priority, may use both.
Rounds of the three targets are interleaved, and only figures of one run are compared.

    python -m bench.http [--rounds 5] [--requests 16000] [--connections 32]
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from bench import conditions, report
from bench.load import percentiles
from tools.exchange_process import ExchangeProcess

from openoutcry.adapters.local.servers.process import free_port

ROUND_SECONDS_MAX = 30.0


class LoadGenerator:
    """A load process, on its own core, told what to do by lines of JSON."""

    def __init__(self, cores: set[int], module: str = "bench.load") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent,
            text=True,
        )
        os.sched_setaffinity(self._process.pid, cores)

    def run(self, **command: Any) -> dict[str, Any]:
        """Have a command obeyed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the load generator ended with {self._process.wait()}")
        result: dict[str, Any] = json.loads(answer)
        return result

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Have what is started meanwhile run on `cores`, its threads and children included."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@contextmanager
def uvicorn_server(cores: set[int]) -> Iterator[tuple[int, int]]:
    """Serve the yardstick; yields its port and process id."""
    port = free_port()
    with on_cores(cores):
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "bench.yardstick:app"),
                *("--port", str(port), "--http", "httptools", "--loop", "uvloop"),
                *("--no-access-log", "--log-level", "error", "--lifespan", "off"),
            ],
            cwd=Path(__file__).parent.parent,
        )
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a server's process has used, its threads included."""
    return (
        sum(
            int(path.read_text().split()[0])
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat")
        )
        / 1e9
    )


def cores_apart() -> tuple[set[int], set[int]]:
    """Return a core for the server and one for the load; the same where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}


def wait_for(port: int) -> None:
    """Wait until something listens."""
    deadline = time.monotonic() + 15
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline, "the yardstick did not start"
        time.sleep(0.05)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Run interleaved rounds; return each target's rounds."""
    server_cores, load_cores = cores_apart()
    rounds: dict[str, list[dict[str, Any]]] = {"orders": [], "constant": [], "ping": []}
    with ExitStack() as stack:
        yardstick, yardstick_pid = stack.enter_context(uvicorn_server(server_cores))
        exchange = ExchangeProcess(folder / "data", "--no-bots", "--no-limits")
        with on_cores(server_cores):
            exchange.start()
        for follower in psutil.Process(exchange.pid).children(recursive=True):
            follower.cpu_affinity([*server_cores, *load_cores])
        stack.callback(exchange.stop)
        wait_for(yardstick)
        load = LoadGenerator(load_cores)
        stack.callback(load.close)
        keys = [
            {"api_key": key.api_key, "secret": key.secret} for key in exchange.keys_of("HMAC")[:2]
        ]
        common = {"connections": options.connections, "seconds_max": ROUND_SECONDS_MAX}
        for number in range(-1, options.rounds):  # the first warms up and is dropped
            requests = options.requests if number >= 0 else options.requests // 4
            for kind, port, pid in (
                ("orders", exchange.port, exchange.pid),
                ("constant", yardstick, yardstick_pid),
                ("ping", exchange.port, exchange.pid),
            ):
                before = cpu_seconds(pid)
                result = load.run(
                    kind=kind, port=port, requests=requests, keys=keys, run=f"r{number}", **common
                )
                result["cpu_us"] = (cpu_seconds(pid) - before) / result["requests"] * 1e6
                if number >= 0:
                    rounds[kind].append(result)
                    print(f"  round {number + 1} {kind}: {result['per_second']:,.0f}/s")
        before = cpu_seconds(exchange.pid)
        alone = load.run(
            kind="orders",
            port=exchange.port,
            requests=2_000,
            connections=1,
            seconds_max=ROUND_SECONDS_MAX,
            keys=keys,
            run="alone",
        )
        alone["cpu_us"] = (cpu_seconds(exchange.pid) - before) / alone["requests"] * 1e6
        rounds["alone"] = [alone]
    return rounds


TARGETS = {
    "orders": "signed, durable orders",
    "constant": "uvicorn, constant reply (yardstick)",
    "ping": "our server, GET /api/v3/ping",
    "alone": "orders, one connection",
}


def summary(rounds: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the table: medians over rounds, percentiles over all of a target's requests."""
    base = statistics.median(it["per_second"] for it in rounds["constant"])
    rows = []
    for kind, title in TARGETS.items():
        rate = statistics.median(it["per_second"] for it in rounds[kind])
        latencies = [value for it in rounds[kind] for value in it["latencies_us"]]
        rows.append(
            {
                "target": title,
                "per second": round(rate),
                "of the yardstick": round(rate / base, 2),
                "cpu_us": round(statistics.median(it["cpu_us"] for it in rounds[kind]), 1),
                **percentiles(latencies),
                "requests": len(latencies),
            }
        )
    return rows


def _placement() -> str:
    """Say what ran where."""
    server_cores, load_cores = cores_apart()
    return (
        f"Cores: both servers on {sorted(server_cores)}, one loaded at a time; the load generator "
        f"on {sorted(load_cores)}; the exchange's follower, at the lowest priority, on any. "
        "The journal is synced before each reply, limits count but refuse nobody. "
        "cpu_us: processor time of the server's process a request, all its threads."
    )


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        rounds = measure(options, Path(folder))
    rows = summary(rounds)
    statuses: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    for result in rounds["orders"]:
        statuses.update(result["statuses"])
        outcomes.update(result["outcomes"])
        refusals.update(result["refusals"])
    title = f"Order entry over HTTP, {options.connections} keep-alive connections, closed loop"
    print("\n" + report.table(title, rows))
    notes = [f"Orders: HTTP status {dict(statuses)}, order status {dict(outcomes)}.", _placement()]
    for note in notes:
        print(f"\n  {note}")
    for text, count in refusals.most_common(3):
        print(f"  refused {count} times: {text[:200]}")
    unfinished = sum(it["unfinished"] for results in rounds.values() for it in results)
    assert not unfinished, f"{unfinished} connections did not finish in {ROUND_SECONDS_MAX} s"
    slim = {
        kind: [{k: v for k, v in it.items() if k != "latencies_us"} for it in results]
        for kind, results in rounds.items()
    }
    result = {"tables": [{"title": title, "rows": rows}], "notes": notes, "rounds": slim}
    print(f"  {report.publish('http', found, result)}")
    return result


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds of each target")
    parser.add_argument("--requests", type=int, default=16_000, help="requests of each round")
    parser.add_argument("--connections", type=int, default=32, help="keep-alive connections")
    parser.add_argument("--folder", type=Path, default=None, help="where the data folder is made")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Order entry over HTTP beside a yardstick.")
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
