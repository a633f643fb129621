// Writing events.
#pragma once
#include "lookups.hpp"

namespace outcry {

template <class E>
E& Kernel::emit(u32 entity, u64& counter) {
  E& event = events_.append<E>();
  event.index = index_++;
  event.command = command_;
  event.partition = partition_;
  event.entity = entity;
  event.seq = seq_;
  event.entity_seq = ++counter;
  event.time_us = time_us_;
  ++used_;
  return event;
}
// Two fields at a time: whoever reads a word that was written in halves waits for both to settle, and
// the hash reads words.
inline void put_word(void* at, u64 low, u64 high, int bits = 32) {
  const u64 word = low | high << bits;
  std::memcpy(at, &word, sizeof(word));
}

// A client order id and the four bytes of padding behind it.
inline void put_client_id(char* at, const char* id) {
  u32 last;
  std::memcpy(at, id, 32);
  std::memcpy(&last, id + 32, sizeof(last));
  put_word(at + 32, last, 0);
}

template <class E>
[[gnu::always_inline]] inline E& Kernel::emit_bare(u32 entity, u64& counter) {
  E& event = *reinterpret_cast<E*>(events_.extend(sizeof(E)));
  put_word(&event.size, u64{E::SIZE} | u64{E::KIND} << 16 | u64{1} << 24, index_++);
  static_assert(offsetof(E, partition) == offsetof(E, command) + 4);
  put_word(&event.command, command_, partition_);
  put_word(&event.entity, entity, 0);
  event.seq = seq_;
  event.entity_seq = ++counter;
  event.time_us = time_us_;
  ++used_;
  return event;
}

template <class E>
E& Kernel::emit_shard(u64 account_id) {
  const u32 index = static_cast<u32>(account_id & (ACCOUNT_SHARDS - 1));
  shards_[index].known = true;
  return emit<E>(static_cast<u32>(EntityKind::SHARD) << 24 | index, shards_[index].entity_seq);
}
template <class E>
E& Kernel::emit_market(Market& m) {
  return emit<E>(static_cast<u32>(EntityKind::MARKET) << 24 | m.row.market, m.row.entity_seq);
}
template <class E>
E& Kernel::emit_partition() {
  return emit<E>(0, entity_seq_);
}

// The events of orders make up most of what the kernel writes: each field is written once, in place,
// and what lies together is copied together. Inlined, so that what a caller does not move is a zero.
template <class E>
[[gnu::always_inline]] inline void Kernel::report(const Order& o, const Account& a,
                                                  const Purse& purse, Execution execution,
                                                  const Filled& filled, const Moves& moves,
                                                  const char* request_id) {
  static constexpr OrderExtra PLAIN{};
  const OrderExtra& x = o.extra != 0 ? extras_[o.extra] : PLAIN;
  const u32 home = static_cast<u32>(a.id & (ACCOUNT_SHARDS - 1));
  Shard& shard = shards_[home];
  shard.known = true;
  E& e = emit_bare<E>(static_cast<u32>(EntityKind::SHARD) << 24 | home, shard.entity_seq);
  e.account_id = a.id;
  e.order_id = o.id;
  static_assert(offsetof(E, execution) == offsetof(E, market) + 7);
  static_assert(offsetof(Order, place) == offsetof(Order, market) + 7);
  u64 kinds;
  std::memcpy(&kinds, &o.market, sizeof(kinds));
  put_word(&e.market, kinds << 8 >> 8, static_cast<u64>(execution), 56);
  const u64 flags = (o.flags & ~static_cast<u32>(OrderFlag::SWEEPING)) | moves.extra_flags;
  put_word(&e.reason, static_cast<u64>(moves.reason) | flags << 16, x.trailing_bips);
  e.price_ticks = o.price.v;
  e.qty_lots = o.qty.v;
  static_assert(offsetof(E, iceberg_lots) == offsetof(E, quote_order_atoms) + 16);
  static_assert(offsetof(OrderExtra, iceberg) == offsetof(OrderExtra, quote_order) + 16);
  std::memcpy(&e.quote_order_atoms, &x.quote_order, 24);
  e.executed_lots = filled.executed.v;
  e.executed_quote_atoms = filled.executed_quote.v;
  e.prevented_lots = x.prevented.v;
  e.created_us = o.created_us;
  e.working_us = o.extra != 0 ? x.working_us : o.created_us;
  e.trailing_us = x.trailing_us;
  e.match_id = moves.match_id;
  e.last_ticks = moves.last_price.v;
  e.last_lots = moves.last_lots.v;
  e.held_atoms = moves.held.v;
  e.released_atoms = moves.released.v;
  e.paid_atoms = moves.paid.v;
  e.received_atoms = moves.received.v;
  e.fee_atoms = moves.fee.v;
  static constexpr Balance NOTHING{};
  const Balance& base = purse.base != nullptr ? *purse.base : NOTHING;
  const Balance& quote = purse.quote != nullptr ? *purse.quote : NOTHING;
  e.base_free_atoms = base.free.v;
  e.base_held_atoms = base.held.v;
  e.quote_free_atoms = quote.free.v;
  e.quote_held_atoms = quote.held.v;
  e.strategy_id = x.strategy_id;
  put_word(&e.strategy_type, static_cast<u32>(x.strategy_type), 0);
  put_client_id(e.client_order_id, o.client_id.data());
  if constexpr (std::is_same_v<E, OrderRequestedEvent>) {
    put_client_id(e.request_client_order_id, request_id);
  }
}

inline void Kernel::level_event(Market& m, const Level& level) {
  LevelEvent& e = emit_bare<LevelEvent>(
      static_cast<u32>(EntityKind::MARKET) << 24 | m.row.market, m.row.entity_seq);
  put_word(&e.market, m.row.market | u64{level.side} << 16, level.count);
  e.price_ticks = level.price.v;
  e.lots = level.visible.v;
  e.update_id = ++m.row.update_id;
}

}  // namespace outcry
