// Between partitions: roles, hosting, links, and what a snapshot holds of them.
#include <algorithm>
#include <cstring>

#include "events.hpp"
#include "forms.hpp"

namespace outcry {

namespace {

// What all link records begin with.
struct LinkHeader {
  u16 size;
  u8 kind, version;
  u32 source, destination, pad;
  u64 link_seq;
  i64 time_us, order_id;
};
static_assert(sizeof(LinkHeader) == offsetof(AmendLink, qty_lots));

const LinkHeader& header_of(const char* link) {
  return *reinterpret_cast<const LinkHeader*>(link);
}

bool to_market(const LinkHeader& h) { return h.kind <= AmendLink::KIND; }

}  // namespace

bool Kernel::hosts(u32 entity) const {
  return apart_ == nullptr || apart_->hosted.contains(entity);
}

// Why an account is not known.
Reason Kernel::stranger(u64 account_id) const {
  return hosts(shard_entity(account_id)) ? Reason::UNKNOWN_ACCOUNT : Reason::NOT_HOSTED;
}

// ---- forms

// Whether the form of a command is known; the sizes of some vary.
bool Kernel::formed(const char* bytes) {
  const auto* header = reinterpret_cast<const Header*>(bytes);
  if (header->version != 1) return false;
  if (header->kind == MoveIn::KIND) {
    return header->size >= MoveIn::SIZE && header->size - MoveIn::SIZE <= MOVE_BYTES_MAX;
  }
  if (header->kind != Deliver::KIND) return size_of[header->kind] == header->size;
  const std::size_t room = header->size - sizeof(Header);
  const char* link = bytes + sizeof(Header);
  return formed_link(link, room) && reinterpret_cast<const CancelLink*>(link)->size == room;
}

bool Kernel::formed_link(const char* link, std::size_t room) {
  if (room < LINK_HEADER_BYTES) return false;
  u16 size;
  std::memcpy(&size, link, sizeof(size));
  const auto kind = static_cast<u8>(link[2]);
  return link[3] == 1 && kind < link_size_of.size() && size <= room && size == link_size_of[kind];
}

// Whether a client order id in a command has bytes behind its end.
bool Kernel::ill_padded(const char* bytes) {
  switch (static_cast<CommandKind>(bytes[2])) {
    case CommandKind::NEW_ORDER:
      return !zero_padded(reinterpret_cast<const NewOrder*>(bytes)->client_order_id);
    case CommandKind::CANCEL_ORDER: {
      const auto* c = reinterpret_cast<const CancelOrder*>(bytes);
      return !zero_padded(c->original_client_order_id) || !zero_padded(c->client_order_id);
    }
    case CommandKind::AMEND_ORDER: {
      const auto* c = reinterpret_cast<const AmendOrder*>(bytes);
      return !zero_padded(c->original_client_order_id) || !zero_padded(c->client_order_id);
    }
    case CommandKind::CANCEL_REPLACE: {
      const auto* c = reinterpret_cast<const CancelReplace*>(bytes);
      return !zero_padded(c->client_order_id) ||
             !zero_padded(c->cancel_original_client_order_id) ||
             !zero_padded(c->cancel_client_order_id);
    }
    default:
      return false;
  }
}

// ---- commands

void Kernel::command_apart(const char* bytes) {
  if (!formed(bytes)) return refuse(bytes, Reason::UNKNOWN_COMMAND);
  if (ill_padded(bytes)) return refuse(bytes, Reason::CLIENT_ORDER_ID_INVALID);
  if (!enter(bytes)) return;
  apart_->current = nullptr;
  switch (static_cast<CommandKind>(bytes[2])) {
    case CommandKind::NEW_ORDER: {
      const auto* c = reinterpret_cast<const NewOrder*>(bytes);
      if (!poison_.empty()) [[unlikely]] check_poison(*c);
      return ask_new(*c);
    }
    case CommandKind::CANCEL_ORDER:
      return ask_cancel(*reinterpret_cast<const CancelOrder*>(bytes));
    case CommandKind::CANCEL_ALL:
      return ask_cancel_all(*reinterpret_cast<const CancelAll*>(bytes));
    case CommandKind::CANCEL_REPLACE:
      return ask_replace(*reinterpret_cast<const CancelReplace*>(bytes));
    case CommandKind::AMEND_ORDER:
      return ask_amend(*reinterpret_cast<const AmendOrder*>(bytes));
    case CommandKind::DELIVER:
      return deliver(bytes + Deliver::SIZE);
    case CommandKind::LINK_ACK:
      return acknowledge(*reinterpret_cast<const LinkAck*>(bytes));
    case CommandKind::HOST:
      return host(*reinterpret_cast<const Host*>(bytes));
    case CommandKind::MOVE_OUT:
      return move_out(*reinterpret_cast<const MoveOut*>(bytes));
    case CommandKind::MOVE_IN:
      return move_in(*reinterpret_cast<const MoveIn*>(bytes));
    case CommandKind::MOVE_DONE:
      return move_done(*reinterpret_cast<const MoveDone*>(bytes));
    default:
      return administer(bytes);
  }
}

void Kernel::take_role(Role role) { apart_ = std::make_unique<Apart>(role); }

void Kernel::set_role(const SetRole& c) {
  if (c.role < static_cast<u8>(Role::ACCOUNTS) || c.role > static_cast<u8>(Role::MARKETS)) {
    return refuse(raw(c), Reason::INVALID_SPECIFICATION);
  }
  const auto known = [](const auto& of) { return of.known; };
  if (apart_ != nullptr || accounts_.live() != 0 ||
      std::any_of(assets_.begin(), assets_.end(), known) ||
      std::any_of(shards_.begin(), shards_.end(), known)) {
    return refuse(raw(c), Reason::ALREADY_EXISTS);
  }
  take_role(static_cast<Role>(c.role));
  emit_partition<RoleEvent>().role = c.role;
}

// Whether an entity is of a kind that lives in this role.
bool Kernel::may_host(u32 entity) const {
  const u32 kind = entity >> 24;
  const u32 number = entity & NUMBER_BITS;
  if (!in_markets_role()) {
    return kind == static_cast<u32>(EntityKind::SHARD) && number < ACCOUNT_SHARDS;
  }
  return kind == static_cast<u32>(EntityKind::MARKET) && number >= 1 && number <= MARKETS_MAX;
}

Reason Kernel::check_host(const Host& c) const {
  const u32 number = c.entity & NUMBER_BITS;
  if (!may_host(c.entity) || c.hosted > 1) return Reason::INVALID_SPECIFICATION;
  const bool here = hosts(c.entity);
  if (c.hosted == 0) {
    if (!here) return Reason::NOT_HOSTED;
    return untouched(c.entity) ? Reason::NONE : Reason::INVALID_SPECIFICATION;
  }
  if (here || apart_->departures.contains(c.entity) || apart_->arrivals.contains(c.entity)) {
    return Reason::ALREADY_EXISTS;
  }
  if (in_markets_role() && market(static_cast<u16>(number)) == nullptr) {
    return Reason::UNKNOWN_MARKET;
  }
  return Reason::NONE;
}

// Whether nothing has happened in an entity that is hosted here.
bool Kernel::untouched(u32 entity) const {
  const auto link = apart_->links.lower_bound({entity, 0});
  if (link != apart_->links.end() && link->first.first == entity) return false;
  if (!in_markets_role()) return !shards_[entity & NUMBER_BITS].known;
  const MarketRow& m = market(static_cast<u16>(entity & NUMBER_BITS))->row;
  return m.update_id == 0 && m.priority == 0 && m.trade_id == 0 && m.prevented_id == 0;
}

void Kernel::host(const Host& c) {
  if (const Reason r = check_host(c); r != Reason::NONE) return refuse(raw(c), r);
  if (c.hosted != 0) {
    apart_->hosted[c.entity] = c.route_version;
  } else {
    apart_->hosted.erase(c.entity);
    if (in_markets_role()) make_copy(*market(static_cast<u16>(c.entity & NUMBER_BITS)));
  }
  HostedEvent& e = emit_partition<HostedEvent>();
  e.hosted_entity = c.entity;
  e.hosted = c.hosted;
  e.route_version = c.route_version;
  if (c.hosted != 0 && in_markets_role()) {
    market_event(*market(static_cast<u16>(c.entity & NUMBER_BITS)));
  }
}

// Leaves of a market its specification and status.
void Kernel::make_copy(Market& m) {
  clear_counters(m.row);
  m.buckets = {};
  m.fence = {};
}

void Kernel::clear_counters(MarketRow& row) {
  row.entity_seq = row.priority = 0;
  row.trade_id = row.prevented_id = row.update_id = row.last_price_ticks = 0;
  row.faults = 0;
}

// ---- messages

void Kernel::acknowledge(const LinkAck& c) {
  if (!hosts(c.entity)) return;
  const auto found = apart_->links.find({c.entity, c.destination});
  if (found == apart_->links.end()) return;
  Link& link = found->second;
  u64 up_to = c.link_seq;
  if (MUTANT(33)) up_to = std::min(up_to, link.last_out);
  if (up_to <= link.acknowledged || up_to > link.last_out) return;
  if (MUTANT(25)) up_to = std::min(up_to + 1, link.last_out);
  for (; link.acknowledged < up_to; ++link.acknowledged) link.outbox.pop_front();
}

bool Kernel::is_for_here(const char* link) const {
  const LinkHeader& h = header_of(link);
  const u32 market_side = to_market(h) ? h.destination : h.source;
  const u32 shard_side = to_market(h) ? h.source : h.destination;
  return hosts(h.destination) && market_side >> 24 == static_cast<u32>(EntityKind::MARKET) &&
         shard_side == shard_entity(static_cast<u64>(h.order_id));
}

void Kernel::deliver(const char* link) {
  const LinkHeader& h = header_of(link);
  if (!is_for_here(link)) return;
  const auto known = apart_->links.find({h.destination, h.source});
  const u64 last_in = known == apart_->links.end() ? 0 : known->second.last_in;
  const bool repeated = MUTANT(24) && h.link_seq <= last_in;
  const bool early = MUTANT(26) && h.link_seq > last_in + 1;
  if (h.link_seq != last_in + 1 && !repeated && !early) return;
  Link& of = apart_->links[{h.destination, h.source}];
  of.last_in += 1;
  if (to_market(h)) {
    OUTCRY_CHECK(in_markets_role());
    return take_request(link, of.outbox.size());
  }
  OUTCRY_CHECK(!in_markets_role());
  take_answer(link);
  finish_request();
}

// ---- views

std::vector<std::pair<u32, u64>> Kernel::hosted() const {
  if (apart_ == nullptr) return {};
  return {apart_->hosted.begin(), apart_->hosted.end()};
}

void Kernel::outbox(u32 source, Buffer& out) const {
  if (apart_ == nullptr) return;
  for (const auto& [key, link] : apart_->links) {
    if (source != 0 && key.first != source) continue;
    for (const Message& m : link.outbox) {
      const std::size_t size = header_of(m.bytes).size;
      std::memcpy(out.extend(size), m.bytes, size);
    }
  }
}

u64 Kernel::last_in(u32 source, u32 destination) const {
  if (apart_ == nullptr || !hosts(destination)) return 0;
  const auto found = apart_->links.find({destination, source});
  return found == apart_->links.end() ? 0 : found->second.last_in;
}

std::vector<std::tuple<u32, u32, u64>> Kernel::link_positions() const {
  std::vector<std::tuple<u32, u32, u64>> found;
  if (apart_ == nullptr) return found;
  for (const auto& [key, link] : apart_->links) {
    if (link.last_in != 0) found.emplace_back(key.second, key.first, link.last_in);
  }
  std::sort(found.begin(), found.end());
  return found;
}

// ---- rows

void Kernel::link_rows(Buffer& out) const {
  hosted_rows(out);
  for (const auto& [key, link] : apart_->links) {
    LinkRow& row = out.append<LinkRow>();
    row.entity = key.first;
    row.peer = key.second;
    row.last_in = link.last_in;
    row.last_out = link.last_out;
    row.acknowledged = link.acknowledged;
  }
  for (const auto& [key, link] : apart_->links) {
    for (const Message& m : link.outbox) {
      OutboxRow& row = out.append<OutboxRow>();
      row.entity = key.first;
      std::memcpy(row.link, m.bytes, sizeof(row.link));
    }
  }
  request_rows(out);
  moving_rows(out);
}

void Kernel::request_rows(Buffer& out) const {
  const auto origin = [](auto& row, const Origin& of) {
    row.origin_partition = of.partition;
    row.origin_seq = of.seq;
    row.origin_command = of.command;
  };
  for (const auto& [key, request] : apart_->requests) {
    RequestRow& row = out.append<RequestRow>();
    row.account_id = request.header().account_id;
    row.entity = shard_entity(row.account_id);
    origin(row, key);
    std::memcpy(row.command, request.command, sizeof(row.command));
  }
  for (const auto& [key, request] : apart_->parts) {
    RequestPartRow& row = out.append<RequestPartRow>();
    row.entity = shard_entity(request->header().account_id);
    row.order_id = key.first;
    row.link_seq = key.second;
    origin(row, request->origin);
  }
}

bool Kernel::read_link(const LinkRow& r) {
  if (apart_ == nullptr || r.acknowledged > r.last_out) return false;
  const auto [at, fresh] = apart_->links.try_emplace({r.entity, r.peer});
  at->second.last_in = r.last_in;
  at->second.last_out = r.last_out;
  at->second.acknowledged = r.acknowledged;
  return fresh;
}

bool Kernel::read_outbox(const OutboxRow& r) {
  if (apart_ == nullptr || !formed_link(r.link, sizeof(r.link))) return false;
  const LinkHeader& h = header_of(r.link);
  const auto found = apart_->links.find({r.entity, h.destination});
  if (h.source != r.entity || found == apart_->links.end()) return false;
  Link& link = found->second;
  if (h.link_seq != link.acknowledged + link.outbox.size() + 1) return false;
  Message m;
  std::memcpy(m.bytes, r.link, sizeof(m.bytes));
  link.outbox.push_back(m);
  return h.link_seq <= link.last_out;
}

bool Kernel::read_request(const RequestRow& r) {
  if (apart_ == nullptr || in_markets_role()) return false;
  const auto kind = static_cast<CommandKind>(r.command[2]);
  if (kind < CommandKind::NEW_ORDER || kind > CommandKind::AMEND_ORDER || !formed(r.command)) {
    return false;
  }
  const Origin origin{r.origin_partition, r.origin_seq, r.origin_command};
  if (apart_->requests.contains(origin)) return false;
  const Request& made = enter_request(origin, r.command);
  return made.header().account_id == r.account_id && find_account(r.account_id) != 0;
}

bool Kernel::read_request_part(const RequestPartRow& r) {
  if (apart_ == nullptr) return false;
  const auto found =
      apart_->requests.find({r.origin_partition, r.origin_seq, r.origin_command});
  if (found == apart_->requests.end()) return false;
  Request& request = found->second;
  request.asked += 1;
  if (request.command[2] == AmendOrder::KIND) {
    const auto* c = reinterpret_cast<const AmendOrder*>(request.command);
    reserve(c->account_id, c->market, c->client_order_id, r.order_id);
  }
  return apart_->parts.emplace(std::pair{r.order_id, r.link_seq}, &request).second;
}

}  // namespace outcry
