"""An operator signs in to the console and runs the exchange; people see what comes of it."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import Screen, eventually
from tests.support.stray_payments import pay_to_nobody
from tools.exchange_process import ExchangeProcess

from openoutcry.simulation import demo

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def _prove(screen: Screen) -> None:
    """Confirm once more who one is, when asked."""
    proof = screen.field("proof")
    note = screen.page.locator(".note")
    eventually(lambda: proof.count() + note.count())
    if proof.count():
        screen.prove()


def _confirm_if_asked(screen: Screen) -> None:
    """Confirm once more who one is, unless that was done lately."""
    proof, wrong = screen.field("proof"), screen.page.locator(".field-error")
    eventually(lambda: proof.count() + wrong.count())
    if proof.count():
        screen.prove()


@pytest.fixture
def operator(open_screen: Open, quiet: ExchangeProcess) -> Iterator[Screen]:
    screen = open_screen(quiet)
    screen.sign_in_as_operator()
    yield screen
    screen.ask("PUT", "/x/v1/operator/markets/ETHUSD/status", {"status": "TRADING"})


def _set_status(operator: Screen, symbol: str, status: str) -> None:
    operator.go("/operator/markets")
    operator.button(f"Set status: {symbol}").click()
    dialog = operator.page.get_by_role("dialog")
    dialog.get_by_label("Status").select_option(label=status)
    dialog.get_by_role("button", name="Set status").click()
    _prove(operator)
    row = operator.page.get_by_test_id("operator-markets").locator(f"tr[data-symbol={symbol}]")
    expect(row).to_contain_text(status)


def test_a_halted_market_takes_no_orders(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    ann = open_screen(quiet).trader("ETHUSD", USD="10000", ETH="5")
    ann.limit("Sell", "3000", "1")
    _set_status(operator, "ETHUSD", "HALT")

    ann.side("Sell")
    ann.fill(price="3000", quantity="1")
    ann.submit()
    expect(ann.page.get_by_text("This market is not trading now").first).to_be_visible()
    expect(ann.page.locator(".ticker .badge")).to_have_text("Halted")
    ann.button(re.compile("^Cancel: ")).click()
    eventually(lambda: ann.open_orders() == [])

    _set_status(operator, "ETHUSD", "TRADING")
    expect(ann.page.locator(".ticker .badge")).to_have_count(0, timeout=40_000)
    ann.limit("Sell", "3000", "1")
    eventually(lambda: len(ann.open_orders()) == 1)


def test_the_console_shows_health_money_people_and_acts(operator: Screen) -> None:
    operator.go("/operator/health")
    expect(operator.page.get_by_test_id("gauges").locator("tbody tr").first).to_be_visible()
    operator.page.get_by_role("link", name="Ledger").click()
    expect(operator.page.get_by_text("Every asset adds up to zero")).to_be_visible()
    operator.page.get_by_role("link", name="People").click()
    people = operator.page.get_by_test_id("people")
    expect(people.locator(f"tr[data-email='{operator.email}']")).to_contain_text("ADMIN")
    operator.page.get_by_role("link", name="Audit log").click()
    expect(operator.page.get_by_test_id("audit").locator("tbody tr").first).to_be_visible()


_FAULT = {
    "name": "notifications_running",
    "value": 0,
    "meaning": "nobody is told anything until the exchange is started again: "
    + "JSONDecodeError('Expecting value: line 1 column 1 (char 0)') " * 4,
    "is_alarming": True,
}


def test_a_fault_of_notifications_is_seen_on_the_console(operator: Screen) -> None:
    health = operator.ask("GET", "/x/v1/operator/health")["body"]
    gauges = {gauge["name"]: gauge for gauge in health["gauges"]}
    assert gauges["notifications_running"]["value"] == 1
    answer = {**health, "gauges": [*(gauges | {_FAULT["name"]: _FAULT}).values()]}
    operator.page.route("**/x/v1/operator/health", lambda route: route.fulfill(json=answer))
    operator.go("/operator/health")
    row = operator.page.get_by_test_id("gauges").locator("tr", has_text="JSONDecodeError")
    expect(row).to_contain_text("Look at this")
    panel = operator.page.get_by_label("Health", exact=True)
    for width in (360, 1440):
        operator.page.set_viewport_size({"width": width, "height": 900})
        operator.picture(f"operator-health-fault-{width}")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth"), width


def _with_authenticator(open_screen: Open, quiet: ExchangeProcess) -> Screen:
    """Sign somebody up who has a second factor."""
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    ann.add_second_factor()
    return ann


def _gets_roles(ann: Screen, operator: Screen, *roles: str) -> None:
    """Let an administrator make somebody an operator, who signs in anew."""
    person = ann.ask("GET", "/x/v1/me")["body"]["session"]["person_id"]
    path = f"/x/v1/operator/people/{person}/roles"
    assert operator.ask("PUT", path, {"roles": roles})["status"] == 200
    ann.sign_in()


def test_lost_factors_are_removed_when_an_operator_has_confirmed(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    ann = _with_authenticator(open_screen, quiet)
    operator.go("/operator/people")
    people = operator.page.get_by_test_id("people")
    expect(people.locator(f"tr[data-email='{operator.email}']")).to_be_visible()
    row = people.locator(f"tr[data-email='{ann.email}']")
    expect(row).to_contain_text("TOTP")
    own = people.locator(f"tr[data-email='{operator.email}']")
    remove = "Remove second factors"
    expect(own.get_by_role("button", name=remove)).to_have_count(0)

    panel = operator.page.get_by_label("People", exact=True)
    for width in (360, 1440):
        operator.page.set_viewport_size({"width": width, "height": 900})
        operator.picture(f"operator-people-factors-{width}")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth"), width

    row.get_by_role("button", name=remove).click()
    dialog = operator.page.get_by_role("dialog")
    expect(dialog).to_contain_text(ann.email)
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    operator.picture("operator-remove-factors")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(row).to_contain_text("TOTP")

    row.get_by_role("button", name=remove).click()
    dialog.get_by_role("button", name=remove).click()
    proof = operator.field("proof")
    eventually(lambda: proof.count() or dialog.count() == 0)
    if proof.count():
        operator.prove()
    expect(row).not_to_contain_text("TOTP")
    expect(row.get_by_role("button", name=remove)).to_have_count(0)
    assert ann.ask("GET", "/x/v1/me")["status"] == 401
    ann.totp_secret = ""
    ann.sign_in()


_AWAITING = {
    "withdrawal_id": "w1",
    "client_id": "c1",
    "account_id": 1_000_000,
    "asset": "BTC",
    "network": "BTC",
    "address": "somewhere",
    "amount": "1",
    "fee": "0.0001",
    "arrives": "0.9999",
    "state": "awaiting",
    "cause": "",
    "note": "",
    "needs_second_person": True,
    "can_cancel": True,
    "transaction": "",
    "confirmations": 0,
    "requested_us": 1,
    "changed_us": 1,
    "steps": [],
}


def _sees_one_withdrawal(screen: Screen) -> None:
    """Let a withdrawal wait, as this window sees it, and look at it."""
    answer = {"withdrawals": [_AWAITING]}
    screen.page.route("**/x/v1/operator/withdrawals*", lambda route: route.fulfill(json=answer))
    screen.go("/operator/withdrawals")
    rows = screen.page.get_by_test_id("operator-withdrawals").locator("tbody tr")
    expect(rows).to_have_count(1)


def test_support_sees_withdrawals_and_decides_none(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    _sees_one_withdrawal(operator)
    expect(operator.button("Approve")).to_be_visible()

    ann = _with_authenticator(open_screen, quiet)
    _gets_roles(ann, operator, "SUPPORT")
    assert ann.ask("GET", "/x/v1/operator/withdrawals")["status"] == 200
    _sees_one_withdrawal(ann)
    expect(ann.page.get_by_role("link", name="Withdrawals")).to_be_visible()
    expect(ann.button("Approve")).to_have_count(0)
    expect(ann.button("Reject")).to_have_count(0)


def test_the_console_opens_with_a_second_factor(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    """From the first sign-in to the console, and shut again by what one does to one's factor."""
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    _gets_roles(ann, operator, "MARKETS")
    assert ann.ask("GET", "/x/v1/operator/health")["body"]["code"] == "SECOND_FACTOR_NEEDED"

    ann.go("/operator")
    needed = ann.page.get_by_role("heading", name="A second factor is needed")
    expect(needed).to_be_visible()
    expect(ann.page.get_by_role("alert")).to_have_count(0)
    for width in (360, 1440):
        ann.page.set_viewport_size({"width": width, "height": 900})
        ann.picture(f"operator-factor-needed-{width}")
    assert ann.axe() == []
    ann.page.get_by_role("link", name="Set up a second factor").click()
    ann.button("Set up an authenticator").click()
    dialog = ann.page.get_by_role("dialog")
    ann.totp_secret = dialog.locator(".copyable code").inner_text()
    code = ann.field("totpCode")
    code.fill(pyotp.TOTP(ann.totp_secret).now())
    dialog.get_by_role("button", name="Confirm").click()
    dialog.get_by_role("button", name="I have kept them").click()
    gauges = ann.page.get_by_test_id("gauges").locator("tbody tr")
    ann.page.get_by_role("link", name="Operator").click()
    expect(gauges.first).to_be_visible()

    removed = ann.ask("DELETE", "/x/v1/me/totp")
    assert removed["status"] == 204, removed
    ann.go("/operator")
    expect(needed).to_be_visible()
    expect(gauges).to_have_count(0)


