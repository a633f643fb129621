"""The demo's bots against a real kernel, faster than time: nothing refused, nothing lost."""

from collections import Counter

import pytest

from openoutcry.codec.records import decode_balances, decode_events, decode_orders
from openoutcry.core.enums import OrderType, Reason, Side, TimeInForce
from openoutcry.core.records import NewOrder, RefusedEvent, TradeEvent
from openoutcry.kernel import Kernel
from openoutcry.simulation import demo

STEP_US = 250_000


class World:
    """A kernel, the demo in it, and a clock that only steps."""

    def __init__(self, seed: int) -> None:
        self.kernel = Kernel()
        self.time_us = 1_700_000_000_000_000
        self.refusals: Counter[str] = Counter()
        self.trades: Counter[int] = Counter()
        self.commands = 0
        self.crowd = demo.crowd(seed, 1, {})
        self.send([command.pack() for command in demo.create_assets()])
        self.send([command.pack() for command in demo.set_fees()])
        self.send([command.pack() for command in demo.create_markets()])
        for participant in demo.PARTICIPANTS:
            given = demo.deposits(participant).values()
            self.send([demo.create_account(participant).pack(), *(d.pack() for d in given)])

    def send(self, commands: list[bytes]) -> None:
        """Apply commands, stamped with the time."""
        stamp = self.time_us.to_bytes(8, "little")
        batch = b"".join(command[:40] + stamp + command[48:] for command in commands)
        self.commands += len(commands)
        for event in decode_events(self.kernel.apply(batch, self.kernel.seq() + 1)):
            if isinstance(event, RefusedEvent):
                self.refusals[Reason(event.reason).name] += 1
            elif isinstance(event, TradeEvent):
                self.trades[event.market] += 1

    def step(self) -> None:
        """Let every bot do what it does in a quarter of a second."""
        self.time_us += STEP_US
        self.crowd.advance()
        for plan in demo.BOT_MARKETS:
            ticks = self.crowd.prices[plan.market].ticks()
            maker, taker = self.crowd.makers[plan.market], self.crowd.takers[plan.market]
            orders = decode_orders(self.kernel.open_orders(maker.account_id, plan.market))
            self.send(maker.step(ticks, orders))
            if taker.is_due():
                balances = decode_balances(self.kernel.balances(taker.account_id))
                self.send([taker.step(ticks, balances)])

    def order(self, side: Side, market: int, price_ticks: int, lots: int, name: str) -> None:
        """Send alice's order."""
        self.send(
            [
                NewOrder(
                    account_id=demo.USERS[0].account_id,
                    market=market,
                    side=side,
                    order_type=OrderType.LIMIT,
                    time_in_force=TimeInForce.GTC,
                    price_ticks=price_ticks,
                    qty_lots=lots,
                    client_order_id=name.encode(),
                ).pack()
            ]
        )


def test_ten_minutes_pass_without_a_refusal() -> None:
    world = World(seed=1)
    opening = world.commands
    for _ in range(2_400):
        world.step()
        for plan in demo.BOT_MARKETS:
            bids, asks = world.kernel.depth(plan.market, 100)
            assert len(bids) >= plan.levels - 1
            assert len(asks) >= plan.levels - 1
    assert not world.refusals
    assert min(world.trades[plan.market] for plan in demo.BOT_MARKETS) > 150
    assert 3 < (world.commands - opening) / 600 < 25, "a modest rate, in commands a second"
    assert world.kernel.recount() == ""


def test_the_same_seed_gives_the_same_market() -> None:
    hashes = []
    for seed in (5, 5, 6):
        world = World(seed)
        for _ in range(100):
            world.step()
        hashes.append(world.kernel.events_hash())
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("side", list(Side))
def test_a_swept_book_is_there_again_at_the_next_step(side: Side) -> None:
    world = World(seed=1)
    world.step()
    for plan in demo.BOT_MARKETS:
        bids, asks = world.kernel.depth(plan.market, 100)
        levels = asks if side is Side.BUY else bids
        lots = sum(lots for _, lots in levels[:4])
        world.order(side, plan.market, levels[3][0], lots, f"sweep-{plan.market}")
    world.step()
    for plan in demo.BOT_MARKETS:
        bids, asks = world.kernel.depth(plan.market, 100)
        assert len(bids) >= plan.levels - 1
        assert len(asks) >= plan.levels - 1
    assert not world.refusals


def test_an_order_inside_the_spread_is_traded_with_and_stands_in_nobodys_way() -> None:
    world = World(seed=1)
    world.step()
    (best, _), *_ = world.kernel.depth(demo.BTCUSD, 1)[1]
    world.order(Side.BUY, demo.BTCUSD, best - 1, 10, "inside")
    account_id = demo.USERS[0].account_id
    for _ in range(2_000):
        world.step()
        if not world.kernel.open_orders(account_id, demo.BTCUSD):
            break
    assert not world.kernel.open_orders(account_id, demo.BTCUSD), "a taker or a maker met it"
    assert not world.refusals


def test_orders_a_fifth_away_are_accepted_before_the_first_trade() -> None:
    world = World(seed=1)
    world.order(Side.BUY, demo.BTCUSD, 6_240_000, 100, "low")
    world.order(Side.SELL, demo.BTCUSD, 9_360_000, 100, "high")
    assert not world.refusals
    for _ in range(20):
        world.step()
    world.order(Side.BUY, demo.BTCUSD, 6_240_000, 100, "low-again")
    assert not world.refusals
