"""First fills of orders, as the limits want to know them."""

from openoutcry.codec.records import Picked
from openoutcry.core.enums import Execution, OrderFlag
from openoutcry.core.records import OrderEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.rate_limits import RateLimiter

_TRADE = int(Execution.TRADE)
_MAKER = int(OrderFlag.MAKER)
_FILL = Picked(OrderEvent, "account_id", "execution", "flags", "executed_lots", "last_lots")


class FillCounter:
    """Tells the limiter of each order's first fill: it makes room for the account's next orders."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def on_committed(self, batch: Committed) -> None:
        """Take in a committed batch (a feed listener)."""
        filled, time_us = self._limiter.order_filled, batch.time_us
        for account_id, execution, flags, executed_lots, last_lots in batch.pick(_FILL):
            if execution == _TRADE and executed_lots == last_lots:
                filled(account_id, time_us, maker=flags & _MAKER != 0)
