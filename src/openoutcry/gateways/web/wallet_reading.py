"""What owners and operators see alike: records as answers, and refusals as problems."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web import wallet_shapes as shapes
from openoutcry.gateways.web.api import Route, WebCall
from openoutcry.gateways.web.wallet_shapes import asset_named, problem_of
from openoutcry.ports.audit import person_actor
from openoutcry.ports.wallet_desk import WalletActs, WalletDesk, WalletRefusedError
from openoutcry.ports.wallets import (
    Deposit,
    DepositState,
    Withdrawal,
    WithdrawalState,
    WithdrawalStep,
)


class WalletReading:
    """Reads the wallets of one account, or of all (None), and shows what it finds."""

    def __init__(self, desk: WalletDesk, catalog: Catalog) -> None:
        self._desk = desk
        self._catalog = catalog

    def acts(self, call: WebCall) -> WalletActs:
        """Return the acts in the name of who calls."""
        return acts_of(self._desk, call)

    async def deposits(
        self,
        account_id: int | None,
        asked: shapes.PageWanted,
        states: Collection[DepositState] = (),
    ) -> shapes.DepositList:
        """Return a part of the deposits."""
        found = await self._desk.deposits(
            account_id,
            states=states,
            asset=self._asset(asked),
            start_us=asked.start_us,
            end_us=asked.end_us,
            offset=asked.offset,
            limit=asked.limit,
        )
        return shapes.DepositList(deposits=tuple(self.deposit(one) for one in found))

    def deposit(self, deposit: Deposit) -> shapes.DepositView:
        """Return a deposit as it is shown."""
        final = self._desk.confirmations_final(deposit.chain, deposit.asset)
        return shapes.deposit_view(self._catalog.asset(deposit.asset), deposit, final)

    async def withdrawals(
        self,
        account_id: int | None,
        asked: shapes.PageWanted,
        states: Collection[WithdrawalState] = (),
    ) -> shapes.WithdrawalList:
        """Return a part of the withdrawals."""
        found = await self._desk.withdrawals(
            account_id,
            states=states,
            asset=self._asset(asked),
            start_us=asked.start_us,
            end_us=asked.end_us,
            offset=asked.offset,
            limit=asked.limit,
        )
        return shapes.WithdrawalList(withdrawals=tuple(self.withdrawal(one) for one in found))

    async def withdrawal_named(self, account_id: int | None, name: str) -> shapes.WithdrawalView:
        """Return one withdrawal with its steps."""
        found = await self._desk.withdrawal(account_id, name)
        return self.withdrawal(found, await self._desk.steps(name))

    def withdrawal(
        self, withdrawal: Withdrawal, steps: Sequence[WithdrawalStep] = ()
    ) -> shapes.WithdrawalView:
        """Return a withdrawal as it is shown."""
        return shapes.withdrawal_view(self._catalog.asset(withdrawal.asset), withdrawal, steps)

    def _asset(self, asked: shapes.PageWanted) -> int | None:
        return None if asked.asset is None else asset_named(self._catalog, asked.asset).id


def acts_of(desk: WalletDesk, call: WebCall) -> WalletActs:
    """Return the acts of the wallets in the name of who calls."""
    return desk.acting(person_actor(call.person.person_id), call.request_id)


def told(route: Route) -> Route:
    """Return a route that tells refusals of the wallets as problems."""
    handler = route.handler

    async def answer(call: WebCall) -> object:
        try:
            return await handler(call)
        except WalletRefusedError as error:
            raise problem_of(error) from error

    return replace(route, handler=answer)
