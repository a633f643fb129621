"""Payments that are nobody's: kept, shown to operators, and credited once when they are somebody's.

A payment that is given to an account becomes a deposit of the same chain, transaction and output,
in the transaction that closes it here. From there on it goes the way of every deposit: it is
watched until final, and credited under the one reference that this payment has for ever.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from openoutcry.core.limits import AMOUNT_ATOMS_MAX
from openoutcry.ports.calls import Calls
from openoutcry.ports.custodian import Payment
from openoutcry.ports.ledger import Ledger
from openoutcry.ports.wallets import (
    Deposit,
    UnclaimedPayment,
    UnclaimedState,
    WalletStore,
)
from openoutcry.wallets.movements import deposit_reference
from openoutcry.wallets.networks import Networks

ADOPTED_AT_ONCE = 500

log = logging.getLogger(__name__)


def deposit_of(
    payment: Payment | UnclaimedPayment, account_id: int, asset: int, now_us: int
) -> Deposit:
    """Return the deposit that a payment to an account begins as."""
    return Deposit(
        chain=payment.chain,
        transaction=payment.transaction,
        output=payment.output,
        account_id=account_id,
        asset=asset,
        address=payment.address,
        amount_atoms=payment.amount_atoms,
        seen_us=now_us,
        changed_us=now_us,
    )


class Unclaimed:
    """Takes down what is nobody's, and closes it by somebody's word or once its owner is known."""

    def __init__(
        self,
        calls: Calls,
        ledger: Ledger,
        store: WalletStore,
        networks: Networks,
        clock: Callable[[], int],
    ) -> None:
        self._calls = calls
        self._ledger = ledger
        self._store = store
        self._networks = networks
        self._clock = clock
        self.open_count = 0
        """How many wait for an operator, as of the last round."""

    async def known(self, payment: Payment) -> UnclaimedPayment | None:
        """Return what is kept of a payment that was nobody's when it first came."""
        return await self._store.unclaimed_named(payment.chain, payment.transaction, payment.output)

    async def take_down(self, payment: Payment) -> None:
        """Keep a payment that is nobody's."""
        now_us = self._clock()
        kept = await self._store.add_unclaimed(
            UnclaimedPayment(
                chain=payment.chain,
                transaction=payment.transaction,
                output=payment.output,
                asset_name=payment.asset_name,
                scale=self._networks.scale(payment.chain, payment.asset_name),
                address=payment.address,
                amount_atoms=payment.amount_atoms,
                seen_us=now_us,
                changed_us=now_us,
            )
        )
        log.warning(
            "payment %s:%d on %s is credited to nobody: it waits for an operator as number %d",
            payment.transaction,
            payment.output,
            payment.chain,
            kept.number,
        )

    async def claimable(self) -> Sequence[tuple[UnclaimedPayment, int]]:
        """Return what has an owner by now, with the owner's account.

        So it is when the store was put back to a copy that did not know an address yet, or when an
        asset is listed after somebody has paid it in.
        """
        assets = [
            (served.network.chain, served.network.asset_name) for served in self._networks.all()
        ]
        found = await self._store.claimable(assets, ADOPTED_AT_ONCE)
        return [pair for pair in found if pair[0].amount_atoms <= AMOUNT_ATOMS_MAX]

    async def adopt(self, payment: UnclaimedPayment, owner: int) -> None:
        """Give a payment to its owner, or to whom it was credited before."""
        holder = await self.holder(payment, owner)
        await self.assign(payment, owner if holder is None else holder, by=0, note="")

    async def count(self) -> None:
        """Count those that wait for an operator."""
        self.open_count = await self._store.count_unclaimed()

    async def holder(self, payment: UnclaimedPayment | Deposit, account_id: int) -> int | None:
        """Return the account that was credited with a payment before, or None.

        A store that was put back to a copy may have forgotten it; the ledger, which is as far as
        this account's now, has not.
        """
        reference = deposit_reference(payment.chain, payment.transaction, payment.output)
        seq = await self._calls.committed_seq(account_id)
        return await self._ledger.holder(seq, reference)

    async def assign(
        self, payment: UnclaimedPayment, account_id: int, *, by: int, note: str
    ) -> UnclaimedPayment | None:
        """Make an open payment a deposit of an account; None when somebody else was faster.

        The exchange must list its asset, and a balance must be able to hold so much.
        """
        served = self._networks.by_name(payment.chain, payment.asset_name)
        assert served is not None, "an asset that is not listed cannot be credited"
        assert payment.amount_atoms <= AMOUNT_ATOMS_MAX, "no balance holds so much"
        assert payment.state is UnclaimedState.OPEN, "a payment is decided on once"
        assigned = self._decided(payment, UnclaimedState.ASSIGNED, account_id, by, note)
        deposit = deposit_of(payment, account_id, served.asset, self._clock())
        stored = await self._store.claim(assigned, deposit)
        return None if stored is None else assigned

    async def dismiss(
        self, payment: UnclaimedPayment, *, by: int, reason: str
    ) -> UnclaimedPayment | None:
        """Close an open payment without a credit; None when somebody else was faster."""
        assert payment.state is UnclaimedState.OPEN, "a payment is decided on once"
        dismissed = self._decided(payment, UnclaimedState.DISMISSED, 0, by, reason)
        return dismissed if await self._store.save_unclaimed(dismissed) else None

    def _decided(
        self, payment: UnclaimedPayment, state: UnclaimedState, account_id: int, by: int, note: str
    ) -> UnclaimedPayment:
        return replace(
            payment,
            state=state,
            account_id=account_id,
            decided_by=by,
            note=note,
            changed_us=self._clock(),
            version=payment.version + 1,
        )
