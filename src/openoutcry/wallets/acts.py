"""Acts of people and operators on the wallets, recorded in the audit log before they are done.

A second record of the same request says why an act was refused.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openoutcry.ports.audit import Audit, AuditError
from openoutcry.ports.wallet_desk import (
    FaucetOffer,
    WalletActs,
    WalletRefusalCode,
    WalletRefusedError,
    WithdrawalRequest,
)
from openoutcry.ports.wallets import (
    AllowedAddress,
    Deposit,
    UnclaimedPayment,
    Withdrawal,
    WithdrawalRule,
)


class RecordedActs:
    """`WalletActs` of one actor and request."""

    def __init__(self, acts: WalletActs, audit: Audit, actor: str, request_id: str) -> None:
        self._acts = acts
        self._audit = audit
        self._actor = actor
        self._request_id = request_id

    async def retry_deposit(self, number: int) -> Deposit:
        """Have a blocked deposit credited again."""
        async with self._recorded("deposit.retry", f"deposit:{number}"):
            return await self._acts.retry_deposit(number)

    async def assign_payment(
        self, number: int, account_id: int, person_id: int, own_account_id: int, note: str
    ) -> UnclaimedPayment:
        """Give a payment that is nobody's to an account."""
        details = {"account": str(account_id), "note": note}
        async with self._recorded("payment.assign", f"payment:{number}", details):
            return await self._acts.assign_payment(
                number, account_id, person_id, own_account_id, note
            )

    async def dismiss_payment(self, number: int, person_id: int, reason: str) -> UnclaimedPayment:
        """Say why a payment that is nobody's is credited to nobody."""
        details = {"reason": reason}
        async with self._recorded("payment.dismiss", f"payment:{number}", details):
            return await self._acts.dismiss_payment(number, person_id, reason)

    async def withdraw(self, request: WithdrawalRequest) -> Withdrawal:
        """Ask for a withdrawal."""
        details = {
            "asset": str(request.asset),
            "network": request.chain,
            "address": request.address,
            "amount_atoms": str(request.amount_atoms),
            "client_id": request.client_id,
        }
        async with self._recorded("withdrawal.ask", f"account:{request.account_id}", details):
            return await self._acts.withdraw(request)

    async def cancel(self, account_id: int, withdrawal_id: str) -> Withdrawal:
        """Take a withdrawal back."""
        async with self._recorded("withdrawal.cancel", f"withdrawal:{withdrawal_id}"):
            return await self._acts.cancel(account_id, withdrawal_id)

    async def approve(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say yes to a withdrawal of somebody else."""
        details = {"note": note}
        async with self._recorded("withdrawal.approve", f"withdrawal:{withdrawal_id}", details):
            return await self._acts.approve(withdrawal_id, person_id, account_id, note)

    async def reject(
        self, withdrawal_id: str, person_id: int, account_id: int, note: str
    ) -> Withdrawal:
        """Say no."""
        details = {"note": note}
        async with self._recorded("withdrawal.reject", f"withdrawal:{withdrawal_id}", details):
            return await self._acts.reject(withdrawal_id, person_id, account_id, note)

    async def set_rule(self, rule: WithdrawalRule) -> WithdrawalRule:
        """Put a rule in the place of its asset's."""
        details = {
            "hour_atoms": str(rule.hour_atoms),
            "day_atoms": str(rule.day_atoms),
            "second_person_atoms": str(rule.second_person_atoms),
            "is_open": str(rule.is_open).lower(),
        }
        async with self._recorded("withdrawal-rule.set", f"asset:{rule.asset}", details):
            return await self._acts.set_rule(rule)

    async def allow(self, account_id: int, chain: str, address: str, label: str) -> AllowedAddress:
        """Add an address to an account's list."""
        details = {"network": chain, "address": address, "label": label}
        target = f"account:{account_id}"
        async with self._recorded("address.ask", target, details):
            await self._acts.check_allowable(account_id, chain, address)
            # Its owner is told of this record: it is made once there is something to tell, and
            # before it is done, so that whatever dies nobody adds an address in silence.
            await self._record("address.allow", target, details)
            return await self._acts.allow(account_id, chain, address, label)

    async def check_allowable(self, account_id: int, chain: str, address: str) -> None:
        """Refuse an address that cannot be added; it changes nothing and leaves no record."""
        await self._acts.check_allowable(account_id, chain, address)

    async def disallow(self, account_id: int, chain: str, address: str) -> bool:
        """Remove an address from an account's list."""
        details = {"network": chain, "address": address}
        async with self._recorded("address.disallow", f"account:{account_id}", details):
            return await self._acts.disallow(account_id, chain, address)

    async def take_gift(self, account_id: int, asset: int) -> FaucetOffer:
        """Have a gift credited."""
        details = {"asset": str(asset)}
        async with self._recorded("faucet.take", f"account:{account_id}", details):
            return await self._acts.take_gift(account_id, asset)

    async def simulate_payment(
        self, account_id: int, asset: int, chain: str, amount_atoms: int
    ) -> str:
        """Have the simulated chain pay to an account."""
        details = {"asset": str(asset), "network": chain, "amount_atoms": str(amount_atoms)}
        async with self._recorded("payment.simulate", f"account:{account_id}", details):
            return await self._acts.simulate_payment(account_id, asset, chain, amount_atoms)

    @asynccontextmanager
    async def _recorded(
        self, action: str, target: str, details: dict[str, str] | None = None
    ) -> AsyncIterator[None]:
        await self._record(action, target, details or {})
        try:
            yield
        except WalletRefusedError as error:
            await self._record(f"{action}.refused", target, {"reason": error.code.value})
            raise

    async def _record(self, action: str, target: str, details: dict[str, str]) -> None:
        try:
            await self._audit.record(self._actor, action, target, details, self._request_id)
        except AuditError as error:
            raise WalletRefusedError(
                WalletRefusalCode.AWAY, "Nothing is done without a record, and that fails now."
            ) from error
