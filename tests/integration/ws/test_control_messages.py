"""SUBSCRIBE and its kin: exact replies, exact errors, ids of every kind, caps."""

import json

import pytest
from tests.support.ws_server import ask, receive, served, silent

from openoutcry.core.enums import Side
from openoutcry.gateways.ws.connection import ConnectionLimits

PRICE = 7_800_000
QUICK = ConnectionLimits()


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/0", "/ws/17", "/stream", "/ws/anything"])
async def test_every_address_that_clients_open(path: str) -> None:
    async with served() as on, on.connect(path) as ws:
        reply = await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
        assert reply == {"result": [], "id": 1}


async def test_subscribe_list_and_unsubscribe() -> None:
    async with served(stream_limits=QUICK) as on, on.connect("/ws/btcusd@trade") as ws:
        params = ["btcusd@depth", "ethusd@kline_1m"]
        assert await ask(ws, method="SUBSCRIBE", params=params, id=1) == {"result": None, "id": 1}
        assert await ask(ws, method="SUBSCRIBE", params=params, id=2) == {"result": None, "id": 2}
        listed = await ask(ws, method="LIST_SUBSCRIPTIONS", id=3)
        assert listed == {"result": ["btcusd@trade", *params], "id": 3}
        params = ["btcusd@trade", "never@trade"]
        assert await ask(ws, method="UNSUBSCRIBE", params=params, id=4) == {"result": None, "id": 4}
        on.small.limit(on.small.alice, Side.SELL, PRICE, 10)
        on.small.limit(on.small.bob, Side.BUY, PRICE, 10)
        assert (await receive(ws))["e"] == "depthUpdate"


@pytest.mark.parametrize(
    "request_id", [0, 1, -5, 1_763_872_000_123, (1 << 63) - 1, "a", "", None, "x" * 36]
)
async def test_ids_come_back_as_they_are(request_id: object) -> None:
    async with served() as on, on.connect("/ws") as ws:
        reply = await ask(ws, method="LIST_SUBSCRIPTIONS", id=request_id)
        assert reply == {"result": [], "id": request_id}


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"id":{}}',
        '{"id":[]}',
        '{"id":1.5}',
        '{"id":true}',
        '{"id":9223372036854775808}',
        '{"id":123456789012345678901234567890}',
        '{"id":"' + "x" * 37 + '"}',
        '{"method":"LIST_SUBSCRIPTIONS"}',
    ],
)
async def test_bad_ids_are_answered_with_a_null_id(text: str) -> None:
    """W15"""
    async with served() as on, on.connect("/ws") as ws:
        await ws.send(text)
        assert await receive(ws) == {
            "error": {
                "code": 2,
                "msg": "Invalid request: request ID must be an unsigned integer",
            },
            "id": None,
        }


