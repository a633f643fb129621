import { describe, expect, test } from "vitest";
import { decimal, plainDecimal } from "../../src/data/decimal";
import { groupingSteps, marketOf, type RawSymbol, searchMarkets } from "../../src/data/markets";
import {
  amendment,
  basisPoints,
  checkDraft,
  EMPTY_DRAFT,
  estimate,
  type FormContext,
  kindsOf,
  type OrderDraft,
  orderParams,
  shareOf,
  withQuantity,
  withShare,
  withTotal,
} from "../../src/data/order-form";

const SYMBOL: RawSymbol = {
  symbol: "BTCUSD",
  status: "TRADING",
  baseAsset: "BTC",
  quoteAsset: "USD",
  baseAssetPrecision: 8,
  quoteAssetPrecision: 8,
  orderTypes: [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
  ],
  icebergAllowed: true,
  quoteOrderQtyMarketAllowed: true,
  allowTrailingStop: true,
  amendAllowed: true,
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "0.01", maxPrice: "1000000", tickSize: "0.01" },
    { filterType: "LOT_SIZE", minQty: "0.00001", maxQty: "9000", stepSize: "0.00001" },
    { filterType: "MARKET_LOT_SIZE", minQty: "0", maxQty: "200", stepSize: "0" },
    { filterType: "ICEBERG_PARTS", limit: 100 },
    { filterType: "NOTIONAL", minNotional: "5", maxNotional: "9000000", applyMinToMarket: true },
    {
      filterType: "TRAILING_DELTA",
      minTrailingAboveDelta: 10,
      maxTrailingAboveDelta: 2000,
      minTrailingBelowDelta: 10,
      maxTrailingBelowDelta: 2000,
    },
  ],
};

const market = marketOf(SYMBOL);
const level = (price: string, quantity: string) => ({
  price: decimal(price),
  quantity: decimal(quantity),
});
const context: FormContext = {
  market,
  bids: [level("78000", "0.5"), level("77990", "1")],
  asks: [level("78010", "0.5"), level("78020", "1")],
  last: decimal("78005"),
  freeBase: decimal("2"),
  freeQuote: decimal("100000"),
  makerRate: decimal("0.001"),
  takerRate: decimal("0.002"),
};

function draft(changes: Partial<OrderDraft>): OrderDraft {
  return { ...EMPTY_DRAFT, ...changes };
}

const limit = draft({ price: "78000", quantity: "0.1" });

describe("quantity and total follow each other", () => {
  test("a total is exact, where floats are not", () => {
    expect(withQuantity(draft({ price: "0.07", quantity: "3" })).total).toBe("0.21");
    expect(withQuantity(draft({ price: "78000.01", quantity: "0.00001" })).total).toBe("0.7800001");
  });

  test("a quantity is cut down to whole steps", () => {
    expect(withTotal(draft({ price: "78000", total: "100" }), market).quantity).toBe("0.00128");
  });

  test("half-typed numbers clear the other side", () => {
    expect(withQuantity(draft({ price: "", quantity: "3", total: "9" })).total).toBe("");
    expect(withTotal(draft({ price: "0", total: "9", quantity: "3" }), market).quantity).toBe("");
  });
});

describe("the slider", () => {
  test.each([
    [draft({ price: "78000" }), 50, { quantity: "0.64102" }],
    [draft({ price: "78000" }), 100, { quantity: "1.28205" }],
    [draft({ side: "SELL", price: "78000" }), 25, { quantity: "0.5" }],
    [draft({ kind: "market", marketBy: "total" }), 10, { total: "10000" }],
    [draft({ kind: "market", marketBy: "total", side: "SELL" }), 25, { total: "39000" }],
    // 0.5 at 78,010 and what is left of 100,000 at 78,020
    [draft({ kind: "market" }), 100, { quantity: "1.28178" }],
    [draft({ kind: "stop", stopPrice: "80000" }), 100, { quantity: "1.25" }],
  ])("%j at %i percent", (before, percent, after) => {
    expect(withShare(before, context, percent)).toMatchObject(after);
  });

  test("all that is there can always be paid", () => {
    for (const price of ["0.01", "3.33", "77999.99", "99999.99"]) {
      const all = withShare(draft({ price }), context, 100);
      expect(estimate(all, context).total <= context.freeQuote).toBe(true);
    }
  });

  test("shows the share that was typed", () => {
    expect(shareOf(limit, context)).toBe(8);
    expect(shareOf(draft({ side: "SELL", quantity: "1", price: "1" }), context)).toBe(50);
    expect(shareOf(limit, { ...context, freeQuote: 0n })).toBe(0);
  });
});

