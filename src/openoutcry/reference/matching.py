"""Taking: an order against the other side of the book, with self-trade prevention."""

from typing import NamedTuple

from openoutcry.core.enums import (
    Execution,
    OrderFlag,
    OrderPlace,
    OrderStatus,
    Reason,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import entity_of_market
from openoutcry.core.limits import EVENT_BUDGET, EVENTS_PER_STEP_MAX, FOK_STEPS_MAX
from openoutcry.core.records import (
    DoneLink,
    LevelEvent,
    PreventedEvent,
    SettleLink,
    TradeEvent,
)
from openoutcry.reference.book import BookSide, Level, MarketOrder
from openoutcry.reference.catalog import Specification
from openoutcry.reference.links import SendToAccounts, shard_entity_of_order
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.prices import PriceMemory
from openoutcry.reference.terms import BUY, PRICED, SELL, ceil_div

MAKER_FLAG = OrderFlag.MAKER.value
_STOPS_AT_OWN = frozenset(
    {
        StpMode.EXPIRE_TAKER,
        StpMode.EXPIRE_BOTH,
        StpMode.DECREMENT,
        StpMode.TRANSFER,
    }
)


class Counter(NamedTuple):
    """Of a prevention: the mode that acted, and the other order with what was prevented of it."""

    stp_mode: int
    trade_group: int
    counter_order_id: int
    counter_account_id: int
    counter_lots: int


class Prevention(NamedTuple):
    """A prevented match: its orders, the mode that acted, and the lots prevented of each."""

    taker: MarketOrder
    maker: MarketOrder
    mode: StpMode
    taker_lots: int
    maker_lots: int

    def counter_of(self, order: MarketOrder) -> Counter:
        """Return what one of the two is told of the other."""
        other, lots = self.maker, self.maker_lots
        if order is self.maker:
            other, lots = self.taker, self.taker_lots
        return Counter(self.mode, self.taker.trade_group, other.order_id, other.account_id, lots)


class Matching:
    """The book of one market and the rules by which orders meet in it (sections 4 and 5)."""

    def __init__(self, specification: Specification, log: EventLog, send: SendToAccounts) -> None:
        self.specification = specification
        self.status = specification.status
        self.entity = Entity(entity_of_market(specification.market))
        self.trade_id = 0
        self.prevented_id = 0
        self.update_id = 0
        self.priority = 0
        self.prices = PriceMemory()
        self.sides = {BUY: BookSide(BUY), SELL: BookSide(SELL)}
        self.orders: dict[int, MarketOrder] = {}
        """Every open order by id."""
        self.trades_low = 0
        self.trades_high = 0
        """Bounds of the trades that triggers have not been evaluated for; 0 when there are none."""
        self._log = log
        self._send = send
        self._touched: Level | None = None
        """The level that the current take changed and has not reported yet."""

    # ----- taking

    def take(self, order: MarketOrder, *, resumed: bool) -> bool:
        """Match the order as far as it goes; False when it had to be suspended."""
        fill_or_kill = order.time_in_force == TimeInForce.FOK
        if fill_or_kill and not resumed and not self._is_fillable(order):
            self.expire(order, Reason.FOK_UNFILLED)
            return True
        cause = Reason.NONE
        while not order.ended:
            level = self._crossed(order)
            if level is None:
                cause = Reason.INSUFFICIENT_LIQUIDITY
                break
            if not fill_or_kill and self._log.used + EVENTS_PER_STEP_MAX > EVENT_BUDGET:
                self._report_touched()
                return False
            maker = level.head()
            want = self._want(order, level.price_ticks)
            if want == 0:
                cause = Reason.BUDGET_SPENT
                break
            if order.stp_mode != StpMode.NONE and maker.owned_with(order):
                self._prevent(order, maker, level, want)
            else:
                self._trade(order, maker, level, min(want, maker.visible_lots))
            if not level.queue:
                self._report_touched()
        self._report_touched()
        if not order.ended:
            self._finish(order, cause)
        return True

    def _finish(self, order: MarketOrder, cause: Reason) -> None:
        """Rest what is left of a taker, or let it expire."""
        if order.order_type not in PRICED:
            self.expire(order, cause)
        elif order.time_in_force == TimeInForce.IOC:
            self.expire(order, Reason.IOC_REMAINDER)
        else:
            assert order.time_in_force != TimeInForce.FOK, "a fill-or-kill was filled in part (B09)"
            self._rest(order)

    def _crossed(self, order: MarketOrder) -> Level | None:
        """Return the best opposite level if the order's limit reaches it."""
        level = self.sides[SELL if order.side == BUY else BUY].best()
        if level is None or not _reaches(order, level.price_ticks):
            return None
        return level

    def _want(self, order: MarketOrder, price_ticks: int) -> int:
        """Return the lots that the order could take at this price."""
        if not order.budgeted:
            return order.remaining
        affordable = order.budget_atoms // (price_ticks * self.specification.tick_lot_atoms)
        if not order.by_quote:
            return min(affordable, order.remaining)
        return min(affordable, order.cover_lots) if order.side == SELL else affordable

    def _is_spent(self, order: MarketOrder, price_ticks: int) -> bool:
        """Whether an order by quote cannot take one more lot at this price."""
        if order.budget_atoms < price_ticks * self.specification.tick_lot_atoms:
            return True
        return order.side == SELL and order.cover_lots == 0

    def _is_complete(self, order: MarketOrder, price_ticks: int) -> bool:
        if order.by_quote:
            return self._is_spent(order, price_ticks)
        return order.remaining == 0

    def _is_fillable(self, order: MarketOrder) -> bool:
        """Dry run of a fill-or-kill: whether all of it would trade, and in few enough steps."""
        need = order.remaining
        found = steps = 0
        for level in self.sides[SELL if order.side == BUY else BUY].levels():
            if not _reaches(order, level.price_ticks):
                break
            queue = level.queue.values()
            prevents = order.stp_mode != StpMode.NONE
            own = prevents and any(maker.owned_with(order) for maker in queue)
            stops = own and order.stp_mode in _STOPS_AT_OWN
            for maker in queue:
                if own and maker.owned_with(order):
                    if stops:
                        return False
                    steps += 1
                elif stops:
                    found += maker.visible_lots
                    steps += 1
                else:
                    found += maker.remaining
                    steps += ceil_div(maker.remaining, maker.iceberg_lots or maker.remaining)
                if found >= need:
                    return steps <= FOK_STEPS_MAX
        return False

    # ----- a trade

    def _trade(self, taker: MarketOrder, maker: MarketOrder, level: Level, lots: int) -> None:
        price = level.price_ticks
        quote_atoms = price * lots * self.specification.tick_lot_atoms
        self.trade_id += 1
        self.prices.record(price, lots, quote_atoms, self._log.time_us)
        self.trades_low = min(self.trades_low or price, price)
        self.trades_high = max(self.trades_high, price)
        buy, sell = (taker, maker) if taker.side == BUY else (maker, taker)
        self._log.emit(
            self.entity,
            TradeEvent,
            market=self.specification.market,
            taker_side=taker.side,
            trade_id=self.trade_id,
            price_ticks=price,
            lots=lots,
            quote_atoms=quote_atoms,
            buy_order_id=buy.order_id,
            sell_order_id=sell.order_id,
            buy_account_id=buy.account_id,
            sell_account_id=sell.account_id,
        )
        maker.executed_lots += lots
        taker.executed_lots += lots
        self._spend(taker, lots, quote_atoms, covered=True)
        self._shrink(maker, level, lots)
        maker_ends = maker.remaining == 0
        taker_ends = self._is_complete(taker, price)
        for order, ends in ((maker, maker_ends), (taker, taker_ends)):
            status = OrderStatus.FILLED if ends else OrderStatus.PARTIALLY_FILLED
            self._settle(
                order,
                self.trade_id,
                level,
                lots,
                quote_atoms=quote_atoms,
                maker=order is maker,
                ends=ends,
                status=status,
            )
        self._after_step(maker, level, ends=maker_ends)
        if taker_ends:
            self._close(taker)

    @staticmethod
    def _spend(order: MarketOrder, lots: int, quote_atoms: int, *, covered: bool) -> None:
        """Take what a step used off a market order's budget, and off what its hold covers."""
        if order.budgeted:
            order.budget_atoms -= quote_atoms
            if covered:
                order.cover_lots -= lots

    def _settle(
        self,
        order: MarketOrder,
        match_id: int,
        level: Level,
        lots: int,
        *,
        quote_atoms: int = 0,
        maker: bool,
        prevented: bool = False,
        transfer: bool = False,
        ends: bool,
        status: int,
        counter: Counter | None = None,
    ) -> None:
        """Tell the order's account what happened to it in this step."""
        prevents_end = prevented and ends
        self._send(
            SettleLink(
                source=self.entity.address,
                destination=shard_entity_of_order(order.order_id),
                time_us=self._log.time_us,
                order_id=order.order_id,
                trade_id=match_id,
                price_ticks=level.price_ticks,
                lots=lots,
                quote_atoms=quote_atoms,
                maker=maker,
                prevented=prevented,
                transfer=transfer,
                ends=ends,
                status=status,
                reason=Reason.SELF_TRADE_PREVENTED if prevents_end else Reason.NONE,
                trade_time_us=self._log.time_us,
                **(counter._asdict() if counter else {}),
            )
        )

    def _shrink(self, maker: MarketOrder, level: Level, lots: int) -> None:
        maker.visible_lots -= lots
        level.lots -= lots
        assert maker.visible_lots >= 0, "a maker traded more than it shows"

    def _after_step(self, maker: MarketOrder, level: Level, *, ends: bool) -> None:
        """Take an ended maker off the book, or show an iceberg's next slice behind the others."""
        self._touched = level
        side = self.sides[maker.side]
        if ends:
            side.remove(maker)
            self._close(maker)
        elif maker.visible_lots == 0:
            assert maker.iceberg_lots > 0, "a maker shows nothing"
            del level.queue[maker.order_id]
            self._queue(maker)

    # ----- self-trade prevention

    def _prevent(self, taker: MarketOrder, maker: MarketOrder, level: Level, want: int) -> None:
        mode = taker.stp_mode
        if mode == StpMode.TRANSFER and (
            maker.stp_mode != StpMode.TRANSFER or maker.account_id == taker.account_id
        ):
            mode = StpMode.DECREMENT
        common = min(want, maker.visible_lots)
        shares = {
            StpMode.EXPIRE_TAKER: (want if taker.by_quote else taker.remaining, 0),
            StpMode.EXPIRE_MAKER: (0, maker.remaining),
            StpMode.EXPIRE_BOTH: (want if taker.by_quote else taker.remaining, maker.remaining),
        }
        taker_lots, maker_lots = shares.get(StpMode(mode), (common, common))
        match = Prevention(taker, maker, StpMode(mode), taker_lots, maker_lots)
        self.prevented_id += 1
        self._log.emit(
            self.entity,
            PreventedEvent,
            market=self.specification.market,
            taker_side=taker.side,
            stp_mode=mode,
            trade_group=taker.trade_group,
            prevented_id=self.prevented_id,
            price_ticks=level.price_ticks,
            taker_order_id=taker.order_id,
            maker_order_id=maker.order_id,
            taker_account_id=taker.account_id,
            maker_account_id=maker.account_id,
            taker_prevented_lots=taker_lots,
            maker_prevented_lots=maker_lots,
        )
        if mode in (StpMode.DECREMENT, StpMode.TRANSFER):
            self._decrement(match, level)
            return
        if maker_lots:
            maker.prevented_lots += maker_lots
            self._settle_prevented(match, maker, level, maker_lots, ends=True)
            self._after_step(maker, level, ends=True)
        if taker_lots:
            taker.prevented_lots += taker_lots
            self._settle_prevented(match, taker, level, taker_lots, ends=True)
            self._close(taker)

    def _decrement(self, match: Prevention, level: Level) -> None:
        """Take the same lots off both; as a transfer they change hands at the maker's price."""
        taker, maker, lots = match.taker, match.maker, match.taker_lots
        transfer = match.mode == StpMode.TRANSFER
        quote_atoms = level.price_ticks * lots * self.specification.tick_lot_atoms
        maker.prevented_lots += lots
        taker.prevented_lots += lots
        self._shrink(maker, level, lots)
        self._spend(taker, lots, quote_atoms, covered=transfer)
        maker_ends = maker.remaining == 0
        taker_ends = self._is_complete(taker, level.price_ticks)
        for order, ends in ((maker, maker_ends), (taker, taker_ends)):
            self._settle_prevented(
                match, order, level, lots, quote_atoms=quote_atoms if transfer else 0, ends=ends
            )
        self._after_step(maker, level, ends=maker_ends)
        if taker_ends:
            self._close(taker)

    def _settle_prevented(
        self,
        match: Prevention,
        order: MarketOrder,
        level: Level,
        lots: int,
        *,
        quote_atoms: int = 0,
        ends: bool,
    ) -> None:
        status = OrderStatus.PARTIALLY_FILLED if order.executed_lots else OrderStatus.NEW
        self._settle(
            order,
            self.prevented_id,
            level,
            lots,
            quote_atoms=quote_atoms,
            maker=order is match.maker,
            prevented=True,
            transfer=match.mode == StpMode.TRANSFER,
            ends=ends,
            status=OrderStatus.EXPIRED_IN_MATCH if ends else status,
            counter=match.counter_of(order),
        )

    # ----- the book

    def expire(self, order: MarketOrder, reason: Reason) -> None:
        """End an order that waits nowhere, and tell its account."""
        self.end(order, OrderStatus.EXPIRED, Execution.EXPIRED, reason)

    def end(
        self, order: MarketOrder, status: OrderStatus, execution: Execution, reason: Reason
    ) -> None:
        """End an order that waits nowhere with this status, and tell its account."""
        remaining = 0 if order.by_quote else order.remaining
        self._close(order)
        self.report_done(order.order_id, status, execution, reason, remaining)

    def report_done(
        self,
        order_id: int,
        status: int = 0,
        execution: int = 0,
        reason: Reason = Reason.NONE,
        remaining: int = 0,
    ) -> None:
        """Tell an account that its order is no more; without an execution it never was."""
        self._send(
            DoneLink(
                source=self.entity.address,
                destination=shard_entity_of_order(order_id),
                time_us=self._log.time_us,
                order_id=order_id,
                status=status,
                execution=execution,
                reason=reason,
                remaining_lots=remaining,
            )
        )

    def leave_book(self, order: MarketOrder) -> None:
        """Take a resting order off the book and report its level."""
        level = self.sides[order.side].remove(order)
        order.place = OrderPlace.NOWHERE
        self.report_level(level)

    def report_level(self, level: Level) -> None:
        """Emit what a level holds now."""
        self.update_id += 1
        self._log.emit(
            self.entity,
            LevelEvent,
            market=self.specification.market,
            side=level.side,
            orders=len(level.queue),
            price_ticks=level.price_ticks,
            lots=level.lots,
            update_id=self.update_id,
        )

    def next_priority(self) -> int:
        """Return the next number of the order in which orders were placed."""
        self.priority += 1
        return self.priority

    def _rest(self, order: MarketOrder) -> None:
        assert order.order_type in PRICED, "only priced orders rest (B11)"
        assert self._crossed(order) is None, "the book would be crossed (B01)"
        order.place = OrderPlace.BOOK
        self.report_level(self._queue(order))

    def _queue(self, order: MarketOrder) -> Level:
        """Show the order, or its next slice, at the back of its level."""
        remaining = order.remaining
        assert remaining > 0, "nothing is left to rest"
        slice_lots = order.iceberg_lots or remaining
        order.visible_lots = min(slice_lots, remaining)
        order.priority = self.next_priority()
        return self.sides[order.side].add(order)

    def _report_touched(self) -> None:
        level, self._touched = self._touched, None
        if level is not None:
            self.report_level(level)

    def _close(self, order: MarketOrder) -> None:
        order.ended = True
        order.place = OrderPlace.NOWHERE
        del self.orders[order.order_id]


def _reaches(order: MarketOrder, price_ticks: int) -> bool:
    """Whether the order would trade at this price."""
    if order.side == BUY:
        return price_ticks <= order.limit_ticks
    return price_ticks >= order.limit_ticks
