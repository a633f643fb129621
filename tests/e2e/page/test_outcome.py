"""The whole way of somebody who has never seen it, from the front door to a program that trades."""

import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect
from tests.e2e.page.conftest import Open
from tests.e2e.page.screen import PASSWORD, eventually
from tools.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.xdist_group("page"), pytest.mark.slow]


def test_from_the_front_door_to_a_program(open_screen: Open, lively: ExchangeProcess) -> None:
    ann = open_screen(lively)
    ann.page.wait_for_url("**/trade/*")
    ann.sign_up()

    ann.page.get_by_role("link", name="Account").click()
    ann.button("Set up an authenticator").click()
    ann.totp_secret = ann.page.locator(".copyable code").inner_text()
    ann.enter_code(ann.field("totpCode"), "Confirm")
    codes = ann.page.get_by_test_id("recovery-codes").locator("li").all_inner_texts()
    assert len(codes) == 10
    ann.button("I have kept them").click()

    ann.page.get_by_role("link", name="Wallet").first.click()
    ann.button(re.compile("^Take .* USD$")).click()
    expect(ann.page.get_by_text("You have been given")).to_be_visible()
    expect(ann.page.get_by_test_id("balances").locator("tr[data-asset=USD]")).to_be_visible()

    ann.page.get_by_role("link", name="Trade").first.click()
    ann.page.wait_for_url("**/trade/*")
    ann.is_ready()
    ann.kind("Market")
    ann.side("Buy")
    ann.fill(quantity="0.001")
    expect(ann.page.get_by_test_id("summary")).to_contain_text("Average price")
    ann.submit()
    expect(ann.page.get_by_text(re.compile("^Bought 0.001"))).to_be_visible()
    eventually(lambda: ann.balance("BTC")["free"] == "0.00099900")

    ann.page.get_by_role("link", name="Account").click()
    ann.page.get_by_role("link", name="API keys").click()
    ann.field("label").fill("first bot")
    ann.field("may_trade").check()
    ann.button("Make an API key").click()
    snippet = ann.page.get_by_test_id("snippet").inner_text()
    ran = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"^placed \d+ open$", ran.stdout, re.MULTILINE), ran.stdout
    assert re.search(r"^cancelled canceled$", ran.stdout, re.MULTILINE), ran.stdout
    ann.button("I have kept the secret").click()
    ann.button("Revoke: first bot").click()
    expect(ann.page.get_by_text("You have no API keys yet.")).to_be_visible()

    ann.button("Sign out").click()
    expect(ann.page.get_by_role("link", name="Sign in", exact=True)).to_be_visible()
    ann.sign_in()
    ann.button("Sign out").click()
    ann.go("/sign-in")
    ann.field("email").fill(ann.email)
    ann.field("password").fill(PASSWORD)
    ann.button(re.compile("^Sign in$")).click()
    ann.button("Use a recovery code").click()
    ann.field("code").fill(codes[0])
    ann.button(re.compile("^Sign in$")).click()
    expect(ann.button("Sign out")).to_be_visible()


def test_a_passkey_signs_in_alone(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    devices = ann.page.context.new_cdp_session(ann.page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    ann.go("/account/security")
    ann.field("passkeyName").fill("my phone")
    ann.button("Add a passkey").click()
    ann.button("I have kept them").click()
    expect(ann.page.get_by_test_id("passkeys")).to_contain_text("my phone")

    ann.button("Sign out").click()
    ann.page.get_by_role("link", name="Sign in", exact=True).click()
    ann.button("Sign in with a passkey").click()
    expect(ann.button("Sign out")).to_be_visible()
    expect(ann.page.locator(".who")).to_have_text(ann.email)


def test_a_forgotten_password(open_screen: Open, quiet: ExchangeProcess) -> None:
    ann = open_screen(quiet)
    ann.sign_up_quickly()
    ann.go("/")
    ann.button("Sign out").click()
    ann.go("/sign-in")
    ann.page.get_by_role("link", name="Forgotten your password?").click()
    ann.field("email").fill(ann.email)
    ann.button("Send the link").click()
    ann.page.get_by_role("link", name="Open the demo's mailbox").click()
    letter = ann.page.locator("article", has_text=ann.email).first
    letter.locator("a[href*='/reset']").click()
    ann.field("password").fill("password")
    ann.button("Set the password").click()
    refused = ann.page.locator(".field-error")
    expect(refused).to_be_visible()
    ann.field("password").fill(f"{PASSWORD} indeed")
    ann.button("Set the password").click()
    expect(ann.page.get_by_text("Your new password is set")).to_be_visible()
    ann.page.locator("main").get_by_role("link", name="Sign in").click()
    ann.field("email").fill(ann.email)
    ann.field("password").fill(PASSWORD)
    ann.button(re.compile("^Sign in$")).click()
    expect(ann.page.get_by_role("alert")).to_contain_text("do not go together")
