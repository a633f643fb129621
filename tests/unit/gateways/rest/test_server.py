"""The REST application's door: paths, methods, keys, parameters, and errors of our own."""

import asyncio
import json
import logging
from dataclasses import replace

import pytest
from tests.support.rest_caller import ORDER, RestCaller

from openoutcry.gateways.edge.service import Call, Endpoint, Request, Security
from openoutcry.gateways.rest.routes import ENDPOINTS
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    NotConnectedError,
    OutcomeUnknownError,
    OverloadedError,
    StorageFullError,
    Taker,
)


@pytest.fixture
def rest() -> RestCaller:
    return RestCaller()


async def test_ping_and_time(rest: RestCaller) -> None:
    ping = await rest.get("/api/v3/ping")
    assert (ping.status, ping.response.body) == (200, b"{}")
    assert ping.headers["X-MBX-USED-WEIGHT-1M"] == "1"
    time = json.loads((await rest.get("/api/v3/time")).response.body)
    assert abs(time["serverTime"] - rest.timestamp_ms()) < 100


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api", "/api/v3", "/api/v3/", "/api/v3/nothing", "//api/v3/ping", "/api//v3/ping",
        "/api/v3/ping/", "/api/v3/ping.", "/api/v3/%70ing", "/api/v3/../v3/ping",
        "/api/v3/%2e%2e/ping", "/api/v3/ping%00", "/API/V3/PING", "/sapi/v1/nothing",
    ],
)  # fmt: skip
async def test_paths_that_are_none(rest: RestCaller, path: str) -> None:
    answered = await rest.get(path)
    status, code, text = answered.error
    assert (status, code) == (404, -5000)
    assert text == f"Path {path}, Method GET is invalid"


async def test_methods_that_a_path_does_not_take(rest: RestCaller) -> None:
    answered = await rest.send(Request("PATCH", ORDER, "", b"", {}, "127.0.0.1"))
    assert answered.status == 405
    assert answered.headers["Allow"] == "DELETE, GET, HEAD, POST"
    sneaky = await rest.signed("GET", ORDER, headers={"x-http-method-override": "DELETE"},
                               symbol="BTCUSD", orderId=1)  # fmt: skip
    assert sneaky.error[1] == -2013


async def test_signed_paths_want_a_key_and_a_signature(rest: RestCaller) -> None:
    for endpoint in ENDPOINTS:
        if endpoint.security in {Security.READ, Security.TRADE}:
            request = Request(endpoint.method, endpoint.path, "", b"", {}, "127.0.0.1")
            assert (await rest.send(request)).error == (401, -2014, "API-key format invalid.")
            request.headers = {"x-mbx-apikey": rest.alice.api_key}
            assert (await rest.send(request)).error[1] == -1102
            request.query = f"timestamp={rest.timestamp_ms()}&signature=00"
            assert (await rest.send(request)).error == (
                400,
                -1022,
                "Signature for this request is not valid.",
            )
            request.headers = {"x-mbx-apikey": "unknown"}
            assert (await rest.send(request)).error[:2] == (401, -2015)


async def test_a_signature_covers_exactly_what_was_sent(rest: RestCaller) -> None:
    good = await rest.signed("GET", "/api/v3/openOrders", symbol="BTCUSD")
    assert good.status == 200
    seen: list[Request] = []
    serve = rest.application.serve
    rest.application.serve = lambda request, answer: (seen.append(request), serve(request, answer))
    await rest.signed("GET", "/api/v3/openOrders", symbol="BTCUSD", recvWindow=5000)
    request = seen[0]
    parts = request.query.split("&")
    for query in (
        "&".join([parts[1], parts[0], *parts[2:]]),
        request.query.replace("BTCUSD", "ETHUSD"),
        request.query + "&limit=5",
        request.query.replace("recvWindow=5000", "recvWindow=5001"),
    ):
        altered = Request("GET", request.path, query, b"", request.headers, "127.0.0.1")
        assert (await rest.send(altered)).error[1] == -1022


async def test_a_signature_over_encoded_text(rest: RestCaller) -> None:
    answered = await rest.order(newClientOrderId="a/b:c")
    assert answered.status == 200
    raw = await rest.signed("GET", "/api/v3/allOrders", symbol="BTCUSD", note="é")
    assert raw.error[1] == -1104


