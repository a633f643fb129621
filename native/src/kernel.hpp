// The kernel: (state, batch of commands) -> (state, events). No clock, no randomness, no I/O.
// The rules are docs/internals/kernel-semantics.md, section by section; this header holds the state.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "client_id.hpp"
#include "dedupe.hpp"
#include "hashing.hpp"
#include "links.hpp"
#include "memory.hpp"
#include "numbers.hpp"
#include "price_tree.hpp"
#include "records.gen.hpp"

namespace outcry {

// An open order in two cache lines: neighbours in a queue reach into the first, an account's into the
// second. The eight bytes from `market` on lie as in an ORDER event, with `place` for the execution.
struct Order {
  u32 account;     // slot
  u32 level;       // slot, while on the book
  u32 next, prev;  // in the queue of its level, or of the market's continuations
  i64 id;
  Ticks price;
  Lots qty;
  Atoms hold;
  i64 created_us;
  u64 priority;

  u64 maker_rate : 27, taker_rate : 27, flags : 8;
  u16 market;
  u8 side, type, time_in_force, stp_mode, status, place;
  ClientId client_id;
  u32 extra;  // slot of OrderExtra, 0 for plain orders of which nothing is filled
  u32 account_next, account_prev;
};
static_assert(sizeof(Order) == 128 && offsetof(Order, priority) == 56);
inline constexpr u32 RATE_BITS = (1U << 27) - 1;
static_assert(RATE_ONE <= RATE_BITS);

// What was filled of an order.
struct Filled {
  Lots executed;
  Atoms executed_quote;
  Atoms taker_received;
};

// What only some orders have.
struct OrderExtra {
  std::int32_t trade_group;  // in a free slot: the free list's link
  u32 trailing_bips;
  Atoms quote_order;  // these three lie as in an ORDER event
  Ticks stop;
  Lots iceberg;
  Filled filled;
  Lots prevented;
  Lots visible;
  Ticks worst;
  Atoms budget;
  i64 updated_us, working_us, trailing_us;
  Ticks trailing_extreme;
  i64 strategy_id;
  std::int32_t strategy_type;
  u16 amends;
  u16 pad1;
};

struct Level {
  u32 head, tail, count;
  u16 market;
  u8 side, pad;
  Ticks price;
  Lots visible;
};

struct Balance {
  Atoms free;
  Atoms held;
};

struct FarBalance {
  u32 next;
  u16 asset;
  u16 pad;
  Balance money;
};

// An open order of an account: its slot, and the low half of its client id's hash.
struct NearOrder {
  u32 slot, tag;
};

// Two cache lines that hold what most accounts have: few balances, few orders. An account with more of
// them keeps the further balances in a chain; and all of its orders in a list and in the table of client
// ids, until the last of them is gone.
struct alignas(64) Account {
  static constexpr u32 NEAR_BALANCES = 3;
  static constexpr u32 NEAR_ORDERS = 4;
  u32 pad;
  u32 far_balances;  // ascending by asset
  u64 id;
  std::int32_t trade_group;
  u16 fee_schedule;
  u16 flags;
  u32 orders, algo_orders, iceberg_orders;
  u16 lists;  // whether its orders are in a list, from near_orders[0].slot to near_orders[0].tag
  u16 near_assets[NEAR_BALANCES];  // in the order of their coming; 0: free
  Balance near_balances[NEAR_BALANCES];
  NearOrder near_orders[NEAR_ORDERS];  // ascending by order id

  u32& first_order() { return near_orders[0].slot; }
  u32& last_order() { return near_orders[0].tag; }
};
static_assert(sizeof(Account) == 128 && offsetof(Account, near_orders) == 96);

// An account's two balances that a market moves; null where there is no row yet.
struct Purse {
  Balance* base = nullptr;
  Balance* quote = nullptr;

