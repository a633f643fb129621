"""What operators see of an exchange and do to it, as a console asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from openoutcry.ports.people import OperatorRole, PersonView, SessionView


class OperationRefusedError(Exception):
    """It is not done; the message is for the operator."""


class NoSuchThingError(Exception):
    """There is no such market or person."""


class OperationsAwayError(Exception):
    """It cannot be done or seen now; whether something was done is shown by looking again."""


@dataclass(frozen=True, slots=True)
class MarketState:
    """A market, with its amounts as decimals."""

    symbol: str
    base: str
    quote: str
    status: str
    tick: str
    lot: str
    version: int
    """Grows with each change of its specification."""
    filters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FilterMeaning:
    """A filter that can be set: what it does and how it is written."""

    name: str
    meaning: str
    unit: str


@dataclass(frozen=True, slots=True)
class FeeRates:
    """What a schedule charges in a market."""

    schedule: int
    """0 is everybody's who has no other."""
    symbol: str
    """Empty: in every market that has no rates of its own."""
    maker: str
    taker: str


@dataclass(frozen=True, slots=True)
class AssetLedger:
    """All of one asset: the sum of its parts is zero, or money was made or lost."""

    asset: str
    free: str
    """Of all accounts together."""
    held: str
    fees: str
    clearing: str
    """Between two sides of a trade; nothing while nothing is under way."""
    outside: str
    """What came in less what went out, as the outside's debt: below zero or zero."""
    difference: str
    """The sum of all these: zero."""
    is_conserved: bool


@dataclass(frozen=True, slots=True)
class Conservation:
    """The money of the whole exchange as of one batch of its journal."""

    seq: int
    time_us: int
    assets: tuple[AssetLedger, ...]
    negative_balances: int
    """Balances below zero: there are none."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure of health: a depth, a lag, a count."""

    name: str
    value: int
    meaning: str
    is_alarming: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """How the exchange is."""

    version: str
    started_us: int
    now_us: int
    is_open: bool
    """It takes orders."""
    gauges: tuple[Gauge, ...]


class Operations(Protocol):
    """Operators' work on markets and money; each act is recorded, with who asked for it, first.

    Who may do what is decided by who calls this. Each method may raise OperationsAwayError.
    """

    async def health(self) -> Health:
        """Return how the exchange is now."""
        ...

    async def markets(self) -> list[MarketState]:
        """Return all markets."""
        ...

    def filter_meanings(self) -> list[FilterMeaning]:
        """Return the filters that can be set."""
        ...

    async def set_status(
        self, operator: SessionView, symbol: str, status: str, request_id: str
    ) -> MarketState:
        """Open, halt or close a market; raises NoSuchThingError, OperationRefusedError."""
        ...

    async def set_filters(
        self, operator: SessionView, symbol: str, filters: Mapping[str, str], request_id: str
    ) -> MarketState:
        """Change some filters of a market; raises NoSuchThingError, OperationRefusedError."""
        ...

    async def fees(self) -> list[FeeRates]:
        """Return all rates that were set, by schedule and market."""
        ...

    async def set_fees(
        self, operator: SessionView, rates: FeeRates, request_id: str
    ) -> list[FeeRates]:
        """Set what a schedule charges; raises NoSuchThingError, OperationRefusedError."""
        ...

    async def conservation(self) -> Conservation:
        """Add all money up, as of a moment ago."""
        ...


class PeopleOperations(Protocol):
    """Operators' work with people; each act is recorded, with who asked for it, first.

    Nobody does anything to themselves, and operators are for administrators alone. Each method may
    raise OperationsAwayError.
    """

    async def people(self, containing: str, after_person_id: int, limit: int) -> list[PersonView]:
        """Return people by id whose address contains a text."""
        ...

    async def person(self, person_id: int) -> PersonView:
        """Return one; raises NoSuchThingError."""
        ...

    async def lock(self, operator: SessionView, person_id: int, request_id: str) -> PersonView:
        """Shut somebody out: sessions end, keys are suspended.

        Raises NoSuchThingError, OperationRefusedError.
        """
        ...

    async def unlock(self, operator: SessionView, person_id: int, request_id: str) -> PersonView:
        """Let somebody in again, and their keys; raises NoSuchThingError, OperationRefusedError."""
        ...

    async def end_sessions(
        self, operator: SessionView, person_id: int, request_id: str
    ) -> PersonView:
        """Have somebody sign in anew; raises NoSuchThingError, OperationRefusedError."""
        ...

    async def remove_factors(
        self, operator: SessionView, person_id: int, request_id: str
    ) -> PersonView:
        """Forget the second factors that somebody has lost; their sessions end.

        Raises NoSuchThingError, OperationRefusedError.
        """
        ...

    async def set_roles(
        self,
        operator: SessionView,
        person_id: int,
        roles: frozenset[OperatorRole],
        request_id: str,
    ) -> PersonView:
        """Make somebody an operator, or none; raises NoSuchThingError, OperationRefusedError."""
        ...
