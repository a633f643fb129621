"""Which stored bars make up the candles that somebody asks for, in any time zone."""

from typing import Final

from openoutcry.core.intervals import DAY_US, INTERVALS, MINUTE_US, bar_open_us, next_open_us

_WIDEST_FIRST: Final = tuple(
    sorted((name for name, width in INTERVALS.items() if width), key=INTERVALS.__getitem__)
)[::-1]


def source_interval(interval: str, offset_minutes: int) -> str:
    """Return the widest stored interval whose bars lie inside those that are asked for."""
    if offset_minutes == 0:
        return interval
    offset_us = offset_minutes * MINUTE_US
    width_us = INTERVALS[interval] or DAY_US
    for name in _WIDEST_FIRST:
        stored_us = INTERVALS[name]
        if stored_us <= DAY_US and width_us % stored_us == 0 and offset_us % stored_us == 0:
            return name
    raise AssertionError("seconds lie inside every bar")


def first_open_us(
    interval: str, offset_minutes: int, *, start_us: int | None, end_us: int, limit: int
) -> int:
    """Return when the first bar opens: at or after a start, or `limit` bars before the end."""
    if start_us is None:
        at_us = bar_open_us(interval, end_us, offset_minutes)
        for _ in range(limit - 1):
            at_us = bar_open_us(interval, at_us - 1, offset_minutes)
        return at_us
    at_us = bar_open_us(interval, start_us, offset_minutes)
    return at_us if at_us >= start_us else next_open_us(interval, at_us, offset_minutes)


def past_open_us(
    interval: str, offset_minutes: int, first_us: int, *, end_us: int, limit: int
) -> int:
    """Return the time before which all bars open: `limit` bars on, and not behind the end."""
    past_us = first_us
    for _ in range(limit):
        past_us = next_open_us(interval, past_us, offset_minutes)
    return min(past_us, end_us + 1)


def source_end_us(interval: str, offset_minutes: int, past_us: int) -> int:
    """Return the end of the last bar that opens before a time."""
    last_open_us = bar_open_us(interval, past_us - 1, offset_minutes)
    return next_open_us(interval, last_open_us, offset_minutes)
