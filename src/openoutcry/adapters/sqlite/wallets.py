"""`ports.wallets.WalletStore` as tables of the file of people, in a thread of its own."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from openoutcry.adapters.sqlite import unclaimed
from openoutcry.adapters.sqlite.ledger_rows import to_stored
from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.adapters.sqlite.unclaimed import UNCLAIMED
from openoutcry.adapters.sqlite.wallet_schema import PaymentTable, RecordTable, Where, make_tables
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    Limit,
    LimitReachedError,
    Movement,
    MovementKind,
    MovementState,
    UnclaimedPayment,
    UnclaimedState,
    WalletStoreError,
    Withdrawal,
    WithdrawalCause,
    WithdrawalRule,
    WithdrawalState,
    WithdrawalStep,
)

_BUSY_SECONDS = 10.0
_REFERENCES_AT_ONCE = 500
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US

_MOVEMENTS = RecordTable(
    "wallet_movement", Movement, {"kind": MovementKind, "state": MovementState}
)
_DEPOSITS = PaymentTable("wallet_deposit", Deposit, {"state": DepositState})
_WITHDRAWALS = RecordTable(
    "wallet_withdrawal", Withdrawal, {"state": WithdrawalState, "cause": WithdrawalCause}
)
_STEPS = RecordTable(
    "wallet_withdrawal_step", WithdrawalStep, {"state": WithdrawalState, "cause": WithdrawalCause}
)
_RULES = RecordTable("wallet_rule", WithdrawalRule, {})
_ALLOWED = RecordTable("wallet_allowed", AllowedAddress, {})

_T = TypeVar("_T")
_Work = Callable[[sqlite3.Connection], _T]


class SqliteWalletStore:
    """One connection, one thread: each method is one transaction, synced before it returns."""

    def __init__(self, path: Path) -> None:
        """Open the tables, made if missing; raises WalletStoreError."""
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="wallets")
        make_own_file(path)
        try:
            self._database = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
            )
        except sqlite3.Error as error:
            raise WalletStoreError(f"{path}: {error}") from error
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            make_tables(self._database)
        except (sqlite3.Error, WalletStoreError) as error:
            self._database.close()
            raise WalletStoreError(f"{path}: {error}") from error

    def close(self) -> None:
        """Wait for what runs and close the file; the store must not be used afterwards."""
        self._pool.shutdown(wait=True)
        self._database.close()

    # ----- movements

    async def add_movement(self, movement: Movement) -> Movement:
        """Store a movement unless one with its reference is there; return what is stored."""

        def work(database: sqlite3.Connection) -> Movement:
            stored = _find_movement(database, movement.reference)
            if stored is None:
                database.execute(_MOVEMENTS.insert, _MOVEMENTS.values(movement))
            return stored or movement

        return await self._write(work)

    async def save_movement(self, movement: Movement) -> None:
        """Replace a stored movement that is PENDING or REFUSED."""

        def work(database: sqlite3.Connection) -> None:
            database.execute(
                f"{_MOVEMENTS.update} WHERE reference = ? AND state IN (?, ?)",
                (
                    *_MOVEMENTS.values(movement),
                    to_stored(movement.reference),
                    MovementState.PENDING,
                    MovementState.REFUSED,
                ),
            )

        await self._write(work)

    async def movement(self, reference: int) -> Movement | None:
        """Return a movement, or None."""
        return await self._read(lambda database: _find_movement(database, reference))

    async def movements(self, references: Collection[int]) -> Mapping[int, Movement]:
        """Return the movements of these references, by reference."""
        wanted = list(references)

        def work(database: sqlite3.Connection) -> dict[int, Movement]:
            found: dict[int, Movement] = {}
            for at in range(0, len(wanted), _REFERENCES_AT_ONCE):
                some = [to_stored(one) for one in wanted[at : at + _REFERENCES_AT_ONCE]]
                marks = ", ".join("?" * len(some))
                rows = database.execute(f"{_MOVEMENTS.select} WHERE reference IN ({marks})", some)
                found |= {one.reference: one for one in map(_MOVEMENTS.record, rows)}
            return found

        return await self._read(work)

    async def pending_movements(self, kind: MovementKind) -> Sequence[Movement]:
        """Return the movements of a kind that are not settled."""

        def work(database: sqlite3.Connection) -> list[Movement]:
            rows = database.execute(
                f"{_MOVEMENTS.select} WHERE kind = ? AND state = 'pending'", (kind,)
            )
            return [_MOVEMENTS.record(row) for row in rows]

        return await self._read(work)

    # ----- deposits

    async def add_address(self, chain: str, address: str, account_id: int) -> None:
        """Remember whose deposit address this is."""

        def work(database: sqlite3.Connection) -> None:
            database.execute(
                "INSERT INTO wallet_address VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (chain, address, account_id),
            )

        await self._write(work)

    async def account_of_address(self, chain: str, address: str) -> int | None:
        """Return whose deposit address this is, or None."""

        def work(database: sqlite3.Connection) -> int | None:
            row = database.execute(
                "SELECT account_id FROM wallet_address WHERE chain = ? AND address = ?",
                (chain, address),
            ).fetchone()
            return None if row is None else int(row[0])

        return await self._read(work)

    async def add_deposit(self, deposit: Deposit) -> Deposit:
        """Store a payment unless it is there already; return what is stored."""
        stored: Deposit = await self._write(lambda database: _DEPOSITS.add(database, deposit))
        return stored

    async def save_deposit(self, deposit: Deposit) -> bool:
        """Write the next version."""
        return await self._write(lambda database: _DEPOSITS.save(database, deposit))

    async def deposit(self, number: int) -> Deposit | None:
        """Return a deposit, or None."""
        return await self._read(lambda database: _DEPOSITS.numbered(database, number))

    async def deposit_named(self, chain: str, transaction: str, output: int) -> Deposit | None:
        """Return a deposit by what names it, or None."""
        return await self._read(
            lambda database: _DEPOSITS.named(database, chain, transaction, output)
        )

    async def deposits(
        self,
        account_id: int | None = None,
        *,
        states: Collection[DepositState] = (),
        asset: int | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Deposit]:
        """Return deposits, newest first."""
        where = Where()
        where.add("account_id = ?", account_id)
        where.add("asset = ?", asset)
        where.add("seen_us >= ?", start_us)
        where.add("seen_us < ?", end_us)
        where.among("state", states)

        def work(database: sqlite3.Connection) -> list[Deposit]:
            rows = database.execute(
                f"{_DEPOSITS.select} WHERE {where.text} ORDER BY number DESC LIMIT ? OFFSET ?",
                (*where.values, limit, offset),
            )
            return [_DEPOSITS.record(row) for row in rows]

        return await self._read(work)

    # ----- payments that are nobody's

    async def add_unclaimed(self, payment: UnclaimedPayment) -> UnclaimedPayment:
        """Store a payment unless it is there already; return what is stored."""
        return await self._write(lambda database: UNCLAIMED.add(database, payment))

    async def unclaimed(self, number: int) -> UnclaimedPayment | None:
        """Return a payment, or None."""
        return await self._read(lambda database: UNCLAIMED.numbered(database, number))

    async def unclaimed_named(
        self, chain: str, transaction: str, output: int
    ) -> UnclaimedPayment | None:
        """Return a payment by what names it, or None."""
        return await self._read(
            lambda database: UNCLAIMED.named(database, chain, transaction, output)
        )

    async def unclaimed_payments(
        self, *, states: Collection[UnclaimedState] = (), offset: int = 0, limit: int = 100
    ) -> Sequence[UnclaimedPayment]:
        """Return payments, newest first."""
        return await self._read(lambda database: unclaimed.newest(database, states, offset, limit))

    async def count_unclaimed(self) -> int:
        """Return how many are OPEN."""
        return await self._read(unclaimed.count_open)

    async def claimable(
        self, assets: Collection[tuple[str, str]], limit: int
    ) -> Sequence[tuple[UnclaimedPayment, int]]:
        """Return what is OPEN, of one of these assets and to an address that is an account's."""
        return await self._read(lambda database: unclaimed.claimable(database, assets, limit))

    async def save_unclaimed(self, payment: UnclaimedPayment) -> bool:
        """Write the next version."""
        return await self._write(lambda database: UNCLAIMED.save(database, payment))

    async def claim(self, payment: UnclaimedPayment, deposit: Deposit) -> Deposit | None:
        """Write the next version of a payment and store its deposit, both or neither."""

        def work(database: sqlite3.Connection) -> Deposit | None:
            if not UNCLAIMED.save(database, payment):
                return None
            stored: Deposit = _DEPOSITS.add(database, deposit)
            return stored

        return await self._write(work)

    # ----- how far the custodian was read

    async def cursor(self) -> int:
        """Return the number of the last payment that was taken in."""

        def work(database: sqlite3.Connection) -> int:
            return int(database.execute("SELECT number FROM wallet_cursor").fetchone()[0])

        return await self._read(work)

    async def set_cursor(self, number: int) -> None:
        """Remember the last payment that was taken in."""

        def work(database: sqlite3.Connection) -> None:
            database.execute("UPDATE wallet_cursor SET number = max(number, ?)", (number,))

        await self._write(work)

    # ----- withdrawals

    async def add_withdrawal(self, withdrawal: Withdrawal, rule: WithdrawalRule) -> Withdrawal:
        """Store a new withdrawal if the rule's limits allow; raises LimitReachedError."""

        def work(database: sqlite3.Connection) -> Withdrawal:
            if withdrawal.client_id:
                row = database.execute(
                    f"{_WITHDRAWALS.select} WHERE account_id = ? AND client_id = ?",
                    (withdrawal.account_id, withdrawal.client_id),
                ).fetchone()
                if row is not None:
                    found: Withdrawal = _WITHDRAWALS.record(row)
                    return found
            _check_limits(database, withdrawal, rule)
            database.execute(_WITHDRAWALS.insert, _WITHDRAWALS.values(withdrawal))
            _add_step(database, withdrawal, 0)
            return withdrawal

        return await self._write(work)

    async def save_withdrawal(self, withdrawal: Withdrawal, by: int = 0) -> bool:
        """Write the next version, and its step when the state is another one."""

        def work(database: sqlite3.Connection) -> bool:
            row = database.execute(
                "SELECT state FROM wallet_withdrawal WHERE withdrawal_id = ? AND version = ?",
                (withdrawal.withdrawal_id, withdrawal.version - 1),
            ).fetchone()
            if row is None:
                return False
            database.execute(
                f"{_WITHDRAWALS.update} WHERE withdrawal_id = ?",
                (*_WITHDRAWALS.values(withdrawal), withdrawal.withdrawal_id),
            )
            if row[0] != withdrawal.state:
                _add_step(database, withdrawal, by)
            return True

        return await self._write(work)

    async def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return a withdrawal, or None."""

        def work(database: sqlite3.Connection) -> Withdrawal | None:
            row = database.execute(
                f"{_WITHDRAWALS.select} WHERE withdrawal_id = ?", (withdrawal_id,)
            ).fetchone()
            return None if row is None else _WITHDRAWALS.record(row)

        return await self._read(work)

    async def withdrawals(
        self,
        account_id: int | None = None,
        *,
        states: Collection[WithdrawalState] = (),
        asset: int | None = None,
        client_id: str | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Withdrawal]:
        """Return withdrawals, newest first."""
        where = Where()
        where.add("account_id = ?", account_id)
        where.add("asset = ?", asset)
        where.add("client_id = ?", client_id)
        where.add("requested_us >= ?", start_us)
        where.add("requested_us < ?", end_us)
        where.among("state", states)

        def work(database: sqlite3.Connection) -> list[Withdrawal]:
            rows = database.execute(
                f"{_WITHDRAWALS.select} WHERE {where.text} ORDER BY number DESC LIMIT ? OFFSET ?",
                (*where.values, limit, offset),
            )
            return [_WITHDRAWALS.record(row) for row in rows]

        return await self._read(work)

    async def steps(self, withdrawal_id: str) -> Sequence[WithdrawalStep]:
        """Return the transitions of a withdrawal, oldest first."""

        def work(database: sqlite3.Connection) -> list[WithdrawalStep]:
            rows = database.execute(
                f"{_STEPS.select} WHERE withdrawal_id = ? ORDER BY number", (withdrawal_id,)
            )
            return [_STEPS.record(row) for row in rows]

        return await self._read(work)

    async def steps_after(
        self, number: int, limit: int
    ) -> Sequence[tuple[int, str, WithdrawalStep]]:
        """Return (number, withdrawal, transition) of all withdrawals, in order, after a number."""

        def work(database: sqlite3.Connection) -> list[tuple[int, str, WithdrawalStep]]:
            rows = database.execute(
                f"SELECT number, withdrawal_id, {_STEPS.columns} FROM wallet_withdrawal_step"  # noqa: S608
                " WHERE number > ? ORDER BY number LIMIT ?",
                (number, limit),
            )
            return [(place, name, _STEPS.record(tuple(row))) for place, name, *row in rows]

        return await self._read(work)

    async def withdrawn(self, account_id: int, asset: int, since_us: int) -> int:
        """Return what counts towards a limit since then, in atoms."""
        return await self._read(lambda database: _withdrawn(database, account_id, asset, since_us))

    # ----- rules, allowed addresses, gifts

    async def rules(self) -> Mapping[int, WithdrawalRule]:
        """Return the rules by asset."""

        def work(database: sqlite3.Connection) -> dict[int, WithdrawalRule]:
            rules = [_RULES.record(row) for row in database.execute(_RULES.select)]
            return {rule.asset: rule for rule in rules}

        return await self._read(work)

    async def set_rule(self, rule: WithdrawalRule) -> None:
        """Put a rule in the place of its asset's."""

        def work(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM wallet_rule WHERE asset = ?", (rule.asset,))
            database.execute(_RULES.insert, _RULES.values(rule))

        await self._write(work)

    async def allow(self, entry: AllowedAddress) -> AllowedAddress:
        """Add an address unless it is there already; return what is stored."""

        def work(database: sqlite3.Connection) -> AllowedAddress:
            database.execute(f"{_ALLOWED.insert} ON CONFLICT DO NOTHING", _ALLOWED.values(entry))
            row = database.execute(
                f"{_ALLOWED.select} WHERE account_id = ? AND chain = ? AND address = ?",
                (entry.account_id, entry.chain, entry.address),
            ).fetchone()
            stored: AllowedAddress = _ALLOWED.record(row)
            return stored

        return await self._write(work)

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address; False when it is not there."""

        def work(database: sqlite3.Connection) -> bool:
            cursor = database.execute(
                "DELETE FROM wallet_allowed WHERE account_id = ? AND chain = ? AND address = ?",
                (account_id, chain, address),
            )
            return cursor.rowcount == 1

        return await self._write(work)

    async def allowed(self, account_id: int) -> Sequence[AllowedAddress]:
        """Return an account's addresses, oldest first."""

        def work(database: sqlite3.Connection) -> list[AllowedAddress]:
            rows = database.execute(
                f"{_ALLOWED.select} WHERE account_id = ? ORDER BY number", (account_id,)
            )
            return [_ALLOWED.record(row) for row in rows]

        return await self._read(work)

    async def add_gift(self, movement: Movement, day: int, gifts_max: int) -> int | None:
        """Store a movement and count it as a gift, both or neither."""

        def work(database: sqlite3.Connection) -> int | None:
            row = database.execute(
                "INSERT INTO wallet_gift VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE"
                " SET gifts = gifts + 1 WHERE gifts < ? RETURNING gifts",
                (movement.account_id, movement.asset, day, gifts_max),
            ).fetchone()
            if row is None:
                return None
            database.execute(_MOVEMENTS.insert, _MOVEMENTS.values(movement))
            return int(row[0])

        return None if gifts_max < 1 else await self._write(work)

    async def gifts(self, account_id: int, day: int) -> Mapping[int, int]:
        """Return how many gifts an account was given on a day, by asset."""

        def work(database: sqlite3.Connection) -> dict[int, int]:
            return dict(
                database.execute(
                    "SELECT asset, gifts FROM wallet_gift WHERE account_id = ? AND day = ?",
                    (account_id, day),
                )
            )

        return await self._read(work)

    # ----- the thread

    async def _read(self, work: _Work[_T]) -> _T:
        return await self._run(lambda: work(self._database))

    async def _write(self, work: _Work[_T]) -> _T:
        def transaction() -> _T:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                found = work(self._database)
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise
            return found

        return await self._run(transaction)

    async def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except sqlite3.Error as error:
            raise WalletStoreError(f"{self._path}: {error}") from error


def _find_movement(database: sqlite3.Connection, reference: int) -> Movement | None:
    row = database.execute(
        f"{_MOVEMENTS.select} WHERE reference = ?", (to_stored(reference),)
    ).fetchone()
    return None if row is None else _MOVEMENTS.record(row)


def _withdrawn(database: sqlite3.Connection, account_id: int, asset: int, since_us: int) -> int:
    """Add up in Python: 64 bits may be too few for a sum."""
    rows = database.execute(
        "SELECT amount_atoms FROM wallet_withdrawal WHERE account_id = ? AND asset = ?"
        " AND requested_us > ? AND state NOT IN ('refused', 'returned')",
        (account_id, asset, since_us),
    )
    return sum(atoms for (atoms,) in rows)


def _check_limits(
    database: sqlite3.Connection, withdrawal: Withdrawal, rule: WithdrawalRule
) -> None:
    for limit, window_us, atoms in (
        (Limit.HOUR, _HOUR_US, rule.hour_atoms),
        (Limit.DAY, _DAY_US, rule.day_atoms),
    ):
        since_us = withdrawal.requested_us - window_us
        used = _withdrawn(database, withdrawal.account_id, withdrawal.asset, since_us)
        if used + withdrawal.amount_atoms > atoms:
            raise LimitReachedError(limit, max(atoms - used, 0))


def _add_step(database: sqlite3.Connection, withdrawal: Withdrawal, by: int) -> None:
    database.execute(
        "INSERT INTO wallet_withdrawal_step (withdrawal_id, state, time_us, cause, by)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            withdrawal.withdrawal_id,
            withdrawal.state,
            withdrawal.changed_us,
            withdrawal.cause,
            by,
        ),
    )
