"""One suite for every journal and every place of snapshots. Covers J06, J07, J12, K fencing."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openoutcry.adapters.local.snapshots import FileSnapshots
from openoutcry.adapters.memory.journal import MemoryJournal, MemorySnapshots, MemoryStore
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.adapters.sqlite.journal import SqliteJournal
from openoutcry.codec.journal import GENESIS_HASH, Head, JournalRow, open_row, seal
from openoutcry.codec.snapshots import Snapshot
from openoutcry.ports.journal import FencedError, Journal, JournalError, Snapshots

Opener = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    opened: list[Journal] = []
    store = MemoryStore()

    def opened_journal() -> Journal:
        if request.param == "memory":
            journal: Journal = MemoryJournal(0, store)
        elif request.param == "postgres":
            journal = PostgresJournal(request.getfixturevalue("database"))
        else:
            journal = SqliteJournal(tmp_path / "journal.db")
        opened.append(journal)
        return journal

    yield opened_journal
    for journal in opened:
        journal.close()


@pytest.fixture(params=["memory", "files", "postgres"])
def snapshots(request: pytest.FixtureRequest, tmp_path: Path) -> Snapshots:
    if request.param == "memory":
        return MemorySnapshots()
    if request.param == "files":
        return FileSnapshots(tmp_path / "snapshots")
    return PostgresSnapshots(request.getfixturevalue("database"))


def chain(head: Head, epoch: int, count: int, size: int = 48) -> list[JournalRow]:
    rows = []
    for _ in range(count):
        row = seal(head, 0, epoch, bytes([head.seq % 251]) * size, 1)
        rows.append(row)
        head = row.head
    return rows


class TestJournal:
    def test_an_empty_one_has_the_genesis_head(self, opener: Opener) -> None:
        journal = opener()
        assert journal.head() == Head(0, GENESIS_HASH)
        assert journal.first_seq() == 0
        assert journal.row(1) is None
        assert list(journal.read(1)) == []

    def test_rows_come_back_as_they_were_appended(self, opener: Opener) -> None:
        journal = opener()
        rows = chain(Head(), journal.acquire(), 200, size=4096)
        for row in rows[:50]:
            journal.append([row])
        journal.append(rows[50:])
        assert list(journal.read(1)) == rows
        assert list(journal.read(190)) == rows[189:]
        assert list(journal.read(3, limit=2)) == rows[2:4]
        assert list(journal.read(201)) == []
        assert journal.row(77) == rows[76]
        assert journal.head() == rows[-1].head
        assert journal.first_seq() == 1

    def test_rows_are_chained_without_a_gap_j06(self, opener: Opener) -> None:
        journal = opener()
        epoch = journal.acquire()
        rows = chain(Head(), epoch, 5)
        journal.append(rows[:2])
        with pytest.raises(JournalError):
            journal.append([rows[3]])
        with pytest.raises(JournalError):
            journal.append([seal(Head(2, bytes(32)), 0, epoch, b"", 0)])
        journal.append(rows[2:])
        head = Head()
        for row in journal.read(1):
            open_row(row, head)
            head = row.head
        assert head.seq == 5

    def test_each_owner_gets_a_higher_epoch(self, opener: Opener) -> None:
        assert [opener().acquire() for _ in range(3)] == [1, 2, 3]

    def test_a_stale_owner_is_fenced_j07(self, opener: Opener) -> None:
        old, new = opener(), opener()
        old_epoch = old.acquire()
        rows = chain(Head(), old_epoch, 2)
        old.append(rows[:1])
        new_epoch = new.acquire()
        with pytest.raises(FencedError):
            old.append(rows[1:])
        new.append(chain(new.head(), new_epoch, 3))
        with pytest.raises(FencedError):
            old.append(rows[1:])
        assert [row.epoch for row in new.read(1)] == [1, 2, 2, 2]

    def test_a_retry_of_a_committed_row_succeeds_j10(self, opener: Opener) -> None:
        journal = opener()
        rows = chain(Head(), journal.acquire(), 2)
        journal.append(rows)
        journal.append(rows[1:])
        assert list(journal.read(1)) == rows

    def test_many_rows_are_appended_all_or_none(self, opener: Opener) -> None:
        old, new = opener(), opener()
        rows = chain(Head(), old.acquire(), 3)
        new.acquire()
        with pytest.raises(FencedError):
            old.append(rows)
        assert new.head().seq == 0

    def test_another_partitions_row_is_refused(self, opener: Opener) -> None:
        journal = opener()
        with pytest.raises(JournalError):
            journal.append([seal(Head(), 7, journal.acquire(), b"", 0)])

    def test_pruning_keeps_the_last_row_and_the_chain(self, opener: Opener) -> None:
        journal = opener()
        epoch = journal.acquire()
        journal.append(chain(Head(), epoch, 1200))
        while journal.prune(1000):
            pass
        assert journal.first_seq() == 1000
        assert [row.seq for row in journal.read(1, limit=2)] == [1000, 1001]
        while journal.prune(5000):
            pass
        assert journal.first_seq() == journal.head().seq == 1200
        journal.append(chain(journal.head(), epoch, 1))
        assert journal.head().seq == 1201

    def test_it_is_read_while_it_is_written(self, opener: Opener) -> None:
        journal = opener()
        epoch = journal.acquire()
        rows = chain(Head(), epoch, 300)
        writer = threading.Thread(target=lambda: [journal.append([row]) for row in rows])
        writer.start()
        seen: list[JournalRow] = []
        while len(seen) < 300:
            seen += journal.read(len(seen) + 1)
        writer.join()
        assert seen == rows


def snapshot(seq: int, rows: bytes = b"rows") -> Snapshot:
    return Snapshot(0, seq, seq * 10, 5, bytes(32), b"s" * 16, b"e" * 16, rows)


class TestSnapshots:
    def test_they_come_back_newest_first(self, snapshots: Snapshots) -> None:
        for seq in (5, 100, 20):
            snapshots.save(snapshot(seq, bytes([seq]) * 1000))
        assert snapshots.seqs() == [100, 20, 5]
        assert snapshots.load(20) == snapshot(20, bytes([20]) * 1000)

    def test_large_ones_come_back_whole(self, snapshots: Snapshots) -> None:
        states = [
            snapshot(size + 1, bytes(range(251)) * (size // 251) + bytes(size % 251))
            for size in (0, 1 << 20, (5 << 20) + 3)
        ]
        for state in states:
            snapshots.save(state)
        for state in states:
            assert snapshots.load(state.seq) == state

    def test_saving_a_state_again_replaces_it(self, snapshots: Snapshots) -> None:
        snapshots.save(snapshot(4, b"first"))
        snapshots.save(snapshot(4, b"second"))
        assert snapshots.load(4).rows == b"second"

    def test_a_missing_one_is_a_key_error(self, snapshots: Snapshots) -> None:
        with pytest.raises(KeyError):
            snapshots.load(1)

    def test_pruning_keeps_the_newest(self, snapshots: Snapshots) -> None:
        for seq in range(1, 8):
            snapshots.save(snapshot(seq))
        assert snapshots.prune(3) == [7, 6, 5]
        assert snapshots.seqs() == [7, 6, 5]
