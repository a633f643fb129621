"""The book on the screen is the book of the exchange, after a minute of trading and more."""

import json
import os
import time
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import Screen
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]

TRADING_SECONDS = float(os.environ.get("OUTCRY_TEST_BOOK_SECONDS", "60"))


def _plain(levels: list[list[str]], count: int) -> list[list[str]]:
    return [[text.rstrip("0").rstrip(".") for text in level] for level in levels[:count]]


def _both_at_one_update(screen: Screen, exchange: ExchangeProcess) -> tuple[Any, Any]:
    """Read the screen and the API until both are of the same update; trading goes on meanwhile."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        asked = exchange.get("/api/v3/depth?symbol=BTCUSD&limit=100")
        drawn = screen.book()
        if drawn["update"] == str(asked["lastUpdateId"]):
            return drawn, asked
    raise AssertionError("the screen and the API were never at the same update")


@pytest.mark.long
@pytest.mark.timeout(TRADING_SECONDS + 300)
def test_the_book_is_that_of_the_api(open_screen: Open, lively: ExchangeProcess) -> None:
    screen = open_screen(lively, "/trade/BTCUSD")
    expect(screen.page.locator("[data-side=bid]").first).to_be_visible()
    begun = screen.book()
    time.sleep(TRADING_SECONDS)
    drawn, asked = _both_at_one_update(screen, lively)

    assert int(drawn["update"]) > int(begun["update"]) + 20, json.dumps(begun)
    assert len(drawn["bids"]) >= 5
    assert len(drawn["asks"]) >= 5
    assert drawn["bids"] == _plain(asked["bids"], len(drawn["bids"]))
    assert drawn["asks"] == _plain(asked["asks"], len(drawn["asks"]))


def test_grouping_loses_nothing(open_screen: Open, lively: ExchangeProcess) -> None:
    screen = open_screen(lively, "/trade/BTCUSD")
    expect(screen.page.locator("[data-side=bid]").first).to_be_visible()
    screen.page.get_by_label("Group prices by").select_option(label="10")
    prices = [price for price, _ in screen.book()["bids"] + screen.book()["asks"]]
    assert prices
    assert [price for price in prices if int(price) % 10] == []


def test_candles_of_every_interval(open_screen: Open, lively: ExchangeProcess) -> None:
    screen = open_screen(lively, "/trade/ETHUSD")
    choice = screen.page.get_by_label("Interval")
    for interval in choice.locator("option").all_inner_texts():
        choice.select_option(label=interval)
        chart = screen.page.get_by_role("img", name=f"Price chart of ETHUSD, {interval}")
        expect(chart.locator("canvas").first).to_be_visible()
        expect(screen.page.locator(".legend")).to_contain_text("Vol")
    screen.tab("Depth").click()
    expect(screen.page.locator(".depth-bids")).to_be_visible()
    expect(screen.page.get_by_text("could not be loaded")).to_have_count(0)
