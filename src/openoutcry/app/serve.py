"""`outcry serve`: builds the embedded exchange, runs it until a signal, takes it down in order."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import replace
from typing import TextIO

import uvloop

from openoutcry.adapters.local.folder import FolderLockedError
from openoutcry.adapters.memory.listen_keys import MemoryListenKeys
from openoutcry.adapters.memory.rate_limits import MemoryRateLimiter
from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.adapters.sqlite.history import SqliteHistory, load_market_data
from openoutcry.adapters.sqlite.keys import SqliteApiKeys
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import Administration, Handler
from openoutcry.app.control import ControlServer
from openoutcry.app.demo import DemoBots, DemoError, open_demo
from openoutcry.app.demo_past import PastClock, make_past
from openoutcry.app.doors import PortInUseError, open_doors
from openoutcry.app.engine import (
    HISTORY_NAME,
    KEYS_NAME,
    PEOPLE_NAME,
    DataFolder,
    EngineError,
    kernel_machines,
    open_folder,
    recover_partition,
)
from openoutcry.app.fee_table import FeeTable
from openoutcry.app.follower_link import FollowerError, FollowerLink
from openoutcry.app.garbage import spare_collections
from openoutcry.app.master_key import api_key_sealer
from openoutcry.app.operating import Operating
from openoutcry.app.operators import OperatorRequests
from openoutcry.app.people import (
    Engine,
    bracketed,
    open_demo_operator,
    open_people,
    warning_of,
    where_to_look,
)
from openoutcry.app.settings import ServeSettings, SettingsError
from openoutcry.app.views import Counts, EmbeddedViews, Gauges
from openoutcry.core.records import AssetRow, MarketRow, MetaRow
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.edge.fills import FillCounter
from openoutcry.gateways.edge.service import Exchange
from openoutcry.identity.audit import AuditLog
from openoutcry.identity.sealing import MasterKeyError
from openoutcry.notifications.watch import Watch
from openoutcry.partition.batches import JournalBatches
from openoutcry.partition.machine import StateMachine
from openoutcry.partition.recovery import RecoveryError
from openoutcry.partition.runtime import Partition, now_us
from openoutcry.ports.audit import AuditError
from openoutcry.ports.journal import JournalError
from openoutcry.ports.notifications import NotificationStoreError
from openoutcry.ports.people_store import PeopleStoreError
from openoutcry.ports.users import KeyStoreError, end_listen_key
from openoutcry.ports.wallets import WalletStoreError
from openoutcry.projections.live import LiveMarketData

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
"""The data folder is in use, damaged, of another format, or cannot be made."""
EXIT_DIVERGED = 5
"""Leader and follower came to different events, or a projection is ahead of the journal."""
SWITCH_SECONDS = 0.0005
"""How long the event loop may keep the append thread from reporting a commit."""
FOLLOWER_GRACE_SECONDS = 3.0
REBUILD_NOTICE_SECONDS = 2.0
_DATA_ERRORS = (
    EngineError,
    FolderLockedError,
    JournalError,
    RecoveryError,
    KeyStoreError,
    AuditError,
    PeopleStoreError,
    NotificationStoreError,
    MasterKeyError,
    WalletStoreError,
    DemoError,
)

log = logging.getLogger("openoutcry")


class BotsError(Exception):
    """The demo's bots ended, which they should not."""


class _StoppedError(Exception):
    """The run ended before it had begun in full."""


