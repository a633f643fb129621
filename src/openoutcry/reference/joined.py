"""Accounts and markets in one partition: every link is handed over at once."""

from openoutcry.reference.accounts import Accounts
from openoutcry.reference.administration import Administration
from openoutcry.reference.catalog import Catalog, Specification
from openoutcry.reference.hashing import LANES_START
from openoutcry.reference.links import ToMarket
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.market import Market

_NUMBER_BITS = (1 << 24) - 1
"""The low bits of an entity's address: the number of the market or shard."""


class Joined:
    """All state of a partition, and the wires between its two sides."""

    def __init__(self, partition: int = 0) -> None:
        self.seq = 0
        self.lanes = LANES_START
        self.log = EventLog(partition)
        self.partition = Entity(0)
        self.catalog = Catalog()
        self.markets: dict[int, Market] = {}
        self.accounts = Accounts(
            self.log, self.catalog, self.partition, self._to_market, self.markets
        )
        self.administration = Administration(
            self.log, self.catalog, self.partition, self.markets, self.open_market
        )

    def open_market(self, specification: Specification) -> Market:
        """Make a market and wire it to the accounts."""
        market = Market(specification, self.log, self.accounts.receive)
        self.markets[specification.market] = market
        return market

    def _to_market(self, link: ToMarket) -> None:
        self.markets[link.destination & _NUMBER_BITS].receive(link)

    def recount(self) -> str:
        """Add everything up anew; say what differs, or return an empty string."""
        return (
            self.accounts.ledger.recount()
            or self.accounts.recount_holds()
            or ("clearing is not empty" if self.accounts.ledger.clearing() else "")
            or self._recount_orders()
        )

    def _recount_orders(self) -> str:
        """Compare the sides' views of each order, and levels with their orders (B03, B07)."""
        known = 0
        for number, market in self.markets.items():
            known += len(market.orders)
            for order_id, there in market.orders.items():
                here = self.accounts.orders.get(order_id)
                if here is None or here.market != number:
                    return f"order {order_id} is unknown to its account"
                if (here.qty_lots, here.executed_lots, here.prevented_lots) != (
                    there.qty_lots,
                    there.executed_lots,
                    there.prevented_lots,
                ):
                    return f"the sides disagree on order {order_id}"
            for side in market.sides.values():
                for level in side.levels():
                    if level.lots != sum(order.visible_lots for order in level.queue.values()):
                        return f"market {number}: level {level.price_ticks} does not add up"
        return "" if known == len(self.accounts.orders) else "an order is in no market"
