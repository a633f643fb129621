"""The kernel's door: what it takes, what it gives, and what it does when something is wrong."""

import struct
from collections.abc import Callable

import pytest

from openoutcry.core.enums import MarketStatus, OrderType, Reason, Side, StpMode, TimeInForce
from openoutcry.core.records import (
    EVENTS,
    ROWS,
    AccountRow,
    CancelAll,
    Command,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    MarketRow,
    MetaRow,
    NewOrder,
    OrderEvent,
    OrderRow,
    RefusedEvent,
    Tick,
)
from openoutcry.kernel import Kernel, KernelFault

USD, BTC = 1, 2
MARKET = 1
ALICE, BOB = 1 << 10 | 1, 2 << 10 | 2
HEADER_BYTES = 48
OPENING: tuple[Command, ...] = (
    CreateAsset(asset=USD, name=b"USD"),
    CreateAsset(asset=BTC, name=b"BTC"),
    CreateMarket(
        market=MARKET,
        base_asset=BTC,
        quote_asset=USD,
        status=MarketStatus.TRADING,
        symbol=b"BTCUSD",
        stp_modes=0b11_1111,
        order_types=0b1111_1110,
        flags=0b111_1111,
        tick_atoms=1,
        lot_atoms=1,
        tick_lot_atoms=1,
    ),
    CreateAccount(account_id=ALICE, flags=7),
    CreateAccount(account_id=BOB, flags=7),
    Deposit(account_id=ALICE, asset=USD, amount_atoms=1_000),
    Deposit(account_id=BOB, asset=BTC, amount_atoms=1_000),
)


def pack(*commands: Command) -> bytes:
    return b"".join(command.pack() for command in commands)


def limit(account: int, side: Side, qty: int, price: int, name: bytes) -> NewOrder:
    return NewOrder(
        account_id=account,
        market=MARKET,
        side=side,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        qty_lots=qty,
        price_ticks=price,
        client_order_id=name,
    )


def kinds(events: bytes) -> list[type]:
    """The records of the events, by class."""
    found, at = [], 0
    while at < len(events):
        found.append(EVENTS[events[at + 2]])
        at += int.from_bytes(events[at : at + 2], "little")
    return found


@pytest.fixture
def kernel() -> Kernel:
    made = Kernel()
    made.apply(pack(*OPENING), 1)
    return made


# ---- what apply refuses as a whole


@pytest.mark.parametrize("seq", [0, 1, 3, 2**64 - 1])
def test_a_seq_out_of_turn_changes_nothing(kernel: Kernel, seq: int) -> None:
    before = kernel.snapshot()

    with pytest.raises(ValueError, match="seq"):
        kernel.apply(Tick().pack(), seq)

    assert (kernel.snapshot(), kernel.seq()) == (before, 1)


TORN: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda record: record[:-1],
    "too short for a header": lambda record: record[:8],
    "size of zero": lambda record: bytes(2) + record[2:],
    "size below a header": lambda record: struct.pack("<H", 40) + record[2:],
    "size that is no multiple of 8": lambda record: struct.pack("<H", 49) + record[2:],
    "size beyond the end": lambda record: struct.pack("<H", len(record) + 8) + record[2:],
    "bytes left over": lambda record: record + bytes(4),
}


@pytest.mark.parametrize("name", TORN)
def test_a_malformed_batch_leaves_no_trace_of_its_good_commands(kernel: Kernel, name: str) -> None:
    before = (kernel.snapshot(), kernel.events_hash())
    good = limit(ALICE, Side.BUY, 5, 10, b"a").pack()

    with pytest.raises(ValueError, match="malformed"):
        kernel.apply(good + TORN[name](good), 2)

    assert (kernel.snapshot(), kernel.events_hash()) == before
    assert kernel.apply(good, 2)


def test_an_unknown_command_is_an_event_and_no_error(kernel: Kernel) -> None:
    record = bytearray(HEADER_BYTES)
    struct.pack_into("<HBB", record, 0, HEADER_BYTES, 99, 1)

    refused = RefusedEvent.unpack(kernel.apply(record, 2))

    assert (refused.reason, refused.command_kind) == (Reason.UNKNOWN_COMMAND, 99)


@pytest.mark.parametrize("skip", [(1,), frozenset({1}), [1]])
def test_a_skipped_command_leaves_no_trace(kernel: Kernel, skip: tuple[int, ...]) -> None:
    other = Kernel.restore(kernel.snapshot())
    buy, sell = limit(ALICE, Side.BUY, 5, 10, b"a"), limit(BOB, Side.SELL, 5, 10, b"b")

    kernel.apply(pack(buy, sell), 2, skip)
    other.apply(pack(buy), 2)

    assert kernel.state_hash() == other.state_hash()


@pytest.mark.parametrize("batch", [None, 1, "text"])
def test_a_batch_that_is_no_buffer_is_a_type_error(kernel: Kernel, batch: object) -> None:
    with pytest.raises(TypeError):
        kernel.apply(batch, 2)  # type: ignore[arg-type]

    assert kernel.seq() == 1


