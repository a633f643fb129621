"""Codes by time and recovery codes. R36, ASVS 6.5."""

import asyncio
import base64
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.identity_scene import (
    EMAIL,
    MINUTE_US,
    SECOND_US,
    IdentityScene,
    pending,
    refusal,
    refused,
    started,
)

from openoutcry.identity import limits
from openoutcry.identity.codes import plain_recovery_code
from openoutcry.identity.identity import Identity
from openoutcry.identity.sealing import AesGcmSealer
from openoutcry.ports.identity import NextStep, Refusal
from openoutcry.ports.people import FIRST_PERSON_ID, Factor, OperatorRole, SecondFactor
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.sealing import SealError


async def test_setting_codes_by_time_up_and_signing_in_with_one() -> None:
    scene = IdentityScene()
    session = await scene.person()
    set_up = await scene.own.begin_totp(session.view, scene.caller())
    assert len(base64.b32decode(set_up.secret)) == 20
    uri = urlsplit(set_up.uri)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == f"/Openoutcry:{EMAIL}"
    assert parse_qs(uri.query) == {"secret": [set_up.secret], "issuer": ["Openoutcry"]}
    started(await scene.sign_in())  # it proves nothing yet
    generator = pyotp.TOTP(set_up.secret)
    added = await scene.own.confirm_totp(session.view, scene.code(generator), scene.caller())
    assert len(set(added.recovery_codes)) == 10
    assert added.recovery_codes[0] not in repr(added)
    me = await scene.own.me(session.view)
    assert me.factors == {Factor.PASSWORD, Factor.TOTP, Factor.RECOVERY_CODE}
    assert (me.recovery_codes_left, me.security_changed_us) == (10, scene.now_us)
    half = pending(await scene.sign_in())
    assert (half.step, half.factors) == (
        NextStep.SECOND_FACTOR,
        {Factor.TOTP, Factor.RECOVERY_CODE},
    )
    scene.wait(30 * SECOND_US)
    work = scene.signing_in.answer_code(
        half.token, Factor.TOTP, scene.code(generator), scene.caller()
    )
    new = started(await work)
    assert new.view.factors == {Factor.PASSWORD, Factor.TOTP}
    [record] = await scene.records("factor.add")
    assert (record.details["factor"], record.details["name"]) == ("TOTP", "codes by time")


async def test_the_secret_is_sealed_to_its_person() -> None:
    """ASVS 6.5.3, 11.3"""
    scene = IdentityScene()
    session = await scene.person()
    set_up = await scene.own.begin_totp(session.view, scene.caller())
    stored = await scene.stores.factors.totp(FIRST_PERSON_ID)
    assert stored is not None
    for form in (set_up.secret.encode(), base64.b32decode(set_up.secret)):
        assert form not in stored.secret_sealed
    assert set_up.secret not in repr(set_up)
    sealer = scene.identity._desk.outside.sealer
    with pytest.raises(SealError):
        sealer.unseal(f"totp:{FIRST_PERSON_ID + 1}", stored.secret_sealed)


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(-3, 3)), max_size=25))
async def test_each_step_is_good_once_and_only_while_near(tries: list[tuple[int, int]]) -> None:
    """R36, ASVS 6.5.1, 6.5.5, 6.5.8: against a model that knows the last step and nothing else."""
    scene = IdentityScene()
    session = await scene.person()
    generator, _ = await scene.with_totp(session)
    last = scene.now_us // SECOND_US // 30
    for seconds, off in tries:
        scene.wait(seconds * SECOND_US)
        now = scene.now_us // SECOND_US // 30
        right = last < now + off and abs(off) <= 1
        used = await scene.identity._desk.totp.use(
            FIRST_PERSON_ID, scene.code(generator, off), scene.now_us
        )
        assert used == right
        last = now + off if right else last


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "12345\n", " ", "0x1234"]
)
async def test_what_is_no_code_is_a_wrong_one(code: str) -> None:
    scene = IdentityScene()
    session = await scene.person()
    await scene.with_totp(session)
    half = pending(await scene.sign_in())
    work = scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert await refusal(work) is Refusal.WRONG_CODE


async def test_a_code_may_be_typed_with_blanks() -> None:
    scene = IdentityScene()
    generator, _ = await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())
    code = scene.code(generator, 1)
    work = scene.signing_in.answer_code(
        half.token, Factor.TOTP, f" {code[:3]} {code[3:]} ", scene.caller()
    )
    started(await work)


