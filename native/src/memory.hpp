// Flat storage: slabs of plain records behind 32-bit slots (0 is nil), hash tables, event buffer.
#pragma once
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "numbers.hpp"

namespace outcry {

// The empty statement keeps the call: a function that does nothing but prefetch has no effect that the
// compiler knows of, and where it sees the whole of it, it leaves the call out.
inline void prefetch_line(const void* at) {
  __builtin_prefetch(at);
  asm volatile("");
}

// Records in one reserved stretch of address space: slots never move and growth copies nothing.
template <class T>
class Slab {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) >= 4);

 public:
  explicit Slab(std::size_t capacity) : capacity_(capacity + 1) {
    bytes_ = (capacity_ * sizeof(T) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    ::madvise(memory, bytes_, MADV_HUGEPAGE);  // a hint: random access to millions of records
    data_ = static_cast<T*>(memory);
  }
  ~Slab() { ::munmap(data_, bytes_); }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // One comparison for both ends: nil wraps around to the largest number.
  T& operator[](u32 slot) {
    OUTCRY_CHECK(slot - 1 < last_);
    return data_[slot];
  }
  const T& operator[](u32 slot) const {
    OUTCRY_CHECK(slot - 1 < last_);
    return data_[slot];
  }

  void prefetch(u32 slot) const {
    const char* at = reinterpret_cast<const char*>(data_ + slot);
    for (std::size_t line = 0; line < sizeof(T); line += 64) prefetch_line(at + line);
  }

  void prefetch_link(u32 slot, std::size_t offset) const {
    prefetch_line(reinterpret_cast<const char*>(data_ + slot) + offset);
  }
  u32 next_free() const { return free_ != 0 ? free_ : last_ + 1; }

  u32 take() {
    const u32 slot = take_raw();
    std::memset(static_cast<void*>(&data_[slot]), 0, sizeof(T));
    return slot;
  }

  // The record holds whatever was there: the caller writes every field.
  u32 take_raw() {
    u32 slot = free_;
    if (slot != 0) {
      std::memcpy(&free_, &data_[slot], sizeof(u32));
    } else {
      if (last_ + 1 >= capacity_) throw std::bad_alloc();
      slot = ++last_;
    }
    ++live_;
    return slot;
  }

  void give(u32 slot) {
    OUTCRY_CHECK(slot - 1 < last_ && live_ > 0);
    std::memcpy(static_cast<void*>(&data_[slot]), &free_, sizeof(u32));
    free_ = slot;
    --live_;
  }

  std::size_t live() const { return live_; }
  u32 last() const { return last_; }
  std::size_t used_bytes() const { return (static_cast<std::size_t>(last_) + 1) * sizeof(T); }

 private:
  static constexpr std::size_t HUGE_PAGE = 2U << 20;
  T* data_;
  std::size_t capacity_;
  std::size_t bytes_;
  u32 last_ = 0;  // the highest slot that was ever taken
  u32 free_ = 0;
  std::size_t live_ = 0;
};

// Hash table of slots, in buckets of one cache line: seven tags and their seven slots. A bucket's tags
// are compared at once, so that a look-up neither walks nor guesses. The tag is the low half of the
// hash, so that a miss, a growth or an erasure touches no record.
class TagTable {
 public:
  TagTable() { allocate(128); }
  ~TagTable() { ::munmap(buckets_, bytes_); }
  TagTable(const TagTable&) = delete;
  TagTable& operator=(const TagTable&) = delete;

  // The slot with this hash for which `same(slot)` holds, or 0.
  template <class Same>
  u32 find(u64 hash, Same same) const {
    const u32 tag = static_cast<u32>(hash);
    for (u32 at = tag & mask_;; at = (at + 1) & mask_) {
      const Bucket& b = buckets_[at];
      for (u32 hits = equal(b.tags, tag); hits != 0; hits &= hits - 1) {
        const u32 slot = b.slots[std::countr_zero(hits)];
        if (slot != 0 && same(slot)) return slot;
      }
      if (b.passed == 0) [[likely]] return 0;
    }
  }

  void insert(u64 hash, u32 slot) {
    if (count_ == limit_) [[unlikely]] grow();
    put(static_cast<u32>(hash), slot);
    ++count_;
  }

  void erase(u64 hash, u32 slot) {
    for (u32 at = static_cast<u32>(hash) & mask_;; at = (at + 1) & mask_) {
      Bucket& b = buckets_[at];
      const u32 hits = equal(b.slots, slot);
      if (hits != 0) [[likely]] {
        b.slots[std::countr_zero(hits)] = 0;
        --count_;
        return;
      }
      OUTCRY_CHECK(b.passed != 0);
      --b.passed;
    }
  }

  void prefetch(u64 hash) const { prefetch_line(&buckets_[static_cast<u32>(hash) & mask_]); }

