"""The JSON of market stream events, from what the market data port answers.

Written out by hand: symbols, decimals and integers need no escaping, and these lines run for every
event of every stream. Times are in units of `unit_us`: 1,000 for milliseconds, 1 for microseconds.
"""

from openoutcry.core.enums import Side
from openoutcry.core.records import TradeEvent
from openoutcry.gateways.edge import market_shapes as shapes
from openoutcry.gateways.edge.catalog import Market
from openoutcry.ports.history import AggregateTrade, Candle
from openoutcry.ports.market_data import (
    AveragePrice,
    BestQuotes,
    Depth,
    WindowStatistics,
)

_SELL = int(Side.SELL)


def _flag(value: bool) -> str:  # noqa: FBT001 - the JSON of one
    return "true" if value else "false"


def trade_json(market: Market, trade: TradeEvent, now_us: int, unit_us: int) -> str:
    """`<symbol>@trade`."""
    return (
        f'{{"e":"trade","E":{now_us // unit_us},"s":"{market.symbol}","t":{trade.trade_id},'
        f'"p":"{market.price_text(trade.price_ticks)}","q":"{market.qty_text(trade.lots)}",'
        f'"T":{trade.time_us // unit_us},"m":{_flag(trade.taker_side == _SELL)},"M":true}}'
    )


def aggregate_trade_json(market: Market, trade: AggregateTrade, now_us: int, unit_us: int) -> str:
    """`<symbol>@aggTrade`."""
    return (
        f'{{"e":"aggTrade","E":{now_us // unit_us},"s":"{market.symbol}",'
        f'"a":{trade.aggregate_id},"p":"{market.price_text(trade.price_ticks)}",'
        f'"q":"{market.qty_text(trade.lots)}","f":{trade.first_trade_id},'
        f'"l":{trade.last_trade_id},"T":{trade.time_us // unit_us},'
        f'"m":{_flag(trade.buyer_is_maker)},"M":true}}'
    )


def book_ticker_json(market: Market, best: BestQuotes, _unit_us: int) -> str:
    """`<symbol>@bookTicker`."""
    return (
        f'{{"u":{best.update_id},"s":"{market.symbol}",'
        f'"b":"{market.price_text(best.bid_ticks)}","B":"{market.qty_text(best.bid_lots)}",'
        f'"a":"{market.price_text(best.ask_ticks)}","A":"{market.qty_text(best.ask_lots)}"}}'
    )


def partial_depth_json(market: Market, depth: Depth, _unit_us: int) -> str:
    """`<symbol>@depth<levels>`."""
    return shapes.depth(market, depth)


def diff_depth_json(
    market: Market,
    update_ids: tuple[int, int],
    bids: dict[int, int],
    asks: dict[int, int],
    now_us: int,
    unit_us: int,
) -> str:
    """`<symbol>@depth`: bids from the best down, asks from the best up."""
    down = sorted(bids.items(), reverse=True)
    return (
        f'{{"e":"depthUpdate","E":{now_us // unit_us},"s":"{market.symbol}",'
        f'"U":{update_ids[0]},"u":{update_ids[1]},"b":[{shapes.levels(market, down)}],'
        f'"a":[{shapes.levels(market, sorted(asks.items()))}]}}'
    )


def kline_json(
    market: Market, interval: str, bar: Candle, now_us: int, unit_us: int, *, closed: bool
) -> str:
    """`<symbol>@kline_<interval>`."""
    price, qty, quote = market.price_text, market.qty_text, market.quote_text
    return (
        f'{{"e":"kline","E":{now_us // unit_us},"s":"{market.symbol}","k":{{'
        f'"t":{bar.open_us // unit_us},"T":{bar.close_us // unit_us},"s":"{market.symbol}",'
        f'"i":"{interval}","f":{bar.first_trade_id},"L":{bar.last_trade_id},'
        f'"o":"{price(bar.open_ticks)}","c":"{price(bar.close_ticks)}",'
        f'"h":"{price(bar.high_ticks)}","l":"{price(bar.low_ticks)}","v":"{qty(bar.lots)}",'
        f'"n":{bar.trades},"x":{_flag(closed)},"q":"{quote(bar.quote_atoms)}",'
        f'"V":"{qty(bar.taker_buy_lots)}","Q":"{quote(bar.taker_buy_quote_atoms)}","B":"0"}}}}'
    )


def mini_ticker_json(market: Market, window: WindowStatistics, now_us: int, unit_us: int) -> str:
    """`<symbol>@miniTicker`."""
    price = market.price_text
    return (
        f'{{"e":"24hrMiniTicker","E":{now_us // unit_us},"s":"{market.symbol}",'
        f'"c":"{price(window.last_ticks)}","o":"{price(window.open_ticks)}",'
        f'"h":"{price(window.high_ticks)}","l":"{price(window.low_ticks)}",'
        f'"v":"{market.qty_text(window.lots)}","q":"{market.quote_text(window.quote_atoms)}"}}'
    )


def ticker_json(
    market: Market, window: WindowStatistics, best: BestQuotes, now_us: int, unit_us: int
) -> str:
    """`<symbol>@ticker`."""
    price, qty = market.price_text, market.qty_text
    return (
        f'{{"e":"24hrTicker","E":{now_us // unit_us},"s":"{market.symbol}",'
        f"{_change_json(market, window)},"
        f'"x":"{price(window.previous_close_ticks)}","c":"{price(window.last_ticks)}",'
        f'"Q":"{qty(window.last_lots)}","b":"{price(best.bid_ticks)}","B":"{qty(best.bid_lots)}",'
        f'"a":"{price(best.ask_ticks)}","A":"{qty(best.ask_lots)}",'
        f"{_window_json(market, window, unit_us)}}}"
    )


def window_ticker_json(
    market: Market, name: str, window: WindowStatistics, now_us: int, unit_us: int
) -> str:
    """`<symbol>@ticker_<window>`."""
    return (
        f'{{"e":"{name}Ticker","E":{now_us // unit_us},"s":"{market.symbol}",'
        f"{_change_json(market, window)},"
        f'"c":"{market.price_text(window.last_ticks)}",'
        f"{_window_json(market, window, unit_us)}}}"
    )


def _change_json(market: Market, window: WindowStatistics) -> str:
    return (
        f'"p":"{shapes.change_text(market, window)}","P":"{shapes.change_percent_text(window)}",'
        f'"w":"{shapes.weighted_price_text(market, window.lots, window.quote_atoms)}"'
    )


def _window_json(market: Market, window: WindowStatistics, unit_us: int) -> str:
    price = market.price_text
    return (
        f'"o":"{price(window.open_ticks)}","h":"{price(window.high_ticks)}",'
        f'"l":"{price(window.low_ticks)}","v":"{market.qty_text(window.lots)}",'
        f'"q":"{market.quote_text(window.quote_atoms)}","O":{window.open_us // unit_us},'
        f'"C":{window.close_us // unit_us},"F":{window.first_trade_id},'
        f'"L":{window.last_trade_id},"n":{window.trades}'
    )


def average_price_json(
    market: Market, minutes: int, average: AveragePrice, now_us: int, unit_us: int
) -> str:
    """`<symbol>@avgPrice`."""
    if average.lots:
        price = shapes.weighted_price_text(market, average.lots, average.quote_atoms)
    else:
        price = market.price_text(average.last_ticks)
    return (
        f'{{"e":"avgPrice","E":{now_us // unit_us},"s":"{market.symbol}","i":"{minutes}m",'
        f'"w":"{price}","T":{average.last_trade_us // unit_us}}}'
    )
