// Random well-framed commands: a small crowded world whose numbers lie at the ends of their ranges.
#pragma once
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "../src/records.gen.hpp"
#include "dice.hpp"

namespace fuzz {

using namespace outcry;
using Bytes = std::vector<char>;

inline constexpr std::int64_t I64_MAX = 0x7FFFFFFFFFFFFFFFLL;

template <class C>
C made() {
  C c{};
  c.size = C::SIZE;
  c.kind = C::KIND;
  c.version = 1;
  return c;
}

class Generator {
 public:
  explicit Generator(Dice& dice) : dice_(dice) {}

  // Assets, markets, accounts and money, in one batch.
  Bytes opening() {
    Bytes out;
    for (std::uint16_t id = 1; id <= ASSETS; ++id) {
      auto c = made<CreateAsset>();
      c.asset = id;
      c.scale = scale_[id] = static_cast<std::uint8_t>(dice_.any({0, 0, 1, 8, 18}));
      std::memcpy(c.name, ("A" + std::to_string(id)).data(), 2);
      push(out, c);
    }
    for (std::uint16_t id = 1; id <= MARKETS; ++id) push(out, market(id));
    for (std::uint64_t i = 0; i < ACCOUNTS; ++i) {
      auto c = made<CreateAccount>();
      c.account_id = account_at(i);
      c.trade_group = static_cast<std::int32_t>(dice_.any({0, 0, 1, -1}));
      c.fee_schedule = static_cast<std::uint16_t>(dice_.below(3));
      c.flags = 7;
      push(out, c);
      for (std::uint16_t asset = 1; asset <= ASSETS; ++asset) push(out, funds(i, asset));
    }
    for (int i = 0; i < 6; ++i) push(out, fees());
    return out;
  }

  // So many accounts that the kernel starts to look ahead (its state outgrows the near caches).
  Bytes crowd() {
    Bytes out;
    for (std::uint64_t i = 0; i < CROWD; ++i) {
      auto c = made<CreateAccount>();
      c.account_id = account_at(ACCOUNTS + i);
      push(out, c);
    }
    return out;
  }

  Bytes batch() {
    Bytes out;
    for (std::uint64_t i = 1 + dice_.below(dice_.any({1, 4, 24})); i > 0; --i) command(out);
    return out;
  }

  void command(Bytes& out) {
    const std::uint64_t r = dice_.below(100);
    if (r < 58) return push(out, order<NewOrder>());
    if (r < 66) return push(out, cancel());
    if (r < 70) return push(out, replace());
    if (r < 76) return push(out, amend());
    if (r < 78) return push(out, for_market<CancelAll>());
    if (r < 86) return money(out);
    if (r < 90) return push(out, made<Tick>());
    rare(out);
  }

 private:
  static constexpr std::uint16_t ASSETS = 3;
  static constexpr std::uint16_t MARKETS = 4;
  static constexpr std::uint64_t ACCOUNTS = 5;
  static constexpr std::uint64_t CROWD = 140'000;

