"""The journal in PostgreSQL when things break. Covers J03, J04, J06, J07, J10, J11."""

import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.support.cut_proxy import CutProxy, Direction
from tests.support.rows import checked_chain, next_row, wait_until

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.postgres.journal import PostgresJournal, RouteTakenError
from openoutcry.adapters.postgres.migrations import JOURNAL, migrate
from openoutcry.adapters.postgres.snapshots import PostgresSnapshots
from openoutcry.codec.journal import Head
from openoutcry.codec.snapshots import Snapshot
from openoutcry.ports.journal import (
    FencedError,
    JournalBehindError,
    JournalError,
    JournalUnknownError,
)
from openoutcry.ports.ownership import Route


@pytest.fixture
def own_folder(server_folder: Path) -> Path:
    return server_folder / uuid.uuid4().hex[:8]


@pytest.fixture
def own_server(own_folder: Path) -> Iterator[PostgresServer]:
    """A durable server that a test may break, with the journal's tables in `postgres`."""
    server = PostgresServer(own_folder / "primary")
    server.start()
    migrate(server.dsn(), JOURNAL)
    yield server
    server.stop(immediate=True)


class Appending:
    """A thread that appends row after row, and what it was told."""

    def __init__(self, journal: PostgresJournal, epoch: int) -> None:
        self.acknowledged: list[Head] = []
        self.error: JournalError | None = None
        self.stopping = False
        self._journal = journal
        self._epoch = epoch
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        head = self._journal.head()
        while not self.stopping:
            row = next_row(head, self._epoch, b"x" * 100)
            try:
                self._journal.append([row])
            except JournalError as error:
                self.error = error
                return
            head = row.head
            self.acknowledged.append(head)

    def wait_for_more(self, count: int = 20) -> None:
        wanted = len(self.acknowledged) + count
        wait_until(lambda: len(self.acknowledged) >= wanted or self.error is not None, "appends")

    def stop(self) -> None:
        self.stopping = True
        self._thread.join()


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except JournalError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_a_connection_cut_at_any_byte_of_a_commit_has_one_outcome_j10(
    postgres_server: PostgresServer, database: str
) -> None:
    """O26: whatever was lost, the row is there once and the append succeeds."""
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    assert isinstance(name, str)
    with CutProxy(postgres_server.port) as proxy:
        direct = postgres_server.dsn(name, tcp=True)
        journal = PostgresJournal(make_conninfo(direct, port=proxy.port), owner="a")
        epoch = journal.acquire()
        head = Head()
        points: list[tuple[Direction, int]] = [
            *(("up", count) for count in range(0, 360, 24)),
            *(("down", count) for count in range(0, 40, 3)),
        ]
        for direction, count in points:
            row = next_row(head, epoch, bytes([count % 251]) * 100)
            proxy.arm(direction, count)
            journal.append([row])
            head = row.head
        assert proxy.cuts >= len(points) - 6
        rows = checked_chain(journal)
        assert rows[-1].head == head == journal.head()
        assert len(rows) == len(points)
        journal.close()


