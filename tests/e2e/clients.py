"""How each client is pointed at a running exchange; docs/start shows the same."""

import asyncio
import contextlib
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import ccxt
import ccxt.pro
from binance.async_client import AsyncClient
from binance.client import Client
from binance.ws.constants import WSListenerState
from binance.ws.streams import BinanceSocketManager
from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_sdk_spot.spot import Spot
from tools.exchange_process import DemoKey, ExchangeProcess

SPARED = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False}
"""ccxt options that spare it calls about things that a spot exchange has not."""


def ccxt_config(
    exchange: ExchangeProcess, key: DemoKey | None = None, options: dict[str, Any] | None = None
) -> dict[str, Any]:
    base, ws = exchange.base, exchange.ws
    urls = {
        "public": f"{base}/api/v3",
        "private": f"{base}/api/v3",
        "v1": f"{base}/api/v1",
        "sapi": f"{base}/sapi/v1",
        "sapiV2": f"{base}/sapi/v2",
        "sapiV3": f"{base}/sapi/v3",
        "sapiV4": f"{base}/sapi/v4",
        "fapiPublic": f"{base}/fapi/v1",
        "fapiPrivate": f"{base}/fapi/v1",
        "dapiPublic": f"{base}/dapi/v1",
        "dapiPrivate": f"{base}/dapi/v1",
        "ws": {"spot": f"{ws}/ws", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
    }
    config: dict[str, Any] = {"urls": {"api": urls}, "enableRateLimit": False}
    if options:
        config["options"] = options
    if key is not None:
        config |= {"apiKey": key.api_key, "secret": key.secret}
    return config


def ccxt_sync(
    exchange: ExchangeProcess, key: DemoKey | None = None, options: dict[str, Any] | None = SPARED
) -> Any:
    return ccxt.binance(ccxt_config(exchange, key, options))


@asynccontextmanager
async def ccxt_pro(
    exchange: ExchangeProcess, key: DemoKey | None = None, options: dict[str, Any] | None = SPARED
) -> AsyncIterator[Any]:
    client = ccxt.pro.binance(ccxt_config(exchange, key, options))
    try:
        yield client
    finally:
        await client.close()


def _point_python_binance(
    client: type[Client] | type[AsyncClient], exchange: ExchangeProcess
) -> None:
    client.API_URL = f"{exchange.base}/api"
    client.MARGIN_API_URL = f"{exchange.base}/sapi"
    client.WS_API_URL = f"{exchange.ws}/ws-api/v3"
    BinanceSocketManager.STREAM_URL = f"{exchange.ws}/"


def python_binance(exchange: ExchangeProcess, key: DemoKey | None = None) -> Client:
    _point_python_binance(Client, exchange)
    if key is None:
        return Client()
    if key.key_type == "HMAC":
        return Client(key.api_key, key.secret)
    return Client(key.api_key, private_key=key.secret)


@asynccontextmanager
async def python_binance_async(
    exchange: ExchangeProcess, key: DemoKey | None = None
) -> AsyncIterator[AsyncClient]:
    _point_python_binance(AsyncClient, exchange)
    client = await AsyncClient.create(*((key.api_key, key.secret) if key else ()))
    try:
        yield client
    finally:
        await client.close_connection()
        await close_websocket_api(client)


async def close_websocket_api(client: Client | AsyncClient) -> None:
    """Close without the ten seconds for which its read loop would wait for one more message."""
    if client.ws_api.ws is not None:
        client.ws_api.ws_state = WSListenerState.EXITING
        await client.ws_api.ws.close()
        await client.ws_api.close()


def sdk(exchange: ExchangeProcess, key: DemoKey | None = None) -> Spot:
    credentials: dict[str, str] = {}
    if key is not None and key.key_type == "HMAC":
        credentials = {"api_key": key.api_key, "api_secret": key.secret}
    elif key is not None:
        credentials = {"api_key": key.api_key, "private_key": key.secret}
    return Spot(
        config_rest_api=ConfigurationRestAPI(
            base_path=exchange.base, timeout=60_000, **credentials
        ),
        config_ws_api=ConfigurationWebSocketAPI(
            stream_url=f"{exchange.ws}/ws-api/v3", **credentials
        ),
        config_ws_streams=ConfigurationWebSocketStreams(stream_url=exchange.ws),
    )


def signed(
    exchange: ExchangeProcess, key: DemoKey, method: str, path: str, **params: Any
) -> tuple[int, Any]:
    """Send a signed request by hand; returns status and decoded body."""
    query = urlencode({**params, "timestamp": time.time_ns() // 1_000_000, "recvWindow": 60_000})
    signature = hmac.new(key.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=60)
    try:
        target = f"{path}?{query}&signature={signature}"
        connection.request(method, target, headers={"X-MBX-APIKEY": key.api_key})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def cancel_everything(exchange: ExchangeProcess, key: DemoKey) -> None:
    """End all open orders of a key."""
    client = ccxt_sync(exchange, key)
    for symbol in ("BTC/USD", "ETH/USD", "ETH/BTC"):
        with contextlib.suppress(ccxt.OrderNotFound):
            client.cancel_all_orders(symbol)


async def until(
    look: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 60.0
) -> None:
    """Poll until `look` is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        seen = look()
        if (await seen if isinstance(seen, Awaitable) else seen) is True:
            return
        assert asyncio.get_running_loop().time() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.02)
