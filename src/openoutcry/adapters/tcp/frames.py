"""Frames between processes, without any I/O: bytes in, messages out, and the other way round.

A frame is `length:u4 kind:u1 channel:u8` and a body of `length` bytes, little-endian. A channel is
a request's number, rising on each connection; its answer carries the same one. Channel 0 is for
what belongs to the connection. Records in bodies are those of `core/schema.py`. Whatever the bytes
are, nothing here raises anything but ProtocolError.
"""

from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is an exception, whatever its name
from typing import Any, NamedTuple

from openoutcry.codec.records import (
    COMMAND_ALIGNMENT,
    decode_events,
    decode_rows,
    is_command,
)
from openoutcry.core.limits import CLIENT_ORDER_ID_BYTES_MAX
from openoutcry.core.records import Event, Row
from openoutcry.ports.links import LinkPosition
from openoutcry.ports.market_data import WholeBook

PROTOCOL_VERSION = 1
"""What this release speaks; it understands the one before as well."""
PROTOCOL_VERSION_MIN = 1
REQUEST_BYTES_MAX = 4 << 20
ANSWER_BYTES_MAX = 16 << 20
ERROR_TEXT_BYTES_MAX = 500
LINK_BYTES_MIN = 40
PARTITIONS_MAX = 65_536

_MAGIC = b"OUTC"
HEADER = Struct("<IBQ")
_HELLO = Struct("<4sHHBxxxII")
_OWNED = Struct("<IIQ")
TARGET = Struct("<II")
"""How every request begins: the partition, and four bytes for later."""
_READ = Struct("<IIBxHIQq")
_REPLY = Struct("<QQq")
_EPOCH = Struct("<Q")
_POSITION = Struct("<IIQ")
_ENTITY = Struct("<I")
_CREDIT = Struct("<I")
_EVENTS_AFTER = Struct("<IIIIQ")
_BOOK = Struct("<QHxxIQQqqqII24s")
_LEVEL = Struct("<qq")
_EVENTS = Struct("<QB7x")
_NUMBER = Struct("<q")
_SIZE = Struct("<H")


class ProtocolError(Exception):
    """The other side does not speak this protocol; the connection is of no more use."""


class VersionError(ProtocolError):
    """The other side speaks another version of it."""


class Kind(IntEnum):
    """What a frame is. READ, SUBMIT, LINKS, EVENTS_AFTER ask; POSITIONS asks and answers."""

    HELLO = 1
    SUBMIT = 2
    REPLY = 3
    READ = 4
    ROWS = 5
    LINKS = 6
    POSITIONS = 7
    CREDIT = 8
    ERROR = 9
    EVENTS_AFTER = 10
    EVENTS = 11
    PING = 12


class ProcessRole(IntEnum):
    """What a process is, and so what it may ask."""

    GATEWAY = 1
    ENGINE = 2
    PROJECTOR = 3
    CONTROL = 4


class Query(IntEnum):
    """Which read."""

    ORDER = 1
    ORDER_BY_CLIENT_ID = 2
    OPEN_ORDERS = 3
    BALANCES = 4
    ACCOUNT = 5
    MARKET = 6
    AVERAGE_PRICE = 7
    FEE_RATES = 8
    COMMITTED_SEQ = 9
    BOOK = 10
    CATALOG = 11


class Code(IntEnum):
    """Why a request has no answer; see the errors of `ports.calls`."""

    NOT_ACCEPTED = 1
    STORAGE_FULL = 2
    OVERLOADED = 3
    NOT_OWNER = 4
    NOT_HOSTED = 5
    OUTCOME_UNKNOWN = 6
    MALFORMED = 7
    FORBIDDEN = 8
    PROTOCOL = 9
    VERSION = 10


class Owned(NamedTuple):
    """A partition that the speaker owns."""

    partition: int
    epoch: int


class Hello(NamedTuple):
    """The first frame each way; the server repeats it when what it owns has changed."""

    version: int
    version_min: int
    role: int
    credits: int
    owned: tuple[Owned, ...]


