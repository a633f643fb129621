"""The reference with the kernel's door: batches of commands in, bytes of events out."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Self

from openoutcry.core.enums import CommandKind, Reason, Role
from openoutcry.core.limits import MOVE_BYTES_MAX
from openoutcry.core.records import COMMANDS, LINKS, Command, Deliver, LinkAck, MoveIn, Row, SetRole
from openoutcry.reference import rows
from openoutcry.reference.checks import is_padded
from openoutcry.reference.hashing import LANES_START, absorb, digest
from openoutcry.reference.holdings import AccountOrder
from openoutcry.reference.links import LINK_HEADER_BYTES
from openoutcry.reference.moving import Moving
from openoutcry.reference.refusals import OF_ONE_MARKET, client_order_ids_of, subject_of
from openoutcry.reference.restoring import restore
from openoutcry.reference.state import State
from openoutcry.reference.terms import BUY, SELL

_HEADER_BYTES = 48


class Reference:
    """One partition, by the page `docs/internals/kernel-semantics.md`."""

    def __init__(self, partition: int = 0) -> None:
        self._attach(State(partition))

    def _attach(self, state: State) -> None:
        self._state = state
        accounts, administration = state.accounts, state.administration
        moving = self._moving = Moving(state)
        self._user_commands: dict[int, Callable[[Any], None]] = {
            CommandKind.NEW_ORDER: accounts.new_order,
            CommandKind.CANCEL_ORDER: accounts.cancel_order,
            CommandKind.CANCEL_ALL: accounts.cancel_all,
            CommandKind.CANCEL_REPLACE: accounts.cancel_replace,
            CommandKind.AMEND_ORDER: accounts.amend_order,
            CommandKind.DEPOSIT: accounts.move_money,
            CommandKind.WITHDRAW: accounts.move_money,
            CommandKind.ADJUST: accounts.move_money,
            CommandKind.CREATE_ACCOUNT: accounts.create_account,
            CommandKind.UPDATE_ACCOUNT: accounts.update_account,
        }
        self._administration: dict[int, Callable[[Any], Reason]] = {
            CommandKind.CREATE_ASSET: administration.create_asset,
            CommandKind.CREATE_MARKET: administration.create_market,
            CommandKind.UPDATE_MARKET: administration.update_market,
            CommandKind.SET_MARKET_STATUS: administration.set_market_status,
            CommandKind.SET_FEES: administration.set_fees,
            CommandKind.SET_LIMITS: administration.set_limits,
            CommandKind.QUARANTINE: administration.quarantine,
            CommandKind.EPOCH: administration.set_epoch,
            CommandKind.TICK: lambda _: Reason.NONE,
            CommandKind.HOST: state.host,
            CommandKind.LINK_ACK: self._acknowledge,
            CommandKind.SET_ROLE: self._set_role,
            CommandKind.MOVE_OUT: moving.move_out,
            CommandKind.MOVE_DONE: moving.move_done,
        }

    # ----- commands

    def apply(self, batch: bytes, seq: int, skip: Collection[int] = ()) -> bytes:
        """Do the batch's commands in turn, those skipped left out; return their events."""
        state = self._state
        if seq != state.seq + 1:
            raise ValueError(f"batch {seq} does not follow {state.seq}")
        offsets = list(_framed(batch))
        state.log.begin_batch(seq)
        for index, offset in enumerate(offsets):
            if index not in skip:
                state.log.begin_command(index)
                self._execute(batch, offset)
        state.accounts.ledger.check()
        events = state.log.taken()
        state.seq = seq
        state.lanes = absorb(state.lanes, events, seq)
        return events

    def _execute(self, batch: bytes, offset: int) -> None:
        """Steps 2 to 5 of section 1 for one command."""
        state = self._state
        command = _decoded(batch, offset)
        if command is None:
            kind = batch[offset + 2]
            account_id = int.from_bytes(batch[offset + 8 : offset + 16], "little")
            state.accounts.refuse_as(kind, account_id, (0, 0, b""), Reason.UNKNOWN_COMMAND)
            return
        if not all(map(is_padded, client_order_ids_of(command))):
            state.accounts.refuse(command, Reason.CLIENT_ORDER_ID_INVALID)
            return
        if command.time_us < state.log.time_us:
            state.accounts.refuse(command, Reason.TIME_WENT_BACK)
            return
        state.log.time_us = command.time_us
        self._drain_before(command)
        if isinstance(command, Deliver):
            self._deliver(batch, offset, command)
            return
        if isinstance(command, MoveIn):
            data = batch[offset + MoveIn.SIZE : offset + command.size]
            reason = self._moving.move_in(command, data)
            if reason:
                state.accounts.refuse(command, reason)
            return
        user_command = self._user_commands.get(command.kind)
        if user_command:
            user_command(command)
            return
        reason = self._administration[command.kind](command)
        if reason:
            state.accounts.refuse(command, reason)

    def _drain_before(self, command: Command) -> None:
        markets = self._state.markets
        if command.kind == CommandKind.TICK:
            for _, market in sorted(markets.items()):
                self._state.log.used = 0
                market.drain()
        elif command.kind in OF_ONE_MARKET and self._may_drain(command):
            known = markets.get(subject_of(command)[0])
            if known:
                known.drain()

    def _may_drain(self, command: Command) -> bool:
        """Whether a command comes to the market itself, not only to its accounts."""
        joined = self._state.hosting.role == Role.JOINED
        return joined or command.kind not in self._user_commands

    # ----- between partitions

    def _set_role(self, command: SetRole) -> Reason:
        reason = self._state.set_role(command)
        self._attach(self._state)  # accounts of another kind, maybe
        return reason

    def _acknowledge(self, command: LinkAck) -> Reason:
        state = self._state
        if state.hosting.role == Role.JOINED:
            return Reason.UNKNOWN_COMMAND
        if state.hosting.hosts(command.entity):
            state.post.acknowledge(command.entity, command.destination, command.link_seq)
        return Reason.NONE

    def _deliver(self, batch: bytes, offset: int, command: Deliver) -> None:
        if self._state.hosting.role == Role.JOINED:
            self._state.accounts.refuse(command, Reason.UNKNOWN_COMMAND)
            return
        at = offset + _HEADER_BYTES
        self._state.deliver(LINKS[batch[at + 2]].unpack(batch, at))

    # ----- what stands

    def seq(self) -> int:
        """Return the number of the last batch."""
        return self._state.seq

    def time_us(self) -> int:
        """Return the state time: that of the last command in order."""
        return self._state.log.time_us

    def pending(self) -> bool:
        """Whether continuations wait in a market that trades."""
        return any(market.is_busy() for market in self._state.markets.values())

    def events_hash(self) -> bytes:
        """Return the hash over all event bytes so far."""
        return digest(self._state.lanes)

    def state_hash(self) -> bytes:
        """Return the hash over all state rows."""
        return digest(absorb(LANES_START, self.snapshot(), self._state.seq))

    def recount(self) -> str:
        """Add everything up anew; say what differs, or return an empty string."""
        return self._state.recount()

    def snapshot(self) -> bytes:
        """Return all state rows."""
        return _packed(rows.all_rows(self._state))

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """Rebuild from a snapshot; ValueError when it is damaged."""
        reference = cls()
        reference._attach(restore(data))
        return reference

    # ----- views

    def order(self, account_id: int, order_id: int) -> bytes | None:
        """Return the row of an open order of the account."""
        order = self._state.accounts.orders.get(order_id)
        if order is None or order.account_id != account_id:
            return None
        return rows.order_row(self._state, order).pack()

    def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> bytes | None:
        """Return the row of the account's open order with this client order id in the market."""
        account = self._state.accounts.accounts.get(account_id)
        names = account.in_market(market).client_order_ids if account else {}
        padded = client_order_id.rstrip(b"\0").ljust(36, b"\0")
        return self.order(account_id, names.get(padded, 0))

    def open_orders(self, account_id: int, market: int = 0) -> bytes:
        """Return the rows of the account's open orders by order id, in one market or (0) in all."""
        account = self._state.accounts.accounts.get(account_id)
        found: list[AccountOrder] = []
        for number, there in account.markets.items() if account else ():
            if market in {0, number}:
                found.extend(there.orders.values())
        found.sort(key=lambda order: order.order_id)
        return _packed(rows.order_row(self._state, order) for order in found)

    def balances(self, account_id: int) -> bytes:
        """Return the account's balance rows by asset."""
        return _packed(rows.balance_rows(self._state, account_id))

    def account(self, account_id: int) -> bytes | None:
        """Return the account's row."""
        account = self._state.accounts.accounts.get(account_id)
        return rows.account_row(account).pack() if account else None

    def market(self, market: int) -> bytes | None:
        """Return the market's row."""
        known = self._state.markets.get(market)
        return rows.market_row(known).pack() if known else None

    def markets(self) -> bytes:
        """Return all markets' rows by id."""
        known = sorted(self._state.markets.items())
        return _packed(rows.market_row(market) for _, market in known)

    def assets(self) -> bytes:
        """Return all assets' rows by id."""
        known = sorted(self._state.catalog.assets.items())
        return _packed(rows.asset_row(asset) for _, asset in known)

    def meta(self) -> bytes:
        """Return the partition's own row."""
        return rows.meta_row(self._state).pack()

    def shards(self) -> bytes:
        """Return the rows of all account shards that are known here, by number."""
        return _packed(rows.shard_rows(self._state))

    def accounts_count(self) -> int:
        """Return how many accounts there are."""
        return len(self._state.accounts.accounts)

    def depth(self, market: int, limit: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return (bids, asks) as (price in ticks, lots), best first."""
        known = self._state.markets.get(market)
        if known is None:
            return [], []
        bids, asks = (
            [(level.price_ticks, level.lots) for level in known.sides[side].levels()[:limit]]
            for side in (BUY, SELL)
        )
        return bids, asks

    def average_price_ticks(self, market: int) -> int:
        """Return the market's average price; 0 when there was no trade."""
        known = self._state.markets.get(market)
        return known.average_price_ticks() if known else 0

    def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return the (maker, taker) rates that an order of the account would get now."""
        account = self._state.accounts.accounts.get(account_id)
        return self._state.catalog.rates(account.fee_schedule, market) if account else (0, 0)

    # ----- views between partitions

    def role(self) -> int:
        """Return which sides live here."""
        return int(self._state.hosting.role)

    def hosts(self, entity: int) -> bool:
        """Whether an entity lives here."""
        return self._state.hosting.hosts(entity)

    def hosted(self) -> list[tuple[int, int]]:
        """Return (entity, version of its route) of all that is hosted here, by entity."""
        return sorted(self._state.hosting.hosted.items())

    def departures(self) -> list[tuple[int, int, int, int]]:
        """Return (entity, partition, version, bytes of its rows kept) of all that has left."""
        found = sorted(self._state.hosting.departures.items())
        return [(entity, d.target, d.route_version, len(d.rows)) for entity, d in found]

    def arrivals(self) -> list[tuple[int, int, int]]:
        """Return (entity, version, next part) of all that is on its way in."""
        found = sorted(self._state.hosting.arrivals.items())
        return [(entity, a.route_version, a.position) for entity, a in found]

    def export(self, entity: int) -> bytes:
        """Return the rows of an entity that has left and is not known to have arrived."""
        departure = self._state.hosting.departures.get(entity)
        return departure.rows if departure else b""

    def outbox(self, source: int = 0) -> bytes:
        """Return the messages not acknowledged, by link and number: one entity's or (0) all."""
        links = sorted(self._state.post.links.items())
        return b"".join(
            message for (here, _), link in links if source in {0, here} for message in link.outbox
        )

    def last_in(self, source: int, destination: int) -> int:
        """Return the number of the last message taken in of one link to what is here."""
        link = self._state.post.links.get((destination, source))
        return link.last_in if link and self._state.hosting.hosts(destination) else 0

    def link_positions(self) -> list[tuple[int, int, int]]:
        """Return (source, destination, last message taken in) of the links to what is here."""
        return sorted(
            (there, here, link.last_in)
            for (here, there), link in self._state.post.links.items()
            if link.last_in
        )

    def memory(self) -> dict[str, int]:
        """Return nothing: what memory is used for is the kernel's concern."""
        return {}


def _framed(batch: bytes) -> Iterator[int]:
    """Yield where each record begins; ValueError when the batch is not whole records."""
    offset = 0
    while offset < len(batch):
        size = int.from_bytes(batch[offset : offset + 2], "little")
        if size < _HEADER_BYTES or size % 8 or offset + size > len(batch):
            raise ValueError(f"no record of a sound size at byte {offset} of the batch")
        yield offset
        offset += size


def _decoded(batch: bytes, offset: int) -> Command | None:
    """Return the record at an offset; None when its form is unknown."""
    record = COMMANDS.get(batch[offset + 2])
    if record is None:
        return None
    command = record.unpack(batch, offset) if offset + record.SIZE <= len(batch) else None
    if command is None or command.version != 1:
        return None
    size = record.SIZE
    if isinstance(command, MoveIn):
        return command if 0 <= command.size - size <= MOVE_BYTES_MAX else None
    if isinstance(command, Deliver):
        size += _link_bytes(batch, offset + _HEADER_BYTES, command.size - _HEADER_BYTES)
    return command if command.size == size else None


def _link_bytes(batch: bytes, offset: int, room: int) -> int:
    """Return the bytes of the link record at an offset; -1 when its form is unknown."""
    link = LINKS.get(batch[offset + 2]) if room >= LINK_HEADER_BYTES else None
    if link is None or batch[offset + 3] != 1:
        return -1
    size = int.from_bytes(batch[offset : offset + 2], "little")
    return size if size == link.SIZE else -1


def _packed(found: Iterator[Row]) -> bytes:
    return b"".join(row.pack() for row in found)
