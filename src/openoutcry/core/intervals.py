"""The bars of the public API: their names, and where each begins and ends.

Everything is integer arithmetic on microseconds since 1970-01-01 UTC. A bar holds
`open <= time < next open`. An offset moves the bounds to the calendar of a time zone: +480 minutes
for UTC+8.
"""

from typing import Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
_FIRST_MONDAY_US: Final = 4 * DAY_US  # 1970-01-05

INTERVALS: Final[dict[str, int]] = {
    "1s": SECOND_US,
    "1m": MINUTE_US,
    "3m": 3 * MINUTE_US,
    "5m": 5 * MINUTE_US,
    "15m": 15 * MINUTE_US,
    "30m": 30 * MINUTE_US,
    "1h": HOUR_US,
    "2h": 2 * HOUR_US,
    "4h": 4 * HOUR_US,
    "6h": 6 * HOUR_US,
    "8h": 8 * HOUR_US,
    "12h": 12 * HOUR_US,
    "1d": DAY_US,
    "3d": 3 * DAY_US,
    "1w": 7 * DAY_US,
    "1M": 0,
}
"""Name to width in microseconds; 0 for the calendar month. A week starts on Monday."""

OFFSET_MINUTES_MIN: Final = -12 * 60
OFFSET_MINUTES_MAX: Final = 14 * 60


def bar_open_us(interval: str, at_us: int, offset_minutes: int = 0) -> int:
    """Return when the bar that holds this time opens."""
    offset_us = offset_minutes * MINUTE_US
    local_us = at_us + offset_us
    width_us = INTERVALS[interval]
    if width_us == 0:
        return _month_open_us(local_us) - offset_us
    if interval == "1w":
        return local_us - (local_us - _FIRST_MONDAY_US) % width_us - offset_us
    return local_us - local_us % width_us - offset_us


def next_open_us(interval: str, open_us: int, offset_minutes: int = 0) -> int:
    """Return when the bar after the one that opens at `open_us` opens."""
    width_us = INTERVALS[interval]
    if width_us:
        return open_us + width_us
    # the 32nd day after a month's first is always in the next month
    return bar_open_us(interval, open_us + 31 * DAY_US + 12 * HOUR_US, offset_minutes)


def _month_open_us(local_us: int) -> int:
    """Return the first instant of the month: the civil calendar in eras of 400 years from March."""
    days = local_us // DAY_US + 719_468
    era_day = days % 146_097
    era_year = (era_day - era_day // 1_460 + era_day // 36_524 - era_day // 146_096) // 365
    year_day = era_day - (365 * era_year + era_year // 4 - era_year // 100)
    month = (5 * year_day + 2) // 153  # from March
    day_of_month = year_day - (153 * month + 2) // 5
    return (days - day_of_month - 719_468) * DAY_US
