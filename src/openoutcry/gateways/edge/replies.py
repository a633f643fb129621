"""The JSON of orders, byte for byte in the API's field order, built by formatting alone."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence

from openoutcry.core.enums import (
    Execution,
    OrderFlag,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.records import OrderEvent, OrderRequestedEvent, OrderRow, PreventedEvent
from openoutcry.gateways.edge.catalog import Market
from openoutcry.ports.history import OrderState

SIDES = ["", *(side.name for side in Side)]
ORDER_TYPES = ["", *(kind.name for kind in OrderType)]
STATUSES = ["", *(status.name for status in OrderStatus)]
TIMES_IN_FORCE = ["GTC", *(kind.name for kind in TimeInForce if kind)]
"""By number; orders that take no time in force show GTC."""
STP_MODES = [mode.name for mode in StpMode]
EXECUTIONS = ["", *(kind.name for kind in Execution)]
EXECUTIONS[Execution.TRIGGERED] = "NEW"
EXPIRY_REASONS = {
    Reason.IOC_REMAINDER: "UNFILLED_IOC_QUANTITY_EXPIRED",
    Reason.FOK_UNFILLED: "UNFILLED_FOK_ORDER_EXPIRED",
    Reason.INSUFFICIENT_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    Reason.BUDGET_SPENT: "INSUFFICIENT_LIQUIDITY",
    Reason.EXCHANGE_CANCELED: "EXCHANGE_CANCELED",
    Reason.AMENDED_BELOW_EXECUTED: "EXCHANGE_CANCELED",
}
_CONDITIONAL = int(OrderType.STOP_LOSS)
"""From this number on, order types have a stop price."""
_ENDED = int(OrderStatus.EXPIRED)
"""From this number on, statuses are ends that were not asked for."""

State = OrderEvent | OrderRequestedEvent | OrderRow


def time_of(time_us: int, *, microseconds: bool) -> int:
    """Return a time in the caller's unit; -1 for a time that never came."""
    if time_us <= 0:
        return -1
    return time_us if microseconds else time_us // 1000


def id_text(client_order_id: bytes) -> str:
    """Return a client order id without its padding."""
    return client_order_id.rstrip(b"\0").decode("ascii")


def cancel_id(event: OrderRequestedEvent) -> str:
    """Return the client order id of a cancel; one that had none gets one from the event itself."""
    text = event.request_client_order_id.rstrip(b"\0")
    if text:
        return text.decode("ascii")
    digest = hashlib.blake2b(b"%d %d" % (event.order_id, event.seq), digest_size=16).digest()
    return b64encode(digest, b"-_")[:22].decode("ascii")


def original_qty(market: Market, state: State) -> str:
    """Return the quantity of an order; one by quote amount has had what it executed."""
    return market.qty_text(state.qty_lots or state.executed_lots)


def figures(market: Market, state: State) -> str:
    """Return the figures that placing, cancelling and reading orders share."""
    qty = market.qty_text
    quote = market.quote_text
    executed = state.executed_lots
    return (
        f'"price":"{market.price_text(state.price_ticks)}",'
        f'"origQty":"{qty(state.qty_lots or executed)}","executedQty":"{qty(executed)}",'
        f'"origQuoteOrderQty":"{quote(state.quote_order_atoms)}",'
        f'"cummulativeQuoteQty":"{quote(state.executed_quote_atoms)}",'
        f'"status":"{STATUSES[state.status]}",'
        f'"timeInForce":"{TIMES_IN_FORCE[state.time_in_force]}",'
        f'"type":"{ORDER_TYPES[state.order_type]}","side":"{SIDES[state.side]}"'
    )


def conditions(market: Market, state: State, *, microseconds: bool) -> str:
    """Return the stop price and trailing fields, for orders that have them, each after a comma."""
    if state.order_type < _CONDITIONAL:
        return ""
    text = ""
    if state.stop_ticks:
        text = f',"stopPrice":"{market.price_text(state.stop_ticks)}"'
    if state.trailing_bips:
        time = time_of(state.trailing_us, microseconds=microseconds)
        text += f',"trailingDelta":{state.trailing_bips},"trailingTime":{time}'
    return text


