"""Decimal text in and out, without ever a float."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.gateways.edge.decimals import formatter, short_text_of, text_of, to_atoms
from openoutcry.gateways.edge.service import ApiError

scales = st.integers(0, 18)


@given(st.integers(0, 10**27), scales)
def test_text_and_back(atoms: int, scale: int) -> None:
    text = text_of(atoms, scale)
    if len(text.partition(".")[0]) <= 20:
        assert to_atoms("x", text, scale) == atoms
        assert to_atoms("x", short_text_of(atoms, scale), scale) == atoms
    assert Decimal(text) == Decimal(atoms).scaleb(-scale)


@given(st.integers(0, 10**20 - 1), st.text("0123456789", max_size=20), scales)
def test_every_legal_decimal_is_read_exactly_or_refused_for_its_places(
    whole: int, part: str, scale: int
) -> None:
    text = f"{whole}.{part}" if part else str(whole)
    exact = int(f"{whole}{part}") * 10**scale
    atoms, rest = divmod(exact, 10 ** len(part))
    if rest:
        with pytest.raises(ApiError) as caught:
            to_atoms("price", text, scale)
        assert caught.value.code == -1111
        assert caught.value.message == "Parameter 'price' has too much precision."
    else:
        assert to_atoms("price", text, scale) == atoms


@given(st.text(max_size=12))
def test_nothing_but_decimals_is_read(text: str) -> None:
    whole, dot, part = text.partition(".")
    pieces = [whole, part] if dot else [whole]
    legal = all(piece.isascii() and piece.isdigit() for piece in pieces)
    if not legal:
        with pytest.raises(ApiError) as caught:
            to_atoms("price", text, 8)
        assert caught.value.code == -1100


@pytest.mark.parametrize(
    "text",
    [
        "1e3", "1e400", " 1", "1 ", "+1", "-1", "-0", "1_000", "1,5", "NaN", "Infinity", ".5",
        "5.", "", "0x10", "１", "٣", "1\n", "\u00001", "1" * 21, "0." + "1" * 21,
    ],
)  # fmt: skip
def test_illegal_characters(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        to_atoms("price", text, 8)
    assert caught.value.code == -1100
    assert caught.value.message == (
        "Illegal characters found in parameter 'price'; "
        r"legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'."
    )


@given(st.integers(0, 2**60), st.integers(1, 10**6), scales)
def test_the_fast_formatter_says_the_same(units: int, multiplier: int, scale: int) -> None:
    assert formatter(multiplier, scale)(units) == text_of(units * multiplier, scale)


def test_leading_zeros_are_only_zeros() -> None:
    assert to_atoms("x", "01", 8) == 10**8
    assert to_atoms("x", "0.100000000000", 8) == 10**7
    assert text_of(-5, 2) == "-0.05"


def test_amounts_of_tokens_with_more_places_than_ours_are_shown() -> None:
    assert text_of(25 * 10**24, 24) == "25." + "0" * 24
    assert text_of(1, 255) == "0." + "0" * 254 + "1"
