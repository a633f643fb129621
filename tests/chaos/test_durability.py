"""What leaves, and when: a shim between the server and the system writes down the order.

SIGKILL shows nothing of a sync that is missing; this does. Covers J03, J09, O05, O09, O10, X14.
"""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.chaos import FLAGS, Http, signed
from tools.exchange_process import DemoKey, ExchangeProcess

SOURCE = Path(__file__).with_name("shim.c")
EXIT_JOURNAL = 4

pytestmark = pytest.mark.skipif(
    shutil.which("cc") is None or not Path("/proc/self/fd").is_dir(),
    reason="needs a C compiler and Linux",
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("shim") / "shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-o", str(target), str(SOURCE), "-ldl"], check=True)
    return target


class Shimmed:
    """A server under the shim, and its switches."""

    def __init__(self, folder: Path) -> None:
        self.switches = folder / "shim"
        self.switches.mkdir()
        self.server = ExchangeProcess(folder / "data", *FLAGS)
        self.number = 0

    def start(self) -> None:
        self.server.start()

    @property
    def keys(self) -> list[DemoKey]:
        return self.server.keys_of("HMAC")

    def turn_on(self, name: str) -> None:
        (self.switches / name).touch()

    def turn_off(self, name: str) -> None:
        (self.switches / name).unlink()

    def trace(self) -> list[str]:
        return (self.switches / "trace").read_text().splitlines()

    def order(self, account: int = 0, price: int = 40_000, side: str = "BUY") -> str:
        """Return the target of a new order."""
        self.number += 1
        return signed(
            "/api/v3/order",
            self.keys[account],
            symbol="BTCUSD",
            side=side,
            type="LIMIT",
            timeInForce="GTC",
            price=price,
            quantity="0.001",
            newClientOrderId=f"shim-{self.number:06d}",
        )

    async def call(self, method: str, target: str) -> tuple[int, Any]:
        http = Http(self.server.port)
        try:
            return await http.request(method, target, self.keys[0].api_key)
        finally:
            await http.close()

    async def post(self, target: str) -> tuple[int, Any]:
        return await self.call("POST", target)

    async def cancel(self, name: str) -> tuple[int, Any]:
        key = self.keys[0]
        target = signed("/api/v3/order", key, symbol="BTCUSD", origClientOrderId=name)
        return await self.call("DELETE", target)


@pytest.fixture
def shimmed(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shimmed]:
    shimmed = Shimmed(tmp_path)
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("OUTCRY_SHIM", str(shimmed.switches))
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "1000000")
    yield shimmed
    if shimmed.server.is_running:
        shimmed.server.kill()


def uncovered(trace: list[str]) -> list[str]:
    """Return the names whose reply began before a sync that began after their write had ended."""
    unsynced: list[str] = []
    under_way: list[str] = []
    durable: set[str] = set()
    written: set[str] = set()
    early: list[str] = []
    for line in trace:
        word, _, name = line.partition(" ")
        if word == "W" and name not in written:
            written.add(name)
            unsynced.append(name)
        elif word == "F0":
            under_way, unsynced = under_way + unsynced, []
        elif word == "F1":
            durable.update(under_way)
            under_way = []
        elif word == "R" and name not in durable:
            early.append(name)
    return early


