"""What an account was given and what it gave, entry by entry: the base of statements.

Holds and releases move money between two purses of the same account and are not entries here. So
the entries of an account and asset add up to what it has: free and held together.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from openoutcry.core.postings import Cause


class Position(NamedTuple):
    """Where an entry stands in the journal of its account: positions ascend."""

    seq: int
    number: int


ENTRIES_PER_EVENT = 4
"""Numbers that are set aside for the entries of one event, from its index in the batch on."""
START = Position(0, -1)
"""Before every entry."""


class LedgerEntry(NamedTuple):
    """One change of what an account has of one asset; `amount_atoms` is signed."""

    position: Position
    time_us: int
    account_id: int
    cause: Cause
    asset: int
    amount_atoms: int
    market: int = 0
    order_id: int = 0
    trade_id: int = 0
    """Market, order and trade: of entries that come from an order; 0 otherwise."""
    reference: int = 0
    """What the command that moved the money called itself; 0 for trades."""


class Ledger(Protocol):
    """Entries of accounts. Each read waits for batch `seq` and is as of it; 0: as it finds them.

    Reads may raise HistoryAwayError.
    """

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
        """Return entries ascending, from `start_us` to before `end_us`, after one already returned.

        The entries of one event come together, so a few more than `limit` may be returned.
        """
        ...

    async def sums(
        self, seq: int, account_id: int, before_us: int | None = None
    ) -> Mapping[int, int]:
        """Return, by asset, what all entries before a time (None: all there are) add up to."""
        ...

    async def find(self, seq: int, account_id: int, reference: int) -> LedgerEntry | None:
        """Return the entry that a command with this reference (not 0) made, or None."""
        ...

    async def holder(self, seq: int, reference: int) -> int | None:
        """Return the account whose money a command with this reference (not 0) moved, or None."""
        ...

    async def begins_after(self) -> int:
        """Return the batch that the ledger begins after: 0 unless older rows were pruned."""
        ...
