"""Committed events on their way to those who listen: streams, live views, user data."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    partition: int = 0
    """Whose sequence `seq` is."""

    def of_type(self, kind: type[_E]) -> Sequence[_E]:
        """Return the events of one type, in order: most listeners care for few of them."""
        if self.by_type is None:
            return [event for event in self.events if type(event) is kind]
        return cast("Sequence[_E]", self.by_type.get(cast("type[Event]", kind), ()))


Listener = Callable[[Committed], None]


class Feed(Protocol):
    """Delivers every committed batch once, in order, without gaps, to each listener.

    In process these are whole batches. A feed from elsewhere delivers what a batch says of one
    entity at a time: once, in order and without gaps within the entity, and only of the markets
    and the accounts that somebody here listens to.
    """

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each batch from the next one on; returns how to stop.

        Listeners run in the event loop, must not block and must not raise.
        """
        ...


class AccountFeed(Protocol):
    """The part of a feed that carries accounts' events only where somebody listens to them."""

    def follow(self, account_id: int) -> Awaitable[None] | None:
        """Have the account's events delivered; counts, as often as it is called.

        What is returned, if anything, is done when no later event can be missed.
        """
        ...

    def unfollow(self, account_id: int) -> None:
        """Take back one `follow`."""
        ...

    def when_lost(self, listener: Callable[[int], None]) -> None:
        """Call the listener with an account shard whose events have a gap for ever."""
        ...


class EveryAccount:
    """The `AccountFeed` of a feed that delivers every account's events anyway."""

    def follow(self, account_id: int) -> Awaitable[None] | None:
        """Do nothing: the events come."""

    def unfollow(self, account_id: int) -> None:
        """Do nothing."""

    def when_lost(self, listener: Callable[[int], None]) -> None:
        """Do nothing: none is ever lost."""
