"""Notifications of whoever has signed in: the inbox, and what reaches them, and how."""

from openoutcry.gateways.web import notification_alerts, notification_webhooks
from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.notification_answers import (
    NOTIFICATIONS_AWAY,
    TAGS,
    WISH_REFUSED,
    answers,
)
from openoutcry.gateways.web.notification_shapes import (
    ChoicesView,
    ChoicesWish,
    InboxQuery,
    InboxView,
    MarkRead,
    UnreadView,
    choices_view,
    notification_view,
)
from openoutcry.ports.notification_desk import BadWishError, NotificationDesk
from openoutcry.ports.notifications import Kind


def routes(desk: NotificationDesk) -> tuple[Route, ...]:
    """Return everything under `/notifications`."""
    return (
        *_inbox_routes(desk),
        *_choice_routes(desk),
        *notification_webhooks.routes(desk),
        *notification_alerts.routes(desk),
    )


def _inbox_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @answers
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

    @answers
    async def mark_read(call: WebCall) -> UnreadView:
        read = call.read(MarkRead)
        if bool(read.ids) == (read.up_to is not None):
            raise BadWishError("ids", "say which: ids, or up_to")
        unread = await desk.mark_read(call.person.person_id, ids=read.ids, up_to=read.up_to)
        return UnreadView(unread=unread)

    return (
        Route(
            method="GET",
            path="/notifications",
            handler=inbox,
            access=Access.SESSION,
            summary="Read your notifications, newest first",
            tags=TAGS,
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
            tags=TAGS,
            body=MarkRead,
            answer=UnreadView,
            problems=(WISH_REFUSED, NOTIFICATIONS_AWAY),
        ),
    )


def _choice_routes(desk: NotificationDesk) -> tuple[Route, ...]:
    @answers
    async def choices(call: WebCall) -> ChoicesView:
        return choices_view(await desk.choices(call.person.person_id))

    @answers
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
            path="/notifications/preferences",
            handler=choices,
            access=Access.SESSION,
            summary="Show what reaches you, and how",
            tags=TAGS,
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
            tags=TAGS,
            body=ChoicesWish,
            answer=ChoicesView,
            problems=(WISH_REFUSED, NOTIFICATIONS_AWAY),
        ),
    )
