"""Order parameters to commands: the same for every protocol that carries names and texts."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from openoutcry.core.enums import (
    CancelReplaceMode,
    CancelRestriction,
    OrderType,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import entity_of_shard
from openoutcry.core.limits import ACCOUNT_SHARDS, MULTIPLIER_ONE, PRICE_TICKS_MAX
from openoutcry.core.records import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    CancelReplace,
    Command,
    NewOrder,
)
from openoutcry.gateways.edge import errors, params
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.service import ApiError, Call
from openoutcry.ports.market_data import MarketData

COLLAR = (3, 2)
"""How far past the price that it sees a market order may reach: up by a half, down to a half."""
DEDUPE_US_MAX = 61_000_000
"""Longest time for which the kernel remembers a request: the largest window and a second ahead."""
STRATEGY_TYPE_MIN = 1_000_000
STRATEGY_TYPE_MAX = (1 << 31) - 1
_pack_new_order = NewOrder.STRUCT.pack
_SHARD_ENTITY = entity_of_shard(0)
_PEG_PARAMETERS = ("pegPriceType", "pegOffsetType", "pegOffsetValue")

ORDER_PARAMETERS = frozenset(
    [
        "symbol",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "quoteOrderQty",
        "price",
        "newClientOrderId",
        "strategyId",
        "strategyType",
        "stopPrice",
        "trailingDelta",
        "icebergQty",
        "newOrderRespType",
        "selfTradePreventionMode",
        "pegPriceType",
        "pegOffsetType",
        "pegOffsetValue",
    ]
)
CANCEL_PARAMETERS = frozenset(
    ["symbol", "orderId", "origClientOrderId", "newClientOrderId", "cancelRestrictions"]
)
CANCEL_REPLACE_PARAMETERS = ORDER_PARAMETERS | frozenset(
    [
        "cancelReplaceMode",
        "cancelOrderId",
        "cancelOrigClientOrderId",
        "cancelNewClientOrderId",
        "cancelRestrictions",
        "orderRateLimitExceededMode",
    ]
)
AMEND_PARAMETERS = frozenset(
    ["symbol", "orderId", "origClientOrderId", "newClientOrderId", "newQty"]
)

_CONDITIONS = ("stopPrice", "trailingDelta")
_SIDES = dict(Side.__members__)
_ORDER_TYPES = dict(OrderType.__members__)
_TIMES_IN_FORCE: dict[str | None, TimeInForce] = {
    None: TimeInForce.NONE,
    **{kind.name: kind for kind in TimeInForce if kind},
}
_COMMON = frozenset(
    [
        "symbol",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "price",
        "newClientOrderId",
        "newOrderRespType",
    ]
)
"""What most orders have and nothing else."""
_NEEDED: dict[OrderType, tuple[str, ...]] = {
    OrderType.LIMIT: ("timeInForce", "quantity", "price"),
    OrderType.MARKET: (),
    OrderType.LIMIT_MAKER: ("quantity", "price"),
    OrderType.STOP_LOSS: ("quantity",),
    OrderType.STOP_LOSS_LIMIT: ("timeInForce", "quantity", "price"),
    OrderType.TAKE_PROFIT: ("quantity",),
    OrderType.TAKE_PROFIT_LIMIT: ("timeInForce", "quantity", "price"),
}
_REFUSED: dict[OrderType, tuple[str, ...]] = {
    OrderType.LIMIT: ("quoteOrderQty", *_CONDITIONS),
    OrderType.MARKET: ("timeInForce", "price", "icebergQty", *_CONDITIONS),
    OrderType.LIMIT_MAKER: ("timeInForce", "quoteOrderQty", *_CONDITIONS),
    OrderType.STOP_LOSS: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    OrderType.STOP_LOSS_LIMIT: ("quoteOrderQty",),
    OrderType.TAKE_PROFIT: ("timeInForce", "price", "quoteOrderQty", "icebergQty"),
    OrderType.TAKE_PROFIT_LIMIT: ("quoteOrderQty",),
}
_NEEDED_SETS = {kind: frozenset(names) for kind, names in _NEEDED.items()}
_REFUSED_SETS = {kind: frozenset(names) for kind, names in _REFUSED.items()}
_CONDITIONAL = frozenset(
    (
        OrderType.STOP_LOSS,
        OrderType.STOP_LOSS_LIMIT,
        OrderType.TAKE_PROFIT,
        OrderType.TAKE_PROFIT_LIMIT,
    )
)
_UNPRICED = frozenset((OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT))
_FULL_BY_DEFAULT = frozenset((OrderType.MARKET, OrderType.LIMIT))
RESPONSES = frozenset(("ACK", "RESULT", "FULL"))
_NOT_SUPPORTED = {
    OrderType.LIMIT: "Limit orders are not supported for this symbol.",
    OrderType.MARKET: "Market orders are not supported for this symbol.",
    OrderType.LIMIT_MAKER: "Limit maker orders are not supported for this symbol.",
    OrderType.STOP_LOSS: "Stop loss orders are not supported for this symbol.",
    OrderType.STOP_LOSS_LIMIT: "Stop loss limit orders are not supported for this symbol.",
    OrderType.TAKE_PROFIT: "Take profit orders are not supported for this symbol.",
    OrderType.TAKE_PROFIT_LIMIT: "Take profit limit orders are not supported for this symbol.",
}


@dataclass(slots=True)
class Draft:
    """A new order in the kernel's units, not yet a command."""

    market: Market
    side: int
    order_type: OrderType
    time_in_force: int
    stp_mode: int
    price_ticks: int
    qty_lots: int
    client_order_id: bytes
    response: str
    """ACK, RESULT or FULL."""
    quote_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    trailing_bips: int = 0
    worst_ticks: int = 0
    strategy_id: int = 0
    strategy_type: int = 0

    def body(self) -> tuple[int | bytes, ...]:
        """Return the fields of a command from `market` to `client_order_id`, in their order."""
        return (
            self.market.id,
            self.side,
            self.order_type,
            self.time_in_force,
            self.stp_mode,
            self.market.version,
            self.trailing_bips,
            self.price_ticks,
            self.qty_lots,
            self.quote_atoms,
            self.stop_ticks,
            self.iceberg_lots,
            self.worst_ticks,
            self.strategy_id,
            self.strategy_type,
            self.client_order_id,
        )


