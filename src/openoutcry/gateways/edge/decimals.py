"""Decimal text to integers and back, exactly; no float ever sees a price or an amount."""

import re
from collections.abc import Callable

from openoutcry.gateways.edge import errors

DECIMAL_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
"""What the API calls the legal range of a decimal parameter."""
_ONES = [int(10**scale) for scale in range(256)]
"""Of the exchange's own scales, which end at 18, and of those of any token on a chain."""
_match = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?").fullmatch


def to_atoms(name: str, text: str, scale: int) -> int:
    """Return a decimal in units of 10**-scale; refuses what is no decimal or too precise."""
    found = _match(text)
    if found is None:
        raise errors.illegal_characters(name, DECIMAL_RANGE)
    whole, part = found.groups()
    if part is None:
        return int(whole) * _ONES[scale]
    if len(part) > scale:
        part = part.rstrip("0")
        if len(part) > scale:
            raise errors.too_much_precision(name)
    return int(whole + part.ljust(scale, "0"))


def text_of(atoms: int, scale: int) -> str:
    """Return an amount in units of 10**-scale as a decimal with all its places."""
    if atoms < 0:
        return "-" + text_of(-atoms, scale)
    if scale == 0:
        return str(atoms)
    whole, part = divmod(atoms, _ONES[scale])
    return f"{whole}.{part:0{scale}d}"


def short_text_of(atoms: int, scale: int) -> str:
    """Return an amount in units of 10**-scale without trailing zeros."""
    text = text_of(atoms, scale)
    return text.rstrip("0").rstrip(".") if "." in text else text


def formatter(multiplier: int, scale: int) -> Callable[[int], str]:
    """Return a fast way from units of `multiplier` atoms (never negative) to decimal text."""
    if scale == 0:
        return lambda units: str(units * multiplier)
    one = _ONES[scale]
    template = f"%d.%0{scale}d"
    nothing = template % (0, 0)

    def text(units: int) -> str:
        return template % divmod(units * multiplier, one) if units else nothing

    return text
