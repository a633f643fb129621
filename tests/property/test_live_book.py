"""V01, V02: after every batch the public book, and what its changes add up to, is the kernel's."""

from collections.abc import Sequence

import pytest
from tests.support.kernel_batches import random_batches

from openoutcry.ports.market_data import MarketChange
from openoutcry.projections.live import LiveMarketData

ALL = 1_000_000
MARKETS = (1, 2, 3, 4)


class Follower:
    """A client's books: nothing but the changes."""

    def __init__(self) -> None:
        self.bids: dict[int, dict[int, int]] = {market: {} for market in MARKETS}
        self.asks: dict[int, dict[int, int]] = {market: {} for market in MARKETS}
        self.last_update_ids = dict.fromkeys(MARKETS, 0)

    def take(self, changes: Sequence[MarketChange]) -> None:
        assert [change.market for change in changes] == sorted(change.market for change in changes)
        for change in changes:
            if change.last_update_id:
                assert change.first_update_id == self.last_update_ids[change.market] + 1
                self.last_update_ids[change.market] = change.last_update_id
            for side, levels in (
                (self.bids[change.market], change.bids),
                (self.asks[change.market], change.asks),
            ):
                side.update(levels)
                for price_ticks in [price for price, lots in side.items() if lots == 0]:
                    del side[price_ticks]


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_mirror_is_the_kernels_book(seed: int) -> None:
    live = LiveMarketData()
    follower = Follower()
    live.listen(follower.take)
    best_told = dict.fromkeys(MARKETS, (0, 0, 0, 0))

    def note_best(changes: Sequence[MarketChange]) -> None:
        for change in changes:
            best = live.best(change.market)
            quotes = (best.bid_ticks, best.bid_lots, best.ask_ticks, best.ask_lots)
            assert change.best_changed == (quotes != best_told[change.market])
            best_told[change.market] = quotes

    live.listen(note_best)
    compared = 0
    for kernel, committed in random_batches(seed, 1_500):
        live.take(committed)
        for market in MARKETS:
            row = kernel.market(market)
            if row is None:
                continue
            bids, asks = kernel.depth(market, ALL)
            depth = live.depth(market, ALL)
            assert (list(depth.bids), list(depth.asks)) == (bids, asks)
            assert dict(bids) == follower.bids[market]
            assert dict(asks) == follower.asks[market]
            best = live.best(market)
            assert (best.bid_ticks, best.bid_lots) == (bids[0] if bids else (0, 0))
            assert (best.ask_ticks, best.ask_lots) == (asks[0] if asks else (0, 0))
            top = live.depth(market, 3)
            assert (list(top.bids), list(top.asks)) == (bids[:3], asks[:3])
            compared += bool(bids) + bool(asks)
    assert compared > 1_000


def test_a_book_can_begin_from_all_its_levels() -> None:
    live, late = LiveMarketData(), LiveMarketData()
    for kernel, committed in random_batches(14, 600):
        live.take(committed)
        if committed.seq == 300:
            for market in MARKETS:
                depth = live.depth(market, ALL)
                late.replace_book(market, depth.last_update_id, *kernel.depth(market, ALL))
        elif committed.seq > 300:
            late.take(committed)
            assert [late.depth(market, ALL) for market in MARKETS] == [
                live.depth(market, ALL) for market in MARKETS
            ]
