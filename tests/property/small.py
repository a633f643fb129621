"""A small exchange for property tests: one market, a few rich accounts, draws of what they do."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from tests.property.watch import Watcher, rows_of

from openoutcry.core import records as r
from openoutcry.core.enums import OrderType, StpMode, TimeInForce
from openoutcry.kernel import Kernel

USD, BTC = 1, 2
MARKET = 1
ACCOUNTS = tuple(number << 10 | number for number in range(1, 5))
FUNDS = 10**12
MIDDLE = 100
EXAMPLES = settings(deadline=None, max_examples=80, derandomize=True, database=None)
"""The same examples every time."""


def market(**changes: Any) -> r.CreateMarket:
    """The market, with some of its rules changed."""
    fields: dict[str, Any] = {
        "market": MARKET,
        "base_asset": BTC,
        "quote_asset": USD,
        "status": 1,
        "symbol": b"BTCUSD",
        "stp_modes": 0b11_1111,
        "order_types": 0b1111_1110,
        "flags": 0b111_1111,
        "tick_atoms": 30,
        "lot_atoms": 10,
        "tick_lot_atoms": 3,
    }
    return r.CreateMarket(**(fields | changes))


class Small:
    """A kernel with its watcher; `do` sends one command and returns its events."""

    def __init__(
        self,
        rules: r.CreateMarket | None = None,
        fees: tuple[int, int] = (0, 0),
        accounts: tuple[int, ...] = ACCOUNTS,
    ) -> None:
        self.kernel, self.watcher = Kernel(), Watcher()
        self._seq, self.time_us = 0, 1_000_000
        self.do(r.CreateAsset(asset=USD, scale=2, name=b"USD"))
        self.do(r.CreateAsset(asset=BTC, scale=2, name=b"BTC"))
        self.do((rules or market())._replace(tick_atoms=30))
        self.do(r.SetFees(schedule=0, maker_rate=fees[0], taker_rate=fees[1]))
        for account in accounts:
            self.do(r.CreateAccount(account_id=account, flags=7))
            for asset in (USD, BTC):
                self.do(r.Deposit(account_id=account, asset=asset, amount_atoms=FUNDS))

    def do(self, command: Any) -> list[Any]:
        """Send a command, a batch of its own; the watcher looks on."""
        self._seq += 1
        self.time_us += 1_000
        record = command._replace(time_us=command.time_us or self.time_us).pack()
        events = self.kernel.apply(record, self._seq)
        return self.watcher.batch(record, events)

    def rows(self, kind: Any) -> list[Any]:
        """State rows of one kind."""
        return [row for row in rows_of(self.kernel.snapshot()) if isinstance(row, kind)]

    def total(self, account: int) -> tuple[int, int]:
        """All USD and all BTC of an account."""
        rows = rows_of(self.kernel.balances(account))
        found = {row.asset: row.free_atoms + row.held_atoms for row in rows}
        return found.get(USD, 0), found.get(BTC, 0)

    def settle(self) -> None:
        """Tick until nothing waits."""
        for _ in range(1_000):
            if not self.kernel.pending():
                return
            self.do(r.Tick())
        raise AssertionError("B23: it does not end")

    def check(self) -> None:
        """Check the state as a whole."""
        self.watcher.state(self.kernel.snapshot())
        assert self.kernel.recount() == ""


_COUNTERS = {"entity_seq", "trade_id", "prevented_id", "update_id", "priority", "order_counter"}


def essence(snapshot: bytes) -> list[Any]:
    """The state without time, hashes and counters."""
    kept = []
    for row in rows_of(snapshot):
        if isinstance(row, r.MetaRow):
            continue
        zeroed = {name: 0 for name in row._fields if name in _COUNTERS}
        kept.append(row._replace(**zeroed))
    return kept


# ---- draws

sides = st.integers(1, 2)
prices = st.integers(MIDDLE - 6, MIDDLE + 6)
lots = st.integers(1, 12)
accounts = st.sampled_from(range(len(ACCOUNTS)))
modes = st.sampled_from(list(StpMode))
icebergs = st.sampled_from((0, 0, 0, 1, 2, 3))


@st.composite
def limits(draw: st.DrawFn, *, stp: bool = False) -> dict[str, Any]:
    """Draw a limit order; its account is an index."""
    time_in_force = draw(st.sampled_from((1, 1, 1, 2, 3) if stp else (1, 1, 1, 2)))
    qty = draw(lots)
    iceberg = min(draw(icebergs), qty) if time_in_force == TimeInForce.GTC else 0
    return {
        "account": draw(accounts),
        "side": draw(sides),
        "order_type": OrderType.LIMIT,
        "time_in_force": time_in_force,
        "price_ticks": draw(prices),
        "qty_lots": qty,
        "iceberg_lots": iceberg,
        "stp_mode": draw(modes) if stp else 0,
    }


@st.composite
def markets(draw: st.DrawFn, *, stp: bool = False) -> dict[str, Any]:
    """Draw a market order by quantity with a collar."""
    return {
        "account": draw(accounts),
        "side": draw(sides),
        "order_type": OrderType.MARKET,
        "qty_lots": draw(lots),
        "worst_ticks": draw(prices),
        "stp_mode": draw(modes) if stp else 0,
    }


@st.composite
def stops(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a conditional order that becomes a limit order."""
    return {
        "account": draw(accounts),
        "side": draw(sides),
        "order_type": draw(st.sampled_from((5, 7))),
        "time_in_force": draw(st.sampled_from((1, 2))),
        "price_ticks": draw(prices),
        "stop_ticks": draw(prices),
        "qty_lots": draw(lots),
    }


def new_order(fields: dict[str, Any], number: int, accounts: tuple[int, ...] = ACCOUNTS) -> Any:
    """Make the command of a drawn order; its client id is its number."""
    body = {name: value for name, value in fields.items() if name != "account"}
    account = accounts[fields["account"]]
    return r.NewOrder(account_id=account, market=MARKET, client_order_id=b"n%d" % number, **body)