def generated_id(call: Call, salt: int = 0) -> bytes:
    """Return a client order id of 22 characters, the same whenever the same request comes again."""
    return id_of_digest(call.digest_lo ^ salt, call.digest_hi)


def id_of_digest(low: int, high: int) -> bytes:
    """Return the client order id of a request that brought none, from its digest."""
    raw = low.to_bytes(8, "little") + high.to_bytes(8, "little")
    return b64encode(raw, b"-_")[:22]


def parse_order(call: Call) -> Draft:
    """Read a new order from a call's parameters; raises what the API says of bad ones."""
    values = call.parameters
    get = values.get
    market = params.market(call.exchange.catalog, values)
    side = _SIDES.get(values.get("side", ""))
    if side is None:
        params.text(values, "side")
        raise ApiError(400, -1117, "Invalid side.")
    order_type = _ORDER_TYPES.get(values.get("type", ""))
    if order_type is None:
        params.text(values, "type")
        raise ApiError(400, -1116, "Invalid orderType.")
    _check_presence(values, order_type)
    time_in_force = _TIMES_IN_FORCE.get(get("timeInForce"))
    if time_in_force is None:
        raise ApiError(400, -1115, "Invalid timeInForce.")
    value = get("price")
    price_ticks = 0 if value is None else market.price_ticks("price", value)
    value = get("quantity")
    qty_lots = 0 if value is None else market.lots("quantity", value)
    value = get("newClientOrderId")
    client_order_id = (
        generated_id(call) if value is None else params.client_order_id("newClientOrderId", value)
    )
    value = get("newOrderRespType")
    if value is None:
        value = "FULL" if order_type in _FULL_BY_DEFAULT else "ACK"
    elif value not in RESPONSES:
        raise ApiError(400, -1136, "Invalid newOrderRespType.")
    if order_type not in market.order_types:
        raise ApiError(400, -2010, _NOT_SUPPORTED[order_type])
    draft = Draft(
        market,
        side,
        order_type,
        time_in_force,
        market.specification.default_stp_mode,
        price_ticks,
        qty_lots,
        client_order_id,
        value,
    )
    if not values.keys() <= _COMMON:
        _parse_rest(values, draft)
    if order_type in _UNPRICED:
        market_data = call.exchange.market_data
        draft.worst_ticks = worst_ticks(market, draft.side, draft.stop_ticks, market_data)
    return draft


