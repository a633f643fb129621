"""What people do with their notifications: `NotificationDesk`, with its limits and its records."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from openoutcry.notifications.acts import CHANGED
from openoutcry.notifications.amounts import PriceError, price_text, price_ticks
from openoutcry.notifications.causes import notification_id
from openoutcry.notifications.delivery import SECOND_US
from openoutcry.notifications.outbox import Outbox
from openoutcry.notifications.posting import Poster
from openoutcry.notifications.preferences import (
    KINDS,
    LOCKED,
    LockedPreferenceError,
    check_choices,
    is_wanted,
    switched_off,
)
from openoutcry.notifications.signing import new_salt, secret_of
from openoutcry.notifications.targets import TargetError, host_of, target_of
from openoutcry.notifications.templates import render
from openoutcry.ports.audit import Audit, person_actor
from openoutcry.ports.notification_desk import (
    BadWishError,
    Choice,
    InboxPage,
    NewWebhook,
    NoSuchThingError,
    ShownAlert,
    ShownNotification,
    TooManyThingsError,
    TooOftenError,
    Trial,
    WebhookChange,
)
from openoutcry.ports.notifications import (
    Channel,
    Delivery,
    Direction,
    InboxChange,
    Kind,
    MarketTerms,
    Notification,
    NotificationStore,
    Preferences,
    PriceAlert,
    StoredNotification,
    Terms,
    Webhook,
    WebhookState,
)

WEBHOOKS_MAX = 10
ALERTS_MAX = 50
DELIVERIES_SHOWN_MAX = 100
TRIALS_PER_MINUTE_MAX = 5
TRIAL_SECONDS_MAX = 6.0
"""A person waits for it."""
_MINUTE_US = 60 * SECOND_US
_PEOPLE_WITH_TRIALS_MAX = 10_000


class Desk:
    """Serves everybody's wishes."""

    def __init__(
        self,
        store: NotificationStore,
        outbox: Outbox,
        terms: Terms,
        poster: Poster,
        audit: Audit,
        *,
        secret_key: bytes,
        clock: Callable[[], int],
        journal_position: Callable[[], int],
        wake_courier: Callable[[], None] = lambda: None,
    ) -> None:
        """`journal_position` is the last batch that was heard: alerts watch for later ones."""
        self._store = store
        self._outbox = outbox
        self._terms = terms
        self._poster = poster
        self._audit = audit
        self._secret_key = secret_key
        self._clock = clock
        self._journal_position = journal_position
        self._wake_courier = wake_courier
        self._trials: dict[int, deque[int]] = {}
        self._adding = asyncio.Lock()
        """Who adds a webhook is counted and recorded alone: the record tells its owner."""

    # -- inbox

    async def inbox(
        self, person_id: int, *, before: int | None, limit: int, unread_only: bool
    ) -> InboxPage:
        """Return a page of the inbox, below a number."""
        found = await self._store.shown(
            person_id, before=before, limit=limit + 1, unread_only=unread_only
        )
        page = found[:limit]
        return InboxPage(
            [shown(stored) for stored in page],
            await self._store.unread(person_id),
            page[-1].number if len(found) > limit else None,
        )

    async def mark_read(
        self, person_id: int, *, ids: Sequence[str] = (), up_to: int | None = None
    ) -> int:
        """Mark these, or all up to a number, as read; returns how much is unread now."""
        changed = await self._store.mark_read(person_id, now_us=self._clock(), ids=ids, up_to=up_to)
        unread = await self._store.unread(person_id)
        if changed:
            self._outbox.pages.tell(person_id, InboxChange(unread))
        return unread

    # -- preferences

    async def choices(self, person_id: int) -> Sequence[Choice]:
        """Return every choice as it stands."""
        chosen = await self._store.preferences(person_id)
        return [
            Choice(kind, channel, is_wanted(chosen, kind, channel), (kind, channel) in LOCKED)
            for kind in KINDS
            for channel in Channel
        ]

    async def choose(self, person_id: int, changes: Preferences) -> Sequence[Choice]:
        """Change choices; whoever switches off what guards an account is told so."""
        try:
            check_choices(changes)
        except LockedPreferenceError as error:
            raise BadWishError("choices", str(error)) from error
        silenced = switched_off(await self._store.preferences(person_id), changes)
        if silenced:
            kinds = ", ".join(kind.replace("_", "-") for kind, _ in silenced)
            target = f"person:{person_id}"
            await self._record(person_id, "notifications.silence", target, kinds=kinds)
        await self._store.set_preferences(person_id, changes)
        return await self.choices(person_id)

    # -- webhooks

    async def webhooks(self, person_id: int) -> Sequence[Webhook]:
        """Return the webhooks, oldest first."""
        return await self._store.webhooks(person_id)

    async def webhook(self, person_id: int, webhook_id: str) -> Webhook:
        """Return one."""
        found = await self._store.webhook(person_id, webhook_id)
        if found is None:
            raise NoSuchThingError("there is no such webhook")
        return found

    async def add_webhook(
        self, person_id: int, url: str, kinds: frozenset[Kind], label: str
    ) -> NewWebhook:
        """Make a webhook with a secret of its own."""
        self._check_url(url)
        webhook = Webhook(
            "w" + secrets.token_hex(12),
            person_id,
            url,
            kinds,
            new_salt(),
            label,
            created_us=self._clock(),
        )
        async with self._adding:
            is_room = len(await self._store.webhooks(person_id)) < WEBHOOKS_MAX
            if is_room:
                await self._record_webhook("webhook.create", webhook)
                is_room = await self._store.add_webhook(webhook, most=WEBHOOKS_MAX)
        if not is_room:
            raise TooManyThingsError(f"{WEBHOOKS_MAX} webhooks are the most")
        return self._with_secret(webhook)

    async def change_webhook(
        self, person_id: int, webhook_id: str, change: WebhookChange
    ) -> Webhook:
        """Change a webhook; its secret stays. One that is made active begins without faults."""
        before = await self.webhook(person_id, webhook_id)
        if change.url is not None:
            self._check_url(change.url)
        after = replace(
            before,
            url=before.url if change.url is None else change.url,
            kinds=before.kinds if change.kinds is None else change.kinds,
            label=before.label if change.label is None else change.label,
        )
        if change.active is not None:
            state = WebhookState.ACTIVE if change.active else WebhookState.PAUSED
            after = replace(after, state=state, dead_in_a_row=0)
        changed = [
            name
            for name in ("url", "kinds", "label", "state")
            if getattr(before, name) != getattr(after, name)
        ]
        await self._record_webhook("webhook.update", after, **{CHANGED: "+".join(changed)})
        await self._put(after, keeps_state=change.active is None)
        return await self.webhook(person_id, webhook_id)

    async def renew_secret(self, person_id: int, webhook_id: str) -> NewWebhook:
        """Give a webhook another secret; the old one signs nothing more."""
        webhook = replace(await self.webhook(person_id, webhook_id), salt=new_salt())
        await self._record_webhook("webhook.renew-secret", webhook)
        await self._put(webhook, keeps_state=True)
        return self._with_secret(webhook)

    async def remove_webhook(self, person_id: int, webhook_id: str) -> None:
        """Forget a webhook."""
        webhook = await self.webhook(person_id, webhook_id)
        await self._record_webhook("webhook.delete", webhook)
        if not await self._store.remove_webhook(person_id, webhook_id, self._clock()):
            raise NoSuchThingError("there is no such webhook")

    async def try_webhook(self, person_id: int, webhook_id: str) -> Trial:
        """Send a test now; a few times a minute, since it tells who can be reached from here."""
        webhook = await self.webhook(person_id, webhook_id)
        self._count_trial(person_id)
        now_us = self._clock()
        notification = Notification(
            notification_id("trial", webhook_id, now_us),
            person_id,
            Kind.TEST,
            "test",
            now_us,
        )
        began = time.monotonic()
        secret = secret_of(self._secret_key, webhook_id, webhook.salt)
        answer = await self._poster.post(
            webhook.url, secret, notification, "test", seconds_max=TRIAL_SECONDS_MAX
        )
        milliseconds = round((time.monotonic() - began) * 1_000)
        return Trial(answer.ok, answer.outcome, milliseconds)

    async def deliveries(self, person_id: int, webhook_id: str) -> Sequence[Delivery]:
        """Return the newest deliveries, newest first."""
        await self.webhook(person_id, webhook_id)
        return await self._store.deliveries(person_id, webhook_id, DELIVERIES_SHOWN_MAX)

    async def redeliver(self, person_id: int, webhook_id: str, delivery_id: int) -> Delivery:
        """Have a settled delivery attempted again."""
        await self.webhook(person_id, webhook_id)
        known = await self._store.deliveries(person_id, webhook_id, DELIVERIES_SHOWN_MAX)
        if all(delivery.delivery_id != delivery_id for delivery in known):
            raise NoSuchThingError("there is no such delivery to this webhook")
        again = await self._store.redeliver(person_id, delivery_id, self._clock())
        if again is None:
            raise BadWishError("delivery_id", "it is under way already")
        self._wake_courier()
        return again

    # -- alerts

    async def alerts(self, person_id: int) -> Sequence[ShownAlert]:
        """Return the price alerts, oldest first."""
        return [self._shown_alert(alert) for alert in await self._store.alerts(person_id)]

    async def add_alert(
        self, person_id: int, symbol: str, direction: Direction, price: str, *, once: bool
    ) -> ShownAlert:
        """Make a price alert; trades from now on count."""
        market = self._terms.market_of(symbol)
        if market is None:
            raise BadWishError("symbol", "there is no such market")
        alert = PriceAlert(
            "a" + secrets.token_hex(12),
            person_id,
            market.market,
            direction,
            _ticks(market, price),
            once,
            after_seq=self._journal_position(),
            created_us=self._clock(),
        )
        if not await self._store.add_alert(alert, most=ALERTS_MAX):
            raise TooManyThingsError(f"{ALERTS_MAX} alerts are the most")
        self._outbox.alerts.add(alert)
        return self._shown_alert(alert)

    async def change_alert(
        self,
        person_id: int,
        alert_id: str,
        *,
        direction: Direction | None = None,
        price: str | None = None,
        once: bool | None = None,
    ) -> ShownAlert:
        """Change a price alert, None leaves a field; it begins anew, as one just made."""
        known = await self._store.alerts(person_id)
        before = next((alert for alert in known if alert.alert_id == alert_id), None)
        if before is None:
            raise NoSuchThingError("there is no such alert")
        market = self._terms.market(before.market)
        after = replace(
            before,
            direction=before.direction if direction is None else direction,
            price_ticks=before.price_ticks if price is None else _ticks(market, price),
            once=before.once if once is None else once,
            after_seq=self._journal_position(),
            armed=True,
            fired_us=None,
        )
        if not await self._store.put_alert(after, most=ALERTS_MAX):
            raise TooManyThingsError(f"{ALERTS_MAX} alerts are the most")
        self._outbox.alerts.remove(alert_id)
        self._outbox.alerts.add(after)
        return self._shown_alert(after)

    async def remove_alert(self, person_id: int, alert_id: str) -> None:
        """Forget a price alert."""
        if not await self._store.remove_alert(person_id, alert_id):
            raise NoSuchThingError("there is no such alert")
        self._outbox.alerts.remove(alert_id)

    def _shown_alert(self, alert: PriceAlert) -> ShownAlert:
        market = self._terms.market(alert.market)
        return ShownAlert(
            alert.alert_id,
            market.symbol,
            alert.direction,
            price_text(market, alert.price_ticks),
            alert.once,
            alert.is_active,
            alert.created_us,
            alert.fired_us,
        )

    # -- what they share

    def _check_url(self, url: str) -> None:
        try:
            target_of(url, allow_loopback=self._poster.allow_loopback)
        except TargetError as error:
            raise BadWishError("url", str(error)) from error

    async def _put(self, webhook: Webhook, *, keeps_state: bool) -> None:
        if not await self._store.put_webhook(webhook, keeps_state=keeps_state):
            raise NoSuchThingError("there is no such webhook")

    def _with_secret(self, webhook: Webhook) -> NewWebhook:
        return NewWebhook(webhook, secret_of(self._secret_key, webhook.webhook_id, webhook.salt))

    def _count_trial(self, person_id: int) -> None:
        now_us = self._clock()
        recent = self._trials.setdefault(person_id, deque())
        while recent and recent[0] <= now_us - _MINUTE_US:
            recent.popleft()
        if len(recent) >= TRIALS_PER_MINUTE_MAX:
            raise TooOftenError(f"{TRIALS_PER_MINUTE_MAX} tests a minute are the most")
        recent.append(now_us)
        if len(self._trials) > _PEOPLE_WITH_TRIALS_MAX:
            old = [key for key, times in self._trials.items() if times[-1] <= now_us - _MINUTE_US]
            for key in old:
                del self._trials[key]

    async def _record_webhook(self, action: str, webhook: Webhook, **details: str) -> None:
        """Record an act before it is done; of the URL only the host, for its path may be secret."""
        target, host = f"webhook:{webhook.webhook_id}", host_of(webhook.url)
        await self._record(webhook.person_id, action, target, host=host, **details)

    async def _record(self, person_id: int, action: str, target: str, **details: str) -> None:
        await self._audit.record(person_actor(person_id), action, target, details)


def _ticks(market: MarketTerms, price: str) -> int:
    try:
        return price_ticks(market, price)
    except PriceError as error:
        raise BadWishError("price", str(error)) from error


def shown(stored: StoredNotification) -> ShownNotification:
    """Return a stored notification in words."""
    notification = stored.notification
    words = render(notification)
    return ShownNotification(
        stored.number,
        notification.notification_id,
        notification.kind,
        notification.template,
        words.title,
        words.text,
        notification.facts,
        notification.time_us,
        stored.read_us,
    )
