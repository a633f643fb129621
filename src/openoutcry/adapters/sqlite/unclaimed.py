"""Payments that are nobody's, in their table of the file of people; each function is a part of a
transaction of the wallets' store.
"""

import sqlite3
from collections.abc import Collection

from openoutcry.adapters.sqlite.wallet_schema import PaymentTable, Where
from openoutcry.ports.wallets import UnclaimedPayment, UnclaimedState

UNCLAIMED = PaymentTable(
    "wallet_unclaimed", UnclaimedPayment, {"state": UnclaimedState}, wide=("amount_atoms",)
)


def newest(
    database: sqlite3.Connection, states: Collection[UnclaimedState], offset: int, limit: int
) -> list[UnclaimedPayment]:
    """Return payments, newest first; no states mean all of them."""
    where = Where()
    where.among("state", states)
    rows = database.execute(
        f"{UNCLAIMED.select} WHERE {where.text} ORDER BY number DESC LIMIT ? OFFSET ?",
        (*where.values, limit, offset),
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
