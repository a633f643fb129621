"""Placing, cancelling, replacing and amending orders: one handler each, for every protocol."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from openoutcry.core.enums import (
    CommandKind,
    Execution,
    OrderStatus,
    Phase,
    Reason,
)
from openoutcry.core.limits import CANCEL_ALL_ORDERS_MAX
from openoutcry.core.records import (
    DuplicateEvent,
    LevelEvent,
    OrderEvent,
    OrderRequestedEvent,
    RefusedEvent,
    TradeEvent,
)
from openoutcry.gateways.edge import errors, orders, params, replies
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.commissions import commission_of_order
from openoutcry.gateways.edge.service import ApiError, Call
from openoutcry.gateways.edge.validation import validate
from openoutcry.ports.calls import (
    CallError,
    NotAcceptedError,
    Reply,
    StorageFullError,
)
from openoutcry.ports.history import OrderState

CANCEL_ALL_ROUNDS_MAX = 1_000
_T = TypeVar("_T")
_NEW = int(Execution.NEW)
_TRADE = int(Execution.TRADE)
_OF_NO_INTEREST: frozenset[type] = frozenset((TradeEvent, LevelEvent))
"""Events that say nothing to whoever placed an order; its fills are in the order's own events."""


async def submit(call: Call, command: bytes) -> Reply:
    """Hand a command to its partition; the outcomes that are none become the API's errors."""
    try:
        return await call.exchange.calls.submit(command)
    except CallError as error:
        raise api_error(error) from None


def api_error(error: CallError) -> ApiError:
    """Return what the API says of a command without a reply."""
    if isinstance(error, StorageFullError):
        return errors.overloaded()
    if isinstance(error, NotAcceptedError):
        return errors.shutting_down()
    return errors.outcome_unknown()


async def _apart(work: Coroutine[Any, Any, _T]) -> _T:
    """Await work that may need a task of its own."""
    return await asyncio.ensure_future(work)


@dataclass(slots=True)
class Outcome:
    """What a reply says of the caller's command, sorted out."""

    placed: OrderState | None = None
    """The last state of the order that was placed."""
    fills: Sequence[OrderState] = ()
    prevented_id: int = 0
    canceled: Sequence[OrderRequestedEvent] = ()
    amended: OrderState | None = None
    refused: RefusedEvent | None = None
    """The refusal of the whole, or of the new part."""
    cancel_refused: RefusedEvent | None = None
    duplicate: DuplicateEvent | None = None


def read_placed(reply: Reply, account_id: int) -> Outcome:
    """Sort out the reply to a new order or the new part of a replacement."""
    outcome = Outcome()
    order_id = -1
    fills: list[OrderState] = []
    canceled: list[OrderRequestedEvent] = []
    for event in reply.events:
        if type(event) is OrderEvent:
            if event.order_id == order_id:
                outcome.placed = event
                if event.execution == _TRADE:
                    fills.append(event)
                elif event.execution == Execution.TRADE_PREVENTION:
                    outcome.prevented_id = event.match_id
            elif event.execution == _NEW and event.account_id == account_id:
                order_id = event.order_id
                outcome.placed = event
        elif type(event) in _OF_NO_INTEREST:
            continue
        elif isinstance(event, RefusedEvent):
            if event.phase == Phase.CANCEL:
                outcome.cancel_refused = event
            else:
                outcome.refused = event
        elif isinstance(event, DuplicateEvent):
            outcome.duplicate = event
        elif isinstance(event, OrderRequestedEvent) and event.account_id == account_id:
            canceled.append(event)
    outcome.fills = fills
    outcome.canceled = canceled
    return outcome


