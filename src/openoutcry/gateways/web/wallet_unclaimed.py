"""Operators' part of payments that are nobody's: who they are for, or why they are for nobody."""

from openoutcry.gateways.edge.decimals import text_of
from openoutcry.gateways.web import wallet_shapes as shapes
from openoutcry.gateways.web.api import Route, WebCall
from openoutcry.gateways.web.wallet_operator import DECIDE, LOOK, TAGS
from openoutcry.gateways.web.wallet_reading import acts_of, told
from openoutcry.gateways.web.wallet_shapes import number_in, problems_of
from openoutcry.ports.wallet_desk import WalletDesk, WalletRefusalCode
from openoutcry.ports.wallets import UnclaimedPayment

_Code = WalletRefusalCode


class UnclaimedPayments:
    """The handlers of operators who find out whose a payment is."""

    def __init__(self, desk: WalletDesk) -> None:
        self._desk = desk

    async def payments(self, call: WebCall) -> shapes.UnclaimedList:
        """Payments that were nobody's when they came."""
        asked = call.asked(shapes.UnclaimedWanted)
        found = await self._desk.unclaimed_payments(
            states=() if asked.state is None else (asked.state,),
            offset=asked.offset,
            limit=asked.limit,
        )
        return shapes.UnclaimedList(payments=tuple(_view(one) for one in found))

    async def assign(self, call: WebCall) -> shapes.UnclaimedView:
        """Give one to an account."""
        asked = call.read(shapes.Assignment)
        number, person = number_in(call, _Code.UNKNOWN_PAYMENT), call.person
        assigned = await acts_of(self._desk, call).assign_payment(
            number, asked.account_id, person.person_id, person.account_id, asked.note
        )
        return _view(assigned)

    async def dismiss(self, call: WebCall) -> shapes.UnclaimedView:
        """Say why one is credited to nobody."""
        reason = call.read(shapes.Dismissal).reason
        number = number_in(call, _Code.UNKNOWN_PAYMENT)
        acts = acts_of(self._desk, call)
        return _view(await acts.dismiss_payment(number, call.person.person_id, reason))


def _view(payment: UnclaimedPayment) -> shapes.UnclaimedView:
    return shapes.UnclaimedView(
        number=payment.number,
        asset=payment.asset_name,
        network=payment.chain,
        amount=text_of(payment.amount_atoms, payment.scale),
        address=payment.address,
        transaction=payment.transaction,
        output=payment.output,
        state=payment.state,
        account_id=payment.account_id,
        note=payment.note,
        seen_us=payment.seen_us,
        changed_us=payment.changed_us,
    )


def routes(desk: WalletDesk) -> tuple[Route, ...]:
    """Return the routes of payments that are nobody's."""
    unclaimed = UnclaimedPayments(desk)
    return tuple(
        told(route)
        for route in (
            Route(
                method="GET",
                path="/operator/wallet/unclaimed-payments",
                handler=unclaimed.payments,
                access=LOOK,
                summary="List payments to addresses that are nobody's, or of unknown assets",
                description="`state=open` lists those that wait for a decision.",
                tags=TAGS,
                query=shapes.UnclaimedWanted,
                answer=shapes.UnclaimedList,
                problems=problems_of(),
            ),
            Route(
                method="POST",
                path="/operator/wallet/unclaimed-payments/{number}/assign",
                handler=unclaimed.assign,
                access=DECIDE,
                summary="Give a payment to an account; it is credited once it is final",
                description="Asked again for the same account, it changes nothing.",
                tags=TAGS,
                body=shapes.Assignment,
                answer=shapes.UnclaimedView,
                problems=problems_of(
                    _Code.UNKNOWN_PAYMENT,
                    _Code.UNKNOWN_ASSET,
                    _Code.AMOUNT_TOO_LARGE,
                    _Code.UNKNOWN_ACCOUNT,
                    _Code.OWN_ACCOUNT,
                    _Code.PAYMENT_IS_ANOTHERS,
                    _Code.TOO_LATE,
                ),
            ),
            Route(
                method="POST",
                path="/operator/wallet/unclaimed-payments/{number}/dismiss",
                handler=unclaimed.dismiss,
                access=DECIDE,
                summary="Say why a payment is credited to nobody",
                tags=TAGS,
                body=shapes.Dismissal,
                answer=shapes.UnclaimedView,
                problems=problems_of(_Code.UNKNOWN_PAYMENT, _Code.TOO_LATE),
            ),
        )
    )
