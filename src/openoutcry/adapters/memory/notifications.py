"""Notifications in dictionaries: for tests and for exchanges that live no longer than a process."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from openoutcry.ports.notifications import (
    ALERTS_ENDED_MAX,
    AlertMark,
    Channel,
    Delivery,
    DeliveryState,
    Entry,
    Kind,
    Notification,
    Preferences,
    PriceAlert,
    StalePositionError,
    StoredNotification,
    Webhook,
    WebhookPause,
    WebhookState,
)


@dataclass(slots=True)
class _Kept:
    number: int
    notification: Notification
    shown: bool
    recorded_us: int
    read_us: int | None = None

    def stored(self) -> StoredNotification:
        return StoredNotification(self.number, self.notification, self.read_us)


class MemoryNotifications:
    """`NotificationStore` without a file. No method waits, so each is one transaction."""

    def __init__(self) -> None:
        self._cursors: dict[str, int] = {}
        self._kept: dict[str, _Kept] = {}
        self._numbers = 0
        self._deliveries: dict[int, Delivery] = {}
        self._delivery_ids = 0
        self._preferences: dict[int, dict[tuple[Kind, Channel], bool]] = {}
        self._webhooks: dict[str, Webhook] = {}
        self._pauses: list[WebhookPause] = []
        self._alerts: dict[str, PriceAlert] = {}

    async def close(self) -> None:
        """Nothing to let go of."""

    # -- outbox

    async def cursor(self, source: str) -> int | None:
        """Return how far a source was read."""
        return self._cursors.get(source)

    async def reset(self, source: str, position: int) -> None:
        """Set the place in a source anew."""
        self._cursors[source] = position

    async def record(
        self,
        entries: Sequence[Entry],
        *,
        now_us: int,
        source: str | None = None,
        position: int = 0,
        marks: Sequence[AlertMark] = (),
    ) -> Sequence[StoredNotification]:
        """Keep notifications, deliveries, marks and the new place of a source."""
        if source is not None:
            before = self._cursors.get(source)
            if before is not None and position <= before:
                raise StalePositionError(f"{source} was read up to {before}, not to {position}")
            self._cursors[source] = position
        new = [kept for entry in entries if (kept := self._keep(entry, now_us)) is not None]
        for mark in marks:
            alert = self._alerts.get(mark.alert_id)
            if alert is not None:
                self._alerts[mark.alert_id] = replace(
                    alert, armed=mark.armed, fired_us=mark.fired_us
                )
        return [kept.stored() for kept in new if kept.shown]

    def _keep(self, entry: Entry, now_us: int) -> _Kept | None:
        notification = entry.notification
        if notification.notification_id in self._kept:
            return None
        self._numbers += 1
        kept = _Kept(self._numbers, notification, entry.in_app, now_us)
        self._kept[notification.notification_id] = kept
        targets = [(Channel.EMAIL, "")] if entry.email else []
        targets += [(Channel.WEBHOOK, webhook_id) for webhook_id in entry.webhooks]
        for channel, webhook_id in targets:
            self._delivery_ids += 1
            self._deliveries[self._delivery_ids] = Delivery(
                self._delivery_ids,
                notification,
                channel,
                webhook_id,
                DeliveryState.PENDING,
                attempts=0,
                due_us=now_us,
            )
        return kept

    async def prune(self, *, before_us: int, keep_per_person: int) -> int:
        """Forget settled notifications that are older, or more than a person keeps."""
        pending = {
            delivery.notification.notification_id
            for delivery in self._deliveries.values()
            if delivery.state is DeliveryState.PENDING
        }
        counts: dict[int, int] = {}
        gone = []
        for kept in sorted(self._kept.values(), key=lambda kept: -kept.number):
            person_id = kept.notification.person_id
            counts[person_id] = counts.get(person_id, 0) + 1
            is_old = kept.recorded_us < before_us or counts[person_id] > keep_per_person
            if is_old and kept.notification.notification_id not in pending:
                gone.append(kept.notification.notification_id)
        for notification_id in gone:
            del self._kept[notification_id]
        self._pauses = [
            *(pause for pause in self._pauses[:-1] if pause.time_us >= before_us),
            *self._pauses[-1:],
        ]
        self._deliveries = {
            number: delivery
            for number, delivery in self._deliveries.items()
            if delivery.notification.notification_id in self._kept
        }
        return len(gone)

    # -- inbox

    async def shown(
        self, person_id: int, *, before: int | None, limit: int, unread_only: bool = False
    ) -> Sequence[StoredNotification]:
        """Return the newest notifications, below a number, newest first."""
        found = [
            kept.stored()
            for kept in self._inbox(person_id)
            if (before is None or kept.number < before)
            and (kept.read_us is None or not unread_only)
        ]
        return found[::-1][:limit]

    async def unread(self, person_id: int) -> int:
        """Count what the person has not read."""
        return sum(kept.read_us is None for kept in self._inbox(person_id))

    async def mark_read(
        self, person_id: int, *, now_us: int, ids: Sequence[str] = (), up_to: int | None = None
    ) -> int:
        """Mark these, or all up to a number, as read."""
        count = 0
        for kept in self._inbox(person_id):
            is_meant = kept.notification.notification_id in ids or (
                up_to is not None and kept.number <= up_to
            )
            if is_meant and kept.read_us is None:
                kept.read_us = now_us
                count += 1
        return count

    def _inbox(self, person_id: int) -> list[_Kept]:
        return [
            kept
            for kept in self._kept.values()
            if kept.shown and kept.notification.person_id == person_id
        ]

    async def preferences(self, person_id: int) -> Preferences:
        """Return what the person has chosen."""
        return dict(self._preferences.get(person_id, {}))

    async def set_preferences(self, person_id: int, changes: Preferences) -> None:
        """Keep choices; others stay."""
        self._preferences.setdefault(person_id, {}).update(changes)

    # -- deliveries

    async def claim(
        self, *, now_us: int, until_us: int, limit: int, busy: Collection[str]
    ) -> Sequence[Delivery]:
        """Take deliveries that are due, one for each target that is not busy, oldest first."""
        taken: dict[str, Delivery] = {}
        for delivery in sorted(self._deliveries.values(), key=lambda d: (d.due_us, d.delivery_id)):
            if len(taken) == limit:
                break
            is_due = delivery.state is DeliveryState.PENDING and delivery.due_us <= now_us
            if is_due and delivery.target not in busy and delivery.target not in taken:
                taken[delivery.target] = replace(
                    delivery, attempts=delivery.attempts + 1, due_us=until_us
                )
        for delivery in taken.values():
            self._deliveries[delivery.delivery_id] = delivery
        return list(taken.values())

    async def next_due_us(self) -> int | None:
        """Return when the next pending delivery is due."""
        return min(
            (
                delivery.due_us
                for delivery in self._deliveries.values()
                if delivery.state is DeliveryState.PENDING
            ),
            default=None,
        )

    async def settle(
        self, delivery_id: int, state: DeliveryState, *, now_us: int, due_us: int, outcome: str
    ) -> int:
        """Keep what came of an attempt."""
        delivery = self._deliveries.get(delivery_id)
        if delivery is None or delivery.state is not DeliveryState.PENDING:
            return 0
        self._deliveries[delivery_id] = replace(
            delivery,
            state=state,
            due_us=due_us,
            outcome=outcome,
            settled_us=None if state is DeliveryState.PENDING else now_us,
        )
        webhook = self._webhooks.get(delivery.webhook_id)
        if webhook is None:
            return 0
        if state is DeliveryState.DEAD:
            webhook = replace(webhook, dead_in_a_row=webhook.dead_in_a_row + 1)
        elif state is DeliveryState.SENT:
            webhook = replace(webhook, dead_in_a_row=0)
        self._webhooks[webhook.webhook_id] = webhook
        return webhook.dead_in_a_row

    async def mails_since(self, person_id: int, since_us: int) -> int:
        """Count mails sent to a person, those about security aside."""
        return sum(
            delivery.channel is Channel.EMAIL
            and delivery.state is DeliveryState.SENT
            and delivery.notification.person_id == person_id
            and delivery.notification.kind is not Kind.SECURITY
            and delivery.settled_us is not None
            and delivery.settled_us >= since_us
            for delivery in self._deliveries.values()
        )

    async def deliveries(self, person_id: int, webhook_id: str, limit: int) -> Sequence[Delivery]:
        """Return a webhook's deliveries, newest first."""
        found = [
            delivery
            for delivery in self._deliveries.values()
            if delivery.webhook_id == webhook_id and delivery.notification.person_id == person_id
        ]
        return found[::-1][:limit]

    async def redeliver(self, person_id: int, delivery_id: int, now_us: int) -> Delivery | None:
        """Make a settled delivery pending again, with all attempts."""
        delivery = self._deliveries.get(delivery_id)
        if delivery is None or delivery.notification.person_id != person_id:
            return None
        if delivery.channel is not Channel.WEBHOOK or delivery.state is DeliveryState.PENDING:
            return None
        again = replace(
            delivery, state=DeliveryState.PENDING, attempts=0, due_us=now_us, settled_us=None
        )
        self._deliveries[delivery_id] = again
        return again

    # -- webhooks

    async def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False when the person has that many already."""
        if len(await self.webhooks(webhook.person_id)) >= most:
            return False
        self._webhooks[webhook.webhook_id] = webhook
        return True

    async def put_webhook(self, webhook: Webhook, *, keeps_state: bool = False) -> bool:
        """Replace a webhook of the same id and person; False when there is none."""
        stored = await self.webhook(webhook.person_id, webhook.webhook_id)
        if stored is None:
            return False
        if keeps_state:
            webhook = replace(webhook, state=stored.state, dead_in_a_row=stored.dead_in_a_row)
        self._webhooks[webhook.webhook_id] = webhook
        return True

    async def pause_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Pause an active webhook and note it among the pauses."""
        webhook = await self.webhook(person_id, webhook_id)
        if webhook is None or webhook.state is not WebhookState.ACTIVE:
            return False
        self._webhooks[webhook_id] = replace(webhook, state=WebhookState.PAUSED)
        number = self._pauses[-1].number + 1 if self._pauses else 1
        self._pauses.append(
            WebhookPause(number, webhook_id, person_id, webhook.url, webhook.dead_in_a_row, now_us)
        )
        return True

    async def pauses_after(self, number: int, limit: int) -> Sequence[WebhookPause]:
        """Return what was paused, in order, after a number."""
        return [pause for pause in self._pauses if pause.number > number][:limit]

    async def webhook(self, person_id: int, webhook_id: str) -> Webhook | None:
        """Return a webhook of this person."""
        found = self._webhooks.get(webhook_id)
        return found if found is not None and found.person_id == person_id else None

    async def webhooks(self, person_id: int) -> Sequence[Webhook]:
        """Return a person's webhooks, oldest first."""
        return [found for found in self._webhooks.values() if found.person_id == person_id]

    async def remove_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Forget a webhook; what is on its way to it is dead."""
        if await self.webhook(person_id, webhook_id) is None:
            return False
        del self._webhooks[webhook_id]
        for number, delivery in self._deliveries.items():
            if delivery.webhook_id == webhook_id and delivery.state is DeliveryState.PENDING:
                self._deliveries[number] = replace(
                    delivery,
                    state=DeliveryState.DEAD,
                    outcome="the webhook was removed",
                    settled_us=now_us,
                )
        return True

    # -- alerts

    async def add_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Keep an alert; False when the person has that many active ones already."""
        mine = await self.alerts(alert.person_id)
        if sum(found.is_active for found in mine) >= most:
            return False
        self._alerts[alert.alert_id] = alert
        ended = [found.alert_id for found in mine if not found.is_active]
        for alert_id in ended[:-ALERTS_ENDED_MAX]:
            del self._alerts[alert_id]
        return True

    async def put_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Replace an alert of the same id and person; False as for a new one, or without one."""
        mine = {found.alert_id: found for found in await self.alerts(alert.person_id)}
        if mine.pop(alert.alert_id, None) is None:
            return False
        if sum(found.is_active for found in mine.values()) >= most:
            return False
        self._alerts[alert.alert_id] = alert
        return True

    async def alerts(self, person_id: int) -> Sequence[PriceAlert]:
        """Return a person's alerts, oldest first."""
        return [found for found in self._alerts.values() if found.person_id == person_id]

    async def active_alerts(self) -> Sequence[PriceAlert]:
        """Return everybody's alerts that can fire, oldest first."""
        return [found for found in self._alerts.values() if found.is_active]

    async def remove_alert(self, person_id: int, alert_id: str) -> bool:
        """Forget an alert; False when there is none."""
        found = self._alerts.get(alert_id)
        if found is None or found.person_id != person_id:
            return False
        del self._alerts[alert_id]
        return True
