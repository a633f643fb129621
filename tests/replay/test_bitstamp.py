"""The real half hour: the venue's own trades come out of our kernel."""

from pathlib import Path

import pytest

from openoutcry.app.replay import run_replay, summary
from openoutcry.core.enums import CommandKind, Reason
from openoutcry.simulation.capture import Capture

CAPTURE = Path(__file__).parents[3] / "shared" / "data" / "bitstamp-btcusd-2026-05-02"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not CAPTURE.is_dir(), reason="the capture is not beside the repository"),
]


def test_the_venues_trades_are_made_again() -> None:
    positions: list[int] = []
    report = run_replay(CAPTURE, lambda done, _total: positions.append(done))
    result = report.result
    assert report.venue_trades == 284
    assert report.agreeing >= 281
    assert (result.rows_opening, result.rows_closing) == (6_512, 6_518)
    assert result.rows - result.rows_opening - result.rows_closing == 301_027
    assert 99_000 < result.refusals[CommandKind.NEW_ORDER, Reason.WOULD_TAKE] < 102_000
    assert result.best_bid is not None
    assert result.best_ask is not None
    assert result.best_bid[0] < result.best_ask[0]
    assert positions == sorted(positions)
    assert positions[-1] == Capture(CAPTURE).size()
    assert dict(summary(report))["trades"] == f"{len(result.trades):,}"
