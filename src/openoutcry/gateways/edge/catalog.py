"""The assets and markets as they stand, and the way between decimal text and the kernel's units."""

from collections.abc import Iterable
from functools import lru_cache

from openoutcry.core.enums import MarketStatus, OrderType, StpMode
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, PRICE_TICKS_MAX, QTY_LOTS_MAX
from openoutcry.core.records import (
    AssetEvent,
    AssetRow,
    Event,
    LimitsEvent,
    MarketEvent,
    MarketRow,
    MetaRow,
)
from openoutcry.gateways.edge import errors
from openoutcry.gateways.edge.decimals import formatter, text_of, to_atoms
from openoutcry.ports.feeds import Committed

_CHANGES: frozenset[type[Event]] = frozenset((AssetEvent, LimitsEvent, MarketEvent))

_TEXTS_KEPT = 1024
"""So many texts of prices and of quantities a market remembers, each way: they come again."""


class Asset:
    """One asset: its name, and amounts in atoms to text and back."""

    __slots__ = ("id", "name", "scale", "text")

    def __init__(self, record: AssetEvent | AssetRow) -> None:
        self.id = record.asset
        self.name = record.name.rstrip(b"\0").decode("ascii")
        self.scale = record.scale
        self.text = formatter(1, record.scale)
        """Atoms (never negative) to text."""

    def signed_text(self, atoms: int) -> str:
        """Return an amount, which may be negative, as text."""
        return text_of(atoms, self.scale)

    def atoms(self, name: str, text: str) -> int:
        """Return a decimal parameter in atoms; refuses what no balance can hold."""
        atoms = to_atoms(name, text, self.scale)
        if atoms > AMOUNT_ATOMS_MAX:
            raise errors.overflowed(name)
        return atoms


class Market:
    """One market as its last event left it. `specification` has every field by its kernel name."""

    __slots__ = (
        "_lots",
        "_ticks",
        "base",
        "id",
        "info_json",
        "lot_atoms",
        "order_types",
        "price_text",
        "qty_text",
        "quote",
        "quote_text",
        "specification",
        "status",
        "stp_modes",
        "stream_symbol",
        "symbol",
        "tick_atoms",
        "tick_lot_atoms",
        "version",
    )

    def __init__(self, record: MarketEvent | MarketRow, base: Asset, quote: Asset) -> None:
        self.specification = record
        self.id = record.market
        self.symbol = record.symbol.rstrip(b"\0").decode("ascii")
        self.stream_symbol = self.symbol.lower()
        self.base = base
        self.quote = quote
        self.status = MarketStatus(record.status)
        self.version = record.specification_version
        self.tick_atoms = record.tick_atoms
        self.lot_atoms = record.lot_atoms
        self.tick_lot_atoms = record.tick_lot_atoms
        self.order_types = [kind for kind in OrderType if record.order_types >> kind & 1]
        self.stp_modes = [mode for mode in StpMode if record.stp_modes >> mode & 1]
        self.price_text = lru_cache(_TEXTS_KEPT)(formatter(record.tick_atoms, quote.scale))
        """Ticks to text."""
        self.qty_text = lru_cache(_TEXTS_KEPT)(formatter(record.lot_atoms, base.scale))
        """Lots to text."""
        self.quote_text = quote.text
        """Quote atoms to text."""
        self._ticks: dict[str, int] = {}
        self._lots: dict[str, int] = {}
        self.info_json: str | None = None
        """The market's part of exchangeInfo, once somebody asked for it."""

    def price_ticks(self, name: str, text: str) -> int:
        """Return a price parameter in ticks; off the tick or out of range fails PRICE_FILTER."""
        known = self._ticks.get(text)
        if known is not None:
            return known
        ticks, rest = divmod(to_atoms(name, text, self.quote.scale), self.tick_atoms)
        if rest or ticks == 0 or ticks > PRICE_TICKS_MAX:
            raise errors.filter_failure("PRICE_FILTER")
        return _remember(self._ticks, text, ticks)

    def lots(self, name: str, text: str) -> int:
        """Return a quantity parameter in lots; off the step or out of range fails LOT_SIZE."""
        known = self._lots.get(text)
        if known is not None:
            return known
        lots, rest = divmod(to_atoms(name, text, self.base.scale), self.lot_atoms)
        if rest or lots == 0 or lots > QTY_LOTS_MAX:
            raise errors.filter_failure("LOT_SIZE")
        return _remember(self._lots, text, lots)


