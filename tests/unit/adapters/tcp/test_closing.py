"""A connection to an engine ends when it is told to, at whatever moment that is. Covers O31."""

import asyncio

import pytest

from openoutcry.adapters.tcp import client
from openoutcry.adapters.tcp.client import EngineConnection, Epochs
from openoutcry.adapters.tcp.frames import ProcessRole


@pytest.mark.parametrize("steps", range(6))
async def test_it_closes_while_it_is_just_being_greeted(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancel that comes with the greeting is not lost: that would keep the process for ever."""
    made: list[client._Session] = []
    gone = asyncio.Event()

    class Noted(client._Session):
        def __init__(self, connection: EngineConnection) -> None:
            super().__init__(connection)
            made.append(self)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    monkeypatch.setattr(client, "_Session", Noted)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = EngineConnection(f"127.0.0.1:{port}", role=ProcessRole.ENGINE, epochs=Epochs())
    async with asyncio.timeout(5):
        while not made:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)  # connected, and waiting for the greeting
    made[0].greeted.set_result(None)
    for _ in range(steps):
        await asyncio.sleep(0)

    closing = asyncio.ensure_future(connection.close())
    done, _ = await asyncio.wait({closing}, timeout=2)

    assert done, "it closes"
    await asyncio.wait_for(gone.wait(), 2)
    await asyncio.sleep(0.05)  # transports close one step later
    server.close()
    await server.wait_closed()
