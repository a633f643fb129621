"""People are told: by webhooks that their program takes, by price alerts, live where they look."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import Screen, eventually
from tools.exchange_process import ExchangeProcess

from openoutcry.notifications.signing import SIGNATURE_HEADER, is_authentic

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


@dataclass
class Program:
    """Somebody's program, which takes webhooks on a port of this machine."""

    port: int = 0
    status: int = 204
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    """Signatures and bodies, as they came."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def _running() -> Iterator[Program]:
    program = Program()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            program.taken.append((self.headers[SIGNATURE_HEADER], body))
            self.send_response(program.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        program.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield program
        server.shutdown()
        thread.join()


@pytest.fixture
def program() -> Iterator[Program]:
    with _running() as running:
        yield running


@pytest.fixture
def ann(open_screen: Open, quiet: ExchangeProcess) -> Screen:
    return open_screen(quiet).trader(USD="100000", BTC="2")


def test_a_webhook_is_made_tried_and_deleted(ann: Screen, program: Program) -> None:
    ann.go("/account/notifications")
    ann.field("webhookUrl").fill("http://example.org/hook")
    ann.button("Add a webhook").click()
    expect(ann.page.get_by_label("Webhooks", exact=True).locator(".field-error")).to_be_visible()
    ann.field("webhookUrl").fill(program.url)
    ann.button("Add a webhook").click()
    dialog = ann.page.get_by_role("dialog")
    ann.prove_if_asked(dialog.locator(".copyable code").count)
    secret = dialog.locator(".copyable code").inner_text()
    dialog.get_by_role("button", name="Close").click()
    expect(ann.page.get_by_test_id("webhooks")).to_contain_text(program.url)

    ann.button("Test").click()
    expect(ann.page.locator(".note.is-good")).to_be_visible()
    ((signed, body),) = program.taken
    assert is_authentic(secret, signed, body, int(time.time()))
    assert not is_authentic(secret + "x", signed, body, int(time.time()))
    program.status = 500
    ann.button("Test").click()
    expect(ann.page.locator(".note.is-bad")).to_contain_text("500")

    program.status = 204
    program.taken.clear()
    ann.credit(USD="5")
    eventually(lambda: any(b"deposit" in body for _, body in program.taken), 60)
    for signed, body in program.taken:
        assert is_authentic(secret, signed, body, int(time.time()))

    ann.button("Pause").click()
    expect(ann.button("Go on")).to_be_visible()
    (known,) = ann.ask("GET", "/x/v1/notifications/webhooks")["body"]["webhooks"]
    assert known["state"] != "active"
    ann.button("Remove").click()
    expect(ann.page.get_by_text("You have no webhooks.")).to_be_visible()
    assert ann.ask("GET", "/x/v1/notifications/webhooks")["body"]["webhooks"] == []


def test_a_price_alert_fires_and_is_seen_at_once(
    ann: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    """The bell counts it, the inbox shows it, and the alert says when; nothing is loaded again."""
    ben = open_screen(quiet).trader(USD="100000", BTC="2")
    cara = open_screen(quiet).trader(USD="100000", BTC="2")
    ann.go("/account/notifications")
    panel = ann.page.get_by_label("Price alerts", exact=True)
    panel.get_by_label("Pair").select_option(label="BTCUSD")
    for above, price in (("at or above", "51000"), ("at or above", "90000")):
        panel.get_by_label("When the price is").select_option(label=above)
        ann.field("alertPrice").fill(price)
        ann.button("Add an alert").click()
        expect(ann.page.get_by_test_id("alerts")).to_contain_text(f"{int(price):,}.00")
    waiting = ann.ask("GET", "/x/v1/notifications/alerts")["body"]["alerts"]
    assert [one["active"] for one in waiting] == [True, True]
    inbox = ann.page.get_by_test_id("inbox")
    told = inbox.locator("li.is-unread").filter(has_text="BTCUSD").filter(has_text="51")
    expect(inbox.locator("li", has_text="Welcome")).to_be_visible()
    expect(told).to_have_count(0)
    ann.page.evaluate("() => { window.stayed = true; }")

    ben.limit("Sell", "52000", "0.1")
    expect(cara.page.locator("[data-side=ask][data-price='52000']")).to_be_visible()
    cara.limit("Buy", "52000", "0.1")
    expect(cara.page.get_by_text("Bought 0.10000000 BTC")).to_be_visible()

    expect(told).to_have_count(1)
    rows = ann.page.get_by_test_id("alerts").locator("tbody tr")
    expect(rows.filter(has_text="Waiting")).to_have_count(1)
    expect(rows.filter(has_text="90,000.00")).to_contain_text("Waiting")
    unread = ann.ask("GET", "/x/v1/notifications")["body"]["unread"]
    bell = ann.page.get_by_role("link", name=f"Notifications: {unread} unread")
    expect(bell).to_be_visible()
    assert ann.page.evaluate("() => window.stayed") is True

    ann.button(f"Mark all {unread} as read").click()
    expect(ann.page.get_by_role("link", name="Notifications", exact=True).first).to_be_visible()
    expect(inbox.locator("li.is-unread")).to_have_count(0)
    assert ann.ask("GET", "/x/v1/notifications")["body"]["unread"] == 0
    for left in (1, 0):
        ann.page.get_by_test_id("alerts").get_by_role("button").first.click()
        expect(rows).to_have_count(left)
    assert ann.ask("GET", "/x/v1/notifications/alerts")["body"]["alerts"] == []
