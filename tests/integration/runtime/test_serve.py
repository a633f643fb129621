"""`outcry serve` as a process: how it starts, refuses, recovers and ends.

Covers J01, J11, J12, O02, O04, O08, O39, X10, and what `verify`, `backup`, `restore` promise.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.chaos import FLAGS, Http, children, signed
from tools.exchange_process import ExchangeFailedError, ExchangeProcess, outcry_command

EXIT_USAGE = 2
EXIT_DATA = 3
EXIT_DIVERGED = 5


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "1000000")
    monkeypatch.setenv("OUTCRY_SNAPSHOT_SECONDS", "0.2")
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[ExchangeProcess]:
    server = ExchangeProcess(data, *FLAGS)
    yield server
    if server.is_running:
        server.kill()


def outcry(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*outcry_command(), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def call(server: ExchangeProcess, method: str, path: str, **parameters: object) -> Any:
    """Send one signed request of the first account."""
    key = server.keys_of("HMAC")[0]

    async def work() -> Any:
        http = Http(server.port)
        try:
            return await http.request(method, signed(path, key, **parameters), key.api_key)
        finally:
            await http.close()

    return asyncio.run(work())


def place(server: ExchangeProcess, name: str, price: int = 40_000) -> tuple[int, Any]:
    status, body = call(
        server,
        "POST",
        "/api/v3/order",
        symbol="BTCUSD",
        side="BUY",
        type="LIMIT",
        timeInForce="GTC",
        price=price,
        quantity="0.001",
        newClientOrderId=name,
    )
    return status, body


def all_orders(server: ExchangeProcess) -> list[str]:
    status, orders = call(server, "GET", "/api/v3/allOrders", symbol="BTCUSD")
    assert status == 200, orders
    return [order["clientOrderId"] for order in orders]


def fill(server: ExchangeProcess, prefix: str, count: int = 10) -> list[str]:
    names = [f"{prefix}{number}" for number in range(count)]
    for name in names:
        status, body = place(server, name)
        assert status == 200, body
    return names


def wait_for(what: str, seen: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def snapshots(data: Path) -> list[Path]:
    return sorted((data / "snapshots").glob("*.snapshot"))


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


class TestDoors:
    def test_a_clean_stop_is_quick_and_keeps_everything(self, server: ExchangeProcess) -> None:
        server.start()
        names = fill(server, "o")
        server.stop()  # in ten seconds, or it raises
        log = server.log()
        assert f"http://127.0.0.1:{server.port}" in log
        assert "Traceback" not in log
        server.start()
        assert all_orders(server) == names

    def test_the_demo_answers_when_every_market_is_alive(self, data: Path) -> None:
        for server in (ExchangeProcess(data), ExchangeProcess(data)):
            with server:
                for symbol in ("BTCUSD", "ETHUSD", "ETHBTC"):
                    bars = server.get(f"/api/v3/klines?symbol={symbol}&interval=1m")
                    trades = server.get(f"/api/v3/trades?symbol={symbol}")
                    book = server.get(f"/api/v3/depth?symbol={symbol}")
                    assert bars, symbol
                    assert trades, symbol
                    assert book["bids"], symbol
                    assert book["asks"], symbol

    def test_a_port_in_use_is_said_and_is_exit_2(self, server: ExchangeProcess) -> None:
        with socket.create_server(("127.0.0.1", server.port)):
            done = outcry("serve", "--data", server.data, "--port", str(server.port))
        assert done.returncode == EXIT_USAGE
        assert f"cannot listen on 127.0.0.1:{server.port}: Address already in use" in done.stderr
        assert not server.data.exists(), "nothing was touched"

    def test_a_folder_that_cannot_be_is_said(self, data: Path) -> None:
        data.write_text("")
        done = outcry("serve", "--data", data, "--port", "0")
        assert (done.returncode, done.stderr) == (EXIT_DATA, f"outcry: {data} is not a directory\n")
        done = outcry("serve", "--data", data / "below", "--port", "0")
        assert done.returncode == EXIT_DATA
        assert done.stderr == f"outcry: {data / 'below'} cannot be made: Not a directory\n"

    def test_a_second_process_on_the_same_folder_is_refused(self, server: ExchangeProcess) -> None:
        server.start()
        fill(server, "o", 2)
        done = outcry("serve", "--data", server.data, "--port", "0")
        assert done.returncode == EXIT_DATA
        assert "is in use by another process" in done.stderr
        assert all_orders(server) == ["o0", "o1"]
        server.kill()
        server.start()  # the lock went with its process; no file had to be removed

    def test_its_child_dies_with_it_even_on_sigkill(self, server: ExchangeProcess) -> None:
        server.start()
        (follower,) = children(server.pid)
        server.kill()
        wait_for("the follower is gone", lambda: not is_alive(follower))

    def test_a_signal_while_it_starts_ends_it(self, server: ExchangeProcess) -> None:
        process = subprocess.Popen(
            [*outcry_command(), "serve", "--data", str(server.data), "--port", str(server.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        wait_for("the journal is open", (server.data / "journal.db").exists)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert b"Traceback" not in errors
        assert process.returncode == 0


class TestData:
    def test_an_older_format_is_refused_by_name(self, server: ExchangeProcess) -> None:
        server.start()
        server.stop()
        with sqlite3.connect(server.data / "journal.db") as database:
            database.execute("PRAGMA user_version = 0")
        database.close()
        with pytest.raises(ExchangeFailedError, match="exited with 3"):
            server.start()
        assert "has journal format 0, which this program cannot migrate" in server.log()

    def test_a_damaged_snapshot_falls_back_j12(self, server: ExchangeProcess) -> None:
        server.start()
        names = fill(server, "a")
        wait_for("two snapshots", lambda: len(snapshots(server.data)) >= 2)
        names += fill(server, "b")
        server.stop()
        newest = snapshots(server.data)[-1]
        damaged = bytearray(newest.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        newest.write_bytes(damaged)
        server.start()
        assert all_orders(server) == names
        assert f"snapshot {int(newest.stem.split('-')[1])} is passed over" in server.log()

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            ("UPDATE journal SET payload = zeroblob(60) WHERE seq = 5", "row 5 .* fails its hash"),
            ("UPDATE journal SET payload = 'text' WHERE seq = 5", "row 5 .* fails its hash"),
            ("DELETE FROM journal WHERE seq = 5", "row 6 .* does not follow row 4"),
        ],
    )
    def test_a_damaged_middle_is_refused_behind_a_snapshot_too_j08(
        self, server: ExchangeProcess, tmp_path: Path, damage: str, words: str
    ) -> None:
        server.start()
        fill(server, "a")
        server.stop()
        assert snapshots(server.data)
        with sqlite3.connect(server.data / "journal.db") as database:
            database.execute(damage)
        database.close()
        with pytest.raises(ExchangeFailedError, match="exited with 3"):
            server.start()
        assert re.search(f"the journal is damaged: {words}", server.log())
        done = outcry("backup", server.data, tmp_path / "copy.outcry")
        assert done.returncode == 1
        assert re.search(words, done.stderr)
        assert not (tmp_path / "copy.outcry").exists()

    def test_without_any_snapshot_genesis_leads_to_the_same_j01(
        self, server: ExchangeProcess
    ) -> None:
        server.start()
        names = fill(server, "a")
        server.kill()
        shutil.rmtree(server.data / "snapshots")
        server.start()
        assert all_orders(server) == names

    def test_a_lost_key_of_the_secrets_is_said_and_a_found_one_helps(
        self, server: ExchangeProcess
    ) -> None:
        server.start()
        names = fill(server, "a")
        server.stop()
        key = server.data / "secrets.key"
        kept = key.read_text()
        key.unlink()
        with pytest.raises(ExchangeFailedError, match=f"exited with {EXIT_DATA}"):
            server.start()
        assert re.search(r"keys\.db: the secret of key \S+ does not open", server.log())
        key.write_text(kept)
        server.start()
        assert all_orders(server) == names

    def test_a_lost_history_is_built_again(self, server: ExchangeProcess) -> None:
        server.start()
        names = fill(server, "a")
        server.stop()
        for path in server.data.glob("history.db*"):
            path.unlink()
        server.start()
        assert all_orders(server) == names

    def test_a_journal_that_lost_its_end_is_refused_j11(self, server: ExchangeProcess) -> None:
        server.start()
        fill(server, "a")
        server.stop()
        with sqlite3.connect(server.data / "journal.db") as database:
            database.execute("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
        database.close()
        with pytest.raises(ExchangeFailedError, match="exited with 3"):
            server.start()
        assert "acknowledged rows are missing" in server.log()
        shutil.rmtree(server.data / "snapshots")
        with pytest.raises(ExchangeFailedError, match="exited with 5"):
            server.start()
        assert "the history has seen row" in server.log()

    def test_a_journal_that_is_gone_is_not_begun_again_j11(self, server: ExchangeProcess) -> None:
        server.start()
        server.stop()
        (server.data / "journal.db").unlink()
        with pytest.raises(ExchangeFailedError, match="exited with 3"):
            server.start()

    def test_retention_prunes_the_journal_to_the_oldest_kept_snapshot(
        self, server: ExchangeProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OUTCRY_JOURNAL_KEPT", "snapshot")
        monkeypatch.setenv("OUTCRY_SNAPSHOTS_KEPT", "2")
        server.start()

        def pruned() -> bool:
            place(server, f"p{time.monotonic_ns()}")
            with sqlite3.connect(f"file:{server.data}/journal.db?mode=ro", uri=True) as database:
                first = database.execute("SELECT min(seq) FROM journal").fetchone()[0]
            database.close()
            time.sleep(0.1)
            return bool(first > 1)

        wait_for("old rows are gone", pruned)
        assert len(snapshots(server.data)) <= 3
        names = all_orders(server)
        server.kill()
        server.start()
        assert all_orders(server) == names
        assert outcry("verify", server.data).returncode == 0


class TestFollower:
    def test_a_killed_follower_is_started_again_o04(self, server: ExchangeProcess) -> None:
        server.start()
        names = fill(server, "a", 3)
        (first,) = children(server.pid)
        os.kill(first, signal.SIGKILL)
        names += fill(server, "b", 3)
        assert all_orders(server) == names
        (second,) = children(server.pid)
        assert second != first
        server.stop()

    def test_a_poison_order_is_quarantined_and_others_are_served_o39_x10(
        self, server: ExchangeProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OUTCRY_POISON_CLIENT_ORDER_ID", "poison")
        server.start()
        names = fill(server, "a", 3)
        begun = time.monotonic()
        status, body = place(server, "poison")
        assert status >= 400, body
        names += fill(server, "b", 3)
        assert time.monotonic() - begun < 30, "nothing waits for a restart"
        assert all_orders(server) == names
        status, body = place(server, "poison")
        assert status >= 400, body
        status, body = place(server, "late")
        assert status >= 400, "a second fault makes the market cancel-only"
        status, body = call(
            server, "DELETE", "/api/v3/order", symbol="BTCUSD", origClientOrderId="a0"
        )
        assert status == 200, body
        server.kill()
        server.start()  # no restart loop
        assert all_orders(server) == names
        (follower,) = children(server.pid)
        assert is_alive(follower)
        server.stop()
        assert outcry("verify", server.data).returncode == 0


class TestVerify:
    def test_a_clean_journal_beside_a_running_server_is_0(self, server: ExchangeProcess) -> None:
        server.start()
        fill(server, "a")
        done = outcry("verify", server.data)
        assert done.returncode == 0, done.stdout
        assert done.stdout.startswith("clean: ")
        server.kill()
        assert outcry("verify", server.data).returncode == 0

    def test_usage_is_3(self, tmp_path: Path) -> None:
        assert outcry("verify").returncode == 3
        assert outcry("verify", tmp_path).returncode == 3
        assert outcry("verify", tmp_path / "nowhere").returncode == 3

    def test_a_changed_row_is_2_o08(self, server: ExchangeProcess) -> None:
        server.start()
        fill(server, "a")
        server.stop()
        with sqlite3.connect(server.data / "journal.db") as database:
            row = database.execute("SELECT payload FROM journal WHERE seq = 5").fetchone()
            damaged = bytearray(row[0])
            damaged[-1] ^= 1
            database.execute("UPDATE journal SET payload = ? WHERE seq = 5", (damaged,))
        database.close()
        done = outcry("verify", server.data)
        assert done.returncode == 2
        assert "row 5 of partition 0 fails its hash" in done.stdout

    def test_a_damaged_snapshot_is_2(self, server: ExchangeProcess) -> None:
        server.start()
        fill(server, "a")
        server.stop()
        newest = snapshots(server.data)[-1]
        newest.write_bytes(newest.read_bytes()[:-1])
        assert outcry("verify", server.data).returncode == 2

    def test_a_state_that_another_program_made_is_1_j01(self, server: ExchangeProcess) -> None:
        """A snapshot that is whole, and holds another state than the journal leads to."""
        from dataclasses import replace

        from openoutcry.adapters.local.snapshots import FileSnapshots

        server.start()
        fill(server, "a")
        server.stop()
        kept = FileSnapshots(server.data / "snapshots")
        newest = kept.load(kept.seqs()[0])
        kept.save(replace(newest, state_hash=bytes(16)))
        done = outcry("verify", server.data)
        assert done.returncode == 1
        assert "holds another state" in done.stdout


class TestBackup:
    def test_a_backup_of_a_running_server_restores_to_the_same_state(
        self, server: ExchangeProcess, tmp_path: Path
    ) -> None:
        server.start()
        names = fill(server, "a")
        file = tmp_path / "copy.outcry"
        assert outcry("backup", server.data, file).returncode == 0
        assert file.stat().st_mode & 0o777 == 0o600
        before = outcry("verify", server.data).stdout.split()[-1]
        fill(server, "later", 3)
        server.stop()
        target = tmp_path / "restored"
        assert outcry("restore", file, target).returncode == 0
        assert outcry("verify", target).stdout.split()[-1] == before
        looked = outcry("admin", "--data", target, "audit", "verify")
        assert (looked.returncode, looked.stdout.splitlines()[0]) == (0, "1 records, whole")
        again = ExchangeProcess(target, *FLAGS)
        with again:
            assert all_orders(again) == names
            assert place(again, "new")[0] == 200

    def test_a_damaged_backup_is_refused(self, server: ExchangeProcess, tmp_path: Path) -> None:
        server.start()
        fill(server, "a")
        server.stop()
        file = tmp_path / "copy.outcry"
        assert outcry("backup", server.data, file).returncode == 0
        whole = file.read_bytes()
        for at in range(600, len(whole) - 20_000, len(whole) // 12):
            damaged = bytearray(whole)
            damaged[at] ^= 0xFF
            file.write_bytes(damaged)
            done = outcry("restore", file, tmp_path / f"restored-{at}")
            if done.returncode == 0:  # a byte between two files
                continue
            assert "Traceback" not in done.stderr
            assert not (tmp_path / f"restored-{at}").exists()

    def test_nothing_is_overwritten(self, server: ExchangeProcess, tmp_path: Path) -> None:
        server.start()
        server.stop()
        file = tmp_path / "copy.outcry"
        file.write_text("mine")
        assert outcry("backup", server.data, file).returncode == 1
        assert file.read_text() == "mine"
        file.unlink()
        assert outcry("backup", server.data, file).returncode == 0
        assert outcry("restore", file, server.data).returncode == 1
        assert outcry("backup", tmp_path / "nowhere", file).returncode == 1
