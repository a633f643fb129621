"""What the reference does with orders: the book's invariants, by id."""

import pytest
from tests.support.reference_scene import (
    ALICE,
    BOB,
    CAROL,
    MARKET,
    Scene,
    reasons,
    reports,
    trades,
)

from openoutcry.core.enums import (
    OrderPlace,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.limits import EVENT_BUDGET, FOK_STEPS_MAX
from openoutcry.core.records import (
    AmendOrder,
    CancelAll,
    CancelReplace,
    LevelEvent,
    MarketRow,
    OrderRow,
    PreventedEvent,
    SetMarketStatus,
    Tick,
    TradeEvent,
)

MARKET_ORDER = {"order_type": OrderType.MARKET, "price_ticks": 0}


def test_b02_b03_levels_are_the_sums_of_their_orders() -> None:
    scene = Scene()
    scene.buy(ALICE, 5, 100)
    events = scene.buy(BOB, 7, 100)
    scene.buy(BOB, 1, 99)
    levels = [event for event in events if isinstance(event, LevelEvent)]
    assert [(e.price_ticks, e.lots, e.orders, e.update_id) for e in levels] == [(100, 12, 2, 2)]
    assert scene.depth() == ([(100, 12), (99, 1)], [])


def test_b04_b05_b06_best_price_first_then_the_earliest_at_the_makers_price() -> None:
    scene = Scene()
    scene.sell(BOB, 1, 102)
    first = reports(scene.sell(BOB, 2, 101), BOB)[0]
    second = reports(scene.sell(CAROL, 2, 101), CAROL)[0]
    events = scene.buy(ALICE, 5, 105)
    assert trades(events) == [(101, 2), (101, 2), (102, 1)]
    sellers = [event.sell_order_id for event in events if isinstance(event, TradeEvent)]
    assert sellers[:2] == [first.order_id, second.order_id]
    assert [event.trade_id for event in events if isinstance(event, TradeEvent)] == [1, 2, 3]


def test_b07_b08_executed_and_open_are_the_original() -> None:
    scene = Scene()
    scene.sell(BOB, 10, 100)
    bought = reports(scene.buy(ALICE, 4, 100), ALICE)[-1]
    (open_order,) = scene.open_orders(BOB)
    assert bought.executed_lots == open_order.executed_lots == 4
    assert (bought.status, open_order.status) == (OrderStatus.FILLED, OrderStatus.PARTIALLY_FILLED)


def test_b09_ioc_never_rests_and_post_only_never_takes() -> None:
    scene = Scene()
    scene.sell(BOB, 3, 100)
    last = reports(scene.buy(ALICE, 5, 100, time_in_force=TimeInForce.IOC), ALICE)[-1]
    assert (last.status, last.reason, last.executed_lots) == (
        OrderStatus.EXPIRED,
        Reason.IOC_REMAINDER,
        3,
    )
    scene.sell(BOB, 3, 100)
    events = scene.buy(ALICE, 1, 100, order_type=OrderType.LIMIT_MAKER)
    assert reasons(events) == [Reason.WOULD_TAKE]
    assert scene.depth() == ([], [(100, 3)])


@pytest.mark.parametrize("mode", list(StpMode))
def test_b10_a_failed_fok_leaves_the_book_as_it_was(mode: StpMode) -> None:
    scene = Scene()
    scene.sell(BOB, 3, 100)
    scene.sell(ALICE, 3, 100)
    depth, market = scene.depth(), scene.reference.market(MARKET)
    lots = 7 if mode == StpMode.NONE else 4
    events = scene.buy(ALICE, lots, 100, time_in_force=TimeInForce.FOK, stp_mode=mode)
    assert reports(events, ALICE)[-1].reason == Reason.FOK_UNFILLED
    assert (scene.depth(), scene.reference.market(MARKET)) == (depth, market)


def test_b10_a_fok_of_too_many_steps_is_not_filled() -> None:
    scene = Scene()
    scene.sell(BOB, FOK_STEPS_MAX + 1, 100, iceberg_lots=1)
    for lots, status in (
        (FOK_STEPS_MAX + 1, OrderStatus.EXPIRED),
        (FOK_STEPS_MAX, OrderStatus.EXPIRED),
    ):
        events = scene.buy(ALICE, lots, 100, time_in_force=TimeInForce.FOK)
        assert reports(events, ALICE)[-1].status == status


def test_b11_a_market_order_never_rests_and_stays_within_its_worst_price() -> None:
    scene = Scene()
    scene.sell(BOB, 3, 100)
    scene.sell(BOB, 3, 120)
    events = scene.buy(ALICE, 5, 0, order_type=OrderType.MARKET, worst_ticks=110)
    assert trades(events) == [(100, 3)]
    assert reports(events, ALICE)[-1].reason == Reason.INSUFFICIENT_LIQUIDITY
    assert scene.open_orders(ALICE) == []


@pytest.mark.parametrize(
    ("mode", "left", "taker_status"),
    [
        (StpMode.EXPIRE_TAKER, [(100, 9)], OrderStatus.EXPIRED_IN_MATCH),
        (StpMode.EXPIRE_MAKER, [(100, 1)], OrderStatus.FILLED),
        (StpMode.EXPIRE_BOTH, [(100, 5)], OrderStatus.EXPIRED_IN_MATCH),
        (StpMode.DECREMENT, [(100, 5)], OrderStatus.EXPIRED_IN_MATCH),
        (StpMode.TRANSFER, [(100, 5)], OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_b13_b14_b15_self_trades_are_prevented(
    mode: StpMode, left: list[tuple[int, int]], taker_status: OrderStatus
) -> None:
    scene = Scene(groups=(4, 0, 4))
    scene.sell(CAROL, 4, 100)
    scene.sell(BOB, 5, 100)
    events = scene.buy(ALICE, 4, 100, stp_mode=mode)
    prevented = [event for event in events if isinstance(event, PreventedEvent)]
    assert len(prevented) == 1
    assert prevented[0].prevented_id == 1
    assert all(
        {event.buy_account_id, event.sell_account_id} != {ALICE, CAROL}
        for event in events
        if isinstance(event, TradeEvent)
    )
    if mode in {StpMode.DECREMENT, StpMode.TRANSFER}:
        assert (prevented[0].taker_prevented_lots, prevented[0].maker_prevented_lots) == (4, 4)
        assert prevented[0].stp_mode == StpMode.DECREMENT
    assert reports(events, ALICE)[-1].status == taker_status
    assert scene.depth()[1] == left


def test_b14_a_transfer_moves_money_without_fee_trade_or_last_price() -> None:
    scene = Scene(groups=(4, 0, 4))
    scene.sell(CAROL, 4, 100, stp_mode=StpMode.TRANSFER)
    events = scene.buy(ALICE, 4, 110, stp_mode=StpMode.TRANSFER)
    (taker,) = [report for report in reports(events, ALICE) if report.last_lots]
    assert (taker.paid_atoms, taker.received_atoms, taker.fee_atoms) == (400, 4, 0)
    assert (taker.prevented_lots, taker.executed_lots) == (4, 0)
    assert trades(events) == []
    row = MarketRow.unpack(scene.reference.market(MARKET) or b"")
    assert (row.last_price_ticks, row.trade_id) == (0, 0)


def test_b16_an_iceberg_shows_a_slice_and_queues_anew() -> None:
    scene = Scene()
    scene.sell(BOB, 10, 100, iceberg_lots=3)
    scene.sell(CAROL, 2, 100)
    assert scene.depth()[1] == [(100, 5)]
    events = scene.buy(ALICE, 6, 100)
    sellers = [event.sell_account_id for event in events if isinstance(event, TradeEvent)]
    assert sellers == [BOB, CAROL, BOB]
    assert scene.depth()[1] == [(100, 2)]


def test_b17_amending_down_keeps_the_place_in_the_queue() -> None:
    scene = Scene()
    first = reports(scene.sell(BOB, 5, 100), BOB)[0]
    scene.sell(CAROL, 5, 100)
    amend = AmendOrder(account_id=BOB, market=MARKET, order_id=first.order_id, qty_lots=2)
    scene.do(amend)
    assert reasons(scene.do(amend)) == [Reason.AMEND_NO_CHANGE]
    assert reasons(scene.do(amend._replace(qty_lots=6))) == [Reason.AMEND_INCREASE]
    events = scene.buy(ALICE, 3, 100)
    sellers = [event.sell_account_id for event in events if isinstance(event, TradeEvent)]
    assert sellers == [BOB, CAROL]


def test_b18_another_accounts_order_is_unknown() -> None:
    scene = Scene()
    order = reports(scene.sell(BOB, 5, 100), BOB)[0]
    assert reasons(scene.cancel(ALICE, order.order_id)) == [Reason.UNKNOWN_ORDER]
    assert reasons(scene.cancel(ALICE, 999 << 10)) == [Reason.UNKNOWN_ORDER]


def test_b19_cancel_all_leaves_nothing() -> None:
    scene = Scene()
    for price in range(10, 20):
        scene.buy(ALICE, 1, price)
    scene.buy(BOB, 1, 5)
    scene.do(CancelAll(account_id=ALICE, market=MARKET))
    assert scene.open_orders(ALICE) == []
    assert scene.depth() == ([(5, 1)], [])
    assert reasons(scene.do(CancelAll(account_id=ALICE, market=MARKET))) == [Reason.UNKNOWN_ORDER]


def test_b21_a_stop_is_unseen_until_it_triggers_once() -> None:
    scene = Scene()
    scene.sell(BOB, 1, 100)
    scene.buy(ALICE, 1, 100)
    scene.sell(CAROL, 9, 105)
    stop = {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_ticks": 105}
    scene.buy(ALICE, 2, 106, **stop)
    assert scene.depth() == ([], [(105, 9)])
    assert reasons(scene.buy(ALICE, 2, 106, **stop | {"stop_ticks": 100})) == [
        Reason.WOULD_TRIGGER_IMMEDIATELY
    ]
    events = scene.buy(BOB, 1, 105)
    assert trades(events) == [(105, 1), (105, 2)]
    assert [report.execution for report in reports(events, ALICE)] == [7, 4]


def test_b23_a_cascade_is_bounded_and_ends() -> None:
    scene = Scene()
    scene.sell(BOB, 1, 100)
    scene.buy(ALICE, 1, 100)
    for _ in range(700):
        scene.buy(ALICE, 1, 0, order_type=OrderType.STOP_LOSS, stop_ticks=105, worst_ticks=200)
    scene.sell(CAROL, 1_000, 105)
    events = scene.buy(BOB, 1, 105)
    assert len(events) <= EVENT_BUDGET
    assert scene.reference.pending()
    while scene.reference.pending():
        assert len(scene.do(Tick())) <= EVENT_BUDGET
    assert scene.depth()[1] == [(105, 299)]


def test_b24_a_trailing_stop_follows_the_price_one_way() -> None:
    scene = Scene()
    trailing = {"order_type": OrderType.STOP_LOSS, "trailing_bips": 1_000, "worst_ticks": 1}
    order = reports(scene.sell(ALICE, 1, 0, **trailing), ALICE)[0]

    def trade(price: int) -> None:
        scene.sell(BOB, 1, price)
        scene.buy(CAROL, 1, price)

    extremes = []
    for price in (100, 95, 120, 109):
        trade(price)
        row = OrderRow.unpack(scene.reference.order(ALICE, order.order_id) or b"")
        extremes.append(row.trailing_extreme_ticks)
    assert extremes == [100, 100, 120, 120]
    trade(108)
    assert scene.reference.order(ALICE, order.order_id) is None


def test_b31_a_halted_market_takes_cancels_alone() -> None:
    scene = Scene()
    order = reports(scene.buy(ALICE, 1, 100), ALICE)[0]
    scene.do(SetMarketStatus(market=MARKET, status=2))
    assert reasons(scene.sell(BOB, 1, 100)) == [Reason.MARKET_CLOSED]
    assert reasons(scene.cancel(ALICE, order.order_id)) == []


def test_b38_adding_and_cancelling_leaves_the_book_as_it_was() -> None:
    scene = Scene()
    scene.buy(BOB, 3, 99)
    depth, balances = scene.depth(), scene.reference.balances(ALICE)
    order = reports(scene.buy(ALICE, 2, 99, iceberg_lots=1), ALICE)[0]
    scene.cancel(ALICE, order.order_id)
    assert (scene.depth(), scene.reference.balances(ALICE)) == (depth, balances)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (1, [Reason.UNKNOWN_ORDER, Reason.NOT_ATTEMPTED]),
        (2, [Reason.UNKNOWN_ORDER]),
    ],
)
def test_cancel_replace_goes_on_only_as_its_mode_says(mode: int, expected: list[Reason]) -> None:
    scene = Scene()
    events = scene.do(
        CancelReplace(
            account_id=ALICE,
            market=MARKET,
            side=Side.BUY,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=10,
            qty_lots=1,
            client_order_id=b"new",
            cancel_order_id=77 << 10,
            mode=mode,
        )
    )
    assert reasons(events) == expected
    assert len(scene.open_orders(ALICE)) == mode - 1


def test_a_suspended_sweep_ends_when_the_market_is_halted() -> None:
    scene = Scene()
    for _ in range(500):
        scene.sell(BOB, 1, 100)
    order = reports(scene.buy(ALICE, 500, 100), ALICE)[0]
    row = OrderRow.unpack(scene.reference.order(ALICE, order.order_id) or b"")
    assert row.place == OrderPlace.QUEUED
    assert reasons(scene.buy(CAROL, 1, 50)) == []
    assert scene.reference.order(ALICE, order.order_id) is None
