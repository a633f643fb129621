"""Where simulated traders think that prices are: seeded random walks that come back to where they
began.

Integers throughout, so the same seed gives the same prices on every machine.
"""

import random
from typing import NamedTuple

PARTS = 1_000_000_000
"""A walk's offset from its anchor is in parts of this."""
_STEP_PARTS_MAX = 60_000
"""One step moves a price by at most 0.006 %: about 2 % a day at four steps a second."""
_PULL_STEPS = 4_000_000
"""How many steps the pull home takes: some twelve days, which keeps the walk within 15 % or so."""
_OFFSET_PARTS_MAX = 300_000_000


class Walk:
    """A price in ticks, wandering around its anchor."""

    def __init__(self, anchor_ticks: int, chance: random.Random) -> None:
        self._anchor_ticks = anchor_ticks
        self._chance = chance
        self._offset_parts = 0

    def start_at(self, ticks: int) -> None:
        """Go on from a price seen before, as far as the walk can be from its anchor."""
        offset = ticks * PARTS // self._anchor_ticks - PARTS
        self._offset_parts = max(-_OFFSET_PARTS_MAX, min(_OFFSET_PARTS_MAX, offset))

    def advance(self) -> None:
        """Take one step."""
        pull = abs(self._offset_parts) // _PULL_STEPS
        step = self._chance.randint(-_STEP_PARTS_MAX, _STEP_PARTS_MAX)
        offset = self._offset_parts + step + (-pull if self._offset_parts > 0 else pull)
        self._offset_parts = max(-_OFFSET_PARTS_MAX, min(_OFFSET_PARTS_MAX, offset))

    def ticks(self) -> int:
        """Return the price now."""
        return self._anchor_ticks * (PARTS + self._offset_parts) // PARTS


class Cross(NamedTuple):
    """The market between two walks' assets: its price follows from theirs.

    `scale` turns the quotient of the two prices in ticks into ticks of this market.
    """

    numerator: Walk
    denominator: Walk
    scale: int

    def ticks(self) -> int:
        """Return the price now."""
        return self.numerator.ticks() * self.scale // self.denominator.ticks()
