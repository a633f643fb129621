// Entities on their way to another partition: their rows out, and their rows in.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "book.hpp"
#include "hashing.hpp"

namespace outcry {

namespace {

struct RowHead {
  u16 size;
  u8 kind, version;
  u32 entity;
};

const RowHead& row_head(const char* row) { return *reinterpret_cast<const RowHead*>(row); }

bool of_the_partition(u8 kind) {
  return kind == HostedRow::KIND || kind == ExportRow::KIND || kind == ImportRow::KIND;
}

// Calls with each row; false when the bytes are not whole rows.
template <class F>
bool each_row(std::span<const char> rows, F call) {
  std::size_t at = 0;
  while (at < rows.size()) {
    if (rows.size() - at < sizeof(RowHead)) return false;
    const char* row = rows.data() + at;
    const u16 size = row_head(row).size;
    if (size < sizeof(RowHead) || size % 8 != 0 || size > rows.size() - at) return false;
    if (!call(row)) return false;
    at += size;
  }
  return true;
}

void append_bytes(Buffer& out, const char* bytes, std::size_t size) {
  std::memcpy(out.extend(size), bytes, size);
}

}  // namespace

// ---- out

void Kernel::move_out(const MoveOut& c) {
  const auto here = apart_->hosted.find(c.entity);
  if (here == apart_->hosted.end()) return refuse(raw(c), Reason::NOT_HOSTED);
  if (c.route_version <= here->second || c.target == partition_) {
    return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  }
  Departure& left = apart_->departures[c.entity];
  left.target = c.target;
  left.route_version = c.route_version;
  left.rows = exported(c.entity);
  remove_entity(c.entity);
  Lanes lanes;
  lanes.absorb(left.rows.data(), left.rows.size(), c.route_version);
  const auto check = lanes.digest();
  MovedOutEvent& e = emit_partition<MovedOutEvent>();
  e.moved_entity = c.entity;
  e.target = c.target;
  e.route_version = c.route_version;
  e.export_bytes = left.rows.size();
  e.hash_lo = check[0];
  e.hash_hi = check[1];
}

void Kernel::move_done(const MoveDone& c) {
  const auto left = apart_->departures.find(c.entity);
  if (left == apart_->departures.end() || left->second.route_version != c.route_version) {
    return refuse(raw(c), Reason::NOT_HOSTED);
  }
  if (left->second.rows.empty()) return refuse(raw(c), Reason::ALREADY_EXISTS);
  left->second.rows = {};
  MoveDoneEvent& e = emit_partition<MoveDoneEvent>();
  e.moved_entity = c.entity;
  e.route_version = c.route_version;
}

// META with where and when the rows were taken, then the entity's rows as a snapshot has them.
std::vector<char> Kernel::exported(u32 entity) const {
  Buffer head;
  MetaRow& meta = head.append<MetaRow>();
  meta.partition = partition_;
  meta.role = static_cast<u8>(role());
  meta.seq = seq_ - 1;
  meta.time_us = time_us_;
  std::vector<char> found(head.data(), head.data() + head.size());
  Buffer rows;
  snapshot(rows);
  each_row({rows.data(), rows.size()}, [&](const char* row) {
    const RowHead& h = row_head(row);
    if (h.entity == entity && h.kind != MetaRow::KIND && !of_the_partition(h.kind)) {
      found.insert(found.end(), row, row + h.size);
    }
    return true;
  });
  return found;
}

void Kernel::remove_entity(u32 entity) {
  apart_->hosted.erase(entity);
  for (auto at = apart_->links.lower_bound({entity, 0});
       at != apart_->links.end() && at->first.first == entity;) {
    at = apart_->links.erase(at);
  }
  const u32 number = entity & NUMBER_BITS;
  if (in_markets_role()) {
    remove_market(*market(static_cast<u16>(number)));
  } else {
    remove_shard(number);
  }
}

void Kernel::remove_market(Market& m) {
  for (u32 slot = 1; slot <= orders_.last(); ++slot) {
    Order& o = orders_[slot];
    if (o.id != 0 && o.market == m.row.market) drop_stranger(slot, o);
  }
  for (const Side side : {Side::BUY, Side::SELL}) {
    const u8 of = static_cast<u8>(side);
    while (m.best(side) != 0) {
      const u32 slot = m.best(side);
      const Ticks price = levels_[slot].price;
      m.best(of) = m.tree(of).next(price, !is_buy(of));
      m.tree(of).erase(price);
      levels_.give(slot);
    }
  }
  m.rising.clear();
  m.falling.clear();
  m.trailing.clear();
  m.queue_head = m.queue_tail = 0;
  make_copy(m);
}

void Kernel::remove_shard(u32 number) {
  forget_requests(number);
  const auto of_shard = [number](u64 id) { return (id & (ACCOUNT_SHARDS - 1)) == number; };
  for (u32 slot = 1; slot <= accounts_.last(); ++slot) {
    if (accounts_[slot].id != 0 && of_shard(accounts_[slot].id)) remove_account(slot);
  }
  for (Asset& a : assets_) {
    if (!a.known) continue;
    a.fees -= a.fee_by_shard[number];
    a.external -= a.external_by_shard[number];
    a.fee_by_shard[number] = a.external_by_shard[number] = 0;
  }
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    Pair128& c = m->clearing[number];
    assets_[m->row.base_asset].clearing -= c.base;
    assets_[m->row.quote_asset].clearing -= c.quote;
    c = {};
  }
  dedupe_.forget([&](const DedupeEntry& e) { return of_shard(e.account_id); });
  shards_[number] = {};
}

