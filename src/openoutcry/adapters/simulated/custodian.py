"""A custodian over simulated chains: its state in a file of its own, its time from the clock.

Confirmations grow as time goes by. Failures are asked for by name and kept in the file too, so that
a test may kill the exchange in the middle of one.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from openoutcry.adapters.simulated.addresses import PAYLOAD_BYTES, encode, fault_of, pattern_of
from openoutcry.ports.custodian import (
    AddressFault,
    CustodianAwayError,
    Network,
    Payment,
    SendKeyReusedError,
    SendOrder,
    SendState,
    SendStatus,
)

_MODE = 0o600
_DROPPED_AFTER_BLOCKS = 2
CONFIRMATIONS_SHOWN_MAX = 10_000
_TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS seed (
  only INTEGER PRIMARY KEY CHECK (only = 1), bytes BLOB NOT NULL) STRICT;
INSERT INTO seed VALUES (1, randomblob(16)) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS address (
  chain TEXT NOT NULL, address TEXT NOT NULL, account_id INTEGER NOT NULL,
  PRIMARY KEY (chain, address)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment (
  number INTEGER PRIMARY KEY, chain TEXT NOT NULL, asset_name TEXT NOT NULL, hash TEXT NOT NULL,
  output INTEGER NOT NULL, address TEXT NOT NULL, amount_atoms INTEGER NOT NULL,
  seen_us INTEGER NOT NULL, orphaned INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS payment_hash ON payment (chain, hash, output, number);
CREATE TABLE IF NOT EXISTS send (
  key TEXT PRIMARY KEY, chain TEXT NOT NULL, asset_name TEXT NOT NULL, address TEXT NOT NULL,
  amount_atoms INTEGER NOT NULL, hash TEXT NOT NULL, sent_us INTEGER NOT NULL,
  fate TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fault (name TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
COMMIT;
"""

_T = TypeVar("_T")


class Fault(StrEnum):
    """What can be asked to go wrong, a number of times."""

    AWAY = "away"
    """The next call does nothing and has no answer."""
    AWAY_AFTER = "away_after"
    """The next call does its work and has no answer."""
    REFUSE_SEND = "refuse_send"
    """The next send fails for good at once."""
    DROP_SEND = "drop_send"
    """The next send is taken and fails for good some blocks later."""


_FATES = {Fault.REFUSE_SEND: "refused", Fault.DROP_SEND: "dropped"}


