"""The open orders of the account side: begun, settled, reported and ended (section 2)."""

from collections import defaultdict

from openoutcry.core.enums import Execution, OrderFlag, OrderStatus, Reason
from openoutcry.core.ids import entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AmendLink,
    AnswerLink,
    CancelLink,
    OrderEvent,
    OrderRequestedEvent,
    PlaceLink,
    SettleLink,
)
from openoutcry.reference.catalog import Catalog
from openoutcry.reference.holdings import Account, AccountOrder, Shard
from openoutcry.reference.ledger import Ledger
from openoutcry.reference.links import Answers
from openoutcry.reference.log import EventLog
from openoutcry.reference.terms import BUY

WORKING = OrderFlag.WORKING.value
MAKER = OrderFlag.MAKER.value
TRAILING_ACTIVE = OrderFlag.TRAILING_ACTIVE.value
TRIGGERED = OrderFlag.TRIGGERED.value

LinkFromAccounts = PlaceLink | CancelLink | AmendLink


class Settling:
    """Accounts, orders and money, changed by what markets say."""

    def __init__(self, log: EventLog, catalog: Catalog) -> None:
        self.catalog = catalog
        self.ledger = Ledger()
        self.accounts: dict[int, Account] = {}
        self.orders: dict[int, AccountOrder] = {}
        """Every open order by id."""
        self.shards: dict[int, Shard] = {}
        self._log = log

    def shard(self, account_id: int) -> Shard:
        """Return the shard of an account; it exists from the first time that it is asked for."""
        number = shard_of_account(account_id)
        found = self.shards.get(number)
        if found is None:
            found = self.shards[number] = Shard(entity_of_shard(number))
        return found

    # ----- the life of an order

    def open_order(self, order: AccountOrder) -> None:
        """Enter an order in the tables."""
        self.orders[order.order_id] = order
        there = self.accounts[order.account_id].in_market(order.market)
        there.orders[order.order_id] = order
        there.client_order_ids[order.client_order_id] = order.order_id
        there.waiting += order.waiting
        there.icebergs += order.iceberg_lots > 0

    def close_order(self, order: AccountOrder) -> int:
        """Take an order out of the tables and release what is left of its hold; return how much."""
        self._stop_waiting(order)
        there = self.accounts[order.account_id].in_market(order.market)
        there.icebergs -= order.iceberg_lots > 0
        del there.client_order_ids[order.client_order_id]
        del there.orders[order.order_id]
        del self.orders[order.order_id]
        return self.release(order, order.hold_atoms)

    def release(self, order: AccountOrder, atoms: int) -> int:
        """Give back a part of an order's hold; return how much."""
        order.hold_atoms -= atoms
        assert order.hold_atoms >= 0, "more is released than was held"
        self.ledger.hold(order.account_id, self._assets(order)[0], -atoms)
        return atoms

    def rename_order(self, order: AccountOrder, client_order_id: bytes) -> None:
        """Give an open order another client order id."""
        there = self.accounts[order.account_id].in_market(order.market)
        del there.client_order_ids[order.client_order_id]
        there.client_order_ids[client_order_id] = order.order_id
        order.client_order_id = client_order_id

    def _stop_waiting(self, order: AccountOrder) -> None:
        if order.waiting:
            order.waiting = False
            self.accounts[order.account_id].in_market(order.market).waiting -= 1

    def _assets(self, order: AccountOrder) -> tuple[int, int]:
        """Return (asset paid, asset received)."""
        specification = self.catalog.specifications[order.market]
        base, quote = specification.base_asset, specification.quote_asset
        return (quote, base) if order.side == BUY else (base, quote)

    # ----- what markets say

    def settle(self, link: SettleLink) -> None:
        """Book a fill, a transfer or a prevention."""
        order = self.orders[link.order_id]
        specification = self.catalog.specifications[order.market]
        exchanged = not link.prevented or bool(link.transfer)
        paid = received = fee = 0
        if exchanged:
            base_atoms = link.lots * specification.lot_atoms
            quote_atoms = link.price_ticks * link.lots * specification.tick_lot_atoms
            assert quote_atoms == link.quote_atoms, "the sides disagree on a notional"
            buys = order.side == BUY
            paid, received = (quote_atoms, base_atoms) if buys else (base_atoms, quote_atoms)
        released = 0
        if order.unit_held:
            released = order.unit_hold(link.lots, specification) - paid
        if link.prevented:
            order.prevented_lots += link.lots
        else:
            fee = order.fee(received, specification, maker=bool(link.maker))
            order.executed_lots += link.lots
            order.executed_quote_atoms += link.quote_atoms
            if not link.maker:
                order.taker_received_atoms += received
        if exchanged:
            self._exchange(order, paid, received, fee)
        self.release(order, released)
        order.status = link.status
        if link.ends:
            released += self.close_order(order)
        self.report(
            order,
            Execution.TRADE_PREVENTION if link.prevented else Execution.TRADE,
            reason=link.reason,
            flags=MAKER if link.maker and not link.prevented else 0,
            match_id=link.trade_id,
            last_ticks=link.price_ticks,
            last_lots=link.lots,
            released_atoms=released,
            paid_atoms=paid,
            received_atoms=received,
            fee_atoms=fee,
        )

    def _exchange(self, order: AccountOrder, paid: int, received: int, fee: int) -> None:
        """Pay from the hold and receive, less the fee."""
        assert 0 <= fee <= received, "a fee is more than what is received"
        pay_asset, receive_asset = self._assets(order)
        order.hold_atoms -= paid
        self.ledger.fill(
            order.account_id,
            shard_of_account(order.account_id),
            order.market,
            pay_asset=pay_asset,
            paid=paid,
            receive_asset=receive_asset,
            received=received,
            fee=fee,
        )

    def expire(self, order: AccountOrder, reason: int) -> None:
        """End an order for a reason of the market's."""
        order.status = OrderStatus.EXPIRED
        released = self.close_order(order)
        self.report(order, Execution.EXPIRED, reason=reason, released_atoms=released)

    def cancel(self, order: AccountOrder, request_client_order_id: bytes) -> None:
        """End an order as its user asked."""
        order.status = OrderStatus.CANCELED
        released = self.close_order(order)
        self.report(
            order,
            Execution.CANCELED,
            reason=Reason.CANCELED_BY_USER,
            released_atoms=released,
            request_client_order_id=request_client_order_id,
        )

    def amend(self, order: AccountOrder, qty_lots: int, client_order_id: bytes) -> None:
        """Make an order smaller, and rename it if a new id is given."""
        specification = self.catalog.specifications[order.market]
        less = order.qty_lots - qty_lots
        released = self.release(order, order.unit_hold(less, specification))
        order.qty_lots = qty_lots
        order.amends += 1
        id_before = order.client_order_id
        if client_order_id.rstrip(b"\0"):
            self.rename_order(order, client_order_id)
        self.report(
            order,
            Execution.REPLACED,
            released_atoms=released,
            request_client_order_id=id_before,
        )

    def hear(self, link: AnswerLink) -> None:
        """Take in news of an order that nobody asked for."""
        order = self.orders[link.order_id]
        if link.answers == Answers.TRAILING_STARTED:
            order.flags |= TRAILING_ACTIVE
            order.trailing_us = link.time_us
        elif link.answers == Answers.QUEUED:
            order.flags |= TRIGGERED
            self._stop_waiting(order)
        else:
            assert link.answers == Answers.WORKING, "an answer to nothing"
            order.flags |= WORKING | TRIGGERED
            self._stop_waiting(order)
            order.working_us = link.time_us
            self.report(order, Execution.TRIGGERED)

    # ----- reports

    def report(
        self,
        order: AccountOrder,
        execution: Execution,
        *,
        flags: int = 0,
        request_client_order_id: bytes | None = None,
        **moved: int,
    ) -> None:
        """Emit the order as it stands now, with what this event moved."""
        order.updated_us = self._log.time_us
        specification = self.catalog.specifications[order.market]
        base = self.ledger.balance(order.account_id, specification.base_asset)
        quote = self.ledger.balance(order.account_id, specification.quote_asset)
        fields: dict[str, object] = dict(moved)
        if request_client_order_id is not None:
            fields["request_client_order_id"] = request_client_order_id
        self._log.emit(
            self.shard(order.account_id),
            OrderEvent if request_client_order_id is None else OrderRequestedEvent,
            account_id=order.account_id,
            order_id=order.order_id,
            market=order.market,
            side=order.side,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            stp_mode=order.stp_mode,
            status=order.status,
            execution=execution,
            flags=order.flags | flags,
            trailing_bips=order.trailing_bips,
            price_ticks=order.price_ticks,
            qty_lots=order.qty_lots,
            quote_order_atoms=order.quote_atoms,
            stop_ticks=order.stop_ticks,
            iceberg_lots=order.iceberg_lots,
            executed_lots=order.executed_lots,
            executed_quote_atoms=order.executed_quote_atoms,
            prevented_lots=order.prevented_lots,
            created_us=order.created_us,
            working_us=order.working_us,
            trailing_us=order.trailing_us,
            base_free_atoms=base[0],
            base_held_atoms=base[1],
            quote_free_atoms=quote[0],
            quote_held_atoms=quote[1],
            strategy_id=order.strategy_id,
            strategy_type=order.strategy_type,
            client_order_id=order.client_order_id,
            **fields,
        )

    # ----- recount

    def recount_holds(self) -> str:
        """Compare holds with orders and balances (L05, L06); say what differs."""
        held: dict[tuple[int, int], int] = defaultdict(int)
        for order in self.orders.values():
            specification = self.catalog.specifications[order.market]
            unit_hold = order.unit_hold(order.remaining, specification)
            if order.unit_held and order.hold_atoms != unit_hold:
                return f"order {order.order_id} holds {order.hold_atoms}, not {unit_hold}"
            held[order.account_id, self._assets(order)[0]] += order.hold_atoms
        for account_id, rows in self.ledger.balances.items():
            for asset, row in rows.items():
                if row.held != held.pop((account_id, asset), 0):
                    return f"held of account {account_id}, asset {asset} is not its orders'"
        return "orders hold what no balance has" if any(held.values()) else ""
