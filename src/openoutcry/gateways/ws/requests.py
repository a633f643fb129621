"""Requests and replies of the WebSocket API as JSON, and which endpoint each method is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from openoutcry.gateways.edge.service import ApiError
from openoutcry.gateways.ws.ids import RequestId, is_request_id

_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])

# Methods that are REST endpoints under another name: (HTTP method, path below /api/v3/).
_SAME = {
    "ping": ("GET", "ping"),
    "time": ("GET", "time"),
    "exchangeInfo": ("GET", "exchangeInfo"),
    "executionRules": ("GET", "executionRules"),
    "depth": ("GET", "depth"),
    "trades.recent": ("GET", "trades"),
    "trades.historical": ("GET", "historicalTrades"),
    "trades.aggregate": ("GET", "aggTrades"),
    "blockTrades.historical": ("GET", "historicalBlockTrades"),
    "klines": ("GET", "klines"),
    "uiKlines": ("GET", "uiKlines"),
    "avgPrice": ("GET", "avgPrice"),
    "ticker": ("GET", "ticker"),
    "ticker.24hr": ("GET", "ticker/24hr"),
    "ticker.tradingDay": ("GET", "ticker/tradingDay"),
    "ticker.price": ("GET", "ticker/price"),
    "ticker.book": ("GET", "ticker/bookTicker"),
    "referencePrice": ("GET", "referencePrice"),
    "referencePrice.calculation": ("GET", "referencePrice/calculation"),
    "order.place": ("POST", "order"),
    "order.test": ("POST", "order/test"),
    "order.cancel": ("DELETE", "order"),
    "order.status": ("GET", "order"),
    "order.cancelReplace": ("POST", "order/cancelReplace"),
    "order.amend.keepPriority": ("PUT", "order/amend/keepPriority"),
    "order.amendments": ("GET", "order/amendments"),
    "openOrders.status": ("GET", "openOrders"),
    "openOrders.cancelAll": ("DELETE", "openOrders"),
    "allOrders": ("GET", "allOrders"),
    "myTrades": ("GET", "myTrades"),
    "myPreventedMatches": ("GET", "myPreventedMatches"),
    "myAllocations": ("GET", "myAllocations"),
    "myFilters": ("GET", "myFilters"),
    "account.status": ("GET", "account"),
    "account.commission": ("GET", "account/commission"),
    "account.rateLimits.orders": ("GET", "rateLimit/order"),
    "orderList.place": ("POST", "order/oco"),
    "orderList.place.oco": ("POST", "orderList/oco"),
    "orderList.place.oto": ("POST", "orderList/oto"),
    "orderList.place.otoco": ("POST", "orderList/otoco"),
    "orderList.place.opo": ("POST", "orderList/opo"),
    "orderList.place.opoco": ("POST", "orderList/opoco"),
    "orderList.cancel": ("DELETE", "orderList"),
    "orderList.status": ("GET", "orderList"),
    "openOrderLists.status": ("GET", "openOrderList"),
    "allOrderLists": ("GET", "allOrderList"),
    "sor.order.place": ("POST", "sor/order"),
    "sor.order.test": ("POST", "sor/order/test"),
    "userDataStream.start": ("POST", "userDataStream"),
    "userDataStream.ping": ("PUT", "userDataStream"),
    "userDataStream.stop": ("DELETE", "userDataStream"),
}
ENDPOINTS = {name: (method, f"/api/v3/{path}") for name, (method, path) in _SAME.items()}
"""Method of the WebSocket API to HTTP method and path of the REST endpoint that it is."""


@dataclass(slots=True)
class ApiRequest:
    """One request: its id as sent, its method without a version, its parameters as text."""

    request_id: RequestId
    method: str
    parameters: dict[str, str]


class RequestError(Exception):
    """A message that is no request; carries its id when that much could be read."""

    def __init__(self, request_id: RequestId, error: ApiError) -> None:
        super().__init__(error.message)
        self.request_id = request_id
        self.error = error


def _invalid(message: str) -> ApiError:
    return ApiError(400, -1135, message)


def parse_request(message: bytes) -> ApiRequest:
    """Read a request; raises RequestError.

    Numbers keep the text in which they were sent, for that is what the sender has signed.
    """
    try:
        fields = _objects.decode(message)
    except (msgspec.DecodeError, RecursionError):
        error = _invalid("Invalid JSON request; expected an object.")
        raise RequestError(None, error) from None
    request_id = _request_id(fields.get("id"))
    method = _value(fields.get("method"))
    if not isinstance(method, str):
        raise RequestError(
            request_id, _invalid("Invalid 'method' in JSON request; expected a string.")
        )
    raw = fields.get("params")
    parameters: dict[str, str] = {}
    if raw is not None and bytes(raw) != b"null":
        try:
            values = _objects.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            raise RequestError(
                request_id, _invalid("Invalid 'params' in JSON request; expected an object.")
            ) from None
        parameters = _texts(request_id, values)
    return ApiRequest(request_id, method.removeprefix("v3/"), parameters)


def _value(raw: msgspec.Raw | None) -> object:
    if raw is None:
        return None
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value


def _request_id(raw: msgspec.Raw | None) -> RequestId:
    """Return the id; a missing one and any other kind of value are refused."""
    value = _value(raw)
    is_missing = raw is None or (value is None and bytes(raw) != b"null")
    if is_missing or not is_request_id(value):
        raise RequestError(
            None, _invalid("Invalid 'id' in JSON request; expected an integer, a string or null.")
        )
    return cast("RequestId", value)


def _texts(request_id: RequestId, values: Mapping[str, msgspec.Raw]) -> dict[str, str]:
    """Return parameters as text: numbers as sent, strings as they are, arrays as compact JSON."""
    texts: dict[str, str] = {}
    for name, raw in values.items():
        token = bytes(raw)
        if token == b"null":
            continue
        if token[:1] in b'"[{':
            try:
                value = msgspec.json.decode(token)
            except (msgspec.DecodeError, RecursionError):
                error = ApiError(400, -1135, f"JSON sent for parameter '{name}' is not valid")
                raise RequestError(request_id, error) from None
            texts[name] = value if isinstance(value, str) else _compact(value)
        else:
            texts[name] = token.decode()
    return texts


def _compact(value: object) -> str:
    return msgspec.json.encode(value).decode()


def result_reply(request_id: RequestId, result: bytes, rate_limits: bytes | None) -> bytes:
    """Return the reply to a request that went well."""
    limits = b"" if rate_limits is None else b',"rateLimits":' + rate_limits
    return b'{"id":%b,"status":200,"result":%b%b}' % (
        msgspec.json.encode(request_id),
        result,
        limits,
    )


def error_reply(request_id: RequestId, error: ApiError, rate_limits: bytes | None) -> bytes:
    """Return the reply to a request that was refused."""
    body: dict[str, object] = {"code": error.code, "msg": error.message}
    if error.data is not None:
        body["data"] = error.data
    limits = b"" if rate_limits is None else b',"rateLimits":' + rate_limits
    return b'{"id":%b,"status":%d,"error":%b%b}' % (
        msgspec.json.encode(request_id),
        error.status,
        msgspec.json.encode(body),
        limits,
    )
