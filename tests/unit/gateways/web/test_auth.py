"""People over HTTP: `/x/v1/auth` and `/x/v1/me` before a whole identity, as the page calls them."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

import pyotp
import pytest
from tests.support.authenticator import Authenticator
from tests.support.identity_scene import (
    CHEAP,
    EMAIL,
    MINUTE_US,
    OTHER_PASSWORD,
    PASSWORD,
    SECOND_US,
    IdentityScene,
)
from tests.support.web_caller import Called, WebCaller

from openoutcry.gateways.web import auth, description, me
from openoutcry.gateways.web.refusals import problem_types
from openoutcry.identity import limits
from openoutcry.ports.audit import AuditError
from openoutcry.ports.identity import Refusal
from openoutcry.ports.people import OperatorRole
from openoutcry.ports.people_store import PeopleStoreError


@dataclass
class Browser:
    """A page with its cookie, before an exchange."""

    scene: IdentityScene = field(default_factory=IdentityScene)
    token: str = ""
    ip: str = "192.0.2.1"

    def __post_init__(self) -> None:
        table = (*auth.routes(self.scene.signing_in), *me.routes(self.scene.own))
        self.caller = WebCaller(table, self.scene.sessions)  # type: ignore[arg-type]

    async def call(self, method: str, path: str, body: object = None) -> Called:
        self.caller.now_us = self.scene.now_us
        called = await self.caller.call(method, path, body, token=self.token, peer_ip=self.ip)
        cookie = called.headers.get("set-cookie")
        if cookie is not None:
            found = re.fullmatch(
                r"__Host-s=([\w-]*); Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=(\d+)",
                cookie,
            )
            assert found is not None, cookie
            self.token = found.group(1)
            assert (found.group(2) == "0") == (not self.token)
        return called

    async def post(self, path: str, **body: object) -> Called:
        return await self.call("POST", path, body or None)

    async def sign_up(self, email: str = EMAIL, password: str = PASSWORD) -> dict[str, Any]:
        assert (await self.post("/auth/sign-up", email=email, password=password)).status == 204
        token = await self.scene.link("/confirm", email)
        answer = await self.post("/auth/confirm", token=token, password=password)
        assert answer.status == 200, answer.content
        assert self.token
        return answer.json

    async def sign_in(self, password: str = PASSWORD, **changes: object) -> Called:
        return await self.post("/auth/sign-in", **{"email": EMAIL, "password": password, **changes})

    async def with_totp(self) -> tuple[pyotp.TOTP, list[str]]:
        secret = (await self.post("/me/totp")).json["secret"]
        generator = pyotp.TOTP(secret)
        confirmed = await self.post("/me/totp/confirm", code=self.scene.code(generator))
        return generator, confirmed.json["recovery_codes"]


async def test_a_stranger_becomes_somebody_with_a_session() -> None:
    browser = Browser()
    answer = await browser.sign_up()
    assert answer["next"] == "DONE"
    assert answer["session"]["email"] == EMAIL
    assert answer["token"] == ""
    assert browser.token not in repr(answer)
    myself = (await browser.call("GET", "/me")).json
    assert myself["session"] == answer["session"]
    assert (myself["factors"], myself["step_up_by"]) == (["PASSWORD"], ["PASSWORD"])
    old = browser.token
    assert (await browser.post("/auth/sign-out")).status == 204
    assert browser.token == ""
    browser.token = old
    assert (await browser.call("GET", "/me")).code == "SIGN_IN_FIRST"


async def test_a_stranger_is_told_that_nobody_is_signed_in() -> None:
    browser = Browser()
    asked = await browser.call("GET", "/session")
    assert (asked.status, asked.json) == (200, {"me": None})
    assert "set-cookie" not in asked.headers

    await browser.sign_up()
    myself = (await browser.call("GET", "/me")).json
    assert (await browser.call("GET", "/session")).json == {"me": myself}
    await browser.post("/auth/sign-out")
    assert (await browser.call("GET", "/session")).json == {"me": None}


async def test_signing_in_anew_ends_the_session_that_was_there() -> None:
    browser = Browser()
    first = await browser.sign_up()
    second = (await browser.sign_in()).json
    assert browser.scene.ended == [first["session"]["session_id"]]
    assert second["session"]["session_id"] != first["session"]["session_id"]
    listed = (await browser.call("GET", "/me/sessions")).json["sessions"]
    assert [(entry["session_id"], entry["current"]) for entry in listed] == [
        (second["session"]["session_id"], True)
    ]


async def test_unknown_addresses_get_the_same_bytes() -> None:
    browser = Browser()
    await browser.sign_up()
    browser.token = ""
    known = await browser.sign_in("wrong one")
    unknown = await browser.sign_in("wrong one", email="nobody@example.org")
    assert known.code == "BAD_CREDENTIALS"
    assert known.content == unknown.content
    for path, body in (
        ("/auth/sign-up", {"password": OTHER_PASSWORD}),
        ("/auth/reset-request", {}),
    ):
        answers = [
            await browser.post(path, email=email, **body) for email in (EMAIL, "no@example.org")
        ]
        assert [(answer.status, answer.content) for answer in answers] == [(204, b"")] * 2
        headers = [{**answer.headers, "x-request-id": ""} for answer in answers]
        assert headers[0] == headers[1]


async def test_the_second_step_by_code() -> None:
    browser = Browser()
    await browser.sign_up()
    generator, codes = await browser.with_totp()
    assert len(codes) == 10
    browser.token = ""
    half = (await browser.sign_in()).json
    assert half["next"] == "SECOND_FACTOR"
    assert half["factors"] == ["RECOVERY_CODE", "TOTP"]
    assert half["session"] is None
    assert half["expires_us"] == browser.scene.now_us + 5 * MINUTE_US
    assert browser.token == "", "half a sign-in is no session"
    wrong = await browser.post(
        "/auth/sign-in/code", token=half["token"], factor="TOTP", code="000000"
    )
    assert (wrong.code, wrong.json["errors"][0]["field"]) == ("WRONG_CODE", "code")
    code = browser.scene.code(generator, 1)
    done = await browser.post("/auth/sign-in/code", token=half["token"], factor="TOTP", code=code)
    assert done.json["session"]["factors"] == ["PASSWORD", "TOTP"]
    assert browser.token
    again = await browser.post(
        "/auth/sign-in/code", token=half["token"], factor="RECOVERY_CODE", code=codes[0]
    )
    assert again.code == "PENDING_GONE"
    bad = await browser.post(
        "/auth/sign-in/code", token=half["token"], factor="PASSWORD", code=PASSWORD
    )
    assert bad.status == 400


async def test_passkeys_are_added_used_named_and_removed() -> None:
    browser = Browser()
    await browser.sign_up()
    device = Authenticator()
    options = (await browser.post("/me/passkey-options")).json["public_key"]
    made = await browser.post("/me/passkeys", name="Phone", credential=device.make(options))
    assert made.status == 201, made.content
    assert len(made.json["recovery_codes"]) == 10
    number = made.json["passkey"]["passkey_id"]
    browser.token = ""
    options = (await browser.post("/auth/passkey-options")).json["public_key"]
    done = await browser.post("/auth/passkey", credential=device.use(options))
    assert done.json["session"]["factors"] == ["PASSKEY"]
    replay = await browser.post("/auth/passkey", credential=device.use(options))
    assert replay.code == "PENDING_GONE"
    browser.scene.wait(10 * MINUTE_US)
    assert (await browser.call("DELETE", f"/me/passkeys/{number}")).code == "STEP_UP_FIRST"
    renamed = await browser.call("PATCH", f"/me/passkeys/{number}", {"name": "<b>Key</b>"})
    assert renamed.status == 204
    options = (await browser.post("/auth/step-up/passkey-options")).json["public_key"]
    before = browser.token
    stepped = await browser.post("/auth/step-up/passkey", credential=device.use(options))
    assert stepped.json["stepped_up_until_us"] == browser.scene.now_us + 5 * MINUTE_US
    assert browser.token != before
    listed = (await browser.call("GET", "/me/passkeys")).json["passkeys"]
    assert [(entry["passkey_id"], entry["name"]) for entry in listed] == [(number, "<b>Key</b>")]
    assert (await browser.call("DELETE", f"/me/passkeys/{number}")).status == 204
    assert (await browser.call("DELETE", f"/me/passkeys/{number}")).code == "FACTOR_UNKNOWN"
    for odd in ("0", "x", "9" * 19, "1.0", "-1"):
        assert (await browser.call("DELETE", f"/me/passkeys/{odd}")).code == "FACTOR_UNKNOWN"


async def test_a_passkey_as_second_step() -> None:
    browser = Browser()
    await browser.sign_up()
    device = Authenticator()
    options = (await browser.post("/me/passkey-options")).json["public_key"]
    await browser.post("/me/passkeys", name="Phone", credential=device.make(options))
    half = (await browser.sign_in()).json
    answer = await browser.post("/auth/sign-in/passkey-options", token=half["token"])
    credential = device.use(answer.json["public_key"])
    done = await browser.post("/auth/sign-in/passkey", token=half["token"], credential=credential)
    assert done.json["session"]["factors"] == ["PASSKEY", "PASSWORD"]


async def test_what_a_browser_adds_to_a_credential_is_taken() -> None:
    browser = Browser()
    await browser.sign_up()
    device = Authenticator()
    options = (await browser.post("/me/passkey-options")).json["public_key"]
    credential = device.make(options)
    credential["clientExtensionResults"] = {"credProps": {"rk": True}}
    credential["response"] |= {
        "authenticatorData": "AAAA",
        "publicKey": "AAAA",
        "publicKeyAlgorithm": -7,
    }
    made = await browser.post("/me/passkeys", name="Phone", credential=credential)
    assert made.status == 201
    credential["evil"] = 1
    assert (await browser.post("/me/passkeys", name="x", credential=credential)).status == 400


async def test_another_address_by_the_link_that_it_got() -> None:
    browser = Browser()
    await browser.sign_up()
    unchanged = await browser.post("/me/email", email=EMAIL)
    assert (unchanged.status, unchanged.code) == (422, "EMAIL_UNCHANGED")
    assert unchanged.json["errors"][0]["field"] == "email"
    assert (await browser.post("/me/email", email="new@example.com")).status == 204
    token = await browser.scene.link("/email", "new@example.com")
    assert (await browser.post("/me/email/confirm", token="other")).code == "LINK_GONE"
    before = browser.token
    answer = await browser.post("/me/email/confirm", token=token)
    assert (answer.status, answer.json["email"]) == (200, "new@example.com")
    assert browser.token != before
    assert (await browser.call("GET", "/me")).json["session"] == answer.json
    assert (await browser.sign_in()).code == "BAD_CREDENTIALS"


async def test_an_address_of_somebody_gets_the_same_bytes() -> None:
    browser = Browser()
    await browser.sign_up("bob@example.org")
    await browser.sign_up()
    answers = [
        await browser.post("/me/email", email=f"{name}@example.org") for name in ("bob", "cyd")
    ]
    assert [(answer.status, answer.content) for answer in answers] == [(204, b"")] * 2
    headers = [{**answer.headers, "x-request-id": ""} for answer in answers]
    assert headers[0] == headers[1]


async def test_sensitive_acts_want_a_fresh_proof() -> None:
    browser = Browser()
    await browser.sign_up()
    browser.scene.wait(5 * MINUTE_US)
    for path, body in (
        ("/me/totp", {}),
        ("/me/totp/confirm", {"code": "123456"}),
        ("/me/password", {"password": OTHER_PASSWORD}),
        ("/me/email", {"email": "other@example.org"}),
        ("/me/email/confirm", {"token": "token"}),
        ("/me/recovery-codes", {}),
        ("/me/passkey-options", {}),
    ):
        assert (await browser.post(path, **body)).code == "STEP_UP_FIRST", path
    assert (await browser.call("DELETE", "/me/totp")).code == "STEP_UP_FIRST"
    wrong = await browser.post("/auth/step-up/password", password="wrong one")
    assert (wrong.status, wrong.code) == (422, "WRONG_PASSWORD")
    before = browser.token
    stepped = await browser.post("/auth/step-up/password", password=PASSWORD)
    assert stepped.status == 200
    assert before != browser.token
    changed = await browser.post("/me/password", password=OTHER_PASSWORD)
    assert changed.status == 200
    assert (await browser.call("GET", "/me")).json["security_changed_us"] == browser.scene.now_us


async def test_step_up_by_code_where_there_is_a_second_factor() -> None:
    browser = Browser()
    await browser.sign_up()
    generator, _ = await browser.with_totp()
    refused = await browser.post("/auth/step-up/password", password=PASSWORD)
    assert refused.code == "FACTOR_NEEDED"
    assert (await browser.post("/auth/step-up/passkey-options")).code == "FACTOR_UNKNOWN"
    code = browser.scene.code(generator, 1)
    assert (await browser.post("/auth/step-up/code", factor="TOTP", code=code)).status == 200
    again = (await browser.post("/me/recovery-codes")).json["recovery_codes"]
    assert len(again) == 10
    assert (await browser.call("DELETE", "/me/totp")).status == 204


async def test_a_reset_by_mail() -> None:
    browser = Browser()
    await browser.sign_up()
    assert (await browser.post("/auth/reset-request", email=EMAIL)).status == 204
    token = await browser.scene.link("/reset")
    known = await browser.post("/auth/reset", token=token, password="password1")
    assert (known.code, known.json["errors"][0]["field"]) == ("PASSWORD_KNOWN", "password")
    assert (await browser.post("/auth/reset", token=token, password=OTHER_PASSWORD)).status == 204
    assert (await browser.call("GET", "/me")).code == "SIGN_IN_FIRST"
    assert (await browser.sign_in(OTHER_PASSWORD)).json["next"] == "DONE"
    gone = await browser.post("/auth/reset", token=token, password=PASSWORD)
    assert (gone.status, gone.code) == (410, "LINK_GONE")


async def test_too_many_attempts_say_when_to_come_back() -> None:
    browser = Browser()
    await browser.sign_up()
    for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK):
        await browser.sign_in("wrong one")
    locked = await browser.sign_in()
    assert (locked.status, locked.code) == (429, "TOO_MANY_ATTEMPTS")
    assert locked.headers["retry-after"] == "900"


async def test_a_first_password_is_replaced() -> None:
    browser = Browser()
    made = await browser.scene.directory.add_operator(EMAIL, [OperatorRole.ADMIN], 0)
    half = (await browser.sign_in(made.one_time_password)).json
    assert (half["next"], half["factors"]) == ("NEW_PASSWORD", ["PASSWORD"])
    done = await browser.post("/auth/sign-in/new-password", token=half["token"], password=PASSWORD)
    assert done.json["session"]["roles"] == ["ADMIN"]


async def test_sessions_of_others_are_as_if_they_were_not_there() -> None:
    """R16."""
    ann = Browser()
    bobs = (await Browser(ann.scene).sign_up("bob@example.org"))["session"]["session_id"]
    own = (await ann.sign_up())["session"]["session_id"]
    theirs = await ann.call("DELETE", f"/me/sessions/{bobs}")
    nobodys = await ann.call("DELETE", f"/me/sessions/{'0' * 32}")
    assert (theirs.status, theirs.content) == (404, nobodys.content)
    assert (await ann.post("/me/sessions/end-others")).json == {"ended": 0}
    assert (await ann.call("DELETE", f"/me/sessions/{own}")).status == 204
    assert ann.token == "", "one's own session is signed out"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/sign-up", {"email": "ann", "password": PASSWORD}),
        ("/auth/sign-up", {"email": EMAIL, "password": "short"}),
        ("/auth/sign-up", {"email": EMAIL, "password": "x" * 4096}),
        ("/auth/reset-request", {"email": "ann@"}),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(path: str, body: dict[str, str]) -> None:
    answer = await Browser().post(path, **body)
    assert answer.status == 422
    assert answer.json["errors"][0]["field"] in body


@pytest.mark.parametrize(
    "body",
    [
        {"email": EMAIL},
        {"email": EMAIL, "password": 12345678},
        {"email": [EMAIL], "password": PASSWORD},
        {"email": EMAIL, "password": "x" * 4097},
        {"email": "", "password": PASSWORD},
        {"email": EMAIL, "password": PASSWORD, "roles": ["ADMIN"]},
    ],
)
async def test_what_is_no_sign_up_is_refused_before_identity(body: dict[str, object]) -> None:
    """R15, R42."""
    assert (await Browser().post("/auth/sign-up", **body)).status == 400


async def test_odd_texts_are_refused_and_break_nothing() -> None:
    browser = Browser()
    for text in ("\0", "\ud800", "’; DROP TABLE person; --", "é" * 300, "a@b.co\r\nX: y"):
        for path in ("/auth/sign-in", "/auth/sign-up"):
            answer = await browser.call("POST", path, {"email": text, "password": text})
            assert 400 <= answer.status < 500, (path, text)


@pytest.mark.parametrize("error", [PeopleStoreError("away"), AuditError("away")])
async def test_a_store_that_is_away_is_said_and_nobody_is_let_in(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    await browser.sign_up()
    browser.token = ""

    async def fail(*_arguments: object, **_names: object) -> None:
        raise error

    if isinstance(error, AuditError):
        monkeypatch.setattr(browser.scene.audit_store, "append", fail)
    else:
        monkeypatch.setattr(browser.scene.stores.sessions, "add_session", fail)
    answer = await browser.sign_in()
    assert (answer.status, answer.code) == (503, "AWAY")
    assert browser.token == ""


async def test_an_account_that_cannot_be_opened_yet() -> None:
    browser = Browser()
    browser.scene.accounts.away = True
    await browser.post("/auth/sign-up", email=EMAIL, password=PASSWORD)
    token = await browser.scene.link("/confirm")
    answer = await browser.post("/auth/confirm", token=token, password=PASSWORD)
    assert (answer.status, answer.code) == (503, "ACCOUNT_AWAY")
    browser.scene.accounts.away = False
    browser.scene.wait(SECOND_US)
    assert (await browser.sign_in()).json["next"] == "DONE"


def test_every_refusal_is_declared_where_it_can_be_met() -> None:
    scene = IdentityScene(settings=replace(CHEAP))
    table = (*auth.routes(scene.signing_in), *me.routes(scene.own))
    declared = {problem.code for route in table for problem in route.problems}
    assert declared == {refusal.value for refusal in Refusal}
    assert description.describe(table, "0")["openapi"] == "3.1.0"
    assert [kind.status for kind in problem_types(Refusal.LINK_GONE)] == [410]
