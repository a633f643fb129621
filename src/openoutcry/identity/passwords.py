"""Passwords: which are taken, and how they are kept and checked.

A password is brought to one Unicode form (NFKC), so that it is the same from every keyboard, and is
used whole. It is kept as an Argon2id hash, made in a thread: it takes tens of milliseconds and
megabytes on purpose. Whoever is unknown is checked against a hash of nobody's, so that it takes as
long.
"""

import asyncio
import secrets
import string
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import argon2
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from openoutcry.identity.settings import IdentitySettings
from openoutcry.ports.identity import Refusal, RefusedError

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_CHARACTERS_MAX = 128
_PASSWORD_LIST = "passwords"  # noqa: S105 - the name of a list
_TAIL_CHARACTERS_MAX = 4
_TAIL = string.digits + string.punctuation
_DIFFERENT_CHARACTERS_MIN = 4
_LOCAL_PART_CHARACTERS_MIN = 4
_HOUSE_WORDS = frozenset({"openoutcry", "exchange", "password", "passwort"})

_OTHERS = str.maketrans("@4301!$5", "aaeoiiss")
"""Letters that people write otherwise, and that are tried so."""


class KnownPasswords:
    """The passwords that are tried first: those of past breaches, and words of the language."""

    def __init__(self) -> None:
        self._passwords = frozenset(FREQUENCY_LISTS[_PASSWORD_LIST]) | _HOUSE_WORDS
        self._words = frozenset(
            word
            for name, words in FREQUENCY_LISTS.items()
            if name != _PASSWORD_LIST
            for word in words
            if len(word) >= PASSWORD_CHARACTERS_MIN
        )

    def has(self, password: str) -> bool:
        """Whether it is one of them, in any case, or with a few digits or marks behind it."""
        plain = password.casefold()
        if len(set(plain)) < _DIFFERENT_CHARACTERS_MIN:
            return True
        forms = {plain, plain.translate(_OTHERS)}
        body = plain
        for _ in range(_TAIL_CHARACTERS_MAX):
            if not body or body[-1] not in _TAIL:
                break
            body = body[:-1]
            forms |= {body, body.translate(_OTHERS)}
        return not forms.isdisjoint(self._passwords) or not forms.isdisjoint(self._words)


def normal_form(password: str) -> str:
    """Return the one form of a password that is typed in different ways."""
    return unicodedata.normalize("NFKC", password)


class Passwords:
    """Judges, hashes and checks passwords."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=settings.password_passes,
            memory_cost=settings.password_memory_kib,
            parallelism=settings.password_lanes,
            type=argon2.Type.ID,
        )
        self._known = KnownPasswords()
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        self._slots = asyncio.Semaphore(settings.passwords_at_once)
        self._waiting = 0
        self._waiting_max = settings.passwords_waiting_max

    def judge(self, password: str, email: str) -> str:
        """Return the normal form of a password that is good enough; raises RefusedError."""
        password = normal_form(password)
        if len(password) < PASSWORD_CHARACTERS_MIN:
            raise RefusedError(Refusal.PASSWORD_TOO_SHORT)
        if len(password) > PASSWORD_CHARACTERS_MAX or not _is_unicode(password):
            raise RefusedError(Refusal.PASSWORD_TOO_LONG)
        if _is_like_email(password.casefold(), email.casefold()):
            raise RefusedError(Refusal.PASSWORD_LIKE_EMAIL)
        if self._known.has(password):
            raise RefusedError(Refusal.PASSWORD_KNOWN)
        return password

    async def hash(self, password: str) -> str:
        """Return the hash to be stored of a password in its normal form; raises RefusedError."""
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one of this hash; None is nobody's and takes as long.

        Raises RefusedError when too many wait.
        """
        password = normal_form(password)
        usable = len(password) <= PASSWORD_CHARACTERS_MAX and _is_unicode(password)
        known = password_hash is not None and usable
        async with self._turn():
            right = await asyncio.to_thread(
                self._matches,
                password_hash if known and password_hash else self._nobodys,
                password if usable else "",
            )
        return right and known

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than those of now."""
        return self._hasher.check_needs_rehash(password_hash)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for one of the places where passwords are hashed."""
        if self._waiting >= self._waiting_max:
            raise RefusedError(Refusal.BUSY, retry_after_s=1)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except argon2.exceptions.VerifyMismatchError:
            return False


def _is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: half a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_like_email(plain: str, email: str) -> bool:
    """Whether a password is the address, a part of it, or the name in it and little else."""
    local, _, domain = email.partition("@")
    if plain in {email, local, domain}:
        return True
    if len(local) < _LOCAL_PART_CHARACTERS_MIN:
        return False
    return local in plain and len(plain) - len(local) <= _TAIL_CHARACTERS_MAX
