"""Parameters as they come in: decoding, and reading one by one with the API's own refusals."""

import re
from collections.abc import Mapping
from operator import methodcaller
from urllib.parse import unquote_to_bytes

import msgspec

from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.catalog import Catalog, Market
from openoutcry.gateways.edge.service import ApiError

PARAMETERS_MAX = 100
"""More parameters than any endpoint takes; past this nobody looks at them."""
INTEGER_RANGE = r"^[0-9]{1,20}$"
SYMBOL_RANGE = r"^[\w\-._&&[^a-z]]{1,50}$"
CLIENT_ORDER_ID_RANGE = r"^[a-zA-Z0-9-_.:/]{1,36}$"
INTEGER_MAX = (1 << 63) - 1
MILLISECONDS_BELOW = 100_000_000_000_000
"""Times below this are in milliseconds, from it on in microseconds."""

_is_integer = re.compile(r"[0-9]{1,20}").fullmatch
_is_symbol = re.compile(r"[A-Z0-9_.\-]{1,50}").fullmatch
_is_client_order_id = re.compile(r"[a-zA-Z0-9\-_.:/]{1,36}").fullmatch
_name_and_value = methodcaller("split", "=")
_strings = msgspec.json.Decoder(list[str])


def _unquote(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise illegal_parameter() from None


def illegal_parameter() -> ApiError:
    """-1100 for bytes that are no text at all."""
    return ApiError(400, -1100, "Illegal characters found in a parameter.")


def decode_pairs(raw: str) -> dict[str, str]:
    """Decode `a=1&b=2`; a name that comes twice is refused."""
    pairs: dict[str, str] = {}
    parts = raw.split("&")
    if len(parts) > PARAMETERS_MAX:
        raise errors.too_many_parameters(PARAMETERS_MAX, len(parts))
    if "%" not in raw and "+" not in raw and raw.count("=") == len(parts):
        # The common case: every part is one plain name and one plain value.
        try:
            pairs = dict(map(_name_and_value, parts))
        except ValueError:
            pass
        else:
            if len(pairs) == len(parts) and "" not in pairs:
                return pairs
            pairs = {}
    for part in parts:
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = _unquote(name), _unquote(value)
        if name in pairs:
            raise errors.duplicate_parameter()
        if name:
            pairs[name] = value
    return pairs


def decode_request(query: str, body: bytes) -> dict[str, str]:
    """Decode the parameters of a request: those in the query win over those in the body."""
    if not body:
        return decode_pairs(query) if query else {}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise illegal_parameter() from None
    pairs = decode_pairs(text)
    if query:
        pairs.update(decode_pairs(query))
    return pairs


def check_known(parameters: Mapping[str, str], known: frozenset[str], unread: int = 0) -> None:
    """Refuse parameters that are empty or that the endpoint does not read."""
    if parameters.keys() <= known and "" not in parameters.values():
        return
    for name, value in parameters.items():
        if name not in known:
            read = sum(other in known for other in parameters) + unread
            raise errors.unread_parameters(read, len(parameters) + unread)
        if not value:
            raise errors.empty_parameter(name)


def text(parameters: Mapping[str, str], name: str) -> str:
    """Return a mandatory parameter."""
    value = parameters.get(name)
    if not value:
        raise errors.mandatory_parameter(name)
    return value


def integer(name: str, value: str, *, most: int = INTEGER_MAX) -> int:
    """Return a parameter's value as an integer from 0 up."""
    if _is_integer(value) is None or not value.isascii():
        raise errors.illegal_characters(name, INTEGER_RANGE)
    number = int(value)
    if number > most:
        raise errors.overflowed(name)
    return number


def optional_integer(
    parameters: Mapping[str, str], name: str, *, most: int = INTEGER_MAX
) -> int | None:
    """Return a parameter as an integer, None when it was not sent."""
    value = parameters.get(name)
    return None if value is None else integer(name, value, most=most)


def limit(parameters: Mapping[str, str], default: int, most: int) -> int:
    """Return the `limit` parameter; more than the most means the most, less than 1 is refused."""
    value = optional_integer(parameters, "limit")
    if value is None:
        return default
    if value < 1:
        raise errors.invalid_data("limit")
    return min(value, most)


def boolean(parameters: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Return a true or false parameter."""
    value = parameters.get(name)
    if value is None:
        return default
    lowered = value.lower()
    if lowered not in {"true", "false"}:
        raise errors.invalid_data(name)
    return lowered == "true"


def time_us(parameters: Mapping[str, str], name: str) -> int | None:
    """Return a time in microseconds; it may be sent in milliseconds or microseconds."""
    value = optional_integer(parameters, name)
    if value is None:
        return None
    return value * 1000 if value < MILLISECONDS_BELOW else value


def time_range(parameters: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return `startTime` and `endTime` in microseconds; a range that runs backwards is refused."""
    start, end = time_us(parameters, "startTime"), time_us(parameters, "endTime")
    if start is not None and end is not None and start > end:
        raise errors.bad_combination()
    return start, end


def whole_millisecond(time: int | None) -> int | None:
    """Return the last microsecond of a time that was given to the millisecond."""
    return time + 999 if time is not None and time % 1000 == 0 else time


def market(catalog: Catalog, parameters: Mapping[str, str]) -> Market:
    """Return the market of the mandatory `symbol` parameter."""
    symbol = parameters.get("symbol")
    if not symbol:
        raise errors.mandatory_parameter("symbol")
    return market_of_symbol(catalog, symbol)


def market_of_symbol(catalog: Catalog, symbol: str, name: str = "symbol") -> Market:
    """Return the market of a symbol as clients write it."""
    found = catalog.find(symbol)
    if found is None:
        if _is_symbol(symbol) is None:
            raise errors.illegal_characters(name, SYMBOL_RANGE)
        raise errors.invalid_symbol()
    return found


def names(name: str, value: str) -> list[str]:
    """Return a parameter that is a JSON array of strings; empty or repeating lists are refused."""
    try:
        found = _strings.decode(value)
    except msgspec.DecodeError:
        raise errors.invalid_json(name) from None
    if not found:
        raise errors.empty_parameter(name)
    if len(set(found)) != len(found):
        raise ApiError(400, -1151, "Symbol is present multiple times in the list.")
    return found


def symbols(catalog: Catalog, parameters: Mapping[str, str]) -> list[Market] | None:
    """Return the markets that `symbol` or `symbols` names, None when neither was sent."""
    if "symbols" in parameters:
        if "symbol" in parameters:
            raise errors.bad_combination()
        wanted = names("symbols", parameters["symbols"])
        return [market_of_symbol(catalog, symbol, "symbols") for symbol in wanted]
    if "symbol" in parameters:
        return [market(catalog, parameters)]
    return None


def client_order_id(name: str, value: str) -> bytes:
    """Return a client order id as the kernel keeps it."""
    if _is_client_order_id(value) is None:
        raise errors.illegal_characters(name, CLIENT_ORDER_ID_RANGE)
    return value.encode("ascii")
