"""Replays: each rule of the comparison on a capture small enough to follow by eye."""

from pathlib import Path

import pytest
from tests.unit.simulation.test_capture import write

from openoutcry.core.enums import CommandKind, Reason
from openoutcry.kernel import Kernel
from openoutcry.reference import Reference
from openoutcry.simulation import replay as replay_module
from openoutcry.simulation.capture import Capture
from openoutcry.simulation.replay import ReplayResult, agreeing_trades, replay


def nothing(done: int, total: int) -> None:
    assert 0 <= done <= total


def run(directory: Path) -> ReplayResult:
    return replay(Capture(directory), Kernel(), nothing)


def test_a_taker_meets_makers_by_price_then_time(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a1,1,1,101.0,1.0,created,ask",
        "a2,2,2,100.0,1.0,created,ask",
        "a3,3,3,100.0,1.0,created,ask",
        "b,4,4,101.0,2.5,created,bid",
        "c,5,5,90.0,1.0,created,bid",
        trades=("1,4,4,100.0,1.0,b,a2,buy",),
    )
    result = run(tmp_path)
    assert result.trades == [
        ("b", "a2", 10_000, 100_000_000),
        ("b", "a3", 10_000, 100_000_000),
        ("b", "a1", 10_100, 50_000_000),
    ]
    assert result.best_bid == (9_000, 100_000_000)
    assert result.best_ask == (10_100, 50_000_000)
    assert result.volume_lots == 250_000_000
    assert agreeing_trades(Capture(tmp_path), result) == 1


def test_an_order_that_never_took_is_post_only(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a,1,1,100.0,1.0,created,ask",
        "b,2,2,100.0,1.0,created,bid",
        "b,3,3,100.0,1.0,deleted,bid",
        "c,4,4,1.0,1.0,created,bid",
        trades=("1,1,1,100.0,1.0,x,y,buy",),
    )
    result = run(tmp_path)
    assert result.trades == []
    assert result.refusals == {
        (CommandKind.NEW_ORDER, Reason.WOULD_TAKE): 1,
        (CommandKind.CANCEL_ORDER, Reason.UNKNOWN_ORDER): 1,
    }


def test_without_trades_every_order_may_take(tmp_path: Path) -> None:
    write(tmp_path, "a,1,1,100.0,1.0,created,ask", "b,2,2,100.0,1.0,created,bid")
    assert len(run(tmp_path).trades) == 1


def test_a_lower_volume_amends_and_keeps_the_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a1,1,1,100.0,1.0,created,ask",
        "a2,2,2,100.0,1.0,created,ask",
        "a1,3,3,100.0,0.4,changed,ask",
        "b,4,4,100.0,0.5,created,bid",
    )
    assert run(tmp_path).trades == [
        ("b", "a1", 10_000, 40_000_000),
        ("b", "a2", 10_000, 10_000_000),
    ]


def test_a_change_that_our_engine_has_made_already_is_no_amend(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a,1,1,100.0,1.0,created,ask",
        "b,2,2,100.0,0.6,created,bid",
        "a,3,3,100.0,0.4,changed,ask",
        "c,4,4,100.0,0.4,created,bid",
    )
    result = run(tmp_path)
    assert [trade[3] for trade in result.trades] == [60_000_000, 40_000_000]
    assert not result.refusals


def test_an_increase_and_a_change_of_a_gone_order_are_ignored(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a,1,1,100.0,1.0,created,ask",
        "a,2,2,100.0,5.0,changed,ask",
        "b,3,3,100.0,9.0,created,bid",
        "a,4,4,99.0,0.5,changed,ask",
        "c,5,5,90.0,1.0,created,bid",
    )
    result = run(tmp_path)
    assert result.trades == [("b", "a", 10_000, 100_000_000)]
    assert result.best_ask is None


def test_a_new_price_is_a_cancel_and_an_order_that_may_take(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a1,1,1,100.0,1.0,created,ask",
        "a2,2,2,100.0,1.0,created,ask",
        "b,3,3,90.0,0.5,created,bid",
        "a1,4,4,101.0,2.0,changed,ask",
        "b,5,5,101.0,2.0,changed,bid",
        trades=("1,1,1,100.0,1.0,x,y,buy",),
    )
    assert run(tmp_path).trades == [
        ("b", "a2", 10_000, 100_000_000),
        ("b", "a1", 10_100, 100_000_000),
    ]


