"""From a stranger to a session, and what nobody learns on the way. ASVS 6, R42, R43."""

import asyncio
import statistics
import time
from dataclasses import replace

import pytest
from tests.support.identity_scene import (
    CHEAP,
    EMAIL,
    HOUR_US,
    MINUTE_US,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    SECOND_US,
    IdentityScene,
    pending,
    refusal,
    refused,
    started,
)

from openoutcry.core.ids import account_id_of
from openoutcry.identity import limits
from openoutcry.identity.settings import IdentitySettings
from openoutcry.identity.tokens import hash_of_token
from openoutcry.ports.identity import NextStep, Refusal
from openoutcry.ports.people import FIRST_PERSON_ID, Factor, OperatorRole
from openoutcry.ports.people_store import TokenPurpose

STRANGER = "nobody@example.org"


async def test_signing_up_and_confirming_begins_a_session() -> None:
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    (mail,) = await scene.mails()
    assert mail.to == EMAIL
    token = await scene.link("/confirm")
    assert await scene.directory.by_email(EMAIL) is None, "there is nobody before the link"
    session = started(await scene.signing_in.confirm(token, PASSWORD, scene.caller()))
    assert session.view.person_id == FIRST_PERSON_ID
    assert session.view.account_id == account_id_of(FIRST_PERSON_ID)
    assert scene.accounts.opened == [account_id_of(FIRST_PERSON_ID)]
    assert session.view.email == EMAIL
    assert session.view.factors == {Factor.PASSWORD}
    assert await scene.sessions.find(session.token, scene.now_us) == session.view
    assert len(await scene.records("sign-up.confirm")) == 1
    again = started(await scene.sign_in())
    assert again.view.person_id == session.view.person_id
    assert again.view.session_id != session.view.session_id
    assert scene.accounts.opened == [account_id_of(FIRST_PERSON_ID)], "an account is opened once"


async def test_only_hashes_of_secrets_are_stored() -> None:
    """ASVS 11.5.1, 14.2.1"""
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    session = started(await scene.signing_in.confirm(token, PASSWORD, scene.caller()))
    everything = repr([vars(part) for part in _parts(scene)])
    assert session.view.session_id in everything
    for secret in (PASSWORD, token, session.token):
        assert secret not in everything
    assert session.token not in repr(session)


def _parts(scene: IdentityScene) -> list[object]:
    stores = scene.stores
    return [stores.people, stores.tokens, stores.sessions, stores.factors, stores.attempts]


async def test_a_link_is_good_once_and_for_a_day() -> None:
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    scene.wait(24 * HOUR_US)
    assert await refusal(scene.signing_in.confirm(token, PASSWORD, scene.caller())) is (
        Refusal.LINK_GONE
    )
    scene.wait(-1)
    started(await scene.signing_in.confirm(token, PASSWORD, scene.caller()))
    for bad in (token, token[:-1], "", "x" * 43, token.lower(), token + "\n", "ü" * 43):
        work = scene.signing_in.confirm(bad, PASSWORD, scene.caller())
        assert await refusal(work) is Refusal.LINK_GONE


