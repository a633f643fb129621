"""What operators set on the console holds for everybody, as the API and people's screens say."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import OUTSIDE, PASSWORD, Screen, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


@pytest.fixture
def operator(open_screen: Open, quiet: ExchangeProcess) -> Screen:
    screen = open_screen(quiet)
    screen.sign_in_as_operator()
    return screen


@pytest.fixture
def ann(open_screen: Open, quiet: ExchangeProcess) -> Screen:
    return open_screen(quiet).trader("ETHUSD", USD="100000", ETH="20", BTC="1")


def _symbol(exchange: ExchangeProcess, symbol: str) -> dict[str, Any]:
    """Return what the API says of a market, its filters by their types."""
    (found,) = exchange.get(f"/api/v3/exchangeInfo?symbol={symbol}")["symbols"]
    return {**found, "filters": {one["filterType"]: one for one in found["filters"]}}


def _set_filter(operator: Screen, symbol: str, name: str, value: str) -> None:
    operator.go("/operator/markets")
    operator.button(f"Filters of {symbol}").click()
    dialog = operator.page.get_by_role("dialog")
    dialog.get_by_label(name, exact=True).fill(value)
    dialog.get_by_role("button", name="Save").click()
    operator.prove_if_asked(lambda: dialog.count() == 0)


def test_filters_that_are_set_hold_for_orders(
    operator: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    before = _symbol(quiet, "ETHUSD")["filters"]["NOTIONAL"]["minNotional"]
    _set_filter(operator, "ETHUSD", "notional-min", "250")
    try:
        told = eventually(lambda: _symbol(quiet, "ETHUSD")["filters"]["NOTIONAL"]["minNotional"])
        assert float(told) == 250
        ann = open_screen(quiet).trader("ETHUSD", USD="100000")
        ann.kind("Limit")
        ann.side("Buy")
        ann.fill(price="2000", quantity="0.1")
        ann.submit()
        quantity = ann.page.locator(".field", has=ann.field("quantity"))
        expect(quantity.get_by_text("The total must be at least 250")).to_be_visible()
        ann.limit("Buy", "2000", "0.13")
        eventually(lambda: [one["Amount"] for one in ann.open_orders()] == ["0.1300"])

        operator.button("Filters of ETHUSD").click()
        dialog = operator.page.get_by_role("dialog")
        expect(dialog.get_by_label("notional-min", exact=True)).to_have_value(re.compile("^250"))
        dialog.get_by_label("notional-min", exact=True).fill("a lot")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        assert float(_symbol(quiet, "ETHUSD")["filters"]["NOTIONAL"]["minNotional"]) == 250
    finally:
        _set_filter(operator, "ETHUSD", "notional-min", before)


def test_fees_that_are_set_are_taken(
    operator: Screen, ann: Screen, open_screen: Open, quiet: ExchangeProcess
) -> None:
    ben = open_screen(quiet).trader("ETHUSD", USD="100000")
    operator.go("/operator/fees")
    form = operator.page.get_by_label("Set fees", exact=True).locator("form")
    form.get_by_label("Pair").select_option(label="ETHUSD")
    form.get_by_label("Maker rate").fill("0.002")
    form.get_by_label("Taker rate").fill("0.005")
    form.get_by_role("button", name="Set fees").click()
    row = operator.page.get_by_label("Fees", exact=True).locator("tr", has_text="ETHUSD")
    operator.prove_if_asked(row.count)
    expect(row).to_contain_text("0.002")
    expect(row).to_contain_text("0.005")

    ann.limit("Sell", "2500", "1")
    expect(ben.page.locator("[data-side=ask][data-price='2500']")).to_be_visible()
    ben.page.reload()  # rates are read when a session begins
    ben.is_ready()
    ben.side("Buy")
    ben.fill(price="2500", quantity="1")
    expect(ben.page.get_by_test_id("summary")).to_contain_text("0.005 ETH")
    ben.submit()
    expect(ben.page.get_by_text("Bought 1.00000000 ETH")).to_be_visible()
    for screen, fee in ((ben, ("0.005", "ETH")), (ann, ("5", "USD"))):
        key = screen.api_key()
        (trade,) = screen.asks_api(key, "/api/v3/myTrades", symbol="ETHUSD")
        assert (float(trade["commission"]), trade["commissionAsset"]) == (float(fee[0]), fee[1])
        screen.tab("Trade history").click()
        eventually(lambda: [one["Fee"] for one in screen.table("trade-history")] != [])  # noqa: B023
    assert [one["Fee"] for one in ben.table("trade-history")] == ["0.005 ETH"]
    assert [one["Fee"] for one in ann.table("trade-history")] == ["5.00 USD"]


def test_a_market_for_cancels_only_takes_no_orders(
    operator: Screen, ann: Screen, quiet: ExchangeProcess
) -> None:
    ann.limit("Sell", "3000", "1")
    operator.go("/operator/markets")
    row = operator.page.get_by_test_id("operator-markets").locator("tr[data-symbol=ETHUSD]")
    dialog = operator.page.get_by_role("dialog")
    for status in ("CANCEL_ONLY", "TRADING"):
        operator.button("Set status: ETHUSD").click()
        dialog.get_by_label("Status").select_option(label=status)
        dialog.get_by_role("button", name="Set status").click()
        operator.prove_if_asked(lambda: dialog.count() == 0)
        expect(row).to_contain_text(status)
        if status == "TRADING":
            break
        assert _symbol(quiet, "ETHUSD")["status"] != "TRADING"
        ann.side("Sell")
        ann.fill(price="3000", quantity="1")
        ann.submit()
        expect(ann.page.get_by_text("This market is not trading now").first).to_be_visible()
        ann.button(re.compile("^Cancel: ")).click()
        eventually(lambda: ann.open_orders() == [])
    assert _symbol(quiet, "ETHUSD")["status"] == "TRADING"


def _person(operator: Screen, who: Screen) -> Locator:
    """Look somebody up by a part of their address; returns their row."""
    operator.go("/operator/people")
    operator.page.get_by_label("Part of an address").fill(who.email.split("@")[0])
    operator.button("Find").click()
    rows = operator.page.get_by_test_id("people").locator("tbody tr")
    expect(rows).to_have_count(1)
    return rows.first


def test_whoever_is_locked_is_out_and_stays_out(operator: Screen, ann: Screen) -> None:
    key = ann.api_key()
    row = _person(operator, ann)
    row.get_by_role("button", name="Lock", exact=True).click()
    operator.prove_if_asked(row.get_by_text("LOCKED").count)

    expect(ann.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    expect(ann.page.get_by_role("link", name="Sign in to trade")).to_be_visible()
    assert ann.ask("GET", "/x/v1/session") == {"status": 200, "body": {"me": None}}
    with pytest.raises(AssertionError, match="-2015"):
        ann.asks_api(key, "/api/v3/account")
    ann.go("/sign-in")
    ann.field("email").fill(ann.email)
    ann.field("password").fill(PASSWORD)
    ann.button(re.compile("^Sign in$")).click()
    expect(ann.page.get_by_role("alert")).to_be_visible()
    expect(ann.button("Sign out")).to_have_count(0)

    row.get_by_role("button", name="Unlock", exact=True).click()
    operator.prove_if_asked(row.get_by_text("ACTIVE").count)
    ann.sign_in()


def test_sessions_that_an_operator_ends_are_over(operator: Screen, ann: Screen) -> None:
    row = _person(operator, ann)
    row.get_by_role("button", name="End sessions").click()
    signed_out = ann.page.get_by_role("link", name="Sign in", exact=True)
    operator.prove_if_asked(signed_out.count)
    assert ann.ask("GET", "/x/v1/me")["status"] == 401
    ann.sign_in()


def _asks_for_much(ann: Screen) -> str:
    """Ask for more than leaves by itself, on the page; returns the withdrawal's id."""
    ann.go("/account/wallet")
    addresses = ann.page.get_by_label("Addresses that you withdraw to")
    addresses.get_by_label("Network").select_option(value="SIM")
    ann.field("newAddress").fill(OUTSIDE)
    ann.field("addressLabel").fill("mine, outside")
    addresses.get_by_role("button", name="Add").click()
    expect(ann.page.get_by_test_id("addresses")).to_contain_text(OUTSIDE)

    panel = ann.page.get_by_label("Withdraw", exact=True)
    panel.get_by_label("Asset").select_option(label="USD")
    panel.get_by_label("Network").select_option(value="SIM")
    ann.field("withdrawAmount").fill("15000")
    ann.field("withdrawAddress").fill(OUTSIDE)
    expect(panel.get_by_text("An operator approves a withdrawal of this size")).to_be_visible()
    panel.get_by_role("button", name="Withdraw").click()
    expect(ann.page.get_by_test_id("withdrawals")).to_contain_text("Awaits approval")
    (made,) = ann.ask("GET", "/x/v1/wallet/withdrawals")["body"]["withdrawals"]
    assert made["state"] == "awaiting"
    return str(made["withdrawal_id"])


