"""Where bars begin and end, against the calendar of the standard library."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openoutcry.core.intervals import (
    DAY_US,
    INTERVALS,
    MINUTE_US,
    OFFSET_MINUTES_MAX,
    OFFSET_MINUTES_MIN,
    bar_open_us,
    next_open_us,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants_us = st.integers(min_value=0, max_value=4_000_000_000_000_000)
offsets = st.integers(OFFSET_MINUTES_MIN, OFFSET_MINUTES_MAX)
intervals = st.sampled_from(list(INTERVALS))


def moment(time_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=time_us)


@given(instants_us, offsets)
def test_a_month_starts_with_its_first_day(at_us: int, offset: int) -> None:
    local = moment(bar_open_us("1M", at_us, offset) + offset * MINUTE_US)
    asked = moment(at_us + offset * MINUTE_US)
    assert local == asked.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


@given(instants_us, offsets)
def test_a_week_starts_on_monday(at_us: int, offset: int) -> None:
    local = moment(bar_open_us("1w", at_us, offset) + offset * MINUTE_US)
    assert (local.weekday(), local.hour, local.minute, local.second) == (0, 0, 0, 0)


@given(intervals, instants_us, offsets)
def test_every_instant_lies_in_one_bar(interval: str, at_us: int, offset: int) -> None:
    open_us = bar_open_us(interval, at_us, offset)
    end_us = next_open_us(interval, open_us, offset)
    assert open_us <= at_us < end_us
    assert bar_open_us(interval, open_us, offset) == open_us
    assert bar_open_us(interval, end_us - 1, offset) == open_us
    assert bar_open_us(interval, end_us, offset) == end_us


@given(instants_us)
def test_days_of_utc_start_at_midnight(at_us: int) -> None:
    assert bar_open_us("1d", at_us) == at_us - at_us % DAY_US
