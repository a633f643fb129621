"""The two sides apart: homes of accounts and markets that only links connect, delivered late.

Each link is first in, first out; whose turn it is comes from outside. What must come out is what
`Reference` gives when every entity meets the same things in the same order.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from openoutcry.core.enums import CommandKind
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import (
    COMMANDS,
    AmendLink,
    CancelLink,
    Command,
    CreateAsset,
    PlaceLink,
    SettleLink,
)
from openoutcry.reference.accounts import Accounts
from openoutcry.reference.catalog import Catalog, Specification
from openoutcry.reference.links import ToAccounts, ToMarket
from openoutcry.reference.log import Entity, EventLog
from openoutcry.reference.market import Market
from openoutcry.reference.terms import BUY

Choose = Callable[[int], int]
"""Given how many things could happen next, which of them does (from 0)."""

_NUMBER_BITS = (1 << 24) - 1


class Arrival(NamedTuple):
    """A link that reached a market, and the client order id of its order."""

    link: ToMarket
    client_order_id: bytes


class Home:
    """A partition of account shards."""

    def __init__(self, catalog: Catalog, send: Callable[[ToMarket], None]) -> None:
        self.log = EventLog()
        self.accounts = Accounts(self.log, catalog, Entity(0), send, {})
        self.inbox: deque[bytes] = deque()
        """Commands that have not been read yet."""
        self._commands: dict[int, Callable[[Any], None]] = {
            CommandKind.NEW_ORDER: self.accounts.new_order,
            CommandKind.CANCEL_ORDER: self.accounts.cancel_order,
            CommandKind.CANCEL_ALL: self.accounts.cancel_all,
            CommandKind.CANCEL_REPLACE: self.accounts.cancel_replace,
            CommandKind.AMEND_ORDER: self.accounts.amend_order,
            CommandKind.CREATE_ACCOUNT: self.accounts.create_account,
            CommandKind.DEPOSIT: self.accounts.move_money,
            CommandKind.WITHDRAW: self.accounts.move_money,
            CommandKind.ADJUST: self.accounts.move_money,
        }

    def read(self) -> None:
        """Do the next command."""
        data = self.inbox.popleft()
        command = COMMANDS[data[2]].unpack(data)
        self._begin(command.time_us)
        self._commands[command.kind](command)
        self.accounts.ledger.check()

    def receive(self, link: ToAccounts) -> None:
        """Take in what a market says, and go on with what has waited for it."""
        self._begin(link.time_us)
        self.accounts.receive(link)
        self.accounts.run_cancelled()
        self.accounts.ledger.check()

    def _begin(self, time_us: int) -> None:
        self.log.begin_batch(self.log.seq + 1)
        self.log.begin_command(0)
        self.log.time_us = max(self.log.time_us, time_us)


class Place:
    """A partition of one market."""

    def __init__(self, specification: Specification, send: Callable[[ToAccounts], None]) -> None:
        self.log = EventLog()
        self.market = Market(specification, self.log, send)
        self.arrivals: list[Arrival] = []

    def receive(self, link: ToMarket, client_order_id: bytes) -> None:
        """Do what a link asks."""
        self.arrivals.append(Arrival(link, client_order_id))
        self._begin(link.time_us)
        self.market.admit(link)

    def drain(self) -> None:
        """Run continuations that the last event budget did not suffice for."""
        self._begin(self.log.time_us)
        self.market.drain()

    def _begin(self, time_us: int) -> None:
        self.log.begin_batch(self.log.seq + 1)
        self.log.begin_command(0)
        self.log.time_us = max(self.log.time_us, time_us)


class Split:
    """Homes and markets, the links between them, and what is under way on those."""

    def __init__(
        self,
        assets: Iterable[CreateAsset],
        specifications: Iterable[Specification],
        homes: int,
        choose: Choose,
    ) -> None:
        known = {asset.asset: asset for asset in assets}
        markets = {specification.market: specification for specification in specifications}
        self._choose = choose
        self.homes = [
            Home(Catalog(dict(known), dict(markets)), self._enqueue) for _ in range(homes)
        ]
        self.places = {
            number: Place(specification, self._enqueue) for number, specification in markets.items()
        }
        self._links: dict[tuple[int, int], deque[tuple[ToMarket | ToAccounts, bytes]]] = (
            defaultdict(deque)
        )
        self._sent: Counter[tuple[int, int]] = Counter()
        self._received: Counter[tuple[int, int]] = Counter()

    def submit(self, command: Command) -> None:
        """Give a command to the home of its account; it is read when its turn comes."""
        self._home(command.account_id).inbox.append(command.pack())

    def run(self) -> None:
        """Let things happen, one at a time and as the schedule says, until all is at rest."""
        while self.step():
            pass

    def step(self) -> bool:
        """Let one thing happen; False when nothing is left to."""
        possible: list[Callable[[], None]] = [home.read for home in self.homes if home.inbox]
        for key in sorted(key for key, waiting in self._links.items() if waiting):
            possible.append(partial(self._deliver, key))
        for place in self.places.values():
            if place.market.is_busy():
                possible.append(place.drain)
        if not possible:
            return False
        possible[self._choose(len(possible))]()
        return True

    def _home(self, account_or_order_id: int) -> Home:
        return self.homes[shard_of_account(account_or_order_id) % len(self.homes)]

    def _enqueue(self, link: ToMarket | ToAccounts) -> None:
        key = (link.source, link.destination)
        self._sent[key] += 1
        name = b""
        if isinstance(link, PlaceLink | CancelLink | AmendLink):
            name = self._home(link.order_id).accounts.orders[link.order_id].client_order_id
        self._links[key].append((link._replace(link_seq=self._sent[key]), name))

    def _deliver(self, key: tuple[int, int]) -> None:
        link, name = self._links[key].popleft()
        self._received[key] += 1
        assert link.link_seq == self._received[key], "a link is out of order (K01)"
        if isinstance(link, PlaceLink | CancelLink | AmendLink):
            self.places[link.destination & _NUMBER_BITS].receive(link, name)
        else:
            self._home(link.order_id).receive(link)

    # ----- what stands

    def balances(self) -> dict[tuple[int, int], tuple[int, int]]:
        """Return (free, held) by (account, asset)."""
        return {
            (account_id, asset): (balance.free, balance.held)
            for home in self.homes
            for account_id, found in home.accounts.ledger.balances.items()
            for asset, balance in found.items()
        }

    def recount(self) -> str:
        """Add everything up, what is under way too; say what differs, or return an empty string."""
        for home in self.homes:
            differs = home.accounts.ledger.recount() or home.accounts.recount_holds()
            if differs:
                return differs
        clearing: Counter[tuple[int, int]] = Counter()
        for home in self.homes:
            clearing.update(home.accounts.ledger.clearing())
        for waiting in self._links.values():
            for link, _ in waiting:
                if isinstance(link, SettleLink) and (link.transfer or not link.prevented):
                    clearing.update(self._clearing_of(link))
        return "clearing and links do not add up (K06)" if any(clearing.values()) else ""

    def _clearing_of(self, link: SettleLink) -> dict[tuple[int, int], int]:
        """Return what a fill under way will put into clearing."""
        order = self._home(link.order_id).accounts.orders[link.order_id]
        specification = self.places[order.market].market.specification
        sign = 1 if order.side == BUY else -1
        return {
            (order.market, specification.quote_asset): sign * link.quote_atoms,
            (order.market, specification.base_asset): -sign * link.lots * specification.lot_atoms,
        }
