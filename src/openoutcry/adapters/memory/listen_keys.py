"""Listen keys in a dictionary: for an exchange of one gateway."""

from collections.abc import Collection
from dataclasses import dataclass

from openoutcry.ports.users import LISTEN_KEY_LIFE_US, new_listen_key


@dataclass(slots=True)
class _ListenKey:
    account_id: int
    expires_us: int


class MemoryListenKeys:
    """The `ListenKeys` port; they go with the process, as their connections do."""

    def __init__(self) -> None:
        self._keys: dict[str, _ListenKey] = {}
        self._of_account: dict[int, str] = {}

    async def create(self, account_id: int, now_us: int) -> str:
        """Return the account's listen key, renewed, or a new one."""
        listen_key = self._of_account.get(account_id)
        if listen_key is not None and self._account_of(listen_key, now_us) is not None:
            self._keys[listen_key].expires_us = now_us + LISTEN_KEY_LIFE_US
            return listen_key
        listen_key = new_listen_key()
        self._keys[listen_key] = _ListenKey(account_id, now_us + LISTEN_KEY_LIFE_US)
        self._of_account[account_id] = listen_key
        return listen_key

    async def accounts_of(self, listen_keys: Collection[str], now_us: int) -> dict[str, int]:
        """Return the account of each of these keys that lives."""
        found = {name: self._account_of(name, now_us) for name in listen_keys}
        return {name: account_id for name, account_id in found.items() if account_id is not None}

    def _account_of(self, listen_key: str, now_us: int) -> int | None:
        """Return the account of a living key; an expired one is forgotten."""
        entry = self._keys.get(listen_key)
        if entry is None:
            return None
        if entry.expires_us <= now_us:
            self._forget(listen_key)
            return None
        return entry.account_id

    async def renew(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Let a key of this account live another hour; False when it has none such."""
        if self._account_of(listen_key, now_us) != account_id:
            return False
        self._keys[listen_key].expires_us = now_us + LISTEN_KEY_LIFE_US
        return True

    async def close(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Forget a key of this account; False when it has none such."""
        if self._account_of(listen_key, now_us) != account_id:
            return False
        self._forget(listen_key)
        return True

    def _forget(self, listen_key: str) -> None:
        entry = self._keys.pop(listen_key)
        if self._of_account.get(entry.account_id) == listen_key:
            del self._of_account[entry.account_id]
