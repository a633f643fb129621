"""What the account side keeps: accounts, their open orders, holds, and answers given before."""

from dataclasses import dataclass, field
from typing import NamedTuple

from openoutcry.core.enums import OrderStatus, OrderType
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, RATE_ONE
from openoutcry.reference.catalog import Specification
from openoutcry.reference.checks import OrderCommand
from openoutcry.reference.log import Entity
from openoutcry.reference.terms import BUY, ceil_div, is_budgeted


class Shard(Entity):
    """An account shard: where order ids are counted."""

    __slots__ = ("order_counter",)

    def __init__(self, address: int) -> None:
        super().__init__(address)
        self.order_counter = 0


@dataclass(slots=True, eq=False)
class AccountOrder:
    """An open order as its account sees it: money and client's words, but no place in a book."""

    account_id: int
    order_id: int
    market: int
    side: int
    order_type: int
    time_in_force: int
    stp_mode: int
    trailing_bips: int
    trade_group: int
    strategy_id: int
    strategy_type: int
    price_ticks: int
    qty_lots: int
    quote_atoms: int
    stop_ticks: int
    iceberg_lots: int
    worst_ticks: int
    client_order_id: bytes
    hold_atoms: int
    maker_rate: int
    taker_rate: int
    created_us: int
    updated_us: int
    working_us: int
    flags: int
    waiting: bool
    """Whether it is conditional and not triggered yet."""
    status: int = OrderStatus.NEW
    amends: int = 0
    trailing_us: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    prevented_lots: int = 0
    taker_received_atoms: int = 0

    @property
    def remaining(self) -> int:
        """Lots still to do, for an order by quantity."""
        return self.qty_lots - self.executed_lots - self.prevented_lots

    @property
    def unit_held(self) -> bool:
        """Whether its hold is so much for each lot that remains (else it is a budget)."""
        return not is_budgeted(self.side, self.order_type, self.quote_atoms)

    def unit_hold(self, lots: int, specification: Specification) -> int:
        """Return what is held for so many lots of a unit-held order."""
        if self.side == BUY:
            return self.worst_ticks * lots * specification.tick_lot_atoms
        return lots * specification.lot_atoms

    def fee(self, received: int, specification: Specification, *, maker: bool) -> int:
        """Return the fee on what is received now, given what was received before in that role."""
        before = self.taker_received_atoms
        rate = self.taker_rate
        if maker:
            total = self.executed_quote_atoms
            if self.side == BUY:
                total = self.executed_lots * specification.lot_atoms
            before = total - before
            rate = self.maker_rate
        charged = ceil_div(rate * before, RATE_ONE)
        return ceil_div(rate * (before + received), RATE_ONE) - charged


@dataclass(slots=True, eq=False)
class AccountMarket:
    """The open orders of an account in one market, with the counts that limits look at."""

    orders: dict[int, AccountOrder] = field(default_factory=dict)
    """By order id, ascending, for ids are given out in order."""
    client_order_ids: dict[bytes, int] = field(default_factory=dict)
    reserved: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    """Client order ids that amends under way ask for: taken, but finding nothing yet.

    Each with the order that is to have it and how many amends ask for it."""
    waiting: int = 0
    icebergs: int = 0

    def is_taken(self, client_order_id: bytes, order_id: int = 0) -> bool:
        """Whether an order other than this one has the id, or is to have it."""
        holder = self.client_order_ids.get(client_order_id, order_id)
        asking, _ = self.reserved.get(client_order_id, (order_id, 0))
        return holder != order_id or asking != order_id

    def reserve(self, client_order_id: bytes, order_id: int) -> None:
        """Keep a client order id from others while an amend asks for it."""
        if client_order_id.rstrip(b"\0"):
            _, count = self.reserved.get(client_order_id, (order_id, 0))
            self.reserved[client_order_id] = (order_id, count + 1)

    def unreserve(self, client_order_id: bytes) -> None:
        """Take back one reservation: the amend has its answer."""
        if client_order_id.rstrip(b"\0"):
            order_id, count = self.reserved.pop(client_order_id)
            if count > 1:
                self.reserved[client_order_id] = (order_id, count - 1)


class Outcome(NamedTuple):
    """What a request came to, kept until its deadline for those who send it again."""

    deadline_us: int
    kind: int
    market: int
    reason: int
    order_id: int


@dataclass(slots=True, eq=False)
class Account:
    """An account's standing; its money is in the ledger."""

    account_id: int
    trade_group: int
    fee_schedule: int
    flags: int
    markets: dict[int, AccountMarket] = field(default_factory=dict)
    outcomes: dict[tuple[int, int], Outcome] = field(default_factory=dict)
    """By request digest."""

    def in_market(self, market: int) -> AccountMarket:
        """Return the account's open orders in a market."""
        found = self.markets.get(market)
        if found is None:
            found = self.markets[market] = AccountMarket()
        return found


class HoldPlan(NamedTuple):
    """What an order would hold, may spend, and would need for all of it."""

    hold_atoms: int
    budget_atoms: int
    need_atoms: int

    def is_covered(self, command: OrderCommand, free: int) -> bool:
        """Check 24."""
        if command.order_type == OrderType.MARKET:
            if command.side == BUY and command.qty_lots > 0:
                return free > 0
            if command.side != BUY and command.quote_atoms > 0:
                return self.hold_atoms > 0
        return self.hold_atoms <= free


def plan_hold(command: OrderCommand, specification: Specification, free: int) -> HoldPlan:
    """Plan the hold of an order of sound shape, given what is free of the asset that it pays."""
    tick_lot, lot = specification.tick_lot_atoms, specification.lot_atoms
    worst = command.price_ticks or command.worst_ticks
    qty, quote = command.qty_lots, command.quote_atoms
    if not is_budgeted(command.side, command.order_type, quote):
        hold = worst * qty * tick_lot if command.side == BUY else qty * lot
        return HoldPlan(hold, 0, hold)
    if command.side == BUY and quote > 0:
        return HoldPlan(quote, quote, quote)
    if command.side == BUY:
        need = min(worst * qty * tick_lot, AMOUNT_ATOMS_MAX)
        hold = min(need, free)
        return HoldPlan(hold, hold, need)
    need = min(ceil_div(quote, worst * tick_lot) * lot, AMOUNT_ATOMS_MAX)
    return HoldPlan(min(need, free - free % lot), quote, need)
