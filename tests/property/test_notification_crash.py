"""Wherever the process dies, everybody is told everything once, in the order of the journal.

People trade on a real kernel. The process that tells them dies before or after any record, or while
it reads the journal again, and another takes over its store; what they have in the end is what one
that never died would have told them.
"""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.notification_scene import (
    ANN,
    ANN_ACCOUNT,
    BOB,
    BOB_ACCOUNT,
    PRICE,
    Scene,
    Told,
    limit,
)

from openoutcry.adapters.memory.notifications import MemoryNotifications
from openoutcry.core.enums import Side, TimeInForce
from openoutcry.notifications.outbox import JOURNAL_SOURCE
from openoutcry.ports.notifications import (
    Direction,
    Entry,
    Notification,
    PriceAlert,
    StoredNotification,
)
from openoutcry.simulation import demo

ALERTS = [
    PriceAlert(f"a{number}", person_id, demo.BTCUSD, direction, PRICE + offset, once, 0, 0)
    for number, (person_id, direction, offset, once) in enumerate(
        [
            (ANN, Direction.ABOVE, 2, True),
            (ANN, Direction.BELOW, -1, False),
            (BOB, Direction.ABOVE, 1, False),
            (BOB, Direction.BELOW, 0, True),
        ]
    )
]
TIMES_IN_FORCE = st.sampled_from([TimeInForce.GTC, TimeInForce.IOC])
ORDERS = st.tuples(
    st.sampled_from([ANN_ACCOUNT, BOB_ACCOUNT]),
    st.sampled_from(Side),
    st.integers(1, 3),
    st.integers(-3, 3),
    TIMES_IN_FORCE,
)
BATCHES = st.lists(st.lists(ORDERS, min_size=1, max_size=4), min_size=1, max_size=25)


class DiedError(Exception):
    """The process is gone."""


class MortalStore(MemoryNotifications):
    """Dies at the record with this number; what it was given is kept or not, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 1 << 30
        self.keeps = False

    async def record(
        self, entries: Sequence[Entry], **more: object
    ) -> Sequence[StoredNotification]:
        self.left -= 1
        if self.left >= 0 or self.keeps:
            result = await super().record(entries, **more)  # type: ignore[arg-type]
            if self.left >= 0:
                return result
        raise DiedError


async def all_told(store: MemoryNotifications, person_id: int) -> list[Notification]:
    found = await store.shown(person_id, before=None, limit=1 << 20)
    return [stored.notification for stored in found][::-1]


async def begin(scene: Scene, store: MemoryNotifications) -> Told:
    told = Told(scene, store, waiting_max=5)
    await told.outbox.start()
    return told


async def play(
    batches: list[list[tuple[int, Side, int, int, TimeInForce]]], deaths: list[tuple[int, bool]]
) -> tuple[object, ...]:
    """Return what everybody was told and how alerts stand, after so many deaths."""
    scene, store = Scene(), MortalStore()
    told = await begin(scene, store)
    for alert in ALERTS:
        assert await store.add_alert(alert, most=9)
        told.outbox.alerts.add(alert)
    for number, batch in enumerate(batches):
        scene.commit(
            *(
                limit(account, side, lots * 10_000, PRICE + offset, time_in_force=time_in_force)
                for account, side, lots, offset, time_in_force in batch
            )
        )
        if number % 3 == 0:
            store.left, store.keeps = deaths.pop() if deaths else (1 << 30, False)
            try:
                await told.outbox.flush()
            except DiedError:
                told.leave()
                store.left = 1 << 30
                told = await begin(scene, store)
    store.left = 1 << 30
    await told.outbox.flush()
    assert await store.cursor(JOURNAL_SOURCE) == scene.seq
    return (
        [await all_told(store, ANN), await all_told(store, BOB)],
        [await store.alerts(ANN), await store.alerts(BOB)],
    )


@settings(deadline=None, max_examples=60)
@given(BATCHES, st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=6))
def test_deaths_change_nothing_of_what_is_told(
    batches: list[list[tuple[int, Side, int, int, TimeInForce]]],
    deaths: list[tuple[int, bool]],
) -> None:
    without = asyncio.run(play(batches, []))
    assert asyncio.run(play(batches, deaths)) == without
