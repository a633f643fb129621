"""Committed events on their way to those who listen: streams, live views, user data."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, cast

from openoutcry.codec.records import BatchEvents, Picked
from openoutcry.core.records import Event

_E = TypeVar("_E")


class Committed:
    """One committed batch: sequence, time of its last command (microseconds), all events.

    Where the events come as bytes, only what a listener asks for is decoded, once for all of them.
    """

    __slots__ = ("_batch", "_given", "partition", "seq", "time_us")

    def __init__(
        self,
        seq: int,
        time_us: int,
        events: Sequence[Event] | BatchEvents,
        partition: int = 0,
    ) -> None:
        self.seq = seq
        self.partition = partition
        """Whose sequence `seq` is."""
        self.time_us = time_us
        self._batch: BatchEvents | None = None
        self._given: Sequence[Event] = ()
        if isinstance(events, BatchEvents):
            self._batch = events
        else:
            self._given = events

    @property
    def events(self) -> Sequence[Event]:
        """All events in order."""
        return self._given if self._batch is None else self._batch.events()

    def of_type(self, kind: type[_E]) -> Sequence[_E]:
        """Return the events of one type, in order: most listeners care for few of them."""
        if self._batch is None:
            return [event for event in self._given if type(event) is kind]
        return cast("Sequence[_E]", self._batch.of_type(cast("type[Event]", kind)))

    def heads(self) -> Iterable[tuple[int, int, int, int]]:
        """Return (place, kind, entity, entity_seq) of each event, in order."""
        if self._batch is None:
            return [
                (place, event.KIND, event.entity, event.entity_seq)
                for place, event in enumerate(self._given)
            ]
        return self._batch.heads()

    def event(self, place: int) -> Event:
        """Return the event at a place."""
        return self._given[place] if self._batch is None else self._batch.event(place)

    def record(self, place: int) -> bytes:
        """Return the event at a place as bytes."""
        if self._batch is None:
            return self._given[place].pack()
        return self._batch.record(place)

    def pick(self, picked: Picked) -> list[tuple[Any, ...]]:
        """Return some fields of the events of one type, in order."""
        if self._batch is None:
            return [picked.of_event(event) for event in self.of_type(picked.kind)]
        return self._batch.pick(picked)

    def has_any(self, kinds: frozenset[type[Event]]) -> bool:
        """Whether there is an event of one of these types."""
        if self._batch is None:
            return any(type(event) in kinds for event in self._given)
        return self._batch.has_any(kinds)


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


class MissingBatchesError(Exception):
    """Committed batches that were asked for are not to be had any more."""


class CommittedLog(Protocol):
    """Committed batches again, from the journal; all calls block."""

    def after(self, seq: int, up_to: int) -> Iterator[Committed]:
        """Yield the batches after `seq`, in order, the last one `up_to`.

        Raises MissingBatchesError when rows of them were pruned or cannot be read.
        """
        ...
