"""Simulated market makers and takers: from what they see to the commands that they send.

A maker keeps a ladder of orders on each side of its reference price and moves the ladder with it:
what no longer belongs is cancelled, what is missing is placed. A taker sends small market orders,
and leans to the side that brings its holdings back. Both decide by seed and by the state of their
own account alone, so a restart goes on from whatever orders are there.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

from openoutcry.core.enums import OrderType, Side, StpMode, TimeInForce
from openoutcry.core.ids import entity_of_shard, shard_of_account
from openoutcry.core.records import BalanceRow, CancelOrder, NewOrder, OrderRow

COLLAR_PERCENT = 10
"""How far from the reference price a taker lets its market order sweep."""


class BotMarket(NamedTuple):
    """How bots trade one market."""

    market: int
    base_asset: int
    step_ticks: int
    levels: int
    maker_lots_min: int
    maker_lots_max: int
    taker_lots_min: int
    taker_lots_max: int
    taker_base_atoms: int
    taker_wait_steps: int


class Maker:
    """Quotes one market from one account."""

    def __init__(self, plan: BotMarket, account_id: int, chance: random.Random, run: int) -> None:
        self.account_id = account_id
        self.plan = plan
        self._chance = chance
        self._prefix = f"maker-{run}-"
        self._orders = 0
        self._rung = 0

    def step(self, reference_ticks: int, open_orders: Sequence[OrderRow]) -> list[bytes]:
        """Return the cancels and orders that bring the ladder to the reference price."""
        self._follow(reference_ticks)
        missing = dict.fromkeys(self._ladder())
        commands: list[bytes] = []
        for order in open_orders:
            place = (Side(order.side), order.price_ticks)
            if place in missing and self._is_whole(order):
                del missing[place]
            else:
                commands.append(self._cancel(order))
        commands.extend(self._place(side, price) for side, price in missing)
        return commands

    def _follow(self, reference_ticks: int) -> None:
        """Move to another rung only when the price has clearly left this one."""
        step = self.plan.step_ticks
        bottom, slack = self._rung * step, step // 4
        if not bottom - slack <= reference_ticks < bottom + step + slack:
            self._rung = reference_ticks // step

    def _ladder(self) -> list[tuple[Side, int]]:
        """Return all places of the ladder, nearest first."""
        step = self.plan.step_ticks
        places: list[tuple[Side, int]] = []
        for level in range(self.plan.levels):
            places.append((Side.SELL, (self._rung + 1 + level) * step))
            if self._rung > level:
                places.append((Side.BUY, (self._rung - level) * step))
        return places

    def _is_whole(self, order: OrderRow) -> bool:
        left = order.qty_lots - order.executed_lots - order.prevented_lots
        return 2 * left >= self.plan.maker_lots_min

    def _cancel(self, order: OrderRow) -> bytes:
        return CancelOrder(
            entity=entity_of_shard(shard_of_account(self.account_id)),
            account_id=self.account_id,
            market=self.plan.market,
            order_id=order.order_id,
            client_order_id=self._next_id(),
        ).pack()

    def _place(self, side: Side, price_ticks: int) -> bytes:
        return NewOrder(
            entity=entity_of_shard(shard_of_account(self.account_id)),
            account_id=self.account_id,
            market=self.plan.market,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            stp_mode=StpMode.EXPIRE_MAKER,
            price_ticks=price_ticks,
            qty_lots=self._chance.randint(self.plan.maker_lots_min, self.plan.maker_lots_max),
            client_order_id=self._next_id(),
        ).pack()

    def _next_id(self) -> bytes:
        self._orders += 1
        return f"{self._prefix}{self._orders}".encode()


class Taker:
    """Trades one market at market prices from one account."""

    def __init__(self, plan: BotMarket, account_id: int, chance: random.Random, run: int) -> None:
        self.account_id = account_id
        self.plan = plan
        self._chance = chance
        self._prefix = f"taker-{run}-"
        self._orders = 0
        self._wait = 0

    def is_due(self) -> bool:
        """Count one step; true when it is time for an order."""
        self._wait -= 1
        if self._wait > 0:
            return False
        self._wait = self._chance.randint(1, 2 * self.plan.taker_wait_steps - 1)
        return True

    def step(self, reference_ticks: int, balances: Sequence[BalanceRow]) -> bytes:
        """Return the next market order."""
        self._orders += 1
        side = self._side(balances)
        collar = reference_ticks * COLLAR_PERCENT // 100
        return NewOrder(
            entity=entity_of_shard(shard_of_account(self.account_id)),
            account_id=self.account_id,
            market=self.plan.market,
            side=side,
            order_type=OrderType.MARKET,
            stp_mode=StpMode.EXPIRE_MAKER,
            qty_lots=self._chance.randint(self.plan.taker_lots_min, self.plan.taker_lots_max),
            worst_ticks=reference_ticks + (collar if side is Side.BUY else -collar),
            client_order_id=f"{self._prefix}{self._orders}".encode(),
        ).pack()

    def _side(self, balances: Sequence[BalanceRow]) -> Side:
        """Toss a coin, the more biased the further the holdings are from where they began."""
        home = self.plan.taker_base_atoms
        base = sum(row.free_atoms for row in balances if row.asset == self.plan.base_asset)
        return Side.BUY if self._chance.randrange(2 * home) >= base else Side.SELL
