/** The tape: the latest trades of a market, newest first, each once. */

import type { Result } from "./problems";
import type { StreamClient } from "./streams";
import { Listeners } from "./surroundings";

export interface TapeTrade {
  readonly id: number;
  readonly price: string;
  readonly quantity: string;
  readonly timeMs: number;
  /** The taker sold: the trade was at the bid. */
  readonly isSell: boolean;
}

export interface RawTrade {
  readonly id: number;
  readonly price: string;
  readonly qty: string;
  readonly time: number;
  readonly isBuyerMaker: boolean;
}

interface TradeEvent {
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly T: number;
  readonly m: boolean;
}

export const TAPE_LENGTH = 60;

export function tradeOf(raw: RawTrade): TapeTrade {
  return {
    id: raw.id,
    price: raw.price,
    quantity: raw.qty,
    timeMs: raw.time,
    isSell: raw.isBuyerMaker,
  };
}

export function tradeOfEvent(event: TradeEvent): TapeTrade {
  return { id: event.t, price: event.p, quantity: event.q, timeMs: event.T, isSell: event.m };
}

/** Newest first, no trade twice, no longer than the tape. */
export function mergeTrades(
  known: readonly TapeTrade[],
  more: readonly TapeTrade[],
  length: number = TAPE_LENGTH,
): TapeTrade[] {
  const newestKnown = known[0];
  const onlyNewest = more[0];
  if (more.length === 1 && onlyNewest && newestKnown && onlyNewest.id > newestKnown.id) {
    return [onlyNewest, ...known.slice(0, length - 1)];
  }
  const byId = new Map([...known, ...more].map((trade) => [trade.id, trade]));
  return [...byId.values()].sort((a, b) => b.id - a.id).slice(0, length);
}

export type FetchTrades = (symbol: string, limit: number) => Promise<Result<readonly RawTrade[]>>;

export class TapeFeed {
  readonly changes = new Listeners<readonly TapeTrade[]>();
  trades: readonly TapeTrade[] = [];
  isLoaded = false;
  private isClosed = false;
  private readonly leave: () => void;

  constructor(
    private readonly symbol: string,
    streams: StreamClient,
    private readonly fetchTrades: FetchTrades,
  ) {
    this.leave = streams.subscribe(`${symbol.toLowerCase()}@trade`, {
      event: (data) => this.add([tradeOfEvent(data as TradeEvent)]),
      began: () => void this.load(),
    });
    void this.load();
  }

  close(): void {
    this.isClosed = true;
    this.leave();
  }

  private async load(): Promise<void> {
    const result = await this.fetchTrades(this.symbol, TAPE_LENGTH);
    if (this.isClosed || !result.ok) return;
    this.isLoaded = true;
    this.add(result.value.map(tradeOf));
  }

  private add(more: readonly TapeTrade[]): void {
    this.trades = mergeTrades(this.trades, more);
    this.changes.tell(this.trades);
  }
}
