"""API keys in a small SQLite file of their own, which its owner alone may read.

HMAC secrets are needed in the clear to check signatures, so the file's mode is its guard.
"""

import os
import sqlite3
from pathlib import Path

from openoutcry.ports.users import ApiKey, KeyType

FORMAT_VERSION = 1
_MODE = 0o600
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
  label TEXT NOT NULL
) STRICT
"""


class KeyStoreError(Exception):
    """The key file cannot be used; the message names it and says why."""


class SqliteApiKeys:
    """`ApiKeys` in a file, with every key in memory; one process at a time may change it."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
        path.chmod(_MODE)
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise KeyStoreError(f"{path}: {error}") from error
        except KeyStoreError:
            self._database.close()
            raise
        self._keys = {key.api_key: key for key in self._load()}

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None."""
        return self._keys.get(api_key)

    def everything(self) -> list[ApiKey]:
        """Return all keys, oldest first."""
        return sorted(self._keys.values(), key=lambda key: (key.created_us, key.api_key))

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, oldest first."""
        return [key for key in self._keys.values() if key.account_id == account_id]

    def add(self, key: ApiKey) -> None:
        """Store a new key durably; raises ValueError when its name is taken."""
        if key.api_key in self._keys:
            raise ValueError("this API key exists already")
        self._change(
            "INSERT INTO api_key (api_key, account_id, key_type, material, may_read, may_trade,"
            " created_us, label) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.api_key,
                key.account_id,
                key.key_type.value,
                key.material,
                key.may_read,
                key.may_trade,
                key.created_us,
                key.label,
            ),
        )
        self._keys[key.api_key] = key

    def revoke(self, api_key: str) -> bool:
        """Forget a key durably; False when there is none."""
        if api_key not in self._keys:
            return False
        self._change("DELETE FROM api_key WHERE api_key = ?", (api_key,))
        del self._keys[api_key]
        return True

    def close(self) -> None:
        """Close the file; the store must not be used afterwards."""
        self._database.close()

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
        elif version != FORMAT_VERSION:
            raise KeyStoreError(
                f"{self._path}: key format {version}, and this release reads {FORMAT_VERSION}"
            )

    def _load(self) -> list[ApiKey]:
        rows = self._database.execute(
            "SELECT api_key, account_id, key_type, material, may_read, may_trade, created_us,"
            " label FROM api_key ORDER BY number"
        )
        return [
            ApiKey(name, account, KeyType(kind), material, bool(read), bool(trade), made, label)
            for name, account, kind, material, read, trade, made, label in rows
        ]

    def _change(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise KeyStoreError(f"{self._path}: {error}") from error
