"""Market data over REST: shapes, parameters, weights, refusals, on a small exchange that trades."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.rest_caller import Answered, RestCaller, SteppingClock

from openoutcry.adapters.sqlite.history import Projector, SqliteHistory
from openoutcry.core.enums import MarketStatus, Side
from openoutcry.core.intervals import DAY_US, INTERVALS, MINUTE_US, SECOND_US
from openoutcry.core.records import SetMarketStatus
from openoutcry.gateways.rest.market_data import ENDPOINTS
from openoutcry.ports.feeds import Committed
from openoutcry.simulation import demo

START_US = 1_772_236_790_000_000  # 2026-02-27 23:59:50
ZERO = "0.00000000"


class Venue:
    """The small exchange with a projected history; `projects` off lets it lag."""

    def __init__(self, folder: Path) -> None:
        self.clock = SteppingClock()
        self.clock.now_us = START_US
        self.caller = RestCaller(clock=self.clock, more=ENDPOINTS)
        self.small = self.caller.small
        self.projects = True
        self.missed: list[Committed] = []
        self.projector = Projector(folder / "history.sqlite")
        self.history = SqliteHistory(folder / "history.sqlite", self.wait)
        self.caller.exchange.history = self.history
        self.small.feed.subscribe(self.project)

    async def wait(self, _seq: int) -> None:
        return

    def project(self, batch: Committed) -> None:
        self.missed.append(batch)
        if self.projects:
            for each in self.missed:
                self.projector.apply(each)
            self.missed.clear()
            self.projector.commit()

    def trade(self, price: int, hundredths: int, *, taker: Side = Side.BUY) -> None:
        """Let alice and bob trade at a whole price, in hundredths of a bitcoin."""
        maker = Side.SELL if taker is Side.BUY else Side.BUY
        self.small.limit(self.small.alice, maker, price * 100, hundredths * 1_000)
        self.small.limit(self.small.bob, taker, price * 100, hundredths * 1_000)

    async def get(self, path: str, query: str = "", **headers: str) -> Answered:
        return await self.caller.get(f"/api/v3/{path}", query, headers)

    async def json(self, path: str, query: str = "") -> object:
        answered = await self.get(path, query)
        assert answered.status == 200, answered.json
        return answered.json

    def close(self) -> None:
        self.history.close()
        self.projector.close()


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    venue = Venue(tmp_path)
    yield venue
    venue.close()


async def test_depth(venue: Venue) -> None:
    small = venue.small
    small.limit(small.alice, Side.BUY, 69_000_00, 1_000)
    small.limit(small.alice, Side.BUY, 69_500_00, 2_000)
    small.limit(small.bob, Side.SELL, 70_000_00, 3_000)
    expected = {
        "lastUpdateId": 3,
        "bids": [["69500.00000000", "0.02000000"], ["69000.00000000", "0.01000000"]],
        "asks": [["70000.00000000", "0.03000000"]],
    }
    assert await venue.json("depth", "symbol=BTCUSD") == expected
    expected["bids"].pop()
    assert await venue.json("depth", "symbol=BTCUSD&limit=1") == expected
    assert await venue.json("depth", "symbol=BTCUSD&limit=1&symbolStatus=TRADING") == expected
    empty = {"lastUpdateId": 0, "bids": [], "asks": []}
    assert await venue.json("depth", "symbol=ETHUSD&limit=99999") == empty


async def test_trades(venue: Venue) -> None:
    venue.trade(70_000, 2)
    venue.trade(70_010, 1, taker=Side.SELL)
    first, second = await venue.json("trades", "symbol=BTCUSD")
    assert first == {
        "id": 1,
        "price": "70000.00000000",
        "qty": "0.02000000",
        "quoteQty": "1400.00000000",
        "time": first["time"],
        "isBuyerMaker": False,
        "isBestMatch": True,
    }
    assert (second["id"], second["isBuyerMaker"]) == (2, True)
    assert START_US // 1000 <= first["time"] < START_US // 1000 + 1_000
    assert await venue.json("trades", "symbol=BTCUSD&limit=1") == [second]
    assert await venue.json("historicalTrades", "symbol=BTCUSD") == [first, second]
    assert await venue.json("historicalTrades", "symbol=BTCUSD&fromId=2") == [second]
    assert await venue.json("historicalTrades", "symbol=BTCUSD&fromId=0&limit=1") == [first]
    assert await venue.json("historicalTrades", "symbol=BTCUSD&fromId=3") == []
    assert await venue.json("historicalBlockTrades", "symbol=BTCUSD&fromId=1") == []
    micro = await venue.get("trades", "symbol=BTCUSD", **{"x-mbx-time-unit": "MICROSECOND"})
    assert [trade["time"] // 1000 for trade in micro.json] == [first["time"], second["time"]]


async def test_aggregate_trades(venue: Venue) -> None:
    small = venue.small
    for lots, price in ((1_000, 70_000_00), (2_000, 70_000_00), (3_000, 70_001_00)):
        small.limit(small.alice, Side.SELL, price, lots)
    small.limit(small.bob, Side.BUY, 70_001_00, 6_000)
    venue.clock.now_us += SECOND_US
    venue.trade(70_005, 1, taker=Side.SELL)
    found = await venue.json("aggTrades", "symbol=BTCUSD")
    assert [[one[key] for key in "apqflmM"] for one in found] == [
        [1, "70000.00000000", "0.03000000", 1, 2, False, True],
        [2, "70001.00000000", "0.03000000", 3, 3, False, True],
        [3, "70005.00000000", "0.01000000", 4, 4, True, True],
    ]
    first_ms, last_ms = found[0]["T"], found[-1]["T"]
    for query, expected in (
        ("limit=2", found[1:]),
        ("fromId=2", found[1:]),
        ("fromId=2&limit=1", found[1:2]),
        (f"startTime={last_ms}", found[2:]),
        (f"endTime={first_ms}", found[:2]),
        (f"endTime={first_ms}&limit=1", found[1:2]),
        (f"startTime={first_ms}&endTime={last_ms}", found),
        (f"startTime={first_ms}000&endTime={last_ms}999", found),
        (f"startTime={last_ms + 1}", []),
    ):
        assert await venue.json("aggTrades", f"symbol=BTCUSD&{query}") == expected, query
    refused = await venue.get("aggTrades", "symbol=BTCUSD&fromId=1&startTime=5")
    assert refused.error == (400, -1128, "Combination of optional parameters invalid.")


async def test_klines(venue: Venue) -> None:
    venue.trade(70_000, 1)
    venue.trade(70_100, 2, taker=Side.SELL)
    venue.clock.now_us = START_US + 3 * MINUTE_US
    venue.trade(69_900, 3)
    bars = await venue.json("klines", "symbol=BTCUSD&interval=1m")
    first_ms = (START_US - START_US % MINUTE_US) // 1000
    assert bars == [
        [
            first_ms,
            "70000.00000000",
            "70100.00000000",
            "70000.00000000",
            "70100.00000000",
            "0.03000000",
            first_ms + 59_999,
            "2102.00000000",
            2,
            "0.01000000",
            "700.00000000",
            "0",
        ],
        *[
            [
                first_ms + minute * 60_000,
                *["70100.00000000"] * 4,
                ZERO,
                first_ms + minute * 60_000 + 59_999,
                ZERO,
                0,
                ZERO,
                ZERO,
                "0",
            ]
            for minute in (1, 2)
        ],
        [
            first_ms + 180_000,
            *["69900.00000000"] * 4,
            "0.03000000",
            first_ms + 239_999,
            "2097.00000000",
            1,
            "0.03000000",
            "2097.00000000",
            "0",
        ],
    ]
    for query, expected in (
        ("limit=2", bars[2:]),
        (f"startTime={first_ms + 1}", bars[1:]),
        (f"startTime={first_ms}&limit=2", bars[:2]),
        (f"endTime={first_ms + 60_000}", bars[:2]),
        (f"startTime={first_ms + 60_000}&endTime={first_ms + 120_000}", bars[1:3]),
        (f"startTime={first_ms + 240_000}", []),
    ):
        assert await venue.json("klines", f"symbol=BTCUSD&interval=1m&{query}") == expected, query
    assert await venue.json("uiKlines", "symbol=BTCUSD&interval=1m") == bars
    for interval in INTERVALS:
        found = await venue.json("klines", f"symbol=BTCUSD&interval={interval}")
        assert sum(bar[8] for bar in found) == 3
        assert found[0][0] <= first_ms + 50_000


async def test_klines_of_another_time_zone(venue: Venue) -> None:
    venue.trade(70_000, 1)
    days = {}
    for zone in ("0", "8", "%2B08:00", "-1:00", "05:45", "-12:00", "14"):
        found = await venue.json("klines", f"symbol=BTCUSD&interval=1d&timeZone={zone}")
        assert len(found) == 1
        days[zone] = found[0][0]
    midnight_ms = (START_US - START_US % DAY_US) // 1000
    assert days["0"] == midnight_ms
    assert days["8"] == days["%2B08:00"] == midnight_ms + 16 * 3_600_000
    assert days["-1:00"] == midnight_ms + 3_600_000
    assert days["05:45"] == midnight_ms + 18 * 3_600_000 + 15 * 60_000
    for zone in ("15", "-12:01", "x", "1:60", "%D9%A1"):
        refused = await venue.get("klines", f"symbol=BTCUSD&interval=1d&timeZone={zone}")
        assert refused.error == (400, -1130, "Data sent for parameter 'timeZone' is not valid.")


async def test_what_the_projection_has_not_yet_is_there(venue: Venue) -> None:
    venue.trade(70_000, 1)
    venue.projects = False
    venue.clock.now_us += SECOND_US
    venue.trade(70_001, 1)
    venue.clock.now_us += SECOND_US
    venue.trade(70_002, 1)
    trades = await venue.json("historicalTrades", "symbol=BTCUSD&fromId=1")
    assert [trade["id"] for trade in trades] == [1, 2, 3]
    for query in ("fromId=1", f"startTime={START_US // 1000}"):
        found = await venue.json("aggTrades", f"symbol=BTCUSD&{query}")
        assert [one["a"] for one in found] == [1, 2, 3]
    for interval in ("1s", "1m", "1M"):
        bars = await venue.json("klines", f"symbol=BTCUSD&interval={interval}")
        assert sum(bar[8] for bar in bars) == 3
    bars = await venue.json("klines", "symbol=BTCUSD&interval=1s")
    assert [bar[4] for bar in bars] == ["70000.00000000", "70001.00000000", "70002.00000000"]


async def test_the_first_trade_shows_before_any_projection(venue: Venue) -> None:
    venue.projects = False
    venue.trade(70_000, 1)
    assert len(await venue.json("klines", "symbol=BTCUSD&interval=1m")) == 1
    assert len(await venue.json("aggTrades", "symbol=BTCUSD&fromId=1")) == 1
    assert len(await venue.json("historicalTrades", "symbol=BTCUSD&fromId=1")) == 1


async def test_average_price(venue: Venue) -> None:
    assert await venue.json("avgPrice", "symbol=BTCUSD") == {
        "mins": 5,
        "price": ZERO,
        "closeTime": 0,
    }
    venue.trade(70_000, 1)
    venue.trade(70_100, 2)
    found = await venue.json("avgPrice", "symbol=BTCUSD")
    assert found["price"] == "70066.66666666"
    assert found["closeTime"] // 1000 == START_US // SECOND_US
    venue.clock.now_us += 10 * MINUTE_US
    assert (await venue.json("avgPrice", "symbol=BTCUSD"))["price"] == "70100.00000000"


async def test_day_ticker(venue: Venue) -> None:
    venue.trade(70_000, 1)
    venue.clock.now_us += 25 * 60 * MINUTE_US
    venue.trade(70_500, 2)
    venue.trade(70_700, 1, taker=Side.SELL)
    small = venue.small
    small.limit(small.alice, Side.BUY, 69_000_00, 1_000)
    small.limit(small.bob, Side.SELL, 71_000_00, 2_000)
    now_us = venue.clock.now_us
    ticker = await venue.json("ticker/24hr", "symbol=BTCUSD")
    assert ticker == {
        "symbol": "BTCUSD",
        "priceChange": "200.00000000",
        "priceChangePercent": "0.284",
        "weightedAvgPrice": "70566.66666666",
        "prevClosePrice": "70000.00000000",
        "lastPrice": "70700.00000000",
        "lastQty": "0.01000000",
        "bidPrice": "69000.00000000",
        "bidQty": "0.01000000",
        "askPrice": "71000.00000000",
        "askQty": "0.02000000",
        "openPrice": "70500.00000000",
        "highPrice": "70700.00000000",
        "lowPrice": "70500.00000000",
        "volume": "0.03000000",
        "quoteVolume": "2117.00000000",
        "openTime": (now_us - now_us % MINUTE_US - DAY_US) // 1000,
        "closeTime": ticker["closeTime"],
        "firstId": 2,
        "lastId": 3,
        "count": 2,
    }
    assert abs(ticker["closeTime"] - now_us // 1000) < 2
    mini = await venue.json("ticker/24hr", "symbol=BTCUSD&type=MINI")
    assert list(mini) == [
        "symbol",
        "openPrice",
        "highPrice",
        "lowPrice",
        "lastPrice",
        "volume",
        "quoteVolume",
        "openTime",
        "closeTime",
        "firstId",
        "lastId",
        "count",
    ]
    everything = await venue.json("ticker/24hr")
    assert [one["symbol"] for one in everything] == ["BTCUSD", "ETHUSD", "ETHBTC"]
    some = await venue.json("ticker/24hr", "symbols=%5B%22ETHBTC%22,%22BTCUSD%22%5D")
    assert [one["symbol"] for one in some] == ["ETHBTC", "BTCUSD"]
    assert (some[0]["lastPrice"], some[0]["count"], some[0]["firstId"]) == (ZERO, 0, -1)


async def test_window_tickers(venue: Venue) -> None:
    venue.trade(70_000, 1)
    venue.clock.now_us += 5 * MINUTE_US
    venue.trade(69_300, 2)
    whole = await venue.json("ticker", "symbol=BTCUSD")
    assert (whole["count"], whole["priceChange"], whole["priceChangePercent"]) == (
        2,
        "-700.00000000",
        "-1.000",
    )
    assert "bidPrice" not in whole
    assert "prevClosePrice" not in whole
    late = await venue.json("ticker", "symbol=BTCUSD&windowSize=2m")
    assert (late["count"], late["openPrice"]) == (1, "69300.00000000")
    (mini,) = await venue.json("ticker", 'symbols=["BTCUSD"]&windowSize=7d&type=MINI')
    assert mini["count"] == 2
    assert "weightedAvgPrice" not in mini
    # the first trade was ten seconds before midnight
    day = await venue.json("ticker/tradingDay", "symbol=BTCUSD")
    assert (day["count"], day["closeTime"] - day["openTime"]) == (1, 86_399_999)
    assert (await venue.json("ticker/tradingDay", "symbol=BTCUSD&timeZone=-2"))["count"] == 2
    for size in ("0m", "60m", "24h", "8d", "1w", "", "-1m"):
        refused = await venue.get("ticker", f"symbol=BTCUSD&windowSize={size}")
        assert refused.status == 400
    for path in ("ticker", "ticker/tradingDay"):
        refused = await venue.get(path)
        text = "Param 'symbol' or 'symbols' must be sent, but both were empty/null!"
        assert refused.error == (400, -1102, text)
        many = json.dumps([f"S{number}" for number in range(101)])
        assert (await venue.get(path, f"symbols={many}")).error[:2] == (400, -1101)


async def test_prices_and_best_quotes(venue: Venue) -> None:
    venue.trade(70_000, 1)
    small = venue.small
    small.limit(small.alice, Side.BUY, 69_000_00, 1_000)
    price = {"symbol": "BTCUSD", "price": "70000.00000000"}
    assert await venue.json("ticker/price", "symbol=BTCUSD") == price
    assert (await venue.json("ticker/price"))[0] == price
    assert await venue.json("ticker/price", 'symbols=["BTCUSD"]') == [price]
    book = {
        "symbol": "BTCUSD",
        "bidPrice": "69000.00000000",
        "bidQty": "0.01000000",
        "askPrice": ZERO,
        "askQty": ZERO,
    }
    assert await venue.json("ticker/bookTicker", "symbol=BTCUSD") == book
    assert (await venue.json("ticker/bookTicker"))[0] == book


async def test_symbol_status(venue: Venue) -> None:
    halt = SetMarketStatus(market=demo.ETHUSD, status=MarketStatus.HALT)
    venue.small.calls.apply(halt.pack())
    text = "The symbol's status does not match the requested symbolStatus."
    paths = ("depth", "ticker", "ticker/24hr", "ticker/price", "ticker/bookTicker")
    for path in (*paths, "ticker/tradingDay"):
        refused = await venue.get(path, "symbol=ETHUSD&symbolStatus=TRADING")
        assert refused.error == (400, -1220, text)
        assert (await venue.get(path, "symbol=ETHUSD&symbolStatus=HALT")).status == 200
        refused = await venue.get(path, "symbol=ETHUSD&symbolStatus=OPEN")
        assert refused.error == (400, -1122, "Invalid symbolStatus.")
    found = await venue.json("ticker/price", "symbolStatus=TRADING")
    assert [one["symbol"] for one in found] == ["BTCUSD", "ETHBTC"]
    both = 'symbols=["ETHUSD","BTCUSD"]&symbolStatus=TRADING'
    for path in ("ticker", "ticker/tradingDay", "ticker/24hr"):
        assert [one["symbol"] for one in await venue.json(path, both)] == ["BTCUSD"]


@pytest.mark.parametrize(
    ("path", "query", "code", "message"),
    [
        (
            "depth",
            "",
            -1102,
            "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.",
        ),
        ("depth", "symbol=NOSUCH", -1121, "Invalid symbol."),
        ("depth", "symbol=BTCUSD&limit=0", -1130, "Data sent for parameter 'limit' is not valid."),
        (
            "klines",
            "symbol=BTCUSD",
            -1102,
            "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.",
        ),
        ("klines", "symbol=BTCUSD&interval=2m", -1120, "Invalid interval."),
        ("ticker/24hr", "symbol=BTCUSD&type=BIG", -1139, "Invalid ticker type."),
        (
            "ticker/24hr",
            'symbol=BTCUSD&symbols=["BTCUSD"]',
            -1128,
            "Combination of optional parameters invalid.",
        ),
        (
            "ticker/price",
            "symbols=BTCUSD",
            -1135,
            "JSON sent for parameter 'symbols' is not valid",
        ),
        (
            "historicalBlockTrades",
            "symbol=BTCUSD",
            -1102,
            "Mandatory parameter 'fromId' was not sent, was empty/null, or malformed.",
        ),
        (
            "trades",
            "symbol=BTCUSD&limit=5&no=1",
            -1104,
            "Not all sent parameters were read; read '2' parameter(s) but was sent '3'.",
        ),
    ],
)
async def test_refusals(venue: Venue, path: str, query: str, code: int, message: str) -> None:
    assert (await venue.get(path, query)).error == (400, code, message)


@pytest.mark.parametrize("number", ["0", "99999999999999", "9223372036854775000"])
async def test_extreme_numbers_are_answered(venue: Venue, number: str) -> None:
    venue.trade(70_000, 1)
    for path, query in (
        ("aggTrades", f"fromId={number}"),
        ("aggTrades", f"startTime={number}"),
        ("aggTrades", f"endTime={number}"),
        ("historicalTrades", f"fromId={number}"),
        *((("klines", f"interval={i}&startTime={number}&timeZone=5:45")) for i in INTERVALS),
        *((("klines", f"interval={i}&endTime={number}")) for i in INTERVALS),
        ("depth", f"limit={number}"),
    ):
        answered = await venue.get(path, f"symbol=BTCUSD&{query}")
        assert answered.status == (400 if query == "limit=0" else 200), (path, query)


@pytest.mark.parametrize(
    ("path", "query", "weight"),
    [
        ("depth", "symbol=BTCUSD", 5),
        ("depth", "symbol=BTCUSD&limit=101", 25),
        ("depth", "symbol=BTCUSD&limit=1000", 50),
        ("depth", "symbol=BTCUSD&limit=5000", 250),
        ("depth", "symbol=BTCUSD&limit=nine", 5),
        ("trades", "symbol=BTCUSD", 25),
        ("aggTrades", "symbol=BTCUSD", 4),
        ("klines", "symbol=BTCUSD&interval=1m", 2),
        ("avgPrice", "symbol=BTCUSD", 2),
        ("ticker/24hr", "symbol=BTCUSD", 2),
        ("ticker/24hr", 'symbols=["BTCUSD","ETHUSD"]', 2),
        ("ticker/24hr", "", 80),
        ("ticker", 'symbols=["BTCUSD","ETHUSD"]', 8),
        ("ticker/tradingDay", "symbol=BTCUSD", 4),
        ("ticker/price", "symbol=BTCUSD", 2),
        ("ticker/price", "", 4),
        ("ticker/bookTicker", 'symbols=["BTCUSD"]', 4),
    ],
)
async def test_weights(venue: Venue, path: str, query: str, weight: int) -> None:
    answered = await venue.get(path, query)
    assert answered.headers["X-MBX-USED-WEIGHT-1M"] == str(weight)
