"""State from rows: what `rows` wrote is read back, and anything else is refused."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from openoutcry.core.enums import Hosting, OrderFlag, OrderPlace, Role
from openoutcry.core.records import (
    COMMANDS,
    LINKS,
    ROWS,
    AccountRow,
    AssetRow,
    BalanceRow,
    ContinuationRow,
    CreateAsset,
    CreateMarket,
    DedupeRow,
    ExportRow,
    FeesRow,
    HostedRow,
    HouseRow,
    ImportRow,
    LinkRow,
    MarketRow,
    MetaRow,
    OrderRow,
    OutboxRow,
    PriceBucketRow,
    RequestPartRow,
    RequestRow,
    Row,
    SetLimits,
    ShardRow,
)
from openoutcry.reference.administration import SPECIFICATION_FIELDS
from openoutcry.reference.book import MarketOrder
from openoutcry.reference.hashing import lanes_of
from openoutcry.reference.holdings import Account, AccountOrder, Outcome, Shard
from openoutcry.reference.hosting import Arrival, Departure
from openoutcry.reference.ledger import Balance
from openoutcry.reference.post import Link
from openoutcry.reference.remote import Origin, Part, Pending
from openoutcry.reference.rows import all_rows
from openoutcry.reference.state import State
from openoutcry.reference.terms import BUY, CONDITIONAL, is_budgeted

_TRIGGERED = OrderFlag.TRIGGERED.value
_SWEEPING = OrderFlag.SWEEPING.value
_TRAILING_ACTIVE = OrderFlag.TRAILING_ACTIVE.value


def restore(data: bytes) -> State:
    """Rebuild a partition's state; ValueError when the bytes are not those of a sound snapshot."""
    state = State()
    try:
        enter_rows(state, _unpacked(data))
    except (KeyError, ValueError, AssertionError) as error:
        raise ValueError(f"the snapshot contradicts itself: {error}") from error
    differs = state.recount()
    if differs:
        raise ValueError(f"the snapshot does not add up: {differs}")
    if b"".join(row.pack() for row in all_rows(state)) != data:
        raise ValueError("the snapshot is not in its canonical form")
    return state


def enter_rows(state: State, rows: Iterable[Row]) -> None:
    """Read rows into a state that has none of theirs yet; sound ones, or the state is spoilt."""
    orders: list[tuple[OrderRow, MarketOrder]] = []
    entered: list[int] = []
    for row in rows:
        if isinstance(row, OrderRow):
            _enter_order(state, row)
            if state.hosting.role != Role.ACCOUNTS:
                orders.append((row, _enter_market_order(state, row)))
        else:
            _READERS[row.kind](state, row)
        if isinstance(row, RequestPartRow) and row.order_id not in entered[-1:]:
            entered.append(row.order_id)
    _place_orders(state, orders)
    for order_id in entered:
        state.remote.reserve_names(order_id)


def _unpacked(data: bytes) -> Iterator[Row]:
    offset = 0
    if not data:
        raise ValueError("the snapshot is empty")
    while offset < len(data):
        if len(data) - offset < 8:
            raise ValueError("the snapshot ends within a row")
        record = ROWS.get(data[offset + 2])
        size = int.from_bytes(data[offset : offset + 2], "little")
        if record is None or size != record.SIZE or offset + size > len(data):
            raise ValueError(f"no row at byte {offset} of the snapshot")
        row = record.unpack(data, offset)
        if isinstance(row, MetaRow) != (offset == 0):
            raise ValueError("the snapshot does not begin with its one META row")
        yield row
        offset += size


# ----- rows without orders


def _read_meta(state: State, row: MetaRow) -> None:
    state.log.partition = row.partition
    state.take_role(Role(row.role))
    state.log.time_us = row.time_us
    state.seq = row.seq
    state.administration.epoch = row.epoch
    state.lanes = lanes_of(
        (
            row.events_hash_0,
            row.events_hash_1,
            row.events_hash_2,
            row.events_hash_3,
            row.events_hash_4,
            row.events_hash_5,
            row.events_hash_6,
            row.events_hash_7,
        )
    )
    state.partition.entity_seq = row.entity_seq
    state.catalog.limits = SetLimits(
        orders_max=row.orders_max,
        algo_orders_max=row.algo_orders_max,
        iceberg_orders_max=row.iceberg_orders_max,
    )


