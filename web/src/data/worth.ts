/** What balances are worth in one asset, at the last prices. For reading, not for deciding. */

import { decimal, divide, multiply } from "./decimal";
import type { Market } from "./markets";
import type { Balances } from "./orders";
import type { Tickers } from "./tickers";

/** The asset that most markets are quoted in: what people here count in. */
export function countingAsset(markets: readonly Market[]): string {
  const counts = new Map<string, number>();
  for (const { quote } of markets) counts.set(quote, (counts.get(quote) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b))[0]?.[0] ?? "";
}

/** One unit of `asset` in `into`: by one market, or by two with an asset between; null if by none. */
export function rateOf(
  asset: string,
  into: string,
  markets: readonly Market[],
  tickers: Tickers,
): bigint | null {
  const direct = directRate(asset, into, markets, tickers);
  if (direct !== null) return direct;
  for (const between of new Set(markets.flatMap((market) => [market.base, market.quote]))) {
    const first = directRate(asset, between, markets, tickers);
    const second = directRate(between, into, markets, tickers);
    if (first !== null && second !== null && between !== asset) return multiply(first, second);
  }
  return null;
}

function directRate(
  asset: string,
  into: string,
  markets: readonly Market[],
  tickers: Tickers,
): bigint | null {
  if (asset === into) return 10n ** 18n;
  for (const market of markets) {
    const last = decimal(tickers.get(market.symbol)?.last ?? "0");
    if (last === 0n) continue;
    if (market.base === asset && market.quote === into) return last;
    if (market.base === into && market.quote === asset) return divide(10n ** 18n, last);
  }
  return null;
}

export interface Worth {
  readonly each: ReadonlyMap<string, bigint>;
  readonly total: bigint;
}

export function worthOf(
  balances: Balances,
  into: string,
  markets: readonly Market[],
  tickers: Tickers,
): Worth {
  const each = new Map<string, bigint>();
  let total = 0n;
  for (const { asset, free, held } of balances.values()) {
    const rate = rateOf(asset, into, markets, tickers);
    if (rate === null) continue;
    const worth = multiply(free + held, rate);
    each.set(asset, worth);
    total += worth;
  }
  return { each, total };
}
