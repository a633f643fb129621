"""Payments that are nobody's, in their table of the file of people; each function is a part of a
transaction of the wallets' store.
"""

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from openoutcry.adapters.sqlite.wallet_schema import RecordTable
from openoutcry.ports.wallets import UnclaimedPayment, UnclaimedState

UNCLAIMED = RecordTable(
    "wallet_unclaimed", UnclaimedPayment, {"state": UnclaimedState}, wide=("amount_atoms",)
)


def named(
    database: sqlite3.Connection, chain: str, transaction: str, output: int
) -> UnclaimedPayment | None:
    """Return a payment by what names it, or None."""
    row = database.execute(
        f'{UNCLAIMED.select} WHERE chain = ? AND "transaction" = ? AND output = ?',
        (chain, transaction, output),
    ).fetchone()
    return None if row is None else UNCLAIMED.record(row)


def numbered(database: sqlite3.Connection, number: int) -> UnclaimedPayment | None:
    """Return a payment, or None."""
    row = database.execute(f"{UNCLAIMED.select} WHERE number = ?", (number,)).fetchone()
    return None if row is None else UNCLAIMED.record(row)


def add(database: sqlite3.Connection, payment: UnclaimedPayment) -> UnclaimedPayment:
    """Store a payment unless it is there already; return what is stored."""
    known = named(database, payment.chain, payment.transaction, payment.output)
    if known is not None:
        return known
    (last,) = database.execute("SELECT max(number) FROM wallet_unclaimed").fetchone()
    stored = replace(payment, number=(last or 0) + 1)
    database.execute(UNCLAIMED.insert, UNCLAIMED.values(stored))
    return stored


def save(database: sqlite3.Connection, payment: UnclaimedPayment) -> bool:
    """Write the next version."""
    values = (*UNCLAIMED.values(payment), payment.number, payment.version - 1)
    cursor = database.execute(f"{UNCLAIMED.update} WHERE number = ? AND version = ?", values)
    return cursor.rowcount == 1


def newest(
    database: sqlite3.Connection, states: Collection[UnclaimedState], offset: int, limit: int
) -> list[UnclaimedPayment]:
    """Return payments, newest first; no states mean all of them."""
    marks = ", ".join("?" for _ in states)
    where = f"WHERE state IN ({marks})" if states else ""
    rows = database.execute(
        f"{UNCLAIMED.select} {where} ORDER BY number DESC LIMIT ? OFFSET ?",
        (*states, limit, offset),
    )
    return [UNCLAIMED.record(row) for row in rows]


def count_open(database: sqlite3.Connection) -> int:
    """Return how many wait for somebody."""
    (count,) = database.execute(
        "SELECT count(*) FROM wallet_unclaimed WHERE state = 'open'"
    ).fetchone()
    return int(count)


def claimable(
    database: sqlite3.Connection, assets: Collection[tuple[str, str]], limit: int
) -> list[tuple[UnclaimedPayment, int]]:
    """Return what is open, of one of these assets and to an address that is an account's."""
    columns = ", ".join(f'u."{name}"' for name in UNCLAIMED.names)
    found: list[tuple[UnclaimedPayment, int]] = []
    for chain, asset_name in assets:
        rows = database.execute(
            f"SELECT a.account_id, {columns} FROM wallet_unclaimed AS u"  # noqa: S608 - constants
            " JOIN wallet_address AS a ON a.chain = u.chain AND a.address = u.address"
            " WHERE u.state = 'open' AND u.chain = ? AND u.asset_name = ?"
            " ORDER BY u.number LIMIT ?",
            (chain, asset_name, limit),
        )
        found += [(UNCLAIMED.record(tuple(row)), int(owner)) for owner, *row in rows]
    return sorted(found, key=lambda pair: pair[0].number)[:limit]
