"""What the limits of addresses cost when addresses are very many. R40."""

import pytest

from openoutcry.adapters.memory import rate_limits
from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter

NOW_US = 1_800_000_000_000_000
MINUTE_US = 60_000_000
ROOM = 100


class Counting(MemoryRateLimiter):
    """Counts how often all addresses are looked at."""

    sweeps = 0

    def _sweep(self, now_us: int) -> None:
        self.sweeps += 1
        super()._sweep(now_us)


@pytest.fixture
def limiter(monkeypatch: pytest.MonkeyPatch) -> Counting:
    monkeypatch.setattr(rate_limits, "ADDRESSES_MAX", ROOM)
    return Counting()


def network(number: int) -> str:
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"


def test_newcomers_without_end_take_no_more_memory_and_no_more_time(limiter: Counting) -> None:
    for number in range(50 * ROOM):
        assert limiter.admit(network(number), 1, NOW_US) is None
        assert len(limiter._addresses) <= ROOM
    assert limiter.sweeps == 1
    assert limiter.used_weight(network(50 * ROOM - 1), NOW_US) == 1


def test_who_has_been_quiet_makes_room_for_whoever_comes(limiter: Counting) -> None:
    for number in range(ROOM):
        limiter.admit(network(number), 1, NOW_US)
    later = NOW_US + 6 * MINUTE_US
    limiter.admit(network(0), 7, later)
    limiter.admit(network(ROOM), 1, later)
    assert len(limiter._addresses) == 2
    assert limiter.used_weight(network(0), later) == 7
