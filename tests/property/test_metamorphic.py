"""B37: other users, mirrored sides, shifted prices: the same story, told of others."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.property.small import (
    ACCOUNTS,
    EXAMPLES,
    MIDDLE,
    Small,
    limits,
    markets,
    new_order,
    stops,
)

from openoutcry.core.enums import EventKind

Orders = list[dict[str, Any]]
orders = st.lists(
    st.one_of(limits(stp=True), limits(stp=True), markets(stp=True), stops()), max_size=30
)
PRICES = ("price_ticks", "stop_ticks", "worst_ticks")


def _story(
    drawn: Orders,
    accounts: tuple[int, ...] = ACCOUNTS,
    price: Callable[[int], int] = lambda p: p,
    side: Callable[[int], int] = lambda s: s,
) -> list[tuple[Any, ...]]:
    """What happened, order by order, with accounts by number and prices and sides mapped back."""
    small, story = Small(accounts=accounts), []
    names = {account: number for number, account in enumerate(accounts)}
    for number, fields in enumerate(drawn):
        for e in small.do(new_order(fields, number, accounts)):
            if e.kind == EventKind.ORDER:
                last = price(e.last_ticks) if e.last_ticks else 0
                story.append(
                    (
                        names[e.account_id],
                        e.client_order_id,
                        side(e.side),
                        e.execution,
                        e.status,
                        e.reason,
                        e.flags,
                        last,
                        e.last_lots,
                        e.executed_lots,
                        e.prevented_lots,
                    )
                )
            elif e.kind == EventKind.LEVEL:
                story.append((side(e.side), price(e.price_ticks), e.lots, e.orders))
            elif e.kind == EventKind.REFUSED:
                story.append((names[e.account_id], e.reason))
            else:
                story.append((e.kind,))
    small.check()
    return story


def _mapped(drawn: Orders, price: Callable[[int], int], side: Callable[[int], int]) -> Orders:
    return [
        fields
        | {"side": side(fields["side"])}
        | {name: price(fields[name]) for name in PRICES if fields.get(name)}
        for fields in drawn
    ]


@EXAMPLES
@given(orders, st.permutations(range(len(ACCOUNTS))))
def test_other_users(drawn: Orders, order: list[int]) -> None:
    others = tuple((number + 50) << 10 | (number * 7 % 3) for number in range(4))
    relabelled = tuple(others[index] for index in order)

    assert _story(drawn) == _story(drawn, relabelled)


@EXAMPLES
@given(orders, st.integers(-MIDDLE // 2, 100_000))
def test_shifted_prices(drawn: Orders, shift: int) -> None:
    moved = _mapped(drawn, lambda p: p + shift, lambda s: s)

    assert _story(drawn) == _story(moved, price=lambda p: p - shift)


@EXAMPLES
@given(orders)
def test_mirrored_sides(drawn: Orders) -> None:
    def price(p: int) -> int:
        return 2 * MIDDLE - p

    def side(s: int) -> int:
        return 3 - s

    assert _story(drawn) == _story(_mapped(drawn, price, side), price=price, side=side)
