"""The operators' console: markets, fees, people, money, health, and who did what.

Each route names the roles that may call it; administrators may call all of them. What only shows
something lets auditors in as well. Acts that are hard to take back ask once more who one is;
halting a market does not, since nobody halts one in a quiet hour.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec

from openoutcry.core.enums import MarketStatus
from openoutcry.gateways.web.api import Access, Amount, Input, Output, ProblemType, Route, WebCall
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.ports.audit import AuditError, AuditFilter, AuditRecord, AuditTrail
from openoutcry.ports.operations import (
    Conservation,
    FeeRates,
    Health,
    MarketState,
    NoSuchThingError,
    OperationRefusedError,
    Operations,
    OperationsAwayError,
    PeopleOperations,
)
from openoutcry.ports.people import Factor, OperatorRole, PersonStatus, PersonView

REFUSED = ProblemType("OPERATION_REFUSED", 409, "The exchange does not do this")
AWAY = ProblemType("OPERATIONS_AWAY", 503, "This cannot be done or seen now")
_ACT_PROBLEMS = (REFUSED, AWAY, NOT_FOUND)

_MARKETS = OperatorRole.MARKETS
_TREASURY = OperatorRole.TREASURY
_SUPPORT = OperatorRole.SUPPORT
_AUDITOR = OperatorRole.AUDITOR
ANY_OPERATOR = Access.operator(_MARKETS, _TREASURY, _SUPPORT, _AUDITOR)
PEOPLE_VIEWERS = Access.operator(_SUPPORT, _TREASURY, _AUDITOR)
PAGE_MAX = 200

_FilterName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
_Words = Annotated[str, msgspec.Meta(max_length=200)]
_Page = Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)]
_Number = Annotated[int, msgspec.Meta(ge=1, le=(1 << 53) - 1)]


class GaugeView(Output, frozen=True):
    """One figure of health."""

    name: str
    value: int
    meaning: str
    is_alarming: bool


class HealthView(Output, frozen=True):
    """How the exchange is."""

    version: str
    started_us: int
    now_us: int
    is_open: bool
    gauges: tuple[GaugeView, ...]


class MarketView(Output, frozen=True):
    """A market as operators set it; amounts are decimals."""

    symbol: str
    base: str
    quote: str
    status: str
    tick: str
    lot: str
    version: int
    filters: dict[str, str]


class FilterView(Output, frozen=True):
    """A filter that can be set."""

    name: str
    meaning: str
    unit: str


class MarketList(Output, frozen=True):
    """All markets, and what their filters mean."""

    markets: tuple[MarketView, ...]
    filters: tuple[FilterView, ...]
    statuses: tuple[str, ...]


class NewStatus(Input, frozen=True):
    """What a market is to be."""

    status: Annotated[str, msgspec.Meta(max_length=20, examples=["HALT"])]


class NewFilters(Input, frozen=True):
    """Filters by name; those that are not named stay as they are."""

    filters: Annotated[dict[_FilterName, Amount], msgspec.Meta(min_length=1, max_length=50)]


class FeesView(Output, frozen=True):
    """What a schedule charges in a market, or in all."""

    schedule: int
    symbol: str
    maker: str
    taker: str


class FeesList(Output, frozen=True):
    """All rates that were set."""

    fees: tuple[FeesView, ...]


class NewFees(Input, frozen=True):
    """What a schedule is to charge; 0.001 is 0.1 %."""

    maker: Amount
    taker: Amount
    schedule: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    symbol: Annotated[str, msgspec.Meta(max_length=20)] = ""
    """Empty: in every market that has no rates of its own."""


class AssetLedgerView(Output, frozen=True):
    """All of one asset; the parts add up to zero."""

    asset: str
    free: str
    held: str
    fees: str
    clearing: str
    outside: str
    difference: str
    is_conserved: bool


class ConservationView(Output, frozen=True):
    """The money of the whole exchange as of one batch."""

    seq: int
    time_us: int
    is_conserved: bool
    negative_balances: int
    assets: tuple[AssetLedgerView, ...]


class OperatorPersonView(Output, frozen=True):
    """A person as operators see one."""

    person_id: int
    account_id: int
    email: str
    status: PersonStatus
    roles: tuple[OperatorRole, ...]
    factors: tuple[Factor, ...]
    created_us: int
    signed_in_us: int
    security_changed_us: int


class PeopleQuery(Input, frozen=True):
    """Which people are looked for."""

    containing: _Words = ""
    """A part of their address."""
    after: Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)] = 0
    """The last id of the page before."""
    limit: _Page = 50


class PeoplePage(Output, frozen=True):
    """People by id."""

    people: tuple[OperatorPersonView, ...]


class NewRoles(Input, frozen=True):
    """What somebody may do as an operator; nothing makes them a customer."""

    roles: Annotated[tuple[OperatorRole, ...], msgspec.Meta(max_length=len(OperatorRole))]


class AuditQuery(Input, frozen=True):
    """Which records are looked for."""

    before: _Number | None = None
    """Older ones than this record."""
    limit: _Page = 50
    actor: _Words | None = None
    action: _Words | None = None
    """`market.halt`, or `market` for all that was done to markets."""
    object: _Words | None = None


class AuditRecordView(Output, frozen=True):
    """One act."""

    n: int
    time_us: int
    actor: str
    action: str
    object: str
    details: dict[str, str]
    request_id: str
    digest: str


class AuditPage(Output, frozen=True):
    """Records, the newest first."""

    records: tuple[AuditRecordView, ...]


def routes(
    operations: Operations, people: PeopleOperations, audit: AuditTrail
) -> tuple[Route, ...]:
    """Return the routes of the console."""
    return (
        *_views(operations),
        *_market_acts(operations),
        *_people_views(people),
        *_people_acts(people),
        _audit_route(audit),
    )


def _views(operations: Operations) -> tuple[Route, ...]:
    async def health(_call: WebCall) -> HealthView:
        return _health(await operations.health())

    async def markets(_call: WebCall) -> MarketList:
        with _problems():
            found = await operations.markets()
        return MarketList(
            markets=tuple(_market(state) for state in found),
            filters=tuple(
                FilterView(name=one.name, meaning=one.meaning, unit=one.unit)
                for one in operations.filter_meanings()
            ),
            statuses=tuple(status.name for status in MarketStatus),
        )

    async def fees(_call: WebCall) -> FeesList:
        with _problems():
            return _fees(await operations.fees())

    async def conservation(_call: WebCall) -> ConservationView:
        with _problems():
            return _conservation(await operations.conservation())

    return (
        Route(
            method="GET",
            path="/operator/health",
            handler=health,
            access=ANY_OPERATOR,
            summary="See how the exchange is",
            tags=("operators",),
            answer=HealthView,
        ),
        Route(
            method="GET",
            path="/operator/markets",
            handler=markets,
            access=ANY_OPERATOR,
            summary="List markets with their filters",
            tags=("operators",),
            answer=MarketList,
            problems=(AWAY,),
        ),
        Route(
            method="GET",
            path="/operator/fees",
            handler=fees,
            access=ANY_OPERATOR,
            summary="List fee schedules",
            tags=("operators",),
            answer=FeesList,
            problems=(AWAY,),
        ),
        Route(
            method="GET",
            path="/operator/ledger",
            handler=conservation,
            access=Access.operator(_TREASURY, _AUDITOR),
            summary="Add up all money, by asset",
            description="As of a batch of a moment ago; adding it up takes no time from trading.",
            tags=("operators",),
            answer=ConservationView,
            problems=(AWAY,),
            weight=20,
        ),
    )


def _market_acts(operations: Operations) -> tuple[Route, ...]:
    async def set_status(call: WebCall) -> MarketView:
        wanted = call.read(NewStatus)
        with _problems():
            return _market(
                await operations.set_status(
                    call.person, call.path["symbol"], wanted.status, call.request_id
                )
            )

    async def set_filters(call: WebCall) -> MarketView:
        wanted = call.read(NewFilters)
        with _problems():
            return _market(
                await operations.set_filters(
                    call.person, call.path["symbol"], wanted.filters, call.request_id
                )
            )

    async def set_fees(call: WebCall) -> FeesList:
        wanted = call.read(NewFees)
        rates = FeeRates(wanted.schedule, wanted.symbol, wanted.maker, wanted.taker)
        with _problems():
            return _fees(await operations.set_fees(call.person, rates, call.request_id))

    return (
        Route(
            method="PUT",
            path="/operator/markets/{symbol}/status",
            handler=set_status,
            access=Access.operator(_MARKETS),
            summary="Open, halt or close a market",
            description=(
                "TRADING opens it; HALT and BREAK stop trading, END_OF_DAY ends the day: orders "
                "stay, cancels pass. CANCEL_ONLY takes no new orders."
            ),
            tags=("operators",),
            body=NewStatus,
            answer=MarketView,
            problems=_ACT_PROBLEMS,
        ),
        Route(
            method="PUT",
            path="/operator/markets/{symbol}/filters",
            handler=set_filters,
            access=Access.operator(_MARKETS, stepped_up=True),
            summary="Change a market's filters",
            tags=("operators",),
            body=NewFilters,
            answer=MarketView,
            problems=_ACT_PROBLEMS,
        ),
        Route(
            method="PUT",
            path="/operator/fees",
            handler=set_fees,
            access=Access.operator(_MARKETS, stepped_up=True),
            summary="Set what a fee schedule charges",
            tags=("operators",),
            body=NewFees,
            answer=FeesList,
            problems=_ACT_PROBLEMS,
        ),
    )


def _people_views(people: PeopleOperations) -> tuple[Route, ...]:
    async def page(call: WebCall) -> PeoplePage:
        asked = call.asked(PeopleQuery)
        with _problems():
            found = await people.people(asked.containing, asked.after, asked.limit)
        return PeoplePage(people=tuple(_person(view) for view in found))

    async def person(call: WebCall) -> OperatorPersonView:
        with _problems():
            return _person(await people.person(_person_id(call)))

    return (
        Route(
            method="GET",
            path="/operator/people",
            handler=page,
            access=PEOPLE_VIEWERS,
            summary="Look people up",
            tags=("operators",),
            query=PeopleQuery,
            answer=PeoplePage,
            problems=(AWAY,),
        ),
        Route(
            method="GET",
            path="/operator/people/{person_id}",
            handler=person,
            access=PEOPLE_VIEWERS,
            summary="See a person",
            tags=("operators",),
            answer=OperatorPersonView,
            problems=(AWAY, NOT_FOUND),
        ),
    )


def _people_acts(people: PeopleOperations) -> tuple[Route, ...]:
    async def lock(call: WebCall) -> OperatorPersonView:
        with _problems():
            return _person(await people.lock(call.person, _person_id(call), call.request_id))

    async def unlock(call: WebCall) -> OperatorPersonView:
        with _problems():
            return _person(await people.unlock(call.person, _person_id(call), call.request_id))

    async def end_sessions(call: WebCall) -> OperatorPersonView:
        with _problems():
            return _person(
                await people.end_sessions(call.person, _person_id(call), call.request_id)
            )

    async def remove_factors(call: WebCall) -> OperatorPersonView:
        with _problems():
            return _person(
                await people.remove_factors(call.person, _person_id(call), call.request_id)
            )

    async def set_roles(call: WebCall) -> OperatorPersonView:
        roles = frozenset(call.read(NewRoles).roles)
        with _problems():
            return _person(
                await people.set_roles(call.person, _person_id(call), roles, call.request_id)
            )

    support = Access.operator(_SUPPORT, stepped_up=True)
    acts = (
        ("POST", "lock", lock, support, "Lock somebody out", None),
        ("POST", "unlock", unlock, support, "Let somebody in again", None),
        ("POST", "end-sessions", end_sessions, support, "End somebody's sessions", None),
        (
            "POST",
            "remove-factors",
            remove_factors,
            support,
            "Forget the second factors that somebody has lost",
            None,
        ),
        (
            "PUT",
            "roles",
            set_roles,
            Access.operator(OperatorRole.ADMIN, stepped_up=True),
            "Say what somebody may do as an operator",
            NewRoles,
        ),
    )
    return tuple(
        Route(
            method=method,
            path=f"/operator/people/{{person_id}}/{name}",
            handler=handler,
            access=access,
            summary=summary,
            tags=("operators",),
            body=body,
            answer=OperatorPersonView,
            problems=_ACT_PROBLEMS,
        )
        for method, name, handler, access, summary, body in acts
    )


def _audit_route(audit: AuditTrail) -> Route:
    async def page(call: WebCall) -> AuditPage:
        asked = call.asked(AuditQuery)
        wanted = AuditFilter(asked.actor, asked.action, asked.object)
        try:
            found = await audit.newest(asked.limit, before=asked.before, wanted=wanted)
        except AuditError as error:
            raise AWAY.problem("The audit log cannot be read.") from error
        return AuditPage(records=tuple(_record(record) for record in found))

    return Route(
        method="GET",
        path="/operator/audit",
        handler=page,
        access=Access.operator(_AUDITOR),
        summary="See who did what",
        tags=("operators",),
        query=AuditQuery,
        answer=AuditPage,
        problems=(AWAY,),
    )


@contextmanager
def _problems() -> Iterator[None]:
    """Say in the terms of `/x/v1` what operations raise."""
    try:
        yield
    except NoSuchThingError as error:
        raise NOT_FOUND.problem() from error
    except OperationRefusedError as error:
        raise REFUSED.problem(str(error)) from error
    except OperationsAwayError as error:
        raise AWAY.problem("Look before you repeat it.") from error


def _person_id(call: WebCall) -> int:
    text = call.path["person_id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise NOT_FOUND.problem()
    return int(text)


def _market(state: MarketState) -> MarketView:
    return MarketView(
        symbol=state.symbol,
        base=state.base,
        quote=state.quote,
        status=state.status,
        tick=state.tick,
        lot=state.lot,
        version=state.version,
        filters=dict(state.filters),
    )


def _health(found: Health) -> HealthView:
    return HealthView(
        version=found.version,
        started_us=found.started_us,
        now_us=found.now_us,
        is_open=found.is_open,
        gauges=tuple(
            GaugeView(
                name=gauge.name,
                value=gauge.value,
                meaning=gauge.meaning,
                is_alarming=gauge.is_alarming,
            )
            for gauge in found.gauges
        ),
    )


def _conservation(found: Conservation) -> ConservationView:
    return ConservationView(
        seq=found.seq,
        time_us=found.time_us,
        is_conserved=not found.negative_balances
        and all(asset.is_conserved for asset in found.assets),
        negative_balances=found.negative_balances,
        assets=tuple(
            AssetLedgerView(
                asset=asset.asset,
                free=asset.free,
                held=asset.held,
                fees=asset.fees,
                clearing=asset.clearing,
                outside=asset.outside,
                difference=asset.difference,
                is_conserved=asset.is_conserved,
            )
            for asset in found.assets
        ),
    )


def _fees(found: list[FeeRates]) -> FeesList:
    return FeesList(
        fees=tuple(
            FeesView(
                schedule=rates.schedule, symbol=rates.symbol, maker=rates.maker, taker=rates.taker
            )
            for rates in found
        )
    )


def _person(view: PersonView) -> OperatorPersonView:
    return OperatorPersonView(
        person_id=view.person_id,
        account_id=view.account_id,
        email=view.email,
        status=view.status,
        roles=tuple(sorted(view.roles)),
        factors=tuple(sorted(view.factors)),
        created_us=view.created_us,
        signed_in_us=view.signed_in_us,
        security_changed_us=view.security_changed_us,
    )


def _record(record: AuditRecord) -> AuditRecordView:
    return AuditRecordView(
        n=record.number,
        time_us=record.time_us,
        actor=record.actor,
        action=record.action,
        object=record.target,
        details=dict(record.details),
        request_id=record.request_id,
        digest=record.digest.hex(),
    )
