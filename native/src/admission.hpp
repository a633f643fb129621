// Deadline and dedupe, shared by all commands of users.
#pragma once
#include "events.hpp"

namespace outcry {

template <bool apart, class C>
[[gnu::always_inline]] inline u32 Kernel::admitted(const C& c) {
  const auto refused = [&](Reason r) {
    refuse(raw(c), r);
    return u32{0};
  };
  if (c.deadline_us != 0 && time_us_ > c.deadline_us) return refused(Reason::DEADLINE_PASSED);
  // A difference of two times that are not negative cannot overflow; their sum could.
  if (c.deadline_us - time_us_ > DEADLINE_AHEAD_US_MAX) return refused(Reason::DEADLINE_TOO_FAR);
  const u32 account = find_account(c.account_id);
  if (account == 0) return refused(stranger(c.account_id));
  if ((c.digest_lo | c.digest_hi) == 0) return account;
  if constexpr (apart) {
    if (apart_->digests.contains({c.account_id, c.digest_lo, c.digest_hi}) && !MUTANT(31)) {
      return refused(Reason::REQUEST_PENDING);
    }
  }
  digest_hash_ = DedupeEntry::hash_of(c.account_id, c.digest_lo, c.digest_hi);
  const DedupeEntry* entry =
      dedupe_.find(digest_hash_, c.account_id, c.digest_lo, c.digest_hi, time_us_);
  if (entry == nullptr) [[likely]] return account;
  DuplicateEvent& e = emit_shard<DuplicateEvent>(c.account_id);
  e.account_id = c.account_id;
  e.market = entry->market;
  e.command_kind = entry->command_kind;
  e.reason = entry->reason;
  e.order_id = entry->order_id;
  return 0;
}

template <class C>
[[gnu::always_inline]] inline void Kernel::remember(const C& c, u16 market_id, Reason reason,
                                                    i64 order_id) {
  if ((c.digest_lo | c.digest_hi) == 0 || c.deadline_us == 0 || MUTANT(11)) return;
  if (reason == Reason::MARKET_BUSY || reason == Reason::MARKET_VERSION_MISMATCH) return;
  DedupeEntry& e = dedupe_.add(digest_hash_, c.deadline_us);
  e.account_id = c.account_id;
  e.digest_lo = c.digest_lo;
  e.digest_hi = c.digest_hi;
  e.deadline_us = c.deadline_us;
  e.order_id = order_id;
  e.market = market_id;
  e.reason = static_cast<u16>(reason);
  e.command_kind = c.kind;
}

}  // namespace outcry
