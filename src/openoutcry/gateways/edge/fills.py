"""First fills of orders, as the limits want to know them."""

from openoutcry.core.enums import Execution, OrderFlag
from openoutcry.core.records import OrderEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.rate_limits import RateLimiter


class FillCounter:
    """Tells the limiter of each order's first fill: it makes room for the account's next orders."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter

    def on_committed(self, batch: Committed) -> None:
        """Take in a committed batch (a feed listener)."""
        for event in batch.events:
            if (
                type(event) is OrderEvent
                and event.execution == Execution.TRADE
                and event.executed_lots == event.last_lots
            ):
                is_maker = bool(event.flags & OrderFlag.MAKER)
                self._limiter.order_filled(event.account_id, batch.time_us, maker=is_maker)
