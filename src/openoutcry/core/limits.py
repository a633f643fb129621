"""Every bound of the kernel in one place, and what must hold between them.

A bound that is reached is a refusal with its reason; it is never an exception.
`tools/generate_records.py` writes these into the kernel's C++ header.
"""

ACCOUNT_SHARDS = 1024
"""Account shards; the low ten bits of an account id."""
SHARD_BITS = 10
ORDER_ID_MAX = (1 << 53) - 1
"""JavaScript clients hold order ids in doubles."""
ASSETS_MAX = 1024
MARKETS_MAX = 4096
FEE_SCHEDULES_MAX = 1024
PRICE_TICKS_MAX = (1 << 36) - 1
QTY_LOTS_MAX = (1 << 53) - 1
AMOUNT_ATOMS_MAX = (1 << 62) - 1
"""Largest notional, hold, balance and total supply of an asset."""
RATE_ONE = 100_000_000
"""Fee rates are in units of 1e-8."""
MULTIPLIER_ONE = 10_000
"""Price band multipliers and trailing deltas (bips) are in units of 1e-4."""
DEADLINE_AHEAD_US_MAX = 120_000_000
"""How far ahead of the command's time its deadline may lie."""
EVENT_BUDGET = 1024
"""A sweep or a cascade is suspended when the events of a command would pass this."""
EVENTS_PER_STEP_MAX = 8
"""Most events that one step of a match emits."""
FOK_STEPS_MAX = 200
"""A fill-or-kill that would need more steps than this is not fillable."""
CANCEL_ALL_ORDERS_MAX = 256
"""Orders that one cancel-all ends; the caller repeats it for more."""
EVENTS_PER_COMMAND_MAX = 4096
CLIENT_ORDER_ID_BYTES_MAX = 36
ASSET_NAME_BYTES_MAX = 16
SYMBOL_BYTES_MAX = 24
TRAILING_ORDERS_PER_MARKET_MAX = 10_000
OPEN_ORDERS_MAX = 50_000_000
ACCOUNTS_MAX = 50_000_000
AVERAGE_PRICE_MINUTES_MAX = 60
FAULTS_BEFORE_CANCEL_ONLY = 2
REQUESTS_MAX = 1 << 16
"""Requests of an ACCOUNTS partition that markets have not answered yet."""
OUTBOX_MESSAGES_MAX = 1 << 16
"""Unacknowledged messages to an account shard at which its market takes no new order from it."""
LINK_BYTES_MAX = 128
"""The longest link record."""
REQUEST_BYTES_MAX = 264
"""The longest command that a market is asked about."""
EXPORT_CHUNK_BYTES = 4096
"""What one EXPORT or IMPORT row holds."""
MOVE_BYTES_MAX = 60_000
"""Most bytes of rows in one MOVE_IN."""

assert ACCOUNT_SHARDS == 1 << SHARD_BITS
# The last of a drained cascade and then the command itself may each be a fill-or-kill, or the
# command a cancel-all: neither is suspended.
_FOK_EVENTS_MAX = 4 * FOK_STEPS_MAX + EVENTS_PER_STEP_MAX
assert EVENT_BUDGET + 2 * _FOK_EVENTS_MAX <= EVENTS_PER_COMMAND_MAX
assert EVENT_BUDGET + _FOK_EVENTS_MAX + 2 * CANCEL_ALL_ORDERS_MAX <= EVENTS_PER_COMMAND_MAX
assert PRICE_TICKS_MAX < 1 << 36
