"""People as operators and other rooms look them up."""

import pytest
from tests.support.authenticator import Authenticator
from tests.support.identity_scene import EMAIL, IdentityScene, pending, refusal, started

from openoutcry.core.ids import account_id_of
from openoutcry.ports.identity import NextStep, Refusal
from openoutcry.ports.people import (
    FIRST_PERSON_ID,
    EmailFormatError,
    EmailTakenError,
    Factor,
    OperatorRole,
    PersonStatus,
)


async def test_people_are_found_by_id_account_and_address() -> None:
    scene = IdentityScene()
    session = await scene.person()
    directory = scene.directory
    view = await directory.person(FIRST_PERSON_ID)
    assert view is not None
    assert (view.email, view.status, view.factors) == (
        EMAIL,
        PersonStatus.ACTIVE,
        {Factor.PASSWORD},
    )
    assert view.signed_in_us == scene.now_us
    assert view.account_id == session.view.account_id
    assert await directory.by_account(view.account_id) == view
    assert await directory.by_email(" ann@EXAMPLE.org") == view
    assert await directory.person(5) is None
    assert await directory.by_email("nobody@example.org") is None
    for account_id in (0, 5, view.account_id + 1, account_id_of(FIRST_PERSON_ID + 1)):
        assert await directory.by_account(account_id) is None


async def test_people_by_page() -> None:
    scene = IdentityScene()
    assert await scene.directory.page() == []
    for name in ("ann", "bob", "cyd"):
        await scene.person(f"{name}@example.org")
    first = await scene.directory.page(limit=2)
    assert [view.email for view in first] == ["ann@example.org", "bob@example.org"]
    rest = await scene.directory.page(after_person_id=first[-1].person_id)
    assert [view.email for view in rest] == ["cyd@example.org"]
    found = await scene.directory.page(containing=" BOB")
    assert [view.email for view in found] == ["bob@example.org"]


async def test_an_operator_is_made_with_a_password_for_once() -> None:
    scene = IdentityScene()
    made = await scene.directory.add_operator(EMAIL, [OperatorRole.TREASURY], scene.now_us)
    assert made.person.roles == {OperatorRole.TREASURY}
    assert made.one_time_password not in repr(made)
    half = pending(await scene.sign_in(password=made.one_time_password))
    assert half.step is NextStep.NEW_PASSWORD
    with pytest.raises(EmailTakenError):
        await scene.directory.add_operator("ann@example.org", (), scene.now_us)
    with pytest.raises(EmailFormatError):
        await scene.directory.add_operator("ann", (), scene.now_us)


async def test_locks_and_roles_are_as_set_and_unknown_people_have_none() -> None:
    scene = IdentityScene()
    await scene.person()
    assert await scene.directory.lock(FIRST_PERSON_ID)
    view = await scene.directory.person(FIRST_PERSON_ID)
    assert view is not None
    assert view.status is PersonStatus.LOCKED
    assert await scene.directory.unlock(FIRST_PERSON_ID)
    assert await scene.directory.set_roles(FIRST_PERSON_ID, [OperatorRole.ADMIN])
    view = await scene.directory.person(FIRST_PERSON_ID)
    assert view is not None
    assert (view.status, view.roles) == (PersonStatus.ACTIVE, {OperatorRole.ADMIN})
    assert not await scene.directory.lock(5)
    assert not await scene.directory.unlock(5)
    assert not await scene.directory.set_roles(5, ())


async def test_an_operator_ends_sessions_and_half_sign_ins() -> None:
    scene = IdentityScene()
    session = await scene.person()
    generator, _ = await scene.with_totp(session)
    half = pending(await scene.sign_in())
    assert await scene.directory.end_sessions(FIRST_PERSON_ID)
    assert scene.ended == [session.view.session_id]
    code = scene.code(generator, 1)
    work = scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert await refusal(work) is Refusal.PENDING_GONE
    pending(await scene.sign_in())
    assert not await scene.directory.end_sessions(5)


async def test_lost_factors_are_forgotten_all_of_them() -> None:
    scene = IdentityScene()
    session = await scene.person()
    await scene.with_totp(session)
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    device = Authenticator()
    await scene.own.add_passkey(session.view, "Phone", device.make(options), scene.caller())
    half = pending(await scene.sign_in())
    scene.wait(1)
    assert await scene.directory.remove_factors(FIRST_PERSON_ID, scene.now_us)
    view = await scene.directory.person(FIRST_PERSON_ID)
    assert view is not None
    assert (view.factors, view.security_changed_us) == ({Factor.PASSWORD}, scene.now_us)
    assert scene.ended == [session.view.session_id]
    work = scene.signing_in.factor_passkey_options(half.token, scene.caller())
    assert await refusal(work) is Refusal.PENDING_GONE
    options = await scene.signing_in.passkey_options(scene.caller())
    work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    started(await scene.sign_in())
    assert not await scene.directory.remove_factors(5, scene.now_us)
