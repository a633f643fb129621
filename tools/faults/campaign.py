"""One exchange, one load, many faults; after each of them everything is accounted for.

python -m tools.faults.campaign --data FOLDER --seed 1 kill_engine kill_gateway ...
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tools.faults.audit import Audit
from tools.faults.client import BrokenPromiseError
from tools.faults.exchange import FaultyExchange
from tools.faults.load import Load
from tools.faults.menu import MENU, MORE, Fault, Scene
from tools.faults.truth import Truth, hold_against_reference

ACCOUNTS = ("alice", "bob", "carol")
"""One on each partition of accounts, when there are three."""
START_SECONDS_MAX = 180.0
SERVED_SECONDS_MAX = 60.0
REFERENCE_ROWS = 400


@dataclass
class Outcome:
    """What one fault did."""

    fault: str
    seed: int
    number: int
    served_seconds: float
    """From the fault until each account was served in each market, of what was sent after it."""
    books_seconds: float
    """From the fault until every view was the engines' books; the load ends in between."""
    seconds: float
    acknowledged: int
    unknown: int
    notes: list[str]


class Campaign:
    """Faults on one exchange, which goes on from one to the next."""

    def __init__(
        self, data: Path, seed: int, exchange: type[FaultyExchange] = FaultyExchange
    ) -> None:
        self.seed = seed
        self.exchange = exchange(data)
        self.outcomes: list[Outcome] = []
        self.number = 0

    def start(self) -> None:
        """Start the exchange, and look at it before anything happens."""
        self.exchange.start(ready_seconds_max=START_SECONDS_MAX)
        self.exchange.wait_all_run()
        by_name = {key.name: key for key in self.exchange.demo_keys()}
        keys = [by_name[name] for name in ACCOUNTS]
        self.load = Load(self.exchange.port, keys, self.seed)
        self.truth = Truth(sorted(self.exchange.owners()))
        self.audit = Audit(self.exchange, self.load, self.truth, self.seed)
        self.load.start()
        self.load.wait_served(SERVED_SECONDS_MAX)
        self.audit.look_on_the_way()
        self.load.stop()
        self.audit.look_at_rest()

    def run(self, name: str, fault: Fault | None = None) -> Outcome:
        """Have one fault at a random moment, and account for everything; BrokenPromiseError."""
        self.number += 1
        began = time.monotonic()
        rng = random.Random(f"{self.seed} {self.number} {name}")  # noqa: S311 - seeded
        log = self.load.log
        before = log.counts.copy()
        scene = Scene(self.exchange, rng, log.mark, self._settle, [])
        self.load.start()
        try:
            self.load.wait_served(SERVED_SECONDS_MAX)
            time.sleep(rng.uniform(0.1, 0.6))
            (fault or (MENU | MORE)[name])(scene)
            served_at = self.load.wait_served(SERVED_SECONDS_MAX)
            self.exchange.wait_all_run()
            self.audit.look_on_the_way()
            time.sleep(0.2)
        finally:
            fault_at = log.fault_at
            self.load.stop()
        books_at = self.audit.look_at_rest()
        now = log.counts - before
        outcome = Outcome(
            fault=name,
            seed=self.seed,
            number=self.number,
            served_seconds=round(served_at - fault_at, 2),
            books_seconds=round(books_at - fault_at, 2),
            seconds=round(time.monotonic() - began, 1),
            acknowledged=now["acknowledged"],
            unknown=sum(now[what] for what in now if what.startswith(("unans", "answer"))),
            notes=scene.notes,
        )
        self.outcomes.append(outcome)
        return outcome

    def _settle(self) -> None:
        self.load.log.mark(time.monotonic())
        self.load.wait_served(SERVED_SECONDS_MAX)

    def finish(self) -> dict[str, Any]:
        """Hold journals against the reference, stop, and return what was counted."""
        dsn = self.exchange.dsn()
        commands = {
            number: hold_against_reference(dsn, number, REFERENCE_ROWS)
            for number in (min(self.truth.replicas), max(self.truth.replicas))
        }
        self.exchange.stop()
        replicas = self.truth.replicas.values()
        return {
            "seed": self.seed,
            "log": dict(self.load.log.counts),
            "checked": dict(self.audit.checked),
            "rows": sum(replica.head.seq for replica in replicas),
            "epochs": {replica.number: replica.epochs for replica in replicas},
            "commands held against the reference": commands,
        }

    def abort(self) -> None:
        """End the exchange whatever its state is."""
        if self.exchange.is_running:
            self.exchange.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run faults from the command line."""
    parser = argparse.ArgumentParser(description="faults on a running exchange")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("faults", nargs="*", default=[*MENU, *MORE])
    options = parser.parse_args(arguments)
    campaign = Campaign(options.data, options.seed)
    say = sys.stdout
    say.write(f"seed {options.seed}\n")
    try:
        campaign.start()
        for name in options.faults:
            say.write(json.dumps(asdict(campaign.run(name))) + "\n")
            say.flush()
        say.write(json.dumps(campaign.finish(), indent=1) + "\n")
    except BrokenPromiseError as error:
        say.write(f"BROKEN, fault {campaign.number}, seed {options.seed}: {error}\n")
        return 1
    finally:
        campaign.abort()
    return 0


if __name__ == "__main__":
    sys.exit(main())
