"""Rows of the query tables: which columns they have, and how events become rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, LiteralString

from openoutcry.core.bars import Bar, aggregate_key
from openoutcry.core.enums import Side
from openoutcry.core.postings import Posting, postings_of_balance, postings_of_order
from openoutcry.core.records import (
    EVENTS,
    BalanceEvent,
    OrderEvent,
    OrderRequestedEvent,
    PreventedEvent,
    TradeEvent,
)
from openoutcry.ports.history import AggregateTrade, OrderState

NUMBER_MAX: Final = 1 << 62
"""An id or a time that is asked for beyond this means the same as this."""

CANDLE_COLUMNS: Final[LiteralString] = (
    "open_us, open_ticks, high_ticks, low_ticks, close_ticks, lots, quote_atoms, trades,"
    " taker_buy_lots, taker_buy_quote_atoms, first_trade_id, last_trade_id"
)
AGGREGATE_COLUMNS: Final[LiteralString] = (
    "aggregate_id, price_ticks, lots, first_trade_id, last_trade_id, time_us, buyer_is_maker"
)

_SELL = int(Side.SELL)
Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Where rows are copied to, and as what."""

    name: LiteralString
    columns: LiteralString
    types: tuple[str, ...]


ORDERS = Table(
    "staged_orders",
    "order_id, account_id, market, created_us, entity_seq, client_id, event",
    ("int8", "int8", "int4", "int8", "int8", "bytea", "bytea"),
)
FILLS = Table(
    "query.fills",
    "account_id, market, trade_id, entity_seq, order_id, event",
    ("int8", "int4", "int8", "int8", "int8", "bytea"),
)
TRADES = Table(
    "query.trades", "market, trade_id, time_us, event", ("int4", "int8", "int8", "bytea")
)
AGGREGATES = Table(
    "query.aggregates",
    f"market, {AGGREGATE_COLUMNS}",
    ("int4", "int8", "int8", "numeric", "int8", "int8", "int8", "bool"),
)
LEDGER = Table(
    "query.ledger",
    "partition, seq, number, time_us, cause, account_id, asset, market, debit, credit,"
    " amount_atoms",
    ("int4", "int8", "int4", "int8", "int2", "int8", "int4", "int4", "int2", "int2", "int8"),
)


def order_of(blob: bytes) -> OrderState:
    """Return the order event that a row holds."""
    event = EVENTS[blob[2]].unpack(blob)
    assert isinstance(event, (OrderEvent, OrderRequestedEvent))
    return event


def client_id(client_order_id: bytes) -> bytes:
    """Return a client order id as it is searched by."""
    return client_order_id.rstrip(b"\0")


def order_row(event: OrderState) -> Values:
    """Return a row of `ORDERS`."""
    return (
        event.order_id,
        event.account_id,
        event.market,
        event.created_us,
        event.entity_seq,
        client_id(event.client_order_id),
        event.pack(),
    )


def fill_row(event: OrderState) -> Values:
    """Return a row of `FILLS`."""
    where = (event.account_id, event.market, event.match_id, event.entity_seq)
    return (*where, event.order_id, event.pack())


def trade_row(trade: TradeEvent) -> Values:
    """Return a row of `TRADES`."""
    return (trade.market, trade.trade_id, trade.time_us, trade.pack())


def prevented_rows(event: PreventedEvent) -> list[Values]:
    """Return a row for each account that a prevented match concerns."""
    rest = (
        event.market,
        event.prevented_id,
        event.taker_order_id,
        event.maker_order_id,
        event.pack(),
    )
    accounts = dict.fromkeys((event.taker_account_id, event.maker_account_id))
    return [(account, *rest) for account in accounts]


def aggregate_rows(market: int, last_id: int, trades: Sequence[TradeEvent]) -> list[Values]:
    """Return rows of `AGGREGATES`: fills of one taker order at one price, numbered on."""
    rows: list[Values] = []
    for number, (_, group) in enumerate(groupby(trades, key=aggregate_key), last_id + 1):
        fills = list(group)
        first = fills[0]
        rows.append(
            (
                market,
                number,
                first.price_ticks,
                sum(fill.lots for fill in fills),
                first.trade_id,
                fills[-1].trade_id,
                first.time_us,
                first.taker_side == _SELL,
            )
        )
    return rows


def aggregate_of(row: Values) -> AggregateTrade:
    """Return the aggregate of a row, as selected by `AGGREGATE_COLUMNS`."""
    number, price_ticks, lots, first_id, last_id, time_us, buyer_is_maker = row
    return AggregateTrade(
        number, price_ticks, int(lots), first_id, last_id, time_us, buyer_is_maker
    )


def candle_row(market: int, interval: str, bar: Bar) -> Values:
    """Return a bar as a row of `query.candles`."""
    return (market, interval, bar.open_us, *bar.figures())


def bar_of(row: Values) -> Bar:
    """Return the bar of a row, as selected by `CANDLE_COLUMNS`."""
    open_us, *figures = (int(value) for value in row)
    return Bar.of(open_us, figures)


def postings_of(event: OrderState | BalanceEvent, assets: tuple[int, int]) -> Sequence[Posting]:
    """Return the entries behind an event; `assets` are base and quote of an order's market."""
    if isinstance(event, BalanceEvent):
        return postings_of_balance(event)
    return postings_of_order(event, *assets)


def ledger_row(
    partition: int,
    number: int,
    event: OrderState | BalanceEvent,
    posting: Posting,
) -> Values:
    """Return a row of `LEDGER`."""
    return (
        partition,
        event.seq,
        number,
        event.time_us,
        int(posting.cause),
        event.account_id,
        posting.debit.asset,
        posting.debit.market or posting.credit.market,
        int(posting.debit.purse),
        int(posting.credit.purse),
        posting.amount_atoms,
    )
