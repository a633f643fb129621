"""Market streams over real sockets: every stream, its shape, and that books can be kept from it."""

import asyncio
import json
import random
import time
from collections.abc import Callable

import pytest
from tests.support.small_exchange import SmallExchange
from tests.support.ws_server import PATIENCE_S, ask, receive, receive_until, served, silent, until

from openoutcry.core.enums import Side

PRICE = 7_800_000  # ticks: 78,000.00


def make_market(small: SmallExchange) -> None:
    """Rest orders on both sides."""
    for step in range(1, 26):
        small.limit(small.alice, Side.BUY, PRICE - 100 * step, 1_000 + step)
        small.limit(small.alice, Side.SELL, PRICE + 100 * step, 1_000 + step)


async def test_trade_streams_carry_each_trade_and_each_aggregate() -> None:
    async with served() as on, on.connect("/stream?streams=btcusd@trade/btcusd@aggTrade") as ws:
        small = on.small
        make_market(small)
        small.limit(small.bob, Side.BUY, PRICE + 200, 1_500)
        messages = [await receive(ws) for _ in range(4)]
    trades = [m["data"] for m in messages if m["stream"] == "btcusd@trade"]
    aggregates = [m["data"] for m in messages if m["stream"] == "btcusd@aggTrade"]
    assert [list(trade) for trade in trades] == [["e", "E", "s", "t", "p", "q", "T", "m", "M"]] * 2
    assert [(t["t"], t["p"], t["q"], t["m"]) for t in trades] == [
        (1, "78001.00000000", "0.01001000", False),
        (2, "78002.00000000", "0.00499000", False),
    ]
    assert [list(a) for a in aggregates] == [
        ["e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"]
    ] * 2
    assert [(a["f"], a["l"]) for a in aggregates] == [(1, 1), (2, 2)]


async def test_book_ticker_comes_at_once_and_on_every_change_of_the_best() -> None:
    async with served() as on:
        make_market(on.small)
        async with on.connect("/ws/btcusd@bookTicker") as ws, on.connect("/ws/!bookTicker") as all_:
            first = await receive(ws)
            assert list(first) == ["u", "s", "b", "B", "a", "A"]
            assert (first["b"], first["a"]) == ("77999.00000000", "78001.00000000")
            on.small.limit(on.small.alice, Side.BUY, PRICE - 5, 7)
            second = await receive_until(ws, lambda m: m["B"] == "0.00007000")
            assert second["b"] == "77999.95000000"
            assert second["u"] > first["u"]
            assert await receive_until(all_, lambda m: m["u"] == second["u"]) == second
            on.small.limit(on.small.alice, Side.BUY, PRICE - 900, 7)
            assert await silent(ws)


async def test_snapshot_and_diffs_equal_the_book() -> None:
    """V01, V02: update ids run without gaps, and a book kept from the stream is the engine's."""
    async with served() as on:
        small, rng = on.small, random.Random(7)
        make_market(small)
        async with on.connect("/ws/btcusd@depth@100ms") as ws:
            await asyncio.sleep(0.15)

            async def trade() -> None:
                for number in range(300):
                    side = rng.choice((Side.BUY, Side.SELL))
                    who = rng.choice((small.alice, small.bob))
                    price = PRICE + rng.randrange(-3_000, 3_000)
                    reply = small.limit(who, side, price, rng.randrange(100, 2_000))
                    if rng.random() < 0.3:
                        order_id = reply.events[0].order_id
                        small.cancel(who, order_id, f"c{number}")
                    await asyncio.sleep(0.004)

            task = asyncio.create_task(trade())
            first = await receive(ws)
            await asyncio.sleep(0.3)
            snapshot = small.market_data.depth(1, 5_000)
            last = snapshot.last_update_id
            bids, asks = dict(snapshot.bids), dict(snapshot.asks)
            await task
            final = small.market_data.depth(1, 5_000)
            event, before, applied = first, None, 0
            while True:
                assert before is None or event["U"] == before + 1
                before = event["u"]
                if event["u"] > last:
                    assert applied or event["U"] <= last + 1
                    applied += 1
                    for levels, book in ((event["b"], bids), (event["a"], asks)):
                        for price, quantity in levels:
                            ticks = round(float(price) * 100)
                            lots = round(float(quantity) * 100_000)
                            book[ticks] = lots
                            if lots == 0:
                                del book[ticks]
                if before >= final.last_update_id:
                    break
                event = await receive(ws)
    assert applied > 3
    assert bids == dict(final.bids)
    assert asks == dict(final.asks)
    expected = small.calls.kernel.depth(1, 5_000)
    assert (list(final.bids), list(final.asks)) == (list(expected[0]), list(expected[1]))


