"""Entities on their way to another partition: their rows out, and their rows in (section 17)."""

from openoutcry.core.enums import Reason, Role, RowKind
from openoutcry.core.ids import shard_of_account
from openoutcry.core.records import (
    ROWS,
    AssetRow,
    HostedRow,
    MarketRow,
    MetaRow,
    MovedInEvent,
    MoveDone,
    MoveDoneEvent,
    MovedOutEvent,
    MoveIn,
    MoveOut,
    RequestRow,
    Row,
)
from openoutcry.reference import rows
from openoutcry.reference.hashing import LANES_START, absorb, digest
from openoutcry.reference.hosting import Arrival, Departure
from openoutcry.reference.links import NUMBER_BITS
from openoutcry.reference.remote import Origin
from openoutcry.reference.restoring import enter_rows, restore
from openoutcry.reference.state import State

_OF_THE_PARTITION = frozenset({RowKind.HOSTED, RowKind.EXPORT, RowKind.IMPORT})


class Moving:
    """The three commands of a move, on one partition's state."""

    def __init__(self, state: State) -> None:
        self._state = state

    # ----- out

    def move_out(self, command: MoveOut) -> Reason:
        """Give an entity away: its rows are kept until the move is done, nothing else of it."""
        state, hosting = self._state, self._state.hosting
        if hosting.role == Role.JOINED:
            return Reason.UNKNOWN_COMMAND
        version = hosting.hosted.get(command.entity)
        if version is None:
            return Reason.NOT_HOSTED
        if command.route_version <= version or command.target == state.log.partition:
            return Reason.INVALID_SPECIFICATION
        data = self._exported(command.entity)
        self._remove(command.entity)
        hosting.departures[command.entity] = Departure(command.target, command.route_version, data)
        check = digest(absorb(LANES_START, data, command.route_version))
        state.log.emit(
            state.partition,
            MovedOutEvent,
            moved_entity=command.entity,
            target=command.target,
            route_version=command.route_version,
            export_bytes=len(data),
            hash_lo=int.from_bytes(check[:8], "little"),
            hash_hi=int.from_bytes(check[8:], "little"),
        )
        return Reason.NONE

    def move_done(self, command: MoveDone) -> Reason:
        """Forget the rows of an entity that has arrived; that it has left stays known."""
        state = self._state
        if state.hosting.role == Role.JOINED:
            return Reason.UNKNOWN_COMMAND
        departure = state.hosting.departures.get(command.entity)
        if departure is None or departure.route_version != command.route_version:
            return Reason.NOT_HOSTED
        if not departure.rows:
            return Reason.ALREADY_EXISTS
        departure.rows = b""
        state.log.emit(
            state.partition,
            MoveDoneEvent,
            moved_entity=command.entity,
            route_version=command.route_version,
        )
        return Reason.NONE

    def _exported(self, entity: int) -> bytes:
        state = self._state
        head = MetaRow(
            partition=state.log.partition,
            role=state.hosting.role,
            seq=state.seq,
            time_us=state.log.time_us,
        )
        found = [
            row.pack()
            for row in rows.all_rows(state)
            if row.entity == entity and row.kind not in _OF_THE_PARTITION
        ]
        return b"".join([head.pack(), *found])

    def _remove(self, entity: int) -> None:
        state, number = self._state, entity & NUMBER_BITS
        del state.hosting.hosted[entity]
        for key in [key for key in state.post.links if key[0] == entity]:
            del state.post.links[key]
        if state.hosting.role == Role.MARKETS:
            market = state.markets[number]
            state.open_market(market.specification._replace(status=market.status))
            return
        state.remote.forget_requests(number)
        for account_id in [a for a in state.accounts.accounts if shard_of_account(a) == number]:
            for there in state.accounts.accounts[account_id].markets.values():
                for order_id in there.orders:
                    del state.accounts.orders[order_id]
            del state.accounts.accounts[account_id]
        state.accounts.ledger.forget_shard(number)
        state.accounts.shards.pop(number, None)

    # ----- in

    def move_in(self, command: MoveIn, data: bytes) -> Reason:
        """Take in a part of an entity's rows; with the last one the entity lives here."""
        state = self._state
        if state.hosting.role == Role.JOINED:
            return Reason.UNKNOWN_COMMAND
        reason = self._check_arrival(command)
        if reason:
            return reason
        arrivals = state.hosting.arrivals
        if command.position == 0:
            arrivals[command.entity] = Arrival(command.route_version)
        arrival = arrivals[command.entity]
        if command.last:
            whole = bytes(arrival.rows) + data
            reason = self._arrive(command, whole)
            if reason == Reason.INVALID_SPECIFICATION:
                del arrivals[command.entity]
            if reason:
                return reason
        arrival.position += 1
        arrival.rows += data
        state.log.emit(
            state.partition,
            MovedInEvent,
            moved_entity=command.entity,
            position=command.position,
            route_version=command.route_version,
            last=command.last,
        )
        if command.last and state.hosting.role == Role.MARKETS:
            state.administration.report_market(state.markets[command.entity & NUMBER_BITS])
        return Reason.NONE

    def _check_arrival(self, command: MoveIn) -> Reason:
        """Say why a part of an entity is not the one that is waited for."""
        hosting, entity, version = self._state.hosting, command.entity, command.route_version
        if not hosting.may_host(entity) or command.last > 1:
            return Reason.INVALID_SPECIFICATION
        known = hosting.hosted.get(entity)
        if known is not None:
            came = version == known
            return Reason.ALREADY_EXISTS if came else Reason.INVALID_SPECIFICATION
        departure = hosting.departures.get(entity)
        if departure and departure.route_version >= version:
            return Reason.INVALID_SPECIFICATION
        arrival = hosting.arrivals.get(entity)
        if arrival is None or arrival.route_version < version:
            return Reason.INVALID_SPECIFICATION if command.position else Reason.NONE
        if arrival.route_version > version or arrival.position < command.position:
            return Reason.INVALID_SPECIFICATION
        came = command.position < arrival.position
        return Reason.ALREADY_EXISTS if came else Reason.NONE

    def _arrive(self, command: MoveIn, data: bytes) -> Reason:
        """Host an entity that these rows are, if they are sound."""
        state, entity = self._state, command.entity
        found = self._checked(entity, data)
        if found is None:
            return Reason.INVALID_SPECIFICATION
        head, own = found
        if head.time_us > state.log.time_us:
            return Reason.TIME_WENT_BACK
        enter_rows(state, own)
        state.hosting.hosted[entity] = command.route_version
        state.hosting.departures.pop(entity, None)
        del state.hosting.arrivals[entity]
        return Reason.NONE

    def _checked(self, entity: int, data: bytes) -> tuple[MetaRow, list[Row]] | None:
        """Read an entity's rows as they would be in a partition of its own; None if unsound."""
        try:
            found = list(_cut(data))
            head, own = found[0], found[1:]
            if not isinstance(head, MetaRow) or not self._is_own(head, entity, own):
                return None
            restore(b"".join(row.pack() for row in self._alone(head, entity, own)))
        except (ValueError, IndexError):
            return None
        return head, own

    def _is_own(self, head: MetaRow, entity: int, own: list[Row]) -> bool:
        """Whether these are rows of this entity, in the order of a snapshot, and all new here."""
        kinds = [row.kind for row in own]
        if head.role != self._state.hosting.role or kinds != sorted(kinds):
            return False
        if head.role == Role.MARKETS and kinds.count(RowKind.MARKET) != 1:
            return False
        for row in own:
            if row.entity != entity or row.kind in _OF_THE_PARTITION:
                return False
            if isinstance(row, MarketRow) and row.market != entity & NUMBER_BITS:
                return False
            if isinstance(row, RequestRow) and _origin_of(row) in self._state.remote.requests:
                return False
        return True

    def _alone(self, head: MetaRow, entity: int, own: list[Row]) -> list[Row]:
        """Return a snapshot of a partition that hosts nothing but these rows' entity."""
        state = self._state
        around: list[Row] = [head]
        around += [rows.asset_row(asset) for asset in state.catalog.assets.values()]
        brought = {row.market for row in own if isinstance(row, MarketRow)}
        for number, market in state.markets.items():
            if number not in brought:
                around.append(rows.copy_row(market))
        hosted = HostedRow(entity=entity, hosting=1, route_version=1)
        return sorted([*around, *own, hosted], key=_place)


def _place(row: Row) -> tuple[int, int]:
    """Where a row stands: assets and markets by their number, the others as they come."""
    if isinstance(row, AssetRow):
        return row.kind, row.asset
    return row.kind, row.market if isinstance(row, MarketRow) else 0


def _origin_of(row: RequestRow) -> Origin:
    return Origin(row.origin_partition, row.origin_seq, row.origin_command)


def _cut(data: bytes) -> list[Row]:
    found: list[Row] = []
    offset = 0
    while offset < len(data):
        if len(data) - offset < 8:
            raise ValueError("the rows end within one")
        record = ROWS.get(data[offset + 2])
        size = int.from_bytes(data[offset : offset + 2], "little")
        if record is None or size != record.SIZE or offset + size > len(data):
            raise ValueError(f"no row at byte {offset}")
        found.append(record.unpack(data, offset))
        offset += size
    return found
