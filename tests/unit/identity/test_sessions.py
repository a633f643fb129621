"""Sessions: when they end, what renews them, who sees them. ASVS 7."""

from dataclasses import replace

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.authenticator import Authenticator
from tests.support.identity_scene import (
    CHEAP,
    EMAIL,
    HOUR_US,
    MINUTE_US,
    OTHER_PASSWORD,
    PASSWORD,
    IdentityScene,
    pending,
    refusal,
    refused,
    started,
)

from openoutcry.identity import limits
from openoutcry.ports.audit import AuditError
from openoutcry.ports.identity import Refusal
from openoutcry.ports.people import Factor, OperatorRole


async def test_a_token_is_unguessable_and_only_itself() -> None:
    """ASVS 7.2.1-4"""
    scene = IdentityScene()
    session = await scene.person()
    other = started(await scene.sign_in())
    assert len(session.token) == 43
    assert session.token != other.token
    for token in ("", session.token[:-1], session.token + "=", session.token.swapcase(), "é" * 43):
        assert await scene.sessions.find(token, scene.now_us) is None
    assert await scene.sessions.find(session.view.session_id, scene.now_us) is None


async def test_a_session_ends_after_half_an_hour_of_rest() -> None:
    """ASVS 7.3.1-2"""
    scene = IdentityScene()
    session = await scene.person()
    for _ in range(5):
        scene.wait(30 * MINUTE_US - 1)
        found = await scene.sessions.find(session.token, scene.now_us)
        assert found is not None
        assert found.idle_ends_us == scene.now_us + 30 * MINUTE_US
    scene.wait(30 * MINUTE_US)
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert scene.ended == [session.view.session_id]


async def test_a_session_ends_after_twelve_hours_however_busy() -> None:
    scene = IdentityScene()
    session = await scene.person()
    assert session.seconds == 12 * 3600
    for _ in range(12 * 60 - 1):
        scene.wait(MINUTE_US)
        assert await scene.sessions.find(session.token, scene.now_us) is not None
    scene.wait(MINUTE_US)
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert scene.ended == [session.view.session_id]


async def test_what_a_session_has_opened_keeps_it_awake() -> None:
    scene = IdentityScene()
    session = await scene.person()
    for _ in range(3):
        scene.wait(29 * MINUTE_US)
        assert await scene.sessions.seen(session.view.session_id, scene.now_us) is not None
    assert await scene.sessions.find(session.token, scene.now_us) is not None
    assert await scene.sessions.seen("another", scene.now_us) is None


async def test_sessions_that_nobody_asks_for_end_too() -> None:
    scene = IdentityScene()
    session = await scene.person()
    scene.wait(30 * MINUTE_US - 1)
    await scene.identity.look_round()
    assert scene.ended == []
    scene.wait(1)
    await scene.identity.look_round()
    assert scene.ended == [session.view.session_id]


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60))
async def test_a_session_lives_exactly_as_long_as_its_limits_say(
    steps: list[tuple[int, bool]],
) -> None:
    """Against a model of two lines. A use within a minute of the last one is not remembered."""
    scene = IdentityScene()
    session = await scene.person()
    used_us = begun_us = scene.now_us
    lives = True
    for minutes, looked_round in steps:
        scene.wait(minutes * MINUTE_US)
        if looked_round:
            await scene.identity.look_round()
        lives &= scene.now_us - used_us < 30 * MINUTE_US
        lives &= scene.now_us - begun_us < 12 * HOUR_US
        found = await scene.sessions.find(session.token, scene.now_us)
        assert (found is not None) == lives
        used_us = scene.now_us
    assert scene.ended == ([] if lives else [session.view.session_id])


async def test_signing_out_ends_one_session_at_once() -> None:
    """ASVS 7.4.1-5"""
    scene = IdentityScene()
    first, second = await scene.person(), started(await scene.sign_in())
    await scene.signing_in.sign_out(first.view, scene.caller())
    assert await scene.sessions.find(first.token, scene.now_us) is None
    assert await scene.sessions.find(second.token, scene.now_us) is not None
    assert scene.ended == [first.view.session_id]
    await scene.signing_in.sign_out(first.view, scene.caller())
    assert scene.ended == [first.view.session_id], "it ends once"


