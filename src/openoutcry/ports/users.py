"""Who calls: API keys and what they may do, and the listen keys of their user data streams."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class KeyType(StrEnum):
    """How a key signs."""

    HMAC = "HMAC"
    RSA = "RSA"
    ED25519 = "ED25519"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account. `material` is the HMAC secret, or the public key as PEM."""

    api_key: str
    account_id: int
    key_type: KeyType
    material: bytes = field(repr=False)
    may_read: bool = True
    may_trade: bool = True
    created_us: int = 0
    label: str = ""
    may_withdraw: bool = False
    allowed_ips: tuple[str, ...] = ()
    """Networks that it may be used from, as `10.0.0.0/8`; none: from everywhere."""
    allowed_symbols: tuple[str, ...] = ()
    """Markets that it may trade in; none: in all."""
    expires_us: int = 0
    """From then on it is as if it were unknown; 0: never."""
    person_id: int = 0
    """Whose key it is; 0: an operator made it."""

    def has_expired(self, now_us: int) -> bool:
        """Whether its time is over."""
        return 0 < self.expires_us <= now_us


class KeyStoreError(Exception):
    """The store of keys cannot be read or changed now; the message says why."""


class ApiKeys(Protocol):
    """Keys by public name. Look-ups are from memory; a revoked key is gone within a second.

    What a key may do never changes: who wants it otherwise makes another one.
    """

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, expired or not; None when it is unknown, revoked or suspended."""
        ...

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, the suspended ones too, oldest first."""
        ...

    def add(self, key: ApiKey) -> None:
        """Store a new key durably; raises ValueError when its name is taken, or KeyStoreError."""
        ...

    def revoke(self, api_key: str) -> bool:
        """Forget a key; False when there is none. May raise KeyStoreError."""
        ...

    def suspend(self, account_id: int) -> int:
        """Have no key of an account be found until `resume`; returns how many it has."""
        ...

    def resume(self, account_id: int) -> int:
        """Have the keys of an account be found again; returns how many it has."""
        ...


LISTEN_KEY_LIFE_US = 60 * 60 * 1_000_000
"""A listen key lives an hour from its last renewal."""


class ListenKeysAwayError(Exception):
    """The store of listen keys does not answer; it may be asked again."""


class ListenKeys(Protocol):
    """Which account a listen key speaks for. One key an account; asking again renews it.

    What one gateway has done is known at every other one when it returns. Each method may raise
    ListenKeysAwayError.
    """

    async def create(self, account_id: int, now_us: int) -> str:
        """Return the account's listen key, renewed, or a new one."""
        ...

    async def accounts_of(self, listen_keys: Collection[str], now_us: int) -> Mapping[str, int]:
        """Return the account of each of these keys that lives."""
        ...

    async def renew(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Let a key of this account live another hour; False when it has none such."""
        ...

    async def close(self, listen_key: str, account_id: int, now_us: int) -> bool:
        """Forget a key of this account; False when it has none such."""
        ...


async def end_listen_key(listen_keys: ListenKeys, account_id: int, now_us: int) -> None:
    """Have an account's listen key be good no more, whoever knows it."""
    listen_key = await listen_keys.create(account_id, now_us)
    await listen_keys.close(listen_key, account_id, now_us)


def new_listen_key() -> str:
    """Return a name that nobody guesses."""
    return secrets.token_hex(30)
