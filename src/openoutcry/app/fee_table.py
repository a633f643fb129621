"""What fee schedules charge, as the kernel has it: read once at the start, then kept by events."""

from collections.abc import Iterator

from openoutcry.core.enums import RowKind
from openoutcry.core.records import Event, FeesEvent, FeesRow
from openoutcry.ports.feeds import Committed

_SIZE_BYTES = 2
_KIND = 2
_KINDS: frozenset[type[Event]] = frozenset((FeesEvent,))


class FeeTable:
    """Rates in units of 1e-8 by (schedule, market); market 0 is every market without its own."""

    def __init__(self) -> None:
        self._rates: dict[tuple[int, int], tuple[int, int]] = {}

    def load(self, rows: bytes) -> None:
        """Take in the fees of a snapshot's rows."""
        for row in _fees_rows(rows):
            self._rates[row.schedule, row.market] = (row.maker_rate, row.taker_rate)

    def on_committed(self, batch: Committed) -> None:
        """Take in what a batch changes (a feed listener)."""
        if not batch.has_any(_KINDS):
            return
        for event in batch.events:
            if isinstance(event, FeesEvent):
                rates = (event.maker_rate, event.taker_rate)
                self._rates[event.schedule, event.market] = rates

    def rates(self) -> list[tuple[int, int, int, int]]:
        """Return (schedule, market, maker, taker) of all that was set, in order."""
        return [(*key, *self._rates[key]) for key in sorted(self._rates)]


def _fees_rows(rows: bytes) -> Iterator[FeesRow]:
    """Return the rows of fees; they come early, and nothing behind them is looked at."""
    place = 0
    while place < len(rows):
        kind = rows[place + _KIND]
        if kind > RowKind.FEES:
            return
        if kind == RowKind.FEES:
            yield FeesRow.unpack(rows, place)
        place += int.from_bytes(rows[place : place + _SIZE_BYTES], "little")
