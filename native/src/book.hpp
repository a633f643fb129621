// Putting orders into the tables and books, and taking them out again.
#pragma once
#include "events.hpp"

namespace outcry {

inline void Kernel::link_order(u32 slot, u64 client) {
  Order& o = orders_[slot];
  Account& a = accounts_[o.account];
  o.account_prev = a.last_order;
  o.account_next = 0;
  (a.last_order != 0 ? orders_[a.last_order].account_next : a.first_order) = slot;
  a.last_order = slot;
  a.orders += 1;
  if (iceberg(o).v > 0) a.iceberg_orders += 1;
  orders_by_id_.insert(spread(static_cast<u64>(o.id)), slot);
  orders_by_client_.insert(client, slot);
}

inline void Kernel::release_all(Order& o, Balance* paying, Moves& moves) {
  moves.released = o.hold;
  if (o.hold.v == 0) return;
  OUTCRY_CHECK(paying != nullptr && paying->held >= o.hold);
  paying->held -= o.hold;
  if (!MUTANT(7)) paying->free += o.hold;
  o.hold = {};
}

inline void Kernel::remove_order(u32 slot) {
  Order& o = orders_[slot];
  OUTCRY_CHECK(o.hold.v == 0);
  Account& a = accounts_[o.account];
  (o.account_prev != 0 ? orders_[o.account_prev].account_next : a.first_order) = o.account_next;
  (o.account_next != 0 ? orders_[o.account_next].account_prev : a.last_order) = o.account_prev;
  a.orders -= 1;
  orders_by_id_.erase(spread(static_cast<u64>(o.id)), slot);
  orders_by_client_.erase(client_hash(a.id, o.market, o.client_id.data()), slot);
  if (o.extra != 0) {
    if (extras_[o.extra].iceberg.v > 0) a.iceberg_orders -= 1;
    extras_.give(o.extra);
  }
  orders_.give(slot);
}

inline void Kernel::drop_level_if_empty(Market& m, u32 level_slot, u32& touched) {
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
inline void Kernel::join_level(Market& m, u32 slot) {
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

inline void Kernel::leave_level(Market& m, u32 slot, u32 level_slot, Lots shown) {
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

inline void Kernel::rest(Market& m, u32 slot) {
  Order& o = orders_[slot];
  if (iceberg(o).v > 0) {
    OrderExtra& x = extras_[o.extra];
    x.visible = std::min(x.iceberg, remaining(o));
  }
  join_level(m, slot);
  OUTCRY_CHECK(m.best_bid == 0 || m.best_ask == 0 ||
               levels_[m.best_bid].price < levels_[m.best_ask].price);  // B01
  level_event(m, o.level);
}

}  // namespace outcry
