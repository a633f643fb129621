"""The audit log: who did what beside trading, in records that are chained by their hashes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

DIGEST_BYTES = 32
GENESIS = bytes(DIGEST_BYTES)
"""What the first record follows."""
TEXT_CHARACTERS_MAX = 1_024
"""The longest text of a record; a longer one is cut, its cut end marked."""
DETAILS_MAX = 64
NO_DETAILS: Mapping[str, str] = {}

CONSOLE = "console"
"""The actor behind `outcry admin`: whoever may use the data folder."""
SYSTEM = "system"
"""The actor when the exchange does something by itself."""


class AuditError(Exception):
    """The log cannot be read or written; the message says why. What was to be recorded is not."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act. `digest` covers everything else, `previous` is the digest of the record before."""

    number: int
    """From 1, without gaps."""
    time_us: int
    actor: str
    """`person:ID`, `account:ID`, CONSOLE or SYSTEM."""
    action: str
    """What was done, as `noun.verb`: `key.create`, `market.halt`."""
    target: str
    """To what it was done, as `noun:name`: `market:BTCUSD`, `person:1000001`."""
    details: Mapping[str, str]
    request_id: str
    previous: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the log ends: the number and the digest of its last record."""

    number: int = 0
    digest: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are looked for; what is None does not matter."""

    actor: str | None = None
    action: str | None = None
    """This action, or all actions of a noun: `market` finds `market.halt`."""
    target: str | None = None


EVERY_RECORD = AuditFilter()


class AuditStore(Protocol):
    """Keeps records and, apart from them, the head. Each method may raise AuditError."""

    async def append(self, make: Callable[[AuditHead], AuditRecord]) -> AuditRecord:
        """Store what `make` returns for the head as it is, and move the head, durably and at once.

        Appends that meet come one after the other. `make` awaits nothing.
        """
        ...

    async def head(self) -> AuditHead:
        """Return the head as it is kept, whatever the records say."""
        ...

    async def records(self, after: int | None, limit: int) -> list[AuditRecord]:
        """Return records numbered above `after`, or from the first on, the oldest first."""
        ...

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        ...


class Audit(Protocol):
    """Where acts are recorded."""

    async def record(
        self,
        actor: str,
        action: str,
        target: str,
        details: Mapping[str, str] = NO_DETAILS,
        request_id: str = "",
    ) -> AuditRecord:
        """Record an act durably; raises AuditError. Secrets never go into a record."""
        ...


def person_actor(person_id: int) -> str:
    """Return how a person is named in records."""
    return f"person:{person_id}"


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One place where the log is not as it was written."""

    number: int
    """The record at which it shows."""
    what: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a look at the whole log has found."""

    records: int
    head: AuditHead
    findings: tuple[AuditFinding, ...] = field(default_factory=tuple)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class AuditTrail(Audit, Protocol):
    """What operators see of the log, beside the recording. Each method may raise AuditError."""

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        ...

    async def verify(self, known: AuditHead | None = None) -> AuditReport:
        """Look at the whole log; `known` is a head that was written down elsewhere before."""
        ...
