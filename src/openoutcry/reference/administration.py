"""Operators' commands: assets, markets, fees, limits, quarantine and epoch (section 11)."""

import re
from collections.abc import Callable

from openoutcry.core.enums import MarketStatus, Reason, Role
from openoutcry.core.limits import (
    ASSETS_MAX,
    AVERAGE_PRICE_MINUTES_MAX,
    FAULTS_BEFORE_CANCEL_ONLY,
    FEE_SCHEDULES_MAX,
    MARKETS_MAX,
    PRICE_TICKS_MAX,
    QTY_LOTS_MAX,
    RATE_ONE,
)
from openoutcry.core.records import (
    AssetEvent,
    CreateAsset,
    CreateMarket,
    Epoch,
    EpochEvent,
    FeesEvent,
    Host,
    HostedEvent,
    LimitsEvent,
    MarketEvent,
    Quarantine,
    QuarantinedEvent,
    RoleEvent,
    SetFees,
    SetLimits,
    SetMarketStatus,
    SetRole,
    UpdateMarket,
)
from openoutcry.reference.catalog import Catalog, Specification
from openoutcry.reference.hosting import Hosting
from openoutcry.reference.links import NUMBER_BITS
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.market import Market

_NAME = re.compile(rb"[A-Z0-9]+")
SPECIFICATION_FIELDS = CreateMarket._fields[CreateMarket._fields.index("market") :]
_BOUNDS = (
    "price_ticks_min",
    "price_ticks_max",
    "qty_lots_min",
    "qty_lots_max",
    "market_qty_lots_min",
    "market_qty_lots_max",
    "market_qty_lots_step",
    "notional_atoms_min",
    "notional_atoms_max",
    "position_lots_max",
)
"""What is signed in the record and must not be negative."""
_PAIRS = (
    ("price_ticks_min", "price_ticks_max"),
    ("qty_lots_min", "qty_lots_max"),
    ("market_qty_lots_min", "market_qty_lots_max"),
    ("notional_atoms_min", "notional_atoms_max"),
)
_FIXED = ("symbol", "base_asset", "quote_asset", "tick_atoms", "lot_atoms", "tick_lot_atoms")
"""What an update may not change."""


