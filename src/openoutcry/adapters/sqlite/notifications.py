"""Notifications as tables of the file of people; each method is one transaction in a thread."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from openoutcry.adapters.sqlite.notification_rows import (
    ALERT,
    ALERT_IS_ACTIVE,
    DELIVERY,
    DELIVERY_TABLES,
    FORMAT_VERSION,
    FORMATS,
    PAUSE,
    STORED,
    WEBHOOK,
    alert_of,
    alert_values,
    delivery_of,
    facts_text,
    kinds_text,
    pause_of,
    stored_of,
    webhook_of,
)
from openoutcry.adapters.sqlite.own_file import make_own_file
from openoutcry.ports.notifications import (
    ALERTS_ENDED_MAX,
    AlertMark,
    Channel,
    Delivery,
    DeliveryState,
    Entry,
    Kind,
    NotificationStoreError,
    Preferences,
    PriceAlert,
    StalePositionError,
    StoredNotification,
    Webhook,
    WebhookPause,
    WebhookState,
)

_BUSY_SECONDS = 10.0
_DUE_ROWS = 256
"""So many due deliveries are looked at to find targets that are not busy."""
_ACTIVE_OTHERS = (
    "SELECT count(*) FROM notification_alert"  # noqa: S608 - a constant
    f" WHERE person_id = ? AND alert_id <> ? AND {ALERT_IS_ACTIVE}"
)
_T = TypeVar("_T")


class SqliteNotifications:
    """`NotificationStore` in a file that its owner alone may read."""

    def __init__(self, path: Path) -> None:
        """Open the tables, made if missing; raises NotificationStoreError."""
        self._path = path
        self._one_at_a_time = threading.Lock()
        make_own_file(path)
        self._database = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
        )
        try:
            self._open()
        except (sqlite3.Error, NotificationStoreError) as error:
            self._database.close()
            raise NotificationStoreError(f"{path}: {error}") from error

    def _open(self) -> None:
        database = self._database
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("BEGIN IMMEDIATE")
        has_tables = database.execute(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'notification_format'"
        ).fetchone()
        version = 0
        if has_tables:
            (version,) = database.execute("SELECT max(version) FROM notification_format").fetchone()
        for statements in FORMATS[version:]:
            for statement in statements:
                database.execute(statement)
        database.execute("COMMIT")
        if version > FORMAT_VERSION:
            raise NotificationStoreError(
                f"notifications of format {version}, and this release reads {FORMAT_VERSION}"
            )

    async def close(self) -> None:
        """Close the file; the store must not be used afterwards."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._one_at_a_time:
            self._database.close()

    async def _read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._guarded, work)

    async def _write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        return await asyncio.to_thread(self._guarded, lambda database: _whole(database, work))

    def _guarded(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._one_at_a_time:
            try:
                return work(self._database)
            except sqlite3.Error as error:
                raise NotificationStoreError(f"{self._path}: {error}") from error

    # -- outbox

    async def cursor(self, source: str) -> int | None:
        """Return how far a source was read."""
        return await self._read(lambda database: _cursor(database, source))

    async def reset(self, source: str, position: int) -> None:
        """Set the place in a source anew."""
        await self._write(lambda database: _set_cursor(database, source, position))

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

        def work(database: sqlite3.Connection) -> list[StoredNotification]:
            if source is not None:
                _move_cursor(database, source, position)
            stored = [_keep(database, entry, now_us) for entry in entries]
            database.executemany(
                "UPDATE notification_alert SET armed = ?, fired_us = ? WHERE alert_id = ?",
                [(mark.armed, mark.fired_us, mark.alert_id) for mark in marks],
            )
            return [found for found in stored if found is not None]

        return await self._write(work)

    async def prune(self, *, before_us: int, keep_per_person: int) -> int:
        """Forget settled notifications that are older, or more than a person keeps."""

        def work(database: sqlite3.Connection) -> int:
            database.execute(
                "DELETE FROM notification_pause WHERE time_us < ?"
                " AND number < (SELECT max(number) FROM notification_pause)",
                (before_us,),
            )
            return database.execute(
                "DELETE FROM notification_message WHERE number IN ("
                " SELECT number FROM notification_message WHERE recorded_us < ?"
                " UNION SELECT number FROM (SELECT number, row_number() OVER"
                "  (PARTITION BY person_id ORDER BY number DESC) AS place"
                "  FROM notification_message) WHERE place > ?)"
                " AND number NOT IN"
                "  (SELECT number FROM notification_delivery WHERE state = 'pending')",
                (before_us, keep_per_person),
            ).rowcount

        return await self._write(work)

    # -- inbox

    async def shown(
        self, person_id: int, *, before: int | None, limit: int, unread_only: bool = False
    ) -> Sequence[StoredNotification]:
        """Return the newest notifications, below a number, newest first."""
        conditions = ["m.person_id = ?", "m.shown"]
        values = [person_id]
        if before is not None:
            conditions.append("m.number < ?")
            values.append(before)
        if unread_only:
            conditions.append("m.read_us IS NULL")
        condition = " AND ".join(conditions)
        return await self._read(
            lambda database: [
                stored_of(row)
                for row in database.execute(
                    f"SELECT {STORED} FROM notification_message AS m"  # noqa: S608 - constants
                    f" WHERE {condition} ORDER BY m.number DESC LIMIT ?",
                    (*values, limit),
                )
            ]
        )

    async def unread(self, person_id: int) -> int:
        """Count what the person has not read."""

        def work(database: sqlite3.Connection) -> int:
            (count,) = database.execute(
                "SELECT count(*) FROM notification_message"
                " WHERE person_id = ? AND shown AND read_us IS NULL",
                (person_id,),
            ).fetchone()
            return int(count)

        return await self._read(work)

    async def mark_read(
        self, person_id: int, *, now_us: int, ids: Sequence[str] = (), up_to: int | None = None
    ) -> int:
        """Mark these, or all up to a number, as read."""
        meant = ["number <= ?"] if up_to is not None else []
        values: list[object] = [up_to] if up_to is not None else []
        meant += ["notification_id = ?"] * len(ids)
        values += ids
        if not meant:
            return 0
        return await self._write(
            lambda database: (
                database.execute(
                    "UPDATE notification_message SET read_us = ?"  # noqa: S608 - only marks
                    " WHERE person_id = ? AND shown AND read_us IS NULL"
                    f" AND ({' OR '.join(meant)})",
                    (now_us, person_id, *values),
                ).rowcount
            )
        )

    async def preferences(self, person_id: int) -> Preferences:
        """Return what the person has chosen."""
        return await self._read(
            lambda database: {
                (Kind(kind), Channel(channel)): bool(wanted)
                for kind, channel, wanted in database.execute(
                    "SELECT kind, channel, wanted FROM notification_preference WHERE person_id = ?",
                    (person_id,),
                )
            }
        )

    async def set_preferences(self, person_id: int, changes: Preferences) -> None:
        """Keep choices; others stay."""
        await self._write(
            lambda database: database.executemany(
                "INSERT OR REPLACE INTO notification_preference VALUES (?, ?, ?, ?)",
                [
                    (person_id, kind.value, channel.value, wanted)
                    for (kind, channel), wanted in changes.items()
                ],
            )
        )

    # -- deliveries

    async def claim(
        self, *, now_us: int, until_us: int, limit: int, busy: Collection[str]
    ) -> Sequence[Delivery]:
        """Take deliveries that are due, one for each target that is not busy, oldest first."""
        marks = ", ".join("?" * len(busy))

        def work(database: sqlite3.Connection) -> list[Delivery]:
            rows = database.execute(
                f"SELECT {DELIVERY} FROM {DELIVERY_TABLES}"  # noqa: S608 - constants
                f" WHERE d.state = 'pending' AND d.due_us <= ? AND d.target NOT IN ({marks})"
                " ORDER BY d.due_us, d.delivery_id LIMIT ?",
                (now_us, *busy, _DUE_ROWS),
            )
            first: dict[str, int] = {}
            for delivery in map(delivery_of, rows.fetchall()):
                if len(first) < limit:
                    first.setdefault(delivery.target, delivery.delivery_id)
            database.executemany(
                "UPDATE notification_delivery SET attempts = attempts + 1, due_us = ?"
                " WHERE delivery_id = ?",
                [(until_us, delivery_id) for delivery_id in first.values()],
            )
            return [_delivery(database, delivery_id) for delivery_id in first.values()]

        return await self._write(work)

    async def next_due_us(self) -> int | None:
        """Return when the next pending delivery is due."""

        def work(database: sqlite3.Connection) -> int | None:
            row = database.execute(
                "SELECT due_us FROM notification_delivery WHERE state = 'pending'"
                " ORDER BY due_us LIMIT 1"
            ).fetchone()
            return None if row is None else int(row[0])

        return await self._read(work)

    async def settle(
        self, delivery_id: int, state: DeliveryState, *, now_us: int, due_us: int, outcome: str
    ) -> int:
        """Keep what came of an attempt."""
        settled_us = None if state is DeliveryState.PENDING else now_us

        def work(database: sqlite3.Connection) -> int:
            found = database.execute(
                "UPDATE notification_delivery"
                " SET state = ?, due_us = ?, outcome = ?, settled_us = ?"
                " WHERE delivery_id = ? AND state = 'pending' RETURNING webhook_id",
                (state.value, due_us, outcome, settled_us, delivery_id),
            ).fetchone()
            if found is None:
                return 0
            if state in _IN_A_ROW:
                database.execute(
                    f"UPDATE notification_webhook SET dead_in_a_row = {_IN_A_ROW[state]}"  # noqa: S608
                    " WHERE webhook_id = ?",
                    found,
                )
            row = database.execute(
                "SELECT dead_in_a_row FROM notification_webhook WHERE webhook_id = ?", found
            ).fetchone()
            return 0 if row is None else int(row[0])

        return await self._write(work)

    async def mails_since(self, person_id: int, since_us: int) -> int:
        """Count mails sent to a person, those about security aside."""

        def work(database: sqlite3.Connection) -> int:
            (count,) = database.execute(
                f"SELECT count(*) FROM {DELIVERY_TABLES}"  # noqa: S608 - a constant
                " WHERE d.target = ? AND d.channel = ? AND d.state = 'sent'"
                " AND d.settled_us >= ? AND m.kind <> ?",
                (f"person {person_id}", Channel.EMAIL.value, since_us, Kind.SECURITY.value),
            ).fetchone()
            return int(count)

        return await self._read(work)

    async def deliveries(self, person_id: int, webhook_id: str, limit: int) -> Sequence[Delivery]:
        """Return a webhook's deliveries, newest first."""
        return await self._read(
            lambda database: [
                delivery_of(row)
                for row in database.execute(
                    f"SELECT {DELIVERY} FROM {DELIVERY_TABLES}"  # noqa: S608 - constants
                    " WHERE d.target = ? AND d.webhook_id <> '' AND m.person_id = ?"
                    " ORDER BY d.delivery_id DESC LIMIT ?",
                    (webhook_id, person_id, limit),
                )
            ]
        )

    async def redeliver(self, person_id: int, delivery_id: int, now_us: int) -> Delivery | None:
        """Make a settled delivery pending again, with all attempts."""

        def work(database: sqlite3.Connection) -> Delivery | None:
            changed = database.execute(
                "UPDATE notification_delivery"
                " SET state = 'pending', attempts = 0, due_us = ?, settled_us = NULL"
                " WHERE delivery_id = ? AND channel = ? AND state <> 'pending' AND number IN"
                "  (SELECT number FROM notification_message WHERE person_id = ?)",
                (now_us, delivery_id, Channel.WEBHOOK.value, person_id),
            ).rowcount
            return _delivery(database, delivery_id) if changed else None

        return await self._write(work)

    # -- webhooks

    async def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False when the person has that many already."""
        return await self._write(
            lambda database: (
                database.execute(
                    f"INSERT INTO notification_webhook ({WEBHOOK})"  # noqa: S608 - a constant
                    " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE"
                    " (SELECT count(*) FROM notification_webhook WHERE person_id = ?) < ?",
                    (*_webhook_values(webhook), webhook.person_id, most),
                ).rowcount
                == 1
            )
        )

    async def put_webhook(self, webhook: Webhook, *, keeps_state: bool = False) -> bool:
        """Replace a webhook of the same id and person; False when there is none."""
        state = "" if keeps_state else ", state = :state, dead_in_a_row = :dead_in_a_row"
        names = [name.strip() for name in WEBHOOK.split(",")]
        values = dict(zip(names, _webhook_values(webhook), strict=True))
        return await self._write(
            lambda database: (
                database.execute(
                    "UPDATE notification_webhook"  # noqa: S608 - constants
                    f" SET url = :url, kinds = :kinds, salt = :salt, label = :label{state}"
                    " WHERE webhook_id = :webhook_id AND person_id = :person_id",
                    values,
                ).rowcount
                == 1
            )
        )

    async def pause_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Pause an active webhook and note it among the pauses."""

        def work(database: sqlite3.Connection) -> bool:
            paused = database.execute(
                "UPDATE notification_webhook SET state = ?"
                " WHERE webhook_id = ? AND person_id = ? AND state = ?"
                " RETURNING webhook_id, person_id, url, dead_in_a_row",
                (WebhookState.PAUSED.value, webhook_id, person_id, WebhookState.ACTIVE.value),
            ).fetchone()
            if paused is not None:
                database.execute(
                    "INSERT INTO notification_pause"
                    " (webhook_id, person_id, url, dead_in_a_row, time_us) VALUES (?, ?, ?, ?, ?)",
                    (*paused, now_us),
                )
            return paused is not None

        return await self._write(work)

    async def pauses_after(self, number: int, limit: int) -> Sequence[WebhookPause]:
        """Return what was paused, in order, after a number."""
        return await self._read(
            lambda database: [
                pause_of(row)
                for row in database.execute(
                    f"SELECT {PAUSE} FROM notification_pause"  # noqa: S608 - a constant
                    " WHERE number > ? ORDER BY number LIMIT ?",
                    (number, limit),
                )
            ]
        )

    async def webhook(self, person_id: int, webhook_id: str) -> Webhook | None:
        """Return a webhook of this person."""

        def work(database: sqlite3.Connection) -> Webhook | None:
            row = database.execute(
                f"SELECT {WEBHOOK} FROM notification_webhook"  # noqa: S608 - a constant
                " WHERE webhook_id = ? AND person_id = ?",
                (webhook_id, person_id),
            ).fetchone()
            return None if row is None else webhook_of(row)

        return await self._read(work)

    async def webhooks(self, person_id: int) -> Sequence[Webhook]:
        """Return a person's webhooks, oldest first."""
        return await self._read(
            lambda database: [
                webhook_of(row)
                for row in database.execute(
                    f"SELECT {WEBHOOK} FROM notification_webhook"  # noqa: S608 - a constant
                    " WHERE person_id = ? ORDER BY position",
                    (person_id,),
                )
            ]
        )

    async def remove_webhook(self, person_id: int, webhook_id: str, now_us: int) -> bool:
        """Forget a webhook; what is on its way to it is dead."""

        def work(database: sqlite3.Connection) -> bool:
            removed = database.execute(
                "DELETE FROM notification_webhook WHERE webhook_id = ? AND person_id = ?",
                (webhook_id, person_id),
            ).rowcount
            if removed:
                database.execute(
                    "UPDATE notification_delivery SET state = ?, outcome = ?, settled_us = ?"
                    " WHERE target = ? AND state = 'pending'",
                    (DeliveryState.DEAD.value, "the webhook was removed", now_us, webhook_id),
                )
            return removed == 1

        return await self._write(work)

    # -- alerts

    async def add_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Keep an alert; False when the person has that many active ones already."""

        def work(database: sqlite3.Connection) -> bool:
            added = database.execute(
                f"INSERT INTO notification_alert ({ALERT})"
                f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE ({_ACTIVE_OTHERS}) < ?",
                (*alert_values(alert), alert.person_id, alert.alert_id, most),
            ).rowcount
            database.execute(
                "DELETE FROM notification_alert WHERE position IN ("  # noqa: S608 - a constant
                " SELECT position FROM notification_alert"
                f" WHERE person_id = ? AND NOT ({ALERT_IS_ACTIVE})"
                " ORDER BY position DESC LIMIT -1 OFFSET ?)",
                (alert.person_id, ALERTS_ENDED_MAX),
            )
            return added == 1

        return await self._write(work)

    async def put_alert(self, alert: PriceAlert, *, most: int) -> bool:
        """Replace an alert of the same id and person; False as for a new one, or without one."""
        return await self._write(
            lambda database: (
                database.execute(
                    f"UPDATE notification_alert SET ({ALERT}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
                    f" WHERE alert_id = ? AND person_id = ? AND ({_ACTIVE_OTHERS}) < ?",
                    (
                        *alert_values(alert),
                        alert.alert_id,
                        alert.person_id,
                        alert.person_id,
                        alert.alert_id,
                        most,
                    ),
                ).rowcount
                == 1
            )
        )

    async def alerts(self, person_id: int) -> Sequence[PriceAlert]:
        """Return a person's alerts, oldest first."""
        return await self._select_alerts("person_id = ?", (person_id,))

    async def active_alerts(self) -> Sequence[PriceAlert]:
        """Return everybody's alerts that can fire, oldest first."""
        return await self._select_alerts(ALERT_IS_ACTIVE, ())

    async def _select_alerts(self, condition: str, values: tuple[int, ...]) -> list[PriceAlert]:
        return await self._read(
            lambda database: [
                alert_of(row)
                for row in database.execute(
                    f"SELECT {ALERT} FROM notification_alert"  # noqa: S608 - constants
                    f" WHERE {condition} ORDER BY position",
                    values,
                )
            ]
        )

    async def remove_alert(self, person_id: int, alert_id: str) -> bool:
        """Forget an alert; False when there is none."""
        return await self._write(
            lambda database: (
                database.execute(
                    "DELETE FROM notification_alert WHERE alert_id = ? AND person_id = ?",
                    (alert_id, person_id),
                ).rowcount
                == 1
            )
        )


_IN_A_ROW = {DeliveryState.SENT: "0", DeliveryState.DEAD: "dead_in_a_row + 1"}


def _whole(database: sqlite3.Connection, work: Callable[[sqlite3.Connection], _T]) -> _T:
    """Do all of the work or nothing of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        result = work(database)
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")
    return result


def _cursor(database: sqlite3.Connection, source: str) -> int | None:
    row = database.execute(
        "SELECT position FROM notification_cursor WHERE source = ?", (source,)
    ).fetchone()
    return None if row is None else int(row[0])


def _move_cursor(database: sqlite3.Connection, source: str, position: int) -> None:
    before = _cursor(database, source)
    if before is not None and position <= before:
        raise StalePositionError(f"{source} was read up to {before}, not to {position}")
    _set_cursor(database, source, position)


def _set_cursor(database: sqlite3.Connection, source: str, position: int) -> None:
    database.execute("INSERT OR REPLACE INTO notification_cursor VALUES (?, ?)", (source, position))


def _keep(database: sqlite3.Connection, entry: Entry, now_us: int) -> StoredNotification | None:
    """Insert a notification that is new, with its deliveries; returns it if it is shown."""
    notification = entry.notification
    row = database.execute(
        "INSERT INTO notification_message (notification_id, person_id, kind, template, time_us,"
        " facts, shown, recorded_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (notification_id) DO NOTHING RETURNING number",
        (
            notification.notification_id,
            notification.person_id,
            notification.kind.value,
            notification.template,
            notification.time_us,
            facts_text(notification),
            entry.in_app,
            now_us,
        ),
    ).fetchone()
    if row is None:
        return None
    (number,) = row
    targets = [(Channel.WEBHOOK, webhook_id, webhook_id) for webhook_id in entry.webhooks]
    if entry.email:
        targets.insert(0, (Channel.EMAIL, "", f"person {notification.person_id}"))
    database.executemany(
        "INSERT INTO notification_delivery (number, channel, webhook_id, target, state, attempts,"
        " due_us, outcome) VALUES (?, ?, ?, ?, 'pending', 0, ?, '')",
        [(number, channel.value, hook, target, now_us) for channel, hook, target in targets],
    )
    return StoredNotification(number, notification) if entry.in_app else None


def _delivery(database: sqlite3.Connection, delivery_id: int) -> Delivery:
    row = database.execute(
        f"SELECT {DELIVERY} FROM {DELIVERY_TABLES} WHERE d.delivery_id = ?",  # noqa: S608
        (delivery_id,),
    ).fetchone()
    return delivery_of(row)


def _webhook_values(webhook: Webhook) -> tuple[object, ...]:
    return (
        webhook.webhook_id,
        webhook.person_id,
        webhook.url,
        kinds_text(webhook),
        webhook.salt,
        webhook.label,
        webhook.state.value,
        webhook.dead_in_a_row,
        webhook.created_us,
    )
