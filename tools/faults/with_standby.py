"""`outcry up` on a database with a synchronous standby, which is promoted when the primary is gone.

    python -m tools.faults.with_standby --data DIR --port N --engines N --gateways M

What `outcry up` leaves to an operator's database: two servers that every DSN names, commits that
wait for both, promotion, and a new standby in place of the lost primary.
"""

import argparse
import logging
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import uvloop
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tools.faults.exchange import FaultyExchange, children_of, command_of, is_alive, send
from tools.faults.menu import Scene

from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.servers.process import ServerError
from openoutcry.app.scaled.layout import DATABASE, Folder, UpSettings
from openoutcry.app.scaled.servers import STOP_SECONDS, Servers
from openoutcry.app.scaled.up import Up

STANDBY = "standby"
STANDBY_SECONDS_MAX = 60.0
log = logging.getLogger("openoutcry")


class ServersWithStandby(Servers):
    """The servers of `outcry up`, and a second PostgreSQL beside the first."""

    def __init__(self, folder: Folder) -> None:
        super().__init__(folder)
        self._beside = folder.path / STANDBY
        self.hosts: list[PostgresServer] = []

    def _start_postgres(self) -> None:
        super()._start_postgres()
        self.standby = self.postgres.standby(self._beside, STANDBY)
        self.hosts = [self.postgres, self.standby]
        self.standby.start()
        self.postgres.wait_for(STANDBY)

    def _stop_postgres(self) -> None:
        super()._stop_postgres()
        if self.hosts:
            with suppress(ServerError):
                self.standby.stop(seconds=STOP_SECONDS)

    def dsn(self) -> str:
        """Return the database of the exchange, at whichever server takes writes."""
        found = [conninfo_to_dict(server.dsn(DATABASE)) for server in self.hosts]
        return make_conninfo(
            self.postgres.dsn(DATABASE),
            host=",".join(str(one["host"]) for one in found),
            port=",".join(str(one["port"]) for one in found),
        )

    def _look_after_postgres(self) -> None:
        """Promote the standby when the primary has ended, and put another one in its place."""
        if not self.postgres.is_running:
            lost, self._postgres = self.postgres, self.standby
            self.restarts += 1
            log.error("the primary has ended: its standby is promoted")
            self.postgres.promote()
            shutil.rmtree(lost.data)
            self.standby = self.postgres.standby(lost.folder, STANDBY, port=lost.port)
            self.hosts = [
                self.standby if server.port == lost.port else server for server in self.hosts
            ]
            self.standby.start()
            self.postgres.wait_for(STANDBY)
        super()._look_after_postgres()


class StandbyExchange(FaultyExchange):
    """A running exchange whose database has a synchronous standby."""

    def program(self) -> list[str]:
        """Return how this file is run."""
        return [sys.executable, "-m", "tools.faults.with_standby"]

    def postmaster(self) -> int:
        """Return the process id of the primary, or 0."""
        for pid in children_of(self.pid):
            words = command_of(pid)
            if words and words[0].endswith("/postgres"):
                data = Path(words[words.index("-D") + 1])
                if not (data / "standby.signal").exists():
                    return pid
        return 0

    def has_standby(self) -> bool:
        """Whether commits wait for a standby that follows."""
        rows = self.query("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'quorum'")
        return len(rows) == 1


def promote_standby(scene: Scene) -> None:
    """The primary and all its children are killed, and the standby takes its place (O23)."""
    exchange = scene.exchange
    assert isinstance(exchange, StandbyExchange)
    pid = exchange.postmaster()
    family = [pid, *children_of(pid)]
    scene.note(f"SIGKILL of the primary and {len(family) - 1} children")
    scene.strike()
    for member in family:
        send(member, signal.SIGKILL)
    exchange.wait_for(
        lambda: not is_alive(pid) and exchange.postmaster() not in {0, pid}, 20, "a promotion"
    )


def await_standby(exchange: StandbyExchange) -> None:
    """Wait until the next promotion would lose nothing."""
    exchange.wait_for(exchange.has_standby, STANDBY_SECONDS_MAX, "another standby follows")


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    for name in ("--port", "--engines", "--gateways"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--demo", "--no-bots", "--no-limits"):
        parser.add_argument(name, action="store_true")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = UpSettings(
        data=given.data,
        port=given.port,
        engines=given.engines,
        gateways=given.gateways,
        demo=given.demo,
        bots=not given.no_bots,
        limits=not given.no_limits,
    )
    given.data.mkdir(parents=True, exist_ok=True)
    folder = Folder(settings.data)
    uvloop.run(Up(settings, folder, ServersWithStandby(folder)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
