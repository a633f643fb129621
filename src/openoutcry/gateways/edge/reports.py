"""Execution reports: an order event as the owner's user data stream shows it."""

from openoutcry.core.enums import Execution, OrderFlag, OrderStatus, OrderType, Reason, Side
from openoutcry.core.records import OrderRequestedEvent, PreventedEvent
from openoutcry.gateways.edge import replies
from openoutcry.gateways.edge.catalog import Market
from openoutcry.ports.history import OrderState


def execution_report(
    market: Market,
    event: OrderState,
    *,
    microseconds: bool = False,
    prevented: PreventedEvent | None = None,
) -> str:
    """Return the executionReport of one order event; `prevented` goes with a TRADE_PREVENTION."""
    is_trade = event.execution == Execution.TRADE
    price, qty, quote = market.price_text, market.qty_text, market.quote_text
    time = replies.time_of(event.time_us, microseconds=microseconds)
    current, original = replies.id_text(event.client_order_id), ""
    if isinstance(event, OrderRequestedEvent):
        if event.execution == Execution.CANCELED:
            current, original = replies.cancel_id(event), current
        else:
            original = replies.id_text(event.request_client_order_id)
    fee, fee_asset = "0", "null"
    if is_trade:
        asset = market.base if event.side == Side.BUY else market.quote
        fee, fee_asset = asset.text(event.fee_atoms), f'"{asset.name}"'
    is_open = event.status <= OrderStatus.PARTIALLY_FILLED
    on_book = is_open and event.order_type != OrderType.MARKET and _is_working(event)
    last_quote = event.last_ticks * event.last_lots * market.tick_lot_atoms if is_trade else 0
    text = (
        f'{{"e":"executionReport","E":{time},"s":"{market.symbol}","c":"{current}",'
        f'"S":"{replies.SIDES[event.side]}","o":"{replies.ORDER_TYPES[event.order_type]}",'
        f'"f":"{replies.TIMES_IN_FORCE[event.time_in_force]}",'
        f'"q":"{replies.original_qty(market, event)}","p":"{price(event.price_ticks)}",'
        f'"P":"{price(event.stop_ticks)}"{_trailing(event, microseconds=microseconds)},'
        f'"F":"{qty(event.iceberg_lots)}",'
        f'"g":-1,"C":"{original}","x":"{replies.EXECUTIONS[event.execution]}",'
        f'"X":"{replies.STATUSES[event.status]}","r":"NONE","i":{event.order_id},'
        f'"l":"{qty(event.last_lots if is_trade else 0)}","z":"{qty(event.executed_lots)}",'
        f'"L":"{price(event.last_ticks if is_trade else 0)}","n":"{fee}","N":{fee_asset},'
        f'"T":{time},"t":{event.match_id if is_trade else -1}'
        f"{_prevention(market, event, prevented)}"
        f',"I":{event.entity_seq},"w":{"true" if on_book else "false"},'
        f'"m":{"true" if event.flags & OrderFlag.MAKER else "false"},"M":false,'
        f'"O":{replies.time_of(event.created_us, microseconds=microseconds)},'
        f'"Z":"{quote(event.executed_quote_atoms)}","Y":"{quote(last_quote)}",'
        f'"Q":"{quote(event.quote_order_atoms)}"'
    )
    if event.working_us:
        text += f',"W":{replies.time_of(event.working_us, microseconds=microseconds)}'
    text += f',"V":"{replies.STP_MODES[event.stp_mode]}"'
    if event.status == OrderStatus.EXPIRED:
        reason = replies.EXPIRY_REASONS.get(Reason(event.reason))
        if reason is not None:
            text += f',"eR":"{reason}"'
    return text + "}"


def _is_working(event: OrderState) -> bool:
    return bool(event.flags & OrderFlag.WORKING)


def _trailing(event: OrderState, *, microseconds: bool) -> str:
    text = ""
    if event.trailing_bips:
        text = f',"d":{event.trailing_bips}'
        if event.trailing_us:
            text += f',"D":{replies.time_of(event.trailing_us, microseconds=microseconds)}'
    if event.strategy_id:
        text += f',"j":{event.strategy_id}'
    if event.strategy_type:
        text += f',"J":{event.strategy_type}'
    return text


def _prevention(market: Market, event: OrderState, prevented: PreventedEvent | None) -> str:
    if event.execution != Execution.TRADE_PREVENTION:
        return ""
    text = (
        f',"v":{event.match_id},"A":"{market.qty_text(event.prevented_lots)}",'
        f'"B":"{market.qty_text(event.last_lots)}"'
    )
    if prevented is not None:
        other = (
            prevented.maker_order_id
            if event.order_id == prevented.taker_order_id
            else prevented.taker_order_id
        )
        if prevented.trade_group:
            text += f',"u":{prevented.trade_group}'
        text += (
            f',"U":{other},"Cs":"{market.symbol}","pl":"{market.qty_text(event.last_lots)}",'
            f'"pL":"{market.price_text(event.last_ticks)}",'
            f'"pY":"{market.quote_text(_notional(market, event))}"'
        )
    return text


def _notional(market: Market, event: OrderState) -> int:
    return event.last_ticks * event.last_lots * market.tick_lot_atoms
