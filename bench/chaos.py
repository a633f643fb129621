"""Kills the server many times under load and looks for what is missing.

    python -m bench.chaos --kills 1000

The same cycle as tests/chaos, longer. Prints the counts and keeps them in bench/results/chaos.json;
fails on the first broken promise, with the data folder kept.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.conditions import conditions
from bench.report import print_conditions, publish
from tools.chaos import BrokenPromiseError, Chaos
from tools.exchange_process import outcry_command

KILLS_A_FOLDER = 100
"""A new folder now and then, so that accounting stays quick."""


def run(kills: int, seed: int, folder: Path) -> dict[str, object]:
    """Run one folder's share; returns its counts."""
    chaos = Chaos(folder / f"data-{seed}", seed)
    chaos.start()
    for _ in range(kills):
        chaos.cycle()
    chaos.server.stop()
    verified = subprocess.run(
        [*outcry_command(), "verify", str(chaos.server.data)],
        capture_output=True,
        text=True,
        check=False,
    )
    if verified.returncode != 0:
        raise BrokenPromiseError(f"verify exits {verified.returncode}: {verified.stdout}")
    return chaos.summary()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    os.environ.setdefault("OUTCRY_SNAPSHOT_SECONDS", "0.5")
    found = conditions()
    print_conditions(found)
    folder = Path(tempfile.mkdtemp(prefix="outcry-chaos-"))
    rows: list[dict[str, object]] = []
    left, seed = options.kills, options.seed
    try:
        while left > 0:
            share = min(left, KILLS_A_FOLDER)
            rows.append(run(share, seed, folder))
            left -= share
            print(f"{options.kills - left} of {options.kills} kills, seed {seed}", flush=True)
            seed += 1
    except BrokenPromiseError as error:
        print(f"BROKEN, seed {seed}, data kept in {folder}: {error}")
        return 1
    totals = {
        name: max(row[name] for row in rows)  # type: ignore[type-var]
        if name.endswith(("median", "worst"))
        else sum(row[name] for row in rows)  # type: ignore[misc]
        for name in rows[0]
    }
    print(json.dumps(totals, indent=2))
    publish("chaos", found, {"seed": options.seed, "totals": totals, "folders": rows})
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
