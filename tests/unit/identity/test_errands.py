"""Letters go out beside the requests, again when that can help, and never twice."""

import asyncio
import logging

import pytest
from tests.support.identity_scene import EMAIL, PASSWORD, IdentityScene

from openoutcry.identity import errands
from openoutcry.identity.errands import Errands
from openoutcry.ports.mail import Mail, MailError
from openoutcry.ports.people_store import PeopleStoreError

MAIL = Mail("ann@example.org", "Hello", "the secret link")


class ToyServer:
    """Takes a mail at the given try, or never."""

    def __init__(self, fails: int, *, again: bool = True) -> None:
        self.fails, self.again = fails, again
        self.tries = 0
        self.taken: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.tries += 1
        if self.tries <= self.fails:
            raise MailError("away", again=self.again)
        self.taken.append(mail)


@pytest.mark.parametrize(
    ("fails", "again", "tries", "taken"),
    [(0, True, 1, 1), (2, True, 3, 1), (9, True, errands.ATTEMPTS_MAX, 0), (9, False, 1, 0)],
)
async def test_a_letter_is_tried_again_while_that_can_help(
    fails: int, again: int, tries: int, taken: int
) -> None:
    server = ToyServer(fails, again=bool(again))
    await Errands(server, pause_seconds=0.0).post(MAIL)
    assert (server.tries, len(server.taken)) == (tries, taken)


async def test_what_fails_is_logged_without_its_secret_and_ends_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> None:
        raise PeopleStoreError("the store is away")

    server = ToyServer(9, again=False)
    work = Errands(server, pause_seconds=0.0)
    with caplog.at_level(logging.WARNING):
        work.run(fail())
        work.run(work.post(MAIL))
        await work.settle()
    said = [
        record.getMessage() for record in caplog.records if record.name == "openoutcry.identity"
    ]
    assert len(said) == 2, said
    assert "secret" not in caplog.text


async def test_too_many_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "ERRANDS_MAX", 2)
    go = asyncio.Event()
    done = []

    async def wait(number: int) -> None:
        await go.wait()
        done.append(number)

    work = Errands(ToyServer(0))
    for number in range(4):
        work.run(wait(number))
    go.set()
    await work.settle()
    assert done == [0, 1]


async def test_closing_waits_for_what_is_under_way_and_no_longer() -> None:
    work = Errands(ToyServer(0))
    done = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(seconds)

    work.run(wait(0.01))
    work.run(wait(3600))
    await work.close(0.2)
    assert done == [0.01]


async def test_a_sign_up_is_answered_while_the_mail_server_is_away() -> None:
    server = ToyServer(1, again=False)
    scene = IdentityScene(mailer=server)
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    await scene.identity.settle()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    await scene.identity.close()
    assert len(server.taken) == 1
