"""`ports.ledger.Ledger` from the feed, in this process's memory, for tests and simulations."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from openoutcry.core.enums import Execution
from openoutcry.core.postings import (
    Posting,
    Purse,
    postings_of_balance,
    postings_of_order,
)
from openoutcry.core.records import BalanceEvent, OrderEvent, OrderRequestedEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.ledger import ENTRIES_PER_EVENT, START, LedgerEntry, Position

_USERS = (Purse.FREE, Purse.HELD)


class MemoryLedger:
    """Keeps the entries of every account; `assets_of` returns base and quote of a market."""

    def __init__(self, assets_of: Callable[[int], tuple[int, int]]) -> None:
        self._assets_of = assets_of
        self._entries: dict[int, list[LedgerEntry]] = {}

    def take(self, batch: Committed) -> None:
        """Take in the next batch."""
        for event in batch.events:
            if isinstance(event, BalanceEvent):
                self._post(event, postings_of_balance(event), event.reference)
            elif isinstance(event, OrderEvent | OrderRequestedEvent):
                postings = postings_of_order(event, *self._assets_of(event.market))
                self._post(event, postings, 0)

    def _post(
        self,
        event: BalanceEvent | OrderEvent | OrderRequestedEvent,
        postings: Sequence[Posting],
        reference: int,
    ) -> None:
        entries = self._entries.setdefault(event.account_id, [])
        number = event.index * ENTRIES_PER_EVENT
        for posting in postings:
            amount = _amount(posting)
            if amount == 0:
                continue
            entry = LedgerEntry(
                Position(event.seq, number),
                event.time_us,
                event.account_id,
                posting.cause,
                posting.debit.asset,
                amount,
                reference=reference,
            )
            if not isinstance(event, BalanceEvent):
                trade = event.match_id if event.execution == Execution.TRADE else 0
                entry = entry._replace(market=event.market, order_id=event.order_id, trade_id=trade)
            entries.append(entry)
            number += 1

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
        found = [
            entry
            for entry in self._entries.get(account_id, ())
            if start_us <= entry.time_us
            and (not seq or entry.position.seq <= seq)
            and (end_us is None or entry.time_us < end_us)
            and entry.position > after
        ]
        last = found[limit - 1 : limit]
        if last:
            seq, number = last[0].position
            end = Position(seq, number // ENTRIES_PER_EVENT * ENTRIES_PER_EVENT + ENTRIES_PER_EVENT)
            found = [entry for entry in found if entry.position < end]
        return found

    async def sums(
        self, seq: int, account_id: int, before_us: int | None = None
    ) -> Mapping[int, int]:
        """Return, by asset, what all entries before a time add up to."""
        sums: Counter[int] = Counter()
        for entry in self._entries.get(account_id, ()):
            if seq and entry.position.seq > seq:
                break
            if before_us is None or entry.time_us < before_us:
                sums[entry.asset] += entry.amount_atoms
        return dict(sums)

    async def find(self, seq: int, account_id: int, reference: int) -> LedgerEntry | None:
        """Return the entry that a command with this reference made, or None."""
        del seq
        assert reference, "0 names nothing"
        for entry in self._entries.get(account_id, ()):
            if entry.reference == reference:
                return entry
        return None

    async def holder(self, seq: int, reference: int) -> int | None:
        """Return the account whose money a command with this reference moved, or None."""
        for account_id in self._entries:
            if await self.find(seq, account_id, reference) is not None:
                return account_id
        return None

    async def begins_after(self) -> int:
        """Return 0: nothing was pruned."""
        return 0


def _amount(posting: Posting) -> int:
    """Return what a posting adds to the account's two purses together."""
    into = posting.amount_atoms if posting.credit.purse in _USERS else 0
    out = posting.amount_atoms if posting.debit.purse in _USERS else 0
    return into - out
