"""What an API call is, whatever protocol carries it, and what its handlers share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from openoutcry.ports.calls import Calls
from openoutcry.ports.feeds import AccountFeed, EveryAccount, Feed
from openoutcry.ports.history import History
from openoutcry.ports.rate_limits import RateLimiter
from openoutcry.ports.users import ApiKey, ApiKeys, ListenKeys
from openoutcry.ports.wallet_desk import WalletDesk

if TYPE_CHECKING:
    from openoutcry.gateways.edge.catalog import Catalog
    from openoutcry.ports.market_data import MarketData

SIGNING = ("signature", "timestamp", "recvWindow")
"""Parameters that say who calls and when, and not what."""
NO_HEADERS: Mapping[str, str] = {}


class ApiError(Exception):
    """A refusal in the API's own words: `{"code": .., "msg": ..}` with an HTTP status."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        data: object | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.data = data
        self.headers = headers


@dataclass(slots=True)
class Request:
    """One HTTP request. `query` is raw, header names are lower case, `peer_ip` is the socket's."""

    method: str
    path: str
    query: str
    body: bytes
    headers: Mapping[str, str]
    peer_ip: str


@dataclass(slots=True)
class Response:
    """One HTTP response; `headers` are those beyond what the server adds itself."""

    status: int
    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    content_type: str = "application/json;charset=UTF-8"
    head: bytes = b""
    """Header lines made already, each with its line end."""


class Answer(Protocol):
    """Where an application puts the response to a request; what comes late is dropped."""

    def respond(self, response: Response) -> None:
        """Send the response."""
        ...


@dataclass(slots=True)
class Exchange:
    """The ports and live tables that handlers share; the application builds it once."""

    calls: Calls
    history: History
    market_data: "MarketData"
    keys: ApiKeys
    feed: Feed
    catalog: "Catalog"
    limiter: RateLimiter
    listen_keys: ListenKeys
    clock: Callable[[], int]
    """Wall clock in microseconds."""
    accounts: AccountFeed = field(default_factory=EveryAccount)
    """The part of the feed that has to be told whose events somebody listens to."""
    wallets: WalletDesk | None = None
    """Money in and out; None where the exchange has none of it."""
    is_open: Callable[[], bool] = lambda: True
    """Whether every part of the exchange takes orders: what a ping asks."""


class Security(Enum):
    """What an endpoint asks of its caller."""

    NONE = "NONE"
    """Anyone."""
    KEY = "USER_STREAM"
    """An API key in the header, no signature."""
    READ = "USER_DATA"
    """A signed request by a key that may read."""
    TRADE = "TRADE"
    """A signed request by a key that may trade, in the market that it names."""
    WITHDRAW = "WITHDRAW"
    """A signed request by a key that may withdraw."""


@dataclass(slots=True)
class Call:
    """One call on its way to its handler: authenticated, counted, its parameters decoded.

    `parameters` holds neither `signature`, `timestamp` nor `recvWindow` nor `apiKey`.
    """

    exchange: Exchange
    parameters: dict[str, str]
    peer_ip: str
    now_us: int
    microseconds: bool = False
    """Times in the reply are in microseconds, not milliseconds."""
    key: ApiKey | None = None
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    orders_counted: bool = False
    """The reply shows the account's order counts (`X-MBX-ORDER-COUNT-..`)."""

    @property
    def account_id(self) -> int:
        """The account of the key; only signed calls have one."""
        assert self.key is not None
        return self.key.account_id

    def time(self, time_us: int) -> int:
        """Return a time in the unit that the caller asked for."""
        return time_us if self.microseconds else time_us // 1000


Body = bytes
"""The JSON of a successful reply."""
Handler = Callable[[Call], Body | Awaitable[Body]]
"""Answers a call with JSON, at once or awaited; raises ApiError."""
Weight = int | Callable[[Mapping[str, str]], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of the API: who may call it, what it weighs, which parameters it reads."""

    method: str
    path: str
    handler: Handler
    parameters: frozenset[str] = frozenset()
    weight: Weight = 1
    security: Security = Security.NONE
    free_on_success: bool = False
    """Orders and cancels weigh nothing when they succeed."""
    light: bool = False
    """Awaits nothing but the exchange's calls, so that it needs no task of its own."""
    lenient: bool = False
    """Parameters that nobody reads are passed over, as old clients send them."""
