"""What is stored of people. Secrets come in as hashes, or sealed: no store learns one.

Every change is durable when its method returns, and happens whole or not at all. What must not
happen twice (a token, a step of a code, an attempt beyond the last) is decided by the store, in
one step, since several callers may ask at once.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from openoutcry.ports.people import Factor, OperatorRole, PersonStatus


class PeopleStoreError(Exception):
    """The store does not answer or cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be stored. `email_key` is what no two people have in common."""

    email: str
    email_key: str
    password_hash: str = field(repr=False)
    created_us: int
    roles: frozenset[OperatorRole] = frozenset()
    must_change_password: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as stored; `person_id` is the number of their account."""

    person_id: int
    email: str
    email_key: str
    password_hash: str = field(repr=False)
    status: PersonStatus
    roles: frozenset[OperatorRole]
    must_change_password: bool
    """The password was given by somebody else, once."""
    account_opened: bool
    created_us: int
    signed_in_us: int
    security_changed_us: int


class PeopleStore(Protocol):
    """People by id and by address."""

    async def add_person(self, new: NewPerson) -> Person:
        """Store somebody under the next id, FIRST_PERSON_ID first; raises EmailTakenError."""
        ...

    async def person(self, person_id: int) -> Person | None:
        """Return somebody, or None."""
        ...

    async def person_by_email(self, email_key: str) -> Person | None:
        """Return whose address it is, or None."""
        ...

    async def people(self, after_person_id: int, limit: int, containing: str) -> list[Person]:
        """Return people by id, those whose `email_key` contains a text."""
        ...

    async def set_password(
        self, person_id: int, password_hash: str, *, was: str, changed_us: int
    ) -> bool:
        """Replace a hash that is still what it was, and with it the need to change it.

        `changed_us` above zero says that another password is behind it, and is remembered as a
        change of security. False when the hash is another one by now.
        """
        ...

    async def set_email(
        self, person_id: int, email: str, email_key: str, *, was: str, changed_us: int
    ) -> bool:
        """Give somebody whose `email_key` still is what it was another address, and remember a
        change of security; False when it is another one by now. Raises EmailTakenError.
        """
        ...

    async def set_status(self, person_id: int, status: PersonStatus) -> bool:
        """Say whether somebody may sign in; False when there is no such person."""
        ...

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        """Replace somebody's roles; False when there is no such person."""
        ...

    async def account_opened(self, person_id: int) -> None:
        """Remember that the exchange has opened the account."""
        ...

    async def signed_in(self, person_id: int, now_us: int) -> None:
        """Remember the last sign-in."""
        ...

    async def security_changed(self, person_id: int, now_us: int) -> None:
        """Remember a change of factors."""
        ...


class TokenPurpose(StrEnum):
    """What a token sent by mail is good for."""

    SIGN_UP = "SIGN_UP"
    RESET = "RESET"
    CHANGE_EMAIL = "CHANGE_EMAIL"


@dataclass(frozen=True, slots=True)
class MailToken:
    """A token that is on its way by mail. A sign-up has no person yet, so it carries what makes
    one.
    """

    token_hash: bytes = field(repr=False)
    purpose: TokenPurpose
    email: str
    email_key: str
    person_id: int
    """0 for a sign-up."""
    password_hash: str = field(repr=False)
    """Only a sign-up's is not empty."""
    expires_us: int


class PendingKind(StrEnum):
    """What is waited for."""

    SECOND_FACTOR = "SECOND_FACTOR"
    NEW_PASSWORD = "NEW_PASSWORD"  # noqa: S105, because it is the name of a kind
    PASSKEY_ADD = "PASSKEY_ADD"
    PASSKEY_SIGN_IN = "PASSKEY_SIGN_IN"
    PASSKEY_FACTOR = "PASSKEY_FACTOR"
    PASSKEY_STEP_UP = "PASSKEY_STEP_UP"


