"""One signed request: what is sent, and what is made of every kind of answer."""

import asyncio
import json
import socket
import threading
import time
from pathlib import Path

import pytest
from tests.support.webhook_receiver import answer, certified, receiving

from openoutcry.notifications.posting import ANSWER_BYTES_MAX, Poster, body_of
from openoutcry.notifications.signing import is_authentic
from openoutcry.ports.notifications import Kind, Notification

SECRET = "whsec_x"
TOLD = Notification(
    "n1",
    1_000_000,
    Kind.DEPOSIT,
    "deposit_credited",
    1_700_000_000_000_042,
    {"amount": "2.5", "asset": "USD"},
)


@pytest.fixture
def poster() -> Poster:
    return Poster(allow_loopback=True)


def test_a_body_says_it_in_words_and_in_facts() -> None:
    assert json.loads(body_of(TOLD)) == {
        "id": "n1",
        "kind": "deposit",
        "event": "deposit_credited",
        "created_at": "2023-11-14T22:13:20.000042Z",
        "title": "Deposit of 2.5 USD",
        "text": "2.5 USD was credited to your account.",
        "facts": {"amount": "2.5", "asset": "USD"},
    }


async def test_a_request_is_signed_and_named(poster: Poster) -> None:
    async with receiving() as receiver:
        got = await poster.post(receiver.url("/a?b=c"), SECRET, TOLD, "17")
    assert (got.ok, got.outcome) == (True, "it answered 204")
    (request,) = receiver.received
    assert request.line == "POST /a?b=c HTTP/1.1"
    assert request.headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Outcry-Notification"] == "n1"
    assert request.headers["Outcry-Delivery"] == "17"
    assert request.body == body_of(TOLD)
    signed = request.headers["Outcry-Signature"]
    assert is_authentic(SECRET, signed, request.body, int(time.time()))


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
async def test_all_but_success_is_failure_and_nothing_is_followed(
    poster: Poster, status: int
) -> None:
    async with receiving() as other, receiving() as receiver:
        receiver.answer = lambda _: answer(status, f"Location: {other.url()}")
        got = await poster.post(receiver.url(), SECRET, TOLD, "1")
    assert (got.ok, got.outcome, got.for_good) == (False, f"it answered {status}", False)
    assert other.received == []
    assert len(receiver.received) == 1


async def test_gone_is_for_good(poster: Poster) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: answer(410)
        got = await poster.post(receiver.url(), SECRET, TOLD, "1")
    assert (got.ok, got.for_good, got.gone) == (False, True, True)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("999999", 3_600), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-5", None)],
)
async def test_a_receiver_may_say_when(poster: Poster, said: str, seconds: int | None) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: answer(503, f"Retry-After: {said}")
        got = await poster.post(receiver.url(), SECRET, TOLD, "1")
    assert got.retry_after_seconds == seconds


async def test_a_provisional_answer_is_no_answer(poster: Poster) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: b"HTTP/1.1 100 Continue\r\n\r\n" + answer(200)
        got = await poster.post(receiver.url(), SECRET, TOLD, "1")
    assert (got.ok, got.outcome) == (True, "it answered 200")


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (b"", "no answer"),
        (b"SSH-2.0-OpenSSH\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nA: b", "no answer"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", ""),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 2 * ANSWER_BYTES_MAX, ""),
    ],
)
async def test_what_is_no_answer_is_failure(poster: Poster, content: bytes, outcome: str) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: content
        got = await poster.post(receiver.url(), SECRET, TOLD, "1")
    assert not got.ok
    assert not got.for_good
    assert got.outcome == outcome or not outcome


async def test_a_silent_receiver_is_left(poster: Poster) -> None:
    async with receiving() as receiver:
        receiver.answer = lambda _: None
        got = await poster.post(receiver.url(), SECRET, TOLD, "1", seconds_max=0.1)
    assert (got.ok, got.outcome) == (False, "no answer within 0.1 s")


async def test_nobody_there(poster: Poster) -> None:
    async with receiving() as receiver:
        url = receiver.url()
    got = await poster.post(url, SECRET, TOLD, "1")
    assert (got.ok, got.outcome, got.for_good) == (False, "no connection", False)


@pytest.mark.parametrize("host", ["example..org", "a" * 64 + ".org", "..", "a.-.b", "example.org."])
async def test_no_name_of_a_host_is_a_fault_of_ours(
    poster: Poster, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may give a webhook any name, and a fault ends what everybody is told."""

    def without_network(name: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        name.encode("idna")  # what the system's own does first
        return [(0, 0, 0, "", ("10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", without_network)
    got = await poster.post(f"https://{host}/hook", SECRET, TOLD, "1")
    assert (got.ok, got.for_good) == (False, True)


async def test_names_that_are_long_in_coming_hold_nobody_else_up(
    poster: Poster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers for a name may take any time; passwords and records need threads as well."""
    told = threading.Event()

    def long_in_coming(_name: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        told.wait(10)
        return [(0, 0, 0, "", ("10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", long_in_coming)
    try:
        posts = [
            poster.post(f"https://{n}.example.org/", SECRET, TOLD, "1", seconds_max=0.2)
            for n in range(64)
        ]
        got = await asyncio.gather(*posts)
        assert {one.outcome for one in got} == {"no answer within 0.2 s"}
        async with asyncio.timeout(2):
            assert await asyncio.to_thread(int, "7") == 7
    finally:
        told.set()


async def test_tls_is_not_spoken_by_who_speaks_none(poster: Poster) -> None:
    async with receiving() as receiver:
        url = receiver.url().replace("http://", "https://")
        got = await poster.post(url, SECRET, TOLD, "1")
    assert not got.ok


async def test_a_name_is_held_against_its_certificate(tmp_path: Path) -> None:
    server, believed = certified(tmp_path, "localhost")
    trusting = Poster(allow_loopback=True, tls=believed)
    async with receiving(server) as receiver:
        got = await trusting.post(receiver.url(host="localhost"), SECRET, TOLD, "1")
        assert (got.ok, got.outcome) == (True, "it answered 204")
        for poster, host in ((trusting, "127.0.0.1"), (Poster(allow_loopback=True), "localhost")):
            got = await poster.post(receiver.url(host=host), SECRET, TOLD, "1")
            assert not got.ok
            assert got.outcome.startswith("its certificate is not good")
    assert len(receiver.received) == 1


async def test_a_private_address_is_never_connected_to() -> None:
    async with receiving() as receiver:
        got = await Poster().post(receiver.url(), SECRET, TOLD, "1")
    assert (got.ok, got.for_good) == (False, True)
    assert receiver.received == []
