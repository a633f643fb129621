/**
 * The order book from a snapshot and the differences that follow it.
 *
 * Differences are kept until a snapshot arrives; those it already contains are dropped, the next one must
 * join it without a gap, and so must each one after that. Anything else throws the book away and asks for a
 * new snapshot. Pure: DepthFeed brings the events and fetches the snapshots.
 */

import { ceilTo, decimal, floorTo } from "./decimal";
import type { Result } from "./problems";
import type { StreamClient } from "./streams";
import { Listeners, type Surroundings } from "./surroundings";

export interface Level {
  readonly price: bigint;
  readonly quantity: bigint;
}

export type RawLevel = readonly [price: string, quantity: string];

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: readonly RawLevel[];
  readonly asks: readonly RawLevel[];
}

export interface DepthUpdate {
  readonly U: number;
  readonly u: number;
  readonly b: readonly RawLevel[];
  readonly a: readonly RawLevel[];
}

/** One side: levels from the best on. */
class BookSide {
  levels: Level[] = [];

  constructor(private readonly descending: boolean) {}

  load(raw: readonly RawLevel[]): void {
    this.levels = raw.map(([price, quantity]) => ({
      price: decimal(price),
      quantity: decimal(quantity),
    }));
  }

  set([priceText, quantityText]: RawLevel): void {
    const price = decimal(priceText);
    const quantity = decimal(quantityText);
    const at = this.find(price);
    const there = this.levels[at]?.price === price;
    if (quantity === 0n) {
      if (there) this.levels.splice(at, 1);
    } else {
      this.levels.splice(at, there ? 1 : 0, { price, quantity });
    }
  }

  private find(price: bigint): number {
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const there = this.levels[middle]?.price ?? 0n;
      if (this.descending ? there > price : there < price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What to do after an event: nothing, or fetch a snapshot. */
export type DepthStep = "keep" | "changed" | "fetch";

export class DepthBook {
  private readonly bidSide = new BookSide(true);
  private readonly askSide = new BookSide(false);
  private buffered: DepthUpdate[] = [];
  private updateId: number | null = null;

  get isLive(): boolean {
    return this.updateId !== null;
  }

  get lastUpdateId(): number | null {
    return this.updateId;
  }

  get bids(): readonly Level[] {
    return this.bidSide.levels;
  }

  get asks(): readonly Level[] {
    return this.askSide.levels;
  }

  /** Forget everything: the stream was interrupted. */
  reset(): void {
    this.buffered = [];
    this.updateId = null;
  }

  update(update: DepthUpdate): DepthStep {
    if (this.updateId === null) {
      this.buffered.push(update);
      return "keep";
    }
    if (update.u <= this.updateId) return "keep";
    if (update.U > this.updateId + 1) {
      this.reset();
      this.buffered.push(update);
      return "fetch";
    }
    this.apply(update);
    return "changed";
  }

  snapshot(snapshot: DepthSnapshot): DepthStep {
    const later = this.buffered.filter((update) => update.u > snapshot.lastUpdateId);
    let reached = snapshot.lastUpdateId;
    for (const update of later) {
      // Older than the first difference, or differences missing between: a newer snapshot is needed.
      if (update.U > reached + 1) {
        this.updateId = null;
        this.buffered = later.slice(later.indexOf(update));
        return "fetch";
      }
      reached = update.u;
    }
    this.bidSide.load(snapshot.bids);
    this.askSide.load(snapshot.asks);
    this.updateId = snapshot.lastUpdateId;
    this.buffered = [];
    for (const update of later) this.apply(update);
    return "changed";
  }

  private apply(update: DepthUpdate): void {
    for (const level of update.b) this.bidSide.set(level);
    for (const level of update.a) this.askSide.set(level);
    this.updateId = update.u;
  }
}

/** Levels put together in steps: bids downwards and asks upwards, never better than they are. */
export function grouped(
  levels: readonly Level[],
  side: "bid" | "ask",
  step: bigint,
  count: number,
): Level[] {
  const groups: { price: bigint; quantity: bigint }[] = [];
  for (const level of levels) {
    const price = side === "bid" ? floorTo(level.price, step) : ceilTo(level.price, step);
    const last = groups[groups.length - 1];
    if (last?.price === price) last.quantity += level.quantity;
    else if (groups.length === count) break;
    else groups.push({ price, quantity: level.quantity });
  }
  return groups;
}

export type FetchDepth = (symbol: string) => Promise<Result<DepthSnapshot>>;

const RETRY_MS = 1_000;

/** Keeps a DepthBook of one market true, over gaps and reconnections. */
export class DepthFeed {
  readonly book = new DepthBook();
  readonly changes = new Listeners<DepthBook>();
  private generation = 0;
  private readonly leave: () => void;

  constructor(
    private readonly symbol: string,
    streams: StreamClient,
    private readonly fetchDepth: FetchDepth,
    private readonly surroundings: Surroundings,
  ) {
    this.leave = streams.subscribe(`${symbol.toLowerCase()}@depth@100ms`, {
      event: (data) => this.took(this.book.update(data as DepthUpdate)),
      began: () => {
        this.book.reset();
        void this.resnapshot();
      },
      ended: () => {
        this.generation += 1;
        this.book.reset();
        this.changes.tell(this.book);
      },
    });
  }

  close(): void {
    this.generation += 1;
    this.leave();
  }

  private took(step: DepthStep): void {
    if (step === "fetch") {
      this.changes.tell(this.book);
      void this.resnapshot();
    } else if (step === "changed") this.changes.tell(this.book);
  }

  private async resnapshot(): Promise<void> {
    this.generation += 1;
    const generation = this.generation;
    const result = await this.fetchDepth(this.symbol);
    if (generation !== this.generation) return;
    const step = result.ok ? this.book.snapshot(result.value) : "fetch";
    if (step === "changed") return this.changes.tell(this.book);
    this.surroundings.after(RETRY_MS, () => {
      if (generation === this.generation) void this.resnapshot();
    });
  }
}
