// The market side and settlement: taking, self-trade prevention, books, triggers, continuations.
#include <algorithm>
#include <cstring>

#include "kernel.hpp"

namespace outcry {

// ---- arithmetic of one order

bool Kernel::by_quote(const Order& o) const {
  return o.type == static_cast<u8>(OrderType::MARKET) && extras_[o.extra].quote_order.v > 0;
}
bool Kernel::budgeted(const Order& o) const {
  return o.type == static_cast<u8>(OrderType::MARKET) && (is_buy(o.side) || by_quote(o));
}
bool Kernel::unit_held(const Order& o) const { return !budgeted(o); }

Ticks Kernel::worst(const Order& o) const {
  return is_priced(o.type) ? o.price : extras_[o.extra].worst;
}
Lots Kernel::remaining(const Order& o) const {
  const Lots open = o.qty - o.executed;
  return o.extra == 0 ? open : open - extras_[o.extra].prevented;
}
Lots Kernel::iceberg(const Order& o) const { return o.extra == 0 ? Lots{} : extras_[o.extra].iceberg; }
Lots Kernel::visible(const Order& o) const {
  return iceberg(o).v > 0 ? extras_[o.extra].visible : remaining(o);
}
std::int32_t Kernel::trade_group(const Order& o) const {
  return o.extra == 0 ? 0 : extras_[o.extra].trade_group;
}
void Kernel::set_flag(Order& o, OrderFlag flag, bool on) {
  const u8 bit = static_cast<u8>(flag);
  o.flags = static_cast<u8>(on ? o.flags | bit : o.flags & ~bit);
}
OrderExtra& Kernel::extra(Order& o) {
  if (o.extra == 0) {
    o.extra = extras_.take();
    extras_[o.extra].working_us = o.created_us;
  }
  return extras_[o.extra];
}

u16 Kernel::paid_asset(const Order& o, const Market& m) const {
  return is_buy(o.side) ? m.row.quote_asset : m.row.base_asset;
}
u16 Kernel::received_asset(const Order& o, const Market& m) const {
  return is_buy(o.side) ? m.row.base_asset : m.row.quote_asset;
}

void Kernel::hold_funds(Order& o, Atoms amount) {
  if (amount.v == 0) return;
  Balance& b = balance(o.account, paid_asset(o, *market(o.market)));
  OUTCRY_CHECK(b.free >= amount);
  b.free -= amount;
  b.held += amount;
  o.hold = amount;
}

void Kernel::release_all(Order& o, Moves& moves) {
  moves.released = o.hold;
  if (o.hold.v == 0) return;
  Balance& b = balance(o.account, paid_asset(o, *market(o.market)));
  OUTCRY_CHECK(b.held >= o.hold);
  b.held -= o.hold;
  if (!MUTANT(7)) b.free += o.hold;
  o.hold = {};
}

// ---- order events

template <class E>
E& Kernel::report(const Order& o, Execution execution, const Moves& moves) {
  const Account& a = accounts_[o.account];
  const MarketRow& m = market(o.market)->row;
  E& e = emit_shard<E>(a.id);
  e.account_id = a.id;
  e.order_id = o.id;
  e.market = o.market;
  e.side = o.side;
  e.order_type = o.type;
  e.time_in_force = o.time_in_force;
  e.stp_mode = o.stp_mode;
  e.status = o.status;
  e.execution = static_cast<u8>(execution);
  e.flags = static_cast<u16>((o.flags & ~static_cast<u16>(OrderFlag::SWEEPING)) | moves.extra_flags);
  e.price_ticks = o.price.v;
  e.qty_lots = o.qty.v;
  e.executed_lots = o.executed.v;
  e.executed_quote_atoms = o.executed_quote.v;
  e.created_us = o.created_us;
  e.working_us = o.created_us;
  if (o.extra != 0) {
    const OrderExtra& x = extras_[o.extra];
    e.trailing_bips = x.trailing_bips;
    e.quote_order_atoms = x.quote_order.v;
    e.stop_ticks = x.stop.v;
    e.iceberg_lots = x.iceberg.v;
    e.prevented_lots = x.prevented.v;
    e.working_us = x.working_us;
    e.trailing_us = x.trailing_us;
    e.strategy_id = x.strategy_id;
    e.strategy_type = x.strategy_type;
  }
  e.match_id = moves.match_id;
  e.last_ticks = moves.last_price.v;
  e.last_lots = moves.last_lots.v;
  e.held_atoms = moves.held.v;
  e.released_atoms = moves.released.v;
  e.paid_atoms = moves.paid.v;
  e.received_atoms = moves.received.v;
  e.fee_atoms = moves.fee.v;
  for (u32 slot = a.balances; slot != 0; slot = balances_[slot].next) {
    const Balance& b = balances_[slot];
    if (b.asset == m.base_asset) {
      e.base_free_atoms = b.free.v;
      e.base_held_atoms = b.held.v;
    } else if (b.asset == m.quote_asset) {
      e.quote_free_atoms = b.free.v;
      e.quote_held_atoms = b.held.v;
    }
  }
  std::memcpy(e.client_order_id, o.client_id.data(), CLIENT_ID_BYTES);
  return e;
}
template OrderEvent& Kernel::report<OrderEvent>(const Order&, Execution, const Moves&);
template OrderRequestedEvent& Kernel::report<OrderRequestedEvent>(const Order&, Execution,
                                                                  const Moves&);

void Kernel::remove_order(u32 slot) {
  Order& o = orders_[slot];
  OUTCRY_CHECK(o.hold.v == 0);
  Account& a = accounts_[o.account];
  (o.account_prev != 0 ? orders_[o.account_prev].account_next : a.first_order) = o.account_next;
  (o.account_next != 0 ? orders_[o.account_next].account_prev : a.last_order) = o.account_prev;
  a.orders -= 1;
  if (iceberg(o).v > 0) a.iceberg_orders -= 1;
  orders_by_id_.erase(mix(static_cast<u64>(o.id)), slot);
  orders_by_client_.erase(client_hash(o), slot);
  if (o.extra != 0) extras_.give(o.extra);
  orders_.give(slot);
}

void Kernel::finish(u32 slot, OrderStatus status, Execution execution, Reason reason) {
  Order& o = orders_[slot];
  o.status = static_cast<u8>(status);
  o.updated_us = time_us_;
  Moves moves;
  release_all(o, moves);
  report<OrderEvent>(o, execution, moves).reason = static_cast<u16>(reason);
  remove_order(slot);
}

// ---- books

void Kernel::level_event(Market& m, u32 level_slot) {
  const Level& level = levels_[level_slot];
  LevelEvent& e = emit_market<LevelEvent>(m);
  e.market = m.row.market;
  e.side = level.side;
  e.orders = level.count;
  e.price_ticks = level.price.v;
  e.lots = level.visible.v;
  e.update_id = ++m.row.update_id;
}

void Kernel::drop_level_if_empty(Market& m, u32 level_slot, u32& touched) {
  const Level& level = levels_[level_slot];
  if (level.count != 0) return;
  OUTCRY_CHECK(level.visible.v == 0);
  level_event(m, level_slot);
  touched = 0;
  PriceTree& tree = m.tree(level.side);
  if (m.best(level.side) == level_slot) {
    m.best(level.side) = tree.next(level.price, !is_buy(level.side));
  }
  tree.erase(level.price);
  levels_.give(level_slot);
}

// Puts an order at the back of the queue at its price; the level's visible lots grow by its own.
void Kernel::join_level(Market& m, u32 slot) {
  Order& o = orders_[slot];
  PriceTree& tree = m.tree(o.side);
  u32 level_slot = tree.find(o.price);
  if (level_slot == 0) {
    level_slot = levels_.take();
    Level& made = levels_[level_slot];
    made.market = o.market;
    made.side = o.side;
    made.price = o.price;
    tree.insert(o.price, level_slot);
    u32& best = m.best(o.side);
    if (best == 0 || (is_buy(o.side) ? o.price > levels_[best].price
                                     : o.price < levels_[best].price)) {
      best = level_slot;
    }
  }
  Level& level = levels_[level_slot];
  o.level = level_slot;
  o.place = static_cast<u8>(OrderPlace::BOOK);
  o.priority = ++m.row.priority;
  if (MUTANT(16) && level.head != 0) {
    o.prev = 0;
    o.next = level.head;
    orders_[level.head].prev = slot;
    level.head = slot;
  } else {
    o.prev = level.tail;
    o.next = 0;
    (level.tail != 0 ? orders_[level.tail].next : level.head) = slot;
    level.tail = slot;
  }
  level.count += 1;
  level.visible += visible(o);
}

void Kernel::leave_level(Market& m, u32 slot, u32 level_slot, Lots shown) {
  (void)m;
  Order& o = orders_[slot];
  Level& level = levels_[level_slot];
  (o.prev != 0 ? orders_[o.prev].next : level.head) = o.next;
  (o.next != 0 ? orders_[o.next].prev : level.tail) = o.prev;
  o.next = o.prev = 0;
  o.level = 0;
  o.place = static_cast<u8>(OrderPlace::NOWHERE);
  OUTCRY_CHECK(level.count > 0 && level.visible >= shown);
  level.count -= 1;
  level.visible -= shown;
}

void Kernel::rest(u32 slot) {
  Order& o = orders_[slot];
  Market& m = *market(o.market);
  if (iceberg(o).v > 0) {
    OrderExtra& x = extras_[o.extra];
    x.visible = std::min(x.iceberg, remaining(o));
  }
  join_level(m, slot);
  OUTCRY_CHECK(m.best_bid == 0 || m.best_ask == 0 ||
               levels_[m.best_bid].price < levels_[m.best_ask].price);  // B01
  level_event(m, o.level);
}

// Takes an order out of wherever it waits; off the book that is a LEVEL event.
void Kernel::unplace(u32 slot) {
  Order& o = orders_[slot];
  Market& m = *market(o.market);
  switch (static_cast<OrderPlace>(o.place)) {
    case OrderPlace::BOOK: {
      const u32 level_slot = o.level;
      leave_level(m, slot, level_slot, visible(o));
      u32 touched = level_slot;
      drop_level_if_empty(m, level_slot, touched);
      if (touched != 0) level_event(m, level_slot);
      return;
    }
    case OrderPlace::TRIGGER: {
      const i64 stop = extras_[o.extra].stop.v;
      const std::size_t erased = is_rising(o.side, o.type) ? m.rising.erase({stop, o.priority})
                                                           : m.falling.erase({-stop, o.priority});
      OUTCRY_CHECK(erased == 1);
      accounts_[o.account].algo_orders -= 1;
      break;
    }
    case OrderPlace::TRAILING:
      OUTCRY_CHECK(m.trailing.erase(o.priority) == 1);
      accounts_[o.account].algo_orders -= 1;
      break;
    case OrderPlace::QUEUED:
      dequeue(m, slot);
      break;
    case OrderPlace::NOWHERE:
      OUTCRY_CHECK(false && "an open order waits somewhere between commands");
  }
  o.place = static_cast<u8>(OrderPlace::NOWHERE);
}

// ---- taking

bool Kernel::own(const Order& a, const Order& b) const {
  if (a.account == b.account) return true;
  const std::int32_t group = trade_group(a);
  return !MUTANT(9) && group != 0 && group == trade_group(b);
}

bool Kernel::fillable(Market& m, const Order& o, Ticks limit) const {
  if (MUTANT(5)) return true;
  const auto mode = static_cast<StpMode>(o.stp_mode);
  const bool blocking = mode != StpMode::NONE && mode != StpMode::EXPIRE_MAKER && !MUTANT(4);
  const i64 need = remaining(o).v;
  const u8 other = opposite(o.side);
  i128 have = 0;
  i128 steps = 0;
  for (u32 level_slot = m.best(other); level_slot != 0;) {
    const Level& level = levels_[level_slot];
    if (is_buy(o.side) ? level.price > limit : level.price < limit) break;
    bool blocked = false;
    if (blocking) {
      for (u32 at = level.head; at != 0 && !blocked; at = orders_[at].next) {
        blocked = own(o, orders_[at]);
      }
    }
    for (u32 at = level.head; at != 0; at = orders_[at].next) {
      const Order& maker = orders_[at];
      if (own(o, maker) && blocked) return false;
      if (own(o, maker) && mode == StpMode::EXPIRE_MAKER) {
        steps += 1;
      } else if (blocked) {
        have += visible(maker).v;
        steps += 1;
      } else {
        const i64 open = remaining(maker).v;
        const i64 slice = iceberg(maker).v;
        have += open;
        steps += slice > 0 ? (open - 1) / slice + 1 : 1;
      }
      if (have >= need) return steps <= FOK_STEPS_MAX;
      if (steps > FOK_STEPS_MAX) return false;
    }
    level_slot = m.tree(other).next(level.price, !is_buy(other));
  }
  return false;
}

Lots Kernel::wanted(const Order& o, const Market& m, Ticks price) const {
  if (o.type != static_cast<u8>(OrderType::MARKET) || !budgeted(o)) return remaining(o);
  const i128 lot_value = static_cast<i128>(price.v) * m.row.tick_lot_atoms;
  const i64 budget = extras_[o.extra].budget.v;
  i128 lots = MUTANT(17) ? (budget + lot_value - 1) / lot_value : budget / lot_value;
  if (!by_quote(o)) {
    lots = std::min<i128>(lots, remaining(o).v);
  } else if (!is_buy(o.side)) {
    lots = std::min<i128>(lots, o.hold.v / m.row.lot_atoms);
  }
  return {static_cast<i64>(std::min<i128>(lots, QTY_LOTS_MAX))};
}

// Settles one fill of one order and reports it; true when the order has ended.
bool Kernel::fill(u32 slot, Lots q, Ticks p, Atoms quote, bool maker, i64 trade_id) {
  Order& o = orders_[slot];
  Market& m = *market(o.market);
  const bool buy = is_buy(o.side);
  const u64 home = accounts_[o.account].id & (ACCOUNT_SHARDS - 1);
  const Atoms base = atoms_of(q, m.row.lot_atoms);
  Moves moves;
  moves.paid = buy ? quote : base;
  moves.received = buy ? base : quote;
  const Atoms received_before = buy ? atoms_of(o.executed, m.row.lot_atoms) : o.executed_quote;
  const Atoms role_before = maker ? received_before - o.taker_received : o.taker_received;
  const u32 rate = maker && !MUTANT(2) ? o.maker_rate : o.taker_rate;
  moves.fee = fee_on(rate, role_before + moves.received) - fee_on(rate, role_before);
  o.executed += q;
  o.executed_quote += quote;
  if (!maker) o.taker_received += moves.received;
  OUTCRY_CHECK(o.hold >= moves.paid);
  o.hold -= moves.paid;
  if (budgeted(o)) {
    extras_[o.extra].budget -= quote;
  } else if (buy && !MUTANT(3)) {
    moves.released = notional(worst(o) - p, q, m.row.tick_lot_atoms);
  }
  bool ended;
  if (by_quote(o)) {
    const i128 lot_value = static_cast<i128>(p.v) * m.row.tick_lot_atoms;
    ended = extras_[o.extra].budget.v < lot_value || (!buy && o.hold.v < m.row.lot_atoms);
  } else {
    ended = remaining(o).v == 0;
  }
  if (ended && !MUTANT(3)) moves.released = o.hold;
  OUTCRY_CHECK(o.hold >= moves.released);
  o.hold -= moves.released;
  o.status = static_cast<u8>(ended ? OrderStatus::FILLED : OrderStatus::PARTIALLY_FILLED);
  o.updated_us = time_us_;
  if (MUTANT(3) && ended) o.hold = {};

  Balance& paying = balance(o.account, paid_asset(o, m));
  OUTCRY_CHECK(paying.held >= moves.paid + moves.released);
  paying.held -= moves.paid + moves.released;
  paying.free += moves.released;
  Balance& receiving = balance(o.account, received_asset(o, m));
  receiving.free += moves.received - moves.fee;
  Asset& paid = assets_[paid_asset(o, m)];
  Asset& received = assets_[received_asset(o, m)];
  Pair128& clearing = m.clearing[home];
  (buy ? clearing.quote : clearing.base) += moves.paid.v;
  (buy ? clearing.base : clearing.quote) -= moves.received.v;
  received.fee_by_shard[home] += moves.fee.v;
  paid.users -= moves.paid.v;
  paid.clearing += moves.paid.v;
  received.users += (moves.received - moves.fee).v;
  received.clearing -= moves.received.v;
  received.fees += moves.fee.v;

  moves.match_id = trade_id;
  moves.last_price = p;
  moves.last_lots = q;
  if (maker) moves.extra_flags = static_cast<u16>(OrderFlag::MAKER);
  report<OrderEvent>(o, Execution::TRADE, moves);
  if (ended) remove_order(slot);
  return ended;
}

// Takes q of the maker off its level before it is settled; `gone`: nothing is left of it.
void Kernel::reduce_maker(Market& m, u32 maker, u32 level_slot, Lots q, bool gone) {
  if (gone) return leave_level(m, maker, level_slot, visible(orders_[maker]));
  levels_[level_slot].visible -= q;
  Order& o = orders_[maker];
  if (iceberg(o).v > 0) extras_[o.extra].visible -= q;
}

void Kernel::take(u32 slot) {
  Order& o = orders_[slot];
  Market& m = *market(o.market);
  const bool resumed = has(o.flags, OrderFlag::SWEEPING);
  set_flag(o, OrderFlag::SWEEPING, false);
  o.place = static_cast<u8>(OrderPlace::NOWHERE);
  const bool fok = o.time_in_force == static_cast<u8>(TimeInForce::FOK);
  const Ticks limit = worst(o);
  if (fok && !resumed && !fillable(m, o, limit)) {
    return finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED, Reason::FOK_UNFILLED);
  }
  const u8 other = opposite(o.side);
  u32 touched = 0;
  Cause cause = Cause::BOOK;
  // A spent display slice is refilled at the back of its level's queue.
  const auto refresh = [&](u32 maker_slot, u32 level_slot) {
    Order& maker = orders_[maker_slot];
    if (iceberg(maker).v == 0 || extras_[maker.extra].visible.v > 0) return;
    if (MUTANT(6)) {
      extras_[maker.extra].visible = std::min(iceberg(maker), remaining(maker));
      levels_[level_slot].visible += extras_[maker.extra].visible;
      return;
    }
    leave_level(m, maker_slot, level_slot, {});
    extras_[maker.extra].visible = std::min(iceberg(maker), remaining(maker));
    join_level(m, maker_slot);
  };
  for (;;) {
    const u32 level_slot = m.best(other);
    if (level_slot == 0) break;
    const Ticks price = levels_[level_slot].price;
    if (is_buy(o.side) ? price > limit : price < limit) break;
    if (!fok && used_ + EVENTS_PER_STEP_MAX > EVENT_BUDGET) {
      if (touched != 0) level_event(m, touched);
      return suspend(m, slot);
    }
    const Lots want = wanted(o, m, price);
    if (want.v == 0) {
      cause = Cause::BUDGET;
      break;
    }
    const u32 maker_slot = levels_[level_slot].head;
    Order& maker = orders_[maker_slot];
    if (o.stp_mode != static_cast<u8>(StpMode::NONE) && own(o, maker)) {
      const bool gone = prevention(m, slot, maker_slot, level_slot, want, touched);
      if (levels_[level_slot].head == maker_slot) refresh(maker_slot, level_slot);
      drop_level_if_empty(m, level_slot, touched);
      if (!gone) continue;
      if (touched != 0) level_event(m, touched);
      return;
    }
    const Lots q = std::min(want, visible(maker));
    const Atoms quote = notional(price, q, m.row.tick_lot_atoms);
    const bool maker_gone = q == remaining(maker);
    m.row.trade_id += 1;
    m.row.last_price_ticks = price.v;
    m.low = m.traded ? std::min(m.low, price.v) : price.v;
    m.high = m.traded ? std::max(m.high, price.v) : price.v;
    m.traded = true;
    const i64 minute = time_us_ / 60'000'000;
    PriceBucket& bucket = m.buckets[static_cast<std::size_t>(minute) & 63];
    if (bucket.minute != minute) bucket = {minute, 0, 0};
    bucket.lots += q.v;
    bucket.quote += quote.v;
    TradeEvent& e = emit_market<TradeEvent>(m);
    e.market = o.market;
    e.taker_side = o.side;
    e.trade_id = m.row.trade_id;
    e.price_ticks = price.v;
    e.lots = q.v;
    e.quote_atoms = quote.v;
    const Order& buyer = is_buy(o.side) ? o : maker;
    const Order& seller = is_buy(o.side) ? maker : o;
    e.buy_order_id = buyer.id;
    e.sell_order_id = seller.id;
    e.buy_account_id = accounts_[buyer.account].id;
    e.sell_account_id = accounts_[seller.account].id;
    reduce_maker(m, maker_slot, level_slot, q, maker_gone);
    touched = level_slot;
    const i64 trade_id = m.row.trade_id;
    if (!fill(maker_slot, q, price, quote, true, trade_id)) refresh(maker_slot, level_slot);
    const bool ended = fill(slot, q, price, quote, false, trade_id);
    drop_level_if_empty(m, level_slot, touched);
    if (ended) {
      if (touched != 0) level_event(m, touched);
      return;
    }
  }
  if (touched != 0) level_event(m, touched);
  if (is_priced(o.type)) {
    const bool stays = o.time_in_force != static_cast<u8>(TimeInForce::IOC) || MUTANT(14);
    if (stays) return rest(slot);
    return finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED, Reason::IOC_REMAINDER);
  }
  finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED,
         cause == Cause::BUDGET ? Reason::BUDGET_SPENT : Reason::INSUFFICIENT_LIQUIDITY);
}

