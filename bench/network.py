"""Partitions of accounts and of markets that only links connect: late, twice or not at all.

Each link is first in, first out; whose turn it is, what is lost and what comes again is drawn from
a seed. A lost message is sent again from its source's outbox, as the runtime does it.
"""

import random
import struct
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.differential import DifferenceError, Pair, Sides, records

from openoutcry.core.enums import EventKind, HouseKind, LinkKind, Role, RowKind, Side
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    LINKS,
    ROWS,
    Command,
    Deliver,
    Host,
    LinkAck,
    LinkEvent,
    MarketRow,
    MovedInEvent,
    MoveDone,
    MovedOutEvent,
    MoveIn,
    MoveOut,
    OrderRow,
    SetRole,
    SettleLink,
    Tick,
)
from openoutcry.kernel import Kernel
from openoutcry.reference import Reference
from openoutcry.simulation.commands import Batch

START_US = 1_700_000_000_000_000
_LINK_AT = LinkEvent.SIZE - 128
_TIME_AT = 40
_HEAD = struct.Struct("<I4xQ")
"""Destination and number of a link record, from its ninth byte on."""
Wire = tuple[int, int]
"""(source entity, destination entity)."""


@dataclass(frozen=True, slots=True)
class Faults:
    """How often a message on its way meets with something, and how often acknowledgements come."""

    lost: float = 0.02
    repeated: float = 0.03
    astray: float = 0.005
    acknowledged: float = 0.3
    restored: float = 0.003
    moved: float = 0.0


class Solo:
    """One machine with the interface of a pair."""

    def __init__(self, make: Callable[[], Any], restore: Callable[[bytes], Any]) -> None:
        self.left = make()
        self._restore = restore
        self.seq = 0

    def apply(self, batch: Batch) -> bytes:
        self.seq += 1
        return bytes(self.left.apply(batch.data, self.seq, batch.skip))

    def compare_states(self) -> None:
        """There is nothing to compare."""

    def recount(self) -> None:
        found = self.left.recount()
        assert not found, found

    def restore(self) -> None:
        data = self.left.snapshot()
        self.left = self._restore(data)
        assert self.left.snapshot() == data, "a restored machine gives another snapshot"


MakeMachine = Callable[[int], Pair | Solo]
"""Given a partition's number, its machine or pair of machines."""


def native_pair(partition: int, sides: Sides | None = None) -> Pair:
    """Kernel and reference side by side."""
    sides = sides or Sides()
    return Pair(
        Sides(
            make_left=partial(sides.make_left, partition),
            make_right=partial(sides.make_right, partition),
            restore_left=sides.restore_left,
            restore_right=sides.restore_right,
        )
    )


def reference_alone(partition: int) -> Solo:
    """The reference."""
    return Solo(partial(Reference, partition), Reference.restore)


def kernel_alone(partition: int) -> Solo:
    """The kernel."""
    return Solo(partial(Kernel, partition), Kernel.restore)


@dataclass(slots=True)
class Node:
    """A partition, and the commands that wait for it."""

    number: int
    role: Role
    machine: Pair | Solo
    inbox: deque[bytes] = field(default_factory=deque)
    time_us: int = START_US

    @property
    def view(self) -> Any:
        """The machine whose views are asked."""
        return self.machine.left


@dataclass(slots=True)
class Move:
    """An entity on its way from one partition to another."""

    entity: int
    source: Node
    target: Node
    version: int
    chunk_bytes: int


