"""The follower's work, without its process. Covers J01, J11, X11, L by recount."""

from pathlib import Path

import pytest
from tests.support.toy_machine import TOYS, ToyMachine, deposit, order
from tests.unit.partition.test_recovery import a_journal, append, snapshots_at

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots
from openoutcry.partition.follower import (
    AheadError,
    DivergedError,
    Follower,
    NullProjection,
    SnapshotPolicy,
)
from openoutcry.partition.recovery import recover
from openoutcry.ports.feeds import Committed


class RecordingProjection(NullProjection):
    """Remembers what it was given and what was committed."""

    def __init__(self, cursor: int = 0) -> None:
        super().__init__(cursor)
        self.taken: list[Committed] = []
        self.committed_seq = cursor

    def apply(self, committed: Committed) -> None:
        assert committed.seq == self.cursor() + 1
        super().apply(committed)
        self.taken.append(committed)

    def commit(self) -> None:
        self.committed_seq = self.cursor()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def announce_all(follower: Follower, journal: MemoryJournal) -> None:
    for seq in range(1, journal.head().seq + 1):
        follower.announce(seq, recover(TOYS, journal, None, up_to=seq).machine.events_hash())


def test_it_projects_every_announced_batch_in_order() -> None:
    journal, projection = a_journal(20), RecordingProjection()
    follower = Follower(TOYS, journal, MemorySnapshots(), projection)
    assert follower.advance() == 0
    assert not follower.is_behind
    announce_all(follower, journal)
    assert follower.is_behind
    assert follower.advance(7) == 7
    while follower.is_behind:
        follower.advance(7)
    assert [committed.seq for committed in projection.taken] == list(range(1, 21))
    assert all(len(committed.events) == 2 for committed in projection.taken)
    assert follower.has_uncommitted
    assert projection.committed_seq == 0
    assert follower.commit() == projection.committed_seq == 20
    assert not follower.has_uncommitted


def test_it_goes_on_where_the_projection_stands() -> None:
    journal = a_journal(20)
    projection = RecordingProjection(15)
    follower = Follower(TOYS, journal, snapshots_at(journal, 10, 18), projection)
    assert follower.seq == 15
    announce_all(follower, journal)
    follower.advance()
    assert [committed.seq for committed in projection.taken] == list(range(16, 21))


def test_a_projection_ahead_of_the_journal_is_refused_j11() -> None:
    with pytest.raises(AheadError, match="the journal ends at row 3"):
        Follower(TOYS, a_journal(3), MemorySnapshots(), NullProjection(4))


def test_a_new_history_of_a_pruned_journal_begins_at_the_oldest_snapshot() -> None:
    journal = a_journal(9)
    snapshots = snapshots_at(journal, 2, 5, 8)
    journal.prune(5)
    projection = RecordingProjection()
    follower = Follower(TOYS, journal, snapshots, projection)
    assert follower.seq == 5


def test_other_events_than_the_leaders_stop_it_x11() -> None:
    journal = a_journal(5)
    follower = Follower(TOYS, journal, MemorySnapshots(), NullProjection())
    announce_all(follower, journal)
    follower.announce(3, b"x" * 16)
    with pytest.raises(DivergedError, match="events of batch 3"):
        follower.advance()


def test_a_fault_that_the_leader_quarantined_is_passed_over() -> None:
    journal = a_journal(2)
    append(journal, order("poison"), deposit(1))
    append(journal, *recover(TOYS, journal, None).quarantine)
    projection = RecordingProjection()
    follower = Follower(TOYS, journal, MemorySnapshots(), projection)
    announce_all(follower, journal)
    follower.advance()
    assert follower.seq == 4
    assert [len(committed.events) for committed in projection.taken] == [2, 2, 1, 1]


def test_a_fault_of_its_own_is_a_divergence() -> None:
    journal = a_journal(2)
    append(journal, order("poison"))
    append(journal, deposit(1))
    follower = Follower(TOYS, journal, MemorySnapshots(), NullProjection())
    follower.announce(4, bytes(16))
    with pytest.raises(DivergedError, match="row 3 faults here"):
        follower.advance()


def test_it_waits_for_a_quarantine_that_is_not_journaled_yet() -> None:
    journal = a_journal(2)
    append(journal, order("poison"), deposit(1))
    follower = Follower(TOYS, journal, MemorySnapshots(), NullProjection())
    follower.announce(3, recover(TOYS, journal, None).machine.events_hash())
    follower.advance()
    assert follower.seq == 2
    append(journal, *recover(TOYS, journal, None).quarantine)
    follower.advance()
    assert follower.seq == 3


class TestSnapshots:
    def test_they_are_due_by_time_and_by_commands(self) -> None:
        clock, journal = Clock(), a_journal(30)
        snapshots = MemorySnapshots()
        follower = Follower(
            TOYS,
            journal,
            snapshots,
            NullProjection(),
            policy=SnapshotPolicy(seconds=60, commands=20, keep=2),
            monotonic=clock,
        )
        assert not follower.snapshot_due(), "nothing has happened yet"
        announce_all(follower, journal)
        follower.advance(1)
        assert follower.snapshot_due(), "the first one is taken soon"
        assert follower.take_snapshot() == 1
        follower.advance(5)
        assert not follower.snapshot_due()
        clock.now += 60
        assert follower.snapshot_due()
        assert follower.take_snapshot() == 1
        assert not follower.snapshot_due()
        follower.advance(10)
        assert follower.commands_since_snapshot == 20
        assert follower.snapshot_due()
        assert follower.take_snapshot() == 6
        assert snapshots.seqs() == [16, 6]

    def test_the_history_is_committed_first(self) -> None:
        journal, projection = a_journal(4), RecordingProjection()
        follower = Follower(TOYS, journal, MemorySnapshots(), projection)
        announce_all(follower, journal)
        follower.advance()
        follower.take_snapshot()
        assert projection.committed_seq == 4

    def test_money_that_does_not_add_up_stops_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        journal, snapshots = a_journal(4), MemorySnapshots()
        follower = Follower(TOYS, journal, snapshots, NullProjection())
        announce_all(follower, journal)
        follower.advance()
        monkeypatch.setattr(ToyMachine, "recount", lambda _: "USD: one atom too many")
        with pytest.raises(DivergedError, match="one atom too many"):
            follower.take_snapshot()
        assert not snapshots.seqs()

    def test_files_are_replaced_whole(self, tmp_path: Path) -> None:
        from openoutcry.adapters.local.snapshots import FileSnapshots

        journal = a_journal(3)
        files = FileSnapshots(tmp_path)
        (tmp_path / "00000-00000000000000000009.tmp").write_bytes(b"half")
        follower = Follower(TOYS, journal, files, NullProjection())
        announce_all(follower, journal)
        follower.advance()
        follower.take_snapshot()
        assert [path.name for path in tmp_path.iterdir()] == ["00000-00000000000000000003.snapshot"]
