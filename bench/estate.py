"""What a running `outcry up` costs: processor time by tier, and bytes by store."""

import os
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg

from openoutcry.app.scaled.settings import ScaledSettings

TIERS = ("gateway", "engine", "projector", "redis", "postgres", "up")
"""In the order of a table; `up` is the process that looks after the others."""
_COMMAND = re.compile(r"^(gateway|engine|projector)$")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
CATCH_UP_SECONDS_MAX = 60.0


def tier_of(name: str, arguments: list[str]) -> str:
    """Return the tier of a process below `outcry up` by its name and arguments."""
    if name.startswith("postgres"):
        return "postgres"
    if name.startswith("valkey"):
        return "redis"
    return next((word for word in arguments if _COMMAND.match(word)), "up")


def processor_seconds(pid: int) -> dict[str, float]:
    """Return the processor time of each tier, of processes that have ended since included."""
    found = dict.fromkeys(TIERS, 0.0)
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            tier = tier_of(process.name(), process.cmdline())
            found[tier] += _ticks(process.pid) / _TICKS_A_SECOND
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            continue
    return found


def _ticks(pid: int) -> int:
    """Return utime, stime and those of children that were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))


def less(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return what was used between two readings."""
    return {tier: after[tier] - before[tier] for tier in after}


class Stores:
    """The stores of one estate, looked into beside it."""

    def __init__(self, data: Path) -> None:
        self._settings = ScaledSettings.load(data / "control.toml", {})
        self._database = psycopg.connect(self._settings.journal_dsn, autocommit=True)

    def close(self) -> None:
        """Hang up."""
        self._database.close()

    def _number(self, query: str) -> int:
        row = self._database.execute(query).fetchone()  # type: ignore[arg-type]
        return 0 if row is None or row[0] is None else int(row[0])

    def wait_projected(self) -> None:
        """Return when the projections have all that is in the journal now."""
        heads = "SELECT partition, max(seq) FROM journal.row GROUP BY partition"
        behind = (
            f"SELECT count(*) FROM ({heads}) AS head(partition, seq)"
            " LEFT JOIN query.cursor USING (partition) WHERE coalesce(cursor.seq, 0) < head.seq"
        )
        deadline = time.monotonic() + CATCH_UP_SECONDS_MAX
        while self._number(behind):
            assert time.monotonic() < deadline, "the projector does not catch up"
            time.sleep(0.02)

    def counts(self) -> dict[str, int]:
        """Return how much there is: rows of the journal and commands in them, trades."""
        return {
            "journal rows": self._number("SELECT count(*) FROM journal.row"),
            "commands": self._number("SELECT sum(n_commands) FROM journal.row"),
            "trades": self._number("SELECT count(*) FROM query.trades"),
            "ledger entries": self._number("SELECT count(*) FROM query.ledger"),
        }

    def sizes(self) -> dict[str, int]:
        """Return the bytes in each store; WAL is all that was ever written."""
        journal = self._number("SELECT pg_total_relation_size('journal.row')")
        of_query = "FROM pg_tables WHERE schemaname = 'query'"
        name = "('query.' || quote_ident(tablename))::regclass"
        ledger = self._number("SELECT pg_total_relation_size('query.ledger')")
        tables = self._number(f"SELECT sum(pg_table_size({name})) {of_query}")
        indexes = self._number(f"SELECT sum(pg_indexes_size({name})) {of_query}")
        return {
            "journal": journal,
            "payload": self._number("SELECT sum(octet_length(payload)) FROM journal.row"),
            "ledger, with its indexes": ledger,
            "query tables": tables,
            "query indexes": indexes,
            "WAL": self._number("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"),
            "Redis": self._redis_bytes(),
        }

    def snapshots(self) -> tuple[int, int]:
        """Return how many snapshots are kept, and their bytes."""
        size = "SELECT sum(octet_length(data)) FROM journal.snapshot_chunk"
        return self._number("SELECT count(*) FROM journal.snapshot"), self._number(size)

    def _redis_bytes(self) -> int:
        """Return the memory in use by all nodes, replicas too."""
        return sum(
            _used_memory((node.host, node.port), self._settings.redis_password)
            for node in self._settings.redis_nodes
        )


def _used_memory(address: tuple[str, int], password: str) -> int:
    with socket.create_connection(address, 5.0) as connection:
        connection.sendall(f"AUTH {password}\r\nINFO memory\r\nQUIT\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(65_536), b""))
    found = re.search(rb"used_memory:(\d+)", text)
    assert found is not None, f"no memory in {text[:200]!r}"
    return int(found[1])


def rounded(figures: Mapping[str, float]) -> dict[str, Any]:
    """Return figures as a result file keeps them."""
    return {name: round(value, 3) for name, value in figures.items()}
