"""All state of a partition, and the wires between its two sides or to those of others."""

from openoutcry.core.enums import EntityKind, Reason, Role
from openoutcry.core.limits import OUTBOX_MESSAGES_MAX
from openoutcry.core.records import AmendLink, CancelLink, Host, PlaceLink, SetRole
from openoutcry.reference.accounts import Accounts
from openoutcry.reference.administration import Administration
from openoutcry.reference.catalog import Catalog, Specification
from openoutcry.reference.hashing import LANES_START
from openoutcry.reference.hosting import Hosting
from openoutcry.reference.links import (
    NUMBER_BITS,
    Answers,
    ToAccounts,
    ToMarket,
    is_to_market,
    shard_entity_of_order,
)
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.market import Market
from openoutcry.reference.post import Post
from openoutcry.reference.remote import RemoteAccounts


class State:
    """A partition in any role.

    JOINED: accounts and markets hand each other every link at once. In the other roles one side
    lives here, what it says goes out by the post, and what comes is delivered.
    """

    def __init__(self, partition: int = 0) -> None:
        self.seq = 0
        self.lanes = LANES_START
        self.log = EventLog(partition)
        self.partition = Entity(0)
        self.catalog = Catalog()
        self.markets: dict[int, Market] = {}
        """Every market; one that is not hosted is a copy: its specification, and nothing else."""
        self.hosting = Hosting()
        self.post = Post(self.log)
        self.administration = Administration(
            self.log, self.catalog, self.partition, self.hosting, self.markets, self.open_market
        )
        self.accounts = Accounts(
            self.log, self.catalog, self.partition, self._to_market, self.markets
        )

    @property
    def remote(self) -> RemoteAccounts:
        """The account side of a partition whose markets are elsewhere."""
        assert isinstance(self.accounts, RemoteAccounts), "a joined partition has no requests"
        return self.accounts

    def take_role(self, role: Role) -> None:
        """Become a partition of one side; there is nothing here yet."""
        self.hosting.role = role
        if role != Role.JOINED:
            self.accounts = RemoteAccounts(
                self.log, self.catalog, self.partition, self._post_to_market, self.hosting
            )

    def set_role(self, command: SetRole) -> Reason:
        """Take a role, before anything else is here."""
        reason = self.administration.check_role(command)
        if reason:
            return reason
        if self.accounts.accounts or self.accounts.shards:
            return Reason.ALREADY_EXISTS
        self.take_role(Role(command.role))
        self.administration.report_role()
        return Reason.NONE

    def host(self, command: Host) -> Reason:
        """Begin, or end before anything has happened, an entity's home here."""
        reason = self.administration.check_host(command)
        if reason:
            return reason
        if command.hosted:
            self.hosting.hosted[command.entity] = command.route_version
        elif self._is_untouched(command.entity):
            self._forget(command.entity)
        else:
            return Reason.INVALID_SPECIFICATION
        self.administration.report_hosted(command)
        return Reason.NONE

    def _is_untouched(self, entity: int) -> bool:
        """Whether nothing has happened in an entity that is hosted here."""
        if any(here == entity for here, _ in self.post.links):
            return False
        number = entity & NUMBER_BITS
        if self.hosting.role == Role.ACCOUNTS:
            return number not in self.accounts.shards
        market = self.markets[number]
        return market.update_id == market.priority == market.trade_id == market.prevented_id == 0

    def _forget(self, entity: int) -> None:
        """Host an entity no more; of a market a copy is left."""
        del self.hosting.hosted[entity]
        if self.hosting.role == Role.MARKETS:
            market = self.markets[entity & NUMBER_BITS]
            self.open_market(market.specification._replace(status=market.status))

    def open_market(self, specification: Specification) -> Market:
        """Make a market and wire it to the accounts."""
        joined = self.hosting.role == Role.JOINED
        send = self.accounts.receive if joined else self._post_to_accounts
        market = Market(specification, self.log, send)
        self.markets[specification.market] = market
        return market

    def _to_market(self, link: ToMarket) -> None:
        self.markets[link.destination & NUMBER_BITS].receive(link)

    # ----- between partitions

    def _post_to_market(self, link: ToMarket) -> int:
        return self.post.send(self.accounts.shard(link.order_id), link)

    def _post_to_accounts(self, link: ToAccounts) -> None:
        """Send what a market says; a trigger that is met is told when its order starts working."""
        answers = getattr(link, "answers", 0)
        if answers == Answers.QUEUED:
            return
        used = self.log.used
        self.post.send(self.markets[link.source & NUMBER_BITS].entity, link)
        if answers == Answers.TRAILING_STARTED:
            self.log.used = used  # bounded by the trailing orders of a market, not by the budget

    def deliver(self, link: ToMarket | ToAccounts) -> None:
        """Take in a message if it is the next of its link and for an entity hosted here."""
        if not self._is_for_here(link) or not self.post.accept(link):
            return
        if isinstance(link, PlaceLink | CancelLink | AmendLink):
            market = self.markets[link.destination & NUMBER_BITS]
            waiting = self.post.waiting(link.destination, link.source)
            market.admit(link, is_full=waiting >= OUTBOX_MESSAGES_MAX)
        else:
            self.remote.receive(link)
            self.remote.run_cancelled()
            self.remote.finish()

    def _is_for_here(self, link: ToMarket | ToAccounts) -> bool:
        if not self.hosting.hosts(link.destination):
            return False
        market, shard = link.source, link.destination
        if is_to_market(link):
            market, shard = shard, market
        fits = market >> 24 == EntityKind.MARKET and shard >> 24 == EntityKind.SHARD
        return fits and shard_entity_of_order(link.order_id) == shard

    # ----- recount

    def recount(self) -> str:
        """Add everything up anew; say what differs, or return an empty string."""
        money = self.accounts.ledger.recount() or self.accounts.recount_holds()
        if money or self.hosting.role == Role.ACCOUNTS:
            return money
        if self.hosting.role == Role.MARKETS:
            return self._recount_levels()
        clearing = "clearing is not empty" if self.accounts.ledger.clearing() else ""
        return clearing or self._recount_orders() or self._recount_levels()

    def _recount_orders(self) -> str:
        """Compare the sides' views of each order (B07)."""
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
        return "" if known == len(self.accounts.orders) else "an order is in no market"

    def _recount_levels(self) -> str:
        """Compare levels with their orders (B03)."""
        for number, market in self.markets.items():
            for side in market.sides.values():
                for level in side.levels():
                    if level.lots != sum(order.visible_lots for order in level.queue.values()):
                        return f"market {number}: level {level.price_ticks} does not add up"
        return ""
