"""Messages between partitions: what to send, what is missing, and who waits for an answer.

Pure: bytes in, bytes out. A partition's runtime and whatever carries messages share it. Where a
message goes is the route's business; see `docs/internals/scaled-size.md`.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from openoutcry.codec.records import BatchEvents
from openoutcry.core.enums import EventKind
from openoutcry.core.ids import entity_of_shard, shard_of_account
from openoutcry.core.limits import MOVE_BYTES_MAX
from openoutcry.core.records import (
    AnsweredEvent,
    Deliver,
    LinkAck,
    LinkEvent,
    MoveIn,
    PendingEvent,
)
from openoutcry.ports.calls import Taker

_HEAD = struct.Struct("<HBxII4xQ8xq")
_EVENT_HEAD = struct.Struct("<HB")
_BETWEEN_PARTITIONS = frozenset({EventKind.LINK, EventKind.PENDING, EventKind.ANSWERED})
EARLY_MESSAGES_MAX = 4096
"""Messages of one link that are kept while an earlier one is missing."""

Wire = tuple[int, int]
"""A link by (source entity, destination entity)."""


class Head(NamedTuple):
    """What a link record says of itself."""

    size: int
    kind: int
    source: int
    destination: int
    link_seq: int
    order_id: int

    @property
    def wire(self) -> Wire:
        """The link that the message belongs to."""
        return self.source, self.destination


class Position(NamedTuple):
    """How far a destination has come with a link."""

    source: int
    destination: int
    link_seq: int


def head_of(message: bytes, offset: int = 0) -> Head:
    """Return the head of a link record."""
    return Head._make(_HEAD.unpack_from(message, offset))


def split_messages(data: bytes) -> Iterator[bytes]:
    """Cut link records apart, as an outbox or a frame holds them."""
    offset = 0
    while offset < len(data):
        size = head_of(data, offset).size
        if size < _HEAD.size or offset + size > len(data):
            raise ValueError(f"no link record at byte {offset}")
        yield data[offset : offset + size]
        offset += size


def messages_of(events: BatchEvents) -> list[bytes]:
    """Return the messages that a batch sends, in order."""
    found = []
    for event in events.of_type(LinkEvent):
        assert isinstance(event, LinkEvent)
        found.append(event.link[: head_of(event.link).size])
    return found


def by_destination(messages: Iterable[bytes]) -> dict[int, list[bytes]]:
    """Return the messages to each entity, in order."""
    found: dict[int, list[bytes]] = {}
    for message in messages:
        found.setdefault(head_of(message).destination, []).append(message)
    return found


def to_resend(outbox: bytes, positions: Iterable[Position]) -> list[bytes]:
    """Return what lies beyond the positions; of links that none speaks of, everything."""
    last = {(source, destination): link_seq for source, destination, link_seq in positions}
    heads = ((head_of(message), message) for message in split_messages(outbox))
    return [message for head, message in heads if head.link_seq > last.get(head.wire, 0)]


def deliver(message: bytes) -> bytes:
    """Return the command that brings a message in."""
    return Deliver(size=Deliver.SIZE + len(message)).pack() + message


def link_ack(position: Position) -> bytes:
    """Return the command that tells a source how far its destination has come."""
    return LinkAck(
        entity=position.source,
        destination=position.destination,
        link_seq=position.link_seq,
    ).pack()


def move_parts(entity: int, route_version: int, export: bytes) -> list[bytes]:
    """Return the MOVE_IN commands that bring an entity's rows to its new partition."""
    cuts = range(0, len(export), MOVE_BYTES_MAX)
    found = []
    for position, at in enumerate(cuts):
        rows = export[at : at + MOVE_BYTES_MAX]
        head = MoveIn(
            size=MoveIn.SIZE + len(rows),
            entity=entity,
            route_version=route_version,
            position=position,
            last=at == cuts[-1],
        )
        found.append(head.pack() + rows)
    return found


class LinkDesk:
    """Where messages come in: each goes on once, and in the order of its link.

    It only saves the journal from what the kernel would pass over; what it forgets with its
    process, it asks again.
    """

    def __init__(self, positions: Iterable[Position] = ()) -> None:
        self._last: dict[Wire, int] = {}
        """The number of the last message that went on."""
        self._early: dict[Wire, dict[int, bytes]] = {}
        for position in positions:
            self.restart(position)

    def restart(self, position: Position) -> None:
        """Go on from here with a link, whatever came before."""
        wire = (position.source, position.destination)
        self._last[wire] = position.link_seq
        self._early.pop(wire, None)

    def take(self, messages: Iterable[bytes]) -> list[bytes]:
        """Take messages in; return those that go on now, in order."""
        found: list[bytes] = []
        for message in messages:
            head = head_of(message)
            last = self._last.get(head.wire, 0)
            if head.link_seq <= last:
                continue
            early = self._early.setdefault(head.wire, {})
            if head.link_seq == last + 1 or len(early) < EARLY_MESSAGES_MAX:
                early[head.link_seq] = message
            while (following := early.pop(last + 1, None)) is not None:
                last += 1
                found.append(following)
            self._last[head.wire] = last
            if not early:
                del self._early[head.wire]
        return found

    def gaps(self) -> list[Position]:
        """Return the links of which a message is missing, with the last that came before it."""
        return [Position(*wire, self._last[wire]) for wire in sorted(self._early)]