async def test_another_ip_in_a_header_is_not_believed() -> None:
    rest = RestCaller(enforce_limits=True)
    for number in range(3):
        answered = await rest.get(
            "/api/v3/exchangeInfo", headers={"x-forwarded-for": f"10.0.0.{number}"}
        )
    assert answered.headers["X-MBX-USED-WEIGHT-1M"] == "60"


async def test_parameters_nobody_reads(rest: RestCaller) -> None:
    assert (await rest.get("/api/v3/ping", "x=1")).error[1] == -1104
    assert (await rest.get("/api/v3/exchangeInfo", "symbol=BTCUSD&symbol=BTCUSD")).error[1] == -1101
    assert (await rest.get("/api/v3/exchangeInfo", "symbol=")).error[1] == -1105
    assert (await rest.get("/api/v3/ping", "%ff=1")).error[1] == -1100
    assert (await rest.get("/sapi/v1/margin/allPairs", "x=1")).status == 200


async def test_only_sbe_is_not_acceptable(rest: RestCaller) -> None:
    sbe = await rest.get("/api/v3/ping", headers={"accept": "application/sbe"})
    assert sbe.error == (406, -1155, "SBE is not enabled.")
    both = await rest.get(
        "/api/v3/ping", headers={"accept": "application/sbe;q=1.0, application/json"}
    )
    assert both.status == 200


# what goes wrong on our side


def broken(_call: Call) -> bytes:
    raise RuntimeError("secret detail")


async def broken_later(_call: Call) -> bytes:
    await asyncio.sleep(0)
    raise RuntimeError("secret detail")


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("handler", [broken, broken_later])
async def test_a_fault_of_ours_tells_nothing(
    handler: object, *, light: bool, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = Endpoint("GET", "/api/v3/broken", handler, light=light)
    rest = RestCaller(more=[endpoint])
    with caplog.at_level(logging.CRITICAL, logger="openoutcry.rest"):
        answered = await rest.get("/api/v3/broken")
    assert answered.error == (
        500,
        -1000,
        "An unknown error occurred while processing the request.",
    )
    assert b"secret" not in answered.response.body


async def cancelled(_call: Call) -> bytes:
    raise asyncio.CancelledError


async def waiting(_call: Call) -> bytes:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, b'{"waited":true}')
    return await future


@pytest.mark.parametrize("light", [False, True])
async def test_handlers_may_wait(*, light: bool) -> None:
    rest = RestCaller(
        more=[
            Endpoint("GET", "/api/v3/waiting", waiting, light=light),
            Endpoint("GET", "/api/v3/cancelled", cancelled, light=light),
        ]
    )
    assert (await rest.get("/api/v3/waiting")).response.body == b'{"waited":true}'
    assert (await rest.get("/api/v3/cancelled")).error[1] == -1007


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (StorageFullError("full"), 503, -1008),
        (OverloadedError("no credit"), 503, -1008),
        (NotAcceptedError("stopping"), 503, -1016),
        (OutcomeUnknownError("gone"), 504, -1007),
    ],
)
async def test_commands_without_a_reply(failure: CallError, status: int, code: int) -> None:
    async def fail(_command: bytes) -> object:
        raise failure

    def fail_at_once(_command: bytes, _taker: Taker) -> None:
        raise failure

    def fail_later(_command: bytes, taker: Taker) -> None:
        taker(failure)

    general, short = RestCaller(plain=False), RestCaller()
    general.small.calls.submit = fail
    assert (await general.order()).error[:2] == (status, code)
    for way in (fail_at_once, fail_later):
        short.small.calls.send = way
        assert (await short.order()).error[:2] == (status, code)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (OverloadedError("full"), 503, -1008),
        (NotConnectedError("away"), 503, -1001),
        (OutcomeUnknownError("gone"), 504, -1007),
    ],
)
async def test_reads_without_an_answer(
    rest: RestCaller, failure: Exception, status: int, code: int
) -> None:
    async def fail(*_values: object) -> object:
        raise failure

    rest.small.calls.open_orders = fail
    assert (await rest.signed("GET", "/api/v3/openOrders")).error[:2] == (status, code)


# what is not trading


