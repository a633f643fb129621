"""Scripts that go to the bounds: budgets of billions of lots, commands of two thousand events."""

from typing import Any

from openoutcry.core.enums import OrderType, Side, TimeInForce
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, CANCEL_ALL_ORDERS_MAX, FOK_STEPS_MAX
from openoutcry.core.records import CancelAll, Command, NewOrder, Tick
from openoutcry.simulation.commands.script import Script, ScriptMaker
from openoutcry.simulation.commands.world import WIDE

_STEPS = FOK_STEPS_MAX - 1


class ExtremeMaker(ScriptMaker):
    """Plays in the wide market, where nobody else trades, so that the book is what it made."""

    def script(self) -> Script:
        """Draw one of the scripts."""
        r = self.rng.random()
        if r < 0.55:
            return self.budgets()
        if r < 0.8:
            return self.crossing_of_numbers()
        return self.overshoot() if r < 0.96 else self.many_orders()

    def wide(self, account: int, side: int, price: int, qty: int, **changes: Any) -> Command:
        """A limit order in the wide market."""
        fields: dict[str, Any] = {
            "account_id": account,
            "market": WIDE,
            "side": side,
            "order_type": OrderType.LIMIT,
            "time_in_force": TimeInForce.GTC,
            "price_ticks": price,
            "qty_lots": qty,
            "client_order_id": b"w%d" % self.rng.getrandbits(60),
        }
        return NewOrder(**(fields | changes))

    def clean(self) -> Script:
        """Empty the book; a first trade brings the last price down to one tick."""
        everyone = [CancelAll(account_id=account, market=WIDE) for account in self.orders.rich]
        a, b = self.orders.rich[:2]
        return [*everyone, self.wide(a, Side.SELL, 1, 1), self.wide(b, Side.BUY, 1, 1)]

    def by_quote(self, account: int, side: int, amount: int) -> Command:
        """A market order by quote amount, under any prevention mode."""
        changes: dict[str, Any] = {"order_type": OrderType.MARKET, "time_in_force": 0}
        changes |= {"quote_atoms": max(1, min(amount, AMOUNT_ATOMS_MAX)), "worst_ticks": 5}
        mode = self.rng.randint(0, 5)
        if side == Side.SELL:
            changes["worst_ticks"] = 1
        return self.wide(account, side, 0, 0, stp_mode=mode, **changes)

    def budgets(self) -> Script:
        """Own orders at one tick, and a budget for more lots than an order may have."""
        rng = self.rng
        a, b = rng.sample(self.orders.rich, 2)
        side = self.orders.side()
        quote = self.open.specification.quote_asset
        free = self.model.free.get((a, quote), 1)
        amount = rng.choice((free, free // 2, free // 10**6, 2**53 * 3, AMOUNT_ATOMS_MAX))
        makers = [
            self.wide(rng.choice((a, b)), 3 - side, rng.randint(1, 3), rng.randint(1, 3))
            for _ in range(rng.randint(1, 4))
        ]
        return [*self.clean(), *makers, self.by_quote(a, side, amount)]

    def crossing_of_numbers(self) -> Script:
        """Quantities and prices near their largest, as far as money goes."""
        rng = self.rng
        a, b = rng.sample(self.orders.rich, 2)
        lots = rng.choice((10**4, 10**5, 10**5 + 1, 2**20))
        price = rng.choice((1, 10**6, 2**30, 2**36 - 1))
        taker = {"stp_mode": rng.randint(0, 5), "time_in_force": rng.choice((1, 2, 3))}
        return [
            *self.clean(),
            self.wide(a, Side.SELL, price, lots),
            self.wide(rng.choice((a, b)), Side.BUY, price, lots, **taker),
            self.wide(b, Side.BUY, price, rng.randint(1, lots), **taker),
        ]

    def overshoot(self) -> Script:
        """A waiting sweep, a stop that becomes fill-or-kill, and then a command of many events."""
        rng = self.rng
        a, b, c = rng.sample(self.orders.rich, 3)
        sweep = 338 + rng.randint(250, 338)
        sell = {"iceberg_lots": 1}
        kill = {"time_in_force": TimeInForce.FOK}
        stop = kill | {"order_type": OrderType.STOP_LOSS_LIMIT, "stop_ticks": 2}
        last = self.wide(c, Side.BUY, 4, _STEPS, **kill)
        if rng.random() < 0.3:
            last = CancelAll(account_id=a, market=WIDE)
        return [
            *self.clean(),
            self.wide(a, Side.SELL, 2, sweep, **sell),
            self.wide(a, Side.SELL, 3, _STEPS, **sell),
            self.wide(a, Side.SELL, 4, _STEPS, **sell),
            self.wide(b, Side.BUY, 3, _STEPS, **stop),
            self.wide(c, Side.BUY, 2, sweep, time_in_force=TimeInForce.IOC),
            last,
            Tick(),
        ]

    def many_orders(self) -> Script:
        """More open orders than one cancel-all ends."""
        a = self.rng.choice(self.orders.rich)
        count = CANCEL_ALL_ORDERS_MAX + self.rng.randint(0, 20)
        orders = [self.wide(a, Side.BUY, 1 + number % 50, 1) for number in range(count)]
        every = CancelAll(account_id=a, market=WIDE)
        return [*self.clean(), *orders, every, every, every]
