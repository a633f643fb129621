"""From what is kept to a state. Covers J01, J02, J08, J11, J12, J16, O02, X10."""

from dataclasses import replace

import pytest
from tests.support.toy_machine import TOYS, ToyFaultError, ToyMachine, deposit, order

from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots
from openoutcry.codec.journal import seal
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.records import Quarantine
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.recovery import (
    RecoveryError,
    check_behind,
    quarantine_command,
    quarantined_by,
    recover,
    with_next,
)
from openoutcry.ports.journal import JournalDamagedError


def append(journal: MemoryJournal, *commands: bytes) -> None:
    epoch = journal.store.epoch or journal.acquire()
    journal.append([seal(journal.head(), 0, epoch, b"".join(commands), len(commands))])


def a_journal(count: int) -> MemoryJournal:
    journal = MemoryJournal()
    for number in range(count):
        append(journal, deposit(number + 1), order(f"o{number}"))
    return journal


def take(journal: MemoryJournal, seq: int) -> Snapshot:
    state = recover(TOYS, journal, None, up_to=seq)
    machine = state.machine
    return Snapshot(
        partition=0,
        seq=seq,
        commands=state.commands,
        time_us=machine.time_us(),
        journal_hash=state.head.hash,
        state_hash=machine.state_hash(),
        events_hash=machine.events_hash(),
        rows=machine.snapshot(),
    )


def snapshots_at(journal: MemoryJournal, *seqs: int) -> MemorySnapshots:
    snapshots = MemorySnapshots()
    for seq in seqs:
        snapshots.save(take(journal, seq))
    return snapshots


def same(one: StateMachine, other: StateMachine) -> bool:
    return (one.state_hash(), one.events_hash()) == (other.state_hash(), other.events_hash())


def test_an_empty_journal_is_a_fresh_state() -> None:
    recovered = recover(TOYS, MemoryJournal(), MemorySnapshots())
    assert (recovered.machine.seq(), recovered.head.seq, recovered.commands) == (0, 0, 0)


def test_every_snapshot_leads_to_the_state_that_genesis_leads_to_j01_j02() -> None:
    journal = a_journal(12)
    whole = recover(TOYS, journal, None)
    assert whole.commands == 24
    for seq in range(1, 13):
        recovered = recover(TOYS, journal, snapshots_at(journal, seq))
        assert recovered.snapshot_seq == seq
        assert recovered.commands == 24
        assert recovered.head == whole.head
        assert same(recovered.machine, whole.machine)


def test_the_newest_snapshot_is_taken_first() -> None:
    journal = a_journal(9)
    snapshots = snapshots_at(journal, 3, 6)
    assert recover(TOYS, journal, snapshots).snapshot_seq == 6
    assert recover(TOYS, journal, snapshots, up_to=5).snapshot_seq == 3
    assert recover(TOYS, journal, snapshots, snapshot_max=4).snapshot_seq == 3
    assert recover(TOYS, journal, snapshots, snapshot_max=2).snapshot_seq == 0


def test_a_damaged_snapshot_falls_back_to_an_older_one_j12_o02() -> None:
    journal = a_journal(9)
    whole = recover(TOYS, journal, None)
    snapshots = snapshots_at(journal, 3, 6, 8)
    snapshots.files[8] = snapshots.files[8][:-1]
    damaged = bytearray(snapshots.files[6])
    damaged[200] ^= 1
    snapshots.files[6] = bytes(damaged)
    recovered = recover(TOYS, journal, snapshots)
    assert recovered.snapshot_seq == 3
    assert same(recovered.machine, whole.machine)
    snapshots.files[3] = b""
    assert same(recover(TOYS, journal, snapshots).machine, whole.machine)


def test_a_snapshot_whose_rows_do_not_restore_falls_back() -> None:
    journal = a_journal(4)
    snapshots = snapshots_at(journal, 2)
    snapshots.save(replace(take(journal, 3), rows=b"no rows"))
    snapshots.save(replace(take(journal, 4), state_hash=bytes(16)))
    assert recover(TOYS, journal, snapshots).snapshot_seq == 2


def test_a_snapshot_of_another_journal_is_refused() -> None:
    journal = a_journal(4)
    snapshots = MemorySnapshots()
    snapshots.save(replace(take(journal, 4), journal_hash=b"?" * 32))
    with pytest.raises(RecoveryError, match="belongs to another journal"):
        recover(TOYS, journal, snapshots)


def test_a_journal_behind_a_snapshot_is_refused_j11() -> None:
    journal = a_journal(6)
    snapshots = snapshots_at(journal, 6)
    del journal.store.rows[5]
    with pytest.raises(RecoveryError, match="acknowledged rows are missing"):
        recover(TOYS, journal, snapshots)


def test_rows_that_nothing_reaches_are_refused_j16() -> None:
    journal = a_journal(6)
    journal.prune(4)
    with pytest.raises(RecoveryError, match="an empty state must not be continued"):
        recover(TOYS, journal, MemorySnapshots())


