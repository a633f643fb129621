"""The one table of record layouts: commands, links, events and state rows.

A field is `name:code`; the codes are NumPy's (`u1 u2 u4 u8 i4 i8 S16 S24 S36`), always
little-endian and naturally aligned, with padding written out as `_pad`. Every record starts with
`size` (bytes, a multiple of eight), `kind` and `version`. `tools/generate_records.py` makes from
this table `core/records.py` (typed tuples with pack and unpack) and `native/src/records.gen.hpp`
(structs held to these sizes and offsets). The same bytes are the journal, the bus and the snapshot.
"""

from openoutcry.core.enums import CommandKind, EventKind, LinkKind, RowKind
from openoutcry.core.limits import EXPORT_CHUNK_BYTES, LINK_BYTES_MAX, REQUEST_BYTES_MAX

COMMAND_HEADER = """
size:u2 kind:u1 version:u1 entity:u4 account_id:u8
digest_lo:u8 digest_hi:u8 deadline_us:i8 time_us:i8
"""

NEW_ORDER_BODY = """
market:u2 side:u1 order_type:u1 time_in_force:u1 stp_mode:u1 _pad0:u2
market_version:u4 trailing_bips:u4
price_ticks:i8 qty_lots:i8 quote_atoms:i8 stop_ticks:i8 iceberg_lots:i8 worst_ticks:i8
strategy_id:i8 strategy_type:i4 _pad1:u4
client_order_id:S36 _pad2:u4
"""

MARKET_SPECIFICATION = """
market:u2 base_asset:u2 quote_asset:u2 status:u1 default_stp_mode:u1
symbol:S24
specification_version:u4 stp_modes:u2 order_types:u2
flags:u4 average_price_minutes:u4
tick_atoms:i8 lot_atoms:i8 tick_lot_atoms:i8
price_ticks_min:i8 price_ticks_max:i8
qty_lots_min:i8 qty_lots_max:i8
market_qty_lots_min:i8 market_qty_lots_max:i8 market_qty_lots_step:i8
notional_atoms_min:i8 notional_atoms_max:i8
position_lots_max:i8
bid_multiplier_up:u4 bid_multiplier_down:u4 ask_multiplier_up:u4 ask_multiplier_down:u4
orders_max:u4 algo_orders_max:u4 iceberg_orders_max:u4 iceberg_parts_max:u4
amends_max:u4 trailing_above_bips_min:u4 trailing_above_bips_max:u4 trailing_below_bips_min:u4
trailing_below_bips_max:u4 _pad0:u4
"""

MARKET_BODY = MARKET_SPECIFICATION
ACCOUNT_BODY = "trade_group:i4 fee_schedule:u2 flags:u2"
FEES_BODY = "schedule:u2 market:u2 _pad0:u4 maker_rate:u4 taker_rate:u4"
LIMITS_BODY = "orders_max:u4 algo_orders_max:u4 iceberg_orders_max:u4 _pad0:u4"
ASSET_BODY = "asset:u2 scale:u1 _pad0:u1 _pad1:u4 name:S16"
MONEY_BODY = "asset:u2 _pad0:u2 _pad1:u4 amount_atoms:i8 reference:u8"
ROLE_BODY = "role:u1 _pad0:u1 _pad1:u2 _pad2:u4"
ORIGIN_BODY = "origin_seq:u8 origin_command:u4 origin_partition:u4"
"""Which command a request came by: a batch, an index in it, and whose journal that is."""
REQUEST_BODY = (
    f"account_id:u8 order_id:i8 {ORIGIN_BODY} market:u2 command_kind:u1 _pad0:u1 _pad1:u4"
)

