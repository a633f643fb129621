"""The kernel's workloads as batches of command bytes, made before anything is timed.

`w1k` and `w1m`: two million operations around 1,000 or 1,000,000 resting orders; `real`: a capture
of a venue. Operations are drawn by `textbook.cpp`, which has the book that drawing takes, so that
the textbook and the kernel are given the same ones; the seed is fixed. Files stay in build/bench.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from openoutcry.core import records as r
from openoutcry.core.enums import AccountFlag, MarketFlag, OrderType, StpMode, TimeInForce
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, PRICE_TICKS_MAX, RATE_ONE, SHARD_BITS
from openoutcry.simulation.capture import Action, Capture

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "bench"
SOURCE = Path(__file__).with_name("textbook.cpp")
CAPTURE = ROOT.parent / "shared" / "data" / "bitstamp-btcusd-2026-05-02"
SEED = 20_260_502
OPERATIONS = 2_000_000
SIZES = {"w1k": (1_000, 500), "w1m": (1_000_000, 20_000)}
"""Orders that rest, and over how many ticks a side."""
START_US = 1_750_000_000_000_000
STEP_US = 100
WINDOW_US = 5_000_000
"""How long after its time stamp a request's deadline lies."""
LIMIT, MARKET, CANCEL, REDUCE, POST_ONLY = 1, 2, 3, 4, 5
OPERATION = np.dtype(
    [
        ("kind", "u1"),
        ("buy", "u1"),
        ("refused", "<u2"),
        ("account", "<u4"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("id", "<u8"),
    ]
)
_CAPTURE_RULES = 2
"""Raised when `_capture_rows` changes, so that no older file is used."""
_CHUNK = 50_000
_NEW, _CANCEL, _AMEND = 0, 1, 2
_LAYOUTS = (r.NewOrder, r.CancelOrder, r.AmendOrder)
_SIZES = np.array([layout.SIZE for layout in _LAYOUTS])


@dataclass(frozen=True)
class Workload:
    """Batches of commands: what sets the exchange up, what rests before, and what is timed."""

    name: str
    accounts: int
    path: Path
    before: int
    setup: list[bytes]
    resting: list[bytes]
    batches: list[bytes]
    commands: int
    numbers: dict[int, int]
    """Kernel order ids to the operations' own ids."""


# ---- the program beside


def textbook() -> Path:
    """Compile the yardstick if its source changed; return the program."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    program = FOLDER / f"textbook-{digest}"
    if not program.exists():
        compiler = os.environ.get("CXX") or shutil.which("g++") or "c++"
        made = program.with_suffix(".new")
        subprocess.run([compiler, "-O3", "-std=c++20", "-o", made, SOURCE], check=True)
        made.replace(program)
    return program


def run_textbook(path: Path, before: int) -> dict[str, Any]:
    """Time the textbook book over a file of operations; its figures."""
    words = [textbook(), "run", path, str(before)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _drawn(name: str, accounts: int, operations: int) -> Path:
    program = textbook()
    resting, depth = SIZES[name]
    path = FOLDER / f"{name}-{accounts}-{operations}-{SEED}-{program.name[-16:]}.bin"
    if not path.exists():
        made = path.with_suffix(".new")
        words = [program, "draw", made, SEED, resting, depth, accounts, operations]
        subprocess.run([str(word) for word in words], check=True)
        made.replace(path)
    return path


def _captured(accounts: int) -> Path:
    """Turn the capture into operations: takers and the rest, post-only, as it was traded."""
    program = textbook()
    path = FOLDER / f"real-{accounts}-{_CAPTURE_RULES}-{program.name[-16:]}.bin"
    if path.exists():
        return path
    rows = np.array(list(_capture_rows(accounts)), dtype=OPERATION)
    raw = path.with_suffix(".rows")
    rows.tofile(raw)
    made = path.with_suffix(".new")
    subprocess.run([program, "resolve", raw, made], check=True)
    raw.unlink()
    made.replace(path)
    return path


def _capture_rows(accounts: int) -> Iterator[tuple[int, ...]]:
    capture = Capture(CAPTURE)
    takers = capture.taker_ids() or frozenset()
    numbers: dict[str, int] = {}
    prices: dict[str, int] = {}
    count = 0
    for _, row in capture.orders():
        if row.order_id in capture.stale_order_ids or not 0 < row.price_ticks <= PRICE_TICKS_MAX:
            continue
        known = numbers.get(row.order_id)
        moved = known is not None and prices[row.order_id] != row.price_ticks
        if known is not None and (row.action is Action.DELETED or moved):
            yield (CANCEL, 0, 0, 0, 0, 0, known)
        elif known is not None and row.action is Action.CHANGED:
            yield (REDUCE, 0, 0, 0, 0, row.lots, known)
        if (row.action is Action.CREATED or (moved and row.action is Action.CHANGED)) and row.lots:
            count += 1
            numbers[row.order_id], prices[row.order_id] = count, row.price_ticks
            kind = LIMIT if row.order_id in takers or moved else POST_ONLY
            account = count * 7919 % accounts
            yield (kind, row.buy, 0, account, row.price_ticks, row.lots, count)


# ---- commands


def _names(ids: np.ndarray[Any, Any], letter: bytes) -> np.ndarray[Any, Any]:
    """Client order ids of twenty characters."""
    made = np.zeros((len(ids), 36), "u1")
    made[:, 0] = letter[0]
    left = ids.astype("u8")
    for column in range(19, 0, -1):
        made[:, column] = left % 10 + ord("0")
        left //= 10
    return made.view("S36").reshape(-1)


def _headers(
    rows: np.ndarray[Any, Any], layout: Any, places: np.ndarray[Any, Any], digests: Any
) -> None:
    rows["size"], rows["kind"], rows["version"] = layout.SIZE, layout.KIND, 1
    rows["time_us"] = START_US + places * STEP_US
    rows["deadline_us"] = rows["time_us"] + WINDOW_US
    rows["digest_lo"], rows["digest_hi"] = digests[places].T
    rows["market"] = 1


def _account_ids(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    number = numbers.astype("u8") + 1
    return (number << SHARD_BITS) | (number & ((1 << SHARD_BITS) - 1))


def _order_ids(accounts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The ids that the kernel will give: a counter for each account shard."""
    shards = (accounts & ((1 << SHARD_BITS) - 1)).astype("i8")
    order = np.argsort(shards, kind="stable")
    sorted_shards = shards[order]
    starts = np.searchsorted(sorted_shards, sorted_shards)
    counters = np.empty(len(shards), "i8")
    counters[order] = np.arange(len(shards)) - starts + 1
    return (counters << SHARD_BITS) | shards


def _new_orders(
    operations: np.ndarray[Any, Any], places: np.ndarray[Any, Any], digests: Any
) -> np.ndarray[Any, Any]:
    rows = np.zeros(len(operations), r.NewOrder.DTYPE)
    _headers(rows, r.NewOrder, places, digests)
    by_market = operations["kind"] == MARKET
    rows["account_id"] = _account_ids(operations["account"])
    rows["side"] = np.where(operations["buy"], 1, 2)
    types = {LIMIT: OrderType.LIMIT, MARKET: OrderType.MARKET, POST_ONLY: OrderType.LIMIT_MAKER}
    for kind, order_type in types.items():
        rows["order_type"][operations["kind"] == kind] = order_type
    timed = operations["kind"] == LIMIT
    rows["time_in_force"] = np.where(timed, TimeInForce.GTC, TimeInForce.NONE)
    rows["price_ticks"] = np.where(by_market, 0, operations["price"])
    rows["worst_ticks"] = np.where(by_market, operations["price"], 0)
    rows["qty_lots"] = operations["qty"]
    rows["client_order_id"] = _names(operations["id"], b"n")
    return rows


def _commands(
    operations: np.ndarray[Any, Any],
) -> tuple[bytes, np.ndarray[Any, Any], dict[int, int]]:
    """All commands as bytes, where each starts, and the operations' ids by kernel order id."""
    count = len(operations)
    digests = np.random.default_rng(SEED).integers(1, 2**63, (count, 2), "u8")
    kinds = operations["kind"]
    layouts = np.where(kinds == CANCEL, _CANCEL, np.where(kinds == REDUCE, _AMEND, _NEW))
    is_new = np.flatnonzero(layouts == _NEW)
    accepted = is_new[operations["refused"][is_new] == 0]
    by_id = np.zeros(int(operations["id"].max()) + 1, "i8")
    by_id[operations["id"][accepted]] = np.arange(len(accepted))
    order_accounts = _account_ids(operations["account"][accepted])
    order_ids = _order_ids(order_accounts)
    starts = np.concatenate([[0], np.cumsum(_SIZES[layouts])])
    data = np.empty(starts[-1], "u1")
    for number, layout in enumerate(_LAYOUTS):
        places = np.flatnonzero(layouts == number)
        for at in range(0, len(places), _CHUNK):
            chunk = places[at : at + _CHUNK]
            some = operations[chunk]
            if number == _NEW:
                rows = _new_orders(some, chunk, digests)
            else:
                rows = np.zeros(len(some), layout.DTYPE)
                _headers(rows, layout, chunk, digests)
                orders = by_id[some["id"]]
                rows["account_id"] = order_accounts[orders]
                rows["order_id"] = order_ids[orders]
                if number == _AMEND:
                    rows["qty_lots"] = some["qty"]
                else:
                    rows["client_order_id"] = _names(some["id"], b"c")
            columns = np.arange(layout.SIZE)
            data[starts[chunk][:, None] + columns] = rows.view("u1").reshape(-1, layout.SIZE)
    numbers = dict(zip(order_ids.tolist(), operations["id"][accepted].tolist(), strict=True))
    return data.tobytes(), starts, numbers


def _setup(accounts: int) -> list[bytes]:
    """Assets, the market, fees, and accounts that can pay for anything."""
    first = b"".join(
        command.pack()
        for command in (
            r.CreateAsset(asset=1, scale=10, name=b"USD"),
            r.CreateAsset(asset=2, scale=8, name=b"BTC"),
            r.CreateMarket(
                market=1,
                base_asset=2,
                quote_asset=1,
                status=1,
                symbol=b"BTCUSD",
                stp_modes=(1 << len(StpMode)) - 1,
                order_types=sum(1 << kind for kind in OrderType),
                flags=sum(MarketFlag),
                average_price_minutes=5,
                tick_atoms=10**8,
                lot_atoms=1,
                tick_lot_atoms=1,
                price_ticks_min=1,
                price_ticks_max=PRICE_TICKS_MAX,
                qty_lots_min=1,
                qty_lots_max=2**50,
                notional_atoms_min=1,
                bid_multiplier_up=10**9,
                bid_multiplier_down=1,
                ask_multiplier_up=10**9,
                ask_multiplier_down=1,
                orders_max=10**8,
            ),
            r.SetFees(maker_rate=RATE_ONE // 1000, taker_rate=RATE_ONE // 1000),
        )
    )
    batches = [first]
    funds = AMOUNT_ATOMS_MAX // accounts // 2
    for at in range(0, accounts, _CHUNK):
        ids = _account_ids(np.arange(at, min(at + _CHUNK, accounts)))
        opened = np.zeros(len(ids), r.CreateAccount.DTYPE)
        opened["size"], opened["kind"], opened["version"] = r.CreateAccount.SIZE, 14, 1
        opened["account_id"], opened["flags"] = ids, sum(AccountFlag)
        batches.append(opened.tobytes())
        paid = np.zeros(len(ids), r.Deposit.DTYPE)
        paid["size"], paid["kind"], paid["version"] = r.Deposit.SIZE, r.Deposit.KIND, 1
        paid["account_id"], paid["amount_atoms"] = ids, funds
        for asset in (1, 2):
            paid["asset"] = asset
            batches.append(paid.tobytes())
    return batches


def _cut(
    data: bytes, starts: np.ndarray[Any, Any], first: int, last: int, size: int
) -> list[bytes]:
    ends = [*range(first, last, size), last]
    return [data[starts[a] : starts[b]] for a, b in pairwise(ends) if a < b]


def workload(
    name: str, accounts: int, *, operations: int = OPERATIONS, batch_commands: int = 1_000
) -> Workload:
    """Make a workload: `w1k`, `w1m` or `real`, spread over so many accounts."""
    if name == "real":
        path, before = _captured(accounts), 0
    else:
        path, before = _drawn(name, accounts, operations), SIZES[name][0]
    found = np.fromfile(path, OPERATION)
    data, starts, numbers = _commands(found)
    return Workload(
        name=name,
        accounts=accounts,
        path=path,
        before=before,
        setup=_setup(accounts),
        resting=_cut(data, starts, 0, before, 1_000),
        batches=_cut(data, starts, before, len(found), batch_commands),
        commands=len(found) - before,
        numbers=numbers,
    )
