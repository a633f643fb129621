"""Cancels, amends, replacements, money and administration, as clients and operators send them."""

import random
from typing import Any

from openoutcry.core.enums import CancelReplaceMode, MarketStatus
from openoutcry.core.limits import AMOUNT_ATOMS_MAX
from openoutcry.core.records import (
    Adjust,
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReplace,
    Command,
    CreateMarket,
    Deposit,
    Epoch,
    NewOrder,
    Quarantine,
    SetFees,
    SetLimits,
    SetMarketStatus,
    Tick,
    UpdateAccount,
    UpdateMarket,
    Withdraw,
)
from openoutcry.simulation.commands.model import MarketView, OpenOrder
from openoutcry.simulation.commands.orders import OrderMaker
from openoutcry.simulation.commands.world import (
    FEE_RATES,
    TIGHT,
    filters_of,
    specification,
    wealth_atoms,
)

UNKNOWN_ID = 999 << 10 | 200


def update_of(rules: CreateMarket, **changes: Any) -> UpdateMarket:
    """Return the command that gives a market these rules with some fields changed."""
    fields = {name: getattr(rules, name) for name in CreateMarket._fields[9:]}
    return UpdateMarket(**(fields | changes))


class RequestMaker:
    """Draws the commands that are not new orders."""

    def __init__(self, orders: OrderMaker) -> None:
        self.orders = orders
        self.rng: random.Random = orders.rng
        self.model = orders.model

    def new(self) -> Command:
        """Draw a new order."""
        return NewOrder(**self.orders.order())

    # ---- of one order

    def _names(self, order: OpenOrder) -> tuple[int, bytes]:
        """Draw how a request names an order: by id, by client id, by both, or wrongly."""
        r = self.rng.random()
        if r < 0.45:
            return order.order_id, b""
        if r < 0.8:
            return 0, order.client_order_id
        if r < 0.93:
            return order.order_id, order.client_order_id
        if r < 0.96:
            return order.order_id, b"another"
        return (order.order_id + 1024, b"") if r < 0.98 else (0, b"")

    def _restriction(self) -> int:
        r = self.rng.random()
        return 0 if r < 0.75 else 1 if r < 0.87 else 2 if r < 0.98 else 7

    def _target(self) -> tuple[int, int, int, bytes]:
        """Draw an order to act on: account, market, order id, client id; seldom not one's own."""
        rng = self.rng
        order = self.model.orders.draw(rng)
        r = rng.random()
        if self.model.gone and (order is None or r < 0.08):
            account, market, order_id, client_order_id = rng.choice(self.model.gone)
            return account, market, order_id, (client_order_id if r < 0.04 else b"")
        if order is None:
            return self.orders.account(), 1, UNKNOWN_ID, b""
        order_id, client_order_id = self._names(order)
        account = self.orders.account() if r > 0.97 else order.account_id
        market = rng.randint(1, 3) if 0.94 < r <= 0.97 else order.market
        return account, market, order_id, client_order_id

    def cancel(self) -> Command:
        """Draw a cancel."""
        account, market, order_id, original = self._target()
        return CancelOrder(
            account_id=account,
            market=market,
            restriction=self._restriction(),
            order_id=order_id,
            original_client_order_id=original,
            client_order_id=self.orders.client_order_id() if self.rng.random() < 0.5 else b"",
        )

    def cancel_all(self) -> Command:
        """Draw a cancel of all orders of an account in a market."""
        return CancelAll(account_id=self.orders.account(), market=self.rng.randint(1, 4))

    def replace(self) -> Command:
        """Draw a cancel-replace; often the replacement is alike, sometimes it crosses."""
        rng = self.rng
        account, market, order_id, original = self._target()
        view = self.model.markets.get(market) or self.orders.market()
        fields = self.orders.styled(
            rng.choice(self.orders.styles) if rng.random() < 0.3 else "passive",
            view,
            self.orders.side(),
        )
        fields["account_id"] = account
        if rng.random() < 0.1:
            fields["client_order_id"] = original or b"c1"
        mode = CancelReplaceMode.STOP_ON_FAILURE if rng.random() < 0.5 else 2
        return CancelReplace(
            **fields,
            cancel_order_id=order_id,
            cancel_original_client_order_id=original,
            cancel_client_order_id=b"x%d" % rng.getrandbits(12) if rng.random() < 0.4 else b"",
            mode=mode if rng.random() < 0.98 else rng.choice((0, 3)),
            restriction=self._restriction(),
        )

    def amend(self) -> Command:
        """Draw an amend that lowers the quantity; sometimes to what is done, or not at all."""
        rng = self.rng
        iceberg = rng.random() < 0.3
        order = self.model.orders.draw(
            rng, lambda o: o.qty_lots > 1 and (not iceberg or o.iceberg_lots > 0)
        )
        if order is None:
            account, market, order_id, original = self._target()
            qty = 1
        else:
            account, market = order.account_id, order.market
            order_id, original = self._names(order)
            r = rng.random()
            open_lots = order.qty_lots - order.executed_lots
            if r < 0.7:
                qty = order.executed_lots + max(1, int(open_lots * rng.random()))
            elif r < 0.85:
                qty = max(1, order.executed_lots - (r < 0.75))
            else:
                qty = order.qty_lots + rng.choice((0, 0, 1, -1, 5))
        return AmendOrder(
            account_id=account,
            market=market,
            order_id=order_id,
            qty_lots=qty,
            original_client_order_id=original,
            client_order_id=self.orders.client_order_id() if rng.random() < 0.4 else b"",
        )

    # ---- money

    def money(self) -> Command:
        """Draw a deposit, withdrawal or adjustment; the rich are kept rich."""
        rng = self.rng
        asset = rng.randint(1, 3)
        reference = rng.getrandbits(64)
        account = rng.choice(self.orders.accounts)
        start = wealth_atoms(self.orders.profile, account, asset)
        free = self.model.free.get((account.account_id, asset), 0)
        r = rng.random()
        if free < start // 4 or r < 0.3:
            amount = max(1, int(start * rng.random() * 0.5))
            return Deposit(
                account_id=account.account_id,
                asset=asset,
                amount_atoms=amount,
                reference=reference,
            )
        amount = max(1, int(free * (rng.random() * 0.3 if r < 0.9 else 1.2)))
        amount = min(amount, AMOUNT_ATOMS_MAX)
        if r < 0.65:
            return Withdraw(
                account_id=account.account_id,
                asset=asset,
                amount_atoms=amount,
                reference=reference,
            )
        sign = -1 if rng.random() < 0.5 else 1
        return Adjust(
            account_id=account.account_id,
            asset=asset,
            amount_atoms=sign * amount,
            reference=reference,
        )

    # ---- administration

    def status(self) -> Command:
        """Draw a status of a market."""
        status = self.rng.choice((*MarketStatus, MarketStatus.TRADING))
        return SetMarketStatus(market=self.rng.randint(1, 4), status=status)

    def reopen(self, view: MarketView) -> Command:
        """Open a market again."""
        return SetMarketStatus(market=view.specification.market, status=MarketStatus.TRADING)

    def update_market(self) -> Command:
        """Draw new filters for a market."""
        rng = self.rng
        profile = self.orders.profile
        view = self.model.markets[rng.choice((TIGHT, TIGHT, 3, 3, 1))]
        market = view.home.market
        view.home = specification(market, profile, rng, filters_of(market, profile, rng))
        return update_of(view.home, status=rng.randint(0, 6))

    def go_home(self, view: MarketView) -> Command:
        """Give a market its own rules again."""
        return update_of(view.home)

    def fees(self) -> Command:
        """Draw a row of a fee schedule."""
        rng = self.rng
        return SetFees(
            schedule=rng.randint(0, 3),
            market=rng.choice((0, 0, 1, 2, 3)),
            maker_rate=rng.choice(FEE_RATES),
            taker_rate=rng.choice(FEE_RATES),
        )

    def limits(self) -> Command:
        """Draw exchange-wide limits, mostly none."""
        rng = self.rng
        if rng.random() < 0.7:
            return SetLimits()
        return SetLimits(
            orders_max=rng.choice((0, 50, 200)),
            algo_orders_max=rng.choice((0, 10, 30)),
            iceberg_orders_max=rng.choice((0, 5, 20)),
        )

    def account(self) -> Command:
        """Draw another group or fee schedule for one who trades."""
        rng = self.rng
        chosen = rng.choice(self.orders.accounts[:12])
        group = chosen.trade_group if rng.random() < 0.6 else rng.choice((0, 7, -8, 9))
        return UpdateAccount(
            account_id=chosen.account_id,
            trade_group=group,
            fee_schedule=rng.randint(0, 4),
            flags=chosen.flags | rng.choice((0, 0, 0, 8, 1 << 15)),
        )

    def tick(self) -> Command:
        """The passing of time."""
        return Tick()

    def quarantine(self) -> Command:
        """Note that a command was passed over."""
        rng = self.rng
        return Quarantine(
            seq=rng.getrandbits(32), index=rng.getrandbits(8), market=rng.choice((0, 1, 2, 3, 99))
        )

    def epoch(self) -> Command:
        """A new leader."""
        return Epoch(epoch=self.rng.getrandbits(40))
