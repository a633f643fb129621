"""Matching against an oracle of thirty lines: B04 B05 B06 B07 B08 B16 B17 B36."""

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.property.small import ACCOUNTS, EXAMPLES, MARKET, Small, limits, markets, new_order

from openoutcry.core import records as r
from openoutcry.core.enums import EventKind


@dataclass
class Resting:
    number: int
    side: int
    price: int
    left: int
    iceberg: int
    visible: int


class Oracle:
    """Price-time priority in the plainest way: a list, the best first, new slices at the end."""

    def __init__(self) -> None:
        self.resting: list[Resting] = []
        self.trades: list[tuple[int, int, int, int]] = []

    def new(self, number: int, order: dict[str, Any]) -> None:
        side, left = order["side"], order["qty_lots"]
        limit = order.get("price_ticks") or order["worst_ticks"]
        sign = 1 if side == 1 else -1
        while left:
            others = [o for o in self.resting if o.side != side and sign * (limit - o.price) >= 0]
            if not others:
                break
            best = min(sign * o.price for o in others)
            maker = next(o for o in others if sign * o.price == best)
            lots = min(left, maker.visible)
            self.trades.append((maker.number, number, maker.price, lots))
            left -= lots
            maker.left -= lots
            maker.visible -= lots
            if not maker.visible:
                self.resting.remove(maker)
                if maker.left:
                    maker.visible = min(maker.iceberg, maker.left)
                    self.resting.append(maker)
        if left and order.get("time_in_force") == 1:
            iceberg = order["iceberg_lots"]
            visible = min(iceberg or left, left)
            self.resting.append(Resting(number, side, limit, left, iceberg, visible))

    def amend(self, number: int, qty: int, executed: int) -> None:
        order = next(o for o in self.resting if o.number == number)
        order.left = qty - executed
        order.visible = min(order.visible, order.left)
        if order.left <= 0:
            self.resting.remove(order)

    def cancel(self, number: int) -> None:
        self.resting = [o for o in self.resting if o.number != number]


class Run:
    """The kernel and the oracle, given the same."""

    def __init__(self) -> None:
        self.small, self.oracle = Small(), Oracle()
        self.trades: list[tuple[int, int, int, int]] = []
        self.numbers: dict[int, int] = {}
        self.orders: dict[int, dict[str, Any]] = {}

    def note(self, told: list[Any]) -> None:
        for e in told:
            if e.kind == EventKind.ORDER:
                self.numbers.setdefault(e.order_id, int(e.client_order_id.rstrip(b"\0")[1:]))
            if e.kind == EventKind.TRADE:
                pair = [self.numbers[e.buy_order_id], self.numbers[e.sell_order_id]]
                maker, taker = pair[::-1] if e.taker_side == 1 else pair
                self.trades.append((maker, taker, e.price_ticks, e.lots))

    def change(self, number: int, qty: int) -> None:
        """Cancel (quantity 0) or amend an order that rests, and see what the two make of it."""
        fields = self.orders[number]
        account = ACCOUNTS[fields["account"]]
        name = {
            "account_id": account,
            "market": MARKET,
            "original_client_order_id": b"n%d" % number,
        }
        row = self.small.kernel.order_by_client_id(account, MARKET, b"n%d" % number)
        resting = any(o.number == number for o in self.oracle.resting)
        assert (row is not None) == resting
        if not qty:
            self.note(self.small.do(r.CancelOrder(**name)))
            self.oracle.cancel(number)
            return
        told = self.small.do(r.AmendOrder(**name, qty_lots=qty))
        self.note(told)
        if row is not None and told[-1].kind != EventKind.REFUSED:
            self.oracle.amend(number, qty, r.OrderRow.unpack(row).executed_lots)


steps = st.one_of(
    limits(),
    limits(),
    limits(),
    markets(),
    st.tuples(st.integers(0, 30), st.sampled_from((0, 0, 1, 2, 4, 8))),
)


@EXAMPLES
@given(st.lists(steps, max_size=40))
def test_matching_is_price_time(drawn: list[Any]) -> None:
    run = Run()
    for number, step in enumerate(drawn):
        if isinstance(step, tuple):
            if step[0] in run.orders:
                run.change(*step)
            continue
        run.orders[number] = step
        run.note(run.small.do(new_order(step, number)))
        run.oracle.new(number, step)

    assert run.trades == run.oracle.trades
    rows = sorted(run.small.rows(r.OrderRow), key=lambda row: row.priority)
    ours = [(run.numbers[x.order_id], x.qty_lots - x.executed_lots, x.visible_lots) for x in rows]
    assert ours == [(o.number, o.left, o.visible) for o in run.oracle.resting]
    run.small.check()


@EXAMPLES
@given(st.lists(limits(), min_size=1, max_size=12), st.integers(1, 20))
def test_amend_keeps_priority_and_a_refused_one_changes_nothing(
    drawn: list[dict[str, Any]], qty: int
) -> None:
    """B17."""
    small = Small()
    for number, fields in enumerate(drawn):
        small.do(new_order(fields, number))
    for before in small.rows(r.OrderRow):
        told = small.do(
            r.AmendOrder(
                account_id=before.account_id,
                market=MARKET,
                order_id=before.order_id,
                qty_lots=qty,
            )
        )
        after = {row.order_id: row for row in small.rows(r.OrderRow)}.get(before.order_id)
        if told[-1].kind == EventKind.REFUSED:
            assert after == before
        elif after is not None:
            assert (after.priority, after.qty_lots) == (before.priority, qty)
    small.check()
