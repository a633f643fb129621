"""The reads of `ports.calls` as questions on the wire and back: one table for both sides."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.frames import ProtocolError, Query, Read
from openoutcry.core.records import Row
from openoutcry.ports.calls import Calls


def ask(
    calls: Calls, read: Read, channel: int, epoch: int
) -> tuple[Awaitable[Any], Callable[[Any], bytes]]:
    """Return the read to be awaited, and what makes the answer's frame of its value."""

    def rows(found: Sequence[Row]) -> bytes:
        return frames.rows(channel, epoch, b"".join([row.pack() for row in found]))

    def row(found: Row | None) -> bytes:
        return frames.rows(channel, epoch, b"" if found is None else found.pack())

    def number(found: int) -> bytes:
        return frames.numbers(channel, epoch, (found,))

    def pair(found: tuple[int, int]) -> bytes:
        return frames.numbers(channel, epoch, found)

    account_id, market = read.account_id, read.market
    match read.query:
        case Query.ORDER:
            return calls.order(account_id, read.order_id), row
        case Query.ORDER_BY_CLIENT_ID:
            return calls.order_by_client_id(account_id, market, read.client_order_id), row
        case Query.OPEN_ORDERS:
            return calls.open_orders(account_id, market), rows
        case Query.BALANCES:
            return calls.balances(account_id), rows
        case Query.ACCOUNT:
            return calls.account(account_id), row
        case Query.MARKET:
            return calls.market(market), row
        case Query.AVERAGE_PRICE:
            return calls.average_price_ticks(market), number
        case Query.FEE_RATES:
            return calls.fee_rates(account_id, market), pair
        case Query.COMMITTED_SEQ:
            return calls.committed_seq(account_id), number
        case Query.CATALOG:
            return calls.catalog(), rows
    raise ProtocolError(f"there is no read {read.query}")