def test_a_pruned_journal_starts_at_a_snapshot_that_reaches_it() -> None:
    journal = a_journal(6)
    whole = recover(TOYS, journal, None)
    snapshots = snapshots_at(journal, 2, 3)
    journal.prune(4)
    assert same(recover(TOYS, journal, snapshots).machine, whole.machine)
    del snapshots.files[3]
    with pytest.raises(RecoveryError):
        recover(TOYS, journal, snapshots)


def test_a_garbled_row_is_refused_wherever_it_is_j08() -> None:
    for at in range(6):
        journal = a_journal(6)
        row = journal.store.rows[at]
        journal.store.rows[at] = replace(row, payload=row.payload[:-1] + b"!")
        with pytest.raises(JournalDamagedError, match=f"row {at + 1} .* fails its hash"):
            recover(TOYS, journal, None)


def test_what_a_snapshot_stands_in_for_is_checked_too_j08() -> None:
    journal = a_journal(6)
    for last, count in ((6, None), (4, 2), (0, None), (3, 9)):
        check_behind(journal, last, count)
    row = journal.store.rows[1]
    journal.store.rows[1] = replace(row, payload=row.payload[:-1] + b"!")
    check_behind(journal, 6, 4)
    for last, count in ((6, None), (6, 5), (2, 1), (3, 9)):
        with pytest.raises(JournalDamagedError, match=r"row 2 .* fails its hash"):
            check_behind(journal, last, count)
    del journal.store.rows[1]
    with pytest.raises(JournalDamagedError, match=r"row 3 .* does not follow row 1"):
        check_behind(journal, 6)
    journal = a_journal(6)
    journal.prune(4)
    for last in (2, 6):
        check_behind(journal, last)


def test_a_missing_row_is_refused_j06() -> None:
    journal = a_journal(6)
    del journal.store.rows[3]
    with pytest.raises(JournalDamagedError, match=r"row 5 .* does not follow row 3"):
        recover(TOYS, journal, None)


def test_recovery_up_to_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(RecoveryError, match="ends at row 3, not at row 9"):
        recover(TOYS, a_journal(3), None, up_to=9)


class TestQuarantine:
    def test_a_fault_in_the_last_row_asks_for_its_quarantine_x10(self) -> None:
        journal = a_journal(2)
        append(journal, deposit(5), order("poison1"), order("fine"), order("poison2"))
        recovered = recover(TOYS, journal, snapshots_at(journal, 1))
        assert [Quarantine.unpack(command)[9:12] for command in recovered.quarantine] == [
            (3, 1, 1),
            (3, 3, 1),
        ]
        assert recovered.events
        assert recovered.machine.seq() == 3
        assert len(recovered.machine.state["orders"]) == 3

    def test_a_journaled_quarantine_is_read_one_row_ahead(self) -> None:
        journal = a_journal(2)
        append(journal, order("poison1"), deposit(5))
        recovered = recover(TOYS, journal, None)
        append(journal, *recovered.quarantine)
        append(journal, deposit(1))
        again = recover(TOYS, journal, None)
        assert not again.quarantine
        assert again.machine.state["quarantined"] == 1
        snapshots = snapshots_at(journal, 3)  # between the fault and its quarantine
        assert same(recover(TOYS, journal, snapshots).machine, again.machine)

    def test_a_fault_that_nothing_quarantines_is_refused(self) -> None:
        journal = a_journal(1)
        append(journal, order("poison"))
        append(journal, deposit(1))
        with pytest.raises(RecoveryError, match="row 2 faults and row 3 does not quarantine it"):
            recover(TOYS, journal, None)

    def test_a_machine_that_faults_whatever_is_left_out_is_given_up(self) -> None:
        class Stubborn(ToyMachine):
            def apply(self, batch: bytes, seq: int, skip: tuple[int, ...] = ()) -> bytes:
                raise ToyFaultError(0)

        journal = a_journal(1)
        machines = replace(TOYS, fresh=Stubborn)
        with pytest.raises(RecoveryError, match="faults whatever is left out"):
            recover(machines, journal, None)

    def test_only_quarantines_of_that_batch_at_the_start_of_a_row_count(self) -> None:
        journal = MemoryJournal()
        append(
            journal,
            Quarantine(seq=4, index=2).pack(),
            Quarantine(seq=3, index=9).pack(),
            Quarantine(seq=4, index=1).pack(),
            deposit(1),
            Quarantine(seq=4, index=7).pack(),
        )
        row = journal.row(1)
        assert quarantined_by(row, 4) == (2, 1)
        assert quarantined_by(None, 4) == ()
        append(journal, deposit(1))
        assert quarantined_by(journal.row(2), 4) == ()
        append(journal)
        assert quarantined_by(journal.row(3), 4) == ()

    def test_the_market_of_an_order_counts_the_fault(self) -> None:
        assert Quarantine.unpack(quarantine_command(7, 3, order("x"))).market == 1
        assert Quarantine.unpack(quarantine_command(7, 3, deposit(1))).market == 0


def test_rows_come_with_their_next() -> None:
    rows = list(a_journal(3).read(1))
    assert list(with_next(rows)) == [(rows[0], rows[1]), (rows[1], rows[2]), (rows[2], None)]
    assert list(with_next([])) == []