class Read(NamedTuple):
    """The body of READ."""

    partition: int
    query: int
    market: int
    account_id: int
    order_id: int
    client_order_id: bytes


class Answer(NamedTuple):
    """The body of REPLY: a committed command's place and events."""

    epoch: int
    seq: int
    time_us: int
    records: bytes
    """The events, not decoded: who asked may need few of them."""


Frame = tuple[int, int, bytes]
"""Kind, channel, body."""
_MARKET_MAX = (1 << 16) - 1
_KIND_MAX = max(Kind)
_HEADER_BYTES = HEADER.size


class FrameReader:
    """Takes bytes as they come and gives the frames that are whole."""

    def __init__(self, body_bytes_max: int) -> None:
        self._body_bytes_max = body_bytes_max
        self._rest = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that these bytes complete; raises ProtocolError."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
            self._rest.clear()
        frames: list[Frame] = []
        end = len(data)
        offset = 0
        unpack = HEADER.unpack_from
        while end - offset >= _HEADER_BYTES:
            length, kind, channel = unpack(data, offset)
            if length > self._body_bytes_max or not 0 < kind <= _KIND_MAX:
                raise ProtocolError(f"no frame: kind {kind}, {length} bytes")
            body = offset + _HEADER_BYTES
            if end - body < length:
                self._needed = _HEADER_BYTES + length
                break
            offset = body + length
            frames.append((kind, channel, data[body:offset]))
        else:
            self._needed = _HEADER_BYTES
        if offset < end:
            self._rest += data[offset:]
        return frames


def frame(kind: int, channel: int, body: bytes = b"") -> bytes:
    """Return a frame."""
    return HEADER.pack(len(body), kind, channel) + body


# -- the connection's own ------------------------------------------------------------------------


def hello(value: Hello) -> bytes:
    """Return a HELLO frame."""
    version, version_min, role, credit, owned = value
    head = _HELLO.pack(_MAGIC, version, version_min, role, credit, len(owned))
    return frame(
        Kind.HELLO,
        0,
        head + b"".join([_OWNED.pack(partition, 0, epoch) for partition, epoch in owned]),
    )


def read_hello(body: bytes) -> Hello:
    """Return what a HELLO says."""
    magic, version, version_min, role, credit, count = _unpack(_HELLO, body)
    if magic != _MAGIC or len(body) != _HELLO.size + count * _OWNED.size or count > PARTITIONS_MAX:
        raise ProtocolError("no greeting")
    owned = [Owned(at[0], at[2]) for at in _OWNED.iter_unpack(body[_HELLO.size :])]
    return Hello(version, version_min, role, credit, tuple(owned))


def agree(
    theirs: Hello, version: int = PROTOCOL_VERSION, version_min: int = PROTOCOL_VERSION_MIN
) -> int:
    """Return the newest version that both sides speak; raises VersionError."""
    agreed = min(theirs.version, version)
    if agreed < max(theirs.version_min, version_min):
        raise VersionError(
            f"they speak protocol {theirs.version_min} to {theirs.version}, "
            f"this release {version_min} to {version}: bring up the older one"
        )
    return agreed


def credit(value: int) -> bytes:
    """Return a CREDIT frame: how many requests may be under way from now on."""
    return frame(Kind.CREDIT, 0, _CREDIT.pack(value))


def read_credit(body: bytes) -> int:
    """Return what a CREDIT grants."""
    return int(_unpack(_CREDIT, body, whole=True)[0])


def error(channel: int, code: Code, text: str) -> bytes:
    """Return an ERROR frame."""
    return frame(
        Kind.ERROR, channel, bytes((code,)) + text.encode(errors="replace")[:ERROR_TEXT_BYTES_MAX]
    )


def read_error(body: bytes) -> tuple[int, str]:
    """Return the code and text of an ERROR."""
    if not 0 < len(body) <= 1 + ERROR_TEXT_BYTES_MAX:
        raise ProtocolError("no error")
    return body[0], body[1:].decode(errors="replace")


PING = frame(Kind.PING, 0, b"\0")
PONG = frame(Kind.PING, 0, b"\1")


