"""Market streams: 1,000 subscribers of one market's trades and depth while it trades.

The server has one core; the subscribers, and the trader whose orders they hear of, the other.

    python -m bench.streams [--subscribers 1000] [--seconds 8]
"""

import argparse
import resource
import tempfile
from pathlib import Path
from typing import Any

import psutil
from bench import conditions, report
from bench.http import LoadGenerator, cores_apart, on_cores
from tools.exchange_process import ExchangeProcess

STREAMS = "/stream?streams=btcusd@trade/btcusd@depth@100ms&timeUnit=MICROSECOND"
ORDERS_PER_SECOND = (20, 100, 400)


def memory_mb(pid: int) -> float:
    """Return the resident memory of a server and its children."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return round(sum(it.memory_info().rss for it in family) / 2**20, 1)


def files_enough(count: int) -> None:
    """Raise this process's limit of open files, which what it starts inherits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * count + 500
    if soft < wanted:
        assert hard >= wanted, f"the limit of open files is {hard}, {wanted} are needed"
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Connect the crowd, trade at several paces, return a row for each."""
    server_cores, crowd_cores = cores_apart()
    files_enough(options.subscribers)
    exchange = ExchangeProcess(folder / "data", "--no-bots", "--no-limits")
    with on_cores(server_cores):
        exchange.start()
    crowd = LoadGenerator(crowd_cores, module="bench.subscribers")
    try:
        keys = [
            {"api_key": key.api_key, "secret": key.secret} for key in exchange.keys_of("HMAC")[:2]
        ]
        before = memory_mb(exchange.pid)
        connected = crowd.run(
            do="connect", port=exchange.port, path=STREAMS, count=options.subscribers
        )
        after = memory_mb(exchange.pid)
        rows = []
        for pace in ORDERS_PER_SECOND:
            heard = crowd.run(
                do="watch",
                port=exchange.port,
                seconds=options.seconds,
                orders_per_second=pace,
                keys=keys,
                run=f"s{pace}",
            )
            rows.append({"orders_per_second": pace, **heard, "memory_mb": memory_mb(exchange.pid)})
            print(f"  {pace} orders/s: {heard['messages_per_second']:,.0f} messages/s")
    finally:
        crowd.close()
        exchange.stop()
    return {
        "subscribers": options.subscribers,
        "connect_seconds": connected["seconds"],
        "memory_before_mb": before,
        "memory_connected_mb": after,
        "rows": rows,
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, print and keep the result."""
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = conditions.conditions(Path(folder))
        report.print_conditions(found)
        result = measure(options, Path(folder))
    shown = [
        {
            "orders/s asked for": row["orders_per_second"],
            "placed": round(row["orders"] / options.seconds, 1),
            "trades/s": round(row["trades"] / options.seconds, 1),
            "messages/s": round(row["messages_per_second"]),
            "MB/s": row["megabytes_per_second"],
            "lag p50 ms": row["lag_p50_ms"],
            "lag p99 ms": row["lag_p99_ms"],
            "lag worst ms": row["lag_worst_ms"],
            "missing": row["trade_messages_expected"] - row["trade_messages"],
            "cut off": row["closed"],
            "memory MB": row["memory_mb"],
        }
        for row in result["rows"]
    ]
    title = f"{options.subscribers:,} subscribers of trades and depth"
    note = (
        f"Memory of the server and its follower: {result['memory_before_mb']} MB before, "
        f"{result['memory_connected_mb']} MB with all connected."
    )
    print("\n" + report.table(title, shown))
    print(f"\n  {note}")
    tables = [{"title": title, "rows": shown}]
    print(f"  {report.publish('streams', found, {**result, 'tables': tables, 'notes': [note]})}")
    return result


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--subscribers", type=int, default=1000, help="WebSocket connections")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each pace is kept")
    parser.add_argument("--folder", type=Path, default=None, help="where the data folder is made")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Streams while a market trades.")
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
