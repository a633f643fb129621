"""Operators' part of money in and out: withdrawals to approve, blocked deposits, limits."""

from openoutcry.gateways.edge.catalog import Catalog
from openoutcry.gateways.web import wallet_shapes as shapes
from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.wallet import told
from openoutcry.gateways.web.wallet_shapes import (
    AMOUNT_REFUSED,
    REFUSALS,
    UNKNOWN_ASSET,
    asset_named,
    atoms_of,
    problems_of,
)
from openoutcry.ports.audit import person_actor
from openoutcry.ports.people import OperatorRole
from openoutcry.ports.wallet_desk import WalletActs, WalletDesk, WalletRefusalCode
from openoutcry.ports.wallets import WithdrawalRule

TAGS = ("operator",)
_Code = WalletRefusalCode
_LOOK = Access.operator(OperatorRole.TREASURY, OperatorRole.AUDITOR, OperatorRole.SUPPORT)
_DECIDE = Access.operator(OperatorRole.TREASURY, stepped_up=True)


class Treasury:
    """The handlers of operators who look after money."""

    def __init__(self, desk: WalletDesk, catalog: Catalog) -> None:
        self._desk = desk
        self._catalog = catalog

    async def withdrawals(self, call: WebCall) -> shapes.WithdrawalList:
        """Everybody's withdrawals."""
        asked = call.asked(shapes.OperatorsPageWanted)
        found = await self._desk.withdrawals(
            asked.account_id,
            states=() if asked.state is None else (asked.state,),
            asset=None if asked.asset is None else asset_named(self._catalog, asked.asset).id,
            start_us=asked.start_us,
            end_us=asked.end_us,
            offset=asked.offset,
            limit=asked.limit,
        )
        return shapes.WithdrawalList(
            withdrawals=tuple(
                shapes.withdrawal_view(self._catalog.asset(one.asset), one) for one in found
            )
        )

    async def withdrawal(self, call: WebCall) -> shapes.WithdrawalView:
        """One withdrawal, with its steps."""
        name = call.path["withdrawal_id"]
        found = await self._desk.withdrawal(None, name)
        steps = await self._desk.steps(name)
        return shapes.withdrawal_view(self._catalog.asset(found.asset), found, steps)

    async def approve(self, call: WebCall) -> shapes.WithdrawalView:
        """Say yes."""
        decided = await self._acts(call).approve(
            call.path["withdrawal_id"],
            call.person.person_id,
            call.person.account_id,
            call.read(shapes.Decision).note,
        )
        return shapes.withdrawal_view(self._catalog.asset(decided.asset), decided)

    async def reject(self, call: WebCall) -> shapes.WithdrawalView:
        """Say no."""
        decided = await self._acts(call).reject(
            call.path["withdrawal_id"],
            call.person.person_id,
            call.person.account_id,
            call.read(shapes.Decision).note,
        )
        return shapes.withdrawal_view(self._catalog.asset(decided.asset), decided)

    async def deposits(self, call: WebCall) -> shapes.DepositList:
        """Everybody's deposits."""
        asked = call.asked(shapes.OperatorsDepositsWanted)
        found = await self._desk.deposits(
            asked.account_id,
            states=() if asked.state is None else (asked.state,),
            asset=None if asked.asset is None else asset_named(self._catalog, asked.asset).id,
            start_us=asked.start_us,
            end_us=asked.end_us,
            offset=asked.offset,
            limit=asked.limit,
        )
        return shapes.DepositList(
            deposits=tuple(
                shapes.deposit_view(
                    self._catalog.asset(one.asset),
                    one,
                    self._desk.confirmations_final(one.chain, one.asset),
                )
                for one in found
            )
        )

    async def retry_deposit(self, call: WebCall) -> shapes.DepositView:
        """Have a blocked deposit credited again."""
        number = call.path["number"]
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise REFUSALS[_Code.UNKNOWN_DEPOSIT].problem("A deposit is a number.")
        found = await self._acts(call).retry_deposit(int(number))
        return shapes.deposit_view(
            self._catalog.asset(found.asset),
            found,
            self._desk.confirmations_final(found.chain, found.asset),
        )

    async def set_rule(self, call: WebCall) -> shapes.RuleView:
        """Change how much of an asset may leave."""
        asset = asset_named(self._catalog, call.path["asset"])
        asked = call.read(shapes.NewRule)
        rule = await self._acts(call).set_rule(
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

    def _acts(self, call: WebCall) -> WalletActs:
        return self._desk.acting(person_actor(call.person.person_id), call.request_id)


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
            access=_LOOK,
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
            access=_LOOK,
            summary="Show anybody's withdrawal with its steps",
            tags=TAGS,
            answer=shapes.WithdrawalView,
            problems=problems_of(_Code.UNKNOWN_WITHDRAWAL),
        ),
        Route(
            method="POST",
            path="/operator/withdrawals/{withdrawal_id}/approve",
            handler=treasury.approve,
            access=_DECIDE,
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
            access=_DECIDE,
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
            access=_LOOK,
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
            access=_DECIDE,
            summary="Have a blocked deposit credited again",
            tags=TAGS,
            answer=shapes.DepositView,
            problems=problems_of(_Code.UNKNOWN_DEPOSIT),
        ),
        Route(
            method="PUT",
            path="/operator/withdrawal-rules/{asset}",
            handler=treasury.set_rule,
            access=_DECIDE,
            summary="Set how much of an asset may leave, and by whose word",
            tags=TAGS,
            body=shapes.NewRule,
            answer=shapes.RuleView,
            problems=(UNKNOWN_ASSET, AMOUNT_REFUSED, *problems_of()),
        ),
    )