def serve(settings: ServeSettings) -> int:
    """Run an exchange until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        uvloop.run(Server(settings.with_environment()).run())
    except (PortInUseError, SettingsError) as error:
        return _fail(error, EXIT_USAGE)
    except _DATA_ERRORS as error:
        return _fail(error, EXIT_DATA)
    except FollowerError as error:
        return _fail(error, EXIT_DIVERGED)
    except (OSError, BotsError) as error:
        return _fail(error, EXIT_FAILED)
    return EXIT_OK


def _fail(error: Exception, code: int) -> int:
    say(f"outcry: {error}", sys.stderr)
    return code


def say(text: str, stream: TextIO) -> None:
    """Tell the operator something at once, whatever the stream buffers."""
    stream.write(f"{text}\n")
    stream.flush()


class Server:
    """One run of the embedded exchange."""

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._fees = FeeTable()
        self._failure: Exception | None = None

    async def run(self) -> None:
        """Start everything, wait for the end, stop everything in the other order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        async with AsyncExitStack() as stack:
            held = _hold_port(self._settings.host, self._settings.port)
            stack.enter_context(closing(held))
            # What names the exchange's address is made before the doors are open.
            self._settings = replace(self._settings, port=held.getsockname()[1])
            with suppress(_StoppedError):
                await self._start(stack)
                spare_collections()
                await self._stop.wait()
            say("stopping", sys.stderr)
        if self._failure is not None:
            raise self._failure

    def _fail(self, error: Exception) -> None:
        """End the run for a reason that is not a signal."""
        if self._failure is None:
            self._failure = error
        self._stop.set()

    async def _start(self, stack: AsyncExitStack) -> None:
        """Build from the disk up; each thing that is started says how it is stopped."""
        settings = self._settings
        folder = open_folder(settings)
        stack.callback(folder.close)
        lively = settings.demo and settings.bots and folder.journal.head().seq == 0
        clock = PastClock(settings.demo_past_hours if lively else 0)
        partition, link, watch = await self._start_engine(stack, folder, clock)
        exchange = await self._build_exchange(stack, partition, link)
        if settings.demo:
            await open_demo(partition, exchange.keys, settings.data, now_us())
            await self._or_stop(self._make_past(partition, link, clock))
        await self._start_gateways(stack, exchange, folder, partition, link, watch)

    async def _make_past(self, partition: Partition, link: FollowerLink, clock: PastClock) -> None:
        """Let the demo's bots trade up to now, where their clock is behind."""
        if not clock.behind_us:
            return
        say(f"trading the {self._settings.demo_past_hours} hours before now ...", sys.stderr)
        await make_past(partition, clock, self._settings.demo_seed)
        await self._history_is_up(partition, link)

    async def _start_engine(
        self, stack: AsyncExitStack, folder: DataFolder, clock: PastClock
    ) -> tuple[Partition, FollowerLink, Watch]:
        """Recover and own the partition, with its follower beside it."""
        link = FollowerLink(self._settings, on_failure=self._fail)
        stack.push_async_callback(link.stop, FOLLOWER_GRACE_SECONDS)
        await link.start()
        partition = await asyncio.to_thread(recover_partition, folder, self._settings, clock=clock)
        # Nothing is appended before the follower has held the history against the journal's end.
        await self._or_stop(link.wait_up())
        link.attach(partition)
        watch = Watch(folder.journal.head().seq)
        partition.subscribe(watch.take)
        stack.push_async_callback(partition.stop)
        await partition.start()
        await self._or_stop(self._history_is_up(partition, link))
        return partition, link, watch

    async def _history_is_up(self, partition: Partition, link: FollowerLink) -> None:
        seq = await partition.idle()
        notice = asyncio.get_running_loop().call_later(
            REBUILD_NOTICE_SECONDS,
            lambda: say("building the history from the journal ...", sys.stderr),
        )
        await link.wait_projected(seq)
        notice.cancel()

    async def _or_stop(self, work: Awaitable[None]) -> None:
        """Wait for something; raises _StoppedError when the run is to end before that."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not doing.done() or self._failure is not None:
            doing.cancel()
            raise _StoppedError
        doing.result()

    async def _build_exchange(
        self, stack: AsyncExitStack, partition: Partition, link: FollowerLink
    ) -> Exchange:
        """Join the ports, and bring the live views to where the partition stands."""
        settings = self._settings
        sealer = api_key_sealer(settings.data, settings.secrets_key)
        keys = SqliteApiKeys(settings.data / KEYS_NAME, sealer)
        stack.callback(keys.close)
        history = SqliteHistory(settings.data / HISTORY_NAME, link.wait_projected)
        stack.callback(history.close)
        saved = await asyncio.to_thread(load_market_data, settings.data / HISTORY_NAME)
        market_data = LiveMarketData(saved)
        catalog = Catalog()
        limiter = MemoryRateLimiter(enforce=settings.limits)
        # Nothing else submits yet, so the history and the partition stand at the same batch.
        await partition.inspect(
            lambda machine: _load_views(machine, catalog, market_data, self._fees)
        )
        partition.subscribe(catalog.on_committed)
        partition.subscribe(market_data.take)
        partition.subscribe(self._fees.on_committed)
        partition.subscribe(FillCounter(limiter).on_committed)
        return Exchange(
            calls=partition,
            history=history,
            market_data=market_data,
            keys=keys,
            feed=partition,
            catalog=catalog,
            limiter=limiter,
            listen_keys=MemoryListenKeys(),
            clock=now_us,
        )

    async def _start_gateways(
        self,
        stack: AsyncExitStack,
        exchange: Exchange,
        folder: DataFolder,
        partition: Partition,
        link: FollowerLink,
        watch: Watch,
    ) -> None:
        """Open the doors, the network's last, and say where they are."""
        settings = self._settings
        records = SqliteAudit(folder.path / PEOPLE_NAME)
        stack.callback(records.close)
        audit = AuditLog(records, now_us)
        counts: Counts = {}
        gauges: Gauges = []
        operators: dict[str, Handler] = {}
        administration = RecordedAdministration(_administration(exchange, operators), audit)
        views = EmbeddedViews(partition, link, folder, counts, watch, gauges).views(now_us())
        operating = Operating(administration, exchange.catalog, self._fees, views, now_us)
        machines = kernel_machines(settings.poison_client_order_id.encode())
        batches = JournalBatches(machines, folder.journal, folder.snapshots)
        engine = Engine(watch, batches, records, gauges)
        people = await open_people(stack, exchange, settings, audit, operating, engine)
        operators.update(OperatorRequests(people.directory, now_us).requests())
        control = ControlServer(administration, folder.path)
        await control.start()
        stack.push_async_callback(control.close)
        if settings.demo and settings.bots:
            bots = DemoBots(exchange.calls, seed=settings.demo_seed)
            bots.start(lambda error: self._fail(BotsError(f"the demo's bots ended: {error!r}")))
            stack.push_async_callback(bots.stop)
            await self._or_stop(bots.opened())  # nobody finds a market empty that is to be lively
        operator = ""
        if settings.demo:
            operator = await open_demo_operator(people.directory, audit, settings.data, now_us())
        port = await open_doors(
            stack,
            exchange,
            settings.host,
            settings.port,
            proxies=settings.trusted_proxies,
            elsewhere=people.web,
            people=people.sockets,
            counts=counts,
        )
        at = f"{bracketed(settings.host)}:{port}"
        say(
            f"ready: {where_to_look(settings, port)}  data: {settings.data}\n"
            f"API: http://{at}/api/v3  ws://{at}/ws  ws://{at}/ws-api/v3",
            sys.stdout,
        )
        if operator:
            say(operator, sys.stdout)
        if warning := warning_of(settings):
            say(warning, sys.stderr)


