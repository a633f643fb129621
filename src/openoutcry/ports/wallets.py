"""What is kept of deposits, withdrawals and the movements of money that they ask of the ledger."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class WalletStoreError(Exception):
    """The store cannot be read or written now; nothing was changed, and it may be asked again."""


# ----- movements: commands to the ledger, each applied once


class MovementKind(StrEnum):
    """Why the ledger is asked to move money, and by which command."""

    DEPOSIT = "deposit"
    """Credits a payment that came in: DEPOSIT."""
    FAUCET = "faucet"
    """Credits a gift of the demo: DEPOSIT."""
    HOLD = "hold"
    """Takes what is to be withdrawn out of the account: WITHDRAW."""
    RETURN = "return"
    """Gives back what was held: ADJUST."""


class MovementState(StrEnum):
    """Whether a movement has happened; PENDING alone may still change."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"
    """The ledger said no; nothing moved."""
    LAPSED = "lapsed"
    """A hold that was interrupted and did not happen before its deadline; nothing moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One command to the ledger. `reference` names it there and never names another."""

    reference: int
    kind: MovementKind
    account_id: int
    asset: int
    amount_atoms: int
    created_us: int
    attempt: int = 0
    """How many commands were made of it; all but the last are known not to have happened."""
    deadline_us: int = 0
    """After this the ledger refuses the last command; 0: the next command is still to be made."""
    since_seq: int = 0
    """A batch before the first command was made."""
    state: MovementState = MovementState.PENDING
    reason: int = 0
    """The refusal, of `core.enums.Reason`."""


# ----- deposits


class DepositState(StrEnum):
    """Where a payment stands on its way into the ledger."""

    SEEN = "seen"
    FINAL = "final"
    """Confirmed often enough; from here on it is credited, whatever the chain says."""
    CREDITED = "credited"
    ORPHANED = "orphaned"
    """The chain dropped it before it was final."""
    TOO_SMALL = "too_small"
    BLOCKED = "blocked"
    """The ledger refused it; an operator may have it tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """A payment to a deposit address. (chain, transaction, output) names it."""

    number: int = 0
    """Given by the store."""
    chain: str
    transaction: str
    output: int
    account_id: int
    asset: int
    address: str
    amount_atoms: int
    seen_us: int
    changed_us: int
    confirmations: int = 0
    state: DepositState = DepositState.SEEN
    cause: str = ""
    version: int = 0


# ----- payments that are nobody's


class UnclaimedState(StrEnum):
    """What became of a payment that was nobody's when it came; all but OPEN are final."""

    OPEN = "open"
    ASSIGNED = "assigned"
    """It is a deposit of an account now."""
    DISMISSED = "dismissed"
    """An operator has said why it is credited to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclaimedPayment:
    """A payment to an address that is nobody's, or that the exchange cannot hold: it does not list
    the asset, or the amount is beyond what a balance can be.

    (chain, transaction, output) names it, as it names a deposit.
    """

    number: int = 0
    """Given by the store."""
    chain: str
    transaction: str
    output: int
    asset_name: str
    """As the custodian calls it."""
    scale: int
    """Decimal places of the amount, by the custodian; 0 where it does not say."""
    address: str
    amount_atoms: int
    """As large as the chain says: no 64 bits need hold it."""
    seen_us: int
    changed_us: int
    state: UnclaimedState = UnclaimedState.OPEN
    account_id: int = 0
    """Whose deposit it became; 0: nobody's."""
    decided_by: int = 0
    """The person who decided; 0: the exchange, once it knew whose it was."""
    note: str = ""
    """What whoever decided wants to be remembered."""
    version: int = 0


# ----- withdrawals


class WithdrawalState(StrEnum):
    """Where a withdrawal stands; REFUSED, SETTLED and RETURNED are final."""

    REQUESTED = "requested"
    HELD = "held"
    AWAITING = "awaiting"
    """A second person has to say yes."""
    APPROVED = "approved"
    SENDING = "sending"
    """The custodian is being asked, or may have been."""
    SENT = "sent"
    SETTLED = "settled"
    RETURNING = "returning"
    RETURNED = "returned"
    REFUSED = "refused"
    """Nothing was held."""


