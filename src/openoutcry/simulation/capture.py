"""Captures of a venue's order flow: a folder of `orders.csv.gz`, `trades.csv` and `meta.json`.

`trades.csv` and `meta.json` may be absent. Prices have at most two decimals and volumes at most
eight, so both are read exactly, as ticks of 0.01 and lots of 0.00000001.
"""

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import IO, NamedTuple

PRICE_DECIMALS = 2
VOLUME_DECIMALS = 8
DEFAULT_PAIR = "btcusd"
_QUOTE_CHARACTERS = 3
_DIGITS_MAX = 15
_INTEGER_MAX = (1 << 62) - 1
"""The records' integers hold this, and a time a little after it."""
_TIME_DECIMALS = 3
"""Milliseconds become microseconds."""
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,2})?", re.IGNORECASE)
_ORDER_COLUMNS = (
    "id",
    "timestamp",
    "exchange_timestamp",
    "price",
    "volume",
    "action",
    "direction",
)
_TRADE_COLUMNS = ("price", "amount", "buy_order_id", "sell_order_id", "side")
_DIRECTIONS = {"bid": True, "ask": False}


class CaptureError(Exception):
    """A capture cannot be read; the message names the file, the line and what is wrong."""


class Action(Enum):
    """What happened to an order."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"


class CapturedOrder(NamedTuple):
    """One row of an order's life; `lots` is what was left of it."""

    order_id: str
    time_us: int
    price_ticks: int
    lots: int
    action: Action
    buy: bool


class CapturedTrade(NamedTuple):
    """One of the venue's own trades."""

    buy_order_id: str
    sell_order_id: str
    price_ticks: int
    lots: int
    taker_bought: bool


class Capture:
    """A capture on disk. Trades and meta data are read at once, orders as they are asked for."""

    def __init__(self, directory: Path) -> None:
        self._orders_path = directory / "orders.csv.gz"
        if not directory.is_dir():
            raise CaptureError(f"{directory} is not a directory")
        if not self._orders_path.is_file():
            raise CaptureError(f"{directory} is not a capture: it holds no orders.csv.gz")
        meta = _read_meta(directory / "meta.json")
        self.base, self.quote = _pair(meta, directory / "meta.json")
        self.stale_order_ids = _stale_order_ids(meta, directory / "meta.json")
        self.trades = tuple(_read_trades(directory / "trades.csv"))

    def taker_ids(self) -> frozenset[str] | None:
        """Return the ids of orders that ever took, or None when the capture does not say."""
        if not self.trades:
            return None
        return frozenset(
            trade.buy_order_id if trade.taker_bought else trade.sell_order_id
            for trade in self.trades
        )

    def size(self) -> int:
        """Return how many bytes of orders there are to read."""
        return self._orders_path.stat().st_size

    def orders(self) -> Iterator[tuple[int, CapturedOrder]]:
        """Yield rows in file order, each with how many of `size()` bytes have been read."""
        with (
            self._orders_path.open("rb") as packed,
            gzip.open(packed, "rt", encoding="utf-8", newline="") as text,
        ):
            for number, row in _rows(self._orders_path, text, _ORDER_COLUMNS):
                yield packed.tell(), _captured_order(self._orders_path, number, row)


def scaled_integer(text: str, decimals: int) -> int:
    """Return a decimal number, 0.5 or 5e-1, times 10 ** decimals, exactly; raises ValueError."""
    number = _scaled(text, decimals)
    if abs(number) > _INTEGER_MAX:
        raise ValueError(f"{text!r} is out of range")
    return number


def _scaled(text: str, decimals: int) -> int:
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    digits = whole + fraction.ljust(decimals, "0")
    if whole and len(fraction) <= decimals and digits.isascii() and digits.isdigit():
        return int(digits)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a number")
    number = Decimal(text)
    if number.adjusted() > _DIGITS_MAX:
        raise ValueError(f"{text!r} is out of range")
    scaled = number.scaleb(decimals)
    if scaled != int(scaled):
        raise ValueError(f"{text!r} has more than {decimals} decimals")
    return int(scaled)


def _rows(
    path: Path, text: IO[str], columns: tuple[str, ...]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line number, the asked columns) of a CSV file with a header."""
    reader = csv.reader(text)
    try:
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            raise CaptureError(f"{path}: no column {', '.join(missing)}")
        places = [header.index(name) for name in columns]
        for row in reader:
            if len(row) != len(header):
                raise CaptureError(
                    f"{path} line {reader.line_num}: {len(row)} values for {len(header)} columns"
                )
            yield reader.line_num, tuple([row[place] for place in places])
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise CaptureError(f"{path} line {reader.line_num}: {error}") from error


def _captured_order(path: Path, number: int, row: tuple[str, ...]) -> CapturedOrder:
    order_id, _, exchange_ms, price, volume, action, direction = row
    try:
        return CapturedOrder(
            order_id,
            scaled_integer(exchange_ms, _TIME_DECIMALS),
            scaled_integer(price, PRICE_DECIMALS),
            scaled_integer(volume, VOLUME_DECIMALS),
            Action(action),
            _DIRECTIONS[direction],
        )
    except KeyError as error:
        message = f"{path} line {number}: direction is bid or ask, not {direction!r}"
        raise CaptureError(message) from error
    except ValueError as error:
        raise CaptureError(f"{path} line {number}: {error}") from error


def _read_trades(path: Path) -> Iterator[CapturedTrade]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as text:
        for number, (price, amount, buy_id, sell_id, side) in _rows(path, text, _TRADE_COLUMNS):
            if side not in {"buy", "sell"}:
                raise CaptureError(f"{path} line {number}: side is buy or sell, not {side!r}")
            try:
                price_ticks = scaled_integer(price, PRICE_DECIMALS)
                lots = scaled_integer(amount, VOLUME_DECIMALS)
            except ValueError as error:
                raise CaptureError(f"{path} line {number}: {error}") from error
            yield CapturedTrade(buy_id, sell_id, price_ticks, lots, side == "buy")


def _read_meta(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CaptureError(f"{path}: {error}") from error
    if not isinstance(meta, dict):
        raise CaptureError(f"{path}: not a JSON object")
    return meta


def _pair(meta: dict[str, object], path: Path) -> tuple[str, str]:
    pair = meta.get("pair", DEFAULT_PAIR)
    if not isinstance(pair, str) or not pair.isascii() or not pair.isalnum():
        raise CaptureError(f"{path}: pair is a symbol like {DEFAULT_PAIR!r}")
    base, quote = pair[:-_QUOTE_CHARACTERS].upper(), pair[-_QUOTE_CHARACTERS:].upper()
    if not base or base == quote:
        raise CaptureError(f"{path}: pair is a symbol like {DEFAULT_PAIR!r}")
    return base, quote


def _stale_order_ids(meta: dict[str, object], path: Path) -> frozenset[str]:
    ids = meta.get("stale_snapshot_orders", [])
    if not isinstance(ids, list):
        raise CaptureError(f"{path}: stale_snapshot_orders is a list of order ids")
    return frozenset(str(order_id) for order_id in ids)
