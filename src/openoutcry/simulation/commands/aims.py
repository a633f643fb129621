"""Commands aimed at one reason each, so that rare refusals are met as often as common ones."""

from collections.abc import Callable
from typing import Any

from openoutcry.core.enums import (
    CancelReplaceMode,
    MarketFlag,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    TimeInForce,
)
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, PRICE_TICKS_MAX, QTY_LOTS_MAX
from openoutcry.core.records import (
    Adjust,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReplace,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    LinkAck,
    NewOrder,
    SetFees,
    SetLimits,
    SetMarketStatus,
    Tick,
    UpdateAccount,
    Withdraw,
)
from openoutcry.simulation.commands.requests import UNKNOWN_ID, RequestMaker, update_of
from openoutcry.simulation.commands.script import Script, ScriptMaker
from openoutcry.simulation.commands.world import ALL_TYPES, OPEN


class AimMaker(ScriptMaker):
    """Makes, for a reason, the few commands that should meet it; none when the moment is wrong."""

    def __init__(self, requests: RequestMaker) -> None:
        super().__init__(requests)
        self.aims: dict[Reason, Callable[[], Script]] = {
            reason: getattr(self, f"_aim_{reason.name.lower()}")
            for reason in Reason
            if hasattr(self, f"_aim_{reason.name.lower()}")
        }

    # ---- about the command itself

    def _aim_unknown_command(self) -> Script:
        return [LinkAck(account_id=self.orders.account(), destination=1, link_seq=1)]

    def _aim_time_went_back(self) -> Script:
        return [self.requests.cancel()._replace(time_us=1)]

    def _aim_deadline_passed(self) -> Script:
        return [self.plain(deadline_us=self.rng.choice((1, -1, -(2**63))))]

    def _aim_deadline_too_far(self) -> Script:
        return [self.plain(deadline_us=self.rng.choice((2**62, 2**63 - 1)))]

    def _aim_unknown_account(self) -> Script:
        account = self.rng.choice((0, 1, 2**53, 2**64 - 1, UNKNOWN_ID))
        return [self.plain(account_id=account), CancelAll(account_id=account, market=1)]

    def _aim_already_exists(self) -> Script:
        market = self.open.specification
        fields = {name: getattr(market, name) for name in CreateMarket._fields[9:]}
        return [
            self.rng.choice(
                (
                    CreateAsset(asset=1, scale=2, name=b"NEW"),
                    CreateAsset(asset=9, scale=2, name=b"USD"),
                    CreateAccount(account_id=self.orders.rich[0], flags=7),
                    CreateMarket(**(fields | {"symbol": b"OTHER"})),
                    CreateMarket(**(fields | {"market": 9})),
                )
            )
        ]

    def _aim_account_may_not_trade(self) -> Script:
        account = self.orders.accounts[13].account_id
        return [
            self.plain(account_id=account),
            CancelAll(account_id=account, market=1),
            CancelOrder(account_id=account, market=1, order_id=1),
            AmendOrder(account_id=account, market=1, order_id=1, qty_lots=1),
        ]

    def _aim_unknown_market(self) -> Script:
        market = self.rng.choice((0, 77, 4096, 65535))
        account = self.orders.account()
        return [
            self.plain(market=market),
            CancelOrder(account_id=account, market=market, order_id=1),
            CancelAll(account_id=account, market=market),
            SetMarketStatus(market=market, status=1),
            SetFees(schedule=1, market=max(1, market)),
        ]

    def _aim_unknown_asset(self) -> Script:
        asset = self.rng.choice((0, 900, 65535))
        account = self.orders.account()
        market = self.open.specification
        fields = {name: getattr(market, name) for name in CreateMarket._fields[9:]}
        return [
            Deposit(account_id=account, asset=asset, amount_atoms=1),
            Withdraw(account_id=account, asset=asset, amount_atoms=1),
            CreateMarket(**(fields | {"market": 9, "symbol": b"NINE", "quote_asset": asset})),
        ]

    def _aim_invalid_specification(self) -> Script:
        market = self.open.specification
        wrong = self.rng.choice(
            (
                {"tick_atoms": market.tick_atoms + 1},
                {"lot_atoms": 0},
                {"base_asset": market.quote_asset},
                {"default_stp_mode": 6},
                {"stp_modes": 0},
                {"price_ticks_max": PRICE_TICKS_MAX + 1},
                {"qty_lots_min": 5, "qty_lots_max": 4},
                {"notional_atoms_min": 5, "notional_atoms_max": 4},
                {"average_price_minutes": 61},
                {"orders_max": 3, "position_lots_max": -1},
                {"symbol": b"lower"},
                {"market_qty_lots_step": -1},
            )
        )
        other = self.rng.choice(
            (
                CreateAsset(asset=0, scale=2, name=b"ZERO"),
                CreateAsset(asset=1025, scale=2, name=b"FAR"),
                CreateAsset(asset=8, scale=19, name=b"FINE"),
                CreateAsset(asset=8, scale=2, name=b"small"),
                CreateAsset(asset=8, scale=2, name=b""),
                CreateAccount(account_id=0, flags=7),
                CreateAccount(account_id=2**53, flags=7),
                CreateAccount(account_id=UNKNOWN_ID, fee_schedule=1024),
                UpdateAccount(account_id=self.orders.rich[0], fee_schedule=1024, flags=7),
                SetFees(schedule=1024),
                SetFees(schedule=1, maker_rate=100_000_000),
                SetMarketStatus(market=1, status=6),
                SetMarketStatus(market=1, status=0),
            )
        )
        fields = {name: getattr(market, name) for name in CreateMarket._fields[9:]}
        created = CreateMarket(**(fields | {"market": 9, "symbol": b"NINE"} | wrong))
        return [update_of(market, **wrong), created, other]

    def _aim_invalid_amount(self) -> Script:
        account, bad = self.orders.account(), self.rng.choice((0, -1, 2**62, -(2**63)))
        return [
            Deposit(account_id=account, asset=1, amount_atoms=bad),
            Withdraw(account_id=account, asset=1, amount_atoms=bad),
            Adjust(account_id=account, asset=1, amount_atoms=self.rng.choice((0, 2**62, -(2**62)))),
        ]

    def _aim_insufficient_balance(self) -> Script:
        account = self.orders.accounts[12].account_id
        return [
            self.plain(account_id=account),
            Withdraw(account_id=account, asset=1, amount_atoms=1),
            Adjust(account_id=account, asset=2, amount_atoms=-1),
        ]

    def _aim_capacity_reached(self) -> Script:
        account = self.rng.choice(self.orders.rich)
        return [
            Deposit(account_id=account, asset=1, amount_atoms=AMOUNT_ATOMS_MAX),
            Adjust(account_id=account, asset=2, amount_atoms=AMOUNT_ATOMS_MAX),
        ]

    def _aim_account_may_not_withdraw(self) -> Script:
        account = self.orders.accounts[15].account_id
        return [Withdraw(account_id=account, asset=1, amount_atoms=1)]

    def _aim_account_may_not_deposit(self) -> Script:
        account = self.orders.accounts[14].account_id
        return [Deposit(account_id=account, asset=1, amount_atoms=1)]

    # ---- about the order's shape

    def _aim_invalid_side(self) -> Script:
        return [NewOrder(**(self.orders.passive(self.open, 1) | {"side": 3}))]

    def _aim_invalid_order_type(self) -> Script:
        return [self.plain(order_type=self.rng.choice((0, 8, 255)))]

    def _aim_invalid_time_in_force(self) -> Script:
        if self.rng.random() < 0.5:
            return [self.plain(order_type=OrderType.LIMIT_MAKER, time_in_force=1)]
        return [self.plain(time_in_force=self.rng.choice((0, 4, 255)))]

    def _aim_stp_mode_not_allowed(self) -> Script:
        if self.rng.random() < 0.3:
            return [self.plain(stp_mode=self.rng.choice((6, 16, 255)))]
        modes = {"default_stp_mode": 0, "stp_modes": 0b101}
        return self.within(modes, self.plain(stp_mode=4), self.plain(stp_mode=0))

    def _aim_invalid_combination(self) -> Script:
        changes = self.rng.choice(
            (
                {"price_ticks": 0},
                {"quote_atoms": 5},
                {"worst_ticks": 5},
                {"qty_lots": 0},
                {"qty_lots": -1},
                {"stop_ticks": 5},
                {"trailing_bips": 5},
                {"order_type": OrderType.MARKET, "time_in_force": 0},
                {"order_type": OrderType.STOP_LOSS, "time_in_force": 0, "worst_ticks": 5},
                {"time_in_force": TimeInForce.IOC, "iceberg_lots": 1},
                {"order_type": OrderType.TAKE_PROFIT_LIMIT},
            )
        )
        fields = {"mode": self.rng.choice((0, 3)), "cancel_order_id": 1024}
        replace = CancelReplace(**(self.orders.passive(self.open, 1) | fields))
        return [self.plain(**changes), replace]

    def _aim_order_type_not_supported(self) -> Script:
        types = ALL_TYPES & ~(1 << OrderType.LIMIT)
        return self.within({"order_types": types}, self.plain())

    def _without(self, flag: MarketFlag) -> dict[str, int]:
        return {"flags": self.open.specification.flags & ~flag}

    def _aim_iceberg_not_supported(self) -> Script:
        return self.within(self._without(MarketFlag.ICEBERG), self.plain(iceberg_lots=1))

    def _aim_trailing_not_supported(self) -> Script:
        order = self.conditional(trailing_bips=100)
        return self.within(self._without(MarketFlag.TRAILING_STOP), order)

    def _aim_quote_qty_not_supported(self) -> Script:
        order = NewOrder(**self.orders.market_quote(self.open, 1))
        return self.within(self._without(MarketFlag.QUOTE_ORDER_QTY), order)

    def _aim_cancel_replace_not_supported(self) -> Script:
        fields = {"mode": 1, "cancel_order_id": 1024, "market": 1}
        replace = CancelReplace(**(self.orders.passive(self.open, 1) | fields))
        return self.within(self._without(MarketFlag.CANCEL_REPLACE), replace)

    def _aim_amend_not_supported(self) -> Script:
        amend = AmendOrder(account_id=self.orders.rich[0], market=1, order_id=1, qty_lots=1)
        return self.within(self._without(MarketFlag.AMEND), amend)

    def _aim_iceberg_exceeds_qty(self) -> Script:
        return [self.plain(qty_lots=3, iceberg_lots=4)]

    def _aim_client_order_id_invalid(self) -> Script:
        bad = self.rng.choice((b"", b"a b", b"\xc3\xa9", b"a*", b"x" * 35 + b"\x7f", b"\x01"))
        amend = AmendOrder(account_id=self.orders.rich[0], market=1, client_order_id=b"a\tb")
        return [self.plain(client_order_id=bad), amend]

    def _aim_notional_overflow(self) -> Script:
        return [
            self.plain(price_ticks=PRICE_TICKS_MAX, qty_lots=QTY_LOTS_MAX),
            self.plain(qty_lots=QTY_LOTS_MAX, side=Side.SELL),
            NewOrder(**(self.orders.market_quote(self.open, 1) | {"quote_atoms": 2**63 - 1})),
        ]

    # ---- filters

    def _aim_price_filter(self) -> Script:
        if self.rng.random() < 0.5:
            return [self.plain(price_ticks=PRICE_TICKS_MAX + 1)]
        mid = self.orders.middle(self.open)
        bounds = {"price_ticks_min": mid, "price_ticks_max": mid + 3}
        return self.within(bounds, self.plain(price_ticks=mid - 1), self.plain(price_ticks=mid + 4))

    def _aim_lot_size(self) -> Script:
        bounds = {"qty_lots_min": 3, "qty_lots_max": 9}
        return self.within(
            bounds, self.plain(qty_lots=2), self.plain(qty_lots=10), self.plain(qty_lots=9)
        )

    def _aim_market_lot_size(self) -> Script:
        bounds = {
            "market_qty_lots_min": 3,
            "market_qty_lots_max": 9,
            "market_qty_lots_step": 2,
        }
        return self.within(bounds, *(self.by_market(qty_lots=qty) for qty in (2, 4, 5, 11)))

    def _aim_iceberg_parts(self) -> Script:
        parts = {"iceberg_parts_max": 3}
        return self.within(
            parts, self.plain(qty_lots=7, iceberg_lots=2), self.plain(qty_lots=6, iceberg_lots=2)
        )

    def _aim_trailing_delta(self) -> Script:
        if self.rng.random() < 0.3:
            return [self.conditional(trailing_bips=10_000)]
        side = self.orders.side()
        bounds = {
            "trailing_above_bips_min": 50,
            "trailing_above_bips_max": 100,
            "trailing_below_bips_min": 20,
            "trailing_below_bips_max": 60,
        }
        orders = [self.conditional(side=side, trailing_bips=bips) for bips in (19, 49, 60, 101)]
        return self.within(bounds, *orders)

    def _two(self, bounds: dict[str, int], **changes: Any) -> Script:
        account = self.rng.choice(self.orders.rich)
        conditional = changes.pop("conditional", False)
        make = self.conditional if conditional else self.plain
        orders = [make(**changes, account_id=account, side=1) for _ in range(2)]
        return self.within(bounds, *orders)

    def _aim_max_num_orders(self) -> Script:
        return self._two({"orders_max": 1})

    def _aim_max_num_algo_orders(self) -> Script:
        return self._two({"algo_orders_max": 1}, conditional=True)

    def _aim_max_num_iceberg_orders(self) -> Script:
        return self._two({"iceberg_orders_max": 1}, qty_lots=4, iceberg_lots=2)

    def _aim_exchange_max_num_orders(self) -> Script:
        account = self.rng.choice(self.orders.rich)
        orders = [self.plain(account_id=account), self.plain(account_id=account)]
        return [SetLimits(orders_max=1), *orders, SetLimits()]

    def _aim_exchange_max_num_algo_orders(self) -> Script:
        account = self.rng.choice(self.orders.rich)
        orders = [self.conditional(account_id=account, side=1) for _ in range(2)]
        return [SetLimits(algo_orders_max=1), *orders, SetLimits()]

    def _aim_exchange_max_num_iceberg_orders(self) -> Script:
        account = self.rng.choice(self.orders.rich)
        fields: dict[str, Any] = {"account_id": account, "qty_lots": 4, "iceberg_lots": 2}
        orders = [self.plain(**fields), self.plain(**fields)]
        return [SetLimits(iceberg_orders_max=1), *orders, SetLimits()]

    def _aim_max_position(self) -> Script:
        limit = {"position_lots_max": self.rng.choice((1, 50, 10**9))}
        return self.within(limit, self.plain(side=Side.BUY), self.by_market(side=Side.BUY))

    def _aim_percent_price_by_side(self) -> Script:
        bands = {
            "bid_multiplier_up": 10_500,
            "bid_multiplier_down": 9_800,
            "ask_multiplier_up": 10_400,
            "ask_multiplier_down": 9_700,
        }
        side = self.orders.side()
        mid = self.orders.middle(self.open)
        prices = (max(1, mid // 3), mid * 3) if side == Side.SELL else (max(1, mid // 3),)
        orders = [self.plain(side=side, price_ticks=price, time_in_force=2) for price in prices]
        return self.within(bands, *orders)

    def _aim_notional(self) -> Script:
        price = self.orders.middle(self.open)
        value = self.open.specification.tick_lot_atoms * price
        bounds = {
            "notional_atoms_min": 3 * value,
            "notional_atoms_max": 8 * value,
            "flags": self.open.specification.flags | 96,
        }
        quote = self.orders.market_quote(self.open, 1) | {"quote_atoms": 2 * value}
        at_bounds = [self.plain(price_ticks=price, qty_lots=lots) for lots in (2, 3, 8, 9)]
        by_market = [self.by_market(qty_lots=lots) for lots in (1, 3, 30)]
        return self.within(bounds, *at_bounds, *by_market, NewOrder(**quote))

    def _aim_max_num_order_amends(self) -> Script:
        order = self.an_order(lambda o: o.market == OPEN and o.qty_lots - o.executed_lots > 2)
        if order is None:
            return []
        amends = [
            self.amend_of(order, order.qty_lots - 1),
            self.amend_of(order, order.qty_lots - 2),
        ]
        return self.within({"amends_max": 1}, *amends)

    # ---- decided by the account shard and the market

    def _aim_duplicate_client_order_id(self) -> Script:
        order = self.an_order()
        if order is None:
            return []
        view = self.model.markets[order.market]
        name = {"account_id": order.account_id, "client_order_id": order.client_order_id}
        fields = self.orders.passive(view, 1) | name
        return [NewOrder(**fields)]

    def _closed(self, *commands: Command) -> Script:
        status = self.rng.choice((2, 3, 4, 5))
        return [
            SetMarketStatus(market=OPEN, status=status),
            *commands,
            SetMarketStatus(market=OPEN, status=1),
        ]

    def _aim_market_closed(self) -> Script:
        order = self.an_order(lambda o: o.market == OPEN and o.qty_lots > 1)
        amends = [self.amend_of(order, order.qty_lots - 1)] if order else []
        return self._closed(self.plain(), *amends, self.requests.cancel())

    def _aim_market_version_mismatch(self) -> Script:
        version = self.open.specification.specification_version
        return [self.plain(market_version=version + self.rng.choice((1, -1, 77)) or 9999)]

    def _aim_would_trigger_immediately(self) -> Script:
        last = self.open.last_ticks
        if not last:
            return []
        side = self.orders.side()
        stop = last if self.rng.random() < 0.6 else last - 1 if side == Side.BUY else last + 1
        return [self.conditional(side=side, stop_ticks=max(1, stop))]

    def _aim_would_take(self) -> Script:
        side = self.orders.side()
        best = self.open.best(3 - side)
        if not best:
            return []
        fields: dict[str, Any] = {
            "order_type": OrderType.LIMIT_MAKER,
            "time_in_force": TimeInForce.NONE,
        }
        return [self.plain(**fields, side=side, price_ticks=best)]

    def _aim_liquidity_below_lot_size(self) -> Script:
        side = self.orders.side()
        best = self.open.best(3 - side)
        if not best:
            return []
        amount = self.open.specification.tick_lot_atoms * best - 1
        fields = self.orders.market_quote(self.open, side)
        changes = {"account_id": self.rng.choice(self.orders.rich), "quote_atoms": max(1, amount)}
        return [NewOrder(**(fields | changes))]

    def _aim_market_busy(self) -> Script:
        return [*self.long_sweep(750), *(self.plain() for _ in range(3)), self.requests.tick()]

    # ---- cancels and amends

    def _aim_unknown_order(self) -> Script:
        account = self.rng.choice(self.orders.rich)
        return [
            CancelOrder(account_id=account, market=1, order_id=UNKNOWN_ID),
            CancelOrder(account_id=account, market=1, original_client_order_id=b"nobody"),
            CancelOrder(account_id=account, market=1),
        ]

    def _aim_cancel_id_mismatch(self) -> Script:
        order = self.an_order()
        if order is None:
            return []
        names: dict[str, Any] = {"order_id": order.order_id, "original_client_order_id": b"not-it"}
        base: dict[str, Any] = {"account_id": order.account_id, "market": order.market}
        return [
            CancelOrder(**base, **names),
            AmendOrder(**base, **names, qty_lots=1),
        ]

    def _aim_cancel_restricted(self) -> Script:
        order = self.an_order()
        if order is None:
            return []
        restriction = 2 if order.status == OrderStatus.NEW else 1
        base: dict[str, Any] = {"account_id": order.account_id, "market": order.market}
        return [CancelOrder(**base, order_id=order.order_id, restriction=restriction)]

    def _aim_amend_increase(self) -> Script:
        order = self.an_order()
        return [self.amend_of(order, order.qty_lots + 1)] if order else []

    def _aim_amend_no_change(self) -> Script:
        order = self.an_order()
        return [self.amend_of(order, order.qty_lots)] if order else []

    def _aim_not_attempted(self) -> Script:
        fields = {"mode": CancelReplaceMode.STOP_ON_FAILURE, "cancel_order_id": UNKNOWN_ID}
        passive = self.orders.passive(self.open, self.orders.side())
        return [CancelReplace(**(passive | fields))]

    # ---- how orders end

    def _aim_amended_below_executed(self) -> Script:
        order = self.an_order(
            lambda o: o.executed_lots > 0 and o.executed_lots < o.qty_lots and o.market == OPEN
        )
        return [self.amend_of(order, order.executed_lots)] if order else []

    def _aim_budget_spent(self) -> Script:
        side = self.orders.side()
        mid = self.orders.middle(self.open)
        other, away = 3 - side, 1 if side == Side.BUY else -1
        best = self.open.best(other) or mid
        value = self.open.specification.tick_lot_atoms
        makers = [
            self.plain(side=other, price_ticks=max(1, best + step * away), qty_lots=1, stp_mode=0)
            for step in (0, 1)
        ]
        taker = self.orders.market_quote(self.open, side)
        wide = best * 4 if side == Side.BUY else 1
        total = self.open.levels[other].get(best, 0) + 1
        changes = {
            "quote_atoms": value * (best * (total + 1)),
            "worst_ticks": wide,
            "stp_mode": 0,
            "account_id": self.rng.choice(self.orders.rich),
        }
        return [*makers, NewOrder(**(taker | changes))]

    def _aim_exchange_canceled(self) -> Script:
        halt = SetMarketStatus(market=OPEN, status=self.rng.choice((2, 3, 4, 5)))
        return [*self.long_sweep(720), halt, Tick(), self.requests.reopen(self.open)]
