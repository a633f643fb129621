"""What people are told: notifications, how they reach them, and what they asked to be told.

Everything is kept by a store. What is made of the journal is recorded together with how far the
journal was read, so that a crash between the two cannot lose a notification or make it twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a notification is about; preferences are by kind."""

    FILL = "fill"
    ORDER_EXPIRED = "order_expired"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    SIGN_IN = "sign_in"
    SECURITY = "security"
    PRICE_ALERT = "price_alert"
    TEST = "test"
    """Asked for by a person who sets up a webhook; nobody has a preference about it."""


class Channel(StrEnum):
    """How a notification reaches a person."""

    IN_APP = "in_app"
    EMAIL = "email"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    """Where a delivery is. All but PENDING are final, until somebody asks for another round."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    """Refused for good, or not taken after the last attempt."""
    SUPPRESSED = "suppressed"
    """Not attempted: the person had more mail than is sensible."""


class WebhookState(StrEnum):
    """Whether a webhook is delivered to."""

    ACTIVE = "active"
    PAUSED = "paused"
    """By its owner, or after many deliveries in a row that nobody took."""


class Direction(StrEnum):
    """From which side a price reaches an alert."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that a person is told. The words come from the catalogue, when they are read."""

    notification_id: str
    """Derived from the cause: the same cause gives the same id, on every replay."""
    person_id: int
    kind: Kind
    template: str
    """Which words of the catalogue."""
    time_us: int
    """When it happened."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the words are filled in with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A notification and where it is to go."""

    notification: Notification
    in_app: bool = True
    email: bool = False
    webhooks: tuple[str, ...] = ()
    """Ids."""


@dataclass(frozen=True, slots=True)
class StoredNotification:
    """A notification as it lies in the store; numbers ascend in the order of recording."""

    number: int
    notification: Notification
    read_us: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification on its way over one channel to one target."""

    delivery_id: int
    notification: Notification
    channel: Channel
    webhook_id: str
    """Empty for mail."""
    state: DeliveryState
    attempts: int
    due_us: int
    """When the next attempt may begin; for an attempt under way, when it is given up."""
    outcome: str = ""
    """What came of the last attempt, in a few words."""
    settled_us: int | None = None

    @property
    def target(self) -> str:
        """Deliveries to one target go one after the other."""
        return self.webhook_id or f"person {self.notification.person_id}"


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a person's program hears of notifications."""

    webhook_id: str
    person_id: int
    url: str
    kinds: frozenset[Kind]
    salt: bytes = field(repr=False)
    """What its secret is derived with; another salt is another secret."""
    label: str = ""
    state: WebhookState = WebhookState.ACTIVE
    dead_in_a_row: int = 0
    created_us: int = 0


@dataclass(frozen=True, slots=True)
class WebhookPause:
    """A webhook that was paused because nobody took what it was sent, as it was then."""

    number: int
    """Ascending in the order of the pauses; none is given twice."""
    webhook_id: str
    person_id: int
    url: str
    dead_in_a_row: int
    time_us: int