// ---- self-trade prevention

// Books what was prevented of one order and reports it; true when the order has ended.
bool Kernel::prevent(u32 slot, Lots lots, Ticks p, bool ends, i64 prevented_id, bool transfer) {
  Order& o = orders_[slot];
  Market& m = *market(o.market);
  const bool buy = is_buy(o.side);
  const Atoms base = atoms_of(lots, m.row.lot_atoms);
  Moves moves;
  OrderExtra& x = extra(o);
  x.prevented += lots;
  if (transfer) {
    const Atoms quote = notional(p, lots, m.row.tick_lot_atoms);
    moves.paid = buy ? quote : base;
    moves.received = buy ? base : quote;
    OUTCRY_CHECK(o.hold >= moves.paid);
    o.hold -= moves.paid;
  }
  if (unit_held(o)) {
    if (buy) {
      moves.released =
          notional(transfer ? worst(o) - p : worst(o), lots, m.row.tick_lot_atoms);
    } else if (!transfer) {
      moves.released = base;
    }
  }
  if (!ends) {
    ends = by_quote(o) ? x.budget.v < static_cast<i128>(p.v) * m.row.tick_lot_atoms ||
                             (!buy && o.hold.v < m.row.lot_atoms)
                       : remaining(o).v == 0;
  }
  if (ends) moves.released = o.hold;
  OUTCRY_CHECK(o.hold >= moves.released);
  o.hold -= moves.released;
  o.updated_us = time_us_;
  if (ends) o.status = static_cast<u8>(OrderStatus::EXPIRED_IN_MATCH);
  Balance& paying = balance(o.account, paid_asset(o, m));
  OUTCRY_CHECK(paying.held >= moves.paid + moves.released);
  paying.held -= moves.paid + moves.released;
  paying.free += moves.released;
  if (transfer) {
    const u64 home = accounts_[o.account].id & (ACCOUNT_SHARDS - 1);
    balance(o.account, received_asset(o, m)).free += moves.received;
    Asset& paid = assets_[paid_asset(o, m)];
    Asset& received = assets_[received_asset(o, m)];
    Pair128& clearing = m.clearing[home];
    (buy ? clearing.quote : clearing.base) += moves.paid.v;
    (buy ? clearing.base : clearing.quote) -= moves.received.v;
    paid.users -= moves.paid.v;
    paid.clearing += moves.paid.v;
    received.users += moves.received.v;
    received.clearing -= moves.received.v;
  }
  moves.match_id = prevented_id;
  moves.last_price = p;
  moves.last_lots = lots;
  OrderEvent& e = report<OrderEvent>(o, Execution::TRADE_PREVENTION, moves);
  if (!ends) return false;
  e.reason = static_cast<u16>(Reason::SELF_TRADE_PREVENTED);
  remove_order(slot);
  return true;
}

