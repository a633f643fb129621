"""Reads of an account over REST: what is open, what is over, what is whose."""

import json

import pytest
from tests.support.rest_caller import ORDER, Answered, RestCaller


@pytest.fixture
def rest() -> RestCaller:
    return RestCaller()


def rows(answered: Answered) -> list[dict]:
    assert answered.status == 200, answered.json
    return json.loads(answered.response.body)


async def test_balances(rest: RestCaller) -> None:
    await rest.placed()
    body = json.loads((await rest.signed("GET", "/api/v3/account")).response.body)
    assert list(body) == [
        "makerCommission", "takerCommission", "buyerCommission", "sellerCommission",
        "commissionRates", "canTrade", "canWithdraw", "canDeposit", "brokered",
        "requireSelfTradePrevention", "preventSor", "updateTime", "accountType", "balances",
        "permissions", "uid",
    ]  # fmt: skip
    balances = {row["asset"]: (row["free"], row["locked"]) for row in body["balances"]}
    assert balances["USD"] == ("999300.00000000", "700.00000000")
    assert (body["makerCommission"], body["canTrade"]) == (10, True)
    assert body["uid"] == rest.small.alice


async def test_zero_balances_may_be_left_out(rest: RestCaller) -> None:
    await rest.placed(type="LIMIT", side="SELL", quantity="20", price="100000")
    answered = await rest.signed("GET", "/api/v3/account", omitZeroBalances="true")
    assert len(json.loads(answered.response.body)["balances"]) == 3
    bad = await rest.signed("GET", "/api/v3/account", omitZeroBalances="maybe")
    assert bad.error[1] == -1130


QUERY_FIELDS = [
    "symbol", "orderId", "orderListId", "clientOrderId", "price", "origQty", "executedQty",
    "cummulativeQuoteQty", "status", "timeInForce", "type", "side", "stopPrice", "icebergQty",
    "time", "updateTime", "isWorking", "workingTime", "origQuoteOrderQty",
    "selfTradePreventionMode",
]  # fmt: skip


async def test_an_order_open_and_over(rest: RestCaller) -> None:
    order = await rest.placed(newClientOrderId="mine")
    by_id = await rest.signed("GET", ORDER, symbol="BTCUSD", orderId=order["orderId"])
    body = json.loads(by_id.response.body)
    assert list(body) == QUERY_FIELDS
    assert (body["status"], body["isWorking"], body["time"]) == (
        "NEW",
        True,
        order["transactTime"],
    )
    by_name = await rest.signed("GET", ORDER, symbol="BTCUSD", origClientOrderId="mine")
    assert by_name.response.body == by_id.response.body
    await rest.placed(side="SELL", key=rest.bob)
    over = await rest.signed("GET", ORDER, symbol="BTCUSD", origClientOrderId="mine")
    body = json.loads(over.response.body)
    assert (body["status"], body["executedQty"]) == ("FILLED", "0.01000000")


async def test_orders_that_are_not_there_or_not_ours(rest: RestCaller) -> None:
    order = await rest.placed(newClientOrderId="mine")
    order_id = order["orderId"]
    missing = (400, -2013, "Order does not exist.")

    async def ask(**fields: object) -> tuple[int, int, str]:
        return (await rest.signed("GET", ORDER, **fields)).error

    assert await ask(symbol="BTCUSD", orderId=999_999) == missing
    assert await ask(symbol="BTCUSD", origClientOrderId="other") == missing
    assert await ask(symbol="ETHUSD", orderId=order_id) == missing
    assert await ask(symbol="BTCUSD", orderId=order_id, key=rest.bob) == missing
    assert await ask(symbol="BTCUSD", origClientOrderId="mine", key=rest.bob) == missing
    both = await ask(symbol="BTCUSD", orderId=order_id, origClientOrderId="other")
    assert both == (400, -2039, "Client order ID is not correct for this order ID.")
    assert (await ask(symbol="BTCUSD"))[1] == -1102


async def test_open_orders(rest: RestCaller) -> None:
    await rest.placed()
    await rest.placed(symbol="ETHUSD", price="2000", quantity="0.1")
    every = rows(await rest.signed("GET", "/api/v3/openOrders"))
    assert [row["symbol"] for row in every] == ["BTCUSD", "ETHUSD"]
    one = rows(await rest.signed("GET", "/api/v3/openOrders", symbol="ETHUSD"))
    assert [row["symbol"] for row in one] == ["ETHUSD"]
    assert rows(await rest.signed("GET", "/api/v3/openOrders", key=rest.bob)) == []


