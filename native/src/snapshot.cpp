// State rows: snapshot, restore, state hash, full recount, and the views that answer in rows.
#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "book.hpp"

namespace outcry {

void Kernel::fill_row(const Order& o, OrderRow& row) const {
  if (in_markets_role()) return fill_market_row(o, row);
  const Account& a = accounts_[o.account];
  row.entity = shard_entity(a.id);
  row.account_id = a.id;
  row.order_id = o.id;
  row.hold_id = o.id;
  row.market = o.market;
  row.side = o.side;
  row.order_type = o.type;
  row.time_in_force = o.time_in_force;
  row.stp_mode = o.stp_mode;
  row.status = o.status;
  row.place = o.place;
  row.flags = o.flags;
  row.price_ticks = o.price.v;
  row.qty_lots = o.qty.v;
  row.worst_ticks = worst(o).v;
  row.visible_lots = o.place == static_cast<u8>(OrderPlace::BOOK) ? visible(o).v : 0;
  row.hold_atoms = o.hold.v;
  row.maker_rate = o.maker_rate;
  row.taker_rate = o.taker_rate;
  row.created_us = o.created_us;
  row.updated_us = o.created_us;
  row.working_us = o.created_us;
  row.priority = o.priority;
  std::memcpy(row.client_order_id, o.client_id.data(), CLIENT_ID_BYTES);
  if (o.extra == 0) return;
  const OrderExtra& x = extras_[o.extra];
  row.amends = x.amends;
  row.trailing_bips = x.trailing_bips;
  row.trade_group = x.trade_group;
  row.strategy_type = x.strategy_type;
  row.strategy_id = x.strategy_id;
  row.quote_order_atoms = x.quote_order.v;
  row.stop_ticks = x.stop.v;
  row.iceberg_lots = x.iceberg.v;
  row.prevented_lots = x.prevented.v;
  row.budget_atoms = o.place == static_cast<u8>(OrderPlace::REMOTE) ? 0 : x.budget.v;
  row.executed_lots = x.filled.executed.v;
  row.executed_quote_atoms = x.filled.executed_quote.v;
  row.taker_received_atoms = x.filled.taker_received.v;
  row.updated_us = x.updated_us;
  row.working_us = x.working_us;
  row.trailing_us = x.trailing_us;
  row.trailing_extreme_ticks = x.trailing_extreme.v;
}

void Kernel::asset_rows(Buffer& out) const {
  for (std::size_t id = 1; id < assets_.size(); ++id) {
    if (!assets_[id].known) continue;
    AssetRow& row = out.append<AssetRow>();
    row.asset = static_cast<u16>(id);
    row.scale = assets_[id].scale;
    std::memcpy(row.name, assets_[id].name, sizeof(row.name));
  }
}

void Kernel::market_rows(Buffer& out) const {
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    MarketRow& row = out.append<MarketRow>();
    market_row(m->row.market, row);
  }
}

bool Kernel::market_row(u16 id, MarketRow& out) const {
  const Market* m = market(id);
  if (m == nullptr) return false;
  out = m->row;
  out.size = MarketRow::SIZE;
  out.kind = MarketRow::KIND;
  out.version = 1;
  out.entity = market_entity(id);
  return true;
}

void Kernel::balance_rows(u64 account_id, Buffer& out) const {
  const u32 account = find_account(account_id);
  if (account != 0) balance_rows(accounts_[account], out);
}

void Kernel::balance_rows(const Account& a, Buffer& out) const {
  each_balance(a, [&](u16 asset, const Balance& b) {
    BalanceRow& row = out.append<BalanceRow>();
    row.entity = shard_entity(a.id);
    row.account_id = a.id;
    row.asset = asset;
    row.free_atoms = b.free.v;
    row.held_atoms = b.held.v;
  });
}

bool Kernel::account_row(u64 account_id, AccountRow& row) const {
  const u32 slot = find_account(account_id);
  if (slot == 0) return false;
  row = AccountRow{};
  row.size = AccountRow::SIZE;
  row.kind = AccountRow::KIND;
  row.version = 1;
  fill_row(accounts_[slot], row);
  return true;
}

