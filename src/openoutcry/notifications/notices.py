"""What people are told of what they, or the courier, have just done: it is in no other log."""

from urllib.parse import urlsplit

from openoutcry.notifications.causes import notification_id
from openoutcry.notifications.templates import CATALOGUE
from openoutcry.ports.notifications import Notification, Webhook


def done_by_themselves(
    person_id: int, template: str, now_us: int, facts: dict[str, str]
) -> Notification:
    """Return what tells a person of something that was done just now and is in no other log."""
    return Notification(
        notification_id("desk", person_id, template, now_us, *facts.values()),
        person_id,
        CATALOGUE[template].kind,
        template,
        now_us,
        facts,
    )


def paused_notice(webhook: Webhook, now_us: int) -> Notification:
    """Return what tells a person that their webhook was paused."""
    facts = {"host": host_of(webhook.url), "count": str(webhook.dead_in_a_row)}
    return done_by_themselves(webhook.person_id, "webhook_paused", now_us, facts)


def host_of(url: str) -> str:
    """Return the host of a URL, which is all that a notification says of it."""
    return urlsplit(url).hostname or "-"
