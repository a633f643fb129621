"""What goes over the feeds: a header that says which events it covers, then the event records."""

from dataclasses import dataclass
from struct import Struct

MARKET_CHANNEL = "feed:{%s}"
SHARD_CHANNEL = "user:{s%d}"
CATALOG_CHANNEL = "feed:{catalog}"
FOLLOW_CHANNEL = "user:{follow}"
"""Where gateways say which shard they have begun to follow: an entity, four bytes."""
ENTITY = Struct("<I")

VERSION = 1
_HEADER = Struct("<BBHIQQqII6q")
HEADER_BYTES = _HEADER.size


class MessageError(Exception):
    """Bytes that are no message of ours, or of a version that we do not know."""


@dataclass(slots=True)
class Header:
    """Which part of an entity's events a message has, and where its owner then stood.

    An empty range (`first_entity_seq` one past `last_entity_seq`) says only where the entity
    stands: such a message is repeated where nothing happens. All ids are the last of the entity,
    whether they are in this message or not; those of the first are 0 when it has none.
    """

    partition: int
    epoch: int
    seq: int
    time_us: int
    entity: int
    first_entity_seq: int
    last_entity_seq: int
    first_update_id: int = 0
    last_update_id: int = 0
    first_trade_id: int = 0
    last_trade_id: int = 0

    def pack(self, events: bytes = b"") -> bytes:
        """Return the message."""
        return (
            _HEADER.pack(
                VERSION,
                0,
                HEADER_BYTES,
                self.partition,
                self.epoch,
                self.seq,
                self.time_us,
                self.entity,
                0,
                self.first_entity_seq,
                self.last_entity_seq,
                self.first_update_id,
                self.last_update_id,
                self.first_trade_id,
                self.last_trade_id,
            )
            + events
        )


def unpack(message: bytes) -> tuple[Header, bytes]:
    """Return a message's header and its event records; raises MessageError."""
    if len(message) < HEADER_BYTES or message[0] != VERSION:
        raise MessageError("no message of this version")
    _, _, size, partition, epoch, seq, time_us, entity, _, *ids = _HEADER.unpack_from(message)
    return Header(partition, epoch, seq, time_us, entity, *ids), message[size:]
