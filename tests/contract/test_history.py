"""What every `History` promises, shown against a walk over all events of a random run.

Also: the store that was built row by row, across restarts, is the one that is built at once.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.kernel_batches import random_batches
from tests.support.recorded_history import RecordedHistory

from openoutcry.adapters.sqlite.history import (
    HistoryDamagedError,
    Projector,
    SqliteHistory,
    load_market_data,
    rebuild,
)
from openoutcry.core.enums import Execution
from openoutcry.core.records import OrderEvent, OrderRequestedEvent
from openoutcry.ports.feeds import Committed
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


class Run:
    """A random run, projected with a restart every so often."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.sqlite"
        self.recorded = RecordedHistory()
        self.live = LiveMarketData()
        self.batches: list[Committed] = []
        self.waited: list[int] = []
        projector = Projector(self.path)
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
                projector = Projector(self.path)
                for batch in self.batches[projector.cursor() :]:
                    projector.apply(batch)
        projector.commit()
        projector.close()
        self.history = SqliteHistory(self.path, self.wait_projected)
        self.seq = self.batches[-1].seq

    async def wait_projected(self, seq: int) -> None:
        self.waited.append(seq)

    def accounts(self) -> list[int]:
        return sorted({state.account_id for state in self.recorded.states.values()})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("history"))
    yield run
    run.history.close()


def dump(path: Path) -> dict[str, list[object]]:
    database = sqlite3.connect(path)
    rows = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    database.close()
    return rows


async def test_orders(run: Run) -> None:
    recorded, history = run.recorded, run.history
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


async def test_one_order(run: Run) -> None:
    for state in list(run.recorded.states.values())[::25]:
        account, order_id = state.account_id, state.order_id
        assert await run.history.order(0, account, order_id) == state
        assert await run.history.order(0, account + 1, order_id) is None
        client_id = state.client_order_id.rstrip(b"\0")
        assert await run.history.order_by_client_id(
            0, account, state.market, client_id
        ) == await run.recorded.order_by_client_id(0, account, state.market, client_id)


async def test_a_renamed_order_is_found_by_its_new_name(run: Run) -> None:
    renamed = 0
    for _, event, _ in run.recorded.amendment_events:
        for name in (event.client_order_id, event.request_client_order_id):
            where = (0, event.account_id, event.market, name.rstrip(b"\0"))
            found = await run.history.order_by_client_id(*where)
            assert found == await run.recorded.order_by_client_id(*where)
        renamed += event.client_order_id != event.request_client_order_id
    assert renamed


async def test_fills(run: Run) -> None:
    recorded, history = run.recorded, run.history
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


async def test_amendments(run: Run) -> None:
    rows = run.recorded.amendment_events
    assert len(rows) > 20
    for execution_id, event, _ in rows:
        for first in (0, execution_id, execution_id + 1):
            where = (0, event.account_id, event.order_id, first, 500)
            expected = await run.recorded.amendments(*where)
            assert list(await run.history.amendments(*where)) == list(expected)


async def test_prevented_matches(run: Run) -> None:
    recorded, history = run.recorded, run.history
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


async def test_trades(run: Run) -> None:
    for market in MARKETS:
        trades = [trade for trade in run.recorded.public_trades if trade.market == market]
        assert [trade.trade_id for trade in trades] == list(range(1, len(trades) + 1))
        assert list(await run.history.trades(market, limit=100_000)) == trades
        assert list(await run.history.trades(market, limit=5)) == trades[-5:]
        found = await run.history.trades(market, from_trade_id=3, limit=2)
        assert list(found) == trades[2:4]


async def test_reads_of_an_account_wait_for_the_projection(run: Run) -> None:
    run.waited.clear()
    await run.history.order(7, 1, 1)
    await run.history.orders(0, 1, 1)
    await run.history.fills(9, 1, 1)
    assert run.waited == [7, 9]


@pytest.mark.parametrize("number", [0, (1 << 48) + 5, (1 << 63) - 1])
async def test_no_number_is_too_large_to_ask_for(run: Run, number: int) -> None:
    history = run.history
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


def test_built_at_once_is_the_same(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "again.sqlite"
    assert rebuild(path, run.batches) == run.seq
    again, first = dump(path), dump(run.path)
    for table in TABLES:
        assert again[table] == first[table], table


def test_live_data_goes_on_from_the_store(run: Run) -> None:
    restored = LiveMarketData(load_market_data(run.path))
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
    projector = Projector(run.path)
    assert projector.cursor() == run.seq
    before = dump(run.path)
    projector.apply(run.batches[-1])
    projector.commit()
    with pytest.raises(ValueError, match="does not follow"):
        projector.apply(Committed(run.seq + 2, 0, []))
    projector.close()
    assert dump(run.path) == before


@pytest.mark.parametrize("damage", ["garbage", "pages", "format"])
async def test_an_unusable_file_is_built_again(run: Run, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.sqlite"
    rebuild(path, run.batches[:50])
    history = SqliteHistory(path, run.wait_projected)
    known = next(e for b in run.batches[:50] for e in b.events if isinstance(e, OrderEvent))
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
    for batch in run.batches[:50]:
        projector.apply(batch)
    projector.commit()
    projector.close()
    assert await history.order(0, known.account_id, known.order_id)
    history.close()


def test_a_file_that_is_damaged_while_in_use_is_given_up(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    rebuild(path, run.batches[:400])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"x" * (len(whole) - len(whole) // 2))
    projector = Projector(path)
    assert projector.cursor() == 400

    def go_on() -> None:
        for batch in run.batches[400:]:
            projector.apply(batch)
            projector.commit()

    with pytest.raises(HistoryDamagedError, match="damaged"):
        go_on()
    assert rebuild(path, run.batches[:500]) == 500


async def test_without_a_file_everything_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"

    async def wait(_seq: int) -> None:
        return

    history = SqliteHistory(path, wait)
    assert await history.order(0, 1, 1) is None
    assert list(await history.trades(1)) == []
    assert list(await history.candles(1, "1m", now_us=10**15)) == []
    assert load_market_data(path).seq == 0
    history.close()


async def test_sums_beyond_64_bits_are_exact(run: Run, tmp_path: Path) -> None:
    trade = run.recorded.public_trades[0]._replace(
        seq=1, market=1, trade_id=1, quote_atoms=(1 << 62) - 1, lots=(1 << 53) - 1
    )
    path = tmp_path / "history.sqlite"
    events = [trade._replace(trade_id=number) for number in range(1, 6)]
    rebuild(path, [Committed(1, trade.time_us, events)])
    projector = Projector(path)
    projector.apply(Committed(2, trade.time_us, [trade._replace(seq=2, trade_id=6)]))
    projector.commit()
    projector.close()
    history = SqliteHistory(path, run.wait_projected)
    (bar,) = await history.candles(1, "1d", now_us=trade.time_us)
    assert bar.quote_atoms == 6 * ((1 << 62) - 1) > 1 << 64
    assert bar.lots == 6 * ((1 << 53) - 1)
    history.close()


def test_executions_that_the_random_run_met(run: Run) -> None:
    met = {
        event.execution
        for batch in run.batches
        for event in batch.events
        if isinstance(event, OrderEvent | OrderRequestedEvent)
    }
    assert met >= {Execution.TRADE, Execution.REPLACED, Execution.TRADE_PREVENTION}