async def trade(shimmed: Shimmed, count: int) -> None:
    """Send orders of both accounts, a few at a time, half of them filling each other."""

    async def one(account: int) -> None:
        http = Http(shimmed.server.port)
        key = shimmed.keys[account]
        for _ in range(count // 4):
            side = "BUY" if account == 0 else "SELL"
            target = shimmed.order(account, 50_000, side)
            status, body = await http.request("POST", target, key.api_key)
            assert status == 200, body
        await http.close()

    await asyncio.gather(*(one(number % 2) for number in range(4)))


def test_the_check_finds_what_it_looks_for() -> None:
    assert uncovered(["W a", "F0", "F1", "R a"]) == []
    assert uncovered(["W a", "R a", "F0", "F1"]) == ["a"]
    assert uncovered(["W a", "F0", "R a", "F1"]) == ["a"]
    assert uncovered(["F0", "W a", "F1", "R a"]) == ["a"]
    assert uncovered(["W a", "F0", "W b", "F1", "R a", "R b"]) == ["b"]
    assert uncovered(["R a"]) == ["a"]


def test_no_acknowledgement_leaves_before_the_sync_that_covers_it_j03_o05(
    shimmed: Shimmed,
) -> None:
    shimmed.start()
    asyncio.run(trade(shimmed, 400))
    shimmed.server.stop()
    trace = shimmed.trace()
    replied = {line for line in trace if line.startswith("R ")}
    assert len(replied) >= 400
    assert uncovered(trace) == []


def test_without_sync_the_same_check_fails(
    shimmed: Shimmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_JOURNAL_SYNCHRONOUS", "OFF")
    shimmed.start()
    asyncio.run(trade(shimmed, 40))
    shimmed.server.stop()
    assert len(uncovered(shimmed.trace())) >= 40


def test_a_sync_error_ends_the_server_without_an_acknowledgement_j09_o09(
    shimmed: Shimmed,
) -> None:
    shimmed.start()

    async def work() -> None:
        status, body = await shimmed.post(shimmed.order())
        assert status == 200, body
        shimmed.turn_on("eio")
        with pytest.raises((OSError, EOFError)):
            await shimmed.post(shimmed.order())

    asyncio.run(work())
    assert shimmed.server.wait(60) == EXIT_JOURNAL
    trace = shimmed.trace()
    assert trace.count("FE") == 1, "no second sync is tried on the same file"
    assert "R shim-000001" in trace
    assert "R shim-000002" not in trace
    assert "stopping at once without acknowledging" in shimmed.server.log()
    shimmed.turn_off("eio")
    shimmed.start()

    async def again() -> None:
        status, body = await shimmed.post(shimmed.order())
        assert status == 200, body
        status, body = await shimmed.cancel("shim-000001")
        assert status == 200, body

    asyncio.run(again())


@pytest.mark.parametrize("switch", ["full", "surprise"])
def test_a_full_disk_refuses_orders_still_cancels_and_recovers_o10_x14(
    shimmed: Shimmed, switch: str
) -> None:
    """Seen by its free space, or only when a write fails: that write goes to the reserve."""
    shimmed.start()

    async def work() -> None:
        for _ in range(8):
            status, body = await shimmed.post(shimmed.order())
            assert status == 200, body
        shimmed.turn_on(switch)
        refused = await until(shimmed, lambda status: status != 200, "refuse")
        assert refused[0] >= 429 or refused[0] == 400, refused
        for number in (1, 2, 3):
            status, body = await shimmed.cancel(f"shim-{number:06d}")
            assert status == 200, body
        status, body = await shimmed.post(shimmed.order())
        assert status != 200, body
        shimmed.turn_off(switch)
        await until(shimmed, lambda status: status == 200, "take orders again")

    asyncio.run(work())
    shimmed.server.stop()
    trace = shimmed.trace()
    assert uncovered(trace) in ([], uncovered_refusals(trace))
    shimmed.start()

    async def check() -> None:
        target = signed("/api/v3/openOrders", shimmed.keys[0], symbol="BTCUSD")
        _, orders = await shimmed.call("GET", target)
        names = {order["clientOrderId"] for order in orders}
        assert {f"shim-{number:06d}" for number in range(4, 9)} <= names
        assert not {f"shim-{number:06d}" for number in (1, 2, 3)} & names

    asyncio.run(check())


def uncovered_refusals(trace: list[str]) -> list[str]:
    """Return the names in replies that were never written: refusals may name them."""
    written = {line[2:] for line in trace if line.startswith("W ")}
    return [name for name in uncovered(trace) if name not in written]


async def until(shimmed: Shimmed, wanted: Callable[[int], bool], what: str) -> tuple[int, Any]:
    """Send orders until one is answered as wanted."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        status, body = await shimmed.post(shimmed.order())
        if wanted(status):
            return status, body
        await asyncio.sleep(0.1)
    raise AssertionError(f"the server did not {what}")
