"""Money comes to and leaves a running exchange that is killed on the way, as ccxt sees it.

In ether, because ccxt takes USD for money of a bank and asks elsewhere for it.
"""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import clients
from tests.support.page_client import PageClient
from tests.support.stray_payments import pay_to_nobody
from tools.exchange_process import DemoKey, ExchangeProcess

from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode
from openoutcry.simulation import demo

Eventually = Callable[[Callable[[], Any], float], Any]
pytestmark = pytest.mark.slow

PASSWORD = "a quiet place by the sea 7"
OUTSIDE = encode("SIM", bytes(range(PAYLOAD_BYTES)))


class Impatient(ExchangeProcess):
    """A demo whose addresses cool off at once."""

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "OUTCRY_ADDRESS_COOL_OFF_SECONDS": "0"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ExchangeProcess]:
    with Impatient(tmp_path / "money", "--no-bots", "--no-limits") as exchange:
        yield exchange


def sign_up(exchange: ExchangeProcess, email: str, eventually: Eventually) -> PageClient:
    page = PageClient(exchange.port)
    page.post("/auth/sign-up", {"email": email, "password": PASSWORD}).ok()
    eventually(
        lambda: any(mail["to"] == email for mail in page.get("/mailbox").ok()["mails"]), 30.0
    )
    token = page.mailed_token(email, "/confirm")
    page.post("/auth/confirm", {"token": token, "password": PASSWORD}).ok()
    return page


def operator_of(exchange: ExchangeProcess) -> PageClient:
    page = PageClient(exchange.port)
    made = json.loads((exchange.data / "demo-operator.json").read_text())
    credentials = {"email": made["email"], "password": made["one_time_password"]}
    step = page.post("/auth/sign-in", credentials).ok()
    new = {"token": step["token"], "password": "another place by the sea 8"}
    page.post("/auth/sign-in/new-password", new).ok()
    page.add_second_factor()
    return page


def key_of(page: PageClient, **wanted: object) -> DemoKey:
    body = {"label": "bot", "may_withdraw": True, "allowed_ips": ["127.0.0.1"], **wanted}
    made = page.post("/me/api-keys", body).ok()
    return DemoKey("bot", made["key"]["api_key"], made["secret"], "HMAC", {})


def killed(exchange: ExchangeProcess) -> None:
    exchange.kill()
    exchange.start()


def test_money_comes_in_and_leaves_over_kills_and_adds_up(
    served: ExchangeProcess, eventually: Eventually
) -> None:
    address = encode("ETH", bytes(range(PAYLOAD_BYTES)))
    page = sign_up(served, "ann@example.com", eventually)
    ccxt = clients.ccxt_sync(served, key_of(page), {"fetchMarkets": {"types": ["spot"]}})
    networks = ccxt.fetch_currencies()["USD"]["networks"]
    assert {network["id"] for network in networks.values()} == {"ETH", "SIM"}
    assert ccxt.fetch_deposit_address("ETH")["address"].startswith("simeth1")

    page.post("/wallet/simulated-payments", {"asset": "ETH", "network": "ETH", "amount": "5"}).ok()
    killed(served)
    eventually(lambda: [one["status"] for one in ccxt.fetch_deposits("ETH")] == ["ok"], 60.0)
    killed(served)
    assert ccxt.fetch_balance()["ETH"]["total"] == 5

    listed = {"network": "ETH", "address": address, "label": "cold"}
    page.post("/wallet/addresses", listed).ok()
    made = ccxt.withdraw("ETH", 1.2, address, params={"withdrawOrderId": "rent"})
    killed(served)
    again = ccxt.withdraw("ETH", 1.2, address, params={"withdrawOrderId": "rent"})
    assert again["id"] == made["id"]
    eventually(lambda: [one["status"] for one in ccxt.fetch_withdrawals("ETH")] == ["ok"], 60.0)
    (sent,) = ccxt.fetch_withdrawals("ETH")
    assert (sent["id"], sent["amount"], sent["fee"]["cost"]) == (made["id"], 1.198, 0.002)
    assert sent["txid"]
    killed(served)
    assert ccxt.fetch_balance()["ETH"]["total"] == 3.8
    assert len(ccxt.fetch_deposits("ETH")) == 1

    statement = page.get("/wallet/statement").ok()
    total = sum(Decimal(entry["amount"]) for entry in statement["entries"])
    assert total == Decimal(statement["closing"][0]["amount"]) == Decimal("3.8")
    assert [entry["purpose"] for entry in statement["entries"]] == ["deposit", "hold"]


