"""A customer's key and an operator's console on a running exchange, from the outside."""

import http.client
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import clients
from tests.support import page_client
from tests.support.page_client import PageClient
from tools.exchange_process import DemoKey, ExchangeProcess, outcry_command
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from openoutcry.app.control import ask

Eventually = Callable[[Callable[[], Any], float], Any]

PASSWORD = "a quiet place by the sea 7"
ORDER = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": "100", "quantity": "1"}
REJECTED = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ExchangeProcess]:
    """An exchange of the test's own: it is halted, and its people are locked out."""
    with ExchangeProcess(tmp_path / "people", "--no-bots", "--no-limits") as exchange:
        yield exchange


def operator_of(exchange: ExchangeProcess) -> PageClient:
    """Return the demo's operator, signed in for the first time, with a second factor."""
    page = PageClient(exchange.port)
    made = json.loads((exchange.data / "demo-operator.json").read_text())
    credentials = {"email": made["email"], "password": made["one_time_password"]}
    step = page.post("/auth/sign-in", credentials).ok()
    assert step["next"] == "NEW_PASSWORD"
    new = {"token": step["token"], "password": "another place by the sea 8"}
    assert page.post("/auth/sign-in/new-password", new).ok()["session"]["roles"] == ["ADMIN"]
    assert page.get("/operator/health").code() == "SECOND_FACTOR_NEEDED"
    page.add_second_factor()
    return page


def customer_of(exchange: ExchangeProcess, email: str, eventually: Eventually) -> PageClient:
    """Return somebody who has signed up, with some money."""
    page = PageClient(exchange.port)
    page.post("/auth/sign-up", {"email": email, "password": PASSWORD}).ok()
    eventually(
        lambda: any(mail["to"] == email for mail in page.get("/mailbox").ok()["mails"]), 30.0
    )
    token = page.mailed_token(email, "/confirm")
    session = page.post("/auth/confirm", {"token": token, "password": PASSWORD}).ok()["session"]
    money = {"do": "credit", "account": session["account_id"], "asset": "USD", "amount": "10000"}
    ask(exchange.data, money)
    return page


def key_of(page: PageClient, **wanted: object) -> DemoKey:
    made = page.post("/me/api-keys", {"label": "bot", "may_trade": True, **wanted}).ok()
    return DemoKey("bot", made["key"]["api_key"], made["secret"], "HMAC", {})


def place(exchange: ExchangeProcess, key: DemoKey, symbol: str = "BTCUSD") -> tuple[int, Any]:
    order = {**ORDER, "symbol": symbol}
    return clients.signed(exchange, key, "POST", "/api/v3/order", **order)


def restrictions(exchange: ExchangeProcess, key: DemoKey) -> tuple[int, Any]:
    return clients.signed(exchange, key, "GET", "/sapi/v1/account/apiRestrictions")


def listen_key_of(exchange: ExchangeProcess, key: DemoKey) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", exchange.port, timeout=30)
    connection.request("POST", "/api/v3/userDataStream", headers={"X-MBX-APIKEY": key.api_key})
    listen_key: str = json.loads(connection.getresponse().read())["listenKey"]
    connection.close()
    return listen_key


def test_a_key_does_what_its_owner_allowed_until_it_is_revoked(
    served: ExchangeProcess, eventually: Eventually
) -> None:
    ann = customer_of(served, "ann@example.com", eventually)
    key = key_of(ann, allowed_symbols=["BTCUSD"], allowed_ips=["127.0.0.0/8"])
    status, truth = restrictions(served, key)
    assert status == 200
    assert (truth["ipRestrict"], truth["enableWithdrawals"]) == (True, False)
    assert place(served, key)[0] == 200
    assert place(served, key, "ETHUSD") == (401, REJECTED)
    elsewhere = key_of(ann, allowed_ips=["192.0.2.0/24"])
    assert restrictions(served, elsewhere) == (401, REJECTED)
    reader = key_of(ann, may_trade=False)
    assert restrictions(served, reader)[0] == 200
    assert place(served, reader) == (401, REJECTED)

    stream = f"ws://127.0.0.1:{served.port}/ws/{listen_key_of(served, key)}"
    with connect(stream, compression=None) as socket:
        socket.send('{"id": 1, "method": "LIST_SUBSCRIPTIONS"}')
        assert json.loads(socket.recv(30))["id"] == 1
        began = time.monotonic()
        assert ann.delete(f"/me/api-keys/{key.api_key}").status == 204
        assert json.loads(socket.recv(30))["e"] == "listenKeyExpired"
        assert time.monotonic() - began < 5, "a second, on a machine that is not busy"
    assert place(served, key) == (401, REJECTED)
    assert restrictions(served, reader)[0] == 200
    names = [entry["api_key"] for entry in ann.get("/me/api-keys").ok()["keys"]]
    assert key.api_key not in names
    assert len(names) == 2


def test_an_operator_halts_a_market_locks_a_person_and_is_written_down(
    served: ExchangeProcess, eventually: Eventually
) -> None:
    chief = operator_of(served)
    ann = customer_of(served, "ann@example.com", eventually)
    key = key_of(ann)
    assert ann.get("/operator/health").code() == "NOT_ALLOWED"
    assert chief.get("/operator/health").ok()["is_open"] is True

    assert place(served, key)[0] == 200
    chief.put("/operator/markets/BTCUSD/status", {"status": "HALT"}).ok()
    assert place(served, key)[1]["msg"] == "Market is closed."
    chief.put("/operator/markets/BTCUSD/status", {"status": "TRADING"}).ok()
    assert place(served, key)[0] == 200

    ledger = chief.get("/operator/ledger").ok()
    assert ledger["is_conserved"] is True
    assert {asset["asset"] for asset in ledger["assets"]} == {"BTC", "ETH", "USD"}

    people = chief.get("/operator/people?containing=ann").ok()["people"]
    [person] = [found["person_id"] for found in people]
    ticket = ann.post("/stream-tickets").ok()["ticket"]
    address, cookie = f"ws://localhost:{served.port}/ws-api/v3", f"__Host-s={ann.cookie}"
    headers = {"Origin": ann.origin, "Cookie": cookie}
    with connect(address, additional_headers=headers, compression=None) as socket:
        assert page_client.ask(socket, "session.ticket", ticket=ticket)["authorizedSince"]
        chief.post(f"/operator/people/{person}/lock").ok()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
    assert place(served, key) == (401, REJECTED)
    assert ann.get("/me").code() == "SIGN_IN_FIRST"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001
    sign_in = {"email": "ann@example.com", "password": PASSWORD}
    assert ann.post("/auth/sign-in", sign_in).status in {401, 403, 422}
    chief.post(f"/operator/people/{person}/unlock").ok()
    assert place(served, key)[0] == 200
    assert ann.post("/auth/sign-in", sign_in).ok()["next"] == "DONE"

    records = chief.get("/operator/audit?limit=200").ok()["records"]
    done = [record["action"] for record in records]
    for action in ("operator.add", "market.set-status", "person.lock", "key.create"):
        assert action in done
    assert key.secret not in json.dumps(records)
    verify = [*outcry_command(), "admin", "--data", str(served.data), "audit", "verify"]
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    served.stop()
    assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
