"""Addresses of the simulated chains: the Bech32m encoding (BIP 350) under prefixes of our own.

Its six check letters find every mistake in up to four letters. No real wallet accepts these
prefixes, so nobody can pay real money to a simulated address.
"""

from openoutcry.ports.custodian import AddressFault

PAYLOAD_BYTES = 20
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_FINAL = 0x2BC830A3
_CHECK_LETTERS = 6
_SEPARATOR = "1"
_BODY_LETTERS = PAYLOAD_BYTES * 8 // 5 + _CHECK_LETTERS

assert len(_VALUES) == 32
assert PAYLOAD_BYTES * 8 % 5 == 0, "the payload fills its letters, so there is no padding to check"


def prefix_of(chain: str) -> str:
    """Return what the addresses of a chain begin with."""
    return f"sim{chain.lower()}"


def encode(chain: str, payload: bytes) -> str:
    """Return the address of a payload."""
    assert len(payload) == PAYLOAD_BYTES
    number = int.from_bytes(payload, "big")
    groups = PAYLOAD_BYTES * 8 // 5
    values = [number >> 5 * (groups - 1 - at) & 31 for at in range(groups)]
    prefix = prefix_of(chain)
    check = _remainder(prefix, [*values, *[0] * _CHECK_LETTERS]) ^ _FINAL
    values += [check >> 5 * (_CHECK_LETTERS - 1 - at) & 31 for at in range(_CHECK_LETTERS)]
    return prefix + _SEPARATOR + "".join(_LETTERS[value] for value in values)


def fault_of(chain: str, address: str, chains: frozenset[str]) -> AddressFault | None:
    """Say what is wrong with an address on a chain, one of all `chains`; None when it is sound."""
    prefix, separator, body = address.rpartition(_SEPARATOR)
    known = {prefix_of(other): other for other in chains}
    if (
        not separator
        or prefix not in known
        or len(body) != _BODY_LETTERS
        or any(letter not in _VALUES for letter in body)
    ):
        return AddressFault.MALFORMED
    if _remainder(prefix, [_VALUES[letter] for letter in body]) != _FINAL:
        return AddressFault.WRONG_CHECKSUM
    return None if known[prefix] == chain else AddressFault.WRONG_CHAIN


def pattern_of(chain: str) -> str:
    """Return a regular expression that the addresses of a chain match."""
    return f"^{prefix_of(chain)}{_SEPARATOR}[{_LETTERS}]{{{_BODY_LETTERS}}}$"


def _remainder(prefix: str, values: list[int]) -> int:
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    remainder = 1
    for value in spread + values:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ value
        for bit, coefficient in enumerate(_GENERATOR):
            if top >> bit & 1:
                remainder ^= coefficient
    return remainder
