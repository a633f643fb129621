"""SIGKILL at random moments under load from outside. Covers O01, O02, O04, J03, J04, J05.

`make bench-chaos` runs the same cycle 1,000 times.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from tools.chaos import Chaos
from tools.exchange_process import outcry_command

KILLS = 26
"""In each of two runs: at least 50 together."""
KILLS_MAX = 52
"""A slow machine does less before each kill, and may need some more of them."""


def has_seen_enough(counts: dict[str, Any]) -> bool:
    """Whether there was much to lose; some must have died between their commit and their reply."""
    return bool(
        counts["acknowledged"] > 20 * KILLS
        and counts["fills_in_replies"] > 5 * KILLS
        and counts["of_these_already_there"] > 0
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [11, 12])
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_SNAPSHOT_SECONDS", "0.3")
    monkeypatch.setenv("OUTCRY_RESERVE_BYTES", "1000000")
    chaos = Chaos(tmp_path / "data", seed)
    try:
        chaos.start()
        for cycles in range(KILLS_MAX):
            if cycles >= KILLS and has_seen_enough(chaos.summary()):
                break
            chaos.cycle(0.4)
        chaos.server.stop()
    finally:
        if chaos.server.is_running:
            chaos.server.kill()
        print(chaos.summary(), chaos.server.log(20), sep="\n")  # noqa: T201 - shown on failure
    counts = chaos.summary()
    assert counts["kills"] >= KILLS
    assert has_seen_enough(counts)
    verified = subprocess.run(
        [*outcry_command(), "verify", str(chaos.server.data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