bool Kernel::prevention(Market& m, u32 taker_slot, u32 maker_slot, u32 level_slot, Lots want,
                        u32& touched) {
  Order& taker = orders_[taker_slot];
  Order& maker = orders_[maker_slot];
  const Ticks p = levels_[level_slot].price;
  auto mode = static_cast<StpMode>(taker.stp_mode);
  if (MUTANT(10) && mode == StpMode::EXPIRE_MAKER) mode = StpMode::EXPIRE_TAKER;
  const bool both_transfer = maker.stp_mode == taker.stp_mode || MUTANT(21);
  if (mode == StpMode::TRANSFER && (!both_transfer || taker.account == maker.account)) {
    mode = StpMode::DECREMENT;
  }
  const bool shrinks = mode == StpMode::DECREMENT || mode == StpMode::TRANSFER;
  Lots of_taker{};
  Lots of_maker{};
  if (shrinks) {
    of_taker = of_maker = std::min(want, visible(maker));
  } else {
    if (mode != StpMode::EXPIRE_MAKER) of_taker = by_quote(taker) ? want : remaining(taker);
    if (mode != StpMode::EXPIRE_TAKER) of_maker = remaining(maker);
  }
  m.row.prevented_id += 1;
  const i64 id = m.row.prevented_id;
  PreventedEvent& e = emit_market<PreventedEvent>(m);
  e.market = m.row.market;
  e.taker_side = taker.side;
  e.stp_mode = static_cast<u8>(mode);
  e.trade_group = trade_group(taker);
  e.prevented_id = id;
  e.price_ticks = p.v;
  e.taker_order_id = taker.id;
  e.maker_order_id = maker.id;
  e.taker_account_id = accounts_[taker.account].id;
  e.maker_account_id = accounts_[maker.account].id;
  e.taker_prevented_lots = of_taker.v;
  e.maker_prevented_lots = of_maker.v;
  const bool transfer = mode == StpMode::TRANSFER;
  if (of_maker.v > 0) {
    reduce_maker(m, maker_slot, level_slot, of_maker, of_maker == remaining(maker));
    touched = level_slot;
    prevent(maker_slot, of_maker, p, !shrinks, id, transfer);
  }
  if (of_taker.v == 0) return false;
  if (shrinks && budgeted(taker)) {
    extras_[taker.extra].budget -= notional(p, of_taker, m.row.tick_lot_atoms);
  }
  return prevent(taker_slot, of_taker, p, !shrinks, id, transfer);
}

