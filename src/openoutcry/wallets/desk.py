"""The one door to the wallets: `ports.wallet_desk.WalletDesk`, made of the parts of this room."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TypeVar

from openoutcry.core.enums import AccountFlag
from openoutcry.core.limits import AMOUNT_ATOMS_MAX
from openoutcry.ports.audit import Audit
from openoutcry.ports.calls import Calls
from openoutcry.ports.custodian import Custodian, CustodianAwayError, DemoChain
from openoutcry.ports.ledger import Ledger, LedgerEntry, Position
from openoutcry.ports.people import PeopleDirectory
from openoutcry.ports.wallet_desk import (
    AssetNetwork,
    FaucetOffer,
    StatementSums,
    WalletActs,
    WalletRefusalCode,
    WalletRefusedError,
    WithdrawalQuote,
    WithdrawalRequest,
)
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    Limit,
    LimitReachedError,
    MovementKind,
    UnclaimedPayment,
    UnclaimedState,
    WalletStore,
    WalletStoreError,
    Withdrawal,
    WithdrawalCause,
    WithdrawalRule,
    WithdrawalState,
    WithdrawalStep,
)
from openoutcry.wallets.acts import RecordedActs
from openoutcry.wallets.deposits import Deposits
from openoutcry.wallets.faucet import Faucet, FaucetRule
from openoutcry.wallets.movements import MovementUnsettledError, Mover
from openoutcry.wallets.networks import KnownAsset, Networks
from openoutcry.wallets.rules import Rules, WalletTimes, check_address
from openoutcry.wallets.turns import Turns
from openoutcry.wallets.unclaimed import Unclaimed
from openoutcry.wallets.withdrawals import StaleError, Withdrawals

ALLOWED_MAX = 100
"""Addresses on one account's list."""
PAYMENT_GIFTS_MAX = 10
"""A simulated payment is of so many gifts of the faucet at most ..."""
PAYMENTS_A_DAY_MAX = 50
"""... and no account is paid more often in a day."""
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_SECOND_US = 1_000_000

_Code = WalletRefusalCode
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletParts:
    """What the wallets are built over."""

    calls: Calls
    ledger: Ledger
    store: WalletStore
    custodian: Custodian
    asset_by_name: Callable[[str], KnownAsset | None]
    clock: Callable[[], int]
    people: PeopleDirectory | None = None
    demo_chain: DemoChain | None = None
    faucet: Mapping[int, FaucetRule] = field(default_factory=dict)
    times: WalletTimes = field(default_factory=WalletTimes)
    audit: Audit | None = None
    """None leaves acts unrecorded, in simulations."""


