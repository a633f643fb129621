"""A watcher that reads commands and events and objects when an invariant is broken.

It shares no code with the kernel or the reference: balances, fees, books and fills are added up
again from what the events say. The ids are those of the invariant checklist.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from openoutcry.core import records as r
from openoutcry.core.enums import (
    EventKind,
    Execution,
    HouseKind,
    OrderFlag,
    OrderPlace,
    OrderStatus,
    OrderType,
    Reason,
    Side,
    StpMode,
    TimeInForce,
)
from openoutcry.core.ids import entity_of_market, shard_of_account
from openoutcry.core.limits import EVENTS_PER_COMMAND_MAX, RATE_ONE

OPEN = {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
CONDITIONAL = {
    OrderType.STOP_LOSS,
    OrderType.STOP_LOSS_LIMIT,
    OrderType.TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT,
}
MARKET_LIKE = {OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}
MATCHES = {Execution.TRADE, Execution.TRADE_PREVENTION}


def cut(data: bytes) -> Iterator[bytes]:
    """Cut concatenated records apart."""
    offset = 0
    while offset < len(data):
        size = int.from_bytes(data[offset : offset + 2], "little")
        yield data[offset : offset + size]
        offset += size


def events_of(data: bytes) -> list[Any]:
    """Read event records."""
    return [r.EVENTS[record[2]].unpack(record) for record in cut(data)]


def rows_of(data: bytes) -> list[Any]:
    """Read state rows."""
    return [r.ROWS[record[2]].unpack(record) for record in cut(data)]


def ceil_div(a: int, b: int) -> int:
    """Divide, rounding up."""
    return -(-a // b)


@dataclass
class Followed:
    """An order as the events tell it."""

    new: Any
    worst_ticks: int
    rates: tuple[int, int]
    trade_group: int
    hold: int = 0
    executed: int = 0
    executed_quote: int = 0
    prevented: int = 0
    received: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    fees: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    triggered: bool = False
    qty: int = 0
    done: bool = False

    @property
    def limit(self) -> int:
        """The worst price that it may trade at."""
        priced = self.new.order_type not in MARKET_LIKE
        return self.new.price_ticks if priced else self.worst_ticks


class Watcher:
    """Give it each batch's commands and events; it asserts."""

    def __init__(self) -> None:
        self.free: Counter[tuple[int, int]] = Counter()
        self.held: Counter[tuple[int, int]] = Counter()
        self.fees: Counter[int] = Counter()
        self.outside: Counter[int] = Counter()
        self.orders: dict[int, Followed] = {}
        self.markets: dict[int, Any] = {}
        self.accounts: dict[int, Any] = {}
        self.schedules: dict[tuple[int, int], tuple[int, int]] = {}
        self.books: dict[int, dict[int, dict[int, int]]] = {}
        self.last_price: dict[int, int] = {}
        self.minutes: dict[int, dict[int, list[int]]] = defaultdict(dict)
        self.extremes: dict[int, int] = {}
        self.ids: Counter[tuple[str, int]] = Counter()
        self.order_counters: Counter[int] = Counter()
        self.entity_seqs: Counter[int] = Counter()
        self._match: list[Any] = []
        self._expected_orders = 0

    def batch(self, commands: bytes, events: bytes) -> list[Any]:
        """Check the events of a batch; return them."""
        sent, told = list(cut(commands)), events_of(events)
        per_command = Counter(event.command for event in told)
        assert all(n <= EVENTS_PER_COMMAND_MAX for n in per_command.values()), "B39"
        for index, event in enumerate(told):
            assert event.index == index
            self.entity_seqs[event.entity] += 1
            assert event.entity_seq == self.entity_seqs[event.entity]
            self._event(event, sent[event.command])
        assert not self._match, "a match was not followed by its orders"
        return told

    def _event(self, e: Any, command: bytes) -> None:
        kind = EventKind(e.kind)
        if kind in {EventKind.ORDER, EventKind.ORDER_REQUESTED}:
            self._order(e, command)
        else:
            assert not self._match, "the orders of a match come right after it"
        if kind == EventKind.TRADE:
            self._trade(e)
        elif kind == EventKind.PREVENTED:
            self._prevented(e)
        elif kind == EventKind.LEVEL:
            self._level(e)
        elif kind == EventKind.BALANCE:
            self.free[e.account_id, e.asset] += e.amount_atoms
            self.outside[e.asset] += e.amount_atoms
            assert self.free[e.account_id, e.asset] == e.free_atoms >= 0, "L02 L03"
            assert self.held[e.account_id, e.asset] == e.held_atoms >= 0, "L02 L03"
        elif kind == EventKind.MARKET:
            self.markets[e.market] = e
            self.books.setdefault(e.market, {1: {}, 2: {}})
        elif kind == EventKind.ACCOUNT:
            self.accounts[e.account_id] = e
        elif kind == EventKind.FEES:
            self.schedules[e.schedule, e.market] = (e.maker_rate, e.taker_rate)

    # ---- matches

    def _trade(self, e: Any) -> None:
        assert self._next("trade", e.market) == e.trade_id, "B34"
        assert e.lots > 0
        assert e.quote_atoms == e.lots * e.price_ticks * self.markets[e.market].tick_lot_atoms, (
            "F04"
        )
        assert self.markets[e.market].status == 1, "B31: only a trading market trades"
        resting = self.books[e.market][3 - e.taker_side]
        best = min(resting) if e.taker_side == Side.BUY else max(resting)
        assert e.price_ticks == best, "B04: no trade at a worse price than the best"
        self.last_price[e.market] = e.price_ticks
        minute = self.minutes[e.market].setdefault(e.time_us // 60_000_000, [0, 0])
        minute[0] += e.lots
        minute[1] += e.quote_atoms
        buy, sell = self.orders[e.buy_order_id], self.orders[e.sell_order_id]
        assert (buy.new.account_id, sell.new.account_id) == (e.buy_account_id, e.sell_account_id)
        taker, maker = (buy, sell) if e.taker_side == Side.BUY else (sell, buy)
        assert maker.new.price_ticks == e.price_ticks, "B06: the maker's price"
        assert buy.limit >= e.price_ticks >= sell.limit, "B06 B11: within both limits"
        assert taker.new.order_type != OrderType.LIMIT_MAKER, "B09: post-only never takes"
        if taker.new.stp_mode != StpMode.NONE:
            assert not self._own(taker, maker), "B13"
        self._match = [e, maker, taker]

    def _own(self, a: Followed, b: Followed) -> bool:
        same = a.new.account_id == b.new.account_id
        return same or (a.trade_group != 0 and a.trade_group == b.trade_group)

    def _prevented(self, e: Any) -> None:
        assert self._next("prevented", e.market) == e.prevented_id, "B34"
        taker, maker = self.orders[e.taker_order_id], self.orders[e.maker_order_id]
        assert self._own(taker, maker), "B13"
        assert taker.new.stp_mode != StpMode.NONE
        if e.stp_mode in {StpMode.DECREMENT, StpMode.TRANSFER}:
            assert e.taker_prevented_lots == e.maker_prevented_lots > 0, "B15"
        waiting = [e]
        waiting += [maker] if e.maker_prevented_lots else []
        waiting += [taker] if e.taker_prevented_lots else []
        self._match = waiting

    def _next(self, what: str, market: int) -> int:
        self.ids[what, market] += 1
        return self.ids[what, market]

    def _level(self, e: Any) -> None:
        assert self._next("update", e.market) == e.update_id, "B34"
        side = self.books[e.market][e.side]
        assert (e.orders == 0) == (e.lots == 0)
        if e.orders:
            side[e.price_ticks] = e.lots
        else:
            side.pop(e.price_ticks, None)

    # ---- orders

    def _order(self, e: Any, command: bytes) -> None:
        if e.execution == Execution.NEW:
            self._accepted(e, command)
        o = self.orders[e.order_id]
        assert not o.done, "an order ends once"
        if e.execution in MATCHES:
            self._matched(o, e)
        else:
            assert not self._match, "the orders of a match come right after it"
            assert e.match_id == e.last_lots == e.last_ticks == 0
            assert e.paid_atoms == e.received_atoms == e.fee_atoms == 0, "L03"
        if e.execution == Execution.TRIGGERED:
            assert o.new.order_type in CONDITIONAL
            assert not o.triggered, "B21: exactly once"
            o.triggered = True
        o.qty = e.qty_lots
        assert e.executed_lots == o.executed, "B07"
        assert e.executed_quote_atoms == o.executed_quote, "B07"
        assert e.prevented_lots == o.prevented, "B07"
        if not o.new.quote_order_atoms and e.reason != Reason.AMENDED_BELOW_EXECUTED:
            assert o.executed + o.prevented <= max(e.qty_lots, 0), "B07"
        self._money(o, e)
        if e.status not in OPEN:
            self._ended(o, e)

    def _accepted(self, e: Any, command: bytes) -> None:
        shard = shard_of_account(e.account_id)
        self.order_counters[shard] += 1
        assert e.order_id == self.order_counters[shard] << 10 | shard, "B34: order ids, no gaps"
        sent = r.COMMANDS[command[2]].unpack(command)
        assert isinstance(sent, r.NewOrder | r.CancelReplace)
        market, account = self.markets[e.market], self.accounts[e.account_id]
        assert market.status == 1, "B31: no new order in a halted market"
        schedule = account.fee_schedule
        rates = self.schedules.get((schedule, e.market), self.schedules.get((schedule, 0), (0, 0)))
        self.orders[e.order_id] = Followed(e, sent.worst_ticks, rates, account.trade_group)
        self._entry_rules(e, market)

    def _entry_rules(self, e: Any, market: Any) -> None:
        """B02 B40: what was let in keeps the rules of entry."""
        for price in (e.price_ticks, e.stop_ticks):
            if price:
                assert price >= market.price_ticks_min
                assert not market.price_ticks_max or price <= market.price_ticks_max
        if not e.quote_order_atoms:
            assert e.qty_lots >= max(market.qty_lots_min, 1)
            assert not market.qty_lots_max or e.qty_lots <= market.qty_lots_max
        assert market.order_types >> e.order_type & 1
        assert market.stp_modes >> e.stp_mode & 1

        if e.order_type not in MARKET_LIKE:
            self._band(e, market)

    def _band(self, e: Any, market: Any) -> None:
        """B32: a price is inside the band around the average of the last minutes."""
        first = e.time_us // 60_000_000 - market.average_price_minutes
        inside = [x for minute, x in self.minutes[e.market].items() if minute > first]
        lots, quote = sum(x[0] for x in inside), sum(x[1] for x in inside)
        average = self.last_price.get(e.market, 0)
        if lots and market.average_price_minutes:
            average = quote // (lots * market.tick_lot_atoms)
        up, down = market.bid_multiplier_up, market.bid_multiplier_down
        if e.side == Side.SELL:
            up, down = market.ask_multiplier_up, market.ask_multiplier_down
        if average:
            assert not up or e.price_ticks * 10_000 <= average * up, "B32"
            assert not down or e.price_ticks * 10_000 >= average * down, "B32"

    def _matched(self, o: Followed, e: Any) -> None:
        assert len(self._match) > 1, "an order event without its match"
        match, expected = self._match[0], self._match.pop(1)
        assert o is expected, "maker first, then taker"
        if len(self._match) == 1:
            self._match = []
        assert o.new.order_type not in CONDITIONAL or o.triggered, "B21: not before its trigger"
        assert e.last_ticks == match.price_ticks
        tick_lot_atoms = self.markets[e.market].tick_lot_atoms
        value = e.last_lots * e.last_ticks * tick_lot_atoms
        maker = bool(e.flags & OrderFlag.MAKER)
        lot = e.last_lots * self.markets[e.market].lot_atoms
        if e.execution == Execution.TRADE:
            assert match.lots == e.last_lots, "B08"
            o.executed += e.last_lots
            o.executed_quote += value
            expected_money = (value, lot) if e.side == Side.BUY else (lot, value)
            assert (e.paid_atoms, e.received_atoms) == expected_money, "L04 B08"
            self._fee(o, e, maker=maker)
        else:
            assert not maker
            o.prevented += e.last_lots
            assert e.fee_atoms == 0, "B14"
            if match.stp_mode == StpMode.TRANSFER:
                expected_money = (value, lot) if e.side == Side.BUY else (lot, value)
                assert (e.paid_atoms, e.received_atoms) == expected_money, "L04"
            else:
                assert e.paid_atoms == e.received_atoms == 0, "B14"

    def _fee(self, o: Followed, e: Any, *, maker: bool) -> None:
        o.received[maker] += e.received_atoms
        o.fees[maker] += e.fee_atoms
        rate = o.rates[0] if maker else o.rates[1]
        assert o.fees[maker] == ceil_div(rate * o.received[maker], RATE_ONE), "F01 F03"
        assert o.fees[maker] >= 1 or rate == 0, "F05"

    def _money(self, o: Followed, e: Any) -> None:
        """L03: balances move by what the event says, and by nothing else."""
        market, account = self.markets[e.market], e.account_id
        base, quote = (account, market.base_asset), (account, market.quote_asset)
        paying, getting = (quote, base) if e.side == Side.BUY else (base, quote)
        o.hold += e.held_atoms - e.released_atoms - e.paid_atoms
        assert o.hold >= 0, "L05"
        self.free[paying] += e.released_atoms - e.held_atoms
        self.held[paying] += e.held_atoms - e.released_atoms - e.paid_atoms
        self.free[getting] += e.received_atoms - e.fee_atoms
        self.fees[getting[1]] += e.fee_atoms
        balances = (self.free[base], self.held[base], self.free[quote], self.held[quote])
        told = (e.base_free_atoms, e.base_held_atoms, e.quote_free_atoms, e.quote_held_atoms)
        assert balances == told, "L03"
        assert min(balances) >= 0, "L02"

    def _ended(self, o: Followed, e: Any) -> None:
        o.done = True
        assert o.hold == 0, "L07"
        new = o.new
        if e.status == OrderStatus.FILLED and not new.quote_order_atoms:
            assert o.executed + o.prevented == o.qty, "B07"
        if new.time_in_force == TimeInForce.FOK and e.reason == Reason.FOK_UNFILLED:
            assert o.executed == o.prevented == 0, "B09 B10"
        if new.time_in_force == TimeInForce.FOK and o.executed:
            assert e.status == OrderStatus.FILLED, "B09: all or nothing"
        if new.quote_order_atoms:
            assert o.executed_quote <= new.quote_order_atoms, "B12"
            if e.status == OrderStatus.FILLED and new.side == Side.BUY:
                left = new.quote_order_atoms - o.executed_quote
                value = e.last_ticks * self.markets[e.market].tick_lot_atoms
                assert left < value or o.prevented, "B12: less than a lot is left"

    # ---- the state as a whole

    def state(self, snapshot: bytes) -> None:
        """Check all rows against each other and against what was told."""
        rows: dict[type, list[Any]] = defaultdict(list)
        for row in rows_of(snapshot):
            rows[type(row)].append(row)
        self._balances(rows)
        self._holds(rows)
        queued = {row.market for row in rows[r.ContinuationRow]}
        resting: dict[int, dict[int, Counter[int]]] = defaultdict(
            lambda: {1: Counter(), 2: Counter()}
        )
        for o in rows[r.OrderRow]:
            self._open_order(o)
            if o.place == OrderPlace.BOOK:
                resting[o.market][o.side][o.price_ticks] += o.visible_lots
        for market, book in self.books.items():
            told = {side: {p: n for p, n in book[side].items() if n} for side in (1, 2)}
            for side in (1, 2):
                assert told[side] == dict(resting[market][side]), "B03"
            if market not in queued and told[1] and told[2]:
                assert max(told[1]) < min(told[2]), "B01: neither crossed nor locked"
        for row in rows[r.MarketRow]:
            assert row.last_price_ticks == self.last_price.get(row.market, 0), "B14"
            assert row.entity_seq == self.entity_seqs[entity_of_market(row.market)]

    def _balances(self, rows: dict[type, list[Any]]) -> None:
        totals: Counter[int] = Counter()
        for b in rows[r.BalanceRow]:
            assert b.free_atoms == self.free[b.account_id, b.asset] >= 0, "L02 L03"
            assert b.held_atoms == self.held[b.account_id, b.asset] >= 0, "L02 L03"
            totals[b.asset] += b.free_atoms + b.held_atoms
        house: Counter[tuple[int, int]] = Counter()
        for h in rows[r.HouseRow]:
            amount = h.amount_lo + (h.amount_hi << 64)
            house[h.house, h.asset] += amount
            totals[h.asset] += amount
            assert amount, "rows of zero are left out"
        assert not any(totals.values()), "L01"
        for asset in set(self.fees) | set(self.outside):
            assert house[HouseKind.FEE, asset] == self.fees[asset], "L08"
            assert house[HouseKind.EXTERNAL, asset] == -self.outside[asset], "L01"
            assert house[HouseKind.CLEARING, asset] == 0, "every trade's two halves meet"

    def _holds(self, rows: dict[type, list[Any]]) -> None:
        holds: Counter[tuple[int, int]] = Counter()
        for o in rows[r.OrderRow]:
            market = self.markets[o.market]
            asset = market.quote_asset if o.side == Side.BUY else market.base_asset
            holds[o.account_id, asset] += o.hold_atoms
            assert o.hold_atoms == self.orders[o.order_id].hold, "L05"
        assert +holds == +self.held, "L05"

    def _open_order(self, o: Any) -> None:
        market = self.markets[o.market]
        followed = self.orders[o.order_id]
        left = o.qty_lots - o.executed_lots - o.prevented_lots
        assert not followed.done, "L07"
        by_quote = o.quote_order_atoms > 0
        assert by_quote or 0 < left <= o.qty_lots, "B02"
        sweeping = o.place == OrderPlace.QUEUED
        assert o.order_type != OrderType.MARKET or sweeping, "B11: never rests"
        assert o.time_in_force in {TimeInForce.NONE, TimeInForce.GTC} or (
            sweeping or not o.flags & OrderFlag.TRIGGERED
        ), "B09: never rests"
        if o.order_type != OrderType.MARKET:
            obligation = o.worst_ticks * left * market.tick_lot_atoms
            if o.side == Side.SELL:
                obligation = left * market.lot_atoms
            assert o.hold_atoms == obligation, "L06"
        if o.flags & OrderFlag.TRAILING_ACTIVE:
            before = self.extremes.get(o.order_id, o.trailing_extreme_ticks)
            moved = o.trailing_extreme_ticks - before
            assert moved >= 0 if o.side == Side.SELL else moved <= 0, "B24"
            self.extremes[o.order_id] = o.trailing_extreme_ticks
        if o.place == OrderPlace.BOOK:
            assert o.order_type not in CONDITIONAL or followed.triggered, "B21"
            shown = min(o.iceberg_lots or left, left)
            assert 0 < o.visible_lots <= shown, "B16"