class Network:
    """Nodes, the route, and what is on its way between them."""

    def __init__(
        self,
        rng: random.Random,
        shards: Iterable[int],
        markets: Iterable[int],
        *,
        homes: int,
        places: int,
        make: MakeMachine = native_pair,
        faults: Faults | None = None,
    ) -> None:
        self.rng = rng
        self.faults = faults or Faults()
        self.homes = [Node(n, Role.ACCOUNTS, make(n)) for n in range(homes)]
        self.places = [Node(n, Role.MARKETS, make(n)) for n in range(homes, homes + places)]
        self.nodes = [*self.homes, *self.places]
        self.route: dict[int, Node] = {}
        self.wires: dict[Wire, deque[bytes]] = defaultdict(deque)
        self.moves: dict[int, Move] = {}
        """Entities that have been told to leave and have not arrived."""
        self.versions: Counter[int] = Counter()
        self.torn: set[Wire] = set()
        """Wires that have lost a message; the next one shows the gap."""
        self.commands = 0
        self.batches = 0
        self.met: Counter[str] = Counter()
        self.arrivals: dict[int, list[bytes]] = defaultdict(list)
        """What each market took in, in order."""
        self.on_events: Callable[[Node, bytes], None] = lambda _node, _events: None
        for index, shard in enumerate(shards):
            self.route[entity_of_shard(shard)] = self.homes[index % homes]
        for index, market in enumerate(markets):
            self.route[entity_of_market(market)] = self.places[index % places]
        for node in self.nodes:
            node.inbox.append(SetRole(role=node.role).pack())
        self.host(self.homes)

    def host(self, nodes: Iterable[Node]) -> None:
        """Have these nodes told which entities are theirs; a market must be known by then."""
        for node in nodes:
            for entity, home in self.route.items():
                if home is node:
                    node.inbox.append(Host(entity=entity, hosted=1, route_version=1).pack())

    # ---- commands

    def broadcast(self, record: bytes) -> None:
        """Give a command to every partition."""
        for node in self.nodes:
            node.inbox.append(record)

    def submit(self, command: Command) -> None:
        """Give a user's command to the partition of its account."""
        self.home_of(command.account_id).inbox.append(command.pack())

    def home_of(self, account_or_order_id: int) -> Node:
        """Return the partition of an account, or of one that knows nothing of it."""
        entity = entity_of_shard(shard_of_account(account_or_order_id))
        return self.route.get(entity, self.homes[0])

    # ---- time passes

    def step(self) -> bool:
        """Let one partition do one batch; False when nothing is left to be done anywhere."""
        ready = [node for node in self.nodes if self._is_ready(node)]
        if not ready:
            return (self._urge_moves() or self.resend()) and self.step()
        if self.rng.random() < self.faults.moved:
            self.begin_move()
        node = self.rng.choice(ready)
        self.apply(node, self._draw(node))
        if self.rng.random() < self.faults.restored:
            node.machine.restore()
            self.met["restored"] += 1
        return True

    def run(self) -> None:
        """Let everything happen until all is at rest, acknowledged and accounted for (K05)."""
        while self.step():
            pass
        self.acknowledge_all()
        while self.step():
            pass

    def _is_ready(self, node: Node) -> bool:
        waits = node.inbox or node.view.pending()
        return bool(waits) or any(True for _ in self._wires_to(node))

    def _wires_to(self, node: Node) -> Iterator[Wire]:
        for wire, waiting in self.wires.items():
            # What is sent to an entity under way is lost, as what is sent to its old home.
            held = wire[1] in self.moves and self.rng.random() < 0.9
            if waiting and not held and self.route[wire[1]] is node:
                yield wire

    def _draw(self, node: Node) -> list[bytes]:
        """Draw what comes next to a partition."""
        rng = self.rng
        if node.view.pending():
            return [Tick().pack()]
        found: list[bytes] = []
        for _ in range(1 + int(rng.random() * rng.random() * 12)):
            wires = list(self._wires_to(node))
            if node.inbox and (not wires or rng.random() < 0.4):
                found.append(node.inbox.popleft())
            elif wires:
                found += self._carry(rng.choice(wires))
            else:
                break
        return found

    def _carry(self, wire: Wire) -> list[bytes]:
        """Take a message off a wire and do to it what chance has in store."""
        rng, faults = self.rng, self.faults
        message = self.wires[wire].popleft()
        if wire[1] in self.moves:
            return [deliver(message)]  # to its old home, in vain: all comes again when it is there
        if wire in self.torn:
            self._rewind(wire)
            return [deliver(message)]  # beyond a gap
        if rng.random() < faults.lost:
            self.met["lost"] += 1
            self.torn.add(wire)
            return []
        if rng.random() < faults.astray:
            self.met["astray"] += 1
            rng.choice(self.nodes).inbox.append(deliver(message))
        if rng.random() < faults.astray:
            self.met["spoilt"] += 1
            return [spoilt(deliver(message), rng), deliver(message)]
        if rng.random() < faults.repeated:
            self.met["repeated"] += 1
            self.wires[wire].append(message)
        return [deliver(message)]

    def apply(self, node: Node, found: list[bytes]) -> bytes:
        """Let a partition do a batch, and put what it says on the wires."""
        node.time_us += int(self.rng.random() * 1_000)
        batch = b"".join(self._stamped(node, record) for record in found)
        positions = dict(_positions(node)) if found else {}
        events = node.machine.apply(Batch(batch, ()))
        self.commands += len(found)
        self.batches += 1
        self._take_links(events)
        if self.moves:
            self._go_on_moving(events)
        for wire, last in _positions(node):
            if last != positions.get(wire) and self.rng.random() < self.faults.acknowledged:
                self._acknowledge(wire, last)
        if node.role == Role.MARKETS:
            self._note_arrivals(found, positions, dict(_positions(node)))
        self.on_events(node, events)
        return events

    def _stamped(self, node: Node, record: bytes) -> bytes:
        time_us = int.from_bytes(record[_TIME_AT : _TIME_AT + 8], "little", signed=True)
        if 0 < time_us < START_US:
            return record  # it is meant to be late
        node.time_us = max(node.time_us, time_us)
        return record[:_TIME_AT] + node.time_us.to_bytes(8, "little") + record[_TIME_AT + 8 :]

    def _take_links(self, events: bytes) -> None:
        for record in records(events):
            if record[2] == EventKind.LINK:
                message = link_of(record)
                self.met[LinkKind(message.kind).name] += 1
                self.wires[message.source, message.destination].append(message.pack())

    def _note_arrivals(
        self, found: list[bytes], before: dict[Wire, int], after: dict[Wire, int]
    ) -> None:
        """Write down what a batch of these commands has taken in."""
        for record in found:
            if record[2] != Deliver.KIND or not is_whole(record):
                continue
            message = LINKS[record[50]].unpack(record, 48)
            wire = (message.source, message.destination)
            expected = before.get(wire, 0) + 1
            if message.link_seq == expected <= after.get(wire, 0):
                before[wire] = expected
                self.arrivals[wire[1]].append(record[48:])

    # ---- moves

    def begin_move(self) -> None:
        """Tell some entity to leave for another partition of its role."""
        rng = self.rng
        entity = rng.choice(list(self.route))
        source = self.route[entity]
        others = [n for n in self.nodes if n.role == source.role and n is not source]
        if not others or entity in self.moves or dict(source.view.hosted()).get(entity) is None:
            return
        version = dict(source.view.hosted())[entity] + rng.randint(1, 3)
        move = Move(entity, source, rng.choice(others), version, 8 * rng.randint(200, 7_500))
        self.moves[entity] = move
        self.met["moves"] += 1
        out = MoveOut(entity=entity, target=move.target.number, route_version=version)
        if rng.random() < 0.2:
            source.inbox.append(out._replace(route_version=max(version - 3, 0)).pack())
        source.inbox.append(out.pack())

    def _go_on_moving(self, events: bytes) -> None:
        """Carry rows from who has let go of an entity, and change the route when all have come."""
        for record in records(events):
            if record[2] == EventKind.MOVED_OUT:
                out = MovedOutEvent.unpack(record)
                move = self.moves[out.moved_entity]
                rows = move.source.view.export(out.moved_entity)
                assert len(rows) == out.export_bytes, "an export is not what was said of it"
                move.target.inbox.extend(self._parts(move, 0))
            elif record[2] == EventKind.MOVED_IN:
                came = MovedInEvent.unpack(record)
                if came.last:
                    self._arrive(self.moves.pop(came.moved_entity))

    def _parts(self, move: Move, position: int) -> Iterator[bytes]:
        """Yield the MOVE_IN commands from a position on, seldom one too often or a wrong one."""
        rng = self.rng
        rows = move.source.view.export(move.entity)
        pieces = [rows[at : at + move.chunk_bytes] for at in range(0, len(rows), move.chunk_bytes)]
        for number in range(position, len(pieces)):
            data, last = pieces[number], number + 1 == len(pieces)
            part = move_in(move, number, data, last=last)
            dice = rng.random()
            if dice < 0.02:
                yield part[:48] + (move.version - 1).to_bytes(8, "little") + part[56:]
            elif dice < 0.04:
                yield move_in(move, number + 1, data, last=False)
            elif dice < 0.05 and last:
                self.met["move broken"] += 1
                yield move_in(move, number, data[:-8], last=True)
            yield part
            if dice > 0.95:
                yield part

    def _arrive(self, move: Move) -> None:
        entity = move.entity
        self.route[entity] = move.target
        self.met["arrived"] += 1
        move.source.inbox.append(MoveDone(entity=entity, route_version=move.version).pack())
        if self.rng.random() < 0.3:
            move.source.inbox.append(MoveDone(entity=entity, route_version=move.version).pack())
        for wire in list(self.wires):
            if entity in wire:
                self._rewind(wire)

    def _urge_moves(self) -> bool:
        """Send again what a target still misses; whether there was anything."""
        for move in self.moves.values():
            waiting = {entity: at for entity, _, at in move.target.view.arrivals()}
            move.target.time_us = max(move.target.time_us, move.source.time_us)
            move.target.inbox.extend(self._parts(move, waiting.get(move.entity, 0)))
        return bool(self.moves)

    # ---- links

    def _acknowledge(self, wire: Wire, up_to: int) -> None:
        chance = self.rng.random()
        if chance < 0.05:
            up_to += self.rng.choice((-1, 1_000_000))
        ack = LinkAck(entity=wire[0], destination=wire[1], link_seq=max(up_to, 0))
        self.route[wire[0]].inbox.append(ack.pack())

    def acknowledge_all(self) -> None:
        """Let every source know how far the other side has come."""
        for node in self.nodes:
            for wire, last in _positions(node):
                ack = LinkAck(entity=wire[0], destination=wire[1], link_seq=last)
                self.route[wire[0]].inbox.append(ack.pack())

    def _rewind(self, wire: Wire) -> None:
        """Send again what a destination has not taken in."""
        self.torn.discard(wire)
        self.wires[wire].clear()
        last = dict(_positions(self.route[wire[1]])).get(wire, 0)
        for record in records(self.route[wire[0]].view.outbox(wire[0])):
            destination, link_seq = _HEAD.unpack_from(record, 8)
            if destination == wire[1] and link_seq > last:
                self.wires[wire].append(record)

    def resend(self) -> bool:
        """Put on the wires again what has not been taken in; False when there is nothing."""
        for wire in list(self.wires):
            self._rewind(wire)
        return any(self.wires.values())

    # ---- what must hold

    def compare(self) -> None:
        """Hold the two implementations of each partition against each other."""
        for node in self.nodes:
            node.machine.compare_states()
            if isinstance(node.machine, Pair):
                compare_links(node.machine)

    def recount(self) -> None:
        """Add up each partition, and then all money with what is on its way (L01, K06)."""
        for node in self.nodes:
            node.machine.recount()
        if self.moves:
            return  # some rows are nowhere but on their way
        totals: Counter[tuple[int, int]] = Counter()
        orders: dict[int, OrderRow] = {}
        for home in self.homes:
            for row in rows_of(home.view.snapshot()):
                if row.kind == RowKind.HOUSE and row.house == HouseKind.CLEARING:
                    totals[row.market, row.asset] += row.amount_hi << 64 | row.amount_lo
                elif row.kind == RowKind.ORDER:
                    orders[row.order_id] = row
        positions = {wire: last for node in self.homes for wire, last in _positions(node)}
        for place in self.places:
            for record in records(place.view.outbox()):
                message = LINKS[record[2]].unpack(record)
                wire = (message.source, message.destination)
                if isinstance(message, SettleLink) and message.link_seq > positions.get(wire, 0):
                    self._add_under_way(totals, message, orders[message.order_id])
        assert not any(totals.values()), f"clearing and links do not add up (K06): {totals}"

    def _add_under_way(
        self, totals: Counter[tuple[int, int]], link: SettleLink, order: OrderRow
    ) -> None:
        if link.prevented and not link.transfer:
            return
        market = MarketRow.unpack(self.places[0].view.market(order.market))
        sign = 1 if order.side == Side.BUY else -1
        totals[order.market, market.quote_asset] += sign * link.quote_atoms
        totals[order.market, market.base_asset] -= sign * link.lots * market.lot_atoms

    def check_at_rest(self) -> None:
        """Nothing is on its way, nothing waits, and both sides know the same orders (K05, K07)."""
        self.compare()
        self.recount()
        assert not any(self.wires.values()), "a wire is not empty"
        here, there = {}, {}
        for node in self.nodes:
            assert not node.view.outbox(), "an outbox is not empty (K05)"
            for row in rows_of(node.view.snapshot()):
                assert row.kind not in {RowKind.REQUEST, RowKind.REQUEST_PART}, "a request waits"
                if row.kind == RowKind.ORDER:
                    (here if node.role == Role.ACCOUNTS else there)[row.order_id] = (
                        row.account_id,
                        row.market,
                        row.side,
                        row.qty_lots if not row.quote_order_atoms else 0,
                        row.executed_lots,
                        row.prevented_lots,
                        row.amends,
                        row.status,
                    )
        assert here == there, "the sides disagree on their orders"