describe("the estimate", () => {
  test("of a market order walks the book", () => {
    const found = estimate(draft({ kind: "market", quantity: "1" }), context);
    expect(plainDecimal(found.total)).toBe("78015");
    expect(plainDecimal(found.averagePrice)).toBe("78015");
    expect(found.isComplete).toBe(true);
  });

  test("says when the book is too thin", () => {
    expect(estimate(draft({ kind: "market", quantity: "5" }), context).isComplete).toBe(false);
  });

  test("charges what is received, a started atom whole", () => {
    const buy = estimate(draft({ price: "78000", quantity: "0.00001" }), context);
    expect([plainDecimal(buy.fee), buy.feeAsset]).toEqual(["0.00000002", "BTC"]);
    const sell = estimate({ ...limit, side: "SELL" }, context);
    expect([plainDecimal(sell.fee), sell.feeAsset]).toEqual(["15.6", "USD"]);
    const maker = estimate({ ...limit, side: "SELL", postOnly: true }, context);
    expect(plainDecimal(maker.fee)).toBe("7.8");
  });
});

describe("the check", () => {
  test.each<[Partial<OrderDraft>, string]>([
    [{}, ""],
    [{ price: "" }, "price:required"],
    [{ price: "1e3" }, "price:not-a-number"],
    [{ price: "78000.001" }, "price:off-step 0.01"],
    [{ price: "1000001" }, "price:too-high 1000000"],
    [{ quantity: "0" }, "quantity:too-low 0.00001"],
    [{ quantity: "0.000015" }, "quantity:off-step 0.00001"],
    [{ quantity: "0.00001" }, "quantity:notional-low 5"],
    [{ quantity: "9000" }, "quantity:notional-high 9000000"],
    [{ quantity: "1.5" }, "quantity:insufficient"],
    [{ side: "SELL", quantity: "2.1" }, "quantity:insufficient"],
    [{ postOnly: true, price: "78010" }, "price:would-take"],
    [{ postOnly: true, side: "SELL" }, "price:would-take"],
    [{ iceberg: "0.2" }, "iceberg:iceberg-size"],
    [{ iceberg: "0.0005" }, "iceberg:iceberg-parts 100"],
    [{ iceberg: "0.05" }, ""],
    [{ kind: "stop-limit", stopPrice: "79000" }, ""],
    [{ kind: "stop-limit", stopPrice: "77000" }, "stopPrice:stop-must-be-above 78005"],
    [{ kind: "stop", side: "SELL", stopPrice: "79000" }, "stopPrice:stop-must-be-below 78005"],
    [{ kind: "take-profit", stopPrice: "79000" }, "stopPrice:stop-must-be-below 78005"],
    [{ kind: "take-profit-limit", side: "SELL", stopPrice: "79000" }, ""],
    [{ kind: "trailing", trailing: "1.5" }, ""],
    [{ kind: "trailing", trailing: "" }, "trailing:required"],
    [{ kind: "trailing", trailing: "0.05" }, "trailing:trailing-range 0.1 – 20"],
    [{ kind: "trailing", trailing: "1.555" }, "trailing:not-a-number"],
    [{ kind: "market", quantity: "1.6" }, "quantity:insufficient"],
    [{ kind: "market", quantity: "1.6", side: "SELL" }, "quantity:no-liquidity"],
    [{ kind: "market", quantity: "201", side: "SELL" }, "quantity:too-high 200"],
    [{ kind: "market", marketBy: "total", total: "100" }, ""],
    [{ kind: "market", marketBy: "total", total: "4" }, "total:notional-low 5"],
    [{ kind: "market", marketBy: "total", total: "" }, "total:required"],
  ])("%j", (changes, expected) => {
    const found = checkDraft({ ...limit, ...changes }, context).map((one) =>
      `${one.field}:${one.code} ${one.bound ?? ""}`.trim(),
    );
    expect(found.join("; ")).toBe(expected);
  });

  test("a market that is halted says so first", () => {
    const halted = { ...context, market: { ...market, status: "HALT" } };
    expect(checkDraft(limit, halted)).toEqual([{ field: "form", code: "market-closed" }]);
  });
});

