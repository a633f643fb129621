"""The double entries behind events: which account was debited, which credited, and why.

The kernel moves money only in these balanced pairs, inside one account shard. An event carries the
amounts, so that the journal of entries is a function of the events and is stored nowhere twice.
"""

from enum import IntEnum
from typing import NamedTuple

from openoutcry.core.enums import BalanceCause, Execution, HouseKind, Side
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import BalanceEvent, OrderEvent, OrderRequestedEvent


class Cause(IntEnum):
    """Why money moved."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    ADJUSTMENT = 3
    HOLD = 4
    RELEASE = 5
    TRADE = 6
    FEE = 7
    TRANSFER = 8


class Purse(IntEnum):
    """Where money lies: two purses of a user, three of the house in each account shard."""

    FREE = 1
    HELD = 2
    EXTERNAL = 3
    FEE = 4
    CLEARING = 5


HOUSE_KINDS = {
    Purse.EXTERNAL: HouseKind.EXTERNAL,
    Purse.FEE: HouseKind.FEE,
    Purse.CLEARING: HouseKind.CLEARING,
}


class Holder(NamedTuple):
    """One side of an entry: `owner` is an account id for FREE and HELD, a shard for the house's."""

    purse: Purse
    owner: int
    asset: int
    market: int = 0
    """Only of CLEARING."""


class Posting(NamedTuple):
    """`amount_atoms` (positive) leaves `debit` and reaches `credit`; both have the same asset."""

    cause: Cause
    debit: Holder
    credit: Holder
    amount_atoms: int


_CAUSES = {
    BalanceCause.DEPOSIT: Cause.DEPOSIT,
    BalanceCause.WITHDRAWAL: Cause.WITHDRAWAL,
    BalanceCause.ADJUSTMENT: Cause.ADJUSTMENT,
}


def postings_of_balance(event: BalanceEvent) -> list[Posting]:
    """Return the entry of a deposit, withdrawal or adjustment."""
    free = Holder(Purse.FREE, event.account_id, event.asset)
    outside = Holder(Purse.EXTERNAL, shard_of_account(event.account_id), event.asset)
    cause = _CAUSES[BalanceCause(event.cause)]
    if event.amount_atoms < 0:
        return [Posting(cause, free, outside, -event.amount_atoms)]
    return [Posting(cause, outside, free, event.amount_atoms)]


def postings_of_order(
    event: OrderEvent | OrderRequestedEvent, base_asset: int, quote_asset: int
) -> list[Posting]:
    """Return the entries of one order event, in the order in which the kernel makes them."""
    account, shard = event.account_id, shard_of_account(event.account_id)
    buys = event.side == Side.BUY
    paying, receiving = (quote_asset, base_asset) if buys else (base_asset, quote_asset)
    free, held = (Holder(purse, account, paying) for purse in (Purse.FREE, Purse.HELD))
    clearing_in = Holder(Purse.CLEARING, shard, paying, event.market)
    clearing_out = Holder(Purse.CLEARING, shard, receiving, event.market)
    received = Holder(Purse.FREE, account, receiving)
    fees = Holder(Purse.FEE, shard, receiving)
    # A transfer between accounts of one trade group is a prevented match that moves money.
    prevented = event.execution == Execution.TRADE_PREVENTION
    swap = Cause.TRANSFER if prevented else Cause.TRADE
    entries = (
        Posting(Cause.HOLD, free, held, event.held_atoms),
        Posting(swap, held, clearing_in, event.paid_atoms),
        Posting(Cause.RELEASE, held, free, event.released_atoms),
        Posting(swap, clearing_out, received, event.received_atoms),
        Posting(Cause.FEE, received, fees, event.fee_atoms),
    )
    return [entry for entry in entries if entry.amount_atoms]
