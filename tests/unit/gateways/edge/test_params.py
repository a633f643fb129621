"""Parameters: decoded once, refused in the API's words."""

from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.gateways.edge import params
from openoutcry.gateways.edge.service import ApiError

names = st.text("abcdefgXYZ019", min_size=1, max_size=8)
values = st.text(max_size=12).filter(lambda text: text.isprintable())


def refusal(call: object, *arguments: object, **options: object) -> tuple[int, str]:
    with pytest.raises(ApiError) as caught:
        call(*arguments, **options)  # type: ignore[operator]
    return caught.value.code, caught.value.message


@given(st.dictionaries(names, values, max_size=6))
def test_what_is_encoded_is_decoded(pairs: dict[str, str]) -> None:
    encoded = urlencode(pairs)
    assert params.decode_request(encoded, b"") == pairs
    assert params.decode_request("", encoded.encode()) == pairs


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(query: bytes, body: bytes) -> None:
    with suppress(ApiError):
        params.decode_request(query.decode("latin-1"), body)


def test_the_query_wins_over_the_body() -> None:
    assert params.decode_request("a=1&b=2", b"b=3&c=4") == {"a": "1", "b": "2", "c": "4"}


def test_a_parameter_twice_is_refused() -> None:
    assert refusal(params.decode_request, "a=1&a=1", b"")[0] == -1101
    assert refusal(params.decode_request, "", b"a=1&%61=2")[0] == -1101


def test_too_many_parameters() -> None:
    query = "&".join(f"p{number}=1" for number in range(101))
    assert refusal(params.decode_request, query, b"") == (
        -1101,
        "Too many parameters; expected '100' and received '101'.",
    )


def test_bytes_that_are_no_text() -> None:
    expected = (-1100, "Illegal characters found in a parameter.")
    assert refusal(params.decode_request, "a=%ff", b"") == expected
    assert refusal(params.decode_request, "", b"a=\xff") == expected


def test_unknown_and_empty_parameters() -> None:
    known = frozenset(("symbol", "side"))
    assert refusal(params.check_known, {"symbol": "X", "isAdmin": "true"}, known) == (
        -1104,
        "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
    )
    assert refusal(params.check_known, {"symbol[]": "X"}, known)[0] == -1104
    assert refusal(params.check_known, {"symbol": ""}, known) == (
        -1105,
        "Parameter 'symbol' was empty.",
    )
    params.check_known({"symbol": "X"}, known)


@pytest.mark.parametrize("value", ["-1", "1.0", "1e9", "+1", "", " 1", "１", "x", "1" * 21])
def test_integers_that_are_none(value: str) -> None:
    assert refusal(params.integer, "limit", value)[0] == -1100


def test_integers_that_do_not_fit() -> None:
    assert params.integer("orderId", str(2**63 - 1)) == 2**63 - 1
    assert refusal(params.integer, "orderId", str(2**63)) == (
        -1108,
        "Parameter 'orderId' overflowed.",
    )


def test_limits_are_clamped_above_and_refused_below() -> None:
    assert params.limit({}, 500, 1000) == 500
    assert params.limit({"limit": "1000000000"}, 500, 1000) == 1000
    assert refusal(params.limit, {"limit": "0"}, 500, 1000)[0] == -1130
    assert refusal(params.limit, {"limit": "-1"}, 500, 1000)[0] == -1100


def test_times() -> None:
    assert params.time_us({"startTime": "1499827319559"}, "startTime") == 1499827319559000
    assert params.time_us({"startTime": "1499827319559123"}, "startTime") == 1499827319559123
    assert params.time_us({}, "startTime") is None
    backwards = {"startTime": "2000", "endTime": "1000"}
    assert refusal(params.time_range, backwards)[0] == -1128
    assert params.whole_millisecond(5000) == 5999
    assert params.whole_millisecond(5001) == 5001
    assert params.whole_millisecond(None) is None


def test_lists_of_names() -> None:
    assert params.names("symbols", '["A","B"]') == ["A", "B"]
    deep = "[" * 10_000 + "]" * 10_000
    for bad in ("[", "{}", "[1]", '"A"', "A", deep):
        assert refusal(params.names, "symbols", bad)[0] == -1135
    assert refusal(params.names, "symbols", "[]")[0] == -1105
    assert refusal(params.names, "symbols", '["A","A"]') == (
        -1151,
        "Symbol is present multiple times in the list.",
    )


def test_booleans() -> None:
    assert params.boolean({"x": "TRUE"}, "x")
    assert not params.boolean({}, "x")
    assert refusal(params.boolean, {"x": "1"}, "x")[0] == -1130


@pytest.mark.parametrize(
    "value",
    ["a" * 37, "a" * 1000, "😀", "\u202eabc", "a'; DROP TABLE x;--", "a\0b", "a\n", "a b", "ä"],
)
def test_client_order_ids_that_are_none(value: str) -> None:
    """R23"""
    assert refusal(params.client_order_id, "newClientOrderId", value)[0] == -1100


def test_client_order_ids() -> None:
    assert params.client_order_id("x", "x-TKT5PX2F.a_b:c/D9") == b"x-TKT5PX2F.a_b:c/D9"
