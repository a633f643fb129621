"""`outcry gateway`: serves clients, and keeps nothing that another gateway would miss.

Commands and reads of accounts go to their owners; books, trades and tickers come from the feed in
Redis; history and keys from PostgreSQL. Any number of gateways share one port.
"""

import asyncio
import logging
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack

from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.adapters.postgres.history import PostgresHistory
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.postgres.listen_keys import PostgresListenKeys
from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.postgres.saved_markets import load_market_data
from openoutcry.adapters.redis.client import Redis, RedisError
from openoutcry.adapters.redis.feed import RedisFeed
from openoutcry.adapters.redis.rate_limits import RedisRateLimiter
from openoutcry.adapters.tcp.client import Connections
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.adapters.tcp.remote import RemoteCalls, RemoteRepair
from openoutcry.adapters.tcp.routed import RoutedCalls, RoutedLimits
from openoutcry.app.doors import open_doors
from openoutcry.app.garbage import spare_collections
from openoutcry.app.scaled.database import prepare
from openoutcry.app.scaled.directory import Directory
from openoutcry.app.scaled.opening import client_tls, opened_redis, say
from openoutcry.app.scaled.process import run
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import TradeEvent
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.edge.service import Exchange
from openoutcry.gateways.web.absent import NoPeople
from openoutcry.partition.runtime import now_us
from openoutcry.ports.calls import CallError
from openoutcry.ports.market_data import SavedMarketData
from openoutcry.ports.routes import Owner
from openoutcry.projections.live import LiveMarketData

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.2
CATALOG_SECONDS = 2.0
"""A market that appeared is followed at the latest after so long."""


class Callers:
    """How a process calls the owners of partitions: shared by gateways and the control process."""

    def __init__(
        self,
        settings: ScaledSettings,
        role: ProcessRole,
        routed: type[RoutedCalls] = RoutedCalls,
    ) -> None:
        joined = [plan.number for plan in settings.partitions if plan.role == "JOINED"]
        self.directory = Directory(
            Ownership(settings.journal_dsn, f"outcry-directory-{settings.name}"),
            [plan.number for plan in settings.partitions],
            joined=joined[0] if joined else None,
        )
        self.connections = Connections(role, tls=client_tls(settings))
        self.calls = routed(
            self.directory,
            self.directory,
            self._calls_at,
            now_us,
            RoutedLimits(
                commands_max=settings.commands_max,
                orders_max=settings.commands_max - settings.commands_max // 8,
            ),
        )
        self.repair = RemoteRepair(self.connections, self.directory, self.directory)
        """What mends the feed of a gateway."""
        self.directory.when_changed(self._connect)

    async def start(self) -> None:
        """Read who owns what, and connect to everybody; raises JournalError."""
        await self.directory.start()

    async def stop(self) -> None:
        """Hang up."""
        await self.directory.stop()
        await self.connections.close()

    def _calls_at(self, partition: int, owner: Owner) -> RemoteCalls:
        return RemoteCalls(self.connections.to(owner.address), partition)

    def _connect(self) -> None:
        """Connect to every owner before it is asked, and to nobody else any more."""
        addresses = {owner.address for owner in self._owners() if owner is not None}
        for address in addresses:
            self.connections.to(address)
        self.connections.retain(addresses)

    def _owners(self) -> list[Owner | None]:
        return [self.directory.owner_of(number) for number in self.directory.partitions()]

    def is_open(self) -> bool:
        """Whether every partition has an owner that is reached and says so."""
        for number in self.directory.partitions():
            owner = self.directory.owner_of(number)
            if owner is None or not self.connections.to(owner.address).owns(number):
                return False
        return True

    async def wait_open(self) -> None:
        """Return when every partition takes orders."""
        while not self.is_open():  # noqa: ASYNC110 - it depends on several connections and rows
            await asyncio.sleep(0.02)

    def partition_of_account(self, account_id: int) -> int:
        """Return the partition that hosts an account."""
        found = self.directory.partition_of(entity_of_shard(shard_of_account(account_id)))
        return 0 if found is None else found


