"""Faults of every kind on one scaled exchange under load. Covers O01, O03, O04, J04 to J07, K01,
K02, K05 to K08, L01, V01, V04.

`make bench-faults` has each fault more often. A seed and the number of the fault give the same
fault again, though not the same moment of it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tools.faults.campaign import Campaign

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("scaled"),  # one worker: a scaled exchange is a dozen processes
]
SEED = 31


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    """One exchange for all faults; what is kept of it goes when it ended well."""
    with tempfile.TemporaryDirectory(prefix="outcry-faults-") as folder:
        Path(folder).chmod(0o755)  # the database's user comes in
        made = Campaign(Path(folder) / "data", SEED)
        try:
            made.start()
            yield made
            print(made.finish())  # noqa: T201 - shown on failure
        finally:
            with suppress(OSError):
                print(made.exchange.log(20))  # noqa: T201
            made.abort()


@pytest.mark.parametrize("time", [1, 2, 3])
@pytest.mark.parametrize("fault", ["kill_engine", "kill_gateway", "kill_projector"])
def test_a_killed_process_loses_nothing(campaign: Campaign, fault: str, time: int) -> None:
    outcome = campaign.run(fault)
    print(outcome, time)  # noqa: T201
    assert outcome.acknowledged > 0