async def test_all_orders(rest: RestCaller) -> None:
    ids = [(await rest.placed(price=str(60_000 + number)))["orderId"] for number in range(4)]
    await rest.signed("DELETE", ORDER, symbol="BTCUSD", orderId=ids[1])
    path = "/api/v3/allOrders"
    every = rows(await rest.signed("GET", path, symbol="BTCUSD"))
    assert [row["orderId"] for row in every] == ids
    assert [row["status"] for row in every] == ["NEW", "CANCELED", "NEW", "NEW"]
    last = rows(await rest.signed("GET", path, symbol="BTCUSD", limit=2))
    assert [row["orderId"] for row in last] == ids[2:]
    onward = rows(await rest.signed("GET", path, symbol="BTCUSD", orderId=ids[1], limit=2))
    assert [row["orderId"] for row in onward] == ids[1:3]
    since = rows(await rest.signed("GET", path, symbol="BTCUSD", startTime=every[2]["time"]))
    assert [row["orderId"] for row in since] == ids[2:]
    until = rows(await rest.signed("GET", path, symbol="BTCUSD", endTime=every[1]["time"]))
    assert [row["orderId"] for row in until] == ids[:2]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"limit": "-1"}, -1100),
        ({"limit": "0"}, -1130),
        ({"orderId": "x"}, -1100),
        ({"orderId": str(2**64)}, -1108),
        ({"startTime": "2000", "endTime": "1000"}, -1128),
        ({"startTime": "1700000000000", "endTime": "1700086400001"}, -1127),
        ({"startTime": "0", "endTime": "253402300799000"}, -1127),
        ({"cursor": "1"}, -1104),
    ],
)
async def test_bad_ranges(rest: RestCaller, fields: dict[str, object], code: int) -> None:
    answered = await rest.signed("GET", "/api/v3/allOrders", symbol="BTCUSD", **fields)
    assert answered.error[:2] == (400, code)


async def test_my_trades(rest: RestCaller) -> None:
    bought = await rest.placed()
    await rest.placed(side="SELL", key=rest.bob)
    (mine,) = rows(await rest.signed("GET", "/api/v3/myTrades", symbol="BTCUSD"))
    assert list(mine) == [
        "symbol", "id", "orderId", "orderListId", "price", "qty", "quoteQty", "commission",
        "commissionAsset", "time", "isBuyer", "isMaker", "isBestMatch",
    ]  # fmt: skip
    assert (mine["orderId"], mine["isBuyer"], mine["isMaker"]) == (bought["orderId"], True, True)
    assert (mine["commission"], mine["commissionAsset"]) == ("0.00001000", "BTC")
    (his,) = rows(await rest.signed("GET", "/api/v3/myTrades", symbol="BTCUSD", key=rest.bob))
    assert (his["id"], his["isMaker"], his["commission"]) == (mine["id"], False, "0.70000000")
    by_order = {"symbol": "BTCUSD", "orderId": bought["orderId"]}
    assert rows(await rest.signed("GET", "/api/v3/myTrades", **by_order)) == [mine]
    from_id = {"symbol": "BTCUSD", "fromId": mine["id"] + 1}
    assert rows(await rest.signed("GET", "/api/v3/myTrades", **from_id)) == []
    not_mine = {"symbol": "BTCUSD", "orderId": his["orderId"]}
    assert rows(await rest.signed("GET", "/api/v3/myTrades", **not_mine)) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 0),
        ({"startTime": 1}, 0),
        ({"endTime": 1}, 0),
        ({"startTime": 1, "endTime": 2}, 0),
        ({"fromId": 1}, 0),
        ({"orderId": 1, "fromId": 1, "limit": 5}, 0),
        ({"orderId": 1, "startTime": 1}, -1128),
        ({"orderId": 1, "endTime": 1}, -1128),
        ({"fromId": 1, "startTime": 1}, -1128),
        ({"orderId": 1, "fromId": 1, "startTime": 1, "endTime": 2}, -1128),
        ({"startTime": 1, "endTime": 86_400_002}, -1127),
    ],
)
async def test_the_legal_ways_to_ask_for_trades(
    rest: RestCaller, fields: dict[str, object], code: int
) -> None:
    answered = await rest.signed("GET", "/api/v3/myTrades", symbol="BTCUSD", **fields)
    assert answered.status == (200 if code == 0 else 400)
    if code:
        assert answered.error[1] == code


