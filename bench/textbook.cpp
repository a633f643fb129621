// The yardstick: a price-time book as a textbook writes it, std::map of std::list and an
// std::unordered_map of ids; matching only, no accounts, no fees, no events.
//
// It also makes the workloads, since that takes a book: `draw` writes operations, `resolve` turns a
// capture's rows into operations that the book would carry out, `run` times them.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <list>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

enum Kind : std::uint8_t { LIMIT = 1, MARKET = 2, CANCEL = 3, REDUCE = 4, POST_ONLY = 5 };

struct Operation {
  std::uint8_t kind;
  std::uint8_t buy;
  std::uint16_t refused;  // a post-only order that would have taken
  std::uint32_t account;
  std::int64_t price;
  std::int64_t qty;  // REDUCE: the order's new quantity, what was filled included
  std::uint64_t id;
};
static_assert(sizeof(Operation) == 32);

struct Order {
  std::uint64_t id;
  std::int64_t qty;
  std::int64_t filled;
};

struct Level {
  std::list<Order> orders;
};

struct Totals {
  std::uint64_t trades = 0, lots = 0, notional = 0, makers = 0;
};

class Book {
 public:
  // Returns whether something rests.
  bool limit(bool buy, std::int64_t price, std::int64_t qty, std::uint64_t id) {
    qty = buy ? match(asks_, price, qty, [](auto a, auto b) { return a <= b; })
              : match(bids_, price, qty, [](auto a, auto b) { return a >= b; });
    if (qty == 0) return false;
    rest(buy, price, qty, id);
    return true;
  }

  void market(bool buy, std::int64_t worst, std::int64_t qty) {
    if (buy) {
      match(asks_, worst, qty, [](auto a, auto b) { return a <= b; });
    } else {
      match(bids_, worst, qty, [](auto a, auto b) { return a >= b; });
    }
  }

  bool post_only(bool buy, std::int64_t price, std::int64_t qty, std::uint64_t id) {
    if (buy ? !asks_.empty() && asks_.begin()->first <= price
            : !bids_.empty() && bids_.begin()->first >= price) {
      return false;
    }
    rest(buy, price, qty, id);
    return true;
  }

  bool cancel(std::uint64_t id) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return false;
    remove(found);
    return true;
  }

  bool reduce(std::uint64_t id, std::int64_t qty) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return false;
    Order& order = *found->second.order;
    if (qty >= order.qty + order.filled) return false;
    if (qty <= order.filled) {
      remove(found);
    } else {
      order.qty = qty - order.filled;
    }
    return true;
  }

  const Order* find(std::uint64_t id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : &*found->second.order;
  }
  std::int64_t best_bid() const { return bids_.empty() ? 0 : bids_.begin()->first; }
  std::int64_t best_ask() const { return asks_.empty() ? 0 : asks_.begin()->first; }
  std::size_t size() const { return ids_.size(); }
  const Totals& totals() const { return totals_; }

  // Price of the n-th level of the side that a taker meets, and the lots up to and with it.
  std::pair<std::int64_t, std::int64_t> reach(bool buy, int levels) const {
    return buy ? reach(asks_, levels) : reach(bids_, levels);
  }
  // The lots of the last order of that level.
  std::int64_t last_of(bool buy, std::int64_t price) const {
    return buy ? asks_.at(price).orders.back().qty : bids_.at(price).orders.back().qty;
  }

 private:
  struct Place {
    bool buy;
    std::int64_t price;
    std::list<Order>::iterator order;
  };
  using Ids = std::unordered_map<std::uint64_t, Place>;

  template <class Side, class Within>
  std::int64_t match(Side& side, std::int64_t limit, std::int64_t qty, Within within) {
    while (qty > 0 && !side.empty() && within(side.begin()->first, limit)) {
      auto level = side.begin();
      auto& orders = level->second.orders;
      while (qty > 0 && !orders.empty()) {
        Order& maker = orders.front();
        const std::int64_t lots = std::min(qty, maker.qty);
        totals_.trades += 1;
        totals_.lots += static_cast<std::uint64_t>(lots);
        totals_.notional += static_cast<std::uint64_t>(lots * level->first);
        totals_.makers += totals_.trades * maker.id;
        qty -= lots;
        maker.qty -= lots;
        maker.filled += lots;
        if (maker.qty == 0) {
          ids_.erase(maker.id);
          orders.pop_front();
        }
      }
      if (orders.empty()) side.erase(level);
    }
    return qty;
  }

  void rest(bool buy, std::int64_t price, std::int64_t qty, std::uint64_t id) {
    auto& orders = buy ? bids_[price].orders : asks_[price].orders;
    orders.push_back({id, qty, 0});
    ids_.emplace(id, Place{buy, price, std::prev(orders.end())});
  }

  void remove(Ids::iterator found) {
    const Place place = found->second;
    ids_.erase(found);
    if (place.buy) {
      const auto level = bids_.find(place.price);
      level->second.orders.erase(place.order);
      if (level->second.orders.empty()) bids_.erase(level);
    } else {
      const auto level = asks_.find(place.price);
      level->second.orders.erase(place.order);
      if (level->second.orders.empty()) asks_.erase(level);
    }
  }

  template <class Side>
  static std::pair<std::int64_t, std::int64_t> reach(const Side& side, int levels) {
    std::int64_t price = 0;
    std::int64_t lots = 0;
    for (const auto& [at, level] : side) {
      if (levels-- == 0) break;
      price = at;
      for (const Order& order : level.orders) lots += order.qty;
    }
    return {price, lots};
  }

  std::map<std::int64_t, Level, std::greater<>> bids_;
  std::map<std::int64_t, Level> asks_;
  Ids ids_;
  Totals totals_;
};

