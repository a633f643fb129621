"""V06: what waits for Redis is bounded, and whoever lost something is published as a whole."""

from openoutcry.adapters.redis import outlets
from openoutcry.adapters.redis.messages import unpack
from openoutcry.adapters.redis.outlets import MarketOutlet, Place, shard_outlet
from openoutcry.codec.records import decode_events
from openoutcry.core.enums import Side
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import BalanceEvent, LevelEvent
from openoutcry.ports.market_data import WholeBook

BOOK = WholeBook(1, "BTCUSD", 0, 1, 5, 10, 7, 3, 0, [(99, 1)], [(101, 2)])


def level(entity_seq: int, price_ticks: int, lots: int) -> LevelEvent:
    return LevelEvent(
        entity=entity_of_market(1),
        entity_seq=entity_seq,
        market=1,
        side=Side.BUY,
        price_ticks=price_ticks,
        lots=lots,
        update_id=entity_seq - 3,
    )


def opened() -> MarketOutlet:
    outlet = MarketOutlet(1)
    outlet.open(BOOK)
    assert outlet.call(Place(0, 1)).function == "book_replace"
    outlet.done(0.0)
    return outlet


def add(outlet: outlets.Outlet, event: LevelEvent | BalanceEvent) -> None:
    outlet.reached(event.entity_seq)
    outlet.add(event)


def test_levels_go_as_changes_and_an_idle_market_as_a_beat() -> None:
    outlet = opened()
    add(outlet, level(11, 98, 4))
    add(outlet, level(12, 98, 0))
    call = outlet.call(Place(0, 1))
    assert call.function == "book_apply"
    header, events = unpack(call.arguments[9])
    assert (header.first_entity_seq, header.last_entity_seq) == (11, 12)
    assert (header.first_update_id, header.last_update_id) == (8, 9)
    assert [event.price_ticks for event in decode_events(events)] == [98, 98]
    assert call.arguments[10:] == ["1", "98", "0"]
    outlet.done(0.0)
    beat = outlet.call(Place(0, 1))
    assert (beat.function, beat.arguments[8:]) == ("book_beat", ["1", "1"])


def test_what_may_not_have_arrived_goes_again_with_the_whole_book() -> None:
    outlet = opened()
    add(outlet, level(11, 98, 4))
    outlet.call(Place(0, 1))
    add(outlet, level(12, 97, 5))
    outlet.again()
    call = outlet.call(Place(0, 1))
    assert call.function == "book_replace"
    header, events = unpack(call.arguments[8])
    assert (header.first_entity_seq, header.last_entity_seq) == (11, 12)
    assert len(decode_events(events)) == 2
    assert call.arguments[9:] == ["3", "99", "1", "98", "4", "97", "5", "101", "2"]


def test_too_much_is_dropped_and_leaves_a_gap() -> None:
    outlet = opened()
    for number in range(outlets.EVENTS_WAITING_MAX + 1):
        add(outlet, level(11 + number, 90, number % 3))
    add(outlet, level(11 + outlets.EVENTS_WAITING_MAX + 1, 91, 8))
    assert len(outlet.waiting) == 1
    assert outlet.dropped == outlets.EVENTS_WAITING_MAX + 1
    call = outlet.call(Place(0, 1))
    assert call.function == "book_replace"
    header, _ = unpack(call.arguments[8])
    assert header.first_entity_seq == header.last_entity_seq


def test_a_shard_that_is_stuck_is_bounded_too() -> None:
    outlet = shard_outlet(entity_of_shard(17))
    for number in range(1, 3 * outlets.EVENTS_WAITING_MAX):
        add(outlet, BalanceEvent(entity=entity_of_shard(17), entity_seq=number))
        if number % 1_000 == 0:
            outlet.call(Place(0, 1))
            outlet.again()
        assert len(outlet.waiting) <= outlets.EVENTS_WAITING_MAX
    assert outlet.dropped > 0


def test_a_book_that_is_read_late_takes_in_what_came_after_it() -> None:
    outlet = MarketOutlet(1)
    for event in (level(10, 99, 5), level(11, 99, 6)):
        add(outlet, event)
    outlet.open(BOOK)
    call = outlet.call(Place(0, 1))
    assert call.arguments[9:] == ["1", "99", "6", "101", "2"]
