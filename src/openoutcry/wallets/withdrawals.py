"""Withdrawals: held, approved by rule or by a second person, sent, then settled or returned.

Every state is durable before what it stands for is done, and each thing done may be done again
without effect: the hold and the return by their references, the send by its key. So recovery is
nothing but going on from where a withdrawal stands.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from openoutcry.core.enums import Reason
from openoutcry.ports.custodian import Custodian, SendOrder, SendState, SendStatus
from openoutcry.ports.wallets import (
    Movement,
    MovementKind,
    MovementState,
    WalletStore,
    Withdrawal,
    WithdrawalCause,
    WithdrawalState,
)
from openoutcry.wallets.movements import Mover, reference_of
from openoutcry.wallets.networks import Networks
from openoutcry.wallets.transitions import (
    WITHDRAWALS_UNFINISHED,
    WITHDRAWALS_WAITING_FOR_PEOPLE,
    check_withdrawal,
)
from openoutcry.wallets.turns import Turns

ADVANCED_AT_ONCE = 10_000

log = logging.getLogger(__name__)

_State = WithdrawalState
_Cause = WithdrawalCause
_HOLD_CAUSES = {
    Reason.INSUFFICIENT_BALANCE: _Cause.INSUFFICIENT_BALANCE,
    Reason.ACCOUNT_MAY_NOT_WITHDRAW: _Cause.ACCOUNT_MAY_NOT_WITHDRAW,
}


class StaleError(Exception):
    """Somebody else has moved this withdrawal on in the meantime."""


class PaidOutError(RuntimeError):
    """A withdrawal is to be returned, and the custodian has been asked to pay it: see who erred."""


def hold_reference(withdrawal_id: str) -> int:
    """Return the ledger's name of what a withdrawal takes out of the account."""
    return reference_of(f"hold {withdrawal_id}")


def return_reference(withdrawal_id: str) -> int:
    """Return the ledger's name of what a withdrawal gives back."""
    return reference_of(f"return {withdrawal_id}")


