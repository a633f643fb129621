"""What the account side knows of assets, markets, fees and limits; set by administration alone."""

from dataclasses import dataclass, field

from openoutcry.core.records import CreateAsset, CreateMarket, SetLimits

Specification = CreateMarket
"""A market's specification: the command that made it, with version and later changes filled in.

Its `status` is not to be read: the market alone knows that."""


@dataclass(slots=True)
class Catalog:
    """Assets, market specifications, fee schedules and the exchange-wide limits."""

    assets: dict[int, CreateAsset] = field(default_factory=dict)
    specifications: dict[int, Specification] = field(default_factory=dict)
    fees: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    """(schedule, market) to (maker rate, taker rate); market 0 stands for all others."""
    limits: SetLimits = field(default_factory=SetLimits)

    def rates(self, schedule: int, market: int) -> tuple[int, int]:
        """Return the maker and taker rates that an order accepted now is pinned to."""
        own = self.fees.get((schedule, market))
        return own or self.fees.get((schedule, 0), (0, 0))
