"""What a route of `/x/v1` is made of, for the modules that declare routes.

A module exports `routes(service) -> tuple[Route, ...]`. A handler takes a `WebCall`, whose body and
query have been read into the route's own types, and returns the answer or raises a problem:

    NAME_TAKEN = ProblemType("NAME_TAKEN", 409, "The name is taken")

    class Rename(Input, frozen=True):
        name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]

    async def rename(call: WebCall) -> Renamed:
        wanted = call.read(Rename)
        if not await service.rename(call.person.person_id, wanted.name):
            raise NAME_TAKEN.problem("Somebody has it already.", field="name")
        return Renamed(name=wanted.name)
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from openoutcry.ports.people import OperatorRole, SessionView

PREFIX = "/x/v1"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

AMOUNT_PATTERN = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$(?!\n)"
"""A decimal as people write money; the look-ahead refuses the line end that `$` lets pass."""
Amount = Annotated[
    str,
    msgspec.Meta(
        pattern=AMOUNT_PATTERN, max_length=37, description="A decimal number", examples=["0.25"]
    ),
]
"""Money or a price in a body: a decimal string, never a JSON number."""


class Input(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all bodies and queries derive from: a field that nobody knows is refused."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """What answers derive from."""


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal as RFC 9457 has it, with a code to decide by and the fields that it is about."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal of a request; ends the handler that raises it."""

    def __init__(
        self,
        *,
        code: str,
        status: int,
        title: str,
        detail: str = "",
        field: str = "",
        errors: Sequence[FieldError] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(f"{code}: {detail or title}")
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail
        if field:
            errors = (*errors, FieldError(field, detail or title))
        self.errors = tuple(errors)
        self.headers = tuple(headers)

    def body(self) -> ProblemBody:
        """Return what is sent."""
        return ProblemBody(
            type=f"urn:openoutcry:problem:{self.code}",
            title=self.title,
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors,
        )


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal that a route names among its `problems`, so that it is documented."""

    code: str
    status: int
    title: str

    def __post_init__(self) -> None:
        """Hold the code to its spelling: it is part of the interface."""
        assert self.code.isascii()
        assert self.code.replace("_", "").isalnum()
        assert self.code == self.code.upper()
        assert 400 <= self.status <= 599

    def problem(
        self,
        detail: str = "",
        *,
        field: str = "",
        errors: Sequence[FieldError] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> Problem:
        """Return one refusal of this kind, to be raised."""
        return Problem(
            code=self.code,
            status=self.status,
            title=self.title,
            detail=detail,
            field=field,
            errors=errors,
            headers=headers,
        )


class Level(Enum):
    """How much a route asks to know of its caller."""

    PUBLIC = "anyone"
    SESSION = "signed in"
    STEPPED_UP = "signed in, and confirmed again in the last five minutes"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call a route: `Access.PUBLIC`, `.SESSION`, `.STEPPED_UP` or `.operator(role)`."""

    level: Level
    roles: tuple[OperatorRole, ...] = ()
    """Operators of one of these roles, and administrators; none: whoever the level lets in."""

    PUBLIC: ClassVar["Access"]
    SESSION: ClassVar["Access"]
    STEPPED_UP: ClassVar["Access"]

    @classmethod
    def operator(cls, *roles: OperatorRole, stepped_up: bool = False) -> "Access":
        """Return what lets in operators of these roles alone, and administrators."""
        assert roles, "an operator's route is for some role"
        return cls(Level.STEPPED_UP if stepped_up else Level.SESSION, roles)


Access.PUBLIC = Access(Level.PUBLIC)
Access.SESSION = Access(Level.SESSION)
Access.STEPPED_UP = Access(Level.STEPPED_UP)


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is no JSON: a file to keep. Its media type is the route's `media`."""

    body: bytes
    media: str
    file_name: str = ""

    def __post_init__(self) -> None:
        """A file name goes into a header, so it is made of harmless characters only."""
        assert all(letter.isascii() and letter not in '"\\\r\n;' for letter in self.file_name)


T = TypeVar("T")


@dataclass(slots=True)
class WebCall:
    """One call on its way to its handler: let in, its session found, its body and query read."""

    now_us: int
    request_id: str
    peer_ip: str
    user_agent: str
    origin: str
    """Where the page is that people see, as `https://exchange.example`: for links in mails."""
    path: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    query: Any = None
    session: SessionView | None = None
    session_token: str = field(default="", repr=False)
    """The secret of the session as its cookie has it; empty without a session."""
    cookie: tuple[str, int] | None = field(default=None, repr=False)
    """The session cookie to set and for how many seconds; no seconds take it away."""

    @property
    def person(self) -> SessionView:
        """The session of whoever calls; only routes that ask for one have it."""
        assert self.session is not None, "the route is for people who have signed in"
        return self.session

    def read(self, kind: type[T]) -> T:
        """Return the body as the type that the route declares."""
        assert isinstance(self.body, kind), "the route declares another body"
        return self.body

    def asked(self, kind: type[T]) -> T:
        """Return the query as the type that the route declares."""
        assert isinstance(self.query, kind), "the route declares another query"
        return self.query

    def start_session(self, token: str, seconds: int) -> None:
        """Give the caller a session cookie with the answer; it replaces any other."""
        assert token
        assert seconds > 0
        self.cookie = (token, seconds)

    def end_session(self) -> None:
        """Take the session cookie away with the answer."""
        self.cookie = ("", 0)


Handler = Callable[[WebCall], Awaitable[Any]]
"""Returns the route's answer, or raises Problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path of `/x/v1`, whole: the dispatcher and the description read it."""

    method: str
    path: str
    """Below the prefix, as `/me/sessions/{session_id}`."""
    handler: Handler
    access: Access
    summary: str
    tags: tuple[str, ...]
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    answer: Any = None
    """The type of the JSON answer; None answers 204 without a body."""
    problems: tuple[ProblemType, ...] = ()
    """What the handler raises; what the framework itself refuses is added to the description."""
    status: int = 200
    media: tuple[str, ...] = ()
    """Media types of `Document` answers, beside or instead of JSON."""
    weight: int = 1
    """What a call counts towards the request weight of its address."""
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse a route that cannot be served."""
        assert self.method in METHODS, self.method
        assert self.path.startswith("/"), self.path
        assert not self.path.startswith(PREFIX), self.path
        assert self.body is None or self.method != "GET", f"{self.path} reads a body by GET"
        assert self.tags, self.path
        assert self.summary, self.path
        for kind in (self.body, self.query):
            assert kind is None or kind.__struct_config__.forbid_unknown_fields, kind
