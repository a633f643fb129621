"""One side of an order book, and what a market knows of an order."""

from bisect import bisect_left, insort
from dataclasses import dataclass, field

from openoutcry.core.enums import OrderPlace
from openoutcry.reference.terms import BUY


@dataclass(slots=True, eq=False)
class MarketOrder:
    """An open order as its market sees it: no money but a budget, and no client's words."""

    order_id: int
    account_id: int
    trade_group: int
    side: int
    order_type: int
    time_in_force: int
    stp_mode: int
    trailing_bips: int
    price_ticks: int
    limit_ticks: int
    """The worst price at which it may trade: its own price, or the one given for unpriced types."""
    qty_lots: int
    quote_atoms: int
    stop_ticks: int
    iceberg_lots: int
    budgeted: bool
    budget_atoms: int
    cover_lots: int
    """For a sell by quote: lots that its hold still covers."""
    executed_lots: int = 0
    prevented_lots: int = 0
    amends: int = 0
    place: int = OrderPlace.NOWHERE
    visible_lots: int = 0
    priority: int = 0
    sweeping: bool = False
    trailing_active: bool = False
    extreme_ticks: int = 0
    ended: bool = False

    @property
    def by_quote(self) -> bool:
        """Whether it has a quote quantity, and so no quantity of its own."""
        return self.quote_atoms > 0

    @property
    def remaining(self) -> int:
        """Lots still to do, for an order by quantity."""
        return self.qty_lots - self.executed_lots - self.prevented_lots

    def owned_with(self, other: "MarketOrder") -> bool:
        """Whether a trade between the two would be a self-trade."""
        return self.account_id == other.account_id or (
            self.trade_group != 0 and self.trade_group == other.trade_group
        )


@dataclass(slots=True, eq=False)
class Level:
    """The orders at one price, first in the queue first."""

    side: int
    price_ticks: int
    lots: int = 0
    """Sum of the visible lots."""
    queue: dict[int, MarketOrder] = field(default_factory=dict)

    def head(self) -> MarketOrder:
        """Return the order that trades next."""
        return next(iter(self.queue.values()))


class BookSide:
    """The levels of one side."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._levels: dict[int, Level] = {}
        self._prices: list[int] = []

    def best(self) -> Level | None:
        """Return the best level, if there is one."""
        if not self._prices:
            return None
        return self._levels[self._prices[-1 if self.side == BUY else 0]]

    def levels(self) -> list[Level]:
        """Return all levels, best first."""
        prices = reversed(self._prices) if self.side == BUY else self._prices
        return [self._levels[price] for price in prices]

    def level(self, price_ticks: int) -> Level:
        """Return the level at a price at which an order rests."""
        return self._levels[price_ticks]

    def add(self, order: MarketOrder) -> Level:
        """Put the order, its visible lots set, at the back of its level."""
        level = self._levels.get(order.price_ticks)
        if level is None:
            level = self._levels[order.price_ticks] = Level(self.side, order.price_ticks)
            insort(self._prices, order.price_ticks)
        level.queue[order.order_id] = order
        level.lots += order.visible_lots
        return level

    def remove(self, order: MarketOrder) -> Level:
        """Take the order off its level; a level left empty goes too."""
        level = self._levels[order.price_ticks]
        del level.queue[order.order_id]
        level.lots -= order.visible_lots
        if not level.queue:
            assert level.lots == 0, "lots are left on an empty level"
            del self._levels[level.price_ticks]
            del self._prices[bisect_left(self._prices, level.price_ticks)]
        return level
