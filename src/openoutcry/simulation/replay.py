"""Real order flow through a kernel: a capture becomes commands, and trades come out.

Each order of the capture has its own funded account, so that self-trade prevention never acts.
Orders that the venue says were takers are LIMIT, all others LIMIT_MAKER. A cancelled order's money
goes out again, so that the supply of an asset stays within the kernel's bounds however long the
capture is.
"""

import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from openoutcry.core.enums import (
    AccountFlag,
    CommandKind,
    EventKind,
    MarketFlag,
    MarketStatus,
    OrderType,
    Reason,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import account_id_of
from openoutcry.core.limits import AMOUNT_ATOMS_MAX, SHARD_BITS
from openoutcry.core.records import (
    AmendOrder,
    BalanceRow,
    CancelOrder,
    CreateAccount,
    CreateAsset,
    CreateMarket,
    Deposit,
    NewOrder,
    OrderRow,
    RefusedEvent,
    TradeEvent,
    Withdraw,
)
from openoutcry.simulation.capture import (
    PRICE_DECIMALS,
    VOLUME_DECIMALS,
    Action,
    Capture,
    CapturedOrder,
)

BATCH_COMMANDS_MAX = 4096
MARKET = 1
QUOTE_ASSET = 1
BASE_ASSET = 2
PRICE_TICKS_MIN = 1
BASE_SCALE = VOLUME_DECIMALS
QUOTE_SCALE = PRICE_DECIMALS + VOLUME_DECIMALS
"""One tick times one lot is one atom of the quote asset: every value is exact."""

_EVENT_HEADER = struct.Struct("<HB")
_ACCOUNT_FLAGS = AccountFlag.TRADE | AccountFlag.WITHDRAW | AccountFlag.DEPOSIT

_Command = (
    CreateAsset
    | CreateMarket
    | CreateAccount
    | Deposit
    | Withdraw
    | NewOrder
    | CancelOrder
    | AmendOrder
)

Progress = Callable[[int, int], None]
"""Called with (bytes read, bytes in all) after each batch."""


class ReplayKernel(Protocol):
    """The part of a kernel that a replay needs; the native one and the reference have it."""

    def apply(self, batch: bytes, seq: int) -> bytes:
        """Apply a batch and return its events."""
        ...

    def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes, /
    ) -> bytes | None:
        """Return the row of an open order."""
        ...

    def balances(self, account_id: int, /) -> bytes:
        """Return the balance rows of an account."""
        ...

    def depth(
        self, market: int, limit: int, /
    ) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (bids, asks) as (price, lots), best first."""
        ...

    def recount(self) -> str:
        """Return what breaks the conservation of money, or nothing."""
        ...


@dataclass(slots=True)
class ReplayResult:
    """What a replay did. A trade is (buy id, sell id, price in ticks, lots) with captured ids."""

    base: str
    quote: str
    rows: int = 0
    rows_opening: int = 0
    """Orders of the book that the capture began with."""
    rows_closing: int = 0
    """Orders that the capture deletes at its last instant."""
    rows_left_out: int = 0
    commands: int = 0
    events: int = 0
    orders: int = 0
    trades: list[tuple[str, str, int, int]] = field(default_factory=list)
    volume_lots: int = 0
    turnover_atoms: int = 0
    refusals: Counter[tuple[CommandKind, Reason]] = field(default_factory=Counter)
    best_bid: tuple[int, int] | None = None
    best_ask: tuple[int, int] | None = None


class ReplayFaultError(Exception):
    """The kernel's books do not add up after a replay."""


def agreeing_trades(capture: Capture, result: ReplayResult) -> int:
    """Return how many of the venue's trades we made too: same orders, price and amount."""
    theirs = Counter(
        (trade.buy_order_id, trade.sell_order_id, trade.price_ticks, trade.lots)
        for trade in capture.trades
    )
    return (theirs & Counter(result.trades)).total()


def replay(capture: Capture, kernel: ReplayKernel, progress: Progress) -> ReplayResult:
    """Run a whole capture through a fresh kernel."""
    run = _Replay(capture, kernel)
    size = capture.size()
    held: list[CapturedOrder] = []  # deletions of one instant: at the end they close the capture
    for position, row in capture.orders():
        deleted = row.action is Action.DELETED
        if held and not (deleted and row.time_us == held[0].time_us):
            run.take_all(held)
            held = []
        if deleted:
            held.append(row)
        elif run.take(row):
            progress(position, size)
    run.finish(held)
    progress(size, size)
    return run.result


