"""Notifications of a running exchange: kills lose nothing and make nothing happen twice."""

import json
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from tests.support.page_client import PASSWORD, PageClient, ask
from tools.exchange_process import ExchangeProcess

from openoutcry.notifications.signing import is_authentic

EMAIL = "ann@example.com"
ROUNDS = 3
ORDERS_A_ROUND = 3


class Hook(ThreadingHTTPServer):
    """Somebody's program; fails the third request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, bytes]] = []
        self.taken: list[str] = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.headers["Outcry-Signature"], body))
        is_failing = len(self.server.requests) == 3
        if not is_failing:
            self.server.taken.append(json.loads(body)["id"])
        self.send_response(503 if is_failing else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    yield server
    server.shutdown()
    server.server_close()
    server.thread.join()


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[ExchangeProcess]:
    process = ExchangeProcess(tmp_path / "data")
    process.start()
    yield process
    process.kill()


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def inbox(ann: PageClient) -> list[dict[str, Any]]:
    """Return all notifications, oldest first."""
    items: list[dict[str, Any]] = []
    before = ""
    while True:
        page = ann.get(f"/notifications?limit=100{before}").ok()
        items += page["items"]
        if page["next_before"] is None:
            return items[::-1]
        before = f"&before={page['next_before']}"


def events(ann: PageClient) -> Counter[str]:
    return Counter(item["event"] for item in inbox(ann))


def buy(ann: PageClient, count: int) -> list[str]:
    """Buy so many times at the market; returns the orders, each of them filled."""
    orders = []
    with ann.socket() as socket:
        for _ in range(count):
            wanted = {"symbol": "BTCUSD", "side": "BUY", "type": "MARKET", "quantity": "0.0002"}
            name = f"buy-{uuid4().hex[:20]}"  # without one the same wish is the same order
            placed = ask(socket, "order.place", newClientOrderId=name, **wanted)
            assert placed["status"] == "FILLED"
            orders.append(str(placed["orderId"]))
    return orders


@pytest.mark.slow
@pytest.mark.timeout(600)  # what was under way in a kill is attempted again after a minute
def test_kills_lose_nothing_and_repeat_nothing(exchange: ExchangeProcess, hook: Hook) -> None:
    ann = PageClient(exchange.port)
    ann.sign_up(EMAIL)
    for asset in ("USD", "BTC"):
        ann.post("/wallet/faucet", {"asset": asset}).ok()
    target = {"url": f"http://127.0.0.1:{hook.server_port}/", "kinds": ["fill", "price_alert"]}
    made = ann.post("/notifications/webhooks", target).ok()
    orders = []
    for number in range(ROUNDS):
        alert = {"symbol": "BTCUSD", "direction": "above", "price": "0.01"}
        ann.post("/notifications/alerts", alert).ok()
        orders += buy(ann, ORDERS_A_ROUND)
        if number % 2:
            time.sleep(0.2)  # some of it is recorded, some of it is not
        exchange.kill()
        exchange.start()

    def all_told() -> bool:
        told = events(ann)
        return told["order_filled"] >= len(orders) and told["price_above"] >= ROUNDS

    until(all_told, "something was missed")
    told = inbox(ann)
    filled = [item["facts"]["order_id"] for item in told if item["event"] == "order_filled"]
    assert filled == orders  # each once, in the order of the journal
    assert events(ann)["price_above"] == ROUNDS
    assert events(ann)["deposit_credited"] == 2
    assert events(ann)["webhook_added"] == 1
    assert len({item["id"] for item in told}) == len(told)

    wanted = {item["id"] for item in told if item["kind"] in {"fill", "price_alert"}}
    until(lambda: wanted <= set(hook.taken), "a webhook was missed", 300.0)
    assert set(hook.taken) == wanted
    for signed, body in hook.requests:
        sent_s = int(signed.split(",")[0].removeprefix("t="))
        assert is_authentic(made["secret"], signed, body, sent_s)
    bodies = {json.loads(body)["id"]: body for _, body in hook.requests}
    assert all(bodies[json.loads(body)["id"]] == body for _, body in hook.requests)


def test_an_open_page_and_the_mailbox_are_told(exchange: ExchangeProcess) -> None:
    ann = PageClient(exchange.port)
    ann.sign_up(EMAIL)
    ann.post("/auth/sign-in", {"email": EMAIL, "password": PASSWORD}).ok()
    until(lambda: events(ann)["signed_in"] == 2, "nobody was told of the sign-ins")
    assert events(ann)["signed_up"] == 1
    unread = ann.get("/notifications").ok()["unread"]

    with ann.socket() as socket:
        ann.post("/wallet/faucet", {"asset": "USD"}).ok()
        while True:
            event = json.loads(socket.recv(30)).get("event", {})
            if event.get("e") == "inboxChanged":
                break
        assert event["unread"] > unread

    def subjects() -> Counter[str]:
        mails = ann.get(f"/mailbox?to={quote(EMAIL)}").ok()["mails"]
        return Counter(mail["subject"] for mail in mails)

    until(lambda: subjects()["New sign-in"] == 2, "no mail came")
    until(lambda: sum(subjects()[word] for word in subjects() if "Deposit" in word) == 1, "deposit")


class AnyPort(ExchangeProcess):
    """Listens where the machine finds room, and says where that is."""

    def command(self) -> list[str]:
        self.port = 0
        return super().command()

    def answers(self) -> bool:
        found = re.search(r"ready: http://localhost:([0-9]+) ", self.log())
        if found is None:
            return False
        self.port = int(found[1])
        return super().answers()


def test_mails_name_the_port_that_was_found(tmp_path: Path) -> None:
    with AnyPort(tmp_path / "data", "--no-bots") as exchange:
        assert exchange.port > 0
        ann = PageClient(exchange.port)
        ann.sign_up(EMAIL)  # by a link that names the port that was asked

        def mails() -> dict[str, str]:
            mails = ann.get(f"/mailbox?to={quote(EMAIL)}").ok()["mails"]
            return {mail["subject"]: mail["text"] for mail in mails}

        until(lambda: "New sign-in" in mails(), "no mail came")
        assert f"\n{ann.origin}/account/notifications\n" in mails()["New sign-in"]


def operator(exchange: ExchangeProcess) -> PageClient:
    """Sign in as the demo's operator."""
    chief = PageClient(exchange.port)
    made = json.loads((exchange.data / "demo-operator.json").read_text())
    chief.sign_in_once(made["email"], made["one_time_password"])
    chief.add_second_factor()
    return chief


