"""Every refusal in the API's own words: HTTP status, code and exact text."""

import msgspec

from openoutcry.core.enums import CommandKind, Reason
from openoutcry.gateways.edge.service import ApiError
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    OverloadedError,
    StorageFullError,
    UnreachedError,
)
from openoutcry.ports.history import HistoryAwayError
from openoutcry.ports.rate_limits import Limited
from openoutcry.ports.users import ListenKeysAwayError

UNANSWERED = (CallError, HistoryAwayError, ListenKeysAwayError)
"""A part of the exchange has no answer for us."""

_NEW = -2010
_CANCEL = -2011
_AMEND = -2038
_INVALID = -1013
_DISABLED = "This action is disabled on this account."
_UNKNOWN = "An unknown error occurred while processing the request."
_BALANCE = "Account has insufficient balance for requested action."
_NO_PERMISSION = "Invalid API-key, IP, or permissions for action."
_COMBINATION = "Unsupported order combination"

# The code 0 stands for the rejection code of the command: -2010, -2011 or -2038.
_REJECTED = 0
REASONS: dict[Reason, tuple[int, int, str]] = {
    Reason.NONE: (500, -1000, _UNKNOWN),
    Reason.UNKNOWN_COMMAND: (400, -1020, "This operation is not supported."),
    Reason.TIME_WENT_BACK: (500, -1000, _UNKNOWN),
    Reason.DEADLINE_PASSED: (
        400,
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
    ),
    Reason.DEADLINE_TOO_FAR: (
        400,
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
    ),
    Reason.UNKNOWN_ACCOUNT: (401, -2015, _NO_PERMISSION),
    Reason.ALREADY_EXISTS: (400, -1130, "Invalid data sent for a parameter."),
    Reason.ACCOUNT_MAY_NOT_TRADE: (
        400,
        _REJECTED,
        "This account may not place or cancel orders.",
    ),
    Reason.UNKNOWN_MARKET: (400, -1121, "Invalid symbol."),
    Reason.UNKNOWN_ASSET: (400, -1130, "Invalid data sent for a parameter."),
    Reason.INVALID_SPECIFICATION: (400, -1130, "Invalid data sent for a parameter."),
    Reason.INVALID_AMOUNT: (400, -1130, "Invalid data sent for a parameter."),
    Reason.INSUFFICIENT_BALANCE: (400, _REJECTED, _BALANCE),
    Reason.CAPACITY_REACHED: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    Reason.MARKET_BUSY: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    Reason.ACCOUNT_MAY_NOT_WITHDRAW: (400, _REJECTED, _DISABLED),
    Reason.ACCOUNT_MAY_NOT_DEPOSIT: (400, _REJECTED, _DISABLED),
    # Neither reaches a client: whoever asked a partition asks another one, or asks again.
    Reason.NOT_HOSTED: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    Reason.REQUEST_PENDING: (
        504,
        -1007,
        (
            "Timeout waiting for response from backend server. "
            "Send status unknown; execution status unknown."
        ),
    ),
    Reason.INVALID_SIDE: (400, -1117, "Invalid side."),
    Reason.INVALID_ORDER_TYPE: (400, -1116, "Invalid orderType."),
    Reason.INVALID_TIME_IN_FORCE: (400, -1115, "Invalid timeInForce."),
    Reason.STP_MODE_NOT_ALLOWED: (
        400,
        _INVALID,
        "This symbol does not allow the specified self-trade prevention mode.",
    ),
    Reason.INVALID_COMBINATION: (400, _REJECTED, _COMBINATION),
    Reason.ORDER_TYPE_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Market orders are not supported for this symbol.",
    ),
    Reason.ICEBERG_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Iceberg orders are not supported for this symbol.",
    ),
    Reason.TRAILING_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Trailing stop orders are not supported for this symbol.",
    ),
    Reason.QUOTE_QTY_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Quote order qty market orders are not support for this symbol.",
    ),
    Reason.CANCEL_REPLACE_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Order cancel-replace is not supported for this symbol.",
    ),
    Reason.AMEND_NOT_SUPPORTED: (
        400,
        _REJECTED,
        "Order amend is not supported for this symbol.",
    ),
    Reason.ICEBERG_EXCEEDS_QTY: (400, _REJECTED, "IcebergQty exceeds QTY."),
    Reason.CLIENT_ORDER_ID_INVALID: (
        400,
        -1100,
        (
            "Illegal characters found in parameter 'newClientOrderId'; legal range is "
            "'^[a-zA-Z0-9-_.:/]{1,36}$'."
        ),
    ),
    Reason.NOTIONAL_OVERFLOW: (400, _INVALID, "Filter failure: NOTIONAL"),
    Reason.PRICE_FILTER: (400, _INVALID, "Filter failure: PRICE_FILTER"),
    Reason.LOT_SIZE: (400, _INVALID, "Filter failure: LOT_SIZE"),
    Reason.MARKET_LOT_SIZE: (400, _INVALID, "Filter failure: MARKET_LOT_SIZE"),
    Reason.ICEBERG_PARTS: (400, _INVALID, "Filter failure: ICEBERG_PARTS"),
    Reason.TRAILING_DELTA: (400, _INVALID, "Filter failure: TRAILING_DELTA"),
    Reason.MAX_NUM_ORDERS: (400, _INVALID, "Filter failure: MAX_NUM_ORDERS"),
    Reason.MAX_NUM_ALGO_ORDERS: (400, _INVALID, "Filter failure: MAX_NUM_ALGO_ORDERS"),
    Reason.MAX_NUM_ICEBERG_ORDERS: (400, _INVALID, "Filter failure: MAX_NUM_ICEBERG_ORDERS"),
    Reason.EXCHANGE_MAX_NUM_ORDERS: (400, _INVALID, "Filter failure: EXCHANGE_MAX_NUM_ORDERS"),
    Reason.EXCHANGE_MAX_NUM_ALGO_ORDERS: (
        400,
        _INVALID,
        "Filter failure: EXCHANGE_MAX_NUM_ALGO_ORDERS",
    ),
    Reason.EXCHANGE_MAX_NUM_ICEBERG_ORDERS: (
        400,
        _INVALID,
        "Filter failure: EXCHANGE_MAX_NUM_ICEBERG_ORDERS",
    ),
    Reason.MAX_POSITION: (400, _INVALID, "Filter failure: MAX_POSITION"),
    Reason.PERCENT_PRICE_BY_SIDE: (400, _INVALID, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Reason.NOTIONAL: (400, _INVALID, "Filter failure: NOTIONAL"),
    Reason.MAX_NUM_ORDER_AMENDS: (400, _INVALID, "Filter failure: MAX_NUM_ORDER_AMENDS"),
    Reason.DUPLICATE_CLIENT_ORDER_ID: (400, _REJECTED, "Duplicate order sent."),
    Reason.MARKET_CLOSED: (400, _REJECTED, "Market is closed."),
    Reason.MARKET_VERSION_MISMATCH: (
        503,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    Reason.WOULD_TRIGGER_IMMEDIATELY: (400, _REJECTED, "Order would trigger immediately."),
    Reason.WOULD_TAKE: (400, _REJECTED, "Order would immediately match and take."),
    Reason.LIQUIDITY_BELOW_LOT_SIZE: (
        400,
        _REJECTED,
        "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
    ),
    Reason.UNKNOWN_ORDER: (400, _REJECTED, "Unknown order sent."),
    Reason.CANCEL_ID_MISMATCH: (
        400,
        _REJECTED,
        "Cancel order is invalid. Check origClOrdId and orderId.",
    ),
    Reason.CANCEL_RESTRICTED: (
        400,
        _REJECTED,
        "Order was not canceled due to cancel restrictions.",
    ),
    Reason.AMEND_INCREASE: (
        400,
        _REJECTED,
        "Order amend (quantity increase) is not supported.",
    ),
    Reason.AMEND_NO_CHANGE: (
        400,
        _REJECTED,
        "The requested action would change no state; rejecting.",
    ),
    Reason.NOT_ATTEMPTED: (400, _REJECTED, _COMBINATION),
    # How an order ended: never the answer to a command that was refused.
    Reason.CANCELED_BY_USER: (500, -1000, _UNKNOWN),
    Reason.IOC_REMAINDER: (500, -1000, _UNKNOWN),
    Reason.FOK_UNFILLED: (500, -1000, _UNKNOWN),
    Reason.INSUFFICIENT_LIQUIDITY: (500, -1000, _UNKNOWN),
    Reason.SELF_TRADE_PREVENTED: (500, -1000, _UNKNOWN),
    Reason.EXCHANGE_CANCELED: (500, -1000, _UNKNOWN),
    Reason.AMENDED_BELOW_EXECUTED: (500, -1000, _UNKNOWN),
    Reason.BUDGET_SPENT: (500, -1000, _UNKNOWN),
}
_REJECTION_CODES = {
    CommandKind.CANCEL_ORDER: _CANCEL,
    CommandKind.CANCEL_ALL: _CANCEL,
    CommandKind.AMEND_ORDER: _AMEND,
}


def of_reason(reason: int, command_kind: int = CommandKind.NEW_ORDER) -> ApiError:
    """Return what the API says when the kernel refuses a command for this reason."""
    status, code, message = REASONS[Reason(reason)]
    if code == _REJECTED:
        code = _REJECTION_CODES.get(CommandKind(command_kind), _NEW)
    return ApiError(status, code, message)


def body(error: ApiError) -> str:
    """Return the JSON that tells an error."""
    text = f'{{"code":{error.code},"msg":{_json(error.message)}'
    if error.data is not None:
        text += f',"data":{_json(error.data)}'
    return text + "}"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def unknown_error() -> ApiError:
    """-1000: something of ours went wrong."""
    return ApiError(500, -1000, _UNKNOWN)


def illegal_characters(name: str, legal_range: str) -> ApiError:
    """-1100: a parameter holds characters that it may not hold."""
    return ApiError(
        400,
        -1100,
        f"Illegal characters found in parameter '{name}'; legal range is '{legal_range}'.",
    )


def duplicate_parameter() -> ApiError:
    """-1101: a parameter came twice in the query or twice in the body."""
    return ApiError(400, -1101, "Duplicate values for a parameter detected.")


def too_many_parameters(expected: int, received: int) -> ApiError:
    """-1101: more parameters than any endpoint takes."""
    return ApiError(
        400, -1101, f"Too many parameters; expected '{expected}' and received '{received}'."
    )


def mandatory_parameter(name: str) -> ApiError:
    """-1102: a parameter is missing or malformed."""
    return ApiError(
        400,
        -1102,
        f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    )


def either_parameter(first: str, second: str) -> ApiError:
    """-1102: one of two parameters must be there."""
    return ApiError(
        400, -1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!"
    )


def unread_parameters(read: int, sent: int) -> ApiError:
    """-1104: parameters were sent that the endpoint does not know."""
    return ApiError(
        400,
        -1104,
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
    )


def empty_parameter(name: str) -> ApiError:
    """-1105: a parameter was sent without a value."""
    return ApiError(400, -1105, f"Parameter '{name}' was empty.")


def not_required(name: str) -> ApiError:
    """-1106: a parameter that does not go with the others."""
    return ApiError(400, -1106, f"Parameter '{name}' sent when not required.")


def overflowed(name: str) -> ApiError:
    """-1108: a number that does not fit."""
    return ApiError(400, -1108, f"Parameter '{name}' overflowed.")


def too_much_precision(name: str) -> ApiError:
    """-1111: more decimal places than the asset has."""
    return ApiError(400, -1111, f"Parameter '{name}' has too much precision.")


def invalid_symbol() -> ApiError:
    """-1121: no such symbol."""
    return ApiError(400, -1121, "Invalid symbol.")


def bad_combination() -> ApiError:
    """-1128: optional parameters that do not go together."""
    return ApiError(400, -1128, "Combination of optional parameters invalid.")


def invalid_data(name: str) -> ApiError:
    """-1130: a value that the parameter does not take."""
    return ApiError(400, -1130, f"Data sent for parameter '{name}' is not valid.")


def invalid_json(name: str) -> ApiError:
    """-1135: a parameter that must hold JSON does not."""
    return ApiError(400, -1135, f"JSON sent for parameter '{name}' is not valid")


def filter_failure(name: str) -> ApiError:
    """-1013: a filter of the symbol, by its name."""
    return ApiError(400, -1013, f"Filter failure: {name}")


def no_such_order() -> ApiError:
    """-2013: a query for an order that this account does not have."""
    return ApiError(400, -2013, "Order does not exist.")


def no_such_listen_key() -> ApiError:
    """-1125: a listen key that is not there."""
    return ApiError(400, -1125, "This listenKey does not exist.")


def unsupported_operation() -> ApiError:
    """-1020: the API has it, this exchange does not."""
    return ApiError(400, -1020, "This operation is not supported.")


def key_format_invalid() -> ApiError:
    """-2014: no API key, or none that could be one."""
    return ApiError(401, -2014, "API-key format invalid.")


def key_rejected() -> ApiError:
    """-2015: unknown, revoked, expired, used from elsewhere or without the permission."""
    return ApiError(401, -2015, _NO_PERMISSION)


def invalid_signature() -> ApiError:
    """-1022: the signature does not belong to this payload and key."""
    return ApiError(400, -1022, "Signature for this request is not valid.")


def outside_window() -> ApiError:
    """-1021: the request is too old."""
    return of_reason(Reason.DEADLINE_PASSED)


def ahead_of_time() -> ApiError:
    """-1021: the request comes from the future."""
    return of_reason(Reason.DEADLINE_TOO_FAR)


def window_too_large() -> ApiError:
    """-1131: recvWindow beyond a minute."""
    return ApiError(400, -1131, "recvWindow must be less than 60000.")


def too_many_requests(limited: Limited) -> ApiError:
    """-1003: over the request limits (429), or shut out for it (418)."""
    headers = {"Retry-After": str(limited.retry_after_s)}
    if limited.banned:
        message = (
            f"Way too much request weight used; IP banned until {limited.until_us // 1000}. "
            "Please use WebSocket Streams for live updates to avoid bans."
        )
        return ApiError(418, -1003, message, None, headers)
    message = (
        f"Too much request weight used; current limit is {limited.text}. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return ApiError(429, -1003, message, None, headers)


def too_many_orders(limited: Limited) -> ApiError:
    """-1015: over the account's unfilled order count."""
    return ApiError(
        429,
        -1015,
        f"Too many new orders; current limit is {limited.text}.",
        None,
        {"Retry-After": str(limited.retry_after_s)},
    )


def outcome_unknown() -> ApiError:
    """-1007: the command may or may not have been done."""
    return ApiError(
        504,
        -1007,
        "Timeout waiting for response from backend server. "
        "Send status unknown; execution status unknown.",
    )


def shutting_down() -> ApiError:
    """-1016: the server takes nothing more."""
    return ApiError(503, -1016, "This service is no longer available.")


def disconnected() -> ApiError:
    """-1001: a part of the exchange is not reached; nothing was done."""
    return ApiError(503, -1001, "Internal error; unable to process your request. Please try again.")


def of_call(error: CallError | HistoryAwayError | ListenKeysAwayError) -> ApiError:
    """Return what the API says when a command or read has no answer."""
    if isinstance(error, StorageFullError | OverloadedError):
        return overloaded()
    if isinstance(error, HistoryAwayError | ListenKeysAwayError | UnreachedError):
        return disconnected()
    if isinstance(error, NotAcceptedError):
        return shutting_down()
    return outcome_unknown()


def overloaded() -> ApiError:
    """-1008: nothing was done; try again later."""
    return of_reason(Reason.MARKET_BUSY)