def read_requested(reply: Reply, account_id: int) -> Outcome:
    """Sort out the reply to a cancel or an amendment."""
    outcome = Outcome()
    canceled: list[OrderRequestedEvent] = []
    for event in reply.events:
        if isinstance(event, OrderRequestedEvent) and event.account_id == account_id:
            if event.execution == Execution.CANCELED:
                canceled.append(event)
            else:
                outcome.amended = event
        elif isinstance(event, OrderEvent) and event.reason == Reason.AMENDED_BELOW_EXECUTED:
            outcome.amended = event
        elif isinstance(event, RefusedEvent):
            outcome.refused = event
        elif isinstance(event, DuplicateEvent):
            outcome.duplicate = event
    outcome.canceled = canceled
    return outcome


def _check_count(call: Call) -> None:
    limited = call.exchange.limiter.admit_orders(call.account_id, 1, call.now_us)
    if limited is not None:
        raise errors.too_many_orders(limited)


def _count(call: Call) -> None:
    call.exchange.limiter.count_orders(call.account_id, 1, call.now_us)
    call.orders_counted = True


async def place_order(call: Call) -> bytes:
    """POST order, order.place."""
    draft = orders.parse_order(call)
    _check_count(call)
    return await finish_order(call, draft, await submit(call, orders.new_order(call, draft)))


async def finish_order(call: Call, draft: orders.Draft, reply: Reply | CallError) -> bytes:
    """Answer a new order from what came of its command, or place it once more."""
    if isinstance(reply, CallError):
        raise api_error(reply)
    outcome = read_placed(reply, call.account_id)
    refused = outcome.refused
    if refused is not None and refused.reason == Reason.MARKET_VERSION_MISMATCH:
        draft = orders.parse_order(call)
        reply = await submit(call, orders.new_order(call, draft))
        outcome = read_placed(reply, call.account_id)
        refused = outcome.refused
    if refused is not None:
        raise errors.of_reason(refused.reason)
    if outcome.duplicate is not None:
        return await _apart(_placed_before(call, draft, outcome.duplicate))
    if outcome.placed is None:
        raise errors.unknown_error()
    _count(call)
    return _placed_text(call, draft, outcome).encode()


def _placed_text(call: Call, draft: orders.Draft, outcome: Outcome) -> str:
    placed = outcome.placed
    assert placed is not None
    return replies.placed(
        draft.market,
        placed,
        outcome.fills,
        outcome.prevented_id,
        placed.created_us,
        draft.response,
        microseconds=call.microseconds,
    )


async def _state(call: Call, order_id: int) -> replies.State | None:
    exchange = call.exchange
    found = await exchange.calls.order(call.account_id, order_id)
    if found is not None:
        return found
    seq = await exchange.calls.committed_seq()
    return await exchange.history.order(seq, call.account_id, order_id)


async def _first_outcome(call: Call, market: Market, order_id: int) -> Outcome:
    """Rebuild what the reply to a new order said, from what its first instant left behind."""
    exchange = call.exchange
    state = await _state(call, order_id)
    if state is None:
        raise errors.unknown_error()
    seq = await exchange.calls.committed_seq()
    fills = [
        fill
        for fill in await exchange.history.fills(
            seq, call.account_id, market.id, order_id=order_id, limit=1000
        )
        if fill.time_us == state.created_us
    ]
    if isinstance(state, OrderEvent | OrderRequestedEvent):
        if state.time_us == state.created_us:
            return Outcome(placed=state, fills=fills)
        if fills:
            return Outcome(placed=fills[-1], fills=fills)
    elif fills:
        return Outcome(placed=fills[-1], fills=fills)
    return Outcome(placed=_as_new(state))


def _as_new(state: replies.State) -> OrderEvent:
    """Return an order as it was when it was accepted and nothing had happened to it."""
    return OrderEvent(
        time_us=state.created_us,
        account_id=state.account_id,
        order_id=state.order_id,
        market=state.market,
        side=state.side,
        order_type=state.order_type,
        time_in_force=state.time_in_force,
        stp_mode=state.stp_mode,
        status=OrderStatus.NEW,
        execution=Execution.NEW,
        flags=state.flags,
        trailing_bips=state.trailing_bips,
        price_ticks=state.price_ticks,
        qty_lots=state.qty_lots,
        quote_order_atoms=state.quote_order_atoms,
        stop_ticks=state.stop_ticks,
        iceberg_lots=state.iceberg_lots,
        created_us=state.created_us,
        working_us=state.working_us if state.working_us == state.created_us else 0,
        strategy_id=state.strategy_id,
        strategy_type=state.strategy_type,
        client_order_id=state.client_order_id,
    )


