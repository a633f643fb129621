"""Every scenario of the tables, on the kernel and on the reference."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.scenarios.table import Player, Scenario, read_all

from openoutcry.kernel import Kernel
from openoutcry.reference import Reference

SCENARIOS = read_all()


@pytest.mark.parametrize("make", [Kernel, Reference], ids=["kernel", "reference"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_scenario(scenario: Scenario, make: Callable[[], Any]) -> None:
    player = Player(make())

    for row in scenario.rows:
        assert player.play(row.text) == row.expected, f"line {row.line}: {row.text}"
    assert player.machine.recount() == ""


def test_titles_are_unique() -> None:
    titles = [scenario.title for scenario in SCENARIOS]

    assert len(titles) == len(set(titles))
