/** Own orders and balances: a snapshot, then the reports that follow it. Pure. */

import { decimal } from "./decimal";

export type Side = "BUY" | "SELL";

export interface Order {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: string;
  readonly timeInForce: string;
  readonly status: string;
  readonly price: string;
  readonly stopPrice: string;
  readonly trailingDelta: number | null;
  readonly quantity: string;
  readonly icebergQuantity: string;
  readonly quoteQuantity: string;
  readonly executed: string;
  readonly executedQuote: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface RawOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: string;
  readonly timeInForce: string;
  readonly status: string;
  readonly price: string;
  readonly stopPrice?: string;
  readonly trailingDelta?: number;
  readonly origQty: string;
  readonly icebergQty?: string;
  readonly origQuoteOrderQty?: string;
  readonly executedQty: string;
  readonly cummulativeQuoteQty: string;
  readonly time?: number;
  readonly workingTime?: number;
  readonly transactTime?: number;
  readonly updateTime?: number;
}

/** An executionReport, with the letters that the API gives its fields. */
export interface ExecutionReport {
  readonly e: "executionReport";
  readonly s: string;
  readonly c: string;
  readonly C: string;
  readonly S: Side;
  readonly o: string;
  readonly f: string;
  readonly q: string;
  readonly p: string;
  readonly P: string;
  readonly d?: number;
  readonly F: string;
  readonly x: string;
  readonly X: string;
  readonly r: string;
  readonly i: number;
  readonly l: string;
  readonly z: string;
  readonly L: string;
  readonly n: string;
  readonly N: string | null;
  readonly T: number;
  readonly t: number;
  readonly m: boolean;
  readonly O: number;
  readonly Z: string;
  readonly Y: string;
  readonly Q?: string;
}

export interface PositionEvent {
  readonly e: "outboundAccountPosition";
  readonly u: number;
  readonly B: readonly { readonly a: string; readonly f: string; readonly l: string }[];
}

export interface Fill {
  readonly id: number;
  readonly orderId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly price: string;
  readonly quantity: string;
  readonly quote: string;
  readonly fee: string;
  readonly feeAsset: string;
  readonly isMaker: boolean;
  readonly timeMs: number;
}

export interface RawFill {
  readonly id: number;
  readonly orderId: number;
  readonly symbol: string;
  readonly price: string;
  readonly qty: string;
  readonly quoteQty: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly time: number;
  readonly isBuyer: boolean;
  readonly isMaker: boolean;
}

const OPEN = new Set(["NEW", "PARTIALLY_FILLED", "PENDING_NEW", "PENDING_CANCEL"]);

export function isOpen(order: Order): boolean {
  return OPEN.has(order.status);
}

export function orderOf(raw: RawOrder): Order {
  const updatedMs = raw.updateTime ?? raw.transactTime ?? raw.time ?? 0;
  return {
    orderId: raw.orderId,
    clientOrderId: raw.clientOrderId,
    symbol: raw.symbol,
    side: raw.side,
    type: raw.type,
    timeInForce: raw.timeInForce,
    status: raw.status,
    price: raw.price,
    stopPrice: raw.stopPrice ?? "0",
    trailingDelta: raw.trailingDelta ?? null,
    quantity: raw.origQty,
    icebergQuantity: raw.icebergQty ?? "0",
    quoteQuantity: raw.origQuoteOrderQty ?? "0",
    executed: raw.executedQty,
    executedQuote: raw.cummulativeQuoteQty,
    createdMs: raw.time ?? raw.transactTime ?? updatedMs,
    updatedMs,
  };
}

export function orderOfReport(report: ExecutionReport): Order {
  const isCancel = report.x === "CANCELED" && report.C !== "";
  return {
    orderId: report.i,
    // A cancel has an id of its own in `c`; the order's is in `C` then.
    clientOrderId: isCancel ? report.C : report.c,
    symbol: report.s,
    side: report.S,
    type: report.o,
    timeInForce: report.f,
    status: report.X,
    price: report.p,
    stopPrice: report.P,
    trailingDelta: report.d ?? null,
    quantity: report.q,
    icebergQuantity: report.F,
    quoteQuantity: report.Q ?? "0",
    executed: report.z,
    executedQuote: report.Z,
    createdMs: report.O,
    updatedMs: report.T,
  };
}

export function fillOf(raw: RawFill): Fill {
  return {
    id: raw.id,
    orderId: raw.orderId,
    symbol: raw.symbol,
    side: raw.isBuyer ? "BUY" : "SELL",
    price: raw.price,
    quantity: raw.qty,
    quote: raw.quoteQty,
    fee: raw.commission,
    feeAsset: raw.commissionAsset,
    isMaker: raw.isMaker,
    timeMs: raw.time,
  };
}

export function fillOfReport(report: ExecutionReport): Fill | null {
  if (report.x !== "TRADE") return null;
  return {
    id: report.t,
    orderId: report.i,
    symbol: report.s,
    side: report.S,
    price: report.L,
    quantity: report.l,
    quote: report.Y,
    fee: report.n,
    feeAsset: report.N ?? "",
    isMaker: report.m,
    timeMs: report.T,
  };
}

/** Whether `next` tells something newer about an order than `known` does. */
export function isNewer(known: Order | undefined, next: Order): boolean {
  if (!known) return true;
  if (next.updatedMs !== known.updatedMs) return next.updatedMs > known.updatedMs;
  const [before, after] = [decimal(known.executed), decimal(next.executed)];
  if (before !== after) return after > before;
  return isOpen(known) || !isOpen(next);
}

export type Orders = ReadonlyMap<number, Order>;

/** Orders with one more report; the same map when the report tells nothing new. */
export function withOrder(orders: Orders, next: Order): Orders {
  if (!isNewer(orders.get(next.orderId), next)) return orders;
  return new Map(orders).set(next.orderId, next);
}

/** After a snapshot: what it lists is open, and what was open and is not listed has ended meanwhile. */
export function withSnapshot(orders: Orders, open: readonly Order[]): Orders {
  const ended = [...orders].filter(([, order]) => !isOpen(order));
  return new Map([...ended, ...open.map((order): [number, Order] => [order.orderId, order])]);
}

export function openOrders(orders: Orders): Order[] {
  return [...orders.values()].filter(isOpen).sort((a, b) => b.orderId - a.orderId);
}

export interface Balance {
  readonly asset: string;
  readonly free: bigint;
  readonly held: bigint;
}

export type Balances = ReadonlyMap<string, Balance>;

export interface RawBalance {
  readonly asset: string;
  readonly free: string;
  readonly locked: string;
}

export function balancesOf(raw: readonly RawBalance[]): Balances {
  return new Map(
    raw.map(({ asset, free, locked }) => [
      asset,
      { asset, free: decimal(free), held: decimal(locked) },
    ]),
  );
}

export function withPosition(balances: Balances, event: PositionEvent): Balances {
  const next = new Map(balances);
  for (const { a, f, l } of event.B) {
    next.set(a, { asset: a, free: decimal(f), held: decimal(l) });
  }
  return next;
}
