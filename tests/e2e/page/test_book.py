"""The book on the screen is the book of the exchange, after a minute of trading and more."""

import json
import os
import time
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
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


def _both_at_one_update(
    screen: Screen, exchange: ExchangeProcess, levels_max: int = 100
) -> tuple[Any, Any]:
    """Read the screen and the API until both are of the same update; trading goes on meanwhile."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        asked = exchange.get(f"/api/v3/depth?symbol=BTCUSD&limit={levels_max}")
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


def _grouped(levels: list[list[str]], step: Decimal, rounding: str) -> list[list[Decimal]]:
    """Put levels together: bids downwards and asks upwards, so that no price looks better."""
    groups: dict[Decimal, Decimal] = {}
    for price, quantity in levels:
        group = (Decimal(price) / step).to_integral_value(rounding) * step
        groups[group] = groups.get(group, Decimal(0)) + Decimal(quantity)
    return [list(group) for group in groups.items()]


def test_grouping_loses_nothing(open_screen: Open, lively: ExchangeProcess) -> None:
    """By each step that is offered, the screen adds up what the API says of the same update."""
    screen = open_screen(lively, "/trade/BTCUSD")
    expect(screen.page.locator("[data-side=bid]").first).to_be_visible()
    choice = screen.page.get_by_label("Group prices by")
    steps = choice.locator("option").all_inner_texts()
    assert len(steps) >= 5
    for step in steps:
        choice.select_option(label=step)
        drawn, asked = _both_at_one_update(screen, lively, levels_max=5000)
        for side, rounding in (("bids", ROUND_FLOOR), ("asks", ROUND_CEILING)):
            shown = [[Decimal(price), Decimal(quantity)] for price, quantity in drawn[side]]
            assert shown, (step, side)
            assert shown == _grouped(asked[side], Decimal(step), rounding)[: len(shown)], step
        assert Decimal(drawn["bids"][0][0]) < Decimal(drawn["asks"][0][0]), step


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