def is_asking(body: bytes) -> bool:
    """Whether a PING wants another one back."""
    if body == b"\0":
        return True
    if body != b"\1":
        raise ProtocolError("no ping")
    return False


# -- requests ------------------------------------------------------------------------------------


def read_submit(body: bytes) -> tuple[int, bytes]:
    """Return the partition and the command of a SUBMIT."""
    partition = int(_unpack(TARGET, body)[0])
    command = body[TARGET.size :]
    if not is_command(command):
        raise ProtocolError("not one command record")
    return partition, command


def read_body(value: Read) -> bytes:
    """Return the body of a READ."""
    partition, query, market, account_id, order_id, name = value
    return _READ.pack(partition, 0, query, 0, market, account_id, order_id) + name


def read_read(body: bytes) -> Read:
    """Return what a READ asks for."""
    partition, _, query, _, market, account_id, order_id = _unpack(_READ, body)
    if market > _MARKET_MAX or len(body) > _READ.size + CLIENT_ORDER_ID_BYTES_MAX:
        raise ProtocolError("no read")
    return Read(partition, query, market, account_id, order_id, body[_READ.size :])


def read_links(body: bytes) -> tuple[int, bytes]:
    """Return the partition and the records of a LINKS; each record is framed right."""
    partition = int(_unpack(TARGET, body)[0])
    offset, end = TARGET.size, len(body)
    while offset < end:
        size = int(_SIZE.unpack_from(body, offset)[0]) if offset + 2 <= end else 0
        if size < LINK_BYTES_MIN or size % COMMAND_ALIGNMENT or offset + size > end:
            raise ProtocolError("not link records")
        offset += size
    return partition, body[TARGET.size :]


def sources_body(partition: int, sources: tuple[int, ...]) -> bytes:
    """Return the body of a POSITIONS that asks for the links from these entities."""
    return TARGET.pack(partition, 0) + b"".join(map(_ENTITY.pack, sources))


def read_sources(body: bytes) -> tuple[int, tuple[int, ...]]:
    """Return the partition and the sources that a POSITIONS asks for."""
    partition = int(_unpack(TARGET, body)[0])
    if len(body) % _ENTITY.size:
        raise ProtocolError("no list of entities")
    sources = tuple(int(source) for (source,) in _ENTITY.iter_unpack(body[TARGET.size :]))
    return partition, sources


def events_after_body(partition: int, entity: int, entity_seq: int) -> bytes:
    """Return the body of an EVENTS_AFTER."""
    return _EVENTS_AFTER.pack(partition, 0, entity, 0, entity_seq)


def read_events_after(body: bytes) -> tuple[int, int, int]:
    """Return the partition, the entity, and after which of its events."""
    partition, _, entity, _, entity_seq = _unpack(_EVENTS_AFTER, body, whole=True)
    return partition, entity, entity_seq


# -- answers -------------------------------------------------------------------------------------


def reply(channel: int, answer: tuple[int, int, int], events: bytes) -> bytes:
    """Return a REPLY frame of (epoch, seq, time) and the records of the events."""
    head = _REPLY.pack(*answer)
    return HEADER.pack(len(head) + len(events), Kind.REPLY, channel) + head + events


def read_reply(body: bytes) -> Answer:
    """Return what a REPLY says."""
    epoch, seq, time_us = _unpack(_REPLY, body)
    records = body[_REPLY.size :]
    _events(records)
    return Answer(epoch, seq, time_us, records)


def rows(channel: int, epoch: int, records: bytes) -> bytes:
    """Return a ROWS frame."""
    return frame(Kind.ROWS, channel, _EPOCH.pack(epoch) + records)


def read_rows(body: bytes) -> tuple[int, list[Row]]:
    """Return the epoch and the rows of a ROWS."""
    epoch = int(_unpack(_EPOCH, body)[0])
    try:
        return epoch, decode_rows(body[_EPOCH.size :])
    except (KeyError, IndexError, StructError) as failure:
        raise ProtocolError("no state rows of this release") from failure