async def test_a_link_alone_makes_nobody() -> None:
    """Who signs up somebody else's address, and has them click, gets no account with it."""
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, OTHER_PASSWORD, scene.caller(ip="203.0.113.9"))
    strangers = await scene.link("/confirm")
    work = scene.signing_in.confirm(strangers, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.WRONG_PASSWORD
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    own = await scene.link("/confirm")
    started(await scene.signing_in.confirm(own, PASSWORD, scene.caller()))
    stored = await scene.stores.tokens.mail_token(
        hash_of_token(strangers), TokenPurpose.SIGN_UP, scene.now_us
    )
    assert stored is None, "it is dropped, with the password in it"
    work = scene.signing_in.confirm(strangers, OTHER_PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.LINK_GONE
    work = scene.sign_in(password=OTHER_PASSWORD)
    assert await refusal(work) is Refusal.BAD_CREDENTIALS


async def test_a_link_takes_few_wrong_passwords() -> None:
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    for number in range(limits.LINK_GUESSES):
        work = scene.signing_in.confirm(token, OTHER_PASSWORD, scene.caller(ip=f"10.0.{number}.1"))
        assert await refusal(work) is Refusal.WRONG_PASSWORD
    work = scene.signing_in.confirm(token, PASSWORD, scene.caller(ip="10.1.0.1"))
    assert await refusal(work) is Refusal.TOO_MANY_ATTEMPTS


async def test_one_link_makes_one_person_however_many_follow_it_at_once() -> None:
    scene = IdentityScene()
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    token = await scene.link("/confirm")
    works = [scene.signing_in.confirm(token, PASSWORD, scene.caller()) for _ in range(4)]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert sum(not isinstance(result, Exception) for result in found) == 1
    assert len(await scene.directory.page()) == 1


async def test_a_known_address_is_answered_alike_and_its_owner_is_told() -> None:
    scene = IdentityScene()
    await scene.person()
    before = len(await scene.mails())
    await scene.signing_in.sign_up("ANN@example.org", OTHER_PASSWORD, scene.caller())
    mails = await scene.mails()
    assert len(mails) == before + 1
    assert mails[0].to == EMAIL
    assert "#token=" not in mails[0].text
    assert f"{ORIGIN}/sign-in" in mails[0].text
    started(await scene.sign_in())


@pytest.mark.parametrize(
    ("email", "password", "expected"),
    [
        ("ann", PASSWORD, Refusal.EMAIL_FORMAT),
        (EMAIL, "short", Refusal.PASSWORD_TOO_SHORT),
        (EMAIL, "x" * 129, Refusal.PASSWORD_TOO_LONG),
        (EMAIL, "password1", Refusal.PASSWORD_KNOWN),
        (EMAIL, "ann@example.org", Refusal.PASSWORD_LIKE_EMAIL),
    ],
)
async def test_what_is_wrong_with_a_sign_up_is_said_at_once(
    email: str, password: str, expected: Refusal
) -> None:
    scene = IdentityScene()
    assert await refusal(scene.signing_in.sign_up(email, password, scene.caller())) is expected
    assert await scene.mails() == []


async def test_an_address_is_not_flooded_with_letters() -> None:
    scene = IdentityScene()
    for number in range(2 * limits.LETTERS_OF_ADDRESS_AN_HOUR):
        caller = scene.caller(ip=f"10.0.{number}.1")
        await scene.signing_in.sign_up(EMAIL, PASSWORD, caller)
        scene.wait(SECOND_US)
    assert len(await scene.mails()) == limits.LETTERS_OF_ADDRESS_AN_HOUR
    scene.wait(HOUR_US)
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    assert len(await scene.mails()) == limits.LETTERS_OF_ADDRESS_AN_HOUR + 1


async def test_nobody_uses_up_the_letters_of_somebody_else() -> None:
    """A reset gets in at any time, whatever a stranger has asked for from one network."""
    scene = IdentityScene()
    await scene.person()
    stranger, before = "203.0.113.9", len(await scene.mails())
    for _ in range(10):
        await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller(stranger))
        await scene.signing_in.request_reset(EMAIL, scene.caller(stranger))
        scene.wait(SECOND_US)
        await scene.identity.settle()
    mails = (await scene.mails())[:-before]
    assert len(mails) == 2 * limits.LETTERS_OF_ADDRESS_BY_NETWORK
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    await scene.signing_in.reset(await scene.link("/reset"), OTHER_PASSWORD, scene.caller())
    for number in range(limits.LETTERS_OF_ADDRESS_AN_HOUR):
        caller = scene.caller(ip=f"10.0.{number}.1")
        await scene.signing_in.sign_up(EMAIL, PASSWORD, caller)
        await scene.identity.settle()
    scene.wait(SECOND_US)
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    newest = (await scene.mails())[0]
    assert "/reset#token=" in newest.text, "letters of another kind are counted apart"


async def test_a_network_asks_for_so_many_letters() -> None:
    """R40"""
    scene = IdentityScene()
    for number in range(limits.LETTERS_OF_NETWORK_AN_HOUR):
        caller = scene.caller(ip=f"2001:db8:0:1:{number:x}::1")
        await scene.signing_in.request_reset(f"a{number}@example.org", caller)
    work = scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller(ip="2001:db8:0:1:ffff::1"))
    error = await refused(work)
    assert error.refusal is Refusal.TOO_MANY_ATTEMPTS
    assert error.retry_after_s == 3600
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller(ip="2001:db8:0:2::1"))


async def test_limits_can_be_lifted_but_not_those_of_a_person() -> None:
    scene = IdentityScene(settings=replace(CHEAP, limits=False))
    await scene.person()
    for number in range(limits.LETTERS_OF_NETWORK_AN_HOUR + 1):
        await scene.signing_in.request_reset(f"a{number}@example.org", scene.caller())
    for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK):
        assert await refusal(scene.sign_in(password="wrong one")) is Refusal.BAD_CREDENTIALS
    assert await refusal(scene.sign_in()) is Refusal.TOO_MANY_ATTEMPTS


