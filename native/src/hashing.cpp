// The rounds of the hash, for several processors: one source, compiled for each.
#include "hashing.hpp"

namespace outcry {

namespace {

#ifdef __clang__
#define SHUFFLED(x, ...) __builtin_shufflevector(x, x, __VA_ARGS__)
#else
#define SHUFFLED(x, ...) __builtin_shuffle(x, Octets{__VA_ARGS__})
#endif

constexpr u32 MULTIPLIER = 0x9E3779B1;

// A round takes sixteen bytes into each lane: lane ^ bytes, turned left by five bytes, and each of its
// four 32-bit words multiplied. Five bytes, so that the byte which the product mixed best becomes the
// lowest of another word, from where the next product spreads it widest.
struct OneLane {
  using Words [[gnu::vector_size(16)]] = u32;
  using Octets [[gnu::vector_size(16)]] = u8;
  [[gnu::always_inline]] static inline void turn(Octets& x) {
    x = SHUFFLED(x, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  }
};
struct TwoLanes {
  using Words [[gnu::vector_size(32)]] = u32;
  using Octets [[gnu::vector_size(32)]] = u8;
  [[gnu::always_inline]] static inline void turn(Octets& x) {
    x = SHUFFLED(x, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,  //
                 27, 28, 29, 30, 31, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26);
  }
};

template <class V>
[[gnu::always_inline]] inline void take(u64* lanes, const char* data, std::size_t rounds) {
  using Words = typename V::Words;
  using Octets = typename V::Octets;
  constexpr std::size_t COUNT = Lanes::ROUND / sizeof(Words);
  Words state[COUNT];
  std::memcpy(state, lanes, sizeof(state));
  for (const char* const end = data + rounds * Lanes::ROUND; data != end; data += Lanes::ROUND) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < COUNT; ++i) {
      Words block;
      std::memcpy(&block, data + i * sizeof(Words), sizeof(block));
      Octets x = reinterpret_cast<Octets>(state[i] ^ block);
      V::turn(x);
      state[i] = reinterpret_cast<Words>(x) * MULTIPLIER;
    }
  }
  std::memcpy(lanes, state, sizeof(state));
}

void take_plainly(u64* lanes, const char* data, std::size_t rounds) {
  take<OneLane>(lanes, data, rounds);
}

#if defined(__x86_64__) && defined(__GNUC__)
[[gnu::target("sse4.1")]] void take_by_sse41(u64* lanes, const char* data, std::size_t rounds) {
  take<OneLane>(lanes, data, rounds);
}
[[gnu::target("avx2")]] void take_by_avx2(u64* lanes, const char* data, std::size_t rounds) {
  take<TwoLanes>(lanes, data, rounds);
}
#endif

}  // namespace

std::vector<TakeRounds> ways_to_take_rounds() {
  std::vector<TakeRounds> ways{take_plainly};
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.1")) ways.push_back(take_by_sse41);
  if (__builtin_cpu_supports("avx2")) ways.push_back(take_by_avx2);
#endif
  return ways;
}

const TakeRounds take_rounds = ways_to_take_rounds().back();

}  // namespace outcry
