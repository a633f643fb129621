"""Reference prices: the same for the same seed, and never far from home."""

import itertools
import random

from openoutcry.simulation.prices import Cross, Walk


def walk(seed: int = 1, anchor: int = 7_800_000) -> Walk:
    return Walk(anchor, random.Random(seed))


def path(of: Walk, steps: int) -> list[int]:
    prices = []
    for _ in range(steps):
        of.advance()
        prices.append(of.ticks())
    return prices


def test_a_seed_gives_one_path() -> None:
    assert path(walk(1), 500) == path(walk(1), 500)
    assert path(walk(1), 500) != path(walk(2), 500)


def test_a_step_is_small() -> None:
    prices = [7_800_000, *path(walk(), 10_000)]
    moves = [abs(after - before) for before, after in itertools.pairwise(prices)]
    assert max(moves) <= 7_800_000 * 6 // 100_000 + 1
    assert max(moves) > 100


def test_it_goes_on_from_where_it_was_and_comes_back_home() -> None:
    far = walk()
    far.start_at(10_000_000)
    assert abs(far.ticks() - 10_000_000) <= 1
    low = walk()
    low.start_at(1)
    assert low.ticks() == 7_800_000 * 7 // 10
    prices = path(far, 400_000)
    assert all(7_800_000 * 7 // 10 <= price <= 7_800_000 * 13 // 10 for price in prices)


def test_a_cross_follows_both() -> None:
    ether, bitcoin = walk(1, 240_000), walk(2)
    cross = Cross(ether, bitcoin, 100_000)
    assert cross.ticks() == 3_076
    bitcoin.start_at(7_000_000)
    assert cross.ticks() in {3_428, 3_429}
