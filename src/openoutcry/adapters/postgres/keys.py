"""API keys in PostgreSQL: every key in memory, changes heard of at once and looked for anyway.

A change is notified; and a few times a second the newest change's number is read, because a notice
can be lost with its connection. Without the database nothing can be revoked, and the keys stay.
Secrets of HMAC keys are sealed; those that an older release left in the clear are sealed at open.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.errors import UniqueViolation

from openoutcry.adapters.postgres.connections import connect_primary, is_away
from openoutcry.ports.sealing import Sealer, SealError
from openoutcry.ports.users import ApiKey, KeyStoreError, KeyType

log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
RETRY_SECONDS = 0.1
CHANNEL: LiteralString = "outcry_keys"
_COLUMNS: LiteralString = (
    "api_key, account_id, key_type, material, may_read, may_trade, created_us, label,"
    " may_withdraw, allowed_ips, allowed_symbols, expires_us, person_id"
)
_NEXT_CHANGE: LiteralString = "UPDATE identity.change SET last = last + 1 RETURNING last"
_CHANGES: LiteralString = (
    f"SELECT number, is_revoked, is_suspended, is_sealed, changed, {_COLUMNS} FROM identity.api_key"  # noqa: S608 - constants
    " WHERE changed > %s AND (%s OR NOT is_revoked) ORDER BY changed"
)


_T = TypeVar("_T")


class PostgresApiKeys:
    """The `ApiKeys` port over `identity.api_key`; any number of processes may change it."""

    def __init__(
        self,
        dsn: str,
        sealer: Sealer,
        *,
        poll_seconds: float = POLL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Load all keys; raises KeyStoreError."""
        self._dsn = dsn
        self._sealer = sealer
        self._poll_seconds = poll_seconds
        self._monotonic = monotonic
        self._changing = threading.Lock()
        self._taking = threading.Lock()
        self._writer: psycopg.Connection | None = None
        self._keys: dict[str, tuple[int, ApiKey]] = {}
        self._of_account: dict[int, dict[int, ApiKey]] = {}
        self._suspended: set[int] = set()
        self._seen = 0
        self._loaded = False
        self._fresh_at = monotonic()
        self._stopping = threading.Event()
        try:
            listener = self._listen()
            self._seal_what_is_plain(listener)
        except psycopg.Error as error:
            raise KeyStoreError(f"the keys cannot be read: {error}") from error
        self._follower = threading.Thread(
            target=self._follow, args=(listener,), name="api-keys", daemon=True
        )
        self._follower.start()

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None."""
        found = self._keys.get(api_key)
        return None if found is None or found[0] in self._suspended else found[1]

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, oldest first."""
        with self._taking:
            return [key for _, key in sorted(self._of_account.get(account_id, {}).items())]

    def age_seconds(self) -> float:
        """Return how long ago the keys were last known to be as in the database."""
        return self._monotonic() - self._fresh_at

    def add(self, key: ApiKey) -> None:
        """Store a new key durably; raises ValueError when its name is taken."""
        is_sealed = key.key_type is KeyType.HMAC

        def change(connection: psycopg.Connection) -> int:
            row = connection.execute(
                f"INSERT INTO identity.api_key({_COLUMNS}, is_sealed, changed)"  # noqa: S608 - constants
                " SELECT %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, %b, last"
                " FROM identity.change RETURNING number",
                (
                    key.api_key,
                    key.account_id,
                    key.key_type.value,
                    self._sealer.seal(key.api_key, key.material) if is_sealed else key.material,
                    key.may_read,
                    key.may_trade,
                    key.created_us,
                    key.label,
                    key.may_withdraw,
                    list(key.allowed_ips),
                    list(key.allowed_symbols),
                    key.expires_us,
                    key.person_id,
                    is_sealed,
                ),
            ).fetchone()
            assert row is not None
            return int(row[0])

        number = self._change(change)
        with self._taking:
            self._put(number, key)

    def revoke(self, api_key: str) -> bool:
        """Forget a key and its secret durably; False when there is none."""

        def change(connection: psycopg.Connection) -> tuple[int] | None:
            return connection.execute(
                "UPDATE identity.api_key SET is_revoked = true, material = '',"
                " changed = (SELECT last FROM identity.change)"
                " WHERE api_key = %s AND NOT is_revoked RETURNING number",
                (api_key,),
            ).fetchone()

        revoked = self._change(change)
        if revoked is None:
            return False
        with self._taking:
            self._remove(revoked[0], api_key)
        return True

    def suspend(self, account_id: int) -> int:
        """Have no key of an account be found until `resume`, durably; returns how many it has."""
        return self._set_suspended(account_id, suspended=True)

    def resume(self, account_id: int) -> int:
        """Have the keys of an account be found again, durably; returns how many it has."""
        return self._set_suspended(account_id, suspended=False)

    def _set_suspended(self, account_id: int, *, suspended: bool) -> int:
        def change(connection: psycopg.Connection) -> list[tuple[int]]:
            return connection.execute(
                "UPDATE identity.api_key SET is_suspended = %s,"
                " changed = (SELECT last FROM identity.change)"
                " WHERE account_id = %s AND NOT is_revoked RETURNING number",
                (suspended, account_id),
            ).fetchall()

        changed = {number for (number,) in self._change(change)}
        with self._taking:
            if suspended:
                self._suspended |= changed
            else:
                self._suspended -= changed
        return len(changed)

    def close(self) -> None:
        """Let go of the connections and end the thread."""
        self._stopping.set()
        self._follower.join()
        with self._changing:
            self._drop_writer()

    def _change(self, change: Callable[[psycopg.Connection], _T]) -> _T:
        """Change something in a transaction, one after another over all processes, and tell."""
        with self._changing:
            try:
                if self._writer is None:
                    self._writer = connect_primary(self._dsn, "outcry-keys-change")
                with self._writer.transaction():
                    self._writer.execute(_NEXT_CHANGE)
                    result = change(self._writer)
                    self._writer.execute(f"NOTIFY {CHANNEL}")
                return result
            except UniqueViolation:
                raise ValueError("this API key exists already") from None
            except psycopg.Error as error:
                if is_away(error, self._writer):
                    self._drop_writer()
                raise KeyStoreError(f"whether the key was changed is unknown: {error}") from error

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _listen(self) -> psycopg.Connection:
        """Return a connection that hears of changes, when all that were before are known."""
        connection = connect_primary(self._dsn, "outcry-keys")
        try:
            connection.execute(f"LISTEN {CHANNEL}")
            self._refresh(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _follow(self, listener: psycopg.Connection | None) -> None:
        while not self._stopping.is_set():
            try:
                if listener is None:
                    listener = self._listen()
                for _ in listener.notifies(timeout=self._poll_seconds, stop_after=1):
                    pass
                self._refresh(listener)
            except psycopg.Error as error:
                log.warning("api keys: %s", error)
                if listener is not None:
                    listener.close()
                    listener = None
                self._stopping.wait(RETRY_SECONDS)
        if listener is not None:
            listener.close()

    def _refresh(self, connection: psycopg.Connection) -> None:
        """Take in what changed since; the first time, what is valid now."""
        began = self._monotonic()
        for number, is_revoked, is_suspended, is_sealed, changed, *fields in connection.execute(
            _CHANGES, (self._seen, self._loaded)
        ):
            name: str = fields[0]
            key = None if is_revoked else self._key(fields, is_sealed=is_sealed)
            with self._taking:
                if key is None:
                    self._remove(number, name)
                else:
                    if is_suspended:
                        self._suspended.add(number)
                    else:
                        self._suspended.discard(number)
                    self._put(number, key)
            self._seen = changed
        self._loaded = True
        self._fresh_at = began

    def _key(self, fields: list[Any], *, is_sealed: bool) -> ApiKey | None:
        """Return a key; None when its secret does not open, so that nobody signs with another."""
        name, account, kind, material, read, trade, created_us, label, *rights = fields
        withdraw, ips, symbols, expires_us, person_id = rights
        if is_sealed:
            try:
                material = self._sealer.unseal(name, material)
            except SealError as error:
                words = f"the secret of key {name[:8]}... does not open: {error}"
                if not self._loaded:
                    raise KeyStoreError(words) from error
                log.warning("api keys: %s", words)
                return None
        return ApiKey(
            api_key=name,
            account_id=account,
            key_type=KeyType(kind),
            material=material,
            may_read=read,
            may_trade=trade,
            created_us=created_us,
            label=label,
            may_withdraw=withdraw,
            allowed_ips=tuple(ips),
            allowed_symbols=tuple(symbols),
            expires_us=expires_us,
            person_id=person_id,
        )

    def _seal_what_is_plain(self, connection: psycopg.Connection) -> None:
        """Seal secrets that a release before sealing has left; whoever comes first does it."""
        plain = connection.execute(
            "SELECT number, api_key, material FROM identity.api_key"
            " WHERE NOT is_sealed AND NOT is_revoked AND key_type = %s",
            (KeyType.HMAC.value,),
        ).fetchall()
        for number, name, secret in plain:
            connection.execute(
                "UPDATE identity.api_key SET material = %b, is_sealed = true"
                " WHERE number = %b AND NOT is_sealed AND NOT is_revoked",
                (self._sealer.seal(name, secret), number),
            )

    def _put(self, number: int, key: ApiKey) -> None:
        newer = self._keys.get(key.api_key)
        if newer is not None and newer[0] > number:
            return
        self._keys[key.api_key] = (number, key)
        self._of_account.setdefault(key.account_id, {})[number] = key

    def _remove(self, number: int, name: str) -> None:
        found = self._keys.get(name)
        if found is not None and found[0] == number:
            del self._keys[name]
            del self._of_account[found[1].account_id][number]
            self._suspended.discard(number)
