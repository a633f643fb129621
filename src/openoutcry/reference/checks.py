"""What is wrong with a new order by its shape alone; numbers as in the kernel's semantics."""

import re

from openoutcry.core.enums import MarketFlag, OrderType, Reason, TimeInForce
from openoutcry.core.limits import (
    AMOUNT_ATOMS_MAX,
    MULTIPLIER_ONE,
    PRICE_TICKS_MAX,
    QTY_LOTS_MAX,
)
from openoutcry.core.records import CancelReplace, NewOrder
from openoutcry.reference.catalog import Specification
from openoutcry.reference.terms import CONDITIONAL, PRICED, TIMED, ceil_div, is_rising

OrderCommand = NewOrder | CancelReplace

_CLIENT_ORDER_ID = re.compile(rb"[A-Za-z0-9._:/-]+")
_MARKET_LIKE = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT})


def is_padded(text: bytes) -> bool:
    """Whether no byte after the first zero is anything but zero."""
    return b"\0" not in text.rstrip(b"\0")


def is_client_order_id(text: bytes) -> bool:
    """Whether the text, its padding taken off, is one or more of the allowed bytes."""
    return _CLIENT_ORDER_ID.fullmatch(text) is not None


def check_identity(command: OrderCommand, specification: Specification) -> Reason:
    """Checks 3 to 8."""
    if not 1 <= command.side <= 2:
        return Reason.INVALID_SIDE
    if not 1 <= command.order_type <= 7:
        return Reason.INVALID_ORDER_TYPE
    if not is_client_order_id(command.client_order_id.rstrip(b"\0")):
        return Reason.CLIENT_ORDER_ID_INVALID
    if not specification.order_types >> command.order_type & 1:
        return Reason.ORDER_TYPE_NOT_SUPPORTED
    if command.order_type in TIMED:
        if not TimeInForce.GTC <= command.time_in_force <= TimeInForce.FOK:
            return Reason.INVALID_TIME_IN_FORCE
    elif command.time_in_force != TimeInForce.NONE:
        return Reason.INVALID_TIME_IN_FORCE
    if command.stp_mode > 5 or not specification.stp_modes >> command.stp_mode & 1:
        return Reason.STP_MODE_NOT_ALLOWED
    return Reason.NONE


def check_shape(command: OrderCommand, specification: Specification) -> Reason:
    """Checks 9 to 19."""
    return (
        _check_combination(command, specification)
        or _check_bounds(command, specification)
        or _check_iceberg(command, specification)
        or _check_trailing(command, specification)
        or _check_overflow(command, specification)
    )


def _check_combination(command: OrderCommand, specification: Specification) -> Reason:
    """Checks 9 to 12."""
    price, qty, quote = command.price_ticks, command.qty_lots, command.quote_atoms
    stop, iceberg, worst = command.stop_ticks, command.iceberg_lots, command.worst_ticks
    if min(price, qty, quote, stop, iceberg, worst) < 0:
        return Reason.INVALID_COMBINATION
    kind = command.order_type
    if kind in PRICED:
        fits = price > 0 and quote == 0 and worst == 0
    else:
        fits = price == 0 and worst > 0
    if kind == OrderType.MARKET:
        fits = fits and (qty > 0) != (quote > 0)
    else:
        fits = fits and qty > 0 and quote == 0
    if kind in CONDITIONAL:
        fits = fits and (stop > 0 or command.trailing_bips > 0)
    else:
        fits = fits and stop == 0 and command.trailing_bips == 0
    if iceberg > 0:
        rests = kind in TIMED and command.time_in_force == TimeInForce.GTC
        fits = fits and (rests or kind == OrderType.LIMIT_MAKER)
    if not fits:
        return Reason.INVALID_COMBINATION
    flags = specification.flags
    if quote > 0 and not flags & MarketFlag.QUOTE_ORDER_QTY.value:
        return Reason.QUOTE_QTY_NOT_SUPPORTED
    if iceberg > 0 and not flags & MarketFlag.ICEBERG.value:
        return Reason.ICEBERG_NOT_SUPPORTED
    if command.trailing_bips > 0 and not flags & MarketFlag.TRAILING_STOP.value:
        return Reason.TRAILING_NOT_SUPPORTED
    return Reason.NONE


def _outside(value: int, low: int, high: int, limit: int) -> bool:
    """Whether a value that is given (> 0) is out of its bounds; bounds of 0 are off."""
    return value > 0 and (value < low or (0 < high < value) or value > limit)


def _check_bounds(command: OrderCommand, specification: Specification) -> Reason:
    """Checks 13 to 15."""
    low, high = specification.price_ticks_min, specification.price_ticks_max
    if (
        _outside(command.price_ticks, low, high, PRICE_TICKS_MAX)
        or _outside(command.stop_ticks, low, high, PRICE_TICKS_MAX)
        or command.worst_ticks > PRICE_TICKS_MAX
    ):
        return Reason.PRICE_FILTER
    low, high = specification.qty_lots_min, specification.qty_lots_max
    if _outside(command.qty_lots, low, high, QTY_LOTS_MAX) or _outside(
        command.iceberg_lots, low, high, QTY_LOTS_MAX
    ):
        return Reason.LOT_SIZE
    if command.quote_atoms > AMOUNT_ATOMS_MAX:
        return Reason.NOTIONAL_OVERFLOW
    if command.order_type in _MARKET_LIKE and command.qty_lots > 0:
        low, high = specification.market_qty_lots_min, specification.market_qty_lots_max
        step = specification.market_qty_lots_step
        if command.qty_lots < low or 0 < high < command.qty_lots:
            return Reason.MARKET_LOT_SIZE
        if step > 0 and (command.qty_lots - low) % step != 0:
            return Reason.MARKET_LOT_SIZE
    return Reason.NONE


def _check_iceberg(command: OrderCommand, specification: Specification) -> Reason:
    """Checks 16 and 17."""
    iceberg = command.iceberg_lots
    if iceberg > command.qty_lots:
        return Reason.ICEBERG_EXCEEDS_QTY
    parts_max = specification.iceberg_parts_max
    if iceberg > 0 and 0 < parts_max < ceil_div(command.qty_lots, iceberg):
        return Reason.ICEBERG_PARTS
    return Reason.NONE


def _check_trailing(command: OrderCommand, specification: Specification) -> Reason:
    """Check 18."""
    bips = command.trailing_bips
    if bips == 0:
        return Reason.NONE
    if is_rising(command.side, command.order_type):
        low = specification.trailing_above_bips_min
        high = specification.trailing_above_bips_max
    else:
        low = specification.trailing_below_bips_min
        high = specification.trailing_below_bips_max
    if bips < low or 0 < high < bips or bips >= MULTIPLIER_ONE:
        return Reason.TRAILING_DELTA
    return Reason.NONE


def _check_overflow(command: OrderCommand, specification: Specification) -> Reason:
    """Check 19."""
    qty = command.qty_lots
    if qty * specification.lot_atoms > AMOUNT_ATOMS_MAX:
        return Reason.NOTIONAL_OVERFLOW
    if command.order_type != OrderType.MARKET:
        worst = command.price_ticks or command.worst_ticks
        if worst * qty * specification.tick_lot_atoms > AMOUNT_ATOMS_MAX:
            return Reason.NOTIONAL_OVERFLOW
    return Reason.NONE
