// The four-lane word hash of event bytes and state rows (docs/internals/kernel-semantics.md, section 1).
#pragma once
#include <array>
#include <cstddef>
#include <cstring>

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

struct Lanes {
  std::array<u64, 4> l{0x9E3779B97F4A7C15ULL, 0xBF58476D1CE4E5B9ULL, 0x94D049BB133111EBULL,
                       0xD6E8FEB86659FD93ULL};

  static u64 step(u64 lane, u64 word) { return rotl(lane ^ word, 27) * 0x9FB21C651E98DF25ULL; }

  static u64 word(const char* at) {
    u64 w;
    std::memcpy(&w, at, sizeof(w));
    return w;
  }

  // Takes whole rounds of 32 bytes off the front of the data; returns how many bytes that were.
  std::size_t take(const char* data, std::size_t size) {
    u64 a = l[0], b = l[1], c = l[2], d = l[3];
    const char* const end = data + (size & ~std::size_t{31});
#pragma GCC unroll 2
    for (const char* at = data; at != end; at += 32) {
      a = step(a, word(at));
      b = step(b, word(at + 8));
      c = step(c, word(at + 16));
      d = step(d, word(at + 24));
    }
    l = {a, b, c, d};
    return static_cast<std::size_t>(end - data);
  }

  // Takes the rest, padded with zeros, and the round that closes a message of `total` bytes.
  void close(const char* rest, std::size_t size, std::size_t total, u64 seq) {
    if (size != 0) {
      char last[32] = {};
      std::memcpy(last, rest, size);
      take(last, sizeof(last));
    }
    l = {step(l[0], total), step(l[1], seq), step(l[2], 0), step(l[3], 0)};
  }

  void absorb(const char* data, std::size_t size, u64 seq) {
    const std::size_t taken = take(data, size);
    close(data + taken, size - taken, size, seq);
  }

  std::array<u64, 2> digest() const {
    const u64 lo = mix(l[0] + rotl(l[1], 1) + rotl(l[2], 7) + rotl(l[3], 12));
    const u64 hi = mix(l[0] ^ rotl(l[1], 23) ^ rotl(l[2], 41) ^ (rotl(l[3], 57) + lo));
    return {lo, hi};
  }
};

}  // namespace outcry
