"""One suite for every store of API keys."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.sqlite.keys import KeyStoreError, SqliteApiKeys
from openoutcry.ports.users import ApiKey, ApiKeys, KeyType


def key(name: str, account_id: int = 1025, label: str = "") -> ApiKey:
    return ApiKey(
        api_key=name,
        account_id=account_id,
        key_type=KeyType.HMAC,
        material=b"secret of " + name.encode(),
        may_trade=False,
        created_us=1_700_000_000_000_000,
        label=label,
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApiKeys]:
    if request.param == "memory":
        yield MemoryApiKeys()
        return
    store: SqliteApiKeys | PostgresApiKeys
    if request.param == "postgres":
        store = PostgresApiKeys(request.getfixturevalue("database"))
    else:
        store = SqliteApiKeys(tmp_path / "keys.db")
    yield store
    store.close()


def test_a_key_is_found_by_its_name_and_no_other(keys: ApiKeys) -> None:
    keys.add(key("a"))
    assert keys.find("a") == key("a")
    assert keys.find("A") is None
    assert keys.find("") is None


def test_keys_of_an_account_are_listed_oldest_first(keys: ApiKeys) -> None:
    for name in ("z", "a", "m"):
        keys.add(key(name))
    keys.add(key("other", account_id=2050))
    assert [found.api_key for found in keys.of_account(1025)] == ["z", "a", "m"]
    assert keys.of_account(3) == []


def test_a_name_is_given_once(keys: ApiKeys) -> None:
    keys.add(key("a"))
    with pytest.raises(ValueError):
        keys.add(key("a", account_id=2050))
    assert keys.find("a") == key("a")


def test_a_revoked_key_is_gone_at_once_and_its_name_is_free(keys: ApiKeys) -> None:
    keys.add(key("a"))
    assert keys.revoke("a")
    assert keys.find("a") is None
    assert keys.of_account(1025) == []
    assert not keys.revoke("a")
    keys.add(key("a", label="second"))
    assert keys.find("a") == key("a", label="second")


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Callable[[], SqliteApiKeys]]:
    opened: list[SqliteApiKeys] = []

    def again() -> SqliteApiKeys:
        opened.append(SqliteApiKeys(tmp_path / "keys.db"))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


def test_keys_outlive_their_process(reopen: Callable[[], SqliteApiKeys]) -> None:
    first = reopen()
    first.add(key("a", label="märkte"))
    first.add(key("b"))
    first.revoke("b")
    second = reopen()
    assert second.find("a") == key("a", label="märkte")
    assert second.find("b") is None


def test_only_the_owner_may_read_the_file(
    reopen: Callable[[], SqliteApiKeys], tmp_path: Path
) -> None:
    (tmp_path / "keys.db").touch(mode=0o644)
    reopen().add(key("a"))
    files = sorted(tmp_path.glob("keys.db*"))
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_newer_format_is_refused_by_name(
    reopen: Callable[[], SqliteApiKeys], tmp_path: Path
) -> None:
    reopen()
    database = sqlite3.connect(tmp_path / "keys.db")
    database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(KeyStoreError, match="format 7"):
        reopen()


def test_a_file_of_something_else_is_refused(
    reopen: Callable[[], SqliteApiKeys], tmp_path: Path
) -> None:
    (tmp_path / "keys.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(KeyStoreError, match=r"keys\.db"):
        reopen()
