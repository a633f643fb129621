"""Mail and webhooks on their way: claimed, attempted, settled; again and again until it is enough.

An attempt is counted before it is made. What is sent and then not settled, because the process
died in between, is sent once more with the same id: at least once, and told apart by the receiver.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from openoutcry.notifications.posting import Answer, Poster
from openoutcry.notifications.signing import secret_of
from openoutcry.notifications.templates import render
from openoutcry.ports.mail import SUBJECT_CHARACTERS_MAX, Mail, Mailer, MailError
from openoutcry.ports.notifications import (
    Channel,
    Delivery,
    DeliveryState,
    Kind,
    NotificationStore,
    NotificationStoreError,
    Recipients,
    WebhookState,
)

log = logging.getLogger(__name__)

SECOND_US = 1_000_000
RETRY_SECONDS = (10, 30, 120, 600, 1_800, 7_200, 21_600, 43_200)
"""How long after each failed attempt the next one comes, give or take a fifth."""
ATTEMPTS_MAX = len(RETRY_SECONDS) + 1
JITTER = 0.2
CLAIM_SECONDS = 60
"""Longer than any attempt: after that an attempt is taken for lost."""
MAIL_SECONDS_MAX = 45.0
CONCURRENT_MAX = 8
MAILS_PER_HOUR_MAX = 30
"""Mails to one person; those about security do not count and are not held back."""
DEAD_IN_A_ROW_MAX = 10
"""After so many deliveries that nobody took, a webhook is paused."""
LOOK_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class _Settling:
    state: DeliveryState
    outcome: str
    due_us: int = 0
    is_unwanted: bool = False
    """Its receiver wants nothing more."""


class Courier:
    """Delivers what the outbox records."""

    def __init__(
        self,
        store: NotificationStore,
        mailer: Mailer,
        recipients: Recipients,
        poster: Poster,
        *,
        secret_key: bytes,
        clock: Callable[[], int],
        draw: Callable[[], float] = random.random,
        page_address: str = "",
    ) -> None:
        """`draw` is the jitter, from 0 to 1."""
        self._store = store
        self._mailer = mailer
        self._recipients = recipients
        self._poster = poster
        self._secret_key = secret_key
        self._clock = clock
        self._draw = draw
        self._page_address = page_address
        self._wake = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Hear that there may be something to deliver."""
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is attempted again after a restart."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                try:
                    await self._begin_due(group)
                    seconds = await self._seconds_to_next()
                except NotificationStoreError as error:
                    log.warning("deliveries wait: %s", error)
                    seconds = LOOK_SECONDS_MAX
                await self._rest(seconds)

    async def _begin_due(self, group: asyncio.TaskGroup) -> None:
        room = CONCURRENT_MAX - len(self._under_way)
        if room == 0:
            return
        now_us = self._clock()
        claimed = await self._store.claim(
            now_us=now_us,
            until_us=now_us + CLAIM_SECONDS * SECOND_US,
            limit=room,
            busy=tuple(self._under_way),
        )
        for delivery in claimed:
            task = group.create_task(self._deliver(delivery))
            self._under_way[delivery.target] = task
            task.add_done_callback(partial(self._done, delivery.target))

    def _done(self, target: str, _: asyncio.Task[None]) -> None:
        del self._under_way[target]
        self._wake.set()

    async def _seconds_to_next(self) -> float:
        due_us = await self._store.next_due_us()
        if due_us is None or len(self._under_way) == CONCURRENT_MAX:
            return LOOK_SECONDS_MAX
        return min(max(due_us - self._clock(), 0) / SECOND_US, LOOK_SECONDS_MAX)

    async def _rest(self, seconds: float) -> None:
        # what is due may belong to a target that is busy: its task wakes us when it is done
        seconds = max(seconds, 0.05) if self._under_way else seconds
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    # -- one attempt

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            settling = await self._attempt(delivery)
            dead_in_a_row = await self._store.settle(
                delivery.delivery_id,
                settling.state,
                now_us=self._clock(),
                due_us=settling.due_us,
                outcome=settling.outcome,
            )
            has_failed_for_long = dead_in_a_row >= DEAD_IN_A_ROW_MAX
            if settling.is_unwanted or (
                settling.state is DeliveryState.DEAD and has_failed_for_long
            ):
                # The pause is kept with its place in a log, from which its owner is told. Should
                # it not come to that now, the next delivery that nobody takes brings it about.
                person_id = delivery.notification.person_id
                await self._store.pause_webhook(person_id, delivery.webhook_id, self._clock())
        except NotificationStoreError as error:
            log.warning("delivery %d is attempted again: %s", delivery.delivery_id, error)

    async def _attempt(self, delivery: Delivery) -> _Settling:
        if delivery.attempts > ATTEMPTS_MAX:  # of which no outcome was ever noted
            return _Settling(DeliveryState.DEAD, "attempts were cut short again and again")
        if delivery.channel is Channel.EMAIL:
            return await self._mail(delivery)
        return await self._post(delivery)

    async def _mail(self, delivery: Delivery) -> _Settling:
        notification = delivery.notification
        address = await self._recipients.address_of(notification.person_id)
        if address is None:
            return _Settling(DeliveryState.DEAD, "there is no address to write to")
        if notification.kind is not Kind.SECURITY:
            since_us = self._clock() - 3_600 * SECOND_US
            sent = await self._store.mails_since(notification.person_id, since_us)
            if sent >= MAILS_PER_HOUR_MAX:
                return _Settling(DeliveryState.SUPPRESSED, "too many mails within an hour")
        words = render(notification)
        mail = Mail(address, words.title[:SUBJECT_CHARACTERS_MAX], self._letter(words.text))
        try:
            async with asyncio.timeout(MAIL_SECONDS_MAX):
                await self._mailer.send(mail)
        except MailError as error:
            return self._failed(delivery, "the mail was not taken", for_good=not error.again)
        except TimeoutError:
            return self._failed(delivery, "the mail server does not answer")
        return _Settling(DeliveryState.SENT, "sent")

    def _letter(self, text: str) -> str:
        where = f"\n{self._page_address}/account/notifications" if self._page_address else ""
        return f"{text}\n\n--\nWhat you get mail about is set in your account.{where}\n"

    async def _post(self, delivery: Delivery) -> _Settling:
        person_id = delivery.notification.person_id
        webhook = await self._store.webhook(person_id, delivery.webhook_id)
        if webhook is None:
            return _Settling(DeliveryState.DEAD, "the webhook was removed")
        if webhook.state is WebhookState.PAUSED:
            return _Settling(DeliveryState.DEAD, "the webhook is paused")
        answer = await self._poster.post(
            webhook.url,
            secret_of(self._secret_key, webhook.webhook_id, webhook.salt),
            delivery.notification,
            str(delivery.delivery_id),
        )
        if answer.gone:
            return _Settling(DeliveryState.DEAD, answer.outcome, is_unwanted=True)
        return self._settling(delivery, answer)

    def _settling(self, delivery: Delivery, answer: Answer) -> _Settling:
        if answer.ok:
            return _Settling(DeliveryState.SENT, answer.outcome)
        return self._failed(
            delivery,
            answer.outcome,
            for_good=answer.for_good,
            seconds_min=answer.retry_after_seconds or 0,
        )

    def _failed(
        self, delivery: Delivery, outcome: str, *, for_good: bool = False, seconds_min: int = 0
    ) -> _Settling:
        if for_good or delivery.attempts >= ATTEMPTS_MAX:
            return _Settling(DeliveryState.DEAD, outcome)
        due_us = self._clock() + retry_us(delivery.attempts, self._draw(), seconds_min)
        return _Settling(DeliveryState.PENDING, outcome, due_us)


def retry_us(attempts: int, draw: float, seconds_min: int = 0) -> int:
    """Return how long after this many attempts the next one comes; `draw` is from 0 to 1."""
    seconds = max(RETRY_SECONDS[attempts - 1], seconds_min)
    spread = 1 + JITTER * (2 * draw - 1)
    return max(int(seconds * spread * SECOND_US), seconds_min * SECOND_US)