async def test_people_see_their_own_sessions_and_end_them() -> None:
    """ASVS 7.5.1-3"""
    scene = IdentityScene()
    ann = await scene.person()
    scene.wait(1)
    other = started(await scene.sign_in(ip="198.51.100.7"))
    bob = await scene.person("bob@example.org")
    own = await scene.own.sessions(ann.view, scene.now_us)
    assert [(session.session_id, session.current) for session in own] == [
        (other.view.session_id, False),
        (ann.view.session_id, True),
    ]
    assert [session.ip for session in own] == ["198.51.100.7", "192.0.2.1"]
    for session_id in (bob.view.session_id, "0" * 32, ""):
        work = scene.own.end_session(ann.view, session_id, scene.caller())
        assert await refusal(work) is Refusal.SESSION_UNKNOWN
    await scene.own.end_session(ann.view, other.view.session_id, scene.caller())
    assert scene.ended == [other.view.session_id]
    assert await scene.sessions.find(bob.token, scene.now_us) is not None


async def test_all_others_are_ended_and_this_one_stays() -> None:
    scene = IdentityScene()
    ann = await scene.person()
    others = [started(await scene.sign_in()).view.session_id for _ in range(3)]
    assert await scene.own.end_other_sessions(ann.view, scene.caller()) == 3
    assert sorted(scene.ended) == sorted(others)
    assert await scene.sessions.find(ann.token, scene.now_us) is not None
    assert await scene.own.end_other_sessions(ann.view, scene.caller()) == 0


async def test_a_list_leaves_out_what_has_run_out() -> None:
    scene = IdentityScene()
    await scene.person()
    scene.wait(30 * MINUTE_US)
    new = started(await scene.sign_in())
    own = await scene.own.sessions(new.view, scene.now_us)
    assert [session.session_id for session in own] == [new.view.session_id]


async def test_the_session_unused_longest_gives_way() -> None:
    scene = IdentityScene(settings=replace(CHEAP, sessions_max=3))
    first = await scene.person()
    for _ in range(2):
        scene.wait(2 * MINUTE_US)
        started(await scene.sign_in())
    await scene.sessions.find(first.token, scene.now_us + 1)
    started(await scene.sign_in())
    assert await scene.sessions.find(first.token, scene.now_us + 1) is not None
    assert len(scene.ended) == 1
    assert scene.ended != [first.view.session_id]


async def test_a_proof_is_fresh_for_five_minutes_and_renews_the_token() -> None:
    """ASVS 7.5.1-3"""
    scene = IdentityScene()
    session = await scene.person()
    assert session.view.is_stepped_up(scene.now_us + 5 * MINUTE_US - 1)
    assert not session.view.is_stepped_up(scene.now_us + 5 * MINUTE_US)
    scene.wait(10 * MINUTE_US)
    renewed = await scene.signing_in.step_up_password(session.view, PASSWORD, scene.caller())
    assert renewed.token != session.token
    assert renewed.view.session_id == session.view.session_id
    assert renewed.view.stepped_up_until_us == scene.now_us + 5 * MINUTE_US
    assert renewed.seconds == 12 * 3600 - 600, "the session is no longer for it"
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await scene.sessions.find(renewed.token, scene.now_us) == renewed.view
    assert scene.ended == [], "it goes on"


