"""Signatures against the API's published vectors, and what is no signature."""

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from openoutcry.adapters.memory.keys import MemoryApiKeys
from openoutcry.gateways.edge.auth import (
    ADDRESSES_REMEMBERED_MAX,
    Authenticator,
    request_digest,
    rest_payload,
    sorted_payload,
    timestamp_us,
    verifier,
    window_us,
    without_signature,
)
from openoutcry.gateways.edge.service import ApiError, Security
from openoutcry.ports.users import ApiKey, KeyType

# The vectors of the API's documentation: the same order as body, as query, and in two halves.
SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
API_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
FIRST = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
SECOND = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
WHOLE = f"{FIRST}&{SECOND}"
WHOLE_SIGNATURE = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
MIXED_SIGNATURE = "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77"
NOW_US = 1_499_827_319_559_000

HMAC_KEY = ApiKey(API_KEY, 1025, KeyType.HMAC, SECRET)


def pem(public: ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> bytes:
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def test_hmac_vectors_of_the_documentation() -> None:
    verify = verifier(HMAC_KEY)
    body = f"{SECOND}&signature={MIXED_SIGNATURE}".encode()
    signed = f"{WHOLE}&signature={WHOLE_SIGNATURE}"
    assert verify(rest_payload("", signed.encode()), WHOLE_SIGNATURE)
    assert verify(rest_payload(signed, b""), WHOLE_SIGNATURE)
    assert verify(rest_payload(FIRST, body), MIXED_SIGNATURE)
    assert not verify(rest_payload(FIRST, body), WHOLE_SIGNATURE)


def test_hmac_is_not_case_sensitive_and_nothing_else_passes() -> None:
    """R19"""
    verify = verifier(HMAC_KEY)
    payload = WHOLE.encode()
    assert verify(payload, WHOLE_SIGNATURE.upper())
    for wrong in ("", "0", WHOLE_SIGNATURE[:-1], WHOLE_SIGNATURE + "0", "é", "\ud800"):
        assert not verify(payload, wrong)
    flipped = ("0" if WHOLE_SIGNATURE[0] != "0" else "1") + WHOLE_SIGNATURE[1:]
    assert not verify(payload, flipped)
    other = verifier(ApiKey("x", 1, KeyType.HMAC, SECRET + b"x"))
    assert not other(payload, WHOLE_SIGNATURE)


def test_hmac_of_a_long_secret() -> None:
    import hashlib
    import hmac

    secret = b"s" * 100
    expected = hmac.new(secret, b"payload", hashlib.sha256).hexdigest()
    assert verifier(ApiKey("x", 1, KeyType.HMAC, secret))(b"payload", expected)


def test_ed25519_signature_has_one_spelling() -> None:
    """R19"""
    private = ed25519.Ed25519PrivateKey.generate()
    verify = verifier(ApiKey("x", 1, KeyType.ED25519, pem(private.public_key())))
    signature = base64.b64encode(private.sign(b"payload")).decode()
    assert verify(b"payload", signature)
    assert not verify(b"payload2", signature)
    last = signature[-3]
    other = next(char for char in "ABCDEFGH" if char != last)
    for wrong in (
        signature.rstrip("="),
        signature + "=",
        signature.lower(),
        signature.replace("+", "-").replace("/", "_") + " ",
        signature[:-3] + other + "==",
        "",
        "é",
    ):
        assert not verify(b"payload", wrong)


def test_rsa_signature() -> None:
    private = rsa.generate_private_key(65537, 2048)
    verify = verifier(ApiKey("x", 1, KeyType.RSA, pem(private.public_key())))
    raw = private.sign(b"payload", padding.PKCS1v15(), hashes.SHA256())
    assert verify(b"payload", base64.b64encode(raw).decode())
    assert not verify(b"other", base64.b64encode(raw).decode())
    assert not verify(b"payload", base64.b64encode(raw[:-1]).decode())


def test_a_key_of_another_type_or_an_unreadable_one_verifies_nothing() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    signature = base64.b64encode(private.sign(b"payload")).decode()
    material = pem(private.public_key())
    assert not verifier(ApiKey("x", 1, KeyType.RSA, material))(b"payload", signature)
    assert not verifier(ApiKey("x", 1, KeyType.ED25519, b"no key"))(b"payload", signature)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1&signature=ff", "a=1"),
        ("signature=ff&a=1", "a=1"),
        ("a=1&signature=ff&b=2", "a=1&b=2"),
        ("signature=ff", ""),
        ("a=1", "a=1"),
        ("", ""),
        ("mysignature=1&signature=2", "mysignature=1"),
    ],
)
def test_the_signature_alone_is_cut_out(text: str, expected: str) -> None:
    assert without_signature(text.encode()) == expected.encode()


def test_sorted_payload_of_the_websocket_api() -> None:
    found = sorted_payload({"timestamp": 5, "apiKey": "k", "signature": "s", "price": "0.1"})
    assert found == b"apiKey=k&price=0.1&timestamp=5"