def test_stale_orders_and_those_gone_before_they_came_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        "stale,1,1,100.0,1.0,created,ask",
        "early,2,2,100.0,1.0,deleted,ask",
        "early,3,3,100.0,1.0,created,ask",
        "b,4,4,100.0,1.0,created,bid",
        meta={"stale_snapshot_orders": ["stale"]},
    )
    result = run(tmp_path)
    assert result.trades == []
    assert result.rows == 4
    assert result.rows_left_out == 3
    assert result.orders == 1


def test_an_ask_at_zero_sells_at_any_price(tmp_path: Path) -> None:
    write(tmp_path, "b,1,1,100.0,1.0,created,bid", "a,2,2,0.0,0.4,created,ask")
    assert run(tmp_path).trades == [("b", "a", 10_000, 40_000_000)]


def test_prices_and_volumes_that_no_market_takes_are_refused_and_counted(tmp_path: Path) -> None:
    write(
        tmp_path,
        "zero,1,1,0.0,1.0,created,bid",
        "none,2,2,100.0,0.0,created,bid",
        "high,3,3,999999999.0,1.0,created,ask",
    )
    result = run(tmp_path)
    assert result.refusals == {
        (CommandKind.NEW_ORDER, Reason.INVALID_COMBINATION): 2,
        (CommandKind.NEW_ORDER, Reason.PRICE_FILTER): 1,
    }


def test_the_book_is_read_before_the_capture_closes_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        "a,1,1,101.0,1.0,created,ask",
        "b,1,1,100.0,1.0,created,bid",
        "c,2,2,99.0,1.0,created,bid",
        "c,3,3,99.0,1.0,deleted,bid",
        "a,9,9,101.0,1.0,deleted,ask",
        "b,9,9,100.0,1.0,deleted,bid",
    )
    result = run(tmp_path)
    assert result.best_bid == (10_000, 100_000_000)
    assert result.best_ask == (10_100, 100_000_000)
    assert (result.rows_opening, result.rows_closing) == (2, 2)


def test_money_leaves_with_its_order_however_long_the_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders worth more than the supply of an asset may ever be, one after the other."""
    monkeypatch.setattr(replay_module, "BATCH_COMMANDS_MAX", 8)
    rows = []
    for number in range(0, 60, 3):
        rows += [
            f"b{number},{number},{number},90000.0,1000.0,created,bid",
            f"s{number},{number},{number},90000.0,1.0,created,ask",
            f"b{number},{number + 1},{number + 1},90000.0,999.0,deleted,bid",
            f"s{number},{number + 2},{number + 2},90000.0,0.0,deleted,ask",
        ]
    result = run(write(tmp_path, *rows))
    assert len(result.trades) == 20
    assert set(result.refusals) == {(CommandKind.CANCEL_ORDER, Reason.UNKNOWN_ORDER)}


def test_the_reference_comes_to_the_same(tmp_path: Path) -> None:
    rows = []
    for number in range(200):
        side = ("bid", "ask")[number * 7 % 3 % 2]
        price = 100 + number * 37 % 11
        rows.append(f"o{number},{number},{number},{price}.0,0.{number + 1},created,{side}")
        if number % 5 == 4:
            rows.append(f"o{number - 3},{number},{number},{price}.0,0.001,changed,{side}")
        if number % 7 == 6:
            rows.append(f"o{number - 5},{number},{number},{price}.0,0.0,deleted,{side}")
    write(tmp_path, *rows)
    native, plain = Kernel(), Reference()
    first = replay(Capture(tmp_path), native, nothing)
    assert first.trades
    assert first == replay(Capture(tmp_path), plain, nothing)
    assert native.events_hash() == plain.events_hash()
    assert native.state_hash() == plain.state_hash()


def test_an_empty_capture_is_an_empty_result(tmp_path: Path) -> None:
    result = run(write(tmp_path))
    assert result.rows == 0
    assert result.best_bid is None