def _facts_of_first(exchange: ExchangeProcess, facts: str | None = None) -> str:
    """Return the facts of the first mail ever recorded, and put others into their place."""
    with sqlite3.connect(exchange.data / "people.db", timeout=10) as database:
        (number, before) = database.execute(
            "SELECT number, facts FROM notification_message ORDER BY number LIMIT 1"
        ).fetchone()
        if facts is not None:
            database.execute(
                "UPDATE notification_message SET facts = ? WHERE number = ?", (facts, number)
            )
            database.execute(
                "UPDATE notification_delivery SET state = 'pending', attempts = 0, due_us = 0"
                " WHERE number = ? AND channel = 'email'",
                (number,),
            )
    database.close()
    return str(before)


def test_a_fault_of_notifications_stops_them_and_not_the_exchange(
    exchange: ExchangeProcess,
) -> None:
    """A mail with facts that nobody can read is a fault of ours: what is told stops, loudly."""
    ann = PageClient(exchange.port)
    ann.sign_up(EMAIL)
    until(lambda: events(ann)["signed_up"] == 1, "nobody was told of the sign-up")
    chief = operator(exchange)

    def running() -> dict[str, Any]:
        gauges = chief.get("/operator/health").ok()["gauges"]
        (found,) = [one for one in gauges if one["name"] == "notifications_running"]
        return dict(found)

    assert (running()["value"], running()["is_alarming"]) == (1, False)
    good = _facts_of_first(exchange, "no facts at all")
    until(lambda: running()["is_alarming"], "the fault was told to nobody")
    assert running()["value"] == 0
    assert "Expecting value" in running()["meaning"]

    ann.post("/wallet/faucet", {"asset": "USD"}).ok()
    orders = buy(ann, 2)  # the exchange trades on
    with ann.socket() as socket:
        assert ask(socket, "account.status")["balances"]
    target = {"url": "https://example.org/hook", "kinds": ["fill"]}
    ann.post("/notifications/webhooks", target).ok()
    time.sleep(1.5)  # longer than any log is looked at
    _facts_of_first(exchange, good)
    told = events(ann)
    assert told["order_filled"] == told["deposit_credited"] == told["webhook_added"] == 0
    exchange.stop()
    exchange.start()
    until(lambda: events(ann)["order_filled"] >= len(orders), "orders were missed")
    until(lambda: events(ann)["webhook_added"] == 1, "the webhook was missed")
    filled = [i["facts"]["order_id"] for i in inbox(ann) if i["event"] == "order_filled"]
    assert filled == orders
    assert events(ann)["deposit_credited"] == 1
    assert running()["value"] == 1
