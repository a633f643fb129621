"""The guard of these tests: nothing beyond loopback is reached, and trying is noticed."""

import asyncio
import socket

import pytest
import requests


def test_connections_are_refused_and_noticed(loopback_only: list[str]) -> None:
    with pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 443), timeout=1)
    with pytest.raises(requests.ConnectionError):
        requests.get("http://exchange.invalid/", timeout=1)
    assert loopback_only == ["('192.0.2.1', 443)", "exchange.invalid"]
    loopback_only.clear()


async def test_event_loops_are_guarded_too(loopback_only: list[str]) -> None:
    with pytest.raises(PermissionError):
        await asyncio.open_connection("192.0.2.1", 443)
    assert len(loopback_only) == 1
    loopback_only.clear()