  // Probably the slot with this hash, without looking at any record: good for prefetching only.
  u32 guess(u64 hash) const {
    return find(hash, [](u32) { return true; });
  }

  // Calls with every slot, in no particular order: whoever lets it out sorts first.
  template <class F>
  void each(F call) const {
    for (std::size_t at = 0; at <= mask_; ++at) {
      for (u32 i = 0; i < CELLS; ++i) {
        if (buckets_[at].slots[i] != 0) call(buckets_[at].slots[i]);
      }
    }
  }

  std::size_t used_bytes() const { return bytes_; }

 private:
  static constexpr u32 CELLS = 7;
  struct alignas(64) Bucket {
    u32 tags[CELLS];
    u32 passed;  // entries that found no room here and lie further on
    u32 slots[CELLS];
    u32 pad;
  };

  // Which of seven words are equal to one: a bit for each.
  static u32 equal(const u32* words, u32 wanted) {
    // An eighth word is read along and not counted; it lies in the bucket too.
#ifdef __SSE2__
    const __m128i all = _mm_set1_epi32(static_cast<int>(wanted));
    const auto* from = reinterpret_cast<const __m128i*>(words);
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(from), all);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(from + 1), all);
    const __m128i both = _mm_packs_epi32(low, high);
    return static_cast<u32>(_mm_movemask_epi8(_mm_packs_epi16(both, both))) & 0x7F;
#else
    u32 bits = 0;
    for (u32 i = 0; i < CELLS; ++i) bits |= static_cast<u32>(words[i] == wanted) << i;
    return bits;
#endif
  }

  void allocate(std::size_t buckets) {
    bytes_ = buckets * sizeof(Bucket);
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    ::madvise(memory, bytes_, MADV_HUGEPAGE);
    buckets_ = static_cast<Bucket*>(memory);
    mask_ = static_cast<u32>(buckets - 1);
    limit_ = buckets * 9 / 2;  // of seven: one bucket in ten is full then
  }

  void put(u32 tag, u32 slot) {
    for (u32 at = tag & mask_;; at = (at + 1) & mask_) {
      Bucket& b = buckets_[at];
      const u32 empty = equal(b.slots, 0);
      if (empty != 0) [[likely]] {
        const int i = std::countr_zero(empty);
        b.tags[i] = tag;
        b.slots[i] = slot;
        return;
      }
      ++b.passed;
    }
  }

  [[gnu::noinline]] void grow() {
    Bucket* old = buckets_;
    const std::size_t size = static_cast<std::size_t>(mask_) + 1;
    const std::size_t old_bytes = bytes_;
    OUTCRY_CHECK(size < std::size_t{1} << 31);
    allocate(size * 2);
    for (std::size_t at = 0; at < size; ++at) {
      for (u32 i = 0; i < CELLS; ++i) {
        if (old[at].slots[i] != 0) put(old[at].tags[i], old[at].slots[i]);
      }
    }
    ::munmap(old, old_bytes);
  }

  Bucket* buckets_ = nullptr;
  u32 mask_ = 0;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  std::size_t limit_ = 0;
};

// Bytes that grow without being zeroed twice. They may be written into memory that somebody lends.
class Buffer {
 public:
  ~Buffer() { ::operator delete(own_); }
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  char* extend(std::size_t size) {
    if (size_ + size > capacity_) [[unlikely]] grow(size_ + size);
    char* at = data_ + size_;
    size_ += size;
    return at;
  }
  template <class T>
  T& append() {
    T* record = new (extend(sizeof(T))) T{};
    record->size = T::SIZE;
    record->kind = T::KIND;
    record->version = 1;
    return *record;
  }
  void clear() { size_ = 0; }
  void drop_front(std::size_t size) {
    size_ -= size;
    if (size_ != 0) std::memmove(data_, data_ + size, size_);
  }
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Empties the buffer. What comes next goes to this memory, as long as there is room in it.
  void lend(char* memory, std::size_t capacity) {
    data_ = memory;
    capacity_ = capacity;
    size_ = 0;
  }
  // Empties the buffer, which goes back to memory of its own.
  void take_back() { lend(own_, own_capacity_); }

 private:
  [[gnu::noinline]] void grow(std::size_t least) {
    std::size_t capacity = own_capacity_ ? own_capacity_ : 1U << 16;
    while (capacity < least) capacity *= 2;
    // Its own memory may be the larger one: what was lent is full, and is taken over.
    char* data = capacity == own_capacity_ ? own_ : static_cast<char*>(::operator new(capacity));
    if (size_ != 0) std::memcpy(data, data_, size_);
    if (data != own_) ::operator delete(own_);
    own_ = data_ = data;
    own_capacity_ = capacity_ = capacity;
  }
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  char* own_ = nullptr;
  std::size_t own_capacity_ = 0;
};

}  // namespace outcry