  // Stamps the header: time mostly creeps, seldom leaps; digests are drawn from a few.
  template <class C>
  void push(Bytes& out, C c) {
    if (dice_.once_in(4)) advance(static_cast<std::int64_t>(dice_.below(2'000'000)));
    if (dice_.once_in(200)) advance(static_cast<std::int64_t>(dice_.below(90 * MINUTE_US)));
    if (dice_.once_in(20'000)) advance(I64_MAX - time_us_ - 3 * MINUTE_US);
    c.time_us = time_us_;
    if (dice_.once_in(3)) {
      c.digest_lo = dice_.once_in(4) ? dice_.below(8) : dice_.bits();
      c.digest_hi = dice_.below(2);
      const std::int64_t ahead = dice_.any<std::int64_t>({0, 1, MINUTE_US, 2 * MINUTE_US, -1});
      c.deadline_us = ahead > I64_MAX - time_us_ ? I64_MAX : time_us_ + ahead;
    }
    if (dice_.once_in(300)) c.deadline_us = static_cast<std::int64_t>(dice_.bits());
    const char* bytes = reinterpret_cast<const char*>(&c);
    out.insert(out.end(), bytes, bytes + sizeof(c));
  }

  // Time stops at its end.
  void advance(std::int64_t step) {
    time_us_ = step > I64_MAX - time_us_ ? I64_MAX : std::max(time_us_, time_us_ + step);
  }

  std::uint64_t account_at(std::uint64_t i) const { return (i + 1) << 10 | (i % 3); }
  std::uint64_t account() { return account_at(dice_.below(ACCOUNTS)); }
  std::uint16_t market_id() {
    return static_cast<std::uint16_t>(dice_.once_in(50) ? dice_.bits() : 1 + dice_.below(MARKETS));
  }

  // A few neighbouring prices, and both ends of the range.
  std::int64_t price() {
    if (dice_.once_in(12)) return PRICE_TICKS_MAX - static_cast<std::int64_t>(dice_.below(3));
    if (dice_.once_in(12)) return static_cast<std::int64_t>(dice_.of_any_size() >> 28) + 1;
    return dice_.between(1, dice_.any<std::int64_t>({4, 70, 5'000}));
  }
  std::int64_t lots() {
    if (dice_.once_in(10)) return QTY_LOTS_MAX - static_cast<std::int64_t>(dice_.below(2));
    if (dice_.once_in(5)) return static_cast<std::int64_t>(dice_.of_any_size() >> 11) + 1;
    return dice_.between(1, dice_.any<std::int64_t>({1, 9, 1'000}));
  }
  std::int64_t atoms() {
    if (dice_.once_in(8)) return AMOUNT_ATOMS_MAX - static_cast<std::int64_t>(dice_.below(2));
    return static_cast<std::int64_t>(dice_.of_any_size() >> 2) + 1;
  }
  std::int64_t anything() {
    const auto size = static_cast<std::int64_t>(dice_.of_any_size() >> 1);
    return dice_.once_in(2) ? size : -size - 1;
  }

  template <std::size_t N>
  void client_id(char (&id)[N]) {
    std::memset(id, 0, N);
    const std::string text = "c" + std::to_string(dice_.below(dice_.any({40, 4'000})));
    std::memcpy(id, text.data(), text.size());
    if (dice_.once_in(40)) std::memset(id, 'Z', N);
    if (dice_.once_in(80)) id[dice_.below(N)] = static_cast<char>(dice_.bits());
  }

  // A specification that is accepted: tick * lot = tick_lot * 10^scale of the base asset.
  CreateMarket market(std::uint16_t id) {
    auto c = made<CreateMarket>();
    c.market = id;
    c.base_asset = static_cast<std::uint16_t>(1 + id % ASSETS);
    c.quote_asset = static_cast<std::uint16_t>(1 + (id + 1) % ASSETS);
    c.status = 1;
    std::memcpy(c.symbol, ("M" + std::to_string(id)).data(), 2);
    const int scale = scale_[c.base_asset];
    const int split = static_cast<int>(dice_.below(static_cast<std::uint64_t>(scale) + 1));
    const std::int64_t x = split > 12 ? 1 : dice_.any<std::int64_t>({1, 1, 7, 1'000});
    const std::int64_t y = scale - split > 9 ? 1 : dice_.any<std::int64_t>({1, 1, 3, 1 << 20});
    c.lot_atoms = x * power_of_ten(split);
    c.tick_atoms = y * power_of_ten(scale - split);
    c.tick_lot_atoms = x * y;
    shape(c);
    return c;
  }

  static std::int64_t power_of_ten(int n) {
    std::int64_t value = 1;
    while (n-- > 0) value *= 10;
    return value;
  }

  template <class C>
  void shape(C& c) {
    const bool strict = dice_.once_in(3);
    c.stp_modes = 0b11'1111;
    c.order_types = 0b1111'1110;
    c.flags = 0b111'1111;
    c.average_price_minutes = static_cast<std::uint32_t>(dice_.any({0, 1, 5, 60}));
    c.price_ticks_max = strict ? PRICE_TICKS_MAX : 0;
    c.qty_lots_max = strict ? QTY_LOTS_MAX : 0;
    c.market_qty_lots_step = strict ? 3 : 0;
    c.notional_atoms_min = strict ? 10 : 0;
    c.notional_atoms_max = dice_.once_in(4) ? I64_MAX : 0;
    c.position_lots_max = dice_.once_in(5) ? I64_MAX : 0;
    c.bid_multiplier_up = c.ask_multiplier_up = strict ? 0xFFFFFFFF : 0;
    c.bid_multiplier_down = c.ask_multiplier_down = dice_.once_in(5) ? 1 : 0;
    c.orders_max = static_cast<std::uint32_t>(dice_.any({0, 0, 40}));
    c.algo_orders_max = c.orders_max / 4;
    c.iceberg_orders_max = c.orders_max / 4;
    c.iceberg_parts_max = static_cast<std::uint32_t>(dice_.any({0, 100}));
    c.amends_max = static_cast<std::uint32_t>(dice_.any({0, 2}));
  }

  Deposit funds(std::uint64_t i, std::uint16_t asset) {
    auto c = made<Deposit>();
    c.account_id = account_at(i);
    c.asset = asset;
    // Together almost all that an asset may have.
    c.amount_atoms = i == 0 ? AMOUNT_ATOMS_MAX / 2 : AMOUNT_ATOMS_MAX / 16;
    return c;
  }

  SetFees fees() {
    auto c = made<SetFees>();
    c.schedule = static_cast<std::uint16_t>(dice_.below(3));
    c.market = static_cast<std::uint16_t>(dice_.below(MARKETS + 1));
    c.maker_rate = dice_.any<std::uint32_t>({0, 1, RATE_ONE - 1, 100'000});
    c.taker_rate = dice_.any<std::uint32_t>({0, 1, RATE_ONE - 1, RATE_ONE});
    return c;
  }

  template <class C>
  C order() {
    auto c = made<C>();
    c.account_id = account();
    c.market = market_id();
    c.side = static_cast<std::uint8_t>(1 + dice_.below(2));
    c.order_type = static_cast<std::uint8_t>(dice_.any({1, 1, 1, 1, 2, 2, 3, 4, 5, 5, 6, 7}));
    c.stp_mode = static_cast<std::uint8_t>(dice_.below(6));
    const bool conditional = c.order_type >= 4;
    const bool priced = c.order_type != 2 && c.order_type != 4 && c.order_type != 6;
    c.qty_lots = lots();
    if (priced) {
      c.price_ticks = price();
      if (c.order_type != 3) c.time_in_force = dice_.any<std::uint8_t>({1, 1, 1, 2, 3});
    } else {
      c.worst_ticks = price();
    }
    if (c.order_type == 2 && dice_.once_in(2)) {
      c.qty_lots = 0;
      c.quote_atoms = atoms();
    }
    if (conditional) {
      c.stop_ticks = price();
      if (dice_.once_in(3)) {
        c.trailing_bips = static_cast<std::uint32_t>(dice_.any({1, 500, 9'999}));
        if (dice_.once_in(2)) c.stop_ticks = 0;
      }
    }
    const bool may_hide = c.order_type == 3 || (priced && c.time_in_force == 1);
    if (may_hide && dice_.once_in(4)) c.iceberg_lots = c.qty_lots / dice_.between(1, 30) + 1;
    c.strategy_id = dice_.once_in(10) ? anything() : 0;
    client_id(c.client_order_id);
    if (dice_.once_in(60)) c.price_ticks = anything();
    if (dice_.once_in(60)) c.qty_lots = anything();
    return c;
  }

  // Order ids are counter << 10 | shard, so a small counter mostly names an order that was.
  std::int64_t order_id() {
    if (dice_.once_in(40)) return anything();
    return static_cast<std::int64_t>((1 + dice_.below(dice_.any({50, 2'000}))) << 10 |
                                     dice_.below(3));
  }

  CancelOrder cancel() {
    auto c = made<CancelOrder>();
    c.account_id = account();
    c.market = market_id();
    c.restriction = static_cast<std::uint8_t>(dice_.below(4));
    if (dice_.once_in(2)) c.order_id = order_id();
    if (c.order_id == 0 || dice_.once_in(8)) client_id(c.original_client_order_id);
    client_id(c.client_order_id);
    return c;
  }

  CancelReplace replace() {
    auto c = order<CancelReplace>();
    c.mode = static_cast<std::uint8_t>(dice_.any({1, 2, 2, 3}));
    c.restriction = static_cast<std::uint8_t>(dice_.below(3));
    if (dice_.once_in(2)) c.cancel_order_id = order_id();
    if (c.cancel_order_id == 0) client_id(c.cancel_original_client_order_id);
    client_id(c.cancel_client_order_id);
    return c;
  }

  AmendOrder amend() {
    auto c = made<AmendOrder>();
    c.account_id = account();
    c.market = market_id();
    c.qty_lots = dice_.once_in(20) ? anything() : lots();
    if (dice_.once_in(2)) c.order_id = order_id();
    if (c.order_id == 0) client_id(c.original_client_order_id);
    if (dice_.once_in(3)) client_id(c.client_order_id);
    return c;
  }

  template <class C>
  C for_market() {
    auto c = made<C>();
    c.account_id = account();
    c.market = market_id();
    return c;
  }

  void money(Bytes& out) {
    const auto filled = [this](auto c) {
      c.account_id = account();
      c.asset = static_cast<std::uint16_t>(1 + dice_.below(ASSETS));
      if (dice_.once_in(30)) c.asset = static_cast<std::uint16_t>(dice_.bits());
      c.amount_atoms = dice_.once_in(10) ? anything() : atoms() >> dice_.below(30);
      return c;
    };
    switch (dice_.below(3)) {
      case 0:
        return push(out, filled(made<Deposit>()));
      case 1:
        return push(out, filled(made<Withdraw>()));
      default: {
        auto c = filled(made<Adjust>());
        if (dice_.once_in(2) && c.amount_atoms > 0) c.amount_atoms = -c.amount_atoms;
        return push(out, c);
      }
    }
  }

  void rare(Bytes& out) {
    switch (dice_.below(8)) {
      case 0: {
        auto c = for_market<SetMarketStatus>();
        c.status = static_cast<std::uint8_t>(dice_.any({1, 1, 1, 1, 2, 3, 4, 5, 0, 255}));
        push(out, c);
        c.status = 1;  // or hardly anything would be left open for long
        return push(out, c);
      }
      case 1: {
        const CreateMarket base = market(static_cast<std::uint16_t>(1 + dice_.below(MARKETS)));
        auto c = made<UpdateMarket>();
        std::memcpy(&c.market, &base.market, sizeof(c) - offsetof(UpdateMarket, market));
        return push(out, c);
      }
      case 2:
        return push(out, fees());
      case 3: {
        auto c = made<UpdateAccount>();
        c.account_id = account();
        c.trade_group = static_cast<std::int32_t>(dice_.any({0, 1, 2, -1}));
        c.fee_schedule = static_cast<std::uint16_t>(dice_.any({0, 1, 2, 1'023, 1'024}));
        c.flags = static_cast<std::uint16_t>(dice_.once_in(6) ? dice_.bits() : 7);
        return push(out, c);
      }
      case 4: {
        auto c = made<SetLimits>();
        c.orders_max = static_cast<std::uint32_t>(dice_.any({0, 0, 30, 200}));
        c.algo_orders_max = c.orders_max / 3;
        c.iceberg_orders_max = c.orders_max / 3;
        return push(out, c);
      }
      case 5: {
        auto c = made<Quarantine>();
        c.market = static_cast<std::uint32_t>(dice_.bits());
        if (dice_.once_in(8)) c.market = static_cast<std::uint32_t>(dice_.below(MARKETS + 1));
        return push(out, c);
      }
      case 6:
        return push(out, made<LinkAck>());
      default: {
        auto c = made<CreateAccount>();
        c.account_id = dice_.once_in(4) ? dice_.bits() : account();
        c.flags = 7;
        return push(out, c);
      }
    }
  }

  static constexpr std::int64_t MINUTE_US = 60'000'000;
  Dice& dice_;
  std::int64_t time_us_ = 1'000'000'000'000'000;
  std::array<std::uint8_t, ASSETS + 1> scale_{};
};

}  // namespace fuzz
