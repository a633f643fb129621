/** The public calls of /api/v3 that the page makes. */

import type { FetchBars, RawKline } from "./bars";
import type { DepthSnapshot } from "./depth";
import type { ExchangeInfo } from "./markets";
import type { Result } from "./problems";
import type { RestClient } from "./rest";
import type { RawTrade } from "./tape";
import type { RawTicker } from "./tickers";

export const BARS_MAX = 500;
const DEPTH_LEVELS = 1000;

export class MarketApi {
  constructor(private readonly rest: RestClient) {}

  info(): Promise<Result<ExchangeInfo>> {
    return this.rest.get("/api/v3/exchangeInfo");
  }

  depth = (symbol: string): Promise<Result<DepthSnapshot>> =>
    this.rest.get("/api/v3/depth", { symbol, limit: DEPTH_LEVELS });

  bars: FetchBars = (symbol, interval, endTime) =>
    this.rest.get<readonly RawKline[]>("/api/v3/klines", {
      symbol,
      interval,
      limit: BARS_MAX,
      endTime,
    });

  trades = (symbol: string, limit: number): Promise<Result<readonly RawTrade[]>> =>
    this.rest.get("/api/v3/trades", { symbol, limit });

  tickers = (): Promise<Result<readonly RawTicker[]>> => this.rest.get("/api/v3/ticker/24hr");
}
