"""Who calls: API keys and what they may do."""

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


class ApiKeys(Protocol):
    """Keys by public name. Look-ups are from memory; a revoked key is gone within a second."""

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key, or None when it is unknown or revoked."""
        ...

    def of_account(self, account_id: int) -> list[ApiKey]:
        """Return the keys of an account, oldest first."""
        ...

    def add(self, key: ApiKey) -> None:
        """Store a new key durably; raises ValueError when its name is taken."""
        ...

    def revoke(self, api_key: str) -> bool:
        """Forget a key; False when there is none."""
        ...
