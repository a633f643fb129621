// Sending a message: numbered, kept until it is acknowledged, and said in an event.
#pragma once
#include <cstring>

#include "events.hpp"

namespace outcry {

template <class L>
u64 Kernel::post(u32 source, u64& counter, u32 destination, i64 order_id, L link) {
  static_assert(sizeof(L) <= LINK_BYTES_MAX);
  Link& of = apart_->links[{source, destination}];
  link.size = L::SIZE;
  link.kind = L::KIND;
  link.version = 1;
  link.source = source;
  link.destination = destination;
  link.link_seq = ++of.last_out;
  link.time_us = time_us_;
  link.order_id = order_id;
  Message& m = of.outbox.emplace_back();
  std::memcpy(m.bytes, &link, sizeof(link));
  LinkEvent& e = emit<LinkEvent>(source, counter);
  std::memcpy(e.link, m.bytes, sizeof(e.link));
  return link.link_seq;
}

}  // namespace outcry