@dataclass(frozen=True, slots=True)
class PriceAlert:
    """A price that a person wants to hear of."""

    alert_id: str
    person_id: int
    market: int
    direction: Direction
    price_ticks: int
    once: bool
    after_seq: int
    """Only trades of later batches count."""
    created_us: int
    armed: bool = True
    """One that has fired and repeats is armed again by a trade on the other side."""
    fired_us: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it can still fire."""
        return not (self.once and self.fired_us is not None)


@dataclass(frozen=True, slots=True)
class AlertMark:
    """How trades have changed an alert."""

    alert_id: str
    armed: bool
    fired_us: int | None


ALERTS_ENDED_MAX = 100
"""So many alerts that have fired for good are kept for a person to look at."""
Preferences = Mapping[tuple[Kind, Channel], bool]
"""What a person has chosen; what is not named is as the defaults say."""


class NotificationStoreError(Exception):
    """The store cannot do what was asked now; nothing of it was done."""


class StalePositionError(NotificationStoreError):
    """A source was read further than that already, by somebody else: nothing was recorded."""


class OutboxStore(Protocol):
    """Where notifications are recorded, with the places up to which their sources were read."""

    async def cursor(self, source: str) -> int | None:
        """Return how far a source was read; None when it never was."""
        ...

    async def reset(self, source: str, position: int) -> None:
        """Set the place in a source anew, whatever it was: the source was put back to a copy."""
        ...

    async def record(
        self,
        entries: Sequence[Entry],
        *,
        now_us: int,
        source: str | None = None,
        position: int = 0,
        marks: Sequence[AlertMark] = (),
    ) -> Sequence[StoredNotification]:
        """Keep notifications, deliveries, marks and the new place of a source; all or nothing.

        An id that is there already is passed over. A position at or below the source's raises
        StalePositionError. Returns what is new and shown in the application.
        """
        ...

    async def prune(self, *, before_us: int, keep_per_person: int) -> int:
        """Forget settled notifications that are older, or more than a person keeps; how many.

        Pauses that are older are forgotten too, the newest one aside: a log never shrinks to less
        than what its readers have read.
        """
        ...


class InboxStore(Protocol):
    """What a person sees in the application."""

    async def shown(
        self, person_id: int, *, before: int | None, limit: int, unread_only: bool = False
    ) -> Sequence[StoredNotification]:
        """Return the newest notifications, below a number, newest first."""
        ...

    async def unread(self, person_id: int) -> int:
        """Count what the person has not read."""
        ...

    async def mark_read(
        self, person_id: int, *, now_us: int, ids: Sequence[str] = (), up_to: int | None = None
    ) -> int:
        """Mark these, or all up to a number, as read; returns how many were not before."""
        ...

    async def preferences(self, person_id: int) -> Preferences:
        """Return what the person has chosen."""
        ...

    async def set_preferences(self, person_id: int, changes: Preferences) -> None:
        """Keep choices; others stay."""
        ...


class DeliveryStore(Protocol):
    """Mail and webhooks on their way."""

    async def claim(
        self, *, now_us: int, until_us: int, limit: int, busy: Collection[str]
    ) -> Sequence[Delivery]:
        """Take deliveries that are due, one for each target that is not busy, oldest first.

        Each counts an attempt and is not due again before `until_us`: should the process die now,
        somebody attempts it once more after that.
        """
        ...

    async def next_due_us(self) -> int | None:
        """Return when the next pending delivery is due."""
        ...

    async def settle(
        self, delivery_id: int, state: DeliveryState, *, now_us: int, due_us: int, outcome: str
    ) -> int:
        """Keep what came of an attempt; PENDING means another one at `due_us`.

        Returns how many deliveries in a row the webhook has not taken by now, 0 for mail.
        """
        ...

    async def mails_since(self, person_id: int, since_us: int) -> int:
        """Count mails sent to a person, those about security aside."""
        ...

    async def deliveries(self, person_id: int, webhook_id: str, limit: int) -> Sequence[Delivery]:
        """Return a webhook's deliveries, newest first."""
        ...

    async def redeliver(self, person_id: int, delivery_id: int, now_us: int) -> Delivery | None:
        """Make a settled delivery pending again, with all attempts; None when there is none."""
        ...