def test_the_digest_tells_requests_apart() -> None:
    same = request_digest("k", "POST", "/api/v3/order", b"a=1")
    assert same == request_digest("k", "POST", "/api/v3/order", b"a=1")
    others = {
        request_digest("l", "POST", "/api/v3/order", b"a=1"),
        request_digest("k", "DELETE", "/api/v3/order", b"a=1"),
        request_digest("k", "POST", "/api/v3/orde", b"ra=1"),
        request_digest("k", "POST", "/api/v3/order", b"a=2"),
    }
    assert same not in others
    assert len(others) == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [("5000", 5_000_000), ("0.001", 1), ("1.5", 1_500), ("60000", 60_000_000), ("0", 0)],
)
def test_windows(value: str, expected: int) -> None:
    assert window_us({"recvWindow": value}) == expected


@pytest.mark.parametrize("value", ["-1", "1.2345", "1e3", "", " 5", "٣", "9" * 21])
def test_bad_windows(value: str) -> None:
    with pytest.raises(ApiError) as caught:
        window_us({"recvWindow": value})
    assert caught.value.code == -1100


@pytest.mark.parametrize("value", ["60000.001", "60001", "999999", "9" * 20])
def test_windows_that_are_too_large(value: str) -> None:
    with pytest.raises(ApiError) as caught:
        window_us({"recvWindow": value})
    assert (caught.value.code, caught.value.message) == (
        -1131,
        "recvWindow must be less than 60000.",
    )


def test_timestamps_in_both_units() -> None:
    assert timestamp_us({"timestamp": "1499827319559"}) == NOW_US
    assert timestamp_us({"timestamp": "9" * 20}) == int("9" * 20)
    assert timestamp_us({"timestamp": "1499827319559001"}) == NOW_US + 1


class Door:
    """An authenticator that knows one key, and the documentation's order."""

    def __init__(self, key: ApiKey = HMAC_KEY) -> None:
        self.keys = MemoryApiKeys()
        self.keys.add(key)
        self.authenticator = Authenticator(self.keys)

    def ask(
        self,
        now_us: int = NOW_US,
        security: Security = Security.TRADE,
        api_key: str | None = API_KEY,
        peer_ip: str = "10.0.0.1",
        **changes: str | None,
    ) -> tuple[int, str]:
        parameters = {
            "timestamp": "1499827319559",
            "recvWindow": "5000",
            "signature": WHOLE_SIGNATURE,
        }
        parameters.update({name: value for name, value in changes.items() if value is not None})
        for name, value in changes.items():
            if value is None:
                parameters.pop(name, None)
        try:
            self.authenticator.signed(
                api_key, parameters, WHOLE.encode(), security, now_us, peer_ip
            )
        except ApiError as error:
            return error.code, error.message
        return 0, ""


def test_a_good_request_passes_and_says_until_when() -> None:
    door = Door()
    parameters = {"timestamp": "1499827319559", "signature": WHOLE_SIGNATURE}
    key, deadline_us = door.authenticator.signed(
        API_KEY, parameters, WHOLE.encode(), Security.TRADE, NOW_US, "10.0.0.1"
    )
    assert key is HMAC_KEY
    assert deadline_us == NOW_US + 5_000_000


@pytest.mark.parametrize(
    ("late_us", "code"),
    [
        (0, 0),
        (5_000_000, 0),
        (5_000_001, -1021),
        (61_000_000, -1021),
        (-999_999, 0),
        (-1_000_000, -1021),
        (-10_000_000, -1021),
    ],
)
def test_the_time_window(late_us: int, code: int) -> None:
    """R20"""
    assert Door().ask(now_us=NOW_US + late_us)[0] == code


def test_timing_texts() -> None:
    old = Door().ask(now_us=NOW_US + 6_000_000)
    assert old == (-1021, "Timestamp for this request is outside of the recvWindow.")
    ahead = Door().ask(now_us=NOW_US - 6_000_000)
    text = "Timestamp for this request was 1000ms ahead of the server's time."
    assert ahead == (-1021, text)


@pytest.mark.parametrize("timestamp", ["0", "1499827319", "99999999999999999"])
def test_timestamps_far_away(timestamp: str) -> None:
    """R20"""
    assert Door().ask(timestamp=timestamp)[0] == -1021


@pytest.mark.parametrize("timestamp", ["-1", "abc", "1.5", "1499827319559 ", "1" * 30])
def test_timestamps_that_are_none(timestamp: str) -> None:
    assert Door().ask(timestamp=timestamp)[0] == -1100


def test_what_is_missing_is_named() -> None:
    text = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
    assert Door().ask(timestamp=None) == (-1102, text.format("timestamp"))
    assert Door().ask(signature=None) == (-1102, text.format("signature"))
    assert Door().ask(signature="") == (-1102, text.format("signature"))


def test_bad_keys() -> None:
    assert Door().ask(api_key=None) == (-2014, "API-key format invalid.")
    assert Door().ask(api_key="<script>")[0] == -2014
    rejected = (-2015, "Invalid API-key, IP, or permissions for action.")
    assert Door().ask(api_key="unknown") == rejected
    assert Door().ask(signature="00") == (-1022, "Signature for this request is not valid.")


