// State from rows: what `snapshot.cpp` writes is read back, and anything else is refused.
#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "book.hpp"

namespace outcry {

// Reads rows back; throws std::invalid_argument for what no kernel would have written.
class SnapshotReader {
 public:
  explicit SnapshotReader(Kernel& kernel) : k_(kernel) {}

  void read(std::span<const char> rows) {
    walk(rows, true);
    finish();
    require(k_.recount().empty());
  }

  // Rows of an entity for a kernel in which it is new; sound ones, or the kernel is spoilt.
  void add(std::span<const char> rows) {
    adding_ = true;
    walk(rows, false);
    finish();
  }

 private:
  void walk(std::span<const char> rows, bool begins) {
    std::size_t at = 0;
    u8 last_kind = 0;
    while (at < rows.size()) {
      require(rows.size() - at >= 8);
      const char* bytes = rows.data() + at;
      u16 size;
      std::memcpy(&size, bytes, sizeof(size));
      const u8 kind = static_cast<u8>(bytes[2]);
      require(bytes[3] == 1 && kind >= last_kind && size <= rows.size() - at);
      require((begins && at == 0) == (kind == MetaRow::KIND));
      if (kind == OrderRow::KIND) prefetch_ahead(rows, at);
      row(bytes, size, kind);
      last_kind = kind;
      at += size;
    }
    require(at > 0 || !begins);
  }

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
        if (adding_ && e.deadline_us < k_.time_us_) return;  // it has passed on the way
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
        return require(k_.read_export(as<ExportRow>(bytes, size)));
      case RowKind::IMPORT:
        return require(k_.read_import(as<ImportRow>(bytes, size)));
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
  }

  Kernel& k_;
  bool adding_ = false;
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

void Kernel::enter_rows(std::span<const char> rows) { SnapshotReader(*this).add(rows); }

}  // namespace outcry