async def _placed_before(call: Call, draft: orders.Draft, event: DuplicateEvent) -> bytes:
    if event.reason:
        raise errors.of_reason(event.reason, event.command_kind)
    outcome = await _first_outcome(call, draft.market, event.order_id)
    return _placed_text(call, draft, outcome).encode()


async def test_order(call: Call) -> bytes:
    """POST order/test, order.test: everything but the matching engine."""
    draft = orders.parse_order(call)
    exchange = call.exchange
    reason = validate(draft, await exchange.calls.average_price_ticks(draft.market.id))
    if reason:
        raise errors.of_reason(reason)
    if not params.boolean(call.parameters, "computeCommissionRates"):
        return b"{}"
    rates = await exchange.calls.fee_rates(call.account_id, draft.market.id)
    return commission_of_order(*rates)


async def cancel_order(call: Call) -> bytes:
    """DELETE order, order.cancel."""
    market = params.market(call.exchange.catalog, call.parameters)
    reply = await submit(call, orders.cancel_order(call, market))
    outcome = read_requested(reply, call.account_id)
    if outcome.refused is not None:
        raise errors.of_reason(outcome.refused.reason, CommandKind.CANCEL_ORDER)
    if outcome.duplicate is not None:
        return await _apart(_canceled_before(call, market, outcome.duplicate))
    if not outcome.canceled:
        raise errors.unknown_error()
    return (await _canceled_text(call, market, outcome.canceled[-1])).encode()


async def _canceled_text(call: Call, market: Market, event: OrderRequestedEvent) -> str:
    prevented_id = 0
    if event.prevented_lots:
        prevented_id = await _apart(prevented_match_id(call, event))
    return replies.canceled(market, event, prevented_id, microseconds=call.microseconds)


async def prevented_match_id(call: Call, state: replies.State) -> int:
    """Return the id of the last prevented match of an order that has had some."""
    exchange = call.exchange
    seq = await exchange.calls.committed_seq()
    found = await exchange.history.prevented_matches(
        seq, call.account_id, state.market, order_id=state.order_id, limit=1000
    )
    return found[-1].prevented_id if found else 0


async def _canceled_before(call: Call, market: Market, event: DuplicateEvent) -> bytes:
    if event.reason:
        raise errors.of_reason(event.reason, event.command_kind)
    state = await _state(call, event.order_id)
    if not isinstance(state, OrderRequestedEvent):
        raise errors.unknown_error()
    return (await _canceled_text(call, market, state)).encode()


async def cancel_all(call: Call) -> bytes:
    """DELETE openOrders, openOrders.cancelAll: in bounded steps until nothing is left."""
    market = params.market(call.exchange.catalog, call.parameters)
    texts: list[str] = []
    for number in range(CANCEL_ALL_ROUNDS_MAX):
        reply = await submit(call, orders.cancel_all(call, market, again=number > 0))
        outcome = read_requested(reply, call.account_id)
        if outcome.duplicate is not None:
            return await _apart(_all_canceled_before(call, market, outcome.duplicate))
        if outcome.refused is not None:
            if texts and outcome.refused.reason == Reason.UNKNOWN_ORDER:
                break
            raise errors.of_reason(outcome.refused.reason, CommandKind.CANCEL_ALL)
        for event in outcome.canceled:
            texts.append(await _canceled_text(call, market, event))
        if len(outcome.canceled) < CANCEL_ALL_ORDERS_MAX:
            break
    return f"[{','.join(texts)}]".encode()


