"""What an account may ask of itself: balances, orders, fills, limits, fees."""

from collections.abc import Sequence

from openoutcry.core.enums import AccountFlag, OrderFlag, Side
from openoutcry.core.limits import RATE_ONE
from openoutcry.gateways.edge import commissions, errors, filters, general, params, replies
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.service import ApiError, Call
from openoutcry.gateways.edge.trading import prevented_match_id
from openoutcry.ports.history import OrderState

_DAY_US = 24 * 60 * 60 * 1_000_000
_BIPS = 10_000
_LEGAL_TRADE_QUERIES = frozenset(
    frozenset(names.split())
    for names in (
        "",
        "orderId",
        "startTime",
        "endTime",
        "fromId",
        "startTime endTime",
        "orderId fromId",
    )
)


def _array(texts: Sequence[str]) -> bytes:
    return f"[{','.join(texts)}]".encode()


def _market(call: Call) -> Market:
    return params.market(call.exchange.catalog, call.parameters)


def _within_a_day(call: Call) -> tuple[int | None, int | None]:
    start, end = params.time_range(call.parameters)
    if start is not None and end is not None and end - start > _DAY_US:
        raise ApiError(400, -1127, "More than 24 hours between startTime and endTime.")
    return start, params.whole_millisecond(end)


async def account(call: Call) -> bytes:
    """GET account, account.status."""
    exchange, account_id = call.exchange, call.account_id
    omit_zero = params.boolean(call.parameters, "omitZeroBalances")
    row = await exchange.calls.account(account_id)
    if row is None:
        raise errors.key_rejected()
    held = {balance.asset: balance for balance in await exchange.calls.balances(account_id)}
    maker, taker = await exchange.calls.fee_rates(account_id, 0)
    balances = []
    for asset in exchange.catalog.assets():
        balance = held.get(asset.id)
        free, locked = (balance.free_atoms, balance.held_atoms) if balance else (0, 0)
        if free or locked or not omit_zero:
            balances.append(
                f'{{"asset":"{asset.name}","free":"{asset.text(free)}",'
                f'"locked":"{asset.text(locked)}"}}'
            )
    can = {flag: "true" if row.flags & flag else "false" for flag in AccountFlag}
    group = f',"tradeGroupId":{row.trade_group}' if row.trade_group else ""
    return (
        f'{{"makerCommission":{maker * _BIPS // RATE_ONE},'
        f'"takerCommission":{taker * _BIPS // RATE_ONE},'
        f'"buyerCommission":0,"sellerCommission":0,'
        f'"commissionRates":{commissions.rates_by_side(maker, taker)},'
        f'"canTrade":{can[AccountFlag.TRADE]},"canWithdraw":{can[AccountFlag.WITHDRAW]},'
        f'"canDeposit":{can[AccountFlag.DEPOSIT]},"brokered":false,'
        f'"requireSelfTradePrevention":false,"preventSor":false,'
        f'"updateTime":{call.time(call.now_us)},"accountType":"SPOT",'
        f'"balances":[{",".join(balances)}],"permissions":["SPOT"],"uid":{account_id}{group}}}'
    ).encode()


async def _queried(call: Call, market: Market, state: replies.State) -> str:
    prevented_id = await prevented_match_id(call, state) if state.prevented_lots else 0
    return replies.queried(market, state, prevented_id, microseconds=call.microseconds)


async def order(call: Call) -> bytes:
    """GET order, order.status: open ones from the exchange, ended ones from history."""
    market, exchange, account_id = _market(call), call.exchange, call.account_id
    values = call.parameters
    if "orderId" not in values and "origClientOrderId" not in values:
        raise errors.either_parameter("origClientOrderId", "orderId")
    order_id = params.optional_integer(values, "orderId")
    client_order_id = b""
    if "origClientOrderId" in values:
        text = values["origClientOrderId"]
        client_order_id = params.client_order_id("origClientOrderId", text)
    state: replies.State | None
    calls, history = exchange.calls, exchange.history
    if order_id is not None:
        state = await calls.order(account_id, order_id)
        if state is None:
            seq = await calls.committed_seq(account_id)
            state = await history.order(seq, account_id, order_id)
    else:
        state = await calls.order_by_client_id(account_id, market.id, client_order_id)
        if state is None:
            seq = await calls.committed_seq(account_id)
            state = await history.order_by_client_id(seq, account_id, market.id, client_order_id)
    if state is None or state.market != market.id or state.account_id != account_id:
        raise errors.no_such_order()
    if client_order_id and state.client_order_id.rstrip(b"\0") != client_order_id:
        raise ApiError(400, -2039, "Client order ID is not correct for this order ID.")
    return (await _queried(call, market, state)).encode()


