"""Requests of the WebSocket API as text: whatever comes, one kind of refusal."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.gateways.edge.auth import sorted_payload
from openoutcry.gateways.edge.service import ApiError
from openoutcry.gateways.ws.control import ControlError, _decode, _request_id
from openoutcry.gateways.ws.requests import (
    RequestError,
    error_reply,
    parse_request,
    result_reply,
)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_numbers_keep_the_text_that_was_signed() -> None:
    request = parse_request(
        b'{"id":1,"method":"v3/order.place","params":{"price":0.00001000,"quantity":1e-05,'
        b'"timestamp":1660801715431,"flag":true,"nothing":null,"name":"\\u00fc&=",'
        b'"symbols":[ "A", "B" ]}}'
    )
    assert request.method == "order.place"
    assert request.parameters == {
        "price": "0.00001000",
        "quantity": "1e-05",
        "timestamp": "1660801715431",
        "flag": "true",
        "name": "ü&=",
        "symbols": '["A","B"]',
    }


def test_the_signed_payload_is_sorted_by_name() -> None:
    parameters = {"symbol": "BTCUSD", "apiKey": "k", "signature": "s", "Zeta": "1"}
    assert sorted_payload(parameters) == b"Zeta=1&apiKey=k&symbol=BTCUSD"


@pytest.mark.parametrize(
    "request_id", [None, 0, -1, (1 << 63) - 1, -(1 << 63), "", "a-b", "x" * 36]
)
def test_ids(request_id: object) -> None:
    text = json.dumps({"id": request_id, "method": "ping"}).encode()
    assert parse_request(text).request_id == request_id


@given(st.binary())
def test_any_bytes(message: bytes) -> None:
    with pytest.raises(RequestError):
        parse_request(message + b"\x00")


@given(JSON_VALUES)
def test_any_json(value: object) -> None:
    message = json.dumps(value).encode()
    with suppress(RequestError):
        parse_request(message)
    with suppress(ControlError):
        _request_id(_decode(message))


@given(st.dictionaries(st.sampled_from(["id", "method", "params"]), JSON_VALUES))
def test_any_fields(fields: dict[str, object]) -> None:
    try:
        request = parse_request(json.dumps(fields).encode())
    except RequestError as refusal:
        reply = error_reply(refusal.request_id, refusal.error, b"[]")
    else:
        assert all(isinstance(value, str) for value in request.parameters.values())
        reply = result_reply(request.request_id, b"{}", None)
    assert "id" in json.loads(reply)


def test_replies() -> None:
    assert result_reply("a", b"{}", b"[]") == b'{"id":"a","status":200,"result":{},"rateLimits":[]}'
    error = ApiError(409, -2021, "text", {"a": 1})
    assert json.loads(error_reply(None, error, None)) == {
        "id": None,
        "status": 409,
        "error": {"code": -2021, "msg": "text", "data": {"a": 1}},
    }
