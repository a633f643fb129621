"""Payments that come in: taken down when seen, watched until final, credited once."""

import logging
from collections.abc import Callable
from dataclasses import replace

from openoutcry.core.enums import Reason
from openoutcry.core.limits import AMOUNT_ATOMS_MAX
from openoutcry.ports.custodian import Custodian, Payment
from openoutcry.ports.wallets import (
    Deposit,
    DepositState,
    Movement,
    MovementKind,
    MovementState,
    WalletStore,
)
from openoutcry.wallets.movements import Mover, deposit_reference
from openoutcry.wallets.networks import Networks
from openoutcry.wallets.transitions import DEPOSITS_UNFINISHED, check_deposit
from openoutcry.wallets.turns import Turns
from openoutcry.wallets.unclaimed import Unclaimed, deposit_of

PAYMENTS_AT_ONCE = 500
WATCHED_AT_ONCE = 10_000

log = logging.getLogger(__name__)


class Deposits:
    """Brings payments from the custodian into the ledger."""

    def __init__(
        self,
        custodian: Custodian,
        store: WalletStore,
        mover: Mover,
        networks: Networks,
        clock: Callable[[], int],
        unclaimed: Unclaimed,
    ) -> None:
        self._custodian = custodian
        self._store = store
        self._mover = mover
        self._networks = networks
        self._clock = clock
        self._unclaimed = unclaimed
        self._turns = Turns()

    async def address(self, account_id: int, chain: str) -> str:
        """Return an account's deposit address; it is known as ours before anybody is told."""
        address = await self._custodian.deposit_address(chain, account_id)
        await self._store.add_address(chain, address, account_id)
        return address

    async def take_in(self) -> int:
        """Take down payments that the custodian has seen since; return how many there were."""
        count = 0
        after = await self._store.cursor()
        while payments := await self._custodian.payments(after, PAYMENTS_AT_ONCE):
            for payment in payments:
                await self._take_down(payment)
            after = payments[-1].number
            # The cursor moves behind the rows: after a crash in between they are found there.
            await self._store.set_cursor(after)
            count += len(payments)
        return count

    async def _take_down(self, payment: Payment) -> None:
        name = (payment.chain, payment.transaction, payment.output)
        deposit = await self._store.deposit_named(*name)
        if deposit is None:
            await self._take_new(payment)
        elif deposit.state is DepositState.ORPHANED:  # the chain has taken it in again
            await self._go(replace(deposit, confirmations=0), DepositState.SEEN)

    async def _take_new(self, payment: Payment) -> None:
        """Take down what is no deposit: as one, or as a payment that waits for an operator."""
        if await self._unclaimed.known(payment) is not None:
            return  # it waits already, or somebody has decided
        account_id = await self._store.account_of_address(payment.chain, payment.address)
        found = self._networks.by_name(payment.chain, payment.asset_name)
        if account_id is None or found is None or payment.amount_atoms > AMOUNT_ATOMS_MAX:
            await self._unclaimed.take_down(payment)
            return
        new = deposit_of(payment, account_id, found.asset, self._clock())
        await self._store.add_deposit(new)

    async def unfinished(self) -> list[int]:
        """Return the numbers of deposits that something may still happen to, oldest first."""
        found = await self._store.deposits(states=DEPOSITS_UNFINISHED, limit=WATCHED_AT_ONCE)
        return [deposit.number for deposit in reversed(found)]

    async def advance(self, number: int) -> Deposit | None:
        """Take a deposit as far as it gets now."""
        async with self._turns.of(number):
            deposit = await self._store.deposit(number)
            if deposit is not None and deposit.state is DepositState.SEEN:
                deposit = await self._watch(deposit)
            if deposit is not None and deposit.state is DepositState.FINAL:
                deposit = await self._credit(deposit)
            return deposit

    async def retry(self, number: int) -> Deposit | None:
        """Have a blocked deposit tried again; None when it is not blocked."""
        async with self._turns.of(number):
            deposit = await self._store.deposit(number)
            if deposit is None or deposit.state is not DepositState.BLOCKED:
                return None
            await self._mover.again(_reference(deposit))
            deposit = await self._go(deposit, DepositState.FINAL)
            return await self._credit(deposit)

    async def _watch(self, deposit: Deposit) -> Deposit:
        """See what the chain says of a payment that is not final yet."""
        payment = await self._custodian.payment(deposit.chain, deposit.transaction, deposit.output)
        if payment is None or payment.orphaned:
            return await self._go(deposit, DepositState.ORPHANED, cause="the chain dropped it")
        network = self._networks.of(deposit.asset, deposit.chain)
        if network is None:
            return deposit  # not served now; it waits
        if payment.confirmations != deposit.confirmations:
            changed = replace(
                deposit,
                confirmations=payment.confirmations,
                amount_atoms=payment.amount_atoms,
                version=deposit.version + 1,
            )
            deposit = changed if await self._store.save_deposit(changed) else deposit
        if deposit.confirmations < network.network.confirmations_final:
            return deposit
        if deposit.amount_atoms < network.network.deposit_atoms_min:
            return await self._go(deposit, DepositState.TOO_SMALL, cause="below the minimum")
        return await self._go(deposit, DepositState.FINAL)

    async def _credit(self, deposit: Deposit) -> Deposit:
        holder = await self._unclaimed.holder(deposit, deposit.account_id)
        if holder is not None and holder != deposit.account_id:
            # A store put back to a copy has forgotten to whom an operator gave it.
            log.warning("deposit %d was credited to account %d before", deposit.number, holder)
            deposit = replace(deposit, account_id=holder)
        movement = await self._mover.settle(
            Movement(
                reference=_reference(deposit),
                kind=MovementKind.DEPOSIT,
                account_id=deposit.account_id,
                asset=deposit.asset,
                amount_atoms=deposit.amount_atoms,
                created_us=self._clock(),
            )
        )
        if movement.state is MovementState.APPLIED:
            return await self._go(deposit, DepositState.CREDITED)
        cause = Reason(movement.reason).name.lower()
        log.error("deposit %d is refused by the ledger: %s", deposit.number, cause)
        return await self._go(deposit, DepositState.BLOCKED, cause=cause)

    async def _go(self, deposit: Deposit, state: DepositState, cause: str = "") -> Deposit:
        check_deposit(deposit.state, state)
        changed = replace(
            deposit,
            state=state,
            cause=cause,
            changed_us=self._clock(),
            version=deposit.version + 1,
        )
        return changed if await self._store.save_deposit(changed) else deposit


def _reference(deposit: Deposit) -> int:
    return deposit_reference(deposit.chain, deposit.transaction, deposit.output)