class GatewayProcess:
    """One gateway."""

    def __init__(self, settings: ScaledSettings, *, gateways: int = 1) -> None:
        settings.require("journal_dsn", "redis_nodes", "partitions", "secrets_key")
        self._settings = settings
        self._gateways = gateways
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Run until SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            starting = asyncio.ensure_future(self._start(stack))
            stopping = asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                await asyncio.wait({starting})
                return
            starting.result()
            await stopping

    async def _start(self, stack: AsyncExitStack) -> None:
        settings = self._settings
        _, query_dsn, report_dsn = settings.with_query_dsns()
        callers = Callers(settings, ProcessRole.GATEWAY)
        await callers.start()
        stack.push_async_callback(callers.stop)
        keys = await asyncio.to_thread(
            PostgresApiKeys, settings.journal_dsn, settings.api_key_sealer()
        )
        stack.callback(keys.close)
        history = PostgresHistory(
            query_dsn, callers.partition_of_account, report_dsn=settings.report_dsn or None
        )
        await history.open()
        stack.push_async_callback(history.close)
        listen_keys = PostgresListenKeys(settings.journal_dsn)
        await listen_keys.open()
        stack.push_async_callback(listen_keys.close_all)
        await callers.wait_open()
        catalog = Catalog()
        saved = await asyncio.to_thread(load_market_data, report_dsn)
        market_data = LiveMarketData(SavedMarketData(0, saved.markets))
        books = _Books(callers, catalog, market_data, history)
        feed = books.feed
        redis = await self._opened_redis(books)
        stack.push_async_callback(redis.close)
        stack.push_async_callback(feed.stop)
        await feed.start(redis)
        feed.subscribe(catalog.on_committed)
        feed.subscribe(market_data.take)
        await books.start(saved)
        stack.push_async_callback(books.stop)
        limiter = RedisRateLimiter(
            MemoryRateLimiter(enforce=settings.limits), redis, gateways=self._gateways
        )
        await limiter.start()
        stack.push_async_callback(limiter.stop)
        exchange = Exchange(
            calls=callers.calls,
            history=history,
            market_data=market_data,
            keys=keys,
            feed=feed,
            catalog=catalog,
            limiter=limiter,
            listen_keys=listen_keys,
            clock=now_us,
            accounts=feed,
            is_open=callers.is_open,
        )
        port = await open_doors(
            stack,
            exchange,
            settings.host,
            settings.port,
            shared=True,
            proxies=settings.trusted_proxies,
            elsewhere=NoPeople(),
        )
        spare_collections()
        say(f"gateway {settings.name} serves http://{settings.host}:{port}/api/v3")

    async def _opened_redis(self, books: "_Books") -> Redis:
        while True:
            try:
                return await opened_redis(self._settings, books.feed.on_message)
            except RedisError as error:
                log.warning("waiting for Redis: %s", error)
                await asyncio.sleep(RETRY_SECONDS)


class _Books:
    """The markets of a gateway: followed as they appear, mended from the history and the owners."""

    def __init__(
        self,
        callers: Callers,
        catalog: Catalog,
        market_data: LiveMarketData,
        history: PostgresHistory,
    ) -> None:
        self._callers = callers
        self._catalog = catalog
        self._history = history
        self._followed: set[int] = set()
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.feed = RedisFeed(
            trades_from=self._trades_from,
            events_after=callers.repair.events_after,
            owners_book=callers.repair.book,
            resync=market_data.resync,
            catalog_lost=self._lost.set,
        )

    async def _trades_from(self, market: int, trade_id: int) -> Sequence[TradeEvent]:
        return await self._history.trades(market, from_trade_id=trade_id, limit=1000)

    async def start(self, saved: SavedMarketData) -> None:
        """Load the catalog and the books; returns when each has been given."""
        await self._load_catalog()
        last = {
            market: state.trades[-1].trade_id
            for market, state in saved.markets.items()
            if state.trades
        }
        await self._follow_markets(last)
        self._task = asyncio.create_task(self._watch(), name="markets")

    async def stop(self) -> None:
        """Follow no further markets."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _load_catalog(self) -> None:
        self._catalog.load_rows(await self._callers.calls.catalog())

    async def _follow_markets(self, last: dict[int, int]) -> None:
        fresh = {
            market.id: market.symbol
            for market in self._catalog.markets()
            if market.id not in self._followed
            and self._callers.directory.partition_of(entity_of_market(market.id)) is not None
        }
        if fresh:
            self._followed.update(fresh)
            await self.feed.load_books(fresh, last)

    async def _watch(self) -> None:
        """Follow markets that are opened, and read the catalog again when some of it was lost."""
        while True:
            try:
                async with asyncio.timeout(CATALOG_SECONDS):  # wait_for may swallow a cancel, 3.11
                    await self._lost.wait()
            except TimeoutError:
                await self._follow_markets({})
                continue
            self._lost.clear()
            try:
                await self._load_catalog()
            except CallError as error:
                log.warning("the catalog is read again later: %s", error)
                self._lost.set()
                await asyncio.sleep(RETRY_SECONDS)


def gateway(settings: ScaledSettings, gateways: int) -> int:
    """Run one of so many gateways; returns the exit code."""
    return run(_run(settings, gateways))


async def _run(settings: ScaledSettings, gateways: int) -> None:
    process = GatewayProcess(settings, gateways=gateways)
    await asyncio.to_thread(prepare, settings)
    await process.run()
