"""Committed batches read once more: the same as they were, or an error, never a gap."""

from itertools import islice

import pytest
from tests.support.toy_machine import POISON, TOYS, deposit, order
from tests.unit.partition.test_recovery import a_journal, append, snapshots_at

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots
from openoutcry.core.records import Quarantine
from openoutcry.partition.batches import JournalBatches
from openoutcry.ports.feeds import Committed, MissingBatchesError


def told(batches: list[Committed]) -> list[tuple[int, int, list[object]]]:
    return [(batch.seq, batch.time_us, list(batch.events)) for batch in batches]


def test_a_walk_from_anywhere_is_the_end_of_the_whole_walk() -> None:
    journal = a_journal(12)
    whole = told(list(JournalBatches(TOYS, journal, MemorySnapshots()).after(0, 12)))
    assert [seq for seq, _, _ in whole] == list(range(1, 13))
    for snapshots in (MemorySnapshots(), snapshots_at(journal, 3, 7, 11)):
        for after in range(13):
            batches = JournalBatches(TOYS, journal, snapshots)
            assert told(list(batches.after(after, 12))) == whole[after:]
            assert told(list(batches.after(after, 9))) == whole[after:9]


def test_a_walk_is_lazy() -> None:
    batches = JournalBatches(TOYS, a_journal(5), MemorySnapshots()).after(1, 5)
    assert [batch.seq for batch in islice(batches, 2)] == [2, 3]
    assert [batch.seq for batch in batches] == [4, 5]


def test_quarantined_commands_are_passed_over_again() -> None:
    journal = MemoryJournal()
    append(journal, deposit(1), order(POISON.decode()), order("good"))
    append(journal, Quarantine(seq=1, index=1).pack())
    (first, second) = JournalBatches(TOYS, journal, MemorySnapshots()).after(0, 2)
    assert len(first.events) == 2
    assert second.seq == 2


def test_a_fault_that_nobody_has_quarantined_is_an_error() -> None:
    journal = MemoryJournal()
    append(journal, order(POISON.decode()))
    with pytest.raises(MissingBatchesError, match="row 1 faults"):
        list(JournalBatches(TOYS, journal, MemorySnapshots()).after(0, 1))


def test_rows_that_are_gone_are_an_error() -> None:
    journal = a_journal(9)
    snapshots = snapshots_at(journal, 6)
    journal.prune(6)
    assert [b.seq for b in JournalBatches(TOYS, journal, snapshots).after(6, 9)] == [7, 8, 9]
    for after, up_to in ((5, 9), (0, 9), (6, 10)):
        with pytest.raises(MissingBatchesError):
            list(JournalBatches(TOYS, journal, snapshots).after(after, up_to))


def test_nothing_is_nothing() -> None:
    assert list(JournalBatches(TOYS, MemoryJournal(), MemorySnapshots()).after(0, 0)) == []
