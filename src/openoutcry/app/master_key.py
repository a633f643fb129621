"""The key under which an exchange keeps secrets: from a setting, or from a file made for it."""

from pathlib import Path

from openoutcry.adapters.local.key_file import read_or_make
from openoutcry.identity.sealing import (
    API_KEYS,
    AesGcmSealer,
    MasterKeyError,
    new_master_key,
    read_master_key,
)

SECRETS_KEY_NAME = "secrets.key"
"""In the data folder. Without it no HMAC key works: it belongs into a safe place of its own."""


def master_key(directory: Path, given: str = "") -> bytes:
    """Return the key that a setting gives, or else that of a data folder, made if missing.

    Raises MasterKeyError, OSError.
    """
    if given:
        return read_master_key(given)
    path = directory / SECRETS_KEY_NAME
    try:
        return read_master_key(read_or_make(path, new_master_key))
    except (MasterKeyError, UnicodeDecodeError) as error:
        raise MasterKeyError(f"{path}: {error}") from error


def api_key_sealer(directory: Path, given: str = "") -> AesGcmSealer:
    """Return what seals the secrets of API keys of an exchange in a folder."""
    return AesGcmSealer(master_key(directory, given), API_KEYS)
