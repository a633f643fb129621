"""Runs the benchmarks, all or those that are named, one process each.

    python -m bench                     all of them
    python -m bench kernel http         these
    python -m bench http -- --rounds 3  with arguments of its own

Each prints its conditions and tables, keeps its figures in bench/results/NAME.json, and stops by
itself.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

BENCHMARKS = {
    "kernel": "the kernel alone: the workloads, per command and per call",
    "memory": "bytes for each resting order, account and balance",
    "recovery": "snapshot load and journal replay, and the market while a snapshot is taken",
    "journal": "group commit in PostgreSQL against one commit for each order",
    "http": "order entry over HTTP beside a constant reply",
    "calls": "commands to a partition through TCP and TLS, beside the same in process",
    "scaled": "orders at the scaled size, 1 engine and gateway beside 2: by tier and by store",
    "moves": "fifty live moves of a trading pair: how long clients wait, and what is lost",
    "streams": "a thousand subscribers of one market",
}
"""In the order in which they run; `differential`, `chaos`, `faults`, `page` are verbs of make."""
ROOT = Path(__file__).parent.parent


def main() -> int:
    """Run from the command line; returns how many benchmarks failed."""
    described = "\n".join(f"  {name:<10} {words}" for name, words in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=f"Benchmarks:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which to run (default: all)")
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    names = parser.parse_args(given[:split]).names or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    failed = []
    for name in names:
        print(f"\n== {name}: {BENCHMARKS[name]}\n", flush=True)
        begun = time.monotonic()
        command = [sys.executable, "-m", f"bench.{name}", *given[split + 1 :]]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
        print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