void Kernel::remove_account(u32 slot) {
  Account& a = accounts_[slot];
  std::vector<u32> orders;
  each_order(a, [&](u32 order) { orders.push_back(order); });
  for (const u32 order : orders) {
    orders_[order].hold = {};
    remove_order(order, orders_[order], a);
  }
  each_balance(a, [&](u16 asset, const Balance& b) {
    assets_[asset].users -= static_cast<i128>(b.free.v) + b.held.v;
    --balance_count_;
  });
  for (u32 at = a.far_balances; at != 0;) {
    const u32 next = balances_[at].next;
    balances_.give(at);
    at = next;
  }
  accounts_by_id_.erase(spread(a.id), slot);
  a = {};  // an id of zero tells a free slot from an account
  accounts_.give(slot);
}

void Kernel::forget_requests(u32 number) {
  const auto of_shard = [number](u64 id) { return (id & (ACCOUNT_SHARDS - 1)) == number; };
  std::erase_if(apart_->parts, [&](const auto& part) {
    return of_shard(static_cast<u64>(part.first.first));
  });
  std::erase_if(apart_->digests, [&](const auto& d) { return of_shard(std::get<0>(d.first)); });
  std::erase_if(apart_->reserved, [&](const auto& r) { return of_shard(std::get<0>(r.first)); });
  std::erase_if(apart_->requests,
                [&](const auto& r) { return of_shard(r.second.header().account_id); });
}

// ---- in

Reason Kernel::check_arrival(const MoveIn& c) const {
  if (!may_host(c.entity) || c.last > 1) return Reason::INVALID_SPECIFICATION;
  const auto here = apart_->hosted.find(c.entity);
  if (here != apart_->hosted.end()) {
    return here->second == c.route_version ? Reason::ALREADY_EXISTS
                                           : Reason::INVALID_SPECIFICATION;
  }
  const auto left = apart_->departures.find(c.entity);
  if (left != apart_->departures.end() && left->second.route_version >= c.route_version) {
    return Reason::INVALID_SPECIFICATION;
  }
  const auto found = apart_->arrivals.find(c.entity);
  if (found == apart_->arrivals.end() || found->second.route_version < c.route_version) {
    return c.position != 0 ? Reason::INVALID_SPECIFICATION : Reason::NONE;
  }
  const Arrival& a = found->second;
  if (a.route_version > c.route_version || a.position < c.position) {
    return Reason::INVALID_SPECIFICATION;
  }
  return c.position < a.position ? Reason::ALREADY_EXISTS : Reason::NONE;
}

void Kernel::move_in(const MoveIn& c) {
  if (const Reason r = check_arrival(c); r != Reason::NONE) return refuse(raw(c), r);
  Arrival& a = apart_->arrivals[c.entity];
  if (c.position == 0) {
    a = {};
    a.route_version = c.route_version;
  }
  const char* bytes = raw(c) + MoveIn::SIZE;
  const std::size_t size = c.size - MoveIn::SIZE;
  if (c.last != 0) {
    std::vector<char> whole = a.rows;
    whole.insert(whole.end(), bytes, bytes + size);
    if (const Reason r = arrive(c, whole); r != Reason::NONE) {
      if (r == Reason::INVALID_SPECIFICATION) apart_->arrivals.erase(c.entity);
      return refuse(raw(c), r);
    }
  } else {
    a.position += 1;
    a.rows.insert(a.rows.end(), bytes, bytes + size);
  }
  MovedInEvent& e = emit_partition<MovedInEvent>();
  e.moved_entity = c.entity;
  e.position = c.position;
  e.route_version = c.route_version;
  e.last = c.last;
  if (c.last != 0 && in_markets_role()) {
    market_event(*market(static_cast<u16>(c.entity & NUMBER_BITS)));
  }
}

