"""Batches of records: split commands, decode events and rows, once each and fast."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from openoutcry.core.records import EVENTS, ROWS, BalanceRow, Event, OrderEvent, OrderRow, Row

COMMAND_BYTES_MIN = 48
COMMAND_ALIGNMENT = 8
COMMAND_KIND_OFFSET = 2
COMMAND_TIME_OFFSET = 40
COMMAND_MARKET_OFFSET = 48

_SIZE = struct.Struct("<H")
_COMMAND_FIELD = OrderEvent._fields.index("command")
"""Where an event's header says which command of the batch it comes from."""
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


@dataclass(frozen=True, slots=True)
class BatchEvents:
    """The events of a batch, typed: all in order, each command's, and those of each type."""

    events: Sequence[Event]
    by_command: Sequence[Sequence[Event]]
    by_type: Mapping[type[Event], Sequence[Event]]


def decode_batch(data: bytes, commands: int) -> BatchEvents:
    """Return the events of a batch of so many commands, sorted in the same pass."""
    by_command: list[list[Event]] = [[] for _ in range(commands)]
    by_type: defaultdict[type[Event], list[Event]] = defaultdict(list)
    new = tuple.__new__
    decoders = _EVENT_DECODERS
    offset = 0
    end = len(data)
    while offset < end:
        cls, unpack_from, size = decoders[data[offset + COMMAND_KIND_OFFSET]]
        fields = unpack_from(data, offset)
        event: Event = new(cls, fields)
        by_command[fields[_COMMAND_FIELD]].append(event)
        by_type[cls].append(event)
        offset += size
    # a batch's events come command by command
    return BatchEvents(list(chain.from_iterable(by_command)), by_command, by_type)


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