COMMANDS: dict[str, tuple[CommandKind, str]] = {
    "NewOrder": (CommandKind.NEW_ORDER, NEW_ORDER_BODY),
    "CancelOrder": (
        CommandKind.CANCEL_ORDER,
        """market:u2 restriction:u1 _pad0:u1 _pad1:u4 order_id:i8
        original_client_order_id:S36 _pad2:u4 client_order_id:S36 _pad3:u4""",
    ),
    "CancelAll": (CommandKind.CANCEL_ALL, "market:u2 _pad0:u2 _pad1:u4"),
    "CancelReplace": (
        CommandKind.CANCEL_REPLACE,
        NEW_ORDER_BODY
        + """cancel_order_id:i8 cancel_original_client_order_id:S36 _pad3:u4
        cancel_client_order_id:S36 _pad4:u4 mode:u1 restriction:u1 _pad5:u2 _pad6:u4""",
    ),
    "AmendOrder": (
        CommandKind.AMEND_ORDER,
        """market:u2 _pad0:u2 _pad1:u4 order_id:i8 qty_lots:i8
        original_client_order_id:S36 _pad2:u4 client_order_id:S36 _pad3:u4""",
    ),
    "CreateAsset": (CommandKind.CREATE_ASSET, ASSET_BODY),
    "CreateMarket": (CommandKind.CREATE_MARKET, MARKET_BODY),
    "UpdateMarket": (CommandKind.UPDATE_MARKET, MARKET_BODY),
    "SetMarketStatus": (CommandKind.SET_MARKET_STATUS, "market:u2 status:u1 _pad0:u1 _pad1:u4"),
    "CreateAccount": (CommandKind.CREATE_ACCOUNT, ACCOUNT_BODY),
    "UpdateAccount": (CommandKind.UPDATE_ACCOUNT, ACCOUNT_BODY),
    "SetFees": (CommandKind.SET_FEES, FEES_BODY),
    "SetLimits": (CommandKind.SET_LIMITS, LIMITS_BODY),
    "Deposit": (CommandKind.DEPOSIT, MONEY_BODY),
    "Withdraw": (CommandKind.WITHDRAW, MONEY_BODY),
    "Adjust": (CommandKind.ADJUST, MONEY_BODY),
    "Tick": (CommandKind.TICK, ""),
    "Quarantine": (CommandKind.QUARANTINE, "seq:u8 index:u4 market:u4"),
    "Epoch": (CommandKind.EPOCH, "epoch:u8"),
    "LinkAck": (CommandKind.LINK_ACK, "destination:u4 _pad0:u4 link_seq:u8"),
    # The link record follows: `size` is that of both.
    "Deliver": (CommandKind.DELIVER, ""),
    "SetRole": (CommandKind.SET_ROLE, ROLE_BODY),
    "Host": (CommandKind.HOST, "hosted:u1 _pad0:u1 _pad1:u2 _pad2:u4 route_version:u8"),
    "MoveOut": (CommandKind.MOVE_OUT, "target:u4 _pad0:u4 route_version:u8"),
    # Rows follow, or a part of one: `size` is that of all.
    "MoveIn": (
        CommandKind.MOVE_IN,
        "route_version:u8 position:u4 last:u1 _pad0:u1 _pad1:u2",
    ),
    "MoveDone": (CommandKind.MOVE_DONE, "route_version:u8"),
}

LINK_HEADER = """
size:u2 kind:u1 version:u1 source:u4 destination:u4 _pad9:u4 link_seq:u8 time_us:i8 order_id:i8
"""

LINKS: dict[str, tuple[LinkKind, str]] = {
    "Place": (
        LinkKind.PLACE,
        """account_id:u8 trade_group:i4 market_version:u4
        side:u1 order_type:u1 time_in_force:u1 stp_mode:u1 trailing_bips:u4
        price_ticks:i8 qty_lots:i8 quote_atoms:i8 stop_ticks:i8 iceberg_lots:i8 worst_ticks:i8
        budget_atoms:i8 need_atoms:i8""",
    ),
    "Cancel": (LinkKind.CANCEL, "restriction:u1 _pad0:u1 _pad1:u2 _pad2:u4"),
    "Amend": (LinkKind.AMEND, "qty_lots:i8"),
    "Settle": (
        LinkKind.SETTLE,
        """trade_id:i8 price_ticks:i8 lots:i8 quote_atoms:i8
        maker:u1 prevented:u1 transfer:u1 ends:u1 status:u1 stp_mode:u1 reason:u2 trade_time_us:i8
        counter_order_id:i8 counter_account_id:u8 counter_lots:i8 trade_group:i4 _pad0:u4""",
    ),
    "Done": (LinkKind.DONE, "status:u1 execution:u1 reason:u2 _pad0:u4 remaining_lots:i8"),
    "Answer": (LinkKind.ANSWER, "answers:u1 execution:u1 reason:u2 _pad0:u4 qty_lots:i8"),
}

EVENT_HEADER = """
size:u2 kind:u1 version:u1 index:u4 command:u4 partition:u4 entity:u4 _pad9:u4
seq:u8 entity_seq:u8 time_us:i8
"""

