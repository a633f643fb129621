"""What a market remembers of its trades: the last price, and sums by the minute for the average."""

from openoutcry.core.limits import AVERAGE_PRICE_MINUTES_MAX

MINUTE_US = 60_000_000


class PriceMemory:
    """Last price, and lots and quote atoms traded in each of the last minutes."""

    def __init__(self) -> None:
        self.last_ticks = 0
        self.buckets: dict[int, tuple[int, int]] = {}
        """Minute to (lots, quote atoms), oldest first."""

    def record(self, price_ticks: int, lots: int, quote_atoms: int, time_us: int) -> None:
        """Take in a trade."""
        self.last_ticks = price_ticks
        minute = time_us // MINUTE_US
        if minute not in self.buckets:
            self.buckets = dict(self.recent(time_us))
        lots_before, quote_before = self.buckets.get(minute, (0, 0))
        self.buckets[minute] = (lots_before + lots, quote_before + quote_atoms)

    def recent(
        self, time_us: int, minutes: int = AVERAGE_PRICE_MINUTES_MAX
    ) -> list[tuple[int, tuple[int, int]]]:
        """Return the buckets of the last minutes, oldest first."""
        after = time_us // MINUTE_US - minutes
        return [(minute, sums) for minute, sums in self.buckets.items() if minute > after]

    def average(self, time_us: int, minutes: int, tick_lot_atoms: int) -> int:
        """Return the average price in ticks over the last minutes, else the last price."""
        lots = quote_atoms = 0
        for _, (bucket_lots, bucket_quote) in self.recent(time_us, minutes):
            lots += bucket_lots
            quote_atoms += bucket_quote
        return quote_atoms // (lots * tick_lot_atoms) if lots else self.last_ticks
