"""Batches of records: split commands, decode events and rows, once each and fast."""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, cast

from openoutcry.core.records import EVENTS, ROWS, BalanceRow, EpochEvent, Event, OrderRow, Row

COMMAND_BYTES_MIN = 48
COMMAND_ALIGNMENT = 8
COMMAND_KIND_OFFSET = 2
COMMAND_TIME_OFFSET = 40
COMMAND_MARKET_OFFSET = 48

_SIZE = struct.Struct("<H")
_TIME = struct.Struct("<q")
_CODES = {"<u1": "B", "|u1": "B", "<u2": "H", "<u4": "I", "<u8": "Q", "<i4": "i", "<i8": "q"}
"""The codes of struct for the integers of the layouts."""
_EVENT_DECODERS = {kind: (cls, cls.STRUCT.unpack_from, cls.SIZE) for kind, cls in EVENTS.items()}


def is_command(data: bytes) -> bool:
    """Whether these bytes are one whole record that may be a command."""
    size = len(data)
    return (
        size >= COMMAND_BYTES_MIN
        and size % COMMAND_ALIGNMENT == 0
        and data[0] | data[1] << 8 == size
    )


def command_sizes(batch: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Yield (offset, size) of each command; raises ValueError when the framing is wrong."""
    offset = 0
    end = len(batch)
    while offset < end:
        size = _SIZE.unpack_from(batch, offset)[0] if offset + 2 <= end else 0
        if size < COMMAND_BYTES_MIN or size % COMMAND_ALIGNMENT or offset + size > end:
            raise ValueError(f"no command record at byte {offset} of the batch")
        yield offset, size
        offset += size


def split_commands(batch: bytes | bytearray) -> list[bytes]:
    """Return the command records of a batch."""
    return [bytes(batch[offset : offset + size]) for offset, size in command_sizes(batch)]


def stamp(commands: Sequence[bytes], time_us: int) -> bytes:
    """Return a batch of commands, all of one time."""
    text = _TIME.pack(time_us)
    end = COMMAND_TIME_OFFSET + _TIME.size
    parts = [part for c in commands for part in (c[:COMMAND_TIME_OFFSET], text, c[end:])]
    return b"".join(parts)


class Picked:
    """Some fields of one type of event, for who needs no more of it: `Picked(Trade, "lots")`."""

    __slots__ = ("kind", "of_event", "of_record")

    def __init__(self, kind: type[Event], *names: str) -> None:
        """Name two fields or more in the order of the layout."""
        self.kind = kind
        self.of_event: Callable[[Event], tuple[Any, ...]] = attrgetter(*names)
        """Take the fields from a decoded event."""
        layout = kind.DTYPE.fields
        assert layout is not None
        text, end = "<", 0
        for name in names:
            field, offset = layout[name][:2]
            assert offset >= end, f"{name} comes before the field named before it"
            text += f"{offset - end}x{_CODES[field.str]}"
            end = offset + field.itemsize
        self.of_record = struct.Struct(text).unpack_from
        """Take the fields from the bytes of an event."""


Places = tuple[Sequence[int], Mapping[int, Sequence[int]]]
"""Where each command's events begin, and the last one's end; and where each kind's events are."""


def sort_events(data: bytes, commands: int) -> Places:
    """Find the events of a batch of so many commands, which come command by command."""
    bounds: list[int] = []
    places: dict[int, list[int]] = {}
    offset = 0
    while offset < len(data):
        size, kind, command = _EVENT_HEAD(data, offset)
        bounds += [offset] * (command + 1 - len(bounds))
        places.setdefault(kind, []).append(offset)
        offset += size
    return bounds + [offset] * (commands + 1 - len(bounds)), places


class BatchEvents:
    """The events of a batch as bytes; who asks gets those that it asks for, decoded once."""

    __slots__ = ("_bounds", "_data", "_decoded", "_events", "_places")

    def __init__(self, data: bytes, places: Places) -> None:
        self._data = data
        self._bounds, self._places = places
        self._events: Sequence[Event] | None = None
        self._decoded: dict[type[Event], Sequence[Event]] = {}

    def records_by_command(self) -> list[bytes]:
        """Return the events of each command as they are kept."""
        data = self._data
        return [data[begin:end] for begin, end in pairwise(self._bounds)]

    def events(self) -> Sequence[Event]:
        """Return all events in order."""
        if self._events is None:
            self._events = decode_events(self._data)
        return self._events

    def of_type(self, kind: type[Event]) -> Sequence[Event]:
        """Return the events of one type, in order."""
        found = self._decoded.get(kind)
        if found is None:
            data, unpack_from, new = self._data, kind.STRUCT.unpack_from, tuple.__new__
            places = self._places.get(kind.KIND, ())
            found = [new(kind, unpack_from(data, place)) for place in places]
            self._decoded[kind] = found
        return found

    def heads(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (place, kind, entity, entity_seq) of each event, in order."""
        data, offset = self._data, 0
        while offset < len(data):
            size, kind, entity, entity_seq = _EVENT_OF(data, offset)
            yield offset, kind, entity, entity_seq
            offset += size

    def event(self, place: int) -> Event:
        """Return the event at a place."""
        cls, unpack_from, _ = _EVENT_DECODERS[self._data[place + COMMAND_KIND_OFFSET]]
        return tuple.__new__(cls, unpack_from(self._data, place))

    def record(self, place: int) -> bytes:
        """Return the event at a place as it is kept."""
        size, _, _ = _EVENT_HEAD(self._data, place)
        return self._data[place : place + size]

    def pick(self, picked: Picked) -> list[tuple[Any, ...]]:
        """Return some fields of the events of one type, in order."""
        data, fields = self._data, picked.of_record
        return [fields(data, place) for place in self._places.get(picked.kind.KIND, ())]

    def has_any(self, kinds: Iterable[type[Event]]) -> bool:
        """Whether there is an event of one of these types."""
        places = self._places
        return any(kind.KIND in places for kind in kinds)


_EVENT_HEAD = Picked(EpochEvent, "size", "kind", "command").of_record
"""The head of an event is the same in all."""
_EVENT_OF = Picked(EpochEvent, "size", "kind", "entity", "entity_seq").of_record
NO_EVENTS = BatchEvents(b"", ([0], {}))


def entity_seq_of(record: bytes) -> int:
    """Return the place of an event in its entity's own sequence."""
    found: int = _EVENT_OF(record, 0)[3]
    return found


def decode_events(data: bytes) -> list[Event]:
    """Return the events of a batch, typed, in order."""
    events: list[Event] = []
    append = events.append
    new = tuple.__new__
    decoders = _EVENT_DECODERS
    offset = 0
    end = len(data)
    while offset < end:
        cls, unpack_from, size = decoders[data[offset + COMMAND_KIND_OFFSET]]
        append(new(cls, unpack_from(data, offset)))
        offset += size
    return events


def decode_rows(data: bytes) -> list[Row]:
    """Return state rows, typed, in order."""
    rows: list[Row] = []
    offset = 0
    while offset < len(data):
        cls = ROWS[data[offset + COMMAND_KIND_OFFSET]]
        rows.append(cls.unpack(data, offset))
        offset += cls.SIZE
    return rows


def decode_orders(data: bytes) -> list[OrderRow]:
    """Return rows that are known to be orders."""
    return cast("list[OrderRow]", decode_rows(data))


def decode_balances(data: bytes) -> list[BalanceRow]:
    """Return rows that are known to be balances."""
    return cast("list[BalanceRow]", decode_rows(data))