void Kernel::fill_row(const Account& a, AccountRow& row) {
  row.entity = shard_entity(a.id);
  row.account_id = a.id;
  row.trade_group = a.trade_group;
  row.fee_schedule = a.fee_schedule;
  row.flags = a.flags;
}

bool Kernel::order_row(u64 account_id, i64 order_id, OrderRow& row) const {
  const u32 slot = find_order_slot(order_id);
  if (slot == 0 || in_markets_role() || accounts_[orders_[slot].account].id != account_id) {
    return false;
  }
  row = OrderRow{};
  row.size = OrderRow::SIZE;
  row.kind = OrderRow::KIND;
  row.version = 1;
  fill_row(orders_[slot], row);
  return true;
}

bool Kernel::order_row_by_client_id(u64 account_id, u16 market_id, const ClientId& id,
                                    OrderRow& row) const {
  const u32 account = find_account(account_id);
  const u32 slot = account == 0 ? 0 : find_client(account, market_id, id.data());
  return slot != 0 && order_row(account_id, orders_[slot].id, row);
}

void Kernel::open_orders(u64 account_id, u16 market_id, Buffer& out) const {
  const u32 account = find_account(account_id);
  if (account == 0) return;
  each_order(accounts_[account], [&](u32 slot) {
    if (market_id != 0 && orders_[slot].market != market_id) return;
    fill_row(orders_[slot], out.append<OrderRow>());
  });
}

void Kernel::meta_row(Buffer& out) const {
  MetaRow& meta = out.append<MetaRow>();
  meta.partition = partition_;
  meta.role = static_cast<u8>(role());
  meta.seq = seq_;
  meta.epoch = epoch_;
  meta.time_us = time_us_;
  std::memcpy(&meta.events_hash_0, lanes_.l.data(), sizeof(lanes_.l));
  meta.entity_seq = entity_seq_;
  meta.orders_max = orders_max_;
  meta.algo_orders_max = algo_orders_max_;
  meta.iceberg_orders_max = iceberg_orders_max_;
}

void Kernel::bucket_rows(Buffer& out) const {
  const i64 oldest = time_us_ / MINUTE_US - AVERAGE_PRICE_MINUTES_MAX;
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    std::vector<PriceBucket> buckets;
    for (const PriceBucket& b : m->buckets) {
      if (b.minute >= 0 && b.minute > oldest) buckets.push_back(b);
    }
    std::sort(buckets.begin(), buckets.end(),
              [](const PriceBucket& a, const PriceBucket& b) { return a.minute < b.minute; });
    for (const PriceBucket& b : buckets) {
      PriceBucketRow& row = out.append<PriceBucketRow>();
      row.entity = market_entity(m->row.market);
      row.market = m->row.market;
      row.minute = b.minute;
      row.lots_lo = static_cast<u64>(b.lots);
      row.lots_hi = static_cast<i64>(b.lots >> 64);
      row.quote_atoms_lo = static_cast<u64>(b.quote);
      row.quote_atoms_hi = static_cast<i64>(b.quote >> 64);
    }
  }
}

void Kernel::fee_rows(Buffer& out) const {
  for (const auto& [key, rate] : fees_) {
    FeesRow& row = out.append<FeesRow>();
    row.schedule = key.first;
    row.market = key.second;
    row.maker_rate = rate.first;
    row.taker_rate = rate.second;
  }
}

void Kernel::shard_rows(Buffer& out) const {
  for (u32 i = 0; i < shards_.size(); ++i) {
    if (!shards_[i].known) continue;
    ShardRow& row = out.append<ShardRow>();
    row.entity = shard_entity(i);
    row.shard = i;
    row.order_counter = shards_[i].order_counter;
    row.entity_seq = shards_[i].entity_seq;
  }
}

