"""Notifications of whoever has signed in: the inbox, choices, webhooks, price alerts."""

from collections.abc import Awaitable, Callable
from functools import wraps

from openoutcry.gateways.web.api import Access, Handler, Problem, ProblemType, Route, WebCall
from openoutcry.gateways.web.notification_shapes import (
    AlertChangeWish,
    AlertList,
    AlertView,
    AlertWish,
    ChoicesView,
    ChoicesWish,
    DeliveryList,
    DeliveryView,
    InboxQuery,
    InboxView,
    MadeWebhook,
    MarkRead,
    TrialView,
    UnreadView,
    WebhookChangeWish,
    WebhookList,
    WebhookView,
    WebhookWish,
    alert_view,
    choices_view,
    delivery_view,
    notification_view,
    webhook_view,
)
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.ports.audit import AuditError
from openoutcry.ports.notification_desk import (
    BadWishError,
    DeskError,
    NoSuchThingError,
    NotificationDesk,
    TooManyThingsError,
    TooOftenError,
    WebhookChange,
)
from openoutcry.ports.notifications import Kind, NotificationStoreError

WISH_REFUSED = ProblemType("WISH_REFUSED", 422, "This cannot be done")
TOO_MANY_THINGS = ProblemType("TOO_MANY_THINGS", 409, "There are as many as one may have")
TOO_OFTEN = ProblemType("TOO_OFTEN", 429, "Too often")
NOTIFICATIONS_AWAY = ProblemType("NOTIFICATIONS_AWAY", 503, "Notifications do not answer now")

TOO_OFTEN_SECONDS = 60
_TAGS = ("notifications",)


def _answers(handler: Callable[[WebCall], Awaitable[object]]) -> Handler:
    """Turn what the desk refuses into problems."""

    @wraps(handler)
    async def handle(call: WebCall) -> object:
        try:
            return await handler(call)
        except DeskError as error:
            raise _problem_of(error) from error
        except (NotificationStoreError, AuditError) as error:
            raise NOTIFICATIONS_AWAY.problem("Try it again.") from error

    return handle


def _problem_of(error: DeskError) -> Problem:
    words = f"{str(error)[:1].upper()}{str(error)[1:]}."
    match error:
        case NoSuchThingError():
            return NOT_FOUND.problem(words)
        case TooManyThingsError():
            return TOO_MANY_THINGS.problem(words)
        case TooOftenError():
            return TOO_OFTEN.problem(words, headers=(("Retry-After", str(TOO_OFTEN_SECONDS)),))
        case BadWishError():
            return WISH_REFUSED.problem(words, field=error.field_name)
        case _:
            return WISH_REFUSED.problem(words)


def routes(desk: NotificationDesk) -> tuple[Route, ...]:
    """Return everything under `/notifications`."""
    return (*_inbox_routes(desk), *_webhook_routes(desk), *_alert_routes(desk))


