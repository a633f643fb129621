"""What a generator believes about the kernel, from events alone: open orders, books, balances.

It only steers chance, so it may be a little wrong; nothing is judged by it.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from openoutcry.core.enums import EventKind, Execution, MarketStatus, OrderStatus
from openoutcry.core.records import BalanceEvent, CreateMarket, LevelEvent, MarketEvent, OrderEvent
from openoutcry.simulation.commands.layout import offset_of

_OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
_HEAD = struct.Struct("<HB")
_ORDER_AT = offset_of(OrderEvent, "account_id")
_ORDER = struct.Struct("<QqHBBBBBBHHIqqqqqqqq")
_ORDER_BALANCES_AT = offset_of(OrderEvent, "base_free_atoms")
_ORDER_BALANCES = struct.Struct("<qqqq")
_ORDER_CLIENT_ID_AT = offset_of(OrderEvent, "client_order_id")
_LEVEL_AT = offset_of(LevelEvent, "market")
_LEVEL = struct.Struct("<HBxIqq")
_TRADE = struct.Struct("<Hxx4xqq")
_BALANCE_AT = offset_of(BalanceEvent, "account_id")
_BALANCE = struct.Struct("<QHxx4xqq")


@dataclass(slots=True)
class OpenOrder:
    """An order that was open when last heard of."""

    order_id: int
    account_id: int
    market: int
    side: int
    order_type: int
    price_ticks: int
    qty_lots: int
    iceberg_lots: int
    trailing_bips: int
    client_order_id: bytes
    executed_lots: int = 0
    status: int = OrderStatus.NEW
    position: int = 0


@dataclass(slots=True)
class MarketView:
    """A market as the public sees it."""

    specification: CreateMarket
    home: CreateMarket
    """The rules that it has, or goes back to after a short change."""
    mid_ticks: int = 0
    last_ticks: int = 0
    levels: dict[int, dict[int, int]] = field(default_factory=lambda: {1: {}, 2: {}})

    @property
    def trading(self) -> bool:
        """Whether it matches orders."""
        return self.specification.status == MarketStatus.TRADING

    @property
    def strayed(self) -> bool:
        """Whether its rules are not those of its home."""
        ours = self.specification._replace(status=0, specification_version=0)
        return ours != self.home._replace(status=0, specification_version=0)

    def best(self, side: int) -> int:
        """Best price of a side, 0 when it is empty."""
        levels = self.levels[side]
        if not levels:
            return 0
        return max(levels) if side == 1 else min(levels)


class Bag:
    """Open orders of which one can be drawn at random in constant time."""

    def __init__(self) -> None:
        self._orders: list[OpenOrder] = []
        self._by_id: dict[int, OpenOrder] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def get(self, order_id: int) -> OpenOrder | None:
        """Return the open order with this id."""
        return self._by_id.get(order_id)

    def add(self, order: OpenOrder) -> None:
        """Put an order in."""
        order.position = len(self._orders)
        self._orders.append(order)
        self._by_id[order.order_id] = order

    def remove(self, order_id: int) -> None:
        """Take an order out, if it is there."""
        order = self._by_id.pop(order_id, None)
        if order is None:
            return
        last = self._orders.pop()
        if last is not order:
            self._orders[order.position] = last
            last.position = order.position

    def draw(
        self, rng: random.Random, wanted: Callable[[OpenOrder], bool] | None = None, tries: int = 12
    ) -> OpenOrder | None:
        """Draw an order, preferring young ones half of the time."""
        count = len(self._orders)
        if not count:
            return None
        for _ in range(tries if wanted else 1):
            reach = min(count, 40) if rng.random() < 0.4 else count
            order = self._orders[count - 1 - int(rng.random() * reach)]
            if wanted is None or wanted(order):
                return order
        return None


class Model:
    """The believed state, brought up to date by `observe`."""

    def __init__(self) -> None:
        self.orders = Bag()
        self.markets: dict[int, MarketView] = {}
        self.free: dict[tuple[int, int], int] = {}
        self.gone: list[tuple[int, int, int, bytes]] = []
        self._readers: dict[int, Callable[[bytes, int], None]] = {
            EventKind.ORDER: self._order,
            EventKind.ORDER_REQUESTED: self._order,
            EventKind.TRADE: self._trade,
            EventKind.LEVEL: self._level,
            EventKind.BALANCE: self._balance,
            EventKind.MARKET: self._market,
        }

    def observe(self, events: bytes) -> None:
        """Read the events of a batch."""
        offset, end = 0, len(events)
        while offset < end:
            size, kind = _HEAD.unpack_from(events, offset)
            reader = self._readers.get(kind)
            if reader is not None:
                reader(events, offset)
            offset += size

    def _order(self, events: bytes, offset: int) -> None:
        (account, order_id, market, side, order_type, _tif, _stp, status, execution, _reason,
         _flags, bips, price, qty, _quote, _stop, iceberg, executed, _executed_quote, _prevented,
         ) = _ORDER.unpack_from(events, offset + _ORDER_AT)  # fmt: skip
        specification = self.markets[market].specification
        balances = _ORDER_BALANCES.unpack_from(events, offset + _ORDER_BALANCES_AT)
        self.free[account, specification.base_asset] = balances[0]
        self.free[account, specification.quote_asset] = balances[2]
        if status not in _OPEN:
            order = self.orders.get(order_id)
            if order is not None:
                self.gone.append((account, market, order_id, order.client_order_id))
                if len(self.gone) > 200:
                    del self.gone[:100]
                self.orders.remove(order_id)
            return
        order = self.orders.get(order_id)
        if order is None:
            at = offset + _ORDER_CLIENT_ID_AT
            client_order_id = events[at : at + 36].rstrip(b"\0")
            order = OpenOrder(
                order_id, account, market, side, order_type, price, qty, iceberg, bips,
                client_order_id,
            )  # fmt: skip
            self.orders.add(order)
        order.status = status
        order.executed_lots = executed
        order.qty_lots = qty
        if execution == Execution.REPLACED:
            at = offset + _ORDER_CLIENT_ID_AT
            order.client_order_id = events[at : at + 36].rstrip(b"\0")

    def _trade(self, events: bytes, offset: int) -> None:
        market, _trade_id, price = _TRADE.unpack_from(events, offset + _LEVEL_AT)
        view = self.markets[market]
        view.last_ticks = price

    def _level(self, events: bytes, offset: int) -> None:
        market, side, orders, price, lots = _LEVEL.unpack_from(events, offset + _LEVEL_AT)
        levels = self.markets[market].levels[side]
        if orders:
            levels[price] = lots
        else:
            levels.pop(price, None)

    def _balance(self, events: bytes, offset: int) -> None:
        account, asset, _amount, free = _BALANCE.unpack_from(events, offset + _BALANCE_AT)
        self.free[account, asset] = free

    def _market(self, events: bytes, offset: int) -> None:
        event = MarketEvent.unpack(events, offset)
        fields = {name: getattr(event, name) for name in CreateMarket._fields[9:]}
        specification = CreateMarket(**fields)
        known = self.markets.get(event.market)
        if known is None:
            self.markets[event.market] = MarketView(specification, home=specification)
        else:
            known.specification = specification
