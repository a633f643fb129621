"""The local control channel: operators' requests to a running exchange over a UNIX socket.

The socket lies in the data directory with mode 0600: whoever may read the data may ask. One JSON
object a line each way: a request of `app.admin`, then `{"ok": answer}` or `{"error": message}`.
"""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from openoutcry.app.acts import Administrator
from openoutcry.app.admin import AdminError, Answer, Request

SOCKET_NAME = "control.sock"
LINE_BYTES_MAX = 64 * 1024
_ADDRESS_BYTES_MAX = 100  # what every system accepts as the address of a UNIX socket
_TIMEOUT_SECONDS = 30.0
_PATIENT_SECONDS = {"restart": 3600.0, "move": 300.0, "split": 300.0}
"""Processes and shards are done one after the other, and whoever asked waits for all of them."""


class NoServerError(Exception):
    """Nobody listens on the control socket: no exchange runs on this data directory."""


class ControlServer:
    """Answers requests one at a time until it is closed."""

    def __init__(self, administration: Administrator, directory: Path) -> None:
        self._administration = administration
        self._path = directory / SOCKET_NAME
        self._one_at_a_time = asyncio.Lock()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. Whoever calls holds the data directory's lock, so an old socket is a dead one."""
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            with _address(self._path) as address:
                listener.bind(address)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(
            self._serve, sock=listener, limit=LINE_BYTES_MAX
        )

    async def close(self) -> None:
        """Stop listening and drop who is connected."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection is served by a task"
        self._connections.add(task)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ValueError, ConnectionError):
            pass  # a line beyond the limit, or a client that went away
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
        except ValueError:
            return {"error": "a request is one JSON object on a line"}
        if not isinstance(request, dict):
            return {"error": "a request is one JSON object on a line"}
        try:
            async with self._one_at_a_time:
                return {"ok": await self._administration.run(request)}
        except AdminError as error:
            return {"error": str(error)}


def ask(directory: Path, request: Request) -> Answer:
    """Ask the exchange that runs on a data directory; raises NoServerError and AdminError."""
    line = json.dumps(dict(request)).encode() + b"\n"
    if len(line) > LINE_BYTES_MAX:
        raise AdminError("the request is too large")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        seconds = _PATIENT_SECONDS.get(str(request.get("do")), _TIMEOUT_SECONDS)
        connection.settimeout(seconds)
        try:
            with _address(directory / SOCKET_NAME) as address:
                connection.connect(address)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoServerError(str(directory)) from error
        except OSError as error:
            raise AdminError(f"the control socket of {directory}: {error}") from error
        try:
            connection.sendall(line)
            reply = _read_line(connection)
        except OSError as error:
            raise AdminError(
                f"the exchange went away before it answered ({error}): look before you repeat"
            ) from error
    if "error" in reply:
        raise AdminError(str(reply["error"]))
    answer = reply.get("ok")
    if not isinstance(answer, dict):
        raise AdminError("the exchange gave an answer of another release")
    return answer


def _read_line(connection: socket.socket) -> dict[str, object]:
    with connection.makefile("rb") as stream:
        line = stream.readline()
    if not line.endswith(b"\n"):
        raise ConnectionResetError("the connection was closed")
    reply = json.loads(line)
    return reply if isinstance(reply, dict) else {}


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give the address of a socket; one too long for the system goes by its open directory."""
    if len(os.fsencode(path)) <= _ADDRESS_BYTES_MAX:
        yield str(path)
        return
    with suppress(FileNotFoundError):
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{directory}/{path.name}"
        finally:
            os.close(directory)
        return
    raise FileNotFoundError(str(path.parent))
