// Made by tools/generate_records.py from schema.py, enums.py and limits.py of core.
// Do not edit: change the table and run the tool.
#pragma once
#include <cstddef>
#include <cstdint>

namespace outcry {

enum class EntityKind : std::uint8_t {
  PARTITION = 0,
  SHARD = 1,
  MARKET = 2,
};

enum class Role : std::uint8_t {
  JOINED = 0,
  ACCOUNTS = 1,
  MARKETS = 2,
};

enum class CommandKind : std::uint8_t {
  NEW_ORDER = 1,
  CANCEL_ORDER = 2,
  CANCEL_ALL = 3,
  CANCEL_REPLACE = 4,
  AMEND_ORDER = 5,
  CREATE_ASSET = 10,
  CREATE_MARKET = 11,
  UPDATE_MARKET = 12,
  SET_MARKET_STATUS = 13,
  CREATE_ACCOUNT = 14,
  UPDATE_ACCOUNT = 15,
  SET_FEES = 16,
  SET_LIMITS = 17,
  DEPOSIT = 18,
  WITHDRAW = 19,
  ADJUST = 20,
  TICK = 21,
  QUARANTINE = 30,
  EPOCH = 31,
  LINK_ACK = 32,
  DELIVER = 33,
  SET_ROLE = 34,
  HOST = 35,
  MOVE_OUT = 36,
  MOVE_IN = 37,
  MOVE_DONE = 38,
};

enum class LinkKind : std::uint8_t {
  PLACE = 1,
  CANCEL = 2,
  AMEND = 3,
  SETTLE = 4,
  DONE = 5,
  ANSWER = 6,
};

enum class EventKind : std::uint8_t {
  ORDER = 1,
  ORDER_REQUESTED = 2,
  TRADE = 3,
  LEVEL = 4,
  PREVENTED = 5,
  REFUSED = 6,
  DUPLICATE = 7,
  BALANCE = 8,
  ASSET = 9,
  MARKET = 10,
  ACCOUNT = 11,
  FEES = 12,
  LIMITS = 13,
  QUARANTINED = 14,
  EPOCH = 15,
  ROLE = 16,
  HOSTED = 17,
  LINK = 18,
  PENDING = 19,
  ANSWERED = 20,
  MOVED_OUT = 21,
  MOVED_IN = 22,
  MOVE_DONE = 23,
};

enum class RowKind : std::uint8_t {
  META = 1,
  ASSET = 2,
  MARKET = 3,
  PRICE_BUCKET = 4,
  FEES = 5,
  SHARD = 6,
  HOUSE = 7,
  ACCOUNT = 8,
  BALANCE = 9,
  ORDER = 10,
  CONTINUATION = 11,
  DEDUPE = 12,
  HOSTED = 13,
  LINK = 14,
  OUTBOX = 15,
  REQUEST = 16,
  REQUEST_PART = 17,
  EXPORT = 18,
  IMPORT = 19,
};

enum class Hosting : std::uint8_t {
  HOSTED = 1,
  LEFT = 2,
  ARRIVING = 3,
};

enum class Side : std::uint8_t {
  BUY = 1,
  SELL = 2,
};

enum class OrderType : std::uint8_t {
  LIMIT = 1,
  MARKET = 2,
  LIMIT_MAKER = 3,
  STOP_LOSS = 4,
  STOP_LOSS_LIMIT = 5,
  TAKE_PROFIT = 6,
  TAKE_PROFIT_LIMIT = 7,
};

enum class TimeInForce : std::uint8_t {
  NONE = 0,
  GTC = 1,
  IOC = 2,
  FOK = 3,
};

enum class StpMode : std::uint8_t {
  NONE = 0,
  EXPIRE_TAKER = 1,
  EXPIRE_MAKER = 2,
  EXPIRE_BOTH = 3,
  DECREMENT = 4,
  TRANSFER = 5,
};

enum class OrderStatus : std::uint8_t {
  NEW = 1,
  PARTIALLY_FILLED = 2,
  FILLED = 3,
  CANCELED = 4,
  EXPIRED = 5,
  EXPIRED_IN_MATCH = 6,
};

enum class Execution : std::uint8_t {
  NEW = 1,
  CANCELED = 2,
  REPLACED = 3,
  TRADE = 4,
  EXPIRED = 5,
  TRADE_PREVENTION = 6,
  TRIGGERED = 7,
};

enum class OrderPlace : std::uint8_t {
  NOWHERE = 0,
  BOOK = 1,
  TRIGGER = 2,
  TRAILING = 3,
  QUEUED = 4,
  REMOTE = 5,
};

enum class OrderFlag : std::uint16_t {
  WORKING = 1,
  MAKER = 2,
  TRAILING_ACTIVE = 4,
  SWEEPING = 8,
  TRIGGERED = 16,
};

enum class MarketStatus : std::uint8_t {
  TRADING = 1,
  HALT = 2,
  BREAK = 3,
  CANCEL_ONLY = 4,
  END_OF_DAY = 5,
};

enum class MarketFlag : std::uint32_t {
  ICEBERG = 1,
  TRAILING_STOP = 2,
  QUOTE_ORDER_QTY = 4,
  CANCEL_REPLACE = 8,
  AMEND = 16,
  MIN_NOTIONAL_ON_MARKET = 32,
  MAX_NOTIONAL_ON_MARKET = 64,
};

enum class AccountFlag : std::uint16_t {
  TRADE = 1,
  WITHDRAW = 2,
  DEPOSIT = 4,
};

enum class HouseKind : std::uint8_t {
  EXTERNAL = 1,
  FEE = 2,
  CLEARING = 3,
};

enum class BalanceCause : std::uint8_t {
  DEPOSIT = 1,
  WITHDRAWAL = 2,
  ADJUSTMENT = 3,
};

enum class CancelRestriction : std::uint8_t {
  NONE = 0,
  ONLY_NEW = 1,
  ONLY_PARTIALLY_FILLED = 2,
};

enum class CancelReplaceMode : std::uint8_t {
  STOP_ON_FAILURE = 1,
  ALLOW_FAILURE = 2,
};

enum class Phase : std::uint8_t {
  WHOLE = 0,
  CANCEL = 1,
  NEW = 2,
};

enum class Reason : std::uint16_t {
  NONE = 0,
  UNKNOWN_COMMAND = 1,
  TIME_WENT_BACK = 2,
  DEADLINE_PASSED = 3,
  DEADLINE_TOO_FAR = 4,
  UNKNOWN_ACCOUNT = 5,
  ALREADY_EXISTS = 6,
  ACCOUNT_MAY_NOT_TRADE = 7,
  UNKNOWN_MARKET = 8,
  UNKNOWN_ASSET = 9,
  INVALID_SPECIFICATION = 10,
  INVALID_AMOUNT = 11,
  INSUFFICIENT_BALANCE = 12,
  CAPACITY_REACHED = 13,
  MARKET_BUSY = 14,
  ACCOUNT_MAY_NOT_WITHDRAW = 15,
  ACCOUNT_MAY_NOT_DEPOSIT = 16,
  NOT_HOSTED = 17,
  REQUEST_PENDING = 18,
  INVALID_SIDE = 20,
  INVALID_ORDER_TYPE = 21,
  INVALID_TIME_IN_FORCE = 22,
  STP_MODE_NOT_ALLOWED = 23,
  INVALID_COMBINATION = 24,
  ORDER_TYPE_NOT_SUPPORTED = 25,
  ICEBERG_NOT_SUPPORTED = 26,
  TRAILING_NOT_SUPPORTED = 27,
  QUOTE_QTY_NOT_SUPPORTED = 28,
  CANCEL_REPLACE_NOT_SUPPORTED = 29,
  AMEND_NOT_SUPPORTED = 30,
  ICEBERG_EXCEEDS_QTY = 31,
  CLIENT_ORDER_ID_INVALID = 32,
  NOTIONAL_OVERFLOW = 33,
  PRICE_FILTER = 40,
  LOT_SIZE = 41,
  MARKET_LOT_SIZE = 42,
  ICEBERG_PARTS = 43,
  TRAILING_DELTA = 44,
  MAX_NUM_ORDERS = 45,
  MAX_NUM_ALGO_ORDERS = 46,
  MAX_NUM_ICEBERG_ORDERS = 47,
  EXCHANGE_MAX_NUM_ORDERS = 48,
  EXCHANGE_MAX_NUM_ALGO_ORDERS = 49,
  EXCHANGE_MAX_NUM_ICEBERG_ORDERS = 50,
  MAX_POSITION = 51,
  PERCENT_PRICE_BY_SIDE = 52,
  NOTIONAL = 53,
  MAX_NUM_ORDER_AMENDS = 54,
  DUPLICATE_CLIENT_ORDER_ID = 60,
  MARKET_CLOSED = 70,
  MARKET_VERSION_MISMATCH = 71,
  WOULD_TRIGGER_IMMEDIATELY = 72,
  WOULD_TAKE = 73,
  LIQUIDITY_BELOW_LOT_SIZE = 74,
  UNKNOWN_ORDER = 80,
  CANCEL_ID_MISMATCH = 81,
  CANCEL_RESTRICTED = 82,
  AMEND_INCREASE = 83,
  AMEND_NO_CHANGE = 84,
  NOT_ATTEMPTED = 85,
  CANCELED_BY_USER = 100,
  IOC_REMAINDER = 101,
  FOK_UNFILLED = 102,
  INSUFFICIENT_LIQUIDITY = 103,
  SELF_TRADE_PREVENTED = 104,
  EXCHANGE_CANCELED = 105,
  AMENDED_BELOW_EXECUTED = 106,
  BUDGET_SPENT = 107,
};

inline constexpr std::int64_t ACCOUNT_SHARDS = 1024LL;
inline constexpr std::int64_t SHARD_BITS = 10LL;
inline constexpr std::int64_t ORDER_ID_MAX = 9007199254740991LL;
inline constexpr std::int64_t ASSETS_MAX = 1024LL;
inline constexpr std::int64_t MARKETS_MAX = 4096LL;
inline constexpr std::int64_t FEE_SCHEDULES_MAX = 1024LL;
inline constexpr std::int64_t PRICE_TICKS_MAX = 68719476735LL;
inline constexpr std::int64_t QTY_LOTS_MAX = 9007199254740991LL;
inline constexpr std::int64_t AMOUNT_ATOMS_MAX = 4611686018427387903LL;
inline constexpr std::int64_t RATE_ONE = 100000000LL;
inline constexpr std::int64_t MULTIPLIER_ONE = 10000LL;
inline constexpr std::int64_t DEADLINE_AHEAD_US_MAX = 120000000LL;
inline constexpr std::int64_t EVENT_BUDGET = 1024LL;
inline constexpr std::int64_t EVENTS_PER_STEP_MAX = 8LL;
inline constexpr std::int64_t FOK_STEPS_MAX = 200LL;
inline constexpr std::int64_t CANCEL_ALL_ORDERS_MAX = 256LL;
inline constexpr std::int64_t EVENTS_PER_COMMAND_MAX = 4096LL;
inline constexpr std::int64_t CLIENT_ORDER_ID_BYTES_MAX = 36LL;
inline constexpr std::int64_t ASSET_NAME_BYTES_MAX = 16LL;
inline constexpr std::int64_t SYMBOL_BYTES_MAX = 24LL;
inline constexpr std::int64_t TRAILING_ORDERS_PER_MARKET_MAX = 10000LL;
inline constexpr std::int64_t OPEN_ORDERS_MAX = 50000000LL;
inline constexpr std::int64_t ACCOUNTS_MAX = 50000000LL;
inline constexpr std::int64_t AVERAGE_PRICE_MINUTES_MAX = 60LL;
inline constexpr std::int64_t FAULTS_BEFORE_CANCEL_ONLY = 2LL;
inline constexpr std::int64_t REQUESTS_MAX = 65536LL;
inline constexpr std::int64_t OUTBOX_MESSAGES_MAX = 65536LL;
inline constexpr std::int64_t LINK_BYTES_MAX = 128LL;
inline constexpr std::int64_t REQUEST_BYTES_MAX = 264LL;
inline constexpr std::int64_t EXPORT_CHUNK_BYTES = 4096LL;
inline constexpr std::int64_t MOVE_BYTES_MAX = 60000LL;
inline constexpr std::int64_t _FOK_EVENTS_MAX = 808LL;

struct NewOrder {
  static constexpr std::uint8_t KIND = 1;
  static constexpr std::uint16_t SIZE = 168;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint16_t _pad0;
  std::uint32_t market_version;
  std::uint32_t trailing_bips;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t worst_ticks;
  std::int64_t strategy_id;
  std::int32_t strategy_type;
  std::uint32_t _pad1;
  char client_order_id[36];
  std::uint32_t _pad2;
};
static_assert(sizeof(NewOrder) == 168);
static_assert(offsetof(NewOrder, size) == 0);
static_assert(offsetof(NewOrder, kind) == 2);
static_assert(offsetof(NewOrder, version) == 3);
static_assert(offsetof(NewOrder, entity) == 4);
static_assert(offsetof(NewOrder, account_id) == 8);
static_assert(offsetof(NewOrder, digest_lo) == 16);
static_assert(offsetof(NewOrder, digest_hi) == 24);
static_assert(offsetof(NewOrder, deadline_us) == 32);
static_assert(offsetof(NewOrder, time_us) == 40);
static_assert(offsetof(NewOrder, market) == 48);
static_assert(offsetof(NewOrder, side) == 50);
static_assert(offsetof(NewOrder, order_type) == 51);
static_assert(offsetof(NewOrder, time_in_force) == 52);
static_assert(offsetof(NewOrder, stp_mode) == 53);
static_assert(offsetof(NewOrder, _pad0) == 54);
static_assert(offsetof(NewOrder, market_version) == 56);
static_assert(offsetof(NewOrder, trailing_bips) == 60);
static_assert(offsetof(NewOrder, price_ticks) == 64);
static_assert(offsetof(NewOrder, qty_lots) == 72);
static_assert(offsetof(NewOrder, quote_atoms) == 80);
static_assert(offsetof(NewOrder, stop_ticks) == 88);
static_assert(offsetof(NewOrder, iceberg_lots) == 96);
static_assert(offsetof(NewOrder, worst_ticks) == 104);
static_assert(offsetof(NewOrder, strategy_id) == 112);
static_assert(offsetof(NewOrder, strategy_type) == 120);
static_assert(offsetof(NewOrder, _pad1) == 124);
static_assert(offsetof(NewOrder, client_order_id) == 128);
static_assert(offsetof(NewOrder, _pad2) == 164);
// commands

struct CancelOrder {
  static constexpr std::uint8_t KIND = 2;
  static constexpr std::uint16_t SIZE = 144;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t restriction;
  std::uint8_t _pad0;
  std::uint32_t _pad1;
  std::int64_t order_id;
  char original_client_order_id[36];
  std::uint32_t _pad2;
  char client_order_id[36];
  std::uint32_t _pad3;
};
static_assert(sizeof(CancelOrder) == 144);
static_assert(offsetof(CancelOrder, size) == 0);
static_assert(offsetof(CancelOrder, kind) == 2);
static_assert(offsetof(CancelOrder, version) == 3);
static_assert(offsetof(CancelOrder, entity) == 4);
static_assert(offsetof(CancelOrder, account_id) == 8);
static_assert(offsetof(CancelOrder, digest_lo) == 16);
static_assert(offsetof(CancelOrder, digest_hi) == 24);
static_assert(offsetof(CancelOrder, deadline_us) == 32);
static_assert(offsetof(CancelOrder, time_us) == 40);
static_assert(offsetof(CancelOrder, market) == 48);
static_assert(offsetof(CancelOrder, restriction) == 50);
static_assert(offsetof(CancelOrder, _pad0) == 51);
static_assert(offsetof(CancelOrder, _pad1) == 52);
static_assert(offsetof(CancelOrder, order_id) == 56);
static_assert(offsetof(CancelOrder, original_client_order_id) == 64);
static_assert(offsetof(CancelOrder, _pad2) == 100);
static_assert(offsetof(CancelOrder, client_order_id) == 104);
static_assert(offsetof(CancelOrder, _pad3) == 140);
// commands

struct CancelAll {
  static constexpr std::uint8_t KIND = 3;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
};
static_assert(sizeof(CancelAll) == 56);
static_assert(offsetof(CancelAll, size) == 0);
static_assert(offsetof(CancelAll, kind) == 2);
static_assert(offsetof(CancelAll, version) == 3);
static_assert(offsetof(CancelAll, entity) == 4);
static_assert(offsetof(CancelAll, account_id) == 8);
static_assert(offsetof(CancelAll, digest_lo) == 16);
static_assert(offsetof(CancelAll, digest_hi) == 24);
static_assert(offsetof(CancelAll, deadline_us) == 32);
static_assert(offsetof(CancelAll, time_us) == 40);
static_assert(offsetof(CancelAll, market) == 48);
static_assert(offsetof(CancelAll, _pad0) == 50);
static_assert(offsetof(CancelAll, _pad1) == 52);
// commands

struct CancelReplace {
  static constexpr std::uint8_t KIND = 4;
  static constexpr std::uint16_t SIZE = 264;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint16_t _pad0;
  std::uint32_t market_version;
  std::uint32_t trailing_bips;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t worst_ticks;
  std::int64_t strategy_id;
  std::int32_t strategy_type;
  std::uint32_t _pad1;
  char client_order_id[36];
  std::uint32_t _pad2;
  std::int64_t cancel_order_id;
  char cancel_original_client_order_id[36];
  std::uint32_t _pad3;
  char cancel_client_order_id[36];
  std::uint32_t _pad4;
  std::uint8_t mode;
  std::uint8_t restriction;
  std::uint16_t _pad5;
  std::uint32_t _pad6;
};
static_assert(sizeof(CancelReplace) == 264);
static_assert(offsetof(CancelReplace, size) == 0);
static_assert(offsetof(CancelReplace, kind) == 2);
static_assert(offsetof(CancelReplace, version) == 3);
static_assert(offsetof(CancelReplace, entity) == 4);
static_assert(offsetof(CancelReplace, account_id) == 8);
static_assert(offsetof(CancelReplace, digest_lo) == 16);
static_assert(offsetof(CancelReplace, digest_hi) == 24);
static_assert(offsetof(CancelReplace, deadline_us) == 32);
static_assert(offsetof(CancelReplace, time_us) == 40);
static_assert(offsetof(CancelReplace, market) == 48);
static_assert(offsetof(CancelReplace, side) == 50);
static_assert(offsetof(CancelReplace, order_type) == 51);
static_assert(offsetof(CancelReplace, time_in_force) == 52);
static_assert(offsetof(CancelReplace, stp_mode) == 53);
static_assert(offsetof(CancelReplace, _pad0) == 54);
static_assert(offsetof(CancelReplace, market_version) == 56);
static_assert(offsetof(CancelReplace, trailing_bips) == 60);
static_assert(offsetof(CancelReplace, price_ticks) == 64);
static_assert(offsetof(CancelReplace, qty_lots) == 72);
static_assert(offsetof(CancelReplace, quote_atoms) == 80);
static_assert(offsetof(CancelReplace, stop_ticks) == 88);
static_assert(offsetof(CancelReplace, iceberg_lots) == 96);
static_assert(offsetof(CancelReplace, worst_ticks) == 104);
static_assert(offsetof(CancelReplace, strategy_id) == 112);
static_assert(offsetof(CancelReplace, strategy_type) == 120);
static_assert(offsetof(CancelReplace, _pad1) == 124);
static_assert(offsetof(CancelReplace, client_order_id) == 128);
static_assert(offsetof(CancelReplace, _pad2) == 164);
static_assert(offsetof(CancelReplace, cancel_order_id) == 168);
static_assert(offsetof(CancelReplace, cancel_original_client_order_id) == 176);
static_assert(offsetof(CancelReplace, _pad3) == 212);
static_assert(offsetof(CancelReplace, cancel_client_order_id) == 216);
static_assert(offsetof(CancelReplace, _pad4) == 252);
static_assert(offsetof(CancelReplace, mode) == 256);
static_assert(offsetof(CancelReplace, restriction) == 257);
static_assert(offsetof(CancelReplace, _pad5) == 258);
static_assert(offsetof(CancelReplace, _pad6) == 260);
// commands

struct AmendOrder {
  static constexpr std::uint8_t KIND = 5;
  static constexpr std::uint16_t SIZE = 152;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t order_id;
  std::int64_t qty_lots;
  char original_client_order_id[36];
  std::uint32_t _pad2;
  char client_order_id[36];
  std::uint32_t _pad3;
};
static_assert(sizeof(AmendOrder) == 152);
static_assert(offsetof(AmendOrder, size) == 0);
static_assert(offsetof(AmendOrder, kind) == 2);
static_assert(offsetof(AmendOrder, version) == 3);
static_assert(offsetof(AmendOrder, entity) == 4);
static_assert(offsetof(AmendOrder, account_id) == 8);
static_assert(offsetof(AmendOrder, digest_lo) == 16);
static_assert(offsetof(AmendOrder, digest_hi) == 24);
static_assert(offsetof(AmendOrder, deadline_us) == 32);
static_assert(offsetof(AmendOrder, time_us) == 40);
static_assert(offsetof(AmendOrder, market) == 48);
static_assert(offsetof(AmendOrder, _pad0) == 50);
static_assert(offsetof(AmendOrder, _pad1) == 52);
static_assert(offsetof(AmendOrder, order_id) == 56);
static_assert(offsetof(AmendOrder, qty_lots) == 64);
static_assert(offsetof(AmendOrder, original_client_order_id) == 72);
static_assert(offsetof(AmendOrder, _pad2) == 108);
static_assert(offsetof(AmendOrder, client_order_id) == 112);
static_assert(offsetof(AmendOrder, _pad3) == 148);
// commands

struct CreateAsset {
  static constexpr std::uint8_t KIND = 10;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t asset;
  std::uint8_t scale;
  std::uint8_t _pad0;
  std::uint32_t _pad1;
  char name[16];
};
static_assert(sizeof(CreateAsset) == 72);
static_assert(offsetof(CreateAsset, size) == 0);
static_assert(offsetof(CreateAsset, kind) == 2);
static_assert(offsetof(CreateAsset, version) == 3);
static_assert(offsetof(CreateAsset, entity) == 4);
static_assert(offsetof(CreateAsset, account_id) == 8);
static_assert(offsetof(CreateAsset, digest_lo) == 16);
static_assert(offsetof(CreateAsset, digest_hi) == 24);
static_assert(offsetof(CreateAsset, deadline_us) == 32);
static_assert(offsetof(CreateAsset, time_us) == 40);
static_assert(offsetof(CreateAsset, asset) == 48);
static_assert(offsetof(CreateAsset, scale) == 50);
static_assert(offsetof(CreateAsset, _pad0) == 51);
static_assert(offsetof(CreateAsset, _pad1) == 52);
static_assert(offsetof(CreateAsset, name) == 56);
// commands

struct CreateMarket {
  static constexpr std::uint8_t KIND = 11;
  static constexpr std::uint16_t SIZE = 256;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint16_t base_asset;
  std::uint16_t quote_asset;
  std::uint8_t status;
  std::uint8_t default_stp_mode;
  char symbol[24];
  std::uint32_t specification_version;
  std::uint16_t stp_modes;
  std::uint16_t order_types;
  std::uint32_t flags;
  std::uint32_t average_price_minutes;
  std::int64_t tick_atoms;
  std::int64_t lot_atoms;
  std::int64_t tick_lot_atoms;
  std::int64_t price_ticks_min;
  std::int64_t price_ticks_max;
  std::int64_t qty_lots_min;
  std::int64_t qty_lots_max;
  std::int64_t market_qty_lots_min;
  std::int64_t market_qty_lots_max;
  std::int64_t market_qty_lots_step;
  std::int64_t notional_atoms_min;
  std::int64_t notional_atoms_max;
  std::int64_t position_lots_max;
  std::uint32_t bid_multiplier_up;
  std::uint32_t bid_multiplier_down;
  std::uint32_t ask_multiplier_up;
  std::uint32_t ask_multiplier_down;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t iceberg_parts_max;
  std::uint32_t amends_max;
  std::uint32_t trailing_above_bips_min;
  std::uint32_t trailing_above_bips_max;
  std::uint32_t trailing_below_bips_min;
  std::uint32_t trailing_below_bips_max;
  std::uint32_t _pad0;
};
static_assert(sizeof(CreateMarket) == 256);
static_assert(offsetof(CreateMarket, size) == 0);
static_assert(offsetof(CreateMarket, kind) == 2);
static_assert(offsetof(CreateMarket, version) == 3);
static_assert(offsetof(CreateMarket, entity) == 4);
static_assert(offsetof(CreateMarket, account_id) == 8);
static_assert(offsetof(CreateMarket, digest_lo) == 16);
static_assert(offsetof(CreateMarket, digest_hi) == 24);
static_assert(offsetof(CreateMarket, deadline_us) == 32);
static_assert(offsetof(CreateMarket, time_us) == 40);
static_assert(offsetof(CreateMarket, market) == 48);
static_assert(offsetof(CreateMarket, base_asset) == 50);
static_assert(offsetof(CreateMarket, quote_asset) == 52);
static_assert(offsetof(CreateMarket, status) == 54);
static_assert(offsetof(CreateMarket, default_stp_mode) == 55);
static_assert(offsetof(CreateMarket, symbol) == 56);
static_assert(offsetof(CreateMarket, specification_version) == 80);
static_assert(offsetof(CreateMarket, stp_modes) == 84);
static_assert(offsetof(CreateMarket, order_types) == 86);
static_assert(offsetof(CreateMarket, flags) == 88);
static_assert(offsetof(CreateMarket, average_price_minutes) == 92);
static_assert(offsetof(CreateMarket, tick_atoms) == 96);
static_assert(offsetof(CreateMarket, lot_atoms) == 104);
static_assert(offsetof(CreateMarket, tick_lot_atoms) == 112);
static_assert(offsetof(CreateMarket, price_ticks_min) == 120);
static_assert(offsetof(CreateMarket, price_ticks_max) == 128);
static_assert(offsetof(CreateMarket, qty_lots_min) == 136);
static_assert(offsetof(CreateMarket, qty_lots_max) == 144);
static_assert(offsetof(CreateMarket, market_qty_lots_min) == 152);
static_assert(offsetof(CreateMarket, market_qty_lots_max) == 160);
static_assert(offsetof(CreateMarket, market_qty_lots_step) == 168);
static_assert(offsetof(CreateMarket, notional_atoms_min) == 176);
static_assert(offsetof(CreateMarket, notional_atoms_max) == 184);
static_assert(offsetof(CreateMarket, position_lots_max) == 192);
static_assert(offsetof(CreateMarket, bid_multiplier_up) == 200);
static_assert(offsetof(CreateMarket, bid_multiplier_down) == 204);
static_assert(offsetof(CreateMarket, ask_multiplier_up) == 208);
static_assert(offsetof(CreateMarket, ask_multiplier_down) == 212);
static_assert(offsetof(CreateMarket, orders_max) == 216);
static_assert(offsetof(CreateMarket, algo_orders_max) == 220);
static_assert(offsetof(CreateMarket, iceberg_orders_max) == 224);
static_assert(offsetof(CreateMarket, iceberg_parts_max) == 228);
static_assert(offsetof(CreateMarket, amends_max) == 232);
static_assert(offsetof(CreateMarket, trailing_above_bips_min) == 236);
static_assert(offsetof(CreateMarket, trailing_above_bips_max) == 240);
static_assert(offsetof(CreateMarket, trailing_below_bips_min) == 244);
static_assert(offsetof(CreateMarket, trailing_below_bips_max) == 248);
static_assert(offsetof(CreateMarket, _pad0) == 252);
// commands

struct UpdateMarket {
  static constexpr std::uint8_t KIND = 12;
  static constexpr std::uint16_t SIZE = 256;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint16_t base_asset;
  std::uint16_t quote_asset;
  std::uint8_t status;
  std::uint8_t default_stp_mode;
  char symbol[24];
  std::uint32_t specification_version;
  std::uint16_t stp_modes;
  std::uint16_t order_types;
  std::uint32_t flags;
  std::uint32_t average_price_minutes;
  std::int64_t tick_atoms;
  std::int64_t lot_atoms;
  std::int64_t tick_lot_atoms;
  std::int64_t price_ticks_min;
  std::int64_t price_ticks_max;
  std::int64_t qty_lots_min;
  std::int64_t qty_lots_max;
  std::int64_t market_qty_lots_min;
  std::int64_t market_qty_lots_max;
  std::int64_t market_qty_lots_step;
  std::int64_t notional_atoms_min;
  std::int64_t notional_atoms_max;
  std::int64_t position_lots_max;
  std::uint32_t bid_multiplier_up;
  std::uint32_t bid_multiplier_down;
  std::uint32_t ask_multiplier_up;
  std::uint32_t ask_multiplier_down;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t iceberg_parts_max;
  std::uint32_t amends_max;
  std::uint32_t trailing_above_bips_min;
  std::uint32_t trailing_above_bips_max;
  std::uint32_t trailing_below_bips_min;
  std::uint32_t trailing_below_bips_max;
  std::uint32_t _pad0;
};
static_assert(sizeof(UpdateMarket) == 256);
static_assert(offsetof(UpdateMarket, size) == 0);
static_assert(offsetof(UpdateMarket, kind) == 2);
static_assert(offsetof(UpdateMarket, version) == 3);
static_assert(offsetof(UpdateMarket, entity) == 4);
static_assert(offsetof(UpdateMarket, account_id) == 8);
static_assert(offsetof(UpdateMarket, digest_lo) == 16);
static_assert(offsetof(UpdateMarket, digest_hi) == 24);
static_assert(offsetof(UpdateMarket, deadline_us) == 32);
static_assert(offsetof(UpdateMarket, time_us) == 40);
static_assert(offsetof(UpdateMarket, market) == 48);
static_assert(offsetof(UpdateMarket, base_asset) == 50);
static_assert(offsetof(UpdateMarket, quote_asset) == 52);
static_assert(offsetof(UpdateMarket, status) == 54);
static_assert(offsetof(UpdateMarket, default_stp_mode) == 55);
static_assert(offsetof(UpdateMarket, symbol) == 56);
static_assert(offsetof(UpdateMarket, specification_version) == 80);
static_assert(offsetof(UpdateMarket, stp_modes) == 84);
static_assert(offsetof(UpdateMarket, order_types) == 86);
static_assert(offsetof(UpdateMarket, flags) == 88);
static_assert(offsetof(UpdateMarket, average_price_minutes) == 92);
static_assert(offsetof(UpdateMarket, tick_atoms) == 96);
static_assert(offsetof(UpdateMarket, lot_atoms) == 104);
static_assert(offsetof(UpdateMarket, tick_lot_atoms) == 112);
static_assert(offsetof(UpdateMarket, price_ticks_min) == 120);
static_assert(offsetof(UpdateMarket, price_ticks_max) == 128);
static_assert(offsetof(UpdateMarket, qty_lots_min) == 136);
static_assert(offsetof(UpdateMarket, qty_lots_max) == 144);
static_assert(offsetof(UpdateMarket, market_qty_lots_min) == 152);
static_assert(offsetof(UpdateMarket, market_qty_lots_max) == 160);
static_assert(offsetof(UpdateMarket, market_qty_lots_step) == 168);
static_assert(offsetof(UpdateMarket, notional_atoms_min) == 176);
static_assert(offsetof(UpdateMarket, notional_atoms_max) == 184);
static_assert(offsetof(UpdateMarket, position_lots_max) == 192);
static_assert(offsetof(UpdateMarket, bid_multiplier_up) == 200);
static_assert(offsetof(UpdateMarket, bid_multiplier_down) == 204);
static_assert(offsetof(UpdateMarket, ask_multiplier_up) == 208);
static_assert(offsetof(UpdateMarket, ask_multiplier_down) == 212);
static_assert(offsetof(UpdateMarket, orders_max) == 216);
static_assert(offsetof(UpdateMarket, algo_orders_max) == 220);
static_assert(offsetof(UpdateMarket, iceberg_orders_max) == 224);
static_assert(offsetof(UpdateMarket, iceberg_parts_max) == 228);
static_assert(offsetof(UpdateMarket, amends_max) == 232);
static_assert(offsetof(UpdateMarket, trailing_above_bips_min) == 236);
static_assert(offsetof(UpdateMarket, trailing_above_bips_max) == 240);
static_assert(offsetof(UpdateMarket, trailing_below_bips_min) == 244);
static_assert(offsetof(UpdateMarket, trailing_below_bips_max) == 248);
static_assert(offsetof(UpdateMarket, _pad0) == 252);
// commands

struct SetMarketStatus {
  static constexpr std::uint8_t KIND = 13;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t status;
  std::uint8_t _pad0;
  std::uint32_t _pad1;
};
static_assert(sizeof(SetMarketStatus) == 56);
static_assert(offsetof(SetMarketStatus, size) == 0);
static_assert(offsetof(SetMarketStatus, kind) == 2);
static_assert(offsetof(SetMarketStatus, version) == 3);
static_assert(offsetof(SetMarketStatus, entity) == 4);
static_assert(offsetof(SetMarketStatus, account_id) == 8);
static_assert(offsetof(SetMarketStatus, digest_lo) == 16);
static_assert(offsetof(SetMarketStatus, digest_hi) == 24);
static_assert(offsetof(SetMarketStatus, deadline_us) == 32);
static_assert(offsetof(SetMarketStatus, time_us) == 40);
static_assert(offsetof(SetMarketStatus, market) == 48);
static_assert(offsetof(SetMarketStatus, status) == 50);
static_assert(offsetof(SetMarketStatus, _pad0) == 51);
static_assert(offsetof(SetMarketStatus, _pad1) == 52);
// commands

struct CreateAccount {
  static constexpr std::uint8_t KIND = 14;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::int32_t trade_group;
  std::uint16_t fee_schedule;
  std::uint16_t flags;
};
static_assert(sizeof(CreateAccount) == 56);
static_assert(offsetof(CreateAccount, size) == 0);
static_assert(offsetof(CreateAccount, kind) == 2);
static_assert(offsetof(CreateAccount, version) == 3);
static_assert(offsetof(CreateAccount, entity) == 4);
static_assert(offsetof(CreateAccount, account_id) == 8);
static_assert(offsetof(CreateAccount, digest_lo) == 16);
static_assert(offsetof(CreateAccount, digest_hi) == 24);
static_assert(offsetof(CreateAccount, deadline_us) == 32);
static_assert(offsetof(CreateAccount, time_us) == 40);
static_assert(offsetof(CreateAccount, trade_group) == 48);
static_assert(offsetof(CreateAccount, fee_schedule) == 52);
static_assert(offsetof(CreateAccount, flags) == 54);
// commands

struct UpdateAccount {
  static constexpr std::uint8_t KIND = 15;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::int32_t trade_group;
  std::uint16_t fee_schedule;
  std::uint16_t flags;
};
static_assert(sizeof(UpdateAccount) == 56);
static_assert(offsetof(UpdateAccount, size) == 0);
static_assert(offsetof(UpdateAccount, kind) == 2);
static_assert(offsetof(UpdateAccount, version) == 3);
static_assert(offsetof(UpdateAccount, entity) == 4);
static_assert(offsetof(UpdateAccount, account_id) == 8);
static_assert(offsetof(UpdateAccount, digest_lo) == 16);
static_assert(offsetof(UpdateAccount, digest_hi) == 24);
static_assert(offsetof(UpdateAccount, deadline_us) == 32);
static_assert(offsetof(UpdateAccount, time_us) == 40);
static_assert(offsetof(UpdateAccount, trade_group) == 48);
static_assert(offsetof(UpdateAccount, fee_schedule) == 52);
static_assert(offsetof(UpdateAccount, flags) == 54);
// commands

struct SetFees {
  static constexpr std::uint8_t KIND = 16;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t schedule;
  std::uint16_t market;
  std::uint32_t _pad0;
  std::uint32_t maker_rate;
  std::uint32_t taker_rate;
};
static_assert(sizeof(SetFees) == 64);
static_assert(offsetof(SetFees, size) == 0);
static_assert(offsetof(SetFees, kind) == 2);
static_assert(offsetof(SetFees, version) == 3);
static_assert(offsetof(SetFees, entity) == 4);
static_assert(offsetof(SetFees, account_id) == 8);
static_assert(offsetof(SetFees, digest_lo) == 16);
static_assert(offsetof(SetFees, digest_hi) == 24);
static_assert(offsetof(SetFees, deadline_us) == 32);
static_assert(offsetof(SetFees, time_us) == 40);
static_assert(offsetof(SetFees, schedule) == 48);
static_assert(offsetof(SetFees, market) == 50);
static_assert(offsetof(SetFees, _pad0) == 52);
static_assert(offsetof(SetFees, maker_rate) == 56);
static_assert(offsetof(SetFees, taker_rate) == 60);
// commands

struct SetLimits {
  static constexpr std::uint8_t KIND = 17;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t _pad0;
};
static_assert(sizeof(SetLimits) == 64);
static_assert(offsetof(SetLimits, size) == 0);
static_assert(offsetof(SetLimits, kind) == 2);
static_assert(offsetof(SetLimits, version) == 3);
static_assert(offsetof(SetLimits, entity) == 4);
static_assert(offsetof(SetLimits, account_id) == 8);
static_assert(offsetof(SetLimits, digest_lo) == 16);
static_assert(offsetof(SetLimits, digest_hi) == 24);
static_assert(offsetof(SetLimits, deadline_us) == 32);
static_assert(offsetof(SetLimits, time_us) == 40);
static_assert(offsetof(SetLimits, orders_max) == 48);
static_assert(offsetof(SetLimits, algo_orders_max) == 52);
static_assert(offsetof(SetLimits, iceberg_orders_max) == 56);
static_assert(offsetof(SetLimits, _pad0) == 60);
// commands

struct Deposit {
  static constexpr std::uint8_t KIND = 18;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t asset;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t amount_atoms;
  std::uint64_t reference;
};
static_assert(sizeof(Deposit) == 72);
static_assert(offsetof(Deposit, size) == 0);
static_assert(offsetof(Deposit, kind) == 2);
static_assert(offsetof(Deposit, version) == 3);
static_assert(offsetof(Deposit, entity) == 4);
static_assert(offsetof(Deposit, account_id) == 8);
static_assert(offsetof(Deposit, digest_lo) == 16);
static_assert(offsetof(Deposit, digest_hi) == 24);
static_assert(offsetof(Deposit, deadline_us) == 32);
static_assert(offsetof(Deposit, time_us) == 40);
static_assert(offsetof(Deposit, asset) == 48);
static_assert(offsetof(Deposit, _pad0) == 50);
static_assert(offsetof(Deposit, _pad1) == 52);
static_assert(offsetof(Deposit, amount_atoms) == 56);
static_assert(offsetof(Deposit, reference) == 64);
// commands

struct Withdraw {
  static constexpr std::uint8_t KIND = 19;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t asset;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t amount_atoms;
  std::uint64_t reference;
};
static_assert(sizeof(Withdraw) == 72);
static_assert(offsetof(Withdraw, size) == 0);
static_assert(offsetof(Withdraw, kind) == 2);
static_assert(offsetof(Withdraw, version) == 3);
static_assert(offsetof(Withdraw, entity) == 4);
static_assert(offsetof(Withdraw, account_id) == 8);
static_assert(offsetof(Withdraw, digest_lo) == 16);
static_assert(offsetof(Withdraw, digest_hi) == 24);
static_assert(offsetof(Withdraw, deadline_us) == 32);
static_assert(offsetof(Withdraw, time_us) == 40);
static_assert(offsetof(Withdraw, asset) == 48);
static_assert(offsetof(Withdraw, _pad0) == 50);
static_assert(offsetof(Withdraw, _pad1) == 52);
static_assert(offsetof(Withdraw, amount_atoms) == 56);
static_assert(offsetof(Withdraw, reference) == 64);
// commands

struct Adjust {
  static constexpr std::uint8_t KIND = 20;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint16_t asset;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t amount_atoms;
  std::uint64_t reference;
};
static_assert(sizeof(Adjust) == 72);
static_assert(offsetof(Adjust, size) == 0);
static_assert(offsetof(Adjust, kind) == 2);
static_assert(offsetof(Adjust, version) == 3);
static_assert(offsetof(Adjust, entity) == 4);
static_assert(offsetof(Adjust, account_id) == 8);
static_assert(offsetof(Adjust, digest_lo) == 16);
static_assert(offsetof(Adjust, digest_hi) == 24);
static_assert(offsetof(Adjust, deadline_us) == 32);
static_assert(offsetof(Adjust, time_us) == 40);
static_assert(offsetof(Adjust, asset) == 48);
static_assert(offsetof(Adjust, _pad0) == 50);
static_assert(offsetof(Adjust, _pad1) == 52);
static_assert(offsetof(Adjust, amount_atoms) == 56);
static_assert(offsetof(Adjust, reference) == 64);
// commands

struct Tick {
  static constexpr std::uint8_t KIND = 21;
  static constexpr std::uint16_t SIZE = 48;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
};
static_assert(sizeof(Tick) == 48);
static_assert(offsetof(Tick, size) == 0);
static_assert(offsetof(Tick, kind) == 2);
static_assert(offsetof(Tick, version) == 3);
static_assert(offsetof(Tick, entity) == 4);
static_assert(offsetof(Tick, account_id) == 8);
static_assert(offsetof(Tick, digest_lo) == 16);
static_assert(offsetof(Tick, digest_hi) == 24);
static_assert(offsetof(Tick, deadline_us) == 32);
static_assert(offsetof(Tick, time_us) == 40);
// commands

struct Quarantine {
  static constexpr std::uint8_t KIND = 30;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint64_t seq;
  std::uint32_t index;
  std::uint32_t market;
};
static_assert(sizeof(Quarantine) == 64);
static_assert(offsetof(Quarantine, size) == 0);
static_assert(offsetof(Quarantine, kind) == 2);
static_assert(offsetof(Quarantine, version) == 3);
static_assert(offsetof(Quarantine, entity) == 4);
static_assert(offsetof(Quarantine, account_id) == 8);
static_assert(offsetof(Quarantine, digest_lo) == 16);
static_assert(offsetof(Quarantine, digest_hi) == 24);
static_assert(offsetof(Quarantine, deadline_us) == 32);
static_assert(offsetof(Quarantine, time_us) == 40);
static_assert(offsetof(Quarantine, seq) == 48);
static_assert(offsetof(Quarantine, index) == 56);
static_assert(offsetof(Quarantine, market) == 60);
// commands

struct Epoch {
  static constexpr std::uint8_t KIND = 31;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint64_t epoch;
};
static_assert(sizeof(Epoch) == 56);
static_assert(offsetof(Epoch, size) == 0);
static_assert(offsetof(Epoch, kind) == 2);
static_assert(offsetof(Epoch, version) == 3);
static_assert(offsetof(Epoch, entity) == 4);
static_assert(offsetof(Epoch, account_id) == 8);
static_assert(offsetof(Epoch, digest_lo) == 16);
static_assert(offsetof(Epoch, digest_hi) == 24);
static_assert(offsetof(Epoch, deadline_us) == 32);
static_assert(offsetof(Epoch, time_us) == 40);
static_assert(offsetof(Epoch, epoch) == 48);
// commands

struct LinkAck {
  static constexpr std::uint8_t KIND = 32;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
};
static_assert(sizeof(LinkAck) == 64);
static_assert(offsetof(LinkAck, size) == 0);
static_assert(offsetof(LinkAck, kind) == 2);
static_assert(offsetof(LinkAck, version) == 3);
static_assert(offsetof(LinkAck, entity) == 4);
static_assert(offsetof(LinkAck, account_id) == 8);
static_assert(offsetof(LinkAck, digest_lo) == 16);
static_assert(offsetof(LinkAck, digest_hi) == 24);
static_assert(offsetof(LinkAck, deadline_us) == 32);
static_assert(offsetof(LinkAck, time_us) == 40);
static_assert(offsetof(LinkAck, destination) == 48);
static_assert(offsetof(LinkAck, _pad0) == 52);
static_assert(offsetof(LinkAck, link_seq) == 56);
// commands

struct Deliver {
  static constexpr std::uint8_t KIND = 33;
  static constexpr std::uint16_t SIZE = 48;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
};
static_assert(sizeof(Deliver) == 48);
static_assert(offsetof(Deliver, size) == 0);
static_assert(offsetof(Deliver, kind) == 2);
static_assert(offsetof(Deliver, version) == 3);
static_assert(offsetof(Deliver, entity) == 4);
static_assert(offsetof(Deliver, account_id) == 8);
static_assert(offsetof(Deliver, digest_lo) == 16);
static_assert(offsetof(Deliver, digest_hi) == 24);
static_assert(offsetof(Deliver, deadline_us) == 32);
static_assert(offsetof(Deliver, time_us) == 40);
// commands

struct SetRole {
  static constexpr std::uint8_t KIND = 34;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint8_t role;
  std::uint8_t _pad0;
  std::uint16_t _pad1;
  std::uint32_t _pad2;
};
static_assert(sizeof(SetRole) == 56);
static_assert(offsetof(SetRole, size) == 0);
static_assert(offsetof(SetRole, kind) == 2);
static_assert(offsetof(SetRole, version) == 3);
static_assert(offsetof(SetRole, entity) == 4);
static_assert(offsetof(SetRole, account_id) == 8);
static_assert(offsetof(SetRole, digest_lo) == 16);
static_assert(offsetof(SetRole, digest_hi) == 24);
static_assert(offsetof(SetRole, deadline_us) == 32);
static_assert(offsetof(SetRole, time_us) == 40);
static_assert(offsetof(SetRole, role) == 48);
static_assert(offsetof(SetRole, _pad0) == 49);
static_assert(offsetof(SetRole, _pad1) == 50);
static_assert(offsetof(SetRole, _pad2) == 52);
// commands

struct Host {
  static constexpr std::uint8_t KIND = 35;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint8_t hosted;
  std::uint8_t _pad0;
  std::uint16_t _pad1;
  std::uint32_t _pad2;
  std::uint64_t route_version;
};
static_assert(sizeof(Host) == 64);
static_assert(offsetof(Host, size) == 0);
static_assert(offsetof(Host, kind) == 2);
static_assert(offsetof(Host, version) == 3);
static_assert(offsetof(Host, entity) == 4);
static_assert(offsetof(Host, account_id) == 8);
static_assert(offsetof(Host, digest_lo) == 16);
static_assert(offsetof(Host, digest_hi) == 24);
static_assert(offsetof(Host, deadline_us) == 32);
static_assert(offsetof(Host, time_us) == 40);
static_assert(offsetof(Host, hosted) == 48);
static_assert(offsetof(Host, _pad0) == 49);
static_assert(offsetof(Host, _pad1) == 50);
static_assert(offsetof(Host, _pad2) == 52);
static_assert(offsetof(Host, route_version) == 56);
// commands

struct MoveOut {
  static constexpr std::uint8_t KIND = 36;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint32_t target;
  std::uint32_t _pad0;
  std::uint64_t route_version;
};
static_assert(sizeof(MoveOut) == 64);
static_assert(offsetof(MoveOut, size) == 0);
static_assert(offsetof(MoveOut, kind) == 2);
static_assert(offsetof(MoveOut, version) == 3);
static_assert(offsetof(MoveOut, entity) == 4);
static_assert(offsetof(MoveOut, account_id) == 8);
static_assert(offsetof(MoveOut, digest_lo) == 16);
static_assert(offsetof(MoveOut, digest_hi) == 24);
static_assert(offsetof(MoveOut, deadline_us) == 32);
static_assert(offsetof(MoveOut, time_us) == 40);
static_assert(offsetof(MoveOut, target) == 48);
static_assert(offsetof(MoveOut, _pad0) == 52);
static_assert(offsetof(MoveOut, route_version) == 56);
// commands

struct MoveIn {
  static constexpr std::uint8_t KIND = 37;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint64_t route_version;
  std::uint32_t position;
  std::uint8_t last;
  std::uint8_t _pad0;
  std::uint16_t _pad1;
};
static_assert(sizeof(MoveIn) == 64);
static_assert(offsetof(MoveIn, size) == 0);
static_assert(offsetof(MoveIn, kind) == 2);
static_assert(offsetof(MoveIn, version) == 3);
static_assert(offsetof(MoveIn, entity) == 4);
static_assert(offsetof(MoveIn, account_id) == 8);
static_assert(offsetof(MoveIn, digest_lo) == 16);
static_assert(offsetof(MoveIn, digest_hi) == 24);
static_assert(offsetof(MoveIn, deadline_us) == 32);
static_assert(offsetof(MoveIn, time_us) == 40);
static_assert(offsetof(MoveIn, route_version) == 48);
static_assert(offsetof(MoveIn, position) == 56);
static_assert(offsetof(MoveIn, last) == 60);
static_assert(offsetof(MoveIn, _pad0) == 61);
static_assert(offsetof(MoveIn, _pad1) == 62);
// commands

struct MoveDone {
  static constexpr std::uint8_t KIND = 38;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t time_us;
  std::uint64_t route_version;
};
static_assert(sizeof(MoveDone) == 56);
static_assert(offsetof(MoveDone, size) == 0);
static_assert(offsetof(MoveDone, kind) == 2);
static_assert(offsetof(MoveDone, version) == 3);
static_assert(offsetof(MoveDone, entity) == 4);
static_assert(offsetof(MoveDone, account_id) == 8);
static_assert(offsetof(MoveDone, digest_lo) == 16);
static_assert(offsetof(MoveDone, digest_hi) == 24);
static_assert(offsetof(MoveDone, deadline_us) == 32);
static_assert(offsetof(MoveDone, time_us) == 40);
static_assert(offsetof(MoveDone, route_version) == 48);
// commands

struct PlaceLink {
  static constexpr std::uint8_t KIND = 1;
  static constexpr std::uint16_t SIZE = 128;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::uint64_t account_id;
  std::int32_t trade_group;
  std::uint32_t market_version;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint32_t trailing_bips;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t worst_ticks;
  std::int64_t budget_atoms;
  std::int64_t need_atoms;
};
static_assert(sizeof(PlaceLink) == 128);
static_assert(offsetof(PlaceLink, size) == 0);
static_assert(offsetof(PlaceLink, kind) == 2);
static_assert(offsetof(PlaceLink, version) == 3);
static_assert(offsetof(PlaceLink, source) == 4);
static_assert(offsetof(PlaceLink, destination) == 8);
static_assert(offsetof(PlaceLink, _pad0) == 12);
static_assert(offsetof(PlaceLink, link_seq) == 16);
static_assert(offsetof(PlaceLink, time_us) == 24);
static_assert(offsetof(PlaceLink, order_id) == 32);
static_assert(offsetof(PlaceLink, account_id) == 40);
static_assert(offsetof(PlaceLink, trade_group) == 48);
static_assert(offsetof(PlaceLink, market_version) == 52);
static_assert(offsetof(PlaceLink, side) == 56);
static_assert(offsetof(PlaceLink, order_type) == 57);
static_assert(offsetof(PlaceLink, time_in_force) == 58);
static_assert(offsetof(PlaceLink, stp_mode) == 59);
static_assert(offsetof(PlaceLink, trailing_bips) == 60);
static_assert(offsetof(PlaceLink, price_ticks) == 64);
static_assert(offsetof(PlaceLink, qty_lots) == 72);
static_assert(offsetof(PlaceLink, quote_atoms) == 80);
static_assert(offsetof(PlaceLink, stop_ticks) == 88);
static_assert(offsetof(PlaceLink, iceberg_lots) == 96);
static_assert(offsetof(PlaceLink, worst_ticks) == 104);
static_assert(offsetof(PlaceLink, budget_atoms) == 112);
static_assert(offsetof(PlaceLink, need_atoms) == 120);
// links

struct CancelLink {
  static constexpr std::uint8_t KIND = 2;
  static constexpr std::uint16_t SIZE = 48;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::uint8_t restriction;
  std::uint8_t _pad1;
  std::uint16_t _pad2;
  std::uint32_t _pad3;
};
static_assert(sizeof(CancelLink) == 48);
static_assert(offsetof(CancelLink, size) == 0);
static_assert(offsetof(CancelLink, kind) == 2);
static_assert(offsetof(CancelLink, version) == 3);
static_assert(offsetof(CancelLink, source) == 4);
static_assert(offsetof(CancelLink, destination) == 8);
static_assert(offsetof(CancelLink, _pad0) == 12);
static_assert(offsetof(CancelLink, link_seq) == 16);
static_assert(offsetof(CancelLink, time_us) == 24);
static_assert(offsetof(CancelLink, order_id) == 32);
static_assert(offsetof(CancelLink, restriction) == 40);
static_assert(offsetof(CancelLink, _pad1) == 41);
static_assert(offsetof(CancelLink, _pad2) == 42);
static_assert(offsetof(CancelLink, _pad3) == 44);
// links

struct AmendLink {
  static constexpr std::uint8_t KIND = 3;
  static constexpr std::uint16_t SIZE = 48;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::int64_t qty_lots;
};
static_assert(sizeof(AmendLink) == 48);
static_assert(offsetof(AmendLink, size) == 0);
static_assert(offsetof(AmendLink, kind) == 2);
static_assert(offsetof(AmendLink, version) == 3);
static_assert(offsetof(AmendLink, source) == 4);
static_assert(offsetof(AmendLink, destination) == 8);
static_assert(offsetof(AmendLink, _pad0) == 12);
static_assert(offsetof(AmendLink, link_seq) == 16);
static_assert(offsetof(AmendLink, time_us) == 24);
static_assert(offsetof(AmendLink, order_id) == 32);
static_assert(offsetof(AmendLink, qty_lots) == 40);
// links

struct SettleLink {
  static constexpr std::uint8_t KIND = 4;
  static constexpr std::uint16_t SIZE = 120;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::int64_t trade_id;
  std::int64_t price_ticks;
  std::int64_t lots;
  std::int64_t quote_atoms;
  std::uint8_t maker;
  std::uint8_t prevented;
  std::uint8_t transfer;
  std::uint8_t ends;
  std::uint8_t status;
  std::uint8_t stp_mode;
  std::uint16_t reason;
  std::int64_t trade_time_us;
  std::int64_t counter_order_id;
  std::uint64_t counter_account_id;
  std::int64_t counter_lots;
  std::int32_t trade_group;
  std::uint32_t _pad1;
};
static_assert(sizeof(SettleLink) == 120);
static_assert(offsetof(SettleLink, size) == 0);
static_assert(offsetof(SettleLink, kind) == 2);
static_assert(offsetof(SettleLink, version) == 3);
static_assert(offsetof(SettleLink, source) == 4);
static_assert(offsetof(SettleLink, destination) == 8);
static_assert(offsetof(SettleLink, _pad0) == 12);
static_assert(offsetof(SettleLink, link_seq) == 16);
static_assert(offsetof(SettleLink, time_us) == 24);
static_assert(offsetof(SettleLink, order_id) == 32);
static_assert(offsetof(SettleLink, trade_id) == 40);
static_assert(offsetof(SettleLink, price_ticks) == 48);
static_assert(offsetof(SettleLink, lots) == 56);
static_assert(offsetof(SettleLink, quote_atoms) == 64);
static_assert(offsetof(SettleLink, maker) == 72);
static_assert(offsetof(SettleLink, prevented) == 73);
static_assert(offsetof(SettleLink, transfer) == 74);
static_assert(offsetof(SettleLink, ends) == 75);
static_assert(offsetof(SettleLink, status) == 76);
static_assert(offsetof(SettleLink, stp_mode) == 77);
static_assert(offsetof(SettleLink, reason) == 78);
static_assert(offsetof(SettleLink, trade_time_us) == 80);
static_assert(offsetof(SettleLink, counter_order_id) == 88);
static_assert(offsetof(SettleLink, counter_account_id) == 96);
static_assert(offsetof(SettleLink, counter_lots) == 104);
static_assert(offsetof(SettleLink, trade_group) == 112);
static_assert(offsetof(SettleLink, _pad1) == 116);
// links

struct DoneLink {
  static constexpr std::uint8_t KIND = 5;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::uint8_t status;
  std::uint8_t execution;
  std::uint16_t reason;
  std::uint32_t _pad1;
  std::int64_t remaining_lots;
};
static_assert(sizeof(DoneLink) == 56);
static_assert(offsetof(DoneLink, size) == 0);
static_assert(offsetof(DoneLink, kind) == 2);
static_assert(offsetof(DoneLink, version) == 3);
static_assert(offsetof(DoneLink, source) == 4);
static_assert(offsetof(DoneLink, destination) == 8);
static_assert(offsetof(DoneLink, _pad0) == 12);
static_assert(offsetof(DoneLink, link_seq) == 16);
static_assert(offsetof(DoneLink, time_us) == 24);
static_assert(offsetof(DoneLink, order_id) == 32);
static_assert(offsetof(DoneLink, status) == 40);
static_assert(offsetof(DoneLink, execution) == 41);
static_assert(offsetof(DoneLink, reason) == 42);
static_assert(offsetof(DoneLink, _pad1) == 44);
static_assert(offsetof(DoneLink, remaining_lots) == 48);
// links

struct AnswerLink {
  static constexpr std::uint8_t KIND = 6;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t _pad0;
  std::uint64_t link_seq;
  std::int64_t time_us;
  std::int64_t order_id;
  std::uint8_t answers;
  std::uint8_t execution;
  std::uint16_t reason;
  std::uint32_t _pad1;
  std::int64_t qty_lots;
};
static_assert(sizeof(AnswerLink) == 56);
static_assert(offsetof(AnswerLink, size) == 0);
static_assert(offsetof(AnswerLink, kind) == 2);
static_assert(offsetof(AnswerLink, version) == 3);
static_assert(offsetof(AnswerLink, source) == 4);
static_assert(offsetof(AnswerLink, destination) == 8);
static_assert(offsetof(AnswerLink, _pad0) == 12);
static_assert(offsetof(AnswerLink, link_seq) == 16);
static_assert(offsetof(AnswerLink, time_us) == 24);
static_assert(offsetof(AnswerLink, order_id) == 32);
static_assert(offsetof(AnswerLink, answers) == 40);
static_assert(offsetof(AnswerLink, execution) == 41);
static_assert(offsetof(AnswerLink, reason) == 42);
static_assert(offsetof(AnswerLink, _pad1) == 44);
static_assert(offsetof(AnswerLink, qty_lots) == 48);
// links

struct OrderEvent {
  static constexpr std::uint8_t KIND = 1;
  static constexpr std::uint16_t SIZE = 320;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::int64_t order_id;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint8_t status;
  std::uint8_t execution;
  std::uint16_t reason;
  std::uint16_t flags;
  std::uint32_t trailing_bips;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_order_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t executed_lots;
  std::int64_t executed_quote_atoms;
  std::int64_t prevented_lots;
  std::int64_t created_us;
  std::int64_t working_us;
  std::int64_t trailing_us;
  std::int64_t match_id;
  std::int64_t last_ticks;
  std::int64_t last_lots;
  std::int64_t held_atoms;
  std::int64_t released_atoms;
  std::int64_t paid_atoms;
  std::int64_t received_atoms;
  std::int64_t fee_atoms;
  std::int64_t base_free_atoms;
  std::int64_t base_held_atoms;
  std::int64_t quote_free_atoms;
  std::int64_t quote_held_atoms;
  std::int64_t strategy_id;
  std::int32_t strategy_type;
  std::uint32_t _pad1;
  char client_order_id[36];
  std::uint32_t _pad2;
};
static_assert(sizeof(OrderEvent) == 320);
static_assert(offsetof(OrderEvent, size) == 0);
static_assert(offsetof(OrderEvent, kind) == 2);
static_assert(offsetof(OrderEvent, version) == 3);
static_assert(offsetof(OrderEvent, index) == 4);
static_assert(offsetof(OrderEvent, command) == 8);
static_assert(offsetof(OrderEvent, partition) == 12);
static_assert(offsetof(OrderEvent, entity) == 16);
static_assert(offsetof(OrderEvent, _pad0) == 20);
static_assert(offsetof(OrderEvent, seq) == 24);
static_assert(offsetof(OrderEvent, entity_seq) == 32);
static_assert(offsetof(OrderEvent, time_us) == 40);
static_assert(offsetof(OrderEvent, account_id) == 48);
static_assert(offsetof(OrderEvent, order_id) == 56);
static_assert(offsetof(OrderEvent, market) == 64);
static_assert(offsetof(OrderEvent, side) == 66);
static_assert(offsetof(OrderEvent, order_type) == 67);
static_assert(offsetof(OrderEvent, time_in_force) == 68);
static_assert(offsetof(OrderEvent, stp_mode) == 69);
static_assert(offsetof(OrderEvent, status) == 70);
static_assert(offsetof(OrderEvent, execution) == 71);
static_assert(offsetof(OrderEvent, reason) == 72);
static_assert(offsetof(OrderEvent, flags) == 74);
static_assert(offsetof(OrderEvent, trailing_bips) == 76);
static_assert(offsetof(OrderEvent, price_ticks) == 80);
static_assert(offsetof(OrderEvent, qty_lots) == 88);
static_assert(offsetof(OrderEvent, quote_order_atoms) == 96);
static_assert(offsetof(OrderEvent, stop_ticks) == 104);
static_assert(offsetof(OrderEvent, iceberg_lots) == 112);
static_assert(offsetof(OrderEvent, executed_lots) == 120);
static_assert(offsetof(OrderEvent, executed_quote_atoms) == 128);
static_assert(offsetof(OrderEvent, prevented_lots) == 136);
static_assert(offsetof(OrderEvent, created_us) == 144);
static_assert(offsetof(OrderEvent, working_us) == 152);
static_assert(offsetof(OrderEvent, trailing_us) == 160);
static_assert(offsetof(OrderEvent, match_id) == 168);
static_assert(offsetof(OrderEvent, last_ticks) == 176);
static_assert(offsetof(OrderEvent, last_lots) == 184);
static_assert(offsetof(OrderEvent, held_atoms) == 192);
static_assert(offsetof(OrderEvent, released_atoms) == 200);
static_assert(offsetof(OrderEvent, paid_atoms) == 208);
static_assert(offsetof(OrderEvent, received_atoms) == 216);
static_assert(offsetof(OrderEvent, fee_atoms) == 224);
static_assert(offsetof(OrderEvent, base_free_atoms) == 232);
static_assert(offsetof(OrderEvent, base_held_atoms) == 240);
static_assert(offsetof(OrderEvent, quote_free_atoms) == 248);
static_assert(offsetof(OrderEvent, quote_held_atoms) == 256);
static_assert(offsetof(OrderEvent, strategy_id) == 264);
static_assert(offsetof(OrderEvent, strategy_type) == 272);
static_assert(offsetof(OrderEvent, _pad1) == 276);
static_assert(offsetof(OrderEvent, client_order_id) == 280);
static_assert(offsetof(OrderEvent, _pad2) == 316);
// events

struct OrderRequestedEvent {
  static constexpr std::uint8_t KIND = 2;
  static constexpr std::uint16_t SIZE = 360;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::int64_t order_id;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint8_t status;
  std::uint8_t execution;
  std::uint16_t reason;
  std::uint16_t flags;
  std::uint32_t trailing_bips;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_order_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t executed_lots;
  std::int64_t executed_quote_atoms;
  std::int64_t prevented_lots;
  std::int64_t created_us;
  std::int64_t working_us;
  std::int64_t trailing_us;
  std::int64_t match_id;
  std::int64_t last_ticks;
  std::int64_t last_lots;
  std::int64_t held_atoms;
  std::int64_t released_atoms;
  std::int64_t paid_atoms;
  std::int64_t received_atoms;
  std::int64_t fee_atoms;
  std::int64_t base_free_atoms;
  std::int64_t base_held_atoms;
  std::int64_t quote_free_atoms;
  std::int64_t quote_held_atoms;
  std::int64_t strategy_id;
  std::int32_t strategy_type;
  std::uint32_t _pad1;
  char client_order_id[36];
  std::uint32_t _pad2;
  char request_client_order_id[36];
  std::uint32_t _pad3;
};
static_assert(sizeof(OrderRequestedEvent) == 360);
static_assert(offsetof(OrderRequestedEvent, size) == 0);
static_assert(offsetof(OrderRequestedEvent, kind) == 2);
static_assert(offsetof(OrderRequestedEvent, version) == 3);
static_assert(offsetof(OrderRequestedEvent, index) == 4);
static_assert(offsetof(OrderRequestedEvent, command) == 8);
static_assert(offsetof(OrderRequestedEvent, partition) == 12);
static_assert(offsetof(OrderRequestedEvent, entity) == 16);
static_assert(offsetof(OrderRequestedEvent, _pad0) == 20);
static_assert(offsetof(OrderRequestedEvent, seq) == 24);
static_assert(offsetof(OrderRequestedEvent, entity_seq) == 32);
static_assert(offsetof(OrderRequestedEvent, time_us) == 40);
static_assert(offsetof(OrderRequestedEvent, account_id) == 48);
static_assert(offsetof(OrderRequestedEvent, order_id) == 56);
static_assert(offsetof(OrderRequestedEvent, market) == 64);
static_assert(offsetof(OrderRequestedEvent, side) == 66);
static_assert(offsetof(OrderRequestedEvent, order_type) == 67);
static_assert(offsetof(OrderRequestedEvent, time_in_force) == 68);
static_assert(offsetof(OrderRequestedEvent, stp_mode) == 69);
static_assert(offsetof(OrderRequestedEvent, status) == 70);
static_assert(offsetof(OrderRequestedEvent, execution) == 71);
static_assert(offsetof(OrderRequestedEvent, reason) == 72);
static_assert(offsetof(OrderRequestedEvent, flags) == 74);
static_assert(offsetof(OrderRequestedEvent, trailing_bips) == 76);
static_assert(offsetof(OrderRequestedEvent, price_ticks) == 80);
static_assert(offsetof(OrderRequestedEvent, qty_lots) == 88);
static_assert(offsetof(OrderRequestedEvent, quote_order_atoms) == 96);
static_assert(offsetof(OrderRequestedEvent, stop_ticks) == 104);
static_assert(offsetof(OrderRequestedEvent, iceberg_lots) == 112);
static_assert(offsetof(OrderRequestedEvent, executed_lots) == 120);
static_assert(offsetof(OrderRequestedEvent, executed_quote_atoms) == 128);
static_assert(offsetof(OrderRequestedEvent, prevented_lots) == 136);
static_assert(offsetof(OrderRequestedEvent, created_us) == 144);
static_assert(offsetof(OrderRequestedEvent, working_us) == 152);
static_assert(offsetof(OrderRequestedEvent, trailing_us) == 160);
static_assert(offsetof(OrderRequestedEvent, match_id) == 168);
static_assert(offsetof(OrderRequestedEvent, last_ticks) == 176);
static_assert(offsetof(OrderRequestedEvent, last_lots) == 184);
static_assert(offsetof(OrderRequestedEvent, held_atoms) == 192);
static_assert(offsetof(OrderRequestedEvent, released_atoms) == 200);
static_assert(offsetof(OrderRequestedEvent, paid_atoms) == 208);
static_assert(offsetof(OrderRequestedEvent, received_atoms) == 216);
static_assert(offsetof(OrderRequestedEvent, fee_atoms) == 224);
static_assert(offsetof(OrderRequestedEvent, base_free_atoms) == 232);
static_assert(offsetof(OrderRequestedEvent, base_held_atoms) == 240);
static_assert(offsetof(OrderRequestedEvent, quote_free_atoms) == 248);
static_assert(offsetof(OrderRequestedEvent, quote_held_atoms) == 256);
static_assert(offsetof(OrderRequestedEvent, strategy_id) == 264);
static_assert(offsetof(OrderRequestedEvent, strategy_type) == 272);
static_assert(offsetof(OrderRequestedEvent, _pad1) == 276);
static_assert(offsetof(OrderRequestedEvent, client_order_id) == 280);
static_assert(offsetof(OrderRequestedEvent, _pad2) == 316);
static_assert(offsetof(OrderRequestedEvent, request_client_order_id) == 320);
static_assert(offsetof(OrderRequestedEvent, _pad3) == 356);
// events

struct TradeEvent {
  static constexpr std::uint8_t KIND = 3;
  static constexpr std::uint16_t SIZE = 120;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t taker_side;
  std::uint8_t _pad1;
  std::uint32_t _pad2;
  std::int64_t trade_id;
  std::int64_t price_ticks;
  std::int64_t lots;
  std::int64_t quote_atoms;
  std::int64_t buy_order_id;
  std::int64_t sell_order_id;
  std::uint64_t buy_account_id;
  std::uint64_t sell_account_id;
};
static_assert(sizeof(TradeEvent) == 120);
static_assert(offsetof(TradeEvent, size) == 0);
static_assert(offsetof(TradeEvent, kind) == 2);
static_assert(offsetof(TradeEvent, version) == 3);
static_assert(offsetof(TradeEvent, index) == 4);
static_assert(offsetof(TradeEvent, command) == 8);
static_assert(offsetof(TradeEvent, partition) == 12);
static_assert(offsetof(TradeEvent, entity) == 16);
static_assert(offsetof(TradeEvent, _pad0) == 20);
static_assert(offsetof(TradeEvent, seq) == 24);
static_assert(offsetof(TradeEvent, entity_seq) == 32);
static_assert(offsetof(TradeEvent, time_us) == 40);
static_assert(offsetof(TradeEvent, market) == 48);
static_assert(offsetof(TradeEvent, taker_side) == 50);
static_assert(offsetof(TradeEvent, _pad1) == 51);
static_assert(offsetof(TradeEvent, _pad2) == 52);
static_assert(offsetof(TradeEvent, trade_id) == 56);
static_assert(offsetof(TradeEvent, price_ticks) == 64);
static_assert(offsetof(TradeEvent, lots) == 72);
static_assert(offsetof(TradeEvent, quote_atoms) == 80);
static_assert(offsetof(TradeEvent, buy_order_id) == 88);
static_assert(offsetof(TradeEvent, sell_order_id) == 96);
static_assert(offsetof(TradeEvent, buy_account_id) == 104);
static_assert(offsetof(TradeEvent, sell_account_id) == 112);
// events

struct LevelEvent {
  static constexpr std::uint8_t KIND = 4;
  static constexpr std::uint16_t SIZE = 80;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t _pad1;
  std::uint32_t orders;
  std::int64_t price_ticks;
  std::int64_t lots;
  std::int64_t update_id;
};
static_assert(sizeof(LevelEvent) == 80);
static_assert(offsetof(LevelEvent, size) == 0);
static_assert(offsetof(LevelEvent, kind) == 2);
static_assert(offsetof(LevelEvent, version) == 3);
static_assert(offsetof(LevelEvent, index) == 4);
static_assert(offsetof(LevelEvent, command) == 8);
static_assert(offsetof(LevelEvent, partition) == 12);
static_assert(offsetof(LevelEvent, entity) == 16);
static_assert(offsetof(LevelEvent, _pad0) == 20);
static_assert(offsetof(LevelEvent, seq) == 24);
static_assert(offsetof(LevelEvent, entity_seq) == 32);
static_assert(offsetof(LevelEvent, time_us) == 40);
static_assert(offsetof(LevelEvent, market) == 48);
static_assert(offsetof(LevelEvent, side) == 50);
static_assert(offsetof(LevelEvent, _pad1) == 51);
static_assert(offsetof(LevelEvent, orders) == 52);
static_assert(offsetof(LevelEvent, price_ticks) == 56);
static_assert(offsetof(LevelEvent, lots) == 64);
static_assert(offsetof(LevelEvent, update_id) == 72);
// events

struct PreventedEvent {
  static constexpr std::uint8_t KIND = 5;
  static constexpr std::uint16_t SIZE = 120;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint8_t taker_side;
  std::uint8_t stp_mode;
  std::int32_t trade_group;
  std::int64_t prevented_id;
  std::int64_t price_ticks;
  std::int64_t taker_order_id;
  std::int64_t maker_order_id;
  std::uint64_t taker_account_id;
  std::uint64_t maker_account_id;
  std::int64_t taker_prevented_lots;
  std::int64_t maker_prevented_lots;
};
static_assert(sizeof(PreventedEvent) == 120);
static_assert(offsetof(PreventedEvent, size) == 0);
static_assert(offsetof(PreventedEvent, kind) == 2);
static_assert(offsetof(PreventedEvent, version) == 3);
static_assert(offsetof(PreventedEvent, index) == 4);
static_assert(offsetof(PreventedEvent, command) == 8);
static_assert(offsetof(PreventedEvent, partition) == 12);
static_assert(offsetof(PreventedEvent, entity) == 16);
static_assert(offsetof(PreventedEvent, _pad0) == 20);
static_assert(offsetof(PreventedEvent, seq) == 24);
static_assert(offsetof(PreventedEvent, entity_seq) == 32);
static_assert(offsetof(PreventedEvent, time_us) == 40);
static_assert(offsetof(PreventedEvent, market) == 48);
static_assert(offsetof(PreventedEvent, taker_side) == 50);
static_assert(offsetof(PreventedEvent, stp_mode) == 51);
static_assert(offsetof(PreventedEvent, trade_group) == 52);
static_assert(offsetof(PreventedEvent, prevented_id) == 56);
static_assert(offsetof(PreventedEvent, price_ticks) == 64);
static_assert(offsetof(PreventedEvent, taker_order_id) == 72);
static_assert(offsetof(PreventedEvent, maker_order_id) == 80);
static_assert(offsetof(PreventedEvent, taker_account_id) == 88);
static_assert(offsetof(PreventedEvent, maker_account_id) == 96);
static_assert(offsetof(PreventedEvent, taker_prevented_lots) == 104);
static_assert(offsetof(PreventedEvent, maker_prevented_lots) == 112);
// events

struct RefusedEvent {
  static constexpr std::uint8_t KIND = 6;
  static constexpr std::uint16_t SIZE = 112;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::uint16_t market;
  std::uint8_t command_kind;
  std::uint8_t phase;
  std::uint16_t reason;
  std::uint16_t _pad1;
  std::int64_t order_id;
  char client_order_id[36];
  std::uint32_t _pad2;
};
static_assert(sizeof(RefusedEvent) == 112);
static_assert(offsetof(RefusedEvent, size) == 0);
static_assert(offsetof(RefusedEvent, kind) == 2);
static_assert(offsetof(RefusedEvent, version) == 3);
static_assert(offsetof(RefusedEvent, index) == 4);
static_assert(offsetof(RefusedEvent, command) == 8);
static_assert(offsetof(RefusedEvent, partition) == 12);
static_assert(offsetof(RefusedEvent, entity) == 16);
static_assert(offsetof(RefusedEvent, _pad0) == 20);
static_assert(offsetof(RefusedEvent, seq) == 24);
static_assert(offsetof(RefusedEvent, entity_seq) == 32);
static_assert(offsetof(RefusedEvent, time_us) == 40);
static_assert(offsetof(RefusedEvent, account_id) == 48);
static_assert(offsetof(RefusedEvent, market) == 56);
static_assert(offsetof(RefusedEvent, command_kind) == 58);
static_assert(offsetof(RefusedEvent, phase) == 59);
static_assert(offsetof(RefusedEvent, reason) == 60);
static_assert(offsetof(RefusedEvent, _pad1) == 62);
static_assert(offsetof(RefusedEvent, order_id) == 64);
static_assert(offsetof(RefusedEvent, client_order_id) == 72);
static_assert(offsetof(RefusedEvent, _pad2) == 108);
// events

struct DuplicateEvent {
  static constexpr std::uint8_t KIND = 7;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::uint16_t market;
  std::uint8_t command_kind;
  std::uint8_t _pad1;
  std::uint16_t reason;
  std::uint16_t _pad2;
  std::int64_t order_id;
};
static_assert(sizeof(DuplicateEvent) == 72);
static_assert(offsetof(DuplicateEvent, size) == 0);
static_assert(offsetof(DuplicateEvent, kind) == 2);
static_assert(offsetof(DuplicateEvent, version) == 3);
static_assert(offsetof(DuplicateEvent, index) == 4);
static_assert(offsetof(DuplicateEvent, command) == 8);
static_assert(offsetof(DuplicateEvent, partition) == 12);
static_assert(offsetof(DuplicateEvent, entity) == 16);
static_assert(offsetof(DuplicateEvent, _pad0) == 20);
static_assert(offsetof(DuplicateEvent, seq) == 24);
static_assert(offsetof(DuplicateEvent, entity_seq) == 32);
static_assert(offsetof(DuplicateEvent, time_us) == 40);
static_assert(offsetof(DuplicateEvent, account_id) == 48);
static_assert(offsetof(DuplicateEvent, market) == 56);
static_assert(offsetof(DuplicateEvent, command_kind) == 58);
static_assert(offsetof(DuplicateEvent, _pad1) == 59);
static_assert(offsetof(DuplicateEvent, reason) == 60);
static_assert(offsetof(DuplicateEvent, _pad2) == 62);
static_assert(offsetof(DuplicateEvent, order_id) == 64);
// events

struct BalanceEvent {
  static constexpr std::uint8_t KIND = 8;
  static constexpr std::uint16_t SIZE = 96;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::uint16_t asset;
  std::uint8_t cause;
  std::uint8_t _pad1;
  std::uint32_t _pad2;
  std::int64_t amount_atoms;
  std::int64_t free_atoms;
  std::int64_t held_atoms;
  std::uint64_t reference;
};
static_assert(sizeof(BalanceEvent) == 96);
static_assert(offsetof(BalanceEvent, size) == 0);
static_assert(offsetof(BalanceEvent, kind) == 2);
static_assert(offsetof(BalanceEvent, version) == 3);
static_assert(offsetof(BalanceEvent, index) == 4);
static_assert(offsetof(BalanceEvent, command) == 8);
static_assert(offsetof(BalanceEvent, partition) == 12);
static_assert(offsetof(BalanceEvent, entity) == 16);
static_assert(offsetof(BalanceEvent, _pad0) == 20);
static_assert(offsetof(BalanceEvent, seq) == 24);
static_assert(offsetof(BalanceEvent, entity_seq) == 32);
static_assert(offsetof(BalanceEvent, time_us) == 40);
static_assert(offsetof(BalanceEvent, account_id) == 48);
static_assert(offsetof(BalanceEvent, asset) == 56);
static_assert(offsetof(BalanceEvent, cause) == 58);
static_assert(offsetof(BalanceEvent, _pad1) == 59);
static_assert(offsetof(BalanceEvent, _pad2) == 60);
static_assert(offsetof(BalanceEvent, amount_atoms) == 64);
static_assert(offsetof(BalanceEvent, free_atoms) == 72);
static_assert(offsetof(BalanceEvent, held_atoms) == 80);
static_assert(offsetof(BalanceEvent, reference) == 88);
// events

struct AssetEvent {
  static constexpr std::uint8_t KIND = 9;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t asset;
  std::uint8_t scale;
  std::uint8_t _pad1;
  std::uint32_t _pad2;
  char name[16];
};
static_assert(sizeof(AssetEvent) == 72);
static_assert(offsetof(AssetEvent, size) == 0);
static_assert(offsetof(AssetEvent, kind) == 2);
static_assert(offsetof(AssetEvent, version) == 3);
static_assert(offsetof(AssetEvent, index) == 4);
static_assert(offsetof(AssetEvent, command) == 8);
static_assert(offsetof(AssetEvent, partition) == 12);
static_assert(offsetof(AssetEvent, entity) == 16);
static_assert(offsetof(AssetEvent, _pad0) == 20);
static_assert(offsetof(AssetEvent, seq) == 24);
static_assert(offsetof(AssetEvent, entity_seq) == 32);
static_assert(offsetof(AssetEvent, time_us) == 40);
static_assert(offsetof(AssetEvent, asset) == 48);
static_assert(offsetof(AssetEvent, scale) == 50);
static_assert(offsetof(AssetEvent, _pad1) == 51);
static_assert(offsetof(AssetEvent, _pad2) == 52);
static_assert(offsetof(AssetEvent, name) == 56);
// events

struct MarketEvent {
  static constexpr std::uint8_t KIND = 10;
  static constexpr std::uint16_t SIZE = 256;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t market;
  std::uint16_t base_asset;
  std::uint16_t quote_asset;
  std::uint8_t status;
  std::uint8_t default_stp_mode;
  char symbol[24];
  std::uint32_t specification_version;
  std::uint16_t stp_modes;
  std::uint16_t order_types;
  std::uint32_t flags;
  std::uint32_t average_price_minutes;
  std::int64_t tick_atoms;
  std::int64_t lot_atoms;
  std::int64_t tick_lot_atoms;
  std::int64_t price_ticks_min;
  std::int64_t price_ticks_max;
  std::int64_t qty_lots_min;
  std::int64_t qty_lots_max;
  std::int64_t market_qty_lots_min;
  std::int64_t market_qty_lots_max;
  std::int64_t market_qty_lots_step;
  std::int64_t notional_atoms_min;
  std::int64_t notional_atoms_max;
  std::int64_t position_lots_max;
  std::uint32_t bid_multiplier_up;
  std::uint32_t bid_multiplier_down;
  std::uint32_t ask_multiplier_up;
  std::uint32_t ask_multiplier_down;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t iceberg_parts_max;
  std::uint32_t amends_max;
  std::uint32_t trailing_above_bips_min;
  std::uint32_t trailing_above_bips_max;
  std::uint32_t trailing_below_bips_min;
  std::uint32_t trailing_below_bips_max;
  std::uint32_t _pad1;
};
static_assert(sizeof(MarketEvent) == 256);
static_assert(offsetof(MarketEvent, size) == 0);
static_assert(offsetof(MarketEvent, kind) == 2);
static_assert(offsetof(MarketEvent, version) == 3);
static_assert(offsetof(MarketEvent, index) == 4);
static_assert(offsetof(MarketEvent, command) == 8);
static_assert(offsetof(MarketEvent, partition) == 12);
static_assert(offsetof(MarketEvent, entity) == 16);
static_assert(offsetof(MarketEvent, _pad0) == 20);
static_assert(offsetof(MarketEvent, seq) == 24);
static_assert(offsetof(MarketEvent, entity_seq) == 32);
static_assert(offsetof(MarketEvent, time_us) == 40);
static_assert(offsetof(MarketEvent, market) == 48);
static_assert(offsetof(MarketEvent, base_asset) == 50);
static_assert(offsetof(MarketEvent, quote_asset) == 52);
static_assert(offsetof(MarketEvent, status) == 54);
static_assert(offsetof(MarketEvent, default_stp_mode) == 55);
static_assert(offsetof(MarketEvent, symbol) == 56);
static_assert(offsetof(MarketEvent, specification_version) == 80);
static_assert(offsetof(MarketEvent, stp_modes) == 84);
static_assert(offsetof(MarketEvent, order_types) == 86);
static_assert(offsetof(MarketEvent, flags) == 88);
static_assert(offsetof(MarketEvent, average_price_minutes) == 92);
static_assert(offsetof(MarketEvent, tick_atoms) == 96);
static_assert(offsetof(MarketEvent, lot_atoms) == 104);
static_assert(offsetof(MarketEvent, tick_lot_atoms) == 112);
static_assert(offsetof(MarketEvent, price_ticks_min) == 120);
static_assert(offsetof(MarketEvent, price_ticks_max) == 128);
static_assert(offsetof(MarketEvent, qty_lots_min) == 136);
static_assert(offsetof(MarketEvent, qty_lots_max) == 144);
static_assert(offsetof(MarketEvent, market_qty_lots_min) == 152);
static_assert(offsetof(MarketEvent, market_qty_lots_max) == 160);
static_assert(offsetof(MarketEvent, market_qty_lots_step) == 168);
static_assert(offsetof(MarketEvent, notional_atoms_min) == 176);
static_assert(offsetof(MarketEvent, notional_atoms_max) == 184);
static_assert(offsetof(MarketEvent, position_lots_max) == 192);
static_assert(offsetof(MarketEvent, bid_multiplier_up) == 200);
static_assert(offsetof(MarketEvent, bid_multiplier_down) == 204);
static_assert(offsetof(MarketEvent, ask_multiplier_up) == 208);
static_assert(offsetof(MarketEvent, ask_multiplier_down) == 212);
static_assert(offsetof(MarketEvent, orders_max) == 216);
static_assert(offsetof(MarketEvent, algo_orders_max) == 220);
static_assert(offsetof(MarketEvent, iceberg_orders_max) == 224);
static_assert(offsetof(MarketEvent, iceberg_parts_max) == 228);
static_assert(offsetof(MarketEvent, amends_max) == 232);
static_assert(offsetof(MarketEvent, trailing_above_bips_min) == 236);
static_assert(offsetof(MarketEvent, trailing_above_bips_max) == 240);
static_assert(offsetof(MarketEvent, trailing_below_bips_min) == 244);
static_assert(offsetof(MarketEvent, trailing_below_bips_max) == 248);
static_assert(offsetof(MarketEvent, _pad1) == 252);
// events

struct AccountEvent {
  static constexpr std::uint8_t KIND = 11;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::int32_t trade_group;
  std::uint16_t fee_schedule;
  std::uint16_t flags;
};
static_assert(sizeof(AccountEvent) == 64);
static_assert(offsetof(AccountEvent, size) == 0);
static_assert(offsetof(AccountEvent, kind) == 2);
static_assert(offsetof(AccountEvent, version) == 3);
static_assert(offsetof(AccountEvent, index) == 4);
static_assert(offsetof(AccountEvent, command) == 8);
static_assert(offsetof(AccountEvent, partition) == 12);
static_assert(offsetof(AccountEvent, entity) == 16);
static_assert(offsetof(AccountEvent, _pad0) == 20);
static_assert(offsetof(AccountEvent, seq) == 24);
static_assert(offsetof(AccountEvent, entity_seq) == 32);
static_assert(offsetof(AccountEvent, time_us) == 40);
static_assert(offsetof(AccountEvent, account_id) == 48);
static_assert(offsetof(AccountEvent, trade_group) == 56);
static_assert(offsetof(AccountEvent, fee_schedule) == 60);
static_assert(offsetof(AccountEvent, flags) == 62);
// events

struct FeesEvent {
  static constexpr std::uint8_t KIND = 12;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint16_t schedule;
  std::uint16_t market;
  std::uint32_t _pad1;
  std::uint32_t maker_rate;
  std::uint32_t taker_rate;
};
static_assert(sizeof(FeesEvent) == 64);
static_assert(offsetof(FeesEvent, size) == 0);
static_assert(offsetof(FeesEvent, kind) == 2);
static_assert(offsetof(FeesEvent, version) == 3);
static_assert(offsetof(FeesEvent, index) == 4);
static_assert(offsetof(FeesEvent, command) == 8);
static_assert(offsetof(FeesEvent, partition) == 12);
static_assert(offsetof(FeesEvent, entity) == 16);
static_assert(offsetof(FeesEvent, _pad0) == 20);
static_assert(offsetof(FeesEvent, seq) == 24);
static_assert(offsetof(FeesEvent, entity_seq) == 32);
static_assert(offsetof(FeesEvent, time_us) == 40);
static_assert(offsetof(FeesEvent, schedule) == 48);
static_assert(offsetof(FeesEvent, market) == 50);
static_assert(offsetof(FeesEvent, _pad1) == 52);
static_assert(offsetof(FeesEvent, maker_rate) == 56);
static_assert(offsetof(FeesEvent, taker_rate) == 60);
// events

struct LimitsEvent {
  static constexpr std::uint8_t KIND = 13;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t _pad1;
};
static_assert(sizeof(LimitsEvent) == 64);
static_assert(offsetof(LimitsEvent, size) == 0);
static_assert(offsetof(LimitsEvent, kind) == 2);
static_assert(offsetof(LimitsEvent, version) == 3);
static_assert(offsetof(LimitsEvent, index) == 4);
static_assert(offsetof(LimitsEvent, command) == 8);
static_assert(offsetof(LimitsEvent, partition) == 12);
static_assert(offsetof(LimitsEvent, entity) == 16);
static_assert(offsetof(LimitsEvent, _pad0) == 20);
static_assert(offsetof(LimitsEvent, seq) == 24);
static_assert(offsetof(LimitsEvent, entity_seq) == 32);
static_assert(offsetof(LimitsEvent, time_us) == 40);
static_assert(offsetof(LimitsEvent, orders_max) == 48);
static_assert(offsetof(LimitsEvent, algo_orders_max) == 52);
static_assert(offsetof(LimitsEvent, iceberg_orders_max) == 56);
static_assert(offsetof(LimitsEvent, _pad1) == 60);
// events

struct QuarantinedEvent {
  static constexpr std::uint8_t KIND = 14;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t quarantined_seq;
  std::uint32_t quarantined_index;
  std::uint32_t market;
};
static_assert(sizeof(QuarantinedEvent) == 64);
static_assert(offsetof(QuarantinedEvent, size) == 0);
static_assert(offsetof(QuarantinedEvent, kind) == 2);
static_assert(offsetof(QuarantinedEvent, version) == 3);
static_assert(offsetof(QuarantinedEvent, index) == 4);
static_assert(offsetof(QuarantinedEvent, command) == 8);
static_assert(offsetof(QuarantinedEvent, partition) == 12);
static_assert(offsetof(QuarantinedEvent, entity) == 16);
static_assert(offsetof(QuarantinedEvent, _pad0) == 20);
static_assert(offsetof(QuarantinedEvent, seq) == 24);
static_assert(offsetof(QuarantinedEvent, entity_seq) == 32);
static_assert(offsetof(QuarantinedEvent, time_us) == 40);
static_assert(offsetof(QuarantinedEvent, quarantined_seq) == 48);
static_assert(offsetof(QuarantinedEvent, quarantined_index) == 56);
static_assert(offsetof(QuarantinedEvent, market) == 60);
// events

struct EpochEvent {
  static constexpr std::uint8_t KIND = 15;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t epoch;
};
static_assert(sizeof(EpochEvent) == 56);
static_assert(offsetof(EpochEvent, size) == 0);
static_assert(offsetof(EpochEvent, kind) == 2);
static_assert(offsetof(EpochEvent, version) == 3);
static_assert(offsetof(EpochEvent, index) == 4);
static_assert(offsetof(EpochEvent, command) == 8);
static_assert(offsetof(EpochEvent, partition) == 12);
static_assert(offsetof(EpochEvent, entity) == 16);
static_assert(offsetof(EpochEvent, _pad0) == 20);
static_assert(offsetof(EpochEvent, seq) == 24);
static_assert(offsetof(EpochEvent, entity_seq) == 32);
static_assert(offsetof(EpochEvent, time_us) == 40);
static_assert(offsetof(EpochEvent, epoch) == 48);
// events

struct RoleEvent {
  static constexpr std::uint8_t KIND = 16;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint8_t role;
  std::uint8_t _pad1;
  std::uint16_t _pad2;
  std::uint32_t _pad3;
};
static_assert(sizeof(RoleEvent) == 56);
static_assert(offsetof(RoleEvent, size) == 0);
static_assert(offsetof(RoleEvent, kind) == 2);
static_assert(offsetof(RoleEvent, version) == 3);
static_assert(offsetof(RoleEvent, index) == 4);
static_assert(offsetof(RoleEvent, command) == 8);
static_assert(offsetof(RoleEvent, partition) == 12);
static_assert(offsetof(RoleEvent, entity) == 16);
static_assert(offsetof(RoleEvent, _pad0) == 20);
static_assert(offsetof(RoleEvent, seq) == 24);
static_assert(offsetof(RoleEvent, entity_seq) == 32);
static_assert(offsetof(RoleEvent, time_us) == 40);
static_assert(offsetof(RoleEvent, role) == 48);
static_assert(offsetof(RoleEvent, _pad1) == 49);
static_assert(offsetof(RoleEvent, _pad2) == 50);
static_assert(offsetof(RoleEvent, _pad3) == 52);
// events

struct HostedEvent {
  static constexpr std::uint8_t KIND = 17;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint32_t hosted_entity;
  std::uint8_t hosted;
  std::uint8_t _pad1;
  std::uint16_t _pad2;
  std::uint64_t route_version;
};
static_assert(sizeof(HostedEvent) == 64);
static_assert(offsetof(HostedEvent, size) == 0);
static_assert(offsetof(HostedEvent, kind) == 2);
static_assert(offsetof(HostedEvent, version) == 3);
static_assert(offsetof(HostedEvent, index) == 4);
static_assert(offsetof(HostedEvent, command) == 8);
static_assert(offsetof(HostedEvent, partition) == 12);
static_assert(offsetof(HostedEvent, entity) == 16);
static_assert(offsetof(HostedEvent, _pad0) == 20);
static_assert(offsetof(HostedEvent, seq) == 24);
static_assert(offsetof(HostedEvent, entity_seq) == 32);
static_assert(offsetof(HostedEvent, time_us) == 40);
static_assert(offsetof(HostedEvent, hosted_entity) == 48);
static_assert(offsetof(HostedEvent, hosted) == 52);
static_assert(offsetof(HostedEvent, _pad1) == 53);
static_assert(offsetof(HostedEvent, _pad2) == 54);
static_assert(offsetof(HostedEvent, route_version) == 56);
// events

struct LinkEvent {
  static constexpr std::uint8_t KIND = 18;
  static constexpr std::uint16_t SIZE = 176;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  char link[128];
};
static_assert(sizeof(LinkEvent) == 176);
static_assert(offsetof(LinkEvent, size) == 0);
static_assert(offsetof(LinkEvent, kind) == 2);
static_assert(offsetof(LinkEvent, version) == 3);
static_assert(offsetof(LinkEvent, index) == 4);
static_assert(offsetof(LinkEvent, command) == 8);
static_assert(offsetof(LinkEvent, partition) == 12);
static_assert(offsetof(LinkEvent, entity) == 16);
static_assert(offsetof(LinkEvent, _pad0) == 20);
static_assert(offsetof(LinkEvent, seq) == 24);
static_assert(offsetof(LinkEvent, entity_seq) == 32);
static_assert(offsetof(LinkEvent, time_us) == 40);
static_assert(offsetof(LinkEvent, link) == 48);
// events

struct PendingEvent {
  static constexpr std::uint8_t KIND = 19;
  static constexpr std::uint16_t SIZE = 88;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::int64_t order_id;
  std::uint64_t origin_seq;
  std::uint32_t origin_command;
  std::uint32_t origin_partition;
  std::uint16_t market;
  std::uint8_t command_kind;
  std::uint8_t _pad1;
  std::uint32_t _pad2;
};
static_assert(sizeof(PendingEvent) == 88);
static_assert(offsetof(PendingEvent, size) == 0);
static_assert(offsetof(PendingEvent, kind) == 2);
static_assert(offsetof(PendingEvent, version) == 3);
static_assert(offsetof(PendingEvent, index) == 4);
static_assert(offsetof(PendingEvent, command) == 8);
static_assert(offsetof(PendingEvent, partition) == 12);
static_assert(offsetof(PendingEvent, entity) == 16);
static_assert(offsetof(PendingEvent, _pad0) == 20);
static_assert(offsetof(PendingEvent, seq) == 24);
static_assert(offsetof(PendingEvent, entity_seq) == 32);
static_assert(offsetof(PendingEvent, time_us) == 40);
static_assert(offsetof(PendingEvent, account_id) == 48);
static_assert(offsetof(PendingEvent, order_id) == 56);
static_assert(offsetof(PendingEvent, origin_seq) == 64);
static_assert(offsetof(PendingEvent, origin_command) == 72);
static_assert(offsetof(PendingEvent, origin_partition) == 76);
static_assert(offsetof(PendingEvent, market) == 80);
static_assert(offsetof(PendingEvent, command_kind) == 82);
static_assert(offsetof(PendingEvent, _pad1) == 83);
static_assert(offsetof(PendingEvent, _pad2) == 84);
// events

struct AnsweredEvent {
  static constexpr std::uint8_t KIND = 20;
  static constexpr std::uint16_t SIZE = 88;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint64_t account_id;
  std::int64_t order_id;
  std::uint64_t origin_seq;
  std::uint32_t origin_command;
  std::uint32_t origin_partition;
  std::uint16_t market;
  std::uint8_t command_kind;
  std::uint8_t _pad1;
  std::uint32_t _pad2;
};
static_assert(sizeof(AnsweredEvent) == 88);
static_assert(offsetof(AnsweredEvent, size) == 0);
static_assert(offsetof(AnsweredEvent, kind) == 2);
static_assert(offsetof(AnsweredEvent, version) == 3);
static_assert(offsetof(AnsweredEvent, index) == 4);
static_assert(offsetof(AnsweredEvent, command) == 8);
static_assert(offsetof(AnsweredEvent, partition) == 12);
static_assert(offsetof(AnsweredEvent, entity) == 16);
static_assert(offsetof(AnsweredEvent, _pad0) == 20);
static_assert(offsetof(AnsweredEvent, seq) == 24);
static_assert(offsetof(AnsweredEvent, entity_seq) == 32);
static_assert(offsetof(AnsweredEvent, time_us) == 40);
static_assert(offsetof(AnsweredEvent, account_id) == 48);
static_assert(offsetof(AnsweredEvent, order_id) == 56);
static_assert(offsetof(AnsweredEvent, origin_seq) == 64);
static_assert(offsetof(AnsweredEvent, origin_command) == 72);
static_assert(offsetof(AnsweredEvent, origin_partition) == 76);
static_assert(offsetof(AnsweredEvent, market) == 80);
static_assert(offsetof(AnsweredEvent, command_kind) == 82);
static_assert(offsetof(AnsweredEvent, _pad1) == 83);
static_assert(offsetof(AnsweredEvent, _pad2) == 84);
// events

struct MovedOutEvent {
  static constexpr std::uint8_t KIND = 21;
  static constexpr std::uint16_t SIZE = 88;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint32_t moved_entity;
  std::uint32_t target;
  std::uint64_t route_version;
  std::uint64_t export_bytes;
  std::uint64_t hash_lo;
  std::uint64_t hash_hi;
};
static_assert(sizeof(MovedOutEvent) == 88);
static_assert(offsetof(MovedOutEvent, size) == 0);
static_assert(offsetof(MovedOutEvent, kind) == 2);
static_assert(offsetof(MovedOutEvent, version) == 3);
static_assert(offsetof(MovedOutEvent, index) == 4);
static_assert(offsetof(MovedOutEvent, command) == 8);
static_assert(offsetof(MovedOutEvent, partition) == 12);
static_assert(offsetof(MovedOutEvent, entity) == 16);
static_assert(offsetof(MovedOutEvent, _pad0) == 20);
static_assert(offsetof(MovedOutEvent, seq) == 24);
static_assert(offsetof(MovedOutEvent, entity_seq) == 32);
static_assert(offsetof(MovedOutEvent, time_us) == 40);
static_assert(offsetof(MovedOutEvent, moved_entity) == 48);
static_assert(offsetof(MovedOutEvent, target) == 52);
static_assert(offsetof(MovedOutEvent, route_version) == 56);
static_assert(offsetof(MovedOutEvent, export_bytes) == 64);
static_assert(offsetof(MovedOutEvent, hash_lo) == 72);
static_assert(offsetof(MovedOutEvent, hash_hi) == 80);
// events

struct MovedInEvent {
  static constexpr std::uint8_t KIND = 22;
  static constexpr std::uint16_t SIZE = 72;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint32_t moved_entity;
  std::uint32_t position;
  std::uint64_t route_version;
  std::uint8_t last;
  std::uint8_t _pad1;
  std::uint16_t _pad2;
  std::uint32_t _pad3;
};
static_assert(sizeof(MovedInEvent) == 72);
static_assert(offsetof(MovedInEvent, size) == 0);
static_assert(offsetof(MovedInEvent, kind) == 2);
static_assert(offsetof(MovedInEvent, version) == 3);
static_assert(offsetof(MovedInEvent, index) == 4);
static_assert(offsetof(MovedInEvent, command) == 8);
static_assert(offsetof(MovedInEvent, partition) == 12);
static_assert(offsetof(MovedInEvent, entity) == 16);
static_assert(offsetof(MovedInEvent, _pad0) == 20);
static_assert(offsetof(MovedInEvent, seq) == 24);
static_assert(offsetof(MovedInEvent, entity_seq) == 32);
static_assert(offsetof(MovedInEvent, time_us) == 40);
static_assert(offsetof(MovedInEvent, moved_entity) == 48);
static_assert(offsetof(MovedInEvent, position) == 52);
static_assert(offsetof(MovedInEvent, route_version) == 56);
static_assert(offsetof(MovedInEvent, last) == 64);
static_assert(offsetof(MovedInEvent, _pad1) == 65);
static_assert(offsetof(MovedInEvent, _pad2) == 66);
static_assert(offsetof(MovedInEvent, _pad3) == 68);
// events

struct MoveDoneEvent {
  static constexpr std::uint8_t KIND = 23;
  static constexpr std::uint16_t SIZE = 64;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t index;
  std::uint32_t command;
  std::uint32_t partition;
  std::uint32_t entity;
  std::uint32_t _pad0;
  std::uint64_t seq;
  std::uint64_t entity_seq;
  std::int64_t time_us;
  std::uint32_t moved_entity;
  std::uint32_t _pad1;
  std::uint64_t route_version;
};
static_assert(sizeof(MoveDoneEvent) == 64);
static_assert(offsetof(MoveDoneEvent, size) == 0);
static_assert(offsetof(MoveDoneEvent, kind) == 2);
static_assert(offsetof(MoveDoneEvent, version) == 3);
static_assert(offsetof(MoveDoneEvent, index) == 4);
static_assert(offsetof(MoveDoneEvent, command) == 8);
static_assert(offsetof(MoveDoneEvent, partition) == 12);
static_assert(offsetof(MoveDoneEvent, entity) == 16);
static_assert(offsetof(MoveDoneEvent, _pad0) == 20);
static_assert(offsetof(MoveDoneEvent, seq) == 24);
static_assert(offsetof(MoveDoneEvent, entity_seq) == 32);
static_assert(offsetof(MoveDoneEvent, time_us) == 40);
static_assert(offsetof(MoveDoneEvent, moved_entity) == 48);
static_assert(offsetof(MoveDoneEvent, _pad1) == 52);
static_assert(offsetof(MoveDoneEvent, route_version) == 56);
// events

struct MetaRow {
  static constexpr std::uint8_t KIND = 1;
  static constexpr std::uint16_t SIZE = 128;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t partition;
  std::uint8_t role;
  std::uint8_t _pad0;
  std::uint16_t _pad1;
  std::uint64_t seq;
  std::uint64_t epoch;
  std::int64_t time_us;
  std::uint64_t events_hash_0;
  std::uint64_t events_hash_1;
  std::uint64_t events_hash_2;
  std::uint64_t events_hash_3;
  std::uint64_t events_hash_4;
  std::uint64_t events_hash_5;
  std::uint64_t events_hash_6;
  std::uint64_t events_hash_7;
  std::uint64_t entity_seq;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t _pad2;
};
static_assert(sizeof(MetaRow) == 128);
static_assert(offsetof(MetaRow, size) == 0);
static_assert(offsetof(MetaRow, kind) == 2);
static_assert(offsetof(MetaRow, version) == 3);
static_assert(offsetof(MetaRow, entity) == 4);
static_assert(offsetof(MetaRow, partition) == 8);
static_assert(offsetof(MetaRow, role) == 12);
static_assert(offsetof(MetaRow, _pad0) == 13);
static_assert(offsetof(MetaRow, _pad1) == 14);
static_assert(offsetof(MetaRow, seq) == 16);
static_assert(offsetof(MetaRow, epoch) == 24);
static_assert(offsetof(MetaRow, time_us) == 32);
static_assert(offsetof(MetaRow, events_hash_0) == 40);
static_assert(offsetof(MetaRow, events_hash_1) == 48);
static_assert(offsetof(MetaRow, events_hash_2) == 56);
static_assert(offsetof(MetaRow, events_hash_3) == 64);
static_assert(offsetof(MetaRow, events_hash_4) == 72);
static_assert(offsetof(MetaRow, events_hash_5) == 80);
static_assert(offsetof(MetaRow, events_hash_6) == 88);
static_assert(offsetof(MetaRow, events_hash_7) == 96);
static_assert(offsetof(MetaRow, entity_seq) == 104);
static_assert(offsetof(MetaRow, orders_max) == 112);
static_assert(offsetof(MetaRow, algo_orders_max) == 116);
static_assert(offsetof(MetaRow, iceberg_orders_max) == 120);
static_assert(offsetof(MetaRow, _pad2) == 124);
// rows

struct AssetRow {
  static constexpr std::uint8_t KIND = 2;
  static constexpr std::uint16_t SIZE = 32;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint16_t asset;
  std::uint8_t scale;
  std::uint8_t _pad0;
  std::uint32_t _pad1;
  char name[16];
};
static_assert(sizeof(AssetRow) == 32);
static_assert(offsetof(AssetRow, size) == 0);
static_assert(offsetof(AssetRow, kind) == 2);
static_assert(offsetof(AssetRow, version) == 3);
static_assert(offsetof(AssetRow, entity) == 4);
static_assert(offsetof(AssetRow, asset) == 8);
static_assert(offsetof(AssetRow, scale) == 10);
static_assert(offsetof(AssetRow, _pad0) == 11);
static_assert(offsetof(AssetRow, _pad1) == 12);
static_assert(offsetof(AssetRow, name) == 16);
// rows

struct MarketRow {
  static constexpr std::uint8_t KIND = 3;
  static constexpr std::uint16_t SIZE = 272;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint16_t market;
  std::uint16_t base_asset;
  std::uint16_t quote_asset;
  std::uint8_t status;
  std::uint8_t default_stp_mode;
  char symbol[24];
  std::uint32_t specification_version;
  std::uint16_t stp_modes;
  std::uint16_t order_types;
  std::uint32_t flags;
  std::uint32_t average_price_minutes;
  std::int64_t tick_atoms;
  std::int64_t lot_atoms;
  std::int64_t tick_lot_atoms;
  std::int64_t price_ticks_min;
  std::int64_t price_ticks_max;
  std::int64_t qty_lots_min;
  std::int64_t qty_lots_max;
  std::int64_t market_qty_lots_min;
  std::int64_t market_qty_lots_max;
  std::int64_t market_qty_lots_step;
  std::int64_t notional_atoms_min;
  std::int64_t notional_atoms_max;
  std::int64_t position_lots_max;
  std::uint32_t bid_multiplier_up;
  std::uint32_t bid_multiplier_down;
  std::uint32_t ask_multiplier_up;
  std::uint32_t ask_multiplier_down;
  std::uint32_t orders_max;
  std::uint32_t algo_orders_max;
  std::uint32_t iceberg_orders_max;
  std::uint32_t iceberg_parts_max;
  std::uint32_t amends_max;
  std::uint32_t trailing_above_bips_min;
  std::uint32_t trailing_above_bips_max;
  std::uint32_t trailing_below_bips_min;
  std::uint32_t trailing_below_bips_max;
  std::uint32_t _pad0;
  std::uint64_t entity_seq;
  std::int64_t trade_id;
  std::int64_t prevented_id;
  std::int64_t update_id;
  std::uint64_t priority;
  std::int64_t last_price_ticks;
  std::uint32_t faults;
  std::uint32_t _pad1;
};
static_assert(sizeof(MarketRow) == 272);
static_assert(offsetof(MarketRow, size) == 0);
static_assert(offsetof(MarketRow, kind) == 2);
static_assert(offsetof(MarketRow, version) == 3);
static_assert(offsetof(MarketRow, entity) == 4);
static_assert(offsetof(MarketRow, market) == 8);
static_assert(offsetof(MarketRow, base_asset) == 10);
static_assert(offsetof(MarketRow, quote_asset) == 12);
static_assert(offsetof(MarketRow, status) == 14);
static_assert(offsetof(MarketRow, default_stp_mode) == 15);
static_assert(offsetof(MarketRow, symbol) == 16);
static_assert(offsetof(MarketRow, specification_version) == 40);
static_assert(offsetof(MarketRow, stp_modes) == 44);
static_assert(offsetof(MarketRow, order_types) == 46);
static_assert(offsetof(MarketRow, flags) == 48);
static_assert(offsetof(MarketRow, average_price_minutes) == 52);
static_assert(offsetof(MarketRow, tick_atoms) == 56);
static_assert(offsetof(MarketRow, lot_atoms) == 64);
static_assert(offsetof(MarketRow, tick_lot_atoms) == 72);
static_assert(offsetof(MarketRow, price_ticks_min) == 80);
static_assert(offsetof(MarketRow, price_ticks_max) == 88);
static_assert(offsetof(MarketRow, qty_lots_min) == 96);
static_assert(offsetof(MarketRow, qty_lots_max) == 104);
static_assert(offsetof(MarketRow, market_qty_lots_min) == 112);
static_assert(offsetof(MarketRow, market_qty_lots_max) == 120);
static_assert(offsetof(MarketRow, market_qty_lots_step) == 128);
static_assert(offsetof(MarketRow, notional_atoms_min) == 136);
static_assert(offsetof(MarketRow, notional_atoms_max) == 144);
static_assert(offsetof(MarketRow, position_lots_max) == 152);
static_assert(offsetof(MarketRow, bid_multiplier_up) == 160);
static_assert(offsetof(MarketRow, bid_multiplier_down) == 164);
static_assert(offsetof(MarketRow, ask_multiplier_up) == 168);
static_assert(offsetof(MarketRow, ask_multiplier_down) == 172);
static_assert(offsetof(MarketRow, orders_max) == 176);
static_assert(offsetof(MarketRow, algo_orders_max) == 180);
static_assert(offsetof(MarketRow, iceberg_orders_max) == 184);
static_assert(offsetof(MarketRow, iceberg_parts_max) == 188);
static_assert(offsetof(MarketRow, amends_max) == 192);
static_assert(offsetof(MarketRow, trailing_above_bips_min) == 196);
static_assert(offsetof(MarketRow, trailing_above_bips_max) == 200);
static_assert(offsetof(MarketRow, trailing_below_bips_min) == 204);
static_assert(offsetof(MarketRow, trailing_below_bips_max) == 208);
static_assert(offsetof(MarketRow, _pad0) == 212);
static_assert(offsetof(MarketRow, entity_seq) == 216);
static_assert(offsetof(MarketRow, trade_id) == 224);
static_assert(offsetof(MarketRow, prevented_id) == 232);
static_assert(offsetof(MarketRow, update_id) == 240);
static_assert(offsetof(MarketRow, priority) == 248);
static_assert(offsetof(MarketRow, last_price_ticks) == 256);
static_assert(offsetof(MarketRow, faults) == 264);
static_assert(offsetof(MarketRow, _pad1) == 268);
// rows

struct PriceBucketRow {
  static constexpr std::uint8_t KIND = 4;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint16_t market;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t minute;
  std::uint64_t lots_lo;
  std::int64_t lots_hi;
  std::uint64_t quote_atoms_lo;
  std::int64_t quote_atoms_hi;
};
static_assert(sizeof(PriceBucketRow) == 56);
static_assert(offsetof(PriceBucketRow, size) == 0);
static_assert(offsetof(PriceBucketRow, kind) == 2);
static_assert(offsetof(PriceBucketRow, version) == 3);
static_assert(offsetof(PriceBucketRow, entity) == 4);
static_assert(offsetof(PriceBucketRow, market) == 8);
static_assert(offsetof(PriceBucketRow, _pad0) == 10);
static_assert(offsetof(PriceBucketRow, _pad1) == 12);
static_assert(offsetof(PriceBucketRow, minute) == 16);
static_assert(offsetof(PriceBucketRow, lots_lo) == 24);
static_assert(offsetof(PriceBucketRow, lots_hi) == 32);
static_assert(offsetof(PriceBucketRow, quote_atoms_lo) == 40);
static_assert(offsetof(PriceBucketRow, quote_atoms_hi) == 48);
// rows

struct FeesRow {
  static constexpr std::uint8_t KIND = 5;
  static constexpr std::uint16_t SIZE = 24;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint16_t schedule;
  std::uint16_t market;
  std::uint32_t _pad0;
  std::uint32_t maker_rate;
  std::uint32_t taker_rate;
};
static_assert(sizeof(FeesRow) == 24);
static_assert(offsetof(FeesRow, size) == 0);
static_assert(offsetof(FeesRow, kind) == 2);
static_assert(offsetof(FeesRow, version) == 3);
static_assert(offsetof(FeesRow, entity) == 4);
static_assert(offsetof(FeesRow, schedule) == 8);
static_assert(offsetof(FeesRow, market) == 10);
static_assert(offsetof(FeesRow, _pad0) == 12);
static_assert(offsetof(FeesRow, maker_rate) == 16);
static_assert(offsetof(FeesRow, taker_rate) == 20);
// rows

struct ShardRow {
  static constexpr std::uint8_t KIND = 6;
  static constexpr std::uint16_t SIZE = 32;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t shard;
  std::uint32_t _pad0;
  std::uint64_t order_counter;
  std::uint64_t entity_seq;
};
static_assert(sizeof(ShardRow) == 32);
static_assert(offsetof(ShardRow, size) == 0);
static_assert(offsetof(ShardRow, kind) == 2);
static_assert(offsetof(ShardRow, version) == 3);
static_assert(offsetof(ShardRow, entity) == 4);
static_assert(offsetof(ShardRow, shard) == 8);
static_assert(offsetof(ShardRow, _pad0) == 12);
static_assert(offsetof(ShardRow, order_counter) == 16);
static_assert(offsetof(ShardRow, entity_seq) == 24);
// rows

struct HouseRow {
  static constexpr std::uint8_t KIND = 7;
  static constexpr std::uint16_t SIZE = 40;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t shard;
  std::uint8_t house;
  std::uint8_t _pad0;
  std::uint16_t market;
  std::uint16_t asset;
  std::uint16_t _pad1;
  std::uint32_t _pad2;
  std::uint64_t amount_lo;
  std::int64_t amount_hi;
};
static_assert(sizeof(HouseRow) == 40);
static_assert(offsetof(HouseRow, size) == 0);
static_assert(offsetof(HouseRow, kind) == 2);
static_assert(offsetof(HouseRow, version) == 3);
static_assert(offsetof(HouseRow, entity) == 4);
static_assert(offsetof(HouseRow, shard) == 8);
static_assert(offsetof(HouseRow, house) == 12);
static_assert(offsetof(HouseRow, _pad0) == 13);
static_assert(offsetof(HouseRow, market) == 14);
static_assert(offsetof(HouseRow, asset) == 16);
static_assert(offsetof(HouseRow, _pad1) == 18);
static_assert(offsetof(HouseRow, _pad2) == 20);
static_assert(offsetof(HouseRow, amount_lo) == 24);
static_assert(offsetof(HouseRow, amount_hi) == 32);
// rows

struct AccountRow {
  static constexpr std::uint8_t KIND = 8;
  static constexpr std::uint16_t SIZE = 24;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::int32_t trade_group;
  std::uint16_t fee_schedule;
  std::uint16_t flags;
};
static_assert(sizeof(AccountRow) == 24);
static_assert(offsetof(AccountRow, size) == 0);
static_assert(offsetof(AccountRow, kind) == 2);
static_assert(offsetof(AccountRow, version) == 3);
static_assert(offsetof(AccountRow, entity) == 4);
static_assert(offsetof(AccountRow, account_id) == 8);
static_assert(offsetof(AccountRow, trade_group) == 16);
static_assert(offsetof(AccountRow, fee_schedule) == 20);
static_assert(offsetof(AccountRow, flags) == 22);
// rows

struct BalanceRow {
  static constexpr std::uint8_t KIND = 9;
  static constexpr std::uint16_t SIZE = 40;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint16_t asset;
  std::uint16_t _pad0;
  std::uint32_t _pad1;
  std::int64_t free_atoms;
  std::int64_t held_atoms;
};
static_assert(sizeof(BalanceRow) == 40);
static_assert(offsetof(BalanceRow, size) == 0);
static_assert(offsetof(BalanceRow, kind) == 2);
static_assert(offsetof(BalanceRow, version) == 3);
static_assert(offsetof(BalanceRow, entity) == 4);
static_assert(offsetof(BalanceRow, account_id) == 8);
static_assert(offsetof(BalanceRow, asset) == 16);
static_assert(offsetof(BalanceRow, _pad0) == 18);
static_assert(offsetof(BalanceRow, _pad1) == 20);
static_assert(offsetof(BalanceRow, free_atoms) == 24);
static_assert(offsetof(BalanceRow, held_atoms) == 32);
// rows

struct OrderRow {
  static constexpr std::uint8_t KIND = 10;
  static constexpr std::uint16_t SIZE = 264;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::int64_t order_id;
  std::int64_t hold_id;
  std::uint16_t market;
  std::uint8_t side;
  std::uint8_t order_type;
  std::uint8_t time_in_force;
  std::uint8_t stp_mode;
  std::uint8_t status;
  std::uint8_t place;
  std::uint16_t flags;
  std::uint16_t amends;
  std::uint32_t trailing_bips;
  std::int32_t trade_group;
  std::int32_t strategy_type;
  std::int64_t strategy_id;
  std::int64_t price_ticks;
  std::int64_t qty_lots;
  std::int64_t quote_order_atoms;
  std::int64_t stop_ticks;
  std::int64_t iceberg_lots;
  std::int64_t worst_ticks;
  std::int64_t visible_lots;
  std::int64_t executed_lots;
  std::int64_t executed_quote_atoms;
  std::int64_t prevented_lots;
  std::int64_t hold_atoms;
  std::int64_t budget_atoms;
  std::uint32_t maker_rate;
  std::uint32_t taker_rate;
  std::int64_t taker_received_atoms;
  std::int64_t created_us;
  std::int64_t updated_us;
  std::int64_t working_us;
  std::int64_t trailing_us;
  std::int64_t trailing_extreme_ticks;
  std::uint64_t priority;
  char client_order_id[36];
  std::uint32_t _pad0;
};
static_assert(sizeof(OrderRow) == 264);
static_assert(offsetof(OrderRow, size) == 0);
static_assert(offsetof(OrderRow, kind) == 2);
static_assert(offsetof(OrderRow, version) == 3);
static_assert(offsetof(OrderRow, entity) == 4);
static_assert(offsetof(OrderRow, account_id) == 8);
static_assert(offsetof(OrderRow, order_id) == 16);
static_assert(offsetof(OrderRow, hold_id) == 24);
static_assert(offsetof(OrderRow, market) == 32);
static_assert(offsetof(OrderRow, side) == 34);
static_assert(offsetof(OrderRow, order_type) == 35);
static_assert(offsetof(OrderRow, time_in_force) == 36);
static_assert(offsetof(OrderRow, stp_mode) == 37);
static_assert(offsetof(OrderRow, status) == 38);
static_assert(offsetof(OrderRow, place) == 39);
static_assert(offsetof(OrderRow, flags) == 40);
static_assert(offsetof(OrderRow, amends) == 42);
static_assert(offsetof(OrderRow, trailing_bips) == 44);
static_assert(offsetof(OrderRow, trade_group) == 48);
static_assert(offsetof(OrderRow, strategy_type) == 52);
static_assert(offsetof(OrderRow, strategy_id) == 56);
static_assert(offsetof(OrderRow, price_ticks) == 64);
static_assert(offsetof(OrderRow, qty_lots) == 72);
static_assert(offsetof(OrderRow, quote_order_atoms) == 80);
static_assert(offsetof(OrderRow, stop_ticks) == 88);
static_assert(offsetof(OrderRow, iceberg_lots) == 96);
static_assert(offsetof(OrderRow, worst_ticks) == 104);
static_assert(offsetof(OrderRow, visible_lots) == 112);
static_assert(offsetof(OrderRow, executed_lots) == 120);
static_assert(offsetof(OrderRow, executed_quote_atoms) == 128);
static_assert(offsetof(OrderRow, prevented_lots) == 136);
static_assert(offsetof(OrderRow, hold_atoms) == 144);
static_assert(offsetof(OrderRow, budget_atoms) == 152);
static_assert(offsetof(OrderRow, maker_rate) == 160);
static_assert(offsetof(OrderRow, taker_rate) == 164);
static_assert(offsetof(OrderRow, taker_received_atoms) == 168);
static_assert(offsetof(OrderRow, created_us) == 176);
static_assert(offsetof(OrderRow, updated_us) == 184);
static_assert(offsetof(OrderRow, working_us) == 192);
static_assert(offsetof(OrderRow, trailing_us) == 200);
static_assert(offsetof(OrderRow, trailing_extreme_ticks) == 208);
static_assert(offsetof(OrderRow, priority) == 216);
static_assert(offsetof(OrderRow, client_order_id) == 224);
static_assert(offsetof(OrderRow, _pad0) == 260);
// rows

struct ContinuationRow {
  static constexpr std::uint8_t KIND = 11;
  static constexpr std::uint16_t SIZE = 24;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint16_t market;
  std::uint16_t _pad0;
  std::uint32_t position;
  std::int64_t order_id;
};
static_assert(sizeof(ContinuationRow) == 24);
static_assert(offsetof(ContinuationRow, size) == 0);
static_assert(offsetof(ContinuationRow, kind) == 2);
static_assert(offsetof(ContinuationRow, version) == 3);
static_assert(offsetof(ContinuationRow, entity) == 4);
static_assert(offsetof(ContinuationRow, market) == 8);
static_assert(offsetof(ContinuationRow, _pad0) == 10);
static_assert(offsetof(ContinuationRow, position) == 12);
static_assert(offsetof(ContinuationRow, order_id) == 16);
// rows

struct DedupeRow {
  static constexpr std::uint8_t KIND = 12;
  static constexpr std::uint16_t SIZE = 56;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t digest_lo;
  std::uint64_t digest_hi;
  std::int64_t deadline_us;
  std::int64_t order_id;
  std::uint16_t market;
  std::uint8_t command_kind;
  std::uint8_t _pad0;
  std::uint16_t reason;
  std::uint16_t _pad1;
};
static_assert(sizeof(DedupeRow) == 56);
static_assert(offsetof(DedupeRow, size) == 0);
static_assert(offsetof(DedupeRow, kind) == 2);
static_assert(offsetof(DedupeRow, version) == 3);
static_assert(offsetof(DedupeRow, entity) == 4);
static_assert(offsetof(DedupeRow, account_id) == 8);
static_assert(offsetof(DedupeRow, digest_lo) == 16);
static_assert(offsetof(DedupeRow, digest_hi) == 24);
static_assert(offsetof(DedupeRow, deadline_us) == 32);
static_assert(offsetof(DedupeRow, order_id) == 40);
static_assert(offsetof(DedupeRow, market) == 48);
static_assert(offsetof(DedupeRow, command_kind) == 50);
static_assert(offsetof(DedupeRow, _pad0) == 51);
static_assert(offsetof(DedupeRow, reason) == 52);
static_assert(offsetof(DedupeRow, _pad1) == 54);
// rows

struct HostedRow {
  static constexpr std::uint8_t KIND = 13;
  static constexpr std::uint16_t SIZE = 40;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint8_t hosting;
  std::uint8_t _pad0;
  std::uint16_t _pad1;
  std::uint32_t target;
  std::uint64_t route_version;
  std::uint64_t export_bytes;
  std::uint64_t position;
};
static_assert(sizeof(HostedRow) == 40);
static_assert(offsetof(HostedRow, size) == 0);
static_assert(offsetof(HostedRow, kind) == 2);
static_assert(offsetof(HostedRow, version) == 3);
static_assert(offsetof(HostedRow, entity) == 4);
static_assert(offsetof(HostedRow, hosting) == 8);
static_assert(offsetof(HostedRow, _pad0) == 9);
static_assert(offsetof(HostedRow, _pad1) == 10);
static_assert(offsetof(HostedRow, target) == 12);
static_assert(offsetof(HostedRow, route_version) == 16);
static_assert(offsetof(HostedRow, export_bytes) == 24);
static_assert(offsetof(HostedRow, position) == 32);
// rows

struct LinkRow {
  static constexpr std::uint8_t KIND = 14;
  static constexpr std::uint16_t SIZE = 40;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t peer;
  std::uint32_t _pad0;
  std::uint64_t last_in;
  std::uint64_t last_out;
  std::uint64_t acknowledged;
};
static_assert(sizeof(LinkRow) == 40);
static_assert(offsetof(LinkRow, size) == 0);
static_assert(offsetof(LinkRow, kind) == 2);
static_assert(offsetof(LinkRow, version) == 3);
static_assert(offsetof(LinkRow, entity) == 4);
static_assert(offsetof(LinkRow, peer) == 8);
static_assert(offsetof(LinkRow, _pad0) == 12);
static_assert(offsetof(LinkRow, last_in) == 16);
static_assert(offsetof(LinkRow, last_out) == 24);
static_assert(offsetof(LinkRow, acknowledged) == 32);
// rows

struct OutboxRow {
  static constexpr std::uint8_t KIND = 15;
  static constexpr std::uint16_t SIZE = 136;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  char link[128];
};
static_assert(sizeof(OutboxRow) == 136);
static_assert(offsetof(OutboxRow, size) == 0);
static_assert(offsetof(OutboxRow, kind) == 2);
static_assert(offsetof(OutboxRow, version) == 3);
static_assert(offsetof(OutboxRow, entity) == 4);
static_assert(offsetof(OutboxRow, link) == 8);
// rows

struct RequestRow {
  static constexpr std::uint8_t KIND = 16;
  static constexpr std::uint16_t SIZE = 296;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint64_t account_id;
  std::uint64_t origin_seq;
  std::uint32_t origin_command;
  std::uint32_t origin_partition;
  char command[264];
};
static_assert(sizeof(RequestRow) == 296);
static_assert(offsetof(RequestRow, size) == 0);
static_assert(offsetof(RequestRow, kind) == 2);
static_assert(offsetof(RequestRow, version) == 3);
static_assert(offsetof(RequestRow, entity) == 4);
static_assert(offsetof(RequestRow, account_id) == 8);
static_assert(offsetof(RequestRow, origin_seq) == 16);
static_assert(offsetof(RequestRow, origin_command) == 24);
static_assert(offsetof(RequestRow, origin_partition) == 28);
static_assert(offsetof(RequestRow, command) == 32);
// rows

struct RequestPartRow {
  static constexpr std::uint8_t KIND = 17;
  static constexpr std::uint16_t SIZE = 40;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::int64_t order_id;
  std::uint64_t link_seq;
  std::uint64_t origin_seq;
  std::uint32_t origin_command;
  std::uint32_t origin_partition;
};
static_assert(sizeof(RequestPartRow) == 40);
static_assert(offsetof(RequestPartRow, size) == 0);
static_assert(offsetof(RequestPartRow, kind) == 2);
static_assert(offsetof(RequestPartRow, version) == 3);
static_assert(offsetof(RequestPartRow, entity) == 4);
static_assert(offsetof(RequestPartRow, order_id) == 8);
static_assert(offsetof(RequestPartRow, link_seq) == 16);
static_assert(offsetof(RequestPartRow, origin_seq) == 24);
static_assert(offsetof(RequestPartRow, origin_command) == 32);
static_assert(offsetof(RequestPartRow, origin_partition) == 36);
// rows

struct ExportRow {
  static constexpr std::uint8_t KIND = 18;
  static constexpr std::uint16_t SIZE = 4112;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t position;
  std::uint32_t used;
  char rows[4096];
};
static_assert(sizeof(ExportRow) == 4112);
static_assert(offsetof(ExportRow, size) == 0);
static_assert(offsetof(ExportRow, kind) == 2);
static_assert(offsetof(ExportRow, version) == 3);
static_assert(offsetof(ExportRow, entity) == 4);
static_assert(offsetof(ExportRow, position) == 8);
static_assert(offsetof(ExportRow, used) == 12);
static_assert(offsetof(ExportRow, rows) == 16);
// rows

struct ImportRow {
  static constexpr std::uint8_t KIND = 19;
  static constexpr std::uint16_t SIZE = 4112;
  std::uint16_t size;
  std::uint8_t kind;
  std::uint8_t version;
  std::uint32_t entity;
  std::uint32_t position;
  std::uint32_t used;
  char rows[4096];
};
static_assert(sizeof(ImportRow) == 4112);
static_assert(offsetof(ImportRow, size) == 0);
static_assert(offsetof(ImportRow, kind) == 2);
static_assert(offsetof(ImportRow, version) == 3);
static_assert(offsetof(ImportRow, entity) == 4);
static_assert(offsetof(ImportRow, position) == 8);
static_assert(offsetof(ImportRow, used) == 12);
static_assert(offsetof(ImportRow, rows) == 16);
// rows

}  // namespace outcry