EXPECTED = (
    "expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, "
    "`GET_PROPERTY`"
)


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("not json", 3, "Invalid JSON: expected value at line 1 column"),
        ('{"method":', 3, "Invalid JSON: expected value at line 1 column"),
        ('"\\ud800"', 3, "Invalid JSON"),
        ("[" * 5_000, 3, "Invalid JSON"),
        ("[]", 2, "Invalid request: expected an object"),
        ("17", 2, "Invalid request: expected an object"),
        ('{"id":1}', 2, "Invalid request: missing field `method` at line 1 column 8"),
        (
            '{"method":"FLY","id":1}',
            2,
            f"Invalid request: unknown variant `FLY`, {EXPECTED} at line 1 column 15",
        ),
        ('{"method":"subscribe","id":1}', 2, "Invalid request: unknown variant `subscribe`"),
        ('{"method":7,"id":1}', 2, "Invalid request: method must be a string"),
        ('{"method":"SUBSCRIBE","id":1}', 2, "Invalid request: params must be"),
        ('{"method":"SUBSCRIBE","params":"a@trade","id":1}', 2, "Invalid request: params must be"),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2, "Invalid request: params must be"),
        ('{"method":"SUBSCRIBE","params":["*"],"id":1}', 2, "Invalid request: invalid stream"),
        (
            '{"method":"SUBSCRIBE","params":["btcusd@depth7"],"id":1}',
            2,
            "Invalid request: invalid stream",
        ),
        (
            '{"method":"SUBSCRIBE","params":["btcusd@kline_7m"],"id":1}',
            2,
            "Invalid request: invalid stream",
        ),
        (
            '{"method":"LIST_SUBSCRIPTIONS","params":[1],"id":1}',
            2,
            "Invalid request: too many parameters",
        ),
        (
            '{"method":"SET_PROPERTY","params":["combined",true,1],"id":1}',
            2,
            "Invalid request: too many parameters",
        ),
        (
            '{"method":"SET_PROPERTY","params":[1],"id":1}',
            2,
            "Invalid request: property name must be a string",
        ),
        ('{"method":"GET_PROPERTY","id":1}', 2, "Invalid request: property name must be a string"),
        ('{"method":"SET_PROPERTY","params":["colour",true],"id":1}', 0, "Unknown property"),
        (
            '{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}',
            1,
            "Invalid value type: expected Boolean",
        ),
    ],
)
async def test_errors_in_the_api_s_words(text: str, code: int, message: str) -> None:
    async with served() as on, on.connect("/ws") as ws:
        await ws.send(text)
        reply = await receive(ws)
        assert list(reply) == ["error", "id"]
        assert reply["error"]["code"] == code
        assert reply["error"]["msg"].startswith(message)
        assert reply["id"] == (1 if '"id":1' in text else None)


async def test_a_list_with_a_bad_name_subscribes_to_nothing() -> None:
    async with served() as on, on.connect("/ws") as ws:
        reply = await ask(ws, method="SUBSCRIBE", params=["btcusd@trade", "what"], id=1)
        assert "error" in reply
        assert (await ask(ws, method="LIST_SUBSCRIPTIONS", id=2))["result"] == []


async def test_combined_is_a_property() -> None:
    async with served() as on, on.connect("/ws/btcusd@trade") as ws:
        assert await ask(ws, method="GET_PROPERTY", params=["combined"], id=1) == {
            "result": False,
            "id": 1,
        }
        reply = await ask(ws, method="SET_PROPERTY", params=["combined", True], id=2)
        assert reply == {"result": None, "id": 2}
        assert (await ask(ws, method="GET_PROPERTY", params=["combined"], id=3))["result"] is True
        on.small.limit(on.small.alice, Side.SELL, PRICE, 10)
        on.small.limit(on.small.bob, Side.BUY, PRICE, 10)
        message = await receive(ws)
        assert message["stream"] == "btcusd@trade"
        assert message["data"]["e"] == "trade"
        assert await silent(ws), "the raw form is gone"


async def test_a_connection_hears_at_most_1024_streams() -> None:
    """W07"""
    async with served() as on, on.connect("/ws") as ws:
        names = [f"coin{number}usd@trade" for number in range(1024)]
        assert (await ask(ws, method="SUBSCRIBE", params=names, id=1))["result"] is None
        reply = await ask(ws, method="SUBSCRIBE", params=["one@trade"], id=2)
        assert reply["error"]["code"] == 2
        reply = await ask(ws, method="SUBSCRIBE", params=names[:5], id=3)
        assert reply == {"result": None, "id": 3}


async def test_time_units_that_do_not_exist_are_refused() -> None:
    async with served() as on:
        with pytest.raises(Exception, match="400"):
            await on.connect("/ws?timeUnit=FORTNIGHT")


async def test_the_query_may_be_percent_encoded() -> None:
    async with served() as on:
        path = "/stream?streams=btcusd%40trade%2Fbtcusd@kline_1d@+08:00/nonsense"
        async with on.connect(path) as ws:
            reply = await ask(ws, method="LIST_SUBSCRIPTIONS", id=json.dumps(1))
            assert reply["result"] == ["btcusd@trade", "btcusd@kline_1d@+08:00"]
