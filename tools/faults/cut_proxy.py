"""A TCP proxy before a server that cuts a connection after so many bytes in one direction."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Literal, Self

Direction = Literal["up", "down"]
"""Up: towards the server."""


class CutProxy:
    """Forwards to a loopback port. Once armed, one connection is cut, and then all pass again."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._left: dict[Direction, int] = {}
        self.cuts = 0
        self.refuses = False
        self._sockets: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def arm(self, direction: Direction, after_bytes: int) -> None:
        """Let so many more bytes pass in a direction, drop what follows and cut."""
        with self._lock:
            self._left = {direction: after_bytes}

    @property
    def is_armed(self) -> bool:
        """Whether the cut is yet to come."""
        return bool(self._left)

    def refuse(self) -> None:
        """Cut every connection now, and let none through until `refuses` is false again."""
        self.refuses = True
        self.cut_all()

    def cut_all(self) -> None:
        """Cut every connection now."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for each in sockets:
            _end(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            with self._lock:  # asked under it: what refuses now is not missed by `cut_all`
                refused = self.refuses
                if not refused:
                    self._sockets |= {client, server}
            if refused:
                _end(client)
                _end(server)
                continue
            for source, sink, direction in ((client, server, "up"), (server, client, "down")):
                threading.Thread(
                    target=self._pump, args=(source, sink, direction), daemon=True
                ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        while True:
            try:
                data = source.recv(65_536)
            except OSError:
                data = b""
            passed = self._pass(direction, data)
            try:
                sink.sendall(data[:passed])
            except OSError:
                passed = -1
            if not data or passed < len(data):
                break
        with self._lock:
            self._sockets -= {source, sink}
        _end(source)
        _end(sink)

    def _pass(self, direction: Direction, data: bytes) -> int:
        """Return how many of these bytes pass."""
        with self._lock:
            left = self._left.get(direction)
            if left is None or not data:
                return len(data)
            if len(data) <= left:
                self._left[direction] = left - len(data)
                return len(data)
            self._left = {}
            self.cuts += 1
            return left


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
