"""The bounds themselves, one step below and one beyond, on both implementations at once."""

from typing import Any

import pytest
from bench.differential import Pair, Sides

from openoutcry.core import records as r
from openoutcry.core.enums import EventKind, OrderType, Reason, Side, StpMode, TimeInForce
from openoutcry.core.limits import (
    AMOUNT_ATOMS_MAX,
    CANCEL_ALL_ORDERS_MAX,
    DEADLINE_AHEAD_US_MAX,
    EVENTS_PER_COMMAND_MAX,
    FOK_STEPS_MAX,
    QTY_LOTS_MAX,
    TRAILING_ORDERS_PER_MARKET_MAX,
)
from openoutcry.simulation.commands import Batch

USD, WEI = 1, 2
LOT_ATOMS = 10**12
A, B, C = (number << 10 | number for number in (1, 2, 3))
END_US = 2**63 - 1


class Both:
    """Kernel and reference with one market of large lots; they must agree on every byte."""

    def __init__(self) -> None:
        self.pair = Pair(Sides())
        self._orders = 0
        self.do(r.CreateAsset(asset=USD, scale=2, name=b"USD"))
        self.do(r.CreateAsset(asset=WEI, scale=18, name=b"WEI"))
        self.do(
            r.CreateMarket(
                market=1,
                base_asset=WEI,
                quote_asset=USD,
                status=1,
                symbol=b"WEIUSD",
                stp_modes=0b11_1111,
                order_types=0b1111_1110,
                flags=0b111_1111,
                tick_atoms=10**18 // LOT_ATOMS,
                lot_atoms=LOT_ATOMS,
                tick_lot_atoms=1,
            )
        )
        for account in (A, B, C):
            self.do(r.CreateAccount(account_id=account, flags=7))
            for asset in (USD, WEI):
                self.do(r.Deposit(account_id=account, asset=asset, amount_atoms=10**18))

    def do(self, *commands: Any) -> list[Any]:
        """Send commands as one batch; return its events."""
        data = b"".join(command.pack() for command in commands)
        events, told, offset = self.pair.apply(Batch(data, ())), [], 0
        while offset < len(events):
            event = r.EVENTS[events[offset + 2]].unpack(events, offset)
            told.append(event)
            offset += event.size
        self.pair.compare_states()
        return told

    def order(self, account: int, side: int, price: int, qty: int, **changes: Any) -> Any:
        """A limit order, or what the changes make of it."""
        self._orders += 1
        fields: dict[str, Any] = {
            "account_id": account,
            "market": 1,
            "side": side,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price_ticks": price,
            "qty_lots": qty,
            "client_order_id": b"o%d" % self._orders,
        }
        return r.NewOrder(**(fields | changes))


def test_cancel_all_ends_so_many_and_no_more() -> None:
    both = Both()
    count = CANCEL_ALL_ORDERS_MAX + 1
    both.do(*(both.order(A, Side.BUY, 1 + n, 1) for n in range(count)))
    every = r.CancelAll(account_id=A, market=1)
    ended = [[e for e in both.do(every) if e.kind == EventKind.ORDER_REQUESTED] for _ in range(2)]

    assert [len(events) for events in ended] == [CANCEL_ALL_ORDERS_MAX, 1]
    assert both.do(every)[0].reason == Reason.UNKNOWN_ORDER


@pytest.mark.parametrize("slices", [FOK_STEPS_MAX, FOK_STEPS_MAX + 1])
def test_fill_or_kill_takes_so_many_steps(slices: int) -> None:
    both = Both()
    both.do(both.order(A, Side.SELL, 5, slices, iceberg_lots=1))
    told = both.do(both.order(B, Side.BUY, 5, slices, time_in_force=TimeInForce.FOK))

    unfilled = told[-1].kind == EventKind.ORDER and told[-1].reason == Reason.FOK_UNFILLED
    assert unfilled == (slices > FOK_STEPS_MAX)


