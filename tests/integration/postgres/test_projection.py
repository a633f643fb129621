"""The projection in PostgreSQL: one writer, whole transactions, a ledger that stays. Covers L15."""

import asyncio
import threading
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from tests.support.cut_proxy import CutProxy
from tests.support.kernel_batches import random_batches

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.postgres.history import PostgresHistory
from openoutcry.adapters.postgres.migrations import QUERY, migrate
from openoutcry.adapters.postgres.projector import (
    PostgresProjector,
    ProjectionError,
    clear_history,
    rebuild,
)
from openoutcry.codec.records import decode_rows
from openoutcry.core.enums import HouseKind
from openoutcry.core.ids import shard_of_account
from openoutcry.core.postings import HOUSE_KINDS, Purse
from openoutcry.core.records import BalanceRow, HouseRow, OrderEvent
from openoutcry.kernel import Kernel
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import HistoryAwayError


@pytest.fixture(scope="module")
def run() -> tuple[Kernel, list[Committed]]:
    pairs = list(random_batches(11, 600))
    return pairs[-1][0], [committed for _, committed in pairs]


@pytest.fixture(scope="module")
def batches(run: tuple[Kernel, list[Committed]]) -> list[Committed]:
    return run[1]


@asynccontextmanager
async def opened(history: PostgresHistory) -> AsyncIterator[PostgresHistory]:
    await history.open()
    yield history
    await history.close()


def ids(dsn: str, table: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM query.{table}").fetchone()
        assert row is not None
        return int(row[0])


def test_the_ledger_adds_up_to_the_kernels_balances_l15(
    run: tuple[Kernel, list[Committed]], database: str
) -> None:
    kernel, batches = run
    rebuild(database, batches)
    held: Counter[tuple[int, int, int, int]] = Counter()
    purses = {kind: purse for purse, kind in HOUSE_KINDS.items()}
    for row in decode_rows(kernel.snapshot()):
        if isinstance(row, BalanceRow):
            held[Purse.FREE, row.account_id, row.asset, 0] = row.free_atoms
            held[Purse.HELD, row.account_id, row.asset, 0] = row.held_atoms
        elif isinstance(row, HouseRow):
            amount = row.amount_hi << 64 | row.amount_lo
            held[purses[HouseKind(row.house)], row.shard, row.asset, row.market] = amount
    found: Counter[tuple[int, int, int, int]] = Counter()
    with psycopg.connect(database) as connection:
        sides = connection.execute(
            "SELECT purse, account_id, asset, market, sum(amount_atoms)::bigint"
            " FROM query.ledger_sides GROUP BY 1, 2, 3, 4"
        ).fetchall()
        zero = connection.execute("SELECT sum(amount_atoms) FROM query.ledger_sides").fetchone()
    assert zero == (0,)
    for purse, account, asset, market, amount in sides:
        if purse in {Purse.FREE, Purse.HELD}:
            found[purse, account, asset, 0] += amount
        else:
            of_market = market if purse == Purse.CLEARING else 0
            found[purse, shard_of_account(account), asset, of_market] += amount
    assert +found == +held
    assert -found == -held


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE query.ledger SET amount_atoms = amount_atoms + 1",
        "DELETE FROM query.ledger",
        "TRUNCATE query.ledger",
        "UPDATE query.ledger SET seq = 0 WHERE false",
    ],
)
def test_rows_of_the_ledger_are_never_changed_l15(
    batches: list[Committed], database: str, change: str
) -> None:
    rebuild(database, batches[:50])
    count = ids(database, "ledger")
    assert count
    with (
        psycopg.connect(database) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="never changed or deleted"),
    ):
        connection.execute(change)
    assert ids(database, "ledger") == count


def test_a_history_that_is_built_again_adds_nothing_to_the_ledger(
    batches: list[Committed], database: str
) -> None:
    rebuild(database, batches[:200])
    count, orders = ids(database, "ledger"), ids(database, "orders")
    clear_history(database)
    assert ids(database, "orders") == 0
    assert ids(database, "ledger") == count
    rebuild(database, batches[:200])
    assert (ids(database, "ledger"), ids(database, "orders")) == (count, orders)


def test_a_second_projector_of_a_partition_is_noticed(
    batches: list[Committed], database: str
) -> None:
    one, two = PostgresProjector(database), PostgresProjector(database)
    for projector in (one, two):
        for committed in batches[:100]:
            projector.apply(committed)
    one.commit()
    fills = ids(database, "fills")
    two.commit()  # the very same batches: as after a commit whose outcome was unknown
    assert ids(database, "fills") == fills
    one.apply(batches[100])
    one.commit()
    for committed in batches[100:102]:
        two.apply(committed)
    with pytest.raises(ProjectionError, match="another projector runs"):
        two.commit()
    one.close()
    two.close()