  Balance*& paid(bool buy) { return buy ? quote : base; }
  Balance*& received(bool buy) { return buy ? base : quote; }
};

// One of the two sides of a match, looked up once.
struct Party {
  u32 slot;
  Order& order;
  Account& account;
  Purse purse;
};

struct Rates {
  u32 maker = 0, taker = 0;
};

struct Pair128 {
  i128 base = 0, quote = 0;
};

inline constexpr i64 MINUTE_US = 60'000'000;

struct PriceBucket {
  i64 minute = -1;
  i128 lots = 0, quote = 0;
};

// What a plain limit order of a market must keep within: its specification, worked out once.
struct Bounds {
  bool limits = false;   // LIMIT orders are allowed, and nothing but these bounds is asked of them
  bool percent = false;  // and the distance to the average price
  i64 price_low = 0, qty_low = 0;
  u64 price_span = 0, qty_span = 0;
  i64 value_low = 0, value_high = 0;

  static Bounds of(const MarketRow& m);
};

// Which prices are near enough to the average (section 3, 27), by side: worked out when it is first
// asked after a trade or when a minute has ended, not for each order.
struct Fence {
  i64 until_us = 0;  // holds for times below; 0: to be worked out
  i64 average = 0;
  std::array<u64, 2> low{}, high{};  // price times MULTIPLIER_ONE, at least and at most
};

struct Market {
  explicit Market(Slab<TreeNode>& nodes)
      : trees{PriceTree(nodes), PriceTree(nodes)}, clearing(ACCOUNT_SHARDS) {}
  MarketRow row{};
  Bounds bounds;  // of `row`: to be worked out again when its specification changes
  // By side, so that choosing one is no branch: nobody can guess the side of what comes next.
  std::array<PriceTree, 2> trees;
  std::array<u32, 2> best_levels{};  // slots
  std::map<std::pair<i64, u64>, u32> rising, falling;  // (stop, priority); falling by -stop
  std::map<u64, u32> trailing;                         // priority
  u32 queue_head = 0, queue_tail = 0;
  std::array<PriceBucket, 64> buckets{};
  bool traded = false;
  i64 low = 0, high = 0;
  Fence fence;
  std::vector<Pair128> clearing;  // by shard
  std::vector<Rates> rates;       // by fee schedule; beyond the end: free of fees

  u32& best(u8 side) { return best_levels[(side - 1U) & 1]; }
  Rates rates_of(u16 schedule) const {
    return schedule < rates.size() ? rates[schedule] : Rates{};
  }
  PriceTree& tree(u8 side) { return trees[(side - 1U) & 1]; }
  const PriceTree& tree(u8 side) const { return trees[(side - 1U) & 1]; }
  u32 best(Side side) const { return best_levels[static_cast<u8>(side) - 1]; }
};

struct Asset {
  bool known = false;
  u8 scale = 0;
  char name[16] = {};
  i128 users = 0, fees = 0, clearing = 0, external = 0;  // running totals (L01)
  std::vector<i128> fee_by_shard, external_by_shard;
};

struct Shard {
  bool known = false;
  u64 order_counter = 0;
  u64 entity_seq = 0;
};

// A prevented match, as both sides are told of it.
struct Prevention {
  i64 id = 0;
  StpMode mode{};
  std::int32_t trade_group = 0;
  i64 taker_order = 0, maker_order = 0;
  u64 taker_account = 0, maker_account = 0;
  Lots of_taker{}, of_maker{};
};

// What one event moved, and of which match it speaks.
struct Moves {
  Atoms held{}, released{}, paid{}, received{}, fee{};
  i64 match_id = 0;
  Ticks last_price{};
  Lots last_lots{};
  u16 extra_flags = 0;
  Reason reason = Reason::NONE;
};

class Kernel {
 public:
  explicit Kernel(u32 partition, std::string poison);
  // `checked`: a checksum of the rows has been compared, so they need not come back byte for byte.
  static std::unique_ptr<Kernel> restore(std::span<const char> rows, std::string poison,
                                         bool checked = false);

  // Returns the index of the command under way through `at`, for the fault's report.
  void apply(std::span<const char> batch, u64 seq, std::span<const u32> skip, u32& at);
  static bool framed(std::span<const char> batch);

