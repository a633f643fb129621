"""Rows of the query store's ledger: one for each event that changes what an account has.

A row of an order names its market, whose assets the reader knows; a row of a deposit, withdrawal or
adjustment names its asset.
"""

from openoutcry.core.enums import Execution
from openoutcry.core.postings import Cause, postings_of_balance
from openoutcry.core.records import BalanceEvent
from openoutcry.ports.history import OrderState
from openoutcry.ports.ledger import ENTRIES_PER_EVENT

EntryRow = tuple[int, ...]

COLUMNS = (
    "time_us, seq, number, cause, asset, market, side, order_id, trade_id, reference,"
    " paid_atoms, received_atoms, fee_atoms"
)
PUT_ENTRY = f"INSERT INTO ledger VALUES({', '.join('?' * 14)})"

_TRADE = int(Execution.TRADE)
_BY_TRADE = int(Cause.TRADE)
_BY_TRANSFER = int(Cause.TRANSFER)
_SIGN = 1 << 63
_WORD = 1 << 64


def order_row(event: OrderState) -> EntryRow:
    """Return the row of a fill, or of a transfer by a prevented match."""
    is_trade = event.execution == _TRADE
    return (
        event.account_id,
        event.time_us,
        event.seq,
        event.index * ENTRIES_PER_EVENT,
        _BY_TRADE if is_trade else _BY_TRANSFER,
        0,
        event.market,
        event.side,
        event.order_id,
        event.match_id if is_trade else 0,
        0,
        event.paid_atoms,
        event.received_atoms,
        event.fee_atoms,
    )


def balance_row(event: BalanceEvent) -> EntryRow:
    """Return the row of a deposit, withdrawal or adjustment."""
    (posting,) = postings_of_balance(event)
    return (
        event.account_id,
        event.time_us,
        event.seq,
        event.index * ENTRIES_PER_EVENT,
        int(posting.cause),
        event.asset,
        0,
        0,
        0,
        0,
        to_stored(event.reference),
        max(-event.amount_atoms, 0),
        max(event.amount_atoms, 0),
        0,
    )


def to_stored(reference: int) -> int:
    """Return a 64-bit reference as SQLite keeps integers: signed."""
    return reference - _WORD if reference >= _SIGN else reference


def from_stored(reference: int) -> int:
    """Return what `to_stored` was given."""
    return reference + _WORD if reference < 0 else reference
