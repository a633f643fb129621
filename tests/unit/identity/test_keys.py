"""API keys: what is made can sign, and what cannot be used is refused."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from openoutcry.identity.keys import (
    API_KEY_CHARACTERS,
    KeyFormatError,
    check_api_key,
    generate_key,
    material_of_public_key,
    material_of_secret,
)
from openoutcry.ports.users import ApiKey, KeyType

PAYLOAD = b"symbol=BTCUSD&timestamp=1"


def stored(key_type: KeyType) -> ApiKey:
    made = generate_key(key_type)
    return ApiKey(made.api_key, 1025, key_type, made.material)


@pytest.mark.parametrize("key_type", list(KeyType))
def test_a_new_key_is_fit_to_be_stored(key_type: KeyType) -> None:
    made = generate_key(key_type)
    assert len(made.api_key) == API_KEY_CHARACTERS
    assert made.api_key.isalnum()
    assert material_of_secret(key_type, made.secret) == made.material
    check_api_key(ApiKey(made.api_key, 1025, key_type, made.material))


def test_no_two_keys_are_alike_and_none_shows_its_secret() -> None:
    first, second = generate_key(KeyType.HMAC), generate_key(KeyType.HMAC)
    assert first.api_key != second.api_key
    assert first.secret != second.secret
    assert len(first.secret) == API_KEY_CHARACTERS
    assert first.secret not in repr(first)


def test_an_ed25519_signature_is_checked_by_the_material() -> None:
    made = generate_key(KeyType.ED25519)
    private = serialization.load_pem_private_key(made.secret.encode(), None)
    public = serialization.load_pem_public_key(made.material)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    assert isinstance(public, ed25519.Ed25519PublicKey)
    assert "BEGIN PRIVATE KEY" in made.secret  # PKCS#8, what clients look for
    public.verify(private.sign(PAYLOAD), PAYLOAD)


def test_an_rsa_signature_is_checked_by_the_material() -> None:
    made = generate_key(KeyType.RSA)
    private = serialization.load_pem_private_key(made.secret.encode(), None)
    public = serialization.load_pem_public_key(made.material)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert isinstance(public, rsa.RSAPublicKey)
    signature = private.sign(PAYLOAD, padding.PKCS1v15(), hashes.SHA256())
    public.verify(signature, PAYLOAD, padding.PKCS1v15(), hashes.SHA256())
    assert public.key_size == 2048


def test_a_public_key_made_elsewhere_gets_its_normal_form() -> None:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert material_of_public_key(KeyType.ED25519, "\n" + pem.decode() + "\n\n") == pem


@pytest.mark.parametrize(
    ("key_type", "other"), [(KeyType.RSA, KeyType.ED25519), (KeyType.ED25519, KeyType.RSA)]
)
def test_a_key_of_another_type_is_refused(key_type: KeyType, other: KeyType) -> None:
    made = generate_key(other)
    with pytest.raises(KeyFormatError):
        material_of_secret(key_type, made.secret)
    with pytest.raises(KeyFormatError):
        material_of_public_key(key_type, made.material.decode())


def test_a_short_rsa_key_is_refused() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(KeyFormatError, match="bits"):
        material_of_public_key(KeyType.RSA, pem.decode())


def test_an_rsa_key_that_is_dear_to_check_is_refused() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    modulus = private.public_key().public_numbers().n
    for exponent in ((1 << 32) + 15, modulus - 2):
        public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        with pytest.raises(KeyFormatError, match="exponent"):
            material_of_public_key(KeyType.RSA, pem.decode())


@pytest.mark.parametrize("text", ["", "secret", base64.b64encode(b"x" * 32).decode()])
def test_what_is_no_pem_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(KeyFormatError) as refused:
        material_of_secret(KeyType.RSA, text)
    assert not text or text not in str(refused.value).split()


def test_an_hmac_key_has_no_public_half() -> None:
    with pytest.raises(KeyFormatError):
        material_of_public_key(KeyType.HMAC, "x")


@pytest.mark.parametrize(
    "change",
    [
        {"api_key": "short"},
        {"api_key": "ä" * API_KEY_CHARACTERS},
        {"api_key": "-" * API_KEY_CHARACTERS},
        {"account_id": 0},
        {"material": b""},
    ],
)
def test_a_key_that_cannot_work_is_not_stored(change: dict[str, object]) -> None:
    with pytest.raises(KeyFormatError):
        check_api_key(replace(stored(KeyType.HMAC), **change))  # type: ignore[arg-type]


def test_a_public_key_in_another_form_is_not_stored() -> None:
    key = stored(KeyType.ED25519)
    with pytest.raises(KeyFormatError, match="normal"):
        check_api_key(replace(key, material=key.material + b"\n"))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"expires_us": 5}, "after it was made"),
        ({"expires_us": -1}, "after it was made"),
        ({"may_withdraw": True}, "addresses"),
        ({"allowed_ips": ("10.0.0.1/8",)}, "normal form"),
        ({"allowed_ips": ("10.0.0.1",)}, "normal form"),
        ({"allowed_ips": ("here",)}, "normal form"),
        ({"allowed_symbols": ("BTC USD",)}, "letters and digits"),
    ],
)
def test_limits_that_make_no_sense_are_not_stored(limits: dict[str, Any], words: str) -> None:
    made = generate_key(KeyType.HMAC)
    key = ApiKey(made.api_key, 1025, KeyType.HMAC, made.material, created_us=5)
    check_api_key(key)
    check_api_key(
        replace(
            key,
            may_withdraw=True,
            expires_us=6,
            allowed_ips=("10.0.0.0/8", "2001:db8::/32", "203.0.113.7/32"),
            allowed_symbols=("BTCUSD",),
        )
    )
    with pytest.raises(KeyFormatError, match=words):
        check_api_key(replace(key, **limits))