class _Replay:
    """The state of one run: accounts by order id, and the batch being gathered."""

    def __init__(self, capture: Capture, kernel: ReplayKernel) -> None:
        self.result = ReplayResult(capture.base, capture.quote)
        self._kernel = kernel
        self._left_out = set(capture.stale_order_ids)
        self._takers = capture.taker_ids()
        self._numbers: dict[str, int] = {}
        self._order_ids: list[str] = []
        self._deposits: list[tuple[int, int]] = []  # asset, atoms
        self._traded: set[int] = set()
        self._closing: list[int] = []
        self._batch: list[bytes] = []
        self._kinds: list[int] = []
        self._seq = 0
        self._time_us = 0
        self._open_market(capture)

    def take(self, row: CapturedOrder) -> bool:
        """Feed one row; true when that filled a batch and the kernel ran it."""
        if self._is_opening(row):
            self.result.rows_opening += 1
        self.result.rows += 1
        self._time_us = max(self._time_us, row.time_us)
        number = self._numbers.get(row.order_id)
        if row.order_id in self._left_out:
            self.result.rows_left_out += 1
        elif row.action is Action.CREATED and number is None:
            self._create(row)
        elif number is None:  # gone before it came: nothing of this id can be trusted
            self._left_out.add(row.order_id)
            self.result.rows_left_out += 1
        elif row.action is Action.CHANGED:
            self._change(number, row)
        elif row.action is Action.DELETED:
            self._cancel(number)
            self._closing.append(number)
        if len(self._batch) < BATCH_COMMANDS_MAX:
            return False
        self._flush()
        return True

    def take_all(self, rows: list[CapturedOrder]) -> None:
        """Feed rows."""
        for row in rows:
            self.take(row)

    def finish(self, closing: list[CapturedOrder]) -> None:
        """Read the book as the market left it, close the capture, and check that money adds up."""
        self._flush()
        bids, asks = self._kernel.depth(MARKET, 1)
        self.result.best_bid = bids[0] if bids else None
        self.result.best_ask = asks[0] if asks else None
        self.take_all(closing)
        self.result.rows_closing = len(closing)
        while self._batch or self._closing:
            self._flush()
        difference = self._kernel.recount()
        if difference:
            raise ReplayFaultError(f"the books do not add up after the replay: {difference}")

    def _open_market(self, capture: Capture) -> None:
        self._send(CreateAsset(asset=QUOTE_ASSET, scale=QUOTE_SCALE, name=capture.quote.encode()))
        self._send(CreateAsset(asset=BASE_ASSET, scale=BASE_SCALE, name=capture.base.encode()))
        self._send(
            CreateMarket(
                market=MARKET,
                base_asset=BASE_ASSET,
                quote_asset=QUOTE_ASSET,
                status=MarketStatus.TRADING,
                default_stp_mode=StpMode.NONE,
                symbol=(capture.base + capture.quote).encode(),
                stp_modes=1 << StpMode.NONE,
                order_types=1 << OrderType.LIMIT | 1 << OrderType.LIMIT_MAKER,
                flags=MarketFlag.AMEND,
                tick_atoms=10 ** (QUOTE_SCALE - PRICE_DECIMALS),
                lot_atoms=1,
                tick_lot_atoms=1,
                price_ticks_min=PRICE_TICKS_MIN,
                qty_lots_min=1,
            )
        )
        self._flush()

    def _is_opening(self, row: CapturedOrder) -> bool:
        """Whether a row is of the book that was there when the capture began."""
        if row.action is not Action.CREATED or self.result.rows > self.result.rows_opening:
            return False
        return self.result.rows == 0 or row.time_us == self._time_us

    def _create(self, row: CapturedOrder) -> None:
        number = len(self._order_ids)
        self._numbers[row.order_id] = number
        self._order_ids.append(row.order_id)
        if not row.buy:  # an ask at zero sells at any price: the lowest that there is says the same
            row = row._replace(price_ticks=max(row.price_ticks, PRICE_TICKS_MIN))
        self._deposits.append((QUOTE_ASSET if row.buy else BASE_ASSET, 0))
        self._send(CreateAccount(account_id=_account_id(number), flags=_ACCOUNT_FLAGS))
        self._fund(number, _need_atoms(row))
        self.result.orders += 1
        resting = self._takers is not None and row.order_id not in self._takers
        self._place(number, row, OrderType.LIMIT_MAKER if resting else OrderType.LIMIT)

    def _change(self, number: int, row: CapturedOrder) -> None:
        """Follow a change by what our engine shows: only an order still open here can change."""
        self._flush()
        account_id = _account_id(number)
        data = self._kernel.order_by_client_id(account_id, MARKET, _client_order_id(number))
        if data is None:
            return
        order = OrderRow.unpack(data)
        if row.price_ticks != order.price_ticks:
            self._cancel(number)
            self._fund(number, _need_atoms(row))
            self._place(number, row, OrderType.LIMIT)
        elif row.lots < order.qty_lots - order.executed_lots:
            self._send(
                AmendOrder(
                    account_id=account_id,
                    market=MARKET,
                    qty_lots=order.executed_lots + row.lots,
                    original_client_order_id=_client_order_id(number),
                )
            )

    def _place(self, number: int, row: CapturedOrder, order_type: OrderType) -> None:
        self._send(
            NewOrder(
                account_id=_account_id(number),
                market=MARKET,
                side=Side.BUY if row.buy else Side.SELL,
                order_type=order_type,
                time_in_force=(
                    TimeInForce.GTC if order_type is OrderType.LIMIT else TimeInForce.NONE
                ),
                stp_mode=StpMode.NONE,
                price_ticks=row.price_ticks,
                qty_lots=row.lots,
                client_order_id=_client_order_id(number),
            )
        )

    def _cancel(self, number: int) -> None:
        self._send(
            CancelOrder(
                account_id=_account_id(number),
                market=MARKET,
                original_client_order_id=_client_order_id(number),
            )
        )

    def _fund(self, number: int, atoms: int) -> None:
        asset, before = self._deposits[number]
        if 0 < atoms <= AMOUNT_ATOMS_MAX:  # beyond that the order is refused in any case
            self._send(Deposit(account_id=_account_id(number), asset=asset, amount_atoms=atoms))
            self._deposits[number] = (asset, before + atoms)

    def _pay_out(self, number: int) -> None:
        """Send the money of an account whose order has ended out of the exchange."""
        account_id = _account_id(number)
        owned = [self._deposits[number]]
        if number in self._traded:
            rows = self._kernel.balances(account_id)
            balances = [
                BalanceRow.unpack(rows, offset) for offset in range(0, len(rows), BalanceRow.SIZE)
            ]
            owned = [(balance.asset, balance.free_atoms) for balance in balances]
        for asset, atoms in owned:
            if atoms:
                self._send(Withdraw(account_id=account_id, asset=asset, amount_atoms=atoms))

    def _send(self, command: _Command) -> None:
        self._batch.append(command._replace(time_us=self._time_us).pack())
        self._kinds.append(command.KIND)

    def _flush(self) -> None:
        """Run the batch; the accounts that it closed are paid out in the next one."""
        closed, self._closing = self._closing, []
        batch, self._batch = self._batch, []
        kinds, self._kinds = self._kinds, []
        self._seq += 1
        events = self._kernel.apply(b"".join(batch), self._seq)
        self.result.commands += len(batch)
        self._read(events, kinds)
        for number in closed:
            self._pay_out(number)

    def _read(self, events: bytes, kinds: list[int]) -> None:
        result = self.result
        offset = 0
        while offset < len(events):
            size, kind = _EVENT_HEADER.unpack_from(events, offset)
            result.events += 1
            if kind == EventKind.TRADE:
                self._read_trade(TradeEvent.unpack(events, offset))
            elif kind == EventKind.REFUSED:
                refused = RefusedEvent.unpack(events, offset)
                what = CommandKind(kinds[refused.command])
                result.refusals[what, Reason(refused.reason)] += 1
            offset += size

    def _read_trade(self, trade: TradeEvent) -> None:
        buyer = _number(trade.buy_account_id)
        seller = _number(trade.sell_account_id)
        self._traded.update((buyer, seller))
        self.result.trades.append(
            (self._order_ids[buyer], self._order_ids[seller], trade.price_ticks, trade.lots)
        )
        self.result.volume_lots += trade.lots
        self.result.turnover_atoms += trade.quote_atoms


def _account_id(number: int) -> int:
    return account_id_of(number + 1)


def _number(account_id: int) -> int:
    return (account_id >> SHARD_BITS) - 1


def _client_order_id(number: int) -> bytes:
    return b"%d" % number


def _need_atoms(row: CapturedOrder) -> int:
    return row.price_ticks * row.lots if row.buy else row.lots
