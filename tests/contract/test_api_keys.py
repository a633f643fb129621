"""One suite for every store of API keys."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.adapters.postgres.keys import PostgresApiKeys
from openoutcry.adapters.sqlite.keys import SqliteApiKeys
from openoutcry.identity.keys import generate_key
from openoutcry.identity.sealing import API_KEYS, AesGcmSealer
from openoutcry.ports.users import ApiKey, ApiKeys, KeyStoreError, KeyType

SEALER = AesGcmSealer(bytes(32), API_KEYS)


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
        store = PostgresApiKeys(request.getfixturevalue("database"), SEALER)
    else:
        store = SqliteApiKeys(tmp_path / "keys.db", SEALER)
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


def test_all_rights_of_a_key_are_kept(keys: ApiKeys) -> None:
    limited = replace(
        key("a"),
        may_read=False,
        may_trade=True,
        may_withdraw=True,
        allowed_ips=("10.0.0.0/8", "2001:db8::/32"),
        allowed_symbols=("BTCUSD", "ETHUSD"),
        expires_us=1_800_000_000_000_000,
        person_id=1_000_001,
    )
    keys.add(limited)
    assert keys.find("a") == limited
    assert keys.of_account(1025) == [limited]


def test_an_expired_key_is_still_listed_and_told_by_its_time(keys: ApiKeys) -> None:
    keys.add(replace(key("a"), expires_us=100))
    found = keys.find("a")
    assert found is not None
    assert not found.has_expired(99)
    assert found.has_expired(100)
    assert not key("b").has_expired(1 << 62)


def test_keys_of_a_suspended_account_are_listed_and_not_found(keys: ApiKeys) -> None:
    keys.add(key("a"))
    keys.add(key("b"))
    keys.add(key("other", account_id=2050))
    assert keys.suspend(1025) == 2
    assert keys.find("a") is None
    assert keys.find("b") is None
    assert keys.find("other") == key("other", account_id=2050)
    assert [found.api_key for found in keys.of_account(1025)] == ["a", "b"]
    assert keys.revoke("b")
    assert keys.resume(1025) == 1
    assert keys.find("a") == key("a")
    assert keys.find("b") is None
    assert keys.suspend(7) == 0


def test_a_name_given_again_is_not_suspended(keys: ApiKeys) -> None:
    keys.add(key("a"))
    keys.suspend(1025)
    keys.revoke("a")
    keys.add(key("a"))
    assert keys.find("a") == key("a")


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Callable[[], SqliteApiKeys]]:
    opened: list[SqliteApiKeys] = []

    def again() -> SqliteApiKeys:
        opened.append(SqliteApiKeys(tmp_path / "keys.db", SEALER))
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


def test_what_is_suspended_stays_so(reopen: Callable[[], SqliteApiKeys]) -> None:
    first = reopen()
    first.add(key("a"))
    first.suspend(1025)
    second = reopen()
    assert second.find("a") is None
    assert second.suspended() == {1025}
    second.resume(1025)
    assert reopen().find("a") == key("a")


def test_no_secret_is_in_the_file(reopen: Callable[[], SqliteApiKeys], tmp_path: Path) -> None:
    reopen().add(key("a"))
    assert all(b"secret of" not in file.read_bytes() for file in tmp_path.iterdir())
    with pytest.raises(KeyStoreError, match="does not open"):
        SqliteApiKeys(tmp_path / "keys.db", AesGcmSealer(bytes([1] * 32), API_KEYS))


def test_a_secret_does_not_open_under_another_name(
    reopen: Callable[[], SqliteApiKeys], tmp_path: Path
) -> None:
    """Who may write the file cannot give one account's secret to another's key."""
    store = reopen()
    store.add(key("a"))
    store.add(key("b", account_id=2050))
    database = sqlite3.connect(tmp_path / "keys.db")
    database.execute(
        "UPDATE api_key SET material = (SELECT material FROM api_key WHERE api_key = 'a')"
    )
    database.commit()
    database.close()
    with pytest.raises(KeyStoreError, match="does not open"):
        reopen()


VERSION_1 = """
CREATE TABLE api_key (
  number INTEGER PRIMARY KEY,
  api_key TEXT NOT NULL UNIQUE,
  account_id INTEGER NOT NULL,
  key_type TEXT NOT NULL,
  material BLOB NOT NULL,
  may_read INTEGER NOT NULL,
  may_trade INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  label TEXT NOT NULL
) STRICT;
PRAGMA user_version = 1;
PRAGMA journal_mode = WAL;
"""


def test_a_file_of_version_1_is_taken_over_and_its_secrets_are_sealed(
    reopen: Callable[[], SqliteApiKeys], tmp_path: Path
) -> None:
    database = sqlite3.connect(tmp_path / "keys.db")
    database.executescript(VERSION_1)
    public = generate_key(KeyType.ED25519).material
    for name, kind, material in (("a", "HMAC", b"secret of a"), ("pem", "ED25519", public)):
        database.execute(
            "INSERT INTO api_key(api_key, account_id, key_type, material, may_read, may_trade,"
            " created_us, label) VALUES(?, 1025, ?, ?, 1, 0, 1700000000000000, 'märkte')",
            (name, kind, material),
        )
    database.commit()
    database.close()
    for _ in range(2):
        store = reopen()
        assert store.find("a") == key("a", label="märkte")
        found = store.find("pem")
        assert found is not None
        assert found.material == public
    assert all(b"secret of" not in file.read_bytes() for file in tmp_path.iterdir())


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