async def test_a_code_that_is_sent_twice_at_once_is_good_once() -> None:
    scene = IdentityScene()
    generator, _ = await scene.with_totp(await scene.person())
    halves = [pending(await scene.sign_in()) for _ in range(4)]
    code = scene.code(generator, 1)
    works = [
        scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
        for half in halves
    ]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in found) == 1


async def test_half_a_sign_in_is_gone_on_with_once() -> None:
    scene = IdentityScene()
    _, codes = await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())
    works = [
        scene.signing_in.answer_code(half.token, Factor.RECOVERY_CODE, code, scene.caller())
        for code in codes[:3]
    ]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in found) == 1


async def test_five_wrong_codes_lock_for_a_quarter_of_an_hour_from_anywhere() -> None:
    """ASVS 6.6.1-3"""
    scene = IdentityScene()
    generator, codes = await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())

    async def answer(code: str, factor: Factor, ip: str) -> Refusal:
        work = scene.signing_in.answer_code(half.token, factor, code, scene.caller(ip))
        return await refusal(work)

    for number in range(limits.CODES_OF_PERSON):
        factor = Factor.TOTP if number % 2 else Factor.RECOVERY_CODE
        assert await answer("000000", factor, f"10.0.{number}.1") is Refusal.WRONG_CODE
    assert await scene.lock_outs("factor.refuse") == 1
    right = scene.code(generator, 1)
    assert await answer(right, Factor.TOTP, "10.1.0.1") is Refusal.TOO_MANY_ATTEMPTS
    assert await answer(codes[0], Factor.RECOVERY_CODE, "10.1.0.1") is Refusal.TOO_MANY_ATTEMPTS
    half = pending(await scene.sign_in())
    error = await refused(
        scene.signing_in.answer_code(half.token, Factor.TOTP, right, scene.caller("10.2.0.1"))
    )
    assert error.retry_after_s == 15 * 60
    scene.wait(15 * MINUTE_US)
    half = pending(await scene.sign_in())
    code = scene.code(generator)
    started(await scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller()))


async def test_a_million_guesses_get_nowhere() -> None:
    scene = IdentityScene()
    await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())
    works = [
        refused(scene.signing_in.answer_code(half.token, Factor.TOTP, f"{n:06}", scene.caller()))
        for n in range(200)
    ]
    found = [error.refusal for error in await asyncio.gather(*works)]
    assert found.count(Refusal.WRONG_CODE) == limits.CODES_OF_PERSON
    assert found.count(Refusal.TOO_MANY_ATTEMPTS) == 200 - limits.CODES_OF_PERSON


async def test_a_recovery_code_stands_in_once() -> None:
    scene = IdentityScene()
    _, codes = await scene.with_totp(await scene.person())

    async def sign_in(code: str) -> object:
        half = pending(await scene.sign_in())
        return await scene.signing_in.answer_code(
            half.token, Factor.RECOVERY_CODE, code, scene.caller()
        )

    first = started(await sign_in(codes[0].lower().replace("-", " ")))  # type: ignore[arg-type]
    assert first.view.factors == {Factor.PASSWORD, Factor.RECOVERY_CODE}
    assert [r.details["left"] for r in await scene.records("recovery-code.use")] == ["9"]
    assert await refusal(sign_in(codes[0])) is Refusal.WRONG_CODE
    assert await refusal(sign_in("")) is Refusal.WRONG_CODE
    started(await sign_in(codes[1]))  # type: ignore[arg-type]


async def test_new_recovery_codes_replace_the_old_ones() -> None:
    scene = IdentityScene()
    session = await scene.person()
    work = scene.own.make_recovery_codes(session.view, scene.caller())
    assert await refusal(work) is Refusal.FACTOR_NEEDED, "they are nothing alone"
    _, old = await scene.with_totp(session)
    new = await scene.own.make_recovery_codes(session.view, scene.caller())
    assert len(new) == 10
    assert not set(old) & set(new)
    recovery = scene.identity._desk.recovery
    assert not await recovery.use(FIRST_PERSON_ID, old[0])
    assert await recovery.use(FIRST_PERSON_ID, new[0])


async def test_recovery_codes_are_one_persons() -> None:
    scene = IdentityScene()
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    _, codes = await scene.with_totp(ann)
    await scene.with_totp(bob)
    recovery = scene.identity._desk.recovery
    assert not await recovery.use(bob.view.person_id, codes[0])
    assert await recovery.use(ann.view.person_id, codes[0])


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=16, max_size=16), st.data())
def test_a_code_is_read_however_it_is_typed(code: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from([c, c.lower(), *{"0": "oO", "1": "iIlL"}.get(c, "")]))
        + data.draw(st.sampled_from(["", "-", " "]))
        for c in code
    )
    assert plain_recovery_code(typed) == code
    assert plain_recovery_code(typed + "Z") == ""