def _remember(known: dict[str, int], text: str, units: int) -> int:
    """Keep what a text was found to mean; when there are too many, begin again."""
    if len(known) >= _TEXTS_KEPT:
        known.clear()
    known[text] = units
    return units


class Catalog:
    """Assets and markets, live: fed once from state rows, then by every committed batch."""

    def __init__(self) -> None:
        self._assets: dict[int, Asset] = {}
        self._assets_by_name: dict[str, Asset] = {}
        self._markets: dict[int, Market] = {}
        self._by_symbol: dict[str, Market] = {}
        self.limits: LimitsEvent | MetaRow | None = None
        """The bounds over all markets together."""
        self.version = 0
        """Grows whenever an asset or a market changes."""

    def load(
        self,
        assets: Iterable[AssetEvent | AssetRow],
        markets: Iterable[MarketEvent | MarketRow],
        limits: LimitsEvent | MetaRow | None = None,
    ) -> None:
        """Take in what there is already."""
        self.limits = limits
        for asset in assets:
            self._put_asset(asset)
        for market in markets:
            self._put_market(market)

    def load_rows(self, rows: Iterable[AssetRow | MarketRow | MetaRow]) -> None:
        """Take in what `Calls.catalog` returns."""
        kept = list(rows)
        self.load(
            [row for row in kept if isinstance(row, AssetRow)],
            [row for row in kept if isinstance(row, MarketRow)],
            next((row for row in kept if isinstance(row, MetaRow)), None),
        )

    def on_committed(self, batch: Committed) -> None:
        """Take in the assets and markets that a batch made or changed (a feed listener)."""
        if not batch.has_any(_CHANGES):
            return
        for event in batch.events:
            if isinstance(event, MarketEvent):
                self._put_market(event)
            elif isinstance(event, AssetEvent):
                self._put_asset(event)
            elif isinstance(event, LimitsEvent):
                self.limits = event

    def find(self, symbol: str) -> Market | None:
        """Return the market of a symbol, or None."""
        return self._by_symbol.get(symbol)

    def market(self, symbol: str) -> Market:
        """Return the market of a symbol; -1121 when there is none."""
        market = self._by_symbol.get(symbol)
        if market is None:
            raise errors.invalid_symbol()
        return market

    def market_by_id(self, market_id: int) -> Market:
        """Return a market that is known to exist."""
        return self._markets[market_id]

    def markets(self) -> list[Market]:
        """Return all markets by id."""
        return [self._markets[key] for key in sorted(self._markets)]

    def asset(self, asset_id: int) -> Asset:
        """Return an asset that is known to exist."""
        return self._assets[asset_id]

    def asset_by_name(self, name: str) -> Asset | None:
        """Return the asset of a name, or None."""
        return self._assets_by_name.get(name)

    def assets(self) -> list[Asset]:
        """Return all assets by id."""
        return [self._assets[key] for key in sorted(self._assets)]

    def _put_asset(self, record: AssetEvent | AssetRow) -> None:
        asset = Asset(record)
        self._assets[asset.id] = asset
        self._assets_by_name[asset.name] = asset
        self.version += 1

    def _put_market(self, record: MarketEvent | MarketRow) -> None:
        base = self._assets[record.base_asset]
        market = Market(record, base, self._assets[record.quote_asset])
        self._markets[market.id] = market
        self._by_symbol[market.symbol] = market
        self.version += 1
