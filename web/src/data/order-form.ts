/**
 * The arithmetic of the order form: what a person typed, as an order or as the reasons why not.
 * Integers throughout. The exchange checks everything again; this only spares a round trip.
 */

import {
  ceilTo,
  divide,
  floorTo,
  maximum,
  minimum,
  multiply,
  ONE,
  parseTyped,
  plainDecimal,
} from "./decimal";
import type { Level } from "./depth";
import type { Market, Range } from "./markets";
import type { Side } from "./orders";

export const ORDER_KINDS = [
  "limit",
  "market",
  "stop-limit",
  "stop",
  "take-profit-limit",
  "take-profit",
  "trailing",
] as const;

export type OrderKind = (typeof ORDER_KINDS)[number];
export type TimeInForce = "GTC" | "IOC" | "FOK";
export type FieldName =
  | "price"
  | "stopPrice"
  | "quantity"
  | "total"
  | "trailing"
  | "iceberg"
  | "form";

/** The form as it stands: texts as typed. */
export interface OrderDraft {
  readonly side: Side;
  readonly kind: OrderKind;
  readonly price: string;
  readonly stopPrice: string;
  readonly quantity: string;
  readonly total: string;
  /** For market orders: whether the quantity or the total is what counts. */
  readonly marketBy: "quantity" | "total";
  /** In percent: "1.5". */
  readonly trailing: string;
  readonly iceberg: string;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
}

export const EMPTY_DRAFT: OrderDraft = {
  side: "BUY",
  kind: "limit",
  price: "",
  stopPrice: "",
  quantity: "",
  total: "",
  marketBy: "quantity",
  trailing: "",
  iceberg: "",
  timeInForce: "GTC",
  postOnly: false,
};

/** What the form knows of the world around it. */
export interface FormContext {
  readonly market: Market;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly last: bigint;
  readonly freeBase: bigint;
  readonly freeQuote: bigint;
  readonly makerRate: bigint;
  readonly takerRate: bigint;
}

export type DraftProblemCode =
  | "required"
  | "not-a-number"
  | "too-low"
  | "too-high"
  | "off-step"
  | "notional-low"
  | "notional-high"
  | "insufficient"
  | "iceberg-size"
  | "iceberg-parts"
  | "stop-must-be-above"
  | "stop-must-be-below"
  | "trailing-range"
  | "would-take"
  | "no-liquidity"
  | "market-closed";

export interface DraftProblem {
  readonly field: FieldName;
  readonly code: DraftProblemCode;
  /** The bound or step that was missed, as text. */
  readonly bound?: string;
}

const API_TYPES: Record<OrderKind, string> = {
  limit: "LIMIT",
  market: "MARKET",
  "stop-limit": "STOP_LOSS_LIMIT",
  stop: "STOP_LOSS",
  "take-profit-limit": "TAKE_PROFIT_LIMIT",
  "take-profit": "TAKE_PROFIT",
  trailing: "STOP_LOSS",
};

export function kindsOf(market: Market): OrderKind[] {
  return ORDER_KINDS.filter(
    (kind) =>
      market.orderTypes.has(API_TYPES[kind]) && (kind !== "trailing" || market.takesTrailing),
  );
}

export function hasLimitPrice(kind: OrderKind): boolean {
  return kind === "limit" || kind === "stop-limit" || kind === "take-profit-limit";
}

export function hasStopPrice(kind: OrderKind): boolean {
  return kind !== "limit" && kind !== "market";
}

/** The total is shown for all that have a limit price, and is an input of market orders by total. */
export function hasTotal(draft: OrderDraft): boolean {
  return hasLimitPrice(draft.kind) || byTotal(draft);
}

export function byTotal(draft: OrderDraft): boolean {
  return draft.kind === "market" && draft.marketBy === "total";
}

export function totalOf(price: bigint, quantity: bigint): bigint {
  return multiply(price, quantity);
}

/** The most whole steps that a total buys at a price. */
export function quantityFor(market: Market, price: bigint, total: bigint): bigint {
  return floorTo(divide(total, price), market.quantity.step);
}

export interface Walk {
  readonly quantity: bigint;
  readonly total: bigint;
  /** The book has enough for all of it. */
  readonly isComplete: boolean;
}

/** What a market order of this quantity would get from these levels. */
export function walkByQuantity(levels: readonly Level[], quantity: bigint): Walk {
  let [left, total] = [quantity, 0n];
  for (const level of levels) {
    if (left === 0n) break;
    const taken = minimum(left, level.quantity);
    total += multiply(level.price, taken);
    left -= taken;
  }
  return { quantity: quantity - left, total, isComplete: left === 0n };
}

