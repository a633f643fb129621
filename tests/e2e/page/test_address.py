"""Somebody gives their account another address, by the letter that the new one gets."""

import re
import secrets

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import PASSWORD, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def test_an_address_is_changed_where_one_is_signed_in(
    open_screen: Open, quiet: ExchangeProcess
) -> None:
    ann, stranger = open_screen(quiet), open_screen(quiet)
    old, new = ann.sign_up_quickly(), f"{secrets.token_hex(6)}@example.net"
    ann.go("/account/security")
    ann.field("newEmail").fill(old.upper())
    ann.button("Change the address").click()
    expect(ann.page.get_by_text("Take another one.")).to_be_visible()
    ann.field("newEmail").fill(new)
    ann.button("Change the address").click()
    expect(ann.page.get_by_text(f"We have sent a letter to {new}.")).to_be_visible()
    assert ann.axe() == []
    for width in (360, 1440):
        ann.page.set_viewport_size({"width": width, "height": 900})
        ann.picture(f"account-address-{width}")

    mails = eventually(lambda: ann.ask("GET", f"/x/v1/mailbox?to={new}")["body"]["mails"])
    link = re.search(r"(/email#token=\S+)", mails[0]["text"])
    assert link is not None
    stranger.go(link[1])
    expect(stranger.page.get_by_text("Sign in first")).to_be_visible()

    ann.page.get_by_role("link", name="Open the demo's mailbox").click()
    letter = ann.page.locator("article", has_text=f"to {new}")
    letter.locator("a[href*='/email']").click()
    ann.button("Use this address").click()
    expect(ann.page.get_by_text(f"Now it is {new}.")).to_be_visible()
    assert ann.ask("GET", "/x/v1/me")["body"]["session"]["email"] == new
    subjects = [
        mail["subject"] for mail in ann.ask("GET", f"/x/v1/mailbox?to={old}")["body"]["mails"]
    ]
    assert "Your address for Openoutcry has changed" in subjects

    stranger.go("/sign-in")
    stranger.field("email").fill(old)
    stranger.field("password").fill(PASSWORD)
    stranger.button(re.compile("^Sign in$")).click()
    expect(stranger.page.get_by_role("alert")).to_be_visible()
    stranger.email = new
    stranger.sign_in()
