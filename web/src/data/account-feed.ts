/** Own orders, fills and balances, kept true over reconnections. */

import { decimal } from "./decimal";
import {
  type Balances,
  balancesOf,
  type ExecutionReport,
  type Fill,
  fillOf,
  fillOfReport,
  type Order,
  type Orders,
  orderOf,
  orderOfReport,
  type PositionEvent,
  type RawBalance,
  type RawFill,
  type RawOrder,
  withOrder,
  withPosition,
  withSnapshot,
} from "./orders";
import { answered, failed, problem, type Result } from "./problems";
import { Listeners } from "./surroundings";
import type { TradingSession } from "./trading-session";

export interface AccountView {
  readonly isLoaded: boolean;
  readonly orders: Orders;
  readonly fills: ReadonlyMap<string, Fill>;
  readonly balances: Balances;
}

/** As shares of what one receives. */
export interface FeeRates {
  readonly maker: bigint;
  readonly taker: bigint;
}

interface RawCommission {
  readonly standardCommission: { readonly maker: string; readonly taker: string };
}

/** Own news that deserves a word on the screen. */
export type AccountNews =
  | { readonly kind: "fill"; readonly order: Order; readonly fill: Fill }
  | { readonly kind: "ended"; readonly order: Order; readonly reason: string };

const EMPTY: AccountView = {
  isLoaded: false,
  orders: new Map(),
  fills: new Map(),
  balances: new Map(),
};

const KNOWN_MAX = 2_000;

export function fillKey(fill: Fill): string {
  return `${fill.symbol}:${fill.id}:${fill.orderId}`;
}

export class AccountFeed {
  readonly changes = new Listeners<AccountView>();
  readonly news = new Listeners<AccountNews>();
  view: AccountView = EMPTY;
  /** Events that came while a snapshot was under way; null when none is. */
  private kept: unknown[] | null = null;
  private generation = 0;
  private positionMs = 0;

  constructor(private readonly session: TradingSession) {
    session.events.add((event) => this.event(event));
    session.states.add((state) => {
      if (state === "ready") void this.load();
      if (state === "idle" || state === "signed-out") this.forget();
    });
  }

  /** Place an order under an id of our own, so that it can be found should the answer be lost. */
  async place(params: Readonly<Record<string, string>>): Promise<Result<Order>> {
    const clientOrderId = newClientOrderId();
    const symbol = params.symbol ?? "";
    const result = await this.session.call<RawOrder>("order.place", {
      ...params,
      newClientOrderId: clientOrderId,
      newOrderRespType: "RESULT",
    });
    if (result.ok) return this.keep(orderOf(result.value));
    if (result.problem.kind !== "lost") return failed(result.problem);
    return this.find(symbol, clientOrderId);
  }

  cancel(order: Order): Promise<Result<unknown>> {
    return this.session.call("order.cancel", { symbol: order.symbol, orderId: order.orderId });
  }

  cancelAll(symbol: string): Promise<Result<unknown>> {
    return this.session.call("openOrders.cancelAll", { symbol });
  }

  /** Make an order smaller; it keeps its place in the queue. */
  shrink(order: Order, quantity: string): Promise<Result<unknown>> {
    return this.session.call("order.amend.keepPriority", {
      symbol: order.symbol,
      orderId: order.orderId,
      newQty: quantity,
    });
  }

  /** Cancel an order and place another one instead, in one step; it goes to the end of the queue. */
  replace(order: Order, params: Readonly<Record<string, string>>): Promise<Result<unknown>> {
    return this.session.call("order.cancelReplace", {
      ...params,
      cancelReplaceMode: "STOP_ON_FAILURE",
      cancelOrderId: order.orderId,
      newClientOrderId: newClientOrderId(),
    });
  }

  async orderHistory(symbol: string): Promise<Result<readonly Order[]>> {
    const result = await this.session.call<RawOrder[]>("allOrders", { symbol, limit: 500 });
    return result.ok ? { ok: true, value: result.value.map(orderOf).reverse() } : result;
  }