@dataclass(frozen=True, slots=True)
class Pending:
    """A step that has begun: a password was right, or a challenge was handed out."""

    token_hash: bytes = field(repr=False)
    kind: PendingKind
    person_id: int
    """0 when nobody is known yet."""
    session_id: str
    """Whose challenge it is, or empty."""
    factors: frozenset[Factor]
    """What has been proved so far."""
    expires_us: int


class TokenStore(Protocol):
    """Things that are good once and for a while."""

    async def add_mail_token(self, token: MailToken) -> None:
        """Store one; those sent to the same person before, for the same purpose, are good no more.

        A sign-up has no person, so it replaces none.
        """
        ...

    async def mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good, and leave it so."""
        ...

    async def take_mail_token(
        self, token_hash: bytes, purpose: TokenPurpose, now_us: int
    ) -> MailToken | None:
        """Return one that is still good, to one caller only; it is good no more."""
        ...

    async def forget_mail_tokens(self, email_key: str) -> None:
        """Drop what was sent to an address."""
        ...

    async def forget_mail_tokens_of(self, person_id: int, purpose: TokenPurpose) -> None:
        """Drop what was sent for a person, to whatever address."""
        ...

    async def add_pending(self, pending: Pending) -> None:
        """Store a step that has begun."""
        ...

    async def pending(self, token_hash: bytes, kind: PendingKind, now_us: int) -> Pending | None:
        """Return one that is still good, and leave it so."""
        ...

    async def take_pending(
        self, token_hash: bytes, kind: PendingKind, now_us: int
    ) -> Pending | None:
        """Return one that is still good, to one caller only; it is good no more."""
        ...

    async def forget_pending(self, person_id: int) -> None:
        """Drop the steps that somebody has begun."""
        ...

    async def forget_expired(self, now_us: int) -> int:
        """Drop what is good no more; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session by the hash of its token."""

    session_id: str
    token_hash: bytes = field(repr=False)
    person_id: int
    factors: frozenset[Factor]
    started_us: int
    seen_us: int
    stepped_up_until_us: int
    ends_us: int
    ip: str
    user_agent: str


class SessionStore(Protocol):
    """Sessions that have not been ended. Whether one has run out is for its keeper to say."""

    async def add_session(self, session: StoredSession) -> None:
        """Store a new one."""
        ...

    async def session(self, token_hash: bytes) -> tuple[StoredSession, Person] | None:
        """Return the one with this token and whose it is, or None."""
        ...

    async def session_by_id(self, session_id: str) -> tuple[StoredSession, Person] | None:
        """Return one and whose it is, or None."""
        ...

    async def sessions_of(self, person_id: int) -> list[StoredSession]:
        """Return somebody's sessions, the one used last first."""
        ...

    async def session_seen(self, session_id: str, now_us: int) -> None:
        """Remember when it was used, if that is later than known."""
        ...

    async def renew_session(
        self,
        token_hash: bytes,
        new_token_hash: bytes,
        stepped_up_until_us: int,
        factors: Collection[Factor],
    ) -> bool:
        """Give a session another token, the freshness of a step-up, and what it has proved by now;
        False when it is gone.
        """
        ...

    async def unprove(self, person_id: int, factors: Collection[Factor]) -> None:
        """Have all of somebody's sessions prove these factors no more."""
        ...

    async def end_session(self, session_id: str, person_id: int) -> bool:
        """End one of somebody's; False when they have none such."""
        ...

    async def end_sessions_of(self, person_id: int, *, but: str = "") -> list[str]:
        """End all of somebody's but one; returns the ids of those ended."""
        ...

    async def end_run_out(self, now_us: int, seen_before_us: int) -> list[str]:
        """End what was not used since, or has come to its end; returns their ids."""
        ...


