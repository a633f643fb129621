"""What a request may change, and what it must leave alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.small import (
    ACCOUNTS,
    BTC,
    EXAMPLES,
    FUNDS,
    MARKET,
    USD,
    Small,
    essence,
    limits,
    market,
    markets,
    new_order,
    stops,
)

from openoutcry.core import records as r
from openoutcry.core.enums import EventKind, Execution, OrderType, Reason, Side
from openoutcry.core.limits import EVENTS_PER_COMMAND_MAX, RATE_ONE
from openoutcry.kernel import Kernel
from openoutcry.reference import Reference

ROOT = Path(__file__).resolve().parents[2]
A, B, C, _ = ACCOUNTS
books = st.lists(st.one_of(limits(stp=True), stops()), max_size=15)
EXTREMES = (0, 1, -1, 2**31, 2**36 - 1, 2**36, 2**53 - 1, 2**53, 2**62, 2**63 - 1, -(2**63))
FIELDS = ("price_ticks", "qty_lots", "quote_atoms", "stop_ticks", "iceberg_lots", "worst_ticks")


def _with_book(drawn: list[dict[str, Any]], **rules: Any) -> Small:
    small = Small(market(**rules))
    for number, fields in enumerate(drawn):
        small.do(new_order(fields, number))
    return small


def _order(account: int, side: int, price: int, qty: int, name: bytes, **changes: Any) -> Any:
    fields: dict[str, Any] = {
        "account_id": account,
        "market": MARKET,
        "side": side,
        "order_type": OrderType.LIMIT,
        "time_in_force": 1,
        "price_ticks": price,
        "qty_lots": qty,
        "client_order_id": name,
    }
    return r.NewOrder(**(fields | changes))


@EXAMPLES
@given(
    books,
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(EXTREMES), min_size=1),
    st.integers(1, 7),
    st.integers(1, 2),
    st.integers(0, 3),
)
def test_a_refusal_changes_nothing(
    drawn: list[dict[str, Any]], wild: dict[str, int], order_type: int, side: int, tif: int
) -> None:
    """L10 B40: overflow, zero, negative and huge values are refused before any change."""
    small = _with_book(drawn)
    before = essence(small.kernel.snapshot())
    told = small.do(
        _order(A, side, 100, 5, b"wild", order_type=order_type, time_in_force=tif, **wild)
    )

    if told[-1].kind == EventKind.REFUSED:
        assert len(told) == 1
        assert essence(small.kernel.snapshot()) == before
    small.check()


@EXAMPLES
@given(
    st.sampled_from((r.Deposit, r.Withdraw, r.Adjust)),
    st.sampled_from((0, 1, 2, 3, 77, 65_535)),
    st.sampled_from((*EXTREMES, FUNDS, FUNDS + 1, -FUNDS, -FUNDS - 1)),
)
def test_money_that_is_none_is_refused(kind: Any, asset: int, amount: int) -> None:
    """L10 L11: nothing, negative, unknown and too much change nothing."""
    small = Small()
    before = essence(small.kernel.snapshot())
    told = small.do(kind(account_id=A, asset=asset, amount_atoms=amount))
    accepted = told[-1].kind == EventKind.BALANCE

    assert accepted == (essence(small.kernel.snapshot()) != before)
    if amount == 0 or asset not in {USD, BTC} or (amount < 0 and kind is not r.Adjust):
        assert not accepted
    small.check()


@EXAMPLES
@given(books, limits(stp=True))
def test_a_failed_fill_or_kill_changes_nothing(
    drawn: list[dict[str, Any]], fields: dict[str, Any]
) -> None:
    """B09 B10: nobody's order is touched, nor the taker's own."""
    small = _with_book(drawn)
    before = essence(small.kernel.snapshot())
    told = small.do(new_order(fields | {"time_in_force": 3, "iceberg_lots": 0}, 99))

    if told[-1].kind == EventKind.ORDER and told[-1].reason == Reason.FOK_UNFILLED:
        assert [e.execution for e in told] == [Execution.NEW, Execution.EXPIRED]
        assert essence(small.kernel.snapshot()) == before


@EXAMPLES
@given(books, st.one_of(limits(), stops()))
def test_adding_and_cancelling_leaves_the_state_as_it_was(
    drawn: list[dict[str, Any]], fields: dict[str, Any]
) -> None:
    """B38 L13, and L12: the second cancel finds nothing and does nothing."""
    small = _with_book(drawn)
    before = essence(small.kernel.snapshot())
    told = small.do(new_order(fields | {"time_in_force": 1}, 99))
    assume(all(e.kind in {EventKind.ORDER, EventKind.LEVEL} for e in told))
    cancel = r.CancelOrder(
        account_id=ACCOUNTS[fields["account"]],
        market=MARKET,
        original_client_order_id=b"n99",
    )
    assert small.do(cancel)[-1].reason == Reason.CANCELED_BY_USER
    assert essence(small.kernel.snapshot()) == before
    again = small.do(cancel)
    assert [e.reason for e in again] == [Reason.UNKNOWN_ORDER]
    assert essence(small.kernel.snapshot()) == before


@EXAMPLES
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 120), st.integers(0, 20))
def test_a_partial_fill_gives_back_exactly_the_rest(
    qty: int, taken: int, price: int, better: int
) -> None:
    """L12 L13: what was held is paid or comes back, to the atom."""
    small = Small()
    small.do(_order(A, Side.BUY, price + better, qty, b"a"))
    small.do(_order(B, Side.SELL, price, min(taken, qty), b"b"))
    small.do(r.CancelOrder(account_id=A, market=MARKET, original_client_order_id=b"a"))

    done = min(taken, qty)
    assert small.total(A) == (FUNDS - 3 * done * (price + better), FUNDS + 10 * done)
    assert all(row.held_atoms == 0 for row in small.rows(r.BalanceRow))


@EXAMPLES
@given(books, st.sampled_from(ACCOUNTS), st.integers(0, 2**40))
def test_cancel_of_an_unknown_or_anothers_order_is_one_answer(
    drawn: list[dict[str, Any]], account: int, unknown: int
) -> None:
    """B18."""
    small = _with_book(drawn)
    rows = small.rows(r.OrderRow)
    others = [row.order_id for row in rows if row.account_id != account]
    known = {row.order_id for row in rows}
    assume(others)
    assume(unknown not in known)
    before = essence(small.kernel.snapshot())
    answers = [
        small.do(r.CancelOrder(account_id=account, market=MARKET, order_id=order_id))
        for order_id in (others[0], unknown)
    ]
    alike = [
        [e._replace(order_id=0, entity_seq=0, seq=0, time_us=0) for e in answer]
        for answer in answers
    ]

    assert alike[0] == alike[1]
    assert alike[0][0].reason == Reason.UNKNOWN_ORDER
    assert essence(small.kernel.snapshot()) == before


@EXAMPLES
@given(books, st.sampled_from(ACCOUNTS))
def test_cancel_all_leaves_none(drawn: list[dict[str, Any]], account: int) -> None:
    """B19."""
    small = _with_book(drawn)
    others = [row for row in small.rows(r.OrderRow) if row.account_id != account]
    small.do(r.CancelAll(account_id=account, market=MARKET))

    assert small.rows(r.OrderRow) == others
    assert all(row.held_atoms == 0 for row in small.rows(r.BalanceRow) if row.account_id == account)
    small.check()


@EXAMPLES
@given(books, st.one_of(limits(), markets(), stops()), st.integers(2, 5))
def test_a_halted_market_only_cancels(
    drawn: list[dict[str, Any]], fields: dict[str, Any], status: int
) -> None:
    """B31."""
    small = _with_book(drawn)
    small.do(r.SetMarketStatus(market=MARKET, status=status))
    before = essence(small.kernel.snapshot())
    assert small.do(new_order(fields, 99))[-1].kind == EventKind.REFUSED
    for row in small.rows(r.OrderRow):
        name = {"account_id": row.account_id, "market": MARKET, "order_id": row.order_id}
        assert small.do(r.AmendOrder(**name, qty_lots=1))[-1].kind == EventKind.REFUSED
    assert essence(small.kernel.snapshot()) == before
    for row in small.rows(r.OrderRow):
        told = small.do(
            r.CancelOrder(account_id=row.account_id, market=MARKET, order_id=row.order_id)
        )
        assert told[-1].reason == Reason.CANCELED_BY_USER
    assert small.rows(r.OrderRow) == []


@EXAMPLES
@given(books, st.sampled_from(("tick_atoms", "lot_atoms", "tick_lot_atoms")), st.integers(2, 10))
def test_tick_and_lot_stay_as_they_are(drawn: list[dict[str, Any]], name: str, factor: int) -> None:
    """B33: in this version a market keeps its tick and lot, so that resting orders stay valid."""
    small = _with_book(drawn)
    before = essence(small.kernel.snapshot())
    rules = market()
    fields = {field: getattr(rules, field) for field in r.UpdateMarket._fields[9:]}
    for both in (
        {name: fields[name] * factor},
        {"tick_atoms": 30 * factor, "tick_lot_atoms": 3 * factor},
    ):
        told = small.do(r.UpdateMarket(**(fields | both)))
        assert told[-1].reason == Reason.INVALID_SPECIFICATION
    assert essence(small.kernel.snapshot()) == before


# ---- fees


@EXAMPLES
@given(
    st.integers(0, RATE_ONE - 1),
    st.integers(0, RATE_ONE - 1),
    st.integers(1, 500),
    st.integers(1, 50),
)
def test_a_round_trip_never_profits(maker: int, taker: int, price: int, qty: int) -> None:
    """L22: buy and sell again at the same price."""
    small = Small(fees=(maker, taker))
    small.do(_order(B, Side.SELL, price, qty, b"b1"))
    small.do(_order(A, Side.BUY, price, qty, b"a1"))
    small.do(_order(A, Side.SELL, price, qty, b"a2"))
    small.do(_order(B, Side.BUY, price, qty, b"b2"))

    for account in (A, B):
        assert all(total <= FUNDS for total in small.total(account))
    small.check()


@EXAMPLES
@given(st.integers(0, RATE_ONE - 1), st.integers(1, 200), st.lists(st.integers(1, 9), min_size=1))
def test_splitting_an_order_saves_no_fee(rate: int, price: int, parts: list[int]) -> None:
    """L23, F01: the fee of the whole is at most that of its parts; and F05: dust pays."""
    fees = []
    for pieces in ([sum(parts)], parts):
        small = Small(fees=(0, rate))
        small.do(_order(B, Side.BUY, price, sum(parts), b"b"))
        for number, qty in enumerate(pieces):
            small.do(_order(A, Side.SELL, price, qty, b"a%d" % number))
        fees.append(FUNDS + sum(parts) * price * 3 - small.total(A)[0])
    whole, split = fees

    assert whole == -(-rate * sum(parts) * price * 3 // RATE_ONE)
    assert whole <= split
    assert split >= len(parts) or rate == 0


@EXAMPLES
@given(st.integers(0, RATE_ONE - 1), st.integers(0, RATE_ONE - 1), st.integers(1, 50))
def test_rates_are_pinned_at_acceptance(before: int, after: int, qty: int) -> None:
    """F03."""
    small = Small(fees=(before, 0))
    small.do(_order(A, Side.SELL, 100, qty, b"a"))
    small.do(r.SetFees(schedule=0, maker_rate=after, taker_rate=0))
    small.do(_order(B, Side.BUY, 100, qty, b"b"))

    value = 300 * qty
    assert small.total(A)[0] == FUNDS + value + -before * value // RATE_ONE
    small.check()


@EXAMPLES
@given(
    st.integers(0, 18),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.integers(1, 2**36 - 1),
    st.integers(1, 2**53 - 1),
)
def test_a_notional_is_exact_for_every_legal_price_and_quantity(
    scale: int, tick_lot: int, lot: int, price: int, qty: int
) -> None:
    """F04: a market is let in only when tick x lot is a whole number of atoms."""
    tick, rest = divmod(tick_lot * 10**scale, lot)
    kernel = Kernel()
    assets = r.CreateAsset(asset=USD, name=b"USD").pack()
    assets += r.CreateAsset(asset=BTC, scale=scale, name=b"BTC").pack()
    kernel.apply(assets, 1)
    assume(0 < tick < 2**63)
    rules = market(tick_atoms=tick, lot_atoms=lot, tick_lot_atoms=tick_lot)
    event = kernel.apply(rules.pack(), 2)

    legal = rest == 0
    assert (event[2] == EventKind.MARKET) == legal
    if legal:
        exact = price * tick * qty * lot
        assert exact % 10**scale == 0
        assert exact // 10**scale == price * qty * tick_lot


# ---- cascades, bytes


def test_a_long_cascade_is_bounded_and_ends() -> None:
    """B21 B23 B39: three thousand stops at one price."""
    small, count = Small(), 3_000
    small.do(_order(C, Side.SELL, 100, 1, b"c0"))
    small.do(_order(B, Side.BUY, 100, 1, b"b0"))
    stop = {"order_type": OrderType.STOP_LOSS, "time_in_force": 0, "price_ticks": 0}
    for number in range(count):
        changes = stop | {"stop_ticks": 101, "worst_ticks": 200}
        small.do(_order(A, Side.BUY, 0, 1, b"s%d" % number, **changes))
    small.do(_order(B, Side.SELL, 101, count + 1, b"b1"))
    told = [small.do(_order(C, Side.BUY, 101, 1, b"c1"))]
    while small.kernel.pending():
        told.append(small.do(r.Tick()))

    assert all(len(events) <= EVENTS_PER_COMMAND_MAX for events in told)
    triggered = [
        e.order_id
        for events in told
        for e in events
        if e.kind == EventKind.ORDER and e.execution == Execution.TRIGGERED
    ]
    assert len(triggered) == len(set(triggered)) == count
    assert triggered == sorted(triggered), "first come, first triggered"
    assert len(told) < 40
    small.check()


_HASHES = """
from openoutcry.reference import Reference
from openoutcry.simulation.commands import CommandStream
machine, stream = Reference(), CommandStream(77)
for seq in range(1, 150):
    batch = stream.batch()
    stream.observe(machine.apply(batch.data, seq, batch.skip))
