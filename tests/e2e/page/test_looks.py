"""Every screen, light and dark, wide and narrow: nothing sticks out, axe finds nothing serious."""

import gzip
import re

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import AXE, NODE_MODULES, PAGE, Screen
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]

SIZES = {"wide": (1440, 900), "tablet": (768, 1024), "phone": (360, 760)}
LOOKS = [
    pytest.param(size, colours, id=f"{size}-{colours}")
    for size in SIZES
    for colours in ("dark", "light")
    if (size, colours) != ("tablet", "dark")
]
SCRIPT_BYTES_MAX = 250_000
STRANGERS = {
    "trade": "/trade/BTCUSD",
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "confirm": "/confirm#token=of-a-letter",
    "reset": "/reset",
    "reset-link": "/reset#token=of-a-letter",
    "nowhere": "/nowhere",
}
ACCOUNT = ("security", "api-keys", "sessions", "notifications", "wallet", "statements")
CONSOLE = ("health", "markets", "fees", "people", "withdrawals", "payments", "ledger", "audit")
PHONE_TABS = ("Order book", "Trades", "Trade", "Orders")


def _judge(found: list[str]) -> None:
    """Fail for what was found; without axe-core say that it has not looked."""
    assert found == []
    if not AXE.exists():
        assert not NODE_MODULES.exists(), "web/node_modules lacks axe-core (npm ci in web/)"
        pytest.skip("nothing sticks out; axe has not looked (npm ci in web/)")


def _look(screen: Screen, name: str, *, is_whole: bool = True) -> list[str]:
    """Keep a picture; return what is wrong with what is to be seen."""
    screen.page.wait_for_load_state("networkidle")
    expect(screen.page.locator("main .spinner")).to_have_count(0)
    screen.picture(name, is_whole=is_whole)
    overflow = screen.page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    found = [f"{name}: {overflow} pixels too wide"] if overflow > 0 else []
    found += [f"{name}: cut off in {panel}" for panel in screen.page.evaluate(_CUT_OFF)]
    return found + [f"{name}: {one}" for one in (screen.axe() if AXE.exists() else [])]


_CUT_OFF = """() => [...document.querySelectorAll(".page .panel, .card, .ticket")]
    .filter(panel => panel.scrollWidth > panel.clientWidth)
    .map(panel => panel.getAttribute("aria-label"))"""


def _opened(open_screen: Open, exchange: ExchangeProcess, size: str, colours: str) -> Screen:
    width, height = SIZES[size]
    screen = open_screen(exchange, "/trade/BTCUSD", width=width, height=height, colours=colours)
    expect(screen.page.get_by_test_id("link")).to_have_text("Live")
    return screen


@pytest.mark.parametrize(("size", "colours"), LOOKS)
def test_screens_of_strangers(
    open_screen: Open, lively: ExchangeProcess, size: str, colours: str
) -> None:
    screen = _opened(open_screen, lively, size, colours)
    found = []
    for name, path in STRANGERS.items():
        screen.go(path)
        screen.page.reload()  # a fragment alone loads nothing
        expect(screen.page.get_by_test_id("link")).to_have_text("Live")
        found += _look(screen, f"stranger-{name}-{colours}-{size}", is_whole=name != "trade")
    _judge(found)


@pytest.mark.parametrize(("size", "colours"), LOOKS)
def test_screens_of_people(
    open_screen: Open, lively: ExchangeProcess, size: str, colours: str
) -> None:
    screen = _opened(open_screen, lively, size, colours)
    screen.sign_up_quickly()
    screen.has_done_something()
    look = f"{colours}-{size}"
    screen.go("/trade/BTCUSD")
    expect(screen.page.get_by_test_id("link")).to_have_text("Live")
    found = _look(screen, f"person-trade-{look}", is_whole=False)
    screen.tab("Depth").click()
    expect(screen.page.locator(".depth-bids")).to_be_visible()
    found += _look(screen, f"person-depth-{look}", is_whole=False)
    screen.button(re.compile("choose another")).click()
    screen.page.get_by_role("combobox", name="Search markets").fill("btc")
    found += _look(screen, f"person-market-search-{look}", is_whole=False)
    screen.page.keyboard.press("Escape")
    for tab in PHONE_TABS if size == "phone" else ():
        screen.tab(tab).last.click()
        found += _look(screen, f"person-{tab.lower().replace(' ', '-')}-{look}", is_whole=False)
    for section in ACCOUNT:
        screen.go(f"/account/{section}")
        expect(screen.page.get_by_test_id("link")).to_have_text("Live")
        if section == "statements":
            screen.button("Show").click()
            expect(screen.page.get_by_test_id("statement")).to_be_visible()
        found += _look(screen, f"person-{section}-{look}")
    screen.go("/mailbox")
    expect(screen.page.locator("article").first).to_be_visible()
    found += _look(screen, f"person-mailbox-{look}")
    _judge(found)


