"""The closed sets of values that commands, events and state rows carry, one byte or two each.

The numbers are part of the journal's format: a number is never reused, nor its meaning changed.
`tools/generate_records.py` writes the same sets into the kernel's C++ header.
"""

from enum import IntEnum, IntFlag


class EntityKind(IntEnum):
    """What the top byte of an entity address says; see `core.ids`."""

    PARTITION = 0
    SHARD = 1
    MARKET = 2


class Role(IntEnum):
    """Which sides of the kernel live in a partition."""

    JOINED = 0
    ACCOUNTS = 1
    MARKETS = 2


class CommandKind(IntEnum):
    """Imperatives: what the kernel is asked to do."""

    NEW_ORDER = 1
    CANCEL_ORDER = 2
    CANCEL_ALL = 3
    CANCEL_REPLACE = 4
    AMEND_ORDER = 5
    CREATE_ASSET = 10
    CREATE_MARKET = 11
    UPDATE_MARKET = 12
    SET_MARKET_STATUS = 13
    CREATE_ACCOUNT = 14
    UPDATE_ACCOUNT = 15
    SET_FEES = 16
    SET_LIMITS = 17
    DEPOSIT = 18
    WITHDRAW = 19
    ADJUST = 20
    TICK = 21
    QUARANTINE = 30
    EPOCH = 31
    LINK_ACK = 32
    DELIVER = 33
    SET_ROLE = 34
    HOST = 35
    MOVE_OUT = 36
    MOVE_IN = 37
    MOVE_DONE = 38


class LinkKind(IntEnum):
    """Messages between an account shard and a market."""

    PLACE = 1
    CANCEL = 2
    AMEND = 3
    SETTLE = 4
    DONE = 5
    ANSWER = 6


class EventKind(IntEnum):
    """Past tense: what the kernel did."""

    ORDER = 1
    ORDER_REQUESTED = 2
    TRADE = 3
    LEVEL = 4
    PREVENTED = 5
    REFUSED = 6
    DUPLICATE = 7
    BALANCE = 8
    ASSET = 9
    MARKET = 10
    ACCOUNT = 11
    FEES = 12
    LIMITS = 13
    QUARANTINED = 14
    EPOCH = 15
    ROLE = 16
    HOSTED = 17
    LINK = 18
    PENDING = 19
    ANSWERED = 20
    MOVED_OUT = 21
    MOVED_IN = 22
    MOVE_DONE = 23


class RowKind(IntEnum):
    """State rows, in the order in which a snapshot holds them."""

    META = 1
    ASSET = 2
    MARKET = 3
    PRICE_BUCKET = 4
    FEES = 5
    SHARD = 6
    HOUSE = 7
    ACCOUNT = 8
    BALANCE = 9
    ORDER = 10
    CONTINUATION = 11
    DEDUPE = 12
    HOSTED = 13
    LINK = 14
    OUTBOX = 15
    REQUEST = 16
    REQUEST_PART = 17
    EXPORT = 18
    IMPORT = 19


class Hosting(IntEnum):
    """How a partition stands to an entity that it hosts, has hosted or is about to."""

    HOSTED = 1
    LEFT = 2
    ARRIVING = 3


class Side(IntEnum):
    """Which way an order goes."""

    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """The order types of the public API."""

    LIMIT = 1
    MARKET = 2
    LIMIT_MAKER = 3
    STOP_LOSS = 4
    STOP_LOSS_LIMIT = 5
    TAKE_PROFIT = 6
    TAKE_PROFIT_LIMIT = 7


class TimeInForce(IntEnum):
    """How long an order lives; NONE for types that take no time in force."""

    NONE = 0
    GTC = 1
    IOC = 2
    FOK = 3


class StpMode(IntEnum):
    """Self-trade prevention; the taker's mode decides."""

    NONE = 0
    EXPIRE_TAKER = 1
    EXPIRE_MAKER = 2
    EXPIRE_BOTH = 3
    DECREMENT = 4
    TRANSFER = 5


class OrderStatus(IntEnum):
    """Where an order is in its life."""

    NEW = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    EXPIRED = 5
    EXPIRED_IN_MATCH = 6


class Execution(IntEnum):
    """What an order event reports (the execution type of an execution report)."""

    NEW = 1
    CANCELED = 2
    REPLACED = 3
    TRADE = 4
    EXPIRED = 5
    TRADE_PREVENTION = 6
    TRIGGERED = 7


class OrderPlace(IntEnum):
    """Where an open order waits."""

    NOWHERE = 0
    BOOK = 1
    TRIGGER = 2
    TRAILING = 3
    QUEUED = 4
    REMOTE = 5
    """At a market in another partition."""


class OrderFlag(IntFlag):
    """Facts about an order that are true or false."""

    WORKING = 1
    MAKER = 2
    TRAILING_ACTIVE = 4
    SWEEPING = 8
    TRIGGERED = 16


class MarketStatus(IntEnum):
    """Whether a market takes orders; only TRADING matches."""

    TRADING = 1
    HALT = 2
    BREAK = 3
    CANCEL_ONLY = 4
    END_OF_DAY = 5