// Hosts an entity that these rows are, if they are sound.
Reason Kernel::arrive(const MoveIn& c, std::span<const char> rows) {
  if (!is_sound(c.entity, rows)) return Reason::INVALID_SPECIFICATION;
  const auto& head = *reinterpret_cast<const MetaRow*>(rows.data());
  if (head.time_us > time_us_) return Reason::TIME_WENT_BACK;
  if (in_markets_role()) markets_[c.entity & NUMBER_BITS].reset();
  enter_rows(rows.subspan(MetaRow::SIZE));
  apart_->hosted[c.entity] = c.route_version;
  apart_->departures.erase(c.entity);
  apart_->arrivals.erase(c.entity);
  return Reason::NONE;
}

// Whether the rows are this entity's, in the order of a snapshot, all new here, and those of a kernel
// that hosts nothing else.
bool Kernel::is_sound(u32 entity, std::span<const char> rows) const {
  u8 last = 0;
  std::size_t market_rows_seen = 0;
  bool good = true;
  const bool whole = each_row(rows, [&](const char* row) {
    const RowHead& h = row_head(row);
    if (row == rows.data()) {
      const auto& meta = *reinterpret_cast<const MetaRow*>(row);
      return h.kind == MetaRow::KIND && h.size == MetaRow::SIZE &&
             meta.role == static_cast<u8>(role());
    }
    good = h.kind >= last && h.entity == entity && !of_the_partition(h.kind) && is_new(row, entity);
    market_rows_seen += h.kind == MarketRow::KIND ? 1 : 0;
    last = h.kind;
    return good;
  });
  if (!whole || rows.empty()) return false;
  if (in_markets_role() && market_rows_seen != 1) return false;
  Buffer alone;
  rows_alone(entity, rows, alone);
  try {
    restore({alone.data(), alone.size()}, {});
  } catch (const std::invalid_argument&) {
    return false;
  }
  return true;
}

bool Kernel::is_new(const char* row, u32 entity) const {
  const RowHead& h = row_head(row);
  if (h.kind == MarketRow::KIND) {
    return h.size == MarketRow::SIZE &&
           reinterpret_cast<const MarketRow*>(row)->market == (entity & NUMBER_BITS);
  }
  if (h.kind != RequestRow::KIND) return true;
  if (h.size != RequestRow::SIZE) return false;
  const auto& r = *reinterpret_cast<const RequestRow*>(row);
  return !apart_->requests.contains({r.origin_partition, r.origin_seq, r.origin_command});
}

// A snapshot of a kernel that hosts nothing but this entity.
void Kernel::rows_alone(u32 entity, std::span<const char> rows, Buffer& out) const {
  append_bytes(out, rows.data(), MetaRow::SIZE);
  const std::span<const char> own = rows.subspan(MetaRow::SIZE);
  asset_rows(out);
  const auto each_of = [&](auto wanted) {
    each_row(own, [&](const char* row) {
      if (wanted(row_head(row).kind)) append_bytes(out, row, row_head(row).size);
      return true;
    });
  };
  bool brought = false;
  const auto bring = [&] {
    each_of([](u8 kind) { return kind == MarketRow::KIND; });
    brought = true;
  };
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    if (in_markets_role() && !brought && m->row.market >= (entity & NUMBER_BITS)) bring();
    if (in_markets_role() && m->row.market == (entity & NUMBER_BITS)) continue;
    MarketRow& row = out.append<MarketRow>();
    market_row(m->row.market, row);
    clear_counters(row);
  }
  if (in_markets_role() && !brought) bring();
  each_of([](u8 kind) { return kind > MarketRow::KIND && kind < HostedRow::KIND; });
  HostedRow& here = out.append<HostedRow>();
  here.entity = entity;
  here.hosting = static_cast<u8>(Hosting::HOSTED);
  here.route_version = 1;
  each_of([](u8 kind) { return kind > HostedRow::KIND; });
}

// ---- views and rows