def _read_asset(state: State, row: AssetRow) -> None:
    asset = CreateAsset(asset=row.asset, scale=row.scale, name=row.name)
    state.catalog.assets[row.asset] = asset


def _read_market(state: State, row: MarketRow) -> None:
    fields = {name: getattr(row, name) for name in SPECIFICATION_FIELDS}
    specification = CreateMarket(**fields)
    state.catalog.specifications[row.market] = specification
    market = state.open_market(specification)
    market.entity.entity_seq = row.entity_seq
    market.trade_id = row.trade_id
    market.prevented_id = row.prevented_id
    market.update_id = row.update_id
    market.priority = row.priority
    market.prices.last_ticks = row.last_price_ticks
    market.faults = row.faults


def _read_price_bucket(state: State, row: PriceBucketRow) -> None:
    sums = (row.lots_hi << 64 | row.lots_lo, row.quote_atoms_hi << 64 | row.quote_atoms_lo)
    state.markets[row.market].prices.buckets[row.minute] = sums


def _read_fees(state: State, row: FeesRow) -> None:
    state.catalog.fees[row.schedule, row.market] = (row.maker_rate, row.taker_rate)


def _read_shard(state: State, row: ShardRow) -> None:
    shard = Shard(row.entity)
    shard.order_counter = row.order_counter
    shard.entity_seq = row.entity_seq
    state.accounts.shards[row.shard] = shard


def _read_house(state: State, row: HouseRow) -> None:
    amount = row.amount_hi << 64 | row.amount_lo
    state.accounts.ledger.house[row.shard, row.house, row.market, row.asset] = amount
    state.accounts.ledger.totals[row.asset] += amount


def _read_account(state: State, row: AccountRow) -> None:
    state.accounts.accounts[row.account_id] = Account(
        row.account_id, row.trade_group, row.fee_schedule, row.flags
    )


def _read_balance(state: State, row: BalanceRow) -> None:
    ledger = state.accounts.ledger
    ledger.balances[row.account_id][row.asset] = Balance(row.free_atoms, row.held_atoms)
    ledger.supply[row.asset] += row.free_atoms + row.held_atoms
    ledger.totals[row.asset] += row.free_atoms + row.held_atoms


def _read_continuation(state: State, row: ContinuationRow) -> None:
    market = state.markets[row.market]
    market.queue.append(market.orders[row.order_id])


def _read_dedupe(state: State, row: DedupeRow) -> None:
    outcomes = state.accounts.accounts[row.account_id].outcomes
    outcomes[row.digest_lo, row.digest_hi] = Outcome(
        row.deadline_us, row.command_kind, row.market, row.reason, row.order_id
    )


# ----- rows between partitions


def _read_hosted(state: State, row: HostedRow) -> None:
    hosting = state.hosting
    if row.hosting == Hosting.HOSTED:
        hosting.hosted[row.entity] = row.route_version
    elif row.hosting == Hosting.LEFT:
        hosting.departures[row.entity] = Departure(row.target, row.route_version, b"")
    else:
        hosting.arrivals[row.entity] = Arrival(row.route_version, row.position)


def _read_export(state: State, row: ExportRow) -> None:
    state.hosting.departures[row.entity].rows += row.rows[: row.used]


def _read_import(state: State, row: ImportRow) -> None:
    state.hosting.arrivals[row.entity].rows += row.rows[: row.used]


def _read_link(state: State, row: LinkRow) -> None:
    state.post.links[row.entity, row.peer] = Link(row.last_in, row.last_out, row.acknowledged)


def _read_outbox(state: State, row: OutboxRow) -> None:
    record = LINKS[row.link[2]]
    message = record.unpack(row.link[: record.SIZE])
    link = state.post.links[row.entity, message.destination]
    link.outbox.append(message.pack())
    assert message.link_seq == link.acknowledged + len(link.outbox), "a message is missing"


def _read_request(state: State, row: RequestRow) -> None:
    record = COMMANDS[row.command[2]]
    request: Any = record.unpack(row.command[: record.SIZE])
    origin = Origin(row.origin_partition, row.origin_seq, row.origin_command)
    state.remote.enter_request(Pending(origin, request))


def _read_request_part(state: State, row: RequestPartRow) -> None:
    origin = Origin(row.origin_partition, row.origin_seq, row.origin_command)
    part = Part(row.link_seq, state.remote.requests[origin])
    state.remote.enter_part(row.order_id, part)


