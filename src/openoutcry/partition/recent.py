"""The newest events of each entity, for those whose feed has a gap."""

from collections import deque
from collections.abc import Sequence

from openoutcry.codec.records import decode_events, entity_seq_of
from openoutcry.core.records import Event
from openoutcry.ports.feeds import Committed

EVENTS_MAX = 200_000


class RecentEvents:
    """Remembers so many events over all entities, and forgets the oldest first.

    They stay bytes: hardly any is asked for, and so many objects would be looked through by each
    collection of garbage.
    """

    def __init__(self, events_max: int = EVENTS_MAX) -> None:
        self._events_max = events_max
        self._order: deque[int] = deque()
        """The entity of each event, oldest first."""
        self._by_entity: dict[int, deque[bytes]] = {}
        self._reached: dict[int, int] = {}

    def take(self, batch: Committed) -> None:
        """Remember a batch's events (a feed listener)."""
        by_entity, order = self._by_entity, self._order
        for place, _kind, entity, _entity_seq in batch.heads():
            kept = by_entity.get(entity)
            if kept is None:
                kept = by_entity[entity] = deque()
            kept.append(batch.record(place))
            order.append(entity)
        while len(order) > self._events_max:
            self._forget(order.popleft())

    def _forget(self, entity: int) -> None:
        kept = self._by_entity[entity]
        self._reached[entity] = entity_seq_of(kept.popleft())
        if not kept:
            del self._by_entity[entity]

    def after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Return an entity's events after this one, or None when some of them are forgotten.

        Of an entity without an event since the start nothing can be said: None as well, unless
        the caller is as far as what is remembered.
        """
        kept = self._by_entity.get(entity)
        if not kept:
            return [] if self._reached.get(entity, -1) == entity_seq else None
        if entity_seq_of(kept[0]) > entity_seq + 1:
            return None
        wanted = [record for record in kept if entity_seq_of(record) > entity_seq]
        return decode_events(b"".join(wanted))
