// The four-lane hash of event bytes and state rows (docs/internals/kernel-semantics.md, section 1).
#pragma once
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "numbers.hpp"

namespace outcry {

inline u64 rotl(u64 x, int n) { return (x << n) | (x >> (64 - n)); }

inline u64 mix(u64 x) {
  x ^= x >> 33;
  x *= 0xFF51AFD7ED558CCDULL;
  x ^= x >> 33;
  x *= 0xC4CEB9FE1A85EC53ULL;
  x ^= x >> 33;
  return x;
}

// For hash tables: cheap, and good enough for the low half.
inline u64 fold(u64 a, u64 b) {
  const u128 product = static_cast<u128>(a) * b;
  return static_cast<u64>(product) ^ static_cast<u64>(product >> 64);
}
inline u64 spread(u64 id) { return fold(id, 0x9E3779B97F4A7C15ULL); }

// Takes whole rounds into the lanes; the fastest way that this processor knows, all with one result.
using TakeRounds = void (*)(u64* lanes, const char* data, std::size_t rounds);
extern const TakeRounds take_rounds;
// Every way that can run here, so that a test may compare them.
std::vector<TakeRounds> ways_to_take_rounds();

struct Lanes {
  static constexpr std::size_t ROUND = 64;
  // Four lanes of two words each.
  std::array<u64, 8> l{0x9E3779B97F4A7C15ULL, 0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL,
                       0xD6E8FEB86659FD93ULL, 0xA0761D6478BD642FULL, 0xE7037ED1A0B428DBULL,
                       0x8EBC6AF09C88C6E3ULL, 0x589965CC75374CC3ULL};

  static u64 word(const char* at) {
    u64 w;
    std::memcpy(&w, at, sizeof(w));
    return w;
  }

  // Takes whole rounds off the front of the data; returns how many bytes that were.
  std::size_t take(const char* data, std::size_t size) {
    take_rounds(l.data(), data, size / ROUND);
    return size / ROUND * ROUND;
  }

  // Takes the rest, padded with zeros, and the round that closes a message of `total` bytes.
  void close(const char* rest, std::size_t size, std::size_t total, u64 seq) {
    if (size != 0) {
      char last[ROUND] = {};
      std::memcpy(last, rest, size);
      take(last, sizeof(last));
    }
    const u64 end[ROUND / sizeof(u64)] = {total, seq};
    take(reinterpret_cast<const char*>(end), sizeof(end));
  }

  void absorb(const char* data, std::size_t size, u64 seq) {
    const std::size_t taken = take(data, size);
    close(data + taken, size - taken, size, seq);
  }

  std::array<u64, 2> digest() const {
    const u64 lo = mix(l[0] + rotl(l[1], 1) + rotl(l[2], 7) + rotl(l[3], 12) + rotl(l[4], 18) +
                       rotl(l[5], 29) + rotl(l[6], 37) + rotl(l[7], 46));
    const u64 hi = mix(l[0] ^ rotl(l[1], 23) ^ rotl(l[2], 41) ^ rotl(l[3], 57) ^ rotl(l[4], 9) ^
                       rotl(l[5], 31) ^ rotl(l[6], 50) ^ (rotl(l[7], 5) + lo));
    return {lo, hi};
  }
};

}  // namespace outcry
