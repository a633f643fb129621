"""Committed events on their way to those who listen: streams, live views, user data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from openoutcry.core.records import Event

_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Committed:
    """One committed batch: sequence, time of its last command (microseconds), all events."""

    seq: int
    time_us: int
    events: Sequence[Event]
    by_type: Mapping[type[Event], Sequence[Event]] | None = None
    """The same events by their type, where whoever delivers them has sorted them anyway."""

    def of_type(self, kind: type[_E]) -> Sequence[_E]:
        """Return the events of one type, in order: most listeners care for few of them."""
        if self.by_type is None:
            return [event for event in self.events if type(event) is kind]
        return cast("Sequence[_E]", self.by_type.get(cast("type[Event]", kind), ()))


Listener = Callable[[Committed], None]


class Feed(Protocol):
    """Delivers every committed batch once, in order, without gaps, to each listener."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each batch from the next one on; returns how to stop.

        Listeners run in the event loop, must not block and must not raise.
        """
        ...