class AckDesk:
    """Where acknowledgements come in: one for each link goes on, the furthest."""

    def __init__(self) -> None:
        self._up_to: dict[Wire, int] = {}

    def __bool__(self) -> bool:
        return bool(self._up_to)

    def note(self, positions: Iterable[Position]) -> None:
        """Hear how far destinations have come."""
        for source, destination, link_seq in positions:
            wire = (source, destination)
            self._up_to[wire] = max(link_seq, self._up_to.get(wire, 0))

    def take(self) -> list[bytes]:
        """Return the LINK_ACK commands to journal now."""
        found, self._up_to = self._up_to, {}
        return [link_ack(Position(*wire, link_seq)) for wire, link_seq in found.items()]


# ----- who waits for an answer

Origin = tuple[int, int, int]
"""The command that a request came by: partition, batch and index."""


@dataclass(slots=True)
class _Waiting:
    taker: Taker
    records: list[bytes]
    orders: list[int] = field(default_factory=list)


class RequestDesk:
    """Callers of commands that end with PENDING: each is told all when ANSWERED comes."""

    def __init__(self) -> None:
        self._waiting: dict[Origin, _Waiting] = {}
        self._by_order: dict[int, list[Origin]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def begin(self, pending: Sequence[PendingEvent], records: bytes, taker: Taker) -> None:
        """Keep the caller of a command which asks markets this."""
        waiting = _Waiting(taker, [b"".join(_told(records))])
        self._waiting[_origin_of(pending[0])] = waiting
        for event in pending:
            self._watch(waiting, event)

    def hear(self, message: bytes, records: bytes) -> tuple[Taker, bytes] | None:
        """Take in the events of a delivered message; return who has all now, and all of it."""
        if not self._waiting:
            return None
        told: list[bytes] = []
        refusals: list[bytes] = []
        answered: AnsweredEvent | None = None
        asked: PendingEvent | None = None
        for record in _split(records):
            kind = record[2]
            if kind == EventKind.ANSWERED:
                answered = AnsweredEvent.unpack(record)
            elif kind == EventKind.PENDING:
                asked = PendingEvent.unpack(record)
            elif kind == EventKind.REFUSED:
                refusals.append(record)
            elif kind != EventKind.LINK:
                told.append(record)
        for origin in self._by_order.get(head_of(message).order_id, ()):
            self._waiting[origin].records += told
        # A refusal speaks of the one request that this message answers.
        event = asked or answered
        waiting = self._waiting.get(_origin_of(event)) if event else None
        if waiting is None:
            return None
        waiting.records += refusals
        if asked:
            self._watch(waiting, asked)
        return self._end(_origin_of(answered), waiting) if answered else None

    def _watch(self, waiting: _Waiting, event: PendingEvent) -> None:
        waiting.orders.append(event.order_id)
        self._by_order.setdefault(event.order_id, []).append(_origin_of(event))

    def _end(self, origin: Origin, waiting: _Waiting) -> tuple[Taker, bytes]:
        del self._waiting[origin]
        for order_id in waiting.orders:
            origins = self._by_order[order_id]
            origins.remove(origin)
            if not origins:
                del self._by_order[order_id]
        return waiting.taker, b"".join(waiting.records)

    def left(self, entity: int) -> list[Taker]:
        """Forget the callers whose account shard has moved away: answers go where it is now."""
        gone = [
            origin
            for origin, waiting in self._waiting.items()
            if any(entity_of_shard(shard_of_account(order)) == entity for order in waiting.orders)
        ]
        return [self._end(origin, self._waiting[origin])[0] for origin in gone]

    def give_up(self) -> list[Taker]:
        """Forget every caller; return them."""
        found = [waiting.taker for waiting in self._waiting.values()]
        self._waiting, self._by_order = {}, {}
        return found


def _origin_of(event: PendingEvent | AnsweredEvent) -> Origin:
    return event.origin_partition, event.origin_seq, event.origin_command


def _split(records: bytes) -> Iterator[bytes]:
    offset = 0
    while offset < len(records):
        size, _ = _EVENT_HEAD.unpack_from(records, offset)
        yield records[offset : offset + size]
        offset += size


def _told(records: bytes) -> Iterator[bytes]:
    """Yield the events that a caller is told of."""
    return (record for record in _split(records) if record[2] not in _BETWEEN_PARTITIONS)
