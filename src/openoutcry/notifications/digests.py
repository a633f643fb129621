"""What of a committed batch may be worth telling somebody: taken out at once, thought about later.

It runs for every batch in the partition's own thread, so it decodes few fields, and most batches
leave nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from openoutcry.codec.records import Picked
from openoutcry.core.enums import BalanceCause, Execution, OrderStatus, Reason
from openoutcry.core.limits import SHARD_BITS
from openoutcry.core.records import BalanceEvent, OrderEvent, TradeEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.people import FIRST_PERSON_ID

_ORDER = Picked(
    OrderEvent,
    "index",
    "account_id",
    "order_id",
    "market",
    "side",
    "status",
    "execution",
    "reason",
    "executed_lots",
    "last_ticks",
    "last_lots",
    "fee_atoms",
)
_TRADE = Picked(TradeEvent, "index", "market", "price_ticks")
_FIRST_ACCOUNT_ID = FIRST_PERSON_ID << SHARD_BITS
_EXECUTED = int(Execution.TRADE)
_ENDED = frozenset(
    (
        int(OrderStatus.CANCELED),
        int(OrderStatus.EXPIRED),
        int(OrderStatus.EXPIRED_IN_MATCH),
    )
)
_OF_ITS_OWN_ACCORD = int(Reason.CANCELED_BY_USER)
_BUDGET_SPENT = int(Reason.BUDGET_SPENT)


class OrderNote(NamedTuple):
    """An event of a person's order: it traded, or it ended and nobody had asked for that."""

    place: int
    account_id: int
    order_id: int
    market: int
    side: int
    status: int
    execution: int
    reason: int
    executed_lots: int
    last_ticks: int
    last_lots: int
    fee_atoms: int

    @property
    def person_id(self) -> int:
        """Whose order it is."""
        return person_of(self.account_id)

    @property
    def is_fill(self) -> bool:
        """Whether it traded."""
        return self.execution == _EXECUTED


class BalanceNote(NamedTuple):
    """A person's balance that something else than trading changed."""

    place: int
    person_id: int
    asset: int
    cause: BalanceCause
    amount_atoms: int


class PriceNote(NamedTuple):
    """A trade in a market that somebody has an alert for."""

    place: int
    market: int
    price_ticks: int


@dataclass(slots=True)
class Digest:
    """What is worth a thought in one batch, in the order of its events."""

    seq: int
    time_us: int
    orders: list[OrderNote] = field(default_factory=list)
    balances: list[BalanceNote] = field(default_factory=list)
    prices: list[PriceNote] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.orders or self.balances or self.prices)


def person_of(account_id: int) -> int:
    """Return whose account this is: people's ids are the numbers of their accounts."""
    return account_id >> SHARD_BITS


def digest_of(committed: Committed, watched: Collection[int]) -> Digest:
    """Return what is worth a thought; prices of the markets that are watched."""
    digest = Digest(committed.seq, committed.time_us)
    for fields in committed.pick(_ORDER):
        if fields[1] >= _FIRST_ACCOUNT_ID:
            note = OrderNote(*fields)
            if note.is_fill or _ended_by_others(note):
                digest.orders.append(note)
    for event in committed.of_type(BalanceEvent):
        if event.account_id >= _FIRST_ACCOUNT_ID:
            cause = BalanceCause(event.cause)
            person_id = person_of(event.account_id)
            digest.balances.append(
                BalanceNote(event.index, person_id, event.asset, cause, event.amount_atoms)
            )
    if watched:
        last: dict[int, int] = {}
        for index, market, price_ticks in committed.pick(_TRADE):
            if market in watched and last.get(market) != price_ticks:
                last[market] = price_ticks
                digest.prices.append(PriceNote(index, market, price_ticks))
    return digest


def _ended_by_others(note: OrderNote) -> bool:
    """Whether the order's end is news: neither its owner's wish nor a budget spent as meant."""
    if note.status not in _ENDED or note.reason == _OF_ITS_OWN_ACCORD:
        return False
    return not (note.reason == _BUDGET_SPENT and note.executed_lots)