async def test_wrong_passwords_and_unknown_people_are_told_apart_by_nothing() -> None:
    """ASVS 6.3.8"""
    scene = IdentityScene()
    await scene.person()
    told = []
    for email in (EMAIL, STRANGER):
        for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK + 1):
            error = await refused(scene.sign_in(email, "wrong one"))
            told.append((email, error.refusal, error.retry_after_s))
    half = len(told) // 2
    assert [entry[1:] for entry in told[:half]] == [entry[1:] for entry in told[half:]]
    known, unknown = await scene.records("sign-in.refuse"), half - 1
    assert len(known) == 2 * unknown, "as much is written for either"
    assert {record.actor for record in known} == {"anonymous"}


async def test_unknown_people_cost_as_much_as_known_ones() -> None:
    """R43: medians of interleaved tries, with hashes as dear as the product's.

    Processor time of all threads: the clock would say how busy the machine is.
    """
    scene = IdentityScene(settings=IdentitySettings(limits=False))
    await scene.person()
    took: dict[str, list[float]] = {EMAIL: [], STRANGER: []}
    for number in range(24):
        for email, seconds in took.items():
            begun = time.process_time()
            await refused(scene.sign_in(email, "wrong one", ip=f"10.0.{number}.1"))
            seconds.append(time.process_time() - begun)
    known, unknown = (statistics.median(seconds) for seconds in took.values())
    assert unknown == pytest.approx(known, rel=0.35)


async def test_each_try_checks_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = IdentityScene()
    await scene.person()
    passwords = scene.identity._desk.passwords
    checked: list[str] = []
    plain = passwords._matches

    def counted(password_hash: str, password: str) -> bool:
        checked.append(password_hash)
        return plain(password_hash, password)

    monkeypatch.setattr(passwords, "_matches", counted)
    for email, password in (
        (EMAIL, PASSWORD),
        (EMAIL, "wrong one"),
        (EMAIL, "x" * 200),
        (STRANGER, PASSWORD),
        ("no address", PASSWORD),
    ):
        checked.clear()
        await asyncio.gather(scene.sign_in(email, password), return_exceptions=True)
        assert len(checked) == 1, (email, password)


async def test_a_person_is_locked_after_wrong_passwords_and_opened_by_time() -> None:
    scene = IdentityScene()
    await scene.person()
    for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK):
        assert await scene.lock_outs("sign-in.refuse") == 0
        assert await refusal(scene.sign_in(password="wrong one")) is Refusal.BAD_CREDENTIALS
        scene.wait(SECOND_US)
    assert await scene.lock_outs("sign-in.refuse") == 1
    error = await refused(scene.sign_in())
    assert error.refusal is Refusal.TOO_MANY_ATTEMPTS
    assert error.retry_after_s == 15 * 60 - limits.PASSWORDS_OF_PERSON_BY_NETWORK
    assert await scene.lock_outs("sign-in.refuse") == 1, "it is said once"
    started(await scene.sign_in(ip="198.51.100.7"))  # others do not shut somebody out so easily
    scene.wait(error.retry_after_s * SECOND_US)
    started(await scene.sign_in())


async def test_guesses_from_everywhere_lock_too() -> None:
    """ASVS 6.3.1"""
    scene = IdentityScene()
    await scene.person()
    for number in range(limits.PASSWORDS_OF_PERSON):
        await refused(scene.sign_in(password="wrong one", ip=f"10.{number}.0.1"))
    assert await refusal(scene.sign_in(ip="10.99.0.1")) is Refusal.TOO_MANY_ATTEMPTS


async def test_guesses_at_once_count_as_well() -> None:
    scene = IdentityScene()
    await scene.person()
    errors = await asyncio.gather(*(refused(scene.sign_in(password="wrong")) for _ in range(20)))
    wrong = [error for error in errors if error.refusal is Refusal.BAD_CREDENTIALS]
    assert len(wrong) == limits.PASSWORDS_OF_PERSON_BY_NETWORK


async def test_one_network_may_guess_so_much_about_everybody() -> None:
    scene = IdentityScene()
    await scene.person()
    for number in range(limits.GUESSES_OF_NETWORK):
        await refused(scene.sign_in(f"a{number}@example.org", "wrong one"))
    assert await refusal(scene.sign_in()) is Refusal.TOO_MANY_ATTEMPTS
    started(await scene.sign_in(ip="192.0.2.2"))


async def test_successes_use_nothing_up() -> None:
    scene = IdentityScene()
    await scene.person()
    for _ in range(limits.GUESSES_OF_NETWORK + 5):
        started(await scene.sign_in())
    for _ in range(3):
        for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK - 1):
            await refused(scene.sign_in(password="wrong one"))
        started(await scene.sign_in())