bool carry_out(Book& book, const Operation& o) {
  switch (o.kind) {
    case LIMIT:
      return book.limit(o.buy != 0, o.price, o.qty, o.id);
    case MARKET:
      book.market(o.buy != 0, o.price, o.qty);
      return false;
    case CANCEL:
      return book.cancel(o.id);
    case REDUCE:
      return book.reduce(o.id, o.qty);
    default:
      return book.post_only(o.buy != 0, o.price, o.qty, o.id);
  }
}

// ---- drawing

class Draw {
 public:
  Draw(std::uint64_t seed, std::size_t resting, std::int64_t depth, std::uint32_t accounts)
      : random_(seed), resting_(resting), depth_(depth), accounts_(accounts) {}

  std::vector<Operation> all(std::size_t count) {
    while (book_.size() < resting_) passive();
    for (std::size_t i = 0; i < count; ++i) {
      if (below(100) < 8) middle_ += static_cast<std::int64_t>(below(3)) - 1;
      one();
    }
    return made_;
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  void one() {
    // 51 % passive and 38 % cancels, moved a little so that the book keeps its size.
    const double lack = (static_cast<double>(resting_) - static_cast<double>(book_.size())) /
                        static_cast<double>(resting_);
    const auto shift = static_cast<std::int64_t>(std::clamp(lack * 100.0, -15.0, 15.0) * 10.0);
    const auto r = static_cast<std::int64_t>(below(1000));
    if (r < 510 + shift) return passive();
    if (r < 890) return below(2) != 0 ? cancel_young() : cancel_any();
    if (r < 900) return cancel_gone();
    if (r < 980) return aggressive();
    market();
  }

  std::int64_t lots() { return 1 + static_cast<std::int64_t>(below(100)); }
  std::uint32_t account() { return static_cast<std::uint32_t>(below(accounts_)); }

  void passive() {
    const bool buy = below(2) != 0;
    const auto away = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(depth_)));
    std::int64_t price = buy ? middle_ - 1 - away : middle_ + 1 + away;
    if (buy && book_.best_ask() != 0) price = std::min(price, book_.best_ask() - 1);
    if (!buy && book_.best_bid() != 0) price = std::max(price, book_.best_bid() + 1);
    add({LIMIT, buy, 0, account(), price, lots(), ++ids_});
  }

  void aggressive() {
    const bool buy = below(2) != 0;
    if ((buy ? book_.best_ask() : book_.best_bid()) == 0) return passive();
    const std::uint64_t r = below(100);
    const int levels = r < 62 ? 1 : r < 84 ? 2 : r < 93 ? 3 : r < 98 ? 4 : 5;
    auto [price, sum] = book_.reach(buy, levels);
    const std::uint64_t end = below(100);
    if (end < 25) {
      const std::int64_t last = book_.last_of(buy, price);
      if (last > 1) sum -= 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(last - 1)));
    } else if (end < 35) {
      sum += lots();
    }
    add({LIMIT, buy, 0, account(), price, sum, ++ids_});
  }

  void market() {
    const bool buy = below(2) != 0;
    const std::int64_t worst = buy ? middle_ + 4 * depth_ : std::max<std::int64_t>(1, middle_ - 4 * depth_);
    add({MARKET, buy, 0, account(), worst, lots(), ++ids_});
  }

  void cancel_young() {
    for (int tries = 0; tries < 8 && !young_.empty(); ++tries) {
      const std::uint64_t id = young_[below(young_.size())];
      if (book_.find(id) != nullptr) return cancel(id);
    }
    cancel_any();
  }

  void cancel_any() {
    for (int tries = 0; tries < 400; ++tries) {
      const std::size_t at = below(live_.size());
      const std::uint64_t id = live_[at];
      live_[at] = live_.back();
      live_.pop_back();
      if (book_.find(id) != nullptr) return cancel(id);
      gone_.push_back(id);
    }
    passive();
  }

  void cancel_gone() {
    if (gone_.empty()) return passive();
    cancel(gone_[below(gone_.size())]);
  }

  void cancel(std::uint64_t id) {
    gone_.push_back(id);
    if (gone_.size() > 10'000) gone_.erase(gone_.begin(), gone_.begin() + 5'000);
    add({CANCEL, 0, 0, 0, 0, 0, id});
  }

  void add(const Operation& o) {
    made_.push_back(o);
    if (!carry_out(book_, o) || o.kind == CANCEL) return;
    live_.push_back(o.id);
    young_.push_back(o.id);
    if (young_.size() > 1000) young_.pop_front();
  }

  std::mt19937_64 random_;
  std::size_t resting_;
  std::int64_t depth_;
  std::uint32_t accounts_;
  std::int64_t middle_ = 1'000'000;
  std::uint64_t ids_ = 0;
  Book book_;
  std::vector<Operation> made_;
  std::vector<std::uint64_t> live_, gone_;
  std::deque<std::uint64_t> young_;
};

