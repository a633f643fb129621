// Assets, markets, accounts, fees and limits, as operators set them; quarantine.
#include "admission.hpp"

#include <cstring>

namespace outcry {

namespace {

bool upper_alphanumeric(const char* text, std::size_t size) {
  std::size_t length = 0;
  while (length < size && text[length] != 0) {
    const char c = text[length];
    if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))) return false;
    ++length;
  }
  for (std::size_t i = length; i < size; ++i) {
    if (text[i] != 0) return false;
  }
  return length > 0;
}

}  // namespace

void Kernel::create_asset(const CreateAsset& c) {
  if (c.asset < 1 || c.asset > ASSETS_MAX || c.scale > 18 || !upper_alphanumeric(c.name, 16)) {
    return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  }
  for (std::size_t id = 1; id < assets_.size(); ++id) {
    if (assets_[id].known && (id == c.asset || std::memcmp(assets_[id].name, c.name, 16) == 0)) {
      return refuse(raw(c), Reason::ALREADY_EXISTS);
    }
  }
  if (assets_.size() <= c.asset) assets_.resize(c.asset + 1U);
  Asset& a = assets_[c.asset];
  a.known = true;
  a.scale = c.scale;
  std::memcpy(a.name, c.name, 16);
  a.fee_by_shard.assign(ACCOUNT_SHARDS, 0);
  a.external_by_shard.assign(ACCOUNT_SHARDS, 0);
  AssetEvent& e = emit_partition<AssetEvent>();
  e.asset = c.asset;
  e.scale = c.scale;
  std::memcpy(e.name, c.name, 16);
}

template <class C>
Reason Kernel::check_market_specification(const C& c) const {
  const auto known = [this](u16 id) { return id < assets_.size() && assets_[id].known; };
  if (c.market < 1 || c.market > MARKETS_MAX || !upper_alphanumeric(c.symbol, 24)) {
    return Reason::INVALID_SPECIFICATION;
  }
  if (!known(c.base_asset) || !known(c.quote_asset)) return Reason::UNKNOWN_ASSET;
  const auto ordered = [](i64 low, i64 high) { return high == 0 || low <= high; };
  i128 ten = 1;
  for (u8 i = 0; i < assets_[c.base_asset].scale; ++i) ten *= 10;
  const bool good =
      c.base_asset != c.quote_asset && c.status >= 1 && c.status <= 5 && c.tick_atoms > 0 &&
      c.lot_atoms > 0 && c.tick_lot_atoms > 0 &&
      static_cast<i128>(c.tick_atoms) * c.lot_atoms == c.tick_lot_atoms * ten &&
      c.price_ticks_min >= 0 && c.price_ticks_max >= 0 && c.qty_lots_min >= 0 &&
      c.qty_lots_max >= 0 && c.market_qty_lots_min >= 0 && c.market_qty_lots_max >= 0 &&
      c.market_qty_lots_step >= 0 && c.notional_atoms_min >= 0 && c.notional_atoms_max >= 0 &&
      c.position_lots_max >= 0 && c.price_ticks_max <= PRICE_TICKS_MAX &&
      c.qty_lots_max <= QTY_LOTS_MAX && ordered(c.price_ticks_min, c.price_ticks_max) &&
      ordered(c.qty_lots_min, c.qty_lots_max) &&
      ordered(c.market_qty_lots_min, c.market_qty_lots_max) &&
      ordered(c.notional_atoms_min, c.notional_atoms_max) &&
      c.average_price_minutes <= AVERAGE_PRICE_MINUTES_MAX && c.default_stp_mode <= 5 &&
      (c.stp_modes >> c.default_stp_mode & 1) != 0;
  return good ? Reason::NONE : Reason::INVALID_SPECIFICATION;
}

template Reason Kernel::check_market_specification<MarketRow>(const MarketRow&) const;

