"""Who keeps the assets themselves: addresses, payments that come in, payments that go out.

Amounts are in the atoms of the asset, at the scale that its network names. Methods that wait may
raise CustodianAwayError, after which nothing is known of what they did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CustodianAwayError(Exception):
    """The custodian did not answer; what it was asked may or may not have happened."""


class SendKeyReusedError(Exception):
    """A send with this key was asked for before, with another content. Nothing was sent now."""


class AddressFault(StrEnum):
    """What is wrong with an address that somebody wants to be paid at."""

    MALFORMED = "malformed"
    """Letters or a length that no address has."""
    WRONG_CHECKSUM = "wrong_checksum"
    """Mistyped: its own check letters say so."""
    WRONG_CHAIN = "wrong_chain"
    """A sound address of another chain."""
    OWN_ADDRESS = "own_address"
    """A deposit address of this exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A chain that carries an asset, and on which terms."""

    chain: str
    asset_name: str
    scale: int
    """Decimal places of the asset on this chain; the exchange's own must be the same."""
    title: str
    confirmations_final: int
    """Confirmations at which a payment is taken for final."""
    withdrawal_fee_atoms: int
    withdrawal_atoms_min: int
    deposit_atoms_min: int
    address_pattern: str
    """A regular expression that every address matches."""
    arrival_minutes: int
    """How long a payment usually takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment to an address of ours, as the chain tells of it now."""

    number: int
    """Running number of the custodian, ascending as payments are seen; one that comes back after
    it was orphaned has a new number."""
    chain: str
    asset_name: str
    transaction: str
    output: int
    address: str
    amount_atoms: int
    confirmations: int
    orphaned: bool = False
    """The chain went another way: this payment never happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOrder:
    """What is to be paid out. `key` makes asking again harmless."""

    key: str
    chain: str
    asset_name: str
    address: str
    amount_atoms: int


class SendState(StrEnum):
    """How a send stands; DONE and FAILED are final."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    """Nothing was paid and nothing ever will be under this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStatus:
    """What became of a send."""

    state: SendState
    transaction: str = ""
    confirmations: int = 0
    reason: str = ""


class Custodian(Protocol):
    """Keeps assets for the exchange."""

    def networks(self) -> Sequence[Network]:
        """Return the networks that it serves, always the same ones."""
        ...

    async def check_address(self, chain: str, address: str) -> AddressFault | None:
        """Say what is wrong with paying to this address on this chain, or None."""
        ...

    async def deposit_address(self, chain: str, account_id: int) -> str:
        """Return the address at which an account is paid; the same one whenever asked."""
        ...

    async def payments(self, after: int, limit: int = 500) -> Sequence[Payment]:
        """Return payments with a running number above `after`, ascending."""
        ...

    async def payment(self, chain: str, transaction: str, output: int) -> Payment | None:
        """Return a payment as it stands now; None when there is no such payment (any more)."""
        ...

    async def send(self, order: SendOrder) -> SendStatus:
        """Pay out once for each key, however often asked; raises SendKeyReusedError."""
        ...

    async def sent(self, key: str) -> SendStatus | None:
        """Return what became of a send; None when it was never asked for."""
        ...


class DemoChain(Protocol):
    """What a simulated custodian can be asked beyond its port: payments out of nowhere."""

    async def pay_in(self, chain: str, asset_name: str, address: str, amount_atoms: int) -> Payment:
        """Have somebody outside pay to an address; the payment is confirmed as time goes by."""
        ...
