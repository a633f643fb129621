"""Orders over REST against the real kernel: replies, refusals, resends."""

import json

import pytest
from tests.support.rest_caller import ORDER, RestCaller

from openoutcry.core.enums import MarketStatus
from openoutcry.core.records import SetMarketStatus, UpdateMarket
from openoutcry.ports.calls import Taker
from openoutcry.ports.users import KeyType
from openoutcry.simulation import demo


@pytest.fixture(params=[True, False], ids=["short way", "general way"])
def rest(request: pytest.FixtureRequest) -> RestCaller:
    return RestCaller(plain=request.param)


ACK_FIELDS = ["symbol", "orderId", "orderListId", "clientOrderId", "transactTime"]
RESULT_FIELDS = [
    *ACK_FIELDS,
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "workingTime",
    "selfTradePreventionMode",
]


async def test_the_three_answers_to_a_new_order(rest: RestCaller) -> None:
    ack = await rest.placed(newOrderRespType="ACK", newClientOrderId="mine-1")
    assert list(ack) == ACK_FIELDS
    assert (ack["symbol"], ack["orderListId"], ack["clientOrderId"]) == ("BTCUSD", -1, "mine-1")
    result = await rest.placed(newOrderRespType="RESULT")
    assert list(result) == RESULT_FIELDS
    full = await rest.placed()
    assert sorted(full) == sorted([*RESULT_FIELDS, "fills"])
    assert full["fills"] == []
    assert (full["price"], full["origQty"]) == ("70000.00000000", "0.01000000")
    assert (full["status"], full["timeInForce"]) == ("NEW", "GTC")
    assert len(full["clientOrderId"]) == 22
    assert full["workingTime"] == full["transactTime"]


async def test_types_answer_as_the_api_does_by_default(rest: RestCaller) -> None:
    maker = await rest.placed(type="LIMIT_MAKER", timeInForce=None)
    assert list(maker) == ACK_FIELDS
    market = await rest.placed(type="MARKET", timeInForce=None, price=None)
    assert (market["status"], market["expiryReason"]) == ("EXPIRED", "INSUFFICIENT_LIQUIDITY")


async def test_the_bytes_of_an_answer_with_fills(rest: RestCaller) -> None:
    await rest.placed(side="SELL", key=rest.bob, price="70000", quantity="0.005")
    await rest.placed(side="SELL", key=rest.bob, price="70000.5", quantity="0.005")
    answered = await rest.order(price="71000", newClientOrderId="taker")
    order_id = json.loads(answered.response.body)["orderId"]
    time = json.loads(answered.response.body)["transactTime"]
    assert answered.response.body.decode() == (
        f'{{"symbol":"BTCUSD","orderId":{order_id},"orderListId":-1,"clientOrderId":"taker",'
        f'"transactTime":{time},"price":"71000.00000000","origQty":"0.01000000",'
        '"executedQty":"0.01000000","origQuoteOrderQty":"0.00000000",'
        '"cummulativeQuoteQty":"700.00250000","status":"FILLED","timeInForce":"GTC",'
        f'"type":"LIMIT","side":"BUY","workingTime":{time},'
        '"fills":[{"price":"70000.00000000","qty":"0.00500000","commission":"0.00000500",'
        '"commissionAsset":"BTC","tradeId":1},{"price":"70000.50000000","qty":"0.00500000",'
        '"commission":"0.00000500","commissionAsset":"BTC","tradeId":2}],'
        '"selfTradePreventionMode":"EXPIRE_MAKER"}'
    )


async def test_microseconds(rest: RestCaller) -> None:
    answered = await rest.signed(
        "POST",
        ORDER,
        headers={"x-mbx-time-unit": "MICROSECOND"},
        symbol="BTCUSD",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        price="70000",
        quantity="0.01",
        timestamp=rest.clock(),
    )
    assert json.loads(answered.response.body)["transactTime"] > 10**15
    bad = await rest.get("/api/v3/time", headers={"x-mbx-time-unit": "NANOSECOND"})
    assert bad.error[1] == -1194


