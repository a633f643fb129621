"""Listen keys: the old way to a user data stream, retired upstream and still used by clients."""

import secrets
from dataclasses import dataclass

LISTEN_KEY_LIFE_US = 60 * 60 * 1_000_000
"""A listen key lives an hour from its last renewal."""


@dataclass(slots=True)
class _ListenKey:
    account_id: int
    expires_us: int


class ListenKeys:
    """Which account a listen key speaks for. One key an account; asking again renews it."""

    def __init__(self) -> None:
        self._keys: dict[str, _ListenKey] = {}
        self._of_account: dict[int, str] = {}

    def create(self, account_id: int, now_us: int) -> str:
        """Return the account's listen key, renewed, or a new one."""
        listen_key = self._of_account.get(account_id)
        if listen_key is not None and self.account_of(listen_key, now_us) is not None:
            self._keys[listen_key].expires_us = now_us + LISTEN_KEY_LIFE_US
            return listen_key
        listen_key = secrets.token_hex(32)[:60]
        self._keys[listen_key] = _ListenKey(account_id, now_us + LISTEN_KEY_LIFE_US)
        self._of_account[account_id] = listen_key
        return listen_key

    def account_of(self, listen_key: str, now_us: int) -> int | None:
        """Return the account of a living key; an expired one is forgotten."""
        entry = self._keys.get(listen_key)
        if entry is None:
            return None
        if entry.expires_us <= now_us:
            self._forget(listen_key)
            return None
        return entry.account_id

    def renew(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Let a key of this account live another hour; False when it has none such."""
        if self.account_of(listen_key, now_us) != account_id:
            return False
        self._keys[listen_key].expires_us = now_us + LISTEN_KEY_LIFE_US
        return True

    def close(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Forget a key of this account; False when it has none such."""
        if self.account_of(listen_key, now_us) != account_id:
            return False
        self._forget(listen_key)
        return True

    def _forget(self, listen_key: str) -> None:
        entry = self._keys.pop(listen_key)
        if self._of_account.get(entry.account_id) == listen_key:
            del self._of_account[entry.account_id]