def test_a_large_withdrawal_waits_for_an_operator_and_a_kill_does_not_help_it(
    served: ExchangeProcess, eventually: Eventually
) -> None:
    page = sign_up(served, "ben@example.com", eventually)
    chief = operator_of(served)
    for _ in range(2):
        page.post("/wallet/faucet", {"asset": "USD"}).ok()
    page.post("/wallet/addresses", {"network": "SIM", "address": OUTSIDE}).ok()
    wanted = {"asset": "USD", "network": "SIM", "address": OUTSIDE, "amount": "15000"}
    made = page.post("/wallet/withdrawals", wanted).ok()
    assert made["state"] == "awaiting"
    killed(served)

    def state() -> str:
        path = f"/wallet/withdrawals/{made['withdrawal_id']}"
        return str(page.get(path).ok()["state"])

    assert state() == "awaiting"
    waiting = chief.get("/operator/withdrawals?state=awaiting").ok()["withdrawals"]
    assert [one["withdrawal_id"] for one in waiting] == [made["withdrawal_id"]]
    path = f"/operator/withdrawals/{made['withdrawal_id']}/approve"
    assert page.post(path, {}).code() == "NOT_ALLOWED"
    chief.post(path, {"note": "called him"}).ok()
    killed(served)
    eventually(lambda: state() == "settled", 60.0)
    rest = page.get("/wallet/assets").ok()["assets"]
    assert [one["free"] for one in rest if one["asset"] == "USD"] == ["5000.00000000"]
    ledger = chief.get("/operator/ledger").ok()
    assert ledger["is_conserved"] is True
    acts = [one["action"] for one in chief.get("/operator/audit?action=withdrawal").ok()["records"]]
    assert acts == ["withdrawal.approve", "withdrawal.ask"]


def test_a_payment_to_nobody_is_given_to_its_owner_and_credited_once_over_kills(
    served: ExchangeProcess, eventually: Eventually
) -> None:
    page = sign_up(served, "cleo@example.com", eventually)
    chief = operator_of(served)
    unclaimed = "/operator/wallet/unclaimed-payments"
    assert chief.get(f"{unclaimed}?state=open").ok() == {"payments": []}
    payment = pay_to_nobody(served.data, "ETH", "ETH", 2 * demo.ATOMS)

    def waiting() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = chief.get(f"{unclaimed}?state=open").ok()["payments"]
        return found

    def unclaimed_gauge() -> dict[str, Any]:
        gauges = chief.get("/operator/health").ok()["gauges"]
        (found,) = [one for one in gauges if one["name"] == "payments_unclaimed"]
        return dict(found)

    eventually(lambda: len(waiting()) == 1, 30.0)
    killed(served)
    (one,) = waiting()
    assert (one["transaction"], one["amount"]) == (payment.transaction, "2.00000000")
    eventually(lambda: unclaimed_gauge()["is_alarming"], 30.0)
    account = page.get("/me").ok()["session"]["account_id"]
    path = f"{unclaimed}/{one['number']}/assign"
    assert page.post(path, {"account_id": account}).code() == "NOT_ALLOWED"
    chief.post(path, {"account_id": account, "note": "she has shown the receipt"}).ok()
    killed(served)

    def deposits() -> list[str]:
        return [found["state"] for found in page.get("/wallet/deposits").ok()["deposits"]]

    eventually(lambda: deposits() == ["credited"], 60.0)
    killed(served)
    assert chief.post(path, {"account_id": account}).ok()["state"] == "assigned"
    assert deposits() == ["credited"]
    rest = page.get("/wallet/assets").ok()["assets"]
    assert [found["free"] for found in rest if found["asset"] == "ETH"] == ["2.00000000"]
    assert waiting() == []
    eventually(lambda: not unclaimed_gauge()["is_alarming"], 30.0)
    records = chief.get("/operator/audit?action=payment").ok()["records"]
    assert [found["action"] for found in records] == ["payment.assign", "payment.assign"]
