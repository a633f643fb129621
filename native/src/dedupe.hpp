// What was answered to which digest, until its deadline has passed.
#pragma once
#include <limits>
#include <array>

#include "hashing.hpp"
#include "memory.hpp"

namespace outcry {

struct DedupeEntry {
  u64 account_id, digest_lo, digest_hi;
  i64 deadline_us, order_id;
  u16 market, reason;
  u8 command_kind;
  u8 pad[3];

  u64 hash() const { return hash_of(account_id, digest_lo, digest_hi); }
  static u64 hash_of(u64 account_id, u64 lo, u64 hi) { return spread(lo ^ rotl(hi, 32) ^ account_id); }
};

// Entries lie in chunks by the second of their deadline, in the order of their coming: storing one
// touches no cold memory, and a second that has passed hands over whole chunks. Those are taken apart
// a few entries a command, so that no command pays for all of them.
class Dedupe {
 public:
  explicit Dedupe(std::size_t entries) : chunks_(entries / ENTRIES + SECONDS) {}

  void prefetch(u64 hash) const { table_.prefetch(hash); }

  // The entry of this key that has not passed its deadline, or null.
  const DedupeEntry* find(u64 hash, u64 account_id, u64 lo, u64 hi, i64 now_us) const {
    const u32 slot = table_.find(hash, [&](u32 at) {
      const DedupeEntry& e = entry(at);
      return e.digest_lo == lo && e.digest_hi == hi && e.account_id == account_id &&
             e.deadline_us >= now_us;
    });
    return slot == 0 ? nullptr : &entry(slot);
  }

  // A row for an entry with this deadline, already in the table; the caller writes all of it.
  DedupeEntry& add(u64 hash, i64 deadline_us) {
    List& list = seconds_[static_cast<std::size_t>(deadline_us / SECOND_US) & (SECONDS - 1)];
    if (list.last == 0 || chunks_[list.last].count == ENTRIES) [[unlikely]] lengthen(list);
    Chunk& chunk = chunks_[list.last];
    const u32 at = chunk.count++;
    table_.insert(hash, list.last << ENTRY_BITS | at);
    ++live_;
    return chunk.entries[at];
  }

  // Once before each command: what has passed becomes droppable, and a little of it is dropped.
  void pass(i64 now_us) {
    if (now_us >= next_second_us_) [[unlikely]] turn(now_us);
    if (passed_.first != 0) drop();
  }

  void start(i64 now_us) { next_second_us_ = start_of(now_us / SECOND_US + 1); }

  // Every entry, passed ones too, in no particular order.
  template <class F>
  void each(F call) const {
    table_.each([&](u32 slot) { call(entry(slot)); });
  }

  // Lets entries pass before their time; their rows are taken apart when it comes.
  template <class F>
  void forget(F which) {
    table_.each([&](u32 slot) {
      DedupeEntry& e = chunks_[slot >> ENTRY_BITS].entries[slot & (ENTRIES - 1)];
      if (which(e)) e.deadline_us = -1;
    });
  }

  std::size_t live() const { return live_; }
  std::size_t used_bytes() const { return chunks_.used_bytes() + table_.used_bytes(); }

 private:
  static constexpr i64 SECOND_US = 1'000'000;
  static constexpr std::size_t SECONDS = 256;  // more than a deadline may lie ahead
  static constexpr u32 ENTRY_BITS = 6;
  static constexpr u32 ENTRIES = 1U << ENTRY_BITS;
  static constexpr u32 DROPPED_AT_ONCE = 8;
  struct Chunk {
    u32 next, count;
    DedupeEntry entries[ENTRIES];
  };
  struct List {
    u32 first = 0, last = 0;
  };

  const DedupeEntry& entry(u32 slot) const {
    return chunks_[slot >> ENTRY_BITS].entries[slot & (ENTRIES - 1)];
  }

  // Time ends within a second: what would begin after it begins at its last microsecond.
  static i64 start_of(i64 second) {
    i64 us;
    return __builtin_mul_overflow(second, SECOND_US, &us) ? std::numeric_limits<i64>::max() : us;
  }

  [[gnu::noinline]] void lengthen(List& list) {
    const u32 made = chunks_.take_raw();
    chunks_[made].next = 0;
    chunks_[made].count = 0;
    (list.last != 0 ? chunks_[list.last].next : list.first) = made;
    list.last = made;
  }

  // Hands the seconds before this one over to `passed_`.
  [[gnu::noinline]] void turn(i64 now_us) {
    const i64 second = now_us / SECOND_US;
    const i64 span = static_cast<i64>(SECONDS);
    for (i64 s = std::max(next_second_us_ / SECOND_US - 1, second - span); s < second; ++s) {
      List& list = seconds_[static_cast<std::size_t>(s) & (SECONDS - 1)];
      if (list.first == 0) continue;
      (passed_.last != 0 ? chunks_[passed_.last].next : passed_.first) = list.first;
      passed_.last = list.last;
      list = {};
    }
    next_second_us_ = start_of(second + 1);
  }

  [[gnu::noinline]] void drop() {
    const u32 at = passed_.first;
    const Chunk& chunk = chunks_[at];
    const u32 end = std::min(dropped_ + DROPPED_AT_ONCE, chunk.count);
    for (u32 i = dropped_; i < end; ++i) {
      table_.erase(chunk.entries[i].hash(), at << ENTRY_BITS | i);
      --live_;
    }
    dropped_ = end;
    // The cells of the next ones are on their way while the command runs.
    const u32 ahead = std::min(end + DROPPED_AT_ONCE, chunk.count);
    for (u32 i = end; i < ahead; ++i) table_.prefetch(chunk.entries[i].hash());
    if (end < chunk.count) return;
    passed_.first = chunk.next;
    if (passed_.first == 0) passed_.last = 0;
    dropped_ = 0;
    chunks_.give(at);
  }

  Slab<Chunk> chunks_;
  TagTable table_;
  std::array<List, SECONDS> seconds_{};
  List passed_;
  u32 dropped_ = 0;  // of the first passed chunk
  std::size_t live_ = 0;
  i64 next_second_us_ = 0;
};

}  // namespace outcry
