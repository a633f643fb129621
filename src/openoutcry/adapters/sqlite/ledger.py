"""`ports.ledger.Ledger` over the query store: entries made of its rows as they are read."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from openoutcry.adapters.sqlite.history import SqliteHistory
from openoutcry.adapters.sqlite.history_schema import TIME_US_MAX
from openoutcry.adapters.sqlite.ledger_rows import COLUMNS, EntryRow, from_stored, to_stored
from openoutcry.core.enums import Side
from openoutcry.core.postings import Cause
from openoutcry.ports.history import HistoryAwayError
from openoutcry.ports.ledger import START, LedgerEntry, Position

SEQ_MAX = (1 << 63) - 1
_LOW_BITS = (1 << 32) - 1
_T = TypeVar("_T")


class SqliteLedger:
    """Reads with the threads of the history, and makes entries there.

    `assets_of` returns base and quote of a market, and may be called in any thread.
    """

    def __init__(self, history: SqliteHistory, assets_of: Callable[[int], tuple[int, int]]) -> None:
        self._history = history
        self._assets_of = assets_of

    async def entries(
        self,
        seq: int,
        account_id: int,
        *,
        start_us: int = 0,
        end_us: int | None = None,
        after: Position = START,
        limit: int = 1000,
    ) -> Sequence[LedgerEntry]:
        """Return entries ascending: from `start_us` to before `end_us`, after a position."""
        values = (
            account_id,
            min(start_us, TIME_US_MAX),
            TIME_US_MAX if end_us is None else min(end_us, TIME_US_MAX),
            seq or SEQ_MAX,
            after.seq,
            after.seq,
            after.number,
            limit,
        )

        def read(database: sqlite3.Connection) -> list[LedgerEntry]:
            _check_reaches(database, seq)
            rows = database.execute(
                f"SELECT {COLUMNS} FROM ledger WHERE account_id = ? AND time_us >= ?"  # noqa: S608 - constants
                " AND time_us < ? AND seq <= ? AND (seq > ? OR (seq = ? AND number > ?))"
                " ORDER BY time_us, seq, number LIMIT ?",
                values,
            )
            return [entry for row in rows for entry in self._entries_of(account_id, row)]

        return await self._read(read, seq)

    async def sums(
        self, seq: int, account_id: int, before_us: int | None = None
    ) -> Mapping[int, int]:
        """Return, by asset, what all entries before a time add up to."""
        halves = ", ".join(
            f"sum({name}_atoms >> 32), sum({name}_atoms & {_LOW_BITS})"
            for name in ("paid", "received", "fee")
        )
        end_us = TIME_US_MAX if before_us is None else min(before_us, TIME_US_MAX)

        def read(database: sqlite3.Connection) -> list[EntryRow]:
            _check_reaches(database, seq)
            return database.execute(
                f"SELECT asset, market, side, {halves} FROM ledger"  # noqa: S608 - constants
                " WHERE account_id = ? AND time_us < ? AND seq <= ? GROUP BY asset, market, side",
                (account_id, end_us, seq or SEQ_MAX),
            ).fetchall()

        sums: Counter[int] = Counter()
        for asset, market, side, *parts in await self._read(read, seq):
            paid, received, fee = (high * (1 << 32) + low for high, low in _pairs(parts))
            paying, receiving = self._assets(asset, market, side)
            sums[paying] -= paid
            sums[receiving] += received - fee
        return dict(sums)

    async def find(self, seq: int, account_id: int, reference: int) -> LedgerEntry | None:
        """Return the entry that a command with this reference made, or None."""
        assert reference, "0 names nothing"

        def read(database: sqlite3.Connection) -> EntryRow | None:
            _check_reaches(database, seq)
            row: EntryRow | None = database.execute(
                f"SELECT {COLUMNS} FROM ledger INDEXED BY ledger_references"  # noqa: S608 - constants
                " WHERE account_id = ? AND reference = ? AND reference <> 0"
                " ORDER BY time_us, seq, number LIMIT 1",
                (account_id, to_stored(reference)),
            ).fetchone()
            return row

        row = await self._read(read, seq)
        return None if row is None else self._entries_of(account_id, row)[0]

    async def holder(self, seq: int, reference: int) -> int | None:
        """Return the account whose money a command with this reference moved, or None.

        It looks through the index of all references, for which an operator can wait.
        """
        assert reference, "0 names nothing"

        def read(database: sqlite3.Connection) -> int | None:
            _check_reaches(database, seq)
            row = database.execute(
                "SELECT account_id FROM ledger INDEXED BY ledger_references"
                " WHERE reference = ? AND reference <> 0 LIMIT 1",
                (to_stored(reference),),
            ).fetchone()
            return None if row is None else int(row[0])

        return await self._read(read, seq)

    async def begins_after(self) -> int:
        """Return the batch that the ledger begins after."""

        def read(database: sqlite3.Connection) -> int:
            return int(database.execute("SELECT begins_after FROM cursor").fetchone()[0])

        return await self._read(read, 0)

    async def _read(self, read: Callable[[sqlite3.Connection], _T], seq: int) -> _T:
        """Read as the history does; a store that is not there says nothing, least of all "no"."""

        def read_one(database: sqlite3.Connection) -> tuple[_T] | None:
            return (read(database),)

        found = await self._history.read(read_one, None, seq)
        if found is None:
            raise HistoryAwayError("there is no history now")
        return found[0]

    def _assets(self, asset: int, market: int, side: int) -> tuple[int, int]:
        """Return which asset is paid and which received."""
        if not market:
            return asset, asset
        base, quote = self._assets_of(market)
        return (quote, base) if side == Side.BUY else (base, quote)

    def _entries_of(self, account_id: int, row: EntryRow) -> list[LedgerEntry]:
        time_us, seq, number, cause, asset, market, side, order_id, trade_id, *rest = row
        reference, paid, received, fee = rest
        paying, receiving = self._assets(asset, market, side)
        found: list[LedgerEntry] = []
        for why, what, atoms in (
            (Cause(cause), paying, -paid),
            (Cause(cause), receiving, received),
            (Cause.FEE, receiving, -fee),
        ):
            if atoms:
                found.append(
                    LedgerEntry(
                        Position(seq, number + len(found)),
                        time_us,
                        account_id,
                        why,
                        what,
                        atoms,
                        market,
                        order_id,
                        trade_id,
                        from_stored(reference),
                    )
                )
        return found


def _check_reaches(database: sqlite3.Connection, seq: int) -> None:
    """Refuse to answer from a store that is being built again and is not there yet."""
    (reached,) = database.execute("SELECT seq FROM cursor").fetchone()
    if reached < seq:
        raise HistoryAwayError(f"the history reaches batch {reached} and not {seq} yet")


def _pairs(parts: list[int]) -> list[tuple[int, int]]:
    return list(zip(parts[::2], parts[1::2], strict=True))