async def test_a_confirmed_generator_is_replaced_only_after_it_is_removed() -> None:
    scene = IdentityScene()
    session = await scene.person()
    work = scene.own.remove_totp(session.view, scene.caller())
    assert await refusal(work) is Refusal.FACTOR_UNKNOWN
    work = scene.own.confirm_totp(session.view, "123456", scene.caller())
    assert await refusal(work) is Refusal.FACTOR_UNKNOWN
    generator, codes = await scene.with_totp(session)
    begin = scene.own.begin_totp(session.view, scene.caller())
    assert await refusal(begin) is Refusal.FACTOR_EXISTS
    await scene.own.remove_totp(session.view, scene.caller())
    started(await scene.sign_in())
    me = await scene.own.me(session.view)
    assert (me.factors, me.recovery_codes_left) == ({Factor.PASSWORD}, 0)
    assert not await scene.identity._desk.recovery.use(FIRST_PERSON_ID, codes[0])
    other, _ = await scene.with_totp(session)
    assert other.secret != generator.secret
    assert len(await scene.records("factor.remove")) == 1


async def test_a_wrong_code_does_not_confirm_and_a_second_begin_starts_over() -> None:
    scene = IdentityScene()
    session = await scene.person()
    first = await scene.own.begin_totp(session.view, scene.caller())
    second = await scene.own.begin_totp(session.view, scene.caller())
    old = scene.code(pyotp.TOTP(first.secret))
    work = scene.own.confirm_totp(session.view, old, scene.caller())
    assert await refusal(work) is Refusal.WRONG_CODE
    code = scene.code(pyotp.TOTP(second.secret))
    added = await scene.own.confirm_totp(session.view, code, scene.caller())
    assert len(added.recovery_codes) == 10
    half = pending(await scene.sign_in())
    again = scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert await refusal(again) is Refusal.WRONG_CODE, "its step was taken"


async def test_a_password_is_no_second_factor() -> None:
    scene = IdentityScene()
    await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())
    for factor in (Factor.PASSWORD, Factor.PASSKEY):
        work = scene.signing_in.answer_code(half.token, factor, "123456", scene.caller())
        assert await refusal(work) is Refusal.FACTOR_UNKNOWN
    options = scene.signing_in.factor_passkey_options(half.token, scene.caller())
    assert await refusal(options) is Refusal.FACTOR_UNKNOWN


async def test_a_secret_of_another_key_is_a_store_that_cannot_be_read() -> None:
    scene = IdentityScene()
    generator, _ = await scene.with_totp(await scene.person())
    other = replace(scene.identity._desk.outside, sealer=AesGcmSealer(b"k" * 32, "second-factors"))
    moved = Identity(other, scene.settings, lambda: scene.now_us)
    half = pending(await scene.sign_in())
    with pytest.raises(PeopleStoreError, match=str(FIRST_PERSON_ID)):
        await moved.signing_in.answer_code(
            half.token, Factor.TOTP, scene.code(generator, 1), scene.caller()
        )


async def test_what_proved_a_generator_that_is_gone_proves_nothing_of_the_next_one() -> None:
    """An operator has lost a device, and whoever has it is signed in by it."""
    scene = IdentityScene()
    ann = await scene.person()
    await scene.directory.set_roles(ann.view.person_id, [OperatorRole.ADMIN])
    ann = started(await scene.sign_in())
    lost, codes = await scene.with_totp(ann)
    others = []
    for factor in (Factor.TOTP, Factor.RECOVERY_CODE):
        scene.wait(30 * SECOND_US)
        half = pending(await scene.sign_in())
        code = scene.code(lost) if factor is Factor.TOTP else codes[0]
        work = scene.signing_in.answer_code(half.token, factor, code, scene.caller())
        others.append(started(await work))
    assert [await scene.standing(one) for one in others] == [SecondFactor.PROVED] * 2
    await scene.own.remove_totp(ann.view, scene.caller())
    assert await scene.standing(ann) is SecondFactor.MISSING
    await scene.with_totp(ann)
    assert await scene.standing(ann) is SecondFactor.PROVED
    assert [await scene.standing(one) for one in others] == [SecondFactor.UNPROVED] * 2
