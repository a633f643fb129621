"""People that operators look after, in a dictionary: for tests of whoever asks the directory."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from openoutcry.ports.people import (
    EmailTakenError,
    Factor,
    NewOperator,
    OperatorRole,
    PersonStatus,
    PersonView,
)


def person_view(person_id: int, roles: Iterable[OperatorRole] = ()) -> PersonView:
    """Return somebody who has signed up and done nothing else."""
    return PersonView(
        person_id=person_id,
        account_id=person_id,
        email=f"person-{person_id}@example.com",
        status=PersonStatus.ACTIVE,
        roles=frozenset(roles),
        created_us=1,
        factors=frozenset({Factor.PASSWORD}),
        signed_in_us=0,
        security_changed_us=0,
    )


class ToyDirectory:
    """`PeopleDirectory`, which remembers whose sessions were ended."""

    def __init__(self, *people: PersonView) -> None:
        self.by_id = {person.person_id: person for person in people}
        self.ended: list[int] = []

    async def person(self, person_id: int) -> PersonView | None:
        return self.by_id.get(person_id)

    async def by_account(self, account_id: int) -> PersonView | None:
        return self.by_id.get(account_id)

    async def by_email(self, email: str) -> PersonView | None:
        found = [person for person in self.by_id.values() if person.email == email]
        return found[0] if found else None

    async def page(
        self, *, after_person_id: int = 0, limit: int = 100, containing: str = ""
    ) -> list[PersonView]:
        found = [
            self.by_id[person_id]
            for person_id in sorted(self.by_id)
            if person_id > after_person_id and containing in self.by_id[person_id].email
        ]
        return found[:limit]

    async def lock(self, person_id: int) -> bool:
        return self._change(person_id, status=PersonStatus.LOCKED)

    async def unlock(self, person_id: int) -> bool:
        return self._change(person_id, status=PersonStatus.ACTIVE)

    async def end_sessions(self, person_id: int) -> bool:
        self.ended.append(person_id)
        return person_id in self.by_id

    async def remove_factors(self, person_id: int, now_us: int) -> bool:
        return self._change(
            person_id, factors=frozenset({Factor.PASSWORD}), security_changed_us=now_us
        )

    async def set_roles(self, person_id: int, roles: Collection[OperatorRole]) -> bool:
        return self._change(person_id, roles=frozenset(roles))

    async def add_operator(
        self, email: str, roles: Collection[OperatorRole], now_us: int
    ) -> NewOperator:
        if await self.by_email(email) is not None:
            raise EmailTakenError(email)
        person_id = max(self.by_id, default=1_000_000) + 1
        person = replace(person_view(person_id, roles), email=email)
        self.by_id[person_id] = person
        return NewOperator(person, f"one time {person_id}")

    def _change(self, person_id: int, **changes: object) -> bool:
        if person_id not in self.by_id:
            return False
        self.by_id[person_id] = replace(self.by_id[person_id], **changes)  # type: ignore[arg-type]
        return True
