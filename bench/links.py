"""Random commands on partitions that links connect: kernel and reference in lock-step.

`run_links` plays one seed: the stream of `simulation.commands`, given to the partitions that the
route names (and now and then to others), on a network that loses, repeats and delays messages.
"""

import random
from collections import Counter

from bench.differential import DifferenceError, records
from bench.network import Faults, MakeMachine, Network, Node, native_pair

from openoutcry.core.enums import CommandKind, EventKind, Reason
from openoutcry.core.ids import entity_of_market, shard_of_account
from openoutcry.core.records import RefusedEvent
from openoutcry.simulation.commands import CommandStream

COMPARE_COMMANDS = 1_500
RECOUNT_COMMANDS = 4_000
REST_COMMANDS = 6_000
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
            places=self.rng.randint(1, 2),
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