print(machine.events_hash().hex(), machine.state_hash().hex())
"""


def test_hash_seeds_change_nothing() -> None:
    """B22: neither the stream nor the reference depends on the order of a hash table."""
    told = {
        subprocess.run(
            [sys.executable, "-c", _HASHES],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT / "src")},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }

    assert len(told) == 1


@pytest.mark.parametrize("make", [Kernel, Reference], ids=["kernel", "reference"])
@pytest.mark.parametrize(
    "damage",
    [
        b"\x00",
        b"\x30\x00",
        b"\x2f\x00" + bytes(45),
        b"\x28\x00" + bytes(38),
        b"\x38\x00" + bytes(46),
    ],
    ids=["one byte", "header cut", "odd size", "below a header", "past the end"],
)
def test_wrong_framing_is_refused_whole(make: Any, damage: bytes) -> None:
    """B40: nothing of the batch happens, not even its good commands."""
    machine = make()
    good = r.CreateAsset(asset=1, scale=2, name=b"USD").pack()

    with pytest.raises(ValueError):
        machine.apply(good + damage, 1)
    with pytest.raises(ValueError):
        machine.apply(good, 7)
    assert machine.seq() == 0
    assert machine.apply(good, 1)


def test_no_money_field_is_anything_but_an_integer() -> None:
    """L09."""
    for table in (r.COMMANDS, r.EVENTS, r.ROWS):
        for layout in table.values():
            kinds = {field[0].kind for field in (layout.DTYPE.fields or {}).values()}
            assert kinds <= set("iuS")