def extras(market: Market, state: State, prevented_id: int = 0) -> str:
    """Return the fields that only some orders have, each after a comma."""
    text = ""
    if state.strategy_id:
        text = f',"strategyId":{state.strategy_id}'
    if state.strategy_type:
        text += f',"strategyType":{state.strategy_type}'
    if state.prevented_lots:
        text += (
            f',"preventedMatchId":{prevented_id}'
            f',"preventedQuantity":"{market.qty_text(state.prevented_lots)}"'
        )
    if not isinstance(state, OrderRow) and state.status == OrderStatus.EXPIRED:
        reason = EXPIRY_REASONS.get(Reason(state.reason))
        if reason is not None:
            text += f',"expiryReason":"{reason}"'
    return text


def fill(market: Market, event: OrderState) -> str:
    """Return one fill of the answer to a new order."""
    asset = market.base if event.side == Side.BUY else market.quote
    return (
        f'{{"price":"{market.price_text(event.last_ticks)}",'
        f'"qty":"{market.qty_text(event.last_lots)}",'
        f'"commission":"{asset.text(event.fee_atoms)}","commissionAsset":"{asset.name}",'
        f'"tradeId":{event.match_id}}}'
    )


def prevented_quantities(market: Market, event: PreventedEvent) -> str:
    """Return what a prevented match took from each side, where it took something."""
    text = ""
    if event.maker_prevented_lots:
        text = f',"makerPreventedQuantity":"{market.qty_text(event.maker_prevented_lots)}"'
    if event.taker_prevented_lots:
        text += f',"takerPreventedQuantity":"{market.qty_text(event.taker_prevented_lots)}"'
    return text


def _prevented_match(market: Market, event: PreventedEvent) -> str:
    return (
        f'{{"preventedMatchId":{event.prevented_id},"makerOrderId":{event.maker_order_id},'
        f'"price":"{market.price_text(event.price_ticks)}"{prevented_quantities(market, event)}}}'
    )


def placed(
    market: Market,
    state: State,
    fills: Sequence[OrderState],
    prevented_id: int,
    time_us: int,
    response: str,
    *,
    microseconds: bool,
    prevented: Sequence[PreventedEvent] = (),
) -> str:
    """Return the answer to a new order: its state after the command and, when asked, its fills."""
    head = (
        f'{{"symbol":"{market.symbol}","orderId":{state.order_id},"orderListId":-1,'
        f'"clientOrderId":"{id_text(state.client_order_id)}",'
        f'"transactTime":{time_us if microseconds else time_us // 1000}'
    )
    if response == "ACK":
        return head + "}"
    conditional = iceberg = more = fields = ""
    if state.order_type >= _CONDITIONAL:
        conditional = conditions(market, state, microseconds=microseconds)
    if state.iceberg_lots:
        iceberg = f',"icebergQty":"{market.qty_text(state.iceberg_lots)}"'
    if response == "FULL":
        fields = f',"fills":[{",".join([fill(market, event) for event in fills])}]'
        if prevented:
            matches = ",".join([_prevented_match(market, event) for event in prevented])
            fields += f',"preventedMatches":[{matches}]'
    if state.status >= _ENDED or state.strategy_id or state.strategy_type or state.prevented_lots:
        more = extras(market, state, prevented_id)
    return (
        f"{head},{figures(market, state)}{conditional}"
        f',"workingTime":{time_of(state.working_us, microseconds=microseconds)}'
        f"{iceberg}{fields},"
        f'"selfTradePreventionMode":"{STP_MODES[state.stp_mode]}"{more}}}'
    )


def canceled(
    market: Market, event: OrderRequestedEvent, prevented_id: int, *, microseconds: bool
) -> str:
    """Return the answer to a cancel."""
    time = event.time_us if microseconds else event.time_us // 1000
    text = (
        f'{{"symbol":"{market.symbol}",'
        f'"origClientOrderId":"{id_text(event.client_order_id)}","orderId":{event.order_id},'
        f'"orderListId":-1,"clientOrderId":"{cancel_id(event)}","transactTime":{time},'
        f"{figures(market, event)}{conditions(market, event, microseconds=microseconds)}"
    )
    if event.iceberg_lots:
        text += f',"icebergQty":"{market.qty_text(event.iceberg_lots)}"'
    text += f',"selfTradePreventionMode":"{STP_MODES[event.stp_mode]}"'
    return f"{text}{extras(market, event, prevented_id)}}}"


