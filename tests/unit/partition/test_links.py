"""What is sent, what is missing and who waits, without any partition."""

import random

import pytest

from openoutcry.codec.records import BatchEvents, sort_events
from openoutcry.core.enums import CommandKind, Execution, Phase, Reason
from openoutcry.core.ids import entity_of_market, entity_of_shard
from openoutcry.core.records import (
    AnsweredEvent,
    AnswerLink,
    CancelLink,
    Deliver,
    Event,
    LinkAck,
    LinkEvent,
    OrderEvent,
    PendingEvent,
    RefusedEvent,
)
from openoutcry.partition.links import (
    EARLY_MESSAGES_MAX,
    AckDesk,
    LinkDesk,
    Position,
    RequestDesk,
    by_destination,
    deliver,
    messages_of,
    split_messages,
    to_resend,
)
from openoutcry.ports.calls import CallError, Reply

SHARD, MARKET, OTHER = entity_of_shard(1), entity_of_market(1), entity_of_market(2)
ORDER = 7 << 10 | 1


def message(link_seq: int, destination: int = MARKET) -> bytes:
    return CancelLink(
        source=SHARD, destination=destination, link_seq=link_seq, order_id=ORDER
    ).pack()


def test_the_messages_of_a_batch_by_destination() -> None:
    sent = [message(1), message(1, OTHER), message(2)]
    events = b"".join(LinkEvent(link=m).pack() for m in sent)

    found = messages_of(BatchEvents(events, sort_events(events, 1)))
    assert found == sent
    assert by_destination(found) == {MARKET: [sent[0], sent[2]], OTHER: [sent[1]]}


def test_what_is_to_be_sent_again() -> None:
    outbox = b"".join((message(1), message(2), message(3), message(1, OTHER)))

    assert to_resend(outbox, [Position(SHARD, MARKET, 2)]) == [message(3), message(1, OTHER)]
    assert to_resend(outbox, [Position(SHARD, MARKET, 3), Position(SHARD, OTHER, 1)]) == []
    assert list(split_messages(outbox))[-1] == message(1, OTHER)
    with pytest.raises(ValueError, match="no link record"):
        list(split_messages(outbox[:-8]))


def test_a_delivery_is_a_command_with_the_message_in_it() -> None:
    command = deliver(message(1))

    assert int.from_bytes(command[:2], "little") == len(command) == 48 + CancelLink.SIZE
    assert command[2] == Deliver.KIND
    assert command[48:] == message(1)


@pytest.mark.parametrize("seed", range(20))
def test_k01_k09_each_message_goes_on_once_and_in_order(seed: int) -> None:
    rng = random.Random(seed)
    sent = [message(n, destination) for n in range(1, 40) for destination in (MARKET, OTHER)]
    came = [*sent, *rng.choices(sent, k=30)]
    rng.shuffle(came)
    desk = LinkDesk()
    gone = [m for one in came for m in desk.take([one])]

    for destination in (MARKET, OTHER):
        assert [m for m in gone if m in {message(n, destination) for n in range(1, 40)}] == [
            message(n, destination) for n in range(1, 40)
        ]
    assert desk.gaps() == []


def test_a_gap_is_told_until_it_is_filled() -> None:
    desk = LinkDesk([Position(SHARD, MARKET, 4)])

    assert desk.take([message(4), message(7), message(6)]) == []
    assert desk.gaps() == [Position(SHARD, MARKET, 4)]
    assert desk.take([message(5)]) == [message(5), message(6), message(7)]
    assert desk.gaps() == []


def test_messages_before_their_time_are_bounded() -> None:
    desk = LinkDesk()
    desk.take(message(n) for n in range(2, 2 * EARLY_MESSAGES_MAX))

    assert len(desk.take([message(1)])) == EARLY_MESSAGES_MAX + 1
    assert desk.take([message(EARLY_MESSAGES_MAX + 2)]) == [message(EARLY_MESSAGES_MAX + 2)]


