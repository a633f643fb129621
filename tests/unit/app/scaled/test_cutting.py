"""A joined state cut apart: parts that both implementations take, with all money and all orders."""

from collections import Counter

import pytest
from tests.support.kernel_batches import random_batches

from openoutcry.app.scaled.cutting import Part, cut
from openoutcry.codec.records import decode_rows
from openoutcry.core.enums import Role
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.core.records import BalanceRow, MarketRow, OrderRow, Tick
from openoutcry.kernel import Kernel
from openoutcry.reference import Reference

FRESH = Kernel().snapshot()
EVENTS_HASH = FRESH[40:104]


def parts_of(markets: list[int]) -> list[Part]:
    shards = [entity_of_shard(shard) for shard in range(ACCOUNT_SHARDS)]
    return [
        Part(1, Role.ACCOUNTS, frozenset(shards[0::2])),
        Part(2, Role.ACCOUNTS, frozenset(shards[1::2])),
        *(
            Part(100 + market, Role.MARKETS, frozenset({entity_of_market(market)}))
            for market in markets
        ),
    ]


def at_rest(kernel: Kernel) -> Kernel:
    """Work off what a stream has left undone."""
    while kernel.pending():
        kernel.apply(Tick(time_us=kernel.time_us()).pack(), kernel.seq() + 1)
    return kernel


def a_state(seed: int) -> Kernel:
    for kernel, _ in random_batches(seed, 400):
        state = kernel
    return at_rest(state)


@pytest.mark.parametrize("seed", range(6))
def test_l01_every_part_is_a_state_and_nothing_is_lost(seed: int) -> None:
    joined = a_state(seed)
    rows = joined.snapshot()
    markets = [row.market for row in decode_rows(rows) if isinstance(row, MarketRow)]
    seq = joined.seq() + 1
    cut_rows = cut(rows, parts_of(markets), seq=seq, route_version=1, events_hash=EVENTS_HASH)
    money: Counter[tuple[int, int]] = Counter()
    orders = {Role.ACCOUNTS: 0, Role.MARKETS: 0}
    for part in parts_of(markets):
        data = cut_rows[part.number]
        for machine in (Kernel.restore(data), Reference.restore(data)):
            assert machine.snapshot() == data
            assert machine.seq() == seq
            assert machine.recount() == ""
            assert machine.role() == part.role
        assert Kernel.restore(data).state_hash() == Reference.restore(data).state_hash()
        for row in decode_rows(data):
            if isinstance(row, BalanceRow):
                money[row.account_id, row.asset] += row.free_atoms + row.held_atoms
            elif isinstance(row, OrderRow):
                orders[part.role] += 1
    before = [row for row in decode_rows(rows) if isinstance(row, BalanceRow)]
    assert money == {(row.account_id, row.asset): row.free_atoms + row.held_atoms for row in before}
    assert orders[Role.ACCOUNTS] == orders[Role.MARKETS] == joined.orders_count() > 0


@pytest.mark.parametrize("seed", range(3))
def test_books_are_the_same(seed: int) -> None:
    joined = a_state(seed)
    rows = joined.snapshot()
    markets = [row.market for row in decode_rows(rows) if isinstance(row, MarketRow)]
    cut_rows = cut(rows, parts_of(markets), seq=9, route_version=1, events_hash=EVENTS_HASH)
    for market in markets:
        there = Kernel.restore(cut_rows[100 + market])
        assert there.depth(market, 1 << 20) == joined.depth(market, 1 << 20)


def test_what_has_no_home_is_refused() -> None:
    rows = a_state(1).snapshot()
    with pytest.raises(ValueError, match="no partition is to host market"):
        cut(rows, parts_of([]), seq=9, route_version=1, events_hash=EVENTS_HASH)
    with pytest.raises(ValueError, match="two partitions"):
        cut(rows, parts_of([1]) * 2, seq=9, route_version=1, events_hash=EVENTS_HASH)
