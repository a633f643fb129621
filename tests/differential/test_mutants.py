"""The differential bites: every fault seeded into the kernel is caught within a bounded run."""

import re

import pytest
from bench.mutants import COMMANDS_MAX, MUTANTS, ROOT, hunt

SEEDED = re.compile(r"MUTANT\((\d+)\)")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda n: f"{n}: {MUTANTS[n]}")
def test_fault_is_caught(mutant: int) -> None:
    caught = hunt(mutant)

    assert caught is not None, f"not caught in {COMMANDS_MAX} commands"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_variant_without_a_fault_is_the_kernel() -> None:
    assert hunt(0) is None


def test_every_seeded_fault_is_hunted() -> None:
    sources = [*(ROOT / "native/src").glob("*.cpp"), *(ROOT / "native/src").glob("*.hpp")]
    seeded = {int(n) for path in sources for n in SEEDED.findall(path.read_text("utf-8"))}

    assert seeded == set(MUTANTS)
    assert len(seeded) >= 20
