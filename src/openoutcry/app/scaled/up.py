"""`outcry up`: a whole scaled exchange on this machine, started and looked after by one process.

It starts PostgreSQL and a Valkey cluster, then engines, a projector and gateways, each a process of
its own; opens the demo, runs its bots, answers operators on the control socket, and starts again
whatever ends. It decides nothing about orders or money.
"""

import asyncio
import json
import logging
import signal
import socket
import sys
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import uvloop

from openoutcry.adapters.local.folder import FolderLock, FolderLockedError
from openoutcry.adapters.local.servers.process import ServerError
from openoutcry.adapters.local.valkey_cluster import ValkeyError
from openoutcry.adapters.postgres.audit import PostgresAudit
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.postgres.migrations import SchemaError
from openoutcry.adapters.postgres.ownership import Ownership
from openoutcry.adapters.tcp.authority import ensure_certificates
from openoutcry.adapters.tcp.frames import ProcessRole
from openoutcry.app.acts import RecordedAdministration
from openoutcry.app.admin import AdminError, Answer, Request
from openoutcry.app.children import Child, ChildError, ChildPlan
from openoutcry.app.control import ControlServer
from openoutcry.app.demo import DemoBots, DemoError, open_demo
from openoutcry.app.doors import PortInUseError
from openoutcry.app.master_key import master_key
from openoutcry.app.scaled.administration import Control, ScaledAdministration
from openoutcry.app.scaled.database import prepare
from openoutcry.app.scaled.gateway import Callers
from openoutcry.app.scaled.layout import (
    DATABASE,
    WRITTEN,
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
from openoutcry.app.scaled.servers import Servers
from openoutcry.app.scaled.settings import ScaledSettings
from openoutcry.app.scaled.status import StatusBoard
from openoutcry.app.settings import SettingsError
from openoutcry.identity.audit import AuditLog
from openoutcry.identity.sealing import MasterKeyError
from openoutcry.partition.runtime import now_us
from openoutcry.ports.calls import CallError
from openoutcry.ports.journal import JournalError
from openoutcry.ports.users import KeyStoreError

log = logging.getLogger("openoutcry")

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_DATA = 3
CHILD_SECONDS = 2.5
WATCH_SECONDS = 0.25
GRACE_SECONDS = 10.0
RESTART_SECONDS_MAX = 90.0
"""How long a process that is restarted may take until all is as before."""


class UpError(Exception):
    """The folder is of another kind of exchange, or the bots ended; the message says which."""


_DATA_ERRORS = (
    FolderLockedError,
    JournalError,
    KeyStoreError,
    DemoError,
    MasterKeyError,
    SchemaError,
    UpError,
)
_OTHER_ERRORS = (ServerError, ValkeyError, ChildError, CallError, psycopg.Error, OSError)


class _StoppedError(Exception):
    """The run is to end before it has begun in full."""


def up(settings: UpSettings) -> int:
    """Run a scaled exchange until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = replace(settings, port=probe_port(settings.host, settings.port))
        folder = Folder(settings.data)
        lock = _locked(folder)
        try:
            if folder.embedded_journal.exists():
                raise UpError(f"{settings.data} holds an embedded exchange: `outcry serve` runs it")
            servers = Servers(folder)
            uvloop.run(Up(settings, folder, servers).run())
        finally:
            lock.release()
    except (PortInUseError, SettingsError) as error:
        return _fail(error, EXIT_USAGE)
    except _DATA_ERRORS as error:
        return _fail(error, EXIT_DATA)
    except _OTHER_ERRORS as error:
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


def probe_port(host: str, port: int) -> int:
    """Find out that a port is taken, also by somebody who would share it; 0: return a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
            return found
    except OSError as error:
        raise PortInUseError(f"cannot listen on {host}:{port}: {error.strerror}") from error


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
        self._began = time.monotonic()

    async def run(self) -> None:
        """Start everything, watch it until the end, stop it in order."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        board = StatusBoard(self._settings, self._servers)
        async with AsyncExitStack() as stack:
            stack.callback(board.close)
            stack.push_async_callback(self._servers.stop)
            try:
                await self._start(stack, board)
                await self._watch(board)
            except _StoppedError:
                pass
            except CallError:
                if self._failure is None:  # else that is why
                    raise
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
        await self._or_stop(self._servers.start())
        self._servers.look_after()
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
        control = Control(shared)
        keys = await stack.enter_async_context(control.opened())
        board.callers = control.callers
        await self._or_stop(control.callers.wait_open())
        board.say(f"{len(engines)} engines own {len(shared.partitions)} partitions")
        await self._or_stop(self._open_exchange(stack, control, keys, board))
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

    def _write_settings(self) -> ScaledSettings:
        """Write each role's settings file, and say to the database where things live at first."""
        plans = self._partitions()
        tls = ensure_certificates(self._folder.tls)
        engines_before = self._engines_written()
        secrets_key = master_key(self._folder.path).hex()
        for role in (ProcessRole.ENGINE, ProcessRole.GATEWAY, ProcessRole.CONTROL):
            text = settings_text(
                self._settings,
                plans,
                dsn=self._servers.dsn(),
                redis=self._servers.valkey.addresses,
                redis_password=self._servers.valkey.password,
                tls=tls,
                role=role,
                secrets_key=secrets_key,
            )
            write_private(self._settings_file(role), text)
        self._folder.logs.mkdir(exist_ok=True)
        settings = ScaledSettings.load(self._settings_file(ProcessRole.CONTROL), {})
        prepare(settings)
        if self._engines_written() != engines_before:  # else partitions stay where they were moved
            ownership = Ownership(settings.journal_dsn, "outcry-up")
            try:
                for plan in settings.partitions:
                    ownership.prefer(plan.number, plan.preferred)
            finally:
                ownership.close()
        return settings

    def _engines_written(self) -> set[str]:
        """Return the engines that the settings file in the folder shares the partitions among."""
        try:
            settings = ScaledSettings.load(self._settings_file(ProcessRole.CONTROL), {})
        except SettingsError:  # it is not there yet, or somebody has changed it
            return set()
        return {plan.preferred for plan in settings.partitions}

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
            without=WRITTEN,
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
        for kinds in (("gateway",), ("engine", "projector")):
            chosen = [child for child in self._children if child.plan.name.startswith(kinds)]
            await asyncio.gather(*(child.stop(CHILD_SECONDS) for child in chosen))

    # -- control

    async def _open_exchange(
        self, stack: AsyncExitStack, control: Control, keys: PostgresApiKeys, board: StatusBoard
    ) -> None:
        """Open the demo's markets and accounts, start its bots, and answer operators."""
        calls = control.calls
        if self._settings.demo:
            await open_demo(calls, keys, self._settings.data, now_us())
        control.catalog.load_rows(await control.hosting.host_all())
        operations = Operations(self._shared, control.callers, control.catalog)
        stack.push_async_callback(operations.close)

        async def restart(request: Request) -> Answer:
            what = str(request.get("what", "all"))
            return {"restarted": await self._restart(what, control.callers, board)}

        more = {**operations.requests(), "restart": restart}
        records = PostgresAudit(self._shared.journal_dsn)
        stack.callback(records.close)
        administration = RecordedAdministration(
            ScaledAdministration(control, keys, more), AuditLog(records, now_us)
        )
        server = ControlServer(administration, self._settings.data)
        await server.start()
        stack.push_async_callback(server.close)
        if self._settings.demo and self._settings.bots:
            bots = DemoBots(calls, seed=self._settings.demo_seed)
            bots.start(lambda error: self._fail(UpError(f"the bots ended: {error!r}")))
            stack.push_async_callback(bots.stop)
            await bots.opened()

    async def _gateways_answer(self) -> None:
        """Return when each gateway has said in its log that it serves."""
        waiting = [child for child in self._children if child.plan.name.startswith("gateway")]
        while waiting:
            waiting = [child for child in waiting if not _serves(child)]
            await asyncio.sleep(0.05)

    # -- afterwards

    async def _restart(self, what: str, callers: Callers, board: StatusBoard) -> list[str]:
        """Restart processes one after the other, each when the one before it is back at work."""
        chosen = [
            child
            for prefix in ("gateway", "engine", "projector")
            for child in self._children
            if child.plan.name.startswith(prefix) and what in {"all", f"{prefix}s", child.plan.name}
        ]
        if not chosen:
            raise AdminError(f"{what!r} is none of all, gateways, engines and the processes' names")
        for child in chosen:
            board.say(f"{child.plan.name} is restarted")
            await child.replace(GRACE_SECONDS)

            try:
                async with asyncio.timeout(RESTART_SECONDS_MAX):
                    if child.plan.name.startswith("gateway"):
                        await self._gateways_answer()
                    while not _is_settled(callers):  # noqa: ASYNC110 - it depends on rows
                        await asyncio.sleep(0.05)
            except TimeoutError:
                raise AdminError(
                    f"{child.plan.name} is not back, so nothing else is restarted: "
                    f"see {child.plan.log_path}"
                ) from None
        return [child.plan.name for child in chosen]

    async def _watch(self, board: StatusBoard) -> None:
        while not self._stop.is_set():
            try:
                await board.show()
            except CallError as error:
                log.debug("no status: %s", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._stop.wait()


def _serves(child: Child) -> bool:
    began = child.log_size_at_start
    with child.plan.log_path.open("rb") as file:
        file.seek(began)
        return b" serves http" in file.read()


def _is_settled(callers: Callers) -> bool:
    """Whether every partition takes orders at the engine that should have it."""
    rows = [callers.directory.row_of(number) for number in callers.directory.partitions()]
    is_home = all(row is not None and row.owner == row.preferred for row in rows)
    return is_home and callers.is_open()
