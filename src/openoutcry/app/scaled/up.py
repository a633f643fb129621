"""`outcry up`: a whole scaled exchange on this machine, started and looked after by one process.

It starts PostgreSQL and a Valkey cluster, then engines, a projector and gateways, each a process of
its own; opens the demo, runs its bots, answers operators on the control socket, and starts again
whatever ends. It decides nothing about orders or money.
"""

import asyncio
import json
import logging
import secrets
import signal
import socket
import sys
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from openoutcry.adapters.local.folder import FolderLock, FolderLockedError
from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.servers.process import ServerError, store_folder
from openoutcry.adapters.local.valkey_cluster import ValkeyCluster, ValkeyError
from openoutcry.adapters.postgres.keys import KeyStoreError, PostgresApiKeys
from openoutcry.adapters.postgres.migrations import SCHEMAS, SchemaError, migrate
from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.tcp.authority import ensure_certificates
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.app.admin import Administration
from openoutcry.app.children import Child, ChildError, ChildPlan
from openoutcry.app.control import ControlServer
from openoutcry.app.demo import DemoBots, DemoError, open_demo
from openoutcry.app.doors import PortInUseError
from openoutcry.app.scaled.control import ControlCalls, Hosting, first_routes
from openoutcry.app.scaled.gateway import Callers
from openoutcry.app.scaled.layout import (
    DATABASE,
    Folder,
    PartitionPlan,
    UpSettings,
    engine_name,
    plan_more,
    plan_partitions,
    settings_text,
    write_private,
)
from openoutcry.app.scaled.operations import Operations
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.app.scaled.status import StatusBoard
from openoutcry.app.settings import SettingsError
from openoutcry.core.records import AssetRow, MarketRow, MetaRow
from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.partition.runtime import now_us
from openoutcry.ports.calls import CallError
from openoutcry.ports.journal import JournalError

log = logging.getLogger("openoutcry")

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
CHILD_SECONDS = 5.0
SERVER_SECONDS = 2.0
WATCH_SECONDS = 0.25


class _StoppedError(Exception):
    """The run is to end before it has begun in full."""


def up(settings: UpSettings) -> int:
    """Run a scaled exchange until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = Folder(settings.data)
    try:
        probe_port(settings.host, settings.port)
        lock = _locked(folder)
        try:
            with ExitStack() as servers:
                # From the main thread: the servers end with the thread that has started them.
                running = Servers(folder, servers)
                uvloop.run(Up(settings, folder, running).run())
        finally:
            lock.release()
    except (PortInUseError, SettingsError) as error:
        return _fail(error, EXIT_USAGE)
    except (FolderLockedError, JournalError, KeyStoreError, DemoError, SchemaError) as error:
        return _fail(error, EXIT_DATA)
    except (ServerError, ValkeyError, ChildError, OSError) as error:
        return _fail(error, EXIT_FAILED)
    return EXIT_OK


def _locked(folder: Folder) -> FolderLock:
    """Make the folder if it is missing, and keep everybody else out of it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    if folder.moving_in.exists():
        raise SettingsError(
            f"{folder.path} holds half an exchange: run `outcry migrate` to its end first"
        )
    return FolderLock(folder.path)


def _fail(error: Exception, code: int) -> int:
    sys.stderr.write(f"outcry: {error}\n")
    return code