def _check_presence(values: Mapping[str, str], order_type: OrderType) -> None:
    if not _NEEDED_SETS[order_type] <= values.keys():
        missing = next(name for name in _NEEDED[order_type] if name not in values)
        raise errors.mandatory_parameter(missing)
    if not _REFUSED_SETS[order_type].isdisjoint(values):
        raise errors.not_required(next(name for name in _REFUSED[order_type] if name in values))
    if order_type is OrderType.MARKET:
        if ("quantity" in values) == ("quoteOrderQty" in values):
            if "quantity" in values:
                raise errors.bad_combination()
            raise errors.either_parameter("quantity", "quoteOrderQty")
    elif order_type in _CONDITIONAL and not any(name in values for name in _CONDITIONS):
        raise errors.either_parameter(*_CONDITIONS)


def _parse_rest(values: Mapping[str, str], draft: Draft) -> None:
    """Read the parameters that most orders do without."""
    market = draft.market
    if (value := values.get("stopPrice")) is not None:
        draft.stop_ticks = market.price_ticks("stopPrice", value)
    if (value := values.get("quoteOrderQty")) is not None:
        draft.quote_atoms = market.quote.atoms("quoteOrderQty", value)
        if draft.quote_atoms == 0:
            raise errors.filter_failure("NOTIONAL")
    if (value := values.get("icebergQty")) is not None:
        draft.iceberg_lots = market.lots("icebergQty", value)
    if (value := values.get("trailingDelta")) is not None:
        draft.trailing_bips = params.integer("trailingDelta", value)
        if not 0 < draft.trailing_bips < MULTIPLIER_ONE:
            raise errors.filter_failure("TRAILING_DELTA")
    if (value := values.get("selfTradePreventionMode")) is not None:
        mode = StpMode.__members__.get(value)
        if mode is None:
            raise errors.invalid_data("selfTradePreventionMode")
        draft.stp_mode = mode
    if (value := values.get("strategyId")) is not None:
        draft.strategy_id = params.integer("strategyId", value)
    if (value := values.get("strategyType")) is not None:
        draft.strategy_type = params.integer("strategyType", value, most=STRATEGY_TYPE_MAX)
        if draft.strategy_type < STRATEGY_TYPE_MIN:
            raise ApiError(400, -1134, "`strategyType` was less than 1000000.")
    if any(name in values for name in _PEG_PARAMETERS):
        raise ApiError(400, -2010, "Pegged orders are not supported for this symbol.")


