"""What waits to be published of one entity, and how a message and its function call are made of it.

An outlet takes events as they are committed. What is under way is kept until Redis has answered:
when it does not, or asks for the whole book, the same events go again. What gathers beyond a bound
is dropped; gateways see the gap and mend it elsewhere.
"""

from binascii import crc_hqx
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from openoutcry.adapters.redis.books import book_keys
from openoutcry.adapters.redis.client import Argument, FunctionCall
from openoutcry.adapters.redis.messages import CATALOG_CHANNEL, SHARD_CHANNEL, Header
from openoutcry.core.enums import Side
from openoutcry.core.ids import entity_of_market
from openoutcry.core.limits import ACCOUNT_SHARDS
from openoutcry.core.records import Event, LevelEvent, TradeEvent
from openoutcry.ports.market_data import WholeBook

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:  # typing has it from Python 3.12 on
        """Mark a method that replaces an inherited one."""
        return method


EVENTS_WAITING_MAX = 10_000
"""More events of one entity than this are dropped."""
_BUY = int(Side.BUY)


class Place:
    """Where the owner stands: what a message says beside its entity."""

    __slots__ = ("epoch", "partition", "seq", "time_us")

    def __init__(self, partition: int, epoch: int) -> None:
        self.partition = partition
        self.epoch = epoch
        self.seq = 0
        self.time_us = 0


class Outlet:
    """The messages of one entity. A subclass says what they do in Redis."""

    __slots__ = (
        "_first_under_way",
        "_under_way",
        "dropped",
        "entity",
        "first_entity_seq",
        "heard_at",
        "is_forced",
        "is_heard",
        "is_open",
        "last_entity_seq",
        "said_at",
        "tag",
        "waiting",
    )

    def __init__(self, entity: int, tag: str) -> None:
        self.entity = entity
        self.tag = tag
        self.waiting: list[Event] = []
        self.first_entity_seq = 0
        """Of the range that the next message covers; 0 until the first event."""
        self.last_entity_seq = 0
        self.is_open = True
        """Whether it may publish; a market's book has to be known for that."""
        self.is_heard = True
        """Whether somebody listens; if not, only beats are published."""
        self.heard_at = 0.0
        self.is_forced = False
        """What stands in Redis is not ours and cannot be: it is overwritten."""
        self.said_at = 0.0
        """When Redis last took a message, by the event loop's clock."""
        self.dropped = 0
        self._under_way: list[Event] = []
        self._first_under_way = 0

    def slot(self, slots: int) -> int:
        """Return which of so many equal parts of the cluster's slots it is in."""
        return crc_hqx(self.tag.encode(), 0) % 16_384 * slots // 16_384

    def reached(self, entity_seq: int) -> None:
        """Note how far the entity has come, with or without an event for the feed."""
        if self.first_entity_seq == 0:
            self.first_entity_seq = entity_seq
        self.last_entity_seq = entity_seq

    def skip(self, entity_seq: int) -> None:
        """Note how far the entity has come, without anybody listening."""
        self.last_entity_seq = entity_seq
        self.first_entity_seq = entity_seq + 1

    def add(self, event: Event) -> None:
        """Let an event wait for the next message."""
        self.waiting.append(event)
        if len(self.waiting) > EVENTS_WAITING_MAX:
            self.drop()

    def drop(self) -> None:
        """Forget what waits: it is too much."""
        self.dropped += len(self.waiting)
        self.waiting = []
        self.first_entity_seq = self.last_entity_seq + 1

    def has_more(self) -> bool:
        """Whether there is something to publish beyond a beat."""
        return bool(self.waiting) or self.first_entity_seq <= self.last_entity_seq

    def call(self, place: Place) -> FunctionCall:
        """Take all that waits under way, and return the call that publishes it."""
        self._under_way, self.waiting = self.waiting, []
        self._first_under_way = self.first_entity_seq or self.last_entity_seq + 1
        self.first_entity_seq = self.last_entity_seq + 1
        header = Header(
            partition=place.partition,
            epoch=place.epoch,
            seq=place.seq,
            time_us=place.time_us,
            entity=self.entity,
            first_entity_seq=self._first_under_way,
            last_entity_seq=self.last_entity_seq,
        )
        return self._call(header, self._under_way)

    def _call(self, header: Header, events: Sequence[Event]) -> FunctionCall:
        raise NotImplementedError

    def done(self, now: float) -> None:
        """Redis has what was under way."""
        self.said_at = now
        self.is_forced = False
        self._under_way = []

    def again(self) -> None:
        """What was under way may not have arrived: it goes again, before what came since."""
        self.waiting = self._under_way + self.waiting
        self.first_entity_seq = self._first_under_way
        self._under_way = []
        if len(self.waiting) > EVENTS_WAITING_MAX:
            self.drop()