async def test_exchange_info(rest: RestCaller) -> None:
    async def symbols(query: str = "") -> list[str]:
        answered = await rest.get("/api/v3/exchangeInfo", query)
        return [row["symbol"] for row in json.loads(answered.response.body)["symbols"]]

    assert await symbols() == ["BTCUSD", "ETHUSD", "ETHBTC"]
    assert await symbols("symbol=ETHUSD") == ["ETHUSD"]
    assert await symbols('symbols=["ETHBTC","BTCUSD"]') == ["ETHBTC", "BTCUSD"]
    assert await symbols("symbols=%5B%22ETHBTC%22%5D") == ["ETHBTC"]
    assert len(await symbols("permissions=SPOT")) == 3
    assert len(await symbols('permissions=["SPOT","MARGIN"]')) == 3
    assert await symbols("permissions=MARGIN") == []
    assert len(await symbols("symbolStatus=TRADING")) == 3
    assert await symbols("symbolStatus=HALT") == []

    info = json.loads((await rest.get("/api/v3/exchangeInfo")).response.body)
    assert list(info) == ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]
    symbol = info["symbols"][0]
    assert symbol["filters"][0] == {
        "filterType": "PRICE_FILTER",
        "minPrice": "0.01000000",
        "maxPrice": "1000000.00000000",
        "tickSize": "0.01000000",
    }
    assert symbol["filters"][1]["filterType"] == "LOT_SIZE"
    assert symbol["permissionSets"] == [["SPOT"]]
    bare = await rest.get("/api/v3/exchangeInfo", "showPermissionSets=false")
    assert "permissionSets" not in json.loads(bare.response.body)["symbols"][0]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=NOPE", -1121),
        ("symbol=nope", -1100),
        ('symbols=["BTCUSD","NOPE"]', -1121),
        ('symbols=["BTCUSD","BTCUSD"]', -1151),
        ("symbols=[]", -1105),
        ("symbols=BTCUSD", -1135),
        ("symbol=BTCUSD&symbols=[%22BTCUSD%22]", -1128),
        ("symbol=BTCUSD&permissions=SPOT", -1128),
        ("symbol=BTCUSD&symbolStatus=TRADING", -1128),
        ("symbolStatus=OPEN", -1122),
        ("permissions=EVERYTHING", -1130),
        ("showPermissionSets=1", -1130),
    ],
)
async def test_bad_questions_about_the_exchange(rest: RestCaller, query: str, code: int) -> None:
    assert (await rest.get("/api/v3/exchangeInfo", query)).error[:2] == (400, code)


async def test_rules_and_reference_prices(rest: RestCaller) -> None:
    every = await rest.get("/api/v3/executionRules")
    assert every.headers["X-MBX-USED-WEIGHT-1M"] == "40"
    assert len(json.loads(every.response.body)["symbolRules"]) == 3
    two = await rest.get("/api/v3/executionRules", 'symbols=["BTCUSD","ETHUSD"]')
    assert two.headers["X-MBX-USED-WEIGHT-1M"] == "44"
    many = await rest.get("/api/v3/executionRules", "symbol=BTCUSD&symbolStatus=TRADING")
    assert many.error[1] == -1128
    for path in ("referencePrice", "referencePrice/calculation"):
        answered = await rest.get(f"/api/v3/{path}", "symbol=BTCUSD")
        assert answered.error == (400, -2043, "This symbol doesn't have a reference price.")


async def test_listen_keys(rest: RestCaller) -> None:
    path = "/api/v3/userDataStream"
    headers = {"x-mbx-apikey": rest.alice.api_key}

    async def ask(method: str, query: str = "", key: str = rest.alice.api_key) -> object:
        answered = await rest.send(
            Request(method, path, query, b"", {"x-mbx-apikey": key}, "127.0.0.1")
        )
        return answered.json if answered.status == 200 else answered.error[1]

    made = await ask("POST")
    assert isinstance(made, dict)
    listen_key = made["listenKey"]
    assert len(listen_key) == 60
    assert await ask("POST") == made
    accounts = await rest.exchange.listen_keys.accounts_of([listen_key], rest.clock())
    assert accounts == {listen_key: rest.small.alice}
    assert await ask("PUT", f"listenKey={listen_key}") == {}
    assert await ask("PUT", f"listenKey={listen_key}", rest.bob.api_key) == -1125
    assert await ask("PUT", "listenKey=nothing") == -1125
    assert await ask("PUT") == -1102
    rest.clock.now_us += 59 * 60_000_000
    assert await ask("PUT", f"listenKey={listen_key}") == {}
    rest.clock.now_us += 59 * 60_000_000
    assert await ask("DELETE", f"listenKey={listen_key}", rest.bob.api_key) == -1125
    assert await ask("DELETE", f"listenKey={listen_key}") == {}
    assert await ask("DELETE", f"listenKey={listen_key}") == -1125
    other = await ask("POST")
    assert other != made
    rest.clock.now_us += 61 * 60_000_000
    assert isinstance(other, dict)
    assert await ask("PUT", f"listenKey={other['listenKey']}") == -1125
    none = await rest.send(Request("POST", path, "", b"", {}, "127.0.0.1"))
    assert none.error[1] == -2014
    assert headers


