"""Price alerts of whoever has signed in."""

from openoutcry.gateways.web.api import Access, Route, WebCall
from openoutcry.gateways.web.notification_answers import (
    NOTIFICATIONS_AWAY,
    TAGS,
    TOO_MANY_THINGS,
    WISH_REFUSED,
    answers,
)
from openoutcry.gateways.web.notification_shapes import (
    AlertChangeWish,
    AlertList,
    AlertView,
    AlertWish,
    alert_view,
)
from openoutcry.gateways.web.server import NOT_FOUND
from openoutcry.ports.notification_desk import NotificationDesk


class Alerts:
    """The handlers of one person's alerts."""

    def __init__(self, desk: NotificationDesk) -> None:
        self._desk = desk

    async def show(self, call: WebCall) -> AlertList:
        """One's alerts."""
        found = await self._desk.alerts(call.person.person_id)
        return AlertList(alerts=tuple(map(alert_view, found)))

    async def make(self, call: WebCall) -> AlertView:
        """Another one."""
        wish = call.read(AlertWish)
        made = await self._desk.add_alert(
            call.person.person_id, wish.symbol, wish.direction, wish.price, once=wish.once
        )
        return alert_view(made)

    async def change(self, call: WebCall) -> AlertView:
        """Another price, side or number of times."""
        wish = call.read(AlertChangeWish)
        changed = await self._desk.change_alert(
            call.person.person_id,
            call.path["alert_id"],
            direction=wish.direction,
            price=wish.price,
            once=wish.once,
        )
        return alert_view(changed)

    async def remove(self, call: WebCall) -> None:
        """One less."""
        await self._desk.remove_alert(call.person.person_id, call.path["alert_id"])


def routes(desk: NotificationDesk) -> tuple[Route, ...]:
    """Return everything under `/notifications/alerts`."""
    alerts = Alerts(desk)
    return (
        Route(
            method="GET",
            path="/notifications/alerts",
            handler=answers(alerts.show),
            access=Access.SESSION,
            summary="List your price alerts",
            tags=TAGS,
            answer=AlertList,
            problems=(NOTIFICATIONS_AWAY,),
        ),
        Route(
            method="POST",
            path="/notifications/alerts",
            handler=answers(alerts.make),
            access=Access.SESSION,
            summary="Make a price alert",
            description="It fires on the first trade from now on that reaches its price.",
            tags=TAGS,
            body=AlertWish,
            answer=AlertView,
            problems=(WISH_REFUSED, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
            status=201,
        ),
        Route(
            method="PATCH",
            path="/notifications/alerts/{alert_id}",
            handler=answers(alerts.change),
            access=Access.SESSION,
            summary="Change a price alert",
            description="It begins anew, as if it had just been made.",
            tags=TAGS,
            body=AlertChangeWish,
            answer=AlertView,
            problems=(WISH_REFUSED, NOT_FOUND, TOO_MANY_THINGS, NOTIFICATIONS_AWAY),
        ),
        Route(
            method="DELETE",
            path="/notifications/alerts/{alert_id}",
            handler=answers(alerts.remove),
            access=Access.SESSION,
            summary="Remove a price alert",
            tags=TAGS,
            problems=(NOT_FOUND, NOTIFICATIONS_AWAY),
        ),
    )
