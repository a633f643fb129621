"""Servers are killed and sessions change under open pages, which go on by themselves."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import PASSWORD, Screen, eventually
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


_STEP_UP_FIRST = {"title": "Confirm once more who you are", "code": "STEP_UP_FIRST", "status": 403}


def test_a_proof_in_another_window_breaks_nothing_here(
    open_screen: Open, quiet: ExchangeProcess
) -> None:
    """It changes the token that both windows share, while a question is open in this one."""
    ann = open_screen(quiet).trader(USD="1000")
    other = Screen(ann.page.context.new_page(), quiet)
    other.go("/account/security")
    ann.go("/account/api-keys")
    asked = []

    def refuse_once(route: Route) -> None:
        if route.request.method != "POST" or asked:
            return route.fallback()
        asked.append(route.request.url)
        return route.fulfill(status=403, json=_STEP_UP_FIRST)

    ann.page.route("**/x/v1/me/api-keys", refuse_once)
    ann.field("label").fill("bot")
    ann.button("Make an API key").click()
    expect(ann.field("proof")).to_be_visible()
    ann.field("proof").fill(PASSWORD[:10])

    proof = {"password": PASSWORD}
    before = ann.page.context.cookies()
    assert other.ask("POST", "/x/v1/auth/step-up/password", proof)["status"] == 200
    assert ann.page.context.cookies() != before
    expect(ann.field("proof")).to_have_value(PASSWORD[:10])
    ann.field("proof").fill(PASSWORD)
    ann.button("Confirm").click()
    expect(ann.page.get_by_test_id("snippet")).to_be_visible()
    ann.button("I have kept the secret").click()
    for screen in (ann, other):
        screen.go("/account/api-keys")
        expect(screen.page.get_by_test_id("api-keys")).to_contain_text("bot")
        expect(screen.button("Sign out")).to_be_visible()
    assert other.complaints() == []


def test_windows_that_prove_at_once_stay_signed_in(
    open_screen: Open, quiet: ExchangeProcess
) -> None:
    """Each changes the token under the calls that the others have under way."""
    ann = open_screen(quiet).trader(USD="1000")
    windows = [ann, *(Screen(ann.page.context.new_page(), quiet) for _ in range(2))]
    for screen in windows:
        screen.go("/account/security")
        expect(screen.page.get_by_test_id("link")).to_have_text("Live")
    for _ in range(3):
        for screen in windows:
            screen.page.evaluate(_REFUSE_ONCE, _STEP_UP_FIRST)
            screen.button("Set up an authenticator").click()
            screen.field("proof").fill(PASSWORD)
        for screen in windows:  # all are sent before any is awaited
            screen.page.evaluate("() => { document.querySelector('dialog form').requestSubmit(); }")
        for screen in windows:
            expect(screen.page.locator(".copyable code")).to_be_visible()
            screen.page.reload()
    for screen in windows:
        expect(screen.button("Sign out")).to_be_visible()
        expect(screen.page.get_by_test_id("link")).to_have_text("Live")
        assert screen.complaints() == []


_REFUSE_ONCE = """problem => {
    const fetched = window.fetch;
    window.fetch = (input, init) => {
        if (!String(input).endsWith("/x/v1/me/totp")) return fetched(input, init);
        window.fetch = fetched;
        const headers = {"Content-Type": "application/problem+json"};
        return Promise.resolve(new Response(JSON.stringify(problem), {status: 403, headers}));
    };
}"""


def test_a_first_visit_is_refused_nothing(open_screen: Open, quiet: ExchangeProcess) -> None:
    """Not even in the browser's console, where a developer looks first."""
    ben = open_screen(quiet)
    said: list[str] = []
    answers: list[tuple[int, str]] = []
    ben.page.on("console", lambda message: said.append(message.text))
    ben.page.on("response", lambda answer: answers.append((answer.status, answer.url)))
    ben.go("/trade/BTCUSD")
    expect(ben.page.get_by_role("link", name="Sign in to trade")).to_be_visible()
    expect(ben.page.get_by_test_id("link")).to_have_text("Live")
    ben.page.wait_for_load_state("networkidle")
    assert [answer for answer in answers if answer[0] >= 400] == []
    assert any(url.endswith("/x/v1/session") for _, url in answers)
    assert said == []