  // Where the next batch's events are written to; a buffer of its own unless memory is lent to it.
  Buffer& events() { return events_; }
  u64 seq() const { return seq_; }
  i64 time_us() const { return time_us_; }
  u32 partition() const { return partition_; }
  bool pending() const;
  std::array<u64, 2> events_hash() const { return lanes_.digest(); }
  std::array<u64, 2> state_hash() const;
  std::string recount() const;
  void snapshot(Buffer& out) const;

  bool order_row(u64 account_id, i64 order_id, OrderRow& out) const;
  bool order_row_by_client_id(u64 account_id, u16 market, const ClientId& id, OrderRow& out) const;
  void open_orders(u64 account_id, u16 market, Buffer& out) const;
  void balance_rows(u64 account_id, Buffer& out) const;
  bool account_row(u64 account_id, AccountRow& out) const;
  bool market_row(u16 market, MarketRow& out) const;
  void market_rows(Buffer& out) const;
  void meta_row(Buffer& out) const;
  void shard_rows(Buffer& out) const;
  void asset_rows(Buffer& out) const;
  std::vector<std::pair<i64, i64>> depth(u16 market, u8 side, std::size_t limit);
  i64 average_price(u16 market) const;
  std::pair<u32, u32> fee_rates(u64 account_id, u16 market) const;
  std::size_t accounts() const { return in_markets_role() ? 0 : accounts_.live(); }
  std::size_t orders() const { return orders_.live(); }
  std::vector<std::pair<const char*, std::size_t>> memory() const;
  Role role() const { return apart_ == nullptr ? Role::JOINED : apart_->role; }
  bool hosts(u32 entity) const;
  std::vector<std::pair<u32, u64>> hosted() const;
  void outbox(u32 source, Buffer& out) const;
  u64 last_in(u32 source, u32 destination) const;
  std::vector<std::tuple<u32, u32, u64>> link_positions() const;
  std::vector<std::tuple<u32, u32, u64, u64>> departures() const;
  std::vector<std::tuple<u32, u64, u32>> arrivals() const;
  void export_rows(u32 entity, Buffer& out) const;

 private:
  friend class SnapshotReader;
  enum class Cause : u8 { DONE, BOOK, BUDGET, SUSPENDED };

  // ---- kernel.cpp: batch, money in and out, events
  void command(const char* bytes);
  static bool formed(const char* bytes);
  static bool formed_link(const char* link, std::size_t room);
  static bool ill_padded(const char* bytes);
  bool enter(const char* bytes);  // a command's time; false: refused
  void drain_waiting(u16 market);
  void administer(const char* bytes);
  void check_poison(const NewOrder& c) const;
  void refuse(const char* bytes, Reason reason, Phase phase = Phase::WHOLE);
  void check_conservation();
  template <class C>
  void move_money(const C& c, i64 sign, BalanceCause cause);

  template <class E>
  E& emit(u32 entity, u64& counter);
  // As emit, but only the header is written: the caller writes every other field, padding too.
  template <class E>
  E& emit_bare(u32 entity, u64& counter);
  template <class E>
  E& emit_shard(u64 account_id);
  template <class E>
  E& emit_market(Market& m);
  template <class E>
  E& emit_partition();

  // ---- administration.cpp: what operators set
  void create_asset(const CreateAsset& c);
  void create_market(const CreateMarket& c);
  void update_market(const UpdateMarket& c);
  void set_market_status(const SetMarketStatus& c);
  void create_account(const CreateAccount& c);
  void update_account(const UpdateAccount& c);
  void set_fees(const SetFees& c);
  void set_limits(const SetLimits& c);
  void quarantine(const Quarantine& c);
  void account_event(const Account& a);
  void market_event(Market& m);
  template <class C>
  Reason check_market_specification(const C& c) const;

