"""Running scaled exchanges for tests of what processes do together."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.support.scaled import Doors, new_account
from tools.exchange_process import DemoKey, GatewayProcess, ScaledProcess


@pytest.fixture(scope="module")
def doors(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Doors]:
    """An exchange without bots, limits only counted, with a gateway at each of two ports."""
    data = tmp_path_factory.mktemp("doors") / "data"
    failed_before = request.session.testsfailed
    exchange = ScaledProcess(data, "--no-bots", "--no-limits", engines=2, gateways=1)
    with ExitStack() as stack:
        stack.callback(exchange.discard)
        stack.enter_context(exchange)
        there = stack.enter_context(GatewayProcess(exchange, "gateway-extra"))
        yield Doors(exchange, there)
        if request.session.testsfailed > failed_before:
            print(f"\n--- the processes' logs ---\n{exchange.log()}")  # noqa: T201


@pytest.fixture
def fresh_accounts(doors: Doors) -> Callable[[int], list[DemoKey]]:
    """Make accounts with money and a key, in which nobody else trades."""
    money = {"BTC": "10", "USD": "1000000"}
    return lambda count: [new_account(doors, money) for _ in range(count)]
