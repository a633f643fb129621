// Ticks, lots and atoms as types that do not mix, with arithmetic that faults instead of wrapping.
#pragma once
#include <compare>
#include <cstdint>

#include "check.hpp"
#include "records.gen.hpp"

namespace outcry {

using i64 = std::int64_t;
using u64 = std::uint64_t;
using u32 = std::uint32_t;
using u16 = std::uint16_t;
using u8 = std::uint8_t;
__extension__ typedef __int128 i128;
__extension__ typedef unsigned __int128 u128;

template <class Tag>
struct Number {
  i64 v = 0;

  friend constexpr auto operator<=>(Number, Number) = default;

  friend Number operator+(Number a, Number b) {
    i64 r;
    OUTCRY_CHECK(!__builtin_add_overflow(a.v, b.v, &r));
    return {r};
  }
  friend Number operator-(Number a, Number b) {
    i64 r;
    OUTCRY_CHECK(!__builtin_sub_overflow(a.v, b.v, &r));
    return {r};
  }
  Number& operator+=(Number b) { return *this = *this + b; }
  Number& operator-=(Number b) { return *this = *this - b; }
};

using Ticks = Number<struct TicksTag>;
using Lots = Number<struct LotsTag>;
using Atoms = Number<struct AtomsTag>;

inline constexpr i128 AMOUNT_MAX = static_cast<i128>(AMOUNT_ATOMS_MAX);

// price x lots x atoms per tick and lot, wide; callers bound it.
inline i128 notional_wide(Ticks price, Lots lots, i64 tick_lot_atoms) {
  i64 small;
  if (!__builtin_mul_overflow(price.v, lots.v, &small) &&
      !__builtin_mul_overflow(small, tick_lot_atoms, &small)) [[likely]] {
    return small;
  }
  // price < 2^36 and lots < 2^53: the product of the two stays below 2^89, of the three it may pass
  // 2^127, so the last factor is checked.
  const i128 product = static_cast<i128>(price.v) * lots.v;
  i128 result;
  if (__builtin_mul_overflow(product, static_cast<i128>(tick_lot_atoms), &result)) {
    return AMOUNT_MAX + 1;
  }
  return result;
}

inline Atoms narrow(i128 value) {
  OUTCRY_CHECK(value >= 0 && value <= AMOUNT_MAX);
  return {static_cast<i64>(value)};
}
inline Atoms narrow(i64 value) {
  OUTCRY_CHECK(static_cast<u64>(value) <= static_cast<u64>(AMOUNT_ATOMS_MAX));
  return {value};
}

// What does not fit 64 bits is more than the largest amount in any case.
inline Atoms notional(Ticks price, Lots lots, i64 tick_lot_atoms) {
  i64 value;
  OUTCRY_CHECK(!__builtin_mul_overflow(price.v, lots.v, &value));
  OUTCRY_CHECK(!__builtin_mul_overflow(value, tick_lot_atoms, &value));
  return narrow(value);
}

inline Atoms atoms_of(Lots lots, i64 lot_atoms) {
  i64 value;
  OUTCRY_CHECK(!__builtin_mul_overflow(lots.v, lot_atoms, &value));
  return narrow(value);
}

// ceil(rate x amount / RATE_ONE): fees round in favour of the house.
inline Atoms fee_on(u32 rate, Atoms amount) {
  if (rate == 0) return {0};
  const u128 product = static_cast<u128>(static_cast<u64>(amount.v)) * rate;
  if (product >> 64 == 0) [[likely]] {
    const u64 small = static_cast<u64>(product);
    return {static_cast<i64>(MUTANT(1) ? small / static_cast<u64>(RATE_ONE)
                                       : small / static_cast<u64>(RATE_ONE) +
                                             (small % static_cast<u64>(RATE_ONE) != 0))};
  }
  const u128 one = static_cast<u128>(RATE_ONE);
  return narrow(static_cast<i128>((product + (MUTANT(1) ? 0 : one - 1)) / one));
}

}  // namespace outcry