describe("the order as sent", () => {
  test.each<[Partial<OrderDraft>, Record<string, string>]>([
    [{}, { type: "LIMIT", price: "78000", quantity: "0.1", timeInForce: "GTC" }],
    [
      { timeInForce: "FOK", price: "78000.50" },
      { price: "78000.5", timeInForce: "FOK" },
    ],
    [
      { iceberg: "0.05", timeInForce: "IOC" },
      { icebergQty: "0.05", timeInForce: "GTC" },
    ],
    [
      { kind: "market", marketBy: "total", total: "50." },
      { type: "MARKET", quoteOrderQty: "50" },
    ],
    [
      { kind: "stop-limit", stopPrice: "79000" },
      { type: "STOP_LOSS_LIMIT", stopPrice: "79000", price: "78000", timeInForce: "GTC" },
    ],
    [
      { kind: "stop", stopPrice: "79000" },
      { type: "STOP_LOSS", stopPrice: "79000" },
    ],
    [
      { kind: "take-profit", stopPrice: "77000" },
      { type: "TAKE_PROFIT", stopPrice: "77000" },
    ],
    [
      { kind: "trailing", trailing: "1.5" },
      { type: "STOP_LOSS", trailingDelta: "150" },
    ],
  ])("%j", (changes, expected) => {
    expect(orderParams({ ...limit, ...changes }, market)).toMatchObject(expected);
  });

  test("post-only has no time in force, a market order no price", () => {
    const postOnly = orderParams({ ...limit, postOnly: true, iceberg: "0.05" }, market);
    expect(postOnly).toMatchObject({ type: "LIMIT_MAKER", icebergQty: "0.05" });
    expect(postOnly).not.toHaveProperty("timeInForce");
    expect(orderParams({ ...limit, kind: "market" }, market)).not.toHaveProperty("price");
  });

  test("a market that takes no trailing stops offers none", () => {
    expect(kindsOf(market)).toContain("trailing");
    expect(kindsOf(marketOf({ ...SYMBOL, allowTrailingStop: false }))).not.toContain("trailing");
    expect(kindsOf(marketOf({ ...SYMBOL, orderTypes: ["LIMIT"] }))).toEqual(["limit"]);
  });
});

describe("amending", () => {
  const order = {
    symbol: "BTCUSD",
    side: "BUY" as const,
    type: "LIMIT",
    timeInForce: "GTC",
    price: "78000.00000000",
    stopPrice: "0.00000000",
    trailingDelta: null,
    quantity: "1.00000000",
    icebergQuantity: "0.00000000",
  };
  const wanted = { price: "78000", stopPrice: "", quantity: "1" };

  test("smaller keeps its place", () => {
    expect(amendment(order, { ...wanted, quantity: "0.5" }, market)).toEqual({
      how: "shrink",
      quantity: "0.5",
    });
  });

  test("another price or a larger size is a new order", () => {
    expect(amendment(order, { ...wanted, price: "77000" }, market)).toEqual({
      how: "replace",
      params: {
        symbol: "BTCUSD",
        side: "BUY",
        type: "LIMIT",
        timeInForce: "GTC",
        price: "77000",
        quantity: "1",
      },
    });
    expect(amendment(order, { ...wanted, quantity: "2" }, market).how).toBe("replace");
  });

  test("a stop keeps its kind", () => {
    const stop = { ...order, type: "STOP_LOSS", price: "0", stopPrice: "79000" };
    expect(amendment(stop, { ...wanted, price: "", stopPrice: "79500" }, market)).toMatchObject({
      params: { type: "STOP_LOSS", stopPrice: "79500" },
    });
  });
});

test("hundredths of a percent", () => {
  expect([basisPoints("1.5"), basisPoints("0.01"), basisPoints("x")]).toEqual([150, 1, null]);
});

test("markets are found as people type them", () => {
  const names = (typed: string) => searchMarkets([market], typed).map((one) => one.symbol);
  expect([names("btc"), names("btc/u"), names("eth"), names("")]).toEqual([
    ["BTCUSD"],
    ["BTCUSD"],
    [],
    ["BTCUSD"],
  ]);
  expect(
    groupingSteps(market)
      .slice(0, 3)
      .map((step) => plainDecimal(step)),
  ).toEqual(["0.01", "0.1", "0.5"]);
});