  // ---- orders.cpp: the account side
  void new_order(const NewOrder& c);
  void cancel_order(const CancelOrder& c);
  void cancel_all(const CancelAll& c);
  void cancel_replace(const CancelReplace& c);
  void amend_order(const AmendOrder& c);
  // The order that a request to amend means; what is asked is the same wherever its market lives.
  Reason find_amended(u32 account, const AmendOrder& c, u32& slot) const;
  template <bool apart = false, class C>
  u32 admitted(const C& c);  // deadline and dedupe; the account's slot, or 0: answered
  template <class C>
  void remember(const C& c, u16 market, Reason reason, i64 order_id);
  template <class C>
  Reason shape_identity(const C& c, const Account& a, const Market*& m) const;
  template <class C>
  Reason shape_values(const C& c, const Market& m) const;
  bool crosses(Market& m, u8 side, Ticks price) const;
  template <class C>
  Reason check_counts(const C& c, const Account& a, const Market& m, u32 excluded) const;
  template <class C>
  Reason check_funds(const C& c, const Account& a, const Market& m, const Purse& purse, Atoms& hold,
                     Atoms& need) const;
  template <class C>
  Reason check_market(const C& c, Market& m, Atoms hold, Atoms need);
  template <class C>
  Order& enter_order(const C& c, u32 account, Account& a, Market& m, Purse& purse, u64 client,
                     Atoms hold, u32& slot);
  template <class C>
  u32 accept(const C& c, u32 account, Market& m, Purse& purse, u64 client, Atoms hold,
             i64& order_id);
  template <class C>
  void describe(const C& c, const Account& a, Order& o);
  template <class C>
  Reason decide_new(const C& c, u32 account, i64& order_id);
  template <class C>
  Reason decide_plain(const C& c, u32 account, Market& m, Atoms value, i64& order_id);
  bool passes(const NewOrder& c, const Account& a, Market& m, Atoms& value) const;
  const Fence& fence(Market& m) const;
  bool near_average(Market& m, bool bid, i64 price) const;
  template <class C>
  void admit(const C& c, Market& m, u32 slot);
  template <class C>
  Reason place_new(const C& c, u32 account, Market& m, u64 client, i64& order_id);
  Reason find_order(u32 account, u16 market, i64 order_id, const char* original, u32& slot) const;
  void cancel_slot(Market& m, Account& a, u32 slot, const char* request_id);
  u32 recount_of(const Account& a, u16 market, u32 excluded, int what) const;
  Reason count_of(const Account& a, u16 market, u32 excluded, int what, u32 bound,
                  Reason reason) const;

  // ---- matching.cpp: the market side and settlement
  void take(Market& m, u32 slot);
  bool trade(Market& m, Party& taker, u32 maker, u32 level_slot, Level& level, Lots want);
  void settle(Party& party, Market& m, const Moves& moves);
  bool fillable(Market& m, const Order& o, Ticks limit) const;
  bool own(const Order& a, const Order& b) const;
  Lots wanted(const Order& o, const Market& m, Ticks price) const;
  template <bool maker>
  bool fill(Party& party, Market& m, Lots q, Ticks p, Atoms quote);
  void book_trade(Market& m, const Party& taker, const Party& maker, Lots q, Ticks p, Atoms quote);
  void refresh(Market& m, u32 maker, u32 level);
  void stop_taking(Market& m, u32 slot, Cause cause);
  bool prevent(Market& m, u32 slot, Lots lots, Ticks p, bool ends, const Prevention& match);
  // One step of self-trade prevention; true when the taker is gone.
  bool prevention(Market& m, u32 taker, u32 maker, u32 level, Lots want, u32& touched);
  void reduce_maker(Order& maker, Level& level, Lots q, bool gone);
  void rest(Market& m, u32 slot, Order& o);
  void finish(u32 slot, OrderStatus status, Execution execution, Reason reason);
  void suspend(Market& m, u32 slot);
  void level_event(Market& m, const Level& level);
  // True when the level was empty: it is reported and gone.
  bool drop_if_empty(Market& m, Level& level, u32 level_slot);
  Level& join_level(Market& m, u32 slot, Order& o);
  void leave_level(Order& o, Level& level, Lots visible);
  void place_trigger(Market& m, u32 slot);
  void unplace(Market& m, u32 slot, Order& o);
  void evaluate(Market& m);
  void set_flag(Order& o, OrderFlag flag, bool on);
  void enqueue(Market& m, u32 slot, bool front);
  void dequeue(Market& m, u32 slot);
  void drain(Market& m);
  void remove_order(u32 slot, Order& o, Account& a);
  void run(Market& m, u32 slot);
  template <class E>
  void report(const Order& o, const Account& a, const Purse& purse, Execution execution,
              const Filled& filled, const Moves& moves, const char* request_id = nullptr);

