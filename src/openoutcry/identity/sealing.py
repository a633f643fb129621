"""Sealing with AES-256-GCM: one master key for an exchange, a key of its own for each purpose."""

import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from openoutcry.ports.sealing import SealError

MASTER_KEY_BYTES = 32
API_KEYS = "api-keys"
"""The purpose of sealing secrets of API keys."""
_FORMAT = b"\x01"
_NONCE_BYTES = 12


class MasterKeyError(ValueError):
    """A master key is not one; the message never shows it."""


def new_master_key() -> str:
    """Return a new master key as it is written into a file or a setting."""
    return secrets.token_hex(MASTER_KEY_BYTES)


def read_master_key(text: str) -> bytes:
    """Read what `new_master_key` gave; raises MasterKeyError."""
    try:
        key = binascii.unhexlify(text.strip())
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise MasterKeyError(f"a master key is {2 * MASTER_KEY_BYTES} hexadecimal digits")
    return key


def purpose_key(master_key: bytes, purpose: str) -> bytes:
    """Return the key for one purpose: it tells nothing of the master key or of any other."""
    info = f"openoutcry {purpose}".encode()
    return HKDF(hashes.SHA256(), MASTER_KEY_BYTES, salt=None, info=info).derive(master_key)


class AesGcmSealer:
    """`Sealer` for one purpose: what is sealed for another does not open, whatever its name."""

    def __init__(self, master_key: bytes, purpose: str) -> None:
        assert len(master_key) == MASTER_KEY_BYTES, "a master key was read"
        assert purpose, "keys are apart by their purpose"
        self._cipher = AESGCM(purpose_key(master_key, purpose))

    def seal(self, name: str, secret: bytes) -> bytes:
        """Return a secret sealed for a name; sealing twice gives different bytes."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret, name.encode())

    def unseal(self, name: str, sealed: bytes) -> bytes:
        """Return what was sealed for this name; raises SealError."""
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        if sealed[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise SealError("this is nothing that was sealed here")
        try:
            return self._cipher.decrypt(nonce, rest, name.encode())
        except InvalidTag:
            raise SealError("it was changed, or sealed with another key") from None
