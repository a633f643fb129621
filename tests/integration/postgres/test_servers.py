"""A real PostgreSQL, started and ended in every way."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import psycopg
import pytest
from tests.support.rows import wait_until

from openoutcry.adapters.local.servers import postgres
from openoutcry.adapters.local.servers.postgres import PostgresServer
from openoutcry.adapters.local.servers.process import (
    NOBODY,
    ServerError,
    blocked_at,
    is_alive,
    store_folder,
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")


@pytest.fixture
def folder(server_folder: Path) -> Path:
    return server_folder / uuid.uuid4().hex[:8]


def test_it_keeps_what_is_in_it_over_every_kind_of_end(folder: Path) -> None:
    server = PostgresServer(folder, durable=False)
    server.start()
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    for end in (server.stop, lambda: server.stop(immediate=True), server.crash):
        end()
        assert not server.is_running
        server.start()
        with psycopg.connect(server.dsn(tcp=True)) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    server.stop()


def test_over_tcp_it_wants_the_password_and_the_socket_is_its_owners(
    postgres_server: PostgresServer,
) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_server.dsn(tcp=True), password="another")
    sockets = Path(str(psycopg.conninfo.conninfo_to_dict(postgres_server.dsn())["host"]))
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((postgres_server.folder / "password").stat().st_mode) == 0o600
    assert sockets.is_relative_to(postgres_server.folder)


def test_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    with PostgresServer(folder / ("long" * 30), durable=False) as server:
        sockets = Path(str(psycopg.conninfo.conninfo_to_dict(server.dsn())["host"]))
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        with psycopg.connect(server.dsn()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not sockets.exists()


@as_root
def test_it_does_not_run_as_root(postgres_server: PostgresServer) -> None:
    status = Path(f"/proc/{postgres_server.pid}/status").read_text(encoding="ascii")
    assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status


@as_root
def test_a_folder_that_it_cannot_enter_is_refused_with_the_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = PostgresServer(tmp_path / "store" / "postgres")
    blocking = blocked_at(tmp_path)
    with pytest.raises(ServerError, match=f"chmod o\\+x {blocking}"):
        server.start()
    assert not (tmp_path / "store").exists()
    elsewhere = store_folder(tmp_path / "store" / "postgres")
    assert elsewhere != store_folder(tmp_path / "store" / "postgres"), "never another's"
    assert blocked_at(elsewhere.parent) is None


def test_a_folder_that_is_not_ours_is_refused(folder: Path) -> None:
    """A link that somebody laid where our folder would be must not be followed."""
    elsewhere = folder.with_name(f"{folder.name}-elsewhere")
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    owner = elsewhere.stat().st_uid
    with pytest.raises(ServerError, match="not a folder of ours"):
        PostgresServer(folder).start()
    assert elsewhere.stat().st_uid == owner
    assert list(elsewhere.iterdir()) == []


def test_a_store_that_was_not_finished_is_made_again(folder: Path) -> None:
    (folder / "data.part").mkdir(parents=True)
    (folder / "data.part" / "PG_VERSION").write_text("18")
    with (
        PostgresServer(folder, durable=False) as server,
        psycopg.connect(server.dsn()) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


@as_root
def test_programs_that_it_cannot_reach_are_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o700)
    packages = postgres.programs().parents[1]
    for name in (postgres.PACKAGE, f"{postgres.PACKAGE}.libs"):
        shutil.copytree(packages / name, tmp_path / name)
    hidden = tmp_path / postgres.PACKAGE / postgres.programs().name
    monkeypatch.setattr(postgres, "programs", lambda: hidden)
    with PostgresServer(folder, durable=False) as server:
        assert Path(f"/proc/{server.pid}/exe").resolve().is_relative_to(folder)


def test_it_ends_with_its_parent_also_by_kill(folder: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from openoutcry.adapters.local.servers.postgres import PostgresServer\n"
        "server = PostgresServer(pathlib.Path(sys.argv[1]), durable=False)\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not is_alive(pid), "the end of the server")


def test_a_server_that_ends_at_once_says_why(folder: Path) -> None:
    with PostgresServer(folder, durable=False):
        pass
    with pytest.raises(ServerError, match="shared_buffers"):
        PostgresServer(folder, settings={"shared_buffers": "nonsense"}).start()


def test_a_synchronous_standby_takes_over(folder: Path) -> None:
    with PostgresServer(folder / "primary", durable=False) as primary:
        standby = primary.standby(folder / "standby", "second")
        with standby:
            primary.wait_for("second")
            with psycopg.connect(primary.dsn()) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            primary.crash()
            standby.promote()
            with psycopg.connect(standby.dsn()) as connection:
                assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
                connection.execute("INSERT INTO kept VALUES(8)")
