"""Batches of records: split, typed, in order."""

import pytest

from openoutcry.codec.records import (
    command_sizes,
    decode_balances,
    decode_batch,
    decode_events,
    decode_orders,
    decode_rows,
    split_commands,
)
from openoutcry.core.records import (
    COMMANDS,
    EVENTS,
    ROWS,
    BalanceRow,
    Deposit,
    OrderRow,
    Tick,
)
from openoutcry.ports.feeds import Committed


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


def test_a_batch_comes_back_sorted_by_command_and_type() -> None:
    kinds = list(EVENTS.values())
    events = [cls(seq=number, command=at) for at in (0, 2) for number, cls in enumerate(kinds)]
    batch = decode_batch(b"".join(event.pack() for event in events), 3)
    assert list(batch.events) == decode_events(b"".join(event.pack() for event in events))
    assert [list(group) for group in batch.by_command] == [
        [event for event in batch.events if event.command == at] for at in range(3)
    ]
    sorted_here = Committed(1, 2, batch.events)
    sorted_before = Committed(1, 2, batch.events, batch.by_type)
    for cls in kinds:
        assert list(sorted_before.of_type(cls)) == list(sorted_here.of_type(cls))
        assert [event.command for event in sorted_before.of_type(cls)] == [0, 2]
    assert decode_batch(b"", 2).by_command == [[], []]
    assert not Committed(1, 2, [], {}).of_type(kinds[0])


def test_every_kind_of_row_comes_back_typed() -> None:
    rows = [cls() for cls in ROWS.values()]
    assert [type(row) for row in decode_rows(b"".join(row.pack() for row in rows))] == list(
        ROWS.values()
    )
    orders = [OrderRow(order_id=5), OrderRow(order_id=6)]
    assert [row.order_id for row in decode_orders(b"".join(row.pack() for row in orders))] == [5, 6]
    assert decode_balances(BalanceRow(asset=3).pack())[0].asset == 3
