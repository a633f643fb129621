"""What is true: every partition's journal, read from PostgreSQL and applied once more.

Nothing here trusts a process of the exchange. Rows must chain, epochs must only rise, what the
owner said of its events must agree, and all money must be there, on its way or not.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from bench.differential import Pair, Sides, records
from tools.faults.client import BrokenPromiseError

from openoutcry.adapters.postgres.journal import PostgresJournal
from openoutcry.codec.journal import Head
from openoutcry.codec.records import COMMAND_KIND_OFFSET, decode_events
from openoutcry.core.enums import CommandKind, HouseKind, Role, RowKind, Side
from openoutcry.core.records import (
    LINKS,
    ROWS,
    MarketRow,
    OrderEvent,
    OrderRequestedEvent,
    OrderRow,
    SettleLink,
)
from openoutcry.kernel import Kernel
from openoutcry.partition.recovery import checked_commands, quarantined_by
from openoutcry.partition.recovery import with_next as rows_with_next
from openoutcry.ports.journal import Journal
from openoutcry.reference import Reference
from openoutcry.simulation.commands.generator import Batch

_BEGINS_AN_EPOCH = frozenset({CommandKind.EPOCH, CommandKind.QUARANTINE})


@dataclass
class Replica:
    """One partition as its journal says it is."""

    number: int
    kernel: Any
    """A `Kernel`, or a variant of it."""
    head: Head = field(default_factory=Head)
    epoch: int = 0
    epochs: int = 0
    hashes: dict[int, bytes] = field(default_factory=dict)
    """The rolling hash of events after each row since the last look."""

    def follow(
        self, journal: Journal, up_to: int, placed: dict[bytes, set[int]] | None = None
    ) -> None:
        """Apply the rows up to one (J06, J07); collect order ids by client order id."""
        for row, after in rows_with_next(journal.read(self.head.seq + 1)):
            if row.seq > up_to:
                break
            commands = checked_commands(row, self.head)
            if row.epoch < self.epoch:
                raise BrokenPromiseError(
                    f"row {row.seq} of partition {self.number} has epoch {row.epoch} after"
                    f" {self.epoch} (J07)"
                )
            if row.epoch > self.epoch:
                if self.epoch and commands[COMMAND_KIND_OFFSET] not in _BEGINS_AN_EPOCH:
                    raise BrokenPromiseError(f"epoch {row.epoch} begins without its record (J07)")
                self.epoch = row.epoch
                self.epochs += 1
            events = self.kernel.apply(commands, row.seq, quarantined_by(after, row.seq))
            if placed is not None:
                _collect(events, placed)
            self.head = row.head
            self.hashes[row.seq] = self.kernel.events_hash()
        if self.head.seq != up_to:
            raise BrokenPromiseError(f"partition {self.number} has no row {up_to} (J06)")

    def rows(self) -> Iterator[Any]:
        """Yield the rows of the state."""
        for record in records(self.kernel.snapshot()):
            yield ROWS[record[2]].unpack(record)

    def left(self, hosted: set[int]) -> list[Any]:
        """Return the rows of what has left and has arrived nowhere yet: they are on their way."""
        gone = {row.entity for row in self.rows() if row.kind == RowKind.EXPORT} - hosted
        return [
            ROWS[record[2]].unpack(record)
            for entity in gone
            for record in records(self.kernel.export(entity))
        ]


class Truth:
    """All partitions, followed from their first row."""

    def __init__(self, partitions: list[int]) -> None:
        self.replicas = {number: Replica(number, Kernel(number)) for number in partitions}
        self.looks = 0

    def look(self, dsn: str) -> None:
        """Follow all partitions up to one instant of the database."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            heads = dict(
                connection.execute(
                    "SELECT partition, max(seq) FROM journal.row GROUP BY partition"
                ).fetchall()
            )
        for number, replica in self.replicas.items():
            journal = PostgresJournal(dsn, number, read_only=True)
            try:
                replica.follow(journal, heads.get(number, 0))
            finally:
                journal.close()
        self._compare_hashes(dsn)
        self.looks += 1

    def _compare_hashes(self, dsn: str) -> None:
        """What owners said of their events is what their rows come to (J01)."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            said = connection.execute("SELECT * FROM journal.hash").fetchall()
        for partition, seq, events_hash, *_ in said:
            replica = self.replicas[partition]
            if replica.hashes.get(seq, events_hash) != bytes(events_hash):
                raise BrokenPromiseError(f"partition {partition} has diverged at row {seq}")
        for replica in self.replicas.values():
            replica.hashes.clear()

    def _of_role(self, role: Role) -> list[Replica]:
        return [it for it in self.replicas.values() if it.kernel.role() == role]

    def check_money(self, deposits: dict[int, int]) -> None:
        """All that was deposited is there, counting what is on its way (L01, K06)."""
        totals: Counter[int] = Counter()
        clearing: Counter[tuple[int, int]] = Counter()
        orders: dict[int, OrderRow] = {}
        positions: dict[tuple[int, int], int] = {}
        hosted = {e for it in self.replicas.values() for e, _ in it.kernel.hosted()}
        for home in self._of_role(Role.ACCOUNTS):
            found = home.kernel.recount()
            if found:
                raise BrokenPromiseError(f"partition {home.number}: {found} (L01)")
            for source, destination, last in home.kernel.link_positions():
                positions[source, destination] = last
            for row in [*home.rows(), *home.left(hosted)]:
                if row.kind == RowKind.LINK:
                    positions[row.peer, row.entity] = row.last_in
                if row.kind == RowKind.HOUSE and row.house == HouseKind.CLEARING:
                    clearing[row.market, row.asset] += row.amount_hi << 64 | row.amount_lo
                if row.kind == RowKind.HOUSE and row.house != HouseKind.EXTERNAL:
                    totals[row.asset] += row.amount_hi << 64 | row.amount_lo
                elif row.kind == RowKind.BALANCE:
                    totals[row.asset] += row.free_atoms + row.held_atoms
                    if row.free_atoms < 0 or row.held_atoms < 0:
                        raise BrokenPromiseError(f"{row} is negative (L02)")
                elif row.kind == RowKind.ORDER:
                    orders[row.order_id] = row
        for place in self._of_role(Role.MARKETS):
            on_the_way = [row.link for row in place.left(hosted) if row.kind == RowKind.OUTBOX]
            for record in [*records(place.kernel.outbox()), *on_the_way]:
                link = LINKS[record[2]].unpack(record)
                wire = (link.source, link.destination)
                if isinstance(link, SettleLink) and link.link_seq > positions.get(wire, 0):
                    _add_under_way(clearing, link, orders[link.order_id], place)
        if any(clearing.values()):
            raise BrokenPromiseError(f"clearing and links do not add up (K06): {clearing}")
        if totals != deposits:
            raise BrokenPromiseError(f"{dict(totals)} is there, {deposits} was given (L01)")

    def at_rest(self) -> str:
        """Return what is still under way (K05), or where both sides disagree (K07); or nothing."""
        for replica in self.replicas.values():
            if outbox := replica.kernel.outbox():
                wires = self._wires(outbox)
                return f"the outbox of partition {replica.number} is not empty: {wires} (K05)"
        here: dict[int, tuple[int, ...]] = {}
        there: dict[int, tuple[int, ...]] = {}
        for replica in self.replicas.values():
            sides = here if replica.kernel.role() == Role.ACCOUNTS else there
            for row in replica.rows():
                if row.kind in {RowKind.REQUEST, RowKind.REQUEST_PART}:
                    return f"a request waits at partition {replica.number}: {row} (K05)"
                if row.kind == RowKind.ORDER:
                    sides[row.order_id] = (row.account_id, row.market, row.side, row.executed_lots)
        return "" if here == there else "the sides disagree on their orders (K07)"

    def _wires(self, outbox: bytes) -> str:
        """Say which links have messages that nobody has acknowledged, and how far each has come."""
        wires: dict[tuple[int, int], list[int]] = {}
        for record in records(outbox):
            link = LINKS[record[2]].unpack(record)
            wires.setdefault((link.source, link.destination), []).append(link.link_seq)
        return "; ".join(
            f"{source:#x} to {to:#x}: {min(seqs)} to {max(seqs)}, of which taken in up to "
            + ", ".join(
                f"{it.kernel.last_in(source, to)} at {it.number}"
                for it in self.replicas.values()
                if any(entity == to for entity, _ in it.kernel.hosted())
            )
            for (source, to), seqs in wires.items()
        )

    def book(self, market: int) -> tuple[dict[int, int], dict[int, int]]:
        """Return a market's levels as its host has them: ticks to lots, bids and asks."""
        for place in self._of_role(Role.MARKETS):
            bids, asks = place.kernel.depth(market, 1 << 30)
            if bids or asks:
                return dict(bids), dict(asks)
        return {}, {}

    def row_of_market(self, market: int) -> MarketRow:
        """Return the specification of a market."""
        packed = self._of_role(Role.MARKETS)[0].kernel.market(market)
        assert packed is not None
        return MarketRow.unpack(packed)


