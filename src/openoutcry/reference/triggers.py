"""Orders that wait for a price: rising, falling and trailing."""

from bisect import bisect_left, insort
from itertools import takewhile

from openoutcry.core.enums import OrderPlace
from openoutcry.core.limits import MULTIPLIER_ONE
from openoutcry.reference.book import MarketOrder
from openoutcry.reference.terms import BUY, ceil_div, is_rising

_Key = tuple[int, int, int]


class Triggers:
    """The conditional orders of one market, in the order in which they would be moved."""

    def __init__(self) -> None:
        self._orders: dict[int, MarketOrder] = {}
        self._rising: list[_Key] = []
        """(stop, priority, order id): the lowest stop first."""
        self._falling: list[_Key] = []
        """(-stop, priority, order id): the highest stop first."""
        self.trailing: dict[int, MarketOrder] = {}
        """By order id, in the order of priority."""

    def add(self, order: MarketOrder) -> None:
        """Let the order, its priority set and higher than any other, wait."""
        if order.trailing_bips > 0:
            order.place = OrderPlace.TRAILING
            self.trailing[order.order_id] = order
            return
        order.place = OrderPlace.TRIGGER
        self._orders[order.order_id] = order
        keys, key = self._placing(order)
        insort(keys, key)

    def remove(self, order: MarketOrder) -> None:
        """Take a waiting order out."""
        order.place = OrderPlace.NOWHERE
        if order.trailing_bips > 0:
            del self.trailing[order.order_id]
            return
        del self._orders[order.order_id]
        keys, key = self._placing(order)
        index = bisect_left(keys, key)
        assert keys[index] == key, "a waiting order is not where it was put"
        del keys[index]

    def triggered(self, low: int, high: int) -> list[MarketOrder]:
        """Return the rising orders and then the falling ones whose stop lies within the trades."""
        rising = takewhile(lambda key: key[0] <= high, self._rising)
        falling = takewhile(lambda key: -key[0] >= low, self._falling)
        return [self._orders[order_id] for _, _, order_id in (*rising, *falling)]

    def _placing(self, order: MarketOrder) -> tuple[list[_Key], _Key]:
        if is_rising(order.side, order.order_type):
            return self._rising, (order.stop_ticks, order.priority, order.order_id)
        return self._falling, (-order.stop_ticks, order.priority, order.order_id)


def starts_trailing(order: MarketOrder, low: int, high: int) -> bool:
    """Whether trades from low to high make an inactive trailing order active."""
    if order.stop_ticks == 0:
        return True
    if is_rising(order.side, order.order_type):
        return order.stop_ticks <= high
    return order.stop_ticks >= low


def trail(order: MarketOrder, low: int, high: int, last: int) -> bool:
    """Move an active order's extreme; whether the last price has come far enough back."""
    bips = order.trailing_bips
    if order.side == BUY:
        order.extreme_ticks = min(order.extreme_ticks, low)
        turn = ceil_div(order.extreme_ticks * (MULTIPLIER_ONE + bips), MULTIPLIER_ONE)
        return last >= turn
    order.extreme_ticks = max(order.extreme_ticks, high)
    return last <= order.extreme_ticks * (MULTIPLIER_ONE - bips) // MULTIPLIER_ONE