@pytest.mark.parametrize("levels", [5, 10, 20])
async def test_partial_depth_shows_the_best_levels(levels: int) -> None:
    async with served() as on:
        make_market(on.small)
        async with on.connect(f"/ws/btcusd@depth{levels}@100ms") as ws:
            message = await receive(ws)
            assert list(message) == ["lastUpdateId", "bids", "asks"]
            assert len(message["bids"]) == len(message["asks"]) == levels
            assert message["bids"][0] == ["77999.00000000", "0.01001000"]
            assert await silent(ws), "nothing is sent while nothing changes"


async def test_one_name_a_second_and_one_name_100_ms() -> None:
    async with served() as on, on.connect("/stream") as ws:
        names = ["btcusd@depth", "btcusd@depth@1000ms", "btcusd@depth@100ms"]
        await ask(ws, method="SUBSCRIBE", params=names, id=1)
        seen = set()
        while seen != set(names):
            on.small.limit(on.small.alice, Side.BUY, PRICE, 10)
            seen.add((await receive(ws))["stream"])


async def test_klines_show_the_open_bar_and_the_closed_one() -> None:
    async with served() as on:
        make_market(on.small)
        on.small.limit(on.small.bob, Side.BUY, PRICE + 100, 500)
        async with on.connect("/ws/btcusd@kline_1s") as ws:
            message = await receive(ws)
            assert list(message) == ["e", "E", "s", "k"]
            assert list(message["k"]) == list("tTsifLochlvnxqVQB")
            on.small.limit(on.small.bob, Side.BUY, PRICE + 100, 300)
            closed = await receive_until(ws, lambda m: m["k"]["x"], 8)
            bar = closed["k"]
            assert bar["T"] == bar["t"] + 999
            assert closed["E"] > bar["T"]


def early_in_a_minute() -> Callable[[], int]:
    """Return a clock, in microseconds, on which no bar ends for most of a minute."""
    begun_ns, start_us = time.monotonic_ns(), 1_778_061_601_000_000  # 2026-05-06 10:00:01 UTC
    return lambda: start_us + (time.monotonic_ns() - begun_ns) // 1000


async def test_klines_of_each_interval_and_of_another_time_zone() -> None:
    async with served(SmallExchange(early_in_a_minute())) as on:
        make_market(on.small)
        on.small.limit(on.small.bob, Side.BUY, PRICE + 100, 500)
        intervals = [
            "1m",
            "3m",
            "5m",
            "15m",
            "30m",
            "1h",
            "2h",
            "4h",
            "6h",
            "8h",
            "12h",
            "1d",
            "3d",
            "1w",
            "1M",
        ]
        names = [f"btcusd@kline_{name}" for name in intervals] + ["btcusd@kline_1d@+08:00"]
        async with on.connect("/stream?streams=" + "/".join(names)) as ws:
            seen = {}
            while len(seen) < len(names):
                message = await receive(ws)
                seen[message["stream"]] = message["data"]["k"]
    for name in intervals:
        bar = seen[f"btcusd@kline_{name}"]
        assert (bar["i"], bar["v"], bar["n"], bar["x"]) == (name, "0.00500000", 1, False)
        assert bar["V"] == bar["v"]
        assert bar["q"] == bar["Q"] == "390.00500000"
    shifted = seen["btcusd@kline_1d@+08:00"]["t"]
    assert (shifted + 8 * 3_600_000) % 86_400_000 == 0
    assert seen["btcusd@kline_1d"]["t"] % 86_400_000 == 0


