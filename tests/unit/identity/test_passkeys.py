"""Passkeys against a device made of software, and against what attackers would send. R37."""

import asyncio
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.authenticator import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    PRESENT,
    VERIFIED,
    Authenticator,
    base64url,
    from_base64url,
)
from tests.support.identity_scene import (
    CHEAP,
    EMAIL,
    MINUTE_US,
    PASSWORD,
    IdentityScene,
    pending,
    refusal,
    refused,
    started,
)

from openoutcry.identity.passkeys import PASSKEYS_MAX
from openoutcry.ports.identity import Refusal, RefusedError, StartedSession
from openoutcry.ports.people import FIRST_PERSON_ID, Factor


async def added(
    scene: IdentityScene,
    session: StartedSession,
    device: Authenticator | None = None,
    name: str = "Phone",
) -> Authenticator:
    """Add a passkey to somebody; returns its device."""
    device = device or Authenticator()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    await scene.own.add_passkey(session.view, name, device.make(options), scene.caller())
    return device


async def alone(scene: IdentityScene, device: Authenticator) -> StartedSession:
    """Sign in with a passkey and nothing else."""
    options = await scene.signing_in.passkey_options(scene.caller())
    return started(await scene.signing_in.passkey_sign_in(device.use(options), scene.caller()))


async def test_adding_a_passkey_and_signing_in_with_it_alone() -> None:
    scene = IdentityScene()
    session = await scene.person()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    assert options["rp"] == {"id": "localhost", "name": "Openoutcry"}
    assert len(from_base64url(options["challenge"])) == 32
    assert options["attestation"] == "none"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["user"]["name"] == EMAIL
    assert b"ann" not in from_base64url(options["user"]["id"])
    device = Authenticator()
    view, more = await scene.own.add_passkey(
        session.view, "  Phone ", device.make(options), scene.caller()
    )
    assert (view.name, view.used_us, view.backed_up) == ("Phone", 0, False)
    assert len(more.recovery_codes) == 10
    scene.wait(MINUTE_US)
    new = await alone(scene, device)
    assert new.view.person_id == session.view.person_id
    assert new.view.factors == {Factor.PASSKEY}
    (listed,) = await scene.own.passkeys(session.view)
    assert listed.used_us == scene.now_us
    assert (await scene.own.me(session.view)).passkeys == 1


async def test_a_passkey_as_second_factor() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    half = pending(await scene.sign_in())
    assert half.factors == {Factor.PASSKEY, Factor.RECOVERY_CODE}
    options = await scene.signing_in.factor_passkey_options(half.token, scene.caller())
    assert [entry["id"] for entry in options["allowCredentials"]] == [
        base64url(device.credential_id)
    ]
    assert options["allowCredentials"][0]["transports"] == ["hybrid", "internal"]
    session = started(
        await scene.signing_in.answer_passkey(half.token, device.use(options), scene.caller())
    )
    assert session.view.factors == {Factor.PASSWORD, Factor.PASSKEY}


async def test_a_passkey_proves_once_more_who_one_is() -> None:
    scene = IdentityScene()
    session = await scene.person()
    device = await added(scene, session)
    scene.wait(10 * MINUTE_US)
    work = scene.signing_in.step_up_password(session.view, PASSWORD, scene.caller())
    assert await refusal(work) is Refusal.FACTOR_NEEDED
    options = await scene.signing_in.step_up_passkey_options(session.view, scene.caller())
    renewed = await scene.signing_in.step_up_passkey(
        session.view, device.use(options), scene.caller()
    )
    assert renewed.view.is_stepped_up(scene.now_us)
    assert renewed.token != session.token


