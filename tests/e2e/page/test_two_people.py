"""Two people trade with each other, and both screens tell the truth."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import Screen, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def _trading(screen: Screen) -> Iterator[Screen]:
    """Trade; leave no order open that would trade with those of the next test."""
    yield screen.trader(USD="100000", BTC="2")
    screen.tab(re.compile("^Open orders")).first.click()
    if screen.open_orders():
        screen.button("Cancel all BTC/USD").click()
        screen.page.get_by_role("dialog").get_by_role("button", name="Cancel all").click()
    expect(screen.page.get_by_text("You have no open orders.")).to_be_visible()


@pytest.fixture
def ann(open_screen: Open, quiet: ExchangeProcess) -> Iterator[Screen]:
    yield from _trading(open_screen(quiet))


@pytest.fixture
def ben(open_screen: Open, quiet: ExchangeProcess) -> Iterator[Screen]:
    yield from _trading(open_screen(quiet))


def test_an_order_is_seen_by_both_and_trades(ann: Screen, ben: Screen) -> None:
    ann.limit("Sell", "50000", "0.5")
    row = ben.page.locator("[data-side=ask][data-price='50000']")
    expect(row).to_have_attribute("data-quantity", "0.5")
    expect(ann.page.locator("[data-side=ask].is-own[data-price='50000']")).to_be_visible()
    expect(ben.page.locator(".is-own")).to_have_count(0)

    row.click()
    ben.side("Buy")
    ben.kind("Limit")
    expect(ben.field("price")).to_have_value("50000")
    ben.fill(quantity="0.2")
    expect(ben.field("total")).to_have_value("10000")
    expect(ben.page.get_by_test_id("summary")).to_contain_text("0.0002 BTC")
    ben.submit()

    expect(ben.page.get_by_text("Bought 0.20000000 BTC at 50,000.00")).to_be_visible()
    expect(ann.page.get_by_text("Sold 0.20000000 BTC at 50,000.00")).to_be_visible()
    eventually(lambda: [one["Filled"] for one in ann.open_orders()] == ["40.00%"])
    eventually(lambda: ben.balance("BTC") == {"free": "2.19980000", "held": "0.00000000"})
    eventually(lambda: ann.balance("USD") == {"free": "109,990.00", "held": "0.00"})
    assert ann.balance("BTC") == {"free": "1.50000000", "held": "0.30000000"}
    assert ben.balance("USD") == {"free": "90,000.00", "held": "0.00"}
    for screen in (ann, ben):
        newest = screen.page.locator(".tape tbody tr").first
        expect(newest).to_contain_text("50,000.00")
        expect(newest).to_contain_text("0.20000")
        expect(screen.page.get_by_test_id("last-price")).to_have_text("50,000.00")
    ben.tab("Trade history").click()
    eventually(lambda: [one["Role"] for one in ben.table("trade-history")] == ["Taker"])
    assert ben.table("trade-history")[0]["Fee"] == "0.0002 BTC"
    ann.tab("Trade history").click()
    eventually(lambda: [one["Role"] for one in ann.table("trade-history")] == ["Maker"])


def test_amending_keeps_the_place_or_says_that_it_does_not(ann: Screen, ben: Screen) -> None:
    ann.limit("Buy", "30000", "0.3")
    row = ben.page.locator("[data-side=bid][data-price='30000']")
    expect(row).to_have_attribute("data-quantity", "0.3")

    ann.button(re.compile("^Amend: ")).click()
    ann.fill(amendQuantity="0.2")
    expect(ann.page.get_by_text("It keeps its place in the queue.")).to_be_visible()
    ann.button(re.compile("^Amend$")).click()
    expect(row).to_have_attribute("data-quantity", "0.2")

    ann.button(re.compile("^Amend: ")).click()
    ann.fill(amendPrice="30100")
    expect(ann.page.get_by_text("at the end of the queue")).to_be_visible()
    ann.button(re.compile("^Amend$")).click()
    expect(ben.page.locator("[data-side=bid][data-price='30100']")).to_be_visible()
    expect(row).to_have_count(0)
    eventually(lambda: [one["Price"] for one in ann.open_orders()] == ["30,100.00"])
    eventually(lambda: ann.balance("USD")["held"] == "6,020.00")


def test_every_type_of_order_is_placed_as_it_is_meant(ann: Screen, ben: Screen) -> None:
    ann.limit("Sell", "40010", "0.5")
    ann.limit("Buy", "39990", "0.5")
    ben.kind("Market")
    ben.side("Buy")
    ben.page.get_by_label("Order by").select_option(label="Total (USD)")
    ben.fill(total="400.1")
    ben.submit()
    expect(ben.page.get_by_text("Bought 0.01000000 BTC")).to_be_visible()
    ben.page.get_by_label("Order by").select_option(label="Amount (BTC)")
    ben.side("Sell")
    ben.fill(quantity="0.02")
    ben.submit()
    expect(ben.page.get_by_text("Sold 0.02000000 BTC")).to_be_visible()
    expect(ben.page.get_by_test_id("last-price")).to_have_text("39,990.00")

    plans: list[tuple[str, str, dict[str, str], str]] = [
        ("Stop limit", "Buy", {"stopPrice": "41000", "price": "41100"}, "Stop limit"),
        ("Stop market", "Sell", {"stopPrice": "38000"}, "Stop"),
        (
            "Take profit limit",
            "Sell",
            {"stopPrice": "42000", "price": "41900"},
            "Take profit limit",
        ),
        ("Take profit market", "Buy", {"stopPrice": "37000"}, "Take profit"),
        ("Trailing stop", "Sell", {"trailing": "1.5"}, "1.50 % trailing"),
    ]
    for number, (kind, side, fields, shown) in enumerate(plans, start=1):
        ben.side(side)
        ben.kind(kind)
        ben.fill(**fields, quantity="0.01")
        ben.submit()
        expect(ben.tab(f"Open orders ({number})")).to_be_visible()
        assert ben.open_orders()[0]["Type"].startswith(shown)
    ben.side("Buy")
    ben.kind("Limit")
    ben.field("postOnly").check()
    ben.fill(price="39000", quantity="0.1")
    ben.submit()
    eventually(lambda: [row["Type"] for row in ben.open_orders()][:1] == ["Post only"])
    ben.field("postOnly").uncheck()
    ben.page.get_by_text("More options").click()
    ben.fill(price="38900", quantity="0.1", iceberg="0.02")
    ben.submit()
    hidden = ann.page.locator("[data-side=bid][data-price='38900']")
    expect(hidden).to_have_attribute("data-quantity", "0.02")

    def history() -> list[str]:
        return [row["Status"] for row in ben.table("order-history")]

    def place(in_force: str) -> None:
        ben.page.get_by_label("Valid").select_option(value=in_force)
        ben.fill(price="39500", quantity="0.1")
        ben.submit()
        ben.tab("Order history").click()

    place("IOC")
    eventually(lambda: history()[:1] == ["Expired"])
    place("FOK")
    eventually(lambda: history()[:2] == ["Expired", "Expired"])


def test_what_cannot_be_is_said_where_it_is_wrong(ann: Screen) -> None:
    ann.kind("Limit")
    ann.side("Buy")
    ann.fill(price="30000.001", quantity="10")
    ann.submit()
    price = ann.page.locator(".field", has=ann.field("price"))
    expect(price.get_by_text("In steps of 0.01")).to_be_visible()
    ann.fill(price="30000")
    quantity = ann.page.locator(".field", has=ann.field("quantity"))
    expect(quantity.get_by_text("More than you have available")).to_be_visible()
    assert ann.open_orders() == []

    ann.limit("Sell", "30000", "0.1")
    ann.side("Sell")
    ann.fill(price="900000", quantity="0.01")
    ann.submit()
    eventually(lambda: ann.open_orders() or price.get_by_text("too far").count())
    ann.page.get_by_label("Share of what is available").press("End")
    expect(ann.field("quantity")).not_to_have_value("")
