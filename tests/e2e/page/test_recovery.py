"""The server is killed and comes back under an open page, which goes on by itself."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def test_the_page_outlives_its_server_with_nothing_doubled(
    open_screen: Open, chromium: str, tmp_path: Path
) -> None:
    with ExchangeProcess(tmp_path / "killed", "--no-limits", "--no-bots") as exchange:
        ann = open_screen(exchange).trader(USD="100000", BTC="2")
        ann.limit("Sell", "50000", "0.5")
        ann.limit("Sell", "50010", "0.25")
        expect(ann.page.locator("[data-side=ask]")).to_have_count(2)
        before = [(one["Price"], one["Amount"]) for one in ann.open_orders()]

        exchange.kill()
        expect(ann.page.get_by_test_id("link")).to_have_text("Reconnecting")
        expect(ann.page.get_by_role("alert").first).to_contain_text("is being made again")
        expect(ann.button("Connecting")).to_be_disabled()
        ann.picture("reconnecting")
        exchange.start()

        expect(ann.page.get_by_test_id("link")).to_have_text("Live", timeout=60_000)
        ann.is_ready()
        expect(ann.page.locator("[data-side=ask]")).to_have_count(2)
        assert [(one["Price"], one["Amount"]) for one in ann.open_orders()] == before
        ann.limit("Sell", "50020", "0.1")
        eventually(lambda: len(ann.open_orders()) == 3)
        eventually(
            lambda: ann.book()["asks"] == [["50000", "0.5"], ["50010", "0.25"], ["50020", "0.1"]]
        )
        assert ann.balance("BTC") == {"free": "1.15000000", "held": "0.85000000"}


def test_a_session_that_ends_elsewhere_ends_here(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet).trader(USD="1000")
    other = open_screen(quiet)
    other.email = ann.email
    other.sign_in()
    other.go("/account/sessions")
    other.button("End all others").click()
    expect(ann.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    expect(ann.page.get_by_role("link", name="Sign in to trade")).to_be_visible()
    expect(other.page.get_by_test_id("sessions").locator("tbody tr")).to_have_count(1)
    ann.tab("Balances").click()
    expect(ann.page.get_by_text("Sign in to see your orders")).to_be_visible()
    assert not re.search("1,000", ann.page.locator(".orders").inner_text())
