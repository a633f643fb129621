// The account side: admission, shape, counts, funds, holds; cancel, replace, amend.
#include <algorithm>
#include <cstring>

#include "admission.hpp"
#include "book.hpp"

namespace outcry {

namespace {

// A new order that is nothing but a side, a price and a quantity, as most are. The rules below are the
// same for it; the compiler leaves out what cannot apply.
struct PlainLimit {
  explicit PlainLimit(const NewOrder& c) : whole(c) {}
  static bool fits(const NewOrder& c) {
    const i64 more = c.quote_atoms | c.stop_ticks | c.iceberg_lots | c.worst_ticks | c.strategy_id |
                     c.strategy_type | c.trailing_bips;
    return c.order_type == order_type && more == 0;
  }

  static constexpr u8 order_type = static_cast<u8>(OrderType::LIMIT);
  static constexpr u32 trailing_bips = 0;
  static constexpr i64 quote_atoms = 0, stop_ticks = 0, iceberg_lots = 0, worst_ticks = 0;
  static constexpr i64 strategy_id = 0;
  static constexpr std::int32_t strategy_type = 0;
  const NewOrder& whole;
  const u16 market = whole.market;
  const u8 side = whole.side, time_in_force = whole.time_in_force, stp_mode = whole.stp_mode;
  const u32 market_version = whole.market_version;
  const i64 price_ticks = whole.price_ticks, qty_lots = whole.qty_lots;
  const char* const client_order_id = whole.client_order_id;
};

bool beyond(i64 value, i64 low, i64 high) { return value < low || (high > 0 && value > high); }

}  // namespace

// Section 3, shape 1 to 8: who, where and which kind of order.
template <class C>
Reason Kernel::shape_identity(const C& c, const Account& a, const Market*& m) const {
  if ((a.flags & static_cast<u16>(AccountFlag::TRADE)) == 0) return Reason::ACCOUNT_MAY_NOT_TRADE;
  m = market(c.market);
  if (m == nullptr) return Reason::UNKNOWN_MARKET;
  if (c.side < 1 || c.side > 2) return Reason::INVALID_SIDE;
  if (c.order_type < 1 || c.order_type > 7) return Reason::INVALID_ORDER_TYPE;
  if (c.client_order_id[0] == 0 || !legal_client_id(c.client_order_id)) {
    return Reason::CLIENT_ORDER_ID_INVALID;
  }
  if ((m->row.order_types >> c.order_type & 1) == 0) return Reason::ORDER_TYPE_NOT_SUPPORTED;
  const bool timed = is_priced(c.order_type) &&
                     c.order_type != static_cast<u8>(OrderType::LIMIT_MAKER);
  const bool time_good = timed ? c.time_in_force >= 1 && c.time_in_force <= 3
                               : c.time_in_force == static_cast<u8>(TimeInForce::NONE);
  if (!time_good) return Reason::INVALID_TIME_IN_FORCE;
  if (c.stp_mode > 5 || (m->row.stp_modes >> c.stp_mode & 1) == 0) {
    return Reason::STP_MODE_NOT_ALLOWED;
  }
  return Reason::NONE;
}

// Section 3, shape 9 to 19: which fields go together, and the filters that need no state.
template <class C>
Reason Kernel::shape_values(const C& c, const Market& market) const {
  const MarketRow& m = market.row;
  const bool priced = is_priced(c.order_type);
  const bool conditional = is_conditional(c.order_type);
  const bool is_market = c.order_type == static_cast<u8>(OrderType::MARKET);
  const bool is_maker = c.order_type == static_cast<u8>(OrderType::LIMIT_MAKER);
  if ((c.price_ticks | c.qty_lots | c.quote_atoms | c.stop_ticks | c.iceberg_lots | c.worst_ticks) <
      0) {
    return Reason::INVALID_COMBINATION;
  }
  const bool price_fits = priced ? c.price_ticks > 0 && c.quote_atoms == 0 && c.worst_ticks == 0
                                 : c.price_ticks == 0 && c.worst_ticks > 0;
  const bool qty_fits = is_market ? (c.qty_lots > 0) != (c.quote_atoms > 0)
                                  : c.qty_lots > 0 && c.quote_atoms == 0;
  const bool stop_fits = conditional ? c.stop_ticks > 0 || c.trailing_bips > 0
                                     : c.stop_ticks == 0 && c.trailing_bips == 0;
  const bool iceberg_fits =
      c.iceberg_lots == 0 || is_maker ||
      (priced && c.time_in_force == static_cast<u8>(TimeInForce::GTC));
  if (!price_fits || !qty_fits || !stop_fits || !iceberg_fits) return Reason::INVALID_COMBINATION;
  if (c.quote_atoms > 0 && !allows(m.flags, MarketFlag::QUOTE_ORDER_QTY)) {
    return Reason::QUOTE_QTY_NOT_SUPPORTED;
  }
  if (c.iceberg_lots > 0 && !allows(m.flags, MarketFlag::ICEBERG)) {
    return Reason::ICEBERG_NOT_SUPPORTED;
  }
  if (c.trailing_bips > 0 && !allows(m.flags, MarketFlag::TRAILING_STOP)) {
    return Reason::TRAILING_NOT_SUPPORTED;
  }
  const auto price_bad = [&m](i64 p) {
    return p > 0 && (beyond(p, m.price_ticks_min, m.price_ticks_max) || p > PRICE_TICKS_MAX);
  };
  if (price_bad(c.price_ticks) || price_bad(c.stop_ticks) || c.worst_ticks > PRICE_TICKS_MAX) {
    return Reason::PRICE_FILTER;
  }
  const auto qty_bad = [&m](i64 q) {
    return q > 0 && (beyond(q, m.qty_lots_min, m.qty_lots_max) || q > QTY_LOTS_MAX);
  };
  if (qty_bad(c.qty_lots) || qty_bad(c.iceberg_lots)) return Reason::LOT_SIZE;
  if (c.quote_atoms > AMOUNT_ATOMS_MAX) return Reason::NOTIONAL_OVERFLOW;
  if (!priced && c.qty_lots > 0) {
    const i64 step = m.market_qty_lots_step;
    if (beyond(c.qty_lots, m.market_qty_lots_min, m.market_qty_lots_max) ||
        (step > 0 && (c.qty_lots - m.market_qty_lots_min) % step != 0)) {
      return Reason::MARKET_LOT_SIZE;
    }
  }
  if (c.iceberg_lots > c.qty_lots) return Reason::ICEBERG_EXCEEDS_QTY;
  if (c.iceberg_lots > 0 && m.iceberg_parts_max > 0 &&
      (c.qty_lots - 1) / c.iceberg_lots + 1 > static_cast<i64>(m.iceberg_parts_max)) {
    return Reason::ICEBERG_PARTS;
  }
  if (c.trailing_bips > 0) {
    const bool above = is_rising(c.side, c.order_type);
    const u32 low = above ? m.trailing_above_bips_min : m.trailing_below_bips_min;
    const u32 high = above ? m.trailing_above_bips_max : m.trailing_below_bips_max;
    if (c.trailing_bips < low || (high > 0 && c.trailing_bips > high) ||
        c.trailing_bips >= MULTIPLIER_ONE) {
      return Reason::TRAILING_DELTA;
    }
  }
  if (c.qty_lots > 0) {
    const Ticks worst{priced ? c.price_ticks : c.worst_ticks};
    const bool wide =
        !is_market && notional_wide(worst, {c.qty_lots}, m.tick_lot_atoms) > AMOUNT_MAX;
    if (wide || static_cast<i128>(c.qty_lots) * m.lot_atoms > AMOUNT_MAX) {
      return Reason::NOTIONAL_OVERFLOW;
    }
  }
  return Reason::NONE;
}

// `what`: 0 all open orders, 1 untriggered conditional ones, 2 icebergs; market 0: all markets.
inline Reason Kernel::count_of(const Account& a, u16 market_id, u32 excluded, int what, u32 bound,
                               Reason reason) const {
  const u32 total = what == 0 ? a.orders : what == 1 ? a.algo_orders : a.iceberg_orders;
  if (bound == 0 || total < bound) [[likely]] return Reason::NONE;
  return recount_of(a, market_id, excluded, what) >= bound ? reason : Reason::NONE;
}

u32 Kernel::recount_of(const Account& a, u16 market_id, u32 excluded, int what) const {
  u32 count = 0;
  each_order(a, [&](u32 slot) {
    const Order& o = orders_[slot];
    if (slot == excluded || (market_id != 0 && o.market != market_id)) return;
    const auto place = static_cast<OrderPlace>(o.place);
    const bool algo =
        place == OrderPlace::TRIGGER || place == OrderPlace::TRAILING || waits(o);
    if (what == 0 || (what == 1 && algo) || (what == 2 && iceberg(o).v > 0)) ++count;
  });
  return count;
}

template <class C>
[[gnu::always_inline]] inline Reason Kernel::check_counts(const C& c, const Account& a,
                                                          const Market& market,
                                                          u32 excluded) const {
  const MarketRow& m = market.row;
  const auto three = [&](u16 where, u32 orders, u32 algos, u32 icebergs, Reason r0, Reason r1,
                         Reason r2) {
    Reason r = count_of(a, where, excluded, 0, orders, r0);
    if (r == Reason::NONE && is_conditional(c.order_type)) {
      r = count_of(a, where, excluded, 1, algos, r1);
    }
    if (r == Reason::NONE && c.iceberg_lots > 0) r = count_of(a, where, excluded, 2, icebergs, r2);
    return r;
  };
  Reason r = three(c.market, m.orders_max, m.algo_orders_max, m.iceberg_orders_max,
                   Reason::MAX_NUM_ORDERS, Reason::MAX_NUM_ALGO_ORDERS,
                   Reason::MAX_NUM_ICEBERG_ORDERS);
  if (r == Reason::NONE) {
    r = three(0, orders_max_, algo_orders_max_, iceberg_orders_max_,
              Reason::EXCHANGE_MAX_NUM_ORDERS, Reason::EXCHANGE_MAX_NUM_ALGO_ORDERS,
              Reason::EXCHANGE_MAX_NUM_ICEBERG_ORDERS);
  }
  if (r != Reason::NONE) return r;
  const u64 next_id = (shards_[a.id & (ACCOUNT_SHARDS - 1)].order_counter + 1) << SHARD_BITS |
                      (a.id & (ACCOUNT_SHARDS - 1));
  // What is to be cancelled first leaves its place to what replaces it.
  const std::size_t leaving = excluded != 0 ? 1 : 0;
  const bool trailing_leaves =
      leaving != 0 && orders_[excluded].place == static_cast<u8>(OrderPlace::TRAILING);
  const bool full =
      orders_.live() - leaving >= static_cast<std::size_t>(OPEN_ORDERS_MAX) ||
      (c.trailing_bips > 0 && market.trailing.size() - (trailing_leaves ? 1 : 0) >=
                                  static_cast<std::size_t>(TRAILING_ORDERS_PER_MARKET_MAX)) ||
      next_id > static_cast<u64>(ORDER_ID_MAX);
  return full ? Reason::CAPACITY_REACHED : Reason::NONE;
}

// Section 3, 23 and 24. `need` is what a market buy by quantity would cost at its worst price.
template <class C>
Reason Kernel::check_funds(const C& c, const Account& a, const Market& market, const Purse& purse,
                           Atoms& hold, Atoms& need) const {
  const MarketRow& m = market.row;
  const Balance* base = purse.base;
  if (m.position_lots_max > 0 && is_buy(c.side) && c.qty_lots > 0) {
    i128 lots = base == nullptr ? 0 : (static_cast<i128>(base->free.v) + base->held.v) / m.lot_atoms;
    each_order(a, [&](u32 slot) {
      const Order& o = orders_[slot];
      if (o.market == m.market && is_buy(o.side) && o.qty.v > 0) lots += remaining(o).v;
    });
    if (lots + c.qty_lots > m.position_lots_max) return Reason::MAX_POSITION;
  }
  const Balance* paying = is_buy(c.side) ? purse.quote : base;
  const Atoms free = paying == nullptr ? Atoms{} : paying->free;
  const Ticks worst{is_priced(c.order_type) ? c.price_ticks : c.worst_ticks};
  const bool is_market = c.order_type == static_cast<u8>(OrderType::MARKET);
  const auto capped = [](i128 v) { return Atoms{static_cast<i64>(std::min(v, AMOUNT_MAX))}; };
  if (is_buy(c.side)) {
    if (c.quote_atoms > 0) {
      hold = need = {c.quote_atoms};
    } else {
      need = capped(notional_wide(worst, {c.qty_lots}, m.tick_lot_atoms));
      hold = is_market ? std::min(need, free) : need;
      if (is_market && free.v == 0) return Reason::INSUFFICIENT_BALANCE;
    }
  } else if (c.quote_atoms > 0) {
    const i128 lot_value = static_cast<i128>(worst.v) * m.tick_lot_atoms;
    const i128 lots = (c.quote_atoms + lot_value - 1) / lot_value;
    need = capped(lots * m.lot_atoms);
    hold = std::min(need, free - Atoms{free.v % m.lot_atoms});
    if (hold.v == 0) return Reason::INSUFFICIENT_BALANCE;
  } else {
    hold = need = atoms_of({c.qty_lots}, m.lot_atoms);
  }
  return hold > free ? Reason::INSUFFICIENT_BALANCE : Reason::NONE;
}

inline bool Kernel::crosses(Market& m, u8 side, Ticks price) const {
  const u32 best = m.best(opposite(side));
  if (best == 0) return false;
  return is_buy(side) ? levels_[best].price <= price : levels_[best].price >= price;
}

[[gnu::noinline]] static void raise_fence(const MarketRow& m, i64 average, i64 until_us, Fence& f) {
  f.until_us = until_us;
  f.average = average;
  // A price times MULTIPLIER_ONE stays far below 2^64: a bound beyond that is none.
  const auto bound = [average](u32 multiplier, u64 none) {
    const u128 product = static_cast<u128>(static_cast<u64>(average)) * multiplier;
    if (multiplier == 0 || average == 0) return none;
    return product >> 64 == 0 ? static_cast<u64>(product) : ~u64{0};
  };
  f.low = {bound(m.bid_multiplier_down, 0), bound(m.ask_multiplier_down, 0)};
  f.high = {bound(m.bid_multiplier_up, ~u64{0}), bound(m.ask_multiplier_up, ~u64{0})};
}

inline const Fence& Kernel::fence(Market& m) const {
  if (time_us_ >= m.fence.until_us) [[unlikely]] {
    i64 end_us;  // of this minute; none when time ends within it
    if (__builtin_mul_overflow(time_us_ / MINUTE_US + 1, MINUTE_US, &end_us)) end_us = time_us_;
    raise_fence(m.row, average_price(m.row.market), end_us, m.fence);
  }
  return m.fence;
}

// Section 3, 27.
inline bool Kernel::near_average(Market& market, bool bid, i64 price) const {
  const Fence& f = fence(market);
  const u64 scaled = static_cast<u64>(price) * static_cast<u64>(MULTIPLIER_ONE);
  return scaled >= f.low[bid ? 0 : 1] && scaled <= f.high[bid ? 0 : 1];
}

// Section 3, 25 to 31: what only the market knows; nothing has changed yet.
template <class C>
Reason Kernel::check_market(const C& c, Market& market, Atoms hold, Atoms need) {
  const MarketRow& m = market.row;
  if (m.status != static_cast<u8>(MarketStatus::TRADING) && !MUTANT(19)) {
    return Reason::MARKET_CLOSED;
  }
  if (c.market_version != 0 && c.market_version != m.specification_version) {
    return Reason::MARKET_VERSION_MISMATCH;
  }
  const bool priced = is_priced(c.order_type);
  const bool bid = is_buy(c.side) || MUTANT(20);
  if (priced && !near_average(market, bid, c.price_ticks)) return Reason::PERCENT_PRICE_BY_SIDE;
  const i64 ref = priced ? 0 : fence(market).average;
  const bool has_value = priced || c.quote_atoms > 0 || ref > 0;
  if (has_value) {
    const i128 value = c.quote_atoms > 0
                           ? static_cast<i128>(c.quote_atoms)
                           : notional_wide({priced ? c.price_ticks : ref}, {c.qty_lots},
                                           m.tick_lot_atoms);
    const bool least = priced || allows(m.flags, MarketFlag::MIN_NOTIONAL_ON_MARKET);
    const bool most = priced || allows(m.flags, MarketFlag::MAX_NOTIONAL_ON_MARKET);
    if (least && m.notional_atoms_min > 0 &&
        (MUTANT(18) ? value <= m.notional_atoms_min : value < m.notional_atoms_min)) {
      return Reason::NOTIONAL;
    }
    if (most && m.notional_atoms_max > 0 && value > m.notional_atoms_max) return Reason::NOTIONAL;
  }
  if (is_conditional(c.order_type) && c.stop_ticks > 0 && m.last_price_ticks > 0) {
    const bool waits = is_rising(c.side, c.order_type) ? c.stop_ticks > m.last_price_ticks
                                                       : c.stop_ticks < m.last_price_ticks;
    if (!waits) return Reason::WOULD_TRIGGER_IMMEDIATELY;
  }
  const u32 best_slot = market.best(opposite(c.side));
  if (best_slot == 0) return Reason::NONE;
  const Ticks best = levels_[best_slot].price;
  if (c.order_type == static_cast<u8>(OrderType::LIMIT_MAKER)) {
    const bool equal_passes = MUTANT(8) && best.v == c.price_ticks;
    const bool crosses = is_buy(c.side) ? best.v <= c.price_ticks : best.v >= c.price_ticks;
    if (crosses && !equal_passes) return Reason::WOULD_TAKE;
  }
  const i64 least_lots = std::max<i64>(m.qty_lots_min, 1);
  if (c.quote_atoms > 0) {
    i128 lots = c.quote_atoms / (static_cast<i128>(best.v) * m.tick_lot_atoms);
    if (!is_buy(c.side)) lots = std::min<i128>(lots, hold.v / m.lot_atoms);
    if (lots < least_lots) return Reason::LIQUIDITY_BELOW_LOT_SIZE;
  } else if (c.order_type == static_cast<u8>(OrderType::MARKET) && is_buy(c.side) && hold < need &&
             hold.v < notional_wide(best, {least_lots}, m.tick_lot_atoms)) {
    return Reason::INSUFFICIENT_BALANCE;
  }
  return Reason::NONE;
}

// Commands that place orders hold these eight bytes as the order does, padding in the last two.
template <class C>
u64 kind_word(const C& c) {
  static_assert(offsetof(C, side) == offsetof(C, market) + 2 &&
                offsetof(C, stp_mode) == offsetof(C, market) + 5);
  static_assert(offsetof(Order, side) == offsetof(Order, market) + 2 &&
                offsetof(Order, status) == offsetof(Order, market) + 6);
  u64 word;
  std::memcpy(&word, &c.market, sizeof(word));
  return (word & ~(u64{0xFFFF} << 48)) | static_cast<u64>(OrderStatus::NEW) << 48;
}

u64 kind_word(const PlainLimit& c) { return kind_word(c.whole); }

template <class C>
[[gnu::always_inline]] inline Order& Kernel::enter_order(const C& c, u32 account, Account& a,
                                                         Market& m, Purse& purse, u64 client,
                                                         Atoms hold, u32& slot) {
  Shard& home = shard(a.id);
  home.order_counter += 1;
  slot = orders_.take_raw();
  const Rates rates = m.rates_of(a.fee_schedule);
  const bool conditional = is_conditional(c.order_type);
  Order& o = orders_[slot];
  o.account = account;
  o.level = o.next = o.prev = 0;
  o.id = static_cast<i64>(home.order_counter << SHARD_BITS | (a.id & (ACCOUNT_SHARDS - 1)));
  o.price = {c.price_ticks};
  o.qty = {c.qty_lots};
  o.hold = hold;
  o.created_us = time_us_;
  o.priority = 0;
  o.maker_rate = rates.maker & RATE_BITS;
  o.taker_rate = rates.taker & RATE_BITS;
  o.flags = conditional ? u8{0} : static_cast<u8>(OrderFlag::WORKING);
  const u64 kinds = kind_word(c);
  std::memcpy(&o.market, &kinds, sizeof(kinds));
  std::memcpy(o.client_id.data(), c.client_order_id, CLIENT_ID_BYTES);
  o.extra = 0;
  if (conditional || !is_priced(c.order_type) || c.iceberg_lots > 0 || c.strategy_id != 0 ||
      c.strategy_type != 0 || a.trade_group != 0) {
    describe(c, a, o);
  }
  link_order(slot, o, a, client);
  if (hold.v != 0) {
    Balance* paying = purse.paid(is_buy(c.side));
    OUTCRY_CHECK(paying != nullptr && paying->free >= hold);
    paying->free -= hold;
    paying->held += hold;
  }
  return o;
}

template <class C>
[[gnu::always_inline]] inline u32 Kernel::accept(const C& c, u32 account, Market& m, Purse& purse,
                                                 u64 client, Atoms hold, i64& order_id) {
  u32 slot = 0;
  Account& a = accounts_[account];
  const Order& o = enter_order(c, account, a, m, purse, client, hold, slot);
  report<OrderEvent>(o, a, purse, Execution::NEW, {}, {.held = hold});
  order_id = o.id;
  return slot;
}

// What a new order has beyond a plain one.
template <class C>
[[gnu::noinline]] void Kernel::describe(const C& c, const Account& a, Order& o) {
  OrderExtra& x = extra(o);
  x.trade_group = a.trade_group;
  x.trailing_bips = c.trailing_bips;
  x.stop = {c.stop_ticks};
  x.iceberg = {c.iceberg_lots};
  if (!is_priced(c.order_type)) x.worst = {c.worst_ticks};
  x.quote_order = {c.quote_atoms};
  const bool by_budget = c.order_type == static_cast<u8>(OrderType::MARKET) &&
                         (c.quote_atoms > 0 || is_buy(c.side));
  if (by_budget) x.budget = c.quote_atoms > 0 ? Atoms{c.quote_atoms} : o.hold;
  x.working_us = is_conditional(c.order_type) ? 0 : time_us_;
  x.strategy_id = c.strategy_id;
  x.strategy_type = c.strategy_type;
}

// Checks 23 to 31, then acceptance and taking; a refusal is returned, nothing has changed.
template <class C>
Reason Kernel::place_new(const C& c, u32 account, Market& m, u64 client, i64& order_id) {
  Account& a = accounts_[account];
  Purse purse = this->purse(a, m);
  Atoms hold{};
  Atoms need{};
  Reason r = check_funds(c, a, m, purse, hold, need);
  if (r == Reason::NONE) r = check_market(c, m, hold, need);
  if (r != Reason::NONE) return r;
  admit(c, m, accept(c, account, m, purse, client, hold, order_id));
  return Reason::NONE;
}

// Where a new order goes: to the triggers, to the book at once, or taking.
template <class C>
[[gnu::always_inline]] inline void Kernel::admit(const C& c, Market& m, u32 slot) {
  if (is_conditional(c.order_type)) return place_trigger(m, slot);
  const bool may_rest = is_priced(c.order_type) &&
                        c.time_in_force != static_cast<u8>(TimeInForce::IOC) &&
                        c.time_in_force != static_cast<u8>(TimeInForce::FOK);
  if (may_rest && !crosses(m, c.side, {c.price_ticks})) return rest(m, slot, orders_[slot]);
  run(m, slot);
  if (m.queue_head != 0) drain(m);
}

template <class C>
Reason Kernel::decide_new(const C& c, u32 account, i64& order_id) {
  const Account& a = accounts_[account];
  const Market* found = nullptr;
  Reason r = shape_identity(c, a, found);
  if (r == Reason::NONE) r = shape_values(c, *found);
  if (r != Reason::NONE) return r;
  Market& m = *market(c.market);
  if (m.queue_head != 0 && m.row.status == static_cast<u8>(MarketStatus::TRADING)) {
    return Reason::MARKET_BUSY;
  }
  const u64 client = client_hash(a.id, c.market, c.client_order_id);
  if (find_client(a, c.market, c.client_order_id, client) != 0 && !MUTANT(12)) {
    return Reason::DUPLICATE_CLIENT_ORDER_ID;
  }
  r = check_counts(c, a, m, 0);
  return r != Reason::NONE ? r : place_new(c, account, m, client, order_id);
}

static u64 distance(i64 value, i64 low) {  // enormous when it is below
  return static_cast<u64>(value) - static_cast<u64>(low);
}

// Most orders are plain and keep within their market's bounds. Of these one look tells that they pass
// all of section 3 but 21, 22 and 24; of the others nothing is decided here.
inline bool Kernel::passes(const NewOrder& c, const Account& a, Market& m, Atoms& value) const {
  const Bounds& b = m.bounds;
  const bool shaped = PlainLimit::fits(c) && b.limits && c.side - 1U < 2 &&
                      c.time_in_force - 1U < 3 && c.stp_mode <= 5 &&
                      (m.row.stp_modes >> c.stp_mode & 1) != 0 &&
                      (a.flags & static_cast<u16>(AccountFlag::TRADE)) != 0;
  const bool open = m.row.status == static_cast<u8>(MarketStatus::TRADING) && m.queue_head == 0 &&
                    (c.market_version == 0 || c.market_version == m.row.specification_version);
  const bool bounded = distance(c.price_ticks, b.price_low) <= b.price_span &&
                       distance(c.qty_lots, b.qty_low) <= b.qty_span;
  if (!shaped || !open || !bounded || ANY_MUTANT) return false;
  const bool fits = !__builtin_mul_overflow(c.price_ticks, c.qty_lots, &value.v) &&
                    !__builtin_mul_overflow(value.v, m.row.tick_lot_atoms, &value.v);
  return fits && value.v >= b.value_low && value.v <= b.value_high &&
         c.client_order_id[0] != 0 && legal_client_id(c.client_order_id) &&
         (!b.percent || near_average(m, is_buy(c.side), c.price_ticks));
}

// The checks that are left for such an order: 21, 22 and 24.
template <class C>
[[gnu::always_inline]] inline Reason Kernel::decide_plain(const C& c, u32 account, Market& m,
                                                          Atoms value, i64& order_id) {
  const Account& a = accounts_[account];
  const u64 client = client_hash(a.id, c.market, c.client_order_id);
  if (find_client(a, c.market, c.client_order_id, client) != 0) {
    return Reason::DUPLICATE_CLIENT_ORDER_ID;
  }
  const Reason r = check_counts(c, a, m, 0);
  if (r != Reason::NONE) return r;
  Purse purse = this->purse(a, m);
  const bool buy = is_buy(c.side);
  const Atoms of_base{c.qty_lots * m.row.lot_atoms};  // within the bounds of a quantity
  const Atoms hold = buy ? value : of_base;
  const Balance* paying = purse.paid(buy);
  if (paying == nullptr || hold > paying->free) return Reason::INSUFFICIENT_BALANCE;
  admit(c, m, accept(c, account, m, purse, client, hold, order_id));
  return Reason::NONE;
}

void Kernel::new_order(const NewOrder& c) {
  const u32 account = admitted(c);
  if (account == 0) return;
  i64 order_id = 0;
  Atoms value{};
  Market* m = market(c.market);
  const Reason r = m != nullptr && passes(c, accounts_[account], *m, value)
                       ? decide_plain(PlainLimit(c), account, *m, value, order_id)
                       : decide_new(c, account, order_id);
  remember(c, c.market, r, order_id);
  if (r != Reason::NONE) refuse(raw(c), r);
}

// ---- cancel

Reason Kernel::find_order(u32 account, u16 market_id, i64 order_id, const char* original,
                          u32& slot) const {
  if (order_id != 0) {
    slot = find_order_slot(order_id);
    if (slot == 0 || orders_[slot].account != account || orders_[slot].market != market_id) {
      slot = 0;
      return Reason::UNKNOWN_ORDER;
    }
    if (original[0] != 0 &&
        std::memcmp(original, orders_[slot].client_id.data(), CLIENT_ID_BYTES) != 0) {
      return Reason::CANCEL_ID_MISMATCH;
    }
    return Reason::NONE;
  }
  slot = original[0] == 0 ? 0 : find_client(account, market_id, original);
  return slot == 0 ? Reason::UNKNOWN_ORDER : Reason::NONE;
}

void Kernel::cancel_slot(Market& m, Account& a, u32 slot, const char* request_id) {
  Order& o = orders_[slot];
  unplace(m, slot, o);
  o.status = static_cast<u8>(OrderStatus::CANCELED);
  Purse purse = this->purse(a, m);
  Moves moves;
  moves.reason = Reason::CANCELED_BY_USER;
  release_all(o, purse.paid(is_buy(o.side)), moves);
  report<OrderRequestedEvent>(o, a, purse, Execution::CANCELED, filled(o), moves, request_id);
  remove_order(slot, o, a);
}

void Kernel::cancel_order(const CancelOrder& c) {
  const u32 account = admitted(c);
  if (account == 0) return;
  u32 slot = 0;
  const auto decide = [&] {
    if ((accounts_[account].flags & static_cast<u16>(AccountFlag::TRADE)) == 0) {
      return Reason::ACCOUNT_MAY_NOT_TRADE;
    }
    if (market(c.market) == nullptr) return Reason::UNKNOWN_MARKET;
    const Reason r = find_order(account, c.market, c.order_id, c.original_client_order_id, slot);
    if (r != Reason::NONE) return r;
    return restricted(c.restriction, orders_[slot].status) ? Reason::CANCEL_RESTRICTED
                                                           : Reason::NONE;
  };
  const Reason r = decide();
  remember(c, c.market, r, r == Reason::NONE ? orders_[slot].id : 0);
  if (r != Reason::NONE) return refuse(raw(c), r);
  cancel_slot(*market(c.market), accounts_[account], slot, c.client_order_id);
}

void Kernel::cancel_all(const CancelAll& c) {
  const u32 account = admitted(c);
  if (account == 0) return;
  const Account& a = accounts_[account];
  std::array<u32, CANCEL_ALL_ORDERS_MAX> slots;
  std::size_t count = 0;
  Reason r = Reason::NONE;
  if ((a.flags & static_cast<u16>(AccountFlag::TRADE)) == 0) {
    r = Reason::ACCOUNT_MAY_NOT_TRADE;
  } else if (market(c.market) == nullptr) {
    r = Reason::UNKNOWN_MARKET;
  } else {
    each_order(a, [&](u32 slot) {
      if (count < slots.size() && orders_[slot].market == c.market) slots[count++] = slot;
    });
    if (count == 0) r = Reason::UNKNOWN_ORDER;
  }
  remember(c, c.market, r, 0);
  if (r != Reason::NONE) return refuse(raw(c), r);
  static constexpr ClientId no_id{};
  for (std::size_t i = 0; i < count; ++i) {
    cancel_slot(*market(c.market), accounts_[account], slots[i], no_id.data());
  }
}

void Kernel::cancel_replace(const CancelReplace& c) {
  const u32 account = admitted(c);
  if (account == 0) return;
  Account& a = accounts_[account];
  const Market* found = nullptr;
  u32 old = 0;
  Reason cancel = Reason::NONE;
  const auto decide_whole = [&] {
    Reason r = shape_identity(c, a, found);
    if (r != Reason::NONE) return r;
    if (c.mode < 1 || c.mode > 2) return Reason::INVALID_COMBINATION;
    if (!allows(found->row.flags, MarketFlag::CANCEL_REPLACE)) {
      return Reason::CANCEL_REPLACE_NOT_SUPPORTED;
    }
    r = shape_values(c, *found);
    if (r != Reason::NONE) return r;
    if (found->queue_head != 0 && found->row.status == static_cast<u8>(MarketStatus::TRADING)) {
      return Reason::MARKET_BUSY;
    }
    cancel =
        find_order(account, c.market, c.cancel_order_id, c.cancel_original_client_order_id, old);
    if (cancel == Reason::NONE && restricted(c.restriction, orders_[old].status)) {
      cancel = Reason::CANCEL_RESTRICTED;
    }
    return check_counts(c, a, *found, cancel == Reason::NONE ? old : 0);
  };
  const Reason whole = decide_whole();
  if (whole != Reason::NONE) {
    remember(c, c.market, whole, 0);
    return refuse(raw(c), whole);
  }
  if (cancel != Reason::NONE) {
    refuse(raw(c), cancel, Phase::CANCEL);
    if (c.mode == static_cast<u8>(CancelReplaceMode::STOP_ON_FAILURE)) {
      remember(c, c.market, Reason::NOT_ATTEMPTED, 0);
      return refuse(raw(c), Reason::NOT_ATTEMPTED, Phase::NEW);
    }
  } else {
    cancel_slot(*market(c.market), accounts_[account], old, c.cancel_client_order_id);
  }
  i64 order_id = 0;
  const u64 client = client_hash(a.id, c.market, c.client_order_id);
  const Reason r = find_client(a, c.market, c.client_order_id, client) != 0
                       ? Reason::DUPLICATE_CLIENT_ORDER_ID
                       : place_new(c, account, *market(c.market), client, order_id);
  remember(c, c.market, r, order_id);
  if (r != Reason::NONE) refuse(raw(c), r, Phase::NEW);
}

// ---- amend, keeping priority

Reason Kernel::find_amended(u32 account, const AmendOrder& c, u32& slot) const {
  if ((accounts_[account].flags & static_cast<u16>(AccountFlag::TRADE)) == 0) {
    return Reason::ACCOUNT_MAY_NOT_TRADE;
  }
  const Market* m = market(c.market);
  if (m == nullptr) return Reason::UNKNOWN_MARKET;
  if (!allows(m->row.flags, MarketFlag::AMEND)) return Reason::AMEND_NOT_SUPPORTED;
  if (!legal_client_id(c.client_order_id)) return Reason::CLIENT_ORDER_ID_INVALID;
  return find_order(account, c.market, c.order_id, c.original_client_order_id, slot);
}

void Kernel::amend_order(const AmendOrder& c) {
  const u32 account = admitted(c);
  if (account == 0) return;
  u32 slot = 0;
  const auto decide = [&] {
    const Reason r = find_amended(account, c, slot);
    if (r != Reason::NONE) return r;
    const Market* m = market(c.market);
    const Order& o = orders_[slot];
    if (c.client_order_id[0] != 0) {
      const u32 other = find_client(account, c.market, c.client_order_id);
      if (other != 0 && other != slot) return Reason::DUPLICATE_CLIENT_ORDER_ID;
    }
    if (o.place == static_cast<u8>(OrderPlace::QUEUED)) return Reason::MARKET_BUSY;
    if (m->row.status != static_cast<u8>(MarketStatus::TRADING)) return Reason::MARKET_CLOSED;
    if (c.qty_lots <= 0 || beyond(c.qty_lots, m->row.qty_lots_min, m->row.qty_lots_max)) {
      return Reason::LOT_SIZE;
    }
    if (c.qty_lots > o.qty.v) return Reason::AMEND_INCREASE;
    if (c.qty_lots == o.qty.v) return Reason::AMEND_NO_CHANGE;
    const u16 amends = o.extra == 0 ? u16{0} : extras_[o.extra].amends;
    if (m->row.amends_max > 0 && amends >= m->row.amends_max) return Reason::MAX_NUM_ORDER_AMENDS;
    if (o.qty.v - remaining(o).v >= c.qty_lots) return Reason::NONE;  // the order ends
    if (is_priced(o.type) && m->row.notional_atoms_min > 0 &&
        notional_wide(o.price, {c.qty_lots}, m->row.tick_lot_atoms) < m->row.notional_atoms_min) {
      return Reason::NOTIONAL;
    }
    return Reason::NONE;
  };
  const Reason r = decide();
  remember(c, c.market, r, r == Reason::NONE ? orders_[slot].id : 0);
  if (r != Reason::NONE) return refuse(raw(c), r);
  Order& o = orders_[slot];
  Market& m = *market(c.market);
  if (o.qty.v - remaining(o).v >= c.qty_lots) {
    unplace(m, slot, o);
    return finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED, Reason::AMENDED_BELOW_EXECUTED);
  }
  const Lots cut = o.qty - Lots{c.qty_lots};
  const Lots visible_before = visible(o);
  o.qty = {c.qty_lots};
  OrderExtra& x = extra(o);
  x.amends += 1;
  const bool booked = o.place == static_cast<u8>(OrderPlace::BOOK);
  if (booked) {
    const Lots now = std::min(visible_before, remaining(o));
    if (x.iceberg.v > 0) x.visible = now;
    if (now != visible_before) {
      Level& level = levels_[o.level];
      level.visible -= visible_before - now;
      if (MUTANT(15)) {
        leave_level(o, level, now);
        join_level(m, slot, o);
      }
      level_event(m, level);
    }
  }
  const Atoms released = is_buy(o.side) ? notional(worst(o), cut, m.row.tick_lot_atoms)
                                        : atoms_of(cut, m.row.lot_atoms);
  o.hold -= released;
  Party amended = party(slot, m);
  Balance* paying = amended.purse.paid(is_buy(o.side));
  OUTCRY_CHECK(paying != nullptr);
  paying->held -= released;
  paying->free += released;
  const ClientId before = o.client_id;
  if (c.client_order_id[0] != 0) {
    rename(amended.account, slot, o, c.client_order_id);
  }
  x.updated_us = time_us_;
  report<OrderRequestedEvent>(o, amended.account, amended.purse, Execution::REPLACED, filled(o),
                              {.released = released}, before.data());
}