// A capture's REDUCE says what is left; ours says the whole quantity. What would do nothing goes.
std::vector<Operation> resolved(const std::vector<Operation>& rows) {
  Book book;
  std::vector<Operation> kept;
  for (Operation o : rows) {
    if (o.kind == CANCEL && book.find(o.id) == nullptr) continue;
    if (o.kind == REDUCE) {
      const Order* order = book.find(o.id);
      if (order == nullptr || o.qty >= order->qty || o.qty <= 0) continue;
      o.qty += order->filled;
    }
    o.refused = !carry_out(book, o) && o.kind == POST_ONLY;
    kept.push_back(o);
  }
  return kept;
}

// ---- files

std::vector<Operation> load(const char* path) {
  std::FILE* file = std::fopen(path, "rb");
  if (file == nullptr) std::exit(2);
  std::fseek(file, 0, SEEK_END);
  std::vector<Operation> found(static_cast<std::size_t>(std::ftell(file)) / sizeof(Operation));
  std::rewind(file);
  if (std::fread(found.data(), sizeof(Operation), found.size(), file) != found.size()) std::exit(2);
  std::fclose(file);
  return found;
}

void save(const char* path, const std::vector<Operation>& operations) {
  std::FILE* file = std::fopen(path, "wb");
  if (file == nullptr) std::exit(2);
  const std::size_t written =
      std::fwrite(operations.data(), sizeof(Operation), operations.size(), file);
  if (std::fclose(file) != 0 || written != operations.size()) std::exit(2);
}

int run(const char* path, std::size_t before) {
  const std::vector<Operation> operations = load(path);
  Book book;
  for (std::size_t i = 0; i < before; ++i) carry_out(book, operations[i]);
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = before; i < operations.size(); ++i) carry_out(book, operations[i]);
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begun;
  const Totals& t = book.totals();
  std::printf(
      "{\"operations\": %zu, \"nanoseconds\": %.0f, \"trades\": %llu, \"lots\": %llu, "
      "\"notional\": %llu, \"makers\": %llu, \"resting\": %zu}\n",
      operations.size() - before, taken.count(), static_cast<unsigned long long>(t.trades),
      static_cast<unsigned long long>(t.lots), static_cast<unsigned long long>(t.notional),
      static_cast<unsigned long long>(t.makers), book.size());
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::string verb = count > 1 ? words[1] : "";
  const auto number = [&](int at) { return std::strtoull(words[at], nullptr, 10); };
  if (verb == "draw" && count == 8) {
    Draw draw(number(3), number(4), static_cast<std::int64_t>(number(5)),
              static_cast<std::uint32_t>(number(6)));
    save(words[2], draw.all(number(7)));
    return 0;
  }
  if (verb == "resolve" && count == 4) {
    save(words[3], resolved(load(words[2])));
    return 0;
  }
  if (verb == "run" && count == 4) return run(words[2], number(3));
  std::fprintf(stderr,
               "usage: textbook draw FILE SEED RESTING DEPTH ACCOUNTS OPERATIONS\n"
               "       textbook resolve ROWS FILE\n"
               "       textbook run FILE BEFORE\n");
  return 2;
}