def test_a_session_without_a_code_is_let_in_by_one(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    """Somebody sets a factor up in one window; the other has signed in by the password alone."""
    ann, other = open_screen(quiet), open_screen(quiet)
    ann.sign_up_quickly()
    _gets_roles(ann, operator, "AUDITOR")
    other.email = ann.email
    other.sign_in()
    other.totp_secret, _ = ann.add_second_factor()
    other.go("/operator")
    expect(other.page.get_by_text("by your password alone")).to_be_visible()
    other.button("Confirm that it is you").click()
    other.prove()
    expect(other.page.get_by_test_id("gauges").locator("tbody tr").first).to_be_visible()


def test_what_is_refused_of_people_is_not_offered(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    ann = _with_authenticator(open_screen, quiet)
    _gets_roles(ann, operator, "SUPPORT")
    bob = open_screen(quiet)
    bob.sign_up_quickly()
    rows = {}
    for screen in (ann, operator):
        screen.go("/operator/people")
        people = screen.page.get_by_test_id("people")
        for person in (ann, bob, operator):
            row = people.locator(f"tr[data-email='{person.email}']")
            expect(row).to_be_visible()
            rows[screen.email, person.email] = row
    yourself = "Nobody does this to themselves: ask another operator."
    others = "An operator: only an administrator may change them."
    expected = {
        (ann.email, ann.email): (0, yourself),
        (ann.email, operator.email): (0, others),
        (ann.email, bob.email): (2, ""),
        (operator.email, operator.email): (0, yourself),
        (operator.email, ann.email): (4, ""),
        (operator.email, bob.email): (3, ""),
    }
    for pair, (buttons, why) in expected.items():
        expect(rows[pair].get_by_role("button")).to_have_count(buttons)
        expect(rows[pair].locator(".field-hint")).to_have_text([why] if why else [])
    ann.picture("operator-people-support")


def test_a_payment_to_nobody_is_given_to_somebody_or_dismissed(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    account = ann.ask("GET", "/x/v1/me")["body"]["session"]["account_id"]
    operator.go("/operator/payments")
    expect(operator.page.get_by_text("No payment waits for an owner.")).to_be_visible()
    for atoms in (demo.ATOMS, 7):
        pay_to_nobody(quiet.data, "ETH", "ETH", atoms)
    listed = "/x/v1/operator/wallet/unclaimed-payments?state=open"
    eventually(lambda: len(operator.ask("GET", listed)["body"]["payments"]) == 2)
    operator.go("/operator/payments")
    rows = operator.page.get_by_test_id("unclaimed-payments").locator("tbody tr")
    expect(rows).to_have_count(2)
    panel = operator.page.get_by_label("Unclaimed payments", exact=True)
    for width in (360, 1440):
        operator.page.set_viewport_size({"width": width, "height": 900})
        operator.picture(f"operator-payments-{width}")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth"), width

    rows.filter(has_text="0.00000007").get_by_role("button", name="Dismiss").click()
    dialog = operator.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Dismiss").click()
    _confirm_if_asked(operator)
    expect(dialog.locator(".field-error")).to_be_visible()
    dialog.get_by_label("Why nobody is credited").fill("dust")
    dialog.get_by_role("button", name="Dismiss").click()
    expect(rows).to_have_count(1)

    rows.get_by_role("button", name="Give to an account").click()
    dialog.get_by_label("Account").fill("77")
    dialog.get_by_role("button", name="Give to an account").click()
    expect(dialog).to_contain_text("There is no such account.")
    dialog.get_by_label("Account").fill(str(account))
    dialog.get_by_role("button", name="Give to an account").click()
    expect(operator.page.get_by_text("No payment waits for an owner.")).to_be_visible()
    deposits = "/x/v1/wallet/deposits"
    eventually(lambda: ann.ask("GET", deposits)["body"]["deposits"])
    panel.get_by_label("Status").select_option(label="Any status")
    expect(rows.filter(has_text="dust")).to_contain_text("Dismissed")
    expect(rows.filter(has_text=f"to account {account}")).to_have_count(1)


def test_a_customer_sees_no_console(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    ann.go("/operator")
    expect(ann.page.get_by_text("This console is for operators.")).to_be_visible()
    expect(ann.page.get_by_role("link", name="Operator")).to_have_count(0)
