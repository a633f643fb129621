"""Filters in the words of operators: exact both ways."""

import pytest

from openoutcry.app.market_fields import (
    DEFAULT_FILTERS,
    MARKET_FIELDS,
    Scales,
    decimal_of,
    format_field,
    integer_of,
    parse_field,
)
from openoutcry.core.records import MarketEvent

SCALES = Scales(tick_atoms=1_000_000, lot_atoms=1_000, base_scale=8, quote_scale=8)


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [("1", 8, 10**8), ("0.00000001", 8, 1), ("-2.5", 1, -25), ("1e2", 0, 100), ("1.50", 1, 15)],
)
def test_decimals_become_integers(text: str, scale: int, value: int) -> None:
    assert integer_of(text, scale) == value


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e99", "0.1"])
def test_what_is_no_such_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        integer_of(text, 0)


@pytest.mark.parametrize(
    ("units", "scale", "text"),
    [(0, 8, "0"), (1, 8, "0.00000001"), (150, 1, "15"), (155, 2, "1.55")],
)
def test_integers_become_short_decimals(units: int, scale: int, text: str) -> None:
    assert decimal_of(units, scale) == text


@pytest.mark.parametrize("name", sorted(MARKET_FIELDS))
def test_every_filter_is_a_field_of_the_specification_and_reads_as_it_is_written(name: str) -> None:
    field = MARKET_FIELDS[name]
    assert field.field in MarketEvent._fields
    for text in ("0", "7", DEFAULT_FILTERS.get(name, "1")):
        assert format_field(field, parse_field(field, text, SCALES), SCALES) == text


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("price-min", "0.005", "whole number of ticks"),
        ("qty-min", "0.000001", "whole number of lots"),
        ("notional-min", "-1", "negative"),
        ("bid-up", "1.00001", "decimals"),
        ("orders-max", "1.5", "decimals"),
    ],
)
def test_a_value_that_does_not_fit_says_why(name: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_field(MARKET_FIELDS[name], text, SCALES)
