"""Integers as decimals, and prices that people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.core.limits import PRICE_TICKS_MAX
from openoutcry.notifications.amounts import PriceError, price_text, price_ticks, text_of
from openoutcry.ports.notifications import MarketTerms

TERMS = MarketTerms(1, "BTCUSD", "BTC", "USD", 8, 8, 1_000_000, 1_000, 10)
WHOLE = MarketTerms(2, "ABC", "A", "BC", 0, 0, 5, 1, 5)


@pytest.mark.parametrize(
    ("atoms", "scale", "text"),
    [
        (0, 8, "0"),
        (1, 8, "0.00000001"),
        (150_000_000, 8, "1.5"),
        (-150_000_000, 8, "-1.5"),
        (100, 0, "100"),
        (10**26, 8, "1000000000000000000"),
    ],
)
def test_text(atoms: int, scale: int, text: str) -> None:
    assert text_of(atoms, scale) == text


@given(st.integers(1, PRICE_TICKS_MAX), st.sampled_from([TERMS, WHOLE]))
def test_a_price_comes_back(ticks: int, terms: MarketTerms) -> None:
    assert price_ticks(terms, price_text(terms, ticks)) == ticks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "+1",
        "1e3",
        " 1",
        "1 ",
        "1,5",
        "1.",
        ".5",
        "1_000",
        "NaN",
        "0.001",
        "0.123456789",
        "\uff11",
        "1\n",
        "9" * 18,
        "9" * 19,
    ],
)
def test_what_is_no_price_of_the_market_is_refused(text: str) -> None:
    with pytest.raises(PriceError):
        price_ticks(TERMS, text)


def test_zeros_at_the_end_do_not_matter() -> None:
    assert price_ticks(TERMS, "100.500000000") == price_ticks(TERMS, "100.5") == 10_050
    assert price_ticks(WHOLE, "15.00") == 3
