"""`outcry up` as an operator meets it: refusals, life and death, children, terminals."""

import http.client
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.e2e import clients
from tests.support.scaled import admin, eventually
from tools.exchange_process import (
    STOP_SECONDS_MAX,
    DemoKey,
    ExchangeFailedError,
    ExchangeProcess,
    ScaledProcess,
    free_port,
    outcry_command,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scaled")]
MARKETS = {"BTCUSD": ("0.001", "40000"), "ETHUSD": ("0.01", "2500"), "ETHBTC": ("0.01", "0.05")}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs others as nobody")


def outcry(*arguments: str) -> tuple[int, str]:
    """Run a command to its end; returns its code and all that it said."""
    done = subprocess.run(
        [*outcry_command(), *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started, and those that these started."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def living(processes: list[psutil.Process]) -> list[str]:
    """Return the command lines of those that still run."""
    found = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
        except psutil.NoSuchProcess:
            continue
    return found


def order(exchange: ExchangeProcess, key: DemoKey, symbol: str, side: str = "BUY") -> Any:
    quantity, price = MARKETS[symbol]
    return clients.signed(
        exchange, key, "POST", "/api/v3/order",
        symbol=symbol, side=side, type="LIMIT", timeInForce="GTC", quantity=quantity, price=price,
    )  # fmt: skip


def everything(exchange: ExchangeProcess) -> dict[str, Any]:
    """Return all that two users have."""
    seen: dict[str, Any] = {}
    for key in exchange.keys_of("HMAC"):
        seen[key.name] = clients.signed(exchange, key, "GET", "/api/v3/account")[1]["balances"]
        for path in ("openOrders", "allOrders", "myTrades"):
            for symbol in MARKETS:
                status, rows = clients.signed(
                    exchange, key, "GET", f"/api/v3/{path}", symbol=symbol
                )
                assert status == 200, rows
                seen[f"{key.name} {path} {symbol}"] = rows
    return seen


# -- before anything is started


def test_help_says_what_up_does() -> None:
    code, said = outcry("up", "--help")
    assert code == 0
    for word in ("--engines", "--gateways", "--demo", "--no-bots", "--no-limits", "SIGTERM"):
        assert word in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--engines", "0"], "1 to 64"),
        (["--gateways", "many"], "1 to 64"),
        (["--port", "70000"], "65535"),
        (["--shards", "3"], "unrecognized"),
    ],
)
def test_bad_arguments_are_named(arguments: list[str], word: str) -> None:
    code, said = outcry("up", *arguments)
    assert code == 2
    assert word in said


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_in_use_is_said(tmp_path: Path, shared: bool) -> None:  # noqa: FBT001
    """Also one whose holder would share it: two exchanges behind one port would be one too many."""
    with socket.socket() as holder:
        if shared:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        code, said = outcry("up", "--data", str(tmp_path / "data"), "--port", port)
    assert code == 2
    assert f"127.0.0.1:{port}" in said
    assert not (tmp_path / "data").exists()


def test_an_embedded_exchange_is_not_taken_for_ours(tmp_path: Path) -> None:
    with ExchangeProcess(tmp_path / "small", "--no-bots"):
        pass
    code, said = outcry("up", "--data", str(tmp_path / "small"), "--port", "0")
    assert (code, "outcry serve" in said) == (3, True), said
    (tmp_path / "file").touch()
    code, said = outcry("up", "--data", str(tmp_path / "file"), "--port", "0")
    assert code == 1
    assert "Traceback" not in said


# -- a life


class Watched(ScaledProcess):
    """Notes what the port says before the exchange is ready."""

    def __init__(self, data: Path, **counts: int) -> None:
        super().__init__(data, "--no-bots", "--no-limits", **counts)
        self.seen: set[str] = set()

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/api/v3/ping")
            answer = connection.getresponse()
            body = json.loads(answer.read())
            self.seen.add(f"{answer.status} {body.get('code', 'pong')}")
        except OSError as error:
            self.seen.add(type(error).__name__)
            return False
        finally:
            connection.close()
        return bool(answer.status == 200)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a name that has to be quoted; for root its parent is closed to others."""
    parent = tmp_path_factory.mktemp("life")
    parent.chmod(0o700)
    yield parent / "a folder, with 'names' ü"
    shutil.rmtree(parent, ignore_errors=True)


def assert_ready(up: Watched) -> None:
    """A ping that is answered means that every market takes orders, at once."""
    assert up.seen <= {"ConnectionRefusedError", "ConnectionResetError", "503 -1001", "200 pong"}
    alice = up.keys_of("HMAC")[0]
    for symbol in MARKETS:
        status, answer = order(up, alice, symbol)
        assert status == 200, answer


def assert_gone(processes: list[psutil.Process], seconds: float) -> None:
    eventually(lambda: not living(processes), seconds, f"{living(processes)}")


def kill_one(up: Watched, name: str) -> None:
    """Kill a process of the exchange, and wait until another stands in its place."""
    before = [one for one in family(up.pid) if name in " ".join(one.cmdline())]
    assert before, name
    before[0].kill()
    eventually(lambda: not living(before[:1]))

    def is_back() -> bool:
        now = [one for one in family(up.pid) if name in " ".join(living([one]))]
        return len(now) >= len(before)

    eventually(is_back, 60, f"{name} is started again")


def test_a_life(folder: Path) -> None:
    """D01: killed, moved, started with other counts: everything is kept, nothing is left behind."""
    up = Watched(folder, engines=2, gateways=2)
    running = [up]
    try:
        up.start(ready_seconds_max=90)
        assert_ready(up)
        _others_are_refused(up)
        alice, bob = up.keys_of("HMAC")[:2]
        for symbol in MARKETS:
            assert order(up, bob, symbol, "SELL")[0] == 200
            assert order(up, bob, symbol)[0] == 200
        keys = up.demo_keys()
        before = everything(up)
        assert before[f"{alice.name} myTrades ETHBTC"]
        processes = family(up.pid)
        assert len(processes) > 12, "engines, gateways, a projector, PostgreSQL, Valkey"
        up.kill()
        assert_gone(processes, STOP_SECONDS_MAX)

        if (folder / "postgres-is-at").exists():
            moved = folder.with_name("moved")
            folder.rename(moved)
        else:
            moved = folder
        again = Watched(moved, engines=3, gateways=1)
        running.append(again)
        again.start(ready_seconds_max=90)
        assert again.demo_keys() == keys
        assert everything(again) == before, "nothing lost, nothing twice, nobody credited again"
        assert_ready(again)
        for name in ("outcry gateway", " engine ", " projector ", "valkey-server", "bin/postgres"):
            kill_one(again, name.replace("outcry gateway", " gateway "))
        eventually(again.answers, 60, "the gateway is back")
        eventually(lambda: order(again, alice, "BTCUSD")[0] == 200, 60, "orders are taken again")
        elsewhere = "engine-1" if _preferred(moved, "ETHBTC") == "engine-2" else "engine-2"
        admin(moved, "move", what="ETHBTC", to=elsewhere)
        processes = family(again.pid)
        assert again.stop() < STOP_SECONDS_MAX
        assert_gone(processes, 1.0)
        third = Watched(moved, engines=3, gateways=1)
        running.append(third)
        third.start(ready_seconds_max=90)
        assert _preferred(moved, "ETHBTC") == elsewhere, "what was moved stays there"
        third.stop()
        code, said = outcry("serve", "--data", str(moved), "--port", str(free_port()))
        assert (code, "outcry up" in said) == (3, True), said
        for command in (["verify", str(moved)], ["admin", "--data", str(moved), "list"]):
            code, said = outcry(*command)
            assert (code > 0, "outcry up" in said) == (True, True), said
            assert "Traceback" not in said
    finally:
        for one in running:
            if one.is_running:
                one.kill()
            one.discard()


def _preferred(data: Path, symbol: str) -> str:
    partitions = admin(data, "list-partitions")["partitions"]
    return next(one["preferred"] for one in partitions if symbol in one["markets"])


def _others_are_refused(up: Watched) -> None:
    for verb in ("up", "serve"):
        code, said = outcry(verb, "--data", str(up.data), "--port", str(free_port()))
        assert code == 3, said
        assert "in use" in said or "scaled" in said


# -- terminals


_ON_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal that is the standard input the session's own, so that Ctrl-C is a signal."""


def _read_until(descriptor: int, wanted: str, seconds: float) -> str:
    said, deadline = "", time.monotonic() + seconds
    while wanted not in said:
        assert time.monotonic() < deadline, f"{wanted!r} is not in {said[-2000:]!r}"
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                said += os.read(descriptor, 65_536).decode(errors="replace")
            except OSError:  # the other end is closed
                assert wanted in said, said[-2000:]
    return said


def test_a_terminal_shows_a_table_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    up = ScaledProcess(data, "--no-bots", engines=1, gateways=1)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_TERMINAL, *up.command()],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(theirs)
    try:
        said = _read_until(ours, f"outcry up, port {up.port}", 90)
        said += _read_until(ours, "gateway-1", 30)
        processes = family(process.pid)
        os.write(ours, b"\x03")
        said += _read_until(ours, "stopping", 30)
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while process.poll() is None and time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    os.read(ours, 65_536)
                except OSError:
                    break
        assert process.wait(STOP_SECONDS_MAX) == 0
        assert_gone(processes, 1.0)
        assert "Traceback" not in said
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
            process.wait()
        up.discard()


