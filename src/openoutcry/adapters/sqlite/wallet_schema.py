"""The wallets' tables in the file of people, and how records lie in their rows."""

import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from enum import StrEnum
from typing import Any

from openoutcry.adapters.sqlite.ledger_rows import from_stored, to_stored
from openoutcry.ports.wallets import WalletStoreError

_FORMAT_1 = (
    "CREATE TABLE wallet_format (version INTEGER NOT NULL) STRICT",
    "INSERT INTO wallet_format VALUES (1)",
    """
    CREATE TABLE wallet_movement (
      reference INTEGER PRIMARY KEY, kind TEXT NOT NULL, account_id INTEGER NOT NULL,
      asset INTEGER NOT NULL, amount_atoms INTEGER NOT NULL, created_us INTEGER NOT NULL,
      attempt INTEGER NOT NULL, deadline_us INTEGER NOT NULL, since_seq INTEGER NOT NULL,
      state TEXT NOT NULL, reason INTEGER NOT NULL) STRICT
    """,
    "CREATE INDEX wallet_movement_pending ON wallet_movement (kind) WHERE state = 'pending'",
    """
    CREATE TABLE wallet_address (
      chain TEXT NOT NULL, address TEXT NOT NULL, account_id INTEGER NOT NULL,
      PRIMARY KEY (chain, address)) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE wallet_deposit (
      number INTEGER PRIMARY KEY, chain TEXT NOT NULL, "transaction" TEXT NOT NULL,
      output INTEGER NOT NULL, account_id INTEGER NOT NULL, asset INTEGER NOT NULL,
      address TEXT NOT NULL, amount_atoms INTEGER NOT NULL, seen_us INTEGER NOT NULL,
      changed_us INTEGER NOT NULL, confirmations INTEGER NOT NULL, state TEXT NOT NULL,
      cause TEXT NOT NULL, version INTEGER NOT NULL,
      UNIQUE (chain, "transaction", output)) STRICT
    """,
    "CREATE INDEX wallet_deposit_account ON wallet_deposit (account_id, number)",
    "CREATE INDEX wallet_deposit_state ON wallet_deposit (state, number)",
    """
    CREATE TABLE wallet_cursor (
      only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL) STRICT
    """,
    "INSERT INTO wallet_cursor VALUES (1, 0)",
    """
    CREATE TABLE wallet_withdrawal (
      number INTEGER PRIMARY KEY, withdrawal_id TEXT NOT NULL UNIQUE, account_id INTEGER NOT NULL,
      asset INTEGER NOT NULL, chain TEXT NOT NULL, address TEXT NOT NULL,
      amount_atoms INTEGER NOT NULL, fee_atoms INTEGER NOT NULL, requested_us INTEGER NOT NULL,
      changed_us INTEGER NOT NULL, client_id TEXT NOT NULL, needs_second_person INTEGER NOT NULL,
      state TEXT NOT NULL, cause TEXT NOT NULL, note TEXT NOT NULL, decided_by INTEGER NOT NULL,
      "transaction" TEXT NOT NULL, confirmations INTEGER NOT NULL, version INTEGER NOT NULL) STRICT
    """,
    "CREATE INDEX wallet_withdrawal_account ON wallet_withdrawal (account_id, number)",
    "CREATE INDEX wallet_withdrawal_state ON wallet_withdrawal (state, number)",
    """
    CREATE UNIQUE INDEX wallet_withdrawal_client ON wallet_withdrawal (account_id, client_id)
    WHERE client_id <> ''
    """,
    """
    CREATE TABLE wallet_withdrawal_step (
      number INTEGER PRIMARY KEY, withdrawal_id TEXT NOT NULL, state TEXT NOT NULL,
      time_us INTEGER NOT NULL, cause TEXT NOT NULL, by INTEGER NOT NULL) STRICT
    """,
    "CREATE INDEX wallet_withdrawal_steps ON wallet_withdrawal_step (withdrawal_id, number)",
    """
    CREATE TABLE wallet_rule (
      asset INTEGER PRIMARY KEY, hour_atoms INTEGER NOT NULL, day_atoms INTEGER NOT NULL,
      second_person_atoms INTEGER NOT NULL, is_open INTEGER NOT NULL) STRICT
    """,
    """
    CREATE TABLE wallet_allowed (
      number INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, chain TEXT NOT NULL,
      address TEXT NOT NULL, label TEXT NOT NULL, added_us INTEGER NOT NULL,
      usable_us INTEGER NOT NULL, UNIQUE (account_id, chain, address)) STRICT
    """,
    """
    CREATE TABLE wallet_gift (
      account_id INTEGER NOT NULL, asset INTEGER NOT NULL, day INTEGER NOT NULL,
      gifts INTEGER NOT NULL, PRIMARY KEY (account_id, asset, day)) STRICT, WITHOUT ROWID
    """,
)
_FORMAT_2 = (
    """
    CREATE TABLE wallet_unclaimed (
      number INTEGER PRIMARY KEY, chain TEXT NOT NULL, "transaction" TEXT NOT NULL,
      output INTEGER NOT NULL, asset_name TEXT NOT NULL, scale INTEGER NOT NULL,
      address TEXT NOT NULL, amount_atoms TEXT NOT NULL, seen_us INTEGER NOT NULL,
      changed_us INTEGER NOT NULL, state TEXT NOT NULL, account_id INTEGER NOT NULL,
      decided_by INTEGER NOT NULL, note TEXT NOT NULL, version INTEGER NOT NULL,
      UNIQUE (chain, "transaction", output)) STRICT
    """,
    "CREATE INDEX wallet_unclaimed_state ON wallet_unclaimed (state, number)",
    """
    CREATE INDEX wallet_unclaimed_open ON wallet_unclaimed (chain, asset_name, number)
    WHERE state = 'open'
    """,
    # Payments that were nobody's were not kept before: all are looked at once more.
    "UPDATE wallet_cursor SET number = 0",
    "UPDATE wallet_format SET version = 2",
)
FORMATS = (_FORMAT_1, _FORMAT_2)
"""What makes each format of the one before."""
FORMAT_VERSION = len(FORMATS)


