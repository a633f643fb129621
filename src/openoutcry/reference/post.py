"""The links of a partition's entities: counters, and messages that nobody has acknowledged yet."""

from collections import deque
from dataclasses import dataclass, field

from openoutcry.core.records import LinkEvent
from openoutcry.reference.links import ToAccounts, ToMarket
from openoutcry.reference.log import Entity, EventLog


@dataclass(slots=True, eq=False)
class Link:
    """What an entity of this partition and one elsewhere have said to each other."""

    last_in: int = 0
    last_out: int = 0
    acknowledged: int = 0
    outbox: deque[bytes] = field(default_factory=deque)
    """The messages from `acknowledged` + 1 to `last_out`."""


class Post:
    """All links of a partition, by (entity here, entity there)."""

    def __init__(self, log: EventLog) -> None:
        self.links: dict[tuple[int, int], Link] = {}
        self._log = log

    def send(self, source: Entity, message: ToMarket | ToAccounts) -> int:
        """Number a message, keep it, and say it; return its number."""
        assert message.source == source.address, "an entity speaks for another"
        link = self._link(message.source, message.destination)
        link.last_out += 1
        data = message._replace(link_seq=link.last_out).pack()
        link.outbox.append(data)
        self._log.emit(source, LinkEvent, link=data)
        return link.last_out

    def accept(self, message: ToMarket | ToAccounts) -> bool:
        """Count a message in; False when it was here before, or others must come first (K01)."""
        known = self.links.get((message.destination, message.source))
        if message.link_seq != (known.last_in if known else 0) + 1:
            return False
        self._link(message.destination, message.source).last_in += 1
        return True

    def acknowledge(self, source: int, destination: int, up_to: int) -> None:
        """Forget messages that the other side has durably; what was never sent is not one."""
        link = self.links.get((source, destination))
        if link is None or not link.acknowledged < up_to <= link.last_out:
            return
        for _ in range(up_to - link.acknowledged):
            link.outbox.popleft()
        link.acknowledged = up_to

    def waiting(self, here: int, there: int) -> int:
        """Return how many messages to an entity are not acknowledged."""
        link = self.links.get((here, there))
        return len(link.outbox) if link else 0

    def _link(self, here: int, there: int) -> Link:
        found = self.links.get((here, there))
        if found is None:
            found = self.links[here, there] = Link()
        return found