/** What a market order of this total would get, in whole steps. */
export function walkByTotal(levels: readonly Level[], total: bigint, step: bigint): Walk {
  let [left, quantity] = [total, 0n];
  for (const level of levels) {
    const affordable = floorTo(divide(left, level.price), step);
    const taken = minimum(affordable, level.quantity);
    quantity += taken;
    left -= multiply(level.price, taken);
    if (taken < level.quantity) return { quantity, total: total - left, isComplete: true };
  }
  return { quantity, total: total - left, isComplete: left === 0n };
}

function walk(draft: OrderDraft, context: FormContext): Walk {
  const levels = draft.side === "BUY" ? context.asks : context.bids;
  if (byTotal(draft)) {
    return walkByTotal(levels, parseTyped(draft.total) ?? 0n, context.market.quantity.step);
  }
  return walkByQuantity(levels, parseTyped(draft.quantity) ?? 0n);
}

export interface Estimate {
  readonly quantity: bigint;
  readonly total: bigint;
  readonly averagePrice: bigint;
  readonly fee: bigint;
  readonly feeAsset: string;
  readonly isComplete: boolean;
}

/** The price at which an order without a limit is valued before it is sent. */
function expectedPrice(draft: OrderDraft, context: FormContext): bigint {
  if (hasLimitPrice(draft.kind)) return parseTyped(draft.price) ?? 0n;
  if (hasStopPrice(draft.kind)) return parseTyped(draft.stopPrice) ?? context.last;
  const best = draft.side === "BUY" ? context.asks[0] : context.bids[0];
  return best?.price ?? context.last;
}

/** What the order will come to, as far as anybody can say before it is sent. */
export function estimate(draft: OrderDraft, context: FormContext): Estimate {
  const { market } = context;
  const isBuy = draft.side === "BUY";
  let outcome: Walk;
  if (draft.kind === "market") outcome = walk(draft, context);
  else {
    const quantity = parseTyped(draft.quantity) ?? 0n;
    const total = totalOf(expectedPrice(draft, context), quantity);
    outcome = { quantity, total, isComplete: true };
  }
  const rate = draft.kind === "limit" && draft.postOnly ? context.makerRate : context.takerRate;
  const received = isBuy ? outcome.quantity : outcome.total;
  const places = isBuy ? market.basePlaces : market.quotePlaces;
  return {
    ...outcome,
    averagePrice: divide(outcome.total, outcome.quantity),
    // A started atom of a fee counts whole.
    fee: ceilTo(multiply(received, rate), ONE / 10n ** BigInt(places)),
    feeAsset: isBuy ? market.base : market.quote,
  };
}

/** The form with a share of what is there to spend: the slider. */
export function withShare(draft: OrderDraft, context: FormContext, percent: number): OrderDraft {
  const { market } = context;
  const share = (amount: bigint) => (amount * BigInt(percent)) / 100n;
  const price = expectedPrice(draft, context);
  if (draft.side === "SELL") {
    const quantity = floorTo(share(context.freeBase), market.quantity.step);
    if (byTotal(draft)) {
      const total = walkByQuantity(context.bids, quantity).total;
      return { ...draft, total: plainDecimal(total, market.quotePlaces) };
    }
    return withQuantity({ ...draft, quantity: plainDecimal(quantity) });
  }
  const total = share(context.freeQuote);
  if (byTotal(draft)) return { ...draft, total: plainDecimal(total, market.quotePlaces) };
  const quantity =
    draft.kind === "market"
      ? walkByTotal(context.asks, total, market.quantity.step).quantity
      : quantityFor(market, price, total);
  return withQuantity({ ...draft, quantity: plainDecimal(quantity) });
}

/** The share that the form stands for now, in whole percent; where the slider is drawn. */
export function shareOf(draft: OrderDraft, context: FormContext): number {
  const { total, quantity } = estimate(draft, context);
  const [used, free] =
    draft.side === "BUY" ? [total, context.freeQuote] : [quantity, context.freeBase];
  if (free === 0n) return 0;
  return Number(minimum(100n, (used * 100n + free / 2n) / free));
}

/** After the quantity or the price was typed: the total follows. */
export function withQuantity(draft: OrderDraft): OrderDraft {
  if (!hasLimitPrice(draft.kind)) return draft;
  const price = parseTyped(draft.price);
  const quantity = parseTyped(draft.quantity);
  if (price === null || quantity === null) return { ...draft, total: "" };
  return { ...draft, total: plainDecimal(totalOf(price, quantity)) };
}

/** After the total was typed: the quantity follows, in whole steps, and the total stays as typed. */
export function withTotal(draft: OrderDraft, market: Market): OrderDraft {
  if (!hasLimitPrice(draft.kind)) return draft;
  const price = parseTyped(draft.price);
  const total = parseTyped(draft.total);
  if (price === null || price === 0n || total === null) return { ...draft, quantity: "" };
  return { ...draft, quantity: plainDecimal(quantityFor(market, price, total)) };
}

