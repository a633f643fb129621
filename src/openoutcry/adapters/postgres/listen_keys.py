"""Listen keys in PostgreSQL: made at one gateway, used at any other."""

from collections.abc import Collection, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from openoutcry.adapters.postgres.connections import completed
from openoutcry.ports.users import LISTEN_KEY_LIFE_US, ListenKeysAwayError, new_listen_key

CONNECTIONS_MAX = 2
WAIT_SECONDS = 3.0
RECONNECT_SECONDS = 2.0
ATTEMPTS = 3
"""A connection that has died in the pool is found out by using it."""
_CREATE: LiteralString = (
    "INSERT INTO identity.listen_key AS kept(account_id, listen_key, expires_us)"
    " VALUES(%(account)s, %(key)s, %(expires)s) ON CONFLICT (account_id) DO UPDATE SET"
    " listen_key = CASE WHEN kept.expires_us > %(now)s THEN kept.listen_key"
    " ELSE excluded.listen_key END, expires_us = excluded.expires_us RETURNING listen_key"
)
_LIVING: LiteralString = (
    "listen_key = %(key)s AND account_id = %(account)s AND expires_us > %(now)s"
)


class PostgresListenKeys:
    """The `ListenKeys` port over `identity.listen_key`. `open` it in the loop that asks."""

    def __init__(self, dsn: str) -> None:
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection] = AsyncConnectionPool(
            completed(
                dsn, application_name="outcry-listen-keys", target_session_attrs="read-write"
            ),
            kwargs={"autocommit": True, "prepare_threshold": 0},
            min_size=1,
            max_size=CONNECTIONS_MAX,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            open=False,
            name="outcry-listen-keys",
        )

    async def open(self) -> None:
        """Begin to connect; a database that is away is found later."""
        await self._pool.open()

    async def close_all(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def create(self, account_id: int, now_us: int) -> str:
        """Return the account's listen key, renewed, or a new one."""
        rows = await self._run(_CREATE, **_values(new_listen_key(), account_id, now_us))
        return str(rows[0][0])

    async def accounts_of(self, listen_keys: Collection[str], now_us: int) -> dict[str, int]:
        """Return the account of each of these keys that lives."""
        if not listen_keys:
            return {}
        rows = await self._run(
            "SELECT listen_key, account_id FROM identity.listen_key"
            " WHERE listen_key = ANY(%(keys)s) AND expires_us > %(now)s",
            keys=list(listen_keys),
            now=now_us,
        )
        return dict(rows)

    async def renew(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Let a key of this account live another hour; False when it has none such."""
        rows = await self._run(
            f"UPDATE identity.listen_key SET expires_us = %(expires)s WHERE {_LIVING}"  # noqa: S608
            " RETURNING 1",
            **_values(listen_key, account_id, now_us),
        )
        return bool(rows)

    async def close(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Forget a key of this account; False when it has none such."""
        rows = await self._run(
            f"DELETE FROM identity.listen_key WHERE {_LIVING} RETURNING 1",  # noqa: S608
            **_values(listen_key, account_id, now_us),
        )
        return bool(rows)

    async def _run(self, query: LiteralString, **values: object) -> Sequence[tuple[Any, ...]]:
        """Run a statement over a connection; again when that turns out to be dead."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._pool.connection() as connection:
                    return await (await connection.execute(query, values)).fetchall()
            except PoolTimeout as error:
                raise ListenKeysAwayError(f"no connection to the listen keys: {error}") from error
            except psycopg.OperationalError as error:
                if attempt == ATTEMPTS:
                    raise ListenKeysAwayError(f"listen keys do not answer: {error}") from error
        raise AssertionError("the last attempt has returned or raised")


def _values(listen_key: str, account_id: int, now_us: int) -> dict[str, object]:
    expires_us = now_us + LISTEN_KEY_LIFE_US
    return {"key": listen_key, "account": account_id, "now": now_us, "expires": expires_us}
