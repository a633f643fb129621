"""Whatever is sent, the answer is the API's own: never a 5xx, never a stack trace."""

import hashlib
import hmac
import http.client
import json
import random
import time
from urllib.parse import quote, urlencode

import pytest
from tools.exchange_process import DemoKey, ExchangeProcess

from openoutcry.gateways.edge.service import Endpoint
from openoutcry.gateways.rest import market_data, routes

ENDPOINTS = (*routes.ENDPOINTS, *market_data.ENDPOINTS)
ROUNDS = 6
VALUES = (
    *("", " ", "0", "-1", "1", "0.1", "1e5", "NaN", "inf", "-0", "+1", "1.", ".5", "0x10"),
    *("9" * 30, "1" * 400, "0." + "0" * 60 + "1", "50000.00000000000000000001", "9" * 19),
    *("BTCUSD", "btcusd", "ETHBTC", "NOPE", "BTCUSD\0", "☃", "\ud7ff", "' OR 1=1 --", "<script>"),
    *('["BTCUSD","ETHUSD"]', "[]", "[", '["BTCUSD"', "[1]", "{}", "null", "true", "false"),
    *("BUY", "SELL", "LIMIT", "MARKET", "STOP_LOSS", "TAKE_PROFIT", "GTC", "FOK", "ACK", "FULL"),
    *("1m", "1M", "1s", "7m", "24:00", "+08:00", "-12:00", "STOP_ON_FAILURE", "EXPIRE_MAKER"),
)  # fmt: skip
COMMON = (
    *("symbol", "side", "type", "quantity", "price", "timeInForce", "limit", "orderId"),
    *("newClientOrderId", "origClientOrderId", "startTime", "endTime", "recvWindow", "timestamp"),
    *("signature", "nonsense", ""),
)


def _request(endpoint: Endpoint, dice: random.Random, key: DemoKey) -> tuple[str, str, dict]:
    names = [*endpoint.parameters, *COMMON]
    chosen = [(dice.choice(names), dice.choice(VALUES)) for _ in range(dice.randrange(8))]
    if dice.random() < 0.7:
        chosen.append(("symbol", "BTCUSD"))
    if dice.random() < 0.7:
        chosen = list(dict(chosen).items())
    query = urlencode(chosen, quote_via=quote)
    if dice.random() < 0.1:
        query += dice.choice(("&", "&&=", "%", "%zz", "&a", "&a=b=c", ";", "\x7f", "&" * 50))
    headers = {"X-MBX-APIKEY": key.api_key} if dice.random() < 0.9 else {}
    if dice.random() < 0.8:
        query += f"{'&' if query else ''}timestamp={time.time_ns() // 1_000_000}"
        signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        query += f"&signature={signature}"
    return query, dice.choice(("query", "body")), headers


@pytest.mark.parametrize(
    "endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}"
)
def test_any_parameters(quiet_exchange: ExchangeProcess, endpoint: Endpoint) -> None:
    key = quiet_exchange.keys_of("HMAC")[1]
    dice = random.Random(f"{endpoint.method} {endpoint.path}")
    connection = http.client.HTTPConnection("127.0.0.1", quiet_exchange.port, timeout=60)
    for _ in range(ROUNDS):
        query, where, headers = _request(endpoint, dice, key)
        query = query.replace("\x7f", "")
        if where == "body" and endpoint.method != "GET":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(endpoint.method, endpoint.path, body=query, headers=headers)
        else:
            connection.request(endpoint.method, f"{endpoint.path}?{query}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status < 500, (query, body)
        decoded = json.loads(body)
        assert b"Traceback" not in body
        if answer.status != 200:
            assert decoded["code"] < 0, query
            assert decoded["msg"], query
    connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/api/v3/nothing"),
        ("PATCH", "/api/v3/order"),
        ("GET", "/api/v3/order/"),
        ("GET", "/api/v3/../v3/ping"),
        ("POST", "/api/v3/ping"),
        ("OPTIONS", "/api/v3/ping"),
        ("GET", "//api/v3/ping"),
        ("GET", "/sapi/v9/everything"),
    ],
)
def test_unknown_paths_and_methods(quiet_exchange: ExchangeProcess, method: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", quiet_exchange.port, timeout=60)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in {200, 204, 400, 404, 405}
    assert b"Traceback" not in body
    connection.close()
