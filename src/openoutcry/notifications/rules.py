"""From what has happened to what people are told about it."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from openoutcry.core.enums import BalanceCause, OrderStatus, Reason, Side
from openoutcry.notifications.alerts import Firing
from openoutcry.notifications.amounts import price_text, quantity_text, text_of
from openoutcry.notifications.causes import notification_id
from openoutcry.notifications.digests import BalanceNote, Digest, OrderNote
from openoutcry.notifications.templates import CATALOGUE
from openoutcry.ports.notifications import (
    AssetTerms,
    Direction,
    MarketTerms,
    Notification,
    Occurrence,
    Terms,
)

SIDE_WORDS = {Side.BUY: "buy", Side.SELL: "sell"}
REASON_WORDS = {
    Reason.IOC_REMAINDER: "what could not be filled at once was not to wait",
    Reason.FOK_UNFILLED: "it could not be filled as a whole",
    Reason.INSUFFICIENT_LIQUIDITY: "there was nobody left to trade with",
    Reason.SELF_TRADE_PREVENTED: "it would have traded with your own order",
    Reason.EXCHANGE_CANCELED: "the market was closed",
    Reason.AMENDED_BELOW_EXECUTED: "its new quantity was filled already",
    Reason.BUDGET_SPENT: "its budget does not buy the smallest quantity",
}
OTHER_REASON_WORDS = "the rules of the market"


def notifications_of(
    source: str, digest: Digest, firings: Iterable[Firing], terms: Terms
) -> list[Notification]:
    """Return what a batch tells people, in the order of its events."""
    told = [
        *_of_orders(source, digest, terms),
        *(_of_balance(source, digest, note, terms.asset(note.asset)) for note in digest.balances),
        *(_of_firing(source, digest, firing, terms) for firing in firings),
    ]
    return [notification for _, notification in sorted(told, key=lambda pair: pair[0])]


def occurrence_told(source: str, occurrence: Occurrence) -> Notification:
    """Return what an occurrence of another log tells its person."""
    return Notification(
        notification_id(source, occurrence.number, occurrence.person_id),
        occurrence.person_id,
        occurrence.kind,
        occurrence.template,
        occurrence.time_us,
        occurrence.facts,
    )


_Told = tuple[int, Notification]
_of_order = attrgetter("order_id")


def _of_orders(source: str, digest: Digest, terms: Terms) -> Iterator[_Told]:
    """Yield one notification for all fills of an order in the batch, and one for its end."""
    for _, group in groupby(sorted(digest.orders, key=_of_order), key=_of_order):
        notes = list(group)
        market = terms.market(notes[0].market)
        fills = [note for note in notes if note.is_fill]
        if fills:
            yield _of_fills(source, digest, fills, market)
        for note in notes:
            if not note.is_fill:
                yield _of_end(source, digest, note, market)


def _of_fills(source: str, digest: Digest, fills: list[OrderNote], market: MarketTerms) -> _Told:
    last = fills[-1]
    lots = sum(note.last_lots for note in fills)
    tick_lots = sum(note.last_ticks * note.last_lots for note in fills)
    received, scale = (
        (market.base, market.base_scale)
        if last.side == Side.BUY
        else (market.quote, market.quote_scale)
    )
    facts = _order_facts(last, market) | {
        "quantity": quantity_text(market, lots),
        "total": text_of(tick_lots * market.tick_lot_atoms, market.quote_scale),
        "price": text_of(tick_lots * market.tick_atoms // lots, market.quote_scale),
        "fee": text_of(sum(note.fee_atoms for note in fills), scale),
        "fee_asset": received,
        "quote": market.quote,
    }
    is_whole = last.status == OrderStatus.FILLED
    template = "order_filled" if is_whole else "order_partly_filled"
    return _told(source, digest, last.place, last.person_id, template, facts)


def _of_end(source: str, digest: Digest, note: OrderNote, market: MarketTerms) -> _Told:
    words = REASON_WORDS.get(Reason(note.reason), OTHER_REASON_WORDS)
    template = "order_ended" if note.status == OrderStatus.CANCELED else "order_expired"
    facts = _order_facts(note, market) | {"reason": words}
    return _told(source, digest, note.place, note.person_id, template, facts)


def _order_facts(note: OrderNote, market: MarketTerms) -> dict[str, str]:
    return {
        "symbol": market.symbol,
        "side": SIDE_WORDS[Side(note.side)],
        "order_id": str(note.order_id),
        "base": market.base,
        "executed": quantity_text(market, note.executed_lots),
    }


_BALANCE_TEMPLATES = {
    BalanceCause.DEPOSIT: "deposit_credited",
    BalanceCause.WITHDRAWAL: "withdrawal_held",
}


def _of_balance(source: str, digest: Digest, note: BalanceNote, asset: AssetTerms) -> _Told:
    if note.cause is BalanceCause.ADJUSTMENT:
        template = "balance_credited" if note.amount_atoms > 0 else "balance_debited"
    else:
        template = _BALANCE_TEMPLATES[note.cause]
    facts = {"amount": text_of(abs(note.amount_atoms), asset.scale), "asset": asset.name}
    return _told(source, digest, note.place, note.person_id, template, facts)


def _of_firing(source: str, digest: Digest, firing: Firing, terms: Terms) -> _Told:
    alert = firing.alert
    market = terms.market(alert.market)
    facts = {
        "symbol": market.symbol,
        "price": price_text(market, firing.price_ticks),
        "limit": price_text(market, alert.price_ticks),
        "alert_id": alert.alert_id,
    }
    template = "price_above" if alert.direction is Direction.ABOVE else "price_below"
    return _told(source, digest, firing.place, alert.person_id, template, facts, alert.alert_id)


def _told(
    source: str,
    digest: Digest,
    place: int,
    person_id: int,
    template: str,
    facts: dict[str, str],
    *more: str,
) -> _Told:
    return place, Notification(
        # the time tells a batch from another of its number, in a journal put back to a copy
        notification_id(source, digest.seq, digest.time_us, place, person_id, *more),
        person_id,
        CATALOGUE[template].kind,
        template,
        digest.time_us,
        facts,
    )
