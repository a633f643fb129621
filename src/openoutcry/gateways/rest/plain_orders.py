"""The short way of `POST order`: plain orders without a task, a future or a decoded event.

An order is plain when it is a LIMIT, LIMIT_MAKER or MARKET order by quantity, its form is spelt
plainly, and nothing is wrong with it. Whatever is not plain goes the general way of
`edge/trading.py`, from the start or, when it turned out late, from the reply on. So the short way
refuses nothing itself, and each refusal has one wording.
"""

from openoutcry.core.enums import OrderType
from openoutcry.gateways.edge import orders, replies
from openoutcry.gateways.edge.auth import (
    RECEIVE_WINDOW_US,
    RECEIVE_WINDOW_US_MAX,
    Authenticator,
    request_digest,
)
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.params import MILLISECONDS_BELOW
from openoutcry.gateways.edge.service import ApiError, Body, Call, Exchange, Request, Security
from openoutcry.ports.calls import Reply
from openoutcry.ports.plain_orders import PlainOrders, PlainWriter
from openoutcry.ports.users import ApiKey

_MARKET = int(OrderType.MARKET)
_LIMIT_MAKER = int(OrderType.LIMIT_MAKER)
WORDS = [
    replies.STATUSES,
    replies.TIMES_IN_FORCE,
    replies.ORDER_TYPES,
    replies.SIDES,
    replies.STP_MODES,
]


class Desk:
    """Takes plain orders."""

    def __init__(
        self, exchange: Exchange, authenticator: Authenticator, codec: PlainOrders
    ) -> None:
        self._exchange = exchange
        self._authenticator = authenticator
        self._codec = codec
        self._writers: dict[int, tuple[Market, PlainWriter]] = {}

    def read(self, request: Request, now_us: int) -> tuple[Call, orders.Draft] | None:
        """Read and check a plain order, counting nothing; None when it goes the general way."""
        headers, form = request.headers, request.body
        if request.query:
            if form:
                return None
            form = request.query.encode("utf-8", "surrogatepass")
        if "x-mbx-time-unit" in headers or headers.get("accept") == "application/sbe":
            return None
        plain = self._codec.read(form)
        key = self._exchange.keys.find(headers.get("x-mbx-apikey", ""))
        if plain is None or key is None:
            return None
        (
            symbol,
            side,
            order_type,
            time_in_force,
            price,
            quantity,
            client_order_id,
            response,
            time,
            window,
            payload,
            signature,
        ) = plain
        market = self._exchange.catalog.find(symbol)
        if market is None or order_type not in market.order_types:
            return None
        if response is None:
            response = "ACK" if order_type == _LIMIT_MAKER else "FULL"
        elif response not in orders.RESPONSES:
            return None
        time_us = time * 1000 if time < MILLISECONDS_BELOW else time
        window_us = RECEIVE_WINDOW_US if window < 0 else window * 1000
        if window_us > RECEIVE_WINDOW_US_MAX:
            return None
        try:
            validity_us = (time_us, window_us)
            self._authenticator.check(key, payload, signature, validity_us, Security.TRADE, now_us)
            price_ticks = 0 if price is None else market.price_ticks("price", price)
            qty_lots = market.lots("quantity", quantity)
        except ApiError:
            return None
        digest = request_digest(key.api_key, request.method, request.path, payload)
        draft = orders.Draft(
            market,
            side,
            order_type,
            time_in_force,
            market.specification.default_stp_mode,
            price_ticks,
            qty_lots,
            orders.id_of_digest(*digest) if client_order_id is None else client_order_id,
            response,
        )
        if order_type == _MARKET:
            draft.worst_ticks = orders.worst_ticks(draft, self._exchange.market_data)
        return self._call(request, key, digest, time_us + window_us, now_us), draft

    def _call(
        self, request: Request, key: ApiKey, digest: tuple[int, int], deadline_us: int, now_us: int
    ) -> Call:
        call = Call(self._exchange, {}, request.peer_ip, now_us)
        call.key = key
        call.digest_lo, call.digest_hi = digest
        call.deadline_us = deadline_us
        return call

    def write(self, call: Call, draft: orders.Draft, reply: Reply) -> Body | None:
        """Return the answer to a plain order; None when the general way has to make it."""
        writer = self._writer(draft.market)
        return writer.placed(reply.records, call.account_id, draft.response)

    def _writer(self, market: Market) -> PlainWriter:
        """Return what writes a market's answers as its specification is now."""
        known = self._writers.get(market.id)
        if known is None or known[0] is not market:
            base, quote = market.base, market.quote
            writer = self._codec.writer(
                market.symbol,
                (base.name, base.scale),
                (quote.name, quote.scale),
                market.tick_atoms,
                market.lot_atoms,
                WORDS,
            )
            known = self._writers[market.id] = (market, writer)
        return known[1]
