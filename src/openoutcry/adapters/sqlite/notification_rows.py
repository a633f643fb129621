"""The tables of notifications in the file of people, and what a row of each means."""

import json
from typing import Any

from openoutcry.ports.notifications import (
    Channel,
    Delivery,
    DeliveryState,
    Direction,
    Kind,
    Notification,
    PriceAlert,
    StoredNotification,
    Webhook,
    WebhookPause,
    WebhookState,
)

_FORMAT_1 = (
    "CREATE TABLE notification_format (version INTEGER NOT NULL) STRICT",
    "INSERT INTO notification_format VALUES (1)",
    """
    CREATE TABLE notification_cursor (
      source TEXT PRIMARY KEY,
      position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE notification_message (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      notification_id TEXT NOT NULL UNIQUE,
      person_id INTEGER NOT NULL,
      kind TEXT NOT NULL,
      template TEXT NOT NULL,
      time_us INTEGER NOT NULL,
      facts TEXT NOT NULL,
      shown INTEGER NOT NULL,
      recorded_us INTEGER NOT NULL,
      read_us INTEGER
    ) STRICT
    """,
    "CREATE INDEX notification_message_person ON notification_message (person_id, number)",
    "CREATE INDEX notification_message_recorded ON notification_message (recorded_us)",
    """
    CREATE INDEX notification_message_unread ON notification_message (person_id)
      WHERE shown AND read_us IS NULL
    """,
    """
    CREATE TABLE notification_delivery (
      delivery_id INTEGER PRIMARY KEY AUTOINCREMENT,
      number INTEGER NOT NULL REFERENCES notification_message ON DELETE CASCADE,
      channel TEXT NOT NULL,
      webhook_id TEXT NOT NULL,
      target TEXT NOT NULL,
      state TEXT NOT NULL,
      attempts INTEGER NOT NULL,
      due_us INTEGER NOT NULL,
      outcome TEXT NOT NULL,
      settled_us INTEGER,
      UNIQUE (number, channel, webhook_id)
    ) STRICT
    """,
    """
    CREATE INDEX notification_delivery_due ON notification_delivery (due_us, delivery_id)
      WHERE state = 'pending'
    """,
    "CREATE INDEX notification_delivery_target ON notification_delivery (target, delivery_id)",
    """
    CREATE TABLE notification_preference (
      person_id INTEGER NOT NULL,
      kind TEXT NOT NULL,
      channel TEXT NOT NULL,
      wanted INTEGER NOT NULL,
      PRIMARY KEY (person_id, kind, channel)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE notification_webhook (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      webhook_id TEXT NOT NULL UNIQUE,
      person_id INTEGER NOT NULL,
      url TEXT NOT NULL,
      kinds TEXT NOT NULL,
      salt BLOB NOT NULL,
      label TEXT NOT NULL,
      state TEXT NOT NULL,
      dead_in_a_row INTEGER NOT NULL,
      created_us INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX notification_webhook_person ON notification_webhook (person_id, position)",
    """
    CREATE TABLE notification_alert (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      alert_id TEXT NOT NULL UNIQUE,
      person_id INTEGER NOT NULL,
      market INTEGER NOT NULL,
      direction TEXT NOT NULL,
      price_ticks INTEGER NOT NULL,
      once INTEGER NOT NULL,
      after_seq INTEGER NOT NULL,
      created_us INTEGER NOT NULL,
      armed INTEGER NOT NULL,
      fired_us INTEGER
    ) STRICT
    """,
    "CREATE INDEX notification_alert_person ON notification_alert (person_id, position)",
)
_FORMAT_2 = (
    """
    CREATE TABLE notification_pause (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      webhook_id TEXT NOT NULL,
      person_id INTEGER NOT NULL,
      url TEXT NOT NULL,
      dead_in_a_row INTEGER NOT NULL,
      time_us INTEGER NOT NULL
    ) STRICT
    """,
    "UPDATE notification_format SET version = 2",
)
FORMATS = (_FORMAT_1, _FORMAT_2)
"""What makes each format of the one before."""
FORMAT_VERSION = len(FORMATS)

_MESSAGE = "m.notification_id, m.person_id, m.kind, m.template, m.time_us, m.facts"
STORED = f"m.number, m.read_us, {_MESSAGE}"
DELIVERY = (
    "d.delivery_id, d.channel, d.webhook_id, d.state, d.attempts, d.due_us, d.outcome,"
    f" d.settled_us, {_MESSAGE}"
)
DELIVERY_TABLES = "notification_delivery AS d JOIN notification_message AS m USING (number)"
WEBHOOK = "webhook_id, person_id, url, kinds, salt, label, state, dead_in_a_row, created_us"
PAUSE = "number, webhook_id, person_id, url, dead_in_a_row, time_us"
ALERT = (
    "alert_id, person_id, market, direction, price_ticks, once, after_seq, created_us, armed,"
    " fired_us"
)
ALERT_IS_ACTIVE = "NOT (once AND fired_us IS NOT NULL)"


def facts_text(notification: Notification) -> str:
    """Return the facts as they are kept."""
    return json.dumps(dict(notification.facts), ensure_ascii=False, separators=(",", ":"))


def _notification(
    notification_id: str, person_id: int, kind: str, template: str, time_us: int, facts: str
) -> Notification:
    return Notification(
        notification_id, person_id, Kind(kind), template, time_us, json.loads(facts)
    )


def stored_of(row: tuple[Any, ...]) -> StoredNotification:
    """Return the notification of a row as selected by `STORED`."""
    number, read_us, *message = row
    return StoredNotification(number, _notification(*message), read_us)


def delivery_of(row: tuple[Any, ...]) -> Delivery:
    """Return the delivery of a row as selected by `DELIVERY`."""
    delivery_id, channel, webhook_id, state, attempts, due_us, outcome, settled_us, *message = row
    return Delivery(
        delivery_id,
        _notification(*message),
        Channel(channel),
        webhook_id,
        DeliveryState(state),
        attempts,
        due_us,
        outcome,
        settled_us,
    )


def kinds_text(webhook: Webhook) -> str:
    """Return the kinds as they are kept."""
    return " ".join(sorted(webhook.kinds))


def webhook_of(row: tuple[Any, ...]) -> Webhook:
    """Return the webhook of a row as selected by `WEBHOOK`."""
    webhook_id, person_id, url, kinds, salt, label, state, dead_in_a_row, created_us = row
    return Webhook(
        webhook_id,
        person_id,
        url,
        frozenset(map(Kind, kinds.split())),
        salt,
        label,
        WebhookState(state),
        dead_in_a_row,
        created_us,
    )


def pause_of(row: tuple[Any, ...]) -> WebhookPause:
    """Return the pause of a row as selected by `PAUSE`."""
    return WebhookPause(*row)


def alert_of(row: tuple[Any, ...]) -> PriceAlert:
    """Return the alert of a row as selected by `ALERT`."""
    (
        alert_id,
        person_id,
        market,
        direction,
        price_ticks,
        once,
        after_seq,
        created_us,
        armed,
        fired_us,
    ) = row
    return PriceAlert(
        alert_id,
        person_id,
        market,
        Direction(direction),
        price_ticks,
        bool(once),
        after_seq,
        created_us,
        bool(armed),
        fired_us,
    )


def alert_values(alert: PriceAlert) -> tuple[object, ...]:
    """Return an alert as a row of `ALERT`."""
    return (
        alert.alert_id,
        alert.person_id,
        alert.market,
        alert.direction.value,
        alert.price_ticks,
        alert.once,
        alert.after_seq,
        alert.created_us,
        alert.armed,
        alert.fired_us,
    )
