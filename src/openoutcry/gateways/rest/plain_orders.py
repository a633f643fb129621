"""The short way of `POST order`: plain orders without a task, a future or a decoded event.

An order is plain when it is a LIMIT, LIMIT_MAKER or MARKET order by quantity, its form is spelt
plainly, and nothing is wrong with it. Whatever is not plain goes the general way of
`edge/trading.py`, from the start or, when it turned out late, from the reply on. So the short way
refuses nothing itself, and each refusal has one wording.
"""

from openoutcry.core.enums import OrderType
from openoutcry.core.records import NewOrder
from openoutcry.gateways.edge import orders, replies
from openoutcry.gateways.edge.auth import (
    RECEIVE_WINDOW_US,
    RECEIVE_WINDOW_US_MAX,
    Authenticator,
    request_digest,
)
from openoutcry.gateways.edge.catalog import Market
from openoutcry.gateways.edge.params import MILLISECONDS_BELOW, decode_request
from openoutcry.gateways.edge.service import SIGNING, ApiError, Call, Exchange, Request, Security
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
"""What a `PlainWriter` is made with."""


class Placing:
    """A plain order on its way."""

    __slots__ = ("_market", "command", "key", "now_us", "request", "response", "writer")

    def __init__(
        self,
        request: Request,
        now_us: int,
        key: ApiKey,
        market: Market,
        response: str,
        command: bytes,
        writer: PlainWriter,
    ) -> None:
        self.request = request
        self.now_us = now_us
        self.key = key
        self._market = market
        self.response = response
        self.command = command
        self.writer = writer

    def general(self, exchange: Exchange) -> tuple[Call, orders.Draft]:
        """Return what the general way would have made of the request."""
        request, record = self.request, NewOrder.unpack(self.command)
        parameters = decode_request(request.query, request.body)
        for name in SIGNING:
            parameters.pop(name, None)
        call = Call(exchange, parameters, request.peer_ip, self.now_us, key=self.key)
        call.digest_lo, call.digest_hi = record.digest_lo, record.digest_hi
        call.deadline_us = record.deadline_us
        draft = orders.Draft(
            self._market,
            record.side,
            OrderType(record.order_type),
            record.time_in_force,
            record.stp_mode,
            record.price_ticks,
            record.qty_lots,
            record.client_order_id.rstrip(b"\0"),
            self.response,
            worst_ticks=record.worst_ticks,
        )
        return call, draft


class Desk:
    """Takes plain orders."""

    def __init__(
        self, exchange: Exchange, authenticator: Authenticator, codec: PlainOrders
    ) -> None:
        self._exchange = exchange
        self._authenticator = authenticator
        self._codec = codec
        self._writers: dict[int, tuple[Market, PlainWriter]] = {}

    def read(self, request: Request, now_us: int) -> Placing | None:
        """Read and check a plain order, counting nothing; None when it goes the general way."""
        headers, form = request.headers, request.body
        if request.query:
            if form:
                return None
            form = request.query.encode("utf-8", "surrogatepass")
        plain = self._codec.read(form)
        key = self._exchange.keys.find(headers.get("x-mbx-apikey", ""))
        if plain is None or key is None or "x-mbx-time-unit" in headers:
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
        if window_us > RECEIVE_WINDOW_US_MAX or headers.get("accept") == "application/sbe":
            return None
        try:
            validity_us = (time_us, window_us)
            peer_ip = request.peer_ip
            self._authenticator.check(key, payload, signature, validity_us, now_us, peer_ip)
            self._authenticator.permit(key, Security.TRADE, symbol)
            price_ticks = 0 if price is None else market.price_ticks("price", price)
            qty_lots = market.lots("quantity", quantity)
        except ApiError:
            return None
        digest = request_digest(key.api_key, request.method, request.path, payload)
        if client_order_id is None:
            client_order_id = orders.id_of_digest(*digest)
        worst_ticks = 0
        if order_type == _MARKET:
            worst_ticks = orders.worst_ticks(market, side, 0, self._exchange.market_data)
        command = orders.plain_order(
            (key.account_id, *digest, time_us + window_us),
            market,
            (side, order_type, time_in_force),
            (price_ticks, qty_lots, worst_ticks),
            client_order_id,
        )
        return Placing(request, now_us, key, market, response, command, self._writer(market))

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
