// A batch, command by command; money in and out; views.
#include "admission.hpp"
#include "forms.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace outcry {

#ifdef OUTCRY_FAULTS
int active_mutant = 0;
#endif

void fail(const char* what, const char* file, int line) {
  const char* name = std::strrchr(file, '/');
  throw Fault{std::string(what) + " (" + (name != nullptr ? name + 1 : file) + ":" +
              std::to_string(line) + ")"};
}

Kernel::Kernel(u32 partition, std::string poison)
    : partition_(partition),
      poison_(std::move(poison)),
      orders_(OPEN_ORDERS_MAX),
      extras_(OPEN_ORDERS_MAX),
      levels_(OPEN_ORDERS_MAX),
      accounts_(ACCOUNTS_MAX),
      balances_(ACCOUNTS_MAX * 4),
      nodes_(OPEN_ORDERS_MAX),
      dedupe_(OPEN_ORDERS_MAX),
      markets_(1),
      assets_(1),
      shards_(ACCOUNT_SHARDS) {}

namespace {

// A batch comes from somewhere cold, and a page's end stops the processor's own reading ahead. The
// common commands are less than three cache lines; a longer one is read a little late.
constexpr std::size_t READ_AHEAD_BYTES = 2048;

void begin_reading(std::span<const char> batch) {
  const std::size_t size = std::min(batch.size(), READ_AHEAD_BYTES);
  for (std::size_t at = 0; at < size; at += 64) prefetch_line(batch.data() + at);
}
void read_ahead(const char* here) {
  const auto there = reinterpret_cast<std::uintptr_t>(here) + READ_AHEAD_BYTES;  // maybe beyond the end
  for (std::size_t at = 0; at < 192; at += 64) {
    prefetch_line(reinterpret_cast<const void*>(there + at));
  }
}

// Walks the commands of a batch in order.
class Cursor {
 public:
  explicit Cursor(std::span<const char> batch) : at_(batch.data()), end_(at_ + batch.size()) {}
  // The command here, then one further; null at the end.
  const char* next() {
    if (at_ == end_) return nullptr;
    const char* const here = at_;
    u16 size;
    std::memcpy(&size, here, sizeof(size));
    at_ += size;
    return here;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace

bool Kernel::framed(std::span<const char> batch) {
  begin_reading(batch);
  const char* at = batch.data();
  const char* const end = at + batch.size();
  while (at != end) {
    read_ahead(at);
    const auto left = static_cast<std::size_t>(end - at);
    if (left < sizeof(Header)) return false;
    u16 size;
    std::memcpy(&size, at, sizeof(size));
    if (size < sizeof(Header) || size % 8 != 0 || size > left) return false;
    at += size;
  }
  return true;
}

void Kernel::apply(std::span<const char> batch, u64 seq, std::span<const u32> skip, u32& at) {
  static constexpr u32 CELLS_AHEAD = 16;
  static constexpr u32 ROWS_AHEAD = 10;
  static constexpr u32 NEIGHBOURS_AHEAD = 5;
  static constexpr u32 NEAR_AHEAD = 3;
  static constexpr std::size_t HASHED_AT_ONCE = 1024;
  static constexpr std::size_t HASHED_BEHIND = 1024;
  static constexpr std::size_t FAR_BYTES = 8U << 20;
  events_.clear();
  index_ = 0;
  seq_ = seq;
  Cursor commands(batch);
  Cursor cells(batch);
  Cursor rows(batch);
  Cursor neighbours(batch);
  // What fits the near caches is there already.
  const bool far = far_ = orders_.used_bytes() + accounts_.used_bytes() > FAR_BYTES;
  const auto look_ahead = [&](bool with_rows, bool with_neighbours) {
    if (const char* c = cells.next(); c != nullptr) prefetch_cells(c);
    if (!with_rows) return;
    if (const char* c = rows.next(); c != nullptr) prefetch_rows(c);
    if (!with_neighbours) return;
    if (const char* c = neighbours.next(); c != nullptr) prefetch_neighbours(c);
  };
  for (u32 i = 0; !far && i < NEAR_AHEAD; ++i) {
    if (const char* c = cells.next(); c != nullptr) prefetch_dedupe(c);
  }
  for (u32 i = 0; far && i < CELLS_AHEAD; ++i) {
    look_ahead(i >= CELLS_AHEAD - ROWS_AHEAD, i >= CELLS_AHEAD - NEIGHBOURS_AHEAD);
  }
  begin_reading(batch);
  std::size_t hashed = 0;
  u32 i = 0;
  for (const char* bytes = commands.next(); bytes != nullptr; bytes = commands.next(), ++i) {
    at = i;
    read_ahead(bytes);
    if (far) {
      look_ahead(true, true);
    } else if (const char* c = cells.next(); c != nullptr) {
      prefetch_dedupe(c);
    }
    if (!skip.empty() && std::find(skip.begin(), skip.end(), i) != skip.end()) continue;
    command_ = i;
    used_ = 0;
    command(bytes);
    OUTCRY_CHECK(used_ <= EVENTS_PER_COMMAND_MAX || bytes[2] == Tick::KIND);
    // While the events are still in the nearest cache, and beside the next command's work; but none that
    // were written just now: a wide read of narrow writes waits until they have left the write queue.
    while (events_.size() - hashed >= HASHED_BEHIND + HASHED_AT_ONCE) {
      hashed += lanes_.take(events_.data() + hashed, HASHED_AT_ONCE);
    }
  }
  check_conservation();
  hashed += lanes_.take(events_.data() + hashed, events_.size() - hashed);
  lanes_.close(events_.data() + hashed, events_.size() - hashed, events_.size(), seq);
}

namespace {
// The id of the order that a well-formed cancel or amend names, else 0.
i64 named_order(const char* bytes) {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  if (header->kind == CancelOrder::KIND && header->size == CancelOrder::SIZE) {
    return reinterpret_cast<const CancelOrder*>(bytes)->order_id;
  }
  if (header->kind == AmendOrder::KIND && header->size == AmendOrder::SIZE) {
    return reinterpret_cast<const AmendOrder*>(bytes)->order_id;
  }
  return 0;
}
}  // namespace

// Of all tables this one is the largest: one entry a command, for as long as deadlines last.
void Kernel::prefetch_dedupe(const char* bytes) const {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  dedupe_.prefetch(
      DedupeEntry::hash_of(header->account_id, header->digest_lo, header->digest_hi));
}

void Kernel::prefetch_cells(const char* bytes) const {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  prefetch_dedupe(bytes);
  accounts_by_id_.prefetch(spread(header->account_id));
  if (const i64 id = named_order(bytes); id != 0) {
    orders_by_id_.prefetch(order_hash(id));
  } else if (header->kind == NewOrder::KIND) {
    orders_by_id_.prefetch(order_hash(next_order_id(header->account_id)));
  }
}

void Kernel::prefetch_rows(const char* bytes) const {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  if (const u32 slot = accounts_by_id_.guess(spread(header->account_id)); slot != 0) {
    accounts_.prefetch(slot);
  }
  if (const i64 id = named_order(bytes); id != 0) {
    const u32 slot = orders_by_id_.guess(order_hash(id));
    if (slot != 0) orders_.prefetch(slot);
  } else if (header->kind == NewOrder::KIND && header->size == NewOrder::SIZE) {
    const u32 level = level_of(*reinterpret_cast<const NewOrder*>(bytes));
    if (level != 0) levels_.prefetch(level);
  }
}

void Kernel::prefetch_neighbours(const char* bytes) const {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  const u32 account = accounts_by_id_.guess(spread(header->account_id));
  if (account == 0) return;
  const Account& a = accounts_[account];
  if (a.far_balances != 0) balances_.prefetch(a.far_balances);
  const bool lists = a.lists != 0;
  if (const i64 id = named_order(bytes); id != 0) {
    const u32 slot = orders_by_id_.guess(order_hash(id));
    if (slot == 0) return;
    const Order& o = orders_[slot];
    for (const u32 link : {o.next, o.prev}) {
      if (link != 0) orders_.prefetch_link(link, 0);
    }
    if (o.level != 0) levels_.prefetch(o.level);
    if (!lists) return;
    for (const u32 link : {o.account_next, o.account_prev}) {
      if (link != 0) orders_.prefetch_link(link, 64);
    }
    orders_by_client_.prefetch(client_hash(o));
  } else if (header->kind == NewOrder::KIND && header->size == NewOrder::SIZE) {
    const auto* c = reinterpret_cast<const NewOrder*>(bytes);
    orders_.prefetch(orders_.next_free());
    const u32 level = level_of(*c);
    if (level != 0 && levels_[level].tail != 0) orders_.prefetch_link(levels_[level].tail, 0);
    if (!lists) return;
    orders_.prefetch_link(a.near_orders[0].tag, 64);  // the last in the list
    orders_by_client_.prefetch(client_hash(c->account_id, c->market, c->client_order_id));
  }
}

// The level that a new order will probably join, or 0.
u32 Kernel::level_of(const NewOrder& c) const {
  const Market* m = market(c.market);
  if (m == nullptr || c.price_ticks <= 0 || c.price_ticks > PRICE_TICKS_MAX) return 0;
  return m->tree(c.side).find({c.price_ticks});
}

void Kernel::check_conservation() {
  for (const Asset& a : assets_) {
    OUTCRY_CHECK(a.users + a.fees + a.clearing + a.external == 0);
    OUTCRY_CHECK(a.users >= 0 && a.fees >= 0);
  }
}

bool Kernel::enter(const char* bytes) {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  if (header->time_us < time_us_) [[unlikely]] {
    refuse(bytes, Reason::TIME_WENT_BACK);
    return false;
  }
  time_us_ = header->time_us;
  dedupe_.pass(time_us_);
  return true;
}

// Continuations of a market go before what comes next to it.
inline void Kernel::drain_waiting(u16 id) {
  Market* m = market(id);
  if (m != nullptr && m->queue_head != 0) drain(*m);
}

void Kernel::command(const char* bytes) {
  if (apart_ != nullptr) [[unlikely]] return command_apart(bytes);
  const auto* header = reinterpret_cast<const Header*>(bytes);
  if (size_of[header->kind] != header->size || header->version != 1) [[unlikely]] {
    if (!formed(bytes)) return refuse(bytes, Reason::UNKNOWN_COMMAND);
  }
  const auto bad_id = [&] { refuse(bytes, Reason::CLIENT_ORDER_ID_INVALID); };
  switch (static_cast<CommandKind>(header->kind)) {
    case CommandKind::NEW_ORDER: {
      const auto* c = reinterpret_cast<const NewOrder*>(bytes);
      if (!zero_padded(c->client_order_id)) return bad_id();
      if (!enter(bytes)) return;
      drain_waiting(c->market);
      if (!poison_.empty()) [[unlikely]] check_poison(*c);
      return new_order(*c);
    }
    case CommandKind::CANCEL_ORDER: {
      const auto* c = reinterpret_cast<const CancelOrder*>(bytes);
      if (!zero_padded(c->original_client_order_id) || !zero_padded(c->client_order_id)) {
        return bad_id();
      }
      if (!enter(bytes)) return;
      drain_waiting(c->market);
      return cancel_order(*c);
    }
    case CommandKind::AMEND_ORDER: {
      const auto* c = reinterpret_cast<const AmendOrder*>(bytes);
      if (!zero_padded(c->original_client_order_id) || !zero_padded(c->client_order_id)) {
        return bad_id();
      }
      if (!enter(bytes)) return;
      drain_waiting(c->market);
      return amend_order(*c);
    }
    case CommandKind::CANCEL_REPLACE: {
      const auto* c = reinterpret_cast<const CancelReplace*>(bytes);
      if (!zero_padded(c->client_order_id) || !zero_padded(c->cancel_original_client_order_id) ||
          !zero_padded(c->cancel_client_order_id)) {
        return bad_id();
      }
      if (!enter(bytes)) return;
      drain_waiting(c->market);
      return cancel_replace(*c);
    }
    case CommandKind::CANCEL_ALL: {
      const auto* c = reinterpret_cast<const CancelAll*>(bytes);
      if (!enter(bytes)) return;
      drain_waiting(c->market);
      return cancel_all(*c);
    }
    default:
      if (enter(bytes)) administer(bytes);
  }
}

// A build for drills dies of one order, by its client order id.
void Kernel::check_poison(const NewOrder& c) const {
  const std::size_t size = ::strnlen(c.client_order_id, CLIENT_ID_BYTES);
  OUTCRY_CHECK(poison_ != std::string(c.client_order_id, size));
}

void Kernel::administer(const char* bytes) {
  switch (static_cast<CommandKind>(bytes[2])) {
    case CommandKind::CREATE_ASSET:
      return create_asset(*reinterpret_cast<const CreateAsset*>(bytes));
    case CommandKind::CREATE_MARKET:
      return create_market(*reinterpret_cast<const CreateMarket*>(bytes));
    case CommandKind::UPDATE_MARKET: {
      const auto* c = reinterpret_cast<const UpdateMarket*>(bytes);
      drain_waiting(c->market);
      return update_market(*c);
    }
    case CommandKind::SET_MARKET_STATUS: {
      const auto* c = reinterpret_cast<const SetMarketStatus*>(bytes);
      drain_waiting(c->market);
      return set_market_status(*c);
    }
    case CommandKind::CREATE_ACCOUNT:
      return create_account(*reinterpret_cast<const CreateAccount*>(bytes));
    case CommandKind::UPDATE_ACCOUNT:
      return update_account(*reinterpret_cast<const UpdateAccount*>(bytes));
    case CommandKind::SET_FEES:
      return set_fees(*reinterpret_cast<const SetFees*>(bytes));
    case CommandKind::SET_LIMITS:
      return set_limits(*reinterpret_cast<const SetLimits*>(bytes));
    case CommandKind::DEPOSIT:
      return move_money(*reinterpret_cast<const Deposit*>(bytes), 1, BalanceCause::DEPOSIT);
    case CommandKind::WITHDRAW:
      return move_money(*reinterpret_cast<const Withdraw*>(bytes), -1, BalanceCause::WITHDRAWAL);
    case CommandKind::ADJUST:
      return move_money(*reinterpret_cast<const Adjust*>(bytes), 1, BalanceCause::ADJUSTMENT);
    case CommandKind::TICK:
      for (auto& m : markets_) {
        if (m == nullptr) continue;
        used_ = 0;
        drain(*m);
      }
      return;
    case CommandKind::QUARANTINE:
      return quarantine(*reinterpret_cast<const Quarantine*>(bytes));
    case CommandKind::EPOCH: {
      const auto* c = reinterpret_cast<const Epoch*>(bytes);
      epoch_ = c->epoch;
      emit_partition<EpochEvent>().epoch = c->epoch;
      return;
    }
    case CommandKind::SET_ROLE:
      return set_role(*reinterpret_cast<const SetRole*>(bytes));
    default:
      return refuse(bytes, Reason::UNKNOWN_COMMAND);
  }
}

void Kernel::refuse(const char* bytes, Reason reason, Phase phase) {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  const bool of_shard = header->account_id != 0 && hosts(shard_entity(header->account_id));
  RefusedEvent& e = of_shard ? emit_shard<RefusedEvent>(header->account_id)
                             : emit_partition<RefusedEvent>();
  e.account_id = header->account_id;
  e.command_kind = header->kind;
  e.phase = static_cast<u8>(phase);
  e.reason = static_cast<u16>(reason);
  if (reason == Reason::UNKNOWN_COMMAND) return;
  const auto text = [&e](const char* id) { std::memcpy(e.client_order_id, id, CLIENT_ID_BYTES); };
  switch (static_cast<CommandKind>(header->kind)) {
    case CommandKind::NEW_ORDER: {
      const auto* c = reinterpret_cast<const NewOrder*>(bytes);
      e.market = c->market;
      text(c->client_order_id);
      return;
    }
    case CommandKind::CANCEL_ORDER: {
      const auto* c = reinterpret_cast<const CancelOrder*>(bytes);
      e.market = c->market;
      e.order_id = c->order_id;
      text(c->original_client_order_id);
      return;
    }
    case CommandKind::AMEND_ORDER: {
      const auto* c = reinterpret_cast<const AmendOrder*>(bytes);
      e.market = c->market;
      e.order_id = c->order_id;
      text(c->original_client_order_id);
      return;
    }
    case CommandKind::CANCEL_REPLACE: {
      const auto* c = reinterpret_cast<const CancelReplace*>(bytes);
      e.market = c->market;
      if (phase == Phase::CANCEL) e.order_id = c->cancel_order_id;
      text(phase == Phase::CANCEL ? c->cancel_original_client_order_id : c->client_order_id);
      return;
    }
    case CommandKind::CANCEL_ALL:
    case CommandKind::CREATE_MARKET:
    case CommandKind::UPDATE_MARKET:
    case CommandKind::SET_MARKET_STATUS:
      std::memcpy(&e.market, bytes + sizeof(Header), sizeof(e.market));
      return;
    case CommandKind::SET_FEES:
      e.market = reinterpret_cast<const SetFees*>(bytes)->market;
      return;
    default:
      return;
  }
}

// ---- money in and out

template <class C>
void Kernel::move_money(const C& c, i64 sign, BalanceCause cause) {
  const u32 slot = apart_ != nullptr ? admitted<true>(c) : admitted(c);
  if (slot == 0) return;
  Account& a = accounts_[slot];
  const bool adjusts = cause == BalanceCause::ADJUSTMENT;
  const auto decide = [&] {
    if (c.asset >= assets_.size() || !assets_[c.asset].known) return Reason::UNKNOWN_ASSET;
    if (c.amount_atoms == 0 || c.amount_atoms > AMOUNT_ATOMS_MAX ||
        c.amount_atoms < (adjusts ? -AMOUNT_ATOMS_MAX : 1)) {
      return Reason::INVALID_AMOUNT;
    }
    if (cause == BalanceCause::DEPOSIT && (a.flags & static_cast<u16>(AccountFlag::DEPOSIT)) == 0) {
      return Reason::ACCOUNT_MAY_NOT_DEPOSIT;
    }
    if (cause == BalanceCause::WITHDRAWAL &&
        (a.flags & static_cast<u16>(AccountFlag::WITHDRAW)) == 0) {
      return Reason::ACCOUNT_MAY_NOT_WITHDRAW;
    }
    const i64 amount = sign * c.amount_atoms;
    const Balance* b = find_balance(a, c.asset);
    if (amount < 0 && (b == nullptr || b->free.v < -amount)) return Reason::INSUFFICIENT_BALANCE;
    if (amount > 0 && assets_[c.asset].users + amount > AMOUNT_MAX) return Reason::CAPACITY_REACHED;
    return Reason::NONE;
  };
  const Reason reason = decide();
  remember(c, 0, reason, 0);
  if (reason != Reason::NONE) return refuse(raw(c), reason);
  const Atoms amount{sign * c.amount_atoms};
  Balance& b = balance(a, c.asset);
  b.free += amount;
  Asset& asset = assets_[c.asset];
  asset.users += amount.v;
  asset.external -= amount.v;
  asset.external_by_shard[a.id & (ACCOUNT_SHARDS - 1)] -= amount.v;
  BalanceEvent& e = emit_shard<BalanceEvent>(a.id);
  e.account_id = a.id;
  e.asset = c.asset;
  e.cause = static_cast<u8>(cause);
  e.amount_atoms = amount.v;
  e.free_atoms = b.free.v;
  e.held_atoms = b.held.v;
  e.reference = c.reference;
}

Balance& Kernel::balance(Account& a, u16 asset) {
  if (const Balance* found = find_balance(a, asset); found != nullptr) {
    return const_cast<Balance&>(*found);
  }
  ++balance_count_;
  for (u32 i = 0; i < Account::NEAR_BALANCES; ++i) {
    if (a.near_assets[i] != 0) continue;
    a.near_assets[i] = asset;
    return a.near_balances[i];
  }
  u32* at = &a.far_balances;
  while (*at != 0 && balances_[*at].asset < asset) at = &balances_[*at].next;
  const u32 slot = balances_.take();
  balances_[slot].asset = asset;
  balances_[slot].next = *at;
  *at = slot;
  return balances_[slot].money;
}

const Balance* Kernel::find_balance(const Account& a, u16 asset) const {
  for (u32 i = 0; i < Account::NEAR_BALANCES; ++i) {
    if (a.near_assets[i] == asset) return &a.near_balances[i];
  }
  for (u32 slot = a.far_balances; slot != 0; slot = balances_[slot].next) {
    if (balances_[slot].asset == asset) return &balances_[slot].money;
  }
  return nullptr;
}

std::pair<u32, u32> Kernel::rates(u16 schedule, u16 market_id) const {
  auto found = fees_.find({schedule, market_id});
  if (found == fees_.end()) found = fees_.find({schedule, 0});
  return found == fees_.end() ? std::pair<u32, u32>{0, 0} : found->second;
}

// Works out anew what each schedule costs in this market, so that an order need not look it up.
void Kernel::pin_rates(Market& m) {
  m.rates.clear();
  for (const auto& [key, unused] : fees_) {
    const auto [schedule, market_id] = key;
    if (market_id != 0 && market_id != m.row.market) continue;
    if (schedule >= m.rates.size()) m.rates.resize(schedule + 1U);
    const auto [maker, taker] = rates(schedule, m.row.market);
    m.rates[schedule] = {maker, taker};
  }
}

// ---- look-ups and views

u32 Kernel::find_client(u32 account, u16 market_id, const char* id) const {
  return find_client(accounts_[account], market_id, id,
                     client_hash(accounts_[account].id, market_id, id));
}

bool Kernel::pending() const {
  return std::any_of(markets_.begin(), markets_.end(), [](const auto& m) {
    return m != nullptr && m->queue_head != 0 &&
           m->row.status == static_cast<u8>(MarketStatus::TRADING);
  });
}

i64 Kernel::average_price(u16 id) const {
  const Market* m = market(id);
  if (m == nullptr) return 0;
  const i64 now = time_us_ / MINUTE_US;
  i128 lots = 0;
  i128 quote = 0;
  for (i64 minute = now; minute > now - static_cast<i64>(m->row.average_price_minutes); --minute) {
    const PriceBucket& b = m->buckets[static_cast<std::size_t>(minute) & 63];
    if (b.minute != minute) continue;
    lots += b.lots;
    quote += b.quote;
  }
  if (lots == 0) return m->row.last_price_ticks;
  const i128 value = lots * m->row.tick_lot_atoms;
  if (quote >> 63 == 0 && value >> 63 == 0) [[likely]] {
    return static_cast<i64>(quote) / static_cast<i64>(value);  // the common, much cheaper division
  }
  return static_cast<i64>(quote / value);
}

std::pair<u32, u32> Kernel::fee_rates(u64 account_id, u16 market_id) const {
  const u32 slot = find_account(account_id);
  return slot == 0 ? std::pair<u32, u32>{0, 0} : rates(accounts_[slot].fee_schedule, market_id);
}

std::vector<std::pair<i64, i64>> Kernel::depth(u16 id, u8 side, std::size_t limit) {
  std::vector<std::pair<i64, i64>> levels;
  Market* m = market(id);
  if (m == nullptr) return levels;
  u32 slot = m->best(side);
  while (slot != 0 && levels.size() < limit) {
    const Level& level = levels_[slot];
    levels.emplace_back(level.price.v, level.visible.v);
    slot = m->tree(side).next(level.price, !is_buy(side));
  }
  return levels;
}

std::vector<std::pair<const char*, std::size_t>> Kernel::memory() const {
  const std::size_t near = 
      accounts_.live() * (sizeof(Account::near_balances) + sizeof(Account::near_assets));
  return {{"orders", orders_.live()},
          {"accounts", accounts_.live()},
          {"balances", balance_count_},
          {"levels", levels_.live()},
          {"dedupe_entries", dedupe_.live()},
          {"order_bytes", orders_.used_bytes() + extras_.used_bytes() +
                              orders_by_id_.used_bytes() + orders_by_client_.used_bytes()},
          {"level_bytes", levels_.used_bytes() + nodes_.used_bytes()},
          {"account_bytes", accounts_.used_bytes() - near + accounts_by_id_.used_bytes()},
          {"balance_bytes", balances_.used_bytes() + near},
          {"dedupe_bytes", dedupe_.used_bytes()}};
}

}  // namespace outcry