async def test_all_together_may_guess_so_much_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GUESSES_OF_ALL_A_MINUTE", 10)
    scene = IdentityScene()
    await scene.person()
    for number in range(10):
        await refused(scene.sign_in(f"a{number}@example.org", "wrong one", ip=f"10.{number}.0.1"))
    error = await refused(scene.sign_in())
    assert (error.refusal, error.retry_after_s) == (Refusal.TOO_MANY_ATTEMPTS, 60)
    scene.wait(MINUTE_US)
    started(await scene.sign_in())


async def test_an_old_hash_is_made_anew_at_sign_in() -> None:
    scene = IdentityScene()
    await scene.person()
    dearer = IdentityScene(
        stores=scene.stores, settings=replace(CHEAP, password_memory_kib=16), now_us=scene.now_us
    )
    before = await scene.stores.people.person(FIRST_PERSON_ID)
    started(await dearer.sign_in())
    after = await scene.stores.people.person(FIRST_PERSON_ID)
    assert before is not None
    assert after is not None
    assert after.password_hash != before.password_hash
    assert "m=16," in after.password_hash
    assert after.security_changed_us == 0, "it is the same password"
    started(await scene.sign_in())


async def test_an_account_that_cannot_be_opened_is_opened_at_the_next_sign_in() -> None:
    scene = IdentityScene()
    scene.accounts.away = True
    assert await refusal(scene.person()) is Refusal.ACCOUNT_AWAY
    assert await refusal(scene.sign_in()) is Refusal.ACCOUNT_AWAY
    scene.accounts.away = False
    session = started(await scene.sign_in())
    assert scene.accounts.opened == [session.view.account_id]


async def test_a_reset_sets_a_password_ends_sessions_and_signs_nobody_in() -> None:
    scene = IdentityScene()
    first, second = await scene.person(), started(await scene.sign_in())
    await scene.signing_in.request_reset("  ann@EXAMPLE.org", scene.caller())
    token = await scene.link("/reset")
    scene.wait(SECOND_US)
    await scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller())
    assert sorted(scene.ended) == sorted([first.view.session_id, second.view.session_id])
    for session in (first, second):
        assert await scene.sessions.find(session.token, scene.now_us) is None
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    started(await scene.sign_in(password=OTHER_PASSWORD))
    person = await scene.directory.by_email(EMAIL)
    assert person is not None
    assert person.security_changed_us == scene.now_us
    assert [record.target for record in await scene.records("password.reset")] == [
        f"person:{FIRST_PERSON_ID}"
    ]


async def test_a_reset_does_not_go_round_the_second_factor() -> None:
    """ASVS 6.4.3."""
    scene = IdentityScene()
    generator, codes = await scene.with_totp(await scene.person())
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    token = await scene.link("/reset")
    await scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller())
    half = pending(await scene.sign_in(password=OTHER_PASSWORD))
    assert half.step is NextStep.SECOND_FACTOR
    assert half.factors == {Factor.TOTP, Factor.RECOVERY_CODE}
    code = scene.code(generator, 1)
    started(await scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller()))
    assert len(codes) == 10


async def test_a_reset_link_is_good_once_for_half_an_hour_and_the_last_one_only() -> None:
    scene = IdentityScene()
    await scene.person()
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    first = await scene.link("/reset")
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    second = await scene.link("/reset")

    async def outcome(token: str) -> Refusal:
        return await refusal(scene.signing_in.reset(token, OTHER_PASSWORD, scene.caller()))

    assert first != second
    assert await outcome(first) is Refusal.LINK_GONE
    work = scene.signing_in.reset(second, "password1", scene.caller())
    assert await refusal(work) is Refusal.PASSWORD_KNOWN
    scene.wait(30 * MINUTE_US)
    assert await outcome(second) is Refusal.LINK_GONE
    scene.wait(-1)
    await scene.signing_in.reset(second, OTHER_PASSWORD, scene.caller())
    assert await outcome(second) is Refusal.LINK_GONE
    assert await outcome("") is Refusal.LINK_GONE
    confirm = scene.signing_in.confirm(second, OTHER_PASSWORD, scene.caller())
    assert await refusal(confirm) is Refusal.LINK_GONE


async def test_a_reset_of_an_unknown_address_is_answered_alike_and_sends_nothing() -> None:
    scene = IdentityScene()
    await scene.signing_in.request_reset(STRANGER, scene.caller())
    assert await scene.mails(STRANGER) == []
    work = scene.signing_in.request_reset("no address", scene.caller())
    assert await refusal(work) is Refusal.EMAIL_FORMAT


