"""Cuts the state of a joined partition into account partitions and market partitions.

Pure: rows in, rows out, by sections 11 and 16 of `kernel-semantics.md`. An order becomes two rows,
what its account knows and what its market knows; nothing is under way between them. Whoever
restores the parts has the kernel check that they are rows that a kernel would write.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openoutcry.codec.records import decode_rows
from openoutcry.core.enums import (
    Hosting,
    OrderFlag,
    OrderPlace,
    OrderStatus,
    OrderType,
    Role,
    RowKind,
    Side,
)
from openoutcry.core.ids import entity_of_market, entity_of_shard, shard_of_account
from openoutcry.core.records import (
    AccountRow,
    BalanceRow,
    ContinuationRow,
    DedupeRow,
    HostedRow,
    HouseRow,
    MarketRow,
    MetaRow,
    OrderRow,
    PriceBucketRow,
    Row,
    ShardRow,
)

_OF_THE_ACCOUNT = ~(OrderFlag.SWEEPING.value)
_OF_THE_MARKET = OrderFlag.SWEEPING.value | OrderFlag.TRAILING_ACTIVE.value
_COPIED = frozenset({RowKind.ASSET, RowKind.FEES})


@dataclass(frozen=True, slots=True)
class Part:
    """One partition that a joined state is cut into."""

    number: int
    role: Role
    entities: frozenset[int]
    """Shards of an ACCOUNTS partition, markets of a MARKETS one, by their addresses."""


def cut(
    rows: bytes, parts: Sequence[Part], *, seq: int, route_version: int, events_hash: bytes
) -> dict[int, bytes]:
    """Return each part's state rows as of batch `seq`; raises ValueError when they do not fit.

    `events_hash` are the eight words of a rolling hash that has seen nothing yet.
    """
    found = decode_rows(rows)
    _check_parts(found, parts)
    cut_rows: dict[int, bytes] = {}
    for part in parts:
        kept: list[Row] = []
        for row in found:
            kept += _kept(row, part, seq, events_hash)
        kept += [
            HostedRow(entity=entity, hosting=Hosting.HOSTED, route_version=route_version)
            for entity in sorted(_hosted(part, found))
        ]
        cut_rows[part.number] = b"".join(row.pack() for row in kept)
    return cut_rows


def _check_parts(rows: Iterable[Row], parts: Sequence[Part]) -> None:
    homes: set[int] = set()
    for part in parts:
        if homes & part.entities:
            raise ValueError("an entity is in two partitions")
        homes |= part.entities
    for row in rows:
        if isinstance(row, MetaRow) and row.role != Role.JOINED:
            raise ValueError("only a joined partition is cut")
        if isinstance(row, MarketRow) and entity_of_market(row.market) not in homes:
            raise ValueError(f"no partition is to host market {row.market}")
        if isinstance(row, ShardRow) and entity_of_shard(row.shard) not in homes:
            raise ValueError(f"no partition is to host account shard {row.shard}")


def _hosted(part: Part, rows: Iterable[Row]) -> set[int]:
    """Return what lives in a part; a market that does not exist yet lives nowhere."""
    if part.role is Role.ACCOUNTS:
        return set(part.entities)
    markets = {entity_of_market(row.market) for row in rows if isinstance(row, MarketRow)}
    return markets & part.entities


def _kept(row: Row, part: Part, seq: int, events_hash: bytes) -> list[Row]:
    """Return what a part keeps of a row: all of it, some of it, or nothing."""
    if isinstance(row, MetaRow):
        return [_meta(row, part, seq, events_hash)]
    if row.kind in _COPIED:
        return [row]
    if isinstance(row, MarketRow):
        return [row if entity_of_market(row.market) in part.entities else _copy(row)]
    if part.role is Role.ACCOUNTS:
        return _of_accounts(row, part)
    return _of_markets(row, part)


def _meta(row: MetaRow, part: Part, seq: int, events_hash: bytes) -> MetaRow:
    words = {
        f"events_hash_{at}": int.from_bytes(events_hash[8 * at : 8 * at + 8], "little")
        for at in range(8)
    }
    return row._replace(
        partition=part.number, role=part.role, seq=seq, epoch=0, entity_seq=0, **words
    )


def _copy(row: MarketRow) -> MarketRow:
    return row._replace(
        entity_seq=0,
        trade_id=0,
        prevented_id=0,
        update_id=0,
        priority=0,
        last_price_ticks=0,
        faults=0,
    )


def _of_accounts(row: Row, part: Part) -> list[Row]:
    if isinstance(row, ShardRow | HouseRow):
        return [row] if entity_of_shard(row.shard) in part.entities else []
    if isinstance(row, AccountRow | BalanceRow | DedupeRow):
        home = entity_of_shard(shard_of_account(row.account_id))
        return [row] if home in part.entities else []
    if isinstance(row, OrderRow):
        home = entity_of_shard(shard_of_account(row.account_id))
        return [_order_of_account(row)] if home in part.entities else []
    return []


def _of_markets(row: Row, part: Part) -> list[Row]:
    if isinstance(row, PriceBucketRow | ContinuationRow):
        return [row] if entity_of_market(row.market) in part.entities else []
    if isinstance(row, OrderRow) and entity_of_market(row.market) in part.entities:
        return [_order_of_market(row)]
    return []


def _order_of_account(row: OrderRow) -> OrderRow:
    flags = row.flags & _OF_THE_ACCOUNT
    if not flags & OrderFlag.WORKING:
        flags &= ~OrderFlag.TRIGGERED.value  # the market has not told of it yet
    return row._replace(
        place=OrderPlace.REMOTE,
        flags=flags,
        visible_lots=0,
        budget_atoms=0,
        priority=0,
        trailing_extreme_ticks=0,
    )


def _order_of_market(row: OrderRow) -> OrderRow:
    by_sell_quote = (
        row.order_type == OrderType.MARKET and row.side == Side.SELL and row.quote_order_atoms > 0
    )
    partly = row.executed_lots > 0
    return row._replace(
        entity=entity_of_market(row.market),
        hold_id=0,
        status=OrderStatus.PARTIALLY_FILLED if partly else OrderStatus.NEW,
        flags=row.flags & _OF_THE_MARKET,
        strategy_type=0,
        strategy_id=0,
        executed_quote_atoms=0,
        hold_atoms=row.hold_atoms if by_sell_quote else 0,
        maker_rate=0,
        taker_rate=0,
        taker_received_atoms=0,
        created_us=0,
        updated_us=0,
        working_us=0,
        trailing_us=0,
        client_order_id=b"",
    )
