"""The parts that aims and longer scripts are made of."""

from collections.abc import Callable
from typing import Any

from openoutcry.core.enums import (
    OrderType,
    Side,
    TimeInForce,
)
from openoutcry.core.records import (
    AmendOrder,
    Command,
    NewOrder,
)
from openoutcry.simulation.commands.model import MarketView, OpenOrder
from openoutcry.simulation.commands.requests import RequestMaker, update_of
from openoutcry.simulation.commands.world import OPEN

Script = list[Command]


class ScriptMaker:
    """Makes short series of commands around the open market."""

    def __init__(self, requests: RequestMaker) -> None:
        self.requests = requests
        self.orders = requests.orders
        self.rng = requests.rng
        self.model = requests.model

    # ---- parts

    @property
    def open(self) -> MarketView:
        """The market without filters."""
        return self.model.markets[OPEN]

    def plain(self, view: MarketView | None = None, **changes: Any) -> Command:
        """A small limit order far from the other side, with some fields changed."""
        view = view or self.open
        side = changes.get("side", Side.BUY if self.rng.random() < 0.5 else Side.SELL)
        fields = self.orders.passive(view, side)
        fields["account_id"] = self.rng.choice(self.orders.rich)
        fields["client_order_id"] = b"a%d" % self.rng.getrandbits(60)
        best = view.best(3 - side)
        if best:
            away = 1 + int(self.rng.random() * 5)
            fields["price_ticks"] = max(1, best - away if side == Side.BUY else best + away)
        return NewOrder(**(fields | changes))

    def within(self, changes: dict[str, int], *commands: Command) -> Script:
        """Send commands while the open market has other rules."""
        home = self.open.home
        return [update_of(home, **changes), *commands, update_of(home)]

    def conditional(self, **changes: Any) -> Command:
        """A far stop order."""
        side = changes.get("side", Side.BUY)
        mid = self.orders.middle(self.open)
        last = self.open.last_ticks or mid
        stop = last + 5 * mid if side == Side.BUY else max(1, last // 4)
        fields: dict[str, Any] = {
            "side": side,
            "order_type": OrderType.STOP_LOSS_LIMIT,
            "time_in_force": TimeInForce.GTC,
            "stop_ticks": stop,
            "price_ticks": mid,
        }
        return self.plain(**(fields | changes))

    def an_order(self, wanted: Callable[[OpenOrder], bool] | None = None) -> OpenOrder | None:
        """Draw an open order of a market that trades."""
        return self.model.orders.draw(
            self.rng,
            lambda o: (
                o.market in self.model.markets
                and self.model.markets[o.market].trading
                and (wanted is None or wanted(o))
            ),
            tries=60,
        )

    def amend_of(self, order: OpenOrder, qty: int, **changes: Any) -> Command:
        """Amend an order to a quantity."""
        fields: dict[str, Any] = {
            "account_id": order.account_id,
            "market": order.market,
            "order_id": order.order_id,
            "qty_lots": qty,
        }
        return AmendOrder(**(fields | changes))

    def by_market(self, **changes: Any) -> Command:
        """A market order by quantity of someone rich."""
        fields = self.orders.market_quantity(self.open, self.orders.side())
        fields["account_id"] = self.rng.choice(self.orders.rich)
        return NewOrder(**(fields | changes))

    def long_sweep(self, least: int = 345) -> Script:
        """An iceberg of small slices and its taker: more events than one budget."""
        rng = self.rng
        side = self.orders.side()
        lots = least + rng.choice((0, 30, 200, 600))
        price = self.open.best(3 - side) or self.orders.middle(self.open)
        last = self.open.last_ticks or price
        price = max(price, last) + 1 if side == Side.SELL else max(1, min(price, last) - 1)
        maker, taker = rng.sample(self.orders.rich, 2)
        rest = self.plain(
            side=side, account_id=maker, price_ticks=price, qty_lots=lots, iceberg_lots=1
        )
        fields: dict[str, Any] = {"side": 3 - side, "account_id": taker, "qty_lots": lots}
        r = rng.random()
        if r < 0.25:
            return [rest, *self._stops_at(price, 3 - side, lots)]
        if r < 0.5:
            sweep = self.plain(price_ticks=price, time_in_force=rng.choice((1, 1, 2)), **fields)
        else:
            worst = price if r < 0.9 else max(1, price // 2) if side == Side.BUY else price * 2
            if r < 0.75:
                value = self.open.specification.tick_lot_atoms * price
                fields |= {"qty_lots": 0, "quote_atoms": lots * value}
            sweep = self.by_market(worst_ticks=worst, **fields)
        return [rest, sweep]

    def _stops_at(self, price: int, side: int, lots: int) -> Script:
        """Two stops that share a sweep, and the small trade at this price that sets both off."""
        fields: dict[str, Any] = {
            "side": side,
            "order_type": OrderType.STOP_LOSS,
            "time_in_force": TimeInForce.NONE,
            "price_ticks": 0,
            "stop_ticks": price,
            "worst_ticks": price,
            "stp_mode": 0,
        }
        stops = [self.plain(**fields, qty_lots=lots // 2) for _ in range(2)]
        return [*stops, self.plain(side=side, price_ticks=price, qty_lots=1, stp_mode=0)]

    def cascade(self) -> Script:
        """A ladder of stops, each of whose trades sets off the next."""
        rng = self.rng
        side = self.orders.side()
        sign = 1 if side == Side.BUY else -1
        view = self.open
        base = view.last_ticks or self.orders.middle(view)
        steps = rng.randint(3, 25)
        script: Script = []
        for step in range(1, steps):
            price = max(1, base + sign * step)
            script.append(self.plain(side=3 - side, price_ticks=price, qty_lots=1, stp_mode=0))
            fields: dict[str, Any] = {
                "order_type": OrderType.STOP_LOSS,
                "time_in_force": 0,
                "price_ticks": 0,
                "worst_ticks": max(1, base * 2 if side == Side.BUY else base // 2),
                "stop_ticks": price,
                "qty_lots": rng.randint(1, 2),
                "side": side,
            }
            script.append(self.plain(**fields))
        script.append(
            self.plain(side=side, price_ticks=max(1, base + 2 * sign), qty_lots=2, stp_mode=0)
        )
        return script
