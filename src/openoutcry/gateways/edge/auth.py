"""Who calls, and whether they said exactly this: keys, signatures, the time window, the digest."""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.params import INTEGER_RANGE, MILLISECONDS_BELOW
from openoutcry.gateways.edge.service import Security
from openoutcry.ports.users import ApiKey, ApiKeys, KeyType

RECEIVE_WINDOW_US = 5_000_000
RECEIVE_WINDOW_US_MAX = 60_000_000
AHEAD_US_MAX = 1_000_000
TIMESTAMP_DIGITS_MAX = 20
WINDOW_RANGE = r"^[0-9]{1,20}(\.[0-9]{1,3})?$"

_is_key = re.compile(r"[A-Za-z0-9_\-]{1,128}").fullmatch
_is_window = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,3}))?").fullmatch
_signature_part = re.compile(rb"(?:^|&)signature=[^&]*")
_words = struct.Struct("<QQ").unpack

Verify = Callable[[bytes, str], bool]
"""Says whether a signature, as text, belongs to a payload."""
ADDRESSES_REMEMBERED_MAX = 256


def _hmac_verifier(secret: bytes) -> Verify:
    key = hashlib.sha256(secret).digest() if len(secret) > 64 else secret
    key = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key))
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))

    def verify(payload: bytes, signature: str) -> bool:
        within = inner.copy()
        within.update(payload)
        without = outer.copy()
        without.update(within.digest())
        return signature.isascii() and hmac.compare_digest(without.hexdigest(), signature.lower())

    return verify


