// Damage: to the bodies of commands (framing kept), and to the rows of a snapshot (nothing kept).
#pragma once
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "generator.hpp"

namespace fuzz {

inline constexpr std::size_t HEADER_BYTES = 48;
inline constexpr std::size_t TIME_AT = 40;

struct Record {
  std::size_t at;
  std::size_t size;
};

// Where the records lie; what follows the last whole one is left out.
inline std::vector<Record> records_of(std::span<const char> bytes, std::size_t least) {
  std::vector<Record> found;
  for (std::size_t at = 0; bytes.size() - at >= least;) {
    std::uint16_t size;
    std::memcpy(&size, bytes.data() + at, sizeof(size));
    if (size < least || size > bytes.size() - at) break;
    found.push_back({at, size});
    at += size;
  }
  return found;
}

// Overwrites one aligned field with a number from the ends of some range, or turns one bit.
inline void damage(Dice& dice, Bytes& bytes, std::size_t from, std::size_t end) {
  if (end <= from) return;
  if (dice.once_in(3)) {
    bytes[from + dice.below(end - from)] ^= static_cast<char>(1U << dice.below(8));
    return;
  }
  std::size_t width = std::size_t{1} << dice.below(4);
  while (width > end - from) width /= 2;
  const std::size_t at = (from + width - 1) / width * width +
                         dice.below((end - from) / width + 1) * width;
  if (at + width > end) return;
  const std::uint64_t edge = std::uint64_t{1} << dice.below(64);
  const std::uint64_t value = dice.any<std::uint64_t>(
      {0, 1, 2, ~std::uint64_t{0}, edge, edge - 1, ~edge, std::uint64_t{1} << (8 * width - 1),
       (std::uint64_t{1} << (8 * width - 1)) - 1, dice.of_any_size()});
  std::memcpy(bytes.data() + at, &value, width);
}

// Changes a batch but keeps its framing. Time is touched seldom: one leap ends a run.
inline Bytes mutated(Dice& dice, const Bytes& batch) {
  Bytes out = batch;
  const std::vector<Record> records = records_of(batch, HEADER_BYTES);
  if (records.empty()) return out;
  for (std::uint64_t i = 1 + dice.below(4); i > 0; --i) {
    const Record r = records[dice.below(records.size())];
    const std::uint64_t what = dice.below(20);
    if (what == 0) {
      damage(dice, out, r.at + 2, r.at + TIME_AT);
    } else if (what == 1 && dice.once_in(30)) {
      damage(dice, out, r.at + TIME_AT, r.at + HEADER_BYTES);
    } else if (what == 2) {
      const Record s = records[dice.below(records.size())];
      if (s.size == r.size && s.at != r.at) {
        std::memcpy(out.data() + r.at + 8, batch.data() + s.at + 8, r.size - 8);
      }
    } else {
      damage(dice, out, r.at + HEADER_BYTES, r.at + r.size);
    }
  }
  if (dice.once_in(10)) {
    const Record r = records[dice.below(records.size())];
    out.insert(out.end(), batch.begin() + static_cast<std::ptrdiff_t>(r.at),
               batch.begin() + static_cast<std::ptrdiff_t>(r.at + r.size));
  }
  return out;
}

// A snapshot with wrong numbers, or with rows cut, doubled, swapped or torn.
inline Bytes damaged(Dice& dice, const Bytes& snapshot) {
  Bytes out = snapshot;
  const std::vector<Record> rows = records_of(snapshot, 8);
  const auto slice = [&](Record r) {
    const auto from = snapshot.begin() + static_cast<std::ptrdiff_t>(r.at);
    return Bytes(from, from + static_cast<std::ptrdiff_t>(r.size));
  };
  const std::size_t chosen = dice.below(rows.size());
  const Record r = rows[chosen];
  switch (dice.below(8)) {
    case 0:
      out.resize(dice.below(out.size()));
      return out;
    case 1: {  // doubled
      const Bytes row = slice(r);
      out.insert(out.begin() + static_cast<std::ptrdiff_t>(r.at), row.begin(), row.end());
      return out;
    }
    case 2:  // left out
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(r.at),
                out.begin() + static_cast<std::ptrdiff_t>(r.at + r.size));
      return out;
    case 3: {  // swapped with the next
      if (chosen + 1 == rows.size()) return out;
      Bytes pair = slice(rows[chosen + 1]);
      const Bytes first = slice(r);
      pair.insert(pair.end(), first.begin(), first.end());
      std::copy(pair.begin(), pair.end(), out.begin() + static_cast<std::ptrdiff_t>(r.at));
      return out;
    }
    case 4:
      out[dice.below(out.size())] ^= static_cast<char>(1U << dice.below(8));
      return out;
    default:
      for (std::uint64_t i = 1 + dice.below(3); i > 0; --i) damage(dice, out, r.at, r.at + r.size);
      return out;
  }
}

}  // namespace fuzz
