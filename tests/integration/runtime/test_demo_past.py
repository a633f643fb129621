"""The day that the demo's traders have behind them at its first start. Covers J01, V06."""

import http.client
import json
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tools.exchange_process import ExchangeFailedError, ExchangeProcess, outcry_command

pytestmark = pytest.mark.slow

MINUTE_MS = 60_000
HOURS = 4
SYMBOLS = ("BTCUSD", "ETHUSD", "ETHBTC")


class WithPast(ExchangeProcess):
    """A demo that traded for hours before it was started."""

    hours = HOURS

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "OUTCRY_DEMO_PAST_HOURS": str(self.hours)}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WithPast]:
    server = WithPast(tmp_path / "data", "--no-limits")
    yield server
    if server.is_running:
        server.kill()


def get(server: ExchangeProcess, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", f"/api/v3/{path}")
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def opened_ms(server: ExchangeProcess, symbol: str) -> list[int]:
    """Return when each minute with trades began."""
    candles = get(server, f"klines?symbol={symbol}&interval=1m&limit=1000")
    return [candle[0] for candle in candles if candle[8] > 0]


def verified(server: ExchangeProcess) -> bool:
    command = [*outcry_command(), "verify", str(server.data)]
    return subprocess.run(command, check=False, capture_output=True, timeout=120).returncode == 0


def test_every_minute_of_the_past_was_traded_and_is_made_once(server: WithPast) -> None:
    server.start()
    now_ms = time.time_ns() // 1_000_000
    first: dict[str, int] = {}
    for symbol in SYMBOLS:
        minutes = opened_ms(server, symbol)
        first[symbol] = minutes[0]
        gaps = [after - before for before, after in pairwise(minutes)]
        assert max(gaps) <= 2 * MINUTE_MS, symbol
        assert abs(now_ms - HOURS * 60 * MINUTE_MS - minutes[0]) < 3 * MINUTE_MS, symbol
        assert now_ms - minutes[-1] < 3 * MINUTE_MS, symbol
        figures = get(server, f"ticker/24hr?symbol={symbol}")
        assert figures["count"] > len(minutes)
        assert float(figures["lowPrice"]) < float(figures["highPrice"])
    trades = get(server, "ticker/24hr?symbol=BTCUSD")["count"]
    server.stop()
    server.start()
    assert {symbol: opened_ms(server, symbol)[0] for symbol in SYMBOLS} == first
    assert trades <= get(server, "ticker/24hr?symbol=BTCUSD")["count"] < trades * 1.2
    server.stop()
    assert verified(server)


def test_a_past_that_is_cut_short_stays_as_it_is(server: WithPast) -> None:
    server.hours = 500
    with pytest.raises(ExchangeFailedError, match="not ready in"):
        server.start(ready_seconds_max=5.0)
    assert "hours before now" in server.log()
    server.start()
    minutes = opened_ms(server, "BTCUSD")
    assert time.time_ns() // 1_000_000 - minutes[-1] < 3 * MINUTE_MS
    assert server.log().count("hours before now") == 1
    server.stop()
    assert verified(server)


def test_none_is_made_where_none_is_wanted(server: WithPast) -> None:
    server.hours = 0
    server.start()
    assert time.time_ns() // 1_000_000 - opened_ms(server, "BTCUSD")[0] < 3 * MINUTE_MS
