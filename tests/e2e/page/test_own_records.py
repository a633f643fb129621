"""What people did is theirs to look at, filter and take away: orders, trades, statements, keys."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import Screen, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


@pytest.fixture
def ann(open_screen: Open, quiet: ExchangeProcess) -> Screen:
    """Somebody who sold and bought in two markets, cancelled an order and let one expire."""
    ann = open_screen(quiet).trader("BTCUSD", USD="100000", BTC="2", ETH="10")
    ben = open_screen(quiet).trader("BTCUSD", USD="100000", BTC="2", ETH="10")
    ann.limit("Sell", "50000", "0.5")
    _takes(ben, "Buy", "0.2")
    ann.limit("Buy", "40000", "0.1")
    expect(ann.tab("Open orders (2)")).to_be_visible()
    _takes(ben, "Sell", "0.1")
    expect(ann.page.get_by_text("Bought 0.10000000 BTC at 40,000.00")).to_be_visible()
    ann.limit("Buy", "30000", "0.3")
    for count in (2, 1):
        ann.tab(re.compile("^Open orders")).first.click()
        ann.button(re.compile("^Cancel: ")).first.click()
        expect(ann.tab(f"Open orders ({count - 1})")).to_be_visible()
    ann.page.get_by_label("Valid").select_option(value="IOC")
    ann.fill(price="20000", quantity="0.01")
    ann.submit()
    ann.go("/trade/ETHUSD")
    ann.is_ready()
    ann.limit("Sell", "2500", "2")
    ben.go("/trade/ETHUSD")
    ben.is_ready()
    _takes(ben, "Buy", "2")
    expect(ann.page.get_by_text("Sold 2.00000000 ETH at 2,500.00")).to_be_visible()
    ann.go("/trade/BTCUSD")
    ann.is_ready()
    return ann


def _takes(ben: Screen, side: str, quantity: str) -> None:
    """Trade at once with whatever is best."""
    expect(ben.page.locator(f"[data-side={'ask' if side == 'Buy' else 'bid'}]")).not_to_have_count(
        0
    )
    ben.kind("Market")
    ben.side(side)
    ben.fill(quantity=quantity)
    ben.submit()
    expect(ben.field("quantity")).to_have_value("")


def _shown(ann: Screen, table: str, *columns: str) -> Counter[tuple[str, ...]]:
    return Counter(tuple(row[name] for name in columns) for row in ann.table(table))


def test_orders_are_filtered_and_taken_away(ann: Screen) -> None:
    key = ann.api_key()
    ann.tab("Order history").click()
    panel = ann.page.locator(".orders")
    columns = ("Pair", "Side", "Status")
    here = Counter(
        {
            ("BTCUSD", "Sell", "Cancelled"): 1,
            ("BTCUSD", "Buy", "Filled"): 1,
            ("BTCUSD", "Buy", "Cancelled"): 1,
            ("BTCUSD", "Buy", "Expired"): 1,
        }
    )
    eventually(lambda: _shown(ann, "order-history", *columns) == here)
    panel.get_by_label("Side").select_option(label="Buy")
    eventually(lambda: sum(_shown(ann, "order-history", *columns).values()) == 3)
    panel.get_by_label("Status").select_option(label="Cancelled")
    only = Counter({("BTCUSD", "Buy", "Cancelled"): 1})
    eventually(lambda: _shown(ann, "order-history", *columns) == only)
    (row,) = ann.downloaded(panel.get_by_role("button", name="Download this table as CSV"))
    assert (row["symbol"], row["side"], row["status"]) == ("BTCUSD", "BUY", "CANCELED")
    assert (Decimal(row["price"]), Decimal(row["quantity"])) == (30_000, Decimal("0.3"))
    panel.get_by_label("Status").select_option(label="Rejected")
    expect(ann.page.get_by_text("No orders match.")).to_be_visible()
    expect(panel.get_by_role("button", name="Download this table as CSV")).to_be_disabled()

    panel.get_by_label("Side").select_option(label="Both sides")
    panel.get_by_label("Status").select_option(label="Any status")
    panel.get_by_label("Pair").select_option(label="All markets")
    everywhere = here + Counter({("ETHUSD", "Sell", "Filled"): 1})
    eventually(lambda: _shown(ann, "order-history", *columns) == everywhere)
    rows = ann.downloaded(panel.get_by_role("button", name="Download this table as CSV"))
    asked = [
        order
        for symbol in ("BTCUSD", "ETHUSD")
        for order in ann.asks_api(key, "/api/v3/allOrders", symbol=symbol)
    ]
    told = {str(order["orderId"]) + order["symbol"]: order for order in asked}
    assert {row["order"] + row["symbol"] for row in rows} == set(told)
    names = {
        "type": "type",
        "side": "side",
        "price": "price",
        "stop": "stopPrice",
        "quantity": "origQty",
        "filled": "executedQty",
        "quote": "cummulativeQuoteQty",
        "status": "status",
    }
    for row in rows:
        order = told[row["order"] + row["symbol"]]
        assert {name: row[name] for name in names} == {
            name: order[theirs] for name, theirs in names.items()
        }
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)


def test_trades_are_filtered_and_taken_away(ann: Screen) -> None:
    key = ann.api_key()
    ann.tab("Trade history").click()
    panel = ann.page.locator(".orders")
    columns = ("Pair", "Side", "Amount", "Role")
    here = Counter(
        {("BTCUSD", "Sell", "0.20000", "Maker"): 1, ("BTCUSD", "Buy", "0.10000", "Maker"): 1}
    )
    eventually(lambda: _shown(ann, "trade-history", *columns) == here)
    panel.get_by_label("Side").select_option(label="Sell")
    eventually(lambda: sum(_shown(ann, "trade-history", *columns).values()) == 1)
    (row,) = ann.downloaded(panel.get_by_role("button", name="Download this table as CSV"))
    assert (row["side"], row["role"], Decimal(row["quantity"])) == ("SELL", "maker", Decimal("0.2"))

    panel.get_by_label("Side").select_option(label="Both sides")
    panel.get_by_label("Pair").select_option(label="All markets")
    everywhere = here + Counter({("ETHUSD", "Sell", "2.0000", "Maker"): 1})
    eventually(lambda: _shown(ann, "trade-history", *columns) == everywhere)
    rows = ann.downloaded(panel.get_by_role("button", name="Download this table as CSV"))
    told = {
        (trade["symbol"], str(trade["id"])): trade
        for symbol in ("BTCUSD", "ETHUSD")
        for trade in ann.asks_api(key, "/api/v3/myTrades", symbol=symbol)
    }
    assert {(row["symbol"], row["trade"]) for row in rows} == set(told)
    for row in rows:
        trade = told[row["symbol"], row["trade"]]
        assert row["order"] == str(trade["orderId"])
        assert row["side"] == ("BUY" if trade["isBuyer"] else "SELL")
        assert (row["price"], row["quantity"]) == (trade["price"], trade["qty"])
        assert (row["quote"], row["fee"]) == (trade["quoteQty"], trade["commission"])
        assert row["fee asset"] == trade["commissionAsset"]


def _sums(amounts: Iterable[tuple[str, str]]) -> dict[str, Decimal]:
    """Add up amounts by asset."""
    sums: dict[str, Decimal] = {}
    for asset, amount in amounts:
        sums[asset] = sums.get(asset, Decimal(0)) + Decimal(amount)
    return sums


def test_the_sums_of_a_statement_are_the_balances(ann: Screen) -> None:
    """On the screen, in the file, and of the account, the same money."""
    key = ann.api_key()
    held = {
        one["asset"]: Decimal(one["free"]) + Decimal(one["locked"])
        for one in ann.asks_api(key, "/api/v3/account")["balances"]
    }
    ann.go("/account/statements")
    ann.button("Show").click()
    expect(ann.page.get_by_test_id("statement")).to_be_visible()
    shown = ann.table("statement")
    assert _sums((row["Asset"], row["Amount"].replace(",", "")) for row in shown) == held
    closing = ann.page.get_by_text("At the end of the period:").inner_text()
    told = re.findall(r"([\d,.]+) ([A-Z]+)", closing)
    assert _sums((asset, text.replace(",", "")) for text, asset in told) == held

    rows = ann.downloaded(ann.page.get_by_role("link", name="CSV"))
    entries = [row for row in rows if row["cause"] not in {"opening", "closing"}]
    assert len(entries) == len(shown)
    assert _sums((row["asset"], row["amount"]) for row in entries) == held
    closed = [row for row in rows if row["cause"] == "closing"]
    assert _sums((row["asset"], row["amount"]) for row in closed) == held

    ann.page.get_by_label("To and with").fill("2020-01-01")
    ann.button("Show").click()
    expect(ann.page.get_by_text("Nothing here yet.")).to_be_visible()
    expect(ann.page.get_by_test_id("statement")).to_have_count(0)


def test_a_key_that_may_only_look_does_nothing_else(
    open_screen: Open, quiet: ExchangeProcess
) -> None:
    ben = open_screen(quiet).trader(USD="100000")
    ben.limit("Buy", "30000", "0.1")
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    ann.go("/account/api-keys")
    ann.field("label").fill("onlooker")
    ann.page.get_by_label("Expires").select_option(label="After 30 days")
    ann.field("ips").fill("127.0.0.1")
    ann.field("symbols").fill("not a market")
    ann.button("Make an API key").click()
    expect(ann.page.locator(".field-error, .form-error").first).to_be_visible()
    ann.field("symbols").fill("")
    ann.button("Make an API key").click()
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.locator(".copyable code")).to_have_count(2)
    shown, secret = dialog.locator(".copyable code").all_inner_texts()
    snippet = ann.page.get_by_test_id("snippet").inner_text()
    assert shown in snippet
    assert secret in snippet
    ran = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "best bid 30000" in ran.stdout
    assert "create_limit_buy_order" not in snippet
    ann.button("I have kept the secret").click()

    (row,) = eventually(lambda: ann.table("api-keys"))
    assert (row["Name"], row["May"], row["From"]) == ("onlooker", "read", "127.0.0.1")
    (key,) = ann.ask("GET", "/x/v1/me/api-keys")["body"]["keys"]
    assert key["api_key"] == shown
    assert (key["may_read"], key["may_trade"], key["may_withdraw"]) == (True, False, False)
    ann.page.reload()
    expect(ann.page.get_by_test_id("api-keys")).to_contain_text("onlooker")
    assert secret not in ann.page.content()
    ann.button("Revoke: onlooker").click()
    expect(ann.page.get_by_text("You have no API keys yet.")).to_be_visible()
    assert ann.ask("GET", "/x/v1/me/api-keys")["body"]["keys"] == []
