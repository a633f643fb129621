"""Integers of the kernel as decimals that people read, and a price that somebody typed."""

import re

from openoutcry.core.limits import PRICE_TICKS_MAX
from openoutcry.ports.notifications import MarketTerms

_match = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?").fullmatch


class PriceError(ValueError):
    """Text that is no price of the market; the message says why."""


def text_of(atoms: int, scale: int) -> str:
    """Return an amount in units of 10**-scale without trailing zeros."""
    if atoms < 0:
        return "-" + text_of(-atoms, scale)
    whole, part = divmod(atoms, 10**scale)
    return f"{whole}.{part:0{scale}d}".rstrip("0").rstrip(".") if scale else str(whole)


def quantity_text(terms: MarketTerms, lots: int) -> str:
    """Return a quantity of the base asset."""
    return text_of(lots * terms.lot_atoms, terms.base_scale)


def price_text(terms: MarketTerms, ticks: int) -> str:
    """Return a price in the quote asset."""
    return text_of(ticks * terms.tick_atoms, terms.quote_scale)


def price_ticks(terms: MarketTerms, text: str) -> int:
    """Return a decimal price in ticks; raises PriceError when it is none of this market."""
    found = _match(text)
    if found is None:
        raise PriceError("a price is a decimal above zero, such as 101.25")
    whole, part = found.group(1), (found.group(2) or "").rstrip("0")
    if len(part) > terms.quote_scale:
        raise PriceError(f"a price has at most {terms.quote_scale} places")
    ticks, rest = divmod(int(whole + part.ljust(terms.quote_scale, "0")), terms.tick_atoms)
    if rest:
        raise PriceError(f"prices of {terms.symbol} go in steps of {price_text(terms, 1)}")
    if not 0 < ticks <= PRICE_TICKS_MAX:
        raise PriceError("no trade can have this price")
    return ticks
