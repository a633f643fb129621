"""Secrets at rest: they open with their key, for their name and purpose, and no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.identity.sealing import (
    AesGcmSealer,
    MasterKeyError,
    new_master_key,
    read_master_key,
)
from openoutcry.ports.sealing import SealError

MASTER = bytes(range(32))
SEALER = AesGcmSealer(MASTER, "api-keys")


@given(name=st.text(max_size=70), secret=st.binary(max_size=100))
def test_what_was_sealed_opens_again(name: str, secret: bytes) -> None:
    sealed = SEALER.seal(name, secret)
    assert SEALER.unseal(name, sealed) == secret
    assert AesGcmSealer(MASTER, "api-keys").unseal(name, sealed) == secret


def test_the_secret_is_not_in_it_and_no_two_are_alike() -> None:
    secret = b"a secret of some length"
    first, second = SEALER.seal("a", secret), SEALER.seal("a", secret)
    assert secret not in first
    assert first != second


@given(place=st.integers(0, 44), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    sealed = bytearray(SEALER.seal("a", b"0123456789abcdef"))
    assert len(sealed) == 45
    sealed[place] ^= flip
    with pytest.raises(SealError):
        SEALER.unseal("a", bytes(sealed))


@pytest.mark.parametrize(
    ("sealer", "name"),
    [
        (SEALER, "b"),
        (AesGcmSealer(MASTER, "totp"), "a"),
        (AesGcmSealer(bytes(32), "api-keys"), "a"),
    ],
    ids=["another name", "another purpose", "another key"],
)
def test_it_opens_for_its_own_name_purpose_and_key(sealer: AesGcmSealer, name: str) -> None:
    sealed = SEALER.seal("a", b"secret")
    with pytest.raises(SealError):
        sealer.unseal(name, sealed)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"plain secret" * 4])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealError):
        SEALER.unseal("a", sealed)


def test_a_master_key_is_made_and_read() -> None:
    text = new_master_key()
    assert len(read_master_key(f" {text}\n")) == 32
    assert new_master_key() != text


@pytest.mark.parametrize("text", ["", "00" * 31, "00" * 33, "zz" * 32, "ü" * 64])
def test_what_is_no_master_key_is_not_shown(text: str) -> None:
    with pytest.raises(MasterKeyError) as refusal:
        read_master_key(text)
    assert not text or text not in str(refusal.value)