namespace {
// MarketRow, MarketEvent and both commands hold the same specification bytes.
constexpr std::size_t SPECIFICATION_BYTES = MarketEvent::SIZE - offsetof(MarketEvent, market);
static_assert(CreateMarket::SIZE - offsetof(CreateMarket, market) == SPECIFICATION_BYTES);
static_assert(UpdateMarket::SIZE - offsetof(UpdateMarket, market) == SPECIFICATION_BYTES);
static_assert(offsetof(MarketRow, entity_seq) - offsetof(MarketRow, market) == SPECIFICATION_BYTES);
// The padding at the end of the specification is zero whatever the command said.
constexpr std::size_t PADDING_BYTES = 4;
}  // namespace

Bounds Bounds::of(const MarketRow& m) {
  const auto least = [](i64 wanted, i64 floor) { return std::max(wanted, floor); };
  const auto most = [](i64 wanted, i64 ceiling) {
    return wanted > 0 ? std::min(wanted, ceiling) : ceiling;
  };
  Bounds b;
  b.price_low = least(m.price_ticks_min, 1);
  b.qty_low = least(m.qty_lots_min, 1);
  const i64 price_high = most(m.price_ticks_max, PRICE_TICKS_MAX);
  const i64 qty_high =
      std::min(most(m.qty_lots_max, QTY_LOTS_MAX), AMOUNT_ATOMS_MAX / m.lot_atoms);
  b.limits = (m.order_types >> static_cast<u8>(OrderType::LIMIT) & 1) != 0 &&
             m.position_lots_max == 0 && b.price_low <= price_high && b.qty_low <= qty_high;
  b.percent = (m.bid_multiplier_up | m.bid_multiplier_down | m.ask_multiplier_up |
               m.ask_multiplier_down) != 0;
  b.price_span = static_cast<u64>(price_high - b.price_low);
  b.qty_span = static_cast<u64>(qty_high - b.qty_low);
  b.value_low = m.notional_atoms_min;
  b.value_high = most(m.notional_atoms_max, AMOUNT_ATOMS_MAX);
  return b;
}

void Kernel::create_market(const CreateMarket& c) {
  if (const Reason r = check_market_specification(c); r != Reason::NONE) return refuse(raw(c), r);
  for (const auto& m : markets_) {
    if (m != nullptr &&
        (m->row.market == c.market || std::memcmp(m->row.symbol, c.symbol, 24) == 0)) {
      return refuse(raw(c), Reason::ALREADY_EXISTS);
    }
  }
  if (markets_.size() <= c.market) markets_.resize(c.market + 1U);
  markets_[c.market] = std::make_unique<Market>(nodes_);
  Market& m = *markets_[c.market];
  std::memcpy(&m.row.market, &c.market, SPECIFICATION_BYTES - PADDING_BYTES);
  m.row.specification_version = 1;
  m.bounds = Bounds::of(m.row);
  pin_rates(m);
  market_event(m);
}

void Kernel::update_market(const UpdateMarket& c) {
  Market* m = market(c.market);
  if (m == nullptr) return refuse(raw(c), Reason::UNKNOWN_MARKET);
  MarketRow& row = m->row;
  UpdateMarket wanted = c;
  wanted.status = row.status;
  const bool same = std::memcmp(row.symbol, c.symbol, 24) == 0 && row.base_asset == c.base_asset &&
                    row.quote_asset == c.quote_asset && row.tick_atoms == c.tick_atoms &&
                    row.lot_atoms == c.lot_atoms && row.tick_lot_atoms == c.tick_lot_atoms;
  const Reason r = same ? check_market_specification(wanted) : Reason::INVALID_SPECIFICATION;
  if (r != Reason::NONE) return refuse(raw(c), r);
  wanted.specification_version = row.specification_version + 1;
  std::memcpy(&row.market, &wanted.market, SPECIFICATION_BYTES - PADDING_BYTES);
  m->bounds = Bounds::of(row);
  m->fence = {};
  market_event(*m);
}

void Kernel::set_market_status(const SetMarketStatus& c) {
  Market* m = market(c.market);
  if (m == nullptr) return refuse(raw(c), Reason::UNKNOWN_MARKET);
  if (!hosts(market_entity(c.market))) return refuse(raw(c), Reason::NOT_HOSTED);
  if (c.status < 1 || c.status > 5) return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  m->row.status = c.status;
  market_event(*m);
  drain(*m);
}

