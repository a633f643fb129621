"""Which passwords are taken, and that they are kept whole. R42, ASVS 6.2."""

import asyncio
import unicodedata

import argon2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.identity_scene import CHEAP

from openoutcry.identity.passwords import (
    PASSWORD_CHARACTERS_MAX,
    KnownPasswords,
    Passwords,
)
from openoutcry.identity.settings import IdentitySettings
from openoutcry.ports.identity import Refusal, RefusedError

EMAIL = "annabel.lee@example.org"
KNOWN = KnownPasswords()


def judged(password: str, email: str = EMAIL) -> str | Refusal:
    try:
        return Passwords(CHEAP).judge(password, email)
    except RefusedError as error:
        return error.refusal


@pytest.mark.parametrize(
    "password",
    [
        "kv7 wq2 ",
        "correct horse battery staple",
        "Überraschung im Keller",
        "パスワードは長いほど良い",
        "🐎🔋🪝🎯🐎🔋🪝🎯",
        "      x    yz",
        "maria81726354",
        "q" * 60 + "werz",
        "zyx " * 32,
    ],
)
def test_good_ones_of_any_script_are_taken_as_they_are(password: str) -> None:
    assert judged(password) == unicodedata.normalize("NFKC", password)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", Refusal.PASSWORD_TOO_SHORT),
        ("a", Refusal.PASSWORD_TOO_SHORT),
        ("kv7 wq2", Refusal.PASSWORD_TOO_SHORT),
        ("e\u0301" * 7, Refusal.PASSWORD_TOO_SHORT),
        ("kv7 wq2x" * 16 + "y", Refusal.PASSWORD_TOO_LONG),
        ("ab\ud800cdefgh", Refusal.PASSWORD_TOO_LONG),
        ("12345678", Refusal.PASSWORD_KNOWN),
        ("Password", Refusal.PASSWORD_KNOWN),
        ("PassWord1!", Refusal.PASSWORD_KNOWN),
        ("P@ssw0rd2024", Refusal.PASSWORD_KNOWN),
        ("ｐａｓｓｗｏｒｄ１", Refusal.PASSWORD_KNOWN),
        ("qwertyuiop", Refusal.PASSWORD_KNOWN),
        ("Openoutcry!", Refusal.PASSWORD_KNOWN),
        ("international", Refusal.PASSWORD_KNOWN),
        ("zzzzzzzzzzzz", Refusal.PASSWORD_KNOWN),
        ("121212121212", Refusal.PASSWORD_KNOWN),
        ("annabel.lee", Refusal.PASSWORD_LIKE_EMAIL),
        ("Annabel.Lee2024", Refusal.PASSWORD_LIKE_EMAIL),
        ("annabel.lee@example.org", Refusal.PASSWORD_LIKE_EMAIL),
        ("EXAMPLE.org", Refusal.PASSWORD_LIKE_EMAIL),
    ],
)
def test_bad_ones_are_refused_by_what_is_wrong(password: str, refusal: Refusal) -> None:
    assert judged(password) is refusal


def test_a_short_name_in_an_address_forbids_little() -> None:
    assert judged("bob rides a bicycle", "bo@example.org") == "bob rides a bicycle"


@given(st.sampled_from(["password", "iloveyou", "letmein", "dragon12", "football"]), st.data())
def test_a_known_one_is_known_in_any_case_and_with_a_tail(word: str, data: st.DataObject) -> None:
    cased = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in word)
    tail = data.draw(st.text("0123456789!?.#", max_size=4))
    assert KNOWN.has(cased + tail)


@given(st.text(min_size=8, max_size=PASSWORD_CHARACTERS_MAX))
def test_what_is_taken_is_in_one_form_and_is_taken_again(password: str) -> None:
    found = judged(password)
    if isinstance(found, str) and not isinstance(found, Refusal):
        assert found == unicodedata.normalize("NFKC", found)
        assert 8 <= len(found) <= PASSWORD_CHARACTERS_MAX
        assert judged(found) == found


async def test_a_password_is_checked_whole_and_in_every_form() -> None:
    passwords = Passwords(CHEAP)
    longest = "kv7 wq2x" * 16
    stored = await passwords.hash(passwords.judge(longest, EMAIL))
    assert await passwords.verify(stored, longest)
    assert not await passwords.verify(stored, longest[:-1])
    assert not await passwords.verify(stored, longest + "y")
    assert not await passwords.verify(stored, longest[:-1] + "Y")
    composed, apart = "caf\u00e9 \u00fcber alles", "cafe\u0301 u\u0308ber alles"
    stored = await passwords.hash(passwords.judge(composed, EMAIL))
    assert await passwords.verify(stored, apart)
    assert not await passwords.verify(stored, "cafe uber alles")


async def test_nobody_has_no_password() -> None:
    passwords = Passwords(CHEAP)
    for password in ("", "a fine long password", "x" * 10_000, "\ud800"):
        assert not await passwords.verify(None, password)


async def test_a_hash_is_argon2id_with_the_parameters_of_the_product() -> None:
    """ASVS 11.4.2"""
    stored = await Passwords(IdentitySettings()).hash("a fine long password")
    found = argon2.extract_parameters(stored)
    assert stored.startswith("$argon2id$")
    assert (found.time_cost, found.memory_cost, found.parallelism) == (2, 19_456, 1)
    assert found.salt_len >= 16
    assert stored != await Passwords(IdentitySettings()).hash("a fine long password")


async def test_a_hash_of_other_parameters_is_outdated_and_still_right() -> None:
    stored = await Passwords(CHEAP).hash("a fine long password")
    dearer = Passwords(IdentitySettings(password_memory_kib=16, password_passes=1))
    assert dearer.is_outdated(stored)
    assert not Passwords(CHEAP).is_outdated(stored)
    assert await dearer.verify(stored, "a fine long password")


async def test_a_queue_that_is_full_refuses_at_once() -> None:
    """ASVS 13.1.2"""
    passwords = Passwords(
        IdentitySettings(
            password_memory_kib=8,
            password_passes=1,
            passwords_at_once=1,
            passwords_waiting_max=3,
        )
    )
    found = await asyncio.gather(
        *(passwords.hash("a fine long password") for _ in range(12)), return_exceptions=True
    )
    refused = [error for error in found if isinstance(error, RefusedError)]
    assert {error.refusal for error in refused} == {Refusal.BUSY}
    assert 1 <= len(refused) < 12
    assert await passwords.hash("a fine long password"), "and goes on afterwards"