// -- what is wrong with it

function checkNumber(
  field: FieldName,
  text: string,
  { lowest, highest, step }: Range,
): DraftProblem | null {
  if (text.trim() === "") return { field, code: "required" };
  const value = parseTyped(text);
  if (value === null) return { field, code: "not-a-number" };
  if (value === 0n || value < lowest) {
    return { field, code: "too-low", bound: plainDecimal(lowest > 0n ? lowest : step) };
  }
  if (highest > 0n && value > highest) {
    return { field, code: "too-high", bound: plainDecimal(highest) };
  }
  if (step > 0n && (value - lowest) % step !== 0n && value % step !== 0n) {
    return { field, code: "off-step", bound: plainDecimal(step) };
  }
  return null;
}

function quantityRange(draft: OrderDraft, market: Market): Range {
  if (hasLimitPrice(draft.kind)) return market.quantity;
  const { lowest, highest, step } = market.marketQuantity;
  return {
    lowest: maximum(lowest, market.quantity.lowest),
    highest: highest > 0n ? minimum(highest, market.quantity.highest) : market.quantity.highest,
    step: step > 0n ? step : market.quantity.step,
  };
}

/** A percentage with at most two places as hundredths of a percent, or null. */
export function basisPoints(text: string): number | null {
  const value = parseTyped(text);
  if (value === null || value % (ONE / 100n) !== 0n) return null;
  return Number(value / (ONE / 100n));
}

function checkTrailing(draft: OrderDraft, market: Market): DraftProblem | null {
  const field = "trailing";
  if (draft.trailing.trim() === "") return { field, code: "required" };
  const bips = basisPoints(draft.trailing);
  if (bips === null) return { field, code: "not-a-number" };
  const range = market.trailing;
  if (!range) return null;
  const [low, high] =
    draft.side === "BUY" ? [range.aboveMin, range.aboveMax] : [range.belowMin, range.belowMax];
  if (bips >= low && bips <= high) return null;
  return { field, code: "trailing-range", bound: `${low / 100} – ${high / 100}` };
}

function checkStop(draft: OrderDraft, context: FormContext): DraftProblem | null {
  if (draft.kind === "trailing" && draft.stopPrice.trim() === "") return null;
  const wrong = checkNumber("stopPrice", draft.stopPrice, context.market.price);
  const stop = parseTyped(draft.stopPrice);
  if (wrong || stop === null || context.last === 0n) return wrong;
  const bound = plainDecimal(context.last);
  const isProfit = draft.kind.startsWith("take-profit");
  // A trailing stop waits for its activation price where the profit lies.
  const mustBeAbove = (draft.side === "BUY") !== (isProfit || draft.kind === "trailing");
  if (mustBeAbove && stop <= context.last) {
    return { field: "stopPrice", code: "stop-must-be-above", bound };
  }
  if (!mustBeAbove && stop >= context.last) {
    return { field: "stopPrice", code: "stop-must-be-below", bound };
  }
  return null;
}

function checkIceberg(draft: OrderDraft, market: Market): DraftProblem | null {
  if (draft.kind !== "limit" || draft.iceberg.trim() === "") return null;
  const wrong = checkNumber("iceberg", draft.iceberg, market.quantity);
  if (wrong) return wrong;
  const shown = parseTyped(draft.iceberg) ?? 0n;
  const quantity = parseTyped(draft.quantity) ?? 0n;
  if (shown > quantity) return { field: "iceberg", code: "iceberg-size" };
  const parts = (quantity + shown - 1n) / shown;
  if (market.icebergPartsMax > 0 && parts > BigInt(market.icebergPartsMax)) {
    return { field: "iceberg", code: "iceberg-parts", bound: String(market.icebergPartsMax) };
  }
  return null;
}

function checkAmount(draft: OrderDraft, context: FormContext): DraftProblem[] {
  const { market } = context;
  const { total, quantity, isComplete } = estimate(draft, context);
  const field: FieldName = byTotal(draft) ? "total" : "quantity";
  const found: DraftProblem[] = [];
  const isMarket = !hasLimitPrice(draft.kind);
  const value = byTotal(draft) ? (parseTyped(draft.total) ?? 0n) : total;
  if (value < market.notionalMin && (!isMarket || market.minAppliesToMarket)) {
    found.push({ field, code: "notional-low", bound: plainDecimal(market.notionalMin) });
  }
  if (!isMarket && market.notionalMax > 0n && value > market.notionalMax) {
    found.push({ field, code: "notional-high", bound: plainDecimal(market.notionalMax) });
  }
  const isShort = draft.side === "BUY" ? value > context.freeQuote : quantity > context.freeBase;
  if (isShort) found.push({ field, code: "insufficient" });
  if (draft.kind === "market" && (quantity === 0n || !isComplete) && found.length === 0) {
    found.push({ field, code: "no-liquidity" });
  }
  return found;
}