class MarketFlag(IntFlag):
    """What a market allows."""

    ICEBERG = 1
    TRAILING_STOP = 2
    QUOTE_ORDER_QTY = 4
    CANCEL_REPLACE = 8
    AMEND = 16
    MIN_NOTIONAL_ON_MARKET = 32
    MAX_NOTIONAL_ON_MARKET = 64


class AccountFlag(IntFlag):
    """What an account may do."""

    TRADE = 1
    WITHDRAW = 2
    DEPOSIT = 4


class HouseKind(IntEnum):
    """The house's accounts; each lives in one account shard."""

    EXTERNAL = 1
    FEE = 2
    CLEARING = 3


class BalanceCause(IntEnum):
    """Why a balance event changed a balance."""

    DEPOSIT = 1
    WITHDRAWAL = 2
    ADJUSTMENT = 3


class CancelRestriction(IntEnum):
    """In which state alone an order may be cancelled."""

    NONE = 0
    ONLY_NEW = 1
    ONLY_PARTIALLY_FILLED = 2


class CancelReplaceMode(IntEnum):
    """What a failed cancel means for the order that was to replace it."""

    STOP_ON_FAILURE = 1
    ALLOW_FAILURE = 2


class Phase(IntEnum):
    """Which part of a command a refusal speaks of."""

    WHOLE = 0
    CANCEL = 1
    NEW = 2


class Reason(IntEnum):
    """Why a command was refused, or why an order ended. Refusals are values, never exceptions."""

    NONE = 0
    UNKNOWN_COMMAND = 1
    TIME_WENT_BACK = 2
    DEADLINE_PASSED = 3
    DEADLINE_TOO_FAR = 4
    UNKNOWN_ACCOUNT = 5
    ALREADY_EXISTS = 6
    ACCOUNT_MAY_NOT_TRADE = 7
    UNKNOWN_MARKET = 8
    UNKNOWN_ASSET = 9
    INVALID_SPECIFICATION = 10
    INVALID_AMOUNT = 11
    INSUFFICIENT_BALANCE = 12
    CAPACITY_REACHED = 13
    MARKET_BUSY = 14
    ACCOUNT_MAY_NOT_WITHDRAW = 15
    ACCOUNT_MAY_NOT_DEPOSIT = 16
    # between partitions
    NOT_HOSTED = 17
    REQUEST_PENDING = 18
    # the order's own shape
    INVALID_SIDE = 20
    INVALID_ORDER_TYPE = 21
    INVALID_TIME_IN_FORCE = 22
    STP_MODE_NOT_ALLOWED = 23
    INVALID_COMBINATION = 24
    ORDER_TYPE_NOT_SUPPORTED = 25
    ICEBERG_NOT_SUPPORTED = 26
    TRAILING_NOT_SUPPORTED = 27
    QUOTE_QTY_NOT_SUPPORTED = 28
    CANCEL_REPLACE_NOT_SUPPORTED = 29
    AMEND_NOT_SUPPORTED = 30
    ICEBERG_EXCEEDS_QTY = 31
    CLIENT_ORDER_ID_INVALID = 32
    NOTIONAL_OVERFLOW = 33
    # filters
    PRICE_FILTER = 40
    LOT_SIZE = 41
    MARKET_LOT_SIZE = 42
    ICEBERG_PARTS = 43
    TRAILING_DELTA = 44
    MAX_NUM_ORDERS = 45
    MAX_NUM_ALGO_ORDERS = 46
    MAX_NUM_ICEBERG_ORDERS = 47
    EXCHANGE_MAX_NUM_ORDERS = 48
    EXCHANGE_MAX_NUM_ALGO_ORDERS = 49
    EXCHANGE_MAX_NUM_ICEBERG_ORDERS = 50
    MAX_POSITION = 51
    PERCENT_PRICE_BY_SIDE = 52
    NOTIONAL = 53
    MAX_NUM_ORDER_AMENDS = 54
    # decided by the account shard
    DUPLICATE_CLIENT_ORDER_ID = 60
    # decided by the market
    MARKET_CLOSED = 70
    MARKET_VERSION_MISMATCH = 71
    WOULD_TRIGGER_IMMEDIATELY = 72
    WOULD_TAKE = 73
    LIQUIDITY_BELOW_LOT_SIZE = 74
    # cancels and amends
    UNKNOWN_ORDER = 80
    CANCEL_ID_MISMATCH = 81
    CANCEL_RESTRICTED = 82
    AMEND_INCREASE = 83
    AMEND_NO_CHANGE = 84
    NOT_ATTEMPTED = 85
    # how an order ended
    CANCELED_BY_USER = 100
    IOC_REMAINDER = 101
    FOK_UNFILLED = 102
    INSUFFICIENT_LIQUIDITY = 103
    SELF_TRADE_PREVENTED = 104
    EXCHANGE_CANCELED = 105
    AMENDED_BELOW_EXECUTED = 106
    BUDGET_SPENT = 107
