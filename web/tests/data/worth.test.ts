import { expect, test } from "vitest";
import { decimal, plainDecimal } from "../../src/data/decimal";
import type { Market } from "../../src/data/markets";
import { balancesOf } from "../../src/data/orders";
import { countingAsset, rateOf, worthOf } from "../../src/data/worth";

const market = (base: string, quote: string) => ({ symbol: base + quote, base, quote }) as Market;
const markets = [market("BTC", "USD"), market("ETH", "BTC"), market("GOLD", "USD")];
const zero = {
  change: "0",
  changePercent: "0",
  high: "0",
  low: "0",
  volume: "0",
  quoteVolume: "0",
};
const tickers = new Map(
  [
    { symbol: "BTCUSD", last: "80000" },
    { symbol: "ETHBTC", last: "0.05" },
    { symbol: "GOLDUSD", last: "0" },
  ].map((one) => [one.symbol, { ...zero, ...one }]),
);

test("people count in what most markets are quoted in", () => {
  expect(countingAsset(markets)).toBe("USD");
  expect(countingAsset([])).toBe("");
});

test("a rate goes over a market between when there is no direct one", () => {
  const rate = (asset: string, into: string) => {
    const found = rateOf(asset, into, markets, tickers);
    return found === null ? null : plainDecimal(found);
  };
  expect([rate("USD", "USD"), rate("BTC", "USD"), rate("ETH", "USD")]).toEqual([
    "1",
    "80000",
    "4000",
  ]);
  expect(rate("USD", "BTC")).toBe("0.0000125");
  expect(rate("GOLD", "USD")).toBeNull();
});

test("what has no price counts nothing", () => {
  const balances = balancesOf([
    { asset: "BTC", free: "1", locked: "0.5" },
    { asset: "GOLD", free: "9", locked: "0" },
  ]);
  const worth = worthOf(balances, "USD", markets, tickers);
  expect(worth.total).toBe(decimal("120000"));
  expect(worth.each.has("GOLD")).toBe(false);
});
