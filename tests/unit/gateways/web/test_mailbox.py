"""The demo's mailbox as the page reads it."""

from dataclasses import dataclass

import pytest
from tests.support.web_caller import NOW_US, WebCaller

from openoutcry.gateways.web import mailbox
from openoutcry.ports.mail import KeptMail


@dataclass
class ToyMailbox:
    mails: list[KeptMail]

    async def newest(self, limit: int, to: str | None = None) -> list[KeptMail]:
        return [mail for mail in self.mails if to in {None, mail.to}][:limit]


@dataclass
class Discreet:
    """Keeps the mails of some addresses private."""

    addresses: set[str]

    async def is_private(self, to: str) -> bool:
        return to in self.addresses


@pytest.fixture
def discreet() -> Discreet:
    return Discreet(set())


@pytest.fixture
def caller(discreet: Discreet) -> WebCaller:
    mails = [
        KeptMail(number, NOW_US, to, "Confirm", f"http://localhost/confirm#token={number}")
        for number, to in ((2, "bob@example.com"), (1, "ann@example.com"))
    ]
    return WebCaller(mailbox.routes(ToyMailbox(mails), discreet))


async def test_anyone_reads_all_mails(caller: WebCaller) -> None:
    called = await caller.call("GET", "/mailbox", headers={"origin": None})
    assert [mail["number"] for mail in called.json["mails"]] == [2, 1]
    assert called.json["mails"][0] == {
        "number": 2,
        "sent_us": NOW_US,
        "to": "bob@example.com",
        "subject": "Confirm",
        "text": "http://localhost/confirm#token=2",
    }


async def test_mails_of_one_address_and_some_of_them(caller: WebCaller) -> None:
    called = await caller.call("GET", "/mailbox?to=ann%40example.com")
    assert [mail["number"] for mail in called.json["mails"]] == [1]
    called = await caller.call("GET", "/mailbox?limit=1")
    assert [mail["number"] for mail in called.json["mails"]] == [2]
    assert (await caller.call("GET", "/mailbox?limit=0")).code == "INVALID_FIELDS"


async def test_private_mails_are_shown_to_nobody_as_of_now(
    caller: WebCaller, discreet: Discreet
) -> None:
    async def numbers(query: str = "") -> list[int]:
        called = await caller.call("GET", f"/mailbox{query}")
        assert called.status == 200
        return [mail["number"] for mail in called.json["mails"]]

    discreet.addresses.add("bob@example.com")
    assert await numbers() == [1]
    assert await numbers("?limit=1") == [1]  # what is not shown takes no place
    assert await numbers("?to=bob%40example.com") == []
    discreet.addresses.clear()
    assert await numbers() == [2, 1]


async def test_an_exchange_that_delivers_has_no_mailbox() -> None:
    assert (await WebCaller(()).call("GET", "/mailbox")).code == "NOT_FOUND"
