"""Money added up from a state's rows: what is there, exactly, and what is not."""

import pytest

from openoutcry.app.conservation import conservation_of
from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.enums import HouseKind
from openoutcry.core.records import AccountRow, AssetRow, BalanceRow, HouseRow, MetaRow, OrderRow
from openoutcry.ports.operations import Conservation

EUR = AssetRow(asset=1, scale=2, name=b"EUR")
BIG = (1 << 62) + 7


def added(*rows: object) -> Conservation:
    packed = b"".join(row.pack() for row in (MetaRow(), EUR, *rows))  # type: ignore[attr-defined]
    return conservation_of(Snapshot(0, 9, 0, 8, b"", b"", b"", packed))


def house(kind: HouseKind, amount: int, shard: int = 0) -> HouseRow:
    return HouseRow(
        shard=shard, house=kind, asset=1, amount_lo=amount & (1 << 64) - 1, amount_hi=amount >> 64
    )


def test_an_empty_exchange_has_nothing() -> None:
    found = added()
    assert (found.seq, found.time_us, found.negative_balances) == (9, 8, 0)
    [ledger] = found.assets
    assert (ledger.asset, ledger.free, ledger.difference) == ("EUR", "0.00", "0.00")
    assert ledger.is_conserved


def test_parts_are_told_apart_and_add_up() -> None:
    found = added(
        house(HouseKind.EXTERNAL, -1_500, shard=1),
        house(HouseKind.EXTERNAL, -500, shard=2),
        house(HouseKind.FEE, 25),
        house(HouseKind.CLEARING, 5),
        *(AccountRow(account_id=number) for number in range(1, 4)),
        BalanceRow(account_id=1, asset=1, free_atoms=1_000, held_atoms=20),
        BalanceRow(account_id=2, asset=1, free_atoms=950),
        OrderRow(order_id=1),
    )
    [ledger] = found.assets
    assert (ledger.free, ledger.held) == ("19.50", "0.20")
    assert (ledger.fees, ledger.clearing, ledger.outside) == ("0.25", "0.05", "-20.00")
    assert ledger.difference == "0.00"
    assert ledger.is_conserved


@pytest.mark.parametrize("amount", [-1, 1])
def test_a_single_unit_too_much_or_too_little_is_seen(amount: int) -> None:
    found = added(
        house(HouseKind.EXTERNAL, -100 + amount), BalanceRow(account_id=1, asset=1, free_atoms=100)
    )
    [ledger] = found.assets
    assert not ledger.is_conserved
    assert ledger.difference == ("0.01" if amount > 0 else "-0.01")


def test_sums_beyond_64_bits_are_exact() -> None:
    found = added(
        house(HouseKind.EXTERNAL, -5 * BIG),
        *(BalanceRow(account_id=number, asset=1, free_atoms=BIG) for number in range(1, 6)),
    )
    [ledger] = found.assets
    assert ledger.is_conserved
    assert ledger.free == f"{5 * BIG // 100}.{5 * BIG % 100:02d}"


def test_balances_below_zero_are_counted() -> None:
    found = added(
        BalanceRow(account_id=1, asset=1, free_atoms=-5),
        BalanceRow(account_id=2, asset=1, free_atoms=10, held_atoms=-5),
    )
    assert found.negative_balances == 2
    assert found.assets[0].is_conserved
