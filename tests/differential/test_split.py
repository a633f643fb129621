"""Accounts and markets apart, links late: the same balances and books as when they are joined."""

import random
from typing import Any

import pytest
from bench.differential import records
from bench.network import (
    Faults,
    MakeMachine,
    Network,
    Node,
    Solo,
    kernel_alone,
    reference_alone,
    rows_of,
)
from tests.support.reference_scene import ASSETS, BASE, CASH, START_US, market_command

from openoutcry.core.enums import (
    EventKind,
    OrderPlace,
    OrderType,
    Role,
    RowKind,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import account_id_of, entity_of_market, shard_of_account
from openoutcry.core.records import (
    LINKS,
    AmendLink,
    AmendOrder,
    CancelAll,
    CancelLink,
    CancelOrder,
    CancelReplace,
    Command,
    CreateAccount,
    Deposit,
    NewOrder,
    OrderRow,
    PendingEvent,
    PlaceLink,
    SetFees,
)
from openoutcry.reference import Reference
from openoutcry.reference.terms import PRICED

ACCOUNTS = [account_id_of(number) for number in range(1, 7)]
MARKETS = (1, 2)
RATES = {(0, 0): (100_000, 250_000)}
MONEY = 10**12


def openings() -> list[Command]:
    commands: list[Command] = [
        CreateAccount(account_id=account, trade_group=index // 2, flags=7, time_us=START_US)
        for index, account in enumerate(ACCOUNTS)
    ]
    for account in ACCOUNTS:
        for asset in (CASH, BASE):
            commands.append(
                Deposit(account_id=account, asset=asset, amount_atoms=MONEY, time_us=START_US)
            )
    return commands


def random_order(rng: random.Random, name: bytes) -> NewOrder:
    kind = rng.choice([OrderType.LIMIT] * 6 + [OrderType.MARKET] * 2 + list(OrderType))
    priced = kind in PRICED
    timed = kind in {
        OrderType.LIMIT,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT_LIMIT,
    }
    fields: dict[str, Any] = {"qty_lots": rng.randrange(1, 30)}
    if kind == OrderType.MARKET and rng.random() < 0.5:
        fields = {"quote_atoms": rng.randrange(50, 3_000)}
    if kind >= OrderType.STOP_LOSS:
        fields["stop_ticks"] = rng.randrange(90, 111)
        if rng.random() < 0.3:
            fields["trailing_bips"] = rng.randrange(1, 900)
    side = rng.choice(list(Side))
    force = rng.choice([1, 1, 1, 2, 3]) if timed else TimeInForce.NONE
    if force == TimeInForce.GTC and rng.random() < 0.2:
        fields["iceberg_lots"] = rng.randrange(1, fields["qty_lots"] + 1)
    return NewOrder(
        account_id=rng.choice(ACCOUNTS),
        market=rng.choice(MARKETS),
        time_us=START_US,
        side=side,
        order_type=kind,
        time_in_force=force,
        stp_mode=rng.choice(list(StpMode)),
        price_ticks=rng.randrange(92, 109) if priced else 0,
        worst_ticks=0 if priced else (115 if side == Side.BUY else 85),
        client_order_id=name,
        **fields,
    )


def random_commands(rng: random.Random, count: int) -> list[Command]:
    commands: list[Command] = []
    placed: list[NewOrder] = []
    for index in range(count):
        name = b"n%d" % index
        order = random_order(rng, name)
        dice = rng.random()
        if placed and dice < 0.35:
            old = rng.choice(placed)
            of_old: dict[str, Any] = {
                "account_id": old.account_id,
                "market": old.market,
                "time_us": START_US,
            }
            if dice < 0.15:
                commands.append(CancelOrder(original_client_order_id=old.client_order_id, **of_old))
            elif dice < 0.25:
                amended = max(old.qty_lots - rng.randrange(1, 5), 1)
                commands.append(
                    AmendOrder(
                        original_client_order_id=old.client_order_id, qty_lots=amended, **of_old
                    )
                )
            elif dice < 0.27:
                commands.append(CancelAll(**of_old))
            else:
                replacing = order._replace(**of_old)._asdict()
                replacing.update(size=CancelReplace.SIZE, kind=CancelReplace.KIND)
                commands.append(
                    CancelReplace(
                        cancel_original_client_order_id=old.client_order_id,
                        mode=rng.choice((1, 2)),
                        **replacing,
                    )
                )
                placed.append(order._replace(**of_old))
            continue
        commands.append(order)
        placed.append(order)
    return commands


def as_command(market: int, message: bytes, names: dict[int, bytes]) -> Command:
    """What a joined exchange is to be told so that its market meets the same."""
    link: Any = LINKS[message[2]].unpack(message)
    name = names[link.order_id]
    if isinstance(link, PlaceLink):
        return NewOrder(
            account_id=link.account_id,
            market=market,
            time_us=START_US,
            side=link.side,
            order_type=link.order_type,
            time_in_force=link.time_in_force,
            stp_mode=link.stp_mode,
            trailing_bips=link.trailing_bips,
            price_ticks=link.price_ticks,
            qty_lots=0 if link.quote_atoms > 0 else link.qty_lots,
            quote_atoms=link.quote_atoms,
            stop_ticks=link.stop_ticks,
            iceberg_lots=link.iceberg_lots,
            worst_ticks=0 if link.order_type in PRICED else link.worst_ticks,
            client_order_id=name,
        )
    account = next(account for account in ACCOUNTS if (account ^ link.order_id) & 1023 == 0)
    if isinstance(link, CancelLink):
        return CancelOrder(
            account_id=account, market=market, time_us=START_US, original_client_order_id=name
        )
    assert isinstance(link, AmendLink)
    return AmendOrder(
        account_id=account,
        market=market,
        time_us=START_US,
        qty_lots=link.qty_lots,
        original_client_order_id=name,
    )


class Split:
    """A network, and the client order ids of its orders."""

    def __init__(self, seed: int, make: MakeMachine, faults: Faults | None = None) -> None:
        rng = random.Random(seed)
        shards = [shard_of_account(account) for account in ACCOUNTS]
        self.markets = [
            market_command(market=market, symbol=b"M%d" % market, specification_version=1)
            for market in MARKETS
        ]
        self.network = Network(
            rng,
            shards,
            MARKETS,
            homes=rng.randrange(1, 4),
            places=rng.randrange(1, 3),
            make=make,
            faults=faults,
        )
        self.names: dict[int, bytes] = {}
        self.network.on_events = self._observe
        for command in (*ASSETS, *self.markets, SetFees(maker_rate=100_000, taker_rate=250_000)):
            self.network.broadcast(command.pack())
        self.network.host(self.network.places)
        for command in openings():
            self.network.submit(command)
        self.network.run()

    def _observe(self, node: Node, events: bytes) -> None:
        """Learn the client order id of each order that a market is asked about."""
        for record in records(events):
            if record[2] == EventKind.PENDING:
                pending = PendingEvent.unpack(record)
                row = node.view.order(pending.account_id, pending.order_id)
                if row is not None:
                    self.names[pending.order_id] = OrderRow.unpack(row).client_order_id

    def joined(self) -> Reference:
        """Tell a joined exchange what each market of the split one met, in that order."""
        commands: list[Command] = [*ASSETS, *self.markets]
        commands.append(SetFees(maker_rate=100_000, taker_rate=250_000))
        commands += openings()
        for market in MARKETS:
            for message in self.network.arrivals[entity_of_market(market)]:
                commands.append(as_command(market, message, self.names))
        reference = Reference()
        stamped = [command._replace(time_us=START_US) for command in commands]
        reference.apply(b"".join(command.pack() for command in stamped), 1)
        assert reference.recount() == ""
        return reference


def books(nodes: list[Node]) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """Resting orders by market and side, in the order of their placing; order ids may differ."""
    found: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for node in nodes:
        rows = [row for row in rows_of(node.view.snapshot()) if row.kind == RowKind.ORDER]
        for row in sorted(rows, key=lambda row: row.priority):
            if row.place == OrderPlace.BOOK:
                remaining = row.qty_lots - row.executed_lots - row.prevented_lots
                found.setdefault((row.market, row.side), []).append(
                    (row.price_ticks, row.account_id, row.visible_lots, remaining)
                )
    return found


def balances(nodes: list[Any]) -> dict[tuple[int, int], tuple[int, int]]:
    """Free and held by account and asset, of machines."""
    return {
        (row.account_id, row.asset): (row.free_atoms, row.held_atoms)
        for node in nodes
        for row in rows_of(node.snapshot())
        if row.kind == RowKind.BALANCE
    }


def play(split: Split, commands: list[Command], recount_steps: int = 10) -> None:
    """Play commands until all is at rest."""
    for command in commands:
        split.network.submit(command)
    steps = 0
    while split.network.step():
        steps += 1
        if steps % recount_steps == 0:
            split.network.recount()
    split.network.run()
    split.network.check_at_rest()


def check_against_joined(split: Split) -> None:
    """What stands must be what a joined exchange comes to."""
    reference = split.joined()
    assert balances([node.view for node in split.network.homes]) == balances([reference])
    joined = Node(99, Role.JOINED, Solo(lambda: reference, Reference.restore))
    assert books(split.network.places) == books([joined])


@pytest.mark.parametrize("make", [reference_alone, kernel_alone], ids=["reference", "kernel"])
@pytest.mark.parametrize("block", range(10))
def test_k05_k06_split_comes_to_what_joined_does(block: int, make: MakeMachine) -> None:
    """L01, K01, K05, K06, K07 and K09, whatever is lost, late or told twice."""
    for seed in range(block * 10, block * 10 + 10):
        split = Split(seed, make)
        play(split, random_commands(random.Random(-seed), 60))
        check_against_joined(split)
