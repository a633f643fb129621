"""People as the rest of the exchange sees them: sessions, roles, what happened to whom."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

FIRST_PERSON_ID = 1_000_000
"""A person's id is the number of their account (`core.ids.account_id_of`); smaller ones are other
accounts': an operator's choice, or the demo's keys."""


class OperatorRole(StrEnum):
    """What an operator may do; people without roles are customers."""

    ADMIN = "ADMIN"
    """Everything, giving roles included."""
    MARKETS = "MARKETS"
    """Open and halt markets, set filters and fees."""
    TREASURY = "TREASURY"
    """Approve withdrawals, credit accounts."""
    SUPPORT = "SUPPORT"
    """Look people up, lock and unlock them."""
    AUDITOR = "AUDITOR"
    """Look at everything, change nothing."""


class Factor(StrEnum):
    """How somebody proves who they are."""

    PASSWORD = "PASSWORD"  # noqa: S105, because it is the name of a kind
    TOTP = "TOTP"
    PASSKEY = "PASSKEY"
    RECOVERY_CODE = "RECOVERY_CODE"


class SecondFactor(StrEnum):
    """How far a session has come to what operators need for their work: a second factor."""

    NOT_NEEDED = "NOT_NEEDED"
    """It is no operator's."""
    MISSING = "MISSING"
    """Its operator has set none up."""
    UNPROVED = "UNPROVED"
    """There is one, and the session has proved none that there is now."""
    PROVED = "PROVED"


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session that is alive. `session_id` may be shown and logged; the token is never in here."""

    session_id: str
    person_id: int
    account_id: int
    email: str
    roles: frozenset[OperatorRole]
    stepped_up_until_us: int
    """Until then sensitive acts are done without proving once more who one is."""
    started_us: int
    seen_us: int
    """When it was last used, to the minute."""
    idle_ends_us: int
    ends_us: int
    """It ends then, however busy."""
    factors: frozenset[Factor]
    """What it was signed in with, and what it has proved since."""
    second_factor: SecondFactor

    def may(self, *roles: OperatorRole) -> bool:
        """Whether it is an operator's with one of these roles, or an administrator's."""
        return OperatorRole.ADMIN in self.roles or not self.roles.isdisjoint(roles)

    def is_stepped_up(self, now_us: int) -> bool:
        """Whether who it is was proved within the last minutes."""
        return now_us < self.stepped_up_until_us


class Sessions(Protocol):
    """Living sessions by their secret token. Ended ones are found no more, at once."""

    async def find(self, token: str, now_us: int) -> SessionView | None:
        """Return the session of a token and count it as used; None when it has ended or never was.

        Any text may be asked for.
        """
        ...

    async def seen(self, session_id: str, now_us: int) -> SessionView | None:
        """Count a session as used by what it has opened, say a socket; None when it has ended."""
        ...

    def on_ended(self, listener: Callable[[str], None]) -> None:
        """Call with the id of each session that ends: signed out, ended by others, or run out.

        A session whose token is renewed (at step-up) goes on and keeps its id.
        """
        ...


class AccountOpener(Protocol):
    """Opens the exchange's account of a person."""

    async def open(self, account_id: int) -> None:
        """Open it unless it is open; raises AccountOpenerError when that cannot be known now."""
        ...


class AccountOpenerError(Exception):
    """The exchange does not answer, or refuses the account; it may be asked again."""


class PersonStatus(StrEnum):
    """Whether somebody may sign in."""

    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"
    """By an operator; without end."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as operators see one: nothing secret, and nothing that proves anything."""

    person_id: int
    account_id: int
    email: str
    status: PersonStatus
    roles: frozenset[OperatorRole]
    created_us: int
    factors: frozenset[Factor]
    """What they have set up."""
    signed_in_us: int
    """Last time, or 0."""
    security_changed_us: int
    """When a password, factor or address was last changed or reset, or 0: withdrawals wait."""


class PeopleDirectory(Protocol):
    """People, for operators and for rooms that have to do with one by their account."""

    async def person(self, person_id: int) -> PersonView | None:
        """Return one, or None."""
        ...

    async def by_account(self, account_id: int) -> PersonView | None:
        """Return whose account it is, or None."""
        ...

    async def by_email(self, email: str) -> PersonView | None:
        """Return whose address it is, or None."""
        ...

    async def page(
        self, *, after_person_id: int = 0, limit: int = 100, containing: str = ""
    ) -> list[PersonView]:
        """Return people by id, those whose address contains a text."""
        ...

    async def lock(self, person_id: int) -> bool:
        """Let them sign in no more and end their sessions; False when there is no such person."""
        ...

    async def unlock(self, person_id: int) -> bool:
        """Let them sign in again; False when there is no such person."""
        ...

    async def end_sessions(self, person_id: int) -> bool:
        """End all their sessions; False when there is no such person."""
        ...

    async def remove_factors(self, person_id: int, now_us: int) -> bool:
        """Forget all second factors of somebody who has lost them, and end their sessions.

        A password is enough then, and withdrawals wait. False when there is no such person.
        """
        ...

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        """Make them an operator with these roles, or none; their sessions end."""
        ...

    async def add_operator(
        self, email: str, roles: Collection[OperatorRole], now_us: int
    ) -> "NewOperator":
        """Make a person with these roles and a one-time password; raises EmailTakenError."""
        ...


@dataclass(frozen=True, slots=True)
class NewOperator:
    """A new operator. The password is shown once and must be changed at the first sign-in."""

    person: PersonView
    one_time_password: str = field(repr=False)


class EmailTakenError(Exception):
    """Somebody has this address."""


class EmailFormatError(ValueError):
    """Not an address that mail can be sent to."""
