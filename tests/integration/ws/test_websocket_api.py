"""The WebSocket API: requests, signatures, sessions, errors, limits."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from tests.support.small_exchange import SmallExchange, hmac_signature, wall_us
from tests.support.ws_server import PATIENCE_S, Served, ask, receive, served, silent
from websockets.asyncio.client import ClientConnection
from websockets.frames import CloseCode

from openoutcry.core.enums import Side
from openoutcry.gateways.edge.service import Call, Endpoint
from openoutcry.gateways.rest.routes import ENDPOINTS
from openoutcry.gateways.ws import gateway
from openoutcry.gateways.ws.gateway import HOUSEKEEPING_S
from openoutcry.gateways.ws.requests import ENDPOINTS as METHODS
from openoutcry.identity.keys import GeneratedKey
from openoutcry.ports.users import KeyType

PRICE = 7_800_000


def on_exchange(small: SmallExchange | None = None) -> Any:
    return served(small, ENDPOINTS)


def sign(key: GeneratedKey, params: dict[str, object]) -> dict[str, object]:
    """Return the parameters with key, time and signature."""
    signed = {"timestamp": wall_us() // 1000, **params, "apiKey": key.api_key}
    if key.key_type is KeyType.HMAC:
        return {**signed, "signature": hmac_signature(key.secret, signed)}
    payload = "&".join(f"{name}={signed[name]}" for name in sorted(signed)).encode()
    private = serialization.load_pem_private_key(key.secret.encode(), None)
    if key.key_type is KeyType.ED25519:
        raw = private.sign(payload)
    else:
        raw = private.sign(payload, padding.PKCS1v15(), hashes.SHA256())
    return {**signed, "signature": base64.b64encode(raw).decode()}


ORDER = {
    "symbol": "BTCUSD",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "price": "78000.00",
    "quantity": "0.001",
}


async def place(ws: ClientConnection, key: GeneratedKey, **changes: object) -> Any:
    params = sign(key, {**ORDER, **changes})
    return await ask(ws, id="p", method="order.place", params=params)


async def test_ping_and_time_and_their_frame() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        reply = await ask(ws, id=1, method="ping")
        assert list(reply) == ["id", "status", "result", "rateLimits"]
        assert (reply["id"], reply["status"], reply["result"]) == (1, 200, {})
        limit = reply["rateLimits"][0]
        assert limit == {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 6000,
            "count": limit["count"],
        }
        assert limit["count"] >= 3, "connecting costs two, ping one"
        reply = await ask(ws, id="t", method="v3/time", params={"returnRateLimits": False})
        assert list(reply) == ["id", "status", "result"]
        assert abs(reply["result"]["serverTime"] - wall_us() // 1000) < 5_000


async def test_the_url_may_hide_limits_and_ask_for_microseconds() -> None:
    path = "/ws-api/v3?returnRateLimits=false&timeUnit=MICROSECOND"
    async with on_exchange() as on, on.connect(path) as ws:
        reply = await ask(ws, id=None, method="time")
        assert "rateLimits" not in reply
        assert reply["result"]["serverTime"] > 10**15
        reply = await ask(ws, id=None, method="ping", params={"returnRateLimits": True})
        assert "rateLimits" in reply


@pytest.mark.parametrize("key_type", list(KeyType))
async def test_an_order_s_life_with_each_kind_of_key(key_type: KeyType) -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob, key_type)
        placed = await place(ws, key, newClientOrderId="mine", quantity=0.001)
        assert placed["status"] == 200, placed
        order = placed["result"]
        assert (order["clientOrderId"], order["status"]) == ("mine", "NEW")
        assert [limit["rateLimitType"] for limit in placed["rateLimits"]] == [
            "ORDERS",
            "ORDERS",
            "REQUEST_WEIGHT",
        ]
        params = sign(key, {"symbol": "BTCUSD", "orderId": order["orderId"]})
        shown = await ask(ws, id=2, method="order.status", params=params)
        assert shown["result"]["origQty"] == "0.00100000"
        opened = await ask(ws, id=3, method="openOrders.status", params=sign(key, {}))
        assert [item["clientOrderId"] for item in opened["result"]] == ["mine"]
        account = await ask(ws, id=4, method="account.status", params=sign(key, {}))
        assert {"asset", "free", "locked"} == set(account["result"]["balances"][0])
        one_order = {"symbol": "BTCUSD", "orderId": order["orderId"]}
        gone = await ask(ws, id=5, method="order.cancel", params=sign(key, one_order))
        assert gone["result"]["status"] == "CANCELED"
        params = sign(key, {**one_order, "recvWindow": 6_000})
        again = await ask(ws, id=6, method="order.cancel", params=params)
        assert (again["status"], again["error"]) == (
            400,
            {"code": -2011, "msg": "Unknown order sent."},
        )


async def test_replace_amend_test_and_cancel_all() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        first = (await place(ws, key))["result"]
        params = sign(
            key,
            {
                **ORDER,
                "cancelReplaceMode": "STOP_ON_FAILURE",
                "cancelOrderId": first["orderId"],
                "quantity": "0.002",
            },
        )
        replaced = await ask(ws, id=1, method="order.cancelReplace", params=params)
        assert replaced["result"]["cancelResult"] == "SUCCESS"
        order_id = replaced["result"]["newOrderResponse"]["orderId"]
        params = sign(key, {**ORDER, "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1})
        failed = await ask(ws, id=2, method="order.cancelReplace", params=params)
        assert (failed["status"], failed["error"]["code"]) == (400, -2022)
        assert failed["error"]["data"]["newOrderResult"] == "NOT_ATTEMPTED"
        params = sign(key, {"symbol": "BTCUSD", "orderId": order_id, "newQty": "0.0015"})
        amended = await ask(ws, id=3, method="order.amend.keepPriority", params=params)
        assert amended["result"]["amendedOrder"]["qty"] == "0.00150000"
        tested = await ask(ws, id=4, method="order.test", params=sign(key, ORDER))
        assert tested["result"] == {}
        counts = await ask(ws, id=5, method="account.rateLimits.orders", params=sign(key, {}))
        assert counts["result"][0]["count"] == 2
        params = sign(key, {"symbol": "BTCUSD"})
        canceled = await ask(ws, id=6, method="openOrders.cancelAll", params=params)
        assert [item["orderId"] for item in canceled["result"]] == [order_id]


@pytest.mark.parametrize(
    ("text", "status", "code", "request_id"),
    [
        ("no json", 400, -1135, None),
        ("[]", 400, -1135, None),
        ("[" * 60_000, 400, -1135, None),
        ('{"id":1}', 400, -1135, 1),
        ('{"id":1,"method":7}', 400, -1135, 1),
        ('{"method":"ping"}', 400, -1135, None),
        ('{"id":{},"method":"ping"}', 400, -1135, None),
        ('{"id":[1],"method":"ping"}', 400, -1135, None),
        ('{"id":true,"method":"ping"}', 400, -1135, None),
        ('{"id":1.5,"method":"ping"}', 400, -1135, None),
        ('{"id":' + "9" * 40 + ',"method":"ping"}', 400, -1135, None),
        ('{"id":"' + "x" * 37 + '","method":"ping"}', 400, -1135, None),
        ('{"id":1,"method":"ping","params":[]}', 400, -1135, 1),
        ('{"id":1,"method":"ping","params":"a"}', 400, -1135, 1),
        ('{"id":1,"method":"order.fly"}', 400, -1020, 1),
        ('{"id":1,"method":"v3/"}', 400, -1020, 1),
        ('{"id":1,"method":"ping","params":{"what":1}}', 400, -1104, 1),
        ('{"id":1,"method":"exchangeInfo","params":{"symbol":"NOPE"}}', 400, -1121, 1),
        ('{"id":1,"method":"exchangeInfo","params":{"symbol":{"a":1}}}', 400, -1100, 1),
        ('{"id":1,"method":"exchangeInfo","params":{"symbol":"\\ud800"}}', 400, -1135, None),
        ('{"id":1,"method":"order.place","params":{}}', 401, -2014, 1),
        ('{"id":1,"method":"order.place","params":{"apiKey":"x y"}}', 401, -2014, 1),
        ('{"id":1,"method":"order.place","params":{"apiKey":"x"}}', 400, -1102, 1),
        ('{"id":1,"method":"orderList.place.oco","params":{}}', 401, -2014, 1),
        ('{"id":1,"method":"session.logon"}', 401, -2014, 1),
        ('{"id":1,"method":"userDataStream.subscribe"}', 401, -2014, 1),
        ('{"id":1,"method":"userDataStream.unsubscribe"}', 400, -2036, 1),
        (
            '{"id":1,"method":"userDataStream.unsubscribe","params":{"subscriptionId":"x"}}',
            400,
            -1100,
            1,
        ),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_bad_requests(text: str, status: int, code: int, request_id: object) -> None:
    """W15, and every other message that is no request: the API's own error, never silence."""
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        await ws.send(text)
        reply = await receive(ws)
        assert (reply["status"], reply["error"]["code"]) == (status, code), reply
        assert reply["id"] == request_id
        assert reply["error"]["msg"]
        assert (await ask(ws, id=2, method="ping"))["status"] == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"signature": "00"}, -1022),
        ({"price": "78001.00"}, -1022),
        ({"apiKey": "A" * 64}, -2015),
        ({"timestamp": 1}, -1021),
        ({"timestamp": 9_999_999_999_999}, -1021),
        ({"timestamp": "soon"}, -1100),
        ({"recvWindow": 60_001}, -1131),
        ({"signature": None}, -1102),
        ({"timestamp": None}, -1102),
    ],
    ids=str,
)
async def test_signed_requests_are_checked(change: dict[str, object], code: int) -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        params = {**sign(key, ORDER), **change}
        reply = await ask(ws, id=1, method="order.place", params=params)
        assert reply["error"]["code"] == code
        assert on.small.calls.kernel.open_orders(on.small.bob) == b""


