"""A market's filters by the names that operators use, with the units in which they are written.

The command line makes its options from this table and the administration reads requests by it.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import NamedTuple

from openoutcry.core.limits import AMOUNT_ATOMS_MAX, MULTIPLIER_ONE

_MULTIPLIER_SCALE = 4
_DIGITS_MAX = 30

assert 10**_MULTIPLIER_SCALE == MULTIPLIER_ONE, "multipliers are written as plain decimals"


class Unit(Enum):
    """How a field is written."""

    PRICE = "a price"
    QUANTITY = "a quantity"
    QUOTE = "an amount of the quote asset"
    MULTIPLIER = "a multiple of the average price"
    BIPS = "hundredths of a percent"
    COUNT = "a number"


class MarketField(NamedTuple):
    """One filter: its field in the specification, its unit, and what it does."""

    field: str
    unit: Unit
    meaning: str


class Scales(NamedTuple):
    """What is needed to read and write a market's figures."""

    tick_atoms: int
    lot_atoms: int
    base_scale: int
    quote_scale: int


MARKET_FIELDS: Mapping[str, MarketField] = {
    "price-min": MarketField("price_ticks_min", Unit.PRICE, "lowest price"),
    "price-max": MarketField("price_ticks_max", Unit.PRICE, "highest price"),
    "qty-min": MarketField("qty_lots_min", Unit.QUANTITY, "smallest order"),
    "qty-max": MarketField("qty_lots_max", Unit.QUANTITY, "largest order"),
    "market-qty-min": MarketField(
        "market_qty_lots_min", Unit.QUANTITY, "smallest order at market price"
    ),
    "market-qty-max": MarketField(
        "market_qty_lots_max", Unit.QUANTITY, "largest order at market price"
    ),
    "market-qty-step": MarketField(
        "market_qty_lots_step", Unit.QUANTITY, "step of orders at market price"
    ),
    "notional-min": MarketField("notional_atoms_min", Unit.QUOTE, "smallest value of an order"),
    "notional-max": MarketField("notional_atoms_max", Unit.QUOTE, "largest value of an order"),
    "position-max": MarketField(
        "position_lots_max", Unit.QUANTITY, "most that an account may hold and be buying"
    ),
    "bid-up": MarketField("bid_multiplier_up", Unit.MULTIPLIER, "highest bid"),
    "bid-down": MarketField("bid_multiplier_down", Unit.MULTIPLIER, "lowest bid"),
    "ask-up": MarketField("ask_multiplier_up", Unit.MULTIPLIER, "highest ask"),
    "ask-down": MarketField("ask_multiplier_down", Unit.MULTIPLIER, "lowest ask"),
    "average-minutes": MarketField(
        "average_price_minutes", Unit.COUNT, "minutes of the average price (0: last price)"
    ),
    "orders-max": MarketField("orders_max", Unit.COUNT, "open orders of an account"),
    "algo-orders-max": MarketField(
        "algo_orders_max", Unit.COUNT, "open stop and take-profit orders of an account"
    ),
    "iceberg-orders-max": MarketField(
        "iceberg_orders_max", Unit.COUNT, "open iceberg orders of an account"
    ),
    "iceberg-parts-max": MarketField("iceberg_parts_max", Unit.COUNT, "parts of an iceberg"),
    "amends-max": MarketField("amends_max", Unit.COUNT, "amendments of an order"),
    "trailing-above-min": MarketField(
        "trailing_above_bips_min", Unit.BIPS, "smallest trailing distance above"
    ),
    "trailing-above-max": MarketField(
        "trailing_above_bips_max", Unit.BIPS, "largest trailing distance above"
    ),
    "trailing-below-min": MarketField(
        "trailing_below_bips_min", Unit.BIPS, "smallest trailing distance below"
    ),
    "trailing-below-max": MarketField(
        "trailing_below_bips_max", Unit.BIPS, "largest trailing distance below"
    ),
}

DEFAULT_FILTERS: Mapping[str, str] = {
    "bid-up": "5",
    "bid-down": "0.2",
    "ask-up": "5",
    "ask-down": "0.2",
    "average-minutes": "5",
    "orders-max": "200",
    "algo-orders-max": "20",
    "iceberg-orders-max": "10",
    "iceberg-parts-max": "100",
    "amends-max": "10",
    "trailing-above-min": "10",
    "trailing-above-max": "2000",
    "trailing-below-min": "10",
    "trailing-below-max": "2000",
}
"""What a new market has unless it is told otherwise; a filter not named here is off."""


def integer_of(text: str, scale: int) -> int:
    """Return a decimal in units of 10**-scale, exactly; raises ValueError."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not number.is_finite() or number.adjusted() + scale > _DIGITS_MAX:
        raise ValueError(f"{text!r} is out of range")
    scaled = number.scaleb(scale)
    if scaled != int(scaled):
        raise ValueError(f"{text!r} has more than {scale} decimals")
    if abs(scaled) > AMOUNT_ATOMS_MAX:
        raise ValueError(f"{text!r} is out of range")
    return int(scaled)


def decimal_of(units: int, scale: int) -> str:
    """Return an amount in units of 10**-scale as the shortest decimal."""
    text = format(Decimal(units).scaleb(-scale), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_field(field: MarketField, text: str, scales: Scales) -> int:
    """Return a filter's value in the kernel's units; raises ValueError."""
    value = _parse(field.unit, text, scales)
    if value < 0:
        raise ValueError(f"{text!r} is negative")
    return value


def format_field(field: MarketField, value: int, scales: Scales) -> str:
    """Return a filter's value as an operator writes it."""
    match field.unit:
        case Unit.PRICE:
            return decimal_of(value * scales.tick_atoms, scales.quote_scale)
        case Unit.QUANTITY:
            return decimal_of(value * scales.lot_atoms, scales.base_scale)
        case Unit.QUOTE:
            return decimal_of(value, scales.quote_scale)
        case Unit.MULTIPLIER:
            return decimal_of(value, _MULTIPLIER_SCALE)
        case Unit.BIPS | Unit.COUNT:
            return str(value)


def _parse(unit: Unit, text: str, scales: Scales) -> int:
    match unit:
        case Unit.PRICE:
            return _whole(integer_of(text, scales.quote_scale), scales.tick_atoms, "tick", text)
        case Unit.QUANTITY:
            return _whole(integer_of(text, scales.base_scale), scales.lot_atoms, "lot", text)
        case Unit.QUOTE:
            return integer_of(text, scales.quote_scale)
        case Unit.MULTIPLIER:
            return integer_of(text, _MULTIPLIER_SCALE)
        case Unit.BIPS | Unit.COUNT:
            return integer_of(text, 0)


def _whole(atoms: int, step_atoms: int, what: str, text: str) -> int:
    units, rest = divmod(atoms, step_atoms)
    if rest:
        raise ValueError(f"{text!r} is not a whole number of {what}s")
    return units
