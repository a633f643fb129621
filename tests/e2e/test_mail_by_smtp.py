"""An exchange with a mail server and a name of its own: no mailbox, links that lead there."""

import email
import re
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests.support.page_client import PASSWORD, PageClient
from tools.exchange_process import ExchangeProcess

from openoutcry.adapters.local.servers.process import free_port

ORIGIN = "https://exchange.example"


class Letters:
    """Takes every letter."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert envelope.content is not None
        self.taken.append(email.message_from_bytes(bytes(envelope.content)))
        return "250 taken"

    def about(self, subject: str) -> Message:
        """Return the letter of such a subject, once it is there."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for letter in list(self.taken):
                if str(letter["Subject"]).startswith(subject):
                    return letter
            time.sleep(0.05)
        raise AssertionError(f"no letter says {subject!r}")


def text_of(letter: Message) -> str:
    text = letter.get_payload(decode=True)
    assert isinstance(text, bytes)
    return text.decode()


class Named(ExchangeProcess):
    """An exchange that people reach by a name, and that sends mail."""

    smtp_port = 0

    def environment(self) -> dict[str, str]:
        return {
            "OUTCRY_PUBLIC_ORIGIN": ORIGIN,
            "OUTCRY_SMTP_HOST": "127.0.0.1",
            "OUTCRY_SMTP_PORT": str(self.smtp_port),
            "OUTCRY_SMTP_SECURITY": "none",
            "OUTCRY_SMTP_FROM": "desk@exchange.example",
        }


class NamedClient(PageClient):
    """A browser that has the page from the public name, by way of a proxy."""

    @property
    def origin(self) -> str:
        return ORIGIN

    def headers(self) -> dict[str, str]:
        return super().headers() | {"Host": "exchange.example"}


@pytest.fixture
def letters() -> Iterator[tuple[Letters, int]]:
    taken, port = Letters(), free_port()
    controller = Controller(taken, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield taken, port
    finally:
        controller.stop()


def test_signing_up_by_mail_at_a_public_name(tmp_path: Path, letters: tuple[Letters, int]) -> None:
    taken, port = letters
    exchange = Named(tmp_path / "named", "--no-bots")
    exchange.smtp_port = port
    with exchange:
        page = NamedClient(exchange.port)
        assert page.get("/mailbox").code() == "NOT_FOUND"
        assert page.call("GET", "/config.json").json["mailbox"] is False
        page.post("/auth/sign-up", {"email": "ann@example.com", "password": PASSWORD}).ok()
        letter = taken.about("Confirm")
        assert (letter["To"], letter["From"]) == (
            "ann@example.com",
            "Openoutcry <desk@exchange.example>",
        )
        found = re.search(rf"{ORIGIN}/confirm#token=(\S+)", text_of(letter))
        assert found is not None
        wanted = {"token": found[1], "password": PASSWORD}
        answered = page.post("/auth/confirm", wanted)
        assert answered.ok()["next"] == "DONE"
        assert answered.headers["strict-transport-security"].startswith("max-age=")
        told = text_of(taken.about("New sign-in"))
        assert f"{ORIGIN}/account/notifications" in told.splitlines()
        assert all("localhost" not in text_of(each) for each in taken.taken)
        local = PageClient(exchange.port)
        assert local.post("/auth/sign-out").code() == "SIGN_IN_FIRST", "localhost is ours as well"
        evil = NamedClient(exchange.port)
        evil.cookie = page.cookie
        sent = evil.headers() | {"Origin": "https://evil.example"}
        evil.headers = lambda: sent  # type: ignore[method-assign]
        assert evil.post("/auth/sign-out").code() == "CROSS_SITE"
        log = exchange.log(10_000)
    assert f"ready: {ORIGIN}" in log
    assert found[1] not in log
