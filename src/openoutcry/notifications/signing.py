"""How a webhook's receiver knows that a request is ours and new, and what that is keyed with."""

import base64
import hashlib
import hmac
import secrets

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, so that scanners find them
SALT_BYTES = 16
SIGNATURE_HEADER = "Outcry-Signature"
TOLERANCE_SECONDS = 300
"""How old a request a receiver should still take."""
_LABEL = b"openoutcry webhook secret v1"


def new_salt() -> bytes:
    """Return what makes a webhook's secret its own."""
    return secrets.token_bytes(SALT_BYTES)


def secret_of(key: bytes, webhook_id: str, salt: bytes) -> str:
    """Return a webhook's secret: derived, so that the store holds none."""
    data = b"\0".join((_LABEL, webhook_id.encode(), salt))
    digest = hmac.digest(key, data, hashlib.sha256)
    return SECRET_PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def signature(secret: str, time_s: int, body: bytes) -> str:
    """Return the value of the signature's header for a body sent at a time."""
    signed = hmac.new(secret.encode(), f"{time_s}.".encode() + body, hashlib.sha256)
    return f"t={time_s},v1={signed.hexdigest()}"


def is_authentic(secret: str, header: str, body: bytes, now_s: int) -> bool:
    """Whether a request is signed with this secret, and new; what receivers do."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    time_text = parts.get("t", "")
    if not (time_text.isascii() and time_text.isdigit() and len(time_text) <= 12):
        return False
    time_s = int(time_text)
    expected = signature(secret, time_s, body)
    is_ours = hmac.compare_digest(expected.encode(), f"t={time_s},v1={parts.get('v1')}".encode())
    return is_ours and abs(now_s - time_s) <= TOLERANCE_SECONDS
