"""Fees as the kernel has them: from its rows, and then from its events."""

from tests.support.small_exchange import SmallExchange

from openoutcry.app.fee_table import FeeTable
from openoutcry.core.records import SetFees


def test_it_is_what_a_fresh_look_at_the_rows_would_be() -> None:
    small = SmallExchange()
    table = FeeTable()
    table.load(small.calls.kernel.snapshot())
    assert table.rates()
    small.feed.subscribe(table.on_committed)
    small.calls.apply(SetFees(schedule=7, market=2, maker_rate=11, taker_rate=22).pack())
    small.calls.apply(SetFees(schedule=0, market=0, maker_rate=1, taker_rate=2).pack())
    assert (7, 2, 11, 22) in table.rates()
    assert (0, 0, 1, 2) in table.rates()
    again = FeeTable()
    again.load(small.calls.kernel.snapshot())
    assert again.rates() == table.rates()


def test_without_rows_there_is_nothing() -> None:
    table = FeeTable()
    table.load(b"")
    assert table.rates() == []
