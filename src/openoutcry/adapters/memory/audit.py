"""The audit log in a list: for tests and for exchanges that live no longer than their process."""

from collections.abc import Callable

from openoutcry.ports.audit import EVERY_RECORD, AuditFilter, AuditHead, AuditRecord


class MemoryAudit:
    """`AuditStore` in memory."""

    def __init__(self) -> None:
        self._records: list[AuditRecord] = []
        self._head = AuditHead()

    async def append(self, make: Callable[[AuditHead], AuditRecord]) -> AuditRecord:
        """Keep the next record and move the head."""
        record = make(self._head)
        self._records.append(record)
        self._head = AuditHead(record.number, record.digest)
        return record

    async def head(self) -> AuditHead:
        """Return the head."""
        return self._head

    async def records(self, after: int | None, limit: int) -> list[AuditRecord]:
        """Return records numbered above `after`, or from the first on, the oldest first."""
        found = [record for record in self._records if after is None or record.number > after]
        return found[:limit]

    async def newest(
        self, limit: int, *, before: int | None = None, wanted: AuditFilter = EVERY_RECORD
    ) -> list[AuditRecord]:
        """Return records that are wanted, numbered below `before`, the newest first."""
        found = [
            record
            for record in reversed(self._records)
            if (before is None or record.number < before) and _is_wanted(record, wanted)
        ]
        return found[:limit]


def _is_wanted(record: AuditRecord, wanted: AuditFilter) -> bool:
    return (
        wanted.actor in {None, record.actor}
        and wanted.target in {None, record.target}
        and (
            wanted.action in {None, record.action} or record.action.startswith(f"{wanted.action}.")
        )
    )