def _decode_signature(signature: str) -> bytes:
    """Return the bytes of a base64 signature; only its one canonical spelling counts."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == signature else b""


def _ed25519_verifier(key: ed25519.Ed25519PublicKey) -> Verify:
    def verify(payload: bytes, signature: str) -> bool:
        try:
            key.verify(_decode_signature(signature), payload)
        except InvalidSignature:
            return False
        return True

    return verify


def _rsa_verifier(key: rsa.RSAPublicKey) -> Verify:
    scheme, digest = padding.PKCS1v15(), hashes.SHA256()

    def verify(payload: bytes, signature: str) -> bool:
        try:
            key.verify(_decode_signature(signature), payload, scheme, digest)
        except InvalidSignature:
            return False
        return True

    return verify


def verifier(key: ApiKey) -> Verify:
    """Return what checks the signatures of a key; refuses everything when the key is unreadable."""
    if key.key_type is KeyType.HMAC and key.material:
        return _hmac_verifier(key.material)
    try:
        public = serialization.load_pem_public_key(key.material)
    except (ValueError, UnsupportedAlgorithm):
        return lambda _payload, _signature: False
    if key.key_type is KeyType.ED25519 and isinstance(public, ed25519.Ed25519PublicKey):
        return _ed25519_verifier(public)
    if key.key_type is KeyType.RSA and isinstance(public, rsa.RSAPublicKey):
        return _rsa_verifier(public)
    return lambda _payload, _signature: False


def rest_payload(query: str, body: bytes) -> bytes:
    """Return what a REST request signs: query and body as received, without the signature."""
    if not query:
        return without_signature(body)
    payload = without_signature(query.encode("utf-8", "surrogatepass"))
    return payload + without_signature(body) if body else payload


def without_signature(text: bytes) -> bytes:
    """Return `a=1&b=2` without its `signature` part, the rest untouched."""
    at = text.rfind(b"&signature=")
    if at >= 0 and text.find(b"&", at + 1) < 0 and text.find(b"signature=", 0, at) < 0:
        return text[:at]
    cut = _signature_part.sub(b"", text)
    return cut[1:] if cut.startswith(b"&") and not text.startswith(b"&") else cut


def sorted_payload(parameters: Mapping[str, object]) -> bytes:
    """Return what a WebSocket API request signs: all parameters but the signature, by name."""
    return "&".join(
        f"{name}={_plain(parameters[name])}" for name in sorted(parameters) if name != "signature"
    ).encode("utf-8", "surrogatepass")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def request_digest(api_key: str, method: str, path: str, payload: bytes) -> tuple[int, int]:
    """Return the 128 bits that tell a signed request from every other, as two words."""
    text = payload + f"\n{api_key}\n{method} {path}".encode()
    low, high = _words(hashlib.blake2b(text, digest_size=16).digest())
    return low, high


def window_us(parameters: Mapping[str, str]) -> int:
    """Return the `recvWindow` parameter in microseconds."""
    value = parameters.get("recvWindow")
    return RECEIVE_WINDOW_US if value is None else _window_us(value)


@lru_cache(maxsize=256)
def _window_us(value: str) -> int:
    found = _is_window(value)
    if found is None or not value.isascii():
        raise errors.illegal_characters("recvWindow", WINDOW_RANGE)
    whole, part = found.groups()
    window = int(whole + (part or "").ljust(3, "0"))
    if window > RECEIVE_WINDOW_US_MAX:
        raise errors.window_too_large()
    return window


def timestamp_us(parameters: Mapping[str, str]) -> int:
    """Return the mandatory `timestamp`, sent in milliseconds or microseconds, in microseconds."""
    value = parameters.get("timestamp")
    if not value:
        raise errors.mandatory_parameter("timestamp")
    if len(value) > TIMESTAMP_DIGITS_MAX or not (value.isascii() and value.isdigit()):
        raise errors.illegal_characters("timestamp", INTEGER_RANGE)
    time = int(value)
    return time * 1000 if time < MILLISECONDS_BELOW else time


class Fence:
    """Until when and from where a key may be used."""

    def __init__(self, key: ApiKey) -> None:
        self._expires_us = key.expires_us
        self._networks = [ip_network(text) for text in key.allowed_ips]
        self._remembered: dict[str, bool] = {}

    def admits(self, peer_ip: str, now_us: int) -> bool:
        """Whether the key may be used from an address now."""
        if 0 < self._expires_us <= now_us:
            return False
        if not self._networks:
            return True
        known = self._remembered.get(peer_ip)
        if known is None:
            if len(self._remembered) >= ADDRESSES_REMEMBERED_MAX:
                self._remembered.clear()
            known = self._remembered[peer_ip] = self._holds(peer_ip)
        return known

    def _holds(self, peer_ip: str) -> bool:
        try:
            address = ip_address(peer_ip.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


class Authenticator:
    """Checks keys and signatures; keeps what it has parsed of a key as long as the key stands."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys
        self._known: dict[str, tuple[ApiKey, Verify, Fence | None]] = {}

    def key(self, api_key: str | None, peer_ip: str, now_us: int) -> ApiKey:
        """Return the key of this name: -2014 when it can be none, -2015 when it may not be used."""
        if api_key is None or _is_key(api_key) is None:
            raise errors.key_format_invalid()
        found = self._keys.find(api_key)
        if found is None:
            raise errors.key_rejected()
        fence = self._of(found)[2]
        if fence is not None and not fence.admits(peer_ip, now_us):
            raise errors.key_rejected()
        return found

    def _of(self, key: ApiKey) -> tuple[ApiKey, Verify, Fence | None]:
        """Return what was parsed of a key; most keys have no fence."""
        known = self._known.get(key.api_key)
        if known is None or known[0] is not key:
            fence = Fence(key) if key.allowed_ips or key.expires_us else None
            known = self._known[key.api_key] = (key, verifier(key), fence)
        return known

    def signed(
        self,
        api_key: str | None,
        parameters: Mapping[str, str],
        payload: bytes,
        security: Security,
        now_us: int,
        peer_ip: str,
    ) -> tuple[ApiKey, int]:
        """Check a signed call; returns the key and until when the request may be acted on."""
        key = None if api_key is None else self._keys.find(api_key)
        if key is None and (api_key is None or _is_key(api_key) is None):
            raise errors.key_format_invalid()
        signature = parameters.get("signature")
        time = timestamp_us(parameters)
        if not signature:
            raise errors.mandatory_parameter("signature")
        window = window_us(parameters)
        key = self.check(key, payload, signature, (time, window), now_us, peer_ip)
        self.permit(key, security, parameters.get("symbol"))
        return key, time + window

    def check(
        self,
        key: ApiKey | None,
        payload: bytes,
        signature: str,
        validity_us: tuple[int, int],
        now_us: int,
        peer_ip: str,
    ) -> ApiKey:
        """Check the time of a call and how long from then it is valid, the key, the signature.

        Returns the key.
        """
        time, window = validity_us
        if time >= now_us + AHEAD_US_MAX:
            raise errors.ahead_of_time()
        if now_us - time > window:
            raise errors.outside_window()
        if key is None:
            raise errors.key_rejected()
        _, verify, fence = self._of(key)
        if fence is not None and not fence.admits(peer_ip, now_us):
            raise errors.key_rejected()
        if not verify(payload, signature):
            raise errors.invalid_signature()
        return key

    @staticmethod
    def permit(key: ApiKey, security: Security, symbol: str | None = None) -> None:
        """Refuse a key that lacks the permission, or that is not for this market."""
        if security is Security.TRADE:
            if not key.may_trade:
                raise errors.key_rejected()
            if key.allowed_symbols and symbol is not None and symbol not in key.allowed_symbols:
                raise errors.key_rejected()
        elif security is Security.READ:
            if not key.may_read:
                raise errors.key_rejected()
        elif security is Security.WITHDRAW and not key.may_withdraw:
            raise errors.key_rejected()
