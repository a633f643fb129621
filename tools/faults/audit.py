"""Holds what clients were told, and what they are told now, against the journals and each other."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tools.faults.client import BrokenPromiseError, Client, UnansweredError
from tools.faults.exchange import FaultyExchange
from tools.faults.load import LATE, MARKETS, Load, Sent
from tools.faults.truth import Truth

from openoutcry.simulation import demo

PAGE = 1000
REST_SECONDS_MAX = 60.0
VIEWS_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 40.0
SAMPLE = 6
_MARKET_IDS = {"BTCUSD": demo.BTCUSD, "ETHUSD": demo.ETHUSD, "ETHBTC": demo.ETHBTC}
_PARTS = {"BTCUSD": ("BTC", "USD"), "ETHUSD": ("ETH", "USD"), "ETHBTC": ("ETH", "BTC")}
_ENDED = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH"})


@dataclass
class _History:
    """What one account has in one market, read so far."""

    from_order_id: int = 0
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    trade_id: int = 0
    trades: Counter[tuple[int, bool]] = field(default_factory=Counter)


def deposits() -> dict[int, int]:
    """Return what the demo has given to everybody, in atoms."""
    given: Counter[int] = Counter()
    for participant in demo.PARTICIPANTS:
        for asset, units in participant.units.items():
            given[asset] += units * demo.ATOMS
    return dict(given)


class Audit:
    """Knows the past, so that each look costs only what is new."""

    def __init__(self, exchange: FaultyExchange, load: Load, truth: Truth, seed: int) -> None:
        self._exchange = exchange
        self._load = load
        self._truth = truth
        self._random = random.Random(f"audit {seed}")  # noqa: S311 - seeded
        self._histories = {pair: _History() for pair in load.pairs}
        self._changes: Counter[tuple[int, str]] = Counter()
        """By account and asset: what its trades have changed."""
        self._sides: dict[str, Counter[bool]] = {symbol: Counter() for symbol in MARKETS}
        self._given = deposits()
        self.checked: Counter[str] = Counter()

    def trades_of(self, symbol: str) -> set[int]:
        """Return the ids of all trades in a market that accounts have read."""
        found: set[int] = set()
        for account in range(len(self._load.keys)):
            found.update(trade_id for trade_id, _ in self._histories[account, symbol].trades)
        return found

    def said_to(self, account: int) -> tuple[Counter[tuple[str, int]], set[tuple[str, int]]]:
        """Return an account's fills by (symbol, trade id), and its orders by (symbol, order id)."""
        fills: Counter[tuple[str, int]] = Counter()
        orders: set[tuple[str, int]] = set()
        for (owner, symbol), history in self._histories.items():
            if owner == account:
                fills.update((symbol, trade_id) for trade_id, _ in history.trades)
                orders.update((symbol, order["orderId"]) for order in history.orders.values())
        return fills, orders

    # -- while everything runs

    def look_on_the_way(self) -> None:
        """All money is there at one instant, with messages on their way (L01, K06)."""
        self._truth.look(self._exchange.dsn())
        self._truth.check_money(self._given)

    # -- at rest

    def look_at_rest(self) -> float:
        """Check everything; returns when books were equal everywhere, after the load has ended."""
        self._wait_for_rest()
        books_at = self._wait_for_books()
        with self._through_each() as clients:
            for sent in self._load.log.round:
                if sent.order_id is None and not sent.refused:
                    self._resolve(clients[0], sent)
            for pair in self._load.pairs:
                self._read_orders(clients, pair)
                self._read_trades(clients, pair)
            self._check_round(clients)
            self._check_trades()
            self._check_balances(clients)
        self._load.log.round = []
        return books_at

    def _wait_for_rest(self) -> None:
        end = time.monotonic() + REST_SECONDS_MAX
        while True:
            self._truth.look(self._exchange.dsn())
            self._truth.check_money(self._given)
            moving = self._truth.at_rest()
            if not moving:
                return
            if time.monotonic() > end:
                raise BrokenPromiseError(moving)
            time.sleep(0.1)

    @contextmanager
    def _through_each(self) -> Iterator[list[Client]]:
        """A client at each gateway."""
        pids = self._exchange.processes()
        clients = [Client(self._exchange.port) for _ in self._exchange.gateways]
        try:
            for client, name in zip(clients, self._exchange.gateways, strict=True):
                client.come_to(pids[name])
            yield clients
        finally:
            for client in clients:
                client.close()

    def _wait_for_books(self) -> float:
        """Redis and each gateway show what the engines have (V01, K08)."""
        end = time.monotonic() + VIEWS_SECONDS_MAX
        while True:
            wrong = self._wrong_book()
            if not wrong:
                return time.monotonic()
            if time.monotonic() > end:
                raise BrokenPromiseError(wrong)
            time.sleep(0.05)

    def _wrong_book(self) -> str:
        try:
            with self._through_each() as clients:
                for symbol, market in _MARKET_IDS.items():
                    wanted = self._truth.book(market)
                    if (found := self._exchange.book(symbol)) != wanted:
                        return f"{symbol} in Redis: {_difference(found, wanted)} (K08)"
                    for client, name in zip(clients, self._exchange.gateways, strict=True):
                        found = self._depth(client, symbol)
                        if found != wanted:
                            return f"{symbol} at {name}: {_difference(found, wanted)} (V01)"
        except UnansweredError as error:
            return f"no answer: {error}"
        return ""

    def depth(self, symbol: str) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        """Return a market's book as clients see it: price to quantity, bids and asks."""
        row = self._truth.row_of_market(_MARKET_IDS[symbol])
        tick, lot = Decimal(row.tick_atoms) / demo.ATOMS, Decimal(row.lot_atoms) / demo.ATOMS
        bids, asks = self._truth.book(_MARKET_IDS[symbol])
        return (
            {price * tick: lots * lot for price, lots in bids.items()},
            {price * tick: lots * lot for price, lots in asks.items()},
        )

    def _depth(self, client: Client, symbol: str) -> tuple[dict[int, int], dict[int, int]] | None:
        status, body = client.request("GET", f"/api/v3/depth?symbol={symbol}&limit=5000")
        if status != 200:
            return None
        row = self._truth.row_of_market(_MARKET_IDS[symbol])
        tick, lot = Decimal(row.tick_atoms) / demo.ATOMS, Decimal(row.lot_atoms) / demo.ATOMS
        bids, asks = (
            {int(Decimal(price) / tick): int(Decimal(lots) / lot) for price, lots in body[side]}
            for side in ("bids", "asks")
        )
        return bids, asks

    # -- orders and trades

    def _get(self, client: Client, account: int, path: str, **parameters: object) -> Any:
        """Ask until there is an answer: 5xx promise nothing but that it may be tried again."""
        end = time.monotonic() + ANSWER_SECONDS_MAX
        while True:
            status, body = client.get(self._load.keys[account], path, **parameters)
            if status == 200:
                return body
            if status < 500 or time.monotonic() > end:
                raise BrokenPromiseError(f"{path} {parameters}: {status} {body}")
            self.checked[f"answers {status} at rest"] += 1
            time.sleep(0.1)

    def _resolve(self, client: Client, sent: Sent) -> None:
        """Ask what came of a request that was given up: its time is over, so this is final."""
        key = self._load.keys[sent.account]
        status, body = client.request("POST", sent.target, key.api_key)
        if status == 200:
            sent.order_id, sent.executed = body["orderId"], body["executedQty"]
        elif body["code"] == LATE:
            status, body = client.get(
                key, "/api/v3/order", symbol=sent.symbol, origClientOrderId=sent.name
            )
            if status == 200:
                sent.order_id, sent.executed = body["orderId"], body["executedQty"]
            else:
                sent.refused = True
        elif status < 500:
            sent.refused = True
        else:
            raise BrokenPromiseError(f"{sent.name} cannot be resolved: {status} {body}")
        self.checked["resolved at rest"] += 1

    def _read_orders(self, clients: list[Client], pair: tuple[int, str]) -> None:
        """Read what is not known to have ended, through each gateway; all say the same."""
        history = self._histories[pair]
        account, symbol = pair
        lists = []
        for client in clients:
            orders: list[dict[str, Any]] = []
            order_id = history.from_order_id
            while True:
                page = self._get(
                    client, account, "/api/v3/allOrders",
                    symbol=symbol, orderId=order_id, limit=PAGE,
                )  # fmt: skip
                orders += page
                if len(page) < PAGE:
                    break
                order_id = page[-1]["orderId"] + 1
            lists.append(orders)
        if any(orders != lists[0] for orders in lists):
            raise BrokenPromiseError(f"gateways disagree on the orders of {pair} (V04)")
        names = Counter(order["clientOrderId"] for order in lists[0])
        for name, count in names.items():
            known = history.orders.get(name)
            if count != 1 or name not in self._load.log.sent:
                raise BrokenPromiseError(f"{name} is there {count} times (K02)")
            if known is not None and known["orderId"] != _of(lists[0], name)["orderId"]:
                raise BrokenPromiseError(f"{name} has two order ids (K02)")
        for order in lists[0]:
            history.orders[order["clientOrderId"]] = order
            self.checked["orders read"] += 1
        self._check_open(clients, pair, lists[0])
        open_ids = [it["orderId"] for it in lists[0] if it["status"] not in _ENDED]
        last = [it["orderId"] for it in lists[0]][-1:]
        history.from_order_id = min([*open_ids, *last], default=history.from_order_id)

    def _check_open(
        self, clients: list[Client], pair: tuple[int, str], orders: list[dict[str, Any]]
    ) -> None:
        """What owners say is open is what the history says is open."""
        wanted = [it for it in orders if it["status"] not in _ENDED]
        for client in clients:
            found = self._get(client, pair[0], "/api/v3/openOrders", symbol=pair[1])
            if found != wanted:
                raise BrokenPromiseError(f"open orders of {pair}: {found} against {wanted}")

    def _read_trades(self, clients: list[Client], pair: tuple[int, str]) -> None:
        history = self._histories[pair]
        account, symbol = pair
        client = self._random.choice(clients)
        base, quote = _PARTS[symbol]
        while True:
            page = self._get(
                client, account, "/api/v3/myTrades",
                symbol=symbol, fromId=history.trade_id, limit=PAGE,
            )  # fmt: skip
            for trade in page:
                history.trades[trade["id"], trade["isBuyer"]] += 1
                sign = 1 if trade["isBuyer"] else -1
                self._add(account, base, sign * Decimal(trade["qty"]))
                self._add(account, quote, -sign * Decimal(trade["quoteQty"]))
                self._add(account, trade["commissionAsset"], -Decimal(trade["commission"]))
                self._sides[symbol][trade["isBuyer"]] += int(Decimal(trade["qty"]) * demo.ATOMS)
                history.trade_id = trade["id"] + 1
                self.checked["fills read"] += 1
            if len(page) < PAGE:
                break
        twice = [key for key, count in history.trades.items() if count != 1]
        if twice:
            raise BrokenPromiseError(f"trades of {pair} come twice: {twice[:5]}")

    def _add(self, account: int, asset: str, amount: Decimal) -> None:
        self._changes[account, asset] += amount  # type: ignore[assignment]

    # -- what must hold

    def _check_round(self, clients: list[Client]) -> None:
        """Nothing acknowledged is missing, and nothing that was refused is there (J04, J05)."""
        known = [sent for sent in self._load.log.round if sent.order_id is not None]
        for sent in self._load.log.round:
            order = self._histories[sent.account, sent.symbol].orders.get(sent.name)
            if sent.refused and order is not None:
                raise BrokenPromiseError(f"{sent.name} was refused and is there: {order} (K02)")
            if sent.order_id is None:
                continue
            if order is None:
                raise BrokenPromiseError(f"{sent.name} was acknowledged and is missing (J04)")
            if order["orderId"] != sent.order_id:
                raise BrokenPromiseError(f"{sent.name} has another order id (K02)")
            if Decimal(order["executedQty"]) < Decimal(sent.executed):
                raise BrokenPromiseError(f"{sent.name} has lost fills (J04)")
            if sent.cancelled and order["status"] != "CANCELED":
                raise BrokenPromiseError(f"{sent.name} was cancelled and is {order['status']}")
            self.checked["acknowledgements held"] += 1
        for sent in self._random.sample(known, min(SAMPLE, len(known))):
            for client in clients:
                order = self._get(
                    client, sent.account, "/api/v3/order",
                    symbol=sent.symbol, orderId=sent.order_id,
                )  # fmt: skip
                if order != self._histories[sent.account, sent.symbol].orders[sent.name]:
                    raise BrokenPromiseError(f"{sent.name} alone is another order than in a list")

    def _check_trades(self) -> None:
        """Each trade has one buyer and one seller, and both sides have filled as much (K07)."""
        for symbol in MARKETS:
            sides: Counter[tuple[int, bool]] = Counter()
            for account in range(len(self._load.keys)):
                sides.update(self._histories[account, symbol].trades)
            trades = {trade_id for trade_id, _ in sides}
            if any(sides[trade_id, side] != 1 for trade_id in trades for side in (True, False)):
                raise BrokenPromiseError(f"a trade of {symbol} has not two sides")
            if self._sides[symbol][True] != self._sides[symbol][False]:
                raise BrokenPromiseError(f"{symbol}: bought and sold differ: {self._sides}")

    def _check_balances(self, clients: list[Client]) -> None:
        """Each balance is what was given and what its trades and open orders have made of it."""
        for account, key in enumerate(self._load.keys):
            locked = self._locked(account)
            for client in clients:
                body = self._get(client, account, "/api/v3/account")
                found = {it["asset"]: it for it in body["balances"]}
                for asset, given in key.balances.items():
                    is_there = Decimal(found[asset]["free"]) + Decimal(found[asset]["locked"])
                    wanted = Decimal(given) + Decimal(self._changes[account, asset])
                    if is_there != wanted:
                        raise BrokenPromiseError(f"{key.name}: {is_there} {asset}, not {wanted}")
                    if Decimal(found[asset]["locked"]) != locked[asset]:
                        raise BrokenPromiseError(
                            f"{key.name}: {found[asset]} is locked, not {locked[asset]} (L05)"
                        )
                    self.checked["balances"] += 1

    def _locked(self, account: int) -> Counter[str]:
        locked: Counter[str] = Counter()
        for symbol, (base, quote) in _PARTS.items():
            for order in self._histories[account, symbol].orders.values():
                if order["status"] in _ENDED:
                    continue
                left = Decimal(order["origQty"]) - Decimal(order["executedQty"])
                is_buy = order["side"] == "BUY"
                amount = left * Decimal(order["price"]) if is_buy else left
                locked[quote if is_buy else base] += amount  # type: ignore[assignment]
        return locked


def _of(orders: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(order for order in orders if order["clientOrderId"] == name)


def _difference(found: Any, wanted: Any) -> str:
    if found is None:
        return "not there"
    return "; ".join(
        f"{name} {sorted(set(a.items()) ^ set(b.items()))[:4]}"
        for name, a, b in zip(("bids", "asks"), found, wanted, strict=True)
        if a != b
    )
