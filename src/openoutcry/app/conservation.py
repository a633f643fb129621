"""Adds all money of a state up, asset by asset: it is zero, or money was made or lost."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from openoutcry.codec.snapshots import Snapshot
from openoutcry.core.enums import HouseKind, RowKind
from openoutcry.core.records import AssetRow, BalanceRow, HouseRow
from openoutcry.gateways.edge.decimals import text_of
from openoutcry.ports.operations import AssetLedger, Conservation

_HEADER_BYTES = 4
_KIND_PLACE = 2
_LOW_BITS = 32
_LOW_MASK = (1 << _LOW_BITS) - 1
_HOUSE_HIGH_BITS = 64

_Bytes = npt.NDArray[np.uint8]
_Amounts = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Sums:
    free: int = 0
    held: int = 0
    house: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def conservation_of(snapshot: Snapshot) -> Conservation:
    """Return what a snapshot's rows add up to; for a thread of its own, when there are many."""
    assets: list[AssetRow] = []
    sums: dict[int, _Sums] = defaultdict(_Sums)
    negative = 0
    for kind, block in _blocks(snapshot.rows):
        data = block.tobytes()
        if kind == RowKind.ASSET:
            assets += [AssetRow.unpack(data, at) for at in range(0, len(data), AssetRow.SIZE)]
        elif kind == RowKind.HOUSE:
            for at in range(0, len(data), HouseRow.SIZE):
                row = HouseRow.unpack(data, at)
                amount = (row.amount_hi << _HOUSE_HIGH_BITS) + row.amount_lo
                sums[row.asset].house[row.house] += amount
        elif kind == RowKind.BALANCE:
            balances = np.frombuffer(data, BalanceRow.DTYPE)
            negative = int(
                np.count_nonzero((balances["free_atoms"] < 0) | (balances["held_atoms"] < 0))
            )
            for asset in np.unique(balances["asset"]).tolist():
                own = balances[balances["asset"] == asset]
                sums[asset].free += _sum(own["free_atoms"])
                sums[asset].held += _sum(own["held_atoms"])
    ledgers = tuple(_ledger(asset, sums[asset.asset]) for asset in assets)
    return Conservation(snapshot.seq, snapshot.time_us, ledgers, negative)


def _blocks(rows: bytes) -> Iterator[tuple[int, _Bytes]]:
    """Return the rows of each kind, up to the balances: kinds are in order, their rows alike."""
    data = np.frombuffer(rows, np.uint8)
    place = 0
    while place < len(data):
        head = data[place : place + _HEADER_BYTES]
        size_bytes, kind = int(head[0]) | int(head[1]) << 8, int(head[_KIND_PLACE])
        if kind > RowKind.BALANCE:
            return
        count = (len(data) - place) // size_bytes
        table = data[place : place + count * size_bytes].reshape(count, size_bytes)
        alike = (table[:, :_KIND_PLACE] == head[:_KIND_PLACE]).all(axis=1)
        alike &= table[:, _KIND_PLACE] == kind
        if not alike.all():
            count = int(np.argmin(alike))
        yield kind, table[:count]
        place += count * size_bytes


def _sum(amounts: _Amounts) -> int:
    """Add up exactly what may be more than 64 bits together."""
    high, low = amounts >> _LOW_BITS, amounts & _LOW_MASK
    return (int(high.sum()) << _LOW_BITS) + int(low.sum())


def _ledger(asset: AssetRow, sums: _Sums) -> AssetLedger:
    fees, clearing = sums.house[HouseKind.FEE], sums.house[HouseKind.CLEARING]
    outside = sums.house[HouseKind.EXTERNAL]
    difference = sums.free + sums.held + fees + clearing + outside

    def text(atoms: int) -> str:
        return text_of(atoms, asset.scale)

    return AssetLedger(
        asset=asset.name.rstrip(b"\0").decode("ascii"),
        free=text(sums.free),
        held=text(sums.held),
        fees=text(fees),
        clearing=text(clearing),
        outside=text(outside),
        difference=text(difference),
        is_conserved=difference == 0,
    )
