"""`ports.wallets.WalletStore` in this process's memory, for tests and simulations."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    DepositState,
    Limit,
    LimitReachedError,
    Movement,
    MovementKind,
    MovementState,
    UnclaimedPayment,
    UnclaimedState,
    Withdrawal,
    WithdrawalRule,
    WithdrawalState,
    WithdrawalStep,
)

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_NOT_COUNTED = (WithdrawalState.REFUSED, WithdrawalState.RETURNED)


class MemoryWalletStore:
    """Everything in dictionaries; each method is atomic because it awaits nothing."""

    def __init__(self) -> None:
        self._movements: dict[int, Movement] = {}
        self._addresses: dict[tuple[str, str], int] = {}
        self._deposits: dict[int, Deposit] = {}
        self._payments: dict[tuple[str, str, int], int] = {}
        self._unclaimed: dict[int, UnclaimedPayment] = {}
        self._cursor = 0
        self._withdrawals: dict[str, Withdrawal] = {}
        self._client_ids: dict[tuple[int, str], str] = {}
        self._steps: list[tuple[str, WithdrawalStep]] = []
        self._rules: dict[int, WithdrawalRule] = {}
        self._allowed: dict[tuple[int, str, str], AllowedAddress] = {}
        self._gifts: Counter[tuple[int, int, int]] = Counter()

    async def add_movement(self, movement: Movement) -> Movement:
        """Store a movement unless one with its reference is there; return what is stored."""
        return self._movements.setdefault(movement.reference, movement)

    async def save_movement(self, movement: Movement) -> None:
        """Replace a stored movement that is PENDING or REFUSED."""
        stored = self._movements[movement.reference]
        if stored.state in {MovementState.PENDING, MovementState.REFUSED}:
            self._movements[movement.reference] = movement

    async def movement(self, reference: int) -> Movement | None:
        """Return a movement, or None."""
        return self._movements.get(reference)

    async def movements(self, references: Collection[int]) -> Mapping[int, Movement]:
        """Return the movements of these references, by reference."""
        return {one: self._movements[one] for one in references if one in self._movements}

    async def pending_movements(self, kind: MovementKind) -> Sequence[Movement]:
        """Return the movements of a kind that are not settled."""
        return [
            movement
            for movement in self._movements.values()
            if movement.kind is kind and movement.state is MovementState.PENDING
        ]

    async def add_address(self, chain: str, address: str, account_id: int) -> None:
        """Remember whose deposit address this is."""
        self._addresses.setdefault((chain, address), account_id)

    async def account_of_address(self, chain: str, address: str) -> int | None:
        """Return whose deposit address this is, or None."""
        return self._addresses.get((chain, address))

    async def add_deposit(self, deposit: Deposit) -> Deposit:
        """Store a payment unless it is there already; return what is stored."""
        key = (deposit.chain, deposit.transaction, deposit.output)
        if key not in self._payments:
            number = len(self._deposits) + 1
            self._payments[key] = number
            self._deposits[number] = replace(deposit, number=number)
        return self._deposits[self._payments[key]]

    async def save_deposit(self, deposit: Deposit) -> bool:
        """Write the next version."""
        if self._deposits[deposit.number].version != deposit.version - 1:
            return False
        self._deposits[deposit.number] = deposit
        return True

    async def deposit_named(self, chain: str, transaction: str, output: int) -> Deposit | None:
        """Return a deposit by what names it, or None."""
        number = self._payments.get((chain, transaction, output))
        return None if number is None else self._deposits[number]

    async def deposit(self, number: int) -> Deposit | None:
        """Return a deposit, or None."""
        return self._deposits.get(number)

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
        """Return deposits, newest first."""
        found = [
            deposit
            for deposit in self._deposits.values()
            if account_id in {None, deposit.account_id}
            and (not states or deposit.state in states)
            and asset in {None, deposit.asset}
            and start_us <= deposit.seen_us
            and (end_us is None or deposit.seen_us < end_us)
        ]
        found.sort(key=lambda deposit: deposit.number, reverse=True)
        return found[offset : offset + limit]

    async def add_unclaimed(self, payment: UnclaimedPayment) -> UnclaimedPayment:
        """Store a payment unless it is there already; return what is stored."""
        known = await self.unclaimed_named(payment.chain, payment.transaction, payment.output)
        if known is None:
            known = replace(payment, number=len(self._unclaimed) + 1)
            self._unclaimed[known.number] = known
        return known

    async def unclaimed(self, number: int) -> UnclaimedPayment | None:
        """Return a payment, or None."""
        return self._unclaimed.get(number)

    async def unclaimed_named(
        self, chain: str, transaction: str, output: int
    ) -> UnclaimedPayment | None:
        """Return a payment by what names it, or None."""
        for one in self._unclaimed.values():
            if (one.chain, one.transaction, one.output) == (chain, transaction, output):
                return one
        return None

    async def unclaimed_payments(
        self, *, states: Collection[UnclaimedState] = (), offset: int = 0, limit: int = 100
    ) -> Sequence[UnclaimedPayment]:
        """Return payments, newest first."""
        found = [one for one in self._unclaimed.values() if not states or one.state in states]
        return found[::-1][offset : offset + limit]

    async def count_unclaimed(self) -> int:
        """Return how many are OPEN."""
        return sum(one.state is UnclaimedState.OPEN for one in self._unclaimed.values())

    async def claimable(
        self, assets: Collection[tuple[str, str]], limit: int
    ) -> Sequence[tuple[UnclaimedPayment, int]]:
        """Return what is OPEN, of one of these assets and to an address that is an account's."""
        found = [
            (one, self._addresses[one.chain, one.address])
            for one in self._unclaimed.values()
            if one.state is UnclaimedState.OPEN
            and (one.chain, one.asset_name) in assets
            and (one.chain, one.address) in self._addresses
        ]
        return found[:limit]

    async def save_unclaimed(self, payment: UnclaimedPayment) -> bool:
        """Write the next version."""
        if self._unclaimed[payment.number].version != payment.version - 1:
            return False
        self._unclaimed[payment.number] = payment
        return True

    async def claim(self, payment: UnclaimedPayment, deposit: Deposit) -> Deposit | None:
        """Write the next version of a payment and store its deposit, both or neither."""
        return await self.add_deposit(deposit) if await self.save_unclaimed(payment) else None

    async def cursor(self) -> int:
        """Return the number of the last payment that was taken in."""
        return self._cursor

    async def set_cursor(self, number: int) -> None:
        """Remember the last payment that was taken in."""
        self._cursor = max(self._cursor, number)

    async def add_withdrawal(self, withdrawal: Withdrawal, rule: WithdrawalRule) -> Withdrawal:
        """Store a new withdrawal if the rule's limits allow; raises LimitReachedError."""
        key = (withdrawal.account_id, withdrawal.client_id)
        if withdrawal.client_id and key in self._client_ids:
            return self._withdrawals[self._client_ids[key]]
        for limit, window_us, atoms in (
            (Limit.HOUR, _HOUR_US, rule.hour_atoms),
            (Limit.DAY, _DAY_US, rule.day_atoms),
        ):
            since_us = withdrawal.requested_us - window_us
            used = await self.withdrawn(withdrawal.account_id, withdrawal.asset, since_us)
            if used + withdrawal.amount_atoms > atoms:
                raise LimitReachedError(limit, max(atoms - used, 0))
        self._withdrawals[withdrawal.withdrawal_id] = withdrawal
        if withdrawal.client_id:
            self._client_ids[key] = withdrawal.withdrawal_id
        self._steps.append((withdrawal.withdrawal_id, _step(withdrawal, 0)))
        return withdrawal

    async def save_withdrawal(self, withdrawal: Withdrawal, by: int = 0) -> bool:
        """Write the next version, and its step when the state is another one."""
        stored = self._withdrawals[withdrawal.withdrawal_id]
        if stored.version != withdrawal.version - 1:
            return False
        self._withdrawals[withdrawal.withdrawal_id] = withdrawal
        if stored.state is not withdrawal.state:
            self._steps.append((withdrawal.withdrawal_id, _step(withdrawal, by)))
        return True

    async def withdrawal(self, withdrawal_id: str) -> Withdrawal | None:
        """Return a withdrawal, or None."""
        return self._withdrawals.get(withdrawal_id)

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
        """Return withdrawals, newest first."""
        found = [
            withdrawal
            for withdrawal in reversed(self._withdrawals.values())
            if account_id in {None, withdrawal.account_id}
            and (not states or withdrawal.state in states)
            and asset in {None, withdrawal.asset}
            and client_id in {None, withdrawal.client_id}
            and start_us <= withdrawal.requested_us
            and (end_us is None or withdrawal.requested_us < end_us)
        ]
        return found[offset : offset + limit]

    async def steps(self, withdrawal_id: str) -> Sequence[WithdrawalStep]:
        """Return the transitions of a withdrawal, oldest first."""
        return [step for name, step in self._steps if name == withdrawal_id]

    async def steps_after(
        self, number: int, limit: int
    ) -> Sequence[tuple[int, str, WithdrawalStep]]:
        """Return (number, withdrawal, transition) of all withdrawals, in order, after a number."""
        found = self._steps[number : number + limit]
        return [(number + place, *step) for place, step in enumerate(found, start=1)]

    async def withdrawn(self, account_id: int, asset: int, since_us: int) -> int:
        """Return what counts towards a limit since then, in atoms."""
        return sum(
            withdrawal.amount_atoms
            for withdrawal in self._withdrawals.values()
            if (withdrawal.account_id, withdrawal.asset) == (account_id, asset)
            and withdrawal.requested_us > since_us
            and withdrawal.state not in _NOT_COUNTED
        )

    async def rules(self) -> Mapping[int, WithdrawalRule]:
        """Return the rules by asset."""
        return dict(self._rules)

    async def set_rule(self, rule: WithdrawalRule) -> None:
        """Put a rule in the place of its asset's."""
        self._rules[rule.asset] = rule

    async def allow(self, entry: AllowedAddress) -> AllowedAddress:
        """Add an address unless it is there already; return what is stored."""
        return self._allowed.setdefault((entry.account_id, entry.chain, entry.address), entry)

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address; False when it is not there."""
        return self._allowed.pop((account_id, chain, address), None) is not None

    async def allowed(self, account_id: int) -> Sequence[AllowedAddress]:
        """Return an account's addresses, oldest first."""
        return [entry for entry in self._allowed.values() if entry.account_id == account_id]

    async def add_gift(self, movement: Movement, day: int, gifts_max: int) -> int | None:
        """Store a movement and count it as a gift, both or neither."""
        key = (movement.account_id, movement.asset, day)
        if self._gifts[key] >= gifts_max:
            return None
        self._gifts[key] += 1
        self._movements[movement.reference] = movement
        return self._gifts[key]

    async def gifts(self, account_id: int, day: int) -> Mapping[int, int]:
        """Return how many gifts an account was given on a day, by asset."""
        return {
            asset: count
            for (account, asset, of_day), count in self._gifts.items()
            if (account, of_day) == (account_id, day) and count
        }


def _step(withdrawal: Withdrawal, by: int) -> WithdrawalStep:
    return WithdrawalStep(
        state=withdrawal.state, time_us=withdrawal.changed_us, cause=withdrawal.cause, by=by
    )
