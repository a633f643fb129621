"""State as rows, in the order of a snapshot; the state hash is over these (section 11)."""

from collections.abc import Iterator
from operator import itemgetter

from openoutcry.core.enums import Hosting, HouseKind, OrderFlag, OrderPlace, OrderStatus, Role
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.limits import EXPORT_CHUNK_BYTES
from openoutcry.core.records import (
    AccountRow,
    AssetRow,
    BalanceRow,
    ContinuationRow,
    CreateAsset,
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
    ShardRow,
)
from openoutcry.reference.administration import SPECIFICATION_FIELDS
from openoutcry.reference.book import MarketOrder
from openoutcry.reference.hashing import words_of
from openoutcry.reference.holdings import Account, AccountOrder
from openoutcry.reference.market import Market
from openoutcry.reference.remote import Pending, RemoteAccounts
from openoutcry.reference.state import State

_WORD = (1 << 64) - 1
_SWEEPING = OrderFlag.SWEEPING.value
_TRAILING_ACTIVE = OrderFlag.TRAILING_ACTIVE.value


def all_rows(state: State) -> Iterator[Row]:
    """Yield every state row in the order of a snapshot."""
    yield meta_row(state)
    for _, asset in sorted(state.catalog.assets.items()):
        yield asset_row(asset)
    markets = [market for _, market in sorted(state.markets.items())]
    for market in markets:
        yield market_row(market)
    for market in markets:
        yield from _price_bucket_rows(market, state.log.time_us)
    for (schedule, number), (maker_rate, taker_rate) in sorted(state.catalog.fees.items()):
        yield FeesRow(
            schedule=schedule, market=number, maker_rate=maker_rate, taker_rate=taker_rate
        )
    yield from shard_rows(state)
    yield from _house_rows(state)
    accounts = [account for _, account in sorted(state.accounts.accounts.items())]
    for account in accounts:
        yield account_row(account)
    for account in accounts:
        yield from balance_rows(state, account.account_id)
    yield from _order_rows(state)
    for market in markets:
        for position, waiting in enumerate(market.queue):
            yield ContinuationRow(
                entity=market.entity.address,
                market=market.specification.market,
                position=position,
                order_id=waiting.order_id,
            )
    for account in accounts:
        yield from _dedupe_rows(account, state.log.time_us)
    yield from _rows_between_partitions(state)


def meta_row(state: State) -> MetaRow:
    """Return the partition's own row."""
    limits = state.catalog.limits
    words = words_of(state.lanes)
    return MetaRow(
        partition=state.log.partition,
        role=state.hosting.role,
        seq=state.seq,
        epoch=state.administration.epoch,
        time_us=state.log.time_us,
        events_hash_0=words[0],
        events_hash_1=words[1],
        events_hash_2=words[2],
        events_hash_3=words[3],
        events_hash_4=words[4],
        events_hash_5=words[5],
        events_hash_6=words[6],
        events_hash_7=words[7],
        entity_seq=state.partition.entity_seq,
        orders_max=limits.orders_max,
        algo_orders_max=limits.algo_orders_max,
        iceberg_orders_max=limits.iceberg_orders_max,
    )


def asset_row(asset: CreateAsset) -> AssetRow:
    """Return an asset's row."""
    return AssetRow(asset=asset.asset, scale=asset.scale, name=asset.name)


def market_row(market: Market) -> MarketRow:
    """Return a market's row."""
    fields = {name: getattr(market.specification, name) for name in SPECIFICATION_FIELDS}
    fields["status"] = market.status
    return MarketRow(
        entity=market.entity.address,
        entity_seq=market.entity.entity_seq,
        trade_id=market.trade_id,
        prevented_id=market.prevented_id,
        update_id=market.update_id,
        priority=market.priority,
        last_price_ticks=market.prices.last_ticks,
        faults=market.faults,
        **fields,
    )


def copy_row(market: Market) -> MarketRow:
    """Return the row that a market has where it does not live."""
    fields = {name: getattr(market.specification, name) for name in SPECIFICATION_FIELDS}
    fields["status"] = market.status
    return MarketRow(entity=market.entity.address, **fields)


def _price_bucket_rows(market: Market, time_us: int) -> Iterator[Row]:
    number = market.specification.market
    for minute, (lots, quote_atoms) in market.prices.recent(time_us):
        yield PriceBucketRow(
            entity=entity_of_market(number),
            market=number,
            minute=minute,
            lots_lo=lots & _WORD,
            lots_hi=lots >> 64,
            quote_atoms_lo=quote_atoms & _WORD,
            quote_atoms_hi=quote_atoms >> 64,
        )


