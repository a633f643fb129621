"""Faults of every kind on one scaled exchange under load.

Covers O01, O03, O04, O16, O17, O19, O22, O23, O26, O29, O31, J04 to J07, J10, K01, K02, K05 to K08,
L01, V01, V04.

`make bench-faults` has each fault more often. A seed and the number of the fault give the same
fault again, though not the same moment of it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tools.faults.campaign import Campaign
from tools.faults.exchange import FaultyExchange
from tools.faults.menu import MENU
from tools.faults.with_standby import StandbyExchange, await_standby, promote_standby

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.alone,
]
SEED = 31
TIMES = 3


def _running(exchange: type[FaultyExchange]) -> Iterator[Campaign]:
    with tempfile.TemporaryDirectory(prefix="outcry-faults-") as folder:
        Path(folder).chmod(0o755)  # the database's user comes in
        made = Campaign(Path(folder) / "data", SEED, exchange)
        try:
            made.start()
            yield made
            print(made.finish())  # noqa: T201 - shown on failure
        finally:
            with suppress(OSError):
                print(made.exchange.log(20))  # noqa: T201
            made.abort()


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    """One exchange for all faults."""
    yield from _running(FaultyExchange)


@pytest.fixture
def with_standby() -> Iterator[Campaign]:
    """One whose database has a synchronous standby."""
    yield from _running(StandbyExchange)


@pytest.mark.parametrize("fault", [*MENU] * TIMES)
def test_nothing_acknowledged_is_lost_and_service_comes_back(
    campaign: Campaign, fault: str
) -> None:
    outcome = campaign.run(fault)
    print(outcome)  # noqa: T201 - shown on failure
    assert outcome.acknowledged > 0


def test_a_promoted_standby_has_all_that_was_acknowledged_o23(with_standby: Campaign) -> None:
    exchange = with_standby.exchange
    assert isinstance(exchange, StandbyExchange)
    for _ in range(TIMES):
        await_standby(exchange)
        outcome = with_standby.run("promote_standby", promote_standby)
        print(outcome)  # noqa: T201 - shown on failure
        assert outcome.acknowledged > 0
    await_standby(exchange)