def link_of(event: bytes) -> Any:
    """Return the link record that a LINK event carries."""
    data = event[_LINK_AT:]
    return LINKS[data[2]].unpack(data)


def deliver(message: bytes) -> bytes:
    """Return the command that brings a message in."""
    return Deliver(size=Deliver.SIZE + len(message)).pack() + message


def is_whole(record: bytes) -> bool:
    """Whether a DELIVER holds a link record."""
    link = LINKS.get(record[50]) if len(record) > Deliver.SIZE else None
    return link is not None and len(record) == Deliver.SIZE + link.SIZE


def spoilt(record: bytes, rng: random.Random) -> bytes:
    """Return a DELIVER whose form no kernel knows."""
    made = bytearray(record)
    at, value = rng.choice(((48, 16), (50, rng.choice((0, 7, 255))), (51, 2), (3, 0)))
    made[at] = value
    return bytes(made)


def move_in(move: Move, position: int, data: bytes, *, last: bool) -> bytes:
    """Return the command that brings a part of an entity's rows in."""
    head = MoveIn(
        size=MoveIn.SIZE + len(data),
        entity=move.entity,
        route_version=move.version,
        position=position,
        last=last,
    )
    return head.pack() + data


def rows_of(snapshot: bytes) -> Iterator[Any]:
    """Yield the rows of a snapshot, typed."""
    for record in records(snapshot):
        yield ROWS[record[2]].unpack(record)


def _positions(node: Node) -> Iterator[tuple[Wire, int]]:
    for source, destination, last in node.view.link_positions():
        yield (source, destination), last


def compare_links(pair: Pair) -> None:
    """Hold the views of links against each other."""
    for name in ("role", "hosted", "outbox", "link_positions", "departures", "arrivals"):
        left, right = getattr(pair.left, name)(), getattr(pair.right, name)()
        if left != right:
            raise DifferenceError(f"{name}: {left!r} against {right!r}")
    for entity, *_ in pair.left.departures():
        if pair.left.export(entity) != pair.right.export(entity):
            raise DifferenceError(f"the exports of entity {entity} differ")