// ---- triggers and continuations

void Kernel::place_trigger(Market& m, u32 slot) {
  Order& o = orders_[slot];
  const OrderExtra& x = extras_[o.extra];
  o.priority = ++m.row.priority;
  accounts_[o.account].algo_orders += 1;
  if (x.trailing_bips > 0) {
    o.place = static_cast<u8>(OrderPlace::TRAILING);
    m.trailing.emplace(o.priority, slot);
    return;
  }
  o.place = static_cast<u8>(OrderPlace::TRIGGER);
  if (is_rising(o.side, o.type)) {
    m.rising.emplace(std::pair{x.stop.v, o.priority}, slot);
  } else {
    m.falling.emplace(std::pair{-x.stop.v, o.priority}, slot);
  }
}

void Kernel::enqueue(Market& m, u32 slot, bool front) {
  Order& o = orders_[slot];
  o.place = static_cast<u8>(OrderPlace::QUEUED);
  o.prev = front ? 0 : m.queue_tail;
  o.next = front ? m.queue_head : 0;
  (o.prev != 0 ? orders_[o.prev].next : m.queue_head) = slot;
  (o.next != 0 ? orders_[o.next].prev : m.queue_tail) = slot;
}

void Kernel::dequeue(Market& m, u32 slot) {
  Order& o = orders_[slot];
  (o.prev != 0 ? orders_[o.prev].next : m.queue_head) = o.next;
  (o.next != 0 ? orders_[o.next].prev : m.queue_tail) = o.prev;
  o.next = o.prev = 0;
}

