"""Market data for anyone: books, trades, klines, tickers.

What is new comes from the live view, what is old from the query store; where a reply spans both,
the live view wins, so that a trade shows the moment it is committed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from openoutcry.core.intervals import (
    INTERVALS,
    OFFSET_MINUTES_MAX,
    OFFSET_MINUTES_MIN,
    SECOND_US,
    bar_open_us,
)
from openoutcry.gateways.edge import errors, general, params
from openoutcry.gateways.edge import market_shapes as shapes
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.service import ApiError, Call, Endpoint, Handler, Weight
from openoutcry.ports.history import Candle
from openoutcry.ports.market_data import WindowStatistics

DEPTH_LEVELS_MAX = 5_000
SYMBOLS_PER_WINDOW_MAX = 100
PROJECTION_LAG_US = 10 * SECOND_US
"""Bars that ended less than this ago are taken from the live view."""
DAY_MINUTES = 1_440
WINDOW_WEIGHT = 4
WINDOW_WEIGHT_MAX = 200

_API = "/api/v3/"
_is_window = re.compile(r"([1-9]|[1-5][0-9])m|([1-9]|1[0-9]|2[0-3])h|([1-7])d").fullmatch
_is_time_zone = re.compile(r"([+\- ]?)([0-9]{1,2})(?::([0-9]{2}))?").fullmatch
_T = TypeVar("_T")
_Statistics = Callable[[Market], WindowStatistics]


def _unit_us(call: Call) -> int:
    return shapes.MICROSECONDS if call.microseconds else shapes.MILLISECONDS


# which markets


def _one_market(call: Call) -> Market:
    """Return the market of `symbol`, in the status that `symbolStatus` asks for."""
    market = params.market(call.exchange.catalog, call.parameters)
    status = general.symbol_status(call)
    if status is not None and market.status != status:
        raise ApiError(400, -1220, "The symbol's status does not match the requested symbolStatus.")
    return market


def _listed_markets(call: Call) -> list[Market]:
    """Return the markets of `symbols`, or all, less those in another status than asked for."""
    catalog = call.exchange.catalog
    status = general.symbol_status(call)
    found = params.symbols(catalog, call.parameters)
    if found is None:
        found = catalog.markets()
    return [market for market in found if status is None or market.status == status]


def _one_or_list(call: Call, shape: Callable[[Market], str]) -> bytes:
    """Answer for one symbol with an object, otherwise with an array."""
    if "symbol" in call.parameters and "symbols" not in call.parameters:
        return shape(_one_market(call)).encode()
    return shapes.array(shape(market) for market in _listed_markets(call))


def _symbols_are_named(call: Call) -> None:
    """Refuse a window over markets that nobody named, or over too many."""
    if "symbol" not in call.parameters and "symbols" not in call.parameters:
        raise errors.either_parameter("symbol", "symbols")
    if "symbols" in call.parameters:
        count = len(params.names("symbols", call.parameters["symbols"]))
        if count > SYMBOLS_PER_WINDOW_MAX:
            raise errors.too_many_parameters(SYMBOLS_PER_WINDOW_MAX, count)


# books and trades


def depth(call: Call) -> bytes:
    """GET depth, depth."""
    market = _one_market(call)
    limit = params.limit(call.parameters, 100, DEPTH_LEVELS_MAX)
    return shapes.depth(market, call.exchange.market_data.depth(market.id, limit)).encode()


def recent_trades(call: Call) -> bytes:
    """GET trades, trades.recent."""
    market = params.market(call.exchange.catalog, call.parameters)
    limit = params.limit(call.parameters, 500, 1000)
    unit_us = _unit_us(call)
    found = call.exchange.market_data.trades(market.id, limit)
    return shapes.array(shapes.trade(market, event, unit_us) for event in found)


async def historical_trades(call: Call) -> bytes:
    """GET historicalTrades, trades.historical."""
    from_id = params.optional_integer(call.parameters, "fromId")
    if from_id is None:
        return recent_trades(call)
    exchange = call.exchange
    market = params.market(exchange.catalog, call.parameters)
    limit = params.limit(call.parameters, 500, 1000)
    found = _continued(
        await exchange.history.trades(market.id, from_trade_id=from_id, limit=limit),
        exchange.market_data.trades(market.id, limit=1000),
        lambda event: event.trade_id,
        lambda event: event.trade_id >= from_id,
    )
    unit_us = _unit_us(call)
    return shapes.array(shapes.trade(market, event, unit_us) for event in found[:limit])


def block_trades(call: Call) -> bytes:
    """GET historicalBlockTrades, blockTrades.historical: this exchange has none."""
    params.market(call.exchange.catalog, call.parameters)
    params.integer("fromId", params.text(call.parameters, "fromId"))
    params.limit(call.parameters, 500, 1000)
    return b"[]"


async def aggregate_trades(call: Call) -> bytes:
    """GET aggTrades, trades.aggregate."""
    exchange = call.exchange
    market = params.market(exchange.catalog, call.parameters)
    from_id = params.optional_integer(call.parameters, "fromId")
    start_us, end_us = params.time_range(call.parameters)
    end_us = params.whole_millisecond(end_us)
    limit = params.limit(call.parameters, 500, 1000)
    if from_id is not None and (start_us is not None or end_us is not None):
        raise errors.bad_combination()
    live = exchange.market_data.aggregate_trades(market.id, 1000)
    unit_us = _unit_us(call)
    if from_id is None and start_us is None and end_us is None:
        return shapes.array(shapes.aggregate_trade(market, one, unit_us) for one in live[-limit:])
    stored = await exchange.history.aggregate_trades(
        market.id, from_aggregate_id=from_id, start_us=start_us, end_us=end_us, limit=limit
    )
    found = _continued(
        stored,
        live,
        lambda one: one.aggregate_id,
        lambda one: (
            one.aggregate_id >= (from_id or 0)
            and one.time_us >= (start_us or 0)
            and (end_us is None or one.time_us <= end_us)
        ),
    )
    newest = from_id is None and start_us is None
    found = found[-limit:] if newest else found[:limit]
    return shapes.array(shapes.aggregate_trade(market, one, unit_us) for one in found)


def _continued(
    stored: Sequence[_T],
    live: Sequence[_T],
    number_of: Callable[[_T], int],
    is_wanted: Callable[[_T], bool],
) -> list[_T]:
    """Return what is stored and, if nothing is missing in between, what the live view has newer."""
    last = number_of(stored[-1]) if stored else 0
    newer = [one for one in live if number_of(one) > last and is_wanted(one)]
    if not newer:
        return list(stored)
    first = number_of(newer[0])
    # without stored ones, the one before the first must be known not to be wanted
    joins = first == last + 1 if stored else first == 1 or first > number_of(live[0])
    return [*stored, *newer] if joins else list(stored)


# klines


async def klines(call: Call) -> bytes:
    """GET klines, uiKlines; klines, uiKlines."""
    exchange = call.exchange
    market = params.market(exchange.catalog, call.parameters)
    interval = params.text(call.parameters, "interval")
    if interval not in INTERVALS:
        raise ApiError(400, -1120, "Invalid interval.")
    offset_minutes = _time_zone(call)
    start_us, end_us = params.time_range(call.parameters)
    end_us = params.whole_millisecond(end_us)
    limit = params.limit(call.parameters, 500, 1000)
    stored = await exchange.history.candles(
        market.id,
        interval,
        start_us=start_us,
        end_us=end_us,
        offset_minutes=offset_minutes,
        limit=limit,
        now_us=call.now_us,
    )
    bars = {bar.open_us: bar for bar in stored}
    for bar in _newest_bars(call, market, interval, offset_minutes):
        if (start_us or 0) <= bar.open_us and (end_us is None or bar.open_us <= end_us):
            bars[bar.open_us] = bar
    found = [bars[open_us] for open_us in sorted(bars)]
    found = found[-limit:] if start_us is None else found[:limit]
    unit_us = _unit_us(call)
    return shapes.array(shapes.kline(market, bar, unit_us) for bar in found)


def _newest_bars(call: Call, market: Market, interval: str, offset_minutes: int) -> list[Candle]:
    """Return the bars that the query store may not have whole yet."""
    market_data = call.exchange.market_data
    found: list[Candle] = []
    open_us = bar_open_us(interval, call.now_us, offset_minutes)
    while True:
        bar = market_data.candle(market.id, interval, open_us, offset_minutes)
        if bar is None:
            return found
        found.append(bar)
        if open_us < call.now_us - PROJECTION_LAG_US:
            return found
        open_us = bar_open_us(interval, open_us - 1, offset_minutes)


def _time_zone(call: Call) -> int:
    """Return the `timeZone` parameter in minutes: `-1:00`, `05:45`, `8`."""
    text = call.parameters.get("timeZone")
    if text is None:
        return 0
    found = _is_time_zone(text)
    if found is None or not text.isascii():
        raise errors.invalid_data("timeZone")
    sign, hours, minutes = found.groups(default="0")
    offset_minutes = int(hours) * 60 + int(minutes)
    if sign == "-":
        offset_minutes = -offset_minutes
    if int(minutes) > 59 or not OFFSET_MINUTES_MIN <= offset_minutes <= OFFSET_MINUTES_MAX:
        raise errors.invalid_data("timeZone")
    return offset_minutes


# tickers


def average_price(call: Call) -> bytes:
    """GET avgPrice, avgPrice."""
    market = params.market(call.exchange.catalog, call.parameters)
    minutes = market.specification.average_price_minutes
    average = call.exchange.market_data.average_price(market.id, minutes, call.now_us)
    return shapes.average_price(market, minutes, average, _unit_us(call)).encode()


def last_price(call: Call) -> bytes:
    """GET ticker/price, ticker.price."""
    market_data = call.exchange.market_data
    return _one_or_list(
        call, lambda market: shapes.last_price(market, market_data.last_price_ticks(market.id))
    )


def book_ticker(call: Call) -> bytes:
    """GET ticker/bookTicker, ticker.book."""
    market_data = call.exchange.market_data
    return _one_or_list(
        call, lambda market: shapes.book_ticker(market, market_data.best(market.id))
    )


def day_ticker(call: Call) -> bytes:
    """GET ticker/24hr, ticker.24hr."""
    market_data = call.exchange.market_data
    unit_us = _unit_us(call)
    mini = _is_mini(call)

    def shape(market: Market) -> str:
        window = market_data.rolling(market.id, DAY_MINUTES, call.now_us)
        if mini:
            return shapes.mini_ticker(market, window, unit_us)
        return shapes.ticker_of_day(market, window, market_data.best(market.id), unit_us)

    return _one_or_list(call, shape)


def trading_day_ticker(call: Call) -> bytes:
    """GET ticker/tradingDay, ticker.tradingDay."""
    market_data = call.exchange.market_data
    offset_minutes = _time_zone(call)
    return _window_ticker(
        call, lambda market: market_data.trading_day(market.id, call.now_us, offset_minutes)
    )


def window_ticker(call: Call) -> bytes:
    """GET ticker, ticker."""
    market_data = call.exchange.market_data
    minutes = _window_minutes(call)
    return _window_ticker(call, lambda market: market_data.rolling(market.id, minutes, call.now_us))


def _window_ticker(call: Call, statistics: _Statistics) -> bytes:
    _symbols_are_named(call)
    unit_us = _unit_us(call)
    shape = shapes.mini_ticker if _is_mini(call) else shapes.ticker_of_window
    return _one_or_list(call, lambda market: shape(market, statistics(market), unit_us))


def _window_minutes(call: Call) -> int:
    """Return the `windowSize` parameter in minutes: 1m to 59m, 1h to 23h, 1d to 7d."""
    found = _is_window(call.parameters.get("windowSize", "1d"))
    if found is None:
        raise errors.invalid_data("windowSize")
    minutes, hours, days = (int(text) for text in found.groups(default="0"))
    return minutes + 60 * hours + DAY_MINUTES * days


def _is_mini(call: Call) -> bool:
    kind = call.parameters.get("type", "FULL")
    if kind not in {"FULL", "MINI"}:
        raise ApiError(400, -1139, "Invalid ticker type.")
    return kind == "MINI"


# weights


def _symbols_count(parameters: Mapping[str, str]) -> int:
    return parameters["symbols"].count(",") + 1 if "symbols" in parameters else 1


def _depth_weight(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", "100")
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def _price_weight(parameters: Mapping[str, str]) -> int:
    return 2 if "symbol" in parameters else 4


def _day_weight(parameters: Mapping[str, str]) -> int:
    if "symbol" in parameters:
        return 2
    if "symbols" not in parameters:
        return 80
    count = _symbols_count(parameters)
    return 2 if count <= 20 else 40 if count <= 100 else 80


def _window_weight(parameters: Mapping[str, str]) -> int:
    return min(WINDOW_WEIGHT * _symbols_count(parameters), WINDOW_WEIGHT_MAX)


def _get(path: str, handler: Handler, weight: Weight, parameters: str) -> Endpoint:
    return Endpoint("GET", _API + path, handler, frozenset(parameters.split()), weight)


_KLINES = "symbol interval startTime endTime timeZone limit"
ENDPOINTS = (
    _get("depth", depth, _depth_weight, "symbol limit symbolStatus"),
    _get("trades", recent_trades, 25, "symbol limit"),
    _get("historicalTrades", historical_trades, 25, "symbol limit fromId"),
    _get("historicalBlockTrades", block_trades, 25, "symbol limit fromId"),
    _get("aggTrades", aggregate_trades, 4, "symbol fromId startTime endTime limit"),
    _get("klines", klines, 2, _KLINES),
    _get("uiKlines", klines, 2, _KLINES),
    _get("avgPrice", average_price, 2, "symbol"),
    _get("ticker/24hr", day_ticker, _day_weight, "symbol symbols type symbolStatus"),
    _get(
        "ticker/tradingDay",
        trading_day_ticker,
        _window_weight,
        "symbol symbols timeZone type symbolStatus",
    ),
    _get("ticker/price", last_price, _price_weight, "symbol symbols symbolStatus"),
    _get("ticker/bookTicker", book_ticker, _price_weight, "symbol symbols symbolStatus"),
    _get("ticker", window_ticker, _window_weight, "symbol symbols windowSize type symbolStatus"),
)
