"""Notifications joined to the rest: terms from the catalogue, addresses from the people."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openoutcry.adapters.sqlite.notifications import SqliteNotifications
from openoutcry.gateways.edge.catalog import Catalog, Market
from openoutcry.identity.sealing import purpose_key
from openoutcry.notifications.acts import AuditOccurrences
from openoutcry.notifications.delivery import Courier
from openoutcry.notifications.desk import Desk
from openoutcry.notifications.live import OpenPages
from openoutcry.notifications.outbox import Outbox
from openoutcry.notifications.pauses import PauseOccurrences
from openoutcry.notifications.posting import Poster
from openoutcry.notifications.tier import Tier
from openoutcry.notifications.watch import Watch
from openoutcry.ports.audit import Audit, AuditStore
from openoutcry.ports.feeds import CommittedLog
from openoutcry.ports.mail import Mailer
from openoutcry.ports.notification_desk import NotificationDesk
from openoutcry.ports.notifications import (
    AssetTerms,
    LiveInbox,
    MarketTerms,
    NotificationStore,
    NotificationStoreError,
    OccurrenceLog,
)
from openoutcry.ports.operations import Gauge
from openoutcry.ports.people import PeopleDirectory
from openoutcry.ports.people_store import PeopleStoreError

WEBHOOKS = "webhooks"
"""The purpose of the key that secrets of webhooks are made from."""
KEPT_US = 365 * 24 * 3_600 * 1_000_000
"""How long a notification is kept: a year."""
KEPT_PER_PERSON = 2_000
PRUNE_SECONDS = 3_600.0

log = logging.getLogger("openoutcry.notifications")


class CatalogTerms:
    """`ports.notifications.Terms` of the live catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def market(self, market: int) -> MarketTerms:
        """Return the terms of a market that is known to exist."""
        return _terms_of(self._catalog.market_by_id(market))

    def market_of(self, symbol: str) -> MarketTerms | None:
        """Return the terms of the market of this symbol."""
        found = self._catalog.find(symbol)
        return None if found is None else _terms_of(found)

    def asset(self, asset: int) -> AssetTerms:
        """Return the terms of an asset that is known to exist."""
        found = self._catalog.asset(asset)
        return AssetTerms(found.name, found.scale)


def _terms_of(market: Market) -> MarketTerms:
    return MarketTerms(
        market=market.id,
        symbol=market.symbol,
        base=market.base.name,
        quote=market.quote.name,
        base_scale=market.base.scale,
        quote_scale=market.quote.scale,
        tick_atoms=market.tick_atoms,
        lot_atoms=market.lot_atoms,
        tick_lot_atoms=market.tick_lot_atoms,
    )


class DirectoryRecipients:
    """`ports.notifications.Recipients` of the directory of people."""

    def __init__(self, people: PeopleDirectory) -> None:
        self._people = people

    async def address_of(self, person_id: int) -> str | None:
        """Return a person's address; only confirmed ones belong to people."""
        try:
            person = await self._people.person(person_id)
        except PeopleStoreError as error:
            raise NotificationStoreError(str(error)) from error
        return None if person is None else person.email


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What notifications are joined to."""

    path: Path
    """The file of people."""
    watch: Watch
    """Hears every batch since the partition began."""
    batches: CommittedLog
    catalog: Catalog
    people: PeopleDirectory
    mailer: Mailer
    audit: Audit
    records: AuditStore
    logs: tuple[OccurrenceLog, ...]
    """Other logs than the journal and the audit log that people hear of."""
    master_key: bytes
    clock: Callable[[], int]
    page: str
    """The address of the page, for links in mails."""
    allow_loopback: bool
    """Webhooks may lead to this machine: for the demo and tests."""


@dataclass(frozen=True, slots=True)
class Told:
    """Notifications, once they run."""

    desk: NotificationDesk
    inbox: LiveInbox
    gauge: Callable[[], Gauge]
    """Whether people are told what happens."""


async def open_notifications(stack: AsyncExitStack, around: Surroundings) -> Told:
    """Read on in the journal and the logs, and deliver, until the stack is left or a fault.

    A fault of ours ends what is told and nothing else. Raises NotificationStoreError.
    """
    store = await asyncio.to_thread(SqliteNotifications, around.path)
    stack.push_async_callback(store.close)
    watch, terms, pages = around.watch, CatalogTerms(around.catalog), OpenPages()
    poster = Poster(allow_loopback=around.allow_loopback)
    key = purpose_key(around.master_key, WEBHOOKS)
    logs: tuple[OccurrenceLog, ...] = (
        AuditOccurrences(around.records),
        PauseOccurrences(store),
        *around.logs,
    )
    outbox = Outbox(store, watch, around.batches, terms, clock=around.clock, pages=pages, logs=logs)
    courier = Courier(
        store,
        around.mailer,
        DirectoryRecipients(around.people),
        poster,
        secret_key=key,
        clock=around.clock,
        page_address=around.page,
    )
    outbox.when_recorded(courier.wake)
    await outbox.start()
    tier = Tier()
    tier.start(
        {
            "outbox": outbox.run,
            "courier": courier.run,
            "keeping": partial(_prune, store, around.clock),
        }
    )

    async def end() -> None:
        await tier.stop()
        await tier.last(outbox.flush())

    stack.push_async_callback(end)
    desk = Desk(
        store,
        outbox,
        terms,
        poster,
        around.audit,
        secret_key=key,
        clock=around.clock,
        journal_position=lambda: watch.position,
        wake_courier=courier.wake,
    )
    return Told(desk, pages, partial(_gauge, tier))


def _gauge(tier: Tier) -> Gauge:
    name, fault = "notifications_running", tier.fault
    if not fault:
        return Gauge(name, 1, "1 while people are told what happens")
    meaning = f"nobody is told anything until the exchange is started again: {fault}"
    return Gauge(name, 0, meaning, is_alarming=True)


async def _prune(store: NotificationStore, clock: Callable[[], int]) -> None:
    """Forget what is old, now and then."""
    while True:
        try:
            await store.prune(before_us=clock() - KEPT_US, keep_per_person=KEPT_PER_PERSON)
        except NotificationStoreError as error:
            log.warning("old notifications stay for now: %s", error)
        await asyncio.sleep(PRUNE_SECONDS)
