"""Bots decide from what they see: ladders are kept, takers come back to what they had."""

import random

import pytest

from openoutcry.core.enums import CommandKind, OrderType, Side
from openoutcry.core.records import COMMANDS, BalanceRow, CancelOrder, NewOrder, OrderRow
from openoutcry.simulation import demo
from openoutcry.simulation.bots import BotMarket, Maker, Taker

PLAN = BotMarket(
    market=1,
    base_asset=2,
    step_ticks=10,
    levels=5,
    maker_lots_min=100,
    maker_lots_max=200,
    taker_lots_min=1,
    taker_lots_max=9,
    taker_base_atoms=1_000,
    taker_wait_steps=3,
)


def maker(seed: int = 1, run: int = 7) -> Maker:
    return Maker(PLAN, 1025, random.Random(seed), run)


def taker(seed: int = 1) -> Taker:
    return Taker(PLAN, 2050, random.Random(seed), 7)


def unpack(command: bytes) -> NewOrder | CancelOrder:
    record = COMMANDS[command[2]].unpack(command)
    assert isinstance(record, NewOrder | CancelOrder)
    return record


class Book:
    """A maker's open orders, as the exchange would keep them."""

    def __init__(self) -> None:
        self.orders: list[OrderRow] = []
        self.commands = 0

    def take(self, commands: list[bytes]) -> None:
        for command in commands:
            self.commands += 1
            record = unpack(command)
            if isinstance(record, CancelOrder):
                self.orders = [row for row in self.orders if row.order_id != record.order_id]
            else:
                self.orders.append(
                    OrderRow(
                        account_id=record.account_id,
                        order_id=self.commands,
                        side=record.side,
                        price_ticks=record.price_ticks,
                        qty_lots=record.qty_lots,
                        client_order_id=record.client_order_id,
                    )
                )

    def places(self) -> set[tuple[int, int]]:
        return {(row.side, row.price_ticks) for row in self.orders}


def ladder(rung: int) -> set[tuple[int, int]]:
    asks = {(Side.SELL, (rung + 1 + level) * 10) for level in range(5)}
    return asks | {(Side.BUY, (rung - level) * 10) for level in range(5)}


def test_the_first_step_fills_both_sides() -> None:
    book = Book()
    book.take(maker().step(1_234, []))
    assert book.places() == ladder(123)
    assert all(100 <= row.qty_lots <= 200 for row in book.orders)


def test_nothing_is_done_when_nothing_changed() -> None:
    book, bot = Book(), maker()
    book.take(bot.step(1_234, []))
    assert bot.step(1_231, book.orders) == []
    assert bot.step(1_241, book.orders) == [], "a price near the edge does not move the ladder"


def test_the_ladder_follows_the_price_with_few_orders() -> None:
    book, bot = Book(), maker()
    book.take(bot.step(1_234, []))
    commands = bot.step(1_245, book.orders)
    assert [command[2] for command in commands] == [
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.NEW_ORDER,
        CommandKind.NEW_ORDER,
    ]
    book.take(commands)
    assert book.places() == ladder(124)


def test_filled_places_are_filled_again_and_leftovers_replaced() -> None:
    book, bot = Book(), maker()
    book.take(bot.step(1_234, []))
    book.orders = [row for row in book.orders if row.price_ticks != 1_240]
    book.orders[0] = book.orders[0]._replace(executed_lots=book.orders[0].qty_lots - 10)
    book.take(bot.step(1_234, book.orders))
    assert book.places() == ladder(123)
    assert all(row.qty_lots - row.executed_lots >= 50 for row in book.orders)


def test_a_new_run_takes_up_the_orders_of_the_last() -> None:
    book = Book()
    book.take(maker(run=7).step(1_234, []))
    stranger = book.orders[0]._replace(order_id=99, price_ticks=1_233)
    twin = book.orders[1]._replace(order_id=100)
    after = maker(run=8)
    commands = after.step(1_234, [*book.orders, stranger, twin])
    cancels = [record for record in map(unpack, commands) if isinstance(record, CancelOrder)]
    assert {record.order_id for record in cancels} == {99, 100}
    book.take(after.step(1_245, book.orders))
    ids = [row.client_order_id for row in book.orders]
    assert len(ids) == len(set(ids))
    assert book.places() == ladder(124)


def test_bids_stop_above_zero() -> None:
    book = Book()
    book.take(maker().step(25, []))
    assert min(row.price_ticks for row in book.orders) > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_decides_everything(seed: int) -> None:
    assert maker(seed).step(1_234, []) == maker(seed).step(1_234, [])
    assert taker(seed).step(1_000, []) == taker(seed).step(1_000, [])


def test_a_taker_sends_small_market_orders_with_a_collar() -> None:
    bot = taker()
    for _ in range(50):
        order = unpack(bot.step(1_000, [BalanceRow(asset=2, free_atoms=1_000)]))
        assert isinstance(order, NewOrder)
        assert order.order_type == OrderType.MARKET
        assert 1 <= order.qty_lots <= 9
        assert order.worst_ticks == (1_100 if order.side == Side.BUY else 900)


def test_a_taker_waits_a_few_steps_and_begins_at_once() -> None:
    bot = taker()
    due = [bot.is_due() for _ in range(3_000)]
    assert due[0]
    assert 800 < sum(due) < 1_200


def test_a_taker_never_runs_dry() -> None:
    bot = taker()
    base = 1_000
    seen = []
    for _ in range(20_000):
        balances = [BalanceRow(asset=1, free_atoms=5), BalanceRow(asset=2, free_atoms=base)]
        order = unpack(bot.step(1_000, balances))
        assert isinstance(order, NewOrder)
        base += order.qty_lots if order.side == Side.BUY else -order.qty_lots
        seen.append(base)
    assert min(seen) > 500
    assert max(seen) < 1_500


def test_the_demos_books_are_deep_enough() -> None:
    """Any side of any book fills an order worth 0.01 BTC many times over."""
    crowd = demo.crowd(1, 1, {})
    lots = {command.market: command.lot_atoms for command in demo.create_markets()}
    for plan in demo.BOT_MARKETS:
        orders = [
            record
            for record in map(
                unpack, crowd.makers[plan.market].step(crowd.prices[plan.market].ticks(), [])
            )
            if isinstance(record, NewOrder)
        ]
        for side in Side:
            atoms = sum(order.qty_lots for order in orders if order.side == side)
            units = atoms * lots[plan.market] / demo.ATOMS
            assert units > (1 if plan.base_asset == demo.BTC else 30)
