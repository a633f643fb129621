"""Batches of records: split, typed, in order."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from openoutcry import kernel
from openoutcry.codec.records import (
    BatchEvents,
    Picked,
    Places,
    command_sizes,
    decode_balances,
    decode_events,
    decode_orders,
    decode_rows,
    sort_events,
    split_commands,
    stamp,
)
from openoutcry.core.records import (
    COMMANDS,
    EVENTS,
    ROWS,
    BalanceRow,
    Deposit,
    EpochEvent,
    Event,
    OrderRow,
    Tick,
    TradeEvent,
)
from openoutcry.ports.feeds import Committed

Sort = Callable[[bytes, int], Places]


@pytest.fixture(params=[sort_events, kernel.sort_events], ids=["python", "native"])
def sort(request: pytest.FixtureRequest) -> Sort:
    found: Sort = request.param
    return found


def test_commands_come_apart_where_they_were_joined() -> None:
    commands = [cls().pack() for cls in COMMANDS.values()]
    assert split_commands(b"".join(commands)) == commands
    assert split_commands(bytearray(b"".join(commands))) == commands
    assert split_commands(b"") == []


@pytest.mark.parametrize(
    "wrong",
    [
        b"x",
        bytes(48),
        Tick().pack()[:-8],
        Tick().pack() + b"\0",
        Tick()._replace(size=52).pack() + bytes(4),
        Deposit(amount_atoms=1).pack() + bytes(16),
    ],
)
def test_wrong_framing_is_a_value_error(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="no command record at byte"):
        list(command_sizes(wrong))


def test_every_kind_of_event_comes_back_typed() -> None:
    events = [cls(seq=number) for number, cls in enumerate(EVENTS.values())]
    decoded = decode_events(b"".join(event.pack() for event in events))
    assert [type(event) for event in decoded] == list(EVENTS.values())
    assert [event.seq for event in decoded] == list(range(len(events)))
    assert b"".join(event.pack() for event in decoded) == b"".join(e.pack() for e in events)


def test_a_batch_comes_back_sorted_by_command_and_type(sort: Sort) -> None:
    kinds = list(EVENTS.values())
    events = [cls(seq=number, command=at) for at in (0, 2) for number, cls in enumerate(kinds)]
    data = b"".join(event.pack() for event in events)
    batch = BatchEvents(data, sort(data, 4))
    assert list(batch.events()) == decode_events(data)
    assert [decode_events(records) for records in batch.records_by_command()] == [
        [event for event in batch.events() if event.command == at] for at in range(4)
    ]
    decoded = Committed(1, 2, batch.events())
    in_bytes = Committed(1, 2, batch)
    assert list(in_bytes.events) == list(decoded.events)
    for cls in kinds:
        assert list(in_bytes.of_type(cls)) == list(decoded.of_type(cls))
        assert [event.command for event in in_bytes.of_type(cls)] == [0, 2]
        assert in_bytes.has_any(frozenset((cls,)))
        assert decoded.has_any(frozenset((cls,)))


def test_an_empty_batch_has_nothing(sort: Sort) -> None:
    batch = BatchEvents(b"", sort(b"", 2))
    assert batch.records_by_command() == [b"", b""]
    for nothing in (Committed(1, 2, batch), Committed(1, 2, [])):
        assert list(nothing.events) == []
        assert list(nothing.of_type(TradeEvent)) == []
        assert nothing.pick(Picked(TradeEvent, "market", "lots")) == []
        assert not nothing.has_any(frozenset((TradeEvent,)))


@pytest.mark.parametrize("kind", list(EVENTS.values()))
def test_any_two_integers_of_an_event_can_be_picked(kind: type[Event]) -> None:
    layout = kind.DTYPE.fields
    assert layout is not None
    names = [name for name in kind._fields if layout[name][0].kind != "S"]
    event = kind(**{name: number + 1 for number, name in enumerate(names)})
    event = event._replace(size=kind.SIZE, kind=kind.KIND, command=0)
    batch = BatchEvents(event.pack(), sort_events(event.pack(), 1))
    for first, second in pairwise(names):
        picked = Picked(kind, first, second)
        wanted = [(getattr(event, first), getattr(event, second))]
        assert Committed(1, 2, batch).pick(picked) == wanted
        assert Committed(1, 2, [event]).pick(picked) == wanted


def test_heads_say_of_whom_each_event_is_and_where() -> None:
    packed = [cls(entity=at, entity_seq=at * 7).pack() for at, cls in enumerate(EVENTS.values())]
    data = b"".join(packed)
    events = decode_events(data)
    for given in (BatchEvents(data, sort_events(data, 1)), events):
        batch = Committed(1, 2, given)
        heads = list(batch.heads())
        assert [head[1:] for head in heads] == [
            (it.KIND, it.entity, it.entity_seq) for it in events
        ]
        assert [batch.event(head[0]) for head in heads] == events
        assert [batch.record(head[0]) for head in heads] == packed


@pytest.mark.parametrize(
    "wrong",
    [
        (EpochEvent().pack()[:-1], 1),
        (EpochEvent(size=8).pack(), 1),
        (EpochEvent(size=64).pack(), 1),
        (EpochEvent(command=1).pack(), 1),
        (EpochEvent(command=1).pack() + EpochEvent().pack(), 2),
    ],
)
def test_natively_what_is_no_batch_of_events_is_a_value_error(wrong: tuple[bytes, int]) -> None:
    with pytest.raises(ValueError, match="not the events of so many commands"):
        kernel.sort_events(*wrong)


def test_a_batch_of_commands_is_stamped_as_a_whole() -> None:
    commands = [cls(account_id=number) for number, cls in enumerate(COMMANDS.values())]
    packed = [command.pack() for command in commands]
    wanted = b"".join(command._replace(time_us=1 << 62).pack() for command in commands)
    for stamped in (stamp, kernel.stamp):
        assert stamped(packed, 1 << 62) == wanted
        assert stamped([], 7) == b""
    with pytest.raises(ValueError, match="not a command record"):
        kernel.stamp([bytes(40)], 7)


def test_every_kind_of_row_comes_back_typed() -> None:
    rows = [cls() for cls in ROWS.values()]
    assert [type(row) for row in decode_rows(b"".join(row.pack() for row in rows))] == list(
        ROWS.values()
    )
    orders = [OrderRow(order_id=5), OrderRow(order_id=6)]
    assert [row.order_id for row in decode_orders(b"".join(row.pack() for row in orders))] == [5, 6]
    assert decode_balances(BalanceRow(asset=3).pack())[0].asset == 3
