"""New orders that mean something: they rest near the book, cross it, or wait for it to move."""

import random
from collections.abc import Callable
from typing import Any

from openoutcry.core.enums import OrderType, Side, StpMode, TimeInForce
from openoutcry.core.limits import AMOUNT_ATOMS_MAX
from openoutcry.simulation.commands.model import MarketView, Model
from openoutcry.simulation.commands.world import OPEN, TIGHT, Account, Profile

Fields = dict[str, Any]
"""The body of a NEW_ORDER, by field name, with `account_id`."""
TIMES = (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
MODES = tuple(StpMode)
_ID_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-"


class OrderMaker:
    """Draws order bodies that suit the believed state."""

    def __init__(
        self, rng: random.Random, profile: Profile, model: Model, accounts: list[Account]
    ) -> None:
        self.rng = rng
        self.profile = profile
        self.model = model
        self.accounts = accounts
        self.traders = [a.account_id for a in accounts[:12]]
        self.rich = [a.account_id for a in accounts[:10]]
        self._counter = 0
        self._styles: dict[str, Callable[[MarketView, int], Fields]] = {
            "passive": self.passive,
            "crossing": self.crossing,
            "maker": self.maker,
            "immediate": self.immediate,
            "fill_or_kill": self.fill_or_kill,
            "iceberg": self.iceberg,
            "market": self.market_quantity,
            "market_quote": self.market_quote,
            "stop": self.stop,
            "stop_limit": self.stop_limit,
            "trailing": self.trailing,
        }
        self.styles = list(profile.styles)
        self._weights = list(profile.styles.values())

    def order(self) -> Fields:
        """Draw an order of any style in any market."""
        view = self.market()
        style = self.rng.choices(self.styles, self._weights)[0]
        return self.styled(style, view, self.side())

    def styled(self, style: str, view: MarketView, side: int) -> Fields:
        """Draw an order of this style."""
        return self._styles[style](view, side)

    # ---- drawing parts

    def side(self) -> int:
        """Draw a side."""
        return Side.BUY if self.rng.random() < 0.5 else Side.SELL

    def market(self) -> MarketView:
        """Draw a market; the open one most often."""
        r = self.rng.random()
        number = OPEN if r < 0.5 else TIGHT if r < 0.75 else 3
        return self.model.markets[number]

    def account(self) -> int:
        """Draw an account that may trade; seldom one that may not."""
        rng = self.rng
        if rng.random() < 0.01:
            return rng.choice(self.accounts).account_id
        return self.traders[int(rng.random() * len(self.traders))]

    def client_order_id(self) -> bytes:
        """Make an id that is new, or seldom one that is or was in use."""
        rng = self.rng
        r = rng.random()
        if r < 0.03 and len(self.model.orders):
            drawn = self.model.orders.draw(rng)
            if drawn is not None:
                return drawn.client_order_id
        self._counter += 1
        if r < 0.08:
            head = b"%d-" % self._counter
            tail = rng.choices(_ID_BYTES, k=rng.randint(0, 36 - len(head)))
            return head + bytes(tail)
        return b"c%d" % (self._counter % 4096 if r < 0.3 else self._counter)

    def qty(self, view: MarketView) -> int:
        """Draw a quantity, mostly one that the filters let pass."""
        rng = self.rng
        specification = view.specification
        most = self.profile.qty_lots_max
        r = rng.random()
        if r < 0.03:
            return rng.randint(most, most * 8)
        least = min(specification.qty_lots_min, 2**53)
        bound = specification.qty_lots_max
        most = min(most, bound) if bound else most
        if r < 0.05:
            return max(least, 1)
        if r < 0.07 and bound:
            return bound
        return least + int(rng.random() * rng.random() * most) + (not least)

    def middle(self, view: MarketView) -> int:
        """Where the market is, walking a little each time that it is asked."""
        rng = self.rng
        if not view.mid_ticks:
            view.mid_ticks = self.profile.mid_ticks
        if rng.random() < 0.15:
            away = self.profile.mid_ticks - view.mid_ticks
            pull = 1 if away > 0 else -1
            step = pull if rng.random() < 0.05 * abs(away) / self.profile.spread_ticks else 0
            view.mid_ticks = max(2, view.mid_ticks + step + rng.choice((-1, 0, 1)))
        return view.mid_ticks

    def distance(self) -> int:
        """Draw how far from the middle a price is, mostly near."""
        rng = self.rng
        if rng.random() < 0.02:
            return int(self.profile.mid_ticks * rng.random())
        return int(rng.random() * rng.random() * self.profile.spread_ticks)

    def away(self, view: MarketView, side: int, extra: int = 0) -> int:
        """Draw a price on this side's own half of the book."""
        offset = self.distance() + extra
        middle = self.middle(view)
        return max(1, middle - offset if side == Side.BUY else middle + 1 + offset)

    def through(self, view: MarketView, side: int) -> int:
        """Draw a price that the other side meets: at its best or some levels beyond."""
        rng = self.rng
        best = view.best(3 - side) or self.middle(view)
        beyond = 0 if rng.random() < 0.35 else self.distance()
        return max(1, best + beyond if side == Side.BUY else best - beyond)

    def worst(self, view: MarketView, side: int) -> int:
        """Draw a collar: usually wide, sometimes near, sometimes at the best price."""
        rng = self.rng
        price = self.through(view, side)
        r = rng.random()
        if r < 0.3:
            return price
        wide = self.profile.spread_ticks * (1 if r < 0.7 else 4)
        return max(1, price + wide if side == Side.BUY else price - wide)

    def body(self, view: MarketView, side: int, order_type: int, **fields: Any) -> Fields:
        """Put an order together."""
        rng = self.rng
        made: Fields = {
            "account_id": self.account(),
            "market": view.specification.market,
            "side": side,
            "order_type": order_type,
            "stp_mode": MODES[int(rng.random() * 6)],
            "client_order_id": self.client_order_id(),
            **fields,
        }
        if rng.random() < 0.1:
            made["market_version"] = view.specification.specification_version
        if rng.random() < 0.1:
            made["strategy_id"] = rng.getrandbits(63)
            made["strategy_type"] = rng.getrandbits(31)
        return made

    def taker(self, made: Fields, view: MarketView, side: int) -> Fields:
        """Let the taker be someone who rests on the other side, so that preventions happen."""
        if self.rng.random() < self.profile.own_chance:
            market = view.specification.market
            resting = self.model.orders.draw(
                self.rng, lambda o: o.market == market and o.side != side
            )
            if resting is not None:
                made["account_id"] = resting.account_id
        return made

    # ---- styles

    def passive(self, view: MarketView, side: int) -> Fields:
        """A limit order that is likely to rest."""
        return self.body(
            view,
            side,
            OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=self.away(view, side),
            qty_lots=self.qty(view),
        )

    def crossing(self, view: MarketView, side: int) -> Fields:
        """A limit order that trades first, perhaps through several levels."""
        made = self.body(
            view,
            side,
            OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=self.through(view, side),
            qty_lots=self.qty(view) * self.rng.choice((1, 1, 2)),
        )
        if self.rng.random() < 0.1:
            made["iceberg_lots"] = max(1, made["qty_lots"] // self.rng.randint(1, 5))
        return self.taker(made, view, side)

    def maker(self, view: MarketView, side: int) -> Fields:
        """A post-only order, sometimes one that would take."""
        price = self.away(view, side) if self.rng.random() < 0.85 else self.through(view, side)
        made = self.body(
            view, side, OrderType.LIMIT_MAKER, price_ticks=price, qty_lots=self.qty(view)
        )
        if self.rng.random() < 0.2:
            made["iceberg_lots"] = max(1, made["qty_lots"] // self.rng.randint(1, 6))
        return made

    def immediate(self, view: MarketView, side: int) -> Fields:
        """Immediate or cancel."""
        made = self.body(
            view,
            side,
            OrderType.LIMIT,
            time_in_force=TimeInForce.IOC,
            price_ticks=self.through(view, side),
            qty_lots=self.qty(view) * self.rng.choice((1, 3)),
        )
        return self.taker(made, view, side)

    def fill_or_kill(self, view: MarketView, side: int) -> Fields:
        """Fill or kill, around what the best levels hold."""
        rng = self.rng
        price = self.through(view, side)
        levels = view.levels[3 - side]
        reach = [lots for p, lots in levels.items() if (p <= price) == (side == Side.BUY)]
        qty = self.qty(view)
        if reach and rng.random() < 0.6:
            qty = max(1, sum(reach) + rng.choice((-2, -1, 0, 0, 0, 1)))
        made = self.body(
            view,
            side,
            OrderType.LIMIT,
            time_in_force=TimeInForce.FOK,
            price_ticks=price,
            qty_lots=qty,
        )
        return self.taker(made, view, side)

    def iceberg(self, view: MarketView, side: int) -> Fields:
        """A limit order that shows a part of itself."""
        qty = self.qty(view) * self.rng.choice((1, 2, 4))
        return self.body(
            view,
            side,
            OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=self.away(view, side),
            qty_lots=qty,
            iceberg_lots=max(view.specification.qty_lots_min, 1, qty // self.rng.randint(1, 8)),
        )

    def market_quantity(self, view: MarketView, side: int) -> Fields:
        """A market order by quantity."""
        rng = self.rng
        specification = view.specification
        qty = self.qty(view)
        step = specification.market_qty_lots_step
        if step and rng.random() < 0.9:
            least = min(specification.market_qty_lots_min, 2**53)
            qty = max(least, qty - (qty - least) % step)
        made = self.body(
            view, side, OrderType.MARKET, qty_lots=qty, worst_ticks=self.worst(view, side)
        )
        if rng.random() < 0.25:
            made["account_id"] = self.accounts[10 + int(rng.random() * 2)].account_id
        return self.taker(made, view, side)

    def market_quote(self, view: MarketView, side: int) -> Fields:
        """A market order by quote amount, in odd atoms so that lots do not divide it."""
        rng = self.rng
        value = view.specification.tick_lot_atoms * (view.best(3 - side) or self.middle(view))
        amount = int(value * rng.random() * self.qty(view) * rng.choice((0.3, 1, 1, 2)))
        if rng.random() < 0.3:
            amount -= amount % value
        made = self.body(
            view,
            side,
            OrderType.MARKET,
            quote_atoms=min(max(1, amount), AMOUNT_ATOMS_MAX),
            worst_ticks=self.worst(view, side),
        )
        if rng.random() < 0.25:
            made["account_id"] = self.accounts[10 + int(rng.random() * 2)].account_id
        return self.taker(made, view, side)

    def stop_price(self, view: MarketView, side: int, order_type: int) -> int:
        """Draw a trigger price on the right side of the last price, mostly near."""
        rng = self.rng
        last = view.last_ticks or self.middle(view)
        losing = order_type in {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT}
        rising = losing == (side == Side.BUY)
        offset = 1 + (rng.randint(0, 2) if rng.random() < 0.6 else self.distance())
        return max(1, last + offset if rising else last - offset)

    def stop(self, view: MarketView, side: int) -> Fields:
        """A stop-loss or take-profit that becomes a market order."""
        order_type = self.rng.choice((OrderType.STOP_LOSS, OrderType.TAKE_PROFIT))
        stop = self.stop_price(view, side, order_type)
        return self.body(
            view,
            side,
            order_type,
            qty_lots=self.qty(view),
            stop_ticks=stop,
            worst_ticks=self.worst(view, side),
        )

    def stop_limit(self, view: MarketView, side: int) -> Fields:
        """A stop-loss or take-profit that becomes a limit order."""
        rng = self.rng
        order_type = rng.choice((OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT))
        stop = self.stop_price(view, side, order_type)
        slack = int(rng.random() * self.profile.spread_ticks) - 1
        qty = self.qty(view)
        time_in_force = rng.choice(TIMES)
        made = self.body(
            view,
            side,
            order_type,
            time_in_force=time_in_force,
            price_ticks=max(1, stop + slack if side == Side.BUY else stop - slack),
            qty_lots=qty,
            stop_ticks=stop,
        )
        if time_in_force == TimeInForce.GTC and rng.random() < 0.15:
            made["iceberg_lots"] = max(1, qty // rng.randint(1, 4))
        return made

    def trailing(self, view: MarketView, side: int) -> Fields:
        """A conditional order that follows the price by some bips, with or without a first stop."""
        rng = self.rng
        made = self.stop(view, side) if rng.random() < 0.5 else self.stop_limit(view, side)
        if rng.random() < 0.5:
            made["stop_ticks"] = 0
        near = 20_000 // self.profile.mid_ticks
        made["trailing_bips"] = min(9999, 1 + int(rng.random() * rng.choice((near, 300, 2500))))
        return made
