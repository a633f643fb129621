"""The entries behind the events add up to the kernel's own rows (L03, L04, L08, L16)."""

from collections import Counter

import pytest

from openoutcry.core.enums import HouseKind
from openoutcry.core.postings import (
    HOUSE_KINDS,
    Holder,
    Posting,
    Purse,
    postings_of_balance,
    postings_of_order,
)
from openoutcry.core.records import (
    EVENTS,
    ROWS,
    BalanceEvent,
    BalanceRow,
    Event,
    HouseRow,
    MarketEvent,
    OrderEvent,
    OrderRequestedEvent,
)
from openoutcry.kernel import Kernel
from openoutcry.simulation.commands import CommandStream


def unpacked(data: bytes, kinds: dict[int, type]) -> list:
    result, offset = [], 0
    while offset < len(data):
        record = kinds[data[offset + 2]].unpack(data, offset)
        result.append(record)
        offset += record.size
    return result


class Books:
    """Balances kept from postings alone."""

    def __init__(self) -> None:
        self.amounts: Counter[Holder] = Counter()
        self.causes: Counter[str] = Counter()
        self.assets: dict[int, tuple[int, int]] = {}

    def take(self, event: Event) -> None:
        if isinstance(event, MarketEvent):
            self.assets[event.market] = (event.base_asset, event.quote_asset)
        elif isinstance(event, BalanceEvent):
            self.post(postings_of_balance(event))
        elif isinstance(event, OrderEvent | OrderRequestedEvent):
            self.post(postings_of_order(event, *self.assets[event.market]))

    def post(self, postings: list[Posting]) -> None:
        for posting in postings:
            assert posting.amount_atoms > 0
            assert posting.debit.asset == posting.credit.asset
            self.amounts[posting.debit] -= posting.amount_atoms
            self.amounts[posting.credit] += posting.amount_atoms
            self.causes[posting.cause.name] += 1


def held_by_rows(kernel: Kernel) -> Counter[Holder]:
    amounts: Counter[Holder] = Counter()
    purses = {kind: purse for purse, kind in HOUSE_KINDS.items()}
    for row in unpacked(kernel.snapshot(), ROWS):
        if isinstance(row, BalanceRow):
            amounts[Holder(Purse.FREE, row.account_id, row.asset)] = row.free_atoms
            amounts[Holder(Purse.HELD, row.account_id, row.asset)] = row.held_atoms
        elif isinstance(row, HouseRow):
            purse = purses[HouseKind(row.house)]
            amount = row.amount_hi << 64 | row.amount_lo
            amounts[Holder(purse, row.shard, row.asset, row.market)] = amount
    return amounts


@pytest.mark.parametrize("seed", range(3))
def test_postings_rebuild_every_balance(seed: int) -> None:
    kernel, stream, books = Kernel(), CommandStream(seed), Books()
    for seq in range(1, 501):
        batch = stream.batch()
        events = kernel.apply(batch.data, seq, batch.skip)
        stream.observe(events)
        for event in unpacked(events, EVENTS):
            books.take(event)
        if seq % 100 == 0:
            rows = held_by_rows(kernel)
            assert {k: v for k, v in books.amounts.items() if v} == {
                k: v for k, v in rows.items() if v
            }

    assert {"DEPOSIT", "WITHDRAWAL", "ADJUSTMENT", "HOLD", "RELEASE", "TRADE", "FEE"} <= set(
        books.causes
    )