def _decide(operator: Screen, ann: Screen, decision: str, note: str) -> None:
    account = str(ann.ask("GET", "/x/v1/me")["body"]["session"]["account_id"])
    operator.go("/operator/withdrawals")
    row = operator.page.get_by_test_id("operator-withdrawals").locator("tr", has_text=account)
    expect(row).to_contain_text("15,000.00 USD")
    row.get_by_role("button", name=decision).click()
    dialog = operator.page.get_by_role("dialog")
    expect(dialog).to_contain_text(OUTSIDE)
    dialog.get_by_label("Note for the record").fill(note)
    dialog.get_by_role("button", name=decision).click()
    operator.prove_if_asked(lambda: dialog.count() == 0)
    expect(row).to_have_count(0)


def test_a_large_withdrawal_leaves_when_a_second_person_approves(
    operator: Screen, ann: Screen
) -> None:
    made = _asks_for_much(ann)
    expect(ann.page.get_by_test_id("balances").locator("tr[data-asset=USD]")).to_contain_text(
        "85,000.00"
    )
    _decide(operator, ann, "Approve", "called her")
    expect(ann.page.get_by_test_id("withdrawals")).to_contain_text("Settled", timeout=60_000)
    settled = ann.ask("GET", f"/x/v1/wallet/withdrawals/{made}")["body"]
    assert (settled["state"], settled["note"]) == ("settled", "called her")
    assert settled["transaction"]
    expect(ann.page.get_by_test_id("balances").locator("tr[data-asset=USD]")).to_contain_text(
        "85,000.00"
    )

    operator.go("/operator/audit")
    operator.page.get_by_label("On what").fill(f"withdrawal:{made}")
    operator.button("Find").click()
    log = operator.page.get_by_test_id("audit").locator("tbody tr")
    expect(log.first).to_contain_text("withdrawal.approve")
    expect(log.first).to_contain_text("called her")


