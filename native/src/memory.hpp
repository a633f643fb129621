// Flat storage: slabs of plain records behind 32-bit slots (0 is nil), chained hash tables, event buffer.
#pragma once
#include <sys/mman.h>

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

  T& operator[](u32 slot) {
    OUTCRY_CHECK(slot != 0 && slot < end_);
    return data_[slot];
  }
  const T& operator[](u32 slot) const {
    OUTCRY_CHECK(slot != 0 && slot < end_);
    return data_[slot];
  }

  u32 take() {
    u32 slot = free_;
    if (slot != 0) {
      std::memcpy(&free_, &data_[slot], sizeof(u32));
    } else {
      if (end_ >= capacity_) throw std::bad_alloc();
      slot = end_++;
    }
    std::memset(static_cast<void*>(&data_[slot]), 0, sizeof(T));
    ++live_;
    return slot;
  }

  void give(u32 slot) {
    OUTCRY_CHECK(slot != 0 && slot < end_ && live_ > 0);
    std::memcpy(static_cast<void*>(&data_[slot]), &free_, sizeof(u32));
    free_ = slot;
    --live_;
  }

  std::size_t live() const { return live_; }
  std::size_t used_bytes() const { return static_cast<std::size_t>(end_) * sizeof(T); }

 private:
  static constexpr std::size_t HUGE_PAGE = 2U << 20;
  T* data_;
  std::size_t capacity_;
  std::size_t bytes_;
  u32 end_ = 1;
  u32 free_ = 0;
  std::size_t live_ = 0;
};

// Hash table of slots chained through a link inside the records.
// Traits: `u64 hash(u32 slot)` and `u32& next(u32 slot)`.
template <class Traits>
class ChainTable {
 public:
  explicit ChainTable(Traits traits) : traits_(traits), heads_(1024, 0) {}

  u32 head(u64 hash) const { return heads_[hash & (heads_.size() - 1)]; }

  void insert(u32 slot) {
    if (count_ * 2 >= heads_.size()) grow();
    link(slot);
    ++count_;
  }

  void erase(u32 slot) {
    u32* at = &heads_[traits_.hash(slot) & (heads_.size() - 1)];
    while (*at != slot) {
      OUTCRY_CHECK(*at != 0);
      at = &traits_.next(*at);
    }
    *at = traits_.next(slot);
    traits_.next(slot) = 0;
    --count_;
  }

  // Calls with every slot, in no particular order: whoever lets it out sorts first.
  template <class F>
  void each(F call) const {
    for (u32 slot : heads_) {
      for (; slot != 0; slot = traits_.next(slot)) call(slot);
    }
  }

  std::size_t used_bytes() const { return heads_.size() * sizeof(u32); }

 private:
  void link(u32 slot) {
    u32& head = heads_[traits_.hash(slot) & (heads_.size() - 1)];
    traits_.next(slot) = head;
    head = slot;
  }

  void grow() {
    std::vector<u32> old(heads_.size() * 2, 0);
    old.swap(heads_);
    for (u32 slot : old) {
      while (slot != 0) {
        const u32 following = traits_.next(slot);
        link(slot);
        slot = following;
      }
    }
  }

  Traits traits_;
  std::vector<u32> heads_;
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
    if (size_ + size > capacity_) grow(size_ + size);
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
  void grow(std::size_t least) {
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
