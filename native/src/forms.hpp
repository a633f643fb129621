// The forms of commands and links: which sizes a record of each kind has.
#pragma once
#include <array>

#include "numbers.hpp"

namespace outcry {

// The first bytes that every command shares.
struct Header {
  u16 size;
  u8 kind;
  u8 version;
  u32 entity;
  u64 account_id, digest_lo, digest_hi;
  i64 deadline_us, time_us;
};
static_assert(sizeof(Header) == Tick::SIZE);

// The size that a record of each kind must have; 0: no such kind.
inline constexpr auto size_of = [] {
  std::array<u16, 256> sizes{};
  sizes[NewOrder::KIND] = NewOrder::SIZE;
  sizes[CancelOrder::KIND] = CancelOrder::SIZE;
  sizes[CancelAll::KIND] = CancelAll::SIZE;
  sizes[CancelReplace::KIND] = CancelReplace::SIZE;
  sizes[AmendOrder::KIND] = AmendOrder::SIZE;
  sizes[CreateAsset::KIND] = CreateAsset::SIZE;
  sizes[CreateMarket::KIND] = CreateMarket::SIZE;
  sizes[UpdateMarket::KIND] = UpdateMarket::SIZE;
  sizes[SetMarketStatus::KIND] = SetMarketStatus::SIZE;
  sizes[CreateAccount::KIND] = CreateAccount::SIZE;
  sizes[UpdateAccount::KIND] = UpdateAccount::SIZE;
  sizes[SetFees::KIND] = SetFees::SIZE;
  sizes[SetLimits::KIND] = SetLimits::SIZE;
  sizes[Deposit::KIND] = Deposit::SIZE;
  sizes[Withdraw::KIND] = Withdraw::SIZE;
  sizes[Adjust::KIND] = Adjust::SIZE;
  sizes[Tick::KIND] = Tick::SIZE;
  sizes[Quarantine::KIND] = Quarantine::SIZE;
  sizes[Epoch::KIND] = Epoch::SIZE;
  sizes[LinkAck::KIND] = LinkAck::SIZE;
  sizes[SetRole::KIND] = SetRole::SIZE;
  sizes[Host::KIND] = Host::SIZE;
  sizes[MoveOut::KIND] = MoveOut::SIZE;
  sizes[MoveDone::KIND] = MoveDone::SIZE;
  return sizes;
}();

// The same for link records.
inline constexpr auto link_size_of = [] {
  std::array<u16, 7> sizes{};
  sizes[PlaceLink::KIND] = PlaceLink::SIZE;
  sizes[CancelLink::KIND] = CancelLink::SIZE;
  sizes[AmendLink::KIND] = AmendLink::SIZE;
  sizes[SettleLink::KIND] = SettleLink::SIZE;
  sizes[DoneLink::KIND] = DoneLink::SIZE;
  sizes[AnswerLink::KIND] = AnswerLink::SIZE;
  return sizes;
}();
inline constexpr std::size_t LINK_HEADER_BYTES = CancelLink::SIZE - 8;

}  // namespace outcry