def _administration(exchange: Exchange, more: Mapping[str, Handler]) -> Administration:
    """Return what does operators' requests; an account that loses a key loses its listen key."""
    return Administration(
        exchange.calls,
        exchange.keys,
        exchange.catalog,
        now_us,
        more,
        on_revoked=lambda account: end_listen_key(exchange.listen_keys, account, now_us()),
    )


def _load_views(
    machine: StateMachine, catalog: Catalog, market_data: LiveMarketData, fees: FeeTable
) -> None:
    """Fill the live views from the kernel's state."""
    if market_data.seq() != machine.seq():
        raise RecoveryError(
            f"the history stands at batch {market_data.seq()}, the kernel at {machine.seq()}"
        )
    state = machine.snapshot()
    fees.load(state)
    assets, markets = machine.assets(), machine.markets()
    rows = [MarketRow.unpack(markets, at) for at in range(0, len(markets), MarketRow.SIZE)]
    catalog.load(
        [AssetRow.unpack(assets, at) for at in range(0, len(assets), AssetRow.SIZE)],
        rows,
        MetaRow.unpack(state),
    )
    for row in rows:
        bids, asks = machine.depth(row.market, _ALL_LEVELS)
        market_data.replace_book(row.market, row.update_id, bids, asks)


_ALL_LEVELS = 1 << 30


def _hold_port(host: str, port: int) -> socket.socket:
    """Take a port, any free one for 0, before anything is opened; raises PortInUseError.

    The socket does not listen, so the doors can; meanwhile nobody else gets the port.
    """
    held: socket.socket | None = None
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        held = socket.socket(family, kind, number)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
    except OSError as error:
        if held is not None:
            held.close()
        raise PortInUseError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return held