async def test_a_challenge_is_answered_once_in_time_and_by_whom_it_was_for() -> None:
    """ASVS 6.7.2"""
    scene = IdentityScene()
    ann = await scene.person()
    device = await added(scene, ann)

    async def outcome(answer: dict[str, Any]) -> Refusal:
        return await refusal(scene.signing_in.passkey_sign_in(answer, scene.caller()))

    options = await scene.signing_in.passkey_options(scene.caller())
    answer = device.use(options)
    started(await scene.signing_in.passkey_sign_in(answer, scene.caller()))
    assert await outcome(answer) is Refusal.PENDING_GONE, "a replay"
    assert await outcome(device.use(options)) is Refusal.PENDING_GONE
    options = await scene.signing_in.passkey_options(scene.caller())
    scene.wait(5 * MINUTE_US)
    assert await outcome(device.use(options)) is Refusal.PENDING_GONE
    own = {"challenge": base64url(b"of one's own" * 3)}
    assert await outcome(device.use(own)) is Refusal.PENDING_GONE
    step_up = await scene.signing_in.step_up_passkey_options(ann.view, scene.caller())
    assert await outcome(device.use(step_up)) is Refusal.PENDING_GONE, "it was for something else"
    other = started(
        await scene.signing_in.passkey_sign_in(
            device.use(await scene.signing_in.passkey_options(scene.caller())), scene.caller()
        )
    )
    step_up = await scene.signing_in.step_up_passkey_options(ann.view, scene.caller())
    work = scene.signing_in.step_up_passkey(other.view, device.use(step_up), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED, "it was for another session"


async def test_parallel_answers_to_one_challenge_sign_in_once() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    answer = device.use(await scene.signing_in.passkey_options(scene.caller()))
    works = [scene.signing_in.passkey_sign_in(answer, scene.caller()) for _ in range(4)]
    found = await asyncio.gather(*works, return_exceptions=True)
    assert sum(isinstance(result, StartedSession) for result in found) == 1


def _signature(answer: dict[str, Any]) -> None:
    signature = bytearray(from_base64url(answer["response"]["signature"]))
    signature[-1] ^= 1
    answer["response"]["signature"] = base64url(bytes(signature))


def _other_handle(answer: dict[str, Any]) -> None:
    answer["response"]["userHandle"] = base64url((5).to_bytes(8, "big"))


def _other_credential(answer: dict[str, Any]) -> None:
    answer["id"] = answer["rawId"] = base64url(b"unknown credential")


def _set(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        answer["response"][name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _signature,
        _other_handle,
        _other_credential,
        _set("signature", ""),
        _set("authenticatorData", ""),
        _set("authenticatorData", "AAAA"),
        _set("userHandle", "%%%"),
        lambda answer: answer.update(id="x"),
        lambda answer: answer.update(type="password"),
        lambda answer: answer.pop("id"),
        lambda answer: answer["response"].pop("signature"),
    ],
)
async def test_answers_that_were_tampered_with_are_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    answer = device.use(await scene.signing_in.passkey_options(scene.caller()))
    change(answer)
    work = scene.signing_in.passkey_sign_in(answer, scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    assert len(await scene.records("factor.refuse")) == 1
    await alone(scene, device)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://localhost:9090"},
        {"origin": "https://localhost:8080"},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost.evil.example:8080"},
        {"rp_id": "evil.example"},
        {"rp_id": "127.0.0.1"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"flags": 0},
    ],
)
async def test_answers_from_elsewhere_or_without_their_user_are_refused(
    change: dict[str, Any],
) -> None:
    """R37: wrong origin, relying party, flags without user verification."""
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    for name, value in change.items():
        setattr(device, name, value)
    options = await scene.signing_in.passkey_options(scene.caller())
    work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "http://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
        {"credential_id": b"x" * 1024},
    ],
)
async def test_passkeys_made_elsewhere_or_without_their_user_are_not_added(
    change: dict[str, Any],
) -> None:
    scene = IdentityScene()
    session = await scene.person()
    device = Authenticator(**change)
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    work = scene.own.add_passkey(session.view, "Phone", device.make(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    assert await scene.own.passkeys(session.view) == []


async def test_client_data_of_the_other_ceremony_is_refused() -> None:
    scene = IdentityScene()
    session = await scene.person()
    device = Authenticator()
    options = await scene.own.add_passkey_options(session.view, scene.caller())
    answer = device.make(options, type="webauthn.get")
    work = scene.own.add_passkey(session.view, "Phone", answer, scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    device = await added(scene, session)
    answer = device.use(
        await scene.signing_in.passkey_options(scene.caller()), type="webauthn.create"
    )
    work = scene.signing_in.passkey_sign_in(answer, scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


async def test_a_counter_that_goes_back_is_refused_and_noted() -> None:
    scene = IdentityScene()
    session = await scene.person()
    device = await added(scene, session, Authenticator(count=7))
    await alone(scene, device)
    for count in (7, 3, -1):
        device.count, device.counts = max(count, 0), count >= 0
        options = await scene.signing_in.passkey_options(scene.caller())
        work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
        assert await refusal(work) is Refusal.PASSKEY_REFUSED
    records = await scene.records("passkey.regress")
    assert [(record.details["was"], record.details["is"]) for record in records] == [
        ("8", "8"),
        ("8", "4"),
        ("8", "0"),
    ]
    device.count, device.counts = 8, True
    await alone(scene, device)


async def test_a_device_that_does_not_count_is_taken() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person(), Authenticator(counts=False))
    for _ in range(3):
        await alone(scene, device)


async def test_a_forged_answer_cannot_raise_the_alarm() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person(), Authenticator(count=7))
    other = Authenticator(credential_id=device.credential_id)
    options = await scene.signing_in.passkey_options(scene.caller())
    work = scene.signing_in.passkey_sign_in(other.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    assert await scene.records("passkey.regress") == []


async def test_somebody_elses_passkey_is_no_second_factor_and_no_step_up() -> None:
    scene = IdentityScene()
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    await added(scene, ann)
    bobs = await added(scene, bob)
    half = pending(await scene.sign_in())
    options = await scene.signing_in.factor_passkey_options(half.token, scene.caller())
    work = scene.signing_in.answer_passkey(half.token, bobs.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED
    options = await scene.signing_in.step_up_passkey_options(ann.view, scene.caller())
    work = scene.signing_in.step_up_passkey(ann.view, bobs.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


async def test_a_passkey_is_added_once_for_one_person() -> None:
    scene = IdentityScene()
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    device = await added(scene, ann)
    options = await scene.own.add_passkey_options(ann.view, scene.caller())
    assert [entry["id"] for entry in options["excludeCredentials"]] == [
        base64url(device.credential_id)
    ]
    for person in (ann, bob):
        options = await scene.own.add_passkey_options(person.view, scene.caller())
        work = scene.own.add_passkey(person.view, "Copy", device.make(options), scene.caller())
        assert await refusal(work) is Refusal.FACTOR_EXISTS
    anns = await scene.own.add_passkey_options(ann.view, scene.caller())
    answer = Authenticator().make(anns)
    work = scene.own.add_passkey(bob.view, "Mine", answer, scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED, "the challenge was Ann's"


async def test_passkeys_are_named_and_removed_by_their_person_only() -> None:
    scene = IdentityScene()
    ann, bob = await scene.person(), await scene.person("bob@example.org")
    device = await added(
        scene, ann, Authenticator(flags=PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP)
    )
    (view,) = await scene.own.passkeys(ann.view)
    assert view.backed_up
    number = view.passkey_id
    for work in (
        scene.own.rename_passkey(bob.view, number, "Mine", scene.caller()),
        scene.own.remove_passkey(bob.view, number, scene.caller()),
        scene.own.remove_passkey(ann.view, number + 1, scene.caller()),
    ):
        assert await refusal(work) is Refusal.FACTOR_UNKNOWN
    for name in ("", "  ", "x" * 61, "a\nb", "a\u202eb"):
        work = scene.own.rename_passkey(ann.view, number, name, scene.caller())
        assert await refusal(work) is Refusal.NAME_FORMAT
    await scene.own.rename_passkey(ann.view, number, "<b>Schlüssel</b>", scene.caller())
    assert [p.name for p in await scene.own.passkeys(ann.view)] == ["<b>Schlüssel</b>"]
    await scene.own.remove_passkey(ann.view, number, scene.caller())
    me = await scene.own.me(ann.view)
    assert (me.factors, me.recovery_codes_left) == ({Factor.PASSWORD}, 0)
    options = await scene.signing_in.passkey_options(scene.caller())
    work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


async def test_one_person_has_so_many() -> None:
    scene = IdentityScene()
    session = await scene.person()
    for _ in range(PASSKEYS_MAX):
        await added(scene, session)
    work = scene.own.add_passkey_options(session.view, scene.caller())
    assert await refusal(work) is Refusal.TOO_MANY_PASSKEYS


async def test_somebody_who_is_locked_does_not_get_in_by_passkey() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    await scene.directory.lock(FIRST_PERSON_ID)
    options = await scene.signing_in.passkey_options(scene.caller())
    work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


async def test_passkeys_are_bound_to_the_name_that_is_configured() -> None:
    scene = IdentityScene(settings=replace(CHEAP, public_origin="https://exchange.example"))
    await scene.signing_in.sign_up(EMAIL, PASSWORD, scene.caller())
    text = (await scene.mails())[0].text
    token = text.partition("#token=")[2].split()[0]
    session = started(await scene.signing_in.confirm(token, PASSWORD, scene.caller()))
    device = Authenticator(origin="https://exchange.example", rp_id="exchange.example")
    await added(scene, session, device)
    await alone(scene, device)
    device.origin = "https://www.exchange.example"
    options = await scene.signing_in.passkey_options(scene.caller())
    assert options["rpId"] == "exchange.example"
    work = scene.signing_in.passkey_sign_in(device.use(options), scene.caller())
    assert await refusal(work) is Refusal.PASSKEY_REFUSED


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_FIELDS = (
    "clientDataJSON",
    "attestationObject",
    "authenticatorData",
    "signature",
    "userHandle",
    "transports",
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
async def test_whatever_is_sent_is_refused_and_breaks_nothing(data: st.DataObject) -> None:
    """An answer with any part replaced: by any JSON, by any bytes, or by parts of itself."""
    scene = IdentityScene()
    session = await scene.person()
    device = await added(scene, session)
    adding = data.draw(st.booleans())
    if adding:
        options = await scene.own.add_passkey_options(session.view, scene.caller())
        good = Authenticator().make(options)
    else:
        options = await scene.signing_in.passkey_options(scene.caller())
        good = device.use(options)
    answer = copy.deepcopy(good)
    place = data.draw(st.sampled_from(["", "response", "client"]))
    junk = _json | st.binary(max_size=80).map(base64url)
    if place == "":
        answer[data.draw(st.sampled_from(["id", "rawId", "type", "response"]))] = data.draw(junk)
    elif place == "response":
        answer["response"][data.draw(st.sampled_from(_FIELDS))] = data.draw(junk)
    else:
        said = json.loads(from_base64url(answer["response"]["clientDataJSON"]))
        said[data.draw(st.sampled_from(["type", "origin", "challenge", "tokenBinding"]))] = (
            data.draw(_json)
        )
        answer["response"]["clientDataJSON"] = base64url(json.dumps(said).encode())
    try:
        if adding:
            await scene.own.add_passkey(session.view, "Phone", answer, scene.caller())
        else:
            await scene.signing_in.passkey_sign_in(answer, scene.caller())
    except RefusedError:
        return
    assert answer == good or place in {"response", "client"}, "a field that does not matter"


async def test_wrong_passkeys_are_counted() -> None:
    scene = IdentityScene()
    device = await added(scene, await scene.person())
    half = pending(await scene.sign_in())
    device.flags = PRESENT
    found = []
    for _ in range(6):
        options = await scene.signing_in.factor_passkey_options(half.token, scene.caller())
        work = scene.signing_in.answer_passkey(half.token, device.use(options), scene.caller())
        found.append((await refused(work)).refusal)
    assert found == [Refusal.PASSKEY_REFUSED] * 5 + [Refusal.TOO_MANY_ATTEMPTS]
