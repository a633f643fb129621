"""A day of trading before the demo's first start, so that nobody finds charts empty.

The bots trade as they do later, by ordinary commands that are journaled like all others; only the
clock of the partition is held in the past meanwhile. They look more seldom, with fewer and wider
levels and larger orders: a day in seconds, at about the volume that they trade later.
"""

import asyncio

from openoutcry.app.demo import STEP_SECONDS, last_prices
from openoutcry.partition.runtime import now_us
from openoutcry.ports.calls import Calls
from openoutcry.simulation import demo
from openoutcry.simulation.bots import BotMarket

HOUR_US = 3_600_000_000
LATE_HOURS = 3
"""What a chart by the minute shows at first: bots look more often then."""
EARLY_STEP_US, LATE_STEP_US = 60_000_000, 20_000_000
"""So far apart bots look at their markets: each minute's candle has trades in each market."""
LEVELS = 6
"""Of a maker's ladder on each side."""
ORDERS = 3
"""That a taker sends at one look, so that a candle has a body."""
WIDER = 3
"""How much further its levels are apart: as far as the price wanders from step to step."""


class PastClock:
    """The wall clock, or a moment before it while the demo's past is being made."""

    def __init__(self, hours: int) -> None:
        """Begin so many hours ago."""
        self._past_us: int | None = now_us() - hours * HOUR_US if hours else None

    def __call__(self) -> int:
        """Return the time in microseconds."""
        return now_us() if self._past_us is None else self._past_us

    @property
    def behind_us(self) -> int:
        """How far it is held in the past; 0: it is the wall clock, for good."""
        return 0 if self._past_us is None else max(0, now_us() - self._past_us)

    def advance(self, by_us: int) -> None:
        """Go on, to the present at most."""
        if self._past_us is not None:
            self._past_us += by_us
            if self._past_us >= now_us():
                self._past_us = None


async def make_past(calls: Calls, clock: PastClock, seed: int) -> None:
    """Have the bots trade until the clock is in the present; raises CallError."""
    for run, (step_us, left_us) in enumerate(
        ((EARLY_STEP_US, LATE_HOURS * HOUR_US), (LATE_STEP_US, 0))
    ):
        moves = round(step_us / 1e6 / STEP_SECONDS)
        plans = [_seldom(plan, moves) for plan in demo.BOT_MARKETS]
        crowd = demo.crowd(seed, run, await last_prices(calls), plans)
        await _trade(calls, clock, crowd, step_us, moves, left_us)


async def _trade(
    calls: Calls, clock: PastClock, crowd: demo.Crowd, step_us: int, moves: int, left_us: int
) -> None:
    """Trade step by step until so much of the past is left."""
    while clock.behind_us > left_us:
        clock.advance(step_us)
        for _ in range(moves):
            crowd.advance()
        for commands in await asyncio.gather(
            *(_commands(calls, crowd, market) for market in crowd.makers)
        ):
            await asyncio.gather(*map(calls.submit, commands))


def _seldom(plan: BotMarket, moves: int) -> BotMarket:
    """Return how a market is traded at one look in place of so many."""
    more = max(1, moves // (plan.taker_wait_steps * ORDERS))
    return plan._replace(
        step_ticks=plan.step_ticks * WIDER,
        levels=LEVELS,
        taker_lots_min=plan.taker_lots_min * more,
        taker_lots_max=plan.taker_lots_max * more,
    )


async def _commands(calls: Calls, crowd: demo.Crowd, market: int) -> list[bytes]:
    """Return what the bots of a market do at one look; refusals need no answer."""
    maker, taker, ticks = crowd.makers[market], crowd.takers[market], crowd.prices[market].ticks()
    orders, balances = await asyncio.gather(
        calls.open_orders(maker.account_id, market), calls.balances(taker.account_id)
    )
    return [*maker.step(ticks, orders), *(taker.step(ticks, balances) for _ in range(ORDERS))]
