/** Which field of the form a refusal of the API is about, and which of our texts says it plainly. */

import type { FieldName } from "./order-form";
import type { Problem } from "./problems";

export type RefusalKey =
  | "price-filter"
  | "percent-price"
  | "lot-size"
  | "market-lot-size"
  | "notional"
  | "iceberg-parts"
  | "iceberg-size"
  | "trailing-delta"
  | "max-orders"
  | "max-position"
  | "max-amends"
  | "insufficient"
  | "would-take"
  | "would-trigger"
  | "market-closed"
  | "no-liquidity"
  | "unknown-order"
  | "may-not-trade"
  | "duplicate"
  | "no-change"
  | "overloaded"
  | "too-many-requests"
  | "clock"
  | "signed-out"
  | "offline"
  | "lost"
  | "not-placed"
  | "other";

export interface Refusal {
  readonly field: FieldName;
  readonly key: RefusalKey;
}

type Rule = readonly [pattern: RegExp, field: FieldName, key: RefusalKey];

const BY_TEXT: readonly Rule[] = [
  [/^Filter failure: PRICE_FILTER/, "price", "price-filter"],
  [/^Filter failure: PERCENT_PRICE/, "price", "percent-price"],
  [/^Filter failure: MARKET_LOT_SIZE/, "quantity", "market-lot-size"],
  [/^Filter failure: LOT_SIZE/, "quantity", "lot-size"],
  [/^Filter failure: (MIN_)?NOTIONAL/, "quantity", "notional"],
  [/^Filter failure: ICEBERG_PARTS/, "iceberg", "iceberg-parts"],
  [/^Filter failure: TRAILING_DELTA/, "trailing", "trailing-delta"],
  [/^Filter failure: MAX_POSITION/, "quantity", "max-position"],
  [/^Filter failure: MAX_NUM_ORDER_AMENDS/, "form", "max-amends"],
  [/^Filter failure: (EXCHANGE_)?MAX_NUM/, "form", "max-orders"],
  [/^IcebergQty exceeds QTY/, "iceberg", "iceberg-size"],
  [/insufficient balance/, "quantity", "insufficient"],
  [/^Order would immediately match/, "price", "would-take"],
  [/^Order would trigger immediately/, "stopPrice", "would-trigger"],
  [/^Market is closed/, "form", "market-closed"],
  [/^Order book liquidity is less/, "quantity", "no-liquidity"],
  [/^Unknown order sent|^Order does not exist/, "form", "unknown-order"],
  [/may not place or cancel orders|permissions for action/, "form", "may-not-trade"],
  [/^Duplicate order sent/, "form", "duplicate"],
  [/would change no state/, "form", "no-change"],
];

const BY_CODE: Readonly<Record<string, RefusalKey>> = {
  "-1003": "too-many-requests",
  "-1008": "overloaded",
  "-1015": "too-many-requests",
  "-1021": "clock",
  "-1007": "lost",
  NOT_PLACED: "not-placed",
  LOST: "lost",
  UNKNOWN: "lost",
  OFFLINE: "offline",
  TIMEOUT: "lost",
};

/** Where the refusal belongs in the form, and what to say; `other` says the API's own words. */
export function refusalOf(problem: Problem): Refusal {
  if (problem.kind === "api") {
    for (const [pattern, field, key] of BY_TEXT) {
      if (pattern.test(problem.detail)) return { field, key };
    }
  }
  if (problem.status === 401) return { field: "form", key: "signed-out" };
  return { field: "form", key: BY_CODE[problem.code] ?? "other" };
}