  async fillHistory(symbol: string): Promise<Result<readonly Fill[]>> {
    const result = await this.session.call<RawFill[]>("myTrades", { symbol, limit: 500 });
    return result.ok ? { ok: true, value: result.value.map(fillOf).reverse() } : result;
  }

  /** What trading costs oneself in a market, which may have rates of its own. */
  async feeRates(symbol: string): Promise<Result<FeeRates>> {
    const result = await this.session.call<RawCommission>("account.commission", { symbol });
    if (!result.ok) return result;
    const { maker, taker } = result.value.standardCommission;
    return answered({ maker: decimal(maker), taker: decimal(taker) });
  }

  /** The answer to an order was lost: ask, once connected again, whether it arrived. */
  private async find(symbol: string, clientOrderId: string): Promise<Result<Order>> {
    await this.whenReady();
    const result = await this.session.call<RawOrder>("order.status", {
      symbol,
      origClientOrderId: clientOrderId,
    });
    if (result.ok) return this.keep(orderOf(result.value));
    const isAbsent = result.problem.kind === "api" && result.problem.code === "-2013";
    return failed(isAbsent ? problem("lost", "NOT_PLACED", "") : problem("lost", "UNKNOWN", ""));
  }

  private whenReady(): Promise<void> {
    if (this.session.state === "ready") return Promise.resolve();
    return new Promise((resolve) => {
      const leave = this.session.states.add((state) => {
        if (state === "waiting" || state === "connecting") return;
        leave();
        resolve();
      });
    });
  }

  private keep(order: Order): Result<Order> {
    this.show({ ...this.view, orders: withOrder(this.view.orders, order) });
    return { ok: true, value: order };
  }

  private async load(): Promise<void> {
    this.generation += 1;
    const generation = this.generation;
    this.kept = [];
    const [orders, account] = await Promise.all([
      this.session.call<RawOrder[]>("openOrders.status"),
      this.session.call<{ balances: RawBalance[]; updateTime?: number }>("account.status"),
    ]);
    if (generation !== this.generation) return;
    const kept = this.kept ?? [];
    this.kept = null;
    if (!orders.ok || !account.ok) return;
    this.positionMs = 0;
    this.show({
      ...this.view,
      isLoaded: true,
      orders: withSnapshot(this.view.orders, orders.value.map(orderOf)),
      balances: balancesOf(account.value.balances),
    });
    for (const event of kept) this.event(event);
  }

  private event(event: unknown): void {
    if (this.kept) {
      this.kept.push(event);
      return;
    }
    const kind = (event as { e?: string }).e;
    if (kind === "executionReport") this.report(event as ExecutionReport);
    else if (kind === "outboundAccountPosition") this.position(event as PositionEvent);
  }

  private position(event: PositionEvent): void {
    if (event.u < this.positionMs) return;
    this.positionMs = event.u;
    this.show({ ...this.view, balances: withPosition(this.view.balances, event) });
  }

  private report(report: ExecutionReport): void {
    const order = orderOfReport(report);
    const orders = withOrder(this.view.orders, order);
    const fill = fillOfReport(report);
    const isFresh = fill !== null && !this.view.fills.has(fillKey(fill));
    const fills =
      fill && isFresh ? new Map(this.view.fills).set(fillKey(fill), fill) : this.view.fills;
    this.show({ ...this.view, orders: bounded(orders), fills: bounded(fills) });
    if (fill && isFresh) this.news.tell({ kind: "fill", order, fill });
    if (report.x === "EXPIRED" || report.x === "REJECTED") {
      this.news.tell({ kind: "ended", order, reason: report.r });
    }
  }

  private forget(): void {
    this.generation += 1;
    this.kept = null;
    this.show(EMPTY);
  }

  private show(view: AccountView): void {
    this.view = view;
    this.changes.tell(view);
  }
}

function bounded<K, V>(known: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (known.size <= KNOWN_MAX) return known;
  return new Map([...known].slice(-KNOWN_MAX / 2));
}

function newClientOrderId(): string {
  const random = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
