"""An operator's first request while an engine stands still. Covers O01."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.faults.exchange import FaultyExchange, send
from tools.faults.moves import MARKET, SYMBOL, home_of, hosts, move

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120), pytest.mark.alone]


@pytest.fixture
def exchange() -> Iterator[FaultyExchange]:
    with tempfile.TemporaryDirectory(prefix="outcry-still-") as folder:
        Path(folder).chmod(0o755)  # the database's user comes in
        made = FaultyExchange(Path(folder) / "data")
        try:
            made.start()
            made.wait_all_run()
            yield made
        finally:
            if made.is_running:
                made.kill()


def test_a_market_is_known_by_its_symbol_while_an_engine_stands_still(
    exchange: FaultyExchange,
) -> None:
    source = home_of(exchange, MARKET)
    target = next(number for number in hosts(exchange, "MARKETS") if number != source)
    frozen = exchange.pid_of(exchange.owners()[target][0])
    send(frozen, signal.SIGSTOP)
    try:
        answer = move(exchange, SYMBOL, target)
    finally:
        send(frozen, signal.SIGCONT)
    assert answer["to"] == target
    assert home_of(exchange, MARKET) == target
