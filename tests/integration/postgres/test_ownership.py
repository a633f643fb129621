"""Leases and take-over: who is gone, and who only seems to be. Covers J07 and flow 18."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.rows import next_row, wait_until

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.postgres.connections import connect_primary, is_away
from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.adapters.postgres.migrations import JOURNAL, migrate
from openoutcry.adapters.postgres.ownership import DatabaseAwayError, Ownership, Watcher
from openoutcry.codec.journal import Head
from openoutcry.ports.journal import FencedError
from openoutcry.ports.ownership import Owner, Route

LEASE_SECONDS = 0.4


@pytest.fixture
def ownership(database: str) -> Iterator[Ownership]:
    table = Ownership(database)
    yield table
    table.close()


@pytest.fixture
def journal(database: str) -> Iterator[PostgresJournal]:
    owned = PostgresJournal(
        database, 3, owner="engine-1", address="127.0.0.1:7001", lease_seconds=LEASE_SECONDS
    )
    yield owned
    owned.close()


class Renewing:
    """Looks again and again, renewing beside it, and counts how often it renewed."""

    def __init__(self, ownership: Ownership, watcher: Watcher) -> None:
        self.ownership = ownership
        self.watcher = watcher
        self.looks = 0

    def sees_gone(self, *, renewing: int | None = None) -> bool:
        self.looks += 1
        if renewing is not None:
            self.ownership.renew(3, renewing, LEASE_SECONDS)
        return bool(self.watcher.look())


def test_the_table_says_who_owns_what(ownership: Ownership, journal: PostgresJournal) -> None:
    assert ownership.owners() == {}
    epoch = journal.acquire()
    now_us, owners = ownership.look()
    owner = owners[3]
    assert (owner.epoch, owner.owner, owner.address) == (epoch, "engine-1", "127.0.0.1:7001")
    assert owner.lease_until_us is not None
    assert 0 < owner.lease_until_us - now_us <= LEASE_SECONDS * 1_000_000
    ownership.renew(3, epoch, 60)
    renewed = ownership.owners()[3].lease_until_us
    assert renewed is not None
    assert renewed > owner.lease_until_us + 50_000_000


def test_an_owner_that_renews_is_never_gone_and_one_that_stops_is_after_a_lease(
    ownership: Ownership, journal: PostgresJournal
) -> None:
    epoch = journal.acquire()
    watch = Renewing(ownership, Watcher(ownership, LEASE_SECONDS))
    first, _ = ownership.look()
    wait_until(lambda: ownership.look()[0] - first > 2 * LEASE_SECONDS * 1_000_000, "two leases")
    while ownership.look()[0] - first < 4 * LEASE_SECONDS * 1_000_000:
        assert not watch.sees_gone(renewing=epoch)
    stopped, _ = ownership.look()
    wait_until(watch.sees_gone, "the end of the lease")
    assert ownership.look()[0] - stopped >= LEASE_SECONDS * 0.9 * 1_000_000


def test_a_partition_that_was_given_back_is_free_at_once(
    ownership: Ownership, journal: PostgresJournal, database: str
) -> None:
    epoch = journal.acquire()
    watcher = Watcher(ownership, 60.0)
    assert watcher.look() == []
    assert ownership.release(3, epoch)
    (free,) = watcher.look()
    other = PostgresJournal(database, 3, owner="engine-2")
    assert other.acquire(free.epoch) == epoch + 1
    assert watcher.look() == []
    assert not ownership.release(3, epoch)
    with pytest.raises(FencedError):
        ownership.renew(3, epoch, 60)
    with pytest.raises(FencedError):
        journal.append([next_row(Head(), epoch, partition=3)])
    other.close()


def test_an_owner_that_stands_still_in_a_transaction_does_not_hold_up_who_takes_over_o16(
    database: str, ownership: Ownership, journal: PostgresJournal
) -> None:
    """It was stopped in the middle of its renewal, and holds the lock on its row."""
    epoch = journal.acquire()
    frozen = connect_primary(database, "frozen")
    frozen.execute("BEGIN")
    frozen.execute("UPDATE journal.owner SET lease_until = lease_until WHERE partition = 3")
    successor = PostgresJournal(
        database, 3, owner="engine-2", address="127.0.0.1:7002", lease_seconds=LEASE_SECONDS
    )
    try:
        assert successor.acquire(epoch) == epoch + 1
        with pytest.raises(psycopg.Error) as ended:
            frozen.execute("COMMIT")
        assert is_away(ended.value, frozen)
        assert ownership.owners()[3].owner == "engine-2"
    finally:
        successor.close()
        frozen.close()


def test_a_late_renewal_does_not_take_back_what_was_given(
    ownership: Ownership, journal: PostgresJournal
) -> None:
    epoch = journal.acquire()
    ownership.release(3, epoch)
    with pytest.raises(FencedError):
        ownership.renew(3, epoch, 60)


def test_a_preferred_owner_is_remembered(ownership: Ownership, journal: PostgresJournal) -> None:
    ownership.prefer(3, "engine-2")
    assert Watcher(ownership, 60.0).look() == [Owner(3, 0, "", "", None, "engine-2")]
    assert journal.acquire(0) == 1
    owner = ownership.owners()[3]
    assert (owner.owner, owner.preferred) == ("engine-1", "engine-2")


def test_routes_only_go_forward(ownership: Ownership) -> None:
    marks = [ownership.routes_mark()]
    for routes in ([Route(5, 3, 1), Route(6, 2, 1)], [Route(5, 2, 2)], [Route(5, 3, 3)]):
        ownership.place(routes)
        marks.append(ownership.routes_mark())
    assert len(set(marks)) == 4, "each change leaves another mark"
    ownership.place([Route(5, 9, 2)])
    assert ownership.routes_mark() == marks[-1]
    assert ownership.routes() == {5: Route(5, 3, 3), 6: Route(6, 2, 1)}


def test_a_watcher_that_slept_watches_anew(ownership: Ownership, journal: PostgresJournal) -> None:
    """Its own pause looks to it like the database's."""
    journal.acquire()
    now = 1_000.0
    watcher = Watcher(ownership, LEASE_SECONDS, monotonic=lambda: now)
    assert watcher.look() == []
    first, _ = ownership.look()
    wait_until(lambda: ownership.look()[0] - first > LEASE_SECONDS * 1_100_000, "a lease")
    now += 1.1 * LEASE_SECONDS
    assert watcher.look() == []
    for _ in range(5):
        now += 0.3 * LEASE_SECONDS
        watcher.look()
    wait_until(lambda: bool(watcher.look()), "the end of a lease that it has seen")


def test_a_database_that_was_away_expires_nobody(server_folder: Path) -> None:
    with PostgresServer(server_folder / uuid.uuid4().hex[:8], durable=False) as server:
        migrate(server.dsn(), JOURNAL)
        ownership, renewer = Ownership(server.dsn()), Ownership(server.dsn())
        journal = PostgresJournal(server.dsn(), 3, owner="a", lease_seconds=LEASE_SECONDS)
        epoch = journal.acquire()
        watcher = Watcher(ownership, LEASE_SECONDS)
        assert watcher.look() == []
        server.crash()
        with pytest.raises(DatabaseAwayError):
            watcher.look()
        with pytest.raises(DatabaseAwayError):
            renewer.renew(3, epoch, LEASE_SECONDS)
        server.start()
        until = ownership.owners()[3].lease_until_us
        assert until is not None
        wait_until(lambda: ownership.look()[0] > until, "an expiry while nobody renewed")
        assert watcher.look() == []  # the lease is over, but nobody has seen it run out
        renewer.renew(3, epoch, LEASE_SECONDS)
        assert watcher.look() == []
        wait_until(lambda: bool(watcher.look()), "the end of a lease that it has seen")
        for each in (ownership, renewer, journal):
            each.close()
