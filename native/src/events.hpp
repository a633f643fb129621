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
template <class E>
E& Kernel::emit_bare(u32 entity, u64& counter) {
  E& event = *reinterpret_cast<E*>(events_.extend(sizeof(E)));
  event.size = E::SIZE;
  event.kind = E::KIND;
  event.version = 1;
  event.index = index_++;
  event.command = command_;
  event.partition = partition_;
  event.entity = entity;
  event._pad0 = 0;
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
  std::memcpy(&e.market, &o.market, 8);
  e.execution = static_cast<u8>(execution);
  e.reason = static_cast<u16>(moves.reason);
  e.flags = static_cast<u16>((o.flags & ~static_cast<u16>(OrderFlag::SWEEPING)) | moves.extra_flags);
  e.trailing_bips = x.trailing_bips;
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
  e.strategy_type = x.strategy_type;
  e._pad1 = 0;
  std::memcpy(e.client_order_id, o.client_id.data(), CLIENT_ID_BYTES);
  e._pad2 = 0;
  if constexpr (std::is_same_v<E, OrderRequestedEvent>) {
    std::memcpy(e.request_client_order_id, request_id, CLIENT_ID_BYTES);
    e._pad3 = 0;
  }
}

inline void Kernel::level_event(Market& m, u32 level_slot) {
  const Level& level = levels_[level_slot];
  LevelEvent& e = emit_bare<LevelEvent>(
      static_cast<u32>(EntityKind::MARKET) << 24 | m.row.market, m.row.entity_seq);
  e.market = m.row.market;
  e.side = level.side;
  e._pad1 = 0;
  e.orders = level.count;
  e.price_ticks = level.price.v;
  e.lots = level.visible.v;
  e.update_id = ++m.row.update_id;
}

}  // namespace outcry
