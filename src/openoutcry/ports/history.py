"""What people query and the kernel does not keep: ended orders, fills, trades, candles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from openoutcry.core.records import OrderEvent, OrderRequestedEvent, PreventedEvent, TradeEvent

OrderState = OrderEvent | OrderRequestedEvent
"""The last event of an order is its state: all figures in it are cumulative."""


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar. Times in microseconds; prices in ticks; base in lots; quote in atoms."""

    open_us: int
    close_us: int
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    lots: int
    quote_atoms: int
    trades: int
    taker_buy_lots: int
    taker_buy_quote_atoms: int
    first_trade_id: int
    last_trade_id: int


class AggregateTrade(NamedTuple):
    """Fills of one taker order at one price."""

    aggregate_id: int
    price_ticks: int
    lots: int
    first_trade_id: int
    last_trade_id: int
    time_us: int
    buyer_is_maker: bool


class History(Protocol):
    """The query store. Each read waits until the projection has reached `seq` (0: do not wait)."""

    async def order(self, seq: int, account_id: int, order_id: int) -> OrderState | None:
        """Return the last state of an order, open or ended."""
        ...

    async def order_by_client_id(
        self, seq: int, account_id: int, market: int, client_order_id: bytes
    ) -> OrderState | None:
        """Return the newest order with this client order id."""
        ...

    async def orders(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        from_order_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[OrderState]:
        """Return orders ascending by id: from an id, or within creation times, or the newest."""
        ...

    async def fills(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        order_id: int | None = None,
        from_trade_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[OrderState]:
        """Return the TRADE events of an account's orders ascending by trade id (`match_id`)."""
        ...

    async def amendments(
        self, seq: int, account_id: int, order_id: int, from_execution_id: int, limit: int
    ) -> Sequence[tuple[int, OrderRequestedEvent, int]]:
        """Return (execution id, REPLACED event, quantity before in lots), ascending."""
        ...

    async def prevented_matches(
        self,
        seq: int,
        account_id: int,
        market: int,
        *,
        prevented_id: int | None = None,
        order_id: int | None = None,
        from_prevented_id: int | None = None,
        limit: int = 500,
    ) -> Sequence[PreventedEvent]:
        """Return self-trade preventions that concern an account, ascending by id."""
        ...

    async def trades(
        self, market: int, *, from_trade_id: int | None = None, limit: int = 500
    ) -> Sequence[TradeEvent]:
        """Return public trades ascending by id: from an id, or the newest."""
        ...

    async def aggregate_trades(
        self,
        market: int,
        *,
        from_aggregate_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[AggregateTrade]:
        """Return aggregate trades ascending by id."""
        ...

    async def candles(
        self,
        market: int,
        interval: str,
        *,
        start_us: int | None = None,
        end_us: int | None = None,
        offset_minutes: int = 0,
        limit: int = 500,
        now_us: int,
    ) -> Sequence[Candle]:
        """Return candles ascending; bars without trades are flat; the offset moves day bounds."""
        ...