  // ---- links.cpp: between partitions
  [[gnu::noinline]] void command_apart(const char* bytes);
  bool in_markets_role() const { return apart_ != nullptr && apart_->role == Role::MARKETS; }
  Reason stranger(u64 account_id) const;
  void set_role(const SetRole& c);
  void take_role(Role role);
  void host(const Host& c);
  Reason check_host(const Host& c) const;
  bool untouched(u32 entity) const;
  void make_copy(Market& m);
  void acknowledge(const LinkAck& c);
  void deliver(const char* link);
  bool is_for_here(const char* link) const;
  template <class L>
  u64 post(u32 source, u64& counter, u32 destination, i64 order_id, L link);
  void link_rows(Buffer& out) const;
  void request_rows(Buffer& out) const;
  // False: no kernel would have written it.
  bool read_hosted(const HostedRow& r);
  bool read_link(const LinkRow& r);
  bool read_outbox(const OutboxRow& r);
  bool read_request(const RequestRow& r);
  bool read_request_part(const RequestPartRow& r);

  bool may_host(u32 entity) const;

  // ---- moving.cpp: entities on their way
  void move_out(const MoveOut& c);
  void move_done(const MoveDone& c);
  void move_in(const MoveIn& c);
  std::vector<char> exported(u32 entity) const;
  void remove_entity(u32 entity);
  void remove_market(Market& m);
  void remove_shard(u32 number);
  void remove_account(u32 slot);
  void forget_requests(u32 number);
  Reason check_arrival(const MoveIn& c) const;
  Reason arrive(const MoveIn& c, std::span<const char> rows);
  bool is_sound(u32 entity, std::span<const char> rows) const;
  bool is_new(const char* row, u32 entity) const;
  void rows_alone(u32 entity, std::span<const char> rows, Buffer& out) const;
  static void clear_counters(MarketRow& row);
  void enter_rows(std::span<const char> rows);  // sound ones, of which none is here
  void hosted_rows(Buffer& out) const;
  void moving_rows(Buffer& out) const;
  bool read_export(const ExportRow& r);
  bool read_import(const ImportRow& r);

  // ---- remote.cpp: accounts whose markets are elsewhere
  template <class C>
  u32 admitted_request(const C& c);
  void ask_new(const NewOrder& c);
  void ask_cancel(const CancelOrder& c);
  void ask_cancel_all(const CancelAll& c);
  void ask_replace(const CancelReplace& c);
  void ask_amend(const AmendOrder& c);
  void go_on_replacing(const CancelReplace& c, Reason cancel);
  template <class C>
  Reason place_remote(const C& c, u32 account, Market& m);
  void post_cancel(const Order& o, u8 restriction, const char* command);
  template <class L>
  void ask(const Order& o, const char* command, const L& link);
  Request& enter_request(const Origin& origin, const char* command);
  Request& take_part(i64 order_id);
  void remember_request(const char* command, Reason reason, i64 order_id);
  void conclude(const char* command, Reason reason, Phase phase);
  void finish_request();
  template <class E>
  void request_event(const Request& r);
  bool taken(u32 account, u16 market, const char* id, i64 order_id) const;
  void reserve(u64 account_id, u16 market, const char* id, i64 order_id);
  void unreserve(const AmendOrder& c);
  bool waits(const Order& o) const;
  void drop_remote(u32 slot, Order& o, Account& a);
  void take_answer(const char* link);
  void settle_link(const SettleLink& l);
  void prevented_event(const SettleLink& l, const Order& o, const Account& a);
  void done_link(const DoneLink& l);
  void cancel_remote(u32 slot);
  void refuse_remote(u32 slot, Reason reason);
  void answer_link(const AnswerLink& l);
  void answered_request(const AnswerLink& l);
  void hear(u32 slot, const AnswerLink& l);
  void amend_remote(u32 slot, Lots qty, const AmendOrder& c);
  u32 remote_order(i64 order_id) const;