class StreamOutlet(Outlet):
    """Events without a view: those of an account shard, or of the catalog."""

    __slots__ = ("_keys",)

    def __init__(self, entity: int, tag: str, keys: Sequence[str]) -> None:
        super().__init__(entity, tag)
        self._keys = keys

    @override
    def _call(self, header: Header, events: Sequence[Event]) -> FunctionCall:
        is_beat = not events and header.first_entity_seq > header.last_entity_seq
        return FunctionCall(
            "user_publish",
            self._keys,
            [
                str(header.partition),
                str(header.epoch),
                str(header.seq),
                str(header.last_entity_seq),
                header.pack(_packed(events)),
                "2" if self.is_forced else "1" if is_beat else "0",
            ],
        )


def shard_outlet(entity: int) -> StreamOutlet:
    """Return the outlet of an account shard; nobody is known to listen to it."""
    shard = entity & (ACCOUNT_SHARDS - 1)
    channel = SHARD_CHANNEL % shard
    outlet = StreamOutlet(entity, f"s{shard}", [f"{channel}:head", channel])
    outlet.is_heard = False
    return outlet


def catalog_outlet(partition: int) -> StreamOutlet:
    """Return the outlet of a partition's assets, limits and fees."""
    head = f"{CATALOG_CHANNEL}:head:{partition}"
    return StreamOutlet(0, "catalog", [head, CATALOG_CHANNEL])


class MarketOutlet(Outlet):
    """Events of a market, with the book that they add up to."""

    __slots__ = (
        "_asks",
        "_asks_changed",
        "_bids",
        "_bids_changed",
        "_first_trade_id",
        "_first_update_id",
        "_keys",
        "market",
        "needs_book",
        "trade_id",
        "update_id",
    )

    def __init__(self, market: int) -> None:
        super().__init__(entity_of_market(market), "")
        self.market = market
        self.is_open = False
        self.needs_book = True
        """The next message sets the whole book."""
        self.update_id = 0
        self.trade_id = 0
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}
        self._bids_changed: dict[int, int] = {}
        self._asks_changed: dict[int, int] = {}
        self._first_update_id = 0
        self._first_trade_id = 0
        self._keys: list[str] = []

    def open(self, book: WholeBook) -> None:
        """Begin with the owner's book; events that wait and came after it change it."""
        self.tag = book.symbol
        self._keys = book_keys(book.symbol)
        self._bids, self._asks = dict(book.bids), dict(book.asks)
        self.update_id, self.trade_id = book.update_id, book.trade_id
        if book.entity_seq > self.last_entity_seq:
            self.last_entity_seq = book.entity_seq
            self.first_entity_seq = book.entity_seq + 1
            self.waiting = []
        self.is_open = self.needs_book = True
        for event in self.waiting:
            if event.entity_seq > book.entity_seq:
                self._take_in(event)

    @override
    def add(self, event: Event) -> None:
        """Let an event wait, and have it change the book."""
        if self.is_open:
            self._take_in(event)
        super().add(event)

    def _take_in(self, event: Event) -> None:
        if type(event) is LevelEvent:
            self.update_id = event.update_id
            if self._first_update_id == 0:
                self._first_update_id = event.update_id
            price_ticks, lots = event.price_ticks, event.lots
            if event.side == _BUY:
                levels, changed = self._bids, self._bids_changed
            else:
                levels, changed = self._asks, self._asks_changed
            changed[price_ticks] = lots
            if lots:
                levels[price_ticks] = lots
            else:
                levels.pop(price_ticks, None)
        elif type(event) is TradeEvent:
            self.trade_id = event.trade_id
            if self._first_trade_id == 0:
                self._first_trade_id = event.trade_id

    @override
    def drop(self) -> None:
        """Forget what waits; the book goes as a whole then."""
        super().drop()
        self.needs_book = True

    @override
    def again(self) -> None:
        """Send again what may not have arrived, with the whole book."""
        super().again()
        self.needs_book = True

    @override
    def _call(self, header: Header, events: Sequence[Event]) -> FunctionCall:
        header.first_update_id, header.last_update_id = self._first_update_id, self.update_id
        header.first_trade_id, header.last_trade_id = self._first_trade_id, self.trade_id
        bids, asks = self._bids_changed, self._asks_changed
        self._bids_changed, self._asks_changed = {}, {}
        self._first_update_id = self._first_trade_id = 0
        head: list[Argument] = [
            str(header.partition),
            str(header.epoch),
            str(header.seq),
            str(header.last_entity_seq),
            str(header.last_update_id),
            str(header.last_trade_id),
            str(header.time_us),
        ]
        message = header.pack(_packed(events))
        if self.needs_book:
            self.needs_book = False
            bids, asks = self._bids, self._asks
            function = "book_replace"
            head += ["1" if self.is_forced else "0", message]
        elif header.first_entity_seq <= header.last_entity_seq:
            function = "book_apply"
            head += [str(header.first_entity_seq), str(header.first_update_id), message]
        else:
            head += [message, str(len(self._bids)), str(len(self._asks))]
            return FunctionCall("book_beat", self._keys, head)
        levels = map(str, chain.from_iterable(chain(bids.items(), asks.items())))
        return FunctionCall(function, self._keys, [*head, str(len(bids)), *levels])

    @override
    def has_more(self) -> bool:
        """Whether there is something to publish beyond a beat."""
        return self.needs_book or super().has_more()


def _packed(events: Sequence[Event]) -> bytes:
    return b"".join([event.pack() for event in events])
