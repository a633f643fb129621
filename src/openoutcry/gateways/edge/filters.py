"""A market's filters, and the market itself, as exchangeInfo shows them."""

import json

from openoutcry.core.enums import MarketFlag, OrderType
from openoutcry.core.limits import MULTIPLIER_ONE, PRICE_TICKS_MAX, QTY_LOTS_MAX
from openoutcry.core.records import LimitsEvent, MetaRow
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.decimals import short_text_of

_MULTIPLIER_SCALE = len(str(MULTIPLIER_ONE)) - 1
_TYPE_ORDER = (
    OrderType.LIMIT,
    OrderType.LIMIT_MAKER,
    OrderType.MARKET,
    OrderType.STOP_LOSS,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
)
Filter = dict[str, object]


def compact(value: object) -> str:
    """Return JSON without blanks, in the order in which the fields were put."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _multiplier(value: int) -> str:
    return short_text_of(value, _MULTIPLIER_SCALE)


def symbol_filters(market: Market) -> list[Filter]:
    """Return the filters of a market, PRICE_FILTER first, as some clients count on it."""
    specification = market.specification
    price, qty = market.price_text, market.qty_text
    flags = specification.flags
    minutes = specification.average_price_minutes
    found: list[Filter] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": price(specification.price_ticks_min or 1),
            "maxPrice": price(specification.price_ticks_max or PRICE_TICKS_MAX),
            "tickSize": price(1),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": qty(specification.qty_lots_min or 1),
            "maxQty": qty(specification.qty_lots_max or QTY_LOTS_MAX),
            "stepSize": qty(1),
        },
    ]
    if specification.iceberg_parts_max:
        found.append({"filterType": "ICEBERG_PARTS", "limit": specification.iceberg_parts_max})
    found += [
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": qty(specification.market_qty_lots_min),
            "maxQty": qty(
                specification.market_qty_lots_max or specification.qty_lots_max or QTY_LOTS_MAX
            ),
            "stepSize": qty(specification.market_qty_lots_step),
        },
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": specification.trailing_above_bips_min or 1,
            "maxTrailingAboveDelta": specification.trailing_above_bips_max or MULTIPLIER_ONE - 1,
            "minTrailingBelowDelta": specification.trailing_below_bips_min or 1,
            "maxTrailingBelowDelta": specification.trailing_below_bips_max or MULTIPLIER_ONE - 1,
        },
    ]
    if any(_multipliers(market)):
        up_bid, down_bid, up_ask, down_ask = map(_multiplier, _multipliers(market))
        found.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up_bid,
                "bidMultiplierDown": down_bid,
                "askMultiplierUp": up_ask,
                "askMultiplierDown": down_ask,
                "avgPriceMins": minutes,
            }
        )
    found.append(
        {
            "filterType": "NOTIONAL",
            "minNotional": market.quote_text(specification.notional_atoms_min),
            "applyMinToMarket": bool(flags & MarketFlag.MIN_NOTIONAL_ON_MARKET),
            "maxNotional": market.quote_text(specification.notional_atoms_max or (1 << 62) - 1),
            "applyMaxToMarket": bool(flags & MarketFlag.MAX_NOTIONAL_ON_MARKET),
            "avgPriceMins": minutes,
        }
    )
    return found + _count_filters(market)


def _multipliers(market: Market) -> tuple[int, int, int, int]:
    specification = market.specification
    return (
        specification.bid_multiplier_up,
        specification.bid_multiplier_down,
        specification.ask_multiplier_up,
        specification.ask_multiplier_down,
    )


def _count_filters(market: Market) -> list[Filter]:
    specification = market.specification
    found: list[Filter] = []
    for kind, field, most in (
        ("MAX_NUM_ORDERS", "maxNumOrders", specification.orders_max),
        ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", specification.algo_orders_max),
        ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", specification.iceberg_orders_max),
        ("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", specification.amends_max),
    ):
        if most:
            found.append({"filterType": kind, field: most})
    if specification.position_lots_max:
        position = market.qty_text(specification.position_lots_max)
        found.append({"filterType": "MAX_POSITION", "maxPosition": position})
    return found


def exchange_filters(limits: LimitsEvent | MetaRow | None) -> list[Filter]:
    """Return the filters that hold over all markets together."""
    found: list[Filter] = []
    if limits is None:
        return found
    for kind, field, most in (
        ("EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders", limits.orders_max),
        ("EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", limits.algo_orders_max),
        ("EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", limits.iceberg_orders_max),
    ):
        if most:
            found.append({"filterType": kind, field: most})
    return found


def symbol_json(market: Market) -> str:
    """Return a market's part of exchangeInfo; made once for each version of the market."""
    if market.info_json is None:
        market.info_json = compact(_symbol(market))
    return market.info_json


def _symbol(market: Market) -> dict[str, object]:
    flags = market.specification.flags
    return {
        "symbol": market.symbol,
        "status": market.status.name,
        "baseAsset": market.base.name,
        "baseAssetPrecision": market.base.scale,
        "quoteAsset": market.quote.name,
        "quotePrecision": market.quote.scale,
        "quoteAssetPrecision": market.quote.scale,
        "baseCommissionPrecision": market.base.scale,
        "quoteCommissionPrecision": market.quote.scale,
        "orderTypes": [kind.name for kind in _TYPE_ORDER if kind in market.order_types],
        "icebergAllowed": bool(flags & MarketFlag.ICEBERG),
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": bool(flags & MarketFlag.QUOTE_ORDER_QTY),
        "allowTrailingStop": bool(flags & MarketFlag.TRAILING_STOP),
        "cancelReplaceAllowed": bool(flags & MarketFlag.CANCEL_REPLACE),
        "amendAllowed": bool(flags & MarketFlag.AMEND),
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": symbol_filters(market),
        "permissions": ["SPOT"],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": _default_stp_mode(market),
        "allowedSelfTradePreventionModes": [mode.name for mode in market.stp_modes],
    }


def _default_stp_mode(market: Market) -> str:
    default = market.specification.default_stp_mode
    return next(mode.name for mode in market.stp_modes if mode == default)