std::vector<std::tuple<u32, u32, u64, u64>> Kernel::departures() const {
  std::vector<std::tuple<u32, u32, u64, u64>> found;
  if (apart_ == nullptr) return found;
  for (const auto& [entity, d] : apart_->departures) {
    found.emplace_back(entity, d.target, d.route_version, d.rows.size());
  }
  return found;
}

std::vector<std::tuple<u32, u64, u32>> Kernel::arrivals() const {
  std::vector<std::tuple<u32, u64, u32>> found;
  if (apart_ == nullptr) return found;
  for (const auto& [entity, a] : apart_->arrivals) {
    found.emplace_back(entity, a.route_version, a.position);
  }
  return found;
}

void Kernel::export_rows(u32 entity, Buffer& out) const {
  if (apart_ == nullptr) return;
  const auto found = apart_->departures.find(entity);
  if (found == apart_->departures.end()) return;
  append_bytes(out, found->second.rows.data(), found->second.rows.size());
}

void Kernel::hosted_rows(Buffer& out) const {
  std::map<std::pair<u32, u8>, HostedRow> rows;
  const auto row_of = [&](u32 entity, Hosting hosting) -> HostedRow& {
    HostedRow& row = rows[{entity, static_cast<u8>(hosting)}];
    row.entity = entity;
    row.hosting = static_cast<u8>(hosting);
    return row;
  };
  for (const auto& [entity, version] : apart_->hosted) {
    row_of(entity, Hosting::HOSTED).route_version = version;
  }
  for (const auto& [entity, d] : apart_->departures) {
    HostedRow& row = row_of(entity, Hosting::LEFT);
    row.target = d.target;
    row.route_version = d.route_version;
    row.export_bytes = d.rows.size();
  }
  for (const auto& [entity, a] : apart_->arrivals) {
    HostedRow& row = row_of(entity, Hosting::ARRIVING);
    row.route_version = a.route_version;
    row.export_bytes = a.rows.size();
    row.position = a.position;
  }
  for (const auto& [key, row] : rows) {
    HostedRow& made = out.append<HostedRow>();
    made.entity = row.entity;
    made.hosting = row.hosting;
    made.target = row.target;
    made.route_version = row.route_version;
    made.export_bytes = row.export_bytes;
    made.position = row.position;
  }
}

template <class R>
static void pieces(Buffer& out, u32 entity, const std::vector<char>& rows) {
  static constexpr std::size_t PIECE = static_cast<std::size_t>(EXPORT_CHUNK_BYTES);
  for (std::size_t at = 0; at < rows.size(); at += PIECE) {
    R& row = out.append<R>();
    row.entity = entity;
    row.position = static_cast<u32>(at / PIECE);
    row.used = static_cast<u32>(std::min(PIECE, rows.size() - at));
    std::memcpy(row.rows, rows.data() + at, row.used);
  }
}

void Kernel::moving_rows(Buffer& out) const {
  for (const auto& [entity, d] : apart_->departures) pieces<ExportRow>(out, entity, d.rows);
  for (const auto& [entity, a] : apart_->arrivals) pieces<ImportRow>(out, entity, a.rows);
}

bool Kernel::read_hosted(const HostedRow& r) {
  if (apart_ == nullptr) return false;
  switch (static_cast<Hosting>(r.hosting)) {
    case Hosting::HOSTED:
      return apart_->hosted.emplace(r.entity, r.route_version).second;
    case Hosting::LEFT: {
      const auto [at, fresh] = apart_->departures.try_emplace(r.entity);
      at->second.target = r.target;
      at->second.route_version = r.route_version;
      return fresh;
    }
    case Hosting::ARRIVING: {
      const auto [at, fresh] = apart_->arrivals.try_emplace(r.entity);
      at->second.route_version = r.route_version;
      at->second.position = static_cast<u32>(r.position);
      return fresh;
    }
  }
  return false;
}

bool Kernel::read_export(const ExportRow& r) {
  if (apart_ == nullptr || r.used > sizeof(r.rows)) return false;
  const auto found = apart_->departures.find(r.entity);
  if (found == apart_->departures.end()) return false;
  found->second.rows.insert(found->second.rows.end(), r.rows, r.rows + r.used);
  return true;
}

bool Kernel::read_import(const ImportRow& r) {
  if (apart_ == nullptr || r.used > sizeof(r.rows)) return false;
  const auto found = apart_->arrivals.find(r.entity);
  if (found == apart_->arrivals.end()) return false;
  found->second.rows.insert(found->second.rows.end(), r.rows, r.rows + r.used);
  return true;
}

}  // namespace outcry