class Administration:
    """What is decided about the exchange as a whole; each method says why it refuses, or NONE."""

    def __init__(
        self,
        log: EventLog,
        catalog: Catalog,
        partition: Entity,
        hosting: Hosting,
        markets: dict[int, Market],
        open_market: Callable[[Specification], Market],
    ) -> None:
        self.epoch = 0
        self._log = log
        self._catalog = catalog
        self._partition = partition
        self._hosting = hosting
        self._markets = markets
        self._open_market = open_market

    def create_asset(self, command: CreateAsset) -> Reason:
        """Make an asset known."""
        assets = self._catalog.assets
        name_is_sound = _NAME.fullmatch(command.name.rstrip(b"\0"))
        if not 1 <= command.asset <= ASSETS_MAX or command.scale > 18 or not name_is_sound:
            return Reason.INVALID_SPECIFICATION
        names = {asset.name for asset in assets.values()}
        if command.asset in assets or command.name in names:
            return Reason.ALREADY_EXISTS
        assets[command.asset] = command
        self._log.emit(
            self._partition,
            AssetEvent,
            asset=command.asset,
            scale=command.scale,
            name=command.name,
        )
        return Reason.NONE

    # ----- markets

    def create_market(self, command: CreateMarket) -> Reason:
        """Open a market."""
        reason = self._check_name(command) or self._check_specification(command)
        if not reason and not MarketStatus.TRADING <= command.status <= MarketStatus.END_OF_DAY:
            reason = Reason.INVALID_SPECIFICATION
        if reason:
            return reason
        specifications = self._catalog.specifications
        symbols = {known.symbol for known in specifications.values()}
        if command.market in specifications or command.symbol in symbols:
            return Reason.ALREADY_EXISTS
        specification = command._replace(specification_version=1)
        specifications[command.market] = specification
        self._markets[command.market] = self._open_market(specification)
        self.report_market(self._markets[command.market])
        return Reason.NONE

    def update_market(self, command: UpdateMarket) -> Reason:
        """Change what may be changed of a market, in a new version of its specification."""
        market = self._markets.get(command.market)
        if market is None:
            return Reason.UNKNOWN_MARKET
        known = market.specification
        if any(getattr(command, name) != getattr(known, name) for name in _FIXED):
            return Reason.INVALID_SPECIFICATION
        reason = self._check_specification(command)
        if reason:
            return reason
        changed = {name: getattr(command, name) for name in SPECIFICATION_FIELDS}
        changed["specification_version"] = known.specification_version + 1
        market.specification = known._replace(**changed)
        self._catalog.specifications[command.market] = market.specification
        self.report_market(market)
        return Reason.NONE

    def set_market_status(self, command: SetMarketStatus) -> Reason:
        """Open or close a market for orders; continuations run or end as it allows."""
        market = self._markets.get(command.market)
        if market is None:
            return Reason.UNKNOWN_MARKET
        if not self._hosting.hosts_market(command.market):
            return Reason.NOT_HOSTED
        if not MarketStatus.TRADING <= command.status <= MarketStatus.END_OF_DAY:
            return Reason.INVALID_SPECIFICATION
        market.status = command.status
        self.report_market(market)
        market.drain()
        return Reason.NONE

    @staticmethod
    def _check_name(command: CreateMarket) -> Reason:
        symbol_is_sound = _NAME.fullmatch(command.symbol.rstrip(b"\0"))
        if not 1 <= command.market <= MARKETS_MAX or not symbol_is_sound:
            return Reason.INVALID_SPECIFICATION
        return Reason.NONE

    def _check_specification(self, command: CreateMarket | UpdateMarket) -> Reason:
        """Say what is wrong with a specification, its name and status apart."""
        base = self._catalog.assets.get(command.base_asset)
        if base is None or command.quote_asset not in self._catalog.assets:
            return Reason.UNKNOWN_ASSET
        sizes = (command.tick_atoms, command.lot_atoms, command.tick_lot_atoms)
        sound = (
            command.base_asset != command.quote_asset
            and min(sizes) > 0
            and command.tick_atoms * command.lot_atoms == command.tick_lot_atoms * 10**base.scale
            and all(getattr(command, name) >= 0 for name in _BOUNDS)
            and command.price_ticks_max <= PRICE_TICKS_MAX
            and command.qty_lots_max <= QTY_LOTS_MAX
            and command.average_price_minutes <= AVERAGE_PRICE_MINUTES_MAX
            and command.default_stp_mode <= 5
            and command.stp_modes >> command.default_stp_mode & 1 == 1
        )
        for low, high in _PAIRS:
            if getattr(command, high) > 0 and getattr(command, low) > getattr(command, high):
                sound = False
        return Reason.NONE if sound else Reason.INVALID_SPECIFICATION

    def report_market(self, market: Market) -> None:
        """Emit a market's specification and status: of itself, or as a copy of the partition."""
        fields = {name: getattr(market.specification, name) for name in SPECIFICATION_FIELDS}
        fields["status"] = market.status
        hosted = self._hosting.hosts_market(market.specification.market)
        self._log.emit(market.entity if hosted else self._partition, MarketEvent, **fields)

    # ----- fees, limits, faults

    def set_fees(self, command: SetFees) -> Reason:
        """Set the rates of a schedule, for one market or (0) for all without their own."""
        if command.schedule >= FEE_SCHEDULES_MAX:
            return Reason.INVALID_SPECIFICATION
        if command.market != 0 and command.market not in self._markets:
            return Reason.UNKNOWN_MARKET
        if command.maker_rate >= RATE_ONE or command.taker_rate >= RATE_ONE:
            return Reason.INVALID_SPECIFICATION
        rates = (command.maker_rate, command.taker_rate)
        self._catalog.fees[command.schedule, command.market] = rates
        self._log.emit(
            self._partition,
            FeesEvent,
            schedule=command.schedule,
            market=command.market,
            maker_rate=command.maker_rate,
            taker_rate=command.taker_rate,
        )
        return Reason.NONE

    def set_limits(self, command: SetLimits) -> Reason:
        """Set how many orders an account may have over all markets."""
        self._catalog.limits = command
        self._log.emit(
            self._partition,
            LimitsEvent,
            orders_max=command.orders_max,
            algo_orders_max=command.algo_orders_max,
            iceberg_orders_max=command.iceberg_orders_max,
        )
        return Reason.NONE

    def quarantine(self, command: Quarantine) -> Reason:
        """Record that a command is passed over because it made the kernel fail."""
        self._log.emit(
            self._partition,
            QuarantinedEvent,
            quarantined_seq=command.seq,
            quarantined_index=command.index,
            market=command.market,
        )
        market = self._markets.get(command.market)
        if market is not None and self._hosting.hosts_market(command.market):
            market.faults += 1
            failing = market.faults >= FAULTS_BEFORE_CANCEL_ONLY
            if failing and market.status == MarketStatus.TRADING:
                market.status = MarketStatus.CANCEL_ONLY
                self.report_market(market)
        return Reason.NONE

    def set_epoch(self, command: Epoch) -> Reason:
        """Record who owns the partition from here on."""
        self.epoch = command.epoch
        self._log.emit(self._partition, EpochEvent, epoch=command.epoch)
        return Reason.NONE

    # ----- roles and hosting

    def check_role(self, command: SetRole) -> Reason:
        """Say why a partition may not take a role; that nothing is here yet is seen elsewhere."""
        known = self._hosting.role != Role.JOINED or self._catalog.assets
        if not Role.ACCOUNTS <= command.role <= Role.MARKETS:
            return Reason.INVALID_SPECIFICATION
        return Reason.ALREADY_EXISTS if known else Reason.NONE

    def report_role(self) -> None:
        """Emit the role that was taken."""
        self._log.emit(self._partition, RoleEvent, role=self._hosting.role)

    def check_host(self, command: Host) -> Reason:
        """Say why an entity's home may not begin (or, for `hosted` 0, end) here."""
        entity = command.entity
        if self._hosting.role == Role.JOINED:
            return Reason.UNKNOWN_COMMAND
        if not self._hosting.may_host(entity) or command.hosted > 1:
            return Reason.INVALID_SPECIFICATION
        if not command.hosted:
            return Reason.NONE if self._hosting.hosts(entity) else Reason.NOT_HOSTED
        known = (self._hosting.departures, self._hosting.arrivals, self._hosting.hosted)
        if any(entity in entities for entities in known):
            return Reason.ALREADY_EXISTS
        if self._hosting.role == Role.MARKETS and entity & NUMBER_BITS not in self._markets:
            return Reason.UNKNOWN_MARKET
        return Reason.NONE

    def report_hosted(self, command: Host) -> None:
        """Emit that an entity lives here, or no more; a market speaks for itself from now on."""
        self._log.emit(
            self._partition,
            HostedEvent,
            hosted_entity=command.entity,
            hosted=command.hosted,
            route_version=command.route_version,
        )
        if self._hosting.role == Role.MARKETS and command.hosted:
            self.report_market(self._markets[command.entity & NUMBER_BITS])
