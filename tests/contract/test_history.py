"""What every `History` promises, shown against a walk over all events of a random run.

Also: the store that was built row by row, across restarts, is the one that is built at once.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from tests.support.kernel_batches import random_batches
from tests.support.recorded_history import RecordedHistory

from openoutcry.adapters.postgres import projector as postgres_projector
from openoutcry.adapters.postgres import saved_markets
from openoutcry.adapters.postgres.history import PostgresHistory
from openoutcry.adapters.postgres.projector import PostgresProjector
from openoutcry.adapters.sqlite.history import (
    HistoryDamagedError,
    Projector,
    SqliteHistory,
    load_market_data,
    rebuild,
)
from openoutcry.core.enums import Execution
from openoutcry.core.records import OrderEvent, OrderRequestedEvent, TradeEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import History
from openoutcry.ports.market_data import SavedMarketData
from openoutcry.projections.live import LiveMarketData

MARKETS = (1, 2, 3, 4)
TABLES = (
    "cursor",
    "orders",
    "fills",
    "amendments",
    "prevented",
    "markets",
    "trades",
    "aggregates",
    "candles",
)


class SqliteStore:
    """A store in a file, as the suite uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def projector(self) -> Projector:
        return Projector(self.path)

    def rebuild(self, batches: Sequence[Committed]) -> int:
        return rebuild(self.path, batches)

    def load_market_data(self) -> SavedMarketData:
        return load_market_data(self.path)

    def dump(self) -> dict[str, list[object]]:
        database = sqlite3.connect(self.path)
        tables = (*TABLES, "ledger")
        rows = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        database.close()
        return rows

    @asynccontextmanager
    async def history(self) -> AsyncIterator[History]:
        history = SqliteHistory(self.path, no_wait)
        yield history
        history.close()


class PostgresStore:
    """A database, as the suite uses it."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    def projector(self) -> PostgresProjector:
        return PostgresProjector(self.dsn)

    def rebuild(self, batches: Sequence[Committed]) -> int:
        return postgres_projector.rebuild(self.dsn, batches)

    def load_market_data(self) -> SavedMarketData:
        return saved_markets.load_market_data(self.dsn)

    def dump(self) -> dict[str, list[object]]:
        with psycopg.connect(self.dsn) as database:
            return {
                table: list(database.execute(f"SELECT * FROM query.{table} ORDER BY 1, 2, 3"))
                if table not in {"cursor", "markets"}
                else list(database.execute(f"SELECT * FROM query.{table} ORDER BY 1"))
                for table in (*TABLES, "ledger")
            }

    @asynccontextmanager
    async def history(self) -> AsyncIterator[History]:
        history = PostgresHistory(self.dsn, lambda _account: 0)
        await history.open()
        yield history
        await history.close()


Store = SqliteStore | PostgresStore


async def no_wait(_seq: int) -> None:
    return


class Run:
    """A random run, projected with a restart every so often."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.recorded = RecordedHistory()
        self.live = LiveMarketData()
        self.batches: list[Committed] = []
        projector = store.projector()
        for _, committed in random_batches(5, 2_500):
            self.batches.append(committed)
            self.recorded.on_committed(committed)
            self.live.take(committed)
            projector.apply(committed)
            if committed.seq % 37 == 0:
                projector.commit()
            if committed.seq % 400 == 0:
                if committed.seq % 800 == 0:
                    projector.commit()
                projector.close()
                projector = store.projector()
                for batch in self.batches[projector.cursor() :]:
                    projector.apply(batch)
        projector.commit()
        projector.close()
        self.seq = self.batches[-1].seq

    def accounts(self) -> list[int]:
        return sorted({state.account_id for state in self.recorded.states.values()})


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    if request.param == "sqlite":
        return Run(SqliteStore(tmp_path_factory.mktemp("history") / "history.sqlite"))
    return Run(PostgresStore(request.getfixturevalue("module_database")))


