"""API keys in a small SQLite file of their own, which its owner alone may read.

HMAC secrets are needed in the clear to check signatures; in the file they are sealed, each for the
name of its key.
"""

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.ports.sealing import Sealer, SealError
from openoutcry.ports.users import ApiKey, KeyStoreError, KeyType

FORMAT_VERSION = 2
_TABLE = """
CREATE TABLE api_key (
  number INTEGER PRIMARY KEY,
  api_key TEXT NOT NULL UNIQUE,
  account_id INTEGER NOT NULL,
  key_type TEXT NOT NULL,
  material BLOB NOT NULL,
  may_read INTEGER NOT NULL,
  may_trade INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  label TEXT NOT NULL,
  may_withdraw INTEGER NOT NULL DEFAULT 0,
  allowed_ips TEXT NOT NULL DEFAULT '',
  allowed_symbols TEXT NOT NULL DEFAULT '',
  expires_us INTEGER NOT NULL DEFAULT 0,
  person_id INTEGER NOT NULL DEFAULT 0,
  is_suspended INTEGER NOT NULL DEFAULT 0
) STRICT
"""
_ADDED_IN_2 = (
    "may_withdraw INTEGER NOT NULL DEFAULT 0",
    "allowed_ips TEXT NOT NULL DEFAULT ''",
    "allowed_symbols TEXT NOT NULL DEFAULT ''",
    "expires_us INTEGER NOT NULL DEFAULT 0",
    "person_id INTEGER NOT NULL DEFAULT 0",
    "is_suspended INTEGER NOT NULL DEFAULT 0",
)


