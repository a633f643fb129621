"""Names of market streams: which are good, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.gateways.ws.control import parse_address
from openoutcry.gateways.ws.names import Topic, parse_stream

GOOD = {
    "btcusd@trade": (Topic.TRADE, "BTCUSD", 0),
    "btcusd@aggTrade": (Topic.AGGREGATE_TRADE, "BTCUSD", 0),
    "btcusd@blockTrade": (Topic.BLOCK_TRADE, "BTCUSD", 0),
    "btcusd@bookTicker": (Topic.BOOK_TICKER, "BTCUSD", 0),
    "btcusd@miniTicker": (Topic.MINI_TICKER, "BTCUSD", 1000),
    "btcusd@ticker": (Topic.TICKER, "BTCUSD", 1000),
    "btcusd@ticker_1h": (Topic.WINDOW_TICKER, "BTCUSD", 1000),
    "btcusd@avgPrice": (Topic.AVERAGE_PRICE, "BTCUSD", 1000),
    "btcusd@referencePrice": (Topic.REFERENCE_PRICE, "BTCUSD", 1000),
    "btcusd@depth": (Topic.DIFF_DEPTH, "BTCUSD", 1000),
    "btcusd@depth@100ms": (Topic.DIFF_DEPTH, "BTCUSD", 100),
    "btcusd@depth@1000ms": (Topic.DIFF_DEPTH, "BTCUSD", 1000),
    "btcusd@depth10": (Topic.PARTIAL_DEPTH, "BTCUSD", 1000),
    "btcusd@depth20@100ms": (Topic.PARTIAL_DEPTH, "BTCUSD", 100),
    "btcusd@kline_1s": (Topic.KLINE, "BTCUSD", 1000),
    "btcusd@kline_1M": (Topic.KLINE, "BTCUSD", 2000),
    "btcusd@kline_1d@+08:00": (Topic.KLINE, "BTCUSD", 2000),
    "!miniTicker@arr": (Topic.MINI_TICKER, "", 1000),
    "!miniTicker@arr@3000ms": (Topic.MINI_TICKER, "", 3000),
    "!miniTicker@arr@1ms": (Topic.MINI_TICKER, "", 100),
    "!miniTicker@arr@99999ms": (Topic.MINI_TICKER, "", 60_000),
    "!ticker@arr": (Topic.TICKER, "", 1000),
    "!ticker_4h@arr": (Topic.WINDOW_TICKER, "", 1000),
    "!bookTicker": (Topic.BOOK_TICKER, "", 0),
    "!serverShutdown": (Topic.SHUTDOWN, "", 0),
}
BAD = [
    "", "@", "0", "btcusd", "btcusd@", "@trade", "BTCUSD@trade", "btc usd@trade", "btcusd@trades",
    "btcusd@depth7", "btcusd@depth@50ms", "btcusd@depth@", "btcusd@kline", "btcusd@kline_",
    "btcusd@kline_7m", "btcusd@kline_1m@+09:00", "btcusd@ticker_2h", "!trade", "!ticker", "!arr",
    "!miniTicker", "!miniTicker@arr@ms", "*", "*@trade", "btcusd@trade\n", "a" * 41 + "@trade",
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_good_names(text: str) -> None:
    found = parse_stream(text)
    assert found is not None
    assert found.text == text
    assert (found.topic, found.symbol, found.period_ms) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_bad_names(text: str) -> None:
    assert parse_stream(text) is None


def test_parts_of_names() -> None:
    depth, kline = parse_stream("a@depth5"), parse_stream("a@kline_3d@+08:00")
    assert depth is not None
    assert depth.levels == 5
    assert kline is not None
    assert (kline.interval, kline.offset_minutes) == ("3d", 480)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    found = parse_stream(text)
    assert found is None or found.text == text


@pytest.mark.parametrize(
    ("path", "query", "combined", "names"),
    [
        ("/ws", "", False, ()),
        ("/ws/", "", False, ()),
        ("/ws/0", "", False, ("0",)),
        ("/ws/a@trade/b@trade", "", False, ("a@trade", "b@trade")),
        ("/ws/a%40trade", "", False, ("a@trade",)),
        ("/stream", "", True, ()),
        ("/stream", "streams=", True, ()),
        ("/stream", "streams=a@trade/b@kline_1m@+08:00", True, ("a@trade", "b@kline_1m@+08:00")),
        ("/stream", "timeUnit=MILLISECOND&streams=a%40trade%2Fb", True, ("a@trade", "b")),
        ("/stream/", "other=1", True, ()),
    ],
)
def test_addresses(path: str, query: str, combined: object, names: tuple[str, ...]) -> None:
    address = parse_address(path, query)
    assert address is not None
    assert (address.combined, address.names) == (combined, names)


@pytest.mark.parametrize("path", ["/", "/wsx", "/streams", "/ws-api/v3"])
def test_other_paths(path: str) -> None:
    assert parse_address(path, "") is None
