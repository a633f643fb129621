// The market side and settlement: taking, self-trade prevention, books, triggers, continuations.
#include <algorithm>
#include <cstring>
#include <optional>

#include "book.hpp"

namespace outcry {

// An account that comes to have many orders: they move into a list and into the table of client ids.
void Kernel::start_list(Account& a) {
  std::array<NearOrder, Account::NEAR_ORDERS> near;
  std::copy_n(a.near_orders, near.size(), near.begin());
  a.lists = 1;
  a.first_order() = a.last_order() = 0;
  for (const NearOrder& n : near) {
    Order& o = orders_[n.slot];
    append_to_list(a, n.slot, o, client_hash(a.id, o.market, o.client_id.data()));
  }
}

void Kernel::rename(Account& a, u32 slot, Order& o, const char* id) {
  if (a.lists != 0) orders_by_client_.erase(client_hash(o), slot);
  std::memcpy(o.client_id.data(), id, CLIENT_ID_BYTES);
  if (a.lists != 0) return orders_by_client_.insert(client_hash(o), slot);
  for (u32 i = 0; i < a.orders; ++i) {
    if (a.near_orders[i].slot == slot) a.near_orders[i].tag = static_cast<u32>(client_hash(o));
  }
}

OrderExtra& Kernel::extra(Order& o) {
  if (o.extra == 0) {
    o.extra = extras_.take();
    OrderExtra& x = extras_[o.extra];
    x.updated_us = x.working_us = o.created_us;
  }
  return extras_[o.extra];
}

void Kernel::finish(u32 slot, OrderStatus status, Execution execution, Reason reason) {
  Order& o = orders_[slot];
  if (apart_ != nullptr) [[unlikely]] {
    return finish_apart(*market(o.market), slot, status, execution, reason);
  }
  Party ending = party(slot, *market(o.market));
  o.status = static_cast<u8>(status);
  Moves moves;
  moves.reason = reason;
  release_all(o, ending.purse.paid(is_buy(o.side)), moves);
  report<OrderEvent>(o, ending.account, ending.purse, execution, filled(o), moves);
  remove_order(slot, o, ending.account);
}

// ---- books

// Takes an order out of wherever it waits; off the book that is a LEVEL event.
void Kernel::unplace(Market& m, u32 slot, Order& o) {
  switch (static_cast<OrderPlace>(o.place)) {
    case OrderPlace::BOOK: {
      const u32 level_slot = o.level;
      Level& level = levels_[level_slot];
      leave_level(o, level, visible(o));
      if (!drop_if_empty(m, level, level_slot)) level_event(m, level);
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
  return {static_cast<i64>(lots)};
}

// Posts what one side of a match moves: paid to the clearing, received from it, the fee to the house.
void Kernel::settle(Party& party, Market& m, const Moves& moves) {
  const bool buy = is_buy(party.order.side);
  const u16 paid_asset = buy ? m.row.quote_asset : m.row.base_asset;
  const u16 received_asset = buy ? m.row.base_asset : m.row.quote_asset;
  Balance* paying = party.purse.paid(buy);
  Balance*& receiving = party.purse.received(buy);
  if (receiving == nullptr) receiving = &balance(party.account, received_asset);
  OUTCRY_CHECK(paying != nullptr && paying->held >= moves.paid + moves.released);
  paying->held -= moves.paid + moves.released;
  paying->free += moves.released;
  receiving->free += moves.received - moves.fee;
  Asset& paid = assets_[paid_asset];
  Asset& received = assets_[received_asset];
  const u64 home = party.account.id & (ACCOUNT_SHARDS - 1);
  Pair128& clearing = m.clearing[home];
  (buy ? clearing.quote : clearing.base) += moves.paid.v;
  (buy ? clearing.base : clearing.quote) -= moves.received.v;
  received.fee_by_shard[home] += moves.fee.v;
  paid.users -= moves.paid.v;
  paid.clearing += moves.paid.v;
  received.users += (moves.received - moves.fee).v;
  received.clearing -= moves.received.v;
  received.fees += moves.fee.v;
}

// Settles one fill of one order and reports it; true when the order has ended.
template <bool maker>
bool Kernel::fill(Party& party, Market& m, Lots q, Ticks p, Atoms quote) {
  Order& o = party.order;
  const bool buy = is_buy(o.side);
  const Atoms base = atoms_of(q, m.row.lot_atoms);
  Filled filled = this->filled(o);
  Moves moves;
  moves.paid = buy ? quote : base;
  moves.received = buy ? base : quote;
  const Atoms received_before =
      buy ? atoms_of(filled.executed, m.row.lot_atoms) : filled.executed_quote;
  const Atoms role_before = maker ? received_before - filled.taker_received : filled.taker_received;
  const u32 rate = maker && !MUTANT(2) ? o.maker_rate : o.taker_rate;
  moves.fee = fee_on(rate, role_before + moves.received);
  if (role_before.v != 0) moves.fee -= fee_on(rate, role_before);
  filled.executed += q;
  filled.executed_quote += quote;
  if (!maker) filled.taker_received += moves.received;
  OUTCRY_CHECK(o.hold >= moves.paid);
  o.hold -= moves.paid;
  const bool by_budget = budgeted(o);
  if (by_budget) {
    extras_[o.extra].budget -= quote;
  } else if (buy && !MUTANT(3)) {
    moves.released = notional(worst(o) - p, q, m.row.tick_lot_atoms);
  }
  bool ended;
  if (by_budget && by_quote(o)) {
    const i128 lot_value = static_cast<i128>(p.v) * m.row.tick_lot_atoms;
    ended = extras_[o.extra].budget.v < lot_value || (!buy && o.hold.v < m.row.lot_atoms);
  } else {
    ended = remaining(o) == q;  // as it was before this fill
  }
  if (ended && !MUTANT(3)) moves.released = o.hold;
  OUTCRY_CHECK(o.hold >= moves.released);
  o.hold -= moves.released;
  o.status = static_cast<u8>(ended ? OrderStatus::FILLED : OrderStatus::PARTIALLY_FILLED);
  if (MUTANT(3) && ended) o.hold = {};
  if (!ended) {
    OrderExtra& x = extra(o);
    x.filled = filled;
    x.updated_us = time_us_;
  }
  settle(party, m, moves);
  moves.match_id = m.row.trade_id;
  moves.last_price = p;
  moves.last_lots = q;
  if (maker) moves.extra_flags = static_cast<u16>(OrderFlag::MAKER);
  report<OrderEvent>(o, party.account, party.purse, Execution::TRADE, filled, moves);
  if (ended) remove_order(party.slot, o, party.account);
  return ended;
}

// Takes q of the maker off its level before it is settled; `gone`: nothing is left of it.
void Kernel::reduce_maker(Order& maker, Level& level, Lots q, bool gone) {
  if (gone) return leave_level(maker, level, visible(maker));
  level.visible -= q;
  if (iceberg(maker).v > 0) extras_[maker.extra].visible -= q;
}

// A spent display slice is refilled at the back of its level's queue.
void Kernel::refresh(Market& m, u32 maker_slot, u32 level_slot) {
  Order& maker = orders_[maker_slot];
  if (iceberg(maker).v == 0 || extras_[maker.extra].visible.v > 0) return;
  if (MUTANT(6)) {
    extras_[maker.extra].visible = std::min(iceberg(maker), remaining(maker));
    levels_[level_slot].visible += extras_[maker.extra].visible;
    return;
  }
  leave_level(maker, levels_[level_slot], {});
  extras_[maker.extra].visible = std::min(iceberg(maker), remaining(maker));
  join_level(m, maker_slot, maker);
}

// Counts a trade in the market's figures and reports it.
void Kernel::book_trade(Market& m, const Party& taker, const Party& maker, Lots q, Ticks p,
                        Atoms quote) {
  m.row.trade_id += 1;
  m.row.last_price_ticks = p.v;
  m.low = m.traded ? std::min(m.low, p.v) : p.v;
  m.high = m.traded ? std::max(m.high, p.v) : p.v;
  m.traded = true;
  m.fence.until_us = 0;
  const i64 minute = time_us_ / MINUTE_US;
  PriceBucket& bucket = m.buckets[static_cast<std::size_t>(minute) & 63];
  if (bucket.minute != minute) bucket = {minute, 0, 0};
  bucket.lots += q.v;
  bucket.quote += quote.v;
  TradeEvent& e = emit_bare<TradeEvent>(
      static_cast<u32>(EntityKind::MARKET) << 24 | m.row.market, m.row.entity_seq);
  const bool buys = is_buy(taker.order.side);
  const Party& buyer = buys ? taker : maker;
  const Party& seller = buys ? maker : taker;
  put_word(&e.market, m.row.market | u64{taker.order.side} << 16, 0);
  e.trade_id = m.row.trade_id;
  e.price_ticks = p.v;
  e.lots = q.v;
  e.quote_atoms = quote.v;
  e.buy_order_id = buyer.order.id;
  e.sell_order_id = seller.order.id;
  e.buy_account_id = buyer.account.id;
  e.sell_account_id = seller.account.id;
}

void Kernel::take(Market& m, u32 slot) {
  Order& o = orders_[slot];
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
  std::optional<Party> taker;  // looked up when there is a match
  for (;;) {
    const u32 level_slot = m.best(other);
    if (level_slot == 0) break;
    Level& level = levels_[level_slot];
    const Ticks price = level.price;
    if (is_buy(o.side) ? price > limit : price < limit) break;
    if (!fok && used_ + EVENTS_PER_STEP_MAX > EVENT_BUDGET) {
      if (touched != 0) level_event(m, levels_[touched]);
      return suspend(m, slot);
    }
    const Lots want = wanted(o, m, price);
    if (want.v == 0) {
      cause = Cause::BUDGET;
      break;
    }
    const u32 maker_slot = level.head;
    bool gone;
    if (o.stp_mode != static_cast<u8>(StpMode::NONE) && own(o, orders_[maker_slot])) {
      gone = prevention(m, slot, maker_slot, level_slot, want, touched);
      if (level.head == maker_slot) refresh(m, maker_slot, level_slot);
    } else {
      if (!taker) taker.emplace(party(slot, m));
      gone = trade(m, *taker, maker_slot, level_slot, level, want);
      touched = level_slot;
    }
    if (drop_if_empty(m, level, level_slot)) touched = 0;
    if (!gone) continue;
    if (touched != 0) level_event(m, levels_[touched]);
    return;
  }
  if (touched != 0) level_event(m, levels_[touched]);
  stop_taking(m, slot, cause);
}

// One trade with the order at the head of a level; true when the taker has ended.
bool Kernel::trade(Market& m, Party& taker, u32 maker_slot, u32 level_slot, Level& level,
                   Lots want) {
  prefetch_after(orders_[maker_slot]);
  Party maker = party(maker_slot, m);
  const Ticks price = level.price;
  const Lots q = std::min(want, visible(maker.order));
  const Atoms quote = notional(price, q, m.row.tick_lot_atoms);
  book_trade(m, taker, maker, q, price, quote);
  reduce_maker(maker.order, level, q, q == remaining(maker.order));
  if (apart_ != nullptr) [[unlikely]] {
    if (!fill_apart(maker, m, q, price, quote, true)) refresh(m, maker_slot, level_slot);
    return fill_apart(taker, m, q, price, quote, false);
  }
  if (!fill<true>(maker, m, q, price, quote)) refresh(m, maker_slot, level_slot);
  return fill<false>(taker, m, q, price, quote);
}

// What becomes of an order when there is nothing more to take for it.
void Kernel::stop_taking(Market& m, u32 slot, Cause cause) {
  Order& o = orders_[slot];
  if (!is_priced(o.type)) {
    return finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED,
                  cause == Cause::BUDGET ? Reason::BUDGET_SPENT : Reason::INSUFFICIENT_LIQUIDITY);
  }
  if (o.time_in_force != static_cast<u8>(TimeInForce::IOC) || MUTANT(14)) return rest(m, slot, o);
  finish(slot, OrderStatus::EXPIRED, Execution::EXPIRED, Reason::IOC_REMAINDER);
}

// ---- self-trade prevention

// Books what was prevented of one order and reports it; true when the order has ended.
bool Kernel::prevent(Market& m, u32 slot, Lots lots, Ticks p, bool ends, const Prevention& match) {
  if (apart_ != nullptr) [[unlikely]] return prevent_apart(m, slot, lots, p, ends, match);
  const bool transfer = match.mode == StpMode::TRANSFER;
  Party party = this->party(slot, m);
  Order& o = party.order;
  const bool buy = is_buy(o.side);
  // Not for an order by quote, whose prevented lots no balance bounds.
  const auto base = [&] { return atoms_of(lots, m.row.lot_atoms); };
  Moves moves;
  OrderExtra& x = extra(o);
  x.prevented += lots;
  if (transfer) {
    const Atoms quote = notional(p, lots, m.row.tick_lot_atoms);
    moves.paid = buy ? quote : base();
    moves.received = buy ? base() : quote;
    OUTCRY_CHECK(o.hold >= moves.paid);
    o.hold -= moves.paid;
  }
  if (unit_held(o)) {
    if (buy) {
      moves.released =
          notional(transfer ? worst(o) - p : worst(o), lots, m.row.tick_lot_atoms);
    } else if (!transfer) {
      moves.released = base();
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
  x.updated_us = time_us_;
  if (ends) o.status = static_cast<u8>(OrderStatus::EXPIRED_IN_MATCH);
  if (transfer) {
    settle(party, m, moves);
  } else {
    Balance* paying = party.purse.paid(buy);
    OUTCRY_CHECK(paying != nullptr && paying->held >= moves.released);
    paying->held -= moves.released;
    paying->free += moves.released;
  }
  moves.match_id = match.id;
  moves.last_price = p;
  moves.last_lots = lots;
  if (ends) moves.reason = Reason::SELF_TRADE_PREVENTED;
  report<OrderEvent>(o, party.account, party.purse, Execution::TRADE_PREVENTION, filled(o), moves);
  if (ends) remove_order(slot, o, party.account);
  return ends;
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
  const Prevention match{.id = m.row.prevented_id,
                         .mode = mode,
                         .trade_group = trade_group(taker),
                         .taker_order = taker.id,
                         .maker_order = maker.id,
                         .taker_account = accounts_[taker.account].id,
                         .maker_account = accounts_[maker.account].id,
                         .of_taker = of_taker,
                         .of_maker = of_maker};
  PreventedEvent& e = emit_market<PreventedEvent>(m);
  e.market = m.row.market;
  e.taker_side = taker.side;
  e.stp_mode = static_cast<u8>(mode);
  e.trade_group = match.trade_group;
  e.prevented_id = match.id;
  e.price_ticks = p.v;
  e.taker_order_id = match.taker_order;
  e.maker_order_id = match.maker_order;
  e.taker_account_id = match.taker_account;
  e.maker_account_id = match.maker_account;
  e.taker_prevented_lots = of_taker.v;
  e.maker_prevented_lots = of_maker.v;
  if (of_maker.v > 0) {
    reduce_maker(maker, levels_[level_slot], of_maker, of_maker == remaining(maker));
    touched = level_slot;
    prevent(m, maker_slot, of_maker, p, !shrinks, match);
  }
  if (of_taker.v == 0) return false;
  if (shrinks && budgeted(taker)) {
    extras_[taker.extra].budget -= notional(p, of_taker, m.row.tick_lot_atoms);
  }
  return prevent(m, taker_slot, of_taker, p, !shrinks, match);
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
        if (apart_ != nullptr) [[unlikely]] {
          // Bounded by the trailing orders of a market, not by the budget.
          post_answer(m, o.id, Answers::TRAILING_STARTED);
          --used_;
        }
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
  take(m, slot);
  if (m.traded) evaluate(m);
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
      OrderExtra& x = extras_[o.extra];
      x.working_us = x.updated_us = time_us_;
      if (apart_ != nullptr) [[unlikely]] {
        post_answer(m, o.id, Answers::WORKING, Execution::TRIGGERED);
      } else {
        const Party triggered = party(slot, m);
        report<OrderEvent>(o, triggered.account, triggered.purse, Execution::TRIGGERED, filled(o),
                           {});
      }
    }
    run(m, slot);
  }
}

}  // namespace outcry
