"""Committed events on their way to those who listen: streams, live views, user data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from openoutcry.core.records import Event


@dataclass(frozen=True, slots=True)
class Committed:
    """One committed batch: sequence, time of its last command (microseconds), all events."""

    seq: int
    time_us: int
    events: Sequence[Event]


Listener = Callable[[Committed], None]


class Feed(Protocol):
    """Delivers every committed batch once, in order, without gaps, to each listener."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each batch from the next one on; returns how to stop.

        Listeners run in the event loop, must not block and must not raise.
        """
        ...