void Kernel::house_rows(Buffer& out) const {
  const auto house = [&out](u32 shard_index, HouseKind kind, u16 market_id, u16 asset, i128 amount) {
    if (amount == 0) return;
    HouseRow& row = out.append<HouseRow>();
    row.entity = shard_entity(shard_index);
    row.shard = shard_index;
    row.house = static_cast<u8>(kind);
    row.market = market_id;
    row.asset = asset;
    row.amount_lo = static_cast<u64>(amount);
    row.amount_hi = static_cast<i64>(amount >> 64);
  };
  for (u32 i = 0; i < shards_.size(); ++i) {
    if (!shards_[i].known) continue;
    for (std::size_t asset = 1; asset < assets_.size(); ++asset) {
      if (!assets_[asset].known) continue;
      house(i, HouseKind::EXTERNAL, 0, static_cast<u16>(asset),
            assets_[asset].external_by_shard[i]);
    }
    for (std::size_t asset = 1; asset < assets_.size(); ++asset) {
      if (!assets_[asset].known) continue;
      house(i, HouseKind::FEE, 0, static_cast<u16>(asset), assets_[asset].fee_by_shard[i]);
    }
    for (const auto& m : markets_) {
      if (m == nullptr) continue;
      const MarketRow& r = m->row;
      const Pair128& c = m->clearing[i];
      const bool base_first = r.base_asset < r.quote_asset;
      house(i, HouseKind::CLEARING, r.market, base_first ? r.base_asset : r.quote_asset,
            base_first ? c.base : c.quote);
      house(i, HouseKind::CLEARING, r.market, base_first ? r.quote_asset : r.base_asset,
            base_first ? c.quote : c.base);
    }
  }
}

void Kernel::continuation_rows(Buffer& out) const {
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    u32 position = 0;
    for (u32 slot = m->queue_head; slot != 0; slot = orders_[slot].next) {
      ContinuationRow& row = out.append<ContinuationRow>();
      row.entity = market_entity(m->row.market);
      row.market = m->row.market;
      row.position = position++;
      row.order_id = orders_[slot].id;
    }
  }
}

template <class F>
void Kernel::dedupe_rows(Buffer& out, F pass) const {
  std::vector<const DedupeEntry*> entries;
  dedupe_.each([&](const DedupeEntry& e) {
    if (e.deadline_us >= time_us_) entries.push_back(&e);
  });
  const auto key = [](const DedupeEntry& e) {
    return std::tuple(e.account_id, e.digest_lo, e.digest_hi);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const DedupeEntry* a, const DedupeEntry* b) { return key(*a) < key(*b); });
  for (const DedupeEntry* entry : entries) {
    const DedupeEntry& e = *entry;
    DedupeRow& row = out.append<DedupeRow>();
    row.entity = shard_entity(e.account_id);
    row.account_id = e.account_id;
    row.digest_lo = e.digest_lo;
    row.digest_hi = e.digest_hi;
    row.deadline_us = e.deadline_us;
    row.order_id = e.order_id;
    row.market = e.market;
    row.command_kind = e.command_kind;
    row.reason = e.reason;
    pass();
  }
}

namespace {
// Slots in the order of their ids, which is most often the one in which they lie. The rows of those
// ahead are fetched while one is looked at.
template <class Id, class Table, class F>
void each_by_id(std::vector<std::pair<Id, u32>> found, const Table& table, F call) {
  static constexpr std::size_t AHEAD = 16;
  if (!std::is_sorted(found.begin(), found.end())) std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i + AHEAD < found.size()) table.prefetch(found[i + AHEAD].second);
    call(table[found[i].second]);
  }
}
}  // namespace

// Calls `pass` after each row of which there may be many, so that rows can be taken away meanwhile.
template <class F>
void Kernel::write_rows(Buffer& out, F pass) const {
  meta_row(out);
  asset_rows(out);
  market_rows(out);
  bucket_rows(out);
  fee_rows(out);
  shard_rows(out);
  house_rows(out);
  std::vector<std::pair<u64, u32>> accounts;
  if (!in_markets_role()) accounts.reserve(accounts_.live());
  for (u32 slot = 1; slot <= accounts_.last() && !in_markets_role(); ++slot) {
    if (accounts_[slot].id != 0) accounts.emplace_back(accounts_[slot].id, slot);
  }
  each_by_id(accounts, accounts_, [&](const Account& a) {
    fill_row(a, out.append<AccountRow>());
    pass();
  });
  each_by_id(std::move(accounts), accounts_, [&](const Account& a) {
    balance_rows(a, out);
    pass();
  });
  std::vector<std::pair<i64, u32>> orders;
  orders.reserve(orders_.live());
  for (u32 slot = 1; slot <= orders_.last(); ++slot) {
    if (orders_[slot].id != 0) orders.emplace_back(orders_[slot].id, slot);
  }
  OUTCRY_CHECK(orders.size() == orders_.live());
  each_by_id(std::move(orders), orders_, [&](const Order& o) {
    fill_row(o, out.append<OrderRow>());
    pass();
  });
  continuation_rows(out);
  dedupe_rows(out, pass);
  if (apart_ != nullptr) link_rows(out);
}

