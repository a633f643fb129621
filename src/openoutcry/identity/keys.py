"""API keys of the public API: how they are made, and what makes one fit to be stored."""

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from openoutcry.ports.users import ApiKey, KeyType

API_KEY_CHARACTERS = 64
"""Clients of the public API expect names of this length."""
RSA_BITS = 2048
RSA_BITS_ACCEPTED = (2048, 3072, 4096)
RSA_EXPONENT_BITS_MAX = 32
"""Of the public one, which is 65537 nearly always. A long one makes signatures dear to check."""

_ALPHABET = string.ascii_letters + string.digits

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PublicKey = ed25519.Ed25519PublicKey | rsa.RSAPublicKey


class KeyFormatError(ValueError):
    """Key material cannot be used; the message says why and never shows a secret."""


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A new key: the secret goes to the client once, the material to the key store."""

    api_key: str
    key_type: KeyType
    secret: str = field(repr=False)
    material: bytes = field(repr=False)


def new_api_key_name() -> str:
    """Return a name for a new key, unguessable."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(API_KEY_CHARACTERS))


def generate_key(key_type: KeyType) -> GeneratedKey:
    """Make a key: HMAC (64 characters), Ed25519 or RSA 2048 (secret as PKCS#8 PEM)."""
    match key_type:
        case KeyType.HMAC:
            secret = new_api_key_name()
            return GeneratedKey(new_api_key_name(), key_type, secret, secret.encode())
        case KeyType.ED25519:
            return _generated(key_type, ed25519.Ed25519PrivateKey.generate())
        case KeyType.RSA:
            private = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
            return _generated(key_type, private)


def material_of_secret(key_type: KeyType, secret: str) -> bytes:
    """Return what a key store keeps of a client's secret; raises KeyFormatError."""
    if key_type is KeyType.HMAC:
        return secret.encode()
    try:
        private = serialization.load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFormatError(f"not an unencrypted {key_type} private key in PEM form") from error
    return _public_pem(key_type, private.public_key())


def material_of_public_key(key_type: KeyType, pem: str) -> bytes:
    """Return the normal form of a client's own public key; raises KeyFormatError."""
    if key_type is KeyType.HMAC:
        raise KeyFormatError("an HMAC key has no public half")
    try:
        public = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFormatError(f"not an {key_type} public key in PEM form") from error
    return _public_pem(key_type, public)


def networks_of(texts: Iterable[str]) -> tuple[str, ...]:
    """Return addresses and networks in their normal form, each once; raises KeyFormatError."""
    networks: dict[str, None] = {}
    for text in texts:
        try:
            networks[str(ip_network(text.strip()))] = None
        except ValueError:
            raise KeyFormatError(
                f"{text[:50]!r} is neither an address, as 203.0.113.7,"
                " nor a network, as 203.0.113.0/24"
            ) from None
    return tuple(networks)


def check_api_key(key: ApiKey) -> None:
    """Raise KeyFormatError unless the key can be stored and signatures can be checked with it."""
    if not key.api_key.isascii() or not key.api_key.isalnum():
        raise KeyFormatError("the name of a key is letters and digits only")
    if len(key.api_key) != API_KEY_CHARACTERS:
        raise KeyFormatError(f"the name of a key has {API_KEY_CHARACTERS} characters")
    if key.account_id <= 0:
        raise KeyFormatError("a key belongs to an account")
    if key.expires_us < 0 or 0 < key.expires_us <= key.created_us:
        raise KeyFormatError("a key expires after it was made")
    if key.may_withdraw and not key.allowed_ips:
        raise KeyFormatError("a key that may withdraw is held to addresses")
    _check_limits(key)
    if key.key_type is KeyType.HMAC:
        if not key.material:
            raise KeyFormatError("an HMAC key needs a secret")
        return
    if material_of_public_key(key.key_type, key.material.decode()) != key.material:
        raise KeyFormatError("the public key is not in its normal PEM form")


def _check_limits(key: ApiKey) -> None:
    for text in key.allowed_ips:
        try:
            is_normal = str(ip_network(text)) == text
        except ValueError:
            is_normal = False
        if not is_normal:
            raise KeyFormatError(f"{text!r} is no network in its normal form")
    if not all(symbol.isascii() and symbol.isalnum() for symbol in key.allowed_symbols):
        raise KeyFormatError("a symbol is letters and digits only")


def _generated(key_type: KeyType, private: PrivateKey) -> GeneratedKey:
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    material = _public_pem(key_type, private.public_key())
    return GeneratedKey(new_api_key_name(), key_type, secret.decode(), material)


def _public_pem(key_type: KeyType, public: object) -> bytes:
    expected = ed25519.Ed25519PublicKey if key_type is KeyType.ED25519 else rsa.RSAPublicKey
    if not isinstance(public, expected):
        raise KeyFormatError(f"the key is not an {key_type} key")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size not in RSA_BITS_ACCEPTED:
        raise KeyFormatError(f"an RSA key has one of {RSA_BITS_ACCEPTED} bits")
    if isinstance(public, rsa.RSAPublicKey):
        exponent = public.public_numbers().e
        if not 3 <= exponent < 1 << RSA_EXPONENT_BITS_MAX:
            raise KeyFormatError("the exponent of an RSA key is 65537, or not much longer")
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
