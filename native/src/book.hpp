// Putting orders into the tables and books, and taking them out again.
#pragma once
#include "events.hpp"

namespace outcry {

inline void Kernel::link_order(u32 slot, Order& o, Account& a, u64 client) {
  if (a.lists == 0 && a.orders == Account::NEAR_ORDERS) [[unlikely]] start_list(a);
  if (a.lists == 0) {
    a.near_orders[a.orders] = {slot, static_cast<u32>(client)};
  } else {
    append_to_list(a, slot, o, client);
  }
  a.orders += 1;
  if (o.extra != 0 && extras_[o.extra].iceberg.v > 0) a.iceberg_orders += 1;
  orders_by_id_.insert(order_hash(o.id), slot);
}

inline void Kernel::append_to_list(Account& a, u32 slot, Order& o, u64 client) {
  const u32 last = a.last_order();
  o.account_prev = last;
  o.account_next = 0;
  (last != 0 ? orders_[last].account_next : a.first_order()) = slot;
  a.last_order() = slot;
  orders_by_client_.insert(client, slot);
}

inline void Kernel::take_from_list(Account& a, u32 slot, Order& o) {
  (o.account_prev != 0 ? orders_[o.account_prev].account_next : a.first_order()) = o.account_next;
  (o.account_next != 0 ? orders_[o.account_next].account_prev : a.last_order()) = o.account_prev;
  orders_by_client_.erase(client_hash(a.id, o.market, o.client_id.data()), slot);
  if (a.orders == 0) a.lists = 0;
}

inline void Kernel::release_all(Order& o, Balance* paying, Moves& moves) {
  moves.released = o.hold;
  if (o.hold.v == 0) return;
  OUTCRY_CHECK(paying != nullptr && paying->held >= o.hold);
  paying->held -= o.hold;
  if (!MUTANT(7)) paying->free += o.hold;
  o.hold = {};
}

inline void Kernel::remove_order(u32 slot, Order& o, Account& a) {
  OUTCRY_CHECK(o.hold.v == 0 && a.orders > 0);
  a.orders -= 1;
  if (a.lists != 0) {
    take_from_list(a, slot, o);
  } else {
    // Those behind it move up; without a branch, for nobody can guess where it stood.
    bool found = false;
    for (u32 i = 0; i + 1 < Account::NEAR_ORDERS; ++i) {
      found |= a.near_orders[i].slot == slot;
      a.near_orders[i] = a.near_orders[i + static_cast<u32>(found)];
    }
    OUTCRY_CHECK(found || a.near_orders[Account::NEAR_ORDERS - 1].slot == slot);
  }
  orders_by_id_.erase(order_hash(o.id), slot);
  if (o.extra != 0) {
    if (extras_[o.extra].iceberg.v > 0) a.iceberg_orders -= 1;
    extras_.give(o.extra);
  }
  o.id = 0;  // tells a free slot from an order, for whoever walks them all
  orders_.give(slot);
}

inline bool Kernel::drop_if_empty(Market& m, Level& level, u32 level_slot) {
  if (level.count != 0) return false;
  OUTCRY_CHECK(level.visible.v == 0);
  level_event(m, level);
  PriceTree& tree = m.tree(level.side);
  u32& best = m.best(level.side);
  if (best == level_slot) {
    best = tree.next(level.price, !is_buy(level.side));
    prefetch_head(m, level.side);
  }
  tree.erase(level.price);
  levels_.give(level_slot);
  return true;
}

// Puts an order at the back of the queue at its price; the level's visible lots grow by its own.
inline Level& Kernel::join_level(Market& m, u32 slot, Order& o) {
  PriceTree& tree = m.tree(o.side);
  u32 level_slot = tree.find(o.price);
  if (level_slot == 0) {
    level_slot = levels_.take_raw();
    levels_[level_slot] = {.head = 0, .tail = 0, .count = 0, .market = o.market, .side = o.side,
                           .pad = 0, .price = o.price, .visible = {}};
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
  return level;
}

inline void Kernel::leave_level(Order& o, Level& level, Lots shown) {
  (o.prev != 0 ? orders_[o.prev].next : level.head) = o.next;
  (o.next != 0 ? orders_[o.next].prev : level.tail) = o.prev;
  o.next = o.prev = 0;
  o.level = 0;
  o.place = static_cast<u8>(OrderPlace::NOWHERE);
  OUTCRY_CHECK(level.count > 0 && level.visible >= shown);
  level.count -= 1;
  level.visible -= shown;
}

inline void Kernel::rest(Market& m, u32 slot, Order& o) {
  if (o.extra != 0 && extras_[o.extra].iceberg.v > 0) {
    OrderExtra& x = extras_[o.extra];
    x.visible = std::min(x.iceberg, remaining(o));
  }
  const Level& level = join_level(m, slot, o);
  OUTCRY_CHECK(m.best(Side::BUY) == 0 || m.best(Side::SELL) == 0 ||
               levels_[m.best(Side::BUY)].price < levels_[m.best(Side::SELL)].price);  // B01
  level_event(m, level);
}

}  // namespace outcry
