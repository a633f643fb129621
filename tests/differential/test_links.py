"""Partitions apart, kernel and reference in lock-step on links that lose, repeat and delay."""

from collections import Counter

import pytest
from bench.links import run_links
from bench.network import Faults, kernel_alone, native_pair, reference_alone

SEEDS = range(8)
SEEDS_OF_MOVES = (1, 4, 13, 14)
"""Of which the network has partitions to move between."""
COMMANDS_PER_SEED = 12_500
LEAST = {
    "PLACE": 4_000,
    "CANCEL": 1_000,
    "AMEND": 300,
    "SETTLE": 20_000,
    "DONE": 1_500,
    "ANSWER": 8_000,
    "lost": 1_000,
    "repeated": 1_500,
    "astray": 300,
    "spoilt": 300,
    "restored": 80,
    "event PENDING": 5_000,
    "event ANSWERED": 5_000,
    "NOT_HOSTED": 50,
    "REQUEST_PENDING": 50,
    "commands": 100_000,
}
"""What all seeds together must have met."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_k01_k05_k06_k07_k09_same_bytes_on_links(seed: int) -> None:
    """Events byte for byte, state hash, and all money with what is under way (L01)."""
    run_links(seed, COMMANDS_PER_SEED)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS_OF_MOVES)
def test_k10_same_bytes_while_entities_move(seed: int) -> None:
    """Shards and markets move between partitions in the middle of traffic."""
    met = run_links(seed, COMMANDS_PER_SEED // 2, native_pair, Faults(moved=0.01))

    assert met["moves"] == met["arrived"] >= 8
    assert met["event MOVE_DONE"] == met["moves"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_streams_meet_everything_that_links_can_do() -> None:
    met: Counter[str] = Counter()
    for seed in SEEDS:
        met.update(run_links(seed, COMMANDS_PER_SEED, kernel_alone))

    assert {name: met[name] for name, least in LEAST.items() if met[name] < least} == {}


def test_k01_links_without_any_fault_come_to_rest() -> None:
    """The same network in fine weather."""
    run_links(77, 3_000, reference_alone, Faults(0, 0, 0, 1, 0))