@pytest.fixture
async def history(run: Run) -> AsyncIterator[History]:
    async with run.store.history() as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store without anything in it."""
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "fresh.sqlite")
    return PostgresStore(request.getfixturevalue("database"))


async def test_orders(run: Run, history: History) -> None:
    recorded = run.recorded
    found = 0
    for account in run.accounts():
        for market in MARKETS:
            expected = await recorded.orders(0, account, market, limit=10_000)
            assert list(await history.orders(0, account, market, limit=10_000)) == expected
            found += len(expected)
            if not expected:
                continue
            middle = expected[len(expected) // 2]
            last_us = middle.created_us + 5_000_000
            for bounds in (
                {"limit": 3},
                {"from_order_id": middle.order_id, "limit": 4},
                {"start_us": middle.created_us, "limit": 4},
                {"end_us": middle.created_us, "limit": 4},
                {"start_us": middle.created_us, "end_us": last_us},
            ):
                assert list(await history.orders(0, account, market, **bounds)) == list(
                    await recorded.orders(0, account, market, **bounds)
                )
    assert found == len(recorded.states) > 300


async def test_one_order(run: Run, history: History) -> None:
    for state in list(run.recorded.states.values())[::25]:
        account, order_id = state.account_id, state.order_id
        assert await history.order(0, account, order_id) == state
        assert await history.order(0, account + 1, order_id) is None
        client_id = state.client_order_id.rstrip(b"\0")
        assert await history.order_by_client_id(
            0, account, state.market, client_id
        ) == await run.recorded.order_by_client_id(0, account, state.market, client_id)


async def test_a_renamed_order_is_found_by_its_new_name(run: Run, history: History) -> None:
    renamed = 0
    for _, event, _ in run.recorded.amendment_events:
        for name in (event.client_order_id, event.request_client_order_id):
            where = (0, event.account_id, event.market, name.rstrip(b"\0"))
            found = await history.order_by_client_id(*where)
            assert found == await run.recorded.order_by_client_id(*where)
        renamed += event.client_order_id != event.request_client_order_id
    assert renamed


async def test_fills(run: Run, history: History) -> None:
    recorded = run.recorded
    found = 0
    for account in run.accounts():
        for market in MARKETS:
            expected = list(await recorded.fills(0, account, market, limit=100_000))
            assert list(await history.fills(0, account, market, limit=100_000)) == expected
            found += len(expected)
            if not expected:
                continue
            middle = expected[len(expected) // 2]
            for bounds in (
                {"limit": 3},
                {"order_id": middle.order_id},
                {"from_trade_id": middle.match_id, "limit": 4},
                {"start_us": middle.time_us, "limit": 4},
                {"end_us": middle.time_us, "limit": 4},
                {"start_us": middle.time_us - 9_000_000, "end_us": middle.time_us},
                {"order_id": middle.order_id, "start_us": middle.time_us},
            ):
                assert list(await history.fills(0, account, market, **bounds)) == list(
                    await recorded.fills(0, account, market, **bounds)
                )
    assert found > 300


async def test_amendments(run: Run, history: History) -> None:
    rows = run.recorded.amendment_events
    assert len(rows) > 20
    for execution_id, event, _ in rows:
        for first in (0, execution_id, execution_id + 1):
            where = (0, event.account_id, event.order_id, first, 500)
            expected = await run.recorded.amendments(*where)
            assert list(await history.amendments(*where)) == list(expected)


async def test_prevented_matches(run: Run, history: History) -> None:
    recorded = run.recorded
    assert len(recorded.prevented_events) > 20
    for event in recorded.prevented_events:
        for account in {event.taker_account_id, event.maker_account_id}:
            for bounds in (
                {},
                {"prevented_id": event.prevented_id},
                {"order_id": event.maker_order_id},
                {"from_prevented_id": event.prevented_id, "limit": 2},
            ):
                expected = await recorded.prevented_matches(0, account, event.market, **bounds)
                found = await history.prevented_matches(0, account, event.market, **bounds)
                assert list(found) == list(expected)


async def test_trades(run: Run, history: History) -> None:
    for market in MARKETS:
        trades = [trade for trade in run.recorded.public_trades if trade.market == market]
        assert [trade.trade_id for trade in trades] == list(range(1, len(trades) + 1))
        assert list(await history.trades(market, limit=100_000)) == trades
        assert list(await history.trades(market, limit=5)) == trades[-5:]
        found = await history.trades(market, from_trade_id=3, limit=2)
        assert list(found) == trades[2:4]


async def test_reads_of_an_account_wait_for_the_projection(tmp_path: Path) -> None:
    waited = []

    async def wait(seq: int) -> None:
        waited.append(seq)

    history = SqliteHistory(tmp_path / "none.sqlite", wait)
    await history.order(7, 1, 1)
    await history.orders(0, 1, 1)
    await history.fills(9, 1, 1)
    assert waited == [7, 9]
    history.close()


@pytest.mark.parametrize("number", [0, (1 << 48) + 5, (1 << 63) - 1])
async def test_no_number_is_too_large_to_ask_for(run: Run, history: History, number: int) -> None:
    await history.trades(1, from_trade_id=number)
    await history.aggregate_trades(1, from_aggregate_id=number)
    await history.aggregate_trades(1, start_us=number, end_us=number + 999)
    await history.orders(0, 1, 1, from_order_id=number)
    await history.orders(0, 1, 1, start_us=number, end_us=number + 999)
    await history.fills(0, 1, 1, order_id=number, start_us=number, end_us=number + 999)
    await history.amendments(0, 1, number, number, 10)
    await history.prevented_matches(0, 1, 1, order_id=number, from_prevented_id=number)
    now_us = run.batches[-1].time_us
    for interval in ("1s", "1M"):
        await history.candles(1, interval, start_us=number, now_us=now_us)
        await history.candles(1, interval, end_us=number + 999, now_us=now_us)


def test_built_at_once_is_the_same(
    run: Run, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    fresh: Store = SqliteStore(tmp_path / "again.sqlite")
    if isinstance(run.store, PostgresStore):
        fresh = PostgresStore(request.getfixturevalue("database"))
    assert fresh.rebuild(run.batches) == run.seq
    again, first = fresh.dump(), run.store.dump()
    for table in first:
        assert again[table] == first[table], table
    assert fresh.rebuild(run.batches) == run.seq
    assert fresh.dump() == again


def test_live_data_goes_on_from_the_store(run: Run) -> None:
    restored = LiveMarketData(run.store.load_market_data())
    assert restored.seq() == run.seq
    now_us = run.batches[-1].time_us
    for market in MARKETS:
        assert list(restored.trades(market, 1_000)) == list(run.live.trades(market, 1_000))
        assert list(restored.aggregate_trades(market, 1_000)) == list(
            run.live.aggregate_trades(market, 1_000)
        )
        assert restored.last_price_ticks(market) == run.live.last_price_ticks(market)
        for minutes in (1, 60, 1_440, 10_080):
            expected = run.live.rolling(market, minutes, now_us)
            assert restored.rolling(market, minutes, now_us) == expected
        for interval in ("1s", "1m", "15m", "1h", "1d", "1w", "1M"):
            expected = run.live.candle(market, interval, now_us)
            assert restored.candle(market, interval, now_us) == expected


def test_what_was_applied_is_passed_over(run: Run) -> None:
    projector = run.store.projector()
    assert projector.cursor() == run.seq
    before = run.store.dump()
    projector.apply(run.batches[-1])
    projector.commit()
    with pytest.raises(ValueError, match="does not follow"):
        projector.apply(Committed(run.seq + 2, 0, []))
    projector.close()
    assert run.store.dump() == before


@pytest.fixture(scope="module")
def batches() -> list[Committed]:
    return [committed for _, committed in random_batches(5, 500)]


@pytest.mark.parametrize("damage", ["garbage", "pages", "format"])
async def test_an_unusable_file_is_built_again(
    batches: list[Committed], tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "history.sqlite"
    rebuild(path, batches[:50])
    history = SqliteHistory(path, no_wait)
    known = next(e for b in batches[:50] for e in b.events if isinstance(e, OrderEvent))
    assert await history.order(0, known.account_id, known.order_id)
    if damage == "garbage":
        path.write_bytes(b"no database " * 1_000)
    elif damage == "pages":
        head = path.read_bytes()[:4_096]
        path.write_bytes(head + b"x" * 40_000)
    else:
        database = sqlite3.connect(path)
        database.execute("PRAGMA user_version = 999")
        database.close()
    projector = Projector(path)
    assert projector.cursor() == 0
    assert await history.order(0, known.account_id, known.order_id) is None
    for batch in batches[:50]:
        projector.apply(batch)
    projector.commit()
    projector.close()
    assert await history.order(0, known.account_id, known.order_id)
    history.close()


def test_a_file_that_is_damaged_while_in_use_is_given_up(
    batches: list[Committed], tmp_path: Path
) -> None:
    path = tmp_path / "history.sqlite"
    rebuild(path, batches[:400])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"x" * (len(whole) - len(whole) // 2))
    projector = Projector(path)
    assert projector.cursor() == 400

    def go_on() -> None:
        for batch in batches[400:]:
            projector.apply(batch)
            projector.commit()

    with pytest.raises(HistoryDamagedError, match="damaged"):
        go_on()
    assert rebuild(path, batches[:500]) == 500


async def test_a_store_with_nothing_in_it_is_empty(fresh: Store) -> None:
    async with fresh.history() as history:
        assert await history.order(0, 1, 1) is None
        assert list(await history.trades(1)) == []
        assert list(await history.aggregate_trades(1)) == []
        assert list(await history.candles(1, "1m", now_us=10**15)) == []
    assert fresh.load_market_data().seq == 0


async def test_sums_beyond_64_bits_are_exact(batches: list[Committed], fresh: Store) -> None:
    trade = next(
        event for batch in batches for event in batch.events if isinstance(event, TradeEvent)
    )._replace(seq=1, market=1, trade_id=1, quote_atoms=(1 << 62) - 1, lots=(1 << 53) - 1)
    events = [trade._replace(trade_id=number) for number in range(1, 6)]
    fresh.rebuild([Committed(1, trade.time_us, events)])
    projector = fresh.projector()
    projector.apply(Committed(2, trade.time_us, [trade._replace(seq=2, trade_id=6)]))
    projector.commit()
    projector.close()
    async with fresh.history() as history:
        (bar,) = await history.candles(1, "1d", now_us=trade.time_us)
        assert bar.quote_atoms == 6 * ((1 << 62) - 1) > 1 << 64
        assert bar.lots == 6 * ((1 << 53) - 1)
        first, second = await history.aggregate_trades(1)
        assert (first.lots, second.lots) == (5 * ((1 << 53) - 1), (1 << 53) - 1)


async def test_stores_answer_alike(batches: list[Committed], tmp_path: Path, database: str) -> None:
    """Candles and aggregates, which the recorded history does not know."""
    stores = (SqliteStore(tmp_path / "history.sqlite"), PostgresStore(database))
    for store in stores:
        store.rebuild(batches)
    now_us = batches[-1].time_us
    middle_us = batches[len(batches) // 2].time_us
    async with stores[0].history() as one, stores[1].history() as other:
        for market in MARKETS:
            for bounds in (
                {},
                {"limit": 3},
                {"start_us": middle_us},
                {"end_us": middle_us, "limit": 2},
                {"start_us": middle_us - 5_000_000, "end_us": middle_us},
            ):
                assert list(await one.aggregate_trades(market, **bounds)) == list(
                    await other.aggregate_trades(market, **bounds)
                )
                for interval in ("1s", "1m", "1h", "1d", "1w", "1M"):
                    for offset in (0, -345, 60):
                        asked = {"offset_minutes": offset, "now_us": now_us, **bounds}
                        assert list(await one.candles(market, interval, **asked)) == list(
                            await other.candles(market, interval, **asked)
                        )
            assert list(await one.aggregate_trades(market, from_aggregate_id=2, limit=2)) == list(
                await other.aggregate_trades(market, from_aggregate_id=2, limit=2)
            )


def test_executions_that_the_random_run_met(run: Run) -> None:
    met = {
        event.execution
        for batch in run.batches
        for event in batch.events
        if isinstance(event, OrderEvent | OrderRequestedEvent)
    }
    assert met >= {Execution.TRADE, Execution.REPLACED, Execution.TRADE_PREVENTION}