class SqliteApiKeys:
    """`ApiKeys` in a file, with every key in memory; one process at a time may change it.

    Changes may come from any thread, since they wait for the disk.
    """

    def __init__(self, path: Path, sealer: Sealer) -> None:
        """Open the file, made if missing, or brought to this release's format if it is older."""
        make_own_file(path)
        self._path = path
        self._sealer = sealer
        self._keys: dict[str, ApiKey] = {}
        self._of_account: dict[int, dict[str, ApiKey]] = {}
        self._suspended: set[str] = set()
        self._one_at_a_time = threading.RLock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._open()
            self._load()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise KeyStoreError(f"{path}: {error}") from error
        except BaseException:
            self._database.close()
            raise

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None."""
        key = self._keys.get(api_key)
        return None if key is None or api_key in self._suspended else key

    def everything(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        return sorted(self._keys.values(), key=lambda key: (key.created_us, key.api_key))

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, oldest first."""
        return list(self._of_account.get(account_id, {}).values())

    def suspended(self) -> set[int]:
        """Return the accounts with a key that is suspended."""
        return {self._keys[name].account_id for name in self._suspended}

    def add(self, key: ApiKey) -> None:
        """Store a new key durably; raises ValueError when its name is taken."""
        values = {
            "api_key": key.api_key,
            "account_id": key.account_id,
            "key_type": key.key_type.value,
            "material": self._stored(key),
            "may_read": key.may_read,
            "may_trade": key.may_trade,
            "created_us": key.created_us,
            "label": key.label,
            "may_withdraw": key.may_withdraw,
            "allowed_ips": " ".join(key.allowed_ips),
            "allowed_symbols": " ".join(key.allowed_symbols),
            "expires_us": key.expires_us,
            "person_id": key.person_id,
        }
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        statement = f"INSERT INTO api_key ({names}) VALUES ({places})"  # noqa: S608 - the names are above
        with self._one_at_a_time:
            if key.api_key in self._keys:
                raise ValueError("this API key exists already")
            self._change(statement, values)
            self._keep(key)

    def revoke(self, api_key: str) -> bool:
        """Forget a key durably; False when there is none."""
        with self._one_at_a_time:
            if api_key not in self._keys:
                return False
            self._change("DELETE FROM api_key WHERE api_key = :api_key", {"api_key": api_key})
            del self._of_account[self._keys.pop(api_key).account_id][api_key]
            self._suspended.discard(api_key)
            return True

    def suspend(self, account_id: int) -> int:
        """Have no key of an account be found until `resume`, durably; returns how many it has."""
        with self._one_at_a_time:
            keys = self._set_suspended(account_id, suspended=True)
            self._suspended.update(keys)
            return len(keys)

    def resume(self, account_id: int) -> int:
        """Have the keys of an account be found again, durably; returns how many it has."""
        with self._one_at_a_time:
            keys = self._set_suspended(account_id, suspended=False)
            self._suspended.difference_update(keys)
            return len(keys)

    def close(self) -> None:
        """Close the file; the store must not be used afterwards."""
        self._database.close()

    def _set_suspended(self, account_id: int, *, suspended: bool) -> list[str]:
        self._change(
            "UPDATE api_key SET is_suspended = :suspended WHERE account_id = :account_id",
            {"suspended": suspended, "account_id": account_id},
        )
        return [key.api_key for key in self.of_account(account_id)]

    def _open(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA secure_delete = ON")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute(_TABLE)
            self._database.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
            self._database.execute("COMMIT")
        elif version == 1:
            self._migrate_from_1()
        elif version != FORMAT_VERSION:
            raise KeyStoreError(
                f"{self._path}: key format {version}, and this release reads {FORMAT_VERSION}"
            )

    def _migrate_from_1(self) -> None:
        """Add what came since, and seal secrets that were in the clear, leaving no copy of them."""
        execute = self._database.execute
        execute("BEGIN IMMEDIATE")
        for column in _ADDED_IN_2:
            execute(f"ALTER TABLE api_key ADD COLUMN {column}")
        secrets = execute(
            "SELECT api_key, material FROM api_key WHERE key_type = ?", (KeyType.HMAC.value,)
        ).fetchall()
        for name, secret in secrets:
            execute(
                "UPDATE api_key SET material = ? WHERE api_key = ?",
                (self._sealer.seal(name, secret), name),
            )
        execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        execute("COMMIT")
        execute("VACUUM")
        execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _load(self) -> None:
        rows = self._database.execute(
            "SELECT api_key, account_id, key_type, material, may_read, may_trade, created_us,"
            " label, may_withdraw, allowed_ips, allowed_symbols, expires_us, person_id,"
            " is_suspended FROM api_key ORDER BY number"
        )
        for row in rows:
            name, account, kind, material, read, trade, made, label, *more, suspended = row
            withdraw, ips, symbols, expires_us, person_id = more
            self._keep(
                ApiKey(
                    api_key=name,
                    account_id=account,
                    key_type=KeyType(kind),
                    material=self._material(name, KeyType(kind), material),
                    may_read=bool(read),
                    may_trade=bool(trade),
                    created_us=made,
                    label=label,
                    may_withdraw=bool(withdraw),
                    allowed_ips=tuple(ips.split()),
                    allowed_symbols=tuple(symbols.split()),
                    expires_us=expires_us,
                    person_id=person_id,
                )
            )
            if suspended:
                self._suspended.add(name)

    def _keep(self, key: ApiKey) -> None:
        self._keys[key.api_key] = key
        self._of_account.setdefault(key.account_id, {})[key.api_key] = key

    def _stored(self, key: ApiKey) -> bytes:
        if key.key_type is not KeyType.HMAC:
            return key.material
        return self._sealer.seal(key.api_key, key.material)

    def _material(self, name: str, key_type: KeyType, stored: bytes) -> bytes:
        if key_type is not KeyType.HMAC:
            return stored
        try:
            return self._sealer.unseal(name, stored)
        except SealError as error:
            raise KeyStoreError(
                f"{self._path}: the secret of key {name[:8]}... does not open: {error}"
            ) from error

    def _change(self, statement: str, values: Mapping[str, object]) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise KeyStoreError(f"{self._path}: {error}") from error