SAPI = [endpoint for endpoint in ENDPOINTS if not endpoint.path.startswith("/api/v3/")]


@pytest.mark.parametrize(
    "path",
    sorted({e.path for e in SAPI if e.method == "GET" and e.path != "/api/v1/exchangeInfo"}),
)
async def test_paths_that_clients_call_at_start_answer(rest: RestCaller, path: str) -> None:
    more = {"coin": "BTC"} if "deposit/address" in path else {}
    answered = await rest.signed("GET", path, **more)
    assert answered.status == 200, answered.json


async def test_wallet_answers_with_what_there_is(rest: RestCaller) -> None:
    await rest.placed()
    coins = json.loads((await rest.signed("GET", "/sapi/v1/capital/config/getall")).response.body)
    assert [(coin["coin"], coin["free"], coin["locked"]) for coin in coins] == [
        ("USD", "999300.00000000", "700.00000000"),
        ("BTC", "20.00000000", "0.00000000"),
        ("ETH", "200.00000000", "0.00000000"),
    ]
    assert coins[0]["networkList"][0]["withdrawIntegerMultiple"] == "0.00000001"
    assets = await rest.signed("POST", "/sapi/v3/asset/getUserAsset", asset="BTC")
    assert [row["asset"] for row in json.loads(assets.response.body)] == ["BTC"]
    path = "/sapi/v1/capital/withdraw/apply"
    assert (await rest.signed("POST", path, coin="BTC")).error[1] == -2015
    key = rest.small.add_key(rest.small.alice, may_withdraw=True)
    assert (await rest.signed("POST", path, key=key, coin="BTC")).error[:2] == (400, -4019)
    nowhere = await rest.signed("GET", "/sapi/v1/capital/deposit/address", coin="XXX")
    assert nowhere.error[1] == -1130


async def test_a_key_is_told_the_truth_about_itself() -> None:
    rest = RestCaller()
    path = "/sapi/v1/account/apiRestrictions"
    body = json.loads((await rest.signed("GET", path)).response.body)
    assert {name for name, value in body.items() if value is True} == {
        "enableReading",
        "enableSpotAndMarginTrading",
    }
    assert "tradingAuthorityExpirationTime" not in body
    key = rest.exchange.keys.find(rest.alice.api_key)
    assert key is not None
    rest.exchange.keys.revoke(key.api_key)
    limited = replace(
        key,
        may_trade=False,
        may_withdraw=True,
        allowed_ips=("0.0.0.0/0", "::/0"),
        created_us=5_000_000,
        expires_us=4_000_000_000_000_000,
    )
    rest.exchange.keys.add(limited)
    body = json.loads((await rest.signed("GET", path)).response.body)
    assert {name for name, value in body.items() if value is True} == {
        "ipRestrict",
        "enableReading",
        "enableWithdrawals",
    }
    assert (body["createTime"], body["tradingAuthorityExpirationTime"]) == (
        5_000,
        4_000_000_000_000,
    )


async def test_a_key_that_is_fenced_in_gets_no_listen_key_from_elsewhere() -> None:
    rest = RestCaller()
    key = rest.exchange.keys.find(rest.alice.api_key)
    assert key is not None
    rest.exchange.keys.revoke(key.api_key)
    rest.exchange.keys.add(replace(key, allowed_ips=("192.0.2.0/24",)))
    headers = {"x-mbx-apikey": key.api_key}
    request = Request("POST", "/api/v3/userDataStream", "", b"", headers, "10.0.0.1")
    assert (await rest.send(request)).error[:2] == (401, -2015)
    request.peer_ip = "192.0.2.7"
    assert (await rest.send(request)).status == 200