class Withdrawals:
    """Moves withdrawals through their states."""

    def __init__(
        self,
        custodian: Custodian,
        store: WalletStore,
        mover: Mover,
        networks: Networks,
        clock: Callable[[], int],
    ) -> None:
        self._custodian = custodian
        self._store = store
        self._mover = mover
        self._networks = networks
        self._clock = clock
        self._turns = Turns()
        self._steps = {
            _State.REQUESTED: self._hold,
            _State.HELD: self._judge,
            _State.APPROVED: self._begin_sending,
            _State.SENDING: self._send,
            _State.SENT: self._follow,
            _State.RETURNING: self._give_back,
        }
        assert set(self._steps) | set(WITHDRAWALS_WAITING_FOR_PEOPLE) == set(
            WITHDRAWALS_UNFINISHED
        ), "whatever is unfinished goes on by a step or by somebody's word"

    async def unfinished(self) -> list[str]:
        """Return the withdrawals that go on by themselves, oldest first."""
        found = await self._store.withdrawals(states=tuple(self._steps), limit=ADVANCED_AT_ONCE)
        return [withdrawal.withdrawal_id for withdrawal in reversed(found)]

    async def advance(self, withdrawal_id: str) -> Withdrawal | None:
        """Take a withdrawal as far as it gets now; None when there is none."""
        async with self._turns.of(withdrawal_id):
            withdrawal = await self._store.withdrawal(withdrawal_id)
            return None if withdrawal is None else await self._advance(withdrawal)

    async def hold(self, withdrawal_id: str) -> Withdrawal | None:
        """Take a withdrawal past its hold and the rules, and leave the sending to later."""
        async with self._turns.of(withdrawal_id):
            withdrawal = await self._store.withdrawal(withdrawal_id)
            if withdrawal is not None and withdrawal.state is _State.REQUESTED:
                withdrawal = await self._hold(withdrawal)
            if withdrawal is not None and withdrawal.state is _State.HELD:
                withdrawal = await self._judge(withdrawal)
            return withdrawal

    async def decide(
        self, withdrawal_id: str, cause: WithdrawalCause, by: int, note: str = ""
    ) -> Withdrawal | None:
        """Say yes (cause NONE) or no to one that awaits it; None when it does not (any more)."""
        async with self._turns.of(withdrawal_id):
            withdrawal = await self._store.withdrawal(withdrawal_id)
            if withdrawal is None or withdrawal.state is not _State.AWAITING:
                return None
            state = _State.APPROVED if cause is _Cause.NONE else _State.RETURNING
            decided = replace(withdrawal, decided_by=by, note=note)
            return await self._go(decided, state, cause, by=by)

    async def _advance(self, withdrawal: Withdrawal) -> Withdrawal:
        while (step := self._steps.get(withdrawal.state)) is not None:
            before = withdrawal.state
            withdrawal = await step(withdrawal)
            if withdrawal.state is before:
                break
        return withdrawal

    async def _hold(self, withdrawal: Withdrawal) -> Withdrawal:
        movement = await self._mover.settle(
            self._movement(withdrawal, hold_reference(withdrawal.withdrawal_id), MovementKind.HOLD)
        )
        if movement.state is MovementState.APPLIED:
            return await self._go(withdrawal, _State.HELD)
        if movement.state is MovementState.LAPSED:
            return await self._go(withdrawal, _State.REFUSED, _Cause.INTERRUPTED)
        cause = _HOLD_CAUSES.get(Reason(movement.reason), _Cause.LEDGER_REFUSED)
        return await self._go(withdrawal, _State.REFUSED, cause)

    async def _judge(self, withdrawal: Withdrawal) -> Withdrawal:
        awaits = withdrawal.needs_second_person
        return await self._go(withdrawal, _State.AWAITING if awaits else _State.APPROVED)

    async def _begin_sending(self, withdrawal: Withdrawal) -> Withdrawal:
        """From here on it is the custodian who says whether money has left."""
        reference = return_reference(withdrawal.withdrawal_id)
        if await self._mover.has_happened(
            self._movement(withdrawal, reference, MovementKind.RETURN)
        ):
            # A store put back to a copy has forgotten that it was returned.
            log.warning("withdrawal %s was returned before", withdrawal.withdrawal_id)
            return await self._go(withdrawal, _State.RETURNING, _Cause.INTERRUPTED)
        return await self._go(withdrawal, _State.SENDING)

    async def _send(self, withdrawal: Withdrawal) -> Withdrawal:
        served = self._networks.of(withdrawal.asset, withdrawal.chain)
        if served is None:
            return withdrawal  # not served now; it waits
        status = await self._custodian.send(
            SendOrder(
                key=withdrawal.withdrawal_id,
                chain=withdrawal.chain,
                asset_name=served.network.asset_name,
                address=withdrawal.address,
                amount_atoms=withdrawal.amount_atoms - withdrawal.fee_atoms,
            )
        )
        return await self._sent(withdrawal, status)

    async def _follow(self, withdrawal: Withdrawal) -> Withdrawal:
        status = await self._custodian.sent(withdrawal.withdrawal_id)
        if status is None:
            log.error("the custodian has forgotten withdrawal %s", withdrawal.withdrawal_id)
            return withdrawal
        return await self._sent(withdrawal, status)

    async def _sent(self, withdrawal: Withdrawal, status: SendStatus) -> Withdrawal:
        told = replace(
            withdrawal,
            transaction=status.transaction or withdrawal.transaction,
            confirmations=status.confirmations,
        )
        if status.state is SendState.FAILED:
            told = replace(told, note=status.reason)
            return await self._go(told, _State.RETURNING, _Cause.CUSTODIAN_FAILED)
        if withdrawal.state is _State.SENDING:
            return await self._go(told, _State.SENT)
        if status.state is SendState.DONE:
            return await self._go(told, _State.SETTLED)
        if told != withdrawal:
            return await self._save(told)
        return withdrawal

    async def _give_back(self, withdrawal: Withdrawal) -> Withdrawal:
        # A store put back to a copy may have forgotten that it was sent.
        status = await self._custodian.sent(withdrawal.withdrawal_id)
        if status is not None and status.state is not SendState.FAILED:
            raise PaidOutError(
                f"withdrawal {withdrawal.withdrawal_id} is to be returned, and was paid by"
                f" {status.transaction}"
            )
        reference = return_reference(withdrawal.withdrawal_id)
        movement = await self._mover.settle(
            self._movement(withdrawal, reference, MovementKind.RETURN)
        )
        if movement.state is MovementState.APPLIED:
            return await self._go(withdrawal, _State.RETURNED, withdrawal.cause)
        log.error(
            "withdrawal %s cannot be returned: %s",
            withdrawal.withdrawal_id,
            Reason(movement.reason).name.lower(),
        )
        await self._mover.again(reference)
        return withdrawal

    def _movement(self, withdrawal: Withdrawal, reference: int, kind: MovementKind) -> Movement:
        return Movement(
            reference=reference,
            kind=kind,
            account_id=withdrawal.account_id,
            asset=withdrawal.asset,
            amount_atoms=withdrawal.amount_atoms,
            created_us=self._clock(),
        )

    async def _go(
        self,
        withdrawal: Withdrawal,
        state: WithdrawalState,
        cause: WithdrawalCause = WithdrawalCause.NONE,
        by: int = 0,
    ) -> Withdrawal:
        check_withdrawal(withdrawal.state, state)
        return await self._save(replace(withdrawal, state=state, cause=cause), by)

    async def _save(self, withdrawal: Withdrawal, by: int = 0) -> Withdrawal:
        changed = replace(withdrawal, changed_us=self._clock(), version=withdrawal.version + 1)
        if not await self._store.save_withdrawal(changed, by):
            raise StaleError(f"withdrawal {withdrawal.withdrawal_id} was moved by another process")
        return changed
