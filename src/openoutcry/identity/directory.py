"""People as operators and other rooms look them up; locks and roles."""

import secrets
from collections.abc import Collection, Sequence

from openoutcry.core.ids import account_id_of
from openoutcry.core.limits import SHARD_BITS
from openoutcry.identity.addresses import check_email, key_of_email
from openoutcry.identity.desk import Desk
from openoutcry.ports.people import (
    Factor,
    NewOperator,
    OperatorRole,
    PersonStatus,
    PersonView,
)
from openoutcry.ports.people_store import NewPerson, Person

PAGE_MAX = 1_000
_ONE_TIME_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_ONE_TIME_CHARACTERS = 20
_ONE_TIME_GROUP = 5


class Directory:
    """`PeopleDirectory` over the desk's tools. Who asks for a change records it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._people = desk.stores.people

    async def person(self, person_id: int) -> PersonView | None:
        """Return one, or None."""
        return await self._one(await self._people.person(person_id))

    async def by_account(self, account_id: int) -> PersonView | None:
        """Return whose account it is, or None."""
        person_id = account_id >> SHARD_BITS
        if account_id_of(person_id) != account_id:
            return None
        return await self.person(person_id)

    async def by_email(self, email: str) -> PersonView | None:
        """Return whose address it is, or None."""
        return await self._one(await self._people.person_by_email(key_of_email(email.strip(" "))))

    async def page(
        self, *, after_person_id: int = 0, limit: int = 100, containing: str = ""
    ) -> list[PersonView]:
        """Return people by id, those whose address contains a text."""
        key = key_of_email(containing.strip(" "))
        found = await self._people.people(after_person_id, min(limit, PAGE_MAX), key)
        return await self._views(found)

    async def lock(self, person_id: int) -> bool:
        """Let them sign in no more and end their sessions."""
        if not await self._people.set_status(person_id, PersonStatus.LOCKED):
            return False
        await self._desk.shut_out(person_id)
        return True

    async def unlock(self, person_id: int) -> bool:
        """Let them sign in again."""
        return await self._people.set_status(person_id, PersonStatus.ACTIVE)

    async def end_sessions(self, person_id: int) -> bool:
        """End all their sessions, and what they have half begun."""
        if await self._people.person(person_id) is None:
            return False
        await self._desk.shut_out(person_id)
        return True

    async def remove_factors(self, person_id: int, now_us: int) -> bool:
        """Forget all their second factors, and end their sessions."""
        if await self._people.person(person_id) is None:
            return False
        factors = self._desk.stores.factors
        await factors.remove_totp(person_id)
        for passkey in await factors.passkeys_of(person_id):
            await factors.remove_passkey(passkey.passkey_id, person_id)
        await factors.set_recovery_codes(person_id, ())
        await self._people.security_changed(person_id, now_us)
        await self.end_sessions(person_id)
        return True

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        """Make them an operator with these roles, or none; their sessions end."""
        if not await self._people.set_roles(person_id, roles):
            return False
        await self._desk.sessions.end_all(person_id)
        return True

    async def add_operator(
        self, email: str, roles: Collection[OperatorRole], now_us: int
    ) -> NewOperator:
        """Make a person with these roles and a one-time password.

        Raises EmailTakenError and EmailFormatError.
        """
        email = check_email(email)
        password = _one_time_password()
        person = await self._people.add_person(
            NewPerson(
                email=email,
                email_key=key_of_email(email),
                password_hash=await self._desk.passwords.hash(password),
                created_us=now_us,
                roles=frozenset(roles),
                must_change_password=True,
            )
        )
        await self._desk.stores.tokens.forget_mail_tokens(person.email_key)
        (view,) = await self._views([person])
        return NewOperator(view, password)

    async def _one(self, person: Person | None) -> PersonView | None:
        return None if person is None else (await self._views([person]))[0]

    async def _views(self, people: Sequence[Person]) -> list[PersonView]:
        factors = await self._desk.stores.factors.factors_of([one.person_id for one in people])
        return [_view(person, factors[person.person_id]) for person in people]


def _view(person: Person, factors: frozenset[Factor]) -> PersonView:
    return PersonView(
        person_id=person.person_id,
        account_id=account_id_of(person.person_id),
        email=person.email,
        status=person.status,
        roles=person.roles,
        created_us=person.created_us,
        factors=factors,
        signed_in_us=person.signed_in_us,
        security_changed_us=person.security_changed_us,
    )


def _one_time_password() -> str:
    plain = "".join(secrets.choice(_ONE_TIME_ALPHABET) for _ in range(_ONE_TIME_CHARACTERS))
    groups = range(0, _ONE_TIME_CHARACTERS, _ONE_TIME_GROUP)
    return "-".join(plain[at : at + _ONE_TIME_GROUP] for at in groups)
