"""What people are told of webhooks that were paused because nobody took what they were sent."""

from collections.abc import Sequence

from openoutcry.notifications.targets import host_of
from openoutcry.notifications.templates import CATALOGUE
from openoutcry.ports.notifications import NotificationStore, Occurrence, WebhookPause

PAUSES_SOURCE = "pauses"
_TEMPLATE = "webhook_paused"
_PAGE = 1_000


class PauseOccurrences:
    """`OccurrenceLog` of the pauses, which the store keeps together with what they pause."""

    source = PAUSES_SOURCE

    def __init__(self, store: NotificationStore) -> None:
        self._store = store

    async def last(self) -> int:
        """Return the number of the newest pause."""
        number = 0
        while pauses := await self._store.pauses_after(number, _PAGE):
            number = pauses[-1].number
        return number

    async def after(self, number: int, limit: int) -> tuple[Sequence[Occurrence], int]:
        """Return what people are told of the pauses after a number."""
        pauses = await self._store.pauses_after(number, limit)
        return [_told(pause) for pause in pauses], pauses[-1].number if pauses else number


def _told(pause: WebhookPause) -> Occurrence:
    facts = {"host": host_of(pause.url), "count": str(pause.dead_in_a_row)}
    kind = CATALOGUE[_TEMPLATE].kind
    return Occurrence(pause.number, pause.person_id, kind, _TEMPLATE, pause.time_us, facts)