async def test_engine_refusals_have_the_api_s_text() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        reply = await place(ws, key, quantity="1000")
        assert reply["status"] == 400
        assert reply["error"] == {
            "code": -2010,
            "msg": "Account has insufficient balance for requested action.",
        }
        assert "data" not in reply["error"]
        reply = await place(ws, key, price="78000.001")
        assert reply["error"]["msg"] == "Filter failure: PRICE_FILTER"


async def test_the_same_id_on_two_sockets_at_once_is_one_order() -> None:
    """W12"""
    async with (
        on_exchange() as on,
        on.connect("/ws-api/v3") as one,
        on.connect("/ws-api/v3") as two,
    ):
        key = on.small.add_key(on.small.bob)
        replies = await asyncio.gather(
            place(one, key, newClientOrderId="same"),
            place(two, key, newClientOrderId="same", quantity="0.002"),
        )
        assert sorted(reply["status"] for reply in replies) == [200, 400]
        refused = next(reply for reply in replies if reply["status"] == 400)
        assert refused["error"] == {"code": -2010, "msg": "Duplicate order sent."}


async def log_on(ws: ClientConnection, key: GeneratedKey) -> Any:
    return await ask(ws, id="on", method="session.logon", params=sign(key, {}))


async def test_a_session() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob, KeyType.ED25519)
        status = await ask(ws, id=1, method="session.status")
        assert status["result"] == {
            "apiKey": None,
            "authorizedSince": None,
            "connectedSince": status["result"]["connectedSince"],
            "returnRateLimits": True,
            "serverTime": status["result"]["serverTime"],
            "userDataStream": False,
        }
        logged_on = (await log_on(ws, key))["result"]
        assert logged_on["apiKey"] == key.api_key
        assert logged_on["authorizedSince"] >= logged_on["connectedSince"]
        reply = await ask(ws, id=2, method="userDataStream.subscribe")
        assert reply["result"] == {"subscriptionId": 0}
        reply = await ask(ws, id=3, method="userDataStream.subscribe")
        assert reply["error"]["code"] == -2035
        params = {**ORDER, "timestamp": wall_us() // 1000}
        await ws.send(json.dumps({"id": 4, "method": "order.place", "params": params}))
        kinds = []
        while len(kinds) < 3:
            message = await receive(ws)
            kinds.append("reply" if "id" in message else message["event"]["e"])
        assert sorted(kinds) == ["executionReport", "outboundAccountPosition", "reply"]
        stale = await ask(ws, id=5, method="order.place", params={**ORDER, "timestamp": 5})
        assert stale["error"]["code"] == -1021
        listed = await ask(ws, id=6, method="session.subscriptions")
        assert listed["result"] == [{"subscriptionId": 0}]
        await ws.send('{"id":7,"method":"session.logout"}')
        assert (await receive(ws))["event"]["e"] == "eventStreamTerminated"
        assert (await receive(ws))["result"]["apiKey"] is None
        reply = await ask(ws, id=8, method="order.place", params=params)
        assert reply["error"]["code"] == -2014


async def test_two_equal_orders_of_a_session_are_two_orders() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        await log_on(ws, on.small.add_key(on.small.bob, KeyType.ED25519))
        params = {**ORDER, "timestamp": wall_us() // 1000}
        one = await ask(ws, id=1, method="order.place", params=params)
        two = await ask(ws, id=2, method="order.place", params=params)
        assert one["result"]["orderId"] < two["result"]["orderId"]


async def test_a_replayed_request_has_no_second_effect() -> None:
    """A05: the kernel knows the request's digest."""
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        params = sign(key, ORDER)
        one = await ask(ws, id=1, method="order.place", params=params)
        two = await ask(ws, id=2, method="order.place", params=params)
        assert one["result"]["orderId"] == two["result"]["orderId"]


@pytest.mark.parametrize("key_type", [KeyType.HMAC, KeyType.RSA])
async def test_only_ed25519_logs_on(key_type: KeyType) -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        reply = await log_on(ws, on.small.add_key(on.small.bob, key_type))
        assert (reply["status"], reply["error"]["code"]) == (400, -4056)


async def test_a_second_key_is_refused() -> None:
    """W10"""
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        first = on.small.add_key(on.small.bob, KeyType.ED25519)
        await log_on(ws, first)
        reply = await log_on(ws, on.small.add_key(on.small.alice, KeyType.ED25519))
        assert reply["error"]["code"] == -2015
        assert (await ask(ws, id=1, method="session.status"))["result"]["apiKey"] == first.api_key


async def test_a_revoked_key_ends_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A02, W11: at once for requests, within a second for events and the socket itself."""
    assert HOUSEKEEPING_S <= 0.5, "a slow machine may take longer to run it, never to be due"
    monkeypatch.setattr(gateway, "HOUSEKEEPING_S", 3_600.0)  # it is done below
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob, KeyType.ED25519)
        await log_on(ws, key)
        await ask(ws, id=1, method="userDataStream.subscribe")
        on.small.keys.revoke(key.api_key)
        params = {**ORDER, "timestamp": wall_us() // 1000}
        reply = await ask(ws, id=2, method="order.place", params=params)
        assert (reply["status"], reply["error"]) == (
            401,
            {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."},
        )
        reply = await ask(ws, id=3, method="session.status")
        assert (reply["status"], reply["error"]["code"]) == (401, -2015)
        on.gateway._keep_house()
        on.small.limit(on.small.bob, Side.BUY, PRICE, 100)
        await asyncio.wait_for(ws.wait_closed(), PATIENCE_S)
        assert ws.close_code == CloseCode.POLICY_VIOLATION


async def test_a_key_that_expires_ends_its_session() -> None:
    now_us = [wall_us()]
    async with on_exchange(SmallExchange(lambda: now_us[0])) as on, on.connect("/ws-api/v3") as ws:
        made = on.small.add_key(on.small.bob, KeyType.ED25519)
        key = on.small.keys.find(made.api_key)
        assert key is not None
        on.small.keys.revoke(made.api_key)
        on.small.keys.add(replace(key, expires_us=now_us[0] + 60_000_000))
        await log_on(ws, made)
        assert (await ask(ws, id=1, method="session.status"))["result"]["apiKey"] == made.api_key
        now_us[0] += 60_000_000
        await asyncio.wait_for(ws.wait_closed(), PATIENCE_S)
        assert ws.close_code == CloseCode.POLICY_VIOLATION


async def test_a_key_of_other_markets_and_networks_is_refused() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        made = on.small.add_key(on.small.bob, KeyType.ED25519)
        key = on.small.keys.find(made.api_key)
        assert key is not None
        on.small.keys.revoke(made.api_key)
        on.small.keys.add(replace(key, allowed_symbols=("ETHUSD",), allowed_ips=("127.0.0.0/8",)))
        await log_on(ws, made)
        params = {**ORDER, "timestamp": wall_us() // 1000}
        reply = await ask(ws, id=2, method="order.place", params=params)
        assert (reply["status"], reply["error"]["code"]) == (401, -2015)
        on.small.keys.revoke(made.api_key)
        on.small.keys.add(replace(key, allowed_ips=("10.0.0.0/8",)))
        async with on.connect("/ws-api/v3") as other:
            assert (await log_on(other, made))["error"]["code"] == -2015


async def test_subscriptions_end_one_by_one_and_all_at_once() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)

        async def subscribe() -> int:
            reply = await ask(
                ws, id=1, method="userDataStream.subscribe.signature", params=sign(key, {})
            )
            return reply["result"]["subscriptionId"]

        assert [await subscribe() for _ in range(3)] == [0, 1, 2]
        params = {"subscriptionId": 1}
        reply = await ask(ws, id=2, method="userDataStream.unsubscribe", params=params)
        assert reply["result"] == {}
        reply = await ask(ws, id=3, method="userDataStream.unsubscribe", params=params)
        assert reply["error"]["code"] == -2036
        reply = await ask(ws, id=4, method="session.subscriptions")
        assert reply["result"] == [{"subscriptionId": 0}, {"subscriptionId": 2}]
        await ask(ws, id=5, method="userDataStream.unsubscribe")
        assert await subscribe() == 3
        assert on.gateway._api.user_data.sink_count() == 1


async def test_listen_keys_of_old_clients() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        params = {"apiKey": key.api_key}
        made = await ask(ws, id=1, method="userDataStream.start", params=params)
        listen_key = made["result"]["listenKey"]
        params = {**params, "listenKey": listen_key}
        kept = await ask(ws, id=2, method="userDataStream.ping", params=params)
        assert kept["result"] == {}
        async with on.connect(f"/ws/{listen_key}") as events:
            on.small.limit(on.small.bob, Side.BUY, PRICE, 100)
            assert (await receive(events))["e"] == "executionReport"
        stopped = await ask(ws, id=3, method="userDataStream.stop", params=params)
        assert stopped["result"] == {}
        stopped = await ask(ws, id=4, method="userDataStream.stop", params=params)
        assert stopped["error"]["code"] == -1125


async def test_over_the_weight_limit() -> None:
    small = SmallExchange(enforce_limits=True)
    async with on_exchange(small) as on, on.connect("/ws-api/v3") as ws:
        small.limiter.charge("127.0.0.1", 5_999, wall_us())
        await ask(ws, id=1, method="ping")
        reply = await ask(ws, id=2, method="ping")
        assert (reply["status"], reply["error"]["code"]) == (429, -1003)
        data = reply["error"]["data"]
        assert data["retryAfter"] > data["serverTime"]


async def test_many_requests_at_once_are_all_answered() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        for number in range(500):
            params = sign(
                key,
                {**ORDER, "newClientOrderId": f"n{number}", "price": "1000.00", "quantity": "0.01"},
            )
            await ws.send(json.dumps({"id": number, "method": "order.place", "params": params}))
        statuses = {}
        while len(statuses) < 500:
            reply = await receive(ws)
            statuses[reply["id"]] = reply["status"], reply.get("error", {}).get("msg")
        assert statuses[0] == (200, None)
        assert {status for status, _ in statuses.values()} <= {200, 400}


async def test_a_request_that_takes_too_long_has_an_unknown_outcome() -> None:
    now, done = [wall_us()], asyncio.Event()

    async def wait(_call: Call) -> bytes:
        await done.wait()
        return b"{}"

    small = SmallExchange(lambda: now[0])
    endpoints = [Endpoint("GET", "/api/v3/depth", wait), *ENDPOINTS]
    async with served(small, endpoints) as on, on.connect("/ws-api/v3") as ws:
        await ws.send('{"id":1,"method":"depth"}')
        assert (await ask(ws, id=2, method="ping"))["status"] == 200
        now[0] += 10_000_001
        reply = await receive(ws)
        assert (reply["id"], reply["status"], reply["error"]["code"]) == (1, 504, -1007)
        done.set()
        assert await silent(ws), "the late answer is not sent"


def test_every_method_of_the_issue_is_an_endpoint() -> None:
    wanted = [
        "ping",
        "time",
        "exchangeInfo",
        "order.place",
        "order.test",
        "order.cancel",
        "order.status",
        "order.cancelReplace",
        "order.amend.keepPriority",
        "openOrders.status",
        "openOrders.cancelAll",
        "allOrders",
        "myTrades",
        "account.status",
        "account.commission",
        "account.rateLimits.orders",
        "order.amendments",
        "myPreventedMatches",
        "myFilters",
        "userDataStream.start",
    ]
    served_paths = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert not [name for name in wanted if METHODS[name] not in served_paths]


async def test_a_handler_that_breaks_is_an_error_of_ours() -> None:
    async with on_exchange() as on, on.connect("/ws-api/v3") as ws:
        key = on.small.add_key(on.small.bob)
        on.small.exchange.history = None
        reply = await ask(ws, id=1, method="allOrders", params=sign(key, {"symbol": "BTCUSD"}))
        assert (reply["status"], reply["error"]["code"]) == (500, -1000)
        assert isinstance(on, Served)