def test_permissions_and_revocation() -> None:
    reader = ApiKey(API_KEY, 1025, KeyType.HMAC, SECRET, may_trade=False)
    assert Door(reader).ask()[0] == -2015
    assert Door(reader).ask(security=Security.READ)[0] == 0
    trader = ApiKey(API_KEY, 1025, KeyType.HMAC, SECRET, may_read=False)
    assert Door(trader).ask(security=Security.READ)[0] == -2015
    door = Door()
    assert door.ask()[0] == 0
    door.keys.revoke(API_KEY)
    assert door.ask()[0] == -2015
    door.keys.add(ApiKey(API_KEY, 1025, KeyType.HMAC, b"another secret"))
    assert door.ask()[0] == -1022


REJECTED = (-2015, "Invalid API-key, IP, or permissions for action.")


def test_an_expired_key_is_as_an_unknown_one() -> None:
    """R18"""
    door = Door(replace(HMAC_KEY, expires_us=NOW_US + 1_000_000))
    assert door.ask()[0] == 0
    assert door.ask(now_us=NOW_US + 999_999)[0] == 0
    assert door.ask(now_us=NOW_US + 1_000_000) == REJECTED
    assert door.ask(now_us=NOW_US + 1_000_000, signature="00") == REJECTED
    with pytest.raises(ApiError) as refusal:
        door.authenticator.key(API_KEY, "10.0.0.1", NOW_US + 1_000_000)
    assert (refusal.value.code, refusal.value.message) == REJECTED


@pytest.mark.parametrize(
    ("allowed", "peer_ip", "is_let_in"),
    [
        ((), "203.0.113.9", True),
        (("203.0.113.9/32",), "203.0.113.9", True),
        (("203.0.113.9/32",), "203.0.113.8", False),
        (("203.0.113.0/24", "10.0.0.0/8"), "10.255.0.1", True),
        (("203.0.113.0/24", "10.0.0.0/8"), "11.0.0.1", False),
        (("2001:db8::/32",), "2001:db8:1::5", True),
        (("2001:db8::/32",), "2001:db9::5", False),
        (("10.0.0.0/8",), "::ffff:10.0.0.1", True),
        (("10.0.0.0/8",), "::ffff:11.0.0.1", False),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("10.0.0.0/8",), "::1", False),
        (("0.0.0.0/0",), "", False),
        (("0.0.0.0/0",), "no address", False),
    ],
)
def test_a_key_is_used_from_its_networks_alone(
    *, allowed: tuple[str, ...], peer_ip: str, is_let_in: bool
) -> None:
    door = Door(replace(HMAC_KEY, allowed_ips=allowed))
    for _ in range(2):  # decided, and remembered
        assert door.ask(peer_ip=peer_ip) == ((0, "") if is_let_in else REJECTED)
    if is_let_in:
        assert door.authenticator.key(API_KEY, peer_ip, NOW_US).api_key == API_KEY
    else:
        with pytest.raises(ApiError) as refusal:
            door.authenticator.key(API_KEY, peer_ip, NOW_US)
        assert (refusal.value.code, refusal.value.message) == REJECTED


def test_many_addresses_are_not_remembered_for_ever() -> None:
    door = Door(replace(HMAC_KEY, allowed_ips=("10.0.0.0/8",)))
    for number in range(3 * ADDRESSES_REMEMBERED_MAX):
        outside = door.ask(peer_ip=f"11.0.{number // 256}.{number % 256}")
        assert outside == REJECTED
    assert door.ask(peer_ip="10.0.0.7")[0] == 0
    fence = door.authenticator._known[API_KEY][2]
    assert fence is not None
    assert len(fence._remembered) <= ADDRESSES_REMEMBERED_MAX


@pytest.mark.parametrize(
    ("security", "symbol", "code"),
    [
        (Security.TRADE, "BTCUSD", 0),
        (Security.TRADE, "ETHUSD", -2015),
        (Security.TRADE, "btcusd", -2015),
        (Security.TRADE, None, 0),  # the endpoint says that it is missing
        (Security.READ, "ETHUSD", 0),
    ],
)
def test_a_key_for_some_markets_trades_in_these(
    security: Security, symbol: str | None, code: int
) -> None:
    door = Door(replace(HMAC_KEY, allowed_symbols=("BTCUSD",)))
    assert door.ask(security=security, symbol=symbol)[0] == code


def test_withdrawing_is_a_right_of_its_own() -> None:
    assert Door().ask(security=Security.WITHDRAW) == REJECTED
    allowed = replace(HMAC_KEY, may_withdraw=True, may_trade=False, may_read=False)
    assert Door(allowed).ask(security=Security.WITHDRAW)[0] == 0


def test_a_key_without_a_secret_signs_nothing() -> None:
    empty = replace(HMAC_KEY, material=b"")
    signature = hmac.new(b"", WHOLE.encode(), hashlib.sha256).hexdigest()
    assert Door(empty).ask(signature=signature)[0] == -1022


def test_a_suspended_key_is_as_an_unknown_one() -> None:
    door = Door()
    door.keys.suspend(1025)
    assert door.ask() == REJECTED
    door.keys.resume(1025)
    assert door.ask()[0] == 0
