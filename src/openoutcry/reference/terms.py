"""What an order's type, side and quantity mean, to accounts and markets alike."""

from openoutcry.core.enums import OrderType, Side

BUY = int(Side.BUY)
SELL = int(Side.SELL)

PRICED = frozenset(
    {
        OrderType.LIMIT,
        OrderType.LIMIT_MAKER,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT_LIMIT,
    }
)
CONDITIONAL = frozenset(
    {
        OrderType.STOP_LOSS,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
    }
)
STOP_LOSSES = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})
TIMED = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
"""Types that need a time in force."""


def is_rising(side: int, order_type: int) -> bool:
    """Whether a conditional order waits for the price to rise (else for it to fall)."""
    return (side == BUY) == (order_type in STOP_LOSSES)


def is_budgeted(side: int, order_type: int, quote_atoms: int) -> bool:
    """Whether the order spends a budget in quote atoms: MARKET, save a sell by quantity."""
    return order_type == OrderType.MARKET and (side == BUY or quote_atoms > 0)


def ceil_div(dividend: int, divisor: int) -> int:
    """Divide and round up."""
    return -(-dividend // divisor)
