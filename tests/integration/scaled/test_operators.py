"""What operators do to a running exchange of the scaled size."""

import re
import subprocess
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import clients
from tests.support.scaled import Doors, admin, eventually, new_account
from tools.exchange_process import (
    DemoKey,
    ExchangeProcess,
    ScaledProcess,
    free_port,
    outcry_command,
)

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.app.admin import AdminError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("scaled")]
DOCS = Path(__file__).parents[3] / "docs"


def outcry(*arguments: str | Path) -> tuple[int, str]:
    """Run a command to its end; returns its code and all that it said."""
    command = [*outcry_command(), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr


def place(door: ExchangeProcess, key: DemoKey, **order: Any) -> tuple[int, Any]:
    fields = {"type": "LIMIT", "timeInForce": "GTC", **order}
    return clients.signed(door, key, "POST", "/api/v3/order", **fields)


# -- every verb


def test_a_new_market_is_traded_through_every_gateway(doors: Doors) -> None:
    """A market that an operator opens comes to live in a partition of markets."""
    data = doors.here.data
    admin(data, "create-asset", name="EUR")
    code, said = outcry(
        "admin", "--data", data, "create-market", "BTC", "EUR", "--tick", "0.01", "--lot", "0.0001"
    )
    assert code == 0, said
    listed = admin(data, "list")
    assert {"BTCUSD", "ETHUSD", "ETHBTC", "BTCEUR"} <= {one["symbol"] for one in listed["markets"]}
    money = {"BTC": "5", "EUR": "100000"}
    seller, buyer = (new_account(doors, money) for _ in range(2))
    admin(data, "set-fees", symbol="BTCEUR", maker="0", taker="0.005")
    for here, there in (doors, doors[::-1]):
        maker, taker = clients.ccxt_sync(here, seller), clients.ccxt_sync(there, buyer)
        eventually(lambda one=maker: "BTC/EUR" in one.load_markets(True), 30, "known here")
        eventually(lambda one=taker: "BTC/EUR" in one.load_markets(True), 30, "known there")
        maker.create_order("BTC/EUR", "limit", "sell", 0.2, 50_000)
        eventually(
            lambda one=taker: one.fetch_order_book("BTC/EUR")["asks"] == [[50_000, 0.2]], 10, "book"
        )
        bought = taker.create_order("BTC/EUR", "limit", "buy", 0.2, 50_000)
        assert (bought["status"], bought["filled"]) == ("closed", 0.2)
        assert bought["fees"][0]["cost"] == pytest.approx(0.001)
    shown = admin(data, "show-account", account=_account(buyer))
    balances = {row["asset"]: float(row["free"]) for row in shown["balances"]}
    assert balances == {"BTC": pytest.approx(5.398), "EUR": pytest.approx(80_000)}


def _account(key: DemoKey) -> int:
    return int(key.name.rpartition(" ")[2])


def test_a_status_holds_at_every_gateway(doors: Doors) -> None:
    data, key = doors.here.data, new_account(doors, {"USD": "100000", "BTC": "1"})
    order = {"symbol": "ETHUSD", "side": "BUY", "quantity": "0.01", "price": "2500"}
    for door in doors:
        admin(data, "set-status", symbol="ETHUSD", status="HALT")
        for other in doors:
            status, answer = place(other, key, **order)
            assert (status, answer["msg"]) == (400, "Market is closed."), answer
        markets = {one["symbol"]: one["status"] for one in admin(data, "list")["markets"]}
        assert markets["ETHUSD"] == "HALT"
        admin(data, "set-status", symbol="ETHUSD", status="TRADING")
        assert place(door, key, **order)[0] == 200


def test_filters_money_and_rights(doors: Doors) -> None:
    data, key = doors.here.data, new_account(doors, {"USD": "1000"})
    account = _account(key)
    changed = admin(data, "set-filters", symbol="ETHBTC", filters={"qty-min": "0.02"})
    assert float(changed["filters"]["qty-min"]) == 0.02
    took = admin(data, "debit", account=account, asset="USD", amount="400")
    assert float(took["free"]) == 600
    admin(data, "update-account", account=account, **{"may-trade": False})
    order = {"symbol": "ETHUSD", "side": "BUY", "quantity": "0.01", "price": "2500"}
    for door in doors:
        assert place(door, key, **order)[1]["code"] == -2010
    shown = admin(data, "show-account", account=account)
    assert (shown["may"], shown["keys"]) == (["withdraw", "deposit"], 1)
    (listed,) = admin(data, "list-keys", account=account)["keys"]
    admin(data, "revoke-key", **{"api-key": listed["api_key"]})
    for door in doors:
        eventually(lambda door=door: place(door, key, **order)[1]["code"] == -2015, 5, "revoked")
    with pytest.raises(AdminError, match="insufficient balance"):
        admin(data, "debit", account=account, asset="USD", amount="4000")
    with pytest.raises(AdminError, match="none of all"):
        admin(data, "restart", what="engine-9")


def test_commands_for_the_embedded_size_say_so(doors: Doors, tmp_path: Path) -> None:
    code, said = outcry("backup", doors.here.data, tmp_path / "backup")
    assert code == 1
    assert "pg_basebackup" in said


def test_every_partition_is_verified_while_it_runs(doors: Doors) -> None:
    """J01: the journal of each partition leads both implementations to the same state."""
    code, said = outcry("verify", doors.here.data)
    assert code == 0, said
    assert len(re.findall(r"partition \d+ \((accounts|markets)\): clean", said)) == 5, said


# -- restarted under load


@pytest.fixture
def up(tmp_path: Path) -> Iterator[ScaledProcess]:
    made = ScaledProcess(tmp_path / "data", "--no-bots", "--no-limits", engines=2, gateways=2)
    with ExitStack() as stack:
        stack.callback(made.discard)
        yield stack.enter_context(made)


class Trader(threading.Thread):
    """Sends orders one after the other, each with a name of its own, and notes the answers."""

    def __init__(self, exchange: ExchangeProcess, key: DemoKey) -> None:
        super().__init__()
        self.exchange, self.key = exchange, key
        self.acknowledged: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self.longest_s = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        number, since = 0, time.monotonic()
        while not self.over.is_set():
            number += 1
            name = f"{self.key.name[:5]}-{number}"
            try:
                status, answer = place(
                    self.exchange, self.key, symbol="BTCUSD", side="BUY", quantity="0.001",
                    price="40000", timeInForce="IOC", newClientOrderId=name,
                )  # fmt: skip
            except OSError as error:
                self.refused[type(error).__name__] += 1
            else:
                if status == 200:
                    self.acknowledged[name] = answer["orderId"]
                    now = time.monotonic()
                    self.longest_s, since = max(self.longest_s, now - since), now
                else:
                    self.refused[f"{status} {answer['code']}"] += 1
            self.over.wait(0.02)


ALLOWED = re.compile(
    r"503 -10(01|08|16)|504 -1007|Connection\w+Error|RemoteDisconnected|BrokenPipeError"
)


def test_a_rolling_restart_loses_nothing(up: ScaledProcess) -> None:
    """V07: nothing acknowledged is lost, nothing is there twice, refusals are the API's own."""
    traders = [Trader(up, key) for key in up.keys_of("HMAC")]
    for trader in traders:
        trader.start()
    try:
        code, said = outcry("admin", "--data", up.data, "restart")
        assert code == 0, said
        for name in ("gateway-1", "gateway-2", "engine-1", "engine-2", "projector-1"):
            assert name in said
    finally:
        for trader in traders:
            trader.over.set()
        for trader in traders:
            trader.join()
    for trader in traders:
        print(trader.longest_s, trader.refused)  # noqa: T201 - what a restart costs
        assert len(trader.acknowledged) > 50
        assert [one for one in trader.refused if not ALLOWED.fullmatch(one)] == []
        assert trader.longest_s < 30
        kept = _all_orders(up, trader.key)
        names = Counter(kept.values())
        assert {name for name, times in names.items() if times > 1} == set()
        lost = {name for name, number in trader.acknowledged.items() if kept.get(number) != name}
        assert lost == set()


def _all_orders(exchange: ExchangeProcess, key: DemoKey) -> dict[int, str]:
    found: dict[int, str] = {}
    after = 0
    while True:
        status, rows = clients.signed(
            exchange, key, "GET", "/api/v3/allOrders", symbol="BTCUSD", orderId=after, limit=1000
        )
        assert status == 200, rows
        found |= {row["orderId"]: row["clientOrderId"] for row in rows}
        if len(rows) < 1000:
            return found
        after = rows[-1]["orderId"] + 1


# -- by hand


class ByHand(ExchangeProcess):
    """One process that an operator starts with a settings file."""

    def __init__(self, verb: str, settings: Path, port: int, password: str) -> None:
        super().__init__(settings.parent / verb, port=port)
        self.verb, self.settings, self.password = verb, settings, password
        self.is_gateway = verb == "gateway"

    def command(self) -> list[str]:
        return [
            *(*outcry_command(), self.verb, "--settings", str(self.settings)),
            *("--name", f"{self.verb}-1"),
        ]

    def environment(self) -> dict[str, str]:
        return {"OUTCRY_PORT": str(self.port), "OUTCRY_REDIS_PASSWORD": self.password}

    def answers(self) -> bool:
        return super().answers() if self.is_gateway else bool(self.log() != "")


def test_the_documented_settings_work_as_written(
    server_folder: Path,
    shared_valkey: ValkeyCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three processes by hand: tables and routes are made, and an operator opens a market."""
    monkeypatch.setenv("OUTCRY_SECRETS_KEY", "5e" * 32)
    page = (DOCS / "reference/settings.md").read_text()
    example = page.rpartition("```toml\n")[2].partition("```")[0]
    assert len(tomllib.loads(example)["partitions"]) == 2
    nodes = ", ".join(f'"{host}:{port}"' for host, port in shared_valkey.addresses[:2])
    with PostgresServer(server_folder / "by-hand", durable=False) as server, ExitStack() as stack:
        server.create_database("outcry")
        dsn = server.dsn("outcry").replace('"', '\\"')
        text = re.sub(r'journal_dsn = ".*"', lambda _: f'journal_dsn = "{dsn}"', example)
        text = re.sub(r"redis_nodes = .*", lambda _: f"redis_nodes = [{nodes}]", text)
        settings = tmp_path / "exchange.toml"
        settings.write_text(text)
        port = free_port()
        for verb in ("engine", "projector", "gateway"):
            one = ByHand(verb, settings, port, shared_valkey.password)
            stack.enter_context(one)
        assert one.get("/api/v3/ping") == {}

        def run(*request: str) -> str:
            code, said = outcry("admin", "--settings", settings, *request)
            assert code == 0, said
            return said

        run("create-asset", "BTC")
        run("create-asset", "USD")
        run("create-market", "BTC", "USD", "--tick", "0.01", "--lot", "0.0001")
        account = run("create-account").split()[-1]
        run("credit", account, "USD", "10000")
        made = dict(line.split(None, 1) for line in run("create-key", account).splitlines())
        key = DemoKey("x", made["api"].split()[-1], made["secret"], "HMAC", {})
        order = {"symbol": "BTCUSD", "side": "BUY", "quantity": "0.1", "price": "50000"}
        eventually(lambda: place(one, key, **order)[0] == 200, 30, "it is traded")
        assert "whole" in run("audit", "verify")
        assert "console  market.create  market:BTCUSD" in run("audit", "list", "--action", "market")


@pytest.mark.parametrize("verb", ["engine", "gateway", "projector"])
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "must be set"),
        ("lease_second = 3", "did you mean lease_seconds"),
        ("credits = 0", "credits is above zero"),
        ('calls_listen = "0.0.0.0:7000"', "set calls_certificate"),
        ("[[partitions]]\nnumber = 1\nrole = 'ACCOUNTS'\nshards = ['0-5']", "6-1023"),
        ("= 1", "is no TOML"),
    ],
)
def test_wrong_settings_are_said(verb: str, text: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "exchange.toml").write_text(text)
    code, said = outcry(verb, "--settings", tmp_path / "exchange.toml")
    assert code == 2, said
    assert word in said
    assert "Traceback" not in said