def worst_ticks(market: Market, side: int, stop_ticks: int, market_data: MarketData) -> int:
    """Return the collar of an order without a price: what it may pay, or accept, at worst.

    It stands a half away from the stop price, or else from the price that the order would meet now;
    a market that has none of these is bounded by its PRICE_FILTER alone.
    """
    specification = market.specification
    seen = stop_ticks
    if seen == 0:
        best = market_data.best(market.id)
        seen = best.ask_ticks if side == Side.BUY else best.bid_ticks
        seen = seen or market_data.last_price_ticks(market.id)
    up, down = COLLAR
    if side == Side.BUY:
        most = specification.price_ticks_max or PRICE_TICKS_MAX
        return min(-(-seen * up // down), most) if seen else most
    least = specification.price_ticks_min or 1
    return max(seen * down // (up + 1), least) if seen else least


def _header(call: Call, record: type[Command]) -> tuple[int, ...]:
    account_id = call.account_id
    return (
        record.SIZE,
        record.KIND,
        1,
        _SHARD_ENTITY | account_id & (ACCOUNT_SHARDS - 1),
        account_id,
        call.digest_lo,
        call.digest_hi,
        call.deadline_us,
        0,
    )


def new_order(call: Call, draft: Draft) -> bytes:
    """Return the command of a new order."""
    return _pack_new_order(*_header(call, NewOrder), *draft.body())


def plain_order(
    sender: tuple[int, int, int, int],
    market: Market,
    kinds: tuple[int, int, int],
    figures: tuple[int, int, int],
    client_order_id: bytes,
) -> bytes:
    """Return the command of a new order that has only what every order has.

    `sender`: account, the two words of the digest, deadline. `kinds`: side, type, time in force.
    `figures`: price in ticks, quantity in lots, the collar in ticks.
    """
    account_id, digest_lo, digest_hi, deadline_us = sender
    side, order_type, time_in_force = kinds
    price_ticks, qty_lots, worst_ticks = figures
    return _pack_new_order(
        NewOrder.SIZE,
        NewOrder.KIND,
        1,
        _SHARD_ENTITY | account_id & (ACCOUNT_SHARDS - 1),
        account_id,
        digest_lo,
        digest_hi,
        deadline_us,
        0,
        market.id,
        side,
        order_type,
        time_in_force,
        market.specification.default_stp_mode,
        market.version,
        0,
        price_ticks,
        qty_lots,
        0,
        0,
        0,
        worst_ticks,
        0,
        0,
        client_order_id,
    )


@dataclass(slots=True)
class Target:
    """The order that a cancel or an amendment speaks of."""

    order_id: int
    client_order_id: bytes


def parse_target(
    values: Mapping[str, str], by_id: str = "orderId", by_client_id: str = "origClientOrderId"
) -> Target:
    """Read which order is meant: by its id, its client order id, or both, which then must agree."""
    order_id = values.get(by_id)
    client_order_id = values.get(by_client_id)
    if order_id is None and client_order_id is None:
        raise errors.either_parameter(by_client_id, by_id)
    number = 0
    if order_id is not None:
        number = params.integer(by_id, order_id)
        if number == 0 and client_order_id is None:
            number = params.INTEGER_MAX  # nobody's, and not "look by client order id"
    text = b""
    if client_order_id is not None:
        text = params.client_order_id(by_client_id, client_order_id)
    return Target(number, text)


def parse_restriction(values: Mapping[str, str]) -> int:
    """Read `cancelRestrictions`."""
    value = values.get("cancelRestrictions")
    if value is None:
        return CancelRestriction.NONE
    found = CancelRestriction.__members__.get(value)
    if not found:
        raise ApiError(
            400,
            -1145,
            "`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.",
        )
    return found


def _own_id(call: Call, name: str, salt: int = 0) -> bytes:
    value = call.parameters.get(name)
    return generated_id(call, salt) if value is None else params.client_order_id(name, value)


def own_cancel_id(call: Call) -> bytes:
    """Return the id that the cancel of a replacement goes by."""
    return _own_id(call, "cancelNewClientOrderId", 1)


def cancel_order(call: Call, market: Market) -> bytes:
    """Return the command that cancels one order."""
    target = parse_target(call.parameters)
    return CancelOrder.STRUCT.pack(
        *_header(call, CancelOrder),
        market.id,
        parse_restriction(call.parameters),
        target.order_id,
        target.client_order_id,
        _own_id(call, "newClientOrderId"),
    )


def cancel_all(call: Call, market: Market, *, again: bool = False) -> bytes:
    """Return the command that cancels a bounded number of orders; a repetition has no digest."""
    header = _header(call, CancelAll)
    if again:
        header = (*header[:5], 0, 0, 0, 0)
    return CancelAll.STRUCT.pack(*header, market.id)


def cancel_replace(call: Call, draft: Draft) -> bytes:
    """Return the command that cancels an order and places another."""
    values = call.parameters
    mode = CancelReplaceMode.__members__.get(params.text(values, "cancelReplaceMode"))
    if mode is None:
        raise errors.invalid_data("cancelReplaceMode")
    target = parse_target(values, "cancelOrderId", "cancelOrigClientOrderId")
    return CancelReplace.STRUCT.pack(
        *_header(call, CancelReplace),
        *draft.body(),
        target.order_id,
        target.client_order_id,
        own_cancel_id(call),
        mode,
        parse_restriction(values),
    )


def cancel_of_replace(call: Call, market: Market) -> bytes:
    """Return the command of a cancel-replace that may not place: its cancel alone."""
    target = parse_target(call.parameters, "cancelOrderId", "cancelOrigClientOrderId")
    return CancelOrder.STRUCT.pack(
        *_header(call, CancelOrder),
        market.id,
        parse_restriction(call.parameters),
        target.order_id,
        target.client_order_id,
        own_cancel_id(call),
    )


def amend_order(call: Call, market: Market) -> bytes:
    """Return the command that makes an order smaller."""
    values = call.parameters
    target = parse_target(values)
    qty_lots = market.lots("newQty", params.text(values, "newQty"))
    return AmendOrder.STRUCT.pack(
        *_header(call, AmendOrder),
        market.id,
        target.order_id,
        qty_lots,
        target.client_order_id,
        _own_id(call, "newClientOrderId"),
    )
