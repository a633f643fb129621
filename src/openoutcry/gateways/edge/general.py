"""What anyone may ask of the exchange itself: is it there, what time is it, what does it trade."""

from openoutcry.core.enums import MarketStatus
from openoutcry.gateways.edge import errors, filters, params
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.service import ApiError, Call
from openoutcry.ports.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_DAY,
    RAW_REQUESTS_PER_5_MINUTES,
    REQUEST_WEIGHT_PER_MINUTE,
)

ORDER_LIMITS = (("SECOND", 10, ORDERS_PER_10_SECONDS), ("DAY", 1, ORDERS_PER_DAY))
RATE_LIMITS = (
    ("REQUEST_WEIGHT", "MINUTE", 1, REQUEST_WEIGHT_PER_MINUTE),
    *(("ORDERS", *limit) for limit in ORDER_LIMITS),
    ("RAW_REQUESTS", "MINUTE", 5, RAW_REQUESTS_PER_5_MINUTES),
)
"""(type, interval, number of intervals, limit), as exchangeInfo shows them."""
_RATE_LIMITS_JSON = filters.compact(
    [
        {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
        for kind, interval, number, limit in RATE_LIMITS
    ]
)
_PERMISSIONS = frozenset(("SPOT", "MARGIN", "LEVERAGED")) | frozenset(
    f"TRD_GRP_{number:03d}" for number in range(2, 26)
)
_STATUSES = ("TRADING", "HALT", "BREAK")


def ping(call: Call) -> bytes:
    """GET ping, ping: whether the exchange takes orders, all of it."""
    if not call.exchange.is_open():
        raise errors.disconnected()
    return b"{}"


def server_time(call: Call) -> bytes:
    """GET time, time."""
    return b'{"serverTime":%d}' % call.time(call.now_us)


def symbol_status(call: Call) -> MarketStatus | None:
    """Return the `symbolStatus` parameter."""
    value = call.parameters.get("symbolStatus")
    if value is None:
        return None
    if value not in _STATUSES:
        raise ApiError(400, -1122, "Invalid symbolStatus.")
    return MarketStatus[value]


def _permissions(call: Call) -> frozenset[str] | None:
    value = call.parameters.get("permissions")
    if value is None:
        return None
    wanted = params.names("permissions", value) if value.startswith("[") else [value]
    if not _PERMISSIONS.issuperset(wanted):
        raise errors.invalid_data("permissions")
    return frozenset(wanted)


def _wanted(call: Call) -> list[Market]:
    """Return the markets that symbol, symbols, permissions and symbolStatus let through."""
    catalog = call.exchange.catalog
    found = params.symbols(catalog, call.parameters)
    status, permissions = symbol_status(call), _permissions(call)
    if found is not None:
        if status is not None or permissions is not None:
            raise errors.bad_combination()
        return found
    if permissions is not None and "SPOT" not in permissions:
        return []
    return [market for market in catalog.markets() if status is None or market.status == status]


def exchange_info(call: Call) -> bytes:
    """GET exchangeInfo, exchangeInfo."""
    wanted = _wanted(call)
    show_sets = params.boolean(call.parameters, "showPermissionSets", default=True)
    texts = [filters.symbol_json(market) for market in wanted]
    if not show_sets:
        texts = [text.replace('"permissionSets":[["SPOT"]],', "") for text in texts]
    exchange_filters = filters.compact(filters.exchange_filters(call.exchange.catalog.limits))
    return (
        f'{{"timezone":"UTC","serverTime":{call.time(call.now_us)},'
        f'"rateLimits":{_RATE_LIMITS_JSON},"exchangeFilters":{exchange_filters},'
        f'"symbols":[{",".join(texts)}]}}'
    ).encode()


def execution_rules(call: Call) -> bytes:
    """GET executionRules, executionRules: this exchange has none."""
    if sum(name in call.parameters for name in ("symbol", "symbols", "symbolStatus")) > 1:
        raise errors.bad_combination()
    rules = [{"symbol": market.symbol, "rules": []} for market in _wanted(call)]
    return filters.compact({"symbolRules": rules}).encode()


def reference_price(call: Call) -> bytes:
    """GET referencePrice and its calculation: no symbol has one."""
    params.market(call.exchange.catalog, call.parameters)
    raise ApiError(400, -2043, "This symbol doesn't have a reference price.")
