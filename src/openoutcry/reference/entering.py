"""New orders: checks 1 to 24, the hold, and the request to the market (section 3)."""

from openoutcry.core.enums import Phase, Reason
from openoutcry.core.ids import entity_of_market, shard_of_account
from openoutcry.core.limits import OPEN_ORDERS_MAX, ORDER_ID_MAX, SHARD_BITS
from openoutcry.core.records import NewOrder, PlaceLink
from openoutcry.reference.catalog import Specification
from openoutcry.reference.checks import OrderCommand, check_identity, check_shape
from openoutcry.reference.desk import Desk
from openoutcry.reference.holdings import Account, AccountOrder, HoldPlan, plan_hold
from openoutcry.reference.settling import WORKING
from openoutcry.reference.terms import BUY, CONDITIONAL, SELL


class Entering(Desk):
    """How an order is accepted."""

    def new_order(self, command: NewOrder) -> None:
        """Section 3."""
        account = self.admit(command)
        if account is None:
            return
        reason = self.check_trader(account, command.market)
        if not reason:
            specification = self.catalog.specifications[command.market]
            reason = (
                check_identity(command, specification)
                or check_shape(command, specification)
                or self.check_busy(command.market)
                or self.check_client_order_id(account, command)
                or self.check_counts(account, command, specification, None)
            )
        if reason:
            self.conclude(command, reason)
        else:
            self.enter(account, command, Phase.WHOLE)

    def check_busy(self, market: int) -> Reason:
        """Check 20."""
        door = self.doors.get(market)
        return Reason.MARKET_BUSY if door and door.is_busy() else Reason.NONE

    @staticmethod
    def check_client_order_id(account: Account, command: OrderCommand) -> Reason:
        """Check 21."""
        if account.in_market(command.market).is_taken(command.client_order_id):
            return Reason.DUPLICATE_CLIENT_ORDER_ID
        return Reason.NONE

    def check_counts(
        self,
        account: Account,
        command: OrderCommand,
        specification: Specification,
        leaving: AccountOrder | None,
    ) -> Reason:
        """Check 22; an order about to be cancelled is not counted."""
        here = account.in_market(command.market)
        everywhere = account.markets.values()
        conditional = command.order_type in CONDITIONAL
        gone = 1 if leaving else 0
        gone_waiting = 1 if leaving and leaving.waiting else 0
        gone_icebergs = 1 if leaving and leaving.iceberg_lots > 0 else 0
        limits = self.catalog.limits
        orders = len(here.orders) - gone
        orders_everywhere = sum(len(market.orders) for market in everywhere) - gone
        waiting_everywhere = sum(market.waiting for market in everywhere) - gone_waiting
        icebergs_everywhere = sum(market.icebergs for market in everywhere) - gone_icebergs
        if 0 < specification.orders_max <= orders:
            return Reason.MAX_NUM_ORDERS
        if conditional and 0 < specification.algo_orders_max <= here.waiting - gone_waiting:
            return Reason.MAX_NUM_ALGO_ORDERS
        iceberg = command.iceberg_lots > 0
        if iceberg and 0 < specification.iceberg_orders_max <= here.icebergs - gone_icebergs:
            return Reason.MAX_NUM_ICEBERG_ORDERS
        if 0 < limits.orders_max <= orders_everywhere:
            return Reason.EXCHANGE_MAX_NUM_ORDERS
        if conditional and 0 < limits.algo_orders_max <= waiting_everywhere:
            return Reason.EXCHANGE_MAX_NUM_ALGO_ORDERS
        if iceberg and 0 < limits.iceberg_orders_max <= icebergs_everywhere:
            return Reason.EXCHANGE_MAX_NUM_ICEBERG_ORDERS
        if len(self.orders) - gone >= OPEN_ORDERS_MAX:
            return Reason.CAPACITY_REACHED
        door = self.doors.get(command.market)
        leaving_id = leaving.order_id if leaving else 0
        if command.trailing_bips > 0 and door and door.is_trailing_full(leaving_id):
            return Reason.CAPACITY_REACHED
        if self._next_order_id(account) > ORDER_ID_MAX:
            return Reason.CAPACITY_REACHED
        return Reason.NONE

    def _next_order_id(self, account: Account) -> int:
        counter = self.shard(account.account_id).order_counter + 1
        return counter << SHARD_BITS | shard_of_account(account.account_id)

    def enter(self, account: Account, command: OrderCommand, phase: Phase) -> None:
        """Do checks 23 to 31, and then accept the order and send it to its market."""
        specification = self.catalog.specifications[command.market]
        buys = command.side == BUY
        asset = specification.quote_asset if buys else specification.base_asset
        free, _ = self.ledger.balance(account.account_id, asset)
        plan = plan_hold(command, specification, free)
        reason = self._check_position(account, command, specification)
        if not reason and not plan.is_covered(command, free):
            reason = Reason.INSUFFICIENT_BALANCE
        place = self._place_link(account, command, specification, plan)
        door = self.doors.get(command.market)
        if not reason and door:
            reason = door.check(place)
        if reason:
            self.conclude(command, reason, phase)
            return
        self.shard(account.account_id).order_counter += 1
        self.ledger.hold(account.account_id, asset, plan.hold_atoms)
        self.open_order(self._new_order(account, command, place, plan))
        self.ask(place, command)

    def _check_position(
        self, account: Account, command: OrderCommand, specification: Specification
    ) -> Reason:
        """Check 23."""
        position_max = specification.position_lots_max
        if position_max == 0 or command.side != BUY or command.qty_lots == 0:
            return Reason.NONE
        base = self.ledger.balance(account.account_id, specification.base_asset)
        buying = sum(
            order.remaining
            for order in account.in_market(command.market).orders.values()
            if order.side == BUY and order.quote_atoms == 0
        )
        position = sum(base) // specification.lot_atoms + buying + command.qty_lots
        return Reason.MAX_POSITION if position > position_max else Reason.NONE

    def _place_link(
        self,
        account: Account,
        command: OrderCommand,
        specification: Specification,
        plan: HoldPlan,
    ) -> PlaceLink:
        qty_lots = command.qty_lots
        if command.side == SELL and command.quote_atoms > 0:
            qty_lots = plan.hold_atoms // specification.lot_atoms  # what the hold covers
        return PlaceLink(
            source=self.shard(account.account_id).address,
            destination=entity_of_market(command.market),
            time_us=self._log.time_us,
            order_id=self._next_order_id(account),
            account_id=account.account_id,
            trade_group=account.trade_group,
            market_version=command.market_version,
            side=command.side,
            order_type=command.order_type,
            time_in_force=command.time_in_force,
            stp_mode=command.stp_mode,
            trailing_bips=command.trailing_bips,
            price_ticks=command.price_ticks,
            qty_lots=qty_lots,
            quote_atoms=command.quote_atoms,
            stop_ticks=command.stop_ticks,
            iceberg_lots=command.iceberg_lots,
            worst_ticks=command.price_ticks or command.worst_ticks,
            budget_atoms=plan.budget_atoms,
            need_atoms=plan.need_atoms,
        )

    def _new_order(
        self, account: Account, command: OrderCommand, place: PlaceLink, plan: HoldPlan
    ) -> AccountOrder:
        time_us = self._log.time_us
        conditional = command.order_type in CONDITIONAL
        maker_rate, taker_rate = self.catalog.rates(account.fee_schedule, command.market)
        return AccountOrder(
            account_id=account.account_id,
            order_id=place.order_id,
            market=command.market,
            side=command.side,
            order_type=command.order_type,
            time_in_force=command.time_in_force,
            stp_mode=command.stp_mode,
            trailing_bips=command.trailing_bips,
            trade_group=account.trade_group,
            strategy_id=command.strategy_id,
            strategy_type=command.strategy_type,
            price_ticks=command.price_ticks,
            qty_lots=command.qty_lots,
            quote_atoms=command.quote_atoms,
            stop_ticks=command.stop_ticks,
            iceberg_lots=command.iceberg_lots,
            worst_ticks=place.worst_ticks,
            client_order_id=command.client_order_id,
            hold_atoms=plan.hold_atoms,
            maker_rate=maker_rate,
            taker_rate=taker_rate,
            created_us=time_us,
            updated_us=time_us,
            working_us=0 if conditional else time_us,
            flags=0 if conditional else WORKING,
            waiting=conditional,
        )
