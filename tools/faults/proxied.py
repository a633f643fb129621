"""One engine of a running exchange whose database, and whose callers, come through proxies."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tools.faults.cut_proxy import CutProxy
from tools.faults.exchange import FaultyExchange, is_alive, ports_of, send

from openoutcry.adapters.local.servers.process import free_port
from openoutcry.adapters.postgres.ownership import Ownership

RESTART_SECONDS_MAX = 120.0


class ProxiedEngine:
    """An engine started again with other addresses. What it owned before comes back to it."""

    def __init__(self, exchange: FaultyExchange, name: str) -> None:
        self.exchange = exchange
        self.name = name
        self.database = CutProxy(self._database_port())
        self._listen = free_port()
        self.calls = CutProxy(self._listen)
        self.pid = 0

    @property
    def is_running(self) -> bool:
        """Whether the process is still the one that was started with proxies."""
        return self.pid != 0 and is_alive(self.pid)

    def start(self) -> None:
        """Give its partitions away, start it anew, and have them come back."""
        exchange, name = self.exchange, self.name
        owned = [number for number, (owner, _) in exchange.owners().items() if owner == name]
        exchange.wait_for(self._all_have_read_theirs, RESTART_SECONDS_MAX, "each engine listens")
        before = exchange.pid_of(name)
        with self._settings():
            send(before, signal.SIGTERM)
            exchange.wait_for(
                lambda: self._is_started_anew(before),
                RESTART_SECONDS_MAX,
                f"{name} takes calls through a proxy",
            )
        self.pid = exchange.pid_of(name)
        self.own(owned)

    def _all_have_read_theirs(self) -> bool:
        """Whether no engine is on its way up: it would read what is meant for another one."""
        pids = self.exchange.processes()
        return all(name in pids and ports_of(pids[name]) for name in self.exchange.engines)

    def _is_started_anew(self, before: int) -> bool:
        pid = self.exchange.processes().get(self.name, before)
        return pid != before and self._listen in ports_of(pid)

    def own(self, partitions: list[int]) -> None:
        """Have it own these partitions, as an operator would."""
        ownership = Ownership(self.exchange.dsn(), "faults")
        try:
            for number in partitions:
                owner = self.exchange.owners()[number][0]
                if owner != self.name:
                    ownership.prefer(number, owner)
            time.sleep(0.5)
            for number in partitions:
                ownership.prefer(number, self.name)
        finally:
            ownership.close()
        self.exchange.wait_for(
            lambda: all(self.exchange.owners()[it][0] == self.name for it in partitions),
            RESTART_SECONDS_MAX,
            f"{self.name} owns {partitions} again",
        )

    @contextmanager
    def _settings(self) -> Iterator[None]:
        """Have engines that start meanwhile read other addresses."""
        path = self.exchange.data / "engine.toml"
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if not line.startswith("journal_dsn")]
        own = [
            f'journal_dsn = "{self._proxied_dsn()}"',
            f'calls_listen = "127.0.0.1:{self._listen}"',
            f'calls_address = "127.0.0.1:{self.calls.port}"',
        ]
        path.write_text("\n".join([*own, *lines]) + "\n", encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")

    def _store(self) -> Path:
        noted = self.exchange.data / "postgres-is-at"
        if noted.exists():
            return Path(noted.read_text(encoding="utf-8").strip())
        return self.exchange.data / "postgres"

    def _database_port(self) -> int:
        return int(str(conninfo_to_dict(self.exchange.dsn())["port"]))

    def _proxied_dsn(self) -> str:
        given = conninfo_to_dict(self.exchange.dsn())
        return make_conninfo(
            host="127.0.0.1",
            port=self.database.port,
            user=str(given["user"]),
            dbname=str(given["dbname"]),
            password=(self._store() / "password").read_text(encoding="ascii"),
            sslmode="disable",
            gssencmode="disable",
        )

    def close(self) -> None:
        """End the proxies; an engine that still runs behind them is started anew without."""
        pid = self.pid
        if self.is_running:
            send(pid, signal.SIGTERM)
            self.exchange.wait_for(
                lambda: not is_alive(pid), RESTART_SECONDS_MAX, f"{self.name} stops"
            )
        for proxy in (self.database, self.calls):
            proxy.__exit__(None, None, None)
