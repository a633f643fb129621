"""What one gateway has done is there at the next, with no token from the client."""

import asyncio
import http.client
import json
from typing import Any

import pytest
from tests.e2e import clients
from tests.support.scaled import Doors
from tools.exchange_process import DemoKey, ExchangeProcess
from websockets.asyncio.client import connect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scaled")]
STREAM = "/api/v3/userDataStream"


def _listen_key_call(
    door: ExchangeProcess, key: DemoKey, method: str, query: str = ""
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=30)
    try:
        connection.request(method, STREAM + query, headers={"X-MBX-APIKEY": key.api_key})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


async def _next(socket: Any, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            message: dict[str, Any] = json.loads(await socket.recv())
            if message["e"] == kind:
                return message


async def test_a_listen_key_of_one_gateway_opens_a_stream_at_the_other(doors: Doors) -> None:
    """W11: made here, used there, renewed and closed at either; nothing after it opened is lost."""
    alice = doors.keys()[0]
    order = {"symbol": "BTCUSD", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    for here, there in (doors, doors[::-1]):
        status, made = _listen_key_call(here, alice, "POST")
        assert status == 200
        listen_key = made["listenKey"]
        assert _listen_key_call(there, alice, "POST") == (200, made)
        assert _listen_key_call(there, alice, "PUT", f"?listenKey={listen_key}") == (200, {})
        async with connect(f"{there.ws}/ws/{listen_key}") as stream:
            status, placed = await asyncio.to_thread(
                clients.signed, here, alice, "POST", "/api/v3/order",
                **order, quantity="0.001", price="40000",
            )  # fmt: skip
            assert status == 200
            report = await _next(stream, "executionReport")
            assert report["i"] == placed["orderId"]
            query = f"?listenKey={listen_key}"
            assert _listen_key_call(here, alice, "DELETE", query) == (200, {})
            assert _listen_key_call(there, alice, "DELETE", query)[1]["code"] == -1125
            assert (await _next(stream, "listenKeyExpired"))["listenKey"] == listen_key
        # a key that was closed there opens nothing here: not even for a moment
        async with connect(f"{here.ws}/ws/{listen_key}") as stream:
            await asyncio.to_thread(
                clients.signed, there, alice, "DELETE", "/api/v3/openOrders", symbol="BTCUSD"
            )
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.recv(), 0.5)
