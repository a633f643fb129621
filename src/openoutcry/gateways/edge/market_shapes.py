"""The JSON of market data replies, one function a shape; REST and the WebSocket API share them.

Written out by hand: symbols, decimals and integers need no escaping. Times are in units of
`unit_us` microseconds: 1,000 for milliseconds, 1 for microseconds.
"""

from collections.abc import Iterable

from openoutcry.core.enums import Side
from openoutcry.core.records import TradeEvent
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.decimals import text_of
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import (
    AveragePrice,
    BestQuotes,
    Depth,
    Level,
    WindowStatistics,
)

MILLISECONDS = 1_000
MICROSECONDS = 1
_PERCENT_PLACES = 3
_SELL = int(Side.SELL)


def array(bodies: Iterable[str]) -> bytes:
    """Return a JSON array of shapes."""
    return f"[{','.join(bodies)}]".encode()


def depth(market: Market, book: Depth) -> str:
    """GET depth."""
    return (
        f'{{"lastUpdateId":{book.last_update_id},"bids":[{levels(market, book.bids)}],'
        f'"asks":[{levels(market, book.asks)}]}}'
    )


def levels(market: Market, found: Iterable[Level]) -> str:
    """Return price levels as pairs of decimals."""
    price, qty = market.price_text, market.qty_text
    return ",".join([f'["{price(ticks)}","{qty(lots)}"]' for ticks, lots in found])


def trade(market: Market, event: TradeEvent, unit_us: int) -> str:
    """GET trades, historicalTrades."""
    return (
        f'{{"id":{event.trade_id},"price":"{market.price_text(event.price_ticks)}",'
        f'"qty":"{market.qty_text(event.lots)}",'
        f'"quoteQty":"{market.quote_text(event.quote_atoms)}",'
        f'"time":{event.time_us // unit_us},'
        f'"isBuyerMaker":{_boolean(event.taker_side == _SELL)},"isBestMatch":true}}'
    )


def aggregate_trade(market: Market, found: AggregateTrade, unit_us: int) -> str:
    """GET aggTrades."""
    return (
        f'{{"a":{found.aggregate_id},"p":"{market.price_text(found.price_ticks)}",'
        f'"q":"{market.qty_text(found.lots)}","f":{found.first_trade_id},'
        f'"l":{found.last_trade_id},"T":{found.time_us // unit_us},'
        f'"m":{_boolean(found.buyer_is_maker)},"M":true}}'
    )


def kline(market: Market, bar: Candle, unit_us: int) -> str:
    """GET klines: twelve elements, the last of them unused."""
    price, qty, quote = market.price_text, market.qty_text, market.quote_text
    return (
        f'[{bar.open_us // unit_us},"{price(bar.open_ticks)}","{price(bar.high_ticks)}",'
        f'"{price(bar.low_ticks)}","{price(bar.close_ticks)}","{qty(bar.lots)}",'
        f'{bar.close_us // unit_us},"{quote(bar.quote_atoms)}",{bar.trades},'
        f'"{qty(bar.taker_buy_lots)}","{quote(bar.taker_buy_quote_atoms)}","0"]'
    )


def average_price(market: Market, minutes: int, average: AveragePrice, unit_us: int) -> str:
    """GET avgPrice."""
    if average.lots:
        text = weighted_price_text(market, average.lots, average.quote_atoms)
    else:
        text = market.price_text(average.last_ticks)
    return f'{{"mins":{minutes},"price":"{text}","closeTime":{average.last_trade_us // unit_us}}}'


def last_price(market: Market, price_ticks: int) -> str:
    """GET ticker/price."""
    return f'{{"symbol":"{market.symbol}","price":"{market.price_text(price_ticks)}"}}'


def book_ticker(market: Market, best: BestQuotes) -> str:
    """GET ticker/bookTicker."""
    return f'{{"symbol":"{market.symbol}",{_best(market, best)}}}'


