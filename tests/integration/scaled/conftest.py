"""Running scaled exchanges for tests of what processes do together."""

from collections.abc import Iterator

import pytest
from tests.support.scaled import Doors
from tools.exchange_process import GatewayProcess, ScaledProcess


@pytest.fixture(scope="module")
def doors(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Doors]:
    """An exchange without bots, limits on, with one gateway at each of two ports."""
    data = tmp_path_factory.mktemp("doors") / "data"
    failed_before = request.session.testsfailed
    exchange = ScaledProcess(data, "--no-bots", engines=2, gateways=1)
    with exchange, GatewayProcess(exchange, "gateway-extra") as there:
        yield Doors(exchange, there)
        if request.session.testsfailed > failed_before:
            print(f"\n--- the processes' logs ---\n{exchange.log()}")  # noqa: T201
