"""All REST routes: which endpoint answers which method and path.

A module of endpoints exports `ENDPOINTS`, a tuple of `edge.service.Endpoint`; its handlers take a
`Call` (parameters decoded and checked against `Endpoint.parameters`) and return the JSON body, now
or awaited.
"""

from collections.abc import Mapping

from openoutcry.gateways.edge import account, general, trading
from openoutcry.gateways.edge.orders import (
    AMEND_PARAMETERS,
    CANCEL_PARAMETERS,
    CANCEL_REPLACE_PARAMETERS,
    ORDER_PARAMETERS,
)
from openoutcry.gateways.edge.service import Endpoint, Handler, Security, Weight
from openoutcry.gateways.rest import capital, user_streams, wallet

API = "/api/v3/"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _get(path: str, handler: Handler, weight: Weight, parameters: str = "") -> Endpoint:
    """Return an endpoint that anyone may read."""
    return Endpoint("GET", API + path, handler, _names(parameters), weight)


def _read(path: str, handler: Handler, weight: Weight, parameters: str = "") -> Endpoint:
    """Return an endpoint that reads an account."""
    return Endpoint("GET", API + path, handler, _names(parameters), weight, Security.READ)


def _trade(
    method: str, path: str, handler: Handler, weight: int, parameters: frozenset[str]
) -> Endpoint:
    """Return an endpoint that places, changes or cancels orders: free when it succeeds."""
    return Endpoint(
        method,
        API + path,
        handler,
        parameters,
        weight,
        Security.TRADE,
        free_on_success=True,
        light=True,
    )


def _refused(method: str, path: str, handler: Handler) -> Endpoint:
    """Return an endpoint that the API has and that this exchange refuses, in the API's words."""
    return Endpoint(method, API + path, handler, security=Security.TRADE, lenient=True)


def _rules_weight(parameters: Mapping[str, str]) -> int:
    if "symbol" in parameters:
        return 2
    if "symbols" in parameters:
        return min(2 * (parameters["symbols"].count(",") + 1), 40)
    return 40


def _test_weight(parameters: Mapping[str, str]) -> int:
    return 20 if parameters.get("computeCommissionRates", "").lower() == "true" else 1


def _open_orders_weight(parameters: Mapping[str, str]) -> int:
    return 6 if "symbol" in parameters else 80


def _my_trades_weight(parameters: Mapping[str, str]) -> int:
    return 5 if "orderId" in parameters else 20


def _prevented_weight(parameters: Mapping[str, str]) -> int:
    return 20 if "orderId" in parameters else 2


GENERAL = (
    _get("ping", general.ping, 1),
    _get("time", general.server_time, 1),
    _get(
        "exchangeInfo",
        general.exchange_info,
        20,
        "symbol symbols permissions showPermissionSets symbolStatus",
    ),
    _get("executionRules", general.execution_rules, _rules_weight, "symbol symbols symbolStatus"),
    _get("referencePrice", general.reference_price, 2, "symbol"),
    _get("referencePrice/calculation", general.reference_price, 2, "symbol symbolStatus"),
)
TRADING = (
    _trade("POST", "order", trading.place_order, 1, ORDER_PARAMETERS),
    _trade("DELETE", "order", trading.cancel_order, 1, CANCEL_PARAMETERS),
    _trade("DELETE", "openOrders", trading.cancel_all, 1, _names("symbol")),
    _trade("POST", "order/cancelReplace", trading.cancel_replace, 1, CANCEL_REPLACE_PARAMETERS),
    _trade(
        "PUT",
        "order/amend/keepPriority",
        trading.amend_order,
        trading.AMEND_WEIGHT,
        AMEND_PARAMETERS,
    ),
    Endpoint(
        "POST",
        API + "order/test",
        trading.test_order,
        ORDER_PARAMETERS | {"computeCommissionRates"},
        _test_weight,
        Security.TRADE,
    ),
    _refused("POST", "order/oco", account.oco_not_supported),
    _refused("POST", "orderList/oco", account.oco_not_supported),
    _refused("POST", "orderList/oto", account.not_supported),
    _refused("POST", "orderList/otoco", account.oco_not_supported),
    _refused("POST", "orderList/opo", account.opo_not_supported),
    _refused("POST", "orderList/opoco", account.opo_not_supported),
    _refused("DELETE", "orderList", account.cancel_order_list),
    _refused("POST", "sor/order", account.not_supported),
    _refused("POST", "sor/order/test", account.not_supported),
)
ACCOUNT = (
    _read("account", account.account, 20, "omitZeroBalances"),
    _read("order", account.order, 4, "symbol orderId origClientOrderId"),
    _read("openOrders", account.open_orders, _open_orders_weight, "symbol"),
    _read("allOrders", account.all_orders, 20, "symbol orderId startTime endTime limit"),
    _read(
        "myTrades",
        account.my_trades,
        _my_trades_weight,
        "symbol orderId startTime endTime fromId limit",
    ),
    _read("rateLimit/order", account.order_rate_limits, 40),
    _read("account/commission", account.commission, 20, "symbol"),
    _read("order/amendments", account.amendments, 4, "symbol orderId fromExecutionId limit"),
    _read(
        "myPreventedMatches",
        account.prevented_matches,
        _prevented_weight,
        "symbol preventedMatchId orderId fromPreventedMatchId limit",
    ),
    _read(
        "myAllocations",
        account.allocations,
        20,
        "symbol startTime endTime fromAllocationId limit orderId",
    ),
    _read("myFilters", account.my_filters, 40, "symbol"),
    _read("openOrderList", account.no_order_lists, 6),
    _read("allOrderList", account.no_order_lists, 20, "fromId startTime endTime limit"),
    _read("orderList", account.no_such_order_list, 4, "orderListId origClientOrderId"),
)
ENDPOINTS = (
    GENERAL + TRADING + ACCOUNT + user_streams.ENDPOINTS + wallet.ENDPOINTS + capital.ENDPOINTS
)
"""All but market data, which `gateways/rest/market_data.py` has."""