def make_tables(database: sqlite3.Connection) -> None:
    """Make the tables if missing, or bring them up to date.

    Raises WalletStoreError when they are a later release's.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        there = database.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'wallet_format'"
        ).fetchone()
        version = 0
        if there:
            (version,) = database.execute("SELECT max(version) FROM wallet_format").fetchone()
        for statements in FORMATS[version:]:
            for statement in statements:
                database.execute(statement)
        if version > FORMAT_VERSION:
            raise WalletStoreError(
                f"wallets of format {version}, and this release reads {FORMAT_VERSION}"
            )
    finally:
        database.execute("COMMIT")


class RecordTable:
    """Statements for records of one class, in a table whose columns are its fields.

    `wide` are integers that a column of SQLite may not hold: they are there as text.
    """

    def __init__(
        self,
        table: str,
        kind: type[Any],
        enums: Mapping[str, type[StrEnum]],
        wide: Collection[str] = (),
    ) -> None:
        self._table = table
        self._kind = kind
        self._enums = enums
        self._wide = wide
        self.names = [field.name for field in fields(kind)]
        self._booleans = {field.name for field in fields(kind) if field.type in {bool, "bool"}}
        self.columns = ", ".join(f'"{name}"' for name in self.names)
        marks = ", ".join("?" for _ in self.names)
        self.insert = f"INSERT INTO {table} ({self.columns}) VALUES ({marks})"  # noqa: S608 - of constants
        self.select = f"SELECT {self.columns} FROM {table}"  # noqa: S608 - of constants
        changes = ", ".join(f'"{name}" = ?' for name in self.names)
        self.update = f"UPDATE {table} SET {changes}"  # noqa: S608 - of constants

    def values(self, record: object) -> tuple[object, ...]:
        """Return a record as a row."""
        return tuple(self._stored(name, getattr(record, name)) for name in self.names)

    def _stored(self, name: str, value: Any) -> object:
        if name == "reference":
            return to_stored(value)
        return str(value) if name in self._wide else value

    def record(self, row: tuple[Any, ...]) -> Any:
        """Return a row as a record."""
        found = dict(zip(self.names, row, strict=True))
        for name, kind in self._enums.items():
            found[name] = kind(found[name])
        for name in self._booleans:
            found[name] = bool(found[name])
        for name in self._wide:
            found[name] = int(found[name])
        if "reference" in found:
            found["reference"] = from_stored(found["reference"])
        return self._kind(**found)


class PaymentTable(RecordTable):
    """Records of payments: named by chain, transaction and output, numbered as they come, and each
    change the next version. Every method is a part of a transaction.
    """

    def named(
        self, database: sqlite3.Connection, chain: str, transaction: str, output: int
    ) -> Any | None:
        """Return a record by what names its payment, or None."""
        row = database.execute(
            f'{self.select} WHERE chain = ? AND "transaction" = ? AND output = ?',
            (chain, transaction, output),
        ).fetchone()
        return None if row is None else self.record(row)

    def numbered(self, database: sqlite3.Connection, number: int) -> Any | None:
        """Return a record, or None."""
        row = database.execute(f"{self.select} WHERE number = ?", (number,)).fetchone()
        return None if row is None else self.record(row)

    def add(self, database: sqlite3.Connection, record: Any) -> Any:
        """Store a record unless its payment is there already; return what is stored."""
        known = self.named(database, record.chain, record.transaction, record.output)
        if known is not None:
            return known
        (last,) = database.execute(f"SELECT max(number) FROM {self._table}").fetchone()  # noqa: S608 - a constant
        stored = replace(record, number=(last or 0) + 1)
        database.execute(self.insert, self.values(stored))
        return stored

    def save(self, database: sqlite3.Connection, record: Any) -> bool:
        """Write the next version; False when somebody else did."""
        values = (*self.values(record), record.number, record.version - 1)
        cursor = database.execute(f"{self.update} WHERE number = ? AND version = ?", values)
        return cursor.rowcount == 1


class Where:
    """A WHERE of fixed texts and bound values; what is None asks for nothing."""

    def __init__(self) -> None:
        self.text = "1"
        self.values: list[object] = []

    def add(self, text: str, value: object) -> None:
        """Ask for one thing more."""
        if value is not None:
            self.text += f" AND {text}"
            self.values.append(value)

    def among(self, column: str, values: Collection[str]) -> None:
        """Ask for one of several values; none mean any."""
        if values:
            self.text += f" AND {column} IN ({', '.join('?' for _ in values)})"
            self.values += values
