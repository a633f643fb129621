"""What the client tests share: running exchanges, their keys, and a guard around the network.

`loopback_only` replaces `connect`, `connect_ex` and `sendto` of `socket.socket`, and `getaddrinfo`,
for as long as these tests run: a client that reaches for any other machine fails in that very test.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from tests.e2e import clients
from tools.exchange_process import DemoKey, ExchangeProcess, ScaledProcess

T = TypeVar("T")

reached_out: list[str] = []


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = address[0]
    if host in {"localhost", ""}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_name(host: str) -> bool:
    """Whether finding this host would ask somebody; an address is refused when connected to."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host != ""
    return False


def _guard(patch: pytest.MonkeyPatch) -> None:
    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            address = args[-1]
            if not _is_loopback(address):
                reached_out.append(repr(address))
                raise PermissionError(f"a client reached for {address!r}, which is not loopback")
            return original(self, *args)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))

    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and _is_name(name) and name != "localhost":
            reached_out.append(name)
            raise socket.gaierror(f"a client asked where {name!r} is, which is not loopback")
        return resolve(host, *args, **kwargs)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(scope="session")
def loopback_guard() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        _guard(patch)
        yield


@pytest.fixture(autouse=True)
def loopback_only(loopback_guard: None) -> Iterator[list[str]]:
    """Fail a test whose client reached for anything else; yields what was reached for."""
    reached_out.clear()
    yield reached_out
    assert not reached_out, f"clients reached for {reached_out}"


def _serving(
    exchange: ExchangeProcess, request: pytest.FixtureRequest
) -> Iterator[ExchangeProcess]:
    failed_before = request.session.testsfailed
    with ExitStack() as stack:
        stack.callback(exchange.discard)
        yield stack.enter_context(exchange)
        if request.session.testsfailed > failed_before:
            print(  # noqa: T201 - what the server said belongs to the failure
                f"\n--- {exchange.data.name}: the server's log ---\n{exchange.log()}"
            )


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(ExchangeProcess, id="embedded"),
        # one worker for all of them: a scaled exchange is a dozen processes
        pytest.param(ScaledProcess, id="scaled", marks=pytest.mark.xdist_group("scaled")),
    ],
)
def size(request: pytest.FixtureRequest) -> type[ExchangeProcess]:
    """Each test that asks for an exchange runs on both sizes."""
    chosen: type[ExchangeProcess] = request.param
    return chosen


@pytest.fixture(scope="session")
def exchange(
    size: type[ExchangeProcess],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[ExchangeProcess]:
    """A demo with its simulated traders, one for all tests of the session."""
    data = tmp_path_factory.mktemp("exchange") / "lively"
    yield from _serving(size(data), request)


@pytest.fixture(scope="session")
def quiet_exchange(
    size: type[ExchangeProcess],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[ExchangeProcess]:
    """A demo where nobody trades but the test, for exact assertions."""
    data = tmp_path_factory.mktemp("exchange") / "quiet"
    yield from _serving(size(data, "--no-bots", "--no-limits"), request)


@pytest.fixture
def quiet(quiet_exchange: ExchangeProcess) -> ExchangeProcess:
    """The quiet exchange, with no order left open by an earlier test."""
    for key in quiet_exchange.demo_keys():
        clients.cancel_everything(quiet_exchange, key)
    return quiet_exchange


@pytest.fixture
def alice(quiet: ExchangeProcess) -> DemoKey:
    return quiet.keys_of("HMAC")[0]


@pytest.fixture
def bob(quiet: ExchangeProcess) -> DemoKey:
    return quiet.keys_of("HMAC")[1]


@pytest.fixture
def trader(exchange: ExchangeProcess) -> DemoKey:
    """A key on the lively exchange."""
    return exchange.keys_of("HMAC")[0]


@pytest.fixture
def eventually() -> Callable[[Callable[[], T], float], T]:
    """Poll until a value is true, and return it."""

    def poll(look: Callable[[], T], seconds: float = 60.0) -> T:
        deadline = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {seen!r}"
            time.sleep(0.05)
        return seen

    return poll