async def _all_canceled_before(call: Call, market: Market, event: DuplicateEvent) -> bytes:
    if event.reason:
        raise errors.of_reason(event.reason, event.command_kind)
    exchange = call.exchange
    seq = await exchange.calls.committed_seq()
    states = await exchange.history.orders(seq, call.account_id, market.id, limit=1000)
    since_us = call.now_us - 2 * orders.DEDUPE_US_MAX
    texts = [
        await _canceled_text(call, market, state)
        for state in states
        if isinstance(state, OrderRequestedEvent)
        and state.execution == Execution.CANCELED
        and state.time_us >= since_us
        and not state.request_client_order_id.rstrip(b"\0")
    ]
    return f"[{','.join(texts)}]".encode()


async def amend_order(call: Call) -> bytes:
    """PUT order/amend/keepPriority, order.amend.keepPriority."""
    market = params.market(call.exchange.catalog, call.parameters)
    reply = await submit(call, orders.amend_order(call, market))
    outcome = read_requested(reply, call.account_id)
    if outcome.refused is not None:
        raise errors.of_reason(outcome.refused.reason, CommandKind.AMEND_ORDER)
    event = outcome.amended
    if outcome.duplicate is not None:
        if outcome.duplicate.reason:
            raise errors.of_reason(outcome.duplicate.reason, CommandKind.AMEND_ORDER)
        event = await _apart(_last_amendment(call, outcome.duplicate.order_id))
    if event is None:
        raise errors.unknown_error()
    return replies.amended(market, event, event.entity_seq, microseconds=call.microseconds).encode()


async def _last_amendment(call: Call, order_id: int) -> OrderState | None:
    exchange = call.exchange
    seq = await exchange.calls.committed_seq()
    found = await exchange.history.amendments(seq, call.account_id, order_id, 0, 1000)
    if found:
        return found[-1][1]
    return await exchange.history.order(seq, call.account_id, order_id)


async def cancel_replace(call: Call) -> bytes:
    """POST order/cancelReplace, order.cancelReplace."""
    draft = orders.parse_order(call)
    command = orders.cancel_replace(call, draft)
    limited = call.exchange.limiter.admit_orders(call.account_id, 1, call.now_us)
    if limited is not None:
        refusal = errors.too_many_orders(limited)
        if call.parameters.get("orderRateLimitExceededMode") != "CANCEL_ONLY":
            raise refusal
        return await _cancel_only(call, draft.market, refusal)
    outcome = read_placed(await submit(call, command), call.account_id)
    refused = outcome.refused
    if refused is not None and refused.phase == Phase.WHOLE:
        raise errors.of_reason(refused.reason)
    if refused is not None and refused.reason == Reason.MARKET_VERSION_MISMATCH:
        # The cancel is done: place alone, as a new order of the same request.
        draft = orders.parse_order(call)
        again = await submit(call, orders.new_order(call, draft))
        placed = read_placed(again, call.account_id)
        outcome.placed, outcome.fills = placed.placed, placed.fills
        outcome.refused = refused = placed.refused
    if outcome.duplicate is not None:
        outcome = await _apart(_replaced_before(call, draft, outcome.duplicate))
        refused = outcome.refused
    elif refused is None:
        _count(call)
    return await _replace_answer(call, draft, outcome)


