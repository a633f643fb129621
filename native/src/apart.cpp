// The market side alone: orders of accounts elsewhere come by links, and what happens to them goes out
// by links. No money, no words of clients.
#include <algorithm>
#include <cstring>

#include "book.hpp"
#include "post.hpp"

namespace outcry {

// ---- accounts elsewhere

u32 Kernel::stranger_slot(u64 account_id) {
  const u32 known = apart_->strangers.find(
      spread(account_id), [&](u32 slot) { return accounts_[slot].id == account_id; });
  if (known != 0) return known;
  const u32 slot = accounts_.take();
  accounts_[slot].id = account_id;
  apart_->strangers.insert(spread(account_id), slot);
  return slot;
}

void Kernel::link_stranger(u32 slot, const Order& o) {
  accounts_[o.account].orders += 1;
  orders_by_id_.insert(order_hash(o.id), slot);
}

void Kernel::drop_stranger(u32 slot, Order& o) {
  Account& a = accounts_[o.account];
  OUTCRY_CHECK(a.orders > 0);
  a.orders -= 1;
  if (a.orders == 0) {
    apart_->strangers.erase(spread(a.id), o.account);
    a.id = 0;
    accounts_.give(o.account);
  }
  orders_by_id_.erase(order_hash(o.id), slot);
  if (o.extra != 0) extras_.give(o.extra);
  o.id = 0;  // tells a free slot from an order, for whoever walks them all
  orders_.give(slot);
}

u32 Kernel::enter_stranger(const PlaceLink& l, Market& m) {
  OUTCRY_CHECK(l.side >= 1 && l.side <= 2 && l.order_type >= 1 && l.order_type <= 7 &&
               l.time_in_force <= 3 && l.stp_mode <= 5 && l.worst_ticks > 0);
  const bool by_sell_quote = !is_buy(l.side) && l.quote_atoms > 0;
  const u32 account = stranger_slot(l.account_id);
  const u32 slot = orders_.take();
  Order& o = orders_[slot];
  o.account = account;
  o.id = l.order_id;
  o.price = {l.price_ticks};
  o.qty = {by_sell_quote ? 0 : l.qty_lots};
  if (by_sell_quote) o.hold = atoms_of({l.qty_lots}, m.row.lot_atoms);
  o.market = m.row.market;
  o.side = l.side;
  o.type = l.order_type;
  o.time_in_force = l.time_in_force;
  o.stp_mode = l.stp_mode;
  o.status = static_cast<u8>(OrderStatus::NEW);
  if (!is_priced(l.order_type) || is_conditional(l.order_type) || l.iceberg_lots > 0 ||
      l.trade_group != 0) {
    OrderExtra& x = extra(o);
    x.trade_group = l.trade_group;
    x.trailing_bips = l.trailing_bips;
    x.quote_order = {l.quote_atoms};
    x.stop = {l.stop_ticks};
    x.iceberg = {l.iceberg_lots};
    if (!is_priced(l.order_type)) x.worst = {l.worst_ticks};
    x.budget = {l.budget_atoms};
  }
  link_stranger(slot, o);
  return slot;
}

// ---- messages in

void Kernel::take_request(const char* link, std::size_t waiting) {
  const auto* any = reinterpret_cast<const CancelLink*>(link);
  Market* m = market(static_cast<u16>(any->destination & NUMBER_BITS));
  OUTCRY_CHECK(m != nullptr);
  drain(*m);
  switch (static_cast<LinkKind>(any->kind)) {
    case LinkKind::PLACE:
      return place_link(*m, *reinterpret_cast<const PlaceLink*>(link), waiting);
    case LinkKind::CANCEL:
      return cancel_link(*m, *any);
    case LinkKind::AMEND:
      return amend_link(*m, *reinterpret_cast<const AmendLink*>(link));
    default:
      OUTCRY_CHECK(false && "accounts ask nothing else");
  }
}

Reason Kernel::check_admission(const PlaceLink& l, Market& m, std::size_t waiting) {
  if (waiting >= static_cast<std::size_t>(OUTBOX_MESSAGES_MAX)) return Reason::CAPACITY_REACHED;
  if (m.queue_head != 0 && m.row.status == static_cast<u8>(MarketStatus::TRADING)) {
    return Reason::MARKET_BUSY;
  }
  if (l.trailing_bips > 0 &&
      m.trailing.size() >= static_cast<std::size_t>(TRAILING_ORDERS_PER_MARKET_MAX)) {
    return Reason::CAPACITY_REACHED;
  }
  const bool by_sell_quote = !is_buy(l.side) && l.quote_atoms > 0;
  const Atoms covered =
      by_sell_quote ? atoms_of({l.qty_lots}, m.row.lot_atoms) : Atoms{l.budget_atoms};
  return check_market(l, m, covered, {l.need_atoms});
}

void Kernel::place_link(Market& m, const PlaceLink& l, std::size_t waiting) {
  const Reason r = check_admission(l, m, waiting);
  if (r != Reason::NONE) return post_done(m, l.order_id, {}, {}, r, {});
  OUTCRY_CHECK(find_order_slot(l.order_id) == 0);
  const u32 slot = enter_stranger(l, m);
  post_answer(m, l.order_id, Answers::PLACE, Execution::NEW);
  if (MUTANT(32)) post_answer(m, l.order_id, Answers::RESPONDED);
  admit(l, m, slot);
  if (!MUTANT(32)) post_answer(m, l.order_id, Answers::RESPONDED);
}

void Kernel::cancel_link(Market& m, const CancelLink& l) {
  const u32 slot = find_order_slot(l.order_id);
  const auto refuse = [&](Reason r) {
    post_answer(m, l.order_id, Answers::CANCEL, {}, r);
  };
  if (slot == 0 || orders_[slot].market != m.row.market) return refuse(Reason::UNKNOWN_ORDER);
  Order& o = orders_[slot];
  const bool partly = filled(o).executed.v > 0;
  const auto wanted = static_cast<CancelRestriction>(l.restriction);
  if ((wanted == CancelRestriction::ONLY_NEW && partly) ||
      (wanted == CancelRestriction::ONLY_PARTIALLY_FILLED && !partly)) {
    return refuse(Reason::CANCEL_RESTRICTED);
  }
  unplace(m, slot, o);
  finish_apart(m, slot, OrderStatus::CANCELED, Execution::CANCELED, Reason::CANCELED_BY_USER);
}

Reason Kernel::check_amend(const Order& o, const MarketRow& m, i64 qty_lots) const {
  if (o.place == static_cast<u8>(OrderPlace::QUEUED)) return Reason::MARKET_BUSY;
  if (m.status != static_cast<u8>(MarketStatus::TRADING)) return Reason::MARKET_CLOSED;
  if (qty_lots <= 0 || qty_lots < m.qty_lots_min ||
      (m.qty_lots_max > 0 && qty_lots > m.qty_lots_max)) {
    return Reason::LOT_SIZE;
  }
  if (qty_lots > o.qty.v) return Reason::AMEND_INCREASE;
  if (qty_lots == o.qty.v) return Reason::AMEND_NO_CHANGE;
  const u16 amends = o.extra == 0 ? u16{0} : extras_[o.extra].amends;
  if (m.amends_max > 0 && amends >= m.amends_max) return Reason::MAX_NUM_ORDER_AMENDS;
  if (o.qty.v - remaining(o).v >= qty_lots) return Reason::NONE;  // the order ends
  if (is_priced(o.type) && m.notional_atoms_min > 0 &&
      notional_wide(o.price, {qty_lots}, m.tick_lot_atoms) < m.notional_atoms_min) {
    return Reason::NOTIONAL;
  }
  return Reason::NONE;
}

void Kernel::amend_link(Market& m, const AmendLink& l) {
  const u32 slot = find_order_slot(l.order_id);
  const bool known = slot != 0 && orders_[slot].market == m.row.market;
  const Reason r = known ? check_amend(orders_[slot], m.row, l.qty_lots) : Reason::UNKNOWN_ORDER;
  if (r != Reason::NONE) return post_answer(m, l.order_id, Answers::AMEND, {}, r);
  Order& o = orders_[slot];
  if (o.qty.v - remaining(o).v >= l.qty_lots) {
    unplace(m, slot, o);
    return finish_apart(m, slot, OrderStatus::EXPIRED, Execution::EXPIRED,
                        Reason::AMENDED_BELOW_EXECUTED);
  }
  const Lots visible_before = visible(o);
  o.qty = {l.qty_lots};
  OrderExtra& x = extra(o);
  x.amends += 1;
  const Lots now = std::min(visible_before, remaining(o));
  if (o.place == static_cast<u8>(OrderPlace::BOOK)) {
    if (x.iceberg.v > 0) x.visible = now;
    if (now != visible_before) {
      Level& level = levels_[o.level];
      level.visible -= visible_before - now;
      level_event(m, level);
    }
  }
  post_answer(m, l.order_id, Answers::AMEND, Execution::REPLACED, Reason::NONE, l.qty_lots);
}

// ---- messages out

void Kernel::post_answer(Market& m, i64 order_id, Answers answers, Execution execution,
                         Reason reason, i64 qty_lots) {
  AnswerLink link{};
  link.answers = static_cast<u8>(answers);
  link.execution = static_cast<u8>(execution);
  link.reason = static_cast<u16>(reason);
  link.qty_lots = qty_lots;
  post(market_entity(m.row.market), m.row.entity_seq, shard_entity(static_cast<u64>(order_id)),
       order_id, link);
}

void Kernel::post_done(Market& m, i64 order_id, OrderStatus status, Execution execution,
                       Reason reason, Lots left) {
  DoneLink link{};
  link.status = static_cast<u8>(status);
  link.execution = static_cast<u8>(execution);
  link.reason = static_cast<u16>(reason);
  link.remaining_lots = left.v;
  post(market_entity(m.row.market), m.row.entity_seq, shard_entity(static_cast<u64>(order_id)),
       order_id, link);
}

void Kernel::post_settle(Market& m, const Order& o, SettleLink link) {
  link.trade_time_us = time_us_;
  post(market_entity(m.row.market), m.row.entity_seq, shard_entity(static_cast<u64>(o.id)), o.id,
       link);
}

void Kernel::finish_apart(Market& m, u32 slot, OrderStatus status, Execution execution,
                          Reason reason) {
  Order& o = orders_[slot];
  const Lots left = by_quote(o) ? Lots{} : remaining(o);
  const i64 id = o.id;
  drop_stranger(slot, o);
  if (!MUTANT(27)) post_done(m, id, status, execution, reason, left);
}

// Whether an order by quote cannot take one more lot at this price.
bool Kernel::is_spent(const Order& o, const Market& m, Ticks p) const {
  return extras_[o.extra].budget.v < static_cast<i128>(p.v) * m.row.tick_lot_atoms ||
         (!is_buy(o.side) && o.hold.v < m.row.lot_atoms);
}

bool Kernel::fill_apart(Party& party, Market& m, Lots q, Ticks p, Atoms quote, bool maker) {
  Order& o = party.order;
  if (budgeted(o)) {
    extras_[o.extra].budget -= quote;
    OUTCRY_CHECK(extras_[o.extra].budget.v >= 0);
    if (!is_buy(o.side)) o.hold -= atoms_of(q, m.row.lot_atoms);
  }
  const bool ended = by_quote(o) ? is_spent(o, m, p) : remaining(o) == q;
  SettleLink link{};
  link.trade_id = m.row.trade_id;
  link.price_ticks = p.v;
  link.lots = q.v;
  link.quote_atoms = quote.v;
  link.maker = maker ? 1 : 0;
  link.ends = ended ? 1 : 0;
  link.status = static_cast<u8>(ended ? OrderStatus::FILLED : OrderStatus::PARTIALLY_FILLED);
  post_settle(m, o, link);
  if (ended) {
    drop_stranger(party.slot, o);
    return true;
  }
  extra(o).filled.executed += q;
  o.status = static_cast<u8>(OrderStatus::PARTIALLY_FILLED);
  return false;
}

bool Kernel::prevent_apart(Market& m, u32 slot, Lots lots, Ticks p, bool ends,
                           const Prevention& match) {
  Order& o = orders_[slot];
  OrderExtra& x = extra(o);
  const bool maker = o.id == match.maker_order;
  const bool transfer = match.mode == StpMode::TRANSFER;
  x.prevented += lots;
  if (transfer && budgeted(o) && !is_buy(o.side)) o.hold -= atoms_of(lots, m.row.lot_atoms);
  if (!ends) ends = by_quote(o) ? is_spent(o, m, p) : remaining(o).v == 0;
  const bool partly = x.filled.executed.v > 0;
  SettleLink link{};
  link.trade_id = match.id;
  link.price_ticks = p.v;
  link.lots = lots.v;
  if (transfer) link.quote_atoms = notional(p, lots, m.row.tick_lot_atoms).v;
  link.maker = maker ? 1 : 0;
  link.prevented = 1;
  link.transfer = transfer ? 1 : 0;
  link.ends = ends ? 1 : 0;
  const OrderStatus status = partly ? OrderStatus::PARTIALLY_FILLED : OrderStatus::NEW;
  link.status = static_cast<u8>(ends ? OrderStatus::EXPIRED_IN_MATCH : status);
  link.stp_mode = static_cast<u8>(match.mode);
  link.reason = static_cast<u16>(ends ? Reason::SELF_TRADE_PREVENTED : Reason::NONE);
  link.counter_order_id = maker ? match.taker_order : match.maker_order;
  link.counter_account_id = maker ? match.taker_account : match.maker_account;
  link.counter_lots = (maker ? match.of_taker : match.of_maker).v;
  link.trade_group = match.trade_group;
  post_settle(m, o, link);
  if (ends) drop_stranger(slot, o);
  return ends;
}

// ---- rows

void Kernel::fill_market_row(const Order& o, OrderRow& row) const {
  const bool partly = filled(o).executed.v > 0;
  row.entity = market_entity(o.market);
  row.account_id = accounts_[o.account].id;
  row.order_id = o.id;
  row.market = o.market;
  row.side = o.side;
  row.order_type = o.type;
  row.time_in_force = o.time_in_force;
  row.stp_mode = o.stp_mode;
  row.status = static_cast<u8>(partly ? OrderStatus::PARTIALLY_FILLED : OrderStatus::NEW);
  row.place = o.place;
  row.flags = o.flags & (static_cast<u16>(OrderFlag::SWEEPING) |
                         static_cast<u16>(OrderFlag::TRAILING_ACTIVE));
  row.price_ticks = o.price.v;
  row.qty_lots = o.qty.v;
  row.worst_ticks = worst(o).v;
  row.visible_lots = o.place == static_cast<u8>(OrderPlace::BOOK) ? visible(o).v : 0;
  row.hold_atoms = o.hold.v;
  row.priority = o.priority;
  if (o.extra == 0) return;
  const OrderExtra& x = extras_[o.extra];
  row.amends = x.amends;
  row.trailing_bips = x.trailing_bips;
  row.trade_group = x.trade_group;
  row.quote_order_atoms = x.quote_order.v;
  row.stop_ticks = x.stop.v;
  row.iceberg_lots = x.iceberg.v;
  row.executed_lots = x.filled.executed.v;
  row.prevented_lots = x.prevented.v;
  row.budget_atoms = x.budget.v;
  row.trailing_extreme_ticks = x.trailing_extreme.v;
}

// B03: each level against its orders.
std::string Kernel::recount_levels() const {
  std::string wrong;
  for (const auto& m : markets_) {
    if (m == nullptr) continue;
    for (const Side side : {Side::BUY, Side::SELL}) {
      const u8 of = static_cast<u8>(side);
      for (u32 slot = m->best(side); slot != 0;) {
        const Level& level = levels_[slot];
        i128 lots = 0;
        for (u32 at = level.head; at != 0; at = orders_[at].next) lots += visible(orders_[at]).v;
        if (lots != level.visible.v) wrong += "a level does not add up; ";
        slot = m->tree(of).next(level.price, !is_buy(of));
      }
    }
  }
  return wrong;
}

}  // namespace outcry
