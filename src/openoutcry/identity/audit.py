"""The chain of the audit log: how a record is hashed, appended, and held against its neighbours.

The canonical form of a record is a JSON object of its fields in the order of their names, without
spaces, in ASCII; its digest is the SHA-256 of that. See docs/internals/audit.md.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from openoutcry.ports.audit import (
    DETAILS_MAX,
    EVERY_RECORD,
    GENESIS,
    NO_DETAILS,
    TEXT_CHARACTERS_MAX,
    AuditError,
    AuditFilter,
    AuditFinding,
    AuditHead,
    AuditRecord,
    AuditReport,
    AuditStore,
)

FINDINGS_MAX = 100
"""A log that was rewritten is not described record by record."""
_PAGE_RECORDS = 1_000
_CUT = "…"


def digest_of(record: AuditRecord) -> bytes:
    """Return the digest that belongs to a record's other fields."""
    canonical = json.dumps(
        {
            "action": record.action,
            "actor": record.actor,
            "details": dict(record.details),
            "n": record.number,
            "object": record.target,
            "previous": record.previous.hex(),
            "request_id": record.request_id,
            "time_us": record.time_us,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    )
    return hashlib.sha256(canonical.encode()).digest()


def follow(head: AuditHead, record: AuditRecord) -> AuditRecord:
    """Return a record as the next one after a head."""
    placed = replace(record, number=head.number + 1, previous=head.digest)
    return replace(placed, digest=digest_of(placed))


class AuditLog:
    """`AuditTrail` over a store."""

    def __init__(self, store: AuditStore, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock

    async def record(
        self,
        actor: str,
        action: str,
        target: str,
        details: Mapping[str, str] = NO_DETAILS,
        request_id: str = "",
    ) -> AuditRecord:
        """Record an act durably; raises AuditError."""
        if not (actor and action):
            raise AuditError("a record names who acted and what was done")
        if len(details) > DETAILS_MAX:
            raise AuditError(f"a record has at most {DETAILS_MAX} details")
        unplaced = AuditRecord(
            number=0,
            time_us=self._clock(),
            actor=_plain(actor),
            action=_plain(action),
            target=_plain(target),
            details={_plain(name): _plain(value) for name, value in details.items()},
            request_id=_plain(request_id),
            previous=GENESIS,
            digest=GENESIS,
        )
        return await self._store.append(lambda head: follow(head, unplaced))

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        return await self._store.newest(limit, before=before, wanted=wanted)

    async def verify(self, known: AuditHead | None = None) -> AuditReport:
        """Look at the whole log; `known` is a head that was written down elsewhere before."""
        return await verify(self._store, known)


def _plain(text: str) -> str:
    """Return a text that every store keeps as it is: bounded, and Unicode through and through."""
    if len(text) > TEXT_CHARACTERS_MAX:
        text = text[: TEXT_CHARACTERS_MAX - 1] + _CUT
    return text.encode("utf-8", "replace").decode().replace("\0", "�")


async def verify(store: AuditStore, known: AuditHead | None = None) -> AuditReport:
    """Walk the chain and hold its end against the head; the log may grow meanwhile."""
    walk = _Walk()
    before = await store.head()
    marks = {mark.number: mark.digest for mark in (before, known) if mark is not None}
    after: int | None = None
    while page := await store.records(after, _PAGE_RECORDS):
        for record in page:
            walk.step(record, marks.get(record.number))
        after = page[-1].number
    walk.end(before, await store.head(), known)
    return AuditReport(walk.count, walk.last, tuple(walk.findings[:FINDINGS_MAX]))


class _Walk:
    """One pass over the records, the oldest first."""

    def __init__(self) -> None:
        self.last = AuditHead()
        self.count = 0
        self.findings: list[AuditFinding] = []

    def step(self, record: AuditRecord, expected: bytes | None) -> None:
        """Hold a record against itself, the one before it and the digest known of it."""
        number, due = record.number, self.last.number + 1
        self.count += 1
        if number < due:
            self._found(number, f"record {number} was put in")
            return
        if number > due:
            self._found(due, f"records {due} to {number - 1} are missing")
        if not hmac.compare_digest(digest_of(record), record.digest):
            self._found(number, f"record {number} is not what was written")
        if number == due and not hmac.compare_digest(record.previous, self.last.digest):
            self._found(number, f"record {number} does not follow record {number - 1}")
        if expected is not None and not hmac.compare_digest(record.digest, expected):
            self._found(number, f"record {number} is not the one that the head names")
        self.last = AuditHead(number, record.digest)

    def end(self, before: AuditHead, after: AuditHead, known: AuditHead | None) -> None:
        """Hold the end of the records against the head, and against one known from elsewhere."""
        last = self.last
        if last.number < before.number:
            self._found(
                last.number + 1,
                f"the head names record {before.number}, and the log ends with {last.number}",
            )
        elif last.number > after.number:
            self._found(
                after.number + 1,
                f"the log goes on to record {last.number}, past its head at {after.number}",
            )
        elif last.number == after.number and last.digest != after.digest:
            self._found(last.number, f"record {last.number} is not the one that the head names")
        if known is not None and known.number > last.number:
            self._found(
                last.number + 1,
                f"record {known.number} was there, and the log ends with {last.number}",
            )

    def _found(self, number: int, what: str) -> None:
        finding = AuditFinding(number, what)
        if len(self.findings) < FINDINGS_MAX and finding not in self.findings:
            self.findings.append(finding)