def _inbox_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @_answers
    async def inbox(call: WebCall) -> InboxView:
        asked = call.asked(InboxQuery)
        page = await desk.inbox(
            call.person.person_id,
            before=asked.before,
            limit=asked.limit,
            unread_only=asked.unread,
        )
        items = tuple(map(notification_view, page.items))
        return InboxView(items=items, unread=page.unread, next_before=page.next_before)

    @_answers
    async def mark_read(call: WebCall) -> UnreadView:
        read = call.read(MarkRead)
        if bool(read.ids) == (read.up_to is not None):
            raise BadWishError("ids", "say which: ids, or up_to")
        unread = await desk.mark_read(call.person.person_id, ids=read.ids, up_to=read.up_to)
        return UnreadView(unread=unread)

    @_answers
    async def choices(call: WebCall) -> ChoicesView:
        return choices_view(await desk.choices(call.person.person_id))

    @_answers
    async def choose(call: WebCall) -> ChoicesView:
        wishes = call.read(ChoicesWish).choices
        changes = {(wish.kind, wish.channel): wish.wanted for wish in wishes}
        if len(changes) != len(wishes):
            raise BadWishError("choices", "a choice is there twice")
        if any(kind is Kind.TEST for kind, _ in changes):
            raise BadWishError("choices", "nobody has a choice about tests")
        return choices_view(await desk.choose(call.person.person_id, changes))

    return (
        Route(
            method="GET",
            path="/notifications",
            handler=inbox,
            access=Access.SESSION,
            summary="Read your notifications, newest first",
            tags=_TAGS,
            query=InboxQuery,
            answer=InboxView,
            problems=(NOTIFICATIONS_AWAY,),
        ),
        Route(
            method="POST",
            path="/notifications/read",
            handler=mark_read,
            access=Access.SESSION,
            summary="Mark notifications as read",
            tags=_TAGS,
            body=MarkRead,
            answer=UnreadView,
            problems=(WISH_REFUSED, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="GET",
            path="/notifications/preferences",
            handler=choices,
            access=Access.SESSION,
            summary="Show what reaches you, and how",
            tags=_TAGS,
            answer=ChoicesView,
            problems=(NOTIFICATIONS_AWAY,),
        ),
        Route(
            method="PATCH",
            path="/notifications/preferences",
            handler=choose,
            access=Access.SESSION,
            summary="Change what reaches you, and how",
            description="Who switches mails about sign-ins or withdrawals off is told so by mail.",
            tags=_TAGS,
            body=ChoicesWish,
            answer=ChoicesView,
            problems=(WISH_REFUSED, NOTIFICATIONS_AWAY),
        ),
    )


def _webhook_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @_answers
    async def show(call: WebCall) -> WebhookList:
        found = await desk.webhooks(call.person.person_id)
        return WebhookList(webhooks=tuple(map(webhook_view, found)))

    @_answers
    async def make(call: WebCall) -> MadeWebhook:
        wish = call.read(WebhookWish)
        made = await desk.add_webhook(
            call.person.person_id, wish.url, _kinds(wish.kinds), wish.label
        )
        return MadeWebhook(webhook=webhook_view(made.webhook), secret=made.secret)

    @_answers
    async def change(call: WebCall) -> WebhookView:
        wish = call.read(WebhookChangeWish)
        kinds = None if wish.kinds is None else _kinds(wish.kinds)
        changed = await desk.change_webhook(
            call.person.person_id,
            call.path["webhook_id"],
            WebhookChange(wish.url, kinds, wish.label, wish.active),
        )
        return webhook_view(changed)

    @_answers
    async def remove(call: WebCall) -> None:
        await desk.remove_webhook(call.person.person_id, call.path["webhook_id"])

    @_answers
    async def renew(call: WebCall) -> MadeWebhook:
        made = await desk.renew_secret(call.person.person_id, call.path["webhook_id"])
        return MadeWebhook(webhook=webhook_view(made.webhook), secret=made.secret)

    @_answers
    async def test(call: WebCall) -> TrialView:
        trial = await desk.try_webhook(call.person.person_id, call.path["webhook_id"])
        return TrialView(ok=trial.ok, outcome=trial.outcome, milliseconds=trial.milliseconds)

    @_answers
    async def deliveries(call: WebCall) -> DeliveryList:
        found = await desk.deliveries(call.person.person_id, call.path["webhook_id"])
        return DeliveryList(deliveries=tuple(map(delivery_view, found)))

    @_answers
    async def redeliver(call: WebCall) -> DeliveryView:
        number = call.path["delivery_id"]
        if not (number.isascii() and number.isdecimal() and len(number) < 17):
            raise NoSuchThingError("there is no such delivery to this webhook")
        again = await desk.redeliver(call.person.person_id, call.path["webhook_id"], int(number))
        return delivery_view(again)

    one = "/notifications/webhooks/{webhook_id}"
    return (
        Route(
            method="GET",
            path="/notifications/webhooks",
            handler=show,
            access=Access.SESSION,
            summary="List your webhooks",
            tags=_TAGS,
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
            tags=_TAGS,
            body=WebhookWish,
            answer=MadeWebhook,
            problems=(WISH_REFUSED, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
            status=201,
        ),
        Route(
            method="PATCH",
            path=one,
            handler=change,
            access=Access.STEPPED_UP,
            summary="Change a webhook, pause it, or let it go on",
            tags=_TAGS,
            body=WebhookChangeWish,
            answer=WebhookView,
            problems=(WISH_REFUSED, NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="DELETE",
            path=one,
            handler=remove,
            access=Access.SESSION,
            summary="Remove a webhook",
            tags=_TAGS,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="POST",
            path=f"{one}/secret",
            handler=renew,
            access=Access.STEPPED_UP,
            summary="Give a webhook another secret",
            description="The old one signs nothing more, retries included.",
            tags=_TAGS,
            answer=MadeWebhook,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="POST",
            path=f"{one}/test",
            handler=test,
            access=Access.SESSION,
            summary="Send a test to a webhook now",
            tags=_TAGS,
            answer=TrialView,
            problems=(NOT_FOUND, TOO_OFTEN, NOTIFICATIONS_AWAY),
            weight=10,
        ),
        Route(
            method="GET",
            path=f"{one}/deliveries",
            handler=deliveries,
            access=Access.SESSION,
            summary="List the newest deliveries to a webhook",
            tags=_TAGS,
            answer=DeliveryList,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="POST",
            path=f"{one}/deliveries/{{delivery_id}}/redeliver",
            handler=redeliver,
            access=Access.SESSION,
            summary="Deliver something once more",
            tags=_TAGS,
            answer=DeliveryView,
            problems=(WISH_REFUSED, NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
    )


def _alert_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @_answers
    async def show(call: WebCall) -> AlertList:
        found = await desk.alerts(call.person.person_id)
        return AlertList(alerts=tuple(map(alert_view, found)))

    @_answers
    async def make(call: WebCall) -> AlertView:
        wish = call.read(AlertWish)
        made = await desk.add_alert(
            call.person.person_id, wish.symbol, wish.direction, wish.price, once=wish.once
        )
        return alert_view(made)

    @_answers
    async def change(call: WebCall) -> AlertView:
        wish = call.read(AlertChangeWish)
        changed = await desk.change_alert(
            call.person.person_id,
            call.path["alert_id"],
            direction=wish.direction,
            price=wish.price,
            once=wish.once,
        )
        return alert_view(changed)

    @_answers
    async def remove(call: WebCall) -> None:
        await desk.remove_alert(call.person.person_id, call.path["alert_id"])

    return (
        Route(
            method="GET",
            path="/notifications/alerts",
            handler=show,
            access=Access.SESSION,
            summary="List your price alerts",
            tags=_TAGS,
            answer=AlertList,
            problems=(NOTIFICATIONS_AWAY,),
        ),
        Route(
            method="POST",
            path="/notifications/alerts",
            handler=make,
            access=Access.SESSION,
            summary="Make a price alert",
            description="It fires on the first trade from now on that reaches its price.",
            tags=_TAGS,
            body=AlertWish,
            answer=AlertView,
            problems=(WISH_REFUSED, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
            status=201,
        ),
        Route(
            method="PATCH",
            path="/notifications/alerts/{alert_id}",
            handler=change,
            access=Access.SESSION,
            summary="Change a price alert",
            description="It begins anew, as if it had just been made.",
            tags=_TAGS,
            body=AlertChangeWish,
            answer=AlertView,
            problems=(WISH_REFUSED, NOT_FOUND, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="DELETE",
            path="/notifications/alerts/{alert_id}",
            handler=remove,
            access=Access.SESSION,
            summary="Remove a price alert",
            tags=_TAGS,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
    )


def _kinds(kinds: tuple[Kind, ...]) -> frozenset[Kind]:
    if Kind.TEST in kinds:
        raise BadWishError("kinds", "tests go to every webhook")
    return frozenset(kinds)