def test_a_cut_inside_a_move_changes_rows_and_route_together(
    postgres_server: PostgresServer, database: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    assert isinstance(name, str)
    with (
        CutProxy(postgres_server.port) as proxy,
        psycopg.connect(database, autocommit=True) as other,
    ):
        direct = postgres_server.dsn(name, tcp=True)
        journal = PostgresJournal(make_conninfo(direct, port=proxy.port), owner="a")
        epoch = journal.acquire()
        for version, (direction, count) in enumerate(
            [("up", 0), ("up", 300), ("up", 500), ("up", 700), ("down", 0), ("down", 60)], start=1
        ):
            row = next_row(journal.head(), epoch)
            assert direction in {"up", "down"}
            proxy.arm("up" if direction == "up" else "down", count)
            journal.append([row], routes=[Route(5, 0, version)])
            assert other.execute("SELECT * FROM journal.route").fetchall() == [(5, 0, version)]
        assert len(checked_chain(journal)) == 6
        journal.close()


def test_an_entity_that_was_moved_elsewhere_is_not_taken(database: str) -> None:
    first, second = PostgresJournal(database, 1), PostgresJournal(database, 2)
    first_epoch, second_epoch = first.acquire(), second.acquire()
    row = next_row(Head(), first_epoch, partition=1)
    first.append([row], routes=[Route(5, 1, 2)])
    for stale in (Route(5, 2, 1), Route(5, 2, 2)):
        with pytest.raises(RouteTakenError):
            second.append([next_row(Head(), second_epoch, partition=2)], routes=[stale])
        assert second.row(1) is None
    first.append([row], routes=[Route(5, 1, 2)])  # its own retry
    second.append([next_row(Head(), second_epoch, partition=2)], routes=[Route(5, 2, 3)])
    first.close()
    second.close()


def test_two_owners_on_purpose_append_one_chain_j07(database: str) -> None:
    """Whoever took over last appends; the other is told so, and never mixes in."""
    told = []
    one = PostgresJournal(database, owner="one")
    appending = Appending(one, one.acquire())
    journals = [one]
    for number in range(8):
        appending.wait_for_more(10)
        other = PostgresJournal(database, owner=f"other-{number}")
        epoch = other.acquire()
        journals.append(other)
        following = Appending(other, epoch)
        appending.wait_for_more()
        assert isinstance(appending.error, FencedError)
        told.append(appending)
        appending.stop()
        appending = following
    appending.stop()
    told.append(appending)
    rows = checked_chain(one)
    assert [row.epoch for row in rows] == sorted(row.epoch for row in rows)
    kept = {row.head for row in rows}
    assert all(head in kept for each in told for head in each.acknowledged)
    assert len(rows) == sum(len(each.acknowledged) for each in told)
    for journal in journals:
        journal.close()


def test_only_one_of_two_that_saw_the_same_epoch_takes_over(database: str) -> None:
    one, two = PostgresJournal(database, owner="one"), PostgresJournal(database, owner="two")
    assert one.acquire() == 1
    assert two.acquire(1) == 2
    with pytest.raises(FencedError):
        one.acquire(1)
    assert two.acquire(1) == 2  # as after a cut: it has it already
    one.close()
    two.close()


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_j04(
    own_server: PostgresServer,
) -> None:
    journal = PostgresJournal(own_server.dsn(), owner="a")
    appending = Appending(journal, journal.acquire())
    for _ in range(3):
        appending.wait_for_more()
        own_server.crash()
        own_server.start()
    appending.wait_for_more()
    appending.stop()
    assert appending.error is None
    rows = checked_chain(journal)
    assert [row.head for row in rows] == appending.acknowledged
    journal.close()


def test_nothing_is_acknowledged_while_the_server_is_away_j03(own_server: PostgresServer) -> None:
    journal = PostgresJournal(own_server.dsn(), owner="a")
    epoch = journal.acquire()
    row = next_row(Head(), epoch)
    own_server.crash()
    thread, errors = in_thread(lambda: journal.append([row]))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_server.dsn())
    assert thread.is_alive()
    own_server.start()
    thread.join(60)
    assert not errors
    assert journal.head() == row.head
    own_server.crash()
    thread, errors = in_thread(lambda: journal.append([next_row(row.head, epoch)]))
    journal.give_up()
    thread.join(60)
    assert [type(error) for error in errors] == [JournalUnknownError]
    journal.close()


def test_the_promoted_synchronous_standby_has_all_that_was_acknowledged_j04(
    own_server: PostgresServer, own_folder: Path
) -> None:
    with own_server.standby(own_folder / "standby", "standby") as standby:
        own_server.wait_for("standby")
        both = make_conninfo(
            own_server.dsn(),
            host=",".join(
                str(psycopg.conninfo.conninfo_to_dict(server.dsn())["host"])
                for server in (standby, own_server)
            ),
            port=f"{standby.port},{own_server.port}",
        )
        journal = PostgresJournal(both, owner="a")
        appending = Appending(journal, journal.acquire())
        appending.wait_for_more()
        own_server.crash()
        standby.promote()
        appending.wait_for_more()
        appending.stop()
        assert appending.error is None
        with psycopg.connect(standby.dsn()) as connection:
            kept = connection.execute("SELECT seq, hash FROM journal.row ORDER BY seq").fetchall()
        assert [Head(*row) for row in kept] == appending.acknowledged
        checked_chain(journal)
        journal.close()


