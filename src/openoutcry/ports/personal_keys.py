"""API keys as their owners make and revoke them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from openoutcry.ports.people import SessionView
from openoutcry.ports.users import ApiKey, KeyType

KEYS_MAX = 30
"""So many a person may have."""
LABEL_CHARACTERS_MAX = 40
NETWORKS_MAX = 30
SYMBOLS_MAX = 100
LIFETIME_DAYS_MAX = 3_650
LIFETIME_DAYS = 90
"""What a key lives unless its owner says otherwise."""
PUBLIC_KEY_CHARACTERS_MAX = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedKey:
    """What somebody asks for."""

    label: str
    key_type: KeyType
    public_key: str = ""
    """PEM of an Ed25519 or RSA key, whose private half never leaves its owner; none for HMAC."""
    may_read: bool = True
    may_trade: bool = False
    may_withdraw: bool = False
    allowed_ips: Sequence[str] = ()
    """Addresses and networks; a key that may withdraw needs some."""
    allowed_symbols: Sequence[str] = ()
    lifetime_days: int = LIFETIME_DAYS
    """0: without end."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key. The secret of an HMAC key is shown this once; other keys have none here."""

    key: ApiKey
    secret: str = field(repr=False)


class KeyRefusedError(Exception):
    """No key is made of what was asked for: which field is wrong, and why."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


class TooManyKeysError(Exception):
    """They have as many keys as one may have."""


class OwnerLockedError(Exception):
    """They were locked out meanwhile, and have no new key."""


class KeysAwayError(Exception):
    """Keys cannot be changed now; whether something was changed is shown by the list."""


class PersonalKeys(Protocol):
    """The keys of the person of a session, and of nobody else. Every change is recorded."""

    def keys_of(self, owner: SessionView) -> list[ApiKey]:
        """Return their keys, expired ones too, oldest first."""
        ...

    async def make(self, owner: SessionView, wanted: WantedKey, request_id: str) -> MadeKey:
        """Make a key.

        Raises KeyRefusedError, TooManyKeysError, OwnerLockedError, KeysAwayError.
        """
        ...

    async def revoke(self, owner: SessionView, api_key: str, request_id: str) -> bool:
        """Forget a key and end what it has open; False when they have none of this name.

        Raises KeysAwayError.
        """
        ...