def test_one_acknowledgement_a_link() -> None:
    desk = AckDesk()
    assert not desk
    desk.note([Position(SHARD, MARKET, 3), Position(SHARD, OTHER, 1)])
    desk.note([Position(SHARD, MARKET, 2), Position(SHARD, MARKET, 5)])

    assert desk.take() == [
        LinkAck(entity=SHARD, destination=MARKET, link_seq=5).pack(),
        LinkAck(entity=SHARD, destination=OTHER, link_seq=1).pack(),
    ]
    assert not desk.take()


class Caller:
    """One who waits for a reply."""

    def __call__(self, outcome: Reply | CallError) -> None:
        raise AssertionError("the desk only says who is to be told")


def packed(*events: Event) -> bytes:
    return b"".join(event.pack() for event in events)


def answer(order_id: int = ORDER) -> bytes:
    return AnswerLink(source=MARKET, destination=SHARD, order_id=order_id).pack()


def test_a_caller_is_told_what_became_of_its_order() -> None:
    desk, caller = RequestDesk(), Caller()
    pending = PendingEvent(order_id=ORDER, origin_seq=9, origin_command=2)
    desk.begin([pending], packed(LinkEvent(), pending), caller)
    new = OrderEvent(order_id=ORDER, execution=Execution.NEW)
    fill = OrderEvent(order_id=ORDER, execution=Execution.TRADE)
    other = OrderEvent(order_id=ORDER + 1024)

    assert desk.hear(answer(), packed(new)) is None
    assert desk.hear(answer(ORDER + 1024), packed(other)) is None
    assert desk.hear(answer(), packed(fill)) is None
    told = desk.hear(
        answer(), packed(AnsweredEvent(order_id=ORDER, origin_seq=9, origin_command=2))
    )

    assert told == (caller, packed(new, fill))
    assert len(desk) == 0


def test_a_refusal_is_told_to_the_one_who_is_answered() -> None:
    desk, first, second = RequestDesk(), Caller(), Caller()
    for seq, caller in ((1, first), (2, second)):
        pending = PendingEvent(order_id=ORDER, origin_seq=seq)
        desk.begin([pending], packed(pending), caller)
    refusals = [
        RefusedEvent(command_kind=kind, reason=Reason.UNKNOWN_ORDER)
        for kind in (CommandKind.NEW_ORDER, CommandKind.CANCEL_ORDER)
    ]
    told = [
        desk.hear(answer(), packed(refusal, AnsweredEvent(order_id=ORDER, origin_seq=seq)))
        for seq, refusal in enumerate(refusals, start=1)
    ]

    assert told == [(first, packed(refusals[0])), (second, packed(refusals[1]))]


def test_a_replacement_goes_on_with_its_new_order() -> None:
    desk, caller = RequestDesk(), Caller()
    pending = PendingEvent(order_id=ORDER, origin_seq=1)
    desk.begin([pending], packed(pending), caller)
    failed = RefusedEvent(phase=Phase.CANCEL, reason=Reason.UNKNOWN_ORDER)
    following = PendingEvent(order_id=ORDER + 1024, origin_seq=1)
    new = OrderEvent(order_id=ORDER + 1024)

    assert desk.hear(answer(), packed(failed, LinkEvent(), following)) is None
    assert desk.hear(answer(ORDER + 1024), packed(new)) is None
    told = desk.hear(answer(ORDER + 1024), packed(AnsweredEvent(origin_seq=1)))
    assert told == (caller, packed(failed, new))


def test_nobody_is_left_waiting() -> None:
    desk, caller = RequestDesk(), Caller()
    pending = PendingEvent(order_id=ORDER, origin_seq=1)
    desk.begin([pending], packed(pending), caller)

    assert desk.give_up() == [caller]
    assert desk.hear(answer(), packed(AnsweredEvent(origin_seq=1))) is None


def test_those_who_wait_at_a_shard_that_leaves_are_returned_once_and_no_others() -> None:
    desk, leaving, staying = RequestDesk(), Caller(), Caller()
    for seq, order, caller in ((1, ORDER, leaving), (2, ORDER + 1, staying)):
        pending = PendingEvent(order_id=order, origin_seq=seq)
        desk.begin([pending], packed(pending), caller)

    assert desk.left(SHARD) == [leaving]
    assert desk.left(SHARD) == []
    assert len(desk) == 1
