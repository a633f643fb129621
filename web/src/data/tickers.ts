/** The 24-hour figures of all markets. */

import type { Result } from "./problems";
import type { StreamClient } from "./streams";
import { Listeners } from "./surroundings";

export interface Ticker {
  readonly symbol: string;
  readonly last: string;
  readonly change: string;
  readonly changePercent: string;
  readonly high: string;
  readonly low: string;
  readonly volume: string;
  readonly quoteVolume: string;
}

export interface RawTicker {
  readonly symbol: string;
  readonly lastPrice: string;
  readonly priceChange: string;
  readonly priceChangePercent: string;
  readonly highPrice: string;
  readonly lowPrice: string;
  readonly volume: string;
  readonly quoteVolume: string;
}

interface TickerEvent {
  readonly s: string;
  readonly c: string;
  readonly p: string;
  readonly P: string;
  readonly h: string;
  readonly l: string;
  readonly v: string;
  readonly q: string;
}

export function tickerOf(raw: RawTicker): Ticker {
  return {
    symbol: raw.symbol,
    last: raw.lastPrice,
    change: raw.priceChange,
    changePercent: raw.priceChangePercent,
    high: raw.highPrice,
    low: raw.lowPrice,
    volume: raw.volume,
    quoteVolume: raw.quoteVolume,
  };
}

export function tickerOfEvent(event: TickerEvent): Ticker {
  return {
    symbol: event.s,
    last: event.c,
    change: event.p,
    changePercent: event.P,
    high: event.h,
    low: event.l,
    volume: event.v,
    quoteVolume: event.q,
  };
}

export type Tickers = ReadonlyMap<string, Ticker>;
export type FetchTickers = () => Promise<Result<readonly RawTicker[]>>;

export class TickerFeed {
  readonly changes = new Listeners<Tickers>();
  tickers: Tickers = new Map();

  constructor(
    streams: StreamClient,
    private readonly fetchTickers: FetchTickers,
  ) {
    streams.subscribe("!ticker@arr", {
      event: (data) => this.set((data as readonly TickerEvent[]).map(tickerOfEvent)),
      began: () => void this.load(),
    });
  }

  private async load(): Promise<void> {
    const result = await this.fetchTickers();
    if (result.ok) this.set(result.value.map(tickerOf));
  }

  private set(more: readonly Ticker[]): void {
    const next = new Map(this.tickers);
    for (const ticker of more) next.set(ticker.symbol, ticker);
    this.tickers = next;
    this.changes.tell(next);
  }
}
