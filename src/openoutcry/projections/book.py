"""The mirror of a market's book: what its level events add up to."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping

from openoutcry.ports.market_data import BestQuotes, Depth, Level


class _BookSide:
    """Levels of one side; `ranks` ascend towards the best: most changes touch the list's end."""

    __slots__ = ("lots", "ranks", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.lots: dict[int, int] = {}
        self.ranks: list[int] = []

    def set(self, price_ticks: int, lots: int) -> None:
        levels = self.lots
        if lots:
            if price_ticks not in levels:
                insort(self.ranks, price_ticks * self.sign)
            levels[price_ticks] = lots
        elif levels.pop(price_ticks, 0):
            del self.ranks[bisect_left(self.ranks, price_ticks * self.sign)]

    def replace(self, levels: Iterable[Level]) -> None:
        self.lots = {price_ticks: lots for price_ticks, lots in levels if lots}
        self.ranks = sorted(price_ticks * self.sign for price_ticks in self.lots)

    def differences(self, levels: Iterable[Level]) -> dict[int, int]:
        there = {price_ticks: lots for price_ticks, lots in levels if lots}
        changed = {price: lots for price, lots in there.items() if self.lots.get(price) != lots}
        return changed | {price_ticks: 0 for price_ticks in self.lots if price_ticks not in there}

    def best(self) -> Level:
        if not self.ranks:
            return (0, 0)
        price_ticks = self.ranks[-1] * self.sign
        return (price_ticks, self.lots[price_ticks])

    def top(self, limit: int) -> list[Level]:
        sign = self.sign
        lots = self.lots
        ranks = self.ranks[-limit:] if limit < len(self.ranks) else self.ranks
        return [(rank * sign, lots[rank * sign]) for rank in reversed(ranks)]


class BookMirror:
    """Both sides of one book and the id of its last update."""

    __slots__ = ("_asks", "_bids", "last_update_id")

    def __init__(self) -> None:
        self._bids = _BookSide(1)
        self._asks = _BookSide(-1)
        self.last_update_id = 0

    def change(self, update_id: int, bids: Mapping[int, int], asks: Mapping[int, int]) -> None:
        """Take in what a batch made of the levels that it changed: lots by price in ticks."""
        for side, levels in ((self._bids, bids), (self._asks, asks)):
            for price_ticks, lots in levels.items():
                side.set(price_ticks, lots)
        self.last_update_id = update_id

    def replace(self, update_id: int, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Begin again from all levels of a book."""
        self._bids.replace(bids)
        self._asks.replace(asks)
        self.last_update_id = update_id

    def differences(
        self, bids: Iterable[Level], asks: Iterable[Level]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """Return what has to change, by side, for the book to be this one."""
        return self._bids.differences(bids), self._asks.differences(asks)

    def best(self) -> BestQuotes:
        """Return the best level of each side."""
        return BestQuotes(self.last_update_id, *self._bids.best(), *self._asks.best())

    def depth(self, limit: int) -> Depth:
        """Return up to `limit` levels a side, best first."""
        return Depth(self.last_update_id, self._bids.top(limit), self._asks.top(limit))
