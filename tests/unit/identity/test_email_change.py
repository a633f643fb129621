"""Another address: who gets which letter, whom a link is good for, what ends. ASVS 6.3.8, 7.5.1."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.support.identity_scene import (
    EMAIL,
    HOUR_US,
    MINUTE_US,
    OTHER_PASSWORD,
    PASSWORD,
    IdentityScene,
    pending,
    refusal,
    started,
)

from openoutcry.identity.identity import Identity
from openoutcry.identity.limits import LETTERS_OF_ADDRESS_BY_NETWORK
from openoutcry.ports.audit import AuditError
from openoutcry.ports.identity import NextStep, Refusal, RefusedError, StartedSession
from openoutcry.ports.mail import Mail
from openoutcry.ports.people import FIRST_PERSON_ID

NEW = "New.Ann@example.com"


async def asked(scene: IdentityScene, session: StartedSession, email: str = NEW) -> str:
    """Ask for another address; returns the token of the link that it got."""
    await scene.own.ask_email(session.view, email, scene.caller())
    return await scene.link("/email", email)


async def address(scene: IdentityScene, session: StartedSession) -> str:
    """Return what somebody's address is now, whatever their session says."""
    view = await scene.directory.person(session.view.person_id)
    assert view is not None
    return view.email


async def subjects(scene: IdentityScene, to: str) -> list[str]:
    return [mail.subject for mail in await scene.mails(to)]


async def test_an_address_is_changed_by_the_link_that_it_got() -> None:
    scene = IdentityScene()
    session, other = await scene.person(), started(await scene.sign_in())
    token = await asked(scene, session)
    assert await address(scene, session) == EMAIL, "nothing has changed yet"
    scene.wait(MINUTE_US)
    renewed = await scene.own.change_email(session.view, token, scene.caller())
    assert (renewed.view.email, renewed.view.session_id) == (NEW, session.view.session_id)
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await scene.sessions.find(renewed.token, scene.now_us) == renewed.view
    assert scene.ended == [other.view.session_id]
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    assert started(await scene.sign_in(NEW.lower())).view.person_id == session.view.person_id
    assert (await scene.own.me(renewed.view)).security_changed_us == scene.now_us
    [record] = await scene.records("email.change")
    assert (record.details["was"], record.details["is"]) == (EMAIL, NEW)
    assert len(await scene.records("email.ask")) == 1
    again = scene.own.change_email(renewed.view, token, scene.caller())
    assert await refusal(again) is Refusal.LINK_GONE


async def test_the_old_address_hears_of_both_steps_and_gets_no_link() -> None:
    scene = IdentityScene()
    session = await scene.person()
    token = await asked(scene, session)
    await scene.own.change_email(session.view, token, scene.caller())
    changed, wanted, _ = await scene.mails(EMAIL)
    for mail in (changed, wanted):
        assert NEW in mail.text
        assert token not in mail.text
    assert wanted.subject == "Another address for Openoutcry"
    assert changed.subject == "Your address for Openoutcry has changed"
    assert await subjects(scene, NEW) == ["Your new address for Openoutcry"]


async def test_a_stranger_who_gets_the_link_has_nothing() -> None:
    """Somebody has mistyped their address, and the link is in another person's mailbox."""
    scene = IdentityScene()
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    token = await asked(scene, ann)
    for wrong in (token, "", "é", token[:-1]):
        work = scene.own.change_email(bob.view, wrong, scene.caller())
        assert await refusal(work) is Refusal.LINK_GONE
    renewed = await scene.own.change_email(ann.view, token, scene.caller())
    assert renewed.view.email == NEW, "and it is good for whoever asked for it all the same"
    assert await address(scene, bob) == "bob@example.org"


async def test_nobody_learns_whether_an_address_is_taken() -> None:
    scene = IdentityScene()
    ann, _ = await scene.person(), await scene.person("bob@example.org")
    for email in ("BOB@example.org", NEW):
        assert await scene.own.ask_email(ann.view, email, scene.caller()) is None
    assert (await subjects(scene, "bob@example.org"))[0] == "Your address at Openoutcry"
    assert await subjects(scene, NEW) == ["Your new address for Openoutcry"]
    hint = (await scene.mails("bob@example.org"))[0]
    assert "token" not in hint.text
    told = await subjects(scene, EMAIL)
    assert told.count("Another address for Openoutcry") == 2


