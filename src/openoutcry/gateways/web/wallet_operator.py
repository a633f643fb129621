"""Operators' part of money in and out: withdrawals to approve, blocked deposits, limits."""

from collections.abc import Awaitable, Callable

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web import wallet_shapes as shapes
from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.wallet_reading import WalletReading, told
from openoutcry.gateways.web.wallet_shapes import (
    AMOUNT_REFUSED,
    UNKNOWN_ASSET,
    asset_named,
    atoms_of,
    number_in,
    problems_of,
)
from openoutcry.ports.people import OperatorRole
from openoutcry.ports.wallet_desk import WalletDesk, WalletRefusalCode
from openoutcry.ports.wallets import Withdrawal, WithdrawalRule

TAGS = ("operator",)
_Code = WalletRefusalCode
LOOK = Access.operator(OperatorRole.TREASURY, OperatorRole.AUDITOR, OperatorRole.SUPPORT)
DECIDE = Access.operator(OperatorRole.TREASURY, stepped_up=True)
_Decide = Callable[[str, int, int, str], Awaitable[Withdrawal]]


class Treasury:
    """The handlers of operators who look after money."""

    def __init__(self, desk: WalletDesk, catalog: Catalog) -> None:
        self._catalog = catalog
        self._reading = WalletReading(desk, catalog)

    async def withdrawals(self, call: WebCall) -> shapes.WithdrawalList:
        """Everybody's withdrawals."""
        asked = call.asked(shapes.OperatorsPageWanted)
        states = () if asked.state is None else (asked.state,)
        return await self._reading.withdrawals(asked.account_id, asked, states)

    async def withdrawal(self, call: WebCall) -> shapes.WithdrawalView:
        """One withdrawal, with its steps."""
        return await self._reading.withdrawal_named(None, call.path["withdrawal_id"])

    async def approve(self, call: WebCall) -> shapes.WithdrawalView:
        """Say yes."""
        return await self._decide(call, self._reading.acts(call).approve)

    async def reject(self, call: WebCall) -> shapes.WithdrawalView:
        """Say no."""
        return await self._decide(call, self._reading.acts(call).reject)

    async def _decide(self, call: WebCall, decide: _Decide) -> shapes.WithdrawalView:
        note = call.read(shapes.Decision).note
        name, person = call.path["withdrawal_id"], call.person
        return self._reading.withdrawal(
            await decide(name, person.person_id, person.account_id, note)
        )

    async def deposits(self, call: WebCall) -> shapes.DepositList:
        """Everybody's deposits."""
        asked = call.asked(shapes.OperatorsDepositsWanted)
        states = () if asked.state is None else (asked.state,)
        return await self._reading.deposits(asked.account_id, asked, states)

    async def retry_deposit(self, call: WebCall) -> shapes.DepositView:
        """Have a blocked deposit credited again."""
        number = number_in(call, _Code.UNKNOWN_DEPOSIT)
        return self._reading.deposit(await self._reading.acts(call).retry_deposit(number))

    async def set_rule(self, call: WebCall) -> shapes.RuleView:
        """Change how much of an asset may leave."""
        asset = asset_named(self._catalog, call.path["asset"])
        asked = call.read(shapes.NewRule)
        rule = await self._reading.acts(call).set_rule(
            WithdrawalRule(
                asset=asset.id,
                hour_atoms=atoms_of(asset, asked.hour_limit, "hour_limit"),
                day_atoms=atoms_of(asset, asked.day_limit, "day_limit"),
                second_person_atoms=atoms_of(asset, asked.second_person_from, "second_person_from"),
                is_open=asked.is_open,
            )
        )
        return shapes.RuleView(
            asset=asset.name,
            hour_limit=asset.text(rule.hour_atoms),
            day_limit=asset.text(rule.day_atoms),
            second_person_from=asset.text(rule.second_person_atoms),
            is_open=rule.is_open,
        )


def routes(desk: WalletDesk, catalog: Catalog) -> tuple[Route, ...]:
    """Return the routes of operators who look after money."""
    treasury = Treasury(desk, catalog)
    return tuple(told(route) for route in (*_withdrawal_routes(treasury), *_other_routes(treasury)))


def _withdrawal_routes(treasury: Treasury) -> tuple[Route, ...]:
    decisions = problems_of(_Code.UNKNOWN_WITHDRAWAL, _Code.TOO_LATE, _Code.OWN_WITHDRAWAL)
    return (
        Route(
            method="GET",
            path="/operator/withdrawals",
            handler=treasury.withdrawals,
            access=LOOK,
            summary="List everybody's withdrawals",
            description="`state=awaiting` lists those that wait for a decision.",
            tags=TAGS,
            query=shapes.OperatorsPageWanted,
            answer=shapes.WithdrawalList,
            problems=(UNKNOWN_ASSET, *problems_of()),
        ),
        Route(
            method="GET",
            path="/operator/withdrawals/{withdrawal_id}",
            handler=treasury.withdrawal,
            access=LOOK,
            summary="Show anybody's withdrawal with its steps",
            tags=TAGS,
            answer=shapes.WithdrawalView,
            problems=problems_of(_Code.UNKNOWN_WITHDRAWAL),
        ),
        Route(
            method="POST",
            path="/operator/withdrawals/{withdrawal_id}/approve",
            handler=treasury.approve,
            access=DECIDE,
            summary="Approve a withdrawal of somebody else",
            tags=TAGS,
            body=shapes.Decision,
            answer=shapes.WithdrawalView,
            problems=decisions,
        ),
        Route(
            method="POST",
            path="/operator/withdrawals/{withdrawal_id}/reject",
            handler=treasury.reject,
            access=DECIDE,
            summary="Reject a withdrawal; the money is returned",
            tags=TAGS,
            body=shapes.Decision,
            answer=shapes.WithdrawalView,
            problems=decisions,
        ),
    )


def _other_routes(treasury: Treasury) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path="/operator/deposits",
            handler=treasury.deposits,
            access=LOOK,
            summary="List everybody's deposits",
            tags=TAGS,
            query=shapes.OperatorsDepositsWanted,
            answer=shapes.DepositList,
            problems=(UNKNOWN_ASSET, *problems_of()),
        ),
        Route(
            method="POST",
            path="/operator/deposits/{number}/retry",
            handler=treasury.retry_deposit,
            access=DECIDE,
            summary="Have a blocked deposit credited again",
            tags=TAGS,
            answer=shapes.DepositView,
            problems=problems_of(_Code.UNKNOWN_DEPOSIT),
        ),
        Route(
            method="PUT",
            path="/operator/withdrawal-rules/{asset}",
            handler=treasury.set_rule,
            access=DECIDE,
            summary="Set how much of an asset may leave, and by whose word",
            tags=TAGS,
            body=shapes.NewRule,
            answer=shapes.RuleView,
            problems=(UNKNOWN_ASSET, AMOUNT_REFUSED, *problems_of()),
        ),
    )
