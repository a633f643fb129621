"""What the reference does with money: the ledger's invariants, by id."""

import random

import pytest
from tests.support.reference_scene import (
    ALICE,
    BASE,
    BOB,
    CASH,
    RICH,
    Scene,
    reasons,
    reports,
    trades,
)

from openoutcry.core.enums import HouseKind, OrderType, Reason, Side
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, RATE_ONE
from openoutcry.core.records import Adjust, Deposit, HouseRow, Withdraw


def house(scene: Scene, kind: HouseKind, asset: int) -> int:
    data, offset, total = scene.reference.snapshot(), 0, 0
    while offset < len(data):
        if data[offset + 2] == HouseRow.KIND:
            row = HouseRow.unpack(data, offset)
            if (row.house, row.asset) == (kind, asset):
                total += row.amount_hi << 64 | row.amount_lo
        offset += int.from_bytes(data[offset : offset + 2], "little")
    return total


def test_l01_l03_money_comes_and_goes_only_by_deposit_and_withdrawal() -> None:
    scene = Scene()
    before = house(scene, HouseKind.EXTERNAL, CASH)
    scene.do(Withdraw(account_id=ALICE, asset=CASH, amount_atoms=100))
    scene.do(Adjust(account_id=ALICE, asset=CASH, amount_atoms=-7))
    scene.do(Deposit(account_id=BOB, asset=CASH, amount_atoms=50))
    assert scene.balance(ALICE, CASH) == (RICH - 107, 0)
    assert house(scene, HouseKind.EXTERNAL, CASH) == before + 107 - 50


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (Deposit(account_id=ALICE, asset=9, amount_atoms=1), Reason.UNKNOWN_ASSET),
        (Deposit(account_id=ALICE, asset=CASH, amount_atoms=0), Reason.INVALID_AMOUNT),
        (Deposit(account_id=ALICE, asset=CASH, amount_atoms=-1), Reason.INVALID_AMOUNT),
        (Deposit(account_id=12345, asset=CASH, amount_atoms=1), Reason.UNKNOWN_ACCOUNT),
        (
            Deposit(account_id=ALICE, asset=CASH, amount_atoms=AMOUNT_ATOMS_MAX),
            Reason.CAPACITY_REACHED,
        ),
        (
            Withdraw(account_id=ALICE, asset=CASH, amount_atoms=RICH + 1),
            Reason.INSUFFICIENT_BALANCE,
        ),
        (Adjust(account_id=ALICE, asset=CASH, amount_atoms=-RICH - 1), Reason.INSUFFICIENT_BALANCE),
    ],
)
def test_l02_l11_refused_money_has_no_effect(command: Deposit, reason: Reason) -> None:
    scene = Scene()
    balances = scene.reference.balances(ALICE)
    assert reasons(scene.do(command)) == [reason]
    assert scene.reference.balances(ALICE) == balances


def test_l05_l06_holds_are_what_could_be_paid_at_most() -> None:
    scene = Scene()
    scene.buy(ALICE, 10, 100)
    scene.place(
        ALICE,
        Side.BUY,
        order_type=OrderType.STOP_LOSS,
        qty_lots=3,
        stop_ticks=110,
        worst_ticks=120,
    )
    scene.sell(ALICE, 4, 200)
    assert scene.balance(ALICE, CASH) == (RICH - 1_360, 1_360)
    assert scene.balance(ALICE, BASE) == (RICH - 4, 4)


def test_l07_l13_what_is_left_of_a_hold_comes_back() -> None:
    scene = Scene()
    scene.sell(BOB, 4, 90)
    events = scene.buy(ALICE, 10, 100)
    fill = reports(events, ALICE)[-1]
    assert (fill.paid_atoms, fill.released_atoms, fill.received_atoms) == (360, 40, 4)
    assert scene.balance(ALICE, CASH) == (RICH - 360 - 600, 600)
    scene.cancel(ALICE, fill.order_id)
    assert scene.balance(ALICE, CASH) == (RICH - 360, 0)
    assert scene.open_orders(ALICE) == []


def test_l12_a_hold_is_released_once() -> None:
    scene = Scene()
    order = reports(scene.buy(ALICE, 1, 100), ALICE)[0]
    scene.cancel(ALICE, order.order_id)
    assert reasons(scene.cancel(ALICE, order.order_id)) == [Reason.UNKNOWN_ORDER]
    assert scene.balance(ALICE, CASH) == (RICH, 0)


@pytest.mark.parametrize("seed", range(5))
def test_l08_f01_fees_do_not_depend_on_how_an_order_is_filled(seed: int) -> None:
    scene, rng = Scene(), random.Random(seed)
    total = 10_000
    charged = 0
    parts = []
    buyer = reports(scene.buy(ALICE, total, 6), ALICE)[0]
    left = total
    while left:
        part = min(left, rng.randrange(1, 900))
        events = scene.sell(BOB, part, 6)
        charged += sum(report.fee_atoms for report in reports(events, ALICE))
        parts.append(part)
        left -= part
    assert len(parts) > 1
    assert charged == -(-total * 100_000 // RATE_ONE)
    assert scene.reference.order(ALICE, buyer.order_id) is None
    assert house(scene, HouseKind.FEE, BASE) == charged


def test_l22_a_round_trip_never_gains() -> None:
    scene = Scene()
    for _ in range(20):
        scene.sell(BOB, 3, 10)
        scene.buy(ALICE, 3, 10)
        scene.buy(BOB, 3, 10)
        scene.sell(ALICE, 3, 10)
    assert sum(scene.balance(ALICE, CASH)) < RICH
    assert sum(scene.balance(ALICE, BASE)) < RICH


def test_b12_a_quote_order_spends_no_more_than_its_budget() -> None:
    scene = Scene()
    scene.sell(BOB, 5, 10)
    scene.sell(BOB, 5, 30)
    events = scene.place(
        ALICE, Side.BUY, order_type=OrderType.MARKET, quote_atoms=129, worst_ticks=100
    )
    assert trades(events) == [(10, 5), (30, 2)]
    assert scene.balance(ALICE, CASH) == (RICH - 110, 0)
