"""V07: candles, tickers and aggregates are exactly what the trades add up to."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.trade_streams import MARKET, batches_of, streams

from openoutcry.adapters.sqlite.history import Projector, SqliteHistory, load_market_data
from openoutcry.core.enums import Side
from openoutcry.core.intervals import (
    INTERVALS,
    MINUTE_US,
    OFFSET_MINUTES_MAX,
    OFFSET_MINUTES_MIN,
    bar_open_us,
    next_open_us,
)
from openoutcry.core.records import TradeEvent
from openoutcry.ports.feeds import Committed
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import WindowStatistics
from openoutcry.projections.live import LiveMarketData

BARS = 200


def candle_of(open_us: int, close_us: int, trades: list[TradeEvent], before: int) -> Candle:
    prices = [trade.price_ticks for trade in trades] or [before]
    buys = [trade for trade in trades if trade.taker_side == Side.BUY]
    return Candle(
        open_us=open_us,
        close_us=close_us,
        open_ticks=prices[0],
        high_ticks=max(prices),
        low_ticks=min(prices),
        close_ticks=prices[-1],
        lots=sum(trade.lots for trade in trades),
        quote_atoms=sum(trade.quote_atoms for trade in trades),
        trades=len(trades),
        taker_buy_lots=sum(trade.lots for trade in buys),
        taker_buy_quote_atoms=sum(trade.quote_atoms for trade in buys),
        first_trade_id=trades[0].trade_id if trades else -1,
        last_trade_id=trades[-1].trade_id if trades else -1,
    )


def bars_of(
    trades: list[TradeEvent], interval: str, offset: int, end_us: int, bars_max: int
) -> Iterator[Candle]:
    """Yield bars from that of the first trade on, in the plainest way."""
    open_us = bar_open_us(interval, trades[0].time_us, offset)
    before = 0
    while open_us <= end_us and bars_max > 0:
        next_us = next_open_us(interval, open_us, offset)
        inside = [trade for trade in trades if open_us <= trade.time_us < next_us]
        yield candle_of(open_us, next_us - 1, inside, before)
        before = inside[-1].price_ticks if inside else before
        open_us = next_us
        bars_max -= 1


def project(path: Path, batches: list[Committed], group: int) -> None:
    projector = Projector(path)
    for batch in batches:
        projector.apply(batch)
        if batch.seq % group == 0:
            projector.commit()
    projector.commit()
    projector.close()


async def nothing_to_wait_for(_seq: int) -> None:
    return


@settings(max_examples=60, deadline=None)
@given(
    streams,
    st.sampled_from(list(INTERVALS)),
    st.one_of(st.just(0), st.integers(OFFSET_MINUTES_MIN, OFFSET_MINUTES_MAX)),
    st.integers(1, 5),
    st.integers(0, 200_000_000),
)
async def test_candles_are_their_trades(
    stream: list[tuple[int, int, int, bool, int]], interval: str, offset: int, group: int, wait: int
) -> None:
    batches = batches_of(stream)
    trades = [event for batch in batches for event in batch.events]
    now_us = trades[-1].time_us + wait
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        project(path, batches, group)
        history = SqliteHistory(path, nothing_to_wait_for)
        expected = list(bars_of(trades, interval, offset, now_us, BARS))
        found = await history.candles(
            MARKET,
            interval,
            start_us=0,
            offset_minutes=offset,
            limit=BARS,
            now_us=now_us,
        )
        assert list(found) == expected
        if len(expected) < BARS:
            newest = await history.candles(
                MARKET, interval, offset_minutes=offset, limit=7, now_us=now_us
            )
            assert list(newest) == expected[-7:]
            middle = expected[len(expected) // 2]
            between = await history.candles(
                MARKET,
                interval,
                start_us=middle.open_us,
                end_us=middle.close_us,
                offset_minutes=offset,
                now_us=now_us,
            )
            assert list(between) == [middle]
            live = LiveMarketData()
            for batch in batches:
                live.take(batch)
            restored = LiveMarketData(load_market_data(path))
            for view in (live, restored):
                for bar in expected[-2:]:
                    assert view.candle(MARKET, interval, bar.open_us, offset) in {bar, None}
                if offset % 60 == 0:
                    assert view.candle(MARKET, interval, now_us, offset) == expected[-1]
        history.close()


def statistics_of(trades: list[TradeEvent], open_us: int, close_us: int) -> WindowStatistics:
    inside = [trade for trade in trades if open_us <= trade.time_us]
    before = [trade.price_ticks for trade in trades if trade.time_us < open_us]
    last_before = before[-1] if before else 0
    bar = candle_of(open_us, close_us, inside, last_before)
    return WindowStatistics(
        open_us=open_us,
        close_us=close_us,
        open_ticks=bar.open_ticks,
        high_ticks=bar.high_ticks,
        low_ticks=bar.low_ticks,
        last_ticks=bar.close_ticks,
        last_lots=trades[-1].lots,
        previous_close_ticks=last_before or bar.open_ticks,
        lots=bar.lots,
        quote_atoms=bar.quote_atoms,
        trades=bar.trades,
        first_trade_id=bar.first_trade_id,
        last_trade_id=bar.last_trade_id,
    )


@settings(max_examples=200, deadline=None)
@given(streams, st.lists(st.integers(1, 10_080), min_size=1, max_size=4), st.integers(0, 10**11))
def test_tickers_are_their_trades(
    stream: list[tuple[int, int, int, bool, int]], windows: list[int], wait: int
) -> None:
    batches = batches_of(stream)
    live = LiveMarketData()
    trades: list[TradeEvent] = []
    for batch in batches:
        live.take(batch)
        trades += batch.events
        now_us = batch.time_us + (wait if batch is batches[-1] else wait % 90_000_000)
        for minutes in (*windows, 60, 240, 1_440):
            open_us = now_us - now_us % MINUTE_US - minutes * MINUTE_US
            expected = statistics_of(trades, open_us, now_us)
            assert live.rolling(MARKET, minutes, now_us) == expected
        for offset in (0, 480, -330):
            open_us = bar_open_us("1d", now_us, offset)
            close_us = next_open_us("1d", open_us) - 1
            expected = statistics_of(trades, open_us, close_us)
            assert live.trading_day(MARKET, now_us, offset) == expected
        recent_us = now_us - now_us % MINUTE_US - 4 * MINUTE_US
        average = live.average_price(MARKET, 5, now_us)
        inside = [trade for trade in trades if trade.time_us >= recent_us]
        assert average.lots == sum(trade.lots for trade in inside)
        assert average.quote_atoms == sum(trade.quote_atoms for trade in inside)
        assert average.last_ticks == trades[-1].price_ticks


def aggregates_of(trades: list[TradeEvent]) -> list[AggregateTrade]:
    """Join each trade to the one before it when command, taker and price are the same."""
    found: list[list[TradeEvent]] = []
    for trade in trades:
        mine = (trade.seq, trade.command, trade.taker_side, trade.price_ticks)
        if found:
            last = found[-1][-1]
            if (last.seq, last.command, last.taker_side, last.price_ticks) == mine:
                found[-1].append(trade)
                continue
        found.append([trade])
    return [
        AggregateTrade(
            aggregate_id=number,
            price_ticks=group[0].price_ticks,
            lots=sum(trade.lots for trade in group),
            first_trade_id=group[0].trade_id,
            last_trade_id=group[-1].trade_id,
            time_us=group[0].time_us,
            buyer_is_maker=group[0].taker_side == Side.SELL,
        )
        for number, group in enumerate(found, start=1)
    ]


@settings(max_examples=60, deadline=None)
@given(streams, st.integers(1, 5), st.data())
async def test_aggregates_are_their_trades(
    stream: list[tuple[int, int, int, bool, int]], group: int, data: st.DataObject
) -> None:
    batches = batches_of(stream)
    expected = aggregates_of([event for batch in batches for event in batch.events])
    live = LiveMarketData()
    told: list[AggregateTrade] = []
    live.listen(lambda changes: [told.extend(change.aggregates) for change in changes] and None)
    for batch in batches:
        live.take(batch)
    assert told == expected
    assert live.aggregate_trades(MARKET, 1_000) == expected
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        project(path, batches, group)
        history = SqliteHistory(path, nothing_to_wait_for)
        assert list(await history.aggregate_trades(MARKET)) == expected
        one = data.draw(st.sampled_from(expected))
        other = data.draw(st.sampled_from(expected))
        found = await history.aggregate_trades(MARKET, from_aggregate_id=one.aggregate_id, limit=3)
        assert list(found) == expected[one.aggregate_id - 1 :][:3]
        start_us, end_us = sorted((one.time_us, other.time_us))
        within = [each for each in expected if start_us <= each.time_us <= end_us]
        found = await history.aggregate_trades(MARKET, start_us=start_us, end_us=end_us)
        assert list(found) == within
        newest = [each for each in expected if each.time_us <= end_us]
        found = await history.aggregate_trades(MARKET, end_us=end_us, limit=2)
        assert list(found) == newest[-2:]
        history.close()