@pytest.mark.timeout(300)
def test_trailing_orders_are_bounded() -> None:
    both = Both()
    trailing: dict[str, Any] = {
        "order_type": OrderType.STOP_LOSS,
        "time_in_force": 0,
        "trailing_bips": 100,
        "worst_ticks": 9,
    }
    for _ in range(0, TRAILING_ORDERS_PER_MARKET_MAX, 1_000):
        both.do(*(both.order(A, Side.SELL, 0, 1, **trailing) for _ in range(1_000)))
    refused = both.do(both.order(B, Side.SELL, 0, 1, **trailing))
    stop = trailing | {"trailing_bips": 0, "stop_ticks": 5}
    accepted = both.do(both.order(B, Side.SELL, 0, 1, **stop))

    assert [e.reason for e in refused] == [Reason.CAPACITY_REACHED]
    assert [e.kind for e in accepted] == [EventKind.ORDER]


@pytest.mark.parametrize("mode", [mode for mode in StpMode if mode is not StpMode.NONE])
def test_a_budget_for_more_lots_than_an_order_may_have(mode: StpMode) -> None:
    both = Both()
    both.do(both.order(A, Side.SELL, 1, 1), both.order(A, Side.SELL, 2, 1))
    budget: dict[str, Any] = {
        "order_type": OrderType.MARKET,
        "time_in_force": 0,
        "quote_atoms": 10**18,
        "worst_ticks": 9,
        "stp_mode": mode,
    }
    assert budget["quote_atoms"] > QTY_LOTS_MAX
    assert budget["quote_atoms"] * LOT_ATOMS > AMOUNT_ATOMS_MAX
    told = both.do(both.order(A, Side.BUY, 0, 0, **budget))

    assert EventKind.PREVENTED in {e.kind for e in told}
    both.pair.recount()


@pytest.mark.parametrize("last", ["fill or kill", "cancel all"])
def test_the_longest_command_is_within_its_bound(last: str) -> None:
    """A drain may pass its budget by one fill-or-kill, and then the command adds its own."""
    both, steps = Both(), FOK_STEPS_MAX - 1
    sweep = 338 + 329
    kill = {"time_in_force": TimeInForce.FOK}
    both.do(both.order(A, Side.SELL, 1, 1), both.order(B, Side.BUY, 1, 1))
    both.do(both.order(A, Side.SELL, 2, sweep, iceberg_lots=1))
    both.do(*(both.order(A, Side.SELL, price, steps, iceberg_lots=1) for price in (3, 4)))
    both.do(*(both.order(C, Side.SELL, 50 + n, 1) for n in range(CANCEL_ALL_ORDERS_MAX)))
    stop = kill | {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_ticks": 2}
    both.do(both.order(B, Side.BUY, 3, steps, **stop))
    both.do(both.order(C, Side.BUY, 2, sweep, time_in_force=TimeInForce.IOC))
    command: Any = both.order(B, Side.BUY, 4, steps, **kill)
    if last == "cancel all":
        command = r.CancelAll(account_id=C, market=1)
    told = both.do(command)

    assert 2_048 < len(told) <= EVENTS_PER_COMMAND_MAX


def test_the_end_of_time() -> None:
    """No sum of times overflows; a request at the last microsecond is as good as any."""
    both = Both()
    first = both.order(A, Side.BUY, 1, 1, time_us=END_US - DEADLINE_AHEAD_US_MAX)
    late = [
        both.order(A, Side.BUY, 1, 1, time_us=END_US, deadline_us=deadline, digest_lo=7)
        for deadline in (0, END_US)
    ]
    told = both.do(first._replace(deadline_us=END_US, digest_lo=5), *late, late[1])

    kinds = [e.kind for e in told]
    orders = [EventKind.ORDER, EventKind.LEVEL]
    assert kinds == [*orders, *orders, *orders, EventKind.DUPLICATE]