def queried(market: Market, state: State, prevented_id: int = 0, *, microseconds: bool) -> str:
    """Return an order as the queries show it."""
    updated = state.updated_us if isinstance(state, OrderRow) else state.time_us
    working = time_of(state.working_us, microseconds=microseconds)
    time = time_of(state.created_us, microseconds=microseconds)
    trailing = ""
    if state.trailing_bips:
        trailing_time = time_of(state.trailing_us, microseconds=microseconds)
        trailing = f',"trailingDelta":{state.trailing_bips},"trailingTime":{trailing_time}'
    price, qty, quote = market.price_text, market.qty_text, market.quote_text
    return (
        f'{{"symbol":"{market.symbol}","orderId":{state.order_id},"orderListId":-1,'
        f'"clientOrderId":"{id_text(state.client_order_id)}",'
        f'"price":"{price(state.price_ticks)}","origQty":"{original_qty(market, state)}",'
        f'"executedQty":"{qty(state.executed_lots)}",'
        f'"cummulativeQuoteQty":"{quote(state.executed_quote_atoms)}",'
        f'"status":"{STATUSES[state.status]}",'
        f'"timeInForce":"{TIMES_IN_FORCE[state.time_in_force]}",'
        f'"type":"{ORDER_TYPES[state.order_type]}","side":"{SIDES[state.side]}",'
        f'"stopPrice":"{price(state.stop_ticks)}"{trailing},'
        f'"icebergQty":"{qty(state.iceberg_lots)}","time":{time},'
        f'"updateTime":{time_of(updated, microseconds=microseconds)},'
        f'"isWorking":{"true" if state.flags & OrderFlag.WORKING else "false"},'
        f'"workingTime":{working},"origQuoteOrderQty":"{quote(state.quote_order_atoms)}",'
        f'"selfTradePreventionMode":"{STP_MODES[state.stp_mode]}"'
        f"{extras(market, state, prevented_id)}}}"
    )


def amended(market: Market, event: OrderState, execution_id: int, *, microseconds: bool) -> str:
    """Return the answer to an amendment, also when it ended the order."""
    qty, quote = market.qty_text, market.quote_text
    before = event.client_order_id
    if isinstance(event, OrderRequestedEvent):
        before = event.request_client_order_id
    working = time_of(event.working_us, microseconds=microseconds)
    text = (
        f'{{"transactTime":{time_of(event.time_us, microseconds=microseconds)},'
        f'"executionId":{execution_id},"amendedOrder":{{"symbol":"{market.symbol}",'
        f'"orderId":{event.order_id},"orderListId":-1,"origClientOrderId":"{id_text(before)}",'
        f'"clientOrderId":"{id_text(event.client_order_id)}",'
        f'"price":"{market.price_text(event.price_ticks)}","qty":"{qty(event.qty_lots)}",'
        f'"executedQty":"{qty(event.executed_lots)}",'
        f'"preventedQty":"{qty(event.prevented_lots)}",'
        f'"quoteOrderQty":"{quote(event.quote_order_atoms)}",'
        f'"cumulativeQuoteQty":"{quote(event.executed_quote_atoms)}",'
        f'"status":"{STATUSES[event.status]}",'
        f'"timeInForce":"{TIMES_IN_FORCE[event.time_in_force]}",'
        f'"type":"{ORDER_TYPES[event.order_type]}","side":"{SIDES[event.side]}"'
        f"{conditions(market, event, microseconds=microseconds)}"
        f',"workingTime":{working}'
    )
    if event.iceberg_lots:
        text += f',"icebergQty":"{qty(event.iceberg_lots)}"'
    return text + f',"selfTradePreventionMode":"{STP_MODES[event.stp_mode]}"}}}}'