ORDER_BODY = """
account_id:u8 order_id:i8
market:u2 side:u1 order_type:u1 time_in_force:u1 stp_mode:u1 status:u1 execution:u1
reason:u2 flags:u2 trailing_bips:u4
price_ticks:i8 qty_lots:i8 quote_order_atoms:i8 stop_ticks:i8 iceberg_lots:i8
executed_lots:i8 executed_quote_atoms:i8 prevented_lots:i8
created_us:i8 working_us:i8 trailing_us:i8
match_id:i8 last_ticks:i8 last_lots:i8
held_atoms:i8 released_atoms:i8 paid_atoms:i8 received_atoms:i8 fee_atoms:i8
base_free_atoms:i8 base_held_atoms:i8 quote_free_atoms:i8 quote_held_atoms:i8
strategy_id:i8 strategy_type:i4 _pad0:u4
client_order_id:S36 _pad1:u4
"""

EVENTS: dict[str, tuple[EventKind, str]] = {
    "OrderEvent": (EventKind.ORDER, ORDER_BODY),
    "OrderRequestedEvent": (
        EventKind.ORDER_REQUESTED,
        ORDER_BODY + "request_client_order_id:S36 _pad2:u4",
    ),
    "TradeEvent": (
        EventKind.TRADE,
        """market:u2 taker_side:u1 _pad0:u1 _pad1:u4 trade_id:i8 price_ticks:i8 lots:i8
        quote_atoms:i8 buy_order_id:i8 sell_order_id:i8 buy_account_id:u8 sell_account_id:u8""",
    ),
    "LevelEvent": (
        EventKind.LEVEL,
        "market:u2 side:u1 _pad0:u1 orders:u4 price_ticks:i8 lots:i8 update_id:i8",
    ),
    "PreventedEvent": (
        EventKind.PREVENTED,
        """market:u2 taker_side:u1 stp_mode:u1 trade_group:i4 prevented_id:i8 price_ticks:i8
        taker_order_id:i8 maker_order_id:i8 taker_account_id:u8 maker_account_id:u8
        taker_prevented_lots:i8 maker_prevented_lots:i8""",
    ),
    "RefusedEvent": (
        EventKind.REFUSED,
        """account_id:u8 market:u2 command_kind:u1 phase:u1 reason:u2 _pad0:u2 order_id:i8
        client_order_id:S36 _pad1:u4""",
    ),
    "DuplicateEvent": (
        EventKind.DUPLICATE,
        "account_id:u8 market:u2 command_kind:u1 _pad0:u1 reason:u2 _pad1:u2 order_id:i8",
    ),
    "BalanceEvent": (
        EventKind.BALANCE,
        """account_id:u8 asset:u2 cause:u1 _pad0:u1 _pad1:u4 amount_atoms:i8 free_atoms:i8
        held_atoms:i8 reference:u8""",
    ),
    "AssetEvent": (EventKind.ASSET, ASSET_BODY),
    "MarketEvent": (EventKind.MARKET, MARKET_SPECIFICATION),
    "AccountEvent": (EventKind.ACCOUNT, "account_id:u8 " + ACCOUNT_BODY),
    "FeesEvent": (EventKind.FEES, FEES_BODY),
    "LimitsEvent": (EventKind.LIMITS, LIMITS_BODY),
    "QuarantinedEvent": (
        EventKind.QUARANTINED,
        "quarantined_seq:u8 quarantined_index:u4 market:u4",
    ),
    "EpochEvent": (EventKind.EPOCH, "epoch:u8"),
    "RoleEvent": (EventKind.ROLE, ROLE_BODY),
    "HostedEvent": (
        EventKind.HOSTED,
        "hosted_entity:u4 hosted:u1 _pad0:u1 _pad1:u2 route_version:u8",
    ),
    "LinkEvent": (EventKind.LINK, f"link:S{LINK_BYTES_MAX}"),
    "PendingEvent": (EventKind.PENDING, REQUEST_BODY),
    "AnsweredEvent": (EventKind.ANSWERED, REQUEST_BODY),
    "MovedOutEvent": (
        EventKind.MOVED_OUT,
        "moved_entity:u4 target:u4 route_version:u8 export_bytes:u8 hash_lo:u8 hash_hi:u8",
    ),
    "MovedInEvent": (
        EventKind.MOVED_IN,
        "moved_entity:u4 position:u4 route_version:u8 last:u1 _pad0:u1 _pad1:u2 _pad2:u4",
    ),
    "MoveDoneEvent": (EventKind.MOVE_DONE, "moved_entity:u4 _pad0:u4 route_version:u8"),
}

ROW_HEADER = "size:u2 kind:u1 version:u1 entity:u4"

