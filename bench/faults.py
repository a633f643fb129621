"""Breaks a running scaled exchange many times and looks for what is missing.

    python -m bench.faults --times 20 --minutes 60

The faults of tests/chaos, each so many times, on exchanges that are started anew now and then.
Prints a table of recovery times and keeps everything in bench/results/faults.json; fails on the
first broken promise, with the data folder kept.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.conditions import conditions
from bench.report import print_conditions, publish, table
from tools.exchange_process import ExchangeFailedError
from tools.faults.campaign import Campaign, Outcome
from tools.faults.client import BrokenPromiseError
from tools.faults.menu import MENU, MORE
from tools.faults.with_standby import StandbyExchange, await_standby, promote_standby

FAULTS_AN_EXCHANGE = 45
"""A new one now and then, so that journals stay short enough to be applied again."""
PROMOTION = "promote_standby"


def drawn(times: int, seed: int) -> list[str]:
    """Return each fault of a running `outcry up` so many times, in a random order."""
    faults = [*MENU, *MORE] * times
    random.Random(seed).shuffle(faults)
    return faults


def broken(folder: Path, seed: int, faults: list[str], end: float) -> tuple[list[Outcome], Any]:
    """Run faults on one exchange until they are done or the time is over."""
    if faults[0] == PROMOTION:
        campaign = Campaign(folder / f"standby-{seed}", seed, StandbyExchange)
    else:
        campaign = Campaign(folder / f"data-{seed}", seed)
    try:
        campaign.start()
        for name in faults:
            if time.monotonic() > end:
                break
            if isinstance(campaign.exchange, StandbyExchange):
                await_standby(campaign.exchange)
                outcome = campaign.run(name, promote_standby)
            else:
                outcome = campaign.run(name)
            print(f"  {outcome.number:>3} {name:<24} {outcome.served_seconds:>6} s", flush=True)
        if isinstance(campaign.exchange, StandbyExchange):
            await_standby(campaign.exchange)
        return campaign.outcomes, campaign.finish()
    finally:
        campaign.abort()


def rows_of(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return a row for each fault: how often, and how long until all was served again."""
    rows = []
    for name in [*MENU, *MORE, PROMOTION]:
        found = [it for it in outcomes if it.fault == name]
        if not found:
            continue
        served = sorted(it.served_seconds for it in found)
        books = sorted(it.books_seconds for it in found)
        rows.append(
            {
                "fault": name,
                "times": len(found),
                "served, median s": served[len(served) // 2],
                "worst": served[-1],
                "books equal, median s": books[len(books) // 2],
                "worst ": books[-1],
                "acknowledged": sum(it.acknowledged for it in found),
                "unknown at clients": sum(it.unknown for it in found),
            }
        )
    return rows


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="break a running exchange many times")
    parser.add_argument("--times", type=int, default=20, help="how often each fault comes")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin nothing after these")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    found = conditions()
    print_conditions(found)
    faults = drawn(options.times, options.seed)
    shares = [
        faults[at : at + FAULTS_AN_EXCHANGE] for at in range(0, len(faults), FAULTS_AN_EXCHANGE)
    ]
    shares.insert(0, [PROMOTION] * options.times)
    folder = Path(tempfile.mkdtemp(prefix="outcry-faults-"))
    folder.chmod(0o755)
    outcomes: list[Outcome] = []
    totals: list[dict[str, Any]] = []
    for number, share in enumerate(shares):
        if time.monotonic() > end:
            break
        seed = options.seed + number
        print(f"seed {seed}, {len(share)} faults", flush=True)
        try:
            done, total = broken(folder, seed, share, end)
        except (BrokenPromiseError, ExchangeFailedError) as error:
            print(f"BROKEN, seed {seed}, data kept in {folder}: {error}")
            return 1
        outcomes += done
        totals.append(total)
    rows = rows_of(outcomes)
    print(table("Recovery, in seconds from the fault", rows))
    result = {"seed": options.seed, "faults": rows, "exchanges": totals}
    publish("faults", found, {**result, "outcomes": [asdict(outcome) for outcome in outcomes]})
    shutil.rmtree(folder)
    missing = Counter(faults) - Counter(outcome.fault for outcome in outcomes)
    if missing:
        print(f"not done in {options.minutes} minutes: {dict(missing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
