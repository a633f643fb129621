"""What people ask of notifications through a gateway: look, read, choose, set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from openoutcry.ports.notifications import (
    Channel,
    Delivery,
    Direction,
    Kind,
    Preferences,
    Webhook,
)


class DeskError(Exception):
    """A wish that is not fulfilled; the message is for the person."""


class NoSuchThingError(DeskError):
    """The person has nothing of that id."""


class TooManyThingsError(DeskError):
    """The person has as many as one may have."""


class TooOftenError(DeskError):
    """It is done too often; it may be tried again later."""


class BadWishError(DeskError):
    """A field has a value that will not do."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field_name = field_name


@dataclass(frozen=True, slots=True)
class ShownNotification:
    """A notification in words."""

    number: int
    notification_id: str
    kind: Kind
    event: str
    title: str
    text: str
    facts: Mapping[str, str]
    created_us: int
    read_us: int | None


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some of what is in an inbox, newest first; `next_before` is None at the end."""

    items: Sequence[ShownNotification]
    unread: int
    next_before: int | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Whether a kind reaches a person over a channel, and whether they may change that."""

    kind: Kind
    channel: Channel
    wanted: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook with its secret, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to be changed of a webhook; None leaves it."""

    url: str | None = None
    kinds: frozenset[Kind] | None = None
    label: str | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a test of a webhook."""

    ok: bool
    outcome: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """A price alert in decimals."""

    alert_id: str
    symbol: str
    direction: Direction
    price: str
    once: bool
    active: bool
    created_us: int
    fired_us: int | None


class NotificationDesk(Protocol):
    """One person at a time. Methods may raise DeskError and NotificationStoreError."""

    async def inbox(
        self, person_id: int, *, before: int | None, limit: int, unread_only: bool
    ) -> InboxPage:
        """Return a page of the inbox, below a number."""
        ...

    async def mark_read(
        self, person_id: int, *, ids: Sequence[str] = (), up_to: int | None = None
    ) -> int:
        """Mark these, or all up to a number, as read; returns how much is unread now."""
        ...

    async def choices(self, person_id: int) -> Sequence[Choice]:
        """Return every choice as it stands."""
        ...

    async def choose(self, person_id: int, changes: Preferences) -> Sequence[Choice]:
        """Change choices; returns all as they stand then."""
        ...

    async def webhooks(self, person_id: int) -> Sequence[Webhook]:
        """Return the webhooks, oldest first."""
        ...

    async def webhook(self, person_id: int, webhook_id: str) -> Webhook:
        """Return one."""
        ...

    async def add_webhook(
        self, person_id: int, url: str, kinds: frozenset[Kind], label: str
    ) -> NewWebhook:
        """Make a webhook with a secret of its own."""
        ...

    async def change_webhook(
        self, person_id: int, webhook_id: str, change: WebhookChange
    ) -> Webhook:
        """Change a webhook; its secret stays."""
        ...

    async def renew_secret(self, person_id: int, webhook_id: str) -> NewWebhook:
        """Give a webhook another secret; the old one signs nothing more."""
        ...

    async def remove_webhook(self, person_id: int, webhook_id: str) -> None:
        """Forget a webhook."""
        ...

    async def try_webhook(self, person_id: int, webhook_id: str) -> Trial:
        """Send a test now."""
        ...

    async def deliveries(self, person_id: int, webhook_id: str) -> Sequence[Delivery]:
        """Return the newest deliveries, newest first."""
        ...

    async def redeliver(self, person_id: int, webhook_id: str, delivery_id: int) -> Delivery:
        """Have a settled delivery attempted again."""
        ...

    async def alerts(self, person_id: int) -> Sequence[ShownAlert]:
        """Return the price alerts, oldest first."""
        ...

    async def add_alert(
        self, person_id: int, symbol: str, direction: Direction, price: str, *, once: bool
    ) -> ShownAlert:
        """Make a price alert; trades from now on count."""
        ...

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
        ...

    async def remove_alert(self, person_id: int, alert_id: str) -> None:
        """Forget a price alert."""
        ...
