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
  if (apart_ != nullptr) link_rows(out);
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
  std::vector<std::pair<u64, u32>> accounts;  // none is ever removed: their slots have no gaps
  const std::size_t known = this->accounts();  // strangers are no rows
  accounts.reserve(known);
  for (u32 slot = 1; slot <= known; ++slot) accounts.emplace_back(accounts_[slot].id, slot);
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
  const u32 last_account = static_cast<u32>(accounts_.live());
  for (u32 slot = 1; slot <= last_account; ++slot) {
    const Account& a = accounts_[slot];
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

// Reads rows back; throws std::invalid_argument for what no kernel would have written.
class SnapshotReader {
 public:
  explicit SnapshotReader(Kernel& kernel) : k_(kernel) {}

  void read(std::span<const char> rows) {
    std::size_t at = 0;
    u8 last_kind = 0;
    while (at < rows.size()) {
      require(rows.size() - at >= 8);
      const char* bytes = rows.data() + at;
      u16 size;
      std::memcpy(&size, bytes, sizeof(size));
      const u8 kind = static_cast<u8>(bytes[2]);
      require(bytes[3] == 1 && kind >= last_kind && size <= rows.size() - at);
      require((at == 0) == (kind == MetaRow::KIND));
      if (kind == OrderRow::KIND) prefetch_ahead(rows, at);
      row(bytes, size, kind);
      last_kind = kind;
      at += size;
    }
    require(at > 0);
    finish();
  }

 private:
  static void require(bool condition) {
    if (!condition) throw std::invalid_argument("the snapshot is damaged");
  }
  // Orders come by id, so their accounts lie anywhere: have them on their way some rows ahead.
  void prefetch_ahead(std::span<const char> rows, std::size_t at) const {
    static constexpr std::size_t CELLS_AHEAD = 12UL * OrderRow::SIZE;
    static constexpr std::size_t ROWS_AHEAD = 6UL * OrderRow::SIZE;
    if (at + CELLS_AHEAD + OrderRow::SIZE > rows.size()) return;
    const auto* far = reinterpret_cast<const OrderRow*>(rows.data() + at + CELLS_AHEAD);
    k_.accounts_by_id_.prefetch(spread(far->account_id));
    const auto* near = reinterpret_cast<const OrderRow*>(rows.data() + at + ROWS_AHEAD);
    const u32 account = k_.accounts_by_id_.guess(spread(near->account_id));
    if (account != 0) k_.accounts_.prefetch(account);
    k_.orders_by_id_.prefetch(k_.order_hash(near->order_id));
    k_.orders_by_client_.prefetch(
        k_.client_hash(near->account_id, near->market, near->client_order_id));
  }

  // Balances come by account, so the last one found is most often the one.
  u32 account_of(u64 id) {
    if (id != last_account_id_) {
      last_account_id_ = id;
      last_account_ = k_.find_account(id);
    }
    return last_account_;
  }

  template <class R>
  static const R& as(const char* bytes, u16 size) {
    require(size == R::SIZE);
    return *reinterpret_cast<const R*>(bytes);
  }
  // Far beyond what a run can reach, and thousands of such sums still fit.
  static i128 wide(u64 lo, i64 hi) {
    const i128 value = static_cast<i128>(static_cast<u128>(static_cast<u64>(hi)) << 64 | lo);
    const i128 bound = static_cast<i128>(1) << 100;
    require(value > -bound && value < bound);
    return value;
  }
  static bool within(i64 value, i64 high) { return value >= 0 && value <= high; }
  Asset& asset(u16 id) {
    require(id < k_.assets_.size() && k_.assets_[id].known);
    return k_.assets_[id];
  }
  Market& market(u16 id) {
    require(k_.market(id) != nullptr);
    return *k_.market(id);
  }

  void row(const char* bytes, u16 size, u8 kind) {
    switch (static_cast<RowKind>(kind)) {
      case RowKind::META:
        return meta(as<MetaRow>(bytes, size));
      case RowKind::ASSET:
        return asset_row(as<AssetRow>(bytes, size));
      case RowKind::MARKET:
        return market_row(as<MarketRow>(bytes, size));
      case RowKind::PRICE_BUCKET: {
        const auto& r = as<PriceBucketRow>(bytes, size);
        require(r.minute >= 0 && r.lots_hi >= 0 && r.quote_atoms_hi >= 0);
        Market& m = market(r.market);
        const i128 lots = wide(r.lots_lo, r.lots_hi);
        const i128 quote = wide(r.quote_atoms_lo, r.quote_atoms_hi);
        require(lots <= quote / m.row.tick_lot_atoms);  // no price is below one tick
        m.buckets[static_cast<std::size_t>(r.minute) & 63] = {r.minute, lots, quote};
        return;
      }
      case RowKind::FEES: {
        const auto& r = as<FeesRow>(bytes, size);
        require(r.schedule < FEE_SCHEDULES_MAX && r.maker_rate < RATE_ONE && r.taker_rate < RATE_ONE);
        k_.fees_[{r.schedule, r.market}] = {r.maker_rate, r.taker_rate};
        return;
      }
      case RowKind::SHARD: {
        const auto& r = as<ShardRow>(bytes, size);
        require(r.shard < k_.shards_.size());
        k_.shards_[r.shard] = {true, r.order_counter, r.entity_seq};
        return;
      }
      case RowKind::HOUSE:
        return house(as<HouseRow>(bytes, size));
      case RowKind::ACCOUNT:
        return account(as<AccountRow>(bytes, size));
      case RowKind::BALANCE: {
        const auto& r = as<BalanceRow>(bytes, size);
        const u32 slot = account_of(r.account_id);
        require(slot != 0 && r.free_atoms >= 0 && r.held_atoms >= 0);
        asset(r.asset).users += static_cast<i128>(r.free_atoms) + r.held_atoms;
        Balance& b = k_.balance(k_.accounts_[slot], r.asset);
        b.free = {r.free_atoms};
        b.held = {r.held_atoms};
        return;
      }
      case RowKind::ORDER:
        return order(as<OrderRow>(bytes, size));
      case RowKind::CONTINUATION: {
        const auto& r = as<ContinuationRow>(bytes, size);
        const u32 slot = k_.find_order_slot(r.order_id);
        Market& m = market(r.market);
        require(slot != 0 && k_.orders_[slot].market == r.market && queued_.erase(slot) == 1);
        k_.enqueue(m, slot, false);
        return;
      }
      case RowKind::DEDUPE: {
        const auto& r = as<DedupeRow>(bytes, size);
        DedupeEntry e{};
        e.account_id = r.account_id;
        e.digest_lo = r.digest_lo;
        e.digest_hi = r.digest_hi;
        e.deadline_us = r.deadline_us;
        e.order_id = r.order_id;
        e.market = r.market;
        e.command_kind = r.command_kind;
        e.reason = r.reason;
        require(e.deadline_us >= k_.time_us_ &&
                e.deadline_us - k_.time_us_ <= DEADLINE_AHEAD_US_MAX);
        k_.dedupe_.add(e.hash(), e.deadline_us) = e;
        return;
      }
      case RowKind::HOSTED:
        return require(k_.read_hosted(as<HostedRow>(bytes, size)));
      case RowKind::LINK:
        return require(k_.read_link(as<LinkRow>(bytes, size)));
      case RowKind::OUTBOX:
        return require(k_.read_outbox(as<OutboxRow>(bytes, size)));
      case RowKind::REQUEST:
        return require(k_.read_request(as<RequestRow>(bytes, size)));
      case RowKind::REQUEST_PART:
        return require(k_.read_request_part(as<RequestPartRow>(bytes, size)));
      case RowKind::EXPORT:
      case RowKind::IMPORT:
        break;
    }
    require(false);
  }

  void meta(const MetaRow& r) {
    require(r.time_us >= 0 && r.role <= static_cast<u8>(Role::MARKETS));
    k_.partition_ = r.partition;
    if (r.role != 0) k_.take_role(static_cast<Role>(r.role));
    k_.seq_ = r.seq;
    k_.epoch_ = r.epoch;
    k_.time_us_ = r.time_us;
    k_.dedupe_.start(r.time_us);
    std::memcpy(k_.lanes_.l.data(), &r.events_hash_0, sizeof(k_.lanes_.l));
    k_.entity_seq_ = r.entity_seq;
    k_.orders_max_ = r.orders_max;
    k_.algo_orders_max_ = r.algo_orders_max;
    k_.iceberg_orders_max_ = r.iceberg_orders_max;
  }

  void asset_row(const AssetRow& r) {
    require(r.asset >= 1 && r.asset <= ASSETS_MAX && r.scale <= 18);
    if (k_.assets_.size() <= r.asset) k_.assets_.resize(r.asset + 1U);
    Asset& a = k_.assets_[r.asset];
    a.known = true;
    a.scale = r.scale;
    std::memcpy(a.name, r.name, sizeof(a.name));
    a.fee_by_shard.assign(ACCOUNT_SHARDS, 0);
    a.external_by_shard.assign(ACCOUNT_SHARDS, 0);
  }

  void market_row(const MarketRow& r) {
    require(k_.check_market_specification(r) == Reason::NONE && k_.market(r.market) == nullptr);
    require(within(r.last_price_ticks, PRICE_TICKS_MAX) && r.trade_id >= 0 && r.prevented_id >= 0 &&
            r.update_id >= 0);
    if (k_.markets_.size() <= r.market) k_.markets_.resize(r.market + 1U);
    k_.markets_[r.market] = std::make_unique<Market>(k_.nodes_);
    k_.markets_[r.market]->row = r;
    k_.markets_[r.market]->bounds = Bounds::of(r);
  }

  void house(const HouseRow& r) {
    require(r.shard < ACCOUNT_SHARDS);
    const i128 amount = wide(r.amount_lo, r.amount_hi);
    Asset& a = asset(r.asset);
    switch (static_cast<HouseKind>(r.house)) {
      case HouseKind::EXTERNAL:
        a.external_by_shard[r.shard] = amount;
        a.external += amount;
        return;
      case HouseKind::FEE:
        a.fee_by_shard[r.shard] = amount;
        a.fees += amount;
        return;
      case HouseKind::CLEARING: {
        Market& m = market(r.market);
        Pair128& c = m.clearing[r.shard];
        (r.asset == m.row.base_asset ? c.base : c.quote) = amount;
        a.clearing += amount;
        return;
      }
    }
    require(false);
  }

  void account(const AccountRow& r) {
    require(k_.find_account(r.account_id) == 0 && r.fee_schedule < FEE_SCHEDULES_MAX);
    const u32 slot = k_.accounts_.take();
    Account& a = k_.accounts_[slot];
    a.id = r.account_id;
    a.trade_group = r.trade_group;
    a.fee_schedule = r.fee_schedule;
    a.flags = r.flags;
    k_.accounts_by_id_.insert(spread(a.id), slot);
  }

  static bool order_numbers(const OrderRow& r) {
    const bool priced = is_priced(r.order_type);
    const bool booked = r.place == static_cast<u8>(OrderPlace::BOOK);
    const i128 open = static_cast<i128>(r.qty_lots) - r.executed_lots - r.prevented_lots;
    return within(r.price_ticks, PRICE_TICKS_MAX) && (r.price_ticks > 0) == priced &&
           within(r.stop_ticks, PRICE_TICKS_MAX) && within(r.worst_ticks, PRICE_TICKS_MAX) &&
           r.worst_ticks > 0 && within(r.trailing_extreme_ticks, PRICE_TICKS_MAX) &&
           r.trailing_bips < MULTIPLIER_ONE && within(r.qty_lots, QTY_LOTS_MAX) &&
           r.executed_lots >= 0 && r.prevented_lots >= 0 && r.executed_quote_atoms >= 0 &&
           within(r.quote_order_atoms, AMOUNT_ATOMS_MAX) && within(r.hold_atoms, AMOUNT_ATOMS_MAX) &&
           within(r.budget_atoms, AMOUNT_ATOMS_MAX) && r.taker_received_atoms >= 0 &&
           r.maker_rate < RATE_ONE && r.taker_rate < RATE_ONE && r.iceberg_lots >= 0 &&
           (r.quote_order_atoms > 0 ? r.order_type == static_cast<u8>(OrderType::MARKET) : open > 0) &&
           (!booked || (priced && r.visible_lots > 0 && r.visible_lots <= open));
  }

  void order(const OrderRow& r) {
    const bool stranger = k_.in_markets_role();
    const u32 account_slot =
        stranger ? k_.stranger_slot(r.account_id) : k_.find_account(r.account_id);
    require((r.place == static_cast<u8>(OrderPlace::REMOTE)) == (k_.role() == Role::ACCOUNTS));
    require(account_slot != 0 && r.side >= 1 && r.side <= 2 && r.order_type >= 1 &&
            r.order_type <= 7);
    Market& m = market(r.market);
    require(r.order_id > last_order_id_ && order_numbers(r));
    last_order_id_ = r.order_id;
    const u32 slot = k_.orders_.take();
    Order& o = k_.orders_[slot];
    o.account = account_slot;
    o.id = r.order_id;
    o.price = {r.price_ticks};
    o.qty = {r.qty_lots};
    o.hold = {r.hold_atoms};
    o.created_us = r.created_us;
    o.priority = r.priority;
    require(r.maker_rate < RATE_ONE && r.taker_rate < RATE_ONE);
    o.maker_rate = r.maker_rate & RATE_BITS;
    o.taker_rate = r.taker_rate & RATE_BITS;
    o.market = r.market;
    o.flags = static_cast<u8>(r.flags);
    require(r.time_in_force <= 3 && r.stp_mode <= 5 && r.status <= 6 && r.place <= 5);
    o.side = r.side;
    o.type = r.order_type;
    o.time_in_force = r.time_in_force;
    o.stp_mode = r.stp_mode;
    o.status = r.status;
    o.place = r.place;
    std::memcpy(o.client_id.data(), r.client_order_id, CLIENT_ID_BYTES);
    const bool plain = is_priced(r.order_type) && !is_conditional(r.order_type) && r.amends == 0 &&
                       r.iceberg_lots == 0 && r.prevented_lots == 0 && r.strategy_id == 0 &&
                       r.strategy_type == 0 && r.trade_group == 0 && r.executed_lots == 0 &&
                       r.working_us == r.created_us && r.updated_us == r.created_us;
    if (!plain) {
      OrderExtra& x = k_.extra(o);
      x.trade_group = r.trade_group;
      x.trailing_bips = r.trailing_bips;
      x.stop = {r.stop_ticks};
      x.iceberg = {r.iceberg_lots};
      if (r.iceberg_lots > 0) x.visible = {r.visible_lots};
      if (!is_priced(r.order_type)) x.worst = {r.worst_ticks};
      x.quote_order = {r.quote_order_atoms};
      x.budget = {r.budget_atoms};
      x.prevented = {r.prevented_lots};
      x.filled = {{r.executed_lots}, {r.executed_quote_atoms}, {r.taker_received_atoms}};
      x.updated_us = r.updated_us;
      x.working_us = r.working_us;
      x.trailing_us = r.trailing_us;
      x.trailing_extreme = {r.trailing_extreme_ticks};
      x.strategy_id = r.strategy_id;
      x.strategy_type = r.strategy_type;
      x.amends = r.amends;
    }
    if (stranger) {
      k_.link_stranger(slot, o);
    } else {
      k_.link_order(slot, o, k_.accounts_[o.account], k_.client_hash(o));
    }
    const auto place = static_cast<OrderPlace>(o.place);
    const std::pair<i64, u64> by_stop{
        is_rising(o.side, o.type) ? r.stop_ticks : -r.stop_ticks, o.priority};
    switch (place) {
      case OrderPlace::BOOK:
        booked_.emplace_back(o.priority, slot);
        return;
      case OrderPlace::TRIGGER:
        (is_rising(o.side, o.type) ? m.rising : m.falling).emplace(by_stop, slot);
        k_.accounts_[account_slot].algo_orders += 1;
        return;
      case OrderPlace::TRAILING:
        m.trailing.emplace(o.priority, slot);
        k_.accounts_[account_slot].algo_orders += 1;
        return;
      case OrderPlace::QUEUED:
        queued_.insert(slot);
        return;
      case OrderPlace::REMOTE:
        if (k_.waits(o)) k_.accounts_[account_slot].algo_orders += 1;
        return;
      case OrderPlace::NOWHERE:
        break;
    }
    require(false);
  }

  void finish() {
    require(queued_.empty());
    std::sort(booked_.begin(), booked_.end());
    static constexpr std::size_t AHEAD = 12;
    for (std::size_t i = 0; i < booked_.size(); ++i) {
      if (i + AHEAD < booked_.size()) k_.orders_.prefetch(booked_[i + AHEAD].second);
      const auto& [priority, slot] = booked_[i];
      Market& m = market(k_.orders_[slot].market);
      const u64 counter = m.row.priority;
      k_.join_level(m, slot, k_.orders_[slot]);
      k_.orders_[slot].priority = priority;
      m.row.priority = counter;
    }
    for (const auto& m : k_.markets_) {
      if (m != nullptr) k_.pin_rates(*m);
    }
    for (const auto& m : k_.markets_) {
      require(m == nullptr || m->best(Side::BUY) == 0 || m->best(Side::SELL) == 0 ||
              k_.levels_[m->best(Side::BUY)].price < k_.levels_[m->best(Side::SELL)].price);
    }
    require(k_.recount().empty());
  }

  Kernel& k_;
  std::vector<std::pair<u64, u32>> booked_;
  std::set<u32> queued_;  // orders that a CONTINUATION row must still name
  i64 last_order_id_ = 0;
  u64 last_account_id_ = 0;
  u32 last_account_ = 0;
};

std::unique_ptr<Kernel> Kernel::restore(std::span<const char> rows, std::string poison,
                                        bool checked) {
  auto kernel = std::make_unique<Kernel>(0, std::move(poison));
  try {
    SnapshotReader(*kernel).read(rows);
    if (checked) return kernel;
    Buffer again;
    kernel->snapshot(again);
    if (again.size() != rows.size() || std::memcmp(again.data(), rows.data(), rows.size()) != 0) {
      throw std::invalid_argument("the snapshot is damaged");
    }
  } catch (const Fault&) {
    throw std::invalid_argument("the snapshot is damaged");
  }
  return kernel;
}

}  // namespace outcry
