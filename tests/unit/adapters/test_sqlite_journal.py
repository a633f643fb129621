"""What only the SQLite journal has: formats, its log, its errors. Covers J08, O06, O08."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from openoutcry.adapters.sqlite import journal as module
from openoutcry.adapters.sqlite.journal import SqliteJournal, journal_error
from openoutcry.codec.journal import Head, seal
from openoutcry.ports.journal import (
    JournalDamagedError,
    JournalError,
    JournalFormatError,
    JournalFullError,
    JournalUnknownError,
)

LOG_HEADER_BYTES = 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def fill(journal: SqliteJournal, count: int, size: int = 200) -> None:
    epoch = journal.acquire()
    for _ in range(count):
        journal.append([seal(journal.head(), 0, epoch, b"c" * size, 1)])


@pytest.fixture
def crashed(path: Path, tmp_path: Path) -> Path:
    """A journal of 40 rows, copied with its log as a crash would leave it."""
    journal = SqliteJournal(path)
    fill(journal, 40)
    folder = tmp_path / "crashed"
    folder.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(path.parent / name, folder / name)
    journal.close()
    return folder / "journal.db"


def log_of(path: Path) -> Path:
    return path.with_name("journal.db-wal")


def reopened(path: Path) -> int:
    journal = SqliteJournal(path)
    try:
        return journal.head().seq
    finally:
        journal.close()


def frames(path: Path) -> tuple[int, int]:
    """Return (bytes of a frame, number of frames) of a log."""
    data = log_of(path).read_bytes()
    stride = 24 + int.from_bytes(data[8:12], "big")
    return stride, (len(data) - LOG_HEADER_BYTES) // stride


class TestFormat:
    def test_a_newer_format_is_refused_by_name(self, path: Path) -> None:
        SqliteJournal(path).close()
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 9")
        database.close()
        with pytest.raises(JournalFormatError, match="journal format 9, written by a newer"):
            SqliteJournal(path)

    def test_an_older_format_without_a_way_up_is_refused_by_name(self, path: Path) -> None:
        SqliteJournal(path).close()
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 0")
        database.close()
        with pytest.raises(JournalFormatError, match="journal format 0, which this program"):
            SqliteJournal(path)

    def test_an_older_format_with_a_way_up_is_migrated(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = SqliteJournal(path)
        fill(journal, 3)
        journal.close()
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 0")
            database.execute("ALTER TABLE owner RENAME TO holder")
        database.close()
        migrations = {0: lambda database: database.execute("ALTER TABLE holder RENAME TO owner")}
        monkeypatch.setattr(module, "MIGRATIONS", migrations)
        assert reopened(path) == 3
        monkeypatch.setattr(module, "MIGRATIONS", {})
        assert reopened(path) == 3

    def test_another_programs_database_is_refused(self, path: Path) -> None:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE other(x)")
        database.close()
        with pytest.raises(JournalFormatError, match="not a journal of this program"):
            SqliteJournal(path)

    def test_what_is_no_database_is_refused(self, path: Path) -> None:
        path.write_bytes(b"a letter to somebody" * 300)
        with pytest.raises(JournalDamagedError):
            SqliteJournal(path)

    def test_read_only_needs_a_journal_and_changes_nothing(self, path: Path) -> None:
        with pytest.raises(JournalError):
            SqliteJournal(path, read_only=True)
        SqliteJournal(path).close()
        before = path.read_bytes()
        journal = SqliteJournal(path, read_only=True)
        assert journal.head() == Head()
        journal.close()
        assert path.read_bytes() == before

    def test_synchronous_is_a_closed_choice(self, path: Path) -> None:
        with pytest.raises(ValueError):
            SqliteJournal(path, synchronous="NORMAL")


class TestLog:
    def test_a_crash_loses_no_row(self, crashed: Path) -> None:
        assert reopened(crashed) == 40

    def test_a_torn_last_write_is_dropped_at_any_byte_o06(self, crashed: Path) -> None:
        """The last transaction is cut anywhere: it alone goes, and it was never acknowledged."""
        whole = log_of(crashed).read_bytes()
        stride, count = frames(crashed)
        last = LOG_HEADER_BYTES + (count - 1) * stride
        for cut in range(1, stride, 97):
            log_of(crashed).write_bytes(whole[: last + cut])
            assert reopened(fresh_copy(crashed)) == 39
        log_of(crashed).write_bytes(whole)

    def test_a_garbled_last_write_is_dropped(self, crashed: Path) -> None:
        data = bytearray(log_of(crashed).read_bytes())
        data[-100] ^= 0xFF
        log_of(crashed).write_bytes(data)
        assert reopened(crashed) == 39

    def test_a_garbled_middle_is_refused_j08_o08(self, crashed: Path) -> None:
        """SQLite alone would silently drop all that follows, acknowledged or not."""
        whole = log_of(crashed).read_bytes()
        stride, count = frames(crashed)
        for frame in range(1, count - 4, 5):
            data = bytearray(whole)
            data[LOG_HEADER_BYTES + frame * stride + 300] ^= 1
            log_of(crashed).write_bytes(data)
            for _ in range(2):  # the evidence is still there the second time
                with pytest.raises(JournalDamagedError, match="is damaged and"):
                    SqliteJournal(crashed)
        log_of(crashed).write_bytes(whole)
        assert reopened(crashed) == 40

    def test_a_garbled_header_of_the_log_is_refused_o08(self, crashed: Path) -> None:
        whole = log_of(crashed).read_bytes()
        for at in range(LOG_HEADER_BYTES):
            data = bytearray(whole)
            data[at] ^= 4
            log_of(crashed).write_bytes(data)
            with pytest.raises(JournalDamagedError, match="header of the log"):
                SqliteJournal(crashed)

    def test_a_log_that_is_gone_leaves_what_the_table_has(self, crashed: Path) -> None:
        """Recovery refuses this by the snapshots and the history, which are ahead (J11)."""
        log_of(crashed).write_bytes(log_of(crashed).read_bytes()[:20])
        assert reopened(crashed) == 0

    def test_room_made_in_the_log_changes_nothing_of_this(self, path: Path) -> None:
        journal = SqliteJournal(path, log_bytes=2 << 20)
        blank = fresh_copy(path)
        assert log_of(blank).stat().st_size == 2 << 20
        assert reopened(blank) == 0
        fill(journal, 40)
        assert log_of(path).stat().st_size == 2 << 20, "appends did not make it grow"
        copy = fresh_copy(path)
        assert reopened(copy) == 40
        data = bytearray(log_of(path).read_bytes())
        data[LOG_HEADER_BYTES + 9 * frames(path)[0] + 300] ^= 1
        copy = fresh_copy(path)
        log_of(copy).write_bytes(data)
        with pytest.raises(JournalDamagedError, match="is damaged and"):
            SqliteJournal(copy)
        data[:LOG_HEADER_BYTES] = bytes(LOG_HEADER_BYTES)
        log_of(copy).write_bytes(data)
        with pytest.raises(JournalDamagedError, match="header of the log"):
            SqliteJournal(copy)
        journal.close()
        assert reopened(path) == 40

    def test_the_log_is_copied_into_the_table_beside_the_appends(self, path: Path) -> None:
        journal = SqliteJournal(path, checkpoint_bytes=50_000)
        fill(journal, 400, size=2000)
        assert log_of(path).stat().st_size < 6_000_000
        journal.close()
        assert reopened(path) == 400


def fresh_copy(path: Path) -> Path:
    folder = path.parent / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(path.parent / name, folder / name)
    return folder / "journal.db"


class TestErrors:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (sqlite3.SQLITE_FULL, JournalFullError),
            (sqlite3.SQLITE_IOERR_FSYNC, JournalUnknownError),
            (sqlite3.SQLITE_IOERR_WRITE, JournalUnknownError),
            (sqlite3.SQLITE_CORRUPT, JournalDamagedError),
            (sqlite3.SQLITE_NOTADB, JournalDamagedError),
            (sqlite3.SQLITE_BUSY, JournalError),
        ],
    )
    def test_driver_errors_become_ours(self, code: int, kind: type[JournalError]) -> None:
        error = sqlite3.OperationalError("no")
        error.sqlite_errorcode = code
        error.sqlite_errorname = "NAME"
        assert type(journal_error(error)) is kind

    def test_a_full_disk_appends_nothing_and_goes_on_when_there_is_room_o10(
        self, path: Path
    ) -> None:
        journal = SqliteJournal(path)
        fill(journal, 3)
        epoch = journal.acquire()
        pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
        journal._writer.execute(f"PRAGMA max_page_count = {pages}")
        row = seal(journal.head(), 0, epoch, bytes(200_000), 1)
        for _ in range(2):
            with pytest.raises(JournalFullError):
                journal.append([row])
            with pytest.raises(JournalFullError):
                journal.append([row, seal(row.head, 0, epoch, b"", 0)])
        assert journal.head().seq == 3
        journal._writer.execute("PRAGMA max_page_count = 100000")
        journal.append([row])
        journal.close()
        assert reopened(path) == 4

    def test_a_damaged_page_of_the_table_is_an_error_of_ours_o08(self, path: Path) -> None:
        journal = SqliteJournal(path)
        fill(journal, 400, size=500)
        journal.close()
        data = bytearray(path.read_bytes())
        page = 4096
        for at in range(3 * page, len(data), page):
            data[at : at + 64] = b"\xff" * 64
        path.write_bytes(data)

        def read_all() -> None:
            list(SqliteJournal(path).read(1))

        with pytest.raises(JournalDamagedError):
            read_all()
