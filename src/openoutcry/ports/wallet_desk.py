"""What people and operators may ask of the wallets: gateways speak to this alone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from openoutcry.ports.custodian import Network
from openoutcry.ports.ledger import LedgerEntry, Position
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    MovementKind,
    UnclaimedPayment,
    UnclaimedState,
    Withdrawal,
    WithdrawalRule,
    WithdrawalState,
    WithdrawalStep,
)


class WalletRefusalCode(StrEnum):
    """Why the wallets do not do what they were asked."""

    UNKNOWN_NETWORK = "unknown_network"
    ASSET_CLOSED = "asset_closed"
    AMOUNT_TOO_SMALL = "amount_too_small"
    AMOUNT_TOO_LARGE = "amount_too_large"
    ADDRESS_MALFORMED = "address_malformed"
    ADDRESS_WRONG_CHECKSUM = "address_wrong_checksum"
    ADDRESS_WRONG_CHAIN = "address_wrong_chain"
    ADDRESS_IS_OURS = "address_is_ours"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    ADDRESS_COOLING_OFF = "address_cooling_off"
    ADDRESSES_FULL = "addresses_full"
    SECURITY_CHANGED = "security_changed"
    LIMIT_REACHED = "limit_reached"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    ACCOUNT_MAY_NOT_WITHDRAW = "account_may_not_withdraw"
    CLIENT_ID_REUSED = "client_id_reused"
    UNKNOWN_WITHDRAWAL = "unknown_withdrawal"
    TOO_LATE = "too_late"
    OWN_WITHDRAWAL = "own_withdrawal"
    UNKNOWN_DEPOSIT = "unknown_deposit"
    UNKNOWN_ASSET = "unknown_asset"
    UNKNOWN_PAYMENT = "unknown_payment"
    UNKNOWN_ACCOUNT = "unknown_account"
    OWN_ACCOUNT = "own_account"
    PAYMENT_IS_ANOTHERS = "payment_is_anothers"
    FAUCET_EMPTY = "faucet_empty"
    NO_FAUCET = "no_faucet"
    AWAY = "away"


class WalletRefusedError(Exception):
    """The wallets do not do it; nothing was changed. The text is for the person who asked."""

    def __init__(self, code: WalletRefusalCode, text: str, field: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetNetwork:
    """A network of an asset of the exchange, with the rule for leaving by it."""

    asset: int
    network: Network
    rule: WithdrawalRule


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRequest:
    """What somebody wants to be paid out; `amount_atoms` leaves the account, fee included."""

    account_id: int
    asset: int
    chain: str
    address: str
    amount_atoms: int
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalQuote:
    """What a withdrawal would cost and who would have to agree."""

    amount_atoms: int
    fee_atoms: int
    arrives_atoms: int
    hour_left_atoms: int
    day_left_atoms: int
    needs_second_person: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FaucetOffer:
    """What the demo gives away."""

    asset: int
    amount_atoms: int
    left: int
    """How often more today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSums:
    """What an account had of each asset at both ends of a period."""

    opening_atoms: Mapping[int, int]
    closing_atoms: Mapping[int, int]
    is_whole: bool
    """False when older entries were pruned: then both lack the same."""


