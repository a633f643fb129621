"""Secrets that are handed out once and stored as hashes only.

They have 256 bits from the system's generator, so a plain SHA-256 hides them well enough.
"""

import base64
import binascii
import hashlib
import re
import secrets

TOKEN_BYTES = 32
_is_token = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


def new_token() -> str:
    """Return a token for a cookie, a link or a body."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of_token(token: str) -> bytes:
    """Return what is stored of a token. What cannot be one has a hash that none has."""
    if _is_token(token) is None:
        return b""
    return hashlib.sha256(token.encode()).digest()


def hash_of_challenge(challenge: bytes) -> bytes:
    """Return what is stored of a challenge."""
    return hashlib.sha256(challenge).digest()


def bytes_of_base64url(text: str) -> bytes:
    """Return what an unpadded text of the URL alphabet says; raises ValueError."""
    if re.fullmatch(r"[A-Za-z0-9_-]*", text) is None:
        raise ValueError("not the alphabet of base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
