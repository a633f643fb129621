"""What requests about notifications say, and what their answers look like."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from openoutcry.gateways.web.api import Amount, Input, Output
from openoutcry.ports.notification_desk import Choice, ShownAlert, ShownNotification
from openoutcry.ports.notifications import (
    Channel,
    Delivery,
    DeliveryState,
    Direction,
    Kind,
    Webhook,
    WebhookState,
)

PAGE_MAX = 100
IDS_MAX = 100
URL_CHARACTERS_MAX = 2_048
LABEL_CHARACTERS_MAX = 60
_NUMBER_MAX = (1 << 53) - 1
"""JavaScript clients hold integers in doubles."""
_KINDS_MAX = len(Kind)

_Number = Annotated[int, msgspec.Meta(ge=1, le=_NUMBER_MAX)]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Kinds = Annotated[tuple[Kind, ...], msgspec.Meta(min_length=1, max_length=_KINDS_MAX)]
_Url = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=URL_CHARACTERS_MAX, examples=["https://example.org/hook"]
    ),
]
_Label = Annotated[str, msgspec.Meta(max_length=LABEL_CHARACTERS_MAX)]
_Symbol = Annotated[str, msgspec.Meta(min_length=1, max_length=24, examples=["BTCUSD"])]


# -- the inbox


class InboxQuery(Input, frozen=True):
    """Which part of the inbox."""

    before: _Number | None = None
    """Only notifications with smaller numbers: `next_before` of the page before."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50
    unread: bool = False
    """Only what is not read yet."""


class NotificationView(Output, frozen=True):
    """A notification in words and in facts."""

    id: str
    number: int
    kind: Kind
    event: str
    """What happened, for programs: the name of its words in the catalogue."""
    title: str
    text: str
    facts: dict[str, str]
    created_us: int
    read_us: int | None


class InboxView(Output, frozen=True):
    """Part of an inbox, newest first."""

    items: tuple[NotificationView, ...]
    unread: int
    next_before: int | None


class MarkRead(Input, frozen=True):
    """What has been read: some by id, or everything up to a number."""

    ids: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=IDS_MAX)] = ()
    up_to: _Number | None = None


class UnreadView(Output, frozen=True):
    """How much is unread now."""

    unread: int


# -- choices


class ChoiceView(Output, frozen=True):
    """Whether a kind reaches you over a channel. Locked ones cannot be switched off."""

    kind: Kind
    channel: Channel
    wanted: bool
    locked: bool


class ChoicesView(Output, frozen=True):
    """Every choice as it stands."""

    choices: tuple[ChoiceView, ...]


class ChoiceWish(Input, frozen=True):
    """One choice."""

    kind: Kind
    channel: Channel
    wanted: bool


class ChoicesWish(Input, frozen=True):
    """Choices to change; others stay."""

    choices: Annotated[
        tuple[ChoiceWish, ...], msgspec.Meta(min_length=1, max_length=_KINDS_MAX * len(Channel))
    ]


# -- webhooks


class WebhookWish(Input, frozen=True):
    """A new webhook."""

    url: _Url
    kinds: _Kinds
    label: _Label = ""


class WebhookChangeWish(Input, frozen=True):
    """What is to change; what is not sent stays."""

    url: _Url | None = None
    kinds: _Kinds | None = None
    label: _Label | None = None
    active: bool | None = None


class WebhookView(Output, frozen=True):
    """A webhook without its secret."""

    id: str
    url: str
    kinds: tuple[Kind, ...]
    label: str
    state: WebhookState
    dead_in_a_row: int
    created_us: int


class WebhookList(Output, frozen=True):
    """All webhooks, oldest first."""

    webhooks: tuple[WebhookView, ...]


class MadeWebhook(Output, frozen=True):
    """A webhook with its secret, which is shown this once."""

    webhook: WebhookView
    secret: str


class TrialView(Output, frozen=True):
    """What came of a test."""

    ok: bool
    outcome: str
    milliseconds: int


class DeliveryView(Output, frozen=True):
    """One notification on its way to a webhook."""

    id: int
    notification_id: str
    event: str
    state: DeliveryState
    attempts: int
    due_us: int
    outcome: str
    settled_us: int | None


class DeliveryList(Output, frozen=True):
    """The newest deliveries, newest first."""

    deliveries: tuple[DeliveryView, ...]


# -- alerts


class AlertWish(Input, frozen=True):
    """A new price alert."""

    symbol: _Symbol
    direction: Direction
    price: Amount
    once: bool = True
    """False: again each time, after the price was back on the other side."""


class AlertChangeWish(Input, frozen=True):
    """What is to change; what is not sent stays."""

    direction: Direction | None = None
    price: Amount | None = None
    once: bool | None = None


class AlertView(Output, frozen=True):
    """A price alert."""

    id: str
    symbol: str
    direction: Direction
    price: str
    once: bool
    active: bool
    created_us: int
    fired_us: int | None


class AlertList(Output, frozen=True):
    """All price alerts, oldest first."""

    alerts: tuple[AlertView, ...]


def notification_view(shown: ShownNotification) -> NotificationView:
    """Return a notification as it is shown."""
    return NotificationView(
        id=shown.notification_id,
        number=shown.number,
        kind=shown.kind,
        event=shown.event,
        title=shown.title,
        text=shown.text,
        facts=dict(shown.facts),
        created_us=shown.created_us,
        read_us=shown.read_us,
    )


def choices_view(choices: Sequence[Choice]) -> ChoicesView:
    """Return choices as they are shown."""
    return ChoicesView(
        choices=tuple(
            ChoiceView(
                kind=choice.kind,
                channel=choice.channel,
                wanted=choice.wanted,
                locked=choice.locked,
            )
            for choice in choices
        )
    )


def webhook_view(webhook: Webhook) -> WebhookView:
    """Return a webhook as it is shown."""
    return WebhookView(
        id=webhook.webhook_id,
        url=webhook.url,
        kinds=tuple(sorted(webhook.kinds)),
        label=webhook.label,
        state=webhook.state,
        dead_in_a_row=webhook.dead_in_a_row,
        created_us=webhook.created_us,
    )


def delivery_view(delivery: Delivery) -> DeliveryView:
    """Return a delivery as it is shown."""
    return DeliveryView(
        id=delivery.delivery_id,
        notification_id=delivery.notification.notification_id,
        event=delivery.notification.template,
        state=delivery.state,
        attempts=delivery.attempts,
        due_us=delivery.due_us,
        outcome=delivery.outcome,
        settled_us=delivery.settled_us,
    )


def alert_view(shown: ShownAlert) -> AlertView:
    """Return a price alert as it is shown."""
    return AlertView(
        id=shown.alert_id,
        symbol=shown.symbol,
        direction=shown.direction,
        price=shown.price,
        once=shown.once,
        active=shown.active,
        created_us=shown.created_us,
        fired_us=shown.fired_us,
    )
