/** Candles: history from REST, the live last bar from the stream, older ones when somebody scrolls. */

import type { Result } from "./problems";
import type { StreamClient } from "./streams";
import { Listeners } from "./surroundings";

export const INTERVALS = [
  "1s",
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "6h",
  "8h",
  "12h",
  "1d",
  "3d",
  "1w",
  "1M",
] as const;

export type Interval = (typeof INTERVALS)[number];

export interface Bar {
  readonly openMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

export type RawKline = readonly [
  openMs: number,
  open: string,
  high: string,
  low: string,
  close: string,
  volume: string,
  ...rest: unknown[],
];

interface KlineEvent {
  readonly k: {
    readonly t: number;
    readonly o: string;
    readonly h: string;
    readonly l: string;
    readonly c: string;
    readonly v: string;
  };
}

export function barOf([openMs, open, high, low, close, volume]: RawKline): Bar {
  return { openMs, open, high, low, close, volume };
}

export function barOfEvent({ k }: KlineEvent): Bar {
  return { openMs: k.t, open: k.o, high: k.h, low: k.l, close: k.c, volume: k.v };
}

/** Two runs of bars as one, by opening time; where both know a bar, the fresher one counts. */
export function mergeBars(older: readonly Bar[], fresher: readonly Bar[]): Bar[] {
  const first = fresher[0];
  const last = fresher[fresher.length - 1];
  if (!first || !last) return [...older];
  const before = older.filter((bar) => bar.openMs < first.openMs);
  const after = older.filter((bar) => bar.openMs > last.openMs);
  return [...before, ...fresher, ...after];
}

export interface BarNews {
  readonly bars: readonly Bar[];
  /** Only the last bar is new or other than before; the chart need not be laid out again. */
  readonly lastOnly: boolean;
}

export type FetchBars = (
  symbol: string,
  interval: Interval,
  endMs?: number,
) => Promise<Result<readonly RawKline[]>>;

export type BarsState = "loading" | "ready" | "failed";

export class BarFeed {
  readonly news = new Listeners<BarNews>();
  state: BarsState = "loading";
  private bars: Bar[] = [];
  private isClosed = false;
  private isFetchingOlder = false;
  private hasAll = false;
  private readonly leave: () => void;

  constructor(
    private readonly symbol: string,
    private readonly interval: Interval,
    streams: StreamClient,
    private readonly fetchBars: FetchBars,
  ) {
    this.leave = streams.subscribe(`${symbol.toLowerCase()}@kline_${interval}`, {
      event: (data) => this.live(barOfEvent(data as KlineEvent)),
      // After an interruption bars are missing between: the newest ones are fetched again.
      began: () => void this.load(),
    });
    void this.load();
  }

  get all(): readonly Bar[] {
    return this.bars;
  }

  close(): void {
    this.isClosed = true;
    this.leave();
  }

  async load(): Promise<void> {
    const result = await this.fetchBars(this.symbol, this.interval);
    if (this.isClosed) return;
    if (!result.ok) {
      if (this.bars.length === 0) this.state = "failed";
      return this.tell(false);
    }
    const fetched = result.value.map(barOf);
    const joins = this.bars.some((bar) => bar.openMs === fetched[0]?.openMs);
    // Old bars that do not reach the fetched ones would leave a hole in the chart.
    this.bars = joins ? mergeBars(this.bars, fetched) : mergeBars(this.newer(fetched), fetched);
    this.state = "ready";
    this.tell(false);
  }

  async loadOlder(): Promise<void> {
    const first = this.bars[0];
    if (!first || this.isFetchingOlder || this.hasAll) return;
    this.isFetchingOlder = true;
    const result = await this.fetchBars(this.symbol, this.interval, first.openMs - 1);
    this.isFetchingOlder = false;
    if (this.isClosed || !result.ok) return;
    if (result.value.length === 0) this.hasAll = true;
    else {
      this.bars = mergeBars(result.value.map(barOf), this.bars);
      this.tell(false);
    }
  }

  private newer(fetched: readonly Bar[]): Bar[] {
    const last = fetched[fetched.length - 1];
    return last ? this.bars.filter((bar) => bar.openMs > last.openMs) : this.bars;
  }

  private live(bar: Bar): void {
    const last = this.bars[this.bars.length - 1];
    if (last && bar.openMs < last.openMs) return;
    if (last?.openMs === bar.openMs) this.bars[this.bars.length - 1] = bar;
    else this.bars.push(bar);
    if (this.state === "ready") this.tell(true);
  }

  private tell(lastOnly: boolean): void {
    this.news.tell({ bars: this.bars, lastOnly });
  }
}