// For accounts and markets apart, which go the same ways in steps of their own.
template Reason Kernel::shape_identity<NewOrder>(const NewOrder&, const Account&,
                                                 const Market*&) const;
template Reason Kernel::shape_identity<CancelReplace>(const CancelReplace&, const Account&,
                                                      const Market*&) const;
template Reason Kernel::shape_values<NewOrder>(const NewOrder&, const Market&) const;
template Reason Kernel::shape_values<CancelReplace>(const CancelReplace&, const Market&) const;
template Reason Kernel::check_counts<NewOrder>(const NewOrder&, const Account&, const Market&,
                                               u32) const;
template Reason Kernel::check_counts<CancelReplace>(const CancelReplace&, const Account&,
                                                    const Market&, u32) const;
template Reason Kernel::check_funds<NewOrder>(const NewOrder&, const Account&, const Market&,
                                              const Purse&, Atoms&, Atoms&) const;
template Reason Kernel::check_funds<CancelReplace>(const CancelReplace&, const Account&,
                                                   const Market&, const Purse&, Atoms&,
                                                   Atoms&) const;
template Order& Kernel::enter_order<NewOrder>(const NewOrder&, u32, Account&, Market&, Purse&, u64,
                                              Atoms, u32&);
template Order& Kernel::enter_order<CancelReplace>(const CancelReplace&, u32, Account&, Market&,
                                                   Purse&, u64, Atoms, u32&);
template Reason Kernel::check_market<PlaceLink>(const PlaceLink&, Market&, Atoms, Atoms);
template void Kernel::admit<PlaceLink>(const PlaceLink&, Market&, u32);

}  // namespace outcry