void Kernel::snapshot(Buffer& out) const {
  write_rows(out, [] {});
}

std::array<u64, 2> Kernel::state_hash() const {
  static constexpr std::size_t HASHED_AT_ONCE = 1U << 17;  // so that the rows stay in a near cache
  Buffer rows;
  Lanes lanes;
  std::size_t total = 0;
  write_rows(rows, [&] {
    if (rows.size() < HASHED_AT_ONCE) return;
    const std::size_t taken = lanes.take(rows.data(), rows.size());
    total += taken;
    rows.drop_front(taken);
  });
  const std::size_t taken = lanes.take(rows.data(), rows.size());
  lanes.close(rows.data() + taken, rows.size() - taken, total + rows.size(), seq_);
  return lanes.digest();
}

// L01 to L05 from the rows themselves, not from the running totals.
std::string Kernel::recount() const {
  if (in_markets_role()) return recount_levels();
  std::vector<i128> users(assets_.size());
  std::vector<i128> house(assets_.size());
  std::vector<i128> holds(assets_.size());  // of the account looked at; zero between accounts
  std::size_t orders = 0;
  std::string wrong;
  static constexpr u32 AHEAD = 8;
  const u32 last_account = accounts_.last();
  for (u32 slot = 1; slot <= last_account; ++slot) {
    const Account& a = accounts_[slot];
    if (a.id == 0) continue;
    if (slot + AHEAD <= last_account) prefetch_orders(accounts_[slot + AHEAD]);
    const auto complain = [&](u16 asset, const char* what) {
      wrong += "account " + std::to_string(a.id) + " asset " + std::to_string(asset) + what;
    };
    const std::size_t orders_before = orders;
    each_order(a, [&](u32 slot) {
      const Order& o = orders_[slot];
      ++orders;
      holds[paid_asset(o, *market(o.market))] += o.hold.v;
      if (remaining(o).v <= 0 && !by_quote(o)) wrong += "an open order has nothing open; ";
    });
    each_balance(a, [&](u16 asset, const Balance& b) {
      users[asset] += b.free.v;
      users[asset] += b.held.v;
      if (b.free.v < 0 || b.held.v < 0) complain(asset, " is negative; ");
      if (holds[asset] != b.held.v) complain(asset, " holds do not add up to held; ");
      holds[asset] = 0;
    });
    if (orders == orders_before) continue;
    for (std::size_t asset = 0; asset < holds.size(); ++asset) {
      if (holds[asset] != 0) complain(static_cast<u16>(asset), " has a hold but no balance; ");
      holds[asset] = 0;
    }
  }
  if (orders != orders_.live()) wrong += "an open order belongs to no account; ";
  for (std::size_t id = 1; id < assets_.size(); ++id) {
    if (!assets_[id].known) continue;
    for (const i128 v : assets_[id].fee_by_shard) house[id] += v;
    for (const i128 v : assets_[id].external_by_shard) house[id] += v;
  }
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    for (const Pair128& c : m->clearing) {
      house[m->row.base_asset] += c.base;
      house[m->row.quote_asset] += c.quote;
    }
  }
  for (std::size_t id = 1; id < assets_.size(); ++id) {
    if (users[id] + house[id] != 0) wrong += "asset " + std::to_string(id) + " does not add up; ";
    if (users[id] != assets_[id].users) wrong += "the running total of an asset is off; ";
  }
  return wrong;
}

}  // namespace outcry