  // ---- apart.cpp: markets whose accounts are elsewhere
  void take_request(const char* link, std::size_t waiting);
  void place_link(Market& m, const PlaceLink& l, std::size_t waiting);
  Reason check_admission(const PlaceLink& l, Market& m, std::size_t waiting);
  u32 enter_stranger(const PlaceLink& l, Market& m);
  u32 stranger_slot(u64 account_id);
  void link_stranger(u32 slot, const Order& o);
  void cancel_link(Market& m, const CancelLink& l);
  void amend_link(Market& m, const AmendLink& l);
  Reason check_amend(const Order& o, const MarketRow& m, i64 qty_lots) const;
  void post_answer(Market& m, i64 order_id, Answers answers, Execution execution = {},
                   Reason reason = Reason::NONE, i64 qty_lots = 0);
  void post_done(Market& m, i64 order_id, OrderStatus status, Execution execution, Reason reason,
                 Lots left);
  void post_settle(Market& m, const Order& o, SettleLink link);
  bool fill_apart(Party& party, Market& m, Lots q, Ticks p, Atoms quote, bool maker);
  bool prevent_apart(Market& m, u32 slot, Lots lots, Ticks p, bool ends, const Prevention& match);
  void finish_apart(Market& m, u32 slot, OrderStatus status, Execution execution, Reason reason);
  void drop_stranger(u32 slot, Order& o);
  bool is_spent(const Order& o, const Market& m, Ticks p) const;
  void fill_market_row(const Order& o, OrderRow& row) const;
  std::string recount_levels() const;

  // ---- money
  Balance& balance(Account& a, u16 asset);
  const Balance* find_balance(const Account& a, u16 asset) const;
  template <class F>
  void each_balance(const Account& a, F call) const;  // (asset, balance), ascending
  Purse purse(const Account& a, const Market& m);
  Party party(u32 slot, const Market& m);
  void release_all(Order& o, Balance* paying, Moves& moves);
  u16 paid_asset(const Order& o, const Market& m) const;
  u16 received_asset(const Order& o, const Market& m) const;
  std::pair<u32, u32> rates(u16 schedule, u16 market) const;
  void pin_rates(Market& m);

  // ---- order arithmetic
  bool by_quote(const Order& o) const;
  bool budgeted(const Order& o) const;
  bool unit_held(const Order& o) const;
  Ticks worst(const Order& o) const;
  Lots remaining(const Order& o) const;
  Lots visible(const Order& o) const;
  Filled filled(const Order& o) const;
  Lots iceberg(const Order& o) const;
  std::int32_t trade_group(const Order& o) const;
  OrderExtra& extra(Order& o);  // makes one when there is none

  // ---- snapshot.cpp: rows
  void fill_row(const Order& o, OrderRow& row) const;
  static void fill_row(const Account& a, AccountRow& row);
  void balance_rows(const Account& a, Buffer& out) const;
  void bucket_rows(Buffer& out) const;
  void fee_rows(Buffer& out) const;
  void house_rows(Buffer& out) const;
  void continuation_rows(Buffer& out) const;
  template <class F>
  void dedupe_rows(Buffer& out, F pass) const;
  template <class F>
  void write_rows(Buffer& out, F pass) const;