void Kernel::market_event(Market& m) {
  MarketEvent& e = hosts(market_entity(m.row.market)) ? emit_market<MarketEvent>(m)
                                                      : emit_partition<MarketEvent>();
  std::memcpy(&e.market, &m.row.market, SPECIFICATION_BYTES);
}

void Kernel::create_account(const CreateAccount& c) {
  if (!hosts(shard_entity(c.account_id))) return refuse(raw(c), Reason::NOT_HOSTED);
  if (c.account_id == 0 || c.account_id > static_cast<u64>(ORDER_ID_MAX) ||
      c.fee_schedule >= FEE_SCHEDULES_MAX) {
    return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  }
  if (find_account(c.account_id) != 0) return refuse(raw(c), Reason::ALREADY_EXISTS);
  if (accounts_.live() >= static_cast<std::size_t>(ACCOUNTS_MAX)) {
    return refuse(raw(c), Reason::CAPACITY_REACHED);
  }
  const u32 slot = accounts_.take();
  Account& a = accounts_[slot];
  a.id = c.account_id;
  a.trade_group = c.trade_group;
  a.fee_schedule = c.fee_schedule;
  a.flags = c.flags;
  accounts_by_id_.insert(spread(a.id), slot);
  account_event(a);
}

void Kernel::update_account(const UpdateAccount& c) {
  if (!hosts(shard_entity(c.account_id))) return refuse(raw(c), Reason::NOT_HOSTED);
  const u32 slot = find_account(c.account_id);
  if (slot == 0) return refuse(raw(c), Reason::UNKNOWN_ACCOUNT);
  if (c.fee_schedule >= FEE_SCHEDULES_MAX) return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  Account& a = accounts_[slot];
  a.trade_group = c.trade_group;
  a.fee_schedule = c.fee_schedule;
  a.flags = c.flags;
  account_event(a);
}

void Kernel::account_event(const Account& a) {
  AccountEvent& e = emit_shard<AccountEvent>(a.id);
  e.account_id = a.id;
  e.trade_group = a.trade_group;
  e.fee_schedule = a.fee_schedule;
  e.flags = a.flags;
}

void Kernel::set_fees(const SetFees& c) {
  if (c.schedule >= FEE_SCHEDULES_MAX) return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  if (c.market != 0 && market(c.market) == nullptr) return refuse(raw(c), Reason::UNKNOWN_MARKET);
  if (c.maker_rate >= RATE_ONE || c.taker_rate >= RATE_ONE) {
    return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  }
  fees_[{c.schedule, c.market}] = {c.maker_rate, c.taker_rate};
  for (const auto& m : markets_) {
    if (m != nullptr && (c.market == 0 || c.market == m->row.market)) pin_rates(*m);
  }
  FeesEvent& e = emit_partition<FeesEvent>();
  e.schedule = c.schedule;
  e.market = c.market;
  e.maker_rate = c.maker_rate;
  e.taker_rate = c.taker_rate;
}

void Kernel::set_limits(const SetLimits& c) {
  orders_max_ = c.orders_max;
  algo_orders_max_ = c.algo_orders_max;
  iceberg_orders_max_ = c.iceberg_orders_max;
  LimitsEvent& e = emit_partition<LimitsEvent>();
  e.orders_max = c.orders_max;
  e.algo_orders_max = c.algo_orders_max;
  e.iceberg_orders_max = c.iceberg_orders_max;
}

void Kernel::quarantine(const Quarantine& c) {
  QuarantinedEvent& e = emit_partition<QuarantinedEvent>();
  e.quarantined_seq = c.seq;
  e.quarantined_index = c.index;
  e.market = c.market;
  Market* m = c.market <= MARKETS_MAX ? market(static_cast<u16>(c.market)) : nullptr;
  if (m == nullptr || !hosts(market_entity(m->row.market))) return;
  m->row.faults += 1;
  if (m->row.faults >= FAULTS_BEFORE_CANCEL_ONLY &&
      m->row.status == static_cast<u8>(MarketStatus::TRADING)) {
    m->row.status = static_cast<u8>(MarketStatus::CANCEL_ONLY);
    market_event(*m);
  }
}

}  // namespace outcry