def ticker_of_day(market: Market, window: WindowStatistics, best: BestQuotes, unit_us: int) -> str:
    """GET ticker/24hr with type FULL."""
    price, qty = market.price_text, market.qty_text
    return (
        f'{{"symbol":"{market.symbol}",{_change(market, window)},'
        f'"prevClosePrice":"{price(window.previous_close_ticks)}",'
        f'"lastPrice":"{price(window.last_ticks)}","lastQty":"{qty(window.last_lots)}",'
        f"{_best(market, best)},{_prices(market, window)},{_sums(market, window, unit_us)}}}"
    )


def ticker_of_window(market: Market, window: WindowStatistics, unit_us: int) -> str:
    """GET ticker and ticker/tradingDay with type FULL."""
    return (
        f'{{"symbol":"{market.symbol}",{_change(market, window)},{_prices(market, window)},'
        f'"lastPrice":"{market.price_text(window.last_ticks)}",{_sums(market, window, unit_us)}}}'
    )


def mini_ticker(market: Market, window: WindowStatistics, unit_us: int) -> str:
    """Any ticker with type MINI."""
    return (
        f'{{"symbol":"{market.symbol}",{_prices(market, window)},'
        f'"lastPrice":"{market.price_text(window.last_ticks)}",{_sums(market, window, unit_us)}}}'
    )


def weighted_price_text(market: Market, lots: int, quote_atoms: int) -> str:
    """Return what a base unit cost on average, rounded down; zero when nothing traded."""
    atoms = quote_atoms * 10**market.base.scale // (lots * market.lot_atoms) if lots else 0
    return text_of(atoms, market.quote.scale)


def change_text(market: Market, window: WindowStatistics) -> str:
    """Return by how much the price moved within a window."""
    change_ticks = window.last_ticks - window.open_ticks
    return text_of(change_ticks * market.tick_atoms, market.quote.scale)


def change_percent_text(window: WindowStatistics) -> str:
    """Return by how many percent the price moved, to the nearest of its places."""
    if window.open_ticks == 0:
        return text_of(0, _PERCENT_PLACES)
    change = (window.last_ticks - window.open_ticks) * 100 * 10**_PERCENT_PLACES
    size = (2 * abs(change) + window.open_ticks) // (2 * window.open_ticks)
    return text_of(size if change >= 0 else -size, _PERCENT_PLACES)


def _boolean(value: bool) -> str:  # noqa: FBT001 - the JSON of one
    return "true" if value else "false"


def _best(market: Market, best: BestQuotes) -> str:
    price, qty = market.price_text, market.qty_text
    return (
        f'"bidPrice":"{price(best.bid_ticks)}","bidQty":"{qty(best.bid_lots)}",'
        f'"askPrice":"{price(best.ask_ticks)}","askQty":"{qty(best.ask_lots)}"'
    )


def _change(market: Market, window: WindowStatistics) -> str:
    return (
        f'"priceChange":"{change_text(market, window)}",'
        f'"priceChangePercent":"{change_percent_text(window)}",'
        f'"weightedAvgPrice":"{weighted_price_text(market, window.lots, window.quote_atoms)}"'
    )


def _prices(market: Market, window: WindowStatistics) -> str:
    price = market.price_text
    return (
        f'"openPrice":"{price(window.open_ticks)}","highPrice":"{price(window.high_ticks)}",'
        f'"lowPrice":"{price(window.low_ticks)}"'
    )


def _sums(market: Market, window: WindowStatistics, unit_us: int) -> str:
    return (
        f'"volume":"{market.qty_text(window.lots)}",'
        f'"quoteVolume":"{market.quote_text(window.quote_atoms)}",'
        f'"openTime":{window.open_us // unit_us},"closeTime":{window.close_us // unit_us},'
        f'"firstId":{window.first_trade_id},"lastId":{window.last_trade_id},'
        f'"count":{window.trades}'
    )
