// Flat storage: slabs of plain records behind 32-bit slots (0 is nil), chained hash tables, event buffer.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "numbers.hpp"

namespace outcry {

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
    for (std::size_t line = 0; line < sizeof(T); line += 64) __builtin_prefetch(at + line);
  }

  void prefetch_link(u32 slot, std::size_t offset) const {
    __builtin_prefetch(reinterpret_cast<const char*>(data_ + slot) + offset);
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

// Hash table of slots: open addressing over (tag, slot) pairs with linear probing and backward shift.
// The tag is the low half of the hash, so that a miss, a growth or an erasure touches no record.
class TagTable {
 public:
  TagTable() { allocate(1024); }
  ~TagTable() { ::munmap(cells_, bytes_); }
  TagTable(const TagTable&) = delete;
  TagTable& operator=(const TagTable&) = delete;

  // The slot with this hash for which `same(slot)` holds, or 0.
  template <class Same>
  u32 find(u64 hash, Same same) const {
    const u32 tag = static_cast<u32>(hash);
    for (u32 at = tag & mask_; cells_[at].slot != 0; at = (at + 1) & mask_) {
      if (cells_[at].tag == tag && same(cells_[at].slot)) return cells_[at].slot;
    }
    return 0;
  }

  void insert(u64 hash, u32 slot) {
    if ((count_ + 1) * 3 > (static_cast<std::size_t>(mask_) + 1) * 2) grow();
    put({static_cast<u32>(hash), slot});
    ++count_;
  }

  void erase(u64 hash, u32 slot) {
    u32 at = static_cast<u32>(hash) & mask_;
    while (cells_[at].slot != slot) {
      OUTCRY_CHECK(cells_[at].slot != 0);
      at = (at + 1) & mask_;
    }
    --count_;
    for (u32 next = (at + 1) & mask_; cells_[next].slot != 0; next = (next + 1) & mask_) {
      const u32 home = cells_[next].tag & mask_;
      if (((next - home) & mask_) < ((next - at) & mask_)) continue;  // it may not move before home
      cells_[at] = cells_[next];
      at = next;
    }
    cells_[at] = {0, 0};
  }

  void prefetch(u64 hash) const { __builtin_prefetch(&cells_[static_cast<u32>(hash) & mask_]); }

  // Probably the slot with this hash, without looking at any record: good for prefetching only.
  u32 guess(u64 hash) const {
    const u32 tag = static_cast<u32>(hash);
    for (u32 at = tag & mask_; cells_[at].slot != 0; at = (at + 1) & mask_) {
      if (cells_[at].tag == tag) return cells_[at].slot;
    }
    return 0;
  }

  // Calls with every slot, in no particular order: whoever lets it out sorts first.
  template <class F>
  void each(F call) const {
    for (std::size_t at = 0; at <= mask_; ++at) {
      if (cells_[at].slot != 0) call(cells_[at].slot);
    }
  }

  std::size_t used_bytes() const { return bytes_; }

 private:
  struct Cell {
    u32 tag;
    u32 slot;
  };

  void allocate(std::size_t cells) {
    bytes_ = cells * sizeof(Cell);
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    ::madvise(memory, bytes_, MADV_HUGEPAGE);
    cells_ = static_cast<Cell*>(memory);
    mask_ = static_cast<u32>(cells - 1);
  }

  void put(Cell cell) {
    u32 at = cell.tag & mask_;
    while (cells_[at].slot != 0) at = (at + 1) & mask_;
    cells_[at] = cell;
  }

  [[gnu::noinline]] void grow() {
    Cell* old = cells_;
    const std::size_t size = static_cast<std::size_t>(mask_) + 1;
    const std::size_t old_bytes = bytes_;
    OUTCRY_CHECK(size < std::size_t{1} << 31);
    allocate(size * 2);
    for (std::size_t at = 0; at < size; ++at) {
      if (old[at].slot != 0) put(old[at]);
    }
    ::munmap(old, old_bytes);
  }

  Cell* cells_ = nullptr;
  u32 mask_ = 0;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
};

// Bytes that grow without being zeroed twice.
class Buffer {
 public:
  ~Buffer() { ::operator delete(data_); }
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
  const char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  [[gnu::noinline]] void grow(std::size_t least) {
    std::size_t capacity = capacity_ ? capacity_ : 1U << 16;
    while (capacity < least) capacity *= 2;
    char* data = static_cast<char*>(::operator new(capacity));
    if (size_ != 0) std::memcpy(data, data_, size_);
    ::operator delete(data_);
    data_ = data;
    capacity_ = capacity;
  }
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace outcry
