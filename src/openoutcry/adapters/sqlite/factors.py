"""Second factors in the file of people."""

# ruff: noqa: S608 - statements are put together from this module's own column names

import sqlite3
from collections.abc import Collection
from dataclasses import replace

from openoutcry.adapters.sqlite.people_database import PeopleDatabase, Row
from openoutcry.ports.people import Factor
from openoutcry.ports.people_store import StoredPasskey, StoredTotp

_TOTP = "person_id, secret_sealed, confirmed, last_step, created_us"
_PASSKEY = (
    "passkey_id, person_id, credential_id, public_key, sign_count, name, transports, backed_up,"
    " created_us, used_us"
)


class SqliteFactors:
    """`FactorStore` in the file of people."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    async def totp(self, person_id: int) -> StoredTotp | None:
        """Return somebody's generator."""
        row = self._database.row(
            f"SELECT {_TOTP} FROM person_totp WHERE person_id = ?", (person_id,)
        )
        if row is None:
            return None
        _, secret, confirmed, last_step, created_us = row
        return StoredTotp(person_id, secret, bool(confirmed), last_step, created_us)

    async def set_totp(self, totp: StoredTotp) -> bool:
        """Store an unconfirmed generator over an older unconfirmed one."""
        changed = await self._database.change(
            f"INSERT INTO person_totp ({_TOTP}) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (person_id) DO UPDATE SET secret_sealed = excluded.secret_sealed,"
            " confirmed = excluded.confirmed, last_step = excluded.last_step,"
            " created_us = excluded.created_us WHERE confirmed = 0",
            (
                totp.person_id,
                totp.secret_sealed,
                totp.confirmed,
                totp.last_step,
                totp.created_us,
            ),
        )
        return changed == 1

    async def confirm_totp(self, person_id: int, secret_sealed: bytes, step: int) -> bool:
        """Confirm the generator by a code of this step."""
        changed = await self._database.change(
            "UPDATE person_totp SET confirmed = 1, last_step = ?"
            " WHERE person_id = ? AND confirmed = 0 AND secret_sealed = ?",
            (step, person_id, secret_sealed),
        )
        return changed == 1

    async def use_totp_step(self, person_id: int, step: int) -> bool:
        """Take a step of a confirmed generator, once."""
        changed = await self._database.change(
            "UPDATE person_totp SET last_step = ?1"
            " WHERE person_id = ?2 AND confirmed = 1 AND last_step < ?1",
            (step, person_id),
        )
        return changed == 1

    async def remove_totp(self, person_id: int) -> bool:
        """Forget the generator."""

        def remove(database: sqlite3.Connection) -> bool:
            rows = database.execute(
                "DELETE FROM person_totp WHERE person_id = ? RETURNING confirmed", (person_id,)
            ).fetchall()
            return rows == [(1,)]

        return await self._database.transact(remove)

    async def set_recovery_codes(self, person_id: int, hashes: Collection[bytes]) -> None:
        """Replace somebody's recovery codes."""

        def replace_all(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM person_recovery_code WHERE person_id = ?", (person_id,))
            database.executemany(
                "INSERT INTO person_recovery_code VALUES (?, ?)",
                [(person_id, code_hash) for code_hash in hashes],
            )

        await self._database.transact(replace_all)

    async def use_recovery_code(self, person_id: int, code_hash: bytes) -> bool:
        """Take a recovery code, once."""
        changed = await self._database.change(
            "DELETE FROM person_recovery_code WHERE person_id = ? AND code_hash = ?",
            (person_id, code_hash),
        )
        return changed == 1

    async def recovery_codes_left(self, person_id: int) -> int:
        """Return how many codes are unused."""
        row = self._database.row(
            "SELECT count(*) FROM person_recovery_code WHERE person_id = ?", (person_id,)
        )
        return 0 if row is None else int(row[0])

    async def add_passkey(self, passkey: StoredPasskey) -> StoredPasskey:
        """Store one under the next id; raises ValueError when its credential is known."""

        def add(database: sqlite3.Connection) -> int:
            known = database.execute(
                "SELECT 1 FROM person_passkey WHERE credential_id = ?", (passkey.credential_id,)
            ).fetchone()
            if known:
                raise ValueError("this credential is known already")
            (passkey_id,) = database.execute(
                f"INSERT INTO person_passkey ({_PASSKEY})"
                " VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING passkey_id",
                (
                    passkey.person_id,
                    passkey.credential_id,
                    passkey.public_key,
                    passkey.sign_count,
                    passkey.name,
                    ",".join(passkey.transports),
                    passkey.backed_up,
                    passkey.created_us,
                    passkey.used_us,
                ),
            ).fetchone()
            return int(passkey_id)

        return replace(passkey, passkey_id=await self._database.transact(add))

    async def passkeys_of(self, person_id: int) -> list[StoredPasskey]:
        """Return somebody's passkeys, oldest first."""
        rows = self._database.rows(
            f"SELECT {_PASSKEY} FROM person_passkey WHERE person_id = ? ORDER BY passkey_id",
            (person_id,),
        )
        return [_passkey(row) for row in rows]

    async def passkey(self, credential_id: bytes) -> StoredPasskey | None:
        """Return whose credential it is, or None."""
        row = self._database.row(
            f"SELECT {_PASSKEY} FROM person_passkey WHERE credential_id = ?", (credential_id,)
        )
        return None if row is None else _passkey(row)

    async def use_passkey(
        self, passkey_id: int, *, was: int, sign_count: int, backed_up: bool, now_us: int
    ) -> bool:
        """Remember a use and its counter, if the counter still is what it was."""
        changed = await self._database.change(
            "UPDATE person_passkey SET sign_count = ?, backed_up = ?, used_us = ?"
            " WHERE passkey_id = ? AND sign_count = ?",
            (sign_count, backed_up, now_us, passkey_id, was),
        )
        return changed == 1

    async def rename_passkey(self, passkey_id: int, person_id: int, name: str) -> bool:
        """Name one of somebody's."""
        changed = await self._database.change(
            "UPDATE person_passkey SET name = ? WHERE passkey_id = ? AND person_id = ?",
            (name, passkey_id, person_id),
        )
        return changed == 1

    async def remove_passkey(self, passkey_id: int, person_id: int) -> bool:
        """Forget one of somebody's."""
        changed = await self._database.change(
            "DELETE FROM person_passkey WHERE passkey_id = ? AND person_id = ?",
            (passkey_id, person_id),
        )
        return changed == 1

    async def factors_of(self, people: Collection[int]) -> dict[int, frozenset[Factor]]:
        """Return what people have set up, their password included."""
        found = {person_id: {Factor.PASSWORD} for person_id in people}
        for factor, table in (
            (Factor.TOTP, "person_totp WHERE confirmed = 1 AND"),
            (Factor.PASSKEY, "person_passkey WHERE"),
            (Factor.RECOVERY_CODE, "person_recovery_code WHERE"),
        ):
            marks = ", ".join("?" * len(found))
            statement = f"SELECT DISTINCT person_id FROM {table} person_id IN ({marks})"
            for (person_id,) in self._database.rows(statement, tuple(found)):
                found[person_id].add(factor)
        return {person_id: frozenset(factors) for person_id, factors in found.items()}


def _passkey(row: Row) -> StoredPasskey:
    number, person_id, credential, key, count, name, transports, backed_up, made, used = row
    parts = tuple(part for part in transports.split(",") if part)
    return StoredPasskey(
        number, person_id, credential, key, count, name, parts, bool(backed_up), made, used
    )
