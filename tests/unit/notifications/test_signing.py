"""Signatures of webhooks and the secrets behind them."""

import hashlib
import hmac

import pytest

from openoutcry.notifications.signing import (
    SALT_BYTES,
    SECRET_PREFIX,
    is_authentic,
    new_salt,
    secret_of,
    signature,
)

KEY = bytes(range(32))
NOW_S = 1_700_000_000
BODY = b'{"id":"n1"}'


def test_a_secret_is_the_same_for_the_same_webhook_and_no_other() -> None:
    secret = secret_of(KEY, "w1", b"salt")
    assert secret == secret_of(KEY, "w1", b"salt")
    others = {
        secret_of(KEY, "w2", b"salt"),
        secret_of(KEY, "w1", b"salts"),
        secret_of(KEY[::-1], "w1", b"salt"),
    }
    assert secret not in others
    assert len(others) == 3
    assert secret.startswith(SECRET_PREFIX)
    assert len(secret) == len(SECRET_PREFIX) + 43
    assert len(new_salt()) == SALT_BYTES
    assert new_salt() != new_salt()


def test_a_signature_is_what_the_reference_says() -> None:
    expected = hmac.new(b"whsec_x", b'1700000000.{"id":"n1"}', hashlib.sha256).hexdigest()
    assert signature("whsec_x", NOW_S, BODY) == f"t=1700000000,v1={expected}"


def test_what_is_ours_and_new_is_authentic() -> None:
    header = signature("whsec_x", NOW_S, BODY)
    assert is_authentic("whsec_x", header, BODY, NOW_S)
    assert is_authentic("whsec_x", header, BODY, NOW_S + 300)
    assert not is_authentic("whsec_x", header, BODY, NOW_S + 301)
    assert not is_authentic("whsec_x", header, BODY, NOW_S - 301)
    assert not is_authentic("whsec_y", header, BODY, NOW_S)
    assert not is_authentic("whsec_x", header, BODY + b" ", NOW_S)
    assert not is_authentic("whsec_x", header.replace("17", "18", 1), BODY, NOW_S)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=x,v1=00", "t=1700000000,v1=", "t=1700000000", "=", "t=٣,v1="]
)
def test_what_is_no_signature_is_not_authentic(header: str) -> None:
    assert not is_authentic("whsec_x", header, BODY, NOW_S)