def probe_port(host: str, port: int) -> None:
    """Find out that a port is taken, also by somebody who would share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise PortInUseError(f"cannot listen on {host}:{port}: {error.strerror}") from error


class Servers:
    """PostgreSQL and the Valkey cluster of one folder, started at once and again when they end."""

    def __init__(self, folder: Folder, stack: ExitStack) -> None:
        folder.path.chmod(0o711)
        store = store_folder(folder.postgres)
        if store != folder.postgres:
            folder.store_note.write_text(f"{store}\n", encoding="utf-8")
        self.postgres = PostgresServer(store)
        stack.callback(self.postgres.stop, seconds=SERVER_SECONDS)
        self.postgres.start()
        self.valkey = ValkeyCluster(folder.valkey, password=_kept_secret(folder.path / ".valkey"))
        stack.callback(self.valkey.stop)
        self.valkey.start()
        self.restarts = 0

    def dsn(self) -> str:
        """Return the database of the exchange."""
        return self.postgres.dsn(DATABASE)

    def look_after(self) -> None:
        """Start again what has ended; blocks for as long as that takes."""
        if not self.postgres.is_running:
            self.restarts += 1
            log.error("PostgreSQL has ended: it is started again")
            self.postgres.start()
        for node in self.valkey.nodes:
            if not node.is_running():
                self.restarts += 1
                log.error("the Valkey node at port %d has ended: it is started again", node.port)
                self.valkey.restart(node)


def _kept_secret(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii").strip()


@dataclass(slots=True)
class _Control:
    callers: Callers
    keys: PostgresApiKeys
    catalog: Catalog


class Up:
    """One run."""

    def __init__(self, settings: UpSettings, folder: Folder, servers: Servers) -> None:
        self._settings = settings
        self._folder = folder
        self._servers = servers
        self._stop = asyncio.Event()
        self._failure: Exception | None = None
        self._children: list[Child] = []
        self._disowning: set[asyncio.Task[None]] = set()
        self._server_thread = ThreadPoolExecutor(1, "servers")
        """Starts servers again; like the main thread it lives as long as they may."""
        self._began = time.monotonic()

    async def run(self) -> None:
        """Start everything, watch it until the end, stop it in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        board = StatusBoard(self._settings, self._servers)
        async with AsyncExitStack() as stack:
            # a server that is just being started ends with the others, and this thread with it
            stack.callback(self._server_thread.shutdown, wait=False)
            stack.callback(board.close)
            try:
                await self._start(stack, board)
                await self._watch(board)
            except _StoppedError:
                pass
            board.say("stopping")
        if self._failure is not None:
            raise self._failure

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        self._stop.set()

    async def _or_stop(self, work: Awaitable[None]) -> None:
        """Wait for something; raises _StoppedError when the run is to end before that."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not doing.done() or self._failure is not None:
            doing.cancel()
            await asyncio.wait({doing})
            raise _StoppedError
        doing.result()

    async def _start(self, stack: AsyncExitStack, board: StatusBoard) -> None:
        board.say("PostgreSQL and Valkey run")
        await asyncio.to_thread(self._prepare_database)
        shared = self._shared = self._write_settings()
        stack.push_async_callback(self._stop_children)
        engines = [engine_name(number + 1) for number in range(self._settings.engines)]
        await asyncio.gather(
            *(self._spawn("engine", name, ProcessRole.ENGINE) for name in engines),
            self._spawn("projector", "projector-1", ProcessRole.ENGINE),
        )
        board.children = self._children
        control = await self._open_control(stack, shared)
        board.callers = control.callers
        await self._or_stop(control.callers.wait_open())
        board.say(f"{len(engines)} engines own {len(shared.partitions)} partitions")
        await self._or_stop(self._open_exchange(stack, control))
        await asyncio.gather(
            *(
                self._spawn("gateway", f"gateway-{number + 1}", ProcessRole.GATEWAY)
                for number in range(self._settings.gateways)
            )
        )
        await self._or_stop(self._gateways_answer())
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        where = f"{host}:{self._settings.port}"
        board.say(
            f"ready after {time.monotonic() - self._began:.1f} s: http://{where}/api/v3  "
            f"ws://{where}/ws  ws://{where}/ws-api/v3  data: {self._settings.data}"
        )

    # -- what is there once

    def _prepare_database(self) -> None:
        self._servers.postgres.create_database(DATABASE)
        for schema in SCHEMAS:
            migrate(self._servers.dsn(), schema)

    def _write_settings(self) -> ScaledSettings:
        """Write each role's settings file, and say to the database where things live at first."""
        plans = self._partitions()
        tls = ensure_certificates(self._folder.tls)
        for role in (ProcessRole.ENGINE, ProcessRole.GATEWAY, ProcessRole.CONTROL):
            text = settings_text(
                self._settings,
                plans,
                dsn=self._servers.dsn(),
                redis=self._servers.valkey.addresses,
                redis_password=self._servers.valkey.password,
                tls=tls,
                role=role,
            )
            write_private(self._settings_file(role), text)
        self._folder.logs.mkdir(exist_ok=True)
        settings = ScaledSettings.load(self._settings_file(ProcessRole.CONTROL), {})
        ownership = Ownership(settings.journal_dsn, "outcry-up")
        try:
            ownership.place(first_routes(settings))
            for plan in settings.partitions:
                ownership.prefer(plan.number, plan.preferred)
        finally:
            ownership.close()
        return settings

    def _settings_file(self, role: ProcessRole) -> Path:
        return self._folder.path / f"{role.name.lower()}.toml"

    def _partitions(self) -> list[PartitionPlan]:
        """Return the partitions that the exchange was set up with: engines may come and go."""
        path = self._folder.partitions
        if not path.exists():
            plans = plan_partitions(self._settings.engines)
            write_private(path, json.dumps([plan.as_json() for plan in plans], indent=1) + "\n")
        plans = [PartitionPlan.of_json(entry) for entry in json.loads(path.read_text())]
        grown = plans + plan_more(plans, self._settings.engines)
        if grown != plans:
            write_private(path, json.dumps([plan.as_json() for plan in grown], indent=1) + "\n")
        return grown

    # -- children

    async def _spawn(self, command: str, name: str, role: ProcessRole) -> None:
        arguments = [command, "--settings", str(self._settings_file(role)), "--name", name]
        if command == "gateway":
            arguments += ["--gateways", str(self._settings.gateways)]
        plan = ChildPlan(
            name=name,
            command=[sys.executable, "-m", "openoutcry.cli", *arguments],
            log_path=self._folder.logs / f"{name}.log",
        )
        child = Child(plan, self._fail, self._engine_ended if command == "engine" else None)
        self._children.append(child)
        await child.start()

    def _engine_ended(self, name: str) -> None:
        """Have others take over at once what an engine owned: it is known to have ended."""
        task = asyncio.create_task(asyncio.to_thread(self._disown, name))
        self._disowning.add(task)
        task.add_done_callback(self._disowning.discard)

    def _disown(self, name: str) -> None:
        ownership = Ownership(self._servers.dsn(), "outcry-up")
        try:
            ownership.disown(name)
        except JournalError as error:
            log.warning("the leases of %s end by themselves: %s", name, error)
        finally:
            ownership.close()

    async def _stop_children(self) -> None:
        """Stop gateways first, so that nobody is served whom nobody answers."""
        for prefix in ("gateway", ("engine", "projector")):
            chosen = [child for child in self._children if child.plan.name.startswith(prefix)]
            await asyncio.gather(*(child.stop(CHILD_SECONDS / 2) for child in chosen))

    # -- control

    async def _open_control(self, stack: AsyncExitStack, shared: ScaledSettings) -> _Control:
        callers = Callers(shared, ProcessRole.CONTROL, ControlCalls)
        assert isinstance(callers.calls, ControlCalls)
        await callers.start()
        stack.push_async_callback(callers.stop)
        callers.calls.hosting = Hosting(shared, callers.directory, callers.calls)
        keys = await asyncio.to_thread(PostgresApiKeys, shared.journal_dsn)
        stack.callback(keys.close)
        return _Control(callers, keys, Catalog())

    async def _open_exchange(self, stack: AsyncExitStack, control: _Control) -> None:
        """Open the demo's markets and accounts, start its bots, and answer operators."""
        calls = control.callers.calls
        assert isinstance(calls, ControlCalls)
        assert calls.hosting is not None
        if self._settings.demo:
            await open_demo(calls, control.keys, self._settings.data, now_us())
        await calls.hosting.host_all()
        rows = await calls.catalog()
        control.catalog.load(
            [row for row in rows if isinstance(row, AssetRow)],
            [row for row in rows if isinstance(row, MarketRow)],
            next((row for row in rows if isinstance(row, MetaRow)), None),
        )
        operations = Operations(self._shared, control.callers, control.catalog)
        stack.push_async_callback(operations.close)
        administration = Administration(
            calls, control.keys, control.catalog, now_us, operations.requests()
        )
        server = ControlServer(administration, self._settings.data)
        await server.start()
        stack.push_async_callback(server.close)
        if self._settings.demo and self._settings.bots:
            bots = DemoBots(calls, seed=self._settings.demo_seed)
            bots.start(lambda error: self._fail(RuntimeError(f"the bots ended: {error!r}")))
            stack.push_async_callback(bots.stop)
            await bots.opened()

    async def _gateways_answer(self) -> None:
        """Return when each gateway has said in its log that it serves."""
        waiting = [child for child in self._children if child.plan.name.startswith("gateway")]
        while waiting:
            waiting = [child for child in waiting if not _serves(child)]
            await asyncio.sleep(0.05)

    # -- afterwards

    async def _watch(self, board: StatusBoard) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            try:
                await self._or_stop(
                    loop.run_in_executor(self._server_thread, self._servers.look_after)
                )
            except (ServerError, ValkeyError) as error:
                log.error("it cannot be started again yet: %s", error)  # noqa: TRY400
            try:
                await board.show()
            except CallError as error:
                log.debug("no status: %s", error)
            try:
                await asyncio.wait_for(self._stop.wait(), WATCH_SECONDS)
            except TimeoutError:
                continue


def _serves(child: Child) -> bool:
    began = child.log_size_at_start
    with child.plan.log_path.open("rb") as file:
        file.seek(began)
        return b" serves http" in file.read()