@pytest.mark.parametrize("colours", ["dark", "light"])
def test_screens_of_operators(open_screen: Open, lively: ExchangeProcess, colours: str) -> None:
    ann = open_screen(lively)
    ann.sign_up_quickly()
    ann.has_done_something()
    screen = open_screen(lively, colours=colours)
    screen.sign_in_as_operator()
    found = []
    for size, (width, height) in SIZES.items():
        screen.page.set_viewport_size({"width": width, "height": height})
        for section in CONSOLE:
            screen.go(f"/operator/{section}")
            expect(screen.page.get_by_test_id("link")).to_have_text("Live")
            found += _look(screen, f"operator-{section}-{colours}-{size}")
    _judge(found)


def test_a_phone_trades_by_its_tabs(open_screen: Open, lively: ExchangeProcess) -> None:
    ann = open_screen(lively, width=360, height=760)
    ann.sign_up_quickly()
    ann.credit(USD="25000")
    ann.go("/trade/BTCUSD")
    ann.tab("Order book").click()
    ann.page.locator("[data-side=bid]").nth(3).click()
    ann.fill(price="70000", quantity="0.001")
    ann.tab("Chart").last.click()
    ann.tab("Trade").last.click()
    expect(ann.field("price")).to_have_value("70000")
    ann.submit()
    ann.tab("Orders").last.click()
    expect(ann.page.get_by_test_id("open-orders").locator("tbody tr")).to_have_count(1)
    ann.picture("phone-orders")
    ann.button(re.compile("^Cancel: ")).click()
    expect(ann.page.get_by_text("You have no open orders.")).to_be_visible()


def test_a_chosen_colour_stays(open_screen: Open, quiet: ExchangeProcess) -> None:
    screen = open_screen(quiet, "/trade/BTCUSD")
    screen.button("Light colours").click()
    screen.page.reload()
    expect(screen.page.locator("html[data-theme=light]")).to_have_count(1)
    screen.sign_up_quickly()
    screen.page.reload()
    screen.button("Sign out").click()
    expect(screen.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    screen.page.reload()
    expect(screen.page.locator("html[data-theme=light]")).to_have_count(1)


@pytest.mark.parametrize("size", [(1440, 900), (1180, 660), (1920, 1080)])
def test_trading_fits_its_window(
    open_screen: Open, lively: ExchangeProcess, size: tuple[int, int]
) -> None:
    """Everything at once: lists scroll by themselves, the window does not, nothing overlaps."""
    screen = open_screen(lively, "/trade/BTCUSD", width=size[0], height=size[1])
    expect(screen.page.locator("[data-side=bid]").first).to_be_visible()
    expect(screen.page.locator(".tape tbody tr").nth(15)).to_be_attached(timeout=60_000)
    heights = "() => [document.scrollingElement.scrollHeight, innerHeight]"
    assert screen.page.evaluate(heights) == [size[1], size[1]]
    boxes = screen.page.evaluate(
        """() => [...document.querySelectorAll(".head, .trade > .panel")].map(one => {
            const {left, top, right, bottom} = one.getBoundingClientRect();
            return [left, top, right, bottom].map(Math.round);
        })"""
    )
    assert len(boxes) == 7
    for at, (left, top, right, bottom) in enumerate(boxes):
        assert right - left > 250
        assert bottom - top > 40
        for other in boxes[at + 1 :]:
            apart = other[0] >= right or other[2] <= left or other[1] >= bottom or other[3] <= top
            assert apart, (boxes[at], other)


def test_a_side_keeps_its_colour_under_the_pointer(
    open_screen: Open, quiet: ExchangeProcess
) -> None:
    """Before somebody presses it, the button still says whether they buy or sell."""
    ann = open_screen(quiet).trader(USD="1000")
    colour = "button => getComputedStyle(button).backgroundColor"
    seen = []
    for side in ("Buy", "Sell"):
        ann.side(side)
        button = ann.button(f"{side} BTC")
        ann.page.mouse.move(0, 0)
        before = button.evaluate(colour)
        button.hover()
        assert button.evaluate(colour) == before
        seen.append(before)
    assert seen[0] != seen[1]


def test_all_script_together_is_small(chromium: str) -> None:
    sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in PAGE.rglob("*.js")}
    assert sizes
    assert sum(sizes.values()) < SCRIPT_BYTES_MAX, sizes
