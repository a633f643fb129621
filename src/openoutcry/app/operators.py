"""`outcry admin operator`: who operates the exchange, asked of a running one or of one at rest."""

from collections.abc import Callable, Mapping

from openoutcry.app.admin import AdminAwayError, AdminError, Answer, Handler, Request
from openoutcry.ports.people import (
    EmailFormatError,
    EmailTakenError,
    OperatorRole,
    PeopleDirectory,
    PersonView,
)
from openoutcry.ports.people_store import PeopleStoreError

_PAGE = 1_000


class OperatorRequests:
    """Requests about operators, for an `Administration`."""

    def __init__(self, directory: PeopleDirectory, clock: Callable[[], int]) -> None:
        self._directory = directory
        self._clock = clock

    def requests(self) -> Mapping[str, Handler]:
        """Return the handlers by request."""
        return {
            "add-operator": _asking(self._add),
            "list-operators": _asking(self._list),
            "remove-operator": _asking(self._remove),
        }

    async def _add(self, request: Request) -> Answer:
        """Make an operator; somebody who has signed up already keeps their password."""
        email, roles = _email(request), _roles(request)
        try:
            new = await self._directory.add_operator(email, roles, self._clock())
        except EmailFormatError as error:
            raise AdminError(f"{email!r} is no address that mail can be sent to") from error
        except EmailTakenError:
            person = await self._person(email)
            await self._directory.set_roles(person.person_id, roles)
            return _describe(await self._person(email))
        return _describe(new.person) | {"one_time_password": new.one_time_password}

    async def _list(self, _request: Request) -> Answer:
        operators: list[Answer] = []
        after = 0
        while page := await self._directory.page(after_person_id=after, limit=_PAGE):
            operators += [
                _describe(person) | {"status": person.status.value}
                for person in page
                if person.roles
            ]
            after = page[-1].person_id
        return {"operators": operators}

    async def _remove(self, request: Request) -> Answer:
        """Take all roles from somebody; they stay a customer."""
        person = await self._person(_email(request))
        if not person.roles:
            raise AdminError(f"{person.email} is no operator")
        await self._directory.set_roles(person.person_id, [])
        return {"person": person.person_id, "email": person.email, "roles": []}

    async def _person(self, email: str) -> PersonView:
        person = await self._directory.by_email(email)
        if person is None:
            raise AdminError(f"nobody has the address {email!r}")
        return person


def _asking(handler: Handler) -> Handler:
    """Return a handler that says when the store of people is away."""

    async def ask(request: Request) -> Answer:
        try:
            return await handler(request)
        except PeopleStoreError as error:
            raise AdminAwayError(f"people cannot be asked or changed: {error}") from error

    return ask


def _describe(person: PersonView) -> Answer:
    return {
        "person": person.person_id,
        "email": person.email,
        "roles": sorted(role.value for role in person.roles),
    }


def _email(request: Request) -> str:
    email = request.get("email")
    if not isinstance(email, str) or not email:
        raise AdminError("email is missing")
    return email


def _roles(request: Request) -> frozenset[OperatorRole]:
    names = request.get("roles")
    if not isinstance(names, list) or not names:
        raise AdminError("roles are missing")
    try:
        return frozenset(OperatorRole(name) for name in names)
    except ValueError:
        known = ", ".join(role.value for role in OperatorRole)
        raise AdminError(f"roles are some of {known}") from None