async def _replace_answer(call: Call, draft: orders.Draft, outcome: Outcome) -> bytes:
    """Shape the outcome of a replacement: 200, or 400 when both parts failed, 409 when one did."""
    cancel_text = new_text = ""
    if outcome.cancel_refused is not None:
        kind = CommandKind.CANCEL_ORDER
        cancel_text = errors.body(errors.of_reason(outcome.cancel_refused.reason, kind))
    elif outcome.canceled:
        cancel_text = await _canceled_text(call, draft.market, outcome.canceled[-1])
    cancel_result = "SUCCESS" if outcome.cancel_refused is None else "FAILURE"
    if outcome.refused is None:
        new_result, new_text = "SUCCESS", _placed_text(call, draft, outcome)
    elif outcome.refused.reason == Reason.NOT_ATTEMPTED:
        new_result, new_text = "NOT_ATTEMPTED", "null"
    else:
        new_result, new_text = "FAILURE", errors.body(errors.of_reason(outcome.refused.reason))
    text = _replace_text(cancel_result, new_result, cancel_text or "null", new_text)
    if cancel_result == new_result == "SUCCESS":
        return text
    raise _replace_error(text, cancel_result == "SUCCESS" or new_result == "SUCCESS")


def _replace_text(cancel_result: str, new_result: str, cancel: str, new: str) -> bytes:
    return (
        f'{{"cancelResult":"{cancel_result}","newOrderResult":"{new_result}",'
        f'"cancelResponse":{cancel},"newOrderResponse":{new}}}'
    ).encode()


def _replace_error(text: bytes, partly: bool, status: int = 0) -> ApiError:  # noqa: FBT001
    data = msgspec.Raw(text)
    if partly:
        return ApiError(status or 409, -2021, "Order cancel-replace partially failed.", data)
    return ApiError(status or 400, -2022, "Order cancel-replace failed.", data)


async def _cancel_only(call: Call, market: Market, refusal: ApiError) -> bytes:
    """Cancel what a replacement would have replaced; the new order is over the order count."""
    reply = await submit(call, orders.cancel_of_replace(call, market))
    outcome = read_requested(reply, call.account_id)
    if outcome.refused is not None or not outcome.canceled:
        reason = outcome.refused.reason if outcome.refused else Reason.UNKNOWN_ORDER
        cancel = errors.body(errors.of_reason(reason, CommandKind.CANCEL_ORDER))
        text = _replace_text("FAILURE", "FAILURE", cancel, errors.body(refusal))
        raise _replace_error(text, partly=False, status=refusal.status)
    cancel = await _canceled_text(call, market, outcome.canceled[-1])
    text = _replace_text("SUCCESS", "FAILURE", cancel, errors.body(refusal))
    raise _replace_error(text, partly=True, status=refusal.status)


async def _replaced_before(call: Call, draft: orders.Draft, event: DuplicateEvent) -> Outcome:
    """Rebuild the outcome of a replacement that this very request has made already."""
    exchange = call.exchange
    outcome = Outcome()
    if event.order_id:
        outcome = await _first_outcome(call, draft.market, event.order_id)
    target = orders.parse_target(call.parameters, "cancelOrderId", "cancelOrigClientOrderId")
    seq = await exchange.calls.committed_seq()
    state = (
        await exchange.history.order(seq, call.account_id, target.order_id)
        if target.order_id
        else await exchange.history.order_by_client_id(
            seq, call.account_id, draft.market.id, target.client_order_id
        )
    )
    own = orders.own_cancel_id(call)
    if (
        isinstance(state, OrderRequestedEvent)
        and state.execution == Execution.CANCELED
        and state.request_client_order_id.rstrip(b"\0") == own
    ):
        outcome.canceled = [state]
    else:
        reason = _why_not_canceled(state, target)
        outcome.cancel_refused = RefusedEvent(phase=Phase.CANCEL, reason=reason)
    if not event.order_id:
        if not event.reason:
            raise errors.unknown_error()
        outcome.refused = RefusedEvent(phase=Phase.NEW, reason=event.reason)
    return outcome


def _why_not_canceled(state: OrderState | None, target: orders.Target) -> Reason:
    if state is None or state.status > OrderStatus.PARTIALLY_FILLED:
        return Reason.UNKNOWN_ORDER
    named = target.client_order_id
    if target.order_id and named and state.client_order_id.rstrip(b"\0") != named:
        return Reason.CANCEL_ID_MISMATCH
    return Reason.CANCEL_RESTRICTED
