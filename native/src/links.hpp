// What a partition that takes part in links has besides: entities hosted, links, requests under way.
#pragma once
#include <compare>
#include <deque>
#include <map>
#include <tuple>
#include <utility>

#include "client_id.hpp"
#include "memory.hpp"
#include "numbers.hpp"
#include "records.gen.hpp"

namespace outcry {

using ClientId = std::array<char, CLIENT_ID_BYTES>;

inline constexpr u32 NUMBER_BITS = (1U << 24) - 1;
inline constexpr u32 shard_entity(u64 account_or_order_id) {
  return static_cast<u32>(EntityKind::SHARD) << 24 |
         static_cast<u32>(account_or_order_id & (ACCOUNT_SHARDS - 1));
}
inline constexpr u32 market_entity(u16 market) {
  return static_cast<u32>(EntityKind::MARKET) << 24 | market;
}

// The fields of `answers` in an AnswerLink: a request by its link kind, or news of the order.
enum class Answers : u8 {
  PLACE = static_cast<u8>(LinkKind::PLACE),
  CANCEL = static_cast<u8>(LinkKind::CANCEL),
  AMEND = static_cast<u8>(LinkKind::AMEND),
  TRAILING_STARTED = 16,
  QUEUED = 17,
  WORKING = 18,
  RESPONDED = 19,
};

// The bytes of one link record, padded with zeros.
struct Message {
  alignas(8) char bytes[LINK_BYTES_MAX];
};

// What an entity of this partition and one elsewhere have said to each other.
struct Link {
  u64 last_in = 0, last_out = 0, acknowledged = 0;
  std::deque<Message> outbox;  // acknowledged + 1 to last_out
};

// The command that a request came by.
struct Origin {
  u32 partition;
  u64 seq;
  u32 command;

  friend auto operator<=>(const Origin&, const Origin&) = default;
};

// A request, and how many of its messages no answer has come to.
struct Request {
  Origin origin;
  alignas(8) char command[REQUEST_BYTES_MAX];
  u32 asked = 0;
  i64 order_id = 0;  // that the last message or answer spoke of

  // What all commands begin with, and the market that these have behind it.
  const Tick& header() const { return *reinterpret_cast<const Tick*>(command); }
  u16 market() const { return reinterpret_cast<const CancelAll*>(command)->market; }
};

struct Reservation {
  i64 order_id = 0;
  u32 count = 0;
};

// An entity that has left: where to, and its rows until the move is done.
struct Departure {
  u32 target = 0;
  u64 route_version = 0;
  std::vector<char> rows;
};

// An entity on its way in: the rows that have come, and the next part that is waited for.
struct Arrival {
  u64 route_version = 0;
  u32 position = 0;
  std::vector<char> rows;
};

struct Apart {
  explicit Apart(Role role_) : role(role_) {}

  const Role role;
  std::map<u32, u64> hosted;                   // entity -> version of its route
  std::map<u32, Departure> departures;
  std::map<u32, Arrival> arrivals;
  std::map<std::pair<u32, u32>, Link> links;   // (entity here, entity there)
  std::map<Origin, Request> requests;
  std::map<std::pair<i64, u64>, Request*> parts;  // (order id, link_seq)
  std::map<std::tuple<u64, u64, u64>, Request*> digests;  // (account, digest)
  // Client order ids that amends under way ask for, by account and market.
  std::map<std::tuple<u64, u16, ClientId>, Reservation> reserved;
  Request* current = nullptr;  // that the command under way has begun, or brings an answer to
  TagTable strangers;          // MARKETS: slots of accounts elsewhere that have open orders here
};

}  // namespace outcry
