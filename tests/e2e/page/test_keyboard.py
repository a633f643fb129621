"""The whole page by keys alone: Tab, Shift-Tab, Enter, arrows. Nothing is focused by a script."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import PASSWORD, Screen, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]

STOPS_MAX = 150

WHERE = """() => {
    const stop = document.activeElement;
    if (stop === null || stop === document.body) return null;
    window.stops ??= new Map();
    if (!window.stops.has(stop)) window.stops.set(stop, window.stops.size);
    // an outline of its own, or of the box or the sibling that is drawn in its place
    const drawn = [stop, stop.closest(".field-box, .search"), stop.nextElementSibling].find(one => {
        if (!one) return false;
        const style = getComputedStyle(one);
        const {width, height} = one.getBoundingClientRect();
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
            && width > 1 && height > 1 && style.visibility === "visible";
    });
    const box = drawn?.getBoundingClientRect();
    return {
        number: window.stops.get(stop),
        name: stop.getAttribute("aria-label") || stop.name || stop.innerText || stop.tagName,
        tag: stop.tagName,
        isSeen: box !== undefined && box.bottom > 0 && box.right > 0
            && box.top < innerHeight && box.left < innerWidth,
    };
}"""


@dataclass(frozen=True)
class Stop:
    """What has the focus."""

    number: int
    name: str
    tag: str


class Hands:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.screen.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self.screen.page.keyboard.type(text)

    def at(self) -> Stop | None:
        """Return what has the focus, which must be seen; None in the browser's own controls."""
        found: dict[str, Any] | None = self.screen.page.evaluate(WHERE)
        if found is None:
            return None
        assert found.pop("isSeen"), f"the focus is not to be seen: {found}"
        return Stop(**found)

    def go_to(self, name: str, key: str = "Tab") -> Stop:
        """Press Tab until something whose name begins so has the focus."""
        for _ in range(STOPS_MAX):
            self.press(key)
            stop = self.at()
            if stop is not None and stop.name.startswith(name):
                return stop
        raise AssertionError(f"{key} leads to no {name}")

    def walk(self, key: str) -> list[Stop]:
        """Press Tab from the browser's controls until they come again; returns all stops between.

        Backwards a browser without a window leaves its controls out, and begins anew.
        """
        stops: list[Stop] = []
        assert self.at() is None
        for _ in range(STOPS_MAX):
            self.press(key)
            stop = self.at()
            if stops and stop == stops[-1]:
                continue  # day, month and year of one date
            if stop is None or (stops and stop == stops[0]):
                return stops
            assert stop not in stops, f"{key} is held between {stop} and {stops[-1]}"
            stops.append(stop)
        raise AssertionError(f"{key} never leaves: {stops[-6:]}")


def test_an_order_is_placed_and_cancelled(open_screen: Open, quiet: ExchangeProcess) -> None:
    """From the address bar through the book and the form to the order, and it is gone again."""
    maker = open_screen(quiet).trader(BTC="2")
    maker.limit("Sell", "60000", "0.5")
    ann = open_screen(quiet).trader(USD="100000", BTC="2")
    expect(ann.page.locator("[data-side=ask][data-price='60000']")).to_be_visible()
    hands = Hands(ann)
    assert hands.at() is None
    hands.press("Tab")
    first = hands.at()
    assert first is not None
    assert first.name == "Skip to the content"
    hands.press("Enter", "Tab")
    assert (hands.at() or first).name.startswith("Market BTC/USD")

    hands.go_to("Order book")
    hands.press("ArrowUp")
    expect(ann.page.locator(".book-row.is-active")).to_have_attribute("data-price", "60000")
    hands.press("Enter")
    expect(ann.field("price")).to_have_value("60000")
    side = hands.go_to("side")
    hands.press("ArrowRight")
    expect(ann.page.get_by_role("radio", name="Sell")).to_be_checked()
    hands.press("ArrowLeft")
    expect(ann.page.get_by_role("radio", name="Buy")).to_be_checked()
    price = hands.go_to("price")
    hands.press("Control+a")
    hands.type("50000")
    hands.go_to("quantity")
    hands.type("0.1")
    hands.press("Enter")
    expect(ann.page.get_by_text("Placed: Buy 0.1 BTC")).to_be_visible()
    (placed,) = eventually(lambda: ann.table("open-orders"))
    assert (placed["Price"], placed["Amount"]) == ("50,000.00", "0.10000")

    assert hands.go_to("price", "Shift+Tab") == price
    assert hands.go_to("side", "Shift+Tab") == side
    hands.go_to("Open orders")
    hands.press("ArrowRight")
    expect(ann.tab("Order history")).to_have_attribute("aria-selected", "true")
    hands.press("ArrowLeft")
    hands.go_to("Cancel: Buy")
    hands.press("Enter")
    expect(ann.page.get_by_text("You have no open orders.")).to_be_visible()
    eventually(lambda: ann.balance("USD") == {"free": "100,000.00", "held": "0.00"})