def shard_rows(state: State) -> Iterator[Row]:
    """Return the rows of all shards that are known here."""
    for number, shard in sorted(state.accounts.shards.items()):
        yield ShardRow(
            entity=shard.address,
            shard=number,
            order_counter=shard.order_counter,
            entity_seq=shard.entity_seq,
        )


def _house_rows(state: State) -> Iterator[Row]:
    for (number, kind, market, asset), amount in sorted(state.accounts.ledger.house.items()):
        if amount:
            assert market == 0 or kind == HouseKind.CLEARING, "only clearing is kept by market"
            yield HouseRow(
                entity=entity_of_shard(number),
                shard=number,
                house=kind,
                market=market,
                asset=asset,
                amount_lo=amount & _WORD,
                amount_hi=amount >> 64,
            )


def account_row(account: Account) -> AccountRow:
    """Return an account's row."""
    return AccountRow(
        entity=entity_of_shard(shard_of_account(account.account_id)),
        account_id=account.account_id,
        trade_group=account.trade_group,
        fee_schedule=account.fee_schedule,
        flags=account.flags,
    )


def balance_rows(state: State, account_id: int) -> Iterator[Row]:
    """Yield an account's balances by asset."""
    for asset, balance in sorted(state.accounts.ledger.balances.get(account_id, {}).items()):
        yield BalanceRow(
            entity=entity_of_shard(shard_of_account(account_id)),
            account_id=account_id,
            asset=asset,
            free_atoms=balance.free,
            held_atoms=balance.held,
        )


def order_row(state: State, order: AccountOrder) -> OrderRow:
    """Return an open order's row: money and words from its account, its place from its market."""
    place, flags = OrderPlace.REMOTE, order.flags
    visible_lots = budget_atoms = extreme_ticks = priority = 0
    if state.hosting.role == Role.JOINED:
        there = state.markets[order.market].orders[order.order_id]
        place, budget_atoms = OrderPlace(there.place), there.budget_atoms
        flags |= _SWEEPING if there.sweeping else 0
        visible_lots = there.visible_lots if there.place == OrderPlace.BOOK else 0
        extreme_ticks, priority = there.extreme_ticks, there.priority
    return OrderRow(
        entity=entity_of_shard(shard_of_account(order.account_id)),
        account_id=order.account_id,
        order_id=order.order_id,
        hold_id=order.order_id,
        market=order.market,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        stp_mode=order.stp_mode,
        status=order.status,
        place=place,
        flags=flags,
        amends=order.amends,
        trailing_bips=order.trailing_bips,
        trade_group=order.trade_group,
        strategy_type=order.strategy_type,
        strategy_id=order.strategy_id,
        price_ticks=order.price_ticks,
        qty_lots=order.qty_lots,
        quote_order_atoms=order.quote_atoms,
        stop_ticks=order.stop_ticks,
        iceberg_lots=order.iceberg_lots,
        worst_ticks=order.worst_ticks,
        visible_lots=visible_lots,
        executed_lots=order.executed_lots,
        executed_quote_atoms=order.executed_quote_atoms,
        prevented_lots=order.prevented_lots,
        hold_atoms=order.hold_atoms,
        budget_atoms=budget_atoms,
        maker_rate=order.maker_rate,
        taker_rate=order.taker_rate,
        taker_received_atoms=order.taker_received_atoms,
        created_us=order.created_us,
        updated_us=order.updated_us,
        working_us=order.working_us,
        trailing_us=order.trailing_us,
        trailing_extreme_ticks=extreme_ticks,
        priority=priority,
        client_order_id=order.client_order_id,
    )


def _order_rows(state: State) -> Iterator[Row]:
    if state.hosting.role != Role.MARKETS:
        for _, order in sorted(state.accounts.orders.items()):
            yield order_row(state, order)
        return
    known = [
        (there.order_id, there, market)
        for market in state.markets.values()
        for there in market.orders.values()
    ]
    for _, there, market in sorted(known, key=itemgetter(0)):
        yield market_order_row(market, there)


