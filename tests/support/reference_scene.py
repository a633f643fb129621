"""A small exchange on the reference: asset 1 is cash, asset 2 the base; all units are one atom."""

from typing import Any

from openoutcry.core.enums import MarketStatus, OrderType, Side, TimeInForce
from openoutcry.core.ids import account_id_of
from openoutcry.core.records import (
    EVENTS,
    BalanceRow,
    CancelOrder,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    Event,
    NewOrder,
    OrderEvent,
    OrderRow,
    RefusedEvent,
    SetFees,
    TradeEvent,
)
from openoutcry.reference import Reference

CASH, BASE = 1, 2
MARKET = 1
START_US = 1_700_000_000_000_000
RICH = 1_000_000_000
ALICE, BOB, CAROL = account_id_of(1), account_id_of(2), account_id_of(3)

ASSETS = (
    CreateAsset(asset=CASH, scale=0, name=b"CASH"),
    CreateAsset(asset=BASE, scale=0, name=b"BASE"),
)


def market_command(**fields: Any) -> CreateMarket:
    """Everything is allowed and nothing is bounded, unless a field says so."""
    given: dict[str, Any] = {
        "market": MARKET,
        "base_asset": BASE,
        "quote_asset": CASH,
        "status": MarketStatus.TRADING,
        "symbol": b"BASECASH",
        "stp_modes": 0b111111,
        "order_types": 0b11111110,
        "flags": 0b1111111,
        "average_price_minutes": 5,
        "tick_atoms": 1,
        "lot_atoms": 1,
        "tick_lot_atoms": 1,
    }
    return CreateMarket(**(given | fields))


def unpacked(data: bytes) -> list[Event]:
    """Cut event bytes into records."""
    found: list[Event] = []
    offset = 0
    while offset < len(data):
        found.append(EVENTS[data[offset + 2]].unpack(data, offset))
        offset += found[-1].size
    return found


class Scene:
    """A reference with one market and three rich accounts; recounts after every batch."""

    def __init__(self, *, groups: tuple[int, int, int] = (0, 0, 0), **market: Any) -> None:
        self.reference = Reference()
        self.time_us = START_US
        self._names = 0
        self.do(*ASSETS, market_command(**market))
        self.do(SetFees(schedule=0, maker_rate=100_000, taker_rate=250_000))
        for account_id, group in zip((ALICE, BOB, CAROL), groups, strict=True):
            self.do(CreateAccount(account_id=account_id, trade_group=group, flags=7))
            for asset in (CASH, BASE):
                self.do(Deposit(account_id=account_id, asset=asset, amount_atoms=RICH))

    def do(self, *commands: Command) -> list[Event]:
        """Apply the commands as one batch, a millisecond later than the last."""
        self.time_us += 1_000
        stamped = [
            command._replace(time_us=command.time_us or self.time_us) for command in commands
        ]
        batch = b"".join(command.pack() for command in stamped)
        events = self.reference.apply(batch, self.reference.seq() + 1)
        assert self.reference.recount() == ""
        bids, asks = self.reference.depth(MARKET, 1)
        assert not (bids and asks) or bids[0][0] < asks[0][0], "B01"
        return unpacked(events)

    def place(self, account_id: int, side: int, **fields: Any) -> list[Event]:
        """Place an order: LIMIT GTC unless fields say otherwise."""
        self._names += 1
        given: dict[str, Any] = {
            "account_id": account_id,
            "market": MARKET,
            "side": side,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "client_order_id": b"order-%d" % self._names,
        }
        if fields.get("order_type", OrderType.LIMIT) not in {
            OrderType.LIMIT,
            OrderType.STOP_LOSS_LIMIT,
            OrderType.TAKE_PROFIT_LIMIT,
        }:
            given["time_in_force"] = TimeInForce.NONE
        return self.do(NewOrder(**(given | fields)))

    def buy(self, account_id: int, qty_lots: int, price_ticks: int, **fields: Any) -> list[Event]:
        return self.place(
            account_id, Side.BUY, qty_lots=qty_lots, price_ticks=price_ticks, **fields
        )

    def sell(self, account_id: int, qty_lots: int, price_ticks: int, **fields: Any) -> list[Event]:
        return self.place(
            account_id, Side.SELL, qty_lots=qty_lots, price_ticks=price_ticks, **fields
        )

    def cancel(self, account_id: int, order_id: int, **fields: Any) -> list[Event]:
        return self.do(
            CancelOrder(account_id=account_id, market=MARKET, order_id=order_id, **fields)
        )

    def balance(self, account_id: int, asset: int) -> tuple[int, int]:
        """(free, held)"""
        data = self.reference.balances(account_id)
        rows = [BalanceRow.unpack(data, at) for at in range(0, len(data), BalanceRow.SIZE)]
        return next(
            ((row.free_atoms, row.held_atoms) for row in rows if row.asset == asset), (0, 0)
        )

    def open_orders(self, account_id: int) -> list[OrderRow]:
        data = self.reference.open_orders(account_id)
        return [OrderRow.unpack(data, at) for at in range(0, len(data), OrderRow.SIZE)]

    def depth(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        return self.reference.depth(MARKET, 100)


def trades(events: list[Event]) -> list[tuple[int, int]]:
    """(price, lots) of each trade"""
    return [(e.price_ticks, e.lots) for e in events if isinstance(e, TradeEvent)]


def reasons(events: list[Event]) -> list[int]:
    return [event.reason for event in events if isinstance(event, RefusedEvent)]


def reports(events: list[Event], account_id: int) -> list[OrderEvent]:
    return [e for e in events if isinstance(e, OrderEvent) and e.account_id == account_id]
