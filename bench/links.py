"""Random commands on partitions that links connect: kernel and reference in lock-step.

`python -m bench.links` runs a million. `run_links` plays one seed: the stream of
`simulation.commands`, given to the partitions that the route names (and now and then to others), on
a network that loses, repeats and delays messages, and on which entities may move.
"""

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from typing import Any

from bench.differential import DifferenceError, records
from bench.network import Faults, MakeMachine, Network, Node, native_pair

from openoutcry.core.enums import CommandKind, EventKind, OrderType, Reason, Side, TimeInForce
from openoutcry.core.ids import entity_of_market, shard_of_account
from openoutcry.core.records import AmendOrder, NewOrder, RefusedEvent
from openoutcry.simulation.commands import CommandStream

COMPARE_COMMANDS = 1_500
RECOUNT_COMMANDS = 4_000
REST_COMMANDS = 6_000
SLICE_COMMANDS = 12_500
_EVERYWHERE = frozenset(
    {
        CommandKind.CREATE_ASSET,
        CommandKind.CREATE_MARKET,
        CommandKind.UPDATE_MARKET,
        CommandKind.SET_FEES,
        CommandKind.SET_LIMITS,
    }
)
_OF_ACCOUNTS = frozenset(
    {
        CommandKind.NEW_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.CANCEL_REPLACE,
        CommandKind.AMEND_ORDER,
        CommandKind.CREATE_ACCOUNT,
        CommandKind.UPDATE_ACCOUNT,
        CommandKind.DEPOSIT,
        CommandKind.WITHDRAW,
        CommandKind.ADJUST,
    }
)
_MARKETS = (1, 2, 3, 4)
_STRAY = 0.01
"""How often a command is given to a partition that does not host its entity."""
_RIVALS = 0.3
"""How often somebody asks for the name that an amend under way asks for."""


def rival_of(record: bytes) -> bytes:
    """Return a new order with the client order id that an amend would give to another."""
    amend = AmendOrder.unpack(record)
    return NewOrder(
        account_id=amend.account_id,
        market=amend.market,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        price_ticks=1,
        qty_lots=1,
        time_us=amend.time_us,
        client_order_id=amend.client_order_id,
    ).pack()


class LinksRun:
    """One seed's network, and the stream that feeds it."""

    def __init__(
        self, seed: int, make: MakeMachine = native_pair, faults: Faults | None = None
    ) -> None:
        self.rng = random.Random(seed * 7 + 1)
        self.stream = CommandStream(seed)
        self.reasons: Counter[int] = Counter()
        self.events: Counter[int] = Counter()
        shards = sorted({shard_of_account(account) for account in self.stream.account_ids})
        self.network = Network(
            self.rng,
            shards,
            _MARKETS,
            homes=self.rng.randint(1, 3),
            places=self.rng.randint(1, 2 + (seed % 2)),
            make=make,
            faults=faults,
        )
        self.network.on_events = self._observe
        for record in records(self.stream.batch().data):
            self.give(record)
        self.network.host(self.network.places)
        self.network.run()

    def _observe(self, _node: Node, events: bytes) -> None:
        for record in records(events):
            self.events[record[2]] += 1
            if record[2] == EventKind.REFUSED:
                self.reasons[RefusedEvent.unpack(record).reason] += 1
        self.stream.observe(events)

    def give(self, record: bytes) -> None:
        """Give a command to the partitions that it is for."""
        network, kind = self.network, record[2]
        if kind in _EVERYWHERE:
            network.broadcast(record)
        elif kind in _OF_ACCOUNTS:
            home = network.home_of(int.from_bytes(record[8:16], "little"))
            if self.rng.random() < _STRAY:
                home = self.rng.choice(network.nodes)
            home.inbox.append(record)
            is_amend = kind == CommandKind.AMEND_ORDER and len(record) == AmendOrder.SIZE
            if is_amend and self.rng.random() < _RIVALS:
                home.inbox.append(rival_of(record))
        elif kind == CommandKind.SET_MARKET_STATUS and self.rng.random() >= _STRAY:
            entity = entity_of_market(int.from_bytes(record[48:50], "little"))
            network.route.get(entity, network.places[0]).inbox.append(record)
        else:
            self.rng.choice(network.nodes).inbox.append(record)

    def play(self, commands: int) -> None:
        """Play until so many commands are done, messages and acknowledgements included."""
        network = self.network
        compared = recounted = rested = 0
        while network.commands < commands:
            if sum(len(node.inbox) for node in network.nodes) < 6 * len(network.nodes):
                for record in records(self.stream.batch().data):
                    self.give(record)
            network.step()
            if network.commands // COMPARE_COMMANDS > compared:
                compared = network.commands // COMPARE_COMMANDS
                network.compare()
            if network.commands // RECOUNT_COMMANDS > recounted:
                recounted = network.commands // RECOUNT_COMMANDS
                network.recount()
            if network.commands // REST_COMMANDS > rested:
                rested = network.commands // REST_COMMANDS
                network.run()
                network.check_at_rest()
        network.run()
        network.check_at_rest()

    def met(self) -> dict[str, int]:
        """What was met how often: messages, faults, events and refusals of links."""
        kinds = [kind for kind in EventKind if kind >= EventKind.ROLE]
        reasons = (Reason.NOT_HOSTED, Reason.REQUEST_PENDING)
        return {
            **self.network.met,
            **{f"event {kind.name}": self.events[kind] for kind in kinds},
            **{reason.name: self.reasons[reason] for reason in reasons},
            "restored": self.network.met["restored"],
        }


def run_links(
    seed: int, commands: int, make: MakeMachine = native_pair, faults: Faults | None = None
) -> Counter[str]:
    """Play one seed; return what was met, or raise DifferenceError or AssertionError."""
    run = LinksRun(seed, make, faults)
    try:
        run.play(commands)
    except (AssertionError, DifferenceError) as error:
        raise DifferenceError(f"seed {seed}: {error}", run.network.commands) from error
    found = Counter(run.met())
    found["commands"] = run.network.commands
    found["batches"] = run.network.batches
    return found


# ---- the command


def _slice(job: tuple[int, int]) -> tuple[int, Counter[str] | str]:
    seed, commands = job
    try:
        return seed, run_links(seed, commands, native_pair, Faults(moved=0.003 * (seed % 3)))
    except DifferenceError as error:
        return seed, str(error)


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play many seeds; return the figures."""
    started = time.monotonic()
    met: Counter[str] = Counter()
    failed: list[int] = []
    count = -(-args.commands // SLICE_COMMANDS)
    jobs = [(args.seed + index, SLICE_COMMANDS) for index in range(count)]
    with multiprocessing.get_context("spawn").Pool(args.processes) as pool:
        for seed, found in pool.imap_unordered(_slice, jobs):
            if isinstance(found, str):
                print(found, flush=True)
                failed.append(seed)
            else:
                met.update(found)
    return {
        "seeds": count,
        "seconds": round(time.monotonic() - started, 1),
        "differences": len(failed),
        "failed_seeds": failed,
        "met": dict(met),
    }


def main() -> int:
    """Parse the arguments, run, and print what was met."""
    parser = argparse.ArgumentParser(prog="python -m bench.links", description=__doc__)
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    found = run(parser.parse_args())
    for name, number in sorted(found["met"].items()):
        print(f"  {name:<32} {number:>12,}")
    print(
        f"{found['met'].get('commands', 0):,} commands of {found['seeds']} seeds of links "
        f"in {found['seconds']} s: {found['differences']} differences"
    )
    return 1 if found["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