async def test_tickers_of_a_market_and_of_all() -> None:
    async with served() as on:
        make_market(on.small)
        on.small.limit(on.small.bob, Side.BUY, PRICE + 100, 500)
        on.small.limit(on.small.bob, Side.SELL, PRICE - 100, 500)
        names = [
            "btcusd@miniTicker",
            "btcusd@ticker",
            "btcusd@ticker_1h",
            "btcusd@ticker_4h",
            "btcusd@ticker_1d",
            "btcusd@avgPrice",
            "!miniTicker@arr",
            "!miniTicker@arr@3000ms",
            "!ticker@arr",
            "!ticker_1h@arr",
        ]
        async with on.connect("/stream?streams=" + "/".join(names)) as ws:
            seen = {}
            while len(seen) < len(names):
                message = await receive(ws)
                seen[message["stream"]] = message["data"]
    mini = seen["btcusd@miniTicker"]
    assert list(mini) == ["e", "E", "s", "c", "o", "h", "l", "v", "q"]
    assert mini["c"] == "77999.00000000"
    ticker = seen["btcusd@ticker"]
    assert set(ticker) == set("eEspPwxcQbBaAohlvqOCFLn")
    assert (ticker["p"], ticker["P"]) == ("-2.00000000", "-0.003")
    assert (ticker["w"], ticker["n"], ticker["F"], ticker["L"]) == ("78000.00000000", 2, 1, 2)
    assert ticker["C"] >= ticker["O"]
    for name in ("1h", "4h", "1d"):
        window = seen[f"btcusd@ticker_{name}"]
        assert window["e"] == f"{name}Ticker"
        assert set(window) == set("eEspPohlcwvqOCFLn")
        assert window["v"] == "0.01000000"
    average = seen["btcusd@avgPrice"]
    assert list(average) == ["e", "E", "s", "i", "w", "T"]
    assert (average["i"], average["w"]) == ("5m", "78000.00000000")
    for name in names[6:]:
        symbols = {item["s"] for item in seen[name]}
        assert symbols == {"BTCUSD", "ETHUSD", "ETHBTC"}, name


async def test_microseconds() -> None:
    async with served() as on:
        on.small.limit(on.small.alice, Side.SELL, PRICE, 10)
        path = "/ws/btcusd@trade?timeUnit=MICROSECOND"
        async with on.connect(path) as fine, on.connect("/ws/btcusd@trade") as coarse:
            on.small.limit(on.small.bob, Side.BUY, PRICE, 10)
            microseconds, milliseconds = await receive(fine), await receive(coarse)
    assert microseconds["T"] // 1000 == milliseconds["T"]
    assert microseconds["E"] > 10**15


async def test_streams_with_nothing_to_send_are_accepted() -> None:
    async with served() as on, on.connect("/ws") as ws:
        names = ["btcusd@referencePrice", "btcusd@blockTrade", "nosuch@trade", "!serverShutdown"]
        assert await ask(ws, method="SUBSCRIBE", params=names, id=1) == {"result": None, "id": 1}
        make_market(on.small)
        assert await silent(ws)


async def test_nothing_is_kept_for_a_stream_without_subscribers() -> None:
    async with served() as on:
        hub = on.gateway._streams.hub
        async with on.connect("/ws/btcusd@trade/btcusd@depth/!ticker@arr") as ws:
            await ask(ws, method="LIST_SUBSCRIPTIONS", id=1)
            assert hub.channel_count() == 3
        await until(lambda: hub.channel_count() == 0)
        assert not hub._live
        assert not hub._timed


async def test_shutdown_is_announced() -> None:
    async with served() as on, on.connect("/ws") as raw, on.connect("/stream") as combined:
        await ask(raw, method="LIST_SUBSCRIPTIONS", id=1)
        await ask(combined, method="LIST_SUBSCRIPTIONS", id=1)
        stop = asyncio.create_task(on.gateway.stop())
        assert (await receive(raw))["e"] == "serverShutdown"
        message = await receive(combined)
        assert message["stream"] == "!serverShutdown"
        assert message["data"]["e"] == "serverShutdown"
        await raw.wait_closed()
        assert raw.close_code == 1001
        await stop


async def test_frames_of_every_length_arrive_whole() -> None:
    """A depth of 20 needs the longer form of a frame's length."""
    async with served() as on:
        make_market(on.small)
        async with on.connect("/ws/btcusd@depth20@100ms") as ws:
            text = await asyncio.wait_for(ws.recv(), PATIENCE_S)
            assert len(text) > 1_000
            assert len(json.loads(text)["bids"]) == 20
