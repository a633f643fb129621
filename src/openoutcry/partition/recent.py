"""The newest events of each entity, for those whose feed has a gap."""

from collections import deque
from collections.abc import Sequence

from openoutcry.core.records import Event
from openoutcry.ports.feeds import Committed

EVENTS_MAX = 200_000


class RecentEvents:
    """Remembers so many events over all entities, and forgets the oldest batches first."""

    def __init__(self, events_max: int = EVENTS_MAX) -> None:
        self._events_max = events_max
        self._batches: deque[Committed] = deque()
        self._count = 0
        self._by_entity: dict[int, deque[Event]] = {}
        self._reached: dict[int, int] = {}

    def take(self, batch: Committed) -> None:
        """Remember a batch's events (a feed listener)."""
        self._batches.append(batch)
        self._count += len(batch.events)
        by_entity = self._by_entity
        for event in batch.events:
            kept = by_entity.get(event.entity)
            if kept is None:
                kept = by_entity[event.entity] = deque()
            kept.append(event)
        while self._count > self._events_max and len(self._batches) > 1:
            oldest = self._batches.popleft()
            self._count -= len(oldest.events)
            for event in oldest.events:
                kept = by_entity[event.entity]
                kept.popleft()
                self._reached[event.entity] = event.entity_seq
                if not kept:
                    del by_entity[event.entity]

    def after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Return an entity's events after this one, or None when some of them are forgotten.

        Of an entity without an event since the start nothing can be said: None as well, unless
        the caller is as far as what is remembered.
        """
        kept = self._by_entity.get(entity)
        if not kept:
            return [] if self._reached.get(entity, -1) == entity_seq else None
        if kept[0].entity_seq > entity_seq + 1:
            return None
        return [event for event in kept if event.entity_seq > entity_seq]
