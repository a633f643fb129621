"""One file, many that have it open: closing it in one place takes no lock away in another."""

import subprocess
import sys
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from openoutcry.adapters.sqlite.audit import SqliteAudit
from openoutcry.adapters.sqlite.keys import SqliteApiKeys
from openoutcry.adapters.sqlite.notifications import SqliteNotifications
from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.adapters.sqlite.people import SqlitePeopleFile
from openoutcry.adapters.sqlite.wallets import SqliteWalletStore
from openoutcry.identity.sealing import AesGcmSealer

LOOK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], timeout=30)
with database:
    database.execute("CREATE TABLE looked (at INTEGER)")
database.close()
"""
"""What somebody does who looks into a file beside a running exchange, and closes it again."""


def is_log_kept(path: Path) -> bool:
    """Whether another process, having closed the file, leaves the log to those who write it."""
    log = path.with_name(path.name + "-wal")
    before = log.stat().st_ino
    subprocess.run([sys.executable, "-c", LOOK, path], check=True, timeout=60)
    return log.exists() and log.stat().st_ino == before


async def test_nobody_else_deletes_the_log_of_people(tmp_path: Path) -> None:
    path = tmp_path / "people.db"
    async with AsyncExitStack() as stack:
        for opened in (SqliteAudit, SqlitePeopleFile, SqliteWalletStore):
            stack.callback(opened(path).close)
        stack.push_async_callback(SqliteNotifications(path).close)
        assert is_log_kept(path)


def test_nobody_else_deletes_the_log_of_keys(tmp_path: Path) -> None:
    path, sealer = tmp_path / "keys.db", AesGcmSealer(bytes(32), "keys")
    with ExitStack() as stack:
        for _ in range(2):
            stack.callback(SqliteApiKeys(path, sealer).close)
        assert is_log_kept(path)


def test_a_file_is_its_owner_s_alone_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    make_own_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"kept")
    path.chmod(0o644)
    make_own_file(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"kept", 0o600)