_READERS: dict[int, Callable[[State, Any], None]] = {
    MetaRow.KIND: _read_meta,
    AssetRow.KIND: _read_asset,
    MarketRow.KIND: _read_market,
    PriceBucketRow.KIND: _read_price_bucket,
    FeesRow.KIND: _read_fees,
    ShardRow.KIND: _read_shard,
    HouseRow.KIND: _read_house,
    AccountRow.KIND: _read_account,
    BalanceRow.KIND: _read_balance,
    ContinuationRow.KIND: _read_continuation,
    DedupeRow.KIND: _read_dedupe,
    HostedRow.KIND: _read_hosted,
    LinkRow.KIND: _read_link,
    OutboxRow.KIND: _read_outbox,
    RequestRow.KIND: _read_request,
    RequestPartRow.KIND: _read_request_part,
    ExportRow.KIND: _read_export,
    ImportRow.KIND: _read_import,
}


# ----- orders


def _enter_order(state: State, row: OrderRow) -> None:
    """Give an order to its account, if that is here."""
    if state.hosting.role == Role.MARKETS:
        return
    waiting = row.order_type in CONDITIONAL and not row.flags & _TRIGGERED
    state.accounts.open_order(
        AccountOrder(
            account_id=row.account_id,
            order_id=row.order_id,
            market=row.market,
            side=row.side,
            order_type=row.order_type,
            time_in_force=row.time_in_force,
            stp_mode=row.stp_mode,
            trailing_bips=row.trailing_bips,
            trade_group=row.trade_group,
            strategy_id=row.strategy_id,
            strategy_type=row.strategy_type,
            price_ticks=row.price_ticks,
            qty_lots=row.qty_lots,
            quote_atoms=row.quote_order_atoms,
            stop_ticks=row.stop_ticks,
            iceberg_lots=row.iceberg_lots,
            worst_ticks=row.worst_ticks,
            client_order_id=row.client_order_id,
            hold_atoms=row.hold_atoms,
            maker_rate=row.maker_rate,
            taker_rate=row.taker_rate,
            created_us=row.created_us,
            updated_us=row.updated_us,
            working_us=row.working_us,
            flags=row.flags & ~_SWEEPING,
            waiting=waiting,
            status=row.status,
            amends=row.amends,
            trailing_us=row.trailing_us,
            executed_lots=row.executed_lots,
            executed_quote_atoms=row.executed_quote_atoms,
            prevented_lots=row.prevented_lots,
            taker_received_atoms=row.taker_received_atoms,
        )
    )


def _enter_market_order(state: State, row: OrderRow) -> MarketOrder:
    """Give an order to its market; where it waits comes when all are known."""
    market = state.markets[row.market]
    by_sell_quote = row.side != BUY and row.quote_order_atoms > 0
    order = MarketOrder(
        order_id=row.order_id,
        account_id=row.account_id,
        trade_group=row.trade_group,
        side=row.side,
        order_type=row.order_type,
        time_in_force=row.time_in_force,
        stp_mode=row.stp_mode,
        trailing_bips=row.trailing_bips,
        price_ticks=row.price_ticks,
        limit_ticks=row.worst_ticks,
        qty_lots=row.qty_lots,
        quote_atoms=row.quote_order_atoms,
        stop_ticks=row.stop_ticks,
        iceberg_lots=row.iceberg_lots,
        budgeted=is_budgeted(row.side, row.order_type, row.quote_order_atoms),
        budget_atoms=row.budget_atoms,
        cover_lots=row.hold_atoms // market.specification.lot_atoms if by_sell_quote else 0,
        executed_lots=row.executed_lots,
        prevented_lots=row.prevented_lots,
        amends=row.amends,
        place=row.place,
        visible_lots=row.visible_lots,
        priority=row.priority,
        sweeping=bool(row.flags & _SWEEPING),
        trailing_active=bool(row.flags & _TRAILING_ACTIVE),
        extreme_ticks=row.trailing_extreme_ticks,
    )
    market.orders[order.order_id] = order
    return order


def _place_orders(state: State, orders: list[tuple[OrderRow, MarketOrder]]) -> None:
    """Put orders on books and in triggers in the order in which they were placed."""
    for row, order in sorted(orders, key=lambda pair: pair[1].priority):
        market = state.markets[row.market]
        if order.place == OrderPlace.BOOK:
            market.sides[order.side].add(order)
        elif order.place in {OrderPlace.TRIGGER, OrderPlace.TRAILING}:
            market.triggers.add(order)
