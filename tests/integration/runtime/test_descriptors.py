"""Many idle connections and few descriptors: the exchange keeps those that it needs. R38, O12."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.page_client import PageClient
from tools.chaos import children
from tools.exchange_process import ExchangeProcess

DESCRIPTORS = 400
ROOM = 200
"""What is left of them for connections."""


class Bounded(ExchangeProcess):
    """An exchange that may open so many files and connections, and begins with fewer."""

    def program(self) -> list[str]:
        limits = f"ulimit -Sn 100 && ulimit -Hn {DESCRIPTORS}"
        return ["sh", "-c", f'{limits} && exec "$@"', "sh", *super().program()]


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[ExchangeProcess]:
    process = Bounded(tmp_path / "data", "--no-bots")
    process.start()
    yield process
    if process.is_running:
        process.kill()


def is_open(connection: socket.socket) -> bool:
    """Whether the server has not hung up on somebody who has said nothing."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def test_idle_connections_take_no_descriptor_that_the_engine_needs(
    exchange: ExchangeProcess,
) -> None:
    ann = PageClient(exchange.port)
    ann.sign_up("ann@example.com")
    with ExitStack() as stack, ann.socket() as trading:
        crowd = [
            stack.enter_context(socket.create_connection(("127.0.0.1", exchange.port)))
            for _ in range(DESCRIPTORS)
        ]
        while sum(map(is_open, crowd)) >= ROOM:
            time.sleep(0.05)
        trading.send('{"id":1,"method":"ping"}')
        assert '"status":200' in str(trading.recv(30))
        (follower,) = children(exchange.pid)
        deadline = time.monotonic() + 30
        while any(map(is_open, crowd)):  # whoever says nothing makes room
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert ann.get("/me").ok()["session"]["email"] == "ann@example.com"
        assert children(exchange.pid) == [follower], "nothing was lost on the way"
    exchange.stop()