def test_a_commit_that_is_cut_is_written_once(
    postgres_server: PostgresServer, database: str, batches: list[Committed]
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with CutProxy(postgres_server.port) as proxy:
        through = psycopg.conninfo.make_conninfo(
            postgres_server.dsn(name, tcp=True), port=proxy.port
        )
        projector = PostgresProjector(through)
        for index, committed in enumerate(batches[:120]):
            projector.apply(committed)
            if index % 10 == 9:
                proxy.arm("up" if index % 20 == 9 else "down", 150 * index // 10)
                projector.commit()
        projector.close()
        assert proxy.cuts > 5
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT * FROM query.cursor").fetchall() == [(0, 120)]
        cut = {
            table: sorted(connection.execute(f"SELECT * FROM query.{table}").fetchall())
            for table in ("orders", "fills", "trades", "aggregates", "candles", "ledger")
        }
    clear_history(database)
    rebuild(database, batches[:120])
    with psycopg.connect(database) as connection:
        for table, rows in cut.items():
            again = sorted(connection.execute(f"SELECT * FROM query.{table}").fetchall())
            assert again == rows, table


def test_a_projector_waits_for_a_server_that_comes_back(
    server_folder: Path, batches: list[Committed]
) -> None:
    with PostgresServer(server_folder / uuid.uuid4().hex[:8], durable=False) as server:
        migrate(server.dsn(), QUERY)
        projector = PostgresProjector(server.dsn())
        for committed in batches[:20]:
            projector.apply(committed)
        server.crash()
        waiting = threading.Thread(target=projector.commit)
        waiting.start()
        server.start()
        waiting.join(60)
        assert not waiting.is_alive()
        server.crash()
        projector.apply(batches[20])
        projector.give_up()
        with pytest.raises(ProjectionError, match="given up"):
            projector.commit()
        projector.close()
        server.start()
        again = PostgresProjector(server.dsn())
        assert again.cursor() == 20
        again.close()


async def test_a_read_waits_for_the_partition_that_hosts_the_account(
    batches: list[Committed], database: str
) -> None:
    event = next(e for b in batches for e in b.events if isinstance(e, OrderEvent))
    partitions = {event.account_id: 3}
    projector = PostgresProjector(database, 3)
    other = PostgresProjector(database, 4)
    async with opened(PostgresHistory(database, partitions.__getitem__)) as history:
        read = asyncio.create_task(history.order(event.seq, event.account_id, event.order_id))
        for committed in batches[: event.seq]:
            projector.apply(committed)
            other.apply(Committed(committed.seq, committed.time_us, []))
        await asyncio.to_thread(other.commit)
        done, _ = await asyncio.wait([read], timeout=0.1)
        assert not done
        await asyncio.to_thread(projector.commit)
        found = await read
        assert found is not None
        assert found.order_id == event.order_id
        assert found.seq == event.seq
    projector.close()
    other.close()


async def test_a_projection_that_does_not_come_is_an_error_in_time(database: str) -> None:
    history = PostgresHistory(database, lambda _account: 3, wait_seconds=0.2)
    async with opened(history):
        with pytest.raises(HistoryAwayError, match="batch 9 of partition 3"):
            await history.order(9, 1, 1)


async def test_a_history_outlives_its_server(server_folder: Path, batches: list[Committed]) -> None:
    with PostgresServer(server_folder / uuid.uuid4().hex[:8], durable=False) as server:
        migrate(server.dsn(), QUERY)
        rebuild(server.dsn(), batches[:50])
        history = PostgresHistory(server.dsn(), lambda _account: 0, wait_seconds=5.0)
        async with opened(history):
            before = await history.trades(1)
            await asyncio.to_thread(server.crash)
            with pytest.raises(HistoryAwayError):
                await history.trades(1)
            await asyncio.to_thread(server.start)
            assert await history.trades(1) == before


async def test_reports_come_from_the_replica_and_accounts_do_not(
    server_folder: Path, batches: list[Committed]
) -> None:
    folder = server_folder / uuid.uuid4().hex[:8]
    with PostgresServer(folder / "primary", durable=False) as primary:
        migrate(primary.dsn(), QUERY)
        replica = primary.standby(folder / "replica", "replica")
        rebuild(primary.dsn(), batches)  # the replica is not running and knows nothing of it
        order = next(e for b in batches for e in b.events if isinstance(e, OrderEvent))
        with replica:
            history = PostgresHistory(
                primary.dsn(), lambda _account: 0, report_dsn=replica.dsn(), wait_seconds=2.0
            )
            async with opened(history):
                where = (batches[-1].seq, order.account_id, order.order_id)
                assert await history.order(*where) is not None
                with psycopg.connect(primary.dsn()) as connection:
                    wanted = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
                    counted = connection.execute(
                        "SELECT market, count(*) FROM query.trades GROUP BY 1"
                    ).fetchall()
                assert wanted is not None
                with psycopg.connect(replica.dsn(), autocommit=True) as connection:
                    async with asyncio.timeout(60):
                        while connection.execute(
                            "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", wanted
                        ).fetchone() != (True,):
                            await asyncio.sleep(0.005)
                await asyncio.to_thread(primary.crash)
                for market, count in counted:
                    assert len(await history.trades(market, limit=10_000)) == count
                with pytest.raises(HistoryAwayError):
                    await history.order(0, order.account_id, order.order_id)