ROWS: dict[str, tuple[RowKind, str]] = {
    "MetaRow": (
        RowKind.META,
        """partition:u4 role:u1 _pad0:u1 _pad1:u2 seq:u8 epoch:u8 time_us:i8
        events_hash_0:u8 events_hash_1:u8 events_hash_2:u8 events_hash_3:u8
        events_hash_4:u8 events_hash_5:u8 events_hash_6:u8 events_hash_7:u8 entity_seq:u8
        """
        + LIMITS_BODY,
    ),
    "AssetRow": (RowKind.ASSET, ASSET_BODY),
    "MarketRow": (
        RowKind.MARKET,
        MARKET_SPECIFICATION
        + """entity_seq:u8 trade_id:i8 prevented_id:i8 update_id:i8 priority:u8
        last_price_ticks:i8 faults:u4 _pad1:u4""",
    ),
    "PriceBucketRow": (
        RowKind.PRICE_BUCKET,
        """market:u2 _pad0:u2 _pad1:u4 minute:i8 lots_lo:u8 lots_hi:i8
        quote_atoms_lo:u8 quote_atoms_hi:i8""",
    ),
    "FeesRow": (RowKind.FEES, FEES_BODY),
    "ShardRow": (RowKind.SHARD, "shard:u4 _pad0:u4 order_counter:u8 entity_seq:u8"),
    "HouseRow": (
        RowKind.HOUSE,
        "shard:u4 house:u1 _pad0:u1 market:u2 asset:u2 _pad1:u2 _pad2:u4 amount_lo:u8 amount_hi:i8",
    ),
    "AccountRow": (RowKind.ACCOUNT, "account_id:u8 " + ACCOUNT_BODY),
    "BalanceRow": (
        RowKind.BALANCE,
        "account_id:u8 asset:u2 _pad0:u2 _pad1:u4 free_atoms:i8 held_atoms:i8",
    ),
    "OrderRow": (
        RowKind.ORDER,
        """account_id:u8 order_id:i8 hold_id:i8
        market:u2 side:u1 order_type:u1 time_in_force:u1 stp_mode:u1 status:u1 place:u1
        flags:u2 amends:u2 trailing_bips:u4
        trade_group:i4 strategy_type:i4 strategy_id:i8
        price_ticks:i8 qty_lots:i8 quote_order_atoms:i8 stop_ticks:i8 iceberg_lots:i8 worst_ticks:i8
        visible_lots:i8 executed_lots:i8 executed_quote_atoms:i8 prevented_lots:i8
        hold_atoms:i8 budget_atoms:i8 maker_rate:u4 taker_rate:u4 taker_received_atoms:i8
        created_us:i8 updated_us:i8 working_us:i8 trailing_us:i8 trailing_extreme_ticks:i8
        priority:u8 client_order_id:S36 _pad0:u4""",
    ),
    "ContinuationRow": (
        RowKind.CONTINUATION,
        "market:u2 _pad0:u2 position:u4 order_id:i8",
    ),
    "DedupeRow": (
        RowKind.DEDUPE,
        """account_id:u8 digest_lo:u8 digest_hi:u8 deadline_us:i8 order_id:i8
        market:u2 command_kind:u1 _pad0:u1 reason:u2 _pad1:u2""",
    ),
    "HostedRow": (
        RowKind.HOSTED,
        "hosting:u1 _pad0:u1 _pad1:u2 target:u4 route_version:u8 export_bytes:u8 position:u8",
    ),
    "LinkRow": (RowKind.LINK, "peer:u4 _pad0:u4 last_in:u8 last_out:u8 acknowledged:u8"),
    "OutboxRow": (RowKind.OUTBOX, f"link:S{LINK_BYTES_MAX}"),
    "RequestRow": (
        RowKind.REQUEST,
        f"account_id:u8 {ORIGIN_BODY} command:S{REQUEST_BYTES_MAX}",
    ),
    "RequestPartRow": (RowKind.REQUEST_PART, f"order_id:i8 link_seq:u8 {ORIGIN_BODY}"),
    "ExportRow": (RowKind.EXPORT, f"position:u4 used:u4 rows:S{EXPORT_CHUNK_BYTES}"),
    "ImportRow": (RowKind.IMPORT, f"position:u4 used:u4 rows:S{EXPORT_CHUNK_BYTES}"),
}


def parse_fields(text: str) -> list[tuple[str, str]]:
    """Split a layout into (name, code) pairs, numbering repeated padding."""
    fields: list[tuple[str, str]] = []
    for part in text.split():
        name, code = part.split(":")
        if name.startswith("_pad"):
            name = f"_pad{sum(other.startswith('_pad') for other, _ in fields)}"
        fields.append((name, code))
    return fields
