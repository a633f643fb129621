"""The checks of a new order that need neither balance nor book, for order/test.

The kernel makes the same checks, and more, before it accepts an order; see
`docs/internals/kernel-semantics.md`, section 3.
"""

from openoutcry.core.enums import (
    MarketFlag,
    MarketStatus,
    OrderType,
    Reason,
    Side,
    TimeInForce,
)
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, MULTIPLIER_ONE
from openoutcry.gateways.edge.orders import Draft

_PRICED = frozenset(
    (
        OrderType.LIMIT,
        OrderType.LIMIT_MAKER,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT_LIMIT,
    )
)
_RISING = frozenset(
    (
        (Side.BUY, OrderType.STOP_LOSS),
        (Side.BUY, OrderType.STOP_LOSS_LIMIT),
        (Side.SELL, OrderType.TAKE_PROFIT),
        (Side.SELL, OrderType.TAKE_PROFIT_LIMIT),
    )
)


def validate(draft: Draft, average_ticks: int) -> Reason:
    """Return the first reason to refuse an order by its own shape and its market's filters."""
    if draft.stp_mode not in draft.market.stp_modes:
        return Reason.STP_MODE_NOT_ALLOWED
    reason = (
        _check_flags(draft)
        or _check_price(draft)
        or _check_lots(draft)
        or _check_iceberg(draft)
        or _check_trailing(draft)
    )
    if reason:
        return reason
    if draft.market.status != MarketStatus.TRADING:
        return Reason.MARKET_CLOSED
    return _check_band(draft, average_ticks) or _check_notional(draft, average_ticks)


def _outside(value: int, least: int, most: int) -> bool:
    return value < least or (most > 0 and value > most)


def _check_flags(draft: Draft) -> Reason:
    flags = draft.market.specification.flags
    if draft.quote_atoms and not flags & MarketFlag.QUOTE_ORDER_QTY:
        return Reason.QUOTE_QTY_NOT_SUPPORTED
    if draft.iceberg_lots and not flags & MarketFlag.ICEBERG:
        return Reason.ICEBERG_NOT_SUPPORTED
    if draft.trailing_bips and not flags & MarketFlag.TRAILING_STOP:
        return Reason.TRAILING_NOT_SUPPORTED
    return Reason.NONE


def _check_price(draft: Draft) -> Reason:
    specification = draft.market.specification
    for ticks in (draft.price_ticks, draft.stop_ticks):
        if ticks and _outside(ticks, specification.price_ticks_min, specification.price_ticks_max):
            return Reason.PRICE_FILTER
    return Reason.NONE


def _check_lots(draft: Draft) -> Reason:
    specification = draft.market.specification
    for lots in (draft.qty_lots, draft.iceberg_lots):
        if lots and _outside(lots, specification.qty_lots_min, specification.qty_lots_max):
            return Reason.LOT_SIZE
    if draft.qty_lots and draft.order_type not in _PRICED:
        least = specification.market_qty_lots_min
        step = specification.market_qty_lots_step
        if _outside(draft.qty_lots, least, specification.market_qty_lots_max) or (
            step and (draft.qty_lots - least) % step
        ):
            return Reason.MARKET_LOT_SIZE
    return Reason.NONE


def _check_iceberg(draft: Draft) -> Reason:
    iceberg = draft.iceberg_lots
    if not iceberg:
        return Reason.NONE
    if draft.order_type is not OrderType.LIMIT_MAKER and draft.time_in_force != TimeInForce.GTC:
        return Reason.INVALID_COMBINATION
    if iceberg > draft.qty_lots:
        return Reason.ICEBERG_EXCEEDS_QTY
    most = draft.market.specification.iceberg_parts_max
    return Reason.ICEBERG_PARTS if most and -(-draft.qty_lots // iceberg) > most else Reason.NONE


def _check_trailing(draft: Draft) -> Reason:
    bips = draft.trailing_bips
    if not bips:
        return Reason.NONE
    specification = draft.market.specification
    if (draft.side, draft.order_type) in _RISING:
        least, most = specification.trailing_above_bips_min, specification.trailing_above_bips_max
    else:
        least, most = specification.trailing_below_bips_min, specification.trailing_below_bips_max
    return Reason.TRAILING_DELTA if _outside(bips, least, most) else Reason.NONE


def _check_band(draft: Draft, average_ticks: int) -> Reason:
    if not average_ticks or draft.order_type not in _PRICED:
        return Reason.NONE
    specification = draft.market.specification
    up, down = specification.bid_multiplier_up, specification.bid_multiplier_down
    if draft.side == Side.SELL:
        up, down = specification.ask_multiplier_up, specification.ask_multiplier_down
    scaled = draft.price_ticks * MULTIPLIER_ONE
    if _outside(scaled, average_ticks * down, average_ticks * up):
        return Reason.PERCENT_PRICE_BY_SIDE
    return Reason.NONE


def _check_notional(draft: Draft, average_ticks: int) -> Reason:
    specification = draft.market.specification
    is_priced = draft.order_type in _PRICED
    if draft.quote_atoms:
        value = draft.quote_atoms
    else:
        ticks = draft.price_ticks if is_priced else average_ticks
        if not ticks:
            return Reason.NONE
        value = ticks * draft.qty_lots * specification.tick_lot_atoms
    if is_priced and value > AMOUNT_ATOMS_MAX:
        return Reason.NOTIONAL_OVERFLOW
    flags = specification.flags
    if (is_priced or flags & MarketFlag.MIN_NOTIONAL_ON_MARKET) and (
        value < specification.notional_atoms_min
    ):
        return Reason.NOTIONAL
    most = specification.notional_atoms_max
    if (is_priced or flags & MarketFlag.MAX_NOTIONAL_ON_MARKET) and most and value > most:
        return Reason.NOTIONAL
    return Reason.NONE
