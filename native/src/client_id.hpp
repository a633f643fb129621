// Client order ids: 36 bytes of text, padded with zeros. Written for sixteen bytes at a time.
#pragma once
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <cstring>

#include "numbers.hpp"

namespace outcry {

inline constexpr std::size_t CLIENT_ID_BYTES = 36;

// Whether nothing but zeros follows the first zero.
inline bool zero_padded(const char* id) {
  u64 zeros = 0;  // a bit for each byte
#ifdef __SSE2__
  const auto zeros_from = [id](std::size_t at) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(id + at));
    return static_cast<u64>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_setzero_si128())));
  };
  zeros = zeros_from(0) | zeros_from(16) << 16 | zeros_from(CLIENT_ID_BYTES - 16) << 20;
#else
  for (std::size_t i = 0; i < CLIENT_ID_BYTES; ++i) zeros |= static_cast<u64>(id[i] == 0) << i;
#endif
  const u64 text = ~zeros & ((u64{1} << CLIENT_ID_BYTES) - 1);
  return (text & (text + 1)) == 0;
}

// `[A-Za-z0-9._:/-]`: the bytes from '-' to ':' are all legal ones. Zero padding passes.
inline bool legal_client_id(const char* id) {
  using Bytes = u8 __attribute__((vector_size(16)));
  using Signed = signed char __attribute__((vector_size(16)));
  // A range is one comparison when it is moved to the bottom of the signed bytes.
  const auto within = [](Bytes c, u8 low, u8 high) {
    return reinterpret_cast<Signed>(c + static_cast<u8>(0x80 - low)) <
           static_cast<signed char>(high - low + 1 - 0x80);
  };
  Signed illegal{};
  for (const std::size_t at : {std::size_t{0}, std::size_t{16}, CLIENT_ID_BYTES - 16}) {
    Bytes c;
    std::memcpy(&c, id + at, sizeof(c));
    const auto legal = within(c | 0x20, 'a', 'z') | within(c, '-', ':') |
                       reinterpret_cast<Signed>(c == '_') | reinterpret_cast<Signed>(c == 0);
    illegal |= ~legal;
  }
  u64 halves[2];
  std::memcpy(halves, &illegal, sizeof(halves));
  return (halves[0] | halves[1]) == 0;
}

}  // namespace outcry