def market_order_row(market: Market, order: MarketOrder) -> OrderRow:
    """Return the row of an order whose account is elsewhere: what its market knows of it."""
    flags = _SWEEPING if order.sweeping else 0
    flags |= _TRAILING_ACTIVE if order.trailing_active else 0
    return OrderRow(
        entity=market.entity.address,
        account_id=order.account_id,
        order_id=order.order_id,
        market=market.specification.market,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        stp_mode=order.stp_mode,
        status=OrderStatus.PARTIALLY_FILLED if order.executed_lots else OrderStatus.NEW,
        place=order.place,
        flags=flags,
        amends=order.amends,
        trailing_bips=order.trailing_bips,
        trade_group=order.trade_group,
        price_ticks=order.price_ticks,
        qty_lots=order.qty_lots,
        quote_order_atoms=order.quote_atoms,
        stop_ticks=order.stop_ticks,
        iceberg_lots=order.iceberg_lots,
        worst_ticks=order.limit_ticks,
        visible_lots=order.visible_lots if order.place == OrderPlace.BOOK else 0,
        executed_lots=order.executed_lots,
        prevented_lots=order.prevented_lots,
        hold_atoms=max(order.cover_lots, 0) * market.specification.lot_atoms,
        budget_atoms=order.budget_atoms,
        trailing_extreme_ticks=order.extreme_ticks,
        priority=order.priority,
    )


def _dedupe_rows(account: Account, time_us: int) -> Iterator[Row]:
    for (digest_lo, digest_hi), outcome in sorted(account.outcomes.items()):
        if outcome.deadline_us >= time_us:
            yield DedupeRow(
                entity=entity_of_shard(shard_of_account(account.account_id)),
                account_id=account.account_id,
                digest_lo=digest_lo,
                digest_hi=digest_hi,
                deadline_us=outcome.deadline_us,
                order_id=outcome.order_id,
                market=outcome.market,
                command_kind=outcome.kind,
                reason=outcome.reason,
            )


# ----- between partitions


def _rows_between_partitions(state: State) -> Iterator[Row]:
    yield from _hosted_rows(state)
    links = sorted(state.post.links.items())
    for (here, there), link in links:
        yield LinkRow(
            entity=here,
            peer=there,
            last_in=link.last_in,
            last_out=link.last_out,
            acknowledged=link.acknowledged,
        )
    for (here, _), link in links:
        for message in link.outbox:
            yield OutboxRow(entity=here, link=message)
    if isinstance(state.accounts, RemoteAccounts):
        yield from _request_rows(state.accounts)
    for entity, departure in sorted(state.hosting.departures.items()):
        yield from _pieces(ExportRow, entity, departure.rows)
    for entity, arrival in sorted(state.hosting.arrivals.items()):
        yield from _pieces(ImportRow, entity, bytes(arrival.rows))


def _hosted_rows(state: State) -> Iterator[Row]:
    """Yield what is hosted, what has left and what is arriving, by entity."""
    hosting = state.hosting
    found = [
        HostedRow(entity=entity, hosting=Hosting.HOSTED, route_version=version)
        for entity, version in hosting.hosted.items()
    ]
    found += [
        HostedRow(
            entity=entity,
            hosting=Hosting.LEFT,
            target=departure.target,
            route_version=departure.route_version,
            export_bytes=len(departure.rows),
        )
        for entity, departure in hosting.departures.items()
    ]
    found += [
        HostedRow(
            entity=entity,
            hosting=Hosting.ARRIVING,
            route_version=arrival.route_version,
            export_bytes=len(arrival.rows),
            position=arrival.position,
        )
        for entity, arrival in hosting.arrivals.items()
    ]
    yield from sorted(found, key=lambda row: (row.entity, row.hosting))


def _pieces(record: type[ExportRow | ImportRow], entity: int, data: bytes) -> Iterator[Row]:
    for position, at in enumerate(range(0, len(data), EXPORT_CHUNK_BYTES)):
        piece = data[at : at + EXPORT_CHUNK_BYTES]
        yield record(entity=entity, position=position, used=len(piece), rows=piece)


def _request_rows(accounts: RemoteAccounts) -> Iterator[Row]:
    """Yield requests by origin, then their open messages by order."""
    for _, pending in sorted(accounts.requests.items()):
        yield RequestRow(
            entity=_entity_of(pending),
            account_id=pending.request.account_id,
            origin_seq=pending.origin.seq,
            origin_command=pending.origin.command,
            origin_partition=pending.origin.partition,
            command=pending.request.pack(),
        )
    for order_id, parts in sorted(accounts.parts.items()):
        for link_seq, pending in parts:
            yield RequestPartRow(
                entity=_entity_of(pending),
                order_id=order_id,
                link_seq=link_seq,
                origin_seq=pending.origin.seq,
                origin_command=pending.origin.command,
                origin_partition=pending.origin.partition,
            )


def _entity_of(pending: Pending) -> int:
    return entity_of_shard(shard_of_account(pending.request.account_id))