def test_a_standby_that_lost_acknowledged_rows_stops_the_owner_j11(
    own_server: PostgresServer, own_folder: Path
) -> None:
    """O24: an asynchronous standby was promoted, and the journal ends before what we said."""
    standby = own_server.standby(own_folder / "standby", "standby")
    both = make_conninfo(
        "",
        user="outcry",
        dbname="postgres",
        host=",".join(
            str(psycopg.conninfo.conninfo_to_dict(server.dsn())["host"])
            for server in (standby, own_server)
        ),
        port=f"{standby.port},{own_server.port}",
    )
    journal = PostgresJournal(both, owner="a")
    epoch = journal.acquire()
    rows = [next_row(Head(), epoch)]
    for _ in range(5):
        rows.append(next_row(rows[-1].head, epoch))
    journal.append(rows)
    own_server.crash()
    standby.start()
    standby.promote()
    for attempt in (
        lambda: journal.append([next_row(rows[-1].head, epoch)]),
        journal.acquire,
    ):
        with pytest.raises(JournalBehindError, match="row 6 was acknowledged"):
            attempt()
    journal.close()
    standby.stop(immediate=True)


def test_a_cancelled_wait_for_a_standby_is_no_acknowledgement_j03(
    own_server: PostgresServer,
) -> None:
    """The server only warns when it is told to wait no longer."""
    with psycopg.connect(own_server.dsn(), autocommit=True) as operator:
        operator.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
    own_server.stop()
    own_server.start()  # a reload would reach one process after the other
    journal = PostgresJournal(own_server.dsn(), owner="a")
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with psycopg.connect(own_server.dsn(), autocommit=True) as operator:
        operator.execute("SET synchronous_commit = local")

        def count() -> int:
            row = operator.execute(f"SELECT count(*) {waiting}").fetchone()
            assert row is not None
            return int(row[0])

        operator.execute("INSERT INTO journal.owner(partition, epoch) VALUES(0, 1)")
        row = next_row(Head(), 1)
        thread, errors = in_thread(lambda: journal.append([row]))
        for _ in range(3):
            wait_until(lambda: count() == 1, "an append that waits")
            operator.execute(f"SELECT pg_cancel_backend(pid) {waiting}")
        wait_until(lambda: count() == 1, "an append that waits again")
        assert thread.is_alive()
        operator.execute("ALTER SYSTEM RESET synchronous_standby_names")
        operator.execute("SELECT pg_reload_conf()")
        thread.join(60)
    assert not errors
    assert checked_chain(journal) == [row]
    journal.close()


def test_it_waits_for_a_server_that_hangs(own_server: PostgresServer) -> None:
    journal = PostgresJournal(own_server.dsn(), owner="a")
    epoch = journal.acquire()
    own_server.hang()
    row = next_row(Head(), epoch)
    thread, errors = in_thread(lambda: journal.append([row]))
    thread.join(0.2)
    assert thread.is_alive()
    own_server.go_on()
    thread.join(60)
    assert not errors
    assert journal.head() == row.head
    journal.close()


def test_reads_go_on_after_a_restart(own_server: PostgresServer) -> None:
    journal = PostgresJournal(own_server.dsn(), owner="a")
    row = next_row(Head(), journal.acquire())
    journal.append([row])
    follower = PostgresJournal(own_server.dsn(), read_only=True)
    assert follower.head() == row.head
    own_server.crash()
    own_server.start()
    assert list(journal.read(1)) == list(follower.read(1)) == [row]
    assert follower.head() == row.head
    with pytest.raises(JournalError, match="opened for reading"):
        follower.append([next_row(row.head, 1)])
    journal.close()
    follower.close()


def test_a_database_without_our_tables_is_refused_by_name(
    postgres_server: PostgresServer, empty_database: str
) -> None:
    with pytest.raises(JournalError, match=r"journal\.row"):
        PostgresJournal(empty_database)
    with pytest.raises(JournalError):
        PostgresJournal(postgres_server.dsn("no_such_database"))


def test_a_snapshot_that_is_cut_leaves_nothing_of_it(
    postgres_server: PostgresServer, database: str
) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    assert isinstance(name, str)
    state = Snapshot(0, 7, 70, 5, bytes(32), b"s" * 16, b"e" * 16, bytes(3 << 20))
    with CutProxy(postgres_server.port) as proxy:
        direct = postgres_server.dsn(name, tcp=True)
        snapshots = PostgresSnapshots(make_conninfo(direct, port=proxy.port))
        for count in (0, 1_000, 1 << 20, 3 << 20):
            proxy.arm("up", count)
            with pytest.raises(JournalError):
                snapshots.save(state)
            assert snapshots.seqs() == []
        snapshots.save(state)
        assert snapshots.load(7) == state
