"""A partition of another process, as if it were here: calls, links, what mends a feed."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

from openoutcry.adapters.tcp import frames
from openoutcry.adapters.tcp.client import Connections, Decoder, EngineConnection
from openoutcry.adapters.tcp.frames import TARGET, Kind, ProtocolError, Query, Read
from openoutcry.codec.records import COMMAND_KIND_OFFSET, is_command
from openoutcry.core.enums import CommandKind
from openoutcry.core.ids import entity_of_market
from openoutcry.core.records import (
    AccountRow,
    AssetRow,
    BalanceRow,
    Event,
    MarketRow,
    MetaRow,
    OrderRow,
    Row,
)
from openoutcry.ports.calls import CallError, NotConnectedError, NotHostedError, Reply, Taker
from openoutcry.ports.links import LinkPosition
from openoutcry.ports.market_data import WholeBook
from openoutcry.ports.routes import Owner, Owners, Route

CANCELS = frozenset({CommandKind.CANCEL_ORDER, CommandKind.CANCEL_ALL})
"""What takes of the last credits: it makes less of what there is too much of."""


class RemoteCalls:
    """Implements `ports.calls.Calls` for one partition over the shared connection to its owner."""

    def __init__(self, connection: EngineConnection, partition: int) -> None:
        self._connection = connection
        self._partition = partition
        self._target = TARGET.pack(partition, 0)

    async def submit(self, command: bytes) -> Reply:
        """Have a packed command journaled and applied by the owner."""
        return await self._ask(command)

    def send(self, command: bytes, taker: Taker) -> None:
        """Do as `submit`; the taker is called with what comes of it."""
        take_outcome(self._ask(command), taker)

    def _ask(self, command: bytes) -> asyncio.Future[Reply]:
        if not is_command(command):
            raise ValueError("not one command record")
        return self._connection.ask(
            Kind.SUBMIT,
            self._partition,
            self._target,
            command,
            _reply,
            first=command[COMMAND_KIND_OFFSET] in CANCELS,
        )

    async def _read(
        self,
        query: Query,
        decode: Decoder,
        *,
        market: int = 0,
        account_id: int = 0,
        order_id: int = 0,
        client_order_id: bytes = b"",
    ) -> Any:
        read = Read(self._partition, query, market, account_id, order_id, client_order_id)
        body = frames.read_body(read)
        connection = self._connection
        return await connection.ask(Kind.READ, self._partition, body, b"", decode, first=False)

    async def order(self, account_id: int, order_id: int) -> OrderRow | None:
        """Return an open order of this account, or None."""
        found = await self._read(Query.ORDER, _order, account_id=account_id, order_id=order_id)
        return cast("OrderRow | None", found)

    async def order_by_client_id(
        self, account_id: int, market: int, client_order_id: bytes
    ) -> OrderRow | None:
        """Return the open order with this client order id, or None."""
        found = await self._read(
            Query.ORDER_BY_CLIENT_ID,
            _order,
            account_id=account_id,
            market=market,
            client_order_id=client_order_id,
        )
        return cast("OrderRow | None", found)

    async def open_orders(self, account_id: int, market: int = 0) -> list[OrderRow]:
        """Return the open orders of an account by order id; market 0 means all markets."""
        found = await self._read(Query.OPEN_ORDERS, _orders, account_id=account_id, market=market)
        return cast("list[OrderRow]", found)

    async def balances(self, account_id: int) -> list[BalanceRow]:
        """Return the balances of an account by asset."""
        found = await self._read(Query.BALANCES, _balances, account_id=account_id)
        return cast("list[BalanceRow]", found)

    async def account(self, account_id: int) -> AccountRow | None:
        """Return an account's flags, trade group and fee schedule, or None."""
        found = await self._read(Query.ACCOUNT, _account, account_id=account_id)
        return cast("AccountRow | None", found)

    async def market(self, market: int) -> MarketRow | None:
        """Return a market's specification and counters, or None."""
        return cast("MarketRow | None", await self._read(Query.MARKET, _market, market=market))

    async def average_price_ticks(self, market: int) -> int:
        """Return the price that the filters use now, in ticks."""
        return cast("int", await self._read(Query.AVERAGE_PRICE, _number, market=market))

    async def fee_rates(self, account_id: int, market: int) -> tuple[int, int]:
        """Return (maker, taker) that an order accepted now would be given."""
        found = await self._read(Query.FEE_RATES, _pair, account_id=account_id, market=market)
        return cast("tuple[int, int]", found)

    async def catalog(self) -> Sequence[AssetRow | MarketRow | MetaRow]:
        """Return all assets, markets and bounds as this partition knows them."""
        found = await self._read(Query.CATALOG, _catalog)
        return cast("list[AssetRow | MarketRow | MetaRow]", found)

    async def committed_seq(self, account_id: int) -> int:
        """Return the last committed batch of the owner."""
        return cast("int", await self._read(Query.COMMITTED_SEQ, _number, account_id=account_id))


