"""The journal in PostgreSQL: group commit against one commit for each order, both durable.

    python -m bench.journal [--seconds 4] [--rounds 3] [--waiting 1,16,64,256,1024]

One server with fsync on, one connection, at the port: `append` returns when a row is durable.
A closed loop of callers: what waits when an append returns is the next row, as in a partition.
One waiting caller is one commit for each order. Rounds of all are interleaved.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from bench import conditions, report

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.migrations import JOURNAL, migrate
from openoutcry.codec.journal import seal
from openoutcry.simulation import workload

BAR = 20.0
"""Times as many durable orders a second as with one commit for each."""
SEED = 1


def orders(count: int) -> list[bytes]:
    """Return commands to journal."""
    stream = workload.orders(SEED)
    return [next(stream) for _ in range(count)]


def measure(
    journal: PostgresJournal, epoch: int, commands: list[bytes], waiting: int, seconds: float
) -> dict[str, float]:
    """Append rows of so many commands for so long; each order waits for its own row."""
    batches = [
        b"".join(commands[start : start + waiting])
        for start in range(0, len(commands) - waiting + 1, waiting)
    ]
    head = journal.head()
    taken = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        at = time.perf_counter()
        row = seal(head, 0, epoch, batches[len(taken) % len(batches)], waiting)
        journal.append([row])
        head = row.head
        taken.append(time.perf_counter() - at)
    elapsed = time.perf_counter() - began
    taken.sort()
    return {
        "orders": waiting * len(taken) / elapsed,
        "commits": len(taken) / elapsed,
        "p50": 1_000 * taken[len(taken) // 2],
        "p99": 1_000 * taken[len(taken) * 99 // 100],
    }


def run(server: PostgresServer, waiting: list[int], seconds: float, rounds: int) -> dict[str, Any]:
    """Return the table and its ratio."""
    with psycopg.connect(server.dsn()) as connection:
        settings = {
            name: connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]  # type: ignore[index]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "server_version")
        }
    assert settings["fsync"] == settings["synchronous_commit"] == "on", "only durable figures count"
    migrate(server.dsn(), JOURNAL)
    journal = PostgresJournal(server.dsn(), owner="bench")
    epoch = journal.acquire()
    commands = orders(4 * max(waiting))
    for count in waiting:
        measure(journal, epoch, commands, count, 0.3)
    found: dict[int, list[dict[str, float]]] = {count: [] for count in waiting}
    for _ in range(rounds):
        for count in waiting:
            found[count].append(measure(journal, epoch, commands, count, seconds))
    journal.close()
    single = [each["orders"] for each in found[waiting[0]]]
    rows = []
    for count in waiting:
        ratios = [each["orders"] / one for each, one in zip(found[count], single, strict=True)]
        rows.append(
            {
                "orders that wait": count,
                "orders/s": round(statistics.median(each["orders"] for each in found[count])),
                "commits/s": round(statistics.median(each["commits"] for each in found[count])),
                "p50 ms": statistics.median(each["p50"] for each in found[count]),
                "p99 ms": statistics.median(each["p99"] for each in found[count]),
                "times one commit each": statistics.median(ratios),
                "worst round": min(ratios),
            }
        )
    best = max(row["times one commit each"] for row in rows)
    note = (
        f"PostgreSQL {settings['server_version']} over its socket; fsync, full_page_writes and"
        " synchronous_commit on. Ratios are of the same round; medians of"
        f" {rounds} rounds of {seconds:g} s each."
    )
    return {
        "settings": settings,
        "tables": [{"title": "Durable orders at the journal port", "rows": rows}],
        "notes": [note],
        "ratio": best,
        "bar": BAR,
        "met": best >= BAR,
    }


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each size and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--waiting", default="1,16,64,256,1024", help="orders that wait at once")
    given = parser.parse_args()
    waiting = [int(each) for each in given.waiting.split(",")]
    if waiting[0] != 1:
        parser.error("the first of --waiting is what the others are compared with: 1")
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        Path(folder).chmod(0o755)
        machine = conditions.conditions(Path(folder))
        report.print_conditions(machine)
        with PostgresServer(Path(folder) / "postgres") as server:
            result = run(server, waiting, given.seconds, given.rounds)
    for table in result["tables"]:
        print(report.table(table["title"], table["rows"]))
    print("", *result["notes"], sep="\n")
    met = "met" if result["met"] else "missed"
    print(f"\n  group commit: {result['ratio']:.0f} times (bar: {BAR:.0f}), {met}")
    report.publish("journal", machine, result)


if __name__ == "__main__":
    main()