/** Everything that keeps this form from being sent, at most one reason for each field. */
export function checkDraft(draft: OrderDraft, context: FormContext): DraftProblem[] {
  const { market } = context;
  const found: (DraftProblem | null)[] = [];
  if (market.status !== "TRADING") found.push({ field: "form", code: "market-closed" });
  if (hasLimitPrice(draft.kind)) found.push(checkNumber("price", draft.price, market.price));
  if (hasStopPrice(draft.kind)) found.push(checkStop(draft, context));
  if (draft.kind === "trailing") found.push(checkTrailing(draft, market));
  found.push(
    byTotal(draft)
      ? checkNumber("total", draft.total, { lowest: 0n, highest: 0n, step: 0n })
      : checkNumber("quantity", draft.quantity, quantityRange(draft, market)),
  );
  if (!found.some((one) => one !== null)) {
    found.push(checkIceberg(draft, market), ...checkAmount(draft, context));
    if (draft.kind === "limit" && draft.postOnly) found.push(checkPostOnly(draft, context));
  }
  const seen = new Set<FieldName>();
  return found.filter((one): one is DraftProblem => {
    if (!one || seen.has(one.field)) return false;
    seen.add(one.field);
    return true;
  });
}

function checkPostOnly(draft: OrderDraft, context: FormContext): DraftProblem | null {
  const price = parseTyped(draft.price) ?? 0n;
  const [bid, ask] = [context.bids[0], context.asks[0]];
  const takes = draft.side === "BUY" ? ask && price >= ask.price : bid && price <= bid.price;
  return takes ? { field: "price", code: "would-take" } : null;
}

// -- as the API wants it

function number(text: string): string {
  const value = parseTyped(text);
  return value === null ? "" : plainDecimal(value);
}

/** The parameters of order.place for a form without problems. */
export function orderParams(draft: OrderDraft, market: Market): Record<string, string> {
  const isPostOnly = draft.kind === "limit" && draft.postOnly;
  const params: Record<string, string> = {
    symbol: market.symbol,
    side: draft.side,
    type: isPostOnly ? "LIMIT_MAKER" : API_TYPES[draft.kind],
  };
  if (byTotal(draft)) params.quoteOrderQty = number(draft.total);
  else params.quantity = number(draft.quantity);
  if (hasLimitPrice(draft.kind)) {
    params.price = number(draft.price);
    if (!isPostOnly) params.timeInForce = draft.timeInForce;
  }
  if (hasStopPrice(draft.kind) && draft.stopPrice.trim() !== "") {
    params.stopPrice = number(draft.stopPrice);
  }
  if (draft.kind === "trailing") params.trailingDelta = String(basisPoints(draft.trailing) ?? "");
  if (draft.kind === "limit" && draft.iceberg.trim() !== "") {
    params.icebergQty = number(draft.iceberg);
    params.timeInForce = "GTC";
    if (isPostOnly) delete params.timeInForce;
  }
  return params;
}

export type Amendment =
  | { readonly how: "shrink"; readonly quantity: string }
  | { readonly how: "replace"; readonly params: Record<string, string> };

interface Amendable {
  readonly symbol: string;
  readonly side: Side;
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string;
  readonly stopPrice: string;
  readonly trailingDelta: number | null;
  readonly quantity: string;
  readonly icebergQuantity: string;
}

/** How an open order becomes what was asked: smaller in its place, or cancelled and placed anew. */
export function amendment(
  order: Amendable,
  wanted: { readonly price: string; readonly stopPrice: string; readonly quantity: string },
  market: Market,
): Amendment {
  const same = (a: string, b: string) => (parseTyped(a) ?? 0n) === (parseTyped(b) ?? 0n);
  const isSmaller = (parseTyped(wanted.quantity) ?? 0n) < (parseTyped(order.quantity) ?? 0n);
  const isPlain = same(order.price, wanted.price) && same(order.stopPrice, wanted.stopPrice);
  if (isPlain && isSmaller && market.takesAmends) {
    return { how: "shrink", quantity: number(wanted.quantity) };
  }
  const params: Record<string, string> = {
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: number(wanted.quantity),
  };
  if (parseTyped(order.price)) params.price = number(wanted.price);
  if (parseTyped(order.price) && order.type !== "LIMIT_MAKER") {
    params.timeInForce = order.timeInForce;
  }
  if (parseTyped(order.stopPrice)) params.stopPrice = number(wanted.stopPrice);
  if (order.trailingDelta !== null) params.trailingDelta = String(order.trailingDelta);
  const iceberg = parseTyped(order.icebergQuantity);
  if (iceberg && iceberg <= (parseTyped(wanted.quantity) ?? 0n)) {
    params.icebergQty = number(order.icebergQuantity);
  }
  return { how: "replace", params };
}
