"""Accounts and markets apart, links late: the same balances and books as when they are joined."""

import random
from typing import Any

import pytest
from tests.support.reference_scene import ASSETS, BASE, CASH, START_US, market_command

from openoutcry.core.enums import OrderType, Reason, Side, StpMode, TimeInForce
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import (
    AmendLink,
    AmendOrder,
    BalanceRow,
    CancelAll,
    CancelLink,
    CancelOrder,
    CancelReplace,
    Command,
    CreateAccount,
    Deposit,
    NewOrder,
    PlaceLink,
    SetFees,
)
from openoutcry.reference import Reference, Split
from openoutcry.reference.market import Market
from openoutcry.reference.split import Arrival
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


def as_command(market: int, arrival: Arrival) -> Command:
    """What a joined exchange is to be told so that its market meets the same."""
    link, name = arrival
    if isinstance(link, PlaceLink):
        by_quote = link.quote_atoms > 0
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
            qty_lots=0 if by_quote else link.qty_lots,
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


def joined(split: Split) -> Reference:
    """Tell a joined exchange what each market of the split one met, in that order."""
    commands: list[Command] = [*ASSETS]
    commands += [place.market.specification for place in split.places.values()]
    commands.append(SetFees(maker_rate=100_000, taker_rate=250_000))
    commands += openings()
    for market, place in split.places.items():
        commands += [as_command(market, arrival) for arrival in place.arrivals]
    reference = Reference()
    stamped = [command._replace(time_us=START_US) for command in commands]
    reference.apply(b"".join(command.pack() for command in stamped), 1)
    assert reference.recount() == ""
    return reference


def book(market: Market) -> list[list[tuple[int, list[tuple[int, int, int]]]]]:
    """Levels with their orders, best and first in the queue first; order ids may differ."""
    return [
        [
            (
                level.price_ticks,
                [(o.account_id, o.visible_lots, o.remaining) for o in level.queue.values()],
            )
            for level in side.levels()
        ]
        for side in market.sides.values()
    ]


def new_split(seed: int) -> Split:
    rng = random.Random(seed)
    markets = [
        market_command(market=market, symbol=b"M%d" % market, specification_version=1)
        for market in MARKETS
    ]
    split = Split(ASSETS, markets, homes=rng.randrange(1, 4), choose=rng.randrange)
    for home in split.homes:
        home.accounts.catalog.fees.update(RATES)
    for command in openings():
        split.submit(command)
    split.run()
    return split


@pytest.mark.parametrize("block", range(10))
def test_k05_k06_split_comes_to_what_joined_does(block: int) -> None:
    for seed in range(block * 30, block * 30 + 30):
        split = new_split(seed)
        for command in random_commands(random.Random(-seed), 60):
            split.submit(command)
        steps = 0
        while split.step():
            steps += 1
            assert steps % 10 or split.recount() == ""
        assert split.recount() == ""
        reference = joined(split)
        for account in ACCOUNTS:
            data = reference.balances(account)
            for at in range(0, len(data), BalanceRow.SIZE):
                row = BalanceRow.unpack(data, at)
                assert split.balances()[account, row.asset] == (row.free_atoms, row.held_atoms)
        for number, place in split.places.items():
            assert book(place.market) == book(reference._state.markets[number])


def test_k07_a_cancel_that_crosses_a_fill_finds_one_end() -> None:
    choices: list[int] = []
    split = Split(
        ASSETS, [market_command()], homes=2, choose=lambda _: choices.pop() if choices else 0
    )
    for command in openings():
        split.submit(command)
    split.run()
    seller, buyer = ACCOUNTS[0], ACCOUNTS[1]
    order: dict[str, Any] = {
        "market": 1,
        "time_us": START_US,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "price_ticks": 100,
        "qty_lots": 5,
    }
    split.submit(NewOrder(account_id=seller, side=Side.SELL, client_order_id=b"s", **order))
    split.run()
    cancel = CancelOrder(
        account_id=seller, market=1, time_us=START_US, original_client_order_id=b"s"
    )
    split.submit(NewOrder(account_id=buyer, side=Side.BUY, client_order_id=b"b", **order))
    split.submit(cancel._replace(digest_lo=1, deadline_us=START_US + 1_000))
    split.run()
    (outcome,) = split._home(seller).accounts.accounts[seller].outcomes.values()
    sold = split.balances()[seller, BASE] == (MONEY - 5, 0)
    assert outcome.reason == (Reason.UNKNOWN_ORDER if sold else Reason.NONE)
    assert split.recount() == ""


def test_a_refusal_by_the_market_burns_the_id_and_releases_the_hold() -> None:
    split = Split(ASSETS, [market_command(status=2)], homes=1, choose=lambda _: 0)
    for command in openings():
        split.submit(command)
    account = ACCOUNTS[0]
    split.submit(
        NewOrder(
            account_id=account,
            market=1,
            time_us=START_US,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=10,
            qty_lots=3,
            client_order_id=b"refused",
        )
    )
    split.run()
    accounts = split.homes[0].accounts
    assert split.balances()[account, CASH] == (MONEY, 0)
    assert accounts.orders == {}
    assert accounts.shard(account).order_counter == 1