class WebhookStore(Protocol):
    """Where people's programs listen."""

    async def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False when the person has that many already."""
        ...

    async def put_webhook(self, webhook: Webhook, *, keeps_state: bool = False) -> bool:
        """Replace a webhook of the same id and person; False when there is none.

        `keeps_state` leaves whether it is paused, and what led to that, as it is stored.
        """
        ...

    async def pause_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Pause an active webhook and note it among the pauses, both or neither.

        False when there is none: then nothing is noted.
        """
        ...

    async def pauses_after(self, number: int, limit: int) -> Sequence[WebhookPause]:
        """Return what was paused, in order, after a number."""
        ...

    async def webhook(self, person_id: int, webhook_id: str) -> Webhook | None:
        """Return a webhook of this person."""
        ...

    async def webhooks(self, person_id: int) -> Sequence[Webhook]:
        """Return a person's webhooks, oldest first."""
        ...

    async def remove_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Forget a webhook; what is on its way to it is dead. False when there is none."""
        ...


class AlertStore(Protocol):
    """Prices that people want to hear of."""

    async def add_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Keep an alert; False when the person has that many active ones already.

        Of those that have fired for good, the newest ALERTS_ENDED_MAX stay.
        """
        ...

    async def put_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Replace an alert of the same id and person; False as for a new one, or without one."""
        ...

    async def alerts(self, person_id: int) -> Sequence[PriceAlert]:
        """Return a person's alerts, oldest first, those that have fired for good included."""
        ...

    async def active_alerts(self) -> Sequence[PriceAlert]:
        """Return everybody's alerts that can fire, oldest first."""
        ...

    async def remove_alert(self, person_id: int, alert_id: str) -> bool:
        """Forget an alert; False when there is none."""
        ...


class NotificationStore(OutboxStore, InboxStore, DeliveryStore, WebhookStore, AlertStore, Protocol):
    """All of it in one place: each method is one transaction. May raise NotificationStoreError."""

    async def close(self) -> None:
        """Let go of files and threads."""
        ...


# -- what notifications ask of the rest of the exchange


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What it takes to speak of a market's prices and quantities in decimals."""

    market: int
    symbol: str
    base: str
    quote: str
    base_scale: int
    quote_scale: int
    tick_atoms: int
    lot_atoms: int
    tick_lot_atoms: int
    """Quote atoms of one lot at a price of one tick."""


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """What it takes to speak of an amount of an asset in decimals."""

    name: str
    scale: int


class Terms(Protocol):
    """Markets and assets as they are."""

    def market(self, market: int) -> MarketTerms:
        """Return the terms of a market that is known to exist."""
        ...

    def market_of(self, symbol: str) -> MarketTerms | None:
        """Return the terms of the market of this symbol."""
        ...

    def asset(self, asset: int) -> AssetTerms:
        """Return the terms of an asset that is known to exist."""
        ...


class Recipients(Protocol):
    """Where people get mail."""

    async def address_of(self, person_id: int) -> str | None:
        """Return a person's confirmed address; None when there is none to write to.

        Raises NotificationStoreError when nobody can say now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened to a person outside the journal of orders."""

    number: int
    """Its place in its log, ascending."""
    person_id: int
    kind: Kind
    template: str
    time_us: int
    facts: Mapping[str, str] = field(default_factory=dict)


class OccurrenceLog(Protocol):
    """A durable log of occurrences. Its reads may raise NotificationStoreError."""

    @property
    def source(self) -> str:
        """The name under which its reader's place is kept."""
        ...

    async def last(self) -> int:
        """Return the newest number, 0 when there is none."""
        ...

    async def after(self, number: int, limit: int) -> tuple[Sequence[Occurrence], int]:
        """Return occurrences after a number, and the number up to which that is all of them.

        Numbers of which nobody is told anything may be passed over.
        """
        ...


# -- what the rest of the exchange asks of notifications


@dataclass(frozen=True, slots=True)
class InboxChange:
    """What an open page is told at once: something new, or only how much is unread."""

    unread: int
    new: StoredNotification | None = None


InboxListener = Callable[[InboxChange], None]
"""Called in the event loop; must not block and must not raise."""


class LiveInbox(Protocol):
    """Tells open pages what happens in a person's inbox."""

    def listen(self, person_id: int, listener: InboxListener) -> Callable[[], None]:
        """Call the listener for each change from now on; returns how to stop."""
        ...