async def test_order_counts_and_weights() -> None:
    rest = RestCaller(enforce_limits=True)
    answered = await rest.order()
    assert answered.headers["X-MBX-ORDER-COUNT-10S"] == "1"
    assert answered.headers["X-MBX-ORDER-COUNT-1D"] == "1"
    assert answered.headers["X-MBX-USED-WEIGHT-1M"] == "0"
    refused = await rest.order(price="0")
    assert refused.headers["X-MBX-USED-WEIGHT-1M"] == "1"
    assert "X-MBX-ORDER-COUNT-10S" not in refused.headers
    counts = rows(await rest.signed("GET", "/api/v3/rateLimit/order"))
    assert [(row["interval"], row["intervalNum"], row["count"]) for row in counts] == [
        ("SECOND", 10, 1),
        ("DAY", 1, 1),
    ]
    await rest.placed(side="SELL", key=rest.bob)
    counts = rows(await rest.signed("GET", "/api/v3/rateLimit/order"))
    assert counts[0]["count"] == 0


async def test_too_many_orders() -> None:
    rest = RestCaller(enforce_limits=True)
    rest.clock.now_us += 10_000_000 - rest.clock.now_us % 10_000_000
    answers = [await rest.order(price=str(60_000 + number)) for number in range(101)]
    assert [answered.status for answered in answers] == [200] * 100 + [429]
    assert answers[-1].error[1:] == (
        -1015,
        "Too many new orders; current limit is 100 orders per 10 SECOND.",
    )
    assert int(answers[-1].headers["Retry-After"]) <= 10
    rest.clock.now_us += 10_000_000
    assert (await rest.order()).status == 200


async def test_too_much_weight_and_bans() -> None:
    rest = RestCaller(enforce_limits=True)
    rest.clock.now_us += 60_000_000 - rest.clock.now_us % 60_000_000
    statuses = [(await rest.get("/api/v3/exchangeInfo")).status for _ in range(352)]
    assert statuses == [200] * 300 + [429] * 50 + [418] * 2
    banned = await rest.get("/api/v3/ping")
    assert banned.error[:2] == (418, -1003)
    assert "IP banned until" in banned.error[2]
    assert 0 < int(banned.headers["Retry-After"]) <= 120


async def test_fees(rest: RestCaller) -> None:
    answered = await rest.signed("GET", "/api/v3/account/commission", symbol="BTCUSD")
    body = json.loads(answered.response.body)
    assert list(body) == [
        "symbol", "standardCommission", "specialCommission", "taxCommission", "discount",
    ]  # fmt: skip
    assert body["standardCommission"]["taker"] == "0.00100000"
    fees = rows(await rest.signed("GET", "/sapi/v1/asset/tradeFee"))
    assert fees[0] == {"symbol": "BTCUSD", "makerCommission": "0.001", "takerCommission": "0.001"}


async def test_prevented_matches(rest: RestCaller) -> None:
    path = "/api/v3/myPreventedMatches"
    sold = await rest.placed(side="SELL")
    await rest.placed(selfTradePreventionMode="DECREMENT")
    (row,) = rows(await rest.signed("GET", path, symbol="BTCUSD", preventedMatchId=1))
    assert (row["makerOrderId"], row["makerPreventedQuantity"]) == (sold["orderId"], "0.01000000")
    assert row["takerPreventedQuantity"] == "0.01000000"
    over = await rest.signed("GET", ORDER, symbol="BTCUSD", orderId=sold["orderId"])
    body = json.loads(over.response.body)
    assert (body["status"], body["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "0.01000000")
    assert body["preventedMatchId"] == 1
    neither = await rest.signed("GET", path, symbol="BTCUSD")
    assert neither.error[1] == -1102
    both = await rest.signed("GET", path, symbol="BTCUSD", preventedMatchId=1, orderId=1)
    assert both.error[1] == -1128
    lone = await rest.signed("GET", path, symbol="BTCUSD", preventedMatchId=1,
                             fromPreventedMatchId=1)  # fmt: skip
    assert lone.error[1] == -1128


async def test_what_this_exchange_has_not_yet(rest: RestCaller) -> None:
    for path in ("openOrderList", "allOrderList"):
        assert rows(await rest.signed("GET", f"/api/v3/{path}")) == []
    assert rows(await rest.signed("GET", "/api/v3/myAllocations", symbol="BTCUSD")) == []
    oco = await rest.signed("POST", "/api/v3/orderList/oco", symbol="BTCUSD", side="SELL")
    assert oco.error == (400, -2010, "OCO orders are not supported for this symbol")
    opo = await rest.signed("POST", "/api/v3/orderList/opo", symbol="BTCUSD")
    assert opo.error == (400, -2010, "OPO orders are not supported for this symbol.")
    sor = await rest.signed("POST", "/api/v3/sor/order", symbol="BTCUSD")
    assert sor.error == (400, -1020, "This operation is not supported.")
    one = await rest.signed("GET", "/api/v3/orderList", orderListId=1)
    assert one.error[1] == -2018
    gone = await rest.signed("DELETE", "/api/v3/orderList", symbol="BTCUSD", orderListId=1)
    assert gone.error == (400, -2011, "Unknown order sent.")