async def test_a_wrong_proof_changes_nothing_and_is_counted() -> None:
    scene = IdentityScene()
    session = await scene.person()
    scene.wait(10 * MINUTE_US)
    for _ in range(limits.CODES_OF_PERSON):
        work = scene.signing_in.step_up_password(session.view, "wrong one", scene.caller())
        assert await refusal(work) is Refusal.WRONG_PASSWORD
    work = scene.signing_in.step_up_password(session.view, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.TOO_MANY_ATTEMPTS
    found = await scene.sessions.find(session.token, scene.now_us)
    assert found is not None
    assert not found.is_stepped_up(scene.now_us)


async def test_with_a_second_factor_a_password_proves_too_little() -> None:
    scene = IdentityScene()
    session = await scene.person()
    me = await scene.own.me(session.view)
    assert me.step_up_by == {Factor.PASSWORD}
    generator, codes = await scene.with_totp(session)
    me = await scene.own.me(session.view)
    assert me.step_up_by == {Factor.TOTP, Factor.RECOVERY_CODE}
    work = scene.signing_in.step_up_password(session.view, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.FACTOR_NEEDED
    code = scene.code(generator, 1)
    renewed = await scene.signing_in.step_up_code(session.view, Factor.TOTP, code, scene.caller())
    again = await scene.signing_in.step_up_code(
        renewed.view, Factor.RECOVERY_CODE, codes[0], scene.caller()
    )
    assert await scene.sessions.find(again.token, scene.now_us) is not None


async def test_a_session_that_has_ended_cannot_be_renewed() -> None:
    scene = IdentityScene()
    session = await scene.person()
    await scene.signing_in.sign_out(session.view, scene.caller())
    work = scene.signing_in.step_up_password(session.view, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.SESSION_UNKNOWN


async def test_another_password_ends_the_other_sessions() -> None:
    scene = IdentityScene()
    session, other = await scene.person(), started(await scene.sign_in())
    for password, expected in (
        (PASSWORD, Refusal.PASSWORD_UNCHANGED),
        ("password1", Refusal.PASSWORD_KNOWN),
        ("short", Refusal.PASSWORD_TOO_SHORT),
    ):
        work = scene.own.change_password(session.view, password, scene.caller())
        assert await refusal(work) is expected
    renewed = await scene.own.change_password(session.view, OTHER_PASSWORD, scene.caller())
    assert scene.ended == [other.view.session_id]
    assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await scene.sessions.find(renewed.token, scene.now_us) is not None
    assert (await refused(scene.sign_in())).refusal is Refusal.BAD_CREDENTIALS
    started(await scene.sign_in(password=OTHER_PASSWORD))
    assert (await scene.own.me(renewed.view)).security_changed_us == scene.now_us
    assert len(await scene.records("password.change")) == 1


async def _full(_make: object) -> None:
    raise AuditError("the disk is full")


async def test_no_password_changes_and_no_factor_goes_without_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The record is what its owner is told from, so it comes first."""
    scene = IdentityScene()
    session = await scene.person()
    await scene.with_totp(session)
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    token = await scene.link("/reset")
    monkeypatch.setattr(scene.audit_store, "append", _full)
    for work in (
        scene.own.change_password(session.view, OTHER_PASSWORD, scene.caller()),
        scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller()),
        scene.own.remove_totp(session.view, scene.caller()),
        scene.own.make_recovery_codes(session.view, scene.caller()),
    ):
        with pytest.raises(AuditError):
            await work
    monkeypatch.undo()
    pending(await scene.sign_in(password=PASSWORD))
    me = await scene.own.me(session.view)
    assert (me.factors >= {Factor.TOTP}, me.recovery_codes_left) == (True, 10)


async def test_no_factor_comes_and_no_session_ends_without_a_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = IdentityScene()
    session, other = await scene.person(), started(await scene.sign_in())
    begun = await scene.own.begin_totp(session.view, scene.caller())
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    made = Authenticator().make(options)
    other_id = other.view.session_id
    monkeypatch.setattr(scene.audit_store, "append", _full)
    code = scene.code(pyotp.TOTP(begun.secret))
    for work in (
        scene.own.confirm_totp(session.view, code, scene.caller()),
        scene.own.add_passkey(session.view, "Phone", made, scene.caller()),
        scene.own.end_session(session.view, other_id, scene.caller()),
        scene.own.end_other_sessions(session.view, scene.caller()),
        scene.signing_in.sign_out(session.view, scene.caller()),
    ):
        with pytest.raises(AuditError):
            await work
    monkeypatch.undo()
    me = await scene.own.me(session.view)
    assert (me.factors, me.security_changed_us) == ({Factor.PASSWORD}, 0)
    assert scene.ended == []
    assert len(await scene.own.sessions(session.view, scene.now_us)) == 2


class _CutOffError(Exception):
    """The process ends here, as far as a test can end one."""


async def _cut_off(*_arguments: object, **_named: object) -> None:
    raise _CutOffError


@pytest.mark.parametrize(
    ("action", "store", "method"),
    [
        ("factor.add", "factors", "confirm_totp"),
        ("factor.add", "factors", "add_passkey"),
        ("passkey.rename", "factors", "rename_passkey"),
        ("session.end", "sessions", "end_session"),
        ("session.end-others", "sessions", "end_sessions_of"),
    ],
)
async def test_a_crash_in_the_deed_leaves_its_record(
    monkeypatch: pytest.MonkeyPatch, action: str, store: str, method: str
) -> None:
    """Whatever happens from the deed on, its owner hears of it."""
    scene = IdentityScene()
    session, other = await scene.person(), started(await scene.sign_in())
    begun = await scene.own.begin_totp(session.view, scene.caller())
    code = scene.code(pyotp.TOTP(begun.secret))
    device = Authenticator()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    if method == "rename_passkey":
        await scene.own.add_passkey(session.view, "Phone", device.make(options), scene.caller())
    acts = {
        "confirm_totp": lambda: scene.own.confirm_totp(session.view, code, scene.caller()),
        "add_passkey": lambda: scene.own.add_passkey(
            session.view, "Phone", device.make(options), scene.caller()
        ),
        "rename_passkey": lambda: scene.own.rename_passkey(session.view, 1, "Key", scene.caller()),
        "end_session": lambda: scene.own.end_session(
            session.view, other.view.session_id, scene.caller()
        ),
        "end_sessions_of": lambda: scene.own.end_other_sessions(session.view, scene.caller()),
    }
    before = len(await scene.records(action))
    monkeypatch.setattr(getattr(scene.stores, store), method, _cut_off)
    with pytest.raises(_CutOffError):
        await acts[method]()
    assert len(await scene.records(action)) == before + 1


async def test_signing_out_is_recorded_before_the_session_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = IdentityScene()
    session = await scene.person()
    monkeypatch.setattr(scene.stores.sessions, "end_session", _cut_off)
    with pytest.raises(_CutOffError):
        await scene.signing_in.sign_out(session.view, scene.caller())
    [record] = await scene.records("session.end")
    assert record.actor == f"person:{session.view.person_id}"


@pytest.mark.parametrize("road", ["sign in", "reset"])
async def test_a_sign_up_that_crashed_is_recorded_before_anything_else_is_done(
    monkeypatch: pytest.MonkeyPatch, road: str
) -> None:
    """Their number is known when they are stored, so the record may be missing at that moment."""
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    monkeypatch.setattr(scene.audit_store, "append", _full)
    with pytest.raises(AuditError):
        await scene.signing_in.confirm(token, PASSWORD, scene.caller())
    monkeypatch.undo()
    assert await scene.records("sign-up.confirm") == []
    assert scene.accounts.opened == [], "nothing is opened for somebody without a record"
    if road == "reset":
        await scene.signing_in.request_reset(EMAIL, scene.caller())
        reset = await scene.link("/reset")
        await scene.signing_in.reset(reset, OTHER_PASSWORD, scene.caller())
    password = OTHER_PASSWORD if road == "reset" else PASSWORD
    for _ in range(2):
        session = started(await scene.sign_in(password=password))
    [record] = await scene.records("sign-up.confirm")
    assert record.target == f"person:{session.view.person_id}"
    later = await scene.records("sign-in.pass") + await scene.records("password.reset")
    assert all(record.number < other.number for other in later)


async def test_an_account_that_is_away_makes_no_second_record_of_the_sign_up() -> None:
    scene = IdentityScene()
    scene.accounts.away = True
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    work = scene.signing_in.confirm(token, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.ACCOUNT_AWAY
    scene.accounts.away = False
    started(await scene.sign_in())
    assert len(await scene.records("sign-up.confirm")) == 1


async def test_an_operator_who_was_made_has_not_signed_up() -> None:
    scene = IdentityScene()
    made = await scene.directory.add_operator(EMAIL, [OperatorRole.ADMIN], scene.now_us)
    half = pending(await scene.sign_in(password=made.one_time_password))
    started(await scene.signing_in.answer_new_password(half.token, OTHER_PASSWORD, scene.caller()))
    assert await scene.records("sign-up.confirm") == []


async def test_other_roles_end_the_sessions_that_had_the_old_ones() -> None:
    scene = IdentityScene()
    session = await scene.person()
    assert await scene.directory.set_roles(session.view.person_id, ())
    assert scene.ended == [session.view.session_id]
    assert not await scene.directory.set_roles(5, ())


async def test_nobody_wears_the_server_out_by_changes_of_their_own() -> None:
    """ASVS 13.1.2: each costs hashes, and the places for hashing are everybody's."""
    scene = IdentityScene()
    session = await scene.person()
    await scene.with_totp(session)
    for _ in range(limits.CHANGES_OF_PERSON_AN_HOUR - 1):
        await scene.own.make_recovery_codes(session.view, scene.caller())
    for work in (
        scene.own.make_recovery_codes(session.view, scene.caller()),
        scene.own.change_password(session.view, OTHER_PASSWORD, scene.caller()),
        scene.own.begin_totp(session.view, scene.caller()),
        scene.own.add_passkey_options(session.view, scene.caller("198.51.100.7")),
    ):
        error = await refused(work)
        assert (error.refusal, error.retry_after_s) == (Refusal.TOO_MANY_ATTEMPTS, 3600)
    bob = await scene.person("bob@example.org")
    await scene.own.change_password(bob.view, OTHER_PASSWORD, scene.caller())
    scene.wait(HOUR_US)
    await scene.own.make_recovery_codes(session.view, scene.caller())