async def test_conditional_fields(rest: RestCaller) -> None:
    stop = await rest.placed(
        type="STOP_LOSS_LIMIT",
        side="SELL",
        stopPrice="60000",
        price="59000",
        icebergQty="0.002",
        strategyId=7,
        strategyType=1000001,
        newOrderRespType="RESULT",
    )
    assert (stop["stopPrice"], stop["icebergQty"]) == ("60000.00000000", "0.00200000")
    assert (stop["strategyId"], stop["strategyType"], stop["workingTime"]) == (7, 1000001, -1)
    trailing = await rest.placed(
        type="TAKE_PROFIT",
        side="BUY",
        trailingDelta=100,
        timeInForce=None,
        price=None,
        newOrderRespType="RESULT",
    )
    assert (trailing["trailingDelta"], trailing["trailingTime"]) == (100, -1)
    assert "stopPrice" not in trailing


async def test_market_orders_by_quote_and_self_trades(rest: RestCaller) -> None:
    await rest.placed(side="SELL", price="70000", quantity="1", newOrderRespType="RESULT")
    market = await rest.placed(
        type="MARKET", timeInForce=None, price=None, quantity=None, quoteOrderQty="700",
        selfTradePreventionMode="EXPIRE_TAKER",
    )  # fmt: skip
    assert market["status"] == "EXPIRED_IN_MATCH"
    assert (market["preventedMatchId"], market["origQuoteOrderQty"]) == (1, "700.00000000")
    found = await rest.signed(
        "GET", "/api/v3/myPreventedMatches", symbol="BTCUSD", orderId=market["orderId"]
    )
    (match,) = json.loads(found.response.body)
    assert match["selfTradePreventionMode"] == "EXPIRE_TAKER"
    assert match["takerOrderId"] == market["orderId"]


@pytest.mark.parametrize(
    ("mode", "of_maker", "of_taker"),
    [
        ("EXPIRE_TAKER", None, "0.03000000"),
        ("EXPIRE_MAKER", "0.01000000", None),
        ("EXPIRE_BOTH", "0.01000000", "0.03000000"),
        ("DECREMENT", "0.01000000", "0.01000000"),
    ],
)
async def test_prevented_matches_are_in_the_full_answer_and_in_its_repetition(
    rest: RestCaller, mode: str, of_maker: str | None, of_taker: str | None
) -> None:
    maker = await rest.placed(side="SELL", price="70000", quantity="0.01")
    request: dict[str, object] = {
        "price": "70000",
        "quantity": "0.03",
        "selfTradePreventionMode": mode,
        "timestamp": rest.timestamp_ms(),
    }
    taker = await rest.placed(**request)
    (match,) = taker["preventedMatches"]
    assert list(taker).index("preventedMatches") == list(taker).index("fills") + 1
    assert (match["preventedMatchId"], match["makerOrderId"]) == (1, maker["orderId"])
    assert match["price"] == "70000.00000000"
    assert match.get("makerPreventedQuantity") == of_maker
    assert match.get("takerPreventedQuantity") == of_taker
    assert await rest.placed(**request) == taker


# what is refused, and in which words

M = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
REFUSED: dict[str, tuple[dict[str, object], int, str]] = {
    "no symbol": ({"symbol": None}, -1102, M.format("symbol")),
    "no side": ({"side": None}, -1102, M.format("side")),
    "no type": ({"type": None}, -1102, M.format("type")),
    "no price": ({"price": None}, -1102, M.format("price")),
    "no quantity": ({"quantity": None}, -1102, M.format("quantity")),
    "no time in force": ({"timeInForce": None}, -1102, M.format("timeInForce")),
    "unknown symbol": ({"symbol": "XXXYYY"}, -1121, "Invalid symbol."),
    "lower case symbol": ({"symbol": "btcusd"}, -1100, ""),
    "symbol with a slash": ({"symbol": "BTC/USD"}, -1100, ""),
    "long symbol": ({"symbol": "B" * 500}, -1100, ""),
    "side": ({"side": "HOLD"}, -1117, "Invalid side."),
    "side in lower case": ({"side": "buy"}, -1117, "Invalid side."),
    "type": ({"type": "limit"}, -1116, "Invalid orderType."),
    "time in force": ({"timeInForce": "GTD"}, -1115, "Invalid timeInForce."),
    "no time in force by name": ({"timeInForce": "NONE"}, -1115, "Invalid timeInForce."),
    "empty": ({"price": ""}, -1105, "Parameter 'price' was empty."),
    "market with price": (
        {"type": "MARKET", "timeInForce": None},
        -1106,
        "Parameter 'price' sent when not required.",
    ),
    "market with time in force": (
        {"type": "MARKET", "price": None},
        -1106,
        "Parameter 'timeInForce' sent when not required.",
    ),
    "limit with stop": (
        {"stopPrice": "1"},
        -1106,
        "Parameter 'stopPrice' sent when not required.",
    ),
    "market without amount": (
        {"type": "MARKET", "timeInForce": None, "price": None, "quantity": None},
        -1102,
        "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    ),
    "market with both": (
        {"type": "MARKET", "timeInForce": None, "price": None, "quoteOrderQty": "1"},
        -1128,
        "Combination of optional parameters invalid.",
    ),
    "stop without stop": (
        {"type": "STOP_LOSS_LIMIT"},
        -1102,
        "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
    ),
    "price with exponent": ({"price": "1e3"}, -1100, ""),
    "price too precise": (
        {"price": "70000.000000001"},
        -1111,
        "Parameter 'price' has too much precision.",
    ),
    "price off the tick": ({"price": "70000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    "no price at all": ({"price": "0"}, -1013, "Filter failure: PRICE_FILTER"),
    "price above the filter": ({"price": "1000000.01"}, -1013, "Filter failure: PRICE_FILTER"),
    "price of twenty digits": ({"price": "9" * 20}, -1013, "Filter failure: PRICE_FILTER"),
    "quantity too precise": (
        {"quantity": "0.0000000001"},
        -1111,
        "Parameter 'quantity' has too much precision.",
    ),
    "quantity off the step": ({"quantity": "0.010001"}, -1013, "Filter failure: LOT_SIZE"),
    "nothing": ({"quantity": "0"}, -1013, "Filter failure: LOT_SIZE"),
    "negative": ({"quantity": "-1"}, -1100, ""),
    "too much": ({"quantity": "9000.00001"}, -1013, "Filter failure: LOT_SIZE"),
    "too much by far": ({"quantity": "9" * 20}, -1013, "Filter failure: LOT_SIZE"),
    "too little money": ({"price": "1"}, -1013, "Filter failure: NOTIONAL"),
    "client id of emoji": ({"newClientOrderId": "😀"}, -1100, ""),
    "long client id": ({"newClientOrderId": "a" * 37}, -1100, ""),
    "response type": ({"newOrderRespType": "LONG"}, -1136, "Invalid newOrderRespType."),
    "stp mode": (
        {"selfTradePreventionMode": "MAYBE"},
        -1130,
        "Data sent for parameter 'selfTradePreventionMode' is not valid.",
    ),
    "strategy type": (
        {"strategyType": "5"},
        -1134,
        "`strategyType` was less than 1000000.",
    ),
    "strategy type beyond": (
        {"strategyType": "99999999999"},
        -1108,
        "Parameter 'strategyType' overflowed.",
    ),
    "iceberg of nothing": ({"icebergQty": "0"}, -1013, "Filter failure: LOT_SIZE"),
    "iceberg above": ({"icebergQty": "1"}, -2010, "IcebergQty exceeds QTY."),
    "iceberg parts": ({"icebergQty": "0.00001"}, -1013, "Filter failure: ICEBERG_PARTS"),
    "iceberg at once": (
        {"icebergQty": "0.001", "timeInForce": "IOC"},
        -2010,
        "Unsupported order combination",
    ),
    "no trailing delta": (
        {"type": "STOP_LOSS_LIMIT", "trailingDelta": "0"},
        -1013,
        "Filter failure: TRAILING_DELTA",
    ),
    "trailing delta of everything": (
        {"type": "STOP_LOSS_LIMIT", "trailingDelta": "10000"},
        -1013,
        "Filter failure: TRAILING_DELTA",
    ),
    "trailing delta beyond": (
        {"type": "STOP_LOSS_LIMIT", "trailingDelta": "5000"},
        -1013,
        "Filter failure: TRAILING_DELTA",
    ),
    "peg": (
        {"pegPriceType": "PRIMARY_PEG"},
        -2010,
        "Pegged orders are not supported for this symbol.",
    ),
    "unknown field": ({"isAdmin": "true"}, -1104, ""),
    "another's account": ({"user_id": "1026"}, -1104, ""),
    "array": ({"symbol[]": "BTCUSD"}, -1104, ""),
    "no money": (
        {"quantity": "89", "price": "99999"},
        -2010,
        "Account has insufficient balance for requested action.",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
async def test_refused_orders(rest: RestCaller, name: str) -> None:
    """R06, R07, R27, R28, R30"""
    changes, code, text = REFUSED[name]
    answered = await rest.order(**changes)
    assert answered.error[:2] == (400, code)
    if text:
        assert answered.error[2] == text
    assert await rest.exchange.calls.open_orders(rest.small.alice) == []
    if code not in {-2010, -1013}:
        tested = await rest.signed("POST", ORDER + "/test", **{**BASE, **changes})
        assert tested.error == answered.error


BASE: dict[str, object] = {
    "symbol": "BTCUSD",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "70000",
}
REFUSED_BEFORE_BALANCE = {"quantity": "9000", "price": "99999"}
TESTED_REFUSALS = [
    name
    for name, (_, code, text) in REFUSED.items()
    if code in {-1013, -2010} and not text.startswith("Account")
]


@pytest.mark.parametrize("name", sorted(TESTED_REFUSALS))
async def test_order_test_refuses_what_the_kernel_refuses(rest: RestCaller, name: str) -> None:
    changes, code, text = REFUSED[name]
    tested = await rest.signed("POST", ORDER + "/test", **{**BASE, **changes})
    assert tested.error == (400, code, text)


async def test_order_test_knows_no_balance(rest: RestCaller) -> None:
    tested = await rest.signed("POST", ORDER + "/test", **{**BASE, **REFUSED_BEFORE_BALANCE})
    assert tested.error == (400, -1013, "Filter failure: NOTIONAL")


async def test_order_test_places_nothing(rest: RestCaller) -> None:
    tested = await rest.signed("POST", ORDER + "/test", **BASE)
    assert (tested.status, tested.response.body) == (200, b"{}")
    with_rates = await rest.signed("POST", ORDER + "/test", **BASE, computeCommissionRates="true")
    rates = json.loads(with_rates.response.body)
    assert rates["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert await rest.exchange.calls.open_orders(rest.small.alice) == []


async def test_refusals_of_the_book(rest: RestCaller) -> None:
    """R29"""
    await rest.placed(side="SELL", key=rest.bob)
    maker = await rest.order(type="LIMIT_MAKER", timeInForce=None)
    assert maker.error == (400, -2010, "Order would immediately match and take.")
    await rest.placed()
    stop = await rest.order(type="STOP_LOSS", stopPrice="60000", timeInForce=None, price=None)
    assert stop.error == (400, -2010, "Order would trigger immediately.")
    band = await rest.order(price="13999", newClientOrderId="low")
    assert band.error == (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    quote = await rest.placed(side="SELL", key=rest.bob, price="70000", quantity="0.01")
    assert quote["status"] == "NEW"
    little = await rest.order(
        type="MARKET", timeInForce=None, price=None, quantity=None, quoteOrderQty="0.5"
    )
    assert little.error[1] in {-1013, -2010}


async def test_duplicate_client_order_ids(rest: RestCaller) -> None:
    first = await rest.placed(newClientOrderId="one")
    again = await rest.order(newClientOrderId="one", price="69000")
    assert again.error == (400, -2010, "Duplicate order sent.")
    gone = await rest.signed("DELETE", ORDER, symbol="BTCUSD", origClientOrderId="one")
    assert gone.status == 200
    second = await rest.placed(newClientOrderId="one")
    assert second["orderId"] > first["orderId"]
    found = await rest.signed("GET", ORDER, symbol="BTCUSD", origClientOrderId="one")
    assert json.loads(found.response.body)["orderId"] == second["orderId"]


async def test_a_resend_gets_the_first_answer_and_makes_no_second_order(rest: RestCaller) -> None:
    """R21"""
    timestamp = rest.timestamp_ms()
    first = await rest.order(timestamp=timestamp, quantity="0.02")
    await rest.placed(side="SELL", key=rest.bob)
    again = await rest.order(timestamp=timestamp, quantity="0.02")
    assert again.response.body == first.response.body
    assert len(await rest.exchange.calls.open_orders(rest.small.alice)) == 1
    filled = await rest.order(timestamp=timestamp, side="SELL", key=rest.bob, quantity="0.005")
    order_id = json.loads(first.response.body)["orderId"]
    await rest.signed("DELETE", ORDER, symbol="BTCUSD", orderId=order_id)
    twice = await rest.order(timestamp=timestamp, side="SELL", key=rest.bob, quantity="0.005")
    assert twice.response.body == filled.response.body
    assert json.loads(filled.response.body)["status"] == "FILLED"
    after_cancel = await rest.order(timestamp=timestamp, quantity="0.02")
    assert after_cancel.response.body == first.response.body


async def test_a_resend_of_a_refused_order_is_refused_again(rest: RestCaller) -> None:
    timestamp = rest.timestamp_ms()
    first = await rest.order(timestamp=timestamp, quantity="89", price="99999")
    again = await rest.order(timestamp=timestamp, quantity="89", price="99999")
    assert again.response.body == first.response.body
    assert again.error[1] == -2010


async def test_resends_of_cancels_and_amendments(rest: RestCaller) -> None:
    order = await rest.placed()
    timestamp = rest.timestamp_ms()
    amend = {"symbol": "BTCUSD", "orderId": order["orderId"], "newQty": "0.005"}
    path = "/api/v3/order/amend/keepPriority"
    first = await rest.signed("PUT", path, timestamp=timestamp, **amend)
    again = await rest.signed("PUT", path, timestamp=timestamp, **amend)
    assert first.status == 200
    assert again.response.body == first.response.body
    cancel = {"symbol": "BTCUSD", "orderId": order["orderId"], "timestamp": timestamp}
    gone = await rest.signed("DELETE", ORDER, **cancel)
    twice = await rest.signed("DELETE", ORDER, **cancel)
    assert gone.status == 200
    assert twice.response.body == gone.response.body
    later = await rest.signed("DELETE", ORDER, **{**cancel, "timestamp": timestamp + 1})
    assert later.error == (400, -2011, "Unknown order sent.")


async def test_cancels(rest: RestCaller) -> None:
    order = await rest.placed(newClientOrderId="mine")
    answered = await rest.signed(
        "DELETE", ORDER, symbol="BTCUSD", origClientOrderId="mine", newClientOrderId="bye"
    )
    body = json.loads(answered.response.body)
    assert list(body) == [
        "symbol",
        "origClientOrderId",
        "orderId",
        "orderListId",
        "clientOrderId",
        "transactTime",
        "price",
        "origQty",
        "executedQty",
        "origQuoteOrderQty",
        "cummulativeQuoteQty",
        "status",
        "timeInForce",
        "type",
        "side",
        "selfTradePreventionMode",
    ]
    assert (body["origClientOrderId"], body["clientOrderId"]) == ("mine", "bye")
    assert (body["orderId"], body["status"]) == (order["orderId"], "CANCELED")


async def test_cancels_that_are_refused(rest: RestCaller) -> None:
    order = await rest.placed(newClientOrderId="mine")
    order_id = order["orderId"]

    async def refused(key: object = None, **fields: object) -> tuple[int, int, str]:
        answered = await rest.signed("DELETE", ORDER, key=key or rest.alice, **fields)
        return answered.error

    assert await refused(symbol="BTCUSD") == (
        400,
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )
    unknown = (400, -2011, "Unknown order sent.")
    assert await refused(symbol="BTCUSD", orderId=1) == unknown
    assert await refused(symbol="BTCUSD", orderId=0) == unknown
    assert await refused(symbol="ETHUSD", orderId=order_id) == unknown
    assert await refused(symbol="BTCUSD", orderId=order_id, key=rest.bob) == unknown
    assert await refused(symbol="BTCUSD", origClientOrderId="mine", key=rest.bob) == unknown
    assert await refused(symbol="BTCUSD", orderId=order_id, origClientOrderId="other") == (
        400,
        -2011,
        "Cancel order is invalid. Check origClOrdId and orderId.",
    )
    assert await refused(
        symbol="BTCUSD", orderId=order_id, cancelRestrictions="ONLY_PARTIALLY_FILLED"
    ) == (400, -2011, "Order was not canceled due to cancel restrictions.")
    restriction = await refused(symbol="BTCUSD", orderId=order_id, cancelRestrictions="NONE")
    assert restriction[1] == -1145
    assert (await refused(symbol="BTCUSD", orderId="1e3"))[1] == -1100


async def test_cancel_all(rest: RestCaller) -> None:
    ids = [(await rest.placed(price=str(60000 + n)))["orderId"] for n in range(5)]
    await rest.placed(symbol="ETHUSD", price="2000", quantity="0.1")
    answered = await rest.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSD")
    assert [order["orderId"] for order in json.loads(answered.response.body)] == ids
    assert len(await rest.exchange.calls.open_orders(rest.small.alice)) == 1
    none = await rest.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSD")
    assert none.error == (400, -2011, "Unknown order sent.")


async def test_cancel_all_goes_on_until_nothing_is_left(rest: RestCaller) -> None:
    market = demo.create_markets()[0]
    update = UpdateMarket(**{**market._asdict(), "kind": UpdateMarket.KIND, "orders_max": 0})
    rest.small.calls.apply(update.pack())
    for number in range(300):
        await rest.placed(price=str(60000 + number), quantity="0.0001", newOrderRespType="ACK")
    timestamp = rest.timestamp_ms()
    answered = await rest.signed(
        "DELETE", "/api/v3/openOrders", symbol="BTCUSD", timestamp=timestamp
    )
    assert len(json.loads(answered.response.body)) == 300
    again = await rest.signed("DELETE", "/api/v3/openOrders", symbol="BTCUSD", timestamp=timestamp)
    assert again.response.body == answered.response.body


async def test_amendments(rest: RestCaller) -> None:
    order = await rest.placed(newClientOrderId="before")
    path = "/api/v3/order/amend/keepPriority"
    target = {"symbol": "BTCUSD", "orderId": order["orderId"]}
    answered = await rest.signed("PUT", path, **target, newQty="0.005", newClientOrderId="after")
    body = json.loads(answered.response.body)
    assert list(body) == ["transactTime", "executionId", "amendedOrder"]
    amended = body["amendedOrder"]
    assert (amended["origClientOrderId"], amended["clientOrderId"]) == ("before", "after")
    assert (amended["qty"], amended["status"]) == ("0.00500000", "NEW")
    assert answered.headers["X-MBX-USED-WEIGHT-1M"] == "4"
    for quantity, text in (
        ("0.005", "The requested action would change no state; rejecting."),
        ("0.006", "Order amend (quantity increase) is not supported."),
    ):
        refused = await rest.signed("PUT", path, **target, newQty=quantity)
        assert refused.error == (400, -2038, text)
    found = await rest.signed("GET", "/api/v3/order/amendments", **target)
    (row,) = json.loads(found.response.body)
    assert row["executionId"] == body["executionId"]
    assert (row["origQty"], row["newQty"]) == ("0.01000000", "0.00500000")
    assert (row["origClientOrderId"], row["newClientOrderId"]) == ("before", "after")


async def test_an_amendment_below_what_is_filled_ends_the_order(rest: RestCaller) -> None:
    order = await rest.placed(quantity="0.02")
    await rest.placed(side="SELL", key=rest.bob)
    answered = await rest.signed(
        "PUT",
        "/api/v3/order/amend/keepPriority",
        symbol="BTCUSD",
        orderId=order["orderId"],
        newQty="0.005",
    )
    assert json.loads(answered.response.body)["amendedOrder"]["status"] == "EXPIRED"
    assert answered.headers["X-MBX-USED-WEIGHT-1M"] == "0"


# cancel and replace


async def replace(rest: RestCaller, order_id: int, **changes: object) -> tuple[int, dict]:
    fields = {
        **BASE,
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrderId": order_id,
        "price": "69000",
        **changes,
    }
    answered = await rest.signed("POST", "/api/v3/order/cancelReplace", **fields)
    return answered.status, json.loads(answered.response.body)


NO_ORDER = {"code": -2011, "msg": "Unknown order sent."}


async def test_replacing(rest: RestCaller) -> None:
    order = await rest.placed()
    status, body = await replace(rest, order["orderId"], cancelNewClientOrderId="gone")
    assert status == 200
    assert list(body) == ["cancelResult", "newOrderResult", "cancelResponse", "newOrderResponse"]
    assert (body["cancelResult"], body["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert body["cancelResponse"]["clientOrderId"] == "gone"
    assert body["newOrderResponse"]["price"] == "69000.00000000"
    assert len(await rest.exchange.calls.open_orders(rest.small.alice)) == 1


@pytest.mark.parametrize(
    ("mode", "known", "changes", "expected"),
    [
        ("STOP_ON_FAILURE", False, {}, (400, -2022, "FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", False, {}, (409, -2021, "FAILURE", "SUCCESS")),
        ("STOP_ON_FAILURE", True, {"quantity": "89", "price": "99999"},
         (409, -2021, "SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, {"quantity": "89", "price": "99999"},
         (400, -2022, "FAILURE", "FAILURE")),
    ],
)  # fmt: skip
async def test_replacements_that_fail(
    rest: RestCaller,
    mode: str,
    *,
    known: bool,
    changes: dict[str, object],
    expected: tuple[int, int, str, str],
) -> None:
    order = await rest.placed()
    order_id = order["orderId"] if known else 1
    timestamp = rest.timestamp_ms()
    fields = {"cancelReplaceMode": mode, "timestamp": timestamp, **changes}
    status, body = await replace(rest, order_id, **fields)
    data = body["data"]
    assert (status, body["code"], data["cancelResult"], data["newOrderResult"]) == expected
    assert body["msg"] == (
        "Order cancel-replace failed."
        if status == 400
        else "Order cancel-replace partially failed."
    )
    if not known:
        assert data["cancelResponse"] == NO_ORDER
    if expected[3] == "NOT_ATTEMPTED":
        assert data["newOrderResponse"] is None
    if expected[3] == "FAILURE":
        assert data["newOrderResponse"]["code"] == -2010
    assert await replace(rest, order_id, **fields) == (status, body)


async def test_filters_are_judged_before_the_cancel(rest: RestCaller) -> None:
    order = await rest.placed()
    status, body = await replace(rest, order["orderId"], icebergQty="1")
    assert (status, body["code"], body["msg"]) == (400, -2010, "IcebergQty exceeds QTY.")
    assert len(await rest.exchange.calls.open_orders(rest.small.alice)) == 1
    status, body = await replace(rest, order["orderId"], cancelReplaceMode="NEVER")
    assert (status, body["code"]) == (400, -1130)
    status, body = await replace(rest, order["orderId"], orderRateLimitExceededMode="NEVER")
    assert (status, body["code"]) == (400, -1130)
    status, body = await replace(rest, order["orderId"], cancelOrderId=None)
    assert (status, body["code"]) == (400, -1102)


async def test_replacing_over_the_order_count() -> None:
    rest = RestCaller(enforce_limits=True)
    order = await rest.placed()
    rest.exchange.limiter.count_orders(rest.small.alice, 99, rest.clock())
    status, body = await replace(rest, order["orderId"])
    assert (status, body["code"]) == (429, -1015)
    status, body = await replace(rest, order["orderId"], orderRateLimitExceededMode="CANCEL_ONLY")
    assert (status, body["code"]) == (429, -2021)
    assert body["data"]["newOrderResponse"]["code"] == -1015
    assert body["data"]["cancelResponse"]["status"] == "CANCELED"


# markets that change under the client


async def test_a_market_that_has_closed(rest: RestCaller) -> None:
    order = await rest.placed()
    halt = SetMarketStatus(market=demo.BTCUSD, status=MarketStatus.CANCEL_ONLY)
    rest.small.calls.apply(halt.pack())
    refused = await rest.order(price="69000")
    assert refused.error == (400, -2010, "Market is closed.")
    tested = await rest.signed("POST", ORDER + "/test", **BASE)
    assert tested.error == (400, -2010, "Market is closed.")
    gone = await rest.signed("DELETE", ORDER, symbol="BTCUSD", orderId=order["orderId"])
    assert gone.status == 200


async def test_an_order_for_the_version_before_is_tried_again(rest: RestCaller) -> None:
    market = demo.create_markets()[0]
    update = UpdateMarket(**{**market._asdict(), "kind": UpdateMarket.KIND})
    submit, send, changed = rest.small.calls.submit, rest.small.calls.send, []

    def change() -> None:  # the market changes while an order is on its way
        if not changed:
            changed.append(rest.small.calls.apply(update.pack()))

    async def change_and_submit(command: bytes) -> object:
        change()
        return await submit(command)

    def change_and_send(command: bytes, taker: Taker) -> None:
        change()
        send(command, taker)

    rest.small.calls.submit, rest.small.calls.send = change_and_submit, change_and_send
    placed = await rest.placed()
    assert placed["status"] == "NEW"
    assert changed


@pytest.mark.parametrize("key_type", [KeyType.ED25519, KeyType.RSA])
async def test_other_keys(rest: RestCaller, key_type: KeyType) -> None:
    key = rest.small.add_key(rest.small.alice, key_type)
    assert (await rest.placed(key=key))["status"] == "NEW"
    found = await rest.signed("GET", "/api/v3/openOrders", key=key, symbol="BTCUSD")
    assert len(json.loads(found.response.body)) == 1
