"""Operators' work, joined: the administration, people, keys, and what the parts say of themselves.

What changes the exchange goes the way that `outcry admin` goes, and is recorded with the operator
who asked for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import AdminAwayError, AdminError, Answer
from openoutcry.app.fee_table import FeeTable
from openoutcry.app.market_fields import MARKET_FIELDS, decimal_of
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.ports.audit import Audit, AuditError, person_actor
from openoutcry.ports.operations import (
    Conservation,
    FeeRates,
    FilterMeaning,
    Gauge,
    Health,
    MarketState,
    NoSuchThingError,
    OperationRefusedError,
    OperationsAwayError,
)
from openoutcry.ports.people import Factor, OperatorRole, PeopleDirectory, PersonView, SessionView
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.users import (
    ApiKeys,
    KeyStoreError,
    ListenKeys,
    ListenKeysAwayError,
    end_listen_key,
)

_RATE_SCALE = 8


@dataclass(frozen=True, slots=True)
class Views:
    """What the parts of an exchange say of themselves."""

    version: str
    started_us: int
    is_open: Callable[[], bool]
    gauges: Callable[[], Awaitable[Iterable[Gauge]]]
    conservation: Callable[[], Awaitable[Conservation]]
    """May raise OSError, ValueError when there is nothing to be read."""


class Operating:
    """Implements `ports.operations.Operations`."""

    def __init__(
        self,
        administration: RecordedAdministration,
        catalog: Catalog,
        fees: FeeTable,
        views: Views,
        clock: Callable[[], int],
    ) -> None:
        self._administration = administration
        self._catalog = catalog
        self._fees = fees
        self._views = views
        self._clock = clock

    # -- what is seen

    async def health(self) -> Health:
        """Return how the exchange is now."""
        views = self._views
        return Health(
            version=views.version,
            started_us=views.started_us,
            now_us=self._clock(),
            is_open=views.is_open(),
            gauges=tuple(await views.gauges()),
        )

    async def markets(self) -> list[MarketState]:
        """Return all markets."""
        answer = await self._run(None, {"do": "list"})
        found = answer["markets"]
        assert isinstance(found, list)
        return [_state(market) for market in found]

    def filter_meanings(self) -> list[FilterMeaning]:
        """Return the filters that can be set."""
        return [
            FilterMeaning(name, field.meaning, field.unit.value)
            for name, field in MARKET_FIELDS.items()
        ]

    async def fees(self) -> list[FeeRates]:
        """Return all rates that were set, by schedule and market."""
        return [
            FeeRates(
                schedule=schedule,
                symbol=self._catalog.market_by_id(market).symbol if market else "",
                maker=decimal_of(maker, _RATE_SCALE),
                taker=decimal_of(taker, _RATE_SCALE),
            )
            for schedule, market, maker, taker in self._fees.rates()
        ]

    async def conservation(self) -> Conservation:
        """Add all money up, as of a moment ago."""
        try:
            return await self._views.conservation()
        except (OSError, ValueError) as error:
            raise OperationsAwayError(str(error)) from error

    # -- markets

    async def set_status(
        self, operator: SessionView, symbol: str, status: str, request_id: str
    ) -> MarketState:
        """Open, halt or close a market; raises NoSuchThingError, OperationRefusedError."""
        self._require_market(symbol)
        request = {"do": "set-status", "symbol": symbol, "status": status}
        await self._run(operator, request, request_id)
        return await self._market(symbol)

    async def set_filters(
        self, operator: SessionView, symbol: str, filters: Mapping[str, str], request_id: str
    ) -> MarketState:
        """Change some filters of a market; raises NoSuchThingError, OperationRefusedError."""
        self._require_market(symbol)
        request = {"do": "set-filters", "symbol": symbol, "filters": dict(filters)}
        await self._run(operator, request, request_id)
        return await self._market(symbol)

    async def set_fees(
        self, operator: SessionView, rates: FeeRates, request_id: str
    ) -> list[FeeRates]:
        """Set what a schedule charges; raises NoSuchThingError, OperationRefusedError."""
        request: dict[str, object] = {
            "do": "set-fees",
            "schedule": rates.schedule,
            "maker": rates.maker,
            "taker": rates.taker,
        }
        if rates.symbol:
            self._require_market(rates.symbol)
            request["symbol"] = rates.symbol
        await self._run(operator, request, request_id)
        return await self.fees()

    def _require_market(self, symbol: str) -> None:
        if self._catalog.find(symbol) is None:
            raise NoSuchThingError(symbol)

    async def _market(self, symbol: str) -> MarketState:
        [found] = [state for state in await self.markets() if state.symbol == symbol]
        return found

    async def _run(
        self, operator: SessionView | None, request: Mapping[str, object], request_id: str = ""
    ) -> Answer:
        try:
            if operator is None:
                return await self._administration.run(request)
            actor = person_actor(operator.person_id)
            return await self._administration.run_as(actor, request, request_id)
        except AdminAwayError as error:
            raise OperationsAwayError(str(error)) from error
        except AdminError as error:
            raise OperationRefusedError(str(error)) from error


class PeopleDesk:
    """Implements `ports.operations.PeopleOperations`."""

    def __init__(
        self,
        directory: PeopleDirectory,
        keys: ApiKeys,
        listen_keys: ListenKeys,
        audit: Audit,
        clock: Callable[[], int],
    ) -> None:
        self._directory = directory
        self._keys = keys
        self._listen_keys = listen_keys
        self._audit = audit
        self._clock = clock

    async def people(self, containing: str, after_person_id: int, limit: int) -> list[PersonView]:
        """Return people by id whose address contains a text."""
        with _asking():
            return await self._directory.page(
                after_person_id=after_person_id, limit=limit, containing=containing
            )

    async def person(self, person_id: int) -> PersonView:
        """Return one; raises NoSuchThingError."""
        with _asking():
            found = await self._directory.person(person_id)
        if found is None:
            raise NoSuchThingError(str(person_id))
        return found

    async def lock(self, operator: SessionView, person_id: int, request_id: str) -> PersonView:
        """Shut somebody out: sessions end, keys are suspended.

        The lock comes first: a key that is made at this moment is then either suspended here, or
        given up by whoever makes it, who looks for the lock after it is stored.
        """
        found = await self._somebody_else(operator, person_id)
        await self._record(operator, "person.lock", found, {}, request_id)
        with _asking():
            await self._directory.lock(person_id)
            await asyncio.to_thread(self._keys.suspend, found.account_id)
            await end_listen_key(self._listen_keys, found.account_id, self._clock())
        return await self.person(person_id)

    async def unlock(self, operator: SessionView, person_id: int, request_id: str) -> PersonView:
        """Let somebody in again, and their keys."""
        found = await self._somebody_else(operator, person_id)
        await self._record(operator, "person.unlock", found, {}, request_id)
        with _asking():
            await self._directory.unlock(person_id)
            await asyncio.to_thread(self._keys.resume, found.account_id)
        return await self.person(person_id)

    async def end_sessions(
        self, operator: SessionView, person_id: int, request_id: str
    ) -> PersonView:
        """Have somebody sign in anew."""
        found = await self._somebody_else(operator, person_id)
        await self._record(operator, "person.end-sessions", found, {}, request_id)
        with _asking():
            await self._directory.end_sessions(person_id)
        return await self.person(person_id)

    async def remove_factors(
        self, operator: SessionView, person_id: int, request_id: str
    ) -> PersonView:
        """Forget the second factors that somebody has lost."""
        found = await self._somebody_else(operator, person_id)
        details = {"factor": "+".join(sorted(found.factors - {Factor.PASSWORD}))}
        await self._record(operator, "person.remove-factors", found, details, request_id)
        with _asking():
            await self._directory.remove_factors(person_id, self._clock())
        return await self.person(person_id)

    async def set_roles(
        self,
        operator: SessionView,
        person_id: int,
        roles: frozenset[OperatorRole],
        request_id: str,
    ) -> PersonView:
        """Make somebody an operator, or none."""
        found = await self._somebody_else(operator, person_id)
        details = {"before": " ".join(sorted(found.roles)), "roles": " ".join(sorted(roles))}
        await self._record(operator, "person.set-roles", found, details, request_id)
        with _asking():
            await self._directory.set_roles(person_id, roles)
        return await self.person(person_id)

    async def _somebody_else(self, operator: SessionView, person_id: int) -> PersonView:
        """Return who something is to be done to, if this operator may do anything to them."""
        found = await self.person(person_id)
        if person_id == operator.person_id:
            raise OperationRefusedError("Nobody does this to themselves: ask another operator.")
        if found.roles and OperatorRole.ADMIN not in operator.roles:
            raise OperationRefusedError("They are an operator: an administrator has to do it.")
        return found

    async def _record(
        self,
        operator: SessionView,
        action: str,
        person: PersonView,
        details: Mapping[str, str],
        request_id: str,
    ) -> None:
        actor, target = person_actor(operator.person_id), f"person:{person.person_id}"
        with _asking():
            await self._audit.record(actor, action, target, details, request_id)


@contextmanager
def _asking() -> Iterator[None]:
    """Say in the terms of the port that a store is away."""
    try:
        yield
    except (AuditError, KeyStoreError, ListenKeysAwayError, PeopleStoreError) as error:
        raise OperationsAwayError(str(error)) from error


def _state(market: Answer) -> MarketState:
    filters = market["filters"]
    version = market["version"]
    assert isinstance(filters, dict)
    assert isinstance(version, int)
    return MarketState(
        symbol=str(market["symbol"]),
        base=str(market["base"]),
        quote=str(market["quote"]),
        status=str(market["status"]),
        tick=str(market["tick"]),
        lot=str(market["lot"]),
        version=version,
        filters=filters,
    )