async def test_an_address_that_somebody_took_meanwhile_is_not_taken_again() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    token = await asked(scene, ann)
    await scene.person(NEW.lower())
    work = scene.own.change_email(ann.view, token, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    assert await scene.records("email.change") == []


async def test_what_was_sent_to_either_address_is_good_no_more() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    await scene.signing_in.sign_up(NEW, OTHER_PASSWORD, scene.caller())
    sign_up = await scene.link("/confirm", NEW)
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    reset = await scene.link("/reset")
    half = await scene.directory.add_operator("op@example.org", (), scene.now_us)
    waiting = pending(await scene.sign_in("op@example.org", half.one_time_password))
    assert waiting.step is NextStep.NEW_PASSWORD
    await scene.own.change_email(ann.view, await asked(scene, ann), scene.caller())
    for work in (
        scene.signing_in.confirm(sign_up, OTHER_PASSWORD, scene.caller()),
        scene.signing_in.reset(reset, OTHER_PASSWORD, scene.caller()),
    ):
        assert await refusal(work) is Refusal.LINK_GONE
    work = scene.signing_in.answer_new_password(waiting.token, OTHER_PASSWORD, scene.caller())
    started(await work)  # somebody else's step goes on


async def test_a_link_is_good_for_half_an_hour_and_until_the_next_one() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    first = await asked(scene, ann)
    second = await asked(scene, ann, "third@example.com")
    work = scene.own.change_email(ann.view, first, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    scene.wait(30 * MINUTE_US)
    work = scene.own.change_email(ann.view, second, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    assert await address(scene, ann) == EMAIL


async def test_a_link_that_is_opened_twice_at_once_is_taken_once() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    token = await asked(scene, ann)
    works = [scene.own.change_email(ann.view, token, scene.caller()) for _ in range(5)]
    done = await asyncio.gather(*works, return_exceptions=True)
    assert sum(isinstance(one, StartedSession) for one in done) == 1
    assert {one.refusal for one in done if isinstance(one, RefusedError)} == {Refusal.LINK_GONE}


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("ann", Refusal.EMAIL_FORMAT),
        ("ann@example.org\r\nBcc: all@example.org", Refusal.EMAIL_FORMAT),
        (EMAIL, Refusal.EMAIL_UNCHANGED),
        (f" {EMAIL.upper()} ", Refusal.EMAIL_UNCHANGED),
    ],
)
async def test_what_is_no_other_address(email: str, expected: Refusal) -> None:
    scene = IdentityScene()
    ann = await scene.person()
    assert await refusal(scene.own.ask_email(ann.view, email, scene.caller())) is expected
    assert await scene.records("email.ask") == []


async def test_nobodys_mailbox_is_flooded() -> None:
    scene = IdentityScene()
    people = [await scene.person(f"p{number}@example.org") for number in range(5)]
    for person in people:
        await scene.own.ask_email(person.view, NEW, scene.caller())
    assert len(await scene.mails(NEW)) == LETTERS_OF_ADDRESS_BY_NETWORK
    scene.wait(HOUR_US)
    for number in range(LETTERS_OF_ADDRESS_BY_NETWORK):
        await scene.own.ask_email(people[0].view, f"n{number}@example.com", scene.caller())
    work = scene.own.ask_email(people[0].view, "more@example.com", scene.caller())
    assert await refusal(work) is Refusal.TOO_MANY_ATTEMPTS


async def test_links_lead_to_the_exchange_and_nowhere_else() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    outside = scene.identity._desk.outside
    public = replace(scene.settings, public_origin="https://exchange.example")
    own = Identity(outside, public, lambda: scene.now_us).own_account
    await own.ask_email(ann.view, NEW, scene.caller(origin="http://evil.example"))
    await asyncio.sleep(0)
    [mail] = await _eventually_one(scene)
    assert "https://exchange.example/email#token=" in mail
    assert "evil" not in mail


async def _eventually_one(scene: IdentityScene) -> list[str]:
    async with asyncio.timeout(10):
        while not (found := await scene.mailbox.newest(10, NEW)):
            await asyncio.sleep(0)
    return [mail.text for mail in found]


async def test_no_address_changes_without_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = IdentityScene()
    ann = await scene.person()
    token = await asked(scene, ann)

    async def full(_make: object) -> None:
        raise AuditError("the disk is full")

    monkeypatch.setattr(scene.audit_store, "append", full)
    for work in (
        scene.own.change_email(ann.view, token, scene.caller()),
        scene.own.ask_email(ann.view, "other@example.com", scene.caller()),
    ):
        with pytest.raises(AuditError):
            await work
    monkeypatch.undo()
    await scene.identity.settle()
    assert await address(scene, ann) == EMAIL
    assert await scene.mailbox.newest(10, "other@example.com") == []


async def test_a_crash_in_the_change_leaves_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = IdentityScene()
    ann = await scene.person()
    token = await asked(scene, ann)

    async def cut_off(*_arguments: object, **_named: object) -> bool:
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(scene.stores.people, "set_email", cut_off)
    with pytest.raises(RuntimeError):
        await scene.own.change_email(ann.view, token, scene.caller())
    [record] = await scene.records("email.change")
    assert record.target == f"person:{FIRST_PERSON_ID}"
    started(await scene.sign_in(EMAIL, PASSWORD))


async def test_the_old_address_hears_of_it_before_a_link_leaves() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    await asked(scene, ann)
    sent = await scene.mailbox.newest(2)
    assert [mail.to for mail in sent] == [NEW, EMAIL], "the newest first"


async def test_a_link_that_sets_a_password_is_nothing_once_its_address_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its letter was on the way while the address changed, and goes to the old mailbox."""
    scene = IdentityScene()
    ann = await scene.person()
    link = await asked(scene, ann)
    people, goes_on = scene.stores.people, asyncio.Event()
    found = people.person_by_email

    async def found_late(email_key: str) -> object:
        person = await found(email_key)
        await goes_on.wait()
        return person

    monkeypatch.setattr(people, "person_by_email", found_late)
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    await asyncio.sleep(0)
    monkeypatch.setattr(people, "person_by_email", found)
    await scene.own.change_email(ann.view, link, scene.caller())
    goes_on.set()
    token = await scene.link("/reset", EMAIL)
    work = scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    assert started(await scene.sign_in(NEW)).view.person_id == ann.view.person_id


async def by_password(scene: IdentityScene, ann: StartedSession) -> StartedSession:
    return await scene.own.change_password(ann.view, OTHER_PASSWORD, scene.caller())


async def by_reset(scene: IdentityScene, ann: StartedSession) -> StartedSession:
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    await scene.signing_in.reset(await scene.link("/reset"), OTHER_PASSWORD, scene.caller())
    return started(await scene.sign_in(EMAIL, OTHER_PASSWORD))


async def by_operator(scene: IdentityScene, ann: StartedSession) -> StartedSession:
    assert await scene.directory.end_sessions(ann.view.person_id)
    return started(await scene.sign_in())


@pytest.mark.parametrize("shut_out", [by_password, by_reset, by_operator])
async def test_who_is_shut_out_has_no_link_that_its_owner_could_be_made_to_open(
    shut_out: Callable[[IdentityScene, StartedSession], Awaitable[StartedSession]],
) -> None:
    scene = IdentityScene()
    ann, thief = await scene.person(), started(await scene.sign_in())
    token = await asked(scene, thief)
    again = await shut_out(scene, ann)
    work = scene.own.change_email(again.view, token, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    assert await address(scene, again) == EMAIL


async def test_no_link_leaves_once_the_session_has_ended_that_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mail server takes its time for the letter to the present address."""
    scene = IdentityScene()
    ann, thief = await scene.person(), started(await scene.sign_in())
    goes_on, send = asyncio.Event(), scene.mailbox.send

    async def send_late(mail: Mail) -> None:
        await goes_on.wait()
        await send(mail)

    monkeypatch.setattr(scene.mailbox, "send", send_late)
    await scene.own.ask_email(thief.view, NEW, scene.caller())
    await by_password(scene, ann)
    goes_on.set()
    assert (await subjects(scene, EMAIL))[0] == "Another address for Openoutcry"
    assert await subjects(scene, NEW) == []


async def by_address(scene: IdentityScene, ann: StartedSession) -> StartedSession:
    return await scene.own.change_email(ann.view, await asked(scene, ann), scene.caller())


@pytest.mark.parametrize(
    ("shut_out", "deed"),
    [(by_password, "set_password"), (by_reset, "set_password"), (by_address, "set_email")],
)
async def test_a_crash_behind_the_deed_leaves_no_other_session(
    monkeypatch: pytest.MonkeyPatch,
    shut_out: Callable[[IdentityScene, StartedSession], Awaitable[StartedSession]],
    deed: str,
) -> None:
    scene = IdentityScene()
    ann, thief = await scene.person(), started(await scene.sign_in())
    does = getattr(scene.stores.people, deed)

    async def does_and_dies(*values: object, **named: object) -> bool:
        await does(*values, **named)
        raise RuntimeError("the process ends here")

    monkeypatch.setattr(scene.stores.people, deed, does_and_dies)
    with pytest.raises(RuntimeError):
        await shut_out(scene, ann)
    assert await scene.sessions.find(thief.token, scene.now_us) is None
    assert thief.view.session_id in scene.ended