class RemoteLinks:
    """Implements `ports.links.LinkSender` over the connections of this process."""

    def __init__(self, connections: Connections, owners: Owners) -> None:
        self._connections = connections
        self._owners = owners

    async def send(self, partition: int, messages: bytes) -> Sequence[LinkPosition]:
        """Hand whole link records to a partition's owner."""
        target = TARGET.pack(partition, 0)
        return await self._ask(Kind.LINKS, partition, target, messages)

    async def positions(self, partition: int, sources: Sequence[int]) -> Sequence[LinkPosition]:
        """Ask a partition's owner where the links from these entities stand."""
        body = frames.sources_body(partition, tuple(sources))
        return await self._ask(Kind.POSITIONS, partition, body, b"")

    async def _ask(
        self, kind: Kind, partition: int, head: bytes, rest: bytes
    ) -> Sequence[LinkPosition]:
        connection = owner_connection(self._connections, self._owners, partition)
        found: list[LinkPosition] = await connection.ask(
            kind, partition, head, rest, frames.read_positions, first=True
        )
        return found


class RemoteRepair:
    """Implements `ports.repair.Repair` over all partitions: asks who owns the entity."""

    def __init__(self, connections: Connections, route: Route, owners: Owners) -> None:
        self._connections = connections
        self._route = route
        self._owners = owners

    def _of_entity(self, entity: int) -> tuple[int, EngineConnection]:
        partition = self._route.partition_of(entity)
        if partition is None:
            raise NotHostedError(f"no partition hosts entity {entity:#x}")
        return partition, owner_connection(self._connections, self._owners, partition)

    async def events_after(self, entity: int, entity_seq: int) -> Sequence[Event] | None:
        """Ask for an entity's events after this one; None when some are gone.

        One that has moved here has said before somewhere else what its owner does not know.
        """
        home, _ = self._of_entity(entity)
        found = await self._events_at(home, entity, entity_seq)
        if found is not None:
            return found
        for partition in self._route.partitions():
            if partition != home and (
                former := await self._events_at(partition, entity, entity_seq)
            ):
                return former
        return None

    async def _events_at(
        self, partition: int, entity: int, entity_seq: int
    ) -> Sequence[Event] | None:
        connection = owner_connection(self._connections, self._owners, partition)
        body = frames.events_after_body(partition, entity, entity_seq)
        found: Sequence[Event] | None = await connection.ask(
            Kind.EVENTS_AFTER, partition, body, b"", frames.read_events, first=False
        )
        return found

    async def book(self, market: int) -> WholeBook | None:
        """Ask for a market's whole book; None where there is no such market."""
        partition, connection = self._of_entity(entity_of_market(market))
        body = frames.read_body(Read(partition, Query.BOOK, market, 0, 0, b""))
        found: WholeBook | None = await connection.ask(
            Kind.READ, partition, body, b"", frames.read_book, first=False
        )
        return found


def calls_over(connections: Connections) -> Callable[[int, Owner], RemoteCalls]:
    """Return how `RoutedCalls` reaches a partition at its owner."""

    def calls_at(partition: int, owner: Owner) -> RemoteCalls:
        connections.epochs.is_current(partition, owner.epoch)
        return RemoteCalls(connections.to(owner.address), partition)

    return calls_at


def owner_connection(connections: Connections, owners: Owners, partition: int) -> EngineConnection:
    """Return the connection to a partition's owner; raises NotConnectedError."""
    owner = owners.owner_of(partition)
    if owner is None:
        raise NotConnectedError(f"nobody owns partition {partition}")
    connections.epochs.is_current(partition, owner.epoch)
    return connections.to(owner.address)


def take_outcome(work: Coroutine[Any, Any, Reply] | asyncio.Future[Reply], taker: Taker) -> None:
    """Have the taker called with what comes of a submission."""

    def take(task: asyncio.Future[Reply]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            taker(task.result())
        elif isinstance(error, CallError):
            taker(error)
        else:
            raise error

    asyncio.ensure_future(work).add_done_callback(take)


# -- what an answer becomes ----------------------------------------------------------------------


def _reply(body: bytes) -> tuple[int, Reply]:
    epoch, seq, time_us, records = frames.read_reply(body)
    return epoch, Reply(seq, time_us, records)


def _rows_of(kind: type[Row]) -> Callable[[bytes], tuple[int, list[Row]]]:
    def decode(body: bytes) -> tuple[int, list[Row]]:
        epoch, rows = frames.read_rows(body)
        if not all(type(row) is kind for row in rows):
            raise ProtocolError(f"not rows of {kind.__name__}")
        return epoch, rows

    return decode


def _row_of(kind: type[Row]) -> Callable[[bytes], tuple[int, Row | None]]:
    rows_of = _rows_of(kind)

    def decode(body: bytes) -> tuple[int, Row | None]:
        epoch, rows = rows_of(body)
        if len(rows) > 1:
            raise ProtocolError(f"{len(rows)} rows for one")
        return epoch, rows[0] if rows else None

    return decode


_order, _account, _market = _row_of(OrderRow), _row_of(AccountRow), _row_of(MarketRow)
_orders, _balances = _rows_of(OrderRow), _rows_of(BalanceRow)


def _catalog(body: bytes) -> tuple[int, list[Row]]:
    epoch, rows = frames.read_rows(body)
    if not all(isinstance(row, AssetRow | MarketRow | MetaRow) for row in rows):
        raise ProtocolError("not rows of a catalog")
    return epoch, rows


def _number(body: bytes) -> tuple[int, int]:
    epoch, (value,) = frames.read_numbers(body, 1)
    return epoch, value


def _pair(body: bytes) -> tuple[int, tuple[int, ...]]:
    return frames.read_numbers(body, 2)