def test_every_kind_of_buffer_gives_the_same_events() -> None:
    batch = pack(*OPENING, limit(ALICE, Side.BUY, 5, 10, b"a"))
    shifted = memoryview(b"." + batch)[1:]

    made = [Kernel().apply(given, 1) for given in (batch, bytearray(batch), shifted)]

    assert made[0] == made[1] == made[2]


def test_an_empty_batch_moves_the_seq_and_the_hash_only(kernel: Kernel) -> None:
    before = kernel.events_hash()

    assert kernel.apply(b"", 2) == b""
    assert kernel.seq() == 2
    assert kernel.events_hash() != before


# ---- faults


def test_a_fault_names_its_command_and_ends_the_instance() -> None:
    kernel = Kernel(poison_client_order_id=b"poison")
    kernel.apply(pack(*OPENING), 1)
    batch = pack(
        Tick(), limit(ALICE, Side.BUY, 1, 1, b"good"), limit(BOB, Side.SELL, 1, 9, b"poison")
    )

    with pytest.raises(KernelFault) as caught:
        kernel.apply(batch, 2)

    assert caught.value.index == 2
    assert "poison" in caught.value.message
    uses: tuple[Callable[[], object], ...] = (
        lambda: kernel.apply(b"", 2),
        kernel.snapshot,
        kernel.state_hash,
        kernel.recount,
        kernel.seq,
        kernel.markets,
        lambda: kernel.depth(MARKET, 5),
    )
    for use in uses:
        with pytest.raises(RuntimeError, match="discarded") as dead:
            use()
        assert not isinstance(dead.value, KernelFault)


def test_a_poison_id_is_no_poison_elsewhere() -> None:
    kernel = Kernel(poison_client_order_id=b"poison")
    kernel.apply(pack(*OPENING), 1)

    kernel.apply(limit(ALICE, Side.BUY, 1, 1, b"poison2").pack(), 2)
    restored = Kernel.restore(kernel.snapshot(), poison_client_order_id=b"poison")

    with pytest.raises(KernelFault):
        restored.apply(limit(ALICE, Side.BUY, 1, 1, b"poison").pack(), 3)


def test_the_command_after_a_fault_can_be_skipped_in_a_restored_instance() -> None:
    kernel = Kernel(poison_client_order_id=b"poison")
    kernel.apply(pack(*OPENING), 1)
    rows = kernel.snapshot()
    batch = pack(limit(ALICE, Side.BUY, 1, 1, b"poison"), limit(ALICE, Side.BUY, 1, 1, b"good"))
    with pytest.raises(KernelFault) as caught:
        kernel.apply(batch, 2)

    again = Kernel.restore(rows, poison_client_order_id=b"poison")
    events = again.apply(batch, 2, (caught.value.index,))

    assert OrderEvent.unpack(events).client_order_id.rstrip(b"\0") == b"good"
    assert OrderEvent.unpack(events).command == 1


# ---- snapshots


def test_restore_gives_the_same_state(kernel: Kernel) -> None:
    kernel.apply(limit(ALICE, Side.BUY, 5, 10, b"a").pack(), 2)

    restored = Kernel.restore(kernel.snapshot())

    assert restored.snapshot() == kernel.snapshot()
    assert restored.events_hash() == kernel.events_hash()
    assert (restored.seq(), restored.time_us()) == (2, 0)
    assert restored.recount() == ""


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "one byte": lambda _: b"\x60",
    "no meta row": lambda rows: rows[MetaRow.SIZE :],
    "two meta rows": lambda rows: rows[: MetaRow.SIZE] + rows,
    "cut inside a row": lambda rows: rows[:-3],
    "bytes left over": lambda rows: rows + bytes(8),
    "unknown row": lambda rows: rows[:2] + b"\xc8" + rows[3:],
    "other version": lambda rows: rows[:3] + b"\x02" + rows[4:],
    "other size": lambda rows: bytes([rows[0] + 8]) + rows[1:],
    "a last row missing": lambda rows: rows[: -OrderRow.SIZE],
    "rows of commands": lambda _: pack(*OPENING),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_rows_are_refused(kernel: Kernel, name: str) -> None:
    kernel.apply(limit(ALICE, Side.BUY, 5, 10, b"a").pack(), 2)

    with pytest.raises(ValueError, match="damaged"):
        Kernel.restore(DAMAGED[name](kernel.snapshot()))


def test_every_flipped_byte_of_a_snapshot_is_refused_or_kept(kernel: Kernel) -> None:
    kernel.apply(limit(ALICE, Side.BUY, 5, 10, b"a").pack(), 2)
    rows = kernel.snapshot()
    refused = 0

    for at in range(len(rows)):
        bad = bytearray(rows)
        bad[at] ^= 0xFF
        try:
            restored = Kernel.restore(bad)
        except ValueError:
            refused += 1
        else:
            assert restored.snapshot() == bad, f"byte {at}"
            assert restored.recount() == "", f"byte {at}"

    assert refused > len(rows) // 2


