// The account side alone: what a market elsewhere is asked is state until it has answered.
#include <algorithm>
#include <cstring>

#include "admission.hpp"
#include "book.hpp"
#include "post.hpp"

namespace outcry {

// ---- requests

template <class C>
u32 Kernel::admitted_request(const C& c) {
  const u32 account = admitted<true>(c);
  if (account == 0) return 0;
  if (apart_->requests.size() < static_cast<std::size_t>(REQUESTS_MAX)) return account;
  refuse(raw(c), Reason::CAPACITY_REACHED);
  return 0;
}

namespace {
template <class C, class... P>
void clear(char* command, P C::*... padding) {
  ((reinterpret_cast<C*>(command)->*padding = 0), ...);
}

// What a command is kept as: without whatever lay between its fields.
void clear_padding(char* command) {
  using New = NewOrder;
  using Cancel = CancelOrder;
  using All = CancelAll;
  using Replace = CancelReplace;
  using Amend = AmendOrder;
  switch (static_cast<CommandKind>(command[2])) {
    case CommandKind::NEW_ORDER:
      return clear(command, &New::_pad0, &New::_pad1, &New::_pad2);
    case CommandKind::CANCEL_ORDER:
      return clear(command, &Cancel::_pad0, &Cancel::_pad1, &Cancel::_pad2, &Cancel::_pad3);
    case CommandKind::CANCEL_ALL:
      return clear(command, &All::_pad0, &All::_pad1);
    case CommandKind::CANCEL_REPLACE:
      return clear(command, &Replace::_pad0, &Replace::_pad1, &Replace::_pad2, &Replace::_pad3,
                   &Replace::_pad4, &Replace::_pad5, &Replace::_pad6);
    case CommandKind::AMEND_ORDER:
      return clear(command, &Amend::_pad0, &Amend::_pad1, &Amend::_pad2, &Amend::_pad3);
    default:
      OUTCRY_CHECK(false && "no market is asked about anything else");
  }
}
}  // namespace

Request& Kernel::enter_request(const Origin& origin, const char* command) {
  Request& made = apart_->requests[origin];
  made.origin = origin;
  const auto size = reinterpret_cast<const Tick*>(command)->size;
  OUTCRY_CHECK(size <= sizeof(made.command));
  std::memset(made.command, 0, sizeof(made.command));
  std::memcpy(made.command, command, size);
  clear_padding(made.command);
  const Tick& h = made.header();
  if ((h.digest_lo | h.digest_hi) != 0) {
    apart_->digests[{h.account_id, h.digest_lo, h.digest_hi}] = &made;
  }
  return made;
}

// Sends a message of a request, and keeps the request.
template <class L>
void Kernel::ask(const Order& o, const char* command, const L& link) {
  if (apart_->current == nullptr) {
    apart_->current = &enter_request({partition_, seq_, command_}, command);
  }
  Request& request = *apart_->current;
  request.order_id = o.id;
  request.asked += 1;
  Shard& home = shard(static_cast<u64>(o.id));
  home.known = true;
  const u64 link_seq = post(shard_entity(static_cast<u64>(o.id)), home.entity_seq,
                            market_entity(o.market), o.id, link);
  apart_->parts.emplace(std::pair{o.id, link_seq}, &request);
  request_event<PendingEvent>(request);
}

// The request of which a market has now answered a message.
Request& Kernel::take_part(i64 order_id) {
  const auto found = apart_->parts.lower_bound({order_id, 0});
  OUTCRY_CHECK(found != apart_->parts.end() && found->first.first == order_id);
  Request& request = *found->second;
  apart_->parts.erase(found);
  OUTCRY_CHECK(request.asked > 0);
  request.asked -= 1;
  request.order_id = order_id;
  apart_->current = &request;
  return request;
}

// Keeps what a request came to, once nothing of it is pending.
void Kernel::remember_request(const char* command, Reason reason, i64 order_id) {
  if (apart_->current != nullptr && apart_->current->asked != 0) return;
  const auto& c = *reinterpret_cast<const CancelAll*>(command);
  if (MUTANT(30) && apart_->current != nullptr) return;
  if (c.deadline_us < time_us_) return;  // nobody would find it
  digest_hash_ = DedupeEntry::hash_of(c.account_id, c.digest_lo, c.digest_hi);
  remember(c, c.market, reason, order_id);
}

void Kernel::conclude(const char* command, Reason reason, Phase phase) {
  refuse(command, reason, phase);
  remember_request(command, reason, 0);
}

// After a message: says that a request has its last answer.
void Kernel::finish_request() {
  Request* const request = apart_->current;
  apart_->current = nullptr;
  if (request == nullptr || request->asked != 0) return;
  if (request->command[2] == CancelAll::KIND) remember_request(request->command, Reason::NONE, 0);
  request_event<AnsweredEvent>(*request);
  const Tick& h = request->header();
  apart_->digests.erase({h.account_id, h.digest_lo, h.digest_hi});
  const Origin origin = request->origin;
  apart_->requests.erase(origin);
}

template <class E>
void Kernel::request_event(const Request& r) {
  E& e = emit_shard<E>(r.header().account_id);
  e.account_id = r.header().account_id;
  e.order_id = r.order_id;
  e.origin_seq = r.origin.seq;
  e.origin_command = r.origin.command;
  e.origin_partition = r.origin.partition;
  e.market = r.market();
  e.command_kind = r.header().kind;
}

// ---- client order ids that amends ask for

namespace {
std::tuple<u64, u16, ClientId> reservation_key(u64 account_id, u16 market, const char* id) {
  ClientId copied;
  std::memcpy(copied.data(), id, copied.size());
  return {account_id, market, copied};
}
}  // namespace

// Whether an order other than this one has the client order id, or is to have it.
bool Kernel::taken(u32 account, u16 market_id, const char* id, i64 order_id) const {
  const u32 holder = find_client(account, market_id, id);
  if (holder != 0 && orders_[holder].id != order_id) return true;
  const auto found =
      apart_->reserved.find(reservation_key(accounts_[account].id, market_id, id));
  return found != apart_->reserved.end() && found->second.order_id != order_id;
}

void Kernel::reserve(u64 account_id, u16 market_id, const char* id, i64 order_id) {
  if (id[0] == 0) return;
  if (MUTANT(29)) order_id = 0;
  Reservation& r = apart_->reserved[reservation_key(account_id, market_id, id)];
  r.order_id = order_id;
  r.count += 1;
}

void Kernel::unreserve(const AmendOrder& c) {
  if (c.client_order_id[0] == 0) return;
  const auto found =
      apart_->reserved.find(reservation_key(c.account_id, c.market, c.client_order_id));
  OUTCRY_CHECK(found != apart_->reserved.end());
  found->second.count -= 1;
  if (found->second.count == 0) apart_->reserved.erase(found);
}

// ---- commands

// Checks 23 and 24, the hold, and the request to the market.
template <class C>
Reason Kernel::place_remote(const C& c, u32 account, Market& m) {
  Account& a = accounts_[account];
  Purse purse = this->purse(a, m);
  Atoms hold{};
  Atoms need{};
  const Reason r = check_funds(c, a, m, purse, hold, need);
  if (r != Reason::NONE) return r;
  const u64 client = client_hash(a.id, c.market, c.client_order_id);
  u32 slot = 0;
  Order& o = enter_order(c, account, a, m, purse, client, hold, slot);
  o.place = static_cast<u8>(OrderPlace::REMOTE);
  if (waits(o)) a.algo_orders += 1;
  const bool by_budget = budgeted(o);
  const bool by_sell_quote = !is_buy(c.side) && c.quote_atoms > 0;
  PlaceLink link{};
  link.account_id = a.id;
  link.trade_group = a.trade_group;
  link.market_version = c.market_version;
  link.side = c.side;
  link.order_type = c.order_type;
  link.time_in_force = c.time_in_force;
  link.stp_mode = c.stp_mode;
  link.trailing_bips = c.trailing_bips;
  link.price_ticks = c.price_ticks;
  link.qty_lots = by_sell_quote ? hold.v / m.row.lot_atoms : c.qty_lots;
  link.quote_atoms = c.quote_atoms;
  link.stop_ticks = c.stop_ticks;
  link.iceberg_lots = c.iceberg_lots;
  link.worst_ticks = worst(o).v;
  if (by_budget) link.budget_atoms = c.quote_atoms > 0 ? c.quote_atoms : hold.v;
  link.need_atoms = need.v;
  ask(o, raw(c), link);
  return Reason::NONE;
}

void Kernel::ask_new(const NewOrder& c) {
  const u32 account = admitted_request(c);
  if (account == 0) return;
  const Account& a = accounts_[account];
  const Market* found = nullptr;
  Reason r = shape_identity(c, a, found);
  if (r == Reason::NONE) r = shape_values(c, *found);
  if (r == Reason::NONE && taken(account, c.market, c.client_order_id, 0)) {
    r = Reason::DUPLICATE_CLIENT_ORDER_ID;
  }
  if (r == Reason::NONE) r = check_counts(c, a, *found, 0);
  if (r == Reason::NONE) r = place_remote(c, account, *market(c.market));
  if (r != Reason::NONE) conclude(raw(c), r, Phase::WHOLE);
}

void Kernel::post_cancel(const Order& o, u8 restriction, const char* command) {
  CancelLink link{};
  link.restriction = restriction;
  ask(o, command, link);
}

void Kernel::ask_cancel(const CancelOrder& c) {
  const u32 account = admitted_request(c);
  if (account == 0) return;
  u32 slot = 0;
  const auto decide = [&] {
    if ((accounts_[account].flags & static_cast<u16>(AccountFlag::TRADE)) == 0) {
      return Reason::ACCOUNT_MAY_NOT_TRADE;
    }
    if (market(c.market) == nullptr) return Reason::UNKNOWN_MARKET;
    return find_order(account, c.market, c.order_id, c.original_client_order_id, slot);
  };
  const Reason r = decide();
  if (r != Reason::NONE) return conclude(raw(c), r, Phase::WHOLE);
  post_cancel(orders_[slot], c.restriction, raw(c));
}

void Kernel::ask_cancel_all(const CancelAll& c) {
  const u32 account = admitted_request(c);
  if (account == 0) return;
  const Account& a = accounts_[account];
  std::array<u32, CANCEL_ALL_ORDERS_MAX> slots;
  std::size_t count = 0;
  Reason r = Reason::NONE;
  if ((a.flags & static_cast<u16>(AccountFlag::TRADE)) == 0) {
    r = Reason::ACCOUNT_MAY_NOT_TRADE;
  } else if (market(c.market) == nullptr) {
    r = Reason::UNKNOWN_MARKET;
  } else {
    each_order(a, [&](u32 slot) {
      if (count < slots.size() && orders_[slot].market == c.market) slots[count++] = slot;
    });
    if (count == 0) r = Reason::UNKNOWN_ORDER;
  }
  if (r != Reason::NONE) return conclude(raw(c), r, Phase::WHOLE);
  for (std::size_t i = 0; i < count; ++i) post_cancel(orders_[slots[i]], 0, raw(c));
}

void Kernel::ask_replace(const CancelReplace& c) {
  const u32 account = admitted_request(c);
  if (account == 0) return;
  const Account& a = accounts_[account];
  const Market* found = nullptr;
  u32 old = 0;
  Reason unfound = Reason::NONE;
  const auto decide = [&] {
    Reason r = shape_identity(c, a, found);
    if (r != Reason::NONE) return r;
    if (c.mode < 1 || c.mode > 2) return Reason::INVALID_COMBINATION;
    if (!allows(found->row.flags, MarketFlag::CANCEL_REPLACE)) {
      return Reason::CANCEL_REPLACE_NOT_SUPPORTED;
    }
    r = shape_values(c, *found);
    if (r != Reason::NONE) return r;
    unfound =
        find_order(account, c.market, c.cancel_order_id, c.cancel_original_client_order_id, old);
    const bool leaves = unfound == Reason::NONE && !restricted(c.restriction, orders_[old].status);
    return check_counts(c, a, *found, leaves ? old : 0);
  };
  const Reason r = decide();
  if (r != Reason::NONE) return conclude(raw(c), r, Phase::WHOLE);
  if (unfound != Reason::NONE) return go_on_replacing(c, unfound);
  post_cancel(orders_[old], c.restriction, raw(c));
}

// What follows the answer to the cancel of a cancel-replace.
void Kernel::go_on_replacing(const CancelReplace& c, Reason cancel) {
  if (cancel != Reason::NONE) {
    refuse(raw(c), cancel, Phase::CANCEL);
    if (c.mode == static_cast<u8>(CancelReplaceMode::STOP_ON_FAILURE)) {
      return conclude(raw(c), Reason::NOT_ATTEMPTED, Phase::NEW);
    }
  }
  const u32 account = find_account(c.account_id);
  OUTCRY_CHECK(account != 0);
  const Reason r = taken(account, c.market, c.client_order_id, 0)
                       ? Reason::DUPLICATE_CLIENT_ORDER_ID
                       : place_remote(c, account, *market(c.market));
  if (r != Reason::NONE) conclude(raw(c), r, Phase::NEW);
}

void Kernel::ask_amend(const AmendOrder& c) {
  const u32 account = admitted_request(c);
  if (account == 0) return;
  u32 slot = 0;
  const auto decide = [&] {
    const Reason r = find_amended(account, c, slot);
    if (r != Reason::NONE) return r;
    const bool named = c.client_order_id[0] != 0;
    return named && taken(account, c.market, c.client_order_id, orders_[slot].id)
               ? Reason::DUPLICATE_CLIENT_ORDER_ID
               : Reason::NONE;
  };
  const Reason r = decide();
  if (r != Reason::NONE) return conclude(raw(c), r, Phase::WHOLE);
  reserve(c.account_id, c.market, c.client_order_id, orders_[slot].id);
  AmendLink link{};
  link.qty_lots = c.qty_lots;
  ask(orders_[slot], raw(c), link);
}

// ---- what markets say

u32 Kernel::remote_order(i64 order_id) const {
  const u32 slot = find_order_slot(order_id);
  OUTCRY_CHECK(slot != 0);
  return slot;
}

void Kernel::take_answer(const char* link) {
  switch (static_cast<LinkKind>(link[2])) {
    case LinkKind::SETTLE:
      return settle_link(*reinterpret_cast<const SettleLink*>(link));
    case LinkKind::DONE:
      return done_link(*reinterpret_cast<const DoneLink*>(link));
    case LinkKind::ANSWER:
      return answer_link(*reinterpret_cast<const AnswerLink*>(link));
    default:
      OUTCRY_CHECK(false && "markets say nothing else");
  }
}

void Kernel::drop_remote(u32 slot, Order& o, Account& a) {
  if (waits(o)) a.algo_orders -= 1;
  remove_order(slot, o, a);
}

void Kernel::prevented_event(const SettleLink& l, const Order& o, const Account& a) {
  const bool maker = l.maker != 0;
  PreventedEvent& e = emit_shard<PreventedEvent>(a.id);
  e.market = o.market;
  e.taker_side = maker ? opposite(o.side) : o.side;
  e.stp_mode = l.stp_mode;
  e.trade_group = l.trade_group;
  e.prevented_id = l.trade_id;
  e.price_ticks = l.price_ticks;
  e.taker_order_id = maker ? l.counter_order_id : o.id;
  e.maker_order_id = maker ? o.id : l.counter_order_id;
  e.taker_account_id = maker ? l.counter_account_id : a.id;
  e.maker_account_id = maker ? a.id : l.counter_account_id;
  e.taker_prevented_lots = maker ? l.counter_lots : l.lots;
  e.maker_prevented_lots = maker ? l.lots : l.counter_lots;
}

// Books a fill, a transfer or a prevention.
void Kernel::settle_link(const SettleLink& l) {
  const u32 slot = remote_order(l.order_id);
  Market& m = *market(orders_[slot].market);
  Party party = this->party(slot, m);
  Order& o = party.order;
  const bool buy = is_buy(o.side);
  const Lots lots{l.lots};
  const Ticks price{l.price_ticks};
  const i64 tick_lot = m.row.tick_lot_atoms;
  if (l.prevented != 0) prevented_event(l, o, party.account);
  Moves moves;
  const bool exchanged = l.prevented == 0 || l.transfer != 0;
  if (exchanged) {
    const Atoms base = atoms_of(lots, m.row.lot_atoms);
    const Atoms quote = notional(price, lots, tick_lot);
    OUTCRY_CHECK(quote.v == l.quote_atoms);
    moves.paid = buy ? quote : base;
    moves.received = buy ? base : quote;
  }
  if (unit_held(o)) {
    const Atoms held =
        buy ? notional(worst(o), lots, tick_lot) : atoms_of(lots, m.row.lot_atoms);
    OUTCRY_CHECK(held >= moves.paid);
    moves.released = held - moves.paid;
  }
  Filled filled = this->filled(o);
  if (l.prevented != 0) {
    extra(o).prevented += lots;
  } else {
    const Atoms before = buy ? atoms_of(filled.executed, m.row.lot_atoms) : filled.executed_quote;
    const Atoms of_role = l.maker != 0 ? before - filled.taker_received : filled.taker_received;
    const u32 rate = l.maker != 0 ? o.maker_rate : o.taker_rate;
    moves.fee = fee_on(rate, of_role + moves.received);
    if (of_role.v != 0) moves.fee -= fee_on(rate, of_role);
    filled.executed += lots;
    filled.executed_quote += Atoms{l.quote_atoms};
    if (l.maker == 0) filled.taker_received += moves.received;
  }
  OUTCRY_CHECK(o.hold >= moves.paid + moves.released);
  o.hold -= moves.paid + moves.released;
  o.status = l.status;
  const bool ends = l.ends != 0;
  if (ends) {
    moves.released += o.hold;
    o.hold = {};
  } else {
    OrderExtra& x = extra(o);
    x.filled = filled;
    x.updated_us = time_us_;
  }
  if (exchanged) {
    settle(party, m, moves);
  } else if (moves.released.v != 0) {
    Balance* paying = party.purse.paid(buy);
    OUTCRY_CHECK(paying != nullptr && paying->held >= moves.released);
    paying->held -= moves.released;
    paying->free += moves.released;
  }
  moves.match_id = l.trade_id;
  moves.last_price = price;
  moves.last_lots = lots;
  moves.reason = static_cast<Reason>(l.reason);
  const bool made = l.maker != 0 && l.prevented == 0;
  if (made) moves.extra_flags = static_cast<u16>(OrderFlag::MAKER);
  report<OrderEvent>(o, party.account, party.purse,
                     l.prevented != 0 ? Execution::TRADE_PREVENTION : Execution::TRADE, filled,
                     moves);
  if (ends) drop_remote(slot, o, party.account);
}

void Kernel::done_link(const DoneLink& l) {
  const u32 slot = remote_order(l.order_id);
  const auto reason = static_cast<Reason>(l.reason);
  if (l.execution == static_cast<u8>(Execution::CANCELED)) return cancel_remote(slot);
  if (l.execution != static_cast<u8>(Execution::EXPIRED)) return refuse_remote(slot, reason);
  Party ending = party(slot, *market(orders_[slot].market));
  Order& o = ending.order;
  o.status = static_cast<u8>(OrderStatus::EXPIRED);
  Moves moves;
  moves.reason = reason;
  if (MUTANT(28)) ending.purse.paid(is_buy(o.side))->free += o.hold;
  release_all(o, ending.purse.paid(is_buy(o.side)), moves);
  report<OrderEvent>(o, ending.account, ending.purse, Execution::EXPIRED, filled(o), moves);
  drop_remote(slot, o, ending.account);
  if (reason != Reason::AMENDED_BELOW_EXECUTED) return;
  const Request& request = take_part(l.order_id);
  OUTCRY_CHECK(request.command[2] == AmendOrder::KIND);
  unreserve(*reinterpret_cast<const AmendOrder*>(request.command));
  remember_request(request.command, Reason::NONE, l.order_id);
}

void Kernel::cancel_remote(u32 slot) {
  static constexpr ClientId no_id{};
  Party ending = party(slot, *market(orders_[slot].market));
  Order& o = ending.order;
  const i64 id = o.id;
  const Request& request = take_part(id);
  const auto kind = static_cast<CommandKind>(request.command[2]);
  const auto* replace = reinterpret_cast<const CancelReplace*>(request.command);
  const auto* cancel = reinterpret_cast<const CancelOrder*>(request.command);
  const char* name = kind == CommandKind::CANCEL_REPLACE ? replace->cancel_client_order_id
                     : kind == CommandKind::CANCEL_ORDER ? cancel->client_order_id
                                                         : no_id.data();
  o.status = static_cast<u8>(OrderStatus::CANCELED);
  Moves moves;
  moves.reason = Reason::CANCELED_BY_USER;
  release_all(o, ending.purse.paid(is_buy(o.side)), moves);
  report<OrderRequestedEvent>(o, ending.account, ending.purse, Execution::CANCELED, filled(o),
                              moves, name);
  drop_remote(slot, o, ending.account);
  if (kind == CommandKind::CANCEL_REPLACE) return go_on_replacing(*replace, Reason::NONE);
  if (kind == CommandKind::CANCEL_ORDER) remember_request(request.command, Reason::NONE, id);
}

// An order that was accepted here and refused by its market: its id is burnt.
void Kernel::refuse_remote(u32 slot, Reason reason) {
  Party ending = party(slot, *market(orders_[slot].market));
  Order& o = ending.order;
  const Request& request = take_part(o.id);
  Moves moves;
  release_all(o, ending.purse.paid(is_buy(o.side)), moves);
  drop_remote(slot, o, ending.account);
  const bool replaces = request.command[2] == CancelReplace::KIND;
  conclude(request.command, reason, replaces ? Phase::NEW : Phase::WHOLE);
}

void Kernel::answer_link(const AnswerLink& l) {
  const auto answers = static_cast<Answers>(l.answers);
  if (answers == Answers::PLACE) {
    const u32 slot = remote_order(l.order_id);
    Party placed = party(slot, *market(orders_[slot].market));
    Order& o = placed.order;
    if (time_us_ != o.created_us) extra(o).updated_us = time_us_;
    return report<OrderEvent>(o, placed.account, placed.purse, Execution::NEW, filled(o),
                              {.held = o.hold});
  }
  if (answers == Answers::RESPONDED) {
    const Request& request = take_part(l.order_id);
    return remember_request(request.command, Reason::NONE, l.order_id);
  }
  if (l.answers <= static_cast<u8>(Answers::AMEND)) return answered_request(l);
  hear(remote_order(l.order_id), l);
}

void Kernel::answered_request(const AnswerLink& l) {
  const Request& request = take_part(l.order_id);
  const auto reason = static_cast<Reason>(l.reason);
  const auto kind = static_cast<CommandKind>(request.command[2]);
  if (kind == CommandKind::CANCEL_REPLACE) {
    return go_on_replacing(*reinterpret_cast<const CancelReplace*>(request.command), reason);
  }
  if (kind == CommandKind::CANCEL_ALL) return;
  if (kind != CommandKind::AMEND_ORDER) return conclude(request.command, reason, Phase::WHOLE);
  const auto& amend = *reinterpret_cast<const AmendOrder*>(request.command);
  unreserve(amend);
  if (reason != Reason::NONE) return conclude(request.command, reason, Phase::WHOLE);
  amend_remote(remote_order(l.order_id), {l.qty_lots}, amend);
  remember_request(request.command, Reason::NONE, l.order_id);
}

// News of an order that nobody asked for.
void Kernel::hear(u32 slot, const AnswerLink& l) {
  Order& o = orders_[slot];
  Account& a = accounts_[o.account];
  OrderExtra& x = extra(o);
  switch (static_cast<Answers>(l.answers)) {
    case Answers::TRAILING_STARTED:
      set_flag(o, OrderFlag::TRAILING_ACTIVE, true);
      x.trailing_us = l.time_us;
      return;
    case Answers::QUEUED:
    case Answers::WORKING:
      break;
    default:
      OUTCRY_CHECK(false && "an answer to nothing");
  }
  if (waits(o)) a.algo_orders -= 1;
  set_flag(o, OrderFlag::TRIGGERED, true);
  if (l.answers == static_cast<u8>(Answers::QUEUED)) return;
  set_flag(o, OrderFlag::WORKING, true);
  x.working_us = l.time_us;
  x.updated_us = time_us_;
  const Party working = party(slot, *market(o.market));
  report<OrderEvent>(o, working.account, working.purse, Execution::TRIGGERED, filled(o), {});
}

void Kernel::amend_remote(u32 slot, Lots qty, const AmendOrder& c) {
  Party amended = party(slot, *market(orders_[slot].market));
  Order& o = amended.order;
  const MarketRow& m = market(o.market)->row;
  OUTCRY_CHECK(qty < o.qty);
  const Lots cut = o.qty - qty;
  const Atoms released = is_buy(o.side) ? notional(worst(o), cut, m.tick_lot_atoms)
                                        : atoms_of(cut, m.lot_atoms);
  OUTCRY_CHECK(o.hold >= released);
  o.qty = qty;
  o.hold -= released;
  OrderExtra& x = extra(o);
  x.amends += 1;
  x.updated_us = time_us_;
  Balance* paying = amended.purse.paid(is_buy(o.side));
  OUTCRY_CHECK(paying != nullptr && paying->held >= released);
  paying->held -= released;
  paying->free += released;
  const ClientId before = o.client_id;
  if (c.client_order_id[0] != 0) rename(amended.account, slot, o, c.client_order_id);
  report<OrderRequestedEvent>(o, amended.account, amended.purse, Execution::REPLACED, filled(o),
                              {.released = released}, before.data());
}

}  // namespace outcry
