"""What a refusal says of the command that it refuses, and which outcomes are kept."""

from openoutcry.core.enums import CommandKind, Phase, Reason
from openoutcry.core.records import (
    Adjust,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReplace,
    Command,
    CreateMarket,
    Deposit,
    NewOrder,
    SetFees,
    SetMarketStatus,
    UpdateMarket,
    Withdraw,
)

MoneyCommand = Deposit | Withdraw | Adjust
UserCommand = NewOrder | CancelOrder | CancelAll | CancelReplace | AmendOrder | MoneyCommand

NOT_KEPT = frozenset({Reason.MARKET_BUSY, Reason.MARKET_VERSION_MISMATCH})
"""Refusals that may be otherwise a moment later: the same request may be sent again."""

OF_ONE_MARKET = frozenset(
    {
        CommandKind.NEW_ORDER,
        CommandKind.CANCEL_ORDER,
        CommandKind.CANCEL_ALL,
        CommandKind.CANCEL_REPLACE,
        CommandKind.AMEND_ORDER,
        CommandKind.UPDATE_MARKET,
        CommandKind.SET_MARKET_STATUS,
    }
)
"""Commands before which the market's continuations are drained."""

Subject = tuple[int, int, bytes]
"""(market, order id, client order id)."""


def subject_of(command: Command, phase: Phase = Phase.WHOLE) -> Subject:
    """Return what a refusal in this phase of the command speaks of."""
    if isinstance(command, CancelReplace) and phase == Phase.CANCEL:
        return command.market, command.cancel_order_id, command.cancel_original_client_order_id
    if isinstance(command, NewOrder | CancelReplace):
        return command.market, 0, command.client_order_id
    if isinstance(command, CancelOrder | AmendOrder):
        return command.market, command.order_id, command.original_client_order_id
    if isinstance(command, CancelAll | CreateMarket | UpdateMarket | SetMarketStatus | SetFees):
        return command.market, 0, b""
    return 0, 0, b""


def client_order_ids_of(command: Command) -> tuple[bytes, ...]:
    """Return every client order id field of a command, empty ones too."""
    if isinstance(command, NewOrder):
        return (command.client_order_id,)
    if isinstance(command, CancelOrder | AmendOrder):
        return command.original_client_order_id, command.client_order_id
    if isinstance(command, CancelReplace):
        return (
            command.client_order_id,
            command.cancel_original_client_order_id,
            command.cancel_client_order_id,
        )
    return ()