class WithdrawalCause(StrEnum):
    """Why a withdrawal was refused or returned."""

    NONE = ""
    INSUFFICIENT_BALANCE = "insufficient_balance"
    ACCOUNT_MAY_NOT_WITHDRAW = "account_may_not_withdraw"
    LEDGER_REFUSED = "ledger_refused"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    CUSTODIAN_FAILED = "custodian_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What somebody asked to be paid out. `amount_atoms` leaves the account, fee included."""

    withdrawal_id: str
    account_id: int
    asset: int
    chain: str
    address: str
    amount_atoms: int
    fee_atoms: int
    requested_us: int
    changed_us: int
    client_id: str = ""
    """The caller's own name for it, unique within the account; may be empty."""
    needs_second_person: bool = False
    state: WithdrawalState = WithdrawalState.REQUESTED
    cause: WithdrawalCause = WithdrawalCause.NONE
    note: str = ""
    """What the custodian or the operator said."""
    decided_by: int = 0
    """The person who approved or rejected it; 0: the rules did."""
    transaction: str = ""
    confirmations: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalStep:
    """One transition of a withdrawal, kept for good."""

    state: WithdrawalState
    time_us: int
    cause: WithdrawalCause
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRule:
    """How much of an asset may leave, by whose word. Windows slide; limits count the fee too."""

    asset: int
    hour_atoms: int
    day_atoms: int
    second_person_atoms: int
    """From this amount on, a second person has to approve."""
    is_open: bool = True


class Limit(StrEnum):
    """Which limit a withdrawal would pass."""

    HOUR = "hour"
    DAY = "day"


class LimitReachedError(Exception):
    """A withdrawal would pass a limit; `left_atoms` is what may still be withdrawn now."""

    def __init__(self, limit: Limit, left_atoms: int) -> None:
        super().__init__(f"the limit of an {limit} is reached")
        self.limit = limit
        self.left_atoms = left_atoms


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedAddress:
    """An address that an account's withdrawals may go to from `usable_us` on."""

    account_id: int
    chain: str
    address: str
    label: str
    added_us: int
    usable_us: int


class UnclaimedStore(Protocol):
    """Payments that were nobody's when they came; the same promises as `WalletStore`."""

    async def add_unclaimed(self, payment: UnclaimedPayment) -> UnclaimedPayment:
        """Store a payment unless it is there already; return what is stored."""
        ...

    async def unclaimed(self, number: int) -> UnclaimedPayment | None:
        """Return a payment, or None."""
        ...

    async def unclaimed_named(
        self, chain: str, transaction: str, output: int
    ) -> UnclaimedPayment | None:
        """Return a payment by what names it, or None."""
        ...

    async def unclaimed_payments(
        self, *, states: Collection[UnclaimedState] = (), offset: int = 0, limit: int = 100
    ) -> Sequence[UnclaimedPayment]:
        """Return payments, newest first; no states mean all of them."""
        ...

    async def count_unclaimed(self) -> int:
        """Return how many are OPEN."""
        ...

    async def claimable(
        self, assets: Collection[tuple[str, str]], limit: int
    ) -> Sequence[tuple[UnclaimedPayment, int]]:
        """Return what is OPEN and of one of these (chain, asset name), with its address's account.

        Oldest first; only payments whose address is an account's by now.
        """
        ...

    async def save_unclaimed(self, payment: UnclaimedPayment) -> bool:
        """Write the next version."""
        ...

    async def claim(self, payment: UnclaimedPayment, deposit: Deposit) -> Deposit | None:
        """Write the next version of a payment and store its deposit unless that is there.

        Both or neither: None means that another version is stored, and then nothing was done.
        Returns the deposit as it is stored.
        """
        ...


