"""Webhooks of whoever has signed in: where they go, and what was delivered to them."""

from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.notification_answers import (
    NOTIFICATIONS_AWAY,
    TAGS,
    TOO_MANY_THINGS,
    TOO_OFTEN,
    WISH_REFUSED,
    answers,
)
from openoutcry.gateways.web.notification_shapes import (
    DeliveryList,
    DeliveryView,
    MadeWebhook,
    TrialView,
    WebhookChangeWish,
    WebhookList,
    WebhookView,
    WebhookWish,
    delivery_view,
    webhook_view,
)
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.ports.notification_desk import (
    BadWishError,
    NoSuchThingError,
    NotificationDesk,
    WebhookChange,
)
from openoutcry.ports.notifications import Kind

_ONE = "/notifications/webhooks/{webhook_id}"


def routes(desk: NotificationDesk) -> tuple[Route, ...]:
    """Return everything under `/notifications/webhooks`."""
    return (*_own_routes(desk), *_changing_routes(desk), *_delivery_routes(desk))


def _own_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @answers
    async def show(call: WebCall) -> WebhookList:
        found = await desk.webhooks(call.person.person_id)
        return WebhookList(webhooks=tuple(map(webhook_view, found)))

    @answers
    async def make(call: WebCall) -> MadeWebhook:
        wish = call.read(WebhookWish)
        made = await desk.add_webhook(
            call.person.person_id, wish.url, _kinds(wish.kinds), wish.label
        )
        return MadeWebhook(webhook=webhook_view(made.webhook), secret=made.secret)

    return (
        Route(
            method="GET",
            path="/notifications/webhooks",
            handler=show,
            access=Access.SESSION,
            summary="List your webhooks",
            tags=TAGS,
            answer=WebhookList,
            problems=(NOTIFICATIONS_AWAY,),
        ),
        Route(
            method="POST",
            path="/notifications/webhooks",
            handler=make,
            access=Access.STEPPED_UP,
            summary="Make a webhook",
            description="Its secret is in the answer and nowhere else afterwards.",
            tags=TAGS,
            body=WebhookWish,
            answer=MadeWebhook,
            problems=(WISH_REFUSED, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
            status=201,
        ),
    )


def _changing_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @answers
    async def change(call: WebCall) -> WebhookView:
        wish = call.read(WebhookChangeWish)
        kinds = None if wish.kinds is None else _kinds(wish.kinds)
        changed = await desk.change_webhook(
            call.person.person_id,
            call.path["webhook_id"],
            WebhookChange(wish.url, kinds, wish.label, wish.active),
        )
        return webhook_view(changed)

    @answers
    async def remove(call: WebCall) -> None:
        await desk.remove_webhook(call.person.person_id, call.path["webhook_id"])

    @answers
    async def renew(call: WebCall) -> MadeWebhook:
        made = await desk.renew_secret(call.person.person_id, call.path["webhook_id"])
        return MadeWebhook(webhook=webhook_view(made.webhook), secret=made.secret)

    return (
        Route(
            method="PATCH",
            path=_ONE,
            handler=change,
            access=Access.STEPPED_UP,
            summary="Change a webhook, pause it, or let it go on",
            tags=TAGS,
            body=WebhookChangeWish,
            answer=WebhookView,
            problems=(WISH_REFUSED, NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="DELETE",
            path=_ONE,
            handler=remove,
            access=Access.SESSION,
            summary="Remove a webhook",
            tags=TAGS,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="POST",
            path=f"{_ONE}/secret",
            handler=renew,
            access=Access.STEPPED_UP,
            summary="Give a webhook another secret",
            description="The old one signs nothing more, retries included.",
            tags=TAGS,
            answer=MadeWebhook,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
    )


def _delivery_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @answers
    async def test(call: WebCall) -> TrialView:
        trial = await desk.try_webhook(call.person.person_id, call.path["webhook_id"])
        return TrialView(ok=trial.ok, outcome=trial.outcome, milliseconds=trial.milliseconds)

    @answers
    async def deliveries(call: WebCall) -> DeliveryList:
        found = await desk.deliveries(call.person.person_id, call.path["webhook_id"])
        return DeliveryList(deliveries=tuple(map(delivery_view, found)))

    @answers
    async def redeliver(call: WebCall) -> DeliveryView:
        number = call.path["delivery_id"]
        if not (number.isascii() and number.isdecimal() and len(number) < 17):
            raise NoSuchThingError("there is no such delivery to this webhook")
        again = await desk.redeliver(call.person.person_id, call.path["webhook_id"], int(number))
        return delivery_view(again)

    return (
        Route(
            method="POST",
            path=f"{_ONE}/test",
            handler=test,
            access=Access.SESSION,
            summary="Send a test to a webhook now",
            tags=TAGS,
            answer=TrialView,
            problems=(NOT_FOUND, TOO_OFTEN, NOTIFICATIONS_AWAY),
            weight=10,
        ),
        Route(
            method="GET",
            path=f"{_ONE}/deliveries",
            handler=deliveries,
            access=Access.SESSION,
            summary="List the newest deliveries to a webhook",
            tags=TAGS,
            answer=DeliveryList,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="POST",
            path=f"{_ONE}/deliveries/{{delivery_id}}/redeliver",
            handler=redeliver,
            access=Access.SESSION,
            summary="Deliver something once more",
            tags=TAGS,
            answer=DeliveryView,
            problems=(WISH_REFUSED, NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
    )


def _kinds(kinds: tuple[Kind, ...]) -> frozenset[Kind]:
    if Kind.TEST in kinds:
        raise BadWishError("kinds", "tests go to every webhook")
    return frozenset(kinds)