  // ---- look-ups
  u32 find_account(u64 id) const;
  u32 find_order_slot(i64 id) const;
  u32 find_client(u32 account, u16 market, const char* id) const;
  u32 find_client(const Account& a, u16 market, const char* id, u64 hash) const;
  template <class F>
  void each_order(const Account& a, F call) const;  // slots, ascending by order id
  void append_to_list(Account& a, u32 slot, Order& o, u64 client);
  void take_from_list(Account& a, u32 slot, Order& o);
  void start_list(Account& a);
  void rename(Account& a, u32 slot, Order& o, const char* id);
  Market* market(u16 id) { return id < markets_.size() ? markets_[id].get() : nullptr; }
  const Market* market(u16 id) const { return id < markets_.size() ? markets_[id].get() : nullptr; }
  Shard& shard(u64 account_id) { return shards_[account_id & (ACCOUNT_SHARDS - 1)]; }
  void link_order(u32 slot, Order& o, Account& a, u64 client);

  i64 next_order_id(u64 account_id) const;
  static u64 order_hash(i64 id);
  static u64 client_hash(u64 account_id, u16 market, const char* id);
  u64 client_hash(const Order& o) const {
    return client_hash(accounts_[o.account].id, o.market, o.client_id.data());
  }

  // Commands ahead of the one under way are looked at in three steps, so that their records are in the
  // cache when their turn comes: table cells, then rows, then the rows that those point to.
  void prefetch_dedupe(const char* bytes) const;
  void prefetch_cells(const char* bytes) const;
  void prefetch_rows(const char* bytes) const;
  void prefetch_neighbours(const char* bytes) const;
  u32 level_of(const NewOrder& c) const;
  void prefetch_head(Market& m, u8 side) const;
  void prefetch_after(const Order& maker) const;
  void prefetch_orders(const Account& a) const;

  u32 partition_;
  std::string poison_;
  u64 seq_ = 0;
  u64 epoch_ = 0;
  i64 time_us_ = 0;
  u64 entity_seq_ = 0;
  u32 orders_max_ = 0, algo_orders_max_ = 0, iceberg_orders_max_ = 0;
  Lanes lanes_;

  Slab<Order> orders_;
  Slab<OrderExtra> extras_;
  Slab<Level> levels_;
  Slab<Account> accounts_;
  Slab<FarBalance> balances_;
  std::size_t balance_count_ = 0;
  Slab<TreeNode> nodes_;
  TagTable orders_by_id_;
  TagTable orders_by_client_;
  TagTable accounts_by_id_;
  Dedupe dedupe_;

  std::vector<std::unique_ptr<Market>> markets_;
  std::vector<Asset> assets_;
  std::vector<Shard> shards_;
  std::map<std::pair<u16, u16>, std::pair<u32, u32>> fees_;  // (schedule, market) -> (maker, taker)

  std::unique_ptr<Apart> apart_;  // null in a joined partition
  Buffer events_;
  u32 index_ = 0;    // of the next event in the batch
  u32 command_ = 0;  // of the command under way
  bool far_ = false;  // whether rows are beyond what the near caches hold
  u64 digest_hash_ = 0;  // of its (account, digest), once it is looked for
  i64 used_ = 0;     // events since the command began
};

inline bool is_priced(u8 type) {
  const auto t = static_cast<OrderType>(type);
  return t == OrderType::LIMIT || t == OrderType::LIMIT_MAKER || t == OrderType::STOP_LOSS_LIMIT ||
         t == OrderType::TAKE_PROFIT_LIMIT;
}
inline bool is_conditional(u8 type) { return type >= static_cast<u8>(OrderType::STOP_LOSS); }
inline bool is_buy(u8 side) { return side == static_cast<u8>(Side::BUY); }
inline u8 opposite(u8 side) { return static_cast<u8>(3 - side); }
// Rising conditions wait for the price to come up to them.
inline bool is_rising(u8 side, u8 type) {
  const auto t = static_cast<OrderType>(type);
  const bool stop_loss = t == OrderType::STOP_LOSS || t == OrderType::STOP_LOSS_LIMIT;
  return is_buy(side) == stop_loss;
}
inline bool has(u16 flags, OrderFlag flag) { return (flags & static_cast<u16>(flag)) != 0; }
inline bool allows(u32 flags, MarketFlag flag) { return (flags & static_cast<u32>(flag)) != 0; }

}  // namespace outcry
