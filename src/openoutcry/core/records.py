"""Typed records, made by `tools/generate_records.py` from `core/schema.py`."""

import struct
from typing import ClassVar, NamedTuple, Self

import numpy as np


class _NewOrder(NamedTuple):
    """Fields of `NewOrder`."""

    size: int = 168
    kind: int = 1
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    market_version: int = 0
    trailing_bips: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    worst_ticks: int = 0
    strategy_id: int = 0
    strategy_type: int = 0
    client_order_id: bytes = b""


class NewOrder(_NewOrder):
    """168 bytes; kind 1 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 1
    SIZE: ClassVar[int] = 168
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHBBBB2xIIqqqqqqqi4x36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("_pad0", "<u2"), ("market_version", "<u4"), ("trailing_bips", "<u4"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("worst_ticks", "<i8"), ("strategy_id", "<i8"), ("strategy_type", "<i4"), ("_pad1", "<u4"), ("client_order_id", "<S36"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CancelOrder(NamedTuple):
    """Fields of `CancelOrder`."""

    size: int = 144
    kind: int = 2
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    restriction: int = 0
    order_id: int = 0
    original_client_order_id: bytes = b""
    client_order_id: bytes = b""


class CancelOrder(_CancelOrder):
    """144 bytes; kind 2 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 2
    SIZE: ClassVar[int] = 144
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHB1x4xq36s4x36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("restriction", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u4"), ("order_id", "<i8"), ("original_client_order_id", "<S36"), ("_pad2", "<u4"), ("client_order_id", "<S36"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CancelAll(NamedTuple):
    """Fields of `CancelAll`."""

    size: int = 56
    kind: int = 3
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0


class CancelAll(_CancelAll):
    """56 bytes; kind 3 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 3
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqH2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CancelReplace(NamedTuple):
    """Fields of `CancelReplace`."""

    size: int = 264
    kind: int = 4
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    market_version: int = 0
    trailing_bips: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    worst_ticks: int = 0
    strategy_id: int = 0
    strategy_type: int = 0
    client_order_id: bytes = b""
    cancel_order_id: int = 0
    cancel_original_client_order_id: bytes = b""
    cancel_client_order_id: bytes = b""
    mode: int = 0
    restriction: int = 0


class CancelReplace(_CancelReplace):
    """264 bytes; kind 4 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 4
    SIZE: ClassVar[int] = 264
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHBBBB2xIIqqqqqqqi4x36s4xq36s4x36s4xBB2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("_pad0", "<u2"), ("market_version", "<u4"), ("trailing_bips", "<u4"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("worst_ticks", "<i8"), ("strategy_id", "<i8"), ("strategy_type", "<i4"), ("_pad1", "<u4"), ("client_order_id", "<S36"), ("_pad2", "<u4"), ("cancel_order_id", "<i8"), ("cancel_original_client_order_id", "<S36"), ("_pad3", "<u4"), ("cancel_client_order_id", "<S36"), ("_pad4", "<u4"), ("mode", "<u1"), ("restriction", "<u1"), ("_pad5", "<u2"), ("_pad6", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AmendOrder(NamedTuple):
    """Fields of `AmendOrder`."""

    size: int = 152
    kind: int = 5
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    order_id: int = 0
    qty_lots: int = 0
    original_client_order_id: bytes = b""
    client_order_id: bytes = b""


class AmendOrder(_AmendOrder):
    """152 bytes; kind 5 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 5
    SIZE: ClassVar[int] = 152
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqH2x4xqq36s4x36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("order_id", "<i8"), ("qty_lots", "<i8"), ("original_client_order_id", "<S36"), ("_pad2", "<u4"), ("client_order_id", "<S36"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CreateAsset(NamedTuple):
    """Fields of `CreateAsset`."""

    size: int = 72
    kind: int = 10
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    asset: int = 0
    scale: int = 0
    name: bytes = b""


class CreateAsset(_CreateAsset):
    """72 bytes; kind 10 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 10
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHB1x4x16s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("asset", "<u2"), ("scale", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u4"), ("name", "<S16")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CreateMarket(NamedTuple):
    """Fields of `CreateMarket`."""

    size: int = 256
    kind: int = 11
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    base_asset: int = 0
    quote_asset: int = 0
    status: int = 0
    default_stp_mode: int = 0
    symbol: bytes = b""
    specification_version: int = 0
    stp_modes: int = 0
    order_types: int = 0
    flags: int = 0
    average_price_minutes: int = 0
    tick_atoms: int = 0
    lot_atoms: int = 0
    tick_lot_atoms: int = 0
    price_ticks_min: int = 0
    price_ticks_max: int = 0
    qty_lots_min: int = 0
    qty_lots_max: int = 0
    market_qty_lots_min: int = 0
    market_qty_lots_max: int = 0
    market_qty_lots_step: int = 0
    notional_atoms_min: int = 0
    notional_atoms_max: int = 0
    position_lots_max: int = 0
    bid_multiplier_up: int = 0
    bid_multiplier_down: int = 0
    ask_multiplier_up: int = 0
    ask_multiplier_down: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0
    iceberg_parts_max: int = 0
    amends_max: int = 0
    trailing_above_bips_min: int = 0
    trailing_above_bips_max: int = 0
    trailing_below_bips_min: int = 0
    trailing_below_bips_max: int = 0


class CreateMarket(_CreateMarket):
    """256 bytes; kind 11 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 11
    SIZE: ClassVar[int] = 256
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHHHBB24sIHHIIqqqqqqqqqqqqqIIIIIIIIIIIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("base_asset", "<u2"), ("quote_asset", "<u2"), ("status", "<u1"), ("default_stp_mode", "<u1"), ("symbol", "<S24"), ("specification_version", "<u4"), ("stp_modes", "<u2"), ("order_types", "<u2"), ("flags", "<u4"), ("average_price_minutes", "<u4"), ("tick_atoms", "<i8"), ("lot_atoms", "<i8"), ("tick_lot_atoms", "<i8"), ("price_ticks_min", "<i8"), ("price_ticks_max", "<i8"), ("qty_lots_min", "<i8"), ("qty_lots_max", "<i8"), ("market_qty_lots_min", "<i8"), ("market_qty_lots_max", "<i8"), ("market_qty_lots_step", "<i8"), ("notional_atoms_min", "<i8"), ("notional_atoms_max", "<i8"), ("position_lots_max", "<i8"), ("bid_multiplier_up", "<u4"), ("bid_multiplier_down", "<u4"), ("ask_multiplier_up", "<u4"), ("ask_multiplier_down", "<u4"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("iceberg_parts_max", "<u4"), ("amends_max", "<u4"), ("trailing_above_bips_min", "<u4"), ("trailing_above_bips_max", "<u4"), ("trailing_below_bips_min", "<u4"), ("trailing_below_bips_max", "<u4"), ("_pad0", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _UpdateMarket(NamedTuple):
    """Fields of `UpdateMarket`."""

    size: int = 256
    kind: int = 12
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    base_asset: int = 0
    quote_asset: int = 0
    status: int = 0
    default_stp_mode: int = 0
    symbol: bytes = b""
    specification_version: int = 0
    stp_modes: int = 0
    order_types: int = 0
    flags: int = 0
    average_price_minutes: int = 0
    tick_atoms: int = 0
    lot_atoms: int = 0
    tick_lot_atoms: int = 0
    price_ticks_min: int = 0
    price_ticks_max: int = 0
    qty_lots_min: int = 0
    qty_lots_max: int = 0
    market_qty_lots_min: int = 0
    market_qty_lots_max: int = 0
    market_qty_lots_step: int = 0
    notional_atoms_min: int = 0
    notional_atoms_max: int = 0
    position_lots_max: int = 0
    bid_multiplier_up: int = 0
    bid_multiplier_down: int = 0
    ask_multiplier_up: int = 0
    ask_multiplier_down: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0
    iceberg_parts_max: int = 0
    amends_max: int = 0
    trailing_above_bips_min: int = 0
    trailing_above_bips_max: int = 0
    trailing_below_bips_min: int = 0
    trailing_below_bips_max: int = 0


class UpdateMarket(_UpdateMarket):
    """256 bytes; kind 12 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 12
    SIZE: ClassVar[int] = 256
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHHHBB24sIHHIIqqqqqqqqqqqqqIIIIIIIIIIIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("base_asset", "<u2"), ("quote_asset", "<u2"), ("status", "<u1"), ("default_stp_mode", "<u1"), ("symbol", "<S24"), ("specification_version", "<u4"), ("stp_modes", "<u2"), ("order_types", "<u2"), ("flags", "<u4"), ("average_price_minutes", "<u4"), ("tick_atoms", "<i8"), ("lot_atoms", "<i8"), ("tick_lot_atoms", "<i8"), ("price_ticks_min", "<i8"), ("price_ticks_max", "<i8"), ("qty_lots_min", "<i8"), ("qty_lots_max", "<i8"), ("market_qty_lots_min", "<i8"), ("market_qty_lots_max", "<i8"), ("market_qty_lots_step", "<i8"), ("notional_atoms_min", "<i8"), ("notional_atoms_max", "<i8"), ("position_lots_max", "<i8"), ("bid_multiplier_up", "<u4"), ("bid_multiplier_down", "<u4"), ("ask_multiplier_up", "<u4"), ("ask_multiplier_down", "<u4"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("iceberg_parts_max", "<u4"), ("amends_max", "<u4"), ("trailing_above_bips_min", "<u4"), ("trailing_above_bips_max", "<u4"), ("trailing_below_bips_min", "<u4"), ("trailing_below_bips_max", "<u4"), ("_pad0", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _SetMarketStatus(NamedTuple):
    """Fields of `SetMarketStatus`."""

    size: int = 56
    kind: int = 13
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    market: int = 0
    status: int = 0


class SetMarketStatus(_SetMarketStatus):
    """56 bytes; kind 13 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 13
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHB1x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("market", "<u2"), ("status", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CreateAccount(NamedTuple):
    """Fields of `CreateAccount`."""

    size: int = 56
    kind: int = 14
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    trade_group: int = 0
    fee_schedule: int = 0
    flags: int = 0


class CreateAccount(_CreateAccount):
    """56 bytes; kind 14 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 14
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqiHH")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("trade_group", "<i4"), ("fee_schedule", "<u2"), ("flags", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _UpdateAccount(NamedTuple):
    """Fields of `UpdateAccount`."""

    size: int = 56
    kind: int = 15
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    trade_group: int = 0
    fee_schedule: int = 0
    flags: int = 0


class UpdateAccount(_UpdateAccount):
    """56 bytes; kind 15 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 15
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqiHH")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("trade_group", "<i4"), ("fee_schedule", "<u2"), ("flags", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _SetFees(NamedTuple):
    """Fields of `SetFees`."""

    size: int = 64
    kind: int = 16
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    schedule: int = 0
    market: int = 0
    maker_rate: int = 0
    taker_rate: int = 0


class SetFees(_SetFees):
    """64 bytes; kind 16 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 16
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHH4xII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("schedule", "<u2"), ("market", "<u2"), ("_pad0", "<u4"), ("maker_rate", "<u4"), ("taker_rate", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _SetLimits(NamedTuple):
    """Fields of `SetLimits`."""

    size: int = 64
    kind: int = 17
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0


class SetLimits(_SetLimits):
    """64 bytes; kind 17 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 17
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("_pad0", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Deposit(NamedTuple):
    """Fields of `Deposit`."""

    size: int = 72
    kind: int = 18
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    asset: int = 0
    amount_atoms: int = 0
    reference: int = 0


class Deposit(_Deposit):
    """72 bytes; kind 18 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 18
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqH2x4xqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("asset", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("amount_atoms", "<i8"), ("reference", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Withdraw(NamedTuple):
    """Fields of `Withdraw`."""

    size: int = 72
    kind: int = 19
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    asset: int = 0
    amount_atoms: int = 0
    reference: int = 0


class Withdraw(_Withdraw):
    """72 bytes; kind 19 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 19
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqH2x4xqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("asset", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("amount_atoms", "<i8"), ("reference", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Adjust(NamedTuple):
    """Fields of `Adjust`."""

    size: int = 72
    kind: int = 20
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    asset: int = 0
    amount_atoms: int = 0
    reference: int = 0


class Adjust(_Adjust):
    """72 bytes; kind 20 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 20
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqH2x4xqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("asset", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("amount_atoms", "<i8"), ("reference", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Tick(NamedTuple):
    """Fields of `Tick`."""

    size: int = 48
    kind: int = 21
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0


class Tick(_Tick):
    """48 bytes; kind 21 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 21
    SIZE: ClassVar[int] = 48
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Quarantine(NamedTuple):
    """Fields of `Quarantine`."""

    size: int = 64
    kind: int = 30
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    seq: int = 0
    index: int = 0  # type: ignore[assignment]
    market: int = 0


class Quarantine(_Quarantine):
    """64 bytes; kind 30 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 30
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqQII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("seq", "<u8"), ("index", "<u4"), ("market", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Epoch(NamedTuple):
    """Fields of `Epoch`."""

    size: int = 56
    kind: int = 31
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    epoch: int = 0


class Epoch(_Epoch):
    """56 bytes; kind 31 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 31
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("epoch", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _LinkAck(NamedTuple):
    """Fields of `LinkAck`."""

    size: int = 64
    kind: int = 32
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    destination: int = 0
    link_seq: int = 0


class LinkAck(_LinkAck):
    """64 bytes; kind 32 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 32
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqI4xQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Deliver(NamedTuple):
    """Fields of `Deliver`."""

    size: int = 48
    kind: int = 33
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0


class Deliver(_Deliver):
    """48 bytes; kind 33 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 33
    SIZE: ClassVar[int] = 48
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _SetRole(NamedTuple):
    """Fields of `SetRole`."""

    size: int = 56
    kind: int = 34
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    role: int = 0


class SetRole(_SetRole):
    """56 bytes; kind 34 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 34
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqB1x2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("role", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u2"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _Host(NamedTuple):
    """Fields of `Host`."""

    size: int = 64
    kind: int = 35
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    hosted: int = 0
    route_version: int = 0


class Host(_Host):
    """64 bytes; kind 35 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 35
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqB1x2x4xQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("hosted", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u2"), ("_pad2", "<u4"), ("route_version", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MoveOut(NamedTuple):
    """Fields of `MoveOut`."""

    size: int = 64
    kind: int = 36
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    target: int = 0
    route_version: int = 0


class MoveOut(_MoveOut):
    """64 bytes; kind 36 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 36
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqI4xQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("target", "<u4"), ("_pad0", "<u4"), ("route_version", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MoveIn(NamedTuple):
    """Fields of `MoveIn`."""

    size: int = 64
    kind: int = 37
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    route_version: int = 0
    position: int = 0
    last: int = 0


class MoveIn(_MoveIn):
    """64 bytes; kind 37 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 37
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqQIB1x2x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("route_version", "<u8"), ("position", "<u4"), ("last", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MoveDone(NamedTuple):
    """Fields of `MoveDone`."""

    size: int = 56
    kind: int = 38
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    time_us: int = 0
    route_version: int = 0


class MoveDone(_MoveDone):
    """56 bytes; kind 38 of commands."""

    __slots__ = ()
    KIND: ClassVar[int] = 38
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("time_us", "<i8"), ("route_version", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _PlaceLink(NamedTuple):
    """Fields of `PlaceLink`."""

    size: int = 128
    kind: int = 1
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    account_id: int = 0
    trade_group: int = 0
    market_version: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    trailing_bips: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    worst_ticks: int = 0
    budget_atoms: int = 0
    need_atoms: int = 0


class PlaceLink(_PlaceLink):
    """128 bytes; kind 1 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 1
    SIZE: ClassVar[int] = 128
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqQiIBBBBIqqqqqqqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("account_id", "<u8"), ("trade_group", "<i4"), ("market_version", "<u4"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("trailing_bips", "<u4"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("worst_ticks", "<i8"), ("budget_atoms", "<i8"), ("need_atoms", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _CancelLink(NamedTuple):
    """Fields of `CancelLink`."""

    size: int = 48
    kind: int = 2
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    restriction: int = 0


class CancelLink(_CancelLink):
    """48 bytes; kind 2 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 2
    SIZE: ClassVar[int] = 48
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqB1x2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("restriction", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u2"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AmendLink(NamedTuple):
    """Fields of `AmendLink`."""

    size: int = 48
    kind: int = 3
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    qty_lots: int = 0


class AmendLink(_AmendLink):
    """48 bytes; kind 3 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 3
    SIZE: ClassVar[int] = 48
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("qty_lots", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _SettleLink(NamedTuple):
    """Fields of `SettleLink`."""

    size: int = 120
    kind: int = 4
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    trade_id: int = 0
    price_ticks: int = 0
    lots: int = 0
    quote_atoms: int = 0
    maker: int = 0
    prevented: int = 0
    transfer: int = 0
    ends: int = 0
    status: int = 0
    stp_mode: int = 0
    reason: int = 0
    trade_time_us: int = 0
    counter_order_id: int = 0
    counter_account_id: int = 0
    counter_lots: int = 0
    trade_group: int = 0


class SettleLink(_SettleLink):
    """120 bytes; kind 4 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 4
    SIZE: ClassVar[int] = 120
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqqqqqBBBBBBHqqQqi4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("trade_id", "<i8"), ("price_ticks", "<i8"), ("lots", "<i8"), ("quote_atoms", "<i8"), ("maker", "<u1"), ("prevented", "<u1"), ("transfer", "<u1"), ("ends", "<u1"), ("status", "<u1"), ("stp_mode", "<u1"), ("reason", "<u2"), ("trade_time_us", "<i8"), ("counter_order_id", "<i8"), ("counter_account_id", "<u8"), ("counter_lots", "<i8"), ("trade_group", "<i4"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _DoneLink(NamedTuple):
    """Fields of `DoneLink`."""

    size: int = 56
    kind: int = 5
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    status: int = 0
    execution: int = 0
    reason: int = 0
    remaining_lots: int = 0


class DoneLink(_DoneLink):
    """56 bytes; kind 5 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 5
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqBBH4xq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("status", "<u1"), ("execution", "<u1"), ("reason", "<u2"), ("_pad1", "<u4"), ("remaining_lots", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AnswerLink(NamedTuple):
    """Fields of `AnswerLink`."""

    size: int = 56
    kind: int = 6
    version: int = 1
    source: int = 0
    destination: int = 0
    link_seq: int = 0
    time_us: int = 0
    order_id: int = 0
    answers: int = 0
    execution: int = 0
    reason: int = 0
    qty_lots: int = 0


class AnswerLink(_AnswerLink):
    """56 bytes; kind 6 of links."""

    __slots__ = ()
    KIND: ClassVar[int] = 6
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQqqBBH4xq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("source", "<u4"), ("destination", "<u4"), ("_pad0", "<u4"), ("link_seq", "<u8"), ("time_us", "<i8"), ("order_id", "<i8"), ("answers", "<u1"), ("execution", "<u1"), ("reason", "<u2"), ("_pad1", "<u4"), ("qty_lots", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _OrderEvent(NamedTuple):
    """Fields of `OrderEvent`."""

    size: int = 320
    kind: int = 1
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    order_id: int = 0
    market: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    status: int = 0
    execution: int = 0
    reason: int = 0
    flags: int = 0
    trailing_bips: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_order_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    prevented_lots: int = 0
    created_us: int = 0
    working_us: int = 0
    trailing_us: int = 0
    match_id: int = 0
    last_ticks: int = 0
    last_lots: int = 0
    held_atoms: int = 0
    released_atoms: int = 0
    paid_atoms: int = 0
    received_atoms: int = 0
    fee_atoms: int = 0
    base_free_atoms: int = 0
    base_held_atoms: int = 0
    quote_free_atoms: int = 0
    quote_held_atoms: int = 0
    strategy_id: int = 0
    strategy_type: int = 0
    client_order_id: bytes = b""


class OrderEvent(_OrderEvent):
    """320 bytes; kind 1 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 1
    SIZE: ClassVar[int] = 320
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQqHBBBBBBHHIqqqqqqqqqqqqqqqqqqqqqqqqi4x36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("order_id", "<i8"), ("market", "<u2"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("status", "<u1"), ("execution", "<u1"), ("reason", "<u2"), ("flags", "<u2"), ("trailing_bips", "<u4"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_order_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("executed_lots", "<i8"), ("executed_quote_atoms", "<i8"), ("prevented_lots", "<i8"), ("created_us", "<i8"), ("working_us", "<i8"), ("trailing_us", "<i8"), ("match_id", "<i8"), ("last_ticks", "<i8"), ("last_lots", "<i8"), ("held_atoms", "<i8"), ("released_atoms", "<i8"), ("paid_atoms", "<i8"), ("received_atoms", "<i8"), ("fee_atoms", "<i8"), ("base_free_atoms", "<i8"), ("base_held_atoms", "<i8"), ("quote_free_atoms", "<i8"), ("quote_held_atoms", "<i8"), ("strategy_id", "<i8"), ("strategy_type", "<i4"), ("_pad1", "<u4"), ("client_order_id", "<S36"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _OrderRequestedEvent(NamedTuple):
    """Fields of `OrderRequestedEvent`."""

    size: int = 360
    kind: int = 2
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    order_id: int = 0
    market: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    status: int = 0
    execution: int = 0
    reason: int = 0
    flags: int = 0
    trailing_bips: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_order_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    prevented_lots: int = 0
    created_us: int = 0
    working_us: int = 0
    trailing_us: int = 0
    match_id: int = 0
    last_ticks: int = 0
    last_lots: int = 0
    held_atoms: int = 0
    released_atoms: int = 0
    paid_atoms: int = 0
    received_atoms: int = 0
    fee_atoms: int = 0
    base_free_atoms: int = 0
    base_held_atoms: int = 0
    quote_free_atoms: int = 0
    quote_held_atoms: int = 0
    strategy_id: int = 0
    strategy_type: int = 0
    client_order_id: bytes = b""
    request_client_order_id: bytes = b""


class OrderRequestedEvent(_OrderRequestedEvent):
    """360 bytes; kind 2 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 2
    SIZE: ClassVar[int] = 360
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQqHBBBBBBHHIqqqqqqqqqqqqqqqqqqqqqqqqi4x36s4x36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("order_id", "<i8"), ("market", "<u2"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("status", "<u1"), ("execution", "<u1"), ("reason", "<u2"), ("flags", "<u2"), ("trailing_bips", "<u4"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_order_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("executed_lots", "<i8"), ("executed_quote_atoms", "<i8"), ("prevented_lots", "<i8"), ("created_us", "<i8"), ("working_us", "<i8"), ("trailing_us", "<i8"), ("match_id", "<i8"), ("last_ticks", "<i8"), ("last_lots", "<i8"), ("held_atoms", "<i8"), ("released_atoms", "<i8"), ("paid_atoms", "<i8"), ("received_atoms", "<i8"), ("fee_atoms", "<i8"), ("base_free_atoms", "<i8"), ("base_held_atoms", "<i8"), ("quote_free_atoms", "<i8"), ("quote_held_atoms", "<i8"), ("strategy_id", "<i8"), ("strategy_type", "<i4"), ("_pad1", "<u4"), ("client_order_id", "<S36"), ("_pad2", "<u4"), ("request_client_order_id", "<S36"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _TradeEvent(NamedTuple):
    """Fields of `TradeEvent`."""

    size: int = 120
    kind: int = 3
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    market: int = 0
    taker_side: int = 0
    trade_id: int = 0
    price_ticks: int = 0
    lots: int = 0
    quote_atoms: int = 0
    buy_order_id: int = 0
    sell_order_id: int = 0
    buy_account_id: int = 0
    sell_account_id: int = 0


class TradeEvent(_TradeEvent):
    """120 bytes; kind 3 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 3
    SIZE: ClassVar[int] = 120
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHB1x4xqqqqqqQQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("market", "<u2"), ("taker_side", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u4"), ("trade_id", "<i8"), ("price_ticks", "<i8"), ("lots", "<i8"), ("quote_atoms", "<i8"), ("buy_order_id", "<i8"), ("sell_order_id", "<i8"), ("buy_account_id", "<u8"), ("sell_account_id", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _LevelEvent(NamedTuple):
    """Fields of `LevelEvent`."""

    size: int = 80
    kind: int = 4
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    market: int = 0
    side: int = 0
    orders: int = 0
    price_ticks: int = 0
    lots: int = 0
    update_id: int = 0


class LevelEvent(_LevelEvent):
    """80 bytes; kind 4 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 4
    SIZE: ClassVar[int] = 80
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHB1xIqqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("market", "<u2"), ("side", "<u1"), ("_pad1", "<u1"), ("orders", "<u4"), ("price_ticks", "<i8"), ("lots", "<i8"), ("update_id", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _PreventedEvent(NamedTuple):
    """Fields of `PreventedEvent`."""

    size: int = 120
    kind: int = 5
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    market: int = 0
    taker_side: int = 0
    stp_mode: int = 0
    trade_group: int = 0
    prevented_id: int = 0
    price_ticks: int = 0
    taker_order_id: int = 0
    maker_order_id: int = 0
    taker_account_id: int = 0
    maker_account_id: int = 0
    taker_prevented_lots: int = 0
    maker_prevented_lots: int = 0


class PreventedEvent(_PreventedEvent):
    """120 bytes; kind 5 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 5
    SIZE: ClassVar[int] = 120
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHBBiqqqqQQqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("market", "<u2"), ("taker_side", "<u1"), ("stp_mode", "<u1"), ("trade_group", "<i4"), ("prevented_id", "<i8"), ("price_ticks", "<i8"), ("taker_order_id", "<i8"), ("maker_order_id", "<i8"), ("taker_account_id", "<u8"), ("maker_account_id", "<u8"), ("taker_prevented_lots", "<i8"), ("maker_prevented_lots", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _RefusedEvent(NamedTuple):
    """Fields of `RefusedEvent`."""

    size: int = 112
    kind: int = 6
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    market: int = 0
    command_kind: int = 0
    phase: int = 0
    reason: int = 0
    order_id: int = 0
    client_order_id: bytes = b""


class RefusedEvent(_RefusedEvent):
    """112 bytes; kind 6 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 6
    SIZE: ClassVar[int] = 112
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQHBBH2xq36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("market", "<u2"), ("command_kind", "<u1"), ("phase", "<u1"), ("reason", "<u2"), ("_pad1", "<u2"), ("order_id", "<i8"), ("client_order_id", "<S36"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _DuplicateEvent(NamedTuple):
    """Fields of `DuplicateEvent`."""

    size: int = 72
    kind: int = 7
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    market: int = 0
    command_kind: int = 0
    reason: int = 0
    order_id: int = 0


class DuplicateEvent(_DuplicateEvent):
    """72 bytes; kind 7 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 7
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQHB1xH2xq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("market", "<u2"), ("command_kind", "<u1"), ("_pad1", "<u1"), ("reason", "<u2"), ("_pad2", "<u2"), ("order_id", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _BalanceEvent(NamedTuple):
    """Fields of `BalanceEvent`."""

    size: int = 96
    kind: int = 8
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    asset: int = 0
    cause: int = 0
    amount_atoms: int = 0
    free_atoms: int = 0
    held_atoms: int = 0
    reference: int = 0


class BalanceEvent(_BalanceEvent):
    """96 bytes; kind 8 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 8
    SIZE: ClassVar[int] = 96
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQHB1x4xqqqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("asset", "<u2"), ("cause", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u4"), ("amount_atoms", "<i8"), ("free_atoms", "<i8"), ("held_atoms", "<i8"), ("reference", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AssetEvent(NamedTuple):
    """Fields of `AssetEvent`."""

    size: int = 72
    kind: int = 9
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    asset: int = 0
    scale: int = 0
    name: bytes = b""


class AssetEvent(_AssetEvent):
    """72 bytes; kind 9 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 9
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHB1x4x16s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("asset", "<u2"), ("scale", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u4"), ("name", "<S16")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MarketEvent(NamedTuple):
    """Fields of `MarketEvent`."""

    size: int = 256
    kind: int = 10
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    market: int = 0
    base_asset: int = 0
    quote_asset: int = 0
    status: int = 0
    default_stp_mode: int = 0
    symbol: bytes = b""
    specification_version: int = 0
    stp_modes: int = 0
    order_types: int = 0
    flags: int = 0
    average_price_minutes: int = 0
    tick_atoms: int = 0
    lot_atoms: int = 0
    tick_lot_atoms: int = 0
    price_ticks_min: int = 0
    price_ticks_max: int = 0
    qty_lots_min: int = 0
    qty_lots_max: int = 0
    market_qty_lots_min: int = 0
    market_qty_lots_max: int = 0
    market_qty_lots_step: int = 0
    notional_atoms_min: int = 0
    notional_atoms_max: int = 0
    position_lots_max: int = 0
    bid_multiplier_up: int = 0
    bid_multiplier_down: int = 0
    ask_multiplier_up: int = 0
    ask_multiplier_down: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0
    iceberg_parts_max: int = 0
    amends_max: int = 0
    trailing_above_bips_min: int = 0
    trailing_above_bips_max: int = 0
    trailing_below_bips_min: int = 0
    trailing_below_bips_max: int = 0


class MarketEvent(_MarketEvent):
    """256 bytes; kind 10 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 10
    SIZE: ClassVar[int] = 256
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHHHBB24sIHHIIqqqqqqqqqqqqqIIIIIIIIIIIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("market", "<u2"), ("base_asset", "<u2"), ("quote_asset", "<u2"), ("status", "<u1"), ("default_stp_mode", "<u1"), ("symbol", "<S24"), ("specification_version", "<u4"), ("stp_modes", "<u2"), ("order_types", "<u2"), ("flags", "<u4"), ("average_price_minutes", "<u4"), ("tick_atoms", "<i8"), ("lot_atoms", "<i8"), ("tick_lot_atoms", "<i8"), ("price_ticks_min", "<i8"), ("price_ticks_max", "<i8"), ("qty_lots_min", "<i8"), ("qty_lots_max", "<i8"), ("market_qty_lots_min", "<i8"), ("market_qty_lots_max", "<i8"), ("market_qty_lots_step", "<i8"), ("notional_atoms_min", "<i8"), ("notional_atoms_max", "<i8"), ("position_lots_max", "<i8"), ("bid_multiplier_up", "<u4"), ("bid_multiplier_down", "<u4"), ("ask_multiplier_up", "<u4"), ("ask_multiplier_down", "<u4"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("iceberg_parts_max", "<u4"), ("amends_max", "<u4"), ("trailing_above_bips_min", "<u4"), ("trailing_above_bips_max", "<u4"), ("trailing_below_bips_min", "<u4"), ("trailing_below_bips_max", "<u4"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AccountEvent(NamedTuple):
    """Fields of `AccountEvent`."""

    size: int = 64
    kind: int = 11
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    trade_group: int = 0
    fee_schedule: int = 0
    flags: int = 0


class AccountEvent(_AccountEvent):
    """64 bytes; kind 11 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 11
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQiHH")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("trade_group", "<i4"), ("fee_schedule", "<u2"), ("flags", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _FeesEvent(NamedTuple):
    """Fields of `FeesEvent`."""

    size: int = 64
    kind: int = 12
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    schedule: int = 0
    market: int = 0
    maker_rate: int = 0
    taker_rate: int = 0


class FeesEvent(_FeesEvent):
    """64 bytes; kind 12 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 12
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqHH4xII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("schedule", "<u2"), ("market", "<u2"), ("_pad1", "<u4"), ("maker_rate", "<u4"), ("taker_rate", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _LimitsEvent(NamedTuple):
    """Fields of `LimitsEvent`."""

    size: int = 64
    kind: int = 13
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0


class LimitsEvent(_LimitsEvent):
    """64 bytes; kind 13 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 13
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _QuarantinedEvent(NamedTuple):
    """Fields of `QuarantinedEvent`."""

    size: int = 64
    kind: int = 14
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    quarantined_seq: int = 0
    quarantined_index: int = 0
    market: int = 0


class QuarantinedEvent(_QuarantinedEvent):
    """64 bytes; kind 14 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 14
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("quarantined_seq", "<u8"), ("quarantined_index", "<u4"), ("market", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _EpochEvent(NamedTuple):
    """Fields of `EpochEvent`."""

    size: int = 56
    kind: int = 15
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    epoch: int = 0


class EpochEvent(_EpochEvent):
    """56 bytes; kind 15 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 15
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("epoch", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _RoleEvent(NamedTuple):
    """Fields of `RoleEvent`."""

    size: int = 56
    kind: int = 16
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    role: int = 0


class RoleEvent(_RoleEvent):
    """56 bytes; kind 16 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 16
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqB1x2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("role", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u2"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _HostedEvent(NamedTuple):
    """Fields of `HostedEvent`."""

    size: int = 64
    kind: int = 17
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    hosted_entity: int = 0
    hosted: int = 0
    route_version: int = 0


class HostedEvent(_HostedEvent):
    """64 bytes; kind 17 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 17
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqIB1x2xQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("hosted_entity", "<u4"), ("hosted", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u2"), ("route_version", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _LinkEvent(NamedTuple):
    """Fields of `LinkEvent`."""

    size: int = 176
    kind: int = 18
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    link: bytes = b""


class LinkEvent(_LinkEvent):
    """176 bytes; kind 18 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 18
    SIZE: ClassVar[int] = 176
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQq128s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("link", "<S128")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _PendingEvent(NamedTuple):
    """Fields of `PendingEvent`."""

    size: int = 88
    kind: int = 19
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    order_id: int = 0
    origin_seq: int = 0
    origin_command: int = 0
    origin_partition: int = 0
    market: int = 0
    command_kind: int = 0


class PendingEvent(_PendingEvent):
    """88 bytes; kind 19 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 19
    SIZE: ClassVar[int] = 88
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQqQIIHB1x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("order_id", "<i8"), ("origin_seq", "<u8"), ("origin_command", "<u4"), ("origin_partition", "<u4"), ("market", "<u2"), ("command_kind", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AnsweredEvent(NamedTuple):
    """Fields of `AnsweredEvent`."""

    size: int = 88
    kind: int = 20
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    account_id: int = 0
    order_id: int = 0
    origin_seq: int = 0
    origin_command: int = 0
    origin_partition: int = 0
    market: int = 0
    command_kind: int = 0


class AnsweredEvent(_AnsweredEvent):
    """88 bytes; kind 20 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 20
    SIZE: ClassVar[int] = 88
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqQqQIIHB1x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("account_id", "<u8"), ("order_id", "<i8"), ("origin_seq", "<u8"), ("origin_command", "<u4"), ("origin_partition", "<u4"), ("market", "<u2"), ("command_kind", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MovedOutEvent(NamedTuple):
    """Fields of `MovedOutEvent`."""

    size: int = 88
    kind: int = 21
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    moved_entity: int = 0
    target: int = 0
    route_version: int = 0
    export_bytes: int = 0
    hash_lo: int = 0
    hash_hi: int = 0


class MovedOutEvent(_MovedOutEvent):
    """88 bytes; kind 21 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 21
    SIZE: ClassVar[int] = 88
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqIIQQQQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("moved_entity", "<u4"), ("target", "<u4"), ("route_version", "<u8"), ("export_bytes", "<u8"), ("hash_lo", "<u8"), ("hash_hi", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MovedInEvent(NamedTuple):
    """Fields of `MovedInEvent`."""

    size: int = 72
    kind: int = 22
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    moved_entity: int = 0
    position: int = 0
    route_version: int = 0
    last: int = 0


class MovedInEvent(_MovedInEvent):
    """72 bytes; kind 22 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 22
    SIZE: ClassVar[int] = 72
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqIIQB1x2x4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("moved_entity", "<u4"), ("position", "<u4"), ("route_version", "<u8"), ("last", "<u1"), ("_pad1", "<u1"), ("_pad2", "<u2"), ("_pad3", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MoveDoneEvent(NamedTuple):
    """Fields of `MoveDoneEvent`."""

    size: int = 64
    kind: int = 23
    version: int = 1
    index: int = 0  # type: ignore[assignment]
    command: int = 0
    partition: int = 0
    entity: int = 0
    seq: int = 0
    entity_seq: int = 0
    time_us: int = 0
    moved_entity: int = 0
    route_version: int = 0


class MoveDoneEvent(_MoveDoneEvent):
    """64 bytes; kind 23 of events."""

    __slots__ = ()
    KIND: ClassVar[int] = 23
    SIZE: ClassVar[int] = 64
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIII4xQQqI4xQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("index", "<u4"), ("command", "<u4"), ("partition", "<u4"), ("entity", "<u4"), ("_pad0", "<u4"), ("seq", "<u8"), ("entity_seq", "<u8"), ("time_us", "<i8"), ("moved_entity", "<u4"), ("_pad1", "<u4"), ("route_version", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MetaRow(NamedTuple):
    """Fields of `MetaRow`."""

    size: int = 128
    kind: int = 1
    version: int = 1
    entity: int = 0
    partition: int = 0
    role: int = 0
    seq: int = 0
    epoch: int = 0
    time_us: int = 0
    events_hash_0: int = 0
    events_hash_1: int = 0
    events_hash_2: int = 0
    events_hash_3: int = 0
    events_hash_4: int = 0
    events_hash_5: int = 0
    events_hash_6: int = 0
    events_hash_7: int = 0
    entity_seq: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0


class MetaRow(_MetaRow):
    """128 bytes; kind 1 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 1
    SIZE: ClassVar[int] = 128
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIB1x2xQQqQQQQQQQQQIII4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("partition", "<u4"), ("role", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u2"), ("seq", "<u8"), ("epoch", "<u8"), ("time_us", "<i8"), ("events_hash_0", "<u8"), ("events_hash_1", "<u8"), ("events_hash_2", "<u8"), ("events_hash_3", "<u8"), ("events_hash_4", "<u8"), ("events_hash_5", "<u8"), ("events_hash_6", "<u8"), ("events_hash_7", "<u8"), ("entity_seq", "<u8"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("_pad2", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AssetRow(NamedTuple):
    """Fields of `AssetRow`."""

    size: int = 32
    kind: int = 2
    version: int = 1
    entity: int = 0
    asset: int = 0
    scale: int = 0
    name: bytes = b""


class AssetRow(_AssetRow):
    """32 bytes; kind 2 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 2
    SIZE: ClassVar[int] = 32
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIHB1x4x16s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("asset", "<u2"), ("scale", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u4"), ("name", "<S16")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _MarketRow(NamedTuple):
    """Fields of `MarketRow`."""

    size: int = 272
    kind: int = 3
    version: int = 1
    entity: int = 0
    market: int = 0
    base_asset: int = 0
    quote_asset: int = 0
    status: int = 0
    default_stp_mode: int = 0
    symbol: bytes = b""
    specification_version: int = 0
    stp_modes: int = 0
    order_types: int = 0
    flags: int = 0
    average_price_minutes: int = 0
    tick_atoms: int = 0
    lot_atoms: int = 0
    tick_lot_atoms: int = 0
    price_ticks_min: int = 0
    price_ticks_max: int = 0
    qty_lots_min: int = 0
    qty_lots_max: int = 0
    market_qty_lots_min: int = 0
    market_qty_lots_max: int = 0
    market_qty_lots_step: int = 0
    notional_atoms_min: int = 0
    notional_atoms_max: int = 0
    position_lots_max: int = 0
    bid_multiplier_up: int = 0
    bid_multiplier_down: int = 0
    ask_multiplier_up: int = 0
    ask_multiplier_down: int = 0
    orders_max: int = 0
    algo_orders_max: int = 0
    iceberg_orders_max: int = 0
    iceberg_parts_max: int = 0
    amends_max: int = 0
    trailing_above_bips_min: int = 0
    trailing_above_bips_max: int = 0
    trailing_below_bips_min: int = 0
    trailing_below_bips_max: int = 0
    entity_seq: int = 0
    trade_id: int = 0
    prevented_id: int = 0
    update_id: int = 0
    priority: int = 0
    last_price_ticks: int = 0
    faults: int = 0


class MarketRow(_MarketRow):
    """272 bytes; kind 3 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 3
    SIZE: ClassVar[int] = 272
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIHHHBB24sIHHIIqqqqqqqqqqqqqIIIIIIIIIIIII4xQqqqQqI4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("market", "<u2"), ("base_asset", "<u2"), ("quote_asset", "<u2"), ("status", "<u1"), ("default_stp_mode", "<u1"), ("symbol", "<S24"), ("specification_version", "<u4"), ("stp_modes", "<u2"), ("order_types", "<u2"), ("flags", "<u4"), ("average_price_minutes", "<u4"), ("tick_atoms", "<i8"), ("lot_atoms", "<i8"), ("tick_lot_atoms", "<i8"), ("price_ticks_min", "<i8"), ("price_ticks_max", "<i8"), ("qty_lots_min", "<i8"), ("qty_lots_max", "<i8"), ("market_qty_lots_min", "<i8"), ("market_qty_lots_max", "<i8"), ("market_qty_lots_step", "<i8"), ("notional_atoms_min", "<i8"), ("notional_atoms_max", "<i8"), ("position_lots_max", "<i8"), ("bid_multiplier_up", "<u4"), ("bid_multiplier_down", "<u4"), ("ask_multiplier_up", "<u4"), ("ask_multiplier_down", "<u4"), ("orders_max", "<u4"), ("algo_orders_max", "<u4"), ("iceberg_orders_max", "<u4"), ("iceberg_parts_max", "<u4"), ("amends_max", "<u4"), ("trailing_above_bips_min", "<u4"), ("trailing_above_bips_max", "<u4"), ("trailing_below_bips_min", "<u4"), ("trailing_below_bips_max", "<u4"), ("_pad0", "<u4"), ("entity_seq", "<u8"), ("trade_id", "<i8"), ("prevented_id", "<i8"), ("update_id", "<i8"), ("priority", "<u8"), ("last_price_ticks", "<i8"), ("faults", "<u4"), ("_pad1", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _PriceBucketRow(NamedTuple):
    """Fields of `PriceBucketRow`."""

    size: int = 56
    kind: int = 4
    version: int = 1
    entity: int = 0
    market: int = 0
    minute: int = 0
    lots_lo: int = 0
    lots_hi: int = 0
    quote_atoms_lo: int = 0
    quote_atoms_hi: int = 0


class PriceBucketRow(_PriceBucketRow):
    """56 bytes; kind 4 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 4
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIH2x4xqQqQq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("market", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("minute", "<i8"), ("lots_lo", "<u8"), ("lots_hi", "<i8"), ("quote_atoms_lo", "<u8"), ("quote_atoms_hi", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _FeesRow(NamedTuple):
    """Fields of `FeesRow`."""

    size: int = 24
    kind: int = 5
    version: int = 1
    entity: int = 0
    schedule: int = 0
    market: int = 0
    maker_rate: int = 0
    taker_rate: int = 0


class FeesRow(_FeesRow):
    """24 bytes; kind 5 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 5
    SIZE: ClassVar[int] = 24
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIHH4xII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("schedule", "<u2"), ("market", "<u2"), ("_pad0", "<u4"), ("maker_rate", "<u4"), ("taker_rate", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _ShardRow(NamedTuple):
    """Fields of `ShardRow`."""

    size: int = 32
    kind: int = 6
    version: int = 1
    entity: int = 0
    shard: int = 0
    order_counter: int = 0
    entity_seq: int = 0


class ShardRow(_ShardRow):
    """32 bytes; kind 6 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 6
    SIZE: ClassVar[int] = 32
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("shard", "<u4"), ("_pad0", "<u4"), ("order_counter", "<u8"), ("entity_seq", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _HouseRow(NamedTuple):
    """Fields of `HouseRow`."""

    size: int = 40
    kind: int = 7
    version: int = 1
    entity: int = 0
    shard: int = 0
    house: int = 0
    market: int = 0
    asset: int = 0
    amount_lo: int = 0
    amount_hi: int = 0


class HouseRow(_HouseRow):
    """40 bytes; kind 7 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 7
    SIZE: ClassVar[int] = 40
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIIB1xHH2x4xQq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("shard", "<u4"), ("house", "<u1"), ("_pad0", "<u1"), ("market", "<u2"), ("asset", "<u2"), ("_pad1", "<u2"), ("_pad2", "<u4"), ("amount_lo", "<u8"), ("amount_hi", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _AccountRow(NamedTuple):
    """Fields of `AccountRow`."""

    size: int = 24
    kind: int = 8
    version: int = 1
    entity: int = 0
    account_id: int = 0
    trade_group: int = 0
    fee_schedule: int = 0
    flags: int = 0


class AccountRow(_AccountRow):
    """24 bytes; kind 8 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 8
    SIZE: ClassVar[int] = 24
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQiHH")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("trade_group", "<i4"), ("fee_schedule", "<u2"), ("flags", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _BalanceRow(NamedTuple):
    """Fields of `BalanceRow`."""

    size: int = 40
    kind: int = 9
    version: int = 1
    entity: int = 0
    account_id: int = 0
    asset: int = 0
    free_atoms: int = 0
    held_atoms: int = 0


class BalanceRow(_BalanceRow):
    """40 bytes; kind 9 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 9
    SIZE: ClassVar[int] = 40
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQH2x4xqq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("asset", "<u2"), ("_pad0", "<u2"), ("_pad1", "<u4"), ("free_atoms", "<i8"), ("held_atoms", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _OrderRow(NamedTuple):
    """Fields of `OrderRow`."""

    size: int = 264
    kind: int = 10
    version: int = 1
    entity: int = 0
    account_id: int = 0
    order_id: int = 0
    hold_id: int = 0
    market: int = 0
    side: int = 0
    order_type: int = 0
    time_in_force: int = 0
    stp_mode: int = 0
    status: int = 0
    place: int = 0
    flags: int = 0
    amends: int = 0
    trailing_bips: int = 0
    trade_group: int = 0
    strategy_type: int = 0
    strategy_id: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    quote_order_atoms: int = 0
    stop_ticks: int = 0
    iceberg_lots: int = 0
    worst_ticks: int = 0
    visible_lots: int = 0
    executed_lots: int = 0
    executed_quote_atoms: int = 0
    prevented_lots: int = 0
    hold_atoms: int = 0
    budget_atoms: int = 0
    maker_rate: int = 0
    taker_rate: int = 0
    taker_received_atoms: int = 0
    created_us: int = 0
    updated_us: int = 0
    working_us: int = 0
    trailing_us: int = 0
    trailing_extreme_ticks: int = 0
    priority: int = 0
    client_order_id: bytes = b""


class OrderRow(_OrderRow):
    """264 bytes; kind 10 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 10
    SIZE: ClassVar[int] = 264
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQqqHBBBBBBHHIiiqqqqqqqqqqqqqIIqqqqqqQ36s4x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("order_id", "<i8"), ("hold_id", "<i8"), ("market", "<u2"), ("side", "<u1"), ("order_type", "<u1"), ("time_in_force", "<u1"), ("stp_mode", "<u1"), ("status", "<u1"), ("place", "<u1"), ("flags", "<u2"), ("amends", "<u2"), ("trailing_bips", "<u4"), ("trade_group", "<i4"), ("strategy_type", "<i4"), ("strategy_id", "<i8"), ("price_ticks", "<i8"), ("qty_lots", "<i8"), ("quote_order_atoms", "<i8"), ("stop_ticks", "<i8"), ("iceberg_lots", "<i8"), ("worst_ticks", "<i8"), ("visible_lots", "<i8"), ("executed_lots", "<i8"), ("executed_quote_atoms", "<i8"), ("prevented_lots", "<i8"), ("hold_atoms", "<i8"), ("budget_atoms", "<i8"), ("maker_rate", "<u4"), ("taker_rate", "<u4"), ("taker_received_atoms", "<i8"), ("created_us", "<i8"), ("updated_us", "<i8"), ("working_us", "<i8"), ("trailing_us", "<i8"), ("trailing_extreme_ticks", "<i8"), ("priority", "<u8"), ("client_order_id", "<S36"), ("_pad0", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _ContinuationRow(NamedTuple):
    """Fields of `ContinuationRow`."""

    size: int = 24
    kind: int = 11
    version: int = 1
    entity: int = 0
    market: int = 0
    position: int = 0
    order_id: int = 0


class ContinuationRow(_ContinuationRow):
    """24 bytes; kind 11 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 11
    SIZE: ClassVar[int] = 24
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIH2xIq")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("market", "<u2"), ("_pad0", "<u2"), ("position", "<u4"), ("order_id", "<i8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _DedupeRow(NamedTuple):
    """Fields of `DedupeRow`."""

    size: int = 56
    kind: int = 12
    version: int = 1
    entity: int = 0
    account_id: int = 0
    digest_lo: int = 0
    digest_hi: int = 0
    deadline_us: int = 0
    order_id: int = 0
    market: int = 0
    command_kind: int = 0
    reason: int = 0


class DedupeRow(_DedupeRow):
    """56 bytes; kind 12 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 12
    SIZE: ClassVar[int] = 56
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQQqqHB1xH2x")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("digest_lo", "<u8"), ("digest_hi", "<u8"), ("deadline_us", "<i8"), ("order_id", "<i8"), ("market", "<u2"), ("command_kind", "<u1"), ("_pad0", "<u1"), ("reason", "<u2"), ("_pad1", "<u2")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _HostedRow(NamedTuple):
    """Fields of `HostedRow`."""

    size: int = 40
    kind: int = 13
    version: int = 1
    entity: int = 0
    hosting: int = 0
    target: int = 0
    route_version: int = 0
    export_bytes: int = 0
    position: int = 0


class HostedRow(_HostedRow):
    """40 bytes; kind 13 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 13
    SIZE: ClassVar[int] = 40
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIB1x2xIQQQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("hosting", "<u1"), ("_pad0", "<u1"), ("_pad1", "<u2"), ("target", "<u4"), ("route_version", "<u8"), ("export_bytes", "<u8"), ("position", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _LinkRow(NamedTuple):
    """Fields of `LinkRow`."""

    size: int = 40
    kind: int = 14
    version: int = 1
    entity: int = 0
    peer: int = 0
    last_in: int = 0
    last_out: int = 0
    acknowledged: int = 0


class LinkRow(_LinkRow):
    """40 bytes; kind 14 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 14
    SIZE: ClassVar[int] = 40
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBII4xQQQ")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("peer", "<u4"), ("_pad0", "<u4"), ("last_in", "<u8"), ("last_out", "<u8"), ("acknowledged", "<u8")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _OutboxRow(NamedTuple):
    """Fields of `OutboxRow`."""

    size: int = 136
    kind: int = 15
    version: int = 1
    entity: int = 0
    link: bytes = b""


class OutboxRow(_OutboxRow):
    """136 bytes; kind 15 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 15
    SIZE: ClassVar[int] = 136
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBI128s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("link", "<S128")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _RequestRow(NamedTuple):
    """Fields of `RequestRow`."""

    size: int = 296
    kind: int = 16
    version: int = 1
    entity: int = 0
    account_id: int = 0
    origin_seq: int = 0
    origin_command: int = 0
    origin_partition: int = 0
    command: bytes = b""


class RequestRow(_RequestRow):
    """296 bytes; kind 16 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 16
    SIZE: ClassVar[int] = 296
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIQQII264s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("account_id", "<u8"), ("origin_seq", "<u8"), ("origin_command", "<u4"), ("origin_partition", "<u4"), ("command", "<S264")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _RequestPartRow(NamedTuple):
    """Fields of `RequestPartRow`."""

    size: int = 40
    kind: int = 17
    version: int = 1
    entity: int = 0
    order_id: int = 0
    link_seq: int = 0
    origin_seq: int = 0
    origin_command: int = 0
    origin_partition: int = 0


class RequestPartRow(_RequestPartRow):
    """40 bytes; kind 17 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 17
    SIZE: ClassVar[int] = 40
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIqQQII")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("order_id", "<i8"), ("link_seq", "<u8"), ("origin_seq", "<u8"), ("origin_command", "<u4"), ("origin_partition", "<u4")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _ExportRow(NamedTuple):
    """Fields of `ExportRow`."""

    size: int = 4112
    kind: int = 18
    version: int = 1
    entity: int = 0
    position: int = 0
    used: int = 0
    rows: bytes = b""


class ExportRow(_ExportRow):
    """4112 bytes; kind 18 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 18
    SIZE: ClassVar[int] = 4112
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIII4096s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("position", "<u4"), ("used", "<u4"), ("rows", "<S4096")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


class _ImportRow(NamedTuple):
    """Fields of `ImportRow`."""

    size: int = 4112
    kind: int = 19
    version: int = 1
    entity: int = 0
    position: int = 0
    used: int = 0
    rows: bytes = b""


class ImportRow(_ImportRow):
    """4112 bytes; kind 19 of rows."""

    __slots__ = ()
    KIND: ClassVar[int] = 19
    SIZE: ClassVar[int] = 4112
    STRUCT: ClassVar[struct.Struct] = struct.Struct("<HBBIII4096s")
    DTYPE: ClassVar[np.dtype[np.void]] = np.dtype([("size", "<u2"), ("kind", "<u1"), ("version", "<u1"), ("entity", "<u4"), ("position", "<u4"), ("used", "<u4"), ("rows", "<S4096")])

    def pack(self) -> bytes:
        """Return the bytes of this record."""
        return self.STRUCT.pack(*self)

    @classmethod
    def unpack(cls, buffer: bytes | memoryview, offset: int = 0) -> Self:
        """Read a record at an offset; text fields keep their padding zeros."""
        return cls._make(cls.STRUCT.unpack_from(buffer, offset))


Command = (
    NewOrder
    | CancelOrder
    | CancelAll
    | CancelReplace
    | AmendOrder
    | CreateAsset
    | CreateMarket
    | UpdateMarket
    | SetMarketStatus
    | CreateAccount
    | UpdateAccount
    | SetFees
    | SetLimits
    | Deposit
    | Withdraw
    | Adjust
    | Tick
    | Quarantine
    | Epoch
    | LinkAck
    | Deliver
    | SetRole
    | Host
    | MoveOut
    | MoveIn
    | MoveDone
)

COMMANDS: dict[int, type[Command]] = {
    1: NewOrder,
    2: CancelOrder,
    3: CancelAll,
    4: CancelReplace,
    5: AmendOrder,
    10: CreateAsset,
    11: CreateMarket,
    12: UpdateMarket,
    13: SetMarketStatus,
    14: CreateAccount,
    15: UpdateAccount,
    16: SetFees,
    17: SetLimits,
    18: Deposit,
    19: Withdraw,
    20: Adjust,
    21: Tick,
    30: Quarantine,
    31: Epoch,
    32: LinkAck,
    33: Deliver,
    34: SetRole,
    35: Host,
    36: MoveOut,
    37: MoveIn,
    38: MoveDone,
}

Link = (
    PlaceLink
    | CancelLink
    | AmendLink
    | SettleLink
    | DoneLink
    | AnswerLink
)

LINKS: dict[int, type[Link]] = {
    1: PlaceLink,
    2: CancelLink,
    3: AmendLink,
    4: SettleLink,
    5: DoneLink,
    6: AnswerLink,
}

Event = (
    OrderEvent
    | OrderRequestedEvent
    | TradeEvent
    | LevelEvent
    | PreventedEvent
    | RefusedEvent
    | DuplicateEvent
    | BalanceEvent
    | AssetEvent
    | MarketEvent
    | AccountEvent
    | FeesEvent
    | LimitsEvent
    | QuarantinedEvent
    | EpochEvent
    | RoleEvent
    | HostedEvent
    | LinkEvent
    | PendingEvent
    | AnsweredEvent
    | MovedOutEvent
    | MovedInEvent
    | MoveDoneEvent
)

EVENTS: dict[int, type[Event]] = {
    1: OrderEvent,
    2: OrderRequestedEvent,
    3: TradeEvent,
    4: LevelEvent,
    5: PreventedEvent,
    6: RefusedEvent,
    7: DuplicateEvent,
    8: BalanceEvent,
    9: AssetEvent,
    10: MarketEvent,
    11: AccountEvent,
    12: FeesEvent,
    13: LimitsEvent,
    14: QuarantinedEvent,
    15: EpochEvent,
    16: RoleEvent,
    17: HostedEvent,
    18: LinkEvent,
    19: PendingEvent,
    20: AnsweredEvent,
    21: MovedOutEvent,
    22: MovedInEvent,
    23: MoveDoneEvent,
}

Row = (
    MetaRow
    | AssetRow
    | MarketRow
    | PriceBucketRow
    | FeesRow
    | ShardRow
    | HouseRow
    | AccountRow
    | BalanceRow
    | OrderRow
    | ContinuationRow
    | DedupeRow
    | HostedRow
    | LinkRow
    | OutboxRow
    | RequestRow
    | RequestPartRow
    | ExportRow
    | ImportRow
)

ROWS: dict[int, type[Row]] = {
    1: MetaRow,
    2: AssetRow,
    3: MarketRow,
    4: PriceBucketRow,
    5: FeesRow,
    6: ShardRow,
    7: HouseRow,
    8: AccountRow,
    9: BalanceRow,
    10: OrderRow,
    11: ContinuationRow,
    12: DedupeRow,
    13: HostedRow,
    14: LinkRow,
    15: OutboxRow,
    16: RequestRow,
    17: RequestPartRow,
    18: ExportRow,
    19: ImportRow,
}
