"""Every refusal of the kernel has the API's words for it."""

import json

import pytest

from openoutcry.core.enums import CommandKind, Reason
from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.service import ApiError
from openoutcry.ports.rate_limits import Limited


def test_every_reason_is_mapped() -> None:
    assert set(errors.REASONS) == set(Reason)
    for reason in Reason:
        error = errors.of_reason(reason)
        assert error.status >= 400
        assert error.code < 0
        assert error.message


@pytest.mark.parametrize(
    ("reason", "kind", "code", "text"),
    [
        (Reason.INSUFFICIENT_BALANCE, CommandKind.NEW_ORDER, -2010,
         "Account has insufficient balance for requested action."),
        (Reason.DUPLICATE_CLIENT_ORDER_ID, CommandKind.NEW_ORDER, -2010, "Duplicate order sent."),
        (Reason.DUPLICATE_CLIENT_ORDER_ID, CommandKind.AMEND_ORDER, -2038, "Duplicate order sent."),
        (Reason.UNKNOWN_ORDER, CommandKind.CANCEL_ORDER, -2011, "Unknown order sent."),
        (Reason.UNKNOWN_ORDER, CommandKind.CANCEL_ALL, -2011, "Unknown order sent."),
        (Reason.MARKET_CLOSED, CommandKind.NEW_ORDER, -2010, "Market is closed."),
        (Reason.WOULD_TRIGGER_IMMEDIATELY, CommandKind.NEW_ORDER, -2010,
         "Order would trigger immediately."),
        (Reason.WOULD_TAKE, CommandKind.NEW_ORDER, -2010,
         "Order would immediately match and take."),
        (Reason.CANCEL_RESTRICTED, CommandKind.CANCEL_ORDER, -2011,
         "Order was not canceled due to cancel restrictions."),
        (Reason.PERCENT_PRICE_BY_SIDE, CommandKind.NEW_ORDER, -1013,
         "Filter failure: PERCENT_PRICE_BY_SIDE"),
        (Reason.NOTIONAL, CommandKind.AMEND_ORDER, -1013, "Filter failure: NOTIONAL"),
        (Reason.DEADLINE_PASSED, CommandKind.NEW_ORDER, -1021,
         "Timestamp for this request is outside of the recvWindow."),
        (Reason.UNKNOWN_MARKET, CommandKind.NEW_ORDER, -1121, "Invalid symbol."),
    ],
)  # fmt: skip
def test_texts_that_clients_match(reason: Reason, kind: CommandKind, code: int, text: str) -> None:
    error = errors.of_reason(reason, kind)
    assert (error.status, error.code, error.message) == (400, code, text)


def test_filters_are_named_in_full() -> None:
    named = {reason for reason in Reason if 40 <= reason < 60}
    for reason in named:
        assert errors.of_reason(reason).message == f"Filter failure: {reason.name}"


def test_the_body_of_an_error() -> None:
    assert errors.body(errors.invalid_symbol()) == '{"code":-1121,"msg":"Invalid symbol."}'
    error = ApiError(400, -1, 'a "quoted" <b>\u2028</b>', {"a": 1})
    assert json.loads(errors.body(error)) == {
        "code": -1,
        "msg": 'a "quoted" <b>\u2028</b>',
        "data": {"a": 1},
    }


def test_limits_say_when_to_come_back() -> None:
    slow = errors.too_many_requests(Limited("6000 request weight per 1 MINUTE", 12, 0))
    assert (slow.status, slow.code) == (429, -1003)
    assert slow.headers == {"Retry-After": "12"}
    assert "current limit is 6000 request weight per 1 MINUTE." in slow.message
    banned = errors.too_many_requests(Limited("", 120, 1_700_000_000_000_000, banned=True))
    assert banned.status == 418
    assert "IP banned until 1700000000000." in banned.message
    orders = errors.too_many_orders(Limited("100 orders per 10 SECOND", 3, 0))
    assert (orders.status, orders.code) == (429, -1015)
    assert orders.message == "Too many new orders; current limit is 100 orders per 10 SECOND."