def _collect(events: bytes, placed: dict[bytes, set[int]]) -> None:
    for event in decode_events(events):
        if isinstance(event, OrderEvent | OrderRequestedEvent):
            placed.setdefault(event.client_order_id.rstrip(b"\0"), set()).add(event.order_id)


def _add_under_way(
    clearing: Counter[tuple[int, int]], link: SettleLink, order: OrderRow, place: Replica
) -> None:
    if link.prevented and not link.transfer:
        return
    packed = place.kernel.market(order.market)
    assert packed is not None
    market = MarketRow.unpack(packed)
    sign = 1 if order.side == Side.BUY else -1
    clearing[order.market, market.quote_asset] += sign * link.quote_atoms
    clearing[order.market, market.base_asset] -= sign * link.lots * market.lot_atoms


def hold_against_reference(dsn: str, number: int, rows: int) -> int:
    """Apply a partition's first rows to kernel and reference; returns how many commands.

    Raises DifferenceError where their events or states differ.
    """
    pair = Pair(
        Sides(
            make_left=lambda: Kernel(number),
            make_right=lambda: Reference(number),
            restore_left=Kernel.restore,
            restore_right=Reference.restore,
        )
    )
    journal = PostgresJournal(dsn, number, read_only=True)
    commands = 0
    head = Head()
    try:
        for row, after in rows_with_next(journal.read(1, limit=rows + 1)):
            if row.seq > rows:
                break
            data = checked_commands(row, head)
            pair.apply(Batch(data, quarantined_by(after, row.seq)))
            head = row.head
            commands += row.n_commands
    finally:
        journal.close()
    pair.compare_states()
    return commands
