"""A device that makes passkeys, as a browser would hand its answers over: for tests of both sides.

What it can be told to do wrong is what an attacker would do.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
ORIGIN = "http://localhost:8080"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One device with one passkey at most for each relying party."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    flags: int = PRESENT | VERIFIED
    count: int = 0
    counts: bool = True
    """Some devices count, and some always say 0."""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: Mapping[str, Any], **client: object) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        self.handle = from_base64url(options["user"]["id"])
        public = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: public.x.to_bytes(32, "big"),
            -3: public.y.to_bytes(32, "big"),
        }
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + cbor2.dumps(cose)
        )
        data = self._data(self.flags | ATTESTED) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options, client),
                "attestationObject": base64url(attestation),
                "transports": ["internal", "hybrid"],
            }
        )

    def use(self, options: Mapping[str, Any], **client: object) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        if self.counts:
            self.count += 1
        data = self._data(self.flags)
        client_data = self._client_data("webauthn.get", options, client)
        signed = data + hashlib.sha256(from_base64url(client_data)).digest()
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": base64url(data),
                "signature": base64url(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": base64url(self.handle),
            }
        )

    def _data(self, flags: int) -> bytes:
        party = hashlib.sha256(self.rp_id.encode()).digest()
        return party + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(
        self, kind: str, options: Mapping[str, Any], changes: Mapping[str, object]
    ) -> str:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return base64url(json.dumps({**said, "crossOrigin": False, **changes}).encode())

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": base64url(self.credential_id),
            "rawId": base64url(self.credential_id),
            "type": "public-key",
            "response": response,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
        }