@dataclass(frozen=True, slots=True)
class StoredTotp:
    """Somebody's generator of codes. Unconfirmed ones prove nothing yet."""

    person_id: int
    secret_sealed: bytes = field(repr=False)
    confirmed: bool
    last_step: int
    """The newest step that a code was taken of: this and older ones are taken no more."""
    created_us: int


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A public key that somebody's device answers for."""

    passkey_id: int
    """Given by the store, from 1."""
    person_id: int
    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    name: str
    transports: tuple[str, ...]
    backed_up: bool
    created_us: int
    used_us: int


class FactorStore(Protocol):
    """Second factors."""

    async def totp(self, person_id: int) -> StoredTotp | None:
        """Return somebody's generator, confirmed or not."""
        ...

    async def set_totp(self, totp: StoredTotp) -> bool:
        """Store an unconfirmed generator over an older unconfirmed one; False when there is a
        confirmed one.
        """
        ...

    async def confirm_totp(self, person_id: int, secret_sealed: bytes, step: int) -> bool:
        """Confirm the generator by a code of this step; False when it is another by now."""
        ...

    async def use_totp_step(self, person_id: int, step: int) -> bool:
        """Take a step of a confirmed generator, once: False when it or a newer one was taken."""
        ...

    async def remove_totp(self, person_id: int) -> bool:
        """Forget the generator; True when it was confirmed."""
        ...

    async def set_recovery_codes(self, person_id: int, hashes: Collection[bytes]) -> None:
        """Replace somebody's recovery codes."""
        ...

    async def use_recovery_code(self, person_id: int, code_hash: bytes) -> bool:
        """Take a recovery code, once; False when there is none such."""
        ...

    async def recovery_codes_left(self, person_id: int) -> int:
        """Return how many codes are unused."""
        ...

    async def add_passkey(self, passkey: StoredPasskey) -> StoredPasskey:
        """Store one under the next id; raises ValueError when its credential is known."""
        ...

    async def passkeys_of(self, person_id: int) -> list[StoredPasskey]:
        """Return somebody's passkeys, oldest first."""
        ...

    async def passkey(self, credential_id: bytes) -> StoredPasskey | None:
        """Return whose credential it is, or None."""
        ...

    async def use_passkey(
        self, passkey_id: int, *, was: int, sign_count: int, backed_up: bool, now_us: int
    ) -> bool:
        """Remember a use and its counter, if the counter still is what it was."""
        ...

    async def rename_passkey(self, passkey_id: int, person_id: int, name: str) -> bool:
        """Name one of somebody's; False when they have none such."""
        ...

    async def remove_passkey(self, passkey_id: int, person_id: int) -> bool:
        """Forget one of somebody's; False when they have none such."""
        ...

    async def factors_of(self, people: Collection[int]) -> dict[int, frozenset[Factor]]:
        """Return what people have set up, their password included."""
        ...


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many attempts under one key within a time."""

    key: str
    attempts: int
    window_us: int


class AttemptStore(Protocol):
    """Attempts, counted before they are made, so that parallel ones count too."""

    async def attempt(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Count an attempt under every key and return 0; or, when one is used up, count nothing
        and return how long to wait, in microseconds.
        """
        ...

    async def used_up(self, allowances: Collection[Allowance], now_us: int) -> int:
        """Return what `attempt` would return, and count nothing."""
        ...

    async def forgive(self, keys: Collection[str], at_us: int) -> None:
        """Take back one attempt that was counted then, under every key: it was a success."""
        ...

    async def forget_attempts(self, keys: Collection[str]) -> None:
        """Start from nothing again."""
        ...

    async def forget_attempts_before(self, before_us: int) -> int:
        """Drop old ones; returns how many."""
        ...


@dataclass(frozen=True, slots=True)
class PeopleStores:
    """The stores of people, which belong together: sessions know of people, tokens of both."""

    people: PeopleStore
    tokens: TokenStore
    sessions: SessionStore
    factors: FactorStore
    attempts: AttemptStore