class WalletStore(UnclaimedStore, Protocol):
    """Durable when a method returns, atomic in each; any method may raise WalletStoreError.

    `save_` methods write a record whose `version` is one above the stored one, or nothing (False).
    """

    async def add_movement(self, movement: Movement) -> Movement:
        """Store a movement unless one with its reference is there; return what is stored."""
        ...

    async def save_movement(self, movement: Movement) -> None:
        """Replace a stored movement that is PENDING or REFUSED."""
        ...

    async def movement(self, reference: int) -> Movement | None:
        """Return a movement, or None."""
        ...

    async def movements(self, references: Collection[int]) -> Mapping[int, Movement]:
        """Return the movements of these references, by reference, where there are any."""
        ...

    async def add_address(self, chain: str, address: str, account_id: int) -> None:
        """Remember whose deposit address this is; told again, nothing changes."""
        ...

    async def account_of_address(self, chain: str, address: str) -> int | None:
        """Return whose deposit address this is, or None."""
        ...

    async def add_deposit(self, deposit: Deposit) -> Deposit:
        """Store a payment unless it is there already; return what is stored."""
        ...

    async def save_deposit(self, deposit: Deposit) -> bool:
        """Write the next version."""
        ...

    async def deposit(self, number: int) -> Deposit | None:
        """Return a deposit, or None."""
        ...

    async def deposit_named(self, chain: str, transaction: str, output: int) -> Deposit | None:
        """Return a deposit by what names it, or None."""
        ...

    async def deposits(
        self,
        account_id: int | None = None,
        *,
        states: Collection[DepositState] = (),
        asset: int | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Deposit]:
        """Return deposits, newest first; no states mean all of them."""
        ...

    async def cursor(self) -> int:
        """Return the number of the last payment that was taken in."""
        ...

    async def set_cursor(self, number: int) -> None:
        """Remember the last payment that was taken in."""
        ...

    async def add_withdrawal(self, withdrawal: Withdrawal, rule: WithdrawalRule) -> Withdrawal:
        """Store a new withdrawal if the rule's limits allow; raises LimitReachedError.

        One with the same account and client id (not empty) that is there already is returned
        instead. Withdrawals that were refused or returned count towards no limit.
        """
        ...

    async def save_withdrawal(self, withdrawal: Withdrawal, by: int = 0) -> bool:
        """Write the next version, and its step when the state is another one."""
        ...

    async def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return a withdrawal, or None."""
        ...

    async def withdrawals(
        self,
        account_id: int | None = None,
        *,
        states: Collection[WithdrawalState] = (),
        asset: int | None = None,
        client_id: str | None = None,
        start_us: int = 0,
        end_us: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Sequence[Withdrawal]:
        """Return withdrawals, newest first; no states mean all of them."""
        ...

    async def steps(self, withdrawal_id: str) -> Sequence[WithdrawalStep]:
        """Return the transitions of a withdrawal, oldest first."""
        ...

    async def steps_after(
        self, number: int, limit: int
    ) -> Sequence[tuple[int, str, WithdrawalStep]]:
        """Return (number, withdrawal, transition) of all withdrawals, in order, after a number."""
        ...

    async def withdrawn(self, account_id: int, asset: int, since_us: int) -> int:
        """Return what counts towards a limit since then, in atoms."""
        ...

    async def rules(self) -> Mapping[int, WithdrawalRule]:
        """Return the rules by asset."""
        ...

    async def set_rule(self, rule: WithdrawalRule) -> None:
        """Put a rule in the place of its asset's."""
        ...

    async def allow(self, entry: AllowedAddress) -> AllowedAddress:
        """Add an address unless it is there already; return what is stored."""
        ...

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address; False when it is not there."""
        ...

    async def allowed(self, account_id: int) -> Sequence[AllowedAddress]:
        """Return an account's addresses, oldest first."""
        ...

    async def add_gift(self, movement: Movement, day: int, gifts_max: int) -> int | None:
        """Store a movement and count it as a gift of this asset on a day, both or neither.

        Return the gift's number of that day, from 1; None when there were `gifts_max` already.
        """
        ...

    async def gifts(self, account_id: int, day: int) -> Mapping[int, int]:
        """Return how many gifts an account was given on a day, by asset."""
        ...

    async def pending_movements(self, kind: MovementKind) -> Sequence[Movement]:
        """Return the movements of a kind that are not settled."""
        ...