async def open_orders(call: Call) -> bytes:
    """GET openOrders, openOrders.status."""
    catalog = call.exchange.catalog
    market_id = _market(call).id if "symbol" in call.parameters else 0
    rows = await call.exchange.calls.open_orders(call.account_id, market_id)
    return _array([await _queried(call, catalog.market_by_id(row.market), row) for row in rows])


async def all_orders(call: Call) -> bytes:
    """GET allOrders, allOrders."""
    market, exchange = _market(call), call.exchange
    start, end = _within_a_day(call)
    from_order_id = params.optional_integer(call.parameters, "orderId")
    if from_order_id is not None and (start is not None or end is not None):
        start = end = None
    limit = params.limit(call.parameters, 500, 1000)
    seq = await exchange.calls.committed_seq(call.account_id)
    states = await exchange.history.orders(
        seq,
        call.account_id,
        market.id,
        from_order_id=from_order_id,
        start_us=start,
        end_us=end,
        limit=limit,
    )
    return _array([await _queried(call, market, state) for state in states])


async def my_trades(call: Call) -> bytes:
    """GET myTrades, myTrades."""
    market, exchange = _market(call), call.exchange
    sent = frozenset(call.parameters) - {"symbol", "limit"}
    if sent not in _LEGAL_TRADE_QUERIES:
        raise errors.bad_combination()
    start, end = _within_a_day(call)
    order_id = params.optional_integer(call.parameters, "orderId")
    from_trade_id = params.optional_integer(call.parameters, "fromId")
    limit = params.limit(call.parameters, 500, 1000)
    seq = await exchange.calls.committed_seq(call.account_id)
    fills = await exchange.history.fills(
        seq,
        call.account_id,
        market.id,
        order_id=order_id,
        from_trade_id=from_trade_id,
        start_us=start,
        end_us=end,
        limit=limit,
    )
    return _array([_trade(call, market, fill) for fill in fills])


def _trade(call: Call, market: Market, fill: OrderState) -> str:
    is_buyer = fill.side == Side.BUY
    asset = market.base if is_buyer else market.quote
    quote = fill.last_ticks * fill.last_lots * market.tick_lot_atoms
    return (
        f'{{"symbol":"{market.symbol}","id":{fill.match_id},"orderId":{fill.order_id},'
        f'"orderListId":-1,"price":"{market.price_text(fill.last_ticks)}",'
        f'"qty":"{market.qty_text(fill.last_lots)}","quoteQty":"{market.quote_text(quote)}",'
        f'"commission":"{asset.text(fill.fee_atoms)}","commissionAsset":"{asset.name}",'
        f'"time":{call.time(fill.time_us)},"isBuyer":{"true" if is_buyer else "false"},'
        f'"isMaker":{"true" if fill.flags & OrderFlag.MAKER else "false"},"isBestMatch":true}}'
    )


async def order_rate_limits(call: Call) -> bytes:
    """GET rateLimit/order, account.rateLimits.orders."""
    counts = await call.exchange.limiter.all_order_counts(call.account_id, call.now_us)
    return _array(
        [
            f'{{"rateLimitType":"ORDERS","interval":"{interval}","intervalNum":{number},'
            f'"limit":{limit},"count":{count}}}'
            for (interval, number, limit), count in zip(general.ORDER_LIMITS, counts, strict=True)
        ]
    )


async def commission(call: Call) -> bytes:
    """GET account/commission, account.commission."""
    market = _market(call)
    rates = await call.exchange.calls.fee_rates(call.account_id, market.id)
    return commissions.commission_of_account(market.symbol, *rates)


