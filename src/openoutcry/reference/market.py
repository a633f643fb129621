"""The market side: entry, triggers, continuations, cancels and amends. It knows no balance."""

from collections import deque

from openoutcry.core.enums import (
    CancelRestriction,
    Execution,
    MarketFlag,
    MarketStatus,
    OrderPlace,
    OrderStatus,
    OrderType,
    Reason,
)
from openoutcry.core.limits import (
    EVENT_BUDGET,
    EVENTS_PER_STEP_MAX,
    MULTIPLIER_ONE,
    TRAILING_ORDERS_PER_MARKET_MAX,
)
from openoutcry.core.records import AmendLink, AnswerLink, CancelLink, PlaceLink
from openoutcry.reference.book import MarketOrder
from openoutcry.reference.catalog import Specification
from openoutcry.reference.links import (
    Answers,
    SendToAccounts,
    ToMarket,
    shard_entity_of_order,
)
from openoutcry.reference.log import EventLog
from openoutcry.reference.matching import Matching
from openoutcry.reference.terms import BUY, CONDITIONAL, PRICED, SELL, is_budgeted, is_rising
from openoutcry.reference.triggers import Triggers, starts_trailing, trail


class Market(Matching):
    """One market, which answers links by links (sections 3 from check 25, 6, 7, 8 and 9)."""

    def __init__(self, specification: Specification, log: EventLog, send: SendToAccounts) -> None:
        super().__init__(specification, log, send)
        self.triggers = Triggers()
        self.queue: deque[MarketOrder] = deque()
        """Continuations: orders triggered or suspended."""
        self.faults = 0

    # ----- questions, pure

    def is_busy(self) -> bool:
        """Whether continuations wait in a market that trades."""
        return bool(self.queue) and self.status == MarketStatus.TRADING

    def is_trailing_full(self, leaving_order_id: int = 0) -> bool:
        """Whether no further trailing order may wait here, one about to leave not counted."""
        waiting = len(self.triggers.trailing) - (leaving_order_id in self.triggers.trailing)
        return waiting >= TRAILING_ORDERS_PER_MARKET_MAX

    def average_price_ticks(self) -> int:
        """Return the average price of the last minutes (section 10)."""
        specification = self.specification
        minutes = specification.average_price_minutes
        return self.prices.average(self._log.time_us, minutes, specification.tick_lot_atoms)

    def check(self, place: PlaceLink) -> Reason:
        """Say why the order may not enter: checks 25 to 31."""
        if self.status != MarketStatus.TRADING:
            return Reason.MARKET_CLOSED
        if place.market_version not in {0, self.specification.specification_version}:
            return Reason.MARKET_VERSION_MISMATCH
        reference_ticks = self.average_price_ticks()
        return (
            self._check_band(place, reference_ticks)
            or self._check_notional(place, reference_ticks)
            or self._check_trigger(place)
            or self._check_book(place)
        )

    def _check_band(self, place: PlaceLink, reference_ticks: int) -> Reason:
        """Check 27."""
        if place.order_type not in PRICED or reference_ticks == 0:
            return Reason.NONE
        specification = self.specification
        if place.side == BUY:
            up, down = specification.bid_multiplier_up, specification.bid_multiplier_down
        else:
            up, down = specification.ask_multiplier_up, specification.ask_multiplier_down
        scaled = place.price_ticks * MULTIPLIER_ONE
        if (up and scaled > reference_ticks * up) or (down and scaled < reference_ticks * down):
            return Reason.PERCENT_PRICE_BY_SIDE
        return Reason.NONE

    def _check_notional(self, place: PlaceLink, reference_ticks: int) -> Reason:
        """Check 28."""
        specification = self.specification
        low, high = specification.notional_atoms_min, specification.notional_atoms_max
        if place.order_type in PRICED:
            value = place.price_ticks * place.qty_lots * specification.tick_lot_atoms
        else:
            if not specification.flags & MarketFlag.MIN_NOTIONAL_ON_MARKET.value:
                low = 0
            if not specification.flags & MarketFlag.MAX_NOTIONAL_ON_MARKET.value:
                high = 0
            if place.quote_atoms > 0:
                value = place.quote_atoms
            elif reference_ticks == 0:
                return Reason.NONE
            else:
                value = reference_ticks * place.qty_lots * specification.tick_lot_atoms
        if value < low or 0 < high < value:
            return Reason.NOTIONAL
        return Reason.NONE

    def _check_trigger(self, place: PlaceLink) -> Reason:
        """Check 29."""
        last = self.prices.last_ticks
        if place.order_type not in CONDITIONAL or place.stop_ticks == 0 or last == 0:
            return Reason.NONE
        if is_rising(place.side, place.order_type):
            waits = place.stop_ticks > last
        else:
            waits = place.stop_ticks < last
        return Reason.NONE if waits else Reason.WOULD_TRIGGER_IMMEDIATELY

    def _check_book(self, place: PlaceLink) -> Reason:
        """Checks 30 and 31."""
        level = self.sides[SELL if place.side == BUY else BUY].best()
        if level is None:
            return Reason.NONE
        best = level.price_ticks
        if place.order_type == OrderType.LIMIT_MAKER:
            crosses = best <= place.price_ticks if place.side == BUY else best >= place.price_ticks
            return Reason.WOULD_TAKE if crosses else Reason.NONE
        if place.order_type != OrderType.MARKET:
            return Reason.NONE
        lots_min = max(self.specification.qty_lots_min, 1)
        lot_price = best * self.specification.tick_lot_atoms
        if place.quote_atoms > 0:
            lots = place.budget_atoms // lot_price
            if place.side == SELL:
                lots = min(lots, place.qty_lots)
            return Reason.LIQUIDITY_BELOW_LOT_SIZE if lots < lots_min else Reason.NONE
        short = place.side == BUY and place.budget_atoms < place.need_atoms
        if short and place.budget_atoms < lot_price * lots_min:
            return Reason.INSUFFICIENT_BALANCE
        return Reason.NONE

    # ----- links from the account side

    def admit(self, link: ToMarket, *, is_full: bool) -> None:
        """Take a link from another partition, whose accounts could not ask before they sent it.

        A link back that is full takes no new order.
        """
        self.drain()
        if isinstance(link, PlaceLink):
            reason = Reason.CAPACITY_REACHED if is_full else self._check_admission(link)
            if reason:
                self.report_done(link.order_id, reason=reason)
                return
        self.receive(link)
        if isinstance(link, PlaceLink):
            self._answer(link.order_id, Answers.RESPONDED)

    def _check_admission(self, place: PlaceLink) -> Reason:
        """What accounts of the same partition see for themselves, and then checks 25 to 31."""
        if self.is_busy():
            return Reason.MARKET_BUSY
        if place.trailing_bips > 0 and self.is_trailing_full():
            return Reason.CAPACITY_REACHED
        return self.check(place)

    def receive(self, link: ToMarket) -> None:
        """Do what a link asks; a Place must have passed `check`."""
        if isinstance(link, PlaceLink):
            self._place(link)
        elif isinstance(link, CancelLink):
            self._cancel(link)
        else:
            self._amend(link)

    def _place(self, link: PlaceLink) -> None:
        by_sell_quote = link.side == SELL and link.quote_atoms > 0
        order = MarketOrder(
            order_id=link.order_id,
            account_id=link.account_id,
            trade_group=link.trade_group,
            side=link.side,
            order_type=link.order_type,
            time_in_force=link.time_in_force,
            stp_mode=link.stp_mode,
            trailing_bips=link.trailing_bips,
            price_ticks=link.price_ticks,
            limit_ticks=link.worst_ticks,
            qty_lots=0 if by_sell_quote else link.qty_lots,
            quote_atoms=link.quote_atoms,
            stop_ticks=link.stop_ticks,
            iceberg_lots=link.iceberg_lots,
            budgeted=is_budgeted(link.side, link.order_type, link.quote_atoms),
            budget_atoms=link.budget_atoms,
            cover_lots=link.qty_lots if by_sell_quote else 0,
        )
        self.orders[order.order_id] = order
        self._answer(order.order_id, Answers.PLACE, Execution.NEW)
        if order.order_type in CONDITIONAL:
            order.priority = self.next_priority()
            self.triggers.add(order)
            return
        self._run(order, resumed=False)
        self.drain()

    def _cancel(self, link: CancelLink) -> None:
        order = self.orders.get(link.order_id)
        if order is None:
            self._answer(link.order_id, Answers.CANCEL, reason=Reason.UNKNOWN_ORDER)
            return
        partly_filled = order.executed_lots > 0
        restricted = (link.restriction == CancelRestriction.ONLY_NEW and partly_filled) or (
            link.restriction == CancelRestriction.ONLY_PARTIALLY_FILLED and not partly_filled
        )
        if restricted:
            self._answer(link.order_id, Answers.CANCEL, reason=Reason.CANCEL_RESTRICTED)
            return
        self._leave(order)
        self.end(order, OrderStatus.CANCELED, Execution.CANCELED, Reason.CANCELED_BY_USER)

    def _amend(self, link: AmendLink) -> None:
        order = self.orders.get(link.order_id)
        if order is None:
            self._answer(link.order_id, Answers.AMEND, reason=Reason.UNKNOWN_ORDER)
            return
        reason = self._check_amend(order, link.qty_lots)
        if reason:
            self._answer(link.order_id, Answers.AMEND, reason=reason)
            return
        if link.qty_lots <= order.executed_lots + order.prevented_lots:
            self._leave(order)
            self.expire(order, Reason.AMENDED_BELOW_EXECUTED)
            return
        order.qty_lots = link.qty_lots
        order.amends += 1
        if order.place == OrderPlace.BOOK and order.visible_lots > order.remaining:
            level = self.sides[order.side].level(order.price_ticks)
            level.lots -= order.visible_lots - order.remaining
            order.visible_lots = order.remaining
            self.report_level(level)
        self._answer(link.order_id, Answers.AMEND, Execution.REPLACED, qty_lots=link.qty_lots)

    def _check_amend(self, order: MarketOrder, qty_lots: int) -> Reason:
        """Checks 5 to 11 of an amend."""
        specification = self.specification
        if order.place == OrderPlace.QUEUED:
            return Reason.MARKET_BUSY
        if self.status != MarketStatus.TRADING:
            return Reason.MARKET_CLOSED
        qty_max = specification.qty_lots_max
        if qty_lots <= 0 or qty_lots < specification.qty_lots_min or 0 < qty_max < qty_lots:
            return Reason.LOT_SIZE
        if qty_lots > order.qty_lots:
            return Reason.AMEND_INCREASE
        if qty_lots == order.qty_lots:
            return Reason.AMEND_NO_CHANGE
        if 0 < specification.amends_max <= order.amends:
            return Reason.MAX_NUM_ORDER_AMENDS
        if qty_lots <= order.executed_lots + order.prevented_lots:
            return Reason.NONE
        if order.order_type in PRICED:
            value = order.price_ticks * qty_lots * specification.tick_lot_atoms
            if value < specification.notional_atoms_min:
                return Reason.NOTIONAL
        return Reason.NONE

    # ----- triggers and continuations

    def drain(self) -> None:
        """Run continuations while the event budget lasts (section 9)."""
        while self.queue:
            order = self.queue[0]
            if self.status != MarketStatus.TRADING:
                if not order.sweeping:
                    return
                self._leave(order)
                self.expire(order, Reason.EXCHANGE_CANCELED)
                continue
            if self._log.used + EVENTS_PER_STEP_MAX > EVENT_BUDGET:
                return
            resumed = order.sweeping
            self._leave(order)
            if not resumed:
                self._answer(order.order_id, Answers.WORKING, Execution.TRIGGERED)
            self._run(order, resumed=resumed)

    def _run(self, order: MarketOrder, *, resumed: bool) -> None:
        """Take, and then move what the trades have triggered to the queue."""
        if not self.take(order, resumed=resumed):
            order.sweeping = True
            order.place = OrderPlace.QUEUED
            self.queue.appendleft(order)
        self._evaluate()

    def _evaluate(self) -> None:
        low, high = self.trades_low, self.trades_high
        if high == 0:
            return
        self.trades_low = self.trades_high = 0
        for order in self.triggers.triggered(low, high):
            self._enqueue(order)
        last = self.prices.last_ticks
        for order in list(self.triggers.trailing.values()):
            if order.trailing_active:
                if trail(order, low, high, last):
                    self._enqueue(order)
            elif starts_trailing(order, low, high):
                order.trailing_active = True
                order.extreme_ticks = last
                self._answer(order.order_id, Answers.TRAILING_STARTED)

    def _enqueue(self, order: MarketOrder) -> None:
        """Move an order from the triggers to the back of the queue."""
        self.triggers.remove(order)
        order.place = OrderPlace.QUEUED
        self.queue.append(order)
        self._answer(order.order_id, Answers.QUEUED)

    def _leave(self, order: MarketOrder) -> None:
        """Take an open order from where it waits."""
        if order.place == OrderPlace.BOOK:
            self.leave_book(order)
        elif order.place == OrderPlace.QUEUED:
            self.queue.remove(order)
            order.sweeping = False
            order.place = OrderPlace.NOWHERE
        else:
            self.triggers.remove(order)

    def _answer(
        self,
        order_id: int,
        answers: Answers,
        execution: int = 0,
        reason: Reason = Reason.NONE,
        qty_lots: int = 0,
    ) -> None:
        self._send(
            AnswerLink(
                source=self.entity.address,
                destination=shard_entity_of_order(order_id),
                time_us=self._log.time_us,
                order_id=order_id,
                answers=answers,
                execution=execution,
                reason=reason,
                qty_lots=qty_lots,
            )
        )
