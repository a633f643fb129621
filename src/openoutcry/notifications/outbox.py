"""From sources to the store, in order: what happened, whom it concerns, where it goes, how far.

A record holds the notifications and the place of the source that they came from, so whatever a
crash takes is read and thought about again, and whatever it leaves is not.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice

from openoutcry.notifications.alerts import AlertBook, Firing
from openoutcry.notifications.digests import Digest, digest_of
from openoutcry.notifications.live import OpenPages
from openoutcry.notifications.preferences import is_wanted
from openoutcry.notifications.rules import notifications_of, occurrence_told
from openoutcry.notifications.watch import Watch
from openoutcry.ports.feeds import CommittedLog, MissingBatchesError
from openoutcry.ports.notifications import (
    AlertMark,
    Channel,
    Entry,
    InboxChange,
    Kind,
    Notification,
    NotificationStore,
    NotificationStoreError,
    OccurrenceLog,
    Preferences,
    StalePositionError,
    StoredNotification,
    Terms,
    WebhookState,
)

log = logging.getLogger(__name__)

JOURNAL_SOURCE = "journal/0"
"""Where the one partition of an embedded exchange was read up to."""
DIGESTS_PER_RECORD = 200
CATCH_UP_BATCHES = 500
OCCURRENCES_PER_RECORD = 200
IDLE_SECONDS = 5.0
"""So long the place in the journal may stay behind while nothing concerns anybody."""
POLL_SECONDS = 1.0
RETRY_SECONDS = (0.2, 1.0, 5.0, 15.0)


@dataclass(slots=True)
class _Draft:
    """What is to be recorded next; kept until it is, since alerts have moved on."""

    source: str
    position: int
    told: list[Notification] = field(default_factory=list)
    marks: dict[str, AlertMark] = field(default_factory=dict)


class Outbox:
    """Reads the journal and other logs and records what they tell people."""

    def __init__(
        self,
        store: NotificationStore,
        watch: Watch,
        committed: CommittedLog,
        terms: Terms,
        *,
        clock: Callable[[], int],
        alerts: AlertBook | None = None,
        pages: OpenPages | None = None,
        logs: Sequence[OccurrenceLog] = (),
    ) -> None:
        self._store = store
        self._watch = watch
        self._committed = committed
        self._terms = terms
        self._clock = clock
        self.alerts = alerts if alerts is not None else AlertBook()
        self.pages = pages if pages is not None else OpenPages()
        self._logs = logs
        self._recorded: Callable[[], None] = lambda: None
        self._seen = 0
        self._kept = 0
        self._draft: _Draft | None = None
        self._places: dict[str, int] = {}

    def when_recorded(self, listener: Callable[[], None]) -> None:
        """Call the listener whenever there may be something to deliver."""
        self._recorded = listener

    # -- life

    async def start(self) -> None:
        """Find the places up to which everything was read; a new source begins at its end."""
        end = self._watch.gap_end
        alerts = await self._store.active_alerts()
        self.alerts.load(replace(alert, after_seq=min(alert.after_seq, end)) for alert in alerts)
        self._watch.watched = lambda: self.alerts.watched
        self._seen = self._kept = await self._place(JOURNAL_SOURCE, end)
        for source in self._logs:
            self._places[source.source] = await self._place(source.source, await source.last())

    async def _place(self, source: str, end: int) -> int:
        """Return how far a source was read; its end, when it is new or was put back to a copy."""
        place = await self._store.cursor(source)
        if place is not None and place <= end:
            return place
        if place is not None:
            log.warning("%s ends at %d and was read to %d: it is another now", source, end, place)
        await self._store.reset(source, end)
        return end

    async def run(self) -> None:
        """Read on until cancelled; what fails is tried again, later and later."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again_and_again(self._step_journal))
            for source in self._logs:
                group.create_task(self._again_and_again(partial(self._poll, source)))

    async def flush(self) -> None:
        """Record everything that was heard, and the place; for an orderly end."""
        try:
            while await self._advance():
                pass
            await self._keep_place()
            for source in self._logs:
                while await self.read_log(source):
                    pass
        except NotificationStoreError as error:
            log.warning("what was not recorded is read again at the next start: %s", error)

    async def _again_and_again(self, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await step()
                failures = 0
            except NotificationStoreError as error:
                seconds = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
                failures += 1
                log.warning("notifications are recorded in %s s: %s", seconds, error)
                await asyncio.sleep(seconds)

    # -- the journal

    async def _step_journal(self) -> None:
        if not await self._advance():
            before = self._seen
            await self._watch.wait(IDLE_SECONDS)
            if self._watch.is_empty and self._seen == before:
                await self._keep_place()

    async def _advance(self) -> bool:
        """Record what comes next in the journal; False when nothing waits."""
        if self._draft is not None:
            await self._record(self._draft)
            return True
        if self._seen < self._watch.gap_end:
            await self._catch_up(self._watch.close_gap())
            return True
        digests = self._watch.drain(DIGESTS_PER_RECORD)
        if not digests:
            return False
        await self._take(digests, digests[-1].seq)
        return True

    async def _keep_place(self) -> None:
        """Keep how far the journal was heard, though nothing in it concerned anybody."""
        if self._watch.is_empty and self._seen >= self._watch.gap_end:
            self._seen = max(self._seen, self._watch.position)
        if self._seen > self._kept:
            await self._record(_Draft(JOURNAL_SOURCE, self._seen))

    async def _catch_up(self, target: int) -> None:
        """Read from the journal what was not heard."""
        log.info("notifications: reading batches %d to %d again", self._seen + 1, target)
        digests = self._digests(self._seen, target)
        try:
            while True:
                chunk = await asyncio.to_thread(list, islice(digests, CATCH_UP_BATCHES))
                if not chunk:
                    break
                await self._take([digest for digest in chunk if digest], chunk[-1].seq)
        except MissingBatchesError:
            log.exception("nobody is told of batches %d to %d", self._seen + 1, target)
            await self._take([], target)

    def _digests(self, after: int, up_to: int) -> Iterator[Digest]:
        for committed in self._committed.after(after, up_to):
            yield digest_of(committed, self.alerts.watched)

    async def _take(self, digests: Iterable[Digest], position: int) -> None:
        draft = _Draft(JOURNAL_SOURCE, position)
        for digest in digests:
            firings, marks = self.alerts.take(digest)
            draft.told += self._told(digest, firings)
            draft.marks.update((mark.alert_id, mark) for mark in marks)
        self._seen = position
        self._draft = draft
        await self._record(draft)

    def _told(self, digest: Digest, firings: Sequence[Firing]) -> list[Notification]:
        """Put a batch in words; one that cannot be is passed over, so that the next is told."""
        try:
            return notifications_of(JOURNAL_SOURCE, digest, firings, self._terms)
        except (LookupError, ValueError, ArithmeticError):
            log.exception("nobody is told of batch %d, which has no words", digest.seq)
            return []

    # -- other logs

    async def _poll(self, source: OccurrenceLog) -> None:
        if not await self.read_log(source):
            await asyncio.sleep(POLL_SECONDS)

    async def read_log(self, source: OccurrenceLog) -> bool:
        """Record what comes next in a log; False when there was nothing."""
        place = self._places[source.source]
        found, up_to = await source.after(place, OCCURRENCES_PER_RECORD)
        if up_to <= place:
            return False
        draft = _Draft(source.source, up_to)
        draft.told = [occurrence_told(source.source, occurrence) for occurrence in found]
        await self._record(draft)
        self._places[source.source] = up_to
        return True

    # -- recording

    async def _record(self, draft: _Draft) -> None:
        try:
            await self._keep(draft)
        except StalePositionError as error:
            log.warning("somebody else has recorded these notifications: %s", error)
        if draft.source == JOURNAL_SOURCE:
            self._kept = draft.position
            self._draft = None

    async def _keep(self, draft: _Draft) -> None:
        router = _Router(self._store)
        routed = [await router.route(notification) for notification in draft.told]
        entries = [entry for entry in routed if entry is not None]
        new = await self._store.record(
            entries,
            now_us=self._clock(),
            source=draft.source,
            position=draft.position,
            marks=list(draft.marks.values()),
        )
        if any(entry.email or entry.webhooks for entry in entries):
            self._recorded()
        await self._push(new)

    async def _push(self, new: Sequence[StoredNotification]) -> None:
        """Tell open pages; the count is the same for all of a record's notifications."""
        unread: dict[int, int] = {}
        for stored in new:
            person_id = stored.notification.person_id
            if not self.pages.has_page(person_id):
                continue
            if person_id not in unread:
                unread[person_id] = await self._store.unread(person_id)
            self.pages.tell(person_id, InboxChange(unread[person_id], stored))


class _Router:
    """Decides where notifications go; looks each person up once."""

    def __init__(self, store: NotificationStore) -> None:
        self._store = store
        self._known: dict[int, tuple[Preferences, list[tuple[str, frozenset[Kind]]]]] = {}

    async def route(self, notification: Notification) -> Entry | None:
        """Return where a notification goes; None when its person wants it nowhere."""
        person_id, kind = notification.person_id, notification.kind
        if person_id not in self._known:
            chosen = await self._store.preferences(person_id)
            hooks = [
                (webhook.webhook_id, webhook.kinds)
                for webhook in await self._store.webhooks(person_id)
                if webhook.state is WebhookState.ACTIVE
            ]
            self._known[person_id] = (chosen, hooks)
        chosen, hooks = self._known[person_id]
        wants_webhooks = is_wanted(chosen, kind, Channel.WEBHOOK)
        entry = Entry(
            notification,
            in_app=is_wanted(chosen, kind, Channel.IN_APP),
            email=is_wanted(chosen, kind, Channel.EMAIL),
            webhooks=tuple(
                webhook_id for webhook_id, kinds in hooks if wants_webhooks and kind in kinds
            ),
        )
        return entry if entry.in_app or entry.email or entry.webhooks else None