def test_a_large_withdrawal_that_is_rejected_comes_back(operator: Screen, ann: Screen) -> None:
    made = _asks_for_much(ann)
    _decide(operator, ann, "Reject", "address of a mixer")
    expect(ann.page.get_by_test_id("withdrawals")).to_contain_text("Returned", timeout=60_000)
    assert ann.ask("GET", f"/x/v1/wallet/withdrawals/{made}")["body"]["state"] == "returned"
    assets = ann.ask("GET", "/x/v1/wallet/assets")["body"]["assets"]
    assert [float(one["free"]) for one in assets if one["asset"] == "USD"] == [100_000]


def test_nobody_approves_their_own_withdrawal(operator: Screen) -> None:
    operator.credit(USD="20000")
    _asks_for_much(operator)
    operator.go("/operator/withdrawals")
    operator.button("Approve").first.click()
    dialog = operator.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Approve").click()
    operator.prove_if_asked(dialog.get_by_role("alert").count)
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody other than who asked")
    dialog.get_by_role("button", name="Cancel").click()
    operator.button("Reject").first.wait_for()


def test_the_log_says_who_did_what_and_reaches_back(operator: Screen, ann: Screen) -> None:
    """Acts are found by who, what and on what; older ones come page by page, none twice."""
    ann.ask("POST", "/x/v1/auth/step-up/password", {"password": PASSWORD})
    row = _person(operator, ann)
    row.get_by_role("button", name="Lock", exact=True).click()
    operator.prove_if_asked(row.get_by_text("LOCKED").count)
    own = operator.ask("GET", "/x/v1/me")["body"]["session"]["person_id"]

    operator.page.get_by_role("link", name="Audit log").click()
    rows = operator.page.get_by_test_id("audit").locator("tbody tr")
    expect(rows.first).to_contain_text("person.lock")
    expect(rows.first).to_contain_text(f"person:{own}")
    operator.page.get_by_label("Who", exact=True).fill(f"person:{own}")
    operator.page.get_by_label("Act", exact=True).fill("person.lock")
    operator.button("Find").click()
    expect(rows.filter(has_not_text="person.lock")).to_have_count(0)
    expect(rows.filter(has_not_text=f"person:{own}")).to_have_count(0)
    query = f"/x/v1/operator/audit?actor=person:{own}&action=person.lock"
    asked = operator.ask("GET", query)["body"]["records"]
    expect(rows).to_have_count(len(asked))

    operator.page.get_by_label("Act", exact=True).fill("nobody.does-this")
    operator.button("Find").click()
    expect(operator.page.get_by_text("No records match.")).to_be_visible()
    for name in ("Who", "Act"):
        operator.page.get_by_label(name, exact=True).fill("")
    operator.button("Find").click()
    expect(rows.first).to_be_visible()
    older = operator.button("Older ones")
    while older.count():
        before = rows.count()
        older.click()
        eventually(lambda: rows.count() > before or older.count() == 0)  # noqa: B023
    numbers = [int(text) for text in rows.locator("th, td:first-child").all_inner_texts()]
    assert numbers == list(range(numbers[0], 0, -1))
