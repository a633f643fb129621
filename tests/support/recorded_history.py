"""`History` from memory: what the feed delivered, kept and searched in the plainest way."""

from collections.abc import Sequence

from openoutcry.core.enums import Execution
from openoutcry.core.records import OrderEvent, OrderRequestedEvent, PreventedEvent, TradeEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import AggregateTrade, Candle, OrderState


class RecordedHistory:
    """Keeps every event of every order; each read is a walk over all of them."""

    def __init__(self) -> None:
        self.states: dict[int, OrderState] = {}
        self.trade_events: list[OrderState] = []
        self.amendment_events: list[tuple[int, OrderRequestedEvent, int]] = []
        self.prevented_events: list[PreventedEvent] = []
        self.public_trades: list[TradeEvent] = []

    def on_committed(self, batch: Committed) -> None:
        for event in batch.events:
            if isinstance(event, OrderEvent | OrderRequestedEvent):
                if event.execution == Execution.REPLACED:
                    before = self.states[event.order_id].qty_lots
                    self.amendment_events.append((event.entity_seq, event, before))
                self.states[event.order_id] = event
                if event.execution == Execution.TRADE:
                    self.trade_events.append(event)
            elif isinstance(event, PreventedEvent):
                self.prevented_events.append(event)
            elif isinstance(event, TradeEvent):
                self.public_trades.append(event)

    async def order(self, seq: int, account_id: int, order_id: int) -> OrderState | None:
        state = self.states.get(order_id)
        return state if state is not None and state.account_id == account_id else None

    async def order_by_client_id(
        self, seq: int, account_id: int, market: int, client_order_id: bytes
    ) -> OrderState | None:
        found = [
            state
            for state in self.states.values()
            if (state.account_id, state.market) == (account_id, market)
            and state.client_order_id.rstrip(b"\0") == client_order_id
        ]
        return max(found, key=lambda state: state.order_id, default=None)

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
        found = [
            state
            for _, state in sorted(self.states.items())
            if (state.account_id, state.market) == (account_id, market)
            and (from_order_id is None or state.order_id >= from_order_id)
            and (start_us is None or state.created_us >= start_us)
            and (end_us is None or state.created_us <= end_us)
        ]
        newest = from_order_id is None and start_us is None
        return found[-limit:] if newest else found[:limit]

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
        found = [
            event
            for event in self.trade_events
            if (event.account_id, event.market) == (account_id, market)
            and (order_id is None or event.order_id == order_id)
            and (from_trade_id is None or event.match_id >= from_trade_id)
            and (start_us is None or event.time_us >= start_us)
            and (end_us is None or event.time_us <= end_us)
        ]
        newest = from_trade_id is None and start_us is None
        return found[-limit:] if newest else found[:limit]

    async def amendments(
        self, seq: int, account_id: int, order_id: int, from_execution_id: int, limit: int
    ) -> Sequence[tuple[int, OrderRequestedEvent, int]]:
        return [
            row
            for row in self.amendment_events
            if (row[1].account_id, row[1].order_id) == (account_id, order_id)
            and row[0] >= from_execution_id
        ][:limit]

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
        return [
            event
            for event in self.prevented_events
            if event.market == market
            and account_id in {event.maker_account_id, event.taker_account_id}
            and (prevented_id is None or event.prevented_id == prevented_id)
            and (order_id is None or order_id in {event.maker_order_id, event.taker_order_id})
            and (from_prevented_id is None or event.prevented_id >= from_prevented_id)
        ][:limit]

    async def trades(
        self, market: int, *, from_trade_id: int | None = None, limit: int = 500
    ) -> Sequence[TradeEvent]:
        return [event for event in self.public_trades if event.market == market][-limit:]

    async def aggregate_trades(
        self,
        market: int,
        *,
        from_aggregate_id: int | None = None,
        start_us: int | None = None,
        end_us: int | None = None,
        limit: int = 500,
    ) -> Sequence[AggregateTrade]:
        return []

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
        return []
