"""One suite for every identity: what the ports promise to the web gateway, whoever keeps people.

It asks through the ports only, and for time, letters and a device of its own. Another identity is
another line in `tests/support/identities.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from inspect import isfunction
from pathlib import Path
from typing import Any

import pytest
from tests.support import identity_scene
from tests.support.authenticator import Authenticator
from tests.support.identities import IDENTITIES, IdentityToTest
from tests.support.identity_scene import (
    EMAIL,
    HOUR_US,
    MINUTE_US,
    OTHER_PASSWORD,
    PASSWORD,
    SECOND_US,
    pending,
    refusal,
    started,
)

from openoutcry.core.ids import account_id_of
from openoutcry.ports.identity import NextStep, OwnAccount, Refusal, RefusedError, SigningIn
from openoutcry.ports.people import (
    FIRST_PERSON_ID,
    Factor,
    OperatorRole,
    PeopleDirectory,
    SecondFactor,
    Sessions,
)


@pytest.fixture(params=IDENTITIES)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[IdentityToTest]:
    async with IDENTITIES[request.param](tmp_path) as made:
        yield made


def test_the_suite_asks_for_everything_that_is_promised() -> None:
    asked = Path(__file__).read_text() + Path(identity_scene.__file__).read_text()
    for port in (SigningIn, OwnAccount, Sessions, PeopleDirectory):
        for name, kind in vars(port).items():
            if isfunction(kind) and not name.startswith("_"):
                assert f".{name}(" in asked, f"{port.__name__}.{name} is promised and not asked for"


async def test_somebody_is_made_by_a_link_and_the_password_chosen(scene: IdentityToTest) -> None:
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    wrong = scene.signing_in.confirm(token, OTHER_PASSWORD, scene.caller())
    assert await refusal(wrong) is Refusal.WRONG_PASSWORD
    session = started(await scene.signing_in.confirm(token, PASSWORD, scene.caller()))
    again = scene.signing_in.confirm(token, PASSWORD, scene.caller())
    assert await refusal(again) is Refusal.LINK_GONE
    view = session.view
    assert view.person_id >= FIRST_PERSON_ID
    assert view.account_id == account_id_of(view.person_id)
    assert scene.accounts.opened == [view.account_id]
    assert await scene.sessions.find(session.token, scene.now_us) == view
    found = await scene.directory.by_account(view.account_id)
    assert found is not None
    assert (found.email, found.factors) == (EMAIL, {Factor.PASSWORD})


async def test_strangers_learn_nothing(scene: IdentityToTest) -> None:
    await scene.person()
    for email in (EMAIL, "nobody@example.org"):
        assert await refusal(scene.sign_in(email, "wrong one")) is Refusal.BAD_CREDENTIALS
        await scene.signing_in.sign_up(email, OTHER_PASSWORD, scene.caller())
        await scene.signing_in.request_reset(email, scene.caller())
    letters = {mail.to for mail in await scene.mails("nobody@example.org")}
    assert letters == {"nobody@example.org"}, "a link of a sign-up, and no reset"
    assert len(await scene.mails("nobody@example.org")) == 1


async def test_a_session_is_found_until_it_ends_and_its_end_is_told(scene: IdentityToTest) -> None:
    first, second = await scene.person(), started(await scene.sign_in())
    assert first.token != second.token
    assert await scene.sessions.find("x" * 43, scene.now_us) is None
    await scene.signing_in.sign_out(first.view, scene.caller())
    assert await scene.sessions.find(first.token, scene.now_us) is None
    assert scene.ended == [first.view.session_id]
    scene.wait(29 * MINUTE_US)
    assert await scene.sessions.seen(second.view.session_id, scene.now_us) is not None
    scene.wait(29 * MINUTE_US)
    assert await scene.sessions.find(second.token, scene.now_us) is not None
    scene.wait(12 * HOUR_US)
    assert await scene.sessions.find(second.token, scene.now_us) is None
    assert scene.ended == [first.view.session_id, second.view.session_id]


async def test_a_proof_makes_a_session_fresh_and_its_token_another(scene: IdentityToTest) -> None:
    session = await scene.person()
    assert session.view.is_stepped_up(scene.now_us)
    scene.wait(5 * MINUTE_US)
    found = await scene.sessions.find(session.token, scene.now_us)
    assert found is not None
    assert not found.is_stepped_up(scene.now_us)
    wrong = scene.signing_in.step_up_password(found, OTHER_PASSWORD, scene.caller())
    assert await refusal(wrong) is Refusal.WRONG_PASSWORD
    renewed = await scene.signing_in.step_up_password(found, PASSWORD, scene.caller())
    assert renewed.view.session_id == session.view.session_id
    assert renewed.view.is_stepped_up(scene.now_us)
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await scene.sessions.find(renewed.token, scene.now_us) == renewed.view
    assert scene.ended == []


async def test_an_operators_session_is_as_good_as_the_factor_that_it_has_proved(
    scene: IdentityToTest,
) -> None:
    session = await scene.person()
    assert session.view.second_factor is SecondFactor.NOT_NEEDED
    await scene.directory.set_roles(session.view.person_id, [OperatorRole.TREASURY])
    first, other = started(await scene.sign_in()), started(await scene.sign_in())
    assert first.view.second_factor is SecondFactor.MISSING

    generator, codes = await scene.with_totp(first)
    assert await scene.standing(first) is SecondFactor.PROVED
    assert await scene.standing(other) is SecondFactor.UNPROVED
    work = scene.signing_in.step_up_password(other.view, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.FACTOR_NEEDED
    code = scene.code(generator, 1)
    await scene.signing_in.step_up_code(other.view, Factor.TOTP, code, scene.caller())
    assert await scene.standing(other) is SecondFactor.PROVED

    await scene.own.remove_totp(first.view, scene.caller())
    assert await scene.standing(first) is SecondFactor.MISSING
    assert await scene.standing(other) is SecondFactor.MISSING
    device = Authenticator()
    options = await scene.own.add_passkey_options(first.view, scene.caller())
    await scene.own.add_passkey(first.view, "Phone", device.make(options), scene.caller())
    assert await scene.standing(first) is SecondFactor.PROVED
    assert await scene.standing(other) is SecondFactor.UNPROVED, "its factor is gone"

    answer = device.use(await scene.signing_in.passkey_options(scene.caller()))
    by_passkey = started(await scene.signing_in.passkey_sign_in(answer, scene.caller()))
    assert by_passkey.view.second_factor is SecondFactor.PROVED
    codes = await scene.own.make_recovery_codes(first.view, scene.caller())
    half = pending(await scene.sign_in())
    work = scene.signing_in.answer_code(half.token, Factor.RECOVERY_CODE, codes[0], scene.caller())
    assert started(await work).view.second_factor is SecondFactor.PROVED


async def test_a_second_factor_is_asked_for_and_each_code_is_good_once(
    scene: IdentityToTest,
) -> None:
    session = await scene.person()
    generator, codes = await scene.with_totp(session)
    half = pending(await scene.sign_in())
    assert (half.step, half.factors) == (
        NextStep.SECOND_FACTOR,
        {Factor.TOTP, Factor.RECOVERY_CODE},
    )
    assert await scene.sessions.find(half.token, scene.now_us) is None
    code = scene.code(generator, 1)
    done = await scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert started(done).view.factors == {Factor.PASSWORD, Factor.TOTP}
    half = pending(await scene.sign_in())
    reused = scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert await refusal(reused) is Refusal.WRONG_CODE
    for expected in (None, Refusal.WRONG_CODE):
        half = pending(await scene.sign_in())
        work = scene.signing_in.answer_code(
            half.token, Factor.RECOVERY_CODE, codes[0], scene.caller()
        )
        if expected is None:
            started(await work)
        else:
            assert await refusal(work) is expected


async def test_a_passkey_signs_in_alone_and_its_challenge_is_answered_once(
    scene: IdentityToTest,
) -> None:
    session = await scene.person()
    device = Authenticator()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    view, added = await scene.own.add_passkey(
        session.view, "Phone", device.make(options), scene.caller()
    )
    assert len(added.recovery_codes) == 10
    assert added.session.view.factors == {Factor.PASSWORD, Factor.PASSKEY}
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await scene.sessions.find(added.session.token, scene.now_us) == added.session.view
    answer = device.use(await scene.signing_in.passkey_options(scene.caller()))
    done = started(await scene.signing_in.passkey_sign_in(answer, scene.caller()))
    assert (done.view.person_id, done.view.factors) == (session.view.person_id, {Factor.PASSKEY})
    replay = scene.signing_in.passkey_sign_in(answer, scene.caller())
    assert await refusal(replay) is Refusal.PENDING_GONE
    await scene.own.remove_passkey(session.view, view.passkey_id, scene.caller())
    answer = device.use(await scene.signing_in.passkey_options(scene.caller()))
    removed = scene.signing_in.passkey_sign_in(answer, scene.caller())
    assert await refusal(removed) is Refusal.PASSKEY_REFUSED
    assert (await scene.own.me(session.view)).factors == {Factor.PASSWORD}


async def test_a_reset_ends_sessions_and_leaves_factors(scene: IdentityToTest) -> None:
    session = await scene.person()
    await scene.with_totp(session)
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    token = await scene.link("/reset")
    scene.wait(SECOND_US)
    await scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller())
    again = scene.signing_in.reset(token, PASSWORD, scene.caller())
    assert await refusal(again) is Refusal.LINK_GONE
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert scene.ended == [session.view.session_id]
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    pending(await scene.sign_in(password=OTHER_PASSWORD))
    found = await scene.directory.by_email(EMAIL)
    assert found is not None
    assert found.security_changed_us == scene.now_us


async def test_guesses_are_refused_before_they_get_anywhere(scene: IdentityToTest) -> None:
    await scene.person()
    found = [await refusal(scene.sign_in(password=f"guess {n}")) for n in range(40)]
    assert Refusal.TOO_MANY_ATTEMPTS in found
    assert await refusal(scene.sign_in()) is Refusal.TOO_MANY_ATTEMPTS
    scene.wait(HOUR_US)
    started(await scene.sign_in())


async def test_people_see_and_end_their_own_sessions_only(scene: IdentityToTest) -> None:
    ann = await scene.person()
    bob = await scene.person("bob@example.org")
    other = started(await scene.sign_in())
    theirs = scene.own.end_session(ann.view, bob.view.session_id, scene.caller())
    assert await refusal(theirs) is Refusal.SESSION_UNKNOWN
    listed = await scene.own.sessions(ann.view, scene.now_us)
    assert {entry.session_id for entry in listed} == {
        ann.view.session_id,
        other.view.session_id,
    }
    assert await scene.own.end_other_sessions(ann.view, scene.caller()) == 1
    assert scene.ended == [other.view.session_id]


async def test_another_password_is_the_one_from_then_on(scene: IdentityToTest) -> None:
    session, other = await scene.person(), started(await scene.sign_in())
    known = scene.own.change_password(session.view, "password1", scene.caller())
    assert await refusal(known) is Refusal.PASSWORD_KNOWN
    renewed = await scene.own.change_password(session.view, OTHER_PASSWORD, scene.caller())
    assert await scene.sessions.find(renewed.token, scene.now_us) is not None
    assert scene.ended == [other.view.session_id]
    started(await scene.sign_in(password=OTHER_PASSWORD))


async def test_operators_are_made_locked_and_let_in_again(scene: IdentityToTest) -> None:
    made = await scene.directory.add_operator(EMAIL, [OperatorRole.SUPPORT], scene.now_us)
    half = pending(await scene.sign_in(password=made.one_time_password))
    assert half.step is NextStep.NEW_PASSWORD
    work = scene.signing_in.answer_new_password(half.token, PASSWORD, scene.caller())
    session = started(await work)
    assert session.view.may(OperatorRole.SUPPORT)
    assert not session.view.may(OperatorRole.TREASURY)
    person_id = session.view.person_id
    assert await scene.directory.lock(person_id)
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    assert await scene.directory.unlock(person_id)
    session = started(await scene.sign_in())
    await scene.with_totp(session)
    assert await scene.directory.remove_factors(person_id, scene.now_us)
    assert await scene.directory.set_roles(person_id, [])
    session = started(await scene.sign_in())
    assert session.view.roles == frozenset()


async def test_a_passkey_is_a_second_factor_a_proof_and_has_a_name(scene: IdentityToTest) -> None:
    session, device = await scene.person(), Authenticator()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    added = await scene.own.add_passkey(session.view, "Phone", device.make(options), scene.caller())
    view = added[0]
    half = pending(await scene.sign_in())
    assert half.factors == {Factor.PASSKEY, Factor.RECOVERY_CODE}
    options = await scene.signing_in.factor_passkey_options(half.token, scene.caller())
    answer = device.use(options)
    done = started(await scene.signing_in.answer_passkey(half.token, answer, scene.caller()))
    assert done.view.factors == {Factor.PASSWORD, Factor.PASSKEY}
    options = await scene.signing_in.step_up_passkey_options(done.view, scene.caller())
    answer = device.use(options)
    renewed = await scene.signing_in.step_up_passkey(done.view, answer, scene.caller())
    assert renewed.token != done.token
    replay = scene.signing_in.step_up_passkey(renewed.view, answer, scene.caller())
    assert await refusal(replay) is Refusal.PENDING_GONE
    await scene.own.rename_passkey(renewed.view, view.passkey_id, "Old phone", scene.caller())
    [kept] = await scene.own.passkeys(renewed.view)
    assert (kept.passkey_id, kept.name) == (view.passkey_id, "Old phone")
    bob = await scene.person("bob@example.org")
    assert await scene.own.passkeys(bob.view) == []
    theirs = scene.own.rename_passkey(bob.view, view.passkey_id, "Mine", scene.caller())
    assert await refusal(theirs) is Refusal.FACTOR_UNKNOWN


async def test_another_address_is_taken_by_the_link_that_it_got(scene: IdentityToTest) -> None:
    session, bob = await scene.person(), await scene.person("bob@example.org")
    await scene.own.ask_email(session.view, "new@example.org", scene.caller())
    token = await scene.link("/email", "new@example.org")
    stolen = scene.own.change_email(bob.view, token, scene.caller())
    assert await refusal(stolen) is Refusal.LINK_GONE
    renewed = await scene.own.change_email(session.view, token, scene.caller())
    assert renewed.view.email == "new@example.org"
    again = scene.own.change_email(renewed.view, token, scene.caller())
    assert await refusal(again) is Refusal.LINK_GONE
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    started(await scene.sign_in("new@example.org"))


async def test_operators_look_people_up_and_end_their_sessions(scene: IdentityToTest) -> None:
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    found = await scene.directory.page(containing="example.org")
    assert [view.person_id for view in found] == [ann.view.person_id, bob.view.person_id]
    found = await scene.directory.page(after_person_id=ann.view.person_id, limit=1)
    assert [view.email for view in found] == ["bob@example.org"]
    assert await scene.directory.page(containing="nobody") == []
    assert await scene.directory.end_sessions(bob.view.person_id)
    assert scene.ended == [bob.view.session_id]
    assert await scene.sessions.find(bob.token, scene.now_us) is None
    assert await scene.sessions.find(ann.token, scene.now_us) is not None
    assert not await scene.directory.end_sessions(7)


async def how_many(works: list[Coroutine[Any, Any, object]]) -> int:
    """Do all at the same moment; return how many were done, the others having been refused."""
    done = await asyncio.gather(*works, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException) and not isinstance(one, RefusedError):
            raise one
    return sum(not isinstance(one, BaseException) for one in done)


async def test_what_is_good_once_is_good_once_at_the_same_moment(scene: IdentityToTest) -> None:
    """Links, half sign-ins, codes and recovery codes, each sent three times at once."""
    signing_in, caller = scene.signing_in, scene.caller()
    await signing_in.sign_up(EMAIL, PASSWORD, caller)
    link = await scene.link("/confirm")
    assert await how_many([signing_in.confirm(link, PASSWORD, caller) for _ in range(3)]) == 1
    session = started(await scene.sign_in())
    generator, codes = await scene.with_totp(session)
    code, steps = scene.code(generator, 1), [pending(await scene.sign_in()) for _ in range(3)]
    works = [signing_in.answer_code(step.token, Factor.TOTP, code, caller) for step in steps]
    assert await how_many(works) == 1, "one code, three half sign-ins"
    recovery = Factor.RECOVERY_CODE
    steps = [pending(await scene.sign_in()) for _ in range(3)]
    works = [signing_in.answer_code(step.token, recovery, codes[0], caller) for step in steps]
    assert await how_many(works) == 1, "one recovery code, three half sign-ins"
    step = pending(await scene.sign_in())
    works = [signing_in.answer_code(step.token, recovery, code, caller) for code in codes[1:4]]
    assert await how_many(works) == 1, "three recovery codes, one half sign-in"
    await signing_in.request_reset(EMAIL, caller)
    link = await scene.link("/reset")
    assert await how_many([signing_in.reset(link, OTHER_PASSWORD, caller) for _ in range(3)]) == 1