async def amendments(call: Call) -> bytes:
    """GET order/amendments, order.amendments."""
    market, exchange = _market(call), call.exchange
    params.text(call.parameters, "orderId")
    order_id = params.optional_integer(call.parameters, "orderId")
    from_id = params.optional_integer(call.parameters, "fromExecutionId")
    limit = params.limit(call.parameters, 500, 1000)
    seq = await exchange.calls.committed_seq(call.account_id)
    found = await exchange.history.amendments(
        seq, call.account_id, order_id or 0, from_id or 0, limit
    )
    return _array(
        [
            f'{{"symbol":"{market.symbol}","orderId":{event.order_id},'
            f'"executionId":{execution_id},'
            f'"origClientOrderId":"{replies.id_text(event.request_client_order_id)}",'
            f'"newClientOrderId":"{replies.id_text(event.client_order_id)}",'
            f'"origQty":"{market.qty_text(before)}","newQty":"{market.qty_text(event.qty_lots)}",'
            f'"time":{call.time(event.time_us)}}}'
            for execution_id, event, before in found
            if event.market == market.id
        ]
    )


async def prevented_matches(call: Call) -> bytes:
    """GET myPreventedMatches, myPreventedMatches."""
    market, exchange = _market(call), call.exchange
    values = call.parameters
    prevented_id = params.optional_integer(values, "preventedMatchId")
    order_id = params.optional_integer(values, "orderId")
    from_id = params.optional_integer(values, "fromPreventedMatchId")
    if (prevented_id is None) == (order_id is None):
        if prevented_id is None:
            raise errors.either_parameter("preventedMatchId", "orderId")
        raise errors.bad_combination()
    if from_id is not None and order_id is None:
        raise errors.bad_combination()
    seq = await exchange.calls.committed_seq(call.account_id)
    found = await exchange.history.prevented_matches(
        seq,
        call.account_id,
        market.id,
        prevented_id=prevented_id,
        order_id=order_id,
        from_prevented_id=from_id,
        limit=params.limit(values, 500, 1000),
    )
    texts = []
    for event in found:
        texts.append(
            f'{{"symbol":"{market.symbol}","preventedMatchId":{event.prevented_id},'
            f'"takerOrderId":{event.taker_order_id},"makerSymbol":"{market.symbol}",'
            f'"makerOrderId":{event.maker_order_id},'
            f'"tradeGroupId":{event.trade_group or -1},'
            f'"selfTradePreventionMode":"{replies.STP_MODES[event.stp_mode]}",'
            f'"price":"{market.price_text(event.price_ticks)}"'
            f"{replies.prevented_quantities(market, event)},"
            f'"transactTime":{call.time(event.time_us)}}}'
        )
    return _array(texts)


def allocations(call: Call) -> bytes:
    """GET myAllocations, myAllocations: nothing is ever filled across books."""
    _market(call)
    return b"[]"


def my_filters(call: Call) -> bytes:
    """GET myFilters, myFilters."""
    market = _market(call)
    return filters.compact(
        {
            "exchangeFilters": filters.exchange_filters(call.exchange.catalog.limits),
            "symbolFilters": filters.symbol_filters(market),
            "assetFilters": [],
        }
    ).encode()


def no_order_lists(_call: Call) -> bytes:
    """GET openOrderList and allOrderList: this exchange has no order lists yet."""
    return b"[]"


def no_such_order_list(call: Call) -> bytes:
    """GET orderList."""
    if not {"orderListId", "origClientOrderId"}.intersection(call.parameters):
        raise errors.either_parameter("origClientOrderId", "orderListId")
    raise ApiError(400, -2018, "Order list does not exist.")


def cancel_order_list(call: Call) -> bytes:
    """DELETE orderList."""
    _market(call)
    raise ApiError(400, -2011, "Unknown order sent.")


def oco_not_supported(call: Call) -> bytes:
    """POST order/oco, orderList/oco and orderList/otoco."""
    _market(call)
    raise ApiError(400, -2010, "OCO orders are not supported for this symbol")


def opo_not_supported(call: Call) -> bytes:
    """POST orderList/opo and orderList/opoco."""
    _market(call)
    raise ApiError(400, -2010, "OPO orders are not supported for this symbol.")


def not_supported(_call: Call) -> bytes:
    """What the API has and this exchange does not."""
    raise errors.unsupported_operation()