void Kernel::suspend(Market& m, u32 slot) {
  set_flag(orders_[slot], OrderFlag::SWEEPING, true);
  enqueue(m, slot, !MUTANT(22));
}

void Kernel::evaluate(Market& m) {
  if (!m.traded) return;
  m.traded = false;
  const i64 last = m.row.last_price_ticks;
  const auto trigger = [&](u32 slot) {
    Order& o = orders_[slot];
    set_flag(o, OrderFlag::TRIGGERED, true);
    accounts_[o.account].algo_orders -= 1;
    enqueue(m, slot, false);
  };
  const i64 high = MUTANT(13) ? m.high - 1 : m.high;
  while (!m.rising.empty() && m.rising.begin()->first.first <= high) {
    const u32 slot = m.rising.begin()->second;
    m.rising.erase(m.rising.begin());
    trigger(slot);
  }
  while (!m.falling.empty() && -m.falling.begin()->first.first >= m.low) {
    const u32 slot = m.falling.begin()->second;
    m.falling.erase(m.falling.begin());
    trigger(slot);
  }
  for (auto at = m.trailing.begin(); at != m.trailing.end();) {
    const u32 slot = at->second;
    Order& o = orders_[slot];
    OrderExtra& x = extras_[o.extra];
    bool fires = false;
    if (!has(o.flags, OrderFlag::TRAILING_ACTIVE)) {
      const bool reached = is_rising(o.side, o.type) ? x.stop.v <= m.high : x.stop.v >= m.low;
      if (x.stop.v == 0 || reached) {
        set_flag(o, OrderFlag::TRAILING_ACTIVE, true);
        x.trailing_us = time_us_;
        x.trailing_extreme = {last};
      }
    } else if (is_buy(o.side)) {
      x.trailing_extreme = {std::min(x.trailing_extreme.v, m.low)};
      const i64 product = x.trailing_extreme.v * (MULTIPLIER_ONE + x.trailing_bips);
      fires = last >= (product + MULTIPLIER_ONE - 1) / MULTIPLIER_ONE;
    } else {
      if (!MUTANT(23)) x.trailing_extreme = {std::max(x.trailing_extreme.v, m.high)};
      const i64 product = x.trailing_extreme.v * (MULTIPLIER_ONE - x.trailing_bips);
      fires = last <= product / MULTIPLIER_ONE;
    }
    if (fires) {
      at = m.trailing.erase(at);
      trigger(slot);
    } else {
      ++at;
    }
  }
}

void Kernel::run(Market& m, u32 slot) {
  take(slot);
  evaluate(m);
}

void Kernel::drain(Market& m) {
  while (m.queue_head != 0) {
    const u32 slot = m.queue_head;
    Order& o = orders_[slot];
    const bool sweeping = has(o.flags, OrderFlag::SWEEPING);
    if (m.row.status != static_cast<u8>(MarketStatus::TRADING)) {
      if (!sweeping) return;
      dequeue(m, slot);
      finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED, Reason::EXCHANGE_CANCELED);
      continue;
    }
    if (used_ + EVENTS_PER_STEP_MAX > EVENT_BUDGET) return;
    dequeue(m, slot);
    o.place = static_cast<u8>(OrderPlace::NOWHERE);
    if (!sweeping) {
      set_flag(o, OrderFlag::WORKING, true);
      o.updated_us = time_us_;
      extras_[o.extra].working_us = time_us_;
      report<OrderEvent>(o, Execution::TRIGGERED, {});
    }
    run(m, slot);
  }
}

}  // namespace outcry
