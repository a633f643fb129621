/** Markets and their rules, from exchangeInfo. */

import { decimal, placesOf } from "./decimal";

interface RawFilter {
  readonly filterType: string;
  readonly [name: string]: unknown;
}

export interface RawSymbol {
  readonly symbol: string;
  readonly status: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly baseAssetPrecision: number;
  readonly quoteAssetPrecision: number;
  readonly orderTypes: readonly string[];
  readonly icebergAllowed: boolean;
  readonly quoteOrderQtyMarketAllowed: boolean;
  readonly allowTrailingStop: boolean;
  readonly amendAllowed: boolean;
  readonly filters: readonly RawFilter[];
}

export interface ExchangeInfo {
  readonly serverTime: number;
  readonly symbols: readonly RawSymbol[];
}

export interface Range {
  readonly lowest: bigint;
  readonly highest: bigint;
  readonly step: bigint;
}

export interface TrailingRange {
  readonly aboveMin: number;
  readonly aboveMax: number;
  readonly belowMin: number;
  readonly belowMax: number;
}

export interface Market {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly status: string;
  readonly basePlaces: number;
  readonly quotePlaces: number;
  readonly pricePlaces: number;
  readonly quantityPlaces: number;
  readonly orderTypes: ReadonlySet<string>;
  readonly takesIcebergs: boolean;
  readonly takesQuoteTotals: boolean;
  readonly takesTrailing: boolean;
  readonly takesAmends: boolean;
  readonly price: Range;
  readonly quantity: Range;
  /** A step of zero means: as for other orders. */
  readonly marketQuantity: Range;
  readonly notionalMin: bigint;
  readonly notionalMax: bigint;
  readonly minAppliesToMarket: boolean;
  readonly icebergPartsMax: number;
  readonly trailing: TrailingRange | null;
}

function range(filter: RawFilter | undefined, low: string, high: string, step: string): Range {
  return {
    lowest: decimal(String(filter?.[low] ?? "0")),
    highest: decimal(String(filter?.[high] ?? "0")),
    step: decimal(String(filter?.[step] ?? "0")),
  };
}

function trailingRange(filter: RawFilter | undefined): TrailingRange | null {
  if (!filter) return null;
  return {
    aboveMin: Number(filter.minTrailingAboveDelta),
    aboveMax: Number(filter.maxTrailingAboveDelta),
    belowMin: Number(filter.minTrailingBelowDelta),
    belowMax: Number(filter.maxTrailingBelowDelta),
  };
}

export function marketOf(raw: RawSymbol): Market {
  const filter = (type: string) => raw.filters.find((one) => one.filterType === type);
  const price = range(filter("PRICE_FILTER"), "minPrice", "maxPrice", "tickSize");
  const quantity = range(filter("LOT_SIZE"), "minQty", "maxQty", "stepSize");
  const notional = filter("NOTIONAL") ?? filter("MIN_NOTIONAL");
  return {
    symbol: raw.symbol,
    base: raw.baseAsset,
    quote: raw.quoteAsset,
    status: raw.status,
    basePlaces: raw.baseAssetPrecision,
    quotePlaces: raw.quoteAssetPrecision,
    pricePlaces: placesOf(price.step),
    quantityPlaces: placesOf(quantity.step),
    orderTypes: new Set(raw.orderTypes),
    takesIcebergs: raw.icebergAllowed,
    takesQuoteTotals: raw.quoteOrderQtyMarketAllowed,
    takesTrailing: raw.allowTrailingStop,
    takesAmends: raw.amendAllowed,
    price,
    quantity,
    marketQuantity: range(filter("MARKET_LOT_SIZE"), "minQty", "maxQty", "stepSize"),
    notionalMin: decimal(String(notional?.minNotional ?? "0")),
    notionalMax: decimal(String(notional?.maxNotional ?? "0")),
    minAppliesToMarket: Boolean(notional?.applyMinToMarket ?? notional?.applyToMarket ?? false),
    icebergPartsMax: Number(filter("ICEBERG_PARTS")?.limit ?? 0),
    trailing: trailingRange(filter("TRAILING_DELTA")),
  };
}

/** Places that money of the quote asset is shown with: two for amounts in dollars, all for bitcoin. */
export function totalPlaces(market: Market): number {
  return Math.min(market.quotePlaces, market.pricePlaces + market.quantityPlaces);
}

/** Steps that a book can be grouped by: the tick, then coarser by tens and fives. */
export function groupingSteps(market: Market): bigint[] {
  const tick = market.price.step;
  return tick === 0n ? [] : [1n, 10n, 50n, 100n, 500n, 1000n, 10_000n].map((times) => tick * times);
}

/** Find markets by what a person types: "btc", "btc/usd", "BTCUSD". */
export function searchMarkets(markets: readonly Market[], typed: string): Market[] {
  const wanted = typed.toUpperCase().replace(/[^A-Z0-9]/g, "");
  if (wanted === "") return [...markets];
  return markets.filter((market) => market.symbol.includes(wanted));
}
