"""First fills of orders, as the limits want to know them."""

from openoutcry.core.enums import Execution, OrderFlag
from openoutcry.core.records import OrderEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.rate_limits import RateLimiter

_TRADE = int(Execution.TRADE)
_MAKER = int(OrderFlag.MAKER)


class FillCounter:
    """Tells the limiter of each order's first fill: it makes room for the account's next orders."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def on_committed(self, batch: Committed) -> None:
        """Take in a committed batch (a feed listener)."""
        filled, time_us = self._limiter.order_filled, batch.time_us
        for event in batch.of_type(OrderEvent):
            if event.execution == _TRADE and event.executed_lots == event.last_lots:
                filled(event.account_id, time_us, maker=event.flags & _MAKER != 0)
