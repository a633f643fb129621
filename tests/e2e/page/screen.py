"""What a person does on the page, in words: sign up, place an order, read the book."""

import csv
import io
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pyotp
from playwright.sync_api import ConsoleMessage, Locator, Page, expect
from tests.e2e.clients import signed
from tools.exchange_process import DemoKey, ExchangeProcess, outcry_command

from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "src" / "openoutcry" / "page"
PICTURES = Path(os.environ.get("CI_ARTIFACTS") or ROOT / ".artifacts") / "screenshots"
"""Pictures of every screen; git ignores them, CI keeps them."""
NODE_MODULES = ROOT / "web" / "node_modules"
AXE = NODE_MODULES / "axe-core" / "axe.min.js"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
OUTSIDE = encode("SIM", bytes(range(PAYLOAD_BYTES)))
"""An address that is not the exchange's."""
PASSWORD = "seven lamps over a quiet harbour"
OPERATORS_PASSWORD = f"{PASSWORD} of operators"

T = TypeVar("T")

RECOVERY_CODES_MIN = 3

factors: dict[Path, tuple[str, list[str]]] = {}
"""Of the operator of each exchange: the secret of codes by time, and recovery codes to be used."""


def eventually(look: Callable[[], T], seconds: float = 20.0) -> T:
    """Poll until a value is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s; last seen: {seen!r}"
        time.sleep(0.05)
    return seen


class Screen:
    """One window of one person."""

    def __init__(self, page: Page, exchange: ExchangeProcess) -> None:
        self.page = page
        self.exchange = exchange
        self.email = ""
        self.totp_secret = ""
        self._said: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._said.append(f"exception: {error}"))

    # -- what must not happen

    def _heard(self, message: ConsoleMessage) -> None:
        # the browser itself reports each refused or failed request; the page handles them
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self._said.append(f"{message.type}: {message.text}")

    def complaints(self) -> list[str]:
        """Return errors and breaches of the content policy; not that a server was away."""
        away = ("ERR_CONNECTION", "WebSocket connection to", "net::ERR")
        return [said for said in self._said if not any(word in said for word in away)]

    # -- going around

    def go(self, path: str) -> None:
        """Open an address of the page, by the name that passkeys and cookies want."""
        self.page.goto(f"http://localhost:{self.exchange.port}{path}")

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_role("button", name=name)

    def field(self, name: str) -> Locator:
        """Return an input by the name of its field."""
        return self.page.locator(f"input[name='{name}']")

    def tab(self, name: str | re.Pattern[str]) -> Locator:
        """Return a tab."""
        return self.page.get_by_role("tab", name=name)

    def picture(self, name: str, *, is_whole: bool = False) -> None:
        """Keep what is to be seen; whole, with what one would scroll to."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=is_whole)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call /x/v1 as the page does, with its session; returns the JSON of the answer."""
        script = """async ([method, path, body]) => {
            const headers = {"X-Outcry-CSRF": "1"};
            const init = {method, headers};
            if (body !== null) {
                headers["Content-Type"] = "application/json";
                init.body = JSON.stringify(body);
            }
            const response = await fetch(path, init);
            const text = await response.text();
            return {status: response.status, body: text ? JSON.parse(text) : null};
        }"""
        return self.page.evaluate(script, [method, path, body])

    # -- people

    def sign_up(self) -> str:
        """Sign up, confirm by the letter in the demo's mailbox; returns the address."""
        self.email = f"{secrets.token_hex(6)}@example.org"
        self.go("/sign-up")
        self.field("email").fill(self.email)
        self.field("password").fill(PASSWORD)
        self.button("Sign up").click()
        self.page.get_by_role("link", name="Open the demo's mailbox").click()
        letter = self.page.locator("article", has_text=self.email)
        letter.locator("a[href*='/confirm']").click()
        self.field("password").fill(PASSWORD)
        self.button("Confirm your address").click()
        expect(self.button("Sign out")).to_be_visible()
        return self.email

    def sign_in(self) -> None:
        """Sign in with the password, and with a code when there is an authenticator."""
        self.go("/sign-in")
        self.field("email").fill(self.email)
        self.field("password").fill(PASSWORD)
        self.button(re.compile("^Sign in$")).click()
        if self.totp_secret:
            self.enter_code(self.field("code"), re.compile("^Sign in$"))
        expect(self.button("Sign out")).to_be_visible()

    def sign_in_as_operator(self) -> None:
        """Sign in with the one-time password, or with the one that it was replaced by.

        The first time a second factor is set up, which opens the console; later sign-ins take one
        of its recovery codes, since a code by time is good once.
        """
        operator = operator_of(self.exchange)
        self.email = operator["email"]
        replaced = self.page.get_by_text("is good once. Choose your own now.")
        refused = self.page.get_by_role("alert")
        inside = self.button("Sign out")
        second = self.field("code")
        is_known = self.exchange.data in factors
        for password in (operator["one_time_password"], OPERATORS_PASSWORD)[is_known:]:
            self.go("/sign-in")
            self.field("email").fill(self.email)
            self.field("password").fill(password)
            self.button(re.compile("^Sign in$")).click()
            eventually(lambda: replaced.count() + refused.count() + inside.count() + second.count())
            if replaced.count():
                self.field("password").fill(OPERATORS_PASSWORD)
                self.button(re.compile("^Sign in$")).click()
                expect(inside).to_be_visible()
                factors[self.exchange.data] = self.add_second_factor()
            elif second.count():
                self.totp_secret, recovery_codes = factors[self.exchange.data]
                self.button("Use a recovery code").click()
                self.field("code").fill(recovery_codes.pop())
                self.button(re.compile("^Sign in$")).click()
                expect(inside).to_be_visible()
                self._keep_recovery_codes(recovery_codes)
            if inside.count():
                return
        raise AssertionError("the operator was not let in")

    def _keep_recovery_codes(self, codes: list[str]) -> None:
        """Make new ones when few are left."""
        if len(codes) >= RECOVERY_CODES_MIN:
            return
        made = self.ask("POST", "/x/v1/me/recovery-codes")
        assert made["status"] == 200, made
        codes[:] = made["body"]["recovery_codes"]

    def add_second_factor(self) -> tuple[str, list[str]]:
        """Set codes by time up by the page's own calls; returns their secret and recovery codes."""
        self.totp_secret = self.ask("POST", "/x/v1/me/totp")["body"]["secret"]
        code = {"code": pyotp.TOTP(self.totp_secret).now()}
        confirmed = self.ask("POST", "/x/v1/me/totp/confirm", code)
        assert confirmed["status"] == 200, confirmed
        return self.totp_secret, confirmed["body"]["recovery_codes"]

    def prove(self) -> None:
        """Confirm once more who one is, by a code."""
        self.enter_code(self.field("proof"), "Confirm")

    def prove_if_asked(self, is_done: Callable[[], object]) -> None:
        """Confirm once more who one is if that is asked for; what was wanted is done after it."""
        proof = self.field("proof")
        eventually(lambda: proof.count() or is_done())
        if not proof.count():
            return
        if self.totp_secret:
            self.prove()
        else:
            proof.fill(PASSWORD)
            self.button("Confirm").click()
        eventually(is_done)

    def enter_code(self, field: Locator, button: str | re.Pattern[str]) -> None:
        """Enter a code by time; each is good once, so perhaps that of the next half minute."""
        totp = pyotp.TOTP(self.totp_secret)
        refusal = self.page.get_by_text("Each code is good once")
        for step in (0, 1):
            field.fill(totp.at(int(time.time()) + 30 * step))
            self.button(button).last.click()
            eventually(lambda: field.count() == 0 or refusal.count() > 0)
            if field.count() == 0:
                return
        raise AssertionError("no code was taken")

    def credit(self, **amounts: str) -> None:
        """Have an operator give this person money: `BTC="1"`."""
        account = str(self.ask("GET", "/x/v1/me")["body"]["session"]["account_id"])
        command = [*outcry_command(), "admin", "--data", str(self.exchange.data), "credit"]
        running = [
            subprocess.Popen([*command, account, *given], stdout=subprocess.DEVNULL)
            for given in amounts.items()
        ]
        assert [process.wait(60) for process in running] == [0] * len(running)

    def api_key(self) -> DemoKey:
        """Make an API key, to look at what the API says."""
        wanted = {"label": "look", "may_read": True, "may_trade": True}
        made = self.ask("POST", "/x/v1/me/api-keys", wanted)
        assert made["status"] == 201, made
        return DemoKey("look", made["body"]["key"]["api_key"], made["body"]["secret"], "HMAC", {})

    def asks_api(self, key: DemoKey, path: str, **params: Any) -> Any:
        """Ask /api/v3 with a key; returns the JSON of an answer without a refusal."""
        status, body = signed(self.exchange, key, "GET", path, **params)
        assert status == 200, body
        return body

    def has_done_something(self) -> None:
        """Have a key, an order, an alert, a webhook, and money under way: no list is empty."""
        self.credit(USD="25000", BTC="1")
        key = self.api_key()
        order = {"symbol": "BTCUSD", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
        for price in ("76000", "75000"):
            wanted = {**order, "quantity": "0.01", "price": price}
            status, body = signed(self.exchange, key, "POST", "/api/v3/order", **wanted)
            assert status == 200, body
        market = {"symbol": "BTCUSD", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
        status, body = signed(self.exchange, key, "POST", "/api/v3/order", **market)
        assert status == 200, body
        network = {"asset": "USD", "network": "SIM"}
        for path, wish in (
            ("notifications/alerts", {"symbol": "BTCUSD", "direction": "above", "price": "99000"}),
            ("notifications/webhooks", {"url": "https://example.org/hook", "kinds": ["fill"]}),
            ("wallet/addresses", {"network": "SIM", "address": OUTSIDE, "label": "cold"}),
            ("wallet/simulated-payments", {**network, "amount": "250"}),
            ("wallet/withdrawals", {**network, "address": OUTSIDE, "amount": "15000"}),
        ):
            made = self.ask("POST", f"/x/v1/{path}", wish)
            assert made["status"] in {200, 201, 202}, (path, made)

    def downloaded(self, button: Locator) -> list[dict[str, str]]:
        """Press what downloads a CSV file; returns its rows by their heads."""
        with self.page.expect_download() as coming:
            button.click()
        text = Path(coming.value.path()).read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def sign_up_quickly(self) -> str:
        """Sign up by the same calls as the page makes, where that is not what is looked at."""
        self.email = f"{secrets.token_hex(6)}@example.org"
        known = {"email": self.email, "password": PASSWORD}
        assert self.ask("POST", "/x/v1/auth/sign-up", known)["status"] == 204
        mails = eventually(
            lambda: self.ask("GET", f"/x/v1/mailbox?to={self.email}")["body"]["mails"]
        )
        token = re.search(r"#token=(\S+)", mails[0]["text"])
        assert token is not None
        confirmed = {"token": token[1], "password": PASSWORD}
        assert self.ask("POST", "/x/v1/auth/confirm", confirmed)["body"]["next"] == "DONE"
        return self.email

    def trader(self, symbol: str = "BTCUSD", **amounts: str) -> "Screen":
        """Sign up, be given money, and look at a market."""
        self.sign_up_quickly()
        self.credit(**amounts)
        self.go(f"/trade/{symbol}")
        self.is_ready()
        return self

    # -- trading

    def is_ready(self) -> None:
        """Wait until orders can be placed and the book is there."""
        expect(self.page.get_by_test_id("link")).to_have_text("Live")
        expect(self.button(re.compile("^(Buy|Sell) (BTC|ETH)$"))).to_be_enabled()

    def side(self, side: str) -> None:
        """Choose Buy or Sell."""
        self.page.get_by_role("radio", name=side).check(force=True)

    def kind(self, name: str) -> None:
        """Choose a type of order: two have buttons, a list holds the others."""
        if name in {"Limit", "Market"}:
            self.page.get_by_role("button", name=name, exact=True).click()
        else:
            self.page.get_by_label("Order type").select_option(label=name)

    def fill(self, **fields: str) -> None:
        """Fill fields of the order form by their names."""
        for name, text in fields.items():
            self.field(name).fill(text)

    def submit(self) -> None:
        """Send the order."""
        self.button(re.compile("^(Buy|Sell) (BTC|ETH)$")).click()

    def limit(self, side: str, price: str, quantity: str) -> None:
        """Place a plain limit order and wait until the exchange has taken it."""
        self.side(side)
        self.kind("Limit")
        self.fill(price=price, quantity=quantity)
        self.submit()
        expect(self.field("quantity")).to_have_value("")

    def open_orders(self) -> list[dict[str, str]]:
        """Read the table of open orders."""
        self.tab(re.compile("^Open orders")).first.click()
        return self.table("open-orders")

    def table(self, name: str) -> list[dict[str, str]]:
        """Read a table: for each row, cells by their heading."""
        script = """table => [...table.querySelectorAll("tbody tr")].map(row =>
            Object.fromEntries([...row.cells].map((cell, at) =>
                [cell.dataset.label ?? "", cell.innerText.trim()])))"""
        found = self.page.get_by_test_id(name)
        rows: list[dict[str, str]] = found.evaluate(script) if found.count() else []
        return rows

    def balance(self, asset: str) -> dict[str, str]:
        """Read what is available and what is in orders."""
        self.tab("Balances").click()
        row = self.page.get_by_test_id("balances").locator(f"tr[data-asset='{asset}']")
        free, held = (row.locator("td").nth(at).inner_text() for at in (0, 1))
        return {"free": free, "held": held}

    def book(self) -> dict[str, Any]:
        """Read the book as it is drawn, and of which update it is."""
        script = """body => ({
            update: body.dataset.updateId,
            bids: [...body.querySelectorAll("[data-side=bid]")].map(row =>
                [row.dataset.price, row.dataset.quantity]),
            asks: [...body.querySelectorAll("[data-side=ask]")].reverse().map(row =>
                [row.dataset.price, row.dataset.quantity])})"""
        found: dict[str, Any] = self.page.locator(".book-body").evaluate(script)
        return found

    def axe(self) -> list[str]:
        """Return what the accessibility checker finds serious."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {rule['help']}: {node['html'][:160]}"
            for rule in found["violations"]
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]


def operator_of(exchange: ExchangeProcess) -> dict[str, str]:
    """Return who the demo's operator is."""
    operator: dict[str, str] = json.loads((exchange.data / "demo-operator.json").read_text())
    return operator
