"""The whole exchange in one object without a journal: a real kernel, a feed, live market data.

For tests of gateways: commands are applied at once, each its own batch, and delivered to the feed's
listeners before the reply returns, in the order that the application promises.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import urlencode

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.memory.listen_keys import MemoryListenKeys
from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.codec.records import decode_balances, decode_events, decode_orders
from openoutcry.core.enums import Execution, OrderType, Side, TimeInForce
from openoutcry.core.records import (
    AccountRow,
    BalanceRow,
    CancelOrder,
    MarketRow,
    NewOrder,
    OrderEvent,
    OrderRequestedEvent,
    OrderRow,
    PreventedEvent,
)
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.edge.service import Exchange
from openoutcry.identity.keys import GeneratedKey, generate_key
from openoutcry.kernel import Kernel
from openoutcry.ports.calls import Reply, Taker
from openoutcry.ports.feeds import Committed, Listener
from openoutcry.ports.history import OrderState
from openoutcry.ports.users import ApiKey, KeyType
from openoutcry.projections.live import LiveMarketData
from openoutcry.simulation import demo

COMMAND_TIME = slice(40, 48)


def wall_us() -> int:
    return time.time_ns() // 1000


class SmallFeed:
    """Delivers each batch to its listeners at once."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def deliver(self, batch: Committed) -> None:
        for listener in list(self.listeners):
            listener(batch)


class SmallCalls:
    """`Calls` straight to a kernel."""

    def __init__(self, kernel: Kernel, feed: SmallFeed, clock: Callable[[], int]) -> None:
        self.kernel = kernel
        self.feed = feed
        self.clock = clock

    def apply(self, *commands: bytes) -> Reply:
        now_us = max(self.clock(), self.kernel.time_us())
        batch = b"".join(
            command[:40] + now_us.to_bytes(8, "little") + command[48:] for command in commands
        )
        seq = self.kernel.seq() + 1
        events = self.kernel.apply(batch, seq)
        self.feed.deliver(Committed(seq, now_us, decode_events(events)))
        return Reply(seq, now_us, events)

    async def submit(self, command: bytes) -> Reply:
        return self.apply(command)

    def send(self, command: bytes, taker: Taker) -> None:
        taker(self.apply(command))

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        row = self.kernel.order(account_id, order_id)
        return None if row is None else OrderRow.unpack(row)

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        row = self.kernel.order_by_client_id(account_id, market, client_order_id)
        return None if row is None else OrderRow.unpack(row)

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        return decode_orders(self.kernel.open_orders(account_id, market))

    async def balances(self, account_id: int) -> list[BalanceRow]:
        return decode_balances(self.kernel.balances(account_id))

    async def account(self, account_id: int) -> AccountRow | None:
        row = self.kernel.account(account_id)
        return None if row is None else AccountRow.unpack(row)

    async def market(self, market: int) -> MarketRow | None:
        row = self.kernel.market(market)
        return None if row is None else MarketRow.unpack(row)

    async def average_price_ticks(self, market: int) -> int:
        return self.kernel.average_price_ticks(market)

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        return self.kernel.fee_rates(account_id, market)

    async def committed_seq(self, account_id: int) -> int:
        return self.kernel.seq()


class SmallHistory:
    """What `History` says of orders, from the feed; the rest of it is not here."""

    def __init__(self) -> None:
        self.events: list[OrderState] = []

    def take(self, batch: Committed) -> None:
        self.events += [e for e in batch.events if isinstance(e, OrderEvent | OrderRequestedEvent)]

    async def order(self, _seq: int, account_id: int, order_id: int) -> OrderState | None:
        found = [e for e in self.events if (e.account_id, e.order_id) == (account_id, order_id)]
        return found[-1] if found else None

    async def order_by_client_id(
        self, _seq: int, account_id: int, market: int, client_order_id: bytes
    ) -> OrderState | None:
        wanted = (account_id, market, client_order_id)
        found = [
            e
            for e in self.events
            if (e.account_id, e.market, e.client_order_id.rstrip(b"\0")) == wanted
        ]
        return found[-1] if found else None

    async def fills(
        self,
        _seq: int,
        account_id: int,
        market: int,
        *,
        order_id: int | None = None,
        limit: int = 500,
        **_bounds: object,
    ) -> list[OrderState]:
        return [
            e
            for e in self.events
            if (e.account_id, e.market, e.execution) == (account_id, market, Execution.TRADE)
            and order_id in {None, e.order_id}
        ][-limit:]

    async def prevented_matches(self, *_where: object, **_bounds: object) -> list[PreventedEvent]:
        return []


class SmallExchange:
    """The demo's markets and users, and short ways to trade on them."""

    def __init__(self, clock: Callable[[], int] = wall_us, *, enforce_limits: bool = False) -> None:
        self.feed = SmallFeed()
        self.market_data = LiveMarketData()
        self.catalog = Catalog()
        self.keys = MemoryApiKeys()
        self.limiter = MemoryRateLimiter(enforce=enforce_limits)
        self.listen_keys = MemoryListenKeys()
        self.history = SmallHistory()
        self.calls = SmallCalls(Kernel(), self.feed, clock)
        self.feed.subscribe(self.catalog.on_committed)
        self.feed.subscribe(self.market_data.take)
        self.feed.subscribe(self.history.take)
        commands = [*demo.create_assets(), *demo.set_fees(), *demo.create_markets()]
        for participant in demo.PARTICIPANTS:
            commands.append(demo.create_account(participant))
            commands += demo.deposits(participant).values()
        self.calls.apply(*[command.pack() for command in commands])
        self.exchange = Exchange(
            calls=self.calls,
            history=self.history,
            market_data=self.market_data,
            keys=self.keys,
            feed=self.feed,
            catalog=self.catalog,
            limiter=self.limiter,
            listen_keys=self.listen_keys,
            clock=clock,
        )
        self.alice, self.bob = (user.account_id for user in demo.USERS[:2])

    def add_key(
        self, account_id: int, key_type: KeyType = KeyType.HMAC, *, may_withdraw: bool = False
    ) -> GeneratedKey:
        made = generate_key(key_type)
        self.keys.add(
            ApiKey(made.api_key, account_id, key_type, made.material, may_withdraw=may_withdraw)
        )
        return made

    def limit(
        self,
        account_id: int,
        side: Side,
        price_ticks: int,
        lots: int,
        client_order_id: str = "",
        market: int = demo.BTCUSD,
        **fields: object,
    ) -> Reply:
        """Place a LIMIT GTC order, unless `fields` say otherwise."""
        name = client_order_id or f"o{self.calls.kernel.seq()}"
        order = NewOrder(
            account_id=account_id,
            market=market,
            market_version=1,
            side=side,
            order_type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price_ticks=price_ticks,
            qty_lots=lots,
            client_order_id=name.encode(),
        )._replace(**fields)
        return self.calls.apply(order.pack())

    def cancel(
        self, account_id: int, order_id: int, client_order_id: str = "", market: int = demo.BTCUSD
    ) -> Reply:
        return self.calls.apply(
            CancelOrder(
                account_id=account_id,
                market=market,
                order_id=order_id,
                client_order_id=client_order_id.encode(),
            ).pack()
        )


def hmac_signature(secret: str, parameters: dict[str, object]) -> str:
    """Sign parameters as the WebSocket API wants them: by name, joined."""
    payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def rest_signature(secret: str, parameters: dict[str, object]) -> str:
    """Return a query string with its signature."""
    query = urlencode(parameters)
    digest = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    return f"{query}&signature={digest}"