async def test_a_reset_opens_what_wrong_passwords_have_locked_and_ends_half_sign_ins() -> None:
    scene = IdentityScene()
    generator, _ = await scene.with_totp(await scene.person())
    half = pending(await scene.sign_in())
    for _ in range(limits.PASSWORDS_OF_PERSON_BY_NETWORK):
        await refused(scene.sign_in(password="wrong one"))
    await scene.signing_in.request_reset(EMAIL, scene.caller())
    await scene.signing_in.reset(await scene.link("/reset"), OTHER_PASSWORD, scene.caller())
    code = scene.code(generator, 1)
    work = scene.signing_in.answer_code(half.token, Factor.TOTP, code, scene.caller())
    assert await refusal(work) is Refusal.PENDING_GONE, "it was begun with the old password"
    pending(await scene.sign_in(password=OTHER_PASSWORD))


async def test_links_lead_to_the_exchange_and_nowhere_else() -> None:
    """R33: whoever asks chooses the Host header, and not where the link leads."""
    scene = IdentityScene()
    await scene.person()
    for origin in ("http://203.0.113.5:8080", "http://evil.example:8080", "http://[::1]:8080"):
        await scene.signing_in.request_reset(EMAIL, scene.caller(origin=origin))
        scene.wait(HOUR_US)
        mail = (await scene.mails())[0]
        assert "http://localhost:8080/reset#token=" in mail.text, origin
    public = IdentityScene(
        stores=scene.stores,
        settings=replace(CHEAP, public_origin="https://exchange.example"),
        now_us=scene.now_us,
    )
    await public.signing_in.request_reset(EMAIL, public.caller(origin="http://localhost:1"))
    assert "https://exchange.example/reset#token=" in (await public.mails())[0].text


async def test_a_password_given_once_is_replaced_before_anything_else() -> None:
    scene = IdentityScene()
    made = await scene.directory.add_operator(EMAIL, {OperatorRole.ADMIN}, scene.now_us)
    half = pending(await scene.sign_in(password=made.one_time_password))
    assert half.step is NextStep.NEW_PASSWORD

    async def answer(password: str) -> Refusal:
        work = scene.signing_in.answer_new_password(half.token, password, scene.caller())
        return await refusal(work)

    assert await answer("password1") is Refusal.PASSWORD_KNOWN
    assert await answer(made.one_time_password) is Refusal.PASSWORD_UNCHANGED
    work = scene.signing_in.answer_new_password(half.token, PASSWORD, scene.caller())
    session = started(await work)
    assert session.view.may(OperatorRole.MARKETS)
    assert await answer(OTHER_PASSWORD) is Refusal.PENDING_GONE
    work = scene.sign_in(password=made.one_time_password)
    assert await refusal(work) is Refusal.BAD_CREDENTIALS
    started(await scene.sign_in())


async def test_what_was_begun_waits_five_minutes_and_for_its_own_kind_only() -> None:
    scene = IdentityScene()
    made = await scene.directory.add_operator(EMAIL, (), scene.now_us)
    half = pending(await scene.sign_in(password=made.one_time_password))
    code = scene.signing_in.answer_code(half.token, Factor.TOTP, "123456", scene.caller())
    assert await refusal(code) is Refusal.PENDING_GONE
    scene.wait(5 * MINUTE_US)
    work = scene.signing_in.answer_new_password(half.token, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.PENDING_GONE
    scene.wait(-1)
    work = scene.signing_in.answer_new_password(half.token, PASSWORD, scene.caller())
    started(await work)


async def test_somebody_locked_by_an_operator_is_as_if_unknown() -> None:
    scene = IdentityScene()
    session = await scene.person()
    assert await scene.directory.lock(session.view.person_id)
    assert scene.ended == [session.view.session_id]
    assert await refusal(scene.sign_in()) is Refusal.BAD_CREDENTIALS
    assert await scene.directory.unlock(session.view.person_id)
    started(await scene.sign_in())


async def test_every_act_leaves_a_record_and_no_secret_in_it() -> None:
    """ASVS 16.2-16.5"""
    scene = IdentityScene()
    session = await scene.person()
    await refused(scene.sign_in(password="wrong one"))
    await scene.signing_in.sign_out(session.view, scene.caller())
    records = await scene.audit_store.records(None, 1000)
    assert [record.action for record in records] == [
        "sign-up.begin",
        "sign-up.confirm",
        "sign-in.pass",
        "sign-in.refuse",
        "session.end",
    ]
    for record in records:
        assert record.request_id == "request-1"
        assert record.details["ip"] == "192.0.2.1"
        for secret in (PASSWORD, "wrong one", session.token):
            assert secret not in repr(record)