# -- children that cannot be


class Misled(ScaledProcess):
    """Its children are given a setting that makes no sense."""

    def environment(self) -> dict[str, str]:
        return {"OUTCRY_CREDITS": "0", "OUTCRY_PORT": "1", "OUTCRY_LEASE_SECONDS": "-1"}


def test_a_child_that_cannot_start_ends_up_with_its_log(tmp_path: Path) -> None:
    """What up decides itself is not taken from the environment; all else is."""
    up = Misled(tmp_path / "data", engines=1, gateways=1)
    try:
        with pytest.raises(ExchangeFailedError) as failed:
            up.start()
    finally:
        up.discard()
    said = str(failed.value)
    assert "exited with 1" in said
    assert re.search(r"(engine|projector)-1 cannot run", said)
    assert "credits is above zero, not 0" in said
    assert "lease_seconds" not in said


def test_sigterm_while_it_starts(tmp_path: Path) -> None:
    up = ScaledProcess(tmp_path / "data", engines=1, gateways=1)
    process = subprocess.Popen(
        up.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        eventually(lambda: "valkey-server" in " ".join(living(family(process.pid))), 60)
        processes = family(process.pid)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (0, "")
        assert_gone(processes, 1.0)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        up.discard()


# -- not root


AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class AsNobody(ScaledProcess):
    """Run as nobody by root."""

    def command(self) -> list[str]:
        return [*AS_NOBODY, *super().command()]

    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.data.parent)}


def _nobody_may_run_us() -> bool:
    if shutil.which(AS_NOBODY[0]) is None:
        return False
    asked = [*AS_NOBODY, sys.executable, "-c", "import sys; print(sys.version)"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() == sys.version.strip()


@as_root
def test_another_user_than_root_runs_it() -> None:
    if not _nobody_may_run_us():
        pytest.skip("on this machine no other user may run the interpreter")
    parent = Path(tempfile.mkdtemp(prefix="outcry-nobody-"))
    os.chown(parent, 65534, 65534)
    up = AsNobody(parent / "data", "--no-bots", engines=1, gateways=1)
    try:
        with up:
            assert order(up, up.keys_of("HMAC")[0], "BTCUSD")[0] == 200
            users = {one.uids().real for one in family(up.pid)}
            assert users == {65534}
            assert not (up.data / "postgres-is-at").exists()
            lines = up.log().splitlines()
            assert any(re.match(r"ready after [\d.]+ s: http://127.0.0.1:", line) for line in lines)
            assert not any("\x1b" in line for line in lines), "plain lines without a terminal"
    finally:
        shutil.rmtree(parent, ignore_errors=True)