def test_markets_dialogs_and_lists_let_go(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet).trader(USD="100000", BTC="2")
    hands = Hands(ann)
    switcher = hands.go_to("Market BTC/USD")
    hands.press("Enter")
    hands.type("eth")
    assert (hands.at() or switcher).name == "Search markets"
    hands.press("Escape")
    assert hands.at() == switcher
    hands.press("Enter")
    hands.type("ethb")
    hands.press("Enter")
    ann.page.wait_for_url("**/trade/ETHBTC")

    ann.go("/trade/BTCUSD")
    ann.is_ready()
    ann.limit("Buy", "40000", "0.1")
    ann.page.reload()
    ann.is_ready()
    expect(ann.tab("Open orders (1)")).to_be_visible()
    amend = hands.go_to("Amend: Buy")
    hands.press("Enter")
    dialog = ann.page.locator("dialog")  # gone, not only closed: a key comes at once after it
    inside = [hands.go_to(name) for name in ("amendPrice", "amendQuantity", "Cancel", "Close")]
    assert hands.go_to("amendPrice") == inside[0], "Tab goes round in a dialog"
    hands.press("Escape")
    expect(dialog).to_have_count(0)
    assert hands.at() == amend
    hands.press("Enter")
    hands.go_to("amendQuantity")
    hands.press("Control+a")
    hands.type("0.05")
    hands.press("Enter")
    eventually(lambda: [one["Amount"] for one in ann.open_orders()] == ["0.05000"])


def _strangers(screen: Screen) -> Iterator[str]:
    yield from ("/sign-in", "/sign-up", "/reset", "/trade/ETHUSD")
    assert screen.ask("GET", "/x/v1/session")["body"] == {"me": None}


def _persons(screen: Screen) -> Iterator[str]:
    screen.sign_up_quickly()
    for section in ("security", "api-keys", "sessions", "notifications", "wallet", "statements"):
        yield f"/account/{section}"
    yield "/trade/BTCUSD"


@pytest.mark.parametrize("places", [_strangers, _persons])
def test_nothing_holds_the_focus(
    open_screen: Open, quiet: ExchangeProcess, places: Callable[[Screen], Iterator[str]]
) -> None:
    """Tab goes once through everything and out again, Shift-Tab the same way back."""
    screen = open_screen(quiet)
    hands = Hands(screen)
    for path in places(screen):
        screen.go(path)
        screen.page.wait_for_load_state("networkidle")
        expect(screen.page.locator("main .spinner")).to_have_count(0)
        there = hands.walk("Tab")
        assert len(there) > 3, path
        back = hands.walk("Shift+Tab")
        assert [stop.number for stop in reversed(back)] == [stop.number for stop in there], path


def test_somebody_signs_in_by_keys(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    email = ann.email
    ben = open_screen(quiet, "/trade/BTCUSD")
    expect(ben.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    hands = Hands(ben)
    hands.go_to("Sign in")
    hands.press("Enter")
    ben.page.wait_for_url("**/sign-in")
    hands.go_to("email")
    hands.type(email)
    hands.go_to("password")
    hands.type(PASSWORD)
    hands.press("Enter")
    expect(ben.button("Sign out")).to_be_visible()
