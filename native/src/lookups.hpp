// What nearly every command asks: the arithmetic of one order, and look-ups by id.
#pragma once
#include "kernel.hpp"

namespace outcry {

template <class C>
const char* raw(const C& c) {
  return reinterpret_cast<const char*>(&c);
}

// Whether a cancel that wants its order in one state alone finds it in another.
inline bool restricted(u8 restriction, u8 status) {
  const auto wanted = static_cast<CancelRestriction>(restriction);
  return (wanted == CancelRestriction::ONLY_NEW && status != static_cast<u8>(OrderStatus::NEW)) ||
         (wanted == CancelRestriction::ONLY_PARTIALLY_FILLED &&
          status != static_cast<u8>(OrderStatus::PARTIALLY_FILLED));
}

// ---- arithmetic of one order

inline bool Kernel::by_quote(const Order& o) const {
  return o.type == static_cast<u8>(OrderType::MARKET) && extras_[o.extra].quote_order.v > 0;
}
inline bool Kernel::budgeted(const Order& o) const {
  return o.type == static_cast<u8>(OrderType::MARKET) && (is_buy(o.side) || by_quote(o));
}
inline bool Kernel::unit_held(const Order& o) const { return !budgeted(o); }
inline Ticks Kernel::worst(const Order& o) const {
  return is_priced(o.type) ? o.price : extras_[o.extra].worst;
}
inline Filled Kernel::filled(const Order& o) const {
  return o.extra == 0 ? Filled{} : extras_[o.extra].filled;
}
inline Lots Kernel::remaining(const Order& o) const {
  if (o.extra == 0) return o.qty;
  const OrderExtra& x = extras_[o.extra];
  return o.qty - x.filled.executed - x.prevented;
}
inline Lots Kernel::iceberg(const Order& o) const {
  return o.extra == 0 ? Lots{} : extras_[o.extra].iceberg;
}
inline Lots Kernel::visible(const Order& o) const {
  return iceberg(o).v > 0 ? extras_[o.extra].visible : remaining(o);
}
inline std::int32_t Kernel::trade_group(const Order& o) const {
  return o.extra == 0 ? 0 : extras_[o.extra].trade_group;
}
inline void Kernel::set_flag(Order& o, OrderFlag flag, bool on) {
  const u8 bit = static_cast<u8>(flag);
  o.flags = static_cast<u8>(on ? o.flags | bit : o.flags & ~bit);
}
inline u16 Kernel::paid_asset(const Order& o, const Market& m) const {
  return is_buy(o.side) ? m.row.quote_asset : m.row.base_asset;
}
inline u16 Kernel::received_asset(const Order& o, const Market& m) const {
  return is_buy(o.side) ? m.row.base_asset : m.row.quote_asset;
}

// Whether an order at a market elsewhere is conditional and not triggered yet.
inline bool Kernel::waits(const Order& o) const {
  return o.place == static_cast<u8>(OrderPlace::REMOTE) && is_conditional(o.type) &&
         !has(o.flags, OrderFlag::TRIGGERED);
}

// ---- look-ups of every command

inline i64 Kernel::next_order_id(u64 account_id) const {
  const u64 home = account_id & (ACCOUNT_SHARDS - 1);
  return static_cast<i64>((shards_[home].order_counter + 1) << SHARD_BITS | home);
}

// The orders of a shard are numbered one after the other; they are kept side by side, so that what was
// placed of late lies together. The last bit of the number tells the two of a place apart.
inline u64 Kernel::order_hash(i64 id) {
  const u32 number = static_cast<u32>(id >> SHARD_BITS);
  const u32 shard = static_cast<u32>(id & (ACCOUNT_SHARDS - 1));
  const u32 place = shard * 0x9E3779B1U + (number >> 1);
  return (place & 0x7FFFFFFF) | number << 31;
}

// Client order ids are made by users: the constants have bytes that no legal id has, so that no
// factor can be made zero.
inline u64 Kernel::client_hash(u64 account_id, u16 market, const char* id) {
  const u64 first = fold(Lanes::word(id) ^ 0x9E3779B97F4A7C15ULL,
                         Lanes::word(id + 8) ^ 0xBF58476D1CE4E5B9ULL);
  const u64 second = fold(Lanes::word(id + 16) ^ 0x94D049BB133111EBULL,
                          Lanes::word(id + 24) ^ 0xD6E8FEB86659FD93ULL);
  static_assert(CLIENT_ID_BYTES == 36);
  const u64 last = Lanes::word(id + 28) ^ 0xA0761D6478BD642FULL;
  return fold(first ^ second ^ (account_id << 13 ^ market), last);
}

inline u32 Kernel::find_account(u64 id) const {
  return accounts_by_id_.find(spread(id), [&](u32 slot) { return accounts_[slot].id == id; });
}
inline u32 Kernel::find_order_slot(i64 id) const {
  return orders_by_id_.find(order_hash(id), [&](u32 slot) { return orders_[slot].id == id; });
}
inline u32 Kernel::find_client(const Account& a, u16 market_id, const char* id, u64 hash) const {
  const auto same = [&](u32 slot) {
    const Order& o = orders_[slot];
    return o.market == market_id && std::memcmp(o.client_id.data(), id, CLIENT_ID_BYTES) == 0;
  };
  if (a.lists != 0) {
    return orders_by_client_.find(
        hash, [&](u32 slot) { return &accounts_[orders_[slot].account] == &a && same(slot); });
  }
  u32 hits = 0;
  for (u32 i = 0; i < Account::NEAR_ORDERS; ++i) {
    hits |= static_cast<u32>(a.near_orders[i].tag == static_cast<u32>(hash)) << i;
  }
  for (hits &= (1U << a.orders) - 1; hits != 0; hits &= hits - 1) {
    const u32 slot = a.near_orders[std::countr_zero(hits)].slot;
    if (same(slot)) return slot;
  }
  return 0;
}
template <class F>
void Kernel::each_order(const Account& a, F call) const {
  if (a.lists != 0) {
    for (u32 slot = a.near_orders[0].slot; slot != 0; slot = orders_[slot].account_next) call(slot);
  } else {
    for (u32 i = 0; i < a.orders; ++i) call(a.near_orders[i].slot);
  }
}
inline Purse Kernel::purse(const Account& a, const Market& m) {
  Purse found;
  const auto look = [&](u16 asset, const Balance& b) {
    if (asset == m.row.base_asset) found.base = const_cast<Balance*>(&b);
    if (asset == m.row.quote_asset) found.quote = const_cast<Balance*>(&b);
  };
  for (u32 i = 0; i < Account::NEAR_BALANCES; ++i) look(a.near_assets[i], a.near_balances[i]);
  for (u32 slot = a.far_balances; slot != 0; slot = balances_[slot].next) {
    look(balances_[slot].asset, balances_[slot].money);
  }
  return found;
}
template <class F>
void Kernel::each_balance(const Account& a, F call) const {
  std::array<u32, Account::NEAR_BALANCES> near{};
  u32 count = 0;
  for (u32 i = 0; i < Account::NEAR_BALANCES && a.near_assets[i] != 0; ++i) {
    u32 at = count++;
    for (; at > 0 && a.near_assets[near[at - 1]] > a.near_assets[i]; --at) near[at] = near[at - 1];
    near[at] = i;
  }
  u32 next = 0;
  const auto call_below = [&](u32 asset) {
    for (; next < count && a.near_assets[near[next]] < asset; ++next) {
      call(a.near_assets[near[next]], a.near_balances[near[next]]);
    }
  };
  for (u32 slot = a.far_balances; slot != 0; slot = balances_[slot].next) {
    call_below(balances_[slot].asset);
    call(balances_[slot].asset, balances_[slot].money);
  }
  call_below(ASSETS_MAX + 1);
}
// Whoever stands first at the best price is met next, by this taker or another.
inline void Kernel::prefetch_head(Market& m, u8 side) const {
  if (!far_ || m.best(side) == 0) return;
  orders_.prefetch(levels_[m.best(side)].head);
}
// Behind a maker stands the next one; its row came when the one before was met.
inline void Kernel::prefetch_after(const Order& maker) const {
  if (!far_ || maker.next == 0) return;
  const Order& next = orders_[maker.next];
  accounts_.prefetch(next.account);
  orders_by_id_.prefetch(order_hash(next.id));
  if (next.next != 0) orders_.prefetch(next.next);
}
inline void Kernel::prefetch_orders(const Account& a) const {
  for (u32 i = 0; i < (a.lists != 0 ? 1 : a.orders); ++i) orders_.prefetch(a.near_orders[i].slot);
}
inline Party Kernel::party(u32 slot, const Market& m) {
  Order& o = orders_[slot];
  Account& a = accounts_[o.account];
  return {slot, o, a, purse(a, m)};
}

}  // namespace outcry