class WalletActs(Protocol):
    """What changes something. Each act is recorded for whoever does it, before it is done.

    Each may raise WalletRefusedError, HistoryAwayError or CallError; a store, a custodian or an
    audit log that is away is a refusal too (AWAY).
    """

    async def retry_deposit(self, number: int) -> Deposit:
        """Have a blocked deposit credited again; an operator's act."""
        ...

    async def assign_payment(
        self, number: int, account_id: int, person_id: int, own_account_id: int, note: str
    ) -> UnclaimedPayment:
        """Give a payment that is nobody's to an account, credited once it is final.

        An operator's act: `person_id` decides, and not on an account of their own. The same again
        changes nothing.
        """
        ...

    async def dismiss_payment(self, number: int, person_id: int, reason: str) -> UnclaimedPayment:
        """Say why a payment that is nobody's is credited to nobody; an operator's act."""
        ...

    async def withdraw(self, request: WithdrawalRequest) -> Withdrawal:
        """Ask for a withdrawal; returned once the money is held and the rules were heard."""
        ...

    async def cancel(self, account_id: int, withdrawal_id: str) -> Withdrawal:
        """Take a withdrawal back while it awaits approval."""
        ...

    async def approve(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say yes to a withdrawal of somebody else: `person_id` with `account_id` decides."""
        ...

    async def reject(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say no; the money is returned."""
        ...

    async def set_rule(self, rule: WithdrawalRule) -> WithdrawalRule:
        """Put a rule in the place of its asset's."""
        ...

    async def allow(self, account_id: int, chain: str, address: str, label: str) -> AllowedAddress:
        """Add an address; it is usable after a time to cool off."""
        ...

    async def check_allowable(self, account_id: int, chain: str, address: str) -> None:
        """Refuse an address that `allow` would refuse; changes nothing."""
        ...

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address at once; False when it is not there."""
        ...

    async def take_gift(self, account_id: int, asset: int) -> FaucetOffer:
        """Have a gift credited; return what is left of the day."""
        ...

    async def simulate_payment(
        self, account_id: int, asset: int, chain: str, amount_atoms: int
    ) -> str:
        """Have the simulated chain pay to an account's address; return the transaction."""
        ...


class WalletDesk(Protocol):
    """Deposits, withdrawals, the faucet and statements; each method may raise as an act does."""

    def acting(self, actor: str, request_id: str = "") -> WalletActs:
        """Return the acts, done by an actor as `ports.audit` names them."""
        ...

    def networks(self) -> Sequence[AssetNetwork]:
        """Return the networks by which assets of the exchange come and go."""
        ...

    def confirmations_final(self, chain: str, asset: int) -> int:
        """Return the confirmations at which a payment is final; 0 for an unknown network."""
        ...

    async def deposit_address(self, account_id: int, asset: int, chain: str) -> str:
        """Return where to pay to."""
        ...

    async def deposits(
        self,
        account_id: int | None,
        *,
        states: Collection[DepositState] = (),
        asset: int | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Deposit]:
        """Return deposits of an account (None: of all), newest first."""
        ...

    async def unclaimed_payments(
        self, *, states: Collection[UnclaimedState] = (), offset: int = 0, limit: int = 100
    ) -> Sequence[UnclaimedPayment]:
        """Return payments that were nobody's when they came, newest first."""
        ...

    async def quote(self, request: WithdrawalRequest) -> WithdrawalQuote:
        """Say what a withdrawal would cost; the address may be empty."""
        ...

    async def withdrawal(self, account_id: int | None, withdrawal_id: str) -> Withdrawal:
        """Return a withdrawal of an account (None: of any)."""
        ...

    async def withdrawals(
        self,
        account_id: int | None,
        *,
        states: Collection[WithdrawalState] = (),
        asset: int | None = None,
        client_id: str | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Withdrawal]:
        """Return withdrawals of an account (None: of all), newest first."""
        ...

    async def steps(self, withdrawal_id: str) -> Sequence[WithdrawalStep]:
        """Return how a withdrawal came to where it stands."""
        ...

    async def allowed(self, account_id: int) -> Sequence[AllowedAddress]:
        """Return the addresses that withdrawals may go to, oldest first."""
        ...

    async def faucet(self, account_id: int) -> Sequence[FaucetOffer]:
        """Return what the faucet gives, or nothing where there is none."""
        ...

    async def statement_seq(self, account_id: int) -> int:
        """Return the batch that a statement is made as of, so that its parts agree."""
        ...

    async def statement_sums(
        self, seq: int, account_id: int, start_us: int, end_us: int | None
    ) -> StatementSums:
        """Return what an account had at both ends of a period."""
        ...

    async def statement_entries(
        self,
        seq: int,
        account_id: int,
        start_us: int,
        end_us: int | None,
        after: Position,
        limit: int,
    ) -> Sequence[LedgerEntry]:
        """Return the entries of a period after a position, ascending."""
        ...

    async def purposes(self, entries: Sequence[LedgerEntry]) -> Mapping[Position, MovementKind]:
        """Return what the wallets moved money for by these entries; others are not named."""
        ...
