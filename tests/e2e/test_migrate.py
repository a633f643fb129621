"""From one process to many: an embedded exchange taken to the scaled size, whole."""

import subprocess
from pathlib import Path

import pytest
from tests.e2e import clients
from tests.e2e.trading import everything, trade_a_little
from tools.exchange_process import ExchangeProcess, ScaledProcess, outcry_command

FLAGS = ("--no-bots", "--no-limits")


def migrate(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*outcry_command(), "migrate", str(source), "--to", str(target), "--engines", "2"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.xdist_group("scaled")
def test_balances_orders_and_history_are_taken_over(tmp_path: Path) -> None:
    """L01, and what was acknowledged at one size is there at the other."""
    target = tmp_path / "scaled"
    with ExchangeProcess(tmp_path / "embedded", *FLAGS) as embedded:
        keys = embedded.demo_keys()
        alice, bob = embedded.keys_of("HMAC")[:2]
        trade_a_little(embedded, alice, bob)
        before = everything(embedded, [alice, bob])
        refused = migrate(embedded.data, target)
        assert refused.returncode == 1
        assert "in use by another process" in refused.stderr
    done = migrate(tmp_path / "embedded", target)
    assert done.returncode == 0, done.stderr
    assert "4 open orders, 4 keys" in done.stdout
    assert migrate(tmp_path / "embedded", target).returncode == 1, "it is not empty any more"
    with ScaledProcess(target, *FLAGS, engines=2, gateways=1) as scaled:
        assert scaled.demo_keys() == keys
        assert everything(scaled, [alice, bob]) == before
        oldest = before[f"{alice.name} openOrders"][0]
        status, _ = clients.signed(
            scaled, alice, "DELETE", "/api/v3/order", symbol="BTCUSD", orderId=oldest["orderId"]
        )
        assert status == 200
        status, bought = clients.signed(
            scaled, bob, "POST", "/api/v3/order",
            symbol="BTCUSD", type="MARKET", side="BUY", quantity="0.002",
        )  # fmt: skip
        assert (status, bought["status"]) == (200, "FILLED")
        assert bought["orderId"] > max(it["orderId"] for it in before[f"{bob.name} allOrders"])
        last_trade = max(it["id"] for it in before["trades"])
        assert [fill["tradeId"] for fill in bought["fills"]] == [last_trade + 1]
        trade_a_little(scaled, alice, bob)
    with ExchangeProcess(tmp_path / "embedded", *FLAGS) as embedded:
        assert everything(embedded, [alice, bob]) == before, "the source stays as it was"


def test_a_folder_without_an_exchange_is_refused(tmp_path: Path) -> None:
    refused = migrate(tmp_path, tmp_path / "scaled")
    assert refused.returncode == 1
    assert "holds no exchange" in refused.stderr
