"""What people are told of their withdrawals on the way, from the steps that the wallets keep."""

from collections.abc import Mapping, Sequence

from openoutcry.notifications.amounts import text_of
from openoutcry.notifications.digests import person_of
from openoutcry.ports.notifications import Kind, NotificationStoreError, Occurrence, Terms
from openoutcry.ports.people import FIRST_PERSON_ID
from openoutcry.ports.wallets import (
    WalletStore,
    WalletStoreError,
    WithdrawalCause,
    WithdrawalState,
    WithdrawalStep,
)

WITHDRAWALS_SOURCE = "withdrawals"
_PAGE = 1_000

TEMPLATES: Mapping[WithdrawalState, str] = {
    WithdrawalState.AWAITING: "withdrawal_awaiting",
    WithdrawalState.SENT: "withdrawal_sent",
    WithdrawalState.SETTLED: "withdrawal_settled",
    WithdrawalState.RETURNED: "withdrawal_returned",
    WithdrawalState.REFUSED: "withdrawal_refused",
}
"""What is told; that the amount was taken and given back is told from the journal."""
CAUSE_WORDS: Mapping[WithdrawalCause, str] = {
    WithdrawalCause.INSUFFICIENT_BALANCE: "the balance does not suffice",
    WithdrawalCause.ACCOUNT_MAY_NOT_WITHDRAW: "the account may not withdraw",
    WithdrawalCause.INTERRUPTED: "the exchange was interrupted",
    WithdrawalCause.CANCELLED: "it was cancelled",
    WithdrawalCause.REJECTED: "an operator rejected it",
    WithdrawalCause.CUSTODIAN_FAILED: "the network did not take it",
}
OTHER_CAUSE_WORDS = "the exchange could not make it"


class WithdrawalOccurrences:
    """`OccurrenceLog` of the steps of withdrawals: their numbers are the places."""

    source = WITHDRAWALS_SOURCE

    def __init__(self, store: WalletStore, terms: Terms) -> None:
        self._store = store
        self._terms = terms

    async def last(self) -> int:
        """Return the number of the newest step."""
        number = 0
        while steps := await self._steps(number, _PAGE):
            number = steps[-1][0]
        return number

    async def after(self, number: int, limit: int) -> tuple[Sequence[Occurrence], int]:
        """Return what people are told of the steps after a number."""
        steps = await self._steps(number, limit)
        told = [
            found
            for place, name, step in steps
            if (found := await self._told(place, name, step)) is not None
        ]
        return told, steps[-1][0] if steps else number

    async def _steps(self, number: int, limit: int) -> Sequence[tuple[int, str, WithdrawalStep]]:
        try:
            return await self._store.steps_after(number, limit)
        except WalletStoreError as error:
            raise NotificationStoreError(str(error)) from error

    async def _told(self, number: int, name: str, step: WithdrawalStep) -> Occurrence | None:
        template = TEMPLATES.get(step.state)
        if template is None:
            return None
        try:
            withdrawal = await self._store.withdrawal(name)
        except WalletStoreError as error:
            raise NotificationStoreError(str(error)) from error
        if withdrawal is None or person_of(withdrawal.account_id) < FIRST_PERSON_ID:
            return None
        asset = self._terms.asset(withdrawal.asset)
        facts = {
            "amount": text_of(withdrawal.amount_atoms, asset.scale),
            "asset": asset.name,
            "address": withdrawal.address,
            "transaction": withdrawal.transaction or "-",
            "reason": CAUSE_WORDS.get(step.cause, OTHER_CAUSE_WORDS),
            "withdrawal_id": name,
        }
        person_id = person_of(withdrawal.account_id)
        return Occurrence(number, person_id, Kind.WITHDRAWAL, template, step.time_us, facts)