class SimulatedCustodian:
    """`Custodian` and `DemoChain`. `block_us` is how long each chain takes for a confirmation."""

    def __init__(
        self,
        path: Path,
        networks: Sequence[Network],
        block_us: dict[str, int],
        clock: Callable[[], int],
        *,
        is_synced: bool = True,
    ) -> None:
        """Open the file, made if missing; raises OSError or sqlite3.Error when it cannot be.

        Only a simulation that outlives every death it plays may do without syncs.
        """
        self._networks = tuple(networks)
        self._chains = frozenset(network.chain for network in networks)
        assert self._chains <= block_us.keys(), "each chain has its pace"
        self._block_us = dict(block_us)
        self._clock = clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="custodian")
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._database.execute(f"PRAGMA journal_mode = {'WAL' if is_synced else 'MEMORY'}")
            self._database.execute(f"PRAGMA synchronous = {'FULL' if is_synced else 'OFF'}")
            self._database.executescript(_TABLES)
            (self._seed,) = self._database.execute("SELECT bytes FROM seed").fetchone()
        except sqlite3.Error:
            self._database.close()
            raise

    def close(self) -> None:
        """Wait for what runs and close the file."""
        self._pool.shutdown(wait=True)
        self._database.close()

    def networks(self) -> Sequence[Network]:
        """Return the networks that it serves."""
        return self._networks

    async def check_address(self, chain: str, address: str) -> AddressFault | None:
        """Say what is wrong with paying to this address on this chain, or None."""

        def work() -> AddressFault | None:
            fault = fault_of(chain, address, self._chains)
            if fault is not None:
                return fault
            ours = self._database.execute(
                "SELECT 1 FROM address WHERE chain = ? AND address = ?", (chain, address)
            ).fetchone()
            return AddressFault.OWN_ADDRESS if ours else None

        return await self._run(work)

    async def deposit_address(self, chain: str, account_id: int) -> str:
        """Return the address at which an account is paid."""
        if chain not in self._chains:
            raise ValueError(f"no chain {chain!r}")
        address = self.address_of(chain, f"account {account_id}")

        def work() -> str:
            self._database.execute(
                "INSERT INTO address VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (chain, address, account_id),
            )
            return address

        return await self._run(work)

    def address_of(self, chain: str, owner: str) -> str:
        """Return the address of anybody on this chain: the same one for the same name."""
        text = f"{chain} {owner}".encode()
        return encode(chain, blake2b(text, digest_size=PAYLOAD_BYTES, key=self._seed).digest())

    async def payments(self, after: int, limit: int = 500) -> Sequence[Payment]:
        """Return payments with a running number above `after`, ascending."""

        def work() -> list[Payment]:
            rows = self._database.execute(
                "SELECT * FROM payment WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
            ).fetchall()
            return [self._payment(row) for row in rows]

        return await self._run(work)

    async def payment(self, chain: str, transaction: str, output: int) -> Payment | None:
        """Return a payment as it stands now; None when there is no such payment."""

        def work() -> Payment | None:
            row = self._database.execute(
                "SELECT * FROM payment WHERE chain = ? AND hash = ? AND output = ?"
                " ORDER BY number DESC LIMIT 1",
                (chain, transaction, output),
            ).fetchone()
            return None if row is None else self._payment(row)

        return await self._run(work)

    async def send(self, order: SendOrder) -> SendStatus:
        """Pay out once for each key; raises SendKeyReusedError, CustodianAwayError."""
        content = (order.chain, order.asset_name, order.address, order.amount_atoms)

        def work() -> SendStatus:
            found = self._send_row(order.key)
            if found is not None:
                if found[1:5] != content:
                    raise SendKeyReusedError(f"send {order.key} was another one")
                return self._status(found)
            fate = next((_FATES[fault] for fault in _FATES if self._take_fault(fault)), "")
            name = blake2b(order.key.encode(), digest_size=32, key=self._seed).hexdigest()
            self._database.execute(
                "INSERT INTO send VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (order.key, *content, name, self._clock(), fate),
            )
            return self._status(self._send_row(order.key))

        return await self._run(work)

    async def sent(self, key: str) -> SendStatus | None:
        """Return what became of a send; None when it was never asked for."""

        def work() -> SendStatus | None:
            found = self._send_row(key)
            return None if found is None else self._status(found)

        return await self._run(work)

    # ----- beyond the port: what a demo and tests ask of it

    async def pay_in(self, chain: str, asset_name: str, address: str, amount_atoms: int) -> Payment:
        """Have somebody outside pay to an address of ours; raises ValueError for another one."""

        def work() -> Payment:
            ours = self._database.execute(
                "SELECT 1 FROM address WHERE chain = ? AND address = ?", (chain, address)
            ).fetchone()
            if not ours or amount_atoms <= 0:
                raise ValueError("only an amount to a deposit address is simulated")
            return self._insert_payment(
                chain, asset_name, os.urandom(32).hex(), 0, address, amount_atoms
            )

        return await self._run(work)

    async def orphan(self, payment: Payment) -> None:
        """Have the chain go another way, without this payment."""

        def work() -> None:
            self._database.execute(
                "UPDATE payment SET orphaned = 1 WHERE chain = ? AND hash = ? AND output = ?",
                (payment.chain, payment.transaction, payment.output),
            )

        await self._run(work)

    async def mine_again(self, payment: Payment) -> Payment:
        """Have the chain take an orphaned payment in once more."""

        def work() -> Payment:
            return self._insert_payment(
                payment.chain,
                payment.asset_name,
                payment.transaction,
                payment.output,
                payment.address,
                payment.amount_atoms,
            )

        return await self._run(work)

    async def fail(self, fault: Fault, count: int = 1) -> None:
        """Have something go wrong the next times; 0 takes that back."""

        def work() -> None:
            self._database.execute(
                "INSERT INTO fault VALUES (?, ?) ON CONFLICT DO UPDATE SET count = excluded.count",
                (fault, count),
            )

        await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def paid_out(self) -> dict[str, int]:
        """Return, by key, what was paid and not failed."""

        def work() -> dict[str, int]:
            return dict(
                self._database.execute("SELECT key, amount_atoms FROM send WHERE fate = ''")
            )

        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    # ----- in the thread

    async def _run(self, work: Callable[[], _T]) -> _T:
        def guarded() -> _T:
            if self._take_fault(Fault.AWAY):
                raise CustodianAwayError("the simulated custodian is away")
            found = work()
            if self._take_fault(Fault.AWAY_AFTER):
                raise CustodianAwayError("the simulated custodian went away")
            return found

        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, guarded)
        except sqlite3.Error as error:
            raise CustodianAwayError(f"the simulated custodian cannot go on: {error}") from error

    def _take_fault(self, fault: Fault) -> bool:
        changed = self._database.execute(
            "UPDATE fault SET count = count - 1 WHERE name = ? AND count > 0", (fault,)
        )
        return changed.rowcount == 1

    def _insert_payment(
        self, chain: str, asset_name: str, name: str, output: int, address: str, atoms: int
    ) -> Payment:
        row = self._database.execute(
            "INSERT INTO payment (chain, asset_name, hash, output, address, amount_atoms, seen_us,"
            " orphaned) VALUES (?, ?, ?, ?, ?, ?, ?, 0) RETURNING *",
            (chain, asset_name, name, output, address, atoms, self._clock()),
        ).fetchone()
        return self._payment(row)

    def _payment(self, row: tuple[int, str, str, str, int, str, int, int, int]) -> Payment:
        number, chain, asset_name, name, output, address, atoms, seen_us, orphaned = row
        return Payment(
            number=number,
            chain=chain,
            asset_name=asset_name,
            transaction=name,
            output=output,
            address=address,
            amount_atoms=atoms,
            confirmations=0 if orphaned else self._confirmations(chain, seen_us),
            orphaned=bool(orphaned),
        )

    def _send_row(self, key: str) -> tuple[str, str, str, str, int, str, int, str] | None:
        row: tuple[str, str, str, str, int, str, int, str] | None
        row = self._database.execute("SELECT * FROM send WHERE key = ?", (key,)).fetchone()
        return row

    def _status(self, row: tuple[str, str, str, str, int, str, int, str] | None) -> SendStatus:
        assert row is not None, "it was stored"
        _, chain, asset_name, _, _, name, sent_us, fate = row
        if fate == "refused":
            return SendStatus(state=SendState.FAILED, reason="the chain refused it")
        confirmations = self._confirmations(chain, sent_us)
        if fate == "dropped":
            if confirmations >= _DROPPED_AFTER_BLOCKS:
                return SendStatus(
                    state=SendState.FAILED, transaction=name, reason="the chain dropped it"
                )
            return SendStatus(state=SendState.PENDING, transaction=name)
        final = next(
            network.confirmations_final
            for network in self._networks
            if (network.chain, network.asset_name) == (chain, asset_name)
        )
        state = SendState.DONE if confirmations >= final else SendState.PENDING
        return SendStatus(state=state, transaction=name, confirmations=confirmations)

    def _confirmations(self, chain: str, since_us: int) -> int:
        blocks = max(self._clock() - since_us, 0) // self._block_us[chain]
        return min(blocks, CONFIRMATIONS_SHOWN_MAX)


def simulated_networks(scale: int) -> tuple[Network, ...]:
    """Return the networks of the demo's assets, which all have the same scale."""
    one = 10**scale

    def network(
        chain: str, asset_name: str, title: str, final: int, fee_atoms: int, atoms_min: int
    ) -> Network:
        return Network(
            chain=chain,
            asset_name=asset_name,
            scale=scale,
            title=title,
            confirmations_final=final,
            withdrawal_fee_atoms=fee_atoms,
            withdrawal_atoms_min=atoms_min,
            deposit_atoms_min=atoms_min // 10,
            address_pattern=pattern_of(chain),
            arrival_minutes=1,
        )

    return (
        network("BTC", "BTC", "Simulated Bitcoin", 3, one // 10_000, one // 1_000),
        network("ETH", "ETH", "Simulated Ethereum", 6, one // 500, one // 100),
        network("ETH", "USD", "Dollars on simulated Ethereum", 6, 2 * one, 10 * one),
        network("SIM", "USD", "Dollars on the simulated quick chain", 2, one // 10, one),
    )


SIMULATED_BLOCK_US = {"BTC": 10_000_000, "ETH": 2_000_000, "SIM": 3_000_000}