def numbers(channel: int, epoch: int, values: tuple[int, ...]) -> bytes:
    """Return a ROWS frame that holds plain numbers."""
    return rows(channel, epoch, b"".join(map(_NUMBER.pack, values)))


def read_numbers(body: bytes, count: int) -> tuple[int, tuple[int, ...]]:
    """Return the epoch and so many numbers of a ROWS."""
    if len(body) != _EPOCH.size + count * _NUMBER.size:
        raise ProtocolError(f"not {count} numbers")
    epoch = int(_unpack(_EPOCH, body)[0])
    return epoch, tuple(int(value) for (value,) in _NUMBER.iter_unpack(body[_EPOCH.size :]))


def book(channel: int, epoch: int, found: WholeBook | None) -> bytes:
    """Return a ROWS frame that holds a whole book, or none."""
    if found is None:
        return rows(channel, epoch, b"")
    levels = [*found.bids, *found.asks]
    head = _BOOK.pack(
        *(found.epoch, found.market, found.partition, found.seq, found.entity_seq),
        *(found.update_id, found.trade_id, found.time_us),
        *(len(found.bids), len(found.asks), found.symbol.encode()),
    )
    return rows(channel, epoch, head + b"".join([_LEVEL.pack(*level) for level in levels]))


def read_book(body: bytes) -> tuple[int, WholeBook | None]:
    """Return the epoch and the whole book of a ROWS."""
    epoch = int(_unpack(_EPOCH, body)[0])
    data = body[_EPOCH.size :]
    if not data:
        return epoch, None
    of, market, partition, seq, entity_seq, update_id, trade_id, time_us, bids, asks, symbol = (
        _unpack(_BOOK, data)
    )
    if len(data) != _BOOK.size + (bids + asks) * _LEVEL.size or not symbol.isascii():
        raise ProtocolError("no whole book")
    levels = list(_LEVEL.iter_unpack(data[_BOOK.size :]))
    return epoch, WholeBook(
        market=market,
        symbol=symbol.rstrip(b"\0").decode("ascii"),
        partition=partition,
        epoch=of,
        seq=seq,
        entity_seq=entity_seq,
        update_id=update_id,
        trade_id=trade_id,
        time_us=time_us,
        bids=levels[:bids],
        asks=levels[bids:],
    )


def positions(channel: int, epoch: int, found: tuple[LinkPosition, ...]) -> bytes:
    """Return a POSITIONS frame that answers."""
    body = b"".join([_POSITION.pack(*position) for position in found])
    return frame(Kind.POSITIONS, channel, _EPOCH.pack(epoch) + body)


def read_positions(body: bytes) -> tuple[int, list[LinkPosition]]:
    """Return the epoch and the positions of an answer."""
    epoch = int(_unpack(_EPOCH, body)[0])
    if (len(body) - _EPOCH.size) % _POSITION.size:
        raise ProtocolError("no list of positions")
    return epoch, [LinkPosition(*at) for at in _POSITION.iter_unpack(body[_EPOCH.size :])]


def events(channel: int, epoch: int, records: bytes | None) -> bytes:
    """Return an EVENTS frame; None says that some are gone."""
    head = _EVENTS.pack(epoch, records is not None)
    return frame(Kind.EVENTS, channel, head + (records or b""))


def read_events(body: bytes) -> tuple[int, tuple[Event, ...] | None]:
    """Return the epoch and the events of an EVENTS, or None when some are gone."""
    epoch, is_complete = _unpack(_EVENTS, body)
    return epoch, _events(body[_EVENTS.size :]) if is_complete else None


def _events(data: bytes) -> tuple[Event, ...]:
    try:
        return tuple(decode_events(data))
    except (KeyError, IndexError, StructError) as failure:
        raise ProtocolError("no events of this release") from failure


def _unpack(layout: Struct, body: bytes, *, whole: bool = False) -> tuple[Any, ...]:
    if len(body) < layout.size or (whole and len(body) != layout.size):
        raise ProtocolError(f"a body of {len(body)} bytes")
    return layout.unpack_from(body)