# ---- views


def test_views_are_bytes_of_rows(kernel: Kernel) -> None:
    events = kernel.apply(limit(ALICE, Side.BUY, 5, 10, b"a").pack(), 2)
    order_id = OrderEvent.unpack(events).order_id

    for row in (kernel.order(ALICE, order_id), kernel.order_by_client_id(ALICE, MARKET, b"a")):
        assert type(row) is bytes
        assert OrderRow.unpack(row).qty_lots == 5
    for view in (kernel.open_orders(ALICE), kernel.balances(ALICE), kernel.markets()):
        assert type(view) is bytes
        assert int.from_bytes(view[:2], "little") == ROWS[view[2]].SIZE
    account, market = kernel.account(ALICE), kernel.market(MARKET)
    assert account is not None
    assert AccountRow.unpack(account).account_id == ALICE
    assert market is not None
    assert MarketRow.unpack(market).symbol.rstrip(b"\0") == b"BTCUSD"
    assert len(kernel.assets()) == 2 * ROWS[2].SIZE


def test_views_of_numbers(kernel: Kernel) -> None:
    kernel.apply(pack(*(limit(ALICE, Side.BUY, 1, p, b"a%d" % p) for p in (8, 9, 10))), 2)

    assert kernel.depth(MARKET, 2) == ([(10, 1), (9, 1)], [])
    assert kernel.fee_rates(ALICE, MARKET) == (0, 0)
    assert kernel.average_price_ticks(MARKET) == 0
    assert (kernel.accounts_count(), kernel.orders_count()) == (2, 3)
    assert kernel.pending() is False
    assert all(type(value) is int for value in kernel.memory().values())
    assert len(kernel.events_hash()) == len(kernel.state_hash()) == 16


def test_views_of_what_is_not_there(kernel: Kernel) -> None:
    assert kernel.order(ALICE, 1) is None
    assert kernel.order_by_client_id(ALICE, MARKET, b"none") is None
    assert kernel.account(77) is None
    assert kernel.market(9) is None
    assert kernel.open_orders(77) == kernel.balances(77) == b""
    assert kernel.depth(9, 5) == ([], [])
    assert kernel.fee_rates(77, MARKET) == (0, 0)


def test_an_order_is_shown_to_its_account_only(kernel: Kernel) -> None:
    events = kernel.apply(limit(ALICE, Side.BUY, 5, 10, b"a").pack(), 2)

    assert kernel.order(BOB, OrderEvent.unpack(events).order_id) is None


# ---- faults that users could once cause


def test_a_large_quote_order_prevented_by_an_own_order_is_no_fault() -> None:
    """What it wants at one tick, times the lot, is more atoms than any amount may have."""
    kernel = Kernel()
    market = OPENING[2]._replace(tick_atoms=10**6, lot_atoms=1_000, tick_lot_atoms=10)
    money = (
        Deposit(account_id=ALICE, asset=USD, amount_atoms=1 << 61),
        Deposit(account_id=ALICE, asset=BTC, amount_atoms=1_000),
    )
    assets = (OPENING[0], CreateAsset(asset=BTC, scale=8, name=b"BTC"))
    kernel.apply(pack(*assets, market, *OPENING[3:], *money), 1)
    buy = NewOrder(
        account_id=ALICE,
        market=MARKET,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        stp_mode=StpMode.EXPIRE_TAKER,
        quote_atoms=1 << 61,
        worst_ticks=10,
        client_order_id=b"large",
    )

    events = kernel.apply(pack(limit(ALICE, Side.SELL, 1, 1, b"own"), buy), 2)

    assert [event.__name__ for event in kinds(events)][-2:] == ["PreventedEvent", "OrderEvent"]
    assert kernel.recount() == ""


def test_a_drain_with_a_fill_or_kill_and_a_cancel_of_all_is_no_fault() -> None:
    """The longest command: before it, what was left over runs to the budget and beyond."""
    kernel = Kernel()
    money = tuple(
        Deposit(account_id=who, asset=asset, amount_atoms=10**12)
        for who in (ALICE, BOB)
        for asset in (USD, BTC)
    )
    asks = [limit(BOB, Side.SELL, 1, 1_000 + i, b"s%d" % i) for i in range(800)]
    bids = [limit(BOB, Side.BUY, 1, 1 + i, b"b%d" % i) for i in range(256)]
    stop = limit(ALICE, Side.BUY, 200, 5_000, b"stop")._replace(
        order_type=OrderType.STOP_LOSS_LIMIT, time_in_force=TimeInForce.FOK, stop_ticks=1_000
    )
    sweep = limit(ALICE, Side.BUY, 500, 5_000, b"sweep")._replace(time_in_force=TimeInForce.IOC)
    kernel.apply(pack(*OPENING, *money, *asks, *bids, stop, sweep), 1)

    events = kernel.apply(CancelAll(account_id=BOB, market=MARKET).pack(), 2)

    assert len(kinds(events)) > 2_048
    assert kernel.recount() == ""
