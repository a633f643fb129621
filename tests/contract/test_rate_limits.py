"""What every rate limiter promises, run against each adapter."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from tests.support.valkey import settings_of

from openoutcry.adapters.local.valkey_cluster import ValkeyCluster
from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.adapters.redis.client import Redis
from openoutcry.adapters.redis.rate_limits import RedisRateLimiter
from openoutcry.ports.rate_limits import (
    ORDERS_PER_10_SECONDS,
    ORDERS_PER_DAY,
    RAW_REQUESTS_PER_5_MINUTES,
    REQUEST_WEIGHT_PER_MINUTE,
    RateLimiter,
)

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
START = 20_000 * DAY
IP = "192.0.2.1"

Make = Callable[[bool], RateLimiter]


@asynccontextmanager
async def memory(_cluster: Callable[[], ValkeyCluster]) -> AsyncIterator[Make]:
    yield lambda enforce: MemoryRateLimiter(enforce=enforce)


@asynccontextmanager
async def redis(cluster: Callable[[], ValkeyCluster]) -> AsyncIterator[Make]:
    """Decides from its own copy, whatever Redis will say later."""
    client = await Redis.connect(settings_of(cluster()))
    yield lambda enforce: RedisRateLimiter(MemoryRateLimiter(enforce=enforce), client, gateways=3)
    await client.close()


@pytest.fixture(params=["memory", "redis"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    adapter = {"memory": memory, "redis": redis}[request.param]
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(adapter(lambda: request.getfixturevalue("valkey")))


async def test_weight_is_counted_by_address_and_minute(make: Make) -> None:
    limiter = make(True)
    assert limiter.admit(IP, REQUEST_WEIGHT_PER_MINUTE, START) is None
    assert limiter.used_weight(IP, START) == REQUEST_WEIGHT_PER_MINUTE
    refused = limiter.admit(IP, 1, START + 15 * SECOND)
    assert refused is not None
    assert (refused.retry_after_s, refused.banned) == (45, False)
    assert refused.text == "6000 request weight per 1 MINUTE"
    assert limiter.admit("192.0.2.2", 1, START) is None
    assert limiter.admit(IP, 1, START + MINUTE) is None
    assert limiter.used_weight(IP, START + MINUTE) == 1


async def test_charged_weight_counts_too(make: Make) -> None:
    limiter = make(True)
    limiter.admit(IP, 0, START)
    limiter.charge(IP, 7, START)
    assert limiter.used_weight(IP, START) == 7


async def test_raw_requests(make: Make) -> None:
    limiter = make(True)
    for number in range(RAW_REQUESTS_PER_5_MINUTES):
        assert limiter.admit(IP, 0, START + number // 1000) is None
    assert limiter.admit(IP, 0, START + MINUTE) is not None
    assert limiter.admit(IP, 0, START + 5 * MINUTE) is None


async def test_who_does_not_stop_is_banned_for_ever_longer(make: Make) -> None:
    limiter = make(True)
    now, lengths = START, []
    for _ in range(14):
        limiter.admit(IP, REQUEST_WEIGHT_PER_MINUTE, now)
        refused = None
        while refused is None or not refused.banned:
            refused = limiter.admit(IP, 1, now)
        lengths.append(refused.until_us - now)
        still = limiter.admit(IP, 1, refused.until_us - 1)
        assert still is not None
        assert still.banned
        now = refused.until_us
    assert lengths[:3] == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert lengths[-1] == 3 * DAY
    assert limiter.admit(IP, 1, now + MINUTE) is None


async def test_orders_are_counted_by_account(make: Make) -> None:
    limiter = make(True)
    limiter.count_orders(7, ORDERS_PER_10_SECONDS, START)
    refused = limiter.admit_orders(7, 1, START + 4 * SECOND)
    assert refused is not None
    assert refused.text == "100 orders per 10 SECOND"
    assert refused.retry_after_s == 6
    assert limiter.admit_orders(8, 1, START) is None
    assert limiter.admit_orders(7, 1, START + 10 * SECOND) is None
    assert limiter.order_counts(7, START + 10 * SECOND) == (0, ORDERS_PER_10_SECONDS)


async def test_orders_of_a_day(make: Make) -> None:
    limiter = make(True)
    limiter.count_orders(7, ORDERS_PER_DAY, START)
    refused = limiter.admit_orders(7, 1, START + 60 * SECOND)
    assert refused is not None
    assert refused.text == "200000 orders per 1 DAY"
    assert limiter.admit_orders(7, 1, START + DAY) is None


async def test_first_fills_make_room_never_below_nothing(make: Make) -> None:
    limiter = make(True)
    assert limiter.count_orders(7, 8, START) == (8, 8)
    limiter.order_filled(7, START, maker=False)
    assert limiter.order_counts(7, START) == (7, 7)
    limiter.order_filled(7, START, maker=True)
    assert limiter.order_counts(7, START) == (2, 2)
    limiter.order_filled(7, START, maker=True)
    assert limiter.order_counts(7, START) == (0, 0)


async def test_a_clock_that_steps_back_forgets_nothing(make: Make) -> None:
    limiter = make(True)
    limiter.admit(IP, 5, START)
    limiter.count_orders(7, 3, START)
    assert limiter.used_weight(IP, START - MINUTE) == 5
    assert limiter.order_counts(7, START - DAY) == (3, 3)


async def test_lifted_limits_count_and_refuse_nobody(make: Make) -> None:
    limiter = make(False)
    assert not limiter.limits_enforced()
    assert limiter.admit(IP, 10 * REQUEST_WEIGHT_PER_MINUTE, START) is None
    assert limiter.admit(IP, 1, START) is None
    assert limiter.used_weight(IP, START) == 10 * REQUEST_WEIGHT_PER_MINUTE + 1
    limiter.count_orders(7, 1000, START)
    assert limiter.admit_orders(7, 1, START) is None
    assert limiter.order_counts(7, START) == (1000, 1000)
    assert all(limiter.admit_connection(IP, START) is None for _ in range(1000))


async def test_connection_attempts(make: Make) -> None:
    limiter = make(True)
    assert all(limiter.admit_connection(IP, START) is None for _ in range(300))
    assert limiter.admit_connection(IP, START) is not None
    assert limiter.admit_connection(IP, START + 5 * MINUTE) is None


async def test_ipv6_addresses_count_by_their_network(make: Make) -> None:
    """R40"""
    limiter = make(True)
    for number in range(16):
        limiter.admit(f"2001:db8:1:2::{number:x}", 1, START)
    limiter.admit("2001:db8:1:2:3:4:5:6", 1, START)
    assert limiter.used_weight("2001:db8:1:2:ffff::1", START) == 17
    assert limiter.used_weight("2001:db8:1:3::1", START) == 0