class Desk:
    """Answers people and operators."""

    def __init__(self, parts: WalletParts) -> None:
        self._calls = parts.calls
        self._ledger = parts.ledger
        self._store = parts.store
        self._custodian = parts.custodian
        self._clock = parts.clock
        self._demo_chain = parts.demo_chain
        self._networks = Networks(parts.custodian, parts.asset_by_name)
        mover = Mover(parts.calls, parts.ledger, parts.store, parts.clock)
        joint = (parts.custodian, parts.store, mover, self._networks, parts.clock)
        self.unclaimed_flow = Unclaimed(
            parts.calls, parts.ledger, parts.store, self._networks, parts.clock
        )
        self.deposits_flow = Deposits(*joint, self.unclaimed_flow)
        self.withdrawals_flow = Withdrawals(*joint)
        self.rules = Rules(parts.custodian, parts.store, self._networks, parts.times, parts.people)
        self.faucet_flow = Faucet(parts.store, mover, parts.faucet, parts.clock)
        self._has_faucet = bool(parts.faucet)
        self._audit = parts.audit
        self._listing = Turns()
        self.woken: Callable[[], None] = lambda: None
        """Called when there is something to be done that does not wait."""

    def acting(self, actor: str, request_id: str = "") -> WalletActs:
        """Return the acts, done by an actor and recorded for them."""
        return self if self._audit is None else RecordedActs(self, self._audit, actor, request_id)

    # ----- networks and deposits

    def networks(self) -> Sequence[AssetNetwork]:
        """Return the networks by which assets of the exchange come and go."""
        return [
            AssetNetwork(
                asset=served.asset, network=served.network, rule=self.rules.of(served.asset)
            )
            for served in self._networks.all()
        ]

    def confirmations_final(self, chain: str, asset: int) -> int:
        """Return the confirmations at which a payment is final; 0 for an unknown network."""
        served = self._networks.of(asset, chain)
        return 0 if served is None else served.network.confirmations_final

    async def deposit_address(self, account_id: int, asset: int, chain: str) -> str:
        """Return where to pay to."""
        self.rules.served(asset, chain)
        return await _reached(self.deposits_flow.address(account_id, chain))

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
        return await _reached(
            self._store.deposits(
                account_id,
                states=states,
                asset=asset,
                start_us=start_us,
                end_us=end_us,
                offset=offset,
                limit=limit,
            )
        )

    async def retry_deposit(self, number: int) -> Deposit:
        """Have a blocked deposit credited again."""
        found = await _reached(self.deposits_flow.retry(number))
        if found is None:
            raise WalletRefusedError(_Code.UNKNOWN_DEPOSIT, "There is no such blocked deposit.")
        return found

    # ----- payments that are nobody's

    async def unclaimed_payments(
        self, *, states: Collection[UnclaimedState] = (), offset: int = 0, limit: int = 100
    ) -> Sequence[UnclaimedPayment]:
        """Return payments that were nobody's when they came, newest first."""
        return await _reached(
            self._store.unclaimed_payments(states=states, offset=offset, limit=limit)
        )

    async def assign_payment(
        self, number: int, account_id: int, person_id: int, own_account_id: int, note: str
    ) -> UnclaimedPayment:
        """Give a payment that is nobody's to an account, which is credited once it is final."""
        payment = await self._unclaimed(number)
        if (payment.state, payment.account_id) == (UnclaimedState.ASSIGNED, account_id):
            return payment
        self._check_open(payment)
        await self._check_assignable(payment, account_id, own_account_id)
        assigned = await _reached(
            self.unclaimed_flow.assign(payment, account_id, by=person_id, note=note)
        )
        if assigned is None:
            raise _decided_already()
        self.woken()
        return assigned

    async def dismiss_payment(self, number: int, person_id: int, reason: str) -> UnclaimedPayment:
        """Say why a payment that is nobody's is credited to nobody."""
        payment = await self._unclaimed(number)
        self._check_open(payment)
        dismissed = await _reached(
            self.unclaimed_flow.dismiss(payment, by=person_id, reason=reason)
        )
        if dismissed is None:
            raise _decided_already()
        return dismissed

    # ----- withdrawals

    async def quote(self, request: WithdrawalRequest) -> WithdrawalQuote:
        """Say what a withdrawal would cost; the address may be empty."""
        served = self.rules.check_amount(request)
        if request.address:
            await _reached(check_address(self._custodian, request.chain, request.address))
        now_us, rule = self._clock(), self.rules.of(request.asset)
        hour, day = [
            await _reached(
                self._store.withdrawn(request.account_id, request.asset, now_us - window_us)
            )
            for window_us in (_HOUR_US, _DAY_US)
        ]
        fee_atoms = served.network.withdrawal_fee_atoms
        return WithdrawalQuote(
            amount_atoms=request.amount_atoms,
            fee_atoms=fee_atoms,
            arrives_atoms=request.amount_atoms - fee_atoms,
            hour_left_atoms=max(rule.hour_atoms - hour, 0),
            day_left_atoms=max(rule.day_atoms - day, 0),
            needs_second_person=self.rules.needs_second_person(request),
        )

    async def withdraw(self, request: WithdrawalRequest) -> Withdrawal:
        """Ask for a withdrawal; returned once the money is held and the rules were heard."""
        now_us = self._clock()
        known = await self._known_by_client_id(request)
        if known is None:
            served = await _reached(self.rules.check(request, now_us))
            known = await self._add(
                Withdrawal(
                    withdrawal_id=token_hex(16),
                    account_id=request.account_id,
                    asset=request.asset,
                    chain=request.chain,
                    address=request.address,
                    amount_atoms=request.amount_atoms,
                    fee_atoms=served.network.withdrawal_fee_atoms,
                    requested_us=now_us,
                    changed_us=now_us,
                    client_id=request.client_id,
                    needs_second_person=self.rules.needs_second_person(request),
                )
            )
            _check_same(known, request)
        held = await self._held(known)
        self.woken()
        if held.state is WithdrawalState.REFUSED:
            raise _hold_refusal(held.cause)
        return held

    async def cancel(self, account_id: int, withdrawal_id: str) -> Withdrawal:
        """Take a withdrawal back while it awaits approval."""
        await self.withdrawal(account_id, withdrawal_id)
        return await self._decide(withdrawal_id, WithdrawalCause.CANCELLED, 0, "")

    async def withdrawal(self, account_id: int | None, withdrawal_id: str) -> Withdrawal:
        """Return a withdrawal of an account (None: of any); another's is as good as none."""
        found = await _reached(self._store.withdrawal(withdrawal_id))
        if found is None or account_id not in {None, found.account_id}:
            raise WalletRefusedError(_Code.UNKNOWN_WITHDRAWAL, "There is no such withdrawal.")
        return found

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
        return await _reached(
            self._store.withdrawals(
                account_id,
                states=states,
                asset=asset,
                client_id=client_id,
                start_us=start_us,
                end_us=end_us,
                offset=offset,
                limit=limit,
            )
        )

    async def steps(self, withdrawal_id: str) -> Sequence[WithdrawalStep]:
        """Return how a withdrawal came to where it stands."""
        return await _reached(self._store.steps(withdrawal_id))

    async def approve(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say yes to a withdrawal of somebody else."""
        await self._check_other(withdrawal_id, account_id)
        return await self._decide(withdrawal_id, WithdrawalCause.NONE, person_id, note)

    async def reject(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say no; the money is returned."""
        await self._check_other(withdrawal_id, account_id)
        return await self._decide(withdrawal_id, WithdrawalCause.REJECTED, person_id, note)

    async def set_rule(self, rule: WithdrawalRule) -> WithdrawalRule:
        """Put a rule in the place of its asset's."""
        if rule.asset not in {served.asset for served in self._networks.all()}:
            raise WalletRefusedError(_Code.UNKNOWN_ASSET, "No network carries it.", "asset")
        await _reached(self.rules.set(rule))
        return rule

    # ----- the list of addresses

    async def allowed(self, account_id: int) -> Sequence[AllowedAddress]:
        """Return the addresses that withdrawals may go to, oldest first."""
        return await _reached(self._store.allowed(account_id))

    async def check_allowable(self, account_id: int, chain: str, address: str) -> None:
        """Refuse an address that cannot be added."""
        if chain not in self._networks.chains():
            raise WalletRefusedError(_Code.UNKNOWN_NETWORK, "There is no such network.", "network")
        await _reached(check_address(self._custodian, chain, address))
        if len(await self.allowed(account_id)) >= ALLOWED_MAX:
            raise WalletRefusedError(_Code.ADDRESSES_FULL, f"{ALLOWED_MAX} addresses are the most.")

    async def allow(self, account_id: int, chain: str, address: str, label: str) -> AllowedAddress:
        """Add an address; it is usable after a time to cool off."""
        now_us = self._clock()
        entry = AllowedAddress(
            account_id=account_id,
            chain=chain,
            address=address,
            label=label,
            added_us=now_us,
            usable_us=now_us + self.rules.times.address_cool_off_s * _SECOND_US,
        )
        async with self._listing.of(account_id):  # several at once fill the list and no more
            await self.check_allowable(account_id, chain, address)
            return await _reached(self._store.allow(entry))

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address at once; False when it is not there."""
        return await _reached(self._store.disallow(account_id, chain, address))

    # ----- the demo

    async def faucet(self, account_id: int) -> Sequence[FaucetOffer]:
        """Return what the faucet gives, or nothing where there is none."""
        return await _reached(self.faucet_flow.offers(account_id)) if self._has_faucet else ()

    async def take_gift(self, account_id: int, asset: int) -> FaucetOffer:
        """Have a gift credited; return what is left of the day."""
        return await _reached(self.faucet_flow.take(account_id, asset))

    async def simulate_payment(
        self, account_id: int, asset: int, chain: str, amount_atoms: int
    ) -> str:
        """Have the simulated chain pay to an account's address; return the transaction."""
        served = self.rules.served(asset, chain)
        if self._demo_chain is None:
            raise WalletRefusedError(_Code.NO_FAUCET, "The chains of this exchange are real.")
        await self._check_modest(account_id, asset, amount_atoms)
        address = await self.deposit_address(account_id, asset, chain)
        payment = await _reached(
            self._demo_chain.pay_in(chain, served.network.asset_name, address, amount_atoms)
        )
        self.woken()
        return payment.transaction

    # ----- statements

    async def statement_seq(self, account_id: int) -> int:
        """Return the batch that a statement is made as of."""
        return await self._calls.committed_seq(account_id)

    async def statement_sums(
        self, seq: int, account_id: int, start_us: int, end_us: int | None
    ) -> StatementSums:
        """Return what an account had at both ends of a period."""
        return StatementSums(
            opening_atoms=await self._ledger.sums(seq, account_id, start_us),
            closing_atoms=await self._ledger.sums(seq, account_id, end_us),
            is_whole=await self._ledger.begins_after() == 0,
        )

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
        return await self._ledger.entries(
            seq, account_id, start_us=start_us, end_us=end_us, after=after, limit=limit
        )

    async def purposes(self, entries: Sequence[LedgerEntry]) -> Mapping[Position, MovementKind]:
        """Return what the wallets moved money for by these entries; others are not named."""
        references = {entry.reference for entry in entries if entry.reference}
        movements = await _reached(self._store.movements(references)) if references else {}
        found = ((entry, movements.get(entry.reference)) for entry in entries)
        return {
            entry.position: movement.kind
            for entry, movement in found
            if movement is not None and movement.account_id == entry.account_id
        }

    # ----- parts

    async def _unclaimed(self, number: int) -> UnclaimedPayment:
        found = await _reached(self._store.unclaimed(number))
        if found is None:
            raise WalletRefusedError(_Code.UNKNOWN_PAYMENT, "There is no such payment.")
        return found

    def _check_open(self, payment: UnclaimedPayment) -> None:
        if payment.state is not UnclaimedState.OPEN:
            raise _decided_already()

    async def _check_assignable(
        self, payment: UnclaimedPayment, account_id: int, own_account_id: int
    ) -> None:
        """Refuse what would credit nobody, the operator, or a second time."""
        if account_id == own_account_id:
            raise WalletRefusedError(
                _Code.OWN_ACCOUNT, "Somebody other than its owner has to decide.", "account_id"
            )
        if self._networks.by_name(payment.chain, payment.asset_name) is None:
            raise WalletRefusedError(
                _Code.UNKNOWN_ASSET, "The exchange does not list what was paid."
            )
        if payment.amount_atoms > AMOUNT_ATOMS_MAX:
            raise WalletRefusedError(_Code.AMOUNT_TOO_LARGE, "No balance can hold so much.")
        if await self._calls.account(account_id) is None:
            raise WalletRefusedError(
                _Code.UNKNOWN_ACCOUNT, "There is no such account.", "account_id"
            )
        owner = await _reached(self._store.account_of_address(payment.chain, payment.address))
        if owner not in {None, account_id}:
            raise WalletRefusedError(
                _Code.PAYMENT_IS_ANOTHERS, f"Its address is account {owner}'s.", "account_id"
            )
        holder = await self.unclaimed_flow.holder(payment, account_id)
        if holder not in {None, account_id}:
            raise WalletRefusedError(
                _Code.PAYMENT_IS_ANOTHERS,
                f"It was credited to account {holder} before.",
                "account_id",
            )

    async def _check_modest(self, account_id: int, asset: int, amount_atoms: int) -> None:
        """Refuse what would flood the demo: an asset's supply has an end, and others use it too."""
        gift = self.faucet_flow.gift_atoms(asset)
        if gift and amount_atoms > PAYMENT_GIFTS_MAX * gift:
            raise WalletRefusedError(
                _Code.FAUCET_EMPTY, f"{PAYMENT_GIFTS_MAX} gifts are the most at once.", "amount"
            )
        lately_us = self._clock() - _DAY_US
        lately = await self.deposits(account_id, start_us=lately_us, limit=PAYMENTS_A_DAY_MAX)
        if len(lately) >= PAYMENTS_A_DAY_MAX:
            raise WalletRefusedError(
                _Code.FAUCET_EMPTY, f"{PAYMENTS_A_DAY_MAX} payments are the most of a day."
            )

    async def _known_by_client_id(self, request: WithdrawalRequest) -> Withdrawal | None:
        """Return what a repeated request asked for the first time."""
        if not request.client_id:
            return None
        found = await self.withdrawals(request.account_id, client_id=request.client_id, limit=1)
        if not found:
            return None
        _check_same(found[0], request)
        return found[0]

    async def _add(self, withdrawal: Withdrawal) -> Withdrawal:
        row = await self._calls.account(withdrawal.account_id)
        if row is None or not row.flags & AccountFlag.WITHDRAW:
            raise _hold_refusal(WithdrawalCause.ACCOUNT_MAY_NOT_WITHDRAW)
        try:
            return await _reached(
                self._store.add_withdrawal(withdrawal, self.rules.of(withdrawal.asset))
            )
        except LimitReachedError as error:
            period = "an hour" if error.limit is Limit.HOUR else "a day"
            raise WalletRefusedError(
                _Code.LIMIT_REACHED, f"This is more than may leave within {period}.", "amount"
            ) from error

    async def _held(self, withdrawal: Withdrawal) -> Withdrawal:
        found = await _reached(self.withdrawals_flow.hold(withdrawal.withdrawal_id))
        assert found is not None, "it was stored"
        return found

    async def _check_other(self, withdrawal_id: str, account_id: int) -> None:
        found = await self.withdrawal(None, withdrawal_id)
        if found.account_id == account_id:
            raise WalletRefusedError(
                _Code.OWN_WITHDRAWAL, "Somebody other than who asked for it has to decide."
            )

    async def _decide(
        self, withdrawal_id: str, cause: WithdrawalCause, by: int, note: str
    ) -> Withdrawal:
        found = await _reached(self.withdrawals_flow.decide(withdrawal_id, cause, by, note))
        if found is None:
            raise WalletRefusedError(_Code.TOO_LATE, "It does not wait for anybody any more.")
        self.woken()
        return found


def _decided_already() -> WalletRefusedError:
    return WalletRefusedError(_Code.TOO_LATE, "It was decided already.")


async def _reached(work: Awaitable[_T]) -> _T:
    """Do something, and say so when a part of the wallets is away."""
    try:
        return await work
    except (CustodianAwayError, WalletStoreError, MovementUnsettledError, StaleError) as error:
        raise WalletRefusedError(
            _Code.AWAY, "The wallets do not answer now. Look before you repeat it."
        ) from error


def _check_same(known: Withdrawal, request: WithdrawalRequest) -> None:
    """Refuse a client id that stands for something else."""
    asked = (request.asset, request.chain, request.address, request.amount_atoms)
    if asked != (known.asset, known.chain, known.address, known.amount_atoms):
        raise WalletRefusedError(
            _Code.CLIENT_ID_REUSED, "Another withdrawal has this client id.", "client_id"
        )


def _hold_refusal(cause: WithdrawalCause) -> WalletRefusedError:
    if cause is WithdrawalCause.INSUFFICIENT_BALANCE:
        return WalletRefusedError(
            _Code.INSUFFICIENT_BALANCE, "There is not as much free.", "amount"
        )
    if cause is WithdrawalCause.INTERRUPTED:
        return WalletRefusedError(_Code.AWAY, "It was interrupted; nothing was taken.")
    return WalletRefusedError(_Code.ACCOUNT_MAY_NOT_WITHDRAW, "The account may not withdraw.")
