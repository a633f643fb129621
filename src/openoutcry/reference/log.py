"""The events of the batch at hand, each stamped with its entity's own counter."""

from collections.abc import Callable

from openoutcry.core.records import Event


class Entity:
    """An address that events come from: a shard, a market, or the partition itself (0)."""

    __slots__ = ("address", "entity_seq")

    def __init__(self, address: int, entity_seq: int = 0) -> None:
        self.address = address
        self.entity_seq = entity_seq


class EventLog:
    """What one batch has emitted so far, and the state time that it is emitted at."""

    def __init__(self, partition: int = 0) -> None:
        self.partition = partition
        self.time_us = 0
        self.seq = 0
        self.used = 0
        """Events since the command began: what the event budget is measured against."""
        self.command = 0
        """The index in the batch of the command under way."""
        self._parts: list[bytes] = []

    def begin_batch(self, seq: int) -> None:
        """Start an empty batch."""
        self.seq = seq
        self._parts = []

    def begin_command(self, index: int) -> None:
        """Start the command at this index of the batch, with its whole event budget."""
        self.command = index
        self.used = 0

    def emit(self, entity: Entity, record: Callable[..., Event], **fields: object) -> None:
        """Append one event of the entity."""
        entity.entity_seq += 1
        self.used += 1
        event = record(
            index=len(self._parts),
            command=self.command,
            partition=self.partition,
            entity=entity.address,
            seq=self.seq,
            entity_seq=entity.entity_seq,
            time_us=self.time_us,
            **fields,
        )
        self._parts.append(event.pack())

    def taken(self) -> bytes:
        """Return the batch's event bytes."""
        return b"".join(self._parts)
